package bmff_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/bmff"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// atom makes a box of parts: strings, byte slices, and numbers of 16, 32 and 64 bits.
func atom(name string, parts ...any) []byte { return box.Append(nil, name, cat(parts...)) }

func cat(parts ...any) []byte {
	var b []byte
	for _, part := range parts {
		switch p := part.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		case uint8:
			b = append(b, p)
		case uint16:
			b = binary.BigEndian.AppendUint16(b, p)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, p)
		case uint64:
			b = binary.BigEndian.AppendUint64(b, p)
		default:
			panic("atom: part of an unknown type")
		}
	}
	return b
}

func ftyp(brand string) []byte { return atom("ftyp", brand, uint32(0), brand) }

func zero(n int) []byte { return make([]byte, n) }

// handler makes an hdlr box.
func handler(kind string) []byte { return atom("hdlr", zero(8), kind, zero(13)) }

// text makes a data box of UTF-8.
func text(s string) []byte { return atom("data", uint32(1), uint32(0), s) }

// keyed makes the children of a keyed list: names and values in turn.
func keyed(pairs ...string) []byte {
	var names, items []byte
	for i := 0; i+1 < len(pairs); i += 2 {
		names = append(names, atom("mdta", pairs[i])...)
		items = append(items, atom(string(cat(uint32(i/2+1))), text(pairs[i+1]))...)
	}
	return cat(handler("mdta"), atom("keys", uint32(0), uint32(len(pairs)/2), names), atom("ilst", items))
}

func meta(children ...any) []byte { return atom("meta", append([]any{uint32(0)}, children...)...) }

func uuid(id string, parts ...any) []byte { return atom("uuid", append([]any{id}, parts...)...) }

// track makes a track whose stbl holds the given boxes.
func track(tables ...any) []byte {
	return atom("trak", atom("mdia", atom("minf",
		atom("dinf", atom("dref", uint32(0), uint32(1), atom("url ", uint32(1)))),
		atom("stbl", tables...))))
}

func stco(offsets ...uint32) []byte {
	parts := []any{uint32(0), uint32(len(offsets))}
	for _, o := range offsets {
		parts = append(parts, o)
	}
	return atom("stco", parts...)
}

func co64(offsets ...uint64) []byte {
	parts := []any{uint32(0), uint32(len(offsets))}
	for _, o := range offsets {
		parts = append(parts, o)
	}
	return atom("co64", parts...)
}

// fixed builds a file around the offset of a marker in it: build is called until the offset holds.
func fixed(marker string, build func(at uint32) []byte) []byte {
	b := build(0)
	at := bytes.Index(b, []byte(marker))
	return build(uint32(at))
}

const sampleBytes = "SAMPLE-ONE-------SAMPLE-TWO-------"

// simple makes a movie whose moov stands before the samples and holds extra boxes.
func simple(extra ...any) []byte {
	return fixed(sampleBytes, func(at uint32) []byte {
		return cat(ftyp("isom"), atom("moov", append([]any{atom("mvhd", zero(100)), track(stco(at, at+17))}, extra...)...), atom("mdat", sampleBytes))
	})
}

// label puts a label and returns the file.
func label(t testing.TB, b []byte) []byte {
	t.Helper()
	src := bytes.NewReader(b)
	edit, err := bmff.Container{}.Edit(src, sniff(t, b), media.Put{Place: media.PlaceKeys, Value: mediatest.Value("new")})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, src); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sniff(t testing.TB, b []byte) media.Format {
	t.Helper()
	f := mediatest.Sniff(bmff.Container{}, b)
	if f == media.Unknown {
		t.Fatal("not recognised")
	}
	return f
}

func scan(t testing.TB, b []byte) *media.Survey {
	t.Helper()
	survey, err := bmff.Container{}.Scan(bytes.NewReader(b), sniff(t, b))
	if err != nil {
		t.Fatal(err)
	}
	return survey
}

// pointed returns the bytes that offsets of the first box named name point to. The offsets are width bytes wide and
// begin skip bytes into the box's content.
func pointed(t testing.TB, b []byte, name string, skip, width, count, n int) []string {
	t.Helper()
	at := bytes.Index(b, []byte(name))
	if at < 0 {
		t.Fatalf("no %s", name)
	}
	at += 4 + skip
	var list []string
	for range count {
		off := uint64(0)
		for _, c := range b[at : at+width] {
			off = off<<8 | uint64(c)
		}
		if off+uint64(n) > uint64(len(b)) {
			t.Fatalf("%s: offset %d in a file of %d", name, off, len(b))
		}
		list = append(list, string(b[off:off+uint64(n)]))
		at += width
	}
	return list
}

func wantPointed(t testing.TB, b []byte, name string, skip, width int, want ...string) {
	t.Helper()
	if got := pointed(t, b, name, skip, width, len(want), len(want[0])); !slices.Equal(got, want) {
		t.Errorf("%s points to %q, want %q", name, got, want)
	}
}
