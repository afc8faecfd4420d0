package png_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/png"
)

const signature = "\x89PNG\r\n\x1a\n"

func chunk(typ string, payload ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	b = append(append(b, typ...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func text(typ, s string) []byte { return chunk(typ, []byte(s)...) }

// tiny returns a picture of one grey pixel with chunks in front of, and behind, its data.
func tiny(before, after []byte) []byte {
	b := append([]byte(signature), chunk("IHDR", 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0)...)
	b = append(b, before...)
	b = append(b, chunk("IDAT", 0x78, 0x9c, 0x63, 0x68, 0, 0, 0, 0x82, 0, 0x81)...)
	b = append(b, after...)
	return append(b, chunk("IEND")...)
}

// kept returns every chunk but those that may hold a label, byte for byte, and what stands behind IEND.
func kept(t *testing.T, b []byte) string {
	t.Helper()
	var out strings.Builder
	off := len(signature)
	for {
		end := off + 12 + int(binary.BigEndian.Uint32(b[off:]))
		switch typ := string(b[off+4 : off+8]); typ {
		case "tEXt", "zTXt", "iTXt", "eXIf":
		default:
			out.Write(b[off:end])
			if typ == "IEND" {
				out.Write(b[end:])
				return out.String()
			}
		}
		off = end
	}
}

func same(t *testing.T, before, after []byte) {
	t.Helper()
	if kept(t, before) != kept(t, after) {
		t.Error("chunks other than text have changed")
	}
}

func convert(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	mediatest.Output(t, "convert", append(args, path)...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rewrite passes a file through exiftool.
func rewrite(t *testing.T, name string, b []byte, args ...string) []byte {
	t.Helper()
	path := mediatest.File(t, name, b)
	mediatest.Output(t, "exiftool", append(append([]string{"-q", "-overwrite_original"}, args...), path)...)
	out, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func scan(t *testing.T, b []byte) *media.Survey {
	t.Helper()
	survey, err := png.Container{}.Scan(bytes.NewReader(b), media.PNG)
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	return survey
}

func TestConformance(t *testing.T) {
	t.Parallel()
	source := func(t *testing.T) []byte {
		return mediatest.FFmpeg(t, "a.png", "-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", "1")
	}
	samples := map[string]struct {
		make func(t *testing.T) []byte
		same func(t *testing.T, before, after []byte)
	}{
		"ffmpeg": {source, mediatest.SameFrames("a.png")},
		"palette, interlaced": {func(t *testing.T) []byte {
			return convert(t, "a.png", "-size", "40x30", "gradient:red-blue", "-colors", "16", "-interlace", "PNG", "-set", "comment", "a comment")
		}, same},
		"exif, icc, text": {func(t *testing.T) []byte {
			b := convert(t, "a.png", "-size", "40x30", "gradient:red-blue", "-define", "png:exclude-chunks=none", "-depth", "16")
			return rewrite(t, "a.png", b, "-Artist=Me", "-XMP-dc:Title=Titel", "-PNG:Comment=Kommentar", "-ExifIFD:ExposureTime=1/8")
		}, same},
		"trailing": {func(t *testing.T) []byte { return append(source(t), "more bytes"...) }, same},
		"tiny":     {func(*testing.T) []byte { return tiny(nil, nil) }, same},
	}
	for name, sample := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mediatest.Run(t, mediatest.Case{Container: png.Container{}, Format: media.PNG, Sample: sample.make(t), Same: sample.same})
		})
	}
	t.Run("apng", func(t *testing.T) {
		t.Parallel()
		b := mediatest.FFmpeg(t, "a.apng", "-f", "lavfi", "-i", "testsrc=size=48x32:rate=5", "-frames:v", "3", "-plays", "0")
		mediatest.Run(t, mediatest.Case{Container: png.Container{}, Format: media.APNG, Sample: b, Same: same})
		mediatest.SameFrames("a.apng")(t, b, put(t, b, media.PlaceXMP))
		if survey := scan(t, b); survey.Format != media.APNG {
			t.Errorf("format %q", survey.Format)
		}
	})
}

func put(t *testing.T, b []byte, place media.Place) []byte {
	t.Helper()
	return mediatest.Apply(t, png.Container{}, media.PNG, b, media.Put{Place: place, Value: mediatest.Value("p1"), DigitalSourceType: mediatest.SourceType})
}

// Other programs must read what is written here, and see everything that was there before.
func TestInterop(t *testing.T) {
	t.Parallel()
	b := convert(t, "a.png", "-size", "40x30", "gradient:red-blue")
	b = rewrite(t, "a.png", b, "-Artist=Me", "-XMP-dc:Title=Titel", "-PNG:Comment=Kommentar", "-ExifIFD:ExposureTime=1/8", "-IFD0:ImageDescription=A picture")
	before := mediatest.Exiftool(t, "a.png", b)
	value := string(mediatest.Value("p1"))
	wrapped := string(media.Wrap([]byte(value)))
	for place, tag := range map[media.Place][2]string{
		media.PlaceXMP:  {"XMP-TC260:Aigc", value},
		media.PlaceText: {"PNG:AIGC", wrapped},
		media.PlaceEXIF: {"ExifIFD:UserComment", wrapped},
	} {
		t.Run(string(place), func(t *testing.T) {
			t.Parallel()
			labelled := put(t, b, place)
			after := mediatest.Exiftool(t, "a.png", labelled)
			if after[tag[0]] != tag[1] {
				t.Errorf("exiftool reads %s = %q", tag[0], after[tag[0]])
			}
			for name, old := range before {
				if !strings.HasPrefix(name, "System:") && name != "SourceFile" && after[name] != old {
					t.Errorf("%s was %q and is %q", name, old, after[name])
				}
			}
			if place == media.PlaceXMP && after["XMP-iptcExt:DigitalSourceType"] != mediatest.SourceType {
				t.Errorf("source type %q", after["XMP-iptcExt:DigitalSourceType"])
			}
			if warning := after["ExifTool:Warning"]; warning != "" {
				t.Errorf("exiftool warns: %s", warning)
			}
			mediatest.Output(t, "convert", mediatest.File(t, "a.png", labelled), "null:")
		})
	}
	t.Run("exiv2", func(t *testing.T) {
		t.Parallel()
		out := mediatest.Output(t, "exiv2", "-px", mediatest.File(t, "a.png", put(t, b, media.PlaceXMP)))
		if !bytes.Contains(out, []byte("Xmp.TC260.AIGC")) {
			t.Errorf("exiv2 prints %s", out)
		}
	})
	t.Run("ffprobe", func(t *testing.T) {
		t.Parallel()
		out := mediatest.Output(t, "ffprobe", "-v", "error", "-show_frames", "-show_entries", "frame_tags", mediatest.File(t, "a.png", put(t, b, media.PlaceText)))
		if !bytes.Contains(out, []byte("AIGC="+wrapped)) {
			t.Errorf("ffprobe prints %s", out)
		}
	})
}

func TestSamples(t *testing.T) {
	t.Parallel()
	b, ok := mediatest.Sample(t, "labelled/doubao.png")
	if !ok {
		return
	}
	survey := scan(t, b)
	if len(survey.Labels) != 1 || survey.Labels[0].Place != media.PlaceXMP || !bytes.Contains(survey.Labels[0].Value, []byte(`"001191110102MACQD9K64010000"`)) {
		t.Fatalf("labels %v", survey.Labels)
	}
	if !has(survey.Labels[0].Findings, media.CodeXMPWrapper) {
		t.Errorf("findings %v", survey.Labels[0].Findings)
	}
	for _, place := range (png.Container{}).Places(media.PNG) {
		out := put(t, b, place)
		same(t, b, out)
		if survey := scan(t, out); len(survey.Labels) != 1 || !mediatest.Holds(survey.Labels[0], place, mediatest.Value("p1")) {
			t.Errorf("labels at %s: %v", place, survey.Labels)
		}
	}
	if got := mediatest.Exiftool(t, "a.png", put(t, b, media.PlaceXMP))["XMP-TC260:Aigc"]; got != string(mediatest.Value("p1")) {
		t.Errorf("exiftool reads %q", got)
	}
	for _, name := range []string{"media/sample1.png", "images/01.png"} {
		b, _ := mediatest.Sample(t, name)
		for _, place := range (png.Container{}).Places(media.PNG) {
			out := put(t, b, place)
			same(t, b, out)
			mediatest.One(t, png.Container{}, media.PNG, out, place, mediatest.Value("p1"))
		}
	}
}
