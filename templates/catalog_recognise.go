package templates

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// recognise notes the protocols of templates that none was known for when they
// were published: a later program may serve their types.
func (c *Catalog) recognise(ctx context.Context) error {
	list, err := c.list(ctx, c.db, `SELECT info FROM templates WHERE protocol = ''`)
	if err != nil {
		return err
	}
	return c.transact(ctx, func(tx *sql.Tx) error {
		for _, info := range list {
			if info.Protocol = c.protocolOf(info); info.Protocol == "" {
				continue
			}
			details, err := json.Marshal(info)
			if err != nil {
				return err
			}
			if err := c.execAll(ctx, tx, statement{`UPDATE templates SET protocol = ?, search = ?, info = ? WHERE id = ? AND version = ? AND protocol = ''`,
				[]any{storable(info.Protocol), searchText(info), string(details), info.ID, info.VersionNumber()}}); err != nil {
				return fmt.Errorf("note the protocol of %s@%d: %w", info.ID, info.VersionNumber(), err)
			}
		}
		return nil
	})
}

// protocolOf is the protocol that a template names, else that of its type.
func (c *Catalog) protocolOf(info Info) string {
	for _, kind := range []string{info.JobType, info.Inbound} {
		if info.Protocol == "" && kind != "" {
			info.Protocol = c.options.Protocol(kind)
		}
	}
	return info.Protocol
}
