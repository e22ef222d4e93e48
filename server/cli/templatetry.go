package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"patchbay/engine/secret"
	"patchbay/protocols/value"
	"patchbay/server"
)

type templateTryCmd struct {
	Template      string            `arg:"" help:"Template file, or the id of a built-in template."`
	Set           []string          `sep:"none" placeholder:"PROPERTY=VALUE" help:"Value of a property, by its id or else its binding name; repeatable."`
	Vars          string            `placeholder:"JSON|@FILE" help:"Process variables."`
	Event         string            `placeholder:"JSON|@FILE" help:"What comes in at an inbound connector. Of a webhook: method, headers, params, body and sign, true to add what the sender proves itself with. Of a message: body, headers, key, target, id, properties. Of a poll: cursor."`
	Stub          string            `placeholder:"FILE" help:"Canned answers, as for patchbay run."`
	Offline       bool              `help:"Fail requests that no canned answer fits, instead of sending them."`
	Secret        map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"Secret; repeatable. Environment variables SECRET_<NAME> count too."`
	AllowNet      []string          `placeholder:"NET" help:"Addresses that the connector may reach besides public ones: loopback, private or a CIDR."`
	AllowLoopback bool              `help:"Short for --allow-net loopback."`
	JSON          bool              `name:"json" help:"Print all steps as one JSON object."`
}

func (templateTryCmd) Help() string {
	return `Runs the template's connector once and shows every step: bound input, request as sent, response,
mapped variables, error decision. An inbound connector takes --event as if it came in: checks, expressions, the command
for the workflow engine, the answer to the sender. Nothing is started or published. Secrets are masked.

Example: patchbay template try rates.json --set from=EUR --set to=USD
         patchbay template try hook.json --set inbound.context=orders --event '{"body": {"id": 7}, "sign": true}'`
}

func (c *templateTryCmd) Run(ctx context.Context, s Streams) error {
	template, err := oneTemplate(c.Template)
	if err != nil {
		return err
	}
	try := server.Try{Template: template, Offline: c.Offline, Allow: c.AllowNet, Secrets: secret.Chain{secret.Map(c.Secret), secret.Env{Prefix: secret.DefaultPrefix}}}
	if c.AllowLoopback {
		try.Allow = append(try.Allow, "loopback")
	}
	if try.Values, err = settings(c.Set); err != nil {
		return err
	}
	if try.Variables, err = variablesFlag("--vars", c.Vars); err != nil {
		return err
	}
	if try.Event, err = variablesFlag("--event", c.Event); err != nil {
		return err
	}
	if try.Stubs, err = stubsFlag(c.Stub); err != nil {
		return err
	}
	result, err := try.Do(ctx)
	if err != nil {
		return fmt.Errorf("try %s: %w", template.Ref(), err)
	}
	if c.JSON {
		printJSON(s.Out, result)
	} else {
		printTry(s.Out, result)
	}
	if unsuccessful[result.Outcome.Type] {
		return said()
	}
	return nil
}

// unsuccessful are the outcomes with which the command fails.
var unsuccessful = map[string]bool{"failed": true, "refused": true}

// printTry prints the steps in their order.
func printTry(w io.Writer, r server.TryResult) {
	for _, warning := range r.Template {
		fmt.Fprintf(w, "template   warning: %s\n", warning)
	}
	fmt.Fprintf(w, "input      %s\n", asText(r.Input))
	for _, e := range r.Exchanges {
		fmt.Fprintf(w, "request    %s %s\n", e.Method, e.URL)
		for _, name := range slices.Sorted(maps.Keys(e.RequestHeaders)) {
			fmt.Fprintf(w, "           %s: %s\n", name, strings.Join(e.RequestHeaders[name], ", "))
		}
		if e.RequestBody != "" {
			fmt.Fprintf(w, "           %s\n", e.RequestBody)
		}
		switch {
		case e.Status != 0:
			fmt.Fprintf(w, "answer     %d in %.1f ms %s%s\n", e.Status, e.DurationMs, e.ResponseBody, e.Error)
		case e.Error != "":
			fmt.Fprintf(w, "answer     none after %.1f ms: %s\n", e.DurationMs, e.Error)
		default: // a publication
			fmt.Fprintf(w, "answer     in %.1f ms %s\n", e.DurationMs, e.ResponseBody)
		}
	}
	if printEvents(w, r); r.Events == nil {
		fmt.Fprintf(w, "response   %s\n", asText(r.Response))
	}
	if r.Error != nil {
		fmt.Fprintf(w, "error      %s\n", asText(r.Error))
	}
	if r.Reason != "" {
		fmt.Fprintf(w, "reason     %s\n", r.Reason)
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "warning    %s: %s\n", warning.Slot, warning.Text)
	}
	variables := asText(json.RawMessage(r.Outcome.Variables))
	if r.Outcome.Type == "failed" { // they hold the error, once more
		variables = ""
	}
	fmt.Fprintln(w, strings.TrimSpace(fmt.Sprintf("outcome    %s %s%s", r.Outcome.Type, reason(r.Outcome), variables)))
}

// printEvents prints the steps that only an inbound connector takes.
func printEvents(w io.Writer, r server.TryResult) {
	for _, e := range r.Events {
		fmt.Fprintf(w, "event      %s\n", asText(e.Event))
	}
	for _, n := range r.Activity {
		fmt.Fprintf(w, "activity   %s %s: %s\n", strings.ToLower(n.Severity), n.Tag, n.Message)
	}
	for _, e := range r.Evaluations {
		fmt.Fprintf(w, "evaluated  %s: %s\n", e.Property, e.Expression)
		fmt.Fprintf(w, "           %s\n", cmp.Or(e.Error, asText(e.Value)))
	}
	for _, e := range r.Events {
		if c := e.Command; c != nil {
			fmt.Fprintf(w, "command    %s\n", strings.Join(strings.Fields(c.Type+" "+c.MessageName+" "+c.CorrelationKey+" "+c.MessageID), " "))
			fmt.Fprintf(w, "           %s\n", c.Variables)
		}
	}
	if a := r.Answer; a != nil {
		fmt.Fprintf(w, "answered   %d %s\n", a.Status, a.Body)
	}
}

func reason(o server.TryOutcome) string {
	switch {
	case o.Code != "":
		return o.Code + ": " + o.Message + " "
	case o.Message != "":
		return o.Message + " "
	}
	return ""
}

// asText is a value as JSON; nothing where there is none.
func asText(v any) string {
	if raw, ok := v.(json.RawMessage); ok {
		return string(raw)
	}
	text, err := value.Append(nil, v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
