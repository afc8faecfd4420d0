package exif

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

// comment returns the index of the UserComment entry of IFD0's Exif IFD, or -1. It is an error when the entry holds
// anything but a label and white space.
func (t *tree) comment(b []byte) (int, error) {
	for i, e := range t.entries {
		if e.tag != TagUserComment || !t.ifds[e.ifd].exif || t.ifds[e.ifd].pointer != t.exifPointer() {
			continue
		}
		value := b[e.val : e.val+e.n]
		_, rest, err := Blank(e.tag, t.order, value[:e.n], int64(e.val))
		if err != nil {
			return -1, err
		}
		if rest {
			return -1, media.Unsupported("EXIF UserComment", int64(e.val), "holds a text of the owner's")
		}
		if e.val != e.pos+8 && t.claimed(i, e.val, e.val+e.n) {
			return -1, media.Unsupported("EXIF UserComment", int64(e.val), "shares its bytes with another structure")
		}
		return i, nil
	}
	return -1, nil
}

// exifPointer returns where IFD0 points to the Exif IFD, or -1.
func (t *tree) exifPointer() int {
	for _, e := range t.entries {
		if e.ifd == 0 && e.tag == TagExifIFD && e.typ == typeLong && e.n == 4 {
			return e.val
		}
	}
	return -1
}

// drop returns a copy of b with every label blank but that of the entry own, which set is about to replace.
func (t *tree) drop(b []byte, own int) ([]byte, error) {
	out := bytes.Clone(b)
	for i, e := range t.entries {
		if i == own || !Textual(e.tag, e.typ) {
			continue
		}
		value := b[e.val : e.val+e.n]
		if _, ok := Value(e.tag, t.order, value, 0); !ok {
			continue
		}
		clean, _, err := Blank(e.tag, t.order, value, int64(e.val))
		if err != nil {
			return nil, err
		}
		if t.claimed(i, e.val, e.val+e.n) {
			return nil, media.Unsupported("EXIF entry", int64(e.pos), "shares its bytes with another structure")
		}
		copy(out[e.val:], clean)
	}
	return out, nil
}

// set writes the comment into b, which it may change, at the entry own or at a new one.
func (t *tree) set(b []byte, own int, comment []byte) ([]byte, error) {
	if own < 0 {
		return t.add(b, comment)
	}
	e := t.entries[own]
	if t.claimedEntry(own) {
		return nil, media.Unsupported("EXIF entry", int64(e.pos), "shares its bytes with another structure")
	}
	at := e.val
	inline := e.val == e.pos+8
	switch {
	case !inline && e.val+e.n == len(b):
		b = append(b[:at:at], comment...)
	case !inline && len(comment) <= e.n:
		clear(b[at : at+e.n])
		copy(b[at:], comment)
	default:
		if !inline {
			clear(b[at : at+e.n])
		}
		b = even(b)
		at = len(b)
		b = append(b, comment...)
	}
	return t.patch(b, e.pos, TagUserComment, typeUndefined, len(comment), at), nil
}

// add writes a new entry: the Exif IFD, or IFD0 where there is no Exif IFD, is written anew at the end with one entry
// more. The old table stays where it is, unused.
func (t *tree) add(b, comment []byte) ([]byte, error) {
	pointer := t.exifPointer()
	if pointer < 0 {
		b = even(b)
		at := len(b) // of an Exif IFD with two entries
		b = t.order.AppendUint16(b, 2)
		b = appendEntry(b, t.order, 0x9000, typeUndefined, 4, t.order.Uint32([]byte("0232")))
		b = appendEntry(b, t.order, TagUserComment, typeUndefined, uint32(len(comment)), 0)
		b = t.order.AppendUint32(b, 0)
		b, _ = t.grow(b, t.ifds[0], TagExifIFD, typeLong, 1, at)
		b = t.patch(b, at+2+12, TagUserComment, typeUndefined, len(comment), len(b))
		return append(b, comment...), nil
	}
	for _, d := range t.ifds {
		if d.pointer == pointer {
			if at := pointer - 8; t.claimedRange(pointer, pointer+4, at) {
				return nil, media.Unsupported("EXIF entry", int64(at), "shares its bytes with another structure")
			}
			b, pos := t.grow(b, d, TagUserComment, typeUndefined, len(comment), 0)
			b = t.patch(b, pos, TagUserComment, typeUndefined, len(comment), len(b))
			return append(b, comment...), nil
		}
	}
	return nil, media.Malformed("Exif IFD", int64(pointer), "offset within the block")
}

// grow appends a copy of an IFD with one entry more, points to it, and returns where the new entry is.
func (t *tree) grow(b []byte, d ifd, tag, typ uint16, count, value int) (grown []byte, pos int) {
	size := len(b)
	b = even(b)
	at := len(b)
	b = t.order.AppendUint16(b, uint16(d.count+1))
	for i := range d.count {
		entry := b[d.pos+2+12*i : d.pos+2+12*(i+1)]
		if pos == 0 && t.order.Uint16(entry) > tag {
			pos = len(b)
			b = appendEntry(b, t.order, tag, typ, uint32(count), uint32(value))
		}
		b = append(b, entry...)
	}
	if pos == 0 {
		pos = len(b)
		b = appendEntry(b, t.order, tag, typ, uint32(count), uint32(value))
	}
	var next uint32
	if end := d.pos + d.size(); end <= size {
		next = t.order.Uint32(b[end-4:])
	}
	b = t.order.AppendUint32(b, next)
	t.order.PutUint32(b[d.pointer:], uint32(at))
	return b, pos
}

func (t *tree) patch(b []byte, pos int, tag, typ uint16, count, value int) []byte {
	t.order.PutUint16(b[pos:], tag)
	t.order.PutUint16(b[pos+2:], typ)
	t.order.PutUint32(b[pos+4:], uint32(count))
	t.order.PutUint32(b[pos+8:], uint32(value))
	return b
}

// claimedEntry reports whether another entry's value lies over the 12 bytes of an entry.
func (t *tree) claimedEntry(own int) bool {
	pos := t.entries[own].pos
	return t.claimedRange(pos, pos+12, pos)
}

// claimedRange reports whether the value of an entry other than the one at pos lies over [from, to).
func (t *tree) claimedRange(from, to, pos int) bool {
	for _, e := range t.entries {
		if e.pos != pos && from < e.val+e.n && e.val < to {
			return true
		}
	}
	return false
}

func even(b []byte) []byte {
	if len(b)%2 == 1 {
		return append(b, 0)
	}
	return b
}
