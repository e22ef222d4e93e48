package templates

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"patchbay/engine/store"
)

// Query says which templates a search finds; empty fields do not matter. Of
// each template only the latest version is found.
type Query struct {
	// Text holds words that must all appear in id, name, description, keywords,
	// job type or protocol; case does not matter.
	Text string
	// Protocol is the protocol's name.
	Protocol string
	// ElementType is a type that the template applies to or makes.
	ElementType string
	// Tag is one of the keywords.
	Tag string
	// JobType is the type of job that an element gets.
	JobType string
	// Engine is a version of Camunda that the template must allow, "8.8".
	Engine string
	// Source is SourcePublished or SourceBuiltIn.
	Source string
	// Limit and Offset cut the list; a limit of 0 means 100, -1 all.
	Limit, Offset int
}

const defaultLimit = 100

// Search lists the latest version of each template that a query finds, by name.
func (c *Catalog) Search(ctx context.Context, q Query) ([]Info, error) {
	var found []Info
	var hidden []string // whose latest version is built in
	if q.Source != SourcePublished {
		latest, err := c.latestBuiltIn(ctx)
		if err != nil {
			return nil, err
		}
		for _, info := range latest {
			hidden = append(hidden, info.ID)
			if q.finds(info) {
				found = append(found, info)
			}
		}
	}
	skipped := 0
	if q.Source != SourceBuiltIn {
		// What comes this much before the page cannot be on it, wherever the
		// built-in ones belong.
		skipped = max(0, q.Offset-len(found))
		published, err := c.searchPublished(ctx, q, hidden, skipped, len(found))
		if err != nil {
			return nil, err
		}
		found = append(found, published...)
	}
	slices.SortFunc(found, func(a, b Info) int {
		return cmp.Or(strings.Compare(sortText(a.Name), sortText(b.Name)), strings.Compare(a.ID, b.ID))
	})
	found = found[min(max(q.Offset-skipped, 0), len(found)):]
	if q.limit() >= 0 && len(found) > q.limit() {
		found = found[:q.limit()]
	}
	return found, nil
}

// sortText is what templates are sorted by.
func sortText(name string) string { return storable(strings.ToLower(name)) }

// latestBuiltIn lists the built-in templates of which no later version is
// published.
func (c *Catalog) latestBuiltIn(ctx context.Context) ([]Info, error) {
	ids := make([]string, len(c.infos))
	for i, info := range c.infos {
		ids[i] = info.ID
	}
	published, err := c.list(ctx, c.db, `SELECT info FROM templates WHERE id `+c.db.Among(), store.List(ids))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(c.infos), func(info Info) bool {
		return slices.ContainsFunc(published, func(p Info) bool { return p.ID == info.ID && compareVersions(p, info) > 0 })
	}), nil
}

// searchPublished lists a part of the published templates that a query finds:
// the page, and more rows beside it.
func (c *Catalog) searchPublished(ctx context.Context, q Query, hidden []string, offset, more int) ([]Info, error) {
	w := q.where()
	if len(hidden) > 0 {
		w.add("id NOT "+c.db.Among(), store.List(hidden))
	}
	if q.Engine != "" {
		allowed, err := c.enginesFor(ctx, q.Engine)
		if err != nil {
			return nil, err
		}
		w.add("engine "+c.db.Among(), store.List(allowed))
	}
	page := ""
	if q.limit() >= 0 {
		page = fmt.Sprintf(" LIMIT %d OFFSET %d", q.limit()+more, offset)
	} else if offset > 0 {
		page = fmt.Sprintf(" LIMIT %d OFFSET %d", math.MaxInt32, offset) // SQLite has no offset alone
	}
	return c.list(ctx, c.db, `SELECT info FROM templates WHERE latest = 1`+w.text.String()+` ORDER BY sort, id`+page, w.args...)
}

// enginesFor lists the ranges of engines, of all that the latest versions have,
// which a version of Camunda satisfies.
func (c *Catalog) enginesFor(ctx context.Context, version string) ([]string, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT DISTINCT engine FROM templates WHERE latest = 1`)
	if err != nil {
		return nil, fmt.Errorf("list engines: %w", err)
	}
	defer func() { _ = rows.Close() }()
	allowed := []string{}
	for rows.Next() {
		var within string
		if err := rows.Scan(&within); err != nil {
			return nil, fmt.Errorf("list engines: %w", err)
		}
		if Satisfies(version, within) {
			allowed = append(allowed, within)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list engines: %w", err)
	}
	return allowed, nil
}

// conditions are the conditions of a query in SQL.
type conditions struct {
	text strings.Builder
	args []any
}

func (w *conditions) add(condition, arg string) {
	w.text.WriteString(" AND " + condition)
	w.args = append(w.args, arg)
}

// where returns the conditions that a query states.
func (q Query) where() *conditions {
	w := &conditions{}
	for word := range strings.FieldsSeq(strings.ToLower(q.Text)) {
		w.add(`search LIKE ? ESCAPE '\'`, "%"+likeEscaper.Replace(storable(word))+"%")
	}
	if q.Protocol != "" {
		w.add("protocol = ?", storable(q.Protocol))
	}
	if q.JobType != "" {
		w.add("job_type = ?", storable(q.JobType))
	}
	if q.ElementType != "" {
		w.add(`kinds LIKE ? ESCAPE '\'`, "%|"+likeEscaper.Replace(storable(strings.ToLower(q.ElementType)))+"|%")
	}
	if q.Tag != "" {
		w.add(`tags LIKE ? ESCAPE '\'`, "%|"+likeEscaper.Replace(storable(strings.ToLower(q.Tag)))+"|%")
	}
	return w
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (q Query) limit() int {
	if q.Limit == 0 {
		return defaultLimit
	}
	return q.Limit
}

// finds is where for a template in memory.
func (q Query) finds(i Info) bool {
	text := searchText(i)
	for word := range strings.FieldsSeq(strings.ToLower(q.Text)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	fold := func(list []string, word string) bool {
		return word == "" || slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, word) })
	}
	return (q.Protocol == "" || q.Protocol == i.Protocol) && (q.JobType == "" || q.JobType == i.JobType) &&
		fold(append(slices.Clone(i.AppliesTo), i.ElementType), q.ElementType) && fold(i.Keywords, q.Tag) &&
		(q.Engine == "" || Satisfies(q.Engine, i.Engine))
}

// JobType is a type of job that a template brings along.
type JobType struct {
	// Type is the job type, "patchbay:github-issue:1".
	Type string
	// Protocol is the protocol that serves it, as the template names it.
	Protocol string
	// Template is the template's id.
	Template string
}

// JobTypes returns the job types that templates bring with a protocol, sorted.
// Where templates disagree about a type, the one published last decides.
func (c *Catalog) JobTypes(ctx context.Context) ([]JobType, error) {
	types := map[string]JobType{}
	for _, t := range JobTypesOf(c.builtIn) {
		types[t.Type] = t
	}
	rows, err := c.db.QueryContext(ctx, `SELECT job_type, names, id FROM templates WHERE job_type <> '' AND names <> '' ORDER BY published_at, id, version`)
	if err != nil {
		return nil, fmt.Errorf("list job types: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var t JobType
		if err := rows.Scan(&t.Type, &t.Protocol, &t.Template); err != nil {
			return nil, fmt.Errorf("list job types: %w", err)
		}
		types[t.Type] = t
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list job types: %w", err)
	}
	return sortedTypes(types), nil
}

// JobTypesOf returns the job types that templates bring with a protocol, for
// those who have the templates at hand and no catalog.
func JobTypesOf(list []*Template) []JobType {
	types := map[string]JobType{}
	for _, t := range list {
		if kind, protocol := t.JobType(), t.Protocol(); kind != "" && protocol != "" {
			types[kind] = JobType{kind, protocol, t.ID}
		}
	}
	return sortedTypes(types)
}

func sortedTypes(types map[string]JobType) []JobType {
	list := make([]JobType, 0, len(types))
	for _, t := range types {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b JobType) int { return strings.Compare(a.Type, b.Type) })
	return list
}

// Subscribe returns a channel that gets a value after the catalog has changed;
// changes that come close together may give one. It tells of changes that this
// process makes; with a shared database look at the catalog from time to time
// as well. cancel ends the subscription.
func (c *Catalog) Subscribe() (changes <-chan struct{}, cancel func()) {
	channel := make(chan struct{}, 1)
	c.mu.Lock()
	c.subscribers[channel] = true
	c.mu.Unlock()
	return channel, func() {
		c.mu.Lock()
		delete(c.subscribers, channel)
		c.mu.Unlock()
	}
}

func (c *Catalog) notify() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for channel := range c.subscribers {
		select {
		case channel <- struct{}{}:
		default:
		}
	}
}
