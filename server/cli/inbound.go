package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"patchbay/engine/inbound"
)

type inboundCmd struct {
	List    inboundListCmd   `cmd:"" help:"List inbound connectors with their health."`
	Pause   inboundActionCmd `cmd:"" help:"Halt an inbound connector until it is resumed, also over a restart."`
	Resume  inboundActionCmd `cmd:"" help:"End a pause."`
	Restart inboundActionCmd `cmd:"" help:"Start an inbound connector anew, with fresh secrets."`
}

func (inboundCmd) Help() string {
	return `Example: patchbay inbound list; patchbay inbound pause 3f2c`
}

// shortID is how many characters of an id a listing shows; commands take any
// beginning that is unique.
const shortID = 12

type inboundListCmd struct {
	serverFlags
	ID   string `arg:"" optional:"" help:"Beginning of an id: show that one's activity."`
	JSON bool   `name:"json" help:"Print the server's answer."`
}

func (inboundListCmd) Help() string { return `Example: patchbay inbound list 3f2c` }

func (c *inboundListCmd) Run(ctx context.Context, s Streams) error {
	answer, list, err := c.inbound(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		fmt.Fprintf(s.Out, "%s\n", bytes.TrimSpace(answer))
		return nil
	}
	table := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tTYPE\tPROCESS\tELEMENT\tSTATE\tHEALTH\tERROR")
	for _, x := range list {
		e := inbound.ElementStatus{}
		if len(x.Elements) > 0 {
			e = x.Elements[0]
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.ID[:min(len(x.ID), shortID)], x.Type, e.BpmnProcessID, e.ElementID, x.State, x.Health.Status, cell(x.Health.Error))
	}
	if err := table.Flush(); err != nil || c.ID == "" {
		return err
	}
	for _, x := range list {
		for _, entry := range x.Activity {
			fmt.Fprintf(s.Out, "%s %-7s %-12s %s\n", entry.Time.Format("2006-01-02 15:04:05.000"), entry.Severity, entry.Tag, entry.Message)
		}
	}
	return nil
}

// cell is a text of several lines as one, so that it does not break its table.
func cell(text string) string { return strings.Join(strings.Split(text, "\n"), "; ") }

// inbound lists the connectors whose id begins with prefix.
func (f serverFlags) inbound(ctx context.Context, prefix string) (answer []byte, list []inbound.Status, err error) {
	_, answer, err = f.send(ctx, http.MethodGet, "/api/v1/inbound", nil)
	if err != nil {
		return nil, nil, err
	}
	var found struct{ Items []inbound.Status }
	if err := json.Unmarshal(answer, &found); err != nil {
		return nil, nil, fmt.Errorf("read the answer: %w", err)
	}
	for _, x := range found.Items {
		if strings.HasPrefix(x.ID, prefix) {
			list = append(list, x)
		}
	}
	return answer, list, nil
}

// inboundActionCmd is pause, resume and restart; its command's name says which.
type inboundActionCmd struct {
	serverFlags
	ID   string `arg:"" help:"Id of the connector, or a beginning of it that is unique."`
	JSON bool   `name:"json" help:"Print the server's answer."`
}

func (inboundActionCmd) Help() string {
	return `Examples:
  patchbay inbound pause 3f2c
  patchbay inbound resume 3f2c
  patchbay inbound restart 3f2c`
}

func (c *inboundActionCmd) Run(ctx context.Context, s Streams, action commandName) error {
	_, list, err := c.inbound(ctx, c.ID)
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return fmt.Errorf("%s %s: %s begin with that id", action, c.ID, plural(len(list), "connector"))
	}
	_, answer, err := c.send(ctx, http.MethodPost, "/api/v1/inbound/"+url.PathEscape(list[0].ID)+"/"+string(action), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		fmt.Fprintf(s.Out, "%s\n", bytes.TrimSpace(answer))
		return nil
	}
	var now inbound.Status
	if err := json.Unmarshal(answer, &now); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	fmt.Fprintf(s.Out, "%s is %s\n", now.ID[:min(len(now.ID), shortID)], now.State)
	return nil
}

func plural(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
