package phash

import (
	"image"
	"math"
	"slices"
)

// Turn is one of the eight ways to lay a picture down: as it is, turned, and mirrored.
type Turn int

// Turns, named as the reference implementation does.
const (
	Original  Turn = iota
	Rotate90       // counterclockwise
	Rotate180      // upside down
	Rotate270      // counterclockwise, which is clockwise by 90 degrees
	FlipX          // top and bottom change places
	FlipY          // left and right change places
	FlipPlus       // lower left and upper right change places
	FlipMinus      // upper left and lower right change places
	Turns          // how many there are
)

// minSide is the length below which a picture has no hash.
const minSide = 5

// frequencies is the length of the square of frequencies that the bits of a hash stand for.
const frequencies = 16

// cosines are the rows 1 to 16 of the DCT matrix of 64 samples.
var cosines = dctMatrix()

func dctMatrix() *[frequencies][grid]float32 {
	var d [frequencies][grid]float32
	scale := float64(float32(math.Sqrt(2.0 / grid)))
	for i := range d {
		for j := range d[i] {
			d[i][j] = float32(scale * math.Cos(math.Pi/2/grid*float64(i+1)*float64(2*j+1)))
		}
	}
	return &d
}

// spectrum is the brightness of a picture by frequencies, down and across.
type spectrum [frequencies][frequencies]float32

// Hasher makes hashes. It keeps its memory, at most 2 MiB, from one picture to the next. The zero value is ready; it is not
// for concurrent use.
type Hasher struct {
	a, b []float32 // two pictures of the size that is filtered
	sums []float32
	x    []int // columns that are taken
	y    []int // rows that are taken
	grid [grid][grid]float32
}

// Hash returns the hash of a picture as it is stored, before any EXIF orientation, and its quality. A picture that is
// shorter than 5 pixels in a direction gets the hash 0 and the quality 0. For a frame of 64×64 that was made small elsewhere
// nothing is filtered.
func (h *Hasher) Hash(img image.Image) (Hash, int) {
	s, quality, ok := h.transform(img)
	if !ok {
		return Hash{}, 0
	}
	return s.hash(), quality
}

// Dihedral returns the hashes of a picture and of the picture turned and mirrored, by Turn, from one transform. They are
// those of the turned pictures but for few bits, since a turned picture is sampled at other places.
func (h *Hasher) Dihedral(img image.Image) ([Turns]Hash, int) {
	var hashes [Turns]Hash
	s, quality, ok := h.transform(img)
	if !ok {
		return hashes, 0
	}
	for t := range hashes {
		turned := s.turn(Turn(t))
		hashes[t] = turned.hash()
	}
	return hashes, quality
}

// transform makes the spectrum of a picture, if it is large enough.
func (h *Hasher) transform(img image.Image) (s spectrum, quality int, ok bool) {
	if img.Bounds().Dx() < minSide || img.Bounds().Dy() < minSide {
		return s, 0, false
	}
	width, height := h.load(img)
	if width == grid && height == grid {
		for y := range h.grid {
			copy(h.grid[y][:], h.a[y*grid:])
		}
	} else {
		h.shrink(width, height)
	}
	return h.dct(), h.quality(), true
}

// shrink brings the picture in h.a to the grid: two box filters in both directions, which together weigh like a tent, and
// then the samples in the middle of the grid's cells.
func (h *Hasher) shrink(width, height int) {
	across, down := newBox(width), newBox(height)
	h.rows(across, height)
	h.y = h.y[:0]
	for y := range height {
		across.means(h.b[y*width:][:width])
		h.y = append(h.y, y)
	}
	h.sums = append(h.sums[:0], make([]float32, max(width, grid))...)
	down.columns(h.a, h.b, h.sums[:width], h.y)

	// Of the second run only 64 columns and rows are needed.
	h.rows(across, height)
	h.x, h.y = centres(h.x, width), centres(h.y, height)
	narrow := slices.Grow(h.a[:0], height*grid)[:height*grid]
	for k, x := range h.x {
		size := across.size(x)
		for y := range height {
			narrow[y*grid+k] = h.b[y*width+x] / size
		}
	}
	var out [grid * grid]float32
	down.columns(out[:], narrow, h.sums[:grid], h.y)
	for y := range h.grid {
		copy(h.grid[y][:], out[y*grid:])
	}
}

// rows runs a filter along the rows of h.a and writes its sums to h.b.
func (h *Hasher) rows(b box, height int) {
	for y := 0; y < height; y += 4 {
		b.sums(h.b[y*b.n:], h.a[y*b.n:])
	}
}

// centres returns where the middles of the grid's cells lie among n samples.
func centres(to []int, n int) []int {
	to = to[:0]
	for i := range grid {
		to = append(to, (2*i+1)*n/(2*grid))
	}
	return to
}

// quality weighs the differences between neighbours on the grid; small ones do not count.
func (h *Hasher) quality() int {
	sum := 0
	weigh := func(u, v float32) {
		d := int((u - v) * 100 / 255)
		sum += max(d, -d)
	}
	for y := range grid {
		for x := range grid {
			if y+1 < grid {
				weigh(h.grid[y][x], h.grid[y+1][x])
			}
			if x+1 < grid {
				weigh(h.grid[y][x], h.grid[y][x+1])
			}
		}
	}
	return min(sum/90, 100)
}

// dct returns the lower frequencies of the grid but for those of 0. The conversions keep every product a 32-bit float.
func (h *Hasher) dct() spectrum {
	var t [frequencies][grid]float32
	var s spectrum
	for i := range t {
		for k, c := range cosines[i] {
			for j, v := range h.grid[k] {
				t[i][j] += float32(c * v)
			}
		}
	}
	for i := range s {
		for j := range s[i] {
			for k, c := range cosines[j] {
				s[i][j] += float32(t[i][k] * c)
			}
		}
	}
	return s
}

// turn returns the spectrum of the picture turned: to mirror it changes the sign of every other frequency.
func (s *spectrum) turn(t Turn) spectrum {
	var turned spectrum
	for i := range s {
		for j, v := range s[i] {
			oddRow, oddColumn := i&1 == 1, j&1 == 1
			negative := false
			switch t {
			case Rotate90, FlipY:
				negative = !oddColumn
			case Rotate180, FlipMinus:
				negative = oddRow != oddColumn
			case Rotate270, FlipX:
				negative = !oddRow
			}
			if negative {
				v = -v
			}
			switch t {
			case Rotate90, Rotate270, FlipPlus, FlipMinus:
				turned[j][i] = v
			default:
				turned[i][j] = v
			}
		}
	}
	return turned
}

// hash sets the bits of the frequencies above the median, which is the lower of the two in the middle.
func (s *spectrum) hash() Hash {
	sorted := make([]float32, 0, Bits)
	for i := range s {
		sorted = append(sorted, s[i][:]...)
	}
	slices.Sort(sorted)
	median := sorted[Bits/2-1]
	var h Hash
	for i := range s {
		for j, v := range s[i] {
			if k := i*frequencies + j; v > median {
				h[k/64] |= 1 << (k % 64)
			}
		}
	}
	return h
}
