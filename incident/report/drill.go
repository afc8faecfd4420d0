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

// Finding is something that a drill showed to be wanting. What it is stands sealed beside the drill.
type Finding struct {
	Number int       `json:"number"` // from 1
	Mended time.Time `json:"mended,omitzero"`
	By     string    `json:"by,omitempty"` // who said that it is mended
}

// Drill is one exercise of a playbook. It leads to no person.
type Drill struct {
	ID    string      `json:"-"`
	State DrillState  `json:"-"`
	Kept  ledger.Kept `json:"-"`

	Playbook Kind          `json:"playbook"`
	Day      time.Time     `json:"day"` // for which it is planned
	Planner  string        `json:"planner"`
	Held     time.Time     `json:"held,omitzero"`
	Holder   string        `json:"holder,omitempty"` // who recorded it
	Result   string        `json:"result,omitempty"` // a verdict in its word; empty until the drill was held
	Took     time.Duration `json:"took,omitempty"`   // until the aim was reached, as far as it was measured
	Order    string        `json:"order,omitempty"`  // control order of the drill, whose acknowledgements measure it
	Findings []Finding     `json:"findings,omitempty"`
}

// Exercise is what is sealed of a drill.
type Exercise struct {
	Scenario string   `json:"scenario"`
	Report   string   `json:"report,omitempty"`
	Findings []string `json:"findings,omitempty"` // by their numbers
}

// Outcome is what came of a drill.
type Outcome struct {
	Held     time.Time
	Result   colophon.Verdict
	Took     time.Duration // zero where nothing was measured
	Order    string
	Report   string
	Findings []string
}

// Bounds of drills.
const (
	maxFindings = 50
	maxAhead    = 400 * 24 * time.Hour
)

type drillEntry = ledger.Entry[Drill]

func readDrill(e drillEntry) Drill {
	d := e.Value
	d.ID, d.State, d.Kept = e.ID, DrillState(e.State), e.Kept
	return d
}

type drillPayload struct {
	Drill    string     `json:"drill"`
	Playbook Kind       `json:"playbook"`
	State    DrillState `json:"state"`
	By       string     `json:"by,omitempty"`
	Day      int64      `json:"day"`
	Result   string     `json:"result,omitempty"`
	Finding  int        `json:"finding,omitempty"`
	Findings int        `json:"findings,omitempty"`
	Words    *Exercise  `json:"words,omitempty"`
	Why      string     `json:"why,omitempty"`
}

func drillAct(typ evidence.Type, by ledger.By, e *drillEntry, p drillPayload) ledger.Act {
	p.Drill, p.Playbook, p.State, p.By, p.Day = e.ID, e.Value.Playbook, DrillState(e.State), by.ID, e.Value.Day.UnixMilli()
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: p}
}

// PlanDrill puts a drill of a playbook on the calendar.
func (k *Keeper) PlanDrill(ctx context.Context, by ledger.By, playbook Kind, day time.Time, scenario string) (Drill, error) {
	now := k.drills.Now()
	day = moment(day)
	switch {
	case !slices.Contains(Kinds(), playbook):
		return Drill{}, invalid("playbook")
	case !day.After(now) || day.After(now.Add(maxAhead)):
		return Drill{}, invalid("day")
	case !paper.Prose(scenario, maxProse):
		return Drill{}, invalid("scenario")
	}
	if err := person(by); err != nil {
		return Drill{}, err
	}
	id, err := k.config.Recorder.NewID()
	if err != nil {
		return Drill{}, err
	}
	drawn, err := k.config.Recorder.NewID()
	if err != nil {
		return Drill{}, err
	}
	words := Exercise{Scenario: scenario}
	e := drillEntry{ID: id, Subject: evidence.Subject(drawn), State: string(Planned), Due: endOf(day, 0), Value: Drill{Playbook: playbook, Day: day, Planner: by.ID},
		Keys: []ledger.Key{{Name: keyKind, Value: string(playbook)}}}
	e, err = k.drills.Add(ctx, e, words, drillAct(RecordPlanned, by, &e, drillPayload{Words: &words}))
	return readDrill(e), err
}

func stepDrill(e *drillEntry, s DrillState) error {
	if !DrillState(e.State).May(s) {
		return refuse(colophon.Conflict, CodeDrillStep, colophon.Args{"from": e.State, "to": string(s)})
	}
	e.State, e.Due = string(s), time.Time{}
	return nil
}

// HoldDrill records that a drill was held, what it showed, and what is wanting.
func (k *Keeper) HoldDrill(ctx context.Context, by ledger.By, id string, o Outcome) (Drill, error) {
	o.Held = moment(o.Held)
	switch {
	case o.Held.UnixMilli() <= 0 || o.Held.After(k.drills.Now()):
		return Drill{}, invalid("held")
	case o.Result != colophon.Passed && o.Result != colophon.Failed && o.Result != colophon.Unknown:
		return Drill{}, invalid("result")
	case o.Took < 0 || o.Took > 30*24*time.Hour:
		return Drill{}, invalid("took")
	case o.Order != "" && !paper.Word(o.Order):
		return Drill{}, invalid("order")
	case !paper.Prose(o.Report, maxProse):
		return Drill{}, invalid("report")
	case len(o.Findings) > maxFindings || slices.ContainsFunc(o.Findings, func(s string) bool { return !paper.Prose(s, maxProse) }):
		return Drill{}, invalid("findings")
	}
	if err := person(by); err != nil {
		return Drill{}, err
	}
	e, err := k.drills.Change(ctx, id, func(e *drillEntry) (ledger.Act, error) {
		if err := stepDrill(e, Held); err != nil {
			return ledger.Act{}, err
		}
		var words Exercise
		if ok, err := k.drills.Open(*e, &words); err != nil || !ok {
			return ledger.Act{}, cmp.Or(err, erased())
		}
		words.Report, words.Findings = o.Report, o.Findings
		e.Value.Held, e.Value.Holder, e.Value.Result, e.Value.Took, e.Value.Order = o.Held, by.ID, o.Result.String(), o.Took, o.Order
		e.Value.Findings = make([]Finding, len(o.Findings))
		for i := range o.Findings {
			e.Value.Findings[i].Number = i + 1
		}
		return drillAct(RecordHeld, by, e, drillPayload{Result: o.Result.String(), Findings: len(o.Findings), Words: &words}), k.drills.Secret(e, words)
	})
	return readDrill(e), err
}

// CancelDrill takes a drill off the calendar.
func (k *Keeper) CancelDrill(ctx context.Context, by ledger.By, id, reason string) (Drill, error) {
	if err := cmp.Or(person(by), why(reason)); err != nil {
		return Drill{}, err
	}
	e, err := k.drills.Change(ctx, id, func(e *drillEntry) (ledger.Act, error) {
		if err := stepDrill(e, Cancelled); err != nil {
			return ledger.Act{}, err
		}
		return drillAct(RecordCancelled, by, e, drillPayload{Why: reason}), nil
	})
	return readDrill(e), err
}

// Mend says that what a drill showed to be wanting was mended.
func (k *Keeper) Mend(ctx context.Context, by ledger.By, id string, finding int, reason string) (Drill, error) {
	if err := cmp.Or(person(by), why(reason)); err != nil {
		return Drill{}, err
	}
	e, err := k.drills.Change(ctx, id, func(e *drillEntry) (ledger.Act, error) {
		if finding < 1 || finding > len(e.Value.Findings) {
			return ledger.Act{}, invalid("finding")
		}
		if !e.Value.Findings[finding-1].Mended.IsZero() {
			return ledger.Act{}, ledger.ErrSame
		}
		e.Value.Findings = slices.Clone(e.Value.Findings)
		e.Value.Findings[finding-1] = Finding{finding, k.drills.Now(), by.ID}
		return drillAct(RecordMended, by, e, drillPayload{Finding: finding, Why: reason}), nil
	})
	return readDrill(e), err
}

// missed writes down the drills whose day is over. Where one can't be, the others are.
func (k *Keeper) missed(ctx context.Context) error {
	var failed error
	err := k.drills.All(ctx, ledger.Query{States: []string{string(Planned)}, Due: k.drills.Now()}, func(e drillEntry) error {
		_, err := k.drills.Change(ctx, e.ID, func(e *drillEntry) (ledger.Act, error) {
			if DrillState(e.State) != Planned {
				return ledger.Act{}, ledger.ErrSame
			}
			return drillAct(RecordMissed, ledger.By{Role: "system"}, e, drillPayload{}), stepDrill(e, Missed)
		})
		failed = errors.Join(failed, err)
		return ctx.Err()
	})
	return errors.Join(err, failed)
}

// Drill returns a drill.
func (k *Keeper) Drill(ctx context.Context, id string) (Drill, error) {
	e, err := k.drills.Get(ctx, id)
	return readDrill(e), err
}

// DrillQuery narrows a list of drills. What is empty fits all.
type DrillQuery struct {
	States   []DrillState
	Playbook Kind
	After    string // identifier of the last drill of the page before
	Limit    int
}

// Drills returns a page of drills, those that were entered last first, and where the next page begins.
func (k *Keeper) Drills(ctx context.Context, q DrillQuery) ([]Drill, string, error) {
	find := ledger.Query{After: q.After, Newest: true, Limit: q.Limit}
	for _, s := range q.States {
		find.States = append(find.States, string(s))
	}
	if q.Playbook != "" {
		find.Keys = append(find.Keys, ledger.Key{Name: keyKind, Value: string(q.Playbook)})
	}
	page, next, err := k.drills.Page(ctx, find)
	list := make([]Drill, len(page))
	for i, e := range page {
		list[i] = readDrill(e)
	}
	return list, next, err
}

// ReadDrill opens what is sealed of a drill, for a person, after that was recorded: what was exercised, what came of it, and
// what is wanting.
func (k *Keeper) ReadDrill(ctx context.Context, by ledger.By, id string) (Drill, Exercise, error) {
	var words Exercise
	if err := person(by); err != nil {
		return Drill{}, words, err
	}
	e, err := k.drills.Change(ctx, id, func(e *drillEntry) (ledger.Act, error) {
		ok, err := k.drills.Open(*e, &words)
		if err == nil && !ok {
			err = erased()
		}
		return drillAct(RecordExercise, by, e, drillPayload{}), err
	})
	if err != nil {
		return Drill{}, Exercise{}, err
	}
	return readDrill(e), words, nil
}

// CalendarRow says how a playbook stands with its drills.
type CalendarRow struct {
	Playbook Kind
	Last     *Drill    // the one that was held last; nil for none
	Next     *Drill    // the one that is planned next; nil for none
	Due      time.Time // when the next one is due; zero where none was ever held, which is at once
	State    colophon.Verdict
	Wanting  int // findings that nobody mended
}

// Calendar says for each playbook when it was exercised, and when it is due again. Passed is one that was exercised within the
// provider's own interval, Failed one that was not; how a drill ended is its own matter.
func (k *Keeper) Calendar(ctx context.Context) ([]CalendarRow, error) {
	now := k.drills.Now()
	var rows []CalendarRow
	var failed error
	for _, kind := range Kinds() {
		row := CalendarRow{Playbook: kind, State: colophon.Failed}
		err := k.drills.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyKind, Value: string(kind)}}}, func(e drillEntry) error {
			d := readDrill(e)
			for _, f := range d.Findings {
				if f.Mended.IsZero() {
					row.Wanting++
				}
			}
			if d.State == Held && (row.Last == nil || d.Held.After(row.Last.Held)) {
				row.Last = &d
			}
			if d.State == Planned && (row.Next == nil || d.Day.Before(row.Next.Day)) {
				row.Next = &d
			}
			return nil
		})
		if err != nil {
			row.State, failed = colophon.Unknown, errors.Join(failed, err)
		} else if row.Last != nil {
			row.Due = row.Last.Held.AddDate(0, k.config.DrillEvery, 0)
			if !now.After(row.Due) {
				row.State = colophon.Passed
			}
		}
		rows = append(rows, row)
	}
	return rows, failed
}
