package templates

import (
	"errors"
	"strings"
	"testing"
)

func TestVersionsRise(t *testing.T) {
	c := newCatalog(t, ":memory:")
	text := func(version int) string { return templateText("a", version, "A", "x:a:1", "rest") }
	publish(t, c, text(2))
	publish(t, c, text(5))
	publish(t, c, text(2)) // the same again
	for version, want := range map[int]string{1: "made it", 3: "a gap"} {
		_, err := c.Publish(t.Context(), []byte(text(version)))
		var late *OrderError
		if !errors.As(err, &late) || late.Latest != 5 || !strings.HasSuffix(err.Error(), "versions only rise; make it version 6") {
			t.Errorf("%s: %v", want, err)
		}
	}
	withoutVersion := strings.Replace(text(7), `"version": 7,`, "", 1)
	var late *OrderError
	if _, err := c.Publish(t.Context(), []byte(withoutVersion)); !errors.As(err, &late) {
		t.Errorf("without a version: %v", err)
	}
	// A whole array goes in any order, but not below what there is.
	if r := publish(t, c, "["+text(8)+","+text(6)+","+text(7)+"]"); len(r) != 3 || *r[1].Version != 6 || !r[1].New {
		t.Errorf("array: %+v", r)
	}
	if _, err := c.Publish(t.Context(), []byte("["+text(9)+","+text(4)+"]")); !errors.As(err, &late) || late.Version != 4 {
		t.Errorf("array with a gap: %v", err)
	}
	if _, err := c.Text(t.Context(), "a", 9); !errors.Is(err, ErrNotFound) {
		t.Errorf("half published: %v", err)
	}
	versions, err := c.Versions(t.Context(), "a")
	if err != nil || len(versions) != 5 {
		t.Errorf("%+v, %v", versions, err)
	}
}

func TestImportTakesHistory(t *testing.T) {
	c := newCatalog(t, ":memory:")
	one, three := templateText("a", 1, "A", "x:a:1", "rest"), templateText("a", 3, "A", "x:a:1", "rest")
	publish(t, c, three)
	if r, err := c.Import(t.Context(), []*Template{parseOne(t, one), parseOne(t, three)}); err != nil || !r[0].New || r[1].New {
		t.Errorf("%+v, %v", r, err)
	}
	if found, err := c.Search(t.Context(), Query{Text: "x:a:1"}); err != nil || len(found) != 1 || *found[0].Version != 3 {
		t.Errorf("%+v, %v", found, err)
	}
	var conflict *ConflictError
	if _, err := c.Import(t.Context(), []*Template{parseOne(t, strings.Replace(one, `"A"`, `"B"`, 1))}); !errors.As(err, &conflict) {
		t.Errorf("another text: %v", err)
	}
}

func TestWhiteSpaceAroundDoesNotCount(t *testing.T) {
	c := newCatalog(t, ":memory:")
	text := templateText("a", 1, "A", "x:a:1", "rest")
	publish(t, c, "[\n  "+text+"\n]")
	if r := publish(t, c, "\n"+text+"\n"); r[0].New {
		t.Errorf("%+v", r)
	}
	if got, err := c.Text(t.Context(), "a", 1); err != nil || string(got) != text {
		t.Errorf("got %q, %v", got, err)
	}
}
