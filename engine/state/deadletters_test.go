package state

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/engine/inbound"
	"patchbay/protocols"
)

func letter(executable, message string) inbound.DeadLetter {
	return inbound.DeadLetter{
		Executable: executable, Type: "t", Time: time.Unix(5, 7).UTC(), TenantID: "<default>", BpmnProcessID: "p", ElementID: "e",
		DeadLetter: protocols.DeadLetter{Source: "kafka://b/t", MessageID: message, Code: "INVALID_INPUT", Reason: "no key", Content: json.RawMessage(`{"value":"x"}`)},
	}
}

func TestDeadLetters(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *State) {
		s := open()
		for _, l := range []inbound.DeadLetter{letter("a", "1"), letter("a", "1"), letter("a", ""), letter("a", ""), letter("b", "1")} {
			check(t, s.AddDeadLetter(t.Context(), l, 3))
		}
		check(t, s.AddDeadLetter(t.Context(), letter("a", "1"), 3)) // it is there already
		if err := s.AddDeadLetter(t.Context(), letter("a", "2"), 3); !errors.Is(err, inbound.ErrFull) {
			t.Errorf("a fourth letter: got %v, want %v", err, inbound.ErrFull)
		}
		list, err := open().DeadLetters(t.Context(), 0, 10)
		check(t, err)
		if len(list) != 4 {
			t.Fatalf("got %d letters, want 4", len(list))
		}
		want := letter("a", "1")
		want.ID = list[0].ID
		if diff := cmp.Diff(want, list[0]); diff != "" {
			t.Errorf("the first letter (-want +got):\n%s", diff)
		}
		if page, err := s.DeadLetters(t.Context(), list[1].ID, 1); err != nil || len(page) != 1 || page[0].ID != list[2].ID {
			t.Errorf("a page of one after the second: %v %v", page, err)
		}
		want.Replays, want.Reason, want.Code, want.Time = 1, "still none", "X", time.Unix(9, 0).UTC()
		check(t, s.SaveReplay(t.Context(), want))
		got, err := s.DeadLetter(t.Context(), want.ID)
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after a replay (-want +got):\n%s", diff)
		}
		check(t, s.DeleteDeadLetter(t.Context(), want.ID))
		for name, err := range map[string]error{"delete": s.DeleteDeadLetter(t.Context(), want.ID), "save": s.SaveReplay(t.Context(), want)} {
			if !errors.Is(err, inbound.ErrUnknownLetter) {
				t.Errorf("%s what is gone: %v", name, err)
			}
		}
		if _, err := s.DeadLetter(t.Context(), want.ID); !errors.Is(err, inbound.ErrUnknownLetter) {
			t.Errorf("read what is gone: %v", err)
		}
	})
}
