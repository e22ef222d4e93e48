package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/server/audit"
)

// AuditLog is where changes are noted and looked up; see audit.Log.
type AuditLog interface {
	audit.Recorder
	List(ctx context.Context, before int64, limit int) ([]audit.Entry, error)
}

// auditLog serves the audit log.
type auditLog struct{ AuditLog }

func (l auditLog) register(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-audit", Method: http.MethodGet, Path: "/api/v1/audit", Tags: []string{"audit"},
		Summary: "List who changed what, the newest first", Errors: []int{422, 500}}, l.list)
}

type auditInput struct {
	Before int64 `query:"before" minimum:"1" doc:"Only entries with a smaller seq: the next of the page before."`
	Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type auditOutput struct {
	Body struct {
		Items []audit.Entry `json:"items"`
		Next  int64         `json:"next,omitempty" doc:"What to ask for as before to get the next page; absent on the last one."`
	}
}

func (l auditLog) list(ctx context.Context, in *auditInput) (*auditOutput, error) {
	list, err := l.List(ctx, in.Before, in.Limit)
	if err != nil {
		return nil, readProblem(err)
	}
	out := &auditOutput{}
	out.Body.Items = list
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].Seq
	}
	return out, nil
}
