-- +goose Up
CREATE TABLE templates (
    id           TEXT NOT NULL,
    version      BIGINT NOT NULL,
    latest       SMALLINT NOT NULL,
    job_type     TEXT NOT NULL,
    names        TEXT NOT NULL,
    protocol     TEXT NOT NULL,
    kinds        TEXT NOT NULL,
    tags         TEXT NOT NULL,
    search       TEXT NOT NULL,
    sort         TEXT NOT NULL,
    hash         TEXT NOT NULL,
    deprecated   SMALLINT NOT NULL,
    published_at BIGINT NOT NULL,
    info         TEXT NOT NULL,
    PRIMARY KEY (id, version)
);
CREATE INDEX templates_latest ON templates (latest, sort, id);
CREATE INDEX templates_job_type ON templates (job_type, published_at);

CREATE TABLE template_texts (
    id      TEXT NOT NULL,
    version BIGINT NOT NULL,
    text    BYTEA NOT NULL,
    PRIMARY KEY (id, version)
);

-- +goose Down
DROP TABLE template_texts;
DROP TABLE templates;
