package sound

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// coded is a programme that ffmpeg decodes, in a scratch folder.
type coded struct {
	tools   *ffmpeg.Tools
	scratch *ffmpeg.Scratch
	path    string
	stream  ffmpeg.Stream
	probe   ffmpeg.Probe
	shape   shape
	ears    *ears
	loud    float64   // of the programme, in LUFS
	voice   []float64 // the notice, as loud as the programme
}

// maxNotice is the most that a coded notice may take, in bytes: ten seconds of eight channels of floats, with room.
const maxNotice = 64 << 20

// openCoded puts the source where ffmpeg can read it, and measures the programme. The caller MUST close the scratch folder.
func openCoded(ctx context.Context, src media.Source, tools *ffmpeg.Tools, name string) (c *coded, err error) {
	c = &coded{tools: tools}
	if c.scratch, err = tools.Scratch(); err != nil {
		return nil, err
	}
	folder := c.scratch
	defer func() {
		if err != nil {
			folder.Close()
		}
	}()
	if c.path, err = c.scratch.Put(name, src); err != nil {
		return nil, err
	}
	if c.probe, err = tools.Probe(ctx, c.path); err != nil {
		return nil, err
	}
	var ok bool
	if c.stream, ok = c.probe.First("audio"); !ok {
		return nil, media.Malformed("sound", 0, "a stream of sound")
	}
	c.shape = shape{rate: int(c.stream.SampleRate), channels: c.stream.Channels}
	if err := c.shape.check("sound", 0); err != nil {
		return nil, err
	}
	return c, c.measure(ctx)
}

// render makes the notice. gain is what a player adds to all samples of the file, in dB.
func (c *coded) render(w *work, gain float64) {
	c.voice = w.render(c.shape, c.loud, codedCeiling)
	for i := range c.voice {
		c.voice[i] *= ratio(-gain)
	}
}

// measure finds loudness and ends: of the whole of a short programme, and of three stretches of forty seconds of a long
// one, of which the last goes on for as long as there is sound, since the length may be a guess.
func (c *coded) measure(ctx context.Context) error {
	const stretch = 40.0
	m := newMeter(c.shape)
	c.ears = newEars(c.shape)
	run := func(from, length float64) (bytes int64, err error) {
		m.gap()
		c.ears.skip()
		sink := &sampleWriter{channels: c.shape.channels, take: func(x []float64) {
			m.add(x)
			c.ears.add(x)
		}}
		args := []string{}
		if from > 0 {
			args = append(args, "-ss", strconv.FormatFloat(from, 'f', 3, 64))
		}
		args = append(args, "-i", c.path)
		if length > 0 {
			args = append(args, "-t", strconv.FormatFloat(length, 'f', 3, 64))
		}
		args = append(args, "-map", "0:"+strconv.Itoa(c.stream.Index), "-ac", strconv.Itoa(c.shape.channels), "-ar", strconv.Itoa(c.shape.rate),
			"-f", "f32le", "pipe:1")
		err = c.tools.Run(ctx, args, nil, sink, nil)
		return sink.n, err
	}
	parts := [][2]float64{{0, 0}}
	if long := float64(c.probe.Format.Duration); long > 3*stretch {
		parts = [][2]float64{{0, stretch}, {(long - stretch) / 2, stretch}, {long - stretch, 0}}
	}
	for i, p := range parts {
		n, err := run(p[0], p[1])
		if err != nil {
			return err
		}
		if n == 0 && i == len(parts)-1 && i > 0 { // shorter than it says
			if _, err := run(0, 0); err != nil {
				return err
			}
		}
	}
	c.loud = m.loudness()
	return nil
}

// sampleWriter hands on little-endian floats as samples of all channels, whatever the pieces that they come in.
type sampleWriter struct {
	channels int
	take     func([]float64)
	n        int64 // bytes
	rest     []byte
	flat     []float64
}

// Write takes bytes of any number.
func (w *sampleWriter) Write(b []byte) (int, error) {
	w.n += int64(len(b))
	w.rest = append(w.rest, b...)
	whole := len(w.rest) - len(w.rest)%(4*w.channels)
	w.flat = pcm{bytes: 4, float: true}.decode(w.flat[:0], w.rest[:whole])
	w.take(w.flat)
	w.rest = append(w.rest[:0], w.rest[whole:]...)
	return len(b), nil
}

// raw is the notice as floats, lead and tail samples of silence around it.
func (c *coded) raw(lead, tail int) []byte {
	return pcm{bytes: 4, float: true}.lay(c.voice, c.shape, lead, tail)
}

// encode makes the coded notice and returns its bytes. args choose the encoder; name chooses the container.
func (c *coded) encode(ctx context.Context, name string, lead, tail int, args ...string) ([]byte, error) {
	full := []string{"-f", "f32le", "-ar", strconv.Itoa(c.shape.rate), "-ac", strconv.Itoa(c.shape.channels), "-i", "pipe:0", "-map_metadata", "-1",
		"-fflags", "+bitexact", "-flags:a", "+bitexact"}
	full = append(append(full, args...), c.scratch.Path(name))
	if err := c.tools.Run(ctx, full, bytes.NewReader(c.raw(lead, tail)), nil, nil); err != nil {
		return nil, err
	}
	return c.scratch.Read(name, maxNotice)
}

// Reasons for encoding a whole programme anew, as the finding's argument "reason".
const (
	reasonReservoir = "the first frame refers to bytes before it"
	reasonCodebooks = "the notice can't be encoded with the same codebooks"
	reasonProfile   = "the notice can't be encoded with the same parameters"
	reasonLayout    = "the container's layout can't be spliced"
)

// anew encodes the notice and the whole programme as one, and says so. It is for what can't be spliced. What the caller
// does not copy from the old file itself, ffmpeg does as far as it knows it.
func (c *coded) anew(ctx context.Context, w *work, name, reason string, more ...string) (media.Source, error) {
	var args, filter []string
	n := 0
	input := func(lead, tail int, file string) error {
		if _, err := c.scratch.Write(file, bytes.NewReader(c.raw(lead, tail))); err != nil {
			return err
		}
		args = append(args, "-f", "f32le", "-ar", strconv.Itoa(c.shape.rate), "-ac", strconv.Itoa(c.shape.channels), "-i", c.scratch.Path(file))
		filter = append(filter, "["+strconv.Itoa(n)+":a]")
		n++
		return nil
	}
	if w.start {
		if err := input(0, c.shape.pause(), "before.f32"); err != nil {
			return nil, err
		}
	}
	args = append(args, "-i", c.path)
	programme := strconv.Itoa(n)
	filter = append(filter, "["+programme+":"+strconv.Itoa(c.stream.Index)+"]")
	n++
	if w.end {
		if err := input(c.shape.pause(), 0, "after.f32"); err != nil {
			return nil, err
		}
	}
	graph := strings.Join(filter, "") + "concat=n=" + strconv.Itoa(n) + ":v=0:a=1[out]"
	args = append(args, "-filter_complex", graph, "-map", "[out]", "-map_metadata", programme, "-map_chapters", "-1", "-ar", strconv.Itoa(c.shape.rate))
	args = append(append(args, c.encoder()...), more...)
	if err := c.tools.Run(ctx, append(args, c.scratch.Path(name)), nil, nil, nil); err != nil {
		return nil, err
	}
	after, err := c.tools.Probe(ctx, c.scratch.Path(name))
	if err != nil {
		return nil, err
	}
	w.report.Added = float64(after.Format.Duration - c.probe.Format.Duration)
	w.report.Method = "re-encoded"
	w.find(notice.CodeEncodedAnew, colophon.Warning, "reason", reason)
	return c.scratch.Take(name)
}

// encoder is the encoder of the stream's codec, at the stream's own rate of bits or a little above it.
func (c *coded) encoder() []string {
	rate := float64(c.stream.BitRate)
	if rate == 0 {
		rate = float64(c.probe.Format.BitRate)
	}
	rate = max(16_000*float64(c.shape.channels), math.Ceil(rate*1.1/1000)*1000)
	bits := strconv.Itoa(int(rate))
	switch c.stream.Codec {
	case "mp3", "mp2", "mp1":
		return []string{"-c:a", "libmp3lame", "-b:a", strconv.Itoa(int(min(rate, 320_000)))}
	case "opus":
		return []string{"-c:a", "libopus", "-b:a", strconv.Itoa(int(min(rate, 256_000*float64(c.shape.channels))))}
	case "vorbis":
		return []string{"-c:a", "libvorbis", "-b:a", bits}
	case "alac":
		return []string{"-c:a", "alac"}
	case "flac":
		return []string{"-c:a", "flac"}
	}
	return []string{"-c:a", "aac", "-b:a", bits}
}

// be32 reads four bytes, most significant first.
func be32(b []byte) int64 { return int64(binary.BigEndian.Uint32(b)) }
