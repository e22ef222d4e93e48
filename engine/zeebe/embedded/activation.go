package embedded

import (
	"container/heap"
	"slices"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
)

// jobType is what is known of one type of jobs: those that wait for a worker, and the workers that wait for jobs.
type jobType struct {
	name    string
	backlog jobHeap
	polls   []*poll
	streams []*jobStream
	turn    int // which stream is next
}

// jobHeap is ordered by key: the oldest job first.
type jobHeap []*job

func (h jobHeap) Len() int           { return len(h) }
func (h jobHeap) Less(i, j int) bool { return h[i].key < h[j].key }
func (h jobHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *jobHeap) Push(x any) {
	j := x.(*job)
	j.index = len(*h)
	*h = append(*h, j)
}
func (h *jobHeap) Pop() any {
	old := *h
	j := old[len(old)-1]
	old[len(old)-1], j.index = nil, -1
	*h = old[:len(old)-1]
	return j
}

// worker is what a request for jobs says about who asks.
type worker struct {
	name    string
	timeout int64    // milliseconds
	fetch   []string // variables wanted, none means all
}

// poll is an ActivateJobs request that waits.
type poll struct {
	worker
	got chan []activation // one answer
}

// jobStream is a StreamActivatedJobs request.
type jobStream struct {
	worker
	jobs     chan activation
	overflow bool // jobs went to the backlog because this stream was full
}

// streamBuffer is how many jobs may wait for a slow stream; more go to the backlog.
const streamBuffer = 512

// activation is a job handed out once.
type activation struct {
	job     *job
	attempt int64
	message *pb.ActivatedJob
}

func (e *Engine) jobType(name string) *jobType {
	t := e.state.jobTypes[name]
	if t == nil {
		t = &jobType{name: name}
		e.state.jobTypes[name] = t
	}
	return t
}

// release forgets a type that nobody and nothing uses.
func (e *Engine) release(t *jobType) {
	if len(t.backlog)+len(t.polls)+len(t.streams) == 0 {
		delete(e.state.jobTypes, t.name)
	}
}

// offer makes a job activatable: a stream gets it, else a waiting poll, else it goes to the backlog.
func (e *Engine) offer(j *job) {
	e.cancelAlarm(j.alarm)
	j.alarm = nil
	j.state = jobActivatable
	t := e.jobType(j.kind)
	if s := t.freeStream(); s != nil {
		if a, ok := e.activateJob(j, s.worker); ok {
			s.jobs <- a
		}
		return
	}
	if len(t.polls) > 0 {
		p := t.polls[0]
		if a, ok := e.activateJob(j, p.worker); ok {
			t.polls = t.polls[1:]
			p.got <- []activation{a}
		}
		return
	}
	if j.index < 0 {
		heap.Push(&t.backlog, j)
	}
}

// freeStream picks the streams in turn and passes full ones by.
func (t *jobType) freeStream() *jobStream {
	for range t.streams {
		t.turn = (t.turn + 1) % len(t.streams)
		if s := t.streams[t.turn]; len(s.jobs) < cap(s.jobs) {
			return s
		}
	}
	for _, s := range t.streams {
		s.overflow = true
	}
	return nil
}

// withdraw takes a job out of the backlog.
func (e *Engine) withdraw(j *job) {
	if j.index < 0 {
		return
	}
	t := e.jobType(j.kind)
	heap.Remove(&t.backlog, j.index)
	e.release(t)
}

// activateJob hands a job out. A job whose variables are too big for a message gets an incident instead.
func (e *Engine) activateJob(j *job, w worker) (activation, bool) {
	vars := appendVisible(make([]byte, 0, 128), j.in, w.fetch)
	if len(vars) > maxJobBytes {
		j.state = jobFailed
		e.raiseForJob(j, &failure{
			kind: messageSizeExceeded,
			text: "The job with key '" + string(jsonInt(int(j.key))) + "' can not be activated, because with its variables it is larger than the maximum message size.",
		})
		return activation{}, false
	}
	j.state, j.worker = jobActivated, w.name
	j.attempt++
	e.setDeadline(j, w.timeout)
	d := j.in.process.definition
	return activation{j, j.attempt, &pb.ActivatedJob{
		Key: j.key, Type: j.kind, ProcessInstanceKey: j.in.process.key, BpmnProcessId: d.id, ProcessDefinitionVersion: d.version,
		ProcessDefinitionKey: d.key, ElementId: j.in.node.id, ElementInstanceKey: j.in.key, CustomHeaders: j.headers,
		Worker: w.name, Retries: j.retries, Deadline: j.deadline, Variables: string(vars), TenantId: defaultTenant,
	}}, true
}

// appendVisible writes all variables that an instance sees as a JSON object, its own first.
func appendVisible(dst []byte, in *instance, fetch []string) []byte {
	dst = append(dst, '{')
	for at := in; at != nil; at = at.scope {
		for i := range at.vars.list {
			v := &at.vars.list[i]
			if (len(fetch) == 0 || slices.Contains(fetch, v.name)) && !shadowed(in, at, v.name) {
				dst = appendMember(dst, v.name, v.json)
			}
		}
	}
	return append(dst, '}')
}

func shadowed(from, until *instance, name string) bool {
	for at := from; at != until; at = at.scope {
		if at.vars.find(name) != nil {
			return true
		}
	}
	return false
}

// take activates jobs of the backlog, as many as are wanted and fit into one message.
func (e *Engine) takeJobs(name string, w worker, limit int) []activation {
	t := e.state.jobTypes[name]
	if t == nil {
		return nil
	}
	var out []activation
	size := 0
	for len(out) < limit && len(t.backlog) > 0 && size < maxJobBytes/2 {
		j := heap.Pop(&t.backlog).(*job)
		if a, ok := e.activateJob(j, w); ok {
			out = append(out, a)
			size += len(a.message.Variables) + len(a.message.CustomHeaders) + 256
		}
	}
	e.release(t)
	return out
}

// giveBack yields activations that nobody has got.
func (e *Engine) giveBack(list []activation) {
	e.do(func() {
		for _, a := range list {
			e.yieldJob(a.job, a.attempt)
		}
	})
}

// openStream makes the stream known; closeStream takes it away and yields what it had not delivered.
func (e *Engine) openStream(name string, s *jobStream) {
	e.do(func() {
		t := e.jobType(name)
		t.streams = append(t.streams, s)
	})
}

func (e *Engine) closeStream(name string, s *jobStream, undelivered []activation) {
	e.do(func() {
		t := e.jobType(name)
		t.streams = without(t.streams, s)
		for len(s.jobs) > 0 {
			undelivered = append(undelivered, <-s.jobs)
		}
		for _, a := range undelivered {
			e.yieldJob(a.job, a.attempt)
		}
		e.release(t)
	})
}

// refill gives a stream that was full what went to the backlog in the meantime.
func (e *Engine) refill(name string, s *jobStream) {
	if len(s.jobs) > cap(s.jobs)/2 {
		return
	}
	e.do(func() {
		if !s.overflow {
			return
		}
		list := e.takeJobs(name, s.worker, cap(s.jobs)-len(s.jobs))
		for _, a := range list {
			s.jobs <- a
		}
		t := e.state.jobTypes[name]
		s.overflow = t != nil && len(t.backlog) > 0
	})
}
