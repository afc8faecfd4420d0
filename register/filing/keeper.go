package filing

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register"
)

const (
	keyFunction = "function"
	keyOpen     = "open" // of the one filing of a function that was not submitted yet
	keyBlob     = "blob" // where the bytes of a file lie
	maxNote     = 2000
)

// Config says what a [Keeper] works with. All fields are required.
type Config struct {
	Filings  ledger.Store[Draft]
	Recorder *evidence.Recorder
	Keys     ledger.Unsealer
	Source   Source
}

// Keeper is the worker of filings. It is safe for use by many goroutines.
type Keeper struct {
	book   ledger.Book[Draft]
	source Source
}

// New makes a keeper.
func New(c Config) *Keeper {
	return &Keeper{ledger.Book[Draft]{Store: c.Filings, Recorder: c.Recorder, Keys: c.Keys, Use: "filing/", Missing: CodeMissing}, c.Source}
}

// told is the payload of the records: digests and days, and nothing of what the kit says.
type told struct {
	Filing     string      `json:"filing"`
	Function   string      `json:"function"`
	State      string      `json:"state"`
	Part       int         `json:"part"`
	Version    int         `json:"version"`
	SHA256     string      `json:"sha256"`
	By         string      `json:"by"`
	Amends     string      `json:"amends,omitempty"`
	Note       string      `json:"note,omitempty"`
	Days       Days        `json:"days"`
	Submission *Submission `json:"submission,omitempty"`
	Decision   *Decision   `json:"decision,omitempty"`
}

func act(typ evidence.Type, by ledger.By, e *Entry) ledger.Act {
	v := e.Value
	list := clauses()
	if typ == RecordDecided { // a number is to be shown
		list = append(list, colophon.ClauseAR26)
	}
	return ledger.Act{Type: typ, Role: by.Role, Clauses: list,
		Payload: told{e.ID, v.Function, e.State, v.Part, v.Version, v.SHA256, by.ID, v.Amends, v.Note, v.Days, v.Submission, v.Decision}}
}

func draft(e Entry) Draft {
	d := e.Value
	d.ID, d.State, d.Made = e.ID, State(e.State), e.Made
	return d
}

func to(e *Entry, s State) error {
	if !State(e.State).May(s) {
		return refuse(colophon.Conflict, CodeStep, colophon.Args{"from": e.State, "to": string(s)})
	}
	e.State = string(s)
	return nil
}

func keys(v Draft, state string) []ledger.Key {
	list := []ledger.Key{{Name: keyFunction, Value: v.Function}}
	if slices.Contains([]State{Drafted, Proposed, Approved}, State(state)) {
		list = append(list, ledger.Key{Name: keyOpen, Value: v.Function, Unique: true})
	}
	for _, f := range v.Files {
		list = append(list, ledger.Key{Name: keyBlob, Value: f.Blob})
	}
	return list
}

// Draft begins the filing of a function with what is known of it.
func (k *Keeper) Draft(ctx context.Context, by ledger.By, function string) (Draft, error) {
	if !register.Word(function) {
		return Draft{}, invalid("function")
	}
	return k.add(ctx, by, Draft{Function: function, Part: 1}, &sealed{}, RecordDrafted)
}

// Amend begins another filing from one that was submitted, with what that one says. It takes its place when it is submitted.
func (k *Keeper) Amend(ctx context.Context, by ledger.By, id string) (Draft, error) {
	e, err := k.book.Get(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	if !State(e.State).May(Amended) {
		return Draft{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": e.State, "to": string(Amended)})
	}
	people := &sealed{}
	if _, err := k.book.Open(e, people); err != nil {
		return Draft{}, err
	}
	v := Draft{Function: e.Value.Function, Part: e.Value.Part + 1, Kit: e.Value.Kit, Amends: id, Days: Days{Began: e.Value.Days.Began}}
	v.Files = slices.DeleteFunc(slices.Clone(e.Value.Files), func(f File) bool { return !v.Kit.has(f.SHA256) }) // the receipt stays with the filing that it proves
	if State(e.State) == Filed {
		v.Days = Days{} // it was filed in time, or not, then
		v.Kit.Report.Kind, v.Kit.Algorithm.Number = "change", e.Value.Decision.Number
	}
	return k.add(ctx, by, v, people, RecordDrafted)
}

func (k *Keeper) add(ctx context.Context, by ledger.By, v Draft, people *sealed, typ evidence.Type) (Draft, error) {
	if err := person(by); err != nil {
		return Draft{}, err
	}
	known, err := k.source.Known(ctx, v.Function)
	if err != nil {
		return Draft{}, err
	}
	if v.Kit, err = v.Kit.Fill(known); err != nil {
		return Draft{}, err
	}
	if err := v.Kit.Check(); err != nil {
		return Draft{}, err
	}
	if v.SHA256, err = v.Kit.Digest(); err != nil {
		return Draft{}, err
	}
	v.Version, v.Authors = 1, []string{by.ID}
	id, err := k.book.Recorder.NewID()
	if err != nil {
		return Draft{}, err
	}
	busy, err := k.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyOpen, Value: v.Function}}})
	if err != nil {
		return Draft{}, err
	}
	if busy > 0 {
		return Draft{}, refuse(colophon.Conflict, CodeBusy, nil)
	}
	e := Entry{ID: id, Subject: evidence.System, State: string(Drafted), Value: v, Keys: keys(v, string(Drafted))}
	e, err = k.book.Add(ctx, e, people, act(typ, by, &e))
	return draft(e), err
}

// Writing is what somebody enters into a draft: all of the kit, and all of the people where they are given.
type Writing struct {
	Kit    Kit
	People *People
	// Version is that of the draft which was read before; 0 to overwrite whatever is there.
	Version int
	// Began and Changed are the days from which the clocks run; zero to leave them.
	Began   time.Time
	Changed time.Time
}

// Write changes a draft. What was proposed or approved is a draft again, and has to be approved anew.
func (k *Keeper) Write(ctx context.Context, by ledger.By, id string, w Writing) (Draft, error) {
	if err := person(by); err != nil {
		return Draft{}, err
	}
	if err := w.Kit.Check(); err != nil {
		return Draft{}, err
	}
	if w.People != nil {
		if err := w.People.Check(); err != nil {
			return Draft{}, err
		}
	}
	digest, err := w.Kit.Digest()
	if err != nil {
		return Draft{}, err
	}
	return k.change(ctx, by, id, Drafted, RecordChanged, func(e *Entry) error {
		v, now := &e.Value, k.book.Now()
		if w.Version != 0 && w.Version != v.Version {
			return refuse(colophon.Conflict, CodeStale, colophon.Args{"version": strconv.Itoa(v.Version)})
		}
		if moment(w.Began).After(now) || moment(w.Changed).After(now) {
			return invalid("began")
		}
		v.written(by, w.Kit, digest)
		if !w.Began.IsZero() {
			v.Days.Began = moment(w.Began)
		}
		if !w.Changed.IsZero() {
			v.Days.Changed = moment(w.Changed)
		}
		return k.reseal(e, func(in *sealed) {
			if w.People != nil {
				in.People = *w.People
			}
		})
	})
}

// written puts a kit into a draft.
func (d *Draft) written(by ledger.By, kit Kit, digest string) {
	if !slices.Contains(d.Authors, by.ID) {
		d.Authors = append(slices.Clone(d.Authors), by.ID)
	}
	d.Kit, d.SHA256, d.Version, d.Reviewer, d.Facts = kit, digest, d.Version+1, "", ""
	d.Files = slices.DeleteFunc(slices.Clone(d.Files), func(f File) bool { return !kit.has(f.SHA256) })
}

func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func (k *Keeper) change(ctx context.Context, by ledger.By, id string, s State, typ evidence.Type, fn func(e *Entry) error) (Draft, error) {
	if err := person(by); err != nil {
		return Draft{}, err
	}
	e, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := to(e, s); err != nil {
			return ledger.Act{}, err
		}
		if err := fn(e); err != nil {
			return ledger.Act{}, err
		}
		e.Keys = keys(e.Value, e.State)
		return act(typ, by, e), nil
	})
	return draft(e), err
}

// Propose asks another person to approve a draft.
func (k *Keeper) Propose(ctx context.Context, by ledger.By, id string) (Draft, error) {
	return k.change(ctx, by, id, Proposed, RecordProposed, func(*Entry) error { return nil })
}

// Return gives a draft back to be changed, with the reason.
func (k *Keeper) Return(ctx context.Context, by ledger.By, id, note string) (Draft, error) {
	if !prose(note, maxNote) {
		return Draft{}, invalid("note")
	}
	return k.change(ctx, by, id, Drafted, RecordReturned, func(e *Entry) error {
		e.Value.Note, e.Value.Reviewer, e.Value.Facts = note, "", ""
		return nil
	})
}

// Findings looks at a filing as it is now. Where the source can't be asked that is a finding.
func (k *Keeper) Findings(ctx context.Context, id string) ([]Finding, error) {
	e, err := k.book.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	known, err := k.source.Known(ctx, e.Value.Function)
	if err != nil {
		return k.lint(e, nil)
	}
	return k.lint(e, &known)
}

func (k *Keeper) lint(e Entry, known *Known) ([]Finding, error) {
	var in sealed
	if ok, err := k.book.Open(e, &in); err != nil {
		return nil, err
	} else if !ok {
		return Lint(e.Value.Kit, nil, known)
	}
	return Lint(e.Value.Kit, &in.People, known)
}

// Approve says that another person than those who wrote it read a filing and agrees. The linter has to have nothing against
// it but warnings.
func (k *Keeper) Approve(ctx context.Context, by ledger.By, id string) (Draft, error) {
	e, err := k.book.Get(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	known, err := k.source.Known(ctx, e.Value.Function)
	if err != nil {
		return Draft{}, err
	}
	return k.change(ctx, by, id, Approved, RecordApproved, func(e *Entry) error {
		if slices.Contains(e.Value.Authors, by.ID) {
			return refuse(colophon.Refused, CodeOwn, nil)
		}
		if err := k.clean(*e, known); err != nil {
			return err
		}
		e.Value.Reviewer, e.Value.Facts, e.Value.Note = by.ID, known.Facts, ""
		return nil
	})
}

func (k *Keeper) clean(e Entry, known Known) error {
	list, err := k.lint(e, &known)
	if err != nil || Verdict(list) == colophon.Passed {
		return err
	}
	open := slices.DeleteFunc(list, func(f Finding) bool { return f.Level < colophon.Doubt })
	return refuse(colophon.Refused, CodeFindings, colophon.Args{"count": strconv.Itoa(len(open))})
}

// Submit says that an approved filing was handed in at the authority's system, with the receipt where there is a file of it.
// It is frozen from then on. The function has to be what it was when the filing was approved.
func (k *Keeper) Submit(ctx context.Context, by ledger.By, id string, s Submission, receipt ...Keyed) (Draft, error) {
	e, err := k.book.Get(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	known, err := k.source.Known(ctx, e.Value.Function)
	if err != nil {
		return Draft{}, err
	}
	if err := k.past(s.At); err != nil {
		return Draft{}, err
	}
	if !(tag{is: "sha256"}).says(s.Proof) {
		return Draft{}, invalid("proof")
	}
	if s.Reference != "" && !(tag{is: "line"}).says(s.Reference) {
		return Draft{}, invalid("reference")
	}
	s.At = moment(s.At)
	if State(e.State) == Submitted && *e.Value.Submission == s {
		return draft(e), k.amended(ctx, by, e) // the call before this one did not come to its end
	}
	d, err := k.change(ctx, by, id, Submitted, RecordSubmitted, func(e *Entry) error {
		if e.Value.Facts != known.Facts {
			return refuse(colophon.Conflict, CodeChanged, nil)
		}
		if err := k.clean(*e, known); err != nil {
			return err
		}
		e.Value.Submission, e.Value.Days.Submitted = &s, s.At
		return k.keep(e, receipt...)
	})
	if err != nil {
		return d, err
	}
	return d, k.amended(ctx, by, Entry{ID: id, Value: d})
}

// amended writes down that the filing which another one amends was ended by it.
func (k *Keeper) amended(ctx context.Context, by ledger.By, e Entry) error {
	if e.Value.Amends == "" {
		return nil
	}
	_, err := k.book.Change(ctx, e.Value.Amends, func(before *Entry) (ledger.Act, error) {
		if before.Value.AmendedBy == e.ID {
			return ledger.Act{}, ledger.ErrSame
		}
		if err := to(before, Amended); err != nil {
			return ledger.Act{}, err
		}
		before.Value.AmendedBy = e.ID
		return act(RecordAmended, by, before), nil
	})
	return err
}

func (k *Keeper) past(at time.Time) error {
	if at.IsZero() || moment(at).After(k.book.Now()) { // to the millisecond, as the clock tells
		return invalid("at")
	}
	return nil
}

// Decide enters what the authority said. The same once more changes nothing.
func (k *Keeper) Decide(ctx context.Context, by ledger.By, id string, d Decision) (Draft, error) {
	if err := k.past(d.At); err != nil {
		return Draft{}, err
	}
	state := Refused
	if d.Filed {
		n, err := register.CheckFiling(d.Number)
		if err != nil {
			return Draft{}, refuse(colophon.Invalid, CodeNumber, nil)
		}
		state, d.Number, d.Reason = Filed, n.Digits, ""
	} else if !prose(d.Reason, maxNote) || d.Number != "" {
		return Draft{}, invalid("reason")
	}
	d.At = moment(d.At)
	if e, err := k.book.Get(ctx, id); err == nil && State(e.State) == state && *e.Value.Decision == d {
		return draft(e), person(by)
	}
	return k.change(ctx, by, id, state, RecordDecided, func(e *Entry) error {
		if d.At.Before(e.Value.Days.Submitted) {
			return invalid("at")
		}
		e.Value.Decision, e.Value.Days.Decided = &d, d.At
		return nil
	})
}

// Cancel says that the service ended, and that the cancellation was handed in. It ends the filing in force, also by its
// amendment that lies with the authority or was refused. The same once more changes nothing.
func (k *Keeper) Cancel(ctx context.Context, by ledger.By, id string, ended, handed time.Time, note string) (Draft, error) {
	if err := k.past(handed); err != nil {
		return Draft{}, err
	}
	if ended.IsZero() || moment(ended).After(k.book.Now()) {
		return Draft{}, invalid("ended")
	}
	if !prose(note, maxNote) {
		return Draft{}, invalid("note")
	}
	ended, handed = moment(ended), moment(handed)
	old, err := k.book.Get(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	v := old.Value
	if State(old.State) == Cancelled && v.Days.Ended.Equal(ended) && v.Days.Cancelled.Equal(handed) && v.Note == note {
		return draft(old), person(by)
	}
	if _, there, err := k.Published(ctx, v.Function); err != nil {
		return Draft{}, err
	} else if !there {
		return Draft{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": old.State, "to": string(Cancelled)})
	}
	return k.change(ctx, by, id, Cancelled, RecordCancelled, func(e *Entry) error {
		e.Value.Days.Ended, e.Value.Days.Cancelled, e.Value.Note = ended, handed, note
		return nil
	})
}

// Withdraw ends a filing that was never submitted.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, id, note string) (Draft, error) {
	if !prose(note, maxNote) {
		return Draft{}, invalid("note")
	}
	return k.change(ctx, by, id, Withdrawn, RecordWithdrawn, func(e *Entry) error {
		e.Value.Note = note
		return nil
	})
}

// People reads the people whom a filing names, and records who read them. It reports false where nobody can any more.
func (k *Keeper) People(ctx context.Context, by ledger.By, id string) (People, bool, error) {
	if err := person(by); err != nil {
		return People{}, false, err
	}
	e, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) { return act(RecordRead, by, e), nil })
	if err != nil {
		return People{}, false, err
	}
	var in sealed
	ok, err := k.book.Open(e, &in)
	return in.People, ok, err
}

// Filing returns a filing.
func (k *Keeper) Filing(ctx context.Context, id string) (Draft, error) {
	e, err := k.book.Get(ctx, id)
	return draft(e), err
}

// Query says which filings are wanted.
type Query struct {
	Function string
	States   []State
	After    string
	Limit    int
}

// Filings returns a page of filings, the newest first, and where the next page begins.
func (k *Keeper) Filings(ctx context.Context, q Query) ([]Draft, string, error) {
	query := ledger.Query{Newest: true, After: q.After, Limit: q.Limit}
	for _, s := range q.States {
		query.States = append(query.States, string(s))
	}
	if q.Function != "" {
		query.Keys = []ledger.Key{{Name: keyFunction, Value: strings.TrimSpace(q.Function)}}
	}
	page, next, err := k.book.Page(ctx, query)
	list := make([]Draft, len(page))
	for i, e := range page {
		list[i] = draft(e)
	}
	return list, next, err
}
