package main

import "testing"

func TestTable(t *testing.T) {
	m := &markdown{}
	m.table([]string{"Name", "Empty", "Meaning"}, [][]string{{code("a|b"), "", plain("x * y\n<z>")}, {code("c`d"), "", ""}})
	const want = "| Name | Meaning |\n| --- | --- |\n| `a\\|b` | x \\* y \\<z> |\n| `` c`d `` |  |\n\n"
	if got := m.text.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFields(t *testing.T) {
	type login struct {
		Type  string `bind:"type" enum:"none key" default:"none" doc:"How."`
		Token string `bind:"token,required,secret" when:"type=key|other" doc:"The key."`
	}
	m := &markdown{}
	fields(m, "Input", &struct {
		URL   string `bind:"url,required" pattern:"^https?:" expected:"a URL" doc:"Where."`
		Code  string `bind:"code" pattern:"^[a|b]$" doc:"What"`
		First login  `bind:"first" doc:"One."`
		Again login  `bind:"again" doc:"Another."`
	}{})
	const want = "| Input | Type | Default | Constraints | Meaning |\n| --- | --- | --- | --- | --- |\n" +
		"| `url` | string |  | required; a URL | Where. |\n" +
		"| `code` | string |  | matches `^[a\\|b]$` | What. |\n" +
		"| `first` | object |  |  | One. |\n" +
		"| `first.type` | string | `none` | one of `none`, `key` | How. |\n" +
		"| `first.token` | string |  | required; secret; only if `first.type` is `key` or `other` | The key. |\n" +
		"| `again` | object |  |  | Another. It has the members of `first`. |\n\n"
	if got := m.text.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
