package filing_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register/filing"
)

var (
	author   = ledger.By{Role: "engineer", ID: "staff-1"}
	reviewer = ledger.By{Role: "officer", ID: "staff-2"}
)

// source is what the tests say that is known.
type source struct {
	known filing.Known
	err   error
}

func (s *source) Known(context.Context, string) (filing.Known, error) { return s.known, s.err }

type world struct {
	*testing.T
	store  *store.Store
	clock  *storetest.Clock
	keys   *evidence.Keyring
	source *source
	keeper *filing.Keeper
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock(), keys: storetest.Keys(t, "first"), source: &source{known: known()}}
	config := storetest.SQLite(t)
	config.Keys, config.Now = w.keys, w.clock.Now
	w.store = storetest.Open(t, config)
	w.keeper = filing.New(filing.Config{Filings: ledgers.Of[filing.Draft](w.store, filing.Ledger), Recorder: storetest.Recorder(t, w.keys, w.clock.Now), Keys: w.keys, Source: w.source})
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// written is a draft with nothing wrong in it.
func (w *world) written(function string) filing.Draft {
	w.Helper()
	d, err := w.keeper.Draft(w.Context(), author, function)
	w.no(err)
	p := people()
	d, err = w.keeper.Write(w.Context(), author, d.ID, filing.Writing{Kit: clean(), People: &p, Began: w.clock.Now()})
	w.no(err)
	return d
}

func (w *world) approved(function string) filing.Draft {
	w.Helper()
	d := w.written(function)
	_, err := w.keeper.Propose(w.Context(), author, d.ID)
	w.no(err)
	d, err = w.keeper.Approve(w.Context(), reviewer, d.ID)
	w.no(err)
	return d
}

func (w *world) submission() filing.Submission {
	return filing.Submission{Reference: "R-1", Proof: digest(4), At: w.clock.Now()}
}

func (w *world) submitted(function string) filing.Draft {
	w.Helper()
	d, err := w.keeper.Submit(w.Context(), reviewer, w.approved(function).ID, w.submission())
	w.no(err)
	return d
}

// One person writes, another approves, what was submitted is frozen, and a correction takes its place.
func TestLife(t *testing.T) {
	w := open(t)
	d, err := w.keeper.Draft(t.Context(), author, "draw")
	if err != nil || d.Kit.Algorithm.Name != known().Name || d.Kit.Report.Name != known().Name || d.Kit.Subject.Name != known().Entity || len(d.Kit.Detail.Models) != 2 || d.Kit.Detail.Output[0].Modality != "image" {
		t.Fatalf("%+v, %v", d, err)
	}
	if !slices.Contains(d.Kit.Open(), "report.conclusion") || slices.Contains(d.Kit.Open(), "algorithm.name") {
		t.Error(d.Kit.Open())
	}
	_, err = w.keeper.Draft(t.Context(), author, "draw")
	storetest.WantCode(t, err, filing.CodeBusy)
	if _, err = w.keeper.Propose(t.Context(), author, d.ID); err != nil {
		t.Fatal(err)
	}
	_, err = w.keeper.Approve(t.Context(), reviewer, d.ID)
	storetest.WantCode(t, err, filing.CodeFindings)
	if d, err = w.keeper.Return(t.Context(), reviewer, d.ID, "The conclusion is missing."); err != nil || d.State != filing.Drafted || d.Note == "" {
		t.Fatalf("%+v, %v", d, err)
	}
	p := people()
	w.no(errOf(w.keeper.Write(t.Context(), author, d.ID, filing.Writing{Kit: clean(), People: &p, Began: w.clock.Now()})))
	w.no(errOf(w.keeper.Propose(t.Context(), author, d.ID)))
	_, err = w.keeper.Approve(t.Context(), author, d.ID)
	storetest.WantCode(t, err, filing.CodeOwn)
	if d, err = w.keeper.Approve(t.Context(), reviewer, d.ID); err != nil || d.Reviewer != reviewer.ID || d.Facts != "facts-1" {
		t.Fatalf("%+v, %v", d, err)
	}
	first := w.submission()
	if d, err = w.keeper.Submit(t.Context(), reviewer, d.ID, first); err != nil || d.State != filing.Submitted {
		t.Fatalf("%+v, %v", d, err)
	}
	_, err = w.keeper.Write(t.Context(), author, d.ID, filing.Writing{Kit: clean()})
	storetest.WantCode(t, err, filing.CodeStep)
	// The authority refuses; the correction is a filing of its own.
	if d, err = w.keeper.Decide(t.Context(), reviewer, d.ID, filing.Decision{Reason: "names differ", At: w.clock.Now()}); err != nil || d.State != filing.Refused {
		t.Fatalf("%+v, %v", d, err)
	}
	second, err := w.keeper.Amend(t.Context(), author, d.ID)
	if err != nil || second.Part != 2 || second.Amends != d.ID || second.Kit.Report.Conclusion == "" || second.Kit.Report.Kind != "first" {
		t.Fatalf("%+v, %v", second, err)
	}
	w.no(errOf(w.keeper.Propose(t.Context(), author, second.ID)))
	w.no(errOf(w.keeper.Approve(t.Context(), reviewer, second.ID)))
	again := w.submission()
	for range 2 { // a call that is repeated does the same
		if second, err = w.keeper.Submit(t.Context(), reviewer, second.ID, again); err != nil || second.State != filing.Submitted {
			t.Fatalf("%+v, %v", second, err)
		}
	}
	if d, err = w.keeper.Filing(t.Context(), d.ID); err != nil || d.State != filing.Amended || d.AmendedBy != second.ID {
		t.Errorf("%+v, %v", d, err)
	}
	if second, err = w.keeper.Decide(t.Context(), reviewer, second.ID, filing.Decision{Filed: true, Number: "网信算备" + sound + "号", At: w.clock.Now()}); err != nil || second.Decision.Number != sound {
		t.Fatalf("%+v, %v", second, err)
	}
	// A change of what was filed names its number.
	third, err := w.keeper.Amend(t.Context(), author, second.ID)
	if err != nil || third.Kit.Algorithm.Number != sound || third.Kit.Report.Kind != "change" {
		t.Fatalf("%+v, %v", third, err)
	}
	if !third.Days.Began.IsZero() {
		t.Error("the clock of the first filing runs again", third.Days)
	}
	// While the change lies with the authority, and after it was refused, what was filed before is in force, and can be cancelled.
	w.no(errOf(w.keeper.Propose(t.Context(), author, third.ID)))
	w.no(errOf(w.keeper.Approve(t.Context(), reviewer, third.ID)))
	w.no(errOf(w.keeper.Submit(t.Context(), reviewer, third.ID, w.submission())))
	no := filing.Decision{Reason: "names differ", At: w.clock.Now()}
	for range 2 {
		if third, err = w.keeper.Decide(t.Context(), reviewer, third.ID, no); err != nil || third.State != filing.Refused {
			t.Fatalf("%+v, %v", third, err)
		}
	}
	if d, there, err := w.keeper.Published(t.Context(), "draw"); err != nil || !there || d.ID != second.ID {
		t.Errorf("%+v, %v, %v", d, there, err)
	}
	ended := w.clock.Now()
	for range 2 {
		if third, err = w.keeper.Cancel(t.Context(), reviewer, third.ID, ended, ended, "the service ended"); err != nil || third.State != filing.Cancelled {
			t.Fatalf("%+v, %v", third, err)
		}
	}
	if d, there, err := w.keeper.Published(t.Context(), "draw"); err != nil || there {
		t.Errorf("a cancelled filing is published: %+v, %v", d, err)
	}
	list, next, err := w.keeper.Filings(t.Context(), filing.Query{Function: "draw", States: []filing.State{filing.Amended, filing.Cancelled}})
	if err != nil || len(list) != 3 || list[0].ID != third.ID || next != "" {
		t.Errorf("%+v, %v", list, err)
	}
}

func errOf(_ filing.Draft, err error) error { return err }

// What somebody else wrote in since counts as theirs, and what was approved is to be approved anew once it is changed.
func TestAuthors(t *testing.T) {
	w := open(t)
	d := w.approved("draw")
	d, err := w.keeper.Write(t.Context(), reviewer, d.ID, filing.Writing{Kit: d.Kit})
	w.no(err)
	if d.State != filing.Drafted || d.Reviewer != "" || d.Version != 3 || !slices.Equal(d.Authors, []string{author.ID, reviewer.ID}) {
		t.Errorf("%+v", d)
	}
	w.no(errOf(w.keeper.Propose(t.Context(), author, d.ID)))
	for _, by := range []ledger.By{author, reviewer} {
		_, err = w.keeper.Approve(t.Context(), by, d.ID)
		storetest.WantCode(t, err, filing.CodeOwn)
	}
	w.no(errOf(w.keeper.Approve(t.Context(), ledger.By{Role: "officer", ID: "staff-3"}, d.ID)))
}

// Another function, or a register that can't be asked, keeps a filing from being approved and submitted.
func TestSourceChanged(t *testing.T) {
	w := open(t)
	d := w.approved("draw")
	w.source.known.Facts = "facts-2"
	_, err := w.keeper.Submit(t.Context(), reviewer, d.ID, w.submission())
	storetest.WantCode(t, err, filing.CodeChanged)
	w.source.known = known()
	w.source.known.Role = "supporter"
	_, err = w.keeper.Submit(t.Context(), reviewer, d.ID, w.submission())
	storetest.WantCode(t, err, filing.CodeFindings)
	w.source.err = errors.New("no answer")
	if _, err := w.keeper.Submit(t.Context(), reviewer, d.ID, w.submission()); !errors.Is(err, w.source.err) {
		t.Error(err)
	}
	if _, err := w.keeper.Draft(t.Context(), author, "other"); !errors.Is(err, w.source.err) {
		t.Error(err)
	}
	findings, err := w.keeper.Findings(t.Context(), d.ID)
	if err != nil || !slices.Equal(found(findings), []string{"filing-lint-untold "}) {
		t.Errorf("%q, %v", found(findings), err)
	}
	w.source.err, w.source.known = nil, known()
	if findings, err = w.keeper.Findings(t.Context(), d.ID); err != nil || len(findings) != 0 {
		t.Errorf("%q, %v", found(findings), err)
	}
}

// The people are sealed: what they are called stands in no entry, record, export or error, and who read them is recorded.
func TestPeopleAreSealed(t *testing.T) {
	w := open(t)
	const name, number = "某某某的姓名", "证件号码某某某"
	d := w.written("draw")
	p := people()
	p.Head.Name, p.Head.ID = name, number
	d, err := w.keeper.Write(t.Context(), author, d.ID, filing.Writing{Kit: d.Kit, People: &p})
	w.no(err)
	got, ok, err := w.keeper.People(t.Context(), reviewer, d.ID)
	if err != nil || !ok || got != p {
		t.Fatalf("%+v, %v, %v", got, ok, err)
	}
	entry, err := json.Marshal(d)
	w.no(err)
	exported, err := d.Export()
	w.no(err)
	texts := [][]byte{entry, exported}
	var types []evidence.Type
	for r, err := range w.store.Records(t.Context(), false) {
		w.no(err)
		types = append(types, r.Type)
		o, err := w.keys.Open(&r.Record)
		w.no(err)
		texts = append(texts, o.Payload)
	}
	for _, text := range texts {
		if strings.Contains(string(text), name) || strings.Contains(string(text), number) {
			t.Errorf("the people are in %.200s", text)
		}
	}
	if want := []evidence.Type{filing.RecordDrafted, filing.RecordChanged, filing.RecordChanged, filing.RecordRead}; !slices.Equal(types, want) {
		t.Errorf("records %v", types)
	}
	p.Head.Phone = strings.Repeat(name, 100)
	_, err = w.keeper.Write(t.Context(), author, d.ID, filing.Writing{Kit: d.Kit, People: &p})
	storetest.WantCode(t, err, filing.CodeInvalid)
	if err == nil || strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "people.head.phone") {
		t.Error(err)
	}
	// An amendment takes the people along.
	w.no(errOf(w.keeper.Withdraw(t.Context(), author, d.ID, "again")))
	second, err := w.keeper.Amend(t.Context(), author, w.submitted("draw").ID)
	w.no(err)
	if got, ok, err := w.keeper.People(t.Context(), reviewer, second.ID); err != nil || !ok || got != people() {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
}

// TestStates tries every step from every state.
func TestStates(t *testing.T) {
	w := open(t)
	now := w.clock.Now()
	steps := map[filing.State]func(id string) (filing.Draft, error){
		filing.Drafted: func(id string) (filing.Draft, error) {
			return w.keeper.Write(t.Context(), author, id, filing.Writing{Kit: clean()})
		},
		filing.Proposed: func(id string) (filing.Draft, error) { return w.keeper.Propose(t.Context(), author, id) },
		filing.Approved: func(id string) (filing.Draft, error) { return w.keeper.Approve(t.Context(), reviewer, id) },
		filing.Submitted: func(id string) (filing.Draft, error) {
			return w.keeper.Submit(t.Context(), reviewer, id, filing.Submission{Proof: digest(5), At: now})
		},
		filing.Filed: func(id string) (filing.Draft, error) {
			return w.keeper.Decide(t.Context(), reviewer, id, filing.Decision{Filed: true, Number: sound, At: w.clock.Now()})
		},
		filing.Refused: func(id string) (filing.Draft, error) {
			return w.keeper.Decide(t.Context(), reviewer, id, filing.Decision{Reason: "no", At: w.clock.Now()})
		},
		filing.Cancelled: func(id string) (filing.Draft, error) {
			return w.keeper.Cancel(t.Context(), reviewer, id, now, now, "over")
		},
		filing.Withdrawn: func(id string) (filing.Draft, error) { return w.keeper.Withdraw(t.Context(), author, id, "no") },
	}
	roads := map[filing.State][]filing.State{filing.Drafted: {}, filing.Proposed: {filing.Proposed}, filing.Approved: {filing.Proposed, filing.Approved}, filing.Submitted: {filing.Proposed, filing.Approved, filing.Submitted},
		filing.Filed: {filing.Proposed, filing.Approved, filing.Submitted, filing.Filed}, filing.Refused: {filing.Proposed, filing.Approved, filing.Submitted, filing.Refused},
		filing.Cancelled: {filing.Proposed, filing.Approved, filing.Submitted, filing.Filed, filing.Cancelled}, filing.Withdrawn: {filing.Withdrawn}}
	want := map[filing.State]string{filing.Drafted: "draft proposed withdrawn", filing.Proposed: "draft approved withdrawn", filing.Approved: "draft submitted withdrawn", filing.Submitted: "filed refused amended cancelled",
		filing.Filed: "amended cancelled", filing.Refused: "amended cancelled", filing.Amended: "", filing.Cancelled: "", filing.Withdrawn: ""}
	if len(want) != len(filing.States()) {
		t.Fatal("a state is missing")
	}
	n := 0
	for from, road := range roads {
		for to, step := range steps {
			n++
			d := w.written("f" + strings.Repeat("x", n%50) + string(rune('a'+n/50)))
			for _, s := range road {
				w.no(errOf(steps[s](d.ID)))
			}
			if from == to && !from.May(from) && from != filing.Proposed && from != filing.Approved && from != filing.Withdrawn {
				continue // a call that is repeated; see TestLife
			}
			d, err := step(d.ID)
			may := slices.Contains(strings.Fields(want[from]), string(to))
			if from.May(to) != may {
				t.Errorf("%s may become %s: %t", from, to, from.May(to))
			}
			switch may = may && (to != filing.Cancelled || from == filing.Filed); { // there is nothing in force that could be cancelled
			case may && (err != nil || d.State != to):
				t.Errorf("%s to %s: %s, %v", from, to, d.State, err)
			case !may:
				storetest.WantCode(t, err, filing.CodeStep)
			}
		}
	}
}

func TestKeeperInvalid(t *testing.T) {
	w := open(t)
	later := w.clock.Now().Add(time.Hour)
	d := w.approved("draw")
	for name, call := range map[string]func() error{
		"function": func() error { return errOf(w.keeper.Draft(t.Context(), author, "A B")) },
		"note":     func() error { return errOf(w.keeper.Return(t.Context(), author, d.ID, "")) },
		"at": func() error {
			return errOf(w.keeper.Submit(t.Context(), author, d.ID, filing.Submission{Proof: digest(1), At: later}))
		},
		"proof": func() error {
			return errOf(w.keeper.Submit(t.Context(), author, d.ID, filing.Submission{At: w.clock.Now()}))
		},
		"reference": func() error {
			return errOf(w.keeper.Submit(t.Context(), author, d.ID, filing.Submission{Proof: digest(1), At: w.clock.Now(), Reference: "a\nb"}))
		},
		"reason": func() error {
			return errOf(w.keeper.Decide(t.Context(), author, d.ID, filing.Decision{At: w.clock.Now()}))
		},
		"ended": func() error { return errOf(w.keeper.Cancel(t.Context(), author, d.ID, later, w.clock.Now(), "x")) },
		"began": func() error {
			return errOf(w.keeper.Write(t.Context(), author, d.ID, filing.Writing{Kit: clean(), Began: later}))
		},
	} {
		err := call()
		storetest.WantCode(t, err, filing.CodeInvalid)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Args["field"] != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.keeper.Decide(t.Context(), author, d.ID, filing.Decision{Filed: true, Number: "123", At: w.clock.Now()})
	storetest.WantCode(t, err, filing.CodeNumber)
	_, err = w.keeper.Filing(t.Context(), "none")
	storetest.WantCode(t, err, filing.CodeMissing)
	for _, by := range []ledger.By{{}, {Role: "system"}, {Role: "application", ID: "key"}} {
		_, err := w.keeper.Draft(t.Context(), by, "other")
		storetest.WantCode(t, err, filing.CodePerson)
		_, err = w.keeper.Approve(t.Context(), by, d.ID)
		storetest.WantCode(t, err, filing.CodePerson)
		_, _, err = w.keeper.People(t.Context(), by, d.ID)
		storetest.WantCode(t, err, filing.CodePerson)
	}
}
