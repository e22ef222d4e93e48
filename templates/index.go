package templates

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// IndexEntry is one version of a template in the index that modelers read.
type IndexEntry struct {
	// Version is nil for a template without one.
	Version *int64 `json:"version,omitempty"`
	// Ref is the URL of the template's text.
	Ref string `json:"ref"`
	// Engine holds the range of versions by engine: "camunda": "^8.6".
	Engine map[string]string `json:"engine"`
	// Deprecated says why the version should not be used for anything new. It
	// stays in the index: modelers need the templates of elements that have
	// them. Those that do not know the key offer it as before.
	Deprecated *IndexDeprecation `json:"deprecated,omitempty"`
}

// IndexDeprecation has the form of the key "deprecated" in element templates.
type IndexDeprecation struct {
	Message string `json:"message,omitempty"`
}

// Index returns all versions of all templates by id, the highest first, in the
// form in which modelers read the marketplace's index. ref makes the URL of a
// version's text.
func (c *Catalog) Index(ctx context.Context, ref func(id string, version int64) string) (map[string][]IndexEntry, error) {
	list, err := c.all(ctx)
	if err != nil {
		return nil, err
	}
	index := map[string][]IndexEntry{}
	for _, info := range list {
		entry := IndexEntry{Version: info.Version, Ref: ref(info.ID, info.VersionNumber()), Engine: map[string]string{}}
		if info.Engine != "" {
			entry.Engine["camunda"] = info.Engine
		}
		if info.Deprecated {
			entry.Deprecated = &IndexDeprecation{}
		}
		if info.Deprecation != nil {
			entry.Deprecated.Message = info.Deprecation.Message()
		}
		index[info.ID] = append(index[info.ID], entry)
	}
	return index, nil
}

// all lists every version, of each template the highest first, with what the
// lists for modelers say of it and nothing else: they are asked for often.
func (c *Catalog) all(ctx context.Context) ([]Info, error) {
	list, err := c.outlines(ctx)
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	list = append(list, c.infos...)
	slices.SortStableFunc(list, func(a, b Info) int {
		if a.ID != b.ID {
			return strings.Compare(a.ID, b.ID)
		}
		return compareVersions(b, a)
	})
	return list, nil
}

// outlines reads id, version, hash, engine, deprecation and time of all that
// is published. The details are read where a column does not say all.
func (c *Catalog) outlines(ctx context.Context) (list []Info, err error) {
	rows, err := c.db.QueryContext(ctx, `SELECT id, version, hash, engine, published_at,
		CASE WHEN deprecated <> 0 OR version = 0 THEN info ELSE '' END FROM templates ORDER BY id, version DESC`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		info, version, published, details := Info{Source: SourcePublished}, int64(0), int64(0), ""
		if err := rows.Scan(&info.ID, &version, &info.Hash, &info.Engine, &published, &details); err != nil {
			return nil, err
		}
		at := time.UnixMilli(published).UTC()
		info.Version, info.PublishedAt = &version, &at
		if details != "" {
			info = Info{}
			if err := json.Unmarshal([]byte(details), &info); err != nil {
				return nil, err
			}
		}
		list = append(list, info)
	}
	return list, rows.Err()
}

// Latest returns, for each template, the highest version that an engine
// version such as "8.8" allows; an empty one allows all. Of those that were
// published only id, version, hash, engine, deprecation and time are filled in.
func (c *Catalog) Latest(ctx context.Context, engine string) ([]Info, error) {
	list, err := c.all(ctx)
	if err != nil {
		return nil, err
	}
	var latest []Info
	for _, info := range list {
		taken := len(latest) > 0 && latest[len(latest)-1].ID == info.ID
		if !taken && (engine == "" || Satisfies(engine, info.Engine)) {
			latest = append(latest, info)
		}
	}
	return latest, nil
}

// Array returns the texts of a list as one JSON array, which the Desktop
// Modeler takes as a file. Deprecated ones say so there, and modelers no longer
// offer them for other elements. A version that was deleted since it was listed
// is left out.
func (c *Catalog) Array(ctx context.Context, list []Info) ([]byte, error) {
	var texts [][]byte
	for _, info := range list {
		text, err := c.Text(ctx, info.ID, info.VersionNumber())
		switch {
		case errors.Is(err, ErrNotFound):
			continue
		case err != nil:
			return nil, err
		}
		text = bytes.TrimSpace(text)
		if info.Deprecation != nil {
			text = info.Deprecation.marked(text)
		}
		texts = append(texts, text)
	}
	return slices.Concat([]byte("[\n"), bytes.Join(texts, []byte(",\n")), []byte("\n]\n")), nil
}

// Digest is a hash that changes whenever Array does, and with the order of the
// list. It is made without the texts.
func Digest(list []Info) string {
	sum := sha256.New()
	for _, info := range list {
		fmt.Fprintf(sum, "%q %d %s %v\n", info.ID, info.VersionNumber(), info.Hash, info.Deprecation)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}
