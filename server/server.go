package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"patchbay/engine"
	"patchbay/engine/secret"
	"patchbay/engine/store"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/embedded"
	"patchbay/protocols/documents"
	"patchbay/server/audit"
	"patchbay/server/tracing"
	"patchbay/templates"
)

// Server is a running patchbay: everything that `patchbay serve` starts.
type Server struct {
	config Config
	log    *slog.Logger

	locked     *store.Lock // nil with PostgreSQL
	db         *store.DB
	audit      *audit.Log
	mirrors    *mirrors
	catalog    *templates.Catalog
	types      *JobTypes
	engine     *embedded.Engine // nil with a remote gateway
	client     *zeebe.Client
	sources    sourceParts
	elements   *elements
	tracing    *tracing.Tracing // nil where no traces are sent
	connectors *Connectors
	inbound    inboundParts
	metrics    *metrics
	calls      *calls
	health     *health
	http       *http.Server

	listener, engineListener net.Listener
	// gatewayAddress is empty with the embedded engine.
	gatewayAddress string
	// stops end the parts, in the order of their start.
	stops []func(context.Context) error
}

// New starts all parts in order and returns when the server listens. When it
// fails, what had been started is stopped again. Run waits and ends it.
func New(ctx context.Context, config Config, log *slog.Logger) (_ *Server, err error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Server{config: config, log: log, metrics: newMetrics(), calls: newCalls()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	for _, start := range []func(context.Context) error{
		s.openCatalog, s.openMirrors, s.openGateway, s.openSources, s.openTracing, s.openConnectors, s.openInbound, s.listen, s.noteAddresses} {
		if err := start(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// onStop adds what ends a part that has started.
func (s *Server) onStop(stop func(context.Context) error) { s.stops = append(s.stops, stop) }

// stop ends all parts in reverse order, within the time that the
// configuration gives to running jobs.
func (s *Server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.Drain)
	defer cancel()
	var problems []error
	for _, stop := range slices.Backward(s.stops) {
		problems = append(problems, stop(ctx))
	}
	s.stops = nil
	return errors.Join(problems...)
}

// closing makes a function that can fail but not wait into a stop.
func closing(closer func() error) func(context.Context) error {
	return func(context.Context) error { return closer() }
}

func (s *Server) openCatalog(ctx context.Context) (err error) {
	dsn := s.config.Database
	if dsn == "" {
		if err := os.MkdirAll(s.config.Data, 0o700); err != nil {
			return fmt.Errorf("--data: %w", err)
		}
		dsn = filepath.Join(s.config.Data, "patchbay.db")
	}
	if err := s.lock(dsn); err != nil {
		return err
	}
	if s.db, err = store.Open(ctx, dsn); err != nil {
		return err
	}
	s.onStop(closing(s.db.Close))
	if s.audit, err = audit.Open(ctx, s.db, audit.Options{Log: s.log}); err != nil {
		return err
	}
	if s.catalog, err = templates.NewCatalog(ctx, s.db, templates.CatalogOptions{Protocol: builtInProtocol}); err != nil {
		return err
	}
	list, err := s.catalog.JobTypes(ctx)
	s.types = NewJobTypes(list)
	return err
}

func (s *Server) openGateway(ctx context.Context) (err error) {
	options, err := zeebe.OptionsFromEnv(os.LookupEnv, s.config.Gateway)
	if err != nil {
		return err
	}
	options.Log = s.log
	if s.embedded() {
		s.engine = embedded.New(embedded.Options{Logger: s.log})
		s.onStop(func(context.Context) error { s.engine.Close(); return nil })
		if s.engineListener, err = net.Listen("tcp", s.config.EngineListen); err != nil {
			return fmt.Errorf("--engine-listen: %w", err)
		}
		s.onStop(closing(ignoreClosed(s.engineListener.Close)))
		options = zeebe.Options{Plaintext: true, Dialer: s.engine.DialContext, Log: s.log}
	}
	s.gatewayAddress = options.Address
	if s.client, err = zeebe.Dial(ctx, options); err != nil {
		return err
	}
	s.onStop(closing(s.client.Close))
	return nil
}

// gatewayVariables name a gateway in the environment, as Camunda's clients do.
var gatewayVariables = []string{"ZEEBE_ADDRESS", "ZEEBE_HOST", "ZEEBE_GRPC_ADDRESS", "CAMUNDA_CLIENT_GRPCADDRESS"}

// embedded reports whether nothing names a gateway.
func (s *Server) embedded() bool {
	return s.config.Gateway == "" && !slices.ContainsFunc(gatewayVariables, func(name string) bool { return os.Getenv(name) != "" })
}

func (s *Server) openConnectors(context.Context) (err error) {
	c := s.config
	c.warnOfSecrets(s.log)
	limits := documents.Limits{Total: int64(c.DocumentSpace) << 20, TTL: c.DocumentTTL}
	store, err := documents.OpenDirectory(filepath.Join(c.Data, "documents"), limits, time.Now)
	if err != nil {
		return err
	}
	s.onStop(closing(store.Close))
	models := newModels(s.sources.definitionXML)
	s.elements = newElements(models, s.catalog.Template, s.log)
	o := ConnectorOptions{
		Client: s.client, JobTypes: s.types, Documents: store, Allow: c.Allow(), Secrets: c.secrets(), Messages: s.messages(),
		SecretNames: models.secretNames, ModelSecretsOnly: c.SecretNames == "model", Constraints: s.elements.check, TypeNames: c.JobType, AnswerMemory: int64(c.AnswerMemory) << 20,
		Workers:  zeebe.WorkerOptions{MaxTotal: c.MaxJobs, MaxActive: max(c.MaxJobs/4, 1), Timeout: c.JobTimeout, TenantIDs: c.Tenant, Observer: s.metrics, Log: s.log},
		Observer: &engine.Observer{Done: s.observe, Detail: c.CallBodies}, Log: s.log,
	}
	if s.tracing != nil {
		o.Wrap, o.Observer.Started = s.tracing.Wrap, s.tracing.Started
	}
	if s.connectors, err = NewConnectors(o); err != nil {
		return err
	}
	s.onStop(s.connectors.Stop)
	s.metrics.watch(s.connectors.Health)
	s.health = &health{workers: s.connectors.Health}
	s.connectors.Serve()
	return nil
}

// openTracing starts traces where the environment asks for them. They end after
// the last job.
func (s *Server) openTracing(ctx context.Context) (err error) {
	if s.tracing, err = tracing.Open(ctx, os.LookupEnv, Version(), s.log); s.tracing != nil {
		s.onStop(s.tracing.Close)
	}
	return err
}

// warnOfSecrets tells of paths that are not there: they may come, but more often
// they are misspelt.
func (c Config) warnOfSecrets(log *slog.Logger) {
	for _, path := range c.SecretFile {
		if _, err := os.Stat(path); err != nil {
			log.Warn("--secret-file: cannot be read now; it is looked at again when a secret is needed", "error", err)
		}
	}
}

// secrets are the providers in the order in which they are asked.
func (c Config) secrets() secret.Provider {
	var chain secret.Chain
	for _, path := range c.SecretFile {
		chain = append(chain, secret.NewPath(path))
	}
	return append(chain, secret.Env{Prefix: c.SecretPrefix})
}

// Time limits of the HTTP server. Bodies of webhooks and templates are small.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 60 * time.Second
	idleTimeout   = 2 * time.Minute
)

func (s *Server) listen(context.Context) (err error) {
	if s.listener, err = net.Listen("tcp", s.config.Listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 1 << 20, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	var unused unused
	s.http.ConnState = unused.track
	s.onStop(func(ctx context.Context) error {
		s.health.stopping.Store(true)
		defer time.AfterFunc(unusedGrace, unused.close).Stop()
		return s.http.Shutdown(ctx)
	})
	return nil
}

// Run serves until ctx ends or a part cannot go on, then ends everything: no
// new requests and jobs, those that run get the drain time.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve HTTP: %w", err)
		}
		return nil
	})
	if s.engine != nil {
		group.Go(func() error {
			// It ends with the engine, after the last job; so not with ctx.
			return ignoreClosed(func() error { return s.engine.Serve(context.WithoutCancel(ctx), s.engineListener) })()
		})
	}
	group.Go(func() error { s.watchCatalog(ctx); return nil })
	mirrored := make(chan struct{})
	group.Go(func() error { defer close(mirrored); s.mirrors.run(ctx); return nil })
	s.onStop(func(context.Context) error { <-mirrored; return nil })
	s.inbound.ended = make(chan struct{})
	group.Go(func() error { defer close(s.inbound.ended); return s.inbound.manager.Run(ctx) })
	group.Go(func() error { s.awaitInbound(ctx); return nil })
	if s.sources.embedded != nil {
		group.Go(func() error { s.sources.embedded.feed(ctx); return nil })
	}
	if s.inbound.proxy != nil {
		group.Go(func() error { return s.inbound.proxy.Serve(ctx, s.inbound.listener) })
	}
	<-ctx.Done()
	s.log.Info("stopping")
	stopped := s.stop()
	return errors.Join(group.Wait(), stopped)
}

// lookInCatalog is how often a shared database is looked at for templates that
// another replica has published.
const lookInCatalog = 2 * time.Second

// watchCatalog takes the jobs of newly published templates at once.
func (s *Server) watchCatalog(ctx context.Context) {
	changes, cancel := s.catalog.Subscribe()
	defer cancel()
	var look <-chan time.Time
	if s.db.Shared() {
		ticker := time.NewTicker(lookInCatalog)
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-changes:
			s.elements.forget()
		case <-look:
			s.elements.forgetMissing()
		}
		list, err := s.catalog.JobTypes(ctx)
		if err != nil {
			s.log.Error("read the catalog's job types", "error", err)
			continue
		}
		s.types.Set(list)
		s.connectors.Serve()
	}
}

// ignoreClosed takes a listener that is closed already for closed.
func ignoreClosed(do func() error) func() error {
	return func() error {
		if err := do(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}
