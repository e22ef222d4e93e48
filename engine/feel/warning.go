package feel

// Codes of warnings, as Camunda's engine names them.
const (
	NoVariableFound           = "NO_VARIABLE_FOUND"
	NoContextEntryFound       = "NO_CONTEXT_ENTRY_FOUND"
	NoPropertyFound           = "NO_PROPERTY_FOUND"
	NoFunctionFound           = "NO_FUNCTION_FOUND"
	InvalidType               = "INVALID_TYPE"
	NotComparable             = "NOT_COMPARABLE"
	FunctionInvocationFailure = "FUNCTION_INVOCATION_FAILURE"
	AssertFailure             = "ASSERT_FAILURE"
)

// Warning tells why a part of an expression became null. The first 200 of an evaluation are kept.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// warn records a warning and gives the error value that goes with it.
func (f *frame) warn(code string, parts ...any) Value {
	if len(f.warnings) >= maxWarnings {
		return errorValue("")
	}
	text := message(parts)
	f.warnings = append(f.warnings, Warning{code, text})
	return errorValue(text)
}

// message joins texts and values; values are quoted as in Camunda's texts and shortened.
func message(parts []any) string {
	var text []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			text = append(text, p...)
		case Value:
			text = append(append(append(text, '\''), shorten(string(p.appendText(nil, maxText)))...), '\'')
		}
	}
	return string(text)
}
