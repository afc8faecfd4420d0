package pdf_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/pdf"
)

// overlay draws a grey square on each page and names a font.
func overlay(t *testing.T, b []byte) []byte {
	t.Helper()
	src := media.Memory(b)
	d, err := pdf.Open(src)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := d.Pages()
	if err != nil {
		t.Fatal(err)
	}
	o, err := d.Overlay()
	if err != nil {
		t.Fatal(err)
	}
	font := o.Add("<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>")
	square := o.AddStream("", []byte("0.5 g 0 0 10 10 re f BT /Extra 8 Tf 20 80 Td (More) Tj ET"))
	for i := range pages {
		if has, err := d.HasFont(&pages[i], "Extra"); err != nil || has {
			t.Fatalf("HasFont: %v, %v", has, err)
		}
		if err := o.Draw(&pages[i], square, "Extra", font); err != nil {
			t.Fatal(err)
		}
	}
	edit, err := o.Edit()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, src); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	plain := simple("<< /Title (a) >>")
	for name, b := range map[string][]byte{
		"table": plain, "no Info": build(page(""), "/Root 1 0 R"), "streams": qpdf(t, plain, "--object-streams=generate"), "linearized": qpdf(t, plain, "--linearize"),
	} {
		out := overlay(t, b)
		if is := checked(t, out); is != "" {
			t.Errorf("%s: qpdf --check: %s", name, is)
		}
		text := string(mediatest.Output(t, "pdftotext", mediatest.File(t, "x.pdf", out), "-"))
		if !strings.Contains(text, "More") || !strings.Contains(text, "Page") {
			t.Errorf("%s: %q", name, text)
		}
		d, err := pdf.Open(media.Memory(out))
		if err != nil {
			t.Fatal(err)
		}
		pages, err := d.Pages()
		if err != nil || len(pages) != 1 || pages[0].Box != (pdf.Box{X1: 100, Y1: 100}) || pages[0].Rotate != 0 {
			t.Errorf("%s: %+v, %v", name, pages, err)
		}
		if has, err := d.HasFont(&pages[0], "Extra"); err != nil || !has {
			t.Errorf("%s: the font is not found: %v", name, err)
		}
		if is, err := d.Signed(); is || err != nil {
			t.Errorf("%s: signed %v, %v", name, is, err)
		}
		info := string(mediatest.Output(t, "pdfinfo", mediatest.File(t, "x.pdf", out)))
		if strings.Contains(info, "Title:") != (name != "no Info") {
			t.Errorf("%s: %s", name, info)
		}
	}
}
