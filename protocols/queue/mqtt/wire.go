package mqtt

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// mostPacket bounds what is read of a packet beyond the payload: a topic, and
// properties.
const mostPacket = 1 << 20

// wire reads and writes packets.
type wire struct {
	conn    net.Conn
	version byte
	// silent is how long nothing may come or be taken before the connection
	// counts as dead; set before reading begins.
	silent time.Duration
	most   int // bytes of a packet
	in     *bufio.Reader

	writing sync.Mutex
	out     bytes.Buffer // guarded by writing
}

func newWire(conn net.Conn, version byte, most int64) *wire {
	w := &wire{conn: conn, version: version, silent: keepAlive, most: int(most) + mostPacket}
	w.in = bufio.NewReader(w)
	return w
}

// Read implements io.Reader for the packets' reader: it waits as long as a broker
// that is there can be silent.
func (w *wire) Read(p []byte) (int, error) {
	if err := w.conn.SetReadDeadline(time.Now().Add(w.silent)); err != nil {
		return 0, err
	}
	return w.conn.Read(p)
}

// decoders read what follows the fixed header of the packets that brokers send.
var decoders = map[byte]func(*packets.Packet, []byte) error{
	packets.Connack:    decodeConnack,
	packets.Publish:    decodePublish,
	packets.Puback:     (*packets.Packet).PubackDecode,
	packets.Pubrec:     (*packets.Packet).PubrecDecode,
	packets.Pubrel:     (*packets.Packet).PubrelDecode,
	packets.Pubcomp:    (*packets.Packet).PubcompDecode,
	packets.Suback:     (*packets.Packet).SubackDecode,
	packets.Pingresp:   (*packets.Packet).PingrespDecode,
	packets.Disconnect: decodeDisconnect,
}

// decodeConnack reads a refusal of a broker that knows 3.1.1 alone, too.
func decodeConnack(pk *packets.Packet, content []byte) error {
	if len(content) == 2 {
		pk.ProtocolVersion = 4
	}
	return pk.ConnackDecode(content)
}

func decodePublish(pk *packets.Packet, content []byte) error {
	if err := pk.PublishDecode(content); err != nil {
		return err
	}
	if pk.FixedHeader.Qos > 0 && pk.PacketID == 0 || pk.TopicName == "" {
		return packets.ErrProtocolViolation
	}
	return nil
}

// decodeDisconnect reads a reason, which may be left out.
func decodeDisconnect(pk *packets.Packet, content []byte) error {
	if len(content) == 0 {
		return nil
	}
	if len(content) == 1 {
		pk.ReasonCode = content[0]
		return nil
	}
	return pk.DisconnectDecode(content)
}

// read waits for the next packet.
func (w *wire) read() (pk packets.Packet, err error) {
	first, err := w.in.ReadByte()
	if err != nil {
		return pk, err
	}
	if err := pk.FixedHeader.Decode(first); err != nil {
		return pk, err
	}
	if pk.FixedHeader.Remaining, _, err = packets.DecodeLength(w.in); err != nil {
		return pk, err
	}
	if pk.FixedHeader.Remaining > w.most {
		return pk, fmt.Errorf("the broker sent a packet of %d bytes, more than the limit of %d", pk.FixedHeader.Remaining, w.most)
	}
	content := make([]byte, pk.FixedHeader.Remaining)
	if _, err := io.ReadFull(w.in, content); err != nil {
		return pk, err
	}
	decode := decoders[pk.FixedHeader.Type]
	if decode == nil {
		return pk, fmt.Errorf("the broker sent a packet of type %d, which is not for clients", pk.FixedHeader.Type)
	}
	pk.ProtocolVersion = w.version
	return pk, decode(&pk, content)
}

// encoders write the packets that clients send.
var encoders = map[byte]func(*packets.Packet, *bytes.Buffer) error{
	packets.Connect:    (*packets.Packet).ConnectEncode,
	packets.Publish:    (*packets.Packet).PublishEncode,
	packets.Puback:     (*packets.Packet).PubackEncode,
	packets.Pubrec:     (*packets.Packet).PubrecEncode,
	packets.Pubrel:     (*packets.Packet).PubrelEncode,
	packets.Pubcomp:    (*packets.Packet).PubcompEncode,
	packets.Subscribe:  (*packets.Packet).SubscribeEncode,
	packets.Pingreq:    (*packets.Packet).PingreqEncode,
	packets.Disconnect: (*packets.Packet).DisconnectEncode,
}

// write sends a packet; most, if not 0, is the largest that the broker takes.
func (w *wire) write(pk packets.Packet, most uint32) error {
	pk.ProtocolVersion = w.version
	pk.Mods.AllowResponseInfo = true // to encode response topics at all
	w.writing.Lock()
	defer w.writing.Unlock()
	w.out.Reset()
	if err := encoders[pk.FixedHeader.Type](&pk, &w.out); err != nil {
		return err
	}
	if most > 0 && w.out.Len() > int(most) {
		return refusal{code: 0x95, detail: fmt.Sprintf("%d bytes, the broker's limit is %d", w.out.Len(), most)}
	}
	if err := w.conn.SetWriteDeadline(time.Now().Add(w.silent)); err != nil {
		return err
	}
	_, err := w.conn.Write(w.out.Bytes())
	if w.out.Cap() > mostPacket {
		w.out = bytes.Buffer{}
	}
	return err
}
