package templates

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Result is what became of one published template.
type Result struct {
	Info
	// New is false when the same text was there before.
	New bool `json:"new"`
}

// Publish stores one template or an array of them, all or none. It fails with
// a *schema.SyntaxError, an *InvalidError or a *ConflictError; any other error
// is the database's. Publishing the same text again is no error.
func (c *Catalog) Publish(ctx context.Context, text []byte) ([]Result, error) {
	list, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return c.PublishTemplates(ctx, list)
}

// PublishTemplates is Publish for templates that are parsed already.
func (c *Catalog) PublishTemplates(ctx context.Context, list []*Template) ([]Result, error) {
	var results []Result
	err := c.transact(ctx, func(tx *sql.Tx) error {
		results = make([]Result, len(list))
		for i, t := range list {
			var err error
			if results[i], err = c.publish(ctx, tx, t); err != nil {
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

// transact runs a change as if it were alone. A database that several
// replicas share may refuse that because of another one's change; then it is
// tried again, and sees that change.
func (c *Catalog) transact(ctx context.Context, change func(*sql.Tx) error) error {
	attempts, options := 1, &sql.TxOptions{}
	if c.db.Shared() {
		attempts, options.Isolation = 5, sql.LevelSerializable
	}
	for attempt := 1; ; attempt++ {
		err := c.try(ctx, options, change)
		var conflict *ConflictError
		final := err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, errBuiltIn) || errors.As(err, &conflict)
		if final || attempt == attempts || ctx.Err() != nil {
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

func (c *Catalog) publish(ctx context.Context, tx *sql.Tx, t *Template) (Result, error) {
	now := c.options.Now().UTC().Truncate(time.Millisecond)
	info := c.info(t, SourcePublished, &now)
	existing, builtIn, err := c.text(ctx, tx, t.ID, t.Version)
	switch {
	case err == nil && bytes.Equal(existing, t.Raw):
		found, err := c.find(ctx, tx, t.ID, t.Version)
		return Result{Info: found}, err
	case err == nil:
		return Result{}, &ConflictError{ID: t.ID, Version: t.Version, Existing: existing, New: t.Raw, BuiltIn: builtIn}
	case !errors.Is(err, ErrNotFound):
		return Result{}, err
	}
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
	exec := func(query string, args ...any) {
		if err == nil {
			_, err = tx.ExecContext(ctx, c.db.Rebind(query), args...)
		}
	}
	exec(`INSERT INTO template_texts (id, version, text) VALUES (?, ?, ?)`, t.ID, t.Version, t.Raw)
	exec(`INSERT INTO templates (id, version, latest, job_type, names, protocol, kinds, tags, search, sort, hash, deprecated, published_at, info)
		VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.ID, t.Version, info.JobType, t.Protocol(), info.Protocol, fence(append([]string{t.ElementType}, t.AppliesTo...)), fence(t.Keywords),
		searchText(info), strings.ToLower(t.Name), info.Hash, bit(t.Deprecated), info.PublishedAt.UnixMilli(), string(details))
	exec(`UPDATE templates SET latest = CASE WHEN version = (SELECT MAX(version) FROM templates WHERE id = ?) THEN 1 ELSE 0 END WHERE id = ?`, t.ID, t.ID)
	return err
}

// fence joins words so that one can be looked for between bars.
func fence(words []string) string { return strings.ToLower("|" + strings.Join(words, "|") + "|") }

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// searchText is what a search looks through.
func searchText(i Info) string {
	parts := append([]string{i.ID, i.Name, i.Description, i.JobType, i.Inbound, i.Protocol, i.Category}, i.Keywords...)
	return strings.ToLower(strings.Join(parts, "\n"))
}
