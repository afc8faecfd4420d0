package document_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/media"
)

var reportFormats = []media.Format{media.HTML, media.DOCX, media.PDF}

// checker is a picture with a see-through corner.
func checker(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(x), uint8(y), 0x40, 255}
			if x < 20 && y < 20 {
				c = color.NRGBA{}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func drawn(t testing.TB, language string) document.Report {
	rows := make([][]string, 120)
	for i := range rows {
		rows[i] = []string{fmt.Sprint(i + 1), fmt.Sprintf("对话生成算法 %03d <b>&", i+1), "示例科技有限公司\n第二行", "应用于开放域对话生成场景，根据用户输入的文本内容，应用文本生成模型，生成符合要求的文本。"}
	}
	return document.Report{Title: "生成内容安全评估报告", Subtitle: "示例对话服务", Language: language, At: noon, Digest: "sha256:0123456789abcdef",
		Blocks: []document.Block{
			{Kind: document.Heading, Level: 1, Text: "一、基本情况"},
			{Kind: document.Text, Text: "本报告依据测试题集的运行记录生成，各项结论均附有统计区间；未能判断的题目单独列出，不计入合格。\nSecond paragraph in English with a number, 42."},
			{Kind: document.Facts, Text: "表 1 运行信息", Rows: [][]string{{"模型", "demo-chat"}, {"题目数", "2000"}, {"开始时间", "2026-03-15 12:00"}}},
			{Kind: document.Heading, Level: 2, Text: "（一）合格率"},
			{Kind: document.Bars, Text: "图 1 各类风险的合格率", Bars: []document.Bar{
				{Name: "A.1 包含违反社会主义核心价值观的内容", Value: 0.962, Low: 0.941, High: 0.976, Mark: 0.9, Verdict: colophon.Passed, Note: "抽样 500 题"},
				{Name: "A.2 包含歧视性内容", Value: 0.85, Low: 0.79, High: 0.9, Mark: 0.9, Verdict: colophon.Failed},
				{Name: "A.3", Value: math.NaN(), Mark: -1, Verdict: colophon.Unknown, Note: "未运行"},
				{Name: "A.4", Value: 1, Low: 0.98, High: 1, Mark: 1, Verdict: colophon.Passed},
			}},
			{Kind: document.Heading, Level: 1, Text: "二、截图"},
			{Kind: document.Picture, Text: "图 2 公示页面截图", Picture: checker(t, 256, 160), Width: 60},
			{Kind: document.Break},
			{Kind: document.Heading, Level: 1, Text: "三、清单"},
			{Kind: document.Table, Text: "表 2 算法清单", Head: []string{"序号", "算法名称", "主体名称", "主要用途"}, Rows: rows},
			{Kind: document.Picture, Text: "图 3 长截图", Picture: checker(t, 40, 900)},
		}}
}

// TestReport draws a report in each format, twice, and has others read it.
func TestReport(t *testing.T) {
	t.Parallel()
	order := []string{"生成内容安全评估报告", "示例对话服务", "2026-03-15 12:00", "sha256:0123456789abcdef", "一、基本情况", "本报告依据测试题集", "表 1 运行信息", "demo-chat", "（一）合格率", "图 1",
		"96.2%", "通过", "抽样 500 题", "85%", "未通过", "—", "无法判断", "未运行", "色条为数值", "图 2 公示页面截图", "表 2 算法清单", "序号", "<b>&", "第二行", "120", "图 3 长截图"}
	for _, f := range reportFormats {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			made, err := writer(t).Report(drawn(t, "zh"), f)
			if err != nil {
				t.Fatal(err)
			}
			again, err := writer(t).Report(drawn(t, "zh"), f)
			if err != nil || !bytes.Equal(made, again) {
				t.Error("the same report gives other bytes", err)
			}
			keep(t, "report."+string(f), made)
			switch f {
			case media.HTML:
				for _, no := range []string{"<script", "href=", "url(", "http:", "https:", "<b>&", "NaN"} {
					if strings.Contains(string(made), no) {
						t.Errorf("the page has %s", no)
					}
				}
				inOrder(t, string(made), "生成内容安全评估报告", "data:image/png;base64,", "&lt;b&gt;&amp;")
			case media.PDF:
				run(t, made, "qpdf", "--check", "FILE")
				inOrder(t, run(t, made, "pdftotext", "-layout", "FILE", "-"), order[:11]...)
				text := run(t, made, "pdftotext", "FILE", "-")
				for _, s := range order {
					if !strings.Contains(text, s) {
						t.Errorf("the PDF lacks %q", s)
					}
				}
				headOnEachPage(t, text)
				if list := run(t, made, "pdfimages", "-list", "FILE"); strings.Count(list, "rgb") != 2 {
					t.Errorf("pictures: %s", list)
				}
			case media.DOCX:
				wellFormed(t, made)
				text := office(t, made)
				for _, s := range order {
					if !strings.Contains(text, s) {
						t.Errorf("LibreOffice does not show %q", s)
					}
				}
				headOnEachPage(t, text)
			}
		})
	}
}

// headOnEachPage: each page with rows of the long table has its head, and each page its number.
func headOnEachPage(t *testing.T, text string) {
	t.Helper()
	pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	for i, page := range pages {
		if strings.Contains(page, "对话生成算法") && !strings.Contains(page, "主体名称") {
			t.Errorf("page %d has no head", i+1)
		}
		if want := fmt.Sprintf("第 %d 页，共 %d 页", i+1, len(pages)); !strings.Contains(page, want) {
			t.Errorf("page %d has no %q", i+1, want)
		}
	}
	if len(pages) < 4 {
		t.Errorf("%d pages", len(pages))
	}
}

// office has LibreOffice read a document, and returns the text of the pages that it makes.
func office(t *testing.T, docx []byte) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.docx")
	if err := os.WriteFile(path, docx, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("soffice", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", "pdf", "--outdir", dir, path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v\n%s", err, out)
	}
	pdf, err := os.ReadFile(filepath.Join(dir, "report.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "report.docx.pdf", pdf)
	return run(t, pdf, "pdftotext", "FILE", "-")
}

// wellFormed reads each part of a document as XML, and finds each picture that a part names.
func wellFormed(t *testing.T, docx []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(docx), int64(len(docx)))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range z.File {
		if !strings.HasSuffix(part.Name, ".xml") && !strings.HasSuffix(part.Name, ".rels") {
			continue
		}
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(r); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", part.Name, err)
			}
		}
	}
}

// TestReportInEnglish: what the writer puts in is in the report's language.
func TestReportInEnglish(t *testing.T) {
	t.Parallel()
	for _, f := range reportFormats {
		r := drawn(t, "en")
		r.Blocks = r.Blocks[4:5]
		made, err := writer(t).Report(r, f)
		if err != nil {
			t.Fatal(err)
		}
		text := string(made)
		switch f {
		case media.PDF:
			text = run(t, made, "pdftotext", "FILE", "-")
			inOrder(t, text, "Page 1 of 1")
		case media.DOCX:
			text = docxText(t, made)
		}
		for _, s := range []string{"Made on", "could not tell", "yardstick"} {
			if !strings.Contains(text, s) {
				t.Errorf("%s lacks %q", f, s)
			}
		}
		if strings.Contains(text, "结论") {
			t.Errorf("%s speaks Chinese", f)
		}
	}
}

func docxText(t *testing.T, docx []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(docx), int64(len(docx)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReportRefuses: what can't be drawn is an error that says where, in every format.
func TestReportRefuses(t *testing.T) {
	t.Parallel()
	broken := checker(t, 30, 30)
	for name, c := range map[string]struct {
		block document.Block
		code  colophon.Code
	}{
		"half a picture":   {document.Block{Kind: document.Picture, Picture: broken[:len(broken)/2]}, document.CodePicture},
		"no picture":       {document.Block{Kind: document.Picture, Picture: []byte("GIF89a")}, document.CodePicture},
		"too many pixels":  {document.Block{Kind: document.Picture, Picture: huge(broken)}, document.CodePicture},
		"too many columns": {document.Block{Kind: document.Table, Rows: [][]string{make([]string, 30)}}, document.CodeSize},
		"too many rows":    {document.Block{Kind: document.Table, Rows: make([][]string, 60000)}, document.CodeSize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "too many rows" {
				for i := range c.block.Rows {
					c.block.Rows[i] = []string{"a"}
				}
			}
			for _, f := range reportFormats {
				_, err := writer(t).Report(document.Report{Title: "a", Blocks: []document.Block{c.block}}, f)
				var e *colophon.Error
				if !errors.As(err, &e) || e.Code != c.code {
					t.Errorf("%s: %v", f, err)
				}
			}
		})
	}
	large := document.Block{Kind: document.Picture, Picture: append(bytes.Clone(broken), make([]byte, 50<<20)...)}
	_, err := writer(t).Report(document.Report{Title: "a", Blocks: []document.Block{large, large, large}}, media.HTML)
	var together *colophon.Error
	if !errors.As(err, &together) || together.Code != document.CodeSize {
		t.Errorf("pictures that are too large together: %v", err)
	}
	if _, err := writer(t).Report(document.Report{Title: "a"}, media.PNG); err == nil {
		t.Error("a report as PNG")
	}
}

// huge says that a picture has 65536 by 65536 pixels.
func huge(b []byte) []byte {
	b = bytes.Clone(b)
	copy(b[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0})
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// FuzzReport writes whatever stands in a report: no text may break a document, or take effect in it.
func FuzzReport(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	w := writer(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		r := document.Report{Title: text, Subtitle: text, Language: text, Digest: text, At: time.Unix(0, 0), Blocks: []document.Block{
			{Kind: document.Heading, Text: text, Level: len(text) - 3}, {Text: text, Kind: document.Text}, {Kind: document.Facts, Text: text, Rows: [][]string{{text}, {text, text, text}}},
			{Kind: document.Table, Head: []string{text, ""}, Rows: [][]string{{}, {text, text}}}, {Kind: document.Bars, Bars: []document.Bar{{Name: text, Note: text, Value: float64(len(text)) / 10}}}, {Kind: document.BlockKind(len(text))}}}
		for _, format := range []media.Format{media.HTML, media.DOCX} {
			made, err := w.Report(r, format)
			if err != nil {
				t.Fatal(format, err)
			}
			if format == media.DOCX {
				wellFormed(t, made)
			} else if bytes.Contains(made, []byte("<script")) || bytes.Contains(made, []byte("\u202e")) {
				t.Error("the page lets text through")
			}
		}
	})
}
