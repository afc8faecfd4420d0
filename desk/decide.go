package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ruling is what a person decides.
type Ruling struct {
	Outcome   Outcome
	Statement Statement
	// Facts say what was found, Explanation why that breaks the ground or does not. Both are told to both sides, so they name
	// nobody.
	Facts       string
	Explanation string
	Deeds       []Deed
	// Undo lists what of the first decision is undone, by its place, where an appeal changes it. What is reversed is undone
	// altogether.
	Undo []int
	// Proof says how it was shown that whoever asks for a right is the person; nil where nothing is said of it.
	Proof *Proof
}

const (
	leastWords = 10
	maxDeeds   = 20
)

// check looks at a ruling for a case.
func (r *Ruling) check(k Kind) error {
	plain := func(s string) bool { return utf8.RuneCountInString(strings.TrimSpace(s)) >= leastWords }
	switch {
	case !slices.Contains(k.Outcomes(), r.Outcome):
		return invalid("outcome")
	case !prose(r.Facts, MaxText) || !plain(r.Facts):
		return invalid("facts")
	case !prose(r.Explanation, MaxText) || !plain(r.Explanation):
		return invalid("explanation")
	case len(r.Deeds) > maxDeeds:
		return invalid("deeds")
	case len(r.Undo) > 0 && r.Outcome != Changed:
		return invalid("undo")
	}
	s, restricts := &r.Statement, false
	for i := range r.Deeds {
		if err := r.Deeds[i].check(); err != nil {
			return err
		}
		restricts = restricts || r.Deeds[i].Do.restricts()
	}
	for _, c := range append(slices.Clone(s.Visibility), s.Provision, s.Account) {
		restricts = restricts || c != "" && c != VisibilityRestored && c != AccountRestored
	}
	switch {
	case restricts && slices.Contains([]Outcome{Unfounded, Unproven, Upheld}, r.Outcome):
		return invalid("outcome") // nothing is done to anybody without a cause
	case restricts && len(s.Clauses) == 0 && strings.TrimSpace(s.Terms) == "":
		return invalid("ground")
	}
	return s.check()
}

// Decide decides a case. What the ruling does is carried out by [Desk.Perform], which the caller runs next and the sweep runs
// again for what is left.
func (d *Desk) Decide(ctx context.Context, by Clerk, id string, r Ruling) (Case, error) {
	before, err := d.Case(ctx, id)
	if err != nil {
		return Case{}, err
	}
	if err := r.check(before.Kind); err != nil {
		return Case{}, err
	}
	if err := d.entitled(ctx, before, &r); err != nil {
		return Case{}, err
	}
	undo, err := d.undo(ctx, before, r)
	if err != nil {
		return Case{}, err
	}
	return d.change(ctx, id, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if err := c.yours(by); err != nil {
			return ledger.Act{}, err
		}
		if err := c.may(by); err != nil { // what was found since may be about the person
			return ledger.Act{}, err
		}
		mark := d.mark(e, c, ToDecide, now)
		if err := c.to(Decided); err != nil {
			return ledger.Act{}, err
		}
		c.Decision = &Decision{By: by.By, Outcome: r.Outcome, Statement: r.Statement, Proof: r.Proof, Mark: mark}
		c.Lease, c.Actions = time.Time{}, nil
		for _, deed := range r.Deeds {
			c.Actions = append(c.Actions, Action{Deed: deed, Key: fmt.Sprintf("%s/%d", c.ID, len(c.Actions)), Result: Pending, Next: now})
		}
		for _, a := range undo {
			a.Next = now
			c.Actions = append(c.Actions, a)
		}
		d.concern(e, c, r.Deeds)
		addKey(e, ledger.Key{Name: keyDecided, Value: month(now)})
		if err := d.amend(e, func(p *Particulars) { p.Facts, p.Explanation = r.Facts, r.Explanation }); err != nil {
			return ledger.Act{}, err
		}
		return c.act(RecordDecided, by.By, payload{Outcome: r.Outcome, Statement: &r.Statement, Proof: r.Proof, Other: c.AppealOf, Ruling: map[string]string{"facts": r.Facts, "explanation": r.Explanation}}), nil
	})
}

// concern has a case be about the account that the decision is about, where nobody could be sure before: whoever something is
// taken from may appeal.
func (d *Desk) concern(e *Entry, c *Case, deeds []Deed) {
	var account evidence.Subject
	for _, deed := range deeds {
		if deed.Do == LimitContent || deed.Do == ReleaseContent {
			addKey(e, ledger.Key{Name: keyContent, Value: deed.Target}) // by which Binds finds it
		}
	}
	for _, deed := range deeds {
		one := evidence.Subject(deed.Target)
		if deed.Do != TakeMeasure {
			i := slices.IndexFunc(c.Found, func(f Found) bool { return f.Number == deed.Target })
			if !deed.Do.restricts() || i < 0 {
				continue
			}
			one = c.Found[i].Account
		}
		if account != "" && one != "" && one != account {
			return // several, so none
		}
		account = cmp.Or(one, account)
	}
	if c.About.Account == "" && account != "" && account != evidence.System {
		c.About.Account = account
		d.index(e, c, nil)
	}
}

// undo lists the actions by which an appeal takes back what was done for the decision before.
func (d *Desk) undo(ctx context.Context, c Case, r Ruling) ([]Action, error) {
	if c.AppealOf == "" || r.Outcome == Upheld {
		return nil, nil
	}
	one, err := d.Case(ctx, c.AppealOf)
	if err != nil {
		return nil, err
	}
	var list []Action
	for i, a := range one.Actions {
		if a.Undoes == "" && (r.Outcome == Reversed || slices.Contains(r.Undo, i)) {
			list = append(list, Action{Deed: a.Deed, Key: a.Key, Undoes: one.ID, Ref: a.Ref, Result: Pending})
		}
	}
	if slices.ContainsFunc(r.Undo, func(i int) bool { return i < 0 || i >= len(one.Actions) }) {
		return nil, invalid("undo")
	}
	return list, nil
}

// unseal opens what is sealed in a case.
func (d *Desk) unseal(e *Entry, c *Case, p *Particulars) error {
	*p = Particulars{}
	ok, err := d.book.Open(*e, p)
	if err == nil && !ok {
		err = refuse(colophon.Refused, CodeErased, c, nil)
	}
	return err
}

// amend changes what is sealed in a case. For a subject who was erased, or whose data is restricted, nothing is sealed any more.
func (d *Desk) amend(e *Entry, fn func(p *Particulars)) error {
	var p Particulars
	ok, err := d.book.Open(*e, &p)
	if err != nil || !ok {
		return err
	}
	fn(&p)
	return d.book.Secret(e, p)
}
