package embedded

import (
	"context"
	"net"
	"sync"

	"google.golang.org/grpc/test/bufconn"
)

// localListener serves clients in the same process, without a port.
type localListener struct {
	once     sync.Once
	listener *bufconn.Listener
}

// DialContext connects a client in the same process; its address does not matter. Use it with grpc.WithContextDialer.
func (e *Engine) DialContext(ctx context.Context, _ string) (net.Conn, error) {
	e.local.once.Do(func() {
		l := bufconn.Listen(1 << 20)
		e.local.listener = l
		e.tasks.Go(func() { _ = e.Serve(e.stopped, l) }) // ends with the engine
	})
	if err := e.stopped.Err(); err != nil {
		return nil, net.ErrClosed
	}
	return e.local.listener.DialContext(ctx)
}

// close keeps a later dial from starting the server of an engine that has ended.
func (l *localListener) close() { l.once.Do(func() {}) }
