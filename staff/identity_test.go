package staff_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
)

const issuer = "https://id.example"

func rule(create, follow bool) func(*staff.Config) {
	return func(c *staff.Config) {
		c.Issuers = []staff.IssuerRule{{
			Issuer: issuer, Create: create, Follow: follow,
			Require: []staff.Claim{{Name: "department", Value: "trust"}},
			Roles: []staff.RoleRule{
				{Claim: staff.Claim{Name: "groups", Value: "reviewers"}, Role: staff.Reviewer},
				{Claim: staff.Claim{Name: "groups", Value: "auditors"}, Role: staff.Auditor},
			},
		}, {Issuer: "https://other.example"}}
	}
}

func claims(subject string, groups ...any) staff.Claims {
	return staff.Claims{Identity: staff.Identity{Issuer: issuer, Subject: subject}, Values: map[string]any{"department": "trust", "groups": groups, "email": login}}
}

func TestLinkedIdentity(t *testing.T) {
	w := newWorld(t, rule(false, false))
	o := w.officer()
	p := w.person(o, "night.reviewer", staff.Engineer)
	_, err := w.roster.SignInWith(w.ctx, claims("1", "reviewers"), here())
	w.refused(err, staff.CodeSignInRefused) // nobody has it, and none is made
	_, err = w.roster.LinkIdentity(w.ctx, o.Account.Actor(), p.Account.ID, claims("1").Identity)
	w.fine(err)
	w.proven(staff.ProofIdentityLinked)
	s, err := w.roster.SignInWith(w.ctx, claims("1", "reviewers"), here())
	w.fine(err)
	w.proven(staff.ProofSessionOpened)
	if s.Account.ID != p.Account.ID || s.Session.Method != staff.MethodOIDC || !slices.Equal(s.Account.Roles, []staff.Role{staff.Engineer}) {
		t.Errorf("session %+v, roles %v", s.Session, s.Account.Roles)
	}
	outside := claims("1")
	outside.Values["department"] = "sales"
	another := claims("1")
	another.Issuer = "https://other.example"
	unlisted := claims("1")
	unlisted.Issuer = "https://evil.example"
	for _, c := range []staff.Claims{outside, another, unlisted, claims("2"), claims(""), {}} {
		_, err = w.roster.SignInWith(w.ctx, c, here())
		w.refused(err, staff.CodeSignInRefused)
	}
	boss := o.Account.Actor()
	third := w.person(o, "third", staff.Auditor)
	_, err = w.roster.LinkIdentity(w.ctx, boss, third.Account.ID, claims("1").Identity)
	w.refused(err, staff.CodeTaken)
	_, err = w.roster.LinkIdentity(w.ctx, boss, third.Account.ID, unlisted.Identity)
	w.refused(err, staff.CodeIdentityInvalid)
	_, err = w.roster.LinkIdentity(w.ctx, p.Account.Actor(), third.Account.ID, claims("3").Identity)
	w.refused(err, staff.CodeForbidden)
	_, err = w.roster.LinkIdentity(w.ctx, boss, boss.Account, claims("3").Identity)
	w.refused(err, staff.CodeSelf)
	_, err = w.roster.UnlinkIdentity(w.ctx, boss, p.Account.ID, claims("1").Identity)
	w.fine(err)
	_, err = w.roster.Check(w.ctx, s.Token)
	w.refused(err, staff.CodeSessionEnded)
	_, err = w.roster.SignInWith(w.ctx, claims("1", "reviewers"), here())
	w.refused(err, staff.CodeSignInRefused)
}

func TestCreatedIdentity(t *testing.T) {
	w := newWorld(t, rule(true, true))
	_, err := w.roster.SignInWith(w.ctx, claims("1", "reviewers"), here())
	w.refused(err, staff.CodeSignInRefused) // the first account is the officer's
	o := w.officer()
	s, err := w.roster.SignInWith(w.ctx, claims("1", "staff", "auditors", "reviewers"), here())
	w.fine(err)
	w.proven(staff.ProofAccountCreated, staff.ProofSessionOpened)
	if !slices.Equal(s.Account.Roles, []staff.Role{staff.Reviewer, staff.Auditor}) || s.Account.Login != "" || s.Account.ID == o.Account.ID {
		t.Errorf("account %+v", s.Account)
	}
	_, err = w.roster.SignIn(w.ctx, "", "", here())
	w.refused(err, staff.CodeSignInRefused)
	_, err = w.roster.ChangePassword(w.ctx, s.Token, "", better)
	w.refused(err, staff.CodeLoginInvalid) // without a login name there is no password
	for _, c := range []staff.Claims{claims("2"), claims("2", "officers", 7, nil), {Identity: claims("2").Identity}} {
		_, err = w.roster.SignInWith(w.ctx, c, here())
		w.refused(err, staff.CodeSignInRefused)
	}
	if len(w.store.State.Accounts) != 2 {
		t.Errorf("%d accounts", len(w.store.State.Accounts))
	}
	// The claims change.
	later, err := w.roster.SignInWith(w.ctx, claims("1", "auditors"), here())
	w.fine(err)
	w.proven(staff.ProofRolesChanged, staff.ProofSessionOpened)
	if !slices.Equal(later.Account.Roles, []staff.Role{staff.Auditor}) {
		t.Errorf("roles %v", later.Account.Roles)
	}
	_, err = w.roster.Check(w.ctx, s.Token)
	w.refused(err, staff.CodeSessionEnded)
	_, err = w.roster.Check(w.ctx, later.Token)
	w.fine(err)
	// What the rules can't give, they don't take.
	_, err = w.roster.SetRoles(w.ctx, o.Account.Actor(), s.Account.ID, []staff.Role{staff.Engineer, staff.Auditor})
	w.fine(err)
	kept, err := w.roster.SignInWith(w.ctx, claims("1", "reviewers"), here())
	w.fine(err)
	if !slices.Equal(kept.Account.Roles, []staff.Role{staff.Reviewer, staff.Engineer}) {
		t.Errorf("roles %v", kept.Account.Roles)
	}
	_, err = w.roster.SetRoles(w.ctx, o.Account.Actor(), s.Account.ID, []staff.Role{staff.Auditor})
	w.fine(err)
	_, err = w.roster.SignInWith(w.ctx, claims("1"), here())
	w.refused(err, staff.CodeSignInRefused)
	w.proven(staff.ProofAccountDisabled)
	_, err = w.roster.SignInWith(w.ctx, claims("1", "auditors"), here())
	w.refused(err, staff.CodeSignInRefused)
}

// TestClaimForms reads claims that a provider may form as it likes.
func TestClaimForms(t *testing.T) {
	w := newWorld(t, rule(true, false))
	w.officer()
	for i, groups := range []any{"reviewers", []any{"reviewers"}, []any{1, "reviewers"}} {
		c := claims(string(rune('a' + i)))
		c.Values["groups"] = groups
		_, err := w.roster.SignInWith(w.ctx, c, here())
		w.fine(err)
	}
	for i, groups := range []any{nil, 7, true, "reviewers,auditors", "Reviewers", []any{[]any{"reviewers"}}, map[string]any{"reviewers": true}} {
		c := claims(string(rune('k' + i)))
		c.Values["groups"] = groups
		_, err := w.roster.SignInWith(w.ctx, c, here())
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != staff.CodeSignInRefused {
			t.Errorf("%v: %v", groups, err)
		}
	}
}
