package httpx

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Stubs answer requests before anything touches the network. Requests that no
// entry matches go on.
type Stubs struct{ entries []stub }

type stub struct {
	method, url string
	status      int
	headers     http.Header
	body        []byte
}

// ParseStubs reads the format of --stub, a JSON list of entries
//
//	{"request": {"method": "GET", "url": "https://..."},
//	 "response": {"status": 200, "headers": {"X-A": "b"}, "body": {"any": "JSON"}}}
//
// The URL is the one that is requested, encoded and with its query. No method
// means any, no status 200. A string is a body as it is, any other value is
// sent as application/json. An entry answers any number of requests; the first
// that matches does. Errors name their place as a JSON pointer.
func ParseStubs(text []byte) (*Stubs, error) {
	value, err := DecodeJSON(text)
	if err != nil {
		return nil, fmt.Errorf("read stubs: %w", err)
	}
	list, ok := value.([]any)
	if !ok {
		return nil, stubError("", "expected a list of {request, response}")
	}
	s := &Stubs{}
	for i, entry := range list {
		e, err := parseStub(fmt.Sprintf("/%d", i), entry)
		if err != nil {
			return nil, err
		}
		s.entries = append(s.entries, e)
	}
	return s, nil
}

func stubError(pointer, message string) error {
	return fmt.Errorf("read stubs: at %q: %s", pointer, message)
}

// member takes a member of an object; a missing one is null.
func member[T any](object map[string]any, pointer, name, expected string) (value T, err error) {
	given := object[name]
	if given == nil {
		return value, nil
	}
	value, ok := given.(T)
	if !ok {
		return value, stubError(pointer+"/"+name, "expected "+expected)
	}
	return value, nil
}

func known(object map[string]any, pointer string, names string) error {
	for name := range object {
		if !strings.Contains(" "+names+" ", " "+name+" ") {
			return stubError(pointer+"/"+name, "unknown; expected one of: "+names)
		}
	}
	return nil
}

func parseStub(pointer string, value any) (s stub, err error) {
	entry, ok := value.(map[string]any)
	if !ok {
		return s, stubError(pointer, "expected an object with request and response")
	}
	if err := known(entry, pointer, "request response"); err != nil {
		return s, err
	}
	request, err := member[map[string]any](entry, pointer, "request", "an object with method and url")
	if err != nil {
		return s, err
	}
	if err := s.setRequest(request, pointer+"/request"); err != nil {
		return s, err
	}
	response, err := member[map[string]any](entry, pointer, "response", "an object with status, headers and body")
	if err != nil {
		return s, err
	}
	return s, s.setResponse(response, pointer+"/response")
}

func (s *stub) setRequest(request map[string]any, pointer string) (err error) {
	if err := known(request, pointer, "method url"); err != nil {
		return err
	}
	if s.method, err = member[string](request, pointer, "method", "a string"); err != nil {
		return err
	}
	s.method = strings.ToUpper(s.method)
	if s.url, err = member[string](request, pointer, "url", "a string"); err != nil {
		return err
	}
	if s.url == "" {
		return stubError(pointer+"/url", "is required")
	}
	u, err := url.Parse(s.url)
	if err != nil || u.Host == "" {
		return stubError(pointer+"/url", "expected an absolute URL")
	}
	s.url = stubbedURL(u)
	return nil
}

func (s *stub) setResponse(response map[string]any, pointer string) error {
	if err := known(response, pointer, "status headers body"); err != nil {
		return err
	}
	status, err := member[json.Number](response, pointer, "status", "a number")
	if err != nil {
		return err
	}
	code := int64(http.StatusOK)
	if status != "" {
		if code, err = status.Int64(); err != nil || code < 100 || code > 999 {
			return stubError(pointer+"/status", "expected a number from 100 to 999")
		}
	}
	s.status = int(code)
	if err := s.setHeaders(response, pointer); err != nil {
		return err
	}
	return s.setBody(response)
}

func (s *stub) setHeaders(response map[string]any, pointer string) error {
	headers, err := member[map[string]any](response, pointer, "headers", "an object")
	if err != nil {
		return err
	}
	s.headers = http.Header{}
	for name, value := range headers {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, item := range list {
			text, err := member[string](map[string]any{name: item}, pointer+"/headers", name, "a string or a list of strings")
			if n, isNumber := item.(json.Number); isNumber {
				text, err = n.String(), nil
			}
			if err != nil {
				return err
			}
			s.headers.Add(name, text)
		}
	}
	return nil
}

func (s *stub) setBody(response map[string]any) error {
	switch body := response["body"].(type) {
	case nil:
	case string:
		s.body = []byte(body)
	default:
		encoded, err := EncodeJSON(body)
		if err != nil {
			return err
		}
		s.body = encoded
		if s.headers.Get("Content-Type") == "" {
			s.headers.Set("Content-Type", "application/json")
		}
	}
	return nil
}

// Wrap puts the stubs before a transport; it is a Host.WrapTransport.
func (s *Stubs) Wrap(next http.RoundTripper) http.RoundTripper {
	return &stubbed{s, next}
}

type stubbed struct {
	stubs *Stubs
	next  http.RoundTripper
}

// stubbedURL is a URL as requests and stubs are compared. No path is the same as
// the root.
func stubbedURL(u *url.URL) string {
	if u.Path == "" {
		rooted := *u
		rooted.Path = "/"
		u = &rooted
	}
	return u.String()
}

// RoundTrip answers from the first entry that matches, else asks the network.
func (s *stubbed) RoundTrip(req *http.Request) (*http.Response, error) {
	url := stubbedURL(req.URL)
	for i := range s.stubs.entries {
		if e := &s.stubs.entries[i]; e.url == url && (e.method == "" || e.method == req.Method) {
			if req.Body != nil {
				req.Body.Close()
			}
			return e.answer(req), nil
		}
	}
	return s.next.RoundTrip(req)
}

func (e *stub) answer(req *http.Request) *http.Response {
	body := e.body
	if req.Method == http.MethodHead {
		body = nil
	}
	return &http.Response{
		Status: strings.TrimSpace(fmt.Sprint(e.status, " ", http.StatusText(e.status))), StatusCode: e.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: e.headers.Clone(),
		Body: &contentBody{data: body}, ContentLength: int64(len(body)), Request: req,
	}
}
