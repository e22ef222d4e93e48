package server

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"patchbay/engine/inbound"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/proxy"
	"patchbay/protocols/webhook"
)

// inboundParts are what inbound connectors need besides the outbound side.
type inboundParts struct {
	manager  *inbound.Manager
	mux      *webhook.Mux
	proxy    *proxy.Proxy // nil without --proxy-listen
	listener net.Listener
	ended    chan struct{} // closed when the manager has ended; nil before it runs
}

// wait returns when the manager has written the last of its activity, or ctx
// ends.
func (p *inboundParts) wait(ctx context.Context) error {
	if p.ended == nil {
		return nil
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
	}
	return nil
}

// openInbound composes the inbound side. Nothing is activated before Run.
func (s *Server) openInbound(ctx context.Context) error {
	s.inbound.mux = webhook.NewMux(webhook.Options{BaseURL: s.config.WebhookURL, Answered: s.metrics.answered})
	o := inbound.Options{
		Registry: s.connectors.Registry(), Sources: s.sources.list, Gateway: s.client, Host: s.connectors.Host(), Paths: s.inbound.mux,
		Instances: s.sources.instances, Store: s.sources.kept, Secrets: s.config.secrets(), Observer: s.metrics, MessageTTL: s.config.MessageTTL,
		Drain: s.config.Drain, Log: s.log,
	}
	if s.db.Shared() {
		o.Leases = s.sources.kept
	}
	s.inbound.manager = inbound.NewManager(o)
	s.onStop(s.inbound.wait) // before the store closes
	s.health.more = s.inboundReasons
	return s.openProxy(ctx)
}

// openProxy listens for modelers and clients that deploy through patchbay.
func (s *Server) openProxy(context.Context) error {
	if s.config.ProxyListen == "" {
		return nil
	}
	if s.engine != nil {
		return fmt.Errorf("--proxy-listen needs --gateway: the embedded engine sees deployments without a proxy")
	}
	options, err := zeebe.OptionsFromEnv(os.LookupEnv, s.config.Gateway)
	if err != nil {
		return err
	}
	// Callers send credentials of their own: the proxy adds none.
	conn, err := options.Connect()
	if err != nil {
		return err
	}
	s.onStop(closing(conn.Close))
	if s.inbound.listener, err = net.Listen("tcp", s.config.ProxyListen); err != nil {
		return fmt.Errorf("--proxy-listen: %w", err)
	}
	s.onStop(closing(ignoreClosed(s.inbound.listener.Close)))
	s.inbound.proxy = proxy.New(proxy.Options{Gateway: conn, Watcher: s.sources.deployed, Log: s.log})
	return nil
}

// readyInterval is how often the webhooks' router learns whether all listeners
// have started.
const readyInterval = 20 * time.Millisecond

// awaitInbound tells the webhooks' router when everything has started.
func (s *Server) awaitInbound(ctx context.Context) {
	look := time.NewTicker(readyInterval)
	defer look.Stop()
	for !s.inbound.manager.Ready() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
	s.inbound.mux.Ready()
}

// inboundReasons say why the inbound side is not ready.
func (s *Server) inboundReasons() []string {
	if s.inbound.manager.Ready() {
		return nil
	}
	reasons := []string{"inbound connectors have not all started"}
	for _, d := range s.inbound.manager.Sources() {
		if d.Error != "" {
			reasons = append(reasons, d.Name+": "+d.Error)
		}
	}
	return reasons
}
