package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
)

// feed is a Driver, its Subscription and its Consumer: it delivers what is put
// into it, and notes what becomes of it.
type feed struct {
	Driver
	next  chan *Delivery
	terms Terms

	mu      sync.Mutex
	settled []string
	extends int
	ackErr  error
}

func newFeed(deliveries ...*Delivery) *feed {
	f := &feed{next: make(chan *Delivery, 100), terms: Terms{MaxInFlight: 8, RetryFirst: time.Second, RetryMost: time.Minute}}
	for _, d := range deliveries {
		f.next <- d
	}
	return f
}

// move makes the channel one of the bubble that it is called in.
func (f *feed) move() {
	outside := f.next
	f.next = make(chan *Delivery, 100)
	for len(outside) > 0 {
		f.next <- <-outside
	}
}

func (f *feed) Subscription(protocols.InboundHost, any) (Subscription, error) {
	return Subscription{Address: &url.URL{Scheme: "test", Host: "broker"}, Terms: f.terms,
		Open: func(context.Context) (Consumer, error) { return f, nil },
		Decode: func(_ context.Context, m Message) (any, error) {
			if string(m.Value) == "poison" {
				return nil, errors.New("not what it should be")
			}
			return string(m.Value), nil
		}}, nil
}

func (f *feed) Next(ctx context.Context) (*Delivery, error) {
	select {
	case d, open := <-f.next:
		if !open {
			return nil, ErrDisconnected
		}
		return d, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *feed) note(what string, d *Delivery) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settled = append(f.settled, what+" "+string(d.Value))
	return f.ackErr
}

func (f *feed) Ack(_ context.Context, d *Delivery) error  { return f.note("ack", d) }
func (f *feed) Nack(_ context.Context, d *Delivery) error { return f.note("nack", d) }
func (f *feed) Close() error                              { return nil }

func (f *feed) Extend(context.Context, *Delivery) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.extends++
	return nil
}

func (f *feed) extended() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.extends
}

func (f *feed) outcome() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.settled)
}

func delivery(value string, lane uint64) *Delivery {
	return &Delivery{Message: Message{Value: []byte(value)}, ID: "id-" + value, Lane: lane}
}

// surroundings are a connector's host in these tests.
type surroundings struct {
	mu      sync.Mutex
	notes   []string
	letters []protocols.DeadLetter
	full    error
}

func (s *surroundings) Note(severity, _, message string, _ map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, severity+" "+message)
}

func (s *surroundings) Add(_ context.Context, l protocols.DeadLetter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full == nil {
		s.letters = append(s.letters, l)
	}
	return s.full
}

func (s *surroundings) setFull(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = err
}

// receive runs a connector in a bubble of its own time.
func receive(t *testing.T, f *feed, handle protocols.Handler, test func(s *surroundings, end func() error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f.move()
		s := &surroundings{}
		l, err := newListener(Broker{Driver: f}, protocols.InboundHost{Activity: s, DeadLetters: s}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Receive(ctx, func() {}, handle) }()
		synctest.Wait()
		end := sync.OnceValue(func() error {
			cancel()
			return <-done
		})
		test(s, end)
		_ = end()
		_ = l.Close()
	})
}

func expect(t *testing.T, f *feed, want ...string) {
	t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, f.outcome()); diff != "" {
		t.Errorf("settled (-want +got):\n%s", diff)
	}
}

// TestLanes: a message that fails holds up its own lane and nothing else.
func TestLanes(t *testing.T) {
	f := newFeed(delivery("a1", 1), delivery("a2", 1), delivery("b1", 2), delivery("c1", 0))
	var mended atomic.Bool
	receive(t, f, func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		if e.Value == "a1" && !mended.Load() {
			return protocols.Correlation{}, &protocols.Error{Message: "away", RetryAfter: 5 * time.Second}
		}
		if e.MessageID != "id-"+e.Value.(string) {
			t.Errorf("message %s has the id %q", e.Value, e.MessageID)
		}
		return protocols.Correlation{}, nil
	}, func(s *surroundings, end func() error) {
		time.Sleep(4 * time.Second)
		got := f.outcome()
		slices.Sort(got)
		if diff := cmp.Diff([]string{"ack b1", "ack c1"}, got); diff != "" {
			t.Error(diff)
		}
		mended.Store(true)
		time.Sleep(2 * time.Second)
		if got := f.outcome()[2:]; !slices.Equal(got, []string{"ack a1", "ack a2"}) {
			t.Errorf("then %v", got)
		}
		if len(s.notes) != 1 || !strings.Contains(s.notes[0], "away; trying again") {
			t.Errorf("noted %q", s.notes)
		}
	})
}

// TestEndWhileTryingAgain: what could not be handled goes back to the broker.
func TestEndWhileTryingAgain(t *testing.T) {
	f := newFeed(delivery("a", 1), delivery("b", 1))
	receive(t, f, func(context.Context, protocols.Event) (protocols.Correlation, error) {
		return protocols.Correlation{}, errors.New("away")
	}, func(_ *surroundings, end func() error) {
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := f.extended(); n < int(time.Hour/lastPause) {
			t.Errorf("extended %d times in an hour", n)
		}
		if err := end(); err != nil {
			t.Errorf("Receive returned %v", err)
		}
		expect(t, f, "nack a", "nack b")
	})
}

// lastPause is at least how often a delivery is tried in the end.
const lastPause = 75 * time.Second

func TestDrainIsBounded(t *testing.T) {
	f := newFeed(delivery("a", 0))
	receive(t, f, func(ctx context.Context, _ protocols.Event) (protocols.Correlation, error) {
		<-ctx.Done()
		return protocols.Correlation{}, ctx.Err()
	}, func(_ *surroundings, end func() error) {
		begun := time.Now()
		if err := end(); err != nil {
			t.Errorf("Receive returned %v", err)
		}
		if took := time.Since(begun); took != drainTime {
			t.Errorf("it took %s to end, want %s", took, drainTime)
		}
		expect(t, f, "nack a")
	})
}

func TestDeadLetters(t *testing.T) {
	f := newFeed(delivery("poison", 0))
	receive(t, f, nil, func(s *surroundings, _ func() error) {
		expect(t, f, "ack poison")
		letter := s.letters[0]
		if letter.Code != protocols.CodeInvalidInput || letter.Reason != "decode a message of test://broker: not what it should be" || letter.MessageID != "id-poison" {
			t.Errorf("the letter is %+v", letter)
		}
	})
}

// TestFullList: nothing is acknowledged that is kept nowhere.
func TestFullList(t *testing.T) {
	f := newFeed()
	receive(t, f, nil, func(s *surroundings, _ func() error) {
		s.setFull(errors.New("the list is full"))
		f.next <- delivery("poison", 0)
		time.Sleep(10 * time.Minute)
		expect(t, f)
		s.setFull(nil)
		time.Sleep(2 * time.Minute)
		expect(t, f, "ack poison")
	})
}

func TestReceiveReportsWhyItEnded(t *testing.T) {
	accept := func(context.Context, protocols.Event) (protocols.Correlation, error) {
		return protocols.Correlation{}, nil
	}
	for _, test := range []struct {
		name   string
		broken func(*feed)
		want   string
	}{
		{"connection", func(f *feed) { close(f.next) }, "receive from test://broker: disconnected from the broker"},
		{"acknowledgement", func(f *feed) { f.ackErr = errors.New("no such channel"); f.next <- delivery("a", 0) },
			"receive from test://broker: acknowledge a message: no such channel"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFeed()
			test.broken(f)
			l, err := newListener(Broker{Driver: f}, protocols.InboundHost{Activity: &surroundings{}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Receive(t.Context(), func() {}, accept); textOfError(err) != test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestInFlight: no more than the terms allow is taken at once.
func TestInFlight(t *testing.T) {
	f := newFeed()
	for n := range 50 {
		f.next <- delivery(fmt.Sprint(n), 0)
	}
	var mu sync.Mutex
	now, most := 0, 0
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		now += by
		most = max(most, now)
	}
	receive(t, f, func(context.Context, protocols.Event) (protocols.Correlation, error) {
		count(1)
		time.Sleep(time.Second)
		count(-1)
		return protocols.Correlation{}, nil
	}, func(*surroundings, func() error) {
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if most != f.terms.MaxInFlight || len(f.outcome()) != 50 {
			t.Errorf("at most %d at once, %d settled; want %d and 50", most, len(f.outcome()), f.terms.MaxInFlight)
		}
	})
}

func TestLetter(t *testing.T) {
	for _, want := range []letter{
		{Message{Target: "t", Key: []byte("k"), Value: []byte(`{"a":1}`), Headers: []Header{{"a", []byte("b")}, {"a", []byte{0xff}}}, Properties: map[string]any{"offset": json.Number("9007199254740993")}}, "id"},
		{Message{Key: []byte{0xfe}, Value: []byte{0, 0xff}}, ""},
		{Message{Value: []byte{}}, ""},
		{},
	} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got letter
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(letter{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func FuzzReplay(f *testing.F) {
	for _, seed := range []string{`{"value":"x"}`, `{"valueBase64":"AA=="}`, `{"headers":[{"name":"a","valueBase64":"?"}]}`, `[]`, ``} {
		f.Add([]byte(seed))
	}
	l := &listener{sub: Subscription{Decode: func(_ context.Context, m Message) (any, error) { return Body(m.Value), nil }}}
	f.Fuzz(func(t *testing.T, content []byte) {
		handled := false
		err := l.Replay(t.Context(), content, func(context.Context, protocols.Event) (protocols.Correlation, error) {
			handled = true
			return protocols.Correlation{}, nil
		})
		if handled != (err == nil) {
			t.Errorf("handled: %v, error: %v", handled, err)
		}
	})
}
