package feel

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/dlclark/regexp2"
)

// translatePattern rewrites a pattern of Java for regexp2, which follows .NET. They differ in classes (Java's are ASCII,
// may hold other classes and intersections), in quoting with \Q and \E, in possessive quantifiers and in what "." leaves
// out. What is wrong in a pattern stays wrong and is found by regexp2, except a class without end.
func translatePattern(pattern, flags string) string {
	t := &translator{in: pattern, comments: strings.Contains(flags, "x"), captures: len(captureOpen.FindAllString(pattern, -1))}
	t.dotAll = strings.Contains(flags, "s") || inlineDotAll.MatchString(pattern)
	for t.pos < len(t.in) {
		t.element()
	}
	return t.out.String()
}

var inlineDotAll = regexp.MustCompile(`\(\?[a-zA-Z]*s[a-zA-Z]*[):]`)

// captureOpen finds what begins a capturing group (in a class too, which does no harm).
var captureOpen = regexp.MustCompile(`(^|[^\\])\((\?<[a-zA-Z]|[^?]|$)`)

const (
	never         = `(?!)`
	anyButLineEnd = `[^\n\r\x85\u2028\u2029]`
	anything      = `[\s\S]`
	brokenClass   = `[` // makes regexp2 refuse the pattern
)

// asciiClasses are the character classes that Java keeps to ASCII, or that regexp2 does not know.
var asciiClasses = map[string]string{
	`\d`: `0-9`, `\w`: `a-zA-Z_0-9`, `\s`: ` \t\n\x0B\f\r`, `\h`: ` \t\xA0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000`,
	`\v`:        `\n\x0B\f\r\x85\u2028\u2029`,
	`\p{Lower}`: `a-z`, `\p{Upper}`: `A-Z`, `\p{ASCII}`: `\x00-\x7F`, `\p{Alpha}`: `a-zA-Z`, `\p{Digit}`: `0-9`,
	`\p{Alnum}`: `a-zA-Z0-9`, `\p{Punct}`: "!-/:-@\\[-`{-~", `\p{Graph}`: `!-~`, `\p{Print}`: ` -~`, `\p{Blank}`: ` \t`,
	`\p{Cntrl}`: `\x00-\x1F\x7F`, `\p{XDigit}`: `0-9a-fA-F`, `\p{Space}`: ` \t\n\x0B\f\r`,
	`\p{javaLowerCase}`: `\p{Ll}`, `\p{javaUpperCase}`: `\p{Lu}`, `\p{IsAlphabetic}`: `\p{L}\p{Nl}`, `\p{IsDigit}`: `\p{Nd}`,
	`\p{IsLetter}`: `\p{L}`, `\p{IsLowercase}`: `\p{Ll}`, `\p{IsUppercase}`: `\p{Lu}`, `\p{IsPunctuation}`: `\p{P}`,
}

type translator struct {
	in               string
	pos              int
	out              strings.Builder
	groups           []int // where open groups begin in out
	atom             int   // where the last atom begins in out
	captures         int   // groups in the whole pattern, about
	comments, dotAll bool
}

// element translates one atom, quantifier or bracket.
func (t *translator) element() {
	start := t.out.Len()
	switch c := t.in[t.pos]; c {
	case '\\':
		esc := t.escape()
		t.out.WriteString(t.outerEscape(esc))
		t.atom = start
	case '[':
		t.pos++
		t.out.WriteString(t.class())
		t.atom = start
	case '(':
		t.groups = append(t.groups, start)
		t.out.WriteString(t.group())
	case ')':
		if n := len(t.groups); n > 0 {
			t.atom, t.groups = t.groups[n-1], t.groups[:n-1]
		}
		t.copy(1)
	case '*', '+', '?', '{':
		t.quantifier()
	case '.':
		if t.pos++; t.dotAll {
			t.out.WriteString(anything)
		} else {
			t.out.WriteString(anyButLineEnd)
		}
		t.atom = start
	default:
		t.copy(1)
		t.atom = start
	}
}

func (t *translator) copy(n int) {
	t.out.WriteString(t.in[t.pos : t.pos+n])
	t.pos += n
}

// outerEscape is an escape outside of classes. A reference to a group that is not there never matches.
func (t *translator) outerEscape(esc string) string {
	if len(esc) == 2 && esc[1] >= '1' && esc[1] <= '9' && int(esc[1]-'0') > t.captures {
		return never
	}
	return translateEscape(esc)
}

// group takes an opening bracket; of inline flags those that regexp2 does not know are left out.
func (t *translator) group() string {
	m := inlineFlags.FindString(t.in[t.pos:])
	if strings.HasPrefix(t.in[t.pos:], "(?#") { // Java has no such comments
		t.pos++
		return brokenClass
	}
	if m == "" {
		t.pos++
		return "("
	}
	t.pos += len(m)
	open := strings.NewReplacer("d", "", "u", "", "U", "").Replace(m)
	if open == "(?)" {
		open = "(?:)"
	}
	if strings.HasSuffix(m, ")") {
		t.groups = t.groups[:len(t.groups)-1]
	}
	return open
}

var inlineFlags = regexp.MustCompile(`^\(\?[a-zA-Z]+(-[a-zA-Z]+)?[):]`)

var repetition = regexp.MustCompile(`^\{[0-9]+(,[0-9]*)?\}`)

// quantifier makes a possessive one (a++) an atomic group.
func (t *translator) quantifier() {
	n := 1
	if t.in[t.pos] == '{' {
		if n = len(repetition.FindString(t.in[t.pos:])); n == 0 {
			t.pos++
			t.out.WriteString(brokenClass)
			return
		}
	}
	t.copy(n)
	if t.pos >= len(t.in) || t.in[t.pos] != '+' {
		if t.pos < len(t.in) && t.in[t.pos] == '?' {
			t.copy(1)
		}
		return
	}
	t.pos++
	out := t.out.String()
	t.out.Reset()
	t.out.WriteString(out[:t.atom] + "(?>" + out[t.atom:] + ")")
}

// escape takes a backslash and what belongs to it: \p{Name}, \x{H} and \Q...\E are longer than two characters.
func (t *translator) escape() string {
	s := t.in[t.pos:]
	n := min(2, len(s))
	switch {
	case n < 2:
	case s[1] == 'Q':
		if n = strings.Index(s, `\E`) + 2; n < 2 {
			n = len(s)
		}
	case strings.IndexByte("pPxkN", s[1]) >= 0 && len(s) > 2 && (s[2] == '{' || s[2] == '<' && s[1] == 'k'):
		if end := strings.IndexAny(s, "}>"); end > 0 {
			n = end + 1
		}
	case (s[1] == 'p' || s[1] == 'P') && len(s) > 2:
		n = 3
	case s[1] == '0':
		for n < min(5, len(s)) && s[n] >= '0' && s[n] <= '7' {
			n++
		}
	}
	t.pos += n
	return s[:n]
}

// translateEscape is an escape outside of classes.
func translateEscape(esc string) string {
	if strings.HasPrefix(esc, `\Q`) {
		return regexp2.Escape(strings.TrimSuffix(esc[2:], `\E`))
	}
	if esc == `\R` {
		return `(?:\r\n|[\n\x0B\f\r\x85\u2028\u2029])`
	}
	if chars, negated, ok := namedClass(esc); ok {
		return bracketed(chars, negated)
	}
	return plainEscape(esc)
}

// namedClass gives the characters of \d, \p{Alpha} and the like, negated for \D and \P{Alpha}.
func namedClass(esc string) (chars string, negated, ok bool) {
	if len(esc) < 2 {
		return "", false, false
	}
	if chars, ok = asciiClasses[esc]; ok {
		return chars, false, true
	}
	chars, ok = asciiClasses[`\`+strings.ToLower(esc[1:2])+esc[2:]]
	return chars, true, ok
}

// plainEscape rewrites \pL, \p{IsLatin}, \x{1F600} and \0101.
func plainEscape(esc string) string {
	switch {
	case scriptClass.MatchString(esc):
		if name := scriptClass.FindStringSubmatch(esc)[2]; unicode.Scripts[name] != nil || unicode.Categories[name] != nil {
			return esc[:2] + "{" + name + "}"
		}
	case strings.HasPrefix(esc, `\0`):
		if n, err := strconv.ParseUint(esc[2:], 8, 8); err == nil {
			return regexp2.Escape(string(rune(n)))
		}
	case len(esc) == 3 && (esc[1] == 'p' || esc[1] == 'P'):
		return esc[:2] + "{" + esc[2:] + "}"
	case strings.HasPrefix(esc, `\x{`):
		if n, err := strconv.ParseUint(strings.Trim(esc[2:], "{}"), 16, 32); err == nil {
			return regexp2.Escape(string(rune(n)))
		}
	}
	return esc
}

var scriptClass = regexp.MustCompile(`^\\[pP]\{(Is|In|script=|sc=|general_category=|gc=)(\w+)\}$`)

func bracketed(chars string, negated bool) string {
	if negated {
		return "[^" + chars + "]"
	}
	return "[" + chars + "]"
}

// class takes a class after its opening bracket. Characters of its own and classes within it are alternatives; "&&"
// begins another set that must match as well.
func (t *translator) class() string {
	negated := t.pos < len(t.in) && t.in[t.pos] == '^'
	if negated {
		t.pos++
	}
	var sets []string
	var chars strings.Builder
	var nested []string
	flush := func() {
		if chars.Len() > 0 {
			nested = append(nested, "["+chars.String()+"]")
		}
		if len(nested) > 0 {
			sets = append(sets, alternatives(nested))
		}
		chars.Reset()
		nested = nil
	}
	for first := true; t.pos < len(t.in); first = false {
		switch c := t.in[t.pos]; {
		case c == ']' && !first:
			t.pos++
			flush()
			return together(sets, negated)
		case c == '[':
			t.pos++
			nested = append(nested, t.class())
		case strings.HasPrefix(t.in[t.pos:], "&&"):
			t.pos += 2
			flush()
		case c == '\\':
			t.classEscape(&chars, &nested)
		case t.comments && (c == ' ' || c >= '\t' && c <= '\r'):
			t.pos++
		default:
			chars.WriteByte(c)
			t.pos++
		}
	}
	return brokenClass
}

// classEscape adds an escape to a class.
func (t *translator) classEscape(chars *strings.Builder, nested *[]string) {
	esc := t.escape()
	named, negated, ok := namedClass(esc)
	switch {
	case strings.HasPrefix(esc, `\Q`):
		for _, r := range strings.TrimSuffix(esc[2:], `\E`) {
			if strings.ContainsRune(`\]^-[`, r) {
				chars.WriteByte('\\')
			}
			chars.WriteRune(r)
		}
	case ok && negated:
		*nested = append(*nested, bracketed(named, true))
	case ok:
		chars.WriteString(named)
	default:
		chars.WriteString(plainEscape(esc))
	}
}

func alternatives(sets []string) string {
	if len(sets) == 1 {
		return sets[0]
	}
	return "(?:" + strings.Join(sets, "|") + ")"
}

// together is the intersection of sets, or everything else.
func together(sets []string, negated bool) string {
	if len(sets) == 0 {
		return brokenClass
	}
	last := sets[len(sets)-1]
	for _, s := range sets[:len(sets)-1] {
		last = "(?=" + s + ")" + last
	}
	switch {
	case negated && len(sets) == 1 && strings.HasPrefix(last, "[") && !strings.HasPrefix(last, "[^"):
		return "[^" + last[1:]
	case negated:
		return "(?:(?!" + last + ")" + anything + ")"
	case len(sets) > 1:
		return "(?:" + last + ")"
	}
	return last
}
