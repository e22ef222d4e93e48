package templates

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"patchbay/engine/store"
)

// Catalog keeps the published templates, and lists them together with the
// built-in ones. It is safe for concurrent use; several replicas may share the
// database.
type Catalog struct {
	db      *store.DB
	options CatalogOptions
	builtIn []*Template
	infos   []Info // of the built-in templates

	mu          sync.Mutex
	subscribers map[chan struct{}]bool
}

// CatalogOptions says what a catalog needs to know. A zero field means its
// default.
type CatalogOptions struct {
	// Now tells the time; time.Now by default.
	Now func() time.Time
	// Protocol returns the protocol that serves a job type or an inbound type
	// without being named by a template; none by default.
	Protocol func(kind string) string
	// BuiltIn are the templates that come with the program; BuiltIn() when nil.
	BuiltIn []*Template
}

// Info describes a template in a list.
type Info struct {
	ID string `json:"id"`
	// Version is nil for a template without one, which counts as version 0.
	Version     *int64   `json:"version,omitempty"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	JobType     string   `json:"jobType,omitempty"`
	Inbound     string   `json:"inbound,omitempty"`
	Protocol    string   `json:"protocol,omitempty"`
	AppliesTo   []string `json:"appliesTo"`
	ElementType string   `json:"elementType,omitempty"`
	Keywords    []string `json:"keywords,omitempty"`
	Category    string   `json:"category,omitempty"`
	// Engine is the range of Camunda versions that the template asks for.
	Engine string `json:"engine,omitempty"`
	// Source is "published" or "built-in".
	Source string `json:"source"`
	// Hash is the SHA-256 of the text, in hexadecimal.
	Hash string `json:"hash"`
	// Deprecated is set by the template's own text or by Catalog.Deprecate, which
	// sets Deprecation too.
	Deprecated  bool         `json:"deprecated,omitempty"`
	Deprecation *Deprecation `json:"deprecation,omitempty"`
	// PublishedAt is nil for built-in templates.
	PublishedAt *time.Time `json:"publishedAt,omitempty"`
}

// Sources of a template.
const (
	SourcePublished = "published"
	SourceBuiltIn   = "built-in"
)

// VersionNumber returns the version, 0 if there is none.
func (i Info) VersionNumber() int64 {
	if i.Version == nil {
		return 0
	}
	return *i.Version
}

// ErrNotFound means that the catalog has no such template or version.
var ErrNotFound = errors.New("no such template")

// ErrBuiltIn means that a version comes with the program, so it can be neither
// deleted nor deprecated.
var ErrBuiltIn = errors.New("it is built in")

//go:embed migrations
var migrationFiles embed.FS

// NewCatalog opens the catalog in a database and brings its tables up to date.
// The caller closes the database after the last call.
func NewCatalog(ctx context.Context, db *store.DB, o CatalogOptions) (*Catalog, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, files, "templates_versions"); err != nil {
		return nil, err
	}
	c := &Catalog{db: db, options: o, builtIn: o.BuiltIn, subscribers: map[chan struct{}]bool{}}
	if c.options.Now == nil {
		c.options.Now = time.Now
	}
	if c.options.Protocol == nil {
		c.options.Protocol = func(string) string { return "" }
	}
	if c.builtIn == nil {
		c.builtIn = BuiltIn()
	}
	for _, t := range c.builtIn {
		c.infos = append(c.infos, c.info(t, SourceBuiltIn, nil))
	}
	return c, c.recognise(ctx)
}

func (c *Catalog) info(t *Template, source string, published *time.Time) Info {
	info := Info{
		ID: t.ID, Name: t.Name, Description: t.Description, JobType: t.JobType(), Inbound: t.Inbound(), Protocol: t.Protocol(),
		AppliesTo: t.AppliesTo, ElementType: t.ElementType, Keywords: t.Keywords, Category: t.Category, Engine: t.Engines["camunda"],
		Source: source, Hash: Hash(t.Raw), Deprecated: t.Deprecated, PublishedAt: published,
	}
	if t.HasVersion {
		info.Version = &t.Version
	}
	if info.AppliesTo == nil {
		info.AppliesTo = []string{}
	}
	info.Protocol = c.protocolOf(info)
	return info
}

// Hash returns the SHA-256 of a text in hexadecimal.
func Hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// querier is what a database and a transaction have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Text returns the bytes of a version as they were published; version 0 is
// also the one without a version. The error is ErrNotFound if there is none.
func (c *Catalog) Text(ctx context.Context, id string, version int64) ([]byte, error) {
	text, _, err := c.text(ctx, c.db, id, version)
	return text, naming(err, fmt.Sprintf("%s@%d", id, version))
}

// naming adds to ErrNotFound what was looked for.
func naming(err error, ref string) error {
	if err == ErrNotFound {
		return fmt.Errorf("%w: %q", err, ref)
	}
	return err
}

func (c *Catalog) text(ctx context.Context, q querier, id string, version int64) (text []byte, builtIn bool, err error) {
	for _, t := range c.builtIn {
		if t.ID == id && t.Version == version {
			return t.Raw, true, nil
		}
	}
	row := q.QueryRowContext(ctx, c.db.Rebind(`SELECT text FROM template_texts WHERE id = ? AND version = ?`), storable(id), version)
	if err := row.Scan(&text); errors.Is(err, sql.ErrNoRows) {
		return nil, false, ErrNotFound
	} else if err != nil {
		return nil, false, fmt.Errorf("read template %s@%d: %w", id, version, err)
	}
	return text, false, nil
}

// Template returns a version, parsed; the error is ErrNotFound if there is none.
func (c *Catalog) Template(ctx context.Context, id string, version int64) (*Template, error) {
	text, err := c.Text(ctx, id, version)
	if err != nil {
		return nil, err
	}
	list, err := Parse(text)
	if err != nil || len(list) == 0 {
		return nil, fmt.Errorf("read template %s@%d: %w", id, version, err)
	}
	return list[0], nil
}

// Info describes one version; the error is ErrNotFound if there is none.
func (c *Catalog) Info(ctx context.Context, id string, version int64) (Info, error) {
	info, err := c.find(ctx, c.db, id, version)
	return info, naming(err, fmt.Sprintf("%s@%d", id, version))
}

func (c *Catalog) find(ctx context.Context, q querier, id string, version int64) (Info, error) {
	for _, info := range c.infos {
		if info.ID == id && info.VersionNumber() == version {
			return info, nil
		}
	}
	list, err := c.list(ctx, q, `SELECT info FROM templates WHERE id = ? AND version = ?`, storable(id), version)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Info{}, err
	}
	return list[0], nil
}

// Highest returns the highest version of a template; 0 is also one without a
// version. The error is ErrNotFound if there is none.
func (c *Catalog) Highest(ctx context.Context, id string) (int64, error) {
	version, known, err := c.highest(ctx, c.db, id)
	if err == nil && !known {
		err = naming(ErrNotFound, id)
	}
	return version, err
}

func (c *Catalog) highest(ctx context.Context, q querier, id string) (version int64, known bool, err error) {
	var published sql.NullInt64
	if err := q.QueryRowContext(ctx, c.db.Rebind(`SELECT MAX(version) FROM templates WHERE id = ?`), storable(id)).Scan(&published); err != nil {
		return 0, false, fmt.Errorf("read the versions of template %s: %w", id, err)
	}
	version, known = published.Int64, published.Valid
	for _, info := range c.infos {
		if info.ID == id && (!known || info.VersionNumber() > version) {
			version, known = info.VersionNumber(), true
		}
	}
	return version, known, nil
}

// Versions lists the versions of a template, the highest first. The error is
// ErrNotFound if there are none.
func (c *Catalog) Versions(ctx context.Context, id string) ([]Info, error) {
	list, err := c.versions(ctx, c.db, id)
	return list, naming(err, id)
}

func (c *Catalog) versions(ctx context.Context, q querier, id string) ([]Info, error) {
	list, err := c.list(ctx, q, `SELECT info FROM templates WHERE id = ?`, storable(id))
	if err != nil {
		return nil, err
	}
	for _, info := range c.infos {
		if info.ID == id {
			list = append(list, info)
		}
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	slices.SortFunc(list, func(a, b Info) int { return compareVersions(b, a) })
	return list, nil
}

func compareVersions(a, b Info) int {
	switch {
	case a.VersionNumber() < b.VersionNumber():
		return -1
	case a.VersionNumber() > b.VersionNumber():
		return 1
	}
	return 0
}

func (c *Catalog) list(ctx context.Context, q querier, query string, args ...any) ([]Info, error) {
	rows, err := q.QueryContext(ctx, c.db.Rebind(query), args...)
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Info
	for rows.Next() {
		var details []byte
		var info Info
		if err := rows.Scan(&details); err != nil {
			return nil, fmt.Errorf("list templates: %w", err)
		}
		if err := json.Unmarshal(details, &info); err != nil {
			return nil, fmt.Errorf("list templates: %w", err)
		}
		list = append(list, info)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	return list, nil
}
