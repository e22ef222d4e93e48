package inbound

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"patchbay/engine/secret"
)

// Entry is one line of an executable's activity, for operators.
type Entry struct {
	// Seq orders the entries of an executable; it grows with time, also over
	// restarts.
	Seq int64 `json:"-"`
	// Time is when it happened.
	Time time.Time `json:"timestamp"`
	// Severity is DEBUG, INFO, WARNING or ERROR.
	Severity string `json:"severity"`
	// Tag is a word: Lifecycle, Health, Correlation, Message, ...
	Tag string `json:"tag"`
	// Message is one line, without secrets.
	Message string         `json:"message"`
	Data    map[string]any `json:"data,omitempty"`
}

// Severities of entries.
const (
	severityInfo    = "INFO"
	severityWarning = "WARNING"
	severityError   = "ERROR"
)

// ActivityStore keeps activity over a restart.
type ActivityStore interface {
	// AppendActivity adds entries to those of an executable, and drops all
	// but the last keep.
	AppendActivity(ctx context.Context, executable string, keep int, entries []Entry) error
	// Activity returns the last entries before seq, at most limit, oldest
	// first.
	Activity(ctx context.Context, executable string, before int64, limit int) ([]Entry, error)
	// PurgeActivity drops all of an executable.
	PurgeActivity(ctx context.Context, executable string) error
}

// activity is the bounded log of one executable. It implements
// protocols.Activity.
type activity struct {
	executable string
	limit      int
	now        func() time.Time
	log        *slog.Logger
	masker     *secret.Masker
	keeper     *keeper

	mu      sync.Mutex
	quotas  map[string]*quota // of warnings in the process's log, by tag
	entries []Entry           // the last ones, oldest first
	last    int64             // the highest Seq so far
	saved   int64             // the highest Seq that the store has
	first   int64             // the lowest Seq of this process, 0 before it
	loaded  bool              // what the store held before is among entries
	gone    bool              // nothing is to be kept any more
}

// Note implements protocols.Activity.
func (a *activity) Note(severity, tag, message string, data map[string]any) {
	message = a.masker.Text(message)
	a.tell(severity, tag, message)
	masked, _ := a.masker.Value(data).(map[string]any)
	a.add(Entry{Time: a.now(), Severity: severity, Tag: tag, Message: message, Data: masked})
	a.keeper.wants(a)
}

// tell writes to the process's log: what should worry somebody as a warning, but
// no more of it than the quota, since anybody may cause it who reaches a webhook.
func (a *activity) tell(severity, tag, message string) {
	level, args := slog.LevelDebug, []any{"tag", tag}
	if severity == severityWarning || severity == severityError {
		if leftOut, ok := a.quota(tag); ok {
			level = slog.LevelWarn
			if leftOut > 0 {
				args = append(args, "omitted", leftOut)
			}
		}
	}
	if a.log.Enabled(context.Background(), level) {
		a.log.Log(context.Background(), level, message, args...)
	}
}

// quota bounds the warnings of an executable with one tag.
type quota struct {
	since          time.Time
	lines, leftOut int
}

const (
	quotaLines = 10
	quotaTime  = time.Minute
)

// quota reports whether a warning may be logged now and, if so, how many were
// not before it.
func (a *activity) quota(tag string) (leftOut int, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	q := a.quotas[tag]
	if q == nil {
		if a.quotas == nil {
			a.quotas = map[string]*quota{}
		}
		q = &quota{}
		a.quotas[tag] = q
	}
	if now := a.now(); now.Sub(q.since) >= quotaTime {
		q.since, q.lines = now, 0
	}
	if q.lines == quotaLines {
		q.leftOut++
		return 0, false
	}
	q.lines++
	leftOut, q.leftOut = q.leftOut, 0
	return leftOut, true
}

func (a *activity) add(e Entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e.Seq = max(a.last+1, e.Time.UnixNano())
	a.last = e.Seq
	if a.first == 0 {
		a.first = e.Seq
	}
	if len(a.entries) >= a.limit {
		copy(a.entries, a.entries[1:])
		a.entries = a.entries[:len(a.entries)-1]
	}
	a.entries = append(a.entries, e)
}

// list returns the entries, oldest first, with what the store remembers.
func (a *activity) list(ctx context.Context) []Entry {
	a.mu.Lock()
	loaded, before := a.loaded, a.first
	a.mu.Unlock()
	if !loaded {
		a.remember(a.keeper.load(ctx, a.executable, before, a.limit))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.entries)
}

// remember puts older entries before those of this process.
func (a *activity) remember(older []Entry, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !ok || a.loaded {
		return
	}
	a.loaded = true
	older = slices.DeleteFunc(older, func(e Entry) bool { return a.first != 0 && e.Seq >= a.first })
	older = older[max(0, len(older)+len(a.entries)-a.limit):]
	a.entries = append(older, a.entries...)
	for _, e := range older {
		a.saved = max(a.saved, e.Seq)
	}
}

// unsaved returns what the store does not have yet.
func (a *activity) unsaved() []Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		return nil
	}
	i, _ := slices.BinarySearchFunc(a.entries, a.saved+1, func(e Entry, seq int64) int { return int(min(max(e.Seq-seq, -1), 1)) })
	return slices.Clone(a.entries[i:])
}

func (a *activity) savedTo(seq int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.saved = max(a.saved, seq)
}

func (a *activity) discard() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone = true
}

// keeper writes activity to the store, a moment after it came, so that a busy
// executable costs no more writes than its log has lines.
type keeper struct {
	store ActivityStore // nil keeps nothing
	log   *slog.Logger

	mu    sync.Mutex
	dirty map[*activity]bool
	wake  chan struct{}
}

const flushPause = time.Second

func newKeeper(store ActivityStore, log *slog.Logger) *keeper {
	return &keeper{store: store, log: log, dirty: map[*activity]bool{}, wake: make(chan struct{}, 1)}
}

func (k *keeper) wants(a *activity) {
	if k.store == nil {
		return
	}
	k.mu.Lock()
	k.dirty[a] = true
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// run writes until ctx ends.
func (k *keeper) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		}
		k.flush(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(flushPause):
		}
	}
}

// flush writes what is unsaved. What the store does not take stays for the next
// time.
func (k *keeper) flush(ctx context.Context) {
	if k.store == nil {
		return
	}
	k.mu.Lock()
	dirty := k.dirty
	k.dirty = map[*activity]bool{}
	k.mu.Unlock()
	failed := false
	for a := range dirty {
		if failed {
			k.again(a)
			continue
		}
		if err := k.save(ctx, a); err != nil {
			failed = true
			k.again(a)
			if ctx.Err() == nil {
				k.log.Warn("activity is not kept", "error", err)
			}
		}
	}
}

func (k *keeper) save(ctx context.Context, a *activity) error {
	entries := a.unsaved()
	if len(entries) == 0 {
		return nil
	}
	if err := k.store.AppendActivity(ctx, a.executable, a.limit, entries); err != nil {
		return err
	}
	a.savedTo(entries[len(entries)-1].Seq)
	return nil
}

func (k *keeper) again(a *activity) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dirty[a] = true
}

func (k *keeper) load(ctx context.Context, executable string, before int64, limit int) ([]Entry, bool) {
	if k.store == nil {
		return nil, true
	}
	if before == 0 {
		before = 1<<63 - 1
	}
	list, err := k.store.Activity(ctx, executable, before, limit)
	if err != nil {
		k.log.Warn("earlier activity cannot be read", "executable", executable, "error", err)
	}
	return list, err == nil
}

func (k *keeper) purge(ctx context.Context, a *activity) {
	a.discard()
	if k.store == nil {
		return
	}
	if err := k.store.PurgeActivity(ctx, a.executable); err != nil && ctx.Err() == nil {
		k.log.Warn("activity of an executable that is gone cannot be dropped", "executable", a.executable, "error", err)
	}
}
