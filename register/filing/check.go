package filing

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Limits.
const (
	MaxKit   = 1 << 20 // bytes of a kit as JSON
	maxLine  = 512
	maxText  = 32 << 10
	maxList  = 100
	maxCount = 1_000_000
)

// tag says what a field may hold: a line, a text, a date, a sha256, a count, one of some words, a list, or a part with
// fields of its own.
type tag struct {
	is       string
	words    []string
	optional bool   // it may stay empty
	starred  bool   // the form asks for pictures of screens
	when     string // it is asked for only then
}

func readTag(s string) tag {
	t := tag{is: "part"}
	for i, p := range strings.Split(s, ",") {
		name, value, _ := strings.Cut(p, "=")
		switch {
		case i == 0 && p != "":
			t.is, t.words = name, strings.Fields(value)
		case name == "optional":
			t.optional = true
		case name == "starred":
			t.starred = true
		case name == "if":
			t.when = value
		}
	}
	return t
}

// visit calls fn with every field of a value, by the names that it has as JSON, before the fields inside it. fn returns
// whether to go on inside.
func visit(v reflect.Value, path string, t tag, fn func(path string, t tag, v reflect.Value) bool) {
	if path != "" && !fn(path, t, v) {
		return
	}
	join := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			visit(v.Field(i), join(f.Tag.Get("json")), readTag(f.Tag.Get("kit")), fn)
		}
	case reflect.Slice:
		for i := range v.Len() {
			inner := tag{is: "part"}
			if v.Index(i).Kind() == reflect.String {
				inner.is = "text"
			}
			visit(v.Index(i), join(strconv.Itoa(i)), inner, fn)
		}
	}
}

// fits reports whether a field is in form. An empty one is.
func (t tag) fits(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice:
		return v.Len() <= maxList
	case reflect.Int:
		return v.Int() >= 0 && v.Int() <= maxCount
	case reflect.String:
		return v.Len() == 0 || t.says(v.String())
	}
	return true
}

func (t tag) says(s string) bool {
	switch t.is {
	case "word":
		return slices.Contains(t.words, s)
	case "date":
		_, err := time.Parse(time.DateOnly, s)
		return err == nil
	case "sha256":
		raw, err := hex.DecodeString(s)
		return err == nil && len(raw) == sha256.Size && s == strings.ToLower(s)
	case "text":
		return prose(s, maxText)
	}
	return prose(s, maxLine) && !strings.Contains(s, "\n")
}

// prose reports whether s is text that is not blank, without control signs but the end of a line.
func prose(s string, most int) bool {
	return strings.TrimSpace(s) != "" && len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' })
}

func misfit(v any, at string) error {
	bad := ""
	visit(reflect.ValueOf(v), at, tag{is: "part"}, func(path string, t tag, v reflect.Value) bool {
		if bad == "" && !t.fits(v) {
			bad = path
		}
		return bad == ""
	})
	if bad != "" {
		return invalid(bad)
	}
	return nil
}

// Check refuses a kit in which a field is out of form, or an annex is called as another one, and names the first. What is empty
// is not known yet, and in form.
func (k Kit) Check() error {
	for i, a := range k.Annexes[:min(len(k.Annexes), maxList)] {
		if a.Name != "" && slices.ContainsFunc(k.Annexes[:i], func(b Annex) bool { return b.Name == a.Name }) {
			return invalid("annexes." + strconv.Itoa(i) + ".name")
		}
	}
	return misfit(k, "")
}

// Check refuses people of whom a field is out of form. The error names the field and never what stands in it.
func (p People) Check() error { return misfit(p, "people") }

// Open lists the fields that the form asks for and that are not known yet, by their names as JSON.
func (k Kit) Open() []string { return open(k, "", k.conditions()) }

// Open lists what is not known of people yet.
func (p People) Open() []string { return open(p, "people", nil) }

// conditions are those under which a field is asked for.
func (k Kit) conditions() map[string]bool {
	return map[string]bool{"provider": k.Algorithm.Role != "supporter", "supporter": k.Algorithm.Role == "supporter", "biometric": k.Detail.Biometric == "yes"}
}

func open(v any, at string, conditions map[string]bool) []string {
	list := []string{}
	visit(reflect.ValueOf(v), at, tag{is: "part"}, func(path string, t tag, v reflect.Value) bool {
		if t.when != "" && !conditions[t.when] {
			return false
		}
		if v.Kind() != reflect.Struct && !t.optional && (v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0) {
			list = append(list, path)
		}
		return true
	})
	return list
}

// starred lists the sections for which the form asks for pictures of screens and that have none.
func (k Kit) starred() []string {
	var list []string
	visit(reflect.ValueOf(k), "", tag{is: "part"}, func(path string, t tag, v reflect.Value) bool {
		if s, ok := v.Interface().(Section); ok && t.starred && len(s.Shots) == 0 {
			list = append(list, path)
		}
		return true
	})
	return list
}

// shots are the digests of all pictures and files that a kit refers to, by the field.
func (k Kit) shots() map[string]string {
	list := map[string]string{}
	visit(reflect.ValueOf(k), "", tag{is: "part"}, func(path string, t tag, v reflect.Value) bool {
		if t.is == "sha256" && v.String() != "" && !strings.HasPrefix(path, "annexes.") {
			list[path] = v.String()
		}
		return true
	})
	return list
}

// ParseKit reads a kit. A field that it does not know is refused; one that is left out is not known yet.
func ParseKit(raw []byte) (Kit, error) {
	var k Kit
	if len(raw) > MaxKit {
		return k, invalid("json")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&k); err != nil {
		return Kit{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": "json"}, Err: err}
	}
	if _, err := dec.Token(); err != io.EOF {
		return Kit{}, invalid("json")
	}
	return k, k.Check()
}

// Digest is the SHA-256 of the kit as canonical JSON, in hexadecimal.
func (k Kit) Digest() (string, error) {
	raw, err := evidence.Canonical(k)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), err
}
