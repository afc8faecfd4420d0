package file

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon/internal/media"
)

// dress plans a file of the new samples with what the old one says about its content. It is nil where ffmpeg carried that over.
func (w *work) dress(made media.Source) (*media.Edit, error) {
	switch w.format {
	case media.MP3, media.AAC:
		e := new(media.Edit)
		from, to := between(w.src)
		e.Keep(0, from)
		e.Copy(made, 0, made.Size())
		e.Keep(to, w.src.Size()-to)
		return e, nil
	case media.FLAC:
		return w.dressFLAC(made)
	case media.M4A:
		return w.dressM4A(made)
	}
	return nil, nil
}

// between is where the sound of a file begins and ends that has tags around it: ID3v2 before it; ID3v1, APEv2 and Lyrics3 after it.
func between(src media.Source) (from, to int64) {
	size := src.Size()
	head := make([]byte, 10)
	for from+10 <= size && media.Fill(src, "ID3v2", head, from) == nil && string(head[:3]) == "ID3" {
		from += 10 + (int64(head[6]&127)<<21 | int64(head[7]&127)<<14 | int64(head[8]&127)<<7 | int64(head[9]&127))
		if head[5]&0x10 != 0 {
			from += 10
		}
	}
	from, to = min(from, size), size
	tail := func(n int64) []byte {
		b := make([]byte, n)
		if to-n < from || media.Fill(src, "tag", b, to-n) != nil {
			return nil
		}
		return b
	}
	for {
		was := to
		if b := tail(128); b != nil && string(b[:3]) == "TAG" {
			to -= 128
		}
		if b := tail(32); b != nil && string(b[:8]) == "APETAGEX" {
			n := int64(binary.LittleEndian.Uint32(b[12:]))
			if b[23]&0x80 != 0 {
				n += 32
			}
			to -= max(n, 32)
		}
		if b := tail(15); b != nil && string(b[6:]) == "LYRICS200" {
			if n, err := strconv.ParseInt(string(b[:6]), 10, 64); err == nil {
				to -= max(n, 0) + 15
			}
		}
		if to < from {
			return from, was
		}
		if to == was {
			return from, to
		}
	}
}

// block is a metadata block of FLAC.
type block struct {
	kind   byte
	off, n int64 // of the body
}

// blocks are the metadata blocks of a FLAC file, and where its frames begin.
func blocks(src media.Source, at int64) (list []block, first int64, err error) {
	mark, err := media.Bytes(src, "FLAC stream", at, 4)
	if err != nil {
		return nil, 0, err
	}
	if string(mark) != "fLaC" {
		return nil, 0, media.Malformed("FLAC stream", at, "fLaC at the beginning")
	}
	at += 4
	for last := false; !last; {
		head, err := media.Bytes(src, "FLAC metadata block", at, 4)
		if err != nil {
			return nil, 0, err
		}
		last = head[0]&0x80 != 0
		b := block{kind: head[0] & 0x7F, off: at + 4, n: be32(head) & 0xFFFFFF}
		if err := media.Within(src, "FLAC metadata block", b.off, b.n); err != nil {
			return nil, 0, err
		}
		if len(list) == maxChunks {
			return nil, 0, media.TooMany("FLAC metadata block", at, maxChunks)
		}
		list = append(list, b)
		at = b.off + b.n
	}
	return list, at, nil
}

// dressFLAC keeps all blocks but STREAMINFO, the points to seek to, and padding.
func (w *work) dressFLAC(made media.Source) (*media.Edit, error) {
	from, to := between(w.src)
	old, _, err := blocks(w.src, from)
	if err != nil {
		return nil, err
	}
	now, first, err := blocks(made, 0)
	if err != nil {
		return nil, err
	}
	if now[0].kind != 0 || now[0].n != 34 {
		return nil, media.Malformed("FLAC metadata block", 4, "STREAMINFO first, of 34 bytes")
	}
	old = slices.DeleteFunc(old, func(b block) bool { return b.kind == 0 || b.kind == 3 })
	head := func(b block, last bool) []byte {
		h := binary.BigEndian.AppendUint32(nil, uint32(b.kind)<<24|uint32(b.n))
		if last {
			h[0] |= 0x80
		}
		return h
	}
	e := new(media.Edit)
	e.Keep(0, from+4)
	e.Put(head(now[0], len(old) == 0))
	e.Copy(made, now[0].off, now[0].n)
	for i, b := range old {
		e.Put(head(b, i == len(old)-1))
		e.Keep(b.off, b.n)
	}
	e.Copy(made, first, made.Size()-first)
	e.Keep(to, w.src.Size()-to)
	return e, nil
}

// box is a box of an ISO file.
type box struct {
	kind   string
	off, n int64 // with its header
	head   int64
}

// boxes are those in a range of a file.
func boxes(src media.Source, at, end int64) (list []box, err error) {
	for at+8 <= end {
		b, err := media.Bytes(src, "box", at, min(16, end-at))
		if err != nil {
			return nil, err
		}
		x := box{kind: string(b[4:8]), off: at, n: be32(b), head: 8}
		switch {
		case x.n == 0:
			x.n = end - at
		case x.n == 1 && len(b) == 16:
			x.n, x.head = int64(binary.BigEndian.Uint64(b[8:])), 16
		}
		if x.n < x.head || x.n > end-at {
			return nil, media.Truncated("box", at, x.n, end-at)
		}
		if len(list) == maxChunks {
			return nil, media.TooMany("box", at, maxChunks)
		}
		list = append(list, x)
		at += x.n
	}
	return list, nil
}

// child returns the box of a kind in another one, skip bytes behind its header.
func child(src media.Source, in box, kind string, skip int64) (box, bool) {
	list, err := boxes(src, in.off+in.head+skip, in.off+in.n)
	if err != nil {
		return box{}, false
	}
	i := slices.IndexFunc(list, func(x box) bool { return x.kind == kind })
	if i < 0 {
		return box{}, false
	}
	return list[i], true
}

// xmp is the user type of a uuid box that holds XMP.
const xmp = "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac"

// dressM4A puts the user data of the old movie box into the new one, which stands behind the samples, so that none of them moves;
// and boxes of XMP behind it. What iTunes says of the encoder's delay was true of the old samples and is freed.
func (w *work) dressM4A(made media.Source) (*media.Edit, error) {
	now, err := boxes(made, 0, made.Size())
	if err != nil {
		return nil, err
	}
	old, err := boxes(w.src, 0, w.src.Size())
	if err != nil {
		return nil, err
	}
	find := func(list []box) int { return slices.IndexFunc(list, func(x box) bool { return x.kind == "moov" }) }
	i, j := find(now), find(old)
	if i != len(now)-1 || j < 0 {
		return nil, media.Unsupported("moov", 0, "a movie box behind the samples")
	}
	moov, err := boxes(made, now[i].off+now[i].head, now[i].off+now[i].n)
	if err != nil {
		return nil, err
	}
	kept, err := boxes(w.src, old[j].off+old[j].head, old[j].off+old[j].n)
	if err != nil {
		return nil, err
	}
	said := func(x box) bool { return x.kind == "udta" || x.kind == "meta" }
	body := make([]byte, 8, now[i].n)
	for _, x := range moov {
		if !said(x) {
			b, err := media.Bytes(made, "moov", x.off, x.n)
			if err != nil {
				return nil, err
			}
			body = append(body, b...)
		}
	}
	for _, x := range kept {
		if said(x) {
			b, err := media.Bytes(w.src, "moov", x.off, x.n)
			if err != nil {
				return nil, err
			}
			body = append(body, freed(b, x)...)
		}
	}
	binary.BigEndian.PutUint32(body, uint32(len(body)))
	copy(body[4:], "moov")
	e := new(media.Edit)
	e.Copy(made, 0, now[i].off)
	e.Put(body)
	for _, x := range old {
		if x.kind != "uuid" || x.n < x.head+16 {
			continue
		}
		id, err := media.Bytes(w.src, "uuid", x.off+x.head, 16)
		if err != nil {
			return nil, err
		}
		if string(id) == xmp {
			e.Keep(x.off, x.n)
		}
	}
	return e, nil
}

// freed turns the items of iTunSMPB in user data into free space.
func freed(b []byte, x box) []byte {
	src := media.Memory(b)
	x.off = 0
	if x.kind == "udta" {
		var ok bool
		if x, ok = child(src, x, "meta", 0); !ok {
			return b
		}
	}
	items, ok := child(src, x, "ilst", 4)
	if !ok {
		return b
	}
	list, err := boxes(src, items.off+items.head, items.off+items.n)
	if err != nil {
		return b
	}
	for _, item := range list {
		if item.kind == "----" && bytes.Contains(b[item.off:item.off+item.n], []byte("iTunSMPB")) {
			copy(b[item.off+4:], "free")
		}
	}
	return b
}
