package id3_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/id3"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

var container = id3.Container{}

// audio is MPEG audio layer III: n silent frames of 104 bytes.
func audio(n int) []byte {
	frame := make([]byte, 104)
	copy(frame, []byte{0xFF, 0xFB, 0x10, 0xC4})
	return bytes.Repeat(frame, n)
}

// tag returns an ID3v2 tag with the body as given.
func tag(version, flags byte, body []byte) []byte {
	n := len(body)
	return append([]byte{'I', 'D', '3', version, 0, flags, byte(n >> 21 & 0x7F), byte(n >> 14 & 0x7F), byte(n >> 7 & 0x7F), byte(n & 0x7F)}, body...)
}

// frame returns a frame in the form of a version.
func frame(version byte, id string, flags byte, content []byte) []byte {
	n := len(content)
	switch version {
	case 2:
		return append([]byte{id[0], id[1], id[2], byte(n >> 16), byte(n >> 8), byte(n)}, content...)
	case 3:
		return append([]byte{id[0], id[1], id[2], id[3], byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 0, flags}, content...)
	default:
		return append([]byte{id[0], id[1], id[2], id[3], byte(n >> 21 & 0x7F), byte(n >> 14 & 0x7F), byte(n >> 7 & 0x7F), byte(n & 0x7F), 0, flags}, content...)
	}
}

func text(coding byte, parts ...string) []byte {
	out := []byte{coding}
	for i, part := range parts {
		if i > 0 {
			out = append(out, 0)
			if coding == 1 || coding == 2 {
				out = append(out, 0)
			}
		}
		switch coding {
		case 1:
			out = append(out, 0xFF, 0xFE)
			for _, u := range utf16.Encode([]rune(part)) {
				out = binary.LittleEndian.AppendUint16(out, u)
			}
		case 2:
			for _, u := range utf16.Encode([]rune(part)) {
				out = binary.BigEndian.AppendUint16(out, u)
			}
		default:
			out = append(out, part...)
		}
	}
	return out
}

func unsync(b []byte) []byte {
	var out []byte
	for i, c := range b {
		out = append(out, c)
		if c == 0xFF && (i+1 == len(b) || b[i+1] == 0 || b[i+1] >= 0xE0) {
			out = append(out, 0)
		}
	}
	return out
}

func deflate(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

var value = string(mediatest.Value("wild"))

func TestWild(t *testing.T) {
	t.Parallel()
	long := binary.BigEndian.AppendUint32(nil, 400)
	cover := frame(3, "APIC", 0, append([]byte("\x00image/jpeg\x00\x03\x00"), bytes.Repeat([]byte{0xFF, 0xE1, 0xFF, 0x00, 7}, 20)...))
	title3 := frame(3, "TIT2", 0, text(1, "标题"))
	for _, c := range []struct {
		name    string
		file    []byte
		place   media.Place
		finding colophon.Code
	}{
		{"2.2", tag(2, 0, join(frame(2, "TT2", 0, text(0, "title")), frame(2, "TXX", 0, text(0, "AIGC", value)), make([]byte, 30))), media.PlaceTXXX, ""},
		{"2.3 latin", tag(3, 0, join(title3, frame(3, "TXXX", 0, text(0, "AIGC", value)))), media.PlaceTXXX, ""},
		{"2.3 utf-16", tag(3, 0, join(title3, frame(3, "TXXX", 0, text(1, "AIGC", value)))), media.PlaceTXXX, ""},
		{"2.4 utf-16be", tag(4, 0, frame(4, "TXXX", 0, text(2, "AIGC", value))), media.PlaceTXXX, ""},
		{"2.4 utf-8", tag(4, 0, frame(4, "TXXX", 0, text(3, "AIGC", value, ""))), media.PlaceTXXX, ""},
		{"lower case", tag(4, 0, frame(4, "TXXX", 0, text(3, "aigc", value))), media.PlaceTXXX, media.CodeIDSpelling},
		{"prefix", tag(4, 0, frame(4, "TXXX", 0, text(3, "TC260:AIGC", value))), media.PlaceTXXX, media.CodeIDSpelling},
		{"2.3 unsynchronised", tag(3, 0x80, unsync(join(cover, frame(3, "TXXX", 0, text(1, "AIGC", value)), make([]byte, 9)))), media.PlaceTXXX, ""},
		{"2.4 unsynchronised", tag(4, 0x80, frame(4, "TXXX", 3, join(long, unsync(text(1, "AIGC", value))))), media.PlaceTXXX, ""},
		{"2.3 compressed", tag(3, 0, frame(3, "TXXX", 0x80, join(long, deflate(t, text(0, "AIGC", value))))), media.PlaceTXXX, media.CodeCompressed},
		{"2.4 compressed, grouped", tag(4, 0, frame(4, "TXXX", 0x49, join([]byte{5}, long, deflate(t, text(3, "AIGC", value))))), media.PlaceTXXX, media.CodeCompressed},
		{"2.3 extended header", tag(3, 0x40, join([]byte{0, 0, 0, 6, 0, 0, 0, 0, 0, 20}, frame(3, "TXXX", 0, text(0, "AIGC", value)), make([]byte, 20))), media.PlaceTXXX, ""},
		{"2.4 extended header", tag(4, 0x40, join([]byte{0, 0, 0, 6, 1, 0}, frame(4, "TXXX", 0, text(3, "AIGC", value)))), media.PlaceTXXX, ""},
		{"second tag", join(tag(3, 0, title3), tag(4, 0, frame(4, "TXXX", 0, text(3, "AIGC", value)))), media.PlaceTXXX, ""},
		{"comment", tag(3, 0, frame(3, "COMM", 0, append([]byte("\x00eng\x00"), value...))), media.PlaceDescription, media.CodeOtherPlace},
		{"comment named AIGC", tag(3, 0, frame(3, "COMM", 0, append([]byte("\x00engAIGC\x00"), value...))), media.PlaceDescription, media.CodeOtherPlace},
		{"lyrics", tag(3, 0, frame(3, "USLT", 0, join([]byte("\x01chi\xFF\xFE\x00\x00"), text(1, value)[1:]))), media.PlaceDescription, media.CodeOtherPlace},
		{"other TXXX", tag(4, 0, frame(4, "TXXX", 0, text(3, "comment", value))), media.PlaceDescription, media.CodeOtherPlace},
		{"XMP", tag(3, 0, frame(3, "PRIV", 0, append([]byte("XMP\x00"), packet...))), media.PlaceXMP, media.CodeOtherPlace},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sound := audio(4)
			file := join(c.file, sound)
			check(t, file, sound, c.place, c.finding)
		})
	}
}

var packet = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
	`<rdf:Description rdf:about="" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="audio/mpeg">` +
	`<TC260:AIGC>` + strings.ReplaceAll(value, `"`, "&quot;") + `</TC260:AIGC></rdf:Description></rdf:RDF></x:xmpmeta>`

// check reads the label of a file, then replaces it and looks at what is left.
func check(t *testing.T, file, sound []byte, place media.Place, code colophon.Code) {
	t.Helper()
	if got := mediatest.Sniff(container, file); got != media.MP3 {
		t.Fatalf("Sniff = %q", got)
	}
	survey, err := container.Scan(bytes.NewReader(file), media.MP3)
	if err != nil {
		t.Fatal(err)
	}
	if len(survey.Labels) != 1 || survey.Labels[0].Place != place || string(survey.Labels[0].Value) != value {
		t.Fatalf("labels: %+v", survey.Labels)
	}
	found := survey.Labels[0]
	has := code == "" && len(found.Findings) == 0
	for _, f := range found.Findings {
		has = has || f.Code == code
	}
	if !has {
		t.Errorf("findings %v, want %q", found.Findings, code)
	}
	put := media.Put{Place: media.PlaceTXXX, Value: mediatest.Value(strings.Repeat("new", 90))}
	after := mediatest.Apply(t, container, media.MP3, file, put)
	mediatest.One(t, container, media.MP3, after, media.PlaceTXXX, put.Value)
	if !bytes.Contains(after, sound) {
		t.Error("audio bytes changed")
	}
	if again := mediatest.Apply(t, container, media.MP3, after, put); !bytes.Equal(again, after) {
		t.Error("putting the same label again changed the file")
	}
	if bytes.Contains(after, []byte("wild")) {
		t.Error("the old label is still in the file")
	}
	mediatest.Survive(t, container, media.PlaceTXXX, file)
}

func ape(items ...string) []byte {
	var body []byte
	for i := 0; i < len(items); i += 2 {
		body = binary.LittleEndian.AppendUint32(body, uint32(len(items[i+1])))
		body = append(body, 0, 0, 0, 0)
		body = append(body, items[i]+"\x00"+items[i+1]...)
	}
	mark := func(flags uint32) []byte {
		b := []byte("APETAGEX")
		b = binary.LittleEndian.AppendUint32(b, 2000)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(body)+32))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(items)/2))
		b = binary.LittleEndian.AppendUint32(b, flags)
		return append(b, make([]byte, 8)...)
	}
	return join(mark(5<<29), body, mark(1<<31))
}

func TestTail(t *testing.T) {
	t.Parallel()
	id3v1 := append([]byte("TAG"), make([]byte, 125)...)
	lyrics := []byte("LYRICSBEGININD0000200000021LYRICS200")
	footed := func() []byte {
		b := tag(4, 0x10, join(frame(4, "TIT2", 0, text(3, "appended")), frame(4, "TXXX", 0, text(3, "AIGC", value))))
		return append(b, append([]byte("3DI"), b[3:10]...)...)
	}()
	for name, tail := range map[string][]byte{
		"APE":                   ape("Title", "kept", "AIGC", value, "Artist", "kept too"),
		"APE, ID3v1":            join(ape("AIGC", value), id3v1),
		"APE, Lyrics3, ID3v1":   join(ape("aigc", value, "Year", "2026"), lyrics, id3v1),
		"appended 2.4":          footed,
		"appended 2.4, ID3v1":   join(footed, id3v1),
		"appended, APE, ID3v1+": join(footed, ape("Title", "x"), append([]byte("TAG+"), make([]byte, 223)...), id3v1),
	} {
		for lead, b := range map[string][]byte{"": nil, "tagged ": tag(3, 0, join(frame(3, "TIT2", 0, text(0, "x")), make([]byte, 5)))} {
			t.Run(lead+name, func(t *testing.T) {
				t.Parallel()
				place := media.PlaceTag
				if strings.HasPrefix(name, "appended") {
					place = media.PlaceTXXX
				}
				sound := audio(5)
				check(t, join(b, sound, tail), sound, place, media.CodeLateLabel)
			})
		}
	}
	t.Run("seek", func(t *testing.T) {
		t.Parallel()
		sound := audio(5)
		first := tag(4, 0, frame(4, "SEEK", 0, binary.BigEndian.AppendUint32(nil, uint32(len(sound)))))
		inner := tag(4, 0, frame(4, "TXXX", 0, text(3, "AIGC", value)))
		check(t, join(first, sound, inner, audio(2)), sound, media.PlaceTXXX, media.CodeLateLabel)
	})
}

func TestShift(t *testing.T) {
	t.Parallel()
	start := uint32(10 + 10 + 19 + 10 + 21)
	chapter := []byte("c1\x00")
	for _, n := range []uint32{0, 1000, start, 0xFFFFFFFF} {
		chapter = binary.BigEndian.AppendUint32(chapter, n)
	}
	index := join(binary.BigEndian.AppendUint32(nil, start), make([]byte, 17))
	file := join(tag(4, 0, join(frame(4, "CHAP", 0, chapter), frame(4, "ASPI", 0, index))), audio(3))
	if int(start) != len(file)-len(audio(3)) {
		t.Fatal("the test's arithmetic is wrong")
	}
	after := mediatest.Apply(t, container, media.MP3, file, media.Put{Place: media.PlaceTXXX, Value: mediatest.Value("s")})
	moved := uint32(len(after) - len(file))
	want := binary.BigEndian.AppendUint32(nil, start+moved)
	if !bytes.Equal(after[10+10+11:][:8], append(want, 0xFF, 0xFF, 0xFF, 0xFF)) {
		t.Errorf("CHAP offsets % x, want % x", after[31:39], want)
	}
	if !bytes.Equal(after[10+29+10:][:4], want) {
		t.Errorf("ASPI start % x, want % x", after[49:53], want)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	title := frame(3, "TIT2", 0, text(0, "x"))
	for _, c := range []struct {
		name string
		file []byte
		code colophon.Code
	}{
		{"cut tag", tag(3, 0, title)[:18], media.CodeTruncated},
		{"version 5", join(tag(5, 0, title), audio(2)), media.CodeUnsupported},
		{"compressed 2.2", join(tag(2, 0x40, title), audio(2)), media.CodeUnsupported},
		{"checksum", join(tag(3, 0x40, join([]byte{0, 0, 0, 10, 0x80, 0, 0, 0, 0, 0, 1, 2, 3, 4}, title)), audio(2)), media.CodeUnsupported},
		{"frame too long", join(tag(3, 0, title[:len(title)-1]), audio(2)), media.CodeTruncated},
		{"frame ID", join(tag(3, 0, append([]byte("ti"), title...)), audio(2)), media.CodeMalformed},
		{"not zlib", join(tag(3, 0, frame(3, "TXXX", 0x80, []byte("\x00\x00\x00\x01garbage"))), audio(2)), media.CodeMalformed},
		{"bomb", join(tag(3, 0, frame(3, "TXXX", 0x80, join(make([]byte, 4), deflate(t, make([]byte, 5<<20))))), audio(2)), media.CodeTooLarge},
		{"words around the label", join(tag(3, 0, frame(3, "COMM", 0, []byte("\x00eng\x00Made by us: "+value+" thanks"))), audio(2)), media.CodeUnsupported},
		{"APE size", join(audio(2), ape("a", "b")[:43], []byte("APETAGEX\xd0\x07\x00\x00\xff\xff\x00\x00"), make([]byte, 16)), media.CodeTruncated},
		{"odd unsynchronisation", join(tag(3, 0x80, join(frame(3, "PRIV", 0, []byte("a\x00\xFF\xE0")), make([]byte, 4))), audio(2)), media.CodeUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := mediatest.Sniff(container, c.file); got != media.MP3 {
				t.Fatalf("Sniff = %q", got)
			}
			_, err := container.Edit(bytes.NewReader(c.file), media.MP3, media.Put{Place: media.PlaceTXXX, Value: mediatest.Value("x")})
			e, ok := err.(*colophon.Error)
			if !ok || e.Code != c.code {
				t.Fatalf("error %v, want %s", err, c.code)
			}
			mediatest.Survive(t, container, media.PlaceTXXX, c.file)
		})
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	adts := bytes.Repeat([]byte{0xFF, 0xF1, 0x50, 0x80, 0x01, 0x1F, 0xFC, 0x00}, 200)
	for _, c := range []struct {
		name string
		file []byte
		want media.Format
	}{
		{"two frames", audio(2), media.MP3},
		{"one frame", audio(1), media.MP3},
		{"junk after a frame", append(audio(1), "junk"...), media.Unknown},
		{"AAC", adts, media.Unknown},
		{"AAC with a tag", append(tag(4, 0, make([]byte, 20)), adts...), media.Unknown},
		{"FLAC with a tag", append(tag(4, 0, make([]byte, 20)), "fLaC\x00\x00\x00\x22"...), media.Unknown},
		{"tag alone", tag(4, 0, make([]byte, 20)), media.Unknown},
		{"junk between tag and audio", join(tag(4, 0, make([]byte, 20)), make([]byte, 333), audio(3)), media.MP3},
		{"layer II", bytes.Repeat(append([]byte{0xFF, 0xFD, 0x10, 0xC4}, make([]byte, 100)...), 4), media.Unknown},
		{"empty", nil, media.Unknown},
	} {
		if got := mediatest.Sniff(container, c.file); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	file := join(tag(4, 0, frame(4, "GEOB", 0, []byte("\x00application/c2pa\x00c2pa\x00c2pa manifest store\x00jumb"))), audio(2))
	survey, err := container.Scan(bytes.NewReader(file), media.MP3)
	if err != nil || len(survey.Signatures) != 1 || survey.Signatures[0] != (media.Signature{Kind: media.SignatureC2PA, Offset: 10}) {
		t.Fatalf("%+v, %v", survey, err)
	}
}

func FuzzContainer(f *testing.F) {
	f.Add(join(tag(2, 0, join(frame(2, "TXX", 0, text(0, "AIGC", value)), make([]byte, 30))), audio(2)))
	f.Add(join(tag(3, 0xC0, unsync(join([]byte{0, 0, 0, 6, 0, 0, 0, 0, 0, 0}, frame(3, "TXXX", 0, text(1, "AIGC", value)), make([]byte, 9)))), audio(2)))
	f.Add(join(tag(4, 0x80, frame(4, "TXXX", 3, append(make([]byte, 4), text(1, "AIGC", value)...))), audio(2), ape("AIGC", value)))
	f.Add(join(tag(3, 0, frame(3, "PRIV", 0, append([]byte("XMP\x00"), packet...))), audio(2)))
	f.Add(join(tag(3, 0x40, join([]byte{0, 0, 0, 6, 0, 0, 0, 0, 0, 20}, frame(3, "CHAP", 0, append([]byte("x\x00"), bytes.Repeat([]byte{9}, 16)...)), make([]byte, 20))), audio(2)))
	b := tag(4, 0x10, frame(4, "TXXX", 0, text(3, "AIGC", value)))
	f.Add(join(audio(2), b, []byte("3DI"), b[3:10], []byte("TAG"), make([]byte, 125)))
	f.Fuzz(func(t *testing.T, b []byte) { mediatest.Survive(t, container, media.PlaceTXXX, b) })
}
