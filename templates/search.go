package templates

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
	var list []Info
	if q.Source != SourceBuiltIn {
		where, args := q.where()
		published, err := c.list(ctx, c.db, `SELECT info FROM templates WHERE latest = 1`+where+` ORDER BY sort, id`+q.page(), args...)
		if err != nil {
			return nil, err
		}
		list = published
	}
	if q.Source != SourcePublished {
		list = c.withBuiltIn(ctx, list, q)
	}
	if q.Engine != "" {
		list = slices.DeleteFunc(list, func(i Info) bool { return !Satisfies(q.Engine, i.Engine) })
	}
	return cut(list, q), nil
}

// where returns the conditions of a query in SQL.
func (q Query) where() (string, []any) {
	var where strings.Builder
	var args []any
	add := func(condition, arg string) {
		where.WriteString(" AND " + condition)
		args = append(args, storable(arg))
	}
	for word := range strings.FieldsSeq(strings.ToLower(q.Text)) {
		add(`search LIKE ? ESCAPE '\'`, "%"+likeEscaper.Replace(word)+"%")
	}
	if q.Protocol != "" {
		add("protocol = ?", q.Protocol)
	}
	if q.JobType != "" {
		add("job_type = ?", q.JobType)
	}
	if q.ElementType != "" {
		add(`kinds LIKE ? ESCAPE '\'`, "%|"+likeEscaper.Replace(strings.ToLower(q.ElementType))+"|%")
	}
	if q.Tag != "" {
		add(`tags LIKE ? ESCAPE '\'`, "%|"+likeEscaper.Replace(strings.ToLower(q.Tag))+"|%")
	}
	return where.String(), args
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (q Query) limit() int {
	if q.Limit == 0 {
		return defaultLimit
	}
	return q.Limit
}

// page lets the database cut the list where that is safe: built-in templates
// and engines are looked at afterwards, so what is cut must be enough for them.
func (q Query) page() string {
	if q.limit() < 0 || q.Engine != "" {
		return ""
	}
	return fmt.Sprintf(" LIMIT %d", q.limit()+max(q.Offset, 0))
}

func cut(list []Info, q Query) []Info {
	list = list[min(max(q.Offset, 0), len(list)):]
	if q.limit() >= 0 && len(list) > q.limit() {
		list = list[:q.limit()]
	}
	return list
}

// withBuiltIn adds the built-in templates that a query finds, unless a later
// version of one is published.
func (c *Catalog) withBuiltIn(ctx context.Context, list []Info, q Query) []Info {
	for _, info := range c.infos {
		if !q.finds(info) || !c.isLatest(ctx, info) {
			continue
		}
		list = slices.DeleteFunc(list, func(i Info) bool { return i.ID == info.ID })
		list = append(list, info)
	}
	slices.SortStableFunc(list, func(a, b Info) int {
		return strings.Compare(strings.ToLower(a.Name)+"\x00"+a.ID, strings.ToLower(b.Name)+"\x00"+b.ID)
	})
	return list
}

func (c *Catalog) isLatest(ctx context.Context, info Info) bool {
	highest, err := c.Highest(ctx, info.ID)
	return err == nil && highest <= info.VersionNumber()
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
		fold(append(slices.Clone(i.AppliesTo), i.ElementType), q.ElementType) && fold(i.Keywords, q.Tag)
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
