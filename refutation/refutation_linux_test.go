package refutation_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/near"
)

func TestTransitions(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{"draft draft": true, "draft proposed": true, "draft withdrawn": true, "proposed draft": true, "proposed published": true, "proposed withdrawn": true,
		"published corrected": true, "published withdrawn": true}
	for _, from := range refutation.States() {
		for _, to := range refutation.States() {
			if got, want := from.May(to), allowed[string(from)+" "+string(to)]; got != want {
				t.Errorf("%s to %s: got %v", from, to, got)
			}
		}
	}
	notices := map[string]bool{"waiting told": true, "waiting read": true, "waiting unreachable": true, "waiting dropped": true, "told read": true,
		"unreachable told": true, "unreachable read": true, "unreachable dropped": true}
	for _, from := range refutation.NoticeStates() {
		for _, to := range refutation.NoticeStates() {
			if got, want := from.May(to), notices[string(from)+" "+string(to)]; got != want {
				t.Errorf("notice, %s to %s: got %v", from, to, got)
			}
		}
	}
	if len(refutation.States()) != 5 || len(refutation.NoticeStates()) != 5 {
		t.Error("a state has no row")
	}
}

// TestStepsRefused tries what each state forbids.
func TestStepsRefused(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	d, err := w.keeper.Draft(ctx, writer, draft("number-1"))
	w.no(err)
	p := w.propose(draft("number-2"))
	pub := w.publish(draft("number-3"))
	gone := w.publish(draft("number-4"))
	_, err = w.keeper.Withdraw(ctx, writer, gone.ID, reason)
	w.no(err)
	do := map[string]func(id string) error{
		"revise":   func(id string) error { _, err := w.keeper.Revise(ctx, writer, id, draft("number-9")); return err },
		"propose":  func(id string) error { _, err := w.keeper.Propose(ctx, writer, id); return err },
		"return":   func(id string) error { _, err := w.keeper.Return(ctx, publisher, id); return err },
		"publish":  func(id string) error { _, err := w.keeper.Publish(ctx, publisher, id, 0); return err },
		"withdraw": func(id string) error { _, err := w.keeper.Withdraw(ctx, writer, id, reason); return err },
	}
	for id, names := range map[string][]string{d.ID: {"publish", "return"}, p.ID: {"revise", "propose"}, pub.ID: {"revise", "propose", "return", "publish"},
		gone.ID: {"revise", "propose", "return", "publish", "withdraw"}} {
		for _, name := range names {
			w.refused(do[name](id), refutation.CodeStep)
		}
	}
	_, err = w.keeper.Spread(ctx, p.ID)
	w.refused(err, refutation.CodeStep)
	w.refused(do["propose"]("nothing"), refutation.CodeMissing)
	for _, by := range []struct{ role, id string }{{"system", ""}, {"application", "key-1"}, {"officer", ""}} {
		who := writer
		who.Role, who.ID = evidence.Role(by.role), by.id
		_, err := w.keeper.Draft(ctx, who, draft("number-1"))
		w.refused(err, refutation.CodePerson)
		_, err = w.keeper.Publish(ctx, who, p.ID, 0)
		w.refused(err, refutation.CodePerson)
	}
}

func TestAnotherPublishes(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	p := w.propose(draft("number-1"))
	_, err := w.keeper.Publish(ctx, writer, p.ID, p.Version)
	w.refused(err, refutation.CodeOwn)
	d, err := w.keeper.Return(ctx, publisher, p.ID)
	w.no(err)
	again := draft("number-1", "number-2")
	d, err = w.keeper.Revise(ctx, publisher, d.ID, again)
	w.no(err)
	if !slices.Equal(d.Writers, []string{"staff-1", "staff-2"}) || !slices.Equal(d.Numbers, again.Prints.Numbers) {
		t.Errorf("got %v, %v", d.Writers, d.Numbers)
	}
	second, err := w.keeper.Propose(ctx, writer, d.ID)
	w.no(err)
	_, err = w.keeper.Publish(ctx, publisher, d.ID, second.Version) // who revised it wrote it
	w.refused(err, refutation.CodeOwn)
	third := publisher
	third.ID = "staff-3"
	_, err = w.keeper.Publish(ctx, third, d.ID, p.Version) // it was changed since
	w.refused(err, refutation.CodeChanged)
	got, err := w.keeper.Publish(ctx, third, d.ID, second.Version)
	w.no(err)
	if got.State != refutation.Published || got.Approver != "staff-3" || !got.Published.Equal(w.clock.Now()) {
		t.Errorf("got %+v", got)
	}
	want := []evidence.Type{refutation.RecordDrafted, refutation.RecordProposed, refutation.RecordReturned, refutation.RecordRevised, refutation.RecordProposed, refutation.RecordPublished}
	if diff := cmp.Diff(want, w.types()); diff != "" {
		t.Error(diff)
	}
	if list, _, err := w.keeper.Refutations(ctx, refutation.Filter{States: []refutation.State{refutation.Published}, Number: "number-2", Case: "case-1"}); err != nil || len(list) != 1 || !cmp.Equal(list[0], got) {
		t.Error(list, err)
	}
}

// TestStamp refuses what says that something is false and not why.
func TestStamp(t *testing.T) {
	w := open(t)
	for name, change := range map[string]func(*refutation.Draft){
		"a stamp":               func(d *refutation.Draft) { d.Reason = feed.Words{ZH: "此消息不实。", EN: "This is false."} },
		"a stamp in Chinese":    func(d *refutation.Draft) { d.Reason.ZH = "此消息不实，请勿转发。" },
		"a stamp in English":    func(d *refutation.Draft) { d.Reason.EN = "False." },
		"a stamp with padding":  func(d *refutation.Draft) { d.Reason.EN = "False" + strings.Repeat(" !", 60) },
		"a stamp over and over": func(d *refutation.Draft) { d.Reason.ZH = strings.Repeat("此消息不实", 20) },
		"English as Chinese":    func(d *refutation.Draft) { d.Reason.ZH = d.Reason.EN },
		"Chinese as English":    func(d *refutation.Draft) { d.Reason.EN = d.Reason.ZH },
	} {
		d := draft("number-1")
		change(&d)
		r, err := w.keeper.Draft(w.Context(), writer, d)
		w.no(err)
		if _, err = w.keeper.Propose(w.Context(), writer, r.ID); err == nil {
			t.Errorf("%s was proposed", name)
		}
		w.refused(err, refutation.CodeStamp)
	}
	d := draft("number-1")
	d.Claim = d.Reason
	r, err := w.keeper.Draft(w.Context(), writer, d)
	w.no(err)
	_, err = w.keeper.Propose(w.Context(), writer, r.ID)
	w.refused(err, refutation.CodeInvalid) // the reason says no more than the claim
	d = draft("number-1")
	d.Sources = nil
	r, err = w.keeper.Draft(w.Context(), writer, d)
	w.no(err)
	_, err = w.keeper.Propose(w.Context(), writer, r.ID)
	w.refused(err, refutation.CodeInvalid)
}

func TestDraftForm(t *testing.T) {
	w := open(t)
	for name, change := range map[string]func(*refutation.Draft){
		"no claim in English": func(d *refutation.Draft) { d.Claim.EN = "" },
		"no verdict":          func(d *refutation.Draft) { d.Verdict = "" },
		"a source of no form": func(d *refutation.Draft) { d.Sources[0].Date = "yesterday" },
		"a digest of no form": func(d *refutation.Draft) { d.Prints.Digests[0].Value = "ab" },
		"a text too short":    func(d *refutation.Draft) { d.Texts = []string{"自来水"} },
		"too many texts":      func(d *refutation.Draft) { d.Texts = make([]string, refutation.MaxTexts+1) },
		"too many cases":      func(d *refutation.Draft) { d.Cases = make([]string, refutation.MaxAbout+1) },
	} {
		d := draft("number-1")
		change(&d)
		_, err := w.keeper.Draft(w.Context(), writer, d)
		if err == nil {
			t.Errorf("%s was taken", name)
		}
		w.refused(err, refutation.CodeInvalid)
	}
	for _, text := range []string{" 13800000000", " somebody@mail.example"} {
		d := draft("number-1")
		d.Reason.EN += text
		_, err := w.keeper.Draft(w.Context(), writer, d)
		w.refused(err, refutation.CodePersonal)
		d = draft("number-1")
		d.Claim.ZH += text
		_, err = w.keeper.Draft(w.Context(), writer, d)
		w.refused(err, refutation.CodePersonal)
	}
	d := draft("number-1")
	d.Corrects = "nothing"
	_, err := w.keeper.Draft(w.Context(), writer, d)
	w.refused(err, refutation.CodeMissing)
	r, err := w.keeper.Draft(w.Context(), writer, draft("number-1"))
	w.no(err)
	sign, _ := near.Of(rumour)
	if !slices.Contains(r.Near, sign) {
		t.Error("the text has no signature")
	}
	d = draft("number-1")
	d.Prints.Near = r.Near
	again, err := w.keeper.Revise(w.Context(), writer, r.ID, d)
	w.no(err)
	if !slices.Equal(again.Near, r.Near) {
		t.Error("signatures are kept twice")
	}
}

func TestCorrection(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	old := w.publish(draft("number-1"))
	d := draft("number-1")
	d.Verdict, d.Corrects = feed.OutOfContext, old.ID
	p, rival := w.propose(d), w.propose(d)
	_, err := w.keeper.Publish(ctx, writer, p.ID, p.Version)
	w.refused(err, refutation.CodeOwn)
	if w.get(old.ID).State != refutation.Published {
		t.Fatal("it was corrected by what is not published")
	}
	got, err := w.keeper.Publish(ctx, publisher, p.ID, p.Version)
	w.no(err)
	if diff := cmp.Diff(w.get(p.ID), got); diff != "" || got.State != refutation.Published {
		t.Error(diff)
	}
	if c := w.get(old.ID); c.State != refutation.Corrected || c.CorrectedBy != got.ID || c.Ended.IsZero() {
		t.Errorf("got %+v", c)
	}
	_, err = w.keeper.Publish(ctx, publisher, rival.ID, rival.Version)
	w.refused(err, refutation.CodeStands)
	_, err = w.keeper.Draft(ctx, writer, d)
	w.refused(err, refutation.CodeStands)
	if types := w.types(); types[len(types)-1] != refutation.RecordCorrected {
		t.Error(types)
	}
	a, err := w.keeper.Look(ctx, refutation.Clue{Prints: feed.Prints{Numbers: []string{"number-1"}}})
	if err != nil || len(a.Found) != 1 || a.Found[0].Refutation.ID != got.ID {
		t.Error(a, err)
	}
}

func TestWithdraw(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	r := w.publish(draft("number-1"))
	_, err := w.keeper.Withdraw(ctx, publisher, r.ID, feed.Words{ZH: "撤回", EN: "Withdrawn"})
	w.refused(err, refutation.CodeStamp)
	why := reason
	why.EN += " Call 13800000000."
	_, err = w.keeper.Withdraw(ctx, publisher, r.ID, why)
	w.refused(err, refutation.CodePersonal)
	got, err := w.keeper.Withdraw(ctx, publisher, r.ID, reason)
	w.no(err)
	if got.State != refutation.Withdrawn || got.Why != reason || got.Ended.IsZero() {
		t.Errorf("got %+v", got)
	}
	if a, err := w.keeper.Look(ctx, refutation.Clue{Prints: feed.Prints{Numbers: []string{"number-1"}}}); err != nil || len(a.Found) != 0 {
		t.Error(a, err)
	}
	d, err := w.keeper.Draft(ctx, writer, draft("number-1"))
	w.no(err)
	if d, err = w.keeper.Withdraw(ctx, writer, d.ID, feed.Words{}); err != nil || d.State != refutation.Withdrawn {
		t.Error("a draft needs no reason", err)
	}
}

func TestLinked(t *testing.T) {
	w := open(t)
	page := refutation.Page{URL: "https://provider.example/refutations/1", Provider: "Provider", Home: "https://provider.example", Language: "zh", Verdict: "经过篡改"}
	r := w.publish(draft("number-1"))
	raw, err := json.Marshal(r.Linked(page))
	w.no(err)
	var got struct {
		Context string           `json:"@context"`
		Graph   []map[string]any `json:"@graph"`
	}
	w.no(json.Unmarshal(raw, &got))
	if got.Context != "https://schema.org" || len(got.Graph) != 2 || got.Graph[0]["@type"] != "ClaimReview" || got.Graph[0]["claimReviewed"] != r.Claim.ZH || got.Graph[0]["reviewBody"] != reason.ZH ||
		got.Graph[1]["@type"] != "MediaReview" || got.Graph[1]["mediaAuthenticityCategory"] != "TransformedContent" {
		t.Errorf("%s", raw)
	}
	if !strings.Contains(string(raw), `"identifier":"number-1"`) || !strings.Contains(string(raw), `"sha256":"abab`) || strings.Contains(string(raw), "ratingValue") || strings.Contains(string(raw), "staff-") || strings.Contains(string(raw), "case-1") {
		t.Errorf("%s", raw)
	}
	d := draft()
	d.Verdict = feed.False
	f := w.publish(d)
	raw, err = json.Marshal(f.Linked(page))
	w.no(err)
	if !strings.Contains(string(raw), `"ratingValue":1,"bestRating":5,"worstRating":1`) || strings.Contains(string(raw), "MediaReview") {
		t.Errorf("%s", raw)
	}
	gone, err := w.keeper.Withdraw(w.Context(), publisher, f.ID, reason)
	w.no(err)
	if l := gone.Linked(page); len(l.Graph) != 0 {
		t.Error("what was withdrawn is no review")
	}
}

func TestNew(t *testing.T) {
	w := open(t)
	for i, take := range []func(*refutation.Config){func(c *refutation.Config) { c.Refutations = nil }, func(c *refutation.Config) { c.Handed = nil }, func(c *refutation.Config) { c.Signer = nil },
		func(c *refutation.Config) { c.Cases = nil }, func(c *refutation.Config) { c.Recorder = nil }} {
		c := w.config
		take(&c)
		if _, err := refutation.New(c); err == nil {
			t.Error("made without", i)
		}
	}
	_, err := w.keeper.Refutation(w.Context(), "nothing")
	storetest.WantCode(t, err, refutation.CodeMissing)
}
