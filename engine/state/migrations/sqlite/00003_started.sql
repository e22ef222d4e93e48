-- +goose Up
CREATE TABLE started (
    event  TEXT PRIMARY KEY, -- digest of an element and a message's id
    ends   INTEGER NOT NULL -- milliseconds since 1970: when it may be forgotten
) WITHOUT ROWID;
CREATE INDEX started_ends ON started (ends);
