package inspection

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ledger is the name of the ledger of inspections.
const Ledger = "inspections"

// Types of records.
const (
	RecordBegun  evidence.Type = "inspection.begun"
	RecordEnded  evidence.Type = "inspection.ended"
	RecordBroken evidence.Type = "inspection.broken" // it could not be brought to its end
)

// State is how far an inspection is.
type State string

// The states.
const (
	Waiting State = "waiting" // for a worker, or being worked
	Done    State = "done"    // it has a report
	Broken  State = "broken"
)

// Steps is the life of an inspection.
func Steps() ledger.Steps[State] {
	return ledger.Steps[State]{{Waiting, []State{Done, Broken}}, {Done, nil}, {Broken, nil}}
}

// Kept is an inspection that the program made or makes.
type Kept struct {
	Targets []Target `json:"targets"`
	// Own says that the targets are the addresses of our own services, as the register has them.
	Own bool `json:"own,omitempty"`
	// Probe says that the program looks by itself and at once, for a duty: at the filing number alone.
	Probe bool      `json:"probe,omitempty"`
	By    ledger.By `json:"by"`
	Done  time.Time `json:"done,omitzero"`
	// Outcome, Sums, Count and Digest are the report's; Blob is where it lies.
	Outcome Outcome       `json:"outcome,omitempty"`
	Sums    []Sum         `json:"headings,omitempty"`
	Count   int           `json:"subjects,omitempty"`
	Digest  string        `json:"sha256,omitempty"` // of the report, in hex
	Blob    string        `json:"blob,omitempty"`
	Code    colophon.Code `json:"code,omitempty"` // why it was broken off
}

// Entry is an inspection as it is kept. Its state is a State.
type Entry = ledger.Entry[Kept]

const keyBlob = "blob"

// Keeper keeps inspections and what came of them. It is safe for use by many goroutines.
type Keeper struct {
	book ledger.Book[Kept]
}

// NewKeeper makes a keeper.
func NewKeeper(store ledger.Store[Kept], recorder *evidence.Recorder) *Keeper {
	return &Keeper{ledger.Book[Kept]{Store: store, Recorder: recorder, Use: "inspection", Missing: CodeMissing}}
}

// said is what records say. Addresses may lead to people, and stand in the entry alone.
type said struct {
	Inspection string        `json:"inspection,omitempty"`
	By         string        `json:"by,omitempty"`
	Own        bool          `json:"own,omitempty"`
	Targets    int           `json:"targets"`
	Outcome    Outcome       `json:"outcome,omitempty"`
	Sums       []Sum         `json:"headings,omitempty"`
	Subjects   int           `json:"subjects,omitempty"`
	Digest     string        `json:"sha256,omitempty"`
	Code       colophon.Code `json:"code,omitempty"`
}

func clauses() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseDS21, colophon.ClauseLM4, colophon.ClauseLM5}
}

// Begin enters an inspection of pages that is to be made, by a worker or, for a probe, by the caller.
func (k *Keeper) Begin(ctx context.Context, by ledger.By, targets []Target, own, probe bool) (Entry, error) {
	if err := CheckTargets(targets); err != nil {
		return Entry{}, err
	}
	return k.book.Add(ctx, Entry{Subject: evidence.System, State: string(Waiting), Value: Kept{Targets: targets, Own: own, Probe: probe, By: by}}, nil,
		ledger.Act{Type: RecordBegun, Role: by.Role, Clauses: clauses(), Payload: said{By: by.ID, Own: own, Targets: len(targets)}})
}

// End enters the report of an inspection, which lies under its digest already.
func (k *Keeper) End(ctx context.Context, id string, r *Report, digest, blob string) (Entry, error) {
	return k.change(ctx, id, Done, RecordEnded, func(v *Kept) {
		v.Outcome, v.Sums, v.Count, v.Digest, v.Blob = r.Outcome, r.Sums, len(r.Subjects), digest, blob
	})
}

// Break says that an inspection could not be brought to its end.
func (k *Keeper) Break(ctx context.Context, id string, code colophon.Code) (Entry, error) {
	return k.change(ctx, id, Broken, RecordBroken, func(v *Kept) { v.Code = code })
}

func (k *Keeper) change(ctx context.Context, id string, to State, record evidence.Type, set func(*Kept)) (Entry, error) {
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if !Steps().May(State(e.State), to) {
			return ledger.Act{}, ledger.ErrSame // it ended before, by another worker
		}
		set(&e.Value)
		e.State, e.Value.Done = string(to), k.book.Now()
		if e.Value.Blob != "" {
			e.Keys = []ledger.Key{{Name: keyBlob, Value: e.Value.Blob}}
		}
		v := e.Value
		return ledger.Act{Type: record, Role: "system", Clauses: clauses(), Payload: said{e.ID, v.By.ID, v.Own, len(v.Targets), v.Outcome, v.Sums, v.Count, v.Digest, v.Code}}, nil
	})
}

// Get returns an inspection.
func (k *Keeper) Get(ctx context.Context, id string) (Entry, error) { return k.book.Get(ctx, id) }

// Page returns a page of inspections, the newest first, and where the next one begins. Without states it is all.
func (k *Keeper) Page(ctx context.Context, after string, limit int, states ...State) ([]Entry, string, error) {
	q := ledger.Query{After: after, Limit: limit, Newest: true}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	return k.book.Page(ctx, q)
}

// Needs reports whether a report lies in a blob.
func (k *Keeper) Needs(ctx context.Context, blob string) (bool, error) {
	n, err := k.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyBlob, Value: blob}}})
	return n > 0, err
}
