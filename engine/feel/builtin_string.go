package feel

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// Positions and lengths in strings count UTF-16 units, as Java's do: a character beyond the basic plane counts two.

var stringFunctions = []builtin{
	{"substring", "string,start position", substring},
	{"substring", "string,start position,length", substring},
	{"string length", "string", onString(func(_ *frame, s string, _ []Value) Value { return Int(int64(utf16Length(s))) })},
	{"upper case", "string", onString(func(f *frame, s string, _ []Value) Value {
		return f.string(changeCase(s, strings.ToUpper, cases.Upper))
	})},
	{"lower case", "string", onString(func(f *frame, s string, _ []Value) Value {
		return f.string(changeCase(s, strings.ToLower, cases.Lower))
	})},
	{"substring before", "string,match", onStrings(func(_ *frame, s, match string, _ []Value) Value {
		before, _, found := strings.Cut(s, match)
		if !found {
			return String("")
		}
		return String(before)
	})},
	{"substring after", "string,match", onStrings(func(_ *frame, s, match string, _ []Value) Value {
		_, after, _ := strings.Cut(s, match)
		return String(after)
	})},
	{"replace", "input,pattern,replacement", replace},
	{"replace", "input,pattern,replacement,flags", replace},
	{"contains", "string,match", onStrings(func(_ *frame, s, match string, _ []Value) Value { return Bool(strings.Contains(s, match)) })},
	{"starts with", "string,match", onStrings(func(_ *frame, s, match string, _ []Value) Value { return Bool(strings.HasPrefix(s, match)) })},
	{"ends with", "string,match", onStrings(func(_ *frame, s, match string, _ []Value) Value { return Bool(strings.HasSuffix(s, match)) })},
	{"matches", "input,pattern", matches},
	{"matches", "input,pattern,flags", matches},
	{"split", "string,delimiter", split},
	{"extract", "input,pattern", extract},
	{"trim", "string", onString(func(_ *frame, s string, _ []Value) Value {
		return String(strings.TrimFunc(s, func(r rune) bool { return r <= ' ' }))
	})},
	{"uuid", "", func(*frame, []Value) Value { return String(uuid()) }},
	{"to base64", "value", onString(func(f *frame, s string, _ []Value) Value {
		f.text(len(s))
		return f.string(base64.StdEncoding.EncodeToString([]byte(s)))
	})},
	{"is blank", "string", onString(func(_ *frame, s string, _ []Value) Value {
		return Bool(strings.TrimFunc(s, isJavaWhitespace) == "")
	})},
	{"string join", "list", onList(stringJoin)},
	{"string join", "list,delimiter", onList(stringJoin)},
	{"string join", "list,delimiter,prefix,suffix", onList(stringJoin)},
}

func onString(fn func(f *frame, s string, args []Value) Value) func(*frame, []Value) Value {
	return func(f *frame, a []Value) Value {
		if a[0].kind != KindString {
			return illegal(a)
		}
		return fn(f, a[0].str(), a)
	}
}

// onStrings is a function of two strings.
func onStrings(fn func(f *frame, s, t string, args []Value) Value) func(*frame, []Value) Value {
	return func(f *frame, a []Value) Value {
		if !has(a, KindString, KindString) {
			return illegal(a)
		}
		return fn(f, a[0].str(), a[1].str(), a)
	}
}

// changeCase follows Unicode's full mapping as Java does, where a sharp s becomes two letters.
func changeCase(s string, simple func(string) string, full func(language.Tag, ...cases.Option) cases.Caser) string {
	if utf8.RuneCountInString(s) == len(s) {
		return simple(s)
	}
	return full(language.Und).String(s)
}

func isJavaWhitespace(r rune) bool {
	return r >= '\t' && r <= '\r' || r >= 0x1C && r <= ' ' || isSpace(r) && r != 0x85 && r != 0xA0 && r != 0x2007 && r != 0x202F && r != 0x180E && r != 0x200B && r != 0xFEFF
}

func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(max(r, 0))
	}
	return n
}

// substring fails outside of the text, as Camunda's engine does.
func substring(f *frame, a []Value) Value {
	if !has(a, KindString, KindNumber) || len(a) > 2 && a[2].kind != KindNumber {
		return illegal(a)
	}
	s := a[0].str()
	length := utf16Length(s)
	start, end := index(length, a[1]), length
	if len(a) > 2 {
		end = min(start+int(a[2].int32()), length)
	}
	if start < 0 || start > end {
		fail("substring from %d to %d of a text of length %d", start, end, length)
	}
	return String(utf16Slice(s, start, end))
}

func utf16Slice(s string, start, end int) string {
	if utf8.RuneCountInString(s) == len(s) {
		return s[start:end]
	}
	return string(utf16.Decode(utf16.Encode([]rune(s))[start:end]))
}

func stringJoin(f *frame, l, a []Value) Value {
	var delimiter, prefix, suffix string
	if len(a) > 1 {
		var ok bool
		if delimiter, prefix, suffix, ok = joinParts(a); !ok {
			return illegal(a)
		}
	}
	f.step(len(l) / 8)
	var texts []string
	size := len(prefix) + len(suffix)
	for _, v := range l {
		switch v.kind {
		case KindNull:
			continue
		case KindString:
		default:
			return failure("expected a list of strings but found ", a[0])
		}
		texts = append(texts, v.str())
		size += len(v.str()) + len(delimiter)
	}
	f.text(size)
	return String(prefix + strings.Join(texts, delimiter) + suffix)
}

// joinParts are delimiter, prefix and suffix: each may be null, prefix and suffix only both.
func joinParts(a []Value) (delimiter, prefix, suffix string, ok bool) {
	delimiter, ok = textOrNull(a[1])
	if !ok || len(a) < 4 {
		return delimiter, "", "", ok
	}
	prefix, ok1 := textOrNull(a[2])
	suffix, ok2 := textOrNull(a[3])
	return delimiter, prefix, suffix, ok1 && ok2 && a[2].kind == a[3].kind
}

// textOrNull gives the text of a string, or "" for null.
func textOrNull(v Value) (text string, ok bool) {
	text, ok = v.AsString()
	return text, ok || v.kind == KindNull
}

// uuid is one of version 7: ordered by time, the rest random.
func uuid() string {
	var b [16]byte
	rand.Read(b[6:])
	binary.BigEndian.PutUint64(b[:8], uint64(nowMillis())<<16|uint64(b[6])<<8|uint64(b[7]))
	b[6] = b[6]&0x0F | 0x70
	b[8] = b[8]&0x3F | 0x80
	text := hex.EncodeToString(b[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
