package plate

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"

	"github.com/gen2brain/avif"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

const (
	avifPixels  = 1 << 26
	maxProperty = 1 << 16 // bytes of a property that is read
	maxEntries  = 1 << 12 // of an item property association or reference box
)

// avifFile is what of an AVIF file (ISO/IEC 23008-12, AV1 Image File Format) must be known to change its picture.
type avifFile struct {
	r          *box.Reader
	meta       box.Box
	primary    uint32
	types      map[uint32]string // of items
	alpha      uint32            // the item that holds the primary's alpha, 0 where there is none
	properties []box.Box
	of         map[uint32][]int // indices into properties, by item
	iloc       *box.Locations
}

func putAVIF(src media.Source, j *job) (*media.Edit, error) {
	f, err := readAVIF(src)
	if err != nil {
		return nil, err
	}
	orient, sampling, err := f.look()
	if err != nil {
		return nil, err
	}
	whole, err := media.Bytes(src, "AVIF", 0, src.Size())
	if err != nil {
		return nil, err
	}
	decoded, err := avif.Decode(bytes.NewReader(whole))
	if err != nil {
		return nil, media.Malformed("item", 0, "a picture that can be decoded")
	}
	img, ok := decoded.(*image.RGBA)
	if !ok {
		return nil, media.Unsupported("av1C", 0, "more than 8 bits a sample")
	}
	if edit, err := j.there(src, all(img), img.Bounds().Size(), orient); edit != nil || err != nil {
		return edit, err
	}
	coded, err := f.size(f.primary)
	if err != nil {
		return nil, err
	}
	var edit *media.Edit
	quality := 0
	err = j.grow(func(more int) error {
		p, err := j.place(img, orient, more)
		if err != nil {
			return err
		}
		now := image.NewRGBA(img.Bounds())
		copy(now.Pix, img.Pix)
		for y := p.Box.Min.Y; y < p.Box.Max.Y; y++ {
			for x := p.Box.Min.X; x < p.Box.Max.X; x++ {
				v := p.Stored.NRGBAAt(x-p.Box.Min.X, y-p.Box.Min.Y).R
				now.SetRGBA(x, y, color.RGBA{v, v, v, 255})
			}
		}
		fresh, err := f.encode(now, sampling, coded, &quality)
		if err != nil {
			return err
		}
		if edit, err = f.exchange(src, fresh); err != nil {
			return err
		}
		var out bytes.Buffer
		if err := edit.Apply(&out, src); err != nil {
			return err
		}
		shown, err := avif.Decode(&out)
		if err != nil {
			return media.Unsupported("item", 0, "a picture that can be read back")
		}
		j.method(p, "re-encoded")
		return j.check(p, shown)
	})
	return edit, err
}

// encode encodes a picture at the quality, in steps of ten, at which it takes about as many bytes as it took before.
func (f *avifFile) encode(img *image.RGBA, sampling image.YCbCrSubsampleRatio, coded int64, quality *int) (*avifFile, error) {
	try := func(q int) (*avifFile, int64, error) {
		var b bytes.Buffer
		if err := avif.Encode(&b, img, avif.Options{Quality: q, QualityAlpha: max(q, 80), Speed: 8, ChromaSubsampling: sampling}); err != nil {
			return nil, 0, media.Unsupported("item", 0, "a picture that can be encoded")
		}
		fresh, err := readAVIF(media.Memory(b.Bytes()))
		if err != nil {
			return nil, 0, err
		}
		n, err := fresh.size(fresh.primary)
		return fresh, n, err
	}
	if *quality > 0 {
		fresh, _, err := try(*quality)
		return fresh, err
	}
	low, high := 3, 10 // tens; the answer is in (low, high]
	var best *avifFile
	for low+1 < high || best == nil {
		mid := (low + high) / 2
		fresh, n, err := try(10 * mid)
		if err != nil {
			return nil, err
		}
		if n >= coded*95/100 || mid == 9 {
			best, high = fresh, mid
			*quality = 10 * mid
		} else {
			low = mid
		}
	}
	return best, nil
}

// readAVIF walks the boxes.
func readAVIF(src media.Source) (*avifFile, error) {
	f := &avifFile{r: box.NewReader(src), types: map[uint32]string{}, of: map[uint32][]int{}}
	found := false
	_, err := f.r.Top(func(b box.Box) error {
		switch b.Type {
		case "moov":
			return media.Unsupported("moov", b.Offset, "a sequence of pictures")
		case "meta":
			if found {
				return media.Malformed("meta", b.Offset, "one meta box")
			}
			f.meta, found = b, true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, media.Malformed("meta", 0, "a picture file without meta")
	}
	from, full, err := f.r.Meta(&f.meta)
	if err != nil {
		return nil, err
	}
	if !full {
		return nil, media.Malformed("meta", f.meta.Offset, "version and flags")
	}
	var iloc, idat *box.Box
	if _, err := f.r.Children(&f.meta, from, func(b box.Box) error {
		switch b.Type {
		case "iloc":
			iloc = &b
		case "idat":
			idat = &b
		case "pitm":
			return f.numbers(&b, func(n *numbers) { f.primary = n.id() })
		case "iinf":
			return f.entries(&b)
		case "iref":
			return f.references(&b)
		case "iprp":
			return f.prop(&b)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if iloc == nil {
		return nil, media.Malformed("iloc", f.meta.Offset, "item locations")
	}
	if f.iloc, err = box.ReadLocations(f.r, iloc, idat); err != nil {
		return nil, err
	}
	if t := f.types[f.primary]; t != "av01" {
		return nil, media.Unsupported("pitm", f.meta.Offset, "a primary item that is not coded as one AV1 picture")
	}
	return f, nil
}

// numbers reads what follows the version and flags of a box.
type numbers struct {
	b    []byte
	wide bool
	bad  bool
}

func (n *numbers) take(size int) uint32 {
	if len(n.b) < size {
		n.b, n.bad = nil, true
		return 0
	}
	v := uint32(0)
	for _, c := range n.b[:size] {
		v = v<<8 | uint32(c)
	}
	n.b = n.b[size:]
	return v
}

func (n *numbers) id() uint32 {
	if n.wide {
		return n.take(4)
	}
	return n.take(2)
}

func (f *avifFile) numbers(b *box.Box, read func(*numbers)) error {
	content, err := f.r.Content(b, maxProperty)
	if err != nil {
		return err
	}
	n := &numbers{b: content}
	n.wide = n.take(4)>>24 > 0
	if read(n); n.bad {
		return media.Truncated(b.Type, b.Offset, b.Size+1, b.Size)
	}
	return nil
}

func (f *avifFile) entries(b *box.Box) error {
	head, err := f.r.Inside(b, b.Body(), 1)
	if err != nil {
		return err
	}
	skip := int64(6)
	if head[0] > 0 {
		skip = 8
	}
	_, err = f.r.Children(b, b.Body()+skip, func(e box.Box) error {
		if e.Type != "infe" || len(f.types) > maxEntries {
			return nil
		}
		h, err := f.r.Inside(&e, e.Body(), 12)
		if err != nil {
			return err
		}
		switch h[0] {
		case 2:
			f.types[uint32(binary.BigEndian.Uint16(h[4:]))] = string(h[8:12])
		case 3:
			if h, err = f.r.Inside(&e, e.Body(), 14); err != nil {
				return err
			}
			f.types[binary.BigEndian.Uint32(h[4:])] = string(h[10:14])
		}
		return nil
	})
	return err
}

// references finds the item that is the primary's alpha, and pictures that are made of others.
func (f *avifFile) references(b *box.Box) error {
	head, err := f.r.Inside(b, b.Body(), 4)
	if err != nil {
		return err
	}
	wide := head[0] > 0
	_, err = f.r.Children(b, b.Body()+4, func(e box.Box) error {
		if e.Type != "auxl" && e.Type != "prem" {
			return nil
		}
		content, err := f.r.Content(&e, maxProperty)
		if err != nil {
			return err
		}
		n := &numbers{b: content, wide: wide}
		from, count := n.id(), n.take(2)
		for range count {
			if to := n.id(); to == f.primary && !n.bad && e.Type == "auxl" && f.alpha == 0 {
				f.alpha = from
			}
		}
		if e.Type == "prem" {
			return media.Unsupported("prem", e.Offset, "colours multiplied by alpha")
		}
		return nil
	})
	return err
}

// prop reads which properties belong to which item.
func (f *avifFile) prop(iprp *box.Box) error {
	_, err := f.r.Children(iprp, iprp.Body(), func(b box.Box) error {
		switch b.Type {
		case "ipco":
			_, err := f.r.Children(&b, b.Body(), func(p box.Box) error {
				if len(f.properties) >= maxEntries {
					return media.TooMany("item property", p.Offset, maxEntries)
				}
				f.properties = append(f.properties, p)
				return nil
			})
			return err
		case "ipma":
			return f.numbers(&b, func(n *numbers) {
				head, err := f.r.Inside(&b, b.Body(), 4)
				if err != nil {
					n.bad = true
					return
				}
				long := head[3]&1 != 0
				for count := n.take(4); count > 0 && !n.bad; count-- {
					id := n.id()
					for k := n.take(1); k > 0 && !n.bad; k-- {
						i := int(n.take(1)) & 0x7F
						if long {
							i = i<<8 | int(n.take(1))
						}
						f.of[id] = append(f.of[id], i-1)
					}
				}
			})
		}
		return nil
	})
	return err
}

// property returns a property of an item, and whether no other item has it.
func (f *avifFile) property(id uint32, kind string) (found *box.Box, alone bool) {
	alone = true
	for _, i := range f.of[id] {
		if i < 0 || i >= len(f.properties) || f.properties[i].Type != kind {
			continue
		}
		found = &f.properties[i]
		for other, list := range f.of {
			for _, k := range list {
				alone = alone && (k != i || other == id)
			}
		}
		return found, alone
	}
	return nil, true
}

// look reads the picture's orientation and chroma subsampling, and refuses what can't be encoded.
func (f *avifFile) look() (orient int, sampling image.YCbCrSubsampleRatio, err error) {
	orient = 1
	content := func(kind string, least int) ([]byte, *box.Box, error) {
		b, _ := f.property(f.primary, kind)
		if b == nil {
			return nil, nil, nil
		}
		c, err := f.r.Inside(b, b.Body(), least)
		return c, b, err
	}
	ispe, b, err := content("ispe", 12)
	if err != nil {
		return 0, 0, err
	}
	if b == nil {
		return 0, 0, media.Malformed("ipma", f.meta.Offset, "ispe of the primary item")
	}
	w, h := int64(binary.BigEndian.Uint32(ispe[4:])), int64(binary.BigEndian.Uint32(ispe[8:]))
	if w > maxSide || h > maxSide || w*h > avifPixels {
		return 0, 0, media.TooLarge("ispe", b.Offset, avifPixels)
	}
	if _, b, err = content("clap", 0); err != nil || b != nil {
		return 0, 0, media.Unsupported("clap", f.meta.Offset, "a picture that is shown in part")
	}
	av1c, b, err := content("av1C", 4)
	switch {
	case err != nil:
		return 0, 0, err
	case b == nil:
		return 0, 0, media.Malformed("ipma", f.meta.Offset, "av1C of the primary item")
	case av1c[2]&0x40 != 0:
		return 0, 0, media.Unsupported("av1C", b.Offset, "more than 8 bits a sample")
	}
	switch av1c[2] >> 2 & 3 {
	case 0:
		sampling = image.YCbCrSubsampleRatio444
	case 2:
		sampling = image.YCbCrSubsampleRatio422
	default:
		sampling = image.YCbCrSubsampleRatio420
	}
	irot, b, err := content("irot", 1)
	if err != nil {
		return 0, 0, err
	}
	angle := 0
	if b != nil {
		angle = int(irot[0] & 3)
	}
	orient = [4]int{1, 8, 3, 6}[angle]
	imir, b, err := content("imir", 1)
	if err != nil {
		return 0, 0, err
	}
	if b != nil { // the turn comes first; axis 0 swaps top and bottom
		orient = [2][4]int{{4, 5, 2, 7}, {2, 7, 4, 5}}[imir[0]&1][angle]
	}
	return orient, sampling, nil
}

func (f *avifFile) size(id uint32) (int64, error) {
	_, n, err := f.extents(id)
	return n, err
}

// extents returns the one range of an item's data, or of several the first, and their length.
func (f *avifFile) extents(id uint32) (ranges [][2]int64, sum int64, err error) {
	loc := f.iloc.Find(id)
	if loc == nil || len(loc.Extents) == 0 {
		return nil, 0, media.Malformed("iloc", f.iloc.Box.Offset, "a location of the picture")
	}
	for i := range loc.Extents {
		off, n, ok := f.iloc.Range(loc, &loc.Extents[i])
		if !ok || n == 0 {
			return nil, 0, media.Unsupported("iloc", f.iloc.Box.Offset, "a picture that is not in a range of this file")
		}
		if err := media.Within(f.r.Src, "item", off, n); err != nil {
			return nil, 0, err
		}
		ranges = append(ranges, [2]int64{off, n})
		sum += n
	}
	return ranges, sum, nil
}

// data reads an item.
func (f *avifFile) data(id uint32) ([]byte, error) {
	ranges, _, err := f.extents(id)
	if err != nil {
		return nil, err
	}
	var b []byte
	for _, r := range ranges {
		piece, err := media.Bytes(f.r.Src, "item", r[0], r[1])
		if err != nil {
			return nil, err
		}
		b = append(b, piece...)
	}
	return b, nil
}

// exchange plans the file with the coded pictures of another one, and the properties that describe how they are coded.
// Everything else stays: metadata, colour profile, turns.
func (f *avifFile) exchange(src media.Source, fresh *avifFile) (*media.Edit, error) {
	p := box.NewPlan(src)
	pairs := [][2]uint32{{f.primary, fresh.primary}}
	if f.alpha != 0 && fresh.alpha != 0 {
		pairs = append(pairs, [2]uint32{f.alpha, fresh.alpha})
	}
	for _, pair := range pairs {
		data, err := fresh.data(pair[1])
		if err != nil {
			return nil, err
		}
		ranges, _, err := f.extents(pair[0])
		if err != nil {
			return nil, err
		}
		var first *box.Change
		for i, r := range ranges {
			in, err := f.holder(r[0], r[1])
			if err != nil {
				return nil, err
			}
			piece := data
			if i > 0 {
				piece = nil
			}
			if c := p.Replace(in, r[0], r[1], piece); i == 0 {
				first = c
			}
		}
		loc := f.iloc.Find(pair[0])
		loc.Extents = []box.Extent{{Index: loc.Extents[0].Index, Into: first, Length: uint64(len(data))}}
		for _, kind := range []string{"av1C", "pixi"} {
			if err := f.describe(p, pair[0], fresh, pair[1], kind); err != nil {
				return nil, err
			}
		}
	}
	if err := f.matrix(p, fresh); err != nil {
		return nil, err
	}
	p.Locate(f.iloc)
	edit, err := p.Edit()
	if err != nil {
		return nil, err
	}
	again, err := readAVIF(src) // the plan has used the locations up
	if err != nil {
		return nil, err
	}
	*f = *again
	return edit, nil
}

// describe puts a property of the fresh item in the place of the old one's.
func (f *avifFile) describe(p *box.Plan, id uint32, fresh *avifFile, freshID uint32, kind string) error {
	old, alone := f.property(id, kind)
	now, _ := fresh.property(freshID, kind)
	if old == nil || now == nil {
		return nil
	}
	b, err := fresh.r.Content(now, maxProperty)
	if err != nil {
		return err
	}
	before, err := f.r.Content(old, maxProperty)
	if err != nil {
		return err
	}
	if bytes.Equal(b, before) {
		return nil
	}
	if !alone {
		return media.Unsupported(kind, old.Offset, "a property that several items share")
	}
	p.Replace(old, old.Body(), old.Len(), bytes.Clone(b))
	return nil
}

// matrix keeps primaries and transfer of a colour property, whose pixels did not change, and takes over the matrix and
// the range that the picture is coded with now.
func (f *avifFile) matrix(p *box.Plan, fresh *avifFile) error {
	old, alone := f.property(f.primary, "colr")
	now, _ := fresh.property(fresh.primary, "colr")
	if old == nil || now == nil || old.Len() < 11 || now.Len() < 11 {
		return nil
	}
	a, err := f.r.Inside(old, old.Body(), 11)
	if err != nil {
		return err
	}
	a = bytes.Clone(a)
	b, err := fresh.r.Inside(now, now.Body(), 11)
	if err != nil {
		return err
	}
	if string(a[:4]) != "nclx" || string(b[:4]) != "nclx" || bytes.Equal(a[8:11], b[8:11]) {
		return nil
	}
	if !alone {
		return media.Unsupported("colr", old.Offset, "a property that several items share")
	}
	p.Replace(old, old.Body()+8, 3, bytes.Clone(b[8:11]))
	return nil
}

// holder finds the box of data around a range.
func (f *avifFile) holder(off, n int64) (*box.Box, error) {
	var in *box.Box
	look := func(b box.Box) error {
		if (b.Type == "mdat" || b.Type == "idat") && b.Body() <= off && off+n <= b.End() {
			in = &b
		}
		return nil
	}
	if _, err := f.r.Top(look); err != nil {
		return nil, err
	}
	if in == nil {
		from, _, err := f.r.Meta(&f.meta)
		if err != nil {
			return nil, err
		}
		if _, err := f.r.Children(&f.meta, from, look); err != nil {
			return nil, err
		}
	}
	if in == nil {
		return nil, media.Unsupported("iloc", f.iloc.Box.Offset, "a picture outside of a media data box")
	}
	return in, nil
}
