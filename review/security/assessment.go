package security

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// State says where an assessment is.
type State string

// The states.
const (
	Draft     State = "draft"
	Proposed  State = "proposed"
	Approved  State = "approved"
	Filed     State = "filed"
	Withdrawn State = "withdrawn"
)

// Steps is the life of an assessment. What somebody rejects is a draft again, since what was found wanting is mended.
func Steps() ledger.Steps[State] {
	return ledger.Steps[State]{{Draft, []State{Proposed, Withdrawn}}, {Proposed, []State{Draft, Approved, Withdrawn}}, {Approved, []State{Filed, Withdrawn}}, {Filed, nil}, {Withdrawn, nil}}
}

// Basics is what a report begins with (Art. 6). It names no person.
type Basics struct {
	Title     string   `json:"title" minLength:"1" maxLength:"256" doc:"What is assessed."`
	Functions string   `json:"functions" minLength:"1" maxLength:"8192" doc:"What the service does, and for whom."`
	Hardware  string   `json:"hardware" minLength:"1" maxLength:"8192" doc:"Hardware, software and where they are."`
	Licences  string   `json:"licences" minLength:"1" maxLength:"8192" doc:"Licences and filings that it has."`
	Body      string   `json:"body,omitempty" maxLength:"256" doc:"Body that assessed for the provider; left out for a self-assessment."`
	Other     string   `json:"other,omitempty" maxLength:"8192" doc:"What else is to be said."`
	Triggers  []string `json:"triggers,omitempty" nullable:"false" maxItems:"100" doc:"Triggers that it answers."`
}

// Statement is what a person says of a head.
type Statement struct {
	Head string    `json:"head" doc:"The head."`
	Text string    `json:"text" doc:"What the person says."`
	By   string    `json:"by" doc:"Staff account."`
	At   time.Time `json:"at" doc:"When."`
}

// SecurityFiling says how a report was handed in.
type SecurityFiling struct {
	Reference string    `json:"reference" minLength:"1" maxLength:"256" doc:"Number that the national platform gave it."`
	At        time.Time `json:"at" doc:"When it was handed in."`
	Proof     string    `json:"proof" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of the receipt, in hexadecimal."`
	By        string    `json:"by,omitempty" doc:"Staff account."`
}

// Assessment is an assessment with its history. Who did something are staff accounts.
type Assessment struct {
	Basics     Basics          `json:"basics"`
	Author     string          `json:"author"`
	Proposer   string          `json:"proposer,omitempty"`
	Asked      time.Time       `json:"asked,omitzero"`
	Answers    []Answer        `json:"answers"`
	Statements []Statement     `json:"statements,omitempty"`
	Decider    string          `json:"decider,omitempty"`
	Decided    time.Time       `json:"decided,omitzero"`
	Digest     string          `json:"digest,omitempty"` // of what was approved
	Filing     *SecurityFiling `json:"filing,omitempty"`
	Rests      Baseline        `json:"rests"` // what the answers rest on
	Note       string          `json:"note,omitempty"`
}

// Entry is an assessment as it is kept.
type Entry = ledger.Entry[Assessment]

// HeadResult is what is known of one head.
type HeadResult struct {
	Head
	State     string     `json:"state" enum:"passed,failed,could-not-tell,attested" doc:"The worst of its answers. Attested: it could not be told, and a person says something; that is no pass."`
	Answers   []Answer   `json:"answers" nullable:"false" doc:"What its queries found."`
	Statement *Statement `json:"statement,omitempty" doc:"What a person says."`
}

// Results says how each head stands: the worst of its answers. A statement never makes it better than attested, and never covers
// a failure.
func (a Assessment) Results() []HeadResult {
	var list []HeadResult
	for _, h := range Heads() {
		r := HeadResult{Head: h, State: "passed", Answers: []Answer{}}
		for _, query := range h.Queries {
			at := slices.IndexFunc(a.Answers, func(x Answer) bool { return x.Query == query })
			if at < 0 {
				r.State = worse(r.State, "could-not-tell")
				continue
			}
			r.Answers, r.State = append(r.Answers, a.Answers[at]), worse(r.State, a.Answers[at].Verdict)
		}
		if at := slices.IndexFunc(a.Statements, func(s Statement) bool { return s.Head == h.ID }); at >= 0 {
			r.Statement = &a.Statements[at]
			if r.State == "could-not-tell" {
				r.State = "attested"
			}
		}
		list = append(list, r)
	}
	return list
}

// worse is the worse of two verdicts. What is none of the three is not told.
func worse(a, b string) string {
	switch {
	case a == "failed" || b == "failed":
		return "failed"
	case a == "passed" && b == "passed":
		return "passed"
	}
	return "could-not-tell"
}

// fresh is for how long answers count when an assessment is proposed or approved.
const fresh = 24 * time.Hour

// ready refuses what can't become a report: hazards have to be removed first (Art. 6), and what could not be told needs a word.
func (a Assessment) ready(now time.Time) error {
	for _, r := range a.Results() {
		switch r.State {
		case "failed":
			return refused(CodeNotMet, colophon.Args{"head": r.ID})
		case "could-not-tell":
			return refused(CodeUnsaid, colophon.Args{"head": r.ID})
		}
	}
	if now.Sub(a.Asked) > fresh {
		return refused(CodeOld, colophon.Args{"hours": "24"})
	}
	return nil
}

func (b Basics) check() error {
	for _, f := range []struct{ name, text string }{{"title", b.Title}, {"functions", b.Functions}, {"hardware", b.Hardware}, {"licences", b.Licences}} {
		if !prose(f.text) {
			return invalid(f.name)
		}
	}
	switch {
	case len(b.Title) > 256 || len(b.Body) > 256:
		return invalid("title")
	case b.Other != "" && !prose(b.Other):
		return invalid("other")
	case len(b.Triggers) > 100:
		return invalid("triggers")
	}
	return nil
}

// Begin drafts an assessment and asks everything.
func (k *Keeper) Begin(ctx context.Context, by ledger.By, b Basics) (Entry, error) {
	if !by.Person() {
		return Entry{}, refused(CodePerson, nil)
	}
	if err := b.check(); err != nil {
		return Entry{}, err
	}
	for _, id := range b.Triggers {
		t, err := k.triggers.Get(ctx, id)
		if err != nil {
			return Entry{}, err
		}
		if t.State != Open {
			return Entry{}, invalid("triggers")
		}
	}
	answers, rests, err := k.ask(ctx)
	if err != nil {
		return Entry{}, err
	}
	v := Assessment{Basics: b, Author: by.ID, Asked: k.assessments.Now(), Answers: answers, Rests: rests}
	return k.assessments.Add(ctx, Entry{State: string(Draft), Value: v}, nil, ledger.Act{Type: RecordDrafted, Role: by.Role, Clauses: clauses(), Payload: v})
}

// ask asks every query. One that can't be answered is not told.
func (k *Keeper) ask(ctx context.Context) ([]Answer, Baseline, error) {
	rests, err := k.source.Now(ctx)
	if err != nil {
		return nil, rests, err
	}
	list := []Answer{}
	for _, query := range Queries() {
		a, err := k.source.Ask(ctx, query)
		if ctx.Err() != nil {
			return nil, rests, ctx.Err()
		}
		if err != nil {
			a = Answer{Verdict: "could-not-tell", Why: CodeError}
		}
		if !slices.Contains([]string{"passed", "failed"}, a.Verdict) {
			a.Verdict = "could-not-tell"
		}
		a.Query, a.At = query, k.assessments.Now()
		if len(a.Sample) > maxSample {
			a.Sample = a.Sample[:maxSample]
		}
		if a.Sample == nil {
			a.Sample = []string{}
		}
		list = append(list, a)
	}
	return list, rests, nil
}

// Ask asks everything anew, of a draft.
func (k *Keeper) Ask(ctx context.Context, by ledger.By, id string) (Entry, error) {
	answers, rests, err := k.ask(ctx)
	if err != nil {
		return Entry{}, err
	}
	return k.change(ctx, by, id, RecordAsked, "", func(e *Entry, now time.Time) error {
		if State(e.State) != Draft {
			return stepped(e.State, string(Draft))
		}
		e.Value.Answers, e.Value.Asked, e.Value.Rests = answers, now, rests
		return nil
	})
}

// State says something of a head, in a draft.
func (k *Keeper) State(ctx context.Context, by ledger.By, id, head, text string) (Entry, error) {
	if !known(head) {
		return Entry{}, invalid("head")
	}
	if !prose(text) {
		return Entry{}, invalid("text")
	}
	return k.change(ctx, by, id, RecordStated, text, func(e *Entry, now time.Time) error {
		if State(e.State) != Draft {
			return stepped(e.State, string(Draft))
		}
		list := slices.DeleteFunc(slices.Clone(e.Value.Statements), func(s Statement) bool { return s.Head == head })
		e.Value.Statements = append(list, Statement{head, text, by.ID, now})
		return nil
	})
}

// Propose hands a draft to somebody else. It is refused while a head fails, or could not be told and nobody said anything.
func (k *Keeper) Propose(ctx context.Context, by ledger.By, id string) (Entry, error) {
	return k.change(ctx, by, id, RecordProposed, "", func(e *Entry, now time.Time) error {
		if err := to(e, Proposed); err != nil {
			return err
		}
		e.Value.Proposer = by.ID
		return e.Value.ready(now)
	})
}

// Approve agrees to what somebody else wrote. Everything is asked anew: what was mended may be broken again.
func (k *Keeper) Approve(ctx context.Context, by ledger.By, id string) (Entry, error) {
	answers, rests, err := k.ask(ctx)
	if err != nil {
		return Entry{}, err
	}
	return k.change(ctx, by, id, RecordApproved, "", func(e *Entry, now time.Time) error {
		v := &e.Value
		if by.ID == v.Author || by.ID == v.Proposer || slices.ContainsFunc(v.Statements, func(s Statement) bool { return s.By == by.ID }) {
			return refused(CodeOwn, nil)
		}
		if err := to(e, Approved); err != nil {
			return err
		}
		v.Answers, v.Asked, v.Rests = answers, now, rests
		if err := v.ready(now); err != nil {
			return err
		}
		v.Decider, v.Decided = by.ID, now
		digest, err := v.digest()
		v.Digest = digest
		return err
	})
}

// digest is the SHA-256 of what was approved, as JSON.
func (a Assessment) digest() (string, error) {
	text, err := json.Marshal(struct {
		Basics  Basics       `json:"basics"`
		Results []HeadResult `json:"results"`
		Asked   time.Time    `json:"asked"`
	}{a.Basics, a.Results(), a.Asked})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// Reject gives what somebody else proposed back to be mended.
func (k *Keeper) Reject(ctx context.Context, by ledger.By, id, note string) (Entry, error) {
	if !prose(note) {
		return Entry{}, invalid("note")
	}
	return k.change(ctx, by, id, RecordRejected, note, func(e *Entry, _ time.Time) error {
		if by.ID == e.Value.Author {
			return refused(CodeOwn, nil)
		}
		e.Value.Note = note
		return to(e, Draft)
	})
}

// Withdraw ends an assessment that was not filed.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, id, note string) (Entry, error) {
	if !prose(note) {
		return Entry{}, invalid("note")
	}
	return k.change(ctx, by, id, RecordWithdrawn, note, func(e *Entry, _ time.Time) error {
		e.Value.Note = note
		return to(e, Withdrawn)
	})
}

// File says that a report was handed in, with the proof. Its triggers are answered.
func (k *Keeper) File(ctx context.Context, by ledger.By, id string, f SecurityFiling) (Entry, error) {
	f.At = moment(f.At)
	if raw, err := hex.DecodeString(f.Proof); err != nil || len(raw) != sha256.Size || !ident(f.Reference) || f.At.IsZero() || f.At.After(k.assessments.Now()) {
		return Entry{}, invalid("filing")
	}
	e, err := k.change(ctx, by, id, RecordFiled, "", func(e *Entry, _ time.Time) error {
		if f.At.Before(e.Value.Decided.Truncate(time.Minute)) { // forms give minutes
			return invalid("filing")
		}
		f.By = by.ID
		e.Value.Filing = &f
		return to(e, Filed)
	})
	if err != nil {
		return e, err
	}
	return e, k.answer(ctx, e)
}

func (k *Keeper) change(ctx context.Context, by ledger.By, id string, typ evidence.Type, note string, fn func(e *Entry, now time.Time) error) (Entry, error) {
	if !by.Person() {
		return Entry{}, refused(CodePerson, nil)
	}
	return k.assessments.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := fn(e, k.assessments.Now()); err != nil {
			return ledger.Act{}, err
		}
		v := e.Value
		states := map[string]string{}
		for _, r := range v.Results() {
			states[r.ID] = r.State
		}
		return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: map[string]any{"assessment": e.ID, "state": e.State, "by": by.ID, "note": note, "asked": v.Asked, "heads": states, "digest": v.Digest, "filing": v.Filing}}, nil
	})
}

func to(e *Entry, s State) error {
	if !Steps().May(State(e.State), s) {
		return stepped(e.State, string(s))
	}
	e.State = string(s)
	return nil
}
