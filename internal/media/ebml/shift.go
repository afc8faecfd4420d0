package ebml

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"

	"github.com/colophon-project/colophon/internal/media"
)

// shift makes room for Tags before the clusters, or where they stand when that is ahead of the clusters, and sets every
// position that this moves. It reports false, having planned nothing, when one can't be set: all are set in place, at
// the width they have.
func (p *plan) shift(b []byte, old *element, ahead bool) (bool, error) {
	if p.rigid {
		return false, nil
	}
	splices, moved, free := len(p.splices), maps.Clone(p.moved), len(p.free)
	from, end := p.firstCluster, p.firstCluster
	if ahead {
		from, end = old.off, p.room(old.end)
	}
	p.shiftFrom, p.shiftBy = end-p.body, int64(len(b))-(end-from)
	if p.splice(from, end-from, b); !ahead {
		p.leave(old, from)
	}
	ok := p.moveClusters()
	if ok {
		var err error
		if ok, err = p.moveCues(); err != nil {
			return false, err
		}
	}
	if ok {
		err := p.point()
		if err != nil && !errors.Is(err, errNoRoom) {
			return false, err
		}
		ok = err == nil
	}
	if !ok {
		p.splices, p.moved, p.free = p.splices[:splices], moved, p.free[:free]
		p.shiftFrom, p.shiftBy = 0, 0
	}
	return ok, nil
}

// shifted is where a position in the segment comes to stand.
func (p *plan) shifted(pos int64) int64 {
	if p.shiftBy != 0 && pos >= p.shiftFrom && pos <= p.limit-p.body {
		return pos + p.shiftBy
	}
	return pos
}

// reset sets a position in place, and reports false when it needs more bytes than it has.
func (p *plan) reset(body []byte) bool {
	if len(body) > 8 {
		return false
	}
	was := unsigned(body)
	to := p.shifted(was)
	// Zero is no position: a live stream has it in its clusters, and Cues for the first state of a codec.
	if was == 0 || to == was {
		return true
	}
	b := number(to, len(body))
	if len(b) > len(body) {
		return false
	}
	copy(body, b)
	return true
}

// moveClusters sets the positions that clusters tell.
func (p *plan) moveClusters() bool {
	for _, e := range p.positions {
		b := make([]byte, e.end-e.body)
		if media.Fill(p.src, "Matroska Position", b, e.body) != nil || !p.reset(b) {
			return false
		}
		p.splice(e.body, int64(len(b)), b)
	}
	return true
}

// moveCues sets the positions in Cues.
func (p *plan) moveCues() (bool, error) {
	for _, e := range p.cues {
		if e.size() > maxTags {
			return false, nil
		}
		b, err := media.Bytes(p.src, "Matroska Cues", e.off, e.size())
		if err != nil {
			return false, err
		}
		if !p.resetCues(b[e.body-e.off:], 0) {
			return false, nil
		}
		p.splice(e.off, e.size(), b)
	}
	return true, nil
}

// resetCues sets the positions in the body of a master of Cues, and its checksum.
func (p *plan) resetCues(body []byte, depth int) bool {
	if depth > 4 {
		return false
	}
	for rest := body; len(rest) > 0; {
		e, short, rule := header(rest)
		if short || rule != "" || e.unknown || e.end > int64(len(rest)) {
			return false
		}
		inner := rest[e.body:e.end]
		ok := true
		switch e.id {
		case idCuePoint, idCueTrack, idCueRef:
			ok = p.resetCues(inner, depth+1)
		case idCueCluster, idCueState, idRefCluster, idRefState:
			ok = p.reset(inner)
		}
		if !ok {
			return false
		}
		rest = rest[e.end:]
	}
	if e, short, rule := header(body); !short && rule == "" && e.id == idCRC && e.end == e.body+4 && e.end <= int64(len(body)) {
		binary.LittleEndian.PutUint32(body[e.body:], crc32.ChecksumIEEE(body[e.end:]))
	}
	return true
}
