package library

import (
	"cmp"
	_ "embed" // the taxonomy
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed taxonomy.json
var taxonomyFile []byte

// sorting is the taxonomy.
type sorting struct {
	Standard   string      `json:"standard"`
	Note       string      `json:"note"` // what of it is not confirmed
	Yardsticks []Yardstick `json:"yardsticks"`
	Risks      []Risk      `json:"risks"`
	Topics     []Topic     `json:"topics"`
}

// Risk is one risk of GB/T 45654-2025 Annex A.
type Risk struct {
	ID          string `json:"id"` // such as A.1.a
	Zh          string `json:"zh"`
	En          string `json:"en"`
	Unconfirmed bool   `json:"unconfirmed,omitempty"` // see Coverage.Note
}

// Group returns the part of the annex that the risk stands in, such as A.1.
func (r Risk) Group() string { return r.ID[:len("A.1")] }

// Topic is what a category stands for.
type Topic struct {
	ID    Category `json:"id"`
	Zh    string   `json:"zh"`
	En    string   `json:"en"`
	Risks []string `json:"risks"` // identifiers of risks; none where the annex has none for it
	// High says that what could not be checked for this topic must not pass.
	High bool `json:"high,omitempty"`
	// Illegal says that a hit opens a duty to report (Deep Synthesis Provisions Art. 10 ¶3).
	Illegal bool `json:"illegal,omitempty"`
}

// Yardstick says how many keywords there are to be in all, or for each risk of a group.
type Yardstick struct {
	Group string `json:"group"` // empty for all
	Least int    `json:"least"`
}

var taxonomy = sync.OnceValue(func() sorting {
	var t sorting
	if err := json.Unmarshal(taxonomyFile, &t); err != nil {
		panic(fmt.Sprintf("taxonomy.json: %v", err)) // a test reads it
	}
	return t
})

// Topics returns the topics. The caller MUST NOT change them.
func Topics() []Topic { return taxonomy().Topics }

// Risks returns the risks in the order of the annex. The caller MUST NOT change them.
func Risks() []Risk { return taxonomy().Risks }

// Topic returns what a category stands for; ok is false for one that is not in the taxonomy.
func (c Category) Topic() (t Topic, ok bool) {
	i := slices.IndexFunc(Topics(), func(t Topic) bool { return t.ID == c })
	if i < 0 {
		return Topic{}, false
	}
	return Topics()[i], true
}

// Coverage says how many entries there are for what content is sorted by, beside how many there are to be.
type Coverage struct {
	Standard string
	Note     string // what of the taxonomy is not confirmed
	Words    Count  // all entries that look for words in text
	Topics   []TopicCount
	Risks    []RiskCount
}

// Count is a number of entries that look for words in text: keywords, rules and patterns, without allowed phrases.
type Count struct {
	Entries  int
	Language map[string]int
	Least    int // how many there are to be; 0 where nobody says
}

// Enough reports whether there are as many as there are to be.
func (c Count) Enough() bool { return c.Entries >= c.Least }

// TopicCount counts the entries of a topic.
type TopicCount struct {
	Topic Topic
	Words Count
	Other map[Kind]int // entries of other kinds
}

// RiskCount counts the entries of all topics that belong to a risk. An entry of a topic that belongs to several counts for
// each of them.
type RiskCount struct {
	Risk  Risk
	Words Count
}

// Coverage counts the features of the set, whatever their days of validity.
func (s *Set) Coverage() Coverage {
	t := taxonomy()
	c := Coverage{Standard: t.Standard, Note: t.Note, Words: newCount("")}
	for _, topic := range t.Topics {
		c.Topics = append(c.Topics, TopicCount{topic, Count{Language: map[string]int{}}, map[Kind]int{}})
	}
	for _, r := range t.Risks {
		c.Risks = append(c.Risks, RiskCount{r, newCount(r.Group())})
	}
	for key, n := range s.tally {
		at := slices.IndexFunc(c.Topics, func(x TopicCount) bool { return x.Topic.ID == key.category })
		if key.allow || key.kind != Keyword && key.kind != Rule && key.kind != Pattern {
			c.Topics[at].Other[key.kind] += n
			continue
		}
		c.Words.add(key.language, n)
		c.Topics[at].Words.add(key.language, n)
		for i := range c.Risks {
			if slices.Contains(c.Topics[at].Topic.Risks, c.Risks[i].Risk.ID) {
				c.Risks[i].Words.add(key.language, n)
			}
		}
	}
	return c
}

func newCount(group string) Count {
	c := Count{Language: map[string]int{}}
	for _, y := range taxonomy().Yardsticks {
		if y.Group == group {
			c.Least = y.Least
		}
	}
	return c
}

func (c *Count) add(language string, n int) {
	c.Entries += n
	c.Language[language] += n
}

// Languages returns the languages of a count, the most frequent first.
func (c Count) Languages() []string {
	var list []string
	for l := range c.Language {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(c.Language[b], c.Language[a]), strings.Compare(a, b)) })
	return list
}
