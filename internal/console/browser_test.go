package console_test

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/npmtest"
	"github.com/colophon-project/colophon/staff"
)

// pictures is a folder for pictures of all pages, to look at.
var pictures = flag.String("pictures", "", "write a picture of each page into this folder")

// installAxe puts axe-core into the user's cache, once for each state of the lock file, and returns its text.
func installAxe() (string, error) {
	dir, err := npmtest.Install("axe", "testdata")
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	return string(text), err
}

// chromium is one tab of a real browser.
type chromium struct {
	*world
	tab      context.Context
	axe      string
	mu       sync.Mutex
	problems []string // what the browser complained about
}

func (w *world) chromium() *chromium {
	w.Helper()
	axe, err := installAxe()
	if err != nil {
		w.Fatalf("axe-core can't be installed; npm is needed: %v", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(mediatest.Tool(w.T, "chromium")), chromedp.NoSandbox,
		chromedp.UserDataDir(w.TempDir()), chromedp.Flag("lang", "en"), chromedp.Env("LANGUAGE=en"),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true)) // a camera and a microphone that anybody may use
	ctx, cancel := context.WithTimeout(w.ctx, 2*time.Minute)
	w.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	w.Cleanup(stop)
	c := &chromium{world: w, axe: axe}
	var end context.CancelFunc
	c.tab, end = chromedp.NewContext(ctx, chromedp.WithListener(c.listen))
	w.Cleanup(end)
	call(c, cdplog.Enable, cdp.Empty{})
	w.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, p := range c.problems {
			w.Errorf("the browser says: %s", p)
		}
	})
	return c
}

// listen keeps what the browser complains about.
func (c *chromium) listen(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		c.problems = append(c.problems, e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		if e.Entry.Level != cdplog.EntryLevelVerbose && !strings.Contains(e.Entry.Text, "server responded with a status") { // error pages are wanted
			c.problems = append(c.problems, e.Entry.Text)
		}
	}
}

// check ends the test when the browser could not do something, and says what it shows.
func (c *chromium) check(doing string, err error) {
	c.Helper()
	if err != nil {
		body, _ := chromedp.Run(c.tab, chromedp.Evaluate[string](`location.href + '\n' + document.body.innerText`))
		c.Fatalf("%s: %v\n%s", doing, err, body)
	}
}

func call[P, R any](c *chromium, command cdp.Command[P, R], params P) R {
	c.Helper()
	r, err := chromedp.Call(c.tab, command, params)
	c.check(command.Method, err)
	return r
}

func (c *chromium) open(path string) {
	c.Helper()
	c.check("opening "+path, chromedp.Do(c.tab, chromedp.Navigate(c.origin+path)))
}

func (c *chromium) click(selector chromedp.CSS) {
	c.Helper()
	c.check("clicking "+string(selector), chromedp.Do(c.tab, chromedp.Click(selector)))
}

// ask evaluates an expression.
func ask[T any](c *chromium, expression string) T {
	c.Helper()
	value, err := chromedp.Run(c.tab, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	c.check("asking", err)
	return value
}

// press sends what a selector stands for and waits until the next page is there.
func (c *chromium) press(selector, next chromedp.CSS) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.tab, 15*time.Second)
	defer cancel()
	c.check("pressing "+string(selector), chromedp.Do(ctx, chromedp.Click(selector), chromedp.WaitVisible(next)))
}

func (c *chromium) fill(selector chromedp.CSS, text string) {
	c.Helper()
	c.check("filling "+string(selector), chromedp.Do(c.tab, chromedp.SendKeys(selector, text)))
}

func (c *chromium) at(want string) {
	c.Helper()
	if address := ask[string](c, "location.href"); address != c.origin+want {
		c.Fatalf("the browser is at %s, want %s", address, want)
	}
}

// authenticator gives the browser a device for passkeys.
func (c *chromium) authenticator() webauthn.AuthenticatorID {
	c.Helper()
	call(c, webauthn.Enable, webauthn.EnableParams{})
	return call(c, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}).AuthenticatorID
}

// TestJourney sets up, adds a passkey, signs out and comes back with it.
func TestJourney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	c := w.chromium()
	device := c.authenticator()

	c.open("/set-up#" + token)
	c.at("/set-up") // the token is gone from the address
	if ask[string](c, "document.querySelector('#token').value") != token {
		t.Fatal("the script did not fill the token in")
	}
	c.fill("#login", login)
	c.fill("#password", password)
	c.fill("#again", password)
	c.press("main form button", ".menu")
	c.at("/")

	c.open("/account")
	c.press("form[data-passkey] button", "main [role=status]")
	c.at("/account?done=passkey")
	c.press(".leave button", "#login")
	c.at("/sign-in")
	c.press("form[data-passkey] button", ".menu")
	c.at("/")
	c.press(".tongues [lang=zh]", `html[lang="zh-CN"] .menu`)
	c.at("/")
	if heading := ask[string](c, "document.querySelector('h1').textContent"); heading != "您好，"+login {
		t.Errorf("heading %s", heading)
	}

	// Proof that is too old sends to the sign-in page and back.
	w.pass(10 * time.Minute)
	c.open("/account")
	c.press("form[data-passkey] button", "#login")
	c.at("/sign-in?again=1&next=%2Faccount")
	c.press("form[data-passkey] button", ".menu")
	c.at("/account")
	c.press("details summary", "details[open] button")
	c.press("details button", "main [role=status]")
	c.at("/account?done=passkey-removed")

	// A passkey that was removed, and a device that does not know the person: the page says so and stays.
	c.press(".leave button", "#login")
	c.press("form[data-passkey] button", "main > [role=alert]")
	c.at("/sign-in/passkey")
	call(c, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: device, IsUserVerified: false})
	c.press("form[data-passkey] button", "form[data-passkey] [role=alert]")
	c.at("/sign-in/passkey")
}

// TestProviderInBrowser follows a form to another site, which the policy of the page would forbid as a redirection.
func TestProviderInBrowser(t *testing.T) {
	t.Parallel()
	var home string
	other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" {
			t.Errorf("the provider is told where the browser comes from: %s", r.Header.Get("Referer"))
		}
		http.Redirect(rw, r, home+"/oidc?code=good", http.StatusFound)
	}))
	t.Cleanup(other.Close)
	w := newWorld(t, withProvider(provider{other.URL}))
	home = w.origin
	w.officer()
	c := w.chromium()
	c.open("/sign-in?next=%2Fkeys")
	c.press(`form[action="/sign-in/provider"] button`, ".menu")
	c.at("/keys")
}

// sight is a page to look at: how to get there, in a browser that has signed in or not.
type sight struct {
	name string
	shut bool
	path string
	then func(*chromium) // what to do there
}

func sights(person staff.ID) []sight {
	key := func(c *chromium) {
		c.fill("#name", "Picture studio")
		c.click(`input[value="artefact.create"]`)
		c.press("form.sheet button", ".secret")
	}
	return []sight{
		{name: "set-up", path: "/set-up#AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJKKK"},
		{name: "set-up-problem", path: "/set-up", then: func(c *chromium) {
			c.fill("#token", "x")
			c.fill("#login", login)
			c.fill("#password", password)
			c.fill("#again", better)
			c.press("main form button", "[role=alert]")
		}},
		{name: "sign-in", path: "/sign-in"},
		{name: "sign-in-again", path: "/sign-in?again=1"},
		{name: "invitation", path: "/invitation"},
		{name: "lost", path: "/nowhere"},
		{name: "start", shut: true, path: "/"},
		{name: "account", shut: true, path: "/account?done=password"},
		{name: "staff", shut: true, path: "/staff"},
		{name: "invited", shut: true, path: "/staff", then: func(c *chromium) {
			c.fill("#login", "p"+strconv.Itoa(len(c.store.Proofs)))
			c.click(`input[value="engineer"]`)
			c.press("form.sheet button", ".secret")
		}},
		{name: "person", shut: true, path: "/staff/" + string(person)},
		{name: "keys", shut: true, path: "/keys", then: func(c *chromium) {
			c.click("details summary")
		}},
		{name: "key-made", shut: true, path: "/keys", then: key},
		{name: "denied", shut: true, path: "/staff/" + string(person) + "x"},
		{name: "fault", shut: true, path: "/account", then: func(c *chromium) {
			c.store.Fail(errors.New("the disk is full"))
			c.open("/staff")
			c.store.Fail(nil)
		}},
	}
}

// TestAccessible lets axe-core look at every page, light and dark, wide and narrow, in both languages.
func TestAccessible(t *testing.T) {
	t.Parallel()
	list := []console.Figure{
		{Name: "page-figure-records", Count: 1234567}, {Name: "page-figure-waiting", At: time.Date(2026, 11, 22, 7, 59, 0, 0, time.UTC)},
		{Name: "page-figure-waiting", Unknown: true}, {Name: "page-figure-dead-jobs", Count: 3, Alarm: true},
	}
	w := newWorld(t, withProvider(provider{"https://id.example"}), func(_ *staff.Config, c *console.Config) {
		c.Overview, c.Zone = figures{list: list}, time.FixedZone("CST", 8*3600)
	})
	o := w.officer()
	person := w.person(o, "night.reviewer", staff.Reviewer, staff.Auditor)
	gone := w.person(o, "shift.engineer", staff.Engineer)
	_, err := w.roster.Disable(w.ctx, o.Account.Actor(), gone.Account.ID)
	w.fine(err)
	_, _, err = w.roster.Create(w.ctx, o.Account.Actor(), "new.comer", []staff.Role{staff.Engineer})
	w.fine(err)
	for _, name := range []string{"Chat assistant", "Voice of the newsroom"} {
		_, k, err := w.roster.CreateKey(w.ctx, o.Account.Actor(), name, staff.Scope{
			Actions: []staff.Action{staff.ArtefactCreate, staff.ArtefactRead, staff.ArtefactVerify}, Services: []string{staff.Every}, Functions: []string{"speech", "dialogue"},
		}, 90*24*time.Hour)
		w.fine(err)
		_, _, err = w.roster.RotateKey(w.ctx, o.Account.Actor(), k.ID, 7*24*time.Hour)
		w.fine(err)
	}
	c := w.chromium()
	c.authenticator()
	for _, shut := range []bool{false, true} {
		if shut {
			c.open("/sign-in")
			c.fill("#login", login)
			c.fill("#password", password)
			c.press("main form button", ".menu")
			c.open("/account")
			c.press("form[data-passkey] button", "main [role=status]")
		}
		for lang, looks := range map[string][]appearance{"en": {{"light", 1280}, {"dark", 390}}, "zh": {{"dark", 1280}, {"light", 390}}} {
			c.open("/?lang=" + lang)
			for _, s := range sights(person.Account.ID) {
				if s.shut == shut {
					c.look(s, s.name+"-"+lang, looks)
				}
			}
		}
	}
}

// appearance is how a page is shown.
type appearance struct {
	scheme string
	width  int64
}

// look opens a page and checks it in its appearances.
func (c *chromium) look(s sight, name string, looks []appearance) {
	c.Helper()
	c.open(s.path)
	if s.then != nil {
		s.then(c)
	} else if !strings.Contains(s.path, "#") { // there, the script has moved the focus
		c.keyboard(name)
	}
	c.check("loading axe", chromedp.Do(c.tab, chromedp.Evaluate[chromedp.Void](c.axe+";undefined")))
	for _, look := range looks {
		name := name + "-" + look.scheme + "-" + strconv.FormatInt(look.width, 10)
		call(c, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: look.width, Height: 900, DeviceScaleFactor: 1, Mobile: look.width < 600})
		call(c, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}})
		if found := ask[string](c, `axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations.map(v => [v.id, v.nodes.map(n => n.html + ' ' + n.failureSummary)])))`); found != "[]" {
			c.Errorf("%s: %s", name, found)
		}
		if ask[bool](c, `document.documentElement.scrollWidth > innerWidth`) {
			c.Errorf("%s is wider than the window", name)
		}
		if *pictures != "" {
			picture, err := chromedp.Run(c.tab, chromedp.FullScreenshot(100))
			c.check("taking a picture", err)
			c.fine(os.WriteFile(filepath.Join(*pictures, name+".png"), picture, 0o644))
		}
	}
}

// keyboard presses Tab through a page: the skip link comes first, every control is reached once, and each shows that it
// has the focus.
func (c *chromium) keyboard(name string) {
	c.Helper()
	const state = `(() => {
  const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary, [tabindex="0"]')].filter(e => e.checkVisibility());
  const e = document.activeElement, s = getComputedStyle(e);
  return {at: all.indexOf(e), of: all.length, skip: e.matches('.skip'), seen: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2};
})()`
	ask[bool](c, `document.activeElement.blur(), window.scrollTo(0, 0), true`)
	for i := range 200 {
		c.check("pressing Tab", chromedp.Do(c.tab, chromedp.KeyEvent("\t")))
		now := ask[struct {
			At, Of     int
			Skip, Seen bool
		}](c, state)
		if now.At != i || !now.Seen || now.Skip != (i == 0) {
			c.Errorf("%s: Tab %d reaches control %d of %d, visible %v", name, i+1, now.At+1, now.Of, now.Seen)
			return
		}
		if i == now.Of-1 {
			return
		}
	}
	c.Errorf("%s: Tab does not reach all controls", name)
}
