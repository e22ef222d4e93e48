// Package state is the small durable state of inbound connectors: deployments
// that were seen, the activity of executables, their cursors, which of them are
// paused, and leases between replicas. It lives in the tables of one database;
// whoever needs a part of it declares the interface.
package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"

	"patchbay/engine/inbound"
	"patchbay/engine/store"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols/value"
)

//go:embed migrations
var migrations embed.FS

// State keeps what must last in a database. It is safe for concurrent use.
type State struct {
	db    *store.DB
	owner string // of leases: this process
	// Now tells the time of leases and of what is forgotten; time.Now by default. The clocks of
	// replicas should agree within a few seconds.
	Now   func() time.Time
	saved atomic.Int64 // events that have started an instance
}

// Open brings the tables up to date. The caller closes the database.
func Open(ctx context.Context, db *store.DB) (*State, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, files, "state_versions"); err != nil {
		return nil, err
	}
	return &State{db: db, owner: rand.Text(), Now: time.Now}, nil
}

func (s *State) exec(ctx context.Context, query string, args ...any) error {
	_, err := s.db.ExecContext(ctx, s.db.Rebind(query), args...)
	return err
}

// each runs a query and calls scan for every row.
func (s *State) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := s.db.QueryContext(ctx, s.db.Rebind(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// SaveDefinition implements source.Store.
func (s *State) SaveDefinition(ctx context.Context, d source.Deployed) error {
	return s.exec(ctx, `INSERT INTO definitions (key, tenant, process, version, resource, xml) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET tenant = excluded.tenant, process = excluded.process, version = excluded.version,
		resource = excluded.resource, xml = excluded.xml`, d.Key, d.TenantID, d.ID, d.Version, d.Resource, d.XML)
}

// DeleteDefinition implements source.Store.
func (s *State) DeleteDefinition(ctx context.Context, key int64) error {
	return s.exec(ctx, `DELETE FROM definitions WHERE key = ?`, key)
}

// Definitions implements source.Store.
func (s *State) Definitions(ctx context.Context) ([]source.Deployed, error) {
	var list []source.Deployed
	err := s.each(ctx, func(r *sql.Rows) error {
		var d source.Deployed
		err := r.Scan(&d.Key, &d.TenantID, &d.ID, &d.Version, &d.Resource)
		list = append(list, d)
		return err
	}, `SELECT key, tenant, process, version, resource FROM definitions ORDER BY key`)
	return list, err
}

// DefinitionXML implements source.Store.
func (s *State) DefinitionXML(ctx context.Context, key int64) ([]byte, error) {
	var xml []byte
	err := s.db.QueryRowContext(ctx, s.db.Rebind(`SELECT xml FROM definitions WHERE key = ?`), key).Scan(&xml)
	if err == sql.ErrNoRows {
		return nil, fmt.Errorf("definition %d is not stored", key)
	}
	return xml, err
}

// AppendActivity implements inbound.ActivityStore.
func (s *State) AppendActivity(ctx context.Context, executable string, keep int, entries []inbound.Entry) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing after a commit
	insert, err := tx.PrepareContext(ctx, s.db.Rebind(`INSERT INTO activity (executable, seq, at, severity, tag, message, data)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (executable, seq) DO NOTHING`))
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, e := range entries {
		if _, err := insert.ExecContext(ctx, executable, e.Seq, e.Time.UnixNano(), e.Severity, e.Tag, e.Message, encode(e.Data)); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, s.db.Rebind(`DELETE FROM activity WHERE executable = ? AND seq <=
		(SELECT seq FROM activity WHERE executable = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)`), executable, executable, keep)
	if err != nil {
		return err
	}
	return tx.Commit()
}

// encode writes an entry's data; what is no JSON is left out.
func encode(data map[string]any) string {
	if len(data) == 0 {
		return ""
	}
	text, err := value.Append(nil, data)
	if err != nil {
		return ""
	}
	return string(text)
}

// Activity implements inbound.ActivityStore.
func (s *State) Activity(ctx context.Context, executable string, before int64, limit int) ([]inbound.Entry, error) {
	list := make([]inbound.Entry, 0, limit)
	err := s.each(ctx, func(r *sql.Rows) error {
		var e inbound.Entry
		var at int64
		var data string
		if err := r.Scan(&e.Seq, &at, &e.Severity, &e.Tag, &e.Message, &data); err != nil {
			return err
		}
		e.Time = time.Unix(0, at).UTC()
		if data != "" {
			if err := json.Unmarshal([]byte(data), &e.Data); err != nil {
				return err
			}
		}
		list = append(list, e)
		return nil
	}, `SELECT seq, at, severity, tag, message, data FROM
		(SELECT * FROM activity WHERE executable = ? AND seq < ? ORDER BY seq DESC LIMIT ?) AS last ORDER BY seq`, executable, before, limit)
	return list, err
}

// PurgeActivity implements inbound.ActivityStore.
func (s *State) PurgeActivity(ctx context.Context, executable string) error {
	return s.exec(ctx, `DELETE FROM activity WHERE executable = ?`, executable)
}

// SaveCursor implements inbound.Store.
func (s *State) SaveCursor(ctx context.Context, executable string, data []byte) error {
	return s.exec(ctx, `INSERT INTO cursors (executable, data) VALUES (?, ?) ON CONFLICT (executable) DO UPDATE SET data = excluded.data`, executable, data)
}

// Cursor implements inbound.Store.
func (s *State) Cursor(ctx context.Context, executable string) ([]byte, error) {
	var data []byte
	err := s.db.QueryRowContext(ctx, s.db.Rebind(`SELECT data FROM cursors WHERE executable = ?`), executable).Scan(&data)
	if err == sql.ErrNoRows {
		return nil, nil
	}
	return data, err
}

// SetPaused implements inbound.Store.
func (s *State) SetPaused(ctx context.Context, executable string, paused bool) error {
	if !paused {
		return s.exec(ctx, `DELETE FROM paused WHERE executable = ?`, executable)
	}
	return s.exec(ctx, `INSERT INTO paused (executable) VALUES (?) ON CONFLICT (executable) DO NOTHING`, executable)
}

// Paused implements inbound.Store.
func (s *State) Paused(ctx context.Context) ([]string, error) {
	var list []string
	err := s.each(ctx, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		list = append(list, id)
		return err
	}, `SELECT executable FROM paused`)
	return list, err
}

// Acquire implements inbound.Leases: this process takes or renews a lease,
// unless another one has it.
func (s *State) Acquire(ctx context.Context, name string, ttl time.Duration) (bool, error) {
	now := s.Now().UnixMilli()
	result, err := s.db.ExecContext(ctx, s.db.Rebind(`INSERT INTO leases (name, owner, ends) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, ends = excluded.ends
		WHERE leases.owner = excluded.owner OR leases.ends <= ?`), name, s.owner, now+ttl.Milliseconds(), now)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// Release implements inbound.Leases.
func (s *State) Release(ctx context.Context, name string) error {
	return s.exec(ctx, `DELETE FROM leases WHERE name = ? AND owner = ?`, name, s.owner)
}

var (
	_ source.Store   = (*State)(nil)
	_ inbound.Store  = (*State)(nil)
	_ inbound.Leases = (*State)(nil)
)
