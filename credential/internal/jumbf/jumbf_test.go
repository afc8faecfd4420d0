package jumbf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/credential/internal/jumbf"
)

func sample() []byte {
	inner := jumbf.CBOR("c2pa.actions.v2", []byte{0xA0})
	salted := jumbf.SuperSalted(jumbf.Named("json"), "notes", bytes.Repeat([]byte{7}, 16), jumbf.Leaf("json", []byte("{}")))
	assertions := jumbf.Super(jumbf.Named("c2as"), "c2pa.assertions", inner, salted, jumbf.File("thumb", "image/png", []byte("png")))
	return jumbf.Super(jumbf.Named("c2pa"), "c2pa", jumbf.Super(jumbf.Named("c2ma"), "urn:c2pa:1", assertions))
}

func TestReadWhatWasWritten(t *testing.T) {
	t.Parallel()
	raw := sample()
	store, err := jumbf.Parse(append(bytes.Clone(raw), 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(store.Raw, raw) || !store.Is(jumbf.Named("c2pa")) || store.Label != "c2pa" {
		t.Errorf("the root is %q", store.Label)
	}
	manifest := store.Children[0]
	for _, c := range []struct {
		uri, label string
	}{
		{"self#jumbf=/c2pa/urn:c2pa:1", "urn:c2pa:1"},
		{"self#jumbf=/c2pa/urn:c2pa:1/c2pa.assertions/notes", "notes"},
		{"self#jumbf=c2pa.assertions/thumb", "thumb"},
		{"self#jumbf=/other/urn:c2pa:1", ""},
		{"self#jumbf=/c2pa/urn:c2pa:2/c2pa.assertions", ""},
		{"self#jumbf=c2pa.assertions//thumb", ""},
		{"self#jumbf=", ""},
		{"http://example.org/", ""},
	} {
		got := ""
		if b := jumbf.Resolve(store, manifest, c.uri); b != nil {
			got = b.Label
		}
		if got != c.label {
			t.Errorf("%s leads to %q, want %q", c.uri, got, c.label)
		}
	}
	notes := jumbf.Resolve(store, manifest, "self#jumbf=c2pa.assertions/notes")
	if !bytes.Contains(notes.Private, []byte("c2sh\x07\x07")) {
		t.Errorf("the salt is %x", notes.Private)
	}
	if !bytes.Equal(raw[notes.Offset+8:notes.Offset+len(notes.Raw)], notes.Content()) {
		t.Error("the offset leads elsewhere")
	}
	if file, ok := jumbf.Resolve(store, manifest, "self#jumbf=c2pa.assertions/thumb").Leaf("bidb"); !ok || string(file) != "png" {
		t.Errorf("the file is %q", file)
	}
}

func TestWithout(t *testing.T) {
	t.Parallel()
	store, err := jumbf.Parse(sample())
	if err != nil {
		t.Fatal(err)
	}
	notes := jumbf.Resolve(store, store.Children[0], "self#jumbf=c2pa.assertions/notes")
	rest, err := jumbf.Parse(store.Without(notes))
	if err != nil {
		t.Fatal(err)
	}
	if jumbf.Resolve(rest, rest.Children[0], "self#jumbf=c2pa.assertions/notes") != nil {
		t.Error("the box is still there")
	}
	thumb := jumbf.Resolve(rest, rest.Children[0], "self#jumbf=c2pa.assertions/thumb")
	if thumb == nil || len(rest.Raw) != len(store.Raw)-len(notes.Raw) {
		t.Error("more is gone than one box")
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	be := binary.BigEndian
	deep := jumbf.CBOR("x", nil)
	for range 20 {
		deep = jumbf.Super(jumbf.Named("c2as"), "x", deep)
	}
	var many [][]byte
	for range 1 << 16 {
		many = append(many, jumbf.Leaf("free"))
	}
	for name, raw := range map[string][]byte{
		"nothing":             nil,
		"cut header":          {0, 0, 0},
		"too long":            append(be.AppendUint32(nil, 99), "jumb"...),
		"size of 7":           append(be.AppendUint32(nil, 7), "jumb"...),
		"64 bits of size":     be.AppendUint64(append(be.AppendUint32(nil, 1), "jumb"...), 1<<63),
		"no superbox":         jumbf.Leaf("cbor", []byte{1}),
		"no description":      jumbf.Leaf("jumb", jumbf.Leaf("cbor")),
		"empty superbox":      jumbf.Leaf("jumb"),
		"short description":   jumbf.Leaf("jumb", jumbf.Leaf("jumd", make([]byte, 16))),
		"endless label":       jumbf.Leaf("jumb", jumbf.Leaf("jumd", make([]byte, 16), []byte{3}, []byte(strings.Repeat("a", 5000)))),
		"identifier cut off":  jumbf.Leaf("jumb", jumbf.Leaf("jumd", make([]byte, 16), []byte{4, 0})),
		"more description":    jumbf.Leaf("jumb", jumbf.Leaf("jumd", make([]byte, 16), []byte{0, 1})),
		"bytes behind":        append(sample(), 1),
		"child beyond parent": bytes.Replace(sample(), []byte("\x00\x00\x00\x09cbor"), []byte("\x00\x00\x09\x00cbor"), 1),
		"too deep":            deep,
		"too many":            jumbf.Super(jumbf.Named("c2as"), "x", many...),
	} {
		_, err := jumbf.Parse(raw)
		var e *jumbf.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample())
	f.Add([]byte("\x00\x00\x00\x00jumb\x00\x00\x00\x19jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		store, err := jumbf.Parse(raw)
		if err != nil {
			return
		}
		var walk func(b *jumbf.Box)
		walk = func(b *jumbf.Box) {
			if !bytes.Equal(raw[b.Offset:b.Offset+len(b.Raw)], b.Raw) || len(b.Content()) > len(b.Raw)-8 {
				t.Fatalf("box %q at %d is not what stands there", b.Type, b.Offset)
			}
			for _, c := range b.Children {
				walk(c)
			}
		}
		walk(store)
		jumbf.Resolve(store, store, string(raw))
	})
}
