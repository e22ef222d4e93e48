package source

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/engine/zeebe"
)

// moody is a store that fails while it is told to.
type moody struct {
	Memory
	mu  sync.Mutex
	err error
}

func (m *moody) mood(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *moody) now() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

func (m *moody) SaveDefinition(ctx context.Context, d Deployed) error {
	if err := m.now(); err != nil {
		return err
	}
	return m.Memory.SaveDefinition(ctx, d)
}

func (m *moody) DeleteDefinition(ctx context.Context, key int64) error {
	if err := m.now(); err != nil {
		return err
	}
	return m.Memory.DeleteDefinition(ctx, key)
}

func (m *moody) Definitions(ctx context.Context) ([]Deployed, error) {
	if err := m.now(); err != nil {
		return nil, err
	}
	return m.Memory.Definitions(ctx)
}

func one(process string, version int32, key int64) Deployed {
	return Deployed{Process: Process{ID: process}, Key: key, Version: version, XML: fmt.Appendf(nil, "<%d/>", key)}
}

// running starts a source in a bubble and returns its sink and its end.
func running(t *testing.T, s Source) (*noted, func()) {
	t.Helper()
	n := newNoted()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx, n) }()
	synctest.Wait()
	return n, func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestSeenRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &Memory{}
		s := NewSeen(store, SeenOptions{Older: 2})
		n, stop := running(t, s)
		if n.scanned != 1 {
			t.Errorf("scanned %d times", n.scanned)
		}
		for v := range int32(5) {
			if err := s.Deployed(t.Context(), one("a", v+1, int64(v+11)), one("b", 1, 21)); err != nil {
				t.Fatal(err)
			}
		}
		n.expect(t, "a:3,4,5* b:1*") // at once
		if err := s.Deleted(t.Context(), 15); err != nil {
			t.Fatal(err)
		}
		_ = s.Deleted(t.Context(), 99)
		n.expect(t, "a:2,3,4* b:1*")
		stop()

		n, stop = running(t, NewSeen(store, SeenOptions{Older: 2}))
		defer stop()
		n.expect(t, "a:2,3,4* b:1*")
		if n.scanned != 1 || n.xml(t, "a", 3) != "<13/>" {
			t.Errorf("scanned %d times", n.scanned)
		}
	})
}

func TestSeenWithoutStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &moody{}
		store.mood(errors.New("disk full"))
		s := NewSeen(store, SeenOptions{})
		n, stop := running(t, s)
		defer stop()
		if n.scanned != 0 || n.err == nil {
			t.Errorf("scanned %d times, %v", n.scanned, n.err)
		}
		if err := s.Deployed(t.Context(), one("a", 1, 11)); err == nil || err.Error() != `remember process "a", version 1: disk full` {
			t.Errorf("got %v", err)
		}
		n.expect(t, "a:1*")
		if n.xml(t, "a", 1) != "<11/>" {
			t.Error("wrong file")
		}
		store.mood(nil)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if xml, err := store.DefinitionXML(t.Context(), 11); err != nil || n.err != nil || n.scanned != 1 {
			t.Errorf("%q, %v, %v, scanned %d", xml, err, n.err, n.scanned)
		}
		n.expect(t, "a:1*")
	})
}

func TestSeenByAnotherReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &Memory{}
		here, there := NewSeen(store, SeenOptions{Shared: true}), NewSeen(store, SeenOptions{Shared: true})
		n, stop := running(t, here)
		defer stop()
		_, stopThere := running(t, there)
		defer stopThere()
		_ = there.Deployed(t.Context(), one("a", 1, 11), one("a", 2, 12))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		n.expect(t, "a:1,2*")
		_ = there.Deleted(t.Context(), 11)
		_ = there.Deleted(t.Context(), 12)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		n.expect(t, "")
	})
}

func TestPushTellsEverySink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPush("x")
		p.Set(Change{Process: Process{ID: "gone"}})
		p.Set(Change{Process{ID: "a"}, []Definition{{Key: 1, Version: 1, Latest: true}}})
		p.Fail(errors.New("away"))
		early, stopEarly := running(t, p)
		p.Scanned()
		p.Scanned()
		late, stop := running(t, p)
		defer stop()
		stopEarly()
		p.Fail(nil)
		p.Set(Change{Process: Process{ID: "a"}})
		early.expect(t, "a:1*")
		late.expect(t, "")
		if early.scanned != 1 || late.scanned != 1 || early.err == nil || late.err != nil || late.changes != 2 {
			t.Errorf("%+v\n%+v", early, late)
		}
	})
}

// counting is a scanner that counts its scans.
type counting struct {
	mu sync.Mutex
	n  int
}

func (c *counting) scan(context.Context) (snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return snapshot{}, nil
}

func (*counting) xml(context.Context, item) ([]byte, error) { return nil, nil }

func (c *counting) scans() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func TestPollerRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counting{}
		p := newPoller("x", quiet, c, true)
		_, stop := running(t, p)
		defer stop()
		if c.scans() != 1 {
			t.Errorf("%d scans at once", c.scans())
		}
		time.Sleep(5*time.Second + 500*time.Millisecond)
		synctest.Wait()
		if c.scans() != 2 {
			t.Errorf("%d scans after the interval", c.scans())
		}
	})
}

func TestFromDeployment(t *testing.T) {
	list := FromDeployment([]zeebe.Resource{{Name: "a.bpmn", Content: []byte("<a/>")}, {Name: "b.dmn"}}, zeebe.Deployment{TenantID: "t", Deployed: []zeebe.Deployed{
		{Kind: "process", ID: "a", Version: 2, Key: 7, Resource: "a.bpmn"}, {Kind: "decision", ID: "b", Key: 8}}})
	if len(list) != 1 || list[0].Key != 7 || list[0].TenantID != "t" || string(list[0].XML) != "<a/>" {
		t.Errorf("%+v", list)
	}
}
