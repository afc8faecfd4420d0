package sight_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
)

// shot is how long each scene of the test film is.
const shot = 2 * time.Second

// film makes a film of three scenes, of which the first comes again, with two tracks of sound, subtitles and a cover.
func film(t *testing.T, more ...string) []byte {
	t.Helper()
	args := []string{}
	for _, seed := range []uint32{60, 61, 62, 60} {
		args = append(args, "-loop", "1", "-framerate", "10", "-t", "2", "-i", mediatest.File(t, fmt.Sprint(seed, ".png"), asPNG(t, drawn(seed, 320, 240))))
	}
	subtitles := "1\n00:00:01,000 --> 00:00:02,000\n<i>第一句</i>话\n\n2\n00:00:03,000 --> 00:00:05,500\nsecond line\n"
	args = append(args, "-f", "lavfi", "-i", "sine=440:d=8", "-f", "lavfi", "-i", "sine=880:d=8", "-i", mediatest.File(t, "a.srt", []byte(subtitles)), "-i", mediatest.File(t, "cover.png", asPNG(t, drawn(63, 200, 200))),
		"-filter_complex", "[0:v][1:v][2:v][3:v]concat=n=4:v=1[v]", "-map", "[v]", "-map", "4:a", "-map", "5:a", "-map", "6:s", "-map", "7:v",
		"-c:v:0", "libx264", "-pix_fmt:v:0", "yuv420p", "-g", "10", "-c:v:1", "png", "-disposition:v:1", "attached_pic", "-c:a", "aac", "-c:s", "mov_text")
	return mediatest.FFmpeg(t, "film.mp4", append(args, more...)...)
}

func TestFilm(t *testing.T) {
	t.Parallel()
	b := film(t)
	e := sight.New(tools(t), sight.Limits{Side: 160})
	var last, total float64
	v := look(t, e, b, sight.Options{Pictures: true, Sound: true, Progress: func(done, all float64) {
		if done < last || done > all {
			t.Errorf("progress %v of %v after %v", done, all, last)
		}
		last, total = done, all
	}})
	if len(v.Missed) > 0 || total < 8 || last < total*0.6 {
		t.Error(missed(v), last, total)
	}
	want := []struct {
		part string
		at   time.Duration
		seed uint32
	}{{"0", 0, 60}, {"0", shot, 61}, {"0", 2 * shot, 62}, {"4", 0, 63}}
	var got []sight.Picture
	for _, p := range v.Pictures { // without those that were taken because of the time alone
		if len(got) == 0 || p.Hash.Distance(got[len(got)-1].Hash) > 10 {
			got = append(got, p)
		}
	}
	if last := got[len(got)-2]; last.Hash.Distance(got[0].Hash) <= 10 { // the first scene again
		got = append(got[:len(got)-2], got[len(got)-1])
	}
	if len(got) != len(want) {
		t.Fatalf("%d pictures", len(got))
	}
	for i, w := range want {
		p, img := got[i], drawn(w.seed, 320, 240)
		if w.seed == 63 {
			img = drawn(w.seed, 200, 200)
		}
		if d := p.Hash.Distance(hash(img)); p.Part != w.part || (p.At-w.at).Abs() > 150*time.Millisecond || d > 12 || p.Quality < phash.MinQuality {
			t.Errorf("picture %d of track %s at %v: %d bits differ", i, p.Part, p.At, d)
		}
		small, err := jpeg.Decode(bytes.NewReader(p.Small))
		if err != nil || max(small.Bounds().Dx(), small.Bounds().Dy()) != 160 || hash(small).Distance(p.Hash) > 24 {
			t.Errorf("small picture %d: %v", i, err)
		}
	}
	if len(v.Texts) != 1 || v.Texts[0].Text != "第一句话\n\nsecond line" {
		t.Errorf("%+v", v.Texts)
	}
	sounds(t, v)
}

// sounds holds what a transcriber gets against what ffprobe says of it.
func sounds(t *testing.T, v *sight.View) {
	t.Helper()
	if len(v.Sounds) != 2 || v.Sounds[0].Part != "1" || v.Sounds[1].Part != "2" {
		t.Fatalf("%+v", v.Sounds)
	}
	for _, s := range v.Sounds {
		b, err := media.Bytes(s.Source, "sound", 0, s.Source.Size())
		if err != nil {
			t.Fatal(err)
		}
		said := string(mediatest.Output(t, "ffprobe", "-hide_banner", "-loglevel", "error", "-show_entries", "stream=codec_name,sample_rate,channels,duration", "-of", "csv=p=0", mediatest.File(t, "s.flac", b)))
		if !strings.HasPrefix(said, "flac,16000,1,8.0") {
			t.Error(said)
		}
	}
}

// TestFilmLimits has a film that is longer, and has more, than is looked at.
func TestFilmLimits(t *testing.T) {
	t.Parallel()
	b := film(t)
	for _, test := range []struct {
		limits  sight.Limits
		options sight.Options
		want    []string
	}{
		{sight.Limits{}, sight.Options{}, []string{"sight-sound"}},
		{sight.Limits{}, sight.Options{Sound: true}, nil},
		{sight.Limits{Tracks: 1}, sight.Options{Sound: true}, []string{"sight-tracks", "sight-tracks"}},
		{sight.Limits{Length: 3 * time.Second}, sight.Options{Sound: true}, []string{"sight-length", "sight-length", "sight-length"}},
		{sight.Limits{KeyFrames: 2}, sight.Options{Sound: true}, []string{"sight-keys"}},
		{sight.Limits{Text: 8}, sight.Options{Sound: true}, []string{"sight-text"}},
	} {
		v := look(t, sight.New(tools(t), test.limits), b, test.options)
		var got []string
		for _, c := range missed(v) {
			got = append(got, string(c))
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%+v: %s", test.limits, d)
		}
		for _, p := range v.Pictures {
			if test.limits.Length > 0 && p.At > test.limits.Length {
				t.Errorf("a picture at %v", p.At)
			}
		}
	}
	v := look(t, sight.New(tools(t), sight.Limits{Pixels: 200 * 100}), b, sight.Options{Sound: true})
	if fmt.Sprint(missed(v)) != "[ffmpeg-failed ffmpeg-failed]" || len(v.Pictures) > 0 {
		t.Error("a film of large pictures:", missed(v))
	}
}

// TestTurned has a film that is shown turned.
func TestTurned(t *testing.T) {
	t.Parallel()
	upright := mediatest.File(t, "a.mp4", film(t, "-t", "1"))
	b := mediatest.FFmpeg(t, "b.mp4", "-i", upright, "-map", "0:v:0", "-c", "copy", "-metadata:s:v", "rotate=90")
	p := look(t, sight.New(tools(t), sight.Limits{}), b, sight.Options{Pictures: true}).Pictures[0]
	small, err := jpeg.Decode(bytes.NewReader(p.Small))
	if err != nil || small.Bounds().Dx() != 240 {
		t.Fatal(err, small.Bounds())
	}
	if a, b := p.Hash.Distance(hash(laid(drawn(60, 320, 240), 6))), p.Hash.Distance(hash(laid(drawn(60, 320, 240), 8))); min(a, b) > 12 {
		t.Errorf("%d and %d bits differ", a, b)
	}
}

// TestFilmLikeness has the likeness of a film, and of what another has made of it.
func TestFilmLikeness(t *testing.T) {
	t.Parallel()
	b, e := film(t), sight.New(tools(t), sight.Limits{})
	list, err := e.Likeness(t.Context(), media.MP4, media.Memory(b))
	if err != nil || len(list) != 3*32 {
		t.Fatal(len(list), err)
	}
	for i, seed := range []uint32{60, 61, 62} {
		if d := phash.From(list[32*i:]).Distance(hash(drawn(seed, 320, 240))); d > 12 {
			t.Errorf("scene %d: %d bits differ", i, d)
		}
	}
}

// TestCancel ends a look that nobody waits for any more.
func TestCancel(t *testing.T) {
	t.Parallel()
	b, e := film(t), sight.New(tools(t), sight.Limits{})
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("nobody waits")
	if _, err := e.Look(ctx, media.Memory(b), sight.Options{Sound: true, Progress: func(done, _ float64) {
		if done > 2 {
			cancel(gone)
		}
	}}); !errors.Is(err, gone) {
		t.Error(err)
	}
	if _, err := e.Look(ctx, media.Memory(asPNG(t, drawn(1, 99, 99))), sight.Options{}); !errors.Is(err, gone) {
		t.Error(err)
	}
}

// TestDamagedFilm damages and cuts a film in many places. It ends, one way or the other, and leaves no pictures that are
// not there.
func TestDamagedFilm(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.mkv", "-i", mediatest.File(t, "a.mp4", film(t)), "-map", "0:v:0", "-map", "0:a:0", "-c", "copy")
	e := sight.New(tools(t), sight.Limits{})
	for _, n := range []int{0, 100, len(b) / 3, 2 * len(b) / 3} {
		v, err := e.Look(t.Context(), media.Memory(b[:n]), sight.Options{})
		if err == nil && len(v.Missed) == 0 || err != nil && code(err) == "" {
			t.Errorf("%d bytes: %v", n, err)
		}
		broken := bytes.Clone(b)
		for i := n; i < len(b); i += 997 {
			broken[i] ^= 0x55
		}
		if v, err := e.Look(t.Context(), media.Memory(broken), sight.Options{}); err != nil && code(err) == "" || err == nil && len(v.Pictures) > 30 {
			t.Errorf("damaged from %d: %v", n, err)
		}
	}
}

// FuzzFrames reads what is no work of ffmpeg.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\x1f\x43\xb6\x75\x8f\xe7\x81\x05\xa3\x88\x81\x00\x01\x80abcd"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		err := sight.Frames(bytes.NewReader(b), 4, func(_ time.Duration, frame []byte) bool {
			n++
			return len(frame) == 4
		})
		if 8*n > len(b) && err == nil {
			t.Errorf("%d frames in %d bytes", n, len(b))
		}
	})
}

// TestMovingAVIF has a picture that moves: its first frame and its key frames are looked at.
func TestMovingAVIF(t *testing.T) {
	t.Parallel()
	a, b := drawn(80, 128, 96), drawn(81, 128, 96)
	file := mediatest.FFmpeg(t, "a.avif", "-framerate", "1", "-i", mediatest.File(t, "1.png", asPNG(t, a)), "-framerate", "1", "-i", mediatest.File(t, "2.png", asPNG(t, b)),
		"-filter_complex", "[0:v][1:v]concat=n=2:v=1", "-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "10", "-f", "avif")
	v := look(t, sight.New(tools(t), sight.Limits{}), file, sight.Options{})
	var near [2]int
	for _, p := range v.Pictures {
		for i, img := range []int{p.Hash.Distance(hash(a)), p.Hash.Distance(hash(b))} {
			if img <= 6 {
				near[i]++
			}
		}
	}
	if near != [2]int{2, 1} || len(v.Missed) > 0 {
		t.Errorf("%v of %d pictures, missed %v", near, len(v.Pictures), missed(v))
	}
	v = look(t, sight.New(nil, sight.Limits{}), file, sight.Options{})
	if len(v.Pictures) != 1 || fmt.Sprint(missed(v)) != "[ffmpeg-missing]" {
		t.Errorf("%d pictures, missed %v", len(v.Pictures), missed(v))
	}
}
