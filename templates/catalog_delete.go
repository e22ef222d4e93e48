package templates

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Delete removes a published version. The error is ErrNotFound if there is
// none, and ErrBuiltIn for one that comes with the program. Whether a process
// still uses it is the caller's to know. The version can be published again
// with the same text only: a diagram somewhere may have been made with it.
func (c *Catalog) Delete(ctx context.Context, id string, version int64) error {
	err := c.transact(ctx, func(tx *sql.Tx) error { return c.delete(ctx, tx, id, version) })
	if err == nil {
		c.notify()
	}
	return err
}

func (c *Catalog) delete(ctx context.Context, tx *sql.Tx, id string, version int64) error {
	text, err := c.published(ctx, tx, id, version)
	if err != nil {
		return fmt.Errorf("delete template %s@%d: %w", id, version, err)
	}
	return c.execAll(ctx, tx,
		statement{`INSERT INTO template_deletions (id, version, hash, deleted_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (id, version) DO UPDATE SET deleted_at = excluded.deleted_at`,
			[]any{id, version, Hash(bytes.TrimSpace(text)), c.options.Now().UnixMilli()}},
		statement{`DELETE FROM template_texts WHERE id = ? AND version = ?`, []any{id, version}},
		statement{`DELETE FROM templates WHERE id = ? AND version = ?`, []any{id, version}},
		statement{`UPDATE templates SET latest = 1 WHERE id = ? AND version = (SELECT MAX(version) FROM templates WHERE id = ?)`, []any{id, id}})
}

// deleted returns the hash that a version had, without the white space around
// it, when it was deleted; empty if it never was.
func (c *Catalog) deleted(ctx context.Context, q querier, t *Template) (hash string, err error) {
	row := q.QueryRowContext(ctx, c.db.Rebind(`SELECT hash FROM template_deletions WHERE id = ? AND version = ?`), storable(t.ID), t.Version)
	if err := row.Scan(&hash); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("look for a deleted %s: %w", t.Ref(), err)
	}
	return hash, nil
}

// published returns the text of a version that was published: the error is
// ErrNotFound or ErrBuiltIn for any other.
func (c *Catalog) published(ctx context.Context, tx *sql.Tx, id string, version int64) ([]byte, error) {
	text, builtIn, err := c.text(ctx, tx, id, version)
	if builtIn {
		return nil, ErrBuiltIn
	}
	return text, err
}

// statement is a change in SQL.
type statement struct {
	query string
	args  []any
}

func (c *Catalog) execAll(ctx context.Context, tx *sql.Tx, list ...statement) error {
	for _, s := range list {
		if _, err := tx.ExecContext(ctx, c.db.Rebind(s.query), s.args...); err != nil {
			return err
		}
	}
	return nil
}
