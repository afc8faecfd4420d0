package id3

import (
	"bytes"
	"compress/zlib"
	"io"

	"github.com/colophon-project/colophon/internal/media"
)

// Format flags of a frame in version 2.4 (structure, section 4.1.2).
const (
	formatGrouping   = 0x40
	formatCompressed = 0x08
	formatEncrypted  = 0x04
	formatUnsync     = 0x02
	formatLength     = 0x01
)

// maxText is the largest frame whose text is looked at, stored or inflated.
const maxText = 4 << 20

// modern turns the format flags of version 2.3 (section 3.3.1) into those of version 2.4. Its compressed frames begin
// with the inflated size, where version 2.4 has the data length indicator.
func modern(flags byte) byte {
	var m byte
	if flags&0x80 != 0 {
		m |= formatCompressed | formatLength
	}
	if flags&0x40 != 0 {
		m |= formatEncrypted
	}
	if flags&0x20 != 0 {
		m |= formatGrouping
	}
	return m
}

// unsync reports whether a frame's content is unsynchronised by itself.
func (t *tag) unsync(f frame) bool {
	return t.version == 4 && (f.flags&formatUnsync != 0 || t.flags&flagUnsync != 0)
}

// content returns what a frame holds, decoded and inflated. It is nil for an encrypted frame.
func (t *tag) content(f frame) ([]byte, error) {
	if f.flags&formatEncrypted != 0 {
		return nil, nil
	}
	what := "ID3v2 frame " + f.id
	if f.size > maxText {
		return nil, media.TooLarge(what, t.place(f.at), maxText)
	}
	b, err := t.src.at(what, f.at+t.frameHeader(), f.size)
	if err != nil {
		return nil, err
	}
	skip := 0
	if f.flags&formatGrouping != 0 {
		skip++
	}
	if f.flags&formatLength != 0 {
		skip += 4
	}
	if skip > len(b) {
		return nil, media.Malformed(what, t.place(f.at), "frame is shorter than the fields that its flags announce")
	}
	b = b[skip:]
	if t.unsync(f) {
		b = resync(b)
	}
	if f.flags&formatCompressed == 0 {
		return b, nil
	}
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, media.Malformed(what, t.place(f.at), "compressed content is not a zlib stream")
	}
	b, err = io.ReadAll(io.LimitReader(z, maxText+1))
	if err != nil {
		return nil, media.Malformed(what, t.place(f.at), "compressed content is not a zlib stream")
	}
	if len(b) > maxText {
		return nil, media.TooLarge(what, t.place(f.at), maxText)
	}
	return b, nil
}

// resync undoes unsynchronisation: FF 00 stands for FF.
func resync(b []byte) []byte {
	if !bytes.Contains(b, []byte{0xFF, 0}) {
		return bytes.Clone(b)
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		out = append(out, b[i])
		if b[i] == 0xFF && i+1 < len(b) && b[i+1] == 0 {
			i++
		}
	}
	return out
}

// unsynchronise puts a zero behind every FF that could be taken for an MPEG synchronisation or for a zero put there,
// and behind an FF at the end.
func unsynchronise(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/64+1)
	for i, c := range b {
		out = append(out, c)
		if c == 0xFF && (i+1 == len(b) || b[i+1] == 0 || b[i+1] >= 0xE0) {
			out = append(out, 0)
		}
	}
	return out
}
