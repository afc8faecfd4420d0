package library

import "context"

// Matches finds a pattern in a text that comes in two chunks.
func Matches(expression, text string, cut int) (places [][]int, err error) {
	p, err := newPattern(expression, 1, item{})
	if err != nil {
		return nil, err
	}
	t := newPatternTrack(&Set{patterns: []pattern{p}})
	for _, h := range t.close(t.write(t.write(nil, []byte(text[:cut]), 1), []byte(text[cut:]), 1), 1) {
		places = append(places, []int{int(h.Start), int(h.End)})
	}
	return places, nil
}

// Kept is how many hits of words of rules the scanner keeps.
func (sc *Scanner) Kept() int { return len(sc.rules.hits) }

// Proposed proposes features, and returns the set that they were compiled to.
func (k *Curator) Proposed(ctx context.Context, by Actor, features []Feature) (*Set, error) {
	_, set, err := k.propose(ctx, by, StarterOrigin, features)
	return set, err
}

// Shares reports whether two sets look for words with one matcher.
func (s *Set) Shares(other *Set) bool { return s.words == other.words }
