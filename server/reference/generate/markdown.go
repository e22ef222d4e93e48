package main

import (
	"strings"
)

// markdown is a page that is being written.
type markdown struct{ text strings.Builder }

func newMarkdown(title string) *markdown {
	m := &markdown{}
	m.text.WriteString(preamble)
	m.heading(1, title)
	return m
}

// String returns the page.
func (m *markdown) String() string { return strings.TrimRight(m.text.String(), "\n") + "\n" }

func (m *markdown) heading(level int, text string) {
	if !strings.HasSuffix(m.text.String(), "\n\n") {
		m.text.WriteString("\n")
	}
	m.text.WriteString(strings.Repeat("#", level) + " " + text + "\n\n")
}

// paragraph writes a paragraph of Markdown; nothing if it is empty.
func (m *markdown) paragraph(text string) {
	if text != "" {
		m.text.WriteString(text + "\n\n")
	}
}

func (m *markdown) item(text string) { m.text.WriteString("- " + text + "\n") }

// block writes text as it stands, such as an example.
func (m *markdown) block(text string) {
	m.text.WriteString("```\n" + strings.Trim(text, "\n") + "\n```\n\n")
}

// table writes rows of Markdown; nothing if there are none. Columns that no row
// has anything in are left out.
func (m *markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	used := make([]bool, len(head))
	for _, row := range rows {
		for i, cell := range row {
			used[i] = used[i] || cell != ""
		}
	}
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---"
	}
	for _, row := range append([][]string{head, rule}, rows...) {
		m.text.WriteString("|")
		for i, cell := range row {
			if used[i] {
				m.text.WriteString(" " + cellText(cell) + " |")
			}
		}
		m.text.WriteString("\n")
	}
	m.text.WriteString("\n")
}

// cellText keeps a text from ending its cell or its line.
func cellText(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

// plain is a text of the code as Markdown that shows it as it is.
var plain = strings.NewReplacer(`\`, `\\`, "*", `\*`, "<", `\<`, "`", "\\`", "[", `\[`).Replace

// code shows a text as code; nothing if it is empty.
func code(text string) string {
	switch {
	case text == "":
		return ""
	case strings.Contains(text, "`"):
		return "`` " + text + " ``"
	}
	return "`" + text + "`"
}

// codes shows texts as code, separated by commas.
func codes(list []string) string {
	shown := make([]string, len(list))
	for i, text := range list {
		shown[i] = code(text)
	}
	return strings.Join(shown, ", ")
}

// sentence ends a text of the code with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return plain(text)
}

// capital begins a text with a capital letter.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
