package spell

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	all := []string{"length", "startswith", "ltrimstr", "rtrimstr", "map", "url", "authentication.type"}
	for name, want := range map[string]string{
		"lenght": "length", "Length": "length", "startsWith": "startswith", "trimstr": "ltrimstr", "URL": "url", "urll": "url",
		"authentication.typ": "authentication.type", "map": "", "zzz": "", "": "", "x": "", strings.Repeat("l", 100): "",
	} {
		if got := Nearest(name, all); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if got := DidYouMean("lenght", all); got != ` (did you mean "length"?)` {
		t.Error(got)
	}
	if got := DidYouMean("zzz", all); got != "" {
		t.Error(got)
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"abc", "acb", 2}, {strings.Repeat("a", 65), "a", 64}} {
		if got := Distance(tt.a, tt.b); got != tt.want || Distance(tt.b, tt.a) != tt.want {
			t.Errorf("%q, %q: got %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
