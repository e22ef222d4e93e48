package api

import (
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

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
