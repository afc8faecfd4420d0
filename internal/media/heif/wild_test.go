package heif_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/heif"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

func packet(id string) []byte { return xmp.New(xmp.Properties{Label: mediatest.Value(id)}) }

// bare is a packet without a label.
const bare = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
	`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/heic"/></rdf:RDF></x:xmpmeta>`

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// TestLayouts labels files of every layout that item locations allow; all items keep their data.
func TestLayouts(t *testing.T) {
	t.Parallel()
	wide := func(base bool) func(l at) []byte {
		return func(l at) []byte { // version 2 with 64-bit fields, offsets split into base and rest
			head, rest := uint64(l.image), uint64(0)
			if !base {
				head, rest = 0, uint64(l.image)
			}
			return atom("iloc", uint32(0x02000000), uint16(0x8880), uint32(3),
				uint32(1), uint16(0), uint16(0), head, uint16(1), rest, uint64(len(shown)),
				uint32(2), uint16(0), uint16(0), uint64(0), uint16(1), uint64(l.packet), uint64(l.size),
				uint32(3), uint16(0), uint16(0), uint64(l.tail), uint16(1), uint64(0), uint64(len(tail)))
		}
	}
	cases := map[string]layout{
		"no packet":         {},
		"packet":            {packet: []byte(bare)},
		"labelled":          {packet: packet("old")},
		"padded":            {packet: cat(bare, strings.Repeat(" ", 2000), `<?xpacket end="w"?>`)},
		"open mdat":         {open: true},
		"open mdat, packet": {open: true, packet: []byte(bare)},
		"no reference":      {packet: []byte(bare), iref: atom("free")},
		"64-bit, base":      {packet: []byte(bare), iloc: wide(true)},
		"64-bit, no base":   {packet: []byte(bare), iloc: wide(false)},
		"offsets in base alone": {iloc: func(l at) []byte {
			return atom("iloc", uint32(0), uint16(0x0440), uint16(2),
				uint16(1), uint16(0), l.image, uint16(1), uint32(len(shown)), uint16(3), uint16(0), l.tail, uint16(1), uint32(len(tail)))
		}},
		"common base": {packet: []byte(bare), iloc: func(l at) []byte {
			return atom("iloc", uint32(0x01000000), uint16(0x4440), uint16(3),
				uint16(1), uint16(0), uint16(0), l.image, uint16(1), uint32(0), uint32(len(shown)),
				uint16(2), uint16(0), uint16(0), l.image, uint16(1), l.packet-l.image, l.size,
				uint16(3), uint16(0), uint16(0), l.image, uint16(2), l.tail-l.image, uint32(4), l.tail-l.image+4, uint32(len(tail)-4))
		}},
		"packet in two pieces": {packet: []byte(bare), iloc: func(l at) []byte {
			return atom("iloc", uint32(0), uint16(0x4400), uint16(3),
				uint16(1), uint16(0), uint16(1), l.image, uint32(len(shown)),
				uint16(2), uint16(0), uint16(2), l.packet, uint32(100), l.packet+100, max(l.size, 100)-100,
				uint16(3), uint16(0), uint16(1), l.tail, uint32(len(tail)))
		}},
		"packet in idat": {packet: []byte(bare), idat: true, iloc: func(l at) []byte {
			return atom("iloc", uint32(0x01000000), uint16(0x4400), uint16(4),
				uint16(1), uint16(0), uint16(0), uint16(1), l.image, uint32(len(shown)),
				uint16(2), uint16(1), uint16(0), uint16(1), uint32(4), l.size,
				uint16(3), uint16(0), uint16(0), uint16(1), l.tail, uint32(len(tail)),
				uint16(4), uint16(1), uint16(0), uint16(1), 4+l.size, uint32(5))
		}},
		"compressed":           {packet: deflate([]byte(bare)), entry: infe(2, "mime", "application/rdf+xml\x00deflate\x00")},
		"compressed, labelled": {packet: deflate(packet("old")), entry: infe(2, "mime", "application/rdf+xml\x00deflate\x00")},
		"32-bit reference":     {extra: atom("free"), iref: atom("iref", uint32(0x01000000), atom("thmb", uint32(3), uint16(1), uint32(1)))},
		"groups":               {extra: atom("grpl", atom("altr", uint32(0), uint32(4), uint32(1), uint32(1)))},
	}
	for name, l := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := l.build()
			if got := data(t, before, 1) + data(t, before, 3); got != shown+tail {
				t.Fatalf("the file is built wrong: %q", got)
			}
			after := label(t, before)
			mediatest.One(t, heif.Container{}, media.HEIF, after, media.PlaceXMP, mediatest.Value("new"))
			if got := data(t, after, 1) + data(t, after, 3); got != shown+tail {
				t.Errorf("items hold %q", got)
			}
			if l.idat && data(t, after, 4) != "right" {
				t.Errorf("the item behind the packet holds %q", data(t, after, 4))
			}
			if l.packet != nil && strings.Contains(string(l.packet), "dc:format") && !strings.Contains(data(t, after, 2), "dc:format") {
				t.Error("a property is lost")
			}
			if bytes.Contains(after, []byte("&quot;old&quot;")) {
				t.Error("the old label is still in the file")
			}
			if again := label(t, after); !bytes.Equal(again, after) {
				t.Error("a second edit changed the file")
			}
			if name == "padded" && len(after) != len(before) {
				t.Errorf("padding is not used: %d bytes, then %d", len(before), len(after))
			}
			if name == "groups" && strings.HasPrefix(data(t, after, 5), "<?xpacket") == false {
				t.Error("the new item does not have the first identifier that is free")
			}
		})
	}
}

// TestWild reads labels in other places, and moves them.
func TestWild(t *testing.T) {
	t.Parallel()
	comment, err := exif.Set(nil, media.Wrap(mediatest.Value("old")))
	if err != nil {
		t.Fatal(err)
	}
	movie := atom("moov", atom("udta", atom("AIGC", mediatest.Value("old"))))
	for name, c := range map[string]struct {
		file  []byte
		place media.Place
		codes string
	}{
		"compressed":      {layout{packet: deflate(packet("old")), entry: infe(2, "mime", "application/rdf+xml\x00deflate\x00")}.build(), media.PlaceXMP, "value-compressed"},
		"EXIF":            {layout{packet: cat(uint32(0), comment), entry: infe(2, "Exif")}.build(), media.PlaceEXIF, "place-not-standard"},
		"EXIF identifier": {layout{packet: cat(uint32(6), "Exif\x00\x00", comment), entry: infe(2, "Exif")}.build(), media.PlaceEXIF, "place-not-standard"},
		"about another":   {layout{packet: packet("old"), iref: atom("iref", uint32(0), atom("cdsc", uint16(2), uint16(1), uint16(3)))}.build(), media.PlaceXMP, ""},
		"uuid":            {layout{behind: atom("uuid", box.UserXMP, packet("old"))}.build(), media.PlaceXMP, ""},
		"sequence":        {layout{between: movie}.build(), media.PlaceUserBox, "place-not-standard"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survey, err := heif.Container{}.Scan(bytes.NewReader(c.file), media.HEIF)
			if err != nil || len(survey.Labels) != 1 {
				t.Fatalf("%v, %v", survey.Labels, err)
			}
			found := survey.Labels[0]
			var codes []string
			for _, f := range found.Findings {
				codes = append(codes, string(f.Code))
			}
			if !mediatest.Holds(found, c.place, mediatest.Value("old")) || strings.Join(codes, " ") != c.codes {
				t.Errorf("found %s %q with %v", found.Place, found.Value, codes)
			}
			after := label(t, c.file)
			mediatest.One(t, heif.Container{}, media.HEIF, after, media.PlaceXMP, mediatest.Value("new"))
			if got := data(t, after, 1) + data(t, after, 3); got != shown+tail {
				t.Errorf("items hold %q", got)
			}
			if bytes.Contains(after, []byte(`"ProduceID":"old"`)) || bytes.Contains(after, []byte("&quot;old&quot;")) {
				t.Error("the old label is still in the file")
			}
			if again := label(t, after); !bytes.Equal(again, after) {
				t.Error("a second edit changed the file")
			}
		})
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	b := layout{between: atom("uuid", box.UserC2PA, uint32(0), "manifest\x00", uint64(0), "jumb")}.build()
	survey, err := heif.Container{}.Scan(bytes.NewReader(b), media.HEIF)
	if err != nil || len(survey.Signatures) != 1 || survey.Signatures[0].Kind != media.SignatureC2PA {
		t.Errorf("%v, %v", survey.Signatures, err)
	}
}

// TestRefused lists what is refused rather than damaged.
func TestRefused(t *testing.T) {
	t.Parallel()
	shared := func(l at) []byte {
		return atom("iloc", uint32(0), uint16(0x4400), uint16(3),
			uint16(1), uint16(0), uint16(1), l.image, uint32(len(shown))+10,
			uint16(2), uint16(0), uint16(1), l.packet, l.size,
			uint16(3), uint16(0), uint16(1), l.tail, uint32(len(tail)))
	}
	external := func(l at) []byte {
		return atom("iloc", uint32(0), uint16(0x4400), uint16(2),
			uint16(1), uint16(1), uint16(1), l.image, uint32(len(shown)), uint16(3), uint16(0), uint16(1), l.tail, uint32(len(tail)))
	}
	bytesOf := func(body ...any) func(at) []byte { return func(at) []byte { return atom("iloc", body...) } }
	for name, c := range map[string]struct {
		layout layout
		kind   colophon.Kind
		what   string
	}{
		"no primary item":     {layout{without: "pitm"}, colophon.Unsupported, "pitm"},
		"no item list":        {layout{without: "iinf"}, colophon.Unsupported, "meta"},
		"no locations":        {layout{without: "iloc"}, colophon.Unsupported, "meta"},
		"shared bytes":        {layout{packet: []byte(bare), iloc: shared}, colophon.Unsupported, "iloc"},
		"other file":          {layout{iloc: external}, colophon.Unsupported, "iloc"},
		"field size 3":        {layout{iloc: bytesOf(uint32(0), uint16(0x3300), uint16(0))}, colophon.Invalid, "iloc"},
		"version 3":           {layout{iloc: bytesOf(uint32(0x03000000), uint16(0x4400), uint16(0))}, colophon.Unsupported, "iloc"},
		"too many items":      {layout{iloc: bytesOf(uint32(0), uint16(0x4400), uint16(9))}, colophon.Invalid, "iloc"},
		"too many extents":    {layout{iloc: bytesOf(uint32(0), uint16(0x4400), uint16(1), uint16(1), uint16(0), uint16(9))}, colophon.Invalid, "iloc"},
		"extents without end": {layout{iloc: bytesOf(uint32(0), uint16(0), uint16(1), uint16(1), uint16(0), uint16(0xFFFF))}, colophon.Invalid, "iloc"},
		"huge offset": {layout{iloc: bytesOf(uint32(0), uint16(0x8800), uint16(1), uint16(1), uint16(0), uint16(1), uint64(1<<63), uint64(1))},
			colophon.Invalid, "iloc"},
		"packet outside of the file": {layout{packet: []byte(bare), iloc: bytesOf(uint32(0), uint16(0x4400), uint16(1), uint16(2), uint16(0), uint16(1), uint32(1<<30), uint32(9))},
			colophon.Invalid, "item"},
		"packet not XML": {layout{packet: []byte("<x><y></x>")}, colophon.Invalid, "XMP packet"},
		"damaged stream": {layout{packet: deflate([]byte(bare))[:50], entry: infe(2, "mime", "application/rdf+xml\x00deflate\x00")}, colophon.Invalid, "item"},
		"unknown coding": {layout{packet: []byte(bare), entry: infe(2, "mime", "application/rdf+xml\x00br\x00")}, colophon.Unsupported, "infe"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := heif.Container{}.Edit(bytes.NewReader(c.layout.build()), media.HEIF, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("n")})
			var e *colophon.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Args["what"] != c.what || e.Args["offset"] == "" {
				t.Errorf("error: %v", err)
			}
		})
	}
}

func FuzzContainer(f *testing.F) {
	for _, l := range []layout{
		{},
		{packet: []byte(bare)},
		{packet: packet("old"), open: true},
		{packet: deflate(packet("old")), entry: infe(2, "mime", "application/rdf+xml\x00deflate\x00")},
		{between: atom("moov", atom("udta", atom("AIGC", "x"))), behind: atom("uuid", box.UserXMP, packet("old"))},
		{packet: cat(uint32(0), "II*\x00\x08\x00\x00\x00"), entry: infe(2, "Exif")},
		{packet: []byte(bare), idat: true, iloc: func(l at) []byte {
			return atom("iloc", uint32(0x01000000), uint16(0x4440), uint16(2),
				uint16(1), uint16(0), uint16(0), l.image, uint16(1), uint32(0), uint32(len(shown)),
				uint16(2), uint16(1), uint16(0), uint32(0), uint16(1), uint32(4), l.size)
		}},
	} {
		f.Add(l.build())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		mediatest.Survive(t, heif.Container{}, media.PlaceXMP, b)
	})
}
