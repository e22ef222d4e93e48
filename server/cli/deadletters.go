package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"

	"patchbay/engine/inbound"
)

type deadLettersCmd struct {
	List    deadLettersListCmd   `cmd:"" help:"List messages that no process accepted."`
	Replay  deadLettersReplayCmd `cmd:"" help:"Hand a message, or all, to its connector once more."`
	Discard deadLetterDiscardCmd `cmd:"" help:"Drop a message for good."`
}

func (deadLettersCmd) Help() string {
	return `Example: patchbay dead-letters list; patchbay dead-letters replay 7`
}

const deadLettersPath = "/api/v1/dead-letters"

type deadLettersListCmd struct {
	serverFlags
	ID   string `arg:"" optional:"" help:"Id of a letter: show its message."`
	JSON bool   `name:"json" help:"Print a JSON object for each letter, a line each."`
}

func (deadLettersListCmd) Help() string { return `Example: patchbay dead-letters list 7` }

func (c *deadLettersListCmd) Run(ctx context.Context, s Streams) error {
	list, err := c.letters(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(s.Out)
		for _, l := range list {
			if err := out.Encode(l); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tTIME\tPROCESS\tELEMENT\tSOURCE\tREPLAYS\tREASON")
	for _, l := range list {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", l.ID, l.Time.Format("2006-01-02 15:04:05"), l.BpmnProcessID, l.ElementID, l.Source, l.Replays, cell(l.Reason))
	}
	if err := table.Flush(); err != nil || c.ID == "" {
		return err
	}
	for _, l := range list {
		var text bytes.Buffer
		if err := json.Indent(&text, l.Content, "", "  "); err != nil {
			return fmt.Errorf("read the message: %w", err)
		}
		fmt.Fprintln(s.Out, text.String())
	}
	return nil
}

// letters returns all dead letters, or the one with an id.
func (f serverFlags) letters(ctx context.Context, id string) (list []inbound.DeadLetter, err error) {
	for next := "0"; next != ""; {
		_, answer, err := f.send(ctx, http.MethodGet, deadLettersPath+"?limit=1000&after="+next, nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Items []inbound.DeadLetter
			Next  string
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return nil, fmt.Errorf("read the answer: %w", err)
		}
		for _, l := range page.Items {
			if id == "" || fmt.Sprint(l.ID) == id {
				list = append(list, l)
			}
		}
		next = page.Next
	}
	if id != "" && len(list) == 0 {
		return nil, fmt.Errorf("%w: %s", inbound.ErrUnknownLetter, id)
	}
	return list, nil
}

type deadLettersReplayCmd struct {
	serverFlags
	ID string `arg:"" optional:"" help:"Id of a letter; all of them if absent."`
}

func (deadLettersReplayCmd) Help() string {
	return `Examples:
  patchbay dead-letters replay 7
  patchbay dead-letters replay`
}

func (c *deadLettersReplayCmd) Run(ctx context.Context, s Streams) error {
	list, err := c.letters(ctx, c.ID)
	if err != nil {
		return err
	}
	var failed []error
	for _, l := range list {
		if _, _, err := c.send(ctx, http.MethodPost, fmt.Sprintf("%s/%d/replay", deadLettersPath, l.ID), nil); err != nil {
			failed = append(failed, fmt.Errorf("dead letter %d: %w", l.ID, err))
			continue
		}
		fmt.Fprintf(s.Out, "%d accepted\n", l.ID)
	}
	return errors.Join(failed...)
}

type deadLetterDiscardCmd struct {
	serverFlags
	ID string `arg:"" help:"Id of a letter."`
}

func (deadLetterDiscardCmd) Help() string { return `Example: patchbay dead-letters discard 7` }

func (c *deadLetterDiscardCmd) Run(ctx context.Context, s Streams) error {
	list, err := c.letters(ctx, c.ID)
	if err != nil {
		return err
	}
	if _, _, err := c.send(ctx, http.MethodDelete, fmt.Sprintf("%s/%d", deadLettersPath, list[0].ID), nil); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%d discarded\n", list[0].ID)
	return nil
}
