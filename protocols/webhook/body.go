package webhook

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"patchbay/protocols/httpx"
)

// maxDepth is how deep arrays and objects of a body may nest.
const maxDepth = 500

// parsed is a body as JSON.
type parsed struct {
	value any
	// files are to become documents.
	files []file
	// fields are those of a form with files, without the files.
	fields map[string]any
}

// parseBody makes a body JSON by its content type:
//
//	none                                {}
//	application/x-www-form-urlencoded   an object; repeated names have lists
//	multipart/form-data                 an object of the fields; files become documents
//	application/json, +json             the value
//	application/xml, text/xml, +xml     the text
//	anything else                       the value if it is JSON, as in Camunda;
//	                                    the text if it is text; else a document
func parseBody(content []byte, contentType, contentEncoding string) (parsed, *answer) {
	if contentEncoding != "" && !strings.EqualFold(contentEncoding, "identity") {
		return parsed{}, problem{status: http.StatusUnsupportedMediaType, reason: "UNSUPPORTED_ENCODING",
			detail: "a body with the content encoding " + fmt.Sprintf("%q", contentEncoding) + " is not understood"}.answer()
	}
	if len(content) == 0 {
		return parsed{value: map[string]any{}}, nil
	}
	kind, params := mediaType(contentType)
	switch {
	case isJSON(kind):
		return parseJSON(content, contentType)
	case kind == "application/x-www-form-urlencoded":
		return parseFormBody(content, contentType)
	case kind == "multipart/form-data":
		return parseMultipart(content, params["boundary"])
	case kind == "application/xml", strings.HasSuffix(kind, "+xml"), kind == "text/xml":
		return parseXML(content, contentType)
	}
	return parseAny(content, contentType, kind)
}

// mediaType returns the type in lower case, with its parameters if any.
func mediaType(contentType string) (string, map[string]string) {
	if contentType == "application/json" || contentType == "" {
		return contentType, nil
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		return strings.ToLower(strings.TrimSpace(kind)), nil
	}
	return kind, params
}

func isJSON(kind string) bool {
	return kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json")
}

func parseJSON(content []byte, contentType string) (parsed, *answer) {
	text, err := decoded(content, contentType)
	if err != nil {
		return parsed{}, badRequest("INVALID_BODY", err.Error())
	}
	value, err := decodeJSON(text)
	if err != nil {
		return parsed{}, badRequest("INVALID_BODY", "the body is no JSON: "+err.Error())
	}
	return parsed{value: value}, nil
}

func decodeJSON(text []byte) (any, error) {
	if depth(text) > maxDepth {
		return nil, fmt.Errorf("it nests deeper than %d levels", maxDepth)
	}
	return httpx.DecodeJSON(text)
}

// depth is how deep brackets nest; texts with few of them are not looked at.
func depth(text []byte) int {
	if bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) <= maxDepth {
		return 0
	}
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			now++
			deepest = max(deepest, now)
		case c == ']' || c == '}':
			now--
		}
	}
	return deepest
}

// decoded returns a text in UTF-8, without a byte order mark. What is not
// text in its charset is an error rather than a text with holes.
func decoded(content []byte, contentType string) ([]byte, error) {
	if strings.Contains(contentType, "charset") {
		_, params := mediaType(contentType)
		e, err := httpx.Charset(params["charset"])
		if err != nil {
			return nil, err
		}
		if e != nil {
			return e.NewDecoder().Bytes(content)
		}
	}
	if !utf8.Valid(content) {
		return nil, fmt.Errorf("the body is not UTF-8")
	}
	return bytes.TrimPrefix(content, []byte("\uFEFF")), nil
}

func parseFormBody(content []byte, contentType string) (parsed, *answer) {
	text := string(content)
	_, params := mediaType(contentType)
	if charset := params["charset"]; charset != "" {
		if e, err := httpx.Charset(charset); err != nil || e != nil {
			return parsed{}, badRequest("INVALID_BODY", fmt.Sprintf("a form has to be UTF-8, not %q", charset))
		}
	}
	f, err := parseForm(text)
	if err != nil {
		return parsed{}, badRequest("INVALID_BODY", "the form is invalid: "+err.Error())
	}
	return parsed{value: f.object()}, nil
}

// parseXML keeps the text. Its charset may also be declared inside, so what is
// not UTF-8 without a charset parameter is left to the declaration.
func parseXML(content []byte, contentType string) (parsed, *answer) {
	text, err := decoded(content, contentType)
	if err == nil {
		return parsed{value: string(text)}, nil
	}
	head, _, _ := bytes.Cut(content, []byte("?>"))
	if _, after, ok := bytes.Cut(head, []byte("encoding=")); ok && len(after) > 1 {
		name, _, _ := bytes.Cut(after[1:], after[:1])
		if text, err = decoded(content, "text/xml; charset="+string(name)); err == nil {
			return parsed{value: string(text)}, nil
		}
	}
	return parsed{}, badRequest("INVALID_BODY", err.Error())
}

func parseAny(content []byte, contentType, kind string) (parsed, *answer) {
	text, err := decoded(content, contentType)
	if err == nil {
		if value, jsonErr := decodeJSON(text); jsonErr == nil {
			return parsed{value: value}, nil
		}
		if kind == "" || strings.HasPrefix(kind, "text/") {
			return parsed{value: string(text)}, nil
		}
	}
	if strings.HasPrefix(kind, "text/") {
		return parsed{}, badRequest("INVALID_BODY", err.Error())
	}
	if kind == "" {
		kind = "application/octet-stream"
	}
	return parsed{value: map[string]any{}, files: []file{{contentType: kind, content: content}}}, nil
}
