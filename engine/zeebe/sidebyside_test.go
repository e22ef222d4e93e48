package zeebe_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
)

func TestMain(m *testing.M) { gatewaytest.Main(m) }

// BenchmarkCall does one HTTP call a job, with gateway and target in another
// process: what the worker costs over one written by hand, before any template.
func BenchmarkCall(b *testing.B) {
	remote := gatewaytest.StartRemote(b)
	load := gatewaytest.Load{Type: "call", Headers: `{"resultVariable":"answer"}`,
		Variables: fmt.Sprintf(`{"method":"POST","url":%q,"body":{"id":17,"items":["a","b","c"]}}`, remote.Target+"/orders")}
	b.Run("hand-written", func(b *testing.B) {
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error)
		go func() { ended <- gatewaytest.HandWritten(ctx, remote.Gateway, load.Type, 100) }()
		remote.Measure(b, load)
		cancel()
		<-ended
	})
	b.Run("worker", func(b *testing.B) {
		c := dial(b, zeebe.Options{Address: remote.Gateway, Plaintext: true, Log: slog.New(slog.DiscardHandler)})
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
		defer client.CloseIdleConnections()
		ws := zeebe.NewWorkers(c, func(ctx context.Context, job engine.Job) engine.Outcome { return call(ctx, client, job) }, zeebe.WorkerOptions{MaxActive: 100})
		ws.Add(zeebe.JobType{Name: load.Type})
		remote.Measure(b, load)
		if err := ws.Drain(context.Background()); err != nil {
			b.Error(err)
		}
	})
}

// call is the hand-written worker's call as a handler.
func call(ctx context.Context, client *http.Client, job engine.Job) engine.Outcome {
	var input struct {
		Method, URL string
		Body        json.RawMessage
	}
	if err := json.Unmarshal(job.Variables, &input); err != nil {
		return engine.Fail{Message: err.Error()}
	}
	request, err := http.NewRequestWithContext(ctx, input.Method, input.URL, strings.NewReader(string(input.Body)))
	if err != nil {
		return engine.Fail{Message: err.Error()}
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return engine.Fail{Message: err.Error()}
	}
	defer response.Body.Close()
	var answer any
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		return engine.Fail{Message: err.Error()}
	}
	variables, _ := json.Marshal(map[string]any{"answer": answer})
	return engine.Complete{Variables: variables}
}
