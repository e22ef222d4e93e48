package feel

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
)

// Regular expressions are Java's. They are translated to those of regexp2, which backtracks in the same way; a match may
// take at most matchTimeout, then the evaluation fails.

const (
	matchTimeout = 500 * time.Millisecond
	maxPatterns  = 64 // compiled patterns that a program keeps
)

// patternCache keeps the compiled patterns of a program.
type patternCache struct {
	mu sync.Mutex
	m  map[patternKey]*regexp2.Regexp
}

type patternKey struct{ pattern, flags string }

// compile gives the compiled pattern, nil when it is none.
func (c *patternCache) compile(pattern, flags string) *regexp2.Regexp {
	key := patternKey{pattern, flags}
	c.mu.Lock()
	re, ok := c.m[key]
	c.mu.Unlock()
	if ok {
		return re
	}
	re, err := regexp2.Compile(translatePattern(pattern, flags), patternFlags(flags))
	if err != nil {
		re = nil
	} else {
		re.MatchTimeout = matchTimeout
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= maxPatterns {
		c.m = make(map[patternKey]*regexp2.Regexp)
	}
	c.m[key] = re
	return re
}

// patternFlags are those of the language: s, m, i and x; others are ignored.
func patternFlags(flags string) regexp2.RegexOptions {
	options := regexp2.RegexOptions(regexp2.None)
	for _, o := range []struct {
		flag   string
		option regexp2.RegexOptions
	}{{"s", regexp2.Singleline}, {"m", regexp2.Multiline}, {"i", regexp2.IgnoreCase}, {"x", regexp2.IgnorePatternWhitespace}} {
		if strings.Contains(flags, o.flag) {
			options |= o.option
		}
	}
	return options
}

// find calls visit with each match in turn.
func (f *frame) find(re *regexp2.Regexp, s string, visit func(*regexp2.Match) bool) {
	m, err := re.FindStringMatch(s)
	for m != nil && err == nil && visit(m) {
		f.step(1)
		m, err = re.FindNextMatch(m)
	}
	if err != nil { // the only error of a match is its timeout
		panic(abort{errPattern})
	}
}

// pattern compiles the pattern of a call whose flags, if any, are its last argument at index 2 or 3.
func (f *frame) pattern(a []Value, flagsAt int) (*regexp2.Regexp, Value) {
	flags := ""
	if len(a) > flagsAt {
		flags = a[flagsAt].str()
	}
	re := f.prog.patterns.compile(a[1].str(), flags)
	if re == nil {
		return nil, failure("Invalid pattern '", shorten(a[1].str()), "'")
	}
	return re, Value{}
}

func allStrings(a []Value) bool {
	_, ok := stringsOf(a)
	return ok
}

func matches(f *frame, a []Value) Value {
	if !allStrings(a) {
		return illegal(a)
	}
	re, bad := f.pattern(a, 2)
	if re == nil {
		return bad
	}
	found := false
	f.find(re, a[0].str(), func(*regexp2.Match) bool { found = true; return false })
	return Bool(found)
}

func extract(f *frame, a []Value) Value {
	if !allStrings(a) {
		return illegal(a)
	}
	re, bad := f.pattern(a, 2)
	if re == nil {
		return bad
	}
	var out []Value
	f.find(re, a[0].str(), func(m *regexp2.Match) bool {
		out = append(out, f.string(m.String()))
		return true
	})
	return f.list(out)
}

// split keeps empty parts, except before a match of nothing at the start.
func split(f *frame, a []Value) Value {
	if !allStrings(a) {
		return illegal(a)
	}
	re := f.prog.patterns.compile(a[1].str(), "")
	if re == nil {
		return failure("Invalid pattern for delimiter '", shorten(a[1].str()), "'")
	}
	text := []rune(a[0].str())
	var out []Value
	last := 0
	f.find(re, a[0].str(), func(m *regexp2.Match) bool {
		if m.Index+m.Length > 0 {
			out = append(out, f.string(string(text[last:m.Index])))
			last = m.Index + m.Length
		}
		return true
	})
	return f.list(append(out, f.string(string(text[last:]))))
}

func replace(f *frame, a []Value) Value {
	if !allStrings(a) {
		return illegal(a)
	}
	re, bad := f.pattern(a, 3)
	if re == nil {
		return bad
	}
	invalid := failure("Invalid pattern '", shorten(a[1].str()), "'")
	text := []rune(a[0].str())
	var out []byte
	last, ok := 0, true
	f.find(re, a[0].str(), func(m *regexp2.Match) bool {
		out = append(out, string(text[last:m.Index])...)
		out, ok = expand(out, a[2].str(), m)
		last = m.Index + m.Length
		f.text(len(out))
		return ok
	})
	if !ok {
		return invalid
	}
	return f.string(string(append(out, string(text[last:])...)))
}

// expand writes a replacement in Java's notation: $1, ${name} and \ before any character. ok=false: it is none.
func expand(out []byte, replacement string, m *regexp2.Match) (_ []byte, ok bool) {
	for i := 0; i < len(replacement); i++ {
		switch c := replacement[i]; c {
		case '\\':
			if i++; i == len(replacement) {
				return nil, false
			}
			out = append(out, replacement[i])
		case '$':
			group, length := groupReference(replacement[i+1:], m)
			if group == nil {
				return nil, false
			}
			out = append(out, group.String()...)
			i += length
		default:
			out = append(out, c)
		}
	}
	return out, true
}

// groupReference takes as many digits as there are groups, or a name in braces.
func groupReference(s string, m *regexp2.Match) (*regexp2.Group, int) {
	if strings.HasPrefix(s, "{") {
		end := strings.IndexByte(s, '}')
		if end < 2 || s[1] >= '0' && s[1] <= '9' {
			return nil, 0
		}
		return m.GroupByName(s[1:end]), end + 1
	}
	var group *regexp2.Group
	length := 0
	for length < digitsEnd(s, 0) {
		n, err := strconv.Atoi(s[:length+1])
		if err != nil || n >= m.GroupCount() {
			break
		}
		length++
		group = m.GroupByNumber(n)
	}
	return group, length
}
