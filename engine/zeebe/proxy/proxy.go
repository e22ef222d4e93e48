// Package proxy is a transparent proxy of a Zeebe gateway. It forwards every
// call, streams and unknown methods included, as bytes that it does not look
// at, with metadata, deadline, status and trailers. What deploys or deletes
// resources is read as it goes by, and a Watcher is told of what succeeded; so
// inbound connectors work with neither Operate nor a search index.
package proxy

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // clients may compress
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"patchbay/engine/zeebe/source"
)

// Watcher is told what went by. *source.Seen is one.
type Watcher interface {
	// Deployed is called when the gateway has deployed process definitions,
	// before the caller learns that it has.
	Deployed(ctx context.Context, list ...source.Deployed) error
	// Deleted is called when the gateway has deleted a resource of any kind.
	Deleted(ctx context.Context, key int64) error
}

// Options are what a proxy works with. Zero means the default.
type Options struct {
	// Gateway is the connection to forward to; see zeebe.Options.Connect.
	Gateway grpc.ClientConnInterface
	// Watcher is told of deployments; nil for nobody.
	Watcher Watcher
	// Credentials secure the proxy's own address; nil for plaintext.
	Credentials credentials.TransportCredentials
	// Drain is how long calls may go on when the proxy is to end; 5 s. A
	// stream of jobs never ends by itself.
	Drain time.Duration
	Log   *slog.Logger
}

// maxMessage bounds a message in bytes; gateways themselves take 4 MiB unless
// they are told otherwise.
const maxMessage = 128 << 20

// Proxy forwards calls. It is safe for concurrent use.
type Proxy struct {
	Options
	server  *grpc.Server
	sending sync.WaitGroup // what forwards the callers' messages
}

// New returns a proxy that serves nothing yet.
func New(o Options) *Proxy {
	if o.Drain <= 0 {
		o.Drain = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	p := &Proxy{Options: o}
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(codec{}),
		grpc.UnknownServiceHandler(p.forward),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxSendMsgSize(maxMessage),
		// Zeebe's clients ping more often than gRPC allows by default.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
	}
	if o.Credentials != nil {
		options = append(options, grpc.Creds(o.Credentials))
	}
	p.server = grpc.NewServer(options...)
	return p
}

// Serve serves a listener until ctx ends, then lets calls go on for
// Options.Drain. It closes the listener, and is called once.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) error {
	ended := make(chan struct{})
	var stopping sync.WaitGroup
	stopping.Go(func() {
		select {
		case <-ctx.Done():
			p.stop()
		case <-ended:
		}
	})
	err := p.server.Serve(l)
	close(ended)
	stopping.Wait()
	p.sending.Wait()
	if errors.Is(err, grpc.ErrServerStopped) || ctx.Err() != nil {
		return nil
	}
	return err
}

func (p *Proxy) stop() {
	timer := time.AfterFunc(p.Drain, p.server.Stop)
	defer timer.Stop()
	p.server.GracefulStop()
}

// bidirectional describes every call: one message is a stream of one.
var bidirectional = &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}

// forward is the handler of every method.
func (p *Proxy) forward(_ any, in grpc.ServerStream) error {
	method, ok := grpc.MethodFromServerStream(in)
	if !ok {
		return status.Error(codes.Internal, "the method of the call is not known")
	}
	ctx, cancel := context.WithCancel(outgoing(in.Context()))
	defer cancel()
	out, err := p.Gateway.NewStream(ctx, bidirectional, method, grpc.ForceCodecV2(codec{}),
		grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage))
	if err != nil {
		return err
	}
	seen := p.watch(method)
	// This goroutine may wait for the caller's next message, which ends only
	// when this handler has returned.
	p.sending.Go(func() {
		if err := sendAll(in, out, seen); err != nil {
			cancel() // the caller is gone
		}
	})
	err = receiveAll(in, out, seen)
	in.SetTrailer(out.Trailer())
	if err == nil {
		seen.succeeded(in.Context())
	}
	return err
}

// outgoing carries the caller's metadata over to a call of the gateway. The
// deadline comes with the context.
func outgoing(ctx context.Context) context.Context {
	md, _ := metadata.FromIncomingContext(ctx)
	md = md.Copy()
	for _, own := range []string{":authority", "content-type", "user-agent", "grpc-accept-encoding"} {
		md.Delete(own) // each connection has its own
	}
	return metadata.NewOutgoingContext(ctx, md)
}

// sendAll forwards what the caller sends, until he has no more.
func sendAll(in grpc.ServerStream, out grpc.ClientStream, seen *watched) error {
	for {
		var f frame
		err := in.RecvMsg(&f)
		if errors.Is(err, io.EOF) {
			return out.CloseSend()
		}
		if err != nil {
			return err
		}
		seen.request(&f)
		if err := out.SendMsg(&f); err != nil {
			return nil // receiveAll learns why
		}
	}
}

// receiveAll forwards what the gateway answers, until its status. Headers go
// ahead: a worker knows by them that its stream is open.
func receiveAll(in grpc.ServerStream, out grpc.ClientStream, seen *watched) error {
	if md, err := out.Header(); err == nil && len(md) > 0 {
		if err := in.SendHeader(md); err != nil {
			return err
		}
	}
	for {
		var f frame
		err := out.RecvMsg(&f)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		seen.response(&f)
		if err := in.SendMsg(&f); err != nil {
			return err
		}
	}
}
