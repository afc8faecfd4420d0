// Package bmff puts the label into movies and sound files that are built of boxes: MP4 and its relatives
// (ISO/IEC 14496-12 and -14, 3GPP TS 26.244), QuickTime, and M4A.
//
// The label's place is a metadata box with key names: moov/udta/meta with handler mdta, where the box keys lists the
// name AIGC and the box ilst holds the value as UTF-8 (QuickTime File Format, "Metadata"). Beside an iTunes list
// (handler mdir) in the same udta it gets a meta box of its own. Other places are read where others have written them:
// the same list directly in moov or in a track, iTunes tags, user data texts, XMP in a uuid or XMP_ box, and a box named
// AIGC.
//
// A movie's samples are found through absolute offsets, so growth is taken from padding where there is some, and where
// there is none all offsets are moved (see internal/media/box); moov stays where it is, before the samples or behind
// them. What not to do here: never renumber or drop a key that something else may refer to, and never take a box out
// between a fragment and its samples.
package bmff

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

// Container reads and edits MP4, MOV and M4A files.
type Container struct{}

var _ media.Container = Container{}

// sniffed is how many boxes are looked at to recognise a QuickTime file without a file type box.
const sniffed = 16

// Sniff implements media.Container.
func (Container) Sniff(head []byte, src media.Source) media.Format {
	switch f := box.Kind(head); f {
	case media.MP4, media.MOV, media.M4A:
		return f
	}
	if len(head) < 8 {
		return media.Unknown
	}
	switch string(head[4:8]) {
	case "moov", "mdat", "wide", "free", "skip", "pnot":
	default:
		return media.Unknown
	}
	r := box.NewReader(src)
	var at int64
	for range sniffed {
		b, err := r.At(at, src.Size(), nil)
		if err != nil || bytes.IndexByte([]byte(b.Type), 0) >= 0 {
			break
		}
		if b.Type == "moov" {
			return media.MOV
		}
		if at = b.End(); at >= src.Size() {
			break
		}
	}
	return media.Unknown
}

// Places implements media.Container.
func (Container) Places(f media.Format) []media.Place {
	switch f {
	case media.MP4, media.MOV, media.M4A:
		return []media.Place{media.PlaceKeys}
	}
	return nil
}

// Scan implements media.Container.
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	m, err := read(src, f)
	return &m.survey, err
}

// Edit implements media.Container.
func (Container) Edit(src media.Source, f media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceKeys {
		return nil, media.Unsupported("place "+string(put.Place), 0, "the label of a movie stands in keys")
	}
	m, err := read(src, f)
	if err != nil {
		return nil, err
	}
	if m.damage != nil {
		return nil, m.damage
	}
	// An offset may point into padding; then the padding has to stay.
	if e, err := m.edit(put.Value, true); err == nil {
		return e, nil
	}
	return m.edit(put.Value, false)
}

func (m *movie) edit(value []byte, padding bool) (*media.Edit, error) {
	p := box.NewPlan(m.r.Src)
	target := m.target()
	if err := m.clear(p, target); err != nil {
		return nil, err
	}
	if err := m.write(p, target, value); err != nil {
		return nil, err
	}
	if padding {
		m.absorb(p)
	}
	return p.Edit()
}

// write plans the label itself.
func (m *movie) write(p *box.Plan, target *tags, value []byte) error {
	if target != nil {
		return target.set(p, value)
	}
	list, err := m.fresh(p, value)
	if err != nil {
		return err
	}
	if len(m.udta) > 0 {
		p.Insert(m.udta[0].box, m.udta[0].end, list)
	} else {
		p.Insert(m.moov, m.moovEnd, box.Append(nil, "udta", list))
	}
	return nil
}

// clear takes out all labels but those that the target list replaces by itself.
func (m *movie) clear(p *box.Plan, target *tags) error {
	for _, t := range m.lists {
		if t != target && t.alone() {
			p.Remove(t.meta)
		}
	}
	for _, d := range m.drops {
		if d.list != nil && (d.list == target && d.item.label || d.list != target && d.list.alone()) {
			continue
		}
		if err := d.do(p); err != nil {
			return err
		}
	}
	return nil
}

// target is the list that the label goes to: one that has it, or else any keyed list in the movie's user data.
func (m *movie) target() *tags {
	var first *tags
	for _, t := range m.lists {
		if !t.standard() {
			continue
		}
		if t.find() >= 0 {
			return t
		}
		if first == nil {
			first = t
		}
	}
	return first
}

// absorb lets padding give or take the growth of moov, so that nothing behind it moves.
func (m *movie) absorb(p *box.Plan) {
	by := p.Growth(m.moov)
	if by == 0 || !m.followed {
		return
	}
	for _, f := range m.free {
		if p.Resize(f, f.Size-by) {
			return
		}
	}
	if by <= -8 {
		p.Insert(nil, m.moov.End(), box.Free(-by))
	}
}
