package page_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/page"
)

// build returns a PDF with a cross-reference table.
func build(objects map[int]string, trailer string) []byte {
	var b, table bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	numbers := slices.Sorted(maps.Keys(objects))
	for _, n := range numbers {
		fmt.Fprintf(&table, "%d 1\n%010d 00000 n \n", n, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, objects[n])
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 1\n0000000000 65535 f \n%strailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n", table.Bytes(), numbers[len(numbers)-1]+1, trailer, start)
	return b.Bytes()
}

func content(s string) string {
	return fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(s), s)
}

// onePage is a document of one page with entries of its own.
func onePage(entries, stream string) []byte {
	return build(map[int]string{
		1: "<< /Type /Catalog /Pages 2 0 R >>",
		2: "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> /ProcSet [/PDF /Text] >> >>",
		3: "<< /Type /Page /Parent 2 0 R " + entries + " >>",
		4: content(stream),
		5: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}, "/Root 1 0 R")
}

const line = "BT /F1 18 Tf 72 400 Td (Words that were there) Tj ET"

func simplePDF() []byte { return onePage("/Contents 4 0 R", line) }

// mixed has pages that inherit, share and turn.
func mixed() []byte {
	return build(map[int]string{
		1:  "<< /Type /Catalog /Pages 2 0 R >>",
		2:  "<< /Type /Pages /Kids [3 0 R 6 0 R] /Count 4 /MediaBox [0 0 595 842] /Resources 9 0 R >>",
		3:  "<< /Type /Page /Parent 2 0 R /Contents [4 0 R 8 0 R] /Rotate 90 >>",
		4:  content("q 0.5 0 0 0.5 0 0 cm"),
		5:  "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
		6:  "<< /Type /Pages /Parent 2 0 R /Kids [7 0 R 10 0 R 11 0 R] /Count 3 /Rotate -90 >>",
		7:  "<< /Type /Page /Parent 6 0 R /Contents 8 0 R /MediaBox [-100 -200 400 300] /CropBox [-50 -150 350 250] >>",
		8:  content(line),
		9:  "<< /Font 12 0 R >>",
		10: "<< /Type /Page /Parent 6 0 R /Rotate 180 /Contents 13 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		11: "<< /Type /Page /Parent 6 0 R /Rotate 0 >>",
		12: "<< /F1 5 0 R >>",
		13: content(line + " Q Q 2 0 0 2 9 9 cm"),
	}, "/Root 1 0 R")
}

func text(t testing.TB, b []byte) []string {
	t.Helper()
	return printed(t, mediatest.File(t, "x.pdf", b))
}

// sound runs qpdf --check, which warns of what is not well-formed.
func sound(t testing.TB, b []byte) string {
	t.Helper()
	out, err := exec.Command(mediatest.Tool(t, "qpdf"), "--check", mediatest.File(t, "x.pdf", b)).CombinedOutput()
	if err != nil {
		return string(out)
	}
	return ""
}

func qpdf(t testing.TB, b []byte, args ...string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.pdf")
	mediatest.Output(t, "qpdf", append(append([]string{mediatest.File(t, "in.pdf", b)}, args...), out)...)
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestPDF(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() []byte{
		"simple":         simplePDF,
		"mixed":          mixed,
		"object streams": func() []byte { return qpdf(t, mixed(), "--object-streams=generate") },
		"linearized":     func() []byte { return qpdf(t, mixed(), "--linearize") },
		"no contents":    func() []byte { return onePage("", "") },
		"inline image":   func() []byte { return onePage("/Contents 4 0 R", "BI /W 4 /H 1 /BPC 8 /CS /G ID q q  EI "+line) },
		"restores":       func() []byte { return onePage("/Contents 4 0 R", line+" Q Q q (q) Tj /q gs") },
		"bytes in front": func() []byte { return append([]byte("0123456789\n"), simplePDF()...) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := make()
			for i, o := range []notice.Options{{}, {Language: notice.Both, Corner: notice.BottomLeft}} {
				if i == 1 && name != "mixed" {
					continue
				}
				out, report := put(t, b, media.PDF, o)
				if !bytes.HasPrefix(out, b) {
					t.Fatal("the update changed what was there")
				}
				if report.Method != "overlay" || report.Place != "every page" || report.Contrast < notice.MinContrast || report.Ink < 0.015 {
					t.Errorf("%+v", report)
				}
				if is := sound(t, out); is != "" && sound(t, b) == "" {
					t.Errorf("qpdf --check: %s", is)
				}
				before, after := text(t, b), text(t, out)
				if len(before) != len(after) {
					t.Fatalf("%d pages became %d", len(before), len(after))
				}
				for n := range after {
					flat := strings.Join(strings.Fields(after[n]), " ")
					if strings.Count(flat, report.Words) != 1 {
						t.Errorf("page %d says %q", n+1, flat)
					}
					if rest := strings.Join(strings.Fields(strings.Replace(flat, report.Words, "", 1)), " "); rest != strings.Join(strings.Fields(before[n]), " ") {
						t.Errorf("page %d: %q became %q", n+1, before[n], rest)
					}
				}
			}
			if keep := os.Getenv("COLOPHON_KEEP"); keep != "" {
				out, _ := put(t, b, media.PDF, notice.Options{})
				if err := os.WriteFile(filepath.Join(keep, "pdf-"+strings.ReplaceAll(name, " ", "-")+".pdf"), out, 0o600); err != nil {
					t.Log(err)
				}
			}
		})
	}
}

// TestInk measures the words on pages as pdftoppm draws them: where the report says that they are, upright, at the size
// that it says.
func TestInk(t *testing.T) {
	t.Parallel()
	// Pages without words of their own, so that all dark pixels are the notice's.
	objects := map[int]string{1: "<< /Type /Catalog /Pages 2 0 R >>"}
	var kids []string
	boxes := []string{"0 0 595 842", "100 50 700 450", "-300 -300 300 -100", "0 0 90 90"}
	for i := range 8 {
		objects[3+i] = fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Rotate %d >>", boxes[i/2], i%4*90)
		kids = append(kids, fmt.Sprintf("%d 0 R", 3+i))
	}
	objects[2] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count 8 >>", strings.Join(kids, " "))
	b := build(objects, "/Root 1 0 R")
	out, report := put(t, b, media.PDF, notice.Options{})
	path := mediatest.File(t, "x.pdf", out)
	prefix := filepath.Join(t.TempDir(), "p")
	mediatest.Output(t, "pdftoppm", "-r", "144", "-png", path, prefix) // two pixels to a point
	least := 1.0
	for i := range 8 {
		f, err := os.Open(fmt.Sprintf("%s-%d.png", prefix, i+1))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		colour, ok := img.(*image.RGBA)
		if !ok {
			t.Fatalf("pdftoppm made %T", img)
		}
		size := colour.Rect
		dark := func(x, y int) bool { return colour.Pix[y*colour.Stride+4*x] < 0x60 }
		// The plate's border is the outermost dark line; the ink is what is dark inside of it.
		x0, y0, x1, y1 := size.Dx(), size.Dy(), 0, 0
		for y := range size.Dy() {
			row := colour.Pix[y*colour.Stride:][:4*size.Dx()]
			if slices.Min(row) >= 0x60 {
				continue
			}
			for x := range size.Dx() {
				if dark(x, y) {
					x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
				}
			}
		}
		if x1-x0 < 2*(y1-y0) || x0 < size.Dx()/20 && i < 4 || y1 > size.Dy()/2 {
			t.Errorf("page %d of %v: the plate is at %d,%d to %d,%d", i+1, size.Max, x0, y0, x1, y1)
		}
		edge := (y1 - y0) / 8
		top, bottom := 0, 0
		for y := y0 + edge; y <= y1-edge; y++ {
			for x := x0 + edge; x <= x1-edge; x++ {
				if dark(x, y) {
					if top == 0 {
						top = y
					}
					bottom = y
				}
			}
		}
		ink := float64(bottom-top+1) / float64(min(size.Dx(), size.Dy()))
		least = min(least, ink)
	}
	if math.Abs(least-report.Ink) > 0.005 {
		t.Errorf("the ink is %.4f of the shortest side, the report says %.4f", least, report.Ink)
	}
	if keep := os.Getenv("COLOPHON_KEEP"); keep != "" {
		if err := os.WriteFile(filepath.Join(keep, "pdf-boxes.pdf"), out, 0o600); err != nil {
			t.Log(err)
		}
	}
}

func TestPDFSigned(t *testing.T) {
	t.Parallel()
	b := build(map[int]string{
		1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] /SigFlags 3 >> >>",
		2: "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 200 200] >>",
		3: "<< /Type /Page /Parent 2 0 R >>",
		4: "<< /Type /Sig /ByteRange [0 10 20 30] /Contents <00> >>",
	}, "/Root 1 0 R")
	_, report := put(t, b, media.PDF, notice.Options{})
	if !slices.ContainsFunc(report.Findings, func(f colophon.Finding) bool { return f.Code == page.CodeSigned }) {
		t.Errorf("%+v", report)
	}
}

func TestPDFRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		b    []byte
		o    notice.Options
		code colophon.Code
	}{
		"encrypted":   {qpdf(t, simplePDF(), "--encrypt", "", "x", "256", "--"), notice.Options{}, media.CodeUnsupported},
		"tiny":        {onePage("/MediaBox [0 0 20 20]", ""), notice.Options{Text: "AI生成" + strings.Repeat("x", 90)}, page.CodePage},
		"no box":      {onePage("/MediaBox [0 0 0 0]", ""), notice.Options{}, media.CodeMalformed},
		"rotate":      {onePage("/Rotate 45", ""), notice.Options{}, media.CodeMalformed},
		"contents":    {onePage("/Contents 5 0 R", ""), notice.Options{}, media.CodeMalformed},
		"no pages":    {build(map[int]string{1: "<< /Type /Catalog /Pages 2 0 R >>", 2: "<< /Type /Pages /Kids [] /Count 0 >>"}, "/Root 1 0 R"), notice.Options{}, media.CodeMalformed},
		"loop":        {build(map[int]string{1: "<< /Type /Catalog /Pages 2 0 R >>", 2: "<< /Type /Pages /Kids [2 0 R] >>"}, "/Root 1 0 R"), notice.Options{}, media.CodeMalformed},
		"no glyph":    {simplePDF(), notice.Options{Text: "AI生成 \U0001F600"}, notice.CodeNoGlyph},
		"no font":     {simplePDF(), notice.Options{Font: []byte("nothing")}, media.CodeTruncated},
		"other font":  {simplePDF(), notice.Options{Font: []byte("OTTO\x00\x01\x00\x00\x00\x00\x00\x00")}, media.CodeUnsupported},
		"broken font": {simplePDF(), notice.Options{Font: []byte("\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")}, media.CodeMalformed},
	} {
		edit, _, err := page.Put(media.Memory(c.b), media.PDF, c.o)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.code || edit != nil {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}
