package identity

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Verify has a claim checked by a source that answers now. Whatever the source says comes back as an entry; an error means
// that nobody was asked, or that nothing could be stored.
func (r *Registrar) Verify(ctx context.Context, by ledger.By, account evidence.Subject, source string, c Claim) (Entry, error) {
	src, ok := r.sources[source]
	if !ok {
		return Entry{}, noSource(source)
	}
	k, err := r.asked(ctx, account, src.Facts(), c)
	if err != nil {
		return Entry{}, err
	}
	e := r.entry(StateAsked, account, k, by)
	e.Value.Vouched, e.Value.Source, e.Value.Level = Checked, source, src.Facts().Level
	if err := r.crowded(ctx, e); err != nil {
		return Entry{}, err
	}
	if e, err = r.add(ctx, e, sealed{Masked: k.mask()}, by); err != nil {
		return e, err
	}
	// From here on what came of it is stored, though whoever asked be gone.
	answer, why := r.answer(ctx, src.Facts(), func(ctx context.Context) (Answer, error) { return src.Check(ctx, k.Claim) })
	return r.settle(context.WithoutCancel(ctx), by, e, answer, why)
}

// Beginning is what [Registrar.Begin] needs.
type Beginning struct {
	Source string
	Claim  Claim
	Return string // where the browser is to be sent back to; "{id}" in it becomes the verification's identifier
	Locale string
}

// Begin has a person asked by a source that answers later. The entry is pending, and of Begun URL, Sent and Until are set; or
// it is undecided, where the source could not begin.
func (r *Registrar) Begin(ctx context.Context, by ledger.By, account evidence.Subject, b Beginning) (Entry, Begun, error) {
	l, ok := r.laters[b.Source]
	if !ok {
		return Entry{}, Begun{}, noSource(b.Source)
	}
	f := l.Facts()
	k, err := r.asked(ctx, account, f, b.Claim)
	if err != nil {
		return Entry{}, Begun{}, err
	}
	e := r.entry(StateAsked, account, k, by)
	e.Value.Vouched, e.Value.Source, e.Value.Level = Checked, b.Source, f.Level
	if f.Learns && k.Number == "" {
		e.Value.Method = f.Methods[0] // until it is known better
	}
	if err := r.crowded(ctx, e); err != nil {
		return Entry{}, Begun{}, err
	}
	if e, err = r.add(ctx, e, sealed{Masked: k.mask()}, by); err != nil {
		return e, Begun{}, err
	}
	ask, cancel := context.WithTimeout(ctx, r.config.Patience)
	defer cancel()
	begun, failed := l.Begin(ask, Start{ID: e.ID, Claim: k.Claim, Return: strings.ReplaceAll(b.Return, "{id}", e.ID), Locale: b.Locale})
	ctx = context.WithoutCancel(ctx)
	if failed != nil {
		e, err := r.settle(ctx, by, e, Answer{Result: SourceError}, why(failed))
		return e, Begun{}, err
	}
	now := r.book.Now()
	if begun.Until.IsZero() || begun.Until.Before(now) {
		begun.Until = now.Add(usualWait)
	}
	if latest := now.Add(longestWait); begun.Until.After(latest) {
		begun.Until = latest
	}
	begun.Until = begun.Until.UTC().Truncate(time.Millisecond)
	e, err = r.book.Change(ctx, e.ID, func(e *Entry) (ledger.Act, error) {
		if err := step(e, StatePending); err != nil {
			return ledger.Act{}, err
		}
		e.Due = begun.Until
		return act(RecordTried, by, *e), r.book.Secret(e, sealed{k.mask(), &begun})
	})
	return e, Begun{URL: begun.URL, Sent: begun.Sent, Until: begun.Until}, err
}

// Complete judges what came back for a pending verification. An entry that is still pending waits for another try, and one
// that was decided comes back as it is: a browser may be behind a call-back.
func (r *Registrar) Complete(ctx context.Context, by ledger.By, id string, resp Response) (Entry, error) {
	e, err := r.book.Get(ctx, id)
	if err != nil || !State(e.State).open() {
		return e, err
	}
	l, ok := r.laters[e.Value.Source]
	if !ok {
		return e, noSource(e.Value.Source)
	}
	if State(e.State) == StatePending && !r.book.Now().Before(e.Due) {
		return e, refuse(CodeLate, nil, clauses()...)
	}
	if resp.Code != "" { // counted before the source is asked, and nobody else asks meanwhile: guesses at the same time are not free
		if e, err = r.take(ctx, by, id, 1); err != nil {
			return e, err
		}
	}
	var s sealed
	if ok, err := r.book.Open(e, &s); err != nil || !ok || s.Begun == nil {
		return e, errors.Join(&colophon.Error{Kind: colophon.Missing, Code: CodeUnreadable}, err)
	}
	ask, cancel := context.WithTimeout(ctx, r.config.Patience)
	defer cancel()
	answer, failed := l.Complete(ask, *s.Begun, resp)
	ctx = context.WithoutCancel(ctx)
	if resp.Code != "" {
		return r.guessed(ctx, by, e, *s.Begun, answer, failed)
	}
	switch {
	case failed != nil && len(resp.Body) > 0:
		return e, &colophon.Error{Kind: colophon.Refused, Code: CodeCallBack, Err: failed}
	case failed != nil || answer.Result == Waiting:
		return e, nil
	}
	if e, err = r.take(ctx, by, id, 0); err != nil {
		return e, err
	}
	return r.settle(ctx, by, e, understood(l.Facts(), answer), "")
}

// guessed goes on with a verification for which a person typed a code. An error of the source is no try.
func (r *Registrar) guessed(ctx context.Context, by ledger.By, e Entry, begun Begun, answer Answer, failed error) (Entry, error) {
	switch {
	case failed != nil:
		return r.again(ctx, by, e.ID, begun.Until, 1)
	case answer.Result == Waiting && e.Value.Tries < mostGuesses:
		return r.again(ctx, by, e.ID, begun.Until, 0)
	case answer.Result == Waiting:
		return r.finish(ctx, by, e.ID, outcome{Answer: Answer{Result: Mismatch}, state: StateFailed, reason: CodeGuesses})
	}
	return r.settle(ctx, by, e, understood(r.facts(e.Value.Source), answer), "")
}

// take takes a verification that waits, so that nobody else completes it.
func (r *Registrar) take(ctx context.Context, by ledger.By, id string, try int) (Entry, error) {
	return r.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := step(e, StateAsked); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Tries += try
		e.Due = r.book.Now().Add(2*r.config.Patience + time.Minute)
		return act(RecordTried, by, *e), nil
	})
}

// again lets a verification wait for another try, and takes back tries that were none.
func (r *Registrar) again(ctx context.Context, by ledger.By, id string, until time.Time, back int) (Entry, error) {
	return r.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := step(e, StatePending); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Tries -= back
		e.Due = until
		return act(RecordTried, by, *e), nil
	})
}

// Attestation is what the provider's backend says that it verified by itself.
type Attestation struct {
	Level       Level
	Method      Method
	Provider    string    // who verified: the name of a service, as a word
	Transaction string    // its identifier there, which is good for one account once
	At          time.Time // when
	Minor       Minor     // what a number says goes before
	Claim       Claim     // may be empty; then one person with many accounts can't be seen
}

// soon is how far the clocks of others may be ahead.
const soon = 5 * time.Minute

// attested checks an attestation and makes the entry of it.
func (r *Registrar) attested(by ledger.By, account evidence.Subject, a Attestation) (Entry, known, error) {
	now := r.book.Now()
	switch {
	case a.Level == None || int(a.Level) >= len(levels):
		return Entry{}, known{}, invalid("level")
	case !slices.Contains(methods(), a.Method) || a.Level == Organisation != (a.Method == USCC) || a.Method == Phone && a.Level != PhoneNumber:
		return Entry{}, known{}, invalid("method")
	case !word(a.Provider):
		return Entry{}, known{}, invalid("provider")
	case plain(a.Transaction) == "" || a.Claim.in(a.Transaction):
		return Entry{}, known{}, invalid("transaction")
	case a.At.IsZero() || a.At.After(now.Add(soon)):
		return Entry{}, known{}, invalid("at")
	case !slices.Contains(minors(), a.Minor):
		return Entry{}, known{}, invalid("minor")
	case a.Claim.Number != "" && a.Claim.Kind != a.Method:
		return Entry{}, known{}, invalid("kind")
	}
	k, err := a.Claim.check(now)
	if err != nil {
		return Entry{}, known{}, err
	}
	e := r.entry(StateAsked, account, k, by)
	v := &e.Value
	v.Level, v.Method, v.Vouched, v.Source, v.Transaction = a.Level, a.Method, Attested, a.Provider, a.Transaction
	v.Minor = cmp.Or(v.Minor, a.Minor)
	v.Requested = a.At.UTC().Truncate(time.Millisecond)
	if v.Until = r.until(a.Level, v.Requested); over(*v, now) {
		return e, k, invalid("at")
	}
	e.Keys = append(e.Keys, ledger.Key{Name: keyTransaction, Value: r.digest(keyTransaction, a.Provider+"\x00"+a.Transaction), Unique: true, Personal: true})
	return e, k, nil
}

// Attest takes down what the provider's backend vouches for.
func (r *Registrar) Attest(ctx context.Context, by ledger.By, account evidence.Subject, a Attestation) (Entry, error) {
	e, k, err := r.attested(by, account, a)
	if err == nil {
		err = r.fresh(ctx, &e)
	}
	if err == nil {
		err = r.crowded(ctx, e)
	}
	if err != nil {
		return Entry{}, err
	}
	if e, err = r.add(ctx, e, sealed{Masked: k.mask()}, by); err != nil {
		return e, err
	}
	return r.settle(context.WithoutCancel(ctx), by, e, Answer{Result: Match, Level: a.Level, Transaction: a.Transaction, Minor: a.Minor}, "")
}

// fresh refuses what is vouched for where it happened before the account had to be verified anew, though another
// verification took the place of what was recalled. The band of age that is known stays known.
func (r *Registrar) fresh(ctx context.Context, e *Entry) error {
	list, err := r.standing(ctx, e.Subject)
	if err != nil {
		return err
	}
	e.Value.Minor = cmp.Or(e.Value.Minor, band(list))
	return r.book.All(ctx, ledger.Query{Subject: e.Subject, Newest: true}, func(old Entry) error {
		switch recalled := old.Value.Recalled; {
		case closed(old):
			return unknown()
		case !recalled.IsZero() && !e.Value.Requested.After(recalled):
			return refuse(CodeBefore, nil, colophon.ClauseAF22)
		}
		return nil
	})
}

// asked checks what a source is to be asked about, and that it is not asked too often.
func (r *Registrar) asked(ctx context.Context, account evidence.Subject, f Facts, c Claim) (known, error) {
	if account == "" || account == evidence.System {
		return known{}, invalid("account")
	}
	k, err := c.check(r.book.Now())
	if err != nil {
		return k, err
	}
	if field := k.lacks(f.Level); field != "" && !f.Learns {
		return k, invalid(field)
	}
	if m := k.method(); !slices.Contains(f.Methods, m) && !(f.Learns && k.Number == "") {
		return k, &colophon.Error{Kind: colophon.Unsupported, Code: CodeMethod, Args: colophon.Args{"source": f.Name, "method": string(m)}}
	}
	often := []ledger.Query{{Subject: account}}
	if k.Phone != "" {
		often = append(often, ledger.Query{Keys: []ledger.Key{{Name: keyPhone, Value: r.digest(keyPhone, k.Phone)}}})
	}
	for _, q := range often {
		q.Newest, q.Limit = true, r.config.MostTries
		list, err := r.config.Verifications.Find(ctx, q)
		if err != nil {
			return k, err
		}
		if q.Subject != "" && slices.ContainsFunc(list, closed) {
			return k, unknown()
		}
		if len(list) == q.Limit && list[q.Limit-1].Made.After(r.book.Now().Add(-day)) {
			return k, refuse(CodeTries, number("limit", r.config.MostTries), clauses()...)
		}
	}
	return k, nil
}

func (c Claim) method() Method {
	if c.Number == "" {
		return Phone
	}
	return c.Kind
}

// entry begins an entry. One that a source is asked about is over when nobody says what came of it.
func (r *Registrar) entry(state State, account evidence.Subject, k known, by ledger.By) Entry {
	now := r.book.Now()
	e := Entry{Subject: account, State: string(state), Due: now.Add(2*r.config.Patience + time.Minute), Keys: r.keys(k),
		Value: Verification{Method: k.method(), Result: Waiting, Minor: minor(k.born, now), Requested: now, By: by}}
	if k.low {
		e.Value.Assurance = Low
	}
	return e
}

// add stores an entry that was just begun.
func (r *Registrar) add(ctx context.Context, e Entry, s sealed, by ledger.By) (Entry, error) {
	stored, err := r.book.Add(ctx, e, s, act(RecordRequested, by, e))
	if errors.Is(err, ledger.ErrExists) {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeTransaction, Clauses: clauses(), Err: err}
	}
	return stored, err
}

// until is the end of a verification.
func (r *Registrar) until(l Level, from time.Time) time.Time {
	valid := r.config.Valid
	if l == PhoneNumber {
		valid = r.config.ValidPhone
	}
	if valid == 0 {
		return time.Time{}
	}
	return from.Add(valid)
}

func noSource(name string) error {
	if !word(name) {
		return invalid("source")
	}
	return &colophon.Error{Kind: colophon.Unsupported, Code: CodeSource, Args: colophon.Args{"source": name}}
}
