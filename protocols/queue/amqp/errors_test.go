package amqp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

func TestFailure(t *testing.T) {
	e := &endpoint{host: "h", port: "5672", password: "hush"}
	tests := map[string]struct {
		err       error
		code      string
		temporary bool
		text      string
	}{
		"refused":          {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, CodeRefused, true, "connection refused"},
		"no such host":     {&net.DNSError{Err: "no such host", Name: "h"}, CodeUnknownHost, true, "no such host"},
		"too late":         {fmt.Errorf("dial: %w", context.DeadlineExceeded), queue.CodeTimeout, true, "deadline"},
		"a wrong login":    {&amqp.Error{Code: 403, Reason: "ACCESS_REFUSED - Login was refused", Server: true}, "ACCESS_REFUSED", false, "try to h:5672: ACCESS_REFUSED - Login was refused"},
		"no virtual host":  {&amqp.Error{Code: 530, Reason: "NOT_ALLOWED - vhost x not found", Server: true}, "NOT_ALLOWED", false, "vhost x not found"},
		"shutting down":    {&amqp.Error{Code: 320, Reason: "CONNECTION_FORCED - bye", Server: true}, "CONNECTION_FORCED", true, "bye"},
		"hung up in login": {amqp.ErrCredentials, CodeDisconnected, true, "the broker hung up"},
		"hung up at once":  {&amqp.Error{Code: 501, Reason: "EOF"}, CodeDisconnected, true, "the broker hung up"},
		"a bad handshake":  {&handshakeError{errors.New("unknown authority")}, "SSL_HANDSHAKE_FAILED", false, "TLS handshake: unknown authority"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got *protocols.Error
			if err := e.failure("try", tt.err); !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if got.Code != tt.code || got.Temporary != tt.temporary || !got.Unsent || !strings.Contains(got.Message, tt.text) {
				t.Errorf("got %+v, want %s, temporary %v, %q", got, tt.code, tt.temporary, tt.text)
			}
		})
	}
	if err := e.failure("try", &protocols.InputError{Message: "not allowed"}); !protocols.IsInputError(err) {
		t.Errorf("an input error becomes %v", err)
	}
}

func TestLost(t *testing.T) {
	for text, tt := range map[string]struct {
		why    *amqp.Error
		unsent bool
		code   string
	}{
		"the connection to the broker ended":                                                                          {nil, true, CodeDisconnected},
		"the connection to the broker ended before it confirmed the message; it may have it":                          {nil, false, CodeDisconnected},
		"the connection to the broker ended: CONNECTION_FORCED - bye before it confirmed the message; it may have it": {&amqp.Error{Code: 320, Reason: "CONNECTION_FORCED - bye", Server: true}, false, "CONNECTION_FORCED"},
	} {
		err := lost(tt.why, tt.unsent)
		var known *protocols.Error
		if !errors.As(err, &known) || !errors.Is(err, queue.ErrDisconnected) || known.Code != tt.code || known.Unsent != tt.unsent || known.Message != text {
			t.Errorf("got %+v, want %q", err, text)
		}
	}
}

// TestGate shuts and opens it as the broker says.
func TestGate(t *testing.T) {
	g := newGate()
	said := make(chan amqp.Blocking)
	watched := make(chan struct{})
	go func() { defer close(watched); g.watch(said) }()
	said <- amqp.Blocking{Active: true, Reason: "low on disk"}
	said <- amqp.Blocking{Active: true, Reason: "low on disk"}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.pass(ctx); code(err) != queue.CodeTimeout || !strings.Contains(err.Error(), "low on disk") {
		t.Errorf("a shut gate: got %v", err)
	}
	said <- amqp.Blocking{}
	if err := g.pass(t.Context()); err != nil {
		t.Errorf("an open gate: got %v", err)
	}
	said <- amqp.Blocking{Active: true}
	close(said)
	<-watched
	if err := g.pass(t.Context()); err != nil {
		t.Errorf("after the connection's end: got %v", err)
	}
}
