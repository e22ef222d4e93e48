package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"patchbay/engine/expr"
	"patchbay/protocols/value"
)

type evalCmd struct {
	Expression string `arg:"" optional:"" help:"FEEL when it begins with =, else jq."`
	Context    string `placeholder:"JSON|@FILE" help:"What the expression sees: jq's \".\" or FEEL's variables."`
	Batch      string `placeholder:"FILE|-" help:"Evaluate lines of {\"expr\",\"context\"} and print a line each: {\"result\"[,\"warnings\"]} or {\"error\"}."`
}

func (evalCmd) Help() string {
	return `Examples:
  patchbay eval '.items | map(.price) | add' --context '{"items":[{"price":2},{"price":3}]}'
  patchbay eval '=sum(items.price)' --context @order.json`
}

func (c *evalCmd) Run(ctx context.Context, s Streams) error {
	switch {
	case c.Batch != "" && c.Expression != "":
		return usage(fmt.Errorf("eval: give an expression or --batch, not both"))
	case c.Batch != "":
		return c.batch(ctx, s)
	case c.Expression == "":
		return usage(fmt.Errorf("eval: an expression is missing, such as '.a + 1' (jq) or '=a + 1' (FEEL)"))
	}
	document := []byte("null")
	if c.Context != "" {
		var err error
		if document, err = inlineOrFile(c.Context); err != nil {
			return usage(fmt.Errorf("--context: %w", err))
		}
	}
	result, err := expr.Eval(ctx, c.Expression, document)
	for _, w := range result.Warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", w)
	}
	if err != nil {
		return withCaret(err)
	}
	line, err := value.Append(nil, result.Value)
	if err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	_, err = s.Out.Write(append(line, '\n'))
	return err
}

// withCaret adds the line of a syntax error with a caret under the place.
func withCaret(err error) error {
	var syntax *expr.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	return fmt.Errorf("%w\n%s", err, syntax.Caret())
}

// maxBatchLine is the longest line of a batch, in bytes.
const maxBatchLine = 16 << 20

func (c *evalCmd) batch(ctx context.Context, s Streams) error {
	in := s.In
	if c.Batch != "-" {
		data, err := readFile(c.Batch)
		if err != nil {
			return err
		}
		in = bytes.NewReader(data)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxBatchLine)
	out := bufio.NewWriter(s.Out)
	defer out.Flush()
	for n := 1; lines.Scan() && ctx.Err() == nil; n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		if err := writeAnswer(out, evalLine(ctx, lines.Bytes())); err != nil {
			return fmt.Errorf("batch line %d: %w", n, err)
		}
		if c.Batch == "-" { // who writes the lines may wait for each answer
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the batch: %w", err)
	}
	return ctx.Err()
}

// evalLine evaluates one line of a batch and returns its answer.
func evalLine(ctx context.Context, line []byte) map[string]any {
	var request struct {
		Expr    *string         `json:"expr"`
		Context json.RawMessage `json:"context"`
	}
	if err := decodeJSON(line, &request); err != nil {
		return map[string]any{"error": err.Error()}
	}
	if request.Expr == nil {
		return map[string]any{"error": `expected {"expr": "...", "context": ...}`}
	}
	document := request.Context
	if len(document) == 0 {
		document = json.RawMessage("null")
	}
	result, err := expr.Eval(ctx, *request.Expr, document)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	answer := map[string]any{"result": result.Value}
	if len(result.Warnings) > 0 {
		answer["warnings"] = result.Warnings
	}
	return answer
}

func writeAnswer(w io.Writer, answer map[string]any) error {
	if list, ok := answer["warnings"].([]string); ok {
		texts := make([]any, len(list))
		for i, text := range list {
			texts[i] = text
		}
		answer["warnings"] = texts
	}
	line, err := value.Append(nil, answer)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
