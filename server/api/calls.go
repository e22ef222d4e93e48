package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Calls are the recent attempts at jobs, newest first.
type Calls interface {
	Recent(CallQuery) []Call
}

// Call is one attempt at a job. Secrets are masked in it.
type Call struct {
	// Seq grows with every call since the server started.
	Seq                int64     `json:"seq"`
	Time               time.Time `json:"time" doc:"When it ended."`
	JobKey             int64     `json:"jobKey,string"`
	JobType            string    `json:"jobType"`
	Element            string    `json:"element"`
	Process            string    `json:"process"`
	ProcessInstanceKey int64     `json:"processInstanceKey,string"`
	Protocol           string    `json:"protocol,omitempty"`
	Template           string    `json:"template,omitempty"`
	TemplateVersion    int64     `json:"templateVersion,omitempty"`
	// Status is the last HTTP status that came; 0 if none did.
	Status     int     `json:"status,omitempty"`
	DurationMs float64 `json:"durationMs"`
	Attempts   int     `json:"attempts"`
	// Outcome is completed, failed, bpmnError or givenBack.
	Outcome string     `json:"outcome" enum:"completed,failed,bpmnError,givenBack"`
	Retries int32      `json:"retries,omitempty" doc:"What a failed job has left."`
	Error   *CallError `json:"error,omitempty"`
	// Decision is what the error expression decided, or empty.
	Decision string   `json:"decision,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Exchanges are there when the server keeps them: --call-bodies.
	Exchanges []CallExchange `json:"exchanges,omitempty"`
}

// CallError is what went wrong in a call.
type CallError struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Reason  string `json:"reason,omitempty"`
}

// CallExchange is a request as it was sent, and its answer.
type CallExchange struct {
	Method          string      `json:"method"`
	URL             string      `json:"url"`
	RequestHeaders  http.Header `json:"requestHeaders,omitempty"`
	RequestBody     string      `json:"requestBody,omitempty"`
	Status          int         `json:"status,omitempty"`
	ResponseHeaders http.Header `json:"responseHeaders,omitempty"`
	ResponseBody    string      `json:"responseBody,omitempty"`
	DurationMs      float64     `json:"durationMs"`
	Error           string      `json:"error,omitempty"`
}

// CallQuery says which calls are listed; empty fields do not matter.
type CallQuery struct {
	Text     string `query:"text" doc:"Part of the process, element, template, job type, key, error code or message; case does not matter."`
	Protocol string `query:"protocol"`
	Outcome  string `query:"outcome" enum:"completed,failed,bpmnError,givenBack"`
	Errors   bool   `query:"errors" doc:"Only those in which something went wrong."`
	After    int64  `query:"after" minimum:"0" doc:"Only those with a higher seq."`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// calls serves them.
type calls struct{ Calls }

func (c calls) register(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-calls", Method: http.MethodGet, Path: "/api/v1/calls", Tags: []string{"calls"},
		Summary: "List the recent calls of outbound connectors, newest first", Description: "They are kept in memory, a bounded number of them, by each replica."}, c.list)
}

type callList struct {
	Body struct {
		Items []Call `json:"items"`
	}
}

func (c calls) list(_ context.Context, in *CallQuery) (*callList, error) {
	out := &callList{}
	out.Body.Items = append([]Call{}, c.Recent(*in)...)
	return out, nil
}
