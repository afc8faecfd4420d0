package consent

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// CodeAltered says why a file could not be found by its digest: another one, or this one encoded anew.
const CodeAltered colophon.Code = "look-up-altered"

// Question is what a person who believes to be depicted asks. One of number and digest is given.
type Question struct {
	Consent string // a consent of the person, by whose receipt code they came; empty where nobody is known
	Number  string // content number, as the label of the file says
	SHA256  string // of the file, hex
}

// Basis says with whose consent something was made.
type Basis string

// The bases.
const (
	OwnConsent   Basis = "own"     // of the person who asks
	OtherConsent Basis = "other"   // of somebody else, of whom nothing is told
	NoConsent    Basis = "none"    // none is recorded
	BasisUnknown Basis = "unknown" // it is not known what was made
)

// Finding is the answer. It tells nothing of other people: neither names nor pseudonyms nor how many there are.
type Finding struct {
	Made     colophon.Verdict // passed: made here; failed: nothing here has that number; unknown: could not tell
	Code     colophon.Code    // why it could not be told
	Number   string
	Function string
	At       time.Time
	Basis    Basis
	Consents []FoundConsent // those of the person who asks
}

// FoundConsent is a consent of the person who asks, with which something was made.
type FoundConsent struct {
	Consent   string
	Requester string // name, as the notice gave it
	State     State
	Level     Level
	Given     time.Time
	Used      time.Time
}

// LookUp answers whether something was made here, when, and with whose consent.
func (l *Ledger) LookUp(ctx context.Context, by ledger.By, q Question) (Finding, error) {
	switch {
	case (q.Number == "") == (q.SHA256 == ""), q.Number != "" && !word(q.Number):
		return Finding{}, invalid("number")
	case q.SHA256 != "" && !hexOf(q.SHA256, 32):
		return Finding{}, invalid("sha256")
	}
	var asker evidence.Subject
	if q.Consent != "" {
		e, err := l.change(ctx, q.Consent, func(e *Entry, _ *Particulars) (ledger.Act, error) {
			return l.act(RecordLookUp, by, *e, &payload{Number: q.Number, Digests: map[string]string{"file": q.SHA256}}), nil
		})
		if err != nil {
			return Finding{}, err
		}
		asker = e.Subject
	}
	f := Finding{Basis: BasisUnknown}
	out, there, err := l.Outputs.Made(ctx, q.Number, q.SHA256)
	if err != nil {
		return f, err
	}
	if !there {
		if f.Made = colophon.Failed; q.SHA256 != "" {
			f.Made, f.Code = colophon.Unknown, CodeAltered
		}
		return f, nil
	}
	f.Made, f.Number, f.Function, f.At, f.Basis = colophon.Passed, out.Number, out.Function, out.At, NoConsent
	return f, l.tokens.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyNumber, Value: out.Number}}}, func(t TokenEntry) error {
		e, err := l.book.Get(ctx, t.Value.Consent)
		if err != nil {
			return err
		}
		if e.Subject != asker {
			if f.Basis == NoConsent {
				f.Basis = OtherConsent
			}
			return nil
		}
		var p Particulars
		if _, err := l.book.Open(e, &p); err != nil {
			return err
		}
		found := FoundConsent{Consent: e.ID, Requester: p.Requester, State: State(e.State), Level: e.Value.Level, Given: lastGiven(e).At}
		for _, s := range t.Value.Spends {
			if s.Number == out.Number {
				found.Used = s.At
			}
		}
		f.Basis, f.Consents = OwnConsent, append(f.Consents, found)
		return nil
	})
}
