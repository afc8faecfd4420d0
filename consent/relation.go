package consent

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// RelationState is how far the evidence of a guardian or kin is.
type RelationState string

// The states. Evidence that was turned down may be brought anew.
const (
	RelationBrought   RelationState = "brought"
	RelationConfirmed RelationState = "confirmed"
	RelationRefused   RelationState = "refused"
)

// May reports whether evidence may go from one state to another; the empty state is that of none.
func (s RelationState) May(to RelationState) bool {
	switch s {
	case "", RelationRefused:
		return to == RelationBrought
	case RelationBrought:
		return true
	}
	return false
}

// Kinship is what a guardian or kin is to the subject.
type Kinship string

// Parents and others are guardians; near relatives decide for the deceased.
const (
	Parent        Kinship = "parent"
	OtherGuardian Kinship = "guardian"
	Spouse        Kinship = "spouse"
	Child         Kinship = "child"
	OtherKin      Kinship = "other-kin" // where there is neither spouse, nor child, nor parent
)

// Kinships returns those that may decide for a kind of subject.
func (p Person) Kinships() []Kinship {
	switch p {
	case Minor:
		return []Kinship{Parent, OtherGuardian}
	case Deceased:
		return []Kinship{Spouse, Child, Parent, OtherKin}
	}
	return nil
}

// Relation is what is kept of the evidence that somebody may decide for the subject. Nothing is made before it is confirmed.
type Relation struct {
	State   RelationState `json:"state"`
	Kinship Kinship       `json:"kinship"`
	// Unopposed says that the guardian or kin declares to know of no will of the person against it.
	Unopposed bool      `json:"unopposed"`
	Blob      string    `json:"blob,omitempty"`
	At        time.Time `json:"at"`
	Decided   time.Time `json:"decided,omitzero"`
	By        string    `json:"by,omitempty"` // officer who decided
}

// Proof is the evidence that somebody brings, such as a page of the household register.
type Proof struct {
	Kinship   Kinship
	Name      string // of the guardian or kin; it is sealed
	Unopposed bool
	Body      io.Reader
}

// Relate takes evidence of a guardian or kin.
func (l *Ledger) Relate(ctx context.Context, by ledger.By, id string, k Proof) (Entry, error) {
	e, err := l.book.Get(ctx, id)
	if err != nil {
		return e, err
	}
	may := func(e Entry) error {
		var from RelationState
		if e.Value.Relation != nil {
			from = e.Value.Relation.State
		}
		switch {
		case !among([]Kinship{k.Kinship}, e.Value.Person.Kinships()):
			return invalid("kinship")
		case !line(k.Name, maxName) || k.Name == "":
			return invalid("name")
		case e.Kept != ledger.Whole:
			return refuse(colophon.Conflict, CodeErased)
		case !from.May(RelationBrought):
			return stuck(string(from), string(RelationBrought))
		}
		return open(e)
	}
	if err := may(e); err != nil {
		return e, err
	}
	kept, blob, _, err := l.keep(ctx, k.Body)
	if err != nil {
		return e, err
	}
	e, err = l.change(ctx, id, func(e *Entry, p *Particulars) (ledger.Act, error) {
		if err := may(*e); err != nil {
			return ledger.Act{}, err
		}
		if had := e.Value.Relation; had != nil {
			dropKeys(e, keyBlob, had.Blob)
		}
		p.Relation, p.Grantor = &kept, k.Name
		e.Value.Relation = &Relation{State: RelationBrought, Kinship: k.Kinship, Unopposed: k.Unopposed, Blob: blob, At: l.book.Now()}
		addKey(e, ledger.Key{Name: keyBlob, Value: blob})
		l.event(e, "relation", by, "")
		return l.act(RecordRelation, by, *e, &payload{Relation: e.Value.Relation, Digests: map[string]string{"relation": kept.SHA256}}), nil
	})
	if err != nil {
		err = errors.Join(err, l.Media.Delete(context.WithoutCancel(ctx), blob))
	}
	return e, err
}

// DecideRelation says whether an officer finds the evidence good. Kin who do not declare that they know of no contrary will
// are not confirmed.
func (l *Ledger) DecideRelation(ctx context.Context, by ledger.By, id string, good bool, reason colophon.Code) (Entry, error) {
	if reason != "" && !word(string(reason)) || !good && reason == "" {
		return Entry{}, invalid("reason")
	}
	return l.change(ctx, id, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		to := map[bool]RelationState{true: RelationConfirmed, false: RelationRefused}[good]
		r := e.Value.Relation
		if r == nil || r.State != RelationBrought || !r.State.May(to) || good && e.Value.Person == Deceased && !r.Unopposed {
			return ledger.Act{}, refuse(colophon.Conflict, CodeRelation, e.Value.Person.clauses()...)
		}
		decided := *r
		decided.State, decided.Decided, decided.By = to, l.book.Now(), by.ID
		e.Value.Relation = &decided
		l.event(e, "relation-"+string(to), by, reason)
		return l.act(RecordConfirmed, by, *e, &payload{Relation: &decided, Reason: reason}), nil
	})
}

// Evidence opens what a guardian or kin brought, or the recording, for an officer, after that was recorded. The kind is
// "relation" or "recording".
func (l *Ledger) Evidence(ctx context.Context, by ledger.By, id, kind string) (io.ReadCloser, error) {
	p, err := l.Particulars(ctx, by, id)
	if err != nil {
		return nil, err
	}
	e, err := l.book.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case kind == "relation" && p.Relation != nil && p.Relation.Key != nil && e.Value.Relation != nil:
		return l.Media.OpenSealed(ctx, e.Value.Relation.Blob, p.Relation.Key)
	case kind == "recording" && p.Recording != nil && p.Recording.Key != nil && e.Value.Capture != nil:
		return l.Media.OpenSealed(ctx, e.Value.Capture.Blob, p.Recording.Key)
	}
	return nil, refuse(colophon.Missing, CodeMissing)
}
