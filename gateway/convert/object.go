package convert

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon"
)

// trouble keeps the first error of a conversion.
type trouble struct{ err error }

func (t *trouble) at(kind colophon.Kind, code colophon.Code, path string) {
	if t.err == nil {
		t.err = &colophon.Error{Kind: kind, Code: code, Args: colophon.Args{"path": path}}
	}
}

// object is a JSON object out of which members are taken. What is left in the end has no place in the other dialect.
type object struct {
	trouble *trouble
	path    string
	members map[string]json.RawMessage
}

func parse(t *trouble, body []byte) *object {
	o := &object{trouble: t}
	if json.Unmarshal(body, &o.members) != nil || o.members == nil {
		t.at(colophon.Invalid, CodeBody, ".")
	}
	return o
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)

// below is the path of a member. A name that looks like none of the interfaces' is not told: it may be anything.
func (o *object) below(name string) string {
	if !plainName.MatchString(name) {
		name = "~"
	}
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

func (o *object) bad(name string)    { o.trouble.at(colophon.Invalid, CodeBody, o.below(name)) }
func (o *object) refuse(name string) { o.trouble.at(colophon.Unsupported, CodeField, o.below(name)) }

// raw takes a member as it stands; nil for null and for none.
func (o *object) raw(name string) json.RawMessage {
	v := o.members[name]
	delete(o.members, name)
	if string(v) == "null" {
		return nil
	}
	return v
}

// into takes a member of a type. It is false for null and for none.
func (o *object) into(name string, v any) bool {
	text := o.raw(name)
	if text == nil {
		return false
	}
	if json.Unmarshal(text, v) != nil {
		o.bad(name)
		return false
	}
	return true
}

func (o *object) text(name string) (v string) {
	o.into(name, &v)
	return v
}

func (o *object) number(name string) (v int64) {
	o.into(name, &v)
	return v
}

// object takes a member that is an object; nil for null and for none.
func (o *object) object(name string) *object {
	sub := &object{trouble: o.trouble, path: o.below(name)}
	if !o.into(name, &sub.members) {
		return nil
	}
	return sub
}

// objects takes a member that is a list of objects.
func (o *object) objects(name string) []*object {
	var list []map[string]json.RawMessage
	if !o.into(name, &list) {
		return nil
	}
	out := make([]*object, len(list))
	for i, m := range list {
		out[i] = &object{trouble: o.trouble, path: o.below(name) + "." + strconv.Itoa(i), members: m}
		if m == nil {
			o.bad(name)
		}
	}
	return out
}

// textOr takes a member that is a text, or a list of objects.
func (o *object) textOr(name string) (string, []*object) {
	if v := o.members[name]; len(v) > 0 && v[0] == '[' {
		return "", o.objects(name)
	}
	return o.text(name), nil
}

// without leaves members out, whatever they say.
func (o *object) without(names ...string) {
	for _, name := range names {
		delete(o.members, name)
	}
}

// done says that everything was taken. Null, nothing and no stand for a member that is not there.
func (o *object) done() {
	var left []string
	for name, v := range o.members {
		switch string(v) {
		case "null", "false", `""`, "[]", "{}", "0", "0.0":
		default:
			left = append(left, name)
		}
	}
	if len(left) > 0 {
		slices.Sort(left)
		o.refuse(left[0])
	}
}

// marshal writes JSON of values that were read from JSON, and thus can be written.
func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// dict is an object that is written. Members that are nil or "" are left out by put.
type dict map[string]any

func (d dict) put(name string, v any) {
	switch v := v.(type) {
	case nil:
	case string:
		if v != "" {
			d[name] = v
		}
	case json.RawMessage:
		if v != nil {
			d[name] = v
		}
	case []dict:
		if len(v) > 0 {
			d[name] = v
		}
	default:
		d[name] = v
	}
}
