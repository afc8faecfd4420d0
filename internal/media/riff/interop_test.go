package riff_test

import (
	"bytes"
	"encoding/base64"
	"os/exec"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

func unchanged(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name, old := range before {
		if !strings.HasPrefix(name, "System:") && name != "SourceFile" && name != "ExifTool:Warning" && name != "File:FileType" && after[name] != old && !strings.Contains(name, "WebP_Flags") {
			t.Errorf("%s was %.200q and is %.200q", name, old, after[name])
		}
	}
}

// unknown returns the label as exiftool reads it: from a chunk that it doesn't know, and so as bytes.
func unknown(t *testing.T, tags map[string]string) string {
	t.Helper()
	encoded, ok := strings.CutPrefix(tags["RIFF:Unknown_AIGC"], "base64:")
	if !ok {
		return encoded
	}
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Error(err)
	}
	return strings.TrimRight(string(b), "\x00")
}

// Other programs must read what is written here.
func TestInteropWAV(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("p1"))
	b := sine(t, "a.wav", "-metadata", "artist=Me")
	for _, place := range container.Places(media.WAV) {
		out := put(t, b, place)
		tags := mediatest.Exiftool(t, "a.wav", out)
		if unknown(t, tags) != value {
			t.Errorf("exiftool reads %v", tags)
		}
		unchanged(t, mediatest.Exiftool(t, "a.wav", b), tags)
		if got := mediatest.FFprobeTags(t, "a.wav", out); got["artist"] != "Me" || place == media.PlaceInfo && got["AIGC"] != value {
			t.Errorf("ffprobe reads %v", got)
		}
	}
}

func TestInteropRF64(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("p1"))
	b := sine(t, "a.wav", "-rf64", "always", "-metadata", "artist=Me")
	if got := mediatest.FFprobeTags(t, "a.wav", put(t, b, media.PlaceInfo)); got["AIGC"] != value || got["artist"] != "Me" {
		t.Errorf("ffprobe reads %v", got)
	}
}

func TestInteropAVI(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("p1"))
	b := clip(t, "-metadata", "title=Film")
	out := put(t, b, media.PlaceInfo)
	if len(out) != len(b) {
		t.Errorf("the padding is not used: %d bytes, then %d", len(b), len(out))
	}
	if got := mediatest.FFprobeTags(t, "a.avi", out); got["AIGC"] != value || got["title"] != "Film" {
		t.Errorf("ffprobe reads %v", got)
	}
	tags := mediatest.Exiftool(t, "a.avi", out)
	if unknown(t, tags) != value {
		t.Errorf("exiftool reads %v", tags)
	}
	unchanged(t, mediatest.Exiftool(t, "a.avi", b), tags)
	if info := mediatest.Output(t, "mediainfo", mediatest.File(t, "a.avi", out)); !bytes.Contains(info, []byte("Film")) || bytes.Contains(info, []byte("IsTruncated")) {
		t.Errorf("mediainfo prints %s", info)
	}
	moved := put(t, unpadded(b), media.PlaceInfo)
	if got := mediatest.FFprobeTags(t, "a.avi", moved); got["AIGC"] != value {
		t.Errorf("ffprobe reads %v", got)
	}
	mediatest.SameFrames("a.avi")(t, b, moved)
}

// Frames that an index finds by their offset must be found.
func TestInteropOpenDML(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("p1"))
	for _, front := range []string{"", chunk("JUNK", strings.Repeat("\x00", 1000)), list("INFO", chunk("ISFT", "me\x00"))} {
		b := openDML(front)
		out := put(t, b, media.PlaceInfo)
		if bytes.Index(out, []byte("movi")) != bytes.Index(b, []byte("movi")) {
			t.Error("frames have moved")
		}
		if tags := mediatest.Exiftool(t, "a.avi", out); unknown(t, tags) != value {
			t.Errorf("exiftool reads %v", tags)
		}
		frames := mediatest.Output(t, "ffmpeg", "-v", "error", "-i", mediatest.File(t, "a.avi", out), "-f", "framemd5", "-")
		if n := bytes.Count(frames, []byte("\n0,")); n != 6 {
			t.Errorf("ffmpeg decodes %d pictures\n%s", n, frames)
		}
		mediatest.SameFrames("a.avi")(t, b, out)
	}
}

func TestInteropWebP(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("p1"))
	for _, args := range [][]string{{"-quiet"}, {"-quiet", "-lossless"}} {
		b := made(t, "a.webp", "cwebp", append(args, picture(t), "-o", "OUT")...)
		for place, name := range map[media.Place][2]string{
			media.PlaceXMP:  {"XMP-TC260:Aigc", value},
			media.PlaceEXIF: {"ExifIFD:UserComment", string(media.Wrap([]byte(value)))},
		} {
			out := put(t, b, place)
			tags := mediatest.Exiftool(t, "a.webp", out)
			if tags[name[0]] != name[1] || tags["ExifTool:Warning"] != "" {
				t.Errorf("exiftool reads %v", tags)
			}
			path := mediatest.File(t, "a.webp", out)
			if info, err := exec.Command(mediatest.Tool(t, "webpinfo"), "-diag", path).CombinedOutput(); err != nil || !bytes.Contains(info, []byte("No error detected")) || !bytes.Contains(info, []byte("50 x 34")) {
				t.Errorf("webpinfo prints %s", info)
			}
			mediatest.Output(t, "webpmux", "-info", path)
		}
	}
	b := made(t, "a.webp", "convert", "-size", "40x30", "gradient:red-transparent", "-define", "webp:lossless=true", "OUT")
	before, after := mediatest.Output(t, "dwebp", "-quiet", "-pam", mediatest.File(t, "a.webp", b), "-o", "-"), mediatest.Output(t, "dwebp", "-quiet", "-pam", mediatest.File(t, "a.webp", put(t, b, media.PlaceXMP)), "-o", "-")
	if !bytes.Equal(before, after) {
		t.Error("dwebp decodes another picture")
	}
	b = rewrite(t, "a.webp", b, "-Artist=Me", "-XMP-dc:Title=Titel", "-ExifIFD:ExposureTime=1/8")
	for _, place := range container.Places(media.WebP) {
		unchanged(t, mediatest.Exiftool(t, "a.webp", b), mediatest.Exiftool(t, "a.webp", put(t, b, place)))
	}
}
