package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"patchbay/engine/secret"
	"patchbay/engine/zeebe"
	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/server"
	"patchbay/templates"
)

type runCmd struct {
	Files         []string          `arg:"" name:"process.bpmn" help:"BPMN file; further ones are deployed with it."`
	Process       string            `placeholder:"ID" help:"Process to run; default is the first executable one of the first file."`
	Template      []string          `sep:"none" placeholder:"FILE" help:"Connector template to publish first; repeatable."`
	Vars          string            `placeholder:"JSON|@FILE" help:"Start variables."`
	Message       []string          `sep:"none" placeholder:"NAME[:KEY]=JSON" help:"Message to publish after the start; repeatable."`
	Stub          string            `placeholder:"FILE" help:"Canned answers: [{\"request\":{\"method\",\"url\"},\"response\":{\"status\",\"headers\",\"body\"}}]."`
	Offline       bool              `help:"Fail requests that no canned answer fits, instead of sending them."`
	Secret        map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"Secret; repeatable. Environment variables SECRET_<NAME> count too."`
	AllowNet      []string          `placeholder:"NET" help:"Addresses that connectors may reach besides public ones: loopback, private or a CIDR."`
	AllowLoopback bool              `help:"Short for --allow-net loopback."`
	Timeout       time.Duration     `default:"30s" help:"How long to wait for the end."`
	JSON          bool              `name:"json" help:"Print one JSON object {\"state\",\"variables\",\"calls\",\"incidents\"}; exit 0 when completed."`
}

func (runCmd) Help() string {
	return `Example:
  patchbay run order.bpmn --template rates.json --stub stub.json --vars '{"amount": 100}'

Requests that the stub answers never touch the network; others do, to public addresses
unless --allow-net says more. With --offline none does.`
}

// messageTTL is how long a message of --message waits for a subscription.
const messageTTL = time.Minute

func (c *runCmd) Run(ctx context.Context, s Streams) error {
	run, err := c.prepare()
	if err != nil {
		return err
	}
	started := time.Now()
	if !c.JSON {
		run.Called = newTrace(s).call
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	result, err := run.Do(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		printJSON(s.Out, result)
		for _, w := range result.Waits {
			fmt.Fprintf(s.Err, "patchbay: %s\n", w)
		}
	} else {
		newTrace(s).result(result, time.Since(started))
	}
	if result.State != server.RunCompleted {
		return said()
	}
	return nil
}

// prepare reads what the flags name.
func (c *runCmd) prepare() (server.Run, error) {
	run := server.Run{Process: c.Process, Offline: c.Offline, Allow: c.AllowNet, Log: quiet()}
	if c.AllowLoopback {
		run.Allow = append(run.Allow, "loopback")
	}
	run.Secrets = secret.Chain{secret.Map(c.Secret), secret.Env{Prefix: secret.DefaultPrefix}}
	for _, file := range c.Files {
		content, err := readFile(file)
		if err != nil {
			return run, err
		}
		run.Files = append(run.Files, zeebe.Resource{Name: filepath.Base(file), Content: content})
	}
	var err error
	if run.Variables, err = variablesFlag("--vars", c.Vars); err != nil {
		return run, err
	}
	if run.Messages, err = messagesFlag(c.Message); err != nil {
		return run, err
	}
	if run.Stubs, err = stubsFlag(c.Stub); err != nil {
		return run, err
	}
	for _, file := range c.Template {
		list, err := publishable(file)
		if err != nil {
			return run, err
		}
		run.Templates = append(run.Templates, list...)
	}
	return run, nil
}

// publishable reads templates as a server does that is to publish them.
func publishable(file string) ([]*templates.Template, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, err
	}
	list, findings := server.Inspect(text, nil)
	findings = slices.DeleteFunc(findings, func(f templates.Finding) bool { return f.Severity != templates.SeverityError })
	if len(findings) == 0 {
		return list, nil
	}
	f, more := findings[0], ""
	if n := len(findings) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more: patchbay template lint %s)", n, file)
	}
	return nil, fmt.Errorf("read %s: line %d, column %d: %s%s", file, f.Line, f.Column, strings.TrimPrefix(f.Pointer+": "+f.Message, ": "), more)
}

// messagesFlag reads NAME=JSON and NAME:KEY=JSON. The name ends at the first
// colon or "=", so neither is in it; a key may have both.
func messagesFlag(values []string) ([]protocols.Message, error) {
	var list []protocols.Message
	for _, value := range values {
		head, body, ok := cutMessage(value)
		name, key, _ := strings.Cut(head, ":")
		if !ok || name == "" {
			return nil, usage(fmt.Errorf("--message %q: expected NAME=JSON or NAME:KEY=JSON", value))
		}
		m := protocols.Message{Name: name, CorrelationKey: key, TTL: messageTTL}
		data, err := inlineOrFile(body)
		if err == nil {
			err = decodeJSON(data, &m.Variables)
		}
		if err != nil {
			return nil, usage(fmt.Errorf("--message %s: expected a JSON object of variables: %w", head, err))
		}
		list = append(list, m)
	}
	return list, nil
}

// cutMessage cuts at the "=" before the JSON object or @file, else, where there
// is none, at the first.
func cutMessage(value string) (head, body string, ok bool) {
	for i := range len(value) {
		rest := strings.TrimLeft(value[i+1:], " \t\r\n")
		if value[i] == '=' && (strings.HasPrefix(rest, "{") || strings.HasPrefix(rest, "@")) {
			return value[:i], rest, true
		}
	}
	return strings.Cut(value, "=")
}

func stubsFlag(file string) (*httpx.Stubs, error) {
	if file == "" {
		return nil, nil
	}
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	stubs, err := httpx.ParseStubs(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return stubs, nil
}
