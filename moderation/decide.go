package moderation

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Ruling is what a reviewer decides about an item that he has.
type Ruling struct {
	Item     string        `json:"item"`
	Decision Decision      `json:"decision"`
	Reason   colophon.Code `json:"reason,omitempty"`  // a code for statistics and notices; a refusal needs one
	Measure  string        `json:"measure,omitempty"` // code of the measure that [RefuseMeasure] proposes
	Note     string        `json:"note,omitempty"`    // prose; it stands in the sealed payload of the record alone
}

func (r Ruling) check() error {
	switch {
	case !slices.Contains(Decisions(), r.Decision):
		return invalid("decision")
	case r.Reason == "" && (r.Decision == Refuse || r.Decision == RefuseMeasure), r.Reason != "" && !word(string(r.Reason), ".-"):
		return invalid("reason")
	case (r.Decision == RefuseMeasure) != (r.Measure != ""), r.Measure != "" && !word(r.Measure, ".-_"):
		return invalid("measure")
	case !note(r.Note):
		return invalid("note")
	}
	return nil
}

// Decide decides about an item that the reviewer has. It may take another person's decision to close the item: the answer
// says in which state and stage the item is then.
//
// An escalated item goes to a senior. One whose decision must be confirmed goes to another reviewer, who decides without
// knowing what the first one did. If both come to the same, that is the outcome; if not, a senior settles it, who is
// neither of them. What a senior decides after somebody else did is the outcome.
func (d *Docket) Decide(ctx context.Context, by By, r Ruling) (Item, error) {
	if err := errors.Join(by.check(), r.check()); err != nil {
		return Item{}, err
	}
	it, err := d.amend(ctx, r.Item, func(it *Item, now time.Time) (act, error) {
		if err := it.open(by, now); err != nil {
			return act{}, err
		}
		if r.Decision == Release && it.Content != Whole {
			return act{}, unreadable(it.Content)
		}
		if r.Decision == Release && !it.Seen {
			return act{}, refuse(colophon.Refused, CodeUnread, nil)
		}
		op := Opinion{by.ID, it.Stage, r.Decision, string(r.Reason), r.Measure, now}
		typ, err := d.rule(it, op)
		return act{typ, by.Role, payload{By: by.ID, Decision: r.Decision, Outcome: it.Outcome, Reason: r.Reason, Measure: r.Measure, Overturned: it.Overturned, Note: r.Note}}, err
	})
	if !it.State.Final() {
		it = it.Blind()
	}
	return it, err
}

// open refuses whoever may not decide about the item now.
func (it *Item) open(by By, now time.Time) error {
	if it.State.Final() {
		return refuse(colophon.Conflict, CodeStep, colophon.Args{"from": string(it.State), "to": string(Decided)})
	}
	if err := it.yours(by); err != nil {
		return err
	}
	if !it.Deadline.After(now) {
		return refuse(colophon.Conflict, CodeOverdue, nil)
	}
	return nil
}

// rule does what follows from an opinion.
func (d *Docket) rule(it *Item, op Opinion) (evidence.Type, error) {
	first := it.first()
	it.Opinions = append(slices.Clone(it.Opinions), op)
	switch {
	case op.Decision == Escalate, it.Stage == Second && (first == nil || !op.agrees(*first)):
		return RecordEscalated, it.pass(Senior)
	case first == nil && d.plan.confirms(it, op.Decision):
		return RecordProposed, it.pass(Second)
	}
	it.Overturned = first != nil && !op.agrees(*first)
	typ := RecordDecided
	if it.Stage == Second {
		typ = RecordConfirmed
	}
	return typ, d.close(it, Decided, op.Decision, colophon.Code(op.Reason), op.Measure, op.At)
}

// close ends the life of an item.
func (d *Docket) close(it *Item, s State, outcome Decision, reason colophon.Code, measure string, now time.Time) error {
	it.Reviewer, it.Lease, it.Seen = "", time.Time{}, false
	it.Outcome, it.Reason, it.Measure, it.Decided = outcome, reason, measure, now
	if it.Sealed != nil {
		it.Ends = now.Add(time.Duration(d.plan.Keep))
	}
	return it.to(s)
}

// Expire refuses what nobody decided in time, a page at a time, and is called now and then. It returns how many items it
// refused, and the errors of the others together; one that can't be refused keeps no other open.
func (d *Docket) Expire(ctx context.Context, limit int) (int, error) {
	n := 0
	var failed []error
	for after := ""; ; {
		list, err := d.store.Items(ctx, Query{Due: d.now(), After: after, Limit: page(limit)})
		if err != nil || len(list) == 0 {
			return n, errors.Join(append(failed, err)...)
		}
		for _, found := range list {
			if _, err := d.amend(ctx, found.ID, d.expire); err != nil {
				failed = append(failed, err)
				continue
			}
			n++
		}
		after = list[len(list)-1].ID
	}
}

func (d *Docket) expire(it *Item, now time.Time) (act, error) {
	if it.State.Final() || it.Deadline.After(now) {
		return act{}, errDone
	}
	err := d.close(it, Expired, Refuse, CodeTimeOut, "", now)
	return act{RecordExpired, sweepers, payload{Outcome: Refuse, Reason: CodeTimeOut}}, err
}

// Outstanding returns closed items on whose outcome nobody acted yet, by identifier, after a given one.
func (d *Docket) Outstanding(ctx context.Context, after string, limit int) ([]Item, error) {
	return d.store.Items(ctx, Query{Outstanding: true, After: after, Limit: page(limit)})
}

// Acted says that whoever waited for an item acted on its outcome. To say it again changes nothing.
func (d *Docket) Acted(ctx context.Context, role evidence.Role, id string) (Item, error) {
	return d.amend(ctx, id, func(it *Item, now time.Time) (act, error) {
		switch {
		case !it.State.Final():
			return act{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": string(it.State), "to": string(Decided)})
		case !it.Acted.IsZero():
			return act{}, errDone
		}
		it.Acted = now
		return act{RecordActed, role, payload{Outcome: it.Outcome}}, nil
	})
}

// Tell hands the closed items on whose outcome nobody acted to whoever acts on them, and notes those that were acted on
// without an error. After a crash an item comes again, so acting on it MUST be idempotent. Tell returns how many items were
// acted on, and the errors of the others together; one that fails keeps nobody else waiting.
func (d *Docket) Tell(ctx context.Context, role evidence.Role, decided func(context.Context, Item) error) (int, error) {
	n := 0
	var failed []error
	for after := ""; ; {
		list, err := d.Outstanding(ctx, after, 0)
		if err != nil || len(list) == 0 {
			return n, errors.Join(append(failed, err)...)
		}
		for _, it := range list {
			err := decided(ctx, it)
			if err == nil {
				_, err = d.Acted(ctx, role, it.ID)
			}
			if err != nil {
				failed = append(failed, err)
				continue
			}
			n++
		}
		after = list[len(list)-1].ID
	}
}

// Spent returns items whose content nobody needs any more: its time is over, or its subject was erased. The caller deletes
// the blob where an item has one and then calls EndContent; when it dies in between, the item comes again.
func (d *Docket) Spent(ctx context.Context, limit int) ([]Item, error) {
	return d.store.Items(ctx, Query{Spent: d.now(), Limit: page(limit)})
}

// EndContent takes away the sealed content of an item that Spent returned.
func (d *Docket) EndContent(ctx context.Context, id string) (Item, error) {
	return d.amend(ctx, id, func(it *Item, now time.Time) (act, error) {
		switch {
		case it.Ends.IsZero() && it.Sealed == nil:
			return act{}, errDone
		case it.Ends.IsZero() || it.Ends.After(now):
			return act{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": string(it.State), "to": string(Ended)})
		}
		done := act{RecordEnded, sweepers, payload{Blob: it.Blob}}
		it.Sealed, it.Blob, it.Ends = nil, "", time.Time{}
		if it.Content == Whole {
			it.Content = Ended
		}
		return done, nil
	})
}
