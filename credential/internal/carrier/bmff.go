package carrier

import (
	"bytes"
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

const (
	maxMerkle  = 1 << 16 // boxes of purpose merkle
	maxPurpose = 32
	// bmffHead is what stands in front of the store in its box: header, user type, version and flags, purpose, offset of the
	// first box of purpose merkle.
	bmffHead = 8 + box.UserTypeSize + 4 + len("manifest\x00") + 8
)

// bmffPart are the boxes that go with a store.
type bmffPart struct{ boxes []box.Box }

// findBMFF reads the boxes uuid of C2PA (C2PA 2.2, A.5).
func findBMFF(src media.Source) (*Place, error) {
	r := box.NewReader(src)
	var p *Place
	var part bmffPart
	var merkle [][]byte
	_, err := r.Top(func(b box.Box) error {
		if r.UserType(&b) != box.UserC2PA {
			return nil
		}
		part.boxes = append(part.boxes, b)
		at := b.Body() + box.UserTypeSize + 4
		head, err := r.Inside(&b, at, int(min(maxPurpose, max(0, b.End()-at))))
		if err != nil {
			return err
		}
		end := bytes.IndexByte(head, 0)
		if end < 0 {
			return &Error{b.Offset, "a purpose without an end"}
		}
		purpose := string(head[:end])
		at += int64(end) + 1
		switch purpose {
		case "manifest", "original", "update":
			if p != nil {
				return errTwo(b.Offset)
			}
			if b.End()-at < 8 {
				return media.Truncated("uuid", b.Offset, 8, b.End()-at)
			}
			store, err := (&reader{src: src}).store("C2PA", at+8, b.End()-at-8)
			p = &Place{Store: store, Offset: b.Offset, Size: b.Size}
			return err
		case "merkle":
			if len(merkle) == maxMerkle {
				return media.TooMany("uuid", b.Offset, maxMerkle)
			}
			content, err := media.Bytes(src, "uuid", at, min(b.End()-at, 1<<20))
			merkle = append(merkle, content)
			return err
		}
		return nil
	})
	if err != nil || p == nil {
		return nil, err
	}
	p.Merkle, p.part = merkle, part
	return p, nil
}

// makeBMFF puts the store behind the box ftyp.
func makeBMFF(src media.Source, old *Place, size int) (*Room, error) {
	r := box.NewReader(src)
	at := int64(-1)
	if _, err := r.Top(func(b box.Box) error {
		if b.Open && b.Type != "mdat" {
			return &Error{b.Offset, "a box without an end"}
		}
		if b.Type == "ftyp" && at < 0 {
			at = b.End()
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if at < 0 {
		return nil, &Error{0, "no box ftyp"}
	}
	plan := box.NewPlan(src)
	hole := frameBMFF(make([]byte, size))
	plan.Insert(nil, at, hole)
	off := at
	if old != nil {
		for _, b := range old.part.(bmffPart).boxes {
			plan.Remove(&b)
			if b.Offset < at {
				off -= b.Size
			}
		}
	}
	e, err := plan.Edit()
	if err != nil {
		return nil, err
	}
	return &Room{Edit: e, Offset: off, Size: int64(len(hole)), frame: frameBMFF}, nil
}

func frameBMFF(store []byte) []byte {
	b := make([]byte, 0, bmffHead+len(store))
	b = binary.BigEndian.AppendUint32(b, uint32(bmffHead+len(store)))
	b = append(b, "uuid"+box.UserC2PA+"\x00\x00\x00\x00manifest\x00"...)
	b = binary.BigEndian.AppendUint64(b, 0)
	return append(b, store...)
}
