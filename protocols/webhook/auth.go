package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
)

// authenticator checks who sent a request.
type authenticator interface {
	// authenticate returns nil, or the refusal: 401, or 403 for a caller who is
	// known and lacks permissions.
	authenticate(ctx context.Context, r *request) *answer
}

// newAuthenticator returns what checks the callers of a webhook.
func newAuthenticator(w *webhook, read *lists) authenticator {
	in := &w.in.Auth
	switch in.Type {
	case "BASIC":
		return basicAuth{in.Username, in.Password}
	case "APIKEY":
		return keyAuth{in.APIKey, strings.TrimSpace(in.APIKeyLocator), w.host.Evaluate}
	case "JWT":
		return newTokenAuth(w, read)
	}
	return noAuth{}
}

func unauthorized(reason, detail string) *answer {
	return challenge("Webhook", reason, detail)
}

// challenge is a 401, which names a scheme to authenticate by (RFC 9110, 15.5.2).
func challenge(scheme, reason, detail string) *answer {
	return problem{status: http.StatusUnauthorized, reason: reason, detail: detail, rank: rankCredentials,
		header: http.Header{"Www-Authenticate": {scheme}}}.answer()
}

// equal compares texts in a time that says nothing about them.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// noAuth lets everybody in.
type noAuth struct{}

func (noAuth) authenticate(context.Context, *request) *answer { return nil }

// basicAuth is a user name and a password.
type basicAuth struct{ username, password string }

func (b basicAuth) authenticate(_ context.Context, r *request) *answer {
	const scheme = `Basic realm="webhook", charset="UTF-8"`
	header, ok, refused := r.single("Authorization")
	if refused != nil {
		return refused
	}
	kind, encoded, _ := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(kind, "basic") {
		return challenge(scheme, "INVALID_CREDENTIALS", "the basic authentication is missing")
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	username, password, _ := strings.Cut(string(decoded), ":")
	same := equal(username, b.username)
	if !equal(password, b.password) || !same || err != nil {
		return challenge(scheme, "INVALID_CREDENTIALS", "the basic authentication is invalid")
	}
	return nil
}

// keyAuth is an API key that an expression finds in the request.
type keyAuth struct {
	key, locator string
	evaluate     evaluator
}

// evaluator is protocols.InboundHost.Evaluate.
type evaluator = func(ctx context.Context, source string, value any) (any, error)

func (k keyAuth) authenticate(ctx context.Context, r *request) *answer {
	const scheme = "ApiKey"
	given, refused := k.find(ctx, r)
	switch {
	case refused != nil:
		return refused
	case given == "":
		return challenge(scheme, "INVALID_CREDENTIALS", "the API key is missing")
	case !equal(given, k.key):
		return challenge(scheme, "INVALID_CREDENTIALS", "the API key is invalid")
	}
	return nil
}

// find returns the API key of a request, or "" if there is none.
func (k keyAuth) find(ctx context.Context, r *request) (string, *answer) {
	if k.locator == "" {
		header, _, refused := r.single("Authorization")
		_, given, _ := strings.Cut(header, " ")
		return strings.TrimSpace(given), refused
	}
	event, refused := r.event()
	if refused != nil { // the locator may need the body, which nobody can read
		return "", challenge("ApiKey", "INVALID_CREDENTIALS", "the API key is missing: the body cannot be read")
	}
	value, err := k.evaluate(ctx, k.locator, event)
	if err != nil {
		a := challenge("ApiKey", "INVALID_CREDENTIALS", "the API key is missing")
		a.note = "evaluate inbound.auth.apiKeyLocator: " + err.Error()
		return "", a
	}
	text, _ := value.(string)
	return text, nil
}
