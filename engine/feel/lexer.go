package feel

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads the characters of an expression. Camunda's grammar has no tokens: a keyword is a run of characters that
// need not end at a word's end, names may hold spaces, so the parser asks for what it expects at a position.
type scanner struct {
	src string
	pos int
	// broken is set at a comment without end, after which nothing can match.
	broken bool
}

// space skips blanks and comments.
func (s *scanner) space() {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			s.pos++
		case c == '/':
			if !s.comment() {
				return
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s.src[s.pos:])
			if !isSpace(r) {
				return
			}
			s.pos += n
		default:
			return
		}
	}
}

// comment skips a comment and tells whether there was one.
func (s *scanner) comment() bool {
	rest := s.src[s.pos:]
	switch {
	case strings.HasPrefix(rest, "//"):
		if end := strings.IndexByte(rest, '\n'); end >= 0 {
			s.pos += end + 1
		} else {
			s.pos = len(s.src)
		}
		return true
	case strings.HasPrefix(rest, "/*"):
		end := strings.Index(rest[2:], "*/")
		if end < 0 {
			s.broken = true
			return false
		}
		s.pos += end + 4
		return true
	}
	return false
}

// isSpace is the set of the DMN 1.5 grammar (rules 61 and 62) beyond ASCII.
func isSpace(r rune) bool {
	switch r {
	case 0x85, 0xA0, 0x1680, 0x180E, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF:
		return true
	}
	return r >= 0x2000 && r <= 0x200B
}

// peek is the byte at the position, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.src) && !s.broken {
		return s.src[s.pos]
	}
	return 0
}

// text takes the characters of lit if they come next.
func (s *scanner) text(lit string) bool {
	if s.broken || !strings.HasPrefix(s.src[s.pos:], lit) {
		return false
	}
	s.pos += len(lit)
	return true
}

// word takes an identifier of Java that is no reserved word, "" if there is none.
func (s *scanner) word() string {
	end := identEnd(s.src, s.pos)
	if end == s.pos || s.broken || isReserved(s.src[s.pos:end]) {
		return ""
	}
	w := s.src[s.pos:end]
	s.pos = end
	return w
}

// isReserved tells the words that cannot be names.
func isReserved(w string) bool {
	switch w {
	case "null", "true", "false", "function", "in", "return", "then", "else", "satisfies", "and", "or":
		return true
	}
	return false
}

// identEnd is the end of the identifier at pos, or pos.
func identEnd(src string, pos int) int {
	start := pos
	for pos < len(src) {
		if c := src[pos]; c < utf8.RuneSelf {
			if !isIdentByte(c) || pos == start && (c < 'A' && c != '$' || c > 'z') {
				return pos
			}
			pos++
			continue
		}
		r, n := utf8.DecodeRuneInString(src[pos:])
		if !isIdentPart(r) || pos == start && !isIdentStart(r) {
			return pos
		}
		pos += n
	}
	return pos
}

func isIdentByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$'
}

// isIdentStart and isIdentPart follow Java's Character.isJavaIdentifierStart and -Part, beyond ASCII and within the
// basic plane (Java's parser sees surrogates, which are neither).
func isIdentStart(r rune) bool {
	return r != utf8.RuneError && r <= 0xFFFF && unicode.In(r, unicode.L, unicode.Nl, unicode.Sc, unicode.Pc)
}

func isIdentPart(r rune) bool {
	if isIdentStart(r) {
		return true
	}
	return r != utf8.RuneError && r <= 0xFFFF && !isSpace(r) && unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Cf, unicode.Cc)
}

// words takes two or more identifiers with blanks between them, "" if there are fewer.
func (s *scanner) words() string {
	start := s.pos
	if s.word() == "" {
		return ""
	}
	count, end := 1, s.pos
	for s.peek() == ' ' {
		for s.peek() == ' ' {
			s.pos++
		}
		if s.word() == "" {
			break
		}
		count, end = count+1, s.pos
	}
	if count < 2 {
		s.pos = start
		return ""
	}
	s.pos = end
	return s.src[start:end]
}

// name takes an identifier or any text in backticks.
func (s *scanner) name() string {
	if s.peek() != '`' {
		return s.word()
	}
	end := strings.IndexByte(s.src[s.pos+1:], '`')
	if end < 1 {
		return ""
	}
	w := s.src[s.pos+1 : s.pos+1+end]
	s.pos += end + 2
	return w
}

// property takes the name after a point: the only one with a blank is "time offset".
func (s *scanner) property() string {
	if s.text("time offset") {
		return "time offset"
	}
	return s.name()
}

// quoted takes a string literal and gives its raw content.
func (s *scanner) quoted() (string, bool) {
	if s.peek() != '"' {
		return "", false
	}
	for i := s.pos + 1; i < len(s.src); i++ {
		switch s.src[i] {
		case '\\':
			i++
		case '"':
			raw := s.src[s.pos+1 : i]
			s.pos = i + 1
			return raw, true
		}
	}
	return "", false
}

// number takes an unsigned or negative decimal without exponent.
func (s *scanner) number() string {
	i := s.pos
	if i < len(s.src) && s.src[i] == '-' {
		i++
	}
	whole := digitsEnd(s.src, i)
	end := whole
	if whole < len(s.src) && s.src[whole] == '.' {
		if frac := digitsEnd(s.src, whole+1); frac > whole+1 {
			end = frac
		}
	}
	if end == i || s.broken {
		return ""
	}
	n := s.src[s.pos:end]
	s.pos = end
	return n
}

func digitsEnd(src string, pos int) int {
	for pos < len(src) && src[pos] >= '0' && src[pos] <= '9' {
		pos++
	}
	return pos
}

// entryKey takes the key of a context entry as far as it has no special character: inner blanks and comments belong to
// it, trailing ones do not.
func (s *scanner) entryKey() string {
	start, end := s.pos, s.pos
	for !s.broken {
		s.space()
		if s.broken || s.pos >= len(s.src) || strings.IndexByte("\"{}:,[]`", s.src[s.pos]) >= 0 {
			break
		}
		_, n := utf8.DecodeRuneInString(s.src[s.pos:])
		s.pos += n
		end = s.pos
	}
	s.pos = end
	return s.src[start:end]
}

var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f', '\'': '\'', '"': '"'}

// unescape resolves the escapes of a string literal as Camunda's engine does: those of the table unless a backslash
// stands before them, then every pair of backslashes. \u stays as it is.
func unescape(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '\\' && i+1 < len(raw) && (i == 0 || raw[i-1] != '\\') {
			if c, ok := escapes[raw[i+1]]; ok {
				out = append(out, c)
				i++
				continue
			}
		}
		out = append(out, raw[i])
	}
	return strings.ReplaceAll(string(out), `\\`, `\`)
}
