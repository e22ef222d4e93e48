package conformance

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// answer is what the recorder gives to requests that match, until Times (0 for
// no end) are used up.
type answer struct {
	Match      struct{ Method, Path string }
	Status     int
	Headers    map[string]any
	Body       string
	BodyBase64 string `json:"bodyBase64"`
	DelayMs    int    `json:"delayMs"`
	Times      int
}

// request is a request as it was made, in the form of the recordings.
type request struct {
	Method, Path string
	Query        *string
	Headers      map[string][]string
	Body         *string
}

// recorder is an HTTP server that writes down what it is asked.
type recorder struct {
	*httptest.Server
	mu       sync.Mutex
	answers  []answer
	used     []int
	requests []request
}

// placeholder stands for the recorder's address in recordings.
const placeholder = "__RECORDER__"

func newRecorder(t testing.TB, answers []answer) *recorder {
	r := &recorder{answers: answers, used: make([]int, len(answers))}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// reach rewrites URLs so that they lead to the recorder, with their host as
// the first segment of the path.
func (r *recorder) reach(text string) string {
	const local = "http://127.0.0.1"
	for _, scheme := range []string{"https://", "http://"} {
		text = strings.ReplaceAll(text, scheme, "\x00")
	}
	text = strings.ReplaceAll(text, "\x00127.0.0.1", local)
	text = strings.ReplaceAll(text, `"https:"+"//"`, "\"\x00\"") // as an expression may compose it
	return strings.ReplaceAll(text, "\x00", r.URL+"/")
}

// mask writes the recorder's address as recordings do.
func (r *recorder) mask(text string) string {
	text = strings.ReplaceAll(text, r.URL, placeholder)
	return strings.ReplaceAll(text, url.QueryEscape(r.URL), "__RECORDER_URLENC__")
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	a := r.note(q, string(body))
	select {
	case <-time.After(time.Duration(a.DelayMs) * time.Millisecond):
	case <-q.Context().Done():
		return
	}
	header := w.Header()
	header["Date"], header["Content-Type"] = nil, nil
	for name, value := range a.Headers {
		header[name] = texts(value)
		for i := range header[name] {
			header[name][i] = strings.ReplaceAll(header[name][i], placeholder, r.URL)
		}
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, strings.ReplaceAll(a.Body, placeholder, r.URL))
}

func texts(value any) []string {
	if list, ok := value.([]any); ok {
		var out []string
		for _, item := range list {
			out = append(out, item.(string))
		}
		return out
	}
	return []string{value.(string)}
}

// note writes a request down and picks its answer.
func (r *recorder) note(q *http.Request, body string) answer {
	noted := request{Method: q.Method, Path: q.URL.EscapedPath(), Headers: headersOf(q)}
	if raw, query, has := strings.Cut(q.RequestURI, "?"); has {
		noted.Path, noted.Query = raw, &query
	} else {
		noted.Path = raw
	}
	if body != "" || q.Method == "POST" || q.Method == "PUT" || q.Method == "PATCH" {
		body = r.mask(body)
		noted.Body = &body
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, noted)
	for i, a := range r.answers {
		if (a.Match.Method == "" || a.Match.Method == q.Method) && (a.Match.Path == "" || a.Match.Path == noted.Path) &&
			(a.Times == 0 || r.used[i] < a.Times) {
			r.used[i]++
			return a.plain()
		}
	}
	return answer{Status: 599}
}

// plain returns the answer with its body decoded.
func (a answer) plain() answer {
	if a.BodyBase64 != "" {
		body, err := base64.StdEncoding.DecodeString(a.BodyBase64)
		if err != nil {
			panic(err)
		}
		a.Body = string(body)
	}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	return a
}

// headersOf returns the headers that recordings hold.
func headersOf(q *http.Request) map[string][]string {
	headers := map[string][]string{}
	for name, values := range q.Header {
		headers[strings.ToLower(name)] = values
	}
	for _, name := range []string{"host", "connection", "accept-encoding", "content-length", "date"} {
		delete(headers, name)
	}
	if agent := headers["user-agent"]; len(agent) == 1 && strings.HasPrefix(agent[0], "patchbay") {
		delete(headers, "user-agent")
	}
	return headers
}

// take returns the requests since the last time.
func (r *recorder) take() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.requests
	r.requests = nil
	return taken
}

// comparable returns a request so that two of the same meaning are equal:
// JSON and forms by value, the parameters of a query in any order.
func (q request) comparable() map[string]any {
	out := map[string]any{"method": q.Method, "path": q.Path, "headers": q.Headers, "query": nil}
	if q.Query != nil {
		pairs := strings.Split(*q.Query, "&")
		slices.Sort(pairs)
		out["query"] = pairs
	}
	var object any
	switch kind := strings.Join(q.Headers["content-type"], ""); {
	case q.Body == nil || *q.Body == "":
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		form, _ := url.ParseQuery(*q.Body)
		out["form"] = map[string][]string(form)
	case json.Unmarshal([]byte(*q.Body), &object) == nil:
		out["json"] = object
	default:
		out["body"] = *q.Body
	}
	return out
}

// sortedKeys are a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
