package page

import (
	"slices"
	"strconv"

	"github.com/colophon-project/colophon/internal/media/markup"
	"github.com/colophon-project/colophon/internal/media/pdf"
	"github.com/colophon-project/colophon/notice"
)

// shape is a shape on a slide: its box in points, y growing downwards, and what placeholder it is.
type shape struct {
	box         pdf.Box
	off, ext    bool
	placeholder bool
	kind, index string
}

// take looks at a start tag inside of a shape. The first position and the first size are the shape's own.
func (s *shape) take(w *markup.Walker, t markup.Token) {
	number := func(name string) float64 {
		n, err := strconv.ParseInt(attribute(w, t, name), 10, 40)
		if err != nil {
			return 0
		}
		return float64(n) / point
	}
	switch local := w.Top().Local; {
	case local == "ph":
		s.placeholder, s.kind, s.index = true, attribute(w, t, "type"), attribute(w, t, "idx")
	case w.Stack[len(w.Stack)-2].Local != "xfrm":
	case local == "off" && !s.off:
		s.off, s.box.X0, s.box.Y0 = true, number("x"), number("y")
	case local == "ext" && !s.ext:
		s.ext, s.box.X1, s.box.Y1 = true, s.box.X0+number("cx"), s.box.Y0+number("cy")
	}
}

// bareSlide is a slide that gets the notice.
type bareSlide struct {
	name  string
	slide *slide
	taken []pdf.Box // what stands on it
}

// taken returns the boxes of what a slide shows: its shapes, where placeholders stand by its layout or master, and the
// shapes of those two. What covers half of the slide or more is its background.
func (p *pack) taken(name string, s *slide, d *deck) []pdf.Box {
	var boxes []pdf.Box
	half := float64(d.width) / point * float64(d.height) / point / 2
	add := func(b pdf.Box) {
		if (b.X1-b.X0)*(b.Y1-b.Y0) < half {
			boxes = append(boxes, b)
		}
	}
	above := p.above(name)
	for _, one := range s.shapes {
		for _, list := range above {
			if one.ext || !one.placeholder {
				break
			}
			if i := slices.IndexFunc(list, func(o shape) bool { return o.placeholder && o.ext && one.like(o) }); i >= 0 {
				one.ext, one.box = true, list[i].box
			}
		}
		if one.ext {
			add(one.box)
		}
	}
	for _, list := range above {
		for _, one := range list {
			if one.ext && !one.placeholder {
				add(one.box)
			}
		}
	}
	return boxes
}

// like reports whether a placeholder takes its place from another.
func (s *shape) like(o shape) bool {
	if s.index != "" && s.index == o.index {
		return true
	}
	title := func(kind string) bool { return kind == "title" || kind == "ctrTitle" }
	return s.kind == o.kind && s.kind != "" || title(s.kind) && title(o.kind)
}

// above returns the shapes of a slide's layout and of that one's master, as far as they can be read.
func (p *pack) above(name string) [][]shape {
	var all [][]shape
	for _, kind := range []string{"slideLayout", "slideMaster"} {
		list, err := p.relationships(name)
		if err != nil {
			return all
		}
		i := slices.IndexFunc(list, func(r relationship) bool { return r.kind == kind && r.target != "" })
		if i < 0 {
			continue // a layout's own relationship may lead on
		}
		name = list[i].target
		shapes, known := p.shapes[name]
		if text, ok, err := p.find(name); !known && ok && err == nil {
			if s, err := readSlide(text, name); err == nil {
				shapes = s.shapes
			}
		}
		p.shapes[name] = shapes
		all = append(all, shapes)
	}
	return all
}

// place puts the notice on slides, in a corner that is free where there is one.
func (j *job) place(p *pack, d *deck, bare []bareSlide) error {
	f, size, err := j.slideFrame(d)
	if err != nil {
		return err
	}
	free := func(i int, c notice.Corner) bool {
		x, y := f.at(c)
		box := pdf.Box{X0: x, Y0: f.height - y - f.tall, X1: x + f.long, Y1: f.height - y}
		return !slices.ContainsFunc(bare[i].taken, func(b pdf.Box) bool { return overlaps(b, box) })
	}
	for i, corner := range pick(j.o.Corner, len(bare), free, free) {
		s := bare[i].slide
		box := j.box(s, f, size, corner)
		if s.before > 0 {
			p.splice(bare[i].name, markup.Splice{From: s.before, To: s.before, Text: box})
		} else {
			p.splice(bare[i].name, markup.Inside(s.tree[0], s.tree[1], box))
		}
	}
	return nil
}
