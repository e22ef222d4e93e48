package protocols

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
)

// Inbound listens for one executable: an activated inbound connector, which may
// serve several elements of a process definition and all its instances.
type Inbound interface {
	// Receive listens until ctx ends, then returns nil once nothing of its own
	// runs any more. It calls handle for every event and acknowledges the event
	// to its source only after handle has returned a nil error. It returns an
	// error when it cannot go on (the broker is away, the properties are
	// wrong); the engine reports the executable DOWN with that text and calls
	// Receive again after a back-off, for ever. Ready is to be called as soon
	// as it listens.
	Receive(ctx context.Context, ready func(), handle Handler) error
}

// Sampler is implemented by an Inbound that takes an event which somebody made
// up, so that a template can be tried before anything is deployed.
type Sampler interface {
	// Sample hands on one event as Receive would, and is called in its place.
	// sample is a JSON object with the members that Protocol.Sample names (see
	// DecodeSample); secrets in it are those of the trial. The answer is what
	// the event's sender would get, nil if none gets any. The error is the
	// handler's, or says why no event came of the sample.
	Sample(ctx context.Context, sample []byte, handle Handler) (*Answer, error)
}

// Answer is what the sender of an event gets over HTTP.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// DecodeSample reads the JSON object of a Sampler. A member that the struct does
// not have is an *InputError.
func DecodeSample(sample []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(sample))
	d.UseNumber()
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		return nil
	}
	path, text := "event", strings.TrimPrefix(err.Error(), "json: ")
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		path = strings.TrimSuffix("event."+wrong.Field, ".")
		text = fmt.Sprintf("expected %s but got %s", sampleTypes[wrong.Type.Kind()], wrong.Value)
	}
	if name, unknown := strings.CutPrefix(text, "unknown field "); unknown {
		text = name + " is not known here"
	}
	return &InputError{Path: path, Message: text, Cause: err}
}

// sampleTypes are what the members of samples are called in JSON.
var sampleTypes = map[reflect.Kind]string{reflect.Struct: "an object", reflect.Map: "an object", reflect.String: "a text", reflect.Bool: "true or false"}

// SampleBody returns the bytes of a member that holds a body: those of a JSON
// string are its text, any other value is JSON; null and nothing have none.
func SampleBody(member json.RawMessage) []byte {
	var text *string
	switch err := json.Unmarshal(member, &text); {
	case len(member) == 0 || err == nil && text == nil:
		return nil
	case err == nil:
		return []byte(*text)
	}
	return member
}

// Handler correlates one event: activation conditions choose the element, its
// mappings make the variables, and the workflow engine has accepted the command
// when the handler returns without an error. What became of the event is noted in
// the executable's activity by then. It is safe for many goroutines.
//
// The error is a *Rejected when no repetition can help. After any other error
// the same event may be handled again; when that error is an *Error, its Code
// is the workflow engine's gRPC code ("UNAVAILABLE", "RESOURCE_EXHAUSTED"), and
// its RetryAfter, if not 0, is how long to wait.
type Handler func(ctx context.Context, e Event) (Correlation, error)

// Event is what arrived.
type Event struct {
	// Value is what expressions see as `.`, as JSON: a webhook's
	// {request: {...}}, a message's {message: {...}}, a poll's response.
	Value any
	// MessageID makes a repetition of the same event harmless; the element's
	// messageIdExpression wins over it. Empty means none.
	MessageID string
	// Delivery says whether the same event may come again. The workflow engine
	// knows the ids of messages, but starts an instance as often as it is told
	// to: of events that come again the host remembers which have started one.
	Delivery Delivery
	// ElementInstanceKey, when not 0, says for which waiting instance a poll
	// was made.
	ElementInstanceKey int64
	// Complete, when not nil, is called once an activation condition has been
	// met, to add what is costly, such as stored documents; its result takes
	// Value's place.
	Complete func(ctx context.Context) (any, error)
}

// Delivery is what a source knows of its repetitions of an event.
type Delivery int

// The deliveries.
const (
	// DeliveredOnce events never come again, or the source drops repetitions
	// itself.
	DeliveredOnce Delivery = iota
	// DeliveredFirst events come for the first time, and again until the source
	// has heard that they are accepted.
	DeliveredFirst
	// DeliveredAgain events have come before, or may have.
	DeliveredAgain
)

// Correlation says what an event did.
type Correlation struct {
	// Matched is false when no activation condition was met and the element's
	// author wants such events consumed.
	Matched bool
	// Duplicate means that the workflow engine had seen the message id before.
	Duplicate bool
	// ProcessInstanceKey is the created or continued instance, 0 if not known;
	// MessageKey is the published message, 0 if none was published.
	ProcessInstanceKey, MessageKey int64
	TenantID                       string
	// Variables are the result of a synchronous start.
	Variables map[string]any
	// Element is the element that was chosen.
	Element ElementRef
	// Properties are the chosen element's properties, nested and with secrets
	// resolved, for what is evaluated after correlation.
	Properties map[string]any
}

// ElementRef names an element of a process definition.
type ElementRef struct {
	BpmnProcessID        string `json:"bpmnProcessId"`
	Version              int32  `json:"version"`
	ProcessDefinitionKey int64  `json:"processDefinitionKey,string"`
	ElementID            string `json:"elementId"`
	ElementName          string `json:"elementName,omitempty"`
	ElementType          string `json:"elementType"`
	// WaitsAt is the element whose active instances wait for the event, when
	// it is another one: the activity that a boundary event is attached to,
	// or the event-based gateway before a catch event.
	WaitsAt  string `json:"waitsAt,omitempty"`
	TenantID string `json:"tenantId,omitempty"`
}

// The codes of a Rejected that are not gRPC codes.
const (
	// CodeConditionNotMet means that no activation condition was met.
	CodeConditionNotMet = "ACTIVATION_CONDITION_NOT_MET"
	// CodeInvalidInput means that the event does not give what the element
	// needs, such as a correlation key.
	CodeInvalidInput = "INVALID_INPUT"
)

// Rejected is an event that will never be accepted: no activation condition is
// met, the correlation key is missing, a mapping has the wrong shape, or the
// workflow engine refuses the command for good.
type Rejected struct {
	// Code is a word for programs: CodeConditionNotMet, CodeInvalidInput, or
	// a gRPC code such as "INVALID_ARGUMENT".
	Code string
	// Message is one line, without secrets.
	Message string
	// Cause is what lies below; it may be nil.
	Cause error
}

// Error returns the message.
func (r *Rejected) Error() string { return r.Message }

// Unwrap returns the cause.
func (r *Rejected) Unwrap() error { return r.Cause }

// InboundHost is what an inbound connector gets beyond a Host.
//
// The properties that it is opened with are the element's zeebe:property
// entries, nested by the dots in their names, with secrets resolved and bound by
// package bind, but not evaluated: a protocol evaluates those that may be
// expressions, because only it knows when and over what.
type InboundHost struct {
	Host
	// ID names the executable; it is stable while its configuration is.
	ID string
	// Name is for what lasts at a broker, such as a consumer group: it is the
	// same in all versions of the process that listen to the same. Two
	// executables of one process may have it for a while, during a change of
	// versions and as long as instances of an older one wait.
	Name string
	// Elements are the elements that it serves when it is opened, sorted.
	// Current returns those that it serves now: new versions may come and old
	// ones go without a restart.
	Elements []ElementRef
	Current  func() []ElementRef
	// Activity notes what an operator should see in the executable's activity.
	Activity Activity
	// Observe, when not nil, is told of the exchanges with the outside, as in
	// Call.
	Observe func(Exchange)
	// Evaluate evaluates a property's expression (FEEL when it begins with
	// "=", else jq) over a value; "." and the top-level names are the value's.
	// It is safe for many goroutines. Evaluated text is compiled once.
	Evaluate func(ctx context.Context, source string, value any) (any, error)
	// Paths is where webhooks are served; nil if there is no HTTP server.
	Paths Paths
	// Instances finds instances that wait at an element; nil if that is not
	// known.
	Instances Instances
	// Cursor is a small durable state of the executable's own; nil if there is
	// no store.
	Cursor Cursor
	// DeadLetters keeps messages that will never be accepted; nil if there is
	// no store.
	DeadLetters DeadLetters
}

// Activity is an executable's log for operators.
type Activity interface {
	// Note adds an entry; tag is a word such as "Consumer", data may be nil.
	Note(severity, tag, message string, data map[string]any)
}

// Paths serves webhooks below /inbound/.
type Paths interface {
	// Handle serves path, relative to /inbound/ and without a slash at either
	// end, until remove is called. Several handlers may share a path; see
	// package webhook for how one is chosen. It fails on a path that no
	// request could have.
	Handle(path string, h http.Handler) (remove func(), err error)
}

// WaitingInstance is an instance that waits at an element.
type WaitingInstance struct {
	ElementInstanceKey, ProcessInstanceKey int64
	// Variables are all that the element sees.
	Variables map[string]any
}

// Instances finds waiting instances.
type Instances interface {
	// Waiting returns the instances that are active at an element now. For a
	// boundary event it is the activity that it is attached to that counts.
	Waiting(ctx context.Context, element ElementRef) ([]WaitingInstance, error)
}

// Cursor is a durable value, at most 64 KiB of JSON.
type Cursor interface {
	Load(ctx context.Context) (any, error)
	Save(ctx context.Context, value any) error
}
