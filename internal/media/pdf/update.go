package pdf

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	maxUpdate = 4 << 20    // bytes of an update that is taken for ours
	maxOffset = 9999999999 // ten digits
)

// appendix is an update under way.
type appendix struct {
	f       *file
	b       []byte
	written []written
}

// written is an object of an update.
type written struct {
	ref ref
	at  int64 // as offsets count in the file
}

// at is the offset that the next byte will have.
func (a *appendix) at() int64 { return a.f.size + int64(len(a.b)) - a.f.base }

func (a *appendix) begin(r ref) {
	a.written = append(a.written, written{r, a.at()})
	a.b = fmt.Appendf(a.b, "%d %d obj\n", r.num, r.gen)
}

// update returns the bytes to append so that the document has one label, value in the Info dictionary.
func (f *file) update(value []byte) ([]byte, error) {
	if len(f.sections) >= maxSections {
		return nil, media.TooMany("PDF cross-reference section", f.start, maxSections)
	}
	if len(value) > maxUpdate/4 {
		return nil, media.NoRoom("PDF Info dictionary", f.start, maxUpdate/4)
	}
	root, err := f.root()
	if err != nil {
		return nil, err
	}
	in, err := f.info()
	if err != nil {
		return nil, err
	}
	m, err := f.metadata(root, false)
	if err != nil {
		return nil, err
	}
	a := &appendix{f: f}
	last, err := f.bytes("PDF end of file", f.size-1, 1)
	if err != nil {
		return nil, err
	}
	if last[0] != '\n' && last[0] != '\r' {
		a.b = append(a.b, '\n')
	}
	top := f.top
	if in.ref.num == 0 {
		top++
		in.ref = ref{num: top}
	}
	if err := a.info(in, value); err != nil {
		return nil, err
	}
	if len(m.labels) > 0 {
		if err := a.metadata(m); err != nil {
			return nil, err
		}
	}
	if err := a.close(in.ref, top); err != nil {
		return nil, err
	}
	return a.b, nil
}

// info writes the Info dictionary: every other entry as it stands.
func (a *appendix) info(in *info, value []byte) error {
	entry := append([]byte("/"+Key+" "), encodeText(value)...)
	raw, at := in.dict.b, in.dict.start
	a.begin(in.ref)
	put := false
	for _, l := range in.labels {
		if l.mixed {
			return media.Unsupported("PDF Info dictionary", max(0, l.found.Offset), "text holds a label among other words")
		}
		a.b = append(a.b, raw[at:l.entry.key]...)
		at = l.entry.to
		if !put && l.found.Place == media.PlaceInfoDict {
			a.b = append(a.b, entry...)
			put = true
		}
	}
	if in.dict.end == 0 {
		raw, at = []byte("<<>>"), 0
		in.dict.end = len(raw)
	}
	a.b = append(a.b, raw[at:in.dict.end-len(">>")]...)
	if !put {
		a.b = append(append(a.b, '\n'), entry...)
	}
	a.b = append(a.b, ">>\nendobj\n"...)
	return nil
}

// metadata writes the XMP packet without its label, as a stream without a filter.
func (a *appendix) metadata(m *metadata) error {
	const what = "PDF metadata"
	if m.object.num == 0 {
		return media.Malformed(what, m.object.at, "the stream has no object number")
	}
	packet, err := xmp.Drop(m.packet)
	if err != nil {
		return err
	}
	if !xmp.Clean(packet) {
		return media.Unsupported(what, m.object.at, "the label can't be taken out of the XMP packet")
	}
	a.begin(ref{m.object.num, m.object.gen})
	a.b = append(a.b, "<<"...)
	a.entries(m.object.dict, "Length", "Filter", "DecodeParms")
	a.b = fmt.Appendf(a.b, "\n/Length %d\n>>\nstream\n", len(packet))
	a.b = append(a.b, packet...)
	a.b = append(a.b, "\nendstream\nendobj\n"...)
	return nil
}

// entries copies the entries of a dictionary but some.
func (a *appendix) entries(d dict, but ...string) {
	for _, e := range d.entries {
		if !slices.Contains(but, e.name) {
			a.b = append(append(a.b, '\n'), d.b[e.key:e.to]...)
		}
	}
}

// close writes the cross-reference section, in the kind of the file's newest one, and the trailer. A zero info leaves the
// trailer's Info as it is.
func (a *appendix) close(info ref, top int64) error {
	s := &a.f.sections[0]
	if !s.table {
		top++
	}
	if top > maxNumber {
		return media.TooMany("PDF object", a.f.start, maxNumber)
	}
	start := a.at()
	if start > maxOffset {
		return media.NoRoom("PDF cross-reference table", a.f.size, maxOffset)
	}
	entries := fmt.Sprintf("\n/Size %d\n/Prev %d", top+1, a.f.start)
	but := []string{"Size", "Prev", "XRefStm"}
	if info.num > 0 {
		entries += fmt.Sprintf("\n/Info %d %d R", info.num, info.gen)
		but = append(but, "Info")
	}
	slices.SortFunc(a.written, func(x, y written) int { return int(x.ref.num - y.ref.num) })
	if s.table {
		a.b = append(a.b, "xref\n"...)
		for _, w := range a.written {
			a.b = fmt.Appendf(a.b, "%d 1\n%010d %05d n \n", w.ref.num, w.at, w.ref.gen)
		}
		a.b = append(a.b, "trailer\n<<"...)
		a.entries(s.trailer, but...)
		a.b = append(append(a.b, entries...), "\n>>"...)
	} else {
		a.stream(s, top, entries, but)
	}
	a.b = append(a.b, "\nstartxref\n"...)
	a.b = strconv.AppendInt(a.b, start, 10)
	a.b = append(a.b, "\n%%EOF\n"...)
	return nil
}

// stream writes a cross-reference stream without a filter, which is the trailer too.
func (a *appendix) stream(s *section, num int64, entries string, but []string) {
	a.begin(ref{num: num})
	var index bytes.Buffer
	var rows []byte
	for _, w := range a.written {
		fmt.Fprintf(&index, "%d 1 ", w.ref.num)
		rows = append(rows, 1, byte(w.at>>32), byte(w.at>>24), byte(w.at>>16), byte(w.at>>8), byte(w.at), byte(w.ref.gen>>8), byte(w.ref.gen))
	}
	a.b = append(a.b, "<<"...)
	a.entries(s.trailer, append(but, "Type", "Index", "W", "Length", "Filter", "DecodeParms", "F", "FFilter", "FDecodeParms", "DL")...)
	a.b = fmt.Appendf(a.b, "\n/Type /XRef%s\n/W [1 5 2]\n/Index [%s]\n/Length %d\n>>\nstream\n", entries, bytes.TrimSpace(index.Bytes()), len(rows))
	a.b = append(a.b, rows...)
	a.b = append(a.b, "\nendstream\nendobj"...)
}
