package embedded

import (
	"cmp"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Correlate brings a message to what waits for it now and starts the processes that begin with it; it is never
// buffered. It returns the message's key and the key of the first instance that took it, as message correlation of
// Camunda's REST API v2 does. found is false when nobody waits for it. An error means that the variables, a JSON
// object or empty, are none.
func (e *Engine) Correlate(name, correlationKey, variables string) (key, processInstanceKey int64, found bool, err error) {
	vars, err := parseDocument(variables)
	if err != nil {
		return 0, 0, false, status.Errorf(codes.InvalidArgument, "message variables: %v", err)
	}
	e.do(func() {
		key, processInstanceKey = e.deliver(&message{key: e.state.key(), at: messageKey{name, correlationKey}, vars: vars})
	})
	return key, processInstanceKey, processInstanceKey != 0, nil
}

// deliver brings a message to everything that waits for it. taker is the instance that took it first, 0 if none did.
func (e *Engine) deliver(m *message) (key, taker int64) {
	store := &e.state.messages
	for _, s := range append([]*messageSub(nil), store.subs[m.at]...) {
		if !m.correlated[s.in.process.definition.id] {
			e.correlate(m, s)
			taker = cmp.Or(taker, s.in.process.key)
		}
	}
	for _, start := range store.starts[m.at.name] {
		if started := e.startByMessage(m, start); taker == 0 {
			taker = started
		}
	}
	return m.key, taker
}
