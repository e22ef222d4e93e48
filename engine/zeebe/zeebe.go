// Package zeebe is all that knows the gateway protocol of Zeebe (Camunda 8) from
// the client's side: the connection, the commands, and the workers that take
// jobs and report what became of them.
//
//	Dial -> Client     commands: deploy, create, publish, complete, ...
//	        NewWorkers  job types that can be added and removed while running
//
// The messages are those of the Zeebe Go client's package pb. Its connection is
// not used, because it reads the process's environment and does not hand out
// what a stream of jobs needs; its credentials neither, because they write
// tokens to the home directory and are not safe for concurrent use; its worker
// neither, because a panic in it ends the process and it never backs off.
package zeebe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

const (
	// streamWindow bounds the jobs that wait, already locked, in a stream's
	// buffer while all slots are taken: the least that gRPC allows.
	streamWindow = 64 << 10
	connWindow   = 1 << 20
	// maxMessage is above the gateway's own limit of 4 MiB, so that an answer
	// that it sends is never refused here.
	maxMessage = 16 << 20
)

// Client is a connection to a gateway. It is safe for concurrent use and lives
// until Close; a gateway that goes away and comes back is connected again.
type Client struct {
	address string
	conn    *grpc.ClientConn
	gateway pb.GatewayClient
	tokens  *tokens // nil without OAuth
	log     *slog.Logger
}

// Dial returns a client for the gateway that the options name. It checks the
// options but does not wait for the gateway: the connection opens with the
// first command, and a gateway that is away is that command's error.
func Dial(_ context.Context, o Options) (*Client, error) {
	o = o.withDefaults()
	transport, err := o.transport()
	if err != nil {
		return nil, err
	}
	c := &Client{address: o.Address, log: o.Log}
	dial := append(o.dialOptions(), grpc.WithTransportCredentials(transport))
	switch {
	case o.OAuth != nil:
		if c.tokens, err = newTokens(*o.OAuth, o.Address, o.HTTPClient); err != nil {
			return nil, err
		}
		dial = append(dial, grpc.WithPerRPCCredentials(c.tokens), grpc.WithUnaryInterceptor(c.tokens.renewOnce))
	case o.Basic != nil:
		dial = append(dial, grpc.WithPerRPCCredentials(*o.Basic))
	}
	if o.Plaintext && (o.OAuth != nil || o.Basic != nil) {
		o.Log.Warn("credentials go to the gateway without encryption", "gateway", o.Address)
	}
	if c.conn, err = grpc.NewClient(o.target(), dial...); err != nil {
		return nil, fmt.Errorf("gateway address %q: %w", o.Address, err)
	}
	c.gateway = pb.NewGatewayClient(c.conn)
	return c, nil
}

// Address returns the gateway's address as host:port.
func (c *Client) Address() string { return c.address }

// Close ends the connection and every command that still runs. Workers of the
// client are to be stopped before.
func (c *Client) Close() error { return c.conn.Close() }

// target keeps the name from being resolved here when a dialer does it.
func (o Options) target() string {
	if o.Dialer != nil {
		return "passthrough:///" + o.Address
	}
	return "dns:///" + o.Address
}

func (o Options) dialOptions() []grpc.DialOption {
	list := []grpc.DialOption{
		grpc.WithUserAgent(o.UserAgent),
		grpc.WithStaticStreamWindowSize(streamWindow),
		grpc.WithStaticConnWindowSize(connWindow),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: o.KeepAlive}),
		// gRPC's own back-off goes up to two minutes: too long to find a
		// gateway again that was only restarted.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 10 * time.Second,
		}),
	}
	if o.Dialer != nil {
		list = append(list, grpc.WithContextDialer(o.Dialer))
	}
	if o.Authority != "" && o.Plaintext { // with TLS the certificate's name is it
		list = append(list, grpc.WithAuthority(o.Authority))
	}
	return list
}

func (o Options) transport() (credentials.TransportCredentials, error) {
	if o.Plaintext {
		return insecure.NewCredentials(), nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	// The server's name in the certificate is the authority without its port.
	if host, _, err := net.SplitHostPort(o.Authority); err == nil {
		config.ServerName = host
	} else {
		config.ServerName = o.Authority
	}
	if o.CAFile != "" {
		pool, err := readCAs(o.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	return credentials.NewTLS(config), nil
}

func readCAs(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("read the gateway's CA certificates from %s: %w (ZEEBE_CA_CERTIFICATE_PATH names the file)", file, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read the gateway's CA certificates from %s: no certificate in PEM form in it", file)
	}
	return pool, nil
}
