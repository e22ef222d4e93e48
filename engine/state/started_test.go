package state

import (
	"fmt"
	"testing"
	"time"
)

func TestStarted(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *State) {
		s := open()
		now := time.Unix(1000, 0)
		s.Now = func() time.Time { return now }
		known := func(event string, want bool) {
			t.Helper()
			if got, err := open().Started(t.Context(), event, now); err != nil || got != want {
				t.Errorf("%s: got %v, %v, want %v", event, got, err, want)
			}
		}
		events := map[string]time.Time{}
		for i := range 5 {
			events[fmt.Sprint(i)] = now.Add(time.Duration(i) * time.Second)
		}
		check(t, s.SaveStarted(t.Context(), events))
		check(t, s.SaveStarted(t.Context(), map[string]time.Time{"1": now.Add(time.Minute)}))
		known("0", false) // it has ended
		known("1", true)
		known("4", true)
		known("5", false)
		check(t, s.tidyStarted(t.Context(), 2))
		known("1", true)
		known("2", false)
		known("4", true)
		now = now.Add(time.Hour)
		check(t, s.tidyStarted(t.Context(), 2))
		now = time.Unix(1000, 0)
		known("1", false)
	})
}

// BenchmarkStarted is what an event costs that a broker may deliver again, and
// that no other joins on its way to the store.
func BenchmarkStarted(b *testing.B) {
	s := onDisk(b)
	until := time.Now().Add(time.Hour)
	for n := 0; b.Loop(); n++ {
		event := fmt.Sprintf("%064d", n)
		if known, err := s.Started(b.Context(), event, time.Now()); known || err != nil {
			b.Fatal(known, err)
		}
		if err := s.SaveStarted(b.Context(), map[string]time.Time{event: until}); err != nil {
			b.Fatal(err)
		}
	}
}
