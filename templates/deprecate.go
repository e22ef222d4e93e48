package templates

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Deprecation says why a version should not be used for anything new. Elements
// that use it go on as before.
type Deprecation struct {
	Reason string `json:"reason"`
	// Replacement is what to use instead: an id, or id@version.
	Replacement string    `json:"replacement,omitempty"`
	At          time.Time `json:"at"`
}

// Message is the text for those who would apply the template.
func (d Deprecation) Message() string {
	if d.Replacement == "" {
		return d.Reason
	}
	return fmt.Sprintf("%s Use %s instead.", d.Reason, d.Replacement)
}

// Deprecate marks a published version as deprecated, or changes why it is; At
// is set here. Its text stays as it was published. The error is ErrNotFound if
// there is none, and ErrBuiltIn for one that comes with the program.
func (c *Catalog) Deprecate(ctx context.Context, id string, version int64, d Deprecation) (Info, error) {
	d.At = c.options.Now().UTC().Truncate(time.Millisecond)
	return c.setDeprecation(ctx, id, version, &d)
}

// Undeprecate takes back Deprecate. A template whose own text says that it is
// deprecated stays so.
func (c *Catalog) Undeprecate(ctx context.Context, id string, version int64) (Info, error) {
	return c.setDeprecation(ctx, id, version, nil)
}

func (c *Catalog) setDeprecation(ctx context.Context, id string, version int64, d *Deprecation) (info Info, err error) {
	err = c.transact(ctx, func(tx *sql.Tx) error {
		text, err := c.published(ctx, tx, id, version)
		if err != nil {
			return fmt.Errorf("deprecate template %s@%d: %w", id, version, err)
		}
		if info, err = c.find(ctx, tx, id, version); err != nil {
			return err
		}
		list, err := Parse(text)
		if err != nil {
			return fmt.Errorf("read template %s@%d: %w", id, version, err)
		}
		info.Deprecated, info.Deprecation = list[0].Deprecated || d != nil, d
		details, err := json.Marshal(info)
		if err != nil {
			return err
		}
		return c.execAll(ctx, tx, statement{`UPDATE templates SET deprecated = ?, info = ? WHERE id = ? AND version = ?`,
			[]any{bit(info.Deprecated), string(details), id, version}})
	})
	if err == nil {
		c.notify()
	}
	return info, err
}

// marked is a template's text with what modelers know a deprecated one by: the
// key "deprecated" of element templates.
func (d Deprecation) marked(text []byte) []byte {
	message, err := json.Marshal(map[string]string{"message": d.Message()})
	if err != nil { // strings always are JSON
		return text
	}
	object := bytes.TrimSuffix(bytes.TrimSpace(text), []byte("}")) // what was published is an object with members
	return slices.Concat(bytes.TrimSpace(object), []byte(`, "deprecated": `), message, []byte("}"))
}
