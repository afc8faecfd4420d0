package sound_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/sound"
)

// formats are the sound formats that Put takes, with a small sample of each.
func formats() map[media.Format]string {
	return map[media.Format]string{media.WAV: "sample.wav", media.RF64: "sample.rf64", media.FLAC: "sample.flac", media.MP3: "sample.mp3",
		media.M4A: "sample.m4a", media.Opus: "sample.opus", media.Vorbis: "sample.ogg", media.AAC: "sample.aac"}
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../internal/app/sample/data/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func has(t *testing.T, name string, b []byte, f media.Format) bool {
	t.Helper()
	there, err := sound.Has(t.Context(), media.Memory(b), f, find(t))
	if err != nil {
		t.Fatalf("%s: Has: %v", name, err)
	}
	return there
}

// TestNoFalseNotice listens to sounds without a notice.
func TestNoFalseNotice(t *testing.T) {
	t.Parallel()
	for f, name := range map[media.Format]string{media.WAV: "wav", media.FLAC: "flac", media.MP3: "mp3", media.M4A: "m4a"} {
		if b, ok := mediatest.Sample(t, "media/sample1."+name); ok && has(t, name, b, f) {
			t.Errorf("sample1.%s is said to have a notice", name)
		}
	}
	// What is close to the rhythm: a steady tone of the pitch, and the pattern without the gap between the letters.
	le := binary.LittleEndian
	for name, pattern := range map[string][]int{"tone": {200}, "no letter gap": {12, -12, 36, -12, 12, -12, 12, -60}, "silence": {-300}, "S": {12, -12, 12, -12, 12, -60}} {
		var samples []int16
		for _, n := range pattern {
			for i := range max(n, -n) * 80 { // 10 ms of 8,000 Hz
				v := int16(0)
				if n > 0 && i%8 < 4 {
					v = 8000
				}
				samples = append(samples, v)
			}
		}
		b := wavOf(8372, samples) // so that a period of eight samples is the pitch
		if le.Uint32(b[24:]) != 8372 || has(t, name, b, media.WAV) {
			t.Errorf("%s is said to be a notice", name)
		}
	}
}

// TestNoticeSurvives codes files with a notice in other ways, and finds it again.
func TestNoticeSurvives(t *testing.T) {
	t.Parallel()
	before := make3(t, "a.wav", "-ar", "44100", "-ac", "2")
	if has(t, "before", before, media.WAV) {
		t.Fatal("the programme is said to have a notice")
	}
	for name, o := range map[string]notice.Options{
		"rhythm": {}, "rhythm at the end": {Where: notice.End},
		"English": {Speech: true, Language: notice.English, Where: notice.End}, "both": {Speech: true, Language: notice.Both, Where: notice.End},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after, _ := put(t, "a.wav", before, media.WAV, o)
			again(t, "a.wav", after, media.WAV, o)
			// Another end and another form are no second notice either; both ends get what lacks.
			other := notice.Options{Where: notice.End, Speech: !o.Speech}
			again(t, "a.wav", after, media.WAV, other)
			more, report := put(t, "a.wav", after, media.WAV, notice.Options{Where: notice.Ends})
			if report.Added < 1.5 || report.Added > 2.5 {
				t.Errorf("both ends: %+v", report)
			}
			again(t, "a.wav", more, media.WAV, notice.Options{Where: notice.Ends})
			path := mediatest.File(t, "a.wav", after)
			dir := t.TempDir()
			// As WAV again, which takes no ffmpeg to listen to.
			coded := []string{dir + "/a.mp3", dir + "/a.opus", dir + "/a.aac"}
			outputAll(t, "ffmpeg", "-v", "error", "-i", path, "-ar", "22050", "-ac", "1", "-b:a", "32k", coded[0], "-b:a", "32k", coded[1], "-b:a", "64k", "-f", "adts", coded[2])
			outputAll(t, "ffmpeg", "-v", "error", "-i", coded[0], "-i", coded[1], "-i", coded[2], "-map", "0", coded[0]+".wav", "-map", "1", coded[1]+".wav", "-map", "2", coded[2]+".wav")
			for _, path := range coded {
				b, err := os.ReadFile(path + ".wav")
				if err != nil {
					t.Fatal(err)
				}
				if !has(t, path, b, media.WAV) {
					t.Errorf("%s: the notice is not found", path)
				}
			}
		})
	}
}

// TestBadInput cuts files, and gives lengths of nothing. Whatever comes out is an error that explains itself, or a file.
func TestBadInput(t *testing.T) {
	t.Parallel()
	for f, name := range formats() {
		whole := sample(t, name)
		for _, n := range []int{0, 1, 7, len(whole) / 2} {
			src := media.Memory(whole[:n])
			edit, _, err := sound.Put(t.Context(), src, f, notice.Options{Where: notice.End}, find(t))
			if err != nil {
				explained(t, err)
				continue
			}
			if n < 8 {
				t.Errorf("%s: %d bytes are a file", name, n)
			}
			var out bytes.Buffer
			if err := edit.Apply(&out, src); err != nil {
				t.Errorf("%s: %d bytes: %v", name, n, err)
			}
		}
	}
}

// TestWithoutFFmpeg asks for what needs no ffmpeg and for what does.
func TestWithoutFFmpeg(t *testing.T) {
	t.Parallel()
	for f, name := range formats() {
		src := media.Memory(sample(t, name))
		_, _, err := sound.Put(t.Context(), src, f, notice.Options{}, nil)
		_, err2 := sound.Has(t.Context(), src, f, nil)
		if f == media.WAV || f == media.RF64 || f == media.FLAC {
			if err != nil || err2 != nil {
				t.Errorf("%s: %v, %v", name, err, err2)
			}
			continue
		}
		for _, err := range []error{err, err2} {
			var e *colophon.Error
			if !errors.As(err, &e) || e.Code != ffmpeg.CodeMissing || e.Args["package"] != "ffmpeg" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestNothingIsLeft runs Put to its end, into a failure and with a cancelled context, and looks for temporary files.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for f, name := range formats() {
		src := media.Memory(sample(t, name))
		if _, _, err := sound.Put(cancelled, src, f, notice.Options{}, find(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v", name, err)
		}
	}
	mp3 := media.Memory(sample(t, "sample.mp3"))
	edit, _, err := sound.Put(t.Context(), mp3, media.MP3, notice.Options{}, find(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := edit.Apply(&bytes.Buffer{}, mp3); err != nil {
		t.Fatal(err)
	}
	// An m4a of Apple Lossless is encoded anew; one that is no m4a fails inside ffmpeg.
	alac := media.Memory(make3(t, "a.m4a", "-c:a", "alac", "-ac", "2", "-ar", "44100", "-metadata", `AIGC={"Label":"1"}`, "-movflags", "use_metadata_tags"))
	edit, report, err := sound.Put(t.Context(), alac, media.M4A, notice.Options{Where: notice.Ends}, find(t))
	if err != nil || report.Method != "re-encoded" {
		t.Fatalf("%+v, %v", report, err)
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, alac); err != nil {
		t.Fatal(err)
	}
	if tags := mediatest.FFprobeTags(t, "a.m4a", out.Bytes()); tags["AIGC"] != `{"Label":"1"}` {
		t.Errorf("tags %v", tags)
	}
	heard(t, "a.m4a", alac, out.Bytes(), notice.Options{Where: notice.Ends}, report)
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		for _, l := range left {
			if bytes.HasPrefix([]byte(l.Name()), []byte("colophon-")) {
				t.Errorf("%s is left", l.Name())
			}
		}
	}
}
