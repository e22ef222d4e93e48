package httpx

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

var byteOrderMark = []byte("\uFEFF")

// Text decodes a text by the charset of its content type, by default UTF-8.
// What is no text in that charset becomes U+FFFD, an unknown charset counts as
// UTF-8, and a byte order mark is dropped.
func Text(content []byte, contentType string) string {
	if charset := charsetOf(contentType); charset != "" {
		if e, err := Charset(charset); err == nil && e != nil {
			decoder := unicode.BOMOverride(e.NewDecoder()) // a mark says more than the name
			if decoded, _, err := transform.Bytes(decoder, content); err == nil {
				content = decoded
			}
		}
	}
	content = bytes.TrimPrefix(content, byteOrderMark)
	if utf8.Valid(content) {
		return string(content)
	}
	return string([]rune(string(content))) // one U+FFFD for each byte
}

func charsetOf(contentType string) string {
	if strings.IndexByte(contentType, ';') < 0 {
		return ""
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return params["charset"]
}

// Charset finds the encoding of a charset's name; nil for UTF-8. The error says
// that the name is not known.
func Charset(name string) (encoding.Encoding, error) {
	switch strings.ToLower(name) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return nil, nil
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("the charset %q is not known", name)
	}
	return e, nil
}
