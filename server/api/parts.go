package api

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// FormInput is a body that may be a form. The router would put the parts of one
// into files, and set no limit to it. It is exported because the router fills
// only such parts of an input.
type FormInput struct {
	Type    string `header:"Content-Type" hidden:"true"`
	RawBody []byte `contentType:"multipart/form-data"`
}

// isForm reports whether the body is a form.
func (in *FormInput) isForm() bool {
	kind, _, _ := mime.ParseMediaType(in.Type)
	return kind == formType
}

const formType = "multipart/form-data"

// part is a part of a form.
type part struct {
	name string
	// file is its file name, empty for a plain value.
	file    string
	content []byte
}

// parts returns the parts of a form, in order; the error is a problem.
func (in *FormInput) parts() ([]part, error) {
	_, parameters, err := mime.ParseMediaType(in.Type)
	if err != nil || !in.isForm() {
		return nil, problem(http.StatusUnsupportedMediaType, fmt.Sprintf("expected a form (%s), but got %q", formType, in.Type))
	}
	var list []part
	for reader := multipart.NewReader(bytes.NewReader(in.RawBody), parameters["boundary"]); ; {
		p, err := reader.NextPart()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, problem(http.StatusBadRequest, "the form cannot be read: "+strings.TrimPrefix(err.Error(), "multipart: "))
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return nil, problem(http.StatusBadRequest, fmt.Sprintf("the part %q cannot be read: %v", p.FormName(), err))
		}
		list = append(list, part{p.FormName(), p.FileName(), content})
	}
}

// formBody describes a form in the OpenAPI document.
func formBody(properties map[string]*huma.Schema, required ...string) *huma.MediaType {
	return &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject, Properties: properties, Required: required}}
}

// fileSchema is a file in a form.
func fileSchema(description string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary", Description: description}
}
