package zeebe

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"
)

// WorkerOptions are what all workers share. A zero field means its default.
type WorkerOptions struct {
	// Name is the worker's name at the gateway; "patchbay" by default.
	Name string
	// MaxActive bounds the jobs of one type in flight, 256 by default;
	// MaxTotal those of all types, 1024 by default. A job is in flight until
	// its handler has ended; an eighth of MaxTotal more may be waiting for the
	// gateway to take their commands.
	MaxActive, MaxTotal int
	// Timeout is how long a job is locked; five minutes by default.
	Timeout time.Duration
	// TenantIDs are the tenants whose jobs are taken; the default tenant's if
	// empty.
	TenantIDs []string
	// Observer is told what happens to jobs.
	Observer Observer
	// Log is the client's by default.
	Log *slog.Logger
}

// JobType says which jobs a worker takes. Zero fields other than Name mean
// those of WorkerOptions.
type JobType struct {
	Name      string
	Timeout   time.Duration
	MaxActive int
	TenantIDs []string
	// FetchVariables are the variables that jobs carry; all if empty.
	FetchVariables []string
}

// drainGrace is how long Drain waits for handlers and commands after it has
// ended the handlers' contexts.
const drainGrace = 5 * time.Second

// Workers is a set of workers, one for each job type, that can be changed while
// they run. They share a connection, a handler and a bound of jobs in flight.
// Its methods may be called at any time from any goroutine.
type Workers struct {
	client  *Client
	options WorkerOptions
	runner  *runner
	slots   *slots
	outage  *outage

	intake, handlers, commands ending
	leaving                    sync.WaitGroup

	mu      sync.Mutex
	running map[string]*worker
	closed  bool
}

// ending is a context and what ends it.
type ending struct {
	ctx context.Context
	end context.CancelFunc
}

func newEnding() ending {
	ctx, end := context.WithCancel(context.Background())
	return ending{ctx, end}
}

// NewWorkers returns a set without workers. It lives until Drain.
func NewWorkers(c *Client, handle Handler, o WorkerOptions) *Workers {
	o = o.withDefaults(c)
	ws := &Workers{client: c, options: o, slots: newSlots(o.MaxTotal), outage: &outage{log: o.Log.With("gateway", c.Address())}, running: map[string]*worker{},
		intake: newEnding(), handlers: newEnding(), commands: newEnding()}
	ws.runner = &runner{client: c, handle: handle, observer: o.Observer, log: o.Log, tasks: make(chan task), sending: make(chan struct{}, max(1, o.MaxTotal/8)), handlers: ws.handlers.ctx, commands: ws.commands.ctx}
	return ws
}

func (o WorkerOptions) withDefaults(c *Client) WorkerOptions {
	o.Name = cmp.Or(o.Name, "patchbay")
	o.MaxActive = cmp.Or(o.MaxActive, 256)
	o.MaxTotal = cmp.Or(o.MaxTotal, 1024)
	o.Timeout = cmp.Or(o.Timeout, 5*time.Minute)
	o.Log = cmp.Or(o.Log, c.log)
	if o.Observer == nil {
		o.Observer = noObserver{}
	}
	return o
}

func (t JobType) withDefaults(o WorkerOptions) JobType {
	t.Timeout = cmp.Or(t.Timeout, o.Timeout)
	t.MaxActive = cmp.Or(t.MaxActive, o.MaxActive)
	if len(t.TenantIDs) == 0 {
		t.TenantIDs = o.TenantIDs
	}
	return t
}

// Add starts a worker for a job type at once. One that runs for the same type
// goes on if nothing differs, else it is replaced. After Drain nothing starts.
func (ws *Workers) Add(t JobType) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.add(t)
}

// Remove stops the worker of a job type. Jobs in flight go on to their end.
func (ws *Workers) Remove(jobType string) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.remove(jobType)
}

// Set makes exactly these the job types that are served.
func (ws *Workers) Set(list ...JobType) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	wanted := map[string]bool{}
	for _, t := range list {
		wanted[t.Name] = true
	}
	for name := range ws.running {
		if !wanted[name] {
			ws.remove(name)
		}
	}
	for _, t := range list {
		ws.add(t)
	}
}

func (ws *Workers) add(t JobType) {
	t = t.withDefaults(ws.options)
	if old := ws.running[t.Name]; ws.closed || t.Name == "" || old != nil && reflect.DeepEqual(old.spec, t) {
		return
	}
	ws.remove(t.Name)
	log := ws.options.Log.With("jobType", t.Name)
	w := &worker{client: ws.client, spec: t, name: ws.options.Name, share: ws.slots.join(t.MaxActive), runner: ws.runner, log: log,
		health: health{log: log, outage: ws.outage, state: Connecting}}
	ws.running[t.Name] = w
	w.start(ws.intake.ctx)
}

func (ws *Workers) remove(jobType string) {
	w := ws.running[jobType]
	if w == nil {
		return
	}
	delete(ws.running, jobType)
	w.stop()
	ws.leaving.Go(func() {
		w.loops.Wait()
		w.share.leave()
	})
}

// Health returns what each worker does, by job type.
func (ws *Workers) Health() []Health {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	list := make([]Health, 0, len(ws.running))
	for _, w := range ws.running {
		state, text := w.health.snapshot()
		list = append(list, Health{JobType: w.spec.Name, State: state, Error: text, InFlight: w.share.inFlight(), Limit: w.spec.MaxActive})
	}
	slices.SortFunc(list, func(a, b Health) int { return cmp.Compare(a.JobType, b.JobType) })
	return list
}

// InFlight is the number of jobs that are handled or whose commands are under
// way, those of removed types included.
func (ws *Workers) InFlight() int {
	ws.slots.mu.Lock()
	defer ws.slots.mu.Unlock()
	return ws.slots.used + len(ws.runner.sending)
}

// Drain ends the set: it takes no more jobs, gives back those that were not
// begun, and waits for the others as long as ctx lives. Then it ends the
// handlers' contexts; jobs that fail of that are given back too. It waits five
// more seconds for them and returns an error if handlers still run then.
func (ws *Workers) Drain(ctx context.Context) error {
	ws.mu.Lock()
	ws.closed = true
	for name := range ws.running {
		ws.remove(name)
	}
	ws.mu.Unlock()
	ws.intake.end()
	ws.leaving.Wait()
	defer ws.commands.end()
	defer ws.handlers.end()
	ended := make(chan struct{})
	go func() {
		ws.runner.jobs.Wait()
		close(ended)
	}()
	if waitFor(ctx, ended) {
		return nil
	}
	ws.handlers.end()
	grace, cancel := context.WithTimeout(context.Background(), drainGrace)
	defer cancel()
	if waitFor(grace, ended) {
		return nil
	}
	return fmt.Errorf("stop workers: %d jobs did not end and run into their time-outs", ws.InFlight())
}

// waitFor reports whether the channel was closed before ctx ended.
func waitFor(ctx context.Context, ended <-chan struct{}) bool {
	select {
	case <-ended:
		return true
	case <-ctx.Done():
		return false
	}
}
