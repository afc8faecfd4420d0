// Package box walks and rewrites files that are built of boxes: the ISO base media file format (ISO/IEC 14496-12),
// QuickTime, and the image file format that rests on both (ISO/IEC 23008-12).
//
// [Reader] walks boxes through a small window, so that a movie of many gigabytes costs a few reads. [Plan] collects
// changes at any depth and turns them into a media.Edit: it corrects the sizes of all boxes around a change, and when
// bytes move it follows every absolute file offset that these formats know (chunk offsets, item locations, fragment
// bases, random access tables, segment indexes, auxiliary information, C2PA) to where its target went. It knows
// structure alone. What a box means is for internal/media/bmff and internal/media/heif to say.
//
// What not to do here: never trust a declared size, and never move a byte without asking whether an offset points
// behind it.
package box

import (
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
)

// Box is one box as it stands in a file.
type Box struct {
	Type   string // four bytes
	Offset int64  // of its header
	Header int64  // 8, or 16 with a 64-bit size; a user type counts as content
	Size   int64  // with the header; resolved where the file says "to the end"
	Open   bool   // the file says size 0: the box reaches to the end of the file
	Parent *Box   // nil at the top of the file
}

// Body is where the content of the box begins.
func (b *Box) Body() int64 { return b.Offset + b.Header }

// End is the first byte behind the box.
func (b *Box) End() int64 { return b.Offset + b.Size }

// Len is the size of the content.
func (b *Box) Len() int64 { return b.Size - b.Header }

// IsFree reports whether the box is padding.
func (b *Box) IsFree() bool { return b.Type == "free" || b.Type == "skip" }

const (
	window      = 4 << 10
	maxSiblings = 1 << 22 // boxes side by side; a day of one-frame fragments has fewer
)

// Reader reads small structures of a file through a window.
type Reader struct {
	Src media.Source
	win []byte
	off int64 // where win begins in the file
	buf [window]byte
}

// NewReader returns a reader of src.
func NewReader(src media.Source) *Reader { return &Reader{Src: src} }

// Peek returns n bytes at off, at most the window's 4096. They are valid until the next call.
func (r *Reader) Peek(what string, off int64, n int) ([]byte, error) {
	if off >= r.off && off+int64(n) <= r.off+int64(len(r.win)) {
		at := off - r.off
		return r.win[at : at+int64(n)], nil
	}
	if n > window {
		return nil, media.TooLarge(what, off, window)
	}
	if err := media.Within(r.Src, what, off, int64(n)); err != nil {
		return nil, err
	}
	r.win = nil
	load := r.buf[:min(window, r.Src.Size()-off)]
	if err := media.Fill(r.Src, what, load, off); err != nil {
		return nil, err
	}
	r.win, r.off = load, off
	return load[:n], nil
}

// Uint32 reads a big-endian number.
func (r *Reader) Uint32(what string, off int64) (uint32, error) {
	b, err := r.Peek(what, off, 4)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(b), nil
}

// Inside reads n bytes of a box at off, which must lie within the box.
func (r *Reader) Inside(b *Box, off int64, n int) ([]byte, error) {
	if off < b.Body() || off > b.End() || int64(n) > b.End()-off {
		return nil, media.Truncated(b.Type, off, int64(n), max(0, b.End()-off))
	}
	return r.Peek(b.Type, off, n)
}

// Content reads the whole content of a box, up to limit bytes.
func (r *Reader) Content(b *Box, limit int64) ([]byte, error) {
	if b.Len() > limit {
		return nil, media.TooLarge(b.Type, b.Offset, limit)
	}
	return media.Bytes(r.Src, b.Type, b.Body(), b.Len())
}

// At reads the header of the box at off, which must end by end. The parent is nil at the top of the file.
func (r *Reader) At(off, end int64, parent *Box) (Box, error) {
	if end-off < 8 {
		return Box{}, media.Truncated("box", off, 8, max(0, end-off))
	}
	h, err := r.Peek("box", off, int(min(16, end-off)))
	if err != nil {
		return Box{}, err
	}
	b := Box{Type: string(h[4:8]), Offset: off, Header: 8, Size: int64(binary.BigEndian.Uint32(h)), Parent: parent}
	switch {
	case b.Size == 1:
		if len(h) < 16 {
			return Box{}, media.Truncated(name(b.Type), off, 16, int64(len(h)))
		}
		large := binary.BigEndian.Uint64(h[8:])
		if large < 16 {
			return Box{}, media.Malformed(name(b.Type), off, "largesize smaller than the box header")
		}
		if large > uint64(end-off) {
			return Box{}, media.Truncated(name(b.Type), off, int64(min(large, 1<<63-1)), end-off)
		}
		b.Header, b.Size = 16, int64(large)
	case b.Size == 0 && parent == nil:
		b.Size, b.Open = end-off, true
	case b.Size < 8:
		return Box{}, media.Malformed(name(b.Type), off, "size smaller than the box header")
	case b.Size > end-off:
		return Box{}, media.Truncated(name(b.Type), off, b.Size, end-off)
	}
	return b, nil
}

// Children visits the boxes in [from, end of parent) in order and returns where the last one ends. A run of zero bytes
// ends the list, as QuickTime writes it; so do fewer than eight bytes at the end.
func (r *Reader) Children(parent *Box, from int64, visit func(Box) error) (int64, error) {
	end := parent.End()
	if from > end {
		return 0, media.Truncated(name(parent.Type), parent.Offset, from-parent.Offset, parent.Size)
	}
	for n := 0; end-from >= 8; n++ {
		if n == maxSiblings {
			return from, media.TooMany("box in "+name(parent.Type), from, maxSiblings)
		}
		h, err := r.Peek("box", from, 8)
		if err != nil {
			return from, err
		}
		if binary.BigEndian.Uint64(h) == 0 {
			return from, nil
		}
		b, err := r.At(from, end, parent)
		if err != nil {
			return from, err
		}
		if err := visit(b); err != nil {
			return from, err
		}
		from = b.End()
	}
	return from, nil
}

// Top visits the boxes at the top of the file. It returns where they end: before the file's end when bytes follow that
// are no box.
func (r *Reader) Top(visit func(Box) error) (int64, error) {
	end := r.Src.Size()
	var at int64
	for n := 0; at < end; n++ {
		if n == maxSiblings {
			return at, media.TooMany("box", at, maxSiblings)
		}
		if n > 0 && !r.plausible(at, end) {
			return at, nil
		}
		b, err := r.At(at, end, nil)
		if err != nil {
			return at, err
		}
		if err := visit(b); err != nil {
			return at, err
		}
		at = b.End()
	}
	return at, nil
}

// plausible tells a box, even a damaged one, from other bytes behind the last box. A type that is not of those at the
// top of files must fit.
func (r *Reader) plausible(at, end int64) bool {
	if end-at < 8 {
		return false
	}
	h, err := r.Peek("box", at, 8)
	if err != nil {
		return false
	}
	switch string(h[4:]) {
	case "ftyp", "styp", "moov", "moof", "mdat", "meta", "mfra", "sidx", "ssix", "uuid", "free", "skip", "wide", "prft", "emsg", "pdin":
		return true
	}
	for _, c := range h[4:] {
		if (c < ' ' || c > '~') && c != 0xA9 {
			return false
		}
	}
	size := int64(binary.BigEndian.Uint32(h))
	return size == 1 || size >= 8 && size <= end-at
}

// Meta returns where the children of a meta box begin, and whether it has version and flags: ISO boxes do, QuickTime
// atoms do not.
func (r *Reader) Meta(b *Box) (from int64, full bool, err error) {
	if b.Len() < 8 {
		return b.End(), b.Len() >= 4, nil
	}
	h, err := r.Inside(b, b.Body(), 8)
	if err != nil {
		return 0, false, err
	}
	if string(h[4:8]) == "hdlr" || binary.BigEndian.Uint32(h) >= 8 {
		return b.Body(), false, nil
	}
	return b.Body() + 4, true, nil
}

// UserTypeSize is the length of the user type at the beginning of a uuid box's content.
const UserTypeSize = 16

// UserType returns the user type of a uuid box, and "" for any other box.
func (r *Reader) UserType(b *Box) string {
	if b.Type != "uuid" || b.Len() < UserTypeSize {
		return ""
	}
	id, err := r.Peek("uuid", b.Body(), UserTypeSize)
	if err != nil {
		return ""
	}
	return string(id)
}

// User types of uuid boxes that hold what concerns a label.
const (
	UserXMP  = "\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC" // XMP specification part 3
	UserC2PA = "\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81" // C2PA specification, BMFF embedding
)

// name makes a box type fit to stand in a message.
func name(t string) string {
	b := []byte(t)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '.'
		}
	}
	return string(b)
}

// Append appends a box of type t with content body.
func Append(b []byte, t string, body ...[]byte) []byte {
	n := 8
	for _, part := range body {
		n += len(part)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	b = append(b, t...)
	for _, part := range body {
		b = append(b, part...)
	}
	return b
}
