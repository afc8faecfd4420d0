package duty

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Outcome is what a run came to. Anything else than passed and failed could not tell.
type Outcome string

// The outcomes.
const (
	Passed Outcome = "passed"
	Failed Outcome = "failed"
	Untold Outcome = "could-not-tell"
)

// OutcomeOf is the outcome that a verdict means.
func OutcomeOf(v colophon.Verdict) Outcome { return Outcome(v.String()) }

// Observation is what a probe saw in one run, or what a person said. The time that it speaks of and the time at which it
// came in are two things, and both are kept.
type Observation struct {
	ID      string `json:"-"`
	Probe   string `json:"probe"`
	Version int    `json:"version"`
	Kind    Kind   `json:"kind"`
	// From and To are the time that it speaks of. A zero From is the time of collection, a zero To has no end of its own.
	From      time.Time `json:"from"`
	To        time.Time `json:"to,omitzero"`
	Collected time.Time `json:"collected"`
	Received  time.Time `json:"received"` // set by the keeper
	Expected  string    `json:"expected"`
	Actual    string    `json:"actual"`
	// Code and Args say what was seen as a sentence of the catalogue of sentences; without a code Actual alone says it.
	Code    colophon.Code `json:"code,omitempty"`
	Args    colophon.Args `json:"args,omitempty"`
	Samples []string      `json:"samples,omitempty"` // identifiers of what was looked at
	// Digest is the SHA-256 of the artefact that shows it, in hex; empty where there is none, as for what a person says.
	Digest  string        `json:"digest,omitempty"`
	Outcome Outcome       `json:"outcome"`
	By      string        `json:"by,omitempty"`    // staff account, for what a person said
	Asked   string        `json:"asked,omitempty"` // staff account that had the probe run; empty where its time had come
	Void    colophon.Code `json:"void,omitempty"`
	Voided  time.Time     `json:"voided,omitzero"`
}

func (o Observation) void(known time.Time) bool { return o.Void != "" && !o.Voided.After(known) }

// outcome is what the run counts for, by what was known at a time.
func (o Observation) outcome(known time.Time) Outcome {
	if o.void(known) || o.Outcome != Passed && o.Outcome != Failed {
		return Untold
	}
	return o.Outcome
}

// check refuses what is out of form. It does not say whether the probe is known.
func (o Observation) check(now time.Time) error {
	fields := []struct {
		name string
		good bool
	}{
		{"collected", !o.Collected.IsZero() && !o.Collected.After(now)},
		{"from", !o.From.After(o.Collected)},
		{"to", o.To.IsZero() || o.To.After(o.From)},
		{"outcome", slices.Contains([]Outcome{Passed, Failed, Untold}, o.Outcome)},
		{"expected", o.Expected != "" && prose(o.Expected, maxValue)},
		{"actual", o.Actual != "" && prose(o.Actual, maxValue)},
		{"code", len(o.Code) <= 128},
		{"args", len(o.Args) <= maxArgs && (o.Code != "" || len(o.Args) == 0) && !odd(o.Args)},
		{"samples", len(o.Samples) <= maxSamples && !slices.ContainsFunc(o.Samples, func(s string) bool {
			return s == "" || len(s) > 128 || strings.ContainsAny(s, " \t\r\n") || !utf8.ValidString(s)
		})},
	}
	for _, f := range fields {
		if !f.good {
			return invalid(f.name)
		}
	}
	return nil
}

// odd reports whether an argument is out of form.
func odd(args colophon.Args) bool {
	for name, value := range args {
		if name == "" || len(name) > 64 || !prose(value, maxArg) {
			return true
		}
	}
	return false
}

func prose(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// Vault keeps the artefacts of observations under their digest.
type Vault interface {
	// Keep stores bytes and returns their SHA-256 in hex. When it returns without an error they MUST be durable.
	Keep(ctx context.Context, raw []byte) (string, error)
	// Read returns what is stored under a digest. Where nothing is, the error MUST be a colophon.Error of kind Missing.
	Read(ctx context.Context, digest string) ([]byte, error)
}

// Observe enters what a probe saw, with the artefact that shows it. Only the program does so. Where the artefact can't be
// stored whole the observation is entered void, which is no error: that the probe ran is kept, and counts as could not tell.
func (k *Keeper) Observe(ctx context.Context, by ledger.By, o Observation, artefact []byte) (Observation, error) {
	p, err := k.probe(o)
	switch {
	case err != nil:
		return Observation{}, err
	case p.Kind == Attestation:
		return Observation{}, &colophon.Error{Kind: colophon.Refused, Code: CodePerson}
	case by.Role != system:
		return Observation{}, &colophon.Error{Kind: colophon.Refused, Code: CodeProgram}
	case len(artefact) == 0 && o.Outcome != Untold || len(artefact) > MaxArtefact:
		return Observation{}, invalid("artefact")
	}
	o.By = ""
	if o, err = k.ready(o, p); err != nil {
		return Observation{}, err
	}
	if len(artefact) > 0 {
		sum := sha256.Sum256(artefact)
		o.Digest = hex.EncodeToString(sum[:])
		stored, err := k.config.Vault.Keep(ctx, artefact)
		switch {
		case err != nil && ctx.Err() != nil:
			return Observation{}, err
		case err != nil:
			o.Void = VoidStore
		case stored != o.Digest:
			o.Void = VoidDigest
		}
		if o.Void != "" {
			o.Voided = o.Received
		}
	}
	return k.enter(ctx, by, o)
}

// Attest enters what a person says of a probe that asks a person.
func (k *Keeper) Attest(ctx context.Context, by ledger.By, o Observation) (Observation, error) {
	if err := person(by); err != nil {
		return Observation{}, err
	}
	p, err := k.probe(o)
	if err != nil {
		return Observation{}, err
	}
	if p.Kind != Attestation {
		return Observation{}, &colophon.Error{Kind: colophon.Refused, Code: CodeProgram}
	}
	o.By = by.ID
	if o, err = k.ready(o, p); err != nil {
		return Observation{}, err
	}
	return k.enter(ctx, by, o)
}

// probe finds the probe of an observation, in the version in use.
func (k *Keeper) probe(o Observation) (Probe, error) {
	p, err := k.config.Catalogue.Probe(o.Probe)
	if err == nil && p.Version != o.Version {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeVersion, Args: colophon.Args{"probe": p.Name, "version": strconv.Itoa(p.Version)}}
	}
	return p, err
}

// ready fills what the keeper knows, and checks the rest.
func (k *Keeper) ready(o Observation, p Probe) (Observation, error) {
	o.ID, o.Kind, o.Received, o.Digest, o.Void, o.Voided = "", p.Kind, k.observations.Now(), "", "", time.Time{}
	if o.From.IsZero() {
		o.From = o.Collected
	}
	for _, at := range []*time.Time{&o.From, &o.To, &o.Collected} {
		if !at.IsZero() {
			*at = at.UTC().Truncate(time.Millisecond)
		}
	}
	return o, o.check(o.Received)
}

func (k *Keeper) enter(ctx context.Context, by ledger.By, o Observation) (Observation, error) {
	id, err := k.observations.Recorder.NewID()
	if err != nil {
		return Observation{}, err
	}
	state := kept
	if o.Void != "" {
		state = voided
	}
	e := ledger.Entry[Observation]{ID: id, State: state, Value: o, Keys: []ledger.Key{{Name: keyProbe, Value: o.Probe}}}
	if o.Digest != "" {
		e.Keys = append(e.Keys, ledger.Key{Name: keyArtefact, Value: o.Digest})
	}
	e, err = k.observations.Add(ctx, e, nil, ledger.Act{Type: RecordObserved, Role: by.Role, Clauses: k.clauses(o.Probe), Payload: shown{id, o}})
	return observation(e), err
}

// shown is the payload of the records of observations.
type shown struct {
	ID    string      `json:"id"`
	Value Observation `json:"observation"`
}

// Recheck reads an artefact again, and makes the observation void where it is gone or another. Where it can't be read for
// any other reason nothing is changed, and the error is returned.
func (k *Keeper) Recheck(ctx context.Context, id string) (Observation, error) {
	e, err := k.observations.Get(ctx, id)
	if err != nil || e.Value.Digest == "" || e.State == voided {
		return observation(e), err
	}
	raw, err := k.config.Vault.Read(ctx, e.Value.Digest)
	var gone *colophon.Error
	sum := sha256.Sum256(raw)
	switch {
	case errors.As(err, &gone) && gone.Kind == colophon.Missing:
		return k.annul(ctx, id, VoidGone)
	case err != nil:
		return observation(e), err
	case hex.EncodeToString(sum[:]) != e.Value.Digest:
		return k.annul(ctx, id, VoidDigest)
	}
	return observation(e), nil
}

func (k *Keeper) annul(ctx context.Context, id string, why colophon.Code) (Observation, error) {
	e, err := k.observations.Change(ctx, id, func(e *ledger.Entry[Observation]) (ledger.Act, error) {
		if e.State == voided {
			return ledger.Act{}, ledger.ErrSame
		}
		e.State, e.Value.Void, e.Value.Voided = voided, why, k.observations.Now()
		return ledger.Act{Type: RecordVoided, Role: system, Clauses: k.clauses(e.Value.Probe), Payload: shown{e.ID, e.Value}}, nil
	})
	return observation(e), err
}

// Needs reports whether an observation has the artefact with a digest.
func (k *Keeper) Needs(ctx context.Context, digest string) (bool, error) {
	n, err := k.observations.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyArtefact, Value: digest}}})
	return n > 0, err
}

// Artefact reads what shows an observation. One that is void, or that a person said, has none.
func (k *Keeper) Artefact(ctx context.Context, o Observation) ([]byte, error) {
	if o.Digest == "" || o.Void != "" {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
	}
	raw, err := k.config.Vault.Read(ctx, o.Digest)
	sum := sha256.Sum256(raw)
	if err == nil && hex.EncodeToString(sum[:]) != o.Digest {
		err = &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
	}
	return raw, err
}

// Observation returns an observation.
func (k *Keeper) Observation(ctx context.Context, id string) (Observation, error) {
	e, err := k.observations.Get(ctx, id)
	return observation(e), err
}

// Observations returns a page of the observations of a probe, the newest first, and where the next page begins. Without a
// probe it is all of them.
func (k *Keeper) Observations(ctx context.Context, probe, after string, limit int) ([]Observation, string, error) {
	q := ledger.Query{Newest: true, After: after, Limit: limit}
	if probe != "" {
		q.Keys = []ledger.Key{{Name: keyProbe, Value: probe}}
	}
	page, next, err := k.observations.Page(ctx, q)
	list := make([]Observation, len(page))
	for i, e := range page {
		list[i] = observation(e)
	}
	return list, next, err
}

func observation(e ledger.Entry[Observation]) Observation {
	o := e.Value
	o.ID = e.ID
	return o
}

// clauses lists the clauses that a probe speaks of.
func (k *Keeper) clauses(probe string) []colophon.Clause {
	var list []colophon.Clause
	for _, i := range k.config.Catalogue.Shows(probe) {
		list = append(list, i.Clauses()...)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	return list[:min(len(list), maxRecordClauses)]
}
