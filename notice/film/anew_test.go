package film_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/film"
	"github.com/colophon-project/colophon/notice/plate"
)

// clap is a film whose lower half turns white, and which sounds, from a time on.
func clap(seconds, at string, args ...string) []string {
	return append([]string{"-f", "lavfi", "-i", "color=gray:s=320x180:r=60:d=" + seconds,
		"-f", "lavfi", "-i", "sine=f=1000:r=48000:d=" + seconds,
		"-vf", "drawbox=y=90:h=90:c=white:t=fill:enable='gte(t," + at + ")'", "-af", "volume=0:enable='lt(t," + at + ")'", "-preset", "ultrafast"}, args...)
}

// claps tells when a film turns white and when it sounds.
func claps(t *testing.T, path string) (seen, heard float64) {
	t.Helper()
	said := string(mediatest.Output(t, "ffmpeg", "-v", "error", "-copyts", "-i", path, "-map", "0:v:0", "-vf",
		"crop=16:16:160:150,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-", "-f", "null", "-"))
	seen, heard = -1, -1
	at := 0.0
	for line := range strings.Lines(said) {
		if _, after, ok := strings.Cut(line, "pts_time:"); ok {
			at, _ = strconv.ParseFloat(strings.TrimSpace(after), 64)
		} else if _, value, ok := strings.Cut(strings.TrimSpace(line), "YAVG="); ok && seen < 0 {
			if y, _ := strconv.ParseFloat(value, 64); y > 180 {
				seen = at
			}
		}
	}
	raw := mediatest.Output(t, "ffmpeg", "-v", "error", "-copyts", "-i", path, "-map", "0:a:0", "-ac", "1", "-ar", "48000",
		"-af", "aresample=async=1:first_pts=0:min_hard_comp=0.01", "-f", "s16le", "-")
	for i := 0; i+1 < len(raw); i += 2 {
		if v := int16(binary.LittleEndian.Uint16(raw[i:])); v > 1000 || v < -1000 {
			return seen, float64(i/2) / 48000
		}
	}
	return seen, heard
}

// TestInTime: on the way through ffmpeg, sound and pictures stay together, in containers that have times and in one that has
// none, also where the film becomes longer.
func TestInTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format      media.Format
		seconds, at string
		args        []string
		anew        bool // the sound too
	}{
		"short.ts":  {media.MPEGTS, "1.4", "0.8", []string{"-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "-c:a", "mp2"}, false},
		"short.flv": {media.FLV, "1.4", "0.8", []string{"-c:v", "libx264", "-bf", "2", "-c:a", "aac"}, false},
		"vp8.webm":  {media.WebM, "2.6", "2.2", []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"}, false},
		"a.avi":     {media.AVI, "2.6", "2.2", []string{"-c:v", "mpeg4", "-q:v", "2", "-c:a", "aac"}, false},
		"short.avi": {media.AVI, "1.4", "0.8", []string{"-c:v", "mpeg4", "-q:v", "2", "-c:a", "aac"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mediatest.FFmpeg(t, name, clap(c.seconds, c.at, c.args...)...)
			out, report := stamped(t, b, c.format, notice.Options{})
			seen, heard := claps(t, mediatest.File(t, name, b))
			seen2, heard2 := claps(t, mediatest.File(t, "after-"+name, out))
			if d := (heard2 - seen2) - (heard - seen); seen < 0 || heard < 0 || math.Abs(d) > 0.005 {
				t.Errorf("sound came at %.3f s beside pictures at %.3f s, and now %.3f s beside %.3f s", heard, seen, heard2, seen2)
			}
			if d := seen2 - seen - report.Added; math.Abs(d) > 0.005 {
				t.Errorf("pictures come %.3f s late", d)
			}
			told := 0
			for _, f := range report.Findings {
				if f.Code == notice.CodeEncodedAnew {
					told++
				}
			}
			if (told == 2) != c.anew {
				t.Errorf("findings %+v", report.Findings)
			}
		})
	}
}

// TestTimesAreChecked: a track that lost its times ends the work.
func TestTimesAreChecked(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.avi", clap("2.6", "1", "-c:v", "mpeg4", "-c:a", "aac")...)
	lost := remux(t, "b.avi", b, "-c", "copy") // what ffmpeg makes of AAC that comes from AVI
	good, bad := mediatest.File(t, "a.avi", b), mediatest.File(t, "b.avi", lost)
	if err := film.InTime(t.Context(), tools(t), media.AVI, good, good); err != nil {
		t.Error(err)
	}
	if err := film.InTime(t.Context(), tools(t), media.AVI, good, bad); code(err) != "film-times" {
		t.Errorf("sound without times: %v", err)
	}
	mp4 := mediatest.File(t, "a.mp4", remux(t, "a.mp4", b, "-c", "copy"))
	late := mediatest.File(t, "b.mp4", remux(t, "b.mp4", b, "-itsoffset", "0.02", "-i", mp4, "-map", "0:v", "-map", "1:a", "-c", "copy"))
	if err := film.InTime(t.Context(), tools(t), media.MP4, mp4, late); code(err) != "film-times" {
		t.Errorf("late sound: %v", err)
	}
}

// TestPixels: beside the plate, the pictures of a film that is encoded anew have the colours that they had.
func TestPixels(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"yuvj422p", "yuv420p10le"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			// Pure colours that RGB can't hold, and grey.
			values := "geq=lum='if(lt(Y,H/2),126,if(lt(X,W/2),60,180))*{}':cb='if(lt(Y,H/2),128,if(lt(X,W/2),230,30))*{}':cr='if(lt(Y,H/2),128,if(lt(X,W/2),40,220))*{}'"
			values = strings.ReplaceAll(values, "{}", map[bool]string{true: "4", false: "1"}[form == "yuv420p10le"])
			b := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "color=gray:s=320x180:r=10:d=2.4,format="+form+","+values,
				"-c:v", "libx264", "-preset", "ultrafast", "-qp", "8", "-movflags", "frag_keyframe+empty_moov", "-colorspace", "bt709", "-color_primaries", "bt709",
				"-color_trc", "bt709", "-color_range", map[bool]string{true: "pc", false: "tv"}[form == "yuvj422p"])
			out, report := stamped(t, b, media.MP4, notice.Options{})
			if report.Findings[0].Args["reason"] != "the film is in fragments; the new one is not" {
				t.Errorf("report %+v", report)
			}
			was, is := mediatest.File(t, "a.mp4", b), mediatest.File(t, "b.mp4", out)
			said := string(mediatest.Output(t, "ffmpeg", "-v", "error", "-i", was, "-i", is, "-lavfi",
				"[0:v]crop=iw:ih*3/4:0:ih/4[a];[1:v]crop=iw:ih*3/4:0:ih/4[b];[a][b]psnr=f=-", "-f", "null", "-"))
			for line := range strings.Lines(said) {
				for f := range strings.FieldsSeq(line) {
					key, value, _ := strings.Cut(f, ":")
					if v, err := strconv.ParseFloat(value, 64); strings.HasPrefix(key, "psnr_") && err == nil && v < 41 {
						t.Errorf("%s", line)
					}
				}
			}
			streams := read(t, is).Streams[0]
			for k, v := range read(t, was).Streams[0] {
				if (strings.HasPrefix(k, "color_") || k == "pix_fmt" || k == "time_base") && streams[k] != v {
					t.Errorf("%s: %v became %v", k, v, streams[k])
				}
			}
		})
	}
}

// TestTransparent: what can't be kept is refused.
func TestTransparent(t *testing.T) {
	t.Parallel()
	source := []string{"-f", "lavfi", "-i", "testsrc2=s=160x90:r=5:d=2.4,format=rgba,colorchannelmixer=aa=0.5"}
	for name, c := range map[string]struct {
		format media.Format
		args   []string
		rule   string
	}{
		"a.webm": {media.WebM, []string{"-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-deadline", "realtime", "-cpu-used", "8"}, "pictures with transparency"},
		"a.mov":  {media.MOV, []string{"-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"}, "pictures with transparency"},
		"a.mkv":  {media.MKV, []string{"-c:v", "ffv1", "-pix_fmt", "bgra"}, "pictures with transparency"},
		"b.webm": {media.WebM, []string{"-c:v", "libvpx-vp9", "-pix_fmt", "gbrp", "-deadline", "realtime", "-cpu-used", "8"}, "pictures of the form gbrp"},
	} {
		b := mediatest.FFmpeg(t, name, append(source, c.args...)...)
		_, err := film.Put(t.Context(), film.Film{Source: media.Memory(b), Format: c.format, Plate: words, Measure: plate.Measure, Tools: tools(t)})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind != colophon.Unsupported || e.Args["rule"] != c.rule {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLayers: H.265 with a second layer, which holds transparency or a second eye.
func TestLayers(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=5:d=3", "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hev1",
		"-x265-params", "keyint=12:info=0:aud=1:log-level=none")
	// The first picture becomes one of layer 1: the byte behind its length and kind.
	i := bytes.Index(b, []byte("mdat")) + 4 + 4
	if kind := b[i] >> 1; kind < 16 || kind > 21 {
		t.Fatalf("a unit of kind %d", kind)
	}
	b[i+1] |= 1 << 3
	_, err := film.Put(t.Context(), film.Film{Source: media.Memory(b), Format: media.MP4, Plate: words, Measure: plate.Measure, Tools: tools(t)})
	var e *colophon.Error
	if !errors.As(err, &e) || e.Args["rule"] != "pictures in layers" {
		t.Errorf("Put = %v", err)
	}
}

// TestSizes: the new packets have about the size of the old ones, and none of the new frames is bad.
func TestSizes(t *testing.T) {
	t.Parallel()
	const moving = "testsrc2=s=320x180:r=25:d=4,noise=alls=12:allf=t,gblur=0.7"
	for name, c := range map[string]struct {
		format media.Format
		args   []string
		part   int
		most   float64
	}{
		"a.mp4":   {media.MP4, []string{"-c:v", "libx264", "-preset", "medium", "-crf", "28", "-g", "50", "-sc_threshold", "0"}, 50, 1.6},
		"265.mp4": {media.MP4, []string{"-c:v", "libx265", "-preset", "fast", "-crf", "28", "-x265-params", "keyint=50:scenecut=0:open-gop=0:log-level=none"}, 50, 1.6},
		"a.avi":   {media.AVI, []string{"-c:v", "mpeg4", "-q:v", "7"}, 100, 1.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mediatest.FFmpeg(t, name, append([]string{"-f", "lavfi", "-i", moving}, c.args...)...)
			out, _ := stamped(t, b, c.format, notice.Options{})
			was, is := mediatest.File(t, name, b), mediatest.File(t, "after-"+name, out)
			sizes := func(path string) (sum float64) {
				for i, line := range strings.Fields(string(mediatest.Output(t, "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=size", "-of", "csv=p=0", path))) {
					if v, err := strconv.ParseFloat(strings.TrimRight(line, ","), 64); err == nil && i < c.part {
						sum += v
					}
				}
				return sum
			}
			if a, b := sizes(was), sizes(is); b > c.most*a {
				t.Errorf("%.0f bytes became %.0f, %.2f times as many", a, b, b/a)
			}
			said := string(mediatest.Output(t, "ffmpeg", "-v", "error", "-i", was, "-i", is, "-lavfi",
				"[0:v]crop=iw:ih*3/4:0:ih/4:exact=1[a];[1:v]crop=iw:ih*3/4:0:ih/4:exact=1[b];[a][b]ssim=f=-", "-f", "null", "-"))
			n := 0
			for line := range strings.Lines(said) {
				_, after, _ := strings.Cut(line, "Y:")
				value, _, _ := strings.Cut(after, " ")
				if v, err := strconv.ParseFloat(value, 64); err != nil || v < 0.93 {
					t.Errorf("%s", line)
				}
				n++
			}
			if n != 100 {
				t.Errorf("%d frames", n)
			}
		})
	}
}

// TestLonger: chapters and subtitles move with the film, languages and the clock stay, and the report tells what was made.
func TestLonger(t *testing.T) {
	t.Parallel()
	srt := mediatest.File(t, "a.srt", []byte("1\n00:00:00,500 --> 00:00:01,000\none\n"))
	meta := mediatest.File(t, "a.txt", []byte(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=600\ntitle=First\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=600\nEND=1200\ntitle=A\\;B\\=C\n"))
	for name, c := range map[string]struct {
		format media.Format
		sub    string
	}{"a.mp4": {media.MP4, "mov_text"}, "a.mkv": {media.MKV, "srt"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mediatest.FFmpeg(t, name, "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1.2", "-f", "lavfi", "-i", "sine=d=1.2", "-i", srt, "-f", "ffmetadata", "-i", meta,
				"-map", "0", "-map", "1", "-map", "2", "-map_chapters", "3", "-c:v", "libx264", "-preset", "ultrafast", "-c:s", c.sub,
				"-metadata:s:v:0", "language=fra", "-metadata:s:a:0", "language=deu", "-video_track_timescale", "6000")
			out, report := stamped(t, b, c.format, notice.Options{})
			if math.Abs(report.Added-0.8) > 0.005 || math.Abs(report.Seconds-2) > 0.005 || report.Findings[0].Args["reason"] != "the film is shorter than the notice" {
				t.Errorf("report %+v", report)
			}
			after := mediatest.File(t, "after-"+name, out)
			was, is := read(t, mediatest.File(t, "before-"+name, b)), read(t, after)
			var times []string
			for _, c := range is.Chapters {
				times = append(times, c["start_time"].(string)+" "+c["tags"].(map[string]any)["title"].(string))
			}
			if got := strings.Join(times, ", "); got != "0.000000 First, 1.400000 A;B=C" {
				t.Errorf("chapters at %s", got)
			}
			for i := range 3 {
				for _, k := range []string{"language"} {
					if a, b := was.Streams[i]["tags"].(map[string]any)[k], is.Streams[i]["tags"].(map[string]any)[k]; a != b {
						t.Errorf("stream %d: %s %v became %v", i, k, a, b)
					}
				}
			}
			if a, b := was.Streams[0]["time_base"], is.Streams[0]["time_base"]; a != b {
				t.Errorf("time base %v became %v", a, b)
			}
			cues := strings.Fields(string(mediatest.Output(t, "ffprobe", "-v", "error", "-select_streams", "s", "-show_entries", "packet=pts_time,size", "-of", "csv=p=0", after)))
			shown := 0
			for _, cue := range cues {
				at, size, _ := strings.Cut(cue, ",")
				if size == "2" {
					continue // empty, to fill the gap
				}
				shown++
				if v, _ := strconv.ParseFloat(at, 64); math.Abs(v-1.3) > 0.03 {
					t.Errorf("a cue at %s", at)
				}
			}
			if shown != 1 {
				t.Errorf("cues %v", cues)
			}
		})
	}
}

// TestOne: a film of one frame is too short before it is anything else, and one that is too small has its own size told.
func TestOne(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-frames:v", "1", "-c:v", "libx264")
	_, report := stamped(t, b, media.MP4, notice.Options{})
	if math.Abs(report.Added-1.96) > 0.001 || report.Findings[0].Args["reason"] != "the film is shorter than the notice" {
		t.Errorf("report %+v", report)
	}
	tiny := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=16x16:r=25:d=3", "-c:v", "libx264")
	_, err := film.Put(t.Context(), film.Film{Source: media.Memory(tiny), Format: media.MP4, Plate: words, Measure: plate.Measure, Tools: tools(t)})
	var e *colophon.Error
	if !errors.As(err, &e) || e.Args["width"] != "16" || e.Args["height"] != "16" {
		t.Errorf("Put = %v", err)
	}
}

// TestEstimateAsks: what the tables here can't tell, ffprobe does.
func TestEstimateAsks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.avi", "a.flv"} {
		format := map[string]media.Format{"a.avi": media.AVI, "a.flv": media.FLV}[name]
		b := mediatest.FFmpeg(t, name, "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=3", "-c:v", "libx264", "-preset", "ultrafast")
		c, err := film.Estimate(t.Context(), film.Film{Source: media.Memory(b), Format: format, Plate: words, Tools: tools(t)})
		if err != nil || math.Abs(c.Seconds-3) > 0.1 || c.Encoded != c.Seconds || c.Added != 0 || c.Reason == "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

// TestProgressAnew: progress moves while an encoder looks ahead, and ends at the end.
func TestProgressAnew(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.ts", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=3", "-c:v", "libx264", "-preset", "ultrafast")
	var told []float64
	_, err := film.Put(t.Context(), film.Film{Source: media.Memory(b), Format: media.MPEGTS, Plate: words, Measure: plate.Measure, Tools: tools(t),
		Progress: func(d, all float64) { told = append(told, d/all) }})
	if err != nil || len(told) < 5 || told[0] > 0.5 || told[len(told)-1] < 0.999 {
		t.Errorf("progress %v, %v", told, err)
	}
}
