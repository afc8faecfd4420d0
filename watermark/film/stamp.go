package film

import (
	"encoding/binary"
	"math"

	"github.com/colophon-project/colophon/watermark/picture"
)

const (
	fineness = 24  // steps of a deviation in a pattern
	bears    = 0.5 // power of the detail of a place by which it bears more; less than in pictures, for encoders drop much of what lies in detail
	calm     = 1.5 // values of 8 bits, the most that is added, in deviations, where nothing is to be seen
)

// stamper adds a mark to frames of one size. It is not safe for use by many goroutines.
type stamper struct {
	m       *Marker
	payload []byte
	offset  offset
	w, h    int
	cw, ch  int
	depth   int
	block   int // pixels of the sides of the blocks whose detail is measured
	across  int
	down    int
	psnr    float64

	phase   picture.Phase
	pattern []int8 // as large as a frame
	detail  []float32
	gains   []float32
	power   float64 // of what was added, all frames, in values of 8 bits
	count   int
}

func (m *Marker) stamper(payload []byte, o offset, w, h, cw, ch, depth int, psnr float64) *stamper {
	s := &stamper{m: m, payload: payload, offset: o, w: w, h: h, cw: cw, ch: ch, depth: depth, psnr: psnr}
	s.block = max(4, (max(w, h)+80)/160)
	s.across, s.down = (w+s.block-1)/s.block, (h+s.block-1)/s.block
	s.detail, s.gains = make([]float32, s.across*s.down), make([]float32, s.across*s.down)
	return s
}

// add marks the luma of a frame that is shown at a time of the film in seconds.
func (s *stamper) add(luma []byte, seconds float64) {
	if p := s.m.at(s.offset, seconds); s.pattern == nil || p != s.phase {
		s.draw(p)
	}
	s.measure(luma)
	s.bear()
	if s.depth > 8 {
		for y := range s.h {
			s.deep(luma[2*y*s.w:][:2*s.w], y)
		}
	} else {
		for y := range s.h {
			s.line(luma[y*s.w:][:s.w], y)
		}
	}
	s.count++
}

// draw makes the pattern of a phase.
func (s *stamper) draw(p picture.Phase) {
	s.phase = p
	full := s.m.pictures.Pattern(s.payload, p, s.cw, s.ch).Resize(s.w, s.h)
	if s.pattern == nil {
		s.pattern = make([]int8, s.w*s.h)
	}
	for i, v := range full.Pix {
		s.pattern[i] = int8(min(max(math.Round(float64(v)*fineness), -127), 127))
	}
}

// measure takes the deviation of the luma within blocks, every other line of it.
func (s *stamper) measure(luma []byte) {
	for by := range s.down {
		rows := s.detail[by*s.across:][:s.across]
		top, bottom := by*s.block, min(by*s.block+s.block, s.h)
		for bx := range rows {
			left, right := bx*s.block, min(bx*s.block+s.block, s.w)
			var sum, square, n int
			for y := top; y < bottom; y += 2 {
				if s.depth > 8 {
					for x := left; x < right; x++ {
						v := int(binary.LittleEndian.Uint16(luma[2*(y*s.w+x):])) >> (s.depth - 8)
						sum, square = sum+v, square+v*v
					}
				} else {
					for _, b := range luma[y*s.w+left : y*s.w+right] {
						v := int(b)
						sum, square = sum+v, square+v*v
					}
				}
				n += right - left
			}
			mean := float32(sum) / float32(n)
			rows[bx] = max(float32(square)/float32(n)-mean*mean, 0)
		}
	}
}

// bear says how strong the mark is in each block: the more detail, the stronger, and little in calm places beside edges.
func (s *stamper) bear() {
	power := 0.0
	for y := range s.down {
		for x := range s.across {
			sum, n := float32(0), float32(0)
			for dy := max(0, y-1); dy <= min(s.down-1, y+1); dy++ {
				for dx := max(0, x-1); dx <= min(s.across-1, x+1); dx++ {
					sum, n = sum+s.detail[dy*s.across+dx], n+1
				}
			}
			deviation := math.Sqrt(float64(min(s.detail[y*s.across+x], sum/n)))
			g := math.Pow(2+deviation*0.7, bears)
			s.gains[y*s.across+x] = float32(g)
			power += g * g
		}
	}
	k := 255 / math.Pow(10, s.psnr/20) / math.Sqrt(power/float64(len(s.gains)))
	k = min(k, calm/math.Pow(2, bears)*math.Pow(10, (picture.Usual-s.psnr)/20))
	s.power += k * k * power / float64(len(s.gains))
	for i := range s.gains {
		s.gains[i] *= float32(k)
	}
}

const fixed = 16 // bits of the fraction of a gain

// gain is what a pixel of the pattern counts at the edges of the blocks of a line, in fixed point.
func (s *stamper) gain(bx int, upper, lower []float32, part float32) int {
	bx = min(max(bx, 0), s.across-1)
	return int((upper[bx]*(1-part) + lower[bx]*part) * float32((int(1)<<fixed)<<(s.depth-8)) / fineness)
}

// rows are those blocks between whose middles a line lies, and where.
func (s *stamper) rows(y int) (upper, lower []float32, part float32) {
	at := (float32(y)+0.5)/float32(s.block) - 0.5
	first := int(math.Floor(float64(at)))
	row := func(i int) []float32 { return s.gains[min(max(i, 0), s.down-1)*s.across:][:s.across] }
	return row(first), row(first + 1), at - float32(first)
}

// line marks a line of 8 bits. Gains go straight from the middle of a block to that of the next.
func (s *stamper) line(row []byte, y int) {
	upper, lower, part := s.rows(y)
	pattern := s.pattern[y*s.w:][:len(row)]
	x, end, from := 0, s.block/2, s.gain(0, upper, lower, part)
	for bx := 0; x < len(row); bx++ {
		to := s.gain(bx, upper, lower, part)
		end = min(end, len(row))
		g, step := from, (to-from)/s.block
		for ; x < end; x++ {
			v := int(row[x]) + (g*int(pattern[x])+1<<(fixed-1))>>fixed
			if v&^255 != 0 {
				v = ^(v >> 63) & 255
			}
			row[x] = byte(v)
			g += step
		}
		from, end = to, end+s.block
	}
}

// deep marks a line of more than 8 bits.
func (s *stamper) deep(row []byte, y int) {
	upper, lower, part := s.rows(y)
	pattern, top := s.pattern[y*s.w:][:s.w], 1<<s.depth-1
	x, end, from := 0, s.block/2, s.gain(0, upper, lower, part)
	for bx := 0; x < s.w; bx++ {
		to := s.gain(bx, upper, lower, part)
		end = min(end, s.w)
		g, step := from, (to-from)/s.block
		for ; x < end; x++ {
			v := int(binary.LittleEndian.Uint16(row[2*x:])) + (g*int(pattern[x])+1<<(fixed-1))>>fixed
			binary.LittleEndian.PutUint16(row[2*x:], uint16(min(max(v, 0), top)))
			g += step
		}
		from, end = to, end+s.block
	}
}

// reached is the distance of marked frames from what they were, in dB.
func (s *stamper) reached() float64 {
	return 10 * math.Log10(255*255*float64(max(s.count, 1))/(s.power+1e-9))
}
