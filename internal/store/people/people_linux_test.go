package people_test

import (
	"context"
	"errors"
	"testing"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/people"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/staff/stafftest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

type prover struct{ *evidence.Recorder }

func (p prover) Prove(of staff.Proof) (evidence.Record, error) {
	return p.New(evidence.Type(of.Type), evidence.Subject(of.Subject), evidence.Role(of.Role), of.Clauses, of.Payload)
}

func open(t *testing.T, config store.Config) (*store.Store, prover) {
	config.Keys = storetest.Keys(t, "first")
	return storetest.Open(t, config), prover{storetest.Recorder(t, config.Keys, storetest.NewClock().Now)}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	stafftest.Run(t, func(t *testing.T) staff.Store {
		s, p := open(t, storetest.SQLite(t))
		return people.New(s, p)
	})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	stafftest.Run(t, func(t *testing.T) staff.Store {
		s, p := open(t, store.Config{Postgres: storetest.Postgres(t)})
		return people.New(s, p)
	})
}

// TestProofs compares the records with the changes: each proof of a change is one record, and what was refused left none.
func TestProofs(t *testing.T) {
	t.Parallel()
	s, p := open(t, storetest.SQLite(t))
	list := people.New(s, p)
	a := staff.Account{ID: "0193a000-0000-7000-8000-000000000001", Login: "a", Roles: []staff.Role{staff.Officer}, Created: storetest.NewClock().Now(), Epoch: 1}
	proof := staff.Proof{Type: staff.ProofAccountCreated, Subject: string(a.ID), Role: "system", Payload: staff.AccountPayload{Account: a.ID}}
	if err := list.Commit(t.Context(), staff.Change{Accounts: []staff.Account{a}}, proof, proof); err != nil {
		t.Fatal(err)
	}
	if err := list.Commit(t.Context(), staff.Change{Accounts: []staff.Account{a}}, proof); !errors.Is(err, staff.ErrConflict) {
		t.Fatal(err)
	}
	n := 0
	for h, err := range s.Records(context.Background(), true) {
		if n++; err != nil || h.Type != staff.ProofAccountCreated || h.Subject != evidence.Subject(a.ID) {
			t.Error(h.Type, h.Subject, err)
		}
	}
	if n != 2 {
		t.Errorf("%d records", n)
	}
}
