package console_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"

	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

func TestMain(m *testing.M) {
	code := m.Run()
	browsertest.Close()
	os.Exit(code)
}

// chromium is a browser at the pages of a world.
type chromium struct {
	*world
	*browsertest.Tab
}

func (w *world) chromium() *chromium {
	w.Helper()
	return &chromium{w, browsertest.New(w.T, w.origin)}
}

// TestJourney sets up, adds a passkey, signs out and comes back with it.
func TestJourney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	c := w.chromium()
	device := c.Authenticator()

	c.Open("/set-up#" + token)
	c.At("/set-up") // the token is gone from the address
	if browsertest.Ask[string](c.Tab, "document.querySelector('#token').value") != token {
		t.Fatal("the script did not fill the token in")
	}
	c.Fill("#login", login)
	c.Fill("#password", password)
	c.Fill("#again", password)
	c.Press("main form button", ".menu")
	c.At("/")

	c.Open("/account")
	c.Press("form[data-passkey] button", "main [role=status]")
	c.At("/account?done=passkey")
	c.Press(".leave button", "#login")
	c.At("/sign-in")
	c.Press("form[data-passkey] button", ".menu")
	c.At("/")
	c.Press(".tongues [lang=zh]", `html[lang="zh-CN"] .menu`)
	c.At("/")
	if heading := browsertest.Ask[string](c.Tab, "document.querySelector('h1').textContent"); heading != "您好，"+login {
		t.Errorf("heading %s", heading)
	}

	// Proof that is too old sends to the sign-in page and back.
	w.pass(10 * time.Minute)
	c.Open("/account")
	c.Press("form[data-passkey] button", "#login")
	c.At("/sign-in?again=1&next=%2Faccount")
	c.Press("form[data-passkey] button", ".menu")
	c.At("/account")
	c.Press(`main a[href^="/account/passkeys/"]`, "form.grave")
	c.Press("form.grave button", "main [role=status]")
	c.At("/account?done=passkey-remove")

	// A passkey that was removed, and a device that does not know the person: the page says so and stays.
	c.Press(".leave button", "#login")
	c.Press("form[data-passkey] button", "main > [role=alert]")
	c.At("/sign-in/passkey")
	browsertest.Call(c.Tab, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: device, IsUserVerified: false})
	c.Press("form[data-passkey] button", "form[data-passkey] [role=alert]")
	c.At("/sign-in/passkey")
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
	c.Open("/sign-in?next=%2Fkeys")
	c.Press(`form[action="/sign-in/provider"] button`, ".menu")
	c.At("/keys")
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
		c.Fill("#name", "Picture studio")
		c.Click(`input[value="artefact.create"]`)
		c.Press("form.sheet button", ".secret")
	}
	return []sight{
		{name: "set-up", path: "/set-up#AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJKKK"},
		{name: "set-up-problem", path: "/set-up", then: func(c *chromium) {
			c.Fill("#token", "x")
			c.Fill("#login", login)
			c.Fill("#password", password)
			c.Fill("#again", better)
			c.Press("main form button", "[role=alert]")
		}},
		{name: "sign-in", path: "/sign-in"},
		{name: "sign-in-again", path: "/sign-in?again=1"},
		{name: "invitation", path: "/invitation"},
		{name: "lost", path: "/nowhere"},
		{name: "start", shut: true, path: "/"},
		{name: "account", shut: true, path: "/account?done=password"},
		{name: "staff", shut: true, path: "/staff"},
		{name: "invited", shut: true, path: "/staff/new", then: func(c *chromium) {
			c.Fill("#login", "p"+strconv.Itoa(len(c.store.Proofs)))
			c.Click(`input[value="engineer"]`)
			c.Press("form.sheet button", ".secret")
		}},
		{name: "person", shut: true, path: "/staff/" + string(person)},
		{name: "keys", shut: true, path: "/keys"},
		{name: "key-made", shut: true, path: "/keys/new", then: key},
		{name: "denied", shut: true, path: "/staff/" + string(person) + "x"},
		{name: "fault", shut: true, path: "/account", then: func(c *chromium) {
			c.store.Fail(errors.New("the disk is full"))
			c.Open("/staff")
			c.store.Fail(nil)
		}},
	}
}

// TestAccessible lets axe-core look at every page, light and dark, wide and narrow, in both languages.
func TestAccessible(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withProvider(provider{"https://id.example"}), func(_ *staff.Config, c *console.Config) {
		c.API, c.Zone = stands(someOverview()), time.FixedZone("CST", 8*3600)
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
	c.Authenticator()
	for _, shut := range []bool{false, true} {
		if shut {
			c.Open("/sign-in")
			c.Fill("#login", login)
			c.Fill("#password", password)
			c.Press("main form button", ".menu")
			c.Open("/account")
			c.Press("form[data-passkey] button", "main [role=status]")
		}
		for lang, looks := range map[string][]browsertest.Appearance{"en": browsertest.In("en"), "zh": browsertest.In("zh")} {
			c.Open("/?lang=" + lang)
			for _, s := range sights(person.Account.ID) {
				if s.shut == shut {
					c.look(s, s.name+"-"+lang, looks)
				}
			}
		}
	}
}

// look opens a page and checks it in its appearances.
func (c *chromium) look(s sight, name string, looks []browsertest.Appearance) {
	c.Helper()
	c.Open(s.path)
	if s.then != nil {
		s.then(c)
	} else if !strings.Contains(s.path, "#") { // there, the script has moved the focus
		c.Keyboard(name)
	}
	c.Tab.Look(name, looks...)
}
