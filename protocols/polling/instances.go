package polling

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"patchbay/protocols"
)

// waiting names an instance that waits at an element.
type waiting struct {
	definition int64
	element    string
	instance   int64
}

// scanner keeps a task for each instance that waits, and one for all start
// events together.
type scanner struct {
	*poller
	handle  protocols.Handler
	running sync.WaitGroup
	tasks   map[waiting]*task
	starts  *starter // nil as long as there was no start event
}

// task polls for one instance.
type task struct {
	cancel context.CancelFunc
	// variables are those of the latest scan.
	variables atomic.Pointer[map[string]any]
}

const (
	// maxFailedScans is how many scans in a row may fail before the connector
	// gives up and is reported as down.
	maxFailedScans = 3
	// maxTasks bounds the instances that an executable polls for at a time.
	maxTasks = 10_000
)

// loop looks for waiting instances until ctx ends.
func (s *scanner) loop(ctx context.Context, ready func(), interval time.Duration) error {
	for failures := 0; ; {
		err := s.scan(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			failures = 0
			ready()
		default:
			failures++
			if failures == maxFailedScans || protocols.IsInputError(err) {
				return err
			}
			s.note("ERROR", "Scan", err.Error())
		}
		if !pause(ctx, next(interval, failures, err)) {
			return nil
		}
	}
}

// scan starts a task for each instance that has come and ends those of the
// instances that have gone.
func (s *scanner) scan(ctx context.Context) error {
	if s.starts == nil && isStart(s.elements()) {
		starts, err := newStarter(ctx, s.poller, s.handle)
		if err != nil {
			return err
		}
		s.starts = starts
		s.running.Go(func() { starts.loop(ctx) })
	}
	found := map[waiting]bool{}
	for _, e := range s.elements() {
		if e.ElementType == startType {
			continue
		}
		if err := s.scanElement(ctx, e, found); err != nil {
			return err
		}
	}
	for w, t := range s.tasks {
		if !found[w] {
			t.cancel()
			delete(s.tasks, w)
		}
	}
	return nil
}

func (s *scanner) scanElement(ctx context.Context, e protocols.ElementRef, found map[waiting]bool) error {
	if s.host.Instances == nil {
		return fmt.Errorf("look for instances at %q: nobody here knows the waiting instances", e.ElementID)
	}
	instances, err := s.host.Instances.Waiting(ctx, e)
	if err != nil {
		return fmt.Errorf("look for instances at %q: %w", e.ElementID, err)
	}
	for _, i := range instances {
		w := waiting{e.ProcessDefinitionKey, e.ElementID, i.ElementInstanceKey}
		found[w] = true
		t, known := s.tasks[w]
		if !known {
			if len(s.tasks) == maxTasks {
				return fmt.Errorf("more than %d instances wait for %q", maxTasks, e.ElementID)
			}
			t = s.newTask(ctx, e, i)
			s.tasks[w] = t
		}
		t.variables.Store(&i.Variables)
	}
	return nil
}

func (s *scanner) newTask(ctx context.Context, e protocols.ElementRef, i protocols.WaitingInstance) *task {
	t := &task{}
	t.variables.Store(&i.Variables)
	ctx, t.cancel = context.WithCancel(ctx)
	s.running.Go(func() {
		defer t.cancel()
		s.run(ctx, t, e, i.ElementInstanceKey)
	})
	return t
}

// run polls for one instance until its task ends.
func (s *scanner) run(ctx context.Context, t *task, e protocols.ElementRef, instance int64) {
	for failures := 0; ; {
		variables := *t.variables.Load()
		interval, err := s.interval(ctx, variables)
		if err == nil {
			err = s.ask(ctx, e, instance, variables)
		} else {
			s.failed(err)
			interval = defaultInterval
		}
		if err != nil {
			failures++
		} else {
			failures = 0
		}
		if !pause(ctx, next(interval, failures, err)) {
			return
		}
	}
}

// ask makes one request for an instance and hands the response on. An error
// means that it should be repeated with more patience.
func (s *scanner) ask(ctx context.Context, e protocols.ElementRef, instance int64, variables map[string]any) error {
	response, err := s.poll(ctx, variables)
	if ctx.Err() != nil {
		return nil // the instance has gone, or all ends
	}
	if err != nil {
		s.failed(err)
		return err
	}
	_, err = hand(ctx, s.handle, protocols.Event{
		Value: response, MessageID: messageID(e, instance), ElementInstanceKey: instance,
	})
	var rejected *protocols.Rejected
	if errors.As(err, &rejected) {
		return nil // the engine has noted it; the next response may be another
	}
	return err
}

// messageID is what the responses for an instance have in common.
func messageID(e protocols.ElementRef, instance int64) string {
	return e.ElementID + strconv.FormatInt(instance, 10)
}

// failed notes a request that failed.
func (p *poller) failed(err error) {
	text := err.Error()
	var call *protocols.Error
	if errors.As(err, &call) && call.Code != "" {
		text = call.Code + " " + text
	}
	p.note("ERROR", "Request", "poll: "+text)
}
