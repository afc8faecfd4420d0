package sight_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen/sight"
)

// TestTexts has text in every form that is read.
func TestTexts(t *testing.T) {
	t.Parallel()
	as := func(e encoding.Encoding, text string) string {
		b, err := e.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const page = `<!DOCTYPE html><html><head>%s<title>题跋</title></head><body><p>不<b>得</b>&#x4F7F;<!-- -->用</p><ul><li>one<li>two</ul><img src="a.png" alt="图 &amp; 文"></body></html>`
	for name, test := range map[string]struct{ file, want string }{
		"a.txt":   {"第一行\nsecond", "第一行\nsecond"},
		"b.txt":   {"\ufeff题跋", "题跋"},
		"c.txt":   {as(simplifiedchinese.GB18030, "生成合成内容标识办法"), "生成合成内容标识办法"},
		"d.txt":   {as(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "题跋 colophon"), "题跋 colophon"},
		"e.txt":   {as(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "题跋"), "题跋"},
		"f.md":    {"# 题*跋*", "# 题*跋*"},
		"g.html":  {fmt.Sprintf(page, ""), "题跋\n\n不得使用\n\none\ntwo\n图 & 文"},
		"h.html":  {as(simplifiedchinese.GBK, fmt.Sprintf(page, `<meta charset="gbk">`)), "题跋\n\n不得使用\n\none\ntwo\n图 & 文"},
		"i.html":  {as(traditionalchinese.Big5, `<html><meta http-equiv=Content-Type content="text/html; charset=big5"><p>題跋</p>`), "text/html; charset=big5\n\n題跋"},
		"j.svg":   {`<svg xmlns="http://www.w3.org/2000/svg"><title>a</title><text>题<tspan>跋</tspan></text><text><![CDATA[<b>]]></text></svg>`, "a\n\n题跋\n\n<b>"},
		"k.xhtml": {`<?xml version="1.0" encoding="UTF-8"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>x</p></body></html>`, "x"},
	} {
		v := look(t, sight.New(nil, sight.Limits{}), []byte(test.file), sight.Options{Name: name})
		if len(v.Texts) != 1 {
			t.Errorf("%s: %+v, missed %v", name, v.Texts, missed(v))
			continue
		}
		if d := cmp.Diff(test.want, v.Texts[0].Text); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		want := "[]"
		if name == "j.svg" {
			want = "[sight-drawing]"
		}
		if got := fmt.Sprint(missed(v)); got != want {
			t.Errorf("%s: missed %s", name, got)
		}
	}
	v := look(t, sight.New(nil, sight.Limits{Text: 7}), []byte("题跋题跋"), sight.Options{})
	if v.Texts[0].Text != "题跋" || fmt.Sprint(missed(v)) != "[sight-text]" {
		t.Errorf("%+v %v", v.Texts, missed(v))
	}
	for _, damaged := range []string{`<svg xmlns="http://www.w3.org/2000/svg"><text>a</title></svg`, "<html><meta charset=utf-8><p>\xff\xfe\xfa</p>"} {
		if v, err := sight.New(nil, sight.Limits{}).Look(t.Context(), media.Memory(damaged), sight.Options{}); err == nil && len(v.Missed) == 0 {
			t.Errorf("%q passes", damaged)
		}
	}
}

// zipped makes an archive of names and contents in turn.
func zipped(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err == nil {
			_, err = w.Write([]byte(parts[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// docx makes a document of a body and further parts.
func docx(t testing.TB, body string, parts ...string) []byte {
	t.Helper()
	return zipped(t, append([]string{
		"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
		"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
		"word/document.xml", `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + body + `</w:body></w:document>`,
	}, parts...)...)
}

// TestDocument takes words that formatting cuts in pieces, and the pictures of a document.
func TestDocument(t *testing.T) {
	t.Parallel()
	img := drawn(70, 200, 100)
	body := `<w:p><w:r><w:t>不得</w:t></w:r><w:r><w:rPr/><w:t>使用</w:t></w:r></w:p><w:p><w:r><w:t>second</w:t></w:r></w:p>`
	v := look(t, sight.New(nil, sight.Limits{}), docx(t, body, "word/media/image1.png", string(asPNG(t, img)), "word/fonts/a.odttf", "font"), sight.Options{})
	if len(v.Texts) != 1 || v.Texts[0] != (sight.Text{Part: "2", Text: "不得使用\n\nsecond"}) || len(v.Missed) > 0 {
		t.Errorf("%+v, missed %v", v.Texts, missed(v))
	}
	if len(v.Pictures) != 1 || v.Pictures[0].Hash != hash(img) || v.Pictures[0].Part != "3" {
		t.Errorf("%+v", v.Pictures)
	}
	for name, test := range map[string]struct {
		limits sight.Limits
		file   []byte
		want   string
	}{
		"an object":        {sight.Limits{}, docx(t, body, "word/embeddings/a.bin", "\xd0\xcf\x11\xe0"), "[sight-part]"},
		"a document in it": {sight.Limits{}, docx(t, body, "word/embeddings/a.docx", string(docx(t, body))), "[sight-part]"},
		"a broken picture": {sight.Limits{}, docx(t, body, "word/media/a.png", string(asPNG(t, img)[:500])), "[sight-damaged]"},
		"broken text":      {sight.Limits{}, docx(t, body, "word/header.xml", "<a><b></a>x<"), "[media-malformed]"},
		"many pictures":    {sight.Limits{Frames: 2}, docx(t, body, "a.png", string(asPNG(t, img)), "b.png", string(asPNG(t, img)), "c.png", string(asPNG(t, img))), "[sight-frames]"},
		"a bomb":           {sight.Limits{Bytes: 1 << 16}, docx(t, body, "a.xml", "<a>"+strings.Repeat("a", 1<<20)+"</a>"), "[media-too-large]"},
	} {
		v, err := sight.New(nil, test.limits).Look(t.Context(), media.Memory(test.file), sight.Options{})
		if err != nil || fmt.Sprint(missed(v)) != test.want {
			t.Errorf("%s: missed %v, %v", name, missed(v), err)
		}
	}
}

// TestLinks looks at pictures that stand in a page itself.
func TestLinks(t *testing.T) {
	t.Parallel()
	img := drawn(71, 120, 120)
	page := `<!DOCTYPE html><p>a</p><img src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(asPNG(t, img)) + `">`
	v := look(t, sight.New(nil, sight.Limits{}), []byte(page), sight.Options{})
	if len(v.Pictures) != 1 || v.Pictures[0].Hash != hash(img) || len(v.Missed) > 0 {
		t.Errorf("%+v, missed %v", v.Pictures, missed(v))
	}
	for _, link := range []string{"data:image/svg+xml,%3Csvg/%3E", "data:image/png;base64,####", "data:video/mp4;base64,AAAA"} {
		v := look(t, sight.New(nil, sight.Limits{}), []byte(`<!DOCTYPE html><p>a</p><img src="`+link+`">`), sight.Options{})
		if fmt.Sprint(missed(v)) != "[sight-part]" {
			t.Errorf("%s: missed %v", link, missed(v))
		}
	}
}
