package staff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/staff"
)

func TestSessionEnds(t *testing.T) {
	w := newWorld(t, func(c *staff.Config) { c.Sessions = staff.SessionLimits{Idle: 30 * time.Minute, Total: 2 * time.Hour} })
	idle := w.officer()
	total, err := w.roster.SignIn(w.ctx, login, password, here())
	w.fine(err)
	for range 5 {
		w.pass(20 * time.Minute)
		_, err = w.roster.Check(w.ctx, total.Token)
		w.fine(err)
	}
	_, err = w.roster.Check(w.ctx, idle.Token)
	w.refused(err, staff.CodeSessionEnded)
	w.pass(20*time.Minute - time.Millisecond)
	_, err = w.roster.Check(w.ctx, total.Token)
	w.fine(err)
	w.pass(time.Millisecond)
	_, err = w.roster.Check(w.ctx, total.Token)
	w.refused(err, staff.CodeSessionEnded)
	w.fine(w.roster.Sweep(w.ctx))
	if _, there := w.store.State.Sessions[total.Session.Digest]; there {
		t.Error("an ended session was not swept")
	}
}

// TestSeenIsCoarse finds that a session in use writes once a minute and no more.
func TestSeenIsCoarse(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	before := w.store.Commits
	for range 180 {
		w.pass(time.Second)
		_, err := w.roster.Check(w.ctx, o.Token)
		w.fine(err)
	}
	if n := w.store.Commits - before; n != 3 {
		t.Errorf("%d writes in three minutes, want 3", n)
	}
}

func TestSessionTokens(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	for _, forged := range []string{"", o.Token + "=", o.Token[1:], strings.ToLower(o.Token), strings.Repeat("A", 43), string(o.Session.ID), "\x00", strings.Repeat("x", 1<<20)} {
		_, err := w.roster.Check(w.ctx, forged)
		w.refused(err, staff.CodeSessionEnded)
	}
	for d := range w.store.State.Sessions {
		if strings.Contains(o.Token, string(d[:])) {
			t.Error("the store holds the token")
		}
	}
	seen := map[string]bool{}
	for range 20 {
		s, err := w.roster.SignIn(w.ctx, login, password, here())
		w.fine(err)
		if seen[s.Token] {
			t.Fatal("the same token twice")
		}
		seen[s.Token] = true
		w.pass(time.Minute)
	}
}

func TestSignOut(t *testing.T) {
	w := newWorld(t)
	a := w.officer()
	b, err := w.roster.SignIn(w.ctx, login, password, here())
	w.fine(err)
	c, err := w.roster.SignIn(w.ctx, login, password, here())
	w.fine(err)
	w.fine(w.roster.SignOut(w.ctx, a.Token))
	w.proven(staff.ProofSessionEnded)
	w.fine(w.roster.SignOut(w.ctx, a.Token)) // twice is no error
	_, err = w.roster.Check(w.ctx, a.Token)
	w.refused(err, staff.CodeSessionEnded)
	_, err = w.roster.Check(w.ctx, b.Token)
	w.fine(err)
	w.fine(w.roster.SignOutEverywhere(w.ctx, b.Token))
	w.proven(staff.ProofSignedOutAll)
	for _, o := range []staff.Opened{b, c} {
		_, err = w.roster.Check(w.ctx, o.Token)
		w.refused(err, staff.CodeSessionEnded)
	}
	if err := w.roster.SignOutEverywhere(w.ctx, b.Token); err == nil {
		t.Error("an ended session signs out everywhere")
	}
}

func TestFresh(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	w.fine(w.roster.Fresh(o.Session))
	w.pass(10 * time.Minute)
	w.refused(w.roster.Fresh(o.Session), staff.CodeProveAgain)
	_, err := w.roster.BeginPasskey(w.ctx, o.Token)
	w.refused(err, staff.CodeProveAgain)
	_, err = w.roster.RemovePasskey(w.ctx, o.Token, []byte("x"))
	w.refused(err, staff.CodeProveAgain)
}

func TestCSRF(t *testing.T) {
	w := newWorld(t)
	a := w.officer()
	b, err := w.roster.SignIn(w.ctx, login, password, here())
	w.fine(err)
	form, err := w.roster.CSRF(a.Token)
	w.fine(err)
	again, err := w.roster.CSRF(a.Token)
	w.fine(err)
	if form == again {
		t.Error("two forms have one text")
	}
	w.fine(w.roster.CheckCSRF(a.Token, form))
	w.fine(w.roster.CheckCSRF(a.Token, again))
	for _, sent := range []string{"", form[1:], form + "A", a.Token, strings.Repeat("A", len(form)), "\x00"} {
		w.refused(w.roster.CheckCSRF(a.Token, sent), staff.CodeForgedRequest)
	}
	w.refused(w.roster.CheckCSRF(b.Token, form), staff.CodeForgedRequest)
	empty, err := w.roster.CSRF("")
	w.fine(err)
	w.refused(w.roster.CheckCSRF("", empty), staff.CodeForgedRequest)
	early, err := w.roster.BeforeSignIn()
	w.fine(err)
	form, err = w.roster.CSRF(early)
	w.fine(err)
	w.fine(w.roster.CheckCSRF(early, form))
	w.config.Secret = []byte(strings.Repeat("z", 32))
	w.open()
	w.refused(w.roster.CheckCSRF(early, form), staff.CodeForgedRequest) // another key
}

func TestCookies(t *testing.T) {
	w := newWorld(t)
	want := staff.Cookie{Name: "__Host-colophon", Path: "/", Secure: true, HTTPOnly: true, SameSite: "Lax", MaxAge: 12 * time.Hour}
	if c := w.roster.SessionCookie(true); c != want {
		t.Errorf("cookie %+v", c)
	}
	if c := w.roster.SessionCookie(false); c.Secure || c.Name != "colophon" || !c.HTTPOnly {
		t.Errorf("cookie on loopback %+v", c)
	}
	if c := w.roster.FormCookie(true); c.Name == want.Name || !c.Secure || !c.HTTPOnly {
		t.Errorf("cookie of forms %+v", c)
	}
}

func TestTickets(t *testing.T) {
	w := newWorld(t)
	const kind staff.TicketKind = "oidc"
	token, err := w.roster.Begin(w.ctx, kind, []byte("state"))
	w.fine(err)
	_, err = w.roster.Finish(w.ctx, "other", token)
	w.refused(err, staff.CodeTicketRefused)
	state, err := w.roster.Finish(w.ctx, kind, token)
	if err != nil || string(state) != "state" {
		t.Fatalf("%q, %v", state, err)
	}
	_, err = w.roster.Finish(w.ctx, kind, token)
	w.refused(err, staff.CodeTicketRefused)
	late, err := w.roster.Begin(w.ctx, kind, nil)
	w.fine(err)
	w.pass(5 * time.Minute)
	_, err = w.roster.Finish(w.ctx, kind, late)
	w.refused(err, staff.CodeTicketRefused)
	for _, ours := range []staff.TicketKind{staff.TicketSetUp, staff.TicketInvitation, staff.TicketRegister, staff.TicketSignIn, ""} {
		if _, err := w.roster.Begin(w.ctx, ours, nil); err == nil {
			t.Errorf("another package makes tickets of kind %q", ours)
		}
	}
	setUp, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	_, err = w.roster.Finish(w.ctx, kind, setUp)
	w.refused(err, staff.CodeTicketRefused)
}
