package zeebe

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unsafe"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"

	"patchbay/engine"
)

// CompleteJob ends a job; its variables go on to the output mapping.
func (c *Client) CompleteJob(ctx context.Context, key int64, variables json.RawMessage) error {
	_, err := c.gateway.CompleteJob(ctx, &pb.CompleteJobRequest{JobKey: key, Variables: text(variables)})
	if err != nil {
		return c.explain(err, "complete job %d", key)
	}
	return nil
}

// text is what variables hold, which nobody changes any more: they may have
// more than a megabyte.
func text(variables json.RawMessage) string {
	return unsafe.String(unsafe.SliceData(variables), len(variables))
}

// FailJob reports a failed attempt. Retries are those left from now on; with
// none the job gets an incident.
func (c *Client) FailJob(ctx context.Context, key int64, f engine.Fail) error {
	_, err := c.gateway.FailJob(ctx, &pb.FailJobRequest{JobKey: key, Retries: f.Retries, ErrorMessage: f.Message,
		RetryBackOff: f.Backoff.Milliseconds(), Variables: string(f.Variables)})
	if err != nil {
		return c.explain(err, "fail job %d", key)
	}
	return nil
}

// ThrowError throws a BPMN error for a job. That nobody catches it is no error
// here but an incident.
func (c *Client) ThrowError(ctx context.Context, key int64, e engine.ThrowError) error {
	_, err := c.gateway.ThrowError(ctx, &pb.ThrowErrorRequest{JobKey: key, ErrorCode: e.Code, ErrorMessage: e.Message, Variables: string(e.Variables)})
	if err != nil {
		return c.explain(err, "throw a BPMN error for job %d", key)
	}
	return nil
}

// UpdateJobTimeout makes the job's lock end timeout from now.
func (c *Client) UpdateJobTimeout(ctx context.Context, key int64, timeout time.Duration) error {
	_, err := c.gateway.UpdateJobTimeout(ctx, &pb.UpdateJobTimeoutRequest{JobKey: key, Timeout: timeout.Milliseconds()})
	return c.explain(err, "set the timeout of job %d", key)
}

// UpdateJobRetries sets how many retries a job has left.
func (c *Client) UpdateJobRetries(ctx context.Context, key int64, retries int32) error {
	_, err := c.gateway.UpdateJobRetries(ctx, &pb.UpdateJobRetriesRequest{JobKey: key, Retries: retries})
	return c.explain(err, "set the retries of job %d", key)
}

// send sends the command that an outcome asks for.
func (c *Client) send(ctx context.Context, key int64, outcome engine.Outcome) error {
	switch o := outcome.(type) {
	case engine.Complete:
		return c.CompleteJob(ctx, key, o.Variables)
	case engine.Fail:
		return c.FailJob(ctx, key, o)
	case giveBack:
		return c.FailJob(ctx, key, o.Fail)
	case engine.ThrowError:
		return c.ThrowError(ctx, key, o)
	}
	return fmt.Errorf("job %d: unknown outcome %T", key, outcome)
}
