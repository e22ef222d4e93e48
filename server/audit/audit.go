// Package audit keeps who changed what and what became of it: the last entries
// in the database, for operators to look at.
//
// Whoever changes something takes a Recorder and calls it once when the change
// has been made or refused:
//
//	err := letters.Replay(ctx, id)
//	recorder.Record(ctx, audit.Replay, id, err)
//
// Who did it travels in the context; the HTTP side puts it there.
package audit

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"patchbay/engine/store"
)

// Action is what was done.
type Action string

// What is recorded.
const (
	Publish        Action = "publish"
	Deprecate      Action = "deprecate"
	Undeprecate    Action = "undeprecate"
	Delete         Action = "delete"
	Import         Action = "import"
	Deploy         Action = "deploy"
	PauseInbound   Action = "pause inbound"
	ResumeInbound  Action = "resume inbound"
	RestartInbound Action = "restart inbound"
	Replay         Action = "replay"
	DiscardLetter  Action = "discard"
)

// Recorder notes what was done.
type Recorder interface {
	// Record notes that the actor of ctx did something to target ("a.b@3", an
	// id). The outcome is err's text; nil means that it is done. It may be
	// called by many goroutines, also with a context that has ended. It returns
	// no error: what was done is done, so a log that cannot be written to is
	// the operator's affair.
	Record(ctx context.Context, action Action, target string, err error)
}

// Actor is who does something.
type Actor struct {
	// Name is the name of the token, "local" where no tokens are asked for, or
	// the part of the program that acts by itself. It is never the token.
	Name string
	// Role is what the token allows; see api.Role.
	Role string
	// Address is the peer's address, host:port; empty for the program itself.
	Address string
}

type actorKey struct{}

// WithActor says who acts in a context.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns who acts in a context; without one it is the program itself,
// named "patchbay".
func ActorOf(ctx context.Context) Actor {
	if a, known := ctx.Value(actorKey{}).(Actor); known {
		return a
	}
	return Actor{Name: "patchbay"}
}

// Entry is one thing that was done.
type Entry struct {
	// Seq rises with every entry; it may have gaps.
	Seq     int64     `json:"seq"`
	Time    time.Time `json:"time"`
	Who     string    `json:"who" doc:"Name of the token; \"local\" where no tokens are asked for."`
	Role    string    `json:"role,omitempty"`
	Address string    `json:"address,omitempty" doc:"Address of the peer."`
	Action  Action    `json:"action" example:"publish"`
	Target  string    `json:"target" example:"com.example.rates@3"`
	// Outcome is Done or Failed; Detail says why it failed.
	Outcome string `json:"outcome" enum:"done,failed"`
	Detail  string `json:"detail,omitempty" doc:"Why it failed or was refused."`
}

// Outcomes of an entry.
const (
	Done   = "done"
	Failed = "failed"
)

// Options say how a Log works. Zero means the default.
type Options struct {
	// Keep is how many entries are kept; 10,000.
	Keep int64
	// Now tells the time; time.Now.
	Now func() time.Time
	// Log is told of entries that could not be written; slog.Default().
	Log *slog.Logger
}

// Log is the audit log in a database, which replicas may share. It is safe for
// concurrent use.
type Log struct {
	db      *store.DB
	options Options
}

//go:embed migrations
var migrations embed.FS

// Open brings the table up to date. The caller closes the database after the
// last call.
func Open(ctx context.Context, db *store.DB, o Options) (*Log, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, files, "audit_versions"); err != nil {
		return nil, err
	}
	if o.Keep <= 0 {
		o.Keep = 10_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Log{db, o}, nil
}

// Limits of what an entry holds, in bytes, and of the time to write one.
const (
	maxTarget = 1 << 10
	maxDetail = 2 << 10
	writeTime = 5 * time.Second
)

// Record implements Recorder.
func (l *Log) Record(ctx context.Context, action Action, target string, err error) {
	actor := ActorOf(ctx)
	e := Entry{Time: l.options.Now(), Who: actor.Name, Role: actor.Role, Address: actor.Address, Action: action, Target: cut(target, maxTarget), Outcome: Done}
	if err != nil {
		e.Outcome, e.Detail = Failed, cut(err.Error(), maxDetail)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	if err := l.write(ctx, e); err != nil {
		l.options.Log.ErrorContext(ctx, "the audit log cannot be written to", "who", e.Who, "action", e.Action, "target", e.Target, "outcome", e.Outcome, "error", err)
	}
}

func (l *Log) write(ctx context.Context, e Entry) error {
	row := l.db.QueryRowContext(ctx, l.db.Rebind(`INSERT INTO audit (at, who, role, address, action, target, outcome, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`),
		e.Time.UnixMilli(), e.Who, e.Role, e.Address, string(e.Action), e.Target, e.Outcome, e.Detail)
	if err := row.Scan(&e.Seq); err != nil {
		return err
	}
	_, err := l.db.ExecContext(ctx, l.db.Rebind(`DELETE FROM audit WHERE seq <= ?`), e.Seq-l.options.Keep)
	return err
}

// cut bounds a text, and leaves out what databases do not take.
func cut(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit] + "..."
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// List returns up to limit entries before a sequence number, the newest first;
// before 0 begins with the newest.
func (l *Log) List(ctx context.Context, before int64, limit int) ([]Entry, error) {
	query, args := `SELECT seq, at, who, role, address, action, target, outcome, detail FROM audit`, []any{}
	if before > 0 {
		query, args = query+` WHERE seq < ?`, append(args, before)
	}
	rows, err := l.db.QueryContext(ctx, l.db.Rebind(query+` ORDER BY seq DESC LIMIT ?`), append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	defer func() { _ = rows.Close() }()
	list := []Entry{}
	for rows.Next() {
		var e Entry
		var at int64
		if err := rows.Scan(&e.Seq, &at, &e.Who, &e.Role, &e.Address, &e.Action, &e.Target, &e.Outcome, &e.Detail); err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		e.Time = time.UnixMilli(at).UTC()
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	return list, nil
}

var _ Recorder = (*Log)(nil)
