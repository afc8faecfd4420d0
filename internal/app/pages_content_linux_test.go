package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/staff"
)

// pictured is a picture that was marked on the shared server, with its marked bytes.
func (c *city) pictured() (api.Artefact, []byte) {
	c.Helper()
	ctx, one := c.Context(), c.client(c.first)
	a := fine(one.Produce(ctx, api.Order{Function: "other", Account: "holder-4711@example.cn"}, bytes.NewReader(jpegSample(c.T))))(c.hands)
	content := fine(one.Content(ctx, a.Number))(c.hands)
	defer content.Close()
	var marked bytes.Buffer
	_, err := marked.ReadFrom(content)
	c.must(err)
	return a, marked.Bytes()
}

// deliveries are the channels by which content was handed out.
func (c *city) deliveries(ctx context.Context, number string) string {
	c.Helper()
	list, _, err := c.client(c.first).Deliveries(ctx, number, api.Listing{})
	c.must(err)
	var how []string
	for _, d := range list {
		how = append(how, d.How)
	}
	return strings.Join(how, " ")
}

// filtered is what a browser does to an element and all around it before it shows it.
func filtered(b *browsertest.Tab, selector string) string {
	return browsertest.Ask[string](b, `Promise.all(document.getAnimations().map((a) => a.finished)).then(() => {
  const list = [];
  for (let e = document.querySelector('`+selector+`'); e; e = e.parentElement) list.push(getComputedStyle(e).filter);
  return list.filter((f) => f !== 'none').join(' ');
})`)
}

// TestContentStory is somebody who has a file: it is found without being sent, looked at once, read back, and stopped.
func TestContentStory(t *testing.T) {
	c := town(t)
	a, marked := c.pictured()
	b := c.tab(staff.Officer)
	file := filepath.Join(t.TempDir(), "picture.jpg")
	c.must(os.WriteFile(file, marked, 0o600))

	b.Open("/content/find")
	b.Upload("[data-file]", file)
	b.Wait("#result table a")
	sum := sha256.Sum256(marked)
	if asked := browsertest.Ask[string](b, `new URLSearchParams(location.search).get('q')`); asked != hex.EncodeToString(sum[:]) {
		t.Errorf("it asked for %s", asked)
	}
	b.Says(a.Number)

	// A copy that was saved anew has another digest; its label names the content.
	c.must(os.WriteFile(file, append(bytes.Clone(marked), 0), 0o600))
	b.Open("/content/find")
	b.Upload("[data-file]", file)
	b.Wait("#result table a")
	b.Says(a.Number)

	b.Press("#result table tbody a", "[data-look] button")
	if how := c.deliveries(t.Context(), a.Number); how != "api" && how != "download" {
		t.Errorf("before anybody looked it was delivered by %q", how)
	}
	b.Click("[data-look] button")
	b.Wait("[data-frame] img")
	if !browsertest.Ask[bool](b, `document.querySelector('[data-shown]').classList.contains('veiled') && document.querySelector('[data-frame]').inert`) {
		t.Error("it is shown clearly before anybody asked")
	}
	if now := filtered(b, "[data-frame] img"); !strings.Contains(now, "blur") {
		t.Errorf("the picture is not blurred: %s", now)
	}
	b.Click("[data-unveil]")
	if now := filtered(b, "[data-frame] img"); now != "" {
		t.Errorf("something still hides the picture: %s", now)
	}
	if !browsertest.Ask[bool](b, `document.querySelector('[data-frame] img').decode().then(() => !document.querySelector('.veiled') && document.querySelector('[data-frame] img').naturalWidth > 0)`) {
		t.Error("the picture is not shown")
	}
	b.Click("[data-point]")
	if !browsertest.Ask[bool](b, `(r => r.width > 20 && r.height > 8)(document.querySelector('[data-mark]').getBoundingClientRect())`) {
		t.Error("the place of the notice is not pointed out")
	}
	b.Look("content-shown-en", browsertest.In("en")...)
	if how := c.deliveries(t.Context(), a.Number); !strings.HasSuffix(how, " console") || strings.Count(how, "console") != 1 {
		t.Errorf("one look made deliveries %q", how)
	}

	b.Open("/content/" + url.PathEscape(a.Number) + "/check")
	b.Press("main form button", ".facts .state.good")
	b.Says("Passed", a.Number)

	b.Open("/content/" + url.PathEscape(a.Number) + "/stop")
	b.Says("order.issued")
	b.Put("#basis", "own")
	b.Fill("#reason", "a story of a test")
	b.Press("main form button", "main .facts")
	b.Says(a.Number)
	within(t, func() bool { _, err := c.client(c.first).Content(t.Context(), a.Number); return err != nil })
}

// TestContentAccount finds the content of an account; the identifier stands in no address.
func TestContentAccount(t *testing.T) {
	c := town(t)
	b := c.tab(staff.Officer)
	b.Open("/content/find")
	b.Fill("#own-account", "holder-4711@example.cn")
	b.Press("#own-account ~ * button, form[method=post] .do button", "#list table")
	if at := browsertest.Ask[string](b, "location.href"); strings.Contains(at, "4711") || !strings.Contains(at, "subject=") {
		t.Errorf("the browser is at %s", at)
	}
}

// TestIntakeStory hands a file in on the page.
func TestIntakeStory(t *testing.T) {
	c := town(t)
	_, marked := c.pictured()
	b := c.tab(staff.Engineer)
	file := filepath.Join(t.TempDir(), "upload.jpg")
	c.must(os.WriteFile(file, marked, 0o600))
	b.Open("/intake/new")
	b.Upload("#file", file)
	b.Put("#declaration", "silent")
	b.Press("main form button", "main .around")
	b.Says("Generated", "Platform’s elements added")
	b.Open("/app-checks/new")
	b.Fill("#app", "com.example.app")
	b.Upload("#materials", file)
	b.Press("main form button", "main table")
	b.Says("com.example.app")
}

// TestWebhookStory adds a webhook, whose secret is shown once, and sends a test.
func TestWebhookStory(t *testing.T) {
	c := town(t)
	b := c.tab(staff.Engineer)
	hooks, err := c.client(c.first).Webhooks(t.Context())
	c.must(err)
	if len(hooks) == 0 {
		t.Fatal("there is no webhook")
	}
	b.Open("/webhooks/new")
	b.Fill("#address", "http://"+hooks[0].Host+"/another")
	b.Click("input[name=types][value=intake-taken]")
	b.Press("main form button", "main .secret")
	secret := browsertest.Ask[string](b, `document.querySelector('main .secret').textContent`)
	b.Press("main a.button", "main .facts")
	if !strings.HasPrefix(secret, "whsec_") || strings.Contains(b.Text(), secret) {
		t.Error("the secret is not shown exactly once")
	}
	b.Press(`a[href$="/test"]`, "main form")
	b.Says("webhook.queued")
	b.Press("main form button", "main .facts")
	b.Says("A test")
	b.Open("/webhooks")
	b.Says(hooks[0].Host)
}

// TestContentLooks looks at every page.
func TestContentLooks(t *testing.T) {
	c := town(t)
	a, _ := c.pictured()
	uploads, _, err := c.client(c.first).Intakes(t.Context(), api.Listing{Limit: 1})
	c.must(err)
	hooks, err := c.client(c.first).Webhooks(t.Context())
	c.must(err)
	at := "/content/" + url.PathEscape(a.Number)
	for path, name := range map[string]string{"/content": "content", "/content/find": "content-find", at: "content-one", at + "/stop": "content-stop", "/intake": "intake", "/intake/" + uploads[0].ID: "intake-one", "/webhooks": "webhooks", "/webhooks/" + hooks[len(hooks)-1].ID: "webhook-one"} {
		c.look(staff.Officer, path, name)
	}
	c.look(staff.Engineer, "/app-checks/new", "app-check")
}
