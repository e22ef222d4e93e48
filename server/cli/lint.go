package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"patchbay/server"
	"patchbay/templates"
)

type templateLintCmd struct {
	Files   []string `arg:"" name:"file" help:"Template files, one template or an array each, or folders of them."`
	Format  string   `enum:"text,json,sarif,github" default:"text" help:"Form of the findings: ${enum} (sarif prints one SARIF 2.1.0 log, github workflow annotations)."`
	Against []string `placeholder:"FILE|DIR" help:"Published templates, to see whether versions are raised; repeatable."`
	Server  string   `env:"" placeholder:"URL" help:"A running patchbay serve whose catalog has the published templates."`
	Token   string   `placeholder:"T" help:"API token, where the server asks for one."`
}

func (templateLintCmd) Help() string {
	return `Example: patchbay template lint templates/*.json --server http://127.0.0.1:8086

Says what a modeler or a process would stumble over, each with its place and a fix. With --server or
--against it also says which templates have changed but kept their version.

Exit 1 when something is an error; warnings alone exit 0.`
}

// fileFinding is a finding with its file, as --format json prints it.
type fileFinding struct {
	File string `json:"file"`
	templates.Finding
}

func (c *templateLintCmd) Run(ctx context.Context, s Streams) error {
	findings, err := c.findings(ctx)
	if err != nil {
		return err
	}
	findingWriters[c.Format](s.Out, findings)
	if c.Format == "text" && len(findings) == 0 {
		fmt.Fprintf(s.Out, "nothing to complain about in %s\n", plural(len(c.Files), "file"))
	}
	for _, f := range findings {
		if f.Severity == templates.SeverityError {
			return said()
		}
	}
	return nil
}

func (c *templateLintCmd) findings(ctx context.Context) ([]fileFinding, error) {
	published, err := c.published(ctx)
	if err != nil {
		return nil, err
	}
	var all []fileFinding
	if c.Files, err = withFolders(c.Files); err != nil {
		return nil, err
	}
	for _, file := range c.Files {
		text, err := readFile(file)
		if err != nil {
			return nil, err
		}
		_, findings := server.Inspect(text, published.latest)
		if published.err != nil {
			return nil, published.err
		}
		for _, f := range findings {
			all = append(all, fileFinding{file, f})
		}
	}
	return all, nil
}

// findingWriters print findings by --format.
var findingWriters = map[string]func(io.Writer, []fileFinding){
	"text": eachFinding(func(w io.Writer, f fileFinding) { fmt.Fprintf(w, "%s:%s\n", f.File, f.Finding) }),
	"json": eachFinding(func(w io.Writer, f fileFinding) { printJSON(w, f) }),
	"github": eachFinding(func(w io.Writer, f fileFinding) {
		fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", f.Severity, annotationValue.Replace(f.File), f.Line, f.Column, f.Rule,
			annotationText.Replace(strings.TrimPrefix(f.Pointer+": ", ": ")+messageAndFix(f)))
	}),
	"sarif": func(w io.Writer, findings []fileFinding) { printJSON(w, sarif(findings)) },
}

func eachFinding(write func(io.Writer, fileFinding)) func(io.Writer, []fileFinding) {
	return func(w io.Writer, findings []fileFinding) {
		for _, f := range findings {
			write(w, f)
		}
	}
}

// The escapes of workflow commands, in texts and in the values of parameters.
var (
	annotationText  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationValue = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
