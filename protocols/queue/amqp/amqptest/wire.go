package amqptest

import (
	"encoding/binary"
	"errors"
	"io"
)

// A method is its class and its number (AMQP 0-9-1, 1.8).
type method struct{ class, number uint16 }

var (
	connectionStart   = method{10, 10}
	connectionStartOk = method{10, 11}
	connectionTune    = method{10, 30}
	connectionOpen    = method{10, 40}
	connectionOpenOk  = method{10, 41}
	connectionClose   = method{10, 50}
	connectionCloseOk = method{10, 51}
	channelOpen       = method{20, 10}
	channelOpenOk     = method{20, 11}
	channelClose      = method{20, 40}
	channelCloseOk    = method{20, 41}
	basicQos          = method{60, 10}
	basicQosOk        = method{60, 11}
	basicConsume      = method{60, 20}
	basicConsumeOk    = method{60, 21}
	basicCancel       = method{60, 30}
	basicPublish      = method{60, 40}
	basicReturn       = method{60, 50}
	basicDeliver      = method{60, 60}
	basicAck          = method{60, 80}
	basicReject       = method{60, 90}
	basicNack         = method{60, 120}
	confirmSelect     = method{85, 10}
	confirmSelectOk   = method{85, 11}
)

// The types of frames.
const (
	frameMethod    = 1
	frameHeader    = 2
	frameBody      = 3
	frameHeartbeat = 8
	frameEnd       = 0xCE
)

// largestFrame bounds frames, in bytes with their header and end.
const largestFrame = 128 << 10

type frame struct {
	kind    byte
	channel uint16
	payload []byte
}

func readFrame(from io.Reader) (f frame, err error) {
	var head [7]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return f, err
	}
	size := binary.BigEndian.Uint32(head[3:])
	if size > largestFrame {
		return f, errors.New("a frame is too large")
	}
	content := make([]byte, size+1)
	if _, err := io.ReadFull(from, content); err != nil {
		return f, err
	}
	if content[size] != frameEnd {
		return f, errors.New("a frame has no end")
	}
	return frame{head[0], binary.BigEndian.Uint16(head[1:]), content[:size]}, nil
}

func appendFrame(to []byte, f frame) []byte {
	to = append(to, f.kind)
	to = binary.BigEndian.AppendUint16(to, f.channel)
	to = binary.BigEndian.AppendUint32(to, uint32(len(f.payload)))
	to = append(to, f.payload...)
	return append(to, frameEnd)
}

// short and long are AMQP's strings; long is a table's form too.
type (
	short string
	long  string
)

// encode writes a method with its arguments.
func encode(m method, arguments ...any) []byte {
	out := binary.BigEndian.AppendUint16(nil, m.class)
	out = binary.BigEndian.AppendUint16(out, m.number)
	for _, a := range arguments {
		switch a := a.(type) {
		case byte:
			out = append(out, a)
		case uint16:
			out = binary.BigEndian.AppendUint16(out, a)
		case uint32:
			out = binary.BigEndian.AppendUint32(out, a)
		case uint64:
			out = binary.BigEndian.AppendUint64(out, a)
		case short:
			out = append(append(out, byte(len(a))), a...)
		case long:
			out = append(binary.BigEndian.AppendUint32(out, uint32(len(a))), a...)
		}
	}
	return out
}

// arguments reads a method's. What is not there is zero.
type arguments []byte

func (a *arguments) take(n int) []byte {
	out := make([]byte, n)
	*a = (*a)[copy(out, *a):]
	return out
}

func (a *arguments) octet() byte   { return a.take(1)[0] }
func (a *arguments) word() uint16  { return binary.BigEndian.Uint16(a.take(2)) }
func (a *arguments) tag() uint64   { return binary.BigEndian.Uint64(a.take(8)) }
func (a *arguments) short() string { return string(a.take(int(a.octet()))) }

func (a *arguments) long() string {
	n := int(binary.BigEndian.Uint32(a.take(4)))
	return string(a.take(min(n, len(*a))))
}
