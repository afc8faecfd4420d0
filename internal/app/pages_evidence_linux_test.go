package app

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/inspect"
	"github.com/colophon-project/colophon/staff"
)

// TestStopControl gives an order by holding the button, sees a node obey, and ends the order by two people.
func TestStopControl(t *testing.T) {
	t.Parallel()
	c := town(t)
	b := c.tab(staff.Officer)
	b.Open("/orders/stop")
	b.Press(`a[href$="scope=template"]`, "#target")
	b.Fill("#target", "masquerade")
	b.Press("main form button", ".stop-form")
	b.Says("There is no such thing here", "Items of the last 24 hours", "order.issued")
	b.Fill("#reason", "a test of the stop control")
	b.Fill("#confirm", "carnival")
	b.Press(".stop-button", ".problem")
	b.Says("masquerade")
	browsertest.Ask[bool](b, `new Promise((loaded) => document.readyState === 'complete' ? loaded(true) : addEventListener('load', () => loaded(true)))`)
	browsertest.Ask[bool](b, `(() => { const f = document.querySelector('#confirm'); f.value = ''; f.required = true; document.querySelector('.stop-button').scrollIntoView({block: 'center'}); return true })()`)
	spot := browsertest.Ask[[]float64](b, `(() => { const r = document.querySelector('.stop-button').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()`)
	browsertest.Call(b, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMousePressed, X: spot[0], Y: spot[1], Button: input.MouseButtonLeft, ClickCount: 1})
	b.Wait("[data-nodes] code")
	b.Says("In force", "masquerade")
	order := browsertest.Ask[string](b, "location.pathname")
	b.Open(order)
	b.Wait("[data-live]:not([hidden])")
	c.look(staff.Officer, order, "order")

	b.Open(order + "/release")
	b.Fill("#reason", "over")
	b.Press("main form button", "main [role=status]")
	b.Open(order + "/confirm")
	b.Fill("#reason", "by the same person")
	b.Press("main form button", ".problem")
	other := c.tab(staff.Engineer)
	other.Open(order + "/confirm")
	other.Fill("#reason", "over indeed")
	other.Press("main form button", "main [role=status]")
	other.Says("Ended")

	c.look(staff.Officer, "/orders/stop", "stop-1")
	c.look(staff.Officer, "/orders/stop?scope=function", "stop-2")
	c.look(staff.Officer, "/orders/stop?scope=everything", "stop-3")
}

// TestEvidencePages opens a record, checks the log, draws a sample, holds and erases, and reads the network log.
func TestEvidencePages(t *testing.T) {
	t.Parallel()
	c := town(t)
	one := c.client(c.first)
	fine(one.AttestAccount(t.Context(), api.Attestation{Account: "ev-1", Level: "two-factor", Method: "resident-id", Provider: "own-registration", Transaction: "ev-1", At: time.Now().UTC(),
		Claim: &api.Claim{Kind: "resident-id", Number: holderNumber, Name: holderName}}))(c.hands)
	subject := fine(one.FindAccount(t.Context(), "ev-1"))(c.hands)
	b := c.tab(staff.Officer)
	b.Open("/records?type=artefact.marked")
	b.Press("#list tbody a", ".verdict")
	b.Says("The record is in the log", "fingerprint leads to the signed root")
	c.look(staff.Officer, browsertest.Ask[string](b, "location.pathname"), "record")
	b.Open(browsertest.Ask[string](b, "location.pathname") + "/open?lang=en")
	b.Press("main form button", ".verdict.passed")
	b.Says("The payload fits its commitment", `"number"`)
	b.Look("opened", browsertest.In("en")...)
	b.Open("/audit?type=record.read")
	b.Says("A record was opened", "Officer")

	b.Open("/evidence/check")
	b.Press("main form button", ".verdict")
	b.Says("log, store and signature agree", "Nothing.")
	b.Look("logcheck", browsertest.In("en")...)
	b.Open("/evidence/sample")
	b.Fill("#seed", "inspection")
	b.Press("main form button", ".verdict.passed")
	b.Says("Exactly the records that the seed selects")
	b.Look("sample", browsertest.In("en")...)

	b.Open("/holds/new?subject=" + subject)
	b.Press("main form button", "main [role=status]")
	hold := browsertest.Ask[string](b, "location.pathname")
	b.Open("/erasures/new")
	b.Fill("#own-account", "ev-1")
	b.Press("main form button", "#confirm")
	b.Says("a hold is lifted", "restricted")
	b.Look("erase", browsertest.In("en")...)
	b.Open(hold + "/lift")
	b.Press("main form button", "main [role=status]")
	b.Open("/erasures/new")
	b.Fill("#own-account", "ev-1")
	b.Press("main form button", "#confirm")
	b.Fill("#confirm", subject[len(subject)-6:])
	b.Press("main form button", "main [role=status]")
	b.Says(subject, "Restricted until")

	a := c.tab(staff.Auditor)
	a.Open("/network-log")
	a.Fill("#reason", "a test of the network log")
	a.Press("main form button", "#lines")
	a.Says("This reading is recorded", "127.0.0.1")
	a.Look("network", browsertest.In("en")...)
	if at := browsertest.Ask[string](a, "location.href"); strings.Contains(at, "?") {
		t.Errorf("what was asked stands in the address: %s", at)
	}
}

// TestFormsOfEvidence takes the bundle of two items from its form and verifies it without the server, and has a job that was
// given up done once more.
func TestFormsOfEvidence(t *testing.T) {
	t.Parallel()
	c := town(t)
	one := c.client(c.first)
	w := newWalker(c.hands).as(c.session(staff.Officer))
	items, _, err := one.Artefacts(t.Context(), api.Listing{Filter: map[string][]string{"state": {"delivered"}}, Limit: 2})
	c.must(err)
	var bundle []byte
	within(t, func() bool { // as soon as the log covers them
		form := w.formsOf("", w.get("/evidence/bundle"))
		values, _ := fields(form[len(form)-1].body, map[string]string{"numbers": items[0].Number + "\n" + items[1].Number})
		res, err := w.http.PostForm(w.origin+"/evidence/bundle", values)
		c.must(err)
		defer res.Body.Close()
		bundle, err = io.ReadAll(res.Body)
		c.must(err)
		return res.StatusCode == http.StatusOK
	})
	dir := t.TempDir()
	_, key := c.ask("GET", "/v1/log/key", nil, http.StatusOK)
	c.must(os.WriteFile(filepath.Join(dir, "bundle.zip"), bundle, 0o600))
	c.must(os.WriteFile(filepath.Join(dir, "log.pub"), key, 0o600))
	var out, problems bytes.Buffer
	exit := inspect.Main([]string{filepath.Join(dir, "bundle.zip"), "--key", filepath.Join(dir, "log.pub"), "--lang", "en"}, inspect.World{Stdout: &out, Stderr: &problems, Getenv: func(string) string { return "" }})
	if exit != inspect.ExitPassed || !strings.Contains(out.String(), "files/00001 in a record") {
		t.Errorf("exit %d: %s %s", exit, &out, &problems)
	}

	var dead []api.Job
	within(t, func() bool {
		dead, _, _, err = one.Jobs(t.Context(), api.Listing{})
		c.must(err)
		return len(dead) > 0
	})
	at := "/jobs/" + dead[0].ID + "/retry"
	if status, _, body := w.offer(form{page: at, to: at}, nil); status != http.StatusSeeOther {
		t.Fatalf("%d: %s", status, body)
	}
	within(t, func() bool {
		now := fine(one.Job(t.Context(), dead[0].ID))(c.hands)
		return now.State == "done" || len(now.Troubles) > len(dead[0].Troubles)
	})
}

// TestEvidenceLooks looks at the lists and forms that have no story of their own.
func TestEvidenceLooks(t *testing.T) {
	t.Parallel()
	c := town(t)
	for _, page := range []string{"orders", "orders/drill", "evidence", "evidence/sample", "evidence/bundle", "records", "audit", "holds", "holds/new", "erasures", "jobs", "jobs?state=done", "settings", "design"} {
		c.look(staff.Officer, "/"+page, strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(page))
	}
	c.look(staff.Auditor, "/network-log", "network-log")
}
