package html_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/html"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

const (
	json    = `{"Label":"1","ContentProducer":"x"}`
	escaped = `{&quot;Label&quot;:&quot;1&quot;,&quot;ContentProducer&quot;:&quot;x&quot;}`
	page    = `<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>页面</title>
<script>if (a<b) document.write('<meta name="AIGC" content="{}">');</script>
</head>
<body><p>Words &amp; 文字<br></body>
</html>
`
	xhtml = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title><script src="x.js"/></head><body><p>x</p></body></html>`
)

// reader prints the content of each meta element named AIGC, as Python's parser sees it, and all other events.
const reader = `
import sys
from html.parser import HTMLParser
class P(HTMLParser):
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "meta" and attrs.get("name") == "AIGC":
            print("LABEL", attrs["content"])
        else:
            print("START", tag, attrs)
    def handle_startendtag(self, tag, attrs): self.handle_starttag(tag, attrs)
    def handle_endtag(self, tag): print("END", tag)
    def handle_data(self, data):
        if data.strip(): print("DATA", repr(data.strip()))
    def handle_comment(self, data): print("COMMENT", repr(data))
    def handle_decl(self, decl): print("DECL", repr(decl))
P(convert_charrefs=True).feed(open(sys.argv[1], encoding="utf-8-sig", newline="").read())
`

// events returns what Python's parser sees, and the labels apart.
func events(t *testing.T, b []byte) (rest string, labels []string) {
	t.Helper()
	var kept []string
	for line := range strings.Lines(string(mediatest.Output(t, "python3", "-c", reader, mediatest.File(t, "a.html", b)))) {
		if label, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "LABEL "); ok {
			labels = append(labels, label)
			continue
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, ""), labels
}

// same fails the test unless the page is what it was but for one meta element on a line of its own.
func same(t *testing.T, before, after []byte) {
	t.Helper()
	if bytes.Contains(after, []byte("<head><meta name")) && !bytes.Contains(before, []byte("<head")) {
		after = bytes.Replace(after, []byte("<head><meta name"), []byte("<meta name"), 1)
		after = bytes.Replace(after, []byte("></head>"), []byte(">"), 1)
	}
	head, tail, ok := bytes.Cut(after, []byte(`<meta name="AIGC" content="`))
	_, tail, ok2 := bytes.Cut(tail, []byte(">"))
	head = bytes.TrimSuffix(head, []byte("\n"))
	if !ok || !ok2 || !bytes.Equal(append(bytes.Clone(head), tail...), before) && !bytes.Equal(append(append(bytes.Clone(head), '\n'), tail...), before) {
		t.Errorf("the page changed\n%s\n%s", before, after)
	}
}

func put(id string) media.Put { return media.Put{Place: media.PlaceMeta, Value: mediatest.Value(id)} }

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, sample := range map[string]string{
		"page":            page,
		"XHTML":           xhtml,
		"byte order mark": "\ufeff" + page,
		"no head":         "<!doctype html><html><p>x",
		"no html":         "<!DOCTYPE HTML>\n<title>t</title><meta charset=utf-8><p>x",
		"body alone":      "<body bgcolor=red>x</body>",
		"comment first":   "<!-- saved -->\n<HTML><HEAD></HEAD></HTML>",
		"template":        "<!doctype html><head><template><meta charset=gbk></template><title>x</title></head>",
		"CRLF":            strings.ReplaceAll(page, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mediatest.Run(t, mediatest.Case{Container: html.Container{}, Format: media.HTML, Sample: []byte(sample), Same: same})
			out := mediatest.Apply(t, html.Container{}, media.HTML, []byte(sample), put("a1"))
			old, _ := events(t, []byte(sample))
			now, labels := events(t, out)
			if len(labels) != 1 || labels[0] != string(put("a1").Value) || old != now && name != "body alone" {
				t.Errorf("python reads %q\n%s\n%s", labels, old, now)
			}
			if i := bytes.Index(out, []byte("charset=utf-8")); i > 1000 {
				t.Errorf("charset at %d", i)
			}
			if name == "XHTML" {
				dec := xml.NewDecoder(bytes.NewReader(out))
				dec.Strict = true
				if err := dec.Decode(new(struct{})); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			}
		})
	}
}

func TestPlaceOfNewElement(t *testing.T) {
	t.Parallel()
	for before, after := range map[string]string{
		`<html><head><meta charset="utf-8"><title>t</title></head>`:          `<html><head><meta charset="utf-8">^<title>t</title></head>`,
		`<head><title>t</title><meta http-equiv="Content-Type" content="x">`: `<head><title>t</title><meta http-equiv="Content-Type" content="x">^`,
		`<html><head><title>t</title></head><body><meta charset=x>`:          `<html><head>^<title>t</title></head><body><meta charset=x>`,
		`<!DOCTYPE html><p>x<head></head>`:                                   `<!DOCTYPE html>^<p>x<head></head>`,
		`<!DOCTYPE html><!-- <head> --><html><!-- <head> --><body>`:          `<!DOCTYPE html><!-- <head> --><html>^<!-- <head> --><body>`,
		`<html><head><noscript><meta charset=x></noscript></head>`:           `<html><head>^<noscript><meta charset=x></noscript></head>`,
		"<html><head a='>'>": "<html><head a='>'>^",
		`<html><head><title><meta charset=x></title></head>`:                               `<html><head>^<title><meta charset=x></title></head>`,
		`<html><head><style>/*<meta charset=x>*/</style></head>`:                           `<html><head>^<style>/*<meta charset=x>*/</style></head>`,
		`<html><head><script>"</script "><meta charset=x></head>`:                          `<html><head><script>"</script "><meta charset=x>^</head>`,
		`<html><head><script>"<\/script><meta charset=x>"</script></head>`:                 `<html><head>^<script>"<\/script><meta charset=x>"</script></head>`,
		`<html><head><![CDATA[<meta charset=x>]]></head>`:                                  `<html><head>^<![CDATA[<meta charset=x>]]></head>`,
		`<html><head><!--><meta charset=x>--></head>`:                                      `<html><head><!--><meta charset=x>^--></head>`,
		`<html><head/><meta charset=x><body>`:                                              `<html><head/><meta charset=x>^<body>`,
		`<html xmlns="http://www.w3.org/1999/xhtml"><head><meta charset="utf-8" /></head>`: `<html xmlns="http://www.w3.org/1999/xhtml"><head><meta charset="utf-8" />/</head>`,
	} {
		out := string(mediatest.Apply(t, html.Container{}, media.HTML, []byte(before), media.Put{Place: media.PlaceMeta, Value: []byte("{}")}))
		want := strings.Replace(after, "^", "\n"+`<meta name="AIGC" content="{}">`, 1)
		if !strings.Contains(after, "^") {
			want = strings.Replace(after, "/></head>", "/></head>", 1)
			want = strings.Replace(want, `" />/`, `" />`+"\n"+`<meta name="AIGC" content="{}" />`, 1)
		}
		if out != want {
			t.Errorf("got  %s\nwant %s", out, want)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	in := func(s string) string { return strings.Replace(page, "<title>", s+"<title>", 1) }
	for _, c := range []struct {
		name, file string
		values     int
		place      media.Place
		code       colophon.Code
	}{
		{"ours", in(`<meta name="AIGC" content="` + escaped + `">`), 1, media.PlaceMeta, ""},
		{"wrapped", in(`<meta name="AIGC" content="{&quot;AIGC&quot;:` + escaped + `}">`), 1, media.PlaceMeta, ""},
		{"single quotes", in(`<META CONTENT='` + json + `' NAME='AIGC'/>`), 1, media.PlaceMeta, ""},
		{"no quotes", in(`<meta name=AIGC content=` + escaped + `>`), 1, media.PlaceMeta, ""},
		{"numeric references", in(`<meta name="AIGC" content="` + strings.ReplaceAll(escaped, "&quot;", "&#34;") + `">`), 1, media.PlaceMeta, ""},
		{"letter case", in(`<meta name="aIgC" content="` + escaped + `">`), 1, media.PlaceMeta, media.CodeIDSpelling},
		{"property", in(`<meta property="site:AIGC" content="` + escaped + `">`), 1, media.PlaceMeta, media.CodeIDSpelling},
		{"in the body", strings.Replace(page, "<p>", `<p><meta name="AIGC" content="`+escaped+`">`, 1), 1, media.PlaceMeta, ""},
		{"two", in(`<meta name="AIGC" content="` + escaped + `"><meta property="AIGC" content="` + escaped + `">`), 2, "", ""},
		{"comment", in("<!-- AIGC: " + json + " -->"), 1, media.PlaceComment, media.CodeOtherPlace},
		{"comment at the end", page + "<!--AIGC:" + json + "-->", 1, media.PlaceComment, media.CodeOtherPlace},
		{"comment with words", in("<!-- made by: " + json + " build 7 -->"), 1, media.PlaceComment, media.CodeOtherPlace},
		{"description", in(`<meta name="og:description" content='tale ` + json + `'>`), 1, media.PlaceDescription, media.CodeOtherPlace},
		{"words alone", in(`<meta name="description" content="AIGC {x}"><!-- AIGC: yes -->`), 0, "", ""},
		{"empty", in(`<meta name="AIGC">`), 1, media.PlaceMeta, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			survey, err := html.Container{}.Scan(strings.NewReader(c.file), media.HTML)
			if err != nil || len(survey.Labels) != c.values {
				t.Fatalf("%v, %v", survey.Labels, err)
			}
			if c.values == 1 {
				l := survey.Labels[0]
				if l.Place != c.place || c.name != "empty" && !bytes.Contains(l.Value, []byte(json)) || (len(l.Findings) > 0) != (c.code != "") {
					t.Errorf("label %v", l)
				}
				if len(l.Findings) > 0 && l.Findings[0].Code != c.code {
					t.Errorf("finding %v", l.Findings)
				}
				if c.file[l.Offset] != '<' {
					t.Errorf("offset %d", l.Offset)
				}
			}
			out := mediatest.Apply(t, html.Container{}, media.HTML, []byte(c.file), put("a1"))
			mediatest.One(t, html.Container{}, media.HTML, out, media.PlaceMeta, put("a1").Value)
			if again := mediatest.Apply(t, html.Container{}, media.HTML, out, put("a1")); !bytes.Equal(again, out) {
				t.Errorf("the same label again changed the file\n%s\n%s", out, again)
			}
			if bytes.Contains(out, []byte(`ContentProducer":"x"`)) || bytes.Contains(out, []byte(escaped)) {
				t.Errorf("the old label is left\n%s", out)
			}
			for _, kept := range []string{"made by:", "build 7", "tale"} {
				if strings.Contains(c.file, kept) && !bytes.Contains(out, []byte(kept)) {
					t.Errorf("%q is gone\n%s", kept, out)
				}
			}
		})
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{`<link rel="c2pa-manifest" href="a.c2pa">`, `<script type="application/c2pa">AAAA</script>`} {
		survey, err := html.Container{}.Scan(strings.NewReader(strings.Replace(page, "<title>", tag+"<title>", 1)), media.HTML)
		if err != nil || len(survey.Signatures) != 1 || survey.Signatures[0].Kind != media.SignatureC2PA {
			t.Errorf("%v, %v", survey.Signatures, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"UTF-16":             "\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00",
		"damaged comment":    page + `<!-- words {"ContentProducer": -->`,
		"comment not closed": page + "<!-- " + json,
		"many labels":        page + strings.Repeat(`<meta name=AIGC>`, 100),
	} {
		_, err := html.Container{}.Edit(strings.NewReader(file), media.HTML, put("a1"))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind == colophon.Internal || e.Args["offset"] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	long := "<!--" + strings.Repeat("x", 10000) + "-->"
	for text, want := range map[string]media.Format{
		page: media.HTML, xhtml: media.HTML, "\ufeff \n<!doctype HTML>": media.HTML, long + page: media.HTML, "<BODY>": media.HTML, "<head>": media.HTML,
		"": "", "<": "", "<p>": "", "text <html>": "", "<svg><html/></svg>": "", "<!DOCTYPE svg><html>": "", "<?xml version='1.0'?><rss/>": "",
		"<!DOCTYPE": "", long: "", "<html": "", "\xff\xfe<\x00h\x00": "", "\x00<html>": "",
	} {
		if got := mediatest.Sniff(html.Container{}, []byte(text)); got != want {
			t.Errorf("%.40q: %q", text, got)
		}
	}
}

func FuzzContainer(f *testing.F) {
	for _, seed := range []string{page, xhtml, "<html>", "<html><head><meta name=aigc content='{}'>", `<html><!--AIGC: {"ContentProducer":1}--><meta name=description content='{"ContentProducer":1}'>`, "<html><!--><script></script><template><![CDATA["} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) { mediatest.Survive(t, html.Container{}, media.PlaceMeta, b) })
}

func BenchmarkEdit(b *testing.B) {
	file := []byte(strings.Replace(page, "<body>", "<body>"+strings.Repeat("<p class=a>Words &amp; words, and words again.</p>\n", 2000), 1))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, err := (html.Container{}).Edit(bytes.NewReader(file), media.HTML, put("a1")); err != nil {
			b.Fatal(err)
		}
	}
}
