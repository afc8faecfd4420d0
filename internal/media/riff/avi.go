package riff

import (
	"bytes"
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	maxHeaders = 1 << 20 // bytes of LIST hdrl that are looked through for indexes
	maxPadding = 1 << 20 // bytes of JUNK that are looked at
)

// editAVI plans the label in an AVI file. What is taken out leaves padding of the same size. What goes in is taken from
// padding in front of the frames; else the frames move, where no index counts from the beginning of the file; else the
// label goes behind everything.
func (d *document) editAVI(put media.Put) ([]media.Splice, error) {
	host := d.infoHost()
	splices, err := d.removals(host)
	if err != nil {
		return nil, err
	}
	for i := range splices {
		splices[i].Insert = refill(splices[i].Insert, splices[i].Delete)
	}
	a := aviPlan{document: d, put: put, host: host, splices: splices}
	for _, attempt := range [...]func() (bool, error){a.inPlace, a.fromPadding, a.shifting, a.behind} {
		done, err := attempt()
		if err != nil {
			return nil, err
		}
		if done {
			return a.finish()
		}
	}
	return nil, media.Unsupported("LIST INFO", d.forms[0].off, "padding in front of the frames, or an end that is known")
}

type aviPlan struct {
	*document
	put     media.Put
	host    int
	splices []media.Splice
	last    bool // the growth is in the last form, behind all frames
	shift   bool // frames may move
}

// refill appends padding to a chunk, or puts padding in its place, so that it fills total bytes. Where the room is too
// little for a chunk of padding, the plan fails in finish.
func refill(b []byte, total int64) []byte {
	if spare := total - int64(len(b)); spare >= 8 {
		b = append(b, framed("JUNK", make([]byte, spare-8))...)
	}
	return b
}

// movi returns the first and the last list of frames.
func (d *document) movi() (first, last *chunk) {
	for i := range d.chunks {
		if c := &d.chunks[i]; c.list == "movi" {
			if first == nil {
				first = c
			}
			last = c
		}
	}
	return first, last
}

// free reports whether nothing that an index knows stands behind a chunk.
func (a *aviPlan) free(c *chunk) bool {
	_, last := a.movi()
	f := &a.forms[len(a.forms)-1]
	return last != nil && c.off > last.off && c.form == len(a.forms)-1 && f.open == nil
}

// list returns the list INFO with the label.
func (a *aviPlan) list(extra int) ([]byte, error) {
	payload, err := a.info(a.host, a.put.Value, extra)
	if err != nil {
		return nil, err
	}
	return framed("LIST", payload), nil
}

// inPlace replaces a list that may be resized, or one that has room.
func (a *aviPlan) inPlace() (bool, error) {
	if a.host < 0 {
		return false, nil
	}
	c := &a.chunks[a.host]
	list, err := a.list(0)
	if err != nil {
		return false, err
	}
	switch spare := c.total() - int64(len(list)); {
	case a.free(c):
		a.last = true
	case spare < 0 || spare%2 == 1:
		return false, nil
	case spare < 8:
		// Null bytes behind the value are too few for a chunk of padding. They come in pairs, so that the value's own
		// padding stays as it is.
		if list, err = a.list(int(spare)); err != nil {
			return false, err
		}
	default:
		list = refill(list, c.total())
	}
	a.replace(c, list)
	return true, nil
}

func (a *aviPlan) replace(c *chunk, list []byte) {
	a.splices = insert(a.splices, media.Splice{Offset: c.off, Delete: c.total(), Insert: list})
}

// fromPadding takes the room from a chunk JUNK in front of the frames.
func (a *aviPlan) fromPadding() (bool, error) {
	list, err := a.list(0)
	if err != nil {
		return false, err
	}
	need := int64(len(list))
	if a.host >= 0 {
		need -= a.chunks[a.host].total()
	}
	junk := a.junk(need)
	if need%2 == 1 || junk == nil || a.host >= 0 && !a.front(&a.chunks[a.host]) {
		return false, nil
	}
	// The padding's end goes: some writers leave their name at its beginning.
	rest := []byte(nil)
	if left := junk.n - need; left >= 0 {
		rest = binary.LittleEndian.AppendUint32([]byte(junk.id), uint32(left))
	}
	if a.host >= 0 {
		a.replace(&a.chunks[a.host], list)
		list = nil
	}
	if rest == nil {
		a.splices = insert(a.splices, media.Splice{Offset: junk.off, Delete: junk.total(), Insert: list})
		return true, nil
	}
	a.splices = insert(a.splices, media.Splice{Offset: junk.off, Delete: 8, Insert: append(list, rest...)})
	a.splices = insert(a.splices, media.Splice{Offset: junk.end - need, Delete: need})
	return true, nil
}

// front reports whether a chunk stands in front of all frames.
func (a *aviPlan) front(c *chunk) bool {
	if first, _ := a.movi(); first != nil {
		return c.off < first.off
	}
	open := a.forms[0].open
	return open != nil && c.off < open.off
}

// junk returns a chunk of padding that can give up need bytes from its end and is nothing but padding there.
func (a *aviPlan) junk(need int64) *chunk {
	for i := range a.chunks {
		c := &a.chunks[i]
		if foldedID(c.id) != "JUNK" || !a.front(c) || c.n%2 == 1 || c.n > maxPadding || need != c.total() && need > c.n {
			continue
		}
		b, err := a.win.Copy(c.name(), c.off+8, c.n)
		if err != nil {
			continue
		}
		taken := b[max(0, c.n-need):]
		if len(taken) == 0 || bytes.Count(taken, taken[:1]) == len(taken) {
			return c
		}
	}
	return nil
}

// shifting makes room by moving the frames.
func (a *aviPlan) shifting() (bool, error) {
	first, _ := a.movi()
	if first == nil || len(a.forms) > 1 || a.forms[0].lying || a.forms[0].open != nil || !a.relative(first) {
		return false, nil
	}
	list, err := a.list(0)
	if err != nil {
		return false, err
	}
	a.shift = true
	if a.host >= 0 {
		a.replace(&a.chunks[a.host], list)
	} else {
		a.splices = insert(a.splices, media.Splice{Offset: first.off, Insert: list})
	}
	return true, nil
}

// relative reports whether every index of the file counts from the list of frames.
func (a *aviPlan) relative(movi *chunk) bool {
	for i := range a.chunks {
		c := &a.chunks[i]
		switch {
		case c.list == "hdrl":
			if c.n > maxHeaders {
				return false
			}
			// An OpenDML index has the chunk indx in the header of its stream. The name in another place does no harm.
			b, err := a.read(c)
			if err != nil || bytes.Contains(b, []byte("indx")) {
				return false
			}
		case foldedID(c.id) == "IDX1" && c.n >= 16:
			entry, err := a.win.Copy(c.name(), c.off+8, 16)
			if err != nil {
				return false
			}
			at := movi.off + 8 + int64(binary.LittleEndian.Uint32(entry[8:]))
			found, err := a.win.Bytes(c.name(), at, 4)
			if err != nil || !bytes.Equal(found, entry[:4]) {
				return false
			}
		}
	}
	return true
}

// behind appends a list at the end of the last form and takes the label out of the list in front.
func (a *aviPlan) behind() (bool, error) {
	f := &a.forms[len(a.forms)-1]
	if _, last := a.movi(); last == nil || f.open != nil || f.lying || f.stop != f.end() {
		return false, nil
	}
	if a.host >= 0 && a.chunks[a.host].labels > 0 {
		c := &a.chunks[a.host]
		rest, err := a.without(c)
		if err != nil {
			return false, err
		}
		a.replace(c, refill(rest, c.total()))
	}
	a.host = -1
	list, err := a.list(0)
	if err != nil {
		return false, err
	}
	if f.bare {
		list = append([]byte{0}, list...) // the padding that the last chunk lacks
	}
	a.splices = insert(a.splices, media.Splice{Offset: f.stop, Insert: list})
	a.last = true
	return true, nil
}

// finish sets the length of the form that has grown, after making sure that frames which must not move don't.
func (a *aviPlan) finish() ([]media.Splice, error) {
	_, last := a.movi()
	var front, growth int64
	for _, s := range a.splices {
		n := int64(len(s.Insert)) - s.Delete
		growth += n
		if last == nil || s.Offset <= last.off {
			front += n
		}
	}
	if front != 0 && !a.shift {
		return nil, media.Unsupported("LIST INFO", a.forms[0].off, "padding for what is taken out")
	}
	if growth == 0 {
		return a.splices, nil
	}
	f := &a.forms[0]
	if a.last {
		f = &a.forms[len(a.forms)-1]
	}
	size := f.size + growth
	if size >= unknown32 {
		return nil, media.NoRoom("RIFF chunk", f.off, unknown32)
	}
	patch := media.Splice{Offset: f.off + 4, Delete: 4, Insert: binary.LittleEndian.AppendUint32(nil, uint32(size))}
	return insert(a.splices, patch), nil
}
