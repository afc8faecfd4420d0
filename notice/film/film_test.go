package film_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/film"
	"github.com/colophon-project/colophon/notice/plate"
)

func tools(t testing.TB) *ffmpeg.Tools {
	t.Helper()
	found, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func words(w, h int) (film.Drawn, error) {
	p, err := plate.Render(notice.Options{}, w, h, plate.Dark)
	if err != nil {
		return film.Drawn{}, err
	}
	return film.Drawn{Image: p.Image, Words: p.Words, Ink: p.Ink, Contrast: p.Contrast}, nil
}

// stamped puts the notice on a film in memory.
func stamped(t testing.TB, b []byte, f media.Format, o notice.Options) ([]byte, notice.Report) {
	t.Helper()
	src := media.Memory(b)
	res, err := film.Put(t.Context(), film.Film{Source: src, Format: f, Options: o, Plate: words, Measure: plate.Measure, Tools: tools(t)})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := res.Edit.Apply(&out, res.Source); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("FILM_KEEP"); keep != "" {
		name := strings.ReplaceAll(t.Name(), "/", "-") + "." + string(f)
		if err := os.WriteFile(filepath.Join(keep, name), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes(), res.Report
}

// packet is what ffprobe says of a packet.
type packet struct {
	Stream int    `json:"stream_index"`
	PTS    int64  `json:"pts"`
	DTS    int64  `json:"dts"`
	Flags  string `json:"flags"`
	Hash   string `json:"data_hash"`
}

// reading is what ffprobe says of a file.
type reading struct {
	Packets  []packet
	Streams  []map[string]any
	Format   map[string]any
	Chapters []map[string]any
}

// read asks for packets, with the hashes of their content, and for what a player goes by: streams, tags and chapters.
func read(t testing.TB, path string) (r reading) {
	t.Helper()
	out := mediatest.Output(t, "ffprobe", "-v", "error", "-show_packets", "-show_data_hash", "md5", "-show_chapters", "-show_streams", "-show_format", "-of", "json", path)
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Streams {
		delete(s, "bit_rate")
		delete(s, "extradata_size") // old and new parameter sets
		delete(s, "extradata_hash")
		delete(s, "refs")
	}
	for _, k := range []string{"filename", "size", "bit_rate"} {
		delete(r.Format, k)
	}
	return r
}

// of are the packets of a stream.
func (r reading) of(stream int) (list []packet) {
	for _, p := range r.Packets {
		if p.Stream == stream {
			list = append(list, p)
		}
	}
	return list
}

// decoding is a decoded film: time and hash of each picture, in the order that the decoder shows them.
type decoding struct{ times, hashes []string }

// decode decodes films in one run and fails the test if the decoder says anything. Of the last film it also returns the
// pictures that are shown from some times on, turned as a player does.
func decode(t testing.TB, at []float64, paths ...string) (list []decoding, pictures []image.Image) {
	t.Helper()
	folder := t.TempDir()
	args := []string{"-v", "warning", "-xerror", "-y", "-filter_complex_threads", "1"}
	for _, p := range paths {
		args = append(args, "-threads", "1", "-i", p)
	}
	if len(at) > 0 {
		graph := "[" + strconv.Itoa(len(paths)-1) + ":v:0]setpts=PTS-STARTPTS,scale=iw*sar:ih,setsar=1,split=" + strconv.Itoa(len(at))
		splits := ""
		var outs []string
		for i, s := range at {
			n := strconv.Itoa(i)
			graph += "[s" + n + "]"
			splits += ";[s" + n + "]trim=start=" + strconv.FormatFloat(s, 'f', 3, 64) + "[o" + n + "]"
			outs = append(outs, "-map", "[o"+n+"]", "-frames:v", "1", "-update", "1", filepath.Join(folder, n+".png"))
		}
		args = append(append(args, "-filter_complex", graph+splits), outs...)
	}
	for i := range paths {
		n := strconv.Itoa(i)
		args = append(args, "-map", n+":v:0", "-fps_mode", "passthrough", "-copyts", "-enc_time_base", "-1", "-f", "framemd5", filepath.Join(folder, n+".list"))
	}
	said, err := exec.Command(mediatest.Tool(t, "ffmpeg"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for line := range strings.Lines(string(said)) {
		if !strings.Contains(line, "deprecated pixel format") && !strings.Contains(line, "Last message repeated") {
			t.Errorf("ffmpeg says: %s", line)
		}
	}
	for i := range paths {
		b, err := os.ReadFile(filepath.Join(folder, strconv.Itoa(i)+".list"))
		if err != nil {
			t.Fatal(err)
		}
		var d decoding
		for line := range strings.Lines(string(b)) {
			if f := strings.Split(line, ","); !strings.HasPrefix(line, "#") && len(f) == 6 {
				d.times, d.hashes = append(d.times, strings.TrimSpace(f[2])), append(d.hashes, strings.TrimSpace(f[5]))
			}
		}
		list = append(list, d)
	}
	for i := range at {
		pictures = append(pictures, load(t, filepath.Join(folder, strconv.Itoa(i)+".png")))
	}
	return list, pictures
}

// load decodes a picture.
func load(t testing.TB, path string) image.Image {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// inks measures the white ink in the top left corner of pictures, as a part of the shortest side: the rows from the first to
// the last that hold white. It is 0 where there is no plate.
func inks(list []image.Image) (heights []float64) {
	for _, img := range list {
		short := min(img.Bounds().Dx(), img.Bounds().Dy())
		// The words stand in the first tenth of the height, from a little inside the plate on.
		margin := max(short/50, 1) + 3
		first, last, white := -1, -1, 0
		for y := margin; y < margin+short/10; y++ {
			for x := margin; x < margin+short/4; x++ {
				if color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y > 148 { // 58 %
					white++
					last = y
					if first < 0 {
						first = y
					}
				}
			}
		}
		rows := last - first + 1
		if part := float64(white) / float64(short/10*(short/4)); part < 0.05 || part > 0.9 || !dark(img, image.Rect(margin, margin-2, margin+short/4, margin-1)) {
			rows = 0
		}
		heights = append(heights, float64(rows)/float64(short))
	}
	return heights
}

// dark reports whether an area has the grey of the plate, which the pattern has nowhere.
func dark(img image.Image, r image.Rectangle) bool {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if g := color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y; g < 18 || g > 50 {
				return false
			}
		}
	}
	return true
}

// pattern is four seconds of 50 frames.
const pattern = "testsrc2=s=320x180:r=25/2:d=4"

// filmCase is a film that can be cut. Copied is how many of its frames stay as they are; none where the film has no key
// frame behind the notice.
type filmCase struct {
	name   string
	format media.Format
	args   []string
	copied int
}

var filmCases = []filmCase{
	{"onekey.mp4", media.MP4, av("-g", "250"), 0},
	{"bframes.mov", media.MOV, av("-g", "30", "-bf", "4", "-x264-params", "b-pyramid=normal"), 20},
	{"nob.mp4", media.MP4, av("-g", "25", "-bf", "0", "-profile:v", "baseline", "-movflags", "+faststart"), 25},
	{"within.mp4", media.MP4, av("-g", "25", "-bf", "2", "-bsf:v", "dump_extra", "-tag:v", "avc3"), 25},
	{"opengop264.mp4", media.MP4, av("-g", "15", "-bf", "3", "-x264-params", "open-gop=1"), 0},
	{"opengop.mp4", media.MP4, hevc("keyint=20:bframes=3:open-gop=1", "-tag:v", "hvc1"), 10},
	{"vp9.mp4", media.MP4, av("-c:v", "libvpx-vp9", "-g", "25", "-deadline", "realtime", "-cpu-used", "8"), 25},
	{"av1.mp4", media.MP4, av("-c:v", "libaom-av1", "-g", "25", "-usage", "realtime", "-cpu-used", "8"), 25},
	{"vfr.mp4", media.MP4, []string{"-f", "lavfi", "-i", pattern + ",select='not(mod(n,3))+lt(n,20)',settb=1/1000", "-fps_mode", "passthrough",
		"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "6", "-video_track_timescale", "1000"}, 6},
	{"offset.mp4", media.MP4, []string{"-f", "lavfi", "-i", pattern, "-itsoffset", "0.3", "-f", "lavfi", "-i", "sine=d=4", "-c:v", "libx264",
		"-preset", "ultrafast", "-bf", "2", "-g", "25", "-movflags", "+faststart"}, 25},
	{"tenbit.mp4", media.MP4, av("-g", "25", "-pix_fmt", "yuv420p10le"), 25},
	{"opengop.mkv", media.MKV, hevc("keyint=20:bframes=3:open-gop=1"), 10},
	{"vp9.webm", media.WebM, av("-c:v", "libvpx-vp9", "-g", "25", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"), 25},
	{"lag.webm", media.WebM, av("-c:v", "libvpx-vp9", "-g", "25", "-deadline", "good", "-cpu-used", "8", "-lag-in-frames", "16", "-auto-alt-ref", "1", "-c:a", "libopus"), 25},
	{"av1.mkv", media.MKV, av("-c:v", "libaom-av1", "-g", "25", "-usage", "realtime", "-cpu-used", "8"), 25},
	{"colour.mp4", media.MP4, av("-g", "25", "-pix_fmt", "yuvj420p", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-vf", "setsar=4/3"), 25},
}

// av are the words for a film with sound, by x264 unless others follow.
func av(args ...string) []string {
	return append([]string{"-f", "lavfi", "-i", pattern, "-f", "lavfi", "-i", "sine=d=4", "-shortest", "-c:v", "libx264", "-preset", "ultrafast"}, args...)
}

// hevc are those for a film of H.265.
func hevc(params string, args ...string) []string {
	return append([]string{"-f", "lavfi", "-i", pattern, "-f", "lavfi", "-i", "sine=d=4", "-shortest", "-c:v", "libx265", "-preset", "ultrafast",
		"-x265-params", params + ":log-level=none"}, args...)
}

func TestSmart(t *testing.T) {
	t.Parallel()
	for _, c := range filmCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			smart(t, c)
		})
	}
}

// TestTortureSmart takes larger films of other presets and forms; all but one only where COLOPHON_TORTURE is set.
func TestTortureSmart(t *testing.T) {
	t.Parallel()
	larger := func(args ...string) []string {
		return append([]string{"-f", "lavfi", "-i", "testsrc2=s=638x358:r=30000/1001:d=6", "-f", "lavfi", "-i", "sine=d=6", "-shortest"}, args...)
	}
	list := []filmCase{
		{"odd.mp4", media.MP4, append([]string{"-f", "lavfi", "-i", "testsrc2=s=322x182:r=25/2:d=3"}, "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-sc_threshold", "0"), 13},
		{"closed.mp4", media.MP4, hevc("keyint=25:bframes=3:open-gop=0", "-tag:v", "hvc1"), 25},
		{"tenbit265.mp4", media.MP4, hevc("keyint=25:bframes=0", "-tag:v", "hev1", "-pix_fmt", "yuv420p10le"), 25},
		{"front.mkv", media.MKV, av("-g", "25", "-bf", "3", "-cues_to_front", "1", "-reserve_index_space", "4096"), 25},
		{"within265.mp4", media.MP4, hevc("keyint=25:bframes=0:repeat-headers=1", "-tag:v", "hev1"), 25},
		{"slow.mkv", media.MKV, larger("-c:v", "libx264", "-preset", "slow", "-g", "60", "-sc_threshold", "0"), 120},
		{"fields.mp4", media.MP4, larger("-c:v", "libx264", "-g", "60", "-sc_threshold", "0", "-vf", "scale=640:360", "-flags", "+ilme+ildct", "-x264-params", "tff=1"), 120},
		{"422.mov", media.MOV, larger("-c:v", "libx264", "-g", "60", "-sc_threshold", "0", "-pix_fmt", "yuv422p10le"), 120},
		{"444.mp4", media.MP4, larger("-c:v", "libx264", "-g", "60", "-sc_threshold", "0", "-pix_fmt", "yuv444p"), 120},
		{"medium265.mp4", media.MP4, larger("-c:v", "libx265", "-x265-params", "keyint=60:open-gop=0:scenecut=0:log-level=none", "-tag:v", "hvc1"), 120},
		{"svt.mp4", media.MP4, larger("-c:v", "libsvtav1", "-preset", "9", "-g", "60", "-svtav1-params", "irefresh-type=2"), 120},
		{"good.webm", media.WebM, larger("-c:v", "libvpx-vp9", "-g", "60", "-deadline", "good", "-cpu-used", "4", "-c:a", "libopus"), 120},
		{"tenbit.webm", media.WebM, larger("-c:v", "libvpx-vp9", "-g", "60", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p10le", "-c:a", "libopus"), 120},
	}
	if os.Getenv("COLOPHON_TORTURE") == "" {
		list = list[:1]
	}
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			smart(t, c)
		})
	}
}

func smart(t *testing.T, c filmCase) {
	t.Helper()
	b := mediatest.FFmpeg(t, c.name, c.args...)
	before := mediatest.File(t, "before-"+c.name, b)
	out, report := stamped(t, b, c.format, notice.Options{})
	after := mediatest.File(t, "after-"+c.name, out)
	method := "packets"
	if c.copied == 0 {
		method = "re-encoded"
	}
	if report.Method != method || hasCode(report, notice.CodeEncodedAnew) != (c.copied == 0) || report.Seconds < notice.MinSeconds || report.Added != 0 ||
		report.Ink < notice.MinInk || report.Contrast < notice.MinContrast || report.Around == "" {
		t.Errorf("report %+v", report)
	}
	measured(t, compare(t, before, after, c.copied))
}

// compare holds the stamped film against the old one: what a player goes by, times, packets and pictures. Of the pictures,
// copied must be as they were, and no more. It returns pictures of the notice's time.
func compare(t *testing.T, before, after string, copied int) (shown []image.Image) {
	t.Helper()
	was, is := read(t, before), read(t, after)
	if d := cmp.Diff(was.Streams, is.Streams); d != "" {
		t.Errorf("streams changed: %s", d)
	}
	if d := cmp.Diff(was.Format, is.Format); d != "" {
		t.Errorf("the format changed: %s", d)
	}
	if d := cmp.Diff(was.Chapters, is.Chapters); d != "" {
		t.Errorf("chapters changed: %s", d)
	}
	for i := range was.Streams {
		old, now := was.of(i), is.of(i)
		if i > 0 {
			if !slices.Equal(old, now) {
				t.Errorf("packets of stream %d changed", i)
			}
			continue
		}
		if len(old) != len(now) {
			t.Fatalf("%d pictures became %d", len(old), len(now))
		}
		type shown struct {
			hash string // tiny packets that show a picture decoded before may be equal to each other
			pts  int64
		}
		stood := map[shown]bool{}
		for k := range old {
			if old[k].DTS != now[k].DTS {
				t.Errorf("packet %d is decoded at %d instead of %d", k, now[k].DTS, old[k].DTS)
			}
			stood[shown{old[k].Hash, old[k].PTS}] = true
		}
		kept := 0
		for _, p := range now {
			if stood[shown{p.Hash, p.PTS}] {
				kept++
			}
		}
		if kept != copied {
			t.Errorf("%d packets of pictures were kept instead of %d", kept, copied)
		}
	}
	films, shown := decode(t, []float64{0, 1, 1.86}, before, after)
	if !slices.Equal(films[0].times, films[1].times) {
		t.Fatalf("frames come at %v instead of %v", films[1].times, films[0].times)
	}
	if n := len(films[0].hashes); !slices.Equal(films[0].hashes[n-copied:], films[1].hashes[n-copied:]) {
		t.Error("pictures behind the cut changed")
	}
	return shown
}

// measured holds the notice on pictures to the rule.
func measured(t *testing.T, list []image.Image) {
	t.Helper()
	for i, got := range inks(list) {
		if got < notice.MinInk || got > 2*notice.MinInk {
			t.Errorf("on frame %d the ink is %.4f of the shortest side", i, got)
		}
	}
}

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// difference is the mean difference of two pictures, of 255.
func difference(a, b image.Image) float64 {
	sum, n := 0.0, 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r, g, bl, _ := a.At(x, y).RGBA()
			r2, g2, bl2, _ := b.At(x, y).RGBA()
			for _, d := range [][2]uint32{{r, r2}, {g, g2}, {bl, bl2}} {
				sum += float64(max(d[0], d[1])-min(d[0], d[1])) / 257
				n++
			}
		}
	}
	return sum / float64(n)
}
