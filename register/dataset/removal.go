package dataset

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

// RemovalState says where a removal is.
type RemovalState string

// The states of a removal.
const (
	Open      RemovalState = "open"
	Proven    RemovalState = "proven"
	Dismissed RemovalState = "dismissed" // nothing was to be removed
)

// Proof says how items were removed.
type Proof struct {
	After   string    `json:"after"`           // digest of the dataset without the items
	Removed int       `json:"removed"`         // items that the manifest before counted on the consent
	Paper   string    `json:"paper,omitempty"` // SHA-256 of the protocol, which lies elsewhere
	How     string    `json:"how"`             // in words
	Verdict Verdict   `json:"verdict"`         // could not tell: nobody compared the items of the two manifests
	Still   int       `json:"still,omitempty"` // items that the comparison found in the manifest after
	At      time.Time `json:"at"`
	By      string    `json:"by"` // staff account
}

// Removal is what follows for a dataset from the end of a consent.
type Removal struct {
	Dataset string    `json:"dataset"`
	Consent string    `json:"consent"`
	Why     string    `json:"why"`              // the state of the consent
	Ended   time.Time `json:"ended"`            // since when it does not hold
	Due     time.Time `json:"due"`              // until when the items have to be gone
	Before  string    `json:"before"`           // digest of the dataset when it was opened; empty without a manifest
	Items   int       `json:"items"`            // that rest on the consent, as the manifest says; 0 where it says nothing
	Uses    []Use     `json:"uses,omitempty"`   // versions that used the dataset until then
	Proof   *Proof    `json:"proof,omitempty"`  // the last one; of an open removal one that failed
	Reason  string    `json:"reason,omitempty"` // why it was dismissed
	Late    bool      `json:"late,omitempty"`
}

// RemovalEntry is a removal as it is kept.
type RemovalEntry = ledger.Entry[Removal]

type removed struct {
	ID    string  `json:"id"`
	By    string  `json:"by,omitempty"`
	Value Removal `json:"removal"`
}

func removalAct(typ evidence.Type, by ledger.By, e RemovalEntry) ledger.Act {
	return ledger.Act{Type: typ, Role: by.Role, Clauses: removalClauses(), Payload: removed{e.ID, by.ID, e.Value}}
}

// Follow opens a removal for each consent that a dataset rests on and that does not hold any more, and says which removals are
// overdue. A consent that can't be asked about opens nothing; the error says so.
func (k *Keeper) Follow(ctx context.Context) error {
	var list []Entry
	failed := k.book.All(ctx, ledger.Query{}, func(e Entry) error {
		if len(e.Value.Rests()) > 0 {
			list = append(list, e)
		}
		return nil
	})
	type end struct {
		state string
		at    time.Time
		over  bool
	}
	asked := map[string]end{} // of datasets with the same consents each is asked for once
	for _, e := range list {
		for _, consent := range e.Value.Rests() {
			one, known := asked[consent]
			if !known {
				var err error
				if one.state, one.at, one.over, err = k.consents.Ended(ctx, consent); err != nil {
					failed = errors.Join(failed, err)
					continue
				}
				asked[consent] = one
			}
			if one.over {
				failed = errors.Join(failed, k.open(ctx, e, consent, one.state, one.at))
			}
		}
	}
	return errors.Join(failed, k.overdue(ctx))
}

func (k *Keeper) open(ctx context.Context, d Entry, consent, state string, at time.Time) error {
	end := d.ID + "/" + consent + "/" + state
	if !at.IsZero() {
		end += "/" + strconv.FormatInt(at.UnixMilli(), 10)
	}
	known, err := k.removals.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyEnd, Value: end}}})
	if err != nil || known > 0 {
		return err
	}
	going, err := k.removals.Store.Count(ctx, ledger.Query{States: []string{string(Open)}, Keys: []ledger.Key{{Name: keyDataset, Value: d.ID}, {Name: keyConsent, Value: consent}}})
	if err != nil || going > 0 {
		return err
	}
	now := k.removals.Now()
	if at.IsZero() || at.After(now) {
		at = now
	}
	at = at.UTC().Truncate(time.Millisecond)
	listed, _ := d.Value.Now()
	v := Removal{Dataset: d.ID, Consent: consent, Why: state, Ended: at, Due: at.Add(time.Duration(k.limit.Days) * dayDuration), Before: listed.Digest, Items: listed.On(consent), Uses: d.Value.Uses}
	id, err := k.removals.Recorder.NewID()
	if err != nil {
		return err
	}
	e := RemovalEntry{ID: id, State: string(Open), Due: v.Due, Value: v,
		Keys: []ledger.Key{{Name: keyDataset, Value: d.ID}, {Name: keyConsent, Value: consent}, {Name: keyEnd, Value: end, Unique: true}}}
	_, err = k.removals.Add(ctx, e, nil, removalAct(RecordOpened, ledger.By{Role: system}, e))
	var conflict *colophon.Error
	if errors.As(err, &conflict) && conflict.Code == ledger.CodeExists {
		err = nil // another node was faster
	}
	return errors.Join(err, k.recount(ctx, d.ID))
}

// overdue writes down which removals are late.
func (k *Keeper) overdue(ctx context.Context) error {
	var ids []string
	err := k.removals.All(ctx, ledger.Query{States: []string{string(Open)}, Due: k.removals.Now()}, func(e RemovalEntry) error {
		if !e.Value.Late {
			ids = append(ids, e.ID)
		}
		return nil
	})
	for _, id := range ids {
		e, late := k.removals.Change(ctx, id, func(e *RemovalEntry) (ledger.Act, error) {
			if RemovalState(e.State) != Open || e.Value.Late {
				return ledger.Act{}, ledger.ErrSame
			}
			e.Value.Late = true
			return removalAct(RecordOverdue, ledger.By{Role: system}, *e), nil
		})
		if err = errors.Join(err, late); late == nil {
			err = errors.Join(err, k.recount(ctx, e.Value.Dataset))
		}
	}
	return err
}

// recount brings the counts that a dataset shows up to date. They follow from the removals, whose records prove them.
func (k *Keeper) recount(ctx context.Context, id string) error {
	open, late := 0, 0
	err := k.removals.All(ctx, ledger.Query{States: []string{string(Open)}, Keys: []ledger.Key{{Name: keyDataset, Value: id}}}, func(e RemovalEntry) error {
		if open++; e.Value.Late {
			late++
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if e.Value.Open == open && e.Value.Late == late {
			return ledger.Act{}, ledger.ErrSame
		}
		e.Value.Open, e.Value.Late = open, late
		return ledger.Act{Type: RecordChanged, Role: system, Clauses: removalClauses(), Payload: map[string]any{"dataset": id, "open": open, "late": late}}, nil
	})
	return err
}

// Prove says that the items which rested on a consent are gone: the dataset is another one than it was, and no item of the
// manifest in force rests on the consent. It has passed where c took in the manifest before and the one in force, and none of
// those items is in the latter. Without a manifest before, or where that names no item, it could not tell. Where items are found
// it has failed: a record says so, the removal stays open, and the error says how many.
func (k *Keeper) Prove(ctx context.Context, by ledger.By, id string, p Proof, c *Comparison) (RemovalEntry, error) {
	switch {
	case !digest(p.Paper):
		return RemovalEntry{}, invalid("paper")
	case p.How == "" || !plain(p.How, maxText):
		return RemovalEntry{}, invalid("how")
	}
	if err := person(by); err != nil {
		return RemovalEntry{}, err
	}
	r, err := k.removals.Get(ctx, id)
	if err != nil {
		return RemovalEntry{}, err
	}
	d, err := k.book.Get(ctx, r.Value.Dataset)
	if err != nil {
		return RemovalEntry{}, err
	}
	now, listed := d.Value.Now()
	switch {
	case !listed:
		return RemovalEntry{}, refuse(colophon.Conflict, CodeUnlisted)
	case now.Digest == r.Value.Before:
		return RemovalEntry{}, refuse(colophon.Conflict, CodeSame)
	case RemovalState(r.State) == Open && r.Value.there(now) > 0:
		return RemovalEntry{}, still(r.Value.there(now))
	}
	fresh := Proof{After: now.Digest, Removed: r.Value.Items, Paper: p.Paper, How: p.How, At: k.removals.Now(), By: by.ID}
	if fresh.Verdict, fresh.Still, err = c.verdict(r.Value, now.Digest); err != nil {
		return RemovalEntry{}, err
	}
	if fresh.Still > 0 {
		e, err := k.removals.Change(ctx, id, func(e *RemovalEntry) (ledger.Act, error) {
			if RemovalState(e.State) != Open {
				return ledger.Act{}, refuse(colophon.Conflict, CodeClosed)
			}
			e.Value.Proof = &fresh
			return removalAct(RecordFailed, by, *e), nil
		})
		if err == nil {
			err = still(fresh.Still)
		}
		return e, err
	}
	e, err := k.close(ctx, by, id, Proven, RecordProven, func(v *Removal) { v.Proof = &fresh })
	if err != nil {
		return e, err
	}
	return e, k.forget(ctx, by, e.Value)
}

// there is how many items of the consent the manifest in force is known to list: those that name it, or those that a comparison
// with it found, which no statement takes away.
func (r Removal) there(now Listed) int {
	if p := r.Proof; p != nil && p.After == now.Digest {
		return max(p.Still, now.On(r.Consent))
	}
	return now.On(r.Consent)
}

func still(items int) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeStill, Args: colophon.Args{"count": strconv.Itoa(items)}, Clauses: removalClauses()}
}

// forget takes a consent that is over out of what people said that the dataset rests on.
func (k *Keeper) forget(ctx context.Context, by ledger.By, r Removal) error {
	_, err := k.book.Change(ctx, r.Dataset, func(e *Entry) (ledger.Act, error) {
		if !slices.Contains(e.Value.Consents, r.Consent) {
			return ledger.Act{}, ledger.ErrSame
		}
		e.Value.Consents = slices.DeleteFunc(slices.Clone(e.Value.Consents), func(c string) bool { return c == r.Consent })
		return act(RecordChanged, by, said{Dataset: e.ID, Description: &e.Value.Description}), nil
	})
	return err
}

// Dismiss says why nothing was to be removed. While the consent does not hold, no item of the manifest in force may rest on it.
func (k *Keeper) Dismiss(ctx context.Context, by ledger.By, id, reason string) (RemovalEntry, error) {
	if reason == "" || !plain(reason, maxText) {
		return RemovalEntry{}, invalid("reason")
	}
	r, err := k.removals.Get(ctx, id)
	if err != nil {
		return RemovalEntry{}, err
	}
	d, err := k.book.Get(ctx, r.Value.Dataset)
	if err != nil {
		return RemovalEntry{}, err
	}
	if now, _ := d.Value.Now(); r.Value.there(now) > 0 && RemovalState(r.State) == Open {
		if _, _, ended, err := k.consents.Ended(ctx, r.Value.Consent); err != nil || ended {
			return RemovalEntry{}, errors.Join(err, still(r.Value.there(now)))
		}
	}
	return k.close(ctx, by, id, Dismissed, RecordDismissed, func(v *Removal) { v.Reason = reason })
}

func (k *Keeper) close(ctx context.Context, by ledger.By, id string, to RemovalState, typ evidence.Type, fn func(v *Removal)) (RemovalEntry, error) {
	if err := person(by); err != nil {
		return RemovalEntry{}, err
	}
	e, err := k.removals.Change(ctx, id, func(e *RemovalEntry) (ledger.Act, error) {
		if RemovalState(e.State) != Open {
			return ledger.Act{}, refuse(colophon.Conflict, CodeClosed)
		}
		e.State, e.Due = string(to), time.Time{}
		e.Value.Late = k.removals.Now().After(e.Value.Due)
		fn(&e.Value)
		return removalAct(typ, by, *e), nil
	})
	if err != nil {
		return e, err
	}
	return e, k.recount(ctx, e.Value.Dataset)
}

// RemovalQuery says which removals are wanted.
type RemovalQuery struct {
	Dataset string
	Consent string
	States  []RemovalState
	After   string
	Limit   int
}

// Removals returns a page of removals, the newest first, and where the next page begins.
func (k *Keeper) Removals(ctx context.Context, q RemovalQuery) ([]RemovalEntry, string, error) {
	query := ledger.Query{Newest: true, After: q.After, Limit: q.Limit}
	for _, s := range q.States {
		query.States = append(query.States, string(s))
	}
	for name, value := range map[string]string{keyDataset: q.Dataset, keyConsent: q.Consent} {
		if value != "" {
			query.Keys = append(query.Keys, ledger.Key{Name: name, Value: value})
		}
	}
	return k.removals.Page(ctx, query)
}

// Removal returns a removal.
func (k *Keeper) Removal(ctx context.Context, id string) (RemovalEntry, error) {
	return k.removals.Get(ctx, id)
}
