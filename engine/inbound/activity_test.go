package inbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/engine/secret"
)

// diary is an ActivityStore of one test.
type diary struct {
	*memory
	entries map[string][]Entry
	err     error
}

func (d *diary) AppendActivity(_ context.Context, executable string, keep int, entries []Entry) error {
	if d.err != nil {
		return d.err
	}
	list := append(d.entries[executable], entries...)
	d.entries[executable] = list[max(0, len(list)-keep):]
	return nil
}

func (d *diary) Activity(_ context.Context, executable string, before int64, limit int) ([]Entry, error) {
	if d.err != nil {
		return nil, d.err
	}
	list := slices.DeleteFunc(slices.Clone(d.entries[executable]), func(e Entry) bool { return e.Seq >= before })
	return list[max(0, len(list)-limit):], nil
}

func (d *diary) PurgeActivity(_ context.Context, executable string) error {
	delete(d.entries, executable)
	return d.err
}

func newDiary() (*diary, *keeper) {
	d := &diary{entries: map[string][]Entry{}}
	return d, newKeeper(d, slog.New(slog.DiscardHandler))
}

func activityFor(id string, k *keeper) *activity {
	return &activity{executable: id, limit: 5, now: func() time.Time { return time.Unix(1, 0) }, log: slog.New(slog.DiscardHandler), masker: &secret.Masker{}, keeper: k}
}

func messages(list []Entry) string {
	var words []string
	for _, e := range list {
		words = append(words, e.Message)
	}
	return strings.Join(words, " ")
}

func TestActivityIsBoundedAndKept(t *testing.T) {
	d, k := newDiary()
	ctx := context.Background()
	a := activityFor("x", k)
	for i := range 8 {
		a.Note(severityInfo, "T", fmt.Sprint(i), nil)
		if i == 1 {
			k.flush(ctx)
		}
	}
	if got := messages(a.list(ctx)); got != "3 4 5 6 7" {
		t.Errorf("in memory: %s", got)
	}
	k.flush(ctx)
	if got := messages(d.entries["x"]); got != "3 4 5 6 7" {
		t.Errorf("in the store: %s", got)
	}

	b := activityFor("x", k) // after a restart; time has not moved on
	b.now = func() time.Time { return time.Unix(2, 0) }
	b.Note(severityInfo, "T", "8", nil)
	for range 2 {
		if got := messages(b.list(ctx)); got != "4 5 6 7 8" {
			t.Errorf("after a restart: %s", got)
		}
	}
	k.flush(ctx)
	if got := messages(d.entries["x"]); got != "4 5 6 7 8" {
		t.Errorf("in the store after a restart: %s", got)
	}
	k.purge(ctx, b)
	b.Note(severityInfo, "T", "late", nil)
	k.flush(ctx)
	if len(d.entries["x"]) != 0 {
		t.Errorf("after the end: %s", messages(d.entries["x"]))
	}
}

func TestActivityWithoutStore(t *testing.T) {
	d, k := newDiary()
	ctx := context.Background()
	d.err = errors.New("disk full")
	a, b := activityFor("a", k), activityFor("b", k)
	a.Note(severityInfo, "T", "1", nil)
	b.Note(severityError, "T", "1", nil)
	k.flush(ctx)
	if got := messages(a.list(ctx)); got != "1" || a.loaded {
		t.Errorf("%s, loaded %v", got, a.loaded)
	}
	d.err = nil
	k.flush(ctx)
	if len(d.entries) != 2 {
		t.Errorf("kept for %d of 2", len(d.entries))
	}
}

func TestActivityHidesSecrets(t *testing.T) {
	_, k := newDiary()
	a := activityFor("a", k)
	a.masker.Add("hush-hush")
	a.Note(severityInfo, "T", "it is hush-hush", map[string]any{"header": []any{"Bearer hush-hush"}})
	e := a.list(context.Background())[0]
	if text := fmt.Sprint(e.Message, e.Data); strings.Contains(text, "hush") {
		t.Error(text)
	}
}

func BenchmarkNote(b *testing.B) {
	_, k := newDiary()
	a := activityFor("a", k)
	a.limit = 100
	b.ReportAllocs()
	for b.Loop() {
		a.Note(severityInfo, "Correlation", "process instance created", map[string]any{"processInstanceKey": "2251799813685249"})
	}
}

// A flood of refusals leaves a few lines in the log, and says how many it left
// out; other tags are not concerned.
func TestActivityFloodsNoLog(t *testing.T) {
	var log strings.Builder
	a := activityFor("x", newKeeper(nil, nil))
	now := time.Unix(1, 0)
	a.now = func() time.Time { return now }
	a.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
		if attr.Key == slog.TimeKey || attr.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return attr
	}}))
	for range 3 * quotaLines {
		a.Note(severityWarning, "Request", "refused", nil)
	}
	a.Note(severityError, "Health", "down", nil)
	now = now.Add(quotaTime)
	a.Note(severityWarning, "Request", "again", nil)
	want := strings.Repeat("msg=refused tag=Request\n", quotaLines) + "msg=down tag=Health\nmsg=again tag=Request omitted=20\n"
	if log.String() != want {
		t.Errorf("got\n%swant\n%s", log.String(), want)
	}
	if list := a.list(context.Background()); len(list) != a.limit {
		t.Errorf("%d entries", len(list))
	}
}
