package protocols

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Host is what a protocol gets from the process that it runs in. A zero field
// means the default named at it. Tests build one with fakes.
type Host struct {
	// Now tells the time; time.Now by default.
	Now func() time.Time
	// Log takes structured logs; slog.Default by default.
	Log *slog.Logger
	// Dial opens a connection to an address that came from a template or from
	// process data. It refuses addresses that are not allowed, after name
	// resolution (an *InputError that names the flag to allow them). By
	// default everything but public addresses is refused.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// CheckHost applies the same rule to a host that is not dialled directly,
	// because an HTTP proxy does. Nil allows all.
	CheckHost func(ctx context.Context, host string) error
	// Proxy chooses the HTTP proxy for a request; nil means none. A proxy is
	// the operator's own setting and is dialled without the guard.
	Proxy func(*http.Request) (*url.URL, error)
	// WrapTransport, when not nil, wraps the HTTP transport: stubs answer here
	// before anything touches the network, tracing adds its headers.
	WrapTransport func(http.RoundTripper) http.RoundTripper
	// Limits bound what one call may use.
	Limits Limits
	// Shared holds what several protocols use together, such as connection
	// pools and cached tokens. Nil gives each protocol its own.
	Shared *Shared
	// Documents is the document store; nil if there is none.
	Documents Documents
	// Messages publishes to the workflow engine; nil if there is none.
	Messages Messages
}

// WithDefaults returns the host with the zero fields filled that have a default
// here: Now, Log and Limits.
func (h Host) WithDefaults() Host {
	if h.Now == nil {
		h.Now = time.Now
	}
	if h.Log == nil {
		h.Log = slog.Default()
	}
	h.Limits = h.Limits.WithDefaults()
	return h
}

// Shared keeps values that protocols of one process use together. The zero
// value is ready; a nil one keeps nothing.
type Shared struct {
	mu     sync.Mutex
	values map[any]any
}

// Get returns the value under a key, a type of the package that owns it, and
// opens it when it is asked for first. An error keeps nothing.
func (s *Shared) Get(key any, open func() (any, error)) (any, error) {
	if s == nil {
		return open()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, ok := s.values[key]; ok {
		return value, nil
	}
	value, err := open()
	if err != nil {
		return nil, err
	}
	if s.values == nil {
		s.values = map[any]any{}
	}
	s.values[key] = value
	return value, nil
}

// Limits bound what one call may use. A zero field means the default.
type Limits struct {
	// ResponseBody is the largest body read from a server, in bytes after
	// decompression; 10 MiB by default.
	ResponseBody int64
	// RequestBody is the largest body sent, in bytes; 10 MiB by default.
	RequestBody int64
	// Headers is the largest header block read from a server, in bytes;
	// 1 MiB by default.
	Headers int64
	// Connections is the most connections kept to one address; 256 by default.
	Connections int
}

// WithDefaults returns the limits with zero fields filled.
func (l Limits) WithDefaults() Limits {
	const mib = 1 << 20
	fill := func(n *int64, value int64) {
		if *n == 0 {
			*n = value
		}
	}
	fill(&l.ResponseBody, 10*mib)
	fill(&l.RequestBody, 10*mib)
	fill(&l.Headers, mib)
	if l.Connections == 0 {
		l.Connections = 256
	}
	return l
}

// Exchange is one request and its answer, for traces. Bodies are cut at the
// observer's discretion; secrets are masked by whoever shows it.
type Exchange struct {
	Method string
	URL    string
	// Status is the HTTP status, 0 if no answer came.
	Status   int
	Started  time.Time
	Duration time.Duration
	// RequestHeaders and ResponseHeaders are what was sent and received.
	RequestHeaders, ResponseHeaders http.Header
	// RequestBody and ResponseBody are the bytes sent and received.
	RequestBody, ResponseBody []byte
	// Err is why no answer came, or nil.
	Err error
}

// DocumentInfo describes a document that is stored or to be stored.
type DocumentInfo struct {
	// StoreID and ID name a stored document; both are empty for a new one.
	StoreID, ID string
	// Hash is the content's SHA-256 in hexadecimal; empty if not known.
	Hash string
	// Name and ContentType are the file's; either may be empty.
	Name, ContentType string
	// Size is in bytes; 0 if not known.
	Size int64
	// TTL is how long the store keeps it; 0 means the store's default.
	TTL time.Duration
	// Expires is when the store drops it; the zero time if never, or not known.
	Expires time.Time
}

// Documents stores documents and finds them again.
type Documents interface {
	// Create stores what body yields and returns its full description.
	Create(ctx context.Context, info DocumentInfo, body io.Reader) (DocumentInfo, error)
	// Open returns a document's content; the caller closes it.
	Open(ctx context.Context, storeID, id string) (io.ReadCloser, DocumentInfo, error)
}

// Message is a message for the workflow engine.
type Message struct {
	Name, CorrelationKey, ID, TenantID string
	// TTL is how long the engine keeps it for a subscription to come; 0 means
	// that it is correlated now or dropped.
	TTL time.Duration
	// Variables is a JSON object.
	Variables map[string]any
}

// Messages publishes messages to the workflow engine.
type Messages interface {
	// Publish returns the message's key once the engine has accepted it,
	// which does not mean that it was correlated.
	Publish(ctx context.Context, m Message) (key int64, err error)
}

// Correlator is implemented by Messages that can also correlate a message at
// once and say with what.
type Correlator interface {
	// Correlate returns the message's key and the key of the process instance
	// that it was correlated with or that it started. When no subscription
	// waits for it, it fails.
	Correlate(ctx context.Context, m Message) (key, processInstanceKey int64, err error)
}
