package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"patchbay/engine/zeebe"
)

// Deployed is a process definition that was seen when it was deployed.
type Deployed struct {
	Process
	Key      int64
	Version  int32
	Resource string
	// XML is the BPMN file; empty in what Store.Definitions returns.
	XML []byte
}

// Store remembers deployments.
type Store interface {
	// SaveDefinition keeps a definition; one with the same key is replaced.
	SaveDefinition(ctx context.Context, d Deployed) error
	// DeleteDefinition forgets a definition, known or not.
	DeleteDefinition(ctx context.Context, key int64) error
	// Definitions lists all without their XML.
	Definitions(ctx context.Context) ([]Deployed, error)
	// DefinitionXML reads one file.
	DefinitionXML(ctx context.Context, key int64) ([]byte, error)
}

// SeenOptions say how deployments are remembered. Zero means the default.
type SeenOptions struct {
	// Name is the source's name; "deployments seen".
	Name string
	// Older is how many versions before the latest keep listeners for what
	// waits in their instances, as nobody tells which have instances; 10.
	Older int
	// Refresh is how often the store is read again for what other replicas
	// saw, and to save what could not be saved; 2 s.
	Refresh time.Duration
	// Shared says that other replicas write to the store.
	Shared bool
	Log    *slog.Logger
}

// Seen is a source of the deployments that went by. A deployment or deletion
// has reached the sink when Deployed or Deleted returns.
type Seen struct {
	*Push
	store   Store
	options SeenOptions

	mu      sync.Mutex
	byKey   map[int64]Deployed // with XML only while it is unsaved
	unsaved map[int64]bool
	deleted map[int64]bool // not yet deleted from the store
	loaded  bool
}

// NewSeen returns a source that remembers in store.
func NewSeen(store Store, o SeenOptions) *Seen {
	if o.Name == "" {
		o.Name = "deployments seen"
	}
	if o.Older <= 0 {
		o.Older = 10
	}
	if o.Refresh <= 0 {
		o.Refresh = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Seen{Push: NewPush(o.Name), store: store, options: o,
		byKey: map[int64]Deployed{}, unsaved: map[int64]bool{}, deleted: map[int64]bool{}}
}

// Deployed remembers definitions that were deployed just now. An error says
// that the store did not take them all; they are listened to nevertheless, and
// saved as soon as the store can.
func (s *Seen) Deployed(ctx context.Context, list ...Deployed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	processes := map[Process]bool{}
	for _, d := range list {
		if _, known := s.byKey[d.Key]; known {
			continue // the same content again
		}
		s.byKey[d.Key], s.unsaved[d.Key], processes[d.Process] = d, true, true
	}
	s.tell(processes)
	return s.save(ctx)
}

// Deleted forgets a definition that was deleted. Keys of other resources may
// be passed as well.
func (s *Seen) Deleted(ctx context.Context, key int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, known := s.byKey[key]
	if !known && s.loaded {
		return nil
	}
	delete(s.byKey, key)
	delete(s.unsaved, key)
	s.deleted[key] = true
	if known {
		s.tell(map[Process]bool{d.Process: true})
	}
	return s.save(ctx)
}

// save writes what is not yet in the store; s.mu is held.
func (s *Seen) save(ctx context.Context) error {
	var errs []error
	for key := range s.unsaved {
		d := s.byKey[key]
		if err := s.store.SaveDefinition(ctx, d); err != nil {
			errs = append(errs, fmt.Errorf("remember process %q, version %d: %w", d.ID, d.Version, err))
			continue
		}
		d.XML = nil
		s.byKey[key] = d
		delete(s.unsaved, key)
	}
	for key := range s.deleted {
		if err := s.store.DeleteDefinition(ctx, key); err != nil {
			errs = append(errs, fmt.Errorf("forget definition %d: %w", key, err))
			continue
		}
		delete(s.deleted, key)
	}
	return errors.Join(errs...)
}

// tell reports these processes; s.mu is held.
func (s *Seen) tell(processes map[Process]bool) {
	lists := map[Process][]Definition{}
	for _, d := range s.byKey {
		if processes[d.Process] {
			lists[d.Process] = append(lists[d.Process], Definition{Key: d.Key, Version: d.Version, Resource: d.Resource, XML: s.reader(d.Key)})
		}
	}
	for p := range processes {
		list := lists[p]
		oldestFirst(list)
		if surplus := len(list) - s.options.Older - 1; surplus > 0 {
			list = list[surplus:]
		}
		s.Set(Change{Process: p, Definitions: list})
	}
}

func (s *Seen) reader(key int64) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		s.mu.Lock()
		xml := s.byKey[key].XML
		s.mu.Unlock()
		if xml != nil {
			return xml, nil
		}
		return s.store.DefinitionXML(ctx, key)
	}
}

// Run implements Source. The store is read at the beginning, and until it can
// be read the source is not scanned.
func (s *Seen) Run(ctx context.Context, sink Sink) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.follow(ctx)
	}()
	err := s.Push.Run(ctx, sink)
	<-done
	return err
}

func (s *Seen) follow(ctx context.Context) {
	for {
		err := s.refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		s.Fail(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.options.Refresh):
		}
	}
}

// refresh reads the store if need be, and writes what it has not taken yet.
func (s *Seen) refresh(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.save(ctx); err != nil {
		return err
	}
	if s.loaded && !s.options.Shared {
		return nil
	}
	list, err := s.store.Definitions(ctx)
	if err != nil {
		return fmt.Errorf("read the deployments seen before: %w", err)
	}
	s.tell(s.replace(list))
	s.loaded = true
	s.Scanned()
	return nil
}

// replace takes over what the store holds and returns the processes that this
// changes. All is saved by now.
func (s *Seen) replace(list []Deployed) map[Process]bool {
	changed := map[Process]bool{}
	stored := map[int64]bool{}
	for _, d := range list {
		stored[d.Key] = true
		if _, known := s.byKey[d.Key]; !known {
			s.byKey[d.Key], changed[d.Process] = d, true
		}
	}
	for key, d := range s.byKey {
		if !stored[key] {
			delete(s.byKey, key)
			changed[d.Process] = true
		}
	}
	return changed
}

// FromDeployment describes the process definitions of a deployment that was
// made with a client, for Deployed.
func FromDeployment(resources []zeebe.Resource, d zeebe.Deployment) []Deployed {
	files := map[string][]byte{}
	for _, r := range resources {
		files[r.Name] = r.Content
	}
	var list []Deployed
	for _, x := range d.Deployed {
		if x.Kind == "process" {
			list = append(list, Deployed{Process{d.TenantID, x.ID}, x.Key, x.Version, x.Resource, files[x.Resource]})
		}
	}
	return list
}

// Memory is a Store that ends with the process, for tests and one-off runs.
type Memory struct {
	mu   sync.Mutex
	list []Deployed
}

// SaveDefinition implements Store.
func (m *Memory) SaveDefinition(ctx context.Context, d Deployed) error {
	_ = m.DeleteDefinition(ctx, d.Key)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, d)
	return nil
}

// DeleteDefinition implements Store.
func (m *Memory) DeleteDefinition(_ context.Context, key int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = slices.DeleteFunc(m.list, func(d Deployed) bool { return d.Key == key })
	return nil
}

// Definitions implements Store.
func (m *Memory) Definitions(context.Context) ([]Deployed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.list)
	for i := range list {
		list[i].XML = nil
	}
	return list, nil
}

// DefinitionXML implements Store.
func (m *Memory) DefinitionXML(_ context.Context, key int64) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.list {
		if d.Key == key {
			return d.XML, nil
		}
	}
	return nil, fmt.Errorf("definition %d is not stored", key)
}

var (
	_ Source = (*Seen)(nil)
	_ Store  = (*Memory)(nil)
)
