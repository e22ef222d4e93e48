package server

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"

	"patchbay/engine"
	"patchbay/engine/secret"
	"patchbay/engine/zeebe"
	"patchbay/protocols"
	"patchbay/protocols/all"
	"patchbay/protocols/httpx"
)

// ConnectorOptions say how connectors run. Client and JobTypes are needed.
type ConnectorOptions struct {
	Client *zeebe.Client
	// JobTypes are those that templates brought.
	JobTypes *JobTypes
	// Documents stores documents; nil for no store.
	Documents protocols.Documents
	// Allow lists what connectors may reach besides public addresses.
	Allow []string
	// Stubs answers requests before they touch the network; nil for none.
	Stubs *httpx.Stubs
	// Secrets knows secrets; SecretNames and ModelSecretsOnly say which of
	// them a job may ask for (see engine.Options).
	Secrets          secret.Provider
	SecretNames      func(*engine.Job) (map[string]bool, bool)
	ModelSecretsOnly bool
	// Constraints checks what jobs are given (see engine.Options); nil for
	// no checks.
	Constraints func(context.Context, *engine.Job, func(map[string]bool) (map[string]any, error)) error
	// Messages sends messages to the workflow engine; Client by default.
	Messages protocols.Messages
	// Wrap sees every HTTP request on its way out; nil for nobody.
	Wrap func(http.RoundTripper) http.RoundTripper
	// Dial opens all connections in place of the dial guard; nil for the guard.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TypeNames maps further job types to ones that are served.
	TypeNames map[string]string
	// AnswerMemory bounds what large answers take (see engine.Options).
	AnswerMemory int64
	// Workers bounds and names the workers.
	Workers zeebe.WorkerOptions
	// Observer is told of every attempt; nil for none.
	Observer *engine.Observer
	// Log is slog.Default() if nil.
	Log *slog.Logger
}

// Connectors runs outbound connectors for one gateway, from the first job type
// served until Stop.
type Connectors struct {
	options  ConnectorOptions
	registry *protocols.Registry
	host     protocols.Host
	engine   *engine.Engine
	workers  *zeebe.Workers
}

// NewConnectors composes protocols, engine and workers. No job is taken before
// Serve.
func NewConnectors(o ConnectorOptions) (*Connectors, error) {
	host, err := newHost(o)
	if err != nil {
		return nil, err
	}
	c := &Connectors{options: o, registry: registry(), host: host}
	c.engine, err = engine.New(engine.Options{
		Registry: c.registry, Host: host, Templates: o.JobTypes, TypeNames: o.TypeNames,
		Secrets: o.Secrets, SecretNames: o.SecretNames, ModelSecretsOnly: o.ModelSecretsOnly,
		Constraints: o.Constraints, Extender: o.Client, Observer: o.Observer, AnswerMemory: o.AnswerMemory,
	})
	if err != nil {
		return nil, err
	}
	c.workers = zeebe.NewWorkers(o.Client, c.engine.Handle, o.Workers)
	return c, nil
}

// newHost is what protocols get from this process.
func newHost(o ConnectorOptions) (protocols.Host, error) {
	guard, err := httpx.NewGuard(o.Allow)
	if err != nil {
		return protocols.Host{}, fmt.Errorf("--allow-net: %w", err)
	}
	host := protocols.Host{Log: o.Log, Dial: guard.Dial, CheckHost: guard.CheckHost, Proxy: http.ProxyFromEnvironment,
		Messages: o.Client, Documents: o.Documents, Shared: &protocols.Shared{}, WrapTransport: o.Wrap}
	if o.Dial != nil {
		host.Dial = o.Dial
	}
	if o.Messages != nil {
		host.Messages = o.Messages
	}
	if o.Stubs != nil {
		stubs := func(next http.RoundTripper) http.RoundTripper { return o.Stubs.Wrap(unstubbed{next}) }
		host.WrapTransport = stubs
		if o.Wrap != nil {
			host.WrapTransport = func(next http.RoundTripper) http.RoundTripper { return o.Wrap(stubs(next)) }
		}
	}
	return host, nil
}

// Serve takes the jobs of every type that a protocol has built in, a template
// has brought or a setting names. Call it again when templates have changed.
func (c *Connectors) Serve() {
	var list []zeebe.JobType
	for _, name := range c.JobTypes() {
		list = append(list, zeebe.JobType{Name: name})
	}
	c.workers.Set(list...)
}

// JobTypes returns the types that Serve takes jobs of, sorted.
func (c *Connectors) JobTypes() []string {
	types := map[string]bool{}
	for _, p := range c.registry.Protocols() {
		for _, t := range p.JobTypes {
			types[t] = true
		}
	}
	for t := range c.options.JobTypes.All() {
		types[t] = true
	}
	for t := range c.options.TypeNames {
		types[t] = true
	}
	return slices.Sorted(maps.Keys(types))
}

// ServesJobType reports whether Serve takes jobs of that type.
func (c *Connectors) ServesJobType(t string) bool { return slices.Contains(c.JobTypes(), t) }

// Registry returns the protocols.
func (c *Connectors) Registry() *protocols.Registry { return c.registry }

// Host is what protocols get from this process.
func (c *Connectors) Host() protocols.Host { return c.host }

// Health returns what each worker does.
func (c *Connectors) Health() []zeebe.Health { return c.workers.Health() }

// Stop takes no more jobs, waits for those that run until ctx ends, and closes
// the protocols.
func (c *Connectors) Stop(ctx context.Context) error {
	drained := c.workers.Drain(ctx)
	if err := c.engine.Close(); err != nil && drained == nil {
		return err
	}
	return drained
}

// registry knows the protocols of this program. It is made once; a list that
// contradicts itself is a defect that the first test finds.
var registry = sync.OnceValue(func() *protocols.Registry {
	r, err := protocols.NewRegistry(all.Protocols()...)
	if err != nil {
		panic(err)
	}
	return r
})

// builtInProtocol returns the protocol that serves a job type or an inbound
// type by itself, or "".
func builtInProtocol(kind string) string {
	p, known := registry().ByJobType(kind)
	if !known {
		p, _ = registry().ByInboundType(kind)
	}
	return p.Name
}
