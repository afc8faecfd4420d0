package app

import (
	"bytes"
	"maps"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"

	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/staff"
)

// founded is the server that the tests of pages share, with something on every page. It is seeded by the first test that asks
// for it and runs until all have ended, so a test changes only what it made itself.
var founded struct {
	sync.Mutex
	hands    *hands
	end      func()
	begun    bool
	sessions map[staff.Role]string
}

// leaveTown ends the shared server.
func leaveTown() {
	founded.Lock()
	defer founded.Unlock()
	if founded.end != nil {
		founded.end()
	}
}

// city is the shared server for one test, with a browser for each role that the test asked for.
type city struct {
	*hands
	tabs map[staff.Role]*browsertest.Tab
}

// nobody is who looks at public pages.
const nobody staff.Role = ""

// town returns the shared server. Its staff are the logins officer, second.officer (who also decide for one another),
// role-reviewer, role-engineer and role-auditor.
func town(t *testing.T) *city {
	t.Helper()
	founded.Lock()
	defer founded.Unlock()
	if !founded.begun {
		founded.begun = true
		h, end := found(t)
		founded.hands, founded.end = h, end
	}
	if founded.hands == nil {
		t.Fatal("the shared server could not be seeded")
	}
	h := *founded.hands
	d := *h.deployment
	d.T, h.deployment = t, &d
	return &city{hands: &h, tabs: map[staff.Role]*browsertest.Tab{}}
}

// found starts a server and fills it. What it returns ends it.
func found(t *testing.T) (h *hands, end func()) {
	t.Helper()
	data, err := os.MkdirTemp("", "colophon-town-")
	if err != nil {
		t.Fatal(err)
	}
	guard := newWatch()
	h = &hands{deployment: &deployment{T: t, output: new(bytes.Buffer)}, guard: guard, pages: map[string]string{}}
	end = func() {
		if h.stop != nil {
			h.stop()
		}
		guard.Close()
		os.RemoveAll(data)
	}
	h.config, h.set = settings(t, map[string]string{"data": data, "admission": "on", "sample-model": "on", "starter-library": "on", "provider-name": "Studio", "provider-contact": "https://studio.example/contact",
		"appeal": "https://studio.example/appeal", "platform": trialPlatform, "accounts-per-person": "50", "screen-artefacts": "on", "keep-originals": "90", "webhook-hosts": guard.host(), "recall-hosts": guard.host()})
	h.set.Classifiers = []classify.Endpoint{{Name: "guard", Kind: classify.Moderations, URL: guard.URL + "/v1", Model: "guard-1", CacheTime: -1}}
	h.launch()
	officer := h.join()
	people := map[string][]staff.Role{"second.officer": staff.Roles()}
	for _, r := range staff.Roles() {
		people["role-"+string(r)] = []staff.Role{r}
	}
	for _, login := range slices.Sorted(maps.Keys(people)) {
		_, token, err := h.server.roster.Create(t.Context(), officer, login, people[login])
		h.must(err)
		_, err = h.server.roster.Accept(t.Context(), token, officerPhrase, staff.Attempt{Source: netip.MustParseAddr("127.0.0.1")})
		h.must(err)
	}
	h.first, h.second = h.signIn("officer"), h.signIn("second.officer")
	h.seed(guard)
	return h, end
}

// tab is a browser at the shared server, in which somebody of a role has signed in; of nobody, nobody has.
func (c *city) tab(role staff.Role) *browsertest.Tab {
	c.Helper()
	if b := c.tabs[role]; b != nil {
		return b
	}
	b := browsertest.New(c.T, "http://"+c.address)
	if role != nobody {
		cookie := c.server.roster.SessionCookie(false)
		browsertest.Call(b, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: c.session(role), URL: "http://" + c.address + "/"})
	}
	c.tabs[role] = b
	return b
}

// session is the one in which a role has signed in. Tests share it: guesses at passwords are counted, and so are sign-ins.
func (c *city) session(role staff.Role) string {
	c.Helper()
	founded.Lock()
	defer founded.Unlock()
	if founded.sessions == nil {
		founded.sessions = map[staff.Role]string{}
	}
	if founded.sessions[role] == "" {
		founded.sessions[role] = c.signIn("role-" + string(role))
	}
	return founded.sessions[role]
}

// look opens a page for a role in both languages, on a desk and on a phone, and has it looked at.
func (c *city) look(role staff.Role, path, name string) {
	c.Helper()
	b := c.tab(role)
	for _, lang := range []string{"en", "zh"} {
		b.Open("/sign-in?lang=" + lang)
		b.Open(path)
		if lang == "en" {
			b.As(browsertest.Appearance{Scheme: "light", Width: 1280})
			b.Keyboard(name)
		}
		b.Look(name+"-"+lang, browsertest.In(lang)...)
	}
}
