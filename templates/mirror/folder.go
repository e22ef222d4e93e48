package mirror

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"patchbay/schema"
	"patchbay/templates"
)

// maxFiles is how many template files a folder may have.
const maxFiles = 20_000

// Folder is a folder of template files, *.json, at any depth, as it is now. Its
// hidden folders, node_modules, files of cases and JSON that is no template are
// passed over.
type Folder struct{ Path string }

// Read implements Source.
func (f Folder) Read(ctx context.Context, _ Known, yield func(Text) error) error {
	root, err := filepath.EvalSymlinks(f.Path)
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Path, cause(err))
	}
	count := 0
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == root:
			return fmt.Errorf("read %s: %w", f.Path, cause(err))
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return yield(Text{From: path, Err: cause(err)})
		case entry.IsDir():
			if path != root && passedOver(entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		case !entry.Type().IsRegular() || !isTemplateFile(path):
			return nil
		}
		if count++; count > maxFiles {
			return fmt.Errorf("read %s: more than %d files", f.Path, maxFiles)
		}
		text, err := readFile(path)
		if err != nil {
			return yield(Text{From: path, Err: err})
		}
		if !LooksLikeTemplate(text) {
			return nil
		}
		return yield(Text{From: path, Content: text})
	})
}

func passedOver(folder string) bool {
	return folder == "node_modules" || strings.HasPrefix(folder, ".") && folder != ".camunda"
}

func isTemplateFile(path string) bool {
	return strings.HasSuffix(path, ".json") && !templates.IsSuite(path)
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, schema.MaxDocument+1))
	if err == nil && len(text) > schema.MaxDocument {
		err = fmt.Errorf("larger than %d MiB", schema.MaxDocument>>20)
	}
	return text, cause(err)
}

// cause takes away what os adds, since the text names the file already.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// LooksLikeTemplate tells templates, also broken ones, from other JSON: the
// schema's name is in it, or the first object has what it applies to.
func LooksLikeTemplate(text []byte) bool {
	if bytes.Contains(text, []byte("element-templates-json-schema")) {
		return true
	}
	var one struct{ AppliesTo, Properties json.RawMessage }
	if json.Unmarshal(text, &one) == nil {
		return one.AppliesTo != nil && one.Properties != nil
	}
	var list []struct{ AppliesTo, Properties json.RawMessage }
	return json.Unmarshal(text, &list) == nil && len(list) > 0 && list[0].AppliesTo != nil && list[0].Properties != nil
}

var _ Source = Folder{}
