package webhook

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// methods are the algorithms of tokens: those with a public key. "none" and
// shared keys are refused, whatever a key set says.
var methods = []string{
	"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA",
}

// tokenAuth is a JSON Web Token (RFC 7519) as bearer token (RFC 6750).
type tokenAuth struct {
	parser      *jwt.Parser
	keys        *keySet
	issuers     []string
	expression  string
	permissions []string
	evaluate    evaluator
}

func newTokenAuth(w *webhook, read *lists) *tokenAuth {
	in, now := &w.in.Auth.JWT, w.host.Now
	options := []jwt.ParserOption{jwt.WithValidMethods(methods), jwt.WithJSONNumber(), jwt.WithTimeFunc(now)}
	if audiences := read.read("inbound.auth.jwt.audience", in.Audience); len(audiences) > 0 {
		options = append(options, jwt.WithAudience(audiences...))
	}
	return &tokenAuth{
		parser: jwt.NewParser(options...), keys: &keySet{url: in.JWKURL, client: w.http, now: now},
		issuers:     read.read("inbound.auth.jwt.issuer", in.Issuer),
		permissions: read.read("inbound.auth.jwt.requiredPermissions", in.RequiredPermissions),
		expression:  in.PermissionsExpression, evaluate: w.host.Evaluate,
	}
}

func (t *tokenAuth) authenticate(ctx context.Context, r *request) *answer {
	header, ok, refused := r.single("Authorization")
	if refused != nil {
		return refused
	}
	kind, text, _ := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(kind, "bearer") {
		return challenge("Bearer", "INVALID_CREDENTIALS", "the bearer token is missing")
	}
	claims := jwt.MapClaims{}
	if _, err := t.parser.ParseWithClaims(strings.TrimSpace(text), claims, t.keys.keyFor(ctx)); err != nil {
		return tokenRefused(err)
	}
	if issuer, err := claims.GetIssuer(); len(t.issuers) > 0 && (err != nil || !slices.Contains(t.issuers, issuer)) {
		return tokenRefused(jwt.ErrTokenInvalidIssuer)
	}
	return t.permit(ctx, claims)
}

// reasons are what a caller is told about his token.
var reasons = []struct {
	err    error
	detail string
}{
	{jwt.ErrTokenMalformed, "the token is malformed"},
	{jwt.ErrTokenExpired, "the token has expired"},
	{jwt.ErrTokenNotValidYet, "the token is not valid yet"},
	{jwt.ErrTokenUsedBeforeIssued, "the token was issued in the future"},
	{jwt.ErrTokenInvalidIssuer, "the token's issuer is not accepted"},
	{jwt.ErrTokenInvalidAudience, "the token is for another audience"},
	{jwt.ErrTokenRequiredClaimMissing, "the token lacks a claim"},
}

func tokenRefused(err error) *answer {
	if errors.Is(err, errNoKeys) {
		a := problem{status: http.StatusServiceUnavailable, reason: "KEYS_UNAVAILABLE",
			detail: "the keys to check the token with cannot be fetched", retryAfter: 5}.answer()
		a.note = err.Error()
		return a
	}
	detail := "the token's signature does not match"
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			detail = r.detail
			break
		}
	}
	a := challenge(`Bearer error="invalid_token"`, "INVALID_CREDENTIALS", detail)
	a.note = detail + ": " + err.Error()
	return a
}

// permit checks the permissions that a token gives.
func (t *tokenAuth) permit(ctx context.Context, claims jwt.MapClaims) *answer {
	if len(t.permissions) == 0 {
		return nil
	}
	value, err := t.evaluate(ctx, t.expression, map[string]any(claims))
	given := texts(value)
	missing := slices.ContainsFunc(t.permissions, func(p string) bool { return !slices.Contains(given, p) })
	if err == nil && !missing {
		return nil
	}
	a := problem{status: http.StatusForbidden, reason: "FORBIDDEN", detail: "the caller lacks permissions", rank: rankPermissions,
		header: http.Header{"Www-Authenticate": {`Bearer error="insufficient_scope"`}}}.answer()
	if err != nil {
		a.note = "evaluate inbound.auth.jwt.permissionsExpression: " + err.Error()
	}
	return a
}

// texts returns the texts of a list, or of a text with blanks between them, as
// scopes are written (RFC 8693, 4.2).
func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		list := make([]string, 0, len(v))
		for _, item := range v {
			if text, ok := item.(string); ok {
				list = append(list, text)
			}
		}
		return list
	}
	return nil
}
