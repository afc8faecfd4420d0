package carrier

import (
	"bytes"
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
)

// GEOB frame of a store (C2PA 2.2, A.3.7; ID3v2.4 frames, 4.15). Its media type is the one of the specification's earlier
// versions, which all readers know; some don't know application/c2pa.
const (
	geobHead  = "\x00application/x-c2pa-manifest-store\x00c2pa\x00c2pa manifest store\x00"
	maxID3    = 1<<28 - 1 // a synchsafe size
	id3Header = 10
	frameHead = 10
)

// id3Tag is an ID3v2 tag at the beginning of a file.
type id3Tag struct {
	version byte
	flags   byte
	size    int64 // of what follows the header
	padding int64 // where the frames end
}

func synchsafe(b []byte) int64 {
	return int64(b[0]&0x7F)<<21 | int64(b[1]&0x7F)<<14 | int64(b[2]&0x7F)<<7 | int64(b[3]&0x7F)
}

func appendSynchsafe(b []byte, n int64) []byte {
	return append(b, byte(n>>21&0x7F), byte(n>>14&0x7F), byte(n>>7&0x7F), byte(n&0x7F))
}

// readID3 walks the frames of the tag that a file begins with. It is nil where there is none.
func readID3(r *reader, visit func(t *id3Tag, id string, at, n int64, flags byte) error) (*id3Tag, error) {
	if r.src.Size() < id3Header {
		return nil, nil
	}
	b, err := r.bytes("ID3v2 header", 0, id3Header)
	if err != nil || string(b[:3]) != "ID3" {
		return nil, err
	}
	t := &id3Tag{version: b[3], flags: b[5], size: synchsafe(b[6:])}
	end := id3Header + t.size
	if err := media.Within(r.src, "ID3v2 tag", 0, end); err != nil {
		return nil, err
	}
	at := int64(id3Header)
	t.padding = at
	if t.version != 3 && t.version != 4 || t.flags&0x80 != 0 && t.version == 3 {
		return t, nil // frames that hold no store of ours: version 2.2, or a tag that is unsynchronised as a whole
	}
	if t.flags&0x40 != 0 {
		if b, err = r.bytes("ID3v2 extended header", at, 4); err != nil {
			return nil, err
		}
		if t.version == 3 {
			at += 4 + int64(binary.BigEndian.Uint32(b))
		} else {
			at += synchsafe(b)
		}
	}
	for n := 0; end-at >= frameHead && n < maxChunks; n++ {
		if b, err = r.bytes("ID3v2 frame", at, frameHead); err != nil {
			return nil, err
		}
		if b[0] == 0 {
			break
		}
		size := int64(binary.BigEndian.Uint32(b[4:]))
		if t.version == 4 {
			size = synchsafe(b[4:])
		}
		id, flags := string(b[:4]), b[9]
		if size > end-at-frameHead {
			return nil, media.Truncated("ID3v2 frame", at, size, end-at-frameHead)
		}
		if err := visit(t, id, at, frameHead+size, flags); err != nil {
			return nil, err
		}
		at += frameHead + size
	}
	t.padding = at
	return t, nil
}

// id3Part remembers the frame around a store.
type id3Part struct{ at, n int64 }

func findID3(src media.Source) (*Place, error) {
	r := &reader{src: src}
	var p *Place
	_, err := readID3(r, func(t *id3Tag, id string, at, n int64, flags byte) error {
		if id != "GEOB" {
			return nil
		}
		head, err := r.bytes("ID3v2 frame", at+frameHead, int(min(n-frameHead, 512)))
		if err != nil {
			return err
		}
		skip, ok := geob(head)
		if !ok {
			return nil
		}
		if p != nil {
			return errTwo(at)
		}
		if flags != 0 {
			return &Error{at, "a store in an encoded frame"}
		}
		off := at + frameHead + int64(skip)
		store, err := r.store("C2PA", off, at+n-off)
		p = &Place{Store: store, Offset: off, Size: at + n - off, part: id3Part{at, n}}
		return err
	})
	return p, err
}

// geob returns where the object of a frame GEOB begins, and whether that is a store.
func geob(b []byte) (int, bool) {
	if len(b) == 0 {
		return 0, false
	}
	wide := b[0] == 1 || b[0] == 2
	kind, _, ok := bytes.Cut(b[1:], []byte{0})
	if !ok || string(kind) != "application/c2pa" && string(kind) != "application/x-c2pa-manifest-store" {
		return 0, false
	}
	at := 1 + len(kind) + 1
	for range 2 { // file name and description
		if wide {
			for at+1 < len(b) && (b[at] != 0 || b[at+1] != 0) {
				at += 2
			}
			at += 2
		} else {
			end := bytes.IndexByte(b[min(at, len(b)):], 0)
			if end < 0 {
				return 0, false
			}
			at += end + 1
		}
	}
	return at, at <= len(b)
}

// makeID3 puts the store into the last frame of the tag; a file without a tag gets one.
func makeID3(src media.Source, old *Place, size int) (*Room, error) {
	t, err := readID3(&reader{src: src}, func(*id3Tag, string, int64, int64, byte) error { return nil })
	if err != nil {
		return nil, err
	}
	content := int64(len(geobHead) + size)
	if content > maxID3-id3Header {
		return nil, media.NoRoom("ID3v2 tag", 0, maxID3)
	}
	if t == nil {
		b := append([]byte("ID3\x04\x00\x00"), appendSynchsafe(nil, frameHead+content)...)
		b = appendGEOB(b, 4, content)
		e, err := media.Splices(src, media.Splice{Insert: append(b, make([]byte, size)...)})
		if err != nil {
			return nil, err
		}
		return &Room{Edit: e, Offset: int64(len(b)), Size: int64(size), frame: plain}, nil
	}
	if t.version != 3 && t.version != 4 || t.flags&^0x20 != 0 {
		return nil, &Error{0, "a tag with features that are not edited"}
	}
	grown := frameHead + content
	at, splices := t.padding, []media.Splice(nil)
	if old != nil {
		part := old.part.(id3Part)
		grown -= part.n
		splices = append(splices, media.Splice{Offset: part.at, Delete: part.n})
	}
	if t.size+grown > maxID3 {
		return nil, media.NoRoom("ID3v2 tag", 0, maxID3)
	}
	head := appendGEOB(nil, t.version, content)
	length := media.Splice{Offset: 6, Delete: 4, Insert: appendSynchsafe(nil, t.size+grown)}
	splices = append([]media.Splice{length}, splices...)
	splices = append(splices, media.Splice{Offset: at, Insert: append(head, make([]byte, size)...)})
	room, err := splice(src, len(splices)-1, plain, splices...)
	if err == nil {
		room.Offset += int64(len(head))
		room.Size -= int64(len(head))
	}
	return room, err
}

// appendGEOB appends the frame up to the store.
func appendGEOB(b []byte, version byte, content int64) []byte {
	b = append(b, "GEOB"...)
	if version == 4 {
		b = appendSynchsafe(b, content)
	} else {
		b = binary.BigEndian.AppendUint32(b, uint32(content))
	}
	return append(b, "\x00\x00"+geobHead...)
}
