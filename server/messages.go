package server

import (
	"context"
	"encoding/json"
	"fmt"

	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/embedded"
	"patchbay/protocols"
)

// correlating publishes messages over the gateway protocol, which cannot
// correlate, and correlates them elsewhere.
type correlating struct {
	*zeebe.Client
	protocols.Correlator
}

// messages is how this process sends messages to the workflow engine.
func (s *Server) messages() protocols.Messages {
	switch {
	case s.engine != nil:
		return correlating{s.client, embeddedCorrelator{s.engine}}
	case s.sources.rest != nil:
		return correlating{s.client, s.sources.rest}
	}
	return s.client
}

// embeddedCorrelator correlates messages in an embedded engine, as Camunda's
// REST API does in a cluster.
type embeddedCorrelator struct{ engine *embedded.Engine }

const defaultTenant = "<default>"

// Correlate implements protocols.Correlator.
func (c embeddedCorrelator) Correlate(_ context.Context, m protocols.Message) (key, processInstanceKey int64, err error) {
	if m.TenantID != "" && m.TenantID != defaultTenant {
		return 0, 0, &protocols.InputError{Path: "tenantId", Message: fmt.Sprintf("the embedded engine has no tenant %q", m.TenantID)}
	}
	variables, err := json.Marshal(m.Variables)
	if err != nil {
		return 0, 0, &protocols.InputError{Path: "variables", Message: fmt.Sprintf("message variables: %v", err), Cause: err}
	}
	key, instance, found, err := c.engine.Correlate(m.Name, m.CorrelationKey, string(variables))
	switch {
	case err != nil:
		return 0, 0, &protocols.InputError{Path: "variables", Message: err.Error(), Cause: err}
	case !found:
		return 0, 0, &protocols.Error{Code: "NOT_FOUND", Message: fmt.Sprintf(
			"correlate message %q: nothing waits for it with the correlation key %q", m.Name, m.CorrelationKey)}
	}
	return key, instance, nil
}

var (
	_ protocols.Messages   = correlating{}
	_ protocols.Correlator = correlating{}
)
