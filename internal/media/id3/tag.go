package id3

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	headerSize  = 10
	maxTags     = 16      // tags in a row
	maxFrames   = 1 << 16 // frames of a tag
	maxUnsync   = 8 << 20 // bytes of an unsynchronised tag, which must be held as a whole
	windowSize  = 32 << 10
	flagUnsync  = 0x80
	flagExtHead = 0x40 // in version 2.2: compression
	flagFooter  = 0x10
)

// tag is one ID3v2 tag. Positions (at, body, stop and so on) count in src, which is the file itself, or the decoded
// body where the tag is unsynchronised as a whole.
type tag struct {
	off     int64 // where the header begins in the file
	total   int64 // header, body and footer in the file
	version byte  // 2, 3 or 4
	flags   byte
	late    bool // stands behind the content

	file       media.Source
	src        *window
	body, stop int64 // the range of extended header, frames and padding
	first      int64 // where the first frame begins
	padding    int64 // where the padding begins
	dirty      bool  // what stands behind the frames isn't zeros
	plain      bool  // version 2.4 with sizes that are not synchsafe, as old iTunes wrote them
	fixed      string
	frames     []frame
	raw        []byte // the body as stored, of an unsynchronised tag
}

// frame is where a frame stands.
type frame struct {
	id    string
	at    int64 // its header
	size  int64 // of the content, without the header
	flags byte  // format flags, in the terms of version 2.4
}

func (t *tag) end() int64 { return t.off + t.total }

func (t *tag) frameHeader() int64 {
	if t.version == 2 {
		return 6
	}
	return 10
}

// window reads a source through a buffer, since frames are many and small.
type window struct {
	src media.Source
	buf []byte
	off int64
}

// at returns n bytes at off, which stay valid until the next call.
func (w *window) at(what string, off, n int64) ([]byte, error) {
	if off >= w.off && off+n <= w.off+int64(len(w.buf)) {
		return w.buf[off-w.off : off-w.off+n], nil
	}
	if err := media.Within(w.src, what, off, n); err != nil {
		return nil, err
	}
	if n > windowSize {
		return media.Bytes(w.src, what, off, n)
	}
	size := min(windowSize, w.src.Size()-off)
	if int64(cap(w.buf)) < size {
		w.buf = make([]byte, size)
	}
	w.buf, w.off = w.buf[:size], off
	if err := media.Fill(w.src, what, w.buf, off); err != nil {
		w.buf = w.buf[:0]
		return nil, err
	}
	return w.buf[:n], nil
}

// span returns the length of the tag that a header or footer announces, and whether it is one.
func span(header []byte) (int64, bool) {
	if len(header) < headerSize || string(header[:3]) != "ID3" && string(header[:3]) != "3DI" {
		return 0, false
	}
	if header[3] == 0xFF || header[4] == 0xFF {
		return 0, false
	}
	size, ok := synchsafe(header[6:10])
	if !ok {
		return 0, false
	}
	total := size + headerSize
	if header[3] >= 4 && header[5]&flagFooter != 0 {
		total += headerSize
	}
	return total, true
}

func synchsafe(b []byte) (int64, bool) {
	var n int64
	for _, c := range b[:4] {
		if c >= 0x80 {
			return 0, false
		}
		n = n<<7 | int64(c)
	}
	return n, true
}

func putSynchsafe(b []byte, n int64) {
	for i := 3; i >= 0; i-- {
		b[i] = byte(n & 0x7F)
		n >>= 7
	}
}

// readTag reads the tag at off; w is over the file. It returns nil where no tag begins.
func readTag(w *window, off int64) (*tag, error) {
	if off+headerSize > w.src.Size() {
		return nil, nil
	}
	header, err := w.at("ID3v2 header", off, headerSize)
	if err != nil {
		return nil, err
	}
	total, ok := span(header)
	if !ok || header[0] != 'I' {
		return nil, nil
	}
	t := &tag{off: off, total: total, version: header[3], flags: header[5], file: w.src, src: w}
	if err := media.Within(w.src, "ID3v2 tag", off, total); err != nil {
		return nil, err
	}
	if t.version < 2 || t.version > 4 {
		return nil, media.Unsupported("ID3v2 header", off, "version is none of 2.2, 2.3 and 2.4")
	}
	t.body, t.stop = off+headerSize, off+total
	if t.footer() {
		t.stop -= headerSize
	}
	if t.version == 2 && t.flags&flagExtHead != 0 {
		return nil, media.Unsupported("ID3v2 header", off, "compressed tag, for which version 2.2 states no scheme")
	}
	if t.flags&flagUnsync != 0 && t.version < 4 {
		if err := t.decode(); err != nil {
			return nil, err
		}
	}
	if err := t.extended(); err != nil {
		return nil, err
	}
	return t, t.list()
}

func (t *tag) footer() bool { return t.version == 4 && t.flags&flagFooter != 0 }

// decode takes an unsynchronised body into memory, which is the only way to walk it.
func (t *tag) decode() error {
	if t.stop-t.body > maxUnsync {
		return media.TooLarge("unsynchronised ID3v2 tag", t.off, maxUnsync)
	}
	raw, err := media.Bytes(t.src.src, "ID3v2 tag", t.body, t.stop-t.body)
	if err != nil {
		return err
	}
	decoded := resync(raw)
	t.raw = raw
	t.src = &window{src: bytes.NewReader(decoded), buf: decoded}
	t.body, t.stop = 0, int64(len(decoded))
	return nil
}

// place turns a position into a file offset.
func (t *tag) place(at int64) int64 {
	if t.raw == nil {
		return at
	}
	var stored, seen int64
	for seen < at && stored < int64(len(t.raw)) {
		if t.raw[stored] == 0xFF && stored+1 < int64(len(t.raw)) && t.raw[stored+1] == 0 {
			stored++
		}
		stored++
		seen++
	}
	return t.off + headerSize + stored
}

// extended steps over the extended header and notes what in it forbids an edit.
func (t *tag) extended() error {
	t.first = t.body
	if t.version == 2 || t.flags&flagExtHead == 0 {
		return nil
	}
	const what = "ID3v2 extended header"
	b, err := t.src.at(what, t.body, min(6, t.stop-t.body))
	if err != nil || len(b) < 6 {
		return media.Truncated(what, t.place(t.body), 6, int64(len(b)))
	}
	if t.version == 3 {
		t.first = t.body + 4 + be32(b)
		if b[4]&0x80 != 0 {
			t.fixed = "extended header holds a checksum"
		}
	} else {
		n, ok := synchsafe(b)
		if !ok || n < 6 {
			return media.Malformed(what, t.place(t.body), "size is not synchsafe or below 6")
		}
		t.first = t.body + n
		if b[5]&0x20 != 0 {
			t.fixed = "extended header holds a checksum"
		} else if b[5]&0x10 != 0 {
			t.fixed = "extended header restricts the tag"
		}
	}
	if t.first > t.stop {
		return media.Truncated(what, t.place(t.body), t.first-t.body, t.stop-t.body)
	}
	return nil
}

func be32(b []byte) int64 { return int64(b[0])<<24 | int64(b[1])<<16 | int64(b[2])<<8 | int64(b[3]) }

// list finds the frames.
func (t *tag) list() error {
	err := t.walk()
	if t.version == 4 && (err != nil || t.dirty) {
		second := *t
		second.plain, second.frames, second.dirty = true, nil, false
		if second.walk() == nil && !second.dirty {
			*t = second
			t.fixed = "frame sizes are not synchsafe"
			return nil
		}
	}
	return err
}

// walk steps over the frames up to the padding.
func (t *tag) walk() error {
	const what = "ID3v2 frame"
	head := t.frameHeader()
	at := t.first
	for at+head <= t.stop {
		b, err := t.src.at(what, at, head)
		if err != nil {
			return err
		}
		if b[0] == 0 {
			break
		}
		if len(t.frames) == maxFrames {
			return media.TooMany(what, t.place(at), maxFrames)
		}
		f, ok := t.header(b)
		if !ok {
			return media.Malformed(what, t.place(at), "frame ID or size is not well-formed")
		}
		f.at = at
		if f.size > t.stop-at-head {
			return media.Truncated(what+" "+f.id, t.place(at), head+f.size, t.stop-at)
		}
		t.frames = append(t.frames, f)
		at += head + f.size
	}
	t.padding = at
	return t.zeros(at)
}

// header reads a frame header.
func (t *tag) header(b []byte) (frame, bool) {
	n := 4
	if t.version == 2 {
		n = 3
	}
	for i, c := range b[:n] {
		// Old iTunes left three-letter names of version 2.2 in tags of version 2.3, filled with a space or zero.
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && (i != 3 || c != ' ' && c != 0) {
			return frame{}, false
		}
	}
	f := frame{id: string(b[:n])}
	ok := true
	switch {
	case t.version == 2:
		f.size = int64(b[3])<<16 | int64(b[4])<<8 | int64(b[5])
	case t.version == 3:
		f.size, f.flags = be32(b[4:]), modern(b[9])
	case t.plain:
		f.size, f.flags = be32(b[4:]), b[9]
	default:
		f.size, ok = synchsafe(b[4:])
		f.flags = b[9]
	}
	return f, ok
}

// zeros checks that the padding is nothing else.
func (t *tag) zeros(at int64) error {
	for at < t.stop {
		b, err := t.src.at("ID3v2 padding", at, min(t.stop-at, 4096))
		if err != nil {
			return err
		}
		for _, c := range b {
			if c != 0 {
				t.dirty = true
				return nil
			}
		}
		at += int64(len(b))
	}
	return nil
}
