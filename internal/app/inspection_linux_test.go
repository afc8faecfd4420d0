package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/browser"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/review/inspection"
	"github.com/colophon-project/colophon/stamp"
)

// filed is a filing number whose last digit is the one that follows from the others.
func filed(t *testing.T, first string) string {
	t.Helper()
	for _, last := range "0123456789" {
		if n, err := register.CheckFiling(first + string(last)); err == nil && n.Checked {
			return first + string(last)
		}
	}
	t.Fatal("no digit passes")
	return ""
}

// plainPicture is a picture.
func plainPicture(t *testing.T) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 320, 240))
	for i := range 320 * 240 {
		img.SetNRGBA(i%320, i/320, color.NRGBA{uint8(i % 253), uint8(i / 320), 120, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stampedAs is a file with notice and label, or with the label alone.
func stampedAs(t *testing.T, name string, file []byte, choice stamp.Choice) []byte {
	t.Helper()
	p := &stamp.Press{Unmarked: true}
	plan, err := p.Prepare(t.Context(), media.Memory(file), stamp.Request{Choice: choice, Label: label.Request{Options: label.Options{Name: name}, Fields: label.Fields{Label: label.Belongs, ContentProducer: trial, ProduceID: "number-" + name}}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := plan.Edit.Apply(&b, media.Memory(file)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// outcomeOf is the worst answer to a rule about a subject.
func outcomeOf(r *inspection.Report, subject, rule string) (worst inspection.Check) {
	weight := map[inspection.Outcome]int{inspection.Passed: 1, inspection.Untold: 2, inspection.Failed: 3}
	for _, s := range r.Subjects {
		for _, c := range s.Checks {
			if s.Name == subject && c.Rule == rule && weight[c.Outcome] > weight[worst.Outcome] {
				worst = c
			}
		}
	}
	return worst
}

// TestInspectFolder looks at good and bad files, of ours and of others, and writes the report in each format.
func TestInspectFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bare := plainPicture(t)
	put := func(name string, raw []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := stampedAs(t, "good.png", bare, stamp.Auto)
	put("good.png", good)
	put("bare.png", bare)
	put("unseen.png", stampedAs(t, "unseen.png", bare, stamp.None))
	put("cut.png", good[:len(good)/2])
	put("good.md", stampedAs(t, "good.md", []byte("Words about a lake.\n"), stamp.Auto))
	put("bare.md", []byte("Words about a lake.\n"))
	samples := os.Getenv("COLOPHON_SAMPLES")
	if samples != "" { // a file as a real service labels it, and one of a camera
		for from, to := range map[string]string{"labelled/doubao.png": "theirs.png", "media/IMG_0003.jpg": "camera.jpg"} {
			raw, err := os.ReadFile(filepath.Join(samples, from))
			if err != nil {
				t.Fatal(err)
			}
			put(to, raw)
		}
	}
	told := 0
	w := &Inspection{Press: &stamp.Press{}, Version: "test", Now: time.Now, Jobs: 2, Progress: func(done, _ int) { told = done }}
	r, err := w.Folder(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	const p, f, u = inspection.Passed, inspection.Failed, inspection.Untold
	want := map[[2]string]inspection.Outcome{{"good.png", "explicit-notice"}: p, {"good.png", "export-notice"}: p, {"good.png", "place-size"}: p, {"good.png", "implicit-label"}: p, {"good.png", "implicit-format"}: p, {"bare.png", "implicit-label"}: f, {"bare.png", "explicit-notice"}: u,
		{"unseen.png", "implicit-label"}: p, {"unseen.png", "export-notice"}: u, {"cut.png", "explicit-notice"}: u, {"good.md", "export-notice"}: p, {"bare.md", "export-notice"}: f, {"bare.md", "implicit-label"}: f}
	if samples != "" {
		want[[2]string{"theirs.png", "implicit-label"}], want[[2]string{"theirs.png", "explicit-notice"}], want[[2]string{"camera.jpg", "implicit-label"}] = p, u, f
	}
	for key, outcome := range want {
		if c := outcomeOf(r, key[0], key[1]); c.Outcome != outcome {
			t.Errorf("%v: %s %s %v, want %s", key, c.Outcome, c.Code, c.Args, outcome)
		}
	}
	if r.Outcome != f || told != len(r.Subjects) || len(r.Pictures) == 0 {
		t.Errorf("%s after %d of %d, %d pictures", r.Outcome, told, len(r.Subjects), len(r.Pictures))
	}
	for _, language := range []locale.Language{locale.Chinese, locale.English} {
		for format, begins := range map[media.Format]string{media.HTML: "<!doctype html>", media.DOCX: "PK", media.PDF: "%PDF-"} {
			raw, err := InspectionPaper(r, strings.Repeat("0", 64), language, format)
			if err != nil || !strings.HasPrefix(strings.ToLower(string(raw)), strings.ToLower(begins)) {
				t.Errorf("%s %s: %.40q %v", language, format, raw, err)
			}
			if dir := os.Getenv("INSPECTION_PAPERS"); dir != "" {
				os.WriteFile(filepath.Join(dir, fmt.Sprintf("inspection-%s.%s", language, format)), raw, 0o600)
			}
		}
	}
}

// showcase is a site that shows a number in one way on each page.
func showcase(t *testing.T, number, other string) *httptest.Server {
	t.Helper()
	bare := plainPicture(t)
	good := stampedAs(t, "good.png", bare, stamp.Auto)
	mux := http.NewServeMux()
	foot := func(style, number string) string {
		return `<main><h1>A studio</h1></main><footer style="margin-top:40px"><p style="` + style + `">网信算备` + number + `号 <a href="/public">公示信息</a></p></footer>`
	}
	for path, body := range map[string]string{
		"/shown": foot("", number), "/hidden": foot("display:none", number), "/white": foot("color:#fff", number), "/small": foot("font-size:4px", number), "/wrong": foot("", other), "/missing": `<main>Nothing here</main>`,
		"/dead":   strings.Replace(foot("", number), "/public", "/gone", 1),
		"/made":   `<main><p>本页内容由人工智能生成</p><img src="/good.png" width=320 height=240><img src="/bare.png" width=320 height=240></main><img src="/ornament.png" width=300 height=200><form><label><input type=checkbox> 声明：作品含AI生成内容</label></form>` + foot("", number),
		"/public": "What is made public of it",
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<!doctype html><html lang=zh><title>A page</title><body style='background:#fff;color:#111;font:16px sans-serif'>"+body)
		})
	}
	for path, raw := range map[string][]byte{"/good.png": good, "/bare.png": bare, "/ornament.png": append(slices.Clone(bare), 0)} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			w.Write(raw)
		})
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// TestInspectPages looks at a site in a browser, as the command, as a probe of a duty and by the API, and at the service itself.
func TestInspectPages(t *testing.T) {
	t.Parallel()
	number, other := filed(t, "11010800000000124001"), filed(t, "11010800000000124009")
	s := showcase(t, number, other)
	host, chromium := s.Listener.Addr().String(), mediatest.Tool(t, "chromium-headless-shell")
	expected := []inspection.Expected{{Number: number, Link: s.URL + "/public"}}
	w := &Inspection{Press: &stamp.Press{}, Version: "test", Now: time.Now, Only: true, Filings: expected, Browser: browser.Config{Path: chromium, Allow: []string{host}}}
	var list []inspection.Target
	ways := []string{"/shown", "/hidden", "/white", "/small", "/wrong", "/missing", "/dead"}
	for _, path := range ways {
		list = append(list, inspection.Target{Address: s.URL + path})
	}
	r, err := w.Pages(t.Context(), "url-list", "pages.txt", list)
	if err != nil {
		t.Fatal(err)
	}
	const p, f, u = inspection.Passed, inspection.Failed, inspection.Untold
	for path, want := range map[string][3]inspection.Outcome{"/shown": {p, p, p}, "/hidden": {f, f, p}, "/white": {f, f, p}, "/small": {p, f, p}, "/wrong": {f, f, f}, "/missing": {f, f, f}, "/dead": {p, p, f}} {
		for i, rule := range []string{"number-shown", "number-conspicuous", "number-link"} {
			c := outcomeOf(r, s.URL+path, rule)
			if c.Outcome != want[i] || c.Proof.Picture == "" {
				t.Errorf("%s %s: %s %s %v, want %s; picture %q", path, rule, c.Outcome, c.Code, c.Args, want[i], c.Proof.Picture)
			}
		}
	}
	whole := &Inspection{Press: &stamp.Press{}, Version: "test", Now: time.Now, Filings: expected, Browser: browser.Config{Path: chromium, Allow: []string{host}}}
	r, err = whole.Pages(t.Context(), "url-list", "pages.txt", []inspection.Target{{Address: s.URL + "/made", Chosen: "main"}, {Address: s.URL + "/good.png"}})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[[2]string]inspection.Outcome{{"/made", "explicit-notice"}: p, {"/made", "declaration-offered"}: p, {"/made", "number-shown"}: p, {"/good.png", "implicit-label"}: p, {"/good.png", "explicit-notice"}: p, {"/bare.png", "implicit-label"}: f, {"/bare.png", "export-notice"}: "", {"/ornament.png", "implicit-label"}: u} {
		if c := outcomeOf(r, s.URL+key[0], key[1]); c.Outcome != want {
			t.Errorf("%v: %q %s, want %q", key, c.Outcome, c.Code, want)
		}
	}
	none := &Inspection{Press: &stamp.Press{}, Version: "test", Now: time.Now, Browser: browser.Config{Path: "/nowhere/chromium"}}
	if r, err = none.Pages(t.Context(), "url-list", "pages.txt", []inspection.Target{{Address: s.URL + "/shown"}}); err != nil || r.Outcome != u || r.Subjects[0].Checks[0].Code != browser.CodeMissing {
		t.Errorf("without a browser: %+v %v", r, err)
	}
	inspectServed(t, s, host, chromium, number)
}

// inspectServed has a server look at the pages of its own services, by a probe and by the API, and looks at the server as a service.
func inspectServed(t *testing.T, s *httptest.Server, host, chromium, number string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	stopping := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stop() })) // whoever looks is stopped
	t.Cleanup(stopping.Close)
	d := deploy(t, map[string]string{"sample-model": "on", "starter-library": "on", "inspection-hosts": host + "," + stopping.Listener.Addr().String(), "browser": chromium})
	d.join()
	by := ledger.By{Role: "officer", ID: "somebody"}
	service := register.Service{Names: register.Names{ZH: "工作室", EN: "Studio"}, Role: "provider", Forms: []register.Form{{Kind: "website", At: s.URL + "/shown"}}}
	_, err := d.server.functions.AddService(t.Context(), by, "studio", service)
	d.must(err)
	see := func(want duty.Outcome) {
		t.Helper()
		o, err := d.server.RunProbe(t.Context(), "filing-shown", "test")
		d.must(err)
		if o.Outcome != want {
			t.Errorf("%s %q, want %s", o.Outcome, o.Actual, want)
		}
	}
	see(duty.Untold) // nothing is filed yet
	_, err = d.server.functions.Add(t.Context(), by, "paint", register.Function{Service: "studio", Names: service.Names, Kind: "image-generation", Class: "other", Filing: register.Filing{State: register.FilingDone, Number: number, Link: s.URL + "/public"}})
	d.must(err)
	see(duty.Passed)
	service.Forms[0].At = s.URL + "/hidden"
	_, err = d.server.functions.ChangeService(t.Context(), by, "studio", service)
	d.must(err)
	see(duty.Failed)
	service.Forms[0].At = stopping.URL + "/"
	_, err = d.server.functions.ChangeService(t.Context(), by, "studio", service)
	d.must(err)
	if _, err := d.server.seeFilingShown(ctx, time.Now()); err == nil {
		t.Error("a look that was stopped told something")
	}
	list, _, err := d.server.inspected.keeper.Page(t.Context(), "", 1)
	d.must(err)
	if e := list[0]; e.State != string(inspection.Broken) || e.Value.Code != codeInterrupted {
		t.Errorf("a look that was stopped is %s %s", e.State, e.Value.Code)
	}
	service.Forms[0].At = s.URL + "/shown"
	_, err = d.server.functions.ChangeService(t.Context(), by, "studio", service)
	d.must(err)
	elsewhere := service
	elsewhere.Forms = []register.Form{{Kind: "app", At: "somewhere"}}
	_, err = d.server.functions.AddService(t.Context(), by, "elsewhere", elsewhere)
	d.must(err)
	_, err = d.server.functions.Add(t.Context(), by, "draw", register.Function{Service: "elsewhere", Names: service.Names, Kind: "image-generation", Class: "other", Filing: register.Filing{State: register.FilingDone, Number: number, Link: s.URL + "/public"}})
	d.must(err)
	see(duty.Untold) // that one has no page to open
	service.Forms[0].At = s.URL + "/hidden"
	_, err = d.server.functions.ChangeService(t.Context(), by, "studio", service)
	d.must(err)

	var begun httpapi.InspectionView
	d.json(&begun, "POST", "/v1/inspections", []byte(`{"own":true}`), 201, "Content-Type", "application/json", "Idempotency-Key", "look")
	d.until("/v1/inspections/"+begun.ID, func(_ int, body []byte) bool {
		d.must(json.Unmarshal(body, &begun))
		return begun.State != "waiting"
	})
	if begun.State != "done" || begun.Outcome != "failed" || len(begun.SHA256) != 64 || begun.Subjects < 1 {
		t.Errorf("%+v", begun)
	}
	_, raw := d.ask("GET", "/v1/inspections/"+begun.ID+"/report", nil, 200)
	r, err := inspection.Read(raw)
	if err != nil || outcomeOf(r, s.URL+"/hidden", "number-shown").Outcome != inspection.Failed {
		t.Errorf("%v %.300s", err, raw)
	}
	for _, format := range []string{"html", "docx", "pdf"} {
		d.ask("GET", "/v1/inspections/"+begun.ID+"/document?language=en&format="+format, nil, 200)
	}

	look := &Inspection{Press: NewPress(d.config), Version: "test", Now: time.Now, Browser: browser.Config{Path: chromium}}
	r, err = look.Service(t.Context(), ServiceAt{Address: "http://" + d.address, Key: d.key, Account: "holder-1"})
	d.must(err)
	for key, want := range map[[2]string]inspection.Outcome{{"text.txt", "export-notice"}: inspection.Passed, {"picture", "export-notice"}: inspection.Passed, {"picture", "implicit-label"}: inspection.Passed, {"speech.mp3", "implicit-label"}: inspection.Passed, {"speech.mp3", "export-notice"}: inspection.Passed,
		{"video.mp4", "implicit-label"}: inspection.Passed, {"video.mp4", "place-duration"}: inspection.Passed, {"http://" + d.address + "/v1", "declaration-offered"}: inspection.Passed, {"http://" + d.address + "/", "number-shown"}: inspection.Failed} {
		if c := outcomeOf(r, key[0], key[1]); c.Outcome != want {
			t.Errorf("%v: %q %s %v, want %s", key, c.Outcome, c.Code, c.Args, want)
		}
	}
	look.Browser.Path = "/nowhere/chromium" // its page was looked at above
	if r, err = look.Service(t.Context(), ServiceAt{Address: "http://" + d.address, Key: "wrong"}); err != nil || outcomeOf(r, "http://"+d.address+"/v1", "implicit-label").Outcome != inspection.Untold {
		t.Errorf("with a wrong key: %v", err)
	}
}
