-- +goose Up
ALTER TABLE templates ADD COLUMN engine TEXT NOT NULL DEFAULT '';
UPDATE templates SET engine = COALESCE(json_extract(info, '$.engine'), '');
DROP INDEX templates_latest;
CREATE INDEX templates_latest ON templates (latest, sort, id, engine, search);

-- +goose Down
DROP INDEX templates_latest;
CREATE INDEX templates_latest ON templates (latest, sort, id);
ALTER TABLE templates DROP COLUMN engine;
