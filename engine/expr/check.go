package expr

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/itchyny/gojq"

	"patchbay/protocols/value"
)

const (
	// maxIndex bounds array indices, since assigning to one fills the array.
	maxIndex = 1_000_000
	// maxText bounds texts that regular expressions yield matches of: a match
	// takes half a kilobyte.
	maxText = 512 << 10
	// regexpSize is about what a compiled regular expression takes.
	regexpSize = 16 << 10
)

// account keeps the books of one run of a jq program: it is the context that
// gojq asks before every instruction, which makes it the counter of steps, and
// the variable that the checks charge memory to.
type account struct {
	context.Context
	evaluation
	limits   Limits
	start    time.Time
	steps    int
	memory   int
	regexps  int
	unlooked int
	err      error
	done     <-chan struct{}
}

var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Done counts a step. It returns nil, on which nothing is ever received, until
// the run has to end.
func (a *account) Done() <-chan struct{} {
	if a.steps++; a.steps&255 == 0 {
		a.look()
	}
	return a.done
}

// Err returns why the run had to end.
func (a *account) Err() error { return a.err }

// look ends the run when its time or its steps are used up or nobody waits for
// it any more.
func (a *account) look() {
	a.unlooked = 0
	if err := a.Context.Err(); err != nil {
		a.stop(fmt.Errorf("stopped: %w", err))
	}
	if a.steps > a.limits.Steps {
		a.stop(fmt.Errorf("stopped after %d steps", a.limits.Steps))
	}
	if time.Since(a.start) > a.limits.Time {
		a.stop(fmt.Errorf("stopped after %s", a.limits.Time))
	}
}

func (a *account) stop(err error) error {
	if a.err == nil {
		a.err, a.done = err, closed
	}
	return a.err
}

// charge books bytes that are about to be used; it returns an error when they
// are too many, and then the run ends at the next step.
func (a *account) charge(n int) error {
	a.memory += n
	if a.unlooked += n; a.unlooked > 1<<20 {
		a.look()
	}
	if n > a.limits.Value {
		return a.stop(fmt.Errorf("a value is larger than %s", bytesText(a.limits.Value)))
	}
	if a.memory > a.limits.Memory {
		return a.stop(fmt.Errorf("more than %s were used", bytesText(a.limits.Memory)))
	}
	return a.err
}

// tree charges a value with all that it holds.
func (a *account) tree(v any) error {
	n, ok := value.Size(v, a.limits.Value)
	if !ok {
		return a.stop(fmt.Errorf("a value is nested deeper than %d", value.MaxDepth))
	}
	return a.charge(n)
}

// top charges a value without what it holds.
func (a *account) top(v any) error { return a.charge(topSize(v)) }

func topSize(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return 16 * len(v)
	case map[string]any:
		return 64 * len(v)
	case *big.Int:
		// Large numbers cost more than their memory: writing one takes the
		// square of its length.
		return v.BitLen() * 64
	}
	return 0
}

// product charges two operands for what joining, repeating, comparing or
// searching them may take.
func (a *account) product(x, y any) error {
	if err := errors.Join(a.tree(x), a.tree(y)); err != nil {
		return a.err
	}
	return a.charge(saturate(units(x), units(y)))
}

// units is how many of something a value is: its number for a number, which
// repeats a text, the bytes of a text, the elements of the rest.
func units(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any, map[string]any:
		n, _ := value.Size(v, 1<<30)
		return n / 16
	case *big.Int:
		return v.BitLen() / 8
	}
	return 0
}

func saturate(x, y int) int {
	if x > 0 && y > (1<<40)/x {
		return 1 << 40
	}
	return x * y
}

// repetition is how long a text gets that is multiplied by a number.
func repetition(x, y any) int {
	s, ok := x.(string)
	n, isNumber := gojq.ToFloat64(y)
	if !ok || !isNumber {
		return 0
	}
	return saturate(len(s), int(min(max(n, 0), 1<<40)))
}

// checks are the functions that the guard calls; run adapts them to gojq.
var checks = []struct {
	name  string
	arity int
	run   func(a *account, input any, args []any) (any, error)
}{
	{checkTree, 0, func(a *account, v any, _ []any) (any, error) { return v, a.tree(v) }},
	{checkTop, 0, func(a *account, v any, _ []any) (any, error) { return v, a.top(v) }},
	{checkPair, 2, func(a *account, _ any, args []any) (any, error) { return a.pair(args[0], args[1]) }},
	{checkAgainst, 1, func(a *account, v any, args []any) (any, error) { return args[0], a.against(v, args[0]) }},
	{checkIndex, 0, func(_ *account, v any, _ []any) (any, error) { return v, indexFits(v) }},
	{checkPath, 0, func(a *account, v any, _ []any) (any, error) { return v, a.path(v) }},
	{checkStream, 0, func(a *account, v any, _ []any) (any, error) { return v, a.stream(v) }},
	{checkRegexp, 0, func(a *account, v any, _ []any) (any, error) { return v, a.regexp() }},
	{checkText, 0, func(a *account, v any, _ []any) (any, error) { return v, a.text(v) }},
	{checkDigits, 0, func(_ *account, v any, _ []any) (any, error) { return v, digits(v) }},
	{checkJSON, 0, func(a *account, v any, _ []any) (any, error) { return v, a.json(v) }},
	{checkMatrix, 0, func(a *account, v any, _ []any) (any, error) { return v, a.matrix(v) }},
}

// digits refuses texts that become numbers with which nobody can calculate.
func digits(v any) error {
	if s, ok := v.(string); ok && len(s) > value.MaxDigits {
		return fmt.Errorf("a number has at most %d characters", value.MaxDigits)
	}
	return nil
}

// json charges a text that becomes a value, which takes a multiple of its
// size, and looks for numbers that are too long.
func (a *account) json(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	if err := a.charge(8 * len(s)); err != nil {
		return err
	}
	run := 0
	for i := range len(s) {
		if c := s[i]; c < '0' || c > '9' {
			run = 0
		} else if run++; run > value.MaxDigits {
			return fmt.Errorf("a number has at most %d characters", value.MaxDigits)
		}
	}
	return nil
}

func (a *account) pair(x, y any) (any, error) {
	if n := max(repetition(x, y), repetition(y, x)); n > 0 {
		return []any{x, y}, a.charge(n)
	}
	if scalar(x) || scalar(y) {
		return []any{x, y}, nil
	}
	return []any{x, y}, a.product(x, y)
}

func scalar(v any) bool {
	switch v.(type) {
	case nil, bool, int, float64:
		return true
	}
	return false
}

func (a *account) against(input, arg any) error {
	if s, ok := input.(string); ok {
		if err := a.charge(len(s)); err != nil {
			return err
		}
		return a.tree(arg)
	}
	if s, ok := arg.(string); ok {
		return a.charge(saturate(units(input), max(len(s), 1)))
	}
	return a.product(input, arg)
}

func indexFits(v any) error {
	if n, ok := gojq.ToFloat64(v); ok && n > maxIndex {
		return fmt.Errorf("an array index is at most %d", maxIndex)
	}
	return nil
}

func (a *account) path(v any) error {
	if err := a.tree(v); err != nil {
		return err
	}
	list, _ := v.([]any)
	for _, e := range list {
		if err := indexFits(e); err != nil {
			return err
		}
		if inner, ok := e.([]any); ok {
			for _, e := range inner {
				if err := indexFits(e); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (a *account) stream(v any) error {
	if event, ok := v.([]any); ok && len(event) > 0 {
		return a.path(event[0])
	}
	return nil
}

func (a *account) regexp() error {
	a.regexps++
	return a.charge(regexpSize)
}

func (a *account) text(v any) error {
	if s, ok := v.(string); ok && len(s) > maxText {
		return fmt.Errorf("regular expressions take texts of at most %d KiB here", maxText>>10)
	}
	return a.top(v)
}

func (a *account) matrix(v any) error {
	rows, _ := v.([]any)
	longest := 0
	for _, row := range rows {
		if row, ok := row.([]any); ok {
			longest = max(longest, len(row))
		}
	}
	return a.charge(saturate(16*len(rows), longest))
}

// checkOptions declares the checks to the compiler. An error of a check can be
// caught by the query, but what is used up stays so.
func checkOptions() []gojq.CompilerOption {
	options := make([]gojq.CompilerOption, len(checks))
	for i, c := range checks {
		options[i] = gojq.WithFunction(c.name, c.arity+1, c.arity+1, func(input any, args []any) any {
			v, err := c.run(args[c.arity].(*account), input, args[:c.arity])
			if err != nil {
				return err
			}
			return v
		})
	}
	return options
}
