package browser_test

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/internal/browser"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

const number = "110108000000000240011"

// site is a page for each way of showing a number, and of not showing it.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	page := func(path, body string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, "<!doctype html><title>A page</title><body style='margin:20px;background:#fff;color:#111;font:16px sans-serif'>%s</body>", body)
		})
	}
	page("/shown", `<footer>备案 <b>11010800</b><i>00000002</i>40011号 <a href=/about>公示</a></footer>`)
	page("/display", `<p style="display:none">`+number+`</p>`)
	page("/visibility", `<p style="visibility:hidden">`+number+`</p>`)
	page("/opacity", `<div style="opacity:0"><p>`+number+`</p></div>`)
	page("/white", `<p style="color:#fff">`+number+`</p>`)
	page("/pale", `<p style="color:#ccc">`+number+`</p>`)
	page("/small", `<p style="font-size:4px">`+number+`</p>`)
	page("/away", `<p style="position:absolute;left:-9999px">`+number+`</p>`)
	page("/covered", `<p style="margin:0">`+number+`</p><div style="position:absolute;inset:0;background:#eee"></div>`)
	page("/cut", `<div style="height:0;overflow:hidden"><p>`+number+`</p></div>`)
	page("/deep", `<div style="height:4000px"></div><p>`+number+`</p>`)
	page("/late", `<p id=p></p><script>alert('x');setTimeout(()=>{p.textContent='`+number+`'},200);window.getComputedStyle=null;Element.prototype.getAttribute=null</script>`)
	page("/shadow", `<x-foot></x-foot><script>document.querySelector('x-foot').attachShadow({mode:'open'}).innerHTML='<p>`+number+`</p>'</script>`)
	page("/moving", `<style>@keyframes a{to{background:#000}}body{animation:a .3s infinite alternate}</style><p style="background:#fff">`+number+`</p>`)
	page("/outside", `<img src="http://169.254.169.254/latest/meta-data"><img src="http://127.0.0.1:8099/a.png"><p>`+number+`</p>`)
	page("/media", `<main><img src=/p.png style="width:200px;height:200px"></main><audio src=/a.mp3></audio><a download href=/f.docx>file</a><label><input type=checkbox>本内容由AI生成</label>`)
	page("/long", `<p>`+number+`</p><p>`+strings.Repeat("many words ", 200_000)+`</p><p>`+number+`</p>`)
	page("/huge", `<script>fetch('/endless').then(r => r.arrayBuffer())</script>`)
	mux.HandleFunc("GET /endless", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("GET /hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", "attachment; filename=a.bin")
		w.Write([]byte("abc"))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func open(t *testing.T, c browser.Config) *browser.Browser {
	t.Helper()
	c.Path = mediatest.Tool(t, "chromium-headless-shell")
	b, err := browser.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// TestShown: what of a text shows is measured, whichever way it was hidden.
func TestShown(t *testing.T) {
	t.Parallel()
	s := site(t)
	b := open(t, browser.Config{Allow: []string{s.Listener.Addr().String()}, Timeout: 20 * time.Second, Most: 8 << 20})
	visit := func(path string) *browser.Page {
		t.Helper()
		p, err := b.Visit(t.Context(), s.URL+path, browser.Wants{Texts: []browser.Want{{Name: "number", Pattern: number}}, Chosen: "main"})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if _, err := png.Decode(bytes.NewReader(p.Picture)); err != nil || p.Status != 200 {
			t.Errorf("%s: %d %v", path, p.Status, err)
		}
		return p
	}
	for path, want := range map[string]struct {
		ink      bool
		contrast float64 // more than this, or less than 3 for 0
	}{"/shown": {true, 10}, "/display": {}, "/visibility": {}, "/opacity": {}, "/white": {}, "/pale": {true, 0}, "/small": {true, -1}, "/away": {}, "/covered": {}, "/cut": {}, "/deep": {true, 10}, "/late": {true, 10}, "/shadow": {true, 10}, "/moving": {true, 10}, "/outside": {true, 10}} {
		p := visit(path)
		if len(p.Texts) != 1 || p.Texts[0].Text != number || !p.Texts[0].Measured {
			t.Errorf("%s: %d texts %+v", path, len(p.Texts), p.Texts)
			continue
		}
		x := p.Texts[0]
		if (x.Ink > 0) != want.ink || want.contrast > 0 && x.Contrast < want.contrast || want.ink && want.contrast == 0 && x.Contrast > 3 {
			t.Errorf("%s: ink %d, contrast %g, hidden %q", path, x.Ink, x.Contrast, x.Hidden)
		}
		switch path {
		case "/shown":
			if x.Ink < 9 || x.Ink > 16 || !x.Footer || x.Link == nil || x.Link.Address != s.URL+"/about" {
				t.Errorf("%s: %+v %+v", path, x, x.Link)
			}
		case "/small":
			if x.Ink > 5 || x.Size != 4 {
				t.Errorf("%s: ink %d of a font of %g", path, x.Ink, x.Size)
			}
		case "/display":
			if x.Hidden != "display" {
				t.Errorf("%s: %q", path, x.Hidden)
			}
		case "/deep":
			if x.Box.Y < 3900 || p.Size.Height < 4000 {
				t.Errorf("%s: %+v of %+v", path, x.Box, p.Size)
			}
		case "/outside":
			if got := strings.Join(p.Refused, " "); !strings.Contains(got, "169.254.169.254") || !strings.Contains(got, "127.0.0.1:8099") {
				t.Errorf("let through all but %q", got)
			}
		}
	}
	if p := visit("/long"); !p.Cut || visit("/shown").Cut {
		t.Errorf("a page of more text than is read: cut %t", p.Cut)
	}
	p := visit("/media")
	if len(p.Media) != 3 || !p.Media[0].Chosen || p.Media[1].Chosen || p.Media[0].Box.Width != 200 || len(p.Controls) == 0 || !strings.Contains(p.Controls[0].Text, "AI生成") {
		t.Errorf("%+v %+v", p.Media, p.Controls)
	}
	if _, err := b.Visit(t.Context(), s.URL+"/huge", browser.Wants{}); !is(err, browser.CodeTooMuch) {
		t.Errorf("a page that has no end: %v", err)
	}
	if status, err := b.Reach(t.Context(), s.URL+"/nowhere"); err != nil || status != 404 {
		t.Errorf("%d %v", status, err)
	}
	if _, err := b.Visit(t.Context(), s.URL+"/file", browser.Wants{}); !is(err, browser.CodeLoad) {
		t.Errorf("a download: %v", err)
	}
}

func is(err error, code colophon.Code) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == code
}

// TestRefused: what is no page of the open internet is not opened.
func TestRefused(t *testing.T) {
	t.Parallel()
	s := site(t)
	b := open(t, browser.Config{Timeout: 8 * time.Second, Allow: []string{s.Listener.Addr().String()}})
	for address, want := range map[string]colophon.Code{"file:///etc/passwd": fetch.CodeAddress, "javascript:alert(1)": fetch.CodeAddress, "http://127.0.0.1/": fetch.CodePrivate, "http://[::1]/": fetch.CodePrivate,
		"http://10.0.0.1/": fetch.CodePrivate, "http://169.254.169.254/latest/": fetch.CodePrivate, "https://localhost/": fetch.CodePrivate, "http://127.0.0.1:22/": fetch.CodePort, s.URL + "/hangs": browser.CodeSlow} {
		if _, err := b.Visit(t.Context(), address, browser.Wants{}); !is(err, want) {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
	if _, err := b.Visit(t.Context(), s.URL+"/shown", browser.Wants{}); err != nil {
		t.Errorf("after a page that took too long: %v", err)
	}
	if _, err := browser.Open(t.Context(), browser.Config{Path: "/nowhere/chromium"}); !is(err, browser.CodeMissing) {
		t.Errorf("without a browser: %v", err)
	}
}
