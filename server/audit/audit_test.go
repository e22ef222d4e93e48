package audit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/engine/store"
)

// open opens a log on SQLite or, where PATCHBAY_TEST_POSTGRES names one, on
// PostgreSQL.
func open(t *testing.T, o Options) (*Log, *store.DB) {
	t.Helper()
	dsn := ":memory:"
	if postgres := os.Getenv("PATCHBAY_TEST_POSTGRES"); postgres != "" {
		dsn = postgres
	}
	db, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = db.Exec("DELETE FROM audit") // it may be closed
		_ = db.Close()
	})
	return l, db
}

func TestRecord(t *testing.T) {
	now := time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
	l, _ := open(t, Options{Now: func() time.Time { return now }})
	ctx, cancel := context.WithCancel(WithActor(t.Context(), Actor{"ci", "publish", "192.0.2.1:4711"}))
	cancel() // the caller has gone
	l.Record(ctx, Publish, "a@1", nil)
	l.Record(context.Background(), Import, "a\x00b\xff", errors.New("refused"))
	got, err := l.List(t.Context(), 0, 10)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	want := []Entry{
		{Seq: got[1].Seq + 1, Time: now, Who: "patchbay", Action: Import, Target: "a\uFFFDb\uFFFD", Outcome: Failed, Detail: "refused"},
		{Seq: got[1].Seq, Time: now, Who: "ci", Role: "publish", Address: "192.0.2.1:4711", Action: Publish, Target: "a@1", Outcome: Done},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	l, _ := open(t, Options{})
	l.Record(t.Context(), Publish, strings.Repeat("ä", maxTarget), errors.New(strings.Repeat("x", maxDetail+1)))
	got, err := l.List(t.Context(), 0, 10)
	if err != nil || len(got[0].Target) != maxTarget+3 || len(got[0].Detail) != maxDetail+3 {
		t.Error(len(got[0].Target), len(got[0].Detail), err)
	}
}

// TestLastAreKept writes from many goroutines and reads page by page.
func TestLastAreKept(t *testing.T) {
	const keep = 20
	l, _ := open(t, Options{Keep: keep})
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			for range 10 {
				l.Record(t.Context(), Deploy, "p", nil)
			}
		})
	}
	group.Wait()
	seen, before := 0, int64(0)
	for {
		page, err := l.List(t.Context(), before, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if before != 0 && e.Seq >= before {
				t.Errorf("entry %d does not come before %d", e.Seq, before)
			}
			before = e.Seq
			seen++
		}
	}
	if seen != keep {
		t.Errorf("%d entries are kept, want %d", seen, keep)
	}
}

func TestStoreIsGone(t *testing.T) {
	var text bytes.Buffer
	l, db := open(t, Options{Log: slog.New(slog.NewTextHandler(&text, nil))})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	l.Record(t.Context(), Delete, "a@1", nil)
	if got := text.String(); !strings.Contains(got, "the audit log cannot be written to") || !strings.Contains(got, "a@1") {
		t.Errorf("logged %q", got)
	}
	if _, err := l.List(t.Context(), 0, 1); err == nil || !strings.HasPrefix(err.Error(), "read the audit log: ") {
		t.Errorf("list: %v", err)
	}
}
