package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const senderVariable = "PATCHBAY_BENCH_SENDER"

// senderIdle keeps idle connections longer than a benchmark lasts.
const senderIdle = time.Minute

// sending is a number of equal requests, over some connections, at once or at a
// rate a second.
type sending struct {
	URL                         string
	Requests, Connections, Rate int
	Body                        string
}

// sent is how long they took, in all and one each. One's time begins when it was
// due, also where no connection was free then.
type sent struct {
	All, P50, P99 time.Duration
	// Refused counts answers other than 200.
	Refused int
}

// sender sends requests from a process of its own.
type sender struct {
	requests *json.Encoder
	answers  *json.Decoder
}

// startSender starts the process; it ends with the benchmark.
func startSender(b *testing.B) *sender {
	b.Helper()
	stdin, stdout := startAgain(b, senderVariable)
	return &sender{json.NewEncoder(stdin), json.NewDecoder(stdout)}
}

// send returns when all is answered.
func (s *sender) send(b *testing.B, what sending) (done sent) {
	b.Helper()
	if err := s.requests.Encode(what); err != nil {
		b.Fatal(err)
	}
	if err := s.answers.Decode(&done); err != nil {
		b.Fatal(err)
	}
	if done.Refused > 0 {
		b.Fatalf("%d of %d requests were refused", done.Refused, what.Requests)
	}
	return done
}

// serveSender is the process: it answers each sending when it is done, until
// stdin ends.
func serveSender() {
	requests, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var what sending
		if requests.Decode(&what) != nil {
			return
		}
		if err := answers.Encode(what.do()); err != nil {
			return
		}
	}
}

func (what sending) do() sent {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: what.Connections, IdleConnTimeout: senderIdle}}
	defer client.CloseIdleConnections()
	times := make([]time.Duration, what.Requests)
	var next, refused atomic.Int64
	began := time.Now()
	var connections sync.WaitGroup
	for range what.Connections {
		connections.Go(func() {
			for i := int(next.Add(1)) - 1; i < what.Requests; i = int(next.Add(1)) - 1 {
				due := what.wait(began, i)
				if err := what.one(client); err != nil {
					refused.Add(1)
				}
				times[i] = time.Since(due)
			}
		})
	}
	connections.Wait()
	done := sent{All: time.Since(began), Refused: int(refused.Load())}
	slices.Sort(times)
	done.P50, done.P99 = times[len(times)/2], times[len(times)*99/100]
	return done
}

// wait waits until request i is due and returns when that was.
func (what sending) wait(began time.Time, i int) time.Time {
	if what.Rate == 0 {
		return time.Now()
	}
	due := began.Add(time.Duration(float64(i) / float64(what.Rate) * float64(time.Second)))
	time.Sleep(time.Until(due))
	return due
}

func (what sending) one(client *http.Client) error {
	resp, err := client.Post(what.URL, "application/json", bytes.NewReader([]byte(what.Body)))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return err
}
