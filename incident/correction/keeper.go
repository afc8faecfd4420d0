package correction

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/evidence/paper"
)

// Names of keys.
const (
	keyOrigin   = "origin" // of cases that are open: one for each
	keyAbout    = "about"
	keyFunction = "function"
)

// payload is the payload of the records, which is sealed. Times are milliseconds since 1970.
type payload struct {
	Case   string  `json:"case"`
	State  State   `json:"state"`
	By     string  `json:"by,omitempty"`
	Origin string  `json:"origin,omitempty"`
	Found  int64   `json:"found,omitempty"`
	Taken  *Taken  `json:"taken,omitempty"`
	Breach *Breach `json:"breach,omitempty"`
	Words  *Words  `json:"words,omitempty"`
	Why    string  `json:"why,omitempty"`
	Left   []Step  `json:"left,omitempty"`
}

func act(typ evidence.Type, by ledger.By, e *Entry, p payload) ledger.Act {
	p.Case, p.State, p.By, p.Origin, p.Left = e.ID, State(e.State), by.ID, e.Value.Origin, e.Value.Left()
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: p}
}

func index(e *Entry) {
	e.Keys = nil
	for _, r := range e.Value.About {
		e.Keys = append(e.Keys, ledger.Key{Name: keyAbout, Value: r.Kind + " " + r.ID})
	}
	if e.Value.Function != "" {
		e.Keys = append(e.Keys, ledger.Key{Name: keyFunction, Value: e.Value.Function})
	}
	if e.Value.Origin != "" && State(e.State) == Open {
		e.Keys = append(e.Keys, ledger.Key{Name: keyOrigin, Value: e.Value.Origin, Unique: true})
	}
}

// Draft is what a case is opened with.
type Draft struct {
	Words    Words
	Origin   string
	About    []Evidence
	Function string
	Model    string
	Found    time.Time // now when it is zero
}

func sound(list []Evidence, most int) bool {
	return len(list) <= most && !slices.ContainsFunc(list, func(e Evidence) bool { return !paper.Word(e.Kind) || !paper.Word(e.ID) })
}

func (d Draft) check(now time.Time) error {
	switch {
	case !paper.Prose(d.Words.Title, maxTitle):
		return invalid("title")
	case d.Words.Summary != "" && !paper.Prose(d.Words.Summary, maxProse):
		return invalid("summary")
	case d.Origin != "" && !paper.Word(d.Origin):
		return invalid("origin")
	case !sound(d.About, maxAbout):
		return invalid("about")
	case d.Function != "" && !paper.Line(d.Function, maxTitle):
		return invalid("function")
	case d.Model != "" && !paper.Line(d.Model, maxTitle):
		return invalid("model")
	case d.Found.After(now):
		return invalid("found")
	}
	return nil
}

// Open opens a case. The system may do it too.
func (k *Keeper) Open(ctx context.Context, by ledger.By, d Draft) (Case, error) {
	now := k.book.Now()
	d.Found = d.Found.UTC().Truncate(time.Millisecond)
	if err := d.check(now); err != nil {
		return Case{}, err
	}
	id, err := k.config.Recorder.NewID()
	if err != nil {
		return Case{}, err
	}
	drawn, err := k.config.Recorder.NewID()
	if err != nil {
		return Case{}, err
	}
	if d.Found.IsZero() {
		d.Found = now
	}
	e := Entry{ID: id, Subject: evidence.Subject(drawn), State: string(Open), Value: Case{Origin: d.Origin, About: slices.Clone(d.About), Function: d.Function, Model: d.Model, Found: d.Found}}
	for _, s := range Steps() {
		e.Value.Taken = append(e.Value.Taken, Taken{Step: s})
	}
	if by.Role != "system" {
		e.Value.Opener = by.ID
	}
	d.Words.Notes = nil
	index(&e)
	e, err = k.book.Add(ctx, e, d.Words, act(RecordOpened, by, &e, payload{Found: d.Found.UnixMilli(), Words: &d.Words}))
	if errors.Is(err, ledger.ErrExists) && d.Origin != "" {
		e, err = k.book.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyOrigin, Value: d.Origin}}})
	}
	return read(e), err
}

// Case returns a case.
func (k *Keeper) Case(ctx context.Context, id string) (Case, error) {
	e, err := k.book.Get(ctx, id)
	return read(e), err
}

// Query narrows a list of cases. What is empty fits all.
type Query struct {
	States   []State
	About    Evidence
	Function string
	After    string
	Limit    int
}

// Cases returns a page of cases, the newest first, and where the next page begins.
func (k *Keeper) Cases(ctx context.Context, q Query) ([]Case, string, error) {
	find := ledger.Query{After: q.After, Newest: true, Limit: q.Limit}
	for _, s := range q.States {
		find.States = append(find.States, string(s))
	}
	if q.About != (Evidence{}) {
		find.Keys = append(find.Keys, ledger.Key{Name: keyAbout, Value: q.About.Kind + " " + q.About.ID})
	}
	if q.Function != "" {
		find.Keys = append(find.Keys, ledger.Key{Name: keyFunction, Value: q.Function})
	}
	page, next, err := k.book.Page(ctx, find)
	list := make([]Case, len(page))
	for i, e := range page {
		list[i] = read(e)
	}
	return list, next, err
}

// Read opens what people wrote of a case, for a person, after that was recorded.
func (k *Keeper) Read(ctx context.Context, by ledger.By, id string) (Case, Words, error) {
	var w Words
	if err := person(by); err != nil {
		return Case{}, w, err
	}
	e, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		var err error
		w, err = k.words(e)
		return act(RecordRead, by, e, payload{}), err
	})
	if err != nil {
		return Case{}, Words{}, err
	}
	return read(e), w, nil
}

func (k *Keeper) words(e *Entry) (w Words, err error) {
	ok, err := k.book.Open(*e, &w)
	if err == nil && !ok {
		err = refuse(colophon.Conflict, CodeErased, nil)
	}
	return w, err
}

// Told is what a person says of a step.
type Told struct {
	Skip     bool // there is nothing to do, for the reason in Note
	At       time.Time
	How      How
	Evidence []Evidence
	Note     string
}

func (t Told) check(s Step, now time.Time) error {
	switch {
	case !slices.Contains(Steps(), s):
		return invalid("step")
	case t.Skip && s.Needed():
		return refuse(colophon.Refused, CodeNeeded, colophon.Args{"step": string(s)})
	case (t.Skip || t.Note != "") && !paper.Prose(t.Note, maxProse):
		return invalid("note")
	case t.Skip && (len(t.Evidence) > 0 || t.How != ""):
		return invalid("evidence")
	case t.At.UnixMilli() <= 0 || t.At.After(now):
		return invalid("at")
	case !t.Skip && (s == Correct) != slices.Contains(Hows(), t.How), s != Correct && t.How != "":
		return invalid("how")
	case !sound(t.Evidence, maxEvidence):
		return invalid("evidence")
	case !t.Skip && len(t.Evidence) == 0:
		return refuse(colophon.Refused, CodeEvidence, nil)
	}
	return nil
}

// Take says that a step was taken, or that there is nothing to do. The output may have been stopped and deleted before it was
// found to be illegal; what follows from that was done after it.
func (k *Keeper) Take(ctx context.Context, by ledger.By, id string, s Step, t Told) (Case, error) {
	t.At = t.At.UTC().Truncate(time.Millisecond)
	if err := cmp.Or(t.check(s, k.book.Now()), person(by)); err != nil {
		return Case{}, err
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if now := e.Value.step(s); !now.Open() || e.State != string(Open) {
			return ledger.Act{}, stuck(e.State, "taken")
		}
		if (s == Correct || s == Report) && t.At.Before(e.Value.Found.Truncate(time.Minute)) { // people enter minutes
			return ledger.Act{}, invalid("at")
		}
		taken := Taken{Step: s, Done: !t.Skip, Skipped: t.Skip, At: t.At, Entered: k.book.Now(), By: by.ID, How: t.How, Evidence: t.Evidence}
		return k.enter(by, e, RecordStepped, taken, t.Note)
	})
}

// Retract says that a step was not taken after all. The case is not closed with it.
func (k *Keeper) Retract(ctx context.Context, by ledger.By, id string, s Step, why string) (Case, error) {
	if err := cmp.Or(person(by), reason(why)); err != nil {
		return Case{}, err
	}
	if !slices.Contains(Steps(), s) {
		return Case{}, invalid("step")
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if e.State != string(Open) || e.Value.step(s).Open() {
			return ledger.Act{}, stuck(e.State, "retracted")
		}
		return k.enter(by, e, RecordRetracted, Taken{Step: s}, why)
	})
}

// enter puts a step in its place, with what was said of it.
func (k *Keeper) enter(by ledger.By, e *Entry, typ evidence.Type, t Taken, note string) (ledger.Act, error) {
	w, err := k.words(e)
	if err != nil {
		return ledger.Act{}, err
	}
	if w.Notes = maps.Clone(w.Notes); w.Notes == nil {
		w.Notes = map[Step]string{}
	}
	if w.Notes[t.Step] = note; note == "" {
		delete(w.Notes, t.Step)
	}
	e.Value.Taken = slices.Clone(e.Value.Taken)
	e.Value.Taken[slices.IndexFunc(e.Value.Taken, func(o Taken) bool { return o.Step == t.Step })] = t
	return act(typ, by, e, payload{Taken: &t, Why: note}), k.book.Secret(e, w)
}

func reason(s string) error {
	if !paper.Prose(s, maxProse) {
		return invalid("why")
	}
	return nil
}

func stuck(from, to string) error {
	return refuse(colophon.Conflict, CodeStep, colophon.Args{"from": from, "to": to})
}

// Close says that everything was done. It is refused while a step is open, and for whoever said that the model was corrected.
func (k *Keeper) Close(ctx context.Context, by ledger.By, id, why string) (Case, error) {
	return k.move(ctx, by, id, Closed, RecordClosed, why, func(c *Case) error {
		if left := c.Left(); len(left) > 0 {
			words := make([]string, len(left))
			for i, s := range left {
				words[i] = string(s)
			}
			return refuse(colophon.Refused, CodeOpen, colophon.Args{"steps": strings.Join(words, ", ")})
		}
		if c.step(Correct).By == by.ID {
			return refuse(colophon.Refused, CodeSame, nil)
		}
		c.Closed, c.Closer = k.book.Now(), by.ID
		return nil
	})
}

// Dismiss says that the output was not illegal, or none of the provider's. It is refused for whoever opened the case, and for
// whoever said that the model was corrected.
func (k *Keeper) Dismiss(ctx context.Context, by ledger.By, id, why string) (Case, error) {
	return k.move(ctx, by, id, Dismissed, RecordDismissed, why, func(c *Case) error {
		if by.ID == c.Opener || by.ID == c.step(Correct).By {
			return refuse(colophon.Refused, CodeSame, nil)
		}
		c.Closed, c.Closer = k.book.Now(), by.ID
		return nil
	})
}

// Reopen says that a case goes on.
func (k *Keeper) Reopen(ctx context.Context, by ledger.By, id, why string) (Case, error) {
	return k.move(ctx, by, id, Open, RecordReopened, why, func(c *Case) error {
		c.Closed, c.Closer = time.Time{}, ""
		return nil
	})
}

func (k *Keeper) move(ctx context.Context, by ledger.By, id string, to State, typ evidence.Type, why string, fn func(*Case) error) (Case, error) {
	if err := cmp.Or(person(by), reason(why)); err != nil {
		return Case{}, err
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if !states.May(State(e.State), to) {
			return ledger.Act{}, stuck(e.State, string(to))
		}
		if err := fn(&e.Value); err != nil {
			return ledger.Act{}, err
		}
		e.State = string(to)
		return act(typ, by, e, payload{Why: why}), nil
	})
}

func (k *Keeper) change(ctx context.Context, id string, fn func(e *Entry) (ledger.Act, error)) (Case, error) {
	e, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		act, err := fn(e)
		index(e)
		return act, err
	})
	return read(e), err
}

// Sweep writes down the limits that ran out. Where one case can't be looked at, the others are, and the errors are returned.
func (k *Keeper) Sweep(ctx context.Context) error {
	var failed error
	now := k.book.Now()
	err := k.book.All(ctx, ledger.Query{States: []string{string(Open)}}, func(e Entry) error {
		c := read(e)
		for _, s := range c.Left() {
			if due := k.Due(c, s); now.After(due) {
				failed = errors.Join(failed, k.breach(ctx, e.ID, Breach{Step: s, Due: due}))
			}
		}
		return ctx.Err()
	})
	return errors.Join(err, failed)
}

func (k *Keeper) breach(ctx context.Context, id string, b Breach) error {
	_, err := k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if slices.ContainsFunc(e.Value.Breaches, func(o Breach) bool { return o.Step == b.Step && o.Due.Equal(b.Due) }) {
			return ledger.Act{}, ledger.ErrSame
		}
		b.Seen = k.book.Now()
		e.Value.Breaches = append(slices.Clone(e.Value.Breaches), b)
		return act(RecordBreached, ledger.By{Role: "system"}, e, payload{Breach: &b}), nil
	})
	return err
}
