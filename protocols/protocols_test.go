package protocols

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRegistry(t *testing.T) {
	a := Protocol{Name: "a", JobTypes: []string{"type:a", "type:b"}}
	r, err := NewRegistry(a, Protocol{Name: "c"})
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := r.ByName("a"); !ok || p.Name != "a" {
		t.Errorf("by name: got %+v, %v", p, ok)
	}
	if p, ok := r.ByJobType("type:b"); !ok || p.Name != "a" {
		t.Errorf("by job type: got %+v, %v", p, ok)
	}
	if _, ok := r.ByJobType("a"); ok {
		t.Error("a name is no job type")
	}
	if names := strings.Join(r.Names(), " "); names != "a c" || len(r.Protocols()) != 2 {
		t.Errorf("names: %s", names)
	}
}

func TestRegistryConflicts(t *testing.T) {
	a := Protocol{Name: "a", JobTypes: []string{"x"}}
	for want, other := range map[string]Protocol{
		`register protocol "a": the name is taken`:           {Name: "a"},
		`register protocol "b": job type "x" belongs to "a"`: {Name: "b", JobTypes: []string{"x"}},
	} {
		if _, err := NewRegistry(a, other); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	below := errors.New("below")
	input := fmt.Errorf("wrapped: %w", &InputError{Path: "a.b", Message: "is required", Cause: below})
	if !IsInputError(input) || !errors.Is(input, below) || input.Error() != "wrapped: a.b: is required" {
		t.Errorf("got %v", input)
	}
	if text := (&InputError{Message: "x"}).Error(); text != "x" {
		t.Errorf("got %s", text)
	}
	call := fmt.Errorf("wrapped: %w", &Error{Message: "busy", Cause: below})
	if IsInputError(call) || !errors.Is(call, below) || call.Error() != "wrapped: busy" {
		t.Errorf("got %v", call)
	}
}

func TestHostDefaults(t *testing.T) {
	h := Host{Limits: Limits{Headers: 5}}.WithDefaults()
	if h.Now == nil || h.Log == nil || h.Limits != (Limits{ResponseBody: 10 << 20, RequestBody: 10 << 20, Headers: 5, Connections: 256}) {
		t.Errorf("got %+v", h)
	}
	fixed := func() time.Time { return time.Unix(1, 0) }
	if got := (Host{Now: fixed}).WithDefaults().Now(); !got.Equal(fixed()) {
		t.Errorf("got %v", got)
	}
}

func TestShared(t *testing.T) {
	type key struct{}
	opened := 0
	open := func() (any, error) {
		if opened++; opened == 1 {
			return nil, errors.New("not yet")
		}
		return opened, nil
	}
	s := &Shared{}
	if _, err := s.Get(key{}, open); err == nil {
		t.Error("the error got lost")
	}
	for range 2 {
		if v, err := s.Get(key{}, open); err != nil || v != 2 {
			t.Errorf("got %v, %v", v, err)
		}
	}
	var none *Shared
	if v, err := none.Get(key{}, open); err != nil || v != 3 {
		t.Errorf("without: got %v, %v", v, err)
	}
}
