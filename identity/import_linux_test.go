package identity_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
)

const head = "account,level,method,provider,transaction,verified,number,name,phone,minor\n"

// good is a file in which nothing is wrong.
const good = "\ufeff" + head +
	"user-1,two-factor,resident-id,own-desk,p-1,2026-11-01," + numberA + "," + nameA + ",,\r\n" +
	"user-2,phone,phone,own-desk,p-2,2026-11-01T08:00:00+08:00,,,138 1234 5678,14-17\n" +
	`"user,3",organisation,uscc,own-desk,p-3,2026-11-20,91330100799655058B,"公司, 一号",,` + "\n"

func (b *bench) propose(file string) identity.ImportEntry {
	b.Helper()
	e, err := b.r.Propose(b.Context(), officer, strings.NewReader(file))
	b.no(err)
	return e
}

func TestImport(t *testing.T) {
	b := open(t, nil)
	first := b.verify(b.account("user-2"), "two", claimA)
	e := b.propose(good)
	if e.State != "proposed" || e.Value.Lines != 3 || e.Value.Proposer != officer || e.Subject == evidence.System {
		t.Errorf("%+v", e)
	}
	if s, err := b.who.Find(t.Context(), "user-1"); err != nil || s != "" {
		t.Errorf("the account has a pseudonym before somebody approved: %q, %v", s, err)
	}
	b.clean()
	_, err := b.r.Approve(t.Context(), officer, e.ID)
	b.code(err, identity.CodeImportOwn)
	_, err = b.r.Approve(t.Context(), ledger.By{Role: "officer"}, e.ID)
	b.code(err, identity.CodeImportOwn)
	_, err = b.r.Approve(t.Context(), second, "none")
	b.code(err, identity.CodeImportMissing)
	b.pass(time.Hour)
	done, err := b.r.Approve(t.Context(), second, e.ID)
	b.no(err)
	if done.State != "approved" || done.Sealed != nil || done.Value.Decider != second {
		t.Errorf("%+v", done)
	}
	_, err = b.r.Approve(t.Context(), second, e.ID)
	b.code(err, identity.CodeImportStep)
	_, err = b.r.Reject(t.Context(), second, e.ID, "late")
	b.code(err, identity.CodeImportStep)
	a := b.level(b.account("user-1"), identity.TwoFactor)
	if a.Vouched != identity.Imported || a.Minor != identity.Adult || !a.Until.Equal(time.Date(2026, 10, 31, 16, 0, 0, 0, time.UTC).Add(b.settings.Valid)) {
		t.Errorf("%+v", a)
	}
	m, err := b.r.Masked(t.Context(), officer, a.Verification)
	b.no(err)
	if m.Number != "1****************X" || m.Name != "欧***" {
		t.Errorf("%+v", m)
	}
	if a := b.level(b.account("user-2"), identity.TwoFactor); a.Verification != first.ID {
		t.Errorf("%+v", a) // one by telephone does not take its place
	}
	b.level(b.account("user,3"), identity.Organisation)
	// The keyed digests are those of the other ways, so that one person is one.
	if alike, err := b.r.Alike(t.Context(), first.ID); err != nil || !slices.Equal(alike, []evidence.Subject{b.account("user-1")}) {
		t.Errorf("alike are %v, %v", alike, err)
	}
	b.clean()
}

func TestImportLines(t *testing.T) {
	b := open(t, nil)
	b.verify(b.account("x1"), "two", claimA)
	b.verify(b.account("x2"), "two", claimA)
	at := attestation(b, "used")
	_, err := b.r.Attest(t.Context(), officer, b.account("x3"), at)
	b.no(err)
	b.pass(time.Hour)
	_, err = b.r.Recheck(t.Context(), officer, b.account("x3"), "velocity")
	b.no(err)
	const rest = "own,q-1,2026-11-01,"
	for name, c := range map[string]struct {
		file string
		want string
	}{
		"nothing":     {"", "1 identity-line-csv"},
		"no UTF-8":    {head + "\xff", "1 identity-line-csv"},
		"no column":   {"account,level\n", "1 identity-line-column method, 1 identity-line-column provider, 1 identity-line-column transaction, 1 identity-line-column verified"},
		"unknown":     {"account,level,secret\n", "1 identity-line-column 3"},
		"twice":       {"account,account\n", "1 identity-line-column 2"},
		"short":       {head + "a,phone\n" + "b,phone,phone," + rest + ",,1,\n", "2 identity-line-csv"},
		"broken":      {head + "a,\"phone\n", "2 identity-line-csv"},
		"fields":      {head + ",what,phone,own,q-1,yesterday,,,,\n", "2 identity-line-field account, 2 identity-line-field level, 2 identity-line-field verified"},
		"rules":       {head + "a,two-factor,resident-id," + rest + "110105194912310021,,,\nb,phone,phone,own,q-2,2026-11-01,,,1,\nc,phone,phone,own,q-3,2027-11-01,,,,\n", "2 form-check, 3 form-phone, 4 identity-field at"},
		"accounts":    {head + "a,phone,phone," + rest + ",,,\nb,phone,phone,own,q-2,2026-11-01,,,,\na,phone,phone,own,q-3,2026-11-01,,,,\n", "4 identity-line-twice account"},
		"transaction": {head + "a,phone,phone," + rest + ",,,\nb,phone,phone," + rest + ",,,\n", "3 identity-line-twice transaction"},
		"used":        {head + "a,phone,phone,own,used,2026-11-01,,,,\n", "2 identity-transaction"},
		"crowded":     {head + "x1,two-factor,resident-id," + rest + numberA + ",,,\nb,two-factor,resident-id,own,q-2,2026-11-01," + numberA + ",,,\n", "3 identity-accounts 2"},
		"crowd": {head + "a,phone,phone," + rest + ",,13900000000,\nb,phone,phone,own,q-2,2026-11-01,,,13900000000,\nc,phone,phone,own,q-3,2026-11-01,,,13900000000,\n",
			"4 identity-accounts 2"},
		"recalled": {head + "x3,phone,phone," + rest + ",,,\n", "2 identity-before"},
	} {
		_, err := b.r.Propose(t.Context(), officer, strings.NewReader(c.file))
		var wrong *identity.LinesError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b.code(err, identity.CodeImport)
		var got []string
		for _, l := range wrong.Lines {
			what := strconv.Itoa(l.Line) + " " + string(l.Code)
			for _, arg := range []string{"column", "field", "limit"} {
				if l.Args[arg] != "" {
					what += " " + l.Args[arg]
				}
			}
			got = append(got, what)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
	}
	_, err = b.r.Propose(t.Context(), officer, strings.NewReader(head))
	b.code(err, identity.CodeImportEmpty)
	for _, large := range []string{head + strings.Repeat("a,phone,phone,own,q-1,2026-11-01,,,,\n", identity.MaxLines+1), head + strings.Repeat("\n", identity.MaxBytes)} {
		_, err = b.r.Propose(t.Context(), officer, strings.NewReader(large))
		b.code(err, identity.CodeImportLarge)
	}
	if list, _, err := b.r.Imports(t.Context(), ledger.Query{}); err != nil || len(list) > 0 {
		t.Errorf("%d imports are kept, %v", len(list), err)
	}
	b.clean()
}

// TestImportAllOrNone has one line of an approved file no longer pass.
func TestImportAllOrNone(t *testing.T) {
	b := open(t, nil)
	e := b.propose(good)
	at := attestation(b, "p-3")
	at.Provider = "own-desk"
	_, err := b.r.Attest(t.Context(), officer, b.account("z"), at)
	b.no(err)
	_, err = b.r.Approve(t.Context(), second, e.ID)
	b.code(err, identity.CodeImport)
	for _, account := range []string{"user-1", "user-2", "user,3"} {
		b.level(b.account(account), identity.None)
	}
	e, err = b.r.Reject(t.Context(), officer, e.ID, "stale") // who proposed it may take it back
	b.no(err)
	if e.State != "rejected" || e.Sealed != nil {
		t.Errorf("%+v", e)
	}
}

// broken is a store of imports that fails once.
type broken struct {
	ledger.Store[identity.Import]
	fail bool
}

func (s *broken) Amend(ctx context.Context, rec evidence.Record, entries ...identity.ImportEntry) error {
	if s.fail {
		s.fail = false
		return errors.New("the store is gone")
	}
	return s.Store.Amend(ctx, rec, entries...)
}

// TestImportResumed has the store fail between the verifications and the end of the import.
func TestImportResumed(t *testing.T) {
	var imports *broken
	b := open(t, func(c *identity.Config) {
		imports = &broken{c.Imports, true}
		c.Imports = imports
	})
	e := b.propose(good)
	if _, err := b.r.Approve(t.Context(), second, e.ID); err == nil || imports.fail {
		t.Fatal("the store did not fail")
	}
	b.level(b.account("user-1"), identity.TwoFactor)
	e, err := b.r.Approve(t.Context(), second, e.ID)
	b.no(err)
	list, _, err := b.r.Verifications(t.Context(), ledger.Query{Keys: []ledger.Key{{Name: "import", Value: e.ID}}})
	if e.State != "approved" || err != nil || len(list) != 3 {
		t.Errorf("%s, %d verifications, %v", e.State, len(list), err)
	}
}

func TestImportOver(t *testing.T) {
	b := open(t, nil)
	e := b.propose(good)
	b.pass(15 * 24 * time.Hour)
	_, err := b.r.Approve(t.Context(), second, e.ID)
	b.code(err, identity.CodeImportStep)
	b.no(b.r.Sweep(t.Context()))
	e, err = b.r.Import(t.Context(), e.ID)
	b.no(err)
	if e.State != "over" || e.Sealed != nil {
		t.Errorf("%+v", e)
	}
}

// TestImportMany takes over a long file in one step.
func TestImportMany(t *testing.T) {
	b := open(t, nil)
	const many = 200
	var file strings.Builder
	file.WriteString(head)
	for i := range many {
		fmt.Fprintf(&file, "user-%d,phone,phone,own,t-%d,2026-11-01,,,13%09d,\n", i, i, i)
	}
	e := b.propose(file.String())
	_, err := b.r.Approve(t.Context(), second, e.ID)
	b.no(err)
	list, _, err := b.r.Verifications(t.Context(), ledger.Query{States: []string{"valid"}})
	b.no(err)
	if len(list) != many {
		t.Errorf("%d verifications", len(list))
	}
	b.level(b.account(fmt.Sprint("user-", many-1)), identity.PhoneNumber)
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(head + "a,\"phone\n"))
	f.Add([]byte("account\n\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		n, wrong := identity.ReadLines(file)
		most := strings.Count(string(file), "\n") + 1
		if n > most {
			t.Fatalf("%d lines of %d", n, most)
		}
		for _, w := range wrong {
			if w.Line < 1 || w.Line > most || w.Code == "" {
				t.Fatalf("%+v", w)
			}
			for _, value := range w.Args {
				if _, err := strconv.Atoi(value); err != nil && !strings.Contains(head, value) {
					t.Fatalf("%q is in an error", value)
				}
			}
		}
	})
}
