// Package clitest helps tests that run command lines written for people: in
// READMEs and examples.
package clitest

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"

	"patchbay/server"
)

// Words splits a command line as a shell does, as far as READMEs need it:
// blanks separate, single quotes group.
func Words(line string) []string {
	var list []string
	var word strings.Builder
	quoted, begun := false, false
	for _, c := range line {
		switch {
		case c == '\'':
			quoted, begun = !quoted, true
		case c == ' ' && !quoted:
			if begun {
				list = append(list, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if begun {
		list = append(list, word.String())
	}
	return list
}

// Serve runs a server with an embedded engine in this process until the test
// ends, and makes it the one that commands talk to by default. It may reach the
// networks of allow besides public addresses.
func Serve(t *testing.T, allow ...string) *server.Server {
	t.Helper()
	s, err := server.New(context.Background(), server.Config{
		Listen: "127.0.0.1:0", EngineListen: "127.0.0.1:0", Data: t.TempDir(), SecretPrefix: "SECRET_", AllowNet: allow,
		MaxJobs: 64, JobTimeout: time.Minute, Drain: 5 * time.Second, MessageTTL: time.Hour,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stop the server: %v", err)
		}
	})
	t.Setenv("PATCHBAY_SERVER", "http://"+s.Address())
	t.Setenv("ZEEBE_ADDRESS", s.EngineAddress())
	return s
}

// Eventually tries until it succeeds, at most twenty seconds; then the test
// fails with what why says.
func Eventually(t *testing.T, try func() bool, why func() string) {
	t.Helper()
	again := func() (bool, error) {
		if !try() {
			return false, context.DeadlineExceeded
		}
		return true, nil
	}
	_, err := backoff.Retry(context.Background(), again, backoff.WithBackOff(backoff.NewConstantBackOff(20*time.Millisecond)), backoff.WithMaxElapsedTime(20*time.Second))
	if err != nil {
		t.Fatal(why())
	}
}
