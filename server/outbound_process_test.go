package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"patchbay/engine/zeebe"
	"patchbay/server"
)

const (
	restType    = "io.camunda:http-json:1"
	messageType = "io.camunda:sendMessage:1"
)

// chain writes a process in which the elements follow one another.
func chain(id string, elements ...string) zeebe.Resource {
	var b strings.Builder
	fmt.Fprintf(&b, `<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
<bpmn:message id="m" name="order"><bpmn:extensionElements><zeebe:subscription correlationKey="=key"/></bpmn:extensionElements></bpmn:message>
<bpmn:process id="%s" isExecutable="true">`, id)
	elements = append(append([]string{`<bpmn:startEvent id="%s"/>`}, elements...), `<bpmn:endEvent id="%s"/>`)
	for i, e := range elements {
		fmt.Fprintf(&b, e, fmt.Sprint("e", i))
		if i > 0 {
			fmt.Fprintf(&b, `<bpmn:sequenceFlow id="f%d" sourceRef="e%d" targetRef="e%d"/>`, i, i-1, i)
		}
	}
	b.WriteString(`</bpmn:process></bpmn:definitions>`)
	return zeebe.Resource{Name: id + ".bpmn", Content: []byte(b.String())}
}

// element is the task as an element of a chain.
func (x task) element() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<bpmn:serviceTask id="%%s"><bpmn:extensionElements><zeebe:taskDefinition type="%s" retries="1"/><zeebe:ioMapping>`, x.jobType)
	for _, in := range x.inputs {
		fmt.Fprintf(&b, `<zeebe:input target="%s" source="%s"/>`, in[0], html.EscapeString(in[1]))
	}
	b.WriteString(`</zeebe:ioMapping><zeebe:taskHeaders>`)
	for _, h := range x.headers {
		fmt.Fprintf(&b, `<zeebe:header key="%s" value="%s"/>`, h[0], html.EscapeString(h[1]))
	}
	b.WriteString(`</zeebe:taskHeaders></bpmn:extensionElements></bpmn:serviceTask>`)
	return b.String()
}

// sent is what TestDocuments' server got, by method.
type sent struct {
	mu     sync.Mutex
	bodies map[string]string
}

func (s *sent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "application/pdf")
		w.Header().Set("Content-Disposition", `attachment; filename="bill.pdf"`)
		_, _ = io.WriteString(w, "%PDF-\x00\xff")
		return
	}
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies[r.Method] = readParts(r.Header.Get("Content-Type"), body)
}

// readParts writes a body as lines: multipart part by part, others as they are.
func readParts(contentType string, body []byte) string {
	kind, params, _ := mime.ParseMediaType(contentType)
	if kind != "multipart/form-data" {
		return kind + " " + string(body)
	}
	var lines []string
	for parts := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
		p, err := parts.NextPart()
		if err != nil {
			return strings.Join(lines, "\n")
		}
		content, _ := io.ReadAll(p)
		lines = append(lines, fmt.Sprintf("%s %s %s %q", p.FormName(), p.FileName(), p.Header.Get("Content-Type"), content))
	}
}

// TestDocuments takes a document through a process: stored from a response,
// sent in a form, inside JSON and as a whole body, and made by an expression.
func TestDocuments(t *testing.T) {
	got := &sent{}
	target := web(t, got.ServeHTTP)
	rest := func(method, header, expression string, inputs ...[2]string) string {
		x := task{restType, "", append([][2]string{{"method", method}, {"url", target.URL}}, inputs...), nil}
		if header != "" {
			x.headers = [][2]string{{header, expression}}
		}
		return x.element()
	}
	file := chain("documents",
		rest("GET", "resultExpression", `={file: response.document, body: response.body}`, [2]string{"documentReturnFormat.choice", "DOCUMENT"}),
		rest("POST", "", "", [2]string{"headers", `={"Content-Type": "multipart/form-data"}`}, [2]string{"body", `={bill: file, note: "grün"}`}),
		rest("PUT", "resultExpression", `={made: createDocument({content: "aGk=", name: "hi.txt"})}`, [2]string{"body", "={pdf: [file]}"}),
		rest("PATCH", "", "", [2]string{"body", "=made"}))
	want := map[string]string{
		"POST":  `bill bill.pdf application/pdf "%PDF-\x00\xff"` + "\n" + `note   "grün"`,
		"PUT":   `application/json {"pdf":["JVBERi0A/w=="]}`,
		"PATCH": `text/plain hi`,
	}
	check := func(t *testing.T, store, variables string) {
		for method, body := range want {
			if got.bodies[method] != body {
				t.Errorf("%s: got %s, want %s", method, got.bodies[method], body)
			}
		}
		var v struct {
			Body any
			File struct {
				StoreID  string `json:"storeId"`
				Metadata struct {
					FileName string `json:"fileName"`
					Size     int
				}
			}
		}
		if err := json.Unmarshal([]byte(variables), &v); err != nil || v.Body != nil || v.File.StoreID != store || v.File.Metadata.FileName != "bill.pdf" || v.File.Metadata.Size != 7 {
			t.Errorf("variables %s, %v", variables, err)
		}
	}
	t.Run("run", func(t *testing.T) {
		got.bodies = map[string]string{}
		result, err := server.Run{Files: []zeebe.Resource{file}, Allow: []string{"loopback"}, Log: quiet}.Do(t.Context())
		if err != nil || result.State != server.RunCompleted {
			t.Fatalf("got %+v, %v", result, err)
		}
		check(t, "memory", string(result.Variables))
	})
	t.Run("serve", func(t *testing.T) {
		got.bodies = map[string]string{}
		s := serve(t, config(t, nil), quiet)
		c := connect(t, zeebe.Options{Address: s.EngineAddress(), Plaintext: true, Log: quiet})
		deployTo(t, c, file)
		check(t, "directory", finish(t, c, "documents", "{}"))
	})
}

// TestPublish sends a message that is kept until the process waits for it.
func TestPublish(t *testing.T) {
	send := task{messageType, "", [][2]string{{"messageName", "order"}, {"correlationKey", "=key"}, {"correlationType.type", "publish"},
		{"correlationType.timeToLive", "PT1M"}, {"variables", "={item: key}"}}, [][2]string{{"resultExpression", "={sent: response.messageKey > 0}"}}}
	file := chain("publish", send.element(), `<bpmn:intermediateCatchEvent id="%s"><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateCatchEvent>`)
	const variables, want = `{"key": "k1"}`, `{"key":"k1","sent":true,"item":"k1"}`
	result, err := server.Run{Files: []zeebe.Resource{file}, Variables: []byte(variables), Log: quiet}.Do(t.Context())
	if err != nil || result.State != server.RunCompleted || string(result.Variables) != want {
		t.Errorf("run: got %s %s, %v", result.State, result.Variables, err)
	}
	g := startGateway(t)
	serve(t, config(t, func(c *server.Config) { c.Gateway = g.address }), quiet)
	c := g.client()
	deployTo(t, c, file)
	if got := finish(t, c, "publish", variables); got != want {
		t.Errorf("serve: got %s", got)
	}
}

// log is what a server logs. It may be written and read at once.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestRenamedTypeWithSecrets serves jobs of another name, whose secret changes
// while the server runs, and shows what the log tells of a failure.
func TestRenamedTypeWithSecrets(t *testing.T) {
	target := web(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, `{"got": %q}`, r.Header.Get("X-Token")) })
	secrets := filepath.Join(t.TempDir(), "secrets")
	write := func(text string) {
		if err := os.WriteFile(secrets, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("TOKEN=first")
	g, logged := startGateway(t), &log{}
	serve(t, config(t, func(c *server.Config) {
		c.Gateway, c.JobType, c.SecretFile = g.address, map[string]string{"orders:1": restType}, []string{secrets}
	}), slog.New(slog.NewJSONHandler(logged, nil)))
	c := g.client()
	good := task{"orders:1", "", [][2]string{{"url", target.URL}, {"headers", `={"X-Token": "{{secrets.TOKEN}}"}`}}, [][2]string{{"resultExpression", "{got: .body.got}"}}}
	bad := task{"orders:1", "", [][2]string{{"url", "http://h:{{secrets.TOKEN}}/"}}, nil}
	deployTo(t, c, good.process("good"), bad.process("bad"))
	if got := finish(t, c, "good", "{}"); got != `{"got":"first"}` {
		t.Errorf("got %s", got)
	}
	write("TOKEN=the second one")
	if got := finish(t, c, "good", "{}"); got != `{"got":"the second one"}` {
		t.Errorf("after the change: got %s", got)
	}
	i := start(t, c, "bad", "{}")
	if text := g.incident(i.Key); !strings.Contains(text, "***") || strings.Contains(text, "second") {
		t.Errorf("incident %q", text)
	}
	text := logged.String()
	for _, part := range []string{`"msg":"job failed"`, `"jobType":"orders:1"`, `"elementId":"task"`, fmt.Sprintf(`"processInstanceKey":%d`, i.Key), `"jobKey":`, "***"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
	if strings.Contains(text, "second") {
		t.Errorf("the log tells the secret: %s", text)
	}
}
