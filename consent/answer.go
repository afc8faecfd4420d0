package consent

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Answer is what a subject says to what was asked.
type Answer struct {
	Notice string // SHA-256 of the notice that was shown; see [Notice]
	Train  bool   // "and models may be trained": asked apart, so answered apart
}

// Shown says that the subject has the notice before them, and keeps the text as it is shown.
func (l *Ledger) Shown(ctx context.Context, by ledger.By, id, language string) (Notice, Entry, error) {
	var n Notice
	e, err := l.change(ctx, id, func(e *Entry, p *Particulars) (ledger.Act, error) {
		if e.Kept != ledger.Whole {
			return ledger.Act{}, refuse(colophon.Conflict, CodeErased)
		}
		var err error
		if n, err = l.notice(*e, *p, language); err != nil {
			return ledger.Act{}, err
		}
		if err := in(*e, Noticed, Requested, Noticed, Given, Expired); err != nil {
			return ledger.Act{}, err
		}
		if s := State(e.State); s == Requested || s == Noticed { // who renews sees the notice anew
			if err := l.to(e, Noticed, "shown", by, ""); err != nil {
				return ledger.Act{}, err
			}
		} else {
			l.event(e, "shown", by, "")
		}
		e.Value.Language, e.Value.Notice, p.Notice = language, &Shown{n.Version, language, n.SHA256, l.book.Now()}, n.Text
		return l.act(RecordShown, by, *e, &payload{Shown: e.Value.Notice}), nil
	})
	return n, e, err
}

// answered refuses an answer that is not to the notice which was last shown, or not the person's own.
func answered(by ledger.By, e Entry, a Answer) error {
	if by.Role != RoleSubject {
		return refuse(colophon.Refused, CodeGrantor, e.Value.Person.clauses()...)
	}
	if e.Value.Notice == nil || subtle.ConstantTimeCompare([]byte(a.Notice), []byte(e.Value.Notice.SHA256)) != 1 {
		return refuse(colophon.Conflict, CodeNotice, colophon.ClausePIPL30)
	}
	return nil
}

// Give says that the subject agrees to what was asked. The code is how the person comes back; it is returned this once.
func (l *Ledger) Give(ctx context.Context, by ledger.By, id string, a Answer) (e Entry, code string, err error) {
	return l.give(ctx, by, id, a, RecordGiven, func(asked Terms) Terms { return asked })
}

// Narrow says that the subject agrees to less than was asked. A consent that is given can be narrowed as well; its tokens end
// by that.
func (l *Ledger) Narrow(ctx context.Context, by ledger.By, id string, a Answer, to Terms) (e Entry, code string, err error) {
	return l.give(ctx, by, id, a, RecordNarrowed, func(Terms) Terms { return to })
}

func (l *Ledger) give(ctx context.Context, by ledger.By, id string, a Answer, typ evidence.Type, choose func(Terms) Terms) (Entry, string, error) {
	code, digest, err := l.drawCode()
	if err != nil {
		return Entry{}, "", err
	}
	e, err := l.change(ctx, id, func(e *Entry, p *Particulars) (ledger.Act, error) {
		if err := answered(by, *e, a); err != nil {
			return ledger.Act{}, err
		}
		most, from := e.Value.Asked, []State{Noticed}
		if typ == RecordNarrowed {
			from = append(from, Given)
		}
		if err := in(*e, Given, from...); err != nil {
			return ledger.Act{}, err
		}
		if State(e.State) == Given {
			most = e.Value.Terms
		}
		terms := choose(most)
		if terms.From.IsZero() {
			terms.From = most.From
		}
		terms.From, terms.Until = terms.From.UTC().Truncate(time.Millisecond), terms.Until.UTC().Truncate(time.Millisecond)
		terms.Train = a.Train && most.Train && terms.Train
		if err := terms.check(l.book.Now()); err != nil {
			return ledger.Act{}, err
		}
		if field := most.wider(terms); field != "" {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeWider, Args: colophon.Args{"field": field}}
		}
		if State(e.State) == Given {
			e.Value.Anew = l.book.Now()
		}
		if err := l.to(e, Given, strings.TrimPrefix(string(typ), "consent."), by, ""); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Terms, e.Value.Renewal, e.Due = terms, false, terms.Until
		e.Value.Agreed, p.Agreed = e.Value.Notice, p.Notice
		setCode(e, digest)
		return l.act(typ, by, *e, &payload{Terms: &terms, Shown: e.Value.Notice}), nil
	})
	if err != nil {
		code = ""
	}
	return e, code, err
}

// Claim says on somebody else's word that a consent was given, such as on paper that nobody here has seen. Its level is
// claimed, whatever the word. Nobody is spoken for who has the notice already, nor anybody under 14 or who died.
func (l *Ledger) Claim(ctx context.Context, by ledger.By, id string) (Entry, error) {
	return l.change(ctx, id, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		if e.Value.Person != Adult {
			return ledger.Act{}, refuse(colophon.Refused, CodeGrantor, e.Value.Person.clauses()...)
		}
		if err := in(*e, Given, Requested); err != nil {
			return ledger.Act{}, err
		}
		if err := l.to(e, Given, "claimed", by, ""); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Terms.Train, e.Due = false, e.Value.Terms.Until
		return l.act(RecordGiven, by, *e, &payload{Terms: &e.Value.Terms}), nil
	})
}

// Refuse says that the subject does not agree. The references go.
func (l *Ledger) Refuse(ctx context.Context, by ledger.By, id string, reason colophon.Code) (e Entry, code string, err error) {
	if reason != "" && !word(string(reason)) {
		return Entry{}, "", invalid("reason")
	}
	code, digest, err := l.drawCode()
	if err != nil {
		return Entry{}, "", err
	}
	e, err = l.change(ctx, id, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		if by.Role != RoleSubject {
			return ledger.Act{}, refuse(colophon.Refused, CodeGrantor)
		}
		if err := l.end(e, Refused, "refused", by, reason); err != nil {
			return ledger.Act{}, err
		}
		setCode(e, digest)
		return l.act(RecordRefused, by, *e, &payload{Reason: reason}), nil
	})
	if err != nil {
		code = ""
	}
	return e, code, err
}

// AskRenewal asks a subject for a longer time and more uses than those of a consent that is given, or expired and not yet
// deleted. Nothing changes before the subject agrees.
func (l *Ledger) AskRenewal(ctx context.Context, by ledger.By, id string, until time.Time, uses int) (Entry, error) {
	return l.change(ctx, id, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		if err := in(*e, Given, Given, Expired); err != nil || e.Value.Cascade != nil { // the references go, or are gone
			return ledger.Act{}, stuck(e.State, string(Given))
		}
		t := e.Value.Terms
		t.Until, t.Uses = until.UTC().Truncate(time.Millisecond), uses
		if uses > 0 && uses < e.Value.Reserved {
			return ledger.Act{}, invalid("uses")
		}
		if err := t.check(l.book.Now()); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Asked, e.Value.Renewal, e.Value.Notice = t, true, nil
		l.event(e, "renewal-asked", by, "")
		return l.act(RecordRequested, by, *e, &payload{Terms: &t}), nil
	})
}

// Renew says that the subject agrees to the renewal that was asked for, after the notice about it was shown.
func (l *Ledger) Renew(ctx context.Context, by ledger.By, id string, a Answer) (Entry, error) {
	return l.change(ctx, id, func(e *Entry, p *Particulars) (ledger.Act, error) {
		if err := answered(by, *e, a); err != nil {
			return ledger.Act{}, err
		}
		if err := in(*e, Given, Given, Expired); err != nil || e.Value.Cascade != nil || !e.Value.Renewal {
			return ledger.Act{}, stuck(e.State, string(Given))
		}
		t := e.Value.Asked
		t.Train = a.Train && t.Train
		if err := t.check(l.book.Now()); err != nil {
			return ledger.Act{}, err
		}
		if err := l.to(e, Given, "renewed", by, ""); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Terms, e.Value.Renewal, e.Due = t, false, t.Until
		e.Value.Agreed, p.Agreed = e.Value.Notice, p.Notice
		return l.act(RecordRenewed, by, *e, &payload{Terms: &t, Shown: e.Value.Notice}), nil
	})
}

// lastGiven is the event by which a consent was last given, narrowed, renewed, or claimed to be given.
func lastGiven(e Entry) (last Event) {
	for _, ev := range e.Value.Events {
		switch ev.Kind {
		case "given", "narrowed", "renewed", "claimed":
			last = ev
		}
	}
	return last
}

// Withdraw ends a consent, at once and without a reason if the person gives none. What follows is [Ledger.Tick]'s.
func (l *Ledger) Withdraw(ctx context.Context, by ledger.By, id string, reason colophon.Code) (Entry, error) {
	return l.over(ctx, by, id, Withdrawn, RecordWithdrawn, reason)
}

// Invalidate ends a consent that never was a good one.
func (l *Ledger) Invalidate(ctx context.Context, by ledger.By, id string, reason colophon.Code) (Entry, error) {
	return l.over(ctx, by, id, Invalidated, RecordInvalidated, reason)
}

func (l *Ledger) over(ctx context.Context, by ledger.By, id string, s State, typ evidence.Type, reason colophon.Code) (Entry, error) {
	if reason != "" && !word(string(reason)) {
		return Entry{}, invalid("reason")
	}
	return l.change(ctx, id, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		if err := l.end(e, s, string(s), by, reason); err != nil {
			return ledger.Act{}, err
		}
		return l.act(typ, by, *e, &payload{Reason: reason}), nil
	})
}

// Forget ends all consents of a person, and all that an account asked for, before what is kept of them is erased.
func (l *Ledger) Forget(ctx context.Context, by ledger.By, who evidence.Subject) error {
	for _, q := range []ledger.Query{{Subject: who}, {Keys: []ledger.Key{{Name: keyAccount, Value: string(who)}}}} {
		err := l.book.All(ctx, q, func(e Entry) error {
			s, typ := Invalidated, RecordInvalidated
			if State(e.State) == Given {
				s, typ = Withdrawn, RecordWithdrawn
			}
			if !State(e.State).May(s) || e.Value.Cascade != nil {
				return nil
			}
			_, err := l.over(ctx, by, e.ID, s, typ, ReasonErased)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ReasonErased is the reason of a consent that ended because what is kept of a party was erased.
const ReasonErased colophon.Code = "subject-erased"

// end brings a consent into a state that is over, and has the cascade begin.
func (l *Ledger) end(e *Entry, s State, kind string, by ledger.By, reason colophon.Code) error {
	if e.Value.Cascade != nil { // it ends already, and its certificate says how
		return stuck(e.State, string(s))
	}
	if err := l.to(e, s, kind, by, reason); err != nil {
		return err
	}
	e.Due, e.Value.Challenge, e.Value.Cascade = l.book.Now(), nil, newCascade(l.book.Now())
	return nil
}

// Dispute freezes a consent: somebody says "that is not me". The note stands in the sealed record alone.
func (l *Ledger) Dispute(ctx context.Context, by ledger.By, id, note string) (Entry, error) {
	if len(note) > maxNote {
		return Entry{}, invalid("note")
	}
	return l.change(ctx, id, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		before := State(e.State)
		if e.Value.Cascade != nil { // it ends already
			return ledger.Act{}, stuck(e.State, string(Disputed))
		}
		if err := l.to(e, Disputed, "disputed", by, ""); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Before, e.Due, e.Value.Challenge = before, time.Time{}, nil
		return l.act(RecordDisputed, by, *e, &payload{Note: note}), nil
	})
}

// Settle says what came of a dispute: where it was founded the consent is invalid, else it is what it was before.
func (l *Ledger) Settle(ctx context.Context, by ledger.By, id string, founded bool, reason colophon.Code) (Entry, error) {
	if !word(string(reason)) {
		return Entry{}, invalid("reason")
	}
	return l.change(ctx, id, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		if err := in(*e, cmp.Or(e.Value.Before, Requested), Disputed); err != nil {
			return ledger.Act{}, err
		}
		if founded {
			err := l.end(e, Invalidated, "invalidated", by, reason)
			return l.act(RecordInvalidated, by, *e, &payload{Reason: reason}), err
		}
		before := cmp.Or(e.Value.Before, Requested)
		if err := l.to(e, before, "settled", by, reason); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Before, e.Due = "", l.due(*e)
		return l.act(RecordSettled, by, *e, &payload{Reason: reason}), nil
	})
}

// due is when a consent that is not over wants to be looked at.
func (l *Ledger) due(e Entry) time.Time {
	switch State(e.State) {
	case Given:
		return e.Value.Terms.Until
	case Expired:
		return e.Value.Terms.Until.Add(l.Grace)
	}
	return e.Made.Add(l.Answer)
}

// alphabet is that of receipt codes: what a person can't take for another sign when reading (Crockford).
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeLength is how many signs a receipt code has, of five bits each.
const codeLength = 25

// drawCode draws a receipt code and returns its keyed digest with it.
func (l *Ledger) drawCode() (code, digest string, err error) {
	raw := make([]byte, codeLength)
	if _, err := io.ReadFull(l.Random, raw); err != nil {
		return "", "", err
	}
	var b strings.Builder
	for i, r := range raw {
		if i > 0 && i%5 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(alphabet[r%32])
	}
	plain, _ := tidyCode(b.String())
	return b.String(), l.digest(keyReceipt, plain), nil
}

// tidyCode reads a receipt code as a person types it.
func tidyCode(s string) (string, bool) {
	if len(s) > 64 {
		return "", false
	}
	s = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
	return s, len(s) == codeLength && strings.Trim(s, alphabet) == ""
}

func setCode(e *Entry, digest string) {
	dropKeys(e, keyReceipt, "")
	e.Keys = append(e.Keys, ledger.Key{Name: keyReceipt, Value: digest, Unique: true, Personal: true})
}

// ByCode returns the consent of a receipt code.
func (l *Ledger) ByCode(ctx context.Context, code string) (Entry, error) {
	plain, ok := tidyCode(code)
	if !ok {
		return Entry{}, refuse(colophon.Missing, CodeCode)
	}
	list, err := l.book.Store.Find(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyReceipt, Value: l.digest(keyReceipt, plain)}}, Limit: 1})
	if err == nil && len(list) == 0 {
		err = refuse(colophon.Missing, CodeCode)
	}
	if err != nil {
		return Entry{}, err
	}
	return list[0], nil
}

// sha returns the SHA-256 of a text in hexadecimal digits.
func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
