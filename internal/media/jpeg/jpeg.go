// Package jpeg reads and writes the label in JPEG files (ITU-T T.81), as the guide TC260-PG-20259A asks: in the XMP
// packet of an APP1 segment (XMP part 3, 1.1.3), or wrapped in the EXIF tag UserComment (Exif 2.32).
//
// A JPEG file is a row of marker segments with entropy-coded data between some of them, and more may follow behind the
// image: the further images that an MPF index (CIPA DC-007) lists, among them the gain map of an Ultra HDR picture, and
// the video of a motion photo. The file is walked once from end to end, because segments that hold a label also stand
// between scans and in later images. An edit replaces whole segments of the first image's header. In later images, whose
// sizes other structures record, a label is overwritten in place. The MPF index counts bytes of the first image, so it
// is brought up to date.
//
// What not to do here: never decode or copy entropy-coded data through a decoder; never change the length of anything
// behind the first image; never write the label into extended XMP, which readers of the header alone do not see.
package jpeg

import (
	"bytes"
	"sort"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// Container is the JPEG container.
type Container struct{}

var _ media.Container = Container{}

// Sniff implements media.Container.
func (Container) Sniff(head []byte, _ media.Source) media.Format {
	if bytes.HasPrefix(head, []byte{0xFF, markerSOI, 0xFF}) {
		return media.JPEG
	}
	return media.Unknown
}

// Places implements media.Container.
func (Container) Places(media.Format) []media.Place {
	return []media.Place{media.PlaceXMP, media.PlaceEXIF}
}

// Scan implements media.Container.
func (Container) Scan(src media.Source, _ media.Format) (*media.Survey, error) {
	f, err := walk(src)
	survey := &media.Survey{Format: media.JPEG, Signatures: f.signatures, Findings: f.findings}
	for _, s := range f.segments {
		survey.Labels = append(survey.Labels, s.labels...)
	}
	return survey, err
}

// Edit implements media.Container.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	f, err := walk(src)
	if err != nil {
		return nil, err
	}
	p := &plan{file: f, put: put}
	switch put.Place {
	case media.PlaceXMP:
		err = p.setXMP()
	case media.PlaceEXIF:
		err = p.setEXIF()
	default:
		err = media.Unsupported("JPEG", 0, "no place "+string(put.Place))
	}
	if err != nil {
		return nil, err
	}
	for i := range f.segments {
		if s := &f.segments[i]; s != p.target && len(s.labels) > 0 {
			if err := p.drop(s); err != nil {
				return nil, err
			}
		}
	}
	if err := p.index(); err != nil {
		return nil, err
	}
	sort.SliceStable(p.splices, func(i, j int) bool { return p.splices[i].Offset < p.splices[j].Offset })
	return media.Splices(src, p.splices...)
}

// plan gathers the replacements of one edit.
type plan struct {
	file    *file
	put     media.Put
	target  *segment // where the label goes; nil for a new segment
	splices []media.Splice
}

// find returns the first header segment of a kind in the first image.
func (p *plan) find(k kind) *segment {
	for i := range p.file.segments {
		if s := &p.file.segments[i]; s.kind == k && s.image == 0 && !s.late {
			return s
		}
	}
	return nil
}

func (p *plan) setXMP() error {
	props := xmp.Properties{Label: p.put.Value, DigitalSourceType: p.put.DigitalSourceType}
	p.target = p.find(kindXMP)
	if p.target == nil {
		return p.insert(p.file.afterEXIF, markerAPP1, headXMP, xmp.New(props))
	}
	packet, err := xmp.Merge(p.target.data, props)
	if err != nil {
		return exif.Rebase(err, p.target.body())
	}
	return p.replace(p.target, packet)
}

func (p *plan) setEXIF() error {
	value := media.Wrap(p.put.Value)
	p.target = p.find(kindEXIF)
	if p.target == nil {
		block, err := exif.Set(nil, value)
		if err != nil {
			return err
		}
		return p.insert(p.file.afterJFIF, markerAPP1, headEXIF, block)
	}
	if p.file.splitEXIF {
		return media.Unsupported("EXIF APP1 segment", p.target.off, "EXIF block split over segments")
	}
	block, err := exif.Set(p.target.data, value)
	if err != nil {
		return exif.Rebase(err, p.target.body())
	}
	return p.replace(p.target, block)
}

// drop takes the label out of a segment. Behind the first image the segment keeps its length.
func (p *plan) drop(s *segment) error {
	fixed := s.image > 0
	switch s.kind {
	case kindXMP:
		packet, err := xmp.Drop(s.data)
		if err != nil {
			return exif.Rebase(err, s.body())
		}
		if len(xmp.Read(packet, 0)) > 0 {
			return media.Unsupported("XMP packet", s.body(), "the label can't be told from the text around it")
		}
		if fixed {
			packet = xmp.Pad(packet, len(s.data))
		}
		return p.replace(s, packet)
	case kindEXIF:
		block, err := exif.Drop(s.data)
		if err != nil {
			return exif.Rebase(err, s.body())
		}
		return p.replace(s, block)
	case kindBare:
		if fixed {
			return p.replace(s, bytes.Repeat([]byte{' '}, len(s.data)))
		}
		p.remove(s)
		return nil
	case kindText:
		text, rest, err := exif.Blank(exif.TagImageDescription, nil, s.data, s.body())
		if err != nil {
			return err
		}
		if fixed || rest {
			return p.replace(s, text)
		}
		p.remove(s)
		return nil
	default:
		return media.Unsupported("extended XMP", s.off, "holds a label, which can't be taken out")
	}
}

// remove deletes a segment with the fill bytes before it, which would make a marker of what follows.
func (p *plan) remove(s *segment) {
	p.splices = append(p.splices, media.Splice{Offset: s.fill, Delete: s.off + s.size - s.fill})
}

// insert puts a new segment at off.
func (p *plan) insert(off int64, marker byte, head string, data []byte) error {
	b, err := build(marker, head, data, off)
	if err == nil {
		p.splices = append(p.splices, media.Splice{Offset: off, Insert: b})
	}
	return err
}

// replace gives a segment new data behind its identifier.
func (p *plan) replace(s *segment, data []byte) error {
	if bytes.Equal(data, s.data) {
		return nil
	}
	b, err := build(s.marker, s.head, data, s.off)
	if err == nil {
		p.splices = append(p.splices, media.Splice{Offset: s.off, Delete: s.size, Insert: b})
	}
	return err
}

// build returns a marker segment.
func build(marker byte, head string, data []byte, off int64) ([]byte, error) {
	n := len(head) + len(data)
	if n > maxPayload {
		return nil, media.NoRoom("JPEG segment", off, maxPayload)
	}
	b := make([]byte, 0, 4+n)
	b = append(b, 0xFF, marker, byte((n+2)>>8), byte(n+2))
	b = append(b, head...)
	return append(b, data...), nil
}
