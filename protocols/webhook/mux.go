package webhook

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"patchbay/protocols"
)

// Prefix is the path that a Mux expects to be mounted at.
const Prefix = "/inbound/"

// Options bound what a Mux does. A zero field means the default.
type Options struct {
	// Body is the largest request body, in bytes; 10 MiB by default.
	Body int64
	// InFlight is the most requests at a time; 1,024 by default. Further ones
	// are answered with 503.
	InFlight int
	// Memory is the most that the bodies of all requests take together, in
	// bytes, small bodies not counted; 256 MiB by default.
	Memory int64
	// BaseURL is the address under which callers see /inbound/, such as
	// "https://hooks.example.com", for signatures that cover the URL. By
	// default it is taken from the request and its forwarding headers.
	BaseURL string
	// Answered, if not nil, is told the status of each answer.
	Answered func(status int)
	// Now tells the time; time.Now by default.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	const mib = 1 << 20
	o.Body = cmp.Or(o.Body, 10*mib)
	o.InFlight = cmp.Or(o.InFlight, 1024)
	o.Memory = cmp.Or(o.Memory, 256*mib)
	if o.Answered == nil {
		o.Answered = func(int) {}
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// grace is how long a path whose last listener has gone answers 503 rather than
// 404, because a listener that restarts is away for a moment.
const grace = 5 * time.Second

// Mux serves the webhooks of all executables under /inbound/. Requests find
// their listeners without a lock.
type Mux struct {
	options Options
	paths   sync.Map // string -> *place
	mu      sync.Mutex
	left    []*place // without listeners, the earliest first
	ready   atomic.Bool
	load    load
}

// NewMux returns a Mux without paths.
func NewMux(options Options) *Mux {
	m := &Mux{options: options.withDefaults()}
	m.load = load{requests: int64(m.options.InFlight), bytes: m.options.Memory}
	return m
}

// Ready says that all listeners that are to be expected have started. Before,
// an unknown path is answered with 503, since it may be known in a moment;
// after, with 404.
func (m *Mux) Ready() { m.ready.Store(true) }

// place is a path with what serves it.
type place struct {
	path   string
	served atomic.Pointer[served]
	// emptied is when the last handler left, as Unix time in nanoseconds.
	emptied atomic.Int64
}

// served is either any number of listeners, in the order in which they are
// tried, or one other handler. It is never changed.
type served struct {
	// all holds the paused ones as well, listeners those that take requests.
	all, listeners []*listener
	other          http.Handler
}

func newServed(all []*listener) *served {
	active := slices.DeleteFunc(slices.Clone(all), func(l *listener) bool { return l.paused })
	return &served{all: all, listeners: active}
}

func (s *served) empty() bool { return len(s.all) == 0 && s.other == nil }

func (s *served) paused() bool { return len(s.listeners) == 0 && len(s.all) > 0 }

// Handle serves path until remove is called; see protocols.Paths. Handlers of
// this package share a path with each other; any other one has its path for
// itself.
func (m *Mux) Handle(path string, h http.Handler) (remove func(), err error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep()
	l, shares := h.(*listener)
	if !shares {
		return m.handleAlone(path, h)
	}
	paths := []string{path}
	if l.tenant != "" {
		paths = append(paths, l.tenant+"/"+path)
	}
	for i, p := range paths {
		if err := m.add(p, l); err != nil {
			m.remove(paths[:i], l)
			return nil, err
		}
	}
	return sync.OnceFunc(func() { m.mu.Lock(); defer m.mu.Unlock(); m.remove(paths, l) }), nil
}

func (m *Mux) handleAlone(path string, h http.Handler) (remove func(), err error) {
	p := m.place(path)
	if !p.served.Load().empty() {
		return nil, fmt.Errorf("path %q is taken", path)
	}
	m.serve(p, &served{other: h})
	return sync.OnceFunc(func() { m.mu.Lock(); defer m.mu.Unlock(); m.serve(p, &served{}); m.sweep() }), nil
}

func (m *Mux) place(path string) *place {
	fresh := &place{path: path}
	fresh.served.Store(&served{})
	found, _ := m.paths.LoadOrStore(path, fresh)
	return found.(*place)
}

func (m *Mux) add(path string, l *listener) error {
	p := m.place(path)
	before := p.served.Load()
	if before.other != nil {
		return fmt.Errorf("path %q is taken", path)
	}
	all := append(slices.Clone(before.all), l)
	slices.SortStableFunc(all, func(a, b *listener) int { return cmp.Compare(a.order, b.order) })
	m.serve(p, newServed(all))
	return nil
}

func (m *Mux) remove(paths []string, l *listener) {
	for _, path := range paths {
		p := m.place(path)
		m.serve(p, newServed(slices.DeleteFunc(slices.Clone(p.served.Load().all), func(other *listener) bool { return other == l })))
	}
	m.sweep()
}

// serve changes what serves a place and remembers those that nothing does.
func (m *Mux) serve(p *place, s *served) {
	m.left = slices.DeleteFunc(m.left, func(other *place) bool { return other == p })
	if s.empty() {
		p.emptied.Store(m.options.Now().UnixNano())
		m.left = append(m.left, p)
	}
	p.served.Store(s)
}

// sweep forgets the paths whose grace is over.
func (m *Mux) sweep() {
	now := m.options.Now()
	for len(m.left) > 0 && !m.left[0].inGrace(now) {
		m.paths.Delete(m.left[0].path)
		m.left = m.left[1:]
	}
}

func (p *place) inGrace(now time.Time) bool {
	return now.Sub(time.Unix(0, p.emptied.Load())) < grace
}

// ServeHTTP answers a request to /inbound/{path}.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, Prefix)
	if !ok {
		m.options.Answered(notFound.write(w, r))
		return
	}
	s, refused := m.find(path)
	switch {
	case refused != nil:
		m.options.Answered(refused.write(w, r))
	case s.other != nil:
		s.other.ServeHTTP(w, r)
	default:
		m.options.Answered(serve(w, r, func() ([]*listener, *answer) { return m.listeners(path) }, &m.options, &m.load))
	}
}

func (m *Mux) listeners(path string) ([]*listener, *answer) {
	s, refused := m.find(path)
	if refused == nil && s.other != nil {
		refused = starting // it came in the listeners' place just now
	}
	if refused != nil {
		return nil, refused
	}
	return s.listeners, nil
}

func (m *Mux) find(path string) (*served, *answer) {
	found, ok := m.paths.Load(path)
	if !ok {
		return nil, m.unknown()
	}
	p := found.(*place)
	switch s := p.served.Load(); {
	case s.paused():
		return nil, resting
	case !s.empty():
		return s, nil
	}
	if p.inGrace(m.options.Now()) {
		return nil, starting
	}
	return nil, m.unknown()
}

func (m *Mux) unknown() *answer {
	if m.ready.Load() {
		return notFound
	}
	return starting
}

// order sorts listeners of one path: elements that continue an instance before
// those that start one, newer versions first.
func order(id string, elements []protocols.ElementRef) string {
	if len(elements) == 0 {
		return "~" + id
	}
	starts, version := "1", int32(0)
	for _, e := range elements {
		if e.ElementType != "startEvent" {
			starts = "0"
		}
		version = max(version, e.Version)
	}
	return fmt.Sprintf("%s %010d %s %s", starts, int64(1)<<31-int64(version), elements[0].BpmnProcessID, id)
}

var _ protocols.Paths = (*Mux)(nil)
