package app

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/staff"
)

// TestPublicPages reads what is for everybody: the register, the rules and the log, down to the proof of an entry.
func TestPublicPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	b := c.tab(nobody)
	b.Open("/register?lang=en")
	b.Says("Assistant", "Filing number")
	b.Press(`a[href="/register/assistant"]`, "figure.method")
	b.Says("How its content is labelled")
	b.Open("/rules?lang=en")
	b.Press(".versions .now a", "article.text")
	b.Says("In force")
	b.Open("/log?lang=en")
	note := browsertest.Ask[string](b, "document.querySelector('.checkpoint pre').textContent")
	b.Fill("#entry", "3")
	b.Press("main form button", ".verdict.passed")
	b.Says("This entry is in the log, unchanged.")
	b.Open("/log?lang=en")
	b.Put("#earlier", note)
	b.Press("form[action^='/log#'] button", "[role=status] .reach")
	b.Says("Nothing was rewritten")
	for _, path := range []string{"/register", "/register/assistant", "/rules", "/log", "/log/3"} {
		c.look(nobody, path, "public"+strings.ReplaceAll(path, "/", "-"))
	}
}

// TestServicePages adds a service and a function, sees what keeps it from being live, waives that, and lets it go live.
func TestServicePages(t *testing.T) {
	t.Parallel()
	c := town(t)
	b := c.tab(staff.Officer)
	b.Open("/services/new")
	b.Fill("#id", "gallery")
	b.Fill("#name-zh", "画廊")
	b.Fill("#name-en", "Gallery")
	b.Fill(`[name="forms.address"]`, "https://gallery.example")
	b.Press("main form .do button", ".facts")
	b.Says("The service is in the register.", "https://gallery.example")
	b.Open("/functions/new?service=gallery")
	for id, text := range map[string]string{"id": "sketch", "name-zh": "速写", "name-en": "Sketch", "purpose-zh": "生成速写", "purpose-en": "makes sketches", "method-zh": "右下角文字", "method-en": "words in the corner"} {
		b.Fill(chromedp.CSS("#"+id), text)
	}
	b.Put("#kind", "image-generation")
	b.Put("#class", "other")
	b.Put("#notice-policy", "required")
	b.Put("#filing", "preparing")
	b.Fill(`[name="models.model"]`, "pencil")
	b.Put(`[name="models.own"]`, "yes")
	b.Press("main form .do button", ".checklist")
	b.Says("The function is in the register.", "Filing of the algorithm", "Not met")
	c.look(staff.Officer, "/functions/sketch", "function-unmet")
	b.Open("/functions/sketch?lang=en")
	b.Open("/functions/sketch/live")
	b.Says("so it will be refused")
	b.Open("/functions/sketch/waive?condition=filing")
	b.Fill("#reason", "a trial among ourselves")
	b.Put("#waived-until", time.Now().AddDate(0, 1, 0).Format("2006-01-02T15:04"))
	b.Press("main form .do button", ".checklist")
	b.Says("The condition is waived.", "Waived")
	b.Open("/functions/sketch/live")
	b.Press("main form .do button", ".checklist")
	b.Says("The function is live.")
	b.Open("/register/gallery?lang=en")
	b.Says("words in the corner")
	for path, name := range map[string]string{"/services": "services", "/services/gallery": "service", "/services/new": "service-new", "/functions": "functions", "/functions/sketch/change": "function-change"} {
		c.look(staff.Officer, path, name)
	}
}

// TestAgreementPages drafts a version of the rules; another officer sees what changed in colours and publishes it.
func TestAgreementPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	b := c.tab(staff.Engineer)
	b.Open("/agreements?lang=en")
	b.Open("/agreements/new?agreement-kind=platform-convention&audience=users")
	for _, lang := range []string{"zh", "en"} {
		b.Put(chromedp.CSS("#text-"+lang), strings.NewReplacer("{{", "“", "}}", "”").Replace(browsertest.Ask[string](b, "document.querySelector('#text-"+lang+"').value"))+"\n\nOne more rule.")
	}
	b.Fill("#agreement-reason", "one more rule")
	b.Press("main form .do button", ".text")
	path := browsertest.Ask[string](b, "location.pathname")
	b.Says("The draft is kept")
	b = c.tab(staff.Officer)
	b.Open(path + "?lang=en")
	b.Says("What changed since version")
	if browsertest.Ask[int](b, "document.querySelectorAll('.difference ins').length") == 0 {
		t.Error("nothing is shown as new")
	}
	c.look(staff.Officer, path, "agreement")
	b.Open(path + "/publish?lang=en")
	b.Open(path + "/publish")
	b.Says("takes the place of version")
	b.Put("#change-kind", "editorial")
	b.Press("main form .do button", ".text")
	b.Says("The version is published.")
	for path, name := range map[string]string{"/agreements": "agreements", "/agreements/new": "agreement-new", "/prompt": "prompt", "/prompt/showings": "prompt-showings"} {
		c.look(staff.Officer, path, name)
	}
}

// TestAssessmentPages writes an assessment, which its author can't approve and another officer does.
func TestAssessmentPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	b := c.tab(staff.Engineer)
	b.Open("/assessments?lang=en")
	b.Open("/assessments/new?function=voice-1")
	b.Click(`input[value="voice"]`)
	for _, name := range []string{"purpose", "method", "basis", "necessity", "scope", "storage", "retention"} {
		b.Put(chromedp.CSS("#assessed-"+name), "What is to be said of the "+name+".")
	}
	for name, text := range map[string]string{"data.data-kind": "recordings of voices", "data.source": "the speaker", "risks.risk": "imitation", "risks.effect": "loss of standing", "risks.measures": "consent\nlabels"} {
		b.Put(chromedp.CSS(`[name="`+name+`"]`), text)
	}
	b.Put("#residual", "low")
	b.Put("#conclusion", "acceptable")
	b.Put("#review-day", time.Now().AddDate(1, 0, 0).Format("2006-01-02"))
	b.Press("main form .do button", ".facts")
	path := browsertest.Ask[string](b, "location.pathname")
	b.Says("waits for another person's decision", "recordings of voices", "consent · labels")
	b = c.tab(staff.Officer)
	b.Open(path + "/approve?lang=en")
	b.Open(path + "/approve")
	b.Says("It counts until")
	b.Press("main form .do button", ".facts")
	b.Says("The assessment is approved.")
	for path, name := range map[string]string{"/assessments": "assessments", path: "assessment", "/assessments/new": "assessment-new"} {
		c.look(staff.Officer, path, name)
	}
}
