package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"sync"
)

// maxHeld bounds what a View holds of pieces that write themselves, and window is what it holds of one that is longer; in
// bytes.
const (
	maxHeld = 64 << 20
	window  = 4 << 20
)

// View is the file that an Edit makes, read without being written. It is a Source.
type View struct {
	pieces []piece
	ends   []int64 // of each piece, in the new file
	total  int64

	mu   sync.Mutex
	held struct { // a window of a piece that writes itself
		piece int
		off   int64
		data  []byte
	}
}

// NewView returns the file that e makes of src.
func NewView(e *Edit, src Source) (*View, error) {
	v := &View{}
	held := int64(0)
	for _, p := range e.pieces {
		if p.n == 0 {
			continue
		}
		if p.stream != nil && held+p.n <= maxHeld {
			held += p.n
			b, err := part(p, 0, p.n)
			if err != nil {
				return nil, err
			}
			p = piece{n: p.n, data: b}
		} else if p.data == nil && p.stream == nil && p.from == nil {
			p.from = src
		}
		v.pieces = append(v.pieces, p)
		v.total += p.n
		v.ends = append(v.ends, v.total)
	}
	v.held.piece = -1
	return v, nil
}

// Size is the number of bytes.
func (v *View) Size() int64 { return v.total }

// ReadAt reads as io.ReaderAt asks.
func (v *View) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("media: negative offset %d", off)
	}
	done := 0
	for i := v.at(off); i < len(v.ends) && done < len(b); i++ {
		p := &v.pieces[i]
		inside := off + int64(done) - (v.ends[i] - p.n)
		want := b[done:min(int64(len(b)), int64(done)+p.n-inside)]
		n, err := len(want), error(nil)
		switch {
		case p.data != nil:
			copy(want, p.data[inside:])
		case p.stream != nil:
			err = v.stream(i, want, inside)
		default:
			n, err = p.from.ReadAt(want, p.off+inside)
		}
		if n < len(want) || err != nil && err != io.EOF {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return done + n, err
		}
		done += len(want)
	}
	if done < len(b) {
		return done, io.EOF
	}
	return done, nil
}

// at returns the piece that holds an offset.
func (v *View) at(off int64) int {
	return sort.Search(len(v.ends), func(i int) bool { return v.ends[i] > off })
}

// stream fills b from a piece that writes itself.
func (v *View) stream(i int, b []byte, off int64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := &v.held
	for len(b) > 0 {
		if h.piece != i || off < h.off || off >= h.off+int64(len(h.data)) {
			data, err := part(v.pieces[i], off, min(window, v.pieces[i].n-off))
			if err != nil {
				return err
			}
			h.piece, h.off, h.data = i, off, data
		}
		n := copy(b, h.data[off-h.off:])
		b, off = b[n:], off+int64(n)
	}
	return nil
}

// Compose returns the Edit that makes, of the view's own source, what e makes of the view: two edits in one, so that the
// file between them is never written. Nothing needs to be given when it is applied.
func (v *View) Compose(e *Edit) (*Edit, error) {
	out := new(Edit)
	for _, p := range e.pieces {
		if p.data != nil || p.stream != nil || p.from != nil {
			out.pieces = append(out.pieces, p)
			out.size += p.n
			continue
		}
		if p.off < 0 || p.off+p.n > v.total {
			return nil, fmt.Errorf("media: an edit keeps %d bytes at %d of %d", p.n, p.off, v.total)
		}
		for i, off, left := v.at(p.off), p.off, p.n; left > 0; i++ {
			under := v.pieces[i]
			inside := off - (v.ends[i] - under.n)
			n := min(left, under.n-inside)
			switch {
			case under.data != nil:
				out.Put(under.data[inside : inside+n])
			case under.stream != nil:
				out.Stream(n, func(w io.Writer) error { return slice(under, w, inside, n) })
			default:
				out.Copy(under.from, under.off+inside, n)
			}
			off, left = off+n, left-n
		}
	}
	return out, nil
}

// part returns n bytes at off of what a piece writes.
func part(p piece, off, n int64) ([]byte, error) {
	var b bytes.Buffer
	err := slice(p, &b, off, n)
	return b.Bytes(), err
}

// errEnough ends a piece that has written all that was asked for.
var errEnough = errors.New("media: enough")

// slice writes n bytes at off of what a piece writes.
func slice(p piece, w io.Writer, off, n int64) error {
	s := &sliced{w: w, skip: off, left: n}
	if err := p.stream(s); err != nil && !(errors.Is(err, errEnough) && s.left == 0) {
		return err
	}
	if s.left > 0 || off+n == p.n && s.wrote != p.n {
		return fmt.Errorf("media: a streamed piece wrote %d bytes instead of %d", s.wrote, p.n)
	}
	return nil
}

type sliced struct {
	w                 io.Writer
	skip, left, wrote int64
}

func (s *sliced) Write(b []byte) (int, error) {
	all := len(b)
	s.wrote += int64(all)
	skip := min(s.skip, int64(len(b)))
	s.skip -= skip
	take := b[skip:]
	if take = take[:min(s.left, int64(len(take)))]; len(take) > 0 {
		n, err := s.w.Write(take)
		s.left -= int64(n)
		if err != nil {
			return 0, err
		}
	}
	if s.left == 0 && int64(len(take))+skip < int64(all) {
		return all, errEnough
	}
	return all, nil
}
