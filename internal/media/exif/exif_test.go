package exif_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// field is an entry of a block under construction. Sub makes it a pointer to an Exif IFD.
type field struct {
	tag, typ uint16
	value    []byte
	sub      []field
}

type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// build lays a block out as cameras do: IFD0, its values, the Exif IFD, its values.
func build(o order, fields ...field) []byte {
	b := []byte("II*\x00")
	if o == order(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	return ifd(o, o.AppendUint32(b, 8), fields)
}

func ifd(o order, b []byte, fields []field) []byte {
	at := len(b)
	b = append(b, make([]byte, 2+12*len(fields)+4)...)
	o.PutUint16(b[at:], uint16(len(fields)))
	for i, f := range fields {
		pos := at + 2 + 12*i
		o.PutUint16(b[pos:], f.tag)
		o.PutUint16(b[pos+2:], f.typ)
		o.PutUint32(b[pos+4:], uint32(len(f.value)))
		switch {
		case f.sub != nil:
			o.PutUint32(b[pos+4:], 1)
			o.PutUint32(b[pos+8:], uint32(len(b)))
			b = ifd(o, b, f.sub)
		case len(f.value) <= 4:
			copy(b[pos+8:], f.value)
		default:
			o.PutUint32(b[pos+8:], uint32(len(b)))
			b = append(b, f.value...)
			if len(b)%2 == 1 {
				b = append(b, 0)
			}
		}
	}
	return b
}

// comment returns a block with UserComment text in its Exif IFD.
func comment(o order, text string) []byte {
	return build(o, field{tag: 0x010F, typ: 2, value: []byte("Maker of cameras\x00")},
		field{tag: exif.TagExifIFD, typ: 4, sub: []field{{tag: exif.TagUserComment, typ: 7, value: []byte(text)}}})
}

func wide(o order, text string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = o.AppendUint16(b, u)
	}
	return string(b)
}

const (
	asciiCode = "ASCII\x00\x00\x00"
	wideCode  = "UNICODE\x00"
	noCode    = "\x00\x00\x00\x00\x00\x00\x00\x00"
)

var (
	label   = string(mediatest.Value("p1"))
	wrapped = string(media.Wrap([]byte(label)))
)

func TestReadForms(t *testing.T) {
	t.Parallel()
	le, be := order(binary.LittleEndian), order(binary.BigEndian)
	describe := func(o order, tag uint16, typ uint16, text string) []byte {
		return build(o, field{tag: tag, typ: typ, value: []byte(text)})
	}
	mixed := `{"Label":"1","ContentProducer":"人工智能","ProduceID":"1"}`
	for _, c := range []struct {
		name  string
		block []byte
		place media.Place
		value string
		codes []colophon.Code
	}{
		{"ascii", comment(le, asciiCode+wrapped), media.PlaceEXIF, wrapped, nil},
		{"asciiCode, big endian", comment(be, asciiCode+wrapped), media.PlaceEXIF, wrapped, nil},
		{"asciiCode, bare", comment(le, asciiCode+label), media.PlaceEXIF, label, nil},
		{"with zeros behind", comment(le, asciiCode+wrapped+noCode), media.PlaceEXIF, wrapped, nil},
		{"zero code", comment(le, noCode+wrapped), media.PlaceEXIF, wrapped, nil},
		{"no code", comment(le, wrapped), media.PlaceEXIF, wrapped, []colophon.Code{media.CodeNoCharsetCode}},
		{"utf-16 in file order", comment(le, wideCode+wide(le, mixed)), media.PlaceEXIF, mixed, nil},
		{"utf-16 in file order, big endian", comment(be, wideCode+wide(be, mixed)), media.PlaceEXIF, mixed, nil},
		{"utf-16 in the other order", comment(le, wideCode+wide(be, mixed)), media.PlaceEXIF, mixed, nil},
		{"utf-16 with mark", comment(le, wideCode+"\xFE\xFF"+wide(be, mixed)), media.PlaceEXIF, mixed, nil},
		{"UNICODE, but bytes", comment(le, wideCode+wrapped), media.PlaceEXIF, wrapped, nil},
		{"empty shell", comment(le, asciiCode+`{"AIGC":{}}`), media.PlaceEXIF, `{"AIGC":{}}`, nil},
		{"other case", comment(le, asciiCode+`{ "aigc" : {}}`), media.PlaceEXIF, `{ "aigc" : {}}`, nil},
		{"truncated", comment(le, asciiCode+wrapped[:90]), media.PlaceEXIF, wrapped[:90], nil},
		{"behind a prefix", append([]byte("Exif\x00\x00"), comment(le, asciiCode+wrapped)...), media.PlaceEXIF, wrapped, nil},
		{"ImageDescription", describe(le, 0x010E, 2, wrapped+"\x00"), media.PlaceDescription, wrapped, []colophon.Code{media.CodeOtherPlace}},
		{"within a description", describe(be, 0x010E, 2, "A cat. "+label+" Meow.\x00"), media.PlaceDescription, label, []colophon.Code{media.CodeOtherPlace}},
		{"XPComment", describe(be, 0x9C9C, 1, wide(le, wrapped+"\x00")), media.PlaceDescription, wrapped, []colophon.Code{media.CodeOtherPlace}},
		{"Software", describe(le, 0x0131, 2, wrapped), media.PlaceDescription, wrapped, []colophon.Code{media.CodeOtherPlace}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := exif.Read(c.block, 1000)
			if len(found) != 1 || found[0].Place != c.place || string(found[0].Value) != c.value {
				t.Fatalf("Read = %v, want %s %s", found, c.place, c.value)
			}
			if at := found[0].Offset; at < 1000 || at >= 1000+int64(len(c.block)) {
				t.Errorf("offset %d", at)
			}
			var codes []colophon.Code
			for _, f := range found[0].Findings {
				codes = append(codes, f.Code)
			}
			if len(codes) != len(c.codes) || len(codes) > 0 && codes[0] != c.codes[0] {
				t.Errorf("findings %v, want %v", codes, c.codes)
			}
			dropped, err := exif.Drop(c.block)
			if err != nil || len(dropped) != len(c.block) || len(exif.Read(dropped, 0)) > 0 {
				t.Errorf("Drop: %v, %d bytes of %d, %v", err, len(dropped), len(c.block), exif.Read(dropped, 0))
			}
			set(t, c.block)
		})
	}
}

// set puts a label twice, a longer and a shorter one, and returns the first block.
func set(t *testing.T, block []byte) []byte {
	t.Helper()
	value := media.Wrap(mediatest.Value("new"))
	first, err := exif.Set(block, value)
	if err != nil {
		t.Fatal(err)
	}
	again, err := exif.Set(first, value)
	if err != nil || !bytes.Equal(again, first) {
		t.Errorf("Set again: %v, %d bytes, then %d", err, len(first), len(again))
	}
	for _, id := range []string{strings.Repeat("long", 200), "s"} {
		value = media.Wrap(mediatest.Value(id))
		next, err := exif.Set(first, value)
		if err != nil {
			t.Fatal(err)
		}
		found := exif.Read(next, 0)
		if len(found) != 1 || found[0].Place != media.PlaceEXIF || !bytes.Equal(found[0].Value, value) || len(found[0].Findings) > 0 {
			t.Errorf("Read after Set: %v", found)
		}
		if got := bytes.Count(next, []byte("ContentProducer")); got != 1 {
			t.Errorf("%d labels in the bytes of the block", got)
		}
	}
	return first
}

func TestReadNothing(t *testing.T) {
	t.Parallel()
	le := order(binary.LittleEndian)
	for name, block := range map[string][]byte{
		"nil":              nil,
		"no header":        []byte("hello, this is no TIFF block"),
		"prose":            comment(le, asciiCode+"a cat named AIGC {meow}"),
		"generator":        comment(le, asciiCode+`a {cat|dog} photo, Steps: 20, Sampler: Euler, "Label": AIGC`),
		"private key":      comment(le, asciiCode+`{"data":{"aigc_info":{"aigc_label_type":1}}}`),
		"other long field": build(le, field{tag: 0x927C, typ: 7, value: []byte(wrapped)}),
	} {
		if found := exif.Read(block, 0); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
		if dropped, err := exif.Drop(block); err != nil || !bytes.Equal(dropped, block) {
			t.Errorf("%s: Drop: %v, changed %t", name, err, !bytes.Equal(dropped, block))
		}
	}
}

func TestSetNew(t *testing.T) {
	t.Parallel()
	for _, block := range [][]byte{nil, {}} {
		out := set(t, block)
		if findings := exif.Check(out, 0); len(findings) > 0 {
			t.Errorf("Check of a new block: %v", findings)
		}
	}
}

// TestSetKeeps puts a label into blocks without UserComment and makes sure that every old value stands where it stood.
func TestSetKeeps(t *testing.T) {
	t.Parallel()
	for _, o := range []order{binary.LittleEndian, binary.BigEndian} {
		text := field{tag: 0x010F, typ: 2, value: []byte("Maker of cameras\x00")}
		maker := field{tag: 0x927C, typ: 7, value: []byte("maker note, opaque")}
		for name, block := range map[string][]byte{
			"no Exif IFD":    build(o, text),
			"empty":          build(o),
			"Exif IFD":       build(o, text, field{tag: exif.TagExifIFD, typ: 4, sub: []field{maker, {tag: 0xA420, typ: 2, value: []byte("unique id of it")}}}),
			"blank comment":  comment(o, asciiCode+"        "),
			"inline comment": comment(o, "\x00\x00"),
			"IFD1 behind":    withThumbnail(o, build(o, text, field{tag: exif.TagExifIFD, typ: 4, sub: []field{maker}})),
		} {
			out := set(t, block)
			// The values of the old block stay; only pointers, counts and blank text may differ.
			for _, keep := range []string{"Maker of cameras", "maker note, opaque", "unique id of it", "thumbnail of the picture"} {
				if bytes.Index(out, []byte(keep)) != bytes.Index(block, []byte(keep)) {
					t.Errorf("%s: %q moved from %d to %d", name, keep, bytes.Index(block, []byte(keep)), bytes.Index(out, []byte(keep)))
				}
			}
			if findings := exif.Check(out, 0); len(findings) > 0 {
				t.Errorf("%s: Check: %v", name, findings)
			}
		}
	}
}

// withThumbnail adds an IFD1 with a description.
func withThumbnail(o order, block []byte) []byte {
	count := int(o.Uint16(block[8:]))
	o.PutUint32(block[10+12*count:], uint32(len(block)))
	return ifd(o, block, []field{{tag: 0x010E, typ: 2, value: []byte("thumbnail of the picture")}})
}

func TestSetMovesLabel(t *testing.T) {
	t.Parallel()
	le := order(binary.LittleEndian)
	block := withThumbnail(le, build(le, field{tag: 0x010E, typ: 2, value: []byte("A cat. " + wrapped + "\x00")},
		field{tag: exif.TagExifIFD, typ: 4, sub: []field{{tag: exif.TagUserComment, typ: 7, value: []byte(wrapped)}}}))
	out := set(t, block)
	if !bytes.Contains(out, []byte("A cat. ")) {
		t.Error("the text beside the label is gone")
	}
}

func TestOwnersCommentStays(t *testing.T) {
	t.Parallel()
	le := order(binary.LittleEndian)
	for _, text := range []string{
		asciiCode + "a cat, Steps: 20", noCode + "x", "bare text of the owner", wideCode + wide(le, "猫"),
		asciiCode + `{"AIGC":{"Label":"1"},"prompt":"a cat"}`, asciiCode + `{"data":` + wrapped + `}`, asciiCode + "my cat " + wrapped,
		"a prose that holds a cut label " + wrapped[:60],
	} {
		_, err := exif.Set(comment(le, text), media.Wrap([]byte(label)))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind != colophon.Unsupported {
			t.Errorf("Set over %q: %v", text, err)
		}
	}
}

func TestDropKeepsNeighbours(t *testing.T) {
	t.Parallel()
	le := order(binary.LittleEndian)
	for text, want := range map[string]string{
		`{"AIGC":{"Label":"1"},"prompt":"a cat"}`:                  `"prompt":"a cat"`,
		`{"prompt":"a {cat}", "aigc":` + label + `}`:               `{"prompt":"a {cat}"`,
		`{"a":[1,2],"AIGC":{"Label":"1"},"b":"\"}"}`:               `"b":"\"}"}`,
		"my cat " + wrapped + " and dog":                           " and dog",
		wrapped + wrapped + "!":                                    "!",
		"a smile :{ then " + strings.Replace(label, ",", " , ", 1): "a smile :{ then ",
	} {
		block := comment(le, asciiCode+text)
		out, err := exif.Drop(block)
		if err != nil || len(exif.Read(out, 0)) > 0 || !bytes.Contains(out, []byte(want)) {
			t.Errorf("Drop of %q: %v, %q", text, err, out)
		}
	}
	if _, err := exif.Drop(comment(le, asciiCode+`{"data":`+wrapped+`}`)); err == nil {
		t.Error("a label inside foreign data was taken out")
	}
}

func TestDamage(t *testing.T) {
	t.Parallel()
	le := order(binary.LittleEndian)
	sound := comment(le, asciiCode+wrapped)
	loop := bytes.Clone(sound)
	le.PutUint32(loop[8+2+24:], 8)
	far := bytes.Clone(sound)
	le.PutUint32(far[8+2+8:], 1<<31)
	for name, block := range map[string][]byte{
		"no header": []byte("Exif?"), "half a header": sound[:6], "IFD0 at 0": append([]byte("II*\x00"), make([]byte, 8)...),
		"IFD0 beyond": append([]byte("II*\x00\xFF\x00\x00\x00"), make([]byte, 8)...), "cut": sound[:20], "cut value": sound[:len(sound)-30],
		"loop": loop, "value beyond": far,
	} {
		findings := exif.Check(block, 500)
		if len(findings) != 1 || findings[0].Code != media.CodeStructure || findings[0].Offset < 500 || findings[0].Args["rule"] == "" {
			t.Errorf("%s: Check = %v", name, findings)
		}
		exif.Read(block, 0)
		if out, err := exif.Set(block, media.Wrap([]byte(label))); err == nil {
			if found := exif.Read(out, 0); len(found) != 1 {
				t.Errorf("%s: %d labels after Set", name, len(found))
			}
		}
	}
}

func TestRebase(t *testing.T) {
	t.Parallel()
	var e *colophon.Error
	if err := exif.Rebase(media.Malformed("IFD", 8, "rule"), 100); !errors.As(err, &e) || e.Args["offset"] != "108" {
		t.Errorf("Rebase = %v", err)
	}
	plain := errors.New("plain")
	if err := exif.Rebase(plain, 100); err != plain {
		t.Errorf("Rebase of a foreign error = %v", err)
	}
}

func FuzzBlock(f *testing.F) {
	le, be := order(binary.LittleEndian), order(binary.BigEndian)
	f.Add(comment(le, asciiCode+wrapped))
	f.Add(comment(be, wideCode+wide(le, wrapped)))
	f.Add(withThumbnail(be, build(be, field{tag: 0x010E, typ: 2, value: []byte("cat " + wrapped)})))
	f.Add(comment(le, wrapped+`{"AIGC":{},"x":[1,"\""]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		exif.Check(b, 0)
		exif.Read(b, 0)
		if out, err := exif.Drop(b); err == nil && (len(out) != len(b) || len(exif.Read(out, 0)) > 0) {
			t.Fatalf("Drop left %v", exif.Read(out, 0))
		}
		value := media.Wrap(mediatest.Value("f1"))
		out, err := exif.Set(b, value)
		if err != nil {
			return
		}
		if found := exif.Read(out, 0); len(found) != 1 || !mediatest.Holds(found[0], media.PlaceEXIF, mediatest.Value("f1")) {
			t.Fatalf("labels after Set: %v", found)
		}
		// A value that pointed beyond the end may point into the label once the block has grown.
		if again, err := exif.Set(out, value); (err != nil || !bytes.Equal(again, out)) && len(exif.Check(b, 0)) == 0 {
			t.Fatalf("Set again: %v", err)
		}
	})
}
