package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"patchbay/templates"
)

// serverFlags say which server a command talks to.
type serverFlags struct {
	Server string `default:"http://127.0.0.1:8086" placeholder:"URL" help:"Address of a running patchbay serve."`
	Token  string `placeholder:"T" help:"API token, where the server asks for one."`
}

// serverTimeout bounds one request; maxAnswer an answer, in bytes.
const (
	serverTimeout = 30 * time.Second
	maxAnswer     = 64 << 20
)

// refusal is a problem document that a server sent.
type refusal struct {
	Status      int                    `json:"status"`
	Title       string                 `json:"title"`
	Detail      string                 `json:"detail"`
	Errors      []refusedPart          `json:"errors"`
	Changes     []templates.Change     `json:"changes"`
	Differences []templates.Difference `json:"differences"`
}

// refusedPart is what is wrong with one place of a request.
type refusedPart struct {
	Pointer, Message, Property, Fix string
	Line, Column                    int
}

// String is a line: place, what is wrong, and what to do.
func (p refusedPart) String() string {
	var text string
	if p.Line > 0 {
		text = fmt.Sprintf("%d:%d: ", p.Line, p.Column)
	}
	if p.Pointer != "" {
		text += p.Pointer + ": "
	}
	text += p.Message
	if p.Property != "" {
		text += fmt.Sprintf(" (property %q)", p.Property)
	}
	if p.Fix != "" {
		text += "; " + p.Fix
	}
	return text
}

func (r *refusal) Error() string {
	text := r.Detail
	if text == "" {
		text = r.Title
	}
	for _, e := range r.Errors {
		text += "\n  " + e.String()
	}
	for _, c := range r.Changes {
		text += "\n  " + c.String()
	}
	for _, d := range r.Differences {
		text += fmt.Sprintf("\n  %s: %s instead of %s", d.Pointer, cmp.Or(d.After, "nothing"), cmp.Or(d.Before, "nothing"))
	}
	return text
}

// send makes one request with a JSON body and returns a 2xx answer's body.
func (f serverFlags) send(ctx context.Context, method, path string, body []byte) (status int, answer []byte, err error) {
	return f.sendAs(ctx, method, path, "application/json", body)
}

// sendAs is send for a body of any type.
func (f serverFlags) sendAs(ctx context.Context, method, path, contentType string, body []byte) (status int, answer []byte, err error) {
	a, err := f.sendWith(ctx, method, path, http.Header{"Content-Type": {contentType}}, body)
	if err != nil {
		return a.status, nil, err
	}
	return a.status, a.body, nil
}

// answer is what a server answered; status is 0 if it did not.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// sendWith is send with headers both ways.
func (f serverFlags) sendWith(ctx context.Context, method, path string, header http.Header, body []byte) (a answer, err error) {
	base, err := url.Parse(f.Server)
	if err != nil || base.Host == "" {
		return a, usage(fmt.Errorf("--server %q: expected a URL such as http://127.0.0.1:8086", f.Server))
	}
	ctx, cancel := context.WithTimeout(ctx, serverTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(f.Server, "/")+path, bytes.NewReader(body))
	if err != nil {
		return a, usage(fmt.Errorf("--server: %w", err))
	}
	req.Header = header
	if f.Token != "" {
		req.Header.Set("Authorization", "Bearer "+f.Token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return a, fmt.Errorf("reach %s: %w (is patchbay serve running there? --server says where)", base.Host, unwrapURL(err))
	}
	defer resp.Body.Close()
	a = answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return a, fmt.Errorf("read the answer of %s: %w", base.Host, err)
	}
	if resp.StatusCode/100 == 2 {
		return a, nil
	}
	refused := &refusal{Status: resp.StatusCode, Title: resp.Status}
	if json.Unmarshal(a.body, refused) != nil {
		refused.Detail = fmt.Sprintf("%s answered %s", base.Host, resp.Status)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		refused.Detail += " (--token or PATCHBAY_TOKEN gives it)"
	}
	return a, refused
}

// unwrapURL takes away the method and URL that net/http adds.
func unwrapURL(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}

// catalogEntry is what a listing says of a template.
type catalogEntry struct {
	ID, Name, JobType, Inbound, Protocol, Source string
	Version                                      *int64
	New, Deprecated                              bool
}

func (e catalogEntry) version() string {
	if e.Version == nil {
		return "-"
	}
	return fmt.Sprint(*e.Version)
}

// state tells where the version comes from, and whether it should still be used.
func (e catalogEntry) state() string {
	if e.Deprecated {
		return e.Source + ", deprecated"
	}
	return e.Source
}

func printPublished(w io.Writer, answer []byte) error {
	list := []catalogEntry{{}}
	var target any = &list[0]
	if bytes.HasPrefix(bytes.TrimSpace(answer), []byte("[")) {
		target = &list
	}
	if err := json.Unmarshal(answer, target); err != nil {
		return err
	}
	for _, e := range list {
		if e.ID == "" {
			return errors.New("it names no template (is patchbay serve running there? --server says where)")
		}
		what := "unchanged"
		if e.New {
			what = "published"
		}
		fmt.Fprintf(w, "%s %s version %s\n", what, e.ID, e.version())
	}
	return nil
}

type templateListCmd struct {
	serverFlags
	Text string `arg:"" optional:"" help:"Words that must all appear."`
	JSON bool   `name:"json" help:"Print the server's answer."`
}

func (templateListCmd) Help() string { return `Example: patchbay template list issue` }

func (c *templateListCmd) Run(ctx context.Context, s Streams) error {
	_, answer, err := c.send(ctx, http.MethodGet, "/api/v1/templates?limit=1000&text="+url.QueryEscape(c.Text), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		fmt.Fprintf(s.Out, "%s\n", bytes.TrimSpace(answer))
		return nil
	}
	var found struct{ Items []catalogEntry }
	if err := json.Unmarshal(answer, &found); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	table := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tVERSION\tNAME\tTYPE\tPROTOCOL\tSOURCE")
	for _, e := range found.Items {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.version(), e.Name, e.JobType+e.Inbound, e.Protocol, e.state())
	}
	return table.Flush()
}
