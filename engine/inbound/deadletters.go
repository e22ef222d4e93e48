package inbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"patchbay/protocols"
)

// mostLetters bounds the dead letters of one executable. A message that finds
// the list full stays with its broker.
const mostLetters = 10_000

// DeadLetter is a message that was never accepted, as the list keeps it.
type DeadLetter struct {
	// ID is given by the store; later letters have higher ones.
	ID int64 `json:"id,string"`
	// Executable is the inbound connector that took the message; another one
	// with the same element serves its replay when it has gone.
	Executable string `json:"executable"`
	Type       string `json:"type"`
	// Time is when it was set aside, or when a replay failed last.
	Time time.Time `json:"timestamp"`
	// TenantID, BpmnProcessID and ElementID are those of the connector's first
	// element.
	TenantID      string `json:"tenantId,omitempty"`
	BpmnProcessID string `json:"bpmnProcessId"`
	ElementID     string `json:"elementId"`
	// Replays counts those that failed.
	Replays int `json:"replays"`
	protocols.DeadLetter
}

// DeadLetterStore keeps dead letters.
type DeadLetterStore interface {
	// AddDeadLetter keeps a letter, unless its executable has one with the same
	// message id already. It fails with ErrFull when there are most of the
	// executable's.
	AddDeadLetter(ctx context.Context, letter DeadLetter, most int) error
	// DeadLetters lists those with a higher id than after, at most limit, by id.
	DeadLetters(ctx context.Context, after int64, limit int) ([]DeadLetter, error)
	// DeadLetter returns one, or ErrUnknownLetter.
	DeadLetter(ctx context.Context, id int64) (DeadLetter, error)
	// SaveReplay keeps Time, Code, Reason and Replays of a letter.
	SaveReplay(ctx context.Context, letter DeadLetter) error
	// DeleteDeadLetter drops one, or fails with ErrUnknownLetter.
	DeleteDeadLetter(ctx context.Context, id int64) error
}

var (
	// ErrFull is returned for a list of dead letters that has no room.
	ErrFull = errors.New("the list of dead letters is full: replay or discard some")
	// ErrUnknownLetter is returned for an id of no dead letter.
	ErrUnknownLetter = errors.New("there is no dead letter with this id")
	// ErrBusy is returned for a dead letter that is being replayed.
	ErrBusy = errors.New("the dead letter is being replayed")
)

// letters is the protocols.DeadLetters of one executable.
type letters struct{ x *executable }

// Add implements protocols.DeadLetters.
func (l letters) Add(ctx context.Context, letter protocols.DeadLetter) error {
	g := l.x.group.Load()
	lead := g.lead()
	letter.Reason = l.x.masker.Text(letter.Reason)
	err := l.x.m.Store.AddDeadLetter(ctx, DeadLetter{
		Executable: l.x.id, Type: g.inboundType, Time: l.x.m.Now().UTC(),
		TenantID: lead.TenantID, BpmnProcessID: lead.BpmnProcessID, ElementID: lead.ElementID, DeadLetter: letter,
	}, mostLetters)
	if err != nil {
		return fmt.Errorf("keep a dead letter: %w", err)
	}
	l.x.m.Observer.DeadLetter(g.inboundType)
	l.x.log.Note(severityWarning, "DeadLetter", "set aside: "+letter.Reason, map[string]any{"messageId": letter.MessageID})
	return nil
}

// replays are the letters that are being replayed.
type replays struct {
	mu  sync.Mutex
	now map[int64]bool
}

// begin claims a letter.
func (r *replays) begin(id int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now[id] {
		return false
	}
	if r.now == nil {
		r.now = map[int64]bool{}
	}
	r.now[id] = true
	return true
}

func (r *replays) end(id int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.now, id)
}

// DeadLetters lists dead letters with a higher id than after, at most limit, by
// id.
func (m *Manager) DeadLetters(ctx context.Context, after int64, limit int) ([]DeadLetter, error) {
	return m.Store.DeadLetters(ctx, after, limit)
}

// Discard drops a dead letter for good; the error is ErrUnknownLetter, or the
// store's.
func (m *Manager) Discard(ctx context.Context, id int64) error {
	return m.Store.DeleteDeadLetter(ctx, id)
}

// Replay has a dead letter handled once more, by the connector that took it or
// by the one that serves its element now, paused or not. When it is accepted,
// the letter is gone; else it stays, with the new reason, which is the error.
// The error may also be ErrUnknownLetter, ErrUnknown or ErrBusy. A crash between
// the two may replay it again, which its message id makes harmless.
func (m *Manager) Replay(ctx context.Context, id int64) error {
	if !m.replays.begin(id) {
		return ErrBusy
	}
	defer m.replays.end(id)
	letter, err := m.Store.DeadLetter(ctx, id)
	if err != nil {
		return err
	}
	x, err := m.replayer(letter)
	if err != nil {
		return err
	}
	if err := x.replay(ctx, letter); err != nil {
		return m.stays(ctx, letter, x.masker.Text(err.Error()), err)
	}
	return m.Store.DeleteDeadLetter(ctx, id)
}

// stays keeps a letter whose replay failed.
func (m *Manager) stays(ctx context.Context, letter DeadLetter, reason string, cause error) error {
	var refused *protocols.Rejected
	if errors.As(cause, &refused) {
		letter.Code = refused.Code
	}
	letter.Reason, letter.Time = reason, m.Now().UTC()
	letter.Replays++
	if err := m.Store.SaveReplay(ctx, letter); err != nil {
		return fmt.Errorf("%s; and keep that: %w", reason, err)
	}
	return &ReplayError{reason}
}

// ReplayError says why a dead letter was not accepted again.
type ReplayError struct{ Reason string }

// Error returns the reason.
func (e *ReplayError) Error() string { return "replay: " + e.Reason }

// replayer finds who is to handle a letter.
func (m *Manager) replayer(letter DeadLetter) (*executable, error) {
	if x, err := m.executable(letter.Executable); err == nil {
		return x, nil
	}
	for _, x := range m.list() {
		if slices.ContainsFunc(x.refs(), letter.isOf) {
			return x, nil
		}
	}
	return nil, fmt.Errorf("%w: nothing deployed serves element %q of process %q any more", ErrUnknown, letter.ElementID, letter.BpmnProcessID)
}

func (l DeadLetter) isOf(e protocols.ElementRef) bool {
	return e.BpmnProcessID == l.BpmnProcessID && e.ElementID == l.ElementID && e.TenantID == l.TenantID
}

// replay hands a letter to the executable's protocol, whether it listens or not.
func (x *executable) replay(ctx context.Context, letter DeadLetter) error {
	if err := x.group.Load().err; err != nil {
		return err
	}
	r := newRun(x, nil)
	defer r.cancel()
	p, err := x.m.protocol(x.group.Load().lead())
	if err != nil {
		return err
	}
	listener, err := r.open(ctx, p)
	if err != nil {
		return err
	}
	if c, ok := listener.(io.Closer); ok {
		defer c.Close()
	}
	replayer, ok := listener.(protocols.Replayer)
	if !ok {
		return fmt.Errorf("the protocol %q replays nothing", p.Name)
	}
	return replayer.Replay(ctx, letter.Content, r.handle)
}
