package sound

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"math/bits"

	"github.com/colophon-project/colophon/internal/media"
)

// ogg is an Ogg file of one logical stream of Opus or Vorbis.
type ogg struct {
	src     media.Source
	serial  uint32
	headers [][]byte // two packets of Opus, three of Vorbis
	audio   int      // the page that sound begins on
	pages   []oggPage
	after   int64 // where pages end
	vorbis  *vorbisBlocks
}

// oggPage is one page of the file.
type oggPage struct {
	off     int64
	granule int64 // samples up to the end of the last packet that ends here; -1 when none does
	size    int32
	length  int32 // samples in the packets that end here
}

// Places in a page's header (RFC 3533, 6).
const (
	oggFlags, oggGranule, oggSerial, oggSeq, oggCRC, oggCount, oggHead = 5, 6, 14, 18, 22, 26, 27
)

// maxOggPages is a limit on the table of pages.
const maxOggPages = 50_000_000

// readOgg walks all pages. A file of several streams is Unsupported; the headers that were found come with that error.
func readOgg(ctx context.Context, src media.Source) (*ogg, error) {
	o := &ogg{src: src, after: src.Size(), audio: -1}
	r := &pageReader{src: src}
	p := packetWalk{o: o}
	for at := int64(0); at < o.after; {
		if err := ctx.Err(); err != nil {
			return o, err
		}
		b, err := r.page(at)
		if err != nil {
			return o, err
		}
		if len(o.pages) == maxOggPages {
			return o, media.TooMany("Ogg page", at, maxOggPages)
		}
		serial := binary.LittleEndian.Uint32(b[oggSerial:])
		if len(o.pages) == 0 {
			o.serial = serial
		} else if serial != o.serial || b[oggFlags]&2 != 0 {
			return o, media.Unsupported("Ogg page", at, "one logical stream")
		}
		if err := p.page(at, b); err != nil {
			return o, err
		}
		at += int64(len(b))
	}
	if len(o.headers) == 0 || len(o.headers) < o.wanted() {
		return o, media.Malformed("Ogg page", 0, "the headers of Opus or Vorbis")
	}
	if o.audio < 0 {
		o.audio = len(o.pages)
	}
	return o, nil
}

// wanted is how many headers the stream has; zero for what is neither Opus nor Vorbis.
func (o *ogg) wanted() int {
	switch h := o.headers[0]; {
	case len(h) >= 19 && string(h[:8]) == "OpusHead" && h[8]>>4 == 0:
		return 2
	case len(h) == 30 && string(h[:7]) == "\x01vorbis":
		return 3
	}
	return 0
}

// packetWalk follows packets through pages.
type packetWalk struct {
	o       *ogg
	started bool    // within a packet
	first   [2]byte // of the packet under way
	have    int
	header  []byte // the header packet under way
	done    bool   // with headers
}

// page takes the next page.
func (p *packetWalk) page(at int64, b []byte) error {
	o := p.o
	entry := oggPage{off: at, size: int32(len(b)), granule: int64(binary.LittleEndian.Uint64(b[oggGranule:]))}
	body := b[oggHead+int(b[oggCount]):]
	for i, lace := range b[oggHead : oggHead+int(b[oggCount])] {
		if !p.started {
			p.started, p.have = true, 0
			if p.done && o.audio < 0 {
				if i != 0 {
					return media.Malformed("Ogg page", at, "sound that begins on a page of its own")
				}
				o.audio = len(o.pages)
			}
		}
		for k := 0; p.have < 2 && k < int(lace); k++ {
			p.first[p.have] = body[k]
			p.have++
		}
		if !p.done {
			if p.header = append(p.header, body[:lace]...); len(p.header) > media.MaxStructure {
				return media.TooLarge("Ogg header", at, media.MaxStructure)
			}
		}
		body = body[lace:]
		if lace == 255 {
			continue
		}
		p.started = false
		if !p.done {
			if err := p.endHeader(at); err != nil {
				return err
			}
			continue
		}
		if o.vorbis != nil {
			entry.length += int32(o.vorbis.next(p.first[:p.have]))
		} else {
			entry.length += int32(opusLength(p.first[:p.have]))
		}
	}
	o.pages = append(o.pages, entry)
	return nil
}

// endHeader takes the header packet that has come to its end.
func (p *packetWalk) endHeader(at int64) error {
	o := p.o
	o.headers = append(o.headers, p.header)
	p.header = nil
	n := o.wanted()
	if n == 0 {
		return media.Malformed("Ogg page", at, "the headers of Opus or Vorbis")
	}
	p.done = len(o.headers) == n
	if p.done && n == 3 {
		if o.vorbis = readVorbisBlocks(o.headers[0], o.headers[2]); o.vorbis == nil {
			return media.Malformed("Vorbis setup header", at, "modes at its end")
		}
	}
	return nil
}

// opusLength is the samples at 48 kHz in a packet (RFC 6716, 3.1).
func opusLength(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	frame, config := 0, int(b[0]>>3)
	switch {
	case config < 12:
		frame = [...]int{480, 960, 1920, 2880}[config&3]
	case config < 16:
		frame = 480 << (config & 1)
	default:
		frame = 120 << (config & 3)
	}
	switch b[0] & 3 {
	case 0:
		return frame
	case 3:
		if len(b) < 2 {
			return 0
		}
		return frame * int(b[1]&63)
	}
	return 2 * frame
}

// vorbisBlocks tells how long the blocks of a Vorbis stream are. Neighbouring blocks overlap: a packet gives a quarter of
// its own block and a quarter of the one before it, the first packet nothing (Vorbis I, 4.3.8).
type vorbisBlocks struct {
	sizes       [2]int // short and long
	long        []bool // by mode
	first, last int    // blocks of the stream's ends
	any         bool
}

// readVorbisBlocks finds the modes, which stand at the end of the setup header, from there backwards: each is a flag, two
// zeros of 16 bits and a mapping of 8, the count in 6 bits comes before them. Nil when there are none.
func readVorbisBlocks(ident, setup []byte) *vorbisBlocks {
	bit := func(i int) int { return int(setup[i>>3]) >> (i & 7) & 1 }
	field := func(at, n int) (v int) {
		for i := range n {
			v |= bit(at+i) << i
		}
		return v
	}
	const size, header = 41, 7 * 8
	end := 8*len(setup) - 1
	for end > header && bit(end) == 0 {
		end--
	}
	at, found := end, 0
	for n := 1; n <= 64 && at-size-6 >= header; n++ {
		at -= size
		if field(at+1, 16) != 0 || field(at+17, 16) != 0 || field(at+33, 8) > 63 {
			break
		}
		if field(at-6, 6)+1 == n {
			found = n
		}
	}
	if found == 0 {
		return nil
	}
	v := &vorbisBlocks{sizes: [2]int{1 << (ident[28] & 15), 1 << (ident[28] >> 4)}}
	for n := found; n > 0; n-- {
		v.long = append(v.long, bit(end-size*n) == 1)
	}
	return v
}

// next is the samples that a packet adds, told from its first byte. A packet that is no sound adds none.
func (v *vorbisBlocks) next(b []byte) int {
	if len(b) == 0 || b[0]&1 != 0 {
		return 0
	}
	mode := int(b[0]>>1) & (1<<bits.Len(uint(len(v.long)-1)) - 1)
	if mode >= len(v.long) {
		return 0
	}
	block := v.sizes[0]
	if v.long[mode] {
		block = v.sizes[1]
	}
	n := 0
	if v.any {
		n = v.last/4 + block/4
	} else {
		v.first = block
	}
	v.any, v.last = true, block
	return n
}

// seam is the samples that appear between the last packet of one stream and the first of another behind it.
func seam(a, b *ogg) int64 {
	if a.vorbis == nil || b.vorbis == nil || !a.vorbis.any || !b.vorbis.any {
		return 0
	}
	return int64(a.vorbis.last/4 + b.vorbis.first/4)
}

// pageReader reads pages through a window.
type pageReader struct {
	src  media.Source
	buf  []byte
	base int64
}

// page returns the page at off, until the next call.
func (r *pageReader) page(off int64) ([]byte, error) {
	b, err := r.bytes(off, oggHead)
	if err != nil {
		return nil, err
	}
	if string(b[:5]) != "OggS\x00" {
		return nil, media.Malformed("Ogg page", off, "OggS and version 0")
	}
	n := oggHead + int(b[oggCount])
	if b, err = r.bytes(off, n); err != nil {
		return nil, err
	}
	for _, lace := range b[oggHead:] {
		n += int(lace)
	}
	return r.bytes(off, n)
}

func (r *pageReader) bytes(off int64, n int) ([]byte, error) {
	if off < r.base || off+int64(n) > r.base+int64(len(r.buf)) {
		size := min(max(int64(n), 256<<10), r.src.Size()-off)
		if size < int64(n) {
			return nil, media.Truncated("Ogg page", off, int64(n), max(0, size))
		}
		r.base, r.buf = off, make([]byte, size)
		if err := media.Fill(r.src, "Ogg page", r.buf, off); err != nil {
			r.buf = nil
			return nil, err
		}
	}
	return r.buf[off-r.base:][:n:n], nil
}

// change is what happens to a page on its way.
type change struct {
	serial  uint32
	seq     uint32
	later   int64 // added to the granule position, where there is one
	granule int64 // in place of it, when positive
	flags   byte  // bits to keep
}

// changed appends a page with other numbers and a new checksum.
func changed(out, page []byte, c change) []byte {
	from := len(out)
	out = append(out, page...)
	p := out[from:]
	le := binary.LittleEndian
	p[oggFlags] &= c.flags
	if g := int64(le.Uint64(p[oggGranule:])); c.granule > 0 {
		le.PutUint64(p[oggGranule:], uint64(c.granule))
	} else if g != -1 {
		le.PutUint64(p[oggGranule:], uint64(g+c.later))
	}
	le.PutUint32(p[oggSerial:], c.serial)
	le.PutUint32(p[oggSeq:], c.seq)
	le.PutUint32(p[oggCRC:], 0)
	le.PutUint32(p[oggCRC:], crcOgg(p))
	return out
}

func crcOgg(b []byte) uint32 {
	c := uint32(0)
	for _, v := range b {
		c = c<<8 ^ oggTable[byte(c>>24)^v]
	}
	return c
}

var oggTable = makeOggTable()

func makeOggTable() (table [256]uint32) {
	for i := range table {
		c := uint32(i) << 24
		for range 8 {
			c = c<<1 ^ 0x04C11DB7&-(c>>31)
		}
		table[i] = c
	}
	return table
}

// samples is the length of all packets, and the last granule position.
func (o *ogg) samples() (full, last int64) {
	for _, p := range o.pages[o.audio:] {
		full += int64(p.length)
		if p.granule >= 0 {
			last = p.granule
		}
	}
	return full, last
}

// begin is the granule position at which the first packet begins: zero but in a part of a broadcast. It is negative where
// the file wants its first samples left out.
func (o *ogg) begin() int64 {
	length := int64(0)
	for i, p := range o.pages[o.audio:] {
		length += int64(p.length)
		if p.granule >= 0 {
			if o.audio+i == len(o.pages)-1 {
				return max(0, p.granule-length) // the last page may be cut short
			}
			return p.granule - length
		}
	}
	return 0
}

// lay makes pages of header packets: the first packet alone on a page, the others together (RFC 7845, 3; Vorbis I, A.2).
func lay(serial uint32, packets ...[]byte) (out []byte, seq uint32) {
	flush := func(flags byte, laces, body []byte, ends bool) {
		p := append([]byte("OggS\x00"), flags)
		p = append(p, make([]byte, oggCount-len(p))...)
		p = append(append(append(p, byte(len(laces))), laces...), body...)
		if !ends {
			binary.LittleEndian.PutUint64(p[oggGranule:], math.MaxUint64) // no packet ends here
		}
		out = changed(out, p, change{serial: serial, seq: seq, flags: 0xFF})
		seq++
	}
	var laces, body []byte
	flags, ends := byte(2), false
	for i, packet := range packets {
		for rest := packet; ; {
			if len(laces) == 255 {
				flush(flags, laces, body, ends)
				flags, laces, body, ends = 0, nil, nil, false
				if len(rest) < len(packet) {
					flags = 1
				}
			}
			n := min(255, len(rest))
			laces, body, rest = append(laces, byte(n)), append(body, rest[:n]...), rest[n:]
			if n < 255 {
				break
			}
		}
		ends = true
		if i == 0 || i == len(packets)-1 {
			flush(flags, laces, body, true)
			flags, laces, body, ends = 0, nil, nil, false
		}
	}
	return out, seq
}

// rewrite writes a range of pages with changed numbers.
func (o *ogg) rewrite(from, to int, c change) func(io.Writer) error {
	return func(w io.Writer) error {
		r := &pageReader{src: o.src}
		var out []byte
		c := c
		for i := from; i < to; i++ {
			b, err := r.page(o.pages[i].off)
			if err != nil {
				return err
			}
			out = changed(out, b, c)
			c.seq++
			if len(out) > 256<<10 || i == to-1 {
				if _, err := w.Write(out); err != nil {
					return err
				}
				out = out[:0]
			}
		}
		return nil
	}
}

func (o *ogg) size(from, to int) (n int64) {
	for _, p := range o.pages[from:to] {
		n += int64(p.size)
	}
	return n
}
