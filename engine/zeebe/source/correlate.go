package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"patchbay/protocols"
)

// DefinitionXML reads the file of any definition by its key.
func (r *REST) DefinitionXML(ctx context.Context, key int64) ([]byte, error) {
	return r.api.definitionXML(ctx, key)
}

// DefinitionXML reads the file of any definition by its key.
func (o *Operate) DefinitionXML(ctx context.Context, key int64) ([]byte, error) {
	return o.api.definitionXML(ctx, key)
}

// Correlate implements protocols.Correlator by POST /v2/messages/correlation
// (Camunda 8.6 and later): the message reaches what waits for it now, and is
// never buffered. An error is a *protocols.Error with the codes of the gateway
// protocol; NOT_FOUND means that nothing waits for the message.
func (r *REST) Correlate(ctx context.Context, m protocols.Message) (messageKey, processInstanceKey int64, err error) {
	request := map[string]any{"name": m.Name, "correlationKey": m.CorrelationKey, "variables": m.Variables}
	if m.TenantID != "" {
		request["tenantId"] = m.TenantID
	}
	var answer struct{ MessageKey, ProcessInstanceKey key }
	if err := r.api.post(ctx, "/messages/correlation", request, &answer); err != nil {
		return 0, 0, correlationError(m, err)
	}
	return int64(answer.MessageKey), int64(answer.ProcessInstanceKey), nil
}

// correlationCodes are the gateway protocol's names of HTTP statuses.
var correlationCodes = map[int]string{
	http.StatusBadRequest: "INVALID_ARGUMENT", http.StatusUnauthorized: "UNAUTHENTICATED", http.StatusForbidden: "PERMISSION_DENIED",
	http.StatusNotFound: "NOT_FOUND", http.StatusTooManyRequests: "RESOURCE_EXHAUSTED", http.StatusServiceUnavailable: "UNAVAILABLE",
	http.StatusGatewayTimeout: "DEADLINE_EXCEEDED",
}

func correlationError(m protocols.Message, err error) error {
	e := &protocols.Error{Code: "UNAVAILABLE", Message: fmt.Sprintf("correlate message %q: %v", m.Name, err), Temporary: true, Cause: err}
	var answered *statusError
	if errors.As(err, &answered) {
		e.Code, e.Status = correlationCodes[answered.status], answered.status
		if e.Code == "" {
			e.Code = strconv.Itoa(answered.status)
		}
		e.Temporary = answered.status >= 500 || answered.status == http.StatusTooManyRequests
	}
	return e
}

var _ protocols.Correlator = (*REST)(nil)
