package media

import (
	"fmt"
	"io"
)

// Edit is a new file described as ranges of an old one and new bytes between them. The zero value is an empty file.
// Pieces are appended in file order. An Edit is applied once or more to the Source that it was planned on.
type Edit struct {
	pieces []piece
	size   int64
}

type piece struct {
	off, n int64                 // a kept range, when data and stream are nil
	from   Source                // what the range is of, when it is not the source that the Edit was planned on
	data   []byte                // literal bytes
	stream func(io.Writer) error // writes exactly n bytes
}

// Keep appends the range [off, off+n) of the source. Adjacent ranges merge.
func (e *Edit) Keep(off, n int64) { e.Copy(nil, off, n) }

// Copy appends the range [off, off+n) of another source, which MUST stay readable for as long as the Edit is used. Nil is
// the source that the Edit is planned on.
func (e *Edit) Copy(from Source, off, n int64) {
	if n <= 0 {
		return
	}
	e.size += n
	if k := len(e.pieces) - 1; k >= 0 {
		last := &e.pieces[k]
		if last.data == nil && last.stream == nil && last.off+last.n == off && last.from == nil && from == nil {
			last.n += n
			return
		}
	}
	e.pieces = append(e.pieces, piece{off: off, n: n, from: from})
}

// Put appends new bytes. The Edit keeps b; the caller MUST NOT change it afterwards.
func (e *Edit) Put(b []byte) {
	if len(b) == 0 {
		return
	}
	e.size += int64(len(b))
	e.pieces = append(e.pieces, piece{n: int64(len(b)), data: b})
}

// Stream appends n bytes that write produces when the Edit is applied: for tables and pages that are too many to hold.
// The function MUST write exactly n bytes, each time that it is called.
func (e *Edit) Stream(n int64, write func(io.Writer) error) {
	e.size += n
	e.pieces = append(e.pieces, piece{n: n, stream: write})
}

// Size is the size of the new file in bytes.
func (e *Edit) Size() int64 { return e.size }

// RangeCopier is a destination that can copy a range of a source by itself, for example inside the kernel.
// It reports false when it can't and has written nothing.
type RangeCopier interface {
	CopyRange(src io.ReaderAt, off, n int64) (bool, error)
}

// Apply writes the new file to dst.
func (e *Edit) Apply(dst io.Writer, src Source) error {
	var buf []byte
	for i := range e.pieces {
		p := &e.pieces[i]
		switch {
		case p.data != nil:
			if _, err := dst.Write(p.data); err != nil {
				return err
			}
		case p.stream != nil:
			counted := &countingWriter{w: dst}
			if err := p.stream(counted); err != nil {
				return err
			}
			if counted.n != p.n {
				return fmt.Errorf("media: a streamed piece wrote %d bytes instead of %d", counted.n, p.n)
			}
		default:
			src := src
			if p.from != nil {
				src = p.from
			}
			if whole, ok := src.(Memory); ok {
				if err := Within(src, "file", p.off, p.n); err != nil {
					return err
				}
				if _, err := dst.Write(whole[p.off : p.off+p.n]); err != nil {
					return err
				}
				continue
			}
			if copier, ok := dst.(RangeCopier); ok {
				done, err := copier.CopyRange(src, p.off, p.n)
				if err != nil {
					return err
				}
				if done {
					continue
				}
			}
			if buf == nil {
				buf = make([]byte, min(p.n, 256<<10))
			} else if int64(len(buf)) < min(p.n, 256<<10) {
				buf = make([]byte, 256<<10)
			}
			if err := copyRange(dst, src, p.off, p.n, buf); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyRange(dst io.Writer, src Source, off, n int64, buf []byte) error {
	for n > 0 {
		chunk := buf[:min(n, int64(len(buf)))]
		if err := readFull(src, chunk, off); err != nil {
			return err
		}
		if _, err := dst.Write(chunk); err != nil {
			return err
		}
		off += int64(len(chunk))
		n -= int64(len(chunk))
	}
	return nil
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// Splice is one replacement in a file: Delete bytes at Offset give way to Insert.
type Splice struct {
	Offset, Delete int64
	Insert         []byte
}

// Splices plans an Edit from replacements in ascending order of offset that do not overlap.
func Splices(src Source, splices ...Splice) (*Edit, error) {
	e := new(Edit)
	var at int64
	for _, s := range splices {
		if s.Offset < at || s.Delete < 0 || s.Offset+s.Delete > src.Size() {
			return nil, fmt.Errorf("media: splice at %d, %d bytes, after %d in a file of %d", s.Offset, s.Delete, at, src.Size())
		}
		e.Keep(at, s.Offset-at)
		e.Put(s.Insert)
		at = s.Offset + s.Delete
	}
	e.Keep(at, src.Size()-at)
	return e, nil
}
