package library_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

// TestTaxonomy holds the data to what is known of GB/T 45654-2025 Annex A: 31 risks, 8, 9, 5, 7 and 2 in its parts.
func TestTaxonomy(t *testing.T) {
	t.Parallel()
	groups := map[string]int{}
	risks := map[string]bool{}
	for _, r := range library.Risks() {
		if r.Zh == "" || r.En == "" || risks[r.ID] {
			t.Errorf("%+v", r)
		}
		risks[r.ID] = true
		groups[r.Group()]++
	}
	if want := map[string]int{"A.1": 8, "A.2": 9, "A.3": 5, "A.4": 7, "A.5": 2}; !maps.Equal(groups, want) {
		t.Error(groups)
	}
	covered, topics := map[string]bool{}, map[library.Category]bool{}
	for _, topic := range library.Topics() {
		if topic.Zh == "" || topic.En == "" || topics[topic.ID] {
			t.Errorf("%+v", topic)
		}
		topics[topic.ID] = true
		for _, r := range topic.Risks {
			if covered[r] = true; !risks[r] {
				t.Errorf("%s belongs to the unknown risk %s", topic.ID, r)
			}
		}
		if got, ok := topic.ID.Topic(); !ok || got.En != topic.En {
			t.Error(topic.ID)
		}
	}
	if len(covered) != 31 {
		t.Errorf("%d risks have a topic", len(covered))
	}
	for _, c := range append(starterTopics(), "news", "fake-news") {
		if !topics[c] {
			t.Errorf("%s is missing", c)
		}
	}
	if _, ok := library.Category("").Topic(); ok {
		t.Error("nothing is a topic")
	}
	if library.Category("news").Clause() != colophon.ClauseDS6 || library.Category("fraud").Clause() != colophon.ClauseDS10 {
		t.Error("clauses")
	}
}

func starterTopics() []library.Category {
	return []library.Category{"fraud", "impersonation", "sexual", "violence", "weapons", "drugs", "gambling", "self-harm"}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	c := compile(t, library.Options{},
		feature("a", library.Keyword, "词语甲", category("minors")), feature("b", library.Rule, "甲甲 & 乙乙", category("sexual")),
		feature("c", library.Pattern, "abc", category("discrimination-region"), func(f *library.Feature) { f.Language = "en" }),
		feature("d", library.Keyword, "词语乙", category("sexual"), level(keyword.Allow)), feature("e", library.Person, "某某某", category("sexual")),
	).Coverage()
	if c.Words.Entries != 3 || c.Words.Least != 10000 || c.Words.Enough() || c.Words.Language["zh"] != 2 || !slices.Equal(c.Words.Languages(), []string{"zh", "en"}) || !strings.Contains(c.Note, "not") {
		t.Errorf("%+v", c.Words)
	}
	least := map[string]int{"A.1": 200, "A.2": 100}
	want := map[string]int{"A.1.f": 2, "A.4.a": 1, "A.2.d": 1}
	for _, r := range c.Risks {
		if r.Words.Entries != want[r.Risk.ID] || r.Words.Least != least[r.Risk.Group()] || r.Words.Enough() != (r.Words.Least == 0) {
			t.Errorf("%+v", r)
		}
	}
	for _, x := range c.Topics {
		if x.Topic.ID == "sexual" && (x.Words.Entries != 1 || x.Other[library.Person] != 1 || x.Other[library.Keyword] != 1) {
			t.Errorf("%+v", x)
		}
	}
}

// TestStarter holds the starter library to what is said of it: each entry can be looked for, none stands there twice, and
// there are at least 200 words in each of its topics and languages.
func TestStarter(t *testing.T) {
	t.Parallel()
	list, err := library.Starter()
	if err != nil {
		t.Fatal(err)
	}
	c := compile(t, all, list...).Coverage()
	values := map[string]string{}
	for _, f := range list {
		key := string(f.Kind) + " " + strings.ToLower(f.Value)
		if values[key] != "" {
			t.Errorf("%s and %s are the same", values[key], f.ID)
		}
		values[key] = f.ID
		if f.Source == "" || f.Level == keyword.Allow && f.Kind == library.SourceUnit {
			t.Errorf("%s: no source, or a kind that no starter has", f.ID)
		}
	}
	for _, want := range starterTopics() {
		i := slices.IndexFunc(c.Topics, func(x library.TopicCount) bool { return x.Topic.ID == want })
		for _, language := range []string{"zh", "en"} {
			if n := c.Topics[i].Words.Language[language]; n < 200 {
				t.Errorf("%s has %d entries in %s", want, n, language)
			}
		}
	}
}
