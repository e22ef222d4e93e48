package source

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// cluster is a stub of the search API, version 2, as Camunda documents it.
type cluster struct {
	mu          sync.Mutex
	definitions []restDefinition
	waiting     map[int64]int // how many subscriptions each definition has
	instances   []map[string]any
	variables   []map[string]any

	pageLimit    int  // the server's own limit of a page
	withoutPages bool // 8.8: no cursors
	release      string
	fail         func(path string) int // a status to answer with, or 0
	authorized   func(r *http.Request) bool
	requests     []string
}

func newCluster(definitions ...restDefinition) *cluster {
	return &cluster{definitions: definitions, waiting: map[int64]int{}, pageLimit: 10_000, release: "8.9"}
}

func def(process string, version int32, k int64) restDefinition {
	return restDefinition{ProcessDefinitionKey: key(k), ProcessDefinitionID: process, Version: version, TenantID: "<default>", ResourceName: process + ".bpmn"}
}

func (c *cluster) serve(t *testing.T) string {
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return server.URL
}

func (c *cluster) count(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, r := range c.requests {
		if r == path {
			n++
		}
	}
	return n
}

func (c *cluster) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v2")
	c.requests = append(c.requests, path)
	if c.authorized != nil && !c.authorized(r) {
		problem(w, http.StatusUnauthorized, "")
		return
	}
	if c.fail != nil {
		if status := c.fail(path); status != 0 {
			problem(w, status, "the index is away")
			return
		}
	}
	switch {
	case path == "/process-definitions/search":
		c.search(w, r, []string{"isLatestVersion", "processDefinitionId"}, c.latest())
	case path == "/process-definitions/statistics/message-subscriptions" && c.release != "8.8":
		c.search(w, r, []string{"messageSubscriptionState"}, c.subscriptions(true))
	case path == "/message-subscriptions/search":
		c.search(w, r, []string{"messageSubscriptionState"}, c.subscriptions(false))
	case path == "/element-instances/search":
		c.search(w, r, []string{"processDefinitionKey", "processDefinitionId", "elementId", "state"}, c.instances)
	case path == "/variables/search":
		c.search(w, r, []string{"processInstanceKey"}, c.variables)
	case path == "/variables/77":
		writeJSON(w, map[string]any{"variableKey": "77", "name": "long", "value": `"whole"`, "scopeKey": "9"})
	case strings.HasSuffix(path, "/xml"):
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, "<%s/>", strings.Split(path, "/")[2])
	case strings.HasPrefix(path, "/process-definitions/"):
		c.one(w, path)
	default:
		problem(w, http.StatusNotFound, "no such path")
	}
}

func (c *cluster) latest() []map[string]any {
	newest := map[string]restDefinition{}
	for _, d := range c.definitions {
		if d.Version > newest[d.TenantID+d.ProcessDefinitionID].Version {
			newest[d.TenantID+d.ProcessDefinitionID] = d
		}
	}
	var list []map[string]any
	for _, d := range newest {
		list = append(list, asJSON(d))
	}
	slices.SortFunc(list, func(a, b map[string]any) int {
		return strings.Compare(a["processDefinitionKey"].(string), b["processDefinitionKey"].(string))
	})
	return list
}

func asJSON(d restDefinition) map[string]any {
	return map[string]any{"processDefinitionKey": strconv.FormatInt(int64(d.ProcessDefinitionKey), 10), "processDefinitionId": d.ProcessDefinitionID,
		"version": d.Version, "tenantId": d.TenantID, "resourceName": d.ResourceName, "name": nil, "versionTag": nil, "hasStartForm": false}
}

func (c *cluster) subscriptions(statistics bool) []map[string]any {
	var list []map[string]any
	for k, n := range c.waiting {
		item := map[string]any{"processDefinitionKey": strconv.FormatInt(k, 10), "tenantId": "<default>"}
		if statistics {
			n = 1
		}
		for range n {
			list = append(list, item)
		}
	}
	return list
}

func (c *cluster) one(w http.ResponseWriter, path string) {
	for _, d := range c.definitions {
		if path == fmt.Sprintf("/process-definitions/%d", d.ProcessDefinitionKey) {
			writeJSON(w, asJSON(d))
			return
		}
	}
	problem(w, http.StatusNotFound, "no such definition")
}

// search pages through a list; a request with unknown fields is refused.
func (c *cluster) search(w http.ResponseWriter, r *http.Request, filters []string, list []map[string]any) {
	var q struct {
		Filter map[string]any
		Sort   []any
		Page   struct {
			Limit *int
			From  int
			After string
		}
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	for name := range q.Filter {
		if !slices.Contains(filters, name) {
			problem(w, http.StatusBadRequest, "Request property [filter."+name+"] cannot be parsed")
			return
		}
	}
	from, limit := q.Page.From, 100
	if q.Page.Limit != nil {
		limit = *q.Page.Limit
	}
	if q.Page.After != "" {
		from, _ = strconv.Atoi(strings.TrimPrefix(q.Page.After, "c"))
	}
	limit = min(limit, c.pageLimit)
	from = min(from, len(list))
	to := min(from+limit, len(list))
	page := map[string]any{"totalItems": len(list), "hasMoreTotalItems": false}
	if !c.withoutPages {
		page["startCursor"], page["endCursor"] = nil, nil
		if to > from {
			page["endCursor"] = "c" + strconv.Itoa(to)
		}
	}
	items := list[from:to]
	if items == nil {
		items = []map[string]any{}
	}
	writeJSON(w, map[string]any{"items": items, "page": page})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail})
}
