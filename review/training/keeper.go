package training

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
)

// Datasets keeps datasets. A *dataset.Keeper does.
type Datasets interface {
	Dataset(ctx context.Context, id string) (dataset.Entry, error)
	List(ctx context.Context, by ledger.By, id string, l dataset.Listed) (dataset.Entry, error)
	Sampled(ctx context.Context, by ledger.By, id string, results []dataset.Result) (dataset.Entry, error)
}

// Config says what a [Keeper] works with. All fields are required but Judges.
type Config struct {
	Samples  ledger.Store[Sample]
	Texts    ledger.Store[Texts]
	Recorder *evidence.Recorder
	Keys     ledger.Unsealer
	Datasets Datasets
	Panel    *sample.Panel
	Judges   []run.Judge // machines; with none of them the machine's part can't be told
}

// Keeper is the worker of samples. It is safe for use by many goroutines.
type Keeper struct {
	samples  ledger.Book[Sample]
	texts    ledger.Book[Texts]
	datasets Datasets
	panel    *sample.Panel
	judges   []run.Judge
}

// New makes a keeper.
func New(c Config) *Keeper {
	return &Keeper{ledger.Book[Sample]{Store: c.Samples, Recorder: c.Recorder, Missing: CodeMissing},
		ledger.Book[Texts]{Store: c.Texts, Recorder: c.Recorder, Keys: c.Keys, Use: "training-texts", Missing: CodeMissing}, c.Datasets, c.Panel, c.Judges}
}

// Opener opens a manifest from its beginning, each time that it is called.
type Opener func() (io.Reader, error)

// Draw enters the manifest as that of the dataset, draws from it, has machines judge their part and puts the rest before
// people.
func (k *Keeper) Draw(ctx context.Context, by ledger.By, o Order, open Opener) (Sample, error) {
	if !by.Person() {
		return Sample{}, refuse(colophon.Refused, CodePerson, nil)
	}
	if o.Quota.Least < 0 || o.Quota.Each < 0 || o.Quota.Least > dataset.MaxItems || o.Quota.Each > dataset.MaxItems {
		return Sample{}, invalid("quota")
	}
	if err := k.free(ctx, o.Dataset); err != nil {
		return Sample{}, err
	}
	listed, units, err := read(o.Dataset, open)
	if err != nil {
		return Sample{}, err
	}
	if _, err := k.datasets.List(ctx, by, o.Dataset, listed); err != nil {
		return Sample{}, err
	}
	people, machine := yardstick(dataset.ByPeople), yardstick(dataset.ByMachine)
	if o.Quota == (sample.Quota{}) {
		o.Quota.Least = people.Must(len(units))
	}
	forPeople, err := sample.Draw(units, o.Quota, o.Seed)
	if err != nil {
		return Sample{}, err
	}
	forMachine, err := sample.Draw(units, sample.Quota{Least: machine.Must(len(units))}, o.Seed+1)
	if err != nil {
		return Sample{}, err
	}
	v := Sample{Dataset: o.Dataset, Digest: listed.Digest, Items: listed.Items, Seed: o.Seed, Quota: o.Quota, Drawn: len(forPeople.Units), Short: forPeople.Short, By: by.ID, Machine: Machine{Drawn: len(forMachine.Units), Judges: k.judged()}}
	e, err := k.samples.Add(ctx, ledger.Entry[Sample]{State: string(Drawing), Value: v, Keys: []ledger.Key{{Name: keyDataset, Value: o.Dataset}}}, nil, act(RecordBegun, by, said{Value: &v}))
	if err != nil {
		return Sample{}, err
	}
	if v.Machine, err = k.pass(ctx, by, e.ID, v, forPeople.Units, forMachine.Units, open); err != nil {
		return Sample{}, err
	}
	if _, err := k.panel.Put(ctx, by, Sheet(e.ID), units, o.Quota, o.Seed); err != nil {
		return Sample{}, err
	}
	return k.step(ctx, by, e.ID, Judging, RecordDrawn, func(s *Sample) said {
		s.Machine = v.Machine
		return said{Value: s}
	})
}

// free refuses a second sample of a dataset beside one that is judged.
func (k *Keeper) free(ctx context.Context, id string) error {
	d, err := k.datasets.Dataset(ctx, id)
	if err != nil {
		return err
	}
	n, err := k.samples.Store.Count(ctx, ledger.Query{States: []string{string(Judging)}, Keys: []ledger.Key{{Name: keyDataset, Value: d.ID}}})
	if err == nil && n > 0 {
		err = refuse(colophon.Conflict, CodeBusy, nil)
	}
	return err
}

func read(id string, open Opener) (dataset.Listed, []sample.Unit, error) {
	from, err := open()
	if err != nil {
		return dataset.Listed{}, nil, err
	}
	m := dataset.NewManifest(id)
	var units []sample.Unit
	err = dataset.Read(from, func(row int, it dataset.Item) error {
		units = append(units, sample.Unit{ID: dataset.Unit(id, it.ID), Stratum: it.Source})
		return m.Add(row, it)
	})
	return m.Listed(), units, err
}

func (k *Keeper) judged() []string {
	list := []string{}
	for _, j := range k.judges {
		list = append(list, j.Name()+" "+j.Version())
	}
	return list
}

// pass goes through the manifest once more for the texts of what was drawn.
func (k *Keeper) pass(ctx context.Context, by ledger.By, id string, v Sample, people, machine []sample.Unit, open Opener) (Machine, error) {
	wanted, judged := set(people), set(machine)
	m, kept, found := v.Machine, map[string]Text{}, 0
	from, err := open()
	if err != nil {
		return m, err
	}
	again := dataset.NewManifest(v.Dataset)
	err = dataset.Read(from, func(row int, it dataset.Item) error {
		if err := errors.Join(ctx.Err(), again.Add(row, it)); err != nil {
			return err
		}
		unit := dataset.Unit(v.Dataset, it.ID)
		if judged[unit] {
			m.count(k.opinion(ctx, it.Text))
		}
		if !wanted[unit] {
			return nil
		}
		found++
		kept[unit] = shown(it)
		if len(kept) < batch {
			return nil
		}
		err := k.keep(ctx, by, id, kept)
		kept = map[string]Text{}
		return err
	})
	switch {
	case err != nil:
		return m, err
	case again.Listed().Digest != v.Digest || found != len(people):
		return m, refuse(colophon.Conflict, CodeChanged, nil)
	case len(kept) == 0:
		return m, nil
	}
	return m, k.keep(ctx, by, id, kept)
}

func set(units []sample.Unit) map[string]bool {
	s := make(map[string]bool, len(units))
	for _, u := range units {
		s[u.ID] = true
	}
	return s
}

func (m *Machine) count(v colophon.Verdict) {
	switch v {
	case colophon.Passed:
		m.Passed++
	case colophon.Failed:
		m.Failed++
	default:
		m.Unknown++
	}
}

// opinion is what all machines say of a text: failed where one finds something, passed where all ran and found nothing.
func (k *Keeper) opinion(ctx context.Context, text string) colophon.Verdict {
	if text == "" || len(k.judges) == 0 {
		return colophon.Unknown
	}
	v := colophon.Passed
	for _, j := range k.judges {
		o, err := j.Judge(ctx, bank.Question{}, text)
		switch {
		case err == nil && o.Verdict == colophon.Failed:
			return colophon.Failed
		case err != nil || o.Verdict != colophon.Passed:
			v = colophon.Unknown
		}
	}
	return v
}

// shown is an item as people get to see it.
func shown(it dataset.Item) Text {
	t := Text{Text: it.Text, At: it.At, SHA256: it.SHA256}
	if len(t.Text) > mostShown {
		cut := mostShown
		for cut > 0 && !utf8.RuneStart(t.Text[cut]) {
			cut--
		}
		t.Text, t.Cut = t.Text[:cut], true
	}
	return t
}

func (k *Keeper) keep(ctx context.Context, by ledger.By, id string, texts map[string]Text) error {
	keys := []ledger.Key{{Name: keySample, Value: id}}
	units := make([]string, 0, len(texts))
	for unit := range texts {
		units = append(units, unit)
		keys = append(keys, ledger.Key{Name: keyUnit, Value: id + "/" + unit, Unique: true})
	}
	_, err := k.texts.Add(ctx, ledger.Entry[Texts]{State: stateKept, Value: Texts{id, len(units)}, Keys: keys}, texts, act(RecordKept, by, said{Sample: id, Units: units}))
	return err
}

func (k *Keeper) step(ctx context.Context, by ledger.By, id string, to State, typ evidence.Type, fn func(s *Sample) said) (Sample, error) {
	e, err := k.samples.Change(ctx, id, func(e *ledger.Entry[Sample]) (ledger.Act, error) {
		if State(e.State) == to {
			return ledger.Act{}, ledger.ErrSame
		}
		if !steps.May(State(e.State), to) {
			return ledger.Act{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": e.State, "to": string(to)})
		}
		e.State = string(to)
		what := fn(&e.Value)
		what.Sample = id
		return act(typ, by, what), nil
	})
	return view(e), err
}

// Text returns what a reviewer sees of an item that he has.
func (k *Keeper) Text(ctx context.Context, by ledger.By, item string) (Text, sample.Item, error) {
	it, err := k.panel.Held(ctx, by, item)
	if err != nil {
		return Text{}, it, err
	}
	id, ours := strings.CutSuffix(it.Sheet, suffix)
	if !ours {
		return Text{}, it, refuse(colophon.Missing, CodeMissing, nil)
	}
	e, err := k.texts.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyUnit, Value: id + "/" + it.Unit}}})
	if err != nil {
		return Text{}, it, err
	}
	var texts map[string]Text
	ok, err := k.texts.Open(e, &texts)
	if t, there := texts[it.Unit]; err == nil && ok && there {
		return t, it, nil
	}
	return Text{}, it, errors.Join(err, refuse(colophon.Missing, CodeMissing, nil))
}

// Cancel ends a sample, and what people still had to judge of it. What was interrupted goes on.
func (k *Keeper) Cancel(ctx context.Context, by ledger.By, id string) (Sample, error) {
	if !by.Person() {
		return Sample{}, refuse(colophon.Refused, CodePerson, nil)
	}
	s, err := k.step(ctx, by, id, Cancelled, RecordCancelled, func(s *Sample) said {
		s.Ended = k.samples.Now()
		return said{}
	})
	if err != nil {
		return s, err
	}
	return s, errors.Join(k.panel.Withdraw(ctx, by, Sheet(id)), k.forget(ctx, by, id))
}

// Finish enters what a sample came to into the dataset. All that was drawn for people must be judged. What was interrupted goes on.
func (k *Keeper) Finish(ctx context.Context, by ledger.By, id string) (Sample, error) {
	if !by.Person() {
		return Sample{}, refuse(colophon.Refused, CodePerson, nil)
	}
	e, err := k.samples.Get(ctx, id)
	if err != nil {
		return Sample{}, err
	}
	if State(e.State) == Done {
		return view(e), k.forget(ctx, by, id)
	}
	if !steps.May(State(e.State), Done) {
		return Sample{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": e.State, "to": string(Done)})
	}
	results, tally, err := k.results(ctx, view(e))
	if err != nil {
		return Sample{}, err
	}
	if open := tally.States[sample.Waiting] + tally.States[sample.Once] + tally.States[sample.Disputed]; open > 0 {
		return Sample{}, refuse(colophon.Conflict, CodeOpen, colophon.Args{"count": strconv.Itoa(open)})
	}
	if _, err := k.datasets.Sampled(ctx, by, e.Value.Dataset, results); err != nil {
		return Sample{}, err
	}
	s, err := k.step(ctx, by, id, Done, RecordFinished, func(s *Sample) said {
		s.Ended, s.Results = k.samples.Now(), results
		return said{Results: results, Kappa: &tally.Kappa}
	})
	if err != nil {
		return s, err
	}
	return s, k.forget(ctx, by, id)
}

// forget takes away the texts of a sample that is over.
func (k *Keeper) forget(ctx context.Context, by ledger.By, id string) error {
	var ids []string
	err := k.texts.All(ctx, ledger.Query{States: []string{stateKept}, Keys: []ledger.Key{{Name: keySample, Value: id}}}, func(e ledger.Entry[Texts]) error {
		ids = append(ids, e.ID)
		return nil
	})
	for _, one := range ids {
		_, gone := k.texts.Change(ctx, one, func(e *ledger.Entry[Texts]) (ledger.Act, error) {
			e.State, e.Sealed, e.Kept = "forgotten", nil, ledger.None
			return act(RecordForgotten, by, said{Sample: id}), nil
		})
		err = errors.Join(err, gone)
	}
	return err
}

// Sweep forgets the texts of samples that are over, or whose drawing broke off, where that failed before.
func (k *Keeper) Sweep(ctx context.Context) error {
	kept := ledger.Query{States: []string{stateKept}}
	n, err := k.texts.Store.Count(ctx, kept)
	if err != nil || n == 0 {
		return err
	}
	return k.samples.All(ctx, ledger.Query{States: []string{string(Drawing), string(Done), string(Cancelled)}}, func(e ledger.Entry[Sample]) error {
		if State(e.State) == Drawing && k.samples.Now().Before(e.Made.Add(drawTime)) {
			return nil
		}
		kept.Keys = []ledger.Key{{Name: keySample, Value: e.ID}}
		n, err := k.texts.Store.Count(ctx, kept)
		if err != nil || n == 0 {
			return err
		}
		return k.forget(ctx, ledger.By{Role: "system"}, e.ID)
	})
}

// Sample returns a sample.
func (k *Keeper) Sample(ctx context.Context, id string) (Sample, error) {
	e, err := k.samples.Get(ctx, id)
	return view(e), err
}

// Samples returns a page of samples, the newest first, and where the next page begins. Dataset may be empty.
func (k *Keeper) Samples(ctx context.Context, id string, states []State, after string, limit int) ([]Sample, string, error) {
	q := ledger.Query{Newest: true, After: after, Limit: limit}
	if id != "" {
		q.Keys = []ledger.Key{{Name: keyDataset, Value: id}}
	}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	page, next, err := k.samples.Page(ctx, q)
	list := make([]Sample, len(page))
	for i, e := range page {
		list[i] = view(e)
	}
	return list, next, err
}
