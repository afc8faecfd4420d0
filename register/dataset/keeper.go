package dataset

import (
	"context"
	"crypto/sha256"
	_ "embed" // the limit
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register"
)

//go:embed limits.json
var limitsFile []byte

// Limit is how long a removal may take, and where that comes from.
type Limit struct {
	Days       int    `json:"removal_days"`
	Source     string `json:"source"`
	Confidence string `json:"confidence"`
}

// RemovalLimit returns the limit that comes with the program.
func RemovalLimit() (l Limit, err error) {
	err = json.Unmarshal(limitsFile, &l)
	return l, err
}

const (
	maxLine     = 256
	maxText     = 4_000
	maxMany     = 32
	maxNamed    = 1_000
	maxHistory  = 20
	maxUses     = 1_000
	given       = "given" // the state of a consent that holds
	keyConsent  = "consent"
	keyDataset  = "dataset"
	keyEnd      = "end" // dataset/consent/state/time: one end of a consent
	system      = evidence.Role("system")
	dayDuration = 24 * time.Hour
)

// Consents knows the consents of people. One that is not there MUST be an error of kind Missing.
type Consents interface {
	// Ended says whether a consent does not hold any more as the ground of training, by which state, and since when. The state of
	// one that holds is "given".
	Ended(ctx context.Context, id string) (state string, at time.Time, ended bool, err error)
}

// Versions knows the versions of algorithms.
type Versions interface {
	Version(ctx context.Context, algorithm, version string) error
}

// Config says what a [Keeper] works with. All fields are required.
type Config struct {
	Datasets ledger.Store[Dataset]
	Removals ledger.Store[Removal]
	Recorder *evidence.Recorder
	Consents Consents
	Versions Versions
	Limit    Limit
}

// Keeper is the worker of datasets. It is safe for use by many goroutines.
type Keeper struct {
	book     ledger.Book[Dataset]
	removals ledger.Book[Removal]
	consents Consents
	versions Versions
	limit    Limit
}

// New makes a keeper.
func New(c Config) *Keeper {
	return &Keeper{ledger.Book[Dataset]{Store: c.Datasets, Recorder: c.Recorder, Missing: CodeMissing},
		ledger.Book[Removal]{Store: c.Removals, Recorder: c.Recorder, Missing: CodeNoRemoval}, c.Consents, c.Versions, c.Limit}
}

// Limit is how long a removal may take.
func (k *Keeper) Limit() Limit { return k.limit }

func refuse(kind colophon.Kind, code colophon.Code) error {
	return &colophon.Error{Kind: kind, Code: code}
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func person(by ledger.By) error {
	if !by.Person() {
		return refuse(colophon.Refused, CodePerson)
	}
	return nil
}

func word(s string) bool { return register.Word(s) }

func line(s string) bool { return strings.TrimSpace(s) != "" && plain(s, maxLine) }

func digest(s string) bool {
	raw, err := hex.DecodeString(s)
	return s == "" || err == nil && len(raw) == sha256.Size && s == strings.ToLower(s)
}

func among(list, words []string) bool {
	for i, s := range list {
		if !slices.Contains(words, s) || slices.Contains(list[:i], s) {
			return false
		}
	}
	return true
}

func tri(t Tri) bool { return t == Untold || t == Yes || t == No }

func (d Description) check() error {
	for _, c := range []struct {
		field string
		ok    bool
	}{
		{"names", line(d.Names.ZH) && line(d.Names.EN)},
		{"modalities", len(d.Modalities) > 0 && among(d.Modalities, Modalities())},
		{"origin", slices.Contains(Origins(), d.Origin)},
		{"source", strings.TrimSpace(d.Source) != "" && plain(d.Source, maxText)},
		{"licence", plain(d.Licence, maxText)},
		{"paper", digest(d.Paper)},
		{"items", d.Items >= 0}, {"bytes", d.Bytes >= 0},
		{"personal", tri(d.Personal)},
		{"kinds", len(d.Kinds) <= maxMany && !slices.ContainsFunc(d.Kinds, func(s string) bool { return !line(s) })},
		{"bases", among(d.Bases, Bases())},
		{"ground", plain(d.Ground, maxText)},
		{"proof", digest(d.Proof)},
		{"consents", len(d.Consents) <= maxNamed && !slices.ContainsFunc(d.Consents, func(s string) bool { return !word(s) })},
		{"biometric", tri(d.Biometric)},
		{"biometrics", among(d.Biometrics, Biometrics()) && (len(d.Biometrics) == 0 || d.Biometric == Yes)},
		{"minors", tri(d.Minors)},
	} {
		if !c.ok {
			return invalid(c.field)
		}
	}
	if d.Personal == No && (len(d.Kinds)+len(d.Bases)+len(d.Consents) > 0 || d.Biometric == Yes || d.Minors == Yes) {
		return invalid("personal") // it contradicts the rest
	}
	return nil
}

// said is the payload of records about datasets.
type said struct {
	Dataset     string       `json:"dataset"`
	By          string       `json:"by,omitempty"`
	Description *Description `json:"description,omitempty"`
	Before      string       `json:"before,omitempty"` // digests of the dataset
	Listed      *Listed      `json:"manifest,omitempty"`
	Use         *Use         `json:"use,omitempty"`
	Results     []Result     `json:"results,omitempty"`
}

func act(typ evidence.Type, by ledger.By, s said) ledger.Act {
	s.By = by.ID
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: s}
}

// Add enters a dataset under a name of lower-case letters, digits and hyphens.
func (k *Keeper) Add(ctx context.Context, by ledger.By, id string, d Description) (Entry, error) {
	switch err := errors.Join(person(by), d.check()); {
	case err != nil:
		return Entry{}, err
	case !word(id):
		return Entry{}, invalid("id")
	}
	if err := k.known(ctx, nil, d.Consents); err != nil {
		return Entry{}, err
	}
	return k.book.Add(ctx, Entry{ID: id, State: string(Active), Value: Dataset{Description: d}}, nil, act(RecordAdded, by, said{Dataset: id, Description: &d}))
}

// known refuses consents that a dataset did not rest on before and that are not given, for training, now.
func (k *Keeper) known(ctx context.Context, before, consents []string) error {
	for _, c := range consents {
		if slices.Contains(before, c) {
			continue
		}
		state, _, ended, err := k.consents.Ended(ctx, c)
		var gone *colophon.Error
		if errors.As(err, &gone) && gone.Kind == colophon.Missing {
			return invalid("consents")
		}
		if err != nil {
			return err
		}
		if ended || state != given {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeConsent, Args: colophon.Args{"consent": c}, Clauses: removalClauses()}
		}
	}
	return nil
}

// rests looks at what a dataset is about to rest on. A consent that is new has to be given. Where fewer items rest on one than
// before, or nothing does, and it does not hold any more, its removal is opened now, of the dataset as it was: taking the name of
// a consent off the items before somebody followed it spares nobody the proof.
func (k *Keeper) rests(ctx context.Context, id string, named []string, next func(Dataset) Dataset) error {
	e, err := k.book.Get(ctx, id)
	if err != nil {
		return err
	}
	before := e.Value.Rests()
	if err := k.known(ctx, before, named); err != nil {
		return err
	}
	later := next(e.Value)
	after := later.Rests()
	was, _ := e.Value.Now()
	is, _ := later.Now()
	for _, consent := range before {
		if slices.Contains(after, consent) && is.On(consent) >= was.On(consent) {
			continue
		}
		state, at, over, err := k.consents.Ended(ctx, consent)
		if err == nil && over {
			err = k.open(ctx, e, consent, state, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) change(ctx context.Context, by ledger.By, id string, fn func(e *Entry) (ledger.Act, error)) (Entry, error) {
	if err := person(by); err != nil {
		return Entry{}, err
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if State(e.State) == Retired {
			return ledger.Act{}, refuse(colophon.Conflict, CodeRetired)
		}
		return fn(e)
	})
}

// Describe describes a dataset anew, all that people say of it. A removal that is open stays so, whatever it names.
func (k *Keeper) Describe(ctx context.Context, by ledger.By, id string, d Description) (Entry, error) {
	err := errors.Join(d.check(), person(by))
	if err == nil {
		err = k.rests(ctx, id, d.Consents, func(v Dataset) Dataset { v.Description = d; return v })
	}
	if err != nil {
		return Entry{}, err
	}
	return k.change(ctx, by, id, func(e *Entry) (ledger.Act, error) {
		e.Value.Description = d
		return act(RecordChanged, by, said{Dataset: id, Description: &d}), nil
	})
}

// List says what a dataset consists of from now on. One that is retired is listed while a removal is open, which ends by it; and
// then alone may it consist of nothing.
func (k *Keeper) List(ctx context.Context, by ledger.By, id string, l Listed) (Entry, error) {
	if !digest(l.Digest) || l.Digest == "" || l.Items < 0 || l.Items > MaxItems {
		return Entry{}, invalid("manifest")
	}
	named := make([]string, len(l.Consents))
	for i, c := range l.Consents {
		named[i] = c.Name
	}
	err := person(by)
	if err == nil {
		err = k.rests(ctx, id, named, func(v Dataset) Dataset { v.Manifests = []Listed{l}; return v })
	}
	if err != nil {
		return Entry{}, err
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if State(e.State) == Retired && e.Value.Open == 0 {
			return ledger.Act{}, refuse(colophon.Conflict, CodeRetired)
		}
		before := e.Value.Digest()
		if before == l.Digest {
			return ledger.Act{}, ledger.ErrSame
		}
		if l.Items == 0 && e.Value.Open == 0 {
			return ledger.Act{}, refuse(colophon.Invalid, CodeEmpty)
		}
		l.At, l.By = k.book.Now(), by.ID
		list := append(slices.Clone(e.Value.Manifests), l)
		e.Value.Manifests = list[max(0, len(list)-maxHistory):]
		return act(RecordManifest, by, said{Dataset: id, Before: before, Listed: &l}), nil
	})
}

// Use says that a version of an algorithm used a dataset as it is. A dataset of which a source is barred is used by nobody.
func (k *Keeper) Use(ctx context.Context, by ledger.By, id string, u Use) (Entry, error) {
	if !slices.Contains(Purposes(), u.Purpose) {
		return Entry{}, invalid("purpose")
	}
	if err := k.versions.Version(ctx, u.Algorithm, u.Version); err != nil {
		return Entry{}, err
	}
	return k.change(ctx, by, id, func(e *Entry) (ledger.Act, error) {
		if source, barred := e.Value.Barred(); barred {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Refused, Code: CodeBarred, Args: colophon.Args{"source": source}, Clauses: clauses()}
		}
		u.Digest, u.At, u.By = e.Value.Digest(), k.book.Now(), by.ID
		if len(e.Value.Uses) >= maxUses {
			return ledger.Act{}, invalid("uses")
		}
		if slices.ContainsFunc(e.Value.Uses, func(o Use) bool { u.At, u.By = o.At, o.By; return o == u }) {
			return ledger.Act{}, ledger.ErrSame
		}
		u.At, u.By = k.book.Now(), by.ID
		e.Value.Uses = append(slices.Clone(e.Value.Uses), u)
		return act(RecordUsed, by, said{Dataset: id, Use: &u}), nil
	})
}

// Sampled enters what a sample came to. It has to be of the dataset as it is.
func (k *Keeper) Sampled(ctx context.Context, by ledger.By, id string, results []Result) (Entry, error) {
	return k.change(ctx, by, id, func(e *Entry) (ledger.Act, error) {
		for _, r := range results {
			if r.Digest == "" || r.Digest != e.Value.Digest() {
				return ledger.Act{}, refuse(colophon.Conflict, CodeOther)
			}
			if !slices.Contains(Yardsticks(), r.Yardstick) {
				return ledger.Act{}, invalid("yardstick")
			}
		}
		e.Value.enter(results)
		return act(RecordSampled, by, said{Dataset: id, Results: results}), nil
	})
}

// Retire ends a dataset for good.
func (k *Keeper) Retire(ctx context.Context, by ledger.By, id string) (Entry, error) {
	return k.change(ctx, by, id, func(e *Entry) (ledger.Act, error) {
		e.State = string(Retired)
		return act(RecordRetired, by, said{Dataset: id}), nil
	})
}

// Dataset returns a dataset.
func (k *Keeper) Dataset(ctx context.Context, id string) (Entry, error) { return k.book.Get(ctx, id) }

// Datasets returns a page of datasets by name, and where the next page begins.
func (k *Keeper) Datasets(ctx context.Context, states []State, after string, limit int) ([]Entry, string, error) {
	q := ledger.Query{After: after, Limit: limit}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	return k.book.Page(ctx, q)
}
