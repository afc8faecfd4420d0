package jpeg

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	maxExtended = 16 << 20 // bytes of extended XMP that are read for a label
	maxParts    = 1024     // segments of it
	extHead     = 40       // GUID, full length, offset
)

// extended is the extended XMP of the file: one packet cut over segments (XMP part 3, 1.1.3.1). It may be megabytes of
// depth map, so it is put together only when the name of the property occurs in it.
type extended struct {
	parts []part
	size  int64
	tail  []byte // end of the part before, for a name cut in two
	hit   bool
	image int
	late  bool
}

type part struct{ off, size int64 }

func (e *extended) add(s *segment) {
	if len(s.data) < extHead || len(e.parts) >= maxParts || e.size > maxExtended {
		return
	}
	data := s.data[extHead:]
	e.parts = append(e.parts, part{s.body() + extHead, int64(len(data))})
	e.size += int64(len(data))
	if len(e.parts) == 1 {
		e.image, e.late = s.image, s.late
	}
	edge := append(e.tail, data[:min(3, len(data))]...)
	e.hit = e.hit || named(data) || named(edge)
	e.tail = bytes.Clone(data[max(0, len(data)-3):])
}

// named reports whether text holds the property's name, as exact as bytes.Contains allows at speed.
func named(text []byte) bool {
	return bytes.Contains(text, []byte("AIGC")) || bytes.Contains(text, []byte("Aigc")) || bytes.Contains(text, []byte("aigc"))
}

// readExtended reports labels in extended XMP.
func (w *walker) readExtended() error {
	e := &w.extended
	if !e.hit || e.size > maxExtended {
		return nil
	}
	packet := make([]byte, 0, e.size)
	for _, p := range e.parts {
		b, err := media.Bytes(w.src, "extended XMP", p.off, p.size)
		if err != nil {
			return err
		}
		packet = append(packet, b...)
	}
	labels := xmp.Read(packet, 0)
	if len(labels) == 0 {
		return nil
	}
	for i := range labels {
		labels[i].Offset = e.parts[0].off
	}
	w.segments = append(w.segments, segment{
		kind: kindExtended, off: e.parts[0].off, marker: markerAPP1, image: e.image, late: e.late, labels: labels,
	})
	return nil
}
