package agreement

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Names of the keys by which entries are found.
const (
	keyKind     = "kind"
	keyAudience = "audience"
	keyNumber   = "number"   // of published versions: kind, audience and number
	keyAccepted = "accepted" // of acceptances: account and version
)

const (
	maxReason     = 1024
	maxAcceptance = 500
)

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func refuse(kind colophon.Kind, code colophon.Code, k Kind, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args, Clauses: k.clauses()}
}

// clauses are those that a text of the kind serves.
func (k Kind) clauses() []colophon.Clause {
	if k == LabelMethods {
		return []colophon.Clause{colophon.ClauseDS8, colophon.ClauseLM8}
	}
	return []colophon.Clause{colophon.ClauseDS8}
}

func (v Version) line() string { return string(v.Kind) + "/" + string(v.Audience) }

// place is by which the versions of a kind, an audience or both are found.
func (v Version) place() []ledger.Key {
	var keys []ledger.Key
	if v.Kind != "" {
		keys = append(keys, ledger.Key{Name: keyKind, Value: string(v.Kind)})
	}
	if v.Audience != "" {
		keys = append(keys, ledger.Key{Name: keyAudience, Value: string(v.Audience)})
	}
	return keys
}

func (v Version) keys() []ledger.Key {
	keys := v.place()
	if v.Number > 0 {
		keys = append(keys, ledger.Key{Name: keyNumber, Value: fmt.Sprintf("%s/%d", v.line(), v.Number), Unique: true})
	}
	return keys
}

// changed is the payload of a record about a version.
type changed struct {
	Version   string    `json:"version"`
	Kind      Kind      `json:"kind"`
	Audience  Audience  `json:"audience"`
	Number    int       `json:"number,omitempty"`
	Since     int       `json:"since,omitempty"`
	Digests   Texts     `json:"digests"`
	Author    string    `json:"author"`
	By        string    `json:"by,omitempty"`
	Effective time.Time `json:"effective,omitzero"`
	Reason    string    `json:"reason,omitempty"`
}

func act(typ evidence.Type, by ledger.By, e Entry) ledger.Act {
	v := e.Value
	return ledger.Act{Type: typ, Role: by.Role, Clauses: v.Kind.clauses(),
		Payload: changed{e.ID, v.Kind, v.Audience, v.Number, v.Since, v.Digests, v.Author, by.ID, v.Effective, v.Reason}}
}

// to puts a version into another state, or refuses what the table does not have.
func to(e *Entry, s State) error {
	if !State(e.State).May(s) {
		return refuse(colophon.Conflict, CodeStep, e.Value.Kind, colophon.Args{"from": e.State, "to": string(s)})
	}
	e.State = string(s)
	return nil
}

// Draft keeps a new draft.
func (k *Keeper) Draft(ctx context.Context, by ledger.By, d Draft) (Entry, error) {
	switch {
	case by.ID == "":
		return Entry{}, invalid("by")
	case !slices.Contains(Kinds(), d.Kind):
		return Entry{}, invalid("kind")
	case !slices.Contains(Audiences(), d.Audience):
		return Entry{}, invalid("audience")
	case len(d.Reason) > maxReason:
		return Entry{}, invalid("reason")
	}
	if err := d.Texts.check(); err != nil {
		return Entry{}, err
	}
	id, err := k.versions.Recorder.NewID()
	if err != nil {
		return Entry{}, err
	}
	v := Version{Kind: d.Kind, Audience: d.Audience, Texts: d.Texts, Digests: Texts{Digest(d.Texts.ZH), Digest(d.Texts.EN)}, Author: by.ID, Reason: d.Reason}
	e := Entry{ID: id, State: string(Drafted), Keys: v.keys(), Value: v}
	return k.versions.Add(ctx, e, nil, act(RecordDrafted, by, e))
}

// Publish publishes a draft that somebody else wrote, and marks as superseded what it takes the place of.
func (k *Keeper) Publish(ctx context.Context, by ledger.By, id string, r Release) (Entry, error) {
	if by.ID == "" {
		return Entry{}, invalid("by")
	}
	e, err := k.versions.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := to(e, Published); err != nil {
			return ledger.Act{}, err
		}
		if e.Value.Author == by.ID {
			return ledger.Act{}, refuse(colophon.Refused, CodeOwn, e.Value.Kind, nil)
		}
		left := append(Placeholders(e.Value.Texts.ZH), Placeholders(e.Value.Texts.EN)...)
		if len(left) > 0 {
			return ledger.Act{}, refuse(colophon.Refused, CodePlaceholders, e.Value.Kind, colophon.Args{"placeholders": strings.Join(left, ", ")})
		}
		if err := k.number(ctx, e, r); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Publisher, e.Keys = by.ID, e.Value.keys()
		return act(RecordPublished, by, *e), nil
	})
	if err != nil {
		return e, err
	}
	return e, k.Supersede(ctx)
}

// number gives a version its place among those of its kind and audience.
func (k *Keeper) number(ctx context.Context, e *Entry, r Release) error {
	v, now := &e.Value, k.versions.Now()
	if r.Effective.IsZero() {
		r.Effective = now
	}
	v.Effective = r.Effective.UTC().Truncate(time.Millisecond)
	if v.Effective.Before(now) {
		return invalid("effective")
	}
	var last *Version // published
	err := k.versions.All(ctx, ledger.Query{Keys: v.place()}, func(other Entry) error {
		v.Number = max(v.Number, other.Value.Number)
		if other.State == string(Published) && (last == nil || last.Number < other.Value.Number) {
			last = &other.Value
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.Number++
	v.Since = v.Number
	if last != nil && v.Effective.Before(last.Effective) {
		return invalid("effective")
	}
	if r.Material {
		return nil
	}
	if last == nil {
		return refuse(colophon.Refused, CodeFirst, v.Kind, nil)
	}
	v.Since = last.Since
	return nil
}

// Supersede marks the published versions that a later one has taken the place of. A job calls it, since a version may become
// effective without anybody's doing.
func (k *Keeper) Supersede(ctx context.Context) error {
	published, err := k.Published(ctx)
	if err != nil {
		return err
	}
	current := InForce(published, k.versions.Now())
	for _, old := range published {
		if !slices.ContainsFunc(current, func(c Entry) bool { return c.Value.line() == old.Value.line() && c.Value.Number > old.Value.Number }) {
			continue
		}
		_, err := k.versions.Change(ctx, old.ID, func(e *Entry) (ledger.Act, error) {
			if e.State == string(Superseded) {
				return ledger.Act{}, ledger.ErrSame
			}
			if err := to(e, Superseded); err != nil {
				return ledger.Act{}, err
			}
			return act(RecordSuperseded, ledger.By{Role: "system"}, *e), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Withdraw takes a draft or a published version back. The version before does not come back into force.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	if reason == "" || len(reason) > maxReason {
		return Entry{}, invalid("reason")
	}
	if err := k.Supersede(ctx); err != nil {
		return Entry{}, err
	}
	return k.versions.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		e.Value.Reason = reason
		return act(RecordWithdrawn, by, *e), to(e, Withdrawn)
	})
}

// Version returns a version.
func (k *Keeper) Version(ctx context.Context, id string) (Entry, error) {
	return k.versions.Get(ctx, id)
}

// Versions returns a page of versions, the newest first, and where the next page begins.
func (k *Keeper) Versions(ctx context.Context, q Query) ([]Entry, string, error) {
	query := ledger.Query{After: q.After, Limit: q.Limit, Newest: true, Keys: Version{Kind: q.Kind, Audience: q.Audience}.place()}
	for _, s := range q.States {
		query.States = append(query.States, string(s))
	}
	return k.versions.Page(ctx, query)
}

// Published returns all published versions, those too that are not in force yet.
func (k *Keeper) Published(ctx context.Context) ([]Entry, error) {
	var list []Entry
	err := k.versions.All(ctx, ledger.Query{States: []string{string(Published)}}, func(e Entry) error {
		list = append(list, e)
		return nil
	})
	return list, err
}

// Current returns what is in force now, in the order of [Audiences] and [Kinds].
func (k *Keeper) Current(ctx context.Context) ([]Entry, error) {
	published, err := k.Published(ctx)
	return InForce(published, k.versions.Now()), err
}

// accepted is the payload of the record of an acceptance.
type accepted struct {
	Acceptance
	By string `json:"by,omitempty"`
}

// Accept keeps that an account accepted what it was shown. The same again changes nothing.
func (k *Keeper) Accept(ctx context.Context, by ledger.By, account evidence.Subject, s Shown) (Acceptance, error) {
	switch {
	case account == "" || account == evidence.System:
		return Acceptance{}, invalid("account")
	case s.Language != "zh" && s.Language != "en":
		return Acceptance{}, invalid("language")
	case s.How != Page && s.How != Attested:
		return Acceptance{}, invalid("how")
	}
	e, err := k.versions.Get(ctx, s.Version)
	if err != nil {
		return Acceptance{}, err
	}
	v := e.Value
	if e.State != string(Published) {
		return Acceptance{}, refuse(colophon.Conflict, CodeNotPublished, v.Kind, colophon.Args{"state": e.State})
	}
	if s.Digest != v.Digests.In(s.Language) {
		return Acceptance{}, refuse(colophon.Refused, CodeDigest, v.Kind, nil)
	}
	a := Acceptance{Version: e.ID, Kind: v.Kind, Audience: v.Audience, Number: v.Number, Language: s.Language, Digest: s.Digest, How: s.How, At: k.acceptances.Now()}
	once := ledger.Key{Name: keyAccepted, Value: string(account) + "/" + e.ID, Unique: true}
	_, err = k.acceptances.Add(ctx, ledger.Entry[Acceptance]{Subject: account, State: "accepted", Keys: []ledger.Key{once}, Value: a}, nil,
		ledger.Act{Type: RecordAccepted, Role: by.Role, Clauses: v.Kind.clauses(), Payload: accepted{a, by.ID}})
	if errors.Is(err, ledger.ErrExists) {
		before, err := k.acceptances.One(ctx, ledger.Query{Keys: []ledger.Key{once}})
		return before.Value, err
	}
	return a, err
}

// Accepted returns what an account accepted, the newest first.
func (k *Keeper) Accepted(ctx context.Context, account evidence.Subject) ([]Acceptance, error) {
	entries, _, err := k.acceptances.Page(ctx, ledger.Query{Subject: account, Newest: true, Limit: maxAcceptance})
	list := make([]Acceptance, len(entries))
	for i, e := range entries {
		list[i] = e.Value
	}
	return list, err
}

// InForce returns, of published versions, those that are in force at a time: of each audience and kind the last one that is
// effective, in the order of [Audiences] and [Kinds].
func InForce(published []Entry, at time.Time) []Entry {
	var list []Entry
	for _, audience := range Audiences() {
		for _, kind := range Kinds() {
			var last *Entry
			for i, e := range published {
				if e.Value.Kind == kind && e.Value.Audience == audience && !e.Value.Effective.After(at) && (last == nil || last.Value.Number < e.Value.Number) {
					last = &published[i]
				}
			}
			if last != nil {
				list = append(list, *last)
			}
		}
	}
	return list
}

// Owing returns the versions in force that somebody of an audience still has to accept.
func Owing(current []Entry, accepted []Acceptance, audience Audience) []Entry {
	var owing []Entry
	for _, e := range current {
		v := e.Value
		if v.Audience == audience && !slices.ContainsFunc(accepted, func(a Acceptance) bool {
			return a.Kind == v.Kind && a.Audience == audience && v.Since <= a.Number && a.Number <= v.Number
		}) {
			owing = append(owing, e)
		}
	}
	return owing
}

// Owed returns the kinds of what [Owing] returns.
func Owed(current []Entry, accepted []Acceptance, audience Audience) []Kind {
	var kinds []Kind
	for _, e := range Owing(current, accepted, audience) {
		kinds = append(kinds, e.Value.Kind)
	}
	return kinds
}

// Complete reports whether everything is in force that an audience has to be shown: for users all kinds, for technical
// supporters the rules and the agreement, which remind them of their duties.
func Complete(current []Entry, audience Audience) bool {
	for _, kind := range needed(audience) {
		if !slices.ContainsFunc(current, func(e Entry) bool { return e.Value.Audience == audience && e.Value.Kind == kind }) {
			return false
		}
	}
	return true
}

func needed(audience Audience) []Kind {
	if audience == Supporters {
		return []Kind{Rules, Terms}
	}
	return Kinds()
}
