package cli

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

type templatePullCmd struct {
	serverFlags
	Dir      string        `arg:"" help:"Folder, such as .camunda/element-templates beside a diagram, where the Desktop Modeler looks."`
	Watch    bool          `help:"Go on, and write what is published from now on."`
	Interval time.Duration `default:"2s" help:"How often --watch looks."`
}

func (templatePullCmd) Help() string {
	return `Example: patchbay template pull .camunda/element-templates --watch`
}

// pulledFile holds the latest version of every template, as one array.
const pulledFile = "patchbay.json"

func (c *templatePullCmd) Run(ctx context.Context, s Streams) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", c.Dir, pathCause(err))
	}
	last, err := c.pull(ctx, s, nil)
	if err != nil || !c.Watch {
		return err
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
		if err != nil { // the server may come back
			fmt.Fprintf(s.Err, "patchbay: %v\n", err)
			continue
		}
		last = next
	}
}

// pull writes the file when it differs from last, and returns its text.
func (c *templatePullCmd) pull(ctx context.Context, s Streams, last []byte) ([]byte, error) {
	_, text, err := c.send(ctx, http.MethodGet, "/api/v1/element-templates.json", nil)
	if err != nil || bytes.Equal(text, last) {
		return last, err
	}
	file := filepath.Join(c.Dir, pulledFile)
	if err := replaceFile(file, text); err != nil {
		return last, fmt.Errorf("write %s: %w", file, pathCause(err))
	}
	fmt.Fprintf(s.Out, "wrote %s\n", file)
	return text, nil
}

// replaceFile writes a file so that a reader sees the old text or the new.
func replaceFile(file string, text []byte) error {
	part := file + ".part"
	if err := os.WriteFile(part, text, 0o644); err != nil {
		return err
	}
	return os.Rename(part, file)
}
