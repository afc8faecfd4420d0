package film_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/film"
	"github.com/colophon-project/colophon/watermark/picture"
)

func tools(t testing.TB) *ffmpeg.Tools {
	t.Helper()
	found, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func marker(t testing.TB, key byte, size int) *film.Marker {
	t.Helper()
	m, err := film.New(tools(t), watermark.Key{key}, size)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// content are the bytes of a source.
func content(t testing.TB, src media.Source) []byte {
	t.Helper()
	b := make([]byte, src.Size())
	if _, err := src.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

func options(f media.Format) film.Options {
	return film.Options{Format: f, Random: bytes.NewReader([]byte{5, 17, 40})}
}

func marked(t testing.TB, m *film.Marker, b, payload []byte, f media.Format) ([]byte, film.Report) {
	t.Helper()
	res, err := m.Mark(t.Context(), media.Memory(b), payload, options(f))
	if err != nil {
		t.Fatal(err)
	}
	out := content(t, res.Source)
	if keep := os.Getenv("FILM_KEEP"); keep != "" {
		if err := os.WriteFile(filepath.Join(keep, t.Name()+"."+string(f)), out, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return out, res.Report
}

// pan moves a window over a photograph.
func pan(t testing.TB, name, photograph string, w, h int, args ...string) []byte {
	t.Helper()
	b, ok := mediatest.Sample(t, filepath.Join("images", photograph))
	if !ok {
		return nil // where they have to be, Sample ends the test
	}
	all := []string{"-loop", "1", "-framerate", "24", "-i", mediatest.File(t, "photograph.png", b), "-f", "lavfi", "-i", "sine=frequency=300:sample_rate=48000",
		"-vf", fmt.Sprintf("scale=iw*1.1:ih*1.1,crop=%d:%d:'(iw-ow)*min(1,t/3)':'(ih-oh)*(1-min(1,t/3))'", w, h), "-t", "2.5"}
	return mediatest.FFmpeg(t, name, append(all, args...)...)
}

// tracks are what a file holds: the times of its pictures, and the packets of its sound.
func tracks(t testing.TB, name string, b []byte) (pictures, sound []string, first map[string]any) {
	t.Helper()
	out := mediatest.Output(t, "ffprobe", "-v", "error", "-show_packets", "-show_streams", "-show_data_hash", "md5", "-of", "json", mediatest.File(t, name, b))
	var list struct {
		Packets []struct {
			Type string `json:"codec_type"`
			Time string `json:"pts_time"`
			Hash string `json:"data_hash"`
		}
		Streams []map[string]any
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	times := map[string]bool{}
	for _, p := range list.Packets {
		if p.Type == "audio" {
			sound = append(sound, p.Time+" "+p.Hash)
		} else {
			times[p.Time] = true
		}
	}
	for at := range times {
		pictures = append(pictures, at)
	}
	return pictures, sound, list.Streams[0]
}

// sameTracks fails the test unless pictures come when they came, sound is what it was, and pictures mean what they meant.
func sameTracks(t *testing.T, name string, before, after []byte) {
	t.Helper()
	p, s, v := tracks(t, name, before)
	q, r, w := tracks(t, name, after)
	less := func(list []string) map[string]int {
		m := map[string]int{}
		for _, x := range list {
			m[x]++
		}
		return m
	}
	if d := cmp.Diff(less(p), less(q)); d != "" {
		t.Errorf("times of pictures: %s", d)
	}
	if d := cmp.Diff(s, r); d != "" {
		t.Errorf("sound: %s", d)
	}
	for _, k := range []string{"codec_name", "pix_fmt", "sample_aspect_ratio", "color_range", "color_space", "color_transfer", "color_primaries", "time_base"} {
		if v[k] != w[k] {
			t.Errorf("%s was %v and is %v", k, v[k], w[k])
		}
	}
}

// TestSurvives marks a film and finds it after what happens to films.
func TestSurvives(t *testing.T) {
	t.Parallel()
	m, payload := marker(t, 1, 8), []byte("\x01\x02\x03\x04\xa5\x06\x07\x08")
	b, ok := mediatest.Sample(t, "media/video1_no_manifest.mp4")
	if !ok {
		return
	}
	out, report := marked(t, m, b, payload, media.MP4)
	if report.PSNR < picture.Weakest || report.PSNR > picture.Usual+1 || report.Frames != 60 || report.Score < 6 {
		t.Errorf("%+v", report)
	}
	sameTracks(t, "x.mp4", b, out)
	path := mediatest.File(t, "marked.mp4", out)
	for _, a := range []struct {
		name, args string
		cut        bool
	}{
		{"4 frames at crf 33", "-frames:v 4 -c:v libx264 -crf 33", false},
		{"4 frames at crf 33 of x265", "-frames:v 4 -c:v libx265 -x265-params log-level=none -crf 33", false},
		{"half the size at crf 34", "-vf scale=iw/2:-2 -c:v libx264 -crf 34", false},
		{"other rate, beginning later", "-ss 0.37 -vf scale=504:896 -r 17 -c:v libx264 -crf 28", false},
		{"60 % of the area", "-vf crop=558:992:41:23 -t 1 -c:v libx264 -crf 23", true},
		{"mirrored", "-frames:v 4 -vf hflip -c:v libx264 -crf 23", false},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"-i", path, "-an"}, strings.Fields(a.args)...)
			found, err := m.Detect(t.Context(), media.Memory(mediatest.FFmpeg(t, "a.mkv", append(args, "-preset", "veryfast")...)), film.Search{Cut: a.cut})
			if err != nil || !bytes.Equal(found.Payload, payload) || found.Mirror != (a.name == "mirrored") {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
	t.Run("a frame alone is a marked picture", func(t *testing.T) {
		t.Parallel()
		p, err := picture.New(watermark.Key{1}, 8)
		if err != nil {
			t.Fatal(err)
		}
		frame := mediatest.FFmpeg(t, "frame.png", "-i", path, "-frames:v", "1", "-pix_fmt", "gray")
		i, _, err := image.Decode(bytes.NewReader(frame))
		if err != nil {
			t.Fatal(err)
		}
		g := i.(*image.Gray)
		y := picture.NewPlane(g.Rect.Dx(), g.Rect.Dy())
		for i, v := range g.Pix {
			y.Pix[i] = float32(v)
		}
		if found := p.Detect(y, false); !bytes.Equal(found.Payload, payload) {
			t.Errorf("%+v", found)
		}
	})
	t.Run("nothing for strangers", func(t *testing.T) {
		t.Parallel()
		for i, other := range []*film.Marker{marker(t, 2, 8), marker(t, 1, 16), m} {
			src := media.Memory(out)
			if i == 2 {
				src = media.Memory(b)
			}
			if found, err := other.Detect(t.Context(), src, film.Search{Frames: 8}); err != nil || found.Payload != nil || found.Score > 7 {
				t.Errorf("%d: %+v, %v", i, found, err)
			}
		}
	})
}

// TestDeep marks a film of 10 bits and of pixels that are not square, whose frames come at odd times and later than zero.
func TestDeep(t *testing.T) {
	if os.Getenv("COLOPHON_TORTURE") == "" {
		return // it encodes a minute of H.265
	}
	t.Parallel()
	m, payload := marker(t, 3, 16), []byte("0123456789abcdef")
	b, ok := mediatest.Sample(t, "media/video1_no_manifest.mp4")
	if !ok {
		return
	}
	b = mediatest.FFmpeg(t, "in.mkv", "-i", mediatest.File(t, "video1.mp4", b), "-t", "1.2", "-vf", "select='lt(mod(n\\,5)\\,2)',scale=480:1280,setsar=3/2", "-fps_mode", "vfr", "-output_ts_offset", "1.5",
		"-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=none", "-preset", "ultrafast", "-crf", "14", "-c:a", "copy", "-color_range", "pc")
	out, _ := marked(t, m, b, payload, media.MKV)
	sameTracks(t, "x.mkv", b, out)
	small := mediatest.FFmpeg(t, "a.mp4", "-i", mediatest.File(t, "marked.mkv", out), "-vf", "scale=432:768,setsar=1", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20", "-preset", "veryfast")
	if found, err := m.Detect(t.Context(), media.Memory(small), film.Search{}); err != nil || !bytes.Equal(found.Payload, payload) {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestRefused: what bears no mark, what is no film, and what is cancelled.
func TestRefused(t *testing.T) {
	t.Parallel()
	m, payload := marker(t, 1, 8), make([]byte, 8)
	grey := mediatest.FFmpeg(t, "flat.mp4", "-f", "lavfi", "-i", "color=white:s=320x240:r=10:d=1", "-pix_fmt", "yuv420p", "-c:v", "libx264")
	tiny := mediatest.FFmpeg(t, "tiny.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.3", "-pix_fmt", "yuv420p", "-c:v", "libx264")
	sound := mediatest.FFmpeg(t, "sound.mp4", "-f", "lavfi", "-i", "sine=d=0.2", "-c:a", "aac")
	clear := mediatest.FFmpeg(t, "clear.mov", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=10:d=0.3", "-pix_fmt", "yuva444p10le", "-c:v", "prores_ks")
	for name, c := range map[string]struct {
		b    []byte
		f    media.Format
		code colophon.Code
	}{
		"flat": {grey, media.MP4, picture.CodeNotMarkable}, "tiny": {tiny, media.MP4, picture.CodeNotMarkable}, "sound": {sound, media.MP4, media.CodeUnsupported},
		"transparent": {clear, media.MOV, media.CodeUnsupported}, "no film": {[]byte("not a film at all"), media.MP4, ffmpeg.CodeFailed},
		"another form": {grey, media.PNG, media.CodeUnsupported},
	} {
		_, err := m.Mark(t.Context(), media.Memory(c.b), payload, options(c.f))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := m.Mark(t.Context(), media.Memory(grey), make([]byte, 9), options(media.MP4)); !errors.Is(err, film.ErrPayload) {
		t.Error(err)
	}
	if _, err := m.Mark(t.Context(), media.Memory(grey), payload, film.Options{Format: media.MP4}); err == nil {
		t.Error("a mark without chance")
	}
	b := pan(t, "in.mp4", "15.png", 320, 240, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-an")
	if b == nil {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	o, told := options(media.MP4), 0.0
	o.Progress = func(done, total float64) {
		if told = done; done > total/4 {
			cancel()
		}
	}
	if _, err := m.Mark(ctx, media.Memory(b), payload, o); !errors.Is(err, context.Canceled) || told == 0 || told > 2 {
		t.Errorf("%v after %.2f s", err, told)
	}
}
