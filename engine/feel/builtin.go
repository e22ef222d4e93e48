package feel

import (
	"slices"
	"strings"
)

// builtin is a row of the tables of built-in functions. Parameter names are those of Camunda's engine, odd spellings
// included, because calls may name them.
type builtin struct {
	name     string
	params   string // separated by commas; "..." at the end: the last one takes all remaining arguments
	function func(f *frame, args []Value) Value
}

// builtins are the functions by name; of several overloads the first that fits a call is taken.
var builtins = func() map[string][]*function {
	table := map[string][]*function{}
	for _, part := range [][]builtin{
		conversionFunctions, booleanFunctions, stringFunctions, listFunctions, numericFunctions, contextFunctions,
		rangeFunctions, temporalFunctionTable, zeebeFunctions,
	} {
		for _, b := range part {
			table[b.name] = append(table[b.name], b.value())
		}
	}
	return table
}()

func (b builtin) value() *function {
	params, variadic := strings.CutSuffix(b.params, "...")
	fn := &function{variadic: variadic, call: b.function}
	if params != "" {
		fn.params = strings.Split(params, ",")
	}
	return fn
}

// Signature is a function's name with the names of its parameters.
type Signature struct {
	Name     string   `json:"name"`
	Params   []string `json:"params"`
	Variadic bool     `json:"variadic,omitempty"`
}

// Builtins lists every overload of the built-in functions by name, for completion in an editor.
func Builtins() []Signature {
	var all []Signature
	for name, overloads := range builtins {
		for _, fn := range overloads {
			all = append(all, Signature{name, fn.params, fn.variadic})
		}
	}
	slices.SortStableFunc(all, func(a, b Signature) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return len(a.Params) - len(b.Params)
	})
	return all
}

// illegal is the failure of a function that does not take arguments of these types.
func illegal(args []Value) Value {
	parts := []any{"Illegal arguments: "}
	for i, a := range args {
		if i > 0 {
			parts = append(parts, ", ")
		}
		parts = append(parts, a)
	}
	return errorValue(message(parts))
}

func failure(parts ...any) Value { return errorValue(message(parts)) }

// has tells whether the arguments are of these kinds.
func has(args []Value, kinds ...Kind) bool {
	for i, k := range kinds {
		if args[i].kind != k {
			return false
		}
	}
	return true
}

// booleanFunctions and the few that take any value.
var booleanFunctions = []builtin{
	{"not", "negand", func(_ *frame, a []Value) Value {
		if a[0].kind != KindBoolean {
			return Value{}
		}
		return Bool(!a[0].bool())
	}},
	{"is defined", "value", func(_ *frame, a []Value) Value { return Bool(a[0].kind != KindNull) }},
	{"get or else", "value,default", func(_ *frame, a []Value) Value {
		if a[0].kind == KindNull {
			return a[1]
		}
		return a[0]
	}},
	{"assert", "value,condition", func(_ *frame, a []Value) Value {
		if a[1].isTrue() {
			return a[0]
		}
		return errorValue("The condition is not fulfilled")
	}},
	{"assert", "value,condition,cause", func(_ *frame, a []Value) Value {
		switch {
		case a[1].isTrue():
			return a[0]
		case a[2].kind == KindString:
			return errorValue(a[2].str())
		}
		return illegal(a)
	}},
}

// zeebeFunctions are those that the Zeebe engine adds to the language.
var zeebeFunctions = []builtin{
	{"cycle", "interval", func(_ *frame, a []Value) Value { return cycle(a, Value{}, a[0]) }},
	{"cycle", "repetitions,interval", func(_ *frame, a []Value) Value { return cycle(a, a[0], a[1]) }},
	{"fromAi", "value", firstArgument},
	{"fromAi", "value,description", firstArgument},
	{"fromAi", "value,description,type", firstArgument},
	{"fromAi", "value,description,type,schema", firstArgument},
	{"fromAi", "value,description,type,schema,options", firstArgument},
}

func firstArgument(_ *frame, a []Value) Value { return a[0] }

// cycle writes a repeating interval of ISO 8601.
func cycle(args []Value, repetitions, interval Value) Value {
	if !isDuration(interval) || repetitions.kind != KindNull && repetitions.kind != KindNumber {
		return illegal(args)
	}
	text := []byte{'R'}
	if repetitions.kind == KindNumber {
		text = repetitions.appendNumber(text)
	}
	return String(string(appendTemporal(append(text, '/'), interval, asJava)))
}
