package rest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// measure runs a call again and again and reports, besides the time on the
// clock, the CPU time of the process, the test's own server included.
func measure(b *testing.B, call func()) {
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		call()
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
}

func cpu(b *testing.B) int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func benchmarkServer(b *testing.B) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"id":"o-1","items":[{"sku":"x","qty":2,"price":1.5},{"sku":"y","qty":1,"price":10}]}`)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

func BenchmarkExecute(b *testing.B) {
	c := open1(b, host(b))
	in := bound(b, benchmarkServer(b), `{"url":"BASE/v1/orders?expand=items","method":"POST","headers":{"X-Request":"1"},"body":{"customer":"c-1","items":[1,2,3]},"authentication":{"type":"bearer","token":"t"}}`)
	measure(b, func() {
		if _, err := c.Execute(b.Context(), protocols.Call{Input: in}); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkPlain is the same call written by hand on net/http.
func BenchmarkPlain(b *testing.B) {
	url := benchmarkServer(b) + "/v1/orders?expand=items"
	body := map[string]any{"customer": "c-1", "items": []int{1, 2, 3}}
	measure(b, func() {
		encoded, _ := json.Marshal(body)
		req, _ := http.NewRequestWithContext(b.Context(), "POST", url, strings.NewReader(string(encoded)))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Request", "1")
		req.Header.Set("Authorization", "Bearer t")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		var out any
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	})
}

// BenchmarkStubbed is what a call costs apart from the network.
func BenchmarkStubbed(b *testing.B) {
	stubs, err := httpx.ParseStubs([]byte(`[{"request":{"url":"http://a.example/v1/orders?expand=items"},"response":{"body":{"id":"o-1","items":[{"sku":"x","qty":2}]}}}]`))
	if err != nil {
		b.Fatal(err)
	}
	c := open1(b, protocols.Host{WrapTransport: stubs.Wrap})
	in := bound(b, "", `{"url":"http://a.example/v1/orders?expand=items","method":"POST","headers":{"X-Request":"1"},"body":{"customer":"c-1","items":[1,2,3]},"authentication":{"type":"bearer","token":"t"}}`)
	measure(b, func() {
		if _, err := c.Execute(b.Context(), protocols.Call{Input: in}); err != nil {
			b.Fatal(err)
		}
	})
}
