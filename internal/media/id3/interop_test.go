package id3_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// tone makes a short MP3 with ffmpeg.
func tone(t *testing.T, args ...string) []byte {
	t.Helper()
	in := []string{"-f", "lavfi", "-i", "sine=frequency=440:duration=0.6"}
	return mediatest.FFmpeg(t, "x.mp3", append(append(in, args...), "-fflags", "+bitexact")...)
}

// rich makes an MP3 with a cover picture and chapters.
func rich(t *testing.T, version string) []byte {
	t.Helper()
	dir := t.TempDir()
	meta := filepath.Join(dir, "meta")
	if err := os.WriteFile(meta, []byte(";FFMETADATA1\ntitle=标题\nartist=a\ncomment=c\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=300\ntitle=one\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return mediatest.FFmpeg(t, "x.mp3", "-f", "lavfi", "-i", "sine=duration=0.6", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=1:duration=1",
		"-i", meta, "-map", "0:a", "-map", "1:v", "-map_metadata", "2", "-map_chapters", "2", "-frames:v", "1", "-c:v", "mjpeg",
		"-disposition:v", "attached_pic", "-id3v2_version", version, "-write_id3v1", "1", "-write_apetag", "0")
}

// content cuts off leading ID3v2 tags, which ends are told by their headers.
func content(b []byte) []byte {
	for len(b) > 10 && string(b[:3]) == "ID3" {
		b = b[10+int(b[6])<<21+int(b[7])<<14+int(b[8])<<7+int(b[9]):]
	}
	return b
}

func same(t *testing.T, before, after []byte) {
	t.Helper()
	if !bytes.Equal(content(before), content(after)) {
		t.Error("the bytes behind the tag changed")
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, sample := range map[string]func(t *testing.T) []byte{
		"2.4":      func(t *testing.T) []byte { return tone(t, "-metadata", "title=x") },
		"2.3":      func(t *testing.T) []byte { return tone(t, "-metadata", "title=x", "-id3v2_version", "3") },
		"no tag":   func(t *testing.T) []byte { return tone(t, "-id3v2_version", "0", "-write_xing", "0") },
		"rich 2.4": func(t *testing.T) []byte { return rich(t, "4") },
		"rich 2.3": func(t *testing.T) []byte { return rich(t, "3") },
		"MPEG-2":   func(t *testing.T) []byte { return tone(t, "-ar", "16000", "-b:a", "24k") },
		"MPEG-2.5": func(t *testing.T) []byte { return tone(t, "-ar", "8000", "-id3v2_version", "0") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mediatest.Run(t, mediatest.Case{Container: container, Format: media.MP3, Sample: sample(t), Same: same})
		})
	}
	t.Run("built 2.2", func(t *testing.T) {
		t.Parallel()
		b := join(tag(2, 0, join(frame(2, "TT2", 0, text(0, "title")), zeros(200))), audio(9))
		mediatest.Run(t, mediatest.Case{Container: container, Format: media.MP3, Sample: b, Same: same})
	})
	t.Run("built unsynchronised 2.3", func(t *testing.T) {
		t.Parallel()
		b := join(tag(3, 0x80, unsync(join(frame(3, "PRIV", 0, []byte("me\x00\xFF\xE0\xFF\x00\xFF")), frame(3, "TIT2", 0, text(1, "标题")), zeros(20)))), audio(9))
		mediatest.Run(t, mediatest.Case{Container: container, Format: media.MP3, Sample: b, Same: same})
	})
}

func zeros(n int) []byte { return make([]byte, n) }

// TestReaders has programs that are not ours read the label and everything beside it.
func TestReaders(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"3", "4"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			before := rich(t, version)
			value := mediatest.Value("read")
			after := mediatest.Apply(t, container, media.MP3, before, media.Put{Place: media.PlaceTXXX, Value: value})
			mediatest.SameFrames("x.mp3")(t, before, after)

			want, got := mediatest.FFprobeTags(t, "x.mp3", before), mediatest.FFprobeTags(t, "x.mp3", after)
			want["AIGC"] = string(value)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("ffprobe: %s", diff)
			}
			chapters := func(b []byte) string {
				return string(mediatest.Output(t, "ffprobe", "-v", "error", "-show_chapters", "-show_streams", "-of", "flat", mediatest.File(t, "x.mp3", b)))
			}
			if diff := cmp.Diff(chapters(before), chapters(after)); diff != "" {
				t.Errorf("streams and chapters: %s", diff)
			}
			old, tags := mediatest.Exiftool(t, "x.mp3", before), mediatest.Exiftool(t, "x.mp3", after)
			if key := "ID3v2_" + version + ":UserDefinedText"; !strings.Contains(tags[key], "(AIGC) "+string(value)) {
				t.Errorf("exiftool %s = %q", key, tags[key])
			}
			for key, v := range old {
				if strings.HasPrefix(key, "ID3") && !strings.HasSuffix(key, "UserDefinedText") && !strings.HasSuffix(key, "ID3Size") && tags[key] != v {
					t.Errorf("exiftool %s = %q, was %q", key, tags[key], v)
				}
			}
			info := mediatest.Output(t, "mediainfo", "--Output=JSON", mediatest.File(t, "x.mp3", after))
			if !bytes.Contains(info, []byte(`"AIGC"`)) {
				t.Errorf("mediainfo does not know the label:\n%s", info)
			}
		})
	}
}

// TestWritten reads what ffmpeg wrote.
func TestWritten(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"3", "4"} {
		file := tone(t, "-metadata", "AIGC="+value, "-id3v2_version", version)
		check(t, file, content(file), media.PlaceTXXX, "")
	}
	aac := mediatest.FFmpeg(t, "x.aac", "-f", "lavfi", "-i", "sine=duration=0.3", "-c:a", "aac", "-f", "adts", "-write_id3v2", "1", "-metadata", "AIGC="+value)
	if string(aac[:3]) != "ID3" {
		t.Fatal("the AAC file has no tag")
	}
	if got := mediatest.Sniff(container, aac); got != media.Unknown {
		t.Errorf("AAC with a tag is taken for %q", got)
	}
	layer2 := mediatest.FFmpeg(t, "x.mp2", "-f", "lavfi", "-i", "sine=duration=0.3", "-c:a", "mp2")
	if got := mediatest.Sniff(container, layer2); got != media.Unknown {
		t.Errorf("layer II is taken for %q", got)
	}
}

// TestStays checks that padding keeps the audio where it is.
func TestStays(t *testing.T) {
	t.Parallel()
	first := mediatest.Apply(t, container, media.MP3, audio(5), media.Put{Place: media.PlaceTXXX, Value: mediatest.Value("a")})
	next := mediatest.Apply(t, container, media.MP3, first, media.Put{Place: media.PlaceTXXX, Value: mediatest.Value(strings.Repeat("b", 300))})
	if len(first) != len(next) {
		t.Errorf("the file went from %d to %d bytes, with padding enough", len(first), len(next))
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	if b, ok := mediatest.Sample(t, "media/sample1.mp3"); ok {
		mediatest.Run(t, mediatest.Case{Container: container, Format: media.MP3, Sample: b, Same: same})
		after := mediatest.Apply(t, container, media.MP3, b, media.Put{Place: media.PlaceTXXX, Value: []byte(value)})
		if got := mediatest.FFprobeTags(t, "x.mp3", after)["AIGC"]; got != value {
			t.Errorf("ffprobe reads %q", got)
		}
	}
	if b, ok := mediatest.Sample(t, "hostile/id3v23_compression_underflow.mp3"); ok {
		if got := mediatest.Sniff(container, b); got != media.MP3 {
			t.Errorf("Sniff = %q", got)
		}
		mediatest.Survive(t, container, media.PlaceTXXX, b)
		if _, err := container.Scan(bytes.NewReader(b), media.MP3); err == nil {
			t.Error("a compressed frame too short for its own size passed")
		}
	}
}
