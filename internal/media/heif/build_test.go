package heif_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/heif"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// cat joins strings, byte slices, and numbers of 8, 16, 32 and 64 bits.
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
			panic("cat: part of an unknown type")
		}
	}
	return b
}

func atom(name string, parts ...any) []byte { return box.Append(nil, name, cat(parts...)) }

// shown is the data of the primary item, tail that of another one behind it.
const (
	shown = "IMAGE-DATA-IMAGE-DATA"
	tail  = "TAIL-DATA"
)

// layout says how a picture file is built. The primary item is 1, the metadata item 2, another one 3.
type layout struct {
	packet  []byte            // of the metadata item; nil for none
	entry   []byte            // its infe box; XMP when nil
	iloc    func(l at) []byte // the usual one when nil
	idat    bool              // the metadata stands in an idat box
	iref    []byte            // the usual one when nil
	extra   []byte            // further children of meta
	between []byte            // boxes behind meta
	behind  []byte            // boxes at the end of the file
	brand   string            // mif1 when empty
	open    bool              // mdat has size 0
	without string            // a box of meta to leave out
}

// at is where the data of the items is.
type at struct{ image, packet, tail, size, idat uint32 }

func plainLocations(l at) []byte {
	n := uint16(3)
	if l.size == 0 {
		n = 2
	}
	b := cat(uint32(0), uint16(0x4400), n,
		uint16(1), uint16(0), uint16(1), l.image, uint32(len(shown)),
		uint16(3), uint16(0), uint16(1), l.tail, uint32(len(tail)))
	if l.size > 0 {
		b = cat(b, uint16(2), uint16(0), uint16(1), l.packet, l.size)
	}
	return atom("iloc", b)
}

func infe(id uint16, kind string, more ...any) []byte {
	return atom("infe", append([]any{uint32(0x02000001), id, uint16(0), kind, uint8(0)}, more...)...)
}

func xmpEntry() []byte { return infe(2, "mime", "application/rdf+xml\x00") }

func (l layout) build() []byte {
	b := l.make(at{})
	find := func(marker string) uint32 { return uint32(max(0, bytes.Index(b, []byte(marker)))) }
	places := at{image: find(shown), tail: find(tail), idat: find("idat") + 4, size: uint32(len(l.packet))}
	if len(l.packet) > 0 {
		places.packet = find(string(l.packet))
		b = l.make(places) // the size may add an entry
		places = at{image: find(shown), tail: find(tail), idat: find("idat") + 4, size: uint32(len(l.packet)), packet: find(string(l.packet))}
	}
	return l.make(places)
}

func (l layout) make(p at) []byte {
	entries := cat(infe(1, "hvc1"), infe(3, "hvc1"))
	count := uint16(2)
	if l.packet != nil {
		count++
		if l.entry == nil {
			l.entry = xmpEntry()
		}
		entries = append(entries, l.entry...)
	}
	if l.iloc == nil {
		l.iloc = plainLocations
	}
	if l.iref == nil && l.packet != nil {
		l.iref = atom("iref", uint32(0), atom("cdsc", uint16(2), uint16(1), uint16(1)))
	}
	children := map[string][]byte{
		"hdlr": atom("hdlr", make([]byte, 8), "pict", make([]byte, 13)),
		"pitm": atom("pitm", uint32(0), uint16(1)),
		"iinf": atom("iinf", uint32(0), count, entries),
		"iloc": l.iloc(p),
	}
	data := cat(shown, tail)
	if l.idat {
		children["idat"] = atom("idat", "left", l.packet, "right")
	} else {
		data = cat(shown, l.packet, tail)
	}
	delete(children, l.without)
	meta := atom("meta", uint32(0), children["hdlr"], children["pitm"], children["iloc"], children["iinf"], l.iref, children["idat"], l.extra)
	mdat := atom("mdat", data)
	if l.open {
		mdat = cat(uint32(0), "mdat", data)
	}
	brand := l.brand
	if brand == "" {
		brand = "mif1"
	}
	return cat(atom("ftyp", brand, uint32(0), brand), meta, l.between, mdat, l.behind)
}

// label puts a label and returns the file.
func label(t *testing.T, b []byte) []byte {
	t.Helper()
	return mediatest.Apply(t, heif.Container{}, mediatest.Sniff(heif.Container{}, b), b, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("new")})
}

// data returns the bytes of an item as its location tells.
func data(t testing.TB, b []byte, id uint32) string {
	t.Helper()
	r := box.NewReader(bytes.NewReader(b))
	var out []byte
	_, err := r.Top(func(meta box.Box) error {
		if meta.Type != "meta" {
			return nil
		}
		from, _, err := r.Meta(&meta)
		if err != nil {
			return err
		}
		var iloc, idat *box.Box
		if _, err := r.Children(&meta, from, func(b box.Box) error {
			switch b.Type {
			case "iloc":
				iloc = &b
			case "idat":
				idat = &b
			}
			return nil
		}); err != nil {
			return err
		}
		l, err := box.ReadLocations(r, iloc, idat)
		if err != nil {
			return err
		}
		it := l.Find(id)
		for i := range it.Extents {
			off, n, _ := l.Range(it, &it.Extents[i])
			out = append(out, b[off:off+n]...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
