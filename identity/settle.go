package identity

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity/form"
)

// answer asks a source. An error and silence are the same, no answer, and the operator is told why.
func (r *Registrar) answer(ctx context.Context, f Facts, ask func(context.Context) (Answer, error)) (Answer, colophon.Code) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Patience)
	defer cancel()
	a, err := ask(ctx)
	if err != nil {
		return Answer{Result: SourceError}, why(err)
	}
	return understood(f, a), ""
}

// why is the code of an error of a source, if it has one.
func why(err error) colophon.Code {
	var known *colophon.Error
	if errors.As(err, &known) {
		return known.Code
	}
	return ""
}

// understood makes no answer of whatever is not one: a result that there is none of, or a level that the source does not give.
func understood(f Facts, a Answer) Answer {
	a.Transaction, a.CodeRaw, a.Consent = plain(a.Transaction), plain(a.CodeRaw), plain(a.Consent)
	a.Level = cmp.Or(a.Level, f.Level)
	if !slices.Contains([]Result{Match, Mismatch, NoRecord}, a.Result) || !f.Level.Satisfies(a.Level) || !slices.Contains(minors(), a.Minor) {
		return Answer{Result: SourceError, Transaction: a.Transaction, CodeRaw: a.CodeRaw}
	}
	return a
}

// outcome is what is to come of a verification.
type outcome struct {
	Answer
	state      State
	reason     colophon.Code // why a match does not count, or why there is no answer
	supersedes string
	before     Minor // the band of age that was known until now
	learned    known
}

// settle puts a verification that was asked about into the state that follows from an answer. Without one, why says why.
func (r *Registrar) settle(ctx context.Context, by ledger.By, e Entry, a Answer, why colophon.Code) (Entry, error) {
	o, keys := r.weigh(e, a)
	if o.state == StateUndecided {
		o.reason = why
	}
	if o.state == StateValid && len(keys) != len(e.Keys) { // others that ask for the same person must see it before they are counted
		var err error
		e, err = r.book.Change(ctx, e.ID, func(e *Entry) (ledger.Act, error) {
			if State(e.State) != StateAsked || closed(*e) {
				return ledger.Act{}, step(e, StateValid)
			}
			e.Keys = keys
			return act(RecordTried, by, *e), nil
		})
		if err != nil {
			return e, err
		}
	}
	if o.state != StateValid {
		return r.finish(ctx, by, e.ID, o)
	}
	var known *colophon.Error
	if err := r.crowded(ctx, e); errors.As(err, &known) && known.Code == CodeAccounts {
		o.state, o.reason = StateFailed, CodeAccounts
		return r.finish(ctx, by, e.ID, o)
	} else if err != nil {
		return e, err
	}
	return r.accept(ctx, by, e, o)
}

// weigh says what follows from an answer alone, and under which keys the verification is found then.
func (r *Registrar) weigh(e Entry, a Answer) (outcome, []ledger.Key) {
	o := outcome{Answer: a, state: StateFailed}
	switch a.Result {
	case Mismatch, NoRecord:
		return o, nil
	case Match:
	default:
		o.Result, o.state = SourceError, StateUndecided
		return o, nil
	}
	if face := r.facts(e.Value.Source).Face || a.Level == Live; face && e.Value.Vouched == Checked && a.Consent == "" {
		o.reason = CodeFaceConsent
		return o, nil
	}
	var err error
	if o.learned, err = a.Learned.check(r.book.Now()); err != nil { // what it says of the person can't be, so nothing it says counts
		o.Result, o.state = SourceError, StateUndecided
		return o, nil
	}
	keys, same := merge(e.Keys, r.keys(o.learned))
	if !same {
		o.Result = Mismatch
		return o, nil
	}
	if _, ok := personKey(keys); !ok && e.Value.Vouched == Checked { // a match of nobody: one person with many accounts would not be seen
		o.Result, o.state = SourceError, StateUndecided
		return o, nil
	}
	o.state = StateValid
	return o, keys
}

func (r *Registrar) facts(source string) Facts {
	if s, ok := r.sources[source]; ok {
		return s.Facts()
	}
	if l, ok := r.laters[source]; ok {
		return l.Facts()
	}
	return Facts{}
}

// accept makes a verification count, and lets it take the place of those that it covers.
func (r *Registrar) accept(ctx context.Context, by ledger.By, e Entry, o outcome) (Entry, error) {
	older, err := r.standing(ctx, e.Subject)
	if err != nil {
		return e, err
	}
	o.before = band(older)
	v := e.Value
	v.Level = o.Level
	older = slices.DeleteFunc(older, func(old Entry) bool { return !covers(v, old) })
	if len(older) > 0 {
		o.supersedes = older[0].ID
	}
	if e, err = r.finish(ctx, by, e.ID, o); err != nil {
		return e, err
	}
	return e, r.supersede(ctx, by, v, older)
}

// band is the band of age that verifications know: that of the newest, unless an older one of a higher level says otherwise. A
// telephone may be a parent's.
func band(list []Entry) Minor {
	var best Verification
	for _, e := range list {
		if v := e.Value; v.Minor != AgeUnknown && (best.Minor == AgeUnknown || v.Level.Satisfies(best.Level) && !best.Level.Satisfies(v.Level)) {
			best = v
		}
	}
	return best.Minor
}

// supersede ends verifications whose place another one took.
func (r *Registrar) supersede(ctx context.Context, by ledger.By, v Verification, older []Entry) error {
	for _, old := range older {
		_, err := r.book.Change(ctx, old.ID, func(e *Entry) (ledger.Act, error) {
			if !State(e.State).May(StateSuperseded) || !covers(v, *e) {
				return ledger.Act{}, ledger.ErrSame
			}
			e.State, e.Due = string(StateSuperseded), time.Time{}
			return act(RecordSuperseded, by, *e), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// covers reports whether a verification takes the place of another: of one that its level satisfies, and of any that was
// recalled before it was asked for.
func covers(v Verification, old Entry) bool {
	return !after(v, old) && (State(old.State) == StateRecalled || v.Level.Satisfies(old.Value.Level))
}

// finish takes down what came of a verification.
func (r *Registrar) finish(ctx context.Context, by ledger.By, id string, o outcome) (Entry, error) {
	return r.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := step(e, o.state); err != nil {
			return ledger.Act{}, err
		}
		v := &e.Value
		v.Result, v.Reason, v.Decided, v.Consent, v.CodeRaw = o.Result, string(o.reason), r.book.Now(), o.Consent, o.CodeRaw
		v.Transaction = cmp.Or(v.Transaction, o.Transaction)
		v.Supersedes = o.supersedes
		e.Due = time.Time{}
		if o.state == StateValid {
			r.count(e, o)
		} else {
			free(e)
		}
		return act(RecordDecided, by, *e), r.reseal(e, o.learned.mask())
	})
}

// count fills in what a match is worth, and until when.
func (r *Registrar) count(e *Entry, o outcome) {
	v := &e.Value
	v.Level = o.Level
	if o.learned.Number != "" {
		v.Method = o.learned.Kind
	}
	v.Minor = cmp.Or(minor(o.learned.born, v.Decided), v.Minor, o.Minor, o.before)
	if o.learned.low {
		v.Assurance = Low
	}
	if !slices.Contains([]Level{PhoneNumber, ThreeFactor, FourFactor}, v.Level) {
		v.Assurance = Normal
	}
	if v.Vouched == Checked {
		v.Until = r.until(v.Level, v.Decided)
	}
	e.Due = v.Until
}

// free lets the transaction of a verification that does not count be used again.
func free(e *Entry) {
	e.Keys = slices.DeleteFunc(slices.Clone(e.Keys), func(k ledger.Key) bool { return k.Name == keyTransaction })
}

// reseal keeps the masked part of what was sealed, with what a source learned, and drops the rest.
func (r *Registrar) reseal(e *Entry, learned Masked) error {
	var s sealed
	ok, err := r.book.Open(*e, &s)
	if err != nil || !ok {
		return err
	}
	return r.book.Secret(e, sealed{Masked: s.Masked.merge(learned)})
}

// maxPlain is the longest identifier of others that is kept, in bytes.
const maxPlain = 128

// plain returns an identifier of others as it is, or "" where it is none, or could hold the number of a person.
func plain(s string) string {
	strange := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._:/-", r)
	}
	if len(s) > maxPlain || strings.ContainsFunc(s, strange) || personal(s) {
		return ""
	}
	return s
}

// personal reports whether a part of an identifier could be the number of a person.
func personal(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("._:/-", r) })
	return form.Personal(s) || slices.ContainsFunc(parts, form.Personal)
}
