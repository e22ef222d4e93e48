package mqtt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"patchbay/protocols/queue"
)

const (
	// keepAlive is told to the broker; a third of it lies between two pings.
	keepAlive = 30 * time.Second
	// mostUnconfirmed bounds what is published and not yet confirmed, whatever
	// the broker allows.
	mostUnconfirmed = 1024
	// firstID lies far from the ids that a broker begins with: there are some
	// that take the ids of both directions for the same.
	firstID = 1 << 15
)

// settings are what a consumer's connection has beyond a producer's.
type settings struct {
	clientID string
	// expiry is the session's; 0 begins a new one that ends with the connection.
	expiry time.Duration
	// receive is the most messages that the broker may send without an
	// acknowledgement; 0 for a producer.
	receive int
	// released is told that the broker knows of a QoS 2 message's end.
	released func(id uint16)
}

// client speaks with a broker over one connection, in either version of the
// protocol. It never connects anew.
type client struct {
	*wire
	// greeting is the broker's CONNACK.
	greeting packets.Packet
	released func(id uint16)
	// window has an entry for each publication that is not confirmed.
	window chan struct{}
	// incoming are the messages that came. Nothing more is read while it is full;
	// crowded is closed the first time that one finds no room.
	incoming chan packets.Packet
	crowded  chan struct{}
	crowd    func()

	mu sync.Mutex
	// waiting are those that wait for the answer to a packet, by its id; nil
	// for an answer that nobody waits for any more.
	waiting map[uint16]chan packets.Packet
	last    uint16

	closing chan struct{} // closed by close
	ended   chan struct{} // closed once the connection is of no use, after err is set
	err     error
	once    sync.Once
	leave   sync.Once
	work    sync.WaitGroup
}

// introduce makes a client of a connection.
func (a *account) introduce(ctx context.Context, conn net.Conn, s settings) (*client, error) {
	unhook := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer unhook()
	c := &client{last: firstID,
		wire: newWire(conn, a.version, a.host.Limits.ResponseBody), released: s.released, incoming: make(chan packets.Packet, max(1, s.receive)),
		waiting: map[uint16]chan packets.Packet{}, crowded: make(chan struct{}), closing: make(chan struct{}), ended: make(chan struct{}),
	}
	c.crowd = sync.OnceFunc(func() { close(c.crowded) })
	err := c.greet(a, s)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	c.window = make(chan struct{}, min(mostUnconfirmed, c.allowance()))
	c.work.Go(c.readAll)
	c.work.Go(c.ping)
	return c, nil
}

// greet exchanges CONNECT and CONNACK.
func (c *client) greet(a *account, s settings) error {
	if err := c.write(a.hello(s, uint32(c.most)), 0); err != nil {
		return err
	}
	answer, err := c.read()
	if err != nil {
		return err
	}
	if answer.FixedHeader.Type != packets.Connack {
		return fmt.Errorf("the broker answered with a packet of type %d, not CONNACK", answer.FixedHeader.Type)
	}
	if answer.ProtocolVersion < 5 && answer.ReasonCode != 0 {
		answer.ReasonCode = max(0x80, returned[answer.ReasonCode])
	}
	c.greeting = answer
	return refused(answer)
}

// hello is the CONNECT.
func (a *account) hello(s settings, most uint32) packets.Packet {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, Connect: packets.ConnectParams{
		ProtocolName: []byte("MQTT"), ClientIdentifier: s.clientID, Keepalive: uint16(keepAlive / time.Second), Clean: s.expiry == 0,
	}}
	if a.auth.Type == "credentials" {
		pk.Connect.UsernameFlag, pk.Connect.Username = true, []byte(a.auth.Username)
		pk.Connect.PasswordFlag, pk.Connect.Password = true, []byte(a.auth.Password)
	}
	pk.Properties.SessionExpiryInterval, pk.Properties.SessionExpiryIntervalFlag = uint32(s.expiry/time.Second), true
	pk.Properties.ReceiveMaximum = uint16(s.receive)
	pk.Properties.MaximumPacketSize = most
	return pk
}

// allowance is how many publications the broker takes without a confirmation.
func (c *client) allowance() int {
	if n := c.greeting.Properties.ReceiveMaximum; n > 0 {
		return int(n)
	}
	return mostUnconfirmed
}

// end ends the connection, for a reason that all who wait get.
func (c *client) end(err error) {
	c.once.Do(func() {
		c.err = fmt.Errorf("%w: %w", queue.ErrDisconnected, err)
		close(c.ended)
		_ = c.conn.Close()
	})
}

// isEnded reports whether the connection is of no use.
func (c *client) isEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// send writes a packet. What the broker cannot take is no end of the connection.
func (c *client) send(pk packets.Packet) error {
	err := c.write(pk, c.greeting.Properties.MaximumPacketSize)
	var r refusal
	if err == nil || errors.As(err, &r) {
		return err
	}
	c.end(err)
	return c.err
}

// readAll reads until the connection ends.
func (c *client) readAll() {
	for {
		pk, err := c.read()
		if err == nil {
			err = c.handle(pk)
		}
		if err != nil {
			c.end(err)
			return
		}
	}
}

func (c *client) handle(pk packets.Packet) error {
	switch pk.FixedHeader.Type {
	case packets.Publish:
		c.admit(pk)
	case packets.Pubrel:
		if c.released != nil {
			c.released(pk.PacketID)
		}
		return c.send(answer(packets.Pubcomp, pk.PacketID))
	case packets.Pubrec:
		if pk.ReasonCode < 0x80 {
			return c.send(answer(packets.Pubrel, pk.PacketID))
		}
		c.answered(pk)
	case packets.Puback, packets.Pubcomp, packets.Suback:
		c.answered(pk)
	case packets.Disconnect:
		return refusal{pk.ReasonCode, pk.Properties.ReasonString}
	}
	return nil
}

// admit hands a message to the consumer, once there is room.
func (c *client) admit(pk packets.Packet) {
	select {
	case c.incoming <- pk:
		return
	default:
		c.crowd()
	}
	select {
	case c.incoming <- pk:
	case <-c.closing: // the broker delivers it again
	case <-c.ended:
	}
}

// answer is an acknowledgement.
func answer(kind byte, id uint16) packets.Packet {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: id}
	if kind == packets.Pubrel {
		pk.FixedHeader.Qos = 1 // bits that the protocol reserves [MQTT-3.6.1-1]
	}
	return pk
}

// ping keeps the connection alive, and has a dead one found: reading waits for
// the answers.
func (c *client) ping() {
	every := keepAlive / 3
	if own := c.greeting.Properties.ServerKeepAlive; own > 0 {
		every = min(every, time.Duration(own)*time.Second/2)
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingreq}}) != nil {
				return
			}
		case <-c.ended:
			return
		}
	}
}

// ask sends a packet with an id of its own and waits for its last answer.
func (c *client) ask(ctx context.Context, pk packets.Packet) (packets.Packet, error) {
	select {
	case c.window <- struct{}{}:
	case <-c.ended:
		return pk, c.err
	case <-ctx.Done():
		return pk, ctx.Err()
	}
	answers := make(chan packets.Packet, 1)
	pk.PacketID = c.reserve(answers)
	if err := c.send(pk); err != nil {
		c.free(pk.PacketID)
		return pk, err
	}
	select {
	case got := <-answers:
		return got, nil
	case <-c.ended:
		return pk, c.err
	case <-ctx.Done(): // the id stays taken until the answer comes
		return pk, ctx.Err()
	}
}

// reserve finds an id that is not in use. The window is smaller than the number of
// ids, so there is one.
func (c *client) reserve(answers chan packets.Packet) uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		c.last++
		if _, taken := c.waiting[c.last]; c.last != 0 && !taken {
			c.waiting[c.last] = answers
			return c.last
		}
	}
}

// free gives an id back, and its place in the window.
func (c *client) free(id uint16) chan packets.Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	answers, taken := c.waiting[id]
	if taken {
		delete(c.waiting, id)
		<-c.window
	}
	return answers
}

// answered hands an answer to whoever asked.
func (c *client) answered(pk packets.Packet) {
	if answers := c.free(pk.PacketID); answers != nil {
		answers <- pk
	}
}

// closeTime bounds the wait for a broker's last answers.
const closeTime = 2 * time.Second

// close says goodbye, which keeps the session, and waits until nothing runs. The
// broker has read all that was sent when it closes the connection from its side.
func (c *client) close() {
	c.leave.Do(func() {
		close(c.closing)
		if c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}}) == nil {
			await(c.ended, nil)
		}
		c.end(errors.New("closed"))
	})
	c.work.Wait()
}

// await waits for either, for closeTime at most.
func await(one, other <-chan struct{}) {
	timer := time.NewTimer(closeTime)
	defer timer.Stop()
	select {
	case <-one:
	case <-other:
	case <-timer.C:
	}
}
