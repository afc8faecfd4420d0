package box

import (
	"cmp"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"sort"

	"github.com/colophon-project/colophon/internal/media"
)

// Plan collects changes of a file and makes a media.Edit of them. Sizes of the boxes around a change and offsets to
// bytes that move are corrected when the Edit is made.
type Plan struct {
	src       media.Source
	changes   []*Change
	growth    map[int64]*growth // by the offset of the box
	moves     []move
	tables    []*table
	indexes   []*index
	locations []*Locations
}

// Change is one replaced range of the file.
type Change struct {
	off, del int64
	ins      []byte
	n        int64                 // bytes that come in
	stream   func(io.Writer) error // writes them, where ins is nil
	in       *Box
	at       int64 // where they begin in the new file
}

// move is one step of the map from old offsets to new ones.
type move struct {
	off, end int64 // the range that has no image, empty for an insertion
	shift    int64 // of everything from end on
}

type growth struct {
	box *Box
	by  int64
}

// NewPlan returns an empty plan for src.
func NewPlan(src media.Source) *Plan {
	return &Plan{src: src, growth: map[int64]*growth{}}
}

// Replace puts ins in the place of the del bytes at off. The box in is the innermost one around the range, nil at the
// top of the file.
func (p *Plan) Replace(in *Box, off, del int64, ins []byte) *Change {
	return p.add(&Change{off: off, del: del, ins: ins, n: int64(len(ins)), in: in})
}

// Insert puts ins before the byte at off.
func (p *Plan) Insert(in *Box, off int64, ins []byte) *Change { return p.Replace(in, off, 0, ins) }

// Remove takes a box out.
func (p *Plan) Remove(b *Box) { p.Replace(b.Parent, b.Offset, b.Size, nil) }

// Growth is by how much a box has grown so far.
func (p *Plan) Growth(b *Box) int64 {
	if g := p.growth[b.Offset]; g != nil {
		return g.by
	}
	return 0
}

// grow notes that a box and all around it grow.
func (p *Plan) grow(b *Box, by int64) {
	for ; b != nil; b = b.Parent {
		g := p.growth[b.Offset]
		if g == nil {
			g = &growth{box: b}
			p.growth[b.Offset] = g
		}
		g.by += by
	}
}

// Resize gives a free box, with an 8-byte header, another size, which must be 0 or at least 8. It reports false when
// that can't be.
func (p *Plan) Resize(free *Box, size int64) bool {
	if free.Header != 8 || free.Open || size < 0 || size > 0 && size < 8 || size > math.MaxUint32 {
		return false
	}
	switch {
	case size == 0:
		p.Remove(free)
	case size <= free.Size:
		p.Replace(free.Parent, free.Offset, 8+free.Size-size, header(size, free.Type))
	default:
		ins := make([]byte, 8+size-free.Size)
		copy(ins, header(size, free.Type))
		p.Replace(free.Parent, free.Offset, 8, ins)
	}
	return true
}

// Free returns a padding box of n bytes, at least 8.
func Free(n int64) []byte {
	b := make([]byte, n)
	copy(b, header(n, "free"))
	return b
}

func header(size int64, t string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(size)), t...)
}

func (p *Plan) add(c *Change) *Change {
	p.changes = append(p.changes, c)
	p.grow(c.in, c.n-c.del)
	return c
}

// resize changes how many bytes a change brings in.
func (p *Plan) resize(c *Change, n int64) {
	p.grow(c.in, n-c.n)
	c.n = n
}

// Edit returns the new file. The plan MUST NOT be used afterwards.
func (p *Plan) Edit() (*media.Edit, error) {
	if err := p.layout(); err != nil {
		return nil, err
	}
	if len(p.moves) > 0 || len(p.locations) > 0 {
		if err := p.relocate(); err != nil {
			return nil, err
		}
	}
	if err := p.sizes(); err != nil {
		return nil, err
	}
	if err := p.layout(); err != nil {
		return nil, err
	}
	e := new(media.Edit)
	var at int64
	for _, c := range p.changes {
		e.Keep(at, c.off-at)
		if c.stream != nil {
			e.Stream(c.n, c.stream)
		} else {
			e.Put(c.ins)
		}
		at = c.off + c.del
	}
	e.Keep(at, p.src.Size()-at)
	return e, nil
}

// layout orders the changes, checks that they are apart, and computes the map of offsets.
func (p *Plan) layout() error {
	slices.SortStableFunc(p.changes, func(a, b *Change) int {
		if c := cmp.Compare(a.off, b.off); c != 0 {
			return c
		}
		// At one offset, what is inserted comes before what is replaced, and the end of an inner box before the end
		// of an outer one.
		if a.del == 0 && b.del == 0 {
			return cmp.Compare(depth(b.in), depth(a.in))
		}
		return cmp.Compare(min(a.del, 1), min(b.del, 1))
	})
	p.moves = p.moves[:0]
	var at, shift int64
	for _, c := range p.changes {
		if c.off < at || c.del > p.src.Size()-c.off {
			return media.Malformed("box", c.off, "structures that hold labels overlap")
		}
		at = c.off + c.del
		c.at = c.off + shift
		if c.n != c.del {
			shift += c.n - c.del
			p.moves = append(p.moves, move{off: c.off, end: at, shift: shift})
		}
	}
	return nil
}

func depth(b *Box) int {
	n := 0
	for ; b != nil; b = b.Parent {
		n++
	}
	return n
}

// move returns where the byte at an old offset stands in the new file, and false when it is gone.
func (p *Plan) move(off int64) (int64, bool) {
	i := sort.Search(len(p.moves), func(i int) bool { return p.moves[i].end > off })
	if i < len(p.moves) && p.moves[i].off <= off {
		return 0, false
	}
	if i == 0 {
		return off, true
	}
	return off + p.moves[i-1].shift, true
}

// follow is move for the offset that the structure what at the place at holds.
func (p *Plan) follow(what string, at, off int64) (int64, error) {
	to, ok := p.move(off)
	if !ok {
		return 0, media.Unsupported(what, at, "an offset points into metadata that changes")
	}
	return to, nil
}

// whole checks that a range of the old file stays in one piece.
func (p *Plan) whole(what string, at, off, n int64) (int64, error) {
	from, err := p.follow(what, at, off)
	if err != nil || n <= 0 {
		return from, err
	}
	last, err := p.follow(what, at, off+n-1)
	if err == nil && last-from != n-1 {
		err = media.Unsupported(what, at, "a range spans metadata that changes")
	}
	return from, err
}

// sizes corrects the size fields of boxes that have grown.
func (p *Plan) sizes() error {
	for _, g := range p.growth {
		b, size := g.box, g.box.Size+g.by
		if g.by == 0 || b.Open {
			continue
		}
		if b.Header == 16 {
			p.changes = append(p.changes, literal(b.Offset+8, binary.BigEndian.AppendUint64(nil, uint64(size))))
			continue
		}
		if size > math.MaxUint32 {
			return media.TooLarge(name(b.Type), b.Offset, math.MaxUint32)
		}
		p.changes = append(p.changes, literal(b.Offset, binary.BigEndian.AppendUint32(nil, uint32(size))))
	}
	return nil
}

// literal overwrites bytes with as many others.
func literal(off int64, b []byte) *Change {
	return &Change{off: off, del: int64(len(b)), ins: b, n: int64(len(b))}
}
