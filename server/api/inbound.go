package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/engine/inbound"
	"patchbay/server/audit"
)

// Executables are the inbound connectors of a process; see inbound.Manager.
type Executables interface {
	Executables() []inbound.Status
	Executable(id string) (inbound.Status, error)
	Pause(id string) error
	Resume(id string) error
	Restart(id string) error
}

// executables serves the inbound connectors.
type executables struct {
	Executables
	recorder audit.Recorder
}

// action is something to do to an inbound connector.
type action struct {
	name    audit.Action
	do      func(id string) error
	summary string
}

func (x executables) actions() map[string]action {
	return map[string]action{
		"pause":   {audit.PauseInbound, x.Pause, "Halt a connector until it is resumed, also over a restart"},
		"resume":  {audit.ResumeInbound, x.Resume, "End a pause"},
		"restart": {audit.RestartInbound, x.Restart, "Start a connector anew, with fresh secrets"},
	}
}

func (x executables) register(api huma.API) {
	tags := []string{"inbound"}
	huma.Register(api, huma.Operation{OperationID: "list-inbound", Method: http.MethodGet, Path: "/api/v1/inbound", Tags: tags,
		Summary: "List the inbound connectors with their health and activity"}, x.list)
	huma.Register(api, huma.Operation{OperationID: "get-inbound", Method: http.MethodGet, Path: "/api/v1/inbound/{id}", Tags: tags,
		Summary: "Get one inbound connector", Errors: []int{404}}, x.get)
	for name, action := range x.actions() {
		huma.Register(api, huma.Operation{OperationID: name + "-inbound", Method: http.MethodPost, Path: "/api/v1/inbound/{id}/" + name, Tags: tags,
			Summary: action.summary, Errors: []int{404, 500}}, x.act(action))
	}
}

type inboundList struct {
	Body struct {
		Items []inbound.Status `json:"items"`
	}
}

func (x executables) list(context.Context, *struct{}) (*inboundList, error) {
	out := &inboundList{}
	out.Body.Items = x.Executables.Executables()
	return out, nil
}

type inboundItem struct{ Body inbound.Status }

func (x executables) get(_ context.Context, in *idInput) (*inboundItem, error) {
	status, err := x.Executable(in.ID)
	if err != nil {
		return nil, inboundProblem(err)
	}
	return &inboundItem{status}, nil
}

func (x executables) act(a action) func(context.Context, *idInput) (*inboundItem, error) {
	return func(ctx context.Context, in *idInput) (*inboundItem, error) {
		err := a.do(in.ID)
		x.recorder.Record(ctx, a.name, in.ID, err)
		if err != nil {
			return nil, inboundProblem(err)
		}
		return x.get(ctx, in)
	}
}

func inboundProblem(err error) error {
	if errors.Is(err, inbound.ErrUnknown) {
		return problem(http.StatusNotFound, err.Error())
	}
	return problem(http.StatusInternalServerError, err.Error())
}
