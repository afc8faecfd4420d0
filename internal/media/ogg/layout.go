package ogg

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// layOut makes the new header pages from the packets. It keeps the number of pages where it can, since every page of
// audio then stays as it is.
func (s *stream) layOut() {
	var lacing, body []byte
	second := 0 // segment that the setup header begins with
	for i, p := range s.packets {
		if i == 1 {
			second = len(lacing)
		}
		for range len(p) / 255 {
			lacing = append(lacing, 255)
		}
		lacing = append(lacing, byte(len(p)%255))
		body = append(body, p...)
	}
	counts := s.divide(len(lacing), second)
	s.delta = uint32(len(counts) - len(s.pages))
	s.fresh = make([]byte, 0, len(body)+len(lacing)+headerSize*len(counts))
	seq, partial := s.seq, false
	for i, n := range counts {
		p := freshPage(lacing[:n], s.serial, seq)
		if partial {
			p[offFlags] |= flagContinued
		}
		// A page that no packet ends on has no granule position.
		granule := uint64(math.MaxUint64)
		for _, l := range lacing[:n] {
			if l < 255 {
				granule = s.granule
			}
		}
		binary.LittleEndian.PutUint64(p[offGranule:], granule)
		if s.eos && i == len(counts)-1 {
			p[offFlags] |= flagEOS
		}
		size := 0
		for _, l := range lacing[:n] {
			size += int(l)
		}
		p = append(p, body[:size]...)
		binary.LittleEndian.PutUint32(p[offCRC:], checksum(p))
		s.fresh = append(s.fresh, p...)
		partial = lacing[n-1] == 255
		lacing, body, seq = lacing[n:], body[size:], seq+1
	}
}

// freshPage returns a page's header without flags, granule position and checksum.
func freshPage(lacing []byte, serial, seq uint32) []byte {
	p := make([]byte, headerSize, headerSize+len(lacing))
	copy(p, capture)
	binary.LittleEndian.PutUint32(p[offSerial:], serial)
	binary.LittleEndian.PutUint32(p[offSeq:], seq)
	p[offCount] = byte(len(lacing))
	return append(p, lacing...)
}

// divide says how many segments each page holds, for total segments of which the setup header begins with the one
// numbered second; 0 where there is no setup header.
func (s *stream) divide(total, second int) []int {
	old := make([]int, len(s.pages))
	sum, empty := 0, false
	for i, p := range s.pages {
		old[i] = p.segments
		sum += p.segments
		empty = empty || p.segments == 0
	}
	if sum == total && !empty {
		return old
	}
	joint := greedy(total)
	apart := append(greedy(second), greedy(total-second)...)
	usual, other := joint, apart
	if s.apart {
		usual, other = apart, joint
	}
	switch n := len(s.pages); {
	case len(usual) == n:
		return usual
	case len(other) == n:
		return other
	case len(joint) < n && n <= total:
		return spread(total, n)
	default:
		return usual
	}
}

// greedy fills each page.
func greedy(total int) []int {
	var counts []int
	for ; total > 0; total -= min(total, 255) {
		counts = append(counts, min(total, 255))
	}
	return counts
}

// spread fills pages as far as that leaves a segment for each that follows.
func spread(total, n int) []int {
	counts := make([]int, n)
	for i := range counts {
		counts[i] = min(255, total-(n-1-i))
		total -= counts[i]
	}
	return counts
}

// moved is a range of the file in which the sequence numbers of one stream move.
type moved struct {
	from, to int64
	serial   uint32
	delta    uint32
}

// rewrite plans the file in which the streams have their new header pages.
func rewrite(src media.Source, changed []*stream) *media.Edit {
	var splices []media.Splice
	var ranges []moved
	for _, s := range changed {
		for i, p := range s.pages {
			splice := media.Splice{Offset: p.off, Delete: p.size}
			if i == 0 {
				splice.Insert = s.fresh
			}
			splices = append(splices, splice)
		}
		last := s.pages[len(s.pages)-1]
		if end := min(s.end, src.Size()); s.delta != 0 && last.off+last.size < end {
			ranges = append(ranges, moved{last.off + last.size, end, s.serial, s.delta})
		}
	}
	slices.SortFunc(splices, func(a, b media.Splice) int { return cmp.Compare(a.Offset, b.Offset) })
	e := new(media.Edit)
	var at int64
	for _, s := range splices {
		keep(e, src, at, s.Offset, ranges)
		e.Put(s.Insert)
		at = s.Offset + s.Delete
	}
	keep(e, src, at, src.Size(), ranges)
	return e
}

// keep appends [from, to) with the sequence numbers that the ranges call for.
func keep(e *media.Edit, src media.Source, from, to int64, ranges []moved) {
	bounds := []int64{from, to}
	for _, r := range ranges {
		for _, at := range [...]int64{r.from, r.to} {
			if from < at && at < to {
				bounds = append(bounds, at)
			}
		}
	}
	slices.Sort(bounds)
	for i := 1; i < len(bounds); i++ {
		a, b := bounds[i-1], bounds[i]
		deltas := map[uint32]uint32{}
		for _, r := range ranges {
			if r.from <= a && b <= r.to {
				deltas[r.serial] = r.delta
			}
		}
		if len(deltas) == 0 || a == b {
			e.Keep(a, b-a)
			continue
		}
		e.Stream(b-a, func(dst io.Writer) error {
			w := bufio.NewWriterSize(dst, windowSize)
			if err := renumber(w, src, a, b, deltas); err != nil {
				return err
			}
			return w.Flush()
		})
	}
}
