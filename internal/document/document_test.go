package document_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
)

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// words are the sentences of the catalogue.
func words(t testing.TB, language locale.Language) document.Words {
	t.Helper()
	say, err := locale.For(language)
	if err != nil {
		t.Fatal(err)
	}
	return say.Say
}

func writer(t testing.TB) *document.Writer { return document.New(words(t, "zh"), words(t, "en")) }

var noon = time.Date(2026, 3, 15, 4, 0, 0, 123e6, time.UTC)

func sheet(items, records int) document.Sheet {
	s := document.Sheet{
		Provider: "题跋示例科技（北京）有限公司", Code: "00191110105MA01ABCD2X10001", Created: noon, Policy: "2026-03-01.2",
		Checkpoint: evidence.Checkpoint{Origin: "log.example.cn/colophon", Size: 48213, Root: sha256.Sum256([]byte("root"))},
		Key:        fmt.Sprintf("SHA256:%x", sha256.Sum256([]byte("key"))),
		TimeStamp:  &document.TimeStamp{Authority: "国家授时中心 Time Stamp Authority", At: noon.Add(time.Minute)},
	}
	for i := range items {
		a := artefact.Artefact{
			Number: artefact.Number(fmt.Sprintf("0195f3c2-7a10-7c3e-9b1d-%012d", i)), State: artefact.States()[i%5], Function: "scene", Format: media.JPEG,
			Size: 204800, Stored: 221184, Created: noon.Add(time.Duration(i) * time.Second), Account: "account-pseudonym",
			Before: sha256.Sum256([]byte{0, byte(i)}), After: sha256.Sum256([]byte{1, byte(i)}),
		}
		item := document.Item{Artefact: a}
		if i%3 != 2 {
			item.Marks = []document.Mark{
				{Name: "notice", Place: "lower right corner", Verdict: colophon.Passed}, {Name: "label", Place: "XMP packet", Verdict: colophon.Failed},
				{Name: "watermark", Place: "", Verdict: colophon.Unknown},
			}
		}
		s.Items = append(s.Items, item)
	}
	for i := range records {
		s.Records = append(s.Records, document.Record{Index: uint64(48000 + i), Record: evidence.Record{
			Type: artefact.RecordDelivered, Sequence: uint64(48001 + i), Subject: "subject-pseudonym", At: noon.UnixMilli() + int64(i), Role: "officer",
			Clauses: []colophon.Clause{colophon.ClauseDS17, colophon.ClauseGB61},
		}})
	}
	return s
}

// hostile is text as nobody would want it.
var hostile = []string{
	`"><script>alert(1)</script>`, "</style>{{.Title}}", "a\x00b\nc\td", "\xff\xfe", "x\u202egnp.exe", "𠮷𪚥😀 ✓", "\\)(<>>endstream endobj", strings.Repeat("长", 9000), strings.Repeat("w", 5000),
	"שלום مرحبا", "e\u0301\u200d\ufeff", "\u3000，，，", "", " ",
}

func hostileSheet(text string) document.Sheet {
	s := sheet(1, 1)
	s.Provider, s.Code, s.Policy, s.Key, s.Checkpoint.Origin, s.TimeStamp.Authority = text, text, text, text, text, text
	s.Items[0].Number, s.Items[0].Function, s.Items[0].Format, s.Items[0].State = artefact.Number(text), text, media.Format(text), artefact.State(text)
	s.Items[0].Marks[0] = document.Mark{Name: text, Place: text}
	s.Records[0].Type, s.Records[0].Role, s.Records[0].Clauses = evidence.Type(text), evidence.Role(text), []colophon.Clause{colophon.Clause(text)}
	return s
}

// run runs a program on a file and returns what it says.
func run(t testing.TB, file []byte, program string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sheet.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "FILE", path)
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

func pdf(t testing.TB, s document.Sheet) []byte {
	t.Helper()
	file, err := writer(t).PDF(s)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// inOrder reports the first of some texts that does not come after the one before it.
func inOrder(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		at := strings.Index(text, w)
		if at < 0 {
			t.Fatalf("%q is missing or out of order; what is left is\n%.2000s", w, text)
		}
		text = text[at+len(w):]
	}
}

var order = []string{
	"证据包封面", "Cover sheet of an evidence bundle", "题跋示例科技（北京）有限公司", "00191110105MA01ABCD2X10001", "2026-03-15 12:00:00.123 +08:00", "48213", "国家授时中心 Time Stamp Authority",
	"0195f3c2-7a10-7c3e-9b1d-000000000000", "沉浸式拟真场景服务", "scene", "已接收", fmt.Sprintf("%x", sha256.Sum256([]byte{0, 0})), "204800 字节", fmt.Sprintf("%x", sha256.Sum256([]byte{1, 0})), "221184 bytes",
	"显式标识", "lower right corner", "通过", "passed", "隐式标识", "XMP packet", "未通过", "failed", "watermark", "无法判断", "could not tell",
	"未读回任何标识", "no mark was read back", "48001", "48000", "artefact.delivered", "officer", "ds-17, gb45438-6.1", "48003", "核验方法",
	"colophon evidence verify BUNDLE --key KEYFILE", "colophon-verify BUNDLE --key KEYFILE",
}

func TestPDFIsReadByOthers(t *testing.T) {
	t.Parallel()
	file := pdf(t, sheet(3, 3))
	if len(file) > 200<<10 {
		t.Errorf("%d bytes", len(file))
	}
	run(t, file, "qpdf", "--check", "FILE")
	inOrder(t, run(t, file, "pdftotext", "-layout", "FILE", "-"), order...)
	fonts := strings.Split(strings.TrimSpace(run(t, file, "pdffonts", "FILE")), "\n")
	if len(fonts) != 3 || !regexp.MustCompile(`^[A-Z]{6}\+NotoSansSC-Regular +CID TrueType +Identity-H +yes yes yes`).MatchString(fonts[2]) {
		t.Errorf("fonts: %q", fonts)
	}
	inOrder(t, run(t, file, "pdfinfo", "FILE"), "Title:", "证据包封面 Cover sheet of an evidence bundle", "Page size:", "(A4)")
	if !bytes.Contains(file, []byte("/Lang(zh-CN)")) {
		t.Error("no language")
	}
}

func TestHTMLStandsAlone(t *testing.T) {
	t.Parallel()
	page, err := writer(t).HTML(sheet(3, 3))
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, html.UnescapeString(string(page)), append([]string{`<html lang="zh-CN">`}, order...)...)
	for _, no := range []string{"<script", "src=", "href=", "url(", "@import", "http:", "https:"} {
		if bytes.Contains(page, []byte(no)) {
			t.Errorf("the page has %s", no)
		}
	}
	for _, tag := range []string{"table", "caption", "section", "tr", "th", "td"} {
		if opened, closed := len(regexp.MustCompile("<"+tag+"[ >]").FindAll(page, -1)), bytes.Count(page, []byte("</"+tag+">")); opened != closed || opened == 0 {
			t.Errorf("%s: %d opened, %d closed", tag, opened, closed)
		}
	}
}

// TestNothingUnsaid: each key that a sheet asks for has a sentence, with all its places filled, and nobody is named.
func TestNothingUnsaid(t *testing.T) {
	t.Parallel()
	s := sheet(6, 2)
	for i, function := range []string{"dialogue", "voice", "person", "scene", "other", "assist"} {
		s.Items[i].Function = function
	}
	s.Items[0].Before, s.TimeStamp = artefact.Digest{}, nil
	page, err := writer(t).HTML(s)
	if err != nil {
		t.Fatal(err)
	}
	text := run(t, pdf(t, s), "pdftotext", "FILE", "-")
	for name, text := range map[string]string{"HTML": string(page[bytes.Index(page, []byte("<body")):]), "PDF": text} {
		for _, no := range []string{"sheet-", "account-pseudonym", "subject-pseudonym", "<span>dialogue</span>", "<span>erased</span>", "<span>passed</span>"} {
			if strings.Contains(text, no) {
				t.Errorf("%s has %s", name, no)
			}
		}
		if unfilled := placeholder.FindString(text); unfilled != "" {
			t.Errorf("%s has %s", name, unfilled)
		}
	}
}

func TestSameBytes(t *testing.T) {
	t.Parallel()
	s, w := sheet(4, 40), writer(t)
	one, two := pdf(t, s), pdf(t, s)
	if !bytes.Equal(one, two) {
		t.Error("two PDFs of one sheet differ")
	}
	first, err := w.HTML(s)
	if err != nil {
		t.Fatal(err)
	}
	second, err := writer(t).HTML(s)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two pages of one sheet differ")
	}
}

// TestLongTables: hundreds of records go over pages, each with the headings, and none is lost.
func TestLongTables(t *testing.T) {
	t.Parallel()
	const records = 700
	file := pdf(t, sheet(2, records))
	run(t, file, "qpdf", "--check", "FILE")
	pages := strings.Split(strings.TrimSuffix(run(t, file, "pdftotext", "-layout", "FILE", "-"), "\f"), "\f")
	seen := 0
	for i, page := range pages {
		inOrder(t, page, fmt.Sprintf("第 %d 页，共 %d 页", i+1, len(pages)), fmt.Sprintf("Page %d of %d", i+1, len(pages)))
		if n := strings.Count(page, "artefact.delivered"); n > 0 {
			seen += n
			inOrder(t, page, "序号", "类型", "角色", "artefact.delivered")
		}
	}
	text := strings.Join(pages, "")
	for i := range records {
		if !strings.Contains(text, strconv.Itoa(48001+i)) {
			t.Fatalf("record %d is lost", i)
		}
	}
	if seen != records || len(pages) < 10 || len(file) > 200<<10 {
		t.Errorf("%d records on %d pages in %d bytes", seen, len(pages), len(file))
	}
}

// TestCharacters: the ideographs of GBK and of extension A, which GB 18030 level 1 asks for, come back as text, and what
// the font lacks as its code point.
func TestCharacters(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for r := rune(0x4e00); r <= 0x9fa5; r++ {
		all.WriteRune(r)
	}
	for r := rune(0x3400); r <= 0x4db5; r++ {
		all.WriteRune(r)
	}
	s := sheet(0, 0)
	s.Provider = all.String() + "。A\u0301"
	s.Policy = "𠮷|😀|ש|龥"
	file := pdf(t, s)
	run(t, file, "qpdf", "--check", "FILE")
	text := run(t, file, "pdftotext", "FILE", "-")
	inOrder(t, text, "U+20BB7|U+1F600|U+05E9|龥")
	rest := strings.NewReplacer("\n", "", "\f", "").Replace(text)
	for _, r := range all.String() {
		if !strings.ContainsRune(rest, r) {
			t.Fatalf("%c U+%04X is lost", r, r)
		}
	}
}

// TestGlyphsStandInPlace: the subset keeps the bearings, so that an opening bracket stands in the right half of its square.
func TestGlyphsStandInPlace(t *testing.T) {
	t.Parallel()
	ink := func(char string) (left int) {
		s := sheet(0, 0)
		s.Provider = char
		file := pdf(t, s)
		var x, y float64
		for _, word := range strings.Split(run(t, file, "pdftotext", "-bbox", "FILE", "-"), "\n") {
			if strings.Contains(word, ">"+char+"<") {
				if _, err := fmt.Sscanf(strings.TrimSpace(word), `<word xMin="%f" yMin="%f"`, &x, &y); err != nil {
					t.Fatal(err)
				}
			}
		}
		const scale = 4 // 288 dots to an inch
		out := run(t, file, "pdftoppm", "-r", strconv.Itoa(72*scale), "-gray", "-f", "1", "-l", "1", "-x", strconv.Itoa(int(x*scale)), "-y", strconv.Itoa(int(y*scale)), "-W", "36", "-H", "60", "FILE")
		pixels := out[len(out)-36*60:]
		for left = 0; left < 36; left++ {
			for row := range 60 {
				if pixels[row*36+left] < 128 {
					return left
				}
			}
		}
		t.Fatalf("%s is not drawn", char)
		return 0
	}
	if opening, closing := ink("（"), ink("）"); opening < closing+12 {
		t.Errorf("（ begins at %d, ） at %d", opening, closing)
	}
}

func FuzzSheet(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	w := writer(f)
	seeds := map[string]bool{}
	for _, text := range hostile {
		seeds[text] = true
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		s := hostileSheet(text)
		page, err := w.HTML(s)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(page, []byte("<script")) || !utf8.Valid(page) || bytes.ContainsAny(page, "\x00\u202e") {
			t.Error("the page lets text through")
		}
		file, err := w.PDF(s)
		if err != nil {
			t.Fatal(err)
		}
		if seeds[text] {
			run(t, file, "qpdf", "--check", "FILE")
		}
	})
}
