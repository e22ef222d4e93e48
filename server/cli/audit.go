package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"text/tabwriter"

	"patchbay/server/audit"
)

type auditCmd struct {
	serverFlags
	Limit int  `default:"100" help:"How many entries, at most 1,000; the newest first."`
	JSON  bool `name:"json" help:"Print the server's answer."`
}

func (auditCmd) Help() string { return `Example: patchbay audit --token $ADMIN_TOKEN` }

func (c *auditCmd) Run(ctx context.Context, s Streams) error {
	_, answer, err := c.send(ctx, http.MethodGet, fmt.Sprintf("/api/v1/audit?limit=%d", c.Limit), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		fmt.Fprintf(s.Out, "%s\n", bytes.TrimSpace(answer))
		return nil
	}
	var page struct{ Items []audit.Entry }
	if err := json.Unmarshal(answer, &page); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	table := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tWHO\tROLE\tACTION\tTARGET\tOUTCOME\tDETAIL")
	for _, e := range page.Items {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Time.Format("2006-01-02 15:04:05"), e.Who, e.Role, e.Action, e.Target, e.Outcome, e.Detail)
	}
	return table.Flush()
}
