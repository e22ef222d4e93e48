package amqp

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols"
)

const (
	// writeTime bounds one write to a connection. A peer that has vanished
	// without a word would otherwise hold up whoever publishes until the
	// operating system gives up.
	writeTime = 10 * time.Second
	// closeTime bounds the farewell.
	closeTime = 5 * time.Second
)

// dial connects and logs in. The connection is closed when ctx ends before that.
func (e *endpoint) dial(ctx context.Context, h protocols.Host) (*amqp.Connection, error) {
	ctx, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	conn, err := e.connect(ctx, h)
	if err != nil {
		return nil, e.failure("connect", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	c, err := amqp.Open(punctual{conn}, e.config())
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, e.failure("log in", err)
	}
	return c, nil
}

func (e *endpoint) connect(ctx context.Context, h protocols.Host) (net.Conn, error) {
	conn, err := h.Dial(ctx, "tcp", net.JoinHostPort(e.host, e.port))
	if err != nil || !e.tls {
		return conn, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if !e.certificates.Empty() {
		if config, err = e.certificates.Config(); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	config.ServerName = e.host
	client := tls.Client(conn, config)
	if err := client.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, &handshakeError{err}
	}
	return client, nil
}

func (e *endpoint) config() amqp.Config {
	properties := amqp.Table{"product": "patchbay", "connection_name": "patchbay"}
	login := &login{amqp.PlainAuth{Username: e.user, Password: e.password}, properties}
	return amqp.Config{SASL: []amqp.Authentication{login}, Vhost: e.vhost, Heartbeat: e.heartbeat, FrameSize: 128 << 10, Locale: "en_US", Properties: properties}
}

// login asks the broker to say why it refuses an account, rather than to hang up
// without a word. The client's library sets the capabilities that it sends just
// before it asks for the response.
type login struct {
	amqp.PlainAuth
	properties amqp.Table
}

// Response implements amqp.Authentication.
func (l *login) Response() string {
	if capabilities, ok := l.properties["capabilities"].(amqp.Table); ok {
		capabilities["authentication_failure_close"] = true
	}
	return l.PlainAuth.Response()
}

// punctual gives up a write that takes too long.
type punctual struct{ net.Conn }

// Write implements net.Conn.
func (p punctual) Write(content []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, err
	}
	return p.Conn.Write(content)
}

// hangUp closes a connection; one that has ended is closed already.
func hangUp(c *amqp.Connection) {
	_ = c.CloseDeadline(time.Now().Add(closeTime)) // the other side sees the end either way
}
