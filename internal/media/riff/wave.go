package riff

import (
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// sizes64 are the lengths that an RF64 file keeps in its chunk ds64 (EBU Tech 3306, 3.5).
type sizes64 struct {
	off        int64 // of the chunk; 0 where there is none
	riff, data int64
	table      []size64
}

type size64 struct {
	id string
	n  int64
}

const maxSizes = 1024 // entries of the table that are read

// of returns the length of a chunk whose own header says 0xFFFFFFFF.
func (s *sizes64) of(id string) int64 {
	if id == "data" {
		return s.data
	}
	for _, entry := range s.table {
		if entry.id == id {
			return entry.n
		}
	}
	return unknown32
}

// sizes reads the chunk ds64, which must be the first.
func (d *document) sizes(off int64) error {
	head, err := d.win.Bytes("ds64 chunk", off, 8+28)
	if err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	if string(head[:4]) != "ds64" || n < 28 {
		return media.Malformed("ds64 chunk", off, "ds64 of at least 28 bytes first")
	}
	if err := media.Within(d.src, "ds64 chunk", off, n+8); err != nil {
		return err
	}
	d.long = sizes64{off: off, riff: int63(head[8:]), data: int63(head[16:])}
	entries := int64(binary.LittleEndian.Uint32(head[32:]))
	if entries > maxSizes {
		return media.TooMany("ds64 table entry", off, maxSizes)
	}
	if entries*12 > n-28 {
		return media.Malformed("ds64 chunk", off, "table within the chunk")
	}
	table, err := media.Bytes(d.src, "ds64 chunk", off+36, entries*12)
	if err != nil {
		return err
	}
	for ; len(table) > 0; table = table[12:] {
		d.long.table = append(d.long.table, size64{string(table[:4]), int63(table[4:])})
	}
	return nil
}

// int63 reads a length of 64 bits. What no file can be long is as good as any other lie.
func int63(b []byte) int64 {
	return int64(min(binary.LittleEndian.Uint64(b), math.MaxInt64>>2))
}

// editWave plans the label in a WAV or RF64 file: a chunk at the end, or in front of samples that go on to the end of
// the file.
func (d *document) editWave(put media.Put) ([]media.Splice, error) {
	f := &d.forms[0]
	at := f.stop
	host := d.host(func(c *chunk) bool { return foldedID(c.id) == keyAIGC })
	if put.Place == media.PlaceInfo {
		host = d.infoHost()
	}
	splices, err := d.removals(host)
	if err != nil {
		return nil, err
	}
	s := media.Splice{Offset: at}
	if host >= 0 {
		c := &d.chunks[host]
		s.Offset, s.Delete = c.off, c.total()
	}
	if put.Place == media.PlaceInfo {
		list, err := d.info(host, put.Value, 0)
		if err != nil {
			return nil, err
		}
		s.Insert = framed("LIST", list)
	} else {
		s.Insert = framed(keyAIGC, put.Value)
	}
	if host < 0 && f.bare {
		s.Insert = append([]byte{0}, s.Insert...) // the padding that the last chunk lacks
	}
	return d.resize(insert(splices, s))
}

// insert puts a splice in order.
func insert(splices []media.Splice, s media.Splice) []media.Splice {
	i := 0
	for i < len(splices) && splices[i].Offset+splices[i].Delete <= s.Offset && splices[i].Offset < s.Offset {
		i++
	}
	return slices.Insert(splices, i, s)
}

// resize adds the splices that set the length of the first form. Where samples go on to the end of the file, a length
// that was never right stays as wrong as it was.
func (d *document) resize(splices []media.Splice) ([]media.Splice, error) {
	f := &d.forms[0]
	size := f.size
	if f.open != nil && f.lying {
		if size = f.said; size < 4 || size == unknown32 {
			return splices, nil
		}
	}
	for _, s := range splices {
		if s.Offset < f.end() || s.Offset == f.end() && s.Delete == 0 {
			size += int64(len(s.Insert)) - s.Delete
		}
	}
	head, err := d.win.Bytes("RIFF chunk", 4, 4)
	if err != nil {
		return nil, err
	}
	patch := media.Splice{Offset: 4, Delete: 4, Insert: binary.LittleEndian.AppendUint32(nil, uint32(size))}
	if d.long.off > 0 && binary.LittleEndian.Uint32(head) == unknown32 {
		patch = media.Splice{Offset: d.long.off + 8, Delete: 8, Insert: binary.LittleEndian.AppendUint64(nil, uint64(size))}
	} else if size >= unknown32 {
		return nil, media.NoRoom("RIFF chunk", f.off, unknown32)
	}
	return slices.Insert(splices, 0, patch), nil
}

// framed returns a chunk with a header and padding.
func framed(id string, payload []byte) []byte {
	b := make([]byte, 0, 9+len(payload))
	b = append(b, id...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, payload...)
	if len(payload)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// section is a chunk's payload as a source of its own.
func (d *document) section(c *chunk) media.Source { return io.NewSectionReader(d.src, c.off+8, c.n) }
