package templates

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestDeprecate(t *testing.T) {
	c := newCatalog(t, ":memory:")
	one, two := templateText("a", 1, "A", "x:a:1", "rest"), templateText("a", 2, "A", "x:a:1", "rest")+"\n"
	publish(t, c, one)
	publish(t, c, two)
	changes, cancel := c.Subscribe()
	defer cancel()
	info, err := c.Deprecate(t.Context(), "a", 2, Deprecation{Reason: `It "breaks".`, Replacement: "b@1"})
	if err != nil || !info.Deprecated || info.Deprecation.At.IsZero() || info.PublishedAt == nil {
		t.Fatalf("%+v, %v", info, err)
	}
	select {
	case <-changes:
	default:
		t.Error("nobody was told of the change")
	}
	const message = `It "breaks". Use b@1 instead.`
	found, err := c.Search(t.Context(), Query{Text: "x:a:1"})
	if err != nil || len(found) != 1 || found[0].Deprecation.Message() != message {
		t.Errorf("search: %+v, %v", found, err)
	}
	index, err := c.Index(t.Context(), func(string, int64) string { return "" })
	if err != nil || index["a"][0].Deprecated.Message != message || index["a"][1].Deprecated != nil {
		t.Errorf("index: %+v, %v", index["a"], err)
	}
	if text, err := c.Text(t.Context(), "a", 2); err != nil || string(text) != two {
		t.Errorf("the published text has changed: %s, %v", text, err)
	}
	if got := markOf(t, c); got != message {
		t.Errorf("modelers are told %q", got)
	}
	if info, err = c.Undeprecate(t.Context(), "a", 2); err != nil || info.Deprecated || info.Deprecation != nil {
		t.Errorf("undone: %+v, %v", info, err)
	}
	if got := markOf(t, c); got != "" {
		t.Errorf("modelers are still told %q", got)
	}
}

// markOf returns what the modelers' file says of template a.
func markOf(t *testing.T, c *Catalog) string {
	t.Helper()
	text, err := latestArray(t, c, "")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		ID         string
		Version    int
		Deprecated struct{ Message string }
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, template := range list {
		if template.ID == "a" && template.Version == 2 {
			return template.Deprecated.Message
		}
	}
	t.Fatal("the template is not listed")
	return ""
}

// TestDeprecatedByItself: what a template's own text says stays.
func TestDeprecatedByItself(t *testing.T) {
	c := newCatalog(t, ":memory:")
	publish(t, c, strings.Replace(templateText("a", 1, "A", "x:a:1", "rest"), `"name"`, `"deprecated": true, "name"`, 1))
	if _, err := c.Deprecate(t.Context(), "a", 1, Deprecation{Reason: "Old."}); err != nil {
		t.Fatal(err)
	}
	if info, err := c.Undeprecate(t.Context(), "a", 1); err != nil || !info.Deprecated || info.Deprecation != nil {
		t.Errorf("%+v, %v", info, err)
	}
	index, err := c.Index(t.Context(), func(string, int64) string { return "" })
	if err != nil || index["a"][0].Deprecated == nil {
		t.Errorf("index: %+v, %v", index["a"], err)
	}
}

func TestDeprecateWhatIsNot(t *testing.T) {
	c := newCatalog(t, ":memory:")
	if _, err := c.Deprecate(t.Context(), "a", 1, Deprecation{Reason: "Old."}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	b := BuiltIn()[0]
	if _, err := c.Deprecate(t.Context(), b.ID, b.Version, Deprecation{Reason: "Old."}); !errors.Is(err, ErrBuiltIn) {
		t.Error(err)
	}
}
