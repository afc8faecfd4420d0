package bmff_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/bmff"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

const (
	picture = "-f lavfi -i testsrc=s=64x64:d=1:r=5"
	sound   = "-f lavfi -i sine=d=1:r=8000"
)

// ffmpeg makes a file; the words of options are arguments.
func ffmpeg(t testing.TB, name, options string) []byte {
	t.Helper()
	return mediatest.FFmpeg(t, name, strings.Fields(options)...)
}

// sample is a file that a real tool makes.
type sample struct {
	name    string
	format  media.Format
	options string
}

// samples lists what ffmpeg can lay out in different ways. COVER, CHAPTERS and SUBTITLES stand for files.
func samples() []sample {
	return []sample{
		{"tail.mp4", media.MP4, picture + " " + sound},
		{"faststart.mp4", media.MP4, picture + " " + sound + " -movflags +faststart"},
		{"fragmented.mp4", media.MP4, picture + " " + sound + " -g 2 -movflags frag_keyframe+empty_moov"},
		{"moof-base.mp4", media.MP4, picture + " " + sound + " -g 2 -movflags frag_keyframe+empty_moov+default_base_moof"},
		{"delayed.mp4", media.MP4, picture + " -g 2 -movflags frag_keyframe"},
		{"sidx.mp4", media.MP4, picture + " -g 2 -movflags frag_keyframe+empty_moov+dash+global_sidx+default_base_moof"},
		{"tags.mp4", media.MP4, picture + " -movflags +faststart -metadata title=T -metadata comment=C -metadata artist=A"},
		{"keys.mp4", media.MP4, picture + " -movflags +faststart+use_metadata_tags -metadata title=T -metadata x.y=z"},
		{"chapters.mp4", media.MP4, picture + " -i CHAPTERS -map_metadata 1 -movflags +faststart"},
		{"subtitles.mp4", media.MP4, picture + " -i SUBTITLES -c:s mov_text -movflags +faststart"},
		{"timecode.mov", media.MOV, picture + " " + sound + " -movflags +faststart -timecode 01:00:00:00 -metadata title=T"},
		{"keys.mov", media.MOV, picture + " -movflags +use_metadata_tags -metadata title=T"},
		{"clip.3gp", media.MP4, "-f lavfi -i testsrc=s=176x144:d=1:r=5 -c:v h263 -metadata title=T"},
		{"song.m4a", media.M4A, sound + " -i COVER -map 0 -map 1 -c:v png -disposition:v attached_pic -metadata title=T"},
	}
}

func (s sample) make(t testing.TB) []byte {
	options := s.options
	for name, content := range map[string]func() []byte{
		"COVER":     func() []byte { return ffmpeg(t, "c.png", "-f lavfi -i testsrc=s=32x32 -frames:v 1") },
		"CHAPTERS":  func() []byte { return []byte(chapters) },
		"SUBTITLES": func() []byte { return []byte(subtitles) },
	} {
		if before, after, ok := strings.Cut(options, name); ok {
			options = before + mediatest.File(t, strings.ToLower(name)+extension(name), content()) + after
		}
	}
	return ffmpeg(t, s.name, options)
}

func extension(name string) string {
	return map[string]string{"COVER": ".png", "CHAPTERS": ".txt", "SUBTITLES": ".srt"}[name]
}

const (
	chapters = ";FFMETADATA1\ntitle=Film\n[CHAPTER]\nTIMEBASE=1/10\nSTART=0\nEND=5\ntitle=One\n" +
		"[CHAPTER]\nTIMEBASE=1/10\nSTART=5\nEND=10\ntitle=Two\n"
	subtitles = "1\n00:00:00,000 --> 00:00:00,500\nHello\n\n2\n00:00:00,500 --> 00:00:01,000\nWorld\n"
)

// packets lists every coded packet of every stream: time, size and hash.
func packets(t testing.TB, name string, b []byte) string {
	t.Helper()
	return string(mediatest.Output(t, "ffprobe", "-v", "error", "-show_data_hash", "md5", "-show_chapters", "-show_entries",
		"packet=stream_index,pts,dts,duration,size,flags,data_hash:chapter=start_time,end_time:chapter_tags",
		"-of", "csv", mediatest.File(t, name, b)))
}

// TestConformance runs the suite on what ffmpeg makes, and checks that other tools read the label and, as before, all
// other tags.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			before := s.make(t)
			want := packets(t, s.name, before)
			if strings.Count(want, "\n") < 5 {
				t.Fatalf("ffprobe sees no packets:\n%s", want)
			}
			edits := 0
			mediatest.Run(t, mediatest.Case{
				Container: bmff.Container{}, Format: s.format, Sample: before,
				Same: func(t *testing.T, before, after []byte) {
					edits++
					switch {
					case edits == 1:
						readable(t, s, before, after)
						if s.name != "subtitles.mp4" { // framemd5 has no text
							mediatest.SameFrames(s.name)(t, before, after)
						}
					case edits%2 == 0: // much growth, and with it a shift of all offsets
						if got := packets(t, s.name, after); got != want {
							t.Errorf("packets differ\nbefore:\n%s\nafter:\n%s", want, got)
						}
					}
				},
			})
		})
	}
}

// readable checks that other tools find the label of the first edit of the suite, and the tags of the file before it.
func readable(t *testing.T, s sample, before, after []byte) {
	t.Helper()
	value := string(mediatest.Value("a1"))
	tags := mediatest.Exiftool(t, s.name, after)
	if got := tags["Keys:AIGC"]; got != value {
		t.Errorf("exiftool Keys:AIGC = %q", got)
	}
	if got := tags["ExifTool:Warning"]; got != "" {
		t.Errorf("exiftool: %s", got)
	}
	if got := mediatest.FFprobeTags(t, s.name, after)["AIGC"]; got != value {
		t.Errorf("ffprobe AIGC = %q", got)
	}
	if got := mediainfo(t, s.name, after); got != value {
		t.Errorf("mediainfo AIGC = %q", got)
	}
	for tag, want := range mediatest.Exiftool(t, s.name, before) {
		group, name, _ := strings.Cut(tag, ":")
		switch {
		case group == "System" || group == "File" || group == "Composite" || group == "SourceFile":
		case strings.HasSuffix(name, "Offset") || name == "Unknown_tfhd" || name == "Unknown_mfra": // where bytes are
		case name == "HandlerType": // the last one in the file wins
		case tags[tag] != want:
			t.Errorf("%s = %q, was %q", tag, tags[tag], want)
		}
	}
}

func mediainfo(t testing.TB, name string, b []byte) string {
	t.Helper()
	var reply struct {
		Media struct {
			Track []struct {
				Extra map[string]any `json:"extra"`
			} `json:"track"`
		} `json:"media"`
	}
	out := mediatest.Output(t, "mediainfo", "--Output=JSON", mediatest.File(t, name, b))
	if err := json.Unmarshal(out, &reply); err != nil || len(reply.Media.Track) == 0 {
		t.Fatalf("mediainfo: %v\n%s", err, out)
	}
	value, _ := reply.Media.Track[0].Extra["AIGC"].(string)
	return value
}

// TestFFmpegWrites reads labels that ffmpeg wrote and replaces them in place.
func TestFFmpegWrites(t *testing.T) {
	t.Parallel()
	value := mediatest.Value("ffmpeg")
	for _, name := range []string{"a.mp4", "a.mov", "a.m4a"} {
		b := mediatest.FFmpeg(t, name, append(strings.Fields(sound+" -movflags use_metadata_tags -metadata title=T"), "-metadata", "AIGC="+string(value))...)
		format := mediatest.Sniff(bmff.Container{}, b)
		mediatest.One(t, bmff.Container{}, format, b, media.PlaceKeys, value)
		same := mediatest.Apply(t, bmff.Container{}, format, b, media.Put{Place: media.PlaceKeys, Value: value})
		if !bytes.Equal(same, b) {
			t.Errorf("%s: putting the label that is there changed the file", name)
		}
	}
}

// TestShared runs on the shared samples.
func TestShared(t *testing.T) {
	t.Parallel()
	for path, format := range map[string]media.Format{
		"media/c.mov": media.MOV, "media/video1_no_manifest.mp4": media.MP4, "media/sample1.m4a": media.M4A, "c2pa/video1.mp4": media.MP4,
	} {
		b, ok := mediatest.Sample(t, path)
		if !ok {
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			name := path[strings.LastIndexByte(path, '/')+1:]
			survey, err := bmff.Container{}.Scan(bytes.NewReader(b), format)
			if err != nil {
				t.Fatal(err)
			}
			signed := strings.HasPrefix(path, "c2pa")
			if got := len(survey.Signatures); signed && (got != 1 || survey.Signatures[0] != (media.Signature{Kind: media.SignatureC2PA, Offset: 24})) || !signed && got != 0 {
				t.Errorf("signatures: %v", survey.Signatures)
			}
			after := mediatest.Apply(t, bmff.Container{}, format, b, media.Put{Place: media.PlaceKeys, Value: mediatest.Value("s")})
			mediatest.One(t, bmff.Container{}, format, after, media.PlaceKeys, mediatest.Value("s"))
			if packets(t, name, b) != packets(t, name, after) {
				t.Error("packets differ")
			}
			value := string(mediatest.Value("s"))
			if got := mediatest.Exiftool(t, name, after)["Keys:AIGC"]; got != value {
				t.Errorf("exiftool: %q", got)
			}
			if got := mediatest.FFprobeTags(t, name, after)["AIGC"]; got != value {
				t.Errorf("ffprobe: %q", got)
			}
			if got := mediainfo(t, name, after); got != value {
				t.Errorf("mediainfo: %q", got)
			}
		})
	}
	if b, ok := mediatest.Sample(t, "hostile/nested_moov_1000.mp4"); ok {
		if _, err := (bmff.Container{}).Scan(bytes.NewReader(b), media.MP4); err == nil {
			t.Error("nested moov: no error")
		}
		mediatest.Survive(t, bmff.Container{}, media.PlaceKeys, b)
	}
}
