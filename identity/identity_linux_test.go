package identity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// What is claimed in these tests. No trace of it may be found afterwards.
const (
	numberA = "11010519491231002X"
	numberB = "440300200002290019"
	nameA   = "欧阳青岚"
	phoneA  = "13812345678"
	cardA   = "6222020000000000000"
)

var (
	officer = ledger.By{Role: "officer", ID: "o1"}
	second  = ledger.By{Role: "officer", ID: "o2"}
	user    = ledger.By{Role: "user"}
	claimA  = identity.Claim{Kind: identity.ResidentID, Number: numberA, Name: nameA, Phone: phoneA}
)

// source answers what it is told to.
type source struct {
	facts  identity.Facts
	answer func(context.Context, identity.Claim) (identity.Answer, error)
	asked  atomic.Int64
}

func (s *source) Facts() identity.Facts { return s.facts }

func (s *source) Check(ctx context.Context, c identity.Claim) (identity.Answer, error) {
	s.asked.Add(1)
	return s.answer(ctx, c)
}

func (s *source) says(a identity.Answer, err error) {
	s.answer = func(context.Context, identity.Claim) (identity.Answer, error) { return a, err }
}

// later sends the code 47110815, and asks whoever looks into it what else it is to say.
type later struct {
	facts  identity.Facts
	begin  error
	sent   func()
	answer func(identity.Begun, identity.Response) (identity.Answer, error)
}

func (l *later) Facts() identity.Facts { return l.facts }

func (l *later) Begin(_ context.Context, s identity.Start) (identity.Begun, error) {
	if l.sent != nil {
		l.sent()
	}
	return identity.Begun{Sent: "138", State: []byte("state of " + s.ID)}, l.begin
}

func (l *later) Complete(_ context.Context, b identity.Begun, r identity.Response) (identity.Answer, error) {
	return l.answer(b, r)
}

type bench struct {
	*testing.T
	config   store.Config
	store    *store.Store
	clock    *storetest.Clock
	recorder *evidence.Recorder
	who      *accounts.Accounts
	settings identity.Config
	two      *source
	three    *source
	sms      *later
	sign     *later
	r        *identity.Registrar
}

func open(t *testing.T, set func(*identity.Config)) *bench {
	t.Helper()
	b := &bench{T: t, clock: storetest.NewClock(), config: storetest.SQLite(t)}
	b.config.Keys, b.config.Now = storetest.Keys(t, "first"), b.clock.Now
	b.store = storetest.Open(t, b.config)
	b.recorder = storetest.Recorder(t, b.config.Keys, b.clock.Now)
	b.who = accounts.New(b.store, b.recorder, bytes.Repeat([]byte{7}, 32))
	people := []identity.Method{identity.ResidentID, identity.HKMacauPermit}
	b.two = &source{facts: identity.Facts{Name: "two", Level: identity.TwoFactor, Methods: append(people, identity.USCC)}}
	b.three = &source{facts: identity.Facts{Name: "three", Level: identity.ThreeFactor, Methods: people}}
	b.sms = &later{facts: identity.Facts{Name: "sms", Level: identity.PhoneNumber, Methods: []identity.Method{identity.Phone}}}
	b.sign = &later{facts: identity.Facts{Name: "sign", Level: identity.NetworkID, Methods: []identity.Method{identity.NetworkIdentity}, Learns: true}}
	b.two.says(identity.Answer{Result: identity.Match, Transaction: "t-1", CodeRaw: "1"}, nil)
	b.three.says(identity.Answer{Result: identity.Match}, nil)
	b.sms.answer = func(_ identity.Begun, r identity.Response) (identity.Answer, error) {
		if r.Code != "47110815" {
			return identity.Answer{Result: identity.Waiting}, nil
		}
		return identity.Answer{Result: identity.Match}, nil
	}
	b.settings = identity.Config{Verifications: ledgers.Of[identity.Verification](b.store, "identity"), Imports: ledgers.Of[identity.Import](b.store, "identity-import"),
		Recorder: b.recorder, Keys: b.config.Keys, Secret: bytes.Repeat([]byte{9}, 32), Accounts: b.who, MostAccounts: 2, Valid: 1000 * 24 * time.Hour, ValidPhone: 100 * 24 * time.Hour,
		Sources: []identity.Source{b.two, b.three}, Laters: []identity.Later{b.sms, b.sign}}
	if set != nil {
		set(&b.settings)
	}
	var err error
	b.r, err = identity.NewRegistrar(b.settings)
	b.no(err)
	return b
}

func (b *bench) no(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) code(err error, code colophon.Code) {
	b.Helper()
	storetest.WantCode(b, err, code)
}

func (b *bench) account(name string) evidence.Subject {
	b.Helper()
	s, err := b.who.Subject(b.Context(), name)
	b.no(err)
	return s
}

func (b *bench) pass(d time.Duration) { b.clock.Set(b.clock.Now().Add(d)) }

// level checks what an account is worth.
func (b *bench) level(account evidence.Subject, want identity.Level) identity.Account {
	b.Helper()
	a, err := b.r.Account(b.Context(), account)
	b.no(err)
	if a.Level != want {
		b.Errorf("the account has level %s, want %s", a.Level, want)
	}
	return a
}

func (b *bench) verify(account evidence.Subject, source string, c identity.Claim) identity.Entry {
	b.Helper()
	e, err := b.r.Verify(b.Context(), officer, account, source, c)
	b.no(err)
	return e
}

func (b *bench) state(e identity.Entry, state identity.State, result identity.Result) {
	b.Helper()
	e, err := b.r.Verification(b.Context(), e.ID)
	b.no(err)
	if identity.State(e.State) != state || e.Value.Result != result {
		b.Errorf("the verification is %s by %s, want %s by %s", e.State, e.Value.Result, state, result)
	}
}

func TestVerify(t *testing.T) {
	b := open(t, nil)
	a := b.account("a")
	b.level(a, identity.None)
	e := b.verify(a, "two", claimA)
	b.state(e, identity.StateValid, identity.Match)
	got := b.level(a, identity.TwoFactor)
	want := identity.Account{Subject: a, Level: identity.TwoFactor, Verification: e.ID, Method: identity.ResidentID, Vouched: identity.Checked, Until: b.clock.Now().Add(b.settings.Valid), Minor: identity.Adult}
	if got != want {
		t.Errorf("%+v", got)
	}
	if v := e.Value; v.Source != "two" || v.Transaction != "t-1" || v.CodeRaw != "1" || !v.Decided.Equal(b.clock.Now()) {
		t.Errorf("%+v", v)
	}
	m, err := b.r.Masked(t.Context(), officer, e.ID)
	b.no(err)
	if m != (identity.Masked{Number: "1****************X", Name: "欧***", Phone: "138******78"}) {
		t.Errorf("%+v", m)
	}
	// A higher level takes the place of a lower one; a lower one changes nothing.
	b.pass(time.Hour)
	up := b.verify(a, "three", claimA)
	b.state(e, identity.StateSuperseded, identity.Match)
	if up.Value.Supersedes != e.ID {
		t.Errorf("supersedes %q", up.Value.Supersedes)
	}
	b.pass(time.Hour)
	b.verify(a, "two", claimA)
	if got := b.level(a, identity.ThreeFactor); got.Verification != up.ID {
		t.Errorf("%s counts", got.Verification)
	}
	// When the period of the higher one is over the lower one counts, and then nothing.
	b.clock.Set(got.Until.Add(time.Hour))
	b.level(a, identity.TwoFactor)
	b.pass(time.Hour)
	b.level(a, identity.None)
	b.no(b.r.Sweep(t.Context()))
	b.state(up, identity.StateOver, identity.Match)
	b.clean()
}

// TestNoUpgrade tries everything that is no match: none makes an account more, and none makes it less.
func TestNoUpgrade(t *testing.T) {
	b := open(t, func(c *identity.Config) { c.MostTries, c.Patience = 100, 50*time.Millisecond })
	good, bare := b.account("good"), b.account("bare")
	first := b.verify(good, "two", claimA)
	for i, c := range []struct {
		answer identity.Answer
		err    error
		state  identity.State
		result identity.Result
	}{
		{identity.Answer{Result: identity.Mismatch}, nil, identity.StateFailed, identity.Mismatch},
		{identity.Answer{Result: identity.NoRecord}, nil, identity.StateFailed, identity.NoRecord},
		{identity.Answer{Result: identity.SourceError}, nil, identity.StateUndecided, identity.SourceError},
		{identity.Answer{Result: identity.Match}, errors.New("and yet an error"), identity.StateUndecided, identity.SourceError},
		{identity.Answer{Result: identity.Waiting}, nil, identity.StateUndecided, identity.SourceError},
		{identity.Answer{}, nil, identity.StateUndecided, identity.SourceError},
		{identity.Answer{Result: "MATCH"}, nil, identity.StateUndecided, identity.SourceError},
		{identity.Answer{Result: identity.Match, Level: identity.Live}, nil, identity.StateUndecided, identity.SourceError},
		{identity.Answer{Result: identity.Match, Level: 99}, nil, identity.StateUndecided, identity.SourceError},
		{identity.Answer{Result: identity.Match, Minor: "old"}, nil, identity.StateUndecided, identity.SourceError},
		{identity.Answer{Result: identity.Match, Learned: identity.Claim{Kind: identity.ResidentID, Number: numberB}}, nil, identity.StateFailed, identity.Mismatch},
		{identity.Answer{Result: identity.Match, Learned: identity.Claim{Kind: identity.ResidentID, Number: "1"}}, nil, identity.StateUndecided, identity.SourceError},
	} {
		b.three.says(c.answer, c.err)
		for _, account := range []evidence.Subject{good, bare} {
			e := b.verify(account, "three", claimA)
			b.state(e, c.state, c.result)
			b.pass(time.Second)
			if t.Failed() {
				t.Fatalf("case %d", i)
			}
		}
		b.level(bare, identity.None)
		if a := b.level(good, identity.TwoFactor); a.Verification != first.ID || a.Recheck {
			t.Fatalf("case %d: %+v", i, a)
		}
	}
	// A source that does not answer in time.
	b.three.answer = func(ctx context.Context, _ identity.Claim) (identity.Answer, error) {
		<-ctx.Done()
		return identity.Answer{Result: identity.Match}, ctx.Err()
	}
	b.state(b.verify(bare, "three", claimA), identity.StateUndecided, identity.SourceError)
	b.level(bare, identity.None)
	b.clean()
}

// TestGone has whoever asked go away while the source is asked: what came of it is stored all the same.
func TestGone(t *testing.T) {
	b := open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	b.two.answer = func(context.Context, identity.Claim) (identity.Answer, error) {
		cancel()
		return identity.Answer{Result: identity.Match}, nil
	}
	a := b.account("a")
	e, err := b.r.Verify(ctx, officer, a, "two", claimA)
	b.no(err)
	b.state(e, identity.StateValid, identity.Match)
}

func TestBadClaims(t *testing.T) {
	b := open(t, nil)
	a := b.account("a")
	for _, c := range []struct {
		source string
		claim  identity.Claim
		code   colophon.Code
	}{
		{"none", claimA, identity.CodeSource},
		{"sms", claimA, identity.CodeSource},
		{"two", identity.Claim{}, identity.CodeInvalid},
		{"two", identity.Claim{Kind: identity.ResidentID, Number: numberA}, identity.CodeInvalid},
		{"two", identity.Claim{Kind: identity.ResidentID, Number: "110105194912310021", Name: nameA}, "form-check"},
		{"two", identity.Claim{Kind: identity.ResidentID, Number: numberA, Name: "王1"}, "form-name-character"},
		{"two", identity.Claim{Kind: identity.Passport, Number: "E1234567", Name: nameA}, identity.CodeMethod},
		{"two", identity.Claim{Kind: "other", Number: numberA, Name: nameA}, identity.CodeInvalid},
		{"three", identity.Claim{Kind: identity.ResidentID, Number: numberA, Name: nameA}, identity.CodeInvalid},
		{"three", identity.Claim{Kind: identity.ResidentID, Number: numberA, Name: nameA, Phone: "1"}, "form-phone"},
	} {
		_, err := b.r.Verify(t.Context(), officer, a, c.source, c.claim)
		b.code(err, c.code)
		for _, secret := range []string{numberA, nameA, "110105194912310021", phoneA} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error %v holds %s", err, secret)
			}
		}
	}
	if n := b.two.asked.Load() + b.three.asked.Load(); n > 0 {
		t.Errorf("sources were asked %d times", n)
	}
	for _, none := range []evidence.Subject{"", evidence.System} {
		_, err := b.r.Verify(t.Context(), officer, none, "two", claimA)
		b.code(err, identity.CodeInvalid)
		_, err = b.r.Account(t.Context(), none)
		b.code(err, identity.CodeInvalid)
		_, err = b.r.Attest(t.Context(), officer, none, attestation(b, "t"))
		b.code(err, identity.CodeInvalid)
	}
}

// TestOnePerson gives one person more accounts than are allowed, one after the other, and then at once.
func TestOnePerson(t *testing.T) {
	b := open(t, nil)
	first := b.verify(b.account("a0"), "two", claimA)
	b.verify(b.account("a1"), "two", claimA)
	b.verify(b.account("a1"), "two", claimA) // the same account again is no other one
	asked := b.two.asked.Load()
	_, err := b.r.Verify(t.Context(), officer, b.account("a2"), "two", claimA)
	b.code(err, identity.CodeAccounts)
	var e *colophon.Error
	if !errors.As(err, &e) || !slices.Contains(e.Clauses, colophon.ClauseDS9) || e.Kind != colophon.Refused {
		t.Errorf("%+v", e)
	}
	if b.two.asked.Load() != asked {
		t.Error("the source was asked")
	}
	_, err = b.r.Attest(t.Context(), officer, b.account("a2"), func() identity.Attestation { a := attestation(b, "t2"); a.Claim = claimA; return a }())
	b.code(err, identity.CodeAccounts)
	alike, err := b.r.Alike(t.Context(), first.ID)
	b.no(err)
	if !slices.Equal(alike, []evidence.Subject{b.account("a1")}) {
		t.Errorf("alike are %v", alike)
	}
	// A network identity that a source finds out by itself counts as well.
	b.sign.answer = func(identity.Begun, identity.Response) (identity.Answer, error) {
		return identity.Answer{Result: identity.Match, Learned: identity.Claim{Kind: identity.NetworkIdentity, Number: "n-17"}}, nil
	}
	for i, want := range []identity.State{identity.StateValid, identity.StateValid, identity.StateFailed} {
		v, _, err := b.r.Begin(t.Context(), user, b.account(fmt.Sprint("n", i)), identity.Beginning{Source: "sign"})
		b.no(err)
		v, err = b.r.Complete(t.Context(), user, v.ID, identity.Response{})
		b.no(err)
		b.state(v, want, identity.Match)
		if want == identity.StateFailed && v.Value.Reason != string(identity.CodeAccounts) {
			t.Errorf("the reason is %s", v.Value.Reason)
		}
	}
	// At the same time: never more than two.
	c := claimA
	c.Number = numberB
	var group sync.WaitGroup
	for i := range 8 {
		account := b.account(fmt.Sprint("many", i))
		group.Go(func() { _, _ = b.r.Verify(t.Context(), officer, account, "two", c) })
	}
	group.Wait()
	valid := 0
	for i := range 8 {
		if a, err := b.r.Account(t.Context(), b.account(fmt.Sprint("many", i))); err != nil || a.Level != identity.None {
			valid++
		}
	}
	if valid > 2 {
		t.Errorf("%d accounts got in", valid)
	}
	// Organisations have as many as they like.
	for i := range 4 {
		v := b.verify(b.account(fmt.Sprint("o", i)), "two", identity.Claim{Kind: identity.USCC, Number: "91330100799655058B", Name: "公司"})
		b.state(v, identity.StateValid, identity.Match)
	}
	b.clean()
}

func TestTries(t *testing.T) {
	b := open(t, func(c *identity.Config) { c.MostTries = 3 })
	b.two.says(identity.Answer{Result: identity.Mismatch}, nil)
	a := b.account("a")
	for range 3 {
		b.verify(a, "two", claimA)
	}
	_, err := b.r.Verify(t.Context(), officer, a, "two", claimA)
	b.code(err, identity.CodeTries)
	// The telephone has had its share too, whatever account asks.
	_, _, err = b.r.Begin(t.Context(), user, b.account("b"), identity.Beginning{Source: "sms", Claim: identity.Claim{Phone: phoneA}})
	b.code(err, identity.CodeTries)
	b.pass(24 * time.Hour)
	b.verify(a, "two", claimA)
}

func TestRecheck(t *testing.T) {
	b := open(t, nil)
	a := b.account("a")
	got, err := b.r.Recheck(t.Context(), officer, a, "velocity")
	b.no(err)
	if got.Recheck {
		t.Error("an account that nobody verified is to be verified anew")
	}
	high := b.verify(a, "three", claimA)
	low := b.verify(a, "two", claimA)
	begun, _, err := b.r.Begin(t.Context(), user, a, identity.Beginning{Source: "sms", Claim: identity.Claim{Phone: phoneA}})
	b.no(err)
	b.pass(time.Hour)
	_, err = b.r.Recheck(t.Context(), officer, a, "Not a word")
	b.code(err, identity.CodeInvalid)
	_, err = b.r.Recheck(t.Context(), officer, a, "velocity")
	b.no(err)
	if got := b.level(a, identity.None); !got.Recheck {
		t.Errorf("%+v", got)
	}
	rechecks := 0
	for h, err := range b.store.Records(t.Context(), false) {
		b.no(err)
		if h.Type == identity.RecordRecheck {
			rechecks++
		}
		want := map[bool]colophon.Clause{true: colophon.ClauseAF22, false: colophon.ClauseDS9}[h.Type == identity.RecordRecheck]
		if strings.HasPrefix(string(h.Type), "identity.") && !slices.Contains(h.Clauses, want) {
			t.Errorf("%s cites %v", h.Type, h.Clauses)
		}
	}
	if rechecks != 1 {
		t.Errorf("%d records of a re-check", rechecks)
	}
	b.state(low, identity.StateRecalled, identity.Match)
	b.state(high, identity.StateRecalled, identity.Match)
	b.state(begun, identity.StateOver, identity.Expired)
	_, err = b.r.Complete(t.Context(), user, begun.ID, identity.Response{Code: "47110815"})
	b.no(err)
	b.state(begun, identity.StateOver, identity.Expired)
	// Neither an error nor a mismatch brings it back; nor does what the backend vouched for before.
	for _, result := range []identity.Result{identity.SourceError, identity.Mismatch} {
		b.two.says(identity.Answer{Result: result}, nil)
		b.verify(a, "two", claimA)
		if got := b.level(a, identity.None); !got.Recheck {
			t.Errorf("%+v", got)
		}
	}
	old := attestation(b, "t9")
	old.At = b.clock.Now().Add(-time.Minute)
	_, err = b.r.Attest(t.Context(), officer, a, old)
	b.code(err, identity.CodeBefore)
	// Verified anew, it counts for what it is verified for, not for what it was.
	b.pass(time.Hour)
	b.two.says(identity.Answer{Result: identity.Match}, nil)
	b.verify(a, "two", claimA)
	if got := b.level(a, identity.TwoFactor); got.Recheck {
		t.Errorf("%+v", got)
	}
	b.state(high, identity.StateSuperseded, identity.Match)
}

// number makes the number of a resident who was born on a day.
func number(born time.Time) string {
	t := "110105" + born.Format("20060102") + "001"
	sum := 0
	for _, c := range t {
		sum = (sum + int(c-'0')) * 2 % 11
	}
	return t + string("0123456789X"[(12-sum)%11])
}

func TestMinor(t *testing.T) {
	b := open(t, func(c *identity.Config) { c.MostAccounts = 0 })
	today := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) // in China, as in Greenwich
	for i, c := range []struct {
		born time.Time
		want identity.Minor
	}{
		{today.AddDate(-18, 0, 0), identity.Adult}, {today.AddDate(-18, 0, 1), identity.Under18}, {today.AddDate(-14, 0, 0), identity.Under18},
		{today.AddDate(-14, 0, 1), identity.Under14}, {today, identity.Under14}, {time.Date(2008, 2, 29, 0, 0, 0, 0, time.UTC), identity.Adult},
	} {
		a := b.account(fmt.Sprint("m", i))
		b.verify(a, "two", identity.Claim{Kind: identity.ResidentID, Number: number(c.born), Name: nameA})
		if got := b.level(a, identity.TwoFactor); got.Minor != c.want {
			t.Errorf("born on %s: %s, want %s", c.born.Format(time.DateOnly), got.Minor, c.want)
		}
	}
	// What a number says goes before what a source or the backend says.
	a := b.account("m")
	b.two.says(identity.Answer{Result: identity.Match, Minor: identity.Adult}, nil)
	b.verify(a, "two", identity.Claim{Kind: identity.ResidentID, Number: number(today.AddDate(-16, 0, 0)), Name: nameA})
	if got := b.level(a, identity.TwoFactor); got.Minor != identity.Under18 {
		t.Errorf("%+v", got)
	}
	// One that is known stays known where a newer verification does not say.
	b.pass(time.Hour)
	at := attestation(b, "t1")
	at.Level, at.Method = identity.NetworkID, identity.NetworkIdentity
	_, err := b.r.Attest(t.Context(), officer, a, at)
	b.no(err)
	if got := b.level(a, identity.NetworkID); got.Minor != identity.Under18 {
		t.Errorf("%+v", got)
	}
}

func TestAssurance(t *testing.T) {
	b := open(t, func(c *identity.Config) { c.MostAccounts = 0 })
	for phone, want := range map[string]identity.Assurance{"13812345678": identity.Normal, "17012345678": identity.Low, "14712345678": identity.Low} {
		a := b.account(phone)
		c := claimA
		c.Phone = phone
		b.verify(a, "three", c)
		if got := b.level(a, identity.ThreeFactor); got.Assurance != want {
			t.Errorf("%s: %q", phone, got.Assurance)
		}
	}
	a := b.account("two")
	c := claimA
	c.Phone = "17012345678"
	b.verify(a, "two", c) // the telephone has no part in it
	if got := b.level(a, identity.TwoFactor); got.Assurance != identity.Normal {
		t.Errorf("%+v", got)
	}
}

func attestation(b *bench, transaction string) identity.Attestation {
	return identity.Attestation{Level: identity.TwoFactor, Method: identity.ResidentID, Provider: "own", Transaction: transaction, At: b.clock.Now().Add(-time.Hour)}
}

func TestAttest(t *testing.T) {
	b := open(t, nil)
	a := b.account("a")
	at := attestation(b, "tx-1")
	e, err := b.r.Attest(t.Context(), officer, a, at)
	b.no(err)
	b.state(e, identity.StateValid, identity.Match)
	got := b.level(a, identity.TwoFactor)
	if got.Vouched != identity.Attested || e.Value.Source != "own" || e.Value.Transaction != "tx-1" || !got.Until.Equal(at.At.Add(b.settings.Valid)) {
		t.Errorf("%+v", got)
	}
	_, err = b.r.Attest(t.Context(), officer, b.account("b"), at)
	b.code(err, identity.CodeTransaction)
	b.level(b.account("b"), identity.None)
	at.Provider = "other"
	_, err = b.r.Attest(t.Context(), officer, b.account("b"), at)
	b.no(err)
	for name, change := range map[string]func(*identity.Attestation){
		"level": func(a *identity.Attestation) { a.Level = identity.None }, "no level": func(a *identity.Attestation) { a.Level = 77 },
		"method": func(a *identity.Attestation) { a.Method = "guess" }, "organisation": func(a *identity.Attestation) { a.Level = identity.Organisation },
		"provider": func(a *identity.Attestation) { a.Provider = "Own provider" }, "transaction": func(a *identity.Attestation) { a.Transaction = "" },
		"words": func(a *identity.Attestation) { a.Transaction = "of " + nameA }, "telephone": func(a *identity.Attestation) { a.Transaction = phoneA },
		"resident": func(a *identity.Attestation) { a.Transaction = numberA }, "never": func(a *identity.Attestation) { a.At = time.Time{} },
		"future": func(a *identity.Attestation) { a.At = b.clock.Now().Add(time.Hour) }, "over": func(a *identity.Attestation) { a.At = b.clock.Now().Add(-b.settings.Valid) },
		"kind": func(a *identity.Attestation) { a.Claim = identity.Claim{Kind: identity.Passport, Number: "E1234567"} }, "minor": func(a *identity.Attestation) { a.Minor = "young" },
	} {
		at := attestation(b, "tx-2")
		change(&at)
		_, err := b.r.Attest(t.Context(), officer, a, at)
		if err == nil {
			t.Errorf("%s: passes", name)
			continue
		}
		b.code(err, identity.CodeInvalid)
	}
	b.clean()
}

func TestLater(t *testing.T) {
	b := open(t, nil)
	a := b.account("a")
	start := identity.Beginning{Source: "sms", Claim: identity.Claim{Phone: phoneA}, Locale: "zh"}
	e, begun, err := b.r.Begin(t.Context(), user, a, start)
	b.no(err)
	if begun.State != nil || begun.Sent == "" || !begun.Until.Equal(e.Due) {
		t.Errorf("%+v", begun)
	}
	b.state(e, identity.StatePending, identity.Waiting)
	b.level(a, identity.None)
	_, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Code: "1"})
	b.no(err)
	b.state(e, identity.StatePending, identity.Waiting)
	e, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Code: "47110815"})
	b.no(err)
	if got := b.level(a, identity.PhoneNumber); got.Method != identity.Phone || e.Value.Tries != 2 || !got.Until.Equal(b.clock.Now().Add(b.settings.ValidPhone)) {
		t.Errorf("%+v", got)
	}
	_, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Code: "1"})
	b.no(err)
	b.state(e, identity.StateValid, identity.Match)

	// Five wrong codes end it; an error of the source is no try.
	c := b.account("c")
	e, _, err = b.r.Begin(t.Context(), user, c, start)
	b.no(err)
	answer := b.sms.answer
	b.sms.answer = func(identity.Begun, identity.Response) (identity.Answer, error) {
		return identity.Answer{Result: identity.Match}, errors.New("broken")
	}
	for range 9 {
		_, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Code: "47110815"})
		b.no(err)
		b.state(e, identity.StatePending, identity.Waiting)
	}
	b.sms.answer = answer
	for i := range 5 {
		e, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Code: "1"})
		b.no(err)
		if want := map[bool]identity.State{true: identity.StateFailed, false: identity.StatePending}[i == 4]; identity.State(e.State) != want {
			t.Errorf("after %d codes it is %s", i+1, e.State)
		}
	}
	_, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Code: "47110815"})
	b.no(err)
	b.state(e, identity.StateFailed, identity.Mismatch)
	b.level(c, identity.None)

	// Too late.
	e, _, err = b.r.Begin(t.Context(), user, c, start)
	b.no(err)
	b.pass(time.Hour)
	_, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Code: "47110815"})
	b.code(err, identity.CodeLate)
	b.no(b.r.Sweep(t.Context()))
	b.state(e, identity.StateOver, identity.Expired)
	// Nobody was asked.
	b.sms.begin = errors.New("no line")
	e, _, err = b.r.Begin(t.Context(), user, c, start)
	b.no(err)
	b.state(e, identity.StateUndecided, identity.SourceError)
	_, _, err = b.r.Begin(t.Context(), user, c, identity.Beginning{Source: "sms"})
	b.code(err, identity.CodeInvalid)
	b.clean()
}

// TestReturn has a browser come back before a call-back, and a call-back that is not genuine.
func TestReturn(t *testing.T) {
	b := open(t, nil)
	a := b.account("a")
	e, _, err := b.r.Begin(t.Context(), user, a, identity.Beginning{Source: "sign", Return: "https://colophon.example/{id}"})
	b.no(err)
	b.sign.answer = func(w identity.Begun, r identity.Response) (identity.Answer, error) {
		switch {
		case string(w.State) != "state of "+e.ID:
			t.Errorf("the state is %q", w.State)
		case string(r.Body) == "genuine":
			return identity.Answer{Result: identity.Match, Level: identity.TwoFactor, Learned: claimA}, nil
		case len(r.Body) > 0:
			return identity.Answer{Result: identity.Match}, errors.New("forged")
		}
		return identity.Answer{Result: identity.Waiting}, nil
	}
	for range 9 {
		_, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Query: map[string][]string{"back": {"yes"}}})
		b.no(err)
		_, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Body: []byte("forged")})
		b.code(err, identity.CodeCallBack)
	}
	b.level(a, identity.None)
	if kept, err := b.r.Verification(t.Context(), e.ID); err != nil || kept.Version != e.Version {
		t.Errorf("version %d, not %d, %v", kept.Version, e.Version, err)
	}
	for range 2 {
		e, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Body: []byte("genuine")})
		b.no(err)
		b.state(e, identity.StateValid, identity.Match)
	}
	if got := b.level(a, identity.TwoFactor); got.Method != identity.ResidentID || got.Minor != identity.Adult {
		t.Errorf("%+v", got)
	}
	m, err := b.r.Masked(t.Context(), officer, e.ID)
	b.no(err)
	if m.Number == "" || m.Name == "" {
		t.Errorf("%+v", m)
	}
	b.clean()
}

// TestGuesses has many guess at the same time: not more of them are judged than one after the other.
func TestGuesses(t *testing.T) {
	b := open(t, nil)
	e, _, err := b.r.Begin(t.Context(), user, b.account("a"), identity.Beginning{Source: "sms", Claim: identity.Claim{Phone: phoneA}})
	b.no(err)
	var judged atomic.Int64
	b.sms.answer = func(identity.Begun, identity.Response) (identity.Answer, error) {
		judged.Add(1)
		return identity.Answer{Result: identity.Waiting}, nil
	}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, _ = b.r.Complete(context.WithoutCancel(t.Context()), user, e.ID, identity.Response{Code: "1"})
		})
	}
	group.Wait()
	if n := judged.Load(); n == 0 || n > 5 {
		t.Errorf("%d guesses were judged", n)
	}
}

func TestFace(t *testing.T) {
	face := &source{facts: identity.Facts{Name: "face", Level: identity.Live, Methods: []identity.Method{identity.ResidentID}, Face: true}}
	b := open(t, func(c *identity.Config) { c.Sources = append(c.Sources, face) })
	a := b.account("a")
	face.says(identity.Answer{Result: identity.Match}, nil)
	e := b.verify(a, "face", claimA)
	b.state(e, identity.StateFailed, identity.Match)
	if e.Value.Reason != string(identity.CodeFaceConsent) {
		t.Errorf("%+v", e.Value)
	}
	face.says(identity.Answer{Result: identity.Match, Consent: "c-1"}, nil)
	b.state(b.verify(a, "face", claimA), identity.StateValid, identity.Match)
	b.settings.Sources, b.settings.Laters = []identity.Source{face}, []identity.Later{b.sms}
	_, err := identity.NewRegistrar(b.settings)
	b.code(err, identity.CodeFaceOnly)
	if e := new(colophon.Error); !errors.As(err, &e) || !slices.Equal(e.Clauses, []colophon.Clause{colophon.ClauseFR10}) {
		t.Errorf("%+v", e)
	}
}

// TestMeanwhile has a second account ask for a person while the first is being asked about, and a third get in between the
// two steps of an attestation, by another node that knows no limit.
func TestMeanwhile(t *testing.T) {
	var s *stopping
	b := open(t, func(c *identity.Config) {
		s = &stopping{Store: c.Verifications}
		c.Verifications, c.MostAccounts = s, 1
	})
	b.two.answer = func(ctx context.Context, _ identity.Claim) (identity.Answer, error) {
		_, err := b.r.Verify(ctx, officer, b.account("second"), "three", claimA)
		b.code(err, identity.CodeAccounts)
		return identity.Answer{Result: identity.Match}, nil
	}
	b.state(b.verify(b.account("first"), "two", claimA), identity.StateValid, identity.Match)

	b.settings.MostAccounts = 0
	node, err := identity.NewRegistrar(b.settings)
	b.no(err)
	other := claimA
	other.Number = numberB
	s.added = func() {
		_, err := node.Verify(t.Context(), officer, b.account("third"), "three", other)
		b.no(err)
	}
	at := attestation(b, "t1")
	at.Claim = other
	e, err := b.r.Attest(t.Context(), officer, b.account("fourth"), at)
	b.no(err)
	b.state(e, identity.StateFailed, identity.Match)
	if e.Value.Reason != string(identity.CodeAccounts) {
		t.Errorf("%+v", e.Value)
	}
	at.Claim = identity.Claim{} // the transaction vouches for nothing yet
	_, err = b.r.Attest(t.Context(), officer, b.account("fourth"), at)
	b.no(err)
}

// stopping is a store of verifications that fails to change one, once, and tells that one was added, once.
type stopping struct {
	ledger.Store[identity.Verification]
	fail  bool
	added func()
}

func (s *stopping) Add(ctx context.Context, rec evidence.Record, entries ...identity.Entry) error {
	err := s.Store.Add(ctx, rec, entries...)
	if added := s.added; added != nil {
		s.added = nil
		added()
	}
	return err
}

func (s *stopping) Amend(ctx context.Context, rec evidence.Record, entries ...identity.Entry) error {
	if s.fail {
		s.fail = false
		return errors.New("the store is gone")
	}
	return s.Store.Amend(ctx, rec, entries...)
}

// TestStopped has the store fail between question and answer: nothing counts, and what was left is ended.
func TestStopped(t *testing.T) {
	var s *stopping
	b := open(t, func(c *identity.Config) {
		s = &stopping{Store: c.Verifications, fail: true}
		c.Verifications = s
	})
	a := b.account("a")
	if _, err := b.r.Attest(t.Context(), officer, a, attestation(b, "t1")); err == nil {
		t.Fatal("the store did not fail")
	}
	b.level(a, identity.None)
	list, _, err := b.r.Verifications(t.Context(), ledger.Query{Subject: a})
	b.no(err)
	b.state(list[0], identity.StateAsked, identity.Waiting)
	b.pass(time.Hour)
	b.no(b.r.Sweep(t.Context()))
	b.state(list[0], identity.StateOver, identity.Expired)
	_, err = b.r.Attest(t.Context(), officer, a, attestation(b, "t1"))
	b.no(err)
	b.level(a, identity.TwoFactor)
}

// TestErase erases an account: its numbers are found no more, and it is worth nothing.
func TestErase(t *testing.T) {
	b := open(t, func(c *identity.Config) { c.MostAccounts = 1 })
	a, other := b.account("a"), b.account("b")
	e := b.verify(a, "two", claimA)
	_, err := b.r.Verify(t.Context(), officer, other, "two", claimA)
	b.code(err, identity.CodeAccounts)
	// The logs of its verification are kept for six months, and nobody processes them.
	for _, want := range []store.ErasureState{store.Restricted, store.Erased} {
		rec, err := b.recorder.New("subject.erased", evidence.System, "officer", nil, map[string]any{"subject": a})
		b.no(err)
		state, err := b.store.Erase(t.Context(), rec, a)
		b.no(err)
		if state != want {
			t.Fatalf("it is %s", state)
		}
		b.recorder.Forget(a)
		b.level(a, identity.None)
		_, err = b.r.Masked(t.Context(), officer, e.ID)
		b.code(err, identity.CodeUnreadable)
		if want == store.Restricted {
			b.verify(other, "two", claimA)
			b.clock.Set(b.clock.Now().AddDate(0, 7, 0))
		}
	}
	if alike, err := b.r.Alike(t.Context(), e.ID); err != nil || len(alike) > 0 {
		t.Errorf("alike are %v, %v", alike, err)
	}
}

// clean looks for what was claimed in everything that is kept: the file of the database, and its write-ahead log.
func (b *bench) clean() {
	b.Helper()
	for _, name := range []string{b.config.Path, b.config.Path + "-wal"} {
		text, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			b.Fatal(err)
		}
		if name == b.config.Path && len(text) == 0 {
			b.Fatal("the database is empty")
		}
		for _, secret := range []string{numberA, numberA[:17], numberB, nameA, phoneA, cardA, "n-17", "47110815"} {
			if bytes.Contains(text, []byte(secret)) {
				b.Errorf("%s holds %s", name, secret)
			}
		}
	}
}

// TestHidden prints a claim in every way that a log does.
func TestHidden(t *testing.T) {
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("claim", "claim", claimA, "all", []any{claimA, &claimA})
	slog.New(slog.NewTextHandler(&log, nil)).Info("claim", "claim", claimA, "all", []any{claimA, &claimA})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&log, verb, claimA)
		fmt.Fprintf(&log, verb, identity.Attestation{Claim: claimA})
		fmt.Fprintf(&log, verb, identity.Beginning{Claim: claimA})
	}
	if _, err := json.Marshal(claimA); err == nil {
		t.Error("a claim becomes JSON")
	}
	for _, secret := range []string{numberA, nameA, phoneA} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
}

func TestLevels(t *testing.T) {
	all := identity.Levels()
	for _, l := range all {
		back, err := identity.ParseLevel(l.String())
		if err != nil || back != l {
			t.Errorf("%s: %s, %v", l, back, err)
		}
		for _, least := range all {
			want := l >= least
			if l == identity.Organisation {
				want = least <= identity.FourFactor || least == identity.Organisation
			} else if least == identity.Organisation {
				want = false
			}
			if l.Satisfies(least) != want {
				t.Errorf("%s satisfies %s: %v", l, least, !want)
			}
		}
	}
	if _, err := identity.ParseLevel("five-factor"); err == nil {
		t.Error("there are five factors")
	}
	if _, err := json.Marshal(identity.Level(99)); err == nil {
		t.Error("level 99 becomes JSON")
	}
}

// TestStates holds the table of states against a list of all steps that there are.
func TestStates(t *testing.T) {
	steps := map[string]bool{}
	for _, step := range []string{"pending asked", "pending over", "asked pending", "asked valid", "asked failed", "asked undecided", "asked over",
		"valid recalled", "valid superseded", "valid over", "recalled superseded"} {
		steps[step] = true
	}
	for _, from := range identity.States() {
		final := true
		for _, to := range append(identity.States(), "", "other") {
			if got := from.May(to); got != steps[string(from)+" "+string(to)] {
				t.Errorf("%s to %s: %v", from, to, got)
			} else if got {
				final = false
			}
		}
		if from.Final() != final {
			t.Errorf("%s is final: %v", from, from.Final())
		}
	}
	states := []identity.ImportState{identity.ImportProposed, identity.ImportApproved, identity.ImportRejected, identity.ImportOver}
	for _, from := range states {
		for _, to := range states {
			if from.May(to) != (from == identity.ImportProposed && to != from) {
				t.Errorf("%s to %s", from, to)
			}
		}
	}
}
