package page_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/epub"
	"github.com/colophon-project/colophon/internal/media/glb"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/ooxml"
	"github.com/colophon-project/colophon/internal/media/pdf"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/page"
)

const words = "人工智能生成"

// sample returns a document of testdata. The Office documents and the book were made by LibreOffice from the flat
// OpenDocument files beside them, as `soffice --convert-to docx doc.fodt`.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func apply(t testing.TB, b []byte, f media.Format, o notice.Options) ([]byte, notice.Report) {
	t.Helper()
	src := media.Memory(b)
	edit, report, err := page.Put(src, f, o)
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, src); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), report
}

// put applies the notice, and checks what holds for every document.
func put(t testing.TB, b []byte, f media.Format, o notice.Options) ([]byte, notice.Report) {
	t.Helper()
	if page.Has(media.Memory(b), f) {
		t.Fatalf("%s: the sample has a notice", f)
	}
	out, report := apply(t, b, f, o)
	if !page.Has(media.Memory(out), f) {
		t.Fatalf("%s: the notice is not found", f)
	}
	for _, where := range []notice.Where{notice.Start, notice.End} {
		o.Where = where
		again, second := apply(t, out, f, o)
		if n := len(second.Findings); !bytes.Equal(again, out) || n == 0 || second.Findings[n-1].Code != notice.CodeThere {
			t.Fatalf("%s: a second run at the %s changed the document: %+v", f, where, second)
		}
	}
	return out, report
}

// parts unpacks a ZIP file with the standard library.
func parts(t testing.TB, b []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		list[f.Name] = string(text)
	}
	return list
}

// TestOffice has LibreOffice print each document before and after: the words stand on every page, and what else is
// printed did not change.
func TestOffice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kinds := []struct {
		sample string
		format media.Format
		o      notice.Options
		pages  int
		line   string
		once   bool // on one page alone
	}{
		{"doc.docx", media.DOCX, notice.Options{}, 4, "【" + words + "】", false},
		{"doc.docx", media.DOTX, notice.Options{Where: notice.End, Text: "AI & 合成"}, 4, "【AI & 合成】", false},
		{"show.pptx", media.PPTX, notice.Options{}, 3, words, false},
		{"calc.xlsx", media.XLSX, notice.Options{Language: notice.Both}, 2, "【" + words + " AI-generated】", false},
		{"doc.epub", media.EPUB, notice.Options{}, 0, words, true},
	}
	var files []string
	write := func(name string, b []byte) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	for i, k := range kinds {
		b := sample(t, k.sample)
		after, report := put(t, b, k.format, k.o)
		if report.Method != "text" || report.Place == "" {
			t.Errorf("%s: %+v", k.sample, report)
		}
		if k.format == media.EPUB { // LibreOffice reads no books; the test below does
			continue
		}
		ext := filepath.Ext(k.sample)
		if i != 1 { // it is the same as the first
			write("before-"+strconv.Itoa(i)+ext, b)
		}
		write("after-"+strconv.Itoa(i)+ext, after)
	}
	var grid strings.Builder // eight columns on one page
	for range 30 {
		grid.WriteString(`<row>` + strings.Repeat(`<c><v>1</v></c>`, 8) + `</row>`)
	}
	const kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
	columns := pack(t, "[Content_Types].xml", strings.Replace(types, "</Types>", `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`+
		`<Override PartName="/xl/workbook.xml" ContentType="`+kind+`sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="`+kind+`worksheet+xml"/></Types>`, 1),
		"_rels/.rels", rels(office, "officeDocument", "xl/workbook.xml"), "xl/_rels/workbook.xml.rels", rels(office, "worksheet", "worksheets/sheet1.xml"),
		"xl/workbook.xml", `<workbook xmlns="`+xlsxSpace+`" xmlns:r="`+office+`"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/worksheets/sheet1.xml", `<worksheet xmlns="`+xlsxSpace+`"><sheetData>`+grid.String()+`</sheetData></worksheet>`)
	boxed, _ := put(t, columns, media.XLSX, notice.Options{})
	write("columns-before.xlsx", columns)
	write("columns-after.xlsx", boxed)
	args := []string{"-env:UserInstallation=file://" + filepath.Join(dir, "profile"), "--headless", "--convert-to", "pdf", "--outdir", dir}
	mediatest.Output(t, "soffice", append(args, files...)...)
	if before, after := printed(t, filepath.Join(dir, "columns-before.pdf")), printed(t, filepath.Join(dir, "columns-after.pdf")); len(before) != len(after) {
		t.Errorf("the text box makes %d pages of %d", len(after), len(before))
	}
	for i, k := range kinds {
		if k.format == media.EPUB {
			continue
		}
		first := i
		if i == 1 {
			first = 0
		}
		before, after := printed(t, filepath.Join(dir, "before-"+strconv.Itoa(first)+".pdf")), printed(t, filepath.Join(dir, "after-"+strconv.Itoa(i)+".pdf"))
		if len(before) != k.pages || len(after) != k.pages {
			t.Fatalf("%s: %d pages became %d, want %d", k.sample, len(before), len(after), k.pages)
		}
		for n := range after {
			flat := strings.Join(strings.Fields(after[n]), " ")
			if !strings.Contains(flat, k.line) {
				t.Errorf("%s, page %d: no notice in %q", k.sample, n+1, flat)
			}
			rest := strings.ReplaceAll(strings.ReplaceAll(flat, k.line, " "), words+" AI-generated", " ")
			if got, want := strings.Join(strings.Fields(rest), " "), strings.Join(strings.Fields(before[n]), " "); sorted(got) != sorted(want) {
				t.Errorf("%s, page %d: %q became %q", k.sample, n+1, want, got)
			}
		}
	}
	if keep := os.Getenv("COLOPHON_KEEP"); keep != "" { // to look at
		if err := os.CopyFS(keep, os.DirFS(dir)); err != nil {
			t.Log(err)
		}
	}
}

func sorted(s string) string {
	words := strings.Fields(s)
	for i := range words {
		for j := i; j > 0 && words[j] < words[j-1]; j-- {
			words[j], words[j-1] = words[j-1], words[j]
		}
	}
	return strings.Join(words, " ")
}

// printed returns the text of each page of a PDF file.
func printed(t testing.TB, path string) []string {
	t.Helper()
	text := string(mediatest.Output(t, "pdftotext", "-layout", path, "-"))
	return strings.Split(strings.TrimSuffix(text, "\f"), "\f")
}

func TestBook(t *testing.T) {
	t.Parallel()
	b := sample(t, "doc.epub")
	before := parts(t, b)
	for _, where := range []notice.Where{notice.Start, notice.End, notice.Ends} {
		out, report := put(t, b, media.EPUB, notice.Options{Where: where})
		if report.Place == "" {
			t.Errorf("%+v", report)
		}
		n := 0
		for name, text := range parts(t, out) {
			if count := strings.Count(text, words); count > 0 {
				n += count
				text = without(text, "<div class=\"aigc-notice\"", "</div>")
			}
			if text != before[name] {
				t.Errorf("%s: part %s is another", where, name)
			}
		}
		if want := map[notice.Where]int{notice.Ends: 2}[where]; n != max(1, want) {
			t.Errorf("%s: %d notices", where, n)
		}
		if !bytes.HasPrefix(out[30:], []byte("mimetypeapplication/epub+zip")) {
			t.Error("the first entry moved")
		}
	}
}

// without cuts all pieces between two marks, which are cut too.
func without(text, from, to string) string {
	for {
		i := strings.Index(text, from)
		if i < 0 {
			return text
		}
		n := strings.Index(text[i:], to)
		text = text[:i] + text[i+n+len(to):]
	}
}

// TestLabel puts the label on before and after the notice: neither disturbs the other.
func TestLabel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sample    string
		format    media.Format
		container media.Container
		place     media.Place
	}{
		{"doc.docx", media.DOCX, ooxml.Container{}, media.PlaceProperty},
		{"show.pptx", media.PPTX, ooxml.Container{}, media.PlaceProperty},
		{"calc.xlsx", media.XLSX, ooxml.Container{}, media.PlaceProperty},
		{"doc.epub", media.EPUB, epub.Container{}, media.PlaceMeta},
		{"scene.glb", media.GLB, glb.Container{}, media.PlaceExtras},
		{"", media.PDF, pdf.Container{}, media.PlaceInfoDict},
	} {
		b := simplePDF()
		if c.sample != "" {
			b = sample(t, c.sample)
		}
		label := media.Put{Place: c.place, Value: mediatest.Value("n1")}
		noticed, _ := put(t, b, c.format, notice.Options{})
		both := mediatest.Apply(t, c.container, c.format, noticed, label)
		mediatest.One(t, c.container, c.format, both, c.place, label.Value)
		if !page.Has(media.Memory(both), c.format) {
			t.Errorf("%s: the label took the notice away", c.format)
		}
		labelled := mediatest.Apply(t, c.container, c.format, b, label)
		both, _ = put(t, labelled, c.format, notice.Options{})
		mediatest.One(t, c.container, c.format, both, c.place, label.Value)
	}
}

func TestScene(t *testing.T) {
	t.Parallel()
	b := sample(t, "scene.glb")
	out, report := put(t, b, media.GLB, notice.Options{Corner: notice.BottomLeft})
	if report.Around != words || report.Method != "overlay" {
		t.Errorf("%+v", report)
	}
	if !bytes.Contains(out, []byte(`"AIGCNotice":{"text":"`+words+`","language":"zh-CN","placement":"start-frame","corner":"bottom-left","minHeight":0.05,"minSeconds":2,`)) {
		t.Errorf("%s", out)
	}
	if n := len(out); n%4 != 0 || int(out[8])|int(out[9])<<8 != n {
		t.Errorf("length %d", n)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	docx := sample(t, "doc.docx")
	for name, c := range map[string]struct {
		b    []byte
		f    media.Format
		o    notice.Options
		code colophon.Code
	}{
		"words":            {docx, media.DOCX, notice.Options{Text: "AI"}, notice.CodeWords},
		"format":           {docx, media.MP4, notice.Options{}, notice.CodeKind},
		"nothing":          {nil, media.DOCX, notice.Options{}, media.CodeTruncated},
		"cut":              {docx[:2000], media.DOCX, notice.Options{}, media.CodeMalformed},
		"no document":      {sample(t, "doc.epub"), media.DOCX, notice.Options{}, media.CodeMalformed},
		"no book":          {docx, media.EPUB, notice.Options{}, media.CodeMalformed},
		"sheet as slides":  {sample(t, "calc.xlsx"), media.PPTX, notice.Options{}, media.CodeMalformed},
		"slides as sheets": {sample(t, "show.pptx"), media.XLSX, notice.Options{}, media.CodeMalformed},
		"slides as text":   {sample(t, "show.pptx"), media.DOCX, notice.Options{}, media.CodeMalformed},
		"GLB":              {[]byte("glTF"), media.GLB, notice.Options{}, media.CodeTruncated},
		"PDF":              {[]byte("%PDF-1.7"), media.PDF, notice.Options{}, media.CodeMalformed},
	} {
		edit, _, err := page.Put(media.Memory(c.b), c.f, c.o)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.code || edit != nil {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if page.Has(media.Memory(c.b), c.f) {
			t.Errorf("%s: has a notice", name)
		}
	}
}
