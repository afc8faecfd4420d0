package keyword

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
)

// CodeRule is a rule that can't be read.
const CodeRule colophon.Code = "keyword-rule"

// Rule is a combination of keywords: all of Words stand in the text, within so many runes if Within is not 0, and none of
// Not. The words are entries of the same lexicon; the rule is judged over their hits.
type Rule struct {
	Words  []string
	Not    []string
	Within int
}

// ParseRule reads a rule: words joined by & (and) or ~N (within N runes of text; one N for the whole rule), then words to
// be absent after ! each, as in 代开 & 发票 ! 税务局 or 出售 ~10 枪支.
func ParseRule(s string) (Rule, error) {
	refused := &colophon.Error{Kind: colophon.Invalid, Code: CodeRule, Args: colophon.Args{"text": s}}
	var r Rule
	for op := byte('&'); ; {
		if op == '~' {
			s = strings.TrimLeft(s, " ")
			end := len(s) - len(strings.TrimLeft(s, "0123456789"))
			n, err := strconv.Atoi(s[:end])
			if err != nil || n < 1 || n > 1<<16 || r.Within != 0 && r.Within != n {
				return Rule{}, refused
			}
			r.Within, s = n, s[end:]
		}
		at := strings.IndexAny(s, "&~!")
		word := s
		if at >= 0 {
			word = s[:at]
		}
		if word = strings.TrimSpace(word); word == "" || op != '!' && len(r.Not) > 0 {
			return Rule{}, refused
		}
		if op == '!' {
			r.Not = append(r.Not, word)
		} else {
			r.Words = append(r.Words, word)
		}
		if at < 0 {
			break
		}
		op, s = s[at], s[at+1:]
	}
	if len(r.Words)+len(r.Not) < 2 {
		return Rule{}, refused
	}
	return r, nil
}

// Match judges a rule over the hits of one text, and returns the shortest passage that holds all its words.
func (r Rule) Match(m *Matcher, hits []Hit) (Hit, bool) {
	type place struct {
		hit  Hit
		word int
	}
	var places []place
	for _, h := range hits {
		word := m.text(&m.entries[h.Entry])
		if slices.Contains(r.Not, word) {
			return Hit{}, false
		}
		for i, w := range r.Words {
			if w == word {
				places = append(places, place{h, i})
			}
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.hit.RuneStart, b.hit.RuneStart) })
	var best Hit
	found := false
	last := make([]*Hit, len(r.Words)) // the latest place of each word
	for i := range places {
		last[places[i].word] = &places[i].hit
		if slices.Contains(last, nil) {
			continue
		}
		all := places[i].hit
		for _, h := range last {
			if h.RuneStart < all.RuneStart {
				all.Start, all.RuneStart = h.Start, h.RuneStart
			}
			if h.RuneEnd > all.RuneEnd {
				all.End, all.RuneEnd = h.End, h.RuneEnd
			}
			all.Level, all.How = min(all.Level, h.Level), max(all.How, h.How)
		}
		if !found || all.RuneEnd-all.RuneStart < best.RuneEnd-best.RuneStart {
			best, found = all, true
		}
	}
	if found && r.Within != 0 && best.RuneEnd-best.RuneStart > int64(r.Within) {
		return Hit{}, false
	}
	return best, found
}
