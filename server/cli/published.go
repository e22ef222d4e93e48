package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"patchbay/templates"
	"patchbay/templates/mirror"
)

// publishedTemplates finds the highest published version of templates: in
// files, and in a server's catalog.
type publishedTemplates struct {
	known map[string]*templates.Template
	ask   func(id string) (*templates.Template, error) // nil without a server
	// err is the first that went wrong when the server was asked.
	err error
}

// latest returns the highest published version, or nil.
func (p *publishedTemplates) latest(id string) *templates.Template {
	known, asked := p.known[id]
	if p.ask == nil || p.err != nil || asked && known == nil {
		return known
	}
	answered, err := p.ask(id)
	p.err = err
	if answered == nil || known != nil && known.Version > answered.Version {
		answered = known
	}
	p.known[id] = answered
	return answered
}

func (c *templateLintCmd) published(ctx context.Context) (*publishedTemplates, error) {
	p := &publishedTemplates{known: map[string]*templates.Template{}}
	for _, name := range c.Against {
		files, err := templateFiles(name)
		if err != nil {
			return nil, fmt.Errorf("--against: %w", err)
		}
		for _, file := range files {
			list, err := readTemplates(file)
			if err != nil {
				return nil, fmt.Errorf("--against: %w", err)
			}
			for _, t := range list {
				if known := p.known[t.ID]; known == nil || known.Version < t.Version {
					p.known[t.ID] = t
				}
			}
		}
	}
	if c.Server != "" {
		flags := serverFlags{Server: c.Server, Token: c.Token}
		p.ask = func(id string) (*templates.Template, error) { return flags.newest(ctx, id) }
	}
	return p, nil
}

// templateFiles are a file itself, or the template files below a folder; other
// JSON there is passed over.
func templateFiles(name string) ([]string, error) {
	root, err := filepath.EvalSymlinks(name)
	if err != nil {
		return nil, readError(name, err)
	}
	var files []string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return readError(name, err)
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".git") || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case path == root && !entry.IsDir():
			files = append(files, path)
		case strings.HasSuffix(path, ".json") && !templates.IsSuite(path) && entry.Type().IsRegular():
			text, err := readFile(path)
			if err != nil {
				return err
			}
			if mirror.LooksLikeTemplate(text) {
				files = append(files, path)
			}
		}
		return nil
	})
	return files, err
}

// newest asks a server for the highest version of a template; nil if it has none.
func (f serverFlags) newest(ctx context.Context, id string) (*templates.Template, error) {
	path := "/api/v1/templates/" + url.PathEscape(id)
	status, answer, err := f.send(ctx, http.MethodGet, path, nil)
	if status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var versions struct{ Items []catalogEntry }
	if err := json.Unmarshal(answer, &versions); err != nil || len(versions.Items) == 0 {
		return nil, fmt.Errorf("list the versions of %s: the answer names none (%w)", id, errors.Join(err, os.ErrInvalid))
	}
	version := "0"
	if v := versions.Items[0].Version; v != nil {
		version = fmt.Sprint(*v)
	}
	_, text, err := f.send(ctx, http.MethodGet, path+"/versions/"+version, nil)
	if err != nil {
		return nil, err
	}
	list, err := templates.Parse(text)
	if err != nil || len(list) != 1 {
		return nil, fmt.Errorf("read %s@%s of the server: expected one template (%w)", id, version, errors.Join(err, os.ErrInvalid))
	}
	return list[0], nil
}
