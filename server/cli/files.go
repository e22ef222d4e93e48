package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxFile is the largest file that a command reads, in bytes.
const maxFile = 32 << 20

// readFile reads a file and, when it cannot, says so with the file's name once.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, readError(name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, readError(name, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read %s: larger than %d MiB", name, maxFile>>20)
	}
	return data, nil
}

func readError(name string, err error) error { return fmt.Errorf("read %s: %w", name, pathCause(err)) }

// pathCause takes away what os adds, since the text names the file already.
func pathCause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// inlineOrFile returns a flag's value, or after @ the content of a file.
func inlineOrFile(value string) ([]byte, error) {
	if name, ok := strings.CutPrefix(value, "@"); ok {
		return readFile(name)
	}
	return []byte(value), nil
}

// decodeJSON reads one JSON document whose numbers keep their digits. A syntax
// error tells its line and column.
func decodeJSON(data []byte, target any) error {
	if !utf8.Valid(data) {
		return errors.New("the text is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(target); err != nil {
		return jsonError(data, err)
	}
	if rest := bytes.TrimLeft(data[d.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return fmt.Errorf("%s: text after the end of the JSON document", position(data, int64(len(data)-len(rest)+1)))
	}
	return nil
}

func jsonError(data []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%s: %w", position(data, syntax.Offset), err)
	case errors.As(err, &kind):
		return typeError(kind)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON document ends early")
	}
	return err
}

// typeError names the member, where it is one, and what was expected of it.
func typeError(e *json.UnmarshalTypeError) error {
	want := "an object"
	switch e.Type.Kind() {
	case reflect.String:
		want = "a string"
	case reflect.Bool:
		want = "true or false"
	case reflect.Slice:
		want = "an array"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Float64:
		want = "a number"
	}
	text := fmt.Sprintf("expected %s but got: %s", want, e.Value)
	if e.Field != "" {
		text = e.Field + ": " + text
	}
	return errors.New(text)
}

func position(data []byte, offset int64) string {
	before := data[:min(int(offset), len(data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fmt.Sprintf("line %d, column %d", line, max(column, 1))
}

// printJSON prints a value as one line of JSON, with nothing escaped for HTML.
func printJSON(w io.Writer, value any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil { // only of a value that is no JSON: a defect
		fmt.Fprintf(w, "null\n")
	}
}
