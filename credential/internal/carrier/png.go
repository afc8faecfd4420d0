package carrier

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	pngSignature = "\x89PNG\r\n\x1A\n"
	pngFrame     = 12 // length, type and checksum of a chunk
	maxChunks    = 1 << 20
)

// chunk is a chunk of a PNG file, or of a RIFF file.
type chunk struct {
	typ    string
	off, n int64 // of the whole chunk, with its framing
}

// chunks walks the chunks of a PNG file up to IEND.
func chunks(r *reader, visit func(chunk) error) error {
	b, err := r.bytes("PNG signature", 0, len(pngSignature))
	if err != nil {
		return err
	}
	if string(b) != pngSignature {
		return media.Malformed("PNG signature", 0, "the eight bytes of a PNG signature")
	}
	at := int64(len(pngSignature))
	for range maxChunks {
		if b, err = r.bytes("chunk", at, 8); err != nil {
			return err
		}
		c := chunk{typ: string(b[4:8]), off: at, n: int64(binary.BigEndian.Uint32(b)) + pngFrame}
		if err := media.Within(r.src, "chunk", at, c.n); err != nil {
			return err
		}
		if err := visit(c); err != nil {
			return err
		}
		at += c.n
		if c.typ == "IEND" {
			return nil
		}
	}
	return media.TooMany("chunk", at, maxChunks)
}

// findPNG reads the chunk caBX (C2PA 2.2, A.3.2).
func findPNG(src media.Source) (*Place, error) {
	r := &reader{src: src}
	var p *Place
	err := chunks(r, func(c chunk) error {
		if c.typ != "caBX" {
			return nil
		}
		if p != nil {
			return errTwo(c.off)
		}
		store, err := r.store("C2PA", c.off+8, c.n-pngFrame)
		p = &Place{Store: store, Offset: c.off, Size: c.n}
		return err
	})
	return p, err
}

// makePNG puts the store behind IHDR.
func makePNG(src media.Source, old *Place, size int) (*Room, error) {
	var at int64
	if err := chunks(&reader{src: src}, func(c chunk) error {
		if c.typ == "IHDR" && at == 0 {
			at = c.off + c.n
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if at == 0 || old != nil && old.Offset < at {
		return nil, media.Malformed("chunk", at, "IHDR of 13 bytes first")
	}
	return swap(src, old, at, framePNG, int64(size)+pngFrame)
}

func framePNG(store []byte) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, len(store)+pngFrame), uint32(len(store)))
	b = append(append(b, "caBX"...), store...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}
