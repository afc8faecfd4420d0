package httpapi

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaName names a schema as huma does; those of the packages of reviews, which the API hands on as they are, have a word
// before them that keeps them apart from what is named alike here.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	for _, dir := range []string{"ethics", "mechanism", "security"} {
		if t.Name() != "" && strings.HasSuffix(t.PkgPath(), "/review/"+dir) {
			return "Oversight" + name
		}
	}
	return name
}
