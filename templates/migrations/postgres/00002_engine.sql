-- +goose Up
ALTER TABLE templates ADD COLUMN engine TEXT NOT NULL DEFAULT '';
UPDATE templates SET engine = COALESCE(info::json ->> 'engine', '');
-- By bytes, as the program sorts.
ALTER TABLE templates ALTER COLUMN sort TYPE TEXT COLLATE "C", ALTER COLUMN id TYPE TEXT COLLATE "C";

-- +goose Down
ALTER TABLE templates DROP COLUMN engine;
