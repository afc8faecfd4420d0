package app

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/inspect"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	model "github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/staff"
)

// TestPlayground tries a prompt, a picture, a sound and a file, and reads what became of each, step by step.
func TestPlayground(t *testing.T) {
	t.Parallel()
	c := town(t)
	b := c.tab(staff.Officer)
	b.Open("/playground")
	b.Press(`a[href^="/playground/prepare"]`, "#uscc")
	b.Press("main form button", "main [role=status]")
	tryOut(b, model.Text, "text", "", "[sample?say=a+fine+day]")
	b.Says("a fine day")
	steps(t, b, "Passed", "Passed", "Passed", "Passed", "Passed", "Passed")
	for _, lang := range []string{"en", "zh"} {
		b.Open(browsertest.Ask[string](b, "location.pathname") + "?lang=" + lang)
		b.Look("trial-"+lang, browsertest.In(lang)...)
	}
	b.Open("/playground?lang=en")
	tryOut(b, model.Image, "picture", "", "a lake at dawn")
	steps(t, b, "Passed", "Passed", "Passed", "Not run", "Passed", "Passed")
	b.Says("Nobody looked at it", "PNG")
	tryOut(b, model.Sound, "sound", "", "good morning")
	steps(t, b, "Passed", "Passed", "Passed", "Not run", "Passed", "Passed")
	b.Says("WAV")
	file := filepath.Join(t.TempDir(), "made.jpg")
	c.must(os.WriteFile(file, jpegSample(t), 0o600))
	b.Open("/playground")
	b.Upload("#file", file)
	b.Press("main form button", ".trial")
	steps(t, b, "Passed", "Not run", "Not run", "Not run", "Passed", "Passed")
	b.Says("A file comes from a function already", "JPEG")
	c.look(staff.Officer, "/playground", "playground")
	c.look(staff.Officer, "/guide", "guide")
	if browsertest.Touring() {
		c.show()
	}
}

// show takes the pictures of README.md that are of more than one newcomer has.
func (c *city) show() {
	b := c.tab(staff.Officer)
	for path, name := range map[string]string{"/": "overview", "/policies/own-1": "policy"} {
		b.Open(path)
		b.Tour(name, "body")
	}
	reviewer := c.tab(staff.Reviewer)
	reviewer.Open("/review")
	reviewer.Tour("review", "body")
	_, marked := c.ask("POST", "/v1/artefacts?function=other&return=content&name=made.jpg", jpegSample(c.T), http.StatusCreated, "Colophon-Account", "holder-4711%40example.cn")
	file := filepath.Join(c.T.TempDir(), "made.jpg")
	c.must(os.WriteFile(file, marked, 0o600))
	anybody := c.tab(nobody)
	for _, lang := range []string{"zh", "en"} {
		anybody.As(browsertest.Appearance{Scheme: "light", Width: 1280})
		anybody.Open("/check?lang=" + lang)
		anybody.Do("choosing a file", chromedp.SetUploadFiles(chromedp.CSS("[data-file]"), []string{file}, chromedp.NodeReady))
		anybody.Wait("[data-outcome]:not([hidden])")
		anybody.Shoot("check-"+lang, "body")
	}
}

// tryOut has the playground try a prompt, and shows what becomes of it.
func tryOut(b *browsertest.Tab, model, kind, function, prompt string, consents ...string) {
	b.Open("/playground")
	b.Put("#model", model)
	b.Put("#function", function)
	b.Click(chromedp.CSS("[name=kind][value=" + kind + "]"))
	b.Fill("#prompt", prompt)
	if len(consents) > 0 {
		b.Click("main details summary")
		b.Fill("#purpose", "advert")
		b.Fill("#consent-tokens", strings.Join(consents, " "))
	}
	b.Press("main form button", ".trial")
}

// steps wants the steps of a trial to have come out so.
func steps(t *testing.T, b *browsertest.Tab, want ...string) {
	t.Helper()
	if got := browsertest.Ask[[]string](b, `[...document.querySelectorAll('.trial h2 .state')].map(e => e.textContent.trim())`); !slices.Equal(got, want) {
		t.Errorf("the steps are %q, want %q:\n%s", got, want, b.Text())
	}
}

// conditions are the conditions that a trial lists at its admission, each behind its verdict.
func conditions(b *browsertest.Tab) string {
	return browsertest.Ask[string](b, `[...document.querySelectorAll('.looked li')].map(e => e.textContent).join('\n')`)
}

// newcomer is somebody who goes the way of docs/tour.md.
type newcomer struct {
	*deployment
	b *browsertest.Tab
}

// TestNewcomer goes the way of docs/tour.md by pages, in under five minutes: from the set-up link to a marked picture whose
// bundle is verified without the server, a face swap that is refused, a consent that is given before a camera, and a function
// that is stopped and released.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	began := time.Now()
	d := deploy(t, map[string]string{"listen": freeAddress(t), "admission": "on", "sample-model": "on", "starter-library": "on", "provider-name": "Studio", "provider-contact": "privacy@studio.example"})
	n := &newcomer{d, browsertest.New(t, "http://"+d.address)}
	n.guide()
	n.picture()
	n.swap()
	n.stopFunction()
	if took := time.Since(began); took > 5*time.Minute {
		t.Errorf("the walk took %s", took)
	}
}

// freeAddress is one that nobody listens at, for a server whose pages show its address, which has to be known before the start.
func freeAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return free.Addr().String()
}

// guide follows the first steps: a service, a live function, an account, a key.
func (n *newcomer) guide() {
	b := n.b
	token, err := n.server.OpenSetUp(n.Context())
	n.must(err)
	b.Open("/set-up#" + token)
	b.Fill("#login", "officer")
	b.Fill("#password", officerPhrase)
	b.Fill("#again", officerPhrase)
	b.Press("main form button", ".menu")
	b.Open("/guide")
	b.Says("COLOPHON_PROVIDER_NAME", "privacy@studio.example")
	b.Tour("tour-1-guide", "body")
	b.Fill("#service-identifier", "studio")
	b.Fill("#service-name-zh", "工作室")
	b.Fill("#service-name-en", "Studio")
	b.Fill("#service-service-address", "https://studio.example")
	b.Press("#service form button", "#service.done")
	b.Put("#function-model", model.Image)
	b.Fill("#function-identifier", "paint-1")
	b.Fill("#function-name-zh", "绘画")
	b.Fill("#function-name-en", "Painting")
	b.Press("#function form button", `a[href="/functions/paint-1/change"]`)
	b.At("/functions/paint-1")
	for _, condition := range []string{"agreement", "filing"} {
		b.Open("/functions/paint-1/waive?condition=" + condition)
		b.Fill("#reason", "to see it at work")
		b.Put("#waived-until", time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02T15:04"))
		b.Press("main form button", "main [role=status]")
	}
	b.Open("/guide")
	b.Says("Painting")
	if browsertest.Ask[bool](b, `!!document.querySelector('#function.done')`) {
		n.T.Error("the guide calls a function done that is not live")
	}
	b.Open("/functions/paint-1/live")
	b.Press("main form button", "main [role=status]")
	b.Tour("tour-2-function", "body")
	b.Open("/guide")
	b.Wait("#function.done")
	b.Press("#account a", "#uscc")
	b.Press("main form button", "main [role=status]")
	b.Open("/guide")
	b.Press("#key form button", ".secret")
	n.key = strings.TrimSpace(browsertest.Ask[string](b, `document.querySelector('.secret').textContent`))
	use := browsertest.Ask[string](b, `document.querySelector('#use').textContent`)
	said, err := exec.CommandContext(n.Context(), "sh", "-c", strings.Replace(use, "curl", mediatest.Tool(n.T, "curl"), 1)).Output()
	n.must(err)
	var made struct {
		Data []struct {
			Number string `json:"content_number"`
		}
	}
	n.must(json.Unmarshal(said, &made))
	if len(made.Data) != 1 || made.Data[0].Number == "" {
		n.T.Errorf("the line that the guide gives answers %.300s", said)
	}
}

// picture makes a marked picture, and verifies its bundle without the server.
func (n *newcomer) picture() {
	b := n.b
	b.Open("/guide")
	b.Wait("#key.done")
	if browsertest.Ask[bool](b, `!document.querySelector('#picture.done')`) {
		b.Press("#picture form button", ".trial")
	} else {
		tryOut(b, model.Image, "picture", "paint-1", "A lighthouse at dawn")
	}
	steps(n.T, b, "Passed", "Passed", "Passed", "Not run", "Passed", "Passed")
	if said := b.Text(); strings.Contains(said, "Refused") || !strings.Contains(said, "Nobody looked at it") {
		n.T.Errorf("the trial of the first picture says %s", said)
	}
	b.Tour("tour-3-trial", ".trial")
	b.Press(`.ways a[href^="/content/"]`, ".facts")
	content := browsertest.Ask[string](b, "location.pathname")
	for _, lang := range []string{"zh", "en"} {
		if !browsertest.Touring() {
			break
		}
		b.Open(content + "?lang=" + lang)
		b.Press("[data-look] button", "[data-unveil]")
		b.Click("[data-unveil]")
		b.Shoot("tour-4-content-"+lang, "body")
	}
	b.Open("/guide")
	b.Wait("#picture.done")
	b.Says("Everything is set up.")

	b.Open(content + "/bundle")
	bundle, err := base64.StdEncoding.DecodeString(browsertest.Ask[string](b, `(async () => {
  for (;;) { // the log has the records soon
    const form = document.querySelector('main form'), answer = await fetch(form.action, {method: 'POST', body: new URLSearchParams(new FormData(form))});
    if (answer.headers.get('Content-Type') === 'application/zip') return btoa(Array.from(new Uint8Array(await answer.arrayBuffer()), (c) => String.fromCharCode(c)).join(''));
    await new Promise((next) => setTimeout(next, 300));
  }
})()`))
	n.must(err)
	dir := n.T.TempDir()
	_, key := n.ask("GET", "/v1/log/key", nil, http.StatusOK)
	n.must(os.WriteFile(filepath.Join(dir, "bundle.zip"), bundle, 0o600))
	n.must(os.WriteFile(filepath.Join(dir, "log.pub"), key, 0o600))
	var out, problems bytes.Buffer
	if exit := inspect.Main([]string{filepath.Join(dir, "bundle.zip"), "--key", filepath.Join(dir, "log.pub"), "--lang", "en"}, inspect.World{Stdout: &out, Stderr: &problems, Getenv: func(string) string { return "" }}); exit != inspect.ExitPassed {
		n.T.Errorf("exit %d: %s %s", exit, &out, &problems)
	}
}

// swap is refused a face swap, has the person depicted agree before a camera, and is not refused for that any more.
func (n *newcomer) swap() {
	b := n.b
	b.Open("/guide")
	b.Click("#function details summary")
	b.Put("#function-kind", "face-swap")
	b.Put("#function-model", model.Image)
	b.Fill("#function-identifier", "portrait-swap")
	b.Fill("#function-name-zh", "换脸")
	b.Fill("#function-name-en", "Face swap")
	b.Press("#function form button", `a[href="/functions/portrait-swap/change"]`)
	tryOut(b, model.Image, "picture", "portrait-swap", "two friends at a lake")
	steps(n.T, b, "Refused", "Not run", "Not run", "Not run", "Not run", "Not run")
	if said := conditions(b); !strings.Contains(said, "Failed Consent of those depicted") || !strings.Contains(said, "Failed Impact assessment") {
		n.T.Errorf("the conditions of a face swap are %s", said)
	}
	b.Tour("tour-5-refused", ".trial")

	b.Open("/consents/ask")
	b.Fill("#account", "colophon-playground")
	b.Put("#person", "adult")
	b.Put("#notice-language", "en")
	b.Fill("#requester-name", "Studio")
	b.Fill("#why-asked", "A poster.")
	b.Click(`[name=modality][value=face]`)
	b.Fill("#purpose", "advert")
	b.Fill("#functions", "portrait-swap")
	b.Put("#valid-until", time.Now().AddDate(0, 6, 0).Format("2006-01-02"))
	b.Press(".do button", ".events")
	consent := browsertest.Ask[string](b, "location.pathname")
	b.Open(consent + "/link")
	b.Press(".do button", ".secret")
	_, link, found := strings.Cut(browsertest.Ask[string](b, `document.querySelector('.secret').textContent`), "#")
	if !found {
		n.T.Fatal("the page of the link shows none")
	}
	n.agree(link)
	b.Open(consent)
	b.Says("Given", "Recorded", "What holds")
	b.Tour("tour-7-consent", "body")
	b.Open(consent + "/mint")
	b.Fill("#function", "portrait-swap")
	b.Press(".do button", ".secret")
	tryOut(b, model.Image, "picture", "portrait-swap", "two friends at a lake", browsertest.Ask[string](b, `document.querySelector('.secret').textContent`))
	if said := conditions(b); !strings.Contains(said, "Passed Consent of those depicted") {
		n.T.Errorf("with a consent the conditions of a face swap are %s", said)
	}
}

// agree is what the person depicted does, with a browser of their own.
func (n *newcomer) agree(link string) {
	b := browsertest.New(n.T, n.b.Origin)
	b.Open("/link#" + link)
	b.Press("main form button", "#answer")
	b.Press(`[formaction="/consent/phrase"]`, "[data-start]")
	b.Press("[data-start]", `[data-state="recording"]`)
	b.Shoot("tour-6-agree-en", "#record")
	browsertest.Ask[bool](b, `new Promise((done) => {
  const view = document.querySelector('[data-view]');
  const look = () => view.currentTime > 1.8 ? done(true) : requestAnimationFrame(look);
  look();
})`)
	b.Press("[data-stop]", `[data-state="done"]`)
	b.Press(`#answer button[value="give"]`, ".secret")
}

// stopFunction stops a function by holding the button, sees it refused, and has it released by two people.
func (n *newcomer) stopFunction() {
	b := n.b
	b.Open("/orders/stop?scope=function")
	b.Press(`.stop-choices a[href*="paint-1"]`, ".stop-form")
	b.Fill("#reason", "to see it")
	b.Tour("tour-8-stop", "body")
	b.Put("#reason", "to see it")
	spot := browsertest.Ask[[]float64](b, `(() => { const e = document.querySelector('.stop-button'); e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()`)
	browsertest.Call(b, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMousePressed, X: spot[0], Y: spot[1], Button: input.MouseButtonLeft, ClickCount: 1})
	b.Wait("[data-nodes] code")
	order := browsertest.Ask[string](b, "location.pathname")
	b.Tour("tour-9-order", "body")
	tryOut(b, model.Image, "picture", "paint-1", "A lighthouse at dawn")
	steps(n.T, b, "Refused", "Not run", "Not run", "Not run", "Not run", "Not run")
	if said := conditions(b); !strings.Contains(said, "Failed Control orders") {
		n.T.Errorf("the conditions of a stopped function are %s", said)
	}

	b.Open(order + "/release")
	b.Fill("#reason", "seen")
	b.Press("main form button", "main [role=status]")
	other := n.colleague()
	other.Open(order + "/confirm")
	other.Fill("#reason", "seen indeed")
	other.Press("main form button", "main [role=status]")
	within(n.T, func() bool { return len(n.server.watch.Board().Orders()) == 0 })
	tryOut(b, model.Image, "picture", "paint-1", "A lighthouse at dawn")
	steps(n.T, b, "Passed", "Passed", "Passed", "Not run", "Passed", "Passed")
}

// colleague is a second officer, with a browser of their own.
func (n *newcomer) colleague() *browsertest.Tab {
	from := staff.Attempt{Source: netip.MustParseAddr("127.0.0.1")}
	opened, err := n.server.roster.SignIn(n.Context(), "officer", officerPhrase, from)
	n.must(err)
	_, token, err := n.server.roster.Create(n.Context(), opened.Account.Actor(), "second.officer", []staff.Role{staff.Officer})
	n.must(err)
	_, err = n.server.roster.Accept(n.Context(), token, officerPhrase, from)
	n.must(err)
	b := browsertest.New(n.T, n.b.Origin)
	cookie := n.server.roster.SessionCookie(false)
	browsertest.Call(b, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: (&hands{deployment: n.deployment}).signIn("second.officer"), URL: n.b.Origin + "/"})
	return b
}
