package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"patchbay/server"
	"patchbay/templates"
)

type templateTestCmd struct {
	Files []string `arg:"" name:"file" help:"Template files, or folders of them; the cases of rates.json lie beside it in rates.test.json."`
}

func (templateTestCmd) Help() string {
	return `Example: patchbay template test templates/*.json

No request leaves the machine: what no stub of a case answers fails. patchbay template from-curl --test writes a first
case.

The file is {"cases": [...]}. A case has a name, values of the template's properties, variables, secrets, stub, and
expect: exactly one of variables, bpmnError and failure, and requests where they matter. One of an inbound connector has
event, as --event of patchbay template try, and may expect message {name, correlationKey, id} and answer {status, headers,
body}.`
}

func (c *templateTestCmd) Run(ctx context.Context, s Streams) error {
	files, err := withFolders(c.Files)
	if err != nil {
		return err
	}
	passed, failed := 0, 0
	for _, file := range files {
		template, suite, err := readSuite(file)
		if errors.Is(err, errNoCases) {
			fmt.Fprintf(s.Out, "%s: no cases (%s)\n", file, templates.SuiteName(file))
			continue
		}
		if err != nil {
			return err
		}
		for _, r := range suite.Run(ctx, template, server.Cases{}) {
			failed += printCase(s, file, r)
			passed++
		}
	}
	if failed > 0 {
		fmt.Fprintf(s.Out, "%d of %s failed\n", failed, plural(passed, "case"))
		return said()
	}
	return nil
}

// withFolders puts the template files of folders, and the templates of files of
// cases, in their place, each file once.
func withFolders(names []string) ([]string, error) {
	var files []string
	seen := map[string]bool{}
	for _, name := range names {
		list := []string{templates.Tested(name)}
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			if list, err = templateFiles(name); err != nil {
				return nil, err
			}
			if len(list) == 0 {
				return nil, fmt.Errorf("read %s: the folder has no template files (*.json)", name)
			}
		}
		for _, file := range list {
			if !seen[file] {
				seen[file] = true
				files = append(files, file)
			}
		}
	}
	return files, nil
}

// errNoCases says that no cases lie beside a template.
var errNoCases = errors.New("no cases")

// readSuite reads a template and the cases beside it.
func readSuite(file string) (*templates.Template, *templates.Suite, error) {
	template, err := oneTemplate(file)
	if err != nil {
		return nil, nil, err
	}
	name := templates.SuiteName(file)
	text, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, errNoCases
	}
	if err != nil {
		return nil, nil, err
	}
	suite, err := templates.ParseSuite(text)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", name, err)
	}
	return template, suite, nil
}

func printCase(s Streams, file string, r templates.CaseResult) (failed int) {
	if len(r.Problems) == 0 {
		fmt.Fprintf(s.Out, "ok   %s: %s\n", file, r.Name)
		return 0
	}
	fmt.Fprintf(s.Out, "FAIL %s: %s\n", file, r.Name)
	for _, p := range r.Problems {
		fmt.Fprintf(s.Out, "       %s\n", p)
	}
	return 1
}

type templateDiffCmd struct {
	Old  string `arg:"" help:"File of the version that diagrams use now."`
	New  string `arg:"" help:"File of the version to come."`
	JSON bool   `name:"json" help:"Print a JSON object per change: {\"breaking\",\"property\",\"message\"}."`
}

func (templateDiffCmd) Help() string {
	return `Example: patchbay template diff rates-1.json rates-2.json

Exit 1 when something breaks existing diagrams.`
}

func (c *templateDiffCmd) Run(s Streams) error {
	from, err := oneTemplate(c.Old)
	if err != nil {
		return err
	}
	to, err := oneTemplate(c.New)
	if err != nil {
		return err
	}
	breaking := false
	for _, change := range templates.Compare(from, to) {
		breaking = breaking || change.Breaking
		if c.JSON {
			printJSON(s.Out, change)
		} else {
			fmt.Fprintln(s.Out, change)
		}
	}
	if breaking {
		return said()
	}
	return nil
}
