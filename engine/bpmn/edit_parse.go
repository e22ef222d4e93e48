package bpmn

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// parse reads the file into tags.
func (d *Draft) parse(data []byte) error {
	p := parser{draft: d, data: data, decoder: xml.NewDecoder(bytes.NewReader(data))}
	for {
		from := int(p.decoder.InputOffset())
		token, err := p.decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return p.finish()
		}
		if err != nil {
			return p.fail(err.Error())
		}
		if err := p.token(token, string(data[from:p.decoder.InputOffset()])); err != nil {
			return err
		}
	}
}

type parser struct {
	draft    *Draft
	data     []byte
	decoder  *xml.Decoder
	at       *Tag
	depth    int
	elements int
}

func (p *parser) token(token xml.Token, raw string) error {
	switch token := token.(type) {
	case xml.StartElement:
		return p.start(token, raw)
	case xml.EndElement:
		return p.end(token, raw)
	}
	switch {
	case p.at != nil:
		p.at.nodes = append(p.at.nodes, content{raw: raw})
	case p.draft.root == nil:
		p.draft.before += raw
	default:
		p.draft.after += raw
	}
	return nil
}

func (p *parser) start(token xml.StartElement, raw string) error {
	if p.at == nil && p.draft.root != nil {
		return p.fail("more than one root element")
	}
	if p.depth++; p.depth > MaxDepth {
		return p.fail(fmt.Sprintf("elements nest deeper than %d levels", MaxDepth))
	}
	if p.elements++; p.elements > MaxElements {
		return p.fail(fmt.Sprintf("more than %d elements", MaxElements))
	}
	tag := &Tag{draft: p.draft, parent: p.at, name: rawName(token.Name)}
	tag.attrs, tag.tail = attributes(token, raw[1+len(tag.name):])
	if p.at == nil {
		p.draft.root = tag
	} else {
		p.at.nodes = append(p.at.nodes, content{tag: tag})
	}
	if id, has := tag.Attr("id"); has && p.draft.ids[id] == nil {
		p.draft.ids[id] = tag
	}
	p.at = tag
	return nil
}

func (p *parser) end(token xml.EndElement, raw string) error {
	if p.at == nil || rawName(token.Name) != p.at.name {
		return p.fail(fmt.Sprintf("unexpected end tag </%s>", rawName(token.Name)))
	}
	p.at.end = raw
	p.at = p.at.parent
	p.depth--
	return nil
}

func (p *parser) finish() error {
	if p.at != nil || p.draft.root == nil {
		return p.fail("the file ends too early")
	}
	return nil
}

func (p *parser) fail(message string) error {
	line, column := p.decoder.InputPos()
	return &SyntaxError{Line: line, Column: column, Msg: message}
}

func rawName(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}

// attributes cuts a start tag, from behind its name, into attributes with the
// blanks before them and the rest.
func attributes(token xml.StartElement, raw string) ([]attribute, string) {
	list := make([]attribute, len(token.Attr))
	for i, a := range token.Attr {
		open := strings.IndexAny(raw, `"'`)
		end := open + 2 + strings.IndexByte(raw[open+1:], raw[open])
		list[i] = attribute{rawName(a.Name), a.Value, raw[:end]}
		raw = raw[end:]
	}
	return list, raw
}
