package fromcurl

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// endpoint is what the address of a request says.
type endpoint struct {
	// origin is scheme and host, empty where a shell variable has them.
	origin, host string
	user         *url.Userinfo
	// segments are those of the path, decoded.
	segments []string
	query    []pair
}

func (r *request) endpoint() (*endpoint, error) {
	text := r.address
	e := &endpoint{}
	if strings.HasPrefix(text, variableBegin) { // "$BASE/orders"
		_, text, _ = strings.Cut(text, variableEnd)
		if !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "?") {
			text = "/" + text
		}
	} else if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	// Only hosts must be plain; a path may have braces and more.
	u, err := url.Parse(text)
	if err != nil {
		return nil, r.at.errorf("the address is no URL")
	}
	if e.origin = ""; u.Host != "" {
		if scheme := strings.ToLower(u.Scheme); scheme != "http" && scheme != "https" {
			return nil, r.at.errorf("the protocol rest calls http and https addresses, and this is %s", plain(scheme))
		}
		if strings.ContainsAny(u.Host, "{}<>*"+variableBegin) {
			return nil, r.at.errorf("the host of the address is not known; write the host of an example")
		}
		e.origin, e.host = strings.ToLower(u.Scheme)+"://"+u.Host, u.Hostname()
	} else if !strings.HasPrefix(r.address, variableBegin) {
		return nil, r.at.errorf("the address has no host")
	}
	e.user = u.User
	for segment := range strings.SplitSeq(strings.TrimPrefix(u.EscapedPath(), "/"), "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			decoded = segment
		}
		e.segments = append(e.segments, decoded)
	}
	e.query = pairsOf(u.RawQuery, r.at)
	return e, nil
}

// pairsOf reads name=value&name as in a query or a form.
func pairsOf(text string, at word) []pair {
	var list []pair
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		name, value, named := strings.Cut(part, "=")
		list = append(list, pair{name: unescaped(name), value: unescaped(value), named: named, at: at})
	}
	return list
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

var (
	braced   = regexp.MustCompile(`^(?:\{\{?\s*([A-Za-z][\w .-]*?)\s*\}?\}|<([A-Za-z][\w .-]*)>|:([A-Za-z]\w*))$`)
	masked   = regexp.MustCompile(`XXX|\*\*\*`)
	capitals = regexp.MustCompile(`^[A-Z][A-Z_-]*[A-Z]$`)
	identity = regexp.MustCompile(`^(?:[0-9]+|[A-Z0-9]*[0-9][A-Z0-9]*|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]*[0-9][0-9a-fA-F]*)$`)
)

// longID is from how many characters on a segment of capitals and digits, or of
// hexadecimal digits, is an id, and longSecret from how many on one with all
// kinds of characters is a secret.
const (
	longID     = 8
	longSecret = 20
)

// random reports whether a segment of a path looks made up at random.
func random(segment string) bool {
	return len(segment) >= longSecret && !identity.MatchString(segment) && strings.ContainsAny(segment, "0123456789") &&
		strings.ToLower(segment) != segment && strings.ToUpper(segment) != segment && !strings.ContainsAny(segment, " .,")
}

// placeholder tells whether a segment of a path is to be chosen: as
// documentation writes it ({id}, <id>, :id, OWNER, $ID), or one that looks like
// an id. value is what it has in the command, where that means something.
func placeholder(segments []string, i int) (name, value string, is bool) {
	segment := segments[i]
	if match := braced.FindStringSubmatch(segment); match != nil {
		return match[1] + match[2] + match[3], "", true
	}
	if match := variables.FindString(segment); match != "" {
		return variableName(match), segment, true
	}
	digits := strings.Trim(segment, "0123456789") == "" && segment != ""
	switch {
	case digits && i > 0 && hasWord("api rest version", strings.ToLower(segments[i-1])):
		return "", "", false // of the API's version
	case random(segment):
		return "token", segment, true
	case i > 0 && masked.MatchString(segment):
		name, _, is = placeholder(append(slices.Clone(segments[:i]), "1"), i)
		return name, "", is
	case capitals.MatchString(segment):
		return segment, "", true
	case i > 0 && (digits || len(segment) >= longID && identity.MatchString(segment)):
		if _, _, chosen := placeholder(segments[:i], i-1); chosen {
			return "id", segment, true
		}
		return singular(segments[i-1]) + " id", segment, true
	}
	return "", "", false
}

// singular names one of what a path lists.
func singular(name string) string {
	for ending, one := range map[string]string{"ies": "y", "sses": "ss", "xes": "x", "ches": "ch"} {
		if stem, ok := strings.CutSuffix(name, ending); ok {
			return stem + one
		}
	}
	if strings.HasSuffix(name, "ss") || strings.HasSuffix(name, "us") {
		return name
	}
	return strings.TrimSuffix(name, "s")
}

// brand is the part of a host by which people call it: "github" of
// api.github.com.
func brand(host string) string {
	labels := strings.Split(host, ".")
	if net.ParseIP(host) != nil || len(labels) < 2 {
		return "request"
	}
	labels = labels[:len(labels)-1]
	name := labels[len(labels)-1]
	if len(name) <= 3 && len(labels) > 1 && len(labels[len(labels)-2]) > 3 { // co.uk
		name = labels[len(labels)-2]
	}
	if name = camel(name); reserved[name] || strings.HasPrefix(name, "value") {
		return "request"
	}
	return name
}
