package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime/multipart"
	"net/http"
	"slices"

	"patchbay/templates"
)

type templatePublishCmd struct {
	serverFlags
	Files []string `arg:"" name:"file" help:"Template files: one template or an array each."`
	JSON  bool     `name:"json" help:"Print the server's answer, a line per file."`
}

func (templatePublishCmd) Help() string {
	return `Example: patchbay template publish rates.json --server http://127.0.0.1:8086

The cases of rates.json lie beside it in rates.test.json; where they do, the server runs them, and publishes the template if they pass.
Versions only rise: of several files, those with lower versions go first.`
}

func (c *templatePublishCmd) Run(ctx context.Context, s Streams) error {
	list, err := c.read()
	if err != nil {
		return err
	}
	for _, p := range list {
		_, answer, err := c.sendAs(ctx, http.MethodPost, "/api/v1/templates", p.contentType, p.body)
		if err != nil {
			return fmt.Errorf("publish %s: %w", p.file, err)
		}
		if c.JSON {
			fmt.Fprintf(s.Out, "%s\n", bytes.TrimSpace(answer))
			continue
		}
		if err := printPublished(s.Out, answer); err != nil {
			return fmt.Errorf("publish %s: read the answer: %w", p.file, err)
		}
	}
	return nil
}

// publication is a template file as it is sent.
type publication struct {
	file        string
	contentType string
	body        []byte
	highest     json.Number // of the versions in it
}

// read reads all files, those with lower versions first. Files of cases among
// them go with their templates.
func (c *templatePublishCmd) read() ([]publication, error) {
	var list []publication
	for _, file := range c.Files {
		if templates.IsSuite(file) {
			continue
		}
		p, err := newPublication(file)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if len(list) == 0 {
		return nil, usage(fmt.Errorf("%s: cases alone cannot be published; give the file of their template", c.Files[0]))
	}
	slices.SortStableFunc(list, func(a, b publication) int { return compareVersions(a.highest, b.highest) })
	return list, nil
}

func newPublication(file string) (publication, error) {
	text, err := readFile(file)
	if err != nil {
		return publication{}, err
	}
	p := publication{file: file, contentType: "application/json", body: text, highest: highestVersion(text)}
	tests, err := readFile(templates.SuiteName(file))
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return publication{}, err
	}
	p.body, p.contentType, err = form(text, tests)
	return p, err
}

// form puts a template and its cases into one request.
func form(template, tests []byte) (body []byte, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, part := range []struct {
		name string
		text []byte
	}{{"template", template}, {"tests", tests}} {
		file, err := w.CreateFormFile(part.name, part.name+".json")
		if err != nil {
			return nil, "", err
		}
		if _, err := file.Write(part.text); err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

// highestVersion looks into a file as far as it can be read; the server says
// what is wrong with it.
func highestVersion(text []byte) json.Number {
	type versioned struct{ Version json.Number }
	list := []versioned{{}}
	if json.Unmarshal(text, &list[0]) != nil && json.Unmarshal(text, &list) != nil || len(list) == 0 {
		return ""
	}
	return slices.MaxFunc(list, func(a, b versioned) int { return compareVersions(a.Version, b.Version) }).Version
}

func compareVersions(a, b json.Number) int {
	x, _ := a.Int64() // 0 without a version
	y, _ := b.Int64()
	return cmp.Compare(x, y)
}
