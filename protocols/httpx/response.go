package httpx

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/value"
)

// Headers returns an answer's headers as JSON: a string, or a list if the
// header came more than once.
func Headers(h http.Header) map[string]any {
	out := make(map[string]any, len(h))
	for name, values := range h {
		if len(values) == 1 {
			out[name] = headerText(values[0])
			continue
		}
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = headerText(v)
		}
		out[name] = list
	}
	return out
}

// Reason returns the phrase of the status line, which HTTP/2 does not have.
func Reason(resp *http.Response) string {
	_, reason, _ := strings.Cut(resp.Status, " ")
	return reason
}

// DecodeJSON decodes one JSON text; numbers keep their digits as json.Number.
// Anything after it but white space is an error, and so is what nests deeper
// than value.MaxDepth. The value shares content's memory, so content must not
// change afterwards.
func DecodeJSON(content []byte) (any, error) { return value.DecodeLong(content) }

// EncodeJSON encodes a value that came from JSON or from an expression. HTML is
// not escaped, as signatures may depend on it.
func EncodeJSON(v any) ([]byte, error) { return value.Append(nil, v) }

// Body returns an answer's body as mappings see it: null if it is blank, an
// object or list if it is JSON, whatever its content type says, else text.
// Scalars that happen to be JSON stay text.
func Body(resp *http.Response) any {
	content := Content(resp)
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(content, byteOrderMark))
	if len(trimmed) == 0 {
		return nil
	}
	if trimmed[0] == '{' || trimmed[0] == '[' {
		if v, err := DecodeJSON(trimmed); err == nil {
			return v
		}
	}
	return Text(content, resp.Header.Get("Content-Type"))
}

// maxErrorJSON is the longest body of an error that is decoded, in bytes: errors
// outlive the call's turn.
const maxErrorJSON = 256 << 10

// StatusError returns the error of an answer with a status of 400 or more. A
// body of more than 256 KiB stays text.
func (c *Client) StatusError(resp *http.Response) *protocols.Error {
	var body any
	if content := Content(resp); len(content) > maxErrorJSON {
		body = Text(content, resp.Header.Get("Content-Type"))
	} else if body = Body(resp); body == nil {
		body = ""
	}
	after := retryAfter(resp, c.host.Now())
	return &protocols.Error{
		Code: strconv.Itoa(resp.StatusCode), Message: Reason(resp), Status: resp.StatusCode,
		Variables: map[string]any{"response": map[string]any{"headers": Headers(resp.Header), "body": body}},
		// Some APIs, GitHub's among them, say 403 when a rate limit is used up.
		Temporary: temporary[resp.StatusCode] || resp.StatusCode == http.StatusForbidden && after > 0, RetryAfter: after,
	}
}

// temporary are the statuses after which the same request may succeed later.
var temporary = map[int]bool{
	http.StatusRequestTimeout: true, http.StatusTooEarly: true, http.StatusTooManyRequests: true,
	http.StatusBadGateway: true, http.StatusServiceUnavailable: true, http.StatusGatewayTimeout: true,
}

// resets are the headers that tell when a rate limit ends, besides Retry-After:
// in seconds from now, or as a Unix time.
var resets = []string{"Ratelimit-Reset", "X-Ratelimit-Reset", "X-Rate-Limit-Reset"}

// retryAfter returns how long the server asked to wait (RFC 9110, 10.2.3, and
// the rate limit headers in use); 0 if it did not.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	h := resp.Header
	if n, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && n > 0 {
		return time.Duration(min(n, 1e11)) * time.Millisecond
	}
	if text := h.Get("Retry-After"); text != "" {
		return wait(text, now)
	}
	limited := resp.StatusCode == http.StatusTooManyRequests || h.Get("X-Ratelimit-Remaining") == "0"
	if !limited {
		return 0
	}
	for _, name := range resets {
		if d := wait(h.Get(name), now); d > 0 {
			return d
		}
	}
	return 0
}

// wait reads seconds, a Unix time in seconds or an HTTP date.
func wait(text string, now time.Time) time.Duration {
	const year = 365 * 24 * 3600
	if n, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
		if n > year {
			n -= float64(now.Unix())
		}
		return time.Duration(max(0, min(n, year)) * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}
