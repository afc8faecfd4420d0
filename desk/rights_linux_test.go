package desk_test

import (
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/standing"
)

// right is a request for a right, by contact or, where an account is named, by that account through the application.
func right(r desk.Right, account string) desk.Draft {
	d := desk.Draft{Kind: desk.Rights, Party: desk.PartyPublic, Right: r, Source: desk.FromWeb, Language: "en", Contact: "somebody@mail.example", Text: "What is mine."}
	if account != "" {
		d.Party, d.Source, d.Contact = desk.PartyUser, desk.FromAPI, ""
		d.Account = "account-1"
		d.About.Consent = "consent-1"
	}
	return d
}

// TestRights grants rights to whoever is known to be the person, and to nobody else.
func TestRights(t *testing.T) {
	w := open(t)
	document, unknown := &desk.Proof{Result: desk.Proven, How: desk.ByDocument}, &desk.Proof{Result: desk.NotKnown}
	deed := func(do desk.Act, target string) []desk.Deed { return []desk.Deed{{Do: do, Target: target}} }
	for i, c := range []struct {
		draft   desk.Draft
		outcome desk.Outcome
		proof   *desk.Proof
		deeds   []desk.Deed
		code    colophon.Code
	}{
		{right(desk.RightAccess, ""), desk.Founded, document, deed(desk.ExportData, "account-1"), ""},
		{right(desk.RightAccess, ""), desk.Founded, nil, deed(desk.ExportData, "account-1"), desk.CodeIdentity},
		{right(desk.RightAccess, ""), desk.Founded, unknown, deed(desk.ExportData, "account-1"), desk.CodeIdentity},
		{right(desk.RightAccess, ""), desk.Founded, &desk.Proof{Result: desk.Disproven}, deed(desk.ExportData, "account-1"), desk.CodeIdentity},
		{right(desk.RightAccess, ""), desk.Founded, &desk.Proof{Result: desk.Proven}, deed(desk.ExportData, "account-1"), desk.CodeInvalid},
		{right(desk.RightAccess, ""), desk.Founded, &desk.Proof{Result: desk.Proven, How: desk.ByAccount}, deed(desk.ExportData, "account-1"), desk.CodeInvalid},
		{right(desk.RightAccess, ""), desk.Unfounded, unknown, nil, ""},
		{right(desk.RightAccess, ""), desk.Unfounded, document, deed(desk.ExportData, "account-1"), desk.CodeInvalid},
		{right(desk.RightAccess, ""), desk.Founded, document, deed(desk.DeleteData, "account-1"), desk.CodeInvalid},
		{right(desk.RightPort, "x"), desk.Founded, nil, deed(desk.ExportData, "account-1"), ""},
		{right(desk.RightPort, "x"), desk.Founded, nil, deed(desk.ExportData, "account-2"), desk.CodeIdentity},
		{right(desk.RightDelete, "x"), desk.Founded, nil, deed(desk.DeleteData, "account-1"), ""},
		{right(desk.RightCorrect, "x"), desk.Partly, nil, deed(desk.CorrectData, "account-1"), ""},
		{right(desk.RightWithdraw, "x"), desk.Founded, nil, deed(desk.WithdrawConsent, "consent-1"), ""},
		{right(desk.RightWithdraw, "x"), desk.Founded, nil, deed(desk.WithdrawConsent, "consent-2"), desk.CodeIdentity},
		{right(desk.RightWithdraw, ""), desk.Founded, &desk.Proof{Result: desk.Proven, How: desk.ByReceipt}, deed(desk.WithdrawConsent, "consent-2"), ""},
		{another(report("n-1"), "c@mail.example"), desk.Founded, nil, deed(desk.ExportData, "account-1"), desk.CodeInvalid},
		{another(report("n-1"), "d@mail.example"), desk.Unfounded, document, nil, desk.CodeInvalid},
	} {
		o := w.open(c.draft)
		w.take(first, o.ID)
		r := ruling(c.outcome)
		r.Proof, r.Deeds = c.proof, c.deeds
		if c.draft.Right == desk.RightCorrect {
			r.Statement.Clauses = []colophon.Clause{colophon.ClausePIPL46}
		}
		_, err := w.desk.Foresee(w.ctx, first, o.ID, r)
		if (err == nil) != (c.code == "") {
			t.Errorf("%d: foreseen: %v", i, err)
		}
		_, err = w.desk.Decide(w.ctx, first, o.ID, r)
		if c.code != "" {
			w.refused(err, c.code)
			continue
		}
		w.no(err)
		k, err := w.desk.Perform(w.ctx, o.ID)
		w.no(err)
		if len(c.deeds) == 0 {
			continue
		}
		if k.Actions[0].Result != desk.Done || k.Decision.Proof == nil || k.Decision.Proof.Result != desk.Proven {
			t.Errorf("%d: %+v %+v", i, k.Actions, k.Decision.Proof)
		}
		if v := w.look(o); len(v.Done) != 1 || v.Done[0].Args["target"] != c.deeds[0].Target {
			t.Errorf("%d: %+v", i, v.Done)
		}
	}
}

// TestRightsSaid tells whoever came how far a right was granted.
func TestRightsSaid(t *testing.T) {
	w := open(t)
	o := w.open(right(desk.RightAccess, "x"))
	r := ruling(desk.Founded)
	r.Deeds = []desk.Deed{{Do: desk.ExportData, Target: "account-1"}}
	w.fail[desk.ExportData] = &colophon.Error{Kind: colophon.Refused, Code: "restricted"}
	w.decide(first, o.ID, r)
	said := func(want colophon.Code) {
		t.Helper()
		if v := w.look(o); len(v.Done) != 1 || v.Done[0].Code != want {
			t.Errorf("%+v, want %s", v.Done, want)
		}
	}
	said(desk.SayNotDone)
	w.fail[desk.ExportData] = ledger.ErrChanged
	_, err := w.desk.Again(w.ctx, first, o.ID, 0)
	w.no(err)
	said(desk.SayUnderWay)
	delete(w.fail, desk.ExportData)
	_, err = w.desk.Again(w.ctx, first, o.ID, 0)
	w.no(err)
	said("said")
	reasons := w.desk.Reasons(w.get(o.ID))
	if !slices.ContainsFunc(reasons, func(s standing.Sentence) bool { return s.Code == desk.SayProven && s.Args["how"] == "account" }) {
		t.Errorf("%+v", reasons)
	}
	if _, err := w.desk.Brought(w.ctx, desk.Access{Code: o.Code, PIN: "00000000"}); err == nil {
		t.Error("a wrong PIN opens a case")
	}
	if k, err := w.desk.Brought(w.ctx, desk.Access{ID: o.ID, Account: "account-1"}); err != nil || k.ID != o.ID {
		t.Errorf("%v %v", k.ID, err)
	}
}

// TestBinds says what a decision does to content now.
func TestBinds(t *testing.T) {
	w := open(t)
	limit := desk.Deed{Do: desk.LimitContent, Target: "n-9", Until: w.clock.Now().Add(time.Hour)}
	o := w.open(report("n-1"))
	binds := func(want bool) {
		t.Helper()
		if got, err := w.desk.Binds(w.ctx, desk.LimitContent, "n-9"); err != nil || got != want {
			t.Errorf("%v %v, want %v", got, err, want)
		}
	}
	binds(false)
	w.decide(first, o.ID, ruling(desk.Founded, limit))
	binds(true)
	appeal, err := w.desk.Appeal(w.ctx, outside, desk.Access{Code: o.Code, PIN: o.PIN}, desk.Draft{Source: desk.FromWeb, Language: "en", Text: "It is wrong."})
	w.no(err)
	w.decide(second, appeal.ID, ruling(desk.Reversed))
	binds(false)
	other := w.open(another(report("n-2"), "e@mail.example"))
	w.decide(first, other.ID, ruling(desk.Founded, limit))
	binds(true)
	w.pass(2 * time.Hour)
	binds(false)
	limit.Until = time.Time{}
	third, release := w.open(another(report("n-3"), "f@mail.example")), w.open(another(report("n-4"), "g@mail.example"))
	w.decide(first, third.ID, ruling(desk.Founded, limit))
	binds(true)
	w.pass(time.Minute)
	w.decide(first, release.ID, ruling(desk.Founded, desk.Deed{Do: desk.ReleaseContent, Target: "n-9"}))
	binds(false)
	w.pass(time.Minute)
	appeal, err = w.desk.Appeal(w.ctx, outside, desk.Access{Code: release.Code, PIN: release.PIN}, desk.Draft{Source: desk.FromWeb, Language: "en", Text: "It is wrong."})
	w.no(err)
	w.decide(second, appeal.ID, ruling(desk.Reversed))
	binds(true) // it was not to be released
}
