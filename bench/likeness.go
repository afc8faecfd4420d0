package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/artefacts"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
)

// likeness measures how long the hash of a picture takes, and the search for what is near one: among hashes in memory and
// among items in a store.
func (b *bench) likeness() error {
	return errors.Join(b.hashing(), b.searching(), b.finding())
}

// hashing measures PDQ on decoded pictures, and what comes before it.
func (b *bench) hashing() error {
	fmt.Print("### PDQ hash of a picture, one processor\n\n| picture | what is done | p50, ms | p99, ms |\n|---|---|---|---|\n")
	eye := sight.New(nil, sight.Limits{})
	for _, size := range []image.Point{{1280, 720}, {2048, 1536}} {
		path := b.path(fmt.Sprintf("hash-%d.jpg", size.X))
		if _, err := command("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=%dx%d,noise=alls=18", size.X, size.Y), "-frames:v", "1", "-q:v", "6", path); err != nil {
			return err
		}
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		img, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			return err
		}
		var h phash.Hasher
		racing := func(name string, n int, do func() error) *racer {
			return &racer{name: name, run: func() (sample, error) { return many(n, 1, func(int) error { return do() }) }}
		}
		list := []*racer{
			racing("hash of the decoded picture", 100, func() error { h.Hash(img); return nil }),
			racing("hashes of it in all turns", 100, func() error { h.Dihedral(img); return nil }),
			racing("Go's decoding alone", 20, func() error { _, err := jpeg.Decode(bytes.NewReader(file)); return err }),
			racing("sight.Look: decoding, hashes", 20, func() error {
				_, err := eye.Look(context.Background(), media.Memory(file), sight.Options{})
				return err
			}),
			racing("sight.Likeness: the means of blocks, hash", 60, func() error { _, err := eye.Likeness(context.Background(), media.JPEG, media.Memory(file)); return err }),
		}
		if err := b.compete("hashes", list...); err != nil {
			return err
		}
		for _, r := range list {
			fmt.Printf("| JPEG %d × %d, %d KB | %s | %s |\n", size.X, size.Y, len(file)/1000, r.name, r.latency(time.Millisecond))
		}
	}
	fmt.Println()
	return nil
}

// randomHashes makes hashes, each the same from run to run.
func randomHashes(n int) []phash.Entry {
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	list := make([]phash.Entry, n)
	for i := range list {
		list[i] = phash.Entry{Hash: phash.Hash{rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64()}, ID: uint64(i)}
	}
	return list
}

// near is a hash a few bits from one of the list, as a copy has it; every other one is near none.
func near(list []phash.Entry, i int) phash.Hash {
	h := list[i*7919%len(list)].Hash
	for k := range i % (phash.Radius + 1) {
		h[k%4] ^= 1 << (k * 2)
	}
	if i%2 == 1 {
		h[i%4] ^= 0x9E3779B97F4A7C15 * uint64(i)
	}
	return h
}

// searching holds the index against a loop over all hashes.
func (b *bench) searching() error {
	fmt.Printf("### Hashes within %d bits, one processor\n\n| hashes | contender | p50, µs | p99, µs |\n|---|---|---|---|\n", phash.Radius)
	var notes string
	for _, n := range []int{100_000, 1_000_000} {
		list := randomHashes(n)
		bare := make([]phash.Hash, n)
		for i, e := range list {
			bare[i] = e.Hash
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		index := phash.Build(list)
		built := time.Since(start)
		runtime.GC()
		runtime.ReadMemStats(&after)
		var found, scanned int
		fast := &racer{name: "phash.Index", run: func() (sample, error) {
			found = 0
			var m []phash.Match
			return many(2000, 1, func(i int) error { m = index.Search(m[:0], near(list, i), phash.Radius); found += len(m); return nil })
		}}
		hot := &racer{name: "phash.Index, one search again and again", run: func() (sample, error) {
			var m []phash.Match
			h := near(list, 4)
			return many(2000, 1, func(int) error { m = index.Search(m[:0], h, phash.Radius); return nil })
		}}
		textbook := newMultiIndex(bare)
		peer := &racer{name: "a textbook multi-index of 16 × 16 bits", run: func() (sample, error) {
			return many(2000, 1, func(i int) error { textbook.search(near(list, i)); return nil })
		}}
		linear := &racer{name: "a loop over all hashes", run: func() (sample, error) {
			scanned = 0
			return many(200, 1, func(i int) error {
				h := near(list, i)
				for k := range bare {
					if bare[k].Distance(h) <= phash.Radius {
						scanned++
					}
				}
				return nil
			})
		}}
		if err := b.compete(fmt.Sprint(n, " hashes"), fast, hot, peer, linear); err != nil {
			return err
		}
		if found == 0 || scanned == 0 {
			return errors.New("nothing was found")
		}
		for _, r := range []*racer{fast, hot, peer, linear} {
			fmt.Printf("| %d | %s | %s |\n", n, r.name, r.latency(time.Microsecond))
		}
		notes += fmt.Sprintf("%d hashes: built in %d ms, %d MB; a search takes 1/%.0f of the loop's time, %.2f times that of the textbook's (p50)\n", n, built.Milliseconds(),
			(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1_000_000, float64(linear.p50())/float64(fast.p50()), float64(fast.p50())/float64(peer.p50()))
		runtime.KeepAlive(index)
	}
	fmt.Println("\n" + notes)
	return nil
}

// multiIndex finds what differs in at most one bit of one of 16 chunks, and compares all of it (Norouzi, Punjani and Fleet,
// 2014): the peer of phash.Index.
type multiIndex struct {
	hashes []phash.Hash
	start  [16][]uint32 // by value of the chunk
	at     [16][]uint32
}

func chunk(h phash.Hash, c int) uint16 { return uint16(h[c/4] >> (c % 4 * 16)) }

func newMultiIndex(hashes []phash.Hash) *multiIndex {
	x := &multiIndex{hashes: hashes}
	for c := range x.start {
		count := make([]uint32, 1<<16+1)
		for _, h := range hashes {
			count[int(chunk(h, c))+1]++
		}
		for v := range 1 << 16 {
			count[v+1] += count[v]
		}
		x.start[c], x.at[c] = slices.Clone(count), make([]uint32, len(hashes))
		for i, h := range hashes {
			place := &count[chunk(h, c)]
			x.at[c][*place] = uint32(i)
			*place++
		}
	}
	return x
}

// search counts what is within 31 bits; what several chunks lead to counts as often.
func (x *multiIndex) search(h phash.Hash) (found int) {
	for c := range x.start {
		v := chunk(h, c)
		for k := -1; k < 16; k++ {
			near := v
			if k >= 0 {
				near ^= 1 << k
			}
			for _, i := range x.at[c][x.start[c][near]:x.start[c][int(near)+1]] {
				if x.hashes[i].Distance(h) <= phash.Radius {
					found++
				}
			}
		}
	}
	return found
}

// items is how many items a store has that are searched.
const items = 1_000_000

// finding measures artefact.Register.Alike among items in a store, and the reading of all hashes at the start.
func (b *bench) finding() error {
	fresh, stop, err := postgres()
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("### Items by likeness among %d\n\n| engine | reading all hashes at the start, s | Alike p50, ms | p99, ms |\n|---|---|---|---|\n", items)
	list := randomHashes(items)
	for _, engine := range []struct {
		name string
		url  func() string
	}{{"SQLite", func() string { return "" }}, {"PostgreSQL", fresh}} {
		if err := b.findingIn(engine.name, engine.url(), list); err != nil {
			return err
		}
	}
	fmt.Println()
	return nil
}

func (b *bench) findingIn(name, url string, list []phash.Entry) (err error) {
	r, err := b.rig(url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	if err := r.fill(list); err != nil {
		return err
	}
	var reads []sample
	var register *artefact.Register
	for range b.runs {
		settle()
		fresh := artefacts.New(r.store, nil)
		start := time.Now()
		if err := fresh.Follow(r.ctx); err != nil {
			return err
		}
		reads = append(reads, sample{p50: time.Since(start)})
		register = artefact.NewRegister(fresh, r.rec)
	}
	found := 0
	alike := &racer{name: name, run: func() (sample, error) {
		return many(500, 1, func(i int) error {
			matches, err := register.Alike(r.ctx, near(list, i).Append(nil), phash.Radius, 10)
			found += len(matches)
			return err
		})
	}}
	if err := b.compete("items in "+name, alike); err != nil {
		return err
	}
	if found == 0 {
		return errors.New("nothing was found")
	}
	median, least, most := middle(reads, func(s sample) time.Duration { return s.p50 })
	fmt.Printf("| %s | %.2f (%.2f–%.2f) | %s |\n", name, median.Seconds(), least.Seconds(), most.Seconds(), alike.latency(time.Millisecond))
	return nil
}

// fill writes items with their hashes into the tables, many with one record, which is not how they get there otherwise.
func (r *rig) fill(list []phash.Entry) error {
	const rows = 500
	for at := 0; at < len(list); at += rows {
		record, err := r.rec.New("artefact.marked", evidence.System, "system", nil, at)
		if err != nil {
			return err
		}
		var values []string
		var args []any
		for i, e := range list[at : at+rows] {
			values = append(values, fmt.Sprintf("($%d, 'marked', 'image.generate', 'acc', 'jpeg', 1, '', 1, '', '', 0, 0, 1, $%d, $%d)", 3*i+1, 3*i+2, 3*i+3))
			args = append(args, fmt.Sprint("n-", e.ID), e.Hash.Append(nil), int64(e.ID)+1)
		}
		err = r.store.Write(r.ctx, func(tx *store.Tx) error {
			if _, err := tx.Record(record); err != nil {
				return err
			}
			_, err := tx.Exec(`INSERT INTO artefact (number, state, function, account, format, size, parents, stored, blob, reason, created, changed, version, likeness, likened) VALUES `+strings.Join(values, ", "), args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
