package keyword_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/screen/keyword"
)

// table reads a table of data: a target and its sources in each line.
func table(t testing.TB, name string) [][]rune {
	text, err := os.ReadFile("data/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var list [][]rune
	for line := range strings.Lines(string(text)) {
		if line[0] != '#' {
			list = append(list, []rune(strings.TrimSuffix(line, "\n")))
		}
	}
	return list
}

// writer writes keywords in ways that are meant to evade.
type writer struct {
	*rand.Rand
	old      map[rune][]rune // traditional and variant forms
	sounds   map[rune]string
	homonyms map[string][]rune
	parts    map[rune][]string
	alike    map[rune][]rune
}

func newWriter(t testing.TB, seed uint64) *writer {
	w := &writer{rand.New(rand.NewPCG(seed, 1)), map[rune][]rune{}, map[rune]string{}, map[string][]rune{}, map[rune][]string{}, map[rune][]rune{}}
	for _, line := range table(t, "variants.txt") {
		w.old[line[0]] = line[1:]
	}
	for _, line := range table(t, "syllables.txt") {
		name, chars, _ := strings.Cut(string(line), " ")
		w.homonyms[name] = []rune(chars)
		for _, r := range chars {
			w.sounds[r] = name
		}
	}
	for _, line := range table(t, "components.txt") {
		w.parts[line[0]] = append(w.parts[line[0]], string(line[1:]))
	}
	text, err := os.ReadFile("testdata/alike.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		group := []rune(strings.TrimSpace(line))
		for _, r := range group {
			for _, other := range group {
				if r != other && group[0] != '#' {
					w.alike[r] = append(w.alike[r], other)
				}
			}
		}
	}
	return w
}

func pick[T any](w *writer, list []T) T { return list[w.IntN(len(list))] }

// between puts something between the letters.
func (w *writer) between(word string, list []string) string {
	var b strings.Builder
	for i, r := range []rune(word) {
		if i > 0 {
			b.WriteString(pick(w, list))
		}
		b.WriteRune(r)
	}
	return b.String()
}

// each rewrites every letter for which there is something.
func (w *writer) each(word string, f func(r rune) string) string {
	var b strings.Builder
	for _, r := range word {
		if s := f(r); s != "" {
			b.WriteString(s)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// some rewrites one letter, drawn from those for which there is something.
func (w *writer) some(word string, f func(r rune) string) string {
	list := []rune(word)
	for _, i := range w.Perm(len(list)) {
		if s := f(list[i]); s != "" {
			return string(list[:i]) + s + string(list[i+1:])
		}
	}
	return ""
}

func (w *writer) variant(r rune) string {
	if len(w.old[r]) == 0 {
		return ""
	}
	return string(pick(w, w.old[r]))
}

func (w *writer) homonym(r rune) string { return string(pick(w, w.homonyms[w.sounds[r]])) }

func (w *writer) split(r rune) string {
	if len(w.parts[r]) == 0 {
		return ""
	}
	return pick(w, w.parts[r])
}

func (w *writer) lookalike(r rune) string {
	if len(w.alike[r]) == 0 {
		return ""
	}
	return string(pick(w, w.alike[r]))
}

// kind is one way to evade, how long the keywords for it are, and the share to be found, in per cent.
type kind struct {
	name        string
	least, most int
	share       float64
	write       func(w *writer, word string) string // "" if the word can't be written so
}

var kinds = []kind{
	{"as it is", 2, 6, 100, func(_ *writer, s string) string { return s }},
	{"insertion", 2, 6, 100, func(w *writer, s string) string { return w.between(s, strings.Split("*-_.·~/|+#，。、 ￥^", "")) }},
	{"zero-width", 2, 6, 100, func(w *writer, s string) string {
		return w.between(s, []string{"\u200b", "\u200c", "\u200d", "\ufeff", "\u2060", "\u00ad", "\u0336", "\ufe0f", "\U000e0101"})
	}},
	{"emoji", 2, 6, 100, func(w *writer, s string) string {
		return w.between(s, []string{"😀", "🔥", "💊", "❤️", "👨‍👩‍👧", "🀄", "👍🏽"})
	}},
	{"traditional", 2, 6, 100, func(w *writer, s string) string { return w.each(s, w.variant) }},
	{"repeats", 2, 6, 100, func(w *writer, s string) string {
		return w.each(s, func(r rune) string { return strings.Repeat(string(r), 2+w.IntN(2)) })
	}},
	{"one homophone", 4, 6, 97, func(w *writer, s string) string { return w.some(s, w.homonym) }},
	{"all homophones", 4, 6, 97, func(w *writer, s string) string { return w.each(s, w.homonym) }},
	{"one in pinyin", 4, 6, 90, func(w *writer, s string) string { return w.some(s, func(r rune) string { return w.sounds[r] }) }},
	{"all in pinyin", 4, 6, 90, func(w *writer, s string) string { return w.each(s, func(r rune) string { return w.sounds[r] }) }},
	{"Latin or digit inside", 3, 6, 80, func(w *writer, s string) string {
		return w.some(s, func(r rune) string { return string(r) + pick(w, []string{"1", "x", "QQ", "0"}) })
	}},
	{"one split", 3, 6, 80, func(w *writer, s string) string { return w.some(s, w.split) }},
	{"one look-alike", 3, 6, 80, func(w *writer, s string) string { return w.some(s, w.lookalike) }},
}

// TestEvasions writes keywords in every evading way into real prose and counts what is found.
func TestEvasions(t *testing.T) {
	t.Parallel()
	trials := 300
	if os.Getenv("PROSE") != "" {
		trials = 3000
	}
	text := []rune(prose(t))
	for _, k := range kinds {
		share := recall(t, k, text, trials)
		t.Logf("%-24s %6.2f %%", k.name, share)
		if share < k.share {
			t.Errorf("%s: %.2f %% found, %.0f %% wanted", k.name, share, k.share)
		}
	}
}

// TestLatinEvasions does the same for words of Latin letters, which have borders.
func TestLatinEvasions(t *testing.T) {
	t.Parallel()
	w := newWriter(t, 40)
	var list []keyword.Entry
	for range 500 {
		word := make([]rune, 5+w.IntN(4))
		for i := range word {
			word[i] = 'a' + rune((i*7+w.IntN(6))%26)
		}
		list = append(list, keyword.Entry{Keyword: string(word), Level: keyword.Block})
	}
	m := compile(t, list, keyword.Options{})
	s := m.NewScanner(day)
	alike := map[rune][]rune{}
	for _, line := range table(t, "letters.txt") {
		alike[line[0]] = line[1:]
	}
	for name, write := range map[string]func(r rune) string{
		"width":      func(r rune) string { return string(r + 0xFEE0) },
		"case":       func(r rune) string { return string(r - 'a' + 'A') },
		"circled":    func(r rune) string { return string(r - 'a' + 'Ⓐ') },
		"bold":       func(r rune) string { return string(r - 'a' + '𝐚') },
		"accents":    func(r rune) string { return string(r) + "\u0301" },
		"look-alike": func(r rune) string { return string(pick(w, append(alike[r], r))) },
		"repeats":    func(r rune) string { return strings.Repeat(string(r), 3) },
		"parted":     func(r rune) string { return string(r) + " " },
		"insertion":  func(r rune) string { return string(r) + pick(w, []string{"*", ".", "-", "😀"}) },
	} {
		for range 300 {
			n := w.IntN(len(list))
			text := "see " + w.each(list[n].Keyword, write) + " now"
			if !slices.ContainsFunc(s.Scan(nil, text, day), func(h keyword.Hit) bool {
				return m.Entry(h.Entry).Keyword == list[n].Keyword
			}) {
				t.Fatalf("%s: %q is not found in %q", name, list[n].Keyword, text)
			}
		}
		if hits := s.Scan(nil, "xx"+list[0].Keyword+"xx", day); len(hits) > 0 {
			t.Errorf("%+v within a word", hits)
		}
	}
}

// TestFalseHits holds the hits in prose that holds none of the keywords on purpose to what may block.
func TestFalseHits(t *testing.T) {
	t.Parallel()
	blocking := 0.0
	for name, rate := range falseHits(t, prose(t)) {
		t.Logf("%-16s %.4f per 1,000 runes", name, rate)
		if strings.HasSuffix(name, keyword.Block.String()) {
			blocking += rate
		}
	}
	if blocking > 0.01 {
		t.Errorf("%.4f hits per 1,000 runes may block", blocking)
	}
}
