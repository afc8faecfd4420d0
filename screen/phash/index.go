package phash

import (
	"cmp"
	"iter"
	"math"
	"math/bits"
	"slices"
)

// chunks is how many parts of 16 bits a hash is searched by.
const chunks = Bits / 16

// Entry is one hash of an index with the number that its owner knows it by.
type Entry struct {
	Hash Hash
	ID   uint64
}

// Match is an entry that lies within the distance that was asked for.
type Match struct {
	Entry
	Distance int
}

// Index finds all hashes within a distance, exactly. It never changes, so any number may search it at once, and a newer one
// takes its place by one atomic store. A hash takes up 136 bytes, and the index 4 MiB besides.
//
// It is a multi-index (Norouzi, Punjani and Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", 2014):
// for each chunk of 16 bits there is a table from its value to the hashes that have it. Give every chunk an allowance, and
// let them sum up to radius-15. Then a hash within the radius cannot be over the allowance in each chunk: that would make
// 16 bits more than radius-15. By the cycle lemma more can be said: read in a circle, from one of the chunks on, the bits
// that differ in the first l chunks are at most their allowances and l-1 more, for each l ("Pigeonring", Qin and Xiao, 2018).
// So beside each entry of a table lies the next chunk of its hash, and hashes that break the rule for l = 2, nearly all, are
// passed over without a look at them.
type Index struct {
	hashes []Hash
	ids    []uint64
	tables [chunks]table
	gone   []uint32 // positions of entries that were removed, in order
	late   []Entry  // entries that were added and are in no table
}

// table leads from the values of a chunk to the hashes that have it.
type table struct {
	start []uint32 // by value: where its places begin; one more at the end
	next  []uint16 // by place: the following chunk
	at    []uint32 // by place: the position of the hash
}

// Build makes an index.
func Build(entries []Entry) *Index {
	x := &Index{hashes: make([]Hash, len(entries)), ids: make([]uint64, len(entries))}
	for i, e := range entries {
		x.hashes[i], x.ids[i] = e.Hash, e.ID
	}
	for c := range x.tables {
		t := &x.tables[c]
		t.start = make([]uint32, 1<<16+1)
		t.next, t.at = make([]uint16, len(entries)), make([]uint32, len(entries))
		for i := range x.hashes {
			t.start[int(x.hashes[i].chunk(c))+1]++
		}
		for v := range 1 << 16 {
			t.start[v+1] += t.start[v]
		}
		fill := slices.Clone(t.start)
		for i := range x.hashes {
			h := &x.hashes[i]
			place := &fill[h.chunk(c)]
			t.next[*place], t.at[*place] = h.chunk((c+1)%chunks), uint32(i)
			*place++
		}
	}
	return x
}

// Len is how many entries there are.
func (x *Index) Len() int { return len(x.hashes) - len(x.gone) + len(x.late) }

// All goes over the entries.
func (x *Index) All() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		gone := x.gone
		for i := range x.hashes {
			if len(gone) > 0 && gone[0] == uint32(i) {
				gone = gone[1:]
			} else if !yield(Entry{x.hashes[i], x.ids[i]}) {
				return
			}
		}
		for _, e := range x.late {
			if !yield(e) {
				return
			}
		}
	}
}

// With returns an index without the entries in remove, each once, and with those in add. What is to be removed and is not
// there is passed over. Few changes are kept beside the tables, which both indexes share; many make new tables.
func (x *Index) With(add, remove []Entry) *Index {
	next := *x
	next.gone, next.late = slices.Clone(x.gone), nil
	missing := map[Entry]int{}
	for _, e := range remove {
		missing[e]++
	}
	for _, e := range x.late {
		if missing[e] > 0 {
			missing[e]--
		} else {
			next.late = append(next.late, e)
		}
	}
	for e, n := range missing {
		next.gone = append(next.gone, x.positions(e, n)...)
	}
	slices.Sort(next.gone)
	next.late = append(next.late, add...)
	if len(next.gone)+len(next.late) > 1024+len(x.hashes)/128 {
		return Build(slices.Collect(next.All()))
	}
	return &next
}

// positions finds up to n positions of an entry that are not gone.
func (x *Index) positions(e Entry, n int) []uint32 {
	var bucket []uint32
	for c := range x.tables {
		if _, at := x.tables[c].bucket(e.Hash.chunk(c)); c == 0 || len(at) < len(bucket) {
			bucket = at
		}
	}
	var found []uint32
	for _, i := range bucket {
		if n > len(found) && x.hashes[i] == e.Hash && x.ids[i] == e.ID && !x.isGone(i) {
			found = append(found, i)
		}
	}
	return found
}

func (x *Index) isGone(i uint32) bool {
	_, gone := slices.BinarySearch(x.gone, i)
	return gone
}

// Search appends all entries within radius bits of a hash, the nearest first. Where the tables would not be faster, for a
// wide radius or among hashes that share their chunks, it looks at every entry; so the time is bounded by about twice that.
func (x *Index) Search(matches []Match, h Hash, radius int) []Match {
	first := len(matches)
	found, ok := matches, false
	if p := newPlan(radius); p.probes*probeCost <= len(x.hashes) {
		found, ok = x.look(matches, h, radius, &p)
	}
	if !ok {
		found = x.scan(matches, h, radius)
	}
	for _, e := range x.late {
		if d := e.Hash.Distance(h); d <= radius {
			found = append(found, Match{e, d})
		}
	}
	slices.SortFunc(found[first:], func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.ID, b.ID))
	})
	return found
}

// scan looks at every entry.
func (x *Index) scan(matches []Match, h Hash, radius int) []Match {
	for i := range x.hashes {
		if d := x.hashes[i].Distance(h); d <= radius && !x.isGone(uint32(i)) {
			matches = append(matches, Match{Entry{x.hashes[i], x.ids[i]}, d})
		}
	}
	return matches
}

// look goes by the tables. It gives up once it has gone over as many places as there are entries.
func (x *Index) look(matches []Match, h Hash, radius int, p *plan) ([]Match, bool) {
	left := len(x.hashes)
	for c := range x.tables {
		v, following := h.chunk(c), h.chunk((c+1)%chunks)
		for differ := 0; differ <= p.allowed[c]; differ++ {
			for _, f := range flips[differ] {
				next, at := x.tables[c].bucket(v ^ f)
				if left -= len(next); left < 0 {
					return matches, false
				}
				for k, n := range next {
					if differ+bits.OnesCount16(n^following) > p.pair[c] {
						continue
					}
					i := at[k]
					if d := x.hashes[i].Distance(h); d <= radius && !p.before(c, h, x.hashes[i]) && !x.isGone(i) {
						matches = append(matches, Match{Entry{x.hashes[i], x.ids[i]}, d})
					}
				}
			}
		}
	}
	return matches, true
}

// bucket returns what a table has for a value.
func (t *table) bucket(v uint16) (next []uint16, at []uint32) {
	from, to := t.start[v], t.start[int(v)+1]
	return t.next[from:to], t.at[from:to]
}

// probeCost is how many entries a scan looks at in the time that one value of a chunk takes.
const probeCost = 64

// flips are the values of 16 bits by how many bits they have, up to 4.
var flips = weights()

func weights() (byWeight [5][]uint16) {
	for v := range 1 << 16 {
		if n := bits.OnesCount16(uint16(v)); n < len(byWeight) {
			byWeight[n] = append(byWeight[n], uint16(v))
		}
	}
	return byWeight
}

// plan says which values of the chunks lead to all hashes within a radius.
type plan struct {
	allowed [chunks]int // bits that may differ in a chunk; below 0 the chunk is left out
	pair    [chunks]int // and in it and the following one together
	probes  int         // how many values there are in all
}

func newPlan(radius int) plan {
	var p plan
	for c := range p.allowed {
		p.allowed[c] = (radius+1+c)/chunks - 1 // these sum up to radius-15
	}
	for c, a := range p.allowed {
		p.pair[c] = a + p.allowed[(c+1)%chunks] + 1
		if a >= len(flips) {
			p.probes = math.MaxInt32
			return p
		}
		for differ := 0; differ <= a; differ++ {
			p.probes += len(flips[differ])
		}
	}
	return p
}

// before reports whether a hash was already found by a chunk before c.
func (p *plan) before(c int, h, found Hash) bool {
	for b := range c {
		first := bits.OnesCount16(h.chunk(b) ^ found.chunk(b))
		second := bits.OnesCount16(h.chunk(b+1) ^ found.chunk(b+1))
		if first <= p.allowed[b] && first+second <= p.pair[b] {
			return true
		}
	}
	return false
}
