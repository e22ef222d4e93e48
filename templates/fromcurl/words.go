package fromcurl

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// word is one word of a command line, without its quotes.
type word struct {
	text string
	// line and column are where it begins.
	line, column int
}

func (w word) errorf(format string, args ...any) *Error {
	return &Error{w.line, w.column, fmt.Sprintf(format, args...)}
}

// A shell variable stands in a word as its name between these characters of the
// private use area, since nothing is known of its value.
const (
	variableBegin = "\uE0F0"
	variableEnd   = "\uE0F1"
)

// shell reads a command line by the POSIX Shell Command Language, section 2.2
// (quoting) and 2.3 (tokens), with $'...' as in its 2024 edition. It stands
// before the character at offset.
type shell struct {
	text         string
	offset       int
	line, column int

	words []word
	word  strings.Builder
	begun bool
	start word
	// ended is set where a line has ended that the next does not go on.
	ended bool
}

// split returns the words of the one command that a text holds.
func split(text string) ([]word, error) {
	s := &shell{text: strings.ReplaceAll(text, "\r\n", "\n"), line: 1, column: 1}
	for s.offset < len(s.text) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	s.end()
	if words := s.words; len(words) > 0 && (words[0].text == "$" || words[0].text == "%") { // a prompt
		s.words = words[1:]
	}
	return s.words, nil
}

func (s *shell) peek() byte {
	if s.offset < len(s.text) {
		return s.text[s.offset]
	}
	return 0
}

func (s *shell) next() rune {
	r, size := utf8.DecodeRuneInString(s.text[s.offset:])
	s.offset += size
	s.column++
	if r == '\n' {
		s.line, s.column = s.line+1, 1
	}
	return r
}

func (s *shell) errorf(format string, args ...any) *Error {
	return word{line: s.line, column: s.column}.errorf(format, args...)
}

// begin marks that a word has begun, which may stay empty.
func (s *shell) begin() {
	if !s.begun {
		s.begun, s.start = true, word{line: s.line, column: s.column}
	}
}

func (s *shell) end() {
	if s.begun {
		s.start.text = s.word.String()
		s.words = append(s.words, s.start)
	}
	s.begun = false
	s.word.Reset()
}

const operators = "|&;<>()"

// step reads what begins with the next character outside of quotes.
func (s *shell) step() error {
	c := s.peek()
	switch {
	case c == ' ' || c == '\t':
		s.end()
		s.next()
	case c == '\n':
		s.end()
		s.ended = len(s.words) > 0
		s.next()
	case c == '#' && !s.begun:
		s.comment()
	case s.ended:
		return s.errorf(`the command ended with the line before; end a line that goes on with \ and nothing after it`)
	case strings.IndexByte(operators, c) >= 0:
		return s.operator(c)
	default:
		return s.character(c)
	}
	return nil
}

func (s *shell) comment() {
	for s.offset < len(s.text) && s.peek() != '\n' {
		s.next()
	}
}

var operatorHints = map[byte]string{
	'|': "; what comes after it, such as jq, belongs into the template's result expression",
	'&': "; an address with & in it needs quotes",
	'<': "; a placeholder such as <id> is written {id}",
}

func (s *shell) operator(c byte) error {
	return s.errorf("the shell takes %q for an operator, and one curl command is expected%s", c, operatorHints[c])
}

// character reads what is part of a word.
func (s *shell) character(c byte) error {
	if c == '\\' && strings.HasPrefix(s.text[s.offset:], "\\\n") {
		s.next()
		s.next()
		return nil
	}
	if c == '^' && strings.HasPrefix(s.text[s.offset:], "^\n") {
		return s.errorf("the line ends with ^ as for Windows; copy the command for bash")
	}
	s.begin()
	switch c {
	case '\'':
		return s.single()
	case '"':
		return s.double()
	case '$':
		return s.dollar(false)
	case '`':
		return s.errorf("what a command prints is not known here; write it in the place of `...`")
	case '\\':
		s.next()
		if s.offset == len(s.text) {
			return s.errorf(`the command ends after \, so a part is missing`)
		}
	}
	s.word.WriteRune(s.next())
	return nil
}

func (s *shell) single() error {
	open := s.errorf("the quotation that begins here does not end")
	for s.next(); s.offset < len(s.text); {
		r := s.next()
		if r == '\'' {
			return nil
		}
		s.word.WriteRune(r)
	}
	return open
}

func (s *shell) double() error {
	open := s.errorf("the quotation that begins here does not end")
	for s.next(); s.offset < len(s.text); {
		switch c := s.peek(); c {
		case '"':
			s.next()
			return nil
		case '$':
			if err := s.dollar(true); err != nil {
				return err
			}
			continue
		case '`':
			return s.errorf("what a command prints is not known here; write it in the place of `...`")
		case '\\':
			s.escaped()
			continue
		}
		s.word.WriteRune(s.next())
	}
	return open
}

// escaped reads a backslash within double quotes, where it counts before a few
// characters only.
func (s *shell) escaped() {
	s.next()
	switch s.peek() {
	case '\n':
		s.next()
	case '$', '`', '"', '\\':
		s.word.WriteRune(s.next())
	default:
		s.word.WriteByte('\\')
	}
}

// dollar reads a variable, or what else begins with a dollar sign.
func (s *shell) dollar(quoted bool) error {
	rest := s.text[s.offset+1:]
	switch {
	case !quoted && strings.HasPrefix(rest, "'"):
		s.next()
		return s.ansi()
	case !quoted && strings.HasPrefix(rest, `"`):
		s.next()
		return s.double()
	case strings.HasPrefix(rest, "("):
		return s.errorf("what a command prints is not known here; write it in the place of $(...)")
	}
	name, size := variable(rest)
	switch {
	case name != "":
		s.word.WriteString(variableBegin + name + variableEnd)
		for range size + 1 {
			s.next()
		}
	case strings.HasPrefix(rest, "{"):
		return s.errorf("only ${NAME} is known here, nothing else in ${...}")
	default:
		s.word.WriteRune(s.next())
	}
	return nil
}

// variable reads NAME or {NAME}; name is empty if there is none.
func variable(rest string) (name string, size int) {
	body, braced := strings.CutPrefix(rest, "{")
	n := 0
	for n < len(body) && (isLetter(body[n]) || n > 0 && isDigit(body[n])) {
		n++
	}
	switch {
	case !braced:
		return body[:n], n
	case n < len(body) && body[n] == '}':
		return body[:n], n + 2
	}
	return "", 0
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

// simpleEscapes are the escapes of $'...' with one letter.
var simpleEscapes = map[rune]rune{'n': '\n', 't': '\t', 'r': '\r', 'a': '\a', 'b': '\b', 'e': 0x1b, 'f': '\f', 'v': '\v'}

// ansi reads $'...', in which browsers copy what has line breaks or quotes.
func (s *shell) ansi() error {
	open := s.errorf("the quotation that begins here does not end")
	for s.next(); s.offset < len(s.text); {
		r := s.next()
		switch r {
		case '\'':
			return nil
		case '\\':
			if s.offset == len(s.text) {
				return open
			}
			if r = s.ansiEscape(s.next()); r == 0 {
				return s.errorf("the escape before this is not known here; write the character itself")
			}
		}
		s.word.WriteRune(r)
	}
	return open
}

func (s *shell) ansiEscape(c rune) rune {
	if r, simple := simpleEscapes[c]; simple {
		return r
	}
	switch {
	case c == 'x':
		return s.code(16, 2)
	case c == 'u':
		return s.code(16, 4)
	case c == 'U':
		return s.code(16, 8)
	case '0' <= c && c <= '7':
		s.offset--
		s.column--
		return s.code(8, 3)
	}
	return c
}

// code reads the number of a character, of at most so many digits.
func (s *shell) code(base, digits int) rune {
	n := 0
	for n < digits && s.offset+n < len(s.text) {
		if _, err := strconv.ParseUint(s.text[s.offset+n:s.offset+n+1], base, 8); err != nil {
			break
		}
		n++
	}
	code, _ := strconv.ParseUint("0"+s.text[s.offset:s.offset+n], base, 32)
	s.offset += n
	s.column += n
	if digits == 2 && code >= utf8.RuneSelf { // a byte of a longer character
		return 0
	}
	if r := rune(code); utf8.ValidRune(r) && !strings.ContainsRune(variableBegin+variableEnd, r) {
		return r
	}
	return 0
}
