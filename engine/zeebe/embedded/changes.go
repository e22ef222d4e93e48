package embedded

import (
	"context"
	"iter"
	"sync"
)

// ChangeKind says what happened to a definition.
type ChangeKind string

// The kinds of changes. When a new version is deployed, the version before is Replaced first.
const (
	Deployed ChangeKind = "deployed"
	Replaced ChangeKind = "replaced" // no longer the latest version; its instances go on
	Deleted  ChangeKind = "deleted"
)

// Change is one change of the deployed definitions.
type Change struct {
	Kind       ChangeKind
	Definition Definition
}

// changeLog is everything that happened to the definitions, for subscribers that come at any time.
type changeLog struct {
	mu   *sync.Mutex
	list []Change
	more chan struct{} // closed when something is added
}

func newChangeLog() changeLog {
	return changeLog{mu: &sync.Mutex{}, more: make(chan struct{})}
}

func (l *changeLog) add(kind ChangeKind, d *definition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, Change{kind, d.public()})
	close(l.more)
	l.more = make(chan struct{})
}

func (l *changeLog) from(at int) ([]Change, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.list[at:len(l.list):len(l.list)], l.more
}

// Subscribe gives every change of the definitions, from the first deployment on and in order, until ctx or the engine
// ends. The definitions that are deployed already come at once.
func (e *Engine) Subscribe(ctx context.Context) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		for at := 0; ; {
			list, more := e.state.changes.from(at)
			for _, c := range list {
				if !yield(c) {
					return
				}
			}
			at += len(list)
			if len(list) > 0 {
				continue
			}
			select {
			case <-ctx.Done():
				return
			case <-e.stopped.Done():
				return
			case <-more:
			}
		}
	}
}
