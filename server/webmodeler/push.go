package webmodeler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"patchbay/templates"
)

// Target is where templates go.
type Target struct {
	// Project is the id of a project, as its address has it.
	Project string
	// Folder is the id of a folder of the project; empty for the project itself.
	Folder string
	// FileType is what the Web Modeler calls templates: "connector_template",
	// "element_template" from 8.10 on.
	FileType string
}

// Outcome is what became of a template.
type Outcome string

// The outcomes.
const (
	Created Outcome = "created"
	Updated Outcome = "updated"
	Same    Outcome = "unchanged"
)

// Pushed is a template's file after it was pushed.
type Pushed struct {
	Outcome Outcome
	// File is the file's id.
	File string
	// ID is the template's id there. Web Modelers before 8.8 replace it by the
	// file's id, so diagrams there use another template than elsewhere.
	ID string
}

// metadata and file are what the API answers.
type metadata struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	ProjectID string `json:"projectId"`
	FolderID  string `json:"folderId"`
	Revision  int64  `json:"revision"`
	Type      string `json:"type"`
}

type file struct {
	Metadata metadata `json:"metadata"`
	Content  string   `json:"content"`
}

// fileTypes are all names of templates among the types of files.
var fileTypes = []string{"connector_template", "element_template"}

// maxFiles is how many files of a project are looked at.
const maxFiles = 5_000

// Push creates the file of a template, or replaces its content. The file is
// found by the template's id, else by its name.
func (c *Client) Push(ctx context.Context, t *templates.Template, to Target) (Pushed, error) {
	found, err := c.find(ctx, t, to)
	if err != nil {
		return Pushed{}, err
	}
	if found != nil && found.Content == string(t.Raw) {
		return Pushed{Same, found.Metadata.ID, t.ID}, nil
	}
	outcome, stored := Updated, metadata{}
	if found == nil {
		outcome = Created
		create := map[string]any{"name": t.Name, "projectId": to.Project, "content": string(t.Raw), "fileType": to.FileType}
		if to.Folder != "" {
			create["folderId"] = to.Folder
		}
		err = c.call(ctx, http.MethodPost, "/files", create, &stored)
	} else {
		update := map[string]any{"name": t.Name, "content": string(t.Raw), "revision": found.Metadata.Revision}
		err = c.call(ctx, http.MethodPatch, "/files/"+url.PathEscape(found.Metadata.ID), update, &stored)
	}
	if err != nil {
		return Pushed{}, err
	}
	after, err := c.file(ctx, stored.ID)
	if err != nil {
		return Pushed{}, err
	}
	return Pushed{outcome, stored.ID, idOf(after.Content)}, nil
}

// find looks for a template's file in the project: first among those of its
// name, which is one request for most.
func (c *Client) find(ctx context.Context, t *templates.Template, to Target) (*file, error) {
	list, err := c.list(ctx, to)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b metadata) int { return boolOrder(b.Name == t.Name) - boolOrder(a.Name == t.Name) })
	var named *file
	for _, m := range list {
		f, err := c.file(ctx, m.ID)
		var refused *refusal
		if errors.As(err, &refused) && refused.status == http.StatusNotFound { // deleted meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		if idOf(f.Content) == t.ID {
			return f, nil
		}
		if named == nil && m.Name == t.Name {
			named = f
		}
	}
	return named, nil
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// list returns the templates of a project, without their content.
func (c *Client) list(ctx context.Context, to Target) ([]metadata, error) {
	const size = 50 // the most that the API gives
	var all []metadata
	seen := 0
	for page := 0; ; page++ {
		var found struct {
			Items []metadata `json:"items"`
			Total int        `json:"total"`
		}
		search := map[string]any{"filter": map[string]string{"projectId": to.Project}, "page": page, "size": size}
		if err := c.call(ctx, http.MethodPost, "/files/search", search, &found); err != nil {
			return nil, err
		}
		for _, m := range found.Items {
			if slices.Contains(fileTypes, m.Type) {
				all = append(all, m)
			}
		}
		if seen += len(found.Items); len(found.Items) < size || seen >= found.Total {
			return all, nil
		}
		if seen >= maxFiles {
			return nil, fmt.Errorf("the project has more than %d files; push to a smaller one", maxFiles)
		}
	}
}

func (c *Client) file(ctx context.Context, id string) (*file, error) {
	f := &file{}
	return f, c.call(ctx, http.MethodGet, "/files/"+url.PathEscape(id), nil, f)
}

// idOf is the id of the template in a file; empty if it has none.
func idOf(content string) string {
	var t struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal([]byte(content), &t) // not every file is whole while somebody writes it
	return t.ID
}
