package phash_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/screen/phash"
)

func random(rnd *rand.Rand) phash.Hash {
	return phash.Hash{rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64()}
}

// flip changes n bits.
func flip(rnd *rand.Rand, h phash.Hash, n int) phash.Hash {
	for _, k := range rnd.Perm(phash.Bits)[:n] {
		h[k/64] ^= 1 << (k % 64)
	}
	return h
}

// around makes n entries, up to 500 of them near the hash, some of them twice.
func around(rnd *rand.Rand, h phash.Hash, n int) []phash.Entry {
	var list []phash.Entry
	for len(list) < n {
		e := phash.Entry{Hash: random(rnd), ID: rnd.Uint64N(uint64(n))}
		if rnd.IntN(n) < min(500, n/2+1) {
			e.Hash = flip(rnd, h, rnd.IntN(80))
		}
		list = append(list, e)
		if rnd.IntN(16) == 0 {
			list = append(list, e)
		}
	}
	return list
}

// peer finds matches by looking at everything.
func peer(list []phash.Entry, h phash.Hash, radius int) []phash.Match {
	var matches []phash.Match
	for _, e := range list {
		if d := e.Hash.Distance(h); d <= radius {
			matches = append(matches, phash.Match{Entry: e, Distance: d})
		}
	}
	order(matches)
	return matches
}

func order(matches []phash.Match) {
	slices.SortFunc(matches, func(a, b phash.Match) int {
		if a.Distance != b.Distance {
			return a.Distance - b.Distance
		}
		if c := slices.Compare(a.Hash[:], b.Hash[:]); c != 0 {
			return c
		}
		return int(a.ID) - int(b.ID)
	})
}

func check(t *testing.T, x *phash.Index, list []phash.Entry, h phash.Hash, radius int) {
	t.Helper()
	got := x.Search(nil, h, radius)
	if !slices.IsSortedFunc(got, func(a, b phash.Match) int { return a.Distance - b.Distance }) {
		t.Errorf("radius %d: the nearest are not first", radius)
	}
	order(got)
	if want := peer(list, h, radius); !slices.Equal(got, want) {
		t.Fatalf("radius %d among %d: %s", radius, len(list), cmp.Diff(want, got))
	}
}

// TestSearchFindsWhatLookingAtAllFinds goes over all radii, by the tables too where they can serve.
func TestSearchFindsWhatLookingAtAllFinds(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 1000, 20_000} {
		h := random(rnd)
		list := around(rnd, h, n)
		x := phash.Build(list)
		for radius := -1; radius < 80; radius++ {
			check(t, x, list, h, radius)
			checkTables(t, x, list, h, radius)
		}
		check(t, x, list, h, phash.Bits)
	}
}

// checkTables does not go by Search, which has no need of the tables in a small index.
func checkTables(t *testing.T, x *phash.Index, list []phash.Entry, h phash.Hash, radius int) {
	t.Helper()
	got, ok := x.Look(h, radius)
	if !ok && len(list) > 1000 {
		t.Fatalf("radius %d: the tables were given up", radius)
	}
	order(got)
	if want := peer(list, h, radius); ok && !slices.Equal(got, want) {
		t.Fatalf("radius %d among %d: %s", radius, len(list), cmp.Diff(want, got))
	}
}

// TestSearchFindsWhatDiffersEverywhere spreads as many wrong bits as the radius allows over the chunks as evenly as it
// goes, from any chunk on, so that no chunk tells more than it must.
func TestSearchFindsWhatDiffersEverywhere(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	h := random(rnd)
	for radius := range 80 {
		var list []phash.Entry
		for range 2000 {
			list = append(list, phash.Entry{Hash: random(rnd)})
		}
		for first := range 16 {
			for range 4 {
				far := h
				for i := range radius {
					k := (first + i) % 16 * 16 // of this chunk, a bit that is still right
					for k += rnd.IntN(16); far[k/64]>>(k%64)&1 != h[k/64]>>(k%64)&1; {
						k = k&^15 + rnd.IntN(16)
					}
					far[k/64] ^= 1 << (k % 64)
				}
				list = append(list, phash.Entry{Hash: far, ID: uint64(first)})
			}
		}
		x := phash.Build(list)
		check(t, x, list, h, radius)
		checkTables(t, x, list, h, radius)
	}
}

// TestSearchAmongEqualChunks has one hash many times, and many that share half of their chunks.
func TestSearchAmongEqualChunks(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 6))
	h := random(rnd)
	var list []phash.Entry
	for i := range 20_000 {
		e := phash.Entry{Hash: h, ID: uint64(i)}
		if i%2 == 0 {
			e.Hash[0], e.Hash[1] = rnd.Uint64(), rnd.Uint64()
		}
		list = append(list, e)
	}
	x := phash.Build(list)
	for _, radius := range []int{0, 10, 31, 64} {
		check(t, x, list, h, radius)
	}
	if _, ok := x.Look(h, phash.Radius); ok {
		t.Error("the tables were not given up where each hash is in most of them")
	}
}

func TestWith(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 8))
	h := random(rnd)
	list := around(rnd, h, 20_000)
	x := phash.Build(list)
	for round := range 60 {
		before, was := x, slices.Clone(list)
		var add, remove []phash.Entry
		add = around(rnd, h, rnd.IntN(100))
		for range rnd.IntN(100) {
			i := rnd.IntN(len(list))
			remove = append(remove, list[i])
			list = slices.Delete(list, i, i+1)
		}
		remove = append(remove, phash.Entry{Hash: random(rnd)}) // is not there
		x = x.With(add, remove)
		list = append(list, add...)
		if x.Len() != len(list) {
			t.Fatalf("round %d: %d entries instead of %d", round, x.Len(), len(list))
		}
		check(t, x, list, h, 31)
		check(t, before, was, h, 31)
	}
	all := slices.Collect(x.All())
	if !slices.Equal(peer(list, h, phash.Bits), peer(all, h, phash.Bits)) {
		t.Error("All has other entries")
	}
}

// TestSwap searches in one goroutine what another one replaces.
func TestSwap(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(13, 14))
	h := random(rnd)
	var current atomic.Pointer[phash.Index]
	current.Store(phash.Build([]phash.Entry{{Hash: h}}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for current.Load().Len() < 3000 {
			if m := current.Load().Search(nil, h, 0); len(m) != 1 {
				t.Errorf("%d matches", len(m))
				return
			}
		}
	}()
	for i := range 100 {
		var add []phash.Entry
		for range 30 {
			add = append(add, phash.Entry{Hash: random(rnd), ID: uint64(i)})
		}
		current.Store(current.Load().With(add, nil))
	}
	<-done
}

// TestMemory holds what the comment at Index promises.
func TestMemory(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	list := make([]phash.Entry, 100_000)
	for i := range list {
		list[i].Hash = random(rnd)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := phash.Build(list)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := int(after.HeapAlloc) - int(before.HeapAlloc); got > 136*len(list)+5<<20 {
		t.Errorf("%d bytes for %d hashes", got, x.Len())
	}
	runtime.KeepAlive(list)
}

// BenchmarkSearch compares the index with looking at all hashes, one word of popcount after the other, in the same run.
func BenchmarkSearch(b *testing.B) {
	rnd := rand.New(rand.NewPCG(11, 12))
	list := make([]phash.Entry, 1_000_000)
	hashes := make([]phash.Hash, len(list))
	for i := range list {
		hashes[i] = random(rnd)
		list[i] = phash.Entry{Hash: hashes[i], ID: uint64(i)}
	}
	queries := make([]phash.Hash, 256)
	for i := range queries {
		queries[i] = random(rnd)
		if i%2 == 0 {
			queries[i] = flip(rnd, hashes[rnd.IntN(len(hashes))], 20)
		}
	}
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			phash.Build(list)
		}
	})
	x := phash.Build(list)
	var matches []phash.Match
	for _, radius := range []int{10, 31, 48, 64} {
		b.Run("index/"+strconv.Itoa(radius), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				matches = x.Search(matches[:0], queries[i%len(queries)], radius)
			}
		})
	}
	b.Run("all/31", func(b *testing.B) {
		found := 0
		for i := 0; b.Loop(); i++ {
			for _, h := range hashes {
				if h.Distance(queries[i%len(queries)]) <= 31 {
					found++
				}
			}
		}
	})
	one := []phash.Entry{{Hash: random(rnd)}}
	b.Run("with", func(b *testing.B) {
		for b.Loop() {
			x.With(one, list[:1])
		}
	})
}
