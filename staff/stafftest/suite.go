// Package stafftest proves an implementation of [staff.Store]: each rule of the contract has a test here, so that the
// store in memory of the tests and the stores on SQL behave alike.
//
// What not to do here: no test of what the Roster does with a store; those are in package staff.
package stafftest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/colophon-project/colophon/staff"
)

// start is the time at which the suite begins, in the form in which times reach a store.
func start() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 123e6, time.UTC) }

// proof is a proof for changes that need one.
func proof() staff.Proof {
	return staff.Proof{Type: "staff.tested", Subject: "system", Role: "system", Payload: staff.AccountPayload{}}
}

type suite struct {
	*testing.T
	ctx   context.Context
	store staff.Store
	n     int
}

// Run runs the suite. Each call of open MUST return an empty store.
func Run(t *testing.T, open func(t *testing.T) staff.Store) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"Account", (*suite).account}, {"AccountVersions", (*suite).versions}, {"OneOwner", (*suite).oneOwner},
		{"Pages", (*suite).pages}, {"FirstAccount", (*suite).firstAccount}, {"LastOfficer", (*suite).lastOfficer},
		{"Sessions", (*suite).sessions}, {"EndAll", (*suite).endAll}, {"Tickets", (*suite).tickets}, {"OneSpends", (*suite).oneSpends},
		{"Keys", (*suite).keys}, {"Unproven", (*suite).unproven}, {"AllOrNothing", (*suite).allOrNothing},
		{"Buckets", (*suite).buckets}, {"OneToken", (*suite).oneToken}, {"Sweep", (*suite).sweep}, {"Memory", (*suite).memory},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run(&suite{T: t, ctx: t.Context(), store: open(t)})
		})
	}
}

func (s *suite) id() staff.ID {
	s.Helper()
	u, err := uuid.NewV7()
	if err != nil {
		s.Fatal(err)
	}
	return staff.ID(u.String())
}

func (s *suite) digest() staff.Digest {
	s.n++
	return sha256.Sum256(fmt.Appendf(nil, "%s %d", s.Name(), s.n))
}

func (s *suite) commit(c staff.Change) {
	s.Helper()
	if err := s.store.Commit(s.ctx, c, proof()); err != nil {
		s.Fatalf("Commit: %v", err)
	}
}

func (s *suite) refused(want error, c staff.Change, proofs ...staff.Proof) {
	s.Helper()
	if err := s.store.Commit(s.ctx, c, proofs...); !errors.Is(err, want) {
		s.Fatalf("Commit: %v, want %v", err, want)
	}
}

func (s *suite) same(what string, got, want any) {
	s.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		s.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func (s *suite) newAccount(login string, roles ...staff.Role) staff.Account {
	return staff.Account{ID: s.id(), Login: login, Roles: roles, Created: start(), Epoch: 1}
}

func (s *suite) added(a staff.Account) staff.Account {
	s.Helper()
	s.commit(staff.Change{Accounts: []staff.Account{a}})
	a.Version = 1
	return a
}

func (s *suite) get(q staff.AccountQuery) staff.Account {
	s.Helper()
	a, err := s.store.Account(s.ctx, q)
	if err != nil {
		s.Fatalf("Account: %v", err)
	}
	return a
}

func (s *suite) account() {
	if _, err := s.store.Account(s.ctx, staff.AccountQuery{Login: "duty.officer"}); !errors.Is(err, staff.ErrMissing) {
		s.Fatalf("an account that is not there: %v", err)
	}
	a := s.newAccount("值班员", staff.Officer, staff.Auditor)
	a.Password = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaA"
	a.Passkeys = []staff.Passkey{{ID: []byte{1, 0, 255}, Credential: []byte(`{"id":"AQ=="}`), Created: start(), Used: start().Add(time.Hour)}, {ID: []byte{2}, Credential: []byte(`{}`), Created: start(), Suspected: true}}
	a.Identities = []staff.Identity{{Issuer: "https://id.example", Subject: "主体|1"}, {Issuer: "https://id.example", Subject: "2"}}
	a.Epoch = 7
	a = s.added(a)
	s.added(s.newAccount("", staff.Reviewer))
	s.added(s.newAccount("", staff.Reviewer)) // two without a login do not collide
	for _, q := range []staff.AccountQuery{{ID: a.ID}, {Login: a.Login}, {Identity: a.Identities[0]}, {Identity: a.Identities[1]}} {
		s.same("account", s.get(q), a)
	}
	for _, q := range []staff.AccountQuery{{}, {ID: s.id()}, {Login: "王"}, {Identity: staff.Identity{Issuer: "https://id.example", Subject: "3"}}, {Identity: staff.Identity{Issuer: "https://id.example"}}} {
		if _, err := s.store.Account(s.ctx, q); !errors.Is(err, staff.ErrMissing) {
			s.Errorf("query %+v: %v", q, err)
		}
	}
	a.Login, a.Passkeys, a.Identities, a.Roles, a.Disabled, a.Password = "other", a.Passkeys[1:], a.Identities[1:], []staff.Role{staff.Engineer}, true, ""
	s.commit(staff.Change{Accounts: []staff.Account{a}})
	a.Version = 2
	s.same("changed account", s.get(staff.AccountQuery{ID: a.ID}), a)
	if _, err := s.store.Account(s.ctx, staff.AccountQuery{Login: "值班员"}); !errors.Is(err, staff.ErrMissing) {
		s.Errorf("the login that was given up: %v", err)
	}
}

func (s *suite) versions() {
	a := s.newAccount("a", staff.Officer)
	missing := a
	missing.Version = 1
	s.refused(staff.ErrConflict, staff.Change{Accounts: []staff.Account{missing}}, proof())
	s.added(a)
	s.refused(staff.ErrConflict, staff.Change{Accounts: []staff.Account{a}}, proof()) // version 0 again
	a.Version = 2
	s.refused(staff.ErrConflict, staff.Change{Accounts: []staff.Account{a}}, proof())
	var wg sync.WaitGroup
	a.Version = 1
	won := make(chan bool, 8)
	for range cap(won) {
		wg.Go(func() {
			err := s.store.Commit(s.ctx, staff.Change{Accounts: []staff.Account{a}}, proof())
			if err != nil && !errors.Is(err, staff.ErrConflict) {
				s.Errorf("Commit: %v", err)
			}
			won <- err == nil
		})
	}
	s.one(&wg, won)
}

// one fails unless exactly one of the goroutines won.
func (s *suite) one(wg *sync.WaitGroup, won chan bool) {
	s.Helper()
	wg.Wait()
	close(won)
	n := 0
	for w := range won {
		if w {
			n++
		}
	}
	if n != 1 {
		s.Fatalf("%d of the calls went through, want 1", n)
	}
}

func (s *suite) oneOwner() {
	a := s.newAccount("a", staff.Officer)
	a.Passkeys = []staff.Passkey{{ID: []byte("key"), Credential: []byte(`{}`), Created: start()}}
	a.Identities = []staff.Identity{{Issuer: "https://id.example", Subject: "1"}}
	a = s.added(a)
	b := s.newAccount("b", staff.Reviewer)
	for _, change := range []func(*staff.Account){
		func(b *staff.Account) { b.Login = a.Login },
		func(b *staff.Account) { b.Passkeys = a.Passkeys },
		func(b *staff.Account) { b.Identities = a.Identities },
	} {
		c := b
		change(&c)
		s.refused(staff.ErrTaken, staff.Change{Accounts: []staff.Account{c}}, proof())
	}
	b = s.added(b)
	b.Login = a.Login
	s.refused(staff.ErrTaken, staff.Change{Accounts: []staff.Account{b}}, proof())
	s.commit(staff.Change{Accounts: []staff.Account{a}}) // its own are no obstacle
}

func (s *suite) pages() {
	var want []staff.Account
	var keys []staff.Key
	for i := range 5 {
		want = append(want, s.added(s.newAccount(fmt.Sprintf("n%d", i), staff.Reviewer)))
		k := s.newKey()
		s.commit(staff.Change{Keys: []staff.Key{k}})
		k.Version = 1
		keys = append(keys, k)
	}
	list, err := s.store.Accounts(s.ctx, "", 3)
	if err != nil {
		s.Fatal(err)
	}
	s.same("first page", list, want[:3])
	if list, err = s.store.Accounts(s.ctx, want[2].ID, 3); err != nil {
		s.Fatal(err)
	}
	s.same("second page", list, want[3:])
	page, err := s.store.Keys(s.ctx, keys[1].ID, 2)
	if err != nil {
		s.Fatal(err)
	}
	s.same("page of keys", page, keys[2:4])
}

func (s *suite) firstAccount() {
	var wg sync.WaitGroup
	won := make(chan bool, 8)
	for i := range cap(won) {
		a := s.newAccount(fmt.Sprintf("n%d", i), staff.Officer)
		wg.Go(func() {
			err := s.store.Commit(s.ctx, staff.Change{FirstAccount: true, Accounts: []staff.Account{a}}, proof())
			if err != nil && !errors.Is(err, staff.ErrTaken) {
				s.Errorf("Commit: %v", err)
			}
			won <- err == nil
		})
	}
	s.one(&wg, won)
}

func (s *suite) lastOfficer() {
	a, b := s.added(s.newAccount("a", staff.Officer)), s.added(s.newAccount("b", staff.Officer))
	disabled, demoted := a, a
	disabled.Disabled, demoted.Roles = true, []staff.Role{staff.Auditor}
	s.commit(staff.Change{KeepOfficer: true, Accounts: []staff.Account{disabled}})
	b.Roles = []staff.Role{staff.Reviewer}
	s.refused(staff.ErrLastOfficer, staff.Change{KeepOfficer: true, Accounts: []staff.Account{b}}, proof())
	disabled.Version++
	disabled.Disabled = false
	s.commit(staff.Change{KeepOfficer: true, Accounts: []staff.Account{disabled}})
	// Two who take the role from each other at once: one stays.
	demoted.Version = 3
	var wg sync.WaitGroup
	won := make(chan bool, 2)
	for _, x := range []staff.Account{demoted, b} {
		wg.Go(func() {
			err := s.store.Commit(s.ctx, staff.Change{KeepOfficer: true, Accounts: []staff.Account{x}}, proof())
			if err != nil && !errors.Is(err, staff.ErrLastOfficer) {
				s.Errorf("Commit: %v", err)
			}
			won <- err == nil
		})
	}
	s.one(&wg, won)
}

func (s *suite) newSession(account staff.ID, ends time.Time) staff.Session {
	return staff.Session{ID: s.id(), Digest: s.digest(), Account: account, Epoch: 3, Method: staff.MethodPasskey, Opened: start(), Seen: start(), Ends: ends}
}

func (s *suite) sessions() {
	a := s.added(s.newAccount("a", staff.Officer))
	o := s.newSession(a.ID, start().Add(time.Hour))
	s.refused(staff.ErrConflict, staff.Change{EndSessions: []staff.Digest{o.Digest}}, proof())
	s.commit(staff.Change{OpenSessions: []staff.Session{o}})
	check := func(want staff.Session) {
		s.Helper()
		got, err := s.store.Session(s.ctx, o.Digest)
		if err != nil {
			s.Fatal(err)
		}
		s.same("session", got, want)
	}
	check(o)
	seen := func(at time.Time) staff.Change {
		return staff.Change{SeenSessions: []staff.SeenSession{{Digest: o.Digest, At: at}, {Digest: s.digest(), At: at}}}
	}
	for _, at := range []time.Time{start().Add(time.Minute), start()} { // the second one comes late and changes nothing
		if err := s.store.Commit(s.ctx, seen(at)); err != nil {
			s.Fatalf("noting the use of a session without proof: %v", err)
		}
		o.Seen = start().Add(time.Minute)
		check(o)
	}
	// A session is rotated once, however many ask for it.
	var wg sync.WaitGroup
	won := make(chan bool, 8)
	for range cap(won) {
		next := s.newSession(a.ID, o.Ends)
		wg.Go(func() {
			err := s.store.Commit(s.ctx, staff.Change{EndSessions: []staff.Digest{o.Digest}, OpenSessions: []staff.Session{next}}, proof())
			if err != nil && !errors.Is(err, staff.ErrConflict) {
				s.Errorf("Commit: %v", err)
			}
			won <- err == nil
		})
	}
	s.one(&wg, won)
	if _, err := s.store.Session(s.ctx, o.Digest); !errors.Is(err, staff.ErrMissing) {
		s.Errorf("the session that was rotated: %v", err)
	}
}

func (s *suite) endAll() {
	a, b := s.added(s.newAccount("a", staff.Officer)), s.added(s.newAccount("b", staff.Officer))
	ends := start().Add(time.Hour)
	mine, again, other := s.newSession(a.ID, ends), s.newSession(a.ID, ends), s.newSession(b.ID, ends)
	s.commit(staff.Change{OpenSessions: []staff.Session{mine, again, other}})
	ticket := staff.Ticket{Digest: s.digest(), Kind: staff.TicketInvitation, Account: a.ID, Ends: ends}
	theirs := staff.Ticket{Digest: s.digest(), Kind: staff.TicketInvitation, Account: b.ID, Ends: ends}
	s.commit(staff.Change{IssueTickets: []staff.Ticket{ticket, theirs}})
	next := s.newSession(a.ID, ends)
	s.commit(staff.Change{EndAllOf: []staff.ID{a.ID}, OpenSessions: []staff.Session{next}})
	for d, there := range map[staff.Digest]bool{mine.Digest: false, again.Digest: false, other.Digest: true, next.Digest: true} {
		if _, err := s.store.Session(s.ctx, d); there != (err == nil) || !there && !errors.Is(err, staff.ErrMissing) {
			s.Errorf("session: %v, should be there: %v", err, there)
		}
	}
	if _, err := s.store.Ticket(s.ctx, ticket.Digest); !errors.Is(err, staff.ErrMissing) {
		s.Errorf("a ticket of the account: %v", err)
	}
	if _, err := s.store.Ticket(s.ctx, theirs.Digest); err != nil {
		s.Errorf("a ticket of another account: %v", err)
	}
}

func (s *suite) newTicket(kind staff.TicketKind) staff.Ticket {
	return staff.Ticket{Digest: s.digest(), Kind: kind, State: []byte("{\x00\xff}"), Ends: start().Add(time.Minute)}
}

func (s *suite) tickets() {
	t := s.newTicket(staff.TicketSignIn)
	s.refused(staff.ErrConflict, staff.Change{SpendTickets: []staff.Digest{t.Digest}})
	setUp := s.newTicket(staff.TicketSetUp)
	if err := s.store.Commit(s.ctx, staff.Change{IssueTickets: []staff.Ticket{t, setUp}}); err != nil {
		s.Fatalf("issuing tickets without proof: %v", err)
	}
	got, err := s.store.Ticket(s.ctx, t.Digest)
	if err != nil {
		s.Fatal(err)
	}
	s.same("ticket", got, t)
	next := s.newTicket(staff.TicketSetUp)
	s.commit(staff.Change{DropTickets: []staff.TicketKind{staff.TicketSetUp}, IssueTickets: []staff.Ticket{next}})
	if _, err := s.store.Ticket(s.ctx, setUp.Digest); !errors.Is(err, staff.ErrMissing) {
		s.Errorf("a ticket of a kind that was dropped: %v", err)
	}
	for _, d := range []staff.Digest{t.Digest, next.Digest} {
		if _, err := s.store.Ticket(s.ctx, d); err != nil {
			s.Errorf("a ticket that stays: %v", err)
		}
	}
}

func (s *suite) oneSpends() {
	t := s.newTicket(staff.TicketSignIn)
	s.commit(staff.Change{IssueTickets: []staff.Ticket{t}})
	var wg sync.WaitGroup
	won := make(chan bool, 8)
	for range cap(won) {
		wg.Go(func() {
			err := s.store.Commit(s.ctx, staff.Change{SpendTickets: []staff.Digest{t.Digest}})
			if err != nil && !errors.Is(err, staff.ErrConflict) {
				s.Errorf("Commit: %v", err)
			}
			won <- err == nil
		})
	}
	s.one(&wg, won)
}

func (s *suite) newKey() staff.Key {
	return staff.Key{
		ID: s.id(), Digest: s.digest(), Name: "画廊 gallery", Created: start(), Ends: start().Add(time.Hour),
		Scope: staff.Scope{Actions: []staff.Action{staff.ArtefactCreate, staff.ArtefactRead}, Services: []string{"s1"}, Functions: []string{staff.Every}},
	}
}

func (s *suite) keys() {
	k := s.newKey()
	if _, err := s.store.Key(s.ctx, staff.KeyQuery{Digest: k.Digest}); !errors.Is(err, staff.ErrMissing) {
		s.Fatalf("a key that is not there: %v", err)
	}
	s.commit(staff.Change{Keys: []staff.Key{k}})
	s.refused(staff.ErrConflict, staff.Change{Keys: []staff.Key{k}}, proof())
	k.Version = 1
	check := func(want staff.Key) {
		s.Helper()
		for _, q := range []staff.KeyQuery{{ID: k.ID}, {Digest: k.Digest}} {
			got, err := s.store.Key(s.ctx, q)
			if err != nil {
				s.Fatal(err)
			}
			s.same("key", got, want)
		}
	}
	check(k)
	if _, err := s.store.Key(s.ctx, staff.KeyQuery{}); !errors.Is(err, staff.ErrMissing) {
		s.Errorf("an empty query: %v", err)
	}
	for _, at := range []time.Time{start().Add(time.Hour), start()} { // the second one comes late and changes nothing
		if err := s.store.Commit(s.ctx, staff.Change{UsedKeys: []staff.UsedKey{{ID: k.ID, At: at}, {ID: s.id(), At: at}}}); err != nil {
			s.Fatalf("noting the use of a key without proof: %v", err)
		}
		k.Used = start().Add(time.Hour)
		check(k)
	}
	next := s.newKey()
	next.Replaces, k.ReplacedBy, k.Revoked = k.ID, next.ID, start().Add(time.Minute)
	s.commit(staff.Change{Keys: []staff.Key{k, next}})
	k.Version = 2
	check(k)
}

func (s *suite) unproven() {
	a := s.added(s.newAccount("a", staff.Officer))
	o := s.newSession(a.ID, start().Add(time.Hour))
	s.commit(staff.Change{OpenSessions: []staff.Session{o}})
	b := s.newAccount("b", staff.Officer)
	for _, c := range []staff.Change{
		{Accounts: []staff.Account{b}}, {Keys: []staff.Key{s.newKey()}}, {OpenSessions: []staff.Session{s.newSession(a.ID, o.Ends)}},
		{EndSessions: []staff.Digest{o.Digest}}, {EndAllOf: []staff.ID{a.ID}},
	} {
		s.refused(staff.ErrUnproven, c)
	}
	if _, err := s.store.Account(s.ctx, staff.AccountQuery{ID: b.ID}); !errors.Is(err, staff.ErrMissing) {
		s.Errorf("an account without proof: %v", err)
	}
	if _, err := s.store.Session(s.ctx, o.Digest); err != nil {
		s.Errorf("a session that was ended without proof: %v", err)
	}
}

func (s *suite) allOrNothing() {
	a := s.added(s.newAccount("a", staff.Officer))
	t, o, k := s.newTicket(staff.TicketSignIn), s.newSession(a.ID, start().Add(time.Hour)), s.newKey()
	s.commit(staff.Change{IssueTickets: []staff.Ticket{t}, OpenSessions: []staff.Session{o}})
	stale, b, next := a, s.newAccount("b", staff.Reviewer), s.newSession(a.ID, o.Ends)
	stale.Version = 9
	s.refused(staff.ErrConflict, staff.Change{
		SpendTickets: []staff.Digest{t.Digest}, EndSessions: []staff.Digest{o.Digest}, Accounts: []staff.Account{b, stale}, Keys: []staff.Key{k}, OpenSessions: []staff.Session{next},
	}, proof())
	if _, err := s.store.Ticket(s.ctx, t.Digest); err != nil {
		s.Errorf("the ticket was spent: %v", err)
	}
	if _, err := s.store.Session(s.ctx, o.Digest); err != nil {
		s.Errorf("the session ended: %v", err)
	}
	if _, err := s.store.Session(s.ctx, next.Digest); !errors.Is(err, staff.ErrMissing) {
		s.Errorf("the session opened: %v", err)
	}
	if _, err := s.store.Account(s.ctx, staff.AccountQuery{ID: b.ID}); !errors.Is(err, staff.ErrMissing) {
		s.Errorf("the account was added: %v", err)
	}
	if _, err := s.store.Key(s.ctx, staff.KeyQuery{ID: k.ID}); !errors.Is(err, staff.ErrMissing) {
		s.Errorf("the key was added: %v", err)
	}
}

func (s *suite) spend(bucket string, rate staff.Rate, at time.Time) time.Duration {
	s.Helper()
	wait, err := s.store.Spend(s.ctx, bucket, rate, at)
	if err != nil {
		s.Fatal(err)
	}
	return wait
}

func (s *suite) buckets() {
	rate := staff.Rate{Burst: 3, Every: 10 * time.Second}
	for i, step := range []struct {
		after time.Duration
		want  time.Duration
	}{{0, 0}, {0, 0}, {0, 0}, {0, 10 * time.Second}, {4 * time.Second, 6 * time.Second}, {10 * time.Second, 0}, {10 * time.Second, 10 * time.Second}, {time.Hour, 0}, {time.Hour, 0}, {time.Hour, 0}, {time.Hour, 10 * time.Second}} {
		if wait := s.spend("a", rate, start().Add(step.after)); wait != step.want {
			s.Errorf("step %d: wait %v, want %v", i, wait, step.want)
		}
	}
	if wait := s.spend("b", rate, start()); wait != 0 {
		s.Errorf("another bucket: wait %v", wait)
	}
}

func (s *suite) oneToken() {
	rate := staff.Rate{Burst: 1, Every: time.Hour}
	var wg sync.WaitGroup
	won := make(chan bool, 8)
	for range cap(won) {
		wg.Go(func() {
			wait, err := s.store.Spend(s.ctx, "last", rate, start())
			if err != nil {
				s.Errorf("Spend: %v", err)
			}
			won <- wait == 0 && err == nil
		})
	}
	s.one(&wg, won)
}

func (s *suite) sweep() {
	a := s.added(s.newAccount("a", staff.Officer))
	old, young := s.newSession(a.ID, start().Add(time.Minute)), s.newSession(a.ID, start().Add(time.Minute+time.Millisecond))
	gone, stays := s.newTicket(staff.TicketSignIn), s.newTicket(staff.TicketSignIn)
	stays.Ends = stays.Ends.Add(time.Millisecond)
	s.commit(staff.Change{OpenSessions: []staff.Session{old, young}, IssueTickets: []staff.Ticket{gone, stays}})
	rate := staff.Rate{Burst: 1, Every: 2 * time.Minute}
	s.spend("busy", rate, start())
	if err := s.store.Commit(s.ctx, staff.Change{Sweep: start().Add(time.Minute)}); err != nil {
		s.Fatalf("sweeping without proof: %v", err)
	}
	for d, there := range map[staff.Digest]bool{old.Digest: false, young.Digest: true} {
		if _, err := s.store.Session(s.ctx, d); there != (err == nil) {
			s.Errorf("session: %v, should be there: %v", err, there)
		}
	}
	for d, there := range map[staff.Digest]bool{gone.Digest: false, stays.Digest: true} {
		if _, err := s.store.Ticket(s.ctx, d); there != (err == nil) {
			s.Errorf("ticket: %v, should be there: %v", err, there)
		}
	}
	if wait := s.spend("busy", rate, start().Add(time.Minute)); wait != time.Minute {
		s.Errorf("a bucket that is not full was swept: wait %v", wait)
	}
	if _, err := s.store.Account(s.ctx, staff.AccountQuery{ID: a.ID}); err != nil {
		s.Errorf("the account: %v", err)
	}
}

func (s *suite) memory() {
	a := s.newAccount("a", staff.Officer, staff.Auditor)
	a.Passkeys = []staff.Passkey{{ID: []byte("key"), Credential: []byte(`{}`), Created: start()}}
	k := s.newKey()
	s.commit(staff.Change{Accounts: []staff.Account{a}, Keys: []staff.Key{k}})
	a.Roles[0], a.Passkeys[0].ID[0], k.Scope.Actions[0] = staff.Reviewer, 'x', staff.BundleMake
	got := s.get(staff.AccountQuery{ID: a.ID})
	if got.Roles[0] != staff.Officer || got.Passkeys[0].ID[0] != 'k' {
		s.Error("the store kept the caller's memory")
	}
	got.Roles[0], got.Passkeys[0].ID[0] = staff.Reviewer, 'x'
	if again := s.get(staff.AccountQuery{ID: a.ID}); again.Roles[0] != staff.Officer || again.Passkeys[0].ID[0] != 'k' {
		s.Error("the store handed out its own memory")
	}
	if key, err := s.store.Key(s.ctx, staff.KeyQuery{ID: k.ID}); err != nil || key.Scope.Actions[0] != staff.ArtefactCreate {
		s.Errorf("the store kept the caller's memory of a key: %v", err)
	}
}
