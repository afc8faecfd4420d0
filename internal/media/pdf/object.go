package pdf

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	maxInflated     = 16 << 20 // bytes of one inflated stream
	maxInflatedAll  = 32 << 20 // bytes of all inflated streams of a file
	maxStreamCount  = 1 << 16  // objects in an object stream
	maxIndirections = 8        // references to references
)

// object is an indirect object.
type object struct {
	num, gen int64
	at       int64  // where it begins in the file; -1 in an object stream
	value    []byte // as it stands
	dict     dict   // where the value is a dictionary
	isDict   bool
	stream   bool
	data     int64 // where the stream's bytes begin in the file
}

// objectStream is the content of an object stream (ISO 32000-2, 7.5.7).
type objectStream struct {
	b       []byte
	numbers []int64
	starts  []int // ascending or not; each is where an object begins in b
}

// objectAt reads the indirect object at a file offset.
func (f *file) objectAt(what string, at int64) (*object, error) {
	var o *object
	err := f.parse(what, at, func(b []byte) error {
		n := blank(b, 0)
		nEnd := word(b, n)
		g := blank(b, nEnd)
		gEnd := word(b, g)
		k := blank(b, gEnd)
		kEnd := word(b, k)
		if kEnd == len(b) {
			return errShort
		}
		num, ok := integer(b[n:nEnd])
		gen, fine := integer(b[g:gEnd])
		if !ok || !fine || string(b[k:kEnd]) != "obj" {
			return &syntaxError{n, "no indirect object begins here"}
		}
		o = &object{num: num, gen: gen, at: at + int64(n)}
		from := blank(b, kEnd)
		to, err := skip(b, from, 0)
		if err != nil {
			return err
		}
		o.value = b[from:to]
		return o.finish(b, to, at)
	})
	return o, err
}

// finish notes whether the object is a dictionary and whether a stream follows it.
func (o *object) finish(b []byte, end int, at int64) error {
	if !bytes.HasPrefix(o.value, []byte("<<")) {
		return nil
	}
	var err error
	if o.dict, err = parseDict(o.value, 0, 0); err != nil {
		return err
	}
	o.isDict = true
	next := blank(b, end)
	if len(b)-next < len("stream\r\n") {
		// Near the end of the file there is no room for a stream, which the caller can't know.
		if len(b)-next >= len("endobj") && bytes.HasPrefix(b[next:], []byte("endobj")) {
			return nil
		}
		return errShort
	}
	if !bytes.HasPrefix(b[next:], []byte("stream")) {
		return nil
	}
	next += len("stream")
	if b[next] == '\r' {
		next++
	}
	if b[next] == '\n' {
		next++
	}
	o.stream, o.data = true, at+int64(next)
	return nil
}

// object finds an indirect object. It is nil where the reference leads nowhere, which is the null object.
func (f *file) object(r ref) (*object, error) {
	const what = "PDF object"
	l, err := f.locate(r.num)
	if err != nil {
		return nil, err
	}
	switch l.kind {
	case 1:
		if l.where <= 0 && f.base == 0 || l.detail != r.gen {
			return nil, nil
		}
		o, err := f.objectAt(what, l.where+f.base)
		if err != nil {
			return nil, err
		}
		if o.num != r.num || o.gen != r.gen {
			return nil, media.Malformed(what, o.at, "another object than the cross-reference says")
		}
		return o, nil
	case 2:
		if r.gen != 0 {
			return nil, nil
		}
		return f.compressed(r.num, l)
	}
	return nil, nil
}

// compressed reads an object from an object stream.
func (f *file) compressed(num int64, l location) (*object, error) {
	const what = "PDF object stream"
	s, err := f.objectStream(l.where)
	if err != nil {
		return nil, err
	}
	for i, n := range s.numbers {
		if n != num {
			continue
		}
		from := blank(s.b, s.starts[i])
		to, err := skip(s.b, from, 0)
		if err != nil {
			return nil, media.Malformed(what, f.size, "an object in it is not well-formed")
		}
		o := &object{num: num, at: -1, value: s.b[from:to]}
		if bytes.HasPrefix(o.value, []byte("<<")) {
			if o.dict, err = parseDict(o.value, 0, 0); err != nil {
				return nil, media.Malformed(what, f.size, "a dictionary in it is not well-formed")
			}
			o.isDict = true
		}
		return o, nil
	}
	return nil, nil
}

func (f *file) objectStream(num int64) (*objectStream, error) {
	const what = "PDF object stream"
	if s, ok := f.streams[num]; ok {
		if s == nil {
			return nil, media.Malformed(what, f.start, "an object stream needs itself to be read")
		}
		return s, nil
	}
	f.streams[num] = nil
	l, err := f.locate(num)
	if err != nil {
		return nil, err
	}
	if l.kind != 1 {
		return nil, media.Malformed(what, f.start, "an object stream is not in the file itself")
	}
	o, err := f.objectAt(what, l.where+f.base)
	if err != nil {
		return nil, err
	}
	if o.num != num || !o.stream || !named(o.dict.get("Type"), "ObjStm") {
		return nil, media.Malformed(what, o.at, "not a stream of type ObjStm")
	}
	count, ok := o.dict.integer("N")
	first, fine := o.dict.integer("First")
	if !ok || !fine || count > maxStreamCount {
		return nil, media.Malformed(what, o.at, "N or First is missing or out of range")
	}
	b, err := f.decode(o, maxInflated)
	if err != nil {
		return nil, err
	}
	if first > int64(len(b)) {
		return nil, media.Truncated(what, o.at, first, int64(len(b)))
	}
	s := &objectStream{b: append(b, '\n')} // so that a number at the end has one
	at := 0
	for range count {
		at = blank(b, at)
		end := word(b, at)
		n, ok := integer(b[at:end])
		at = blank(b, end)
		end = word(b, at)
		start, fine := integer(b[at:end])
		at = end
		if !ok || !fine || start > int64(len(b))-first {
			return nil, media.Malformed(what, o.at, "its table of objects is not well-formed")
		}
		s.numbers, s.starts = append(s.numbers, n), append(s.starts, int(first+start))
	}
	f.streams[num] = s
	return s, nil
}

// resolve follows a value that is a reference. holder is where the value stands, for what is told of it.
func (f *file) resolve(value []byte, holder int64) (*object, error) {
	for range maxIndirections {
		r, ok := asRef(value)
		if !ok {
			o := &object{at: holder, value: value}
			if bytes.HasPrefix(value, []byte("<<")) {
				d, err := parseDict(value, 0, 0)
				if err != nil {
					return nil, media.Malformed("PDF dictionary", holder, "not well-formed")
				}
				o.dict, o.isDict = d, true
			}
			return o, nil
		}
		o, err := f.object(r)
		if err != nil || o == nil {
			return nil, err
		}
		if _, again := asRef(o.value); !again {
			return o, nil
		}
		value, holder = o.value, o.at
	}
	return nil, media.TooDeep("PDF reference", max(0, holder), maxIndirections)
}
