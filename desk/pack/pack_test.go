package pack_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/evidence"
)

func TestSteps(t *testing.T) {
	t.Parallel()
	may := map[[2]pack.State]bool{
		{pack.Drafted, pack.Drafted}: true, {pack.Drafted, pack.Filed}: true, {pack.Drafted, pack.Dismissed}: true,
		{pack.Filed, pack.Filed}: true, {pack.Filed, pack.Amended}: true, {pack.Amended, pack.Amended}: true,
	}
	if len(pack.States()) != 4 {
		t.Errorf("states %v", pack.States())
	}
	for _, from := range pack.States() {
		for _, to := range pack.States() {
			if from.May(to) != may[[2]pack.State{from, to}] {
				t.Errorf("from %s to %s: %t", from, to, from.May(to))
			}
		}
	}
}

func starter(t testing.TB) []pack.Form {
	t.Helper()
	forms, err := pack.Starter()
	if err != nil {
		t.Fatal(err)
	}
	return forms
}

func TestStarter(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, f := range starter(t) {
		ids = append(ids, f.ID)
		required := 0
		for _, field := range f.Fields {
			if field.Required {
				required++
			}
		}
		if required == 0 || required == len(f.Fields) {
			t.Errorf("%s asks for %d of %d fields", f.ID, required, len(f.Fields))
		}
	}
	if want := []string{"12377", "12387", "provincial-cac", "public-security"}; !slices.Equal(ids, want) {
		t.Errorf("%v", ids)
	}
}

const form = `{"id":"a","names":{"zh":"甲","en":"a"},"authority":{"zh":"乙","en":"b"},"basis":{"zh":"丙","en":"c"},"clauses":["ds-10"],` +
	`"fields":[{"id":"one","names":{"zh":"一","en":"one"},"required":true,"from":"summary"}]}`

func TestParseForm(t *testing.T) {
	t.Parallel()
	if _, err := pack.ParseForm([]byte(form)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, field string }{
		"id":           {`"id":"a"`, `"id":""`, "id"},
		"names":        {`"zh":"甲"`, `"zh":" "`, "names"},
		"authority":    {`"zh":"乙"`, `"zh":""`, "authority"},
		"basis":        {`"zh":"丙"`, `"zh":""`, "basis"},
		"clause":       {`ds-10`, `ds-99`, "clauses"},
		"no fields":    {`[{"id":"one","names":{"zh":"一","en":"one"},"required":true,"from":"summary"}]`, `[]`, "fields"},
		"field name":   {`"en":"one"`, `"en":""`, "one"},
		"source":       {`"from":"summary"`, `"from":"guess"`, "one"},
		"twice":        {`"fields":[`, `"fields":[{"id":"one","names":{"zh":"一","en":"one"},"from":"found"},`, "one"},
		"unknown word": {`"id":"a",`, `"id":"a","colour":1,`, "json"},
		"more":         {`}]}`, `}]}{}`, "json"},
	} {
		text := strings.Replace(form, c.old, c.new, 1)
		_, err := pack.ParseForm([]byte(text))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != pack.CodeForm || e.Args["field"] != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseForm(f *testing.F) {
	f.Add([]byte(form))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		one, err := pack.ParseForm(raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pack.ParseForm(again); err != nil {
			t.Errorf("what was read can't be read again: %v", err)
		}
	})
}

// document is a sound one, changed.
func document(t testing.TB, change func(d *pack.Document)) []byte {
	t.Helper()
	d := pack.Document{Schema: pack.Schema, Number: "2026-0001", Part: 1, Form: pack.FormRef{ID: "a"}, Fields: []pack.Answer{{Field: pack.Field{ID: "one", From: pack.FromSummary}, Lines: []string{"尚不掌握"}}}}
	change(&d)
	raw, err := evidence.Canonical(d)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestRead(t *testing.T) {
	t.Parallel()
	if _, err := pack.Read(document(t, func(*pack.Document) {})); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{
		"schema":             document(t, func(d *pack.Document) { d.Schema = "other" }),
		"part":               document(t, func(d *pack.Document) { d.Part = 0 }),
		"first with before":  document(t, func(d *pack.Document) { d.Before, d.Amends = "ab", "2026-0000" }),
		"second without":     document(t, func(d *pack.Document) { d.Part = 2 }),
		"no number":          document(t, func(d *pack.Document) { d.Part, d.Before = 2, "ab" }),
		"no fields":          document(t, func(d *pack.Document) { d.Fields = nil }),
		"an empty field":     document(t, func(d *pack.Document) { d.Fields[0].Lines = nil }),
		"certainty":          document(t, func(d *pack.Document) { d.Fields[0].Certainty = "perhaps" }),
		"not canonical":      append([]byte(" "), document(t, func(*pack.Document) {})...),
		"unknown word":       []byte(strings.Replace(string(document(t, func(*pack.Document) {})), `{"about"`, `{"aaa":1,"about"`, 1)),
		"too long":           document(t, func(d *pack.Document) { d.Number = strings.Repeat("1", pack.MaxDocument) }),
		"nothing":            nil,
		"something else too": []byte(`[]`),
	} {
		_, err := pack.Read(raw)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != pack.CodeDocument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(document(f, func(*pack.Document) {}))
	f.Add(document(f, func(d *pack.Document) { d.Part, d.Before, d.Amends = 2, "ab", "2026-0000" }))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := pack.Read(raw)
		if err != nil {
			return
		}
		if text := d.Text(); !strings.Contains(text, d.Number) {
			t.Errorf("no number in %q", text)
		}
	})
}
