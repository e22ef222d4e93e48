package inbound

import (
	"context"
	"net/http"

	"patchbay/engine/zeebe"
	"patchbay/protocols"
	"patchbay/protocols/value"
)

// The keys that a trial makes up.
const (
	trialInstance = 2251799813685250 + iota
	trialMessage
	trialElement
)

// CreateInstance implements Gateway.
func (t *trial) CreateInstance(_ context.Context, n zeebe.NewInstance) (zeebe.Instance, error) {
	decoded, err := value.Decode(n.Variables)
	variables, _ := decoded.(map[string]any)
	if len(n.Variables) == 0 {
		err = nil
	}
	t.command = &Command{Variables: variables}
	return zeebe.Instance{Key: trialInstance, ProcessID: n.ProcessID, Version: n.Version, TenantID: n.TenantID}, err
}

// CreateInstanceWithResult implements Gateway for a process that ends with the
// variables that it began with.
func (t *trial) CreateInstanceWithResult(ctx context.Context, n zeebe.NewInstance, _ ...string) (zeebe.Instance, error) {
	i, err := t.CreateInstance(ctx, n)
	i.Variables = n.Variables
	return i, err
}

// Publish implements Gateway.
func (t *trial) Publish(_ context.Context, m protocols.Message) (int64, error) {
	t.command = &Command{MessageName: m.Name, CorrelationKey: m.CorrelationKey, MessageID: m.ID, Variables: m.Variables}
	return trialMessage, nil
}

// Waiting implements protocols.Instances: one instance waits.
func (t *trial) Waiting(context.Context, protocols.ElementRef) ([]protocols.WaitingInstance, error) {
	return []protocols.WaitingInstance{{ElementInstanceKey: trialElement, ProcessInstanceKey: trialInstance, Variables: t.Variables}}, nil
}

// Handle implements protocols.Paths; no request comes.
func (*trial) Handle(string, http.Handler) (remove func(), err error) { return func() {}, nil }
