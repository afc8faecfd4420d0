package archive

import (
	"bytes"
	"cmp"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
)

// maxGap is how much may lie between the central directory and its end record: the ZIP64 records, a signature.
const maxGap = 64 << 10

// Part is the new content of one entry.
type Part struct {
	Name    string
	Content []byte
}

// change is what happens to one range of the old file.
type change struct {
	from, to int64  // the entry's local header, data and data descriptor
	local    []byte // what stands there afterwards
	record   []byte // its record in the central directory, without an offset
}

// Edit plans the archive in which parts have new content. A part whose content is what the archive has already is left
// alone, a part that is not there yet goes behind the last entry.
func (a *Archive) Edit(parts []Part) (*media.Edit, error) {
	order, err := a.layout()
	if err != nil {
		return nil, err
	}
	changes := make(map[int]change, len(parts)) // by index of entry
	var added []change
	for _, p := range parts {
		i := slices.IndexFunc(a.entries, func(e entry) bool { return e.name == p.Name })
		if i < 0 {
			i = slices.IndexFunc(a.entries, func(e entry) bool { return strings.EqualFold(plain(e.name), p.Name) })
		}
		if i < 0 {
			c, err := newPart(p)
			if err != nil {
				return nil, err
			}
			added = append(added, c)
			continue
		}
		c, same, err := a.replacePart(&a.entries[i], p, a.follows(order, i))
		if err != nil {
			return nil, err
		}
		if !same {
			changes[i] = c
		}
	}
	return a.plan(order, changes, added)
}

// layout returns the entries' indices in the order of the file, and fails where entries overlap or share a name.
func (a *Archive) layout() ([]int, error) {
	names := make(map[string]bool, len(a.entries))
	order := make([]int, len(a.entries))
	for i := range a.entries {
		name := strings.ToLower(plain(a.entries[i].name))
		if names[name] {
			return nil, media.Malformed("ZIP central directory", a.entries[i].local, "two entries are named "+clip(name))
		}
		names[name] = true
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(a.entries[x].local, a.entries[y].local) })
	for i, index := range order {
		e := &a.entries[index]
		next := a.dirOff
		if i+1 < len(order) {
			next = a.entries[order[i+1]].local
		}
		if localSize+int64(len(e.name))+e.packed > next-e.local {
			return nil, media.Malformed("ZIP local file header", e.local, "entry overlaps what follows it")
		}
	}
	return order, nil
}

// follows returns where the entry behind entry i begins, or the central directory.
func (a *Archive) follows(order []int, i int) int64 {
	if k := slices.Index(order, i); k+1 < len(order) {
		return a.entries[order[k+1]].local
	}
	return a.dirOff
}

// replacePart plans an entry with new content. Name, times, attributes, comment and extra fields stay.
func (a *Archive) replacePart(e *entry, p Part, next int64) (c change, same bool, err error) {
	old, err := a.read(e)
	if err != nil {
		return c, false, err
	}
	if bytes.Equal(old, p.Content) {
		return c, true, nil
	}
	header, err := a.localHeader(e)
	if err != nil {
		return c, false, err
	}
	nameLen, extraLen := int64(le.Uint16(header[26:])), int64(le.Uint16(header[28:]))
	rest, err := media.Bytes(a.src, "ZIP local file header", e.local+localSize, nameLen+extraLen)
	if err != nil {
		return c, false, err
	}
	if string(rest[:nameLen]) != e.name {
		return c, false, media.Malformed("ZIP local file header", e.local, "name differs from the central directory")
	}
	c.from = e.local
	if c.to, err = a.entryEnd(e, e.local+localSize+nameLen+extraLen, next); err != nil {
		return c, false, err
	}
	packed, method := p.Content, uint16(methodStored)
	if e.method == methodDeflate {
		method = methodDeflate
		if packed, err = deflated(p.Content); err != nil {
			return c, false, err
		}
	}
	c.local = append(c.local, header[:]...)
	c.local = append(c.local, rest[:nameLen]...)
	c.local = append(c.local, without64(rest[nameLen:])...)
	le.PutUint16(c.local[28:], uint16(len(c.local)-localSize-int(nameLen)))
	sizes(c.local[4:], method, p.Content, packed)
	c.local = append(c.local, packed...)

	extraAt := centralSize + len(e.name)
	commentAt := extraAt + int(le.Uint16(e.record[30:]))
	kept := without64(e.record[extraAt:commentAt])
	c.record = slices.Concat(e.record[:extraAt], kept, e.record[commentAt:])
	le.PutUint16(c.record[30:], uint16(len(kept)))
	sizes(c.record[6:], method, p.Content, packed)
	return c, false, nil
}

// entryEnd returns where an entry ends, with its data descriptor, whose form only its content tells.
func (a *Archive) entryEnd(e *entry, data, next int64) (int64, error) {
	end := data + e.packed
	if end > next {
		return 0, media.Malformed("ZIP local file header", e.local, "entry overlaps what follows it")
	}
	if e.flags&flagDescriptor == 0 {
		return end, nil
	}
	b, err := media.Bytes(a.src, "ZIP data descriptor", end, min(24, next-end))
	if err != nil {
		return 0, err
	}
	for _, signature := range [...]string{descriptorMagic, ""} {
		for _, wide := range [...]bool{false, true} {
			d := append([]byte(signature), make([]byte, 4)...)
			le.PutUint32(d[len(signature):], e.crc)
			if wide {
				d = le.AppendUint64(le.AppendUint64(d, uint64(e.packed)), uint64(e.size))
			} else {
				d = le.AppendUint32(le.AppendUint32(d, uint32(e.packed)), uint32(e.size))
			}
			if bytes.HasPrefix(b, d) {
				return end + int64(len(d)), nil
			}
		}
	}
	return 0, media.Malformed("ZIP data descriptor", end, "descriptor differs from the central directory")
}

// sizes fills the fields from "version needed to extract" on, which both kinds of header have in the same order.
func sizes(h []byte, method uint16, content, packed []byte) {
	le.PutUint16(h[0:], 20)
	le.PutUint16(h[2:], le.Uint16(h[2:])&^(flagDescriptor|3<<1))
	le.PutUint16(h[4:], method)
	le.PutUint32(h[10:], crc32.ChecksumIEEE(content))
	le.PutUint32(h[14:], uint32(len(packed)))
	le.PutUint32(h[18:], uint32(len(content)))
}

// without64 returns extra fields without the ZIP64 one: small parts have none.
func without64(fields []byte) []byte {
	if f, ok := extra(fields, 1); ok {
		return slices.Concat(fields[:f.start], fields[f.end:])
	}
	return fields
}

// newPart plans an entry that is not there yet, dated with the first day that ZIP knows, 1980-01-01.
func newPart(p Part) (change, error) {
	packed, err := deflated(p.Content)
	if err != nil {
		return change{}, err
	}
	const date = 1<<5 | 1
	local := make([]byte, localSize, localSize+len(p.Name)+len(packed))
	copy(local, localMagic)
	le.PutUint16(local[12:], date)
	le.PutUint16(local[26:], uint16(len(p.Name)))
	sizes(local[4:], methodDeflate, p.Content, packed)
	local = append(append(local, p.Name...), packed...)

	record := make([]byte, centralSize, centralSize+len(p.Name))
	copy(record, centralMagic)
	le.PutUint16(record[4:], 20)
	le.PutUint16(record[14:], date)
	le.PutUint16(record[28:], uint16(len(p.Name)))
	sizes(record[6:], methodDeflate, p.Content, packed)
	return change{local: local, record: append(record, p.Name...)}, nil
}

// plan writes the pieces: local entries in the order of the file, the central directory, what follows it.
func (a *Archive) plan(order []int, changes map[int]change, added []change) (*media.Edit, error) {
	e := new(media.Edit)
	offsets := make([]int64, len(a.entries))
	var at, shift int64
	for _, i := range order {
		offsets[i] = a.entries[i].local + shift
		c, ok := changes[i]
		if !ok {
			continue
		}
		e.Keep(at, c.from-at)
		e.Put(c.local)
		at = c.to
		shift += int64(len(c.local)) - (c.to - c.from)
	}
	e.Keep(at, a.dirOff-at)
	var dir []byte
	for i := range a.entries {
		record, err := a.relocated(&a.entries[i], changes[i].record, offsets[i])
		if err != nil {
			return nil, err
		}
		dir = append(dir, record...)
	}
	for _, c := range added {
		if e.Size() >= full32 {
			return nil, media.Unsupported("ZIP local file header", a.dirOff, "new entry begins behind 4 GiB")
		}
		le.PutUint32(c.record[42:], uint32(e.Size()))
		dir = append(dir, c.record...)
		e.Put(c.local)
	}
	dirOff := e.Size()
	e.Put(dir)
	return e, a.finish(e, dirOff, int64(len(dir)), int64(len(a.entries)+len(added)))
}

// relocated returns the record of an entry that begins at off now.
func (a *Archive) relocated(e *entry, changed []byte, off int64) ([]byte, error) {
	record, wide := bytes.Clone(e.record), e.zip64Offset
	if changed != nil {
		record, wide = changed, 0
	}
	if wide > 0 {
		le.PutUint64(record[wide:], uint64(off))
		return record, nil
	}
	if off >= full32 {
		return nil, media.Unsupported("ZIP central directory entry", e.local, "entry moves behind 4 GiB")
	}
	le.PutUint32(record[42:], uint32(off))
	return record, nil
}

// finish writes the end records with the directory's new place and size. Fields that point to the ZIP64 record stay so.
func (a *Archive) finish(e *media.Edit, dirOff, dirSize, count int64) error {
	oldEnd := a.dirOff + int64(len(a.dir))
	if a.end-oldEnd > maxGap {
		return media.Unsupported("ZIP end of central directory", a.end, "unknown records lie before it")
	}
	tail, err := media.Bytes(a.src, "ZIP end of central directory", oldEnd, a.end+endSize-oldEnd)
	if err != nil {
		return err
	}
	end := tail[a.end-oldEnd:]
	if a.end64 >= 0 {
		if a.end64 < oldEnd {
			return media.Malformed("ZIP64 end of central directory", a.end64, "record lies inside the central directory")
		}
		record := tail[a.end64-oldEnd:]
		le.PutUint64(record[24:], uint64(count))
		le.PutUint64(record[32:], uint64(count))
		le.PutUint64(record[40:], uint64(dirSize))
		le.PutUint64(record[48:], uint64(dirOff))
		le.PutUint64(tail[a.end-oldEnd-locatorSize+8:], uint64(dirOff+dirSize+a.end64-oldEnd))
	}
	narrow := func(at int, limit, v int64) bool {
		old := int64(le.Uint16(end[at:]))
		if limit == full32 {
			old = int64(le.Uint32(end[at:]))
		}
		if old == limit && a.end64 >= 0 {
			return true
		}
		if v >= limit {
			return false
		}
		if limit == full32 {
			le.PutUint32(end[at:], uint32(v))
		} else {
			le.PutUint16(end[at:], uint16(v))
		}
		return true
	}
	if !narrow(8, full16, count) || !narrow(10, full16, count) || !narrow(12, full32, dirSize) || !narrow(16, full32, dirOff) {
		return media.Unsupported("ZIP end of central directory", a.end, "archive outgrows the format without ZIP64")
	}
	e.Put(tail)
	e.Keep(a.end+endSize, a.src.Size()-a.end-endSize)
	return nil
}
