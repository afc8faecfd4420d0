package ebml

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// errNoRoom tells a shift that a SeekHead can't hold the new positions.
var errNoRoom = errors.New("ebml: no room in SeekHead")

// point makes SeekHead name elements where they stand now.
func (p *plan) point() error {
	if len(p.moved) == 0 && p.newTags == 0 && p.shiftBy == 0 {
		return nil
	}
	// Tags behind the clusters are found through SeekHead alone.
	lost := p.newTags
	for _, to := range p.moved {
		if to != gone && p.firstCluster >= 0 && to > p.firstCluster-p.body {
			lost = to
		}
	}
	count := 0
	for i, e := range p.seekHeads {
		t, err := load(p.src, e, &count)
		if err != nil {
			return err
		}
		named := p.follow(t)
		added := lost != 0 && !named && i == len(p.seekHeads)-1
		if added {
			t.add(seek(lost))
		}
		if p.refit(e, t) {
			if named || added {
				lost = 0
			}
			continue
		}
		if p.shiftBy != 0 {
			return errNoRoom
		}
		// No room for a longer position: take the entries out that are wrong now.
		if t, err = load(p.src, e, &count); err != nil {
			return err
		}
		for was := range p.moved {
			p.moved[was] = gone
		}
		p.follow(t)
		p.refit(e, t)
	}
	if lost != 0 && len(p.seekHeads) < 2 {
		p.second(lost)
	}
	return nil
}

// follow sets the entries of a SeekHead, and reports whether one names Tags at their new place.
func (p *plan) follow(t *node) bool {
	named := false
	for _, entry := range append([]*node(nil), t.kids...) {
		id, pos := entry.first(idSeekID), entry.first(idSeekPos)
		if entry.id != idSeek || id == nil || pos == nil || len(pos.body) > 8 {
			continue
		}
		was := unsigned(pos.body)
		to, ok := p.moved[was]
		switch {
		case !ok || string(id.body) != string(appendID(nil, idTags)):
			if to := p.shifted(was); to != was {
				pos.set(number(to, len(pos.body)))
			}
		case to == gone:
			entry.remove()
		default:
			pos.set(number(to, len(pos.body)))
			named = true
		}
	}
	return named
}

// refit puts a SeekHead that changed in its old room and the Voids behind it.
func (p *plan) refit(e element, t *node) bool {
	if !t.changed {
		return true
	}
	end := p.room(e.end)
	if len(t.kids) == 0 || len(t.kids) == 1 && t.kids[0].id == idCRC {
		p.splice(e.off, e.size(), void(e.size()))
		return true
	}
	b := t.bytes()
	if full, ok := pad(b, e.size()); ok {
		p.splice(e.off, e.size(), full)
		return true
	}
	if full, ok := pad(b, end-e.off); ok {
		p.splice(e.off, end-e.off, full)
		return true
	}
	return false
}

// second puts a SeekHead for the Tags alone where there is room before the clusters; without room, the Tags can still be
// found by going through the segment.
func (p *plan) second(pos int64) {
	b := encode(idSeekHead, seek(pos), 1)
	for _, v := range p.voids {
		if v.off > p.firstCluster || !p.untouched(v.off, v.end) {
			continue
		}
		if full, ok := pad(b, v.size()); ok {
			p.splice(v.off, v.size(), full)
			return
		}
	}
	for _, v := range p.free {
		if v.off > p.firstCluster {
			continue
		}
		full, ok := pad(b, v.size())
		if !ok {
			continue
		}
		for i := range p.splices {
			if p.splices[i].Offset == v.off {
				p.splices[i].Insert = full
				return
			}
		}
	}
}

// seek is an entry that names Tags.
func seek(pos int64) []byte {
	return encode(idSeek, append(encode(idSeekID, appendID(nil, idTags), 1), encode(idSeekPos, number(pos, 8), 1)...), 1)
}

func unsigned(b []byte) int64 {
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return int64(v)
}

// number is an unsigned integer of at least width bytes.
func number(n int64, width int) []byte {
	width = max(width, (bits.Len64(uint64(n))+7)/8, 1)
	return binary.BigEndian.AppendUint64(nil, uint64(n))[8-width:]
}
