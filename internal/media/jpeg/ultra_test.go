package jpeg_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// packet wraps RDF properties in an XMP packet with padding.
func packet(attributes, properties string, padding int) string {
	return "<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">" +
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" ` + attributes + ">" + properties +
		"</rdf:Description></rdf:RDF></x:xmpmeta>" + strings.Repeat(" ", padding) + `<?xpacket end="w"?>`
}

// gainMap returns the second image of an Ultra HDR file.
func gainMap(t testing.TB, properties string) []byte {
	t.Helper()
	return with(tiny(t), segment(0xE1, headXMP+packet(`xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" hdrgm:GainMapMax="2.5"`, properties, 0)))
}

// ultraHDR makes a file as cameras do: EXIF, XMP with the container directory, MPF index, image, gain map. Where early
// is false the index comes first, big endian, there is no XMP, and padding parts the images.
func ultraHDR(t testing.TB, early bool) []byte {
	t.Helper()
	return join(t, gainMap(t, ""), early)
}

func join(t testing.TB, second []byte, early bool) []byte {
	t.Helper()
	exifSegment := segment(0xE1, headEXIF+"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	directory := packet(`xmlns:Container="http://ns.google.com/photos/1.0/container/" xmlns:Item="http://ns.google.com/photos/1.0/container/item/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"`,
		fmt.Sprintf(`<Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/></rdf:li><rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="%d"/></rdf:li></rdf:Seq></Container:Directory>`, len(second)), 40)
	var first []byte
	padding := ""
	if early {
		first = with(picture(t, "64x48"), exifSegment, segment(0xE1, headXMP+directory), mpf(binary.LittleEndian))
	} else {
		first = with(picture(t, "64x48"), mpf(binary.BigEndian), exifSegment)
		padding = strings.Repeat("\x00", 100)
	}
	var o binary.ByteOrder = binary.LittleEndian
	if !early {
		o = binary.BigEndian
	}
	at := bytes.Index(first, []byte("MPF\x00")) + 4
	o.PutUint32(first[at+50+4:], uint32(len(first)))
	o.PutUint32(first[at+50+16+4:], uint32(len(second)))
	o.PutUint32(first[at+50+16+8:], uint32(len(first)+len(padding)-at))
	return append(append(first, padding...), second...)
}

// mpf returns an MPF segment for two images (CIPA DC-007); entries stand at 50 behind the MP header.
func mpf(o interface {
	binary.ByteOrder
	binary.AppendByteOrder
}) []byte {
	b := []byte("II*\x00")
	if o.String() == binary.BigEndian.String() {
		b = []byte("MM\x00*")
	}
	b = o.AppendUint32(b, 8)
	b = o.AppendUint16(b, 3)
	entry := func(tag, typ uint16, count, value uint32) {
		b = o.AppendUint16(b, tag)
		b = o.AppendUint16(b, typ)
		b = o.AppendUint32(b, count)
		b = o.AppendUint32(b, value)
	}
	entry(0xB000, 7, 4, o.Uint32([]byte("0100")))
	entry(0xB001, 4, 1, 2)
	entry(0xB002, 7, 32, 50)
	b = o.AppendUint32(b, 0)
	b = o.AppendUint32(b, 0x20030000)
	b = append(b, make([]byte, 28)...)
	return segment(0xE2, "MPF\x00"+string(b))
}

func TestUltraHDR(t *testing.T) {
	t.Parallel()
	gain := gainMap(t, "")
	for _, early := range []bool{true, false} {
		before := ultraHDR(t, early)
		indexed(t, before, gain, early)
		for _, place := range container.Places(media.JPEG) {
			value := mediatest.Value(strings.Repeat("long", 100))
			indexed(t, mediatest.Apply(t, container, media.JPEG, before, media.Put{Place: place, Value: value}), gain, early)
		}
	}
}

// indexed checks that exiftool finds both images by the index, and the container directory.
func indexed(t *testing.T, b, gain []byte, early bool) {
	t.Helper()
	tags := mediatest.Exiftool(t, "a.jpg", b)
	start := bytes.LastIndex(b, gain)
	end := start
	if !early {
		end -= 100
	}
	for tag, want := range map[string]string{
		"MPImage1:MPImageStart": "0", "MPImage1:MPImageLength": fmt.Sprint(end),
		"MPImage2:MPImageStart": fmt.Sprint(start), "MPImage2:MPImageLength": fmt.Sprint(len(gain)),
		"MPImage2:MPImage2": "base64:" + base64.StdEncoding.EncodeToString(gain),
	} {
		if tags[tag] != want {
			t.Errorf("%s is %.80s, want %.80s", tag, tags[tag], want)
		}
	}
	if early && !strings.Contains(tags["XMP-Container:Directory"], fmt.Sprint(len(gain))) {
		t.Errorf("container directory: %.200s", tags["XMP-Container:Directory"])
	}
}

// TestLabelInSecondImage takes a label out of a gain map without changing the gain map's length.
func TestLabelInSecondImage(t *testing.T) {
	t.Parallel()
	value := mediatest.Value("inner")
	property := `<TC260:AIGC xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/">` + strings.ReplaceAll(string(value), `"`, "&quot;") + `</TC260:AIGC>`
	for name, inner := range map[string][]byte{
		"xmp":     gainMap(t, property),
		"bare":    with(gainMap(t, ""), segment(0xEB, "AIGC"+string(value))),
		"comment": with(gainMap(t, ""), segment(0xFE, string(value))),
		"exif":    with(gainMap(t, ""), segment(0xE1, headEXIF+string(exifBlock(t, string(value))))),
	} {
		for _, early := range []bool{true, false} {
			b := join(t, inner, early)
			survey := scan(t, b)
			if len(survey.Labels) != 1 || !has(survey.Labels[0].Findings, media.CodeLateLabel) {
				t.Fatalf("%s: %v", name, survey.Labels)
			}
			after := mediatest.Apply(t, container, media.JPEG, b, media.Put{Place: media.PlaceXMP, Value: value})
			mediatest.One(t, container, media.JPEG, after, media.PlaceXMP, value)
			got := after[len(after)-len(inner):]
			if !bytes.Equal(got[:20], inner[:20]) || !bytes.Equal(coded(t, got), coded(t, inner)) {
				t.Errorf("%s: the second image changed", name)
			}
		}
	}
}

// TestDamagedIndex refuses to leave a wrong index behind.
func TestDamagedIndex(t *testing.T) {
	t.Parallel()
	b := ultraHDR(t, true)
	at := bytes.Index(b, []byte("MPF\x00")) + 4
	for off, value := range map[int]byte{0: 'X', 4: 0xFF, 8: 0xFF, 34 + 4: 0xF1} {
		hurt := bytes.Clone(b)
		hurt[at+off] = value
		if survey := scan(t, hurt); !has(survey.Findings, media.CodeStructure) {
			t.Errorf("damage at %d: %v", off, survey.Findings)
		}
		fails(t, hurt, media.PlaceEXIF, media.CodeUnsupported)
	}
}

func TestBigFileInLittleMemory(t *testing.T) {
	b := tiny(t)
	src := &padded{head: b[:len(b)-2], tail: []byte{0xFF, 0xD9}, size: 64 << 20}
	if got := testing.AllocsPerRun(1, func() {
		edit, err := container.Edit(src, media.JPEG, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("big")})
		if err != nil || edit.Size() < src.size {
			t.Errorf("Edit: %v", err)
		}
	}); got > 2000 {
		t.Errorf("%v allocations", got)
	}
	if src.most > 1<<20 {
		t.Errorf("read %d bytes at once", src.most)
	}
}

// padded is a picture with 64 MiB of entropy-coded zeros.
type padded struct {
	head, tail []byte
	size       int64
	most       int
}

func (p *padded) Size() int64 { return p.size }

func (p *padded) ReadAt(b []byte, off int64) (int, error) {
	p.most = max(p.most, len(b))
	clear(b)
	if off < int64(len(p.head)) {
		copy(b, p.head[off:])
	}
	if from := p.size - int64(len(p.tail)); off+int64(len(b)) > from {
		copy(b[max(0, from-off):], p.tail[max(0, off-from):])
	}
	return len(b), nil
}

func FuzzContainer(f *testing.F) {
	value := string(mediatest.Value("seed"))
	plain := tiny(f)
	f.Add(plain)
	f.Add(with(plain, segment(0xE1, headXMP+packet(`xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"`, "<TC260:AIGC>"+value+"</TC260:AIGC>", 10))))
	f.Add(with(plain, segment(0xE1, headEXIF+string(exifBlock(f, value))), segment(0xE9, "AIGC"+value), segment(0xFE, value)))
	f.Add(append(with(plain, mpf(binary.LittleEndian)), with(plain, segment(0xFE, "x"+value))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, place := range container.Places(media.JPEG) {
			mediatest.Survive(t, container, place, b)
		}
	})
}
