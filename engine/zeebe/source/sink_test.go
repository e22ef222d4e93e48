package source

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
)

// noted is a Sink that keeps what it was told.
type noted struct {
	mu      sync.Mutex
	current map[Process][]Definition
	changes int
	scanned int
	err     error
}

func newNoted() *noted { return &noted{current: map[Process][]Definition{}} }

func (n *noted) Changed(c Change) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.changes++
	n.current[c.Process] = c.Definitions
	if len(c.Definitions) == 0 {
		delete(n.current, c.Process)
	}
}

func (n *noted) Scanned() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.scanned++
}

func (n *noted) Failed(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err = err
}

// String lists all versions by process: "p:1,2*", the latest with a star.
func (n *noted) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []string
	for p, definitions := range n.current {
		var versions []string
		for _, d := range definitions {
			text := fmt.Sprint(d.Version)
			if d.Latest {
				text += "*"
			}
			versions = append(versions, text)
		}
		name := p.ID
		if p.TenantID != "" && p.TenantID != "<default>" {
			name = p.TenantID + "/" + name
		}
		list = append(list, name+":"+strings.Join(versions, ","))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func (n *noted) expect(t *testing.T, want string) {
	t.Helper()
	if got := n.String(); got != want {
		t.Errorf("definitions are %q, want %q", got, want)
	}
}

// xml reads a version's file.
func (n *noted) xml(t *testing.T, process string, version int32) string {
	t.Helper()
	for p, list := range n.current {
		for _, d := range list {
			if p.ID == process && d.Version == version {
				data, err := d.XML(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				return string(data)
			}
		}
	}
	t.Fatalf("no %s, version %d", process, version)
	return ""
}

var quiet = Polling{Log: slog.New(slog.DiscardHandler)}

// stepper makes single steps of a polled source.
func stepper(p *poller) (*polled, *noted) {
	n := newNoted()
	return &polled{poller: p, sink: n, tracker: newTracker()}, n
}
