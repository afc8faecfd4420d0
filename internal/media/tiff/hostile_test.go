package tiff_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// field is an entry of a file under construction; its value stands apart when it is text.
type field struct {
	tag, typ     uint16
	count, value uint32
	text         string
}

// classic builds a TIFF of one IFD, whose next pointer is next. Texts follow the IFD.
func classic(o order, next uint32, fields ...field) []byte {
	b := []byte("II*\x00")
	if o == order(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = o.AppendUint32(b, 8)
	b = o.AppendUint16(b, uint16(len(fields)))
	at := uint32(len(b) + 12*len(fields) + 4)
	var texts []byte
	for _, f := range fields {
		if f.text != "" {
			f.count, f.value = uint32(len(f.text)), at+uint32(len(texts))
			texts = append(texts, f.text...)
		}
		b = o.AppendUint16(b, f.tag)
		b = o.AppendUint16(b, f.typ)
		b = o.AppendUint32(b, f.count)
		b = o.AppendUint32(b, f.value)
	}
	return append(o.AppendUint32(b, next), texts...)
}

// huge builds a BigTIFF of one IFD.
func huge(count uint64, fields ...field) []byte {
	o := binary.LittleEndian
	b := o.AppendUint64([]byte("II+\x00\x08\x00\x00\x00"), 16)
	b = o.AppendUint64(b, count)
	at := uint64(len(b) + 20*len(fields) + 8)
	var texts []byte
	for _, f := range fields {
		b = o.AppendUint16(b, f.tag)
		b = o.AppendUint16(b, f.typ)
		b = o.AppendUint64(b, uint64(len(f.text)))
		b = o.AppendUint64(b, at+uint64(len(texts)))
		texts = append(texts, f.text...)
	}
	return append(o.AppendUint64(b, 0), texts...)
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	le, be := order(binary.LittleEndian), order(binary.BigEndian)
	width := field{tag: 256, typ: 3, count: 1, value: 8}
	for name, c := range map[string]struct {
		b    []byte
		code colophon.Code
		off  string
	}{
		"header alone":        {[]byte("II*\x00\x08\x00\x00\x00"), media.CodeTruncated, "8"},
		"cut header":          {[]byte("MM\x00*\x00"), media.CodeTruncated, "0"},
		"cut big header":      {[]byte("II+\x00\x08\x00\x00\x00\x10"), media.CodeTruncated, "8"},
		"no IFD":              {append([]byte("II*\x00\x00\x00\x00\x00"), make([]byte, 9)...), media.CodeMalformed, "4"},
		"IFD in the header":   {append([]byte("II*\x00\x04\x00\x00\x00"), make([]byte, 9)...), media.CodeMalformed, "4"},
		"IFD beyond":          {append([]byte("II*\x00\xFF\xFF\xFF\xFF"), make([]byte, 9)...), media.CodeTruncated, "4294967295"},
		"loop":                {classic(le, 8, width), media.CodeMalformed, "8"},
		"loop by SubIFD":      {classic(be, 0, width, field{tag: 330, typ: 4, count: 1, value: 8}), media.CodeMalformed, "8"},
		"loop by Exif IFD":    {classic(le, 0, field{tag: 0x8769, typ: 4, count: 1, value: 8}), media.CodeMalformed, "8"},
		"next beyond":         {classic(le, 1<<30, width), media.CodeTruncated, "1073741824"},
		"cut IFD":             {classic(le, 0, width)[:20], media.CodeTruncated, "8"},
		"SubIFDs beyond":      {classic(le, 0, field{tag: 330, typ: 4, count: 1 << 30, value: 8}), media.CodeMalformed, "10"},
		"entries beyond":      {huge(1 << 60), media.CodeTooMany, "16"},
		"entries in no file":  {huge(60000), media.CodeTruncated, "16"},
		"offsets of 16 bytes": {append([]byte("II+\x00\x10\x00\x00\x00"), make([]byte, 16)...), media.CodeMalformed, "4"},
	} {
		_, err := container.Scan(bytes.NewReader(c.b), media.TIFF)
		if e := refusal(err); e == nil || e.Code != c.code || e.Args["offset"] != c.off {
			t.Errorf("%s: %v, want %s at %s", name, err, c.code, c.off)
		}
		if _, err := container.Edit(bytes.NewReader(c.b), media.TIFF, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("x")}); err == nil {
			t.Errorf("%s: Edit succeeded", name)
		}
	}
}

// TestRefusals: the file can be scanned and must not be edited.
func TestRefusals(t *testing.T) {
	t.Parallel()
	le := order(binary.LittleEndian)
	value := string(mediatest.Value("x"))
	good := packet(value)
	for name, c := range map[string]struct {
		b       []byte
		code    colophon.Code
		finding bool
	}{
		"packet beyond":         {classic(le, 0, field{tag: 700, typ: 7, count: 20, value: 26}), media.CodeTruncated, true},
		"packet of numbers":     {classic(le, 0, field{tag: 700, typ: 4, count: 2, value: 8}), media.CodeUnsupported, true},
		"packet not XML":        {classic(le, 0, field{tag: 700, typ: 1, text: "<a><b></a>"}), media.CodeMalformed, false},
		"packet over the IFD":   {classic(le, 0, field{tag: 700, typ: 1, count: uint32(len(good)) + 2, value: 24}, field{tag: 65000, typ: 2, text: good}), "", false},
		"label in foreign JSON": {classic(le, 0, field{tag: 270, typ: 2, text: `{"data":{"AIGC":` + value + `}}`}), media.CodeUnsupported, false},
	} {
		survey, err := container.Scan(bytes.NewReader(c.b), media.TIFF)
		if err != nil || c.finding != (len(survey.Findings) > 0) {
			t.Errorf("%s: %v, %v", name, err, survey.Findings)
		}
		_, err = container.Edit(bytes.NewReader(c.b), media.TIFF, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("n")})
		if e := refusal(err); e == nil || c.code != "" && e.Code != c.code || e.Args["offset"] == "" {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if _, err := container.Edit(bytes.NewReader(classic(le, 0)), media.TIFF, media.Put{Place: media.PlaceKeys}); refusal(err) == nil {
		t.Errorf("foreign place: %v", err)
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	b := classic(binary.BigEndian, 0, field{tag: 0xCD41, typ: 7, text: "a manifest store"})
	survey, err := container.Scan(bytes.NewReader(b), media.TIFF)
	if err != nil || len(survey.Signatures) != 1 || survey.Signatures[0].Kind != media.SignatureC2PA {
		t.Errorf("%v, %v", err, survey.Signatures)
	}
}

// TestSecondPage takes the label out of another page's packet.
func TestSecondPage(t *testing.T) {
	t.Parallel()
	for _, o := range []order{binary.LittleEndian, binary.BigEndian} {
		first := classic(o, 8+2+12+4, field{tag: 256, typ: 3, count: 1, value: 8})
		text := packet(string(mediatest.Value("page")))
		b := o.AppendUint16(first, 1)
		b = o.AppendUint16(b, 700)
		b = o.AppendUint16(b, 1)
		b = o.AppendUint32(b, uint32(len(text)))
		b = o.AppendUint32(b, uint32(len(first)+2+12+4))
		b = append(o.AppendUint32(b, 0), text...)
		survey, err := container.Scan(bytes.NewReader(b), media.TIFF)
		if err != nil || len(survey.Labels) != 1 || survey.Labels[0].Offset < int64(len(first)) {
			t.Fatalf("%v, %v", err, survey.Labels)
		}
		after := put(t, b, "ours")
		mediatest.One(t, container, media.TIFF, after, media.PlaceXMP, mediatest.Value("ours"))
		if bytes.Contains(after, []byte(`"page"`)) {
			t.Error("the old value is still in the file")
		}
	}
}

// TestSharedText reads a description that many entries share once, and refuses to read a file many times over.
func TestSharedText(t *testing.T) {
	t.Parallel()
	text := string(media.Wrap(mediatest.Value("shared")))
	fields := []field{{tag: 270, typ: 2, text: text}}
	for range 100 {
		fields = append(fields, field{tag: 270, typ: 2, count: uint32(len(text)), value: uint32(8 + 2 + 101*12 + 4)})
	}
	b := classic(binary.LittleEndian, 0, fields...)
	survey, err := container.Scan(bytes.NewReader(b), media.TIFF)
	if err != nil || len(survey.Labels) != 1 {
		t.Errorf("%v, %d labels", err, len(survey.Labels))
	}
	mediatest.One(t, container, media.TIFF, put(t, b, "one"), media.PlaceXMP, mediatest.Value("one"))
	fields = fields[:1]
	for i := range uint32(60) {
		fields = append(fields, field{tag: 270, typ: 2, count: 1000, value: 8 + i})
	}
	fields[0].text = strings.Repeat(text, 10)
	_, err = container.Scan(bytes.NewReader(classic(binary.LittleEndian, 0, fields...)), media.TIFF)
	if e := refusal(err); e == nil || e.Code != media.CodeMalformed {
		t.Errorf("overlapping texts: %v", err)
	}
}

// TestFourGigabytes refuses to pass the end of 32-bit offsets and reads little of a long file.
func TestFourGigabytes(t *testing.T) {
	t.Parallel()
	head := classic(binary.LittleEndian, 0, field{tag: 256, typ: 3, count: 1, value: 8})
	put := media.Put{Place: media.PlaceXMP, Value: mediatest.Value("x")}
	for size, fits := range map[int64]bool{1 << 32: false, 1<<32 - 100: false, 1<<32 - 4096: true} {
		src := &padded{head: head, size: size}
		_, err := container.Edit(src, media.TIFF, put)
		if e := refusal(err); fits && err != nil || !fits && (e == nil || e.Code != media.CodeNoRoom) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if src.read > 1<<20 {
			t.Errorf("read %d bytes", src.read)
		}
	}
	if _, err := container.Edit(&padded{head: huge(1, field{tag: 65000, typ: 2, text: "long text"}), size: 1 << 40}, media.TIFF, put); err != nil {
		t.Errorf("a terabyte of BigTIFF: %v", err)
	}
}

// padded is a file with zeros behind its head.
type padded struct {
	head []byte
	size int64
	read int
}

func (p *padded) Size() int64 { return p.size }

func (p *padded) ReadAt(b []byte, off int64) (int, error) {
	p.read += len(b)
	clear(b)
	if off < int64(len(p.head)) {
		copy(b, p.head[off:])
	}
	return len(b), nil
}

func FuzzContainer(f *testing.F) {
	value := string(mediatest.Value("seed"))
	le, be := order(binary.LittleEndian), order(binary.BigEndian)
	f.Add(classic(le, 0, field{tag: 256, typ: 3, count: 1, value: 8}, field{tag: 270, typ: 2, text: "x" + value}, field{tag: 700, typ: 7, text: packet(value)}))
	f.Add(classic(be, 0, field{tag: 0x9286, typ: 7, text: "ASCII\x00\x00\x00" + value}, field{tag: 330, typ: 4, count: 1, value: 100}))
	f.Add(huge(2, field{tag: 700, typ: 1, text: packet(value)}, field{tag: 305, typ: 2, text: "Software"}))
	f.Add(huge(1, field{tag: 305, typ: 2, text: "Software"}))
	f.Fuzz(func(t *testing.T, b []byte) { mediatest.Survive(t, container, media.PlaceXMP, b) })
}
