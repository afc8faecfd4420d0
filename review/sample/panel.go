package sample

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ledger is the name of the ledger of items.
const Ledger = "sample"

// Types of records.
const (
	RecordDrawn     evidence.Type = "sample.drawn"
	RecordTaken     evidence.Type = "sample.taken"
	RecordJudged    evidence.Type = "sample.judged"
	RecordWithdrawn evidence.Type = "sample.withdrawn"
)

// State says where an item is.
type State string

// The states.
const (
	Waiting   State = "waiting"  // nobody judged it
	Once      State = "once"     // one person did
	Disputed  State = "disputed" // two did, and differ
	Settled   State = "settled"
	Withdrawn State = "withdrawn"
)

var steps = ledger.Steps[State]{
	{Waiting, []State{Once, Withdrawn}},
	{Once, []State{Disputed, Settled, Withdrawn}},
	{Disputed, []State{Settled, Withdrawn}},
	{Settled, nil},
	{Withdrawn, nil},
}

// States lists the states in the order of an item's life.
func States() []State { return steps.States() }

// May reports whether an item may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

func open() []string { return []string{string(Waiting), string(Once), string(Disputed)} }

// Opinion is what one person judged.
type Opinion struct {
	By      string    `json:"by"` // staff account
	Verdict Verdict   `json:"verdict"`
	At      time.Time `json:"at"`
}

// Item is one unit of a sample with what people judged.
type Item struct {
	ID       string    `json:"-"`
	State    State     `json:"-"`
	Sheet    string    `json:"sheet"` // what it was drawn for, such as a run
	Unit     string    `json:"unit"`
	Stratum  string    `json:"stratum,omitempty"`
	Opinions []Opinion `json:"opinions,omitempty"`
	Holder   string    `json:"holder,omitempty"` // staff account that has the lease
	Lease    time.Time `json:"lease,omitzero"`   // until when
	Outcome  Verdict   `json:"outcome"`          // of a settled one
}

// Verdict is a verdict that is kept by its name.
type Verdict colophon.Verdict

// MarshalText writes the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return colophon.Verdict(v).MarshalText() }

// UnmarshalText reads it.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, known := range []colophon.Verdict{colophon.Unknown, colophon.Passed, colophon.Failed} {
		if string(text) == known.String() {
			*v = Verdict(known)
			return nil
		}
	}
	return invalid("verdict")
}

// Blind is the item as it is shown to somebody who is to judge: without what others judged, and without a sign whether
// anybody did.
func (it Item) Blind() Item {
	it.Opinions, it.Outcome, it.State = nil, 0, ""
	return it
}

const (
	keySheet = "sheet"
	keyUnit  = "unit"
	keyTaken = "taken" // sheet/account: who has it, or had it last
	maxTake  = 50
	maxName  = 200
	maxNote  = 2_000
	drawStep = 500 // items that are added with one record
)

// Panel is the worker of judgements by people. It is safe for use by many goroutines.
type Panel struct {
	book    ledger.Book[Item]
	lease   time.Duration
	clauses []colophon.Clause
}

// NewPanel makes a panel whose leases last so long, and whose records cite some clauses.
func NewPanel(store ledger.Store[Item], recorder *evidence.Recorder, lease time.Duration, clauses ...colophon.Clause) *Panel {
	return &Panel{ledger.Book[Item]{Store: store, Recorder: recorder, Missing: CodeMissing}, lease, clauses}
}

// payload is that of the records.
type payload struct {
	Sheet   string         `json:"sheet"`
	By      string         `json:"by"`
	Seed    uint32         `json:"seed,omitempty"`
	Quota   *Quota         `json:"quota,omitempty"`
	Of      int            `json:"of,omitempty"`
	Short   map[string]int `json:"short,omitempty"`
	Items   []string       `json:"items,omitempty"`
	Unit    string         `json:"unit,omitempty"`
	Verdict *Verdict       `json:"verdict,omitempty"`
	Outcome *Verdict       `json:"outcome,omitempty"`
	State   State          `json:"state,omitempty"`
	Note    string         `json:"note,omitempty"`
}

func person(by ledger.By) error {
	if !by.Person() {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson}
	}
	return nil
}

// Put draws a sample and puts it before the reviewers. A draw that was interrupted goes on with the same units, quota and
// seed; a unit is on a sheet once.
func (p *Panel) Put(ctx context.Context, by ledger.By, sheet string, units []Unit, q Quota, seed uint32) (Drawn, error) {
	if err := person(by); err != nil {
		return Drawn{}, err
	}
	if !line(sheet, maxName) {
		return Drawn{}, invalid("sheet")
	}
	for _, u := range units {
		if !line(u.ID, maxName) || u.Stratum != "" && !line(u.Stratum, maxName) {
			return Drawn{}, invalid("units")
		}
	}
	d, err := Draw(units, q, seed)
	if err != nil {
		return Drawn{}, err
	}
	there, err := p.drawn(ctx, sheet)
	if err != nil {
		return Drawn{}, err
	}
	var rest []Unit
	for _, u := range d.Units {
		if !there[u.ID] {
			rest = append(rest, u)
		}
		delete(there, u.ID)
	}
	if len(there) > 0 { // the sheet has another sample
		return Drawn{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeThere}
	}
	said := payload{Sheet: sheet, By: by.ID, Seed: seed, Quota: &q, Of: d.Of, Short: d.Short}
	for part := range slices.Chunk(rest, drawStep) {
		if err := p.put(ctx, by, said, part); err != nil {
			return Drawn{}, err
		}
	}
	return d, nil
}

func (p *Panel) drawn(ctx context.Context, sheet string) (map[string]bool, error) {
	there := map[string]bool{}
	err := p.Each(ctx, sheet, func(it Item) error { there[it.Unit] = true; return nil })
	return there, err
}

func (p *Panel) put(ctx context.Context, by ledger.By, said payload, units []Unit) error {
	now := p.book.Now()
	var list []ledger.Entry[Item]
	for _, u := range units {
		id, err := p.book.Recorder.NewID()
		if err != nil {
			return err
		}
		list = append(list, ledger.Entry[Item]{ID: id, Subject: evidence.System, State: string(Waiting), Made: now, Changed: now, Kept: ledger.None,
			Value: Item{Sheet: said.Sheet, Unit: u.ID, Stratum: u.Stratum},
			Keys:  keys(said.Sheet, u.ID)})
		said.Items = append(said.Items, u.ID)
	}
	return p.recorded(RecordDrawn, by, said, func(rec evidence.Record) error {
		err := p.book.Store.Add(ctx, rec, list...)
		if errors.Is(err, ledger.ErrExists) {
			err = &colophon.Error{Kind: colophon.Conflict, Code: CodeThere, Err: err}
		}
		return err
	})
}

func keys(sheet, unit string) []ledger.Key {
	return []ledger.Key{{Name: keySheet, Value: sheet}, {Name: keyUnit, Value: sheet + "/" + unit, Unique: true}}
}

// recorded makes a change of many entries with one record.
func (p *Panel) recorded(typ evidence.Type, by ledger.By, said payload, change func(evidence.Record) error) error {
	var err error
	for range 2 {
		var rec evidence.Record
		if rec, err = p.book.Recorder.New(typ, evidence.System, by.Role, p.clauses, said); err != nil {
			return err
		}
		if err = change(rec); !errors.Is(err, ledger.ErrForgotten) {
			return err
		}
		p.book.Recorder.Forget(evidence.System)
	}
	return err
}

// Take leases up to n items of a sheet to a reviewer: those he has already first, then those nobody has. He never gets one
// that he judged. The items are blind.
func (p *Panel) Take(ctx context.Context, by ledger.By, sheet string, n int) ([]Item, error) {
	if err := person(by); err != nil {
		return nil, err
	}
	if n < 1 || n > maxTake {
		return nil, invalid("number")
	}
	for range 16 {
		list, err := p.choose(ctx, by, sheet, n)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		said := payload{Sheet: sheet, By: by.ID}
		items := make([]Item, len(list))
		for i := range list {
			v := &list[i].Value
			v.Holder, v.Lease = by.ID, p.book.Now().Add(p.lease)
			list[i].Changed, list[i].Keys = p.book.Now(), append(keys(sheet, v.Unit), ledger.Key{Name: keyTaken, Value: sheet + "/" + by.ID})
			said.Items = append(said.Items, v.Unit)
			items[i] = item(list[i]).Blind()
		}
		err = p.recorded(RecordTaken, by, said, func(rec evidence.Record) error { return p.book.Store.Amend(ctx, rec, list...) })
		if errors.Is(err, ledger.ErrChanged) {
			continue // somebody else took one of them
		}
		if err != nil {
			return nil, err
		}
		return items, nil
	}
	return nil, &colophon.Error{Kind: colophon.Conflict, Code: ledger.CodeChanged}
}

// choose finds what Take gives: what he has; then what nobody judged, which is soon found, and last what others did.
func (p *Panel) choose(ctx context.Context, by ledger.By, sheet string, n int) (list []ledger.Entry[Item], err error) {
	now := p.book.Now()
	find := func(states []string, key ledger.Key, mine bool) error {
		q := ledger.Query{States: states, Keys: []ledger.Key{key}, Limit: maxTake}
		for len(list) < n {
			page, next, err := p.book.Page(ctx, q)
			if err != nil {
				return err
			}
			for _, e := range page {
				held := e.Value.Holder != "" && now.Before(e.Value.Lease)
				if len(list) < n && held == mine && !e.Value.judged(by.ID) {
					list = append(list, e)
				}
			}
			if q.After = next; next == "" {
				return nil
			}
		}
		return nil
	}
	err = find(open(), ledger.Key{Name: keyTaken, Value: sheet + "/" + by.ID}, true)
	for _, states := range [][]string{{string(Waiting)}, {string(Once), string(Disputed)}} {
		if err == nil {
			err = find(states, ledger.Key{Name: keySheet, Value: sheet}, false)
		}
	}
	return list, err
}

func (it Item) judged(by string) bool {
	return slices.ContainsFunc(it.Opinions, func(o Opinion) bool { return o.By == by })
}

func item(e ledger.Entry[Item]) Item {
	it := e.Value
	it.ID, it.State = e.ID, State(e.State)
	return it
}

// Held reports that a reviewer may see what an item is about: he has it, and the lease runs.
func (p *Panel) Held(ctx context.Context, by ledger.By, id string) (Item, error) {
	e, err := p.book.Get(ctx, id)
	if err != nil {
		return Item{}, err
	}
	return item(e).Blind(), p.may(by, e)
}

func (p *Panel) may(by ledger.By, e ledger.Entry[Item]) error {
	switch {
	case !slices.Contains(open(), e.State):
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeClosed}
	case e.Value.judged(by.ID):
		return &colophon.Error{Kind: colophon.Refused, Code: CodeTwice}
	case e.Value.Holder != by.ID || !p.book.Now().Before(e.Value.Lease):
		return &colophon.Error{Kind: colophon.Refused, Code: CodeLease}
	}
	return nil
}

// Judge enters what a reviewer judges of an item that he has. Two who come to the same settle it; where they differ a third
// does. The answer is blind. The note stands in the sealed payload of the record alone.
func (p *Panel) Judge(ctx context.Context, by ledger.By, id string, v colophon.Verdict, note string) (Item, error) {
	if err := person(by); err != nil {
		return Item{}, err
	}
	switch {
	case v != colophon.Passed && v != colophon.Failed && v != colophon.Unknown:
		return Item{}, invalid("verdict")
	case len(note) > maxNote || !utf8.ValidString(note):
		return Item{}, invalid("note")
	}
	e, err := p.book.Change(ctx, id, func(e *ledger.Entry[Item]) (ledger.Act, error) {
		if err := p.may(by, *e); err != nil {
			return ledger.Act{}, err
		}
		it := &e.Value
		to, outcome := next(it.Opinions, v)
		if !State(e.State).May(to) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeClosed}
		}
		it.Opinions = append(slices.Clone(it.Opinions), Opinion{by.ID, Verdict(v), p.book.Now()})
		it.Holder, it.Lease = "", time.Time{}
		e.State, e.Keys = string(to), keys(it.Sheet, it.Unit)
		judged := Verdict(v)
		said := payload{Sheet: it.Sheet, By: by.ID, Unit: it.Unit, Verdict: &judged, State: to, Note: note}
		if to == Settled {
			it.Outcome = Verdict(outcome)
			said.Outcome = &it.Outcome
		}
		return ledger.Act{Type: RecordJudged, Role: by.Role, Clauses: p.clauses, Payload: said}, nil
	})
	if err != nil {
		return Item{}, err
	}
	return item(e).Blind(), nil
}

// next says what becomes of an item when one more person judges it.
func next(before []Opinion, v colophon.Verdict) (State, colophon.Verdict) {
	switch {
	case len(before) == 0:
		return Once, colophon.Unknown
	case len(before) == 1 && before[0].Verdict != Verdict(v):
		return Disputed, colophon.Unknown
	}
	return Settled, v
}

// Withdraw ends what is left of a sheet, such as when the run that it is of is cancelled.
func (p *Panel) Withdraw(ctx context.Context, by ledger.By, sheet string) error {
	for {
		list, _, err := p.book.Page(ctx, ledger.Query{States: open(), Keys: []ledger.Key{{Name: keySheet, Value: sheet}}, Limit: drawStep})
		if err != nil || len(list) == 0 {
			return err
		}
		said := payload{Sheet: sheet, By: by.ID}
		for i := range list {
			list[i].State, list[i].Changed = string(Withdrawn), p.book.Now()
			said.Items = append(said.Items, list[i].Value.Unit)
		}
		err = p.recorded(RecordWithdrawn, by, said, func(rec evidence.Record) error { return p.book.Store.Amend(ctx, rec, list...) })
		if err != nil && !errors.Is(err, ledger.ErrChanged) {
			return err
		}
	}
}

// Each calls fn with every item of a sheet, with all opinions. What it gives MUST NOT be shown to whoever is to judge.
func (p *Panel) Each(ctx context.Context, sheet string, fn func(Item) error) error {
	return p.book.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keySheet, Value: sheet}}}, func(e ledger.Entry[Item]) error { return fn(item(e)) })
}

// Tally is what people judged of a sheet.
type Tally struct {
	Sheet   string        `json:"sheet"`
	Items   int           `json:"items"`
	States  map[State]int `json:"states"`
	All     Rate          `json:"all"`     // what is not settled counts as what nobody could tell; what was withdrawn is not in it
	Strata  []Stratum     `json:"strata"`  // by name
	Kappa   Kappa         `json:"kappa"`   // of the first and the second judgement of each item
	Raters  int           `json:"raters"`  // people whose judgements kappa is made of; beyond two it is pooled
	Settled int           `json:"settled"` // items
}

// Stratum is what was judged of one stratum.
type Stratum struct {
	Name string `json:"name"`
	Rate Rate   `json:"rate"`
}

// Tally counts what people judged of a sheet.
func (p *Panel) Tally(ctx context.Context, sheet string) (Tally, error) {
	t := Tally{Sheet: sheet, States: map[State]int{}, Strata: []Stratum{}}
	var pairs [][2]colophon.Verdict
	raters, strata := map[string]bool{}, map[string][3]int{}
	err := p.Each(ctx, sheet, func(it Item) error {
		t.Items++
		t.States[it.State]++
		if len(it.Opinions) >= 2 {
			pairs = append(pairs, [2]colophon.Verdict{colophon.Verdict(it.Opinions[0].Verdict), colophon.Verdict(it.Opinions[1].Verdict)})
			raters[it.Opinions[0].By], raters[it.Opinions[1].By] = true, true
		}
		n := strata[it.Stratum]
		switch it.State {
		case Settled:
			n[it.Outcome]++
		case Waiting, Once, Disputed: // those that two people differ about are no sample of all, so none is left out
			n[colophon.Unknown]++
		}
		strata[it.Stratum] = n
		return nil
	})
	if err != nil {
		return Tally{}, err
	}
	var all [3]int
	for name, n := range strata {
		t.Strata = append(t.Strata, Stratum{name, rate(n)})
		for i := range all {
			all[i] += n[i]
		}
	}
	slices.SortFunc(t.Strata, func(a, b Stratum) int { return strings.Compare(a.Name, b.Name) })
	t.All, t.Kappa, t.Raters, t.Settled = rate(all), Cohen(pairs), len(raters), t.States[Settled]
	return t, nil
}

func rate(n [3]int) Rate {
	return RateOf(n[colophon.Passed], n[colophon.Passed]+n[colophon.Failed], n[colophon.Unknown])
}

func line(s string, most int) bool {
	return s != "" && len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
