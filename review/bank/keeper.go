package bank

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ledger is the name of the ledger of banks.
const Ledger = "bank"

// Types of records.
const (
	RecordImported evidence.Type = "bank.imported"
	RecordApproved evidence.Type = "bank.approved"
	RecordRejected evidence.Type = "bank.rejected"
	RecordRetired  evidence.Type = "bank.retired"
)

// State says where a bank is.
type State string

// The states.
const (
	Imported State = "imported" // nobody else looked at it yet
	Approved State = "approved" // runs may be made with it
	Rejected State = "rejected"
	Retired  State = "retired" // no new run is made with it
)

// leaf is the state of the entries that hold questions, not banks.
const leaf = "leaf"

var steps = ledger.Steps[State]{
	{Imported, []State{Approved, Rejected}},
	{Approved, []State{Retired}},
	{Rejected, nil},
	{Retired, nil},
}

// States lists the states in the order of a bank's life.
func States() []State { return steps.States() }

// May reports whether a bank may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// Version is a bank as it is kept, without its questions.
type Version struct {
	ID        string       `json:"-"`
	State     State        `json:"-"`
	Made      time.Time    `json:"-"`
	Name      string       `json:"name,omitempty"`
	Note      string       `json:"note,omitempty"` // where it comes from, and what changed
	Digest    string       `json:"digest,omitempty"`
	Questions int          `json:"questions,omitempty"`
	Kinds     map[Kind]int `json:"kinds,omitempty"`
	Near      int          `json:"near,omitempty"` // pairs that are nearly the same
	Leaves    int          `json:"leaves,omitempty"`
	Importer  string       `json:"importer,omitempty"` // staff account
	Decider   string       `json:"decider,omitempty"`  // who approved or rejected
	Decided   time.Time    `json:"decided,omitzero"`
	Reason    string       `json:"reason,omitempty"` // of a rejection or retirement
}

const (
	use       = "bank"
	keyDigest = "digest"
	keyBank   = "bank"
	keyLeaf   = "leaf"
	leafSize  = 250 // questions
	maxName   = 200
	maxNote   = 2_000
)

// Keeper keeps banks: their questions are sealed, in leaves of some hundreds, and what they are in figures is not. It is
// safe for use by many goroutines.
type Keeper struct{ book ledger.Book[Version] }

// NewKeeper makes a keeper.
func NewKeeper(store ledger.Store[Version], recorder *evidence.Recorder, keys ledger.Unsealer) *Keeper {
	return &Keeper{ledger.Book[Version]{Store: store, Recorder: recorder, Keys: keys, Use: use, Missing: CodeMissing}}
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS20} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func person(by ledger.By) error {
	if !by.Person() {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson, Clauses: clauses()}
	}
	return nil
}

func version(e ledger.Entry[Version]) Version {
	v := e.Value
	v.ID, v.State, v.Made = e.ID, State(e.State), e.Made
	return v
}

// changed is the payload of the records.
type changed struct {
	Bank   string `json:"bank"`
	By     string `json:"by"`
	Value  any    `json:"value,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Import reads a file and keeps it for another person to approve. The same questions are kept once, unless they were
// rejected.
func (k *Keeper) Import(ctx context.Context, by ledger.By, r io.Reader, f Format, name, note string) (Version, error) {
	if err := person(by); err != nil {
		return Version{}, err
	}
	b, err := Parse(r, f)
	if err != nil {
		return Version{}, err
	}
	return k.Add(ctx, by, b, name, note)
}

// Add keeps a bank for another person to approve.
func (k *Keeper) Add(ctx context.Context, by ledger.By, b Bank, name, note string) (Version, error) {
	switch made, err := Make(b.Questions); {
	case person(by) != nil:
		return Version{}, person(by)
	case err != nil:
		return Version{}, err
	case made.Digest != b.Digest:
		return Version{}, invalid("digest")
	case !line(name, 1, maxName):
		return Version{}, invalid("name")
	case !line(note, 0, maxNote):
		return Version{}, invalid("note")
	}
	id, err := k.book.Recorder.NewID()
	if err != nil {
		return Version{}, err
	}
	v := Version{Name: name, Note: note, Digest: b.Digest, Questions: len(b.Questions), Kinds: b.Coverage().Kinds, Near: len(b.Near().Pairs), Importer: by.ID}
	v.Leaves = (len(b.Questions) + leafSize - 1) / leafSize
	now := k.book.Now()
	e := ledger.Entry[Version]{ID: id, Subject: evidence.System, State: string(Imported), Made: now, Changed: now, Value: v, Kept: ledger.None,
		Keys: []ledger.Key{{Name: keyDigest, Value: b.Digest, Unique: true}}}
	for tries := 0; ; tries++ {
		err := k.put(ctx, by, e, b)
		if errors.Is(err, ledger.ErrForgotten) && tries == 0 {
			k.book.Recorder.Forget(evidence.System)
			continue
		}
		if errors.Is(err, ledger.ErrExists) {
			err = &colophon.Error{Kind: colophon.Conflict, Code: CodeThere, Err: err}
		}
		if err != nil {
			return Version{}, err
		}
		e.Version = 1
		return version(e), nil
	}
}

// put stores a bank with its leaves and one record.
func (k *Keeper) put(ctx context.Context, by ledger.By, e ledger.Entry[Version], b Bank) error {
	list := []ledger.Entry[Version]{e}
	for i := range e.Value.Leaves {
		l := ledger.Entry[Version]{Subject: evidence.System, State: leaf, Made: e.Made, Changed: e.Made, Kept: ledger.Whole,
			Keys: []ledger.Key{{Name: keyBank, Value: e.ID}, {Name: keyLeaf, Value: e.ID + "/" + strconv.Itoa(i), Unique: true}}}
		var err error
		if l.ID, err = k.book.Recorder.NewID(); err != nil {
			return err
		}
		if err = k.book.Secret(&l, b.Questions[i*leafSize:min((i+1)*leafSize, len(b.Questions))]); err != nil {
			return err
		}
		list = append(list, l)
	}
	rec, err := k.book.Recorder.New(RecordImported, evidence.System, by.Role, clauses(), changed{Bank: e.ID, By: by.ID, Value: e.Value})
	if err != nil {
		return err
	}
	return k.book.Store.Add(ctx, rec, list...)
}

// Approve lets runs be made with a bank that somebody else brought in.
func (k *Keeper) Approve(ctx context.Context, by ledger.By, id string) (Version, error) {
	return k.change(ctx, by, id, Approved, RecordApproved, "", func(v *Version) error { return other(by, v) })
}

// Reject says that a bank that somebody else brought in is not fit, and why.
func (k *Keeper) Reject(ctx context.Context, by ledger.By, id, reason string) (Version, error) {
	return k.change(ctx, by, id, Rejected, RecordRejected, reason, func(v *Version) error {
		if !line(reason, 1, maxNote) {
			return invalid("reason")
		}
		return other(by, v)
	})
}

// Retire ends the use of a bank for new runs.
func (k *Keeper) Retire(ctx context.Context, by ledger.By, id, reason string) (Version, error) {
	return k.change(ctx, by, id, Retired, RecordRetired, reason, func(*Version) error {
		if !line(reason, 1, maxNote) {
			return invalid("reason")
		}
		return nil
	})
}

func other(by ledger.By, v *Version) error {
	if v.Importer == by.ID {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeOwn, Clauses: clauses()}
	}
	v.Decider = by.ID
	return nil
}

func (k *Keeper) change(ctx context.Context, by ledger.By, id string, to State, typ evidence.Type, reason string, fn func(v *Version) error) (Version, error) {
	if err := person(by); err != nil {
		return Version{}, err
	}
	e, err := k.book.Change(ctx, id, func(e *ledger.Entry[Version]) (ledger.Act, error) {
		if e.State == leaf {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
		}
		if !State(e.State).May(to) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(to)}}
		}
		e.State, e.Value.Reason = string(to), reason
		if err := fn(&e.Value); err != nil {
			return ledger.Act{}, err
		}
		if to != Retired {
			e.Value.Decided = k.book.Now()
		}
		if to == Rejected { // the same questions may be brought in again
			e.Keys = []ledger.Key{{Name: keyDigest, Value: e.Value.Digest}}
		}
		return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: changed{Bank: e.ID, By: by.ID, Value: e.Value, Reason: reason}}, nil
	})
	return version(e), err
}

// Version returns a bank without its questions.
func (k *Keeper) Version(ctx context.Context, id string) (Version, error) {
	e, err := k.book.Get(ctx, id)
	if err == nil && e.State == leaf {
		err = &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
	}
	if err != nil {
		return Version{}, err
	}
	return version(e), nil
}

// Versions returns a page of banks in some states, none for all, the newest first, and where the next page begins.
func (k *Keeper) Versions(ctx context.Context, states []State, after string, limit int) ([]Version, string, error) {
	q := ledger.Query{Newest: true, After: after, Limit: limit}
	if len(states) == 0 {
		states = States()
	}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	page, next, err := k.book.Page(ctx, q)
	list := make([]Version, len(page))
	for i, e := range page {
		list[i] = version(e)
	}
	return list, next, err
}

// Open reads the questions of a bank and checks them against its digest.
func (k *Keeper) Open(ctx context.Context, id string) (Bank, error) {
	v, err := k.Version(ctx, id)
	if err != nil {
		return Bank{}, err
	}
	b := Bank{Questions: make([]Question, 0, v.Questions)}
	for i := range v.Leaves {
		part, err := k.leaf(ctx, id, i)
		if err != nil {
			return Bank{}, err
		}
		b.Questions = append(b.Questions, part...)
	}
	made, err := Make(b.Questions)
	if err != nil || made.Digest != v.Digest {
		return Bank{}, &colophon.Error{Kind: colophon.Internal, Code: CodeUnread, Err: cmp.Or(err, errors.New("the questions have another digest"))}
	}
	return made, nil
}

func (k *Keeper) leaf(ctx context.Context, id string, i int) (part []Question, err error) {
	e, err := k.book.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyLeaf, Value: id + "/" + strconv.Itoa(i)}}})
	if err != nil {
		return nil, err
	}
	whole, err := k.book.Open(e, &part)
	if err != nil || !whole {
		return nil, &colophon.Error{Kind: colophon.Internal, Code: CodeUnread, Err: err}
	}
	return part, nil
}

// Question reads one question of a bank, and few of the others: they are kept in their order.
func (k *Keeper) Question(ctx context.Context, id, question string) (Question, error) {
	v, err := k.Version(ctx, id)
	if err != nil {
		return Question{}, err
	}
	for low, high := 0, v.Leaves; low < high; {
		middle := (low + high) / 2
		part, err := k.leaf(ctx, id, middle)
		if err != nil {
			return Question{}, err
		}
		i, found := slices.BinarySearchFunc(part, question, func(q Question, id string) int { return strings.Compare(q.ID, id) })
		switch {
		case found:
			return part[i], nil
		case i == 0:
			high = middle
		default:
			low = middle + 1
		}
	}
	return Question{}, &colophon.Error{Kind: colophon.Internal, Code: CodeUnread}
}

// Fit returns a bank that runs may be made with: it is approved.
func (k *Keeper) Fit(ctx context.Context, id string) (Version, error) {
	v, err := k.Version(ctx, id)
	if err == nil && v.State != Approved {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeUnfit, Clauses: clauses()}
	}
	return v, err
}

// WriteJSONL writes a bank as JSON Lines, as [Parse] reads it.
func (b Bank) WriteJSONL(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, q := range b.Questions {
		if err := enc.Encode(q); err != nil {
			return err
		}
	}
	return nil
}

// line reports whether s is one line of so many bytes that says something, or nothing where that is allowed.
func line(s string, least, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && (least == 0 || strings.TrimSpace(s) != "") && !strings.ContainsFunc(s, unicode.IsControl)
}
