package embedded

// incidentKind is Zeebe's name of an incident's type.
type incidentKind string

const (
	conditionError      incidentKind = "CONDITION_ERROR"
	extractValueError   incidentKind = "EXTRACT_VALUE_ERROR"
	ioMappingError      incidentKind = "IO_MAPPING_ERROR"
	jobNoRetries        incidentKind = "JOB_NO_RETRIES"
	calledElementError  incidentKind = "CALLED_ELEMENT_ERROR"
	unhandledErrorEvent incidentKind = "UNHANDLED_ERROR_EVENT"
	messageSizeExceeded incidentKind = "MESSAGE_SIZE_EXCEEDED"
	formNotFound        incidentKind = "FORM_NOT_FOUND"
)

// incident is a step that could not go on.
type incident struct {
	key               int64
	in                *instance
	job               *job // of a job incident
	retry             op   // what resolving tries again, of an element incident
	kind              incidentKind
	text              string
	created, resolved int64
}

// maxIncidents bounds what is remembered of one process instance.
const maxIncidents = 1_000

func (e *Engine) raise(in *instance, f *failure, retry op) {
	in.incident = e.newIncident(in, f)
	in.incident.retry = retry
}

func (e *Engine) raiseForJob(j *job, f *failure) {
	i := e.newIncident(j.in, f)
	i.job, j.incident = j, i
}

func (e *Engine) newIncident(in *instance, f *failure) *incident {
	i := &incident{key: e.state.key(), in: in, kind: f.kind, text: f.text, created: e.now()}
	e.state.incidents[i.key] = i
	p := in.process
	if len(p.incidents) >= maxIncidents {
		p.incidents = append(p.incidents[:0], p.incidents[len(p.incidents)/2:]...)
	}
	p.incidents = append(p.incidents, i)
	e.options.Logger.Debug("incident", "element", in.node.id, "type", f.kind, "message", f.text)
	return i
}

func (e *Engine) close(i *incident) {
	i.resolved = e.now()
	delete(e.state.incidents, i.key)
}

// dropIncident closes the incident of an instance that ends.
func (e *Engine) dropIncident(in *instance) {
	if in.incident != nil {
		e.close(in.incident)
		in.incident = nil
	}
}

// resolve closes an incident and tries its step again.
func (e *Engine) resolve(key int64) error {
	i := e.state.incidents[key]
	if i == nil {
		return notFound("RESOLVE", "Expected to resolve incident with key '%d', but no such incident was found", key)
	}
	if i.job != nil {
		return e.resolveJob(i)
	}
	e.close(i)
	i.in.incident = nil
	e.push(step{op: i.retry, in: i.in})
	return nil
}

func (e *Engine) resolveJob(i *incident) error {
	j := i.job
	if i.kind == jobNoRetries && j.retries <= 0 {
		return invalidState("RESOLVE", "Expected to resolve incident with key '%d', but job with key '%d' has no retries left. "+
			"Please update the job retries and retry resolving the incident", i.key, j.key)
	}
	e.close(i)
	j.incident = nil
	e.offer(j)
	return nil
}
