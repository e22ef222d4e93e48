// Package gatewaytest is a stub of Zeebe's gateway for tests and benchmarks. It
// has no processes: jobs are offered to it, and it hands them out as fast as
// they are taken, by stream and by poll, by the rules of a real gateway: what is
// offered while a stream is open is pushed to it, everything else is backlog,
// which only polls get; a job whose lock ends is handed out again.
//
// It can refuse or hang commands, go away and come back.
package gatewaytest

import (
	"context"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"
)

// Gateway is the stub. The exported fields are set before it starts.
type Gateway struct {
	pb.UnimplementedGatewayServer

	// NoStreams answers a stream with UNIMPLEMENTED, as gateways before 8.4.
	NoStreams bool
	// SilentStreams accepts streams but pushes nothing.
	SilentStreams bool
	// NoLongPolling answers every poll at once.
	NoLongPolling bool
	// KeepTimes keeps the time of every job from activation to completion, for
	// Run.
	KeepTimes bool
	// Before, when not nil, is called with the short name of every method
	// ("CompleteJob") and its request before it is carried out. An error
	// becomes the answer; to hang, it waits for ctx, which ends with the call.
	// It may call the gateway's methods.
	Before func(ctx context.Context, method string, request any) error

	mu      sync.Mutex
	server  *grpc.Server
	local   *bufconn.Listener
	queues  map[string]*queue
	locked  map[int64]lock
	nextKey int64
	counts  Counts
	idle    chan struct{} // closed while no job is open
}

// Counts is what has happened so far.
type Counts struct {
	// Activated counts jobs handed out, again ones included.
	Activated int
	// Completed, Failed and Thrown count accepted commands, Incidents the
	// failed jobs without retries, Extended new time-outs, Published messages,
	// Created process instances.
	Completed, Failed, Thrown, Incidents, Extended, Published, Created int
	// Unknown counts commands for jobs that are not open.
	Unknown int
	// Open is the number of jobs that wait or are locked.
	Open int
	// Streams and Polls are the requests that are open now.
	Streams, Polls int
}

// New returns a gateway that is away.
func New() *Gateway {
	g := &Gateway{queues: map[string]*queue{}, locked: map[int64]lock{}, nextKey: 1 << 51, idle: make(chan struct{})}
	close(g.idle)
	return g
}

// Listen serves on a TCP address until Stop and returns the address.
func (g *Gateway) Listen(address string) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	g.serve(l)
	return l.Addr().String(), nil
}

// Start serves connections made by Dial, without network, until Stop.
func (g *Gateway) Start() {
	local := bufconn.Listen(256 << 10)
	g.mu.Lock()
	g.local = local
	g.mu.Unlock()
	g.serve(local)
}

func (g *Gateway) serve(l net.Listener) {
	server := grpc.NewServer(grpc.NumStreamWorkers(64), grpc.UnaryInterceptor(g.beforeUnary), grpc.StreamInterceptor(g.beforeStream))
	pb.RegisterGatewayServer(server, g)
	g.mu.Lock()
	g.server = server
	g.mu.Unlock()
	go func() { _ = server.Serve(l) }()
}

// Stop cuts all connections. The jobs stay; Start or Listen bring the gateway
// back.
func (g *Gateway) Stop() {
	g.mu.Lock()
	server := g.server
	g.server, g.local = nil, nil
	g.mu.Unlock()
	if server != nil {
		server.Stop()
	}
}

// Dial connects to a gateway that was started with Start; while it is stopped
// the connection is refused. It fits zeebe.Options.Dialer.
func (g *Gateway) Dial(ctx context.Context, _ string) (net.Conn, error) {
	g.mu.Lock()
	local := g.local
	g.mu.Unlock()
	if local == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return local.DialContext(ctx)
}

// Offer creates n jobs after a template, of which Type must be set; keys and
// deadlines are the gateway's, retries 3 unless given. It returns the first key,
// which the others follow.
func (g *Gateway) Offer(n int, template *pb.ActivatedJob) int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := g.nextKey
	g.nextKey += int64(n)
	if g.counts.Open == 0 && n > 0 {
		g.idle = make(chan struct{})
	}
	g.counts.Open += n
	g.queue(template.Type).opened(n)
	retries := template.Retries
	if retries == 0 {
		retries = 3
	}
	g.queue(template.Type).offer(batch{template, first, n, retries}, !g.SilentStreams)
	return first
}

// Counts returns what has happened so far.
func (g *Gateway) Counts() Counts {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counts
}

// Idle returns a channel that is closed when no job is open.
func (g *Gateway) Idle() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.idle
}

// Changed returns a channel that is closed at the next change of a job type's
// jobs, streams or polls.
func (g *Gateway) Changed(jobType string) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.queue(jobType).changed
}

// close ends a job. The lock is held.
func (g *Gateway) close(jobType string) {
	g.queue(jobType).closed()
	g.counts.Open--
	if g.counts.Open == 0 {
		close(g.idle)
	}
}

func (g *Gateway) queue(jobType string) *queue {
	q := g.queues[jobType]
	if q == nil {
		q = &queue{changed: make(chan struct{}), idle: make(chan struct{})}
		close(q.idle)
		g.queues[jobType] = q
	}
	return q
}

// expire returns jobs whose locks have ended to their backlogs and tells when
// the next one ends. The lock is held.
func (g *Gateway) expire(now time.Time) (next time.Duration) {
	next = time.Hour
	for key, l := range g.locked {
		if left := l.until.Sub(now); left > 0 {
			next = min(next, left)
			continue
		}
		delete(g.locked, key)
		g.queue(l.of.Type).offer(batch{l.of, key, 1, l.retries}, false)
	}
	return next
}
