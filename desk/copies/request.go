package copies

import (
	"context"
	"errors"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Draft is what an account asks for.
type Draft struct {
	Account   evidence.Subject
	Number    artefact.Number // of the item
	Agreement string          // version that was shown and accepted
	Duty      string          // digest of the text of the duty that was shown and accepted; see Duty.Digest
	Purpose   colophon.Code
	Recipient colophon.Code
	Words     string // what it is for, in the account's words
	Case      string // of the desk, where it came by one
}

func (d Draft) check() error {
	switch {
	case d.Account == evidence.System || !word(string(d.Account)):
		return invalid("account")
	case !word(string(d.Number)):
		return invalid("number")
	case !word(d.Agreement):
		return invalid("agreement")
	case !slices.Contains(Purposes(), d.Purpose):
		return invalid("purpose")
	case !slices.Contains(Recipients(), d.Recipient):
		return invalid("recipient")
	case !prose(d.Words, maxWords) || d.Purpose == ForOther && d.Words == "":
		return invalid("words")
	case d.Case != "" && !word(d.Case):
		return invalid("case")
	}
	return nil
}

// allow says why facts do not allow a copy under a version of the agreement, if they do not.
func (f Facts) allow(agreement string) error {
	switch {
	case !f.Own:
		return &colophon.Error{Kind: colophon.Missing, Code: CodeContent}
	case !f.Verified:
		return refuse(colophon.Refused, CodeVerified)
	case f.Limited:
		return refuse(colophon.Refused, CodeLimited)
	case !f.OnRequest:
		return refuse(colophon.Refused, CodePolicy)
	case f.Agreement == "" || f.Agreement != agreement:
		return refuse(colophon.Refused, CodeAgreement)
	case !f.Original:
		return refuse(colophon.Missing, CodeOriginal)
	case f.Beside:
		return refuse(colophon.Refused, CodeFormat)
	}
	return nil
}

// Offer is what an account has to accept for a copy of an item, and why it can't have one.
type Offer struct {
	Duty      Duty
	Digest    string        // of the duty
	Months    int           // for how long the log is kept at least
	Agreement string        // version that the account accepted and that is in force for it; empty for none
	Refusal   colophon.Code // empty where it may ask
}

// Offer says what an account has to accept for a copy of an item of its own.
func (k *Keeper) Offer(ctx context.Context, account evidence.Subject, number artefact.Number) (Offer, error) {
	if !word(string(number)) {
		return Offer{}, invalid("number")
	}
	facts, err := k.Checker.Check(ctx, account, number)
	if err != nil {
		return Offer{}, err
	}
	o := Offer{Duty: k.Rules.Duty, Digest: k.Rules.Duty.Digest(), Months: k.Rules.KeepMonths, Agreement: facts.Agreement}
	var why *colophon.Error
	if err = facts.allow(facts.Agreement); !errors.As(err, &why) {
		return o, err
	}
	if why.Code == CodeContent {
		return Offer{}, err
	}
	o.Refusal = why.Code
	return o, nil
}

// Request takes a request, and decides it where a rule does. Where only that fails the request stands, and [Keeper.Sweep]
// decides it.
func (k *Keeper) Request(ctx context.Context, by ledger.By, d Draft) (Copy, error) {
	if err := d.check(); err != nil {
		return Copy{}, err
	}
	if d.Duty != k.Rules.Duty.Digest() {
		return Copy{}, refuse(colophon.Refused, CodeDuty)
	}
	facts, err := k.Checker.Check(ctx, d.Account, d.Number)
	if err == nil {
		err = facts.allow(d.Agreement)
	}
	if err != nil {
		return Copy{}, err
	}
	policy, err := facts.Class.Policy()
	if err != nil {
		return Copy{}, err
	}
	id, err := k.book.Recorder.NewID()
	if err != nil {
		return Copy{}, err
	}
	c := Copy{Number: d.Number, Class: policy.Function, Agreement: d.Agreement, Duty: d.Duty, Purpose: d.Purpose, Recipient: d.Recipient, Case: d.Case}
	if person(by) == nil {
		c.Asker = by.ID
	}
	e := Entry{ID: id, Subject: d.Account, State: string(Requested), Value: c,
		Keys: []ledger.Key{{Name: keyOpen, Value: string(d.Account) + "/" + string(d.Number), Unique: true}, {Name: keyContent, Value: string(d.Number)}}}
	row := k.Rules.find(&c)
	if row.Decide != Person {
		e.Due = k.book.Now()
	}
	e, err = k.book.Add(ctx, e, Particulars{Words: d.Words, Duty: k.Rules.Duty}, act(RecordRequested, by, &e, payload{Words: d.Words}))
	if errors.Is(err, ledger.ErrExists) {
		return Copy{}, refuse(colophon.Conflict, CodeAsked)
	}
	if err != nil || row.Decide == Person {
		return read(e), err
	}
	return k.rule(ctx, id)
}

// rule decides a request by the rules, where they do.
func (k *Keeper) rule(ctx context.Context, id string) (Copy, error) {
	return k.change(ctx, id, func(e *Entry, s *Particulars) (ledger.Act, error) {
		if State(e.State) != Requested {
			return ledger.Act{}, ledger.ErrSame
		}
		row := k.Rules.find(&e.Value)
		if row.Decide == Person { // the rules became others
			return ledger.Act{}, ledger.ErrSame
		}
		return k.decide(e, Decision{By: ledger.By{Role: system}, Rule: row.ID, Rules: k.rules, Reason: row.Why}, "")
	})
}

// Ruling is what a person decides.
type Ruling struct {
	Grant  bool
	Reason colophon.Code // of a refusal, one of [Reasons]
	Note   string        // told to the account
}

func person(by ledger.By) error {
	if !by.Person() {
		return refuse(colophon.Refused, CodePerson)
	}
	return nil
}

// Decide has a person decide a request.
func (k *Keeper) Decide(ctx context.Context, by desk.Clerk, id string, r Ruling) (Copy, error) {
	if err := person(by.By); err != nil {
		return Copy{}, err
	}
	switch {
	case r.Grant != (r.Reason == "") || r.Reason != "" && !slices.Contains(Reasons(), r.Reason):
		return Copy{}, invalid("reason")
	case !prose(r.Note, maxWords):
		return Copy{}, invalid("note")
	}
	return k.change(ctx, id, func(e *Entry, s *Particulars) (ledger.Act, error) {
		if by.ID == e.Value.Asker {
			return ledger.Act{}, refuse(colophon.Refused, CodeOwn)
		}
		s.Note = r.Note
		return k.decide(e, Decision{By: by.By, Reason: r.Reason}, r.Note)
	})
}

// decide decides a request, or says why what was granted is refused after all.
func (k *Keeper) decide(e *Entry, d Decision, note string) (ledger.Act, error) {
	to, typ := Granted, RecordGranted
	if d.Reason != "" {
		to, typ = Refused, RecordRefused
	}
	if err := k.to(e, to); err != nil {
		return ledger.Act{}, err
	}
	d.At = k.book.Now()
	e.Value.Decision = &d
	return act(typ, d.By, e, payload{Rule: d.Rule, Rules: d.Rules, Reason: d.Reason, Cause: e.Value.Cause, Note: note}), nil
}

// to moves a request into a state. What was granted is to be made at once; what may have been made of one that is over is to
// be discarded at once.
func (k *Keeper) to(e *Entry, to State) error {
	from := State(e.State)
	if !from.May(to) {
		return stuck(e.State, to)
	}
	e.State, e.Due = string(to), k.book.Now()
	if to == Refused || to == Withdrawn {
		e.Keys = without(e.Keys, keyOpen)
		if e.Value.Left = from == Granted; !e.Value.Left {
			e.Due = e.Made.AddDate(0, k.Rules.KeepMonths, 0)
		}
	}
	return nil
}

// change changes a request, with what is sealed in it.
func (k *Keeper) change(ctx context.Context, id string, fn func(e *Entry, s *Particulars) (ledger.Act, error)) (Copy, error) {
	e, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		var s Particulars
		ok, err := k.book.Open(*e, &s)
		if err != nil {
			return ledger.Act{}, err
		}
		act, err := fn(e, &s)
		if err == nil && ok {
			err = k.book.Secret(e, s)
		}
		return act, err
	})
	return read(e), err
}

// Withdraw has an account take a request back that was not handed out.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, account evidence.Subject, id string) (Copy, error) {
	return k.change(ctx, id, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		if e.Subject != account {
			return ledger.Act{}, refuse(colophon.Missing, CodeMissing)
		}
		err := k.to(e, Withdrawn)
		return act(RecordWithdrawn, by, e, payload{}), err
	})
}

// Own returns a request of an account, with what it wrote, what it was told, and its receipt. Who of the staff decided is not
// told.
func (k *Keeper) Own(ctx context.Context, account evidence.Subject, id string) (Copy, Particulars, error) {
	var s Particulars
	e, err := k.book.Get(ctx, id)
	if err == nil && e.Subject != account {
		err = refuse(colophon.Missing, CodeMissing)
	}
	if err != nil {
		return Copy{}, s, err
	}
	_, err = k.book.Open(e, &s)
	c := read(e)
	c.Asker = ""
	if c.Decision != nil {
		decision := *c.Decision
		decision.By.ID = ""
		c.Decision = &decision
	}
	return c, s, err
}

// Read opens what is sealed in a request, for a person of the staff, after that was recorded.
func (k *Keeper) Read(ctx context.Context, by ledger.By, id string) (Copy, Particulars, error) {
	var s Particulars
	if err := person(by); err != nil {
		return Copy{}, s, err
	}
	e, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		ok, err := k.book.Open(*e, &s)
		if err == nil && !ok {
			err = refuse(colophon.Conflict, CodeErased)
		}
		return act(RecordRead, by, e, payload{}), err
	})
	if err != nil {
		return Copy{}, Particulars{}, err
	}
	return read(e), s, nil
}

// Copy returns a request.
func (k *Keeper) Copy(ctx context.Context, id string) (Copy, error) {
	e, err := k.book.Get(ctx, id)
	return read(e), err
}

// Filter says which requests are wanted; the zero value means all.
type Filter struct {
	Account evidence.Subject
	States  []State
	Number  artefact.Number // of the item that a copy was asked of
	After   string
	Limit   int
}

// Copies returns a page of requests, the newest first, and where the next page begins.
func (k *Keeper) Copies(ctx context.Context, f Filter) ([]Copy, string, error) {
	q := ledger.Query{Newest: true, Subject: f.Account, After: f.After, Limit: f.Limit}
	for _, s := range f.States {
		q.States = append(q.States, string(s))
	}
	if f.Number != "" {
		q.Keys = []ledger.Key{{Name: keyContent, Value: string(f.Number)}}
	}
	page, next, err := k.book.Page(ctx, q)
	list := make([]Copy, len(page))
	for i, e := range page {
		list[i] = read(e)
	}
	return list, next, err
}
