package console_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/link"
)

// follow opens a link and presses its button.
func (c *chromium) follow(token string, next chromedp.CSS) {
	c.Helper()
	c.Open("/link#" + token)
	c.At("/link") // the token is gone from the address
	c.Press("main form button", next)
}

// TestConsentByKeyboard gives a consent with a recording, comes back, withdraws, all by keyboard, in a real browser with a
// camera and a microphone that are made up.
func TestConsentByKeyboard(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	e := g.ask(g.terms())
	c := g.chromium()
	c.Open("/link#" + g.link(link.Consent, e.Subject, e.ID))
	c.Reach("main form button", "\r")
	c.Wait("#answer")
	c.At("/consent")
	c.Reach(`[formaction="/consent/phrase"]`, "\r")
	c.Wait("#phrase")
	c.Wait("[data-start]")
	c.Reach("[data-start]", "\r")
	c.Wait(`[data-state="recording"]`)
	browsertest.Ask[bool](c.Tab, `new Promise((done) => {
  const view = document.querySelector('[data-view]');
  const look = () => view.currentTime > 1.8 ? done(true) : requestAnimationFrame(look);
  look();
})`)
	c.Reach("[data-stop]", " ")
	c.Wait(`[data-state="done"]`)
	if n := browsertest.Ask[int](c.Tab, `document.querySelector('#recording').files[0].size`); n < 1000 {
		t.Errorf("the recording has %d bytes", n)
	}
	if !browsertest.Ask[bool](c.Tab, `new Promise((done) => { const p = document.querySelector('[data-play]'); p.oncanplay = () => done(true); p.onerror = () => done(false); p.load(); })`) {
		t.Error("the recording can't be played back")
	}
	c.Reach(`#answer button[value="give"]`, "\r")
	c.Wait(".secret")
	if text := c.Text(); !strings.Contains(text, "Your recording is kept as proof. It was not compared with anything.") {
		t.Error(text)
	}
	now := g.now(e.ID)
	if now.State != "given" || now.Value.Level != consent.Recorded || now.Value.Terms.Train || len(now.Value.Terms.Modality) != 2 {
		t.Errorf("%s %+v", now.State, now.Value)
	}

	c.Reach(`a[href^="/receipt#"]`, "\r")
	c.Wait("#code")
	c.At("/receipt")
	c.Reach("main form button", "\r")
	c.Wait(`form[action="/receipt/withdraw"]`)
	c.Reach(`form[action="/receipt/withdraw"] button`, "\r")
	c.Wait("#deletion")
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
	c.Click("#answer summary")
	c.Fill("#uses", "\r") // Enter in a field is no answer
	c.At("/consent")
	if now := g.now(e.ID); now.State != "shown" {
		t.Errorf("state %s", now.State)
	}
	c.Click(`input[value="face"]`)
	c.Click(`input[value="poster"]`)
	c.Press(`#answer button[value="give"]`, ".secret")
	now := g.now(e.ID)
	if !slices.Equal(now.Value.Terms.Modality, []consent.Modality{consent.Voice}) || !slices.Equal(now.Value.Terms.Scenes, []string{"film"}) || now.Value.Level != consent.Claimed || now.Value.Events[len(now.Value.Events)-1].Kind != "narrowed" {
		t.Errorf("%+v", now.Value)
	}
	code := browsertest.Ask[string](c.Tab, `document.querySelector('.secret').textContent`)
	c.Open("/receipt#" + code)
	c.Press("main form button", `form[action="/receipt/dispute"]`)
	c.Fill("#note", "not my voice")
	c.Press(`form[action="/receipt/dispute"] button`, `main:not(:has(form[action="/receipt/dispute"])) form[action="/receipt/withdraw"]`)
	if now := g.now(e.ID); now.State != "disputed" {
		t.Errorf("state %s", now.State)
	}

	e = opened()
	c.Press(`#answer button[value="refuse"]`, ".secret")
	if now := g.now(e.ID); now.State != "refused" {
		t.Errorf("state %s", now.State)
	}
	e = opened()
	c.Press(`button.danger`, "main [role=status]")
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
	for lang, looks := range map[string][]browsertest.Appearance{"en": {{Scheme: "light", Width: 390}}, "zh": {{Scheme: "dark", Width: 360}}} {
		c.Open("/link?lang=" + lang)
		look := func(name, path string, then func(*chromium)) {
			c.look(sight{name: name, path: path, then: then}, "guest-"+name+"-"+lang, looks)
		}
		e := g.ask(g.terms())
		token := g.link(link.Consent, e.Subject, e.ID)
		look("link", "/link", nil)
		look("link-problem", "/link", func(c *chromium) {
			c.Fill("#token", "x")
			c.Press("main form button", "[role=alert]")
		})
		look("shut", "/consent", nil)
		c.follow(token, "#answer")
		look("consent", "/consent", nil)
		look("recording", "/consent", func(c *chromium) {
			c.Press(`[formaction="/consent/phrase"]`, "[data-start]")
			c.Press("[data-start]", "[data-stop]")
			c.Click("#answer summary")
		})
		look("given", "/consent", func(c *chromium) { c.Press(`#answer button[value="give"]`, ".secret") })
		code := browsertest.Ask[string](c.Tab, `document.querySelector('.secret').textContent`)
		e = g.ask(g.terms())
		c.follow(g.link(link.Consent, e.Subject, e.ID), "#answer")
		_, _, err := g.consents.Refuse(g.ctx, person(), e.ID, "")
		g.fine(err)
		look("over", "/consent", nil)
		look("receipt", "/receipt", nil)
		look("withdrawn", "/receipt", func(c *chromium) {
			c.Fill("#code", code)
			c.Press("main form button", `form[action="/receipt/withdraw"]`)
			c.Press(`form[action="/receipt/withdraw"] button`, "#deletion")
		})
		who := evidence.Subject("account-" + lang)
		c.follow(g.link(link.Verification, who, ""), "details")
		look("verification", "/verification", nil)
		look("code", "/verification", func(c *chromium) {
			c.Click("section:nth-of-type(2) summary")
			c.Fill("[type=tel]", "13800138000")
			c.Press("section:nth-of-type(2) button", "#code")
			browsertest.Ask[bool](c.Tab, `[...document.querySelectorAll('details')].forEach((d) => d.open = true), true`)
		})
		look("verified", "/verification", func(c *chromium) {
			c.Fill("#code", "123456")
			c.Press(`form[action="/verification/code"] button`, "main [role=status]")
		})
		c.follow(g.link(link.Agreement, who, ""), "[type=checkbox]")
		look("agreement", "/agreement", nil)
		look("accepted", "/agreement", func(c *chromium) {
			c.Click("[type=checkbox]")
			c.Press("main form button", "main [role=status]")
		})
	}
}
