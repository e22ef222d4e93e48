// Package message sends messages to the workflow engine: the job type
// io.camunda:sendMessage:1, for message throw and end events and send tasks.
//
// The response is {messageKey, tenantId} and, after a correlation,
// processInstanceKey. A message to correlate that nothing waits for fails with
// the code NOT_FOUND.
//
// Correlating needs more than the gateway protocol: the embedded engine does it,
// and a cluster by its REST API, whose address is a setting (--rest-address).
// Without either, such a message is published without a time to live: it is
// correlated at once or dropped, and nobody is told which.
package message

import (
	"context"
	"errors"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// Input are the inputs of the job type io.camunda:sendMessage:1.
type Input struct {
	Name           string         `bind:"messageName,required" doc:"Name of the message."`
	CorrelationKey string         `bind:"correlationKey" doc:"Correlation key; empty for a message that starts a process."`
	Variables      map[string]any `bind:"variables" doc:"Variables that go with the message."`
	Correlation    correlation    `bind:"correlationType" doc:"Whether the message is kept until someone waits for it."`
	TenantID       string         `bind:"tenantId" doc:"Tenant; by default the process's own."`
	Timeout        time.Duration  `bind:"requestTimeout" doc:"How long to wait for the workflow engine; by default as long as the job's time allows."`
}

type correlation struct {
	Type      string        `bind:"type" enum:"publish correlate" default:"publish" doc:"publish keeps the message for its time to live, correlate needs someone who waits for it now."`
	TTL       time.Duration `bind:"timeToLive" default:"PT1H" when:"type=publish" doc:"How long the message is kept; one hour by default."`
	MessageID string        `bind:"messageId" when:"type=publish" doc:"Identifies the message, so that the same one is not published twice."`
}

// Protocol describes the protocol "message".
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:     "message",
		Doc:      "Publishes or correlates a message. The response is {messageKey, processInstanceKey, tenantId}.",
		JobTypes: []string{"io.camunda:sendMessage:1"},
		Input:    bind.New[Input],
		Response: []protocols.Named{
			{Name: "messageKey", Doc: "Key of the message."},
			{Name: "processInstanceKey", Doc: "After correlating: the process instance that was continued or started."},
			{Name: "tenantId", Doc: "Tenant that the message belongs to."},
		},
		Codes: []protocols.Named{
			{Name: "NOT_FOUND", Doc: "Nothing waits for the message that was to be correlated."},
			{Name: "ALREADY_EXISTS", Doc: "A message with this id was published before and is still kept."},
			{Name: "other gRPC codes", Doc: "What else the workflow engine answers, such as UNAVAILABLE or RESOURCE_EXHAUSTED."},
		},
		Outbound: func(host protocols.Host) (protocols.Outbound, error) { return &sender{host.Messages}, nil },
	}
}

// sender sends the messages.
type sender struct{ messages protocols.Messages }

// Idempotent reports whether the message has an id, by which the workflow
// engine knows a repetition.
func (s *sender) Idempotent(call protocols.Call) bool {
	c := call.Input.(*Input).Correlation
	return c.Type == "publish" && c.MessageID != ""
}

// Execute sends one message.
func (s *sender) Execute(ctx context.Context, call protocols.Call) (protocols.Output, error) {
	in := call.Input.(*Input)
	if s.messages == nil {
		return protocols.Output{}, &protocols.InputError{Message: "messages cannot be sent: there is no connection to a workflow engine"}
	}
	if in.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, in.Timeout)
		defer cancel()
	}
	m := in.message(call.TenantID)
	value := map[string]any{"tenantId": m.TenantID}
	key, instance, err := s.send(ctx, in.Correlation.Type, m)
	if err != nil {
		return protocols.Output{}, failure(err)
	}
	value["messageKey"] = key
	if instance != 0 {
		value["processInstanceKey"] = instance
	}
	return protocols.Output{Value: value}, nil
}

func (s *sender) send(ctx context.Context, how string, m protocols.Message) (key, instance int64, err error) {
	if correlator, ok := s.messages.(protocols.Correlator); ok && how == "correlate" {
		return correlator.Correlate(ctx, m)
	}
	key, err = s.messages.Publish(ctx, m)
	return key, 0, err
}

func (in *Input) message(tenantID string) protocols.Message {
	m := protocols.Message{Name: in.Name, CorrelationKey: in.CorrelationKey, TenantID: in.TenantID, Variables: in.Variables}
	if m.TenantID == "" {
		m.TenantID = tenantID
	}
	if m.Variables == nil {
		m.Variables = map[string]any{}
	}
	if in.Correlation.Type == "publish" {
		m.ID, m.TTL = in.Correlation.MessageID, in.Correlation.TTL
	}
	return m
}

// failure makes an error of one that the workflow engine's client returned,
// unless it is one already.
func failure(err error) error {
	var input *protocols.InputError
	var known *protocols.Error
	if errors.As(err, &input) || errors.As(err, &known) {
		return err
	}
	return &protocols.Error{Message: "send message: " + err.Error(), Temporary: true, Cause: err}
}

var (
	_ protocols.Outbound   = (*sender)(nil)
	_ protocols.Idempotent = (*sender)(nil)
)
