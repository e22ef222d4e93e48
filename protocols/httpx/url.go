package httpx

import (
	"errors"
	"fmt"
	"net/url"
	"sort"
	"strings"

	"patchbay/protocols"
)

// The characters that stay as they are besides letters and digits, as Camunda's
// HTTP connector 8.8 leaves them in each part of a URL.
const (
	safeInPath   = "-_.!~*'()@:$&,;="
	safeInQuery  = "-_.!~*'()@:$,;/?:"
	safeInParams = "-_.~"
)

// Param is a query parameter; Bare ones have no equals sign.
type Param struct {
	Name, Value string
	Bare        bool
}

// EncodeURL returns the URL to request for what a template gives. Unless raw is
// set, path and query are decoded and encoded again, so that both plain and
// encoded text works: "/a b" and "/a%20b" are the same, a plus sign is itself
// in a path and a blank in a query, an encoded slash or ampersand stays
// encoded, an equals sign in a parameter's value is encoded, and one without a
// value is dropped, as are parameters without a name. Params are appended to the
// query, which is then encoded strictly, even if raw is set. A fragment is dropped. Errors are *protocols.InputError;
// a URL with a user name in it is an *protocols.Error with code 500.
func EncodeURL(text string, raw bool, params []Param) (*url.URL, error) {
	scheme, authority, path, query, err := splitURL(text)
	if err != nil {
		return nil, err
	}
	if !raw {
		path, query = encodePath(path), encodeQuery(query)
	}
	if len(params) > 0 {
		query = addParams(query, params)
	}
	encoded := scheme + "://" + authority + path
	if query != "" {
		encoded += "?" + query
	}
	u, err := url.Parse(encoded)
	if err != nil {
		return nil, invalidURL(text, cause(err).Error())
	}
	if raw && strings.ContainsAny(encoded, " \"<>\\^`{}|") {
		return nil, invalidURL(text, "a character that must be encoded, while skipEncoding is set")
	}
	if u.User != nil {
		return nil, &protocols.Error{Code: "500", Message: protocolMessage,
			Cause: errors.New("a URL must not hold a user name; use basic authentication")}
	}
	return u, nil
}

// splitURL cuts a URL into its parts before anything is decoded.
func splitURL(text string) (scheme, authority, path, query string, err error) {
	text = strings.TrimSpace(text)
	text, _, _ = strings.Cut(text, "#")
	scheme, rest, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" {
		return "", "", "", "", invalidURL(text, "expected http:// or https://")
	}
	rest, query, _ = strings.Cut(rest, "?")
	authority, path = rest, ""
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		authority, path = rest[:slash], rest[slash:]
	}
	if authority == "" || authority[0] == ':' {
		return "", "", "", "", invalidURL(text, "it has no host name")
	}
	return scheme, authority, path, query, nil
}

func invalidURL(text, why string) error {
	text, _, _ = strings.Cut(text, "?") // a query may hold an API key
	return &protocols.InputError{Path: "url", Message: fmt.Sprintf("invalid URL %q: %s", text, why)}
}

func encodePath(path string) string {
	if plain(path, safeInPath+"/") {
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = escape(unescape(s), safeInPath)
	}
	return strings.Join(segments, "/")
}

func encodeQuery(query string) string {
	if settled(query) {
		return query
	}
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(strings.ReplaceAll(pair, "+", " "), "=")
		if name == "" {
			continue
		}
		pair = escape(unescape(name), safeInQuery)
		if value != "" {
			pair += "=" + escape(unescape(value), safeInQuery)
		}
		pairs = append(pairs, pair)
	}
	return strings.Join(pairs, "&")
}

// settled reports whether a query is as encodeQuery would write it: safe
// characters, and in each pair a name and at most one equals sign before a value.
func settled(query string) bool {
	if query == "" {
		return true
	}
	before, named := byte('&'), false // the last sign that divides, and whether something follows it
	for i := range len(query) {
		switch c := query[i]; {
		case c == '&' && named:
			before, named = '&', false
		case c == '=' && named && before == '&':
			before, named = '=', false
		case alnum(c) || strings.IndexByte(safeInQuery, c) >= 0:
			named = true
		default:
			return false
		}
	}
	return named
}

// addParams encodes the query strictly and appends the parameters.
func addParams(query string, params []Param) string {
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, has := strings.Cut(pair, "=")
		if pair != "" {
			pairs = append(pairs, Param{unescape(name), unescape(value), !has}.encode())
		}
	}
	for _, p := range params {
		pairs = append(pairs, p.encode())
	}
	return strings.Join(pairs, "&")
}

func (p Param) encode() string {
	if p.Bare {
		return escape(p.Name, safeInParams)
	}
	return escape(p.Name, safeInParams) + "=" + escape(p.Value, safeInParams)
}

// SortedParams returns the members of a map in the order of their names; a nil
// value becomes a bare name.
func SortedParams(values map[string]*string) []Param {
	if len(values) == 0 {
		return nil
	}
	params := make([]Param, 0, len(values)+1)
	for name, value := range values {
		if value == nil {
			params = append(params, Param{Name: name, Bare: true})
		} else {
			params = append(params, Param{Name: name, Value: *value})
		}
	}
	sort.Slice(params, func(i, j int) bool { return params[i].Name < params[j].Name })
	return params
}

func alnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// plain reports whether a text needs no work: only safe characters.
func plain(text, safe string) bool {
	for i := range len(text) {
		if c := text[i]; !alnum(c) && strings.IndexByte(safe, c) < 0 {
			return false
		}
	}
	return true
}

func escape(text, safe string) string {
	if plain(text, safe) {
		return text
	}
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(text)+16)
	for i := range len(text) {
		c := text[i]
		if alnum(c) || strings.IndexByte(safe, c) >= 0 {
			out = append(out, c)
		} else {
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}

// unescape decodes percent escapes; a percent sign that begins none is itself.
func unescape(text string) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			high, ok1 := digit(text[i+1])
			low, ok2 := digit(text[i+2])
			if ok1 && ok2 {
				out = append(out, byte(high<<4|low))
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return string(out)
}
