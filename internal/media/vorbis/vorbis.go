// Package vorbis finds and sets the label in a Vorbis comment block: a vendor string and a list of NAME=value
// comments, as the Vorbis I specification, section 5, lays it out and as FLAC (RFC 9639, section 8.6) and Ogg Opus
// (RFC 7845, section 5.2) reuse it.
//
// The block comes without what its host puts around it: no FLAC block header, no packet type and "vorbis", no
// "OpusTags". Bytes behind the last comment belong to the host (Vorbis ends with a framing bit, Opus may carry binary
// data that players keep), so they are kept.
//
// What not to do here: never sort, fold or re-encode comments. Names compare without regard to ASCII case, values are
// opaque, order carries meaning for repeated names, and a comment without "=" is still somebody's comment.
package vorbis

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/colophon-project/colophon/internal/media"
)

// Name is the name of the comment that holds the label.
const Name = "AIGC"

// Vendor is the vendor string of a block that New makes.
const Vendor = "colophon"

const (
	pictureName = "METADATA_BLOCK_PICTURE"

	what      = "Vorbis comment block"
	maxLabels = 256 // values that are reported from one block
)

// comment is one NAME=value comment in byte ranges of its block.
type comment struct {
	start, end int // with the four bytes of its length
	name, text []byte
	label      bool // the name is AIGC
	candidate  bool // free text that holds a label
	picture    bool // an encoded picture
}

// layout is where the parts of a block begin.
type layout struct {
	count    int // offset of the number of comments
	comments []comment
	number   int // comments in all; comments holds those of interest
	picture  int // where the first comment that holds a picture begins; end when none does
	end      int // behind the last comment
}

// Read returns the label values of a block, with offsets counted from base, the block's own offset in the file.
func Read(block []byte, base int64) ([]media.Found, error) {
	l, err := parse(block, base)
	if err != nil {
		return nil, err
	}
	var found []media.Found
	for _, c := range l.comments {
		f := media.Found{Place: media.PlaceVorbisComment, Offset: base + int64(c.start), Value: bytes.Clone(c.text)}
		switch {
		case c.candidate:
			f.Place = media.PlaceDescription
			f.Findings = append(f.Findings, media.Warn(media.CodeOtherPlace, f.Offset,
				"place", string(media.PlaceDescription), "standard", string(media.PlaceVorbisComment)))
		case string(c.name) != Name:
			f.Findings = append(f.Findings, media.Warn(media.CodeIDSpelling, f.Offset, "key", string(c.name)))
		}
		found = append(found, f)
	}
	return found, nil
}

// Set returns the block with exactly one label, the last comment, or the last before a picture: readers that take in a
// block only so far (MediaInfo is one) would not get past the picture. Values that Read reports go; the vendor string,
// every other comment in its order, and the bytes behind the comments stay.
func Set(block, value []byte) ([]byte, error) {
	if int64(len(value)) > math.MaxInt32-int64(len(Name))-1 {
		return nil, media.NoRoom(what, 0, math.MaxInt32)
	}
	return rewrite(block, appendLabel(nil, value), 1)
}

// Drop returns the block without the values that Read reports, for a label that moves to another block of the file.
func Drop(block []byte) ([]byte, error) { return rewrite(block, nil, 0) }

// rewrite puts more, which is added comments in number, in the stead of the labels.
func rewrite(block, more []byte, added int) ([]byte, error) {
	l, err := parse(block, 0)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(block)+len(more))
	out = append(out, block[:l.count]...)
	out = binary.LittleEndian.AppendUint32(out, uint32(l.number-len(l.comments)+added))
	at := l.count + 4
	put := func(upTo int) {
		for _, c := range l.comments {
			if c.start >= at && c.start < upTo {
				out = append(out, block[at:c.start]...)
				at = c.end
			}
		}
		out = append(out, block[at:upTo]...)
		at = upTo
	}
	put(l.picture)
	out = append(out, more...)
	put(l.end)
	return append(out, block[l.end:]...), nil
}

// New returns a block that holds the label alone, without a framing bit.
func New(value []byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(Vendor)))
	out = append(out, Vendor...)
	out = binary.LittleEndian.AppendUint32(out, 1)
	return appendLabel(out, value)
}

func appendLabel(out, value []byte) []byte {
	out = binary.LittleEndian.AppendUint32(out, uint32(len(Name)+1+len(value)))
	out = append(out, Name...)
	out = append(out, '=')
	return append(out, value...)
}

// parse walks a block and keeps the comments that hold labels.
func parse(block []byte, base int64) (*layout, error) {
	vendor, err := field(block, 0, base, "Vorbis vendor string")
	if err != nil {
		return nil, err
	}
	l := &layout{count: vendor}
	if len(block)-vendor < 4 {
		return nil, media.Truncated("Vorbis comment count", base+int64(vendor), 4, int64(len(block)-vendor))
	}
	count := binary.LittleEndian.Uint32(block[vendor:])
	at := vendor + 4
	// Each comment takes four bytes at least, which bounds the walk by what is there.
	if int64(count) > int64(len(block)-at)/4 {
		return nil, media.Truncated("Vorbis comment list", base+int64(at), int64(count)*4, int64(len(block)-at))
	}
	for range count {
		end, err := field(block, at, base, "Vorbis comment")
		if err != nil {
			return nil, err
		}
		if c := classify(block, at, end); c.label || c.candidate {
			if len(l.comments) == maxLabels {
				return nil, media.TooMany("Vorbis comment AIGC", base+int64(at), maxLabels)
			}
			l.comments = append(l.comments, c)
		} else if c.picture && l.picture == 0 {
			l.picture = at
		}
		at = end
	}
	l.number, l.end = int(count), at
	if l.picture == 0 {
		l.picture = at
	}
	return l, nil
}

// field returns where the length-prefixed field at off ends.
func field(block []byte, off int, base int64, name string) (int, error) {
	have := len(block) - off
	if have < 4 {
		return 0, media.Truncated(name, base+int64(off), 4, int64(have))
	}
	n := int64(binary.LittleEndian.Uint32(block[off:]))
	if n > int64(have-4) {
		return 0, media.Truncated(name, base+int64(off), 4+n, int64(have))
	}
	return off + 4 + int(n), nil
}

func classify(block []byte, start, end int) comment {
	c := comment{start: start, end: end}
	body := block[start+4 : end]
	// Names of interest are short: looking no further spares a search through cover art.
	cut := bytes.IndexByte(body[:min(len(body), len(pictureName)+1)], '=')
	if cut < 0 {
		return c
	}
	c.name, c.text = body[:cut], body[cut+1:]
	switch {
	case fold(c.name, Name):
		c.label = true
	case fold(c.name, pictureName), fold(c.name, "COVERART"):
		c.picture = true
	case fold(c.name, "COMMENT"), fold(c.name, "DESCRIPTION"):
		c.candidate = media.Candidate(c.text)
	}
	return c
}

// fold compares without regard to ASCII case. bytes.EqualFold would also fold letters outside ASCII, such as U+017F.
func fold(name []byte, upper string) bool {
	if len(name) != len(upper) {
		return false
	}
	for i, b := range name {
		if 'a' <= b && b <= 'z' {
			b -= 'a' - 'A'
		}
		if b != upper[i] {
			return false
		}
	}
	return true
}
