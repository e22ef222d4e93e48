package state

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/engine/inbound"
	"patchbay/engine/store"
	"patchbay/engine/zeebe/source"
)

// onEach runs a test on SQLite, and on PostgreSQL where one is named.
func onEach(t *testing.T, test func(t *testing.T, open func() *State)) {
	dsns := map[string]string{"sqlite": filepath.Join(t.TempDir(), "state.db")}
	if dsn := os.Getenv("PATCHBAY_TEST_POSTGRES"); dsn != "" {
		dsns["postgres"] = dsn
	}
	for name, dsn := range dsns {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			test(t, func() *State {
				s, err := Open(t.Context(), db)
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
			for _, table := range []string{"definitions", "activity", "cursors", "paused", "leases", "dead_letters", "started"} {
				if _, err := db.Exec("DELETE FROM " + table); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func onDisk(b *testing.B) *State {
	db, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	s, err := Open(b.Context(), db)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDefinitions(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *State) {
		s := open()
		a := source.Deployed{Process: source.Process{TenantID: "t", ID: "p"}, Key: 1 << 52, Version: 3, Resource: "p.bpmn", XML: []byte("\xff<x/>")}
		check(t, s.SaveDefinition(t.Context(), a))
		check(t, s.SaveDefinition(t.Context(), source.Deployed{Process: source.Process{ID: "q"}, Key: 7, XML: []byte("q")}))
		a.Version = 4
		check(t, s.SaveDefinition(t.Context(), a))
		check(t, s.DeleteDefinition(t.Context(), 7))
		check(t, s.DeleteDefinition(t.Context(), 8))
		s = open()
		list, err := s.Definitions(t.Context())
		check(t, err)
		xml, err := s.DefinitionXML(t.Context(), a.Key)
		check(t, err)
		a.XML = nil
		if diff := cmp.Diff([]source.Deployed{a}, list); diff != "" || string(xml) != "\xff<x/>" {
			t.Errorf("%s\n%q", diff, xml)
		}
		if _, err := s.DefinitionXML(t.Context(), 7); err == nil || err.Error() != "definition 7 is not stored" {
			t.Error(err)
		}
	})
}

func TestActivity(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *State) {
		s := open()
		var all []inbound.Entry
		for i := range int64(10) {
			e := inbound.Entry{Seq: i + 1, Time: time.Unix(0, i).UTC(), Severity: "INFO", Tag: "T", Message: "m"}
			if i == 9 {
				e.Data = map[string]any{"a": "b"}
			}
			all = append(all, e)
		}
		check(t, s.AppendActivity(t.Context(), "x", 4, all[:6]))
		check(t, s.AppendActivity(t.Context(), "x", 4, all[5:])) // one of them again
		check(t, s.AppendActivity(t.Context(), "y", 4, all[:1]))
		for _, tt := range []struct {
			before int64
			limit  int
			want   []inbound.Entry
		}{
			{100, 9, all[6:]}, {100, 2, all[8:]}, {9, 9, all[6:8]}, {7, 9, []inbound.Entry{}},
		} {
			got, err := s.Activity(t.Context(), "x", tt.before, tt.limit)
			check(t, err)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("before %d, limit %d: %s", tt.before, tt.limit, diff)
			}
		}
		check(t, s.PurgeActivity(t.Context(), "x"))
		if got, err := s.Activity(t.Context(), "x", 100, 9); err != nil || len(got) != 0 {
			t.Error(got, err)
		}
		if got, err := s.Activity(t.Context(), "y", 100, 9); err != nil || len(got) != 1 {
			t.Error(got, err)
		}
	})
}

func TestCursorsAndPauses(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *State) {
		s := open()
		if data, err := s.Cursor(t.Context(), "x"); data != nil || err != nil {
			t.Errorf("%q, %v", data, err)
		}
		check(t, s.SaveCursor(t.Context(), "x", []byte(`1`)))
		check(t, s.SaveCursor(t.Context(), "x", []byte(`{"a":2}`)))
		check(t, s.SetPaused(t.Context(), "x", true))
		check(t, s.SetPaused(t.Context(), "x", true))
		check(t, s.SetPaused(t.Context(), "y", true))
		check(t, s.SetPaused(t.Context(), "y", false))
		s = open()
		data, err := s.Cursor(t.Context(), "x")
		check(t, err)
		paused, err := s.Paused(t.Context())
		check(t, err)
		if string(data) != `{"a":2}` || !slices.Equal(paused, []string{"x"}) {
			t.Errorf("%q, %q", data, paused)
		}
	})
}

func TestLeases(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *State) {
		now := time.Unix(1000, 0)
		a, b := open(), open()
		a.Now = func() time.Time { return now }
		b.Now = a.Now
		acquire := func(s *State, want bool) {
			t.Helper()
			if got, err := s.Acquire(t.Context(), "x", 10*time.Second); err != nil || got != want {
				t.Errorf("got %v, %v", got, err)
			}
		}
		acquire(a, true)
		acquire(b, false)
		now = now.Add(9 * time.Second)
		acquire(a, true)
		now = now.Add(9 * time.Second)
		acquire(b, false)
		now = now.Add(time.Second)
		acquire(b, true)
		acquire(a, false)
		check(t, a.Release(t.Context(), "x")) // no longer its own
		acquire(a, false)
		check(t, b.Release(t.Context(), "x"))
		acquire(a, true)
	})
}
