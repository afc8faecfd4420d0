package file

import (
	"context"
	"encoding/binary"
	"io"
	"math"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/sound"
)

// wave is a WAV or RF64 file as far as a mark concerns it.
type wave struct {
	src            media.Source
	rate, channels int
	pcm            pcm
	off, n         int64 // of whole moments of samples
}

const (
	maxChunks = 10_000
	piece     = 1 << 18 // bytes that are read at once, about
)

// openWave finds the samples of a file.
func openWave(src media.Source) (*wave, error) {
	head, err := media.Bytes(src, "RIFF header", 0, 12)
	if err != nil {
		return nil, err
	}
	id := string(head[:4])
	if id != "RIFF" && id != "RF64" {
		return nil, media.Malformed("RIFF header", 0, "RIFF or RF64 at the beginning")
	}
	if string(head[8:]) != "WAVE" {
		return nil, media.Malformed("RIFF header", 8, "the form type WAVE")
	}
	f, long := &wave{src: src}, int64(-1)
	for at, count := int64(12), 0; at+8 <= src.Size(); count++ {
		if count == maxChunks {
			return nil, media.TooMany("RIFF chunk", at, maxChunks)
		}
		head, err := media.Bytes(src, "RIFF chunk", at, 8)
		if err != nil {
			return nil, err
		}
		id, n := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
		at += 8
		if id == "data" {
			if n == math.MaxUint32 { // the size stands elsewhere, or was not known when the header was written
				if n = src.Size() - at; long >= 0 {
					n = long
				}
			}
			if err := media.Within(src, "data", at, n); err != nil {
				return nil, err
			}
			if f.channels == 0 {
				break
			}
			f.off, f.n = at, n-n%int64(f.frame())
			return f, nil
		}
		if err := media.Within(src, "RIFF chunk", at, n); err != nil {
			return nil, err
		}
		switch {
		case id == "ds64" && n >= 28:
			b, err := media.Bytes(src, "ds64", at, 28)
			if err != nil {
				return nil, err
			}
			long = int64(min(binary.LittleEndian.Uint64(b[8:]), math.MaxInt64))
		case id == "fmt ":
			if err := f.format(at, n); err != nil {
				return nil, err
			}
		}
		at += n + n&1
	}
	return nil, media.Malformed("RIFF", 12, "one data chunk behind the fmt chunk")
}

// frame is the size of one sample of all channels, in bytes.
func (f *wave) frame() int { return f.pcm.bytes * f.channels }

// format reads the fmt chunk.
func (f *wave) format(at, n int64) error {
	if n < 16 {
		return media.Malformed("fmt ", at, "at least 16 bytes")
	}
	b, err := media.Bytes(f.src, "fmt ", at, min(n, 40))
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	tag, bits := le.Uint16(b), int(le.Uint16(b[14:]))
	f.channels, f.rate = int(le.Uint16(b[2:])), int(le.Uint32(b[4:]))
	f.pcm = pcm{bytes: (bits + 7) / 8, valid: bits}
	if tag == 0xFFFE && len(b) == 40 {
		if v := int(le.Uint16(b[18:])); v > 0 && v < bits {
			f.pcm.valid = v
		}
		tag = le.Uint16(b[24:])
	}
	f.pcm.float = tag == 3
	switch {
	case tag == 1 && bits >= 1 && bits <= 32, tag == 3 && (bits == 32 || bits == 64):
	default:
		return media.Unsupported("fmt ", at, "samples of PCM, of up to 32 bits or floating point")
	}
	if f.channels < 1 || f.channels > sound.MaxChannels || f.rate < sound.MinRate || f.rate > sound.MaxRate {
		return media.Unsupported("fmt ", at, "1 to 64 channels of 8 to 384 kHz")
	}
	if int(le.Uint16(b[12:])) != f.frame() {
		return media.Malformed("fmt ", at, "a block alignment of channels by bytes")
	}
	return nil
}

// each hands over the samples, interleaved, some at a time.
func (f *wave) each(ctx context.Context, take func([]float32) error) error {
	size := max(1, piece/f.frame()) * f.frame()
	b, samples := make([]byte, min(int64(size), f.n)), []float32(nil)
	for at := int64(0); at < f.n; at += int64(len(b)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		b = b[:min(int64(len(b)), f.n-at)]
		if err := media.Fill(f.src, "data", b, f.off+at); err != nil {
			return err
		}
		samples = f.pcm.decode(samples[:0], b)
		if err := take(samples); err != nil {
			return err
		}
	}
	return nil
}

// wave writes the marked file.
func (w *work) wave(ctx context.Context) (Source, error) {
	f, err := openWave(w.src)
	if err != nil {
		return nil, err
	}
	edit := new(media.Edit)
	edit.Keep(0, f.off)
	edit.Stream(f.n, func(out io.Writer) error {
		e, err := w.embedder(f.rate, f.channels)
		if err != nil {
			return err
		}
		var marked []float32
		var b []byte
		done, each := 0, float64(f.rate*f.channels)
		send := func() error {
			b = f.pcm.encode(b[:0], marked)
			done += len(marked)
			w.options.Progress(float64(done)/each, float64(f.n/int64(f.frame()))/float64(f.rate))
			_, err := out.Write(b)
			return err
		}
		if err := f.each(ctx, func(samples []float32) error {
			marked = e.Add(marked[:0], samples)
			return send()
		}); err != nil {
			return err
		}
		marked = e.Close(marked[:0])
		w.distance = e.Distance()
		return send()
	})
	edit.Keep(f.off+f.n, w.src.Size()-f.off-f.n)
	if _, err := w.embedder(f.rate, f.channels); err != nil {
		return nil, err
	}
	return w.write(edit)
}

// readWAV looks at all samples of a file.
func readWAV(ctx context.Context, src media.Source, key watermark.Key, search sound.Search) (*sound.Reader, error) {
	f, err := openWave(src)
	if err != nil {
		return nil, err
	}
	r, err := sound.NewReader(key, f.rate, f.channels, search)
	if err != nil {
		return nil, err
	}
	return r, f.each(ctx, func(samples []float32) error {
		r.Add(samples)
		return nil
	})
}
