package zeebe

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"

	"patchbay/engine"
)

// headerCache keeps parsed task headers by their JSON text: they are part of
// the model, so all jobs of an element carry the same. The maps are shared and
// must not be changed.
type headerCache struct {
	mu     sync.RWMutex
	parsed map[string]map[string]string
}

const (
	maxCachedHeaders = 1024
	maxCachedLength  = 16 << 10
)

// parse returns the headers of a JSON object of strings; nil if it is empty.
func (h *headerCache) parse(text string) (map[string]string, error) {
	if text == "" || text == "{}" {
		return nil, nil
	}
	h.mu.RLock()
	headers, ok := h.parsed[text]
	h.mu.RUnlock()
	if ok {
		return headers, nil
	}
	if err := json.Unmarshal([]byte(text), &headers); err != nil {
		return nil, fmt.Errorf("task headers: expected a JSON object of strings: %w", err)
	}
	h.keep(text, headers)
	return headers, nil
}

func (h *headerCache) keep(text string, headers map[string]string) {
	if len(text) > maxCachedLength {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.parsed == nil || len(h.parsed) >= maxCachedHeaders {
		h.parsed = map[string]map[string]string{}
	}
	h.parsed[text] = headers
}

// convert makes the engine's job of the gateway's. Variables stay as they are.
func (h *headerCache) convert(j *pb.ActivatedJob) (engine.Job, error) {
	headers, err := h.parse(j.CustomHeaders)
	return engine.Job{
		Key:                  j.Key,
		Type:                 j.Type,
		ElementID:            j.ElementId,
		ElementInstanceKey:   j.ElementInstanceKey,
		BpmnProcessID:        j.BpmnProcessId,
		ProcessVersion:       j.ProcessDefinitionVersion,
		ProcessDefinitionKey: j.ProcessDefinitionKey,
		ProcessInstanceKey:   j.ProcessInstanceKey,
		TenantID:             j.TenantId,
		Retries:              j.Retries,
		Deadline:             time.UnixMilli(j.Deadline),
		Headers:              headers,
		Variables:            unsafe.Slice(unsafe.StringData(j.Variables), len(j.Variables)), // no copy: nobody changes them
	}, err
}
