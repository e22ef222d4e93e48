package webhook

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// request is what arrived, read once and seen by all listeners of a path. It is
// used by one goroutine.
type request struct {
	*http.Request
	raw     []byte
	now     time.Time
	baseURL string
	headers map[string]any
	params  map[string]any
	// repeated holds all values of headers and parameters that came more than
	// once, of which headers and params hold the first; nil if none did.
	repeated map[string]any

	parsed  bool
	content parsed
	refused *answer

	value map[string]any
	// stored is value with the documents, once they are stored.
	stored map[string]any
}

// newRequest reads headers and query. It fails on a query that is none.
func newRequest(r *http.Request, raw []byte, options *Options) (*request, *answer) {
	req := &request{Request: r, raw: raw, now: options.Now(), baseURL: options.BaseURL}
	req.readHeaders()
	if r.URL.RawQuery == "" {
		req.params = map[string]any{}
		return req, nil
	}
	form, err := parseForm(r.URL.RawQuery)
	if err != nil {
		return nil, badRequest("INVALID_QUERY", "the query is invalid: "+err.Error())
	}
	req.params = form.first()
	req.repeat("params", form.repeated())
	return req, nil
}

// readHeaders makes headers JSON: lower-case names and the first value of each,
// as in Camunda. Those that came more than once go whole into repeated.
func (r *request) readHeaders() {
	r.headers = make(map[string]any, len(r.Header)+1)
	var repeated map[string]any
	for name, values := range r.Header {
		if len(values) == 0 {
			continue
		}
		lower := strings.ToLower(name)
		r.headers[lower] = headerText(values[0])
		if len(values) > 1 {
			if repeated == nil {
				repeated = map[string]any{}
			}
			list := make([]any, len(values))
			for i, v := range values {
				list[i] = headerText(v)
			}
			repeated[lower] = list
		}
	}
	r.headers["host"] = r.Host
	r.repeat("headers", repeated)
}

func (r *request) repeat(kind string, values map[string]any) {
	if len(values) == 0 {
		return
	}
	if r.repeated == nil {
		r.repeated = map[string]any{}
	}
	r.repeated[kind] = values
}

// headerText makes a header's value valid text; bytes beyond UTF-8 are read as
// ISO 8859-1, which headers were once written in (RFC 9110, 5.5).
func headerText(value string) string {
	if utf8.ValidString(value) {
		return value
	}
	runes := make([]rune, len(value))
	for i := range len(value) {
		runes[i] = rune(value[i])
	}
	return string(runes)
}

// single returns a header's value. ok is false if it is missing; a header that
// comes more than once is an error, because which one the sender meant is open.
func (r *request) single(name string) (value string, ok bool, refused *answer) {
	switch values := r.Header.Values(name); len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	default:
		return "", false, unauthorized("INVALID_CREDENTIALS", "the header "+name+" came more than once")
	}
}

// event returns what expressions see: {request: {body, headers, params},
// connectorData, documents}.
func (r *request) event() (map[string]any, *answer) {
	if refused := r.parse(); refused != nil {
		return nil, refused
	}
	if r.value == nil {
		documents := make([]any, len(r.content.files))
		for i := range r.content.files {
			documents[i] = r.content.files[i].reference()
		}
		r.value = r.eventWith(r.content.value, documents)
	}
	return r.value, nil
}

func (r *request) eventWith(body any, documents []any) map[string]any {
	inner := map[string]any{"body": body, "headers": r.headers, "params": r.params}
	if r.repeated != nil {
		inner["repeated"] = r.repeated
	}
	return map[string]any{"request": inner, "connectorData": map[string]any{}, "documents": documents}
}

// parse reads the body once.
func (r *request) parse() *answer {
	if !r.parsed {
		r.parsed = true
		r.content, r.refused = parseBody(r.raw, r.Header.Get("Content-Type"), r.Header.Get("Content-Encoding"))
	}
	return r.refused
}

// url returns the addresses under which the sender may have signed, without the
// query: the configured one, or what the request and the proxies before us say.
func (r *request) urls() []string {
	path := r.URL.EscapedPath()
	if r.baseURL != "" {
		return []string{r.baseURL + path}
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	urls := []string{scheme + "://" + r.Host + path}
	proto, host := r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-Host")
	if proto == "" && host == "" {
		return urls
	}
	first := func(list, otherwise string) string {
		value, _, _ := strings.Cut(list, ",")
		if value = strings.TrimSpace(value); value == "" {
			return otherwise
		}
		return value
	}
	return append(urls, first(proto, scheme)+"://"+first(host, r.Host)+path)
}

func badRequest(reason, detail string) *answer {
	return problem{status: http.StatusBadRequest, reason: reason, detail: detail}.answer()
}
