package card

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/evidence/signed"
	"github.com/colophon-project/colophon/register"
)

// Ledger is the name of the ledger of cards.
const Ledger = "card"

// Types of records.
const (
	RecordIssued     evidence.Type = "card.issued"
	RecordSuperseded evidence.Type = "card.superseded"
	RecordWithdrawn  evidence.Type = "card.withdrawn"
)

// State says where a card is. That its time is over is not a state: it stands on the card.
type State string

// The states.
const (
	Current    State = "current"
	Superseded State = "superseded" // a later one of the same service was issued
	Withdrawn  State = "withdrawn"  // it must not be relied on
)

var steps = ledger.Steps[State]{
	{Current, []State{Superseded, Withdrawn}},
	{Superseded, []State{Withdrawn}},
	{Withdrawn, nil},
}

// States lists the states in the order of a card's life.
func States() []State { return steps.States() }

// May reports whether a card may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

const (
	keyService = "service"
	keyNumber  = "number" // of the service, with the number of the card; no two cards have the same
	maxReason  = 1024
	maxFiles   = 100
	maxName    = 128

	// Shortest and Longest bound how many days a card counts.
	Shortest, Longest = 1, 366
)

// Issue is a card as it is kept.
type Issue struct {
	Service string    `json:"service"`
	Number  int       `json:"number"` // which card of the service it is, from 1
	Note    []byte    `json:"note"`   // the signed note
	SHA256  string    `json:"sha256"` // of the note
	Issued  time.Time `json:"issued"`
	Until   time.Time `json:"until"`
	By      string    `json:"by"`               // staff account
	Reason  string    `json:"reason,omitempty"` // why it was withdrawn
}

// Entry is a card with its place in the ledger.
type Entry = ledger.Entry[Issue]

// Register is what cards ask of the register.
type Register interface {
	Service(ctx context.Context, id string) (register.ServiceEntry, error)
	Functions(ctx context.Context, q register.Query) ([]register.Entry, string, error)
	Function(ctx context.Context, id string) (register.Snapshot, error)
}

// Config says what a Keeper works with. All fields are required.
type Config struct {
	Cards    ledger.Store[Issue]
	Recorder *evidence.Recorder
	Register Register
	Signer   note.Signer
	Provider Provider
	// Impact returns the impact assessment that covers a function now; nil for none.
	Impact func(ctx context.Context, function string) (*Proof, error)
	// Log says how the evidence log stands.
	Log func(ctx context.Context) (Log, error)
}

// Keeper issues cards. It is safe for use by many goroutines.
type Keeper struct {
	Config
	book ledger.Book[Issue]
}

// New makes a keeper.
func New(c Config) *Keeper {
	return &Keeper{c, ledger.Book[Issue]{Store: c.Cards, Recorder: c.Recorder, Use: Ledger, Missing: CodeMissing}}
}

// Request asks for a card.
type Request struct {
	Service   string
	Days      int                   // for how many days it counts
	Materials map[string][]Material // by function
}

type event struct {
	Card    string `json:"card"`
	Service string `json:"service"`
	SHA256  string `json:"sha256"`
	Until   string `json:"until"`
	By      string `json:"by,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

func (k *Keeper) act(typ evidence.Type, by ledger.By, e Entry) ledger.Act {
	v := e.Value
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: event{e.ID, v.Service, v.SHA256, v.Until.UTC().Format(time.RFC3339), by.ID, v.Reason}}
}

// Issue makes the card of a service as it is now; those before are superseded. A file that does not bear what it is to show
// is refused, since a card is not made to fail.
func (k *Keeper) Issue(ctx context.Context, by ledger.By, r Request) (Entry, error) {
	switch {
	case !by.Person():
		return Entry{}, &colophon.Error{Kind: colophon.Refused, Code: CodePerson}
	case r.Days < Shortest || r.Days > Longest:
		return Entry{}, invalid("days")
	}
	for _, files := range r.Materials {
		if err := checkMaterials(files); err != nil {
			return Entry{}, err
		}
	}
	c, err := k.card(ctx, r)
	if err != nil {
		return Entry{}, err
	}
	raw, err := signed.Sign(k.Signer, head, c)
	if err != nil {
		return Entry{}, err
	}
	if len(raw) > MaxCard {
		return Entry{}, invalid("materials")
	}
	sum := sha256.Sum256(raw)
	e, err := k.add(ctx, by, c.ID, Issue{Service: r.Service, Note: raw, SHA256: hex.EncodeToString(sum[:]), Issued: c.Issued, Until: c.Until, By: by.ID})
	if err != nil {
		return Entry{}, err
	}
	current, err := k.book.Store.Find(ctx, ledger.Query{States: []string{string(Current)}, Keys: []ledger.Key{{Name: keyService, Value: r.Service}}})
	if err != nil {
		return Entry{}, err
	}
	for _, old := range current {
		if old.Value.Number >= e.Value.Number {
			continue
		}
		if _, err := k.step(ctx, ledger.By{Role: "system"}, old.ID, Superseded, RecordSuperseded, ""); err != nil {
			var gone *colophon.Error
			if !errors.As(err, &gone) || gone.Code != CodeStep {
				return Entry{}, err
			}
		}
	}
	return e, nil
}

// add enters a card under the next number of its service. Where somebody else was faster, on this node or another, it gets the
// number after theirs: the numbers are in the order of the ledger, and the highest is the card that counts.
func (k *Keeper) add(ctx context.Context, by ledger.By, id string, v Issue) (Entry, error) {
	for {
		last, err := k.count(ctx, v.Service)
		if err != nil {
			return Entry{}, err
		}
		v.Number = last + 1
		e := Entry{ID: id, State: string(Current), Value: v, Keys: []ledger.Key{{Name: keyService, Value: v.Service}, numbered(v.Service, v.Number)}}
		added, err := k.book.Add(ctx, e, nil, k.act(RecordIssued, by, e))
		var taken *colophon.Error
		if !errors.As(err, &taken) || taken.Code != ledger.CodeExists {
			return added, err
		}
		if now, failed := k.count(ctx, v.Service); failed != nil || now == last {
			return Entry{}, errors.Join(err, failed)
		}
	}
}

// count is how many cards of a service there are, which is the number of the last one.
func (k *Keeper) count(ctx context.Context, service string) (int, error) {
	return k.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyService, Value: service}}})
}

func numbered(service string, number int) ledger.Key {
	return ledger.Key{Name: keyNumber, Value: service + "/" + strconv.Itoa(number), Unique: true}
}

func checkMaterials(list []Material) error {
	if len(list) > maxFiles {
		return invalid("materials")
	}
	for _, m := range list {
		if m.Name == "" || len(m.Name) > maxName || !utf8.ValidString(m.Name) {
			return invalid("materials")
		}
		if failed := colophon.Failed.String(); m.Label != colophon.Passed.String() || m.Notice == failed {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeMaterial, Args: colophon.Args{"name": m.Name}, Clauses: clauses()}
		}
	}
	return nil
}

// card writes down what the register says.
func (k *Keeper) card(ctx context.Context, r Request) (Card, error) {
	service, err := k.Register.Service(ctx, r.Service)
	if err != nil {
		return Card{}, err
	}
	id, err := k.Recorder.NewID()
	if err != nil {
		return Card{}, err
	}
	log, err := k.Log(ctx)
	if err != nil {
		return Card{}, err
	}
	now, v := k.book.Now().UTC().Truncate(time.Second), service.Value
	c := Card{Schema: Schema, ID: id, Provider: k.Provider, Log: log, Issued: now, Until: now.AddDate(0, 0, r.Days),
		Service: Service{ID: service.ID, Names: v.Names, Role: v.Role, Forms: v.Forms, Opinion: v.Opinion}}
	for after := ""; ; {
		list, next, err := k.Register.Functions(ctx, register.Query{Service: r.Service, States: []register.State{register.Live}, After: after})
		if err != nil {
			return Card{}, err
		}
		for _, e := range list {
			f, err := k.function(ctx, e.ID, r.Materials[e.ID])
			if err != nil {
				return Card{}, err
			}
			c.Functions = append(c.Functions, f)
		}
		if after = next; next == "" {
			break
		}
	}
	if len(c.Functions) == 0 {
		return Card{}, &colophon.Error{Kind: colophon.Refused, Code: CodeNothing}
	}
	for name := range r.Materials {
		if !slices.ContainsFunc(c.Functions, func(f Function) bool { return f.ID == name }) {
			return Card{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeFunction, Args: colophon.Args{"function": name}}
		}
	}
	return c, nil
}

func (k *Keeper) function(ctx context.Context, id string, files []Material) (Function, error) {
	s, err := k.Register.Function(ctx, id)
	if err != nil {
		return Function{}, err
	}
	f := Function{ID: id, Names: s.Names, Purpose: s.Purpose, Kind: s.Kind, Class: s.Class, Likeness: s.Likeness, High: s.High(), Filing: s.Filing, Notice: s.Notice, Materials: files}
	for _, c := range s.Conditions {
		f.Conditions = append(f.Conditions, Condition{c.Name, c.Verdict.String(), c.Waiver != nil, c.Clause})
	}
	if v := s.Security; !v.Done.IsZero() && v.Facts == s.Facts {
		f.Security = &Proof{v.Digest, v.Done, v.Until}
	}
	f.Impact, err = k.Impact(ctx, id)
	return f, err
}

func (k *Keeper) step(ctx context.Context, by ledger.By, id string, to State, typ evidence.Type, reason string) (Entry, error) {
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if !State(e.State).May(to) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(to)}}
		}
		e.State, e.Value.Reason = string(to), reason
		return k.act(typ, by, *e), nil
	})
}

// Withdraw says that a card must not be relied on any more, and why. A store that has it finds out where it asks again.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	switch {
	case !by.Person():
		return Entry{}, &colophon.Error{Kind: colophon.Refused, Code: CodePerson}
	case reason == "" || len(reason) > maxReason || !utf8.ValidString(reason):
		return Entry{}, invalid("reason")
	}
	return k.step(ctx, by, id, Withdrawn, RecordWithdrawn, reason)
}

// Card returns a card.
func (k *Keeper) Card(ctx context.Context, id string) (Entry, error) { return k.book.Get(ctx, id) }

// Current returns the card of a service that counts now: the last one that was issued, unless it was withdrawn or is over. One
// before it counts no more, even where nobody came to write that down.
func (k *Keeper) Current(ctx context.Context, service string) (Entry, error) {
	last, err := k.count(ctx, service)
	if err != nil {
		return Entry{}, err
	}
	key := numbered(service, last)
	key.Unique = false
	list, err := k.book.Store.Find(ctx, ledger.Query{States: []string{string(Current)}, Keys: []ledger.Key{key}, Limit: 1})
	if err != nil {
		return Entry{}, err
	}
	if len(list) == 0 || !k.book.Now().Before(list[0].Value.Until) {
		return Entry{}, &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
	}
	return list[0], nil
}

// Query says which cards are wanted. What is empty fits all.
type Query struct {
	Service string
	State   State
	After   string
	Limit   int
}

// Cards returns a page of cards, the newest first, and where the next page begins.
func (k *Keeper) Cards(ctx context.Context, q Query) ([]Entry, string, error) {
	find := ledger.Query{After: q.After, Newest: true, Limit: q.Limit}
	if q.Service != "" {
		find.Keys = []ledger.Key{{Name: keyService, Value: q.Service}}
	}
	if q.State != "" {
		find.States = []string{string(q.State)}
	}
	return k.book.Page(ctx, find)
}
