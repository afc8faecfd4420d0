package identity

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Codes of errors, and of reasons why a match does not count. Their arguments name no person and no number.
const (
	CodeInvalid     colophon.Code = "identity-field"        // arg "field"
	CodeMissing     colophon.Code = "identity-missing"      // there is no such verification
	CodeUnknown     colophon.Code = "identity-unknown"      // the account was never seen here, or was erased
	CodeSource      colophon.Code = "identity-source"       // arg "source": there is none of this name that works in this way
	CodeMethod      colophon.Code = "identity-method"       // args "source", "method": the source can't verify this
	CodeTries       colophon.Code = "identity-tries"        // arg "limit": too many verifications were begun within a day
	CodeAccounts    colophon.Code = "identity-accounts"     // arg "limit": the person has as many accounts as are allowed
	CodeTransaction colophon.Code = "identity-transaction"  // the transaction vouches for a verification already
	CodeBefore      colophon.Code = "identity-before"       // what is vouched for happened before the account had to be verified anew
	CodeStep        colophon.Code = "identity-step"         // args "from", "to": the state machine has no such step
	CodeLate        colophon.Code = "identity-late"         // the time to complete it is over
	CodeFaceOnly    colophon.Code = "identity-face-only"    // every source compares faces
	CodeFaceConsent colophon.Code = "identity-face-consent" // a face was compared without a consent that is named
	CodeCallBack    colophon.Code = "identity-call-back"    // it is not genuine, or not understood
	CodeGuesses     colophon.Code = "identity-guesses"      // too many wrong codes
	CodeUnreadable  colophon.Code = "identity-unreadable"   // what was sealed is erased, restricted or was never there
)

// Types of records. Their payload is the verification, or the import, as it is then.
const (
	RecordRequested  evidence.Type = "identity.requested"
	RecordTried      evidence.Type = "identity.tried"
	RecordDecided    evidence.Type = "identity.decided"
	RecordSuperseded evidence.Type = "identity.superseded"
	RecordRecheck    evidence.Type = "identity.recheck"
	RecordOver       evidence.Type = "identity.over"
	RecordRead       evidence.Type = "identity.read"
	RecordProposed   evidence.Type = "identity.import-proposed"
	RecordApproved   evidence.Type = "identity.import-approved"
	RecordRejected   evidence.Type = "identity.import-rejected"
	RecordImportOver evidence.Type = "identity.import-over"
)

// Accounts gives accounts their pseudonyms.
type Accounts interface {
	// Find returns the pseudonym of an account, or "" for one that was never seen.
	Find(ctx context.Context, account string) (evidence.Subject, error)
	// Subject returns the pseudonym of an account, and draws one for an account that is new.
	Subject(ctx context.Context, account string) (evidence.Subject, error)
}

// Config is what a [Registrar] is made of.
type Config struct {
	Verifications ledger.Store[Verification]
	Imports       ledger.Store[Import]
	Recorder      *evidence.Recorder
	Keys          ledger.Unsealer
	Secret        []byte // 32 bytes, the same on all nodes and for all time: digests are made with it
	Accounts      Accounts
	Sources       []Source
	Laters        []Later
	// MostAccounts is how many accounts one person may have verified; 0 for any number. It does not bind organisations.
	MostAccounts int
	// MostTries is how many verifications an account, or a telephone number, may begin within a day; 0 for 10.
	MostTries int
	// Valid is how long a verification counts, and ValidPhone one by telephone alone; 0 for no end.
	Valid, ValidPhone time.Duration
	// Patience is how long a source may take to answer; 0 for 15 seconds.
	Patience time.Duration
}

// Names of the ledgers in the store.
const (
	VerificationLedger = "verification"
	ImportLedger       = "verification-import"
)

const (
	secretSize = 32
	// day is how long a verification that was begun counts against MostTries.
	day = 24 * time.Hour
	// longestWait is how long a verification may wait for a person, and usualWait how long it does where its source does not say.
	longestWait, usualWait = 24 * time.Hour, 30 * time.Minute
	// mostGuesses is how often a person may answer wrongly.
	mostGuesses = 5
	tries       = 16
	system      = evidence.Role("system")
	sealUse     = "colophon/identity/v1\x00"
	importUse   = "colophon/identity-import/v1\x00"
)

// Registrar verifies accounts. It is safe for use by many goroutines.
type Registrar struct {
	config  Config
	book    *ledger.Book[Verification]
	imports *ledger.Book[Import]
	sources map[string]Source
	laters  map[string]Later
}

// NewRegistrar makes a registrar. Where one source compares faces, another must be there that does not.
func NewRegistrar(c Config) (*Registrar, error) {
	if c.Verifications == nil || c.Imports == nil || c.Recorder == nil || c.Keys == nil || c.Accounts == nil || len(c.Secret) != secretSize {
		return nil, errors.New("identity: a required part of the configuration is missing")
	}
	if c.MostTries == 0 {
		c.MostTries = 10
	}
	if c.Patience == 0 {
		c.Patience = 15 * time.Second
	}
	r := &Registrar{config: c, sources: map[string]Source{}, laters: map[string]Later{},
		book:    &ledger.Book[Verification]{Store: c.Verifications, Recorder: c.Recorder, Keys: c.Keys, Use: sealUse, Missing: CodeMissing},
		imports: &ledger.Book[Import]{Store: c.Imports, Recorder: c.Recorder, Keys: c.Keys, Use: importUse, Missing: CodeImportMissing}}
	for _, s := range c.Sources {
		r.sources[s.Facts().Name] = s
	}
	for _, l := range c.Laters {
		r.laters[l.Facts().Name] = l
	}
	now, later := r.Sources()
	all := append(now, later...)
	for _, f := range all {
		if !word(f.Name) || f.Level == None || len(f.Methods) == 0 || r.sources[f.Name] != nil && r.laters[f.Name] != nil {
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeSource, Args: colophon.Args{"source": f.Name}}
		}
	}
	if len(r.sources)+len(r.laters) != len(c.Sources)+len(c.Laters) {
		return nil, invalid("source")
	}
	face := func(f Facts) bool { return f.Face }
	if slices.ContainsFunc(all, face) && !slices.ContainsFunc(all, func(f Facts) bool { return !f.Face && f.Level.Satisfies(TwoFactor) && f.Level != Organisation }) {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeFaceOnly, Clauses: []colophon.Clause{colophon.ClauseFR10}}
	}
	return r, nil
}

// Sources returns the facts of the sources that answer now, and of those that answer later, in the order of the configuration.
func (r *Registrar) Sources() (now, later []Facts) {
	for _, s := range r.config.Sources {
		now = append(now, s.Facts())
	}
	for _, l := range r.config.Laters {
		later = append(later, l.Facts())
	}
	return now, later
}

// Account is what is known about an account now.
type Account struct {
	Subject      evidence.Subject
	Level        Level  // None for one that nobody verified, whose verification is over, or that is to be verified anew
	Verification string // the one that counts; with Recheck the one that no longer does
	Method       Method
	Vouched      Vouched
	Assurance    Assurance
	Until        time.Time // zero for no end
	Minor        Minor
	Recheck      bool // to be verified anew (Anti-Telecom and Online Fraud Law Art. 22)
}

// Account returns what is known about an account now. It reads the store once.
func (r *Registrar) Account(ctx context.Context, subject evidence.Subject) (Account, error) {
	list, err := r.standing(ctx, subject)
	if err != nil {
		return Account{}, err
	}
	return judge(subject, list, r.book.Now()), nil
}

// Find returns the pseudonym of an account by the provider's own identifier.
func (r *Registrar) Find(ctx context.Context, account string) (evidence.Subject, error) {
	subject, err := r.config.Accounts.Find(ctx, account)
	if err == nil && subject == "" {
		err = unknown()
	}
	return subject, err
}

// standing returns what counts of an account, or counted until it was recalled, the newest first.
func (r *Registrar) standing(ctx context.Context, subject evidence.Subject) ([]Entry, error) {
	if subject == "" || subject == evidence.System {
		return nil, invalid("account")
	}
	return r.config.Verifications.Find(ctx, ledger.Query{Subject: subject, States: []string{string(StateValid), string(StateRecalled)}, Newest: true})
}

// judge computes what an account is worth from its verifications, the newest first. The highest level that is not over
// counts; of two that don't satisfy each other the newer one. A verification that was recalled stands for nothing, and a
// newer one that is valid has taken its place. One that was asked for before the recall, and came in beside it, does not.
func judge(subject evidence.Subject, list []Entry, now time.Time) Account {
	a := Account{Subject: subject}
	list = slices.DeleteFunc(list, closed)
	for _, e := range list {
		v := e.Value
		if State(e.State) != StateValid || over(v, now) || slices.ContainsFunc(list, func(o Entry) bool { return after(v, o) }) {
			continue
		}
		if v.Level.Satisfies(a.Level) && !a.Level.Satisfies(v.Level) {
			a = Account{Subject: subject, Level: v.Level, Verification: e.ID, Method: v.Method, Vouched: v.Vouched, Assurance: v.Assurance, Until: v.Until}
		}
	}
	a.Minor = band(list)
	for _, e := range list {
		if a.Level == None && State(e.State) == StateRecalled {
			return Account{Subject: subject, Verification: e.ID, Minor: a.Minor, Recheck: true}
		}
	}
	return a
}

// after reports whether an account was to be verified anew after a verification was asked for.
func after(v Verification, old Entry) bool {
	return State(old.State) == StateRecalled && v.Requested.Before(old.Value.Recalled)
}

// closed reports whether the account was erased, or is kept for a period alone: nobody processes what is kept of it.
func closed(e Entry) bool { return e.Kept == ledger.Erased || e.Kept == ledger.Restricted }

func over(v Verification, now time.Time) bool { return !v.Until.IsZero() && !now.Before(v.Until) }

// Verification returns one verification.
func (r *Registrar) Verification(ctx context.Context, id string) (Entry, error) {
	return r.book.Get(ctx, id)
}

// Verifications returns a page of verifications, the newest first, and the identifier after which the next page begins.
func (r *Registrar) Verifications(ctx context.Context, q ledger.Query) ([]Entry, string, error) {
	q.Newest = true
	return r.book.Page(ctx, q)
}

// Alike returns the accounts, other than its own, that are verified with the number of a verification, or with its telephone
// number where it has none.
func (r *Registrar) Alike(ctx context.Context, id string) ([]evidence.Subject, error) {
	e, err := r.book.Get(ctx, id)
	if err != nil || closed(e) {
		return nil, err
	}
	return r.others(ctx, e.Subject, e.Keys, false)
}

// others returns the other accounts that have the person of some keys. Those that are being verified at this moment count
// with asked, so that of two at the same time not both get in.
func (r *Registrar) others(ctx context.Context, subject evidence.Subject, keys []ledger.Key, asked bool) ([]evidence.Subject, error) {
	key, ok := personKey(keys)
	if !ok {
		return nil, nil
	}
	states := []string{string(StateValid), string(StateRecalled)}
	if asked {
		states = append(states, string(StateAsked))
	}
	var list []evidence.Subject
	now := r.book.Now()
	err := r.book.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: key.Name, Value: key.Value}}, States: states}, func(e Entry) error {
		if e.Subject != subject && !closed(e) && !over(e.Value, now) && !slices.Contains(list, e.Subject) {
			list = append(list, e.Subject)
		}
		return nil
	})
	return list, err
}

// crowded refuses one account more of a person than are allowed.
func (r *Registrar) crowded(ctx context.Context, e Entry) error {
	if r.config.MostAccounts == 0 || e.Value.Method == USCC {
		return nil
	}
	others, err := r.others(ctx, e.Subject, e.Keys, true)
	if err == nil && len(others) >= r.config.MostAccounts {
		err = refuse(CodeAccounts, number("limit", r.config.MostAccounts), colophon.ClauseDS9, colophon.ClauseAF22)
	}
	return err
}

// Masked returns what may be shown of the number and names of a verification. That somebody read it is recorded.
func (r *Registrar) Masked(ctx context.Context, by ledger.By, id string) (Masked, error) {
	e, err := r.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		return ledger.Act{Type: RecordRead, Role: by.Role, Clauses: clauses(), Payload: map[string]any{"id": e.ID, "by": by}}, nil
	})
	if err != nil {
		return Masked{}, err
	}
	var s sealed
	ok, err := r.book.Open(e, &s)
	if err == nil && !ok {
		err = &colophon.Error{Kind: colophon.Missing, Code: CodeUnreadable}
	}
	return s.Masked, err
}

// sealed is what is sealed in a verification.
type sealed struct {
	Masked
	Begun *Begun `json:"begun,omitempty"` // until it is completed
}

// Recheck has an account count as unverified from now on, until it is verified anew. What was begun is over. The reason is a
// word. An account that nobody verified stays as it is.
func (r *Registrar) Recheck(ctx context.Context, by ledger.By, account evidence.Subject, reason string) (Account, error) {
	if !word(reason) {
		return Account{}, invalid("reason")
	}
	if account == "" || account == evidence.System {
		return Account{}, invalid("account")
	}
	for range tries {
		list, err := r.config.Verifications.Find(ctx, ledger.Query{Subject: account, States: []string{string(StateValid), string(StatePending), string(StateAsked)}})
		if err != nil {
			return Account{}, err
		}
		now := r.book.Now()
		ids := []string{}
		for i := range list {
			e := &list[i]
			ids = append(ids, e.ID)
			e.Changed = now
			if State(e.State) == StateValid {
				e.State, e.Value.Recalled, e.Due = string(StateRecalled), now, time.Time{}
			} else {
				end(e, StateOver, Expired, now)
			}
		}
		if len(list) == 0 {
			return r.Account(ctx, account)
		}
		rec, err := r.config.Recorder.New(RecordRecheck, account, by.Role, []colophon.Clause{colophon.ClauseAF22, colophon.ClauseDS9}, map[string]any{"verifications": ids, "reason": reason, "by": by})
		if err != nil {
			return Account{}, err
		}
		err = r.config.Verifications.Amend(ctx, rec, list...)
		switch {
		case err == nil:
			return r.Account(ctx, account)
		case errors.Is(err, ledger.ErrForgotten):
			r.config.Recorder.Forget(account)
		case !errors.Is(err, ledger.ErrChanged):
			return Account{}, err
		}
	}
	return Account{}, &colophon.Error{Kind: colophon.Conflict, Code: ledger.CodeChanged}
}

// Sweep ends what nobody completed or decided in time, and verifications whose period is over.
func (r *Registrar) Sweep(ctx context.Context) error {
	now := r.book.Now()
	err := r.book.All(ctx, ledger.Query{Due: now, States: []string{string(StatePending), string(StateAsked), string(StateValid)}}, func(e Entry) error {
		_, err := r.book.Change(ctx, e.ID, func(e *Entry) (ledger.Act, error) {
			if e.Due.IsZero() || e.Due.After(now) || !State(e.State).May(StateOver) {
				return ledger.Act{}, ledger.ErrSame
			}
			result := Expired
			if State(e.State) == StateValid {
				result = e.Value.Result
			}
			return r.ended(e, StateOver, result, RecordOver, ledger.By{Role: system})
		})
		return err
	})
	return errors.Join(err, r.sweepImports(ctx, now))
}

// end puts a verification into a state in which it no longer waits for anything. What was sealed for its completion goes.
func end(e *Entry, to State, result Result, now time.Time) {
	if e.Value.Result == Waiting {
		e.Sealed = nil
		free(e)
	}
	e.State, e.Due, e.Value.Result = string(to), time.Time{}, result
	if e.Value.Decided.IsZero() {
		e.Value.Decided = now
	}
}

func (r *Registrar) ended(e *Entry, to State, result Result, typ evidence.Type, by ledger.By) (ledger.Act, error) {
	if err := step(e, to); err != nil {
		return ledger.Act{}, err
	}
	end(e, to, result, r.book.Now())
	return act(typ, by, *e), nil
}

// step refuses what the table of states does not have, and to go on with the verification of an account that was erased
// meanwhile: nothing of the person comes back. It can only end.
func step(e *Entry, to State) error {
	if closed(*e) && to != StateOver {
		return unknown()
	}
	if !State(e.State).May(to) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(to)}}
	}
	e.State = string(to)
	return nil
}

func act(typ evidence.Type, by ledger.By, e Entry) ledger.Act {
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: struct {
		ID    string    `json:"id"`
		State string    `json:"state"`
		By    ledger.By `json:"actor"`
		Verification
	}{e.ID, e.State, by, e.Value}}
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS9} }

func number(name string, n int) colophon.Args { return colophon.Args{name: strconv.Itoa(n)} }

func refuse(code colophon.Code, args colophon.Args, clauses ...colophon.Clause) error {
	return &colophon.Error{Kind: colophon.Refused, Code: code, Args: args, Clauses: clauses}
}

func unknown() error { return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

const maxWord = 64

// word reports whether s is made of lower-case letters, digits and hyphens, and holds no number of a person.
func word(s string) bool {
	return s != "" && !personal(s) && len(s) <= maxWord && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' })
}
