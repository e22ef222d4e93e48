package templates

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"patchbay/engine/store"
)

// Result is what became of one published template.
type Result struct {
	Info
	// New is false when the same text was there before.
	New bool `json:"new"`
}

// Publish stores one template or an array of them, all or none. It fails with
// a *schema.SyntaxError, an *InvalidError, a *ConflictError or an *OrderError;
// any other error is the database's. Publishing the same text again is no
// error, also after its version was deleted; white space around it does not
// count.
func (c *Catalog) Publish(ctx context.Context, text []byte) ([]Result, error) {
	list, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return c.PublishTemplates(ctx, list)
}

// PublishTemplates is Publish for templates that are parsed already. The
// versions of one template may come in any order.
func (c *Catalog) PublishTemplates(ctx context.Context, list []*Template) ([]Result, error) {
	return c.store(ctx, list, c.inOrder)
}

// Import is PublishTemplates for what another catalog has published: versions
// below the latest are taken as well, so no *OrderError comes back.
func (c *Catalog) Import(ctx context.Context, list []*Template) ([]Result, error) {
	return c.store(ctx, list, func(context.Context, querier, *Template) error { return nil })
}

// store publishes what is new, each version if allowed lets it.
func (c *Catalog) store(ctx context.Context, list []*Template, allowed func(context.Context, querier, *Template) error) ([]Result, error) {
	var results []Result
	err := c.transact(ctx, func(tx *sql.Tx) error {
		results = make([]Result, len(list))
		for _, i := range rising(list) {
			var err error
			if results[i], err = c.publish(ctx, tx, list[i], allowed); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(results, func(r Result) bool { return r.New }) {
		c.notify()
	}
	return results, nil
}

// rising returns where templates stand in a list, those with a lower version
// first.
func rising(list []*Template) []int {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(list[a].Version, list[b].Version) })
	return order
}

// inOrder refuses a version that is lower than the latest one.
func (c *Catalog) inOrder(ctx context.Context, q querier, t *Template) error {
	latest, known, err := c.highest(ctx, q, t.ID)
	if err == nil && known && t.Version < latest {
		err = &OrderError{ID: t.ID, Version: t.Version, Latest: latest}
	}
	return err
}

// maxAttempts bounds how often a change is tried that others get in the way of.
const maxAttempts = 20

// transact runs a change as if it were alone. A database that several
// replicas share may refuse that because of another one's change; then it is
// tried again, and sees that change.
func (c *Catalog) transact(ctx context.Context, change func(*sql.Tx) error) error {
	options := &sql.TxOptions{}
	if c.db.Shared() {
		options.Isolation = sql.LevelSerializable
	}
	for attempt := 1; ; attempt++ {
		err := c.try(ctx, options, change)
		if err == nil || !store.Lost(err) || attempt == maxAttempts {
			return err
		}
		pause := time.NewTimer(rand.N(time.Duration(attempt) * 5 * time.Millisecond)) // so that rivals do not meet again
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
	}
}

func (c *Catalog) try(ctx context.Context, options *sql.TxOptions, change func(*sql.Tx) error) error {
	tx, err := c.db.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("change the catalog: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := change(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("change the catalog: %w", err)
	}
	return nil
}

func (c *Catalog) publish(ctx context.Context, tx *sql.Tx, t *Template, allowed func(context.Context, querier, *Template) error) (Result, error) {
	existing, builtIn, err := c.text(ctx, tx, t.ID, t.Version)
	switch {
	case err == nil && bytes.Equal(bytes.TrimSpace(existing), bytes.TrimSpace(t.Raw)):
		found, err := c.find(ctx, tx, t.ID, t.Version)
		return Result{Info: found}, err
	case err == nil:
		return Result{}, &ConflictError{ID: t.ID, Version: t.Version, Existing: existing, New: t.Raw, BuiltIn: builtIn}
	case !errors.Is(err, ErrNotFound):
		return Result{}, err
	}
	switch hash, err := c.deleted(ctx, tx, t); {
	case err != nil:
		return Result{}, err
	case hash == "":
		if err := allowed(ctx, tx, t); err != nil {
			return Result{}, err
		}
	case hash != Hash(bytes.TrimSpace(t.Raw)):
		return Result{}, &ConflictError{ID: t.ID, Version: t.Version, New: t.Raw, Deleted: true}
	}
	now := c.options.Now().UTC().Truncate(time.Millisecond)
	info := c.info(t, SourcePublished, &now)
	if err := c.insert(ctx, tx, t, info); err != nil {
		return Result{}, fmt.Errorf("publish template %s: %w", t.Ref(), err)
	}
	return Result{Info: info, New: true}, nil
}

func (c *Catalog) insert(ctx context.Context, tx *sql.Tx, t *Template, info Info) error {
	details, err := json.Marshal(info)
	if err != nil {
		return err
	}
	return c.execAll(ctx, tx,
		statement{`INSERT INTO template_texts (id, version, text) VALUES (?, ?, ?)`, []any{t.ID, t.Version, t.Raw}},
		statement{`INSERT INTO templates (id, version, latest, job_type, names, protocol, kinds, tags, search, sort, hash, deprecated, published_at, info, engine)
			VALUES (?, ?, CASE WHEN EXISTS (SELECT 1 FROM templates WHERE id = ? AND version > ?) THEN 0 ELSE 1 END, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, []any{
			t.ID, t.Version, t.ID, t.Version, storable(info.JobType), storable(t.Protocol()), storable(info.Protocol), fence(append([]string{t.ElementType}, t.AppliesTo...)), fence(t.Keywords),
			searchText(info), sortText(t.Name), info.Hash, bit(t.Deprecated), info.PublishedAt.UnixMilli(), string(details), storable(info.Engine)}},
		statement{`UPDATE templates SET latest = 0 WHERE id = ? AND version = (SELECT MAX(version) FROM templates WHERE id = ? AND version < ?)`, []any{t.ID, t.ID, t.Version}})
}

// fence joins words so that one can be looked for between bars.
func fence(words []string) string {
	return storable(strings.ToLower("|" + strings.Join(words, "|") + "|"))
}

// storable replaces what PostgreSQL does not take in a text: bytes that are not
// UTF-8, and NUL. What is looked for is treated alike.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// searchText is what a search looks through.
func searchText(i Info) string {
	parts := append([]string{i.ID, i.Name, i.Description, i.JobType, i.Inbound, i.Protocol, i.Category}, i.Keywords...)
	return storable(strings.ToLower(strings.Join(parts, "\n")))
}
