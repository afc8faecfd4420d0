package ogg_test

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// sum is the page checksum bit by bit, for an opinion other than the package's own.
func sum(b []byte) uint32 {
	var crc uint32
	for i, c := range b {
		if i >= 22 && i < 26 {
			c = 0
		}
		crc ^= uint32(c) << 24
		for range 8 {
			if crc>>31 != 0 {
				crc = crc<<1 ^ 0x04C11DB7
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

type packet struct {
	serial  uint32
	granule uint64 // of the page that it ends on, when it is the last one there
	flags   byte   // of the page that it ends on, without the flag for continued packets
	data    []byte
}

// pages splits a file and checks checksums and sequence numbers.
func pages(t testing.TB, b []byte) (list [][]byte) {
	t.Helper()
	next := map[uint32]uint32{}
	for len(b) > 0 {
		if len(b) < 27 || string(b[:4]) != "OggS" {
			t.Fatalf("no page %d bytes before the end", len(b))
		}
		n := 27 + int(b[26])
		for _, l := range b[27 : 27+int(b[26])] {
			n += int(l)
		}
		p := b[:n]
		serial, seq := binary.LittleEndian.Uint32(p[14:]), binary.LittleEndian.Uint32(p[18:])
		if p[5]&2 != 0 {
			next[serial] = seq
		}
		if seq != next[serial] {
			t.Fatalf("page %d of stream %x has sequence number %d", next[serial], serial, seq)
		}
		next[serial] = seq + 1
		if got := binary.LittleEndian.Uint32(p[22:]); got != sum(p) {
			t.Fatalf("page %d: checksum %08x, want %08x", len(list), got, sum(p))
		}
		list = append(list, p)
		b = b[n:]
	}
	return list
}

// split reads packets in file order of their ends.
func split(t testing.TB, b []byte) (list []packet) {
	t.Helper()
	open := map[uint32][]byte{}
	for i, p := range pages(t, b) {
		serial := binary.LittleEndian.Uint32(p[14:])
		if (p[5]&1 != 0) != (open[serial] != nil) {
			t.Fatalf("page %d: flag of continued packets is wrong", i)
		}
		lacing := p[27 : 27+int(p[26])]
		body := p[27+len(lacing):]
		ended := false
		for _, l := range lacing {
			open[serial] = append(open[serial], body[:l]...)
			body = body[l:]
			if open[serial] == nil {
				open[serial] = []byte{}
			}
			if l < 255 {
				list = append(list, packet{serial: serial, data: open[serial]})
				delete(open, serial)
				ended = true
			}
		}
		granule := binary.LittleEndian.Uint64(p[6:])
		if !ended {
			if granule != 1<<64-1 {
				t.Fatalf("page %d: granule position %d on a page without the end of a packet", i, granule)
			}
			continue
		}
		last := &list[len(list)-1]
		last.granule, last.flags = granule, p[5]&^1
	}
	return list
}

// join lays packets out as headers of one stream: the first on a page of its own, the others joined, then audio pages.
func join(serial, seq uint32, flags byte, granule uint64, packets ...[]byte) (out []byte) {
	var lacing, body []byte
	for _, p := range packets {
		for range len(p) / 255 {
			lacing = append(lacing, 255)
		}
		lacing = append(lacing, byte(len(p)%255))
		body = append(body, p...)
	}
	for len(lacing) > 0 {
		n := min(255, len(lacing))
		p := append([]byte("OggS\x00"), flags)
		size, ends := 0, false
		for _, l := range lacing[:n] {
			size += int(l)
			ends = ends || l < 255
		}
		g := granule
		if !ends {
			g = 1<<64 - 1
		}
		p = binary.LittleEndian.AppendUint64(p, g)
		p = binary.LittleEndian.AppendUint32(p, serial)
		p = binary.LittleEndian.AppendUint32(p, seq)
		p = append(p, 0, 0, 0, 0, byte(n))
		p = append(p, lacing[:n]...)
		p = append(p, body[:size]...)
		out = append(out, mend(p)...)
		flags &^= 1
		if lacing[n-1] == 255 {
			flags |= 1
		}
		lacing, body, seq = lacing[n:], body[size:], seq+1
	}
	return out
}

// mend sets right the checksum of each page that b begins with.
func mend(b []byte) []byte {
	b = bytes.Clone(b)
	for rest := b; len(rest) >= 27 && string(rest[:4]) == "OggS" && len(rest) >= 27+int(rest[26]); {
		n := 27 + int(rest[26])
		for _, l := range rest[27 : 27+int(rest[26])] {
			n += int(l)
		}
		if n > len(rest) {
			break
		}
		binary.LittleEndian.PutUint32(rest[22:], sum(rest[:n]))
		rest = rest[n:]
	}
	return b
}

func comments(list ...string) []byte {
	b := []byte("\x04\x00\x00\x00test")
	b = binary.LittleEndian.AppendUint32(b, uint32(len(list)))
	for _, c := range list {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(c)))
		b = append(b, c...)
	}
	return b
}

// recomment gives a file of one stream other comments.
func recomment(t testing.TB, b []byte, list ...string) []byte {
	t.Helper()
	packets := split(t, b)
	head := [][]byte{append([]byte("OpusTags"), comments(list...)...)}
	if bytes.HasPrefix(packets[1].data, []byte("\x03vorbis")) {
		head = [][]byte{append(append([]byte("\x03vorbis"), comments(list...)...), 1), packets[2].data}
	}
	var out []byte
	skip, seq := len(head), uint32(0)
	for i, p := range pages(t, b) {
		switch {
		case i == 0:
			out = append(out, p...)
			more := join(packets[0].serial, 1, 0, 0, head...)
			out = append(out, more...)
			seq = uint32(len(pages(t, append(bytes.Clone(p), more...))))
		case skip > 0:
			for _, l := range p[27 : 27+int(p[26])] {
				if l < 255 {
					skip--
				}
			}
		default:
			p = bytes.Clone(p)
			binary.LittleEndian.PutUint32(p[18:], seq)
			out = append(out, mend(p)...)
			seq++
		}
	}
	return out
}

// tiny is a small valid file whose audio is no audio.
func tiny(serial uint32, opus bool, list ...string) []byte {
	if opus {
		out := join(serial, 0, 2, 0, []byte("OpusHead\x01\x01\x38\x01\x44\xac\x00\x00\x00\x00\x00"))
		tags := join(serial, 1, 0, 0, append([]byte("OpusTags"), comments(list...)...))
		out = append(out, tags...)
		return append(out, join(serial, 1+uint32(bytes.Count(tags, []byte("OggS"))), 4, 960, []byte("a"), []byte("b"))...)
	}
	out := join(serial, 0, 2, 0, append([]byte("\x01vorbis\x00\x00\x00\x00\x01"), make([]byte, 18)...))
	tags := join(serial, 1, 0, 0, append(append([]byte("\x03vorbis"), comments(list...)...), 1), []byte("\x05vorbis setup"))
	out = append(out, tags...)
	return append(out, join(serial, 1+uint32(bytes.Count(tags, []byte("OggS"))), 4, 960, []byte("a"), []byte("b"))...)
}
