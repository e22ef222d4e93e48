package engine

import (
	"fmt"
	"strings"
	"time"

	"patchbay/engine/iso8601"
	"patchbay/protocols"
)

// The task headers that the engine understands. Zeebe never evaluates them, so
// their text is what the template says.
const (
	headerProtocol          = "protocol"
	headerRequestExpression = "requestExpression"
	headerResultVariable    = "resultVariable"
	headerResultExpression  = "resultExpression"
	headerErrorExpression   = "errorExpression"
	headerRetryBackoff      = "retryBackoff"
	headerJobTimeout        = "jobTimeout"
)

// TaskHeaders are the task headers that the engine reads from every job, in the
// order of a job's steps. A template writes one by a property with the binding
// zeebe:taskHeader.
func TaskHeaders() []protocols.Named {
	return []protocols.Named{
		{Name: headerProtocol, Doc: "The protocol that serves the job, for a job type that no protocol has built in; a hidden property of the template."},
		{Name: headerJobTimeout, Doc: "How long the job's lock and with it the call may last from now on, an ISO 8601 duration; by default what --job-timeout says."},
		{Name: headerRequestExpression, Doc: "Expression that yields an object to merge over the input."},
		{Name: headerResultVariable, Doc: "Process variable that gets the whole response."},
		{Name: headerResultExpression, Doc: "Expression that maps the response to process variables, which come over the result variable."},
		{Name: headerErrorExpression, Doc: "Expression that decides after success and failure alike: throw a BPMN error, fail the job, complete it, or null for neither."},
		{Name: headerRetryBackoff, Doc: "How long a failed job waits before its next retry, an ISO 8601 duration; none by default."},
	}
}

// Headers lists the names of TaskHeaders.
func Headers() (names []string) {
	for _, h := range TaskHeaders() {
		names = append(names, h.Name)
	}
	return names
}

// headerError is a header with a value that makes no sense. The job fails with
// no retries and without back-off.
type headerError struct {
	class, text string
}

func (e *headerError) Error() string { return e.text }

// retryBackoff reads the header of that name: how long a failed job waits.
func retryBackoff(headers map[string]string) (time.Duration, error) {
	text, ok := headers[headerRetryBackoff]
	if !ok {
		return 0, nil
	}
	d, err := iso8601.ParseDuration(text)
	if err != nil {
		return 0, &headerError{
			class: "io.camunda.connector.runtime.core.error.InvalidBackOffDurationException",
			text:  "Failed to parse retry backoff header. Expected ISO-8601 duration, e.g. PT5M, got: " + text,
		}
	}
	return max(d, 0), nil
}

// jobTimeout reads the header of that name: how long the call may take, from
// now on; 0 if there is none.
func jobTimeout(headers map[string]string) (time.Duration, error) {
	text := headers[headerJobTimeout]
	if strings.TrimSpace(text) == "" {
		return 0, nil
	}
	d, err := iso8601.ParseDuration(text)
	if err != nil || d < time.Millisecond {
		return 0, &headerError{
			class: classInput,
			text:  fmt.Sprintf("Failed to parse job timeout header. Expected ISO-8601 duration of at least 1 ms, e.g. PT5M, got: %s", text),
		}
	}
	return d, nil
}
