package zeebe

import (
	"strconv"
	"testing"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"github.com/google/go-cmp/cmp"

	"patchbay/engine"
)

func TestConvert(t *testing.T) {
	got, err := new(headerCache).convert(&pb.ActivatedJob{Key: 1, Type: "t", ProcessInstanceKey: 2, BpmnProcessId: "p", ProcessDefinitionVersion: 3,
		ProcessDefinitionKey: 4, ElementId: "e", ElementInstanceKey: 5, CustomHeaders: `{"a":"b"}`, Retries: 6, Deadline: 7000,
		Variables: `{"n":1.10}`, TenantId: "x"})
	want := engine.Job{Key: 1, Type: "t", ProcessInstanceKey: 2, BpmnProcessID: "p", ProcessVersion: 3, ProcessDefinitionKey: 4, ElementID: "e",
		ElementInstanceKey: 5, Headers: map[string]string{"a": "b"}, Retries: 6, Deadline: time.Unix(7, 0), Variables: []byte(`{"n":1.10}`), TenantID: "x"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestHeaderCacheIsBounded(t *testing.T) {
	var h headerCache
	for i := range 3 * maxCachedHeaders {
		want := strconv.Itoa(i)
		for range 2 {
			got, err := h.parse(`{"n":"` + want + `"}`)
			if err != nil || got["n"] != want {
				t.Fatalf("headers %d: %v, %v", i, got, err)
			}
		}
	}
	if len(h.parsed) > maxCachedHeaders {
		t.Errorf("%d are kept", len(h.parsed))
	}
}

func FuzzHeaders(f *testing.F) {
	for _, text := range []string{"", "{}", `{"a":"b"}`, `{"a":1}`, `[]`, `null`, `{"a`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var h headerCache
		first, err1 := h.parse(text)
		again, err2 := h.parse(text)
		if (err1 == nil) != (err2 == nil) || !cmp.Equal(first, again) {
			t.Errorf("%q: %v, %v, then %v, %v", text, first, err1, again, err2)
		}
	})
}

func BenchmarkConvert(b *testing.B) {
	var h headerCache
	job := &pb.ActivatedJob{Key: 1, Type: "io.camunda:http-json:1", BpmnProcessId: "order", ElementId: "call",
		CustomHeaders: `{"resultVariable":"answer","retryBackoff":"PT30S"}`, Variables: `{"method":"GET","url":"http://127.0.0.1"}`}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.convert(job); err != nil {
			b.Fatal(err)
		}
	}
}
