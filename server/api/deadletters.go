package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/engine/inbound"
	"patchbay/server/audit"
)

// DeadLetters are the messages that no process accepted; see inbound.Manager.
type DeadLetters interface {
	DeadLetters(ctx context.Context, after int64, limit int) ([]inbound.DeadLetter, error)
	Replay(ctx context.Context, id int64) error
	Discard(ctx context.Context, id int64) error
}

// deadLetters serves them.
type deadLetters struct {
	DeadLetters
	recorder audit.Recorder
}

func (d deadLetters) register(api huma.API) {
	tags := []string{"dead letters"}
	huma.Register(api, huma.Operation{OperationID: "list-dead-letters", Method: http.MethodGet, Path: "/api/v1/dead-letters", Tags: tags,
		Summary: "List messages that no process accepted, the oldest first", Errors: []int{422, 500}}, d.list)
	huma.Register(api, huma.Operation{OperationID: "replay-dead-letter", Method: http.MethodPost, Path: "/api/v1/dead-letters/{id}/replay", Tags: tags,
		Summary: "Hand a message to its connector once more", DefaultStatus: http.StatusNoContent, Errors: []int{404, 409, 422, 500}}, d.act(audit.Replay, DeadLetters.Replay))
	huma.Register(api, huma.Operation{OperationID: "discard-dead-letter", Method: http.MethodDelete, Path: "/api/v1/dead-letters/{id}", Tags: tags,
		Summary: "Drop a message for good", DefaultStatus: http.StatusNoContent, Errors: []int{404, 422, 500}}, d.act(audit.DiscardLetter, DeadLetters.Discard))
}

type deadLettersInput struct {
	After int64 `query:"after" minimum:"0" doc:"Only letters with a higher id: the next of the page before."`
	Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type deadLettersOutput struct {
	Body struct {
		Items []inbound.DeadLetter `json:"items"`
		Next  string               `json:"next,omitempty" doc:"What to ask for as after to get the next page; absent on the last one."`
	}
}

func (d deadLetters) list(ctx context.Context, in *deadLettersInput) (*deadLettersOutput, error) {
	list, err := d.DeadLetters.DeadLetters(ctx, in.After, in.Limit)
	if err != nil {
		return nil, readProblem(err)
	}
	out := &deadLettersOutput{}
	out.Body.Items = list
	if len(list) == in.Limit {
		out.Body.Next = strconv.FormatInt(list[len(list)-1].ID, 10)
	}
	return out, nil
}

type letterInput struct {
	ID int64 `path:"id" minimum:"1" doc:"Id of a dead letter."`
}

func (d deadLetters) act(action audit.Action, do func(DeadLetters, context.Context, int64) error) func(context.Context, *letterInput) (*struct{}, error) {
	return func(ctx context.Context, in *letterInput) (*struct{}, error) {
		err := do(d.DeadLetters, ctx, in.ID)
		d.recorder.Record(ctx, action, strconv.FormatInt(in.ID, 10), err)
		if err != nil {
			return nil, letterProblem(err)
		}
		return nil, nil
	}
}

func letterProblem(err error) error {
	var failed *inbound.ReplayError
	switch {
	case errors.Is(err, inbound.ErrUnknownLetter):
		return problem(http.StatusNotFound, err.Error())
	case errors.Is(err, inbound.ErrBusy), errors.Is(err, inbound.ErrUnknown), errors.As(err, &failed):
		return problem(http.StatusConflict, err.Error())
	}
	return problem(http.StatusInternalServerError, err.Error())
}
