package library

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// act is the payload of the records.
type act struct {
	By      string   `json:"by"` // identifier of a staff account
	To      State    `json:"to,omitempty"`
	Batch   string   `json:"batch,omitempty"`
	IDs     []string `json:"ids,omitempty"`
	Count   int      `json:"count"`
	Origin  string   `json:"origin,omitempty"`
	Digest  string   `json:"digest,omitempty"` // over the content of what is proposed, with its entry standards and reasons
	Reason  string   `json:"reason,omitempty"`
	Version int64    `json:"version,omitempty"` // that this makes, or that was replayed
	Library string   `json:"library,omitempty"` // digest over the active features of that version
	Report  *Report  `json:"report,omitempty"`
}

// Propose proposes features as one batch. Their identifiers are kept; who has none gets one.
func (k *Curator) Propose(ctx context.Context, by Actor, origin string, features []Feature) (Batch, error) {
	b, _, err := k.propose(ctx, by, origin, features)
	return b, err
}

// propose returns what was proposed as a set, too.
func (k *Curator) propose(ctx context.Context, by Actor, origin string, features []Feature) (Batch, *Set, error) {
	if err := by.check(); err != nil {
		return Batch{}, nil, err
	}
	switch {
	case len(features) == 0:
		return Batch{}, nil, refuse(colophon.Invalid, CodeNothing, nil, nil)
	case !text(origin):
		return Batch{}, nil, refuse(colophon.Invalid, CodeOrigin, nil, nil)
	case len(features) > MaxBatch:
		return Batch{}, nil, refuseLong(MaxBatch)
	}
	id, err := k.c.Recorder.NewID()
	if err != nil {
		return Batch{}, nil, err
	}
	features = slices.Clone(features)
	now := k.now()
	var clauses []colophon.Clause
	for i := range features {
		f := &features[i]
		f.tidy()
		f.Course = Course{State: Proposed, Batch: id, Proposer: by.ID, Proposed: now, Changed: now}
		if c := f.Category.Clause(); !slices.Contains(clauses, c) {
			clauses = append(clauses, c)
		}
	}
	set, err := k.compiled(features)
	if err != nil {
		return Batch{}, nil, err
	}
	b := Batch{ID: id, Proposer: by.ID, Proposed: now, Origin: origin, Digest: set.version.Digest, Count: len(features), States: map[State]int{Proposed: len(features)}}
	p := act{By: by.ID, To: Proposed, Batch: id, Count: b.Count, Origin: origin, Digest: b.Digest.String()}
	err = k.proven(RecordProposed, by, clauses, p, func(rec evidence.Record) error {
		return k.c.Store.Propose(ctx, rec, []string{"batch/" + id}, b, features)
	})
	return b, set, err
}

// compiled makes a set of features in the order of their identifiers, as they come from the store.
func (k *Curator) compiled(features []Feature) (*Set, error) {
	order := make([]int, len(features))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return strings.Compare(features[i].ID, features[j].ID) })
	b := newBuilder(k.c.Options)
	for _, i := range order {
		if err := b.add(&features[i], i+1); err != nil {
			return nil, err
		}
	}
	return b.finish()
}

// Review says that somebody who did not propose the features agrees with them.
func (k *Curator) Review(ctx context.Context, by Actor, sel Selection) (int, error) {
	p, err := k.pick(ctx, by, sel, Reviewed, "")
	if err != nil {
		return 0, err
	}
	return p.move.Count, k.commit(ctx, p)
}

// Reject says that features will not come into force, and why. Whoever proposed them may do so too.
func (k *Curator) Reject(ctx context.Context, by Actor, sel Selection, reason string) (int, error) {
	p, err := k.pick(ctx, by, sel, Rejected, reason)
	if err != nil {
		return 0, err
	}
	return p.move.Count, k.commit(ctx, p)
}

// Activate puts features in force that were replayed, and makes a new version of the library.
func (k *Curator) Activate(ctx context.Context, by Actor, sel Selection) (Version, error) {
	return k.release(ctx, by, sel, Active, "")
}

// Retire takes features out of force, and makes a new version of the library. What it would change is told by
// [Curator.Rehearse].
func (k *Curator) Retire(ctx context.Context, by Actor, sel Selection, reason string) (Version, error) {
	return k.release(ctx, by, sel, Retired, reason)
}

// release changes which features are active. The set is compiled before anything is changed, so that no version comes into
// force that can't be used.
func (k *Curator) release(ctx context.Context, by Actor, sel Selection, to State, reason string) (Version, error) {
	err := ErrChanged
	for range tries {
		var p picked
		if p, err = k.pick(ctx, by, sel, to, reason); err != nil {
			return Version{}, err
		}
		var set *Set
		if set, err = k.compile(ctx, &p); err == nil {
			p.move.Version = &set.version
			p.act.Version, p.act.Library = set.version.Number, set.version.Digest.String()
			err = k.commit(ctx, p)
		}
		if err == nil {
			k.swap(set)
			return set.version, nil
		}
		if !errors.Is(err, ErrChanged) {
			break
		}
	}
	return Version{}, err
}

// compile makes the set that would be in force after a change, and has the change take just the features that are in it.
func (k *Curator) compile(ctx context.Context, p *picked) (*Set, error) {
	v, err := k.version(ctx, 0)
	if err != nil {
		return nil, err
	}
	b := newBuilder(k.c.Options)
	var without func(*Feature) bool
	if p.move.To == Retired {
		without = p.has
	}
	if err := k.load(ctx, b, v.Number, without); err != nil {
		return nil, err
	}
	if p.move.To != Retired {
		var ids []string
		if err := k.each(ctx, Query{Batch: p.move.Batch, IDs: p.move.IDs}, func(f *Feature) error {
			if !slices.Contains(p.move.From, f.State) {
				return nil
			}
			ids = append(ids, f.ID)
			return b.add(f, len(b.names)+1)
		}); err != nil {
			return nil, err
		}
		if len(ids) != p.move.Count {
			return nil, told(ErrChanged)
		}
		p.move.IDs = ids
	}
	set, err := b.finish()
	if err == nil {
		set.version.Number, set.version.At = v.Number+1, k.now()
	}
	return set, err
}

// picked is a change that was found possible.
type picked struct {
	by      Actor
	record  evidence.Type
	about   []string
	clauses []colophon.Clause
	move    Move
	act     act
}

// has reports whether a feature belongs to the change.
func (p *picked) has(f *Feature) bool {
	return p.move.Batch != "" && f.Batch == p.move.Batch || slices.Contains(p.move.IDs, f.ID)
}

// pick finds the features of a selection and asks the table of steps whether somebody may take them to a state.
func (k *Curator) pick(ctx context.Context, by Actor, sel Selection, to State, reason string) (picked, error) {
	if err := by.check(); err != nil {
		return picked{}, err
	}
	if (sel.Batch == "") == (len(sel.IDs) == 0) {
		return picked{}, refuse(colophon.Invalid, CodeNothing, nil, nil)
	}
	p := picked{by: by, clauses: []colophon.Clause{colophon.ClauseDS10}, move: Move{Batch: sel.Batch, IDs: slices.Clone(sel.IDs), To: to, At: k.now()}}
	states, proposers, err := k.found(ctx, &p)
	if err != nil {
		return picked{}, err
	}
	for _, from := range States() {
		if states[from] == 0 {
			continue
		}
		s, err := stepFrom(from, to)
		switch {
		case err != nil && sel.Batch != "":
			continue // the rest of the batch may go
		case err != nil:
			return picked{}, err
		case s.reason && strings.TrimSpace(reason) == "" || !text(reason):
			return picked{}, refuse(colophon.Invalid, CodeReason, nil, nil)
		case s.other && by.Role == System().Role:
			return picked{}, refuse(colophon.Refused, CodeActor, nil, nil)
		case s.other && slices.Contains(proposers, by.ID):
			return picked{}, refuse(colophon.Refused, CodeSelf, nil, nil)
		}
		p.record = s.record
		p.move.From = append(p.move.From, from)
		p.move.Count += states[from]
	}
	if p.move.Count == 0 {
		for from := range states {
			_, err = stepFrom(from, to)
		}
		return picked{}, err
	}
	p.act = act{By: by.ID, To: to, Batch: sel.Batch, IDs: p.move.IDs, Count: p.move.Count, Reason: reason}
	if to == Reviewed {
		p.move.Reviewer = by.ID
	}
	return p, nil
}

// found counts the features of a selection by state, and names who proposed them.
func (k *Curator) found(ctx context.Context, p *picked) (states map[State]int, proposers []string, err error) {
	if p.move.Batch != "" {
		list, err := k.c.Store.Batches(ctx, BatchQuery{ID: p.move.Batch, Limit: 1})
		if err == nil && len(list) == 0 {
			err = missing()
		}
		if err != nil {
			return nil, nil, err
		}
		p.about = []string{"batch/" + p.move.Batch}
		return list[0].States, []string{list[0].Proposer}, nil
	}
	slices.Sort(p.move.IDs)
	p.move.IDs = slices.Compact(p.move.IDs)
	if len(p.move.IDs) > MaxNamed {
		return nil, nil, refuseLong(MaxNamed)
	}
	list, err := k.c.Store.Features(ctx, Query{IDs: p.move.IDs, Limit: MaxNamed})
	if err == nil && len(list) != len(p.move.IDs) {
		err = missing()
	}
	if err != nil {
		return nil, nil, err
	}
	states = map[State]int{}
	for i := range list {
		states[list[i].State]++
		proposers = append(proposers, list[i].Proposer)
		p.about = append(p.about, "feature/"+list[i].ID)
		if c := list[i].Category.Clause(); !slices.Contains(p.clauses, c) {
			p.clauses = append(p.clauses, c)
		}
	}
	return states, proposers, nil
}

func (k *Curator) commit(ctx context.Context, p picked) error {
	return k.proven(p.record, p.by, p.clauses, p.act, func(rec evidence.Record) error { return k.c.Store.Move(ctx, rec, p.about, p.move) })
}
