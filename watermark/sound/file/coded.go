package file

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"strconv"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/sound"
)

// enough is the rate that coded files are read at: bands end below 10 kHz.
const enough = 24_000

// names of files in the scratch folder, by which ffmpeg knows their containers.
func names(f media.Format) (in, out string) {
	end := map[media.Format]string{media.MP3: "mp3", media.M4A: "m4a", media.Opus: "opus", media.Vorbis: "ogg", media.AAC: "aac", media.FLAC: "flac"}[f]
	return "in." + end, "out." + end
}

// opened is a file where ffmpeg can read it.
type opened struct {
	scratch        *ffmpeg.Scratch
	path           string
	stream         ffmpeg.Stream
	probe          ffmpeg.Probe
	rate, channels int
}

// open puts a file into a scratch folder, which the caller MUST close, and asks what is in it.
func open(ctx context.Context, tools *ffmpeg.Tools, src media.Source, f media.Format) (o *opened, err error) {
	scratch, err := tools.Scratch()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			scratch.Close()
		}
	}()
	o = &opened{scratch: scratch}
	in, _ := names(f)
	if o.path, err = scratch.Put(in, src); err != nil {
		return nil, err
	}
	if o.probe, err = tools.Probe(ctx, o.path); err != nil {
		return nil, err
	}
	var ok bool
	if o.stream, ok = o.probe.First("audio"); !ok {
		return nil, media.Malformed("sound", 0, "a stream of sound")
	}
	o.rate, o.channels = int(o.stream.SampleRate), o.stream.Channels
	if o.channels < 1 || o.channels > sound.MaxChannels || o.rate < 1 || o.rate > sound.MaxRate {
		return nil, media.Unsupported("sound", 0, "1 to 64 channels of 8 to 384 kHz")
	}
	return o, nil
}

// decode sends the samples, interleaved, to take.
func (o *opened) decode(ctx context.Context, tools *ffmpeg.Tools, rate, channels int, take func([]float32) error) error {
	return tools.Run(ctx, []string{"-i", o.path, "-map", "0:" + strconv.Itoa(o.stream.Index), "-ac", strconv.Itoa(channels), "-ar", strconv.Itoa(rate),
		"-f", "f32le", "pipe:1"}, nil, &samples{frame: 4 * channels, take: take}, nil)
}

// samples hands on little-endian floats, whatever the pieces that they come in.
type samples struct {
	frame int // bytes
	take  func([]float32) error
	rest  []byte
	list  []float32
}

// Write takes bytes of any number.
func (s *samples) Write(b []byte) (int, error) {
	s.rest = append(s.rest, b...)
	whole := len(s.rest) - len(s.rest)%s.frame
	s.list = pcm{bytes: 4, float: true}.decode(s.list[:0], s.rest[:whole])
	s.rest = append(s.rest[:0], s.rest[whole:]...)
	return len(b), s.take(s.list)
}

// readCoded looks at all that ffmpeg decodes, in one channel.
func readCoded(ctx context.Context, tools *ffmpeg.Tools, src media.Source, f media.Format, key watermark.Key, search sound.Search) (*sound.Reader, error) {
	o, err := open(ctx, tools, src, f)
	if err != nil {
		return nil, err
	}
	defer o.scratch.Close()
	rate := max(sound.MinRate, min(enough, o.rate))
	r, err := sound.NewReader(key, rate, 1, search)
	if err != nil {
		return nil, err
	}
	return r, o.decode(ctx, tools, rate, 1, func(list []float32) error {
		r.Add(list)
		return nil
	})
}

// coded writes the marked file: one ffmpeg decodes, another encodes, and the mark is put in between.
func (w *work) coded(ctx context.Context) (Source, error) {
	o, err := open(ctx, w.tools, w.src, w.format)
	if err != nil {
		return nil, err
	}
	defer o.scratch.Close()
	if o.rate < sound.MinRate {
		return nil, media.Unsupported("sound", 0, "1 to 64 channels of 8 to 384 kHz")
	}
	args, err := o.encoder(w.format)
	if err != nil {
		return nil, err
	}
	e, err := w.embedder(o.rate, o.channels)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, p := io.Pipe()
	decoded := make(chan error, 1)
	go func() {
		err := w.pass(ctx, o, e, p)
		p.CloseWithError(err) // nil is the end of the sound
		decoded <- err
	}()
	_, name := names(w.format)
	full := append([]string{"-f", "f32le", "-ar", strconv.Itoa(o.rate), "-ac", strconv.Itoa(o.channels), "-i", "pipe:0", "-i", o.path, "-map", "0:a"}, args...)
	err = w.tools.Run(ctx, append(full, "-fflags", "+bitexact", "-flags:a", "+bitexact", o.scratch.Path(name)), r, nil, nil)
	r.CloseWithError(io.ErrClosedPipe)
	if err != nil {
		cancel()
	}
	if first := <-decoded; first != nil && (err == nil || ctx.Err() == nil) {
		err = first
	}
	if err != nil {
		return nil, err
	}
	w.distance = e.Distance()
	made, err := take(o.scratch, name)
	if err != nil {
		return nil, err
	}
	edit, err := w.dress(made)
	if err != nil || edit == nil {
		if err != nil {
			made.Close()
		}
		return made, err
	}
	defer made.Close()
	return w.write(edit)
}

// pass sends decoded samples through the embedder to out.
func (w *work) pass(ctx context.Context, o *opened, e *sound.Embedder, out io.Writer) error {
	var marked []float32
	var b []byte
	done, total := 0, float64(o.probe.Format.Duration)
	send := func() error {
		b = pcm{bytes: 4, float: true}.encode(b[:0], marked)
		done += len(marked)
		w.options.Progress(float64(done)/float64(o.rate*o.channels), total)
		_, err := out.Write(b)
		return err
	}
	if err := o.decode(ctx, w.tools, o.rate, o.channels, func(list []float32) error {
		marked = e.Add(marked[:0], list)
		return send()
	}); err != nil {
		return err
	}
	marked = e.Close(marked[:0])
	return send()
}

// encoder is what encodes as the file was encoded: its codec, at its rate of bits. Metadata are left away where dress carries them over.
func (o *opened) encoder(f media.Format) ([]string, error) {
	rate := float64(o.stream.BitRate)
	if rate == 0 {
		rate = float64(o.probe.Format.BitRate)
	}
	channels := float64(o.channels)
	bits := func(low, high float64) string {
		return strconv.Itoa(int(math.Round(min(max(rate, low*channels), high*channels))))
	}
	none := []string{"-map_metadata", "-1", "-map_chapters", "-1"}
	lossless := func() []string {
		if o.stream.RawBits > 16 || o.stream.RawBits == 0 && o.stream.Bits > 16 || o.stream.SampleFormat == "s32" || o.stream.SampleFormat == "s32p" {
			return []string{"-sample_fmt", map[string]string{"flac": "s32", "alac": "s32p"}[o.stream.Codec]}
		}
		return []string{"-sample_fmt", map[string]string{"flac": "s16", "alac": "s16p"}[o.stream.Codec]}
	}
	switch codec := o.stream.Codec; {
	case f == media.MP3 && codec == "mp3":
		return append(none, "-c:a", "libmp3lame", "-b:a", strconv.Itoa(int(min(max(rate, 8000), 320_000))), "-id3v2_version", "0", "-write_xing", "1"), nil
	case f == media.AAC && codec == "aac":
		return append(none, "-c:a", "aac", "-b:a", bits(o.leastAAC(), 256_000), "-f", "adts"), nil
	case f == media.M4A && codec == "aac":
		return []string{"-map_metadata", "-1", "-map_chapters", "1", "-c:a", "aac", "-b:a", bits(o.leastAAC(), 256_000)}, nil
	case f == media.M4A && codec == "alac":
		return append([]string{"-map_metadata", "-1", "-map_chapters", "1", "-c:a", "alac"}, lossless()...), nil
	case f == media.FLAC && codec == "flac":
		return append(append(none, "-c:a", "flac"), lossless()...), nil
	case f == media.Opus && codec == "opus":
		return []string{"-map_metadata", "1", "-map_metadata:s:a", "1:s:" + strconv.Itoa(o.stream.Index), "-c:a", "libopus", "-b:a", bits(6000, 256_000)}, nil
	case f == media.Vorbis && codec == "vorbis":
		of := float64(o.rate)
		return []string{"-map_metadata", "1", "-map_metadata:s:a", "1:s:" + strconv.Itoa(o.stream.Index), "-c:a", "libvorbis", "-b:a", bits(0.75*of, 5*of)}, nil
	default:
		return nil, media.Unsupported("sound", 0, "the usual codec of its format, not "+codec)
	}
}

// leastAAC is the least rate of bits in a channel. What HE-AAC says with few bits ffmpeg's encoder, which makes LC alone, needs more for.
func (o *opened) leastAAC() float64 {
	if o.stream.Profile == "LC" {
		return 8000
	}
	return 40_000
}

// be32 reads four bytes, most significant first.
func be32(b []byte) int64 { return int64(binary.BigEndian.Uint32(b)) }
