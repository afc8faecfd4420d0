package ogg_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/ogg"
)

func sine(t testing.TB, name, codec string, more ...string) []byte {
	t.Helper()
	args := []string{"-f", "lavfi", "-i", "sine=d=1", "-c:a", codec, "-b:a", "48k"}
	return mediatest.FFmpeg(t, name, append(args, more...)...)
}

// encoded makes a file with a command that reads a WAV file and writes its last argument.
func encoded(t testing.TB, name, tool string, args ...string) []byte {
	t.Helper()
	wav := mediatest.File(t, "in.wav", mediatest.FFmpeg(t, "sine.wav", "-f", "lavfi", "-i", "sine=d=1"))
	out := filepath.Join(t.TempDir(), name)
	full := append([]string{}, args...)
	if tool == "oggenc" {
		full = append(full, "-Q", "-o", out, wav)
	} else {
		full = append(full, "--quiet", wav, out)
	}
	mediatest.Output(t, tool, full...)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// cover is a METADATA_BLOCK_PICTURE (RFC 9639, section 8.8) of n bytes or a bit more.
func cover(n int) string {
	var file bytes.Buffer
	noise := image.NewGray(image.Rect(0, 0, 64, n*3/4/64))
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = byte(rnd.UintN(256))
	}
	if err := png.Encode(&file, noise); err != nil {
		panic(err)
	}
	b := binary.BigEndian.AppendUint32(nil, 3) // front cover
	b = binary.BigEndian.AppendUint32(b, uint32(len("image/png")))
	b = append(b, "image/png"...)
	for _, field := range []int{0, 64, n * 3 / 4 / 64, 8, 0, file.Len()} {
		b = binary.BigEndian.AppendUint32(b, uint32(field))
	}
	return "METADATA_BLOCK_PICTURE=" + base64.StdEncoding.EncodeToString(append(b, file.Bytes()...))
}

func TestContainer(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(t *testing.T) (media.Format, []byte){
		"ffmpeg vorbis": func(t *testing.T) (media.Format, []byte) {
			return media.Vorbis, sine(t, "a.ogg", "libvorbis", "-metadata", "title=t", "-metadata", "comment=c")
		},
		"ffmpeg opus": func(t *testing.T) (media.Format, []byte) {
			return media.Opus, sine(t, "a.opus", "libopus", "-metadata", "title=t")
		},
		"oggenc": func(t *testing.T) (media.Format, []byte) {
			return media.Vorbis, encoded(t, "a.ogg", "oggenc", "-t", "title", "-a", "artist", "-c", "ARTIST=second")
		},
		"opusenc": func(t *testing.T) (media.Format, []byte) {
			return media.Opus, encoded(t, "a.opus", "opusenc", "--title", "title", "--artist", "artist")
		},
		"small pages": func(t *testing.T) (media.Format, []byte) {
			return media.Opus, sine(t, "a.opus", "libopus", "-page_duration", "20000")
		},
		"cover vorbis": func(t *testing.T) (media.Format, []byte) {
			return media.Vorbis, recomment(t, sine(t, "a.ogg", "libvorbis"), cover(200<<10))
		},
		"cover opus": func(t *testing.T) (media.Format, []byte) {
			return media.Opus, recomment(t, sine(t, "a.opus", "libopus"), cover(200<<10))
		},
		"chained": func(t *testing.T) (media.Format, []byte) {
			return media.Vorbis, append(sine(t, "a.ogg", "libvorbis"), encoded(t, "b.opus", "opusenc")...)
		},
		"same twice": func(t *testing.T) (media.Format, []byte) {
			one := sine(t, "a.opus", "libopus")
			return media.Opus, append(one, one...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format, sample := make(t)
			frames := mediatest.SameFrames("a.ogg")
			mediatest.Run(t, mediatest.Case{
				Container: ogg.Container{}, Format: format, Sample: sample,
				Same: func(t *testing.T, before, after []byte) {
					samePackets(t, before, after)
					if len(after)%3 == 0 { // decoding takes long; packets are compared always
						frames(t, before, after)
					}
				},
			})
		})
	}
}

// samePackets compares everything but comment headers: packets, granule positions and serials, and the order of pages.
func samePackets(t *testing.T, before, after []byte) {
	t.Helper()
	a, b := split(t, before), split(t, after)
	strip := func(list []packet) (rest []packet) {
		for _, p := range list {
			if bytes.HasPrefix(p.data, []byte("\x03vorbis")) || bytes.HasPrefix(p.data, []byte("OpusTags")) {
				continue
			}
			rest = append(rest, p)
		}
		return rest
	}
	a, b = strip(a), strip(b)
	if len(a) != len(b) {
		t.Fatalf("%d packets, then %d", len(a), len(b))
	}
	for i := range a {
		if a[i].serial != b[i].serial || a[i].granule != b[i].granule || a[i].flags != b[i].flags || !bytes.Equal(a[i].data, b[i].data) {
			t.Fatalf("packet %d of %d differs", i, len(a))
		}
	}
}

func TestReadByOthers(t *testing.T) {
	t.Parallel()
	label := string(mediatest.Value("a1"))
	for name, format := range map[string]media.Format{"a.ogg": media.Vorbis, "a.opus": media.Opus} {
		for kind, size := range map[string]int{"plain": 0, "cover": 150 << 10, "page edge": 0} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				var sample []byte
				if format == media.Vorbis {
					sample = encoded(t, name, "oggenc", "-t", "title", "-a", "someone")
				} else {
					sample = encoded(t, name, "opusenc", "--title", "title", "--artist", "someone")
				}
				if size > 0 {
					sample = recomment(t, sample, "TITLE=title", "ARTIST=someone", cover(size))
				}
				if kind == "page edge" { // the label makes one header page into two
					packets := split(t, sample)
					full := 255*255 - 200
					if format == media.Vorbis {
						full -= len(packets[2].data)
					}
					sample = recomment(t, sample, "TITLE=title", "ARTIST=someone", "X="+strings.Repeat("x", full))
				}
				out := mediatest.Apply(t, ogg.Container{}, format, sample, media.Put{Place: media.PlaceVorbisComment, Value: []byte(label)})
				before, after := len(pages(t, sample)), len(pages(t, out))
				if kind == "page edge" && before == after {
					t.Error("the label was meant to add a page")
				}
				mediatest.SameFrames(name)(t, sample, out)
				tags := mediatest.Exiftool(t, name, out)
				group := map[media.Format]string{media.Vorbis: "Vorbis:", media.Opus: "Vorbis:"}[format]
				if tags[group+"Aigc"] != label || tags[group+"Title"] != "title" || tags[group+"Artist"] != "someone" {
					t.Errorf("exiftool reads %.2000v", tags)
				}
				file := mediatest.File(t, name, out)
				probed := string(mediatest.Output(t, "ffprobe", "-v", "warning", "-show_entries", "stream_tags=AIGC,title", "-of", "default=nw=1", file))
				if !strings.Contains(probed, "TAG:AIGC="+label) || !strings.Contains(strings.ToUpper(probed), "TAG:TITLE=TITLE") {
					t.Errorf("ffprobe reads %s", probed)
				}
				if out := mediatest.Output(t, "mediainfo", "--Output=JSON", file); !strings.Contains(string(out), "001191110102MACQD9K64010000") {
					t.Errorf("mediainfo reads %.3000s", out)
				}
				info := mediatest.Tool(t, map[media.Format]string{media.Vorbis: "ogginfo", media.Opus: "opusinfo"}[format])
				told, err := exec.Command(info, "-v", file).CombinedOutput()
				if err != nil || !strings.Contains(string(told), "AIGC="+label) || strings.Contains(strings.ToLower(string(told)), "warning") {
					t.Errorf("%s: %v\n%.3000s", info, err, told)
				}
			})
		}
	}
}

func TestReadOthers(t *testing.T) {
	t.Parallel()
	label := string(mediatest.Value("a1"))
	for name, sample := range map[string][]byte{
		"ffmpeg vorbis": sine(t, "a.ogg", "libvorbis", "-metadata", "AIGC="+label),
		"ffmpeg opus":   sine(t, "a.opus", "libopus", "-metadata", "AIGC="+label),
		"oggenc":        encoded(t, "a.ogg", "oggenc", "-c", "AIGC="+label),
		"opusenc":       encoded(t, "a.opus", "opusenc", "--comment", "AIGC="+label),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format := mediatest.Sniff(ogg.Container{}, sample)
			mediatest.One(t, ogg.Container{}, format, sample, media.PlaceVorbisComment, []byte(label))
		})
	}
}
