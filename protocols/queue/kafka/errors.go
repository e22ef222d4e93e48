package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"patchbay/protocols"
)

// CodeFail is the code of every publication that fails, as in Camunda's
// connector. Which of Kafka's errors it was is the variable kafkaError.
const CodeFail = "FAIL"

// Names of errors that did not come from a broker, in kafkaError.
const (
	kafkaTimeout       = "REQUEST_TIMED_OUT"
	kafkaNetwork       = "NETWORK_EXCEPTION"
	kafkaSerialization = "SERIALIZATION"
	kafkaRegistry      = "SCHEMA_REGISTRY"
)

// failed makes the error of a publication.
func failed(err error) *protocols.Error {
	name, temporary := classify(err)
	e := &protocols.Error{Code: CodeFail, Message: failText(err), Temporary: temporary, Cause: err}
	if name != "" {
		e.Variables = map[string]any{"kafkaError": name}
	}
	return e
}

// failText is the text of Camunda's connector.
func failText(err error) string {
	return fmt.Sprintf("Error during Kafka Producer execution; error message: [%s]", explain(err))
}

// classify names an error as Kafka does, and says whether it may pass.
func classify(err error) (name string, temporary bool) {
	var known *kerr.Error
	var network net.Error
	switch {
	case errors.As(err, &known):
		return known.Message, known.Retriable || known == kerr.UnknownTopicOrPartition
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, kgo.ErrRecordTimeout), errors.Is(err, kgo.ErrRecordRetries):
		return kafkaTimeout, true
	case errors.As(err, &network), isEOF(err):
		return kafkaNetwork, true
	}
	return "", true
}

// isNetwork reports whether a connection ended or did not come about.
func isNetwork(err error) bool {
	name, _ := classify(err)
	return name == kafkaNetwork || name == kafkaTimeout
}

// isEOF reports whether a broker hung up, which it does when one of both sides
// speaks TLS and the other does not, when SASL is missing, and some after a
// wrong password.
func isEOF(err error) bool {
	var eof *kgo.ErrFirstReadEOF
	return errors.As(err, &eof) || errors.Is(err, io.EOF)
}

// explain is an error's text with what an operator should know of it.
func explain(err error) string {
	var known *kerr.Error
	switch {
	case isEOF(err):
		return err.Error() + ": the broker hung up; check the account, security.protocol (TLS or not) and sasl.mechanism"
	case errors.As(err, &known) && !strings.Contains(err.Error(), known.Message):
		return known.Message + ": " + err.Error()
	}
	return err.Error()
}

// unreachable is the error of a connection that does not come about. Whoever
// dialled an address that is not allowed made a mistake in the input.
func unreachable(servers []string, err error) error {
	var input *protocols.InputError
	if errors.As(err, &input) {
		return input
	}
	return fmt.Errorf("connect to %s: %w", strings.Join(servers, ","), err)
}
