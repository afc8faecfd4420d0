package policy_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

type world struct {
	*testing.T
	clock  *storetest.Clock
	store  *store.Store
	keeper *policy.Keeper
}

var (
	author   = ledger.By{Role: "officer", ID: "staff-1"}
	approver = ledger.By{Role: "officer", ID: "staff-2"}
)

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock()}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	w.keeper = policy.New(ledgers.Of[policy.Version](w.store, policy.Ledger), storetest.Recorder(t, config.Keys, w.clock.Now))
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// document is one that can be entered; the clock of the tests begins on 2026-11-22.
func document() policy.Document {
	return policy.Document{System: policy.Fraud, Title: "反电信网络诈骗管理制度", Text: "# 总则\n异常账号重新核验。", Owner: "staff-9", Review: "2027-05-01", Change: "first version"}
}

func (w *world) draft() policy.Version {
	w.Helper()
	v, err := w.keeper.Draft(w.Context(), author, document())
	w.no(err)
	return v
}

func (w *world) approve(effective time.Time) policy.Version {
	w.Helper()
	v, err := w.keeper.Approve(w.Context(), approver, w.draft().ID, effective)
	w.no(err)
	return v
}

// want checks how the system stood at a time.
func (w *world) want(at time.Time, number int, verdict colophon.Verdict) {
	w.Helper()
	s, err := w.keeper.Standing(w.Context(), policy.Fraud, at)
	if err != nil || s.Version.Number != number || s.Verdict != verdict {
		w.Errorf("at %s: version %d, %s, %v; want %d, %s", at, s.Version.Number, s.Verdict, err, number, verdict)
	}
}

func TestVersions(t *testing.T) {
	w := open(t)
	start := w.clock.Now()
	w.want(start, 0, colophon.Failed)
	one := w.draft()
	w.want(start, 0, colophon.Failed)
	_, err := w.keeper.Approve(t.Context(), author, one.ID, time.Time{})
	storetest.WantCode(t, err, policy.CodeOwn)
	for _, by := range []ledger.By{{}, {Role: "system"}, {Role: "application", ID: "key"}, {Role: "officer"}} {
		_, err = w.keeper.Approve(t.Context(), by, one.ID, time.Time{})
		storetest.WantCode(t, err, policy.CodePerson)
		_, err = w.keeper.Draft(t.Context(), by, document())
		storetest.WantCode(t, err, policy.CodePerson)
		_, err = w.keeper.Review(t.Context(), by, one.ID, "fits", "2027-06-01")
		storetest.WantCode(t, err, policy.CodePerson)
	}
	_, err = w.keeper.Approve(t.Context(), approver, one.ID, start.Add(-time.Hour))
	storetest.WantCode(t, err, policy.CodeInvalid)
	w.clock.Set(start.Add(time.Hour))
	one, err = w.keeper.Approve(t.Context(), approver, one.ID, time.Time{})
	if err != nil || one.Number != 1 || one.Approver != approver.ID || len(one.Digest) != 64 {
		t.Fatalf("%+v, %v", one, err)
	}
	later := w.clock.Now().AddDate(0, 0, 10)
	two := w.approve(later)
	w.want(start, 0, colophon.Failed)
	w.want(w.clock.Now(), 1, colophon.Passed)
	w.want(later.Add(-time.Millisecond), 1, colophon.Passed)
	w.want(later, 2, colophon.Passed)
	end := time.Date(2027, 5, 1, 16, 0, 0, 0, time.UTC) // the end of the day of review in Beijing
	w.want(end.Add(-time.Millisecond), 2, colophon.Passed)
	w.want(end, 2, colophon.Failed)
	_, err = w.keeper.Approve(t.Context(), approver, w.draft().ID, later.Add(-time.Hour)) // before the one approved last
	storetest.WantCode(t, err, policy.CodeInvalid)
	_, err = w.keeper.Approve(t.Context(), approver, w.draft().ID, end) // in force when its review is over
	storetest.WantCode(t, err, policy.CodeInvalid)
	list, next, err := w.keeper.Versions(t.Context(), policy.Fraud, "", 2)
	if err != nil || len(list) != 2 || next == "" || list[0].State != policy.Drafted {
		t.Errorf("%+v, %q, %v", list, next, err)
	}
	if list, _, err = w.keeper.Versions(t.Context(), policy.Ethics, "", 2); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	all, err := w.keeper.Standings(t.Context(), later)
	if err != nil || len(all) != len(policy.All()) || len(policy.All()) != 10 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, s := range all {
		if (s.Verdict == colophon.Passed) != (s.System == policy.Fraud) || s.System == policy.Fraud && s.Version.ID != two.ID {
			t.Errorf("%s: %s", s.System, s.Verdict)
		}
	}
}

// TestReview: a review moves the day on, from then on and not before.
func TestReview(t *testing.T) {
	w := open(t)
	v := w.approve(time.Time{})
	end := time.Date(2027, 5, 1, 16, 0, 0, 0, time.UTC)
	_, err := w.keeper.Review(t.Context(), author, v.ID, "fits", "2027-06-01")
	storetest.WantCode(t, err, policy.CodeOwn)
	w.clock.Set(end.Add(time.Hour))
	w.want(w.clock.Now(), 1, colophon.Failed)
	for _, next := range []string{"", "2027-05-01", "2028-05-04", "soon"} {
		_, err = w.keeper.Review(t.Context(), approver, v.ID, "fits", next)
		storetest.WantCode(t, err, policy.CodeInvalid)
	}
	_, err = w.keeper.Review(t.Context(), approver, v.ID, " ", "2027-12-01")
	storetest.WantCode(t, err, policy.CodeInvalid)
	_, err = w.keeper.Review(t.Context(), approver, v.ID, "fits", "2027-12-01")
	w.no(err)
	w.want(end, 1, colophon.Failed) // it was late, and stays so
	w.want(w.clock.Now(), 1, colophon.Passed)
	w.want(time.Date(2027, 12, 1, 16, 0, 0, 0, time.UTC), 1, colophon.Failed)
	_, err = w.keeper.Review(t.Context(), approver, w.later("2028-01-01").ID, "fits", "2027-12-01")
	storetest.WantCode(t, err, policy.CodeStep)
	var types []evidence.Type
	for r, err := range w.store.Records(t.Context(), false) {
		w.no(err)
		types = append(types, r.Type)
		if !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS7}) {
			t.Errorf("%s names %v", r.Type, r.Clauses)
		}
	}
	if !slices.Equal(types, []evidence.Type{policy.RecordDrafted, policy.RecordApproved, policy.RecordReviewed, policy.RecordDrafted}) {
		t.Errorf("records %v", types)
	}
}

// later drafts a document with another day of review.
func (w *world) later(review string) policy.Version {
	w.Helper()
	d := document()
	d.Review = review
	v, err := w.keeper.Draft(w.Context(), author, d)
	w.no(err)
	return v
}

// TestStates tries every step from every state.
func TestStates(t *testing.T) {
	w := open(t)
	do := map[policy.State]func(id string) (policy.Version, error){
		policy.Approved: func(id string) (policy.Version, error) {
			return w.keeper.Approve(t.Context(), approver, id, time.Time{})
		},
		policy.Withdrawn: func(id string) (policy.Version, error) { return w.keeper.Withdraw(t.Context(), author, id, "no need") },
	}
	for _, from := range policy.States() {
		for to, act := range do {
			v := w.draft()
			if from != policy.Drafted {
				_, err := do[from](v.ID)
				w.no(err)
			}
			got, err := act(v.ID)
			switch {
			case from.May(to) && (err != nil || got.State != to):
				t.Errorf("%s to %s: %+v, %v", from, to, got, err)
			case !from.May(to):
				storetest.WantCode(t, err, policy.CodeStep)
			}
		}
	}
}

func TestDraftRefuses(t *testing.T) {
	w := open(t)
	for field, change := range map[string]func(d *policy.Document){
		"system":  func(d *policy.Document) { d.System = "luck" },
		"title":   func(d *policy.Document) { d.Title = " " },
		"text":    func(d *policy.Document) { d.Text = string(make([]byte, policy.MaxText+1)) },
		"english": func(d *policy.Document) { d.English = "\xff" },
		"owner":   func(d *policy.Document) { d.Owner = "" },
		"review":  func(d *policy.Document) { d.Review = "2026-11-21" },
		"change":  func(d *policy.Document) { d.Change = "" },
	} {
		d := document()
		change(&d)
		_, err := w.keeper.Draft(t.Context(), author, d)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != policy.CodeInvalid || e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := w.keeper.Version(t.Context(), "nope")
	storetest.WantCode(t, err, policy.CodeMissing)
	_, err = w.keeper.Standing(t.Context(), "luck", w.clock.Now())
	storetest.WantCode(t, err, policy.CodeInvalid)
}

// TestTexts: the texts of Generative AI Measures Art. 10 are for everybody, or are not written.
func TestTexts(t *testing.T) {
	w := open(t)
	for _, system := range policy.Texts() {
		d := document()
		d.System = system
		if _, err := w.keeper.Draft(t.Context(), author, d); err == nil {
			t.Errorf("%s was written for nobody", system)
		}
		d.Public = true
		if _, err := w.keeper.Draft(t.Context(), author, d); err != nil {
			t.Errorf("%s: %v", system, err)
		}
	}
}
