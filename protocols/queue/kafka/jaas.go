package kafka

import (
	"fmt"
	"strings"
)

// parseJAAS reads the options of a login module's line, as in
//
//	org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";
//
// Values are in quotes, in which a backslash escapes, or bare. The texts of
// errors show nothing of the line, which has a password.
func parseJAAS(line string) (map[string]string, error) {
	p := jaas{strings.TrimSuffix(strings.TrimSpace(line), ";")}
	options := map[string]string{}
	for n := 0; ; n++ {
		word := p.word()
		switch {
		case word == "" && p.rest != "":
			return nil, fmt.Errorf("expected the name of an option after word %d", n)
		case word == "":
			return options, nil
		case !strings.HasPrefix(p.rest, "="):
			if n > 1 {
				return nil, fmt.Errorf("expected an option such as username=\"...\" in place of word %d", n+1)
			}
			continue // the module's class, and the word required
		}
		p.rest = strings.TrimSpace(p.rest[1:])
		value, err := p.value()
		if err != nil {
			return nil, fmt.Errorf("option %q: %w", word, err)
		}
		options[word] = value
	}
}

type jaas struct{ rest string }

// word takes what stands before the next blank or sign of equality.
func (p *jaas) word() string {
	p.rest = strings.TrimSpace(p.rest)
	end := strings.IndexAny(p.rest, " \t\r\n=")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = strings.TrimSpace(p.rest[end:])
	return word
}

func (p *jaas) value() (string, error) {
	if p.rest == "" {
		return "", fmt.Errorf("expected a value")
	}
	quote := p.rest[0]
	if quote != '"' && quote != '\'' {
		return p.bare(), nil
	}
	var out strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '\\' && i+1 < len(p.rest):
			i++
			out.WriteByte(p.rest[i])
		case c == quote:
			p.rest = p.rest[i+1:]
			return out.String(), nil
		default:
			out.WriteByte(c)
		}
	}
	return "", fmt.Errorf("its value does not end: a quote is missing")
}

func (p *jaas) bare() string {
	end := strings.IndexAny(p.rest, " \t\r\n;")
	if end < 0 {
		end = len(p.rest)
	}
	value := p.rest[:end]
	p.rest = p.rest[end:]
	return value
}
