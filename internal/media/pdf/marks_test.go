package pdf_test

import (
	"math"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/pdf"
)

// marked opens a document of one page with a content.
func marked(t *testing.T, content string, more map[int]string) (*pdf.Document, []pdf.Page) {
	t.Helper()
	objects := with(page(""), 4, stream("", content))
	for n, text := range more {
		objects[n] = text
	}
	d, err := pdf.Open(media.Memory(build(objects, "/Root 1 0 R")))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := d.Pages()
	if err != nil {
		t.Fatal(err)
	}
	return d, pages
}

func TestMarks(t *testing.T) {
	t.Parallel()
	const wide = "<< /Type /Font /Subtype /Type0 /DescendantFonts [<< /DW 500 /W [1 [2000 3000] 7 9 1500] >>] >>"
	resources := map[int]string{
		3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources << /Font << /F1 5 0 R /W 6 0 R >> /XObject << /A 7 0 R /B 8 0 R /Me 9 0 R >> >> >>",
		5: "<< /Type /Font /Subtype /Type1 /FirstChar 97 /Widths [500 1000] >>", 6: wide,
		7: stream("/Subtype /Image", "x"), 8: stream("/Subtype /Form /Matrix [2 0 0 2 10 10]", "0 0 5 5 re f q"), 9: stream("/Subtype /Form", "/Me Do"),
	}
	for content, want := range map[string]pdf.Box{
		"10 20 30 5 re f":                                    {X0: 10, Y0: 20, X1: 40, Y1: 25},
		"q 2 0 0 2 1 1 cm 10 20 5 5 re B* Q":                 {X0: 21, Y0: 41, X1: 31, Y1: 51},
		"10 10 m 20 30 l 5 5 6 6 7 40 c S":                   {X0: 5, Y0: 5, X1: 20, Y1: 40},
		"BT /F1 10 Tf 5 50 Td (ab) Tj ET":                    {X0: 5, Y0: 47.5, X1: 20, Y1: 58.5},
		"BT /F1 10 Tf 2 Tc 50 Tz 5 50 Td (ab) Tj ET":         {X0: 5, Y0: 47.5, X1: 14.5, Y1: 58.5},
		"BT /F1 10 Tf 0 1 -1 0 50 5 Tm [(a) -500 (a)] TJ ET": {X0: 41.5, Y0: 5, X1: 52.5, Y1: 20},
		"BT /W 10 Tf 5 50 Td <0001000200080000> Tj ET":       {X0: 5, Y0: 47.5, X1: 75, Y1: 58.5},
		"q 20 0 0 10 5 5 cm /A Do Q":                         {X0: 5, Y0: 5, X1: 25, Y1: 15},
		"q 1 0 0 1 5 0 cm /B Do Q":                           {X0: 15, Y0: 10, X1: 25, Y1: 20},
	} {
		d, pages := marked(t, content, resources)
		boxes, known := d.Marks(&pages[0])
		if !known || len(boxes) != 1 || math.Abs(boxes[0].X0-want.X0)+math.Abs(boxes[0].Y0-want.Y0)+math.Abs(boxes[0].X1-want.X1)+math.Abs(boxes[0].Y1-want.Y1) > 0.01 {
			t.Errorf("%s: %+v, %v, want %+v", content, boxes, known, want)
		}
	}
	for _, content := range []string{"0 0 100 60 re f", "10 10 5 5 re n", "(not closed", "200 200 5 5 re f", "/None Do", ""} {
		d, pages := marked(t, content, resources)
		if boxes, _ := d.Marks(&pages[0]); len(boxes) != 0 {
			t.Errorf("%s: %+v", content, boxes)
		}
	}
	d, pages := marked(t, "/Me Do", resources) // a form in itself
	if _, known := d.Marks(&pages[0]); known {
		t.Error("a form in itself was read")
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	d, pages := marked(t, "", map[int]string{
		3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Annots 6 0 R >>",
		6: "[<< /Subtype /Stamp /Rect [30 10 5 20] /F 4 >> << /Subtype /Link /Rect [0 0 9 9] >> << /Rect [0 0 9 9] /F 2 >> << /Rect [0 0 9 9] /F 32 >> 77 0 R 5]",
	})
	if list := d.Notes(&pages[0]); len(list) != 1 || list[0] != (pdf.Box{X0: 5, Y0: 10, X1: 30, Y1: 20}) {
		t.Errorf("%+v", list)
	}
}

// FuzzMarks reads any content: boxes lie on the page.
func FuzzMarks(f *testing.F) {
	f.Add("q 2 0 0 2 1 1 cm BT /F1 10 Tf 0 -1 1 0 5 5 Tm [(a) 5 <41>] TJ T* (x) ' ET BI /W 1 ID x EI Q 1 2 m 3 4 5 6 7 8 c s")
	f.Add("/F1 1e9 Tf 9e9 9e9 Td (x) Tj -1 0 0 0 0 0 cm 1 1 1 1 re f")
	f.Fuzz(func(t *testing.T, content string) {
		d, err := pdf.Open(media.Memory(build(with(page(""), 4, stream("", content)), "/Root 1 0 R")))
		if err != nil {
			return
		}
		pages, err := d.Pages()
		if err != nil {
			return
		}
		boxes, _ := d.Marks(&pages[0])
		d.Said(&pages[0], "F1")
		for _, b := range boxes {
			if !(b.X0 >= 0 && b.Y0 >= 0 && b.X1 <= 100 && b.Y1 <= 100 && b.X0 <= b.X1 && b.Y0 <= b.Y1) {
				t.Fatalf("%+v", b)
			}
		}
	})
}
