package ffmpeg_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

func tools(t *testing.T) *ffmpeg.Tools {
	t.Helper()
	found, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func scratch(t *testing.T, from *ffmpeg.Tools) *ffmpeg.Scratch {
	t.Helper()
	s, err := from.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestMissing(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	var none *ffmpeg.Tools
	for name, err := range map[string]error{
		"empty folder": second(ffmpeg.Find(empty)),
		"no folder":    second(ffmpeg.Find(filepath.Join(empty, "nothing"))),
		"nil tools":    none.Run(t.Context(), nil, nil, nil, nil),
	} {
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != ffmpeg.CodeMissing || e.Kind != colophon.Missing || e.Args["package"] != "ffmpeg" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ *ffmpeg.Tools, err error) error { return err }

func TestFindInFolder(t *testing.T) {
	t.Parallel()
	path := mediatest.Tool(t, "ffmpeg")
	for _, p := range []string{path, filepath.Dir(path)} {
		found, err := ffmpeg.Find(p)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := found.Version(t.Context()); err != nil || !strings.HasPrefix(v, "ffmpeg version") {
			t.Errorf("Version = %q, %v", v, err)
		}
	}
}

func TestProbeAndRun(t *testing.T) {
	t.Parallel()
	f := tools(t)
	s := scratch(t, f)
	var seconds float64
	args := []string{"-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=2", "-f", "lavfi", "-i", "sine=r=48000:d=2", "-c:v", "libx264", "-c:a", "aac", s.Path("a.mp4")}
	if err := f.Run(t.Context(), args, nil, nil, func(at float64) { seconds = at }); err != nil {
		t.Fatal(err)
	}
	if seconds < 1.5 || seconds > 2.5 {
		t.Errorf("progress ended at %v s", seconds)
	}
	p, err := f.Probe(t.Context(), s.Path("a.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	video, _ := p.First("video")
	audio, ok := p.First("audio")
	if !ok || video.Width != 64 || video.Rate.Float() != 25 || audio.SampleRate != 48000 || audio.Codec != "aac" || p.Format.Duration < 1.9 {
		t.Errorf("Probe = %+v", p)
	}
	// From a reader to a writer.
	wav := mediatest.FFmpeg(t, "a.wav", "-f", "lavfi", "-i", "sine=r=8000:d=0.5")
	var out bytes.Buffer
	if err := f.Run(t.Context(), []string{"-i", "pipe:0", "-f", "s16le", "pipe:1"}, bytes.NewReader(wav), &out, nil); err != nil || out.Len() != 8000 {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
	if has, err := f.HasEncoder(t.Context(), "aac"); err != nil || !has {
		t.Errorf("HasEncoder(aac) = %v, %v", has, err)
	}
	if has, err := f.HasEncoder(t.Context(), "no-such-encoder"); err != nil || has {
		t.Errorf("HasEncoder = %v, %v", has, err)
	}
}

func TestFailureIsExplainedAndBounded(t *testing.T) {
	t.Parallel()
	f := tools(t)
	s := scratch(t, f)
	path, err := s.Write("x.mp4", strings.NewReader(strings.Repeat("no video ", 1000)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Probe(t.Context(), path)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != ffmpeg.CodeFailed || e.Args["program"] != "ffprobe" || e.Args["message"] == "" {
		t.Fatalf("Probe: %v", err)
	}
	if strings.Contains(e.Args["message"], filepath.Dir(path)) {
		t.Errorf("the message names our folder: %s", e.Args["message"])
	}
	err = f.Run(t.Context(), []string{"-loglevel", "trace", "-i", path, "-f", "null", "-"}, nil, nil, nil)
	if code(err) != ffmpeg.CodeFailed || len(err.Error()) > 20<<10 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
	broken := errors.New("the writer broke")
	err = f.Run(t.Context(), []string{"-f", "lavfi", "-i", "sine=d=10", "-f", "s16le", "pipe:1"}, nil, brokenWriter{broken}, nil)
	if err == nil {
		t.Error("a broken writer went unnoticed")
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

// TestInputsOpenNothingElse gives files whose formats name other files: a script and two playlists.
func TestInputsOpenNothingElse(t *testing.T) {
	t.Parallel()
	f := tools(t)
	s := scratch(t, f)
	secret := mediatest.File(t, "secret.wav", mediatest.FFmpeg(t, "secret.wav", "-f", "lavfi", "-i", "sine=d=1"))
	for name, text := range map[string]string{
		"script.mp4":   "ffconcat version 1.0\nfile " + secret + "\n",
		"playlist.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://" + secret + "\n#EXT-X-ENDLIST\n",
		"net.mp4":      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
	} {
		path, err := s.Write(name, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Probe(t.Context(), path); code(err) != ffmpeg.CodeFailed {
			t.Errorf("%s: Probe = %v", name, err)
		}
		if err := f.Run(t.Context(), []string{"-i", path, "-f", "null", "-"}, nil, nil, nil); code(err) != ffmpeg.CodeFailed {
			t.Errorf("%s: Run = %v", name, err)
		}
	}
	if _, err := f.Probe(t.Context(), "http://127.0.0.1:9/a.mp4"); code(err) != ffmpeg.CodeFailed {
		t.Errorf("http: %v", err)
	}
	// Our own script, asked for, works.
	if _, err := s.Write("a.wav", bytes.NewReader(mustRead(t, secret))); err != nil {
		t.Fatal(err)
	}
	list, err := s.Write("list.txt", strings.NewReader("ffconcat version 1.0\nfile a.wav\nfile a.wav\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Run(t.Context(), []string{"-f", "concat", "-i", list, "-c", "copy", s.Path("two.wav")}, nil, nil, nil); err != nil {
		t.Error(err)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCancelEndsTheProcess(t *testing.T) {
	t.Parallel()
	f := tools(t)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	err := f.Run(ctx, []string{"-re", "-f", "lavfi", "-i", "sine=d=600", "-f", "null", "-"}, nil, nil, func(float64) { cancel() })
	cancel()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestScratch(t *testing.T) {
	t.Parallel()
	f := tools(t)
	s, err := f.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	want := []byte("some bytes")
	path, err := s.Put("a", media.Memory(want))
	if err != nil {
		t.Fatal(err)
	}
	for p, mode := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o600} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", p, info, err)
		}
	}
	edit := new(media.Edit)
	edit.Put([]byte("new "))
	edit.Keep(5, 5)
	if _, err := s.Apply("b", edit, media.Memory(want)); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Read("b", 100); err != nil || string(b) != "new bytes" {
		t.Errorf("Read = %q, %v", b, err)
	}
	if _, err := s.Read("b", 3); code(err) != media.CodeTooLarge {
		t.Errorf("Read beyond the limit: %v", err)
	}
	kept, err := s.Take("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	again := new(media.Edit)
	again.Copy(kept, 0, kept.Size())
	for range 2 {
		var out bytes.Buffer
		if err := again.Apply(&out, media.Memory(nil)); err != nil || !bytes.Equal(out.Bytes(), want) {
			t.Errorf("after Close: %q, %v", out.Bytes(), err)
		}
	}
	if _, err := io.ReadAll(io.NewSectionReader(kept, 0, kept.Size())); err != nil {
		t.Error(err)
	}
}
