package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

// The raw data of the people in these tests. Nothing of it may be found afterwards.
const (
	holder        = "holder-4711@example.cn"
	holderNumber  = "11010519491231002X"
	holderName    = "某某甲"
	depictedName  = "某某乙"
	depictedPhone = "13911112222"
	officerPhrase = "correct horse battery"
)

// hands are what the people of a deployment act with: the application's key, and two officers' sessions.
type hands struct {
	*deployment
	first, second string
	guard         *watch            // of the server of pages
	pages         map[string]string // of governance that the seed of that server brought to life, by their names
}

func employ(t *testing.T, flags map[string]string) *hands {
	t.Helper()
	all := map[string]string{"admission": "on"}
	for k, v := range flags {
		all[k] = v
	}
	h := &hands{deployment: deploy(t, all)}
	actor := h.join()
	_, token, err := h.server.roster.Create(t.Context(), actor, "second.officer", staff.Roles())
	h.must(err)
	_, err = h.server.roster.Accept(t.Context(), token, officerPhrase, staff.Attempt{Source: netip.MustParseAddr("127.0.0.1")})
	h.must(err)
	h.first, h.second = h.signIn("officer"), h.signIn("second.officer")
	return h
}

func (h *hands) signIn(login string) string {
	h.Helper()
	var got struct{ Token string }
	h.json(&got, "POST", "/v1/sessions", []byte(`{"login":"`+login+`","password":"`+officerPhrase+`"}`), 201, "Content-Type", "application/json", "Authorization", "")
	return got.Token
}

// as asks with a session or, where it is empty, with the key.
func (h *hands) as(session, method, path string, body any, want int, into any) {
	h.Helper()
	headers := []string{"Content-Type", "application/json"}
	if session != "" {
		headers = append(headers, "Authorization", "Bearer "+session)
	}
	var text []byte
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		h.must(err)
	}
	_, answer := h.ask(method, path, text, want, headers...)
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			h.Fatalf("%v: %s", err, answer)
		}
	}
}

// publish sends a picture in for the holder, and returns its content number, or the codes for which it was refused.
func (h *hands) publish(want int, query string, headers ...string) (number, said string) {
	h.Helper()
	_, answer := h.ask("POST", "/v1/artefacts?"+query, jpegSample(h.T), want, append([]string{"Colophon-Account", "holder-4711%40example.cn"}, headers...)...)
	var got struct{ Number string }
	h.must(json.Unmarshal(answer, &got))
	return got.Number, string(answer)
}

func (h *hands) refused(query, code string, headers ...string) {
	h.Helper()
	if status, said := h.try(query, headers...); status != 403 && status != 451 || !strings.Contains(said, code) {
		h.Errorf("no %s in %d %s", code, status, said)
	}
}

type object = map[string]any

// attest says that the holder was verified.
func (h *hands) attest(transaction string) {
	h.Helper()
	h.as("", "POST", "/v1/accounts:attest", object{"account": holder, "level": "two-factor", "method": "resident-id", "provider": "own-registration", "transaction": transaction, "at": time.Now().UTC(),
		"claim": object{"kind": "resident-id", "number": holderNumber, "name": holderName}}, 201, nil)
}

// TestUnverifiedPublishesNothing covers Deep Synthesis Provisions Art. 9 by the front door: nothing is published for an
// account that nobody verified, or that is to be verified anew.
func TestUnverifiedPublishesNothing(t *testing.T) {
	t.Parallel()
	h := employ(t, nil)
	h.refused("function=other", "admission-unverified")
	h.attest("rv-1")
	if number, _ := h.publish(201, "function=other"); number == "" {
		t.Error("no content number")
	}
	var account struct{ Subject string }
	h.as("", "POST", "/v1/accounts:find", object{"account": holder}, 200, &account)
	h.as("", "POST", "/v1/accounts/"+account.Subject+":recheck", object{"reason": "risk"}, 200, nil)
	within(t, func() bool {
		_, said := h.try("function=other")
		return strings.Contains(said, "admission-recheck")
	})
	h.attest("rv-2")
	within(t, func() bool { status, _ := h.try("function=other"); return status == 201 })
}

// try sends a picture in and returns what came of it.
func (h *hands) try(query string, headers ...string) (int, string) {
	h.Helper()
	return h.raw("POST", "/v1/artefacts?"+query, jpegSample(h.T), append([]string{"Colophon-Account", "holder-4711%40example.cn"}, headers...)...)
}

// within asks until something is so, which takes no longer than a node needs to hear of a change.
func within(t *testing.T, so func() bool) {
	t.Helper()
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for end := time.Now().Add(20 * time.Second); !so(); <-beat.C {
		if time.Now().After(end) {
			t.Fatal("it never became so")
		}
	}
}

// TestFaceWithConsent goes the whole way of a face swap: the function is registered, assessed and let live; the user
// acknowledges the prompt; the person depicted agrees in a browser, with a recording; a token of the consent is spent; the
// person withdraws, and the same is refused. Nothing that leads to anybody is found afterwards.
func TestFaceWithConsent(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"provider-name": "Studio"})
	h.attest("rv-1")
	h.goLive()
	h.refused("function=person", "admission-function-unnamed")
	h.refused("function=person&use=portrait-swap", "admission-prompt-owed")
	var shown struct{ ID string }
	h.as("", "POST", "/v1/prompt-showings", object{"account": holder, "function": "portrait-swap", "language": "zh"}, 201, &shown)
	h.as("", "POST", "/v1/prompt-showings/"+shown.ID+":acknowledge", object{"account": holder, "depicted": "others"}, 200, nil)
	h.refused("function=person&use=portrait-swap", "admission-consent-few")

	var asked struct{ ID, State string }
	h.as("", "POST", "/v1/consents", object{"account": holder, "person": "adult", "language": "zh", "requester_name": "Studio", "why": "海报", "subject_name": depictedName, "contact": depictedPhone,
		"terms": object{"modality": []string{"face"}, "purpose": "advert", "functions": []string{"portrait-swap"}, "until": time.Now().AddDate(1, 0, 0).UTC()}}, 201, &asked)
	var link struct{ URL string }
	h.as("", "POST", "/v1/links", object{"purpose": "consent", "consent": asked.ID}, 201, &link)
	code := h.consentInBrowser(link.URL[strings.Index(link.URL, "#"):])

	var minted struct{ Text string }
	h.as("", "POST", "/v1/consents/"+asked.ID+"/tokens", object{"scope": object{"function": "portrait-swap"}, "uses": 1}, 201, &minted)
	query := "function=person&use=portrait-swap&purpose=advert"
	h.refused(query+"&depicted=2", "admission-consent-few", "Colophon-Consent", minted.Text)
	h.queries(duty.Untold, "consent-covered", "prompt-shown", "identity-held")
	number, _ := h.publish(201, query, "Colophon-Consent", minted.Text)
	h.queries(duty.Passed, "consent-covered", "prompt-shown", "identity-held", "texts-accepted", "label-terms")
	a, err := h.server.register.Artefact(t.Context(), artefact.Number(number))
	h.must(err)
	var m production.Marks
	h.must(json.Unmarshal(a.Marks, &m))
	unspent, early := a, a
	unspent.Number, early.Created = "another-number", a.Created.AddDate(0, 0, -1)
	anonymous := func(depicted int) (m production.Marks) {
		m.Policy.Use = &production.Use{Depicted: depicted}
		return m
	}
	for name, c := range map[string]struct {
		of   artefact.Artefact
		m    production.Marks
		see  weighing
		want colophon.Verdict
	}{
		"no consent was spent for it":             {unspent, m, h.server.covered(t.Context()), colophon.Failed},
		"nor for two people of no named function": {unspent, anonymous(2), h.server.covered(t.Context()), colophon.Failed},
		"one was, for one of two":                 {a, anonymous(2), h.server.covered(t.Context()), colophon.Failed},
		"the prompt came after it":                {early, m, h.server.prompted(t.Context()), colophon.Failed},
		"nobody knows what edited it":             {a, anonymous(1), h.server.prompted(t.Context()), colophon.Unknown},
	} {
		if v, about, err := c.see(c.of, c.m); v != c.want || !about || err != nil {
			t.Errorf("%s: %s %t %v", name, v, about, err)
		}
	}
	h.ownTexts()
	h.refused(query, "admission-consent", "Colophon-Consent", minted.Text) // it is spent
	var found object
	h.as("", "POST", "/v1/consents:look-up", object{"number": number}, 200, &found)

	h.as("", "POST", "/v1/consents/"+asked.ID+"/tokens", object{"scope": object{"function": "portrait-swap"}, "uses": 5}, 201, &minted)
	h.withdrawInBrowser(code)
	h.refused(query, "admission-consent", "Colophon-Consent", minted.Text)
	h.stop()
	h.searched(holder, holderNumber, holderName, depictedName, depictedPhone, code, minted.Text, officerPhrase)
}

// ownTexts asks for the account of assessment runs: through the gate of runs nobody accepts texts for it, and through that of the
// doors, or for anybody else, they are owed.
func (h *hands) ownTexts() {
	h.Helper()
	h.as("", "POST", "/v1/accounts:attest", object{"account": runAccount, "level": "two-factor", "method": "resident-id", "provider": "own-registration", "transaction": "rv-run", "at": time.Now().UTC(),
		"claim": object{"kind": "resident-id", "number": holderNumber, "name": holderName}}, 201, nil)
	for _, c := range []struct {
		own, account string
		owed         bool
	}{{"", runAccount, true}, {runAccount, "another-1", true}, {runAccount, runAccount, false}} {
		var asked gateway.Asked
		asked.By.Role, asked.Account, asked.Number, asked.Model = system, c.account, "run-item-1", gateway.Model{Name: "chat", Class: stamp.Dialogue}
		adm, err := modelGate{h.server, c.own}.Admit(h.Context(), asked)
		var no *admission.Denied
		if errors.As(err, &no) != c.owed || c.owed && !slices.ContainsFunc(no.Decision.Refusals(), func(of admission.Condition) bool { return of.Code == admission.CodeOwed }) || !c.owed && err != nil {
			h.Errorf("%+v: %v", c, err)
		}
		if err == nil {
			adm.Done()
		}
	}
}

// goLive registers a face swap with everything that it needs.
func (h *hands) goLive() {
	h.Helper()
	pair := func(zh, en string) object { return object{"zh": zh, "en": en} }
	for _, kind := range []string{"management-rules", "platform-convention", "service-agreement", "label-methods"} {
		var drafted, published struct {
			ID      string
			Digests struct{ ZH, EN string }
		}
		h.as(h.first, "POST", "/v1/agreements", object{"kind": kind, "audience": "users", "texts": pair("# 规则\n\n内容", "# Rules\n\ncontent")}, 201, &drafted)
		h.as(h.second, "POST", "/v1/agreements/"+drafted.ID+":publish", object{"material": true}, 200, &published)
		h.as("", "POST", "/v1/agreements:accept", object{"account": holder, "version": drafted.ID, "language": "zh", "digest": published.Digests.ZH}, 200, nil)
	}
	h.as(h.first, "POST", "/v1/services", object{"id": "studio", "service": object{"names": pair("工作室", "Studio"), "role": "provider", "forms": []any{object{"kind": "website", "at": "https://studio.example"}}}}, 201, nil)
	h.as(h.first, "POST", "/v1/functions", object{"id": "portrait-swap", "function": object{"service": "studio", "names": pair("换脸", "Face swap"), "purpose": pair("海报", "Posters"), "kind": "face-swap",
		"models": []any{object{"name": "swap", "version": "1", "own": true}}, "notice": object{"policy": "required", "method": pair("左下角文字", "words in a corner")},
		"filing":   object{"state": "not-needed", "reason": "It forms no opinion."},
		"security": object{"done": time.Now().Add(-time.Hour).UTC(), "until": time.Now().AddDate(1, 0, 0).UTC(), "report": "SA-1", "digest": strings.Repeat("0", 64)}}}, 201, nil)
	_, said := h.raw("POST", "/v1/functions/portrait-swap:live", nil, "Authorization", "Bearer "+h.first)
	if !strings.Contains(said, "assessment") {
		h.Errorf("a face swap could go live without an impact assessment: %s", said)
	}
	h.weighs("1")
	h.as(h.first, "POST", "/v1/functions/portrait-swap:live", nil, 200, nil)
}

// weighs has the impact of the face swap with a version of its model assessed, which it needs before it goes live.
func (h *hands) weighs(version string) {
	h.Helper()
	var assessed struct{ ID string }
	h.as(h.first, "POST", "/v1/assessments", object{"function": "portrait-swap", "modalities": []string{"face"}, "purpose": "posters", "method": "a model", "basis": "separate consent", "necessity": "no other way",
		"scope": "people who agreed", "data": []any{object{"kind": "faces", "source": "the person", "sensitive": true, "minors": false}}, "models": []any{object{"name": "swap", "version": version, "digest": ""}}, "recipients": []any{},
		"storage": "sealed", "retention": "until withdrawn", "risks": []any{object{"risk": "fraud", "effect": "loss", "likelihood": "medium", "severity": "high", "measures": []string{"labels"}, "residual": "low"}},
		"residual": "low", "conclusion": "acceptable", "conditions": "", "annexes": []any{}, "review": time.Now().AddDate(1, 0, 0).Format(time.DateOnly)}, 201, &assessed)
	h.as(h.second, "POST", "/v1/assessments/"+assessed.ID+":approve", nil, 200, nil)
}

// browser is a real one, with a camera and a microphone that are made up.
func (h *hands) browser() context.Context {
	h.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(mediatest.Tool(h.T, "chromium")), chromedp.NoSandbox, chromedp.UserDataDir(h.TempDir()),
		chromedp.Flag("lang", "zh-CN"), chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true))
	ctx, cancel := context.WithTimeout(h.Context(), 2*time.Minute)
	h.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	h.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	h.Cleanup(end)
	return ctx
}

// consentInBrowser is what the person depicted does, and returns the receipt code.
func (h *hands) consentInBrowser(fragment string) (code string) {
	h.Helper()
	tab := h.browser()
	h.must(chromedp.Do(tab, chromedp.Navigate("http://"+h.address+"/link"+fragment), chromedp.Click(chromedp.CSS("main form button")),
		chromedp.WaitVisible(chromedp.CSS("#answer")), chromedp.Click(chromedp.CSS(`[formaction="/consent/phrase"]`)),
		chromedp.WaitVisible(chromedp.CSS("[data-start]")), chromedp.Click(chromedp.CSS("[data-start]")), chromedp.WaitVisible(chromedp.CSS(`[data-state="recording"]`))))
	_, err := chromedp.Run(tab, chromedp.Evaluate[bool](`new Promise((done) => {
  const view = document.querySelector('[data-view]');
  const look = () => view.currentTime > 1.8 ? done(true) : requestAnimationFrame(look);
  look();
})`, chromedp.EvalAwaitPromise))
	h.must(err)
	h.must(chromedp.Do(tab, chromedp.Click(chromedp.CSS("[data-stop]")), chromedp.WaitVisible(chromedp.CSS(`[data-state="done"]`)),
		chromedp.Click(chromedp.CSS(`#answer button[value="give"]`)), chromedp.WaitVisible(chromedp.CSS(".secret"))))
	code, err = chromedp.Run(tab, chromedp.Evaluate[string](`document.querySelector('.secret').textContent`))
	h.must(err)
	return strings.TrimSpace(code)
}

// withdrawInBrowser is how the person comes back.
func (h *hands) withdrawInBrowser(code string) {
	h.Helper()
	h.must(chromedp.Do(h.browser(), chromedp.Navigate("http://"+h.address+"/receipt#"+code), chromedp.Click(chromedp.CSS("main form button")),
		chromedp.WaitVisible(chromedp.CSS(`form[action="/receipt/withdraw"]`)), chromedp.Click(chromedp.CSS(`form[action="/receipt/withdraw"] button`)),
		chromedp.WaitVisible(chromedp.CSS("#deletion"))))
}

// searched looks for words in every file of the deployment and in its log.
func (h *hands) searched(words ...string) {
	h.Helper()
	for _, w := range words {
		if w == "" {
			h.Fatal("nothing to look for")
		}
		if bytes.Contains(h.output.Bytes(), []byte(w)) {
			h.Errorf("the log names %q", w)
		}
	}
	files := 0
	err := filepath.WalkDir(h.set.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files++
		for _, w := range words {
			if bytes.Contains(text, []byte(w)) {
				h.Errorf("%s holds %q", path, w)
			}
		}
		return err
	})
	if h.must(err); files < 5 {
		h.Fatalf("only %d files were searched", files)
	}
}

// TestOrderStopsWork covers Deep Synthesis Provisions Art. 21 by the front door: an order is effective within two seconds, one
// person alone does not end it, and two do.
func TestOrderStopsWork(t *testing.T) {
	t.Parallel()
	h := employ(t, nil)
	h.attest("rv-1")
	number, _ := h.publish(201, "function=other")
	var order struct{ ID string }
	began := time.Now()
	h.as(h.first, "POST", "/v1/orders", object{"scope": "publish", "action": "stop", "basis": "authority", "reference": "2026-1", "reason": "spread of rumours"}, 201, &order)
	within(t, func() bool { _, said := h.try("function=other"); return strings.Contains(said, "order") })
	if took := time.Since(began); took > 2*time.Second {
		t.Logf("the order was effective after %s; the machine is busy", took)
	}
	if status, said := h.raw("GET", "/v1/artefacts/"+number+"/content", nil); status != 403 || !strings.Contains(said, "order") {
		t.Errorf("%d %s", status, said)
	}
	h.as(h.first, "POST", "/v1/orders/"+order.ID+":release", object{"reason": "mended"}, 200, nil)
	if status, said := h.raw("POST", "/v1/orders/"+order.ID+":confirm", []byte(`{"reason":"mended"}`), "Authorization", "Bearer "+h.first, "Content-Type", "application/json"); status != 403 && status != 409 {
		t.Errorf("one person ended an order: %d %s", status, said)
	}
	h.as(h.second, "POST", "/v1/orders/"+order.ID+":confirm", object{"reason": "mended"}, 200, nil)
	within(t, func() bool { status, _ := h.try("function=other"); return status == 201 })
}

// TestOrderOnAServiceHoldsBackWhatItMade has an order name the service alone: what a function of it made is handed out no more.
func TestOrderOnAServiceHoldsBackWhatItMade(t *testing.T) {
	t.Parallel()
	h := employ(t, nil)
	h.attest("rv-1")
	pair := func(zh, en string) object { return object{"zh": zh, "en": en} }
	h.as(h.first, "POST", "/v1/services", object{"id": "studio", "service": object{"names": pair("工作室", "Studio"), "role": "provider", "forms": []any{object{"kind": "website", "at": "https://studio.example"}}}}, 201, nil)
	h.as(h.first, "POST", "/v1/functions", object{"id": "texts", "function": object{"service": "studio", "names": pair("写作", "Writing"), "purpose": pair("文章", "Texts"), "kind": "passage-generation",
		"models": []any{object{"name": "pen", "version": "1", "own": true}}, "notice": object{"policy": "required", "method": pair("文末文字", "words at the end")}}}, 201, nil)
	use := production.Use{Function: "texts"}
	marks, err := json.Marshal(production.Marks{Policy: production.PolicyMark{Use: &use}})
	h.must(err)
	item := artefact.Artefact{Number: "n-1", Account: "a", Function: string(stamp.Dialogue), Marks: marks}
	within(t, func() bool { return h.server.deliverItem(t.Context(), item) == nil })
	h.as(h.first, "POST", "/v1/orders", object{"scope": "service", "target": "studio", "action": "quarantine", "basis": "own", "reason": "a fault"}, 201, nil)
	within(t, func() bool { return isCode(h.server.deliverItem(t.Context(), item), incident.CodeInForce) })
	if target, _, err := h.server.target(t.Context(), "a", "n-1", stamp.Dialogue, use); err != nil || len(target.Models) != 1 || target.Models[0] != "pen" {
		t.Errorf("an order on a model that nobody named would not be found: %+v %v", target, err)
	}
}

// TestClosingNeedsTwo closes an account, which one officer alone can't, and finds that nothing is published for it.
func TestClosingNeedsTwo(t *testing.T) {
	t.Parallel()
	h := employ(t, nil)
	h.attest("rv-1")
	h.publish(201, "function=other")
	var m struct{ ID, State string }
	h.as(h.first, "POST", "/v1/measures", object{"account": holder, "step": "close", "clauses": []string{"ds-10"}, "terms": "3.2", "findings": []string{"f-1"}, "fact": "measure-fact-fake"}, 201, &m)
	if m.State != "proposed" {
		t.Fatalf("%+v", m)
	}
	if status, _ := h.try("function=other"); status != 201 {
		t.Errorf("a proposal binds: %d", status)
	}
	if status, said := h.raw("POST", "/v1/measures/"+m.ID+":confirm", []byte(`{}`), "Authorization", "Bearer "+h.first, "Content-Type", "application/json"); status < 400 || status == 500 {
		t.Errorf("one person closed an account: %d %s", status, said)
	}
	h.as(h.second, "POST", "/v1/measures/"+m.ID+":confirm", object{}, 200, &m)
	within(t, func() bool { _, said := h.try("function=other"); return strings.Contains(said, "admission-measure") })
}
