package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"patchbay/engine"
	"patchbay/protocols"
	"patchbay/templates"
)

// elements knows the templates of jobs' elements: their task headers name one,
// else the model does where it is known.
type elements struct {
	models *models
	// find returns a version of a template; templates.ErrNotFound if the
	// catalog does not have it.
	find func(ctx context.Context, id string, version int64) (*templates.Template, error)
	log  *slog.Logger

	mu    sync.RWMutex
	known map[templateRef]found
	// changes counts what was forgotten, so that nothing older is remembered.
	changes int
	// away is when the catalog could not be read last: jobs do not wait for it
	// one by one.
	away time.Time
}

// found is what the catalog said of a template: whether it has it and, if jobs
// are to be checked by it, how.
type found struct {
	here   bool
	checks *templates.Checks
}

// maxTemplates bounds the remembered templates; beyond it all are forgotten.
const maxTemplates = 1000

func newElements(m *models, find func(context.Context, string, int64) (*templates.Template, error), log *slog.Logger) *elements {
	return &elements{models: m, find: find, log: log, known: map[templateRef]found{}}
}

// The task headers that Camunda's templates bring.
const (
	headerTemplateID      = "elementTemplateId"
	headerTemplateVersion = "elementTemplateVersion"
)

// ref names the template of a job's element; empty if nothing names one.
func (e *elements) ref(job *engine.Job) templateRef {
	if id := strings.TrimSpace(job.Headers[headerTemplateID]); id != "" {
		return templateRef{id, versionOf(strings.TrimSpace(job.Headers[headerTemplateVersion]))}
	}
	a, _ := e.models.element(job)
	return a.template
}

// template returns id and version of a job's template where the catalog knows
// it, else an empty id: nobody else's names come into metrics and traces.
func (e *elements) template(ctx context.Context, job *engine.Job) (id string, version int64) {
	ref := e.ref(job)
	if ref.id == "" || !e.look(ctx, ref).here {
		return "", 0
	}
	return ref.id, ref.version
}

// look asks the catalog, or remembers what it said.
func (e *elements) look(ctx context.Context, ref templateRef) found {
	e.mu.RLock()
	f, ok := e.known[ref]
	changes, away := e.changes, e.models.now().Sub(e.away) < missingFor
	e.mu.RUnlock()
	if ok || away {
		return f
	}
	// That this job has ended tells nothing of the catalog.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readModel)
	defer cancel()
	t, err := e.find(ctx, ref.id, ref.version)
	switch {
	case err == nil:
		f = found{here: true, checks: t.Checks()}
	case !errors.Is(err, templates.ErrNotFound):
		e.log.WarnContext(ctx, "the templates of jobs are not known, since the catalog cannot be read", "template", ref.id, "version", ref.version, "error", err)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.away = e.models.now()
		return found{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.known) >= maxTemplates {
		clear(e.known)
	}
	if e.changes == changes {
		e.known[ref] = f
	}
	return f
}

// forget makes the catalog be asked again: it has changed.
func (e *elements) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.changes++
	clear(e.known)
}

// forgetMissing is forget for templates that the catalog did not have: another
// replica may have published them. What is published does not change.
func (e *elements) forgetMissing() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.changes++
	for ref, f := range e.known {
		if !f.here {
			delete(e.known, ref)
		}
	}
}

// check is engine.Options.Constraints.
func (e *elements) check(ctx context.Context, job *engine.Job, variables func(map[string]bool) (map[string]any, error)) error {
	ref := e.ref(job)
	if ref.id == "" {
		return nil
	}
	checks := e.look(ctx, ref).checks
	if checks == nil {
		return nil
	}
	values, err := variables(checks.Names())
	if err != nil {
		return err
	}
	list := checks.Violations(templates.Running{JobType: job.Type, Headers: job.Headers, Variables: values})
	if len(list) == 0 {
		return nil
	}
	return &protocols.InputError{Message: fmt.Sprintf("template %s@%d: %s", ref.id, ref.version, strings.Join(list, "; "))}
}
