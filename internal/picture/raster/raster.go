// Package raster holds the pixels of a PNG picture as the file has them: samples of 1 to 16 bits, filtered line by line,
// interlaced or not (PNG Specification, Third Edition, sections 7 to 9).
//
// It exists so that a few pixels can be changed without giving the picture another depth or colour type, and without
// touching what is outside them: a line that was not changed goes back with the very bytes that it came with. What not to
// do here: never convert to image.NRGBA and back, which loses 16-bit samples, grey, and the colour of clear pixels.
package raster

import (
	"errors"
	"image"
)

// Colour types.
const (
	Grey      = 0
	RGB       = 2
	Palette   = 3
	GreyAlpha = 4
	RGBA      = 6
)

// Errors about the picture data.
var (
	ErrFormat = errors.New("a depth and colour type that go together")
	ErrShort  = errors.New("picture data for every line")
	ErrFilter = errors.New("a filter type of 0 to 4")
)

// Layout is how a picture's samples are laid out.
type Layout struct {
	Width, Height int
	Depth         int // bits of a sample
	Colour        int // type
	Interlaced    bool
}

// Channels is the number of samples of a pixel.
func (l Layout) Channels() int {
	switch l.Colour {
	case RGB:
		return 3
	case GreyAlpha:
		return 2
	case RGBA:
		return 4
	}
	return 1
}

func (l Layout) sound() bool {
	switch l.Colour {
	case Grey:
		return l.Depth == 1 || l.Depth == 2 || l.Depth == 4 || l.Depth == 8 || l.Depth == 16
	case Palette:
		return l.Depth == 1 || l.Depth == 2 || l.Depth == 4 || l.Depth == 8
	case RGB, GreyAlpha, RGBA:
		return l.Depth == 8 || l.Depth == 16
	}
	return false
}

// pass is one of the pictures that an interlaced one is made of, or the whole.
type pass struct {
	x0, y0, dx, dy int
	w, h           int
	stride         int // bytes of a line without its filter type
	at             int // of the pass in the data
}

// passes returns the passes that have pixels (section 8.1), and the bytes of the filtered data.
func (l Layout) passes() ([]pass, int) {
	list := []pass{{0, 0, 1, 1, 0, 0, 0, 0}}
	if l.Interlaced {
		list = []pass{{0, 0, 8, 8, 0, 0, 0, 0}, {4, 0, 8, 8, 0, 0, 0, 0}, {0, 4, 4, 8, 0, 0, 0, 0}, {2, 0, 4, 4, 0, 0, 0, 0},
			{0, 2, 2, 4, 0, 0, 0, 0}, {1, 0, 2, 2, 0, 0, 0, 0}, {0, 1, 1, 2, 0, 0, 0, 0}}
	}
	kept, size := list[:0], 0
	for _, p := range list {
		p.w, p.h = (l.Width-p.x0+p.dx-1)/p.dx, (l.Height-p.y0+p.dy-1)/p.dy
		if p.w <= 0 || p.h <= 0 {
			continue
		}
		p.stride = (p.w*l.Channels()*l.Depth + 7) / 8
		p.at = size
		size += p.h * (p.stride + 1)
		kept = append(kept, p)
	}
	return kept, size
}

// Size is the number of bytes of the filtered data, or 0 where the layout is none.
func (l Layout) Size() int {
	if !l.sound() || l.Width <= 0 || l.Height <= 0 {
		return 0
	}
	_, n := l.passes()
	return n
}

// Raster is a picture's pixels.
type Raster struct {
	Layout
	list   []pass
	coded  []byte // as in the file: filter type and filtered line
	plain  []byte // the same without the filters; the filter type stays in its place
	marked []bool // lines that were changed, of all passes
}

// Parse takes in the filtered data of a picture, which it keeps.
func Parse(l Layout, coded []byte) (*Raster, error) {
	n := l.Size()
	switch {
	case n == 0:
		return nil, ErrFormat
	case len(coded) < n:
		return nil, ErrShort
	}
	r := blank(l)
	r.coded = coded[:n]
	copy(r.plain, r.coded)
	return r, r.unfilter()
}

// New returns a picture of zeros.
func New(l Layout) *Raster {
	r := blank(l)
	r.coded = make([]byte, len(r.plain))
	for i := range r.marked {
		r.marked[i] = true
	}
	return r
}

func blank(l Layout) *Raster {
	r := &Raster{Layout: l}
	var n, lines int
	r.list, n = l.passes()
	for _, p := range r.list {
		lines += p.h
	}
	r.plain, r.marked = make([]byte, n), make([]bool, lines)
	return r
}

// bpp is how many bytes back the filters look: those of a whole pixel, at least one.
func (l Layout) bpp() int { return max(1, l.Channels()*l.Depth/8) }

func (r *Raster) unfilter() error {
	bpp := r.bpp()
	for _, p := range r.list {
		above := make([]byte, p.stride)
		for y := range p.h {
			at := p.at + y*(p.stride+1)
			line := r.plain[at+1 : at+1+p.stride]
			if !restore(r.plain[at], line, above, bpp) {
				return ErrFilter
			}
			above = line
		}
	}
	return nil
}

func restore(filter byte, line, above []byte, bpp int) bool {
	above = above[:len(line)]
	switch filter {
	case 0:
	case 1:
		for i := bpp; i < len(line); i++ {
			line[i] += line[i-bpp]
		}
	case 2:
		for i := range line {
			line[i] += above[i]
		}
	case 3:
		for i := range min(bpp, len(line)) {
			line[i] += above[i] / 2
		}
		for i := bpp; i < len(line); i++ {
			line[i] += byte((int(line[i-bpp]) + int(above[i])) / 2)
		}
	case 4:
		for channel := range min(bpp, len(line)) {
			a, c := 0, 0
			for i := channel; i < len(line); i += bpp {
				up := int(above[i])
				pa, pb := up-c, a-c
				pc := abs(pa + pb)
				pa, pb = abs(pa), abs(pb)
				switch {
				case pa <= pb && pa <= pc:
				case pb <= pc:
					a = up
				default:
					a = c
				}
				a = (a + int(line[i])) & 0xFF
				line[i] = byte(a)
				c = up
			}
		}
	default:
		return false
	}
	return true
}

// abs is without branches, which the values of a picture would make unpredictable.
func abs(v int) int {
	sign := v >> 63
	return (v ^ sign) - sign
}

func paeth(a, b, c byte) byte {
	pa, pb := int(b)-int(c), int(a)-int(c)
	pc := pa + pb
	if pa < 0 {
		pa = -pa
	}
	if pb < 0 {
		pb = -pb
	}
	if pc < 0 {
		pc = -pc
	}
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

// Span returns the bytes of the filtered data that differ from those that were taken in, from the first to behind the last.
func (r *Raster) Span() (from, to int) {
	n := 0
	from = len(r.coded)
	for _, p := range r.list {
		for y := range p.h {
			if r.marked[n+y] || y > 0 && r.marked[n+y-1] {
				at := p.at + y*(p.stride+1)
				from, to = min(from, at), max(to, at+p.stride+1)
			}
		}
		n += p.h
	}
	return min(from, to), to
}

// Coded returns the filtered data with the changes. Lines that did not change, and do not lean on one that did, keep
// their bytes.
func (r *Raster) Coded() []byte {
	bpp, n := r.bpp(), 0
	for _, p := range r.list {
		none := make([]byte, p.stride)
		for y := range p.h {
			if r.marked[n+y] || y > 0 && r.marked[n+y-1] {
				at := p.at + y*(p.stride+1)
				above := none
				if y > 0 {
					above = r.plain[at-p.stride : at]
				}
				r.coded[at] = r.plain[at]
				filter(r.plain[at], r.coded[at+1:at+1+p.stride], r.plain[at+1:at+1+p.stride], above, bpp)
			}
		}
		n += p.h
	}
	return r.coded
}

func filter(kind byte, out, line, above []byte, bpp int) {
	for i, v := range line {
		var a, c byte
		if i >= bpp {
			a, c = line[i-bpp], above[i-bpp]
		}
		switch kind {
		case 1:
			v -= a
		case 2:
			v -= above[i]
		case 3:
			v -= byte((int(a) + int(above[i])) / 2)
		case 4:
			v -= paeth(a, above[i], c)
		}
		out[i] = v
	}
}

// find returns the line that holds a pixel, its index among all lines, and the pixel's index in the line.
func (r *Raster) find(x, y int) (line []byte, index, column int) {
	n := 0
	for i := range r.list {
		p := &r.list[i]
		if (x-p.x0)%p.dx == 0 && (y-p.y0)%p.dy == 0 && x >= p.x0 && y >= p.y0 {
			row := (y - p.y0) / p.dy
			at := p.at + row*(p.stride+1) + 1
			return r.plain[at : at+p.stride], n + row, (x - p.x0) / p.dx
		}
		n += p.h
	}
	return nil, 0, 0
}

// Get reads the samples of a pixel into s and returns those of them that there are. The pixel MUST be in the picture.
func (r *Raster) Get(x, y int, s *[4]uint16) []uint16 {
	line, _, column := r.find(x, y)
	channels := r.Channels()
	for i := range channels {
		k := column*channels + i
		switch r.Depth {
		case 16:
			s[i] = uint16(line[2*k])<<8 | uint16(line[2*k+1])
		case 8:
			s[i] = uint16(line[k])
		default:
			bit := k * r.Depth
			s[i] = uint16(line[bit/8]>>(8-r.Depth-bit%8)) & (1<<r.Depth - 1)
		}
	}
	return s[:channels]
}

// Set writes the samples of a pixel, which MUST be in the picture.
func (r *Raster) Set(x, y int, s []uint16) {
	line, index, column := r.find(x, y)
	r.marked[index] = true
	channels := r.Channels()
	for i := range channels {
		k := column*channels + i
		switch r.Depth {
		case 16:
			line[2*k], line[2*k+1] = byte(s[i]>>8), byte(s[i])
		case 8:
			line[k] = byte(s[i])
		default:
			bit := k * r.Depth
			shift := 8 - r.Depth - bit%8
			mask := byte(1<<r.Depth-1) << shift
			line[bit/8] = line[bit/8]&^mask | byte(s[i])<<shift&mask
		}
	}
}

// Line reads the samples of a line of pixels, channel by channel.
func (r *Raster) Line(y int, s []uint16) {
	channels := r.Channels()
	if r.Interlaced || r.Depth < 8 {
		var one [4]uint16
		for x := range r.Width {
			copy(s[x*channels:], r.Get(x, y, &one))
		}
		return
	}
	line, _, _ := r.find(0, y)
	for i := range r.Width * channels {
		if r.Depth == 8 {
			s[i] = uint16(line[i])
		} else {
			s[i] = uint16(line[2*i])<<8 | uint16(line[2*i+1])
		}
	}
}

// SetLine writes the samples of a line of pixels.
func (r *Raster) SetLine(y int, s []uint16) {
	channels := r.Channels()
	if r.Interlaced || r.Depth < 8 {
		for x := range r.Width {
			r.Set(x, y, s[x*channels:][:channels])
		}
		return
	}
	line, index, _ := r.find(0, y)
	r.marked[index] = true
	for i := range r.Width * channels {
		if r.Depth == 8 {
			line[i] = byte(s[i])
		} else {
			line[2*i], line[2*i+1] = byte(s[i]>>8), byte(s[i])
		}
	}
}

// Bounds returns the picture's size as a rectangle from the origin.
func (r *Raster) Bounds() image.Rectangle { return image.Rect(0, 0, r.Width, r.Height) }
