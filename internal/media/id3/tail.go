package id3

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

const (
	maxTail   = 8 // tags at the end of a file
	apeFooter = 32
	maxItems  = 1 << 16
)

// trailing reads the tags at the end of the file, last one first, and moves the end of the content before them.
func (t *Tags) trailing(w *window) error {
	// One read covers the end markers of every scheme.
	for range maxTail {
		n := min(512, t.end-t.start)
		b, err := w.at("tags at the end", t.end-n, n)
		if err != nil {
			return err
		}
		before := t.end
		if err := t.last(w, bytes.Clone(b)); err != nil {
			return err
		}
		if t.end == before {
			return nil
		}
	}
	return nil
}

// last takes one tag off the end of the content, whose last bytes are b.
func (t *Tags) last(w *window, b []byte) error {
	tail := func(n int, mark string) ([]byte, bool) {
		if len(b) < n {
			return nil, false
		}
		b := b[len(b)-n:]
		return b, strings.HasPrefix(string(b[:min(n, 16)]), mark)
	}
	if _, ok := tail(128, "TAG"); ok {
		t.end -= 128
		if more, ok := tail(128+227, "TAG+"); ok && more != nil {
			t.end -= 227
		}
		return nil
	}
	if footer, ok := tail(apeFooter, "APETAGEX"); ok {
		return t.readAPE(w, footer)
	}
	if _, ok := tail(9, "LYRICS200"); ok && len(b) >= 15 {
		// Six decimal digits before the mark are the size of what stands before them.
		var size int64
		for _, c := range b[len(b)-15 : len(b)-9] {
			if c < '0' || c > '9' {
				return nil
			}
			size = size*10 + int64(c-'0')
		}
		if size+15 <= t.end-t.start {
			t.end -= size + 15
		}
		return nil
	}
	if footer, ok := tail(headerSize, "3DI"); ok {
		n, ok := span(footer)
		if !ok || footer[5]&flagFooter == 0 || n > t.end-t.start {
			return nil
		}
		tag, err := readTag(w, t.end-n)
		if err != nil {
			return err
		}
		if tag == nil || tag.total != n {
			return media.Malformed("ID3v2 footer", t.end-headerSize, "no tag of the stated size ends here")
		}
		tag.late = true
		t.late = append(t.late, tag)
		t.end = tag.off
	}
	return nil
}

// apeTag is an APEv2 tag (wiki.hydrogenaudio.org, APEv2 specification).
type apeTag struct {
	off, footer int64 // footer: where the footer begins
	header      bool
	size, count uint32
	items       []apeItem
}

type apeItem struct {
	off, size int64
	found     media.Found
}

func (t *Tags) readAPE(w *window, footer []byte) error {
	const what = "APE tag"
	at := t.end - apeFooter
	a := &apeTag{footer: at, size: binary.LittleEndian.Uint32(footer[12:]), count: binary.LittleEndian.Uint32(footer[16:])}
	flags := binary.LittleEndian.Uint32(footer[20:])
	version := binary.LittleEndian.Uint32(footer[8:])
	a.header = flags&(1<<31) != 0
	if version != 1000 && version != 2000 || a.size < apeFooter {
		return media.Malformed(what, at, "version or size of the footer is out of range")
	}
	first := t.end - int64(a.size)
	a.off = first
	if a.header {
		a.off -= apeFooter
	}
	if a.off < t.start {
		return media.Truncated(what, at, t.end-a.off, t.end-t.start)
	}
	if a.count > maxItems {
		return media.TooMany("APE tag item", at, maxItems)
	}
	for range a.count {
		n, err := a.item(w, first)
		if err != nil {
			return err
		}
		first += n
	}
	t.ape = append(t.ape, a)
	t.end = a.off
	return nil
}

// item reads the item at off and returns its length.
func (a *apeTag) item(w *window, off int64) (int64, error) {
	const what = "APE tag item"
	head, err := w.at(what, off, min(8+256, max(0, a.footer-off)))
	if err != nil {
		return 0, err
	}
	if len(head) < 10 {
		return 0, media.Truncated(what, off, 10, int64(len(head)))
	}
	size := int64(binary.LittleEndian.Uint32(head))
	flags := binary.LittleEndian.Uint32(head[4:])
	key, _, ok := bytes.Cut(head[8:], []byte{0})
	if !ok {
		return 0, media.Malformed(what, off, "key is not closed within 255 bytes")
	}
	name := string(key)
	from := off + 8 + int64(len(key)) + 1
	if size > a.footer-from {
		return 0, media.Truncated(what, off, size, a.footer-from)
	}
	total := from + size - off
	named := isName(name)
	if !named && (flags>>1&3 != 0 || size > maxText || size < 16) {
		return total, nil
	}
	if size > maxText {
		return 0, media.TooLarge(what, off, maxText)
	}
	value, err := w.at(what, from, size)
	if err != nil {
		return 0, err
	}
	if !named && (!media.Candidate(value) || !pure(string(value))) {
		return total, nil
	}
	if len(a.items) == maxLabels {
		return 0, media.TooMany(what+" AIGC", off, maxLabels)
	}
	found := media.Found{Place: media.PlaceTag, Offset: off, Value: bytes.Clone(value)}
	if !named {
		found.Place = media.PlaceDescription
	}
	found.Findings = []colophon.Finding{elsewhere(found.Place, off), media.Warn(media.CodeLateLabel, off)}
	a.items = append(a.items, apeItem{off: off, size: total, found: found})
	return total, nil
}

func (a *apeTag) labels() []media.Found {
	var out []media.Found
	for _, it := range a.items {
		out = append(out, it.found)
	}
	return out
}

// drop returns the splices that take the labels out of the tag.
func (a *apeTag) drop() []media.Splice {
	if len(a.items) == 0 {
		return nil
	}
	size, count := a.size, a.count
	var out []media.Splice
	for _, it := range a.items {
		out = append(out, media.Splice{Offset: it.off, Delete: it.size})
		size -= uint32(it.size)
		count--
	}
	fields := binary.LittleEndian.AppendUint32(nil, size)
	fields = binary.LittleEndian.AppendUint32(fields, count)
	if a.header {
		out = append(out, media.Splice{Offset: a.off + 12, Delete: 8, Insert: fields})
	}
	return append(out, media.Splice{Offset: a.footer + 12, Delete: 8, Insert: fields})
}
