package part

import (
	"io"

	"github.com/colophon-project/colophon/internal/media"
)

// View is the file that splices make of a source, to be read before it is written.
type View struct {
	src    media.Source
	pieces []piece
	size   int64
}

type piece struct {
	at   int64  // in the new file
	n    int64  // bytes
	data []byte // nil for a range of the source
	off  int64  // in the source
}

var _ media.Source = (*View)(nil)

// NewView returns the view of src after splices, which MUST be such that media.Splices takes them.
func NewView(src media.Source, splices []media.Splice) *View {
	v := &View{src: src}
	var at int64
	for _, s := range splices {
		v.add(piece{off: at, n: s.Offset - at})
		v.add(piece{data: s.Insert, n: int64(len(s.Insert))})
		at = s.Offset + s.Delete
	}
	v.add(piece{off: at, n: src.Size() - at})
	return v
}

func (v *View) add(p piece) {
	if p.n > 0 {
		p.at = v.size
		v.size += p.n
		v.pieces = append(v.pieces, p)
	}
}

// Size returns the size of the new file.
func (v *View) Size() int64 { return v.size }

// ReadAt reads from the new file.
func (v *View) ReadAt(b []byte, off int64) (int, error) {
	done := 0
	for _, p := range v.pieces {
		if done == len(b) {
			return done, nil
		}
		at := off + int64(done) - p.at
		if at < 0 || at >= p.n {
			continue
		}
		want := b[done : done+int(min(p.n-at, int64(len(b)-done)))]
		if p.data != nil {
			copy(want, p.data[at:])
		} else if n, err := v.src.ReadAt(want, p.off+at); n < len(want) {
			return done + n, err
		}
		done += len(want)
	}
	if done < len(b) {
		return done, io.EOF
	}
	return done, nil
}
