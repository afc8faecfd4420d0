package bank_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/review/bank"
)

var importer, approver = ledger.By{Role: "officer", ID: "staff-1"}, ledger.By{Role: "officer", ID: "staff-2"}

// TestKeeper: one person brings in, another approves; what is read is what was brought in, and it is sealed.
func TestKeeper(t *testing.T) {
	t.Parallel()
	clock, config := storetest.NewClock(), storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	entries := ledgers.Of[bank.Version](s, bank.Ledger)
	k := bank.NewKeeper(entries, storetest.Recorder(t, config.Keys, clock.Now), config.Keys)
	ctx := t.Context()
	v, err := k.Add(ctx, importer, bank.Starter(), "Starter", "comes with the program")
	if err != nil || v.State != bank.Imported || v.Digest != bank.Starter().Digest || v.Questions != len(bank.Starter().Questions) {
		t.Fatalf("%+v, %v", v, err)
	}
	b, err := k.Open(ctx, v.ID)
	if err != nil || !slices.Equal(b.Questions, bank.Starter().Questions) {
		t.Errorf("what is read is not what was brought in: %v", err)
	}
	for i := 0; i < len(b.Questions); i += 50 {
		if q, err := k.Question(ctx, v.ID, b.Questions[i].ID); err != nil || q != b.Questions[i] {
			t.Errorf("%s: %+v, %v", b.Questions[i].ID, q, err)
		}
	}
	_, err = k.Question(ctx, v.ID, "nothing-is-called-so")
	storetest.WantCode(t, err, bank.CodeUnread)
	all, err := entries.Find(ctx, ledger.Query{})
	if err != nil || len(all) != v.Leaves+1 {
		t.Fatalf("%d entries, %v", len(all), err)
	}
	_, err = k.Import(ctx, approver, strings.NewReader(`{"id":1}`), bank.JSONL, "x", "")
	storetest.WantCode(t, err, bank.CodeLine)
	_, err = k.Add(ctx, approver, bank.Starter(), "Again", "")
	storetest.WantCode(t, err, bank.CodeThere)
	_, err = k.Fit(ctx, v.ID)
	storetest.WantCode(t, err, bank.CodeUnfit)
	_, err = k.Approve(ctx, importer, v.ID)
	storetest.WantCode(t, err, bank.CodeOwn)
	for _, e := range all {
		if e.ID == v.ID {
			continue
		}
		if e.Value.Questions != 0 || e.Sealed == nil {
			t.Errorf("a leaf is not sealed: %+v", e.Value)
		}
		_, err = k.Approve(ctx, approver, e.ID)
		storetest.WantCode(t, err, bank.CodeMissing)
		_, err = k.Version(ctx, e.ID)
		storetest.WantCode(t, err, bank.CodeMissing)
	}
	if v, err = k.Approve(ctx, approver, v.ID); err != nil || v.State != bank.Approved || v.Decider != approver.ID {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err = k.Fit(ctx, v.ID); err != nil {
		t.Error(err)
	}
	other, err := k.Import(ctx, importer, strings.NewReader(good), bank.JSONL, "Mine", "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Reject(ctx, approver, other.ID, "")
	storetest.WantCode(t, err, bank.CodeInvalid)
	if _, err = k.Reject(ctx, approver, other.ID, "too small"); err != nil {
		t.Error(err)
	}
	if _, err = k.Import(ctx, importer, strings.NewReader(good), bank.JSONL, "Mine", "again"); err != nil {
		t.Errorf("what was rejected can't be brought in again: %v", err)
	}
	list, next, err := k.Versions(ctx, nil, "", 10)
	if err != nil || next != "" || len(list) != 3 || list[2].ID != v.ID {
		t.Errorf("%+v, %q, %v", list, next, err)
	}
	if v, err = k.Retire(ctx, importer, v.ID, "old"); err != nil || v.State != bank.Retired {
		t.Errorf("%+v, %v", v, err)
	}
	var types []evidence.Type
	for r, err := range s.Records(ctx, false) {
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, r.Type)
		if !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS20}) {
			t.Errorf("%s cites %v", r.Type, r.Clauses)
		}
	}
	if !slices.Equal(types, []evidence.Type{bank.RecordImported, bank.RecordApproved, bank.RecordImported, bank.RecordRejected, bank.RecordImported, bank.RecordRetired}) {
		t.Errorf("records %v", types)
	}
}

// TestSteps tries every step from every state, and everybody who is no person of the staff.
func TestSteps(t *testing.T) {
	t.Parallel()
	clock, config := storetest.NewClock(), storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	k := bank.NewKeeper(ledgers.Of[bank.Version](storetest.Open(t, config), bank.Ledger), storetest.Recorder(t, config.Keys, clock.Now), config.Keys)
	steps := map[bank.State]func(ctx context.Context, by ledger.By, id string) (bank.Version, error){
		bank.Approved: k.Approve,
		bank.Rejected: func(ctx context.Context, by ledger.By, id string) (bank.Version, error) {
			return k.Reject(ctx, by, id, "x")
		},
		bank.Retired: func(ctx context.Context, by ledger.By, id string) (bank.Version, error) {
			return k.Retire(ctx, by, id, "x")
		},
	}
	ways := map[bank.State][]bank.State{bank.Imported: nil, bank.Approved: {bank.Approved}, bank.Rejected: {bank.Rejected}, bank.Retired: {bank.Approved, bank.Retired}}
	want := map[bank.State][]bank.State{bank.Imported: {bank.Approved, bank.Rejected}, bank.Approved: {bank.Retired}}
	n := 0
	for _, from := range bank.States() {
		for to, step := range steps {
			n++
			text := strings.Replace(good, "How tall", "How tall "+strings.Repeat("a", n), 1)
			v, err := k.Import(t.Context(), importer, strings.NewReader(text), bank.JSONL, "Mine", "")
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range ways[from] {
				if _, err = steps[s](t.Context(), approver, v.ID); err != nil {
					t.Fatal(err)
				}
			}
			for _, by := range []ledger.By{{}, {Role: "system", ID: "x"}, {Role: "application", ID: "x"}} {
				_, err = step(t.Context(), by, v.ID)
				storetest.WantCode(t, err, bank.CodePerson)
			}
			v, err = step(t.Context(), approver, v.ID)
			if from.May(to) != slices.Contains(want[from], to) {
				t.Errorf("%s may become %s: %t", from, to, from.May(to))
			}
			if !slices.Contains(want[from], to) {
				storetest.WantCode(t, err, bank.CodeStep)
			} else if err != nil || v.State != to {
				t.Errorf("%s to %s: %s, %v", from, to, v.State, err)
			}
		}
	}
}
