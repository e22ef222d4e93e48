package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"patchbay/engine/expr"
	"patchbay/engine/policy"
	"patchbay/engine/secret"
	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// Options say what an Engine works with. Registry is needed; the rest has
// defaults.
type Options struct {
	// Registry knows the protocols.
	Registry *protocols.Registry
	// Host is handed to the protocols. Its Documents are what createDocument
	// stores in; its Now is the engine's clock.
	Host protocols.Host
	// Templates tells the protocols of job types that templates brought; nil
	// if there are none.
	Templates Templates
	// TypeNames maps further job types to ones that are served, so that two
	// installations can share a gateway.
	TypeNames map[string]string
	// Expressions keeps compiled expressions; one of 2000 programs by default.
	Expressions *expr.Cache
	// Secrets knows secrets; nil knows none.
	Secrets secret.Provider
	// SecretNames returns the names that the author of a job's element wrote
	// in its inputs and headers. known is false when the model is not known.
	// Nil knows no model.
	SecretNames func(job *Job) (names map[string]bool, known bool)
	// ModelSecretsOnly refuses all secrets to elements whose model is not
	// known. Without it such an element may ask for any secret, and so may
	// data that arrives in its variables.
	ModelSecretsOnly bool
	// Constraints checks what the author of a job's element gave it, before
	// anything else is done with it; nil checks nothing. variables reads the
	// job's variables of these names, with references to secrets as they were
	// written. Reading costs time, so it is only called for names that are
	// checked. The error is an *protocols.InputError.
	Constraints func(ctx context.Context, job *Job, variables func(names map[string]bool) (map[string]any, error)) error
	// Extender serves the task header jobTimeout; nil only bounds the call.
	Extender Extender
	// Observer is told of every attempt; nil costs nothing.
	Observer *Observer
	// AnswerMemory is how much memory the answers of more than
	// protocols.LargeAnswer bytes may take together while they are decoded and
	// mapped, by value.DecodedSize, in bytes; 256 MiB by default. Attempts with
	// such answers wait for each other, and an answer that would take more
	// alone is an error. Mappings may take as much again.
	AnswerMemory int64
	// Clock passes the time between repeated calls; the real one by default.
	Clock policy.Clock
	// VerboseFailures adds the error's variables to a failure's message, as
	// Camunda 8.10 does: "message | Error variables: {...}". They are among
	// the failure's variables in any case.
	VerboseFailures bool
}

// Templates knows the connector templates that are published.
type Templates interface {
	// ProtocolOf returns the protocol that templates of this job type name.
	ProtocolOf(jobType string) (protocol string, ok bool)
}

// Engine runs connectors for jobs. It may be used by many goroutines.
type Engine struct {
	Options
	lines map[string]*line
	// answers is what large answers share.
	answers *room
}

// line is the connection to one protocol, opened when the first job needs it.
type line struct {
	protocols.Protocol
	names map[string]bool
	once  sync.Once
	out   protocols.Outbound
	err   error
}

// New returns an engine. It fails when there is no registry. Close it when all
// jobs are done.
func New(o Options) (*Engine, error) {
	if o.Registry == nil {
		return nil, errors.New("start the engine: no registry of protocols")
	}
	if o.Expressions == nil {
		o.Expressions = expr.NewCache(2000, expr.Limits{})
	}
	if o.Host.Now == nil {
		o.Host.Now = time.Now
	}
	if o.Clock.Now == nil {
		o.Clock.Now = o.Host.Now
	}
	if o.AnswerMemory == 0 {
		o.AnswerMemory = defaultAnswerMemory
	}
	e := &Engine{Options: o, lines: map[string]*line{}, answers: newRoom(o.AnswerMemory)}
	for _, p := range o.Registry.Protocols() {
		if p.Outbound != nil {
			e.lines[p.Name] = &line{Protocol: p, names: readNames(p)}
		}
	}
	return e, nil
}

// readNames are the variables that a protocol and the policies read.
func readNames(p protocols.Protocol) map[string]bool {
	names := map[string]bool{policy.Variable: true}
	for _, name := range bind.Names(p.Input()) {
		names[name] = true
	}
	return names
}

// Close closes the protocols that were opened. Call it once, after the last
// Handle has returned.
func (e *Engine) Close() error {
	var all []error
	for _, l := range e.lines {
		if c, ok := l.out.(io.Closer); ok {
			if err := c.Close(); err != nil {
				all = append(all, fmt.Errorf("close protocol %q: %w", l.Name, err))
			}
		}
	}
	return errors.Join(all...)
}

// ProtocolOf returns the name of the protocol that serves a job: what its task
// header "protocol" says, else the template of its type, else the protocol
// that has the type built in. ok is false when nothing says so.
func (e *Engine) ProtocolOf(jobType string, headers map[string]string) (name string, ok bool) {
	if name := strings.TrimSpace(headers["protocol"]); name != "" {
		return name, true
	}
	if e.Templates != nil {
		if name, ok := e.Templates.ProtocolOf(jobType); ok {
			return name, true
		}
	}
	if renamed, ok := e.TypeNames[jobType]; ok {
		jobType = renamed
	}
	p, ok := e.Registry.ByJobType(jobType)
	return p.Name, ok
}

// line returns the open line to the protocol of a job.
func (e *Engine) line(job *Job) (*line, error) {
	name, ok := e.ProtocolOf(job.Type, job.Headers)
	if !ok {
		return nil, &protocols.InputError{Message: fmt.Sprintf(
			"no protocol serves the job type %q: publish its template, or name one of %s in the task header %q", job.Type, e.known(), "protocol")}
	}
	l := e.lines[name]
	if l == nil {
		return nil, &protocols.InputError{Path: "protocol", Message: fmt.Sprintf("there is no protocol %q that makes calls; known are %s", name, e.known())}
	}
	l.once.Do(func() { l.out, l.err = l.Outbound(e.Host) })
	if l.err != nil {
		return nil, fmt.Errorf("open protocol %q: %w", name, l.err)
	}
	return l, nil
}

func (e *Engine) known() string {
	var names []string
	for _, name := range e.Registry.Names() {
		if e.lines[name] != nil {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
