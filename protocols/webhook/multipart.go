package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/documents"
)

// maxParts bounds the parts of a multipart body.
const maxParts = 1000

// file is a part of a body that becomes a document.
type file struct {
	// field is the name of the form field; empty for a body that is a file.
	field             string
	name, contentType string
	content           []byte
}

func (f *file) info() protocols.DocumentInfo {
	return protocols.DocumentInfo{Name: f.name, ContentType: f.contentType, Size: int64(len(f.content))}
}

// reference describes the file as a document reference does; its ids are empty
// as long as it is not stored.
func (f *file) reference() map[string]any { return documents.Reference(f.info(), time.Time{}) }

// parseMultipart returns the fields as an object and the files. A file's field
// holds its reference.
func parseMultipart(content []byte, boundary string) (parsed, *answer) {
	object, files, err := readParts(content, boundary)
	if err != nil {
		return parsed{}, badRequest("INVALID_BODY", "the multipart body is invalid: "+err.Error())
	}
	return parsed{withReferences(object, files, (*file).reference), files, object}, nil
}

func readParts(content []byte, boundary string) (map[string]any, []file, error) {
	if boundary == "" {
		return nil, nil, errors.New("its content type has no boundary")
	}
	object := map[string]any{}
	var files []file
	parts := multipart.NewReader(bytes.NewReader(content), boundary)
	for range maxParts {
		part, err := parts.NextPart()
		if err == io.EOF {
			return object, files, nil
		}
		if err != nil {
			return nil, nil, err
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, nil, err
		}
		if part.FileName() != "" {
			files = append(files, newFile(part, data))
			continue
		}
		text, err := decoded(data, part.Header.Get("Content-Type"))
		if err != nil {
			return nil, nil, fmt.Errorf("field %q: %w", part.FormName(), err)
		}
		put(object, clean(part.FormName()), string(text))
	}
	return nil, nil, fmt.Errorf("it has more than %d parts", maxParts)
}

func newFile(part *multipart.Part, data []byte) file {
	contentType := part.Header.Get("Content-Type")
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	return file{field: clean(part.FormName()), name: clean(part.FileName()), contentType: clean(contentType), content: data}
}

// clean drops control characters and what is not UTF-8 from a name.
func clean(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "\uFFFD"))
}

// withReferences returns the object with the files under their fields' names.
func withReferences(object map[string]any, files []file, reference func(*file) map[string]any) map[string]any {
	out := maps.Clone(object)
	for i := range files {
		if files[i].field != "" {
			put(out, files[i].field, reference(&files[i]))
		}
	}
	return out
}

// store keeps the files as documents and returns the event with them; it does
// so once for a request.
func (r *request) store(ctx context.Context, store protocols.Documents) (any, error) {
	if r.stored != nil {
		return r.stored, nil
	}
	references := make([]any, len(r.content.files))
	byFile := make(map[*file]map[string]any, len(r.content.files))
	for i := range r.content.files {
		f := &r.content.files[i]
		info, err := store.Create(ctx, f.info(), bytes.NewReader(f.content))
		if err != nil {
			return nil, fmt.Errorf("store the document %q: %w", f.name, err)
		}
		byFile[f] = documents.Reference(info, r.now)
		references[i] = byFile[f]
	}
	value := r.content.value
	if r.content.fields != nil {
		value = withReferences(r.content.fields, r.content.files, func(f *file) map[string]any { return byFile[f] })
	}
	r.stored = r.eventWith(value, references)
	return r.stored, nil
}

// checkDocuments refuses files where there is no store for them.
func (r *request) checkDocuments(store protocols.Documents) *answer {
	if len(r.content.files) == 0 || store != nil {
		return nil
	}
	return problem{status: http.StatusUnsupportedMediaType, reason: "NO_DOCUMENT_STORE",
		detail: "the body holds a file, and there is no document store for it"}.answer()
}
