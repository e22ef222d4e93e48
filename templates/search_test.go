package templates

import (
	"fmt"
	"slices"
	"testing"
)

// TestPages: however the list is cut, the pages together are the whole list,
// with built-in templates where they belong.
func TestPages(t *testing.T) {
	c := newCatalog(t, ":memory:")
	for i := range 30 { // names before, between and after those of the built-in ones
		publish(t, c, templateText(fmt.Sprintf("id.%02d", i), 1, fmt.Sprintf("%c vendor Ä", 'A'+i%26), "x:a:1", "rest"))
	}
	list := func(q Query) (refs []string) {
		t.Helper()
		found, err := c.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range found {
			refs = append(refs, info.ID)
		}
		return refs
	}
	for _, q := range []Query{{}, {Source: SourcePublished}, {Source: SourceBuiltIn}, {Engine: "8.8"}, {Text: "r"}} {
		q.Limit = -1
		all := list(q)
		for _, size := range []int{1, 3, 7, 50} {
			var joined []string
			for offset := 0; offset <= len(all); offset += size {
				q.Limit, q.Offset = size, offset
				joined = append(joined, list(q)...)
			}
			if !slices.Equal(joined, all) {
				t.Errorf("%+v by %d: %v, want %v", q, size, joined, all)
			}
		}
	}
}
