package source

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Operate watches the API of Operate, version 1 (Camunda 8.7 and before). It
// knows no message subscriptions: an older version keeps its listeners as long
// as something is active in it, which is asked for a few versions at a time.
type Operate struct {
	*poller
	api *operateAPI
}

// NewOperate returns a source that asks Operate at o.URL; "/v1" is added to the
// address where it is missing.
func NewOperate(o HTTP, p Polling) (*Operate, error) {
	c, err := newClient(o, "/v1")
	if err != nil {
		return nil, fmt.Errorf("operate: %w", err)
	}
	api := &operateAPI{client: c, idle: map[int64]bool{}}
	return &Operate{newPoller("operate "+c.base, p, api, true), api}, nil
}

const (
	operatePage = 1000
	// operateOlder is how many versions before the latest are looked at.
	operateOlder = 10
	// operateChecks is how many of them are asked for in one scan.
	operateChecks = 50
)

// operateAPI asks the questions of one Operate source.
type operateAPI struct {
	*client
	// idle holds the older versions in which nothing was active when they
	// were last asked for; queue is the order of asking.
	idle  map[int64]bool
	queue []int64
}

type operateDefinition struct {
	Key           key
	Version       int32
	BpmnProcessID string
	TenantID      string
}

func (d operateDefinition) item() item {
	return item{Process{d.TenantID, d.BpmnProcessID}, int64(d.Key), d.Version, ""}
}

// searchOperate pages through a search by copying the sort values.
func searchOperate[T any](ctx context.Context, c *client, path string, filter any, each func(T)) error {
	query := map[string]any{"filter": filter, "size": operatePage, "sort": []any{map[string]any{"field": "key", "order": "ASC"}}}
	for range maxPages {
		var p struct {
			Items      []T
			SortValues json.RawMessage
		}
		if err := c.post(ctx, path, query, &p); err != nil {
			return err
		}
		for _, i := range p.Items {
			each(i)
		}
		values := string(p.SortValues)
		if len(p.Items) < operatePage || values == "" || values == "null" || values == "[]" {
			return nil
		}
		if before, _ := query["searchAfter"].(json.RawMessage); string(before) == values {
			return fmt.Errorf("POST %s%s: the same page came twice (%s)", c.base, path, values)
		}
		query["searchAfter"] = p.SortValues
	}
	return fmt.Errorf("POST %s%s: more than %d pages", c.base, path, maxPages)
}

// scan implements scanner.
func (a *operateAPI) scan(ctx context.Context) (snapshot, error) {
	byProcess := map[Process][]item{}
	err := searchOperate(ctx, a.client, "/process-definitions/search", map[string]any{}, func(d operateDefinition) {
		byProcess[d.item().Process] = append(byProcess[d.item().Process], d.item())
	})
	if err != nil {
		return snapshot{}, err
	}
	var s snapshot
	older := map[int64]item{}
	for _, list := range byProcess {
		slices.SortFunc(list, func(a, b item) int { return int(b.version) - int(a.version) })
		s.latest = append(s.latest, list[0])
		for _, i := range list[1:min(len(list), operateOlder+1)] {
			older[i.key] = i
		}
	}
	s.waiting, err = a.active(ctx, older)
	return s, err
}

// active returns the older versions that are not known to be idle. An answer
// that does not come leaves everything as it was.
func (a *operateAPI) active(ctx context.Context, older map[int64]item) ([]item, error) {
	a.enqueue(older)
	for range min(operateChecks, len(a.queue)) {
		k := a.queue[0]
		busy, err := a.busy(ctx, k)
		if err != nil {
			return nil, err
		}
		a.queue = append(a.queue[1:], k)
		a.idle[k] = !busy
	}
	var list []item
	for k, i := range older {
		if !a.idle[k] {
			list = append(list, i)
		}
	}
	return list, nil
}

// enqueue puts versions that were never asked for first, and drops those that
// are gone.
func (a *operateAPI) enqueue(older map[int64]item) {
	a.queue = slices.DeleteFunc(a.queue, func(k int64) bool { _, ok := older[k]; return !ok })
	for k := range a.idle {
		if _, ok := older[k]; !ok {
			delete(a.idle, k)
		}
	}
	var fresh []int64
	for k := range older {
		if !slices.Contains(a.queue, k) {
			fresh = append(fresh, k)
		}
	}
	a.queue = append(fresh, a.queue...)
}

func (a *operateAPI) busy(ctx context.Context, definition int64) (bool, error) {
	query := map[string]any{"filter": map[string]any{"processDefinitionKey": definition, "state": "ACTIVE"}, "size": 1}
	var p struct{ Items []json.RawMessage }
	err := a.post(ctx, "/flownode-instances/search", query, &p)
	return len(p.Items) > 0, err
}

// xml implements scanner.
func (a *operateAPI) xml(ctx context.Context, i item) ([]byte, error) {
	return a.definitionXML(ctx, i.key)
}

var (
	_ Source  = (*Operate)(nil)
	_ scanner = (*operateAPI)(nil)
)
