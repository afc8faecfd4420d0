package app

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"

	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/httpapi"
)

// TestHeard goes the way of the second part of docs/tour.md by pages: a stranger says on a phone that a picture is a rumour, the
// staff takes the case and decides it, what is false is refuted for everybody, and the month counts it.
func TestHeard(t *testing.T) {
	t.Parallel()
	o := outsideOf(t)
	ctx, b := t.Context(), o.b
	var made httpapi.Artefact
	o.json(&made, "POST", "/v1/artefacts?function=other&name=a.jpg", scene(t), 201)
	number := string(made.Number)

	for _, lang := range []string{"zh", "en"} {
		b.As(phone())
		b.Open("/desk/rumour?lang=" + lang + "&number=" + number)
		b.Shoot("tour-10-complaint-"+lang, "body")
	}
	b.Fill("#text", "They pass it on as an explosion on the square. There was none.")
	b.Press("form[data-upload] .do button", ".slip")
	b.Says("We found the content in our records")
	code, pin := o.kept()
	id := o.only("rumour").ID

	staff := browsertest.New(t, "http://"+o.address)
	cookie := o.server.roster.SessionCookie(false)
	browsertest.Call(staff, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: o.second, URL: "http://" + o.address + "/"})
	staff.Open("/sign-in?lang=en")
	staff.Open("/cases")
	key(staff, "n", ".clock")
	staff.Says(number, "The number goes from 0 to 100")
	staff.Tour("tour-11-case", "body")
	staff.Open("/cases/" + id + "?lang=en")
	key(staff, "d", ".deciding")
	key(staff, "1", ".drafts [aria-current]")
	key(staff, "v", ".foreseen")
	key(staff, "d", ".notice[role=status]")

	one := o.client(o.first)
	d := square(number)
	d.Cases = []string{id}
	r := fine(one.DraftRefutation(ctx, d))(o.hands)
	r = fine(one.ProposeRefutation(ctx, r.ID))(o.hands)
	staff.Open("/rumours/" + r.ID + "/publish")
	staff.Press("main form button", ".facts")
	staff.Says("The refutation is published.")

	o.follow("en", code, pin)
	b.Says("What was brought forward is right.", "Appeal")
	everybody := browsertest.New(t, "http://"+o.address)
	everybody.Open("/welcome?lang=en")
	everybody.Open("/refutations/" + r.ID)
	everybody.Says(d.Claim.EN, "The police report of that evening", "Police report")
	everybody.Tour("tour-12-refutation", "body")
	everybody.Open("/welcome?lang=en")
	everybody.Open("/desk/figures")
	if counted := browsertest.Ask[[]string](everybody, `[...document.querySelectorAll('.figures dd')].slice(0, 1).map(e => e.textContent.trim())`); strings.Join(counted, "") != "1" {
		t.Errorf("%q cases came in", counted)
	}
	everybody.Tour("tour-13-figures", "body")

	staff.Open("/figures")
	staff.Press(`.figures a[href*="step=decided"]`, "#list")
	if n := browsertest.Ask[[]string](staff, `[...document.querySelectorAll('#list tbody tr')].map(r => r.cells[0].querySelector('a').getAttribute('href'))`); len(n) != 1 || n[0] != "/cases/"+id {
		t.Errorf("the number of cases that were decided leads to %q", n)
	}
}
