package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"patchbay/server"
	"patchbay/templates"
	"patchbay/templates/fromcurl"
)

type templateFromCurlCmd struct {
	ID      string   `name:"id" placeholder:"ID" help:"Id of the template; made from host and path by default."`
	Name    string   `placeholder:"NAME" help:"What modelers show; made from method and path by default."`
	Output  string   `short:"o" placeholder:"FILE" help:"Where to write the template; standard output by default."`
	Force   bool     `help:"Replace files that are there."`
	Test    bool     `help:"Write a case that tests the template beside it, too."`
	Command []string `arg:"" optional:"" passthrough:"" name:"command" help:"The curl command, as it is, in quotes, or @FILE; standard input by default."`
}

func (templateFromCurlCmd) Help() string {
	return `Example: patchbay template from-curl -o issue.json --test curl -X POST https://api.github.com/repos/OWNER/REPO/issues -H "Authorization: Bearer $TOKEN" -d '{"title": "Found a bug"}'

Makes a connector template of a curl command, such as API documentation shows and browsers copy ("copy as cURL,
bash"): put the command behind from-curl, or paste it to standard input. The options of from-curl come before it.
Nothing is called.

  path      {id}, <id>, :id, OWNER, numbers and UUIDs become fields, the rest stays
  query     each parameter becomes a field; api_key, token, appid, sig and the like are secrets
  headers   each becomes a field, but Accept and Content-Type; what browsers add is left out
  body      each value of a JSON object or form becomes a field, a list one in FEEL, a file a document
  secrets   tokens, passwords and cookies become {{secrets.NAME}}, whatever the command has for them

The answer's body goes to the variable response; change the result expression to pick from it. An option of curl that
a template cannot follow is refused by its name.`
}

func (c *templateFromCurlCmd) Run(ctx context.Context, s Streams) error {
	if c.Test && c.Output == "" {
		return usage(fmt.Errorf("--test: the case lies beside the template, so -o must say where that is"))
	}
	if err := c.free(); err != nil {
		return err
	}
	line, err := c.commandLine(s)
	if err != nil {
		return err
	}
	made, test, err := server.FromCurl(ctx, line, fromcurl.Options{ID: c.ID, Name: c.Name})
	if err != nil {
		return fmt.Errorf("make a template of the command: %w", err)
	}
	for _, note := range made.Notes {
		fmt.Fprintf(s.Err, "note: %s\n", note)
	}
	for _, name := range made.Secrets {
		fmt.Fprintf(s.Err, "secret: the template asks for %s; the server takes it from the environment variable SECRET_%s or a --secret-file\n", name, name)
	}
	if err := writeOutput(s, c.Output, made.Template); err != nil || c.Output == "" {
		return err
	}
	fmt.Fprintf(s.Out, "wrote %s\n", c.Output)
	if !c.Test {
		return nil
	}
	name := templates.SuiteName(c.Output)
	if err := writeOutput(s, name, test); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "wrote %s\n", name)
	return nil
}

// free fails when a file would be lost.
func (c *templateFromCurlCmd) free() error {
	if c.Output == "" || c.Force {
		return nil
	}
	names := []string{c.Output}
	if c.Test {
		names = append(names, templates.SuiteName(c.Output))
	}
	for _, name := range names {
		if _, err := os.Lstat(name); err == nil {
			return fmt.Errorf("write %s: it is there already; --force replaces it", name)
		}
	}
	return nil
}

// commandLine is the command as one text. Words that a shell has split already
// are quoted again.
func (c *templateFromCurlCmd) commandLine(s Streams) (string, error) {
	switch {
	case len(c.Command) == 0 || len(c.Command) == 1 && c.Command[0] == "-":
		text, err := io.ReadAll(io.LimitReader(s.In, fromcurl.MaxCommand+1))
		if err != nil {
			return "", fmt.Errorf("read standard input: %w", err)
		}
		return string(text), nil
	case len(c.Command) == 1:
		text, err := inlineOrFile(c.Command[0])
		return string(text), err
	}
	words := make([]string, len(c.Command))
	for i, word := range c.Command {
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(words, " "), nil
}
