package app

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/mod/sumdb/note"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/staff"
)

// squareReason is a reason that is more than a stamp.
func squareReason() api.Words {
	return api.Words{ZH: "市公安局当晚的警情通报和广场监控录像都表明没有发生爆炸，这张图片由人工智能生成，画面中的建筑在广场上并不存在。",
		EN: "The police report of that evening and the cameras on the square show no explosion; the picture was made by a model, and the building in it does not exist."}
}

// square is a draft about content.
func square(numbers ...string) api.RefutationDraft {
	return api.RefutationDraft{Claim: api.Words{ZH: "图片显示市中心广场发生爆炸。", EN: "A picture shows an explosion on the main square."}, Verdict: "altered", Reason: squareReason(), Known: true, Numbers: numbers,
		Sources: []api.RefutationSource{{Title: "Police report / 警情通报", URL: "https://police.example/report", Date: "2026-11-22"}}}
}

// otherFeed is the recall feed of another provider: its key, its lines and their checkpoint.
func otherFeed() map[string][]byte {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	const name = "elsewhere.example/recall"
	signer, err2 := evidence.NewNoteSigner(name, private, rand.Reader)
	verifier, err3 := note.NewEd25519VerifierKey(name, public)
	var lines bytes.Buffer
	var head feed.Head
	for i, claim := range []feed.Words{{ZH: "网传自来水厂昨夜泄漏。", EN: "They say that the water works had a leak."}, {ZH: evil + "网传地铁停运。", EN: evil + " They say that the underground stands still."}} {
		at := time.Now().UTC().Add(time.Duration(i-30) * time.Minute).Truncate(time.Millisecond)
		var line []byte
		var err4 error
		line, head, err4 = feed.Next(head, feed.Entry{Kind: feed.Publish, Refutation: fmt.Sprintf("elsewhere-%d", i), Claim: claim, Verdict: feed.Verdicts()[i], Reason: feed.Words(squareReason()), Since: at, At: at, Contact: "desk@elsewhere.example",
			URL: "https://elsewhere.example/" + fmt.Sprint(i), Sources: []feed.Source{{Title: evil, URL: "https://water.example/1", Date: "2026-11-21"}}, Prints: feed.Prints{Numbers: []string{fmt.Sprintf("elsewhere-number-%d", i)}}})
		if err4 != nil {
			panic(err4)
		}
		lines.Write(append(line, '\n'))
	}
	checkpoint, err5 := feed.Sign(signer, head)
	for _, e := range []error{err, err2, err3, err5} {
		if e != nil {
			panic(e) // nothing here depends on what is tested
		}
	}
	return map[string][]byte{"key": []byte(verifier), "lines": lines.Bytes(), "checkpoint": checkpoint}
}

// seedRumours brings refutations in each state, those whom they reached in each state, and feeds of others.
func (h *hands) seedRumours(g *watch) {
	h.Helper()
	ctx, one, two := h.Context(), h.client(h.first), h.client(h.second)
	var numbers []string
	for _, account := range []string{pictureAccount, "user-00", "user-01"} {
		if account != pictureAccount {
			h.agrees(account)
		}
		n, _ := h.photographed(account)
		numbers = append(numbers, n)
	}
	published := func(d api.RefutationDraft) api.Refutation {
		h.Helper()
		r := fine(one.DraftRefutation(ctx, d))(h)
		r = fine(one.ProposeRefutation(ctx, r.ID))(h)
		return fine(two.PublishRefutation(ctx, r.ID, r.Version))(h)
	}
	scripted := square(numbers...)
	scripted.Claim = api.Words{ZH: evil + "图片显示市中心广场发生爆炸。", EN: evil + " A picture shows an explosion."}
	scripted.Reason = api.Words{ZH: evil + squareReason().ZH + squareReason().ZH, EN: evil + squareReason().EN}
	scripted.Sources = []api.RefutationSource{{Title: evil, URL: "https://police.example/?q=" + url.QueryEscape(evil), Date: "2026-11-22"}}
	stands := published(scripted)
	notices, _, err := one.RefutationNotices(ctx, stands.ID, api.Listing{})
	h.must(err)
	for i, n := range notices {
		if state := []string{"read", "told", "unreachable", ""}[i%4]; state != "" {
			fine(one.AcknowledgeNotice(ctx, n.ID, state))(h)
		}
	}
	fine(two.WithdrawRefutation(ctx, published(square(numbers[1])).ID, &api.Words{ZH: evil + squareReason().ZH + squareReason().ZH + "因此撤回。", EN: evil + squareReason().EN}))(h)
	old := published(square(numbers[2]))
	better := square(numbers[2])
	better.Corrects, better.Verdict = old.ID, "out-of-context"
	published(better)
	fine(one.DraftRefutation(ctx, scripted))(h)
	fine(two.DraftRefutation(ctx, scripted))(h)
	waits := fine(one.DraftRefutation(ctx, square(numbers[0])))(h)
	fine(one.ProposeRefutation(ctx, waits.ID))(h)
	fine(one.FollowRecall(ctx, evil, g.URL+"/recall/lines", string(g.fed["key"])))(h)
	fine(one.FollowRecall(ctx, "Another provider", g.URL+"/broken/lines", string(g.fed["key"])))(h)
}

// agrees accepts for an account what everybody who publishes has to accept.
func (h *hands) agrees(account string) {
	h.Helper()
	for _, a := range fine(h.client(h.first).CurrentAgreements(h.Context()))(h) {
		if a.Audience == "users" {
			h.as("", "POST", "/v1/agreements:accept", object{"account": account, "version": a.ID, "language": "zh", "digest": a.Digests.ZH}, 200, nil)
		}
	}
}

// TestRefutationByPages has a reviewer draft from a case, look at it as the public will, and propose it. An officer publishes what
// was read. Everybody reads it, search engines too; its reach is counted and shown; it is withdrawn, and says so.
func TestRefutationByPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx := t.Context()
	number, _ := c.photographed(pictureAccount)
	got := c.comes(api.CaseDraft{Kind: "rumour", Grounds: grounds("rumour"), About: api.CaseAbout{Numbers: []string{number}}, Contact: "six@mail.example", Text: "There was no explosion."})
	reviewer, officer, anybody := c.tab(staff.Reviewer), c.tab(staff.Officer), c.tab(nobody)

	reviewer.Open("/sign-in?lang=en")
	reviewer.Open("/rumours/new?case=" + got.ID)
	reviewer.Says("A stamp that only says", "at least 40")
	if taken := browsertest.Ask[[]string](reviewer, `['numbers', 'cases'].map(n => document.querySelector('#' + n).value)`); taken[0] != number || !strings.Contains(taken[1], got.ID) {
		t.Errorf("the form takes %q from the case", taken)
	}
	if hashes := browsertest.Ask[string](reviewer, `document.querySelector('#hashes').value`); len(hashes) < 64 {
		t.Errorf("the form takes the hashes %q", hashes)
	}
	d := square()
	reviewer.Fill("#claim-zh", d.Claim.ZH)
	reviewer.Fill("#claim-en", d.Claim.EN)
	reviewer.Click(`input[name=verdict][value=altered]`)
	reviewer.Fill("#reason-zh", "假的。")
	reviewer.Says("2 letters and digits of at least 40")
	reviewer.Fill("#reason-en", "False.")
	reviewer.Press(`button[value=preview].second:last-of-type`, "#preview")
	reviewer.Says("Before it can be proposed it needs", "more than a stamp", "a source")
	for field, text := range map[chromedp.CSS]string{"#reason-zh": d.Reason.ZH, "#reason-en": d.Reason.EN, "#source-title-0": d.Sources[0].Title, "#source-url-0": d.Sources[0].URL, "#source-date-0": d.Sources[0].Date} {
		reviewer.Put(field, text)
	}
	reviewer.Press(`button[value=preview]`, "#preview")
	if strings.Contains(reviewer.Text(), "Before it can be proposed it needs") {
		t.Error("a whole draft lacks something:", reviewer.Text())
	}
	reviewer.Look("rumour-preview-en", browsertest.In("en")...)
	reviewer.Press(`button[value=save]`, ".facts")
	path := browsertest.Ask[string](reviewer, "location.pathname")
	id := strings.TrimPrefix(path, "/rumours/")
	reviewer.Says("The draft is kept.", "Propose it")
	reviewer.Open(path + "/propose")
	reviewer.Press("main form button", ".facts")
	reviewer.Says("It waits for another person.", "another person has to publish it")

	c.must(missingToAll(c, id))
	officer.Open("/sign-in?lang=en")
	officer.Open(path + "/publish")
	officer.Says("What the public will read", d.Claim.ZH, d.Claim.EN, "at least", "recall feed gets a line", "You publish version")
	officer.Look("rumour-publish-en", browsertest.In("en")...)
	officer.Press("main form button", ".facts")
	officer.Says("The refutation is published.", "Whom it reached", "Waiting to be told", "nobody can count", "ClaimReview", "MediaReview", "Passed", "Line ")

	anybody.Open("/refutations?lang=en")
	anybody.Says(d.Claim.EN, "The police report of that evening")
	anybody.Open("/refutations?lang=zh&q=" + url.QueryEscape(number))
	anybody.Says(d.Claim.ZH)
	for _, lang := range []string{"zh", "en"} {
		anybody.Open("/refutations/" + id + "?lang=" + lang)
		var linked struct {
			Graph []struct {
				Type  string `json:"@type"`
				Claim string `json:"claimReviewed"`
			} `json:"@graph"`
		}
		c.must(json.Unmarshal([]byte(browsertest.Ask[string](anybody, `document.querySelector('script[type="application/ld+json"]').textContent`)), &linked))
		want := map[string]string{"zh": d.Claim.ZH, "en": d.Claim.EN}[lang]
		if len(linked.Graph) != 2 || linked.Graph[0].Type != "ClaimReview" || linked.Graph[0].Claim != want || linked.Graph[1].Type != "MediaReview" {
			t.Errorf("%+v", linked)
		}
		anybody.Look("refutation-"+lang, browsertest.In(lang)...)
	}

	one := c.client(c.first)
	notices, _, err := one.RefutationNotices(ctx, id, api.Listing{})
	c.must(err)
	if len(notices) < 2 {
		t.Fatalf("%+v", notices)
	}
	fine(one.AcknowledgeNotice(ctx, notices[0].ID, "read"))(c.hands)
	fine(one.AcknowledgeNotice(ctx, notices[1].ID, "unreachable"))(c.hands)
	officer.Open(path)
	if counts := browsertest.Ask[[]string](officer, `Array.from(document.querySelectorAll('section[aria-labelledby=reached] > .wide tbody tr'), r => r.cells[0].textContent.trim() + ' ' + r.cells[1].textContent.trim())`); !slices.Equal(counts[:5], []string{"Read 1", "Told, not read yet 0", fmt.Sprintf("Waiting to be told %d", len(notices)-2), "Unreachable 1", "Dropped 0"}) {
		t.Errorf("the reach is %q", counts)
	}
	officer.Open("/rumours/notices?refutation=" + id + "&state=read")
	if n := browsertest.Ask[int](officer, "document.querySelectorAll('#list tbody tr').length"); n != 1 {
		t.Errorf("%d notices were read", n)
	}

	officer.Open(path + "/withdraw")
	officer.Put("#rumour-why-zh", d.Reason.ZH+"因此撤回。")
	officer.Put("#rumour-why-en", d.Reason.EN+" So it is withdrawn.")
	officer.Press("main form button", ".facts")
	officer.Says("It was withdrawn.", "Why it was withdrawn")
	for lang, says := range map[string]string{"en": "This refutation was withdrawn.", "zh": "这则辟谣已撤回"} {
		anybody.Open("/refutations/" + id + "?lang=" + lang)
		anybody.Says(says)
		if browsertest.Ask[bool](anybody, `document.querySelector('script[type="application/ld+json"]') !== null`) {
			t.Error("what was withdrawn is still a review for search engines")
		}
		anybody.Look("refutation-withdrawn-"+lang, browsertest.In(lang)...)
	}
}

// missingToAll is an error where a refutation that was not published is there for everybody.
func missingToAll(c *city, id string) error {
	c.Helper()
	if _, err := c.client(c.first).PublicRefutation(c.Context(), id, "en"); err == nil {
		return fmt.Errorf("everybody sees refutation %s, which nobody published", id)
	}
	return nil
}

// TestRecallByPages follows the feed of another provider, finds what it says, and ends it.
func TestRecallByPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	officer := c.tab(staff.Officer)
	officer.Open("/sign-in?lang=en")
	officer.Open("/recall-feeds/new")
	officer.Put("#recall-name", "The feed of the story")
	officer.Put("#recall-url", c.guard.URL+"/recall/lines")
	officer.Put("#recall-key", string(c.guard.fed["key"]))
	officer.Press("main form button", ".facts")
	officer.Says("The feed is followed.", "Followed", "2")
	path := browsertest.Ask[string](officer, "location.pathname")
	officer.Open("/recall-feeds/entries?words=WATER&source=" + strings.TrimPrefix(path, "/recall-feeds/"))
	officer.Says("They say that the water works had a leak.")
	if n := browsertest.Ask[int](officer, "document.querySelectorAll('#list tbody tr').length"); n != 1 {
		t.Errorf("%d entries have the word", n)
	}
	officer.Open("/recall-feeds")
	officer.Says("The feed of the story", "Another provider", "Failing", "could not be fetched", "colophon recall read")
	officer.Open(path + "/end")
	officer.Press("main form button", ".facts")
	officer.Says("The feed is followed no more.", "Ended")
}

// TestRefutationLooks looks at the pages of refutations and feeds in both languages.
func TestRefutationLooks(t *testing.T) {
	t.Parallel()
	c := town(t)
	list, _, err := c.client(c.first).Refutations(t.Context(), api.Listing{Filter: url.Values{"state": {"published"}}})
	c.must(err)
	id := list[len(list)-1].ID // the one with notices in every state
	for path, name := range map[string]string{"/rumours": "rumours", "/rumours/new": "rumour-new", "/rumours/" + id: "rumour", "/rumours/notices?refutation=" + id: "rumour-notices", "/rumours/new?corrects=" + id: "rumour-correct",
		"/rumours/" + id + "/withdraw": "rumour-withdraw", "/recall-feeds": "recall-feeds", "/recall-feeds/entries": "recall-entries", "/recall-feeds/new": "recall-follow"} {
		c.look(staff.Officer, path, name)
	}
	b := c.tab(nobody)
	for _, lang := range []string{"en", "zh"} {
		for path, name := range map[string]string{"/refutations": "refutations", "/refutations/feed": "recall-public", "/refutations/" + id: "refutation-scripted"} {
			b.Open(path + "?lang=" + lang)
			if strings.Contains(b.Text(), "page-") {
				t.Errorf("%s in %s lacks a sentence: %s", path, lang, b.Text())
			}
			b.Look(name+"-"+lang, browsertest.In(lang)...)
		}
	}
}
