package server

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"patchbay/engine"
	"patchbay/engine/bpmn"
	"patchbay/engine/secret"
	"patchbay/engine/zeebe/embedded"
)

// models knows what the authors of elements wrote, as far as jobs need it: the
// secrets that they named, and the template that they applied.
type models struct {
	// xml reads a deployed definition by its key; an error means that nobody
	// here knows it.
	xml func(ctx context.Context, definitionKey int64) ([]byte, error)
	now func() time.Time

	reading singleflight.Group
	mu      sync.RWMutex
	known   map[int64]model
	// missing are definitions that nobody knew when they were last asked for.
	missing map[int64]time.Time
}

// model is what is kept of a definition, by element id.
type model map[string]authored

// authored is what the author of an element wrote.
type authored struct {
	secrets  map[string]bool
	template templateRef
}

// templateRef names a version of a template.
type templateRef struct {
	id      string
	version int64
}

const (
	// maxModels bounds the remembered definitions; beyond it all are
	// forgotten, because reading them again is cheap.
	maxModels = 2000
	// missingFor is how long a definition that nobody knew is not asked for
	// again.
	missingFor = 2 * time.Second
	// readModel bounds the wait for those who may know a definition. A job
	// waits as long.
	readModel = 3 * time.Second
)

func newModels(xml func(context.Context, int64) ([]byte, error)) *models {
	return &models{xml: xml, now: time.Now, known: map[int64]model{}, missing: map[int64]time.Time{}}
}

// element returns what is known of a job's element.
func (m *models) element(job *engine.Job) (authored, bool) {
	key := job.ProcessDefinitionKey
	m.mu.RLock()
	known, ok := m.known[key]
	asked, missing := m.missing[key]
	m.mu.RUnlock()
	if !ok {
		if missing && m.now().Sub(asked) < missingFor {
			return authored{}, false
		}
		if known, ok = m.read(key); !ok {
			return authored{}, false
		}
	}
	return known[job.ElementID], true
}

// secretNames is engine.Options.SecretNames.
func (m *models) secretNames(job *engine.Job) (map[string]bool, bool) {
	e, ok := m.element(job)
	return e.secrets, ok
}

// read asks for a definition, once for all jobs that wait for it.
func (m *models) read(key int64) (model, bool) {
	found, err, _ := m.reading.Do(strconv.FormatInt(key, 10), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), readModel)
		defer cancel()
		data, err := m.xml(ctx, key)
		if err != nil {
			return nil, err
		}
		return readModelOf(data)
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known)+len(m.missing) >= maxModels {
		clear(m.known)
		clear(m.missing)
	}
	if err != nil {
		m.missing[key] = m.now()
		return nil, false
	}
	delete(m.missing, key)
	m.known[key] = found.(model)
	return m.known[key], true
}

// readModelOf fails for what it cannot read: it was deployed, so another reader
// took it, and it is not known here.
func readModelOf(data []byte) (model, error) {
	definitions, err := bpmn.Read(data)
	if err != nil {
		return nil, err
	}
	all := model{}
	for _, p := range definitions.Processes {
		for _, e := range p.Elements {
			all[e.ID] = authored{secret.Names(authoredTexts(e)...), templateRef{e.Template.ID, versionOf(e.Template.Version)}}
		}
	}
	return all, nil
}

// versionOf reads a template's version; a template without one has version 0,
// and none has -1.
func versionOf(text string) int64 {
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// authoredTexts are the texts of an element in which its author may name a
// secret.
func authoredTexts(e *bpmn.Element) []string {
	var texts []string
	for _, in := range e.Inputs {
		texts = append(texts, in.Source)
	}
	for _, h := range e.Headers {
		texts = append(texts, h.Value)
	}
	return texts
}

var errUnknownDefinition = errors.New("nobody here knows the definition")

// embeddedXML finds the definitions of an embedded engine.
func embeddedXML(e *embedded.Engine) func(context.Context, int64) ([]byte, error) {
	return func(_ context.Context, key int64) ([]byte, error) {
		for _, d := range e.Definitions() {
			if d.Key == key {
				return d.XML, nil
			}
		}
		return nil, errUnknownDefinition
	}
}

// firstXML asks several who may know definitions, one after the other.
func firstXML(list ...func(context.Context, int64) ([]byte, error)) func(context.Context, int64) ([]byte, error) {
	return func(ctx context.Context, key int64) ([]byte, error) {
		for _, xml := range list {
			if data, err := xml(ctx, key); err == nil && len(data) > 0 {
				return data, nil
			}
		}
		return nil, errUnknownDefinition
	}
}
