package embedded

import (
	"slices"

	"patchbay/engine/bpmn"
)

// jobState is where a job is, by Zeebe's names.
type jobState string

const (
	jobActivatable jobState = "ACTIVATABLE"
	jobActivated   jobState = "ACTIVATED"
	jobFailed      jobState = "FAILED" // without retries, or waiting for its back-off
	jobErrorThrown jobState = "ERROR_THROWN"
)

// job is work for a worker.
type job struct {
	key      int64
	kind     string // the job type
	in       *instance
	headers  string
	retries  int32
	state    jobState
	worker   string
	deadline int64
	attempt  int64  // counts activations, so that an old one cannot be yielded
	alarm    *alarm // deadline or back-off
	incident *incident
	index    int // in the backlog, -1 when not in it
}

// taskSpec is what a job of an element is made of.
type taskSpec struct {
	kind    *expression
	retries *expression
	headers string // JSON
	fixed   []bpmn.Header
	user    []userHeader // of a user task: headers that are evaluated
}

func (c *compiler) task(el *bpmn.Element, n *node) {
	if _, isJob := n.behaviour.(jobBehaviour); !isJob {
		return
	}
	s := &taskSpec{fixed: el.Headers, headers: headersJSON(el.Headers), retries: &expression{source: "3"}}
	switch {
	case el.Type == bpmn.TypeUserTask:
		s.kind, s.retries, s.user = &expression{source: userTaskType}, &expression{source: "1"}, c.userHeaders(el)
	case el.Task != nil:
		s.kind = c.expression(el.Task.Place, el.Task.Type)
		if el.Task.Retries != "" {
			s.retries = c.expression(el.Task.Place, el.Task.Retries)
		}
	}
	n.task = s
}

// headersJSON leaves headers without key or value out, as Zeebe does; of equal keys the last counts.
func headersJSON(headers []bpmn.Header) string {
	var v variables
	for _, h := range headers {
		if h.Key != "" && h.Value != "" {
			v.set(h.Key, appendJSONString(nil, h.Value))
		}
	}
	return string(appendVisible(nil, &instance{vars: v}, nil))
}

// jobBehaviour is an element that a job worker does.
type jobBehaviour struct{}

func (jobBehaviour) enter(e *Engine, in *instance) *failure {
	s := in.node.task
	kind, f := s.kind.nonEmptyText(in)
	if f != nil {
		return f
	}
	retries, f := s.retries.integer(in)
	if f != nil {
		return f
	}
	headers, f := e.evaluateHeaders(s, in)
	if f != nil {
		return f
	}
	subs, f := e.prepare(in)
	if f != nil {
		return f
	}
	e.activated(in, subs)
	j := &job{key: e.state.key(), kind: kind, in: in, headers: headers, retries: int32(retries), index: -1}
	e.state.jobs[j.key], in.job = j, j
	e.offer(j)
	return nil
}

func (e *Engine) evaluateHeaders(s *taskSpec, in *instance) (string, *failure) {
	if len(s.user) == 0 {
		return s.headers, nil
	}
	all := slices.Clone(s.fixed)
	for _, h := range s.user {
		text, f := e.userHeader(&h, in)
		if f != nil {
			return "", f
		}
		all = append(all, bpmn.Header{Key: h.name, Value: text})
	}
	return headersJSON(all), nil
}

// dropJob forgets the job of an instance that ends.
func (e *Engine) dropJob(in *instance) {
	j := in.job
	if j == nil {
		return
	}
	in.job = nil
	delete(e.state.jobs, j.key)
	e.cancelAlarm(j.alarm)
	e.withdraw(j)
	if j.incident != nil {
		e.close(j.incident)
		j.incident = nil
	}
}

// jobFor finds the job of a command. what completes the sentence "Expected to ... with key".
func (e *Engine) jobFor(key int64, intent, what string) (*job, error) {
	j := e.state.jobs[key]
	if j == nil {
		return nil, notFound(intent, "Expected to %s with key '%d', but no such job was found", what, key)
	}
	return j, nil
}

// workableJob finds a job that a worker may still report on.
func (e *Engine) workableJob(key int64, intent, what string) (*job, error) {
	j, err := e.jobFor(key, intent, what)
	if err == nil && (j.state == jobFailed || j.state == jobErrorThrown) {
		err = invalidState(intent, "Expected to %s with key '%d', but it is in state '%s'", what, key, j.state)
	}
	return j, err
}

func (e *Engine) completeJob(key int64, vars variables) error {
	j, err := e.workableJob(key, "COMPLETE", "complete job")
	if err != nil {
		return err
	}
	in := j.in
	e.dropJob(in)
	in.payload = vars
	e.finish(in)
	return nil
}

func (e *Engine) failJob(key int64, retries int32, backOff int64, message string, vars variables) error {
	j, err := e.workableJob(key, "FAIL", "fail job")
	if err != nil {
		return err
	}
	j.retries = retries
	j.in.setLocal(&vars)
	e.cancelAlarm(j.alarm)
	e.withdraw(j)
	switch {
	case retries > 0 && backOff > 0:
		j.state = jobFailed
		j.alarm = e.at(e.now()+min(backOff, maxTTL), func(e *Engine) { e.offer(j) })
	case retries > 0:
		e.offer(j)
	default:
		j.state = jobFailed
		if message == "" {
			message = "No more retries left."
		}
		e.raiseForJob(j, &failure{kind: jobNoRetries, text: message})
	}
	return nil
}

func (e *Engine) throwJobError(key int64, code, message string, vars variables) error {
	j, err := e.workableJob(key, "THROW_ERROR", "throw an error for job")
	if err != nil {
		return err
	}
	found, known := findError(j.in, code)
	if found.catch != nil {
		e.dropJob(j.in)
		e.trigger(found.host, found.catch, vars)
		return nil
	}
	e.cancelAlarm(j.alarm)
	e.withdraw(j)
	j.state = jobErrorThrown
	e.raiseForJob(j, uncaught(code, message, known))
	return nil
}

func (e *Engine) updateRetries(key int64, retries int32) error {
	j, err := e.jobFor(key, "UPDATE_RETRIES", "update job")
	if err != nil {
		return err
	}
	if retries < 1 {
		return invalidArgument("UPDATE_RETRIES",
			"Expected to update retries for job with key '%d' with a positive amount of retries, but the amount given was '%d'", key, retries)
	}
	j.retries = retries
	return nil
}

func (e *Engine) updateTimeout(key, timeout int64) error {
	j, err := e.jobFor(key, "UPDATE_TIMEOUT", "update job")
	if err != nil {
		return err
	}
	if j.state != jobActivated {
		return invalidState("UPDATE_TIMEOUT", "Expected to update the timeout of job with key '%d', but it is not active", key)
	}
	e.setDeadline(j, timeout)
	return nil
}

func (e *Engine) setDeadline(j *job, timeout int64) {
	e.cancelAlarm(j.alarm)
	j.deadline = e.now() + min(timeout, maxTTL)
	attempt := j.attempt
	j.alarm = e.at(j.deadline, func(e *Engine) { e.yieldJob(j, attempt) })
}

// yieldJob gives an activation back, when it is still the current one: its time is over or it could not be delivered.
func (e *Engine) yieldJob(j *job, attempt int64) {
	if j.state == jobActivated && j.attempt == attempt && e.state.jobs[j.key] == j {
		e.offer(j)
	}
}
