package zeebe_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
)

func dial(t testing.TB, o zeebe.Options) *zeebe.Client {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	c, err := zeebe.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = dial(t, zeebe.Options{Address: address, Plaintext: true}).Topology(t.Context())
	want := "ask for the topology: connect to gateway " + address + ": connection refused (is it running? --gateway or ZEEBE_ADDRESS say where)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestTLS(t *testing.T) {
	// httptest brings a certificate for example.com and 127.0.0.1.
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: server.TLS.Certificates}
	address := serve(t, gatewaytest.New(), grpc.Creds(credentials.NewTLS(config)))
	plain := serve(t, gatewaytest.New())
	for _, tt := range []struct {
		name string
		o    zeebe.Options
		want string
	}{
		{"CA", zeebe.Options{Address: address, CAFile: ca}, ""},
		{"authority", zeebe.Options{Address: address, CAFile: ca, Authority: "example.com"}, ""},
		{"authority with port", zeebe.Options{Address: address, CAFile: ca, Authority: "example.com:443"}, ""},
		{"other authority", zeebe.Options{Address: address, CAFile: ca, Authority: "other.org"}, "ZEEBE_OVERRIDE_AUTHORITY"},
		{"no CA", zeebe.Options{Address: address}, "ZEEBE_CA_CERTIFICATE_PATH"},
		{"plaintext gateway", zeebe.Options{Address: plain, CAFile: ca}, "ZEEBE_INSECURE_CONNECTION=true"},
		{"TLS gateway", zeebe.Options{Address: address, Plaintext: true}, "ZEEBE_INSECURE_CONNECTION=false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := dial(t, tt.o).Topology(t.Context())
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
	for file, want := range map[string]string{filepath.Join(t.TempDir(), "nope"): "no such file", os.Args[0]: "no certificate in PEM form"} {
		if _, err := zeebe.Dial(t.Context(), zeebe.Options{CAFile: file}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// serve serves a gateway over TCP with options that the stub does not have.
func serve(t *testing.T, g pb.GatewayServer, options ...grpc.ServerOption) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	pb.RegisterGatewayServer(server, g)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return l.Addr().String()
}

// wants answers UNAUTHENTICATED unless the call carries this authorization.
func wants(authorization func() string) grpc.ServerOption {
	return grpc.UnaryInterceptor(func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		if got := strings.Join(md.Get("authorization"), ","); got != authorization() {
			return nil, status.Errorf(codes.Unauthenticated, "got %q", got)
		}
		return handle(ctx, r)
	})
}

func TestOAuth(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	var fetched atomic.Int32
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		want := "audience=127.0.0.1&client_id=id&client_secret=s3cret&grant_type=client_credentials&scope=a+b"
		if err := r.ParseForm(); err != nil || r.PostForm.Encode() != want {
			t.Errorf("token request %s", r.PostForm.Encode())
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprint("t", fetched.Add(1)), "expires_in": 3600})
	}))
	defer tokens.Close()
	var accepted atomic.Value
	accepted.Store("Bearer t1")
	address := serve(t, gatewaytest.New(), wants(func() string { return accepted.Load().(string) }))
	c := dial(t, zeebe.Options{Address: address, Plaintext: true,
		OAuth: &zeebe.OAuth{ClientID: "id", ClientSecret: "s3cret", TokenURL: tokens.URL, Scope: "a b"}})
	topology := func(want int32) {
		t.Helper()
		if _, err := c.Topology(t.Context()); err != nil || fetched.Load() != want {
			t.Errorf("%v after %d tokens, want %d", err, fetched.Load(), want)
		}
	}
	topology(1)
	topology(1)
	accepted.Store("Bearer t2") // t1 was revoked
	topology(2)
	accepted.Store("Bearer none")
	if _, err := c.Topology(t.Context()); err == nil || !strings.Contains(err.Error(), "UNAUTHENTICATED") || fetched.Load() != 3 {
		t.Errorf("%v after %d tokens", err, fetched.Load())
	}
	if left, _ := os.ReadDir(os.Getenv("HOME")); len(left) > 0 {
		t.Errorf("files in the home directory: %v", left)
	}
}

func TestOAuthErrors(t *testing.T) {
	g := gatewaytest.New()
	address := serve(t, g)
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"s3cret is wrong"}`)
		}, `the server answered 401 Unauthorized "invalid_client" (check the client id, secret and audience)`},
		{"broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "the server answered 502 Bad Gateway"},
		{"no JSON", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, "get an access token from "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tokens := httptest.NewServer(tt.answer)
			defer tokens.Close()
			c := dial(t, zeebe.Options{Address: address, Plaintext: true, OAuth: &zeebe.OAuth{ClientID: "id", ClientSecret: "s3cret", TokenURL: tokens.URL}})
			_, err := c.Topology(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestBasic(t *testing.T) {
	address := serve(t, gatewaytest.New(), wants(func() string { return "Basic ZGVtbzpwdw==" }))
	c := dial(t, zeebe.Options{Address: address, Plaintext: true, Basic: &zeebe.Basic{Username: "demo", Password: "pw"}})
	if _, err := c.Topology(t.Context()); err != nil {
		t.Error(err)
	}
}
