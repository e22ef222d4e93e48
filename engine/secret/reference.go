package secret

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reference is a place in a text that names a secret.
type Reference struct {
	// Start and End are byte offsets of the whole reference, braces included.
	Start, End int
	// Name is the secret's name.
	Name string
}

const keyword = "secrets."

// References finds the references of a text in their order.
func References(text string) []Reference {
	var out []Reference
	for pos := 0; ; {
		i := strings.Index(text[pos:], keyword)
		if i < 0 {
			return out
		}
		at := pos + i
		ref, ok := braced(text, pos, at)
		if !ok {
			ref, ok = bare(text, at)
		}
		if ok {
			out = append(out, ref)
			pos = ref.End
		} else {
			pos = at + len(keyword)
		}
	}
}

// Names returns the set of names that texts refer to, such as the inputs that
// an author wrote in a model.
func Names(texts ...string) map[string]bool {
	names := map[string]bool{}
	for _, text := range texts {
		for _, ref := range References(text) {
			names[ref.Name] = true
		}
	}
	return names
}

// braced reads {{secrets.NAME}} round the keyword at; blanks are allowed
// inside the braces, and a name is anything without blanks.
func braced(text string, from, at int) (Reference, bool) {
	before := strings.TrimRightFunc(text[from:at], unicode.IsSpace)
	if !strings.HasSuffix(before, "{{") {
		return Reference{}, false
	}
	rest := text[at+len(keyword):]
	name, _, ok := strings.Cut(rest, "}}")
	if !ok {
		return Reference{}, false
	}
	end := at + len(keyword) + len(name) + 2
	name = strings.TrimRightFunc(name, unicode.IsSpace)
	if name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
		return Reference{}, false
	}
	return Reference{Start: from + len(before) - 2, End: end, Name: name}, true
}

// bare reads secrets.NAME where it stands alone; a name is letters and digits
// with single separators between them.
func bare(text string, at int) (Reference, bool) {
	if r, _ := utf8.DecodeLastRuneInString(text[:at]); at > 0 && joins(r) {
		return Reference{}, false
	}
	start := at + len(keyword)
	end := start
	for i := start; i < len(text); i++ {
		if alphanumeric(text[i]) {
			end = i + 1
		} else if end != i || end == start || !strings.ContainsRune("/._-", rune(text[i])) {
			break
		}
	}
	return Reference{Start: at, End: end, Name: text[start:end]}, end > start
}

func joins(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_./-", r)
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
