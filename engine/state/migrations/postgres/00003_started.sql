-- +goose Up
CREATE TABLE started (
    event  TEXT PRIMARY KEY, -- digest of an element and a message's id
    ends   BIGINT NOT NULL -- milliseconds since 1970: when it may be forgotten
);
CREATE INDEX started_ends ON started (ends);
