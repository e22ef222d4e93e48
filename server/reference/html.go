package reference

import (
	"html"
	"regexp"
	"strings"
	"unicode"
)

// toHTML makes HTML of a page. It knows the Markdown that package generate
// writes: headings, paragraphs, lists, tables, blocks of text, and in them code
// and links. Everything else is text.
func toHTML(markdown string) string {
	p := parser{lines: strings.Split(markdown, "\n")}
	for len(p.lines) > 0 {
		p.block()
	}
	return p.out.String()
}

// parser goes through the lines of a page.
type parser struct {
	lines []string
	out   strings.Builder
}

var (
	headingLine = regexp.MustCompile(`^(#{1,6}) (.*)$`)
	itemLine    = regexp.MustCompile(`^ {0,3}(-|\d+\.) (.*)$`)
)

func (p *parser) block() {
	line := p.lines[0]
	heading := headingLine.FindStringSubmatch(line)
	switch {
	case line == "" || strings.HasPrefix(line, "<!--"):
		p.lines = p.lines[1:]
	case heading != nil:
		level := string(rune('0' + len(heading[1])))
		p.write("<h"+level+` id="`, html.EscapeString(anchor(heading[2])), `">`, inline(heading[2]), "</h"+level+">\n")
		p.lines = p.lines[1:]
	case strings.HasPrefix(line, "```"):
		p.lines = p.lines[1:]
		p.text(p.take(func(line string) bool { return !strings.HasPrefix(line, "```") }), "")
		p.lines = p.lines[min(1, len(p.lines)):]
	case strings.HasPrefix(line, "\t"):
		p.text(p.take(func(line string) bool { return strings.HasPrefix(line, "\t") }), "\t")
	case strings.HasPrefix(line, "|"):
		p.table(p.take(func(line string) bool { return strings.HasPrefix(line, "|") }))
	case itemLine.MatchString(line):
		p.list(p.take(itemLine.MatchString))
	default:
		p.write("<p>", inline(strings.Join(p.take(isText), " ")), "</p>\n")
	}
}

func isText(line string) bool { return line != "" && !strings.HasPrefix(line, "|") }

// take returns the lines that begin the rest and fit.
func (p *parser) take(fits func(string) bool) []string {
	n := 0
	for n < len(p.lines) && fits(p.lines[n]) {
		n++
	}
	taken := p.lines[:n]
	p.lines = p.lines[n:]
	return taken
}

func (p *parser) write(parts ...string) {
	for _, part := range parts {
		p.out.WriteString(part)
	}
}

func (p *parser) text(lines []string, indent string) {
	p.write("<pre>")
	for _, line := range lines {
		p.write(html.EscapeString(strings.TrimPrefix(line, indent)), "\n")
	}
	p.write("</pre>\n")
}

func (p *parser) list(lines []string) {
	p.write("<ul>\n")
	for _, line := range lines {
		p.write("<li>", inline(itemLine.FindStringSubmatch(line)[2]), "</li>\n")
	}
	p.write("</ul>\n")
}

// table writes a table, whose second line only divides it.
func (p *parser) table(lines []string) {
	p.write(`<div class="table"><table>` + "\n")
	for i, line := range lines {
		if i == 1 {
			continue
		}
		cell := "td"
		if i == 0 {
			cell = "th"
		}
		p.write("<tr>")
		for _, text := range cells(line) {
			p.write("<"+cell+">", inline(text), "</"+cell+">")
		}
		p.write("</tr>\n")
	}
	p.write("</table></div>\n")
}

// cells cuts a line of a table at its bars; \| is none.
func cells(line string) (list []string) {
	const bar = "\x00"
	line = strings.Trim(strings.ReplaceAll(line, `\|`, bar), "|")
	for cell := range strings.SplitSeq(line, "|") {
		list = append(list, strings.TrimSpace(strings.ReplaceAll(cell, bar, "|")))
	}
	return list
}

// anchor is what a heading is linked by, as on GitHub: in lower case, without
// punctuation.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// marks are what text can hold: an escaped character, code between one or two
// backticks, a link.
var marks = regexp.MustCompile("\\\\([\\\\`*_<>\\[\\]|])|`` (.+?) ``|`([^`]+)`|\\[((?:`[^`]+`|[^\\]])+)\\]\\(([^)]+)\\)")

func inline(text string) string {
	var out strings.Builder
	rest := 0
	for _, m := range marks.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(html.EscapeString(text[rest:m[0]]))
		rest = m[1]
		part := func(i int) string { return text[m[2*i]:m[2*i+1]] }
		switch {
		case m[2] >= 0:
			out.WriteString(html.EscapeString(part(1)))
		case m[4] >= 0:
			out.WriteString("<code>" + html.EscapeString(part(2)) + "</code>")
		case m[6] >= 0:
			out.WriteString("<code>" + html.EscapeString(part(3)) + "</code>")
		default:
			out.WriteString(`<a href="` + html.EscapeString(part(5)) + `">` + inline(part(4)) + "</a>")
		}
	}
	return out.String() + html.EscapeString(text[rest:])
}
