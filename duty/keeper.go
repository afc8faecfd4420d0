package duty

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

const (
	keyProbe      = "probe"
	keyObligation = "obligation"
	keyArtefact   = "artefact" // digest of what shows an observation
	keyTurn       = "turn"     // obligation and number of the change: only one node may write each

	kept   = "kept" // states of observations
	voided = "void"

	maxRecordClauses = 12
)

// Config says what a [Keeper] works with.
type Config struct {
	Catalogue    *Catalogue
	Observations ledger.Store[Observation]
	Facts        ledger.Store[Statement]
	Waivers      ledger.Store[Waiver]
	States       ledger.Store[Change]
	Recorder     *evidence.Recorder
	Vault        Vault
}

// Keeper is the worker of duties. It is safe for use by many goroutines.
type Keeper struct {
	config       Config
	observations ledger.Book[Observation]
	facts        ledger.Book[Statement]
	waivers      ledger.Book[Waiver]
	states       ledger.Book[Change]
}

// New makes a keeper.
func New(c Config) (*Keeper, error) {
	if c.Catalogue == nil || c.Observations == nil || c.Facts == nil || c.Waivers == nil || c.States == nil || c.Recorder == nil || c.Vault == nil {
		return nil, errors.New("a keeper of duties needs a catalogue, four ledgers, a recorder and a vault")
	}
	return &Keeper{config: c,
		observations: ledger.Book[Observation]{Store: c.Observations, Recorder: c.Recorder, Missing: CodeMissing},
		facts:        ledger.Book[Statement]{Store: c.Facts, Recorder: c.Recorder, Missing: CodeMissing},
		waivers:      ledger.Book[Waiver]{Store: c.Waivers, Recorder: c.Recorder, Missing: CodeMissing},
		states:       ledger.Book[Change]{Store: c.States, Recorder: c.Recorder, Missing: CodeMissing},
	}, nil
}

// Now is the time of the keeper's clock.
func (k *Keeper) Now() time.Time { return k.states.Now() }

// Catalogue is what the keeper judges by.
func (k *Keeper) Catalogue() *Catalogue { return k.config.Catalogue }

// Change is one change of an obligation's state, as it was noticed. Changes are entered and never altered.
type Change struct {
	ID         string        `json:"-"`
	Obligation string        `json:"obligation"`
	Number     int           `json:"number"`         // of the obligation's changes, from 1
	From       State         `json:"from,omitempty"` // empty for the first
	To         State         `json:"to"`
	Under      State         `json:"under"` // what a waiver covers
	Reason     colophon.Code `json:"reason"`
	At         time.Time     `json:"at"`
	Shown      []string      `json:"shown,omitempty"` // observations that decided
}

// about lists the clauses of an obligation, and none of one that the catalogue has no more.
func (k *Keeper) about(obligation string) []colophon.Clause {
	i, err := k.config.Catalogue.Item(obligation)
	if err != nil {
		return nil
	}
	return i.Clauses()
}

// Inputs reads all that states are computed of. It reads every observation of the probes that are asked for; nil asks for all.
func (k *Keeper) Inputs(ctx context.Context, probes []string) (Inputs, error) {
	in := Inputs{Observations: map[string][]Observation{}}
	take := func(e ledger.Entry[Observation]) error {
		in.Observations[e.Value.Probe] = append(in.Observations[e.Value.Probe], observation(e))
		return nil
	}
	if probes == nil {
		if err := k.observations.All(ctx, ledger.Query{}, take); err != nil {
			return Inputs{}, err
		}
	}
	for _, name := range probes {
		if err := k.observations.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyProbe, Value: name}}}, take); err != nil {
			return Inputs{}, err
		}
	}
	err := k.facts.All(ctx, ledger.Query{States: []string{string(Confirmed)}}, func(e ledger.Entry[Statement]) error {
		in.Facts = append(in.Facts, statement(e))
		return nil
	})
	if err != nil {
		return Inputs{}, err
	}
	err = k.waivers.All(ctx, ledger.Query{States: []string{string(Approved), string(Over)}}, func(e ledger.Entry[Waiver]) error {
		in.Waivers = append(in.Waivers, waiver(e))
		return nil
	})
	return in, err
}

// Standings says how every obligation stands at a moment, in the order of the catalogue. A moment without a time is now.
func (k *Keeper) Standings(ctx context.Context, m Moment) ([]Standing, error) {
	in, err := k.Inputs(ctx, nil)
	if err != nil {
		return nil, err
	}
	m = k.moment(m)
	var list []Standing
	for _, i := range k.config.Catalogue.items {
		list = append(list, k.config.Catalogue.Evaluate(i, in, m))
	}
	return list, nil
}

// Standing says how one obligation stands at a moment. With an error its state is Unknown.
func (k *Keeper) Standing(ctx context.Context, obligation string, m Moment) (Standing, error) {
	s := Standing{Obligation: obligation, State: Unknown, Under: Unknown, Reason: ReasonUntold}
	i, err := k.config.Catalogue.Item(obligation)
	if err != nil {
		return s, err
	}
	in, err := k.Inputs(ctx, named(i))
	if err != nil {
		return s, err
	}
	return k.config.Catalogue.Evaluate(i, in, k.moment(m)), nil
}

// named lists the probes of an obligation, and is never nil.
func named(i Item) []string { return append([]string{}, i.Probes()...) }

func (k *Keeper) moment(m Moment) Moment {
	now := k.states.Now()
	if m.At.IsZero() {
		m.At = now
	}
	if m.Known.IsZero() {
		m.Known = now
	}
	return m
}

// Sweep writes down which obligations changed their state since the last sweep, and returns the changes that it wrote.
func (k *Keeper) Sweep(ctx context.Context) ([]Change, error) {
	standings, err := k.Standings(ctx, Moment{})
	if err != nil {
		return nil, err
	}
	var wrote []Change
	for _, s := range standings {
		last, err := k.Changes(ctx, s.Obligation, 1)
		if err != nil {
			return wrote, err
		}
		c := Change{Obligation: s.Obligation, Number: 1, To: s.State, Under: s.Under, Reason: s.Reason, At: k.states.Now(), Shown: s.Observations()}
		if len(last) > 0 {
			if last[0].To == c.To && last[0].Under == c.Under {
				continue
			}
			c.From, c.Number = last[0].To, last[0].Number+1
		}
		c, err = k.note(ctx, c)
		var other *colophon.Error
		if errors.As(err, &other) && other.Kind == colophon.Conflict {
			continue // another node wrote this change
		}
		if err != nil {
			return wrote, err
		}
		wrote = append(wrote, c)
	}
	return wrote, nil
}

func (k *Keeper) note(ctx context.Context, c Change) (Change, error) {
	e := ledger.Entry[Change]{State: string(c.To), Value: c, Keys: []ledger.Key{{Name: keyObligation, Value: c.Obligation},
		{Name: keyTurn, Value: c.Obligation + "#" + strconv.Itoa(c.Number), Unique: true}}}
	e, err := k.states.Add(ctx, e, nil, ledger.Act{Type: RecordChanged, Role: system, Clauses: k.about(c.Obligation), Payload: c})
	c.ID = e.ID
	return c, err
}

// Changes returns the last changes of an obligation that were written down, the newest first; without one, of all.
func (k *Keeper) Changes(ctx context.Context, obligation string, limit int) ([]Change, error) {
	q := ledger.Query{Newest: true, Limit: limit}
	if obligation != "" {
		q.Keys = []ledger.Key{{Name: keyObligation, Value: obligation}}
	}
	page, _, err := k.states.Page(ctx, q)
	list := make([]Change, len(page))
	for i, e := range page {
		list[i] = e.Value
		list[i].ID = e.ID
	}
	return list, err
}

// Due lists the probes that are to run: those of obligations that are in force and may apply, and whose last run is as long
// ago as their cadence. One that never ran is due, and one whose run is void. What a person has to say is not in it.
func (k *Keeper) Due(ctx context.Context) ([]Probe, error) {
	in, err := k.Inputs(ctx, nil)
	if err != nil {
		return nil, err
	}
	m := k.moment(Moment{})
	var due []Probe
	for _, p := range k.config.Catalogue.Probes() {
		wanted := slices.ContainsFunc(k.config.Catalogue.Shows(p.Name), func(i Item) bool {
			return k.config.Catalogue.Evaluate(i, in, m).State != NotApplicable
		})
		ran := slices.ContainsFunc(in.Observations[p.Name], func(o Observation) bool {
			return o.Version == p.Version && !o.void(m.Known) && m.At.Sub(o.Collected) < p.Cadence()
		})
		if p.Kind != Attestation && wanted && !ran {
			due = append(due, p)
		}
	}
	return due, nil
}
