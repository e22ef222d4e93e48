// Package fromcurl makes a connector template of a curl command line, such as
// the ones that API documentation shows and browsers copy: the REST protocol
// makes the same request, with a field for everything in it that a process may
// want to choose. It only rewrites text: nothing is called, read or run.
package fromcurl

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Options say how the template is called; what is empty is made from the
// request.
type Options struct {
	// ID is the template's id, "com.example.create-order".
	ID string
	// Name is what modelers show.
	Name string
}

// Result is a template and what there is to say about it.
type Result struct {
	// Template is the text of the template, ready to be published.
	Template []byte
	// ID and Name are those of the template.
	ID, Name string
	// Secrets are the names of the secrets that the template asks for, in the
	// place of what the command had in clear text.
	Secrets []string
	// Notes say what of the command the template does not do, or does in
	// another way, in sentences for people.
	Notes []string
}

// Error is a command line that no template can be made of.
type Error struct {
	// Line and Column count from 1; columns count characters.
	Line, Column int
	// Message says what is wrong and what to do.
	Message string
}

// Error returns the place and the message.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// MaxCommand is the longest command line that Convert takes, in bytes.
const MaxCommand = 1 << 20

// Convert makes a template of a curl command line, read as a POSIX shell reads
// it. It fails with an *Error. What the command has in clear text where secrets
// belong is in neither the result nor an error.
func Convert(commandLine string, o Options) (*Result, error) {
	if err := acceptable(commandLine); err != nil {
		return nil, err
	}
	words, err := split(commandLine)
	if err != nil {
		return nil, err
	}
	r, err := parse(words)
	if err != nil {
		return nil, err
	}
	return build(r, o)
}

func acceptable(line string) error {
	switch {
	case len(line) > MaxCommand:
		return &Error{1, 1, fmt.Sprintf("the command has %d bytes, more than the %d that are allowed", len(line), MaxCommand)}
	case !utf8.ValidString(line):
		return &Error{1, 1, "the command is not UTF-8"}
	case strings.ContainsAny(line, "\x00"+variableBegin+variableEnd):
		return &Error{1, 1, "the command has characters that no shell takes"}
	}
	return nil
}
