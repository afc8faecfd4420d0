package ethics_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/review/ethics"
)

func TestMain(m *testing.M) { storetest.Main(m) }

type world struct {
	*testing.T
	clock   *storetest.Clock
	keeper  *ethics.Keeper
	members []string // technology, ethics, law, public and outside, technology of the applicant
}

var (
	applicant = ledger.By{Role: "engineer", ID: "applicant"}
	officer   = ledger.By{Role: "officer", ID: "officer"}
)

func voter(i int) ledger.By { return ledger.By{Role: "reviewer", ID: "voter-" + strconv.Itoa(i)} }

func open(t *testing.T) *world {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "one"), clock.Now
	s := storetest.Open(t, config)
	w := &world{T: t, clock: clock, keeper: ethics.New(ledgers.Of[ethics.Review](s, ethics.LedgerReviews), ledgers.Of[ethics.Member](s, ethics.LedgerMembers), storetest.Recorder(t, config.Keys, clock.Now), config.Keys)}
	for i, c := range []ethics.Category{ethics.Technology, ethics.Ethicist, ethics.Law, ethics.Public, ethics.Technology} {
		m, err := w.keeper.Seat(t.Context(), officer, ethics.Member{Category: c, Account: voter(i).ID}, "")
		w.must(err)
		w.members = append(w.members, m.ID)
	}
	outside, err := w.keeper.Seat(t.Context(), officer, ethics.Member{Category: ethics.Public, Outside: true}, "somebody from outside")
	w.must(err)
	own, err := w.keeper.Seat(t.Context(), officer, ethics.Member{Category: ethics.Technology, Account: applicant.ID}, "")
	w.must(err)
	w.members = append(w.members, outside.ID, own.ID)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func application() ethics.Application {
	return ethics.Application{About: "face-swap", Title: "swapping faces", Pledge: true, Overview: ethics.Overview{Aim: "a", Meaning: "m", Need: "n"}, Plan: ethics.Plan{Plan: "p", Emergency: "e", Publishing: "none"},
		Bodies: ethics.Bodies{Papers: "p", Experience: "e", Funding: "own", Interests: "none"}, Consent: ethics.ConsentPart{Form: "f", Sources: "s"}, Risks: []ethics.EthicsRisk{{Risk: "r", Who: "those depicted", Severity: "high", Control: "notice", Residual: "low"}}}
}

func (w *world) accepted(a ethics.Application) string {
	w.Helper()
	e, err := w.keeper.Apply(w.Context(), applicant, a)
	w.must(err)
	_, err = w.keeper.Accept(w.Context(), applicant, e.ID)
	storetest.WantCode(w.T, err, ethics.CodeOwn)
	e, err = w.keeper.Accept(w.Context(), officer, e.ID)
	w.must(err)
	return e.ID
}

func (w *world) answer(id string, applies bool) {
	w.Helper()
	var list []ethics.GroundAnswer
	for _, g := range ethics.Grounds() {
		list = append(list, ethics.GroundAnswer{Ground: g, Applies: applies && g == ethics.Opinion, Why: "looked at"})
	}
	_, err := w.keeper.Answer(w.Context(), officer, id, list)
	w.must(err)
}

func (w *world) day(months int) string {
	return w.clock.Now().AddDate(0, months, 0).Format(time.DateOnly)
}

// vote has the members of a meeting vote, the one from outside by the officer.
func (w *world) vote(id string, votes ...ethics.Vote) {
	w.Helper()
	for i, v := range votes {
		by := voter(i)
		if i == 5 {
			by = officer
		}
		_, err := w.keeper.Vote(w.Context(), by, id, w.members[i], v)
		w.must(err)
	}
}

func (w *world) decide(id string, months int) (ethics.Entry, error) {
	return w.keeper.Decide(w.Context(), officer, id, ethics.Ruling{Reasons: "weighed", Next: w.day(months)})
}

// TestMeeting refuses four, keeps those with an interest out, and decides by two thirds.
func TestMeeting(t *testing.T) {
	w := open(t)
	id := w.accepted(application())
	w.answer(id, false)
	meet := func(members ...string) {
		t.Helper()
		_, err := w.keeper.Meet(t.Context(), officer, id, members)
		w.must(err)
	}
	meet(w.members[0], w.members[1], w.members[2], w.members[5])
	_, err := w.keeper.Vote(t.Context(), voter(0), id, w.members[0], ethics.Approve)
	storetest.WantCode(t, err, ethics.CodeQuorum)
	_, err = w.decide(id, 6)
	storetest.WantCode(t, err, ethics.CodeQuorum)
	meet(w.members[0], w.members[1], w.members[2], w.members[5], w.members[6]) // five, but one applied
	_, err = w.decide(id, 6)
	storetest.WantCode(t, err, ethics.CodeQuorum)
	meet(w.members[0], w.members[1], w.members[2], w.members[3], w.members[4]) // nobody from outside
	_, err = w.keeper.Vote(t.Context(), voter(0), id, w.members[0], ethics.Approve)
	storetest.WantCode(t, err, ethics.CodeCategory)
	meet(w.members[:6]...)
	_, err = w.keeper.Recuse(t.Context(), officer, id, w.members[4], "money", "holds shares")
	w.must(err)
	_, err = w.keeper.Vote(t.Context(), voter(4), id, w.members[4], ethics.Approve)
	storetest.WantCode(t, err, ethics.CodeRecused)
	_, err = w.keeper.Vote(t.Context(), officer, id, w.members[0], ethics.Approve) // somebody else's
	storetest.WantCode(t, err, ethics.CodeOwn)
	for _, other := range []ledger.By{applicant, voter(3), {Role: "officer", ID: "another"}} { // of one from outside, by somebody who keeps no minutes
		_, err = w.keeper.Vote(t.Context(), other, id, w.members[5], ethics.Approve)
		storetest.WantCode(t, err, ethics.CodeOwn)
		_, err = w.keeper.Recuse(t.Context(), other, id, w.members[0], "money", "so they say")
		storetest.WantCode(t, err, ethics.CodeOwn)
	}
	w.vote(id, ethics.Approve, ethics.Approve, ethics.Reject, ethics.Abstain)
	_, err = w.keeper.Vote(t.Context(), voter(0), id, w.members[0], ethics.Reject)
	storetest.WantCode(t, err, ethics.CodeVoted)
	_, err = w.decide(id, 6)
	storetest.WantCode(t, err, ethics.CodeOpenVotes)
	_, err = w.keeper.Vote(t.Context(), officer, id, w.members[5], ethics.Approve)
	w.must(err)
	_, err = w.decide(id, 6) // three of five
	storetest.WantCode(t, err, ethics.CodeMajority)
	meet(w.members[:4]...)
	meet(w.members[:6]...) // the interest stays, over a meeting at which the member was not
	w.vote(id, ethics.Approve, ethics.Approve, ethics.Approve, ethics.Reject)
	_, err = w.keeper.Vote(t.Context(), officer, id, w.members[5], ethics.Approve)
	w.must(err)
	_, err = w.keeper.Decide(t.Context(), applicant, id, ethics.Ruling{Reasons: "r", Next: w.day(6)})
	storetest.WantCode(t, err, ethics.CodeOwn)
	_, err = w.decide(id, 13)
	storetest.WantCode(t, err, ethics.CodeFollow)
	e, err := w.decide(id, 12)
	w.must(err)
	if e.State != string(ethics.Approved) || e.Value.Outcome.Tally["approve"] != 4 || e.Value.Outcome.Late || e.Due.IsZero() {
		t.Errorf("%s %+v due %s", e.State, e.Value.Outcome, e.Due)
	}
}

// TestOwn lets the applicant take no step of the committee's, and nobody else amend what was applied for.
func TestOwn(t *testing.T) {
	w := open(t)
	ctx, k := t.Context(), w.keeper
	e, err := k.Apply(ctx, applicant, application())
	w.must(err)
	_, err = k.Return(ctx, applicant, e.ID, "a paper")
	storetest.WantCode(t, err, ethics.CodeOwn)
	_, err = k.Return(ctx, officer, e.ID, "a paper")
	w.must(err)
	_, err = k.Amend(ctx, officer, e.ID, application())
	storetest.WantCode(t, err, ethics.CodeOwn)
	_, err = k.Amend(ctx, applicant, e.ID, application())
	w.must(err)
	_, err = k.Accept(ctx, officer, e.ID)
	w.must(err)
	_, err = k.Meet(ctx, officer, e.ID, w.members)
	w.must(err)
	for name, step := range map[string]func() error{
		"meet":   func() error { _, err := k.Meet(ctx, applicant, e.ID, w.members); return err },
		"recuse": func() error { _, err := k.Recuse(ctx, applicant, e.ID, w.members[0], "money", "n"); return err },
		"pause":  func() error { _, err := k.Pause(ctx, applicant, e.ID, "supplement", "n"); return err },
		"resume": func() error { _, err := k.Resume(ctx, applicant, e.ID); return err },
		"extend": func() error { _, err := k.Extend(ctx, applicant, e.ID, w.day(2), "n"); return err },
		"answer": func() error {
			var list []ethics.GroundAnswer
			for _, g := range ethics.Grounds() {
				list = append(list, ethics.GroundAnswer{Ground: g, Why: "w"})
			}
			_, err := k.Answer(ctx, applicant, e.ID, list)
			return err
		},
	} {
		var said *colophon.Error
		if err := step(); !errors.As(err, &said) || said.Code != ethics.CodeOwn {
			t.Errorf("the applicant may %s: %v", name, err)
		}
	}
	_, err = k.Expert(ctx, officer, e.ID, ethics.Experts{Reference: "no-7", Proof: strings.Repeat("xy", 32), At: w.clock.Now()})
	storetest.WantCode(t, err, ethics.CodeInvalid)
	_, err = k.End(ctx, applicant, e.ID, "taken back")
	w.must(err)
}

// TestExperts asks whether experts review again, and approves nothing that is listed before they agreed.
func TestExperts(t *testing.T) {
	w := open(t)
	id := w.accepted(application())
	_, err := w.keeper.Meet(t.Context(), officer, id, w.members[:6])
	w.must(err)
	all := []ethics.Vote{ethics.Approve, ethics.Approve, ethics.Approve, ethics.Approve, ethics.Approve, ethics.Approve}
	w.vote(id, all...)
	_, err = w.decide(id, 6)
	storetest.WantCode(t, err, ethics.CodeUnanswered)
	_, err = w.keeper.Answer(t.Context(), officer, id, []ethics.GroundAnswer{{Ground: ethics.Opinion, Applies: true, Why: "w"}})
	storetest.WantCode(t, err, ethics.CodeInvalid)
	w.answer(id, true)
	_, err = w.decide(id, 6)
	storetest.WantCode(t, err, ethics.CodeExperts)
	opinion := ethics.Experts{Agree: false, Reference: "no-7", Proof: strings.Repeat("ab", 32), At: w.clock.Now()}
	_, err = w.keeper.Expert(t.Context(), officer, id, opinion)
	w.must(err)
	_, err = w.decide(id, 6)
	storetest.WantCode(t, err, ethics.CodeExperts)
	opinion.Agree = true
	_, err = w.keeper.Expert(t.Context(), officer, id, opinion)
	w.must(err)
	_, err = w.decide(id, 7)
	storetest.WantCode(t, err, ethics.CodeFollow)
	e, err := w.decide(id, 6)
	w.must(err)
	if e.State != string(ethics.Approved) {
		t.Errorf("%+v", e)
	}
	_, err = w.keeper.Follow(t.Context(), officer, id, ethics.FollowUp{Finding: "suspend", Note: "complaints", Next: w.day(3)})
	w.must(err)
	e, err = w.keeper.Follow(t.Context(), officer, id, ethics.FollowUp{Finding: "continue", Note: "mended", Next: w.day(5)})
	w.must(err)
	if e.State != string(ethics.Approved) || len(e.Value.Followed) != 2 {
		t.Errorf("%+v", e)
	}
}

// TestClock runs thirty days, leaves pauses out, is moved for a reason, and runs seventy-two hours in an emergency.
func TestClock(t *testing.T) {
	w := open(t)
	begin := w.clock.Now()
	id := w.accepted(application())
	due := func(want time.Time) {
		t.Helper()
		e, err := w.keeper.Review(t.Context(), id)
		w.must(err)
		if got := e.Value.Due(w.clock.Now()); !got.Equal(want) {
			t.Errorf("due %s, want %s", got, want)
		}
	}
	due(begin.AddDate(0, 0, 30))
	_, err := w.keeper.Pause(t.Context(), officer, id, "supplement", "a paper is missing")
	w.must(err)
	_, err = w.keeper.Pause(t.Context(), officer, id, "supplement", "again")
	storetest.WantCode(t, err, ethics.CodePaused)
	_, err = w.decide(id, 6)
	storetest.WantCode(t, err, ethics.CodePaused)
	w.clock.Set(begin.AddDate(0, 0, 10))
	_, err = w.keeper.Resume(t.Context(), officer, id)
	w.must(err)
	due(begin.AddDate(0, 0, 40))
	_, err = w.keeper.Extend(t.Context(), officer, id, begin.AddDate(0, 0, 20).Format(time.DateOnly), "sooner")
	storetest.WantCode(t, err, ethics.CodeInvalid)
	w.clock.Set(begin.AddDate(0, 0, 41))
	_, err = w.keeper.Extend(t.Context(), officer, id, begin.AddDate(0, 0, 60).Format(time.DateOnly), "too late")
	storetest.WantCode(t, err, ethics.CodeInvalid)
	w.answer(id, false)
	_, err = w.keeper.Meet(t.Context(), officer, id, w.members[:6])
	w.must(err)
	w.vote(id, ethics.Reject, ethics.Reject, ethics.Reject, ethics.Reject, ethics.Reject, ethics.Reject)
	e, err := w.keeper.Decide(t.Context(), officer, id, ethics.Ruling{Reasons: "too late and no"})
	w.must(err)
	if e.State != string(ethics.Rejected) || !e.Value.Outcome.Late {
		t.Errorf("%s %+v", e.State, e.Value.Outcome)
	}
	urgent := application()
	urgent.Emergency = "an epidemic"
	at := w.clock.Now()
	id = w.accepted(urgent)
	due(at.Add(72 * time.Hour))
}

// TestModified is approved once the changes were confirmed, or reviewed again.
func TestModified(t *testing.T) {
	w := open(t)
	for _, v := range []ethics.Vote{ethics.ToModify, ethics.Reapprove} {
		id := w.accepted(application())
		w.answer(id, false)
		_, err := w.keeper.Meet(t.Context(), officer, id, w.members[:6])
		w.must(err)
		w.vote(id, v, v, v, v, v, v)
		e, err := w.decide(id, 6)
		w.must(err)
		if v == ethics.ToModify {
			if _, err = w.keeper.Confirm(t.Context(), applicant, id, "changed"); err == nil {
				t.Error("the applicant confirms")
			}
			e, err = w.keeper.Confirm(t.Context(), officer, id, "changed")
			w.must(err)
			if e.State != string(ethics.Approved) {
				t.Error(e.State)
			}
			continue
		}
		if e.State != string(ethics.Again) {
			t.Error(e.State)
		}
		e, err = w.keeper.Amend(t.Context(), applicant, id, application())
		w.must(err)
		if e.State != string(ethics.Submitted) || e.Value.Round != 2 {
			t.Errorf("%s, round %d", e.State, e.Value.Round)
		}
		e, err = w.keeper.Accept(t.Context(), officer, id)
		w.must(err)
		if len(e.Value.Seats) != 0 || len(e.Value.Grounds) != 0 || e.Value.Outcome != nil {
			t.Errorf("the next round begins with %+v", e.Value)
		}
	}
}

// TestSealed finds the name of a member from outside in nothing but what is sealed.
func TestSealed(t *testing.T) {
	w := open(t)
	list, err := w.keeper.Members(t.Context(), true)
	w.must(err)
	names := 0
	for _, m := range list {
		_, name, err := w.keeper.Name(t.Context(), officer, m.ID)
		w.must(err)
		if name == "somebody from outside" && m.Value.Account == "" {
			names++
		}
	}
	if len(list) != 7 || names != 1 {
		t.Errorf("%d members, %d names", len(list), names)
	}
	_, _, err = w.keeper.Name(t.Context(), ledger.By{Role: "system"}, list[0].ID)
	storetest.WantCode(t, err, ethics.CodePerson)
	_, err = w.keeper.Seat(t.Context(), officer, ethics.Member{Category: ethics.Law, Account: voter(0).ID}, "")
	storetest.WantCode(t, err, ethics.CodeSeated)
	_, err = w.keeper.Unseat(t.Context(), officer, w.members[0], "moved away")
	w.must(err)
	_, err = w.keeper.Seat(t.Context(), officer, ethics.Member{Category: ethics.Law, Account: voter(0).ID}, "")
	w.must(err)
	_, err = w.keeper.Seat(t.Context(), officer, ethics.Member{Category: ethics.Law}, "")
	storetest.WantCode(t, err, ethics.CodeInvalid)
}

// TestIncomplete refuses an application that leaves out a part.
func TestIncomplete(t *testing.T) {
	w := open(t)
	for name, change := range map[string]func(a *ethics.Application){
		"pledge": func(a *ethics.Application) { a.Pledge = false }, "risks": func(a *ethics.Application) { a.Risks = nil }, "aim": func(a *ethics.Application) { a.Overview.Aim = " " }, "sources": func(a *ethics.Application) { a.Consent.Sources = "" },
		"funding": func(a *ethics.Application) { a.Bodies.Funding = "" }, "publishing": func(a *ethics.Application) { a.Plan.Publishing = "" },
	} {
		a := application()
		change(&a)
		_, err := w.keeper.Apply(t.Context(), applicant, a)
		storetest.WantCode(t, err, ethics.CodeInvalid)
		var e *colophon.Error
		if errors.As(err, &e) && e.Args["field"] != name {
			t.Errorf("%s: %v", name, e.Args)
		}
	}
}
