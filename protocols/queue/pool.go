package queue

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"patchbay/protocols"
)

const (
	// mostConnections bounds a pool. One producer serves any number of calls,
	// so this is the number of brokers and accounts at a time.
	mostConnections = 64
	// idleTime is how long a connection without calls is kept.
	idleTime = 5 * time.Minute
	// connectTime bounds one attempt to connect.
	connectTime = 30 * time.Second
)

// pool keeps producers by the configuration that they were opened with. The
// first call of a configuration connects, the others wait for it.
type pool struct {
	idle time.Duration
	life context.Context // ends with Close
	end  context.CancelFunc

	mu    sync.Mutex
	conns map[string]*conn
	// work counts the goroutines that connect and close.
	work sync.WaitGroup
}

// conn is a producer, or one that is being opened.
type conn struct {
	key    string
	opened chan struct{} // closed once producer or err is set
	// producer and err are set by the goroutine that connects.
	producer Producer
	err      error

	// Guarded by pool.mu.
	calls int
	gone  bool        // out of the pool: close it when nobody uses it
	timer *time.Timer // closes it when it has been idle
}

// Digest returns a Publication's Connection for the texts that Connect depends
// on: it shows none of them.
func Digest(texts ...string) string {
	h := sha256.New()
	for _, text := range texts {
		h.Write(binary.AppendUvarint(nil, uint64(len(text))))
		h.Write([]byte(text))
	}
	return string(h.Sum(nil))
}

func newPool() *pool {
	p := &pool{idle: idleTime, conns: map[string]*conn{}}
	p.life, p.end = context.WithCancel(context.Background())
	return p
}

// get returns the producer of a configuration. The caller gives it back by put.
func (p *pool) get(ctx context.Context, key string, connect func(context.Context) (Producer, error)) (*conn, error) {
	c, err := p.take(key, connect)
	if err != nil {
		return nil, err
	}
	select {
	case <-c.opened:
	case <-ctx.Done():
		p.put(c, false)
		return nil, &protocols.Error{Code: CodeTimeout, Message: "no connection to the broker in time", Temporary: true, Unsent: true, Cause: ctx.Err()}
	}
	if c.err != nil {
		p.put(c, true)
		return nil, c.err
	}
	return c, nil
}

// take finds the connection of a key, or begins to open one.
func (p *pool) take(key string, connect func(context.Context) (Producer, error)) (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life.Err() != nil {
		return nil, errors.New("the server stops")
	}
	c := p.conns[key]
	if c == nil {
		if len(p.conns) >= mostConnections && !p.dropIdle() {
			return nil, &protocols.Error{Message: fmt.Sprintf("more than %d connections to brokers at once", mostConnections), Temporary: true, Unsent: true}
		}
		c = &conn{key: key, opened: make(chan struct{})}
		p.conns[key] = c
		p.work.Go(func() { c.open(p.life, connect) })
	}
	c.calls++
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	return c, nil
}

// open connects, for whoever waits and whatever becomes of the first call.
func (c *conn) open(ctx context.Context, connect func(context.Context) (Producer, error)) {
	defer close(c.opened)
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	c.producer, c.err = connect(ctx)
	var known *protocols.Error
	if c.err != nil && !protocols.IsInputError(c.err) && !errors.As(c.err, &known) {
		c.err = &protocols.Error{Message: "connect to the broker: " + c.err.Error(), Temporary: true, Unsent: true, Cause: c.err}
	}
}

// put gives a connection back; gone means that it is of no use any more.
func (p *pool) put(c *conn, gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.calls--
	if gone {
		p.remove(c)
	}
	switch {
	case c.calls > 0:
	case c.gone:
		p.close(c)
	default:
		c.timer = time.AfterFunc(p.idle, func() { p.expire(c) })
	}
}

// remove takes a connection out of the pool; p.mu is held.
func (p *pool) remove(c *conn) {
	if p.conns[c.key] == c {
		delete(p.conns, c.key)
	}
	c.gone = true
}

// expire closes a connection that nobody has used for a while.
func (p *pool) expire(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.calls == 0 && !c.gone {
		p.remove(c)
		p.close(c)
	}
}

// dropIdle makes room for another connection; p.mu is held.
func (p *pool) dropIdle() bool {
	for _, c := range p.conns {
		if c.calls == 0 {
			p.remove(c)
			p.close(c)
			return true
		}
	}
	return false
}

// close closes a connection that is out of the pool and that nobody uses; p.mu
// is held.
func (p *pool) close(c *conn) {
	if c.timer != nil {
		c.timer.Stop()
	}
	p.work.Go(func() {
		<-c.opened // within connectTime, or at once when the pool is closed
		if c.producer != nil {
			_ = c.producer.Close() // all that it sent was confirmed
		}
	})
}

// Close closes all connections and waits for it. No call runs any more.
func (p *pool) Close() error {
	p.mu.Lock()
	p.end()
	for _, c := range p.conns {
		p.remove(c)
		p.close(c)
	}
	p.mu.Unlock()
	p.work.Wait()
	return nil
}
