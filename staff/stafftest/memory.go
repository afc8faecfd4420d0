package stafftest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/colophon-project/colophon/staff"
)

// Memory is a Store that keeps everything in maps. With Broken set, each call fails.
type Memory struct {
	mu       sync.Mutex
	State    State
	Proofs   []staff.Proof
	Spends   int
	Broken   error
	Commits  int
	OnCommit func(staff.Change) // runs before a commit, without the lock
}

// State is what a Memory keeps.
type State struct {
	Accounts map[staff.ID]staff.Account
	Keys     map[staff.ID]staff.Key
	Sessions map[staff.Digest]staff.Session
	Tickets  map[staff.Digest]staff.Ticket
	Buckets  map[string]time.Time
}

// NewMemory makes an empty store.
func NewMemory() *Memory {
	return &Memory{State: State{map[staff.ID]staff.Account{}, map[staff.ID]staff.Key{}, map[staff.Digest]staff.Session{}, map[staff.Digest]staff.Ticket{}, map[string]time.Time{}}}
}

func (s State) clone() State {
	return State{maps.Clone(s.Accounts), maps.Clone(s.Keys), maps.Clone(s.Sessions), maps.Clone(s.Tickets), maps.Clone(s.Buckets)}
}

func copyAccount(a staff.Account) staff.Account {
	a.Roles, a.Identities, a.Passkeys = slices.Clone(a.Roles), slices.Clone(a.Identities), slices.Clone(a.Passkeys)
	for i := range a.Passkeys {
		a.Passkeys[i].ID, a.Passkeys[i].Credential = bytes.Clone(a.Passkeys[i].ID), bytes.Clone(a.Passkeys[i].Credential)
	}
	return a
}

func copyKey(k staff.Key) staff.Key {
	k.Scope = staff.Scope{Actions: slices.Clone(k.Scope.Actions), Services: slices.Clone(k.Scope.Services), Functions: slices.Clone(k.Scope.Functions)}
	return k
}

// Fail makes each call fail until it is called with nil.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Broken = err
}

// Account implements staff.Store.
func (m *Memory) Account(_ context.Context, q staff.AccountQuery) (staff.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.State.Accounts {
		if q.ID != "" && a.ID == q.ID || q.Login != "" && a.Login == q.Login || q.Identity != (staff.Identity{}) && slices.Contains(a.Identities, q.Identity) {
			return copyAccount(a), m.Broken
		}
	}
	return staff.Account{}, m.or(staff.ErrMissing)
}

func (m *Memory) or(err error) error {
	if m.Broken != nil {
		return m.Broken
	}
	return err
}

func page[T any](list map[staff.ID]T, after staff.ID, limit int, clone func(T) T) []T {
	var out []T
	for _, id := range slices.Sorted(maps.Keys(list)) {
		if id > after && len(out) < limit {
			out = append(out, clone(list[id]))
		}
	}
	return out
}

// Accounts implements staff.Store.
func (m *Memory) Accounts(_ context.Context, after staff.ID, limit int) ([]staff.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return page(m.State.Accounts, after, limit, copyAccount), m.Broken
}

// Session implements staff.Store.
func (m *Memory) Session(_ context.Context, token staff.Digest) (staff.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.State.Sessions[token]
	if !ok {
		return s, m.or(staff.ErrMissing)
	}
	return s, m.Broken
}

// Ticket implements staff.Store.
func (m *Memory) Ticket(_ context.Context, ticket staff.Digest) (staff.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.State.Tickets[ticket]
	if !ok {
		return t, m.or(staff.ErrMissing)
	}
	t.State = bytes.Clone(t.State)
	return t, m.Broken
}

// Key implements staff.Store.
func (m *Memory) Key(_ context.Context, q staff.KeyQuery) (staff.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.State.Keys {
		if q.ID != "" && k.ID == q.ID || q.Digest != (staff.Digest{}) && k.Digest == q.Digest {
			return copyKey(k), m.Broken
		}
	}
	return staff.Key{}, m.or(staff.ErrMissing)
}

// Keys implements staff.Store.
func (m *Memory) Keys(_ context.Context, after staff.ID, limit int) ([]staff.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return page(m.State.Keys, after, limit, copyKey), m.Broken
}

// Spend implements staff.Store.
func (m *Memory) Spend(_ context.Context, bucket string, rate staff.Rate, now time.Time) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Spends++
	full, wait := rate.Take(m.State.Buckets[bucket], now)
	m.State.Buckets[bucket] = full
	return wait, m.Broken
}

// Commit implements staff.Store.
func (m *Memory) Commit(_ context.Context, c staff.Change, proofs ...staff.Proof) error {
	if m.OnCommit != nil {
		m.OnCommit(c)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Commits++
	if m.Broken != nil {
		return m.Broken
	}
	if c.NeedsProof() && len(proofs) == 0 {
		return staff.ErrUnproven
	}
	next := m.State.clone()
	if c.FirstAccount && len(next.Accounts) > 0 {
		return staff.ErrTaken
	}
	if err := next.end(c); err != nil {
		return err
	}
	if err := next.put(c); err != nil {
		return err
	}
	officer := func(a staff.Account) bool { return !a.Disabled && slices.Contains(a.Roles, staff.Officer) }
	if c.KeepOfficer && !slices.ContainsFunc(slices.Collect(maps.Values(next.Accounts)), officer) {
		return staff.ErrLastOfficer
	}
	next.touch(c)
	m.State = next
	m.Proofs = append(m.Proofs, proofs...)
	return nil
}

// end takes away what the change spends, drops and ends.
func (s State) end(c staff.Change) error {
	for _, d := range c.SpendTickets {
		if _, ok := s.Tickets[d]; !ok {
			return staff.ErrConflict
		}
		delete(s.Tickets, d)
	}
	for _, kind := range c.DropTickets {
		maps.DeleteFunc(s.Tickets, func(_ staff.Digest, t staff.Ticket) bool { return t.Kind == kind })
	}
	for _, d := range c.EndSessions {
		if _, ok := s.Sessions[d]; !ok {
			return staff.ErrConflict
		}
		delete(s.Sessions, d)
	}
	for _, id := range c.EndAllOf {
		maps.DeleteFunc(s.Sessions, func(_ staff.Digest, o staff.Session) bool { return o.Account == id })
		maps.DeleteFunc(s.Tickets, func(_ staff.Digest, t staff.Ticket) bool { return t.Account == id })
	}
	return nil
}

// put adds and replaces.
func (s State) put(c staff.Change) error {
	for _, a := range c.Accounts {
		old, there := s.Accounts[a.ID]
		if there != (a.Version > 0) || old.Version != a.Version {
			return staff.ErrConflict
		}
		for id, o := range s.Accounts {
			if id != a.ID && shared(a, o) {
				return staff.ErrTaken
			}
		}
		a = copyAccount(a)
		a.Version++
		s.Accounts[a.ID] = a
	}
	for _, k := range c.Keys {
		old, there := s.Keys[k.ID]
		if there != (k.Version > 0) || old.Version != k.Version {
			return staff.ErrConflict
		}
		k = copyKey(k)
		k.Version++
		s.Keys[k.ID] = k
	}
	for _, o := range c.OpenSessions {
		s.Sessions[o.Digest] = o
	}
	for _, t := range c.IssueTickets {
		t.State = bytes.Clone(t.State)
		s.Tickets[t.Digest] = t
	}
	return nil
}

// shared reports whether two accounts have something that belongs to one alone.
func shared(a, b staff.Account) bool {
	if a.Login != "" && a.Login == b.Login {
		return true
	}
	return slices.ContainsFunc(a.Identities, func(i staff.Identity) bool { return slices.Contains(b.Identities, i) }) ||
		slices.ContainsFunc(a.Passkeys, func(p staff.Passkey) bool {
			return slices.ContainsFunc(b.Passkeys, func(q staff.Passkey) bool { return bytes.Equal(p.ID, q.ID) })
		})
}

// touch notes times of use and sweeps.
func (s State) touch(c staff.Change) {
	for _, seen := range c.SeenSessions {
		if o, ok := s.Sessions[seen.Digest]; ok && seen.At.After(o.Seen) {
			o.Seen = seen.At
			s.Sessions[seen.Digest] = o
		}
	}
	for _, used := range c.UsedKeys {
		if k, ok := s.Keys[used.ID]; ok && used.At.After(k.Used) {
			k.Used = used.At
			s.Keys[used.ID] = k
		}
	}
	if !c.Sweep.IsZero() {
		maps.DeleteFunc(s.Sessions, func(_ staff.Digest, o staff.Session) bool { return !o.Ends.After(c.Sweep) })
		maps.DeleteFunc(s.Tickets, func(_ staff.Digest, t staff.Ticket) bool { return !t.Ends.After(c.Sweep) })
		maps.DeleteFunc(s.Buckets, func(_ string, full time.Time) bool { return !full.After(c.Sweep) })
	}
}
