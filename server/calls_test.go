package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/engine"
	"patchbay/protocols"
	"patchbay/server/api"
)

func TestCallsAreBounded(t *testing.T) {
	c := newCalls()
	for i := range 2*maxCalls + 3 {
		c.add(api.Call{JobKey: int64(i)})
	}
	all := c.Recent(api.CallQuery{Limit: 2 * maxCalls})
	if len(all) != maxCalls || all[0].Seq != 2*maxCalls+3 || all[0].JobKey != 2*maxCalls+2 || all[maxCalls-1].Seq != maxCalls+4 {
		t.Errorf("%d calls from %d to %d", len(all), all[0].Seq, all[len(all)-1].Seq)
	}
	if list := c.Recent(api.CallQuery{After: 2*maxCalls + 1}); len(list) != 2 {
		t.Errorf("%d calls after the last but two", len(list))
	}
}

func TestCallsAreFound(t *testing.T) {
	c := newCalls()
	c.add(api.Call{Process: "order", Element: "Ship", Protocol: "rest", Outcome: "completed"})
	c.add(api.Call{Process: "order", Element: "Pay", Protocol: "graphql", Outcome: "failed", Error: &api.CallError{Code: "402", Message: "No money"}})
	c.add(api.Call{Process: "stock", Element: "Count", Protocol: "rest", Outcome: "bpmnError", Template: "acme.count", Error: &api.CallError{Message: "away"}, JobKey: 4711})
	tests := []struct {
		query api.CallQuery
		want  []int64
	}{
		{api.CallQuery{}, []int64{3, 2, 1}},
		{api.CallQuery{Text: "ORDER"}, []int64{2, 1}},
		{api.CallQuery{Text: "no money"}, []int64{2}},
		{api.CallQuery{Text: "4711"}, []int64{3}},
		{api.CallQuery{Text: "acme"}, []int64{3}},
		{api.CallQuery{Protocol: "rest"}, []int64{3, 1}},
		{api.CallQuery{Outcome: "failed"}, []int64{2}},
		{api.CallQuery{Errors: true}, []int64{3, 2}},
		{api.CallQuery{Limit: 1}, []int64{3}},
		{api.CallQuery{Text: "nobody"}, nil},
	}
	for _, test := range tests {
		var got []int64
		for _, call := range c.Recent(test.query) {
			got = append(got, call.Seq)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v, want %v", test.query, got, test.want)
		}
	}
}

func TestCallOf(t *testing.T) {
	record := &engine.Record{
		Job: &engine.Job{Key: 5, Type: "t", ElementID: "e", BpmnProcessID: "p", ProcessInstanceKey: 6}, Protocol: "rest",
		Started: time.Unix(10, 0), Duration: 1500 * time.Microsecond, Attempts: 2, Status: 503, Outcome: engine.Fail{Retries: 1},
		Error: &engine.RecordError{Code: "503", Message: "busy"}, Warnings: []engine.Warning{{Slot: "resultExpression", Text: "hm"}},
		Details: &engine.Details{Exchanges: []protocols.Exchange{{Method: "GET", URL: "u", ResponseBody: []byte(strings.Repeat("é", maxCallBody))}}},
	}
	c := callOf(record, "acme", 3)
	got := fmt.Sprintln(c.JobKey, c.Process, c.Element, c.Template, c.TemplateVersion, c.Outcome, c.Retries, c.Status, c.DurationMs, c.Error.Code, c.Warnings)
	if want := "5 p e acme 3 failed 1 503 1.5 503 [resultExpression: hm]\n"; got != want {
		t.Errorf("got %swant %s", got, want)
	}
	if n := len(c.Exchanges[0].ResponseBody); n > maxCallBody+len("…") {
		t.Errorf("a body of %d bytes is kept", n)
	}
}

func BenchmarkCalls(b *testing.B) {
	c := newCalls()
	record := &engine.Record{Job: &engine.Job{Key: 5, Type: "t"}, Outcome: engine.Complete{}}
	b.ReportAllocs()
	for b.Loop() {
		c.add(callOf(record, "acme", 3))
	}
}
