// Package exif finds, sets and takes out the label in an EXIF block (CIPA DC-008, "Exif 2.32", section 4.5), the small
// TIFF structure that JPEG, PNG, WebP and other files carry beside the picture.
//
// The label's place is the tag UserComment (0x9286) of the Exif IFD: an 8-byte character code, then the label wrapped
// as {"AIGC":…}. Values also turn up without the code, in UTF-16, and in textual tags such as ImageDescription; Read
// reports those too.
//
// An EXIF block is full of absolute offsets, and maker notes hold offsets that nobody documents. So nothing that stands
// in a block is ever moved: what grows is written anew at the end and the one pointer to it is patched. What not to do
// here: never sort, compact or re-serialise a block, and never write over bytes that a second structure also claims.
package exif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

// Tags that the label may stand in.
const (
	TagImageDescription = 0x010E // TIFF 6.0, ASCII
	TagExifIFD          = 0x8769 // pointer from IFD0 to the Exif IFD
	TagUserComment      = 0x9286 // Exif 2.32, 4.6.5: character code and text

	tagXPTitle   = 0x9C9B // first of Windows' five UTF-16LE text tags
	tagXPSubject = 0x9C9F // last of them
)

// Read returns the label values in block, which starts at the TIFF header (a leading "Exif\0\0" is tolerated), with
// offsets counted from base, the block's own offset in the file. A damaged block is read as far as it goes; [Check]
// tells what is wrong with it.
func Read(block []byte, base int64) []media.Found {
	body, prefix := strip(block)
	t := walk(body)
	var found []media.Found
	for _, e := range t.entries {
		if !Textual(e.tag, e.typ) {
			continue
		}
		if f, ok := Value(e.tag, t.order, body[e.val:e.val+e.n], base+int64(prefix+e.val)); ok {
			found = append(found, f)
		}
	}
	return found
}

// Check returns a finding for a block that is damaged, and nil for a sound one. A picture with a damaged block is still
// a picture, so callers MUST add the finding to their survey and carry on.
func Check(block []byte, base int64) []colophon.Finding {
	body, prefix := strip(block)
	t := walk(body)
	if t.rule == "" {
		return nil
	}
	return []colophon.Finding{media.Warn(media.CodeStructure, base+int64(prefix+t.at), "what", t.what, "rule", t.rule)}
}

// Set returns a block whose UserComment is value in ASCII and which holds no other label. Value is the wrapped label
// (see media.Wrap). An empty block gives a new minimal one. Setting the same value twice gives the same bytes. It is an
// error to set a label where UserComment holds a text of the owner's. Offsets in errors count from the block's start.
func Set(block, value []byte) ([]byte, error) {
	comment := append([]byte("ASCII\x00\x00\x00"), value...)
	body, prefix := strip(block)
	if len(body) == 0 {
		return append(bytes.Clone(block[:prefix]), minimal(comment)...), nil
	}
	t := walk(body)
	if t.what != "" && t.fatal {
		return nil, media.Malformed(t.what, int64(t.at), t.rule)
	}
	own, err := t.comment(body)
	if err != nil {
		return nil, err
	}
	out, err := t.drop(body, own)
	if err != nil {
		return nil, err
	}
	if out, err = t.set(out, own, comment); err != nil {
		return nil, err
	}
	if found := Read(out, 0); len(found) != 1 || found[0].Place != media.PlaceEXIF || !bytes.Equal(found[0].Value, value) {
		return nil, media.Unsupported("EXIF block", 0, "structures overlap")
	}
	return append(bytes.Clone(block[:prefix]), out...), nil
}

// Drop returns a block of the same size in which every label that Read reports is blank, for a label that moves to
// another place of the same file. Text beside a label stays.
func Drop(block []byte) ([]byte, error) {
	body, prefix := strip(block)
	t := walk(body)
	out, err := t.drop(body, -1)
	if err != nil {
		return nil, err
	}
	if len(Read(out, 0)) > 0 {
		return nil, media.Unsupported("EXIF block", 0, "a label shares its bytes with another structure")
	}
	return append(bytes.Clone(block[:prefix]), out...), nil
}

// Rebase adds base, where a part stands in the file, to the offset in an error about that part: an EXIF block or an XMP
// packet.
func Rebase(err error, base int64) error {
	var e *colophon.Error
	if !errors.As(err, &e) {
		return err
	}
	off, notNumber := strconv.ParseInt(e.Args["offset"], 10, 64)
	if notNumber != nil {
		return err
	}
	moved := *e
	moved.Args = maps.Clone(e.Args)
	moved.Args["offset"] = strconv.FormatInt(off+base, 10)
	return &moved
}

// strip removes the identifier that belongs to JPEG's APP1 and that some writers copy into PNG and WebP.
func strip(block []byte) (body []byte, prefix int) {
	if bytes.HasPrefix(block, []byte("Exif\x00\x00")) {
		return block[6:], 6
	}
	return block, 0
}

// minimal returns a block with nothing but ExifVersion and UserComment.
func minimal(comment []byte) []byte {
	le := binary.LittleEndian
	b := append(make([]byte, 0, 64+len(comment)), "II*\x00\x08\x00\x00\x00"...)
	b = le.AppendUint16(b, 1) // IFD0 at 8: one entry, no next IFD
	b = appendEntry(b, le, TagExifIFD, typeLong, 1, 26)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint16(b, 2) // Exif IFD at 26
	b = appendEntry(b, le, 0x9000, typeUndefined, 4, le.Uint32([]byte("0232")))
	b = appendEntry(b, le, TagUserComment, typeUndefined, uint32(len(comment)), 56)
	b = le.AppendUint32(b, 0)
	return append(b, comment...)
}

func appendEntry(b []byte, order binary.AppendByteOrder, tag, typ uint16, count, value uint32) []byte {
	b = order.AppendUint16(b, tag)
	b = order.AppendUint16(b, typ)
	b = order.AppendUint32(b, count)
	return order.AppendUint32(b, value)
}
