package fromcurl

import (
	"strings"
)

// constantHeaders belong to the request and not to its values.
var constantHeaders = map[string]bool{"accept": true, "content-type": true}

// transportHeaders are what the connection or a browser adds; the server that
// makes the call adds its own.
const transportHeaders = "accept-encoding accept-language cache-control connection content-length dnt host origin pragma priority referer te transfer-encoding upgrade-insecure-requests user-agent"

func ofTransport(name string) bool {
	name = strings.ToLower(name)
	return hasWord(transportHeaders, name) || strings.HasPrefix(name, "sec-") || name == "cookie2" || name == ""
}

// secretHeaders are secrets by their names alone.
const secretHeaders = "authorization proxy-authorization cookie"

// headerMembers writes the headers, and adds a field for each that a process
// may want to choose.
func (b *builder) headerMembers() []string {
	var members, left []string
	seen := map[string]bool{}
	for _, h := range b.headers {
		key := strings.ToLower(h.name)
		switch {
		case ofTransport(h.name):
			left = append(left, plain(h.name))
			continue
		case seen[key]:
			b.note("The header " + plain(h.name) + " comes twice; the template sends the first.")
			continue
		}
		seen[key] = true
		members = append(members, literal(plain(h.name))+": "+b.header(key, h))
	}
	if len(left) > 0 {
		b.note("Left out, since the server that makes the call adds its own: " + strings.Join(left, ", ") + ".")
	}
	return members
}

func (b *builder) header(key string, h pair) string {
	switch {
	case constantHeaders[key] && !strings.Contains(h.value, variableBegin):
		return literal(h.value)
	case key == "authorization" || key == "proxy-authorization":
		return b.schemed(h).path
	case hasWord(secretHeaders, key):
		return b.secret(h.name, groupService, h.value).path
	}
	group := groupHeaders
	if strings.Contains(key, "key") || strings.Contains(key, "token") || strings.Contains(key, "secret") || strings.Contains(key, "auth") || strings.Contains(key, "signature") {
		if key != "idempotency-key" {
			return b.secret(h.name, groupService, h.value).path
		}
	}
	return b.text(h.name, group, h.value, true).path
}

// schemed keeps the word before credentials: "Token abc".
func (b *builder) schemed(h pair) reference {
	f := b.fieldOf(h.name, groupService)
	scheme, credentials, has := strings.Cut(h.value, " ")
	if has && strings.Trim(scheme, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") == "" && !strings.ContainsAny(credentials, " ,") {
		f.Value = scheme + " " + b.secretFor("token", credentials)
	} else {
		f.Value = b.secretFor(h.name, h.value)
	}
	f.Constraints = notEmpty
	return b.add(f)
}
