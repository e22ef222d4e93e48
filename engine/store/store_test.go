package store

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

var migrations = fstest.MapFS{
	"sqlite/00001_things.sql":   {Data: []byte("-- +goose Up\nCREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n")},
	"postgres/00001_things.sql": {Data: []byte("-- +goose Up\nCREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT NOT NULL);\n")},
}

func TestOpenMigrateAndKeep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new folder", "patch?bay#1.db")
	for want := range 2 {
		db, err := Open(t.Context(), "sqlite:"+file)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context(), migrations, "things_versions"); err != nil {
			t.Fatal(err)
		}
		var got int
		if err := db.QueryRow("SELECT count(*) FROM things").Scan(&got); err != nil || got != want {
			t.Fatalf("opened for the %d. time: %d things, %v", want+1, got, err)
		}
		if _, err := db.Exec(db.Rebind("INSERT INTO things (name) VALUES (?)"), "a"); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMemoryIsOneDatabase(t *testing.T) {
	db, err := Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context(), migrations, "v"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO things (name) VALUES ('a')"); err != nil || db.Shared() {
		t.Fatalf("%v, shared %v", err, db.Shared())
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	tests := map[string]string{
		"":        "no file is named",
		"sqlite:": "no file is named",
		"postgres://me:hush@127.0.0.1:1/db?connect_timeout=1": "postgres://me:xxxxx@127.0.0.1:1/db",
		"/dev/null/x.db": "open database /dev/null/x.db",
	}
	for dsn, want := range tests {
		_, err := Open(t.Context(), dsn)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: got %v, want %q", dsn, err, want)
		}
	}
}

func TestRebind(t *testing.T) {
	const query = "SELECT a FROM b WHERE c = ? AND d = ?"
	if got := (&DB{dialect: sqlite}).Rebind(query); got != query {
		t.Error(got)
	}
	if got := (&DB{dialect: postgres}).Rebind(query); got != "SELECT a FROM b WHERE c = $1 AND d = $2" {
		t.Error(got)
	}
}

func TestMigrateSaysWhatIsWrong(t *testing.T) {
	db, err := Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	broken := fstest.MapFS{"sqlite/00001_x.sql": {Data: []byte("-- +goose Up\nCREATE TALBE x;\n")}}
	for name, files := range map[string]fstest.MapFS{"broken": broken, "none": {}} {
		if err := db.Migrate(t.Context(), files, "v"); err == nil || !strings.HasPrefix(err.Error(), "migrate the database (v): ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
