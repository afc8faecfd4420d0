package ebml_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/ebml"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

var inputs = []string{"-f", "lavfi", "-i", "testsrc2=s=64x48:d=2:r=10", "-f", "lavfi", "-i", "sine=d=2"}

func ffmpeg(t testing.TB, name string, more ...string) []byte {
	t.Helper()
	codecs := []string{"-c:v", "mpeg4", "-g", "5", "-c:a", "libopus", "-b:a", "32k"}
	if strings.HasSuffix(name, ".webm") {
		codecs = []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "5", "-c:a", "libopus", "-b:a", "32k"}
	}
	return mediatest.FFmpeg(t, name, slices.Concat(inputs, codecs, more)...)
}

// piped is what ffmpeg writes where it can't seek: sizes stay unknown.
func piped(t testing.TB, format string, more ...string) []byte {
	t.Helper()
	args := slices.Concat([]string{"-v", "error", "-nostdin"}, inputs, []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "5", "-c:a", "libopus"}, more, []string{"-f", format, "-"})
	return mediatest.Output(t, "ffmpeg", args...)
}

func mkvmerge(t testing.TB, args ...string) []byte {
	t.Helper()
	in := mediatest.File(t, "in.mkv", ffmpeg(t, "a.mkv", "-metadata", "title=t"))
	out := filepath.Join(t.TempDir(), "out.mkv")
	cmd := exec.Command(mediatest.Tool(t, "mkvmerge"), slices.Concat([]string{"-q", "-o", out}, args, []string{in})...)
	if told, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mkvmerge: %v\n%s", err, told)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const tagsXML = `<?xml version="1.0"?><Tags><Tag><Targets/><Simple><Name>ARTIST</Name><String>someone</String></Simple></Tag></Tags>`

const chaptersXML = `<?xml version="1.0"?><Chapters><EditionEntry><ChapterAtom><ChapterTimeStart>00:00:00.000</ChapterTimeStart>` +
	`<ChapterDisplay><ChapterString>one</ChapterString></ChapterDisplay></ChapterAtom></EditionEntry></Chapters>`

func makers() map[string]func(t *testing.T) (media.Format, []byte) {
	return map[string]func(t *testing.T) (media.Format, []byte){
		"mkv": func(t *testing.T) (media.Format, []byte) {
			return media.MKV, ffmpeg(t, "a.mkv", "-metadata", "title=t", "-metadata", "artist=someone")
		},
		"mkv no tags": func(t *testing.T) (media.Format, []byte) {
			return media.MKV, ffmpeg(t, "a.mkv", "-fflags", "+bitexact", "-flags", "+bitexact")
		},
		"mkv index first": func(t *testing.T) (media.Format, []byte) {
			return media.MKV, ffmpeg(t, "a.mkv", "-reserve_index_space", "2000")
		},
		"webm": func(t *testing.T) (media.Format, []byte) { return media.WebM, ffmpeg(t, "a.webm") },
		"webm live": func(t *testing.T) (media.Format, []byte) {
			return media.WebM, piped(t, "webm", "-live", "1")
		},
		"webm pipe": func(t *testing.T) (media.Format, []byte) { return media.WebM, piped(t, "webm") },
		"mkv pipe": func(t *testing.T) (media.Format, []byte) {
			return media.MKV, piped(t, "matroska", "-metadata", "artist=someone")
		},
		"mkvmerge": func(t *testing.T) (media.Format, []byte) {
			return media.MKV, mkvmerge(t, "--global-tags", mediatest.File(t, "t.xml", []byte(tagsXML)),
				"--chapters", mediatest.File(t, "c.xml", []byte(chaptersXML)), "--attach-file", mediatest.File(t, "a.txt", []byte("attached")))
		},
		"mkvmerge plain": func(t *testing.T) (media.Format, []byte) {
			return media.MKV, mkvmerge(t, "--no-global-tags", "--no-track-tags", "--disable-track-statistics-tags")
		},
		"mkvmerge webm": func(t *testing.T) (media.Format, []byte) {
			in := mediatest.File(t, "in.webm", ffmpeg(t, "a.webm"))
			out := filepath.Join(t.TempDir(), "out.webm")
			mediatest.Output(t, "mkvmerge", "-q", "--webm", "-o", out, in)
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			return media.WebM, b
		},
	}
}

// made holds each sample once it is made, since several tests use it.
var made sync.Map

// samples lists makers of samples; each runs its tools once in all tests.
func samples() map[string]func(t *testing.T) (media.Format, []byte) {
	list := makers()
	for name, make := range list {
		list[name] = func(t *testing.T) (media.Format, []byte) {
			once, _ := made.LoadOrStore(name, sync.OnceValue(func() []byte { _, b := make(t); return b }))
			b := once.(func() []byte)()
			return mediatest.Sniff(ebml.Container{}, b), b
		}
	}
	return list
}

func TestContainer(t *testing.T) {
	t.Parallel()
	for name, make := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format, sample := make(t)
			tested := 0
			mediatest.Run(t, mediatest.Case{
				Container: ebml.Container{}, Format: format, Sample: sample,
				Same: func(t *testing.T, before, after []byte) {
					sound(t, after)
					if !slices.EqualFunc(clusters(t, before), clusters(t, after), bytes.Equal) {
						t.Error("clusters differ")
					}
					if tested++; tested == 1 { // decoding takes long; clusters are compared always
						mediatest.SameFrames("a.mkv")(t, before, after)
					}
				},
			})
		})
	}
}

// TestReadByOthers lets other programs read the label, the other tags and the structure.
func TestReadByOthers(t *testing.T) {
	t.Parallel()
	for name, make := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format, sample := make(t)
			file := map[media.Format]string{media.MKV: "a.mkv", media.WebM: "a.webm"}[format]
			want := string(mediatest.Value("a1"))
			out := mediatest.Apply(t, ebml.Container{}, format, sample, media.Put{Place: media.PlaceTag, Value: []byte(want)})
			path := mediatest.File(t, file, out)

			before, after := mediatest.FFprobeTags(t, file, sample), mediatest.FFprobeTags(t, file, out)
			if after["AIGC"] != want {
				t.Errorf("ffprobe reads %v", after)
			}
			for key, value := range before {
				if after[key] != value {
					t.Errorf("ffprobe: %s = %q, was %q", key, after[key], value)
				}
			}
			tags := mediatest.Exiftool(t, file, out)
			if tags["Matroska:Aigc"] != want {
				t.Errorf("exiftool reads %v", tags)
			}
			if !strings.HasPrefix(name, "mkv") {
				return // the rest is slow, and told enough by half of the samples
			}
			for key, value := range mediatest.Exiftool(t, file, sample) {
				if strings.HasPrefix(key, "Matroska:") && tags[key] != value && key != "Matroska:SeekPosition" && key != "Matroska:CRC-32" && key != "Matroska:Void" {
					t.Errorf("exiftool: %s = %.100q, was %.100q", key, tags[key], value)
				}
			}
			if told := string(mediatest.Output(t, "mediainfo", path)); !strings.Contains(told, want) {
				t.Errorf("mediainfo reads %s", told)
			}
			if told := string(mediatest.Output(t, "mkvinfo", path)); strings.Contains(told, "rror") {
				t.Errorf("mkvinfo tells %s", told)
			}
			if told := string(mediatest.Output(t, "mkvextract", path, "tags")); !strings.Contains(told, "<Name>AIGC</Name>") || strings.Contains(sampleTags(t, sample), "someone") != strings.Contains(told, "someone") {
				t.Errorf("mkvextract reads %s", told)
			}
			var identified struct {
				Container   struct{ Recognized, Supported bool }
				Errors      []string
				Warnings    []string
				Attachments []any
				Chapters    []any
			}
			if err := json.Unmarshal(mediatest.Output(t, "mkvmerge", "-J", path), &identified); err != nil {
				t.Fatal(err)
			}
			if !identified.Container.Recognized || len(identified.Errors)+len(identified.Warnings) > 0 {
				t.Errorf("mkvmerge tells %+v", identified)
			}
			if name == "mkvmerge" && (len(identified.Attachments) != 1 || len(identified.Chapters) != 1) {
				t.Errorf("mkvmerge: attachments or chapters are lost: %+v", identified)
			}
			// Seeking uses Cues, whose positions must still be right.
			seek := func(b []byte) string {
				return string(mediatest.Output(t, "ffmpeg", "-v", "error", "-nostdin", "-ss", "1", "-i", mediatest.File(t, file, b), "-map", "0:v", "-frames:v", "2", "-f", "framemd5", "-"))
			}
			if seek(sample) != seek(out) {
				t.Error("seeking leads elsewhere")
			}
		})
	}
}

func sampleTags(t *testing.T, b []byte) string {
	t.Helper()
	return string(mediatest.Output(t, "mkvextract", mediatest.File(t, "s.mkv", b), "tags"))
}

func TestReadOthers(t *testing.T) {
	t.Parallel()
	want := mediatest.Value("a1")
	xml := strings.ReplaceAll(strings.ReplaceAll(tagsXML, "ARTIST", "AIGC"), "someone", strings.ReplaceAll(string(want), `"`, "&quot;"))
	for name, sample := range map[string][]byte{
		"ffmpeg mkv":  ffmpeg(t, "a.mkv", "-metadata", "AIGC="+string(want)),
		"ffmpeg webm": ffmpeg(t, "a.webm", "-metadata", "AIGC="+string(want)),
		"ffmpeg live": piped(t, "webm", "-live", "1", "-metadata", "AIGC="+string(want)),
		"mkvmerge":    mkvmerge(t, "--global-tags", mediatest.File(t, "t.xml", []byte(xml))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format := mediatest.Sniff(ebml.Container{}, sample)
			mediatest.One(t, ebml.Container{}, format, sample, media.PlaceTag, want)
			put := media.Put{Place: media.PlaceTag, Value: want}
			if out := mediatest.Apply(t, ebml.Container{}, format, sample, put); !bytes.Equal(out, sample) {
				t.Error("putting the label that is there changed the file")
			}
		})
	}
}

// TestGrowthIsBounded labels a file again and again, with labels of changing length.
func TestGrowthIsBounded(t *testing.T) {
	t.Parallel()
	for name, make := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format, sample := make(t)
			b := sample
			for i := range 60 {
				put := media.Put{Place: media.PlaceTag, Value: mediatest.Value(strings.Repeat("x", i*37%500))}
				b = mediatest.Apply(t, ebml.Container{}, format, b, put)
				mediatest.One(t, ebml.Container{}, format, b, put.Place, put.Value)
			}
			sound(t, b)
			if grown := len(b) - len(sample); grown > 3000 {
				t.Errorf("the file grew by %d bytes", grown)
			}
		})
	}
}
