package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"patchbay/engine"
	"patchbay/server"
)

// trace prints a run for people: a line per connector call as it ends, then
// the result.
type trace struct {
	w     io.Writer
	color bool
}

func newTrace(s Streams) *trace { return &trace{s.Out, s.Color} }

// Colours of a terminal.
const (
	red        = "\x1b[31m"
	green      = "\x1b[32m"
	amber      = "\x1b[33m"
	faint      = "\x1b[2m"
	plainColor = "\x1b[0m"
)

func (t *trace) paint(color, text string) string {
	if !t.color {
		return text
	}
	return color + text + plainColor
}

// call prints: element, protocol, method and host, status, time, what follows.
func (t *trace) call(r *engine.Record) {
	mark, color := "✓", green
	if r.Error != nil {
		mark, color = "✗", red
	}
	fmt.Fprintf(t.w, "%s %-20s %-8s %-40s %s\n", t.paint(color, mark), r.Job.ElementID, r.Protocol, lastRequest(r), t.paint(faint, duration(r.Duration)))
	if r.Error != nil {
		fmt.Fprintf(t.w, "  %s\n", t.paint(red, coded(r.Error)))
		if r.Error.Reason != "" {
			fmt.Fprintf(t.w, "  %s\n", r.Error.Reason)
		}
	}
	if next := consequence(r.Outcome); next != "" {
		fmt.Fprintf(t.w, "  → %s\n", next)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(t.w, "  %s %s: %s\n", t.paint(amber, "warning"), w.Slot, w.Text)
	}
}

// lastRequest is the last request of an attempt, without path and query, which may
// be long, and its status.
func lastRequest(r *engine.Record) string {
	if r.Details == nil || len(r.Details.Exchanges) == 0 {
		return "-"
	}
	e := r.Details.Exchanges[len(r.Details.Exchanges)-1]
	host := e.URL
	if u, err := url.Parse(e.URL); err == nil {
		host = u.Host
	}
	text := e.Method + " " + host
	if e.Status != 0 {
		text += fmt.Sprintf(" %d", e.Status)
	}
	if r.Attempts > 1 {
		text += fmt.Sprintf(" (%d attempts)", r.Attempts)
	}
	return text
}

func coded(e *engine.RecordError) string {
	if e.Code == "" {
		return e.Message
	}
	return e.Code + ": " + e.Message
}

// consequence says what follows where it is not simply the next element.
func consequence(o engine.Outcome) string {
	switch o := o.(type) {
	case engine.ThrowError:
		return fmt.Sprintf("BPMN error %q", o.Code)
	case engine.Fail:
		switch {
		case o.Retries <= 0:
			return "no retries left: incident"
		case o.Backoff > 0:
			return fmt.Sprintf("%s left, next after %s", retries(o.Retries), o.Backoff)
		default:
			return retries(o.Retries) + " left"
		}
	}
	return ""
}

func retries(n int32) string {
	if n == 1 {
		return "one retry"
	}
	return fmt.Sprintf("%d retries", n)
}

func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// result prints how the run ended and its variables.
func (t *trace) result(r server.RunResult, took time.Duration) {
	color := map[server.RunState]string{server.RunCompleted: green, server.RunIncident: red, server.RunTimeout: amber}[r.State]
	fmt.Fprintf(t.w, "\n%s %s in %s\n", r.Process, t.paint(color, string(r.State)), duration(took))
	for _, i := range r.Incidents {
		fmt.Fprintf(t.w, "  %s at element %q: %s\n", i.Type, i.Element, strings.ReplaceAll(i.Message, "\n", "\n    "))
	}
	for _, w := range r.Waits {
		fmt.Fprintf(t.w, "  %s\n", w)
	}
	printVariables(t.w, r.Variables)
}

// quiet is the log of commands that tell everything themselves.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// printVariables prints a line per variable, sorted by name.
func printVariables(w io.Writer, document []byte) {
	var all map[string]json.RawMessage
	if err := decodeJSON(document, &all); err != nil {
		fmt.Fprintf(w, "  %s\n", document)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(w, "  %s = %s\n", name, clip(string(all[name])))
	}
}

// clip shortens what does not fit a line; --json prints it whole.
func clip(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
