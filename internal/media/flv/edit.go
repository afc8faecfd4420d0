package flv

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// cut is one replacement in a script's data.
type cut struct {
	start, end int
	text       []byte
}

// change is what happens to one script tag.
type change struct {
	*script
	cuts  []cut
	added int // members more than before
}

func (c *change) delta() int64 {
	n := 0
	for _, k := range c.cuts {
		n += len(k.text) - (k.end - k.start)
	}
	return int64(n)
}

// Edit puts the label in the first onMetaData tag that stands before the content, or in a new first tag.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceOnMetaData {
		return nil, media.Unsupported("FLV file", 0, "no place "+string(put.Place))
	}
	f, err := walk(src)
	if err != nil {
		return nil, err
	}
	if len(put.Value) > maxTagBody {
		return nil, media.NoRoom("FLV script tag", f.first, maxTagBody)
	}
	var fresh []byte
	if f.target == nil {
		fresh = freshTag(put.Value)
	}
	changes := make([]*change, len(f.scripts))
	for i, s := range f.scripts {
		if changes[i], err = f.plan(s, put.Value); err != nil {
			return nil, err
		}
	}
	list := moves(changes, f.first, int64(len(fresh)))
	splices := []media.Splice{{Offset: f.first, Insert: fresh}}
	written := 0
	for _, c := range changes {
		splice, err := f.rewrite(c, list)
		if err != nil {
			return nil, err
		}
		if splice.Insert == nil {
			continue
		}
		if written += len(splice.Insert); written > maxRewrite {
			return nil, media.TooLarge("FLV script tags", c.tag.off, maxRewrite)
		}
		splices = append(splices, splice)
	}
	return media.Splices(src, splices...)
}

// member is the label as a member of an object.
func member(value []byte) []byte {
	b := []byte{0, byte(len(key))}
	b = append(b, key...)
	return appendString(b, value)
}

// freshTag is a first script tag that holds the label alone, with the PreviousTagSize behind it.
func freshTag(value []byte) []byte {
	data := appendString(nil, []byte(onMetaData))
	data = append(data, amfArray, 0, 0, 0, 1)
	data = append(data, member(value)...)
	data = append(data, 0, 0, amfObjectEnd)
	b := make([]byte, tagHeader)
	b[0] = tagScript
	b = append(b, data...)
	return finish(b)
}

// finish sets a tag's DataSize and appends its PreviousTagSize.
func finish(b []byte) []byte {
	n := len(b) - tagHeader
	b[1], b[2], b[3] = byte(n>>16), byte(n>>8), byte(n)
	return binary.BigEndian.AppendUint32(b, uint32(len(b)))
}

// plan says what goes and what comes in one script tag.
func (f *file) plan(s *script, value []byte) (*change, error) {
	c := &change{script: s}
	kept := -1 // the member that is replaced in place
	if s == f.target {
		for i, l := range s.labels {
			if l.plain {
				kept = i
				break
			}
		}
		if kept < 0 {
			c.cuts = append(c.cuts, cut{s.end, s.end, member(value)})
			c.added++
		}
	}
	for i, l := range s.labels {
		if i == kept {
			c.cuts = append(c.cuts, cut{l.at, l.end, member(value)})
		} else {
			c.cuts = append(c.cuts, cut{l.at, l.end, nil})
			c.added--
		}
	}
	if p := s.packet; p.text != nil {
		clean, err := xmp.Drop(p.text)
		if err != nil {
			return nil, err
		}
		c.cuts = append(c.cuts, cut{p.at, p.end, appendString(nil, clean)})
	}
	slices.SortStableFunc(c.cuts, func(a, b cut) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	if s.tag.size+c.delta() > maxTagBody {
		return nil, media.NoRoom("FLV script tag", s.tag.off, maxTagBody)
	}
	return c, nil
}

// move says that what stands behind off moves by delta.
type move struct{ off, delta int64 }

// moves lists in file order how tags move, each entry with the sum so far.
func moves(changes []*change, first, fresh int64) []move {
	// What stands at first is behind the fresh tag.
	list := []move{{first - 1, fresh}}
	sum := fresh
	for _, c := range changes {
		if d := c.delta(); d != 0 {
			sum += d
			list = append(list, move{c.tag.off, sum})
		}
	}
	return list
}

// moved is where off comes to stand.
func moved(list []move, off int64) int64 {
	i, _ := slices.BinarySearchFunc(list, off, func(m move, off int64) int {
		if m.off < off {
			return -1
		}
		return 1
	})
	if i == 0 {
		return off
	}
	return off + list[i-1].delta
}

// rewrite returns the splice that brings a change about; its Insert is nil when the tag stays as it is.
func (f *file) rewrite(c *change, list []move) (media.Splice, error) {
	total := list[len(list)-1].delta
	if len(c.cuts) == 0 && len(list) == 1 && total == 0 {
		return media.Splice{}, nil
	}
	old, err := media.Bytes(f.src, "FLV script tag", c.tag.off, tagHeader+c.tag.size)
	if err != nil {
		return media.Splice{}, err
	}
	data := bytes.Clone(old[tagHeader:])
	f.follow(c.script, data, list, total)
	if c.count >= 0 && c.added != 0 {
		// The count is a hint that may be wrong. One that is right stays right.
		if n := binary.BigEndian.Uint32(data[c.count:]); int64(n) == int64(c.number) {
			binary.BigEndian.PutUint32(data[c.count:], uint32(c.number+c.added))
		}
	}
	out := append(make([]byte, 0, len(old)+int(max(c.delta(), 0))+tagTail), old[:tagHeader]...)
	at := 0
	for _, k := range c.cuts {
		out = append(append(out, data[at:k.start]...), k.text...)
		at = k.end
	}
	out = append(out, data[at:]...)
	if bytes.Equal(out, old) {
		return media.Splice{}, nil
	}
	out = finish(out)
	splice := media.Splice{Offset: c.tag.off, Delete: tagHeader + c.tag.size + tagTail, Insert: out}
	if rest := f.src.Size() - c.tag.end(); rest < tagTail { // the file ends with the tag
		splice.Delete = tagHeader + c.tag.size
		splice.Insert = out[:len(out)-tagTail]
	}
	return splice, nil
}

// follow sets the numbers that depend on where tags stand.
func (f *file) follow(s *script, data []byte, list []move, total int64) {
	d := &decoder{data: data}
	set := func(at int, n int64) {
		binary.BigEndian.PutUint64(data[at+1:], math.Float64bits(float64(n)))
	}
	for _, at := range s.positions {
		// Only what can be an offset in this file is one.
		if n := d.number(at); n >= float64(f.first) && n <= float64(f.src.Size()) && n == math.Trunc(n) {
			set(at, moved(list, int64(n)))
		}
	}
	for _, at := range s.sizes {
		// A size of the file, or of its tags without the header, with or without the first PreviousTagSize. A number
		// that never was the size is left alone.
		n := d.number(at)
		size := float64(f.src.Size())
		if n == size || n == size-float64(f.first) || n == size-float64(f.first-tagTail) {
			set(at, int64(n)+total)
		}
	}
}
