package artefacts_test

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"testing"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/artefacts"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// hash is the hash of the item with a number: no two of them are alike.
func hash(i int) []byte {
	sum := sha256.Sum256(fmt.Append(nil, i))
	return sum[:]
}

// node opens the artefacts of a store once more, as another process does.
func node(t *testing.T, config store.Config) (*artefacts.Artefacts, *artefact.Register) {
	clock := storetest.NewClock()
	config.Now = clock.Now
	a := artefacts.New(storetest.Open(t, config), nil)
	return a, artefact.NewRegister(a, storetest.Recorder(t, config.Keys, clock.Now))
}

func enter(t *testing.T, reg *artefact.Register, i int) artefact.Number {
	t.Helper()
	n := artefact.Number(fmt.Sprint("n-", i))
	a := artefact.Artefact{Number: n, Function: "f", Account: "acc-1", Format: media.PNG, Before: sha256.Sum256(hash(i))}
	if _, err := reg.New(t.Context(), "system", a); err != nil {
		t.Error(err)
	}
	if _, err := reg.Marked(t.Context(), "system", n, artefact.Marking{After: sha256.Sum256(hash(-i)), Marks: []byte(`{}`), Likeness: hash(i)}); err != nil {
		t.Error(err)
	}
	return n
}

// TestLikenessAtOnce has many enter items and look for them at once. Each finds what it entered itself, at once, through a
// node that did not enter it too.
func TestLikenessAtOnce(t *testing.T) {
	t.Parallel()
	config := store.Config{Postgres: storetest.Postgres(t), Keys: storetest.Keys(t, "first")}
	one, first := node(t, config)
	other, second := node(t, config)
	const items, writers = 60, 6
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < items; i += writers {
				n := enter(t, []*artefact.Register{first, second}[i%2], i)
				near := slices.Clone(hash(i))
				near[0] ^= 0x81
				for _, reg := range []*artefact.Register{first, second} {
					list, err := reg.Alike(t.Context(), near, 31, 5)
					if err != nil || len(list) != 1 || list[0].Artefact.Number != n || list[0].Bits != 2 {
						t.Errorf("%s: %+v %v", n, list, err)
					}
				}
			}
		})
	}
	wg.Wait()
	// What is erased through one node leaves the memory of the other.
	for i := range 20 {
		if err := first.Erase(t.Context(), "officer", artefact.Number(fmt.Sprint("n-", i))); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []*artefacts.Artefacts{one, other} {
		if err := a.Follow(t.Context()); err != nil || a.Indexed() != items-20 {
			t.Errorf("%d hashes in the index: %v", a.Indexed(), err)
		}
	}
	fresh, reg := node(t, config)
	if list, err := reg.Alike(t.Context(), hash(30), 31, 5); err != nil || len(list) != 1 || fresh.Indexed() != items-20 {
		t.Errorf("%+v, %d hashes in a fresh index: %v", list, fresh.Indexed(), err)
	}
}

// TestLikenessExact compares with looking at everything.
func TestLikenessExact(t *testing.T) {
	t.Parallel()
	config := storetest.SQLite(t)
	config.Keys = storetest.Keys(t, "first")
	_, reg := node(t, config)
	const items = 200
	for i := range items {
		enter(t, reg, i)
	}
	for i := range 20 {
		query := slices.Clone(hash(i))
		for k := range 8 * i {
			query[k/8] ^= 1 << (k % 8) // up to 152 bits
		}
		want := 0
		for j := range items {
			n := 0
			for k, b := range hash(j) {
				n += bits.OnesCount8(b ^ query[k])
			}
			if n <= artefact.MaxBits {
				want++
			}
		}
		if list, err := reg.Alike(t.Context(), query, artefact.MaxBits, 500); err != nil || len(list) != want {
			t.Errorf("%d found, want %d: %v", len(list), want, err)
		}
	}
}
