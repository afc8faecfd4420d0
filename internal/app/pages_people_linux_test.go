package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/staff"
)

// TestPagesOfPeople looks at the pages about accounts, and takes a measure against one.
func TestPagesOfPeople(t *testing.T) {
	c := town(t)
	for path, name := range map[string]string{"/accounts": "accounts", "/measures": "measures", "/consents": "consents", "/standing-rules": "standing-rules", "/faces": "faces", "/measures/take": "measure-take", "/standing-rules/edit": "standing-edit"} {
		c.look(staff.Officer, path, name)
	}
	b := c.tab(staff.Officer)
	b.Open("/accounts?lang=en")
	b.Fill("#account", holder)
	b.Press(".seek button", ".notches")
	if address := browsertest.Ask[string](b, "location.href"); strings.Contains(address, holder) {
		t.Errorf("the account's own identifier stands in the address %s", address)
	}
	account := browsertest.Ask[string](b, "location.pathname")
	b.Says("Limit of a function", "Verifications", "One-time links")
	c.look(staff.Officer, account, "account")

	b.Open("/accounts?lang=en")
	b.Open("/measures/take?subject=" + strings.TrimPrefix(account, "/accounts/"))
	b.Put("#step", "warn")
	b.Put("#fact", "terms")
	b.Fill("#terms", "convention 4")
	b.Press(".do button", ".letter")
	b.Says("Warning", "In force", "You are warned")
	c.look(staff.Officer, browsertest.Ask[string](b, "location.pathname"), "measure")
	b.Open("/accounts?lang=en")
	b.Open("/links/mint")
	b.Put("#purpose-of-link", "verification")
	b.Fill("#account", holder)
	b.Press(".do button", ".once")
	if said := b.Text(); !strings.Contains(said, "/link#") {
		t.Errorf("the page of a new link says %s", said)
	}
	b.Look("link-made", browsertest.In("en")...)
}

// TestPagesOfConsent follows a consent through its pages, and asks why a use would be refused.
func TestPagesOfConsent(t *testing.T) {
	c := town(t)
	b := c.tab(staff.Officer)
	b.Open("/consents/ask?lang=en")
	b.Fill("#account", holder)
	b.Put("#person", "adult")
	b.Put("#notice-language", "zh")
	b.Fill("#requester-name", "Studio")
	b.Fill("#why-asked", "A poster.")
	b.Click(`[name=modality][value=face]`)
	b.Fill("#purpose", "advert")
	b.Put("#valid-until", time.Now().AddDate(0, 6, 0).Format("2006-01-02"))
	b.Press(".do button", ".events")
	consent := browsertest.Ask[string](b, "location.pathname")
	b.Says("Asked for", "What was asked for", "advert")
	lacks(t, b, "What holds")
	b.Open(consent + "/claim")
	b.Press(".do button", ".events")
	b.Says("What holds")
	b.Open(consent + "/withdraw")
	b.Says("consent.withdrawn", "its tokens are revoked")
	b.Press(".do button", ".events")
	b.Says("Withdrawn", "What was deleted", "What held until it ended")
	lacks(t, b, "What holds")
	c.look(staff.Officer, consent, "consent")

	b.Open("/admission?lang=en")
	b.Fill("#account", holder)
	b.Put("#act", "use")
	b.Fill("#function", "portrait-swap")
	b.Press("form.sheet .do button", ".ruling")
	b.Says("It would be refused", "Consent of those depicted")
	b.Look("admission", browsertest.In("en")...)
}

// TestTwoPeopleDecide imports a verification and closes the account: both wait for another person, and whoever proposed them
// can't agree.
func TestTwoPeopleDecide(t *testing.T) {
	c := town(t)
	b := browsertest.New(t, "http://"+c.address)
	sit := func(session string) {
		browsertest.Call(b, network.SetCookie, network.SetCookieParams{Name: c.server.roster.SessionCookie(false).Name, Value: session, URL: "http://" + c.address + "/"})
	}
	two := func(thing, step, waits, done string) {
		sit(c.first)
		b.Open(thing + "/" + step)
		b.Press(".do button", ".problem")
		b.Open(thing)
		b.Says(waits)
		sit(c.second)
		b.Open(thing + "/" + step)
		b.Press(".do button", ".facts")
		b.Says(done)
	}
	file := filepath.Join(t.TempDir(), "verified.csv")
	if err := os.WriteFile(file, []byte("account,level,method,provider,transaction,verified,minor\nclosed-by-two,two-factor,resident-id,own-registration,closed-by-two-1,"+time.Now().UTC().Format(time.DateOnly)+",adult\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sit(c.first)
	b.Open("/imports/new?lang=en")
	b.Open("/imports/new")
	b.Upload("#file", file)
	b.Press(".do button", ".facts")
	two(browsertest.Ask[string](b, "location.pathname"), "approve", "Waits", "Taken over")

	sit(c.first)
	b.Open("/measures/take")
	b.Fill("#account", "closed-by-two")
	b.Put("#step", "close")
	b.Put("#fact", "repeated")
	b.Click(`[name=grounds][value=ds-10]`)
	b.Says("Closing: Nothing can be used or published any more.", "Deep Synthesis Provisions Art. 10")
	b.Press(".do button", ".notches")
	two(browsertest.Ask[string](b, "location.pathname"), "confirm", "Proposed", "In force")
}

// lacks fails where a page says what it should not.
func lacks(t *testing.T, b *browsertest.Tab, words ...string) {
	t.Helper()
	said := b.Text()
	for _, w := range words {
		if strings.Contains(said, w) {
			t.Errorf("the page says %q:\n%s", w, said)
		}
	}
}
