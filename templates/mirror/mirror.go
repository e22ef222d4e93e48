// Package mirror copies templates from where others keep them into a catalog:
// from an index of the form of Camunda's marketplace, a folder, or the history
// of a Git checkout. Each template is held to the same rules as one that an
// author publishes, and comes in alone, so that one which is refused keeps none
// of the others out.
package mirror

import (
	"context"
	"errors"
	"fmt"

	"patchbay/templates"
)

// Source is where templates come from.
type Source interface {
	// Read calls yield for each text that the source has: a template or an
	// array of them. known tells which versions are in the catalog already, and
	// need not be read. It ends with yield's error, with one of its own if the
	// source as a whole cannot be read, or with ErrUnchanged.
	Read(ctx context.Context, known Known, yield func(Text) error) error
}

// Known tells whether a version is in the catalog.
type Known func(ctx context.Context, id string, version int64) bool

// ErrUnchanged means that the source is as it was when it was last read to its
// end.
var ErrUnchanged = errors.New("nothing has changed")

// Text is one text of a source.
type Text struct {
	// From says where it is: a file or a URL.
	From string
	// Content is the text; Err is set instead when it cannot be read.
	Content []byte
	Err     error
	// ID and Version are what the source says of the one template in it; ID may
	// be empty.
	ID      string
	Version int64
	// Present is set for a version that was not read, since the catalog has it.
	Present bool
	// Past is set for a text of a history, which goes back in time: of several
	// texts with one version the first counts.
	Past bool
}

// Publisher takes templates into a catalog.
type Publisher interface {
	// Import stores one version, also below the latest. It returns false if the
	// same text is there already.
	Import(ctx context.Context, t *templates.Template) (isNew bool, err error)
}

// Inspect reads the text of templates and says what is wrong with it; there are
// no templates when a finding is an error.
type Inspect func(text []byte) ([]*templates.Template, []templates.Finding)

// Outcome is what became of a template.
type Outcome string

// The outcomes. A text that cannot be read is Failed, one that is no template
// or breaks a rule Refused.
const (
	Published Outcome = "published"
	Same      Outcome = "same"
	Refused   Outcome = "refused"
	Failed    Outcome = "failed"
)

// Item is what became of one version.
type Item struct {
	From    string  `json:"from"`
	ID      string  `json:"id,omitempty"`
	Version *int64  `json:"version,omitempty"`
	Outcome Outcome `json:"outcome"`
	// Why says what is wrong with one that was refused or failed.
	Why string `json:"why,omitempty"`
	// Warnings are how many findings were no errors.
	Warnings int `json:"warnings,omitempty"`
}

// String is the item as a line.
func (i Item) String() string {
	what := i.From
	if i.ID != "" {
		what = i.ID
	}
	if i.Version != nil {
		what += fmt.Sprintf("@%d", *i.Version)
	}
	if i.Why != "" {
		return fmt.Sprintf("%s %s: %s (%s)", i.Outcome, what, i.Why, i.From)
	}
	return fmt.Sprintf("%s %s", i.Outcome, what)
}

// Mirror copies one source.
type Mirror struct {
	Source    Source
	Inspect   Inspect
	Publisher Publisher
	// Known may be nil: then all is read.
	Known Known
}

// Run copies what there is once, and tells report of each template. An error
// means that the source could not be read to its end, or is ErrUnchanged.
func (m Mirror) Run(ctx context.Context, report func(Item)) error {
	known := m.Known
	if known == nil {
		known = func(context.Context, string, int64) bool { return false }
	}
	seen := map[string]bool{}
	return m.Source.Read(ctx, known, func(t Text) error {
		for _, item := range m.take(ctx, t, seen) {
			report(item)
		}
		return ctx.Err()
	})
}

// take copies the templates of a text. seen are those of texts before it.
func (m Mirror) take(ctx context.Context, t Text, seen map[string]bool) []Item {
	item := Item{From: t.From}
	if item.ID = t.ID; t.ID != "" {
		item.Version = &t.Version
	}
	switch {
	case t.Present:
		item.Outcome = Same
		return []Item{item}
	case t.Err != nil:
		item.Outcome, item.Why = Failed, t.Err.Error()
		return []Item{item}
	}
	list, findings := m.Inspect(t.Content)
	for _, f := range findings {
		if f.Severity == templates.SeverityError {
			f.Fix = "" // for its author
			item.Outcome, item.Why = Refused, f.String()
			return []Item{item}
		}
	}
	var items []Item
	for _, tmpl := range list {
		if t.Past && seen[tmpl.Ref()] {
			continue
		}
		seen[tmpl.Ref()] = true
		item := m.publish(ctx, t, tmpl)
		item.Warnings = len(findings)
		items = append(items, item)
	}
	return items
}

func (m Mirror) publish(ctx context.Context, t Text, tmpl *templates.Template) Item {
	item := Item{From: t.From, ID: tmpl.ID, Outcome: Same}
	if tmpl.HasVersion {
		item.Version = &tmpl.Version
	}
	if t.ID != "" && (t.ID != tmpl.ID || t.Version != tmpl.Version) {
		item.Outcome, item.Why = Refused, fmt.Sprintf("the index calls it %s@%d", t.ID, t.Version)
		return item
	}
	isNew, err := m.Publisher.Import(ctx, tmpl)
	var conflict *templates.ConflictError
	switch {
	case errors.As(err, &conflict) && conflict.Deleted:
		item.Outcome, item.Why = Refused, "this version was deleted from the catalog and had another text"
	case errors.As(err, &conflict):
		item.Outcome, item.Why = Refused, "the catalog has this version with another text"
	case err != nil:
		item.Outcome, item.Why = Failed, err.Error()
	case isNew:
		item.Outcome = Published
	}
	return item
}
