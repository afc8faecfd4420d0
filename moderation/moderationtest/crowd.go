package moderationtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/moderation"
)

const reviewers = 16

// nodes are dockets on the nodes of the bench.
func (s *suite) nodes() []*moderation.Docket {
	p, err := moderation.ParsePlan([]byte(plan))
	s.no(err)
	var list []*moderation.Docket
	for _, store := range s.Stores {
		d, err := moderation.NewDocket(store, s.Recorder, s.Keys, p)
		s.no(err)
		list = append(list, d)
	}
	return list
}

// crowd has 16 reviewers work off a docket at once, some of whom return what they took once. Nobody has an item that
// another has, each item is decided once, and by two where two must.
func (s *suite) crowd() {
	const items = 48
	for i := range items {
		s.enter([]string{"fraud", "weapons", "drugs"}[i%3])
	}
	nodes := s.nodes()
	var mu sync.Mutex
	holds := map[string]string{} // who has an item
	decided := map[string]int{}
	var wg sync.WaitGroup
	for n := range reviewers {
		d, by := nodes[n%len(nodes)], reviewer(n)
		wg.Go(func() {
			for round := 0; ; round++ {
				it, there, err := d.Next(s.ctx, by, moderation.Filter{})
				var e *colophon.Error
				if errors.As(err, &e) && e.Code == moderation.CodeChanged {
					continue
				}
				if err != nil || !there {
					if err != nil {
						s.Error(err)
					}
					return
				}
				mu.Lock()
				if other := holds[it.ID]; other != "" {
					s.Errorf("%s has what %s has", by.ID, other)
				}
				holds[it.ID] = by.ID
				mu.Unlock()
				free := func() { mu.Lock(); delete(holds, it.ID); mu.Unlock() }
				if round == 0 && n%4 == 0 {
					free()
					if _, err := d.Return(s.ctx, by, it.ID); err != nil {
						s.Error(err)
					}
					continue
				}
				if _, err := d.Read(s.ctx, by, it.ID); err != nil {
					s.Error(err)
				}
				free()
				if _, err := d.Decide(s.ctx, by, ruling(it.ID, moderation.Release)); err != nil {
					s.Error(err)
				}
				mu.Lock()
				decided[it.ID]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	s.finish(items, decided)
}

// finish has one more reviewer take what nobody was there for any more, and compares the store with what was seen.
func (s *suite) finish(items int, decided map[string]int) {
	for {
		it, there, err := s.docket.Next(s.ctx, reviewer(reviewers), moderation.Filter{})
		s.no(err)
		if !there {
			break
		}
		s.rule(reviewer(reviewers), it.ID, moderation.Release)
		decided[it.ID]++
	}
	list, _, err := s.docket.Items(s.ctx, moderation.Query{States: []moderation.State{moderation.Decided}, Limit: 500})
	s.no(err)
	if len(list) != items {
		s.Errorf("%d of %d items were decided", len(list), items)
	}
	for _, it := range list {
		want := 1
		if slices.Contains(it.Why.Categories(), "drugs") {
			want = 2
		}
		if len(it.Opinions) != want || decided[it.ID] != want || it.Outcome != moderation.Release {
			s.Errorf("%d opinions and %d decisions, want %d", len(it.Opinions), decided[it.ID], want)
		}
	}
}

// oneItem has 16 reviewers want the same item: one gets it, and there is one record of it.
func (s *suite) oneItem() {
	it := s.enter("fraud")
	nodes := s.nodes()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var won []string
	for n := range reviewers {
		wg.Go(func() {
			_, err := nodes[n%len(nodes)].Take(s.ctx, reviewer(n), it.ID)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, reviewer(n).ID)
				return
			}
			s.code(err, moderation.CodeTaken)
		})
	}
	wg.Wait()
	if len(won) != 1 || s.item(it.ID).Reviewer != won[0] || len(s.Records()) != 2 {
		s.Errorf("%v have it, %d records", won, len(s.Records()))
	}
}

// walk does at random what people and time do, and checks after each step what must always hold.
func (s *suite) walk() {
	rng := rand.New(rand.NewPCG(5, 8))
	people := []moderation.By{reviewer(1), reviewer(2), reviewer(3), officer(1), officer(2)}
	now := start()
	var ids []string
	seen := map[string]moderation.Item{}
	for range 600 {
		if len(ids) < 3 || rng.IntN(12) == 0 {
			ids = append(ids, s.enter([]string{"fraud", "drugs", "weapons"}[rng.IntN(3)]).ID)
		}
		id, by := ids[max(0, len(ids)-4)+rng.IntN(min(4, len(ids)))], people[rng.IntN(len(people))]
		if i := slices.IndexFunc(people, func(p moderation.By) bool { return p.ID == seen[id].Reviewer }); i >= 0 && rng.IntN(3) > 0 {
			by = people[i] // who has it, most of the time
		}
		var err error
		switch rng.IntN(12) {
		case 0:
			now = now.Add(time.Duration(rng.IntN(9)) * time.Minute)
			s.Set(now)
		case 1:
			_, err = s.docket.Expire(s.ctx, 3)
		case 2:
			_, err = s.docket.Return(s.ctx, by, id)
		case 3:
			_, err = s.docket.Extend(s.ctx, by, id)
		case 4:
			_, err = s.docket.Acted(s.ctx, role, id)
		case 5, 6:
			_, err = s.docket.Read(s.ctx, by, id)
		case 7, 8, 9:
			all := moderation.Decisions()
			_, err = s.docket.Decide(s.ctx, by, ruling(id, all[rng.IntN(len(all))]))
		default:
			_, err = s.docket.Take(s.ctx, by, id)
		}
		var e *colophon.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != colophon.Conflict && e.Kind != colophon.Refused) {
			s.Fatal(err)
		}
		s.always(seen, s.item(id))
	}
	s.Set(now.Add(4 * time.Hour))
	_, err := s.docket.Expire(s.ctx, 500)
	s.no(err)
	count := map[moderation.State]int{}
	for _, id := range ids {
		it := s.item(id)
		s.always(seen, it)
		count[it.State]++
	}
	if count[moderation.Decided] < 5 || count[moderation.Expired] < 5 || count[moderation.Decided]+count[moderation.Expired] != len(ids) {
		s.Errorf("the walk led nowhere: %v", count)
	}
}

// always is what must hold of an item at any time.
func (s *suite) always(seen map[string]moderation.Item, it moderation.Item) {
	s.Helper()
	before, there := seen[it.ID]
	seen[it.ID] = it
	hands := map[string]bool{}
	for _, o := range it.Opinions {
		hands[o.By] = true
	}
	final := ""
	if n := len(it.Opinions); n > 0 && it.State == moderation.Decided {
		final = string(it.Opinions[n-1].Decision)
	}
	for what, wrong := range map[string]bool{
		"closed again or otherwise":         there && before.State.Final() && (before.State != it.State || before.Outcome != it.Outcome),
		"somebody decided twice":            len(hands) != len(it.Opinions),
		"decided after the deadline":        it.State == moderation.Decided && !it.Decided.Before(it.Deadline),
		"expired before the deadline":       it.State == moderation.Expired && it.Decided.Before(it.Deadline),
		"expired and not refused":           it.State == moderation.Expired && it.Outcome != moderation.Refuse,
		"the outcome is nobody's":           it.State == moderation.Decided && string(it.Outcome) != final,
		"open, with an outcome":             !it.State.Final() && (it.Outcome != "" || !it.Acted.IsZero()),
		"drugs decided by one":              it.State == moderation.Decided && it.Why.Findings[0].Category == "drugs" && len(it.Opinions) < 2,
		"a measure proposed by one":         it.Outcome == moderation.RefuseMeasure && it.Queue == "rest" && len(it.Opinions) < 2,
		"a stage that fits no opinion":      it.Stage != moderation.First && len(it.Opinions) == 0,
		"taken by nobody, or had and taken": (it.State == moderation.Taken) != (it.Reviewer != ""),
	} {
		if wrong {
			s.Fatalf("%s: %s", what, fmt.Sprintf("%+v", it))
		}
	}
}
