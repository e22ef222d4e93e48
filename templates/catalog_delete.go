package templates

import (
	"context"
	"database/sql"
	"fmt"
)

// Delete removes a published version. The error is ErrNotFound if there is
// none, and ErrBuiltIn for one that comes with the program. Whether a process
// still uses it is the caller's to know.
func (c *Catalog) Delete(ctx context.Context, id string, version int64) error {
	err := c.transact(ctx, func(tx *sql.Tx) error { return c.delete(ctx, tx, id, version) })
	if err == nil {
		c.notify()
	}
	return err
}

func (c *Catalog) delete(ctx context.Context, tx *sql.Tx, id string, version int64) error {
	if _, err := c.published(ctx, tx, id, version); err != nil {
		return fmt.Errorf("delete template %s@%d: %w", id, version, err)
	}
	return c.execAll(ctx, tx,
		statement{`DELETE FROM template_texts WHERE id = ? AND version = ?`, []any{id, version}},
		statement{`DELETE FROM templates WHERE id = ? AND version = ?`, []any{id, version}},
		statement{`UPDATE templates SET latest = 1 WHERE id = ? AND version = (SELECT MAX(version) FROM templates WHERE id = ?)`, []any{id, id}})
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
