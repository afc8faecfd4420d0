package app

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon"
	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/staff"
)

// pictureAccount is one whose identity was verified, so that it may have pictures made.
const pictureAccount = "holder-4711@example.cn"

// photographed has a picture of an account marked, and returns its content number and what a messenger makes of it.
func (h *hands) photographed(account string) (number string, copied []byte) {
	h.Helper()
	var made httpapi.Artefact
	h.json(&made, "POST", "/v1/artefacts?function=other&name=a.jpg", scene(h.T), 201, "Colophon-Account", url.PathEscape(account))
	_, marked := h.ask("GET", "/v1/artefacts/"+string(made.Number)+"/content", nil, 200)
	return string(made.Number), reencoded(h.T, marked)
}

// comes opens a case as the staff does.
func (h *hands) comes(d api.CaseDraft, files ...[]byte) api.CaseReceipt {
	h.Helper()
	for i, f := range files {
		d.Files = append(d.Files, api.CaseUpload{Name: fmt.Sprintf("IMG_%04d", i), File: bytes.NewReader(f)})
	}
	if d.Language == "" {
		d.Language = "en"
	}
	return fine(h.client(h.first).OpenCase(h.Context(), d))(h)
}

// rule takes a case and decides it.
func (h *hands) rule(id string, r api.CaseRuling) {
	h.Helper()
	ctx, two := h.Context(), h.client(h.second)
	fine(two.TakeCase(ctx, id))(h)
	if r.Facts == "" {
		r.Facts, r.Explanation = "The content is as it was reported.", "The clause forbids it in so many words."
	}
	fine(two.DecideCase(ctx, id, r))(h)
}

// seedCases brings cases of every kind, in each state that a case can be in.
func (h *hands) seedCases() {
	h.Helper()
	ctx, two := h.Context(), h.client(h.second)
	number, copied := h.photographed(pictureAccount)
	h.comes(api.CaseDraft{Kind: "likeness", Party: "subject", Grounds: grounds("likeness"), Contact: "one@mail.example", Text: "That is my face."}, copied)
	for i := range 3 {
		h.comes(api.CaseDraft{Kind: "report", Grounds: grounds("illegal", "privacy"), About: api.CaseAbout{Numbers: []string{number}}, Contact: fmt.Sprintf("reader%d@mail.example", i), Text: "It shows what it must not."})
	}
	h.comes(api.CaseDraft{Kind: "authority", Party: "authority", Language: "zh", Grounds: grounds("illegal"), About: api.CaseAbout{Numbers: []string{number}}, Contact: "office@authority.example", Text: "请依法停止传播该内容。"})
	h.comes(api.CaseDraft{Kind: "complaint", Account: "user-01", Grounds: grounds("measure"), Text: "I was muted, and I do not know why."})
	h.comes(api.CaseDraft{Kind: "rights", Account: "user-02", Right: "access", Text: "What do you keep of me?"})
	h.comes(api.CaseDraft{Kind: "unlabelled", Account: "user-03", Text: "I need a copy for a film."})

	waits := h.comes(api.CaseDraft{Kind: "rumour", Language: "zh", Grounds: grounds("rumour"), About: api.CaseAbout{Numbers: []string{number}}, Contact: "two@mail.example", Text: "网传图片不实。"})
	fine(two.TakeCase(ctx, waits.ID))(h)
	fine(two.AskCase(ctx, waits.ID, "Where did you see it?"))(h)
	fine(two.PauseCase(ctx, waits.ID, "desk-wait-authority", time.Now().Add(48*time.Hour)))(h)

	fails := h.comes(api.CaseDraft{Kind: "fraud", Grounds: grounds("fraud"), Contact: "three@mail.example", Text: "It asks for money in my name."})
	h.rule(fails.ID, api.CaseRuling{Outcome: "founded", Statement: api.CaseStatement{Terms: "4.2", Category: "desk-ground-fraud"}, Deeds: []api.CaseDeed{{Do: "stop-content", Target: "no-such-number"}, {Do: "label-content", Target: number}}})

	label := h.comes(api.CaseDraft{Kind: "label", Grounds: grounds("label-missing"), About: api.CaseAbout{Numbers: []string{number}}, Contact: "four@mail.example", Text: "There is no label."})
	h.rule(label.ID, api.CaseRuling{Outcome: "unfounded", Statement: api.CaseStatement{Category: "desk-ground-label-missing"}})
	fine(two.CloseCase(ctx, label.ID, "page"))(h)
	fine(two.AppealCase(ctx, label.Code, label.PIN, "There is none, I looked again."))(h)

	fine(h.client(h.first).DraftLimits(ctx, h.shorter(), "Complaints are heard sooner."))(h)
}

func grounds(names ...string) (list []colophon.Code) {
	for _, n := range names {
		list = append(list, colophon.Code("desk-ground-"+n))
	}
	return list
}

// shorter is the table in force with a shorter limit for complaints.
func (h *hands) shorter() []api.CaseLimits {
	h.Helper()
	now, _, err := h.client(h.first).PublicLimits(h.Context())
	h.must(err)
	now.Limits[0].Decide = api.CaseTerm{Days: 8}
	return now.Limits
}

// TestDeskByKeyboard has a reviewer take the next case about a picture, read it and decide, without a pointer: the person who
// came reads the very sentences that the page had shown. The account appeals. The reviewer may not hear that; an officer
// does, and reverses it.
func TestDeskByKeyboard(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx := t.Context()
	number, copied := c.photographed(pictureAccount)
	got := c.comes(api.CaseDraft{Kind: "report", Party: "subject", Grounds: grounds("likeness"), About: api.CaseAbout{Numbers: []string{number}}, Contact: "five@mail.example", Text: "That is my face, and I was not asked."}, copied)
	reviewer, officer := c.tab(staff.Reviewer), c.tab(staff.Officer)

	reviewer.Open("/sign-in?lang=en")
	reviewer.Open("/cases?number=" + number)
	reviewer.Says("What comes next", "Take the next case")
	key(reviewer, "n", ".clock")
	reviewer.At("/cases/" + got.ID + "?done=case-taken")
	if strings.Contains(reviewer.Text(), "I was not asked") || strings.Contains(reviewer.Text(), "five@mail.example") {
		t.Error("what leads to a person is shown before anybody asked for it")
	}
	key(reviewer, "s", ".veil img")
	reviewer.Says("That is my face, and I was not asked.", "five@mail.example", number, "Content number")
	if now := filtered(reviewer, ".veil img"); !strings.Contains(now, "blur") || !strings.Contains(now, "grayscale") {
		t.Errorf("the picture is shown with %q", now)
	}
	key(reviewer, "v", ".veil img")
	reviewer.Open("/cases/" + got.ID)
	key(reviewer, "d", ".deciding")
	key(reviewer, "1", ".drafts [aria-current]")
	key(reviewer, "v", ".foreseen")
	said := browsertest.Ask[string](reviewer, `document.querySelector('.foreseen').innerText`)
	if !strings.Contains(said, "The content can't be reached any more.") || !strings.Contains(said, "相关内容已停止访问。") || !strings.Contains(said, "深度合成") {
		t.Errorf("the preview says %s", said)
	}
	if now := fine(c.client(c.first).Case(ctx, got.ID))(c.hands); now.Decision != nil {
		t.Fatal("it was decided by looking at the preview")
	}
	key(reviewer, "d", ".notice[role=status]")
	decided := fine(c.client(c.first).Case(ctx, got.ID))(c.hands)
	if decided.Decision == nil || decided.Decision.Outcome != "founded" || len(decided.Actions) != 1 || decided.Actions[0].Result != "done" {
		t.Fatalf("%+v", decided)
	}
	reads := fine(c.client(c.first).LookAtCase(ctx, got.Code, got.PIN))(c.hands)
	for _, s := range append(reads.Reasons.En, reads.Reasons.Zh...) {
		if times := strings.Contains(s, "2026") || strings.Contains(s, "20"); !times && !strings.Contains(said, strings.TrimSpace(s)) {
			t.Errorf("the preview did not say: %s", s)
		}
	}
	if !strings.Contains(said, strings.Fields(reads.Facts)[0]) {
		t.Errorf("the preview has not %q", reads.Facts)
	}
	reviewer.Open("/cases/" + got.ID + "/close")
	reviewer.Press("main form .do button", ".notice[role=status]")

	appeal := fine(c.client("").AppealOwnCase(ctx, pictureAccount, got.ID, "The person agreed in writing."))(c.hands)
	reviewer.Open("/cases/" + appeal.ID)
	reviewer.Says("This is an appeal. Only somebody who may hear appeals can take it.")
	officer.Open("/sign-in?lang=en")
	officer.Open("/cases/" + appeal.ID)
	key(officer, "n", ".clock")
	officer.Open("/cases/" + appeal.ID + "/decide")
	officer.Says("stop the content")
	key(officer, "3", ".drafts [aria-current]")
	key(officer, "v", ".foreseen")
	officer.Says("undo:")
	key(officer, "d", ".notice[role=status]")
	reversed := fine(c.client(c.first).Case(ctx, appeal.ID))(c.hands)
	before := fine(c.client(c.first).Case(ctx, got.ID))(c.hands)
	if reversed.Decision == nil || reversed.Decision.Outcome != "reversed" || len(reversed.Actions) != 1 || reversed.Actions[0].Result != "done" || before.Actions[0].Undone == nil {
		t.Errorf("%+v %+v", reversed.Actions, before.Actions)
	}
	c.look(staff.Officer, "/cases/"+got.ID, "case-appealed")
	c.look(staff.Officer, "/cases/"+appeal.ID, "case-appeal")
}

// TestNobodyHearsTwice has the officer who decided meet an appeal against it: the page says that somebody else takes it.
func TestNobodyHearsTwice(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx := t.Context()
	got := c.comes(api.CaseDraft{Kind: "complaint", Contact: "six@mail.example", Text: "It does not work."})
	b := c.tab(staff.Officer)
	b.Open("/sign-in?lang=en")
	b.Open("/cases/" + got.ID)
	key(b, "n", ".clock")
	one := c.client(c.session(staff.Officer))
	fine(one.DecideCase(ctx, got.ID, api.CaseRuling{Outcome: "unfounded", Facts: "It works as it is described.", Explanation: "The service did what it should."}))(c.hands)
	appeal := fine(one.AppealCase(ctx, got.Code, got.PIN, "It does not."))(c.hands)
	b.Open("/cases/" + appeal.ID)
	b.Says("You decided what this appeal is against.")
	if browsertest.Ask[bool](b, `!!document.querySelector('form[action$="/take"]')`) {
		t.Error("the page offers to take it")
	}
	if _, err := one.TakeCase(ctx, appeal.ID); err == nil {
		t.Error("it was taken all the same")
	}
}

// TestTakenMeanwhile has somebody else take a case that a page still offers.
func TestTakenMeanwhile(t *testing.T) {
	t.Parallel()
	c := town(t)
	got := c.comes(api.CaseDraft{Kind: "complaint", Contact: "seven@mail.example", Text: "It is slow."})
	b := c.tab(staff.Reviewer)
	b.Open("/sign-in?lang=en")
	b.Open("/cases/" + got.ID)
	fine(c.client(c.second).TakeCase(t.Context(), got.ID))(c.hands)
	b.Forgive("409")
	b.Press(`form[action$="/take"] button`, ".problem")
	b.Says("Somebody else has this case")
	b.Open("/cases/" + got.ID)
	b.Says("Somebody else has this case now.")
}

// TestDeskDeeds waits for somebody, writes, opens what came by telephone, and publishes limits, by pages.
func TestDeskDeeds(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx := t.Context()
	b := c.tab(staff.Officer)
	b.Open("/sign-in?lang=en")
	b.Open("/cases/new")
	b.Put("#case-kind", "report")
	b.Put("#case-party", "public")
	b.Fill("#case-text", "Somebody told us on the telephone.")
	b.Fill("#case-contact", "eight@mail.example")
	b.Press("main form .do button", "code.secret")
	b.Says("They are shown this once.")
	code := browsertest.Ask[string](b, `document.querySelectorAll('code.secret')[0].textContent`)
	pin := strings.ReplaceAll(browsertest.Ask[string](b, `document.querySelectorAll('code.secret')[1].textContent`), " ", "")
	own := fine(c.client(c.first).LookAtCase(ctx, code, pin))(c.hands)
	b.Look("case-opened", browsertest.In("en")...)

	b.Open("/cases/" + own.ID)
	key(b, "n", ".clock")
	key(b, "w", "#case-message")
	b.Fill("#case-message", "Where did you see it?")
	b.Press("main form .do button", ".notice[role=status]")
	key(b, "p", "#wait-until")
	b.Says("The clock stands still meanwhile")
	b.Put("#why", "desk-wait-reporter")
	b.Put("#wait-until", browsertest.Ask[string](b, "new Date(Date.now() + 48*3600e3).toISOString().slice(0, 16)"))
	b.Press("main form .do button", ".notice[role=status]")
	if now := fine(c.client(c.first).Case(ctx, own.ID))(c.hands); now.State != "waiting" || len(now.Pauses) != 1 || !now.Pauses[0].Stops || now.Messages != 1 {
		t.Errorf("%+v", now)
	}
	key(b, "n", ".clock")

	b.Open("/limits/new")
	b.Put(`[id="complaint-decide"]`, "9x")
	b.Fill("#limits-reason", "A walk through pages.")
	b.Do("leaving the browser's own check out", chromedp.Evaluate[chromedp.Void]("document.querySelector('main form').noValidate = true; undefined"))
	b.Forgive("422")
	b.Press("main form .do button", ".problem")
	b.Says("write it like 24h or 5d")
	b.Put(`[id="complaint-decide"]`, "9d")
	b.Press("main form .do button", ".notice[role=status]")
	b.Says("9 working days", "A walk through pages.")
	at := browsertest.Ask[string](b, "location.pathname")
	b.Forgive("403")
	b.Open(at + "/publish")
	b.Press("main form .do button", ".problem")
	other := fine(c.client(c.second).PublishLimits(ctx, strings.TrimPrefix(at, "/limits/"), time.Now().Add(24*time.Hour)))(c.hands)
	if other.State != "published" || !slices.ContainsFunc(other.Limits, func(r api.CaseLimits) bool { return r.Kind == "complaint" && r.Decide.Days == 9 }) {
		t.Errorf("%+v", other)
	}
}

// TestDeskPages looks at the pages of the desk.
func TestDeskPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	for path, name := range map[string]string{"/cases": "cases", "/cases/list": "cases-list", "/cases/new": "case-new", "/limits": "limits", "/limits/versions": "limits-versions", "/limits/new": "limits-new", "/figures": "desk-figures"} {
		c.look(staff.Officer, path, name)
	}
	c.look(staff.Auditor, "/cases", "cases-auditor")
	cases, _, err := c.client(c.first).Cases(t.Context(), api.Listing{Limit: 100})
	c.must(err)
	for _, kind := range []string{"likeness", "fraud", "rumour", "rights"} {
		i := slices.IndexFunc(cases, func(k api.Case) bool { return k.Kind == kind })
		if i < 0 {
			t.Fatalf("there is no case of kind %s", kind)
		}
		c.look(staff.Officer, "/cases/"+cases[i].ID, "case-"+kind)
	}
	draft, _, err := c.client(c.first).LimitsVersions(t.Context(), api.Listing{Limit: 1})
	c.must(err)
	c.look(staff.Officer, "/limits/"+draft[0].ID, "limits-draft")
	got := c.comes(api.CaseDraft{Kind: "likeness", Grounds: grounds("voice"), Contact: "nine@mail.example", Text: "That is my voice."})
	fine(c.client(c.session(staff.Officer)).TakeCase(t.Context(), got.ID))(c.hands)
	c.look(staff.Officer, "/cases/"+got.ID+"/decide?draft=likeness", "case-decide")
}
