package fromcurl

import (
	"strconv"
	"strings"
)

func requestMethod(r *request, w word) error {
	method := strings.ToUpper(w.text)
	if !hasWord("GET POST PUT PATCH DELETE HEAD OPTIONS", method) {
		return w.errorf("the protocol rest has no method %q; it has GET, POST, PUT, PATCH, DELETE, HEAD and OPTIONS", plain(w.text))
	}
	r.method = method
	return nil
}

func address(r *request, w word) error {
	if r.address != "" {
		return w.errorf("a second address; make a template of each request (or quote what belongs to an option)")
	}
	r.address, r.at = w.text, w
	return nil
}

func headerLine(r *request, w word) error {
	if strings.HasPrefix(w.text, "@") {
		return w.errorf("a file's content is not known here; write its headers into the command")
	}
	name, value, ok := strings.Cut(w.text, ":")
	if !ok {
		if name, ok = strings.CutSuffix(w.text, ";"); !ok {
			return w.errorf(`a header is written "Name: value"`)
		}
	} else if strings.TrimSpace(value) == "" { // curl takes one of its own headers away so
		return nil
	}
	r.headers = append(r.headers, pair{name: strings.TrimSpace(name), value: strings.TrimSpace(value), named: true, at: w})
	return nil
}

func cookie(r *request, w word) error {
	if !strings.Contains(w.text, "=") && !strings.Contains(w.text, variableBegin) {
		return w.errorf("a file's content is not known here; write the cookies as name=value")
	}
	return header("Cookie").value(r, w)
}

const fileHint = "a file's content is not known here; write it in the place of @..."

func data(r *request, w word) error {
	if strings.HasPrefix(w.text, "@") {
		return w.errorf(fileHint)
	}
	return rawData(r, w)
}

func rawData(r *request, w word) error {
	r.data = append(r.data, pair{value: w.text, at: w})
	return nil
}

func jsonData(r *request, w word) error {
	r.json = true
	return data(r, w)
}

// encodedData reads content, =content and name=content (curl's manual,
// --data-urlencode).
func encodedData(r *request, w word) error {
	name, value, hasName := strings.Cut(w.text, "=")
	if !hasName {
		if strings.Contains(w.text, "@") {
			return w.errorf(fileHint)
		}
		name, value = "", w.text
	}
	r.data = append(r.data, pair{name: name, value: value, named: true, at: w})
	return nil
}

func queryPart(r *request, w word) error {
	if text, raw := strings.CutPrefix(w.text, "+"); raw {
		r.query = append(r.query, pair{value: text, at: w})
		return nil
	}
	other := request{}
	err := encodedData(&other, w)
	r.query = append(r.query, other.data...)
	return err
}

func formPart(r *request, w word) error {
	name, value, ok := strings.Cut(w.text, "=")
	if !ok {
		return w.errorf("a part of a form is written name=value")
	}
	part := pair{name: name, named: true, at: w}
	if value, part.file = strings.CutPrefix(value, "@"); !part.file && strings.HasPrefix(value, "<") {
		return w.errorf(fileHint)
	}
	if before, _, typed := strings.Cut(value, ";type="); typed {
		r.note("The part " + strconv.Quote(plain(name)) + " of the form goes out without the type that the command gives it.")
		value = before
	}
	part.value = strings.Trim(value, `"`)
	r.parts = append(r.parts, part)
	return nil
}

func formText(r *request, w word) error {
	name, value, ok := strings.Cut(w.text, "=")
	if !ok {
		return w.errorf("a part of a form is written name=value")
	}
	r.parts = append(r.parts, pair{name: name, value: value, named: true, at: w})
	return nil
}

func seconds(field func(*request) *int) option {
	return option{value: func(r *request, w word) error {
		n, err := strconv.ParseFloat(w.text, 64)
		if err != nil || !(0 <= n && n <= 86400) {
			return w.errorf("expected a number of seconds, at most 86400")
		}
		whole := int(n)
		if float64(whole) < n {
			whole++
		}
		*field(r) = whole
		return nil
	}}
}
