package cli

import (
	"fmt"
	"io"

	"patchbay/server"
	"patchbay/templates"
)

type templateLintCmd struct {
	Files  []string `arg:"" name:"file" help:"Template files: one template or an array each."`
	Format string   `enum:"text,json,github" default:"text" help:"Form of the findings: ${enum} (github prints workflow annotations)."`
}

func (templateLintCmd) Help() string {
	return `Example: patchbay template lint templates/*.json

Exit 1 when something is an error; warnings alone exit 0.`
}

// fileFinding is a finding with its file, as --format json prints it.
type fileFinding struct {
	File string `json:"file"`
	templates.Finding
}

func (c *templateLintCmd) Run(s Streams) error {
	write, failed, total := findingWriters[c.Format], false, 0
	for _, file := range c.Files {
		text, err := readFile(file)
		if err != nil {
			return err
		}
		_, findings := server.Inspect(text, nil)
		failed = failed || templates.HasErrors(findings)
		total += len(findings)
		for _, f := range findings {
			write(s.Out, fileFinding{file, f})
		}
	}
	if c.Format == "text" && total == 0 {
		fmt.Fprintf(s.Out, "nothing to complain about in %s\n", plural(len(c.Files), "file"))
	}
	if failed {
		return said()
	}
	return nil
}

// findingWriters print a finding as a line, by --format.
var findingWriters = map[string]func(io.Writer, fileFinding){
	"text": func(w io.Writer, f fileFinding) { fmt.Fprintf(w, "%s:%s\n", f.File, f.Finding) },
	"json": func(w io.Writer, f fileFinding) { printJSON(w, f) },
	"github": func(w io.Writer, f fileFinding) {
		fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d::%s: %s\n", f.Severity, f.File, f.Line, f.Column, f.Pointer, f.Message)
	},
}
