-- +goose Up
CREATE TABLE dead_letters (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    executable  TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    at          INTEGER NOT NULL, -- nanoseconds since 1970
    tenant      TEXT    NOT NULL,
    process     TEXT    NOT NULL,
    element     TEXT    NOT NULL,
    replays     INTEGER NOT NULL,
    source      TEXT    NOT NULL,
    message     TEXT, -- the message's id, null if it has none
    code        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    content     BLOB NOT NULL, -- JSON
    UNIQUE (executable, message)
);
