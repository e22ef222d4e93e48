package expr

// Slot is a place where a template has an expression.
type Slot struct {
	// Name is the slot's name as templates write it, for error texts; it also
	// tells slots apart in a Cache. Empty outside of connectors.
	Name string
	// Dot says what "." is in jq.
	Dot string
	// Yields says what the expression is to yield.
	Yields string
	// Variables are jq's variables in the order of Input.Variables.
	Variables []Variable
	// Scope are FEEL's variables beside the members of ".".
	Scope []Variable
	// Decisions allows bpmnError, jobError, ignoreError and backoff.
	Decisions bool
	// Documents allows createDocument.
	Documents bool
}

// Variable describes a variable of a slot.
type Variable struct {
	// Name is that in expressions; in jq it begins with "$".
	Name string
	// Doc says what it holds.
	Doc string
}

const (
	jobDoc   = "key, type, elementId, bpmnProcessId, processInstanceKey, retries and headers of the job"
	errorDoc = "code, message, type and variables of the error"
)

var (
	varsVariable  = Variable{"$vars", "the job's variables, with secrets unresolved"}
	jobVariable   = Variable{"$job", jobDoc}
	errorVariable = Variable{"$error", errorDoc + ", or null"}
)

// The slots of outbound connectors, which are task headers.
var (
	RequestExpression = Slot{
		Name:      "requestExpression",
		Dot:       "the job's variables",
		Yields:    "an object that is merged deep over the input",
		Variables: []Variable{varsVariable, jobVariable},
		Scope:     []Variable{{"job", jobDoc}},
	}
	ResultExpression = Slot{
		Name:      "resultExpression",
		Dot:       "the response",
		Yields:    "an object of process variables, or null for none",
		Variables: []Variable{varsVariable, jobVariable},
		Scope:     []Variable{{"response", "the response as a whole"}},
		Documents: true,
	}
	ErrorExpression = Slot{
		Name:      "errorExpression",
		Dot:       "the response overlaid with the output variables; null after a failure",
		Yields:    "what bpmnError, jobError or ignoreError returns, or null to let success and failure be",
		Variables: []Variable{varsVariable, jobVariable, errorVariable},
		Scope:     []Variable{{"response", "what jq's . is; after a failure an object with error"}, {"error", "after a failure: " + errorDoc}, {"job", jobDoc}},
		Decisions: true,
		Documents: true,
	}
)

// Slots are the slots of outbound connectors, in the order of their use.
func Slots() []Slot { return []Slot{RequestExpression, ResultExpression, ErrorExpression} }
