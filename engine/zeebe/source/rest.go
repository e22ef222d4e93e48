package source

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
)

// REST watches the search API of Camunda's Orchestration Cluster, version 2:
// the latest version of every process, and older ones that instances wait in
// for a message. It is eventually consistent, so a deployment shows up with a
// delay. A cluster of 8.8, which has no statistics of message subscriptions, is
// asked for the subscriptions themselves.
type REST struct {
	*poller
	api *restAPI
}

// NewREST returns a source that asks the API at o.URL; "/v2" is added to the
// address where it is missing.
func NewREST(o HTTP, p Polling) (*REST, error) {
	c, err := newClient(o, "/v2")
	if err != nil {
		return nil, fmt.Errorf("orchestration cluster: %w", err)
	}
	p = p.withDefaults()
	api := &restAPI{client: c, log: p.Log, versions: map[int64]item{}}
	return &REST{newPoller("rest "+c.base, p, api, true), api}, nil
}

// restAPI asks the questions of one REST source.
type restAPI struct {
	*client
	log *slog.Logger

	mu       sync.Mutex
	versions map[int64]item // of older definitions, which never change
	// noStatistics is set once the API has answered that it has none.
	noStatistics bool
	lastWaiting  []item
}

const restPage = 200 // as Camunda's runtime

// page is what a search answers.
type page[T any] struct {
	Items []T
	Page  struct {
		TotalItems        int
		HasMoreTotalItems bool
		EndCursor         string
	}
}

// countedTo is where Elasticsearch stops to count.
const countedTo = 10_000

// complete reports whether got items are all for sure. A total of 0 says
// nothing, and neither does one that was not counted to its end.
func (p *page[T]) complete(got int) bool {
	total := p.Page.TotalItems
	return !p.Page.HasMoreTotalItems && 0 < total && total < countedTo && got >= total
}

// searchAll pages through a search. A server that gives no cursors (8.8 may) is
// asked by offset.
func searchAll[T any](ctx context.Context, c *client, path string, filter any, each func(T) error) error {
	where := map[string]any{"limit": restPage}
	got := 0
	for range maxPages {
		var p page[T]
		if err := c.post(ctx, path, map[string]any{"filter": filter, "page": where}, &p); err != nil {
			return err
		}
		for _, i := range p.Items {
			if err := each(i); err != nil {
				return err
			}
		}
		got += len(p.Items)
		cursor := p.Page.EndCursor
		switch {
		case len(p.Items) == 0, p.complete(got):
			return nil
		case cursor == "" && len(p.Items) < restPage:
			return nil
		case cursor == "":
			where = map[string]any{"limit": restPage, "from": got}
		case cursor == where["after"]:
			return fmt.Errorf("POST %s%s: the same page came twice (cursor %q)", c.base, path, cursor)
		default:
			where = map[string]any{"limit": restPage, "after": cursor}
		}
	}
	return fmt.Errorf("POST %s%s: more than %d pages", c.base, path, maxPages)
}

type restDefinition struct {
	ProcessDefinitionKey key
	ProcessDefinitionID  string
	Version              int32
	ResourceName         string
	TenantID             string
	State                string // since 8.10
}

func (d restDefinition) item() item {
	return item{Process{d.TenantID, d.ProcessDefinitionID}, int64(d.ProcessDefinitionKey), d.Version, d.ResourceName}
}

// scan implements scanner.
func (a *restAPI) scan(ctx context.Context) (snapshot, error) {
	var s snapshot
	latest := map[int64]bool{}
	err := searchAll(ctx, a.client, "/process-definitions/search", map[string]any{"isLatestVersion": true}, func(d restDefinition) error {
		if d.State != "DELETED" {
			s.latest = append(s.latest, d.item())
			latest[int64(d.ProcessDefinitionKey)] = true
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	if s.waiting, err = a.waiting(ctx, latest); err != nil {
		if ctx.Err() != nil {
			return s, err
		}
		// A new deployment must not wait for this answer, and an older
		// version must not lose its listener for the lack of it.
		a.log.Warn("it is not known which older versions have waiting instances", "error", err)
		s.waiting = a.lastWaiting
	}
	a.lastWaiting = s.waiting
	return s, nil
}

type restSubscription struct{ ProcessDefinitionKey key }

// waiting returns the older versions that instances wait in.
func (a *restAPI) waiting(ctx context.Context, latest map[int64]bool) ([]item, error) {
	older := map[int64]bool{}
	collect := func(s restSubscription) error {
		if k := int64(s.ProcessDefinitionKey); k != 0 && !latest[k] {
			older[k] = true
		}
		return nil
	}
	filter := map[string]any{"messageSubscriptionState": "CREATED"}
	if !a.noStatistics {
		err := searchAll(ctx, a.client, "/process-definitions/statistics/message-subscriptions", filter, collect)
		a.noStatistics = hasStatus(err, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusBadRequest, http.StatusNotImplemented)
		if err != nil && !a.noStatistics {
			return nil, err
		}
	}
	if a.noStatistics {
		err := searchAll(ctx, a.client, "/message-subscriptions/search", filter, collect)
		if err != nil && !hasStatus(err, http.StatusNotFound, http.StatusMethodNotAllowed) {
			return nil, err
		}
	}
	return a.describe(ctx, older)
}

// describe learns the versions of definitions that only have a key so far.
func (a *restAPI) describe(ctx context.Context, keys map[int64]bool) ([]item, error) {
	list := make([]item, 0, len(keys))
	for k := range keys {
		i, err := a.definition(ctx, k)
		if hasStatus(err, http.StatusNotFound) {
			continue // deleted in between
		}
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	a.forgetBut(keys)
	return list, nil
}

func (a *restAPI) definition(ctx context.Context, k int64) (item, error) {
	a.mu.Lock()
	i, known := a.versions[k]
	a.mu.Unlock()
	if known {
		return i, nil
	}
	var d restDefinition
	if err := a.get(ctx, "/process-definitions/"+strconv.FormatInt(k, 10), &d); err != nil {
		return item{}, err
	}
	i = d.item()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.versions[k] = i
	return i, nil
}

func (a *restAPI) forgetBut(keys map[int64]bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k := range a.versions {
		if !keys[k] {
			delete(a.versions, k)
		}
	}
}

// xml implements scanner.
func (a *restAPI) xml(ctx context.Context, i item) ([]byte, error) {
	return a.definitionXML(ctx, i.key)
}

var (
	_ Source  = (*REST)(nil)
	_ scanner = (*restAPI)(nil)
)
