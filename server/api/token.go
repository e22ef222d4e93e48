package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
)

// Token lets its bearer use the API.
type Token struct {
	// Name is what the audit log calls the bearer.
	Name string
	Role Role
	Text string
}

// minToken is the least length of a token.
const minToken = 16

// ParseToken reads a token as the configuration writes it: the text alone, or
// NAME=TEXT. A bearer token has "=" at its end only (RFC 6750, section 2.1), so
// what stands before an earlier one is a name. Without a name it is called
// fallback. The error does not show the text.
func ParseToken(setting string, role Role, fallback string) (Token, error) {
	t := Token{fallback, role, setting}
	if name, text, named := strings.Cut(setting, "="); named && name != "" && strings.Trim(text, "=") != "" {
		t.Name, t.Text = name, text
	}
	if len(t.Text) < minToken {
		return Token{}, fmt.Errorf("the token is shorter than %d characters", minToken)
	}
	return t, nil
}

// tokens are compared by their sums, in a time that tells nothing about them.
type tokens struct {
	list []Token
	sums [][sha256.Size]byte
}

func newTokens(list []Token) tokens {
	t := tokens{list: list}
	for _, token := range list {
		t.sums = append(t.sums, sha256.Sum256([]byte(token.Text)))
	}
	return t
}

// of finds the token that a request bears.
func (t tokens) of(r *http.Request) (Token, bool) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(text))
	found := -1
	for i, s := range t.sums {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(s[:], sum[:]), i, found)
	}
	if found < 0 || !strings.EqualFold(scheme, "Bearer") {
		return Token{}, false
	}
	return t.list[found], true
}
