package state

import (
	"context"
	"maps"
	"slices"
	"time"

	"patchbay/engine/inbound"
)

// tidyEvery is after how many events those that may be forgotten are.
const tidyEvery = 1000

// SaveStarted implements inbound.StartedStore.
func (s *State) SaveStarted(ctx context.Context, events map[string]time.Time) error {
	if err := s.insertStarted(ctx, events); err != nil {
		return err
	}
	if count := int64(len(events)); s.saved.Add(count)%tidyEvery >= count {
		return nil
	}
	return s.tidyStarted(ctx, inbound.MostStarted)
}

func (s *State) insertStarted(ctx context.Context, events map[string]time.Time) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing after a commit
	insert, err := tx.PrepareContext(ctx, s.db.Rebind(`INSERT INTO started (event, ends) VALUES (?, ?) ON CONFLICT (event) DO UPDATE SET ends = excluded.ends`))
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, event := range slices.Sorted(maps.Keys(events)) { // in one order, so that replicas do not wait for each other
		if _, err := insert.ExecContext(ctx, event, events[event].UnixMilli()); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// tidyStarted forgets what has ended, and what ends first beyond the most.
func (s *State) tidyStarted(ctx context.Context, most int) error {
	return s.exec(ctx, `DELETE FROM started WHERE ends <= ? OR ends <= (SELECT ends FROM started ORDER BY ends DESC LIMIT 1 OFFSET ?)`, s.Now().UnixMilli(), most)
}

// Started implements inbound.StartedStore.
func (s *State) Started(ctx context.Context, event string, at time.Time) (known bool, err error) {
	err = s.db.QueryRowContext(ctx, s.db.Rebind(`SELECT count(*) > 0 FROM started WHERE event = ? AND ends > ?`), event, at.UnixMilli()).Scan(&known)
	return known, err
}
