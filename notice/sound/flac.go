package sound

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"hash"
	"io"
	"math"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
)

// CodeNoSum is a finding: the file's MD5 of its samples does not fit them, so the new file says that it is not known.
const CodeNoSum colophon.Code = "notice-no-sum"

// flac is a FLAC file as far as a notice concerns it.
type flac struct {
	src      media.Source
	blocks   []flacBlock
	info     []byte // STREAMINFO, 34 bytes
	shape    shape
	depth    int
	first    int64 // where the frames begin
	after    int64 // where they end
	frames   []flacFrame
	variable bool
	block    int // samples in a frame, where that is fixed
}

type flacBlock struct {
	kind   byte
	off, n int64 // the body
}

// flacFrame is one frame of the file.
type flacFrame struct {
	off    int64
	sample int64 // of the programme
	size   int32
	block  int32
	head   uint8 // size of the header
}

// maxFlacFrame is the largest frame that is read, in bytes: 65,536 samples of eight channels of 32 bits, with room.
const maxFlacFrame = 4 << 20

func putFLAC(ctx context.Context, w *work, src media.Source, _ *ffmpeg.Tools) (*media.Edit, error) {
	f, err := readFLAC(ctx, src)
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
	voice := make([]int64, len(mono))
	for i, v := range mono {
		voice[i] = quantise(v, f.depth)
	}
	p := &flacPlan{flac: f, keep: len(f.frames)}
	if w.start {
		n := len(voice) + f.shape.pause()
		n += (f.block - n%f.block) % f.block
		p.head = f.spread(voice, nil, 0, n)
	}
	if w.end {
		var tail [][]int64
		if last := len(f.frames) - 1; last >= 0 && !f.variable && int(f.frames[last].block) < f.block {
			// A short frame may stand at the end alone: its samples go into full ones.
			if tail, err = f.samples(last, nil); err != nil {
				return nil, err
			}
			p.keep, p.again = last, len(tail[0])
		}
		p.tail = f.spread(voice, tail, f.shape.pause(), len(voice)+f.shape.pause())
	}
	added := p.added()
	w.report.Added = float64(added) / float64(f.shape.rate)
	sum, err := p.sum(ctx, w)
	if err != nil {
		return nil, err
	}
	return p.edit(added, sum)
}

// spread lays a notice on all channels: what comes before it, lead samples of silence, the notice, silence up to n.
func (f *flac) spread(voice []int64, before [][]int64, lead, n int) [][]int64 {
	out := make([][]int64, f.shape.channels)
	for c := range out {
		skip := 0
		if before != nil {
			skip = len(before[c])
		}
		out[c] = make([]int64, skip+n)
		if before != nil {
			copy(out[c], before[c])
		}
		if c < f.shape.speakers() {
			copy(out[c][skip+lead:], voice)
		}
	}
	return out
}

func readFLAC(ctx context.Context, src media.Source) (*flac, error) {
	f := &flac{src: src}
	at := int64(0)
	if head, err := media.Head(src, 10); err == nil && len(head) == 10 && string(head[:3]) == "ID3" {
		at = 10 + (int64(head[6]&127)<<21 | int64(head[7]&127)<<14 | int64(head[8]&127)<<7 | int64(head[9]&127))
	}
	mark, err := media.Bytes(src, "FLAC stream", at, 4)
	if err != nil {
		return nil, err
	}
	if string(mark) != "fLaC" {
		return nil, media.Malformed("FLAC stream", at, "fLaC at the beginning")
	}
	at += 4
	for last := false; !last; {
		head, err := media.Bytes(src, "FLAC metadata block", at, 4)
		if err != nil {
			return nil, err
		}
		last = head[0]&0x80 != 0
		b := flacBlock{kind: head[0] & 0x7F, off: at + 4, n: int64(binary.BigEndian.Uint32(head) & 0xFFFFFF)}
		if err := media.Within(src, "FLAC metadata block", b.off, b.n); err != nil {
			return nil, err
		}
		if len(f.blocks) == maxChunks {
			return nil, media.TooMany("FLAC metadata block", at, maxChunks)
		}
		f.blocks = append(f.blocks, b)
		at = b.off + b.n
	}
	for _, b := range f.blocks[1:] {
		if b.kind == 0 {
			return nil, media.Malformed("FLAC metadata block", b.off, "one STREAMINFO")
		}
	}
	if f.blocks[0].kind != 0 || f.blocks[0].n != 34 {
		return nil, media.Malformed("FLAC metadata block", f.blocks[0].off, "STREAMINFO first, of 34 bytes")
	}
	if f.info, err = media.Bytes(src, "STREAMINFO", f.blocks[0].off, 34); err != nil {
		return nil, err
	}
	bits := binary.BigEndian.Uint64(f.info[10:])
	f.shape = shape{rate: int(bits >> 44), channels: int(bits>>41&7) + 1}
	f.depth = int(bits>>36&31) + 1
	if err := f.shape.check("STREAMINFO", f.blocks[0].off); err != nil {
		return nil, err
	}
	f.first, f.after = at, src.Size()
	if f.after-128 >= at {
		if tag, err := media.Bytes(src, "ID3v1", f.after-128, 3); err == nil && string(tag) == "TAG" {
			f.after -= 128
		}
	}
	return f, f.scan(ctx)
}

// scan finds every frame, by the next header whose number follows and the CRC of what stands before it.
func (f *flac) scan(ctx context.Context) error {
	buf, base := []byte(nil), f.first // buf holds the file from base on
	more := func() error {
		n := min(int64(max(1<<20, len(buf))), f.after-base-int64(len(buf)))
		b, err := media.Bytes(f.src, "FLAC frame", base+int64(len(buf)), n)
		buf = append(buf, b...)
		return err
	}
	sample := int64(0)
	for base < f.after {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(buf) < 32 && base+int64(len(buf)) < f.after {
			if err := more(); err != nil {
				return err
			}
		}
		h, ok := readFlacHeader(buf)
		if err := f.agrees(h, ok, base, sample); err != nil {
			return err
		}
		size, crc, counted := 0, uint16(0), 0
		for at := h.size; size == 0; {
			i := bytes.IndexByte(buf[min(at, len(buf)):], 0xFF)
			if i >= 0 && (at+i+16 <= len(buf) || base+int64(len(buf)) == f.after) {
				at += i
				if next, ok := readFlacHeader(buf[at:]); ok && next.variable == h.variable && next.number == h.next() && at >= h.size+2 {
					crc, counted = crc16(crc, buf[counted:at]), at
					if crc == 0 {
						size = at
					}
				}
				at++
				continue
			}
			if base+int64(len(buf)) == f.after {
				size = len(buf)
				if crc16(crc, buf[counted:]) != 0 {
					return media.Malformed("FLAC frame", base, "a CRC-16 that fits")
				}
				break
			}
			if len(buf) > maxFlacFrame {
				return media.TooLarge("FLAC frame", base, maxFlacFrame)
			}
			if i < 0 {
				at = len(buf)
			} else {
				at += i
			}
			if err := more(); err != nil {
				return err
			}
		}
		f.frames = append(f.frames, flacFrame{off: base, sample: sample, size: int32(size), block: int32(h.block), head: uint8(h.size)})
		sample += int64(h.block)
		base += int64(size)
		if buf = buf[size:]; len(buf) < 32 {
			buf = bytes.Clone(buf)
		}
	}
	return f.uniform()
}

// next is the number that the following frame has.
func (h flacHeader) next() int64 {
	if h.variable {
		return h.number + int64(h.block)
	}
	return h.number + 1
}

// agrees holds a frame's header to STREAMINFO and to the frames before it.
func (f *flac) agrees(h flacHeader, ok bool, at, sample int64) error {
	channels := h.assigned + 1
	if h.assigned >= 8 {
		channels = 2
	}
	switch {
	case !ok:
		return media.Malformed("FLAC frame", at, "a frame header with a CRC-8 that fits")
	case len(f.frames) == 0 && h.number != 0:
		return media.Unsupported("FLAC frame", at, "frames numbered from zero")
	case h.variable && h.number != sample:
		return media.Malformed("FLAC frame", at, "the number of its first sample")
	case channels != f.shape.channels || h.bits != 0 && h.bits != f.depth || h.rate != 0 && h.rate != f.shape.rate:
		return media.Unsupported("FLAC frame", at, "the channels, rate and bits of STREAMINFO")
	}
	f.variable = h.variable
	return nil
}

// uniform finds the fixed size of frames.
func (f *flac) uniform() error {
	f.block = int(binary.BigEndian.Uint16(f.info[2:]))
	if f.variable || f.block < 16 {
		f.block = 4096
	}
	if f.variable || len(f.frames) == 0 {
		return nil
	}
	last := len(f.frames) - 1
	if last > 0 {
		f.block = int(f.frames[0].block)
	}
	f.block = max(f.block, int(f.frames[0].block))
	for i, fr := range f.frames {
		if int(fr.block) > f.block || i < last && int(fr.block) != f.block {
			return media.Malformed("FLAC frame", fr.off, "frames of one size in a stream that says so")
		}
	}
	return nil
}

// samples decodes one frame; buffers of an earlier call are used again.
func (f *flac) samples(i int, out [][]int64) ([][]int64, error) {
	fr := f.frames[i]
	b, err := media.Bytes(f.src, "FLAC frame", fr.off, int64(fr.size))
	if err != nil {
		return nil, err
	}
	h, ok := readFlacHeader(b)
	if !ok {
		return nil, media.Malformed("FLAC frame", fr.off, "a frame header with a CRC-8 that fits")
	}
	if out == nil {
		out = make([][]int64, f.shape.channels)
	}
	for c := range out {
		if cap(out[c]) < h.block {
			out[c] = make([]int64, h.block)
		}
		out[c] = out[c][:h.block]
	}
	if err := decodeFlac(b, h, f.depth, out); err != nil {
		return nil, media.Malformed("FLAC frame", fr.off, "samples as RFC 9639 codes them")
	}
	return out, nil
}

// loudness measures the programme, like that of a WAV file.
func (f *flac) loudness(ctx context.Context) (float64, error) {
	const stretches, seconds = 12, 10
	m := newMeter(f.shape)
	each := max(1, seconds*f.shape.rate/max(1, f.block))
	step := max(each, len(f.frames)/stretches)
	for from := 0; from < len(f.frames); from += step {
		if from > 0 && step > each {
			m.gap()
		}
		if err := f.decode(ctx, from, from+each, m.add); err != nil {
			return 0, err
		}
	}
	return m.loudness(), nil
}

// listen takes the programme's two ends.
func (f *flac) listen(ctx context.Context) (*ears, error) {
	e := newEars(f.shape)
	to, from := 0, len(f.frames)
	for n := 0; to < len(f.frames) && n < e.long(); to++ {
		n += int(f.frames[to].block)
	}
	for n := 0; from > 0 && n < e.long(); {
		from--
		n += int(f.frames[from].block)
	}
	if err := f.decode(ctx, 0, to, e.add); err != nil {
		return nil, err
	}
	e.skip()
	return e, f.decode(ctx, from, len(f.frames), e.add)
}

// decode hands over the samples of some frames, interleaved.
func (f *flac) decode(ctx context.Context, from, to int, take func([]float64)) error {
	full := math.Exp2(float64(f.depth - 1))
	var out [][]int64
	var flat []float64
	for i := from; i < min(to, len(f.frames)); i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if out, err = f.samples(i, out); err != nil {
			return err
		}
		flat = flat[:0]
		for n := range out[0] {
			for c := range out {
				flat = append(flat, float64(out[c][n])/full)
			}
		}
		take(flat)
	}
	return nil
}

// flacPlan is the new file: head, the first keep frames of the old, tail.
type flacPlan struct {
	*flac
	head, tail [][]int64
	keep       int // frames of the programme that stay coded as they are
	again      int // samples of the programme in front of tail
}

func length(x [][]int64) int {
	if x == nil {
		return 0
	}
	return len(x[0])
}

func (p *flacPlan) added() int64 { return int64(length(p.head) + length(p.tail) - p.again) }

// sum is the MD5 of all samples, or zeros, which mean that it is not known: where the old file has none, or a wrong one.
func (p *flacPlan) sum(ctx context.Context, w *work) ([]byte, error) {
	none := make([]byte, 16)
	if bytes.Equal(p.info[18:], none) {
		return none, nil
	}
	old, now := md5.New(), md5.New()
	write := func(x [][]int64, from int, to ...hash.Hash) {
		size := (p.depth + 7) / 8
		b := make([]byte, 0, (length(x)-from)*size*len(x))
		for i := from; i < length(x); i++ {
			for c := range x {
				v := x[c][i]
				for k := range size {
					b = append(b, byte(v>>(8*k)))
				}
			}
		}
		for _, h := range to {
			h.Write(b)
		}
	}
	write(p.head, 0, now)
	var out [][]int64
	for i := range p.frames {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if out, err = p.samples(i, out); err != nil {
			return nil, err
		}
		write(out, 0, old, now)
	}
	write(p.tail, p.again, now)
	if !bytes.Equal(old.Sum(nil), p.info[18:]) {
		w.find(CodeNoSum, colophon.Warning)
		return none, nil
	}
	return now.Sum(nil), nil
}

// encode codes samples as frames from a sample of the new file on.
func (p *flacPlan) encode(x [][]int64, from int64) (out []byte, sizes []int) {
	part := make([][]int64, len(x))
	for at := 0; at < length(x); at += p.block {
		for c := range x {
			part[c] = x[c][at:min(at+p.block, len(x[c]))]
		}
		number := from + int64(at)
		if !p.variable {
			number /= int64(p.block)
		}
		was := len(out)
		out = encodeFlac(out, part, p.shape.rate, p.depth, p.variable, number)
		sizes = append(sizes, len(out)-was)
	}
	return out, sizes
}

// rewrite writes the kept frames with the numbers that they have behind head.
func (p *flacPlan) rewrite(w io.Writer) error {
	var out []byte
	for i := range p.keep {
		fr := p.frames[i]
		b, err := media.Bytes(p.src, "FLAC frame", fr.off, int64(fr.size))
		if err != nil {
			return err
		}
		h, ok := readFlacHeader(b)
		if !ok {
			return media.Malformed("FLAC frame", fr.off, "the frame that was there before")
		}
		from := len(out)
		out = h.renumbered(out, b, p.renumber(i))
		out = append(out, b[h.size:len(b)-2]...)
		out = binary.BigEndian.AppendUint16(out, crc16(0, out[from:]))
		if len(out) > 256<<10 || i == p.keep-1 {
			if _, err := w.Write(out); err != nil {
				return err
			}
			out = out[:0]
		}
	}
	return nil
}

func (p *flacPlan) renumber(i int) int64 {
	if p.variable {
		return p.frames[i].sample + int64(length(p.head))
	}
	return int64(i + length(p.head)/p.block)
}

// grown is by how many bytes frame i becomes longer by its new number.
func (p *flacPlan) grown(i int) int {
	old := int64(i)
	if p.variable {
		old = p.frames[i].sample
	}
	return numberSize(p.renumber(i)) - numberSize(old)
}
