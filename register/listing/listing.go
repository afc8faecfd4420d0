// Package listing is the side of an app store, or whoever else distributes apps (Deep Synthesis Provisions Art. 13; Labelling
// Measures Art. 7). For each app it keeps whether it offers generation, what its provider handed in (a conformance card, and the
// check of its label materials), what came of the checks, and each act: asked, answered, listed, refused, warned, suspended,
// delisted, with who, when and why.
//
// Where every check passed an app may be listed by a program. Where one could not be told, a person says why it is listed all the
// same; where one failed nobody lists it. An app is checked when something is handed in and when it is to be listed. What is
// listed is checked again when its card ends and every thirty days: a failure then shows, and is a record, and people act on it.
//
// What not to do here: never list what failed. Never count a check that was not made. Nothing of a provider's people is kept;
// what is written as a reason is about the app.
package listing

import (
	"context"
	"crypto/sha256"
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
	"github.com/colophon-project/colophon/register/card"
)

// Ledger is the name of the ledger of apps.
const Ledger = "listing"

// Types of records.
const (
	RecordAsked     evidence.Type = "listing.asked"
	RecordAnswered  evidence.Type = "listing.answered"
	RecordChecked   evidence.Type = "listing.checked" // again
	RecordListed    evidence.Type = "listing.listed"
	RecordRefused   evidence.Type = "listing.refused"
	RecordWarned    evidence.Type = "listing.warned"
	RecordSuspended evidence.Type = "listing.suspended"
	RecordRestored  evidence.Type = "listing.restored" // a warning or suspension is over
	RecordDelisted  evidence.Type = "listing.delisted"
)

// Codes of errors.
const (
	CodeInvalid   colophon.Code = "listing-invalid"   // arg "field"
	CodeMissing   colophon.Code = "listing-missing"   // there is no such app
	CodeStep      colophon.Code = "listing-step"      // args "from", "to"
	CodeThere     colophon.Code = "listing-there"     // the app is kept already
	CodeFailed    colophon.Code = "listing-failed"    // arg "checks": these failed
	CodePerson    colophon.Code = "listing-person"    // a person has to do it, since a check could not be told
	CodeUntold    colophon.Code = "listing-untold"    // it wants a reason, since a check could not be told
	CodeUnchecked colophon.Code = "listing-unchecked" // nothing was handed in to check
)

// Codes of what the statement and the materials of the store's own check say; the others are those of package card.
const (
	FoundOffersNone colophon.Code = "listing-offers-none" // the provider says that it offers no generation; nothing shows that
	FoundNoCard     colophon.Code = "listing-no-card"     // it offers generation and handed in no card

	FoundNoCheck colophon.Code = "listing-no-check" // the store read none of its files itself
	FoundChecked colophon.Code = "listing-checked"  // arg "check": the store read files of it
)

// Names of checks that are the store's own.
const (
	CheckStatement = "statement"
	CheckOwn       = "own-materials"
)

const (
	again    = 30 * 24 * time.Hour
	maxApp   = 128
	maxText  = 1024
	maxSteps = 1000

	maxReports = 32
	keyApp     = "app"
	keyResult  = "verdict"
)

// Act is one thing that was done about an app.
type Act struct {
	To     State     `json:"to"`
	At     time.Time `json:"at"`
	By     ledger.By `json:"by"`
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"` // by when the provider has to answer or to mend
}

// Found is what came of one check, as it is kept.
type Found struct {
	Check    string          `json:"check"`
	Function string          `json:"function,omitempty"`
	Verdict  string          `json:"verdict"`
	Code     colophon.Code   `json:"code"`
	Args     colophon.Args   `json:"args,omitempty"`
	Clause   colophon.Clause `json:"clause,omitempty"`
}

// App is an app that somebody wants to be listed, or that is.
type App struct {
	App     string `json:"app"`     // the store's own identifier
	Address string `json:"address"` // address or name of the package, as its card has to say
	Key     string `json:"key,omitempty"`

	Offers    bool      `json:"offers"`              // it is said to offer generation
	Card      []byte    `json:"card,omitempty"`      // as it was handed in
	Materials string    `json:"materials,omitempty"` // the store's own check of its files
	Reports   []string  `json:"reports,omitempty"`   // digests of the assessment reports that the store has
	Answered  time.Time `json:"answered,omitzero"`

	Found   []Found   `json:"found,omitempty"`
	Verdict string    `json:"verdict,omitempty"` // of all checks; empty before there were any
	Checked time.Time `json:"checked,omitzero"`
	Acts    []Act     `json:"acts"`
}

// Failed lists the names of the checks that failed, each once.
func (a App) Failed() []string {
	var list []string
	for _, f := range a.Found {
		if f.Verdict == colophon.Failed.String() && !slices.Contains(list, f.Check) {
			list = append(list, f.Check)
		}
	}
	return list
}

// Entry is an app as it is kept.
type Entry = ledger.Entry[App]

// Config says what a Keeper works with. All fields are required.
type Config struct {
	Apps     ledger.Store[App]
	Recorder *evidence.Recorder
	// Verify checks the card of an app by what else is kept of it. An error of kind Invalid says that it is no card, or the key none.
	Verify func(ctx context.Context, raw []byte, a App) (card.Report, error)
	// Materials returns the verdict of the store's own check of an app's files.
	Materials func(ctx context.Context, id, app string) (colophon.Verdict, error)
}

// Keeper keeps the apps of a store. It is safe for use by many goroutines.
type Keeper struct {
	Config
	book ledger.Book[App]
}

// New makes a keeper.
func New(c Config) *Keeper {
	return &Keeper{c, ledger.Book[App]{Store: c.Apps, Recorder: c.Recorder, Use: Ledger, Missing: CodeMissing}}
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS13, colophon.ClauseLM7} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func line(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

type event struct {
	Listing string   `json:"listing"`
	App     string   `json:"app"`
	State   State    `json:"state"`
	Verdict string   `json:"verdict,omitempty"`
	Failed  []string `json:"failed,omitempty"`
	By      string   `json:"by,omitempty"`
	Reason  string   `json:"reason,omitempty"`
}

func act(typ evidence.Type, by ledger.By, e Entry, reason string) ledger.Act {
	v := e.Value
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: event{e.ID, v.App, State(e.State), v.Verdict, v.Failed(), by.ID, reason}}
}

func keys(a App) []ledger.Key {
	return []ledger.Key{{Name: keyApp, Value: a.App, Unique: true}, {Name: keyResult, Value: a.Verdict}}
}

// Ask begins with an app: its provider is asked to answer until a time.
func (k *Keeper) Ask(ctx context.Context, by ledger.By, app, address string, until time.Time) (Entry, error) {
	switch {
	case app == "" || !line(app, maxApp):
		return Entry{}, invalid("app")
	case address == "" || !line(address, maxText):
		return Entry{}, invalid("address")
	case !until.After(k.book.Now()):
		return Entry{}, invalid("until")
	}
	a := App{App: app, Address: address, Acts: []Act{{To: Asked, At: k.book.Now(), By: by, Until: until}}}
	e := Entry{State: string(Asked), Due: until, Keys: keys(a), Value: a}
	e, err := k.book.Add(ctx, e, nil, act(RecordAsked, by, e, ""))
	if errors.Is(err, ledger.ErrExists) {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeThere, Err: err}
	}
	return e, err
}

// Answer is what a provider handed in.
type Answer struct {
	Offers    bool
	Card      []byte
	Key       string // with which the provider is known to sign, as somebody of the store entered it
	Materials string
	Reports   []string // SHA-256 in hexadecimal of assessment reports that came with it
}

// Answer keeps what was handed in and checks it. Of an app that is listed it is a renewal, and the app stays where it is.
func (k *Keeper) Answer(ctx context.Context, by ledger.By, id string, a Answer) (Entry, error) {
	switch {
	case len(a.Card) > card.MaxCard:
		return Entry{}, invalid("card")
	case !line(a.Key, maxText):
		return Entry{}, invalid("key")
	case len(a.Reports) > maxReports:
		return Entry{}, invalid("reports")
	}
	for _, r := range a.Reports {
		if raw, err := hex.DecodeString(r); err != nil || len(raw) != sha256.Size || strings.ToLower(r) != r {
			return Entry{}, invalid("reports")
		}
	}
	old, err := k.book.Get(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	next := old.Value
	next.Offers, next.Card, next.Key, next.Materials, next.Reports = a.Offers, a.Card, a.Key, a.Materials, a.Reports
	found, until, err := k.check(ctx, next)
	if err != nil {
		return Entry{}, err
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		to := Answered
		if s := State(e.State); s == Listed || s == Warned || s == Suspended {
			to = s
		} else if err := step(e, Answered); err != nil {
			return ledger.Act{}, err
		}
		v := &e.Value
		v.Offers, v.Card, v.Key, v.Materials, v.Reports, v.Answered = a.Offers, a.Card, a.Key, a.Materials, a.Reports, k.book.Now()
		k.enter(e, found, until)
		return act(RecordAnswered, by, *e, ""), keep(e, Act{To: to, At: k.book.Now(), By: by})
	})
}

// enter writes down what came of the checks.
func (k *Keeper) enter(e *Entry, found []card.Finding, until time.Time) {
	v, now := &e.Value, k.book.Now()
	v.Found, v.Verdict, v.Checked = nil, card.Worst(found).String(), now
	for _, f := range found {
		v.Found = append(v.Found, Found{f.Check, f.Function, f.Verdict.String(), f.Code, f.Args, f.Clause})
	}
	e.Due, e.Keys = now.Add(again), keys(*v)
	if until.After(now) && until.Before(e.Due) {
		e.Due = until
	}
}

// check looks at what an app's provider handed in, and says until when the card counts.
func (k *Keeper) check(ctx context.Context, a App) ([]card.Finding, time.Time, error) {
	own := card.Finding{Check: CheckOwn, Clause: colophon.ClauseLM7, Code: FoundNoCheck}
	if a.Materials != "" {
		v, err := k.Materials(ctx, a.Materials, a.App)
		if err != nil {
			return nil, time.Time{}, err
		}
		own.Verdict, own.Code, own.Args = v, FoundChecked, colophon.Args{"check": a.Materials}
	}
	if !a.Offers {
		return []card.Finding{{Check: CheckStatement, Clause: colophon.ClauseLM7, Code: FoundOffersNone}, own}, time.Time{}, nil
	}
	if len(a.Card) == 0 {
		return []card.Finding{{Check: card.CheckSignature, Clause: colophon.ClauseDS13, Verdict: colophon.Failed, Code: FoundNoCard}, own}, time.Time{}, nil
	}
	r, err := k.Verify(ctx, a.Card, a)
	if err != nil {
		return nil, time.Time{}, err
	}
	return append(r.Findings, own), r.Card.Until, nil
}
