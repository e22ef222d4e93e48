package mqtt

import (
	"errors"
	"fmt"

	"github.com/mochi-mqtt/server/v2/packets"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// reasons are what a broker may answer (MQTT 5, 2.4), with the code of a job.
var reasons = map[byte]struct{ text, code string }{
	0x80: {"unspecified error", queue.CodeRefused},
	0x81: {"malformed packet", queue.CodeRefused},
	0x82: {"protocol error", queue.CodeRefused},
	0x83: {"implementation specific error", queue.CodeRefused},
	0x84: {"unsupported protocol version", queue.CodeConnection},
	0x85: {"client identifier not valid", queue.CodeConnection},
	0x86: {"bad user name or password", queue.CodeAuthentication},
	0x87: {"not authorized", queue.CodePermission},
	0x88: {"server unavailable", queue.CodeConnection},
	0x89: {"server busy", queue.CodeConnection},
	0x8A: {"banned", queue.CodeAuthentication},
	0x8B: {"server shutting down", queue.CodeConnection},
	0x8C: {"bad authentication method", queue.CodeAuthentication},
	0x8D: {"keep alive timeout", queue.CodeConnection},
	0x8E: {"session taken over by another client with the same id", queue.CodeConnection},
	0x8F: {"topic filter invalid", queue.CodeRefused},
	0x90: {"topic name invalid", queue.CodeRefused},
	0x91: {"packet identifier in use", queue.CodeRefused},
	0x93: {"receive maximum exceeded", queue.CodeRefused},
	0x95: {"packet too large", queue.CodeTooLarge},
	0x97: {"quota exceeded", queue.CodeRefused},
	0x98: {"administrative action", queue.CodeConnection},
	0x99: {"payload format invalid", queue.CodeRefused},
	0x9A: {"retain not supported", queue.CodeRefused},
	0x9B: {"quality of service not supported", queue.CodeRefused},
	0x9C: {"use another server", queue.CodeConnection},
	0x9D: {"server moved", queue.CodeConnection},
	0x9E: {"shared subscriptions not supported", queue.CodeRefused},
	0x9F: {"connection rate exceeded", queue.CodeConnection},
	0xA2: {"wildcard subscriptions not supported", queue.CodeRefused},
}

// returned are the return codes of CONNACK in MQTT 3.1.1 (3.2.2.3) as reason codes.
var returned = map[byte]byte{1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}

// temporary are the reasons that may pass.
var temporary = map[byte]bool{0x80: true, 0x83: true, 0x88: true, 0x89: true, 0x8B: true, 0x8D: true, 0x8E: true, 0x93: true, 0x97: true, 0x9F: true}

// refusal is what a broker answered instead of a success.
type refusal struct {
	code   byte
	detail string
}

func (r refusal) Error() string {
	text := reasons[r.code].text
	if text == "" {
		text = "refused"
	}
	if r.detail != "" {
		text += ": " + r.detail
	}
	return fmt.Sprintf("%s (reason code %d)", text, r.code)
}

// refused returns the broker's refusal, or nil if the packet has none.
func refused(pk packets.Packet) error {
	if pk.ReasonCode < 0x80 {
		return nil
	}
	return refusal{pk.ReasonCode, pk.Properties.ReasonString}
}

// connectFailure says why a broker that answered does not take the client.
func connectFailure(server string, version byte, err error) error {
	out := &protocols.Error{Code: queue.CodeConnection, Message: fmt.Sprintf("connect to %s: %s", server, err), Temporary: true, Unsent: true, Cause: err}
	var r refusal
	if errors.As(err, &r) {
		out.Temporary = temporary[r.code]
		switch {
		case r.code == 0x84 && version == 5:
			out.Message += "; use version 3.1.1"
		case reasons[r.code].code == queue.CodePermission || reasons[r.code].code == queue.CodeAuthentication:
			out.Code = queue.CodeAuthentication
		}
	}
	return out
}

// publishFailure is the error of a publication. What the protocol's engine names
// itself stays as it is.
func publishFailure(topic string, err error) error {
	var r refusal
	switch {
	case errors.As(err, &r):
		out := &protocols.Error{Code: reasons[r.code].code, Message: fmt.Sprintf("publish to %q: %s", topic, r), Temporary: temporary[r.code], Unsent: true, Cause: err}
		if out.Code == "" {
			out.Code = queue.CodeRefused
		}
		return out
	case errors.Is(err, queue.ErrDisconnected):
		return &protocols.Error{Code: queue.CodeConnection, Message: fmt.Sprintf("publish to %q: %s", topic, err), Temporary: true, Cause: err}
	}
	return err
}
