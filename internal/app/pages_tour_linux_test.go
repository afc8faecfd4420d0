package app

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/inspect"
	model "github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/staff"
)

// TestPlayground tries a prompt and reads what became of it, step by step, in both languages.
func TestPlayground(t *testing.T) {
	t.Parallel()
	c := town(t)
	b := c.tab(staff.Officer)
	b.Open("/playground")
	b.Press(`a[href^="/playground/prepare"]`, "#uscc")
	b.Press("main form button", "main [role=status]")
	b.Put("#model", model.Text)
	b.Fill("#prompt", "[sample?say=a+fine+day]")
	b.Press("main form button", ".trial")
	b.Says("a fine day", "Passed")
	for _, lang := range []string{"en", "zh"} {
		b.Open(browsertest.Ask[string](b, "location.pathname") + "?lang=" + lang)
		b.Look("trial-"+lang, browsertest.In(lang)...)
	}
	c.look(staff.Officer, "/playground", "playground")
	c.look(staff.Officer, "/guide", "guide")
}

// TestNewcomer goes the way of docs/tour.md: from the set-up link to a marked picture whose bundle is verified without the
// server, and a stop.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	d := deploy(t, map[string]string{"admission": "on", "sample-model": "on", "starter-library": "on", "provider-name": "Studio"})
	token, err := d.server.OpenSetUp(t.Context())
	d.must(err)
	b := browsertest.New(t, "http://"+d.address)
	b.Open("/set-up#" + token)
	b.Fill("#login", "officer")
	b.Fill("#password", officerPhrase)
	b.Fill("#again", officerPhrase)
	b.Press("main form button", ".menu")
	b.Open("/guide")
	b.Picture("tour-guide")
	b.Fill("#service-identifier", "studio")
	b.Fill("#service-name-zh", "工作室")
	b.Fill("#service-name-en", "Studio")
	b.Fill("#service-service-address", "https://studio.example")
	b.Press("#service form button", "#service.done")
	b.Fill("#function-identifier", "paint-1")
	b.Fill("#function-name-zh", "绘画")
	b.Fill("#function-name-en", "Painting")
	b.Press("#function form button", ".facts")
	b.At("/functions/paint-1")
	b.Open("/guide")
	b.Press("#account a", "#uscc")
	b.Press("main form button", "main [role=status]")
	b.Open("/guide")
	b.Press("#key form button", ".secret")
	d.key = strings.TrimSpace(browsertest.Ask[string](b, `document.querySelector('.secret').textContent`))
	b.Open("/guide")
	b.Press("#picture form button", ".trial")
	b.Picture("tour-trial")
	number := browsertest.Ask[string](b, `document.querySelector('.ways a[href^="/content/"]').pathname.split('/').pop()`)
	b.Open("/guide")
	b.Wait("#picture.done")
	b.Says("Everything is set up.")

	dir := t.TempDir()
	bundle := d.until("/v1/artefacts/"+number+"/bundle", func(status int, _ []byte) bool { return status == http.StatusOK })
	_, key := d.ask("GET", "/v1/log/key", nil, http.StatusOK)
	d.must(os.WriteFile(filepath.Join(dir, "bundle.zip"), bundle, 0o600))
	d.must(os.WriteFile(filepath.Join(dir, "log.pub"), key, 0o600))
	var out, problems bytes.Buffer
	if exit := inspect.Main([]string{filepath.Join(dir, "bundle.zip"), "--key", filepath.Join(dir, "log.pub"), "--lang", "en"}, inspect.World{Stdout: &out, Stderr: &problems, Getenv: func(string) string { return "" }}); exit != inspect.ExitPassed {
		t.Errorf("exit %d: %s %s", exit, &out, &problems)
	}

	h := &hands{deployment: d}
	h.as(h.signIn("officer"), "POST", "/v1/orders", object{"scope": "publish", "action": "stop", "basis": "own", "reference": "1", "reason": "to see it"}, 201, nil)
	within(t, func() bool { return len(d.server.watch.Board().Orders()) > 0 })
	b.Open("/playground")
	b.Put("#model", model.Text)
	b.Fill("#prompt", "Hello")
	b.Press("main form button", ".trial")
	b.Says("Refused")
}
