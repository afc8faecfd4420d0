package carrier

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

const gifHead = "\x21\xFF\x0BC2PA_GIF\x01\x00\x00"

// gifBlock is a block of a GIF file, from its introducer on.
type gifBlock struct {
	kind   byte // introducer, separator or trailer
	label  byte // of an extension
	off, n int64
}

// colours returns the bytes of the colour table that a field of flags announces.
func colours(flags byte) int64 {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// blocks walks the blocks of a GIF file up to its trailer, and returns where the first begins.
func blocks(r *reader, visit func(gifBlock) error) (first int64, err error) {
	b, err := r.bytes("GIF header", 0, 13)
	if err != nil {
		return 0, err
	}
	first = 13 + colours(b[10])
	at := first
	for range maxChunks {
		if b, err = r.bytes("block", at, 2); err != nil {
			if b, err = r.bytes("block", at, 1); err != nil {
				return first, err
			}
		}
		k := gifBlock{kind: b[0], off: at, n: 1}
		switch b[0] {
		case 0x21:
			if len(b) < 2 {
				return first, media.Truncated("extension", at, 2, 1)
			}
			k.label = b[1]
			k.n, err = subBlocks(r, at+2)
		case 0x2C:
			if b, err = r.bytes("image descriptor", at, 10); err == nil {
				k.n, err = subBlocks(r, at+10+colours(b[9])+1)
			}
		case 0x3B, 0:
			k.n = at + 1
		default:
			return first, &Error{at, "an unknown block"}
		}
		if err != nil {
			return first, err
		}
		k.n -= at
		if err := visit(k); err != nil {
			return first, err
		}
		if at += k.n; k.kind == 0x3B {
			return first, nil
		}
	}
	return first, media.TooMany("block", at, maxChunks)
}

// subBlocks returns where the sub-blocks at a place end, with their terminator.
func subBlocks(r *reader, at int64) (int64, error) {
	for {
		b, err := r.bytes("sub-block", at, 1)
		if err != nil {
			return 0, err
		}
		at += 1 + int64(b[0])
		if b[0] == 0 {
			return at, nil
		}
	}
}

// findGIF joins the sub-blocks of the application extension (C2PA 2.2, A.3.4).
func findGIF(src media.Source) (*Place, error) {
	r := &reader{src: src}
	var p *Place
	_, err := blocks(r, func(k gifBlock) error {
		if k.kind != 0x21 || k.label != 0xFF || k.n < int64(len(gifHead)) {
			return nil
		}
		head, err := r.bytes("application extension", k.off, len(gifHead))
		if err != nil || string(head) != gifHead {
			return err
		}
		if p != nil {
			return errTwo(k.off)
		}
		raw, err := r.store("C2PA", k.off+int64(len(gifHead)), k.n-int64(len(gifHead)))
		if err != nil {
			return err
		}
		p = &Place{Offset: k.off, Size: k.n}
		for len(raw) > 1 && int(raw[0]) < len(raw) {
			p.Store = append(p.Store, raw[1:1+int(raw[0])]...)
			raw = raw[1+int(raw[0]):]
		}
		return nil
	})
	return p, err
}

// makeGIF puts the store in front of the first block.
func makeGIF(src media.Source, old *Place, size int) (*Room, error) {
	r := &reader{src: src}
	first, err := blocks(r, func(gifBlock) error { return nil })
	if err != nil {
		return nil, err
	}
	if head, err := r.bytes("GIF header", 0, 6); err != nil || !bytes.Equal(head, []byte("GIF89a")) {
		return nil, media.Unsupported("GIF header", 0, "extensions need version 89a")
	}
	return swap(src, old, first, frameGIF, int64(len(gifHead)+size+(size+254)/255+1))
}

func frameGIF(store []byte) []byte {
	b := []byte(gifHead)
	for len(store) > 0 {
		piece := store[:min(len(store), 255)]
		b = append(append(b, byte(len(piece))), piece...)
		store = store[len(piece):]
	}
	return append(b, 0)
}
