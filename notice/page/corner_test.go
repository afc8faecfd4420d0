package page_test

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/page"
)

// several is a document of pages of 600 by 800 points, each given by its entries and its content.
func several(list ...string) []byte {
	objects := map[int]string{
		1: "<< /Type /Catalog /Pages 2 0 R >>", 3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
		4: "<< /Type /XObject /Subtype /Form /BBox [0 0 90 20] /Matrix [1 0 0 1 500 0] /Resources << /Font << /F1 3 0 R >> >> " + strings.TrimPrefix(content("BT /F1 9 Tf 5 5 Td (in a form) Tj ET"), "<<"),
		5: "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray /Length 1 >>\nstream\n0\nendstream",
		6: "<< /Type /Font /Subtype /TrueType /BaseFont /Wide /FirstChar 65 /Widths [9000] >>",
		7: "<< /Length 3 /Filter /LZWDecode >>\nstream\nabc\nendstream",
	}
	var kids strings.Builder
	for i := 0; i < len(list); i += 2 {
		n := 10 + i
		objects[n] = fmt.Sprintf("<< /Type /Page /Parent 2 0 R %s /Contents %d 0 R >>", list[i], n+1)
		objects[n+1] = content(list[i+1])
		fmt.Fprintf(&kids, "%d 0 R ", n)
	}
	objects[2] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R /F2 6 0 R >> /XObject << /Form 4 0 R /Im 5 0 R >> >> >>", kids.String(), len(list)/2)
	return build(objects, "/Root 1 0 R")
}

// drawnAt returns the corners of the plates that an update draws.
func drawnAt(t *testing.T, before, out []byte, width, height float64) string {
	t.Helper()
	var list []string
	for _, m := range regexp.MustCompile(`(?s)BDC\nq [^\n]* cm\n[^\n]* w ([\d.]+) ([\d.]+) [\d.]+ [\d.]+ re B`).FindAllSubmatch(out[len(before):], -1) {
		var x, y float64
		if _, err := fmt.Sscan(string(m[1])+" "+string(m[2]), &x, &y); err != nil {
			t.Fatal(err)
		}
		c := "bottom"
		if y > height/2 {
			c = "top"
		}
		if x > width/2 {
			c += "-right"
		} else {
			c += "-left"
		}
		list = append(list, c)
	}
	return strings.Join(list, " ")
}

// TestPDFCorner: the plate stands where the page holds nothing, on the same corner of all pages if it can.
func TestPDFCorner(t *testing.T) {
	t.Parallel()
	const (
		right = "BT /F1 12 Tf 490 780 Td (Page 17 of 20) Tj ET "
		left  = "BT /F1 12 Tf 40 780 Td (Left header) Tj ET "
		foot  = "BT /F1 12 Tf 40 15 Td (Left footer) Tj ET "
		red   = "/Annots [<< /Type /Annot /Subtype /Square /Rect [400 700 600 800] >>]"
	)
	for name, c := range map[string]struct {
		list []string
		want string // of the streams that differ
		o    notice.Options
	}{
		"nothing":     {[]string{"", ""}, "top-right", notice.Options{}},
		"number":      {[]string{"", right}, "top-left", notice.Options{}},
		"asked for":   {[]string{"", right}, "top-right", notice.Options{Corner: notice.TopRight}},
		"two pages":   {[]string{"", right, "", left}, "bottom-right", notice.Options{}},
		"each":        {[]string{"", right + left + " BT /F1 12 Tf 1 0 0 1 520 15 Tm (7) Tj ET", "", foot}, "bottom-left top-right", notice.Options{}},
		"all around":  {[]string{"", right + left + foot + " q 1 0 0 1 480 -765 cm " + left + " Q"}, "top-right", notice.Options{}},
		"TJ and '":    {[]string{"", "BT 15 TL /F1 12 Tf 480 795 Td [(Pa) -100 (ge)] ' ET"}, "top-left", notice.Options{}},
		"widths":      {[]string{"", "BT /F2 12 Tf 20 780 Td (AAAAA) Tj ET"}, "bottom-right", notice.Options{}},
		"image":       {[]string{"", "q 100 0 0 50 490 740 cm /Im Do Q"}, "top-left", notice.Options{}},
		"inline":      {[]string{"", "q 100 0 0 50 490 740 cm BI /W 1 /H 1 /BPC 8 /CS /G ID 0 EI Q"}, "top-left", notice.Options{}},
		"form":        {[]string{"", "q 1 0 0 1 0 770 cm /Form Do Q"}, "top-left", notice.Options{}},
		"path":        {[]string{"", "480 780 m 590 780 l S"}, "top-left", notice.Options{}},
		"clip":        {[]string{"", "480 770 100 20 re W n"}, "top-right", notice.Options{}},
		"background":  {[]string{"", "0 0 1 rg 0 0 600 800 re f"}, "top-right", notice.Options{}},
		"unreadable":  {[]string{"/Contents 7 0 R", "", "", ""}, "top-right", notice.Options{}},
		"annotation":  {[]string{red, left}, "bottom-right", notice.Options{}},
		"turned":      {[]string{"/Rotate 180", foot}, "top-left", notice.Options{}},
		"link":        {[]string{strings.Replace(red, "Square", "Link", 1), left}, "top-right", notice.Options{}},
		"hidden":      {[]string{strings.Replace(red, "/Rect", "/F 2 /Rect", 1), left}, "top-right", notice.Options{}},
		"other notes": {[]string{"/Annots [null 99 0 R << /Rect [1 2] >>]", right}, "top-left", notice.Options{}},
	} {
		b := several(c.list...)
		out, _ := put(t, b, media.PDF, c.o)
		if got := drawnAt(t, b, out, 600, 800); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestPDFStamp: where annotations lie on every corner, or on the one that is asked for, the words are above them.
func TestPDFStamp(t *testing.T) {
	t.Parallel()
	const box = "<< /Type /Annot /Subtype /Square /Rect [0 0 600 800] /F 4 /AP << /N 20 0 R >> >>"
	b := build(map[int]string{
		1: "<< /Type /Catalog /Pages 2 0 R >>", 2: "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 600 800] >>",
		3: "<< /Type /Page /Parent 2 0 R /Annots 4 0 R >>", 4: "[" + box + "]",
		20: "<< /Type /XObject /Subtype /Form /BBox [0 0 600 800] " + strings.TrimPrefix(content("1 0 0 rg 0 0 600 800 re f"), "<<"),
	}, "/Root 1 0 R")
	out, _ := put(t, b, media.PDF, notice.Options{})
	if is := sound(t, out); is != "" {
		t.Errorf("qpdf --check: %s", is)
	}
	prefix := filepath.Join(t.TempDir(), "p")
	mediatest.Output(t, "pdftoppm", "-r", "72", "-singlefile", "-png", mediatest.File(t, "x.pdf", out), prefix)
	drawn, err := os.ReadFile(prefix + ".png")
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(drawn))
	if err != nil {
		t.Fatal(err)
	}
	white, dark := 0, 0
	for y := range 60 {
		for x := 400; x < 600; x++ {
			switch r, g, _, _ := img.At(x, y).RGBA(); {
			case g > 0xe000:
				white++
			case r < 0x6000:
				dark++
			}
		}
	}
	if white < 800 || dark < 200 {
		t.Errorf("%d white and %d dark points: the annotation hides the words", white, dark)
	}
	if n := bytes.Count(out, []byte("/Subtype /Stamp")); n != 1 {
		t.Errorf("%d stamps", n)
	}
	if !bytes.Contains(out[len(b):], []byte("/Annots ["+box+" ")) {
		t.Error("the page lost its annotation")
	}
}

// TestPDFSmall: a page that can't hold the words does not keep the others from having them.
func TestPDFSmall(t *testing.T) {
	t.Parallel()
	long := notice.Options{Text: "AI生成" + strings.Repeat("x", 60)}
	out, report := put(t, several("/MediaBox [0 0 20 20]", "", "/MediaBox [0 0 300 20]", "", "/MediaBox [0 0 1 1]", "", "", ""), media.PDF, notice.Options{})
	for i, text := range text(t, out) {
		if strings.Count(text, words) != 1 {
			t.Errorf("page %d: %q", i+1, text)
		}
	}
	if len(report.Findings) != 0 {
		t.Errorf("%+v", report)
	}
	out, report = put(t, several("", line, "/MediaBox [0 0 40 40]", ""), media.PDF, long)
	said := text(t, out)
	if i := slices.IndexFunc(report.Findings, func(f colophon.Finding) bool {
		return f.Code == page.CodePage && f.Args["page"] == "2" && f.Args["width"] == "40"
	}); i < 0 || !strings.Contains(strings.Join(strings.Fields(said[0]), ""), "AI生成") || len(strings.Fields(said[1])) != 0 {
		t.Errorf("%+v, %q", report, said)
	}
	_, _, err := page.Put(media.Memory(several("/MediaBox [0 0 40 40]", "")), media.PDF, long)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != page.CodePage || e.Args["page"] != "1" {
		t.Errorf("%v", err)
	}
	// One object that is two pages is updated once.
	twice := build(map[int]string{
		1: "<< /Type /Catalog /Pages 2 0 R >>", 2: "<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 /MediaBox [0 0 600 800] >>",
		3: "<< /Type /Page /Parent 2 0 R >>",
	}, "/Root 1 0 R")
	out, _ = put(t, twice, media.PDF, notice.Options{})
	if said := text(t, out); len(said) != 2 || strings.Count(said[1], words) != 1 {
		t.Errorf("%q", said)
	}
}

// deck builds a presentation of slides of 720 by 405 points; the layout has a title at the top right and a mark at the
// bottom right.
func deck(t *testing.T, slides ...string) []byte {
	t.Helper()
	shape := func(ph, box string) string {
		return `<p:sp><p:nvSpPr><p:cNvPr id="2" name="x"/><p:nvPr>` + ph + `</p:nvPr></p:nvSpPr><p:spPr>` + box + `</p:spPr></p:sp>`
	}
	tree := func(root, inner string) string {
		return `<p:` + root + ` xmlns:p="` + pptSpace + `" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/></p:nvGrpSpPr>` +
			`<p:grpSpPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="9144000" cy="900000"/></a:xfrm></p:grpSpPr>` + inner + `</p:spTree></p:cSld></p:` + root + `>`
	}
	list := []string{"[Content_Types].xml", types, "_rels/.rels", rels(office, "officeDocument", "ppt/presentation.xml")}
	ids, targets := "", []string{}
	for i, s := range slides {
		name := fmt.Sprintf("slides/s%d.xml", i)
		ids += fmt.Sprintf(`<p:sldId id="%d" r:id="rId%d"/>`, 256+i, i+1)
		targets = append(targets, "slide", name)
		list = append(list, "ppt/"+name, tree("sld", s), "ppt/slides/_rels/s"+fmt.Sprint(i)+".xml.rels", rels(office, "slideLayout", "../slideLayouts/l.xml"))
	}
	return pack(t, append(list,
		"ppt/presentation.xml", `<p:presentation xmlns:p="`+pptSpace+`" xmlns:r="`+office+`"><p:sldIdLst>`+ids+`</p:sldIdLst><p:sldSz cx="9144000" cy="5143500"/></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", rels(office, targets...),
		"ppt/slideLayouts/l.xml", tree("sldLayout", shape(`<p:ph type="title"/>`, xfrm(6000000, 0, 3000000, 800000))+shape("", xfrm(8000000, 4600000, 1000000, 500000))))...)
}

func xfrm(x, y, cx, cy int) string {
	return fmt.Sprintf(`<a:xfrm><a:off x="%d" y="%d"/><a:ext cx="%d" cy="%d"/></a:xfrm>`, x, y, cx, cy)
}

// TestSlideCorner: the box stands where neither the slide nor its layout has a shape.
func TestSlideCorner(t *testing.T) {
	t.Parallel()
	sp := func(ph, box string) string {
		return `<p:sp><p:nvSpPr><p:cNvPr id="2" name="x"/><p:nvPr>` + ph + `</p:nvPr></p:nvSpPr><p:spPr>` + box + `</p:spPr></p:sp>`
	}
	left := sp("", xfrm(0, 0, 3000000, 900000))
	for name, c := range map[string]struct {
		slides []string
		want   string
		o      notice.Options
	}{
		"empty":       {[]string{""}, "top-right", notice.Options{}},
		"title":       {[]string{sp(`<p:ph type="ctrTitle"/>`, "")}, "top-left", notice.Options{}},
		"moved title": {[]string{sp(`<p:ph type="title"/>`, xfrm(0, 0, 3000000, 900000))}, "top-right", notice.Options{}},
		"asked for":   {[]string{sp(`<p:ph type="title"/>`, "")}, "top-right", notice.Options{Corner: notice.TopRight}},
		"bottom":      {[]string{left + sp(`<p:ph type="title"/>`, "")}, "bottom-left", notice.Options{}},
		"all slides":  {[]string{left, sp(`<p:ph type="title"/>`, "")}, "bottom-left bottom-left", notice.Options{}},
		"background":  {[]string{`<p:pic><p:nvPicPr><p:cNvPr id="2" name="x"/></p:nvPicPr><p:spPr>` + xfrm(0, 0, 9144000, 5143500) + `</p:spPr></p:pic>`}, "top-right", notice.Options{}},
		"group":       {[]string{`<p:grpSp><p:nvGrpSpPr><p:cNvPr id="2" name="x"/></p:nvGrpSpPr><p:grpSpPr>` + xfrm(7000000, 0, 2144000, 900000) + `</p:grpSpPr></p:grpSp>`}, "top-left", notice.Options{}},
		"hidden":      {[]string{strings.Replace(sp("", xfrm(7000000, 0, 2144000, 900000)), `name="x"`, `name="x" hidden="1"`, 1)}, "top-right", notice.Options{}},
	} {
		out, _ := put(t, deck(t, c.slides...), media.PPTX, c.o)
		all := parts(t, out)
		var got []string
		for i := range c.slides {
			text := all[fmt.Sprintf("ppt/slides/s%d.xml", i)]
			var x, y int
			if _, err := fmt.Sscanf(text[strings.LastIndex(text, `<a:off x=`):], `<a:off x="%d" y="%d"`, &x, &y); err != nil {
				t.Fatal(err)
			}
			got = append(got, map[bool]string{true: "bottom", false: "top"}[y > 2500000]+map[bool]string{true: "-right", false: "-left"}[x > 4500000])
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}
