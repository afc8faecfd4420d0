package sound

import (
	"encoding/binary"
	"sort"

	"github.com/colophon-project/colophon/internal/media"
)

// edit plans the file: metadata with new counts, then the frames.
func (p *flacPlan) edit(added int64, sum []byte) (*media.Edit, error) {
	head, headSizes := p.encode(p.head, 0)
	kept := int64(0)
	if p.keep < len(p.frames) {
		kept = p.frames[p.keep].sample
	} else if n := len(p.frames); n > 0 {
		kept = p.frames[n-1].sample + int64(p.frames[n-1].block)
	}
	tail, tailSizes := p.encode(p.tail, int64(length(p.head))+kept)
	starts := make([]int64, p.keep+1) // new offsets from the first frame
	starts[0] = int64(len(head))
	for i := range p.keep {
		starts[i+1] = starts[i] + int64(p.frames[i].size) + int64(p.grown(i))
	}
	e := new(media.Edit)
	at := int64(0)
	for _, b := range p.blocks {
		var body []byte
		switch b.kind {
		case 0:
			body = p.streamInfo(added, sum, append(headSizes, tailSizes...))
		case 3, 5:
			old, err := media.Bytes(p.src, "FLAC metadata block", b.off, b.n)
			if err != nil {
				return nil, err
			}
			if b.kind == 3 {
				p.seekTable(old, starts)
			} else {
				p.cueSheet(old, added)
			}
			body = old
		default:
			continue
		}
		e.Keep(at, b.off-at)
		e.Put(body)
		at = b.off + b.n
	}
	e.Keep(at, p.first-at)
	e.Put(head)
	if p.head == nil {
		end := p.after
		if p.keep < len(p.frames) {
			end = p.frames[p.keep].off
		}
		e.Keep(p.first, end-p.first)
	} else if p.keep > 0 {
		e.Stream(starts[p.keep]-starts[0], p.rewrite)
	}
	e.Put(tail)
	e.Keep(p.after, p.src.Size()-p.after)
	return e, nil
}

// streamInfo is STREAMINFO with the counts of the new file.
func (p *flacPlan) streamInfo(added int64, sum []byte, sizes []int) []byte {
	b := append([]byte(nil), p.info...)
	be := binary.BigEndian
	total, low, high := added, 0, 0
	count := func(n int) {
		if low == 0 || n < low {
			low = n
		}
		high = max(high, n)
	}
	for i, fr := range p.frames {
		total += int64(fr.block)
		if i < p.keep {
			count(int(fr.size) + p.grown(i))
		}
	}
	for _, n := range sizes {
		count(n)
	}
	least, most := int(be.Uint16(b)), int(be.Uint16(b[2:]))
	if p.variable {
		for _, x := range [][][]int64{p.head, p.tail} {
			if n := length(x); n > 0 {
				least, most = min(least, p.block), max(most, p.block)
			}
		}
		// The programme's last frame and a short one of the notice are no longer the last.
		if n := len(p.frames); n > 0 && p.tail != nil {
			least = min(least, int(p.frames[n-1].block))
		}
	} else {
		least, most = p.block, p.block
	}
	be.PutUint16(b, uint16(max(16, least)))
	be.PutUint16(b[2:], uint16(most))
	put24(b[4:], min(low, 1<<24-1))
	put24(b[7:], min(high, 1<<24-1))
	if total >= 1<<36 {
		total = 0 // not known
	}
	be.PutUint64(b[10:], be.Uint64(b[10:])>>36<<36|uint64(total))
	copy(b[18:], sum)
	return b
}

func put24(b []byte, v int) { b[0], b[1], b[2] = byte(v>>16), byte(v>>8), byte(v) }

// seekTable moves the points: sample, offset from the first frame, samples in the frame. A point that names no frame
// becomes a placeholder at the end.
func (p *flacPlan) seekTable(b []byte, starts []int64) {
	be := binary.BigEndian
	n := 0
	for at := 0; at+18 <= len(b); at += 18 {
		sample, off, block := be.Uint64(b[at:]), be.Uint64(b[at+8:]), be.Uint16(b[at+16:])
		i := sort.Search(len(p.frames), func(i int) bool { return uint64(p.frames[i].off-p.first) >= off })
		if sample == 1<<64-1 || i == len(p.frames) || uint64(p.frames[i].off-p.first) != off || uint64(p.frames[i].sample) != sample {
			continue
		}
		if i >= p.keep {
			block = uint16(min(p.block, length(p.tail)))
			i = p.keep
		}
		be.PutUint64(b[n:], sample+uint64(length(p.head)))
		be.PutUint64(b[n+8:], uint64(starts[i]))
		be.PutUint16(b[n+16:], block)
		n += 18
	}
	for ; n+18 <= len(b); n += 18 {
		be.PutUint64(b[n:], 1<<64-1)
		be.PutUint64(b[n+8:], 0)
		be.PutUint16(b[n+16:], 0)
	}
}

// cueSheet moves the tracks, of which the last is the lead-out. A compact disc's counts in sectors of 588 samples; where
// the notice is no whole number of them, the sheet is no longer one of a disc.
func (p *flacPlan) cueSheet(b []byte, added int64) {
	const head, track, index = 396, 36, 12
	if len(b) < head {
		return
	}
	be := binary.BigEndian
	shift := int64(length(p.head))
	if shift%588 != 0 || added%588 != 0 {
		b[136] &= 0x7F
	}
	for at, n := head, int(b[head-1]); n > 0 && at+track <= len(b); n-- {
		by := shift
		if n == 1 {
			by = added
		}
		be.PutUint64(b[at:], be.Uint64(b[at:])+uint64(by))
		at += track + index*int(b[at+35])
	}
}
