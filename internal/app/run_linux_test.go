package app

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/browsertest"
	model "github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/staff"
)

// bigBank is the starter with as many questions made for the test as are missing to 2,000.
func bigBank(t *testing.T) *bytes.Buffer {
	t.Helper()
	list := slices.Clone(bank.Starter().Questions)
	risks := bank.Risks()
	for i := 0; len(list) < 2000; i++ {
		list = append(list, bank.Question{ID: fmt.Sprintf("own-%04d", i), Kind: bank.Generation, Risk: risks[i%len(risks)].ID, Text: fmt.Sprintf("请用一句话介绍第 %d 号样品的用途。", i), Language: "zh"})
	}
	b, err := bank.Make(list)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := b.WriteJSONL(&file); err != nil {
		t.Fatal(err)
	}
	return &file
}

// exam is a server on which a bank was approved and a run of it planned.
type exam struct {
	*hands
	run string
}

// sitting prepares an exam: the bank is brought in by one officer and approved by the other, who can't be the same.
func sitting(t *testing.T, flags map[string]string) *exam {
	t.Helper()
	h := employ(t, flags)
	for _, login := range []string{"reader.one", "reader.two"} {
		_, token, err := h.server.roster.Create(t.Context(), h.officerActor(), login, []staff.Role{staff.Reviewer})
		h.must(err)
		_, err = h.server.roster.Accept(t.Context(), token, officerPhrase, staff.Attempt{Source: netip.MustParseAddr("127.0.0.1")})
		h.must(err)
	}
	ctx, one, two := t.Context(), h.client(h.first), h.client(h.second)
	b := fine(one.ImportBank(ctx, bigBank(t), "jsonl", "Starter and own", "the starter, filled up to 2,000"))(h)
	if _, err := one.ApproveBank(ctx, b.ID); err == nil || !strings.Contains(err.Error(), "bank-own") {
		t.Errorf("whoever brought the bank in approved it: %v", err)
	}
	fine(two.ApproveBank(ctx, b.ID))(h)
	if a, err := (probed{h.server}).Ask(ctx, "standard-banks"); err != nil || a.Verdict != "failed" || a.Why != sawBankLess || a.Against != 1 {
		t.Errorf("a bank of 2,000 questions in all, and not of each kind what is wanted: %+v %v", a, err)
	}
	r := fine(one.PlanRun(ctx, api.RunPlan{Name: "Before the release", Bank: b.ID, Model: model.Text, Seed: 7}))(h)
	if r.Questions != 2000 || r.State != "planned" {
		t.Fatalf("%+v", r)
	}
	return &exam{h, r.ID}
}

func (h *hands) officerActor() staff.Actor {
	h.Helper()
	o, err := h.server.roster.Check(h.Context(), h.first)
	h.must(err)
	return o.Account.Actor()
}

// onNode speaks to a node with a session.
func onNode(t *testing.T, n *node, session string) *api.Client {
	t.Helper()
	c, err := api.New(api.Config{URL: "http://" + n.address, Key: session, Language: "en", Tries: 1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// seen is the page of a browser in which somebody has signed in.
func seen(t *testing.T, h *hands, address, session string) *browsertest.Tab {
	t.Helper()
	b := browsertest.New(t, "http://"+address)
	browsertest.Call(b, network.SetCookie, network.SetCookieParams{Name: h.server.roster.SessionCookie(false).Name, Value: session, URL: "http://" + address + "/"})
	b.Open("/sign-in?lang=en")
	return b
}

// reached waits until so many answers are kept, or the questions are over, and returns how it stands then.
func reached(t *testing.T, c *api.Client, id string, asked int) (r api.TestRun) {
	t.Helper()
	beat := time.NewTicker(20 * time.Millisecond)
	defer beat.Stop()
	for end := time.Now().Add(2 * time.Minute); ; <-beat.C {
		var err error
		if r, err = c.TestRun(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if r.Progress.Asked >= asked || r.Trouble != "" || time.Now().After(end) {
			return r
		}
	}
}

// TestAssessmentKilled assesses the sample model with 2,000 questions. What stands in the way of the account that asks is told, and
// no question is asked. The process is killed in the middle; the next one goes on by itself, and no answer that was kept is asked
// for again. Two people judge a sample in browsers, blind to one another, a third where they differ; the report says so.
func TestAssessmentKilled(t *testing.T) {
	t.Parallel()
	flags := map[string]string{"data": t.TempDir(), "admission": "on", "sample-model": "on", "starter-library": "on", "run-parallel": "16"}
	x := sitting(t, flags)
	fine(x.client(x.first).StepRun(t.Context(), x.run, "start"))(x.hands)
	within(t, func() bool {
		r := fine(x.client(x.first).TestRun(t.Context(), x.run))(x.hands)
		if r.Trouble != "" && (r.Trouble != "admission-unverified" || r.Progress.Asked != 0 || r.Wanted) {
			t.Fatalf("%+v", r)
		}
		return r.Trouble != ""
	})
	x.attestFor(runAccount)
	x.stop()

	n := startNode(t, flags)
	fine(onNode(t, n, x.first).StepRun(t.Context(), x.run, "start"))(x.hands)
	began := time.Now()
	before := reached(t, onNode(t, n, x.first), x.run, 400)
	n.kill()
	took := time.Since(began)
	if before.Trouble != "" || before.Progress.Asked >= 2000 {
		t.Fatalf("%+v %+v", before, before.Progress)
	}
	t.Logf("%d questions in %v before the kill", before.Progress.Asked, took.Round(time.Millisecond))
	n = startNode(t, flags)
	began = time.Now()
	x.follows(n)
	after := reached(t, onNode(t, n, x.first), x.run, 2000)
	took = time.Since(began)
	if after.Trouble != "" || after.Progress.Asked != 2000 || after.Progress.Failed != 0 {
		t.Fatalf("%+v %+v", after, after.Progress)
	}
	t.Logf("the other %d in %v: %.0f a second; %d refused", 2000-before.Progress.Asked, took.Round(time.Millisecond), float64(2000-before.Progress.Asked)/took.Seconds(), after.Progress.Refused)
	within(t, func() bool {
		r := fine(onNode(t, n, x.first).TestRun(t.Context(), x.run))(x.hands)
		return r.State == "judging" && r.Judged != nil
	})
	n.stop()
	x.launch()
	t.Cleanup(x.stop)
	x.once()
	x.judged()
	x.reported()
}

// follows opens the page of the run while it is at work: how far it is changes without the page being loaded again.
func (x *exam) follows(n *node) {
	x.Helper()
	b := seen(x.T, x.hands, n.address, x.first)
	b.Open("/runs/" + x.run)
	first := browsertest.Ask[float64](b, `document.querySelector('#run-now progress').value`)
	browsertest.Ask[string](b, `document.body.dataset.same = 'yes'`)
	within(x.T, func() bool {
		return browsertest.Ask[float64](b, `document.querySelector('#run-now progress')?.value ?? 0`) > first
	})
	if browsertest.Ask[string](b, `document.body.dataset.same ?? ''`) != "yes" {
		x.Error("the page was loaded again")
	}
	b.Open("/sign-in") // lest it asks on when the node has ended
}

// once looks that no question was asked of the model again whose answer was kept: there are at most as many calls more than
// answers as were on their way, or not kept yet, when the process was killed.
func (x *exam) once() {
	x.Helper()
	var used struct{ Usage []struct{ Requests int64 } }
	x.as("", "POST", "/v1/usage:query", object{"account": runAccount}, 200, &used)
	var calls int64
	for _, u := range used.Usage {
		calls += u.Requests
	}
	if most := int64(2000 + 20 + 16 + 16); calls > most {
		x.Errorf("the model was asked %d times for 2000 answers", calls)
	}
	held, _, err := x.records("run.answered")
	x.must(err)
	if held < 100 {
		x.Errorf("%d batches are on record", held)
	}
}

// judged has two people judge a sample by keyboard, and a third what they differ about.
func (x *exam) judged() {
	x.Helper()
	ctx, officer := x.Context(), x.client(x.first)
	drawn := fine(officer.SampleRun(ctx, x.run, "generation", 6, 0))(x.hands)
	if drawn.Items != 6 {
		x.Fatalf("%+v", drawn)
	}
	judge := func(session, keys string) {
		x.Helper()
		b := seen(x.T, x.hands, x.address, session)
		b.Open("/panels/" + drawn.Panel)
		for i, verdict := range strings.Split(keys, "") {
			if i == 0 {
				key(b, "n", ".pick.release")
			}
			b.Says("Is anything wrong with this answer?")
			if text := b.Text(); strings.Contains(text, "Judged by one") || strings.Contains(text, "Kappa") {
				x.Errorf("the reviewer is told of others: %s", text)
			}
			key(b, verdict, ".pick :checked")
			b.Press("button[value=next]", map[bool]chromedp.CSS{true: ".decide:not(:has(:checked))", false: ".notice[role=status]"}[i < len(keys)-1])
		}
	}
	judge(x.signIn("reader.one"), "raaaaa")
	judge(x.signIn("reader.two"), "raaaar")
	p := fine(officer.Panel(ctx, drawn.Panel))(x.hands)
	if p.States.Settled != 5 || p.States.Disputed != 1 || p.Kappa.Value != 571429 || p.Raters != 2 {
		x.Errorf("%+v", p)
	}
	if _, err := officer.StepRun(ctx, x.run, "finish"); err == nil || !strings.Contains(err.Error(), "run-open") {
		x.Errorf("the run was finished although a third person has to judge: %v", err)
	}
	judge(x.first, "a")
	b := seen(x.T, x.hands, x.address, x.first)
	b.Open("/runs/" + x.run + "/result")
	b.Says("0.57", "Generated content passes, judged by people", "Could not tell")
	b.Look("run-result", browsertest.In("en")...)
	fine(officer.StepRun(ctx, x.run, "finish"))(x.hands)
}

// reported reads the report in all formats.
func (x *exam) reported() {
	x.Helper()
	res := fine(x.client(x.first).RunResult(x.Context(), x.run))(x.hands)
	if res.Asked != 2000 || len(res.Reviews) != 1 || res.Reviews[0].Kappa.Value != 571429 || len(res.Judges) == 0 {
		x.Errorf("%+v", res.Reviews)
	}
	for format, begins := range map[string]string{"html": "<!doctype html>", "docx": "PK", "pdf": "%PDF-"} {
		from := fine(x.client(x.first).RunReport(x.Context(), x.run, format, "zh"))(x.hands)
		text, err := io.ReadAll(from)
		x.must(err)
		from.Close()
		if !strings.HasPrefix(strings.ToLower(string(text[:min(len(text), 40)])), strings.ToLower(begins)) || len(text) < 5000 {
			x.Errorf("%s: %d bytes, %.40q", format, len(text), text)
		}
		if format == "html" && (!bytes.Contains(text, []byte("0.57")) || !bytes.Contains(text, []byte(model.Text))) {
			x.Errorf("the report says neither the model nor kappa")
		}
	}
}
