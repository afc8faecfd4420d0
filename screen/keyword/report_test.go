package keyword_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/colophon-project/colophon/screen/keyword"
)

var update = flag.Bool("update", false, "measure anew and write the tables into docs/screening*.md")

// recall is the share of trials, in per cent, in which a keyword that was written in an evading way is found.
func recall(t *testing.T, k kind, text []rune, trials int) float64 {
	w := newWriter(t, 20)
	list := slices.DeleteFunc(random(w.Rand, 2000, k.least, k.most), func(e keyword.Entry) bool {
		letters := []rune(e.Keyword)
		return len(slices.Compact(letters)) < utf8.RuneCountInString(e.Keyword)
	})
	s := compile(t, list, keyword.Options{Sound: true, Loose: true}).NewScanner(day)
	var hits []keyword.Hit
	hit, tried := 0, 0
	for tried < trials {
		n := w.IntN(len(list))
		written := k.write(w, list[n].Keyword)
		if written == "" {
			continue
		}
		tried++
		at := w.IntN(len(text) - 40)
		before := string(text[at : at+20])
		hits = s.Scan(hits[:0], before+written+string(text[at+20:at+40]), day)
		from, to := int64(len(before)), int64(len(before)+len(written))
		if slices.ContainsFunc(hits, func(h keyword.Hit) bool { return h.Entry == n && h.Start < to && h.End > from }) {
			hit++
		}
	}
	return 100 * float64(hit) / float64(tried)
}

// falseHits counts hits per 1,000 runes of prose that holds none of the keywords on purpose, by pass and level.
func falseHits(t *testing.T, text string) map[string]float64 {
	rnd := rand.New(rand.NewPCG(30, 1))
	m := compile(t, random(rnd, 10_000, 3, 6), keyword.Options{Sound: true, Loose: true})
	count := map[string]float64{}
	for _, h := range m.NewScanner(day).Scan(nil, text, day) {
		count[h.How.String()+" | "+h.Level.String()] += 1000 / float64(utf8.RuneCountInString(text))
	}
	return count
}

// TestReport writes the tables of docs/screening.md and docs/screening.zh-CN.md, or looks whether they name every kind.
func TestReport(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| | % | ≥ |\n|---|---|---|\n")
	if *update {
		text := prose(t)
		for _, k := range kinds {
			fmt.Fprintf(&table, "| %s | %.2f | %.0f |\n", k.name, recall(t, k, []rune(text), 3000), k.share)
		}
		table.WriteString("\n| | | / 1,000 |\n|---|---|---|\n")
		false := falseHits(t, text)
		for _, name := range slices.Sorted(maps.Keys(false)) {
			fmt.Fprintf(&table, "| %s | %.4f |\n", name, false[name])
		}
		if len(false) == 0 {
			table.WriteString("| – | – | 0 |\n")
		}
	}
	for _, file := range []string{"../../docs/screening.md", "../../docs/screening.zh-CN.md"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, _ := strings.Cut(string(raw), "<!-- evasions -->")
		there, after, ok := strings.Cut(rest, "<!-- /evasions -->")
		if !ok {
			t.Fatalf("%s has no place for the tables", file)
		}
		if *update {
			if err := os.WriteFile(file, []byte(before+"<!-- evasions -->"+table.String()+"<!-- /evasions -->"+after), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		for _, k := range kinds {
			if !strings.Contains(there, "| "+k.name+" |") {
				t.Errorf("%s does not tell %q; run this test with -update", file, k.name)
			}
		}
	}
}
