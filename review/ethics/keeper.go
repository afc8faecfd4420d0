package ethics

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Keeper is the worker of ethics reviews. It is safe for use by many goroutines.
type Keeper struct {
	reviews ledger.Book[Review]
	members ledger.Book[Member]
}

// New makes a keeper.
func New(reviews ledger.Store[Review], members ledger.Store[Member], recorder *evidence.Recorder, keys ledger.Unsealer) *Keeper {
	return &Keeper{ledger.Book[Review]{Store: reviews, Recorder: recorder, Keys: keys, Use: LedgerReviews, Missing: CodeMissing},
		ledger.Book[Member]{Store: members, Recorder: recorder, Keys: keys, Use: LedgerMembers, Missing: CodeMissing}}
}

const (
	keyAbout   = "about"
	keyAccount = "account"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Seat has somebody become a member of the committee. The name is sealed; it is empty for one of the staff.
func (k *Keeper) Seat(ctx context.Context, by ledger.By, m Member, name string) (MemberEntry, error) {
	now := k.members.Now()
	if m.Until.IsZero() {
		m.Until = now.AddDate(termYears, 0, 0)
	}
	switch {
	case !by.Person():
		return MemberEntry{}, refused(CodePerson, nil)
	case !slices.Contains(Categories(), m.Category):
		return MemberEntry{}, invalid("category")
	case m.Account == "" && !prose(name) || len(name) > 256 || m.Account != "" && name != "":
		return MemberEntry{}, invalid("name")
	case m.Account != "" && !ident(m.Account):
		return MemberEntry{}, invalid("account")
	case !m.Until.After(now) || m.Until.After(now.AddDate(termYears, 0, 1)):
		return MemberEntry{}, invalid("until")
	}
	e := MemberEntry{State: Seated, Subject: evidence.System, Value: m}
	var secret any
	if m.Account != "" {
		e.Keys = []ledger.Key{{Name: keyAccount, Value: m.Account, Unique: true}}
	} else {
		secret = person{strings.TrimSpace(name)}
	}
	e, err := k.members.Add(ctx, e, secret, ledger.Act{Type: RecordSeated, Role: by.Role, Clauses: clauses(), Payload: map[string]any{"category": m.Category, "outside": m.Outside, "by": by.ID}})
	if errors.Is(err, ledger.ErrExists) {
		err = refused(CodeSeated, nil)
	}
	return e, err
}

// Unseat ends somebody's membership; the account may be seated again.
func (k *Keeper) Unseat(ctx context.Context, by ledger.By, id, note string) (MemberEntry, error) {
	if !by.Person() {
		return MemberEntry{}, refused(CodePerson, nil)
	}
	if !prose(note) {
		return MemberEntry{}, invalid("note")
	}
	return k.members.Change(ctx, id, func(e *MemberEntry) (ledger.Act, error) {
		if e.State != Seated {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": Unseated}}
		}
		e.State, e.Keys = Unseated, nil
		return ledger.Act{Type: RecordUnseated, Role: by.Role, Clauses: clauses(), Payload: map[string]any{"member": e.ID, "by": by.ID, "note": note}}, nil
	})
}

// Members returns the members, the newest first; those of now alone where that is asked.
func (k *Keeper) Members(ctx context.Context, now bool) ([]MemberEntry, error) {
	q := ledger.Query{Newest: true}
	if now {
		q.States = []string{Seated}
	}
	list, err := k.members.Store.Find(ctx, q)
	if now {
		at := k.members.Now()
		list = slices.DeleteFunc(list, func(e MemberEntry) bool { return !e.Value.Until.After(at) })
	}
	return list, err
}

// Name returns a member with the name of one from outside, which was sealed, and records who read it; it is empty where there
// is none.
func (k *Keeper) Name(ctx context.Context, by ledger.By, id string) (MemberEntry, string, error) {
	if !by.Person() {
		return MemberEntry{}, "", refused(CodePerson, nil)
	}
	e, err := k.members.Get(ctx, id)
	if err != nil || e.Kept != ledger.Whole {
		return e, "", err
	}
	e, err = k.members.Change(ctx, id, func(e *MemberEntry) (ledger.Act, error) {
		return ledger.Act{Type: RecordRead, Role: by.Role, Clauses: clauses(), Payload: map[string]any{"member": e.ID, "by": by.ID}}, nil
	})
	if err != nil {
		return e, "", err
	}
	var p person
	_, err = k.members.Open(e, &p)
	return e, p.Name, err
}

// Apply enters an application.
func (k *Keeper) Apply(ctx context.Context, by ledger.By, a Application) (Entry, error) {
	if !by.Person() {
		return Entry{}, refused(CodePerson, nil)
	}
	if err := a.check(); err != nil {
		return Entry{}, err
	}
	v := Review{Application: a, Applicant: by.ID, Round: 1}
	return k.reviews.Add(ctx, Entry{State: string(Submitted), Value: v, Keys: []ledger.Key{{Name: keyAbout, Value: a.About}}}, nil,
		ledger.Act{Type: RecordApplied, Role: by.Role, Clauses: clauses(), Payload: v})
}

// change changes a review by a step of a person, and records it with a note. The applicant alone amends, and takes none of the
// steps that are the committee's.
func (k *Keeper) change(ctx context.Context, by ledger.By, id string, typ evidence.Type, note string, fn func(e *Entry, now time.Time) error) (Entry, error) {
	if !by.Person() {
		return Entry{}, refused(CodePerson, nil)
	}
	return k.reviews.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		now, own := k.reviews.Now(), by.ID == e.Value.Applicant
		switch typ {
		case RecordAmended:
			own = !own
		case RecordVoted, RecordRegistered, RecordEnded:
			own = false
		}
		if own {
			return ledger.Act{}, refused(CodeOwn, nil)
		}
		if err := fn(e, now); err != nil {
			return ledger.Act{}, err
		}
		e.Due = e.Value.wants(State(e.State), now)
		return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: decision{e.ID, e.State, by.ID, note, e.Value.Outcome, e.Value.Round}}, nil
	})
}

type decision struct {
	Review  string   `json:"review"`
	State   string   `json:"state"`
	By      string   `json:"by"`
	Note    string   `json:"note,omitempty"`
	Outcome *Outcome `json:"outcome,omitempty"`
	Round   int      `json:"round"`
}

// wants is when a review needs somebody: by when to decide while the clock runs, and the next follow-up after that.
func (r Review) wants(s State, now time.Time) time.Time {
	switch s {
	case Accepted:
		if r.Running() {
			return r.Due(now)
		}
	case Approved, Suspended:
		if next, err := day(r.Next); err == nil {
			return next
		}
	}
	return time.Time{}
}

// noted is change for a step that needs a note.
func (k *Keeper) noted(ctx context.Context, by ledger.By, id string, typ evidence.Type, note string, fn func(e *Entry, now time.Time) error) (Entry, error) {
	if !prose(note) {
		return Entry{}, invalid("note")
	}
	return k.change(ctx, by, id, typ, note, fn)
}

// Accept says that an application is complete; the clock begins.
func (k *Keeper) Accept(ctx context.Context, by ledger.By, id string) (Entry, error) {
	return k.change(ctx, by, id, RecordAccepted, "", func(e *Entry, now time.Time) error {
		if err := to(e, Accepted); err != nil {
			return err
		}
		v := &e.Value
		v.Accepted, v.By, v.Limit = now, by.ID, now.AddDate(0, 0, limitDays)
		if v.Application.Emergency != "" {
			v.Limit = now.Add(limitEmergency * time.Hour)
		}
		v.Pauses, v.Seats, v.Outcome, v.Grounds, v.GroundsBy, v.Experts = nil, nil, nil, nil, "", nil
		return nil
	})
}

// Return says what an application lacks.
func (k *Keeper) Return(ctx context.Context, by ledger.By, id, note string) (Entry, error) {
	return k.noted(ctx, by, id, RecordReturned, note, func(e *Entry, _ time.Time) error {
		e.Value.Note = note
		return to(e, Incomplete)
	})
}

// Amend hands in an application anew, after it was found incomplete or to be reviewed again.
func (k *Keeper) Amend(ctx context.Context, by ledger.By, id string, a Application) (Entry, error) {
	if err := a.check(); err != nil {
		return Entry{}, err
	}
	return k.change(ctx, by, id, RecordAmended, "", func(e *Entry, _ time.Time) error {
		if a.About != e.Value.Application.About {
			return invalid("about")
		}
		if State(e.State) == Again {
			e.Value.Round++
		}
		e.Value.Application, e.Value.Note = a, ""
		e.Value.Limit, e.Value.Accepted = time.Time{}, time.Time{}
		return to(e, Submitted)
	})
}

// Pause stops the clock: for what the applicant has to complete, or for the experts.
func (k *Keeper) Pause(ctx context.Context, by ledger.By, id, reason, note string) (Entry, error) {
	if reason != "supplement" && reason != "experts" {
		return Entry{}, invalid("reason")
	}
	return k.noted(ctx, by, id, RecordPaused, note, func(e *Entry, now time.Time) error {
		if err := in(e, Accepted); err != nil {
			return err
		}
		if !e.Value.Running() {
			return refused(CodePaused, nil)
		}
		e.Value.Pauses = append(slices.Clone(e.Value.Pauses), Pause{Reason: reason, From: now})
		return nil
	})
}

// Resume has the clock run again.
func (k *Keeper) Resume(ctx context.Context, by ledger.By, id string) (Entry, error) {
	return k.change(ctx, by, id, RecordResumed, "", func(e *Entry, now time.Time) error {
		if err := in(e, Accepted); err != nil {
			return err
		}
		if e.Value.Running() {
			return ledger.ErrSame
		}
		list := slices.Clone(e.Value.Pauses)
		list[len(list)-1].Until = now
		e.Value.Pauses = list
		return nil
	})
}

// Extend moves the time limit to the end of a later day, for a reason, while it is not over.
func (k *Keeper) Extend(ctx context.Context, by ledger.By, id, until, note string) (Entry, error) {
	last, err := day(until)
	if err != nil {
		return Entry{}, invalid("until")
	}
	return k.noted(ctx, by, id, RecordExtended, note, func(e *Entry, now time.Time) error {
		if err := in(e, Accepted); err != nil {
			return err
		}
		if end := last.AddDate(0, 0, 1); !end.After(e.Value.Limit) || end.After(now.AddDate(0, 6, 0)) || now.After(e.Value.Due(now)) {
			return invalid("until")
		} else {
			e.Value.Limit = end
		}
		return nil
	})
}

// Answer says of every ground whether experts have to review again.
func (k *Keeper) Answer(ctx context.Context, by ledger.By, id string, answers []GroundAnswer) (Entry, error) {
	given := map[Ground]bool{}
	for _, a := range answers {
		if !slices.Contains(Grounds(), a.Ground) || given[a.Ground] || !prose(a.Why) {
			return Entry{}, invalid("grounds")
		}
		given[a.Ground] = true
	}
	if len(given) != len(Grounds()) {
		return Entry{}, invalid("grounds")
	}
	return k.change(ctx, by, id, RecordAnswered, "", func(e *Entry, _ time.Time) error {
		e.Value.Grounds, e.Value.GroundsBy = answers, by.ID
		return in(e, Accepted)
	})
}

// Expert enters what the experts said.
func (k *Keeper) Expert(ctx context.Context, by ledger.By, id string, x Experts) (Entry, error) {
	x.At = x.At.UTC().Truncate(time.Millisecond) // as the clock tells
	if proof, err := hex.DecodeString(x.Proof); err != nil || len(proof) != 32 || !ident(x.Reference) || x.At.IsZero() || x.At.After(k.reviews.Now()) {
		return Entry{}, invalid("experts")
	}
	return k.change(ctx, by, id, RecordExpert, "", func(e *Entry, _ time.Time) error {
		e.Value.Experts = &x
		return in(e, Accepted)
	})
}
