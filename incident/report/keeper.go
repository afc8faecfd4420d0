package report

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/evidence/paper"
)

// Names of keys.
const (
	keyKind     = "kind"
	keyOrigin   = "origin" // of incidents that are not closed: one for each
	keyAbout    = "about"
	keyIncident = "incident"
	keyOnce     = "once"
	keyAmends   = "amends" // of papers that are not dropped: one amendment of each
	keyForm     = "form"
)

// Draft is what an incident is opened with.
type Draft struct {
	Kinds []Kind
	Words Particulars
	// Origin names what opens it, such as a probe: while an incident of the same origin is open, that is the one.
	Origin string
	About  []Ref
	Knew   time.Time // when the provider found it, or was told; now when it is zero
	Began  time.Time // zero while nobody knows
	Facts  map[string]Fact
}

func (d Draft) check(now time.Time) error {
	switch {
	case !known(d.Kinds) || len(d.Kinds) > len(Kinds()):
		return invalid("kinds")
	case !paper.Prose(d.Words.Title, maxTitle):
		return invalid("title")
	case d.Words.Summary != "" && !paper.Prose(d.Words.Summary, maxProse):
		return invalid("summary")
	case d.Origin != "" && !paper.Word(d.Origin):
		return invalid("origin")
	case len(d.About) > maxAbout || slices.ContainsFunc(d.About, func(r Ref) bool { return !paper.Word(r.Kind) || !paper.Word(r.ID) || r.Kind == staffSource }):
		return invalid("about")
	case d.Knew.After(now):
		return invalid("knew")
	case d.Began.After(now):
		return invalid("began")
	}
	return checkFacts(d.Facts)
}

// payload is the payload of the records of incidents, which is sealed. Times are milliseconds since 1970.
type payload struct {
	Incident string          `json:"incident"`
	State    IncidentState   `json:"state"`
	By       string          `json:"by,omitempty"`
	Kinds    []Kind          `json:"kinds,omitempty"`
	Grading  *Grading        `json:"grading,omitempty"`
	Before   *Grading        `json:"before,omitempty"` // the grading until then
	Rules    string          `json:"rules,omitempty"`
	Facts    map[string]Fact `json:"facts,omitempty"` // those that were told
	Knew     int64           `json:"knew,omitempty"`
	Step     *Step           `json:"step,omitempty"`
	Breach   *Breach         `json:"breach,omitempty"`
	Outcome  IncidentState   `json:"outcome,omitempty"`
	Words    *Particulars    `json:"words,omitempty"`
	Why      string          `json:"why,omitempty"`
}

func act(typ evidence.Type, by ledger.By, e *Entry, p payload) ledger.Act {
	p.Incident, p.State, p.By = e.ID, IncidentState(e.State), by.ID
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: p}
}

// index sets the keys of an incident.
func index(e *Entry) {
	e.Keys = nil
	for _, k := range e.Value.Kinds {
		e.Keys = append(e.Keys, ledger.Key{Name: keyKind, Value: string(k)})
	}
	for _, r := range e.Value.About {
		e.Keys = append(e.Keys, ledger.Key{Name: keyAbout, Value: r.Kind + " " + r.ID})
	}
	if s := IncidentState(e.State); e.Value.Origin != "" && (s == Open || s == Closing) {
		e.Keys = append(e.Keys, ledger.Key{Name: keyOrigin, Value: e.Value.Origin, Unique: true})
	}
}

// regrade grades an incident anew and notes since when that is certain.
func (k *Keeper) regrade(e *Entry) {
	v := &e.Value
	v.Grading, v.Rules = k.config.Rules.Guide.Grade(*v), k.config.Rules.Guide.Version
	switch {
	case !v.Grading.decided():
		v.Graded = time.Time{}
	case v.Graded.IsZero():
		v.Graded = k.incidents.Now()
	}
}

// steps are those of the playbooks of some kinds.
func (k *Keeper) steps(kinds ...Kind) []Step {
	var list []Step
	for _, kind := range kinds {
		for _, s := range k.config.Rules.book(kind).Steps {
			list = append(list, Step{ID: string(kind) + "/" + s.ID, State: StepOpen})
		}
	}
	return list
}

// Open opens an incident, with the steps of its playbooks. The system may do it too, as when a probe fails. What would end a
// clock is no fact to open one with: it takes two people.
func (k *Keeper) Open(ctx context.Context, by ledger.By, d Draft) (Incident, error) {
	now := k.incidents.Now()
	d.Knew, d.Began = moment(d.Knew), moment(d.Began)
	if err := d.check(now); err != nil {
		return Incident{}, err
	}
	id, err := k.config.Recorder.NewID()
	if err != nil {
		return Incident{}, err
	}
	drawn, err := k.config.Recorder.NewID()
	if err != nil {
		return Incident{}, err
	}
	if d.Knew.IsZero() {
		d.Knew = now
	}
	var kinds []Kind
	for _, kind := range Kinds() {
		if slices.Contains(d.Kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	e := Entry{ID: id, Subject: evidence.Subject(drawn), State: string(Open), Value: Incident{Kinds: kinds, Origin: d.Origin, About: slices.Clone(d.About), Operator: k.config.Operator, Size: k.config.Size,
		Knew: d.Knew, Began: d.Began, Facts: with(nil, d.Facts), Steps: k.steps(kinds...)}}
	if by.Role != "system" {
		e.Value.Opener = by.ID
	}
	for _, r := range k.config.Rules.Timetable.Rows {
		if r.excepted(e.Value) {
			return Incident{}, invalid("facts." + r.Fact)
		}
	}
	k.regrade(&e)
	index(&e)
	e, err = k.incidents.Add(ctx, e, d.Words, act(RecordOpened, by, &e, payload{Kinds: kinds, Grading: &e.Value.Grading, Rules: e.Value.Rules, Facts: d.Facts, Knew: d.Knew.UnixMilli(), Words: &d.Words}))
	if errors.Is(err, ledger.ErrExists) && d.Origin != "" {
		e, err = k.incidents.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyOrigin, Value: d.Origin}}})
	}
	return read(e), err
}

// Incident returns an incident.
func (k *Keeper) Incident(ctx context.Context, id string) (Incident, error) {
	e, err := k.incidents.Get(ctx, id)
	return read(e), err
}

// Query narrows a list of incidents. What is empty fits all.
type Query struct {
	States []IncidentState
	Kind   Kind
	About  Ref
	After  string // identifier of the last incident of the page before
	Limit  int
}

// Incidents returns a page of incidents, the newest first, and where the next page begins.
func (k *Keeper) Incidents(ctx context.Context, q Query) ([]Incident, string, error) {
	find := ledger.Query{After: q.After, Newest: true, Limit: q.Limit}
	for _, s := range q.States {
		find.States = append(find.States, string(s))
	}
	if q.Kind != "" {
		find.Keys = append(find.Keys, ledger.Key{Name: keyKind, Value: string(q.Kind)})
	}
	if q.About != (Ref{}) {
		find.Keys = append(find.Keys, ledger.Key{Name: keyAbout, Value: q.About.Kind + " " + q.About.ID})
	}
	page, next, err := k.incidents.Page(ctx, find)
	list := make([]Incident, len(page))
	for i, e := range page {
		list[i] = read(e)
	}
	return list, next, err
}

// Reasons says why an incident has its grade: what each row of the guide that speaks of its kinds comes to.
func (k *Keeper) Reasons(v Incident) []Reason { return k.config.Rules.Guide.Reasons(v) }

// Read opens what people wrote of an incident, for a person, after that was recorded.
func (k *Keeper) Read(ctx context.Context, by ledger.By, id string) (Incident, Particulars, error) {
	var s Particulars
	if err := person(by); err != nil {
		return Incident{}, s, err
	}
	e, err := k.incidents.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		ok, err := k.incidents.Open(*e, &s)
		if err == nil && !ok {
			err = erased()
		}
		return act(RecordRead, by, e, payload{}), err
	})
	if err != nil {
		return Incident{}, Particulars{}, err
	}
	return read(e), s, nil
}

// change changes an incident.
func (k *Keeper) change(ctx context.Context, id string, fn func(e *Entry) (ledger.Act, error)) (Incident, error) {
	e, err := k.incidents.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		act, err := fn(e)
		index(e)
		return act, err
	})
	return read(e), err
}

// why is an error unless a reason is text.
func why(s string) error {
	if !paper.Prose(s, maxProse) {
		return invalid("why")
	}
	return nil
}

// Learn tells facts of an incident; a fact that is [Fact.Unknown] is not known any more. The grade follows at once when it
// stays or rises. Where facts would lower the least grade that is certain, end a clock that runs for sure, or make an exception of
// one, nothing changes until a second person agrees ([Keeper.Agree]). A proposal to close it is void, since it was made without
// them, and so is a correction of the same facts.
func (k *Keeper) Learn(ctx context.Context, by ledger.By, id string, facts map[string]Fact, reason string) (Incident, error) {
	if err := cmp.Or(checkFacts(facts), why(reason)); err != nil {
		return Incident{}, err
	}
	if len(facts) == 0 {
		return Incident{}, invalid("facts")
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := k.onward(e); err != nil {
			return ledger.Act{}, err
		}
		after := *e
		after.Value.Facts = with(e.Value.Facts, facts)
		k.regrade(&after)
		if !k.lowers(e.Value, after.Value) {
			before := e.Value.Grading
			*e = after
			if p := e.Value.Correction; p != nil && overlap(p.Facts, facts) {
				e.Value.Correction = nil
			}
			return k.graded(by, e, before, payload{Facts: facts, Why: reason}), nil
		}
		if err := person(by); err != nil {
			return ledger.Act{}, err
		}
		if e.Value.Correction != nil {
			return ledger.Act{}, refuse(colophon.Conflict, CodeCorrection, nil)
		}
		e.Value.Correction = &Proposal{By: by.ID, At: k.incidents.Now(), Facts: facts}
		return act(RecordCorrected, by, e, payload{Facts: facts, Grading: &after.Value.Grading, Before: &e.Value.Grading, Why: reason}), nil
	})
}

// onward refuses a change to an incident that is not open. One that was to be closed is open again.
func (k *Keeper) onward(e *Entry) error {
	if IncidentState(e.State) == Closing {
		e.Value.Closing = nil
		return to(e, Open)
	}
	return in(e, Open, Open)
}

// graded is the record of a change that may have changed the grade.
func (k *Keeper) graded(by ledger.By, e *Entry, before Grading, p payload) ledger.Act {
	p.Grading, p.Before, p.Rules = &e.Value.Grading, &before, e.Value.Rules
	typ := RecordLearned
	if before.State != e.Value.Grading.State || before.Least != e.Value.Grading.Least || before.Most != e.Value.Grading.Most {
		typ = RecordGraded
	}
	return act(typ, by, e, p)
}

// lowers reports whether a change takes a grade, or a clock that runs for sure, away. An exception does so even where the
// incident is not of the clock's kind yet.
func (k *Keeper) lowers(before, after Incident) bool {
	return after.Grading.Least.rank() < before.Grading.Least.rank() || slices.ContainsFunc(k.config.Rules.Timetable.Rows, func(r TimeRow) bool {
		return r.applies(before) == colophon.Passed && r.applies(after) != colophon.Passed || r.excepted(after) && !r.excepted(before)
	})
}

// overlap reports whether two tell of the same fact.
func overlap(a, b map[string]Fact) bool {
	for name := range a {
		if _, ok := b[name]; ok {
			return true
		}
	}
	return false
}

// Agree puts a correction in force that somebody else proposed.
func (k *Keeper) Agree(ctx context.Context, by ledger.By, id, reason string) (Incident, error) {
	return k.settle(ctx, by, id, reason, func(e *Entry, p Proposal) (ledger.Act, error) {
		if p.By == by.ID {
			return ledger.Act{}, refuse(colophon.Refused, CodeSame, nil)
		}
		before := e.Value.Grading
		e.Value.Facts = with(e.Value.Facts, p.Facts)
		k.regrade(e)
		return k.graded(by, e, before, payload{Facts: p.Facts, Why: reason}), nil
	})
}

// Disagree turns a correction down, or takes it back.
func (k *Keeper) Disagree(ctx context.Context, by ledger.By, id, reason string) (Incident, error) {
	return k.settle(ctx, by, id, reason, func(e *Entry, p Proposal) (ledger.Act, error) {
		return act(RecordStood, by, e, payload{Facts: p.Facts, Why: reason}), nil
	})
}

func (k *Keeper) settle(ctx context.Context, by ledger.By, id, reason string, fn func(*Entry, Proposal) (ledger.Act, error)) (Incident, error) {
	if err := cmp.Or(person(by), why(reason)); err != nil {
		return Incident{}, err
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := k.onward(e); err != nil {
			return ledger.Act{}, err
		}
		p := e.Value.Correction
		if p == nil {
			return ledger.Act{}, refuse(colophon.Conflict, CodeNothing, nil)
		}
		e.Value.Correction = nil
		return fn(e, *p)
	})
}

// Widen says that an incident is of another kind too. The steps of that playbook begin.
func (k *Keeper) Widen(ctx context.Context, by ledger.By, id string, kind Kind, reason string) (Incident, error) {
	if err := cmp.Or(person(by), why(reason)); err != nil {
		return Incident{}, err
	}
	if !slices.Contains(Kinds(), kind) {
		return Incident{}, invalid("kind")
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if slices.Contains(e.Value.Kinds, kind) {
			return ledger.Act{}, ledger.ErrSame
		}
		if err := k.onward(e); err != nil {
			return ledger.Act{}, err
		}
		before := e.Value.Grading
		e.Value.Kinds = append(slices.Clone(e.Value.Kinds), kind)
		e.Value.Steps = append(slices.Clone(e.Value.Steps), k.steps(kind)...)
		k.regrade(e)
		return k.graded(by, e, before, payload{Kinds: e.Value.Kinds, Why: reason}), nil
	})
}

// KnownEarlier says that the provider knew of an incident before the time that stands there. It never moves to a later one.
func (k *Keeper) KnownEarlier(ctx context.Context, by ledger.By, id string, at time.Time, reason string) (Incident, error) {
	if err := cmp.Or(person(by), why(reason)); err != nil {
		return Incident{}, err
	}
	if at = moment(at); at.UnixMilli() <= 0 {
		return Incident{}, invalid("knew")
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := k.onward(e); err != nil {
			return ledger.Act{}, err
		}
		if !at.Before(e.Value.Knew) {
			return ledger.Act{}, refuse(colophon.Refused, CodeLater, nil)
		}
		e.Value.Knew = at
		return act(RecordKnown, by, e, payload{Knew: at.UnixMilli(), Why: reason}), nil
	})
}

// Tick says that a step of the playbook was done or is not needed, or takes that back. A step that is not needed wants a
// reason.
func (k *Keeper) Tick(ctx context.Context, by ledger.By, id, step string, s StepState, note string) (Incident, error) {
	if err := person(by); err != nil {
		return Incident{}, err
	}
	if s == StepSkipped && note == "" || note != "" && !paper.Prose(note, maxProse) {
		return Incident{}, invalid("note")
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := in(e, Open, Open); err != nil {
			return ledger.Act{}, err
		}
		i := slices.IndexFunc(e.Value.Steps, func(o Step) bool { return o.ID == step })
		if i < 0 {
			return ledger.Act{}, invalid("step")
		}
		if from := e.Value.Steps[i].State; !from.May(s) {
			return ledger.Act{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": string(from), "to": string(s)})
		}
		e.Value.Steps = slices.Clone(e.Value.Steps)
		now := Step{ID: step, State: s, By: by.ID, At: k.incidents.Now()}
		e.Value.Steps[i] = now
		return act(RecordStepped, by, e, payload{Step: &now, Why: note}), nil
	})
}

// Plan returns the steps of an incident with what the playbooks say of them, in their order.
func (k *Keeper) Plan(v Incident) []PlannedStep {
	var list []PlannedStep
	for _, s := range v.Steps {
		p := PlannedStep{Step: s}
		for _, kind := range Kinds() {
			for _, o := range k.config.Rules.book(kind).Steps {
				if s.ID == string(kind)+"/"+o.ID {
					p.Kind, p.Play = kind, o
				}
			}
		}
		list = append(list, p)
	}
	return list
}

// PlannedStep is a step of an incident with what its playbook says. Play is zero where the playbook has it no more.
type PlannedStep struct {
	Step
	Kind Kind
	Play PlayStep
}

// OpenSteps counts the steps that nobody did.
func (v Incident) OpenSteps() int {
	n := 0
	for _, s := range v.Steps {
		if s.State == StepOpen {
			n++
		}
	}
	return n
}
