// Package archive reads ZIP files (PKWARE APPNOTE 6.3.10) and plans new ones in which a few small parts are replaced and
// every other entry stays where it was, byte for byte, compressed as it was.
//
// OOXML documents and EPUB books are ZIP files. A label goes into one part of at most a few kilobytes, so the rewrite
// keeps all local entries as ranges of the old file, puts new bytes in the place of the changed ones, and writes the
// central directory anew with shifted offsets. The old version of a part is never left behind as garbage: a naive reader
// that searches bytes would find the old label there.
//
// What not to do here: never recompress an entry that did not change, never trust a declared size before it has been
// checked against the file, and never edit an archive in which two entries share a name or a byte.
package archive

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
)

// Limits on what is read from one archive.
const (
	MaxEntries   = 1 << 16  // entries of the central directory
	MaxDirectory = 16 << 20 // bytes of the central directory
	MaxPart      = 8 << 20  // bytes of one part, inflated
	MaxTotal     = 32 << 20 // bytes of all parts that are read, inflated
)

const (
	localSize   = 30
	centralSize = 46
	endSize     = 22
	end64Size   = 56
	locatorSize = 20

	localMagic      = "PK\x03\x04"
	centralMagic    = "PK\x01\x02"
	endMagic        = "PK\x05\x06"
	end64Magic      = "PK\x06\x06"
	locatorMagic    = "PK\x06\x07"
	descriptorMagic = "PK\x07\x08"

	full32 = 0xffffffff
	full16 = 0xffff
)

var le = binary.LittleEndian

// Archive is a ZIP file whose central directory has been read.
type Archive struct {
	src     media.Source
	entries []entry
	dir     []byte // the central directory
	dirOff  int64
	end     int64 // where the end of central directory record begins
	end64   int64 // where its ZIP64 form begins; -1 without one
	tail    int64 // where the comment of the end record ends
	largest int64 // bytes of one part, inflated
	total   int64 // bytes of all parts, inflated
	budget  int64 // of them, bytes that may still be inflated
}

type entry struct {
	name         string
	flags        uint16
	method       uint16
	crc          uint32
	packed, size int64
	local        int64  // where the local file header begins
	record       []byte // the central directory's record
	zip64Offset  int    // where in the record the 64-bit offset stands; 0 when the 32-bit field holds it
}

// Magic reports whether a file begins like a ZIP file with at least one entry.
func Magic(head []byte) bool { return bytes.HasPrefix(head, []byte(localMagic)) }

// Open reads the central directory of a ZIP file.
func Open(src media.Source) (*Archive, error) {
	if src.Size() <= 1<<20 { // one read instead of many
		b, err := media.Bytes(src, "ZIP file", 0, src.Size())
		if err != nil {
			return nil, err
		}
		src = bytes.NewReader(b)
	}
	a := &Archive{src: src, end64: -1}
	a.Limit(MaxPart, MaxTotal)
	count, size, err := a.readEnd()
	if err != nil {
		return nil, err
	}
	if size > MaxDirectory {
		return nil, media.TooLarge("ZIP central directory", a.dirOff, MaxDirectory)
	}
	if count > MaxEntries {
		return nil, media.TooMany("ZIP central directory entry", a.dirOff, MaxEntries)
	}
	if a.dirOff > a.end || size > a.end-a.dirOff {
		return nil, media.Truncated("ZIP central directory", a.dirOff, size, max(0, a.end-a.dirOff))
	}
	if a.dir, err = media.Bytes(src, "ZIP central directory", a.dirOff, size); err != nil {
		return nil, err
	}
	return a, a.readDirectory(count)
}

// Limit sets how many bytes of one part, and of all parts that are read from now on, are inflated. It is MaxPart and
// MaxTotal for who does not call it. A part that is replaced is read once more.
func (a *Archive) Limit(part, total int64) { a.largest, a.total, a.budget = part, total, total }

// readEnd finds the end of central directory record, and returns the number of entries and the directory's size.
func (a *Archive) readEnd() (count, size int64, err error) {
	const what = "ZIP end of central directory"
	total := a.src.Size()
	if total < endSize {
		return 0, 0, media.Truncated(what, 0, endSize, total)
	}
	from := max(0, total-endSize-full16)
	b, err := media.Bytes(a.src, what, from, total-from)
	if err != nil {
		return 0, 0, err
	}
	at := len(b)
	for {
		if at = bytes.LastIndex(b[:at], []byte(endMagic)); at < 0 {
			return 0, 0, media.Malformed(what, from, "signature 0x06054b50 is missing")
		}
		if at+endSize <= len(b) && at+endSize+int(le.Uint16(b[at+20:])) <= len(b) {
			break
		}
	}
	r := b[at:]
	a.end = from + int64(at)
	a.tail = a.end + endSize + int64(le.Uint16(r[20:]))
	count, size, a.dirOff = int64(le.Uint16(r[10:])), int64(le.Uint32(r[12:])), int64(le.Uint32(r[16:]))
	disk, dirDisk := le.Uint16(r[4:]), le.Uint16(r[6:])
	if count == full16 || size == full32 || a.dirOff == full32 {
		found, c, s, err := a.readEnd64()
		if err != nil {
			return 0, 0, err
		}
		if found {
			return c, s, nil
		}
	}
	if disk != 0 || dirDisk != 0 || int64(le.Uint16(r[8:])) != count {
		return 0, 0, media.Unsupported(what, a.end, "archive spans several disks")
	}
	return count, size, nil
}

func (a *Archive) readEnd64() (found bool, count, size int64, err error) {
	const what = "ZIP64 end of central directory"
	if a.end < locatorSize+end64Size {
		return false, 0, 0, nil
	}
	var locator [locatorSize]byte
	if err := media.Fill(a.src, what, locator[:], a.end-locatorSize); err != nil {
		return false, 0, 0, err
	}
	if string(locator[:4]) != locatorMagic {
		return false, 0, 0, nil
	}
	at := le.Uint64(locator[8:])
	if at > uint64(a.end-locatorSize-end64Size) {
		return false, 0, 0, media.Malformed(what, a.end-locatorSize, "locator points behind itself")
	}
	a.end64 = int64(at)
	var r [end64Size]byte
	if err := media.Fill(a.src, what, r[:], a.end64); err != nil {
		return false, 0, 0, err
	}
	if string(r[:4]) != end64Magic {
		return false, 0, 0, media.Malformed(what, a.end64, "signature 0x06064b50 is missing")
	}
	if le.Uint32(r[16:]) != 0 || le.Uint32(r[20:]) != 0 || le.Uint64(r[24:]) != le.Uint64(r[32:]) {
		return false, 0, 0, media.Unsupported(what, a.end64, "archive spans several disks")
	}
	c, s, off := le.Uint64(r[32:]), le.Uint64(r[40:]), le.Uint64(r[48:])
	if c > uint64(a.end64) || s > uint64(a.end64) || off > uint64(a.end64) {
		return false, 0, 0, media.Malformed(what, a.end64, "directory is larger than the file")
	}
	a.dirOff = int64(off)
	return true, int64(c), int64(s), nil
}

func (a *Archive) readDirectory(count int64) error {
	const what = "ZIP central directory entry"
	if count*centralSize > int64(len(a.dir)) {
		return media.Truncated("ZIP central directory", a.dirOff, count*centralSize, int64(len(a.dir)))
	}
	a.entries = make([]entry, 0, count)
	at := 0
	for range count {
		r := a.dir[at:]
		off := a.dirOff + int64(at)
		if len(r) < centralSize || string(r[:4]) != centralMagic {
			return media.Malformed(what, off, "signature 0x02014b50 is missing")
		}
		nameLen, extraLen := int(le.Uint16(r[28:])), int(le.Uint16(r[30:]))
		length := centralSize + nameLen + extraLen + int(le.Uint16(r[32:]))
		if length > len(r) {
			return media.Truncated(what, off, int64(length), int64(len(r)))
		}
		e := entry{
			name: string(r[centralSize : centralSize+nameLen]), record: r[:length:length],
			flags: le.Uint16(r[8:]), method: le.Uint16(r[10:]), crc: le.Uint32(r[16:]),
			packed: int64(le.Uint32(r[20:])), size: int64(le.Uint32(r[24:])), local: int64(le.Uint32(r[42:])),
		}
		if !e.readZip64(centralSize+nameLen, extraLen) {
			return media.Malformed(what, off, "ZIP64 extra field is too short")
		}
		if e.local > a.dirOff-localSize || e.packed > a.dirOff {
			return media.Malformed(what, off, "local file header lies behind the central directory")
		}
		a.entries = append(a.entries, e)
		at += length
	}
	if at != len(a.dir) {
		return media.Malformed("ZIP central directory", a.dirOff+int64(at), "bytes are left behind the last entry")
	}
	return nil
}

// readZip64 takes the sizes and the offset that do not fit in 32 bits from the extra field at from in the record.
func (e *entry) readZip64(from, length int) bool {
	need := e.size == full32 || e.packed == full32 || e.local == full32
	field, ok := extra(e.record[from:from+length], 1)
	if !ok {
		return !need || e.local != full32 && e.packed != full32
	}
	at := from + field.data
	end := from + field.end
	for _, value := range [...]*int64{&e.size, &e.packed, &e.local} {
		if *value != full32 {
			continue
		}
		if at+8 > end {
			return false
		}
		wide := le.Uint64(e.record[at:])
		if wide > 1<<62 {
			return false
		}
		if *value = int64(wide); value == &e.local {
			e.zip64Offset = at
		}
		at += 8
	}
	return true
}

type field struct{ start, data, end int }

// extra finds an extra field by its header ID.
func extra(b []byte, id uint16) (field, bool) {
	for at := 0; at+4 <= len(b); {
		end := at + 4 + int(le.Uint16(b[at+2:]))
		if end > len(b) {
			break
		}
		if le.Uint16(b[at:]) == id {
			return field{at, at + 4, end}, true
		}
		at = end
	}
	return field{}, false
}

// Names returns the names of all entries in the directory's order, with forward slashes and no leading one.
func (a *Archive) Names() []string {
	names := make([]string, len(a.entries))
	for i := range a.entries {
		names[i] = plain(a.entries[i].name)
	}
	return names
}

// plain undoes what careless writers do to part names.
func plain(name string) string {
	return strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/")
}

// find returns the entry with a name, first as written, then without regard to case, as OPC compares part names.
func (a *Archive) find(name string) *entry {
	for i := range a.entries {
		if a.entries[i].name == name {
			return &a.entries[i]
		}
	}
	for i := range a.entries {
		if strings.EqualFold(plain(a.entries[i].name), name) {
			return &a.entries[i]
		}
	}
	return nil
}

// Offset returns where an entry's local file header begins, and false when there is no such entry.
func (a *Archive) Offset(name string) (int64, bool) {
	if e := a.find(name); e != nil {
		return e.local, true
	}
	return -1, false
}

// Trailing returns where bytes behind the archive's end begin, and false when there are none.
func (a *Archive) Trailing() (int64, bool) { return a.tail, a.tail < a.src.Size() }
