package httpx

import "patchbay/protocols"

// Codes are the error codes of every protocol that calls over HTTP.
func Codes() []protocols.Named {
	return []protocols.Named{
		{Name: "400 to 599", Doc: "The HTTP status, when it is 400 or more. error.message is its reason phrase, error.variables.response has the headers and the body."},
		{Name: "408", Doc: "No connection, or no answer in time. Also the status of that number."},
		{Name: "500", Doc: "The answer broke the rules of HTTP or broke off. Also the status of that number."},
		{Name: CodeTLS, Doc: "No TLS connection: the server's certificate is not trusted, or the server refuses the client's."},
		{Name: CodeTooLarge, Doc: "The answer is larger than the limit, or would take too much memory."},
		{Name: codeToken, Doc: "The token endpoint gave no token."},
		{Name: codeExpired, Doc: "The refresh token has expired or was revoked."},
		{Name: codeInteraction, Doc: "The authorization server wants the user to log in again."},
	}
}
