package pdf

import (
	"bytes"
	"errors"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	wholeSize   = 1 << 20   // a file up to this size is read at once
	firstLook   = 8 << 10   // how much of an object is read before more is asked for
	maxObject   = 4 << 20   // an object without its stream
	maxSections = 1 << 10   // cross-reference sections
	maxNumber   = 1<<23 - 1 // object numbers (ISO 32000-1, annex C)
	tailSize    = 2 << 10
	longTail    = 256 << 10
)

// file is a PDF file that is read by its cross-reference.
type file struct {
	src      media.Source
	size     int64
	base     int64 // where the header begins: offsets count from it, or from the file's beginning
	whole    []byte
	start    int64     // the newest cross-reference section's offset, as the file states it
	sections []section // newest first
	trailer  dict
	top      int64 // highest object number
	streams  map[int64]*objectStream
	inflated int64 // bytes of all streams inflated so far
}

// open reads the header and the cross-reference of a file.
func open(src media.Source) (*file, error) {
	f := &file{src: src, size: src.Size(), streams: map[int64]*objectStream{}}
	if f.size <= wholeSize {
		whole, err := media.Head(src, f.size)
		if err != nil {
			return f, err
		}
		f.whole = whole
	}
	head, err := f.bytes("PDF header", 0, 1024)
	if err != nil {
		return f, err
	}
	at := bytes.Index(head, []byte("%PDF-"))
	if at < 0 {
		return f, media.Malformed("PDF header", 0, "no %PDF- within the first 1024 bytes")
	}
	f.base = int64(at)
	if f.start, err = f.startxref(); err != nil {
		return f, err
	}
	return f, f.crossReference()
}

// bytes returns up to n bytes at off, fewer at the end of the file.
func (f *file) bytes(what string, off, n int64) ([]byte, error) {
	if off < 0 || off > f.size {
		return nil, media.Truncated(what, off, n, 0)
	}
	n = min(n, f.size-off)
	if f.whole != nil {
		return f.whole[off : off+n : off+n], nil
	}
	return media.Bytes(f.src, what, off, n)
}

// parse calls read with more and more of the file at off until the object that begins there is whole.
func (f *file) parse(what string, off int64, read func(b []byte) error) error {
	for n := int64(firstLook); ; n *= 8 {
		if f.whole != nil {
			n = f.size
		}
		b, err := f.bytes(what, off, min(n, maxObject))
		if err != nil {
			return err
		}
		err = read(b)
		var syntax *syntaxError
		switch {
		case errors.As(err, &syntax):
			return media.Malformed(what, off+int64(syntax.at), syntax.rule)
		case !errors.Is(err, errShort):
			return err
		case off+int64(len(b)) == f.size:
			return media.Truncated(what, off, int64(len(b))+1, int64(len(b)))
		case int64(len(b)) >= maxObject:
			return media.TooLarge(what, off, maxObject)
		}
	}
}

// startxref reads the offset of the newest cross-reference section from the end of the file.
func (f *file) startxref() (int64, error) {
	const what = "PDF startxref"
	for _, n := range []int64{tailSize, longTail} {
		from := max(0, f.size-n)
		b, err := f.bytes(what, from, n)
		if err != nil {
			return 0, err
		}
		at := bytes.LastIndex(b, []byte("startxref"))
		if at < 0 {
			continue
		}
		num := blank(b, at+len("startxref"))
		start, ok := integer(b[num:word(b, num)])
		if !ok {
			return 0, media.Malformed(what, from+int64(at), "no number follows")
		}
		return start, nil
	}
	return 0, media.Malformed(what, f.size, "none near the end of the file")
}

// trailing returns where bytes other than white space begin behind the last end-of-file marker, -1 where none do.
func (f *file) trailing() int64 {
	from := max(0, f.size-longTail)
	b, err := f.bytes("PDF end of file", from, longTail)
	if err != nil {
		return -1
	}
	at := bytes.LastIndex(b, []byte("%%EOF"))
	if at < 0 {
		return -1
	}
	for i := at + len("%%EOF"); i < len(b); i++ {
		if !space(b[i]) {
			return from + int64(i)
		}
	}
	return -1
}
