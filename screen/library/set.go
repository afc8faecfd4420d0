package library

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"
	"weak"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/phash"
)

// Options say how a set looks for its features.
type Options struct {
	Words  keyword.Options
	Radius int // distance up to which pictures are alike; 0 is phash.Radius
	// Matchers remembers what was compiled, so that the same entries are compiled once; nil for nothing.
	Matchers *Matchers
}

// Matchers are the matchers that were made last, as long as somebody uses them. The same features are compiled when they are
// proposed and when they are put on the shelf, which takes long; a matcher never changes. It is safe for use by many goroutines.
type Matchers struct {
	mu   sync.Mutex
	last [4]struct {
		key     Sum
		matcher weak.Pointer[keyword.Matcher]
	}
	next int
}

// compile makes a matcher, or finds the one that was made of the same entries in the same order.
func (m *Matchers) compile(entries []keyword.Entry, o keyword.Options) (*keyword.Matcher, error) {
	if m == nil {
		return keyword.Compile(entries, o)
	}
	hash := sha256.New()
	enc := json.NewEncoder(hash)
	err := enc.Encode(o)
	for i := range entries {
		err = errors.Join(err, enc.Encode(&entries[i]))
	}
	if err != nil {
		return nil, err
	}
	key := Sum(hash.Sum(nil))
	if found := m.find(key); found != nil {
		return found, nil
	}
	made, err := keyword.Compile(entries, o)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := &m.last[m.next%len(m.last)]
	at.key, at.matcher = key, weak.Make(made)
	m.next++
	return made, nil
}

func (m *Matchers) find(key Sum) *keyword.Matcher {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.last {
		if found := c.matcher.Value(); found != nil && c.key == key {
			return found
		}
	}
	return nil
}

// Set is the compiled form of features. It never changes, and is safe for use by many goroutines.
type Set struct {
	version  Version
	words    *keyword.Matcher // keywords, then names of persons, then words of rules
	keywords int              // how many entries of it are keywords
	persons  int              // and names
	rules    []rule
	ruled    [][]int32 // by entry, counted from the first word of a rule: which rules it stands in
	patterns []pattern
	pictures *phash.Index // nil where there are none: even an empty one takes megabytes
	pictured []item       // by ID of the index
	digests  map[Sum][]item
	units    map[string][]item
	radius   int
	tally    map[tally]int
}

// item is what is known of a feature that is no keyword.
type item struct {
	id          string
	category    Category
	level       keyword.Level
	from, until int32 // days since 1970; 0 for none
}

func (i *item) valid(day int32) bool {
	return (i.from == 0 || day >= i.from) && (i.until == 0 || day <= i.until)
}

func (i *item) hit(kind Kind, h Hit) Hit {
	h.Feature, h.Kind, h.Category, h.Level = i.id, kind, i.category, i.level
	return h
}

func days(t time.Time) int32 {
	if t.IsZero() {
		return 0
	}
	return int32(t.Unix() / (24 * 60 * 60))
}

// rule is a rule with the entries of its words.
type rule struct {
	item
	all  keyword.Rule // without the words that must be absent
	need []int32      // entries
	not  []int32
}

// tally is what features are counted by.
type tally struct {
	kind     Kind
	category Category
	language string
	allow    bool
}

// Version is the version of the library that the set holds. Where the set was compiled from a list of features its number
// is 0.
func (s *Set) Version() Version { return s.version }

// Len is how many features there are.
func (s *Set) Len() int { return s.version.Count }

// Compile makes a set. A feature that is out of form, can't be looked for, or stands there twice is an error whose
// argument line is its place, from 1.
func Compile(features []Feature, o Options) (*Set, error) {
	b := newBuilder(o)
	for i := range features {
		if err := b.add(&features[i], i+1); err != nil {
			return nil, err
		}
	}
	return b.finish()
}

// builder collects the features of a set, so that they need not all be in memory at once.
type builder struct {
	options           Options
	set               *Set
	content           content
	seen              map[Sum]bool
	names             map[string]bool
	keywords, persons []keyword.Entry
	words             []keyword.Entry
	places            []int // by entry of keywords: the feature's
	personal, ruled   []int // the same of names, and of words
	wordAt            map[ruleWord]int32
	pictures          []phash.Entry
}

type ruleWord struct {
	text     string
	anywhere bool
}

func newBuilder(o Options) *builder {
	if o.Radius == 0 {
		o.Radius = phash.Radius
	}
	return &builder{options: o, seen: map[Sum]bool{}, names: map[string]bool{}, wordAt: map[ruleWord]int32{},
		set: &Set{digests: map[Sum][]item{}, units: map[string][]item{}, radius: o.Radius, tally: map[tally]int{}}}
}

func (b *builder) add(f *Feature, line int) error {
	if err := f.check(line); err != nil {
		return err
	}
	key := f.Key()
	if b.seen[key] || b.names[f.ID] {
		return faulty(CodeDuplicate, line, nil, "id", f.ID)
	}
	b.seen[key], b.names[f.ID] = true, true
	b.content.add(f)
	s := b.set
	s.tally[tally{f.Kind, f.Category, f.Language, f.Level == keyword.Allow}]++
	it := item{f.ID, f.Category, f.Level, days(f.From), days(f.Until)}
	switch f.Kind {
	case Keyword:
		b.keywords, b.places = b.entries(b.keywords, b.places, f, line)
	case Person:
		b.persons, b.personal = b.entries(b.persons, b.personal, f, line)
	case Rule:
		return b.rule(f, it, line)
	case Pattern:
		p, err := newPattern(f.Value, line, it)
		if err != nil {
			return err
		}
		s.patterns = append(s.patterns, p)
	case Picture:
		h, _ := f.picture() // it was checked
		b.pictures = append(b.pictures, phash.Entry{Hash: h, ID: uint64(len(s.pictured))})
		s.pictured = append(s.pictured, it)
	case Digest:
		sum, _ := f.sum()
		s.digests[sum] = append(s.digests[sum], it)
	case SourceUnit:
		for _, name := range append([]string{f.Value}, f.Aliases...) {
			s.units[unitName(name)] = append(s.units[unitName(name)], it)
		}
	}
	return nil
}

// entries adds what a feature is called to entries of a matcher.
func (b *builder) entries(list []keyword.Entry, places []int, f *Feature, line int) ([]keyword.Entry, []int) {
	e := keyword.Entry{ID: f.ID, Keyword: f.Value, Category: string(f.Category), Language: f.Language, Level: f.Level, Anywhere: f.Anywhere, From: f.From, Until: f.Until}
	list, places = append(list, e), append(places, line)
	for _, a := range f.Aliases {
		e.Keyword = a
		list, places = append(list, e), append(places, line)
	}
	return list, places
}

func (b *builder) rule(f *Feature, it item, line int) error {
	parsed, err := keyword.ParseRule(f.Value)
	if err != nil || len(parsed.Words)+len(parsed.Not) > maxRuleWords {
		return faulty(CodeRule, line, err)
	}
	r := rule{item: it, all: keyword.Rule{Words: parsed.Words, Within: parsed.Within}}
	n := int32(len(b.set.rules))
	entry := func(word string) int32 {
		key := ruleWord{word, f.Anywhere}
		at, ok := b.wordAt[key]
		if !ok {
			at = int32(len(b.words))
			b.wordAt[key] = at
			// The level is the rule's to give, so the word's is the highest, and what a pass can't know bounds it.
			b.words, b.ruled = append(b.words, keyword.Entry{Keyword: word, Level: keyword.Block, Anywhere: f.Anywhere}), append(b.ruled, line)
			b.set.ruled = append(b.set.ruled, nil)
		}
		b.set.ruled[at] = append(b.set.ruled[at], n)
		return at
	}
	for _, w := range parsed.Words {
		r.need = append(r.need, entry(w))
	}
	for _, w := range parsed.Not {
		r.not = append(r.not, entry(w))
	}
	b.set.rules = append(b.set.rules, r)
	return nil
}

// finish compiles what was added. The builder is of no use afterwards.
func (b *builder) finish() (*Set, error) {
	s := b.set
	s.version = Version{Digest: b.content.sum(), Count: len(b.names)}
	b.seen, b.names, b.content = nil, nil, content{}
	s.keywords, s.persons = len(b.keywords), len(b.persons)
	var err error
	s.words, err = b.options.Matchers.compile(append(append(b.keywords, b.persons...), b.words...), b.options.Words)
	if err != nil {
		return nil, b.told(err)
	}
	if len(b.pictures) > 0 {
		s.pictures = phash.Build(b.pictures)
	}
	return s, nil
}

// told puts the place of the feature into an error of the matcher, which counts entries.
func (b *builder) told(err error) error {
	var e *colophon.Error
	if !errors.As(err, &e) {
		return err
	}
	n, bad := strconv.Atoi(e.Args["line"])
	places := append(append(b.places, b.personal...), b.ruled...)
	if bad != nil || n < 1 || n > len(places) {
		return err
	}
	return faulty(e.Code, places[n-1], e.Err)
}

// Exact returns the features that are the digest of some bytes.
func (s *Set) Exact(sum Sum, at time.Time) []Hit {
	var hits []Hit
	for _, it := range s.digests[sum] {
		if it.valid(days(at)) {
			hits = append(hits, it.hit(Digest, Hit{}))
		}
	}
	return hits
}

// Alike returns the features that a picture looks like, the nearest first. Whoever calls it for a hash under
// [phash.MinQuality] has learned nothing when it returns none.
func (s *Set) Alike(h phash.Hash, at time.Time) []Hit {
	var hits []Hit
	if s.pictures == nil {
		return nil
	}
	for _, m := range s.pictures.Search(nil, h, s.radius) {
		if it := &s.pictured[m.ID]; it.valid(days(at)) {
			hits = append(hits, it.hit(Picture, Hit{Distance: m.Distance}))
		}
	}
	return hits
}

// SourceUnit returns the feature of a unit that news may be reposted from on a day (Deep Synthesis Provisions Art. 6 ¶2),
// by its name or an alias of it.
func (s *Set) SourceUnit(name string, at time.Time) (feature string, ok bool) {
	for _, it := range s.units[unitName(name)] {
		if it.valid(days(at)) {
			return it.id, true
		}
	}
	return "", false
}

func unitName(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
