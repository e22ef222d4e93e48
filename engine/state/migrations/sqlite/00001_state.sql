-- +goose Up
CREATE TABLE definitions (
    key         INTEGER PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    process     TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    resource    TEXT    NOT NULL,
    xml         BLOB    NOT NULL
);
CREATE TABLE activity (
    executable  TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL, -- nanoseconds since 1970
    severity    TEXT    NOT NULL,
    tag         TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    data        TEXT    NOT NULL, -- JSON, or empty
    PRIMARY KEY (executable, seq)
) WITHOUT ROWID;
CREATE TABLE cursors (
    executable  TEXT PRIMARY KEY,
    data        BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE paused (
    executable  TEXT PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE leases (
    name        TEXT PRIMARY KEY,
    owner       TEXT    NOT NULL,
    ends        INTEGER NOT NULL -- milliseconds since 1970
) WITHOUT ROWID;
