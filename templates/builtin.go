package templates

import (
	"embed"
	"io/fs"
	"strings"
	"sync"

	"patchbay/schema"
)

//go:embed frankfurter github memory mqtt nats polling rest webhook
var builtinFiles embed.FS

// BuiltIn returns the templates that come with patchbay, in the order of their
// files. They are read once; nobody may change them.
func BuiltIn() []*Template { return builtIn() }

var builtIn = sync.OnceValue(func() []*Template {
	var all []*Template
	_ = fs.WalkDir(builtinFiles, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, testSuffix) {
			return err
		}
		raw, err := builtinFiles.ReadFile(path)
		if err != nil {
			return err
		}
		// The files are part of the program, and tests hold them to the schema:
		// compiling that takes longer than all else when a process starts.
		d, err := schema.Parse(raw)
		if err != nil {
			panic(path + ": " + err.Error())
		}
		all = append(all, decodeAll(d, raw)...)
		return nil
	})
	return all
})

// testSuffix ends the names of files with cases that test a template.
const testSuffix = ".test.json"
