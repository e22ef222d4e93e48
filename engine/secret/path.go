package secret

import (
	"context"
	"os"
)

// Path is a Provider of what a path holds when a secret is asked for: a File, or
// a Dir that may be mounted later.
type Path struct {
	path string
	file *File
	dir  *Dir
}

// NewPath returns a provider of the file or directory at path, which need not
// exist yet.
func NewPath(path string) *Path { return &Path{path, NewFile(path), NewDir(path)} }

// Secret implements Provider.
func (p *Path) Secret(ctx context.Context, q Query) (string, bool, error) {
	return p.now().Secret(ctx, q)
}

// Hint says what to add.
func (p *Path) Hint(name string) string { return p.now().Hint(name) }

func (p *Path) now() interface {
	Provider
	Hinter
} {
	if info, err := os.Stat(p.path); err == nil && info.IsDir() {
		return p.dir
	}
	return p.file
}
