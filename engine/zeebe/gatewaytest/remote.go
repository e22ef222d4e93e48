package gatewaytest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
)

// Remote is a stub gateway and a target server in a process of their own, so
// that what this process uses is the worker's alone. The process is the test
// binary itself, whose TestMain calls Main.
type Remote struct {
	// Gateway is the gateway's address as host:port, Target the target's URL.
	Gateway, Target string

	requests *json.Encoder
	answers  *json.Decoder
}

const remoteVariable = "PATCHBAY_GATEWAYTEST_REMOTE"

// Load is a number of equal jobs.
type Load struct {
	Jobs      int
	Type      string
	Headers   string // JSON object of strings
	Variables string // JSON object
	// Rate is how many jobs are offered a second; 0 offers all at once.
	Rate int
	// Background says that nobody waits for these jobs.
	Background bool
}

// Took is how long a load took, in all and from a job's activation to its
// completion.
type Took struct{ All, P50, P99 time.Duration }

// Main serves as the remote process if this is one, and never returns then;
// else it runs the tests. TestMain calls it.
func Main(m *testing.M) {
	if os.Getenv(remoteVariable) == "" {
		os.Exit(m.Run())
	}
	if err := serveRemote(); err != nil {
		fmt.Fprintln(os.Stderr, "remote gateway:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serveRemote announces its addresses and answers each load when it is done,
// until stdin ends.
func serveRemote() error {
	g := New()
	g.KeepTimes = true
	gateway, err := g.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(l, Target()) }()
	answers := json.NewEncoder(os.Stdout)
	if err := answers.Encode(Remote{Gateway: gateway, Target: "http://" + l.Addr().String()}); err != nil {
		return err
	}
	requests := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var load Load
		if requests.Decode(&load) != nil {
			return nil
		}
		if err := answers.Encode(g.Run(load)); err != nil {
			return err
		}
	}
}

// Run offers a load as soon as a stream for it is open, and waits until none of
// its type is open.
func (g *Gateway) Run(load Load) Took {
	g.awaitStream(load.Type)
	began := time.Now()
	g.offer(load)
	if load.Background {
		return Took{}
	}
	g.mu.Lock()
	q := g.queue(load.Type)
	idle := q.idle
	g.mu.Unlock()
	<-idle
	took := Took{All: time.Since(began)}
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(q.times); n > 0 {
		slices.Sort(q.times)
		took.P50, took.P99 = q.times[n/2], q.times[n*99/100]
	}
	q.times = nil
	return took
}

// pace is how often jobs are offered when a load has a rate.
const pace = 5 * time.Millisecond

// offer offers a load's jobs at its rate.
func (g *Gateway) offer(load Load) {
	job := &pb.ActivatedJob{Type: load.Type, ElementId: "call", BpmnProcessId: "order", CustomHeaders: load.Headers, Variables: load.Variables}
	if load.Rate == 0 {
		g.Offer(load.Jobs, job)
		return
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	began := time.Now()
	for offered := 0; offered < load.Jobs; {
		due := min(load.Jobs, int(time.Since(began).Seconds()*float64(load.Rate)))
		if due > offered {
			g.Offer(due-offered, job)
			offered = due
		}
		<-tick.C
	}
}

func (g *Gateway) awaitStream(jobType string) {
	for {
		g.mu.Lock()
		q := g.queue(jobType)
		streams, changed := q.streams, q.changed
		g.mu.Unlock()
		if streams > 0 || g.NoStreams {
			return
		}
		<-changed
	}
}

// StartRemote starts the process; it ends with the test.
func StartRemote(tb testing.TB) *Remote {
	tb.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), remoteVariable+"=1")
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	r := &Remote{requests: json.NewEncoder(stdin), answers: json.NewDecoder(stdout)}
	tb.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait()
	})
	if err := r.answers.Decode(r); err != nil || r.Gateway == "" {
		tb.Fatalf("start remote gateway (does TestMain call gatewaytest.Main?): %v", err)
	}
	return r
}

// Run offers a load and waits until it is done.
func (r *Remote) Run(tb testing.TB, load Load) Took {
	tb.Helper()
	var took Took
	if err := r.requests.Encode(load); err != nil {
		tb.Fatal(err)
	}
	if err := r.answers.Decode(&took); err != nil {
		tb.Fatal(err)
	}
	return took
}

// Measure runs b.N jobs of the load after a warm-up and reports jobs/s, this
// process's CPU time a job and peak memory, and the time of a job from
// activation to completion.
func (r *Remote) Measure(b *testing.B, load Load) {
	b.Helper()
	load.Jobs = 2000
	r.Run(b, load)
	load.Jobs = b.N
	used := cpuTime()
	b.ReportAllocs()
	b.ResetTimer()
	took := r.Run(b, load)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/took.All.Seconds(), "jobs/s")
	b.ReportMetric(float64((cpuTime()-used).Microseconds())/float64(b.N), "cpu-µs/job")
	b.ReportMetric(float64(took.P50.Microseconds()), "p50-µs")
	b.ReportMetric(float64(took.P99.Microseconds()), "p99-µs")
	b.ReportMetric(resident(), "rss-MB")
}
