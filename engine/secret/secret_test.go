package secret

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func resolve(t *testing.T, r *Resolver, v any) any {
	t.Helper()
	out, err := r.Resolve(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestResolve(t *testing.T) {
	r := &Resolver{Provider: Map{"A": "va", "B": "{{secrets.A}} secrets.A", "Q": `q"\` + "\n"}}
	in := map[string]any{
		"a": "x {{secrets.A}} y secrets.A/z", "b": []any{"secrets.B", 1, nil}, "q": map[string]any{"deep": "{{ secrets.Q }}"},
		"{{secrets.A}}-key": true, "plain": "https://a/secrets.html",
	}
	_, err := r.Resolve(context.Background(), in)
	var missing *MissingError
	if !errors.As(err, &missing) || missing.Name != "A/z" {
		t.Fatalf("error %v", err)
	}
	in["a"] = "x {{secrets.A}} y secrets.A,z"
	want := map[string]any{
		"a": "x va y va,z", "b": []any{"{{secrets.A}} secrets.A", 1, nil}, "q": map[string]any{"deep": "q\"\\\n"},
		"va-key": true, "plain": "https://a/secrets.html",
	}
	if diff := cmp.Diff(want, resolve(t, r, in)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if in["b"].([]any)[0] != "secrets.B" || in["q"].(map[string]any)["deep"] != "{{ secrets.Q }}" {
		t.Error("Resolve changed its argument")
	}
}

func TestResolveNamesTheSameMissingSecret(t *testing.T) {
	input := map[string]any{"a": "{{secrets.A}}", "b": "{{secrets.B}}", "c": "{{secrets.C}}", "d": "secrets.D"}
	for range 20 {
		r := Resolver{}
		if _, err := r.Resolve(t.Context(), input); err == nil || err.Error() != "Secret with name 'A' is not available" {
			t.Fatalf("got %v", err)
		}
	}
}

func TestResolveOnlyWhatIsAllowed(t *testing.T) {
	names := Names("{{secrets.KEY1}}", "{{secrets.KEY2}}")
	r := &Resolver{Provider: Map{"KEY1": "1", "KEY2": "2", "KEY3": "3"}, Allowed: func(name string) bool { return names[name] }}
	got := resolve(t, r, "{{secrets.KEY1}}-{{secrets.KEY3}} secrets.KEY2")
	if got != "1-{{secrets.KEY3}} 2" || !cmp.Equal(r.Refused, []string{"KEY3"}) {
		t.Errorf("got %q, refused %q", got, r.Refused)
	}
}

type counting struct {
	Map
	asked   int
	queries []Query
}

func (c *counting) Secret(ctx context.Context, q Query) (string, bool, error) {
	c.asked++
	c.queries = append(c.queries, q)
	return c.Map.Secret(ctx, q)
}

func TestResolveAsksOnce(t *testing.T) {
	p := &counting{Map: Map{"A": "1"}}
	r := &Resolver{Provider: p, Query: Query{TenantID: "t", BpmnProcessID: "p"}}
	resolve(t, r, []any{"secrets.A", "secrets.A", map[string]any{"x": "secrets.A"}})
	if p.asked != 1 || p.queries[0] != (Query{"A", "t", "p"}) {
		t.Errorf("asked %d times: %+v", p.asked, p.queries)
	}
}

type broken struct{}

func (broken) Secret(context.Context, Query) (string, bool, error) {
	return "", false, errors.New("vault is sealed")
}

func TestChain(t *testing.T) {
	c := Chain{Map{"A": "first"}, Env{Prefix: "S_", Lookup: func(n string) (string, bool) { return "env " + n, n == "S_B" }}, Map{"A": "second", "C": "third"}}
	for name, want := range map[string]string{"A": "first", "B": "env S_B", "C": "third"} {
		if got, ok, err := c.Secret(context.Background(), Query{Name: name}); got != want || !ok || err != nil {
			t.Errorf("%s = %q, %v, %v", name, got, ok, err)
		}
	}
	if _, ok, _ := c.Secret(context.Background(), Query{Name: "D"}); ok {
		t.Error("D is known")
	}
	if got := c.Hint("D-1"); got != "set the environment variable S_D_1" {
		t.Errorf("hint %q", got)
	}
	_, err := (&Resolver{Provider: Chain{broken{}, Map{"A": "x"}}}).Resolve(context.Background(), "secrets.A")
	if err == nil || err.Error() != `look up secret "A": vault is sealed` {
		t.Errorf("error %v", err)
	}
}

func TestEnv(t *testing.T) {
	env := map[string]string{"SECRET_TOKEN": "1", "SECRET_my.dotted": "2", "SECRET_A_B_C": "3", "TOKEN": "no"}
	e := Env{Prefix: DefaultPrefix, Lookup: func(n string) (string, bool) { v, ok := env[n]; return v, ok }}
	for name, want := range map[string]string{"TOKEN": "1", "token": "1", "my.dotted": "2", "a.b-c": "3"} {
		if got, ok, _ := e.Secret(context.Background(), Query{Name: name}); got != want || !ok {
			t.Errorf("%s = %q, %v", name, got, ok)
		}
	}
	t.Setenv("SECRET_REAL", "r")
	if got, _, _ := (Env{Prefix: DefaultPrefix}).Secret(context.Background(), Query{Name: "REAL"}); got != "r" {
		t.Errorf("REAL = %q", got)
	}
}

func write(t *testing.T, path, text string, changed time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
}

func TestFileIsReadAgainWhenItChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets")
	f := NewFile(path)
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	steps := []struct {
		text, name, want, err string
	}{
		{"# comment\n\nA = one \nB=x=y\n", "A", "one", ""},
		{"# comment\n\nA = one \nB=x=y\n", "B", "x=y", ""},
		{`{"A": "two"}`, "A", "two", ""},
		{`{"A": 3}`, "A", "", "/A: expected a string but got number"},
		{`{"A": `, "A", "", "invalid JSON at byte 6"},
		{"A", "A", "", "line 1: expected NAME=VALUE"},
		{"A=four", "A", "four", ""},
		{"A=four", "Z", "", ""},
	}
	if _, ok, err := f.Secret(context.Background(), Query{Name: "A"}); ok || err != nil {
		t.Errorf("missing file: %v, %v", ok, err)
	}
	for i, s := range steps {
		write(t, path, s.text, day.Add(time.Duration(i)*time.Hour))
		got, ok, err := f.Secret(context.Background(), Query{Name: s.name})
		if got != s.want || ok != (s.want != "") || (err == nil) != (s.err == "") || err != nil && !strings.Contains(err.Error(), s.err) {
			t.Errorf("step %d: %q, %v, %v", i, got, ok, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := f.Secret(context.Background(), Query{Name: "A"}); ok || err != nil {
		t.Errorf("removed file: %v, %v", ok, err)
	}
}

func TestDir(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "mounted")
	d := NewDir(path)
	get := func(name string) string {
		got, ok, err := d.Secret(context.Background(), Query{Name: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !ok {
			return "none"
		}
		return got
	}
	if got := get("A"); got != "none" {
		t.Errorf("before the mount: %q", got)
	}
	if err := os.MkdirAll(filepath.Join(path, "..2024", "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	write(t, filepath.Join(path, "..2024", "A"), "one\n", day)
	write(t, filepath.Join(parent, "outside"), "no", day)
	if err := os.Symlink(filepath.Join("..2024", "A"), filepath.Join(path, "A")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"A": "one", "B": "none", "../outside": "none", "..2024/sub": "none", "/etc/hostname": "none"} {
		if got := get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	write(t, filepath.Join(path, "..2024", "A"), "two\r\n", day)
	if got := get("A"); got != "two" {
		t.Errorf("after the change: %q", got)
	}
}

func TestMaskerOfPercentSigns(t *testing.T) {
	var m Masker
	m.Add("a%25b%")
	for _, text := range []string{"a%25b%", "a%2525b%25", "%61%2525b%25"} {
		if got := m.Text("x=" + text); got != "x=***" {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func FuzzMasker(f *testing.F) {
	f.Add("p@ss w%rd", "a", "b")
	f.Add("+", "%2", "B")
	f.Fuzz(func(t *testing.T, value, before, after string) {
		var m Masker
		m.Add(value)
		for _, text := range []string{value, url.QueryEscape(value), url.PathEscape(value)} {
			got := m.Text(before + text + after)
			if strings.Contains(got, value) && len(value) >= shortest && !strings.Contains(Mask, value) && !strings.Contains(before+Mask+after, value) {
				t.Errorf("%q in %q, %q: %q", value, before, after, got)
			}
		}
	})
}

func TestMasker(t *testing.T) {
	const value = `p@ss "wörd"/+`
	var m Masker
	if !m.Empty() || m.Text(value) != value {
		t.Error("an empty masker hides something")
	}
	m.Add("")
	m.Add(value)
	m.Add("p@ss")
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, text := range []string{
		value, url.QueryEscape(value), url.PathEscape(value), strings.ToLower(url.QueryEscape(value)), `p@ss \"wörd\"/+`,
		b64(value), base64.RawURLEncoding.EncodeToString([]byte(value)),
	} {
		if got := m.Text("<" + text + ">"); got != "<***>" {
			t.Errorf("%q became %q", text, got)
		}
	}
	// Writers of URLs differ in what they escape; some escape base64 too.
	for _, text := range []string{
		"p@ss%20%22w%C3%B6rd%22/%2B", "p%40ss+%22w%c3%b6rd%22%2F%2b", "%70%40%73%73 \"w%C3%B6rd\"/+", url.QueryEscape(b64(value)),
	} {
		if got := m.Text("?a=%20" + text + "&b=+"); got != "?a=%20***&b=+" {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := m.Text("100%, 1 + 1, %zz, %4"); got != "100%, 1 + 1, %zz, %4" {
		t.Errorf("a text without secrets became %q", got)
	}
	for _, user := range []string{"", "u", "us", "use", "user"} {
		text := b64(user + ":" + value + "x")
		if got := m.Text(text); !strings.Contains(got, Mask) || strings.Contains(got, text[8:16]) {
			t.Errorf("base64 with user %q: %q became %q", user, text, got)
		}
	}
	if got := m.Text("p@ss"); got != Mask {
		t.Errorf("the shorter secret became %q", got)
	}
	in := map[string]any{"k " + value: []any{value, 1, nil, map[string]any{"x": "p@ss"}}}
	want := map[string]any{"k ***": []any{"***", 1, nil, map[string]any{"x": "***"}}}
	if diff := cmp.Diff(want, m.Value(in)); diff != "" {
		t.Error(diff)
	}
	if (*Masker)(nil).Text("x") != "x" {
		t.Error("a nil masker changes texts")
	}
}

func TestPathIsWhatItHoldsNow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets")
	p := NewPath(path)
	expect := func(when, want, hint string) {
		t.Helper()
		got, _, err := p.Secret(context.Background(), Query{Name: "A"})
		if err != nil || got != want || p.Hint("A") != hint {
			t.Errorf("%s: %q, %v, %s", when, got, err, p.Hint("A"))
		}
	}
	file, dir := "add A to "+path, "add the file A to "+path
	expect("nothing is there", "", file)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	write(t, filepath.Join(path, "A"), "one", day)
	expect("a directory came", "one", dir)
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	write(t, path, "A=two", day)
	expect("a file came", "two", file)
}
