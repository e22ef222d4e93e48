-- +goose Up
-- What was deleted, so that its version never stands for another text.
CREATE TABLE template_deletions (
    id         TEXT NOT NULL,
    version    BIGINT NOT NULL,
    hash       TEXT NOT NULL,
    deleted_at BIGINT NOT NULL,
    PRIMARY KEY (id, version)
);

-- +goose Down
DROP TABLE template_deletions;
