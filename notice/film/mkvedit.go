package film

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// appendElement appends an element whose size field has eight bytes where wide, else as few as it needs.
func appendElement(b []byte, id uint32, body []byte, wide bool) []byte {
	for s := (bits.Len32(id) - 1) / 8 * 8; s >= 0; s -= 8 {
		b = append(b, byte(id>>s))
	}
	return append(appendSize(b, int64(len(body)), wide), body...)
}

func appendSize(b []byte, n int64, wide bool) []byte {
	w := 8
	if !wide {
		for w = 1; n >= 1<<(7*w)-1; {
			w++
		}
	}
	v := binary.BigEndian.AppendUint64(nil, uint64(n)|1<<(7*w))
	return append(b, v[8-w:]...)
}

// rewriting is a Matroska file on its way to its new form.
type rewriting struct {
	*matroska
	splices []media.Splice
	cut     cut
	keys    map[int64]bool // times of the new key frames
	until   int64          // time from which the old packets stand
}

// splice exchanges blocks. Clusters keep their times; positions in SeekHead, Cues and clusters follow what moves.
func (m *matroska) splice(src media.Source, c cut, fresh *coded) (*media.Edit, error) {
	r := &rewriting{matroska: m, cut: c, keys: map[int64]bool{}, until: 1<<63 - 1}
	if c.frames < len(m.times) {
		r.until = m.times[c.frames]
	}
	if err := r.exchangeBlocks(fresh); err != nil {
		return nil, err
	}
	for _, e := range m.parts {
		var err error
		switch e.id {
		case idTracks:
			if m.private && string(fresh.config) != string(m.config) {
				err = r.master(e, func(b []byte) ([]byte, error) { return r.newTracks(b, fresh.config) })
			}
		case idSeekHead, idCues:
			err = r.master(e, r.positions)
		}
		if err != nil {
			return nil, err
		}
	}
	r.growClusters()
	slices.SortStableFunc(r.splices, func(a, b media.Splice) int {
		switch {
		case a.Offset < b.Offset:
			return -1
		case a.Offset > b.Offset:
			return 1
		}
		return 0
	})
	if err := r.settle(); err != nil {
		return nil, err
	}
	return media.Splices(src, r.splices...)
}

func (r *rewriting) add(off, del int64, b []byte) {
	r.splices = append(r.splices, media.Splice{Offset: off, Delete: del, Insert: b})
}

// exchangeBlocks makes simple blocks of the new packets.
func (r *rewriting) exchangeBlocks(fresh *coded) error {
	for i := range min(r.cut.frames+1, len(r.samples)) {
		var data []byte
		pts, key := r.times[i], false
		switch {
		case i < r.cut.frames:
			data, key = fresh.units[i].data, fresh.units[i].key
		case r.cut.key < r.cut.frames:
			var err error
			if data, err = r.read(r.src, r.cut.key); err != nil {
				return err
			}
			pts, key = r.samples[r.cut.key].pts, true
		default:
			continue
		}
		b := r.blocks[i]
		since := pts - b.cluster.time
		if since < -1<<15 || since >= 1<<15 {
			return obstacle("a frame is too far from the time of its cluster")
		}
		if key {
			r.keys[pts] = true
		}
		flags := byte(0)
		if key {
			flags = 0x80
		}
		body := appendSize(nil, int64(r.number), false)
		body = append(binary.BigEndian.AppendUint16(body, uint16(since)), flags)
		r.add(b.off, b.end-b.off, appendElement(nil, idSimpleBlock, append(body, data...), false))
		b.cluster.whole = false
	}
	return nil
}

// master replaces a master element by one of fixed length, whose positions are set when all is known.
func (r *rewriting) master(e element, make func([]byte) ([]byte, error)) error {
	b, err := r.bytes(e)
	if err != nil {
		return err
	}
	body, err := make(b)
	if err != nil {
		return err
	}
	r.add(e.off, e.end-e.off, appendElement(nil, e.id, body, true))
	return nil
}

// newTracks exchanges the description of the track.
func (r *rewriting) newTracks(b, config []byte) ([]byte, error) {
	var out []byte
	err := children(b, func(e element, body []byte) error {
		if e.id == idCRC {
			return nil
		}
		mine := false
		if e.id == idEntry {
			if err := children(body, func(k element, v []byte) error {
				mine = mine || k.id == idNumber && unsigned(v) == r.number
				return nil
			}); err != nil {
				return err
			}
		}
		if mine {
			var entry []byte
			if err := children(body, func(k element, v []byte) error {
				if k.id == idPrivate {
					v = config
				}
				if k.id != idCRC {
					entry = appendElement(entry, k.id, v, false)
				}
				return nil
			}); err != nil {
				return err
			}
			body = entry
		}
		out = appendElement(out, e.id, body, false)
		return nil
	})
	return out, err
}

// positions writes SeekHead or Cues with positions of eight bytes, still the old ones, which settle finds and sets. Points
// of Cues that lead to packets which are no key frames any more go.
func (r *rewriting) positions(b []byte) ([]byte, error) {
	var out []byte
	err := children(b, func(e element, body []byte) error {
		switch e.id {
		case idCRC:
			return nil
		case idCuePoint:
			if !r.lasts(body) {
				return nil
			}
			fallthrough
		case idSeek, idCuePositions:
			inner, err := r.positions(body)
			if err != nil {
				return err
			}
			out = appendElement(out, e.id, inner, false)
			return nil
		case idCueRelative:
			return nil // counts from the beginning of a cluster that may have changed; a hint that may be left out
		case idSeekPos, idCueCluster:
			body = binary.BigEndian.AppendUint64(nil, unsigned(body))
		}
		out = appendElement(out, e.id, body, false)
		return nil
	})
	return out, err
}

// lasts reports whether a point of Cues leads to a packet that is a key frame still. Of a damaged one nobody can tell; films
// are found without it.
func (r *rewriting) lasts(point []byte) bool {
	var at int64
	mine := false
	err := children(point, func(e element, body []byte) error {
		if e.id == idCueTime {
			at = int64(unsigned(body))
		}
		if e.id == idCuePositions {
			return children(body, func(e element, body []byte) error {
				mine = mine || e.id == idCueTrack && unsigned(body) == r.number
				return nil
			})
		}
		return nil
	})
	return err == nil && (!mine || at >= r.until || r.keys[at])
}

// growClusters replaces the headers of clusters and what they hold about themselves. All get sizes of eight bytes where
// their blocks changed; a checksum becomes a Void; a position is set by settle.
func (r *rewriting) growClusters() {
	inside := map[*cluster]int64{}
	for i := range min(r.cut.frames+1, len(r.blocks)) {
		inside[r.blocks[i].cluster] = 0
	}
	starts := make([]*cluster, 0, len(inside))
	for c := range inside {
		starts = append(starts, c)
	}
	slices.SortFunc(starts, func(a, b *cluster) int { return int(min(1, max(-1, a.off-b.off))) })
	for _, s := range r.splices {
		i, ok := slices.BinarySearchFunc(starts, s.Offset, func(c *cluster, off int64) int {
			switch {
			case off < c.off:
				return 1
			case off >= c.end:
				return -1
			}
			return 0
		})
		if ok {
			inside[starts[i]] += int64(len(s.Insert)) - s.Delete
		}
	}
	for _, c := range starts {
		if c.whole {
			continue
		}
		head := []byte{idCluster >> 24, idCluster >> 16 & 0xFF, idCluster >> 8 & 0xFF, idCluster & 0xFF}
		r.add(c.off, c.body-c.off, appendSize(head, c.end-c.body+inside[c], true))
	}
	for _, e := range r.parts {
		if e.id != idCluster {
			continue
		}
		for _, f := range r.clusters[e.off].fixed {
			// Both are of no use to players, and both would be wrong: a Void of the same length.
			r.add(f.off, f.end-f.off, void(f.end-f.off))
		}
	}
}

// void is an element of n bytes, at least 2, that means nothing.
func void(n int64) []byte {
	w := int64(1)
	if n > 100 {
		w = 8
	}
	b := append(make([]byte, 0, n), idVoid)
	b = appendSize(b, n-1-w, w == 8)
	return append(b, make([]byte, n-1-w)...)
}

// settle sets positions and the size of the segment, now that all lengths are known.
func (r *rewriting) settle() error {
	var grown int64
	for _, s := range r.splices {
		grown += int64(len(s.Insert)) - s.Delete
	}
	// Splices are many and positions too: sum up once.
	ends, sums := make([]int64, len(r.splices)), make([]int64, len(r.splices)+1)
	for i, s := range r.splices {
		ends[i], sums[i+1] = s.Offset, sums[i]+int64(len(s.Insert))-s.Delete
	}
	moved := func(pos uint64) uint64 {
		i, _ := slices.BinarySearch(ends, r.segment.body+int64(pos&(1<<62-1)))
		return pos + uint64(sums[i])
	}
	for i := range r.splices {
		b := r.splices[i].Insert
		if e, ok := parseElement(b); ok && (e.id == idSeekHead || e.id == idCues) {
			if err := reposition(b[e.body:], moved); err != nil {
				return err
			}
		}
	}
	if r.segment.unknown {
		return nil
	}
	size := appendSize(nil, r.segment.end-r.segment.body+grown, true)
	at := r.segment.off + 4
	r.splices = append([]media.Splice{{Offset: at, Delete: r.segment.body - at, Insert: size}}, r.splices...)
	return nil
}

// reposition sets the positions in the body of a SeekHead or of Cues in place.
func reposition(b []byte, moved func(uint64) uint64) error {
	return children(b, func(e element, body []byte) error {
		switch e.id {
		case idSeek, idCuePoint, idCuePositions:
			return reposition(body, moved)
		case idSeekPos, idCueCluster:
			if len(body) == 8 {
				binary.BigEndian.PutUint64(body, moved(binary.BigEndian.Uint64(body)))
			}
		}
		return nil
	})
}
