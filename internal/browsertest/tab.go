// Package browsertest drives a real Chromium in tests: it opens pages, fills forms, presses buttons, and looks at pages as
// people do who can't see them well, have no mouse, or hold a phone.
//
// A [Tab] ends its test as soon as something can't be done, and says what the page shows. At the end of the test it fails for
// whatever the browser complained about: a script that broke, a file that was blocked.
//
// What not to do here: no waiting for time to pass, only for what a page shows. Nothing about one page in particular.
package browsertest

import (
	"context"
	"embed"
	"flag"
	"os"
	"path/filepath"
	"slices"
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

	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/npmtest"
)

const (
	life     = 4 * time.Minute  // of a tab
	patience = 20 * time.Second // for a page
)

// pictures is a folder for pictures of all pages, to look at.
var pictures = flag.String("pictures", "", "write a picture of each page into this folder")

//go:embed testdata/package.json testdata/package-lock.json
var lock embed.FS

// axe is the text of axe-core, which is put into the user's cache once for each state of the lock file.
var axe = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "axe-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := lock.ReadFile("testdata/" + name)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return "", err
		}
	}
	dir, err := npmtest.Install("axe", folder)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	return string(text), err
})

// Tab is a tab of the browser, which has a camera and a microphone that are made up.
type Tab struct {
	Ctx      context.Context // for chromedp
	Origin   string          // of the pages; paths are below it
	t        *testing.T
	mu       sync.Mutex
	problems []string // what the browser complained about
}

// program is the browser that all tabs of a test program share, each with a profile of its own: to start one takes a second.
var program struct {
	sync.Mutex
	ctx  context.Context // nil until the first tab
	ends []func()
}

// begin returns the shared browser, whose language is English.
func begin(t *testing.T) context.Context {
	t.Helper()
	program.Lock()
	defer program.Unlock()
	if program.ctx != nil {
		return program.ctx
	}
	folder, err := os.MkdirTemp("", "browser-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(mediatest.Tool(t, "chromium-headless-shell")), chromedp.NoSandbox,
		chromedp.UserDataDir(folder), chromedp.Flag("lang", "en"), chromedp.Env("LANGUAGE=en"),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(ctx)
	program.ends = append(program.ends, func() { os.RemoveAll(folder) }, stop, end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	program.ctx = ctx
	return ctx
}

// Close ends the browser that the tabs share; TestMain calls it when all tests have ended.
func Close() {
	program.Lock()
	defer program.Unlock()
	for _, end := range slices.Backward(program.ends) {
		end()
	}
	program.ctx, program.ends = nil, nil
}

// New opens a tab with a profile of its own; it ends with the test.
func New(t *testing.T, origin string) *Tab {
	t.Helper()
	b := &Tab{Origin: origin, t: t}
	ctx, end := chromedp.NewContext(begin(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	var cancel context.CancelFunc
	b.Ctx, cancel = context.WithTimeout(ctx, life)
	t.Cleanup(cancel)
	Call(b, cdplog.Enable, cdp.Empty{})
	Call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // as if no other tab had the focus
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, p := range b.problems {
			t.Errorf("the browser says: %s", p)
		}
	})
	return b
}

// listen keeps what the browser complains about.
func (b *Tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		if e.Entry.Level != cdplog.EntryLevelVerbose && !strings.Contains(e.Entry.Text, "server responded with a status") { // error pages are wanted
			b.problems = append(b.problems, e.Entry.Text)
		}
	}
}

// Forgive forgets complaints that the test expects: those with a word in them.
func (b *Tab) Forgive(word string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var rest []string
	for _, p := range b.problems {
		if !strings.Contains(p, word) {
			rest = append(rest, p)
		}
	}
	b.problems = rest
}

// Check ends the test when the browser could not do something, and says what it shows.
func (b *Tab) Check(doing string, err error) {
	b.t.Helper()
	if err != nil {
		body, _ := chromedp.Run(b.Ctx, chromedp.Evaluate[string](`location.href + '\n' + document.body.innerText`))
		b.t.Fatalf("%s: %v\n%s", doing, err, body)
	}
}

// Do does steps of chromedp, with patience.
func (b *Tab) Do(doing string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, patience)
	defer cancel()
	b.Check(doing, chromedp.Do(ctx, steps...))
}

// Call sends a command of the DevTools protocol.
func Call[P, R any](b *Tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := chromedp.Call(b.Ctx, command, params)
	b.Check(command.Method, err)
	return r
}

// Ask evaluates an expression in the page, and waits for a promise.
func Ask[T any](b *Tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	b.Check("asking", err)
	return value
}

// Open opens a path.
func (b *Tab) Open(path string) {
	b.t.Helper()
	b.Do("opening "+path, chromedp.Navigate(b.Origin+path))
}

// Click clicks what a selector stands for.
func (b *Tab) Click(selector chromedp.CSS) {
	b.t.Helper()
	b.Do("clicking "+string(selector), chromedp.Click(selector))
}

// Press clicks what a selector stands for, and waits until what the next page shows is there. What the page showed before does
// not count, also where both pages have it.
func (b *Tab) Press(selector, next chromedp.CSS) {
	b.t.Helper()
	Ask[bool](b, `(document.querySelectorAll(`+strconv.Quote(string(next))+`).forEach(e => e.checkVisibility() && e.setAttribute("data-before", "")), true)`)
	b.Do("pressing "+string(selector), chromedp.Click(selector), chromedp.WaitVisible(":is("+next+"):not([data-before])"))
}

// Wait waits until something shows.
func (b *Tab) Wait(selector chromedp.CSS) {
	b.t.Helper()
	b.Do("waiting for "+string(selector), chromedp.WaitVisible(selector))
}

// Fill types text into a field, behind what it holds.
func (b *Tab) Fill(selector chromedp.CSS, text string) {
	b.t.Helper()
	b.Do("filling "+string(selector), chromedp.SendKeys(selector, text))
}

// Put replaces what a field holds, or chooses an option of a list by its value.
func (b *Tab) Put(selector chromedp.CSS, text string) {
	b.t.Helper()
	b.Do("putting into "+string(selector), chromedp.SetValue(selector, text))
}

// Upload chooses files of this machine for a field.
func (b *Tab) Upload(selector chromedp.CSS, files ...string) {
	b.t.Helper()
	b.Do("choosing a file for "+string(selector), chromedp.SetUploadFiles(selector, files))
}

// Shown waits until the page is loaded and painted. Before it is painted the browser drops keys.
func (b *Tab) Shown() {
	b.t.Helper()
	Ask[bool](b, `Promise.all([
  document.readyState === 'complete' || new Promise(done => addEventListener('load', done)),
  new Promise(done => new PerformanceObserver(list => list.getEntriesByName('first-contentful-paint').length > 0 && done()).observe({type: 'paint', buffered: true})),
]).then(() => true)`)
}

// At ends the test when the browser is anywhere else than at a path.
func (b *Tab) At(want string) {
	b.t.Helper()
	if address := Ask[string](b, "location.href"); address != b.Origin+want {
		b.t.Fatalf("the browser is at %s, want %s", address, want)
	}
}

// Text is what the main part of the page says.
func (b *Tab) Text() string {
	b.t.Helper()
	return Ask[string](b, `document.querySelector('main').innerText`)
}

// Says fails the test for each text that the main part of the page lacks.
func (b *Tab) Says(texts ...string) {
	b.t.Helper()
	said := b.Text()
	for _, want := range texts {
		if !strings.Contains(said, want) {
			b.t.Errorf("%s does not say %q:\n%s", Ask[string](b, "location.href"), want, said)
		}
	}
}

// Reach presses Tab until a control has the focus, and then a key, as somebody without a mouse does.
func (b *Tab) Reach(selector, key string) {
	b.t.Helper()
	for range 200 {
		if Ask[bool](b, `!!document.activeElement && document.activeElement.matches(`+"`"+selector+"`"+`)`) {
			b.Do("pressing a key on "+selector, chromedp.KeyEvent(key))
			return
		}
		b.Do("pressing Tab", chromedp.KeyEvent("\t"))
	}
	b.t.Fatalf("Tab does not reach %s at %s", selector, Ask[string](b, "location.href"))
}

// Authenticator gives the browser a device for passkeys.
func (b *Tab) Authenticator() webauthn.AuthenticatorID {
	b.t.Helper()
	Call(b, webauthn.Enable, webauthn.EnableParams{})
	return Call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}).AuthenticatorID
}
