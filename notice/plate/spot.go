package plate

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"math"

	"github.com/colophon-project/colophon/notice"
)

// Placed is a plate with its place in a picture.
type Placed struct {
	*Plate
	Corner notice.Corner // of the picture as it is shown
	// Box is the place in the picture as it is stored, and Stored the plate turned to lie there, with bounds from the
	// origin: after the orientation of the file's EXIF block the words stand upright.
	Box    image.Rectangle
	Stored *image.NRGBA
	orient int
	size   image.Point // of the picture as it is shown
}

// Place draws the notice for a picture and chooses its place. View is the stored picture or a smaller copy of it, size
// the stored picture's size in pixels, orientation the EXIF value (1 to 8, anything else means 1).
func Place(view image.Image, size image.Point, orientation int, o notice.Options) (*Placed, error) {
	b, err := newBrush(o)
	if err != nil {
		return nil, err
	}
	return b.place(&sight{view: view, size: size}, orientation, o.Corner, 0)
}

func (b *brush) place(s *sight, orientation int, corner notice.Corner, more int) (*Placed, error) {
	orientation = sound(orientation)
	size, from := s.size, *s
	if turned(orientation) {
		size.X, size.Y = size.Y, size.X
	}
	from.size = size
	l, err := b.fit(size.X, size.Y, more)
	if err != nil {
		return nil, err
	}
	corner, box, dark := from.choose(l.size, orientation, corner)
	tone := Dark
	if dark {
		tone = Light
	}
	p := b.draw(l, min(size.X, size.Y), tone)
	return &Placed{Plate: p, Corner: corner, Box: stored(orientation, size.X, size.Y, box), Stored: lay(p.Image, orientation),
		orient: orientation, size: size}, nil
}

// measured returns the ink of the plate in the picture that was made, as a part of its shortest side, and the contrast.
func (p *Placed) measured(out image.Image) (ink, contrast float64) {
	crop := p.upright(out)
	rows, contrast := measure(crop, crop.Bounds(), p.Glyphs)
	return float64(rows) / float64(min(p.size.X, p.size.Y)), contrast
}

// at returns the box of a plate in a corner, with a narrow margin where there is room.
func at(c notice.Corner, size, plate image.Point) image.Rectangle {
	margin := max(1, min(size.X, size.Y)/50)
	x := min(margin, max(0, (size.X-plate.X)/2))
	y := min(margin, max(0, (size.Y-plate.Y)/2))
	if c == notice.TopRight || c == notice.BottomRight {
		x = size.X - plate.X - x
	}
	if c == notice.BottomLeft || c == notice.BottomRight {
		y = size.Y - plate.Y - y
	}
	return image.Rect(x, y, x+plate.X, y+plate.Y)
}

// sight is what the corner of a plate is chosen by: a picture as it is stored, or a smaller copy of it.
type sight struct {
	view image.Image
	size image.Point // of the picture: as it is stored for place, as it is shown for choose
	// closer gives a box of the picture itself, where the view is a smaller copy that shows no strokes, and bits how many
	// of them a pixel of the box took, which says where looking closer is worth while. Both take stored boxes.
	closer func(box image.Rectangle) (image.Image, error)
	bits   func(box image.Rectangle) float64
}

// spot is a corner that a plate may take.
type spot struct {
	corner notice.Corner
	box    image.Rectangle
	look   look
	close  bool // its strokes are known
}

// choose returns the corner for a plate, and whether it is dark there. Of several corners it takes the one with the least
// detail, and one that looks as if it held a face or writing only where all do. Equal corners are taken in the order in
// which people look for such a mark: the lower right first.
func (s *sight) choose(plate image.Point, orient int, fixed notice.Corner) (notice.Corner, image.Rectangle, bool) {
	corners := []notice.Corner{notice.BottomRight, notice.BottomLeft, notice.TopRight, notice.TopLeft}
	if fixed != "" {
		corners = []notice.Corner{fixed}
	}
	upright := shown{s.view, orient}
	var spots []spot
	for _, c := range corners {
		box := at(c, s.size, plate)
		spots = append(spots, spot{c, box, examine(upright, s.size, around(box, s.size)), s.closer == nil || fixed != ""})
	}
	if fixed != "" {
		return fixed, spots[0].box, spots[0].look.bright < 60
	}
	faces := faces(upright, s.size)
	for i := range spots {
		sp := &spots[i]
		for _, f := range faces {
			if cut := around(sp.box, s.size).Intersect(f); !cut.Empty() {
				sp.look.face = max(sp.look.face, float64(cut.Dx()*cut.Dy())/float64(sp.box.Dx()*sp.box.Dy()))
			}
		}
		if s.bits != nil {
			sp.look.detail += 12 * s.bits(stored(orient, s.size.X, s.size.Y, sp.box))
		}
	}
	for {
		best := 0
		for i := range spots {
			if spots[i].look.cost() < spots[best].look.cost()-0.5 {
				best = i
			}
		}
		sp := &spots[best]
		if sp.close {
			return sp.corner, sp.box, sp.look.bright < 60
		}
		sp.close = true
		middle := around(sp.box, s.size)
		if off := (middle.Dy() - ribbon) / 2; off > 0 {
			middle.Min.Y, middle.Max.Y = middle.Min.Y+off, middle.Max.Y-off
		}
		box := stored(orient, s.size.X, s.size.Y, middle)
		if s.bits(box) < plainBits {
			continue
		}
		if img, err := s.closer(box); err == nil {
			near := shown{cropped{img, box}, orient}
			size := near.Bounds().Size()
			l := examine(near, size, image.Rectangle{Max: size})
			sp.look.strokes, sp.look.ground = l.strokes, l.ground
		}
	}
}

// around is a plate's box and half its height more: a face or a line of writing that begins under the plate goes on beside
// it.
func around(box image.Rectangle, size image.Point) image.Rectangle {
	return box.Inset(-min(box.Dx(), box.Dy()) / 2).Intersect(image.Rectangle{Max: size})
}

// plainBits is how many bits a pixel of a JPEG takes at least where there is writing, and ribbon how many lines of a corner
// are looked at closer: lines of writing are not that far apart where they fill a corner.
const plainBits, ribbon = 0.25, 32

// cropped is a box of a picture with its own origin.
type cropped struct {
	image.Image
	box image.Rectangle
}

// Bounds is the box.
func (c cropped) Bounds() image.Rectangle { return c.box }

// look is what a region of a picture looks like. These are heuristics of a few sums each: skin counts pixels in the range
// of YCbCr that human skin of all shades falls into (Chai and Ngan, 1999), face is what a round patch of it takes of the
// region, and strokes and ground say whether there are many steps of brightness on an even ground, as in writing. They
// err towards seeing too much, which costs nothing but another corner.
type look struct {
	bright  float64 // mean brightness, 0 to 255
	detail  float64 // mean difference of neighbours, and a little of the spread
	skin    float64 // part of the pixels
	face    float64 // part of the plate that a patch like a face takes
	strokes float64 // part of the neighbours that differ sharply
	ground  float64 // part of the pixels that have the commonest brightness
}

func (l look) cost() float64 {
	cost := l.detail + 100*l.strokes
	if l.skin > 0.25 {
		cost += 1000 * l.skin
	}
	if l.face > 0.02 {
		cost += 1000 * (1 + l.face)
	}
	if l.strokes > 0.04 && l.ground > 0.4 {
		cost += 1000 * (1 + l.strokes)
	}
	return cost
}

// samples bounds what is read of a corner, in pixels on a side.
const samples = 160

// examine looks at a box of a picture of a size, of which view may be a smaller copy.
func examine(view shown, size image.Point, box image.Rectangle) look {
	vb := view.Bounds()
	sx, sy := float64(vb.Dx())/float64(size.X), float64(vb.Dy())/float64(size.Y)
	stepX := max(1, sx*float64(box.Dx())/samples)
	stepY := max(1, sy*float64(box.Dy())/samples)
	var l look
	var sum, squares, steps, sharp, n float64
	var above []float64
	var levels [16]float64
	x0, y0 := float64(vb.Min.X)+sx*float64(box.Min.X), float64(vb.Min.Y)+sy*float64(box.Min.Y)
	x1, y1 := float64(vb.Min.X)+sx*float64(box.Max.X), float64(vb.Min.Y)+sy*float64(box.Max.Y)
	for y := y0; y < y1; y += stepY {
		left := -1.0
		i := 0
		for x := x0; x < x1; x += stepX {
			luma, isSkin := judge(view.rgb(min(int(x), vb.Max.X-1), min(int(y), vb.Max.Y-1)))
			if isSkin {
				l.skin++
			}
			if left >= 0 {
				steps++
				d := math.Abs(luma - left)
				if i < len(above) {
					d = max(d, math.Abs(luma-above[i]))
				}
				l.detail += d
				if d > 64 {
					sharp++
				}
			}
			if i < len(above) {
				above[i] = luma
			} else {
				above = append(above, luma)
			}
			levels[min(15, int(luma/16))]++
			sum, squares, n, left = sum+luma, squares+luma*luma, n+1, luma
			i++
		}
	}
	if n == 0 {
		return l
	}
	l.bright = sum / n
	l.skin /= n
	l.strokes = sharp / max(1, steps)
	l.detail = l.detail/max(1, steps) + math.Sqrt(max(0, squares/n-l.bright*l.bright))/8
	for i, v := range levels {
		if i > 0 {
			v += levels[i-1]
		}
		l.ground = max(l.ground, v/n)
	}
	return l
}

// cells is how many cells the longer side of a picture has where faces are looked for.
const cells = 64

// faces finds patches of skin that are about as wide as high and fill most of their box, in a picture as it is shown.
func faces(view shown, size image.Point) []image.Rectangle {
	vb := view.Bounds()
	long := max(size.X, size.Y)
	w, h := max(1, size.X*cells/long), max(1, size.Y*cells/long)
	skin := make([]bool, w*h)
	for i := range skin {
		var r, g, b float64
		for _, d := range [][2]int{{1, 1}, {3, 1}, {1, 3}, {3, 3}} { // four pixels of the cell
			x, y := vb.Min.X+(4*(i%w)+d[0])*vb.Dx()/(4*w), vb.Min.Y+(4*(i/w)+d[1])*vb.Dy()/(4*h)
			cr, cg, cb := view.rgb(x, y)
			r, g, b = r+cr/4, g+cg/4, b+cb/4
		}
		_, skin[i] = judge(r, g, b)
	}
	var list []image.Rectangle
	for i := range skin {
		if !skin[i] {
			continue
		}
		box, n := image.Rectangle{}, 0
		for queue := []int{i}; len(queue) > 0; {
			at := queue[len(queue)-1]
			if queue = queue[:len(queue)-1]; !skin[at] {
				continue
			}
			skin[at] = false
			n++
			x, y := at%w, at/w
			box = box.Union(image.Rect(x, y, x+1, y+1))
			for _, d := range [][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
				if nx, ny := x+d[0], y+d[1]; nx >= 0 && nx < w && ny >= 0 && ny < h {
					queue = append(queue, ny*w+nx)
				}
			}
		}
		round := 2*box.Dx() >= box.Dy() && 2*box.Dy() >= box.Dx() && 2*n >= box.Dx()*box.Dy()
		if round && n >= 9 && 10*box.Dx()*box.Dy() <= 7*w*h {
			list = append(list, image.Rect(box.Min.X*size.X/w, box.Min.Y*size.Y/h, box.Max.X*size.X/w, box.Max.Y*size.Y/h))
		}
	}
	return list
}

// judge returns a pixel's brightness and whether its colour is one of skin.
func judge(r, g, b float64) (luma float64, skin bool) {
	luma = 0.299*r + 0.587*g + 0.114*b
	cb := 128 + 0.564*(b-luma)
	cr := 128 + 0.713*(r-luma)
	return luma, luma > 40 && cb >= 77 && cb <= 127 && cr >= 137 && cr <= 173 && r > g+8 && g > b
}

// orientation reads the tag Orientation (0x0112) of IFD0 of an EXIF block (TIFF 6.0, section 8; CIPA DC-008 4.6.4): 1 to
// 8, where 1 means upright and stands for everything that can't be read.
func orientation(block []byte) int {
	block = bytes.TrimPrefix(block, []byte("Exif\x00\x00"))
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(block, []byte("II*\x00")):
	case bytes.HasPrefix(block, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return 1
	}
	if len(block) < 8 {
		return 1
	}
	at := int64(order.Uint32(block[4:]))
	if at+2 > int64(len(block)) {
		return 1
	}
	for range order.Uint16(block[at:]) {
		if at+14 > int64(len(block)) {
			return 1
		}
		if e := block[at+2:]; order.Uint16(e) == 0x0112 && order.Uint16(e[2:]) == 3 {
			return sound(int(order.Uint16(e[8:])))
		}
		at += 12
	}
	return 1
}

// sound returns an orientation that is one.
func sound(o int) int {
	if o < 1 || o > 8 {
		return 1
	}
	return o
}

// turned reports whether width and height change places.
func turned(o int) bool { return o >= 5 }

// upright returns where a pixel of a stored picture of size w × h is shown.
func upright(o, w, h, x, y int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}

// inverse returns the orientation that undoes another.
func inverse(o int) int {
	switch o {
	case 6:
		return 8
	case 8:
		return 6
	}
	return o
}

// stored returns where a rectangle of the picture as it is shown, which is w × h, stands in the file.
func stored(o, w, h int, r image.Rectangle) image.Rectangle {
	x0, y0 := upright(inverse(o), w, h, r.Min.X, r.Min.Y)
	x1, y1 := upright(inverse(o), w, h, r.Max.X-1, r.Max.Y-1)
	return image.Rect(min(x0, x1), min(y0, y1), max(x0, x1)+1, max(y0, y1)+1)
}

// lay returns an upright picture as it is to be stored.
func lay(img *image.NRGBA, o int) *image.NRGBA {
	if o <= 1 {
		return img
	}
	size := img.Bounds().Size()
	out := image.NewNRGBA(stored(o, size.X, size.Y, image.Rectangle{Max: size}))
	for y := range size.Y {
		for x := range size.X {
			sx, sy := upright(inverse(o), size.X, size.Y, x, y)
			out.SetNRGBA(sx, sy, img.NRGBAAt(x, y))
		}
	}
	return out
}

// shown is a stored picture as it is shown.
type shown struct {
	image.Image
	o int
}

// Bounds starts at the origin.
func (s shown) Bounds() image.Rectangle {
	size := s.Image.Bounds().Size()
	if turned(s.o) {
		size.X, size.Y = size.Y, size.X
	}
	return image.Rectangle{Max: size}
}

// At returns a pixel.
func (s shown) At(x, y int) color.Color {
	x, y = s.place(x, y)
	return s.Image.At(x, y)
}

// place returns where a pixel is stored.
func (s shown) place(x, y int) (int, int) {
	from := s.Image.Bounds()
	if s.o > 1 {
		size := s.Bounds().Size()
		x, y = upright(inverse(s.o), size.X, size.Y, x, y)
	}
	return from.Min.X + x, from.Min.Y + y
}

// rgb returns red, green and blue of a pixel, from 0 to 255.
func (s shown) rgb(x, y int) (r, g, b float64) {
	x, y = s.place(x, y)
	img := s.Image
	if c, ok := img.(cropped); ok {
		img = c.Image
	}
	if fast, ok := img.(*image.RGBA); ok && image.Pt(x, y).In(fast.Rect) {
		pix := fast.Pix[fast.PixOffset(x, y):][:3]
		return float64(pix[0]), float64(pix[1]), float64(pix[2])
	}
	red, green, blue, _ := img.At(x, y).RGBA()
	return float64(red >> 8), float64(green >> 8), float64(blue >> 8)
}
