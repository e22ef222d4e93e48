package server

import (
	"sync"

	"patchbay/engine"
	"patchbay/engine/bpmn"
	"patchbay/engine/secret"
	"patchbay/engine/zeebe/embedded"
)

// models knows what the authors of elements wrote, as far as secrets need it:
// the names in an element's input mappings and task headers.
type models struct {
	// xml returns a deployed definition by its key; ok is false when nobody
	// here has seen it.
	xml func(definitionKey int64) (data []byte, ok bool)

	mu    sync.RWMutex
	known map[int64]elementNames
}

// elementNames are secrets' names by element id.
type elementNames map[string]map[string]bool

// maxModels bounds the remembered definitions; beyond it all are forgotten,
// because reading them again is cheap.
const maxModels = 2000

func newModels(xml func(int64) ([]byte, bool)) *models {
	return &models{xml: xml, known: map[int64]elementNames{}}
}

// secretNames is engine.Options.SecretNames.
func (m *models) secretNames(job *engine.Job) (map[string]bool, bool) {
	m.mu.RLock()
	names, ok := m.known[job.ProcessDefinitionKey]
	m.mu.RUnlock()
	if !ok {
		if names, ok = m.read(job.ProcessDefinitionKey); !ok {
			return nil, false
		}
	}
	return names[job.ElementID], true
}

func (m *models) read(key int64) (elementNames, bool) {
	data, ok := m.xml(key)
	if !ok {
		return nil, false
	}
	definitions, err := bpmn.Read(data)
	if err != nil { // it was deployed, so another reader took it: not known here
		return nil, false
	}
	names := elementNames{}
	for _, p := range definitions.Processes {
		for _, e := range p.Elements {
			names[e.ID] = secret.Names(authored(e)...)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) >= maxModels {
		clear(m.known)
	}
	m.known[key] = names
	return names, true
}

// authored are the texts of an element in which its author may name a secret.
func authored(e *bpmn.Element) []string {
	var texts []string
	for _, in := range e.Inputs {
		texts = append(texts, in.Source)
	}
	for _, h := range e.Headers {
		texts = append(texts, h.Value)
	}
	return texts
}

// embeddedXML finds the definitions of an embedded engine.
func embeddedXML(e *embedded.Engine) func(int64) ([]byte, bool) {
	return func(key int64) ([]byte, bool) {
		for _, d := range e.Definitions() {
			if d.Key == key {
				return d.XML, true
			}
		}
		return nil, false
	}
}
