package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"patchbay/engine/bpmn"
	"patchbay/templates"
)

type templateCmd struct {
	FromCurl  templateFromCurlCmd  `cmd:"" name:"from-curl" help:"Make a template of a curl command."`
	Try       templateTryCmd       `cmd:"" help:"Run a template once and show every step."`
	Test      templateTestCmd      `cmd:"" help:"Run the cases beside templates."`
	Diff      templateDiffCmd      `cmd:"" help:"Say what a new version breaks in existing diagrams."`
	Pull      templatePullCmd      `cmd:"" help:"Write a server's templates into a folder that the Desktop Modeler reads."`
	Lint      templateLintCmd      `cmd:"" help:"Check template files."`
	Publish   templatePublishCmd   `cmd:"" help:"Publish templates to a running server."`
	Push      templatePushCmd      `cmd:"" name:"push-web-modeler" help:"Put templates into a project of Camunda's Web Modeler."`
	Import    templateImportCmd    `cmd:"" help:"Publish the templates of an index, a folder or a Git history."`
	List      templateListCmd      `cmd:"" help:"List the templates of a running server."`
	Deprecate templateDeprecateCmd `cmd:"" help:"Mark a version as deprecated, or take that back."`
	Delete    templateDeleteCmd    `cmd:"" help:"Delete a version that no deployed process uses."`
	Apply     templateApplyCmd     `cmd:"" help:"Apply a template to an element of a BPMN file, as the modeler does."`
}

type templateApplyCmd struct {
	Template string   `arg:"" help:"Template file, or the id of a built-in template."`
	Process  string   `arg:"" name:"process.bpmn" help:"BPMN file."`
	Element  string   `required:"" placeholder:"ID" help:"Id of the element."`
	Set      []string `sep:"none" placeholder:"PROPERTY=VALUE" help:"Value of a property, by its id or else its binding name; repeatable."`
	Output   string   `short:"o" placeholder:"FILE" help:"Where to write; standard output by default. May be the BPMN file itself."`
}

func (templateApplyCmd) Help() string {
	return `Example:
  patchbay template apply rates.json order.bpmn --element lookup --set from=EUR --set to=USD -o order.bpmn`
}

func (c *templateApplyCmd) Run(s Streams) error {
	template, versions, err := findTemplate(c.Template)
	if err != nil {
		return err
	}
	values, err := settings(c.Set)
	if err != nil {
		return err
	}
	process, err := readFile(c.Process)
	if err != nil {
		return err
	}
	draft, err := bpmn.Edit(process)
	if err != nil {
		return fmt.Errorf("read %s: %w", c.Process, err)
	}
	warnings, err := templates.Apply(draft, c.Element, template, templates.ApplyOptions{Values: values, Find: templates.Lookup(versions, templates.BuiltIn())})
	if err != nil {
		return fmt.Errorf("apply %s to %s: %w", template.Ref(), c.Process, err)
	}
	for _, w := range warnings {
		fmt.Fprintf(s.Err, "warning: %s\n", w)
	}
	return writeOutput(s, c.Output, draft.Bytes())
}

// findTemplate reads a file that holds one template, in one or more versions of
// which the highest counts, or finds a built-in one.
func findTemplate(name string) (newest *templates.Template, versions []*templates.Template, err error) {
	for _, t := range templates.BuiltIn() {
		if t.ID == name {
			return t, nil, nil
		}
	}
	versions, err = readTemplates(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w; it is no built-in template either (%s)", err, builtInIDs(name))
	}
	if err != nil {
		return nil, nil, err
	}
	if len(versions) == 0 {
		return nil, nil, fmt.Errorf("read %s: it holds no template", name)
	}
	for _, t := range versions {
		if t.ID != versions[0].ID {
			return nil, nil, fmt.Errorf("read %s: it holds several templates (%s, %s, ...); give a file with one", name, versions[0].ID, t.ID)
		}
	}
	newest = slices.MaxFunc(versions, func(a, b *templates.Template) int { return cmp.Compare(a.Version, b.Version) })
	return newest, versions, nil
}

// oneTemplate is findTemplate for those who need no other version.
func oneTemplate(name string) (*templates.Template, error) {
	t, _, err := findTemplate(name)
	return t, err
}

// builtInIDs names a few of the built-in templates: those whose id the name is a
// part of, else the first.
func builtInIDs(name string) string {
	var ids, like []string
	for _, t := range templates.BuiltIn() {
		ids = append(ids, t.ID)
		if strings.Contains(t.ID, strings.ToLower(name)) {
			like = append(like, t.ID)
		}
	}
	if len(like) > 0 {
		return strings.Join(like, ", ")
	}
	const some = 3
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:min(some, len(ids))], ", "), max(len(ids)-some, 0))
}

// readTemplates reads a file of one template or an array of them.
func readTemplates(file string) ([]*templates.Template, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	list, err := templates.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return list, nil
}

// settings reads PROPERTY=VALUE.
func settings(list []string) (map[string]any, error) {
	values := map[string]any{}
	for _, setting := range list {
		property, value, ok := strings.Cut(setting, "=")
		if !ok || property == "" {
			return nil, usage(fmt.Errorf("--set %q: expected PROPERTY=VALUE", setting))
		}
		values[property] = value
	}
	return values, nil
}

func writeOutput(s Streams, file string, data []byte) error {
	if file == "" {
		_, err := s.Out.Write(data)
		return err
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", file, pathCause(err))
	}
	return nil
}
