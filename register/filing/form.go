package filing

import (
	"reflect"
	"slices"
	"strings"
)

// Field is one field of the kit, as a form shows it.
type Field struct {
	Path     string   `json:"path"` // its name as JSON; [] stands for the place in a list
	Kind     string   `json:"kind"` // line, text, date, sha256, count, word, list or part
	Words    []string `json:"words,omitempty"`
	Optional bool     `json:"optional,omitempty"`
	When     string   `json:"when,omitempty"` // it is asked for only then: provider, supporter, biometric
}

// Fields lists the fields of the kit in the order of the form, parts and lists before what is in them.
func Fields() []Field {
	var list []Field
	fieldsOf(reflect.TypeFor[Kit](), "", "", &list)
	return list
}

func fieldsOf(t reflect.Type, path, when string, list *[]Field) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, at := readTag(f.Tag.Get("kit")), strings.TrimPrefix(path+"."+f.Tag.Get("json"), ".")
		if tag.when == "" {
			tag.when = when
		}
		*list = append(*list, Field{at, tag.is, tag.words, tag.optional, tag.when})
		switch inner := f.Type; {
		case inner.Kind() == reflect.Struct:
			fieldsOf(inner, at, tag.when, list)
		case inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct:
			fieldsOf(inner.Elem(), at+"[]", tag.when, list)
		}
	}
}

// Name is the path of a field without the places in lists, as sentences are looked up by: report-services-icp. The text and the
// pictures of a section have the name of the section, and what is asked of a person that of the person.
func Name(path string) string {
	if path == "" {
		return ""
	}
	parts := strings.Split(strings.ReplaceAll(path, "[]", ""), ".")
	parts = slices.DeleteFunc(parts, func(p string) bool { return strings.Trim(p, "0123456789") == "" })
	switch most := len(parts); {
	case parts[0] == "people":
		parts = parts[:min(most, 2)]
	case parts[0] == "report" && most > 2 && (parts[2] == "text" || parts[2] == "shots"):
		parts = parts[:2]
	case parts[0] == "labels":
		parts = parts[:min(most, 2)]
	}
	return strings.ReplaceAll(strings.Join(parts, "-"), "_", "-")
}
