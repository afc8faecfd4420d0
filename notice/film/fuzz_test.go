package film_test

import (
	"errors"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice/film"
)

// FuzzFilm exchanges the packets of arbitrary files: no panic, errors of ours, and a result that is a film of as many frames.
func FuzzFilm(f *testing.F) {
	small := []string{"-f", "lavfi", "-i", "testsrc2=s=32x32:r=5:d=4", "-f", "lavfi", "-i", "sine=r=8000:d=4"}
	for _, s := range []struct {
		name string
		args []string
	}{
		{"a.mp4", []string{"-c:v", "libx264", "-g", "5", "-c:a", "aac", "-b:a", "8k"}},
		{"b.mp4", []string{"-c:v", "libx265", "-g", "5", "-an", "-movflags", "+faststart", "-x265-params", "log-level=none"}},
		{"c.mkv", []string{"-c:v", "libx264", "-g", "5", "-c:a", "libopus"}},
		{"d.webm", []string{"-c:v", "libvpx-vp9", "-g", "5", "-an", "-cues_to_front", "1"}},
	} {
		f.Add(mediatest.FFmpeg(f, s.name, append(append([]string{}, small...), s.args...)...), s.name[2:] == "mp4")
	}
	f.Fuzz(func(t *testing.T, b []byte, mp4 bool) {
		format := media.MKV
		if mp4 {
			format = media.MP4
		}
		frames, reason, err := film.Survey(b, format)
		ours(t, err)
		if err != nil || reason != "" {
			return
		}
		for _, size := range []int{1, 3000} {
			out, err := film.Exchange(film.Film{Source: media.Memory(b), Format: format}, size)
			ours(t, err)
			if err != nil {
				continue
			}
			if n, _, err := film.Survey(out, format); err != nil || n != frames {
				t.Errorf("%d frames became %d: %v", frames, n, err)
			}
		}
	})
}

// ours fails the test unless an error is one that can be told to a person, or a reason.
func ours(t *testing.T, err error) {
	t.Helper()
	var e *colophon.Error
	if err != nil && !errors.As(err, &e) && err.Error() == "" {
		t.Errorf("an error of no kind: %v", err)
	}
}

// FuzzRenumber takes arbitrary NAL units.
func FuzzRenumber(f *testing.F) {
	f.Add([]byte{0x42, 1, 1, 1, 0x60, 0, 0, 3, 0, 0x90, 0, 0, 3, 0, 0, 3, 0, 0x78, 0xA0})
	f.Add([]byte{0x26, 1, 0xAF, 0, 0, 3, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := film.Renumber(b)
		ours(t, err)
	})
}
