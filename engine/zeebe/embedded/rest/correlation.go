package rest

import (
	"encoding/json"
	"net/http"
)

// correlation is the body of POST /v2/messages/correlation.
type correlation struct {
	Name           string          `json:"name"`
	CorrelationKey string          `json:"correlationKey"`
	Variables      json.RawMessage `json:"variables"`
	TenantID       string          `json:"tenantId"`
}

// correlate answers with the instance that took the message first, or 404 when nobody waits for it.
func (h *handler) correlate(w http.ResponseWriter, r *http.Request) {
	var c correlation
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4*maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		fail(w, r, http.StatusBadRequest, "%v", bodyError(err))
		return
	}
	switch {
	case c.Name == "":
		fail(w, r, http.StatusBadRequest, "No messageName provided.")
		return
	case c.TenantID != "" && c.TenantID != tenant:
		fail(w, r, http.StatusBadRequest, "Expected to handle request Correlate Message with tenant identifier '%s', but multi-tenancy is disabled", c.TenantID)
		return
	}
	message, instance, found, err := h.engine.Correlate(c.Name, c.CorrelationKey, string(c.Variables))
	switch {
	case err != nil:
		fail(w, r, http.StatusBadRequest, "%v", err)
	case !found:
		fail(w, r, http.StatusNotFound, "Command 'CORRELATE' rejected with code 'NOT_FOUND': Expected to find subscription for message with name '%s' and correlation key '%s', but none was found.",
			c.Name, c.CorrelationKey)
	default:
		write(w, http.StatusOK, "application/json", map[string]any{"tenantId": tenant, "messageKey": key(message), "processInstanceKey": key(instance)})
	}
}
