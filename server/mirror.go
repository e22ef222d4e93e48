package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"patchbay/protocols/httpx"
	"patchbay/server/audit"
	"patchbay/templates"
	"patchbay/templates/mirror"
)

// MirrorSource finds a source by its name: the URL of an index, git: and the
// folder of a checkout, or a folder. allow are the addresses besides public
// ones that an index and what it refers to may be at, engine the version of
// Camunda whose templates are wanted of an index, or empty.
func MirrorSource(name string, allow []string, engine string) (mirror.Source, error) {
	folder, isGit := strings.CutPrefix(name, "git:")
	switch {
	case strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://"):
		client, err := mirrorClient(allow)
		return &mirror.Index{URL: name, Client: client, Engine: engine}, err
	case isGit:
		return mirror.History{Path: folder}, isFolder(folder)
	}
	return mirror.Folder{Path: name}, isFolder(name)
}

func isFolder(path string) error {
	info, err := os.Stat(path)
	var cause *fs.PathError
	switch {
	case errors.As(err, &cause):
		return fmt.Errorf("read %s: %w", path, cause.Err)
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is no folder (patchbay template publish takes files)", path)
	}
	return err
}

// Limits of a request to a mirrored server.
const (
	mirrorConnect = 10 * time.Second
	mirrorRead    = 30 * time.Second
	mirrorAnswer  = 32 << 20
)

// mirrorClient is an HTTP client under the dial guard, as connectors have.
func mirrorClient(allow []string) (*http.Client, error) {
	host, err := newHost(ConnectorOptions{Allow: allow, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	host.Limits.ResponseBody = mirrorAnswer
	client, err := httpx.New(host)
	if err != nil {
		return nil, err
	}
	options := &httpx.Options{Connect: mirrorConnect, Read: mirrorRead, FollowRedirects: true}
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return client.HTTP().Do(r.WithContext(httpx.WithOptions(r.Context(), options)))
	})}, nil
}

// mirrors copies the sources of --mirror into the catalog, again and again.
type mirrors struct {
	names    []string
	sources  []mirror.Source
	interval time.Duration
	catalog  *templates.Catalog
	recorder audit.Recorder
	log      *slog.Logger
}

func (s *Server) openMirrors(context.Context) error {
	if len(s.config.Mirror) > 0 && s.config.MirrorInterval < time.Second {
		return fmt.Errorf("--mirror-interval %s: expected at least 1s", s.config.MirrorInterval)
	}
	m := &mirrors{interval: s.config.MirrorInterval, catalog: s.catalog, recorder: s.audit, log: s.log}
	for _, name := range s.config.Mirror {
		source, err := MirrorSource(name, s.config.Allow(), "")
		if err != nil {
			return fmt.Errorf("--mirror %s: %w", name, err)
		}
		m.names, m.sources = append(m.names, name), append(m.sources, source)
	}
	s.mirrors = m
	return nil
}

// run copies at once, and again after each interval, until ctx ends.
func (m *mirrors) run(ctx context.Context) {
	if len(m.sources) == 0 {
		return
	}
	ctx = audit.WithActor(ctx, audit.Actor{Name: "mirror"})
	tick := time.NewTicker(m.interval)
	defer tick.Stop()
	for {
		for i := range m.sources {
			m.copy(ctx, i)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// maxToldOnce is how many templates that were not copied the log names each time.
const maxToldOnce = 20

// copy copies one source, and tells the log what came of it.
func (m *mirrors) copy(ctx context.Context, i int) {
	count, told := map[mirror.Outcome]int{}, 0
	err := mirror.Mirror{Source: m.sources[i], Publisher: m, Known: m.known,
		Inspect: func(text []byte) ([]*templates.Template, []templates.Finding) { return Inspect(text, nil) },
	}.Run(ctx, func(item mirror.Item) {
		count[item.Outcome]++
		if item.Why == "" || ctx.Err() != nil {
			return
		}
		if told++; told <= maxToldOnce {
			m.log.Warn("a template was not mirrored", "source", m.names[i], "template", item.ID, "from", item.From, "error", item.Why)
		}
	})
	switch {
	case ctx.Err() != nil:
	case err != nil && !errors.Is(err, mirror.ErrUnchanged):
		m.log.Error("mirror templates", "source", m.names[i], "error", err)
	default:
		m.log.Info("templates are mirrored", "source", m.names[i], "published", count[mirror.Published], "same", count[mirror.Same],
			"refused", count[mirror.Refused], "failed", count[mirror.Failed])
	}
}

// Import implements mirror.Publisher.
func (m *mirrors) Import(ctx context.Context, t *templates.Template) (bool, error) {
	results, err := m.catalog.Import(ctx, []*templates.Template{t})
	if err != nil || results[0].New {
		m.recorder.Record(ctx, audit.Import, t.Ref(), err)
	}
	return err == nil && results[0].New, err
}

func (m *mirrors) known(ctx context.Context, id string, version int64) bool {
	_, err := m.catalog.Info(ctx, id, version)
	return err == nil
}

var _ mirror.Publisher = (*mirrors)(nil)
