package sound

import (
	"context"
	"encoding/binary"
	"math"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
)

// wave is a WAV or RF64 file as far as a notice concerns it.
type wave struct {
	src    media.Source
	rf64   bool
	chunks []chunk
	shape  shape
	pcm    pcm
	data   chunk
	ds64   chunk // zero size where there is none
}

// chunk is one chunk: off is where its body begins.
type chunk struct {
	id      string
	off, n  int64
	unsized bool // a stream's data chunk, whose header could not know
}

// maxChunks is the most chunks that a file may have.
const maxChunks = 10_000

func putWave(ctx context.Context, w *work, src media.Source, _ *ffmpeg.Tools) (*media.Edit, error) {
	f, err := readWave(src)
	if err != nil {
		return nil, err
	}
	e, err := f.listen(ctx)
	if err != nil {
		return nil, err
	}
	if w.there(e) {
		return unchanged(src), nil
	}
	programme, err := f.loudness(ctx)
	if err != nil {
		return nil, err
	}
	mono := w.render(f.shape, programme, Ceiling)
	var before, after []byte
	if w.start {
		before = f.pcm.lay(mono, f.shape, 0, f.shape.pause())
	}
	if w.end {
		after = f.pcm.lay(mono, f.shape, f.shape.pause(), 0)
	}
	w.report.Added = float64((len(before)+len(after))/f.frame()) / float64(f.shape.rate)
	return f.edit(before, after)
}

// frame is the size of one sample of all channels, in bytes.
func (f *wave) frame() int { return f.pcm.bytes * f.shape.channels }

func readWave(src media.Source) (*wave, error) {
	head, err := media.Bytes(src, "RIFF header", 0, 12)
	if err != nil {
		return nil, err
	}
	f := &wave{src: src}
	switch string(head[:4]) {
	case "RIFF":
	case "RF64":
		f.rf64 = true
	default:
		return nil, media.Malformed("RIFF header", 0, "RIFF or RF64 at the beginning")
	}
	if string(head[8:]) != "WAVE" {
		return nil, media.Malformed("RIFF header", 8, "the form type WAVE")
	}
	if err := f.walk(); err != nil {
		return nil, err
	}
	if f.data.id == "" {
		return nil, media.Malformed("RIFF", 12, "one data chunk behind the fmt chunk")
	}
	if err := f.shape.check("fmt ", 12); err != nil {
		return nil, err
	}
	if f.data.n%int64(f.frame()) != 0 {
		return nil, media.Malformed("data", f.data.off, "a size that is a multiple of the block alignment")
	}
	return f, nil
}

func (f *wave) walk() error {
	size := f.src.Size()
	for at := int64(12); at+8 <= size; {
		if len(f.chunks) == maxChunks {
			return media.TooMany("RIFF chunk", at, maxChunks)
		}
		head, err := media.Bytes(f.src, "RIFF chunk", at, 8)
		if err != nil {
			return err
		}
		c := chunk{id: string(head[:4]), off: at + 8, n: int64(binary.LittleEndian.Uint32(head[4:]))}
		if c.id == "data" && c.n == math.MaxUint32 {
			if f.rf64 && f.ds64.n >= 28 {
				sizes, err := media.Bytes(f.src, "ds64", f.ds64.off, 28)
				if err != nil {
					return err
				}
				c.n = int64(min(binary.LittleEndian.Uint64(sizes[8:]), math.MaxInt64))
			} else {
				c.n, c.unsized = size-c.off, true
			}
		}
		if c.unsized && f.shape.channels > 0 {
			c.n -= c.n % int64(f.frame())
		}
		if err := media.Within(f.src, "RIFF chunk "+plain(c.id), c.off, c.n); err != nil {
			return err
		}
		f.chunks = append(f.chunks, c)
		switch c.id {
		case "ds64":
			f.ds64 = c
		case "fmt ":
			err = f.format(c)
		case "data":
			if f.data.id != "" {
				return media.Unsupported("data", at, "one data chunk")
			}
			if f.shape.channels == 0 {
				return media.Malformed("data", at, "the fmt chunk before the data")
			}
			f.data = c
		case "wavl", "slnt":
			return media.Unsupported(c.id, at, "samples in one data chunk")
		}
		if err != nil {
			return err
		}
		if c.unsized {
			break
		}
		at = c.off + c.n + c.n&1
	}
	return nil
}

// plain makes a chunk's name printable.
func plain(id string) string {
	b := []byte(id)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

func (f *wave) format(c chunk) error {
	if f.shape.channels != 0 {
		return media.Malformed("fmt ", c.off, "one fmt chunk")
	}
	if c.n < 16 || c.n > 1<<16 {
		return media.Malformed("fmt ", c.off, "at least 16 bytes")
	}
	b, err := media.Bytes(f.src, "fmt ", c.off, c.n)
	if err != nil {
		return err
	}
	tag := binary.LittleEndian.Uint16(b)
	channels, rate := int(binary.LittleEndian.Uint16(b[2:])), binary.LittleEndian.Uint32(b[4:])
	align, bits := int(binary.LittleEndian.Uint16(b[12:])), int(binary.LittleEndian.Uint16(b[14:]))
	valid, mask := bits, uint32(0)
	if tag == 0xFFFE {
		if len(b) < 40 {
			return media.Malformed("fmt ", c.off, "40 bytes in the extensible form")
		}
		if n := int(binary.LittleEndian.Uint16(b[18:])); n > 0 && n <= bits {
			valid = n
		}
		mask = binary.LittleEndian.Uint32(b[20:])
		tag = binary.LittleEndian.Uint16(b[24:])
		if string(b[26:40]) != "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71" {
			return media.Unsupported("fmt ", c.off, "a subformat that is PCM or float")
		}
	}
	if channels == 0 || align == 0 || align%channels != 0 || bits == 0 {
		return media.Malformed("fmt ", c.off, "a block alignment that is a multiple of the channels")
	}
	if rate > math.MaxInt32 {
		return media.Unsupported("fmt ", c.off, "a sample rate between 4,000 and 768,000 Hz")
	}
	f.pcm = pcm{bytes: align / channels, valid: valid, float: tag == 3}
	f.shape = shape{rate: int(rate), channels: channels, mask: mask}
	switch {
	case tag == 1 && f.pcm.bytes <= 4 && bits <= 8*f.pcm.bytes && bits > 8*(f.pcm.bytes-1):
	case tag == 3 && (align == 4*channels && bits == 32 || align == 8*channels && bits == 64):
	default:
		return media.Unsupported("fmt ", c.off, "PCM of 8 to 32 bits or float of 32 or 64")
	}
	return nil
}

// loudness measures the programme: the whole, or twelve stretches of ten seconds from all over a long one.
func (f *wave) loudness(ctx context.Context) (float64, error) {
	const stretches, seconds = 12, 10
	m := newMeter(f.shape)
	total := f.data.n / int64(f.frame())
	length := int64(seconds * f.shape.rate)
	if total <= stretches*length {
		err := f.samples(ctx, 0, total, m.add)
		return m.loudness(), err
	}
	for i := range int64(stretches) {
		m.gap()
		if err := f.samples(ctx, i*(total-length)/(stretches-1), length, m.add); err != nil {
			return 0, err
		}
	}
	return m.loudness(), nil
}

// listen takes the programme's two ends.
func (f *wave) listen(ctx context.Context) (*ears, error) {
	e := newEars(f.shape)
	total := f.data.n / int64(f.frame())
	n := min(total, int64(e.long()))
	if err := f.samples(ctx, 0, n, e.add); err != nil {
		return nil, err
	}
	e.skip()
	return e, f.samples(ctx, total-n, n, e.add)
}

// samples hands over n samples of all channels, interleaved, in pieces.
func (f *wave) samples(ctx context.Context, from, n int64, take func([]float64)) error {
	frame := int64(f.frame())
	buf := make([]byte, min(n, max(1, (256<<10)/frame))*frame)
	samples := make([]float64, 0, len(buf)/f.pcm.bytes)
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := buf[:min(int64(len(buf)), n*frame)]
		if err := media.Fill(f.src, "data", part, f.data.off+from*frame); err != nil {
			return err
		}
		samples = f.pcm.decode(samples[:0], part)
		take(samples)
		got := int64(len(part)) / frame
		from, n = from+got, n-got
	}
	return nil
}

// edit plans the file with samples before and after the programme's. Every other chunk is kept; those that count samples
// are told of the ones that came before.
func (f *wave) edit(before, after []byte) (*media.Edit, error) {
	e := new(media.Edit)
	shift := int64(len(before) / f.frame())
	added := int64(len(before) + len(after))
	newData := f.data.n + added
	head, err := media.Bytes(f.src, "RIFF header", 0, 12)
	if err != nil {
		return nil, err
	}
	// The RIFF size counts the padding of an odd data chunk, which the notice may add or take away.
	pad := f.data.n & 1
	if f.data.off+f.data.n+pad > f.src.Size() {
		pad = 0
	}
	grown := added + newData&1 - pad
	riff := int64(binary.LittleEndian.Uint32(head[4:]))
	if f.data.unsized {
		riff, grown = f.src.Size()-8, f.data.off+newData+newData&1-f.src.Size()
	}
	if !f.rf64 && (riff+grown >= math.MaxUint32 || newData >= math.MaxUint32) {
		return nil, media.NoRoom("RIFF", 4, math.MaxUint32-1)
	}
	if !f.rf64 || riff != math.MaxUint32 {
		binary.LittleEndian.PutUint32(head[4:], uint32(min(riff+grown, math.MaxUint32)))
	}
	e.Put(head)
	at := int64(12)
	for _, c := range f.chunks {
		if c.id == "data" {
			e.Keep(at, c.off-4-at)
			at = f.newData(e, before, after)
			continue
		}
		e.Keep(at, c.off-at)
		at = c.off
		b, err := f.moved(c, shift, added, grown)
		if err != nil {
			return nil, err
		}
		if b != nil {
			e.Put(b)
			at += c.n
		}
	}
	if !f.data.unsized {
		e.Keep(at, f.src.Size()-at)
	}
	return e, nil
}

// newData plans the data chunk from its size field on, and returns where the old file goes on.
func (f *wave) newData(e *media.Edit, before, after []byte) int64 {
	c := f.data
	n := c.n + int64(len(before)+len(after))
	size := uint32(min(n, math.MaxUint32))
	if f.rf64 && f.ds64.n > 0 {
		size = math.MaxUint32
	}
	e.Put(binary.LittleEndian.AppendUint32(nil, size))
	e.Put(before)
	e.Keep(c.off, c.n)
	e.Put(after)
	if n&1 == 1 {
		e.Put([]byte{0})
	}
	at := c.off + c.n
	if c.n&1 == 1 && at < f.src.Size() {
		at++
	}
	return at
}

// moved returns a chunk whose contents count samples, changed, and nil for the others. shift is how many samples come
// before the programme, added how many bytes the data grew by and grown how many the file did.
func (f *wave) moved(c chunk, shift, added, grown int64) ([]byte, error) {
	switch c.id {
	case "ds64", "fact", "cue ", "smpl", "bext", "PEAK":
	default:
		return nil, nil
	}
	b, err := media.Bytes(f.src, c.id, c.off, c.n)
	if err != nil {
		return nil, err
	}
	frames := added / int64(f.frame())
	le := binary.LittleEndian
	later := func(at int) {
		if at+4 <= len(b) {
			le.PutUint32(b[at:], uint32(min(int64(le.Uint32(b[at:]))+shift, math.MaxUint32)))
		}
	}
	switch c.id {
	case "ds64":
		if len(b) < 28 {
			return nil, media.Malformed("ds64", c.off, "at least 28 bytes")
		}
		le.PutUint64(b, le.Uint64(b)+uint64(grown))
		le.PutUint64(b[8:], uint64(f.data.n+added))
		if n := le.Uint64(b[16:]); n != 0 {
			le.PutUint64(b[16:], n+uint64(frames))
		}
	case "fact":
		if len(b) >= 4 && le.Uint32(b) != math.MaxUint32 {
			le.PutUint32(b, uint32(min(f.data.n/int64(f.frame())+frames, math.MaxUint32)))
		}
	case "cue ": // a count, then 24 bytes for each point: position in the play order, and offset in the data
		for at := 4; at+24 <= len(b); at += 24 {
			later(at + 4)
			later(at + 20)
		}
	case "smpl": // 36 bytes, then 24 for each loop: start and end in samples
		for at := 36; at+24 <= len(b); at += 24 {
			later(at + 8)
			later(at + 12)
		}
	case "bext": // the time of the first sample, in samples since midnight
		if len(b) >= 346 {
			if n := le.Uint64(b[338:]); n >= uint64(shift) {
				le.PutUint64(b[338:], n-uint64(shift))
			}
		}
	case "PEAK": // version and time, then a value and its position for each channel
		for at := 8; at+8 <= len(b); at += 8 {
			later(at + 4)
		}
	}
	return b, nil
}
