// Package store opens the one database that holds what a process must not
// forget: SQLite in a file by default, PostgreSQL where several replicas share
// it. Each user of it brings its own migrations and speaks plain SQL with "?"
// for parameters.
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	*sql.DB
	dialect dialect
}

type dialect string

const (
	sqlite   dialect = "sqlite"
	postgres dialect = "postgres"
)

// Open opens the database that a DSN names and checks that it answers:
//
//	postgres://user:password@host/name   PostgreSQL, as pgx reads it
//	:memory:                             SQLite that ends with Close
//	sqlite:FILE, or just FILE            SQLite; the folder is made if need be
//
// The error never holds a password. The caller closes the database.
func Open(ctx context.Context, dsn string) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn)
	}
	return openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"))
}

// Shared reports whether other processes may use the same database.
func (d *DB) Shared() bool { return d.dialect == postgres }

// Lost reports whether a transaction failed only because another one came
// first; tried again, it sees what that one did.
func Lost(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && lostCodes[refused.Code]
}

// lostCodes are PostgreSQL's: serialization failure, deadlock, and a row that
// somebody else has inserted meanwhile.
var lostCodes = map[string]bool{"40001": true, "40P01": true, "23505": true}

// Among is the SQL for "is one of the parameter's texts"; the parameter is what
// List makes. It takes any number of them.
func (d *DB) Among() string {
	if d.dialect == postgres {
		return "IN (SELECT json_array_elements_text(CAST(? AS json)))"
	}
	return "IN (SELECT value FROM json_each(?))"
}

// List makes a parameter of texts, for Among.
func List(texts []string) string {
	list, err := json.Marshal(append([]string{}, texts...))
	if err != nil { // texts always are JSON
		return "[]"
	}
	return string(list)
}

// Rebind turns the parameters "?" of a query into those that the database
// understands. No query has a question mark in a text.
func (d *DB) Rebind(query string) string {
	if d.dialect != postgres {
		return query
	}
	var b strings.Builder
	n := 0
	for _, c := range query {
		if c != '?' {
			b.WriteRune(c)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String()
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	name := "the PostgreSQL database"
	if u, err := url.Parse(dsn); err == nil {
		name = u.Redacted()
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("open %s: the DSN cannot be read (expected postgres://user:password@host:port/name)", name)
	}
	db.SetMaxOpenConns(8)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return ping(ctx, &DB{db, postgres}, name)
}

// pragmas make SQLite durable against a crash of the process, fast, and
// patient with another writer.
const pragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)&_txlock=immediate"

func openSQLite(ctx context.Context, file string) (*DB, error) {
	if file == "" {
		return nil, fmt.Errorf("open the database: no file is named")
	}
	connections := 4
	if file == ":memory:" {
		connections = 1 // each connection would have a database of its own
	} else if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("open database %s: %w", file, err)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+pragmas)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", file, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return ping(ctx, &DB{db, sqlite}, file)
}

func ping(ctx context.Context, d *DB, name string) (*DB, error) {
	if err := d.PingContext(ctx); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("open database %s: %w", name, err)
	}
	return d, nil
}
