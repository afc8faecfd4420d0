package app

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/recall"
	"github.com/colophon-project/colophon/refutation/shelf"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
	"github.com/colophon-project/colophon/staff"
)

// officers makes another officer, and returns the headers by which both act.
func (d *deployment) officers(actor staff.Actor) (first, second []string) {
	d.Helper()
	ctx, from := d.Context(), staff.Attempt{Source: netip.MustParseAddr("127.0.0.1")}
	one, err := d.server.roster.SignIn(ctx, "officer", "correct horse battery", from)
	d.must(err)
	_, token, err := d.server.roster.Create(ctx, actor, "another", []staff.Role{staff.Officer})
	d.must(err)
	two, err := d.server.roster.Accept(ctx, token, "correct horse battery", from)
	d.must(err)
	as := func(token string) []string {
		return []string{"Authorization", "Bearer " + token, "Content-Type", "application/json"}
	}
	return as(one.Token), as(two.Token)
}

// asked sends JSON by somebody and reads the answer.
func (d *deployment) asked(by []string, v any, method, path string, body any, want int) {
	d.Helper()
	text, err := json.Marshal(body)
	d.must(err)
	if body == nil {
		text = nil
	}
	if v == nil {
		d.ask(method, path, text, want, by...)
		return
	}
	d.json(v, method, path, text, want, by...)
}

// byKey are the headers of the application.
func (d *deployment) byKey() []string { return []string{"Content-Type", "application/json"} }

// refutationOf is a draft about content.
func refutationOf(numbers ...string) map[string]any {
	return map[string]any{
		"claim": feed.Words{ZH: "图片显示市中心广场发生爆炸。", EN: "A picture shows an explosion on the main square."}, "verdict": feed.Altered,
		"reason": feed.Words{ZH: "市公安局当晚的警情通报和广场监控录像都表明没有发生爆炸，这张图片由人工智能生成，画面中的建筑在广场上并不存在。",
			EN: "The police report of that evening and the cameras on the square show no explosion; the picture was made by a model, and the building in it does not exist."},
		"sources": []feed.Source{{Title: "Police report", URL: "https://police.example/report", Date: "2026-11-22"}}, "numbers": numbers, "known": true,
	}
}

// published has one person write a refutation and another publish it.
func (d *deployment) published(writer, publisher []string, draft map[string]any) httpapi.Refutation {
	d.Helper()
	var r httpapi.Refutation
	d.asked(writer, &r, "POST", "/v1/refutations", draft, 201)
	d.asked(writer, &r, "POST", "/v1/refutations/"+r.ID+":propose", nil, 200)
	version := map[string]any{"version": r.Version}
	d.asked(writer, nil, "POST", "/v1/refutations/"+r.ID+":publish", version, 403)
	d.asked(publisher, &r, "POST", "/v1/refutations/"+r.ID+":publish", version, 200)
	return r
}

// prints are by what a picture is known again that has neither label nor name.
func (d *deployment) prints(picture []byte) (p feed.Prints) {
	d.Helper()
	hashes, err := sight.New(d.server.tools(), sight.Limits{}).Likeness(d.Context(), media.JPEG, media.Memory(picture))
	d.must(err)
	for one := range slices.Chunk(hashes, artefact.HashSize) {
		h, err := phash.Parse(hex.EncodeToString(one))
		d.must(err)
		p.Likeness = append(p.Likeness, h)
	}
	return p
}

var retraction = map[string]any{"why": feed.Words{ZH: "市公安局后来更正了通报，当晚广场上确实发生了一起小型爆燃事故，因此撤回这条辟谣信息，并向公众致歉。",
	EN: "The police corrected their report later: there was a small deflagration on the square that evening, so the refutation does not hold and is withdrawn."}}

// TestRumour has a rumour reported, refuted by two people, told to those who received it, corrected and withdrawn.
func TestRumour(t *testing.T) {
	t.Parallel()
	heard := &listener{}
	downstream := httptest.NewServer(heard)
	defer downstream.Close()
	d := deploy(t, map[string]string{"webhook-hosts": strings.TrimPrefix(downstream.URL, "http://")})
	ctx := t.Context()
	writer, publisher := d.officers(d.join())
	_, _, err := d.server.uploads.hooks.Add(ctx, ledger.By{Role: "officer", ID: "somebody"}, webhook.Draft{URL: downstream.URL, Types: []string{"*"}})
	d.must(err)
	d.must(d.server.uploads.hooks.Refresh(ctx))

	var first, second httpapi.Artefact
	d.json(&first, "POST", "/v1/artefacts?function=other&name=a.jpg", scene(t), 201)
	d.json(&second, "POST", "/v1/artefacts?function=other&name=b.jpg&parent="+string(first.Number), reencoded(t, scene(t)), 201, "Colophon-Account", "user-of-a-copy")
	for _, n := range []artefact.Number{first.Number, second.Number} {
		d.ask("GET", "/v1/artefacts/"+string(n)+"/content", nil, 200)
	}
	if first.Subject == second.Subject {
		t.Fatal("both are for the same account")
	}
	var got httpapi.CaseReceipt
	d.submit("/v1/public/cases", 201, &got, "kind", "rumour", "language", "en", "text", "There was no explosion.", "number", string(first.Number))
	var m httpapi.CaseMaterial
	d.asked(writer, &m, "GET", "/v1/cases/"+got.ID+"/material", nil, 200)
	if !slices.Equal(m.Numbers, []string{string(first.Number)}) || len(m.Hashes) == 0 {
		t.Fatalf("%+v", m)
	}
	draft := refutationOf(m.Numbers...)
	draft["cases"] = m.Cases
	r := d.published(writer, publisher, draft)

	var reach httpapi.RefutationReach
	d.asked(writer, &reach, "GET", "/v1/refutations/"+r.ID+"/reach", nil, 200)
	if reach.Deliverable != 3 || reach.Numbers != 2 || reach.Reached != 0 {
		t.Fatalf("%+v", reach)
	}
	var list struct{ Notices []httpapi.RefutationNotice }
	d.asked(d.byKey(), &list, "GET", "/v1/notices", nil, 200)
	if len(list.Notices) != 3 {
		t.Fatalf("%+v", list.Notices)
	}
	for _, n := range list.Notices {
		state := "told"
		switch n.Subject {
		case first.Subject:
			state = "read"
		case second.Subject:
			state = "unreachable"
		}
		d.asked(d.byKey(), nil, "POST", "/v1/notices/"+n.ID+":acknowledge", map[string]string{"state": state}, 200)
	}
	d.asked(writer, &reach, "GET", "/v1/refutations/"+r.ID+"/reach", nil, 200)
	codes := []colophon.Code{}
	for _, u := range reach.Unknown {
		codes = append(codes, u.Code)
	}
	if reach.Reached != 2 || reach.Read != 1 || reach.Unreachable != 1 || reach.Deliverable != 0 || !slices.Contains(codes, refutation.UnknownCopies) || !slices.Contains(codes, refutation.UnknownOnward) {
		t.Errorf("%+v", reach)
	}

	draft = refutationOf(string(first.Number))
	draft["verdict"], draft["corrects"] = feed.False, r.ID
	better := d.published(writer, publisher, draft)
	var shown httpapi.PublicRefutation
	if d.asked(nil, &shown, "GET", "/v1/public/refutations/"+r.ID, nil, 200); shown.State != refutation.Corrected || shown.CorrectedBy != better.ID {
		t.Errorf("%+v", shown)
	}
	d.asked(d.byKey(), &list, "POST", "/v1/notices:own", map[string]any{"subject": first.Subject, "states": []string{"waiting"}}, 200)
	if len(list.Notices) != 1 || list.Notices[0].Refutation != better.ID {
		t.Fatalf("%+v", list.Notices)
	}
	d.asked(d.byKey(), nil, "POST", "/v1/notices/"+list.Notices[0].ID+":acknowledge", map[string]string{"state": "told"}, 200)
	d.asked(publisher, nil, "POST", "/v1/refutations/"+better.ID+":withdraw", retraction, 200)
	d.asked(d.byKey(), &list, "POST", "/v1/notices:own", map[string]any{"subject": first.Subject, "states": []string{"waiting"}}, 200)
	if len(list.Notices) != 1 || list.Notices[0].Kind != feed.Withdraw {
		t.Errorf("%+v", list.Notices)
	}

	d.feed(feed.Publish, feed.Correct, feed.Withdraw)
	for _, typ := range []string{eventPublished, eventCorrected, eventWithdrawn} {
		for len(heard.heard(typ)) == 0 {
			d.must(wait(ctx, refreshEvery/20))
		}
		if told := heard.heard(typ)[0]; !strings.Contains(told, string(first.Number)) || !strings.Contains(told, string(second.Subject)) {
			t.Error(typ, told)
		}
	}
	for typ, want := range map[string]httpapi.Refutation{eventPublished: r, eventCorrected: better, eventWithdrawn: better} {
		for _, part := range []string{"refutation:" + want.ID, "verdict:" + string(want.Verdict), "url:" + d.set.PublicURL + "/refutations/" + want.ID, "holders:["} {
			if told := heard.heard(typ); len(told) != 1 || !strings.Contains(told[0], part) || strings.Contains(told[0], "corrects:"+r.ID) != (want.ID == better.ID) {
				t.Errorf("%s: no %s in %v", typ, part, told)
			}
		}
	}
	d.stop()
}

// feed reads the recall feed as anybody does. A feed in which something was changed is refused.
func (d *deployment) feed(kinds ...feed.Kind) {
	d.Helper()
	_, keyText := d.ask("GET", "/v1/recall/key", nil, 200, "Authorization", "")
	key, err := note.NewVerifier(strings.TrimSpace(string(keyText)))
	d.must(err)
	_, checkpoint := d.ask("GET", "/v1/recall/checkpoint", nil, 200, "Authorization", "")
	_, lines := d.ask("GET", "/v1/recall/lines", nil, 200, "Authorization", "")
	entries, _, err := feed.Read(bytes.NewReader(lines), checkpoint, key, feed.Head{})
	d.must(err)
	var got []feed.Kind
	for _, e := range entries {
		got = append(got, e.Kind)
	}
	if !slices.Equal(got, kinds) || key.Name() == d.set.LogName {
		d.Errorf("%v under %s", got, key.Name())
	}
	if _, _, err := feed.Read(bytes.NewReader(bytes.Replace(lines, []byte("altered"), []byte("false"), 1)), checkpoint, key, feed.Head{}); err == nil {
		d.Error("a feed that was changed is taken")
	}
}

// TestFollowing has a second provider follow the feed of the first: it knows a copy of the picture that lost its size, its
// sharpness and its label, as long as the refutation stands.
func TestFollowing(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	writer, publisher := d.officers(d.join())
	var made httpapi.Artefact
	d.json(&made, "POST", "/v1/artefacts?function=other&name=a.jpg", scene(t), 201)
	_, marked := d.ask("GET", "/v1/artefacts/"+string(made.Number)+"/content", nil, 200)
	r := d.published(writer, publisher, refutationOf(string(made.Number)))
	_, keyText := d.ask("GET", "/v1/recall/key", nil, 200)

	changed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, body := d.ask("GET", "/v1/recall/"+strings.TrimPrefix(q.URL.Path, "/"), nil, 200)
		w.Write(bytes.Replace(body, []byte("altered"), []byte("false"), 1)) //nolint:errcheck // the reader tells
	}))
	defer changed.Close()
	e := deploy(t, map[string]string{"recall-hosts": d.address + "," + strings.TrimPrefix(changed.URL, "http://")})
	ctx := t.Context()
	officer, _ := e.officers(e.join())
	follow := func(address string) (s httpapi.RecallSource) {
		t.Helper()
		e.asked(officer, &s, "POST", "/v1/recall/sources", map[string]string{"name": "the first", "url": address + "/v1/recall/lines", "key": strings.TrimSpace(string(keyText))}, 201)
		return s
	}
	s := follow("http://" + d.address)
	if s.State != recall.Followed || s.Seen != 1 || s.Trouble != nil {
		t.Fatalf("%+v", s)
	}
	var bad httpapi.RecallSource
	e.asked(officer, &bad, "POST", "/v1/recall/sources", map[string]string{"name": "changed", "url": changed.URL + "/lines", "key": strings.TrimSpace(string(keyText))}, 201)
	if bad.State != recall.Failing || bad.Seen != 0 || bad.Trouble == nil || bad.Trouble.Code != feed.CodeBroken {
		t.Errorf("%+v", bad)
	}

	copied := e.prints(reencoded(t, marked))
	match := func() []recall.Found {
		t.Helper()
		found, _, err := e.server.refuted.recalled.Match(ctx, copied, "")
		e.must(err)
		return found
	}
	if found := match(); len(found) != 1 || found[0].How != shelf.ByLikeness || found[0].Certain || found[0].Recalled.Entry.Refutation != r.ID || found[0].Recalled.Name != "the first" {
		t.Fatalf("%+v", found)
	}
	d.asked(publisher, nil, "POST", "/v1/refutations/"+r.ID+":withdraw", retraction, 200)
	e.must(e.server.readRecalls(ctx))
	if e.asked(officer, &s, "GET", "/v1/recall/sources/"+s.ID, nil, 200); s.Seen != 2 || s.State != recall.Followed {
		t.Errorf("%+v", s)
	}
	if found := match(); len(found) != 0 {
		t.Errorf("%+v", found)
	}
	// A network of our own that the settings do not name is not asked.
	strict := deploy(t, nil)
	officer, _ = strict.officers(strict.join())
	strict.asked(officer, &s, "POST", "/v1/recall/sources", map[string]string{"name": "inside", "url": "http://" + d.address + "/v1/recall/lines", "key": strings.TrimSpace(string(keyText))}, 201)
	if s.State != recall.Failing || s.Trouble == nil || s.Trouble.Code != "gateway-fetch-port" && s.Trouble.Code != "gateway-fetch-private" {
		t.Errorf("%+v %+v", s, s.Trouble)
	}
}

// TestFollowedRedirects has a feed that is allowed lead elsewhere: to another port of its host, to another host that is allowed
// itself, and to its host where the settings do not name it. Nobody is asked there, and what is wrong stands with the feed. What
// another feed brings is told.
func TestFollowedRedirects(t *testing.T) {
	t.Parallel()
	heard := &listener{}
	downstream := httptest.NewServer(heard)
	defer downstream.Close()
	var asked atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer inside.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(inside.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	leads := map[string]string{"/port/": inside.URL, "/host/": "http://localhost:" + port, "/own/": "http://127.0.0.1"}
	leading := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		dir, _ := path.Split(q.URL.Path)
		http.Redirect(w, q, leads[dir]+"/checkpoint", http.StatusFound)
	}))
	defer leading.Close()
	maker := deploy(t, nil)
	maker.join()
	d := deploy(t, map[string]string{"recall-hosts": strings.TrimPrefix(leading.URL, "http://") + ", localhost:" + port + ", " + maker.address, "webhook-hosts": strings.TrimPrefix(downstream.URL, "http://")})
	officer, _ := d.officers(d.join())
	follow := func(url string) (s httpapi.RecallSource) {
		t.Helper()
		d.asked(officer, &s, "POST", "/v1/recall/sources", map[string]string{"name": "a feed", "url": url, "key": maker.server.refuted.key}, 201)
		return s
	}
	for dir, want := range map[string]colophon.Code{"/port/": fetch.CodePort, "/host/": fetch.CodeRedirect, "/own/": fetch.CodePrivate} {
		if s := follow(leading.URL + dir + "lines"); s.State != recall.Failing || s.Trouble == nil || s.Trouble.Code != want {
			t.Errorf("%s: %+v %+v", dir, s, s.Trouble)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("asked %d times", n)
	}

	_, _, err = d.server.uploads.hooks.Add(t.Context(), ledger.By{Role: "officer", ID: "somebody"}, webhook.Draft{URL: downstream.URL, Types: []string{eventRecalled}})
	d.must(err)
	d.must(d.server.uploads.hooks.Refresh(t.Context()))
	r := maker.refute(feed.Prints{Numbers: []string{"somebody-else-1"}})
	s := follow("http://" + maker.address + "/v1/recall/lines")
	for len(heard.heard(eventRecalled)) == 0 {
		d.must(wait(t.Context(), refreshEvery/20))
	}
	for _, part := range []string{"source:" + s.ID, "refutation:" + r.ID, "kind:publish", "verdict:altered", "url:" + maker.set.PublicURL + "/refutations/" + r.ID} {
		if told := heard.heard(eventRecalled); len(told) != 1 || !strings.Contains(told[0], part) {
			t.Errorf("no %s in %v", part, told)
		}
	}
	d.stop()
	maker.stop()
}

// TestBurst has so many report the same content that a program has people look at it, once.
func TestBurst(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	d.join()
	var made httpapi.Artefact
	d.json(&made, "POST", "/v1/artefacts?function=other&name=a.md", []byte("A text that many report.\n"), 201)
	triage, err := desk.DefaultTriage()
	d.must(err)
	for i := range triage.Burst.Reports + 1 {
		_, err := d.server.cases.desk.Open(t.Context(), ledger.By{Role: "user"}, desk.Draft{Kind: desk.Report, Party: desk.PartyPublic, Source: desk.FromWeb, Language: "zh", Contact: strings.Repeat("a", i+1) + "@mail.example",
			Text: "a report", About: desk.About{Numbers: []string{string(made.Number)}}})
		d.must(err)
	}
	var found []desk.Case
	for len(found) == 0 {
		found, _, err = d.server.cases.desk.Cases(t.Context(), desk.Filter{Kinds: []desk.Kind{desk.Rumour}})
		d.must(err)
		d.must(wait(t.Context(), refreshEvery/20))
	}
	if c := found[0]; len(found) != 1 || c.Source != desk.FromDetection || !slices.Equal(c.About.Numbers, []string{string(made.Number)}) || c.Sought != desk.SoughtFound {
		t.Errorf("%+v", found)
	}
	d.stop() // what was reported last was looked at, too
	d.start()
	if found, _, err = d.server.cases.desk.Cases(t.Context(), desk.Filter{Kinds: []desk.Kind{desk.Rumour}}); err != nil || len(found) != 1 {
		t.Errorf("%v %v", found, err)
	}
}
