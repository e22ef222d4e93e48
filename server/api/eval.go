package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/engine/expr"
	"patchbay/protocols/value"
)

// evaluations serves the playground of jq and FEEL.
type evaluations struct {
	// slots bounds what is evaluated at a time; more wait for their turn.
	slots chan struct{}
}

const (
	// maxEvaluation is the largest request, in bytes.
	maxEvaluation = 4 << 20
	// maxEvaluations is how many run at a time.
	maxEvaluations = 4
)

// evalLimits are tighter than a connector's: what a person looks at is small.
var evalLimits = expr.Limits{Time: 2 * time.Second, Memory: 128 << 20, Value: 16 << 20, Result: 2 << 20}

func (e evaluations) register(api huma.API) {
	tags := []string{"expressions"}
	huma.Register(api, huma.Operation{OperationID: "evaluate", Method: http.MethodPost, Path: "/api/v1/eval", Tags: tags,
		Summary:      "Evaluate an expression: FEEL when it begins with =, else jq",
		Description:  "It is evaluated as patchbay eval does it, within tighter limits. An expression that does not compile or gives no result is an answer too, with the place of the error where it is known.",
		MaxBodyBytes: maxEvaluation, SkipValidateBody: true, Metadata: body[evalRequest](), Errors: []int{503}}, e.eval)
	huma.Register(api, huma.Operation{OperationID: "complete", Method: http.MethodPost, Path: "/api/v1/complete", Tags: tags,
		Summary:      "List what may stand at the caret of an expression",
		MaxBodyBytes: maxEvaluation, SkipValidateBody: true, Metadata: body[completeRequest](), Errors: []int{503}}, e.complete)
}

// rawInput is a body that the operation decodes itself, so that numbers keep
// their digits.
type rawInput struct {
	RawBody []byte `contentType:"application/json"`
}

// decode reads the body, whose members have to be known ones; its error is a
// problem.
func (in *rawInput) decode(into any) error {
	d := json.NewDecoder(bytes.NewReader(in.RawBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil && len(bytes.TrimSpace(in.RawBody[d.InputOffset():])) > 0 {
		err = errors.New("text follows the object")
	}
	if err != nil {
		return problem(http.StatusBadRequest, "the request is no JSON of the expected form: "+strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

type evalRequest struct {
	Expr    string          `json:"expr"`
	Context json.RawMessage `json:"context"`
}

// Evaluation is what became of an expression: a result, or an error.
type Evaluation struct {
	Language   expr.Language    `json:"language" enum:"jq,FEEL"`
	Result     json.RawMessage  `json:"result,omitempty"`
	Warnings   []string         `json:"warnings"`
	Error      *EvaluationError `json:"error,omitempty"`
	DurationMs float64          `json:"durationMs"`
}

// EvaluationError says why there is no result.
type EvaluationError struct {
	Message string `json:"message"`
	// Line and Column count from 1, columns in characters; 0 where the error
	// has no place in the expression.
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Hint   string `json:"hint,omitempty"`
	// In is "context" when the context is no JSON.
	In string `json:"in" enum:"expression,context"`
}

type evalOutput struct{ Body Evaluation }

func (e evaluations) eval(ctx context.Context, in *rawInput) (*evalOutput, error) {
	var request evalRequest
	if err := in.decode(&request); err != nil {
		return nil, err
	}
	leave, err := enter(ctx, e.slots)
	if err != nil {
		return nil, err
	}
	defer leave()
	return &evalOutput{evaluate(ctx, request)}, nil
}

func evaluate(ctx context.Context, r evalRequest) Evaluation {
	if len(r.Context) == 0 {
		r.Context = json.RawMessage("null")
	}
	started := time.Now()
	result, err := expr.EvalWithin(ctx, r.Expr, r.Context, evalLimits)
	answer := Evaluation{Language: expr.LanguageOf(r.Expr), Warnings: append([]string{}, result.Warnings...)}
	answer.DurationMs = float64(time.Since(started).Microseconds()) / 1000
	if err == nil {
		answer.Result, err = value.Append(nil, result.Value)
	}
	if err != nil {
		answer.Error = evaluationError(err)
	}
	return answer
}

func evaluationError(err error) *EvaluationError {
	var syntax *expr.SyntaxError
	var document *value.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return &EvaluationError{Message: syntax.Msg, Line: syntax.Line, Column: syntax.Column, Hint: syntax.Hint, In: "expression"}
	case errors.As(err, &document):
		return &EvaluationError{Message: err.Error(), In: "context"}
	}
	return &EvaluationError{Message: err.Error(), In: "expression"}
}

type completeRequest struct {
	// Before is the expression up to the caret.
	Before  string          `json:"before"`
	Context json.RawMessage `json:"context"`
}

type completeOutput struct {
	Body struct {
		Word  string            `json:"word" doc:"What stands before the caret and is replaced."`
		Items []expr.Completion `json:"items"`
	}
}

func (e evaluations) complete(ctx context.Context, in *rawInput) (*completeOutput, error) {
	var request completeRequest
	if err := in.decode(&request); err != nil {
		return nil, err
	}
	document, err := value.Decode(request.Context)
	if err != nil { // a context that is being typed completes nothing
		document = nil
	}
	leave, err := enter(ctx, e.slots)
	if err != nil {
		return nil, err
	}
	defer leave()
	out := &completeOutput{}
	out.Body.Word, out.Body.Items = expr.Complete(ctx, request.Before, document)
	out.Body.Items = append([]expr.Completion{}, out.Body.Items...)
	return out, nil
}
