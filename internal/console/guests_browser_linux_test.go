package console_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/link"
)

// reach presses Tab until a control has the focus, and then a key, as somebody without a mouse does.
func (c *chromium) reach(selector, key string) {
	c.Helper()
	for range 60 {
		if ask[bool](c, `!!document.activeElement && document.activeElement.matches(`+"`"+selector+"`"+`)`) {
			c.check("pressing a key on "+selector, chromedp.Do(c.tab, chromedp.KeyEvent(key)))
			return
		}
		c.check("pressing Tab", chromedp.Do(c.tab, chromedp.KeyEvent("\t")))
	}
	c.Fatalf("Tab does not reach %s at %s", selector, ask[string](c, "location.href"))
}

func (c *chromium) wait(selector chromedp.CSS) {
	c.Helper()
	c.check("waiting for "+string(selector), chromedp.Do(c.tab, chromedp.WaitVisible(selector)))
}

func (c *chromium) text() string { return ask[string](c, `document.querySelector('main').innerText`) }

// follow opens a link and presses its button.
func (c *chromium) follow(token string, next chromedp.CSS) {
	c.Helper()
	c.open("/link#" + token)
	c.at("/link") // the token is gone from the address
	c.press("main form button", next)
}

// TestConsentByKeyboard gives a consent with a recording, comes back, withdraws, all by keyboard, in a real browser with a
// camera and a microphone that are made up.
func TestConsentByKeyboard(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	e := g.ask(g.terms())
	c := g.chromium()
	c.open("/link#" + g.link(link.Consent, e.Subject, e.ID))
	c.reach("main form button", "\r")
	c.wait("#answer")
	c.at("/consent")
	c.reach(`[formaction="/consent/phrase"]`, "\r")
	c.wait("#phrase")
	c.wait("[data-start]")
	c.reach("[data-start]", "\r")
	c.wait(`[data-state="recording"]`)
	ask[bool](c, `new Promise((done) => {
  const view = document.querySelector('[data-view]');
  const look = () => view.currentTime > 1.8 ? done(true) : requestAnimationFrame(look);
  look();
})`)
	c.reach("[data-stop]", " ")
	c.wait(`[data-state="done"]`)
	if n := ask[int](c, `document.querySelector('#recording').files[0].size`); n < 1000 {
		t.Errorf("the recording has %d bytes", n)
	}
	if !ask[bool](c, `new Promise((done) => { const p = document.querySelector('[data-play]'); p.oncanplay = () => done(true); p.onerror = () => done(false); p.load(); })`) {
		t.Error("the recording can't be played back")
	}
	c.reach(`#answer button[value="give"]`, "\r")
	c.wait(".secret")
	if text := c.text(); !strings.Contains(text, "Your recording is kept as proof. It was not compared with anything.") {
		t.Error(text)
	}
	now := g.now(e.ID)
	if now.State != "given" || now.Value.Level != consent.Recorded || now.Value.Terms.Train || len(now.Value.Terms.Modality) != 2 {
		t.Errorf("%s %+v", now.State, now.Value)
	}

	c.reach(`a[href^="/receipt#"]`, "\r")
	c.wait("#code")
	c.at("/receipt")
	c.reach("main form button", "\r")
	c.wait(`form[action="/receipt/withdraw"]`)
	c.reach(`form[action="/receipt/withdraw"] button`, "\r")
	c.wait("#deletion")
	if now := g.now(e.ID); now.State != "withdrawn" {
		t.Errorf("state %s", now.State)
	}
}

// TestConsentInBrowser narrows, refuses and disputes in a real browser.
func TestConsentInBrowser(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	c := g.chromium()
	opened := func() consent.Entry {
		e := g.ask(g.terms())
		c.follow(g.link(link.Consent, e.Subject, e.ID), "#answer")
		return e
	}
	e := opened()
	c.click("#answer summary")
	c.fill("#uses", "\r") // Enter in a field is no answer
	c.at("/consent")
	if now := g.now(e.ID); now.State != "shown" {
		t.Errorf("state %s", now.State)
	}
	c.click(`input[value="face"]`)
	c.click(`input[value="poster"]`)
	c.press(`#answer button[value="give"]`, ".secret")
	now := g.now(e.ID)
	if !slices.Equal(now.Value.Terms.Modality, []consent.Modality{consent.Voice}) || !slices.Equal(now.Value.Terms.Scenes, []string{"film"}) || now.Value.Level != consent.Claimed || now.Value.Events[len(now.Value.Events)-1].Kind != "narrowed" {
		t.Errorf("%+v", now.Value)
	}
	code := ask[string](c, `document.querySelector('.secret').textContent`)
	c.open("/receipt#" + code)
	c.press("main form button", `form[action="/receipt/dispute"]`)
	c.fill("#note", "not my voice")
	c.press(`form[action="/receipt/dispute"] button`, `main:not(:has(form[action="/receipt/dispute"])) form[action="/receipt/withdraw"]`)
	if now := g.now(e.ID); now.State != "disputed" {
		t.Errorf("state %s", now.State)
	}

	e = opened()
	c.press(`#answer button[value="refuse"]`, ".secret")
	if now := g.now(e.ID); now.State != "refused" {
		t.Errorf("state %s", now.State)
	}
	e = opened()
	c.press(`button.danger`, "main [role=status]")
	if now := g.now(e.ID); now.State != "disputed" {
		t.Errorf("state %s", now.State)
	}
}

// TestGuestsAccessible lets axe-core look at every page for people without an account, in both languages.
func TestGuestsAccessible(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.publish(agreement.Rules, "House rules", "Be **kind**.\n\n## And\n\n- one\n- [two](https://example.com/)")
	c := g.chromium()
	for lang, looks := range map[string][]appearance{"en": {{"light", 390}}, "zh": {{"dark", 360}}} {
		c.open("/link?lang=" + lang)
		look := func(name, path string, then func(*chromium)) {
			c.look(sight{name: name, path: path, then: then}, "guest-"+name+"-"+lang, looks)
		}
		e := g.ask(g.terms())
		token := g.link(link.Consent, e.Subject, e.ID)
		look("link", "/link", nil)
		look("link-problem", "/link", func(c *chromium) {
			c.fill("#token", "x")
			c.press("main form button", "[role=alert]")
		})
		look("shut", "/consent", nil)
		c.follow(token, "#answer")
		look("consent", "/consent", nil)
		look("recording", "/consent", func(c *chromium) {
			c.press(`[formaction="/consent/phrase"]`, "[data-start]")
			c.press("[data-start]", "[data-stop]")
			c.click("#answer summary")
		})
		look("given", "/consent", func(c *chromium) { c.press(`#answer button[value="give"]`, ".secret") })
		code := ask[string](c, `document.querySelector('.secret').textContent`)
		e = g.ask(g.terms())
		c.follow(g.link(link.Consent, e.Subject, e.ID), "#answer")
		_, _, err := g.consents.Refuse(g.ctx, person(), e.ID, "")
		g.fine(err)
		look("over", "/consent", nil)
		look("receipt", "/receipt", nil)
		look("withdrawn", "/receipt", func(c *chromium) {
			c.fill("#code", code)
			c.press("main form button", `form[action="/receipt/withdraw"]`)
			c.press(`form[action="/receipt/withdraw"] button`, "#deletion")
		})
		who := evidence.Subject("account-" + lang)
		c.follow(g.link(link.Verification, who, ""), "details")
		look("verification", "/verification", nil)
		look("code", "/verification", func(c *chromium) {
			c.click("section:nth-of-type(2) summary")
			c.fill("[type=tel]", "13800138000")
			c.press("section:nth-of-type(2) button", "#code")
			ask[bool](c, `[...document.querySelectorAll('details')].forEach((d) => d.open = true), true`)
		})
		look("verified", "/verification", func(c *chromium) {
			c.fill("#code", "123456")
			c.press(`form[action="/verification/code"] button`, "main [role=status]")
		})
		c.follow(g.link(link.Agreement, who, ""), "[type=checkbox]")
		look("agreement", "/agreement", nil)
		look("accepted", "/agreement", func(c *chromium) {
			c.click("[type=checkbox]")
			c.press("main form button", "main [role=status]")
		})
	}
}
