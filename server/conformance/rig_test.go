package conformance

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"patchbay/engine"
	"patchbay/engine/bpmn"
	"patchbay/engine/secret"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/embedded"
	"patchbay/protocols/documents"
	"patchbay/protocols/httpx"
	"patchbay/server"
)

// rig is an embedded engine with the real connectors, composed as a server
// does it.
type rig struct {
	engine *embedded.Engine
	client *zeebe.Client
	// ahead is how far the engine's clock is before the real one, in
	// nanoseconds: the rig passes the time for which jobs wait.
	ahead atomic.Int64

	mu      sync.Mutex
	records []*engine.Record
}

// outcome is how an instance ended.
type outcome struct {
	Completed bool
	Variables map[string]any
	Records   []*engine.Record
	Incidents []embedded.Incident
	// Elements are the ids of the elements that ended normally.
	Elements map[string]bool
}

var quiet = slog.New(slog.DiscardHandler)

// stubbed answers what is asked at addresses that no template holds, where the
// recorder cannot be put in their place.
const stubbed = `[{
	"request": {"method": "POST", "url": "https://api.github.com/app/installations/42/access_tokens"},
	"response": {"status": 201, "body": {"token": "ghs"}}
}]`

func newRig(t testing.TB, secrets secret.Map) *rig {
	r := &rig{}
	r.engine = embedded.New(embedded.Options{Now: func() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }})
	t.Cleanup(r.engine.Close)
	client, err := zeebe.Dial(context.Background(), zeebe.Options{Plaintext: true, Dialer: r.engine.DialContext, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	r.client = client
	stubs, err := httpx.ParseStubs([]byte(stubbed))
	if err != nil {
		t.Fatal(err)
	}
	connectors, err := server.NewConnectors(server.ConnectorOptions{
		Client: client, JobTypes: server.TemplateTypes(nil), Documents: documents.NewMemory(1<<20, time.Now), Stubs: stubs, Allow: []string{"loopback"}, Secrets: secrets,
		SecretNames: r.secretNames, Workers: zeebe.WorkerOptions{Log: quiet}, Log: quiet,
		Observer: &engine.Observer{Detail: true, Done: func(_ context.Context, record *engine.Record) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.records = append(r.records, record)
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = connectors.Stop(ctx)
	})
	connectors.Serve()
	return r
}

// secretNames are the names in the inputs and headers of a job's element.
func (r *rig) secretNames(job *engine.Job) (map[string]bool, bool) {
	for _, d := range r.engine.Definitions() {
		if d.Key != job.ProcessDefinitionKey {
			continue
		}
		definitions, err := bpmn.Read(d.XML)
		if err != nil {
			return nil, false
		}
		var texts []string
		element := definitions.Element(job.ElementID)
		for _, in := range element.Inputs {
			texts = append(texts, in.Source)
		}
		for _, h := range element.Headers {
			texts = append(texts, h.Value)
		}
		return secret.Names(texts...), true
	}
	return nil, false
}

// longBackoff is the wait between attempts from which on recordings end.
const longBackoff = 3 * time.Second

// run deploys a process and runs one instance to its end, to an incident, or
// to a long wait for the next attempt.
func (r *rig) run(t testing.TB, file []byte, processID string, variables []byte) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := r.client.Deploy(ctx, "", zeebe.Resource{Name: processID + ".bpmn", Content: file}); err != nil {
		t.Fatalf("deploy: %v\n%s", err, file)
	}
	return r.start(ctx, t, processID, variables)
}

func (r *rig) start(ctx context.Context, t testing.TB, processID string, variables []byte) outcome {
	t.Helper()
	instance, err := r.client.CreateInstance(ctx, zeebe.NewInstance{ProcessID: processID, Variables: variables})
	if err != nil {
		t.Fatal(err)
	}
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !r.ended(instance.Key) {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("the instance does not end; it waits for %+v", r.engine.Waiting(instance.Key))
		}
	}
	return r.outcome(t, instance.Key)
}

// ended reports whether an instance is where a run ends; a job that waits for
// its next attempt is helped on.
func (r *rig) ended(instance int64) bool {
	p, known := r.engine.ProcessInstance(instance)
	if !known || p.State != embedded.Active {
		return true
	}
	for _, w := range r.engine.Waiting(instance) {
		if w.Kind == embedded.WaitIncident {
			return true
		}
		fail, failed := r.last(instance).(engine.Fail)
		if w.Kind == embedded.WaitJob && !w.Taken && failed && fail.Retries > 0 {
			if fail.Backoff > longBackoff {
				return true
			}
			r.ahead.Add(int64(fail.Backoff))
			r.engine.Wake()
		}
	}
	return false
}

func (r *rig) last(instance int64) engine.Outcome {
	if list := r.recordsOf(instance); len(list) > 0 {
		return list[len(list)-1].Outcome
	}
	return nil
}

func (r *rig) recordsOf(instance int64) (list []*engine.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, record := range r.records {
		if record.Job.ProcessInstanceKey == instance {
			list = append(list, record)
		}
	}
	return list
}

func (r *rig) outcome(t testing.TB, instance int64) outcome {
	t.Helper()
	o := outcome{Records: r.recordsOf(instance), Incidents: r.engine.Incidents(instance), Elements: map[string]bool{}}
	if p, ok := r.engine.ProcessInstance(instance); ok {
		o.Completed = p.State == embedded.Completed
	}
	for _, e := range r.engine.ElementInstances(instance) {
		o.Elements[e.ElementID] = o.Elements[e.ElementID] || e.State == embedded.Completed
	}
	text, _ := r.engine.Result(instance)
	if err := json.Unmarshal(text, &o.Variables); err != nil {
		t.Fatalf("variables %q: %v", text, err)
	}
	return o
}
