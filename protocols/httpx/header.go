package httpx

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/text/encoding/charmap"

	"patchbay/protocols"
)

// userAgent is the default of the header.
const userAgent = "patchbay"

// framing are headers that belong to the transport.
var framing = map[string]bool{
	"Connection": true, "Content-Length": true, "Keep-Alive": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

// RequestHeader returns the headers of a request from the input at path, with
// the defaults for the others, and the value of the Host header, if there is
// one. Headers of the transport are left out, and so is a content type that is
// null. An invalid name or value is an *protocols.InputError.
func RequestHeader(input map[string]*string, path string) (header http.Header, host string, err error) {
	header = make(http.Header, len(input)+4)
	values := []string{userAgent, AcceptEncoding}
	header["User-Agent"], header["Accept-Encoding"] = values[:1:1], values[1:]
	// Of names that differ only in case the last one counts.
	var space [8]string
	names := slices.AppendSeq(space[:0], maps.Keys(input))
	slices.Sort(names)
	for _, name := range names {
		key, text := http.CanonicalHeaderKey(name), ""
		value := input[name]
		if value != nil {
			text = *value
		}
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return nil, "", &protocols.InputError{Path: path, Message: fmt.Sprintf("%q is no valid header name", name)}
		case !httpguts.ValidHeaderFieldValue(text):
			return nil, "", &protocols.InputError{Path: path + "." + name, Message: "the value holds a line break or another control character"}
		case framing[key] || key == "Content-Type" && value == nil:
		case key == "Host":
			host = text
		default:
			header[key] = []string{latin1(text)}
		}
	}
	return header, host, nil
}

// latin1 is a header's value as it goes out: in ISO-8859-1, as servers read it
// (RFC 9110, 5.5), or in UTF-8 if it holds other characters.
func latin1(text string) string {
	if ascii(text) {
		return text
	}
	if encoded, err := charmap.ISO8859_1.NewEncoder().String(text); err == nil {
		return encoded
	}
	return text
}

// headerText is the text of a header's value that came: UTF-8, or else
// ISO-8859-1.
func headerText(value string) string {
	if utf8.ValidString(value) {
		return value
	}
	decoded, _ := charmap.ISO8859_1.NewDecoder().String(value) // which knows every byte
	return decoded
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
