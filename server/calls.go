package server

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"patchbay/engine"
	"patchbay/protocols"
	"patchbay/server/api"
)

// calls keeps the last attempts at jobs for operators who look at them. It is
// safe for concurrent use.
type calls struct {
	mu   sync.Mutex
	ring []api.Call // in the order of seq, from seq modulo its length
	last int64
}

// maxCalls is how many are kept, maxCallBody how much of a body, in bytes.
const (
	maxCalls    = 1000
	maxCallBody = 4 << 10
)

func newCalls() *calls { return &calls{ring: make([]api.Call, maxCalls)} }

// add keeps a call in place of the oldest.
func (c *calls) add(call api.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	call.Seq = c.last
	c.ring[call.Seq%int64(len(c.ring))] = call
}

// Recent implements api.Calls.
func (c *calls) Recent(q api.CallQuery) []api.Call {
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	q.Text = strings.ToLower(q.Text)
	var list []api.Call
	for _, call := range c.newest(q.After) {
		if len(list) == limit {
			break
		}
		if shows(q, call) {
			list = append(list, call)
		}
	}
	return list
}

// newest copies the calls after seq, newest first.
func (c *calls) newest(after int64) []api.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := int64(len(c.ring))
	var list []api.Call
	for seq := c.last; seq > max(after, c.last-size); seq-- {
		list = append(list, c.ring[seq%size])
	}
	return list
}

func shows(q api.CallQuery, c api.Call) bool {
	return (q.Protocol == "" || q.Protocol == c.Protocol) && (q.Outcome == "" || q.Outcome == c.Outcome) &&
		(!q.Errors || c.Error != nil || c.Outcome == "failed") && (q.Text == "" || slices.ContainsFunc(callTexts(c), func(s string) bool {
		return strings.Contains(strings.ToLower(s), q.Text)
	}))
}

// callTexts are what a search looks through.
func callTexts(c api.Call) []string {
	list := []string{c.Process, c.Element, c.Template, c.JobType, strconv.FormatInt(c.JobKey, 10), strconv.FormatInt(c.ProcessInstanceKey, 10)}
	if c.Error != nil {
		list = append(list, c.Error.Code, c.Error.Message)
	}
	return list
}

// callOf tells of an attempt what calls keeps.
func callOf(r *engine.Record, template string, version int64) api.Call {
	c := api.Call{
		Time: r.Started.Add(r.Duration), JobKey: r.Job.Key, JobType: r.Job.Type, Element: r.Job.ElementID, Process: r.Job.BpmnProcessID,
		ProcessInstanceKey: r.Job.ProcessInstanceKey, Protocol: r.Protocol, Template: template, TemplateVersion: version, Status: r.Status,
		DurationMs: float64(r.Duration.Microseconds()) / 1000, Attempts: r.Attempts, Decision: r.Decision, Outcome: "givenBack",
	}
	switch o := r.Outcome.(type) {
	case engine.Complete:
		c.Outcome = "completed"
	case engine.ThrowError:
		c.Outcome = "bpmnError"
	case engine.Fail:
		c.Outcome, c.Retries = "failed", o.Retries
	}
	if r.Error != nil {
		c.Error = &api.CallError{Code: r.Error.Code, Message: r.Error.Message, Reason: r.Error.Reason}
	}
	for _, w := range r.Warnings {
		c.Warnings = append(c.Warnings, w.Slot+": "+w.Text)
	}
	if r.Details != nil {
		for _, e := range r.Details.Exchanges {
			x := exchangeOf(e)
			x.RequestBody, x.ResponseBody = cutBody(x.RequestBody), cutBody(x.ResponseBody)
			c.Exchanges = append(c.Exchanges, x)
		}
	}
	return c
}

// exchangeOf tells of an exchange what the API does.
func exchangeOf(e protocols.Exchange) api.CallExchange {
	x := api.CallExchange{Method: e.Method, URL: e.URL, RequestHeaders: e.RequestHeaders, RequestBody: string(e.RequestBody), Status: e.Status,
		ResponseHeaders: e.ResponseHeaders, ResponseBody: string(e.ResponseBody), DurationMs: float64(e.Duration) / float64(time.Millisecond)}
	if e.Err != nil {
		x.Error = e.Err.Error()
	}
	return x
}

func cutBody(body string) string {
	if len(body) <= maxCallBody {
		return body
	}
	return strings.ToValidUTF8(body[:maxCallBody], "") + "…"
}

var _ api.Calls = (*calls)(nil)
