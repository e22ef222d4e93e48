package engine

import (
	"fmt"
	"strings"
	"time"

	"patchbay/engine/iso8601"
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
