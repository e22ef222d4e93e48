package store

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings the tables of one user of the database up to date. files
// holds the folders sqlite and postgres, each with goose migrations
// (00001_name.sql, ...); versions is the table that remembers which of them
// have run, one for each user. Several replicas
// may migrate PostgreSQL at once.
func (d *DB) Migrate(ctx context.Context, files fs.FS, versions string) error {
	folder, err := fs.Sub(files, string(d.dialect))
	if err != nil {
		return fmt.Errorf("migrate the database (%s): %w", versions, err)
	}
	kind, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithTableName(versions), goose.WithDisableGlobalRegistry(true)}
	if d.dialect == postgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("migrate the database (%s): %w", versions, err)
		}
		kind, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(kind, d.DB, folder, options...)
	if err != nil {
		return fmt.Errorf("migrate the database (%s): %w", versions, err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database (%s): %w", versions, err)
	}
	return nil
}
