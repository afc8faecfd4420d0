package id3

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	freshPadding = 1 << 10
	maxSize      = 1<<28 - 1 // a synchsafe size
)

// newTag returns a tag of version 2.4 that holds the label alone.
func newTag(value []byte) ([]byte, error) {
	if len(value) > maxText {
		return nil, media.NoRoom("ID3v2 frame TXXX", 0, maxText)
	}
	t := &tag{version: 4}
	frame, err := t.frameWith(value)
	if err != nil {
		return nil, err
	}
	b := make([]byte, headerSize, headerSize+len(frame)+freshPadding)
	copy(b, "ID3\x04\x00\x00")
	putSynchsafe(b[6:10], int64(len(frame)+freshPadding))
	b = append(b, frame...)
	return b[:cap(b)], nil
}

// rewrite returns the splices of the file that put value into the tag and take every other label out of it. A nil value
// only takes out. There are none when nothing changes.
func (t *tag) rewrite(value []byte) ([]media.Splice, error) {
	if len(value) > maxText {
		return nil, media.NoRoom("ID3v2 frame TXXX", t.off, maxText)
	}
	items, err := t.items()
	if err != nil {
		return nil, err
	}
	changes, err := t.changes(items, value)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	if t.fixed != "" {
		return nil, media.Unsupported("ID3v2 tag", t.off, t.fixed)
	}
	if t.raw != nil {
		return t.reencode(changes)
	}
	return t.settle(changes)
}

// changes are the splices of frames, in positions of the tag's source.
func (t *tag) changes(items []item, value []byte) ([]media.Splice, error) {
	var (
		out  []media.Splice
		done = value == nil
		with []byte
		err  error
	)
	if !done {
		if with, err = t.frameWith(value); err != nil {
			return nil, err
		}
	}
	for _, it := range items {
		if len(it.labels) == 0 {
			continue
		}
		s := media.Splice{Offset: it.frame.at, Delete: t.frameHeader() + it.frame.size}
		switch {
		case it.mixed:
			return nil, media.Unsupported("ID3v2 frame "+it.frame.id, t.place(it.frame.at), "text holds a label among other words")
		case it.packet:
			if s.Insert, err = t.withoutLabel(it.frame); err != nil {
				return nil, err
			}
		case !done && it.labels[0].Place == media.PlaceTXXX:
			s.Insert, done = with, true
		}
		out = append(out, s)
	}
	if !done {
		out = append(out, media.Splice{Offset: t.padding, Insert: with})
	}
	return out, nil
}

// withoutLabel returns a PRIV frame whose XMP packet has lost its label.
func (t *tag) withoutLabel(f frame) ([]byte, error) {
	if f.flags != 0 || t.unsync(f) {
		return nil, media.Unsupported("ID3v2 frame PRIV", t.place(f.at), "XMP packet in an encoded frame")
	}
	b, err := t.content(f)
	if err != nil {
		return nil, err
	}
	packet, err := xmp.Drop(b[len(xmpOwner):])
	if err != nil {
		return nil, err
	}
	head, err := t.src.at("ID3v2 frame PRIV", f.at, t.frameHeader())
	if err != nil {
		return nil, err
	}
	out := slices.Concat(head, []byte(xmpOwner), packet)
	if t.version == 4 {
		putSynchsafe(out[4:8], int64(len(xmpOwner)+len(packet)))
	} else {
		binary.BigEndian.PutUint32(out[4:8], uint32(len(xmpOwner)+len(packet)))
	}
	return out, nil
}

func growth(splices []media.Splice) int64 {
	var n int64
	for _, s := range splices {
		n += int64(len(s.Insert)) - s.Delete
	}
	return n
}

// settle makes room for the changes: from the padding, or by growing the tag.
func (t *tag) settle(changes []media.Splice) ([]media.Splice, error) {
	grown := growth(changes)
	spare := t.stop - t.padding
	if t.dirty {
		spare = 0 // it isn't ours to overwrite
	}
	pad := media.Splice{Offset: t.padding}
	room := spare - grown // padding that is left
	switch {
	case t.footer(): // no padding is allowed
		pad.Delete, room = 0, spare
	case grown <= 0:
		pad.Insert = make([]byte, -grown)
	case spare >= grown:
		pad.Delete = grown
	default:
		pad.Delete = spare
		pad.Insert = make([]byte, freshPadding)
		room = freshPadding
	}
	out := append(changes, pad)
	delta := growth(out)
	if head, err := t.resize(delta, spare, room); err != nil {
		return nil, err
	} else if len(head) > 0 {
		out = append(out, head...)
	}
	order(out)
	return out, nil
}

// order sorts splices by offset; those at one offset keep their order.
func order(splices []media.Splice) {
	slices.SortStableFunc(splices, func(a, b media.Splice) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Delete, b.Delete))
	})
}

// resize returns the splices of header, extended header and footer after the tag has grown by delta and its padding has
// gone from old to now.
func (t *tag) resize(delta, old, now int64) ([]media.Splice, error) {
	var out []media.Splice
	if t.version == 3 && t.flags&flagExtHead != 0 && t.first-t.body >= 10 {
		b, err := t.src.at("ID3v2 extended header", t.body+6, 4)
		if err != nil {
			return nil, err
		}
		if be32(b) == old && old != now {
			out = append(out, media.Splice{Offset: t.body + 6, Delete: 4, Insert: binary.BigEndian.AppendUint32(nil, uint32(now))})
		}
	}
	if delta == 0 {
		return out, nil
	}
	size := t.total - headerSize + delta
	if t.footer() {
		size -= headerSize
	}
	if size > maxSize {
		return nil, media.NoRoom("ID3v2 tag", t.off, maxSize)
	}
	var b [4]byte
	putSynchsafe(b[:], size)
	out = append(out, media.Splice{Offset: t.off + 6, Delete: 4, Insert: b[:]})
	if t.footer() {
		out = append(out, media.Splice{Offset: t.stop + 6, Delete: 4, Insert: b[:]})
	}
	return out, nil
}

// reencode applies the changes to the decoded body of an unsynchronised tag and stores it anew. It refuses where the
// old body would not come out of that as it went in.
func (t *tag) reencode(changes []media.Splice) ([]media.Splice, error) {
	decoded, err := media.Bytes(t.src.src, "ID3v2 tag", 0, t.stop)
	if err != nil {
		return nil, err
	}
	used := decoded
	if !t.dirty {
		used = decoded[:t.padding]
	}
	stored := unsynchronise(used)
	if len(stored) > len(t.raw) || string(stored) != string(t.raw[:len(stored)]) {
		return nil, media.Unsupported("ID3v2 tag", t.off, "unsynchronisation that differs from the standard's")
	}
	var body []byte
	var at int64
	for _, c := range changes {
		body = append(append(body, used[at:c.Offset]...), c.Insert...)
		at = c.Offset + c.Delete
	}
	body = append(body, used[at:]...)
	if t.first > t.body && t.version == 3 && t.first-t.body >= 10 && be32(body[6:]) != 0 {
		return nil, media.Unsupported("ID3v2 tag", t.off, "unsynchronised tag whose extended header states the padding")
	}
	out := unsynchronise(body)
	size := int64(len(t.raw))
	if int64(len(out)) > size {
		size = int64(len(out)) + freshPadding
	}
	if size > maxSize {
		return nil, media.NoRoom("ID3v2 tag", t.off, maxSize)
	}
	if t.dirty && int64(len(out)) < size {
		size = int64(len(out))
	}
	whole := make([]byte, headerSize+size)
	head, err := media.Bytes(t.file, "ID3v2 header", t.off, headerSize)
	if err != nil {
		return nil, err
	}
	copy(whole, head)
	putSynchsafe(whole[6:10], size)
	copy(whole[headerSize:], out)
	return []media.Splice{{Offset: t.off, Delete: t.total, Insert: whole}}, nil
}
