package pdf

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	entrySize      = 20
	maxSubsections = 1 << 14
	maxSection     = 16 << 20 // inflated bytes of a cross-reference stream
)

// section is one cross-reference section (ISO 32000-2, 7.5.4 and 7.5.8): a table or a stream.
type section struct {
	table   bool
	ranges  []subsection
	entries []byte   // of a stream
	widths  [3]int64 // of a stream's fields
	trailer dict
	hidden  *section // the stream of a hybrid file that tells what the table hides
}

// subsection is a run of object numbers. at is where its entries begin: in the file, or among the stream's entries.
type subsection struct{ first, count, at int64 }

// location is where an object stands.
type location struct {
	kind   byte // 0 free or absent, 1 in the file, 2 in an object stream
	where  int64
	detail int64 // generation, or index in the object stream
}

// crossReference reads all sections, newest first.
func (f *file) crossReference() error {
	seen := map[int64]bool{}
	next := f.start
	for {
		if seen[next] {
			break // a loop of /Prev: every section of it is read
		}
		seen[next] = true
		if len(f.sections) == maxSections {
			return media.TooMany("PDF cross-reference section", next, maxSections)
		}
		s, err := f.section(next)
		if err != nil {
			return err
		}
		if at, ok := s.trailer.integer("XRefStm"); ok && s.table && !seen[at] {
			hidden, err := f.section(at)
			if err != nil {
				return err
			}
			s.hidden = hidden
		}
		f.sections = append(f.sections, *s)
		prev := s.trailer.get("Prev")
		if prev == nil {
			break
		}
		var ok bool
		if next, ok = integer(prev); !ok {
			return media.Malformed("PDF trailer", next, "Prev is not an offset")
		}
		if next == 0 { // some writers put it for none
			break
		}
	}
	f.trailer = f.sections[0].trailer
	return f.highest()
}

// highest finds the highest object number that is in use or was.
func (f *file) highest() error {
	size, _ := f.trailer.integer("Size")
	f.top = size - 1
	for _, s := range f.sections {
		for _, r := range s.ranges {
			f.top = max(f.top, r.first+r.count-1)
		}
	}
	if f.top > maxNumber {
		return media.TooMany("PDF object", f.start, maxNumber)
	}
	return nil
}

// section reads the section that the file says is at stated. Where something stands before the header, offsets may count
// from the header or from the file's beginning; the first section that is found decides.
func (f *file) section(stated int64) (*section, error) {
	var first error
	for _, base := range []int64{0, f.base} {
		if len(f.sections) > 0 {
			base = f.base
		}
		s, err := f.sectionAt(stated + base)
		if err == nil {
			f.base = base
			return s, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func (f *file) sectionAt(at int64) (*section, error) {
	const what = "PDF cross-reference"
	b, err := f.bytes(what, at, 32)
	if err != nil {
		return nil, err
	}
	lead := blank(b, 0)
	if bytes.HasPrefix(b[lead:], []byte("xref")) {
		return f.readTable(at + int64(lead) + 4)
	}
	if lead < len(b) && b[lead] >= '0' && b[lead] <= '9' {
		return f.readStream(at)
	}
	return nil, media.Malformed(what, at, "neither a table nor a stream begins here")
}

// readTable reads a table whose subsections begin at at. Entries stay in the file.
func (f *file) readTable(at int64) (*section, error) {
	const what = "PDF cross-reference table"
	s := &section{table: true}
	for {
		b, err := f.bytes(what, at, 128)
		if err != nil {
			return nil, err
		}
		i := blank(b, 0)
		if bytes.HasPrefix(b[i:], []byte("trailer")) {
			at += int64(i) + int64(len("trailer"))
			return s, f.readTrailer(s, at)
		}
		if len(s.ranges) == maxSubsections {
			return nil, media.TooMany(what, at, maxSubsections)
		}
		j := word(b, i)
		k := blank(b, j)
		l := word(b, k)
		first, ok := integer(b[i:j])
		count, fine := integer(b[k:l])
		if !ok || !fine || first > maxNumber || count > maxNumber+1 {
			return nil, media.Malformed(what, at+int64(i), "neither a subsection nor the trailer")
		}
		from := blank(b, l)
		if count == 0 {
			from = l
		}
		r := subsection{first, count, at + int64(from)}
		at = r.at + count*entrySize
		if err := media.Within(f.src, what, r.at, count*entrySize); err != nil {
			return nil, err
		}
		s.ranges = append(s.ranges, r)
	}
}

func (f *file) readTrailer(s *section, at int64) error {
	return f.parse("PDF trailer", at, func(b []byte) (err error) {
		s.trailer, err = parseDict(b, blank(b, 0), 0)
		return err
	})
}

// readStream reads the cross-reference stream at at.
func (f *file) readStream(at int64) (*section, error) {
	const what = "PDF cross-reference stream"
	o, err := f.objectAt(what, at)
	if err != nil {
		return nil, err
	}
	if !o.stream || !named(o.dict.get("Type"), "XRef") {
		return nil, media.Malformed(what, at, "not a stream of type XRef")
	}
	s := &section{trailer: o.dict}
	row := int64(0)
	widths := elements(o.dict.get("W"))
	for i := range s.widths {
		n, ok := int64(0), false
		if len(widths) >= 3 {
			n, ok = integer(widths[i])
		}
		if !ok || n > 8 {
			return nil, media.Malformed(what, at, "W is not three widths of up to eight bytes")
		}
		s.widths[i] = n
		row += n
	}
	if row == 0 {
		return nil, media.Malformed(what, at, "entries have no width")
	}
	if s.entries, err = f.decode(o, maxSection); err != nil {
		return nil, err
	}
	return s, s.index(at, row)
}

// index reads which object numbers a stream covers.
func (s *section) index(at, row int64) error {
	const what = "PDF cross-reference stream"
	size, ok := s.trailer.integer("Size")
	if !ok {
		return media.Malformed(what, at, "Size is missing")
	}
	pairs := []int64{0, size}
	if index := s.trailer.get("Index"); index != nil {
		pairs = pairs[:0]
		for _, e := range elements(index) {
			n, ok := integer(e)
			if !ok {
				return media.Malformed(what, at, "Index holds something other than numbers")
			}
			pairs = append(pairs, n)
		}
	}
	have := int64(len(s.entries)) / row
	var used int64
	for i := 0; i+1 < len(pairs); i += 2 {
		first, count := pairs[i], pairs[i+1]
		if first > maxNumber || count > have-used {
			return media.Truncated(what, at, (used+count)*row, int64(len(s.entries)))
		}
		if len(s.ranges) == maxSubsections {
			return media.TooMany(what, at, maxSubsections)
		}
		s.ranges = append(s.ranges, subsection{first, count, used * row})
		used += count
	}
	return nil
}

// locate finds an object by the newest section that knows it.
func (f *file) locate(num int64) (location, error) {
	for i := range f.sections {
		s := &f.sections[i]
		l, known, err := f.lookUp(s, num)
		if err != nil {
			return l, err
		}
		// A free entry of a hybrid file's table may hide an object from old readers.
		if s.hidden != nil && (!known || l.kind == 0) {
			h, also, err := f.lookUp(s.hidden, num)
			if err != nil {
				return h, err
			}
			if also {
				return h, nil
			}
		}
		if known {
			return l, nil
		}
	}
	return location{}, nil
}

// lookUp finds an object in one section.
func (f *file) lookUp(s *section, num int64) (location, bool, error) {
	for _, r := range s.ranges {
		if num < r.first || num >= r.first+r.count {
			continue
		}
		if s.table {
			l, err := f.tableEntry(r.at + (num-r.first)*entrySize)
			return l, true, err
		}
		row := s.widths[0] + s.widths[1] + s.widths[2]
		b := s.entries[r.at+(num-r.first)*row:][:row]
		l := location{kind: 1}
		if s.widths[0] > 0 {
			l.kind = byte(number(b[:s.widths[0]]))
		}
		l.where = number(b[s.widths[0] : s.widths[0]+s.widths[1]])
		l.detail = number(b[s.widths[0]+s.widths[1]:])
		return l, true, nil
	}
	return location{}, false, nil
}

// number reads a big-endian number. What doesn't fit becomes -1, which is no offset.
func number(b []byte) int64 {
	var n int64
	for _, c := range b {
		if n >= 1<<54 {
			return -1
		}
		n = n<<8 | int64(c)
	}
	return n
}

func (f *file) tableEntry(at int64) (location, error) {
	const what = "PDF cross-reference entry"
	b, err := f.bytes(what, at, entrySize)
	if err != nil {
		return location{}, err
	}
	if len(b) < 18 || b[10] != ' ' || b[16] != ' ' || b[17] != 'n' && b[17] != 'f' || !digits(b[:10]) || !digits(b[11:16]) {
		return location{}, media.Malformed(what, at, "not ten digits, five digits and n or f")
	}
	l := location{}
	l.where, _ = integer(b[:10])
	l.detail, _ = integer(b[11:16])
	if b[17] == 'n' {
		l.kind = 1
	}
	return l, nil
}
