package identity_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/store"
)

// TestBefore hands in what was vouched for before a re-check, once a small verification took the place of what was recalled.
func TestBefore(t *testing.T) {
	b := open(t, nil)
	a := b.account("a")
	b.verify(a, "three", claimA)
	b.pass(time.Hour)
	_, err := b.r.Recheck(t.Context(), officer, a, "velocity")
	b.no(err)
	b.pass(time.Hour)
	at := attestation(b, "t1")
	at.Level, at.Method, at.At = identity.PhoneNumber, identity.Phone, b.clock.Now()
	_, err = b.r.Attest(t.Context(), officer, a, at)
	b.no(err)
	b.level(a, identity.PhoneNumber)
	old := attestation(b, "t2")
	old.At = b.clock.Now().Add(-90 * time.Minute)
	_, err = b.r.Attest(t.Context(), officer, a, old)
	b.code(err, identity.CodeBefore)
	b.level(a, identity.PhoneNumber)
}

// TestRecheckMeanwhile has an account recalled between the two steps of an attestation, when the recall has seen nothing of it.
func TestRecheckMeanwhile(t *testing.T) {
	var s *missing
	b := open(t, func(c *identity.Config) {
		s = &missing{Store: c.Verifications}
		c.Verifications = s
	})
	a := b.account("a")
	b.verify(a, "three", claimA)
	b.pass(2 * time.Hour)
	at := attestation(b, "t1")
	s.meanwhile = func() {
		_, err := b.r.Attest(t.Context(), officer, a, at)
		b.no(err)
		b.pass(time.Minute)
	}
	_, err := b.r.Recheck(t.Context(), officer, a, "velocity")
	b.no(err)
	if got := b.level(a, identity.None); !got.Recheck {
		t.Errorf("%+v", got)
	}
	b.pass(time.Minute)
	b.verify(a, "two", claimA)
	b.level(a, identity.TwoFactor)
}

// missing is a store in which something happens, once, after the entries of a recall were read.
type missing struct {
	ledger.Store[identity.Verification]
	meanwhile func()
}

func (s *missing) Find(ctx context.Context, q ledger.Query) ([]identity.Entry, error) {
	list, err := s.Store.Find(ctx, q)
	if f := s.meanwhile; f != nil && len(q.States) == 3 {
		s.meanwhile = nil
		f()
	}
	return list, err
}

// TestLiveConsent has sources answer that somebody is alive without a consent to compare the face, whatever they are for.
func TestLiveConsent(t *testing.T) {
	net := &source{facts: identity.Facts{Name: "net", Level: identity.NetworkID, Methods: []identity.Method{identity.ResidentID}}}
	b := open(t, func(c *identity.Config) { c.Sources = append(c.Sources, net) })
	a := b.account("a")
	net.says(identity.Answer{Result: identity.Match, Level: identity.Live}, nil)
	b.state(b.verify(a, "net", claimA), identity.StateFailed, identity.Match)
	b.level(a, identity.None)
	// The way of organisations is none for a person.
	face := &source{facts: identity.Facts{Name: "face", Level: identity.Live, Methods: []identity.Method{identity.ResidentID}, Face: true}}
	firm := &source{facts: identity.Facts{Name: "firm", Level: identity.Organisation, Methods: []identity.Method{identity.USCC}}}
	b.settings.Sources, b.settings.Laters = []identity.Source{face, firm}, []identity.Later{b.sms}
	_, err := identity.NewRegistrar(b.settings)
	b.code(err, identity.CodeFaceOnly)
}

// erase erases an account as far as the law lets it.
func (b *bench) erase(a evidence.Subject) store.ErasureState {
	b.Helper()
	rec, err := b.recorder.New("subject.erased", evidence.System, "officer", nil, map[string]any{"subject": a})
	b.no(err)
	state, err := b.store.Erase(b.Context(), rec, a)
	b.no(err)
	b.recorder.Forget(a)
	return state
}

// TestErasedMeanwhile erases an account while somebody is asked, or is about to answer: nothing of the person comes back.
func TestErasedMeanwhile(t *testing.T) {
	b := open(t, nil)
	for _, wait := range []time.Duration{0, 220 * 24 * time.Hour} { // restricted, and erased
		name := "of " + wait.String()
		a := b.account("asked " + name)
		b.two.answer = func(context.Context, identity.Claim) (identity.Answer, error) {
			b.pass(wait)
			b.erase(a)
			return identity.Answer{Result: identity.Match, Learned: identity.Claim{Phone: phoneA}}, nil
		}
		_, err := b.r.Verify(t.Context(), officer, a, "two", identity.Claim{Kind: identity.ResidentID, Number: numberA, Name: nameA})
		b.code(err, identity.CodeUnknown)
		b.gone(a)
		a = b.account("begun " + name)
		b.sms.sent = func() {
			b.pass(wait)
			b.erase(a)
		}
		_, _, err = b.r.Begin(t.Context(), user, a, identity.Beginning{Source: "sms", Claim: identity.Claim{Phone: phoneA}})
		b.code(err, identity.CodeUnknown)
		b.gone(a)
		b.sms.sent = nil
		// Nobody is asked about an account of which the data is only kept, or no more.
		for _, again := range []func() error{
			func() error { _, err := b.r.Verify(t.Context(), officer, a, "two", claimA); return err },
			func() error { _, err := b.r.Attest(t.Context(), officer, a, attestation(b, name[3:])); return err },
		} {
			b.code(again(), identity.CodeUnknown)
		}
	}
}

// gone checks that nothing counts of an account, and that nothing was sealed for it anew.
func (b *bench) gone(a evidence.Subject) {
	b.Helper()
	b.level(a, identity.None)
	list, _, err := b.r.Verifications(b.Context(), ledger.Query{Subject: a})
	b.no(err)
	for _, e := range list {
		if e.Kept == ledger.Whole || e.Kept == ledger.Erased && (e.Sealed != nil || len(e.Keys) > 0) || e.State == string(identity.StateValid) {
			b.Errorf("%s: %s, %v", e.State, e.Kept, e.Keys)
		}
	}
}

// TestRepeated has sources and backends repeat what nobody may keep where an identifier belongs.
func TestRepeated(t *testing.T) {
	b := open(t, nil)
	for i, id := range []string{"rv-" + numberA, "rv/" + strings.ToLower(numberA), phoneA + "-1", "a:" + phoneA + ":b"} {
		b.sign.answer = func(identity.Begun, identity.Response) (identity.Answer, error) {
			return identity.Answer{Result: identity.Match, Transaction: id, CodeRaw: id, Consent: id, Learned: identity.Claim{Kind: identity.NetworkIdentity, Number: id + "x"}}, nil
		}
		e, _, err := b.r.Begin(t.Context(), user, b.account("a"), identity.Beginning{Source: "sign"})
		b.no(err)
		e, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{Query: map[string][]string{"code": {"1"}}})
		b.no(err)
		if v := e.Value; v.Transaction != "" || v.CodeRaw != "" || v.Consent != "" || v.Result != identity.Match {
			t.Errorf("case %d: %+v", i, v)
		}
		at := attestation(b, id)
		_, err = b.r.Attest(t.Context(), officer, b.account("b"), at)
		b.code(err, identity.CodeInvalid)
	}
	at := attestation(b, "rv-E1234567")
	at.Method, at.Claim = identity.Passport, identity.Claim{Kind: identity.Passport, Number: "e1234567", Name: nameA}
	_, err := b.r.Attest(t.Context(), officer, b.account("b"), at)
	b.code(err, identity.CodeInvalid)
	for _, reason := range []string{phoneA, "x-" + strings.ToLower(numberA)} {
		_, err = b.r.Recheck(t.Context(), officer, b.account("a"), reason)
		b.code(err, identity.CodeInvalid)
	}
	at = attestation(b, "t1")
	at.Provider = phoneA
	_, err = b.r.Attest(t.Context(), officer, b.account("b"), at)
	b.code(err, identity.CodeInvalid)
	at = attestation(b, "t2")
	at.Level, at.Method = identity.FourFactor, identity.Phone // a telephone alone is no number, no name and no card
	_, err = b.r.Attest(t.Context(), officer, b.account("b"), at)
	b.code(err, identity.CodeInvalid)
	b.clean()
}

// adding is a store in which something happens, once, just before verifications are added.
type adding struct {
	ledger.Store[identity.Verification]
	before func()
}

func (s *adding) Add(ctx context.Context, rec evidence.Record, entries ...identity.Entry) error {
	if f := s.before; f != nil {
		s.before = nil
		f()
	}
	return s.Store.Add(ctx, rec, entries...)
}

// TestImportMeanwhile takes over a file while a person of it is verified for another account: not both count.
func TestImportMeanwhile(t *testing.T) {
	var s *adding
	b := open(t, func(c *identity.Config) {
		s = &adding{Store: c.Verifications}
		c.Verifications, c.MostAccounts = s, 1
	})
	e := b.propose(good)
	b.pass(time.Hour)
	c := claimA
	c.Phone = ""
	s.before = func() { b.verify(b.account("a"), "two", c) }
	_, err := b.r.Approve(t.Context(), second, e.ID)
	b.no(err)
	b.level(b.account("a"), identity.TwoFactor)
	b.level(b.account("user-2"), identity.PhoneNumber)
	b.level(b.account("user-1"), identity.None)
}

// TestNobody has a source that finds out by itself who somebody is say that it is so, and not of whom.
func TestNobody(t *testing.T) {
	b := open(t, nil)
	a := b.account("a")
	for want, c := range map[identity.State]identity.Claim{identity.StateUndecided: {Name: nameA}, identity.StateValid: {Kind: identity.NetworkIdentity, Number: "n-17"}} {
		b.sign.answer = func(identity.Begun, identity.Response) (identity.Answer, error) {
			return identity.Answer{Result: identity.Match, Learned: c}, nil
		}
		e, _, err := b.r.Begin(t.Context(), user, a, identity.Beginning{Source: "sign"})
		b.no(err)
		e, err = b.r.Complete(t.Context(), user, e.ID, identity.Response{})
		b.no(err)
		if e.State != string(want) {
			t.Errorf("%+v", e)
		}
	}
}

// TestWhy has a source fail in a way that the operator has to know.
func TestWhy(t *testing.T) {
	b := open(t, nil)
	a := b.account("a")
	late := &colophon.Error{Kind: colophon.Refused, Code: "verify-timeout"}
	b.two.says(identity.Answer{}, late)
	e := b.verify(a, "two", claimA)
	b.state(e, identity.StateUndecided, identity.SourceError)
	b.sms.begin = late
	begun, _, err := b.r.Begin(t.Context(), user, a, identity.Beginning{Source: "sms", Claim: identity.Claim{Phone: phoneA}})
	b.no(err)
	b.state(begun, identity.StateUndecided, identity.SourceError)
	if e.Value.Reason != "verify-timeout" || begun.Value.Reason != "verify-timeout" {
		t.Errorf("%+v, %+v", e.Value, begun.Value)
	}
}

// TestAges has a telephone, which may be a parent's, say another band of age than a number.
func TestAges(t *testing.T) {
	b := open(t, nil)
	a := b.account("a")
	b.verify(a, "two", identity.Claim{Kind: identity.ResidentID, Number: number(b.clock.Now().AddDate(-12, 0, 0)), Name: nameA})
	b.pass(time.Hour)
	at := attestation(b, "t1")
	at.Level, at.Method, at.Minor = identity.PhoneNumber, identity.Phone, identity.Adult
	_, err := b.r.Attest(t.Context(), officer, a, at)
	b.no(err)
	if got := b.level(a, identity.TwoFactor); got.Minor != identity.Under14 {
		t.Errorf("%+v", got)
	}
	b.pass(time.Hour) // what is worth as much may say it anew
	at = attestation(b, "t2")
	at.Minor = identity.Under18
	_, err = b.r.Attest(t.Context(), officer, a, at)
	b.no(err)
	if got := b.level(a, identity.TwoFactor); got.Minor != identity.Under18 {
		t.Errorf("%+v", got)
	}
}

// TestWrongLines proposes a file in which nearly every byte is a wrong line.
func TestWrongLines(t *testing.T) {
	b := open(t, nil)
	const head = "account,level,method,provider,transaction,verified\n"
	_, err := b.r.Propose(t.Context(), officer, strings.NewReader(head+strings.Repeat(",\n", 200_000)))
	b.code(err, identity.CodeImportLarge)
	n, wrong := identity.ReadLines([]byte(head + strings.Repeat(",\n", 200_000)))
	if n+len(wrong) > 10*identity.MaxLines {
		t.Errorf("%d lines and %d errors are kept", n, len(wrong))
	}
}
