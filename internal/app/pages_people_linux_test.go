package app

import (
	"strings"
	"testing"
	"time"

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
	b.Says("Asked", "What was asked for", "advert")
	b.Open(consent + "/claim")
	b.Press(".do button", ".events")
	b.Open(consent + "/withdraw")
	b.Says("consent.withdrawn", "its tokens are revoked")
	b.Press(".do button", ".events")
	b.Says("Withdrawn", "What was deleted")
	c.look(staff.Officer, consent, "consent")

	b.Open("/admission?lang=en")
	b.Fill("#account", holder)
	b.Put("#act", "use")
	b.Fill("#function", "portrait-swap")
	b.Press("form.sheet .do button", ".ruling")
	b.Says("It would be refused", "Consent of those depicted")
	b.Look("admission", browsertest.In("en")...)
}
