package carrier

import (
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
)

const riffUnknown = 1<<32 - 1 // a length that stands elsewhere

// riffEnds are where the lengths of a RIFF file stand.
type riffEnds struct {
	end    int64 // of the first form
	long   int64 // of the 64-bit length in a chunk ds64; 0 where there is none
	strict bool  // the form ends with the file
}

// riffChunks walks the chunks of the first form of a RIFF file (C2PA 2.2, A.3.5).
func riffChunks(r *reader, visit func(chunk) error) (ends riffEnds, err error) {
	b, err := r.bytes("RIFF chunk", 0, 12)
	if err != nil {
		return ends, err
	}
	ends.end = 8 + int64(binary.LittleEndian.Uint32(b[4:]))
	if string(b[:4]) != "RIFF" {
		if b, err = r.bytes("ds64 chunk", 12, 8+28); err != nil {
			return ends, err
		}
		ends.long = 12 + 8
		var sizes [2]int64
		for i := range sizes {
			sizes[i] = int64(min(binary.LittleEndian.Uint64(b[8+8*i:]), 1<<60))
		}
		ends.end = 8 + sizes[0]
		return ends, ends.walk(r, sizes[1], visit)
	}
	return ends, ends.walk(r, riffUnknown, visit)
}

func (ends *riffEnds) walk(r *reader, data int64, visit func(chunk) error) error {
	if ends.end < 12 || ends.end > r.src.Size() {
		return media.Truncated("RIFF chunk", 0, ends.end, r.src.Size())
	}
	ends.strict = ends.end+1 >= r.src.Size()
	at := int64(12)
	for n := 0; ends.end-at >= 8; n++ {
		if n == maxChunks {
			return media.TooMany("chunk", at, maxChunks)
		}
		b, err := r.bytes("chunk", at, 8)
		if err != nil {
			return err
		}
		c := chunk{typ: string(b[:4]), off: at, n: 8 + int64(binary.LittleEndian.Uint32(b[4:]))}
		if ends.long > 0 && c.typ == "data" && c.n == 8+riffUnknown {
			c.n = 8 + data
		}
		if c.n > ends.end-at {
			return media.Truncated("chunk", at, c.n, ends.end-at)
		}
		c.n = min(c.n+c.n%2, ends.end-at)
		if err := visit(c); err != nil {
			return err
		}
		at += c.n
	}
	return nil
}

func findRIFF(src media.Source) (*Place, error) {
	r := &reader{src: src}
	var p *Place
	_, err := riffChunks(r, func(c chunk) error {
		if c.typ != "C2PA" {
			return nil
		}
		if p != nil {
			return errTwo(c.off)
		}
		head, err := r.bytes("chunk", c.off, 8)
		if err != nil {
			return err
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		store, err := r.store("C2PA", c.off+8, n)
		p = &Place{Store: store, Offset: c.off, Size: 8 + n, part: c.n}
		return err
	})
	return p, err
}

// makeRIFF puts the store at the end of the form.
func makeRIFF(src media.Source, old *Place, size int) (*Room, error) {
	last := int64(12)
	ends, err := riffChunks(&reader{src: src}, func(c chunk) error {
		last = c.off + c.n
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !ends.strict || last != ends.end {
		return nil, media.Unsupported("RIFF chunk", last, "one form up to the end of the file")
	}
	if old != nil && old.Offset+old.part.(int64) != ends.end {
		return nil, media.Unsupported("C2PA", old.Offset, "a store that other chunks stand behind")
	}
	odd := int64(size & 1)
	hole := media.Splice{Offset: ends.end, Insert: make([]byte, 8+int64(size)+odd)}
	if old != nil {
		hole.Offset, hole.Delete = old.Offset, old.part.(int64)
	}
	var padding []media.Splice
	if hole.Offset%2 == 1 { // the last chunk lacks its padding
		padding = []media.Splice{{Offset: hole.Offset, Delete: min(1, src.Size()-hole.Offset-hole.Delete), Insert: []byte{0}}}
		if hole.Delete > 0 {
			return nil, media.Unsupported("C2PA", old.Offset, "a store that other chunks stand behind")
		}
		hole.Offset += padding[0].Delete
	}
	total := ends.end - hole.Delete + int64(len(hole.Insert)+len(padding)) - 8
	length := media.Splice{Offset: 4, Delete: 4, Insert: binary.LittleEndian.AppendUint32(nil, uint32(total))}
	switch {
	case ends.long > 0:
		length = media.Splice{Offset: ends.long, Delete: 8, Insert: binary.LittleEndian.AppendUint64(nil, uint64(total))}
	case total >= riffUnknown:
		return nil, media.NoRoom("RIFF chunk", 0, riffUnknown)
	}
	splices := append(append([]media.Splice{length}, padding...), hole)
	room, err := splice(src, len(splices)-1, frameRIFF, splices...)
	if err == nil {
		room.Size -= odd // the padding is not the store's
	}
	return room, err
}

func frameRIFF(store []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("C2PA"), uint32(len(store)))
	return append(b, store...)
}
