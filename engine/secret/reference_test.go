package secret

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReferences(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		// Bare, by themselves.
		{"secrets.test", []string{"test"}}, {"secrets.TEST", []string{"TEST"}}, {"secrets.A/B", []string{"A/B"}}, {"secrets.A.B", []string{"A.B"}},
		{"secrets.TEST0", []string{"TEST0"}}, {"secrets.TEST-0", []string{"TEST-0"}}, {"secrets.TEST_0", []string{"TEST_0"}},
		{"secrets.a_b_c", []string{"a_b_c"}}, {"secrets.a.b.c", []string{"a.b.c"}},
		{"secrets.TEST TEST", []string{"TEST"}}, {"{secrets.TEST}", []string{"TEST"}}, {"secrets.TEST.", []string{"TEST"}}, {"secrets.A--B", []string{"A"}},
		{"secrets._TEST", nil}, {"secrets./TEST", nil}, {"secrets.-TEST", nil}, {"secrets..TEST", nil}, {"secrets.", nil}, {"secrets.?", nil},
		// Bare, next to something.
		{"Bearer secrets.T", []string{"T"}}, {"a=secrets.T&b=secrets.U", []string{"T", "U"}}, {"(secrets.T)", []string{"T"}}, {"\"secrets.T\"", []string{"T"}},
		{"https://a/secrets.html", nil}, {"my.secrets.io", nil}, {"mysecrets.T", nil}, {"1secrets.T", nil}, {"_secrets.T", nil}, {"-secrets.T", nil},
		{"ésecrets.T", nil}, {"€secrets.T", []string{"T"}}, {"Secrets.T", nil},
		// In braces.
		{"{{secrets.T}}", []string{"T"}}, {"{{ secrets.T }}", []string{"T"}}, {"{{\tsecrets.T\n}}", []string{"T"}}, {"x{{secrets.A-}}y", []string{"A-"}},
		{"{{secrets.a}}{{secrets.b}}", []string{"a", "b"}}, {"{{secrets.a b}}", []string{"a"}}, {"{{secrets.}}", nil}, {"{{ secret.T }}", nil},
		{"{{secrets.T", []string{"T"}}, {"{{x secrets.T}}", []string{"T"}}, {"a{{secrets.T}}.b{{secrets.T}}", []string{"T", "T"}},
		{"{{{secrets.T}}}", []string{"T"}}, {"{{secrets.ü}}", []string{"ü"}},
	}
	for _, tt := range tests {
		var got []string
		for _, ref := range References(tt.text) {
			got = append(got, ref.Name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestNames(t *testing.T) {
	got := Names(`="Bearer {{secrets.A}}"`, "secrets.B", "none", "{{secrets.A}}")
	if diff := cmp.Diff(map[string]bool{"A": true, "B": true}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzReferences(f *testing.F) {
	for _, text := range []string{"{{secrets.T}}", "secrets.A.B x", "{{ secrets.a }}secrets.b", "secrets.secrets.x", "{{secrets.{{secrets.a}}}}", "\xff{{secrets.\xff}}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, ref := range References(text) {
			if ref.Start < end || ref.End <= ref.Start || ref.End > len(text) || ref.Name == "" {
				t.Fatalf("%q: %+v after %d", text, ref, end)
			}
			if !strings.Contains(text[ref.Start:ref.End], "secrets."+ref.Name) {
				t.Fatalf("%q: %+v does not hold its name", text, ref)
			}
			end = ref.End
		}
	})
}
