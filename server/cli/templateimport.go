package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"patchbay/server"
	"patchbay/templates"
	"patchbay/templates/mirror"
)

type templateImportCmd struct {
	serverFlags
	Source        string   `arg:"" help:"URL of an index such as Camunda's marketplace has, a folder, or git: and the folder of a checkout, all of whose history counts."`
	Engine        string   `placeholder:"VERSION" help:"Of an index, only templates for this version of Camunda, such as 8.8."`
	AllowNet      []string `placeholder:"NET" help:"Addresses that an index may be at besides public ones: loopback, private or a CIDR."`
	AllowLoopback bool     `help:"Short for --allow-net loopback."`
	JSON          bool     `name:"json" help:"Print a JSON object per template: {\"from\",\"id\",\"version\",\"outcome\",\"why\"}."`
}

func (templateImportCmd) Help() string {
	return `Example: patchbay template import git:../connector-templates

Publishes all versions of templates that others keep, also below the latest, and says of each what became of it:
published, the same as there was, refused because it breaks a rule, or failed because it could not be read. Each goes in
alone; exit 1 when one did not. A server does it by itself, again and again, with --mirror.`
}

func (c *templateImportCmd) Run(ctx context.Context, s Streams) error {
	allow := c.AllowNet
	if c.AllowLoopback {
		allow = append(allow, "loopback")
	}
	source, err := server.MirrorSource(c.Source, allow, c.Engine)
	if err != nil {
		return usage(err)
	}
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	to := &importer{serverFlags: c.serverFlags, versions: map[string]map[int64]string{}, giveUp: giveUp}
	count := map[mirror.Outcome]int{}
	err = mirror.Mirror{Source: source, Publisher: to, Known: to.known,
		Inspect: func(text []byte) ([]*templates.Template, []templates.Finding) { return server.Inspect(text, nil) },
	}.Run(ctx, func(item mirror.Item) {
		count[item.Outcome]++
		switch {
		case ctx.Err() != nil: // the reason is told once
		case c.JSON:
			printJSON(s.Out, item)
		default:
			fmt.Fprintln(s.Out, item)
		}
	})
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("import %s: %w", c.Source, err)
	}
	if len(count) == 0 {
		fmt.Fprintf(s.Err, "there are no templates in %s\n", c.Source)
	} else if !c.JSON {
		fmt.Fprintf(s.Out, "%d published, %d the same, %d refused, %d failed\n", count[mirror.Published], count[mirror.Same], count[mirror.Refused], count[mirror.Failed])
	}
	if count[mirror.Refused]+count[mirror.Failed] > 0 {
		return said()
	}
	return nil
}

// importer publishes to a server.
type importer struct {
	serverFlags
	// versions are those that the server has of templates that were asked for,
	// with the hashes of their texts.
	versions map[string]map[int64]string
	// giveUp ends the import when the server takes nothing.
	giveUp context.CancelCauseFunc
}

// Import implements mirror.Publisher.
func (p *importer) Import(ctx context.Context, t *templates.Template) (bool, error) {
	if p.hash(ctx, t.ID, t.Version) == templates.Hash(t.Raw) { // it need not be sent
		return false, nil
	}
	status, _, err := p.send(ctx, http.MethodPost, "/api/v1/templates?history=true", t.Raw)
	switch status {
	case http.StatusConflict:
		return false, &templates.ConflictError{ID: t.ID, Version: t.Version}
	case 0, http.StatusUnauthorized, http.StatusForbidden:
		p.giveUp(err)
	}
	return status == http.StatusCreated, err
}

// known implements mirror.Known.
func (p *importer) known(ctx context.Context, id string, version int64) bool {
	return p.hash(ctx, id, version) != ""
}

// hash is that of a version's text on the server; empty if it has none.
func (p *importer) hash(ctx context.Context, id string, version int64) string {
	if p.versions[id] == nil {
		versions, err := p.ask(ctx, id)
		if err != nil {
			p.giveUp(err)
		}
		p.versions[id] = versions
	}
	return p.versions[id][version]
}

func (p *importer) ask(ctx context.Context, id string) (map[int64]string, error) {
	versions := map[int64]string{}
	status, answer, err := p.send(ctx, http.MethodGet, "/api/v1/templates/"+url.PathEscape(id), nil)
	if status == http.StatusNotFound {
		return versions, nil
	}
	if err != nil {
		return nil, err
	}
	var list struct{ Items []templates.Info }
	if err := json.Unmarshal(answer, &list); err != nil {
		return nil, fmt.Errorf("read the versions of %s: %w", id, err)
	}
	for _, info := range list.Items {
		versions[info.VersionNumber()] = info.Hash
	}
	return versions, nil
}

var _ mirror.Publisher = (*importer)(nil)
