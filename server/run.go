package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"patchbay/engine"
	"patchbay/engine/bpmn"
	"patchbay/engine/secret"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/embedded"
	"patchbay/protocols"
	"patchbay/protocols/documents"
	"patchbay/protocols/httpx"
	"patchbay/templates"
)

// Run is one process instance on a fresh embedded engine with the real
// protocols: what `patchbay run` and examples do.
type Run struct {
	// Files are deployed together; the instance is of Process.
	Files []zeebe.Resource
	// Process is the BPMN process id; empty means the first executable process
	// of the first file.
	Process string
	// Templates are published beforehand, beside the built-in ones.
	Templates []*templates.Template
	// Variables is a JSON object, or nil.
	Variables json.RawMessage
	// Messages are published after the start.
	Messages []protocols.Message
	Stubs    *httpx.Stubs
	// Wrap sees every HTTP request on its way out; nil for nobody.
	Wrap func(http.RoundTripper) http.RoundTripper
	// Offline fails what the stubs do not answer, instead of letting it out.
	Offline bool
	// Dial opens connections in place of the dial guard; nil for the guard.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Secrets secret.Provider
	Allow   []string
	// Called is told of every connector call that ends before the run does, by
	// one goroutine at a time; nil for nobody.
	Called func(*engine.Record)
	Log    *slog.Logger
}

// RunState says how a run ended.
type RunState string

const (
	// RunCompleted: the instance came to its end.
	RunCompleted RunState = "completed"
	// RunIncident: it cannot go on without somebody's help.
	RunIncident RunState = "incident"
	// RunTimeout: it still waits, or nothing that it waits for can come.
	RunTimeout RunState = "timeout"
)

// RunResult is what `patchbay run --json` prints.
type RunResult struct {
	State RunState `json:"state"`
	// Variables are the root scope's at the end.
	Variables json.RawMessage `json:"variables"`
	Calls     []RunCall       `json:"calls"`
	Incidents []RunIncidentAt `json:"incidents"`

	// Process and Version are what ran; Waits says what it still waits for.
	Process string   `json:"-"`
	Version int32    `json:"-"`
	Waits   []string `json:"-"`
}

// RunCall is one attempt at a job.
type RunCall struct {
	Element  string `json:"element"`
	Protocol string `json:"protocol"`
	// Status is the HTTP status, 0 where there was none.
	Status     int        `json:"status"`
	DurationMs float64    `json:"durationMs"`
	Attempts   int        `json:"attempts"`
	Error      *CallError `json:"error"`
}

// CallError is what went wrong in a call.
type CallError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// RunIncidentAt is an open incident; Type is Zeebe's name.
type RunIncidentAt struct {
	Element string `json:"element"`
	Type    string `json:"type"`
	Message string `json:"message"`
}

// lookInterval is how often a run looks whether its instance can still move;
// after stillLooks in a row without it gives up. One look does not tell, because
// the engine works off a long path in several turns.
const (
	lookInterval = 10 * time.Millisecond
	stillLooks   = 3
)

// runDocuments is the most that a run's documents take in memory, in bytes.
const runDocuments = 64 << 20

// running is a run under way.
type running struct {
	Run
	engine     *embedded.Engine
	client     *zeebe.Client
	connectors *Connectors
	instance   zeebe.Instance

	mu    sync.Mutex
	calls []RunCall
	over  bool // what ends from now on was broken off
}

// cutOff answers with the stubs and lets nothing else pass.
func (r Run) cutOff() Run {
	stubs, outer := r.Stubs, r.Wrap
	r.Stubs, r.Dial = nil, noDial
	r.Wrap = func(http.RoundTripper) http.RoundTripper {
		var chain http.RoundTripper = noNetwork{}
		if stubs != nil {
			chain = stubs.Wrap(chain)
		}
		if outer != nil {
			chain = outer(chain)
		}
		return chain
	}
	return r
}

// Do runs the instance until it ends, cannot move any more or ctx ends. An
// error means that it could not be started; how it ended is the result's State.
func (r Run) Do(ctx context.Context) (result RunResult, err error) {
	if r.Offline {
		r = r.cutOff()
	}
	x := &running{Run: r, calls: []RunCall{}}
	x.engine = embedded.New(embedded.Options{Logger: r.Log})
	defer x.engine.Close()
	x.client, err = zeebe.Dial(ctx, zeebe.Options{Plaintext: true, Dialer: x.engine.DialContext, Log: r.Log})
	if err != nil {
		return RunResult{}, err
	}
	defer x.client.Close()
	if err := x.connect(); err != nil {
		return RunResult{}, err
	}
	defer func() {
		// The instance has ended or was given up: a call that still runs is of
		// no use to anybody, so nothing waits for it.
		now, cancel := context.WithCancel(context.Background())
		cancel()
		err = errors.Join(err, x.connectors.Stop(now))
	}()
	if err := x.start(ctx); err != nil {
		return RunResult{}, err
	}
	x.wait(ctx)
	return x.result(), nil
}

// connect composes the connectors as a server does.
func (x *running) connect() (err error) {
	models := newModels(embeddedXML(x.engine))
	x.connectors, err = NewConnectors(ConnectorOptions{
		Client: x.client, JobTypes: TemplateTypes(x.Templates), Documents: documents.NewMemory(runDocuments, time.Now), Allow: x.Allow, Stubs: x.Stubs, Wrap: x.Wrap, Dial: x.Dial, Secrets: x.Secrets,
		SecretNames: models.secretNames, ModelSecretsOnly: true, Constraints: newElements(models, findIn(x.Templates), x.Log).check,
		Messages: correlating{x.client, embeddedCorrelator{x.engine}}, Workers: zeebe.WorkerOptions{Log: x.Log}, Log: x.Log,
		Observer: &engine.Observer{Done: x.called, Detail: true},
	})
	if err == nil {
		x.connectors.Serve()
	}
	return err
}

// findIn finds the version of a template among these and the built-in ones.
func findIn(list []*templates.Template) func(context.Context, string, int64) (*templates.Template, error) {
	return func(_ context.Context, id string, version int64) (*templates.Template, error) {
		for _, t := range slices.Concat(list, templates.BuiltIn()) {
			if t.ID == id && t.Version == version {
				return t, nil
			}
		}
		return nil, templates.ErrNotFound
	}
}

func (x *running) called(_ context.Context, r *engine.Record) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return
	}
	call := RunCall{Element: r.Job.ElementID, Protocol: r.Protocol, Status: r.Status, Attempts: r.Attempts,
		DurationMs: float64(r.Duration.Microseconds()) / 1000}
	if r.Error != nil {
		call.Error = &CallError{r.Error.Code, r.Error.Message}
	}
	x.calls = append(x.calls, call)
	if x.Called != nil {
		x.Called(r)
	}
}

// start deploys, starts the instance and publishes the messages. A process
// that only messages start is started by them.
func (x *running) start(ctx context.Context) error {
	process, byMessage, err := x.pick()
	if err != nil {
		return err
	}
	if _, err := x.client.Deploy(ctx, "", x.Files...); err != nil {
		return err
	}
	if !byMessage {
		if x.instance, err = x.client.CreateInstance(ctx, zeebe.NewInstance{ProcessID: process, Variables: x.Variables}); err != nil {
			return err
		}
	}
	for _, m := range x.Messages {
		if _, err := x.client.Publish(ctx, m); err != nil {
			return err
		}
	}
	if byMessage {
		return x.started(process)
	}
	return nil
}

// started finds the instance that a message has started.
func (x *running) started(process string) error {
	list := x.engine.ProcessInstances(process)
	if len(list) == 0 {
		return fmt.Errorf("start process %q: it begins with a message and none that it takes was published: use --message NAME[:KEY]=JSON", process)
	}
	x.instance = zeebe.Instance{Key: list[0].Key, ProcessID: process, Version: list[0].Definition.Version}
	return nil
}

// pick chooses the process and tells whether only messages start it.
func (x *running) pick() (id string, byMessage bool, err error) {
	file := x.Files[0]
	definitions, err := bpmn.Read(file.Content)
	if err != nil {
		return "", false, fmt.Errorf("read %s: %w", file.Name, err)
	}
	var ids []string
	for _, p := range definitions.Processes {
		if p.Executable {
			ids = append(ids, p.ID)
		}
	}
	id = x.Process
	switch {
	case len(ids) == 0:
		return "", false, fmt.Errorf("read %s: no executable process in it (isExecutable=\"true\")", file.Name)
	case id == "":
		id = ids[0]
	case !slices.Contains(ids, id):
		return "", false, fmt.Errorf("read %s: no executable process %q in it; there is %s", file.Name, id, strings.Join(ids, ", "))
	}
	byMessage, err = x.begins(definitions.Element(id))
	return id, byMessage, err
}

// begins tells whether only messages start a process, and fails when there is
// nothing here that starts it.
func (x *running) begins(process *bpmn.Element) (byMessage bool, err error) {
	var messages, others []string
	for _, e := range process.Children {
		switch {
		case e.Type != bpmn.TypeStartEvent:
		case e.Event() == nil:
			return false, nil
		case e.Is(bpmn.EventMessage) && e.Event().Message != nil:
			messages = append(messages, e.Event().Message.Name)
		default:
			others = append(others, "a "+string(e.Event().Kind))
		}
	}
	switch {
	case len(messages) > 0 && len(x.Messages) == 0:
		return false, fmt.Errorf("start process %q: it begins with message %q: use --message '%s={}'", process.ID, messages[0], messages[0])
	case len(messages) == 0 && len(others) > 0:
		return false, fmt.Errorf("start process %q: only %s starts it, and a run waits for none: give it a plain start event, or deploy it to patchbay serve", process.ID, strings.Join(others, " or "))
	}
	return len(messages) > 0, nil
}

// wait returns when the instance has ended, nothing can move any more, or ctx
// has ended.
func (x *running) wait(ctx context.Context) {
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	for still := 0; x.active() && still < stillLooks; {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		if still++; x.moves() {
			still = 0
		}
	}
}

func (x *running) active() bool {
	instance, ok := x.engine.ProcessInstance(x.instance.Key)
	return ok && instance.State == embedded.Active
}

// moves reports whether anything that any instance waits for can still come by
// itself.
func (x *running) moves() bool {
	for _, p := range x.engine.ProcessInstances("") {
		if p.State == embedded.Active && slices.ContainsFunc(x.engine.Waiting(p.Key), x.comes) {
			return true
		}
	}
	return false
}

func (x *running) comes(w embedded.Wait) bool {
	return w.Kind == embedded.WaitTimer || w.Kind == embedded.WaitJob && x.connectors.ServesJobType(w.Name)
}

func (x *running) result() RunResult {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	r := RunResult{State: RunCompleted, Variables: json.RawMessage("{}"), Calls: slices.Clone(x.calls), Incidents: []RunIncidentAt{},
		Process: x.instance.ProcessID, Version: x.instance.Version}
	if variables, ok := x.engine.Result(x.instance.Key); ok {
		r.Variables = variables
	}
	for _, i := range x.engine.Incidents(0) {
		if !i.Resolved {
			r.Incidents = append(r.Incidents, RunIncidentAt{i.ElementID, i.Type, i.Message})
		}
	}
	if x.active() {
		r.State = RunTimeout
		for _, w := range x.engine.Waiting(x.instance.Key) {
			if w.Kind != embedded.WaitIncident { // incidents are told as such
				r.Waits = append(r.Waits, x.describe(w))
			}
		}
	}
	if len(r.Incidents) > 0 {
		r.State = RunIncident
	}
	return r
}

// describe says what is waited for and, where it is known, what to do.
func (x *running) describe(w embedded.Wait) string {
	at := fmt.Sprintf("element %q", w.ElementID)
	switch w.Kind {
	case embedded.WaitJob:
		if !x.connectors.ServesJobType(w.Name) {
			return fmt.Sprintf("%s waits for a worker: nobody serves job type %q (a template with that type may be missing: --template FILE)", at, w.Name)
		}
		return fmt.Sprintf("%s waits for its connector, or for the next attempt", at)
	case embedded.WaitUserTask:
		return at + " is a user task that nobody completes"
	case embedded.WaitMessage:
		name := w.Name
		if w.CorrelationKey != "" {
			name += ":" + w.CorrelationKey
		}
		return fmt.Sprintf("%s waits for message %q (--message '%s={}')", at, w.Name, name)
	case embedded.WaitTimer:
		return fmt.Sprintf("%s waits until %s", at, w.Name)
	default:
		return fmt.Sprintf("%s waits for %s %s", at, w.Kind, cmp.Or(w.Name, "?"))
	}
}
