package jpeg

import (
	"bytes"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// Identifiers at the start of a segment's payload.
const (
	headXMP      = "http://ns.adobe.com/xap/1.0/\x00"       // XMP part 3, 1.1.3
	headExtended = "http://ns.adobe.com/xmp/extension/\x00" // XMP part 3, 1.1.3.1
	headEXIF     = "Exif\x00\x00"
	headMPF      = "MPF\x00" // CIPA DC-007, 5.1
)

type kind int

const (
	kindOther kind = iota
	kindXMP
	kindExtended
	kindEXIF
	kindMPF
	kindBare // APP9 or APP11 with AIGC{…}
	kindText // COM
)

// segment is a marker segment that was remembered.
type segment struct {
	off, size int64 // from the marker's 0xFF
	fill      int64 // where the fill bytes before the marker begin
	marker    byte
	kind      kind
	image     int    // 0 is the first image
	late      bool   // behind the first scan, or in a later image
	head      string // identifier
	data      []byte // payload behind the identifier
	labels    []media.Found
	index     index // of an MPF segment
}

// body is the file offset of data.
func (s *segment) body() int64 { return s.off + 4 + int64(len(s.head)) }

// take looks into a segment and remembers it where an edit may need it.
func (w *walker) take(s segment) error {
	lead := s.image == 0 && w.afterEXIF == s.off
	switch s.marker {
	case markerAPP0:
		if lead {
			if w.afterJFIF == s.off {
				w.afterJFIF = s.off + s.size
			}
			w.afterEXIF = s.off + s.size
		}
		return nil
	case markerAPP1, markerAPP2, markerAPP9, markerAPP11, markerCOM:
	default:
		return nil
	}
	b, err := w.peek(s.off, int(s.size))
	if err != nil {
		return err
	}
	payload := b[4:s.size]
	w.classify(&s, payload)
	if s.kind == kindOther {
		return nil
	}
	if lead && s.kind == kindEXIF {
		w.afterEXIF = s.off + s.size
	}
	if s.late {
		for i := range s.labels {
			s.labels[i].Findings = append(s.labels[i].Findings, media.Warn(media.CodeLateLabel, s.off))
		}
	}
	needed := s.kind == kindMPF || s.image == 0 && !s.late && (s.kind == kindXMP || s.kind == kindEXIF)
	if len(s.labels) == 0 && !needed {
		return nil
	}
	if len(w.segments) >= maxSegments {
		return media.TooMany("JPEG segment with metadata", s.off, maxSegments)
	}
	s.data = bytes.Clone(s.data)
	w.segments = append(w.segments, s)
	return nil
}

// classify finds out what a payload is and reads the labels in it. The segment's data points into payload.
func (w *walker) classify(s *segment, payload []byte) {
	is := func(k kind, head string) bool {
		if bytes.HasPrefix(payload, []byte(head)) {
			s.kind, s.head, s.data = k, head, payload[len(head):]
			return true
		}
		return false
	}
	switch s.marker {
	case markerAPP1:
		switch {
		case is(kindXMP, headXMP):
			s.labels = xmp.Read(s.data, s.body())
		case is(kindEXIF, headEXIF):
			w.exif(s)
		case is(kindExtended, headExtended):
			w.extended.add(s)
			s.kind = kindOther
		}
	case markerAPP2:
		if is(kindMPF, headMPF) {
			s.index = readIndex(s.data, s.body())
			if s.index.rule != "" {
				w.damaged("MPF", s.body(), s.index.rule)
			}
		}
	case markerAPP9, markerAPP11:
		if s.marker == markerAPP11 && isManifest(payload) {
			if len(w.signatures) == 0 {
				w.signatures = append(w.signatures, media.Signature{Kind: media.SignatureC2PA, Offset: s.off})
			}
			return
		}
		if found, ok := bare(payload, s.marker, s.off); ok {
			is(kindBare, "")
			s.labels = []media.Found{found}
		}
	case markerCOM:
		if found, ok := exif.Value(exif.TagImageDescription, nil, payload, s.off); ok {
			is(kindText, "")
			s.labels = []media.Found{found}
		}
	}
}

// exif reads an EXIF segment. A second one without a TIFF header continues the first.
func (w *walker) exif(s *segment) {
	if !bytes.HasPrefix(s.data, []byte("II")) && !bytes.HasPrefix(s.data, []byte("MM")) && s.image == 0 && !s.late {
		for i := range w.segments {
			if w.segments[i].kind == kindEXIF {
				w.splitEXIF = true
				s.kind = kindOther
				return
			}
		}
	}
	s.labels = exif.Read(s.data, s.body())
	if len(w.findings) < maxSegments {
		w.findings = append(w.findings, exif.Check(s.data, s.body())...)
	}
}

// bare reads a payload of the form AIGC{…}, which ByteDance writes, or of JSON alone.
func bare(payload []byte, marker byte, off int64) (media.Found, bool) {
	text := bytes.TrimLeft(payload, " \x00")
	keyed := len(text) > 4 && bytes.EqualFold(text[:4], []byte("AIGC"))
	if keyed {
		text = bytes.TrimLeft(text[4:], " :=\x00")
	}
	text = bytes.TrimRight(text, " \r\n\x00")
	if !bytes.HasPrefix(text, []byte("{")) || !keyed && !media.Candidate(text) {
		return media.Found{}, false
	}
	place := media.PlaceAPP9
	if marker == markerAPP11 {
		place = media.PlaceAPP11
	}
	return media.Found{Place: place, Offset: off, Value: bytes.Clone(text), Findings: []colophon.Finding{
		media.Warn(media.CodeOtherPlace, off, "place", string(place), "standard", string(media.PlaceXMP)),
	}}, true
}

// isManifest reports whether an APP11 payload is the first part of a C2PA manifest store: JPEG XT's box header (ISO
// 18477-3), a superbox "jumb", and a description box whose type is the C2PA UUID (ISO 19566-5; C2PA 2.1, A.3.1).
func isManifest(payload []byte) bool {
	return len(payload) >= 28 && string(payload[:2]) == "JP" && string(payload[12:16]) == "jumb" &&
		string(payload[20:24]) == "jumd" && string(payload[24:28]) == "c2pa"
}
