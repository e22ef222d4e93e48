package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// ready waits until a server is: ready ADDRESS.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready ADDRESS")
	}
	ask := func() (bool, error) {
		resp, err := http.Get("http://" + args[0] + "/readyz")
		if err != nil {
			return false, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return false, fmt.Errorf("%s answered %s", args[0], resp.Status)
		}
		return true, nil
	}
	retry(ts, ask)
}

// target is an HTTP server that answers {"path": ...}: target ADDRESS.
func target(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: target ADDRESS")
	}
	l, err := net.Listen("tcp", args[0])
	ts.Check(err)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"path":%q}`, r.URL.Path)
	})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	ts.Defer(func() {
		_ = server.Close()
		<-ended
	})
}

// post sends JSON until it is answered with a status: post URL BODY STATUS. A
// deployment reaches its listeners a moment after it was answered.
func post(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: post URL BODY STATUS")
	}
	send := func() (bool, error) {
		resp, err := http.Post(args[0], "application/json", strings.NewReader(args[1]))
		if err != nil {
			return false, err
		}
		defer resp.Body.Close()
		if fmt.Sprint(resp.StatusCode) != args[2] {
			return false, fmt.Errorf("answered %s", resp.Status)
		}
		return true, nil
	}
	retry(ts, send)
}

func retry(ts *testscript.TestScript, try func() (bool, error)) {
	_, err := backoff.Retry(context.Background(), try, backoff.WithBackOff(backoff.NewConstantBackOff(10*time.Millisecond)), backoff.WithMaxElapsedTime(20*time.Second))
	if err != nil {
		ts.Fatalf("gave up: %v", err)
	}
}
