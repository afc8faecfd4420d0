package bank

import (
	"cmp"
	"slices"
	"strings"
)

// Limits of the search for questions that are nearly the same.
const (
	// Alike is the share of pairs of neighbouring characters, in hundredths, that two questions have in common at least when
	// they count as nearly the same.
	Alike = 80
	// maxPairs is how many pairs are told.
	maxPairs = 1_000
	// maxCompared is how many pairs are compared before the search gives up and says so.
	maxCompared = 1_000_000
)

// Pair is two questions that are nearly the same, by their identifiers.
type Pair struct {
	A     string `json:"a"`
	B     string `json:"b"`
	Share int    `json:"share"` // in hundredths
}

// Likeness says which questions of a bank are nearly the same.
type Likeness struct {
	Pairs []Pair `json:"pairs"` // by identifiers
	// Whole says that every question was held against every other that may be like it. Where it is false there may be more.
	Whole bool `json:"whole"`
}

// Near finds questions of one kind that are nearly the same: those that share [Alike] of a hundred of their pairs of
// neighbouring characters, or more. Two questions that say the same in other words are not found.
//
// Where two sets share so much, they also share one of the few rarest members of each (Bayardo, Ma and Srikant, "Scaling up
// all pairs similarity search", 2007); so only those are looked up.
func (b Bank) Near() Likeness {
	l := Likeness{Pairs: []Pair{}, Whole: true}
	compared := 0
	for _, kind := range Kinds() {
		sets := gather(b.Questions, kind)
		index := map[string][]int{}
		for i, s := range sets {
			seen := map[int]bool{}
			for _, gram := range s.grams[:rarest(len(s.grams))] {
				for _, j := range index[gram] {
					if seen[j] {
						continue
					}
					seen[j] = true
					if compared++; compared > maxCompared {
						l.Whole = false
						return l.sorted()
					}
					if share := common(s, sets[j]); share >= Alike {
						if len(l.Pairs) == maxPairs {
							l.Whole = false
							return l.sorted()
						}
						a, b := min(s.id, sets[j].id), max(s.id, sets[j].id)
						l.Pairs = append(l.Pairs, Pair{a, b, share})
					}
				}
				index[gram] = append(index[gram], i)
			}
		}
	}
	return l.sorted()
}

func (l Likeness) sorted() Likeness {
	slices.SortFunc(l.Pairs, func(x, y Pair) int { return cmp.Or(strings.Compare(x.A, y.A), strings.Compare(x.B, y.B)) })
	return l
}

// set is the pairs of neighbouring characters of a question, the rarest first.
type set struct {
	id    string
	grams []string
	has   map[string]bool
}

func gather(questions []Question, kind Kind) []set {
	var list []set
	often := map[string]int{}
	for _, q := range questions {
		if q.Kind != kind {
			continue
		}
		s := set{id: q.ID, has: map[string]bool{}}
		text := []rune(Fold(q.Text))
		for i := range text {
			gram := string(text[i:min(i+2, len(text))])
			if i > 0 && i == len(text)-1 || s.has[gram] {
				continue
			}
			s.has[gram] = true
			s.grams = append(s.grams, gram)
			often[gram]++
		}
		list = append(list, s)
	}
	for _, s := range list {
		slices.SortFunc(s.grams, func(a, b string) int { return cmp.Or(cmp.Compare(often[a], often[b]), strings.Compare(a, b)) })
	}
	return list
}

// rarest is how many of n members must be looked up so that no set that shares enough is missed.
func rarest(n int) int {
	return n - (Alike*n+99)/100 + min(n, 1)
}

// common is the share of members that two sets have in common, in hundredths, rounded down.
func common(a, b set) int {
	if len(a.grams) > len(b.grams) {
		a, b = b, a
	}
	if 100*len(a.grams) < Alike*len(b.grams) {
		return 0
	}
	n := 0
	for _, g := range a.grams {
		if b.has[g] {
			n++
		}
	}
	return 100 * n / (len(a.grams) + len(b.grams) - n)
}
