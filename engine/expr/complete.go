package expr

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/itchyny/gojq"

	"patchbay/engine/feel"
)

// Completion is what an editor may offer at the caret.
type Completion struct {
	// Text is what stands there when it is taken.
	Text string `json:"text"`
	// Kind is key, function or keyword; a key is a variable or a part of one.
	Kind string `json:"kind" enum:"key,function,keyword"`
	// Detail is the function's signature, or a key's value, cut short.
	Detail string `json:"detail,omitempty"`
}

// Bounds of a completion: it is asked for with every key that is pressed.
const (
	maxCompletions = 60
	maxDetail      = 60
)

var completionLimits = Limits{Time: 200 * time.Millisecond, Steps: 200_000, Memory: 32 << 20}

// Complete returns what may stand where the text of an expression ends, and the
// part of a word that it would replace. document is what Eval gets; what cannot
// be evaluated completes to nothing.
func Complete(ctx context.Context, before string, document any) (word string, list []Completion) {
	if len(before) > maxSource {
		return "", nil
	}
	keys, word := jqKeys, ""
	if LanguageOf(before) == FEEL {
		keys = feelKeys
	}
	word, list, path := keys(ctx, before, document)
	if !path {
		list = append(list, words(LanguageOf(before))...)
	}
	list = slices.DeleteFunc(list, func(c Completion) bool {
		return !strings.HasPrefix(strings.ToLower(strings.Trim(c.Text, "`\"")), strings.ToLower(word))
	})
	return word, list[:min(len(list), maxCompletions)]
}

var (
	feelPath = regexp.MustCompile("((?:[\\p{L}_][\\p{L}\\p{N}_]*|`[^`]*`)(?:\\[[^\\[\\]]*\\])?\\.)*([\\p{L}_][\\p{L}\\p{N}_]*)?$")
	jqPath   = regexp.MustCompile(`((?:\.[A-Za-z_][A-Za-z0-9_]*|\."[^"]*"|\.?\[[^\[\]]*\])*)\.([A-Za-z_][A-Za-z0-9_]*)?$`)
	jqWord   = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*$`)
	plainKey = map[string]*regexp.Regexp{ // by the quotes of the language
		`"`: regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`),
		"`": regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*$`),
	}
)

// feelKeys are the variables, or the entries of what stands before a dot.
func feelKeys(ctx context.Context, before string, document any) (word string, list []Completion, path bool) {
	at := feelPath.FindString(before)
	dot := strings.LastIndexByte(at, '.')
	word = at[dot+1:]
	if dot < 0 {
		return word, keysOf(document, "`"), false
	}
	return word, keysOf(probe(ctx, "="+at[:dot], document), "`"), true
}

// jqKeys are the keys of what a path that ends in a dot leads to.
func jqKeys(ctx context.Context, before string, document any) (word string, list []Completion, path bool) {
	match := jqPath.FindStringSubmatchIndex(before)
	if match == nil {
		return jqWord.FindString(before), nil, false
	}
	if match[4] >= 0 {
		word = before[match[4]:]
	}
	steps := before[match[2]:match[3]]
	if steps == "" {
		steps = "."
	}
	in, ok := jqInput(before[:match[0]])
	if !ok {
		return word, nil, true
	}
	return word, keysOf(probe(ctx, fmt.Sprintf("first((%s) | (%s))", in, steps), document), `"`), true
}

// probe evaluates for a completion; nil when that does not work.
func probe(ctx context.Context, source string, document any) any {
	p, err := Compile(Slot{Decisions: true}, source, completionLimits)
	if err != nil {
		return nil
	}
	object, _ := document.(map[string]any)
	result, err := p.Eval(ctx, Input{Dot: document, Scope: feel.ScopeOf(object)})
	if err != nil {
		return nil
	}
	return result.Value
}

// keysOf lists the keys of an object, or of the first object in a list. Keys
// that are no names are put in quotes.
func keysOf(value any, quote string) []Completion {
	if items, is := value.([]any); is && len(items) > 0 && quote == "`" { // FEEL projects a path over a list
		value = items[0]
	}
	object, _ := value.(map[string]any)
	var list []Completion
	for _, key := range slices.Sorted(maps.Keys(object)) {
		text := key
		if !plainKey[quote].MatchString(key) {
			text = quote + key + quote
		}
		list = append(list, Completion{text, "key", clip(object[key])})
	}
	return list
}

// clip is a value's JSON, cut short.
func clip(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	if len(text) > maxDetail {
		return strings.ToValidUTF8(string(text[:maxDetail]), "") + "…"
	}
	return string(text)
}

// elementwise are the functions of jq whose argument sees each element.
var elementwise = map[string]string{
	"map": ".[]", "map_values": ".[]", "sort_by": ".[]", "group_by": ".[]", "min_by": ".[]", "max_by": ".[]", "unique_by": ".[]",
	"any": ".[]", "all": ".[]", "with_entries": "to_entries | .[]",
}

// level is an open bracket of a jq expression, with what "." is in it.
type level struct {
	outer, in string
	from      int // where the part after the last pipe or comma begins
}

// jqInput returns an expression that yields what "." is at the end of a text,
// by following its pipes and brackets; false inside of a string or comment.
func jqInput(text string) (string, bool) {
	stack := []level{{".", ".", 0}}
	for i := 0; i < len(text); i++ {
		top := &stack[len(stack)-1]
		switch c := text[i]; c {
		case '"':
			end := stringEnd(text, i+1)
			if end < 0 {
				return "", false
			}
			i = end
		case '#':
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				return "", false
			}
			i += end
		case '(', '[', '{':
			in := top.in
			if step := elementwise[jqWord.FindString(strings.TrimRight(text[:i], " "))]; step != "" && c == '(' {
				in = fmt.Sprintf("(%s) | %s", in, step)
			}
			stack = append(stack, level{in, in, i + 1})
		case ')', ']', '}':
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
		case ',', ';', ':':
			top.in, top.from = top.outer, i+1
		case '|':
			if part := strings.TrimSpace(text[top.from:i]); part != "" && !strings.Contains(part, " as ") {
				top.in = fmt.Sprintf("(%s) | (%s)", top.in, part)
			}
			if strings.HasPrefix(text[i:], "|=") {
				i++
			}
			top.from = i + 1
		}
	}
	return stack[len(stack)-1].in, true
}

// stringEnd returns where a string ends that begins before from, or -1.
func stringEnd(text string, from int) int {
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

var keywords = map[Language]string{
	JQ:   "and as catch def elif else end foreach if or reduce then try",
	FEEL: "and between else every false for if in instance null of or return satisfies some then true",
}

// words are the functions and keywords of a language.
func words(l Language) []Completion {
	list := slices.Clone(Functions(l))
	for word := range strings.FieldsSeq(keywords[l]) {
		list = append(list, Completion{word, "keyword", ""})
	}
	return list
}

// Functions lists what expressions of a language may call, those of error
// expressions included, by name.
func Functions(l Language) []Completion {
	if l == FEEL {
		return feelFunctions()
	}
	return jqFunctions()
}

var feelFunctions = sync.OnceValue(func() []Completion {
	var list []Completion
	add := func(name string, params []string, variadic bool) {
		detail := name + "(" + strings.Join(params, ", ")
		if variadic {
			detail += "..."
		}
		list = append(list, Completion{name, "function", detail + ")"})
	}
	for _, s := range feel.Builtins() {
		add(s.Name, s.Params, s.Variadic)
	}
	for _, f := range functions {
		for _, overload := range f.feel() {
			add(overload.Name, overload.Params, false)
		}
	}
	return joined(list)
})

var jqFunctions = sync.OnceValue(func() []Completion {
	var list []Completion
	for _, f := range functions {
		list = append(list, Completion{f.name, "function", fmt.Sprintf("%s/%d", f.name, len(f.params))})
	}
	query, err := gojq.Parse("builtins[]")
	if err != nil { // it is a constant
		return list
	}
	for names := query.Run(nil); ; {
		name, more := names.Next()
		if !more {
			return joined(list)
		}
		signature, _ := name.(string)
		text, _, _ := strings.Cut(signature, "/")
		if refused[text] == "" && text != "" {
			list = append(list, Completion{text, "function", signature})
		}
	}
})

// joined makes one of the overloads of a name.
func joined(list []Completion) []Completion {
	slices.SortFunc(list, func(a, b Completion) int {
		return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(len(a.Detail), len(b.Detail)), cmp.Compare(a.Detail, b.Detail))
	})
	out := list[:0]
	for _, c := range list {
		if n := len(out); n > 0 && out[n-1].Text == c.Text {
			out[n-1].Detail += "\n" + c.Detail
			continue
		}
		out = append(out, c)
	}
	return out
}
