package templates

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDifferences(t *testing.T) {
	long := `"` + strings.Repeat("ä", 200) + `"`
	tests := []struct {
		name, before, after string
		want                []Difference
	}{
		{"white space and order", `{"a":1,"b":[2]}`, ` { "b" : [ 2.0 ], "a" : 1 } `, nil},
		{"changed", `{"a":{"b/~":[1,"x"]}}`, `{"a":{"b/~":[1,"y"]}}`, []Difference{{"/a/b~1~0/1", `"x"`, `"y"`}}},
		{"added and gone", `{"a":null,"c":[1]}`, `{"b":null,"c":[1,2]}`, []Difference{{"/a", "null", ""}, {"/b", "", "null"}, {"/c/1", "", "2"}}},
		{"kinds", `{"a":{}}`, `{"a":[]}`, []Difference{{"/a", "{}", "[]"}}},
		{"long", `{"a":1}`, `{"a":` + long + `}`, []Difference{{"/a", "1", long[:199] + "..."}}},
		{"no JSON", `{`, `{}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Differences([]byte(test.before), []byte(test.after))); diff != "" {
				t.Error(diff)
			}
		})
	}
	many := Differences([]byte(`[`+strings.Repeat("1,", 100)+`1]`), []byte(`[`+strings.Repeat("2,", 100)+`2]`))
	if len(many) != maxDifferences {
		t.Errorf("%d differences", len(many))
	}
}
