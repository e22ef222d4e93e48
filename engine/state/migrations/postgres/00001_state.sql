-- +goose Up
CREATE TABLE definitions (
    key         BIGINT PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    process     TEXT    NOT NULL,
    version     BIGINT NOT NULL,
    resource    TEXT    NOT NULL,
    xml         BYTEA    NOT NULL
);
CREATE TABLE activity (
    executable  TEXT    NOT NULL,
    seq         BIGINT NOT NULL,
    at          BIGINT NOT NULL, -- nanoseconds since 1970
    severity    TEXT    NOT NULL,
    tag         TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    data        TEXT    NOT NULL, -- JSON, or empty
    PRIMARY KEY (executable, seq)
);
CREATE TABLE cursors (
    executable  TEXT PRIMARY KEY,
    data        BYTEA NOT NULL
);
CREATE TABLE paused (
    executable  TEXT PRIMARY KEY
);
CREATE TABLE leases (
    name        TEXT PRIMARY KEY,
    owner       TEXT    NOT NULL,
    ends        BIGINT NOT NULL -- milliseconds since 1970
);
