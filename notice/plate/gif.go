package plate

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/raster"
)

// maxCanvas bounds the pixels of an animation's canvas, of which several are held at once.
const maxCanvas = 1 << 25

// gifFile is what must be known of a GIF file (GIF89a specification) to change its frames: the rest are ranges.
type gifFile struct {
	src    media.Source
	size   image.Point
	global []byte // colour table
	frames []*gifFrame
}

// gifFrame is a frame as it stands in the file.
type gifFrame struct {
	control int64 // offset of its graphic control extension, -1 where it has none
	flags   byte  // of that extension: disposal and transparency
	clear   int   // transparent index, -1 where there is none
	off     int64 // image descriptor
	end     int64 // behind its data
	box     image.Rectangle
	woven   bool   // interlaced
	local   []byte // colour table, nil where it has none
	pix     []byte // indices
}

func putGIF(src media.Source, j *job) (*media.Edit, error) {
	g, err := readGIF(src)
	if err != nil {
		return nil, err
	}
	if err := g.decode(g.frames[0]); err != nil {
		return nil, err
	}
	first := drawn(image.NewNRGBA(image.Rectangle{Max: g.size}), g.still(g.frames[0]))
	there, err := j.find(all(first), g.size, 1)
	if err != nil {
		return nil, err
	}
	on, err := j.plays(there, len(g.frames), func(i int) (*still, error) {
		fr := g.frames[i]
		if err := g.decode(fr); err != nil {
			return nil, err
		}
		s := g.still(fr)
		fr.pix = nil
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	if !on {
		there = nil
	}
	if edit, err := j.kept(src, there); edit != nil || err != nil {
		return edit, err
	}
	p, err := j.place(first, 1, 0)
	if err != nil {
		return nil, err
	}
	p = g.tone(p)
	before := j.report
	splices, err := g.play(j, p, false)
	if errors.Is(err, errMotion) {
		j.report = before
		splices, err = g.play(j, p, true)
	}
	if errors.Is(err, errMotion) {
		err = errAnew("image descriptor", g.frames[0].off)
	}
	if err != nil {
		return nil, err
	}
	j.method(p, "pixels")
	return media.Splices(src, splices...)
}

// errMotion says that frames clear what they can't, so that all must be replaced.
var errMotion = errors.New("plate: a frame that clears what is around the notice")

// play plans the frames.
func (g *gifFile) play(j *job, p *Placed, all bool) ([]media.Splice, error) {
	m := newMotion(g.size, p)
	m.over, m.all = true, all
	seen := image.NewNRGBA(p.Box) // the plate in the colours that the frames have
	var splices []media.Splice
	for _, fr := range g.frames {
		if err := g.decode(fr); err != nil {
			return nil, err
		}
		what, next, _ := m.step(g.still(fr), fr.clear >= 0)
		if what == impossible {
			return nil, errMotion
		}
		if what == untouched {
			fr.pix = nil
			continue
		}
		f := &gifFresh{frame: fr, what: what, next: next, plate: p}
		list, err := g.change(m, f)
		if err != nil {
			return nil, err
		}
		splices = append(splices, list...)
		fr.pix = nil
		back := saved(seen, next)
		paste(seen, f.seen)
		if err := m.check(j, seen); err != nil {
			return nil, media.Unsupported("image descriptor", fr.off, "a palette without colours that are legible on each other")
		}
		dispose(seen, next, back)
		if len(f.lost) > 0 {
			j.anew("colours that leave no room for the words")
		}
	}
	return splices, nil
}

// readGIF walks the blocks.
func readGIF(src media.Source) (*gifFile, error) {
	head := make([]byte, 13)
	if err := media.Fill(src, "GIF header", head, 0); err != nil {
		return nil, err
	}
	if string(head[:3]) != "GIF" {
		return nil, media.Malformed("GIF header", 0, "signature GIF")
	}
	g := &gifFile{src: src, size: image.Pt(int(binary.LittleEndian.Uint16(head[6:])), int(binary.LittleEndian.Uint16(head[8:])))}
	off := int64(13)
	var err error
	if g.global, off, err = g.table(head[10], off); err != nil {
		return nil, err
	}
	open := &gifFrame{control: -1, clear: -1}
	for {
		kind := make([]byte, 2)
		if err := media.Fill(src, "block", kind[:1], off); err != nil {
			return nil, err
		}
		switch kind[0] {
		case 0x3B:
			if len(g.frames) == 0 {
				return nil, media.Malformed("trailer", off, "an image before it")
			}
			return g, g.fits()
		case 0x21:
			if err := media.Fill(src, "extension", kind, off); err != nil {
				return nil, err
			}
			if kind[1] == 0xF9 {
				b, err := media.Bytes(src, "graphic control extension", off, 8)
				if err != nil {
					return nil, err
				}
				open.control, open.flags, open.clear = off, b[3], -1
				if b[3]&1 != 0 {
					open.clear = int(b[6])
				}
			}
			if off, err = g.skip(off + 2); err != nil {
				return nil, err
			}
		case 0x2C:
			if len(g.frames) >= maxFrames {
				return nil, media.TooMany("image descriptor", off, maxFrames)
			}
			if off, err = g.frame(open, off); err != nil {
				return nil, err
			}
			open = &gifFrame{control: -1, clear: -1}
		default:
			return nil, media.Malformed("block", off, "an image, an extension or the trailer")
		}
	}
}

func (g *gifFile) fits() error {
	w, h := int64(g.size.X), int64(g.size.Y)
	if w*h > maxCanvas {
		return media.Unsupported("logical screen descriptor", 6, "at most 33,554,432 pixels")
	}
	var all int64
	for _, fr := range g.frames {
		if all += int64(fr.box.Dx()) * int64(fr.box.Dy()); all > maxPlayed {
			return media.Unsupported("image descriptor", fr.off, "at most 1,073,741,824 pixels in all frames")
		}
	}
	return fits("logical screen descriptor", 6, w, h, g.src.Size(), 4096)
}

// table reads a colour table where the flags say that there is one.
func (g *gifFile) table(flags byte, off int64) ([]byte, int64, error) {
	if flags&0x80 == 0 {
		return nil, off, nil
	}
	n := int64(3) << (flags&7 + 1)
	b, err := media.Bytes(g.src, "colour table", off, n)
	return b, off + n, err
}

// skip returns where a chain of sub-blocks ends.
func (g *gifFile) skip(off int64) (int64, error) {
	n := make([]byte, 1)
	for {
		if err := media.Fill(g.src, "sub-block", n, off); err != nil {
			return 0, err
		}
		off += 1 + int64(n[0])
		if n[0] == 0 {
			return off, nil
		}
	}
}

func (g *gifFile) frame(fr *gifFrame, off int64) (int64, error) {
	b, err := media.Bytes(g.src, "image descriptor", off, 10)
	if err != nil {
		return 0, err
	}
	n := func(i int) int { return int(binary.LittleEndian.Uint16(b[i:])) }
	fr.off, fr.woven = off, b[9]&0x40 != 0
	fr.box = image.Rect(n(1), n(3), n(1)+n(5), n(3)+n(7))
	if fr.box.Empty() || !fr.box.In(image.Rectangle{Max: g.size}) {
		return 0, media.Unsupported("image descriptor", off, "a frame that is not inside the screen")
	}
	if fr.local, off, err = g.table(b[9], off+10); err != nil {
		return 0, err
	}
	if fr.local == nil && g.global == nil {
		return 0, media.Malformed("image descriptor", fr.off, "a colour table")
	}
	fr.end, err = g.skip(off + 1)
	g.frames = append(g.frames, fr)
	return fr.end, err
}

func (fr *gifFrame) data() int64 { return fr.off + 10 + int64(len(fr.local)) }

func (g *gifFile) colours(fr *gifFrame) []byte {
	if fr.local != nil {
		return fr.local
	}
	return g.global
}

// decode reads the indices of a frame.
func (g *gifFile) decode(fr *gifFrame) error {
	if fr.pix != nil {
		return nil
	}
	raw, err := media.Bytes(g.src, "image data", fr.data(), fr.end-fr.data())
	if err != nil {
		return err
	}
	if raw[0] < 1 || raw[0] > 8 {
		return media.Malformed("image data", fr.data(), "a code size of 1 to 8")
	}
	var coded []byte
	for at := 1; raw[at] != 0; at += 1 + int(raw[at]) {
		coded = append(coded, raw[at+1:at+1+int(raw[at])]...)
	}
	count := fr.box.Dx() * fr.box.Dy()
	if int64(count) > 4096*int64(len(coded)+1) {
		return media.Truncated("image data", fr.data(), int64(count)/4096, int64(len(coded)))
	}
	lines := make([]byte, count)
	z := lzw.NewReader(bytes.NewReader(coded), lzw.LSB, int(max(2, raw[0])))
	if _, err := io.ReadFull(z, lines); err != nil {
		return media.Malformed("image data", fr.data(), "LZW codes for every pixel")
	}
	fr.pix = woven(lines, fr.box.Dx(), fr.box.Dy(), fr.woven, false)
	return nil
}

// woven puts lines into the order of the picture, or back into that of the file (Appendix E).
func woven(lines []byte, w, h int, is, back bool) []byte {
	if !is {
		return lines
	}
	out, at := make([]byte, len(lines)), 0
	for _, pass := range [][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		for y := pass[0]; y < h; y += pass[1] {
			if back {
				copy(out[at*w:(at+1)*w], lines[y*w:])
			} else {
				copy(out[y*w:(y+1)*w], lines[at*w:])
			}
			at++
		}
	}
	return out
}

func (g *gifFile) still(fr *gifFrame) *still {
	s := &still{box: fr.box, img: image.NewNRGBA(image.Rectangle{Max: fr.box.Size()}), over: true}
	table := g.colours(fr)
	for i, v := range fr.pix {
		if int(v) != fr.clear && 3*int(v)+3 <= len(table) {
			copy(s.img.Pix[4*i:], table[3*int(v):3*int(v)+3])
			s.img.Pix[4*i+3] = 255
		}
	}
	switch fr.flags >> 2 & 7 {
	case 2:
		s.after = clearFrame
	case 3:
		s.after = restoreFrame
	}
	return s
}

// gifFresh is a frame that is written anew.
type gifFresh struct {
	frame *gifFrame
	what  change
	next  *still
	plate *Placed
	lost  map[byte]byte // colours that give way, and to what
	seen  *still        // its part of the plate in the colours that it has
}

// change plans a frame anew.
func (g *gifFile) change(m *motion, f *gifFresh) ([]media.Splice, error) {
	fr, next, p := f.frame, f.next, f.plate
	pix, flags, clear := fr.pix, fr.flags, fr.clear
	var pal *palette
	var err error
	if f.what == replaced {
		if pix, pal, err = exact(fr, next.img, p); err != nil {
			return nil, err
		}
		flags = flags&^(7<<2) | 1<<2
		if next.after == clearFrame {
			flags ^= 3 << 2
		}
		if clear = len(pal.colours)/3 - 1; pal.clear == nil {
			clear = -1
		}
	} else if pal, f.lost = g.allot(m, fr, p); pal == nil {
		return nil, media.Unsupported("image descriptor", fr.off, "a palette without colours for the notice")
	}
	if f.what == extended {
		pix = bytes.Repeat([]byte{byte(fr.clear)}, next.box.Dx()*next.box.Dy())
		for y := range fr.box.Dy() {
			at := (fr.box.Min.Y-next.box.Min.Y+y)*next.box.Dx() + fr.box.Min.X - next.box.Min.X
			copy(pix[at:], fr.pix[y*fr.box.Dx():(y+1)*fr.box.Dx()])
		}
	}
	if len(f.lost) > 0 {
		for i, v := range pix {
			if to, ok := f.lost[v]; ok {
				pix[i] = to
			}
		}
	}
	f.paint(pal, pix)
	return g.splices(fr, next.box, flags, clear, pal, pix)
}

// paint puts the frame's part of the plate into its indices.
func (f *gifFresh) paint(pal *palette, pix []byte) {
	l := raster.Layout{Depth: 8, Colour: raster.Palette}
	at, box := f.plate.Box.Intersect(f.next.box), f.next.box
	f.seen = &still{box: at, img: image.NewNRGBA(image.Rectangle{Max: at.Size()}), over: true, after: f.next.after}
	var known [256][]uint16
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			grey := f.plate.Stored.NRGBAAt(x-f.plate.Box.Min.X, y-f.plate.Box.Min.Y).R
			if known[grey] == nil {
				known[grey] = pal.samples(l, grey)
			}
			f.seen.img.SetNRGBA(x-at.Min.X, y-at.Min.Y, pal.colour(l, known[grey]))
			pix[(y-box.Min.Y)*box.Dx()+x-box.Min.X] = byte(known[grey][0])
		}
	}
}

// tone turns the plate to the other tone where the first frame has colours for that one alone.
func (g *gifFile) tone(p *Placed) *Placed {
	m, other := new(motion), p.toned(Light)
	if p.Tone == Light {
		other = p.toned(Dark)
	}
	if pal, lost := g.allot(m, g.frames[0], p); pal != nil && len(lost) == 0 {
		return p
	}
	if pal, lost := g.allot(m, g.frames[0], other); pal != nil && len(lost) == 0 {
		return other
	}
	return p
}

// allot finds the greys of the plate in a frame's palette. Where all 256 entries are in use, none are near and no two are
// legible on each other, the two that the fewest pixels have give way, and lost says to what: GIF has nothing else to offer.
func (g *gifFile) allot(m *motion, fr *gifFrame, p *Placed) (*palette, map[byte]byte) {
	pal := &palette{colours: g.colours(fr)}
	used := map[int]bool{}
	var count [256]int
	at := p.Box.Intersect(fr.box).Sub(fr.box.Min)
	for y, w := 0, fr.box.Dx(); y < fr.box.Dy(); y++ {
		line := fr.pix[y*w : (y+1)*w]
		if y >= at.Min.Y && y < at.Max.Y {
			for _, v := range line[at.Max.X:] {
				count[v]++
			}
			line = line[:at.Min.X]
		}
		for _, v := range line {
			count[v]++
		}
	}
	for v, n := range count {
		used[v] = n > 0
	}
	if fr.clear >= 0 {
		used[fr.clear] = true
		pal.clear = bytes.Repeat([]byte{255}, fr.clear+1)
		pal.clear[fr.clear] = 0
	}
	if pal.allot(p, 256, used) {
		return pal, nil
	}
	size := p.Box.Size()
	if m.anew += int64(size.X) * int64(size.Y); m.anew > maxAnew {
		return nil, nil
	}
	if pal.borrow(p, 256) {
		return pal, nil
	}
	lost := map[byte]byte{}
	for range 2 {
		rare := -1
		for i := range count {
			if _, gone := lost[byte(i)]; !gone && i != fr.clear && (rare < 0 || count[i] < count[rare]) {
				rare = i
			}
		}
		lost[byte(rare)] = 0
		delete(used, rare)
	}
	for v := range lost {
		lost[v] = pal.nearest(v, fr.clear, lost)
	}
	if !pal.allot(p, 256, used) {
		return nil, nil
	}
	return pal, lost
}

// nearest returns the entry that looks most like another.
func (p *palette) nearest(v byte, clear int, lost map[byte]byte) byte {
	l := raster.Layout{Depth: 8, Colour: raster.Palette}
	c, best, least := p.colour(l, []uint16{uint16(v)}), byte(0), 1<<30
	for i := range min(256, len(p.colours)/3) {
		o := p.colour(l, []uint16{uint16(i)})
		dr, dg, db := int(c.R)-int(o.R), int(c.G)-int(o.G), int(c.B)-int(o.B)
		if _, gone := lost[byte(i)]; !gone && i != clear && 2*dr*dr+4*dg*dg+3*db*db < least {
			least, best = 2*dr*dr+4*dg*dg+3*db*db, byte(i)
		}
	}
	return best
}

// exact makes indices and a palette of their own for a frame that is replaced.
func exact(fr *gifFrame, img *image.NRGBA, p *Placed) ([]byte, *palette, error) {
	pal, index := &palette{tone: p.Tone}, map[color.NRGBA]byte{}
	none := false
	pix := make([]byte, len(img.Pix)/4)
	const steps = 4
	for i := range steps {
		grey := greyOf(p.Tone, i, steps)
		pal.greys, pal.entries = append(pal.greys, grey), append(pal.entries, uint16(i))
		pal.colours = append(pal.colours, grey, grey, grey)
	}
	w := img.Bounds().Dx()
	for i := range pix {
		c := img.NRGBAAt(i%w, i/w)
		if image.Pt(i%w, i/w).In(p.Box) {
			continue
		}
		if c.A == 0 {
			none = true
			continue
		}
		v, ok := index[c]
		if !ok {
			if len(index) >= 256-steps-1 {
				return nil, nil, media.Unsupported("image descriptor", fr.off, "frames that show more than 256 colours with the notice")
			}
			v = byte(len(pal.colours) / 3)
			index[c] = v
			pal.colours = append(pal.colours, c.R, c.G, c.B)
		}
		pix[i] = v
	}
	if none {
		last := byte(len(pal.colours) / 3)
		pal.colours = append(pal.colours, 0, 0, 0)
		pal.clear = append(bytes.Repeat([]byte{255}, int(last)), 0)
		for i := range pix {
			if img.Pix[4*i+3] == 0 {
				pix[i] = last
			}
		}
	}
	pal.changed = true
	return pix, pal, nil
}

// splices puts a frame's new parts into the file.
func (g *gifFile) splices(fr *gifFrame, box image.Rectangle, flags byte, clear int, pal *palette, pix []byte) ([]media.Splice, error) {
	var list []media.Splice
	flags &^= 1
	if clear >= 0 {
		flags |= 1
	}
	var descriptor []byte
	if fr.control < 0 && flags != 0 {
		descriptor = []byte{0x21, 0xF9, 4, flags, 0, 0, byte(max(0, clear)), 0}
	}
	if fr.control >= 0 {
		list = append(list, media.Splice{Offset: fr.control + 3, Delete: 1, Insert: []byte{flags}},
			media.Splice{Offset: fr.control + 6, Delete: 1, Insert: []byte{byte(max(0, clear))}})
	}
	table, bits := g.colours(fr), byte(0)
	local := fr.local != nil
	if pal.changed {
		table, local = pal.colours, true
	}
	for 3<<(bits+1) < len(table) {
		bits++
	}
	descriptor = append(descriptor, 0x2C)
	for _, v := range []int{box.Min.X, box.Min.Y, box.Dx(), box.Dy()} {
		descriptor = binary.LittleEndian.AppendUint16(descriptor, uint16(v))
	}
	if packed := bit(fr.woven) << 6; local {
		descriptor = append(append(descriptor, packed|0x80|bits), table...)
		descriptor = append(descriptor, make([]byte, 3<<(bits+1)-len(table))...)
	} else {
		descriptor = append(descriptor, packed)
	}
	size := max(2, bits+1)
	var coded bytes.Buffer
	z := lzw.NewWriter(&coded, lzw.LSB, int(size))
	if _, err := z.Write(woven(pix, box.Dx(), box.Dy(), fr.woven, true)); err != nil {
		return nil, errors.Join(err, z.Close())
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	descriptor = append(descriptor, size)
	for b := coded.Bytes(); len(b) > 0; {
		n := min(255, len(b))
		descriptor = append(append(descriptor, byte(n)), b[:n]...)
		b = b[n:]
	}
	return append(list, media.Splice{Offset: fr.off, Delete: fr.end - fr.off, Insert: append(descriptor, 0)}), nil
}
