package zeebe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"

	"patchbay/protocols"
)

// Publish publishes a message and returns its key. Its error is a
// *protocols.Error with the gateway's code, or a *protocols.InputError when the
// variables are no JSON.
func (c *Client) Publish(ctx context.Context, m protocols.Message) (int64, error) {
	var variables []byte
	if len(m.Variables) > 0 {
		var err error
		if variables, err = json.Marshal(m.Variables); err != nil {
			return 0, &protocols.InputError{Path: "variables", Message: fmt.Sprintf("message variables: %v", err), Cause: err}
		}
	}
	r, err := c.gateway.PublishMessage(ctx, &pb.PublishMessageRequest{Name: m.Name, CorrelationKey: m.CorrelationKey, MessageId: m.ID,
		TenantId: m.TenantID, TimeToLive: m.TTL.Milliseconds(), Variables: string(variables)})
	if err != nil {
		return 0, asCallError(c.explain(err, "publish message %q", m.Name))
	}
	return r.Key, nil
}

// asCallError gives a command's error the form that job handling reads.
func asCallError(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	return &protocols.Error{Code: e.Code, Message: e.Error(), Temporary: e.Temporary(), Unsent: e.Unreached, Cause: e}
}

var _ protocols.Messages = (*Client)(nil)
