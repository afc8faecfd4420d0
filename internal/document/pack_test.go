package document_test

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/colophon-project/colophon/desk/pack"
)

const packDigest = "abababababababababababababababababababababababababababababababab"

// report is a report of the form of 12377 with one field answered, one of which there is nothing, and the others not known.
func report(said string) pack.Document {
	names := func(zh, en string) pack.Names { return pack.Names{ZH: zh, EN: en} }
	field := func(id, zh, en string, c pack.Certainty, lines ...string) pack.Answer {
		return pack.Answer{Field: pack.Field{ID: id, Names: names(zh, en), From: pack.FromOther}, Certainty: c, Lines: lines}
	}
	return pack.Document{Schema: pack.Schema, Number: "2026-0008", Part: 2, Amends: "2026-0007", Before: strings.Repeat("cd", 32), Made: noon,
		Form:   pack.FormRef{ID: "12377", SHA256: strings.Repeat("ef", 32), Names: names("违法和不良信息报告", "Report of illegal information"), Authority: names("网信部门", "Cyberspace administration"), Basis: names("深度合成规定", "Deep Synthesis Provisions")},
		Fields: []pack.Answer{field("summary", "情况说明", "What happened", pack.Known, said, "声音系合成。"), field("loss", "损失", "Loss", pack.None, "无"), field("places", "传播链接", "Addresses", pack.Unknown, "尚不掌握")}}
}

// TestPackIsReadByOthers has other programs read a report to an authority, on paper and as a page.
func TestPackIsReadByOthers(t *testing.T) {
	t.Parallel()
	order := []string{"违法和不良信息报告", "Report of illegal information", "2026-0008", "网信部门", "深度合成规定", "2026-03-15 12:00:00.123 +08:00", "2026-0007", strings.Repeat("cd", 32), strings.Repeat("ef", 32), packDigest,
		"情况说明", "视频内容不实。", "声音系合成。", "损失", "无", "none", "传播链接", "尚不掌握", "not known yet", "colophon pack verify FILE..."}
	file, err := writer(t).PackPDF(report("视频内容不实。"), packDigest)
	if err != nil {
		t.Fatal(err)
	}
	run(t, file, "qpdf", "--check", "FILE")
	inOrder(t, run(t, file, "pdftotext", "-layout", "FILE", "-"), order...)
	page, err := writer(t).Pack(report("视频内容不实。"), packDigest)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	inOrder(t, html.UnescapeString(text), order...)
	for _, no := range []string{"<script", "src=", "href=", "url(", "http:", "https:", "pack-sheet-", "pack-say-"} {
		if strings.Contains(text, no) {
			t.Errorf("the page has %s", no)
		}
	}
	if unfilled := placeholder.FindString(text[strings.Index(text, "<body"):]); unfilled != "" {
		t.Errorf("the page has %s", unfilled)
	}
	// What is not known must not look like an answer.
	if n := len(regexp.MustCompile(`class="[^"]*could-not-tell`).FindAllString(text, -1)); n != 1 {
		t.Errorf("%d of the answers look like what could not be told", n)
	}
	first := report("视频内容不实。")
	first.Part, first.Amends, first.Before = 1, "", ""
	if page, err = writer(t).Pack(first, packDigest); err != nil || bytes.Contains(page, []byte("2026-0007")) || bytes.Contains(page, []byte("pack 1 of")) {
		t.Errorf("a first report amends another: %v", err)
	}
}

// TestPackLetsNothingThrough has what people wrote stand in a report as what it is.
func TestPackLetsNothingThrough(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		d := report(text)
		d.Fields[0].Names.ZH, d.Form.Names.EN, d.Form.Authority.ZH, d.Number = text, text, text, text
		page, err := writer(t).Pack(d, packDigest)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(page, []byte("<script")) || !utf8.Valid(page) || bytes.ContainsAny(page, "\x00\u202e") {
			t.Errorf("the page lets %.40q through", text)
		}
		file, err := writer(t).PackPDF(d, packDigest)
		if err != nil {
			t.Fatal(err)
		}
		run(t, file, "qpdf", "--check", "FILE")
	}
	page, err := writer(t).Pack(report(hostile[0]), packDigest)
	if err != nil || !bytes.Contains(page, []byte("&lt;script&gt;alert(1)&lt;/script&gt;")) {
		t.Errorf("what was written is lost: %v", err)
	}
}
