package refutation

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/refutation/feed"
)

// Party is what kind of recipient somebody is.
type Party string

// The parties.
const (
	Account     Party = "account"
	Application Party = "application" // another program, which may hand content on
)

// Notice tells one recipient of a refutation, or that it was withdrawn. It is the value of a ledger.
type Notice struct {
	ID         string      `json:"-"`
	State      NoticeState `json:"-"`
	Made       time.Time   `json:"-"`
	Refutation string      `json:"refutation"`
	Kind       feed.Kind   `json:"kind"`
	Party      Party       `json:"party"`
	To         string      `json:"to"`              // pseudonym of the account, or identifier of the application
	Numbers    []string    `json:"numbers"`         // what it received, at most a few of them
	Via        string      `json:"via,omitempty"`   // application that acknowledged it
	Told       time.Time   `json:"told,omitzero"`   // first
	Read       time.Time   `json:"read,omitzero"`   // first
	Failed     time.Time   `json:"failed,omitzero"` // when it was found that the recipient can't be reached
}

const (
	keyOf         = "of" // what an entry is made for, once
	keyRefutation = "refutation"
	keyKind       = "kind"
	keyTo         = "to"

	maxNumbers = 16
)

func readNotice(e ledger.Entry[Notice]) Notice {
	n := e.Value
	n.ID, n.State, n.Made = e.ID, NoticeState(e.State), e.Made
	return n
}

// noticed is the payload of the records about notices.
type noticed struct {
	Notice     string    `json:"notice"`
	Refutation string    `json:"refutation"`
	Kind       feed.Kind `json:"kind"`
	By         string    `json:"by,omitempty"`
}

// NoticeFilter says which notices are wanted; the zero value means all.
type NoticeFilter struct {
	Refutation string
	To         string // pseudonym of an account, or identifier of an application
	States     []NoticeState
	After      string
	Limit      int
}

// Notices returns a page of notices, the oldest first, and where the next page begins; it is empty after the last.
func (k *Keeper) Notices(ctx context.Context, f NoticeFilter) ([]Notice, string, error) {
	q := ledger.Query{After: f.After, Limit: f.Limit}
	for _, s := range f.States {
		q.States = append(q.States, string(s))
	}
	if f.Refutation != "" {
		q.Keys = append(q.Keys, ledger.Key{Name: keyRefutation, Value: f.Refutation})
	}
	if f.To != "" {
		q.Keys = append(q.Keys, ledger.Key{Name: keyTo, Value: f.To})
	}
	page, next, err := k.notices.Page(ctx, q)
	list := make([]Notice, len(page))
	for i, e := range page {
		list[i] = readNotice(e)
	}
	return list, next, err
}

// Notice returns a notice.
func (k *Keeper) Notice(ctx context.Context, id string) (Notice, error) {
	e, err := k.notices.Get(ctx, id)
	return readNotice(e), err
}

// Acknowledge says what became of a notice: it was told, read, or its recipient can't be reached. An application says so of
// its users, and the system of what it shows itself. What was said already stays.
func (k *Keeper) Acknowledge(ctx context.Context, by ledger.By, id string, to NoticeState) (Notice, error) {
	types := map[NoticeState]evidence.Type{Told: RecordNoticeTold, Read: RecordNoticeRead, Unreachable: RecordNoticeUnreachable}
	if types[to] == "" {
		return Notice{}, invalid("state")
	}
	return k.ack(ctx, by, id, to, types[to])
}

func (k *Keeper) ack(ctx context.Context, by ledger.By, id string, to NoticeState, typ evidence.Type) (Notice, error) {
	e, err := k.notices.Change(ctx, id, func(e *ledger.Entry[Notice]) (ledger.Act, error) {
		n, now := &e.Value, k.notices.Now()
		from := NoticeState(e.State)
		if from == to || from == Read && to == Told {
			return ledger.Act{}, ledger.ErrSame
		}
		if !from.May(to) {
			return ledger.Act{}, stuck(CodeNoStep, e.State, string(to))
		}
		e.State = string(to)
		switch to {
		case Read:
			n.Read = now
			if n.Told.IsZero() {
				n.Told = now
			}
		case Told:
			n.Told = now
		case Unreachable:
			n.Failed = now
		}
		if by.Role == "application" {
			n.Via = by.ID
		}
		return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: noticed{e.ID, n.Refutation, n.Kind, by.ID}}, nil
	})
	return readNotice(e), err
}

// notify enters a notice to one recipient, once. It reports whether it is new.
func (k *Keeper) notify(ctx context.Context, n Notice) (bool, error) {
	of := n.Refutation + "/" + string(n.Kind) + "/" + string(n.Party) + "/" + n.To
	keys := []ledger.Key{{Name: keyOf, Value: of, Unique: true, Personal: n.Party == Account}, {Name: keyRefutation, Value: n.Refutation},
		{Name: keyKind, Value: string(n.Kind)}, {Name: keyTo, Value: n.To, Personal: n.Party == Account}}
	count, err := k.config.Notices.Count(ctx, ledger.Query{Keys: keys[:1]})
	if err != nil || count > 0 {
		return false, err
	}
	id, err := k.notices.Recorder.NewID()
	if err != nil {
		return false, err
	}
	e := ledger.Entry[Notice]{ID: id, State: string(Waiting), Keys: keys, Value: n}
	if n.Party == Account {
		e.Subject = evidence.Subject(n.To)
	}
	_, err = k.notices.Add(ctx, e, nil, ledger.Act{Type: RecordNotice, Role: system, Clauses: clauses(), Payload: noticed{id, n.Refutation, n.Kind, ""}})
	if conflict(err, ledger.CodeExists) {
		return false, nil
	}
	return err == nil, err
}

// each calls fn with every notice of a refutation in some states.
func (k *Keeper) each(ctx context.Context, refutation string, fn func(Notice) error, states ...NoticeState) error {
	q := ledger.Query{Keys: []ledger.Key{{Name: keyRefutation, Value: refutation}}}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	return k.notices.All(ctx, q, func(e ledger.Entry[Notice]) error { return fn(readNotice(e)) })
}

// count counts the notices of a kind about a refutation in a state.
func (k *Keeper) count(ctx context.Context, refutation string, s NoticeState) (int, error) {
	return k.config.Notices.Count(ctx, ledger.Query{States: []string{string(s)}, Keys: []ledger.Key{{Name: keyRefutation, Value: refutation}, {Name: keyKind, Value: string(feed.Publish)}}})
}

func conflict(err error, code colophon.Code) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == code
}
