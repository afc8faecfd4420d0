// Package carrier knows where a manifest store lies in each format (C2PA specification 2.2, annex A), and plans files with
// room for one.
//
// Finding goes by the structure of the file: a store is where the specification puts it, and never what a search for bytes
// turns up. A file with two stores is an error, since readers would disagree about which counts. Making room gives an edit
// that keeps every other byte, with a hole whose place and size are known before the store is: that is what lets a
// signature cover the file in one pass over it.
//
// What not to do here: never look inside a store, and never move content that other structures point to without the
// package of its container following those pointers.
package carrier

import (
	"fmt"

	"github.com/colophon-project/colophon/internal/media"
)

// MaxStore is the largest store that is read or written, in bytes.
const MaxStore = 48 << 20

// Place is where the store of a file lies.
type Place struct {
	Store        []byte
	Offset, Size int64    // the range that holds it, with its framing; where a data hash begins and ends to exclude
	Merkle       [][]byte // BMFF: the content of boxes of purpose merkle, in file order
	part         any      // what the format has to remember
}

// Room is a file with a hole for a store.
type Room struct {
	Edit         *media.Edit // the file, with zeros in the hole
	Offset, Size int64       // of the hole in that file
	frame        func(store []byte) []byte
}

// Frame returns the bytes that fill the hole. The store has to have the size that the room was made for.
func (r *Room) Frame(store []byte) []byte { return r.frame(store) }

// Error says which rule a file breaks, and where.
type Error struct {
	Offset int64
	Rule   string
}

// Error renders the error for a log.
func (e *Error) Error() string { return fmt.Sprintf("carrier: %s at %d", e.Rule, e.Offset) }

// format is what this package knows about one.
type format struct {
	find func(media.Source) (*Place, error)
	make func(src media.Source, old *Place, size int) (*Room, error)
}

// of returns what is known about a format.
func of(f media.Format) (format, bool) {
	switch f {
	case media.JPEG:
		return format{findJPEG, makeJPEG}, true
	case media.PNG, media.APNG:
		return format{findPNG, makePNG}, true
	case media.WebP, media.WAV, media.AVI, media.RF64:
		return format{findRIFF, makeRIFF}, true
	case media.GIF:
		return format{findGIF, makeGIF}, true
	case media.TIFF:
		return format{findTIFF, makeTIFF}, true
	case media.SVG:
		return format{findSVG, makeSVG}, true
	case media.MP4, media.MOV, media.M4A, media.AVIF, media.HEIC, media.HEIF:
		return format{findBMFF, makeBMFF}, true
	case media.MP3, media.FLAC:
		return format{findID3, makeID3}, true
	case media.PDF:
		return format{findPDF, makePDF}, true
	case media.Text, media.Markdown:
		return format{findText, makeText}, true
	}
	return format{}, false
}

// Known reports whether a format carries stores.
func Known(f media.Format) bool {
	_, ok := of(f)
	return ok
}

// Boxed reports whether a format is built of boxes, so that its content is bound by a hash over boxes.
func Boxed(f media.Format) bool {
	switch f {
	case media.MP4, media.MOV, media.M4A, media.AVIF, media.HEIC, media.HEIF:
		return true
	}
	return false
}

// Find returns where the store of a file lies, and nil where it has none.
func Find(src media.Source, f media.Format) (*Place, error) {
	known, ok := of(f)
	if !ok {
		return nil, media.Unsupported("C2PA", 0, "no place in this format")
	}
	return known.find(src)
}

// Make plans the file with room for a store of a size. A store that the file has gives way.
func Make(src media.Source, f media.Format, size int) (*Room, error) {
	known, ok := of(f)
	if !ok {
		return nil, media.Unsupported("C2PA", 0, "no place in this format")
	}
	if size > MaxStore {
		return nil, media.TooLarge("C2PA", 0, MaxStore)
	}
	old, err := known.find(src)
	if err != nil {
		return nil, err
	}
	return known.make(src, old, size)
}

// splice plans a file from replacements of which one is the hole.
func splice(src media.Source, hole int, frame func([]byte) []byte, splices ...media.Splice) (*Room, error) {
	e, err := media.Splices(src, splices...)
	if err != nil {
		return nil, err
	}
	r := &Room{Edit: e, Offset: splices[hole].Offset, Size: int64(len(splices[hole].Insert)), frame: frame}
	for _, s := range splices[:hole] {
		r.Offset += int64(len(s.Insert)) - s.Delete
	}
	return r, nil
}

// swap plans a file in which a hole stands at a place, and the old store, wherever that was, is gone.
func swap(src media.Source, old *Place, at int64, frame func([]byte) []byte, size int64) (*Room, error) {
	fresh := media.Splice{Offset: at, Insert: make([]byte, size)}
	if old == nil {
		return splice(src, 0, frame, fresh)
	}
	gone := media.Splice{Offset: old.Offset, Delete: old.Size}
	switch {
	case old.Offset <= at && at <= old.Offset+old.Size:
		gone.Insert = fresh.Insert
		return splice(src, 0, frame, gone)
	case at < old.Offset:
		return splice(src, 0, frame, fresh, gone)
	default:
		return splice(src, 1, frame, gone, fresh)
	}
}

// plain is the frame of a store that stands as it is.
func plain(store []byte) []byte { return store }

// reader reads small ranges through a window.
type reader struct {
	src media.Source
	buf []byte
	at  int64
}

const window = 8 << 10

// bytes returns n bytes at off, which hold until the next call.
func (r *reader) bytes(what string, off int64, n int) ([]byte, error) {
	if i := off - r.at; i >= 0 && i+int64(n) <= int64(len(r.buf)) {
		return r.buf[i : i+int64(n)], nil
	}
	if n > window {
		return media.Bytes(r.src, what, off, int64(n))
	}
	if err := media.Within(r.src, what, off, int64(n)); err != nil {
		return nil, err
	}
	buf := make([]byte, min(window, r.src.Size()-off))
	if cap(r.buf) >= len(buf) {
		buf = r.buf[:len(buf)]
	}
	r.buf, r.at = buf[:0], off
	if err := media.Fill(r.src, what, buf, off); err != nil {
		return nil, err
	}
	r.buf = buf
	return buf[:n], nil
}

// store reads a store that stands in one piece.
func (r *reader) store(what string, off, n int64) ([]byte, error) {
	if n > MaxStore {
		return nil, media.TooLarge(what, off, MaxStore)
	}
	return media.Bytes(r.src, what, off, n)
}

// errTwo reports a second store.
func errTwo(off int64) error { return &Error{off, "a second store"} }
