package mqtt

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// bytesConn is a connection from which these bytes come.
type bytesConn struct {
	net.Conn
	content bytes.Reader
}

func (c *bytesConn) Read(p []byte) (int, error)      { return c.content.Read(p) }
func (c *bytesConn) SetReadDeadline(time.Time) error { return nil }

func readAll(version byte, content []byte) (list []packets.Packet, err error) {
	c := &bytesConn{}
	c.content.Reset(content)
	w := newWire(c, version, 1<<10)
	for {
		pk, err := w.read()
		if err != nil {
			return list, err
		}
		list = append(list, pk)
	}
}

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		content string
		want    string
	}{
		"too large":        {"\x30\xff\xff\xff\x7f", "more than the limit of"},
		"not for clients":  {"\x10\x00", "packet of type 1, which is not for clients"},
		"no packet id":     {"\x32\x06\x00\x01a\x00\x00\x00", "protocol violation"},
		"no topic":         {"\x30\x03\x00\x00\x00", "protocol violation"},
		"cut short":        {"\x30\x09\x00\x01a", "unexpected EOF"},
		"refusal of 3.1.1": {"\x20\x02\x00\x01", "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readAll(5, []byte(test.content)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// Whatever a broker sends, reading ends with an error and not with a panic.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"\x20\x03\x00\x00\x00", "\x30\x05\x00\x01a\x00x", "\x40\x02\x00\x01", "\x90\x04\x00\x01\x00\x01", "\xe0\x01\x8e", "\xe0\x02\x87\x00", "\xd0\x00"} {
		f.Add(byte(5), []byte(seed))
		f.Add(byte(4), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, version byte, content []byte) {
		if _, err := readAll(4+version%2, content); err == nil {
			t.Error("reading does not end")
		}
	})
}
