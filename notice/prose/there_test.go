package prose_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/prose"
)

// TestThere: the report tells the notice that stands in the text, not the one that was asked for, and an end that lacks one
// gets it where both are asked for.
func TestThere(t *testing.T) {
	t.Parallel()
	const own = "本文由AI合成"
	div := func(class string) string { return `<div class="` + class + `">` + own + `</div>` }
	note := div("aigc-notice")
	for _, c := range []struct {
		format       media.Format
		text         string
		where        notice.Where
		words, place string
		added        int
	}{
		{media.Text, "【" + own + "】\n\nwords\n", notice.End, own, "start", 0},
		{media.Text, "words\n\n（" + own + "）\n", notice.Start, own, "end", 0},
		{media.Text, "【" + own + "】\n\nwords\n", notice.Ends, words, "both", 1},
		{media.Text, "words\n\n[" + own + "]", notice.Ends, words, "both", 1},
		{media.Text, "【" + own + "】\nwords\n【" + own + "】\n", notice.Ends, own, "both", 0},
		{media.Markdown, "> **【" + own + "】**\n\nwords\n", notice.End, own, "start", 0},
		{media.Markdown, "> **【" + own + "\\_】**\n\nwords\n", notice.End, own + "_", "start", 0},
		{media.Markdown, "> **【" + own + "】**\n\nwords\n", notice.Ends, words, "both", 1},
		{media.Markdown, "words\n\n【" + own + "】\n", notice.Ends, words, "both", 1},
		{media.HTML, "<body>" + note + "<p>x</p></body>", notice.End, own, "start", 0},
		{media.HTML, "<body>" + note + "<p>x</p></body>", notice.Ends, words, "both", 1},
		{media.HTML, "<body><p>x</p>" + note + "</body>\n", notice.Start, own, "end", 0},
		{media.HTML, "<body><img src=a>" + note + "</body>", notice.Ends, words, "both", 1},
		{media.HTML, "<title>x</title><body>" + note + "<p>x</p>" + note + "</body>", notice.Ends, own, "both", 0},
		{media.HTML, "<body><p>x</p>" + note + "<p>x</p></body>", notice.Start, own, "body", 0},
		{media.HTML, "<body><p>x</p>" + note + "<p>x</p></body>", notice.Ends, words, "both", 2},
		{media.HTML, "<body><p>x</p></body>" + note + "<p>behind</p>", notice.Ends, words, "both", 2},
		{media.HTML, "<body><details>" + note + "</details></body>", notice.Start, words, "start", 1},
	} {
		src := media.Memory(c.text)
		edit, report, err := prose.Put(src, c.format, notice.Options{Where: c.where})
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		var out bytes.Buffer
		if err := edit.Apply(&out, src); err != nil {
			t.Fatal(err)
		}
		there := slices.ContainsFunc(report.Findings, func(f colophon.Finding) bool { return f.Code == notice.CodeThere })
		got := out.String()
		if c.format == media.HTML {
			got = strings.ReplaceAll(got, "&#20154;&#24037;&#26234;&#33021;&#29983;&#25104;", words)
		}
		if n := strings.Count(got, words); n != c.added || report.Words != c.words || report.Place != c.place || there != (c.added == 0) {
			t.Errorf("%q, %s: %d added, %+v", c.text, c.where, n, report)
		}
		put(t, c.format, c.text, notice.Options{Where: c.where})
	}
	// English words that stand there are told of as those that are asked for, and Chinese ones are not.
	for text, english := range map[string]bool{"[AI-generated]\n\nx": true, "【" + own + "】\n\nx": false} {
		_, report, err := prose.Put(media.Memory(text), media.Text, notice.Options{Language: notice.English})
		if err != nil || slices.ContainsFunc(report.Findings, func(f colophon.Finding) bool { return f.Code == notice.CodeWordsEnglish }) != english {
			t.Errorf("%q: %+v, %v", text, report, err)
		}
	}
}

// TestHTMLAsText: what begins as HTML gets an element, whatever format it is taken for, in its encoding.
func TestHTMLAsText(t *testing.T) {
	t.Parallel()
	const page = "<!DOCTYPE html><html><body>u16 中</body></html>"
	for name, enc := range map[string]interface {
		encode(string) string
		decode(string) string
	}{"UTF-16 LE": wide{unicode.LittleEndian}, "UTF-16 BE": wide{unicode.BigEndian}} {
		for _, f := range []media.Format{media.Text, media.HTML} {
			for _, where := range []notice.Where{notice.Start, notice.End, notice.Ends} {
				got, _ := put(t, f, enc.encode(page), notice.Options{Where: where})
				want, _ := put(t, media.HTML, page, notice.Options{Where: where})
				if text := enc.decode(got); text != want || !strings.HasPrefix(text, "<!DOCTYPE") {
					t.Errorf("%s, %s: %q", name, where, text)
				}
			}
		}
	}
	for _, text := range []string{"<p>fragment", "\n<DIV class=x>y</DIV>", "<html><body>x</body></html>"} {
		got, _ := put(t, media.Text, text, notice.Options{})
		if !strings.Contains(got, `<div class="aigc-notice"`) || !strings.Contains(got, "&#20154;") || strings.Contains(got, "【") {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestFourBytes: one character of four bytes is enough for GB 18030.
func TestFourBytes(t *testing.T) {
	t.Parallel()
	const text = "你好𠮷\n"
	if got, _ := put(t, media.Text, gb{}.encode(text), notice.Options{}); (gb{}).decode(got) != "【"+words+"】\n\n"+text {
		t.Errorf("%q", got)
	}
}
