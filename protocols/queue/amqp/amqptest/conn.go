package amqptest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// conn is one client's connection. Its state but the outgoing bytes belongs to
// the goroutine of serve, with Broker.mu held.
type conn struct {
	broker   *Broker
	raw      net.Conn
	channels map[uint16]*channel

	out     sync.Mutex
	bytes   []byte
	pending chan struct{} // has an entry when bytes may not be empty
	end     chan struct{}
}

func newConn(b *Broker, raw net.Conn) *conn {
	return &conn{broker: b, raw: raw, channels: map[uint16]*channel{}, pending: make(chan struct{}, 1), end: make(chan struct{})}
}

// push leaves frames to write.
func (c *conn) push(frames ...frame) {
	c.out.Lock()
	defer c.out.Unlock()
	for _, f := range frames {
		c.bytes = appendFrame(c.bytes, f)
	}
	select {
	case c.pending <- struct{}{}:
	default:
	}
}

func (c *conn) send(channel uint16, m method, arguments ...any) {
	c.push(frame{frameMethod, channel, encode(m, arguments...)})
}

// write writes what push leaves until the connection ends.
func (c *conn) write() {
	for {
		c.out.Lock()
		content := c.bytes
		c.bytes = nil
		c.out.Unlock()
		if _, err := c.raw.Write(content); err != nil {
			return
		}
		if len(content) > 0 {
			continue
		}
		select {
		case <-c.pending:
		case <-c.end:
			_ = c.raw.Close()
			return
		}
	}
}

// serve reads frames until the connection ends.
func (c *conn) serve() {
	defer close(c.end)
	defer c.forget()
	in := bufio.NewReader(c.raw)
	var header [8]byte
	if _, err := io.ReadFull(in, header[:]); err != nil || string(header[:4]) != "AMQP" {
		return
	}
	// No table of server properties: the client needs none.
	c.send(0, connectionStart, byte(0), byte(9), long(""), long("PLAIN"), long("en_US"))
	for {
		f, err := readFrame(in)
		if err != nil || !c.handle(f) {
			return
		}
	}
}

// forget gives back what the connection's consumers had.
func (c *conn) forget() {
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	delete(c.broker.conns, c)
	for _, ch := range c.channels {
		ch.end()
	}
}

// handle reports whether the connection goes on.
func (c *conn) handle(f frame) bool {
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	if f.kind == frameHeartbeat {
		c.push(f)
		return true
	}
	if f.channel == 0 {
		return c.control(f)
	}
	if ch := c.channels[f.channel]; ch != nil {
		ch.handle(f)
		return true
	}
	if f.kind == frameMethod && methodOf(f) == channelOpen {
		c.channels[f.channel] = newChannel(c, f.channel)
		c.send(f.channel, channelOpenOk, long(""))
	}
	return true
}

func methodOf(f frame) method {
	a := arguments(f.payload)
	return method{a.word(), a.word()}
}

// control handles the methods of the connection itself.
func (c *conn) control(f frame) bool {
	a := arguments(f.payload)
	switch m := (method{a.word(), a.word()}); m {
	case connectionStartOk:
		_, _ = a.long(), a.short()
		if a.long() != "\x00"+User+"\x00"+Password {
			c.refuse(403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN", m)
			return true
		}
		c.send(0, connectionTune, uint16(100), uint32(largestFrame), uint16(60))
	case connectionOpen:
		if vhost := a.short(); vhost != "/" {
			c.refuse(530, fmt.Sprintf("NOT_ALLOWED - vhost %s not found", vhost), m)
			return true
		}
		c.send(0, connectionOpenOk, short(""))
	case connectionClose:
		c.send(0, connectionCloseOk)
		return false
	case connectionCloseOk:
		return false
	}
	return true
}

func (c *conn) refuse(code uint16, text string, m method) {
	c.send(0, connectionClose, code, short(text), m.class, m.number)
}

// content are the frames of a message after the method that announces it.
func content(channel uint16, m *message) []frame {
	header := binary.BigEndian.AppendUint16(nil, basicPublish.class)
	header = binary.BigEndian.AppendUint16(header, 0)
	header = binary.BigEndian.AppendUint64(header, uint64(len(m.body)))
	frames := []frame{{frameHeader, channel, append(header, m.properties...)}}
	const most = largestFrame - 8
	for from := 0; from < len(m.body); from += most {
		frames = append(frames, frame{frameBody, channel, m.body[from:min(from+most, len(m.body))]})
	}
	return frames
}
