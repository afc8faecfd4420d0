// Package annotation keeps how data are annotated (Generative AI Measures Art. 8): rules in versions that another person
// approves, people who annotate or check, with what they were trained in, and checks of samples of labels.
//
// People are known by opaque identifiers of the provider. Annotating and checking are separate duties. A check names the
// version of the rule, who annotated and who checked; it is refused where one of them was not trained in that version, or
// checked what they annotated.
//
// A rule says which part of the labels is to be checked and which share has to be right. A check with fewer can't be told, and
// what whoever checked could not tell may have gone either way.
//
// What not to do here: no name of a person, and no item that was annotated.
package annotation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register"
)

// Names of the ledgers.
const (
	RuleLedger  = "annotation-rule"
	TakerLedger = "annotator"
	CheckLedger = "annotation-check"
)

// Types of records.
const (
	RecordDrafted   evidence.Type = "annotation-rule.drafted"
	RecordApproved  evidence.Type = "annotation-rule.approved"
	RecordReplaced  evidence.Type = "annotation-rule.replaced"
	RecordWithdrawn evidence.Type = "annotation-rule.withdrawn"

	RecordEntered evidence.Type = "annotator.entered"
	RecordTrained evidence.Type = "annotator.trained"
	RecordLeft    evidence.Type = "annotator.left"

	RecordChecked evidence.Type = "annotation.checked"
)

// Codes of errors.
const (
	CodeInvalid   colophon.Code = "annotation-invalid"   // arg "field"
	CodeMissing   colophon.Code = "annotation-missing"   // there is no such rule, annotator or check
	CodeStep      colophon.Code = "annotation-step"      // args "from", "to"
	CodeOwn       colophon.Code = "annotation-own"       // who wrote a rule does not approve it
	CodePerson    colophon.Code = "annotation-person"    // a person of the staff has to do it
	CodeUntrained colophon.Code = "annotation-untrained" // arg "annotator": not trained in this version of the rule
	CodeDuty      colophon.Code = "annotation-duty"      // arg "annotator": has the other duty
	CodeSelf      colophon.Code = "annotation-self"      // who annotated does not check
	CodeNotForce  colophon.Code = "annotation-not-in-force"
)

// State says where a rule is.
type State string

// The states of a rule.
const (
	Draft     State = "draft"
	InForce   State = "in-force"
	Replaced  State = "replaced" // by a later version of the same name
	Withdrawn State = "withdrawn"
)

var steps = ledger.Steps[State]{{Draft, []State{InForce, Withdrawn}}, {InForce, []State{Replaced, Withdrawn}}, {Replaced, nil}, {Withdrawn, nil}}

// States lists the states of a rule.
func States() []State { return steps.States() }

// Rule is a version of a rule.
type Rule struct {
	Name    string         `json:"name"` // a word; versions of a rule have the same
	Version int            `json:"version"`
	Kind    string         `json:"kind"` // of [Kinds]
	Title   register.Names `json:"title"`
	Text    string         `json:"text"`
	SHA256  string         `json:"sha256"` // of the text
	// Part is how much of the labels is checked, in hundredths; Share is which share has to be right, in parts per million.
	Part     int       `json:"part"`
	Share    int       `json:"share"`
	Author   string    `json:"author"` // staff account
	Approver string    `json:"approver,omitempty"`
	Approved time.Time `json:"approved,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
}

// RuleEntry is a version of a rule as it is kept.
type RuleEntry = ledger.Entry[Rule]

// Kinds lists what labels are for: what a model can do, or what keeps it safe. Rules of the two are apart.
func Kinds() []string { return []string{"functional", "safety"} }

// Duties lists what people do.
func Duties() []string { return []string{"annotate", "check"} }

// Training says that somebody was trained in a version of a rule.
type Training struct {
	Rule    string    `json:"rule"` // identifier of the version
	Day     time.Time `json:"day"`
	Passed  bool      `json:"passed"`
	Paper   string    `json:"paper,omitempty"` // SHA-256 of what shows it
	Entered time.Time `json:"entered"`
	By      string    `json:"by"` // staff account
}

// Taker is somebody who annotates or checks.
type Taker struct {
	Duty      string     `json:"duty"` // of [Duties]
	Trainings []Training `json:"trainings,omitempty"`
}

// TakerEntry is such a person under the provider's opaque identifier. The state is "active" or "left".
type TakerEntry = ledger.Entry[Taker]

// States of people.
const (
	Active = "active"
	Left   = "left"
)

// Check is a check of a sample of labels.
type Check struct {
	Rule       string           `json:"rule"` // identifier of the version
	Dataset    string           `json:"dataset,omitempty"`
	Batch      string           `json:"batch"` // the provider's opaque name of what was annotated together
	Labels     int              `json:"labels"`
	Checked    int              `json:"checked"`
	Wrong      int              `json:"wrong"`
	Untold     int              `json:"untold"` // of the checked ones nobody could tell
	Annotators []string         `json:"annotators"`
	Checker    string           `json:"checker"`
	Must       int              `json:"must"`
	Share      int              `json:"share"` // right, of what could be told, in parts per million
	Mark       int              `json:"mark"`
	Outcome    string           `json:"outcome"` // name of the verdict
	By         string           `json:"by"`      // staff account
	Verdict    colophon.Verdict `json:"-"`
}

// CheckEntry is a check as it is kept.
type CheckEntry = ledger.Entry[Check]

const (
	maxText      = 200_000
	maxLine      = 256
	maxTrainings = 200
	maxTakers    = 100
	maxLabels    = 1_000_000_000
	million      = 1_000_000
	keyName      = "name"
	keyVersion   = "version" // name/number
	keyRule      = "rule"
	keyDataset   = "dataset"
)

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args}
}

func line(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= maxLine && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseGenAI8} }

func act(typ evidence.Type, by ledger.By, id string, value any) ledger.Act {
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: map[string]any{"id": id, "by": by.ID, "value": value}}
}

func person(by ledger.By) error {
	if !by.Person() {
		return refuse(colophon.Refused, CodePerson, nil)
	}
	return nil
}

// Keeper is the worker of annotation. It is safe for use by many goroutines.
type Keeper struct {
	rules  ledger.Book[Rule]
	takers ledger.Book[Taker]
	checks ledger.Book[Check]
}

// New makes a keeper.
func New(rules ledger.Store[Rule], takers ledger.Store[Taker], checks ledger.Store[Check], recorder *evidence.Recorder) *Keeper {
	return &Keeper{ledger.Book[Rule]{Store: rules, Recorder: recorder, Missing: CodeMissing}, ledger.Book[Taker]{Store: takers, Recorder: recorder, Missing: CodeMissing},
		ledger.Book[Check]{Store: checks, Recorder: recorder, Missing: CodeMissing}}
}

func (r Rule) check() error {
	for _, c := range []struct {
		field string
		ok    bool
	}{
		{"name", register.Word(r.Name)},
		{"kind", slices.Contains(Kinds(), r.Kind)},
		{"title", line(r.Title.ZH) && line(r.Title.EN)},
		{"text", strings.TrimSpace(r.Text) != "" && len(r.Text) <= maxText && utf8.ValidString(r.Text)},
		{"part", r.Part >= 1 && r.Part <= 100},
		{"share", r.Share >= 1 && r.Share <= million},
	} {
		if !c.ok {
			return invalid(c.field)
		}
	}
	return nil
}

// Draft writes the next version of a rule.
func (k *Keeper) Draft(ctx context.Context, by ledger.By, r Rule) (RuleEntry, error) {
	if err := errors.Join(person(by), r.check()); err != nil {
		return RuleEntry{}, err
	}
	n, err := k.rules.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyName, Value: r.Name}}})
	if err != nil {
		return RuleEntry{}, err
	}
	sum := sha256.Sum256([]byte(r.Text))
	fresh := Rule{Name: r.Name, Version: n + 1, Kind: r.Kind, Title: r.Title, Text: r.Text, SHA256: hex.EncodeToString(sum[:]), Part: r.Part, Share: r.Share, Author: by.ID}
	id, err := k.rules.Recorder.NewID()
	if err != nil {
		return RuleEntry{}, err
	}
	e := RuleEntry{ID: id, State: string(Draft), Value: fresh, Keys: []ledger.Key{{Name: keyName, Value: r.Name}, {Name: keyVersion, Value: r.Name + "/" + strconv.Itoa(n+1), Unique: true}}}
	return k.rules.Add(ctx, e, nil, act(RecordDrafted, by, id, fresh))
}

func (k *Keeper) step(ctx context.Context, by ledger.By, id string, to State, typ evidence.Type, fn func(r *Rule) error) (RuleEntry, error) {
	return k.rules.Change(ctx, id, func(e *RuleEntry) (ledger.Act, error) {
		if !steps.May(State(e.State), to) {
			return ledger.Act{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": e.State, "to": string(to)})
		}
		if err := fn(&e.Value); err != nil {
			return ledger.Act{}, err
		}
		e.State = string(to)
		return act(typ, by, id, map[string]any{"name": e.Value.Name, "version": e.Value.Version, "sha256": e.Value.SHA256}), nil
	})
}

// Approve puts what somebody else wrote in force, in place of the version before.
func (k *Keeper) Approve(ctx context.Context, by ledger.By, id string) (RuleEntry, error) {
	if err := person(by); err != nil {
		return RuleEntry{}, err
	}
	e, err := k.step(ctx, by, id, InForce, RecordApproved, func(r *Rule) error {
		if r.Author == by.ID {
			return refuse(colophon.Refused, CodeOwn, nil)
		}
		r.Approver, r.Approved = by.ID, k.rules.Now()
		return nil
	})
	if err != nil {
		return e, err
	}
	old, err := k.rules.Store.Find(ctx, ledger.Query{States: []string{string(InForce)}, Keys: []ledger.Key{{Name: keyName, Value: e.Value.Name}}})
	for _, o := range old {
		if o.ID != id {
			_, failed := k.step(ctx, ledger.By{Role: "system"}, o.ID, Replaced, RecordReplaced, k.ends)
			err = errors.Join(err, failed)
		}
	}
	return e, err
}

func (k *Keeper) ends(r *Rule) error {
	r.Ended = k.rules.Now()
	return nil
}

// Withdraw takes a version back.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, id string) (RuleEntry, error) {
	if err := person(by); err != nil {
		return RuleEntry{}, err
	}
	return k.step(ctx, by, id, Withdrawn, RecordWithdrawn, k.ends)
}

// Rule returns a version of a rule.
func (k *Keeper) Rule(ctx context.Context, id string) (RuleEntry, error) { return k.rules.Get(ctx, id) }

// Rules returns a page of versions, the newest first, and where the next page begins.
func (k *Keeper) Rules(ctx context.Context, states []State, after string, limit int) ([]RuleEntry, string, error) {
	q := ledger.Query{Newest: true, After: after, Limit: limit}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	return k.rules.Page(ctx, q)
}
