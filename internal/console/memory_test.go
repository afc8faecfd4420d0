package console_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/colophon-project/colophon/staff"
)

// memory is a Store that keeps everything in maps. With broken set, each call fails.
type memory struct {
	mu      sync.Mutex
	state   state
	proofs  []staff.Proof
	broken  error
	commits int
}

// fail makes each call fail until it is called with nil.
func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

type state struct {
	accounts map[staff.ID]staff.Account
	keys     map[staff.ID]staff.Key
	sessions map[staff.Digest]staff.Session
	tickets  map[staff.Digest]staff.Ticket
	buckets  map[string]time.Time
}

func newMemory() *memory {
	return &memory{state: state{map[staff.ID]staff.Account{}, map[staff.ID]staff.Key{}, map[staff.Digest]staff.Session{}, map[staff.Digest]staff.Ticket{}, map[string]time.Time{}}}
}

func (s state) clone() state {
	return state{maps.Clone(s.accounts), maps.Clone(s.keys), maps.Clone(s.sessions), maps.Clone(s.tickets), maps.Clone(s.buckets)}
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

func (m *memory) Account(_ context.Context, q staff.AccountQuery) (staff.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.state.accounts {
		if q.ID != "" && a.ID == q.ID || q.Login != "" && a.Login == q.Login || q.Identity != (staff.Identity{}) && slices.Contains(a.Identities, q.Identity) {
			return copyAccount(a), m.broken
		}
	}
	return staff.Account{}, m.or(staff.ErrMissing)
}

func (m *memory) or(err error) error {
	if m.broken != nil {
		return m.broken
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

func (m *memory) Accounts(_ context.Context, after staff.ID, limit int) ([]staff.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return page(m.state.accounts, after, limit, copyAccount), m.broken
}

func (m *memory) Session(_ context.Context, token staff.Digest) (staff.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.state.sessions[token]
	if !ok {
		return s, m.or(staff.ErrMissing)
	}
	return s, m.broken
}

func (m *memory) Ticket(_ context.Context, ticket staff.Digest) (staff.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.state.tickets[ticket]
	if !ok {
		return t, m.or(staff.ErrMissing)
	}
	t.State = bytes.Clone(t.State)
	return t, m.broken
}

func (m *memory) Key(_ context.Context, q staff.KeyQuery) (staff.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.state.keys {
		if q.ID != "" && k.ID == q.ID || q.Digest != (staff.Digest{}) && k.Digest == q.Digest {
			return copyKey(k), m.broken
		}
	}
	return staff.Key{}, m.or(staff.ErrMissing)
}

func (m *memory) Keys(_ context.Context, after staff.ID, limit int) ([]staff.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return page(m.state.keys, after, limit, copyKey), m.broken
}

func (m *memory) Spend(_ context.Context, bucket string, rate staff.Rate, now time.Time) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	full, wait := rate.Take(m.state.buckets[bucket], now)
	m.state.buckets[bucket] = full
	return wait, m.broken
}

func (m *memory) Commit(_ context.Context, c staff.Change, proofs ...staff.Proof) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commits++
	if m.broken != nil {
		return m.broken
	}
	if c.NeedsProof() && len(proofs) == 0 {
		return staff.ErrUnproven
	}
	next := m.state.clone()
	if c.FirstAccount && len(next.accounts) > 0 {
		return staff.ErrTaken
	}
	if err := next.end(c); err != nil {
		return err
	}
	if err := next.put(c); err != nil {
		return err
	}
	officer := func(a staff.Account) bool { return !a.Disabled && slices.Contains(a.Roles, staff.Officer) }
	if c.KeepOfficer && !slices.ContainsFunc(slices.Collect(maps.Values(next.accounts)), officer) {
		return staff.ErrLastOfficer
	}
	next.touch(c)
	m.state = next
	m.proofs = append(m.proofs, proofs...)
	return nil
}

// end takes away what the change spends, drops and ends.
func (s state) end(c staff.Change) error {
	for _, d := range c.SpendTickets {
		if _, ok := s.tickets[d]; !ok {
			return staff.ErrConflict
		}
		delete(s.tickets, d)
	}
	for _, kind := range c.DropTickets {
		maps.DeleteFunc(s.tickets, func(_ staff.Digest, t staff.Ticket) bool { return t.Kind == kind })
	}
	for _, d := range c.EndSessions {
		if _, ok := s.sessions[d]; !ok {
			return staff.ErrConflict
		}
		delete(s.sessions, d)
	}
	for _, id := range c.EndAllOf {
		maps.DeleteFunc(s.sessions, func(_ staff.Digest, o staff.Session) bool { return o.Account == id })
		maps.DeleteFunc(s.tickets, func(_ staff.Digest, t staff.Ticket) bool { return t.Account == id })
	}
	return nil
}

// put adds and replaces.
func (s state) put(c staff.Change) error {
	for _, a := range c.Accounts {
		old, there := s.accounts[a.ID]
		if there != (a.Version > 0) || old.Version != a.Version {
			return staff.ErrConflict
		}
		for id, o := range s.accounts {
			if id != a.ID && shared(a, o) {
				return staff.ErrTaken
			}
		}
		a = copyAccount(a)
		a.Version++
		s.accounts[a.ID] = a
	}
	for _, k := range c.Keys {
		old, there := s.keys[k.ID]
		if there != (k.Version > 0) || old.Version != k.Version {
			return staff.ErrConflict
		}
		k = copyKey(k)
		k.Version++
		s.keys[k.ID] = k
	}
	for _, o := range c.OpenSessions {
		s.sessions[o.Digest] = o
	}
	for _, t := range c.IssueTickets {
		t.State = bytes.Clone(t.State)
		s.tickets[t.Digest] = t
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
func (s state) touch(c staff.Change) {
	for _, seen := range c.SeenSessions {
		if o, ok := s.sessions[seen.Digest]; ok && seen.At.After(o.Seen) {
			o.Seen = seen.At
			s.sessions[seen.Digest] = o
		}
	}
	for _, used := range c.UsedKeys {
		if k, ok := s.keys[used.ID]; ok && used.At.After(k.Used) {
			k.Used = used.At
			s.keys[used.ID] = k
		}
	}
	if !c.Sweep.IsZero() {
		maps.DeleteFunc(s.sessions, func(_ staff.Digest, o staff.Session) bool { return !o.Ends.After(c.Sweep) })
		maps.DeleteFunc(s.tickets, func(_ staff.Digest, t staff.Ticket) bool { return !t.Ends.After(c.Sweep) })
		maps.DeleteFunc(s.buckets, func(_ string, full time.Time) bool { return !full.After(c.Sweep) })
	}
}
