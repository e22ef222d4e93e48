// Command generate writes the reference documentation into the folder that it
// is started in. Every page is a renderer over data that the program itself
// works with: protocols and the tags of their inputs, the tables of functions,
// flags, metrics, routes, built-in templates, and package comments.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// page is one file of the documentation.
type page struct {
	file, title string
	// about is a sentence for the list of pages.
	about  string
	render func(*facts, *markdown)
}

var pages = []page{
	{"protocols.md", "Protocols", "Inputs, properties, responses, events and error codes of every protocol, and what all connectors have in common.", protocolsPage},
	{"expressions.md", "Expressions", "Where FEEL and jq expressions stand, what they see, and the functions that they may call.", expressionsPage},
	{"templates.md", "Built-in templates", "The connector templates that come with patchbay.", templatesPage},
	{"configuration.md", "Configuration", "All settings of the server, as flag, environment variable and key of the configuration file.", configurationPage},
	{"commands.md", "Commands", "All commands with their arguments and flags.", commandsPage},
	{"http.md", "HTTP API", "All paths that the server answers.", httpPage},
	{"operations.md", "Operations", "Health, readiness, metrics and traces.", operationsPage},
	{"differences.md", "Differences from Camunda", "Where patchbay does something else than Camunda's runtime, on purpose.", differencesPage},
}

// index is the first page; it lists the others.
const index = "README.md"

const preamble = "<!-- Generated from the code by `make generate`; edit it there. -->\n"

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "generate the reference:", err)
		os.Exit(1)
	}
}

// write renders all pages into a folder, which lies in server/reference or takes
// its place.
func write(folder string) error {
	texts, err := render(filepath.Join(folder, "..", ".."))
	if err != nil {
		return err
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// render returns all pages by their file names; root is the repository.
func render(root string) (map[string]string, error) {
	f, err := gather(root)
	if err != nil {
		return nil, err
	}
	list := newMarkdown("Reference")
	list.paragraph("What templates, modelers and operators may write, and what they get.")
	texts := map[string]string{}
	for _, p := range pages {
		m := newMarkdown(p.title)
		p.render(f, m)
		texts[p.file] = m.String()
		list.item("[" + p.title + "](" + p.file + "): " + p.about)
	}
	texts[index] = list.String()
	return texts, nil
}
