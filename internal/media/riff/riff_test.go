package riff_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/riff"
)

var container = riff.Container{}

func chunk(id, payload string) string {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(payload)))
	b = append(b, payload...)
	if len(payload)%2 == 1 {
		b = append(b, 0)
	}
	return string(b)
}

func list(form string, parts ...string) string { return chunk("LIST", form+strings.Join(parts, "")) }

func form(kind string, parts ...string) []byte {
	return []byte(chunk("RIFF", kind+strings.Join(parts, "")))
}

func scan(t *testing.T, b []byte) *media.Survey {
	t.Helper()
	survey, err := container.Scan(bytes.NewReader(b), mediatest.Sniff(container, b))
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	return survey
}

func put(t *testing.T, b []byte, place media.Place) []byte {
	t.Helper()
	return mediatest.Apply(t, container, mediatest.Sniff(container, b), b,
		media.Put{Place: place, Value: mediatest.Value("p1"), DigitalSourceType: mediatest.SourceType})
}

// edit returns the error of an edit.
func edit(b []byte, place media.Place) error {
	_, err := container.Edit(bytes.NewReader(b), mediatest.Sniff(container, b), media.Put{Place: place, Value: mediatest.Value("p1")})
	return err
}

func has(findings []colophon.Finding, code colophon.Code) bool {
	return slices.ContainsFunc(findings, func(f colophon.Finding) bool { return f.Code == code })
}

// kept returns the chunks of a sound file that carry pictures or samples, byte for byte.
func kept(t *testing.T, b []byte) string {
	t.Helper()
	var out strings.Builder
	for off := 0; off+12 <= len(b); {
		if id := string(b[off : off+4]); id == "RIFF" || id == "RF64" || id == "BW64" {
			off += 12
			continue
		}
		n := int(binary.LittleEndian.Uint32(b[off+4:]))
		if n == 1<<32-1 {
			n = len(b) - off - 8
			if string(b[12:16]) == "ds64" {
				n = int(binary.LittleEndian.Uint64(b[28:]))
			}
		}
		end := min(off+8+n+n&1, len(b))
		switch id := string(b[off : off+4]); id {
		case "VP8 ", "VP8L", "ANIM", "ANMF", "ALPH", "ICCP", "data", "fmt ", "idx1", "fact":
			out.WriteString(string(b[off:end]))
		case "LIST":
			if form := string(b[off+8 : off+12]); form == "movi" || form == "hdrl" {
				out.WriteString(string(b[off:end]))
			}
		}
		off = end
	}
	return out.String()
}

func same(t *testing.T, before, after []byte) {
	t.Helper()
	if a, b := kept(t, before), kept(t, after); a != b || a == "" {
		t.Errorf("pictures or samples have changed: %d bytes, then %d", len(a), len(b))
	}
}

func made(t *testing.T, name, tool string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "OUT", path)
	}
	mediatest.Output(t, tool, args...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func picture(t *testing.T) string {
	t.Helper()
	return mediatest.File(t, "a.png", mediatest.FFmpeg(t, "a.png", "-f", "lavfi", "-i", "testsrc=size=50x34", "-frames:v", "1"))
}

func sine(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	return mediatest.FFmpeg(t, name, append([]string{"-f", "lavfi", "-i", "sine=duration=0.1"}, args...)...)
}

func clip(t *testing.T, args ...string) []byte {
	t.Helper()
	return mediatest.FFmpeg(t, "a.avi", append([]string{"-f", "lavfi", "-i", "testsrc=size=64x48:rate=5", "-f", "lavfi", "-i", "sine", "-t", "0.6"}, args...)...)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	type sample struct {
		format  media.Format
		make    func(t *testing.T) []byte
		decoded bool // by ffmpeg as well
	}
	samples := map[string]sample{
		"webp lossy": {media.WebP, func(t *testing.T) []byte { return made(t, "a.webp", "cwebp", "-quiet", picture(t), "-o", "OUT") }, true},
		"webp lossless": {media.WebP, func(t *testing.T) []byte {
			return made(t, "a.webp", "cwebp", "-quiet", "-lossless", picture(t), "-o", "OUT")
		}, false},
		"webp alpha": {media.WebP, func(t *testing.T) []byte {
			return made(t, "a.webp", "convert", "-size", "40x30", "gradient:red-transparent", "-quality", "50", "OUT")
		}, false},
		"webp animated": {media.WebP, func(t *testing.T) []byte {
			gif := mediatest.FFmpeg(t, "a.gif", "-f", "lavfi", "-i", "testsrc=size=40x30:rate=5", "-frames:v", "3")
			return made(t, "a.webp", "gif2webp", "-quiet", mediatest.File(t, "a.gif", gif), "-o", "OUT")
		}, false},
		"webp exif, xmp": {media.WebP, func(t *testing.T) []byte {
			b := made(t, "a.webp", "cwebp", "-quiet", picture(t), "-o", "OUT")
			return rewrite(t, "a.webp", b, "-Artist=Me", "-XMP-dc:Title=Titel", "-ExifIFD:ExposureTime=1/8")
		}, false},
		"wav":         {media.WAV, func(t *testing.T) []byte { return sine(t, "a.wav") }, true},
		"wav, 8 bits": {media.WAV, func(t *testing.T) []byte { return sine(t, "a.wav", "-c:a", "pcm_u8", "-ar", "11025", "-t", "0.0333") }, false},
		"wav, bext": {media.WAV, func(t *testing.T) []byte {
			return sine(t, "a.wav", "-write_bext", "1", "-metadata", "description=a tone")
		}, false},
		"wav, piped":             {media.WAV, func(t *testing.T) []byte { return piped(t) }, true},
		"rf64":                   {media.RF64, func(t *testing.T) []byte { return sine(t, "a.wav", "-rf64", "always") }, true},
		"avi":                    {media.AVI, func(t *testing.T) []byte { return clip(t) }, true},
		"avi, no padding":        {media.AVI, func(t *testing.T) []byte { return unpadded(clip(t)) }, false},
		"avi, openDML":           {media.AVI, func(*testing.T) []byte { return openDML("") }, true},
		"avi, openDML with INFO": {media.AVI, func(*testing.T) []byte { return openDML(list("INFO", chunk("ISFT", "me\x00"))) }, false},
	}
	for name, s := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := s.make(t)
			mediatest.Run(t, mediatest.Case{Container: container, Format: s.format, Sample: b, Same: same})
			if s.decoded {
				for _, place := range container.Places(s.format) {
					mediatest.SameFrames("a")(t, b, put(t, b, place))
				}
			}
		})
	}
}

// piped returns what ffmpeg writes where it can't go back to set the lengths.
func piped(t *testing.T) []byte {
	t.Helper()
	return mediatest.Output(t, "ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "sine=duration=0.1", "-f", "wav", "-")
}

// unpadded takes the padding out in front of the frames.
func unpadded(b []byte) []byte {
	at := bytes.Index(b, []byte("INFO")) - 8
	movi := bytes.Index(b, []byte("movi")) - 8
	out := slices.Concat(b[:at], b[movi:])
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
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
