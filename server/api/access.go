package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"

	"patchbay/server/audit"
)

// Access says who may use the API.
type Access struct {
	// Tokens are the bearer tokens that may; none means that everybody may do
	// everything who reaches it, but no web page of somebody else in a browser
	// on this machine.
	Tokens []Token
	// AnyHost answers without tokens under every host name, for a server that
	// others are meant to reach.
	AnyHost bool
	// PublicTemplates lets everybody read what modelers and c8ctl fetch, which
	// send no tokens.
	PublicTemplates bool
}

// fetched are the paths that modelers and c8ctl fetch.
var fetched = []string{
	"/api/v1/ootb-connectors", "/api/v1/element-templates.json", "/api/v1/templates/*/versions/*", "/api/v1/releases", "/api/v1/releases/*/*",
}

// isPublic reports whether a request needs no token.
func (a Access) isPublic(r *http.Request) bool {
	return a.PublicTemplates && (r.Method == http.MethodGet || r.Method == http.MethodHead) && slices.ContainsFunc(fetched, func(pattern string) bool {
		matches, _ := path.Match(pattern, r.URL.Path)
		return matches
	})
}

// Guard lets the requests pass that may look at things. It puts the role
// (RoleOf) and the actor (audit.ActorOf) into the context of those; what each
// operation of the API needs besides is said in permissions, what other
// handlers need by Need.
func (a Access) Guard(next http.Handler) http.Handler {
	if len(a.Tokens) == 0 {
		return a.keepPagesOut(next)
	}
	tokens := newTokens(a.Tokens)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, known := tokens.of(r)
		switch {
		case known:
		case a.isPublic(r):
			token = Token{Name: "anybody", Role: Read}
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="patchbay"`)
			writeProblem(w, problem(http.StatusUnauthorized, "a bearer token is needed that the server knows: one of "+flagsFrom(Read)))
			return
		}
		next.ServeHTTP(w, acting(r, token.Name, token.Role))
	})
}

func acting(r *http.Request, name string, role Role) *http.Request {
	ctx := audit.WithActor(r.Context(), audit.Actor{Name: name, Role: role.String(), Address: r.RemoteAddr})
	return r.WithContext(context.WithValue(ctx, roleKey{}, role))
}

// keepPagesOut refuses what a browser sends for a page of another origin: by
// the headers that it adds, and by a host name that is not this machine's, with
// which a page passes as one of the same origin (DNS rebinding).
func (a Access) keepPagesOut(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	name := "local"
	if a.AnyHost {
		name = "anybody"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case protection.Check(r) != nil:
			writeProblem(w, problem(http.StatusForbidden, "a page of another origin may not change anything here; with --api-token it may, with a token"))
		case !a.AnyHost && !ownHost(r.Host):
			writeProblem(w, problem(http.StatusForbidden, fmt.Sprintf("%q is no name of this machine alone: set --api-token, or --no-auth to answer under every name", r.Host)))
		default:
			next.ServeHTTP(w, acting(r, name, Admin))
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
