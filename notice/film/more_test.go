package film_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/film"
	"github.com/colophon-project/colophon/notice/plate"
)

// remux copies a film with other words of ffmpeg.
func remux(t *testing.T, name string, b []byte, args ...string) []byte {
	t.Helper()
	in := mediatest.File(t, "in-"+name, b)
	return mediatest.FFmpeg(t, name, append([]string{"-i", in}, args...)...)
}

// TestRotated: the words stand upright on the display in each turn.
func TestRotated(t *testing.T) {
	t.Parallel()
	plain := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25/2:d=3", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
	turns := []int{90, 180, 270}
	if os.Getenv("COLOPHON_TORTURE") == "" {
		turns = turns[:1]
	}
	for _, turn := range turns {
		t.Run(strconv.Itoa(turn), func(t *testing.T) {
			t.Parallel()
			b := remux(t, "a.mp4", plain, "-c", "copy", "-metadata:s:v", "rotate="+strconv.Itoa(turn))
			out, report := stamped(t, b, media.MP4, notice.Options{})
			if report.Method != "packets" || report.Ink < notice.MinInk {
				t.Errorf("report %+v", report)
			}
			// The display matrix is a stream's side data, which compare looks at.
			measured(t, compare(t, mediatest.File(t, "before.mp4", b), mediatest.File(t, "after.mp4", out), 13))
		})
	}
}

const subtitles = "1\n00:00:00,500 --> 00:00:01,500\none\n\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n"

const chapters = ";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2500\ntitle=First\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=2500\nEND=4000\ntitle=Second\n"

// TestTracks: two sounds, subtitles, chapters and tags stay as they are.
func TestTracks(t *testing.T) {
	t.Parallel()
	srt := mediatest.File(t, "a.srt", []byte(subtitles))
	meta := mediatest.File(t, "a.txt", []byte(chapters))
	for name, c := range map[string]struct {
		format media.Format
		sub    string
	}{"a.mp4": {media.MP4, "mov_text"}, "a.mkv": {media.MKV, "srt"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mediatest.FFmpeg(t, name, "-f", "lavfi", "-i", pattern, "-f", "lavfi", "-i", "sine=d=4", "-f", "lavfi", "-i", "sine=f=880:d=4",
				"-i", srt, "-f", "ffmetadata", "-i", meta, "-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map_metadata", "4", "-map_chapters", "4",
				"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-c:a", "aac", "-c:s", c.sub)
			before := mediatest.File(t, "before-"+name, b)
			out, _ := stamped(t, b, c.format, notice.Options{})
			after := mediatest.File(t, "after-"+name, out)
			measured(t, compare(t, before, after, 25))
		})
	}
}

// TestSeek: a player that jumps arrives where it did, also through Cues that moved.
func TestSeek(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]media.Format{"a.mkv": media.MKV, "a.mp4": media.MP4} {
		args := av("-g", "12", "-bf", "2")
		if format == media.MKV {
			args = append(args, "-cues_to_front", "1")
		}
		b := mediatest.FFmpeg(t, name, args...)
		out, _ := stamped(t, b, format, notice.Options{})
		was, is := mediatest.File(t, name, b), mediatest.File(t, name, out)
		var inputs, outputs []string
		folder := t.TempDir()
		points := []string{"1.0", "3.0", "3.5"}
		for i, path := range []string{was, is} {
			for k, at := range points {
				inputs = append(inputs, "-threads", "1", "-ss", at, "-i", path)
				n := strconv.Itoa(len(points)*i + k)
				outputs = append(outputs, "-map", n+":v", "-frames:v", "2", "-f", "framemd5", filepath.Join(folder, n))
			}
		}
		mediatest.Output(t, "ffmpeg", append(append([]string{"-v", "error", "-xerror"}, inputs...), outputs...)...)
		read := func(n int) string {
			b, err := os.ReadFile(filepath.Join(folder, strconv.Itoa(n)))
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		for k, at := range points {
			was, is := read(k), read(len(points)+k)
			if k > 0 && was != is {
				t.Errorf("%s: from %s s on: %s instead of %s", name, at, is, was)
			}
			if strings.Count(was, "\n") != strings.Count(is, "\n") {
				t.Errorf("%s: from %s s on there is no picture", name, at)
			}
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]media.Format{"a.mp4": media.MP4, "a.webm": media.WebM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mediatest.FFmpeg(t, name, "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25/2:d=1.2", "-f", "lavfi", "-i", "sine=d=1.2", "-metadata", "title=short")
			out, report := stamped(t, b, format, notice.Options{})
			if math.Abs(report.Added-0.8) > 0.05 || report.Seconds < notice.MinSeconds || !hasCode(report, notice.CodeEncodedAnew) {
				t.Errorf("report %+v", report)
			}
			after := mediatest.File(t, "after-"+name, out)
			_, held := decode(t, []float64{0, 0.7, 1, 1.86}, after)
			measured(t, held)
			var probe struct {
				Streams []struct {
					Type  string `json:"codec_type"`
					Start string `json:"start_time"`
				}
				Format struct {
					Duration string
					Tags     map[string]string
				}
			}
			if err := json.Unmarshal(mediatest.Output(t, "ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", after), &probe); err != nil {
				t.Fatal(err)
			}
			if d, _ := strconv.ParseFloat(probe.Format.Duration, 64); d < 2 || d > 2.2 {
				t.Errorf("the film lasts %v s", d)
			}
			for _, s := range probe.Streams {
				start, _ := strconv.ParseFloat(s.Start, 64)
				if want := map[string]float64{"video": 0, "audio": 0.8}[s.Type]; math.Abs(start-want) > 0.05 {
					t.Errorf("%s begins at %v s", s.Type, start)
				}
			}
			if title := probe.Format.Tags["title"] + probe.Format.Tags["TITLE"]; title != "short" {
				t.Errorf("the title is %q", title)
			}
			// The first frame is held: both look the same but for coding.
			if d := difference(held[0], held[1]); d > 3 {
				t.Errorf("the held frame changes by %v", d)
			}
		})
	}
}

func TestWhole(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", pattern, "-f", "lavfi", "-i", "sine=d=4", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
	out, report := stamped(t, b, media.MP4, notice.Options{Whole: true})
	if report.Seconds < 3.99 || report.Method != "re-encoded" || !hasCode(report, notice.CodeEncodedAnew) {
		t.Errorf("report %+v", report)
	}
	after := mediatest.File(t, "after.mp4", out)
	measured(t, compare(t, mediatest.File(t, "before.mp4", b), after, 0))
	_, late := decode(t, []float64{2.5, 3.85}, after)
	measured(t, late)
}

// TestAnew takes containers and codings that can't be cut.
func TestAnew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format media.Format
		args   []string
	}{
		"a.avi":     {media.AVI, []string{"-c:v", "mpeg4", "-c:a", "mp3"}},
		"a.ts":      {media.MPEGTS, []string{"-c:v", "libx264", "-c:a", "aac"}},
		"a.flv":     {media.FLV, []string{"-c:v", "libx264", "-c:a", "aac"}},
		"frags.mp4": {media.MP4, []string{"-c:v", "libx264", "-movflags", "frag_keyframe+empty_moov"}},
		"vp8.webm":  {media.WebM, []string{"-c:v", "libvpx", "-deadline", "good", "-cpu-used", "5"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"-f", "lavfi", "-i", "testsrc2=s=320x180:r=25/2:d=3", "-f", "lavfi", "-i", "sine=r=44100:d=3", "-preset", "ultrafast"}
			b := mediatest.FFmpeg(t, name, append(args, c.args...)...)
			out, report := stamped(t, b, c.format, notice.Options{})
			if report.Method != "re-encoded" || !hasCode(report, notice.CodeEncodedAnew) || report.Added != 0 || report.Ink < notice.MinInk {
				t.Errorf("report %+v", report)
			}
			after := mediatest.File(t, "after-"+name, out)
			was, is := read(t, mediatest.File(t, name, b)), read(t, after)
			if len(was.of(0)) != len(is.of(0)) || len(was.of(1)) == 0 || was.of(1)[0].Hash != is.of(1)[0].Hash {
				t.Errorf("%d frames became %d, or the sound changed", len(was.of(0)), len(is.of(0)))
			}
			_, list := decode(t, []float64{0, 1, 1.86, 2.3}, after)
			for i, got := range inks(list) {
				if on := i < 3; on != (got >= notice.MinInk && got < 2*notice.MinInk) {
					t.Errorf("picture %d has ink of %v", i, got)
				}
			}
		})
	}
}

func TestEstimate(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", pattern, "-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
	f := film.Film{Source: media.Memory(b), Format: media.MP4}
	if c, err := film.Estimate(t.Context(), f); err != nil || math.Abs(c.Seconds-4) > 0.05 || math.Abs(c.Encoded-2) > 0.1 || c.Reason != "" || c.Added != 0 {
		t.Errorf("Estimate = %+v, %v", c, err)
	}
	f.Options.Whole = true
	if c, err := film.Estimate(t.Context(), f); err != nil || math.Abs(c.Encoded-4) > 0.05 {
		t.Errorf("Estimate of the whole = %+v, %v", c, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=3", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
	tiny := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=16x16:r=25:d=3", "-c:v", "libx264", "-preset", "ultrafast")
	sound := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "sine=d=1")
	two := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=3", "-map", "0", "-map", "0", "-c:v", "libx264", "-preset", "ultrafast")
	ours := tools(t)
	for name, c := range map[string]struct {
		film film.Film
		code colophon.Code
	}{
		"no tools":  {film.Film{Source: media.Memory(b), Format: media.MP4}, ffmpeg.CodeMissing},
		"words":     {film.Film{Source: media.Memory(b), Format: media.MP4, Tools: ours, Options: notice.Options{Text: "hello"}}, notice.CodeWords},
		"format":    {film.Film{Source: media.Memory(b), Format: media.WAV, Tools: ours}, notice.CodeKind},
		"tiny":      {film.Film{Source: media.Memory(tiny), Format: media.MP4, Tools: ours}, notice.CodeTooSmall},
		"sound":     {film.Film{Source: media.Memory(sound), Format: media.MP4, Tools: ours}, film.CodeNoPictures},
		"sound mkv": {film.Film{Source: media.Memory(remux(t, "a.mkv", sound, "-c", "copy")), Format: media.MKV, Tools: ours}, film.CodeNoPictures},
		"sound avi": {film.Film{Source: media.Memory(remux(t, "a.avi", sound, "-c:a", "mp3")), Format: media.AVI, Tools: ours}, film.CodeNoPictures},
		"two films": {film.Film{Source: media.Memory(two), Format: media.MP4, Tools: ours}, media.CodeUnsupported},
		"empty":     {film.Film{Source: media.Memory(nil), Format: media.MP4, Tools: ours}, media.CodeMalformed},
		"empty mkv": {film.Film{Source: media.Memory(nil), Format: media.MKV, Tools: ours}, media.CodeTruncated},
		"cut short": {film.Film{Source: media.Memory(b[:len(b)-500]), Format: media.MP4, Tools: ours}, media.CodeTruncated},
	} {
		c.film.Plate, c.film.Measure = words, plate.Measure
		if _, err := film.Put(t.Context(), c.film); code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := film.Put(ctx, film.Film{Source: media.Memory(b), Format: media.MP4, Tools: ours, Plate: words}); err == nil || ctx.Err() == nil {
		t.Error("a cancelled context went unnoticed")
	}
}

// TestThere: a film that bears the notice stays as it is, in a container that is cut and in one that is not, with the film on
// its side, in another corner and in other words; one that bears it on its first frame alone gets it.
func TestThere(t *testing.T) {
	t.Parallel()
	both := func(w, h int) (film.Drawn, error) {
		p, err := plate.Render(notice.Options{Language: notice.Both}, w, h, plate.Dark)
		if err != nil {
			return film.Drawn{}, err
		}
		return film.Drawn{Image: p.Image, Words: p.Words, Ink: p.Ink, Contrast: p.Contrast}, nil
	}
	put := func(b []byte, f film.Film) ([]byte, notice.Report) {
		t.Helper()
		f.Source, f.Measure, f.Tools = media.Memory(b), plate.Measure, tools(t)
		if f.Plate == nil {
			f.Plate = words
		}
		res, err := film.Put(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := res.Edit.Apply(&out, res.Source); err != nil {
			t.Fatal(err)
		}
		return out.Bytes(), res.Report
	}
	for name, format := range map[string]media.Format{"a.mp4": media.MP4, "a.flv": media.FLV} {
		b := mediatest.FFmpeg(t, name, "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25/2:d=3", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
		if format == media.MP4 {
			b = remux(t, name, b, "-c", "copy", "-metadata:s:v", "rotate=90")
		}
		look := film.Film{Source: media.Memory(b), Format: format, Plate: words, Measure: plate.Measure, Tools: tools(t)}
		if has, err := film.Has(t.Context(), look); has || err != nil {
			t.Errorf("%s: %v %v", name, has, err)
		}
		once, report := put(b, film.Film{Format: format, Plate: both, Options: notice.Options{Corner: notice.BottomRight}})
		if hasCode(report, notice.CodeThere) || bytes.Equal(once, b) {
			t.Errorf("%s: report %+v", name, report)
		}
		look.Source, look.Known = media.Memory(once), []film.Plate{both}
		if has, err := film.Has(t.Context(), look); !has || err != nil {
			t.Errorf("%s: %v %v", name, has, err)
		}
		twice, report := put(once, film.Film{Format: format, Known: []film.Plate{both}})
		if !hasCode(report, notice.CodeThere) || !bytes.Equal(twice, once) || report.Ink < notice.MinInk || report.Place != string(notice.BottomRight) {
			t.Errorf("%s: the second report is %+v", name, report)
		}
	}
	first := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25/2:d=3", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
	first, _ = put(first, film.Film{Format: media.MP4})
	first = remux(t, "a.mp4", first, "-vf", "drawbox=t=fill:color=gray:enable='gte(n,1)'", "-c:v", "libx264", "-preset", "ultrafast")
	if _, report := put(first, film.Film{Format: media.MP4}); hasCode(report, notice.CodeThere) {
		t.Errorf("a film whose first frame alone has the notice: %+v", report)
	}
}

// TestNoKeys: a film whose tables name no key frame is encoded anew from end to end; one without the table is cut at a
// packet that is found to be a key frame.
func TestNoKeys(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.mp4", av("-g", "25", "-bf", "2")...)
	at := bytes.Index(b, []byte("stss"))
	none, missing := bytes.Clone(b), bytes.Clone(b)
	copy(none[at+8:], []byte{0, 0, 0, 0})
	copy(missing[at:], "free")
	for i, c := range []struct {
		film   []byte
		method string
	}{{none, "re-encoded"}, {missing, "packets"}} {
		out, report := stamped(t, c.film, media.MP4, notice.Options{})
		if report.Method != c.method {
			t.Errorf("film %d: report %+v", i, report)
		}
		list, pictures := decode(t, []float64{0, 1.86}, mediatest.File(t, "a.mp4", out))
		measured(t, pictures)
		if len(list[0].times) != 50 {
			t.Errorf("film %d has %d frames", i, len(list[0].times))
		}
	}
}

// TestCut cuts films off at many places and fills others with noise: the tables are read, or refused with a reason.
func TestCut(t *testing.T) {
	t.Parallel()
	mp4 := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=4", "-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-movflags", "+faststart")
	mkv := remux(t, "a.mkv", mp4, "-c", "copy")
	rnd := rand.New(rand.NewPCG(1, 2))
	for f, b := range map[media.Format][]byte{media.MP4: mp4, media.MKV: mkv} {
		refused := 0
		for i := range 400 {
			hurt := bytes.Clone(b)
			if i%2 == 0 {
				hurt = hurt[:rnd.IntN(len(hurt))]
			} else {
				for range 1 + rnd.IntN(8) {
					hurt[rnd.IntN(min(len(hurt), 2000))] = byte(rnd.UintN(256))
				}
			}
			frames, reason, err := film.Survey(hurt, f)
			if err != nil || reason != "" {
				refused++
				ours(t, err)
			}
			if frames > len(b) {
				t.Errorf("%s: %d frames in %d bytes", f, frames, len(b))
			}
			if i%2 == 0 && f == media.MP4 && err == nil && reason == "" {
				t.Errorf("a film of %d bytes cut off at %d was read", len(b), len(hurt))
			}
			if out, err := film.Exchange(film.Film{Source: media.Memory(hurt), Format: f}, 100); err == nil && reason == "" {
				if n, _, err := film.Survey(out, f); err != nil || n != frames {
					t.Errorf("%s: %d frames became %d: %v", f, frames, n, err)
				}
			} else {
				ours(t, err)
			}
		}
		if refused < 150 {
			t.Errorf("%s: %d of 400 films were refused", f, refused)
		}
	}
}

// TestDamage flips bytes of the coded pictures: the notice must stand or the film be refused.
func TestDamage(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=3", "-c:v", "libx264", "-g", "50")
	at := bytes.Index(b, []byte("mdat"))
	for _, off := range []int{2000, 20000} {
		damaged := bytes.Clone(b)
		for i := range 200 {
			damaged[at+off+i] ^= byte(i * 37)
		}
		res, err := film.Put(t.Context(), film.Film{Source: media.Memory(damaged), Format: media.MP4, Plate: words, Measure: plate.Measure, Tools: tools(t)})
		if err != nil {
			continue
		}
		if res.Report.Seconds < notice.MinSeconds || res.Report.Ink < notice.MinInk {
			t.Errorf("report %+v", res.Report)
		}
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.mkv", "-f", "lavfi", "-i", pattern, "-c:v", "libx264", "-preset", "ultrafast", "-g", "25")
	var done, total float64
	_, err := film.Put(t.Context(), film.Film{Source: media.Memory(b), Format: media.MKV, Plate: words, Tools: tools(t),
		Progress: func(d, all float64) { done, total = d, all }})
	if err != nil || total != 2 || done < 1 || done > total {
		t.Errorf("progress ended at %v of %v s: %v", done, total, err)
	}
}

func hasCode(r notice.Report, c colophon.Code) bool {
	for _, f := range r.Findings {
		if f.Code == c {
			return true
		}
	}
	return false
}
