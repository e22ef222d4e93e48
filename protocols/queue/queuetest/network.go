package queuetest

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Network is the way to a broker, which tests make worse.
type Network struct {
	proxy *toxiproxy.Proxy
	hangs atomic.Bool
}

// NewNetwork returns a network in order, to the broker at an address.
func NewNetwork(t testing.TB, broker string) *Network {
	t.Helper()
	n := &Network{proxy: toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "broker", "127.0.0.1:0", broker)}
	if err := n.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.proxy.Stop)
	return n
}

// Dial is a Host's: it leads to the broker, whatever the address.
func (n *Network) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	if n.hangs.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return (&net.Dialer{}).DialContext(ctx, network, n.proxy.Listen)
}

// Hang lets everything that is sent vanish; no connection ends or comes about.
func (n *Network) Hang(t testing.TB) {
	t.Helper()
	n.hangs.Store(true)
	for _, stream := range []string{"upstream", "downstream"} {
		n.poison(t, `{"type":"timeout","stream":"`+stream+`","attributes":{"timeout":0}}`)
	}
}

// Mend brings the network in order again. Connections that hung end.
func (n *Network) Mend() {
	n.hangs.Store(false)
	n.proxy.Toxics.ResetToxics(context.Background())
}

func (n *Network) poison(t testing.TB, toxic string) {
	t.Helper()
	if _, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		t.Error(err)
	}
}

// troubles make a network slow, or break it off in the middle of a frame.
var troubles = []string{
	`{"type":"latency","attributes":{"latency":100,"jitter":50}}`,
	`{"type":"reset_peer","attributes":{"timeout":50}}`,
	`{"type":"limit_data","attributes":{"bytes":2000}}`,
	`{"type":"limit_data","stream":"upstream","attributes":{"bytes":3000}}`,
	`{"type":"timeout","attributes":{"timeout":300}}`,
	`{"type":"bandwidth","stream":"upstream","attributes":{"rate":20}}`,
	`{"type":"slicer","attributes":{"average_size":20,"size_variation":10,"delay":100}}`,
}

// Over makes an endurance of each trouble in turn, for a second, in place of
// restarts.
func (n *Network) Over(e Endurance) Endurance {
	e.Host.Dial = n.Dial
	e.Messages, e.Restarts = 20_000, len(troubles)
	e.Again = func(t testing.TB, i int) {
		n.poison(t, troubles[i])
		time.Sleep(time.Second)
		n.Mend()
	}
	return e
}
