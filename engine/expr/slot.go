package expr

// Slot is a place where a template has an expression.
type Slot struct {
	// Name is the slot's name as templates write it, for error texts; it also
	// tells slots apart in a Cache. Empty outside of connectors.
	Name string
	// Dot says what "." is in jq.
	Dot string
	// Variables are jq's variables in the order of Input.Variables.
	Variables []Variable
	// Decisions allows bpmnError, jobError, ignoreError and backoff.
	Decisions bool
	// Documents allows createDocument.
	Documents bool
}

// Variable describes a jq variable of a slot.
type Variable struct {
	// Name begins with "$".
	Name string
	// Doc says what it holds.
	Doc string
}

var (
	varsVariable  = Variable{"$vars", "the job's variables, with secrets unresolved"}
	jobVariable   = Variable{"$job", "key, type, elementId, bpmnProcessId, processInstanceKey, retries and headers of the job"}
	errorVariable = Variable{"$error", "code, message, type and variables of the error, or null"}
)

// The slots of outbound connectors, which are task headers.
var (
	RequestExpression = Slot{
		Name:      "requestExpression",
		Dot:       "the job's variables",
		Variables: []Variable{varsVariable, jobVariable},
	}
	ResultExpression = Slot{
		Name:      "resultExpression",
		Dot:       "the response",
		Variables: []Variable{varsVariable, jobVariable},
		Documents: true,
	}
	ErrorExpression = Slot{
		Name:      "errorExpression",
		Dot:       "the response overlaid with the output variables; null after a failure",
		Variables: []Variable{varsVariable, jobVariable, errorVariable},
		Decisions: true,
		Documents: true,
	}
)
