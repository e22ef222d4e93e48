package state

import (
	"context"
	"time"

	"patchbay/engine/inbound"
)

// tidyEvery is after how many events those that may be forgotten are.
const tidyEvery = 1000

// SaveStarted implements inbound.StartedStore.
func (s *State) SaveStarted(ctx context.Context, event string, until time.Time) error {
	err := s.exec(ctx, `INSERT INTO started (event, ends) VALUES (?, ?) ON CONFLICT (event) DO UPDATE SET ends = excluded.ends`, event, until.UnixMilli())
	if err != nil || s.saved.Add(1)%tidyEvery != 0 {
		return err
	}
	return s.tidyStarted(ctx, inbound.MostStarted)
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
