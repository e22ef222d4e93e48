package polling

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/protocoltest"
)

// orders is an API that lists what came after a cursor, a few at a time.
type orders struct {
	mu   sync.Mutex
	list []string
}

func (o *orders) add(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, id)
}

func (o *orders) answer(in *input) (any, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	since := 0
	_, _ = fmt.Sscanf(in.URL, "orders?since=%d", &since)
	page := []any{}
	for i := since; i < len(o.list) && len(page) < 2; i++ {
		page = append(page, map[string]any{"id": o.list[i], "n": i + 1})
	}
	return map[string]any{"orders": page}, nil
}

// polled are the properties of a polled list. The expression of the URL is one
// of the fixture's paths.
func polled(more map[string]any) map[string]any {
	all := map[string]any{
		"url": "=cursor", "initialCursor": "orders?since=0", "httpRequestInterval": "PT1M",
		"itemsExpression": ".body.orders", "itemIdExpression": ".item.id",
		"cursorExpression": `if .items == [] then null else "orders?since=\(.items[-1].n)" end`,
		"moreExpression":   ".items | length == 2",
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

func (f *fixture) items() (ids []string) {
	for _, item := range f.values("item") {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	return ids
}

func TestItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		api := &orders{list: []string{"a", "b", "c"}}
		f.request.answer = api.answer
		stop := f.open(polled(nil), start)
		synctest.Wait()
		if diff := cmp.Diff([]string{"a", "b", "c"}, f.items()); diff != "" {
			t.Fatal(diff)
		}
		if e := f.events[0]; e.MessageID != "p:a" || e.ElementInstanceKey != 0 || e.Value.(map[string]any)["status"] != 200 || e.Value.(map[string]any)["body"] != nil {
			t.Errorf("event %+v", e)
		}
		api.add("d")
		pass(90 * time.Second)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		// Another listener, as after a restart, goes on where the first ended.
		api.add("e")
		stop = f.open(polled(nil), start)
		synctest.Wait()
		if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, f.items()); diff != "" {
			t.Error(diff)
		}
		if last := f.request.inputs[len(f.request.inputs)-1].URL; last != "orders?since=4" {
			t.Errorf("asked for %q", last)
		}
		_ = stop()
	})
}

// The cursor moves only once all items were accepted, and those that were are
// not handed on again.
func TestItemsAfterFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.request.answer = (&orders{list: []string{"a", "b", "c"}}).answer
		f.fail(&protocols.Error{Code: "UNAVAILABLE", Message: "away"})
		stop := f.open(polled(nil), start)
		synctest.Wait()
		if f.request.count() != 1 || len(f.items()) != 0 {
			t.Fatalf("%d requests, items %v", f.request.count(), f.items())
		}
		f.fail(nil)
		pass(5 * time.Minute)
		if diff := cmp.Diff([]string{"a", "b", "c"}, f.items()); diff != "" {
			t.Error(diff)
		}
		if f.request.inputs[1].URL != "orders?since=0" {
			t.Errorf("asked for %q after the failure", f.request.inputs[1].URL)
		}
		_ = stop()
	})
}

// What will never be accepted does not hold up what comes after it.
func TestRejectedItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.request.answer = (&orders{list: []string{"a", "b", "c"}}).answer
		f.fail(&protocols.Rejected{Code: protocols.CodeInvalidInput, Message: "wrong"})
		stop := f.open(polled(nil), start)
		synctest.Wait()
		f.fail(nil)
		pass(5 * time.Minute)
		if f.request.count() < 4 || len(f.items()) != 0 {
			t.Errorf("%d requests, items %v", f.request.count(), f.items())
		}
		_ = stop()
	})
}

// Without expressions a response is an event when its body is a new one.
func TestChangedResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.store = false
		bodies := []any{"a", "a", "b", map[string]any{"x": 1}, map[string]any{"x": 1}}
		f.request.answer = func(*input) (any, error) { return bodies[min(f.request.count()-1, 4)], nil }
		stop := f.open(map[string]any{"url": "u", "httpRequestInterval": "PT1M"}, start)
		pass(10 * time.Minute)
		if diff := cmp.Diff([]any{"a", "b", map[string]any{"x": 1}}, f.values("body")); diff != "" {
			t.Error(diff)
		}
		if notes := f.host.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "no store for the cursor") {
			t.Errorf("notes: %q", notes)
		}
		_ = stop()
	})
}

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.request.answer = func(*input) (any, error) { return f.request.count(), nil }
		stop := f.open(map[string]any{"url": "u", "schedule": "*/20 * * * *"}, start)
		pass(2*time.Hour + time.Minute)
		if len(f.request.at) != 6 {
			t.Fatalf("%d requests in two hours", len(f.request.at))
		}
		for _, at := range f.request.at {
			if at.Minute()%20 != 0 || at.Second() != 0 {
				t.Errorf("polled at %v", at)
			}
		}
		_ = stop()
	})
}

// A failure is repeated before the schedule's next time.
func TestScheduleAfterFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.request.answer = func(*input) (any, error) { return nil, &protocols.Error{Code: "503"} }
		stop := f.open(map[string]any{"url": "u", "schedule": "@daily", "httpRequestInterval": "PT10S"}, start)
		pass(25 * time.Hour)
		if n := f.request.count(); n < 6 || n > 20 {
			t.Errorf("%d requests", n)
		}
		_ = stop()
	})
}

// A start event that a newer version no longer has is not polled for.
func TestStartGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		s := &starter{poller: &poller{host: f.host.Host(protocols.Host{}, catch)}}
		if err := s.run(t.Context()); err != nil || f.request.count() != 0 {
			t.Errorf("%v, %d requests", err, f.request.count())
		}
	})
}

func TestWrongItems(t *testing.T) {
	many := make([]any, maxSeen+1)
	tests := map[string]struct {
		properties map[string]any
		body       any
	}{
		"itemsExpression: expected a list but got string": {map[string]any{"itemsExpression": ".body"}, "x"},
		"itemsExpression: expected at most 2000 items":    {map[string]any{"itemsExpression": ".body"}, many},
		"itemsExpression: ":                               {map[string]any{"itemsExpression": "error(\"no\")"}, "x"},
		"itemIdExpression: it yields null for an item":    {map[string]any{"itemsExpression": ".body", "itemIdExpression": ".item.id"}, []any{map[string]any{}}},
		"cursorExpression: the cursor has":                {map[string]any{"cursorExpression": ".body"}, strings.Repeat("x", maxCursor)},
		"moreExpression: ":                                {map[string]any{"moreExpression": "error(\"no\")"}, "x"},
		"stopped after 100 pages; the next poll goes on":  {map[string]any{"moreExpression": "true"}, "x"},
	}
	for message, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t)
			f.request.answer = func(*input) (any, error) { return tt.body, nil }
			tt.properties["url"] = "u"
			stop := f.open(tt.properties, start)
			synctest.Wait()
			if notes := f.host.Notes(); len(notes) != 1 || !strings.Contains(notes[0], message) {
				t.Errorf("notes %q, want %q", notes, message)
			}
			_ = stop()
		})
	}
}

func TestStateIsBounded(t *testing.T) {
	store := protocoltest.NewInboundHost(t)
	s, err := loadState(t.Context(), store, "first")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxSeen {
		s.add(strings.Repeat("long ", 100) + fmt.Sprint(i))
	}
	s.touch([]string{strings.Repeat("long ", 100) + fmt.Sprint(2*maxSeen)})
	if err := s.move("second"); err != nil {
		t.Fatal(err)
	}
	if err := s.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := loadState(t.Context(), store, "first")
	if err != nil || again.cursor != "second" || len(again.order) != maxSeen || !slices.Equal(s.order, again.order) {
		t.Fatalf("%v: cursor %v, %d ids", err, again.cursor, len(again.order))
	}
	again.add("new") // takes the place of the one that was not seen for longest
	if id := strings.Repeat("long ", 100) + fmt.Sprint(2*maxSeen); !again.seen(id) || again.seen(strings.Repeat("long ", 100)+fmt.Sprint(2*maxSeen+1)) {
		t.Error("forgot an id that was just seen")
	}
}
