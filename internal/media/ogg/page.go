package ogg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/colophon-project/colophon/internal/media"
)

// Offsets in a page header (RFC 3533, section 6).
const (
	offVersion = 4
	offFlags   = 5
	offGranule = 6
	offSerial  = 14
	offSeq     = 18
	offCRC     = 22
	offCount   = 26
	headerSize = 27

	maxPage = headerSize + 255 + 255*255
)

// Flags of a page.
const (
	flagContinued = 1 << iota // the page begins inside a packet
	flagBOS                   // first page of a logical stream
	flagEOS                   // last page of a logical stream
)

const (
	capture = "OggS"
	// windowSize is how much is read at once.
	windowSize = 256 << 10
	// maxFalse is how many capture patterns that begin no sound page are looked at before a file counts as noise.
	maxFalse = 4096
)

// page is one page as it stands in the file. Its bytes are valid until the walker moves on.
type page struct {
	off   int64
	raw   []byte
	sound bool // the checksum is right
}

func (p *page) flags() byte     { return p.raw[offFlags] }
func (p *page) granule() uint64 { return binary.LittleEndian.Uint64(p.raw[offGranule:]) }
func (p *page) serial() uint32  { return binary.LittleEndian.Uint32(p.raw[offSerial:]) }
func (p *page) seq() uint32     { return binary.LittleEndian.Uint32(p.raw[offSeq:]) }
func (p *page) crc() uint32     { return binary.LittleEndian.Uint32(p.raw[offCRC:]) }
func (p *page) lacing() []byte  { return p.raw[headerSize : headerSize+int(p.raw[offCount])] }
func (p *page) body() []byte    { return p.raw[headerSize+int(p.raw[offCount]):] }
func (p *page) end() int64      { return p.off + int64(len(p.raw)) }

// pageSize returns the size of the page that b begins with, and 0 when b is too short to tell or begins no page.
func pageSize(b []byte) int {
	if len(b) < headerSize || string(b[:4]) != capture || b[offVersion] != 0 {
		return 0
	}
	count := int(b[offCount])
	if len(b) < headerSize+count {
		return 0
	}
	size := headerSize + count
	for _, n := range b[headerSize : headerSize+count] {
		size += int(n)
	}
	return size
}

// walker goes through a file page by page. Bytes that belong to no page come out as gaps. What it yields from an offset
// on depends on the bytes from there on alone, so a walk may be taken up again at any page.
type walker struct {
	src   media.Source
	at    int64
	buf   []byte // window
	start int64  // where the window stands
	have  int    // bytes of the window that are filled
	wrong int    // false capture patterns met
	page  page
}

func newWalker(src media.Source, at int64) *walker {
	return &walker{src: src, at: at, buf: make([]byte, min(windowSize, max(src.Size(), 1)))}
}

// window returns up to n bytes at off, fewer only where the file ends. n is at most maxPage.
func (w *walker) window(off int64, n int) ([]byte, error) {
	if rest := w.src.Size() - off; int64(n) > rest {
		n = int(max(rest, 0))
	}
	if off < w.start || off+int64(n) > w.start+int64(w.have) {
		kept := 0
		if off >= w.start && off < w.start+int64(w.have) {
			kept = copy(w.buf, w.buf[off-w.start:w.have])
		}
		fill := min(int64(len(w.buf)), w.src.Size()-off)
		if err := media.Fill(w.src, "Ogg page", w.buf[kept:fill], off+int64(kept)); err != nil {
			w.have = 0
			return nil, err
		}
		w.start, w.have = off, int(fill)
	}
	return w.buf[off-w.start:][:n], nil
}

// parse reads the page at off. It reports false where none begins or where the file ends before the page does.
func (w *walker) parse(off int64) (bool, error) {
	b, err := w.window(off, maxPage)
	if err != nil {
		return false, err
	}
	n := pageSize(b)
	if n == 0 || n > len(b) {
		return false, nil
	}
	w.page = page{off: off, raw: b[:n]}
	w.page.sound = checksum(b[:n]) == w.page.crc()
	return true, nil
}

// next returns the next page, or a nil page and the range of a gap. It ends with io.EOF.
func (w *walker) next() (*page, int64, error) {
	if w.at >= w.src.Size() {
		return nil, 0, io.EOF
	}
	off := w.at
	ok, err := w.parse(off)
	if err != nil {
		return nil, 0, err
	}
	if ok && !w.page.sound {
		// A wrong checksum may be damage inside the page, or a header that lies about the page's size. The next page
		// tells which: without one, the search goes on inside.
		if ok, err = w.joins(w.page.end()); err != nil {
			return nil, 0, err
		}
		if ok { // the window may have moved
			_, err = w.parse(off)
		}
	}
	if err != nil {
		return nil, 0, err
	}
	if ok {
		w.at = w.page.end()
		return &w.page, 0, nil
	}
	w.at, err = w.resync(off + 1)
	return nil, w.at - off, err
}

// joins reports whether the file ends or another page begins at off.
func (w *walker) joins(off int64) (bool, error) {
	if off == w.src.Size() {
		return true, nil
	}
	b, err := w.window(off, len(capture))
	return string(b) == capture, err
}

// resync returns where the next sound page begins, or the file's end.
func (w *walker) resync(off int64) (int64, error) {
	for off < w.src.Size() {
		b, err := w.window(off, maxPage)
		if err != nil {
			return 0, err
		}
		i := bytes.Index(b, []byte(capture))
		if i < 0 {
			off += int64(max(len(b)-len(capture)+1, 1))
			continue
		}
		off += int64(i)
		ok, err := w.parse(off)
		if err != nil {
			return 0, err
		}
		if ok && w.page.sound {
			return off, nil
		}
		if w.wrong++; w.wrong > maxFalse {
			return 0, media.TooMany("Ogg page without right checksum", off, maxFalse)
		}
		off++
	}
	return w.src.Size(), nil
}

// renumber writes the range [from, to) of a file, which begins with a page, with the sequence numbers of some logical
// streams moved. A page whose checksum was wrong stays exactly as wrong: damage is not made to look whole.
func renumber(dst io.Writer, src media.Source, from, to int64, deltas map[uint32]uint32) error {
	w := newWalker(src, from)
	scratch := make([]byte, 0, maxPage)
	for w.at < to {
		off := w.at
		p, gap, err := w.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case p == nil:
			if err := copyGap(dst, w, off, min(gap, to-off)); err != nil {
				return err
			}
			continue
		}
		raw := append(scratch[:0], p.raw...) // the window stays what the file holds
		if delta := deltas[p.serial()]; delta != 0 {
			syndrome := p.crc() ^ checksum(raw)
			binary.LittleEndian.PutUint32(raw[offSeq:], p.seq()+delta)
			binary.LittleEndian.PutUint32(raw[offCRC:], checksum(raw)^syndrome)
		}
		if _, err := dst.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

func copyGap(dst io.Writer, w *walker, off, n int64) error {
	for n > 0 {
		b, err := w.window(off, int(min(n, maxPage)))
		if err != nil {
			return err
		}
		if _, err := dst.Write(b); err != nil {
			return err
		}
		off += int64(len(b))
		n -= int64(len(b))
	}
	return nil
}
