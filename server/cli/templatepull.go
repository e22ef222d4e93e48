package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"patchbay/templates"
)

type templatePullCmd struct {
	serverFlags
	Dir      string        `arg:"" help:"Folder, such as .camunda/element-templates beside a diagram, where the Desktop Modeler looks."`
	Format   string        `enum:"array,files" default:"array" help:"One file with an array of all, which the Desktop Modeler reads, or a file each, which the Web Modeler takes, too: ${enum}."`
	Engine   string        `placeholder:"VERSION" help:"Only templates for this version of Camunda, such as 8.8."`
	Watch    bool          `help:"Go on, and write what is published from now on."`
	Interval time.Duration `default:"1s" help:"How often --watch asks for changes."`
}

func (templatePullCmd) Help() string {
	return `Example: patchbay template pull .camunda/element-templates --watch

Writes the latest version of every template. What an earlier pull wrote and the server no longer has is removed; other
files stay as they are. The Desktop Modeler shows a change when its window gets the focus.`
}

// pulledFile holds the latest version of every template, as one array.
const pulledFile = "patchbay.json"

// pulledList names the files that were written, a line each, so that those
// which the server no longer has can be told from other files.
const pulledList = ".patchbay-pulled"

func (c *templatePullCmd) Run(ctx context.Context, s Streams) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", c.Dir, pathCause(err))
	}
	last, err := c.pull(ctx, s, "")
	if err != nil || !c.Watch {
		return err
	}
	if c.Interval <= 0 {
		return usage(fmt.Errorf("--interval %s: expected more than 0", c.Interval))
	}
	look := time.NewTicker(c.Interval)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		next, err := c.pull(ctx, s, last)
		if err != nil && ctx.Err() == nil { // the server may come back
			fmt.Fprintf(s.Err, "patchbay: %v\n", err)
		}
		if err == nil {
			last = next
		}
	}
}

// pull writes the files unless the server's tag for them is still the last one,
// and returns that tag.
func (c *templatePullCmd) pull(ctx context.Context, s Streams, last string) (tag string, err error) {
	header := http.Header{}
	if last != "" {
		header.Set("If-None-Match", last)
	}
	answer, err := c.sendWith(ctx, http.MethodGet, "/api/v1/element-templates.json?engine="+url.QueryEscape(c.Engine), header, nil)
	switch {
	case answer.status == http.StatusNotModified:
		return last, nil
	case err != nil:
		return last, err
	}
	files, err := c.files(answer.body)
	if err == nil {
		err = c.write(s, files)
	}
	if err != nil {
		return last, err
	}
	return answer.header.Get("ETag"), nil
}

// files are the texts to write, by name.
func (c *templatePullCmd) files(text []byte) (map[string][]byte, error) {
	if c.Format == "array" {
		return map[string][]byte{pulledFile: text}, nil
	}
	list, err := templates.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read the server's templates: %w", err)
	}
	files := map[string][]byte{}
	for _, t := range list {
		files[templates.Info{ID: t.ID}.FileName()] = append(bytes.TrimSpace(t.Raw), '\n')
	}
	return files, nil
}

// write makes the folder hold these files, among those that pull has written.
func (c *templatePullCmd) write(s Streams, files map[string][]byte) error {
	before, err := c.written()
	if err != nil {
		return err
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	// The list goes first, so that a pull that is broken off loses no file.
	if err := c.remember(slices.Concat(names, before)); err != nil {
		return err
	}
	for _, name := range names {
		if err := c.replace(s, name, files[name]); err != nil {
			return err
		}
	}
	for _, name := range before {
		if _, stays := files[name]; stays {
			continue
		}
		if err := os.Remove(filepath.Join(c.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove %s: %w", filepath.Join(c.Dir, name), pathCause(err))
		}
		fmt.Fprintf(s.Out, "removed %s\n", filepath.Join(c.Dir, name))
	}
	return c.remember(names)
}

// written are the files that earlier pulls have written. Names that none of them
// can have written do not count.
func (c *templatePullCmd) written() ([]string, error) {
	text, err := readFile(filepath.Join(c.Dir, pulledList))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	names := strings.Fields(string(text))
	return slices.DeleteFunc(names, func(name string) bool { return filepath.Base(name) != name || filepath.Ext(name) != ".json" }), err
}

func (c *templatePullCmd) remember(names []string) error {
	slices.Sort(names)
	return c.put(pulledList, []byte(strings.Join(slices.Compact(names), "\n")+"\n"))
}

// replace writes a file unless it has that text already.
func (c *templatePullCmd) replace(s Streams, name string, text []byte) error {
	if has, err := readFile(filepath.Join(c.Dir, name)); err == nil && bytes.Equal(has, text) {
		return nil
	}
	if err := c.put(name, text); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "wrote %s\n", filepath.Join(c.Dir, name))
	return nil
}

// put writes a file so that a reader sees the old text or the new.
func (c *templatePullCmd) put(name string, text []byte) error {
	file := filepath.Join(c.Dir, name)
	part := file + ".part"
	err := os.WriteFile(part, text, 0o644)
	if err == nil {
		err = os.Rename(part, file)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", file, pathCause(err))
	}
	return nil
}
