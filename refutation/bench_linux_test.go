package refutation_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/screen/phash"
)

// BenchmarkOutgoing is what an item that leaves costs more because something was refuted. Nothing here makes hashes of a picture:
// an item has them anyway.
func BenchmarkOutgoing(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	hash := func() phash.Hash {
		return phash.Hash{random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64()}
	}
	for _, count := range []int{0, 1000} {
		w := begin(b)
		for i := range count {
			d := draft(fmt.Sprintf("number-%d", i))
			d.Cases, d.Prints.Digests, d.Prints.Likeness = nil, nil, []phash.Hash{hash()}
			d.Texts = []string{fmt.Sprintf("%s 第%d号，%x。", rumour, i, random.Uint64())}
			w.publish(d)
		}
		picture := refutation.Clue{Prints: feed.Prints{Numbers: []string{"outgoing"}, Digests: []feed.Digest{{Alg: "sha256", Value: strings.Repeat("cd", 32)}}, Likeness: []phash.Hash{hash(), hash()}}}
		text := picture
		text.Likeness, text.Text = nil, strings.Repeat("今天天气晴朗，适合到公园散步，也可以在家里读书。", 40)
		for name, clue := range map[string]refutation.Clue{"picture": picture, "text": text} {
			if _, err := w.keeper.Look(b.Context(), clue); err != nil { // the first one reads all that stands
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/refutations=%d", name, count), func(b *testing.B) {
				for b.Loop() {
					a, id, err := w.keeper.Outgoing(b.Context(), "outgoing", clue)
					if err != nil || id != "" || len(a.Found) > 0 {
						b.Fatal(id, err, a.Found)
					}
				}
			})
		}
	}
}
