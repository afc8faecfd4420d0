package prose_test

import (
	"bytes"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/html"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/prose"
)

// element stands for the notice in what is wanted.
const element = "\n{}\n"

func TestHTML(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, want string
		where      notice.Where
	}{
		{"<!DOCTYPE html><html><head><title><body></title></head><body class=x><p>y</p></body></html>", "<!DOCTYPE html><html><head><title><body></title></head><body class=x>" + element + "<p>y</p></body></html>", ""},
		{"<html><body><p>y</p></body></html>", "<html><body><p>y</p>" + element + "</body></html>", notice.End},
		{"<html><body><p>y</p>", "<html><body>" + element + "<p>y</p>" + element, notice.Ends},
		{"<p>fragment</p>", element + "<p>fragment</p>", ""},
		{"words alone", element + "words alone", ""},
		{"<!-- c --><p>x", "<!-- c -->" + element + "<p>x", ""},
		{"<!DOCTYPE html><meta charset=utf-8><title>x</title><style>p{}</style><p>x", "<!DOCTYPE html><meta charset=utf-8><title>x</title><style>p{}</style>" + element + "<p>x", ""},
		{"<!DOCTYPE html><html><head></head><p>x</p></html>", "<!DOCTYPE html><html><head></head>" + element + "<p>x</p></html>", ""},
		{"<!DOCTYPE html><html><head></head><p>x</p></html>", "<!DOCTYPE html><html><head></head><p>x</p>" + element + "</html>", notice.End},
		{"<html><head><template><body></template></head><body>a<!-- </body> --><script>'</body>'</script></body></html>", "<html><head><template><body></template></head><body>a<!-- </body> --><script>'</body>'</script>" + element + "</body></html>", notice.End},
		{"<html><head><noscript><p></noscript></head><body>a</body></html>", "<html><head><noscript><p></noscript></head><body>" + element + "a</body></html>", ""},
		{"<?xml version='1.0'?>\r\n<html xmlns='http://www.w3.org/1999/xhtml'><head/><body>\r\na</body></html>", "<?xml version='1.0'?>\r\n<html xmlns='http://www.w3.org/1999/xhtml'><head/><body>\r\n{}\r\n\r\na</body></html>", ""},
		{"\ufeff<p>x", "\ufeff" + element + "<p>x", ""},
	} {
		got, report := put(t, media.HTML, c.text, notice.Options{Where: c.where})
		plain := got
		for strings.Contains(plain, `<div class="aigc-notice"`) {
			from := strings.Index(plain, `<div class="aigc-notice"`)
			plain = plain[:from] + "{}" + plain[from+strings.Index(plain[from:], "</div>")+len("</div>"):]
		}
		if plain != c.want || report.Words != words {
			t.Errorf("%q:\n%q, want\n%q", c.text, plain, c.want)
		}
	}
	for _, not := range []string{
		`<div class="aigc-notice" hidden>人工智能生成</div>`, `<div class="aigc-notice" style="display: none">人工智能生成</div>`,
		`<div class="aigc-notice"></div>`, `<template><div class="aigc-notice">人工智能生成</div></template>`, `<p>人工智能生成</p>`,
		`<!-- <div class="aigc-notice">人工智能生成</div> -->`,
	} {
		if prose.Has(media.Memory(not), media.HTML) {
			t.Errorf("%s is taken for a notice", not)
		}
	}
}

// TestHTMLCharset: the words are the same to a browser in any encoding.
func TestHTMLCharset(t *testing.T) {
	t.Parallel()
	for text, direct := range map[string]bool{
		"<meta charset=UTF-8><p>x": true, "\ufeff<p>x": true, "<p>中": true,
		"<p>x": false, "<meta charset=gbk><p>x": false, "<meta http-equiv=Content-Type content='text/html; charset=gb2312'><p>x": false,
	} {
		got, _ := put(t, media.HTML, text, notice.Options{Text: "AI <生成>"})
		if strings.Contains(got, "AI &lt;生成&gt;") != direct || strings.Contains(got, "AI &lt;&#29983;&#25104;&gt;") == direct {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestHTMLLabel(t *testing.T) {
	t.Parallel()
	const page = "<!DOCTYPE html><html><head><meta charset=utf-8></head><body>x</body></html>"
	label := media.Put{Place: media.PlaceMeta, Value: mediatest.Value("h")}
	noticed, _ := put(t, media.HTML, page, notice.Options{})
	first := mediatest.Apply(t, html.Container{}, media.HTML, []byte(noticed), label)
	mediatest.One(t, html.Container{}, media.HTML, first, media.PlaceMeta, label.Value)
	second, _ := put(t, media.HTML, string(mediatest.Apply(t, html.Container{}, media.HTML, []byte(page), label)), notice.Options{})
	if second != string(first) {
		t.Errorf("the order of the two matters:\n%s\n%s", first, second)
	}
}

// TestHTMLShown draws a page with hostile rules, in light, in dark mode and on paper, and looks at the words.
func TestHTMLShown(t *testing.T) {
	t.Parallel()
	const page = `<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><style>
*{color:transparent;background:none} div{display:none} body>*:first-child{visibility:hidden;opacity:0} [role=note]{display:none!ie}
@media print{body *{display:none}} @media (prefers-color-scheme:dark){body{background:#000;color:#000}}
body{font-size:4px}</style></head><body><p>page</p></body></html>`
	got, _ := put(t, media.HTML, page, notice.Options{})
	dir := t.TempDir()
	in := filepath.Join(dir, "page.html")
	if err := os.WriteFile(in, []byte(got), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) {
		t.Helper()
		args = append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=400,200", "--user-data-dir=" + filepath.Join(dir, "profile")}, args...)
		if out, err := exec.Command(mediatest.Tool(t, "chromium"), append(args, "file://"+in)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for name, args := range map[string][]string{"light": nil, "dark": {"--blink-settings=preferredColorScheme=0"}} {
		path := filepath.Join(dir, name+".png")
		run(append(args, "--screenshot="+path)...)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		dark, light, top, bottom := 0, 0, 200, 0
		for y := 10; y < 44; y++ {
			for x := 150; x < 250; x++ {
				switch r, g, _, _ := img.At(x, y).RGBA(); {
				case r < 0x5000 && g < 0x5000:
					dark++
					if y > 11 && y < 42 {
						top, bottom = min(top, y), max(bottom, y)
					}
				case r > 0xe000:
					light++
				}
			}
		}
		if dark < 200 || light < 1500 {
			t.Errorf("%s: %d dark and %d light pixels, ink from %d to %d", name, dark, light, top, bottom)
		}
		if keep := os.Getenv("COLOPHON_KEEP"); keep != "" {
			if err := os.WriteFile(filepath.Join(keep, "html-"+name+".png"), b, 0o600); err != nil {
				t.Log(err)
			}
		}
	}
	paper := filepath.Join(dir, "page.pdf")
	run("--no-pdf-header-footer", "--print-to-pdf="+paper)
	if text := mediatest.Output(t, "pdftotext", paper, "-"); !bytes.Contains(text, []byte(words)) {
		t.Errorf("on paper: %q", text)
	}
}
