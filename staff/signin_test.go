package staff_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/staff/stafftest"
)

func TestPasswordRules(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		password string
		code     colophon.Code
	}{
		{"", staff.CodePasswordShort},
		{"elevenchars", staff.CodePasswordShort},
		{"一二三四五六七八九十百", staff.CodePasswordShort}, // eleven characters, 33 bytes
		{strings.Repeat("x1", 513), staff.CodePasswordLong},
		{"tab\tis no character", staff.CodePasswordCharacters},
		{"not \xff UTF-8 at all", staff.CodePasswordCharacters},
		{"passwordpassword", staff.CodePasswordCommon},
		{"Password1234", staff.CodePasswordCommon},
		{"1234567890123", staff.CodePasswordCommon},
		{"aaaaaaaaaaaaaa", staff.CodePasswordCommon},
		{"abcdefghijklm", staff.CodePasswordCommon},
		{"zyxwvutsrqponm", staff.CodePasswordCommon},
		{"qwertyqwertyqw", staff.CodePasswordCommon},
		{"1qaz2wsx3edc4rfv", staff.CodePasswordCommon},
		{"colophon2026!!", staff.CodePasswordCommon},
		{"Duty.Officer.2026", staff.CodePasswordCommon},
	} {
		token, err := w.roster.OpenSetUp(w.ctx)
		w.fine(err)
		_, err = w.roster.SetUp(w.ctx, token, login, c.password, from("2001:db8::1"))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%q: %v, want %s", c.password, err, c.code)
		}
		w.pass(time.Minute)
	}
	for _, good := range []string{password, "aaaaaaaaaaab!", "三人行必有我师焉择其善者", "840395718264", strings.Repeat("x1y", 4) + "zq", "            blank ends   "} {
		if staff.IsCommon(good, login) {
			t.Errorf("%q counts as common", good)
		}
	}
}

// TestPasswordSpelling signs in with the same password as another keyboard composes it.
func TestPasswordSpelling(t *testing.T) {
	w := newWorld(t)
	token, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	_, err = w.roster.SetUp(w.ctx, token, "José", "cafe\u0301 con leche", here())
	w.fine(err)
	_, err = w.roster.SignIn(w.ctx, "JOSE\u0301", "caf\u00e9\u00a0con leche", here())
	w.fine(err)
}

func TestSignIn(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	s, err := w.roster.SignIn(w.ctx, "DUTY.OFFICER", password, here())
	w.fine(err)
	w.proven(staff.ProofSessionOpened)
	if s.Account.ID != o.Account.ID || s.Session.Method != staff.MethodPassword {
		t.Errorf("session %+v", s.Session)
	}
	for _, c := range [][2]string{{login, better}, {login, ""}, {login, password + " "}, {"nobody", password}, {"", password}, {"a b", password}, {login + "\xff", password}, {strings.Repeat("n", 5000), password}, {login, strings.Repeat("p", 5000)}} {
		_, err := w.roster.SignIn(w.ctx, c[0], c[1], from("198.51.100.1"))
		w.refused(err, staff.CodeSignInRefused)
		if err.Error() != string(staff.CodeSignInRefused) {
			t.Errorf("a refusal says more: %v", err)
		}
	}
	// A sign-in takes the place of the session the browser had.
	next, err := w.roster.SignIn(w.ctx, login, password, staff.Attempt{Source: here().Source, Replaces: s.Token})
	w.fine(err)
	_, err = w.roster.Check(w.ctx, s.Token)
	w.refused(err, staff.CodeSessionEnded)
	_, err = w.roster.Check(w.ctx, next.Token)
	w.fine(err)
	_, err = w.roster.SignIn(w.ctx, login, password, staff.Attempt{Source: here().Source, Replaces: s.Token})
	w.fine(err) // one that ended already is no obstacle
}

// TestEqualWork counts the hashings of a sign-in by the slots it needs: none goes through while all are taken, whether
// there is such an account or not.
func TestEqualWork(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	_, _, err := w.roster.Create(w.ctx, o.Account.Actor(), "no-password", []staff.Role{staff.Auditor})
	w.fine(err)
	release := w.roster.HoldSlots()
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	for _, name := range []string{login, "nobody", "no-password", "not a name", ""} {
		for _, p := range []string{password, "", strings.Repeat("p", 5000)} {
			_, err := w.roster.SignIn(ctx, name, p, here())
			w.refused(err, staff.CodeBusy)
			w.pass(time.Minute)
		}
	}
	release()
	_, err = w.roster.SignIn(w.ctx, login, password, here())
	w.fine(err)
}

// TestHashingsAtOnce lets many sign in at once and finds that they wait for the slots.
func TestHashingsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.officer()
		release := w.roster.HoldSlots()
		done := make(chan error, 5)
		for range cap(done) {
			go func() {
				_, err := w.roster.SignIn(w.ctx, login, password, here())
				done <- err
			}()
		}
		synctest.Wait()
		if len(done) != 0 {
			t.Errorf("%d went past the slots", len(done))
		}
		release()
		for range cap(done) {
			w.fine(<-done)
		}
	})
}

func TestUpgrade(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	w.config.Passwords = staff.Hashing{Memory: 128, Passes: 2, Threads: 1}
	w.open()
	_, err := w.roster.SignIn(w.ctx, login, better, here())
	w.refused(err, staff.CodeSignInRefused)
	if h, err := staff.ParsePHC(w.store.State.Accounts[o.Account.ID].Password); err != nil || h != cheap() {
		t.Fatalf("a wrong password changed the figures: %+v, %v", h, err)
	}
	for range 2 {
		_, err = w.roster.SignIn(w.ctx, login, password, here())
		w.fine(err)
		if h, err := staff.ParsePHC(w.store.State.Accounts[o.Account.ID].Password); err != nil || h != w.config.Passwords {
			t.Fatalf("figures %+v, %v", h, err)
		}
	}
	w.proven(staff.ProofPasswordUpgraded, staff.ProofSessionOpened, staff.ProofSessionOpened) // once
}

// TestRealFigures uses the figures that are in force by default.
func TestRealFigures(t *testing.T) {
	w := newWorld(t, func(c *staff.Config) { c.Passwords = staff.Hashing{} })
	o := w.officer()
	stored := w.store.State.Accounts[o.Account.ID].Password
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("stored as %s", stored)
	}
	_, err := w.roster.SignIn(w.ctx, login, password, here())
	w.fine(err)
	_, err = w.roster.SignIn(w.ctx, login, better, here())
	w.refused(err, staff.CodeSignInRefused)
}

// TestOtherArgon2 verifies a hash of the reference implementation (P-H-C/phc-winner-argon2, src/test.c).
func TestOtherArgon2(t *testing.T) {
	w := newWorld(t)
	const stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	right, old, err := w.roster.Verify(w.ctx, "password", stored)
	if err != nil || !right || !old {
		t.Errorf("right %v, old %v, %v", right, old, err)
	}
}

func TestThrottleByName(t *testing.T) {
	w := newWorld(t)
	w.officer()
	for _, name := range []string{login, "nobody"} { // the same for a name that nobody has
		for i := range 10 {
			_, err := w.roster.SignIn(w.ctx, name, better, from(fmt.Sprintf("198.51.100.%d", i)))
			w.refused(err, staff.CodeSignInRefused)
		}
		_, err := w.roster.SignIn(w.ctx, strings.ToUpper(name), password, from("198.51.100.99"))
		w.refused(err, staff.CodeThrottled)
		var e *colophon.Error
		if errors.As(err, &e); e.Args["seconds"] != "60" {
			t.Errorf("wait %v", e.Args)
		}
	}
	// Another process on the same store counts on.
	w.open()
	_, err := w.roster.SignIn(w.ctx, login, password, here())
	w.refused(err, staff.CodeThrottled)
	w.pass(time.Minute)
	_, err = w.roster.SignIn(w.ctx, login, password, here())
	w.fine(err)
}

func TestThrottleBySource(t *testing.T) {
	w := newWorld(t, func(c *staff.Config) { c.Throttle.Source = staff.Rate{Burst: 3, Every: time.Second} })
	for i, address := range []string{"2001:db8:1:2::1", "2001:db8:1:2:ffff::2", "2001:db8:1:2::3%eth0"} {
		_, err := w.roster.SignIn(w.ctx, fmt.Sprintf("n%d", i), better, from(address))
		w.refused(err, staff.CodeSignInRefused)
	}
	for _, try := range []func() error{
		func() error {
			_, err := w.roster.SignIn(w.ctx, "n9", better, from("2001:db8:1:2::4"))
			return err
		},
		func() error { _, err := w.roster.BeginPasskeySignIn(w.ctx, from("2001:db8:1:2::4")); return err },
		func() error {
			_, err := w.roster.FinishPasskeySignIn(w.ctx, "", nil, from("2001:db8:1:2::4"))
			return err
		},
		func() error { _, err := w.roster.SetUp(w.ctx, "", "", "", from("2001:db8:1:2::4")); return err },
		func() error { _, err := w.roster.Accept(w.ctx, "", "", from("2001:db8:1:2::4")); return err },
		func() error {
			_, err := w.roster.SignInWith(w.ctx, staff.Claims{}, from("2001:db8:1:2::4"))
			return err
		},
	} {
		w.refused(try(), staff.CodeThrottled)
	}
	_, err := w.roster.SignIn(w.ctx, "n9", better, from("2001:db8:1:3::1"))
	w.refused(err, staff.CodeSignInRefused)
	for _, address := range []string{"192.0.2.7", "::ffff:192.0.2.7", "192.0.2.7"} { // an address has one bucket in both spellings
		_, err = w.roster.SignIn(w.ctx, "n9", better, from(address))
		w.refused(err, staff.CodeSignInRefused)
	}
	_, err = w.roster.SignIn(w.ctx, "n9", better, from("192.0.2.7"))
	w.refused(err, staff.CodeThrottled)
}

func TestChangePassword(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	other, err := w.roster.SignIn(w.ctx, login, password, here())
	w.fine(err)
	_, err = w.roster.ChangePassword(w.ctx, o.Token, better, better)
	w.refused(err, staff.CodePasswordWrong)
	_, err = w.roster.ChangePassword(w.ctx, o.Token, password, "password1234")
	w.refused(err, staff.CodePasswordCommon)
	next, err := w.roster.ChangePassword(w.ctx, o.Token, password, better)
	w.fine(err)
	w.proven(staff.ProofPasswordChanged, staff.ProofSessionRotated)
	for _, token := range []string{o.Token, other.Token} {
		_, err = w.roster.Check(w.ctx, token)
		w.refused(err, staff.CodeSessionEnded)
	}
	kept, err := w.roster.Check(w.ctx, next.Token)
	w.fine(err)
	if kept.Session.Ends != o.Session.Ends || kept.Session.Opened != o.Session.Opened {
		t.Error("a rotated session got a longer life")
	}
	_, err = w.roster.SignIn(w.ctx, login, password, here())
	w.refused(err, staff.CodeSignInRefused)
	_, err = w.roster.SignIn(w.ctx, login, better, here())
	w.fine(err)
	// Whoever holds a session guesses the password no faster than at sign-in.
	for range 20 {
		if _, err = w.roster.ChangePassword(w.ctx, next.Token, "wrong", better); err == nil {
			t.Fatal("a wrong password was taken")
		}
	}
	w.refused(err, staff.CodeThrottled)
}

// TestLateSignIn signs in while the password is changed: a session that opens with the old account does not hold.
func TestLateSignIn(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	once := true
	w.store.OnCommit = func(c staff.Change) {
		if once && len(c.OpenSessions) > 0 {
			once = false
			_, err := w.roster.ChangePassword(w.ctx, o.Token, password, better)
			w.fine(err)
		}
	}
	late, err := w.roster.SignIn(w.ctx, login, password, here())
	w.fine(err)
	_, err = w.roster.Check(w.ctx, late.Token)
	w.refused(err, staff.CodeSessionEnded)
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2i$v=19$m=8,t=1,p=1$$")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := staff.ParsePHC(s)
		if err != nil {
			return
		}
		if again, err := staff.RewritePHC(s); err != nil || again != s {
			t.Errorf("%q reads back as %q, %v", s, again, err)
		}
		if h.Memory > 1<<20 || h.Passes > 64 {
			t.Errorf("%q may take %+v", s, h)
		}
	})
}

func FuzzPassword(f *testing.F) {
	for _, s := range []string{password, "passwordpassword", "", "一二三", "\xff", "aaaa", "a\u0301"} {
		f.Add(s, login)
	}
	r, err := staff.New(staff.Config{Store: stafftest.NewMemory(), Now: time.Now, Random: rand.Reader, NewID: uuid.NewV7, Secret: make([]byte, 32), Passwords: cheap()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, p, name string) {
		staff.IsCommon(p, name)
		if tidy, err := staff.Login(name); err == nil {
			if again, err := staff.Login(tidy); err != nil || again != tidy {
				t.Errorf("%q becomes %q, then %q, %v", name, tidy, again, err)
			}
		}
		_, err := r.SignIn(t.Context(), name, p, here())
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != staff.CodeSignInRefused && e.Code != staff.CodeThrottled {
			t.Errorf("sign-in on an empty store: %v", err)
		}
	})
}

func BenchmarkRealFigures(b *testing.B) {
	r, err := staff.New(staff.Config{Store: stafftest.NewMemory(), Now: time.Now, Random: rand.Reader, NewID: uuid.NewV7, Secret: make([]byte, 32)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := r.Verify(b.Context(), password, ""); err != nil {
			b.Fatal(err)
		}
	}
}
