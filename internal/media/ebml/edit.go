package ebml

import (
	"cmp"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// Edit puts the label in the tags of the first segment.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceTag {
		return nil, media.Unsupported("Matroska file", 0, "no place "+string(put.Place))
	}
	doc, err := walk(src)
	if err != nil {
		return nil, err
	}
	if len(put.Value) > maxTags/2 {
		return nil, media.NoRoom("Matroska Tags", doc.segments[0].off, maxTags/2)
	}
	var splices []media.Splice
	written := 0
	for i, s := range doc.segments {
		value := put.Value
		if i > 0 {
			value = nil
		}
		p := &plan{segment: s, src: src, moved: map[int64]int64{}}
		list, err := p.run(value)
		if err != nil {
			return nil, err
		}
		for _, splice := range list {
			if written += len(splice.Insert); written > maxWritten {
				return nil, media.TooLarge("Matroska Tags", s.off, maxWritten)
			}
		}
		splices = append(splices, list...)
	}
	return media.Splices(src, splices...)
}

// maxWritten is how many bytes one edit writes anew.
const maxWritten = 48 << 20

const gone = -1 // a position of an element that is no more

// plan gathers what happens to one segment.
type plan struct {
	*segment
	src     media.Source
	splices []media.Splice
	moved   map[int64]int64 // old to new positions of Tags
	free    []element       // Tags that turn into Void
	newTags int64           // position of Tags that nothing names yet; 0 when there are none

	// Positions from shiftFrom on move by shiftBy.
	shiftFrom, shiftBy int64
}

// run plans the segment. A nil value takes its labels out.
func (p *plan) run(value []byte) ([]media.Splice, error) {
	trees, err := p.trees(p.src)
	if err != nil {
		return nil, err
	}
	home := -1
	if value != nil {
		home = choose(trees)
	}
	for i, t := range trees {
		if i != home {
			if err := p.strip(p.tags[i], t); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case home >= 0:
		put(trees[home], value)
		if trees[home].changed {
			err = p.place(trees[home].bytes(), &p.tags[home])
		} else {
			err = p.point()
		}
	case value != nil:
		err = p.place(encode(idTags, globalTag(value), 1), nil)
	default:
		err = p.point()
	}
	if err != nil {
		return nil, err
	}
	return p.finish(), nil
}

// choose returns the Tags element that is to hold the label: one that does, or the first.
func choose(trees []*node) int {
	for i, t := range trees {
		for _, l := range labels(t) {
			if l.plain {
				return i
			}
		}
	}
	if len(trees) > 0 {
		return 0
	}
	return -1
}

// strip takes the labels out of a Tags element, in place.
func (p *plan) strip(e element, t *node) error {
	list := labels(t)
	for _, l := range list {
		l.drop()
	}
	switch {
	case len(list) == 0:
	case t.first(idTag) == nil:
		p.splice(e.off, e.size(), void(e.size()))
		p.moved[e.off-p.body] = gone
	default:
		// What was taken out leaves room for a Void or a longer size field.
		b, ok := pad(t.bytes(), e.size())
		if !ok {
			return media.Unsupported("Matroska Tags", e.off, "no room for a Void")
		}
		p.splice(e.off, e.size(), b)
	}
	return nil
}

func (p *plan) splice(off, n int64, b []byte) {
	p.splices = append(p.splices, media.Splice{Offset: off, Delete: n, Insert: b})
}

// untouched reports whether no splice overlaps an element.
func (p *plan) untouched(off, end int64) bool {
	for _, s := range p.splices {
		if s.Offset < end && off < s.Offset+s.Delete {
			return false
		}
	}
	return true
}

// room returns where the Voids end that follow off without a break.
func (p *plan) room(off int64) int64 {
	for _, v := range p.voids {
		if v.off == off && p.untouched(v.off, v.end) {
			off = v.end
		}
	}
	return off
}

// place finds room for a Tags element, which stands at old so far, or nowhere: best before the clusters, where every
// reader looks.
func (p *plan) place(b []byte, old *element) error {
	if int64(len(b)) > maxTags {
		return media.NoRoom("Matroska Tags", p.off, maxTags)
	}
	ahead := old != nil && (p.firstCluster < 0 || old.off < p.firstCluster)
	switch {
	case ahead && p.within(b, *old):
		return p.point()
	case p.inVoid(b, old):
		return p.point()
	case !p.cut && p.firstCluster >= 0:
		if ok, err := p.shift(b, old, ahead); ok || err != nil {
			return err
		}
	}
	switch {
	case old != nil && p.within(b, *old):
	case p.cut:
		return media.Unsupported("Matroska Segment", p.off, "the file ends inside it, so that nothing can follow")
	case old != nil && p.room(old.end) == p.limit:
		p.splice(old.off, p.limit-old.off, b)
	default:
		at := p.tail()
		p.splice(at, p.limit-at, b)
		p.leave(old, at)
		if old == nil {
			p.newTags = at - p.body
		}
	}
	return p.point()
}

// within puts Tags where they stood, taking in the Voids behind.
func (p *plan) within(b []byte, old element) bool {
	end := p.room(old.end)
	full, ok := pad(b, end-old.off)
	if ok {
		p.splice(old.off, end-old.off, full)
	}
	return ok
}

// inVoid puts Tags in a Void before the clusters.
func (p *plan) inVoid(b []byte, old *element) bool {
	for _, v := range p.voids {
		if p.firstCluster >= 0 && v.off > p.firstCluster || !p.untouched(v.off, v.end) {
			continue
		}
		if full, ok := pad(b, v.size()); ok {
			p.splice(v.off, v.size(), full)
			p.leave(old, v.off)
			return true
		}
	}
	return false
}

// tail returns where the Voids begin that end the segment.
func (p *plan) tail() int64 {
	at := p.limit
	for _, v := range slices.Backward(p.voids) {
		if v.end != at || !p.untouched(v.off, v.end) {
			break
		}
		at = v.off
	}
	return at
}

// leave turns the old Tags into a Void, or ends the segment where they stood.
func (p *plan) leave(old *element, to int64) {
	if old == nil {
		return
	}
	p.moved[old.off-p.body] = to - p.body
	if end := p.room(old.end); end == p.limit && !p.cut && to < old.off {
		p.splice(old.off, end-old.off, nil)
		return
	}
	p.splice(old.off, old.size(), void(old.size()))
	p.free = append(p.free, *old)
}

// finish adds what depends on the segment as a whole: its checksum and its size.
func (p *plan) finish() []media.Splice {
	p.splices = slices.DeleteFunc(p.splices, func(s media.Splice) bool { return s.Delete == 0 && len(s.Insert) == 0 })
	if len(p.splices) == 0 {
		return nil
	}
	for _, c := range p.crc {
		// A checksum of the whole segment would take all of it to compute.
		p.splice(c.off, c.size(), void(c.size()))
	}
	delta := int64(0)
	for _, s := range p.splices {
		delta += int64(len(s.Insert)) - s.Delete
	}
	if delta != 0 && !p.unknown {
		size := p.end - p.body + delta
		head := appendSize(appendID(nil, idSegment), size, sizeWidth(size, p.width))
		p.splice(p.off, p.body-p.off, head)
	}
	slices.SortStableFunc(p.splices, func(a, b media.Splice) int { return cmp.Compare(a.Offset, b.Offset) })
	return p.splices
}
