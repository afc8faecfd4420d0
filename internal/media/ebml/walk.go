package ebml

import (
	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

const (
	maxElements = 1 << 14  // elements beside clusters in a segment
	maxSegments = 1024     // segments in a file
	maxTags     = 16 << 20 // bytes of the Tags and SeekHead elements of a segment
	maxLabels   = 1024

	maxPositions = 1 << 16 // clusters that tell their position
)

// document is a whole file.
type document struct {
	segments []*segment
	findings []colophon.Finding
}

// segment is what matters in a segment.
type segment struct {
	element
	limit        int64 // where its children end
	cut          bool  // the file ends inside it
	tags         []element
	seekHeads    []element
	voids        []element
	crc          []element
	cues         []element
	positions    []element // of clusters, as these tell them
	firstCluster int64     // -1 when there is none
	rigid        bool      // clusters can't move, because what they tell of their position can't be followed
	count        int
}

// walk goes through the elements of the first two levels. It returns what was found before an error, too.
func walk(src media.Source) (*document, error) {
	d := &document{}
	r := &reader{src: src}
	for at := int64(0); at < src.Size(); {
		e, err := r.element(at, src.Size())
		switch {
		case err == nil && e.id == idSegment:
		case err == nil && (e.id == idEBML || e.id == idVoid) && !e.unknown && e.end <= src.Size():
			at = e.end
			continue
		case len(d.segments) > 0:
			d.findings = warn(d.findings, media.CodeTrailingData, at)
			return d, nil
		case err == nil:
			return d, media.Malformed("EBML element", at, "stands where the Segment belongs")
		default:
			return d, err
		}
		if len(d.segments) == maxSegments {
			return d, media.TooMany("Matroska Segment", at, maxSegments)
		}
		s := &segment{element: e, firstCluster: -1}
		d.segments = append(d.segments, s)
		if err := d.children(r, s); err != nil {
			return d, err
		}
		at = s.limit
		if s.cut {
			break
		}
	}
	if len(d.segments) == 0 {
		return d, media.Truncated("Matroska Segment", src.Size(), 1, 0)
	}
	return d, nil
}

// children goes through a segment.
func (d *document) children(r *reader, s *segment) error {
	size := r.src.Size()
	s.limit = size
	if !s.unknown && s.end <= size {
		s.limit = s.end
	}
	at := s.body
	for at < s.limit {
		e, err := r.element(at, s.limit)
		if err != nil {
			return err
		}
		if s.unknown && (e.id == idEBML || e.id == idSegment) {
			s.limit = at
			break
		}
		if err := d.child(r, s, &e); err != nil || s.cut {
			return err
		}
		at = e.end
	}
	if !s.unknown && s.end > size {
		s.cut = true
		d.findings = warn(d.findings, media.CodeStructure, s.off, "what", "Matroska Segment", "rule", "the file ends inside it")
	}
	return nil
}

// child notes an element of a segment, and finds its end.
func (d *document) child(r *reader, s *segment, e *element) error {
	if e.id == idCluster && s.firstCluster < 0 {
		s.firstCluster = e.off
	}
	if e.unknown {
		if e.id != idCluster {
			return media.Malformed("Matroska element", e.off, "unknown size of an element that is no Segment or Cluster")
		}
		if err := d.cluster(r, s, e); err != nil || s.cut {
			return err
		}
		return nil
	}
	if e.end > s.limit {
		switch {
		case s.limit < r.src.Size():
			return media.Malformed("Matroska element", e.off, "reaches beyond its Segment")
		case e.id == idTags || e.id == idSeekHead:
			return media.Truncated("Matroska element", e.off, e.size(), s.limit-e.off)
		}
		s.cut = true
		d.findings = warn(d.findings, media.CodeStructure, e.off, "what", "Matroska element", "rule", "the file ends inside it")
		return nil
	}
	switch e.id {
	case idCluster:
		s.peek(r, *e)
		return nil
	case idTags:
		s.tags = append(s.tags, *e)
	case idSeekHead:
		s.seekHeads = append(s.seekHeads, *e)
	case idVoid:
		s.voids = append(s.voids, *e)
	case idCRC:
		s.crc = append(s.crc, *e)
	case idCues:
		s.cues = append(s.cues, *e)
	}
	if s.count++; s.count > maxElements {
		return media.TooMany("Matroska element", e.off, maxElements)
	}
	return nil
}

// cluster goes through a cluster of unknown size, block by block.
func (d *document) cluster(r *reader, s *segment, c *element) error {
	at, summed := c.body, false
	for at < s.limit {
		e, err := r.element(at, s.limit)
		if err != nil {
			return err
		}
		if topLevel(e.id) {
			break
		}
		if e.unknown {
			return media.Malformed("Matroska element", e.off, "unknown size of an element that is no Segment or Cluster")
		}
		if e.end > s.limit {
			if s.limit < r.src.Size() {
				return media.Malformed("Matroska element", e.off, "reaches beyond its Segment")
			}
			s.cut = true
			d.findings = warn(d.findings, media.CodeStructure, e.off, "what", "Matroska Cluster", "rule", "the file ends inside it")
			return nil
		}
		s.told(e, &summed)
		at = e.end
	}
	c.end = at
	return nil
}

// topLevel reports whether an element can't be a cluster's child.
func topLevel(id uint32) bool {
	switch id {
	case idEBML, idSegment, idSeekHead, idInfo, idTracks, idCluster, idCues, idAttachments, idChapters, idTags:
		return true
	}
	return false
}

// peek looks whether a cluster tells where in the segment it stands, in the elements before its blocks.
func (s *segment) peek(r *reader, c element) {
	summed := false
	for at := c.body; at < c.end && !s.rigid; {
		e, err := r.element(at, c.end)
		if err != nil || e.unknown || e.end > c.end {
			s.rigid = true
			return
		}
		if e.id == idBlock || e.id == idBlockGroup {
			return
		}
		s.told(e, &summed)
		at = e.end
	}
}

// told notes what an element at the beginning of a cluster means for the cluster's moving. summed says whether the
// cluster has a checksum, and is kept from element to element.
func (s *segment) told(e element, summed *bool) {
	switch e.id {
	case idCRC:
		*summed = true
	case idPosition:
		if s.rigid {
			return
		}
		s.positions = append(s.positions, e)
		// A position that changes would take the checksum of the whole cluster anew.
		s.rigid = *summed || len(s.positions) > maxPositions || e.end-e.body > 8
	}
}
