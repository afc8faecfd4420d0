package policy

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/progress"
)

// Limits of a comparison.
const (
	MaxCompared = 1000000 // judgements
	MaxDays     = 400
	maxExamples = 3
)

// Comparison says what a version would decide otherwise than the table in force, about the judgements of some days.
type Comparison struct {
	Version    string    `json:"version"`
	Against    string    `json:"against"`
	By         string    `json:"by"`
	At         time.Time `json:"at"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Judgements int       `json:"judgements"` // with facts; the others are allowed by every table
	Whole      bool      `json:"whole"`      // no judgement of these days was left out
	Stricter   int       `json:"stricter"`   // judgements whose action becomes severer
	Milder     int       `json:"milder"`
	Changes    []Change  `json:"changes"` // by category and actions
}

// Change counts judgements in which one action becomes another.
type Change struct {
	Category string `json:"category,omitempty"` // whose facts are decided otherwise; empty for the judgement as a whole
	From     Action `json:"from"`
	To       Action `json:"to"`
	Count    int    `json:"count"`
	// Examples are IDs of judgements, the newest. They are not kept: they would outlast the erasure of those judged.
	Examples []string `json:"-"`
}

// Compare decides anew about the judgements of the last days, by the table in force and by a version, and keeps what
// differs with the version. It is the dry run without which nothing is released.
func (k *Keeper) Compare(ctx context.Context, who Actor, version string, days int) (Comparison, error) {
	if !word(who.ID) {
		return Comparison{}, badTable("by")
	}
	if days < 1 || days > MaxDays {
		return Comparison{}, badTable("days")
	}
	if err := k.Refresh(ctx); err != nil {
		return Comparison{}, err
	}
	v, err := k.Version(ctx, version)
	if err != nil {
		return Comparison{}, err
	}
	next, err := v.compile()
	if err != nil {
		return Comparison{}, err
	}
	now, at := k.Current(), k.now()
	c := Comparison{Version: version, Against: now.Version(), By: who.ID, At: at, From: at.AddDate(0, 0, -days), To: at, Changes: []Change{}}
	if err := k.replay(ctx, &c, now, next); err != nil {
		return Comparison{}, err
	}
	p := payload{Version: version, Digest: hex.EncodeToString(v.Digest[:]), By: who.ID, Against: c.Against, Seen: &c}
	return c, k.commit(RecordCompared, who.Role, p, func(rec evidence.Record) error { return k.store.Compared(ctx, rec, c) })
}

// turn is what a change counts.
type turn struct {
	category string
	from, to Action
}

// replay reads the journal page by page.
func (k *Keeper) replay(ctx context.Context, c *Comparison, now, next *Policy) error {
	turns := map[turn]*Change{}
	q := PastQuery{From: c.From, To: c.To, WithFacts: true, Limit: MaxPage}
	for c.Judgements < MaxCompared && !c.Whole {
		page, err := k.store.Past(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			c.count(turns, &page[i], now, next)
		}
		c.Judgements += len(page)
		progress.Tell(ctx, int64(c.Judgements), 0)
		c.Whole = len(page) < MaxPage
		if !c.Whole {
			last := page[len(page)-1]
			q.After = Place{last.At, last.ID}
		}
	}
	for _, change := range turns {
		c.Changes = append(c.Changes, *change)
	}
	slices.SortFunc(c.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return nil
}

// count decides about one judgement by both tables. A change is counted once for each category and once for the whole.
func (c *Comparison) count(turns map[turn]*Change, j *Judged, now, next *Policy) {
	whole := turn{from: Allow, to: Allow}
	var found []turn
	for i := range j.Facts {
		f := &j.Facts[i]
		t := turn{f.Category, now.action(f), next.action(f)}
		whole.from, whole.to = max(whole.from, t.from), max(whole.to, t.to)
		if t.from != t.to && !slices.Contains(found, t) {
			found = append(found, t)
		}
	}
	switch {
	case whole.to > whole.from:
		c.Stricter++
	case whole.to < whole.from:
		c.Milder++
	}
	if whole.from != whole.to {
		found = append(found, whole)
	}
	for _, t := range found {
		change := turns[t]
		if change == nil {
			change = &Change{Category: t.category, From: t.from, To: t.to}
			turns[t] = change
		}
		change.Count++
		if len(change.Examples) < maxExamples {
			change.Examples = append(change.Examples, j.ID)
		}
	}
}

// action is what a policy does about one fact.
func (p *Policy) action(f *Fact) Action {
	n, err := p.find(f)
	if err != nil {
		return Refuse
	}
	return p.table.Rows[n].Action
}
