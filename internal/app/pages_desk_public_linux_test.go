package app

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon"
	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/httpapi"
)

const (
	maxForms = 25 << 10 // bytes that a first visit to a form may load
	leastTap = 44       // pixels that a finger needs
)

// phone is how strangers look at pages.
func phone() browsertest.Appearance { return browsertest.Appearance{Scheme: "light", Width: 360} }

// outside is a server with a stranger before it, who has a phone.
type outside struct {
	*hands
	b *browsertest.Tab
}

func outsideOf(t *testing.T) *outside {
	t.Helper()
	h := employ(t, map[string]string{"listen": freeAddress(t), "admission": "off", "provider-name": "Studio", "provider-contact": "https://studio.example/contact"})
	o := &outside{h, browsertest.New(t, "http://"+h.address)}
	o.b.As(phone())
	return o
}

// kept reads the slip that is shown once.
func (o *outside) kept() (code, pin string) {
	o.Helper()
	list := browsertest.Ask[[]string](o.b, `Array.from(document.querySelectorAll('.slip-codes dd'), e => e.textContent)`)
	if len(list) != 2 || !regexp.MustCompile(`^[0-9A-Z]{5}-[0-9A-Z]{5}$`).MatchString(list[0]) || !regexp.MustCompile(`^[0-9]{4} [0-9]{4}$`).MatchString(list[1]) {
		o.Fatalf("the slip has %q", list)
	}
	return list[0], list[1]
}

// follow looks at a case by code and PIN, in a language.
func (o *outside) follow(lang, code, pin string) {
	o.Helper()
	o.b.Open("/case?" + url.Values{"lang": {lang}, "code": {code}}.Encode())
	o.b.Fill("#pin", pin)
	o.b.Press("form[action='/case'] button", "main .notice, main .course, main section")
	if at := browsertest.Ask[string](o.b, "location.href"); strings.Contains(at, strings.ReplaceAll(pin, " ", "")) {
		o.Errorf("the PIN stands in the address %s", at)
	}
}

// anew presses a button, and waits for what the page has already to be there on the next.
func (o *outside) anew(selector, next chromedp.CSS) {
	o.Helper()
	browsertest.Ask[bool](o.b, "document.querySelector('"+string(next)+"')?.remove(), true")
	o.b.Press(selector, next)
}

// turn chooses a language above a page that no address shows again.
func (o *outside) turn(lang string, next chromedp.CSS) {
	o.Helper()
	o.anew(chromedp.CSS(".tongues button[value="+lang+"]"), next)
	if at := browsertest.Ask[string](o.b, "document.documentElement.lang + ' ' + location.href"); !strings.HasPrefix(at, lang) || strings.Contains(at, "pin") || strings.Contains(at, "code") {
		o.Errorf("the choice of %s leads to %s", lang, at)
	}
}

// file is a file of this machine with some bytes.
func (o *outside) file(name string, content []byte) string {
	o.Helper()
	path := filepath.Join(o.TempDir(), name)
	o.must(os.WriteFile(path, content, 0o600))
	return path
}

// only is the one case that there is of a kind.
func (o *outside) only(kind string) api.Case {
	o.Helper()
	list, _, err := o.client(o.second).Cases(o.Context(), api.Listing{Filter: url.Values{"kind": {kind}}})
	o.must(err)
	if len(list) != 1 {
		o.Fatalf("%d cases of kind %s", len(list), kind)
	}
	return list[0]
}

// TestStrangerReportsFaceSwap has a stranger report a face-swap from a phone, with a picture that a messenger has re-encoded. The
// desk finds the record, asks, decides, and is appealed against, all of which the stranger reads and does on a page.
func TestStrangerReportsFaceSwap(t *testing.T) {
	t.Parallel()
	o := outsideOf(t)
	ctx, b := t.Context(), o.b
	var made httpapi.Artefact
	o.json(&made, "POST", "/v1/artefacts?function=person&name=a.jpg", scene(t), 201)
	_, marked := o.ask("GET", "/v1/artefacts/"+string(made.Number)+"/content", nil, 200)
	copied := reencoded(t, marked)

	b.Open("/desk?lang=en")
	b.Look("desk-entry-en", browsertest.In("en")...)
	b.As(phone())
	b.Press(`a[href="/desk/likeness"]`, "form[data-upload]")
	b.Says("within 12 hours", "within 48 hours", "20 working days")
	o.comfortable()
	b.Keyboard("desk-form")
	b.Click(`input[value="subject"]`)
	browsertest.Ask[bool](b, "document.querySelector('form[data-upload]').noValidate = true") // what the browser would not have sent
	b.Press("form[data-upload] .do button", ".mistake:not([hidden])")
	b.Says("needs a phone number", "Please choose what is wrong.", "or a file")
	b.Look("desk-mistakes-en", browsertest.In("en")...)
	b.As(phone())
	b.Fill("#contact", "somebody@mail.example")
	b.Upload("#file", o.file("IMG_0001.jpg", copied))
	b.Press("form[data-upload] .do button", "#file-mistake")
	b.Says("choose the files again")
	if kept := browsertest.Ask[[]string](b, `[document.querySelector('#contact').value, document.querySelector('input[value=subject]').checked + '']`); !slices.Equal(kept, []string{"somebody@mail.example", "true"}) {
		t.Errorf("what was entered is lost: %q", kept)
	}
	b.Click(`input[value="likeness"]`)
	b.Upload("#file", o.file("IMG_0001.jpg", copied))
	b.Press("form[data-upload] .do button", ".slip")
	b.Says("We found the content in our records", "no label was found", "shown this once", "within 12 hours")
	code, pin := o.kept()
	b.Look("desk-slip-en", browsertest.In("en")...)
	b.Do("loading the page again", chromedp.Reload())
	b.Wait("main .notice")
	b.Says("was not sent twice")
	if strings.Contains(b.Text(), pin) {
		t.Error("the PIN is shown again")
	}
	k := o.only("likeness")
	if f := k.Found; len(f) != 1 || f[0].Number != string(made.Number) || f[0].How != desk.ByLikeness || len(k.Files) != 1 {
		t.Fatalf("%+v", k)
	}

	var refusals []string
	for _, c := range [][2]string{{code, "0000 0001"}, {"7K3QX-8MW2P", pin}, {"nothing", pin}} {
		o.follow("en", c[0], c[1])
		b.Says("No case has this code and PIN")
		refusals = append(refusals, b.Text())
	}
	if refusals[0] != refusals[1] || refusals[1] != refusals[2] {
		t.Errorf("a wrong code and a wrong PIN are told apart: %q", refusals)
	}
	o.follow("en", code, pin)
	b.Says("Received", "Confirmed", "at the latest", "Claim of likeness")
	b.Look("desk-case-en", browsertest.In("en")...)

	staff := o.client(o.second)
	_, err := staff.TakeCase(ctx, k.ID)
	o.must(err)
	_, err = staff.AskCase(ctx, k.ID, "Where did you see it?")
	o.must(err)
	o.follow("en", code, pin)
	b.Says("Somebody is handling it.", "Where did you see it?")
	b.Fill("#text", "In a group of my school.")
	b.Upload("#file", o.file("IMG_0002.jpg", scene(t)))
	b.Press(`form[action="/case/answer"] .do button`, ".talk .from-you")
	b.Says("We have what you wrote.", "In a group of my school.")
	b.Do("loading the page again", chromedp.Reload())
	b.Wait(".talk .from-you")
	if n := browsertest.Ask[int](b, "document.querySelectorAll('.talk li').length"); n != 2 {
		t.Errorf("%d messages, since one was sent twice", n)
	}
	if k = o.only("likeness"); len(k.Files) != 2 || k.Messages != 2 {
		t.Errorf("%+v", k)
	}
	_, err = staff.DecideCase(ctx, k.ID, api.CaseRuling{Outcome: "unfounded", Facts: "The picture shows a face that nobody could tell.", Explanation: "The clause asks for a face that can be told.",
		Statement: api.CaseStatement{Clauses: []colophon.Clause{desk.Laws()[0]}, Category: desk.GroundLikeness}})
	o.must(err)
	_, err = staff.CloseCase(ctx, k.ID, "page")
	o.must(err)
	o.follow("zh", code, pin)
	b.Says("经查，所提事项不成立。", "The picture shows a face that nobody could tell.", "申诉", "截止时间")
	b.Look("desk-decided-zh", browsertest.In("zh")...)
	b.As(phone())
	o.turn("en", ".letter")
	b.Says("What was brought forward is not right.", "You can do so until")
	b.Look("desk-decided-en", browsertest.In("en")...)
	b.As(phone())
	b.Fill("#appeal", "My friends told me from it.")
	b.Press(`form[action="/case/appeal"] button`, ".slip")
	b.Says("Somebody else hears it")
	again, pinAgain := o.kept()
	if again == code {
		t.Error("the appeal has the code of the case")
	}
	o.turn("zh", ".slip")
	b.Says("只显示这一次")
	if c, p := o.kept(); c != again || p != pinAgain {
		t.Errorf("in the other language the slip has %s %s, and not %s %s", c, p, again, pinAgain)
	}
	b.Look("desk-slip-zh", browsertest.In("zh")...)
	b.As(phone())
	if a := o.only("appeal"); a.AppealOf != k.ID {
		t.Errorf("%+v", a)
	}
	o.follow("en", code, pin)
	b.Fill("#appeal", "And I appeal once more.")
	b.Press(`form[action="/case/appeal"] button`, "[role=alert]")
	b.Says("appealed")
}

// comfortable measures a form as a thumb does: few fields, and nothing to tap that is too small.
func (o *outside) comfortable() {
	o.Helper()
	if n := browsertest.Ask[int](o.b, `document.querySelectorAll('form[data-upload] :is(input:not([type=hidden], [type=radio], [type=checkbox]), textarea, fieldset)').length`); n > 6 {
		o.Errorf("%d fields to go through", n)
	}
	small := browsertest.Ask[[]string](o.b, `Array.from(document.querySelectorAll('form[data-upload] :is(.choice, button, input:not([type=hidden], [type=radio], [type=checkbox]), textarea)')).filter(e => e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().height < `+strconv.Itoa(leastTap)+`).map(e => e.outerHTML)`)
	if len(small) > 0 {
		o.Errorf("less than %d pixels: %q", leastTap, small)
	}
	if wide := browsertest.Ask[int](o.b, "document.documentElement.scrollWidth"); wide > 360 {
		o.Errorf("the page is %d wide", wide)
	}
}

// TestStrangerWithoutScript complains in Chinese without a script, reads it, and takes it back.
func TestStrangerWithoutScript(t *testing.T) {
	t.Parallel()
	o := outsideOf(t)
	b := o.b
	b.Open("/desk?lang=zh")
	b.Look("desk-entry-zh", browsertest.In("zh")...)
	b.As(phone())
	browsertest.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.Press(`a[href="/desk/complaint"]`, "form[data-upload]")
	b.Says("1 个工作日内确认收到", "10 个工作日内作出决定", "选填")
	b.Click(`input[value="service"]`)
	b.Fill("#text", "生成一直失败。")
	b.Press("form[data-upload] .do button", ".slip")
	code, pin := o.kept()
	k := o.only("complaint")
	if !k.Anonymous || k.Language != "zh" || k.Party != "public" || !slices.Equal(k.Grounds, []colophon.Code{desk.GroundService}) {
		t.Errorf("%+v", k)
	}
	o.follow("zh", strings.ToLower(code), pin)
	b.Says("已收到", "最迟")
	b.Click("details summary")
	b.Press(`form[action="/case/withdraw"] button`, "[role=status]")
	b.Says("已撤回")
	if k = o.only("complaint"); k.State != "withdrawn" {
		t.Errorf("%+v", k)
	}
	browsertest.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	b.Look("desk-withdrawn-zh", browsertest.In("zh")...)
}

// TestStrangerForms looks at every form, and at what else is for strangers, in both languages.
func TestStrangerForms(t *testing.T) {
	t.Parallel()
	o := outsideOf(t)
	b := o.b
	for _, lang := range []string{"en", "zh"} {
		for _, path := range []string{"/desk/report", "/desk/likeness", "/desk/rumour", "/desk/fraud", "/desk/label", "/desk/complaint", "/desk/rights", "/desk/authority", "/desk/unlabelled", "/desk/limits", "/desk/figures", "/case"} {
			b.As(phone())
			b.Open(path + "?lang=" + lang)
			if strings.Contains(b.Text(), "page-") {
				t.Errorf("%s in %s lacks a sentence: %s", path, lang, b.Text())
			}
			b.Look(strings.ReplaceAll(path[1:], "/", "-")+"-"+lang, browsertest.In(lang)...)
		}
	}
	b.Open("/desk/report?lang=en&number=made-here-1")
	if got := browsertest.Ask[string](b, "document.querySelector('#number').value"); got != "made-here-1" {
		t.Errorf("the number that the page before named is %q", got)
	}
	b.Open("/desk/report?number=" + url.QueryEscape(`"><script>window.hit=1</script>`))
	if got := browsertest.Ask[string](b, "document.querySelector('#number').value"); got != "" {
		t.Errorf("something that is no number is %q", got)
	}
}

// TestDeskFigures reads the limits and a month with cases and one without.
func TestDeskFigures(t *testing.T) {
	t.Parallel()
	o := outsideOf(t)
	ctx, b, first, second := t.Context(), o.b, o.client(o.first), o.client(o.second)
	for i, kind := range []string{"report", "report", "fraud"} {
		r, err := first.SubmitCase(ctx, api.CaseDraft{Kind: kind, Grounds: []colophon.Code{desk.GroundIllegal}, Language: "en", Text: "It is as it is."})
		o.must(err)
		if i == 0 {
			_, err = second.TakeCase(ctx, r.ID)
			o.must(err)
			_, err = second.DecideCase(ctx, r.ID, api.CaseRuling{Outcome: "unfounded", Facts: "There was nothing to be found.", Explanation: "The clause asks for something to be there."})
			o.must(err)
		}
	}
	now, _, err := first.PublicLimits(ctx)
	o.must(err)
	table := slices.Clone(now.Limits)
	i := slices.IndexFunc(table, func(r api.CaseLimits) bool { return r.Kind == "report" && !r.Urgent })
	table[i].Decide = api.CaseTerm{Days: 4}
	v, err := first.DraftLimits(ctx, table, "Reports are decided a day earlier.")
	o.must(err)
	_, err = second.PublishLimits(ctx, v.ID, time.Time{})
	o.must(err)
	b.Open("/desk/limits?lang=en")
	b.Says("Version 1", "Reports are decided a day earlier.", "4 working days", "State Council", "2026")
	b.Look("desk-limits-1-en", browsertest.In("en")...)
	b.Open("/desk/report?lang=en")
	b.Says("decide within 4 working days")
	for _, lang := range []string{"en", "zh"} {
		b.Open("/desk/figures?lang=" + lang)
		b.Look("desk-figures-3-"+lang, browsertest.In(lang)...)
	}
	b.Open("/desk/figures?lang=en")
	b.Says("Report", "Fraud", "ledger=case", "not over")
	if n := browsertest.Ask[string](b, "document.querySelector('.figures dd').textContent"); strings.TrimSpace(n) != "3" {
		t.Errorf("%s cases came in", n)
	}
	month := time.Now().In(time.FixedZone("", 8*60*60)).Format("2006-01")
	_, csv := o.ask("GET", "/desk/figures.csv?month="+month, nil, 200, "Authorization", "")
	if !bytes.Contains(csv, []byte(month+",report,received,2")) {
		t.Errorf("%s", csv)
	}
	var f api.CaseFigures
	o.json(&f, "GET", "/desk/figures.json?month="+month, nil, 200, "Authorization", "")
	if f.All.Received != 3 || f.All.Decided != 1 || len(f.Queries) == 0 {
		t.Errorf("%+v", f)
	}
	before := browsertest.Ask[string](b, `document.querySelectorAll('.months-of a')[1].getAttribute('href')`)
	b.Open(before)
	b.Says("Nothing happened in this month.", "ledger=case")
}

// TestStrangersScripts has a stranger write scripts into every field. Neither the stranger nor the staff runs one.
func TestStrangersScripts(t *testing.T) {
	t.Parallel()
	o := outsideOf(t)
	b := o.b
	const script = `"><img src=x onerror="window.hit=1"><script>window.hit=1</script>`
	b.Open("/desk/authority?lang=en")
	for _, field := range []string{"name", "text", "contact"} {
		b.Put(chromedp.CSS("#"+field), script)
	}
	b.Put("#number", "https://mail.example/?q="+strings.ReplaceAll(script, " ", "/"))
	b.Press("form[data-upload] .do button", ".slip")
	code, pin := o.kept()
	k := o.only("authority")
	_, err := o.client(o.second).TakeCase(t.Context(), k.ID)
	o.must(err)
	_, err = o.client(o.second).AskCase(t.Context(), k.ID, script)
	o.must(err)
	safe := func(where string) {
		t.Helper()
		if browsertest.Ask[bool](b, "window.hit === 1 || document.querySelector('main img[src=x]') !== null") {
			t.Errorf("%s runs what a stranger wrote", where)
		}
	}
	o.follow("en", code, pin)
	b.Put("#text", script)
	b.Press(`form[action="/case/answer"] .do button`, ".talk .from-you")
	b.Says(script)
	safe("the page of the case")
	b.Open("/case?code=" + url.QueryEscape(script))
	safe("the page that asks for the code")
	cookie := o.server.roster.SessionCookie(false)
	browsertest.Call(b, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: o.second, URL: "http://" + o.address + "/"})
	b.Open("/cases/" + k.ID)
	b.Press(`form[action$="/read"] button`, ".held-text")
	b.Says("img src=x")
	safe("the page of the staff")
}

// TestStrangersAreLimited asks too often: the page says when to come again.
func TestStrangersAreLimited(t *testing.T) {
	t.Parallel()
	o := outsideOf(t)
	b := o.b
	b.Open("/case?lang=en&code=7K3QX-8MW2P")
	for range 60 {
		b.Fill("#pin", "00000000")
		o.anew("form[action='/case'] button", "[role=alert]")
		if strings.Contains(b.Text(), "Please come again after") {
			b.Look("desk-limited-en", browsertest.In("en")...)
			return
		}
	}
	t.Error("nobody says when to come again")
}

// TestDeskFirstVisit measures what a form costs somebody on a phone who was never here.
func TestDeskFirstVisit(t *testing.T) {
	t.Parallel()
	o := outsideOf(t)
	b := o.b
	w := watched(t, b)
	for _, path := range []string{"/desk", "/desk/report", "/case"} {
		browsertest.Call(b, network.ClearBrowserCache, cdp.Empty{})
		w.Lock()
		clear(w.got)
		w.Unlock()
		b.Open(path + "?lang=zh")
		ready, total := browsertest.Ask[float64](b, `performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd`), 0.0
		w.Lock()
		for _, n := range w.got {
			total += n
		}
		w.Unlock()
		t.Logf("%s: %.0f bytes, ready after %.0f ms", path, total, ready)
		if total == 0 || total > maxForms {
			t.Errorf("%s: %.0f bytes, ready after %.0f ms: %s", path, total, ready, mustJSON(t, w.got))
		}
	}
}

// TestLargeUpload sends more than is taken: the page comes back with what was written.
func TestLargeUpload(t *testing.T) {
	t.Parallel()
	o := outsideOf(t)
	b := o.b
	b.Open("/desk/fraud?lang=en")
	b.Fill("#text", "Somebody cheats.")
	b.Upload("#file", o.file("film.mp4", bytes.Repeat([]byte("film"), 17<<20)))
	b.Click("form[data-upload] .do button")
	b.Wait("[data-large]:not([hidden])")
	browsertest.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.Open("/desk/fraud?lang=en")
	b.Fill("#text", "Somebody cheats.")
	b.Upload("#file", o.file("film.mp4", bytes.Repeat([]byte("film"), 17<<20)))
	b.Press("form[data-upload] .do button", "#file-mistake")
	b.Says("too large together")
	if got := browsertest.Ask[string](b, "document.querySelector('#text').value"); got != "Somebody cheats." {
		t.Errorf("what was written is %q", got)
	}
	b.Upload("#file", o.file("program.exe", []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff")))
	o.anew("form[data-upload] .do button", "#file-mistake")
	b.Says("Only pictures, films, recordings")
	if status, _ := o.raw("POST", "/desk/fraud", []byte("text=x"), "Content-Type", "application/x-www-form-urlencoded", "Authorization", ""); status != http.StatusForbidden {
		t.Errorf("a form that is not ours: %d", status)
	}
}
