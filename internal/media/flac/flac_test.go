package flac_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/flac"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

var (
	container = flac.Container{}
	value     = string(mediatest.Value("wild"))
)

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func block(kind byte, body []byte) []byte {
	n := len(body)
	return append([]byte{kind, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

func comment(texts ...string) []byte {
	b := []byte("\x03\x00\x00\x00foo")
	b = binary.LittleEndian.AppendUint32(b, uint32(len(texts)))
	for _, text := range texts {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	return b
}

// file returns a stream with blocks behind STREAMINFO, of which the last is to be marked, and a stub of audio.
func file(blocks ...[]byte) []byte {
	info := block(0, make([]byte, 34))
	if len(blocks) == 0 {
		info[0] |= 0x80
	} else {
		last := bytes.Clone(blocks[len(blocks)-1])
		last[0] |= 0x80
		blocks[len(blocks)-1] = last
	}
	return join([]byte("fLaC"), info, join(blocks...), frames)
}

var frames = []byte{0xFF, 0xF8, 0x69, 0x98, 0, 0x10, 0, 0x5E, 1, 2, 3, 4}

// tag returns an ID3v2.4 tag with one frame.
func tag(id string, content []byte) []byte {
	n := len(content)
	frame := append([]byte{id[0], id[1], id[2], id[3], 0, 0, byte(n >> 7), byte(n & 0x7F), 0, 0}, content...)
	n = len(frame)
	return append([]byte{'I', 'D', '3', 4, 0, 0, 0, 0, byte(n >> 7), byte(n & 0x7F)}, frame...)
}

// audio returns the bytes behind the last metadata block.
func audio(t *testing.T, b []byte) []byte {
	t.Helper()
	b = b[bytes.Index(b, []byte("fLaC"))+4:]
	for {
		h := b[0]
		b = b[4+int(b[1])<<16+int(b[2])<<8+int(b[3]):]
		if h&0x80 != 0 {
			return b
		}
	}
}

func same(t *testing.T, before, after []byte) {
	t.Helper()
	if !bytes.Equal(audio(t, before), audio(t, after)) {
		t.Error("audio frames changed")
	}
}

func tone(t *testing.T, args ...string) []byte {
	t.Helper()
	in := []string{"-f", "lavfi", "-i", "sine=frequency=440:duration=0.6"}
	return mediatest.FFmpeg(t, "x.flac", append(in, args...)...)
}

// encoded runs the flac program, which writes a seek table, padding and a picture.
func encoded(t *testing.T, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	wav := filepath.Join(dir, "x.wav")
	if err := os.WriteFile(wav, mediatest.FFmpeg(t, "x.wav", "-f", "lavfi", "-i", "sine=duration=0.6"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "x.flac")
	mediatest.Output(t, "flac", append(append([]string{"-s", "-o", out}, args...), wav)...)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConformance(t *testing.T) {
	t.Parallel()
	cover := filepath.Join(t.TempDir(), "c.png")
	if err := os.WriteFile(cover, mediatest.FFmpeg(t, "c.png", "-f", "lavfi", "-i", "testsrc=size=64x64", "-frames:v", "1"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, sample := range map[string]func(t *testing.T) []byte{
		"ffmpeg":     func(t *testing.T) []byte { return tone(t, "-metadata", "title=标题") },
		"flac":       func(t *testing.T) []byte { return encoded(t, "--picture="+cover, "-S", "10x", "-T", "TITLE=t") },
		"no padding": func(t *testing.T) []byte { return encoded(t, "--no-padding") },
		"bare":       func(*testing.T) []byte { return file() },
		"pictures only": func(*testing.T) []byte {
			return file(block(1, make([]byte, 9)), block(6, make([]byte, 50000)))
		},
		"tagged": func(t *testing.T) []byte {
			return join(tag("TIT2", []byte("\x03title")), tone(t), []byte("TAG"), make([]byte, 125))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mediatest.Run(t, mediatest.Case{Container: container, Format: media.FLAC, Sample: sample(t), Same: same})
		})
	}
}

func TestReaders(t *testing.T) {
	t.Parallel()
	before := encoded(t, "-S", "10x", "-T", "TITLE=标题", "-T", "ARTIST=one", "-T", "ARTIST=two")
	label := mediatest.Value(strings.Repeat("read", 100))
	after := mediatest.Apply(t, container, media.FLAC, before, media.Put{Place: media.PlaceVorbisComment, Value: label})
	if len(after) != len(before) {
		t.Errorf("%d bytes became %d, with padding enough", len(before), len(after))
	}
	path := mediatest.File(t, "x.flac", after)
	mediatest.Output(t, "flac", "-s", "-t", path)
	mediatest.SameFrames("x.flac")(t, before, after)
	if got := string(mediatest.Output(t, "metaflac", "--show-tag=AIGC", path)); got != "AIGC="+string(label)+"\n" {
		t.Errorf("metaflac reads %q", got)
	}
	list := func(b []byte) string {
		return string(mediatest.Output(t, "metaflac", "--list", "--except-block-type=PADDING,VORBIS_COMMENT", mediatest.File(t, "x.flac", b)))
	}
	if diff := cmp.Diff(list(before), list(after)); diff != "" {
		t.Errorf("other blocks changed: %s", diff)
	}
	want, got := mediatest.FFprobeTags(t, "x.flac", before), mediatest.FFprobeTags(t, "x.flac", after)
	want["AIGC"] = string(label)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ffprobe: %s", diff)
	}
	if got := mediatest.Exiftool(t, "x.flac", after)["Vorbis:Aigc"]; got != string(label) {
		t.Errorf("exiftool reads %q", got)
	}
}

func TestWild(t *testing.T) {
	t.Parallel()
	info := join([]byte("riffLIST"), []byte("\x00\x00\x00\x00INFOISFT\x03\x00\x00\x00abc\x00"), []byte("AIGC"), binary.LittleEndian.AppendUint32(nil, uint32(len(value))), []byte(value))
	for _, c := range []struct {
		name    string
		file    []byte
		place   media.Place
		finding colophon.Code
		refused bool
	}{
		{"ffmpeg", tone(t, "-metadata", "AIGC="+value), media.PlaceVorbisComment, "", false},
		{"flac", encoded(t, "-T", "AIGC="+value), media.PlaceVorbisComment, "", false},
		{"lower case", file(block(4, comment("TITLE=x", "aigc="+value, "ARTIST=y"))), media.PlaceVorbisComment, media.CodeIDSpelling, false},
		{"ID3 before", join(tag("TXXX", []byte("\x03AIGC\x00"+value)), file()), media.PlaceTXXX, media.CodeOtherPlace, false},
		{"kept chunk", file(block(2, join([]byte("riffAIGC"), binary.LittleEndian.AppendUint32(nil, uint32(len(value))), []byte(value)))), media.PlaceChunk, media.CodeOtherPlace, true},
		{"kept list", file(block(2, info)), media.PlaceChunk, media.CodeOtherPlace, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := mediatest.Sniff(container, c.file); got != media.FLAC {
				t.Fatalf("Sniff = %q", got)
			}
			survey, err := container.Scan(bytes.NewReader(c.file), media.FLAC)
			if err != nil || len(survey.Labels) != 1 {
				t.Fatalf("%+v, %v", survey, err)
			}
			found := survey.Labels[0]
			if found.Place != c.place || string(found.Value) != value {
				t.Fatalf("found %s %q", found.Place, found.Value)
			}
			if c.finding == "" && len(found.Findings) > 0 || c.finding != "" && (len(found.Findings) != 1 || found.Findings[0].Code != c.finding) {
				t.Errorf("findings %v", found.Findings)
			}
			put := media.Put{Place: media.PlaceVorbisComment, Value: mediatest.Value("new")}
			if _, err := container.Edit(bytes.NewReader(c.file), media.FLAC, put); (err != nil) != c.refused {
				t.Fatalf("Edit: %v", err)
			}
			if c.refused {
				return
			}
			after := mediatest.Apply(t, container, media.FLAC, c.file, put)
			mediatest.One(t, container, media.FLAC, after, media.PlaceVorbisComment, put.Value)
			same(t, c.file, after)
			if bytes.Contains(after, []byte("wild")) {
				t.Error("the old label is still in the file")
			}
		})
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	b := join(tag("GEOB", []byte("\x00application/c2pa\x00c2pa\x00c2pa manifest store\x00jumb")), file())
	survey, err := container.Scan(bytes.NewReader(b), media.FLAC)
	if err != nil || len(survey.Signatures) != 1 || survey.Signatures[0] != (media.Signature{Kind: media.SignatureC2PA, Offset: 10}) {
		t.Fatalf("%+v, %v", survey, err)
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		file []byte
		code colophon.Code
	}{
		{"cut block", file(block(6, make([]byte, 100)))[:60], media.CodeTruncated},
		{"no STREAMINFO", join([]byte("fLaC"), block(4|0x80, comment()), frames), media.CodeMalformed},
		{"short STREAMINFO", join([]byte("fLaC"), block(0x80, make([]byte, 33)), frames), media.CodeMalformed},
		{"type 127", file(block(127, nil)), media.CodeMalformed},
		{"two comment blocks", file(block(4, comment()), block(4, comment())), media.CodeMalformed},
		{"comment count", file(block(4, []byte("\x00\x00\x00\x00\xff\xff\xff\xff"))), media.CodeTruncated},
		{"no frame", join(file()[:42], []byte("garbage")), media.CodeMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := container.Scan(bytes.NewReader(c.file), media.FLAC)
			e, ok := err.(*colophon.Error)
			if !ok || e.Code != c.code {
				t.Fatalf("error %v, want %s", err, c.code)
			}
			mediatest.Survive(t, container, media.PlaceVorbisComment, c.file)
		})
	}
	for name, b := range map[string][]byte{"Ogg": []byte("OggS\x00\x02........"), "short": []byte("fLaC"), "ID3": tag("TIT2", make([]byte, 50))} {
		if got := mediatest.Sniff(container, b); got != media.Unknown {
			t.Errorf("%s is taken for %q", name, got)
		}
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	if b, ok := mediatest.Sample(t, "media/sample1.flac"); ok {
		mediatest.Run(t, mediatest.Case{Container: container, Format: media.FLAC, Sample: b, Same: same})
	}
}

func FuzzContainer(f *testing.F) {
	f.Add(file())
	f.Add(file(block(4, comment("TITLE=x", "aigc="+value)), block(1, make([]byte, 40))))
	f.Add(file(block(2, join([]byte("riffAIGC"), binary.LittleEndian.AppendUint32(nil, uint32(len(value))), []byte(value))), block(3, make([]byte, 18))))
	f.Add(join(tag("TXXX", []byte("\x03AIGC\x00"+value)), file(block(1, nil)), []byte("TAG"), make([]byte, 125)))
	f.Fuzz(func(t *testing.T, b []byte) { mediatest.Survive(t, container, media.PlaceVorbisComment, b) })
}
