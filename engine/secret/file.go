package secret

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"patchbay/protocols/value"
)

// maxFile bounds what is read of a file, in bytes.
const maxFile = 1 << 20

// File is a Provider of one file, read again when it has changed. It holds a
// JSON object of strings, or lines NAME=VALUE, where empty lines and those
// that begin with "#" do not count.
type File struct {
	path string

	mu     sync.Mutex
	stamp  stamp
	values map[string]string
}

// stamp tells versions of a file apart.
type stamp struct {
	changed time.Time
	size    int64
}

// NewFile returns a provider of the file at path, which need not exist yet.
func NewFile(path string) *File { return &File{path: path} }

// Secret implements Provider. A missing file knows no secret; one that cannot
// be read or understood is an error.
func (f *File) Secret(_ context.Context, q Query) (string, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refresh(); err != nil {
		return "", false, err
	}
	value, ok := f.values[q.Name]
	return value, ok, nil
}

// Hint names the file.
func (f *File) Hint(name string) string { return fmt.Sprintf("add %s to %s", name, f.path) }

func (f *File) refresh() error {
	info, err := os.Stat(f.path)
	if os.IsNotExist(err) {
		f.stamp, f.values = stamp{}, nil
		return nil
	}
	if err != nil {
		return err
	}
	now := stamp{info.ModTime(), info.Size()}
	if now == f.stamp {
		return nil
	}
	if info.Size() > maxFile {
		return fmt.Errorf("read %s: larger than %d bytes", f.path, maxFile)
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	values, err := parseFile(data)
	if err != nil {
		return fmt.Errorf("read %s: %w", f.path, err)
	}
	f.stamp, f.values = now, values
	return nil
}

func parseFile(data []byte) (map[string]string, error) {
	if strings.HasPrefix(strings.TrimSpace(string(data)), "{") {
		return parseJSON(data)
	}
	values := map[string]string{}
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, text, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("line %d: expected NAME=VALUE", i+1)
		}
		values[strings.TrimSpace(name)] = strings.TrimSpace(text)
	}
	return values, nil
}

func parseJSON(data []byte) (map[string]string, error) {
	v, err := value.Decode(data)
	if err != nil {
		return nil, err
	}
	object, _ := v.(map[string]any)
	values := map[string]string{}
	for name, v := range object {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("/%s: expected a string but got %s", name, value.TypeName(v))
		}
		values[name] = text
	}
	return values, nil
}

// Dir is a Provider of a directory with one file for each secret, named like
// it, as Kubernetes and Docker mount them. Files are read anew for each job, so
// a change shows at once; one line break at the end does not count.
type Dir struct{ path string }

// NewDir returns a provider of the directory at path, which need not exist yet.
func NewDir(path string) *Dir { return &Dir{path: path} }

// Secret implements Provider. Names cannot lead out of the directory.
func (d *Dir) Secret(_ context.Context, q Query) (string, bool, error) {
	root, err := os.OpenRoot(d.path)
	if os.IsNotExist(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	defer root.Close()
	f, err := root.Open(q.Name)
	if err != nil {
		return "", false, nil // no such file, or one outside
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return "", false, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("larger than %d bytes", maxFile)
	}
	if err != nil {
		return "", false, fmt.Errorf("read %s in %s: %w", q.Name, d.path, err)
	}
	return string(bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))), true, nil
}

// Hint names the file to add.
func (d *Dir) Hint(name string) string { return fmt.Sprintf("add the file %s to %s", name, d.path) }
