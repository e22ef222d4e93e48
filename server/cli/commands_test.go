package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"patchbay/server"
)

// ready waits until the server with a data folder is, and sets HTTP and GATEWAY
// to where it listens: ready FOLDER.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready FOLDER")
	}
	ask := func() (server.Addresses, error) {
		var a server.Addresses
		text, err := os.ReadFile(ts.MkAbs(filepath.Join(args[0], "patchbay.db.lock")))
		if err != nil {
			return a, err
		}
		if err := json.Unmarshal(text, &a); err != nil {
			return a, err
		}
		return a, answers("http://" + a.HTTP + "/readyz")
	}
	a := retry(ts, ask)
	ts.Setenv("HTTP", a.HTTP)
	ts.Setenv("GATEWAY", a.Engine)
}

func answers(url string) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}

// target is an HTTP server that answers {"path": ...}, and sets TARGET to where
// it listens: target.
func target(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: target")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("TARGET", l.Addr().String())
	server := &http.Server{ReadHeaderTimeout: 20 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

func retry[T any](ts *testscript.TestScript, try func() (T, error)) T {
	result, err := backoff.Retry(context.Background(), try, backoff.WithBackOff(backoff.NewConstantBackOff(10*time.Millisecond)), backoff.WithMaxElapsedTime(20*time.Second))
	if err != nil {
		ts.Fatalf("gave up: %v", err)
	}
	return result
}
