package artefact

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Types of records.
const (
	RecordReceived  evidence.Type = "artefact.received"
	RecordHeld      evidence.Type = "artefact.held"
	RecordCleared   evidence.Type = "artefact.cleared"
	RecordMarked    evidence.Type = "artefact.marked"
	RecordDelivered evidence.Type = "artefact.delivered"
	RecordAnswered  evidence.Type = "artefact.answered" // entered, marked and handed over in one
	RecordFailed    evidence.Type = "artefact.failed"
	RecordErased    evidence.Type = "artefact.erased"
	RecordOriginal  evidence.Type = "artefact.original-ended"
	RecordBytes     evidence.Type = "artefact.bytes-deleted"
	RecordRestored  evidence.Type = "artefact.restored" // a copy that had lost its label got it again
)

// tries is how often a change is made again that collided with another one.
const tries = 8

// Register is the worker of this package. It is safe for use by many goroutines.
type Register struct {
	store    Store
	recorder *evidence.Recorder
}

// NewRegister makes a register. The recorder's clock is the register's.
func NewRegister(store Store, recorder *evidence.Recorder) *Register {
	return &Register{store, recorder}
}

// payload is the payload of the records. Fields that say nothing are left out.
type payload struct {
	Number   Number          `json:"number,omitempty"`
	Function string          `json:"function,omitempty"`
	Format   string          `json:"format,omitempty"`
	Size     *int64          `json:"size,omitempty"`
	Before   string          `json:"before,omitempty"`
	After    string          `json:"after,omitempty"`
	Marks    json.RawMessage `json:"marks,omitempty"`
	Parents  []Number        `json:"parents,omitempty"`
	Kept     int64           `json:"original_until,omitempty"` // milliseconds since 1970
	Reason   colophon.Code   `json:"reason,omitempty"`
	Delivery string          `json:"delivery,omitempty"`
	To       string          `json:"to,omitempty"`
	How      Channel         `json:"how,omitempty"`
	Likeness string          `json:"likeness,omitempty"`
	Bears    string          `json:"watermark,omitempty"`
	Unliken  colophon.Code   `json:"likeness_none,omitempty"`
	Count    int             `json:"count,omitempty"`
	Judged   string          `json:"judgement,omitempty"`
	Known    string          `json:"known_by,omitempty"`
}

// check returns the field of a marking that is out of form, and the marks in their canonical form.
func (m Marking) check() (marks json.RawMessage, field string) {
	switch {
	case m.After == Digest{}:
		return nil, "after"
	case m.Size < 0:
		return nil, "size"
	case m.Blob != "" && !reference(m.Blob):
		return nil, "blob"
	case len(m.Marks) == 0 || len(m.Marks) > MaxMarks:
		return nil, "marks"
	case m.Watermark != "" && !payloadText(m.Watermark):
		return nil, "watermark"
	case !hashed(m.Likeness) || m.Unlikened != "" && !word(string(m.Unlikened), "-."):
		return nil, "likeness"
	}
	marks, err := evidence.Canonicalise(m.Marks)
	if err != nil {
		return nil, "marks"
	}
	return marks, ""
}

// New enters an item that was produced, before it is marked. Of the artefact it takes number, function, account, format,
// size, the digest before marking, parents, original and work, and the state where that is Held. Role says in which role
// the actor acted.
func (r *Register) New(ctx context.Context, role evidence.Role, a Artefact) (Artefact, error) {
	if field := a.check(); field != "" {
		return Artefact{}, invalid(field)
	}
	now := r.now()
	entry := Artefact{Number: a.Number, State: Received, Function: a.Function, Model: a.Model, Account: a.Account, Format: a.Format, Size: a.Size,
		Before: a.Before, Parents: a.Parents, Work: a.Work, Created: now, Changed: now}
	typ, clauses := RecordReceived, []colophon.Clause{colophon.ClauseDS16}
	if a.State == Held {
		entry.State, typ, clauses = Held, RecordHeld, append(clauses, colophon.ClauseDS10)
	}
	p := payload{Number: a.Number, Function: a.Function, Format: string(a.Format), Size: &a.Size, Before: hex.EncodeToString(a.Before[:]), Parents: a.Parents}
	if a.Original != nil {
		entry.Original = &Original{a.Original.Blob, a.Original.Key, milliseconds(a.Original.Until)}
		p.Kept = entry.Original.Until.UnixMilli()
	}
	err := r.proven(a.Account, func() error {
		rec, err := r.recorder.New(typ, a.Account, role, clauses, p)
		if err != nil {
			return err
		}
		return r.store.Add(ctx, rec, entry)
	})
	entry.Version = 1
	return entry, told(err)
}

// Answered enters an item that is marked already and leaves at once, such as the text of an answer, in one change: of the
// artefact it takes what New takes without original and work, of the marking all. To and how are those of Delivered. Under
// a store that gathers changes the item is there only when they were waited for.
func (r *Register) Answered(ctx context.Context, role evidence.Role, a Artefact, m Marking, to string, how Channel) (Artefact, error) {
	if field := a.check(); field != "" {
		return Artefact{}, invalid(field)
	}
	marks, field := m.check()
	if field != "" {
		return Artefact{}, invalid(field)
	}
	now := r.now()
	d := Delivery{Number: a.Number, To: to, How: how, At: now}
	if field := d.sane(); field != "" {
		return Artefact{}, invalid(field)
	}
	var err error
	if d.ID, err = r.recorder.NewID(); err != nil {
		return Artefact{}, err
	}
	entry := Artefact{Number: a.Number, State: Delivered, Function: a.Function, Model: a.Model, Account: a.Account, Format: a.Format, Size: a.Size, Before: a.Before, Parents: a.Parents,
		Stored: m.Size, After: m.After, Marks: marks, Blob: m.Blob, Likeness: bytes.Clone(m.Likeness), Unlikened: m.Unlikened, Watermark: m.Watermark, Created: now, Changed: now, Version: 1}
	p := payload{Number: a.Number, Function: a.Function, Format: string(a.Format), Size: &m.Size, Before: hex.EncodeToString(a.Before[:]), After: hex.EncodeToString(m.After[:]), Marks: marks,
		Parents: a.Parents, Likeness: hex.EncodeToString(m.Likeness), Unliken: m.Unlikened, Bears: m.Watermark, Delivery: d.ID, To: to, How: how}
	err = r.proven(a.Account, func() error {
		rec, err := r.recorder.New(RecordAnswered, a.Account, role, append([]colophon.Clause{colophon.ClauseDS16, colophon.ClauseLM5}, m.Clauses...), p)
		if err != nil {
			return err
		}
		return r.store.Add(ctx, rec, entry, d)
	})
	return entry, told(err)
}

// Hold says that a person has to decide about an item before it is marked, by which judgement.
func (r *Register) Hold(ctx context.Context, role evidence.Role, n Number, judgement string) (Artefact, error) {
	return r.amend(ctx, n, func(a *Artefact) (act, error) {
		if err := step(a.State, Held); err != nil {
			return act{}, err
		}
		a.State = Held
		return act{typ: RecordHeld, role: role, clauses: []colophon.Clause{colophon.ClauseDS10}, payload: payload{Judged: judgement}}, nil
	})
}

// Clear says that a person let an item pass that was held, and has its work done.
func (r *Register) Clear(ctx context.Context, role evidence.Role, n Number, judgement string) (Artefact, error) {
	return r.amend(ctx, n, func(a *Artefact) (act, error) {
		if a.State != Held || a.Work == nil || judgement == "" {
			return act{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": string(a.State), "to": string(Received)})
		}
		a.State, a.Work = Received, &Work{Order: a.Work.Order, Cleared: judgement}
		return act{typ: RecordCleared, role: role, clauses: []colophon.Clause{colophon.ClauseDS10}, change: Change{Enqueue: true}, payload: payload{Judged: judgement}}, nil
	})
}

// Marking is what stamping an item gave.
type Marking struct {
	After   Digest          // of the bytes with their marks
	Size    int64           // of them
	Marks   json.RawMessage // what was read back
	Blob    string          // reference of the stored bytes; empty when they are not kept
	Clauses []colophon.Clause
	// Likeness are perceptual hashes of what was marked, and Unlikened is why there are none; see [Artefact].
	Likeness  []byte
	Unlikened colophon.Code
	Watermark string // what the watermark says, in hexadecimal; empty where there is none
	// EndOriginal ends the original now, where one is kept.
	EndOriginal bool
}

// Marked says that an item was marked and its marks were read back.
func (r *Register) Marked(ctx context.Context, role evidence.Role, n Number, m Marking) (Artefact, error) {
	marks, field := m.check()
	if field != "" {
		return Artefact{}, invalid(field)
	}
	clauses := append([]colophon.Clause{colophon.ClauseLM5}, m.Clauses...)
	return r.amend(ctx, n, func(a *Artefact) (act, error) {
		if err := step(a.State, Marked); err != nil {
			return act{}, err
		}
		a.State, a.After, a.Stored, a.Marks, a.Blob, a.Likeness, a.Unlikened, a.Watermark = Marked, m.After, m.Size, marks, m.Blob, bytes.Clone(m.Likeness), m.Unlikened, m.Watermark
		c := Change{}
		if m.EndOriginal && a.Original != nil {
			c.Doom = []string{a.Original.Blob}
			a.Original = nil
		}
		return act{typ: RecordMarked, role: role, clauses: clauses, change: c,
			payload: payload{After: hex.EncodeToString(m.After[:]), Size: &m.Size, Marks: marks, Likeness: hex.EncodeToString(m.Likeness), Unliken: m.Unlikened, Bears: m.Watermark}}, nil
	})
}

// Delivered says that an item was handed over. To is a pseudonym or the identifier of an API key.
func (r *Register) Delivered(ctx context.Context, role evidence.Role, n Number, to string, how Channel) (Delivery, error) {
	d := Delivery{Number: n, To: to, How: how}
	if field := d.sane(); field != "" {
		return Delivery{}, invalid(field)
	}
	var err error
	if d.ID, err = r.recorder.NewID(); err != nil {
		return Delivery{}, err
	}
	_, err = r.amend(ctx, n, func(a *Artefact) (act, error) {
		if err := step(a.State, Delivered); err != nil {
			return act{}, err
		}
		a.State = Delivered
		d.At = a.Changed
		return act{typ: RecordDelivered, role: role, clauses: []colophon.Clause{colophon.ClauseDS16},
			change: Change{Deliver: []Delivery{d}}, payload: payload{Delivery: d.ID, To: to, How: how}}, nil
	})
	return d, err
}

// Failed says that an item could not be marked and why. What is kept of its bytes goes, but for the original.
func (r *Register) Failed(ctx context.Context, role evidence.Role, n Number, reason colophon.Code) (Artefact, error) {
	if !word(string(reason), "-.") {
		return Artefact{}, invalid("reason")
	}
	return r.amend(ctx, n, func(a *Artefact) (act, error) {
		if err := step(a.State, Failed); err != nil {
			return act{}, err
		}
		c := Change{}
		if a.Blob != "" {
			c.Doom = []string{a.Blob}
		}
		a.State, a.Reason, a.Blob = Failed, reason, ""
		return act{typ: RecordFailed, role: role, change: c, payload: payload{Reason: reason}}, nil
	})
}

// Restored says that a copy that had lost its label was known again, by what, and got the label again. The item stays as it is.
func (r *Register) Restored(ctx context.Context, role evidence.Role, n Number, how string, found, given Digest) error {
	if !word(how, "-") || found == (Digest{}) || given == (Digest{}) {
		return invalid("how")
	}
	_, err := r.amend(ctx, n, func(a *Artefact) (act, error) {
		if a.State != Marked && a.State != Delivered {
			return act{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": string(a.State), "to": "restored"})
		}
		return act{typ: RecordRestored, role: role, clauses: []colophon.Clause{colophon.ClauseDS18, colophon.ClauseLM5},
			payload: payload{Known: how, Before: hex.EncodeToString(found[:]), After: hex.EncodeToString(given[:])}}, nil
	})
	return err
}

// Erase erases an item: account, digests, likeness, marks, and the references to its bytes, which are doomed. Number,
// function, format, times and parents stay, and deliveries stay without the account, so that those who have a copy can
// still be reached. The record is about the account.
func (r *Register) Erase(ctx context.Context, role evidence.Role, n Number) error {
	_, err := r.amend(ctx, n, func(a *Artefact) (act, error) {
		if err := step(a.State, Erased); err != nil {
			return act{}, err
		}
		done := act{typ: RecordErased, role: role, subject: a.Account, clauses: []colophon.Clause{colophon.ClausePIPL47}, change: Change{Anonymise: string(a.Account)}}
		if a.Blob != "" {
			done.change.Doom = append(done.change.Doom, a.Blob)
		}
		if a.Original != nil {
			done.change.Doom = append(done.change.Doom, a.Original.Blob)
		}
		*a = Artefact{Number: a.Number, State: Erased, Function: a.Function, Format: a.Format, Size: a.Size, Stored: a.Stored, Parents: a.Parents,
			Reason: a.Reason, Created: a.Created, Changed: a.Changed, Version: a.Version}
		return done, nil
	})
	return err
}

// EndOriginals dooms the originals whose time is over and returns how many there were, at most limit. It is called again
// until it returns none.
func (r *Register) EndOriginals(ctx context.Context, role evidence.Role, limit int) (int, error) {
	now := r.now()
	list, err := r.store.Artefacts(ctx, Query{OriginalDue: now, Limit: page(limit)})
	if err != nil {
		return 0, err
	}
	for i, found := range list {
		_, err := r.amend(ctx, found.Number, func(a *Artefact) (act, error) {
			if a.Original == nil || a.Original.Until.After(now) {
				return act{}, errDone
			}
			c := Change{Doom: []string{a.Original.Blob}}
			a.Original = nil
			return act{typ: RecordOriginal, role: role, change: c}, nil
		})
		if err != nil && !errors.Is(err, errDone) {
			return i, err
		}
	}
	return len(list), nil
}

// errDone says that somebody else did it.
var errDone = errors.New("done already")

// Doomed returns references of bytes that nobody needs any more. The caller deletes the bytes and then calls Gone; when it
// dies in between, the references come again.
func (r *Register) Doomed(ctx context.Context, limit int) ([]string, error) {
	return r.store.Doomed(ctx, page(limit))
}

// Gone says that the bytes of doomed references were deleted.
func (r *Register) Gone(ctx context.Context, role evidence.Role, blobs []string) error {
	if len(blobs) == 0 {
		return nil
	}
	return r.proven(evidence.System, func() error {
		rec, err := r.recorder.New(RecordBytes, evidence.System, role, nil, payload{Count: len(blobs)})
		if err != nil {
			return err
		}
		return r.store.Gone(ctx, rec, blobs)
	})
}

// act is how a change is made and proven.
type act struct {
	typ     evidence.Type
	role    evidence.Role
	subject evidence.Subject // when it is not the account of the changed item
	clauses []colophon.Clause
	payload payload
	change  Change
}

// amend changes one item. The function sees it as it stands, with Changed set to now, and alters it; it is called again
// when another change came first.
func (r *Register) amend(ctx context.Context, n Number, change func(*Artefact) (act, error)) (Artefact, error) {
	var a Artefact
	err := ErrChanged
	for range tries {
		if a, err = r.Artefact(ctx, n); err != nil {
			return Artefact{}, err
		}
		a.Changed = r.now()
		var todo act
		if todo, err = change(&a); err != nil {
			return Artefact{}, err
		}
		todo.payload.Number = n
		todo.change.Artefact = a
		subject := a.Account
		if todo.subject != "" {
			subject = todo.subject
		}
		if subject == "" {
			subject = evidence.System
		}
		err = r.proven(subject, func() error {
			rec, err := r.recorder.New(todo.typ, subject, todo.role, todo.clauses, todo.payload)
			if err != nil {
				return err
			}
			return r.store.Amend(ctx, rec, todo.change)
		})
		if !errors.Is(err, ErrChanged) {
			break
		}
	}
	a.Version++
	if err != nil {
		return Artefact{}, told(err)
	}
	return a, nil
}

// proven runs a change again with a new data key when the subject's was erased in another process.
func (r *Register) proven(subject evidence.Subject, change func() error) error {
	err := change()
	if errors.Is(err, ErrForgotten) {
		r.recorder.Forget(subject)
		err = change()
	}
	return err
}

// told says what a store's refusal means to a person.
func told(err error) error {
	for _, known := range []struct {
		err  error
		kind colophon.Kind
		code colophon.Code
	}{
		{ErrExists, colophon.Conflict, CodeExists}, {ErrMissing, colophon.Missing, CodeMissing}, {ErrParent, colophon.Invalid, CodeParent},
		{ErrChanged, colophon.Conflict, CodeChanged}, {ErrForgotten, colophon.Conflict, CodeForgotten},
	} {
		if errors.Is(err, known.err) {
			return &colophon.Error{Kind: known.kind, Code: known.code, Err: err}
		}
	}
	return err
}

func (r *Register) now() time.Time { return time.UnixMilli(r.recorder.Now()).UTC() }

func milliseconds(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }
