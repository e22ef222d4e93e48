package api

import (
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const jsonType = "application/json"

// schemaName names a type in the OpenAPI document, with its package where that
// is not this one: several packages have an Entry.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if own := reflect.TypeFor[Problem]().PkgPath(); t.PkgPath() == own || t.Name() == "" {
		return name
	}
	folder := path.Base(t.PkgPath())
	return strings.ToUpper(folder[:1]) + folder[1:] + name
}

// schemaOf returns the schema of a type.
func schemaOf[T any](api huma.API) *huma.Schema {
	return api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}

// describe completes what the OpenAPI document says of an operation: the role
// that it needs, and the answers that the router and Access give for it.
func describe(document *huma.OpenAPI, op *huma.Operation) {
	if op.Extensions == nil {
		op.Extensions = map[string]any{}
	}
	op.Extensions["x-role"] = permissionOf(op).role.String()
	op.Security = []map[string][]string{{bearerScheme: {}}}
	describeBody(document, op)
	schema := document.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	for _, status := range errorsOf(op) {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status),
			Content: map[string]*huma.MediaType{(*Problem)(nil).ContentType(""): {Schema: schema}}}
	}
	delete(op.Responses, "default")
}

// bearerScheme is how tokens are sent.
const bearerScheme = "bearer"

var securitySchemes = map[string]*huma.SecurityScheme{bearerScheme: {Type: "http", Scheme: "bearer",
	Description: "A token of --read-token, --publish-token or --api-token; x-role says which role an operation needs. Without tokens in the configuration none is asked for."}}

// bodyKey is where an operation that decodes its body itself says of what type
// it is, in Metadata.
const bodyKey = "body"

// body is Metadata for an operation that decodes a T.
func body[T any]() map[string]any { return map[string]any{bodyKey: reflect.TypeFor[T]()} }

// describeBody says of what type a body is that the router hands on as bytes.
func describeBody(document *huma.OpenAPI, op *huma.Operation) {
	if op.RequestBody == nil || op.RequestBody.Content[jsonType] == nil {
		return
	}
	media := op.RequestBody.Content[jsonType]
	if t, told := op.Metadata[bodyKey].(reflect.Type); told {
		media.Schema = document.Components.Schemas.Schema(t, true, "")
	} else if media.Schema != nil && media.Schema.Format == "binary" {
		media.Schema = &huma.Schema{}
	}
}

// errorsOf lists the errors with which an operation may answer.
func errorsOf(op *huma.Operation) []int {
	list := append([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusInternalServerError}, op.Errors...)
	if len(op.Parameters) > 0 {
		list = append(list, http.StatusUnprocessableEntity)
	}
	if op.RequestBody != nil {
		list = append(list, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity)
		if !op.SkipValidateBody {
			list = append(list, http.StatusUnsupportedMediaType)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// asProblem turns the router's own errors into problem documents of our form.
func asProblem(_ huma.Context, _ string, value any) (any, error) {
	e, is := value.(*huma.ErrorModel)
	if !is {
		return value, nil
	}
	p := problem(e.Status, e.Detail)
	for _, detail := range e.Errors {
		f := Finding{Message: detail.Message}
		if place, inBody := strings.CutPrefix(detail.Location, "body"); inBody {
			f.Pointer = strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(place)
		} else if detail.Location != "" {
			f.Message = detail.Location + ": " + f.Message
		}
		p.Errors = append(p.Errors, f)
	}
	return p, nil
}

// raw describes bytes that are served as they are: with 304 for who has them.
func raw(contentType string) map[string]*huma.Response {
	return map[string]*huma.Response{
		"200": {Description: "OK", Content: map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{}}}},
		"304": {Description: "The caller has it already: If-None-Match is its ETag"},
	}
}
