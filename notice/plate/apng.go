package plate

import (
	"encoding/binary"
	"image"
	"image/color"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/raster"
)

// animated plans an APNG (PNG Specification, Third Edition, 11.3.6): the plate is on every frame that is shown, and on the
// picture that is shown where animations are not.
func (f *pngFile) animated(j *job) (*media.Edit, error) {
	// A palette is shared by all frames, so that all must be known before one is painted. They are few colours, and small.
	old := f.layout
	list := f.frames
	if f.still.control < 0 {
		list = append([]*pngFrameOf{f.still}, f.frames...)
	}
	var views []*pngPicture
	var pixels int64
	for _, fr := range list {
		if pixels += int64(fr.box.Dx()) * int64(fr.box.Dy()); pixels > maxPixels {
			return nil, media.Unsupported("fcTL chunk", f.chunks[max(0, fr.control)].off, "at most 134,217,728 pixels in all frames")
		}
		v, err := f.picture(fr, old)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	size := image.Pt(old.Width, old.Height)
	shown := views[len(views)-len(f.frames):]
	first := drawn(image.NewNRGBA(image.Rectangle{Max: size}), f.stillOf(f.frames[0], shown[0]))
	there, err := j.find(all(first), size, orientation(f.exif))
	if err != nil {
		return nil, err
	}
	if there != nil && len(shown) < len(views) && !there.shows(views[0]) {
		there = nil
	}
	on, err := j.plays(there, len(shown), func(i int) (*still, error) { return f.stillOf(f.frames[i], shown[i]), nil })
	if err != nil {
		return nil, err
	}
	if !on {
		there = nil
	}
	if edit, err := j.kept(f.src, there); edit != nil || err != nil {
		return edit, err
	}
	p, err := j.place(first, orientation(f.exif), 0)
	if err != nil {
		return nil, err
	}
	p = f.prepare(j, views, p)
	fresh := map[*pngFrameOf][]byte{}
	if len(list) > len(f.frames) {
		views[0].paint(p, image.Point{})
		if err := f.keep(fresh, list[0], views[0]); err != nil {
			return nil, err
		}
		list, views = list[1:], views[1:]
	}
	// What is compared is what the file can show of the plate.
	m := newMotion(size, f.shownPlate(p))
	for i, fr := range list {
		what, next, now := m.step(f.stillOf(fr, views[i]), false)
		if what == untouched && !f.pal.raised && !f.pal.widened {
			continue
		}
		switch what {
		case painted:
			views[i].paint(p, image.Point{})
		case replaced:
			if views[i], err = f.whole(fr, next); err != nil {
				return nil, err
			}
		case impossible:
			return nil, errAnew("fcTL chunk", f.chunks[fr.control].off)
		}
		if what != untouched {
			if err := m.check(j, now); err != nil {
				return nil, err
			}
		}
		if err := f.keep(fresh, fr, views[i]); err != nil {
			return nil, err
		}
		views[i] = nil
	}
	j.method(p, "pixels")
	return f.rewrite(fresh)
}

func (f *pngFile) keep(fresh map[*pngFrameOf][]byte, fr *pngFrameOf, v *pngPicture) error {
	coded, err := v.deflated()
	fresh[fr] = coded
	return err
}

// stillOf returns a frame's pixels and how it is shown.
func (f *pngFile) stillOf(fr *pngFrameOf, v *pngPicture) *still {
	s := &still{box: fr.box, img: image.NewNRGBA(image.Rectangle{Max: fr.box.Size()}), over: fr.fctl[25] == 1}
	var samples [4]uint16
	for y := range v.Height {
		for x := range v.Width {
			s.img.SetNRGBA(x, y, v.pal.colour(v.Layout, v.Get(x, y, &samples)))
		}
	}
	switch {
	case fr.fctl[24] == 1, fr.fctl[24] == 2 && fr == f.frames[0]:
		s.after = clearFrame
	case fr.fctl[24] == 2:
		s.after = restoreFrame
	}
	return s
}

// shownPlate returns the plate in the greys that the file can show.
func (f *pngFile) shownPlate(p *Placed) *Placed {
	out := *p
	out.Stored = f.pal.shown(p, f.layout)
	out.Stored.Rect = image.Rectangle{Max: p.Box.Size()}
	return &out
}

// whole turns a frame into one of the canvas's size that stays.
func (f *pngFile) whole(fr *pngFrameOf, s *still) (*pngPicture, error) {
	where := f.chunks[fr.control].off
	if f.layout.Depth == 16 {
		return nil, media.Unsupported("fcTL chunk", where, "frames of 16 bits that cover the notice in part")
	}
	if fr == f.still {
		return nil, media.Unsupported("fcTL chunk", where, "a first frame that does not cover the notice")
	}
	l := f.layout
	fr.box = s.box
	l.Width, l.Height = s.box.Dx(), s.box.Dy()
	binary.BigEndian.PutUint32(fr.fctl[4:], uint32(l.Width))
	binary.BigEndian.PutUint32(fr.fctl[8:], uint32(l.Height))
	clear(fr.fctl[12:20])
	fr.fctl[24], fr.fctl[25] = 0, 0
	v := &pngPicture{Raster: raster.New(l), pal: f.pal}
	index := map[[4]byte][]uint16{}
	for y := range l.Height {
		for x := range l.Width {
			c := s.img.NRGBAAt(x, y)
			key := [4]byte{c.R, c.G, c.B, c.A}
			if _, ok := index[key]; !ok {
				if index[key] = f.pal.find(l, key); index[key] == nil {
					return nil, media.Unsupported("fcTL chunk", where, "frames that blend to colours that the file can't show")
				}
			}
			v.Set(x, y, index[key])
		}
	}
	return v, nil
}

// find returns samples that show a colour exactly, or nil.
func (p *palette) find(l raster.Layout, c [4]byte) []uint16 {
	r, g, b, a := uint16(c[0]), uint16(c[1]), uint16(c[2]), uint16(c[3])
	var s []uint16
	switch l.Colour {
	case raster.RGBA:
		return []uint16{r, g, b, a}
	case raster.GreyAlpha:
		s = []uint16{r, a}
	case raster.RGB:
		s = []uint16{r, g, b}
	case raster.Grey:
		s = []uint16{uint16(int(r) * (1<<l.Depth - 1) / 255)}
	case raster.Palette:
		for i := range len(p.colours) / 3 {
			if shows(p.colour(l, []uint16{uint16(i)}), c) {
				return []uint16{uint16(i)}
			}
		}
		return nil
	}
	if a == 0 && l.Colour != raster.GreyAlpha {
		if len(p.clear) < 2*len(s) {
			return nil
		}
		for i := range s {
			s[i] = uint16(p.clear[2*i])<<8 | uint16(p.clear[2*i+1])
		}
		return s
	}
	if !shows(p.colour(l, s), c) {
		return nil
	}
	return s
}

// shows reports whether two colours look the same: those that are clear do.
func shows(a color.NRGBA, c [4]byte) bool {
	return a.A == c[3] && (a.A == 0 || [4]byte{a.R, a.G, a.B, a.A} == c)
}
