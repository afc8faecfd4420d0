package bank

import (
	_ "embed" // the risks, aspects and yardsticks
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen/library"
)

//go:embed risks.json
var risksFile []byte

// Confidence says how sure a name or a figure is. Whoever shows the one shows the other.
type Confidence string

// The confidences.
const (
	Primary     Confidence = "primary"     // compared with the text of the instrument
	Secondary   Confidence = "secondary"   // as a public source reports it
	Draft       Confidence = "draft"       // as a draft has it
	Unconfirmed Confidence = "unconfirmed" // nobody could confirm it
)

// Confidences lists the confidences, the surest first.
func Confidences() []Confidence { return []Confidence{Primary, Secondary, Draft, Unconfirmed} }

// Topic is a risk, a class of risks, or an aspect.
type Topic struct {
	ID         string     `json:"id"` // such as A.1.a, A.1, history
	Zh         string     `json:"zh"`
	En         string     `json:"en"`
	Source     string     `json:"source"`
	Confidence Confidence `json:"confidence"`
}

// Yardstick says how many questions there are to be.
type Yardstick struct {
	ID         string     `json:"id"`
	Kind       Kind       `json:"kind"`
	Groups     []string   `json:"groups"` // classes of risks that it speaks of; none for all topics of the kind
	Each       bool       `json:"each"`   // of each topic, not in all
	Least      int        `json:"least"`
	Source     string     `json:"source"`
	Confidence Confidence `json:"confidence"`
}

type figures struct {
	Version     string                `json:"version"`
	Standard    string                `json:"standard"`
	Note        string                `json:"note"`
	Classes     []Topic               `json:"classes"`
	RiskSources map[Confidence]string `json:"risk_sources"`
	Aspects     []Topic               `json:"aspects"`
	Yardsticks  []Yardstick           `json:"yardsticks"`
	risks       []Topic
}

var table = sync.OnceValue(func() figures {
	var f figures
	if err := json.Unmarshal(risksFile, &f); err != nil {
		panic(fmt.Sprintf("risks.json: %v", err)) // a test reads it
	}
	for _, r := range library.Risks() { // one table of names for keywords and questions
		t := Topic{ID: r.ID, Zh: r.Zh, En: r.En, Confidence: Secondary}
		if r.Unconfirmed {
			t.Confidence = Unconfirmed
		}
		t.Source = f.RiskSources[t.Confidence]
		f.risks = append(f.risks, t)
	}
	return f
})

// Standard names what risks and yardsticks are of, and Note says what of it is not confirmed.
func Standard() (name, note string) { return table().Standard, table().Note }

// Classes returns the five classes of risks. The caller MUST NOT change what this and the next functions return.
func Classes() []Topic { return table().Classes }

// Risks returns the 31 risks in the order of the annex.
func Risks() []Topic { return table().risks }

// Aspects returns the 13 aspects of questions that should not be refused.
func Aspects() []Topic { return table().Aspects }

// Yardsticks returns how many questions there are to be.
func Yardsticks() []Yardstick { return table().Yardsticks }

// Class is the class of a risk, such as A.1; empty for an aspect.
func Class(topic string) string {
	if len(topic) > len("A.1.") && topic[:2] == "A." {
		return topic[:len("A.1")]
	}
	return ""
}

// Topics lists the risks or aspects that questions of a kind are of.
func Topics(k Kind) []Topic {
	switch k {
	case Generation:
		return Risks()
	case ShouldRefuse:
		return slices.DeleteFunc(slices.Clone(Risks()), func(t Topic) bool { return !riskOf(k, t.ID) })
	case ShouldNotRefuse:
		return Aspects()
	}
	return nil
}

// riskOf reports whether questions of a kind may be of a risk.
func riskOf(k Kind, risk string) bool {
	class := Class(risk)
	return has(Risks(), risk) && (k == Generation || class == "A.1" || class == "A.2")
}

func isAspect(id string) bool { return has(Aspects(), id) }

func has(list []Topic, id string) bool {
	return slices.ContainsFunc(list, func(t Topic) bool { return t.ID == id })
}

// Count says how many questions of a topic there are, and how many there are to be.
type Count struct {
	Topic     Topic            `json:"topic"`
	Questions int              `json:"questions"`
	Language  map[string]int   `json:"language"`
	Least     int              `json:"least"` // 0 where nobody says
	Verdict   colophon.Verdict `json:"verdict"`
}

// Held is a yardstick held against a bank.
type Held struct {
	Yardstick Yardstick        `json:"yardstick"`
	Fewest    int              `json:"fewest"` // questions in all, or of the topic that has the fewest
	Short     []string         `json:"short"`  // topics that have too few, where it is of each topic
	Verdict   colophon.Verdict `json:"verdict"`
}

// Coverage counts a bank beside the yardsticks.
type Coverage struct {
	Standard string           `json:"standard"`
	Note     string           `json:"note"`
	Kinds    map[Kind]int     `json:"kinds"`
	Topics   map[Kind][]Count `json:"topics"`
	Held     []Held           `json:"held"`
}

// Coverage counts the questions of a bank.
func (b Bank) Coverage() Coverage {
	t := table()
	c := Coverage{Standard: t.Standard, Note: t.Note, Kinds: map[Kind]int{}, Topics: map[Kind][]Count{}, Held: []Held{}}
	for _, k := range Kinds() {
		for _, topic := range Topics(k) {
			c.Topics[k] = append(c.Topics[k], Count{Topic: topic, Language: map[string]int{}, Verdict: colophon.Passed})
		}
	}
	for _, q := range b.Questions {
		c.Kinds[q.Kind]++
		list := c.Topics[q.Kind]
		i := slices.IndexFunc(list, func(n Count) bool { return n.Topic.ID == q.Topic() })
		list[i].Questions++
		list[i].Language[q.Language]++
	}
	for _, y := range t.Yardsticks {
		c.Held = append(c.Held, c.hold(y))
	}
	return c
}

// hold holds a yardstick against the counts, and writes what it asks of each topic there.
func (c Coverage) hold(y Yardstick) Held {
	h := Held{Yardstick: y, Fewest: c.Kinds[y.Kind], Short: []string{}}
	if y.Each {
		h.Fewest = -1
		for i := range c.Topics[y.Kind] {
			n := &c.Topics[y.Kind][i]
			if len(y.Groups) > 0 && !slices.Contains(y.Groups, Class(n.Topic.ID)) {
				continue
			}
			n.Least, n.Verdict = y.Least, enough(n.Questions, y.Least)
			if n.Verdict == colophon.Failed {
				h.Short = append(h.Short, n.Topic.ID)
			}
			if h.Fewest < 0 || n.Questions < h.Fewest {
				h.Fewest = n.Questions
			}
		}
	}
	h.Verdict = enough(h.Fewest, y.Least)
	return h
}

func enough(n, least int) colophon.Verdict {
	if n >= least {
		return colophon.Passed
	}
	return colophon.Failed
}
