// Package ebml puts the label in the tags of Matroska and WebM files.
//
// Matroska (RFC 9559) is built of EBML elements (RFC 8794): an ID, a size, a body. A segment holds clusters of coded
// blocks and, beside them, SeekHead, Cues, Tags and others in any order; positions in SeekHead and Cues count from the
// beginning of the segment's body. The label is a SimpleTag named AIGC in a Tag whose Targets are empty.
//
// An edit never moves a cluster that anything points to. Tags that outgrow their room go into a Void before the
// clusters, or to the end of the segment, and leave a Void behind; SeekHead then learns where they are, for players
// look for tags at the end only when SeekHead names them. Only a segment that nothing points into, as browsers record
// it, gets its tags put in before the clusters. There is never a second Tags element because of the label: FFmpeg reads
// one and ignores others.
//
// What not to do here: never trust a size before it is compared with what is left, never read a cluster's payload, and
// never leave a CRC-32 element as it was in a master that changed.
package ebml

import (
	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

// Container is Matroska and WebM.
type Container struct{}

var _ media.Container = Container{}

// Sniff reads the DocType from the EBML header.
func (Container) Sniff(head []byte, _ media.Source) media.Format {
	e, short, rule := header(head)
	if short || rule != "" || e.id != idEBML || e.unknown {
		return media.Unknown
	}
	head = head[e.body:min(e.end, int64(len(head)))]
	for len(head) > 0 {
		e, short, rule := header(head)
		if short || rule != "" || e.unknown || e.end > int64(len(head)) {
			return media.Unknown
		}
		if e.id == idDocType {
			switch string(trim(head[e.body:e.end])) {
			case "matroska":
				return media.MKV
			case "webm":
				return media.WebM
			}
			return media.Unknown
		}
		head = head[e.end:]
	}
	return media.Unknown
}

// Places returns the tag, the only place.
func (Container) Places(media.Format) []media.Place { return []media.Place{media.PlaceTag} }

// Scan reads the tags of every segment.
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: f}
	doc, err := walk(src)
	survey.Findings = doc.findings
	held := 0
	for _, s := range doc.segments {
		// Tags that were met before damage are worth telling.
		trees, damage := s.trees(src)
		if err == nil {
			err = damage
		}
		for _, t := range trees {
			if !t.crcHolds() {
				survey.Findings = append(survey.Findings,
					media.Warn(media.CodeStructure, t.off, "what", "Matroska Tags", "rule", "CRC-32 is wrong"))
			}
			for _, l := range labels(t) {
				if held += len(l.found.Value); len(survey.Labels) == maxLabels || held > maxWritten {
					return survey, media.TooMany("Matroska SimpleTag AIGC", l.found.Offset, maxLabels)
				}
				survey.Labels = append(survey.Labels, l.found)
			}
		}
	}
	return survey, err
}

// trim cuts the zero bytes off that may end a string.
func trim(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}

func warn(list []colophon.Finding, code colophon.Code, off int64, args ...string) []colophon.Finding {
	return append(list, media.Warn(code, off, args...))
}
