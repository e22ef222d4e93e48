package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"patchbay/protocols"
)

// The codes and messages of Camunda's HTTP connector 8.8, which error
// expressions test. What exactly went wrong is in the error's Cause.
const (
	ioMessage       = "An error occurred while executing the request, or the connection was aborted"
	timeoutMessage  = "The request timed out. Please try increasing the read and connection timeouts."
	protocolMessage = "An error with the HTTP protocol occurred"
	mappingMessage  = "Error while executing an HTTP request: "
	tlsMessage      = "TLS handshake failed: "
	tlsAdvice       = ". The server certificate may not be trusted, or the server may not accept the client's certificate"

	// CodeTooLarge is the code of an answer over the size limit.
	CodeTooLarge = "RESPONSE_TOO_LARGE"
	// CodeTLS is the code of a failed TLS handshake.
	CodeTLS = "SSL_HANDSHAKE_FAILED"
)

// classify turns what went wrong on the way into an *protocols.Error or an
// *protocols.InputError.
func (a *attempt) classify(err error) error {
	var input *protocols.InputError
	if errors.As(err, &input) {
		return input
	}
	var known *protocols.Error
	if errors.As(err, &known) {
		return known
	}
	e := a.describe(cause(err))
	e.Unsent = e.Unsent || !a.connected.Load()
	return e
}

// AsError makes sure that an error is one of the two that protocols return, for
// errors that an HTTP library adds to those of a Client. field is the input
// that holds the address, which a refused address is reported at.
func AsError(err error, field string) error {
	var input *protocols.InputError
	var known *protocols.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &input):
		return At(input, field)
	case errors.As(err, &known):
		return known
	}
	return &protocols.Error{Code: "500", Message: protocolMessage, Cause: cause(err)}
}

// At returns an error that concerns an address with the input that holds the
// address, instead of the one named url.
func At(err error, field string) error {
	var input *protocols.InputError
	if errors.As(err, &input) && (input.Path == "" || input.Path == "url") {
		return &protocols.InputError{Path: field, Message: input.Message, Cause: input.Cause}
	}
	return err
}

func (a *attempt) describe(err error) *protocols.Error {
	if ended := a.ended(err); ended != nil {
		return ended
	}
	var large *tooLargeError
	var broken *readError
	switch {
	case errors.As(err, &large):
		return &protocols.Error{Code: CodeTooLarge, Message: large.Error(), Cause: err}
	case isTLS(err):
		return &protocols.Error{Code: CodeTLS, Message: tlsMessage + rootText(err) + tlsAdvice, Cause: err}
	case errors.As(err, &broken):
		return &protocols.Error{Code: "500", Message: mappingMessage + broken.Error(), Temporary: true, Cause: err}
	case isTimeout(err):
		return &protocols.Error{Code: "408", Message: timeoutMessage, Temporary: true, Unsent: isDial(err), Cause: err}
	case isProtocol(err):
		return &protocols.Error{Code: "500", Message: protocolMessage, Cause: err}
	}
	return &protocols.Error{Code: "408", Message: ioMessage, Temporary: true, Unsent: isDial(err), Cause: err}
}

// ended returns the error of a call whose time was over or that was cancelled.
func (a *attempt) ended(err error) *protocols.Error {
	why := context.Cause(a)
	switch {
	case why == nil:
		return nil
	case errors.Is(why, errConnectTimeout), errors.Is(why, errReadTimeout):
		return &protocols.Error{Code: "408", Message: timeoutMessage, Temporary: true, Cause: why}
	case errors.Is(why, context.DeadlineExceeded):
		return &protocols.Error{Code: "408", Message: timeoutMessage, Temporary: true,
			Cause: errors.Join(errors.New("the job's time was over before the answer came"), why)}
	}
	return &protocols.Error{Message: "the call was cancelled", Temporary: true, Cause: errors.Join(why, err)}
}

// cause strips the layers of an error that name the URL, whose query may hold
// an API key.
func cause(err error) error {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}

func isDial(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") || errors.As(err, &dns)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func isTLS(err error) bool {
	var (
		record    tls.RecordHeaderError
		alert     tls.AlertError
		verify    *tls.CertificateVerificationError
		unknown   x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		host      x509.HostnameError
		roots     x509.SystemRootsError
		ech       *tls.ECHRejectionError
		text      = err.Error()
		plainHTTP = errors.Is(err, http.ErrSchemeMismatch) || strings.Contains(text, "server gave HTTP response to HTTPS client")
	)
	return plainHTTP || errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &verify) ||
		errors.As(err, &unknown) || errors.As(err, &invalid) || errors.As(err, &host) || errors.As(err, &roots) ||
		errors.As(err, &ech) || strings.HasPrefix(text, "tls: ") || strings.Contains(text, "remote error: tls: ") ||
		strings.Contains(text, "TLS handshake timeout")
}

// rootText is the innermost reason without the package's name.
func rootText(err error) string {
	text := err.Error()
	for _, prefix := range []string{"net/http: ", "http: ", "tls: ", "remote error: tls: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}

// isProtocol reports whether a server broke the rules of HTTP. A status line
// that is none counts as an aborted connection, as in Camunda's connector.
func isProtocol(err error) bool {
	text := err.Error()
	for _, status := range []string{"malformed HTTP response", "malformed HTTP version", "malformed HTTP status"} {
		if strings.Contains(text, status) {
			return false
		}
	}
	for _, sign := range []string{
		"malformed", "server response headers exceeded", "transport connection broken", "http2: ", "stream error",
		"bad Content-Length", "invalid Content-Length", "too many transfer encodings", "unsupported transfer encoding",
	} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
