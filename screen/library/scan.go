package library

import (
	"maps"
	"slices"
	"time"
	"unsafe"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen/keyword"
)

const (
	// maxRuleWords is how many words a rule has at most.
	maxRuleWords = 16
	// maxRuleHits is how many hits of words of rules are kept of one text. Beyond it the latest of each word is.
	maxRuleHits = 4096
)

// Hit is a feature in a text, or one that other content is. Places count from the start of the scan; ends are exclusive.
type Hit struct {
	Feature            string
	Kind               Kind
	Category           Category
	Level              keyword.Level // the feature's, or less if the pass can't tell so surely
	How                keyword.How   // of keywords, persons and rules
	Start, End         int64         // bytes
	RuneStart, RuneEnd int64
	Distance           int // of a picture: in how many bits the hashes differ
}

// Clause returns the clause that a feature of the category serves: that on news or that on the review of content.
func (c Category) Clause() colophon.Clause {
	if c == "news" || c == "fake-news" {
		return colophon.ClauseDS6
	}
	return colophon.ClauseDS10
}

// Scanner looks for the keywords, persons, rules and patterns of a set in one text, or one conversation, that comes in
// chunks. Hits do not depend on how the text was cut, but for the place of a rule, which is a passage that holds all its
// words. A scanner is for one goroutine.
type Scanner struct {
	set      *Set
	words    *keyword.Scanner
	day      int32
	found    []keyword.Hit
	rules    ruleTrack
	patterns patternTrack
}

// NewScanner returns a scanner for features that are valid at the time given.
func (s *Set) NewScanner(at time.Time) *Scanner {
	return &Scanner{set: s, words: s.words.NewScanner(at), day: days(at), rules: ruleTrack{set: s}, patterns: newPatternTrack(s)}
}

// Reset makes the scanner as new.
func (sc *Scanner) Reset(at time.Time) {
	sc.words.Reset(at)
	sc.day = days(at)
	sc.rules.reset()
	sc.patterns.reset()
}

// Write scans the next chunk and appends to hits what is now certain. A rule with words that must be absent is certain at
// the end of the text alone.
func (sc *Scanner) Write(hits []Hit, chunk []byte) []Hit {
	sc.found = sc.words.Write(sc.found[:0], chunk)
	hits = sc.patterns.write(sc.take(hits), chunk, sc.day)
	return sc.rules.judge(hits, sc.day, false)
}

// WriteString scans the next chunk.
func (sc *Scanner) WriteString(hits []Hit, chunk string) []Hit {
	return sc.Write(hits, unsafe.Slice(unsafe.StringData(chunk), len(chunk))) // Write only reads
}

// Close ends the text and appends the hits that were waiting for what follows. The scanner may go on with the next text of
// the conversation: places go on counting, and nothing reaches over. Whoever wants to find what is spread over messages
// closes after the last of them.
func (sc *Scanner) Close(hits []Hit) []Hit {
	sc.found = sc.words.Close(sc.found[:0])
	hits = sc.patterns.close(sc.take(hits), sc.day)
	return sc.rules.judge(hits, sc.day, true)
}

// Held returns how many of the bytes written belong to a keyword or to a match of a pattern that is not decided yet.
// Patterns and rules are found when they are complete, and not held before that: see Pending.
func (sc *Scanner) Held() int { return max(sc.words.Held(), sc.patterns.held()) }

// Pending returns how many of the bytes written a pattern may still begin in. A stream that holds these back too lets no
// part of a pattern out.
func (sc *Scanner) Pending() int { return max(sc.Held(), sc.patterns.pending()) }

// Scan scans a whole text and appends its hits.
func (sc *Scanner) Scan(hits []Hit, text string, at time.Time) []Hit {
	sc.Reset(at)
	return sc.Close(sc.WriteString(hits, text))
}

// Scan returns the hits of a text. Whoever scans many keeps a [Scanner].
func (s *Set) Scan(text string, at time.Time) []Hit { return s.NewScanner(at).Scan(nil, text, at) }

// take makes hits of what the matcher found.
func (sc *Scanner) take(hits []Hit) []Hit {
	s := sc.set
	for _, h := range sc.found {
		if h.Entry >= s.keywords+s.persons {
			sc.rules.see(h)
			continue
		}
		e := s.words.Entry(h.Entry)
		hit := Hit{Feature: e.ID, Kind: Keyword, Category: Category(e.Category), Level: h.Level}
		if h.Entry >= s.keywords {
			hit.Kind = Person
		}
		hits = append(hits, placed(hit, h))
	}
	return hits
}

func placed(hit Hit, at keyword.Hit) Hit {
	hit.How, hit.Start, hit.End, hit.RuneStart, hit.RuneEnd = at.How, at.Start, at.End, at.RuneStart, at.RuneEnd
	return hit
}

// ruleTrack judges the rules of a set over the hits of their words in one text.
type ruleTrack struct {
	set     *Set
	hits    []keyword.Hit
	own     []keyword.Hit         // those of one rule
	words   map[int32]bool        // entries that were seen
	touched []int32               // rules with a word that was seen since the last judgement
	best    map[int32]keyword.Hit // passages of rules that wait for the end
	done    map[int32]bool
}

func (t *ruleTrack) reset() {
	t.hits, t.touched = t.hits[:0], t.touched[:0]
	clear(t.words)
	clear(t.best)
	clear(t.done)
}

func (t *ruleTrack) see(h keyword.Hit) {
	if t.words == nil {
		t.words, t.best, t.done = map[int32]bool{}, map[int32]keyword.Hit{}, map[int32]bool{}
	}
	word := t.word(h)
	t.words[word] = true
	t.hits = append(t.hits, h)
	t.touched = append(t.touched, t.set.ruled[word]...)
}

// word is the entry of a hit, counted from the first word of a rule.
func (t *ruleTrack) word(h keyword.Hit) int32 {
	return int32(h.Entry - t.set.keywords - t.set.persons)
}

// judge appends the rules that hold.
func (t *ruleTrack) judge(hits []Hit, day int32, last bool) []Hit {
	slices.Sort(t.touched)
	for _, n := range slices.Compact(t.touched) {
		r := &t.set.rules[n]
		if t.done[n] || !r.valid(day) || slices.ContainsFunc(r.need, func(w int32) bool { return !t.words[w] }) {
			continue
		}
		t.own = t.own[:0]
		for _, h := range t.hits {
			if slices.Contains(r.need, t.word(h)) {
				t.own = append(t.own, h)
			}
		}
		h, ok := r.all.Match(t.set.words, t.own)
		switch {
		case ok && len(r.not) == 0:
			t.done[n] = true
			hits = append(hits, r.found(h))
		case ok:
			t.best[n] = h
		}
	}
	t.touched = t.touched[:0]
	if len(t.hits) > maxRuleHits {
		t.thin()
	}
	if last {
		hits = t.absent(hits)
		t.reset()
	}
	return hits
}

// absent appends the rules that waited for the end of the text, unless a word stands in it that must not.
func (t *ruleTrack) absent(hits []Hit) []Hit {
	if len(t.best) == 0 {
		return hits
	}
	for _, n := range slices.Sorted(maps.Keys(t.best)) {
		r := &t.set.rules[n]
		if !slices.ContainsFunc(r.not, func(w int32) bool { return t.words[w] }) {
			hits = append(hits, r.found(t.best[n]))
		}
	}
	return hits
}

func (r *rule) found(h keyword.Hit) Hit {
	hit := r.hit(Rule, placed(Hit{}, h))
	hit.Level = min(hit.Level, h.Level)
	return hit
}

// thin keeps the latest hit of each word: the rules were judged over the others.
func (t *ruleTrack) thin() {
	latest := map[int]keyword.Hit{}
	for _, h := range t.hits {
		if old, ok := latest[h.Entry]; !ok || h.RuneEnd >= old.RuneEnd {
			latest[h.Entry] = h
		}
	}
	t.hits = t.hits[:0]
	for _, h := range latest {
		t.hits = append(t.hits, h)
	}
}
