package screen

import (
	"cmp"
	"slices"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

// spread is how a keyword was found that lies over two messages or more.
const spread = "spread"

// words is a set of the library with scanners that are warm, and what it can find.
type words struct {
	set      *library.Set
	version  string
	text     bool                                // it has features of text
	covers   map[library.Kind][]library.Category // of features of other kinds
	scanners sync.Pool
}

// words returns the library in force.
func (e *Engine) words() *words {
	set := e.config.Library()
	if w := e.warm.Load(); w != nil && w.set == set {
		return w
	}
	w := &words{set: set, covers: map[library.Kind][]library.Category{}}
	if set != nil {
		w.version = set.Version().String()
		c := set.Coverage()
		w.text = c.Words.Entries > 0
		for _, t := range c.Topics {
			for kind := range t.Other {
				w.covers[kind] = append(w.covers[kind], t.Topic.ID)
				w.text = w.text || kind == library.Person
			}
		}
	}
	e.warm.Store(w)
	return w
}

func (w *words) scanner(at time.Time) *library.Scanner {
	if s, ok := w.scanners.Get().(*library.Scanner); ok {
		s.Reset(at)
		return s
	}
	return w.set.NewScanner(at)
}

// reading holds one text, as it comes, against the library.
type reading struct {
	w      *words
	main   *library.Scanner // nil where there is nothing to look for
	hits   []library.Hit
	cross  *library.Scanner // reads on from what was said before; nil where nothing was, or it is through
	before string
	left   int // bytes that cross still reads
	over   []library.Hit
}

func (j *judging) reading(before string) *reading {
	r := &reading{w: j.words, before: before, left: reach}
	if !j.words.text {
		return r
	}
	r.main = j.words.scanner(j.at)
	if before != "" {
		r.cross = j.words.scanner(j.at)
		r.over = r.cross.WriteString(nil, before)
	}
	return r
}

func (r *reading) write(text string) {
	if r.main == nil {
		return
	}
	r.hits = r.main.WriteString(r.hits, text)
	if r.cross == nil {
		return
	}
	n := min(r.left, len(text))
	r.over = r.cross.WriteString(r.over, text[:n])
	if r.left -= n; r.left == 0 {
		r.through()
	}
}

// through ends the look across the border.
func (r *reading) through() {
	if r.cross != nil {
		r.over = r.cross.Close(r.over)
		r.w.scanners.Put(r.cross)
		r.cross = nil
	}
}

func (r *reading) close() {
	r.through()
	if r.main != nil {
		r.hits = r.main.Close(r.hits)
		r.w.scanners.Put(r.main)
		r.main = nil
	}
}

// held is how many bytes at the end belong to a match that is not decided yet; all those that a pattern may begin in, too,
// where that is wanted.
func (r *reading) held(patterns bool) int {
	n := 0
	for _, s := range []*library.Scanner{r.main, r.cross} {
		switch {
		case s == nil:
		case patterns:
			n = max(n, s.Pending())
		default:
			n = max(n, s.Held())
		}
	}
	return n
}

// findings takes what was found since it was called last. Text is all that was written.
func (r *reading) findings(part, text string) []Finding {
	var list []Finding
	for _, h := range r.hits {
		list = append(list, finding(h, part, letters(text[h.Start:h.End], h.How)))
	}
	before := int64(len(r.before))
	for _, h := range r.over {
		if h.Start >= before || h.End <= before {
			continue // the message before, or the next, has it alone
		}
		f := finding(h, part, letters(r.before[h.Start:]+text[:h.End-before], h.How))
		runes := int64(utf8.RuneCountInString(r.before))
		f.Start, f.End, f.RuneStart, f.RuneEnd = f.Start-before, f.End-before, f.RuneStart-runes, f.RuneEnd-runes
		f.How, f.Level = spread, min(f.Level, keyword.Review) // two messages may meet by chance
		list = append(list, f)
	}
	r.hits, r.over = r.hits[:0], r.over[:0]
	return list
}

func finding(h library.Hit, part string, runes int) Finding {
	f := Finding{
		Check: string(h.Kind), Feature: h.Feature, Category: h.Category, Level: h.Level, Part: part,
		Start: h.Start, End: h.End, RuneStart: h.RuneStart, RuneEnd: h.RuneEnd, Runes: runes, Distance: h.Distance,
	}
	if h.Kind == library.Keyword || h.Kind == library.Person || h.Kind == library.Rule {
		f.How = h.How.String()
	}
	return f
}

// syllable is the length of the longest syllable in pinyin.
const syllable = 6

// letters counts the letters and digits of a place. Of what was found by its sound it counts the least number of syllables
// that there may be, as what it weighs depends on them.
func letters(place string, how keyword.How) int {
	n, latin := 0, 0
	for _, r := range place {
		switch {
		case how == keyword.Sound && r < utf8.RuneSelf && unicode.IsLetter(r):
			latin++
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			n++
		}
	}
	return n + (latin+syllable-1)/syllable
}

// read holds all text against the library. What follows on from what a speaker said before is read on.
func (j *judging) read() {
	began := j.e.config.Now()
	ends := map[string]string{}
	some := false
	for i, p := range j.parts {
		if p.Media != nil || p.Text == "" {
			continue
		}
		some = true
		spoken := i < len(j.item.Parts) // and not read out of a file
		before, known := ends[p.By]
		switch {
		case !spoken:
			before = ""
		case !known:
			before = j.before(p.By)
		}
		r := j.reading(before)
		r.write(p.Text)
		r.close()
		j.findings = append(j.findings, r.findings(p.Name, p.Text)...)
		if spoken && (len(j.parts) > 1 || j.item.Conversation != "") {
			ends[p.By] = ended(before, p.Text)
		}
	}
	j.remember(ends)
	if some {
		j.runs = append(j.runs, j.readRun(began))
	}
}

// readRun is what became of the check of text against the library.
func (j *judging) readRun(began time.Time) Run {
	run := Run{Check: CheckText, Outcome: Ran, Version: j.words.version, Took: j.since(began)}
	if !j.words.text {
		run.Outcome, run.Reason, run.Covers = NotRun, CodeNoFeatures, everything()
	}
	return run
}

// before returns how the last message of a speaker in the conversation ended.
func (j *judging) before(by string) string {
	if j.item.Conversation == "" {
		return ""
	}
	return j.e.conversations.end(j.speaker(by), j.at)
}

func (j *judging) remember(ends map[string]string) {
	if j.item.Conversation == "" {
		return
	}
	for by, end := range ends {
		j.e.conversations.keep(j.speaker(by), end, j.at)
	}
}

func (j *judging) speaker(by string) speaker {
	if by == "" {
		by = string(j.item.Surface)
	}
	return speaker{j.item.Subject, j.item.Service, j.item.Conversation, by}
}

// inOrder sorts findings: the gravest first, then as they stand in the item. What two windows of a text show is told once.
func (j *judging) inOrder() {
	order := make(map[string]int, len(j.parts))
	for i, p := range j.parts {
		order[p.Name] = i
	}
	slices.SortStableFunc(j.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(order[a.Part], order[b.Part]), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End),
			cmp.Compare(a.Check, b.Check), cmp.Compare(a.Feature, b.Feature), cmp.Compare(a.How, b.How))
	})
	j.findings = slices.Compact(j.findings)
}
