package server

import (
	"context"
	"fmt"
	"os"

	"patchbay/engine/state"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
)

// sourceParts are where process definitions come from, and who knows which
// instances wait.
type sourceParts struct {
	kept *state.State
	list []source.Source
	// deployed is the source that is told of deployments going by; embedded
	// the one that the embedded engine feeds. One of them is nil.
	deployed *source.Seen
	embedded *embeddedSource
	// rest is nil without --rest-address.
	rest      *source.REST
	instances protocols.Instances
	// asked are the sources in list that have to ask: what they saw last.
	asked []*watched
	// definitionXML reads a definition by its key, from whoever knows it.
	definitionXML func(ctx context.Context, key int64) ([]byte, error)
}

// openSources composes them. Nothing is asked before Run.
func (s *Server) openSources(ctx context.Context) (err error) {
	p := &s.sources
	if p.kept, err = state.Open(ctx, s.db); err != nil {
		return err
	}
	if s.engine != nil {
		p.embedded = newEmbeddedSource(s.engine)
		p.list, p.instances, p.definitionXML = []source.Source{p.embedded}, p.embedded, embeddedXML(s.engine)
		return nil
	}
	p.deployed = source.NewSeen(p.kept, source.SeenOptions{Shared: s.db.Shared(), Log: s.log})
	p.list, p.definitionXML = []source.Source{p.deployed}, p.kept.DefinitionXML
	return p.openAPIs(s)
}

// openAPIs adds the cluster's own APIs and a folder, as far as they are set.
func (p *sourceParts) openAPIs(s *Server) error {
	gateway, err := zeebe.OptionsFromEnv(os.LookupEnv, "")
	if err != nil {
		return err
	}
	polling := source.Polling{Log: s.log}
	if url := s.config.OperateAddress; url != "" {
		operate, err := source.NewOperate(source.HTTP{URL: url, Auth: operateCredentials(gateway, url)}, polling)
		if err != nil {
			return fmt.Errorf("--operate-address: %w", err)
		}
		p.ask(operate)
		p.instances = operate
		p.definitionXML = firstXML(p.definitionXML, operate.DefinitionXML)
	}
	if url := s.config.RESTAddress; url != "" {
		if p.rest, err = source.NewREST(source.HTTP{URL: url, Auth: restCredentials(gateway)}, polling); err != nil {
			return fmt.Errorf("--rest-address: %w", err)
		}
		p.ask(p.rest)
		p.instances = p.rest
		p.definitionXML = firstXML(p.definitionXML, p.rest.DefinitionXML)
	}
	if folder := s.config.Definitions; folder != "" {
		p.ask(source.NewFolder(folder, "", polling))
	}
	return nil
}

// ask adds a source that has to ask what is deployed.
func (p *sourceParts) ask(s source.Source) {
	w := &watched{Source: s, seen: map[source.Process][]source.Definition{}}
	p.list, p.asked = append(p.list, w), append(p.asked, w)
}

// restCredentials are those of the gateway: Camunda's REST API takes the same.
func restCredentials(gateway zeebe.Options) source.Auth {
	switch {
	case gateway.OAuth != nil:
		return source.OIDC(*gateway.OAuth)
	case gateway.Basic != nil:
		return source.Basic(gateway.Basic.Username, gateway.Basic.Password)
	}
	return nil
}

// operateCredentials are the same, but Operate's own API knows no Basic
// authentication: users log in there for a session (Camunda 8.7 and before).
func operateCredentials(gateway zeebe.Options, url string) source.Auth {
	if gateway.OAuth == nil && gateway.Basic != nil {
		return source.Login(url, gateway.Basic.Username, gateway.Basic.Password)
	}
	return restCredentials(gateway)
}

// Deploy deploys to the gateway, and inbound connectors start at once.
func (s *Server) Deploy(ctx context.Context, tenant string, resources ...zeebe.Resource) (zeebe.Deployment, error) {
	d, err := s.client.Deploy(ctx, tenant, resources...)
	if err == nil {
		s.remember(ctx, d, resources)
	}
	return d, err
}

// remember notes a deployment that this process made at a remote gateway. The
// embedded engine tells by itself.
func (s *Server) remember(ctx context.Context, d zeebe.Deployment, resources []zeebe.Resource) {
	if s.sources.deployed == nil {
		return
	}
	if err := s.sources.deployed.Deployed(ctx, source.FromDeployment(resources, d)...); err != nil {
		s.log.Error("remember the deployment", "error", err)
	}
}
