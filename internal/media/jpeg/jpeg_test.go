package jpeg_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/jpeg"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

const (
	headXMP  = "http://ns.adobe.com/xap/1.0/\x00"
	headEXIF = "Exif\x00\x00"
)

var container = jpeg.Container{}

// picture makes a JPEG without metadata but its APP0.
func picture(t testing.TB, size string) []byte {
	t.Helper()
	return mediatest.FFmpeg(t, "a.jpg", "-f", "lavfi", "-i", "testsrc=size="+size+":rate=1", "-frames:v", "1", "-bitexact")
}

// segment returns a marker segment.
func segment(marker byte, payload string) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0xFF, marker}, uint16(len(payload)+2))
	return append(b, payload...)
}

// with puts segments behind the APP0 of a picture, or behind SOI where there is none.
func with(b []byte, segments ...[]byte) []byte {
	at := 2
	if b[3] == 0xE0 {
		at += 2 + int(binary.BigEndian.Uint16(b[4:]))
	}
	out := append(bytes.Clone(b[:at]), bytes.Join(segments, nil)...)
	return append(out, b[at:]...)
}

// tiny returns the committed picture of 8 by 8 pixels.
func tiny(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/tiny.jpg")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// coded returns what a decoder reads: the segments of the header but for metadata, and all from the first SOS on.
func coded(t testing.TB, b []byte) []byte {
	t.Helper()
	var out []byte
	for at := 2; at+4 <= len(b); {
		if b[at] != 0xFF {
			t.Fatalf("no marker at %d", at)
		}
		if b[at+1] == 0xFF {
			at++
			continue
		}
		if b[at+1] == 0xDA {
			return append(out, b[at:]...)
		}
		next := at + 2 + int(binary.BigEndian.Uint16(b[at+2:]))
		switch b[at+1] {
		case 0xE1, 0xE2, 0xE9, 0xEB, 0xFE:
		default:
			out = append(out, b[at:next]...)
		}
		at = next
	}
	t.Fatal("no SOS")
	return nil
}

// same demands that everything but metadata is identical.
func same(t *testing.T, before, after []byte) {
	t.Helper()
	if !bytes.Equal(coded(t, before), coded(t, after)) {
		t.Error("coded bytes differ")
	}
}

// tool runs a program that reads one file and writes another.
func tool(t testing.TB, b []byte, name string, args ...string) []byte {
	t.Helper()
	in := mediatest.File(t, "in.jpg", b)
	out := filepath.Join(filepath.Dir(in), "out.jpg")
	for i := range args {
		args[i] = strings.NewReplacer("IN", in, "OUT", out).Replace(args[i])
	}
	mediatest.Output(t, name, args...)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rich makes a picture with EXIF, thumbnail, XMP, ICC profile, IPTC and comment.
func rich(t testing.TB) []byte {
	t.Helper()
	thumb := mediatest.File(t, "thumb.jpg", picture(t, "32x24"))
	profiled := tool(t, picture(t, "320x240"), "vips", "jpegsave", "IN", "OUT", "--profile", "srgb")
	return tool(t, profiled, "exiftool", "-q", "-o", "OUT", "-Make=Maker", "-Model=Model", "-ImageDescription=A test card",
		"-Artist=Somebody", "-DateTimeOriginal=2025:01:02 03:04:05", "-GPSLatitude=1", "-GPSLatitudeRef=N", "-ThumbnailImage<="+thumb,
		"-XMP-dc:Title=A title", "-XMP-dc:Subject=one", "-XMP-dc:Subject=two", "-IPTC:Keywords=three", "-Comment=A comment",
		"IN")
}

func TestConformance(t *testing.T) {
	t.Parallel()
	plain := picture(t, "160x120")
	samples := map[string][]byte{
		"ffmpeg":      plain,
		"progressive": tool(t, plain, "vips", "jpegsave", "IN", "OUT", "--interlace"),
		"cmyk":        tool(t, plain, "convert", "IN", "-colorspace", "CMYK", "OUT"),
		"grey":        tool(t, plain, "convert", "IN", "-colorspace", "Gray", "-define", "jpeg:restart-interval=2", "OUT"),
		"rich":        rich(t),
		"trailing":    append(bytes.Clone(plain), "\x00\x00\x00\x18ftypmp42 the video of a motion photo"...),
		"no EOI":      plain[:len(plain)-2],
		"ultra hdr":   ultraHDR(t, true),
		"mpo":         ultraHDR(t, false),
		"fill bytes":  bytes.Replace(plain, []byte{0xFF, 0xDB}, []byte{0xFF, 0xFF, 0xFF, 0xDB}, 1),
	}
	for name, b := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mediatest.Run(t, mediatest.Case{Container: container, Format: media.JPEG, Sample: b, Same: same})
			if name == "progressive" {
				after := mediatest.Apply(t, container, media.JPEG, b, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("x")})
				mediatest.SameFrames("a.jpg")(t, b, after)
			}
		})
	}
}

// TestKeepsMetadata compares all that exiftool reads before and after.
func TestKeepsMetadata(t *testing.T) {
	t.Parallel()
	before := rich(t)
	want := mediatest.Exiftool(t, "a.jpg", before)
	for _, place := range container.Places(media.JPEG) {
		value := mediatest.Value("kept")
		after := mediatest.Apply(t, container, media.JPEG, before, media.Put{Place: place, Value: value})
		got := mediatest.Exiftool(t, "a.jpg", after)
		for _, tag := range []string{"XMP-dc:Title", "ExifIFD:DateTimeOriginal", "IFD1:ThumbnailImage", "ICC_Profile:ProfileDescription", "IPTC:Keywords", "File:Comment"} {
			if want[tag] == "" {
				t.Errorf("the sample has no %s", tag)
			}
		}
		for tag, value := range want {
			if got[tag] != value && !strings.HasPrefix(tag, "System:") && tag != "SourceFile" && tag != "IFD1:ThumbnailOffset" {
				t.Errorf("%s: %s was %.80q and is %.80q", place, tag, value, got[tag])
			}
		}
		label := got["XMP-TC260:Aigc"]
		if place == media.PlaceEXIF {
			label = got["ExifIFD:UserComment"]
		}
		if !strings.Contains(label, string(value)) {
			t.Errorf("%s: exiftool reads %q", place, label)
		}
		if warning := got["ExifTool:Warning"]; warning != "" {
			t.Errorf("%s: exiftool warns: %s", place, warning)
		}
	}
}

// TestForeignReaders reads our labels with programs that are not ours.
func TestForeignReaders(t *testing.T) {
	t.Parallel()
	value := mediatest.Value("foreign")
	for name, b := range map[string][]byte{"plain": picture(t, "160x120"), "rich": rich(t)} {
		path := mediatest.File(t, name+".jpg", mediatest.Apply(t, container, media.JPEG, b, media.Put{Place: media.PlaceXMP, Value: value, DigitalSourceType: mediatest.SourceType}))
		if got := mediatest.Output(t, "exiv2", "-PXkv", "pr", path); !bytes.Contains(got, value) || !bytes.Contains(got, []byte("Xmp.TC260.AIGC")) || !bytes.Contains(got, []byte(mediatest.SourceType)) {
			t.Errorf("%s: exiv2 reads %s", name, got)
		}
		if got := mediatest.Output(t, "exiftool", "-b", "-XMP-TC260:Aigc", path); !bytes.Equal(got, value) {
			t.Errorf("%s: exiftool reads %s", name, got)
		}
		path = mediatest.File(t, name+".jpg", mediatest.Apply(t, container, media.JPEG, b, media.Put{Place: media.PlaceEXIF, Value: value}))
		if got := mediatest.Output(t, "exiv2", "-PEkt", "pr", path); !bytes.Contains(got, value) || !bytes.Contains(got, []byte("Exif.Photo.UserComment")) {
			t.Errorf("%s: exiv2 reads %s", name, got)
		}
		if got := mediatest.Output(t, "exiftool", "-warning", "-a", path); len(got) > 0 {
			t.Errorf("%s: exiftool warns: %s", name, got)
		}
	}
}

// TestForeignWriters reads labels that other programs wrote.
func TestForeignWriters(t *testing.T) {
	t.Parallel()
	value := mediatest.Value("theirs")
	config := mediatest.File(t, "config", []byte(`%Image::ExifTool::UserDefined = ('Image::ExifTool::XMP::Main' => {TC260 => {SubDirectory => {TagTable => 'Image::ExifTool::UserDefined::TC260'}}});
%Image::ExifTool::UserDefined::TC260 = (GROUPS => {0 => 'XMP', 1 => 'XMP-TC260', 2 => 'Image'}, NAMESPACE => {'TC260' => 'http://www.tc260.org.cn/ns/AIGC/1.0/'}, WRITABLE => 'string', AIGC => {});
1;`))
	b := picture(t, "160x120")
	theirs := tool(t, b, "exiftool", "-config", config, "-q", "-o", "OUT", "-XMP-TC260:AIGC="+string(value), "IN")
	mediatest.One(t, container, media.JPEG, theirs, media.PlaceXMP, value)
	theirs = tool(t, b, "exiftool", "-q", "-o", "OUT", "-UserComment="+string(media.Wrap(value)), "IN")
	mediatest.One(t, container, media.JPEG, theirs, media.PlaceEXIF, value)
	theirs = tool(t, b, "exiftool", "-q", "-o", "OUT", "-UserComment="+string(media.Wrap([]byte(`{"Label":"1","ContentProducer":"猫"}`))), "IN")
	mediatest.One(t, container, media.JPEG, theirs, media.PlaceEXIF, []byte(`{"Label":"1","ContentProducer":"猫"}`))
}

func TestOrderOfSegments(t *testing.T) {
	t.Parallel()
	b := mediatest.Apply(t, container, media.JPEG, rich(t), media.Put{Place: media.PlaceXMP, Value: mediatest.Value("o")})
	plain := mediatest.Apply(t, container, media.JPEG, tiny(t), media.Put{Place: media.PlaceXMP, Value: mediatest.Value("o")})
	both := mediatest.Apply(t, container, media.JPEG, with(tiny(t), segment(0xE1, headEXIF+"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00")),
		media.Put{Place: media.PlaceXMP, Value: mediatest.Value("o")})
	for name, c := range map[string]struct {
		b     []byte
		order []string
	}{
		"rich": {b, []string{headEXIF, headXMP}}, "plain": {plain, []string{"JFIF\x00", headXMP}},
		"both": {both, []string{"JFIF\x00", headEXIF, headXMP}},
	} {
		at := 0
		for _, head := range c.order {
			next := bytes.Index(c.b, []byte(head))
			if next < at {
				t.Errorf("%s: %q at %d, before %d", name, head, next, at)
			}
			at = next
		}
	}
}

func TestNoRoom(t *testing.T) {
	t.Parallel()
	full := `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:a="a:"><a:b>` + strings.Repeat("x", 65000) + `</a:b></rdf:Description></rdf:RDF></x:xmpmeta>`
	b := with(tiny(t), segment(0xE1, headXMP+full))
	fails(t, b, media.PlaceXMP, media.CodeNoRoom)
	mediatest.Apply(t, container, media.JPEG, b, media.Put{Place: media.PlaceEXIF, Value: mediatest.Value("fits")})
}

// fails demands that an edit is refused with a code.
func fails(t *testing.T, b []byte, place media.Place, code colophon.Code) {
	t.Helper()
	_, err := container.Edit(bytes.NewReader(b), media.JPEG, media.Put{Place: place, Value: mediatest.Value("n")})
	if e := refusal(err); e == nil || e.Code != code || e.Args["offset"] == "" || e.Args["what"] == "" {
		t.Errorf("Edit at %s: %v, want %s", place, err, code)
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"media/IMG_0003.jpg", "media/earth_apollo17.jpg", "media/no_manifest.jpg"} {
		b, ok := mediatest.Sample(t, name)
		if !ok {
			continue
		}
		for _, place := range container.Places(media.JPEG) {
			put := media.Put{Place: place, Value: mediatest.Value("real"), DigitalSourceType: mediatest.SourceType}
			after := mediatest.Apply(t, container, media.JPEG, b, put)
			mediatest.One(t, container, media.JPEG, after, place, put.Value)
			same(t, b, after)
			if again := mediatest.Apply(t, container, media.JPEG, after, put); !bytes.Equal(again, after) {
				t.Errorf("%s: putting the label again changed the file", name)
			}
		}
	}
	for _, name := range []string{"c2pa/C.jpg", "c2pa/CA.jpg", "c2pa/CACA.jpg", "c2pa/XCA.jpg", "c2pa/E-sig-CA.jpg", "c2pa/CIE-sig-CA.jpg"} {
		if b, ok := mediatest.Sample(t, name); ok {
			survey, err := container.Scan(bytes.NewReader(b), media.JPEG)
			if err != nil || len(survey.Signatures) != 1 || survey.Signatures[0].Kind != media.SignatureC2PA {
				t.Errorf("%s: %v, %v", name, err, survey.Signatures)
			}
		}
	}
}
