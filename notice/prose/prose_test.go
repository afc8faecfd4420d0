package prose_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/prose"
)

const words = "人工智能生成"

// put applies the notice, checks what holds for every text, and returns the text.
func put(t testing.TB, f media.Format, text string, o notice.Options) (string, notice.Report) {
	t.Helper()
	src := media.Memory(text)
	edit, report, err := prose.Put(src, f, o)
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, src); err != nil {
		t.Fatal(err)
	}
	if !prose.Has(media.Memory(out.Bytes()), f) {
		t.Fatalf("the notice is not found in %.2000q", out.String())
	}
	again, second, err := prose.Put(media.Memory(out.Bytes()), f, o)
	if err != nil {
		t.Fatal(err)
	}
	var twice bytes.Buffer
	if err := again.Apply(&twice, media.Memory(out.Bytes())); err != nil || !bytes.Equal(twice.Bytes(), out.Bytes()) {
		t.Fatalf("a second run changed the text: %v", err)
	}
	if n := len(second.Findings); n == 0 || second.Findings[n-1].Code != notice.CodeThere {
		t.Fatalf("a second run does not say that the notice is there: %+v", second)
	}
	return out.String(), report
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, want string
		o          notice.Options
	}{
		{"Words.\n", "【人工智能生成】\n\nWords.\n", notice.Options{}},
		{"Words.\r\nMore", "【人工智能生成】\r\n\r\nWords.\r\nMore", notice.Options{}},
		{"a\rb\r", "a\rb\r\r【人工智能生成】\r", notice.Options{Where: notice.End}},
		{"Words.", "Words.\n\n【人工智能生成】\n", notice.Options{Where: notice.End}},
		{"一\n", "【AI合成】\n\n一\n\n【AI合成】\n", notice.Options{Where: notice.Ends, Text: "AI合成"}},
		{"\ufeffa\n", "\ufeff【人工智能生成 AI-generated】\n\na\n", notice.Options{Language: notice.Both}},
		{"a\n", "[AI-generated]\n\na\n", notice.Options{Language: notice.English}},
		{"a\n", "（本文由AI 生成）\n\na\n", notice.Options{Text: "（本文由AI\n生成）"}},
		{"#!/bin/sh\n", "#!/bin/sh\n\n【人工智能生成】\n", notice.Options{Where: notice.End}},
		{"{curly} words\n", "【人工智能生成】\n\n{curly} words\n", notice.Options{}},
		{"", "【人工智能生成】\n\n", notice.Options{}},
		{"<words> in angles\n", "【人工智能生成】\n\n<words> in angles\n", notice.Options{}},
	} {
		if got, report := put(t, media.Text, c.text, c.o); got != c.want || report.Method != "text" || report.Place == "" || report.Words == "" {
			t.Errorf("%q: %q, %+v", c.text, got, report)
		}
	}
}

// TestEncodings: the same text in each encoding gets the same notice, by an independent decoder.
// TestDenials: a line that says the opposite is no notice.
func TestDenials(t *testing.T) {
	for line, want := range map[string]bool{"【人工智能生成】": true, "[本内容由 AI 生成，非真人]": true, "【AI-generated】": true,
		"【本文非人工智能生成】": false, "[本文并非由 AI 生成]": false, "【没有使用人工智能生成】": false} {
		if prose.IsLine(line) != want {
			t.Error(line)
		}
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	const text = "第一行。\r\nline 2 㐀𠀀\r\n"
	for name, enc := range map[string]interface {
		encode(string) string
		decode(string) string
	}{
		"GB 18030":  gb{},
		"UTF-16 LE": wide{unicode.LittleEndian},
		"UTF-16 BE": wide{unicode.BigEndian},
	} {
		for _, size := range []int{1, 30000} { // also longer than the windows
			long := strings.Repeat(text, size)
			for _, o := range []notice.Options{{}, {Where: notice.End}, {Where: notice.Ends}} {
				got, _ := put(t, media.Text, enc.encode(long), o)
				want, _ := put(t, media.Text, long, o)
				if enc.decode(got) != want {
					t.Errorf("%s, %+v: %.80q", name, o, enc.decode(got))
				}
			}
		}
	}
}

type gb struct{}

func (gb) encode(s string) string {
	out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	return must(out, err)
}

func (gb) decode(s string) string {
	out, err := simplifiedchinese.GB18030.NewDecoder().String(s)
	return must(out, err)
}

type wide struct{ order unicode.Endianness }

func (w wide) encode(s string) string {
	out, err := unicode.UTF16(w.order, unicode.UseBOM).NewEncoder().String(s)
	return must(out, err)
}

func (w wide) decode(s string) string {
	out, err := unicode.UTF16(w.order, unicode.ExpectBOM).NewDecoder().String(s)
	return must(out, err)
}

func must(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	const quote = "> **【人工智能生成】**\n"
	for _, c := range []struct {
		text, want string
		where      notice.Where
	}{
		{"# Title\n", quote + "\n# Title\n", ""},
		{"# Title\r\ntext", "> **【人工智能生成】**\r\n\r\n# Title\r\ntext", ""},
		{"---\na: 1\n---\n# Title\n", "---\na: 1\n---\n\n" + quote + "\n# Title\n", ""},
		{"+++\na = 1\n+++\ntext\n", "+++\na = 1\n+++\n\n" + quote + "\ntext\n", ""},
		{"\ufeff---\na: 1\n---\n", "\ufeff---\na: 1\n---\n\n" + quote + "\n", ""},
		{"```go\nx := 1\n```\n", quote + "\n```go\nx := 1\n```\n", ""},
		{"text", "text\n\n" + quote, notice.End},
		{"```\nopen", "```\nopen\n```\n\n" + quote, notice.End},
		{"~~~~\n```\n", "~~~~\n```\n~~~~\n\n" + quote, notice.End},
		{"- item\n  ```\n  code\n  ```\n", "- item\n  ```\n  code\n  ```\n\n" + quote, notice.End},
		{"<!-- open\n", "<!-- open\n-->\n\n" + quote, notice.End},
		{"    indented code\n", "    indented code\n\n" + quote, notice.End},
		{"| a | b |\n|---|---|\n| 1 | 2 |\n", "| a | b |\n|---|---|\n| 1 | 2 |\n\n" + quote, notice.End},
		{"> a quote\n", quote + "\n> a quote\n\n" + quote, notice.Ends},
		{"", quote + "\n", ""},
	} {
		got, _ := put(t, media.Markdown, c.text, notice.Options{Where: c.where})
		if got != c.want {
			t.Errorf("%q:\n%q, want\n%q", c.text, got, c.want)
		}
	}
	got, _ := put(t, media.Markdown, gb{}.encode("---\na: 中\n---\n正文\n"), notice.Options{Where: notice.Ends, Text: "AI_生成*<b>"})
	if text := (gb{}).decode(got); !strings.Contains(text, `> **【AI\_生成\*&lt;b>】**`) || !strings.HasPrefix(text, "---\na: 中\n---\n\n>") {
		t.Errorf("%q", text)
	}
	for _, not := range []string{"```\n【人工智能生成】\n```\n", "<!--\n【人工智能生成】\n-->\n", "# About 【人工智能生成】\n", "---\na: 【人工智能生成】\n---\ntext\n"} {
		if prose.Has(media.Memory(not), media.Markdown) {
			t.Errorf("%q is taken for a notice", not)
		}
	}
}

// TestMarkdownCost has what takes a Markdown parser the square of its length, or a cell for each column in each row, and
// what looks like deep nesting and is none.
func TestMarkdownCost(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"table":    "|" + strings.Repeat("a|", 1<<15) + "\n|" + strings.Repeat("-|", 1<<15) + "\n" + strings.Repeat("|\n", 1<<15),
		"links":    strings.Repeat("[a](", 1<<16),
		"brackets": strings.Repeat("[", 1<<18),
		"ruler":    "a\n\n" + strings.Repeat("-", 1<<18) + "\n\nb\n",
	} {
		edit, _, err := prose.Put(media.Memory(text), media.Markdown, notice.Options{})
		if err != nil || edit == nil {
			t.Error(name, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		f    media.Format
		text string
		o    notice.Options
		code colophon.Code
	}{
		"words":        {media.Text, "a", notice.Options{Text: "AI播客"}, notice.CodeWords},
		"long words":   {media.Text, "a", notice.Options{Text: "AI生成" + strings.Repeat("x", 300)}, media.CodeTooLarge},
		"control":      {media.Text, "a", notice.Options{Text: "AI\x07生成"}, media.CodeMalformed},
		"format":       {media.PDF, "a", notice.Options{}, notice.CodeKind},
		"JSON":         {media.Text, ` {"a": 1}`, notice.Options{}, media.CodeUnsupported},
		"JSON lines":   {media.Text, "{\"a\": 1}\n{\"a\": 2}\n", notice.Options{}, media.CodeUnsupported},
		"JSON, many":   {media.Text, "[\n1,\n2]", notice.Options{Where: notice.End}, media.CodeUnsupported},
		"script":       {media.Text, "#!/bin/sh\n", notice.Options{}, media.CodeUnsupported},
		"XML":          {media.Text, "<?xml version='1.0'?><a/>", notice.Options{}, media.CodeUnsupported},
		"NUL":          {media.Text, "a\x00b", notice.Options{}, media.CodeUnsupported},
		"Latin 1":      {media.Text, "caf\xe9 au lait", notice.Options{}, media.CodeUnsupported},
		"cut UTF-8":    {media.Text, "人工\xe6\x99", notice.Options{}, media.CodeMalformed},
		"mark":         {media.Text, "\ufeff\xff", notice.Options{}, media.CodeMalformed},
		"odd UTF-16":   {media.Text, "\xff\xfea", notice.Options{}, media.CodeMalformed},
		"UTF-32":       {media.Text, "\xff\xfe\x00\x00a\x00\x00\x00", notice.Options{}, media.CodeUnsupported},
		"wide HTML":    {media.HTML, "<\x00p\x00>\x00", notice.Options{}, media.CodeUnsupported},
		"wide half":    {media.HTML, "\xff\xfe<\x00\x00\xd8", notice.Options{}, media.CodeMalformed},
		"open comment": {media.HTML, "<p>x</p><!-- open", notice.Options{Where: notice.Ends}, media.CodeUnsupported},
		"open words":   {media.HTML, "<body><textarea>open", notice.Options{Where: notice.Ends}, media.CodeUnsupported},
		"open choice":  {media.HTML, "<body>x<select><option>a", notice.Options{Where: notice.Ends}, media.CodeUnsupported},
		"open details": {media.HTML, "<body>x<details><p>a</body>", notice.Options{Where: notice.End}, media.CodeUnsupported},
		"frameset":     {media.HTML, "<html><frameset><frame src=a></frameset></html>", notice.Options{}, media.CodeUnsupported},
		"wide NUL":     {media.Markdown, "\xff\xfe\x00\x00\x00\x00", notice.Options{}, media.CodeUnsupported},
		"no character": {media.Markdown, "\xd0A\xab\xab", notice.Options{}, media.CodeMalformed},
		"front matter": {media.Markdown, "---\n" + strings.Repeat("a: 1\n", 1<<17), notice.Options{}, media.CodeTooLarge},
		"quotes":       {media.Markdown, "a\n" + strings.Repeat(" >", 1<<16) + "b\n", notice.Options{}, media.CodeTooDeep},
		"lists":        {media.Markdown, strings.Repeat("- 1. * 2) + ", 1<<14) + "b", notice.Options{}, media.CodeTooDeep},
	} {
		edit, _, err := prose.Put(media.Memory(c.text), c.f, c.o)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.code || edit != nil {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if prose.Has(media.Memory(c.text), c.f) {
			t.Errorf("%s: has a notice", name)
		}
	}
}

// chunks records each write.
type chunks struct{ list []string }

func (c *chunks) Write(b []byte) (int, error) {
	c.list = append(c.list, string(b))
	return len(b), nil
}

func TestStream(t *testing.T) {
	t.Parallel()
	const line = "【人工智能生成】"
	for _, c := range []struct {
		where notice.Where
		in    []string
		want  []string
	}{
		{"", []string{"a", "", "b\n"}, []string{line + "\n\n", "a", "b\n"}},
		{notice.End, []string{"a", "b"}, []string{"a", "b", "\n\n" + line + "\n"}},
		{notice.End, []string{"a\n", "\n"}, []string{"a\n", "\n", line + "\n"}},
		{notice.End, []string{"a\r\n"}, []string{"a\r\n", "\n" + line + "\n"}},
		{notice.Ends, []string{"\xe4\xba", "\xba"}, []string{line + "\n\n", "\xe4\xba", "\xba", "\n\n" + line + "\n"}},
		{notice.Ends, nil, nil},
	} {
		var got chunks
		w, err := prose.NewWriter(&got, notice.Options{Where: c.where})
		if err != nil {
			t.Fatal(err)
		}
		for _, chunk := range c.in {
			before := len(got.list)
			if n, err := w.Write([]byte(chunk)); n != len(chunk) || err != nil {
				t.Fatalf("Write: %d, %v", n, err)
			}
			if chunk != "" && (len(got.list) == before || got.list[len(got.list)-1] != chunk) {
				t.Errorf("%q was held back or changed: %q", chunk, got.list)
			}
		}
		for range 2 {
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Join(got.list, "|") != strings.Join(c.want, "|") {
			t.Errorf("%s: %q, want %q", c.where, got.list, c.want)
		}
		if _, err := w.Write([]byte("late")); err == nil {
			t.Error("a write behind Close: no error")
		}
		if text := strings.Join(got.list, ""); text != "" && !prose.Has(media.Memory(text), media.Text) {
			t.Errorf("no notice in %q", text)
		}
	}
	if _, err := prose.NewWriter(&chunks{}, notice.Options{Text: "no"}); err == nil {
		t.Error("words without the elements: no error")
	}
}

// FuzzPut checks on any bytes: an edit that succeeds leaves the old bytes in their order and a notice that is found, and
// changes nothing when it is made again.
func FuzzPut(f *testing.F) {
	f.Add([]byte("text\n"), byte(0))
	f.Add([]byte("---\na: 1\n---\n```\nopen"), byte(1))
	f.Add([]byte("<!DOCTYPE html><html><head><title>x</title></head><body><p>y</p></body></html>"), byte(2))
	f.Add([]byte("<template><body></template></body><body hidden><!-- </body> -->"), byte(5))
	f.Add([]byte("\xff\xfea\x00"), byte(6))
	f.Add([]byte("\xd0A\xab\xab"), byte(4)) // a character that GB 18030 does not have
	f.Add([]byte(gb{}.encode("中文，四字节㐀")), byte(7))
	f.Fuzz(func(t *testing.T, b []byte, choice byte) {
		format := []media.Format{media.Text, media.Markdown, media.HTML}[choice%3]
		o := notice.Options{Where: []notice.Where{notice.Start, notice.End, notice.Ends}[choice/3%3]}
		src := media.Memory(bytes.Clone(b))
		edit, _, err := prose.Put(src, format, o)
		if err != nil {
			var e *colophon.Error
			if !errors.As(err, &e) || e.Kind == colophon.Internal {
				t.Fatalf("%v", err)
			}
			return
		}
		var out bytes.Buffer
		if err := edit.Apply(&out, src); err != nil || int64(out.Len()) != edit.Size() || !bytes.Equal(src, b) {
			t.Fatalf("Apply: %v", err)
		}
		if !prose.Has(media.Memory(out.Bytes()), format) {
			t.Fatalf("no notice in %q", out.Bytes())
		}
		rest := b
		for _, c := range out.Bytes() {
			if len(rest) > 0 && rest[0] == c {
				rest = rest[1:]
			}
		}
		if len(rest) > 0 {
			t.Fatalf("bytes are lost: %q of %q", rest, b)
		}
	})
}
