package file_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/sound/file"
)

var key, payload = watermark.Key{5, 6, 7}, []byte("colophon")

func programs(t testing.TB) *ffmpeg.Tools {
	t.Helper()
	tools, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	return tools
}

// wav is a file of deep noise that swells, with a chunk before and one after its samples.
func wav(seconds, rate, channels, bits int, tag uint16) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	size := bits / 8
	var data []byte
	slow, fast := make([]float64, channels), make([]float64, channels)
	for i := range seconds * rate {
		for c := range channels {
			x := r.NormFloat64()
			fast[c] += (x - fast[c]) * 0.4
			slow[c] += (x - slow[c]) * 0.02
			v := max(-1, min(1, (fast[c]*0.05+slow[c])*(1+0.5*math.Sin(float64(i)/float64(rate)))))
			if tag == 3 {
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
				continue
			}
			n := int64(v * math.Exp2(float64(bits-1)) * 0.99)
			if bits == 8 {
				n += 128
			}
			for k := range size {
				data = append(data, byte(n>>(8*k)))
			}
		}
	}
	le := binary.LittleEndian
	chunk := func(id string, b []byte) []byte {
		return append(le.AppendUint32([]byte(id), uint32(len(b))), b...)
	}
	format := le.AppendUint16(le.AppendUint16(nil, tag), uint16(channels))
	format = le.AppendUint32(le.AppendUint32(format, uint32(rate)), uint32(rate*channels*size))
	format = le.AppendUint16(le.AppendUint16(format, uint16(channels*size)), uint16(bits))
	body := append([]byte("WAVE"), chunk("fmt ", format)...)
	body = append(append(append(body, chunk("bext", []byte("what it says"))...), chunk("data", data)...), chunk("LIST", []byte("INFOand more"))...)
	return chunk("RIFF", body)
}

func read(t testing.TB, s media.Source) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(s, 0, s.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put marks a file and returns it.
func put(t testing.TB, tools *ffmpeg.Tools, b []byte, f media.Format) ([]byte, file.Report) {
	t.Helper()
	told := 0.0
	made, report, err := file.Mark(t.Context(), tools, media.Memory(b), f, key, payload, file.Options{Progress: func(done, total float64) {
		if done < told || total > 0 && done > total+1 {
			t.Errorf("it tells %v of %v seconds after %v", done, total, told)
		}
		told = done
	}})
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	defer made.Close()
	if told < 5 {
		t.Errorf("%s: it told of %v seconds", f, told)
	}
	if report.SNR < 28 || report.NMR > -10 || report.Score < 5 || report.Share != 1 {
		t.Errorf("%s: %+v", f, report)
	}
	return read(t, made), report
}

// has reads a file without other programs, with the key and with another one.
func has(t testing.TB, b []byte, f media.Format) {
	t.Helper()
	found, err := file.Detect(t.Context(), nil, media.Memory(b), f, key, 0, false)
	if err != nil || !bytes.Equal(found.Payload, payload) {
		t.Errorf("%s: %+v was found, %v", f, found, err)
	}
	if found, err := file.Detect(t.Context(), nil, media.Memory(b), f, watermark.Key{}, 0, false); err != nil || found.Payload != nil {
		t.Errorf("%s: with another key %+v was found, %v", f, found, err)
	}
}

// TestWave marks files of PCM without other programs: nothing but samples changes, and ffmpeg reads what is written.
func TestWave(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"16 bits": wav(6, 16000, 2, 16, 1), "8 bits": wav(6, 16000, 1, 8, 1), "24 bits": wav(6, 16000, 1, 24, 1), "floats": wav(6, 16000, 1, 32, 3),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, _ := put(t, nil, b, media.WAV)
			has(t, made, media.WAV)
			from := bytes.Index(b, []byte("data")) + 8
			to := bytes.LastIndex(b, []byte("LIST"))
			if len(made) != len(b) || !bytes.Equal(made[:from], b[:from]) || !bytes.Equal(made[to:], b[to:]) {
				t.Error("more than the samples changed")
			}
			if bytes.Equal(made[from:to], b[from:to]) {
				t.Error("no sample changed")
			}
			mediatest.Output(t, "ffmpeg", "-v", "error", "-xerror", "-i", mediatest.File(t, "made.wav", made), "-f", "null", "-")
		})
	}
}

// TestCoded marks files of all other formats: codec, rate, channels, length and what they say of themselves stay, and the mark survives
// the encoder.
func TestCoded(t *testing.T) {
	t.Parallel()
	tools := programs(t)
	source := mediatest.File(t, "source.wav", wav(6, 32000, 2, 16, 1))
	label := string(mediatest.Value("1"))
	for _, c := range []struct {
		name   string
		format media.Format
		args   []string
	}{
		{"a.mp3", media.MP3, []string{"-c:a", "libmp3lame", "-b:a", "128k", "-write_id3v1", "1"}},
		{"a.m4a", media.M4A, []string{"-c:a", "aac", "-b:a", "96k"}},
		{"b.m4a", media.M4A, []string{"-c:a", "alac"}},
		{"a.opus", media.Opus, []string{"-c:a", "libopus", "-b:a", "64k"}},
		{"a.ogg", media.Vorbis, []string{"-c:a", "libvorbis", "-b:a", "112k"}},
		{"a.aac", media.AAC, []string{"-c:a", "aac", "-b:a", "96k", "-f", "adts", "-write_id3v2", "1"}},
		{"a.flac", media.FLAC, []string{"-c:a", "flac", "-sample_fmt", "s32", "-ar", "48000"}},
	} {
		t.Run(c.name+" "+c.args[1], func(t *testing.T) {
			t.Parallel()
			b := mediatest.FFmpeg(t, c.name, append([]string{"-i", source, "-metadata", "title=a swell", "-metadata", "comment=made by a test"}, c.args...)...)
			container, f, err := all.Detect(media.Memory(b), c.name)
			if err != nil || f != c.format {
				t.Fatalf("it is %s, %v", f, err)
			}
			if container != nil && len(container.Places(f)) > 0 {
				b = mediatest.Apply(t, container, f, b, media.Put{Place: container.Places(f)[0], Value: []byte(label)})
			}
			made, _ := put(t, tools, b, f)
			found, err := file.Detect(t.Context(), tools, media.Memory(made), f, key, len(payload), false)
			if err != nil || !bytes.Equal(found.Payload, payload) {
				t.Errorf("%+v was found, %v", found, err)
			}
			was, is := probe(t, tools, c.name, b), probe(t, tools, c.name, made)
			x, _ := was.First("audio")
			y, _ := is.First("audio")
			if x.Codec != y.Codec || x.SampleRate != y.SampleRate || x.Channels != y.Channels || x.RawBits != y.RawBits || x.SampleFormat != y.SampleFormat {
				t.Errorf("%+v became %+v", x, y)
			}
			if d := math.Abs(float64(was.Format.Duration - is.Format.Duration)); d > 0.06 {
				t.Errorf("%v seconds became %v", was.Format.Duration, is.Format.Duration)
			}
			if q := float64(is.Format.BitRate / was.Format.BitRate); q < 0.8 || q > 1.25 {
				t.Errorf("%v bits a second became %v", was.Format.BitRate, is.Format.BitRate)
			}
			tags := func(p ffmpeg.Probe) string {
				s := ""
				for _, m := range []map[string]string{p.Format.Tags, p.Streams[0].Tags} {
					for k, v := range m {
						if k := strings.ToLower(k); k == "title" || k == "comment" || k == "description" {
							s += k + "=" + v + ";"
						}
					}
				}
				return s
			}
			if c.format != media.AAC && len(tags(was)) < 20 || len(tags(was)) != len(tags(is)) {
				t.Errorf("%q became %q", tags(was), tags(is))
			}
			if container != nil && len(container.Places(f)) > 0 {
				survey, err := container.Scan(media.Memory(made), f)
				if err != nil || len(survey.Labels) != 1 || string(survey.Labels[0].Value) != label {
					t.Errorf("the label became %+v, %v", survey, err)
				}
			}
			mediatest.Output(t, "ffmpeg", "-v", "error", "-xerror", "-i", mediatest.File(t, c.name, made), "-f", "null", "-")
		})
	}
}

func probe(t testing.TB, tools *ffmpeg.Tools, name string, b []byte) ffmpeg.Probe {
	t.Helper()
	p, err := tools.Probe(t.Context(), mediatest.File(t, name, b))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestNotMarkable refuses files whose mark would not be read again, and says so.
func TestNotMarkable(t *testing.T) {
	t.Parallel()
	tools := programs(t)
	silent := wav(6, 16000, 1, 16, 1)
	from := bytes.Index(silent, []byte("data")) + 8
	clear(silent[from : from+6*16000*2])
	moment := mediatest.FFmpeg(t, "moment.wav", "-f", "lavfi", "-i", "anoisesrc=color=pink:d=0.3")
	tone := mediatest.FFmpeg(t, "tone.mp3", "-f", "lavfi", "-i", "sine=440:d=8", "-c:a", "libmp3lame")
	for name, c := range map[string]struct {
		b []byte
		f media.Format
	}{"silence": {silent, media.WAV}, "a moment": {moment, media.WAV}, "a tone": {tone, media.MP3}} {
		_, _, err := file.Mark(t.Context(), tools, media.Memory(c.b), c.f, key, payload, file.Options{})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != watermark.CodeNotMarkable || e.Args["ratio"] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestErrors tells what is wrong.
func TestErrors(t *testing.T) {
	t.Parallel()
	tools := programs(t)
	good := wav(5, 16000, 1, 16, 1)
	adpcm := mediatest.FFmpeg(t, "a.wav", "-f", "lavfi", "-i", "sine=440:d=1", "-c:a", "adpcm_ms")
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx   context.Context
		tools *ffmpeg.Tools
		b     []byte
		f     media.Format
		code  colophon.Code
	}{
		"no format of sound": {t.Context(), tools, good, media.PNG, media.CodeUnsupported},
		"other samples":      {t.Context(), tools, adpcm, media.WAV, media.CodeUnsupported},
		"no WAV":             {t.Context(), tools, []byte("RIFF....WAVE"), media.WAV, media.CodeMalformed},
		"cut off":            {t.Context(), tools, good[:len(good)-1000], media.WAV, media.CodeTruncated},
		"no ffmpeg":          {t.Context(), nil, good, media.MP3, ffmpeg.CodeMissing},
		"no MP3":             {t.Context(), tools, []byte("this is no sound"), media.MP3, ffmpeg.CodeFailed},
		"stopped, WAV":       {stopped, nil, good, media.WAV, ""},
		"stopped, MP3":       {stopped, tools, good, media.MP3, ""},
	} {
		_, _, err := file.Mark(c.ctx, c.tools, media.Memory(c.b), c.f, key, payload, file.Options{})
		_, again := file.Detect(c.ctx, c.tools, media.Memory(c.b), c.f, key, 8, false)
		for _, err := range []error{err, again} {
			var e *colophon.Error
			if c.code == "" && !errors.Is(err, context.Canceled) || c.code != "" && (!errors.As(err, &e) || e.Code != c.code) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, _, err := file.Mark(t.Context(), nil, media.Memory(good), media.WAV, key, []byte("seven b"), file.Options{}); err == nil {
		t.Error("a payload of seven bytes")
	}
}
