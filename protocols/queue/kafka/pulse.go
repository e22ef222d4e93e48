package kafka

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// silent is how long no broker may answer until a consumer counts as
// disconnected. Heartbeats go out every three seconds.
const silent = 10 * time.Second

// pulse knows when a broker last answered: the client itself never gives up.
type pulse struct {
	now func() time.Time

	mu      sync.Mutex
	heard   time.Time
	failure error // of the last attempt to connect since then
}

func (p *pulse) beat() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard, p.failure = p.now(), nil
}

// OnBrokerRead implements kgo.HookBrokerRead.
func (p *pulse) OnBrokerRead(_ kgo.BrokerMetadata, _ int16, _ int, _, _ time.Duration, err error) {
	if err == nil {
		p.beat()
	}
}

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (p *pulse) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = err
}

// silence is the error of brokers that do not answer.
func (p *pulse) silence() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if away := p.now().Sub(p.heard); away > silent {
		return fmt.Errorf("no broker has answered for %s", away.Round(time.Second))
	}
	return nil
}

// last is the text of the last failure to connect; empty if there was none.
func (p *pulse) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure == nil {
		return ""
	}
	return ": " + explain(p.failure)
}

var (
	_ kgo.HookBrokerRead    = (*pulse)(nil)
	_ kgo.HookBrokerConnect = (*pulse)(nil)
)
