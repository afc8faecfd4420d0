package sound

import (
	"context"
	"encoding/binary"
	"io"
	"strconv"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
)

// mp3 is an MPEG layer III file as far as a notice concerns it.
type mp3 struct {
	src          media.Source
	first, after int64  // where frames begin, that of metadata included, and where they end
	info         []byte // the Xing or Info frame; nil when there is none
	vbri         bool
	frames       []mp3Frame
	head         mp3Header
	borrows      bool // the first frame of sound needs bytes of frames before it
}

type mp3Frame struct {
	off  int64
	size int32
}

// mp3Header is what four bytes say.
type mp3Header struct {
	version         int // 0 is MPEG 2.5, 2 MPEG 2, 3 MPEG 1
	rate, channels  int
	bits            int // a second
	size            int // of the frame, in bytes
	samples, tables int // samples in the frame; bytes of side information
	crc             bool
}

func readMP3Header(b []byte) (h mp3Header, ok bool) {
	if len(b) < 4 || b[0] != 0xFF || b[1]&0xE0 != 0xE0 {
		return h, false
	}
	h.version = int(b[1] >> 3 & 3)
	bits, rate := int(b[2]>>4), int(b[2]>>2&3)
	if h.version == 1 || b[1]>>1&3 != 1 || bits == 0 || bits == 15 || rate == 3 {
		return h, false
	}
	h.crc = b[1]&1 == 0
	h.rate = [...]int{44100, 48000, 32000}[rate] >> [...]int{2, 0, 1, 0}[h.version]
	h.channels, h.samples, h.tables = 2, 1152, 32
	if b[3]>>6 == 3 {
		h.channels, h.tables = 1, 17
	}
	one := [...]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	two := [...]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
	h.bits = one[bits] * 1000
	if h.version != 3 {
		h.bits, h.samples = two[bits]*1000, 576
		h.tables = [...]int{0, 9, 17}[h.channels]
	}
	h.size = h.samples/8*h.bits/h.rate + int(b[2]>>1&1)
	return h, true
}

// side is where the side information begins in a frame.
func (h mp3Header) side() int {
	if h.crc {
		return 6
	}
	return 4
}

// maxMP3Frames is a limit on the table of frames: a month of sound.
const maxMP3Frames = 100_000_000

func readMP3(ctx context.Context, src media.Source) (*mp3, error) {
	m := &mp3{src: src, after: src.Size()}
	for { // one or more ID3v2 tags
		b := make([]byte, 10)
		if m.first+10 > m.after || media.Fill(src, "ID3v2", b, m.first) != nil || string(b[:3]) != "ID3" {
			break
		}
		m.first += 10 + (int64(b[6]&127)<<21 | int64(b[7]&127)<<14 | int64(b[8]&127)<<7 | int64(b[9]&127))
		if b[5]&0x10 != 0 {
			m.first += 10
		}
	}
	buf, base := []byte(nil), int64(0)
	at := func(off int64, n int) []byte { // up to n bytes, from a buffer that moves along
		if off < base || off+int64(n) > base+int64(len(buf)) {
			base = off
			buf = make([]byte, max(0, min(256<<10, m.after-off)))
			if media.Fill(src, "MP3 frame", buf, off) != nil {
				buf = nil
			}
		}
		return buf[min(int64(len(buf)), off-base):min(int64(len(buf)), off-base+int64(n))]
	}
	pos := m.first
	for skipped := 0; ; skipped++ { // padding before the first frame: two headers in a row must agree
		if pos+4 > m.after || skipped > 64<<10 {
			return nil, media.Malformed("MP3", m.first, "a frame of MPEG layer III")
		}
		h, ok := readMP3Header(at(pos, 4))
		if ok && pos+int64(h.size) <= m.after {
			next, more := readMP3Header(at(pos+int64(h.size), 4))
			if more && next.rate == h.rate && next.version == h.version || pos+int64(h.size)+4 > m.after {
				m.head = h
				break
			}
		}
		pos++
	}
	m.first = pos
	for pos < m.after {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b := at(pos, 4)
		h, ok := readMP3Header(b)
		if !ok || pos+int64(h.size) > m.after {
			break // tags, or a frame that was cut off
		}
		if h.rate != m.head.rate || h.version != m.head.version || h.channels != m.head.channels {
			return nil, media.Unsupported("MP3 frame", pos, "frames of one rate and number of channels")
		}
		whole := at(pos, h.size)
		if pos == m.first && m.metadata(whole, h) {
			m.first = pos
			pos += int64(h.size)
			continue
		}
		if len(m.frames) == 0 {
			m.borrows = borrowed(whole, h) > 0
		}
		if len(m.frames) == maxMP3Frames {
			return nil, media.TooMany("MP3 frame", pos, maxMP3Frames)
		}
		m.frames = append(m.frames, mp3Frame{pos, int32(h.size)})
		pos += int64(h.size)
	}
	m.after = pos
	return m, nil
}

// metadata takes the first frame as what it is when it holds counts instead of sound.
func (m *mp3) metadata(b []byte, h mp3Header) bool {
	if x := h.side() + h.tables; len(b) >= x+8 && (string(b[x:x+4]) == "Xing" || string(b[x:x+4]) == "Info") {
		m.info = append([]byte(nil), b...)
		return true
	}
	if x := 4 + 32; len(b) >= x+26 && string(b[x:x+4]) == "VBRI" {
		m.vbri = true
		return true
	}
	return false
}

// borrowed is how many bytes of the frames before it a frame needs: main_data_begin.
func borrowed(b []byte, h mp3Header) int {
	s := h.side()
	if len(b) < s+2 {
		return 0
	}
	if h.version == 3 {
		return int(b[s])<<1 | int(b[s+1])>>7
	}
	return int(b[s])
}

func putMP3(ctx context.Context, w *work, src media.Source, tools *ffmpeg.Tools) (*media.Edit, error) {
	m, err := readMP3(ctx, src)
	if err != nil {
		return nil, err
	}
	c, err := openCoded(ctx, src, tools, "in.mp3")
	if err != nil {
		return nil, err
	}
	defer c.scratch.Close()
	if w.there(c.ears) {
		return unchanged(src), nil
	}
	c.render(w, 0)
	switch {
	case m.vbri:
		return m.anew(ctx, w, c, reasonLayout)
	case m.borrows && w.start:
		return m.anew(ctx, w, c, reasonReservoir)
	}
	p := &mp3Plan{mp3: m}
	bits := m.bitRate()
	encode := func(name string, lead, tail int) (*mp3Piece, error) {
		b, err := c.encode(ctx, name, lead, tail, "-c:a", "libmp3lame", "-b:a", strconv.Itoa(bits), "-id3v2_version", "0", "-write_xing", "1")
		if err != nil {
			return nil, err
		}
		n, err := readMP3(ctx, media.Memory(b))
		if err != nil {
			return nil, err
		}
		if n.head.rate != m.head.rate || n.head.version != m.head.version || n.head.channels != m.head.channels || n.borrows || len(n.frames) == 0 {
			return nil, media.Unsupported("MP3", m.first, reasonProfile)
		}
		piece := &mp3Piece{mp3: n, bytes: b[n.frames[0].off:n.after]}
		piece.delay, piece.padding = gapless(n.info)
		return piece, nil
	}
	if w.start {
		if p.head, err = encode("before.mp3", 0, c.shape.pause()); err != nil {
			return nil, err
		}
	}
	if w.end {
		if p.tail, err = encode("after.mp3", c.shape.pause(), 0); err != nil {
			return nil, err
		}
	}
	return p.edit(w)
}

// anew keeps the tags before and after the frames, and encodes what is between.
func (m *mp3) anew(ctx context.Context, w *work, c *coded, reason string) (*media.Edit, error) {
	made, err := c.anew(ctx, w, "out.mp3", reason, "-id3v2_version", "0", "-write_xing", "1")
	if err != nil {
		return nil, err
	}
	e := new(media.Edit)
	e.Keep(0, m.first)
	e.Copy(made, 0, made.Size())
	e.Keep(m.after, m.src.Size()-m.after)
	return e, nil
}

// bitRate is that of most of the first frames, so that a file of constant rate stays one.
func (m *mp3) bitRate() int {
	counts := map[int]int{}
	best := m.head.bits
	b := make([]byte, 4)
	for _, f := range m.frames[:min(len(m.frames), 200)] {
		if media.Fill(m.src, "MP3 frame", b, f.off) != nil {
			break
		}
		if h, ok := readMP3Header(b); ok {
			if counts[h.bits]++; counts[h.bits] > counts[best] {
				best = h.bits
			}
		}
	}
	return best
}

// lame is where LAME's part of an Info frame begins, or -1.
func lame(info []byte, h mp3Header) int {
	at := h.side() + h.tables
	if len(info) < at+8 {
		return -1
	}
	flags := be32(info[at+4:])
	at += 8
	for i, n := range [...]int{4, 4, 100, 4} {
		if flags>>i&1 == 1 {
			at += n
		}
	}
	if len(info) < at+36 || info[at] == 0 {
		return -1
	}
	return at
}

// gapless is how many samples a decoder leaves away at the start and the end.
func gapless(info []byte) (delay, padding int) {
	h, _ := readMP3Header(info)
	at := lame(info, h)
	if at < 0 {
		return 0, 0
	}
	v := int(info[at+21])<<16 | int(info[at+22])<<8 | int(info[at+23])
	return v >> 12, v & 0xFFF
}

type mp3Piece struct {
	*mp3
	bytes          []byte
	delay, padding int
}

type mp3Plan struct {
	*mp3
	head, tail *mp3Piece
}

// edit plans the file. The programme's frames stand between the notice's as they are; the encoder's delay in front of the
// programme, some 25 ms of silence, becomes a part of the pause.
func (p *mp3Plan) edit(w *work) (*media.Edit, error) {
	e := new(media.Edit)
	delay, padding := gapless(p.info)
	was := delay + padding
	added, sizes := 0, make([]int32, 0, len(p.frames))
	if p.head != nil {
		added += len(p.head.frames)
		sizes = p.head.sizes(sizes)
		delay = p.head.delay
	}
	sizes = p.sizes(sizes)
	if p.tail != nil {
		added += len(p.tail.frames)
		sizes = p.tail.sizes(sizes)
		padding = p.tail.padding
	}
	samples := added * p.mp3.head.samples
	if lame(p.info, p.head0()) >= 0 {
		samples += was - delay - padding
	}
	w.report.Added = float64(samples) / float64(p.mp3.head.rate)
	e.Keep(0, p.first)
	if p.info != nil {
		sum := uint16(0)
		err := p.sound(func(b []byte) error { sum = crcMP3(sum, b); return nil })
		if err != nil {
			return nil, err
		}
		e.Put(p.newInfo(sizes, delay, padding, sum))
	}
	start := p.after
	if len(p.frames) > 0 {
		start = p.frames[0].off
	}
	if p.head != nil {
		e.Put(p.head.bytes)
	}
	e.Keep(start, p.after-start)
	if p.tail != nil {
		e.Put(p.tail.bytes)
	}
	e.Keep(p.after, p.src.Size()-p.after)
	return e, nil
}

func (p *mp3Plan) head0() mp3Header {
	h, _ := readMP3Header(p.info)
	return h
}

func (m *mp3) sizes(out []int32) []int32 {
	for _, f := range m.frames {
		out = append(out, f.size)
	}
	return out
}

// sound gives all frames of the new file in order.
func (p *mp3Plan) sound(take func([]byte) error) error {
	if p.head != nil {
		if err := take(p.head.bytes); err != nil {
			return err
		}
	}
	if len(p.frames) > 0 {
		off := p.frames[0].off
		r := io.NewSectionReader(p.src, off, p.after-off)
		if _, err := io.Copy(writerFunc(take), r); err != nil {
			return err
		}
	}
	if p.tail != nil {
		return take(p.tail.bytes)
	}
	return nil
}

type writerFunc func([]byte) error

// Write hands the bytes over.
func (f writerFunc) Write(b []byte) (int, error) { return len(b), f(b) }

// newInfo is the Info frame with the new counts: frames, bytes, table of contents, delay and padding, length and CRC.
func (p *mp3Plan) newInfo(sizes []int32, delay, padding int, sum uint16) []byte {
	b := append([]byte(nil), p.info...)
	h := p.head0()
	total := int64(len(b))
	for _, n := range sizes {
		total += int64(n)
	}
	be := binary.BigEndian
	at := h.side() + h.tables
	flags := be32(b[at+4:])
	at += 8
	if flags&1 != 0 && len(b) >= at+4 {
		be.PutUint32(b[at:], uint32(len(sizes)))
		at += 4
	}
	if flags&2 != 0 && len(b) >= at+4 {
		be.PutUint32(b[at:], uint32(min(total, 1<<32-1)))
		at += 4
	}
	if flags&4 != 0 && len(b) >= at+100 && len(sizes) > 0 {
		pos, next := int64(len(b)), 0
		for i := range 100 {
			for want := i * len(sizes) / 100; next < want; next++ {
				pos += int64(sizes[next])
			}
			b[at+i] = byte(min(255, pos*256/total))
		}
	}
	if at = lame(b, h); at >= 0 {
		put24(b[at+21:], min(delay, 0xFFF)<<12|min(padding, 0xFFF))
		be.PutUint32(b[at+28:], uint32(min(total, 1<<32-1)))
		be.PutUint16(b[at+32:], sum)
		be.PutUint16(b[at+34:], crcMP3(0, b[:at+34]))
	}
	return b
}

// crcMP3 continues the CRC of LAME's tag: polynomial 0x8005 reflected.
func crcMP3(c uint16, b []byte) uint16 {
	for _, v := range b {
		c = c>>8 ^ crcReflected[byte(c)^v]
	}
	return c
}

var crcReflected = makeReflected()

func makeReflected() (table [256]uint16) {
	for i := range table {
		c := uint16(i)
		for range 8 {
			c = c>>1 ^ 0xA001&-(c&1)
		}
		table[i] = c
	}
	return table
}
