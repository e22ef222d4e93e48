package expr

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError is an expression that does not compile.
type SyntaxError struct {
	// Slot is the slot's name; empty outside of connectors.
	Slot string
	// Source is the whole expression.
	Source string
	// Line and Column are where it stopped making sense, from 1, counted in
	// characters of Source.
	Line, Column int
	// Msg says what is wrong.
	Msg string
	// Hint says what to do about it; it may be empty.
	Hint string
}

// Error returns one line: slot, place, what is wrong and what to do.
func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Msg)
	if e.Slot != "" {
		text = e.Slot + ":" + text
	}
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Caret returns the line of the source with a caret under the column, as two
// lines; long lines are cut to what is near the column.
func (e *SyntaxError) Caret() string {
	lines := strings.Split(e.Source, "\n")
	if e.Line < 1 || e.Line > len(lines) {
		return ""
	}
	line := []rune(strings.TrimRight(lines[e.Line-1], "\r"))
	column := min(max(e.Column-1, 0), len(line))
	const before, after = 40, 40
	if from := column - before; from > 0 {
		line, column = append([]rune("..."), line[from:]...), before+3
	}
	if to := column + after; to < len(line) {
		line = append(line[:to:to], []rune("...")...)
	}
	return fmt.Sprintf("    %s\n    %s^", string(line), blanks(line[:column]))
}

// blanks is as wide as text on a terminal; tabs stay.
func blanks(text []rune) string {
	var b strings.Builder
	for _, r := range text {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// at sets line and column from a byte offset.
func (e *SyntaxError) at(offset int) *SyntaxError {
	offset = min(max(offset, 0), len(e.Source))
	before := e.Source[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	e.Line = strings.Count(before, "\n") + 1
	e.Column = utf8.RuneCountInString(before[start:]) + 1
	return e
}

// EvalError is an expression that compiled but gave no result.
type EvalError struct {
	// Slot is the slot's name; empty outside of connectors.
	Slot string
	// Source is the whole expression.
	Source string
	// Err is why.
	Err error
}

// Error returns one line with the slot and the cause.
func (e *EvalError) Error() string {
	if e.Slot == "" {
		return e.Err.Error()
	}
	return e.Slot + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *EvalError) Unwrap() error { return e.Err }
