// Package assessment keeps the impact assessments of functions that process faces and voices (Personal Information
// Protection Law Art. 55, 56). One person writes a form, another approves it. It covers the function as the register
// described it then, by digest of the register's facts: when purpose, model or scope change, or its day of review comes, it
// lapses by itself.
//
// [Keeper.State] computes whether a function is covered from what is stored and what it is told, so nothing has to run for
// an assessment to lapse. [Keeper.Sweep] writes down what lapsed, so that the record shows when.
//
// Assessments are about functions, not people, and nothing in them is sealed or erased. Their records are of the class that
// is kept for three years at least ([Records]); the entries themselves are kept for good.
//
// What not to do here: never let an error read as current, and never as missing. Never let the author approve. Never name a
// person in a form.
package assessment

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Types of records.
const (
	RecordProposed   evidence.Type = "assessment.proposed"
	RecordApproved   evidence.Type = "assessment.approved"
	RecordRejected   evidence.Type = "assessment.rejected"
	RecordLapsed     evidence.Type = "assessment.lapsed"
	RecordSuperseded evidence.Type = "assessment.superseded"
)

// Records lists the types of records that are kept as impact assessments are: for three years at least.
func Records() []evidence.Type {
	return []evidence.Type{RecordProposed, RecordApproved, RecordRejected, RecordLapsed, RecordSuperseded}
}

// Codes of errors.
const (
	CodeForm     colophon.Code = "assessment-form"     // arg "field": it is missing or out of form
	CodeUnfilled colophon.Code = "assessment-unfilled" // arg "field": it says what the template says
	CodeInvalid  colophon.Code = "assessment-invalid"  // arg "field"
	CodeMissing  colophon.Code = "assessment-missing"  // there is no such assessment
	CodeStep     colophon.Code = "assessment-step"     // args "from", "to"
	CodeOwn      colophon.Code = "assessment-own"      // the author can't approve or reject
	CodeAuthor   colophon.Code = "assessment-author"   // only the author can take it back
	CodeModel    colophon.Code = "assessment-model"    // arg "model": the form leaves out a model of the function
	CodeLikeness colophon.Code = "assessment-likeness" // arg "modality": the form leaves out what the function edits
	CodeChanged  colophon.Code = "assessment-changed"  // the function is another one since the form was written
	CodeReview   colophon.Code = "assessment-review"   // the day of review is not within the next three years
)

// Codes of the reasons for which an assessment does not cover a function.
const (
	ReasonNone      colophon.Code = "assessment-none"
	ReasonFacts     colophon.Code = "assessment-facts-changed"
	ReasonReview    colophon.Code = "assessment-review-due"
	ReasonEnded     colophon.Code = "assessment-ended"
	ReasonAdverse   colophon.Code = "assessment-adverse"
	ReasonWithdrawn colophon.Code = "assessment-withdrawn" // by its author, before anybody decided
	ReasonUntold    colophon.Code = "assessment-untold"    // it could not be told
)

// Assessment is one assessment with its history. Who wrote and decided are staff accounts.
type Assessment struct {
	Form    Form          `json:"form"`
	Digest  string        `json:"digest"` // of the form
	Facts   string        `json:"facts"`  // digest of what the register said of the function
	Author  ledger.By     `json:"author"`
	Decided time.Time     `json:"decided,omitzero"` // approved or rejected
	Decider ledger.By     `json:"decider,omitzero"`
	Ended   time.Time     `json:"ended,omitzero"` // lapsed or superseded
	Reason  colophon.Code `json:"reason,omitempty"`
}

// Entry is an assessment as it is kept.
type Entry = ledger.Entry[Assessment]

const (
	keyFunction = "function"
	maxReason   = 4 << 10
	system      = evidence.Role("system")
)

// About is what the register says of a function.
type About struct {
	Facts    string   // digest over what it is: purpose, models, scope
	Models   []Model  // behind it
	Likeness []string // what of a person it edits: face, voice, body, name
}

// Register knows the functions. A function that it does not have is an error of kind Missing.
type Register interface {
	About(ctx context.Context, function string) (About, error)
}

// Keeper is the worker of assessments. It is safe for use by many goroutines.
type Keeper struct {
	book     ledger.Book[Assessment]
	register Register
}

// New makes a keeper.
func New(store ledger.Store[Assessment], recorder *evidence.Recorder, register Register) *Keeper {
	return &Keeper{ledger.Book[Assessment]{Store: store, Recorder: recorder, Use: "assessment", Missing: CodeMissing}, register}
}

// Propose enters a form that was checked. It MUST speak of every model that the register names, and of everything that the
// function edits.
func (k *Keeper) Propose(ctx context.Context, by ledger.By, f Form) (Entry, error) {
	if err := f.Check(); err != nil {
		return Entry{}, err
	}
	if by.ID == "" {
		return Entry{}, invalid("author")
	}
	if err := k.soon(f); err != nil {
		return Entry{}, err
	}
	about, err := k.register.About(ctx, f.Function)
	if err != nil {
		return Entry{}, err
	}
	if err := covers(f, about); err != nil {
		return Entry{}, err
	}
	digest, err := f.Digest()
	if err != nil {
		return Entry{}, err
	}
	v := Assessment{Form: f, Digest: digest, Facts: about.Facts, Author: by}
	return k.book.Add(ctx, Entry{State: string(Proposed), Value: v, Keys: []ledger.Key{{Name: keyFunction, Value: f.Function}}}, nil,
		ledger.Act{Type: RecordProposed, Role: by.Role, Clauses: clauses(), Payload: v})
}

// soon refuses a day of review that is over or too far away.
func (k *Keeper) soon(f Form) error {
	until, err := f.Until()
	if now := k.book.Now(); err != nil || !until.After(now) || until.After(now.AddDate(longest, 0, 0)) {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeReview, Clauses: clauses(), Err: err}
	}
	return nil
}

// covers refuses a form that leaves out what the register says of the function.
func covers(f Form, about About) error {
	for _, m := range about.Models {
		if !slices.ContainsFunc(f.Models, func(x Model) bool { return x == m }) {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeModel, Args: colophon.Args{"model": strings.TrimSpace(m.Name + " " + m.Version)}, Clauses: clauses()}
		}
	}
	for _, what := range about.Likeness {
		if !slices.Contains(f.Modalities, what) {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeLikeness, Args: colophon.Args{"modality": what}, Clauses: clauses()}
		}
	}
	return nil
}

type decision struct {
	Assessment string        `json:"assessment"`
	Function   string        `json:"function"`
	Digest     string        `json:"digest"`
	Facts      string        `json:"facts"`
	By         string        `json:"by,omitempty"`
	Reason     colophon.Code `json:"reason,omitempty"`
	Note       string        `json:"note,omitempty"`
}

// Approve puts what somebody else wrote in force, unless the function is another one since. What was in force for the
// function before is superseded.
func (k *Keeper) Approve(ctx context.Context, by ledger.By, id string) (Entry, error) {
	e, err := k.book.Get(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	about, err := k.register.About(ctx, e.Value.Form.Function)
	if err != nil {
		return Entry{}, err
	}
	before, err := k.inForce(ctx, e.Value.Form.Function)
	if err != nil {
		return Entry{}, err
	}
	e, err = k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := other(by, e); err != nil {
			return ledger.Act{}, err
		}
		if err := to(e, Approved); err != nil {
			return ledger.Act{}, err
		}
		if e.Value.Facts != about.Facts {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeChanged, Clauses: clauses()}
		}
		if err := k.soon(e.Value.Form); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Decided, e.Value.Decider = k.book.Now(), by
		if len(before) > 0 && !e.Value.Decided.After(before[0].Value.Decided) { // the one that was approved last counts, and a clock may stand still
			e.Value.Decided = before[0].Value.Decided.Add(time.Millisecond)
		}
		e.Due, _ = e.Value.Form.Until()
		return act(RecordApproved, by, e, ""), nil
	})
	if err != nil {
		return Entry{}, err
	}
	return e, k.tidy(ctx, e.Value.Form.Function)
}

// Reject says that another person does not agree, and why. The note stands in the sealed payload of the record alone.
func (k *Keeper) Reject(ctx context.Context, by ledger.By, id string, reason colophon.Code, note string) (Entry, error) {
	return k.refuse(ctx, by, id, reason, note, other)
}

// Withdraw takes back what nobody decided about yet. Only its author does.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, id, note string) (Entry, error) {
	return k.refuse(ctx, by, id, ReasonWithdrawn, note, func(by ledger.By, e *Entry) error {
		if by.ID != e.Value.Author.ID {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeAuthor}
		}
		return nil
	})
}

func (k *Keeper) refuse(ctx context.Context, by ledger.By, id string, reason colophon.Code, note string, may func(ledger.By, *Entry) error) (Entry, error) {
	if err := whys(by, reason, note); err != nil {
		return Entry{}, err
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := may(by, e); err != nil {
			return ledger.Act{}, err
		}
		if err := to(e, Rejected); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Decided, e.Value.Decider, e.Value.Reason = k.book.Now(), by, reason
		return act(RecordRejected, by, e, note), nil
	})
}

// End ends an assessment that is in force before its time, for a reason.
func (k *Keeper) End(ctx context.Context, by ledger.By, id, note string) (Entry, error) {
	if err := whys(by, ReasonEnded, note); err != nil {
		return Entry{}, err
	}
	return k.lapse(ctx, by, id, ReasonEnded, note)
}

func (k *Keeper) lapse(ctx context.Context, by ledger.By, id string, reason colophon.Code, note string) (Entry, error) {
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := to(e, Lapsed); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Ended, e.Value.Reason, e.Due = k.book.Now(), reason, time.Time{}
		return act(RecordLapsed, by, e, note), nil
	})
}

// tidy supersedes what is in force for a function beside the one that was approved last.
func (k *Keeper) tidy(ctx context.Context, function string) error {
	list, err := k.inForce(ctx, function)
	if err != nil {
		return err
	}
	for _, old := range list[min(1, len(list)):] {
		_, err := k.book.Change(ctx, old.ID, func(e *Entry) (ledger.Act, error) {
			if State(e.State) == Superseded || State(e.State) == Lapsed {
				return ledger.Act{}, ledger.ErrSame
			}
			if err := to(e, Superseded); err != nil {
				return ledger.Act{}, err
			}
			e.Value.Ended, e.Due = k.book.Now(), time.Time{}
			return act(RecordSuperseded, ledger.By{Role: system}, e, ""), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inForce lists the approved assessments of a function, the one that was approved last first.
func (k *Keeper) inForce(ctx context.Context, function string) ([]Entry, error) {
	list, err := k.book.Store.Find(ctx, ledger.Query{States: []string{string(Approved)}, Keys: []ledger.Key{{Name: keyFunction, Value: function}}})
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(b.Value.Decided.Compare(a.Value.Decided), strings.Compare(b.ID, a.ID))
	})
	return list, err
}

// Answer says whether a function is covered.
type Answer struct {
	State  Coverage
	ID     string        // the assessment that says so; empty for none
	Reason colophon.Code // why it is not current
	Until  time.Time     // when a current one lapses by itself
}

// State says whether a function, as the facts with this digest describe it, has an assessment that covers it now. With an
// error the answer is Unknown.
func (k *Keeper) State(ctx context.Context, function, facts string) (Answer, error) {
	list, err := k.inForce(ctx, function)
	if err != nil {
		return Answer{Reason: ReasonUntold}, err
	}
	if len(list) == 0 {
		past, err := k.book.Store.Find(ctx, ledger.Query{States: []string{string(Lapsed)}, Keys: []ledger.Key{{Name: keyFunction, Value: function}}, Newest: true, Limit: 1})
		switch {
		case err != nil:
			return Answer{Reason: ReasonUntold}, err
		case len(past) == 0:
			return Answer{State: Missing, Reason: ReasonNone}, nil
		}
		return Answer{State: Stale, ID: past[0].ID, Reason: past[0].Value.Reason}, nil
	}
	e := list[0]
	a := Answer{ID: e.ID, Reason: k.stale(e, facts)}
	until, err := e.Value.Form.Until()
	switch {
	case err != nil:
		return Answer{ID: e.ID, Reason: ReasonUntold}, err
	case a.Reason != "":
		a.State = Stale
	case e.Value.Form.Conclusion == Unacceptable:
		a.State, a.Reason = Adverse, ReasonAdverse
	default:
		a.State, a.Until = Current, until
	}
	return a, nil
}

// Of says the same of a function as the register describes it now.
func (k *Keeper) Of(ctx context.Context, function string) (Answer, error) {
	about, err := k.register.About(ctx, function)
	if err != nil {
		return Answer{Reason: ReasonUntold}, err
	}
	return k.State(ctx, function, about.Facts)
}

// stale says why an assessment in force does not cover a function any more; it is empty where it does.
func (k *Keeper) stale(e Entry, facts string) colophon.Code {
	until, err := e.Value.Form.Until()
	switch {
	case e.Value.Facts != facts:
		return ReasonFacts
	case err != nil || !k.book.Now().Before(until):
		return ReasonReview
	}
	return ""
}

// Assessed says the same as State in the words of package register.
func (k *Keeper) Assessed(ctx context.Context, function, facts string) (colophon.Verdict, time.Time, error) {
	a, err := k.State(ctx, function, facts)
	switch {
	case err != nil || a.State == Unknown:
		return colophon.Unknown, time.Time{}, err
	case a.State == Current:
		return colophon.Passed, a.Until, nil
	}
	return colophon.Failed, time.Time{}, nil
}

// Sweep writes down which assessments lapsed. Where the register can't be asked about a function nothing lapses, and the
// error is returned with those of the others.
func (k *Keeper) Sweep(ctx context.Context) error {
	var failed error
	err := k.book.All(ctx, ledger.Query{States: []string{string(Approved)}}, func(e Entry) error {
		if err := k.tidy(ctx, e.Value.Form.Function); err != nil {
			return err
		}
		facts := e.Value.Facts
		about, err := k.register.About(ctx, e.Value.Form.Function)
		var gone *colophon.Error
		switch {
		case err == nil:
			facts = about.Facts
		case errors.As(err, &gone) && gone.Kind == colophon.Missing:
			facts = "" // the function is gone
		default:
			failed = errors.Join(failed, err)
		}
		reason := k.stale(e, facts)
		if reason == "" {
			return nil
		}
		_, err = k.lapse(ctx, ledger.By{Role: system}, e.ID, reason, "")
		if errors.As(err, &gone) && gone.Code == CodeStep {
			err = nil // it was superseded just now
		}
		return err
	})
	return errors.Join(err, failed)
}

// Assessment returns an assessment.
func (k *Keeper) Assessment(ctx context.Context, id string) (Entry, error) {
	return k.book.Get(ctx, id)
}

// Query narrows a list of assessments. What is empty fits all.
type Query struct {
	Function string
	State    State
	After    string // identifier of the last entry of the page before
	Limit    int
}

// Assessments returns a page of assessments, the newest first, and where the next one begins.
func (k *Keeper) Assessments(ctx context.Context, q Query) ([]Entry, string, error) {
	find := ledger.Query{After: q.After, Newest: true, Limit: q.Limit}
	if q.Function != "" {
		find.Keys = []ledger.Key{{Name: keyFunction, Value: q.Function}}
	}
	if q.State != "" {
		find.States = []string{string(q.State)}
	}
	return k.book.Page(ctx, find)
}

// to puts an assessment into another state, or refuses what the table does not have.
func to(e *Entry, s State) error {
	if !State(e.State).May(s) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(s)}}
	}
	e.State = string(s)
	return nil
}

// other refuses the author, and whoever is nobody.
func other(by ledger.By, e *Entry) error {
	if by.ID == "" || by.ID == e.Value.Author.ID {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeOwn, Clauses: clauses()}
	}
	return nil
}

func whys(by ledger.By, reason colophon.Code, note string) error {
	switch {
	case by.ID == "":
		return invalid("by")
	case !word(string(reason)):
		return invalid("reason")
	case !prose(note) || len(note) > maxReason:
		return invalid("note")
	}
	return nil
}

func act(typ evidence.Type, by ledger.By, e *Entry, note string) ledger.Act {
	v := e.Value
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: decision{e.ID, v.Form.Function, v.Digest, v.Facts, by.ID, v.Reason, note}}
}

func clauses() []colophon.Clause {
	return []colophon.Clause{colophon.ClausePIPL55, colophon.ClausePIPL56}
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}
