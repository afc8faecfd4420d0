// Package part holds what the containers made of chunks and blocks (PNG, GIF, RIFF) share: a [Window] through which the
// headers of a file are read without a system call for each, and a [View] of a file that splices are going to make, so
// that it can be checked before it is written. What not to do here: never read a part's payload through a Window;
// picture data and samples are passed over.
package part

import "github.com/colophon-project/colophon/internal/media"

// Window reads small ranges of a source through a buffer.
type Window struct {
	src   media.Source
	buf   []byte
	from  int64 // what buf begins with
	ahead int   // bytes that a read takes in at least, where the file has them
}

// NewWindow returns a window that begins with the first head bytes of src, and later takes in ahead bytes at a time.
func NewWindow(src media.Source, head, ahead int) (*Window, error) {
	if whole, ok := src.(media.Memory); ok {
		return &Window{src: src, buf: whole[:len(whole):len(whole)], ahead: ahead}, nil
	}
	buf, err := media.Head(src, int64(head))
	if err != nil {
		return nil, err
	}
	return &Window{src: src, buf: buf, ahead: ahead}, nil
}

// Bytes returns n bytes at off, part of the structure what. They are valid until the next call and MUST NOT be changed.
func (w *Window) Bytes(what string, off int64, n int) ([]byte, error) {
	if off < w.from || off-w.from+int64(n) > int64(len(w.buf)) {
		if err := media.Within(w.src, what, off, int64(n)); err != nil {
			return nil, err
		}
		size := int(min(int64(max(n, w.ahead)), w.src.Size()-off))
		if cap(w.buf) < size {
			w.buf = make([]byte, size)
		}
		w.buf, w.from = w.buf[:size], off
		if err := media.Fill(w.src, what, w.buf, off); err != nil {
			w.buf = w.buf[:0]
			return nil, err
		}
	}
	at := int(off - w.from)
	return w.buf[at : at+n : at+n], nil
}

// Copy returns n bytes at off, part of the structure what, as the caller's own. It checks n as media.Bytes does.
func (w *Window) Copy(what string, off, n int64) ([]byte, error) {
	if off < w.from || off-w.from > int64(len(w.buf)) || n < 0 || n > int64(len(w.buf))-(off-w.from) {
		return media.Bytes(w.src, what, off, n)
	}
	at := off - w.from
	return append(make([]byte, 0, n), w.buf[at:at+n]...), nil
}
