package zeebe

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestErrorTexts(t *testing.T) {
	c := &Client{address: "gw:26500"}
	for _, tt := range []struct {
		err       error
		want      string
		temporary bool
	}{
		{status.Error(codes.NotFound, "Command 'CREATE' rejected with code 'NOT_FOUND': none found"),
			"start it: NOT_FOUND: Command 'CREATE' rejected with code 'NOT_FOUND': none found", false},
		{status.Error(codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.1:26500: connect: connection refused"`),
			"start it: connect to gateway gw:26500: connection refused (is it running? --gateway or ZEEBE_ADDRESS say where)", true},
		{status.Error(codes.Unavailable, `dns: A record lookup error: lookup gw on 10.0.0.2:53: no such host`),
			"start it: connect to gateway gw:26500: no such host (check the host name in --gateway or ZEEBE_ADDRESS)", true},
		{status.Error(codes.Unavailable, `connection error: desc = "transport: authentication handshake failed: tls: first record does not look like a TLS handshake"`),
			"start it: connect to gateway gw:26500: tls: first record does not look like a TLS handshake (it speaks plaintext: set ZEEBE_INSECURE_CONNECTION=true)", true},
		{status.Error(codes.Unavailable, "no leader for partition 1"), "start it: UNAVAILABLE: no leader for partition 1", true},
		{status.Error(codes.ResourceExhausted, "busy"), "start it: RESOURCE_EXHAUSTED: busy", true},
		{status.Error(codes.ResourceExhausted, "grpc: trying to send message larger than max (5 vs. 4)"),
			"start it: RESOURCE_EXHAUSTED: grpc: trying to send message larger than max (5 vs. 4)", false},
		{status.Error(codes.InvalidArgument, "two errors:\nfirst\nsecond\n"), "start it: INVALID_ARGUMENT: two errors:\nfirst\nsecond", false},
		{status.Error(codes.Code(77), "x"), "start it: CODE_77: x", false},
		{context.DeadlineExceeded, "start it: DEADLINE_EXCEEDED: context deadline exceeded", true},
	} {
		err := c.explain(tt.err, "start %s", "it")
		if err.Error() != tt.want || isTemporary(err) != tt.temporary {
			t.Errorf("got  %v (temporary %v)\nwant %s", err, isTemporary(err), tt.want)
		}
	}
	if err := c.explain(context.Canceled, "x"); !errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v is not the context's", err)
	}
}
