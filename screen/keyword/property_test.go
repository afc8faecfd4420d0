package keyword_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/screen/keyword"
)

// soup returns text of few letters, so that matches, repeats, separators and broken runes are all frequent.
func soup(rnd *rand.Rand, n int) string {
	parts := []string{"赌", "博", "賭", "网", "站", "强", "弓", "虽", "du", "bo", "wang", "a", "b", "aa", "ｂ", "1", "一", "的", " ", "，", "\u200b", "\u0301", "😀", "ﬁ", "㎏", "\xe8", "\xff", "𝐚", "x", "爸爸", "\n", "𠀀", "и"}
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(parts[rnd.IntN(len(parts))])
	}
	return b.String()
}

func soupMatcher(t testing.TB) *keyword.Matcher {
	list := entries(keyword.Block, "赌博", "赌博网站", "博网", "爸爸", "ab", "a b", "aab", "强强", "强赌博", "ba", "a赌", "赌1", "bob", "fig", "赌", "博的赌")
	list = append(list, entries(keyword.Allow, "博赌博的", "ab x")...)
	list = append(list, keyword.Entry{Keyword: "xa", Level: keyword.Block, Anywhere: true})
	return compile(t, list, keyword.Options{Sound: true, Loose: true, Bound: 3, Syllables: 2})
}

func byPlace(a, b keyword.Hit) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.How, b.How))
}

// inChunks scans a text cut at random.
func inChunks(s *keyword.Scanner, rnd *rand.Rand, text string) []keyword.Hit {
	s.Reset(day)
	var hits []keyword.Hit
	for len(text) > 0 {
		n := 1 + rnd.IntN(min(len(text), 9))
		hits = s.WriteString(hits, text[:n])
		text = text[n:]
	}
	return s.Close(hits)
}

func checkStream(t *testing.T, m *keyword.Matcher, rnd *rand.Rand, text string) {
	t.Helper()
	whole := m.NewScanner(day).Scan(nil, text, day)
	chunks := inChunks(m.NewScanner(day), rnd, text)
	slices.SortFunc(whole, byPlace)
	slices.SortFunc(chunks, byPlace)
	if diff := gocmp.Diff(whole, chunks); diff != "" {
		t.Fatalf("%q in chunks: %s", text, diff)
	}
	for _, h := range whole {
		if h.Start < 0 || h.Start >= h.End || h.End > int64(len(text)) {
			t.Fatalf("%q: %+v", text, h)
		}
		if n := utf8.RuneCountInString(text[:h.Start]); int64(n) != h.RuneStart {
			t.Fatalf("%q: %+v begins at rune %d", text, h, n)
		}
		if n := utf8.RuneCountInString(text[:h.End]); int64(n) != h.RuneEnd {
			t.Fatalf("%q: %+v ends at rune %d", text, h, n)
		}
	}
}

func TestStreamEqualsWhole(t *testing.T) {
	t.Parallel()
	m := soupMatcher(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 4000 {
		checkStream(t, m, rnd, soup(rnd, 1+rnd.IntN(80)))
	}
}

// TestAgainstSearch compares with the plainest search there is, on text that needs no folding.
func TestAgainstSearch(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 6))
	letters := []rune("的在有人这")
	word := func(n int) string {
		w := make([]rune, n)
		for i := range w {
			for w[i] = letters[rnd.IntN(len(letters))]; i > 0 && w[i] == w[i-1]; {
				w[i] = letters[rnd.IntN(len(letters))]
			}
		}
		return string(w)
	}
	for range 150 {
		var words []string
		for range 1 + rnd.IntN(30) {
			words = append(words, word(1+rnd.IntN(5)))
		}
		slices.Sort(words)
		words = slices.Compact(words)
		text := word(200)
		var want []keyword.Hit
		for i, w := range words {
			for at := 0; ; at++ {
				n := strings.Index(text[at:], w)
				if n < 0 {
					break
				}
				at += n
				r := int64(at / 3)
				want = append(want, keyword.Hit{Entry: i, Start: int64(at), End: int64(at + len(w)), RuneStart: r, RuneEnd: r + int64(len(w)/3), Level: keyword.Block})
			}
		}
		got := compile(t, entries(keyword.Block, words...), keyword.Options{}).NewScanner(day).Scan(nil, text, day)
		slices.SortFunc(got, byPlace)
		slices.SortFunc(want, byPlace)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("%q in %q: %s", words, text, diff)
		}
	}
}

// TestHeld checks that what a stream need not hold back is in no later hit of the exact pass.
func TestHeld(t *testing.T) {
	t.Parallel()
	m := soupMatcher(t)
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 1000 {
		text := soup(rnd, 40)
		s := m.NewScanner(day)
		free := 0
		for i := range len(text) {
			for _, h := range s.WriteString(nil, text[i:i+1]) {
				if h.How == keyword.Plain && int(h.Start) < free {
					t.Fatalf("%q: %+v begins before byte %d, which was let go", text, h, free)
				}
			}
			free = i + 1 - s.Held()
		}
	}
}

func TestNoAllocation(t *testing.T) {
	m := soupMatcher(t)
	text := soup(rand.New(rand.NewPCG(9, 10)), 4000)
	s := m.NewScanner(day)
	hits := s.Scan(nil, text, day)
	if len(hits) < 100 {
		t.Fatalf("only %d hits", len(hits))
	}
	if n := testing.AllocsPerRun(20, func() { hits = s.Scan(hits[:0], text, day) }); n != 0 {
		t.Errorf("%v allocations per scan", n)
	}
}

func FuzzScan(f *testing.F) {
	m := soupMatcher(f)
	rnd := rand.New(rand.NewPCG(11, 12))
	for range 8 {
		f.Add(soup(rnd, 60), uint64(rnd.Int()))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		checkStream(t, m, rand.New(rand.NewPCG(seed, 0)), text)
	})
}
