package state

import (
	"context"
	"database/sql"
	"time"

	"patchbay/engine/inbound"
)

// AddDeadLetter implements inbound.DeadLetterStore. Letters that several replicas
// add at the same moment may go a little over the limit.
func (s *State) AddDeadLetter(ctx context.Context, l inbound.DeadLetter, most int) error {
	var count, same int
	err := s.db.QueryRowContext(ctx, s.db.Rebind(`SELECT count(*), count(CASE WHEN message = ? THEN 1 END) FROM dead_letters WHERE executable = ?`),
		l.MessageID, l.Executable).Scan(&count, &same)
	switch {
	case err != nil:
		return err
	case same > 0:
		return nil
	case count >= most:
		return inbound.ErrFull
	}
	id := sql.NullString{String: l.MessageID, Valid: l.MessageID != ""} // null is equal to nothing
	return s.exec(ctx, `INSERT INTO dead_letters (executable, type, at, tenant, process, element, replays, source, message, code, reason, content)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (executable, message) DO NOTHING`,
		l.Executable, l.Type, l.Time.UnixNano(), l.TenantID, l.BpmnProcessID, l.ElementID, l.Replays, l.Source, id, l.Code, l.Reason, []byte(l.Content))
}

const selectLetters = `SELECT id, executable, type, at, tenant, process, element, replays, source, coalesce(message, ''), code, reason, content FROM dead_letters `

func scanLetter(scan func(...any) error) (l inbound.DeadLetter, err error) {
	var at int64
	var content []byte
	err = scan(&l.ID, &l.Executable, &l.Type, &at, &l.TenantID, &l.BpmnProcessID, &l.ElementID, &l.Replays, &l.Source, &l.MessageID, &l.Code, &l.Reason, &content)
	l.Time, l.Content = time.Unix(0, at).UTC(), content
	return l, err
}

// DeadLetters implements inbound.DeadLetterStore.
func (s *State) DeadLetters(ctx context.Context, after int64, limit int) ([]inbound.DeadLetter, error) {
	list := []inbound.DeadLetter{}
	err := s.each(ctx, func(r *sql.Rows) error {
		l, err := scanLetter(r.Scan)
		list = append(list, l)
		return err
	}, selectLetters+`WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	return list, err
}

// DeadLetter implements inbound.DeadLetterStore.
func (s *State) DeadLetter(ctx context.Context, id int64) (inbound.DeadLetter, error) {
	l, err := scanLetter(s.db.QueryRowContext(ctx, s.db.Rebind(selectLetters+`WHERE id = ?`), id).Scan)
	if err == sql.ErrNoRows {
		err = inbound.ErrUnknownLetter
	}
	return l, err
}

// SaveReplay implements inbound.DeadLetterStore.
func (s *State) SaveReplay(ctx context.Context, l inbound.DeadLetter) error {
	return s.changeLetter(ctx, `UPDATE dead_letters SET at = ?, code = ?, reason = ?, replays = ? WHERE id = ?`,
		l.Time.UnixNano(), l.Code, l.Reason, l.Replays, l.ID)
}

// DeleteDeadLetter implements inbound.DeadLetterStore.
func (s *State) DeleteDeadLetter(ctx context.Context, id int64) error {
	return s.changeLetter(ctx, `DELETE FROM dead_letters WHERE id = ?`, id)
}

func (s *State) changeLetter(ctx context.Context, query string, args ...any) error {
	result, err := s.db.ExecContext(ctx, s.db.Rebind(query), args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return inbound.ErrUnknownLetter
}
