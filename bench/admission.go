package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/consent/prompt"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/tallies"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/standing"
)

// admitCount is how many questions a round asks, admitAccounts about how many accounts.
const admitCount, admitAccounts = 20000, 1000

// admission measures how long it takes to decide whether an account may use a function: the rule alone, with what is in
// memory, with everything read from the store, and with the durable record.
func (b *bench) admission() (err error) {
	r, err := b.rig("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	people, err := r.people()
	if err != nil {
		return err
	}
	warm, end, err := r.gate(true)
	if err != nil {
		return err
	}
	defer end()
	cold, endCold, err := r.gate(false)
	if err != nil {
		return err
	}
	defer endCold()
	by := ledger.By{Role: "application", ID: "key-1"}
	question := func(i int) admission.Question {
		return admission.Question{Account: people[i%len(people)], Act: admission.Use, Service: "studio", Function: "draw", Model: "brush"}
	}
	allowed := func(d admission.Decision, err error) error {
		if err == nil {
			err = d.Err()
		}
		return err
	}
	d, view, err := warm.Explain(r.ctx, question(0))
	if err = allowed(d, err); err != nil {
		return err
	}
	asked := question(0)
	asked.At = time.Now()
	racing := func(name string, n, workers int, do func(i int) error) *racer {
		return &racer{name: name, run: func() (sample, error) { return many(n, workers, do) }}
	}
	explain := func(g *admission.Gate) func(int) error {
		return func(i int) error {
			d, _, err := g.Explain(r.ctx, question(i))
			return allowed(d, err)
		}
	}
	list := []*racer{
		racing("the rule alone: admission.Decide", admitCount, 1, func(int) error { return admission.Decide(view, asked).Err() }),
		racing("Gate.Explain, from memory", admitCount, 1, explain(warm)),
		racing("Gate.Explain, from memory, 4 at once", admitCount, 4, explain(warm)),
		racing("Gate.Explain, everything read from the store", admitCount/40, 1, explain(cold)),
		racing("Gate.Decide, from memory, with its durable record", admitCount/40, 1, func(i int) error { return allowed(warm.Decide(r.ctx, by, question(i))) }),
	}
	if err := b.compete("decisions", list...); err != nil {
		return err
	}
	fmt.Printf("### Decide whether an account may use a function, %d accounts\n\n| | p50, µs | p99, µs |\n|---|---|---|\n", admitAccounts)
	for _, c := range list {
		fmt.Printf("| %s | %s |\n", c.name, c.latency(time.Microsecond))
	}
	fmt.Print("\ntarget from memory: p99 ≤ 50 µs\n\n")
	return nil
}

// people are verified accounts.
func (r *rig) people() ([]evidence.Subject, error) {
	ids, err := r.identities()
	if err != nil {
		return nil, err
	}
	list := make([]evidence.Subject, admitAccounts)
	for i := range list {
		id, err := r.rec.NewID()
		if err != nil {
			return nil, err
		}
		list[i] = evidence.Subject(id)
		_, err = ids.Attest(r.ctx, ledger.By{Role: "application", ID: "key-1"}, list[i], identity.Attestation{Level: identity.ThreeFactor, Method: identity.ResidentID, Provider: "bench",
			Transaction: strconv.Itoa(i), At: time.Now(), Minor: identity.Adult})
		if err != nil {
			return nil, err
		}
	}
	return list, r.draw()
}

func (r *rig) identities() (*identity.Registrar, error) {
	return identity.NewRegistrar(identity.Config{Verifications: ledgers.Of[identity.Verification](r.store, identity.VerificationLedger), Imports: ledgers.Of[identity.Import](r.store, identity.ImportLedger),
		Recorder: r.rec, Keys: r.keys.Envelopes, Secret: make([]byte, 32), Accounts: accounts.New(r.store, r.rec, make([]byte, 32))})
}

func (r *rig) functions() (*register.Register, error) {
	return register.New(register.Config{Services: ledgers.Of[register.Service](r.store, register.ServiceLedger), Functions: ledgers.Of[register.Function](r.store, register.FunctionLedger),
		Recorder: r.rec, Agreed: settled{}, Assessed: settled{}})
}

// draw registers a function that draws, and lets it go live.
func (r *rig) draw() error {
	functions, err := r.functions()
	if err != nil {
		return err
	}
	by, words := ledger.By{Role: "officer", ID: "staff-1"}, register.Names{ZH: "画图", EN: "Drawing"}
	if _, err := functions.AddService(r.ctx, by, "studio", register.Service{Names: words, Role: "provider", Forms: []register.Form{{Kind: "app", At: "studio"}}}); err != nil {
		return err
	}
	_, err = functions.Add(r.ctx, by, "draw", register.Function{Service: "studio", Names: words, Purpose: words, Kind: "image-generation", Class: "other", Models: []register.Model{{Name: "brush", Own: true}},
		Identity: "two-factor", Notice: register.Notice{Policy: "required", Method: words}, Filing: register.Filing{State: register.FilingNeedless, Reason: "It forms no opinion."}})
	if err != nil {
		return err
	}
	_, err = functions.Live(r.ctx, by, "draw")
	return err
}

// settled says that the texts are in force and the function is assessed.
type settled struct{}

// Agreed implements register.Agreed.
func (settled) Agreed(context.Context, string) (bool, error) { return true, nil }

// Assessed implements register.Assessed.
func (settled) Assessed(context.Context, string, string) (colophon.Verdict, time.Time, error) {
	return colophon.Passed, time.Time{}, nil
}

// unasked is what nobody asks where nobody is depicted.
type unasked struct{}

// Check implements admission.Consents.
func (unasked) Check(context.Context, string, consent.Use) (consent.Grant, error) {
	return consent.Grant{}, errors.New("nobody is depicted")
}

// Person implements standing.People.
func (unasked) Person(context.Context, evidence.Subject) (standing.Person, error) {
	return standing.Person{}, nil
}

// Recheck implements standing.People.
func (unasked) Recheck(context.Context, ledger.By, evidence.Subject, colophon.Code) error { return nil }

// Open implements standing.Desk.
func (unasked) Open(context.Context, standing.Signal) (string, error) { return "", nil }

// Acknowledged implements admission.Prompts.
func (unasked) Acknowledged(context.Context, evidence.Subject, string) (prompt.Entry, bool, error) {
	return prompt.Entry{}, false, errors.New("nobody is depicted")
}

// journal keeps the records of decisions.
type journal struct{ *store.Store }

// Note implements admission.Journal.
func (j journal) Note(ctx context.Context, rec evidence.Record, about ...string) error {
	return j.Write(ctx, func(tx *store.Tx) error { _, err := tx.Record(rec, about...); return err })
}

// gate is a gate as the server has it, which follows what changes, or one that reads everything anew.
func (r *rig) gate(follows bool) (*admission.Gate, func(), error) {
	report := func(err error) { fmt.Fprintln(os.Stderr, "gate:", err) }
	ids, err := r.identities()
	if err != nil {
		return nil, nil, err
	}
	functions, err := r.functions()
	if err != nil {
		return nil, nil, err
	}
	keeper, err := standing.NewKeeper(r.ctx, standing.Config{Measures: ledgers.Of[standing.Measure](r.store, "measure"), Signals: ledgers.Of[standing.Signal](r.store, "signal"),
		Versions: ledgers.Of[standing.Version](r.store, "standing-table"), Tallies: tallies.New(r.store), Recorder: r.rec, Keys: r.keys.Envelopes, People: unasked{}, Desk: unasked{}})
	if err != nil {
		return nil, nil, err
	}
	ticks, feed := time.NewTicker(time.Second/2), time.NewTicker(time.Second/2)
	command := incident.NewCommand(ledgers.Of[incident.Order](r.store, incident.OrderLedger), ledgers.Of[incident.Ack](r.store, incident.AckLedger), r.rec)
	watch, err := incident.NewWatch(incident.WatchConfig{Orders: command, Node: "bench", Now: time.Now, Tick: ticks.C, Bound: time.Hour, Report: report})
	if err != nil {
		return nil, nil, err
	}
	g, err := admission.NewGate(admission.Config{Orders: watch, Identities: ids, Standings: keeper, Functions: functions, Consents: unasked{}, Prompts: unasked{}, Journal: journal{r.store},
		Agreements: agreement.New(agreement.Config{Versions: ledgers.Of[agreement.Version](r.store, agreement.VersionLedger), Acceptances: ledgers.Of[agreement.Acceptance](r.store, agreement.AcceptanceLedger), Recorder: r.rec}),
		Recorder:   r.rec, Feed: ledgers.Feed(r.store), Now: time.Now, Tick: feed.C, Report: report})
	if err != nil {
		return nil, nil, err
	}
	ctx, stop := context.WithCancel(r.ctx)
	done := make(chan struct{}, 2)
	go func() { watch.Run(ctx); done <- struct{}{} }()
	go func() {
		if follows {
			g.Follow(ctx)
		}
		done <- struct{}{}
	}()
	end := func() { stop(); <-done; <-done; ticks.Stop(); feed.Stop() }
	return g, end, watch.Read(ctx)
}
