package polling

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// starter polls for items that start instances.
type starter struct {
	*poller
	handle   protocols.Handler
	schedule cron.Schedule // nil for an interval
	interval time.Duration
	state    *state
}

func newStarter(ctx context.Context, p *poller, handle protocols.Handler) (*starter, error) {
	s := &starter{poller: p, handle: handle}
	var err error
	if s.interval, err = p.interval(ctx, nil); err != nil {
		return nil, err
	}
	if p.p.Schedule != "" {
		if s.schedule, err = cron.ParseStandard(p.p.Schedule); err != nil {
			return nil, at("schedule", err)
		}
	}
	initial, err := p.evaluate(ctx, p.p.InitialCursor, map[string]any{})
	if err != nil {
		return nil, at("initialCursor", err)
	}
	s.state, err = loadState(ctx, p.host.Cursor, initial)
	if p.host.Cursor == nil {
		p.note("WARNING", "Cursor", "there is no store for the cursor, so a restart begins anew")
	}
	return s, err
}

// loop polls by the schedule, or every interval, until ctx ends.
func (s *starter) loop(ctx context.Context) {
	failures := 0
	for first := true; ; first = false {
		var err error
		if !first || s.schedule == nil {
			err = s.run(ctx)
		}
		if err != nil {
			failures++
		} else {
			failures = 0
		}
		if !pause(ctx, s.wait(failures, err)) {
			return
		}
	}
}

// wait is how long to wait. A failure waits by the interval also if there is a
// schedule, unless the schedule comes first.
func (s *starter) wait(failures int, err error) time.Duration {
	if s.schedule == nil {
		return next(s.interval, failures, err)
	}
	now := s.host.Now().UTC()
	d := s.schedule.Next(now).Sub(now)
	if failures > 0 {
		d = min(d, next(s.interval, failures, err))
	}
	return max(d, shortest)
}

// maxPages bounds the requests that follow one another without a wait.
const maxPages = 100

// run makes one request, and more at once as long as there are more pages.
func (s *starter) run(ctx context.Context) error {
	if !isStart(s.elements()) {
		return nil // a newer version has none any more
	}
	for range maxPages {
		more, err := s.page(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.failed(err)
			return err
		}
		if !more {
			return nil
		}
	}
	s.note("WARNING", "Request", fmt.Sprintf("stopped after %d pages; the next poll goes on", maxPages))
	return nil
}

// page makes one request, hands its items on, and moves the cursor once all of
// them were accepted.
func (s *starter) page(ctx context.Context) (more bool, err error) {
	response, err := s.poll(ctx, map[string]any{"cursor": s.state.cursor})
	if err != nil {
		return false, err
	}
	items, err := s.items(ctx, response)
	if err != nil {
		return false, err
	}
	ids, err := s.ids(ctx, items)
	if err != nil {
		return false, err
	}
	s.state.touch(ids)
	for i, item := range items {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if err := s.start(ctx, ids[i], item, response); err != nil {
			return false, err
		}
	}
	scope := with(response, "items", items)
	if err := s.moveCursor(ctx, scope); err != nil {
		return false, err
	}
	return s.more(ctx, scope)
}

func (s *starter) items(ctx context.Context, response map[string]any) ([]any, error) {
	if s.p.ItemsExpression == "" {
		return []any{response}, nil
	}
	value, err := s.host.Evaluate(ctx, s.p.ItemsExpression, with(response, "cursor", s.state.cursor))
	if err != nil {
		return nil, at("itemsExpression", err)
	}
	items, ok := value.([]any)
	if !ok && value != nil {
		return nil, at("itemsExpression", fmt.Errorf("expected a list but got %T", value))
	}
	return items, nil
}

// start hands one item on, unless it was before. An item that will never be
// accepted counts as handed on; the engine has noted it.
func (s *starter) start(ctx context.Context, id string, item any, response map[string]any) error {
	if s.state.seen(id) {
		return nil
	}
	event := protocols.Event{Value: item, MessageID: s.messageID(id)}
	if s.p.ItemsExpression != "" {
		event.Value = map[string]any{"item": item, "status": response["status"], "headers": response["headers"], "reason": response["reason"]}
	}
	_, err := hand(ctx, s.handle, event)
	var rejected *protocols.Rejected
	if err != nil && !errors.As(err, &rejected) {
		return err
	}
	s.state.add(id)
	return s.save(ctx)
}

func (s *starter) save(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handleTime)
	defer cancel()
	return s.state.save(ctx)
}

// messageID is an item's id in the workflow engine, where ids of other
// processes that start by the same message live too.
func (s *starter) messageID(id string) string {
	if elements := s.elements(); len(elements) > 0 {
		return elements[0].BpmnProcessID + ":" + id
	}
	return id
}

// ids returns the ids of a page's items, of which there are no more than can be
// remembered: else those of the first would be forgotten by the last.
func (s *starter) ids(ctx context.Context, items []any) ([]string, error) {
	if len(items) > maxSeen {
		return nil, at("itemsExpression", fmt.Errorf("expected at most %d items in a response but got %d; ask for fewer at a time", maxSeen, len(items)))
	}
	ids := make([]string, len(items))
	for i, item := range items {
		var err error
		if ids[i], err = s.id(ctx, item); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// id returns an item's id. For a response that is the item itself, the hash is
// that of its body: its headers change with every request.
func (s *starter) id(ctx context.Context, item any) (string, error) {
	if s.p.ItemIDExpression == "" {
		if s.p.ItemsExpression == "" {
			item = item.(map[string]any)["body"]
		}
		return hash(item)
	}
	scope := map[string]any{"item": item}
	if s.p.ItemsExpression == "" {
		scope = item.(map[string]any)
	}
	value, err := s.host.Evaluate(ctx, s.p.ItemIDExpression, scope)
	if err != nil {
		return "", at("itemIdExpression", err)
	}
	switch v := value.(type) {
	case nil:
		return "", at("itemIdExpression", errors.New("it yields null for an item"))
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case float64, int, bool:
		return fmt.Sprint(v), nil
	}
	return hash(value)
}

func hash(value any) (string, error) {
	text, err := httpx.EncodeJSON(value)
	if err != nil {
		return "", fmt.Errorf("hash an item: %w", err)
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:18]), nil
}

func (s *starter) moveCursor(ctx context.Context, scope map[string]any) error {
	if s.p.CursorExpression == "" {
		return nil
	}
	cursor, err := s.host.Evaluate(ctx, s.p.CursorExpression, with(scope, "cursor", s.state.cursor))
	if err != nil {
		return at("cursorExpression", err)
	}
	if cursor == nil {
		return nil // nothing to go on from, as after an empty page
	}
	if err := s.state.move(cursor); err != nil {
		return at("cursorExpression", err)
	}
	return s.save(ctx)
}

func (s *starter) more(ctx context.Context, scope map[string]any) (bool, error) {
	if s.p.MoreExpression == "" {
		return false, nil
	}
	more, err := s.host.Evaluate(ctx, s.p.MoreExpression, with(scope, "cursor", s.state.cursor))
	if err != nil {
		return false, at("moreExpression", err)
	}
	return more == true, nil
}

// with returns the object with one more member.
func with(object map[string]any, name string, value any) map[string]any {
	out := make(map[string]any, len(object)+1)
	for name, member := range object {
		out[name] = member
	}
	out[name] = value
	return out
}
