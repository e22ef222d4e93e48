package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"patchbay/protocols"
	"patchbay/protocols/protocoltest"
)

// poisoned returns a way to a server over a network with a fault, in the form of
// toxiproxy's API.
func poisoned(t testing.TB, server, toxic string) string {
	t.Helper()
	proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "api", "127.0.0.1:0", strings.TrimPrefix(server, "http://"))
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		t.Fatal(err)
	}
	return "http://" + proxy.Listen
}

// shortly is the time that a call has: next to none if it is to come too late.
func shortly(t *testing.T, message string) context.Context {
	if message != late {
		return t.Context()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestPoorNetwork(t *testing.T) {
	server := protocoltest.Answer(t, http.StatusOK, `{"text":"`+strings.Repeat("x", 10_000)+`"}`)
	tests := map[string]struct{ toxic, code, message string }{
		"slow to answer":      {`{"type":"latency","attributes":{"latency":100,"jitter":10}}`, "", ""},
		"in small pieces":     {`{"type":"slicer","attributes":{"average_size":500,"size_variation":400,"delay":10}}`, "", ""},
		"slow to close":       {`{"type":"slow_close","attributes":{"delay":100}}`, "", ""},
		"too slow to answer":  {`{"type":"latency","attributes":{"latency":5000}}`, "408", late},
		"too slow to ask":     {`{"type":"latency","stream":"upstream","attributes":{"latency":5000}}`, "408", late},
		"drips":               {`{"type":"bandwidth","attributes":{"rate":1}}`, "408", late},
		"drops what is sent":  {`{"type":"timeout","attributes":{"timeout":0}}`, "408", late},
		"drops what is asked": {`{"type":"timeout","stream":"upstream","attributes":{"timeout":0}}`, "408", late},
		"hangs up late":       {`{"type":"timeout","attributes":{"timeout":100}}`, "408", aborted},
		"resets":              {`{"type":"reset_peer","attributes":{"timeout":0}}`, "408", aborted},
		"resets the request":  {`{"type":"reset_peer","stream":"upstream","attributes":{"timeout":0}}`, "408", aborted},
		"breaks off":          {`{"type":"limit_data","attributes":{"bytes":2000}}`, "500", unread + "unexpected EOF"},
		"says nothing at all": {`{"type":"limit_data","attributes":{"bytes":0}}`, "408", aborted},
	}
	c := open1(t, host(t))
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := bound(t, poisoned(t, server, tt.toxic), `{"url":"BASE","method":"POST","body":{}}`)
			out, err := c.Execute(shortly(t, tt.message), protocols.Call{Input: in})
			var e *protocols.Error
			switch {
			case tt.code == "":
				if err != nil || len(out.Value.(map[string]any)["body"].(map[string]any)["text"].(string)) != 10_000 {
					t.Errorf("got %v, %v", out, err)
				}
			case !errors.As(err, &e) || e.Code != tt.code || e.Message != tt.message || !e.Temporary:
				t.Errorf("got %#v", err)
			}
		})
	}
}
