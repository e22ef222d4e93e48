package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"patchbay/server"
)

// TestMetrics runs jobs that end in every way and reads what /metrics tells.
func TestMetrics(t *testing.T) {
	arrived, answers := make(chan struct{}), make(chan struct{})
	target := web(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			arrived <- struct{}{}
			<-answers
		}
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	g := startGateway(t)
	s := serve(t, config(t, func(c *server.Config) { c.Gateway = g.address }), quiet)
	if status, body := answer(t, http.MethodPost, "http://"+s.Address()+"/api/v1/templates", constrained("demo.known", 1)); status != http.StatusCreated {
		t.Fatalf("publish: %d %s", status, body)
	}
	c := g.client()
	known := call(target.URL+"/ok", [2]string{"elementTemplateId", "demo.known"}, [2]string{"elementTemplateVersion", "1"})
	known.inputs = append(known.inputs, [2]string{"place.code", "10115"})
	deployTo(t, c,
		call(target.URL+"/ok", [2]string{"elementTemplateId", "made-up-by-a-process"}).process("ok"),
		known.process("known"),
		call(target.URL+"/missing").process("missing"),
		call(target.URL+"/missing", [2]string{"errorExpression", `bpmnError("NF")`}).process("thrown"),
		call("http://127.0.0.1:1/").process("away"),
		call(target.URL+"/wait").process("wait"))
	for range 2 {
		finish(t, c, "ok", "{}")
	}
	finish(t, c, "known", "{}")
	for _, id := range []string{"missing", "thrown", "away"} {
		g.incident(start(t, c, id, "{}").Key)
	}
	wait := start(t, c, "wait", "{}")
	<-arrived

	const job = `type="io.camunda:http-json:1"`
	duration := func(status, template string, count int) string {
		return fmt.Sprintf(`patchbay_call_duration_seconds_count{protocol="rest",status=%q,template=%q,%s} %d`, status, template, job, count)
	}
	want := []string{
		`patchbay_jobs_activated_total{` + job + `} 7`, `patchbay_jobs_in_flight{` + job + `} 1`,
		`patchbay_jobs_finished_total{result="completed",` + job + `} 3`, `patchbay_jobs_finished_total{result="failed",` + job + `} 2`,
		`patchbay_jobs_finished_total{result="bpmn_error",` + job + `} 1`,
		duration("2xx", "", 2), duration("2xx", "demo.known", 1), duration("4xx", "", 2), duration("none", "", 1),
	}
	s.metrics(want)
	close(answers)
	g.outcome(wait.Key)
	s.metrics([]string{`patchbay_jobs_in_flight{` + job + `} 0`, `patchbay_jobs_finished_total{result="completed",` + job + `} 4`, duration("2xx", "", 3)})
	if _, text := s.get("/metrics"); strings.Contains(text, "made-up-by-a-process") {
		t.Error("a template that the catalog does not know makes a label")
	}
}

// metrics waits until /metrics holds these lines.
func (s *serving) metrics(want []string) {
	s.t.Helper()
	eventually(s.t, func() string {
		_, text := s.get("/metrics")
		for _, line := range want {
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(line) + `$`).MatchString(text) {
				return "no line " + line + " in\n" + strings.Join(regexp.MustCompile(`(?m)^patchbay_(jobs|call_duration_seconds_count).*$`).FindAllString(text, -1), "\n")
			}
		}
		return ""
	})
}
