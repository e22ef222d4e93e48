package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// Access says who may use the API.
type Access struct {
	// Tokens are the bearer tokens that may; none means that everybody may who
	// reaches it, but no web page of somebody else in a browser on this machine.
	Tokens []string
	// AnyHost answers without tokens under every host name, for a server that
	// others are meant to reach.
	AnyHost bool
}

// Guard lets the requests pass that may use the API.
func (a Access) Guard(next http.Handler) http.Handler {
	if len(a.Tokens) == 0 {
		return a.keepPagesOut(next)
	}
	sums := make([][sha256.Size]byte, len(a.Tokens))
	for i, token := range a.Tokens {
		sums[i] = sha256.Sum256([]byte(token))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !known(sums, r.Header.Get("Authorization")) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="patchbay"`)
			writeProblem(w, problem(http.StatusUnauthorized, "a bearer token is needed: one of --api-token"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// keepPagesOut refuses what a browser sends for a page of another origin: by
// the headers that it adds, and by a host name that is not this machine's, with
// which a page passes as one of the same origin (DNS rebinding).
func (a Access) keepPagesOut(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case protection.Check(r) != nil:
			writeProblem(w, problem(http.StatusForbidden, "a page of another origin may not change anything here; with --api-token it may, with a token"))
		case !a.AnyHost && !ownHost(r.Host):
			writeProblem(w, problem(http.StatusForbidden, fmt.Sprintf("%q is no name of this machine alone: set --api-token, or --no-auth to answer under every name", r.Host)))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ownHost reports whether a Host header names the machine itself: a loopback
// address, or a name that browsers resolve to one (RFC 6761, section 6.3).
func ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return ip != nil && ip.IsLoopback()
}

// known compares in a time that tells nothing about the tokens.
func known(sums [][sha256.Size]byte, header string) bool {
	scheme, token, _ := strings.Cut(header, " ")
	sum := sha256.Sum256([]byte(token))
	found := 0
	for _, s := range sums {
		found |= subtle.ConstantTimeCompare(s[:], sum[:])
	}
	return found == 1 && strings.EqualFold(scheme, "Bearer")
}
