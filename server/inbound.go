package server

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"patchbay/engine/inbound"
	"patchbay/engine/state"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/proxy"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
	"patchbay/protocols/webhook"
)

// inboundParts are what inbound connectors need besides the outbound side.
type inboundParts struct {
	manager *inbound.Manager
	mux     *webhook.Mux
	// deployed is the source that is told of deployments going by; embedded
	// the one that the embedded engine feeds. One of them is nil.
	deployed *source.Seen
	embedded *embeddedSource
	proxy    *proxy.Proxy // nil without --proxy-listen
	listener net.Listener
}

// openInbound composes the inbound side. Nothing is activated before Run.
func (s *Server) openInbound(ctx context.Context) error {
	kept, err := state.Open(ctx, s.db)
	if err != nil {
		return err
	}
	sources, instances, err := s.sources(kept)
	if err != nil {
		return err
	}
	s.inbound.mux = webhook.NewMux(webhook.Options{BaseURL: s.config.WebhookURL})
	o := inbound.Options{
		Registry: s.connectors.Registry(), Sources: sources, Gateway: s.client, Host: s.connectors.Host(), Paths: s.inbound.mux,
		Instances: instances, Store: kept, Secrets: s.config.secrets(), Observer: s.metrics, MessageTTL: s.config.MessageTTL,
		Drain: s.config.Drain, Log: s.log,
	}
	if s.db.Shared() {
		o.Leases = kept
	}
	s.inbound.manager = inbound.NewManager(o)
	s.health.more = s.inboundReasons
	return s.openProxy(ctx)
}

// sources are where process definitions come from, and who knows which
// instances wait.
func (s *Server) sources(kept *state.State) ([]source.Source, protocols.Instances, error) {
	if s.engine != nil {
		s.inbound.embedded = newEmbeddedSource(s.engine)
		return []source.Source{s.inbound.embedded}, s.inbound.embedded, nil
	}
	s.inbound.deployed = source.NewSeen(kept, source.SeenOptions{Shared: s.db.Shared(), Log: s.log})
	sources := []source.Source{s.inbound.deployed}
	var instances protocols.Instances
	credentials, err := restCredentials()
	if err != nil {
		return nil, nil, err
	}
	polling := source.Polling{Log: s.log}
	if url := s.config.OperateAddress; url != "" {
		operate, err := source.NewOperate(source.HTTP{URL: url, Auth: credentials}, polling)
		if err != nil {
			return nil, nil, fmt.Errorf("--operate-address: %w", err)
		}
		sources, instances = append(sources, operate), operate
	}
	if url := s.config.RESTAddress; url != "" {
		rest, err := source.NewREST(source.HTTP{URL: url, Auth: credentials}, polling)
		if err != nil {
			return nil, nil, fmt.Errorf("--rest-address: %w", err)
		}
		sources, instances = append(sources, rest), rest
	}
	if folder := s.config.Definitions; folder != "" {
		sources = append(sources, source.NewFolder(folder, "", polling))
	}
	return sources, instances, nil
}

// restCredentials are those of the gateway: Camunda's REST APIs take the same.
func restCredentials() (source.Auth, error) {
	o, err := zeebe.OptionsFromEnv(os.LookupEnv, "")
	switch {
	case err != nil:
		return nil, err
	case o.OAuth != nil:
		return source.OIDC(*o.OAuth), nil
	case o.Basic != nil:
		return source.Basic(o.Basic.Username, o.Basic.Password), nil
	}
	return nil, nil
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
	s.inbound.proxy = proxy.New(proxy.Options{Gateway: conn, Watcher: s.inbound.deployed, Log: s.log})
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
	return []string{"inbound connectors have not all started"}
}

// remember tells the inbound side of a deployment that this process made at a
// remote gateway. The embedded engine tells by itself.
func (s *Server) remember(ctx context.Context, d zeebe.Deployment, resources []zeebe.Resource) {
	if s.inbound.deployed == nil {
		return
	}
	content := map[string][]byte{}
	for _, r := range resources {
		content[r.Name] = r.Content
	}
	var list []source.Deployed
	for _, p := range d.Deployed {
		if p.Kind == "process" {
			list = append(list, source.Deployed{Process: source.Process{TenantID: d.TenantID, ID: p.ID}, Key: p.Key, Version: p.Version,
				Resource: p.Resource, XML: content[p.Resource]})
		}
	}
	if err := s.inbound.deployed.Deployed(ctx, list...); err != nil {
		s.log.Error("remember the deployment", "error", err)
	}
}

// Deploy deploys to the gateway, and inbound connectors start at once.
func (s *Server) Deploy(ctx context.Context, tenant string, resources ...zeebe.Resource) (zeebe.Deployment, error) {
	d, err := s.client.Deploy(ctx, tenant, resources...)
	if err == nil {
		s.remember(ctx, d, resources)
	}
	return d, err
}
