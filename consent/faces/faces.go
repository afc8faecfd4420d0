// Package faces counts the people whose faces are stored, and opens the duty to file with the provincial authority once
// there are 100,000 of them (Facial Recognition Measures Art. 15). There are 30 working days for it, and as many for a
// change of what was filed and for its end. A duty stays open until somebody says how it was filed, or why nothing is to be.
//
// [Counter.Check] is run by a job. It counts, records when the warning number or that of the law is reached or left, and
// opens the duty once. Counting is somebody else's work, by the interface [Source].
//
// What not to do here: never close a duty because the number fell. Never take a count that failed for a number.
package faces

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/workday"
)

// Numbers of Art. 15, and the one at which somebody is warned, which is ours.
const (
	Limit   = 100_000 // people whose faces are stored
	Warning = 80_000
	Days    = 30 // working days to file
)

// Types of records.
const (
	RecordLevel     evidence.Type = "faces.level"
	RecordOpened    evidence.Type = "filing-duty.opened"
	RecordFiled     evidence.Type = "filing-duty.filed"
	RecordDismissed evidence.Type = "filing-duty.dismissed"
)

// Records lists the types of records about filing, which are kept as long as impact assessments.
func Records() []evidence.Type {
	return []evidence.Type{RecordLevel, RecordOpened, RecordFiled, RecordDismissed}
}

// Codes of errors.
const (
	CodeInvalid colophon.Code = "filing-invalid" // arg "field"
	CodeMissing colophon.Code = "filing-missing" // there is no such duty
	CodeStep    colophon.Code = "filing-step"    // args "from", "to"
	CodeOpen    colophon.Code = "filing-open"    // there is an open duty of this kind already
	CodeUnfiled colophon.Code = "filing-unfiled" // nothing was filed that could change or end
)

// Kind is what is to be filed.
type Kind string

// The kinds.
const (
	First  Kind = "first"
	Change Kind = "change" // what was filed changed
	Cancel Kind = "cancel" // faces are not used any more
)

// Filing says how a duty was fulfilled.
type Filing struct {
	Reference string    `json:"reference"` // number that the authority gave
	At        time.Time `json:"at"`
	Proof     string    `json:"proof"` // SHA-256 of the receipt, in hexadecimal
}

// Duty is one duty to file, or the level that was last seen; the ledger keeps both. Times are UTC.
type Duty struct {
	Kind   Kind          `json:"kind,omitempty"`
	Level  Level         `json:"level,omitempty"` // of the entry that keeps the level
	Faces  int           `json:"faces,omitempty"` // counted then
	Since  time.Time     `json:"since,omitzero"`  // what the period begins with
	Due    time.Time     `json:"due,omitzero"`
	Unsure []int         `json:"unsure,omitempty"` // years whose holidays were not known: Monday to Friday were counted
	Filing *Filing       `json:"filing,omitempty"`
	Reason colophon.Code `json:"reason,omitempty"` // why it was dismissed
	By     ledger.By     `json:"by,omitzero"`      // who filed or dismissed
	Closed time.Time     `json:"closed,omitzero"`
}

// Entry is a duty as it is kept.
type Entry = ledger.Entry[Duty]

// Names in the ledger. The level is an entry of its own, whose state is no state of a duty.
const (
	keyKind   = "kind"
	keyOpen   = "open"
	levelID   = "level"
	system    = evidence.Role("system")
	maxText   = 256
	maxReason = 4 << 10
)

// Source counts the different people whose faces are stored now. Package consent does.
type Source interface {
	Faces(ctx context.Context) (int, error)
}

// Counter is the worker of the count and its duties. It is safe for use by many goroutines.
type Counter struct {
	book     ledger.Book[Duty]
	source   Source
	calendar workday.Calendar
}

// New makes a counter.
func New(store ledger.Store[Duty], recorder *evidence.Recorder, source Source, calendar workday.Calendar) *Counter {
	return &Counter{ledger.Book[Duty]{Store: store, Recorder: recorder, Use: "faces", Missing: CodeMissing}, source, calendar}
}

// Figures say how the count stands.
type Figures struct {
	Faces   int // -1 where they could not be counted
	Level   Level
	Open    int // duties
	Overdue int
}

// Figures counts now. When the count fails the error comes with what is known of duties.
func (c *Counter) Figures(ctx context.Context) (Figures, error) {
	f := Figures{Faces: -1}
	open, _, err := c.Duties(ctx, Query{States: []State{Open}})
	if err != nil {
		return f, err
	}
	f.Open = len(open)
	for _, d := range open {
		if !c.book.Now().Before(d.Value.Due) {
			f.Overdue++
		}
	}
	n, err := c.source.Faces(ctx)
	if err == nil {
		f.Faces, f.Level = n, level(n)
	}
	return f, err
}

// Check counts, records a level that changed, and opens the duty to file when the number of the law is reached. It may be
// repeated, and run on several nodes. A duty that was dismissed is opened again only when the number was left in between.
func (c *Counter) Check(ctx context.Context) error {
	n, err := c.source.Faces(ctx)
	if err != nil {
		return err
	}
	last, there, err := c.level(ctx)
	if err != nil {
		return err
	}
	was, now := Below, level(n)
	if there {
		was = last.Value.Level
	}
	if now == Over { // the duty before the level: when this process dies in between it is done again
		if err := c.owe(ctx, n, was != Over); err != nil {
			return err
		}
	}
	if was == now {
		return nil
	}
	return c.settle(ctx, last, there, now, n)
}

// owe opens the duty to file, unless it is open, or was filed and not cancelled since, or was dismissed and the number of
// the law was not crossed since.
func (c *Counter) owe(ctx context.Context, n int, crossed bool) error {
	last, there, err := c.last(ctx)
	if err != nil || there && last.Value.Kind == First && (State(last.State) != Dismissed || !crossed) {
		return err
	}
	_, err = c.open(ctx, ledger.By{Role: system}, First, n, c.book.Now())
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == CodeOpen {
		return nil // another node was faster
	}
	return err
}

// last is the duty by which it stands whether faces are filed: the newest one that is neither about a change nor about an
// end that did not come to be.
func (c *Counter) last(ctx context.Context) (Entry, bool, error) {
	for q := (Query{}); ; {
		list, next, err := c.Duties(ctx, q)
		if err != nil {
			return Entry{}, false, err
		}
		for _, e := range list {
			if e.Value.Kind == First || e.Value.Kind == Cancel && State(e.State) == Filed {
				return e, true, nil
			}
		}
		if q.After = next; next == "" {
			return Entry{}, false, nil
		}
	}
}

// settle keeps a new level.
func (c *Counter) settle(ctx context.Context, last Entry, there bool, now Level, n int) error {
	v := Duty{Level: now, Faces: n}
	recorded := ledger.Act{Type: RecordLevel, Role: system, Clauses: clauses(), Payload: v}
	var err error
	if there {
		_, err = c.book.Change(ctx, levelID, func(e *Entry) (ledger.Act, error) {
			if e.Version != last.Version || !e.Value.Level.May(now) { // another node was faster
				return ledger.Act{}, ledger.ErrSame
			}
			e.Value = v
			return recorded, nil
		})
		return err
	}
	_, err = c.book.Add(ctx, Entry{ID: levelID, State: levelID, Value: v}, nil, recorded)
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == ledger.CodeExists {
		return nil // another node was faster
	}
	return err
}

func (c *Counter) level(ctx context.Context) (Entry, bool, error) {
	e, err := c.book.Get(ctx, levelID)
	var missing *colophon.Error
	if errors.As(err, &missing) && missing.Code == CodeMissing {
		return Entry{}, false, nil
	}
	return e, err == nil, err
}

// Begin opens the duty to file a change of what was filed, or its end, which happened at a time.
func (c *Counter) Begin(ctx context.Context, by ledger.By, kind Kind, since time.Time) (Entry, error) {
	since = since.UTC().Truncate(time.Millisecond)
	switch {
	case kind != Change && kind != Cancel:
		return Entry{}, invalid("kind")
	case by.ID == "":
		return Entry{}, invalid("by")
	case since.UnixMilli() <= 0 || since.After(c.book.Now()):
		return Entry{}, invalid("since")
	}
	last, there, err := c.last(ctx)
	if err != nil {
		return Entry{}, err
	}
	if !there || last.Value.Kind != First || State(last.State) != Filed {
		return Entry{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeUnfiled, Clauses: clauses()}
	}
	n, err := c.source.Faces(ctx)
	if err != nil {
		return Entry{}, err
	}
	return c.open(ctx, by, kind, n, since)
}

func (c *Counter) open(ctx context.Context, by ledger.By, kind Kind, faces int, since time.Time) (Entry, error) {
	last := c.calendar.After(since, Days)
	v := Duty{Kind: kind, Faces: faces, Since: since, Due: last.End, Unsure: last.Unsure}
	e, err := c.book.Add(ctx, Entry{State: string(Open), Due: v.Due, Value: v, Keys: []ledger.Key{{Name: keyKind, Value: string(kind)}, {Name: keyOpen, Value: string(kind), Unique: true}}}, nil,
		ledger.Act{Type: RecordOpened, Role: by.Role, Clauses: clauses(), Payload: payload{Duty: v, Who: by.ID}})
	var exists *colophon.Error
	if errors.As(err, &exists) && exists.Code == ledger.CodeExists {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeOpen, Err: err}
	}
	return e, err
}

// File says how a duty was fulfilled.
func (c *Counter) File(ctx context.Context, by ledger.By, id string, f Filing) (Entry, error) {
	f.At = f.At.UTC().Truncate(time.Millisecond)
	sum, err := hex.DecodeString(f.Proof)
	switch {
	case f.Reference == "" || !text(f.Reference, maxText):
		return Entry{}, invalid("reference")
	case f.At.UnixMilli() <= 0 || f.At.After(c.book.Now()):
		return Entry{}, invalid("at")
	case err != nil || len(sum) != 32 || f.Proof != strings.ToLower(f.Proof):
		return Entry{}, invalid("proof")
	}
	return c.close(ctx, by, id, RecordFiled, "", func(e *Entry) { e.State, e.Value.Filing = string(Filed), &f })
}

// Dismiss says why nothing is to be filed. The note stands in the sealed payload of the record alone.
func (c *Counter) Dismiss(ctx context.Context, by ledger.By, id string, reason colophon.Code, note string) (Entry, error) {
	switch {
	case !word(string(reason)):
		return Entry{}, invalid("reason")
	case note == "" || !text(note, maxReason):
		return Entry{}, invalid("note")
	}
	return c.close(ctx, by, id, RecordDismissed, note, func(e *Entry) { e.State, e.Value.Reason = string(Dismissed), reason })
}

func (c *Counter) close(ctx context.Context, by ledger.By, id string, typ evidence.Type, note string, change func(*Entry)) (Entry, error) {
	if by.ID == "" {
		return Entry{}, invalid("by")
	}
	if id == levelID {
		return Entry{}, &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
	}
	return c.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		from := State(e.State)
		if change(e); !from.May(State(e.State)) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": string(from), "to": e.State}}
		}
		e.Value.By, e.Value.Closed, e.Due = by, c.book.Now(), time.Time{}
		e.Keys = slices.DeleteFunc(slices.Clone(e.Keys), func(k ledger.Key) bool { return k.Name == keyOpen })
		return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: payload{id, e.Value, by.ID, note}}, nil
	})
}

// Query narrows a list of duties. What is empty fits all.
type Query struct {
	States []State
	Kind   Kind
	After  string // identifier of the last entry of the page before
	Limit  int
}

// Duties returns a page of duties, the newest first, and where the next one begins.
func (c *Counter) Duties(ctx context.Context, q Query) ([]Entry, string, error) {
	if len(q.States) == 0 {
		q.States = States()
	}
	find := ledger.Query{After: q.After, Newest: true, Limit: q.Limit}
	for _, s := range q.States {
		find.States = append(find.States, string(s))
	}
	if q.Kind != "" {
		find.Keys = []ledger.Key{{Name: keyKind, Value: string(q.Kind)}}
	}
	return c.book.Page(ctx, find)
}

type payload struct {
	ID string `json:"id,omitempty"`
	Duty
	Who  string `json:"who,omitempty"`
	Note string `json:"note,omitempty"`
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseFR15} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func word(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
}

func text(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' })
}
