package staff_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/staff/stafftest"
)

func TestStore(t *testing.T) {
	stafftest.Run(t, func(*testing.T) staff.Store { return stafftest.NewMemory() })
}

const (
	login    = "duty.officer"
	password = "correct horse battery"
	better   = "another horse, another battery"
)

// cheap is hashing that takes next to no time.
func cheap() staff.Hashing { return staff.Hashing{Memory: 64, Passes: 1, Threads: 1} }

// world is a Roster on a store in memory, with a clock that stands still.
type world struct {
	*testing.T
	ctx    context.Context
	mu     sync.Mutex
	time   time.Time
	store  *stafftest.Memory
	roster *staff.Roster
	config staff.Config
}

func newWorld(t *testing.T, change ...func(*staff.Config)) *world {
	t.Helper()
	w := &world{T: t, ctx: t.Context(), time: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), store: stafftest.NewMemory()}
	w.config = staff.Config{
		Store: w.store, Now: w.now, Random: rand.Reader, NewID: uuid.NewV7, Secret: []byte(strings.Repeat("k", 32)), Passwords: cheap(),
		Passkeys: staff.PasskeySite{Domain: "colophon.example", Name: "Colophon", Origins: []string{"https://colophon.example"}},
	}
	for _, c := range change {
		c(&w.config)
	}
	w.open()
	return w
}

func (w *world) open() {
	w.Helper()
	var err error
	if w.roster, err = staff.New(w.config); err != nil {
		w.Fatal(err)
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

func from(address string) staff.Attempt { return staff.Attempt{Source: netip.MustParseAddr(address)} }

func here() staff.Attempt { return from("192.0.2.1") }

// officer makes the first officer.
func (w *world) officer() staff.Opened {
	w.Helper()
	token, err := w.roster.OpenSetUp(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	o, err := w.roster.SetUp(w.ctx, token, login, password, here())
	if err != nil {
		w.Fatal(err)
	}
	return o
}

// person makes an account that accepted its invitation.
func (w *world) person(by staff.Opened, name string, roles ...staff.Role) staff.Opened {
	w.Helper()
	_, token, err := w.roster.Create(w.ctx, by.Account.Actor(), name, roles)
	if err != nil {
		w.Fatal(err)
	}
	o, err := w.roster.Accept(w.ctx, token, password, here())
	if err != nil {
		w.Fatal(err)
	}
	return o
}

func (w *world) refused(err error, code colophon.Code) {
	w.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code {
		w.Fatalf("error %v, want code %s", err, code)
	}
	if code != "" && e.Kind == colophon.Internal {
		w.Fatalf("error %v is of kind internal", err)
	}
}

func (w *world) fine(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) proven(types ...string) {
	w.Helper()
	var have []string
	for _, p := range w.store.Proofs {
		have = append(have, p.Type)
	}
	if len(have) < len(types) || !slices.Equal(have[len(have)-len(types):], types) {
		w.Fatalf("the last proofs are %v, want %v", have, types)
	}
}

func TestSetUp(t *testing.T) {
	w := newWorld(t)
	first, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	second, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	_, err = w.roster.SetUp(w.ctx, first, login, password, here())
	w.refused(err, staff.CodeTicketRefused) // a newer token kills the older
	for _, bad := range []string{"", "x", strings.Repeat("A", 43), second + "A", second[:42]} {
		_, err = w.roster.SetUp(w.ctx, bad, login, password, here())
		w.refused(err, staff.CodeTicketRefused)
	}
	_, err = w.roster.SetUp(w.ctx, second, login, "short", here())
	w.refused(err, staff.CodePasswordShort)
	_, err = w.roster.SetUp(w.ctx, second, "no login here", password, here())
	w.refused(err, staff.CodeLoginInvalid)
	w.pass(time.Hour - time.Millisecond)
	o, err := w.roster.SetUp(w.ctx, second, login, password, here())
	w.fine(err)
	w.proven(staff.ProofSetUpOpened, staff.ProofSetUpOpened, staff.ProofAccountCreated, staff.ProofSessionOpened)
	if !slices.Equal(o.Account.Roles, []staff.Role{staff.Officer}) {
		t.Errorf("roles %v", o.Account.Roles)
	}
	_, err = w.roster.Check(w.ctx, o.Token)
	w.fine(err)
	_, err = w.roster.SetUp(w.ctx, second, "second", password, here())
	w.refused(err, staff.CodeTicketRefused)
	_, err = w.roster.OpenSetUp(w.ctx)
	w.refused(err, staff.CodeSetUpDone)
}

func TestSetUpEnds(t *testing.T) {
	w := newWorld(t)
	token, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	w.pass(time.Hour)
	_, err = w.roster.SetUp(w.ctx, token, login, password, here())
	w.refused(err, staff.CodeTicketRefused)
}

// TestSetUpRace uses one token from many sides: one officer is made.
func TestSetUpRace(t *testing.T) {
	w := newWorld(t)
	token, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	var wg sync.WaitGroup
	made := make(chan bool, 10)
	for i := range cap(made) {
		wg.Go(func() {
			_, err := w.roster.SetUp(w.ctx, token, login+string(rune('a'+i)), password, here())
			var e *colophon.Error
			if err != nil && (!errors.As(err, &e) || e.Code != staff.CodeSetUpDone && e.Code != staff.CodeTicketRefused) {
				t.Errorf("SetUp: %v", err)
			}
			made <- err == nil
		})
	}
	wg.Wait()
	close(made)
	n := 0
	for m := range made {
		if m {
			n++
		}
	}
	if n != 1 || len(w.store.State.Accounts) != 1 {
		t.Fatalf("%d calls made an officer, %d accounts", n, len(w.store.State.Accounts))
	}
}

func TestAccounts(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	boss := o.Account.Actor()
	e := w.person(o, "Night.Reviewer", staff.Engineer, staff.Reviewer)
	if e.Account.Login != "night.reviewer" || !slices.Equal(e.Account.Roles, []staff.Role{staff.Reviewer, staff.Engineer}) {
		t.Errorf("account %+v", e.Account)
	}
	_, _, err := w.roster.Create(w.ctx, boss, "NIGHT.REVIEWER", []staff.Role{staff.Auditor})
	w.refused(err, staff.CodeTaken)
	_, _, err = w.roster.Create(w.ctx, e.Account.Actor(), "x", []staff.Role{staff.Auditor})
	w.refused(err, staff.CodeForbidden)
	for _, roles := range [][]staff.Role{nil, {staff.Auditor, staff.Auditor}, {"root"}} {
		_, _, err = w.roster.Create(w.ctx, boss, "x", roles)
		w.refused(err, staff.CodeRoleInvalid)
	}
	a, err := w.roster.SetRoles(w.ctx, boss, e.Account.ID, []staff.Role{staff.Auditor})
	w.fine(err)
	w.proven(staff.ProofRolesChanged)
	if p := w.store.Proofs[len(w.store.Proofs)-1].Payload.(staff.AccountPayload); !slices.Equal(p.Before, e.Account.Roles) || !slices.Equal(p.Roles, a.Roles) || p.By != boss.Account {
		t.Errorf("payload %+v", p)
	}
	_, err = w.roster.Check(w.ctx, e.Token)
	w.refused(err, staff.CodeSessionEnded) // other roles end the sessions
	_, err = w.roster.SetRoles(w.ctx, boss, boss.Account, []staff.Role{staff.Officer, staff.Auditor})
	w.refused(err, staff.CodeSelf)
	_, err = w.roster.Disable(w.ctx, boss, e.Account.ID)
	w.fine(err)
	_, err = w.roster.SignIn(w.ctx, "night.reviewer", password, here())
	w.refused(err, staff.CodeSignInRefused)
	_, err = w.roster.Enable(w.ctx, boss, e.Account.ID)
	w.fine(err)
	_, err = w.roster.SignIn(w.ctx, "night.reviewer", password, here())
	w.fine(err)
	_, err = w.roster.Disable(w.ctx, boss, "0198c0de-0000-7000-8000-000000000000")
	w.refused(err, staff.CodeAccountUnknown)
	list, err := w.roster.Accounts(w.ctx, boss, "", 10)
	if err != nil || len(list) != 2 {
		t.Errorf("%d accounts, %v", len(list), err)
	}
	if _, err = w.roster.Accounts(w.ctx, e.Account.Actor(), "", 10); err == nil {
		t.Error("an engineer reads the accounts")
	}
}

// TestLastOfficer has two officers who disable each other at once: one remains.
func TestLastOfficer(t *testing.T) {
	w := newWorld(t)
	a := w.officer()
	b := w.person(a, "b", staff.Officer)
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = w.roster.Disable(w.ctx, a.Account.Actor(), b.Account.ID) })
	wg.Go(func() { _, _ = w.roster.SetRoles(w.ctx, b.Account.Actor(), a.Account.ID, []staff.Role{staff.Auditor}) })
	wg.Wait()
	n := 0
	for _, x := range w.store.State.Accounts {
		if !x.Disabled && slices.Contains(x.Roles, staff.Officer) {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d officers remain", n)
	}
}

func TestInvitation(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	a, token, err := w.roster.Create(w.ctx, o.Account.Actor(), "b", []staff.Role{staff.Reviewer})
	w.fine(err)
	other, err := w.roster.Invite(w.ctx, o.Account.Actor(), a.ID)
	w.fine(err)
	_, err = w.roster.SignIn(w.ctx, "b", "", here())
	w.refused(err, staff.CodeSignInRefused) // no password yet
	_, err = w.roster.Accept(w.ctx, token, "passwordpassword", here())
	w.refused(err, staff.CodePasswordCommon)
	s, err := w.roster.Accept(w.ctx, token, password, here())
	w.fine(err)
	w.proven(staff.ProofPasswordChanged, staff.ProofSessionOpened)
	for _, used := range []string{token, other} { // one acceptance kills all invitations
		_, err = w.roster.Accept(w.ctx, used, better, here())
		w.refused(err, staff.CodeTicketRefused)
	}
	again, err := w.roster.Invite(w.ctx, o.Account.Actor(), a.ID)
	w.fine(err)
	_, err = w.roster.Check(w.ctx, s.Token)
	w.fine(err) // an invitation alone ends nothing
	_, err = w.roster.Disable(w.ctx, o.Account.Actor(), a.ID)
	w.fine(err)
	_, err = w.roster.Accept(w.ctx, again, better, here())
	w.refused(err, staff.CodeTicketRefused)
	_, err = w.roster.Enable(w.ctx, o.Account.Actor(), a.ID)
	w.fine(err)
	last, err := w.roster.Invite(w.ctx, o.Account.Actor(), a.ID)
	w.fine(err)
	w.pass(72 * time.Hour)
	_, err = w.roster.Accept(w.ctx, last, better, here())
	w.refused(err, staff.CodeTicketRefused)
}

// TestNothingPersonal looks for login names, secrets and addresses in all proofs and errors of a life.
func TestNothingPersonal(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	p := w.person(o, "night.reviewer", staff.Engineer)
	text, _, err := w.roster.CreateKey(w.ctx, p.Account.Actor(), "gallery", staff.Scope{Actions: []staff.Action{staff.ArtefactRead}}, time.Hour)
	w.fine(err)
	var said []string
	for _, attempt := range [][2]string{{"night.reviewer", "wrong"}, {"nobody.here", "wrong"}} {
		_, err := w.roster.SignIn(w.ctx, attempt[0], attempt[1], from("203.0.113.77"))
		said = append(said, err.Error())
	}
	_, _, err = w.roster.Create(w.ctx, o.Account.Actor(), "night.reviewer", []staff.Role{staff.Auditor})
	said = append(said, err.Error())
	for _, p := range w.store.Proofs {
		b, err := json.Marshal(p)
		w.fine(err)
		said = append(said, string(b))
	}
	for b := range w.store.State.Buckets {
		said = append(said, b)
	}
	if len(said) < 10 {
		t.Fatalf("only %d texts", len(said))
	}
	for _, s := range said {
		for _, secret := range []string{"night.reviewer", "wang", "nobody", "203.0.113", "192.0.2", "wrong", password, text, o.Token, p.Token} {
			if strings.Contains(s, secret) {
				t.Errorf("%q has %q", s, secret)
			}
		}
	}
}

func TestBrokenStore(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	text, _, err := w.roster.CreateKey(w.ctx, o.Account.Actor(), "gallery", staff.Scope{Actions: []staff.Action{staff.ArtefactRead}}, time.Hour)
	w.fine(err)
	w.store.Broken = errors.New("disk on fire")
	_, err1 := w.roster.SignIn(w.ctx, login, password, here())
	_, err2 := w.roster.Check(w.ctx, o.Token)
	_, err3 := w.roster.CheckKey(w.ctx, text)
	_, err4 := w.roster.SetUp(w.ctx, o.Token, login, password, here())
	_, err5 := w.roster.SignInWith(w.ctx, staff.Claims{Identity: staff.Identity{Issuer: "https://id.example", Subject: "1"}}, here())
	err6 := w.roster.SignOut(w.ctx, o.Token)
	for i, err := range []error{err1, err2, err3, err4, err5, err6} {
		var e *colophon.Error
		if err == nil || errors.As(err, &e) || !errors.Is(err, w.store.Broken) {
			t.Errorf("%d: a failure of the store became %v", i+1, err)
		}
	}
}

func TestSettings(t *testing.T) {
	good := newWorld(t).config
	for name, change := range map[string]func(*staff.Config){
		"store":    func(c *staff.Config) { c.Store = nil },
		"clock":    func(c *staff.Config) { c.Now = nil },
		"random":   func(c *staff.Config) { c.Random = nil },
		"ids":      func(c *staff.Config) { c.NewID = nil },
		"secret":   func(c *staff.Config) { c.Secret = c.Secret[:31] },
		"hashing":  func(c *staff.Config) { c.Passwords = staff.Hashing{Memory: 1, Passes: 1, Threads: 1} },
		"hashings": func(c *staff.Config) { c.Hashings = -1 },
		"idle":     func(c *staff.Config) { c.Sessions.Idle = 24 * time.Hour },
		"throttle": func(c *staff.Config) { c.Throttle.Source = staff.Rate{Burst: -1, Every: time.Second} },
		"keys":     func(c *staff.Config) { c.Keys.Overlap = 500 * 24 * time.Hour },
		"origins":  func(c *staff.Config) { c.Passkeys.Origins = nil },
		"domain":   func(c *staff.Config) { c.Passkeys.Domain = "https://colophon.example" },
		"issuer":   func(c *staff.Config) { c.Issuers = []staff.IssuerRule{{Issuer: "id.example"}} },
		"twice": func(c *staff.Config) {
			c.Issuers = []staff.IssuerRule{{Issuer: "https://id.example"}, {Issuer: "https://id.example"}}
		},
		"officer": func(c *staff.Config) {
			c.Issuers = []staff.IssuerRule{{Issuer: "https://id.example", Roles: []staff.RoleRule{{staff.Claim{Name: "g", Value: "o"}, staff.Officer}}}}
		},
		"create": func(c *staff.Config) { c.Issuers = []staff.IssuerRule{{Issuer: "https://id.example", Create: true}} },
	} {
		c := good
		change(&c)
		_, err := staff.New(c)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != staff.CodeSettingInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCollision changes an account while somebody else does: both changes stand. When there is no end of it, it says so.
func TestCollision(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	p := w.person(o, "night.reviewer", staff.Engineer)
	collisions, inside := 1, false
	w.store.OnCommit = func(c staff.Change) {
		if inside || collisions == 0 || len(c.Accounts) == 0 {
			return
		}
		collisions--
		inside = true
		_, err := w.roster.Disable(w.ctx, o.Account.Actor(), p.Account.ID)
		inside = false
		w.fine(err)
	}
	a, err := w.roster.SetRoles(w.ctx, o.Account.Actor(), p.Account.ID, []staff.Role{staff.Auditor})
	w.fine(err)
	if !a.Disabled || !slices.Equal(a.Roles, []staff.Role{staff.Auditor}) || a.Version != w.store.State.Accounts[a.ID].Version {
		t.Errorf("account %+v", a)
	}
	collisions = 100
	_, err = w.roster.SetRoles(w.ctx, o.Account.Actor(), p.Account.ID, []staff.Role{staff.Engineer})
	w.refused(err, staff.CodeChanged)
}

// TestLateSetUpToken makes a set-up token while the first officer is made with another one: it is good for nothing.
func TestLateSetUpToken(t *testing.T) {
	w := newWorld(t)
	first, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	once := true
	w.store.OnCommit = func(c staff.Change) {
		if once && len(c.IssueTickets) > 0 {
			once = false
			_, err := w.roster.SetUp(w.ctx, first, login, password, here())
			w.fine(err)
		}
	}
	late, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	_, err = w.roster.SetUp(w.ctx, late, "second", password, here())
	w.refused(err, staff.CodeSetUpDone)
}
