package ebml_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"testing"
)

// An opinion on EBML other than the package's own, for tests.

type item struct {
	id        uint32
	off, body int // body is -1 where the size is unknown
	end       int
	unknown   bool
}

func parse(t testing.TB, b []byte, off int) item {
	t.Helper()
	it := item{off: off}
	n := bits.LeadingZeros8(b[off]) + 1
	for _, c := range b[off : off+n] {
		it.id = it.id<<8 | uint32(c)
	}
	at := off + n
	w := bits.LeadingZeros8(b[at]) + 1
	size := uint64(b[at]) & (1<<(8-w) - 1)
	for _, c := range b[at+1 : at+w] {
		size = size<<8 | uint64(c)
	}
	it.body = at + w
	it.unknown = size == 1<<(7*w)-1
	it.end = it.body + int(size)
	if it.unknown {
		it.end = len(b)
	} else if it.end > len(b) {
		t.Fatalf("element %x at %d ends at %d of %d", it.id, off, it.end, len(b))
	}
	return it
}

// level1 lists a file's first segment and its children.
func level1(t testing.TB, b []byte) (segment item, list []item) {
	t.Helper()
	head := parse(t, b, 0)
	segment = parse(t, b, head.end)
	if segment.id != 0x18538067 || segment.end != len(b) {
		t.Fatalf("segment %+v in %d bytes", segment, len(b))
	}
	for at := segment.body; at < segment.end; {
		it := parse(t, b, at)
		if it.id == 0x1F43B675 && it.unknown {
			for it.end = it.body; it.end < len(b); {
				kid := parse(t, b, it.end)
				if kid.id > 0xFFFFFF {
					break
				}
				it.end = kid.end
			}
		}
		list = append(list, it)
		at = it.end
	}
	return segment, list
}

func clusters(t testing.TB, b []byte) (list [][]byte) {
	t.Helper()
	_, all := level1(t, b)
	for _, it := range all {
		if it.id == 0x1F43B675 {
			c := bytes.Clone(b[it.off:it.end])
			for off := it.body; off < it.end; {
				kid := parse(t, b, off)
				if kid.id == 0xA7 { // where the cluster stands
					clear(c[kid.body-it.off : kid.end-it.off])
				}
				off = kid.end
			}
			list = append(list, c)
		}
	}
	return list
}

// sound checks that positions in SeekHead and Cues lead where they should and that checksums are right.
func sound(t testing.TB, b []byte) {
	t.Helper()
	segment, list := level1(t, b)
	at := map[int]uint32{}
	tags := 0
	for _, it := range list {
		at[it.off-segment.body] = it.id
		if it.id == 0x1254C367 {
			tags++
		}
	}
	if tags != 1 {
		t.Errorf("%d Tags elements", tags)
	}
	number := func(it item) (n int) {
		for _, c := range b[it.body:it.end] {
			n = n<<8 | int(c)
		}
		return n
	}
	var look func(it item)
	look = func(it item) {
		want := uint32(0)
		for off := it.body; off < it.end; {
			kid := parse(t, b, off)
			switch kid.id {
			case 0xBF:
				if kid.off != it.body || binary.LittleEndian.Uint32(b[kid.body:]) != crc32.ChecksumIEEE(b[kid.end:it.end]) {
					t.Errorf("CRC-32 of %x at %d is wrong", it.id, it.off)
				}
			case 0x53AB:
				want = uint32(number(kid))
			case 0x53AC:
				if at[number(kid)] != want {
					t.Errorf("SeekHead: %x does not stand at %d, but %x", want, number(kid), at[number(kid)])
				}
			case 0xA7:
				if n := number(kid); n != it.off-segment.body && n != 0 {
					t.Errorf("cluster at %d tells %d", it.off-segment.body, n)
				}
			case 0xF1:
				if at[number(kid)] != 0x1F43B675 {
					t.Errorf("Cues: no cluster stands at %d", number(kid))
				}
			case 0x4DBB, 0xBB, 0xB7, 0x7373, 0x67C8, 0x63C0:
				look(kid)
			}
			off = kid.end
		}
	}
	for _, it := range list {
		switch it.id {
		case 0x114D9B74, 0x1C53BB6B, 0x1254C367, 0x1F43B675:
			look(it)
		}
	}
}

// el builds an element.
func el(id uint32, body ...string) string {
	s := ""
	for _, b := range body {
		s += b
	}
	return elw(id, 0, s)
}

// elw builds an element whose size field has at least width bytes.
func elw(id uint32, width int, body string) string {
	var b []byte
	for shift := 24; shift >= 0; shift -= 8 {
		if id>>shift != 0 {
			b = append(b, byte(id>>shift))
		}
	}
	width = max(width, 1)
	for width < 8 && len(body) >= 1<<(7*width)-1 {
		width++
	}
	size := binary.BigEndian.AppendUint64(nil, uint64(len(body))|1<<(7*width))
	return string(b) + string(size[8-width:]) + body
}

// open builds the beginning of an element of unknown size.
func open(id uint32) string {
	return elw(id, 0, "")[:bits.Len32(id)/8+min(1, bits.Len32(id)%8)] + "\x01\xff\xff\xff\xff\xff\xff\xff"
}
