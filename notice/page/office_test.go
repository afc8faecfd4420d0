package page_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/page"
)

// pack builds a package: names and contents alternate.
func pack(t testing.TB, list ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(list); i += 2 {
		f, err := w.Create(list[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, list[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	types     = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`
	relsOpen  = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	office    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	strict    = "http://purl.oclc.org/ooxml/officeDocument/relationships"
	wordSpace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	xlsxSpace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	pptSpace  = "http://schemas.openxmlformats.org/presentationml/2006/main"
)

func rels(base string, list ...string) string {
	var b strings.Builder
	b.WriteString(relsOpen)
	for i := 0; i < len(list); i += 2 {
		fmt.Fprintf(&b, `<Relationship Id="rId%d" Type="%s/%s" Target="%s"/>`, i/2+1, base, list[i], list[i+1])
	}
	return b.String() + `</Relationships>`
}

func word(t testing.TB, base, space, body string, more ...string) []byte {
	return pack(t, append([]string{
		"[Content_Types].xml", types, "_rels/.rels", rels(base, "officeDocument", "word/document.xml"),
		"word/document.xml", `<x:document xmlns:x="` + space + `" xmlns:r="` + base + `"><x:body>` + body + `</x:body></x:document>`,
	}, more...)...)
}

// TestWord: which headers are made, and which get the notice.
func TestWord(t *testing.T) {
	t.Parallel()
	header := func(text string) string {
		return `<x:hdr xmlns:x="` + wordSpace + `"><x:p><x:r><x:t>` + text + `</x:t></x:r></x:p></x:hdr>`
	}
	headerRels := rels(office, "header", "header1.xml", "header", "/word/header2.xml", "settings", "settings.xml")
	for name, c := range map[string]struct {
		b    []byte
		made string // types of references that are new, in order
		with int    // parts that hold the words
	}{
		"no section":   {word(t, office, wordSpace, `<x:p/>`), "default", 1},
		"empty body":   {pack(t, "[Content_Types].xml", types, "_rels/.rels", rels(office, "officeDocument", "/word/document.xml"), "word/document.xml", `<document xmlns="`+wordSpace+`"><body/></document>`), "default", 1},
		"self-closing": {word(t, office, wordSpace, `<x:p/><x:sectPr/>`), "default", 1},
		"strict":       {word(t, strict, "http://purl.oclc.org/ooxml/wordprocessingml/main", `<x:sectPr></x:sectPr>`), "default", 1},
		"title page":   {word(t, office, wordSpace, `<x:p><x:pPr><x:sectPr/></x:pPr></x:p><x:sectPr><x:titlePg/></x:sectPr>`), "default first", 2},
		"title off":    {word(t, office, wordSpace, `<x:sectPr><x:titlePg x:val="0"/></x:sectPr>`), "default", 1},
		"known": {word(t, office, wordSpace, `<x:sectPr><x:headerReference x:type="default" r:id="rId1"/><x:headerReference x:type="first" r:id="rId2"/><x:titlePg/></x:sectPr>`,
			"word/_rels/document.xml.rels", headerRels, "word/header1.xml", header("one"), "word/header2.xml", `<x:hdr xmlns:x="`+wordSpace+`"/>`), "", 2},
		"later": {word(t, office, wordSpace, `<x:p><x:pPr><x:sectPr/></x:pPr></x:p><x:sectPr><x:headerReference x:type="default" r:id="rId1"/></x:sectPr>`,
			"word/_rels/document.xml.rels", headerRels, "word/header1.xml", header("one")), "default", 2},
		"even": {word(t, office, wordSpace, `<x:sectPr><x:headerReference x:type="default" r:id="rId1"/></x:sectPr>`,
			"word/_rels/document.xml.rels", headerRels, "word/header1.xml", header("one"), "word/settings.xml", `<x:settings xmlns:x="`+wordSpace+`"><x:evenAndOddHeaders/></x:settings>`), "even", 2},
		"change": {word(t, office, wordSpace, `<x:sectPr><x:sectPrChange><x:sectPr><x:titlePg/></x:sectPr></x:sectPrChange></x:sectPr>`), "default", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, _ := put(t, c.b, media.DOCX, notice.Options{})
			with, made := 0, []string{}
			for part, text := range parts(t, out) {
				if strings.Contains(text, "【"+words+"】") {
					with++
				}
				if part == "word/document.xml" {
					for _, piece := range strings.Split(text, "<w:headerReference ")[1:] {
						made = append(made, strings.SplitN(piece[strings.Index(piece, "w:type=")+8:], `"`, 2)[0])
					}
				}
				wellFormed(t, text)
			}
			if with != c.with || strings.Join(made, " ") != c.made {
				t.Errorf("%d parts with the words, new references %v", with, made)
			}
		})
	}
}

// wellFormed reads XML with the standard library.
func wellFormed(t testing.TB, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
}

func book(t testing.TB, sheet string, more ...string) []byte {
	return pack(t, append([]string{
		"[Content_Types].xml", types, "_rels/.rels", rels(office, "officeDocument", "xl/workbook.xml"),
		"xl/workbook.xml", `<workbook xmlns="` + xlsxSpace + `" xmlns:r="` + office + `"><sheets><sheet name="a" sheetId="1" state="hidden" r:id="rId2"/><sheet name="b" sheetId="2" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", rels(office, "worksheet", "worksheets/sheet1.xml", "chartsheet", "chartsheets/sheet1.xml"),
		"xl/worksheets/sheet1.xml", `<worksheet xmlns="` + xlsxSpace + `" xmlns:r="` + office + `">` + sheet + `</worksheet>`,
		"xl/chartsheets/sheet1.xml", `<chartsheet xmlns="` + xlsxSpace + `"><drawing/></chartsheet>`,
	}, more...)...)
}

// TestHeaderText: what becomes of print headers.
func TestHeaderText(t *testing.T) {
	t.Parallel()
	const n = "【" + words + "】"
	for old, want := range map[string]string{
		"":                        "&amp;C" + n,
		"&amp;LLeft&amp;RRight":   "&amp;LLeft&amp;C" + n + "&amp;RRight",
		"&amp;LLeft":              "&amp;LLeft&amp;C" + n,
		"&amp;CMiddle":            "&amp;C" + n + " Middle",
		"&amp;C&amp;RRight":       "&amp;C" + n + "&amp;RRight",
		"Page &amp;P":             "&amp;C" + n + " Page &amp;P",
		"&amp;&amp;C":             "&amp;C" + n + " &amp;&amp;C",
		`&amp;"A&amp;C,Bold"text`: "&amp;C" + n + ` &amp;&quot;A&amp;C,Bold&quot;text`,
	} {
		out, _ := put(t, book(t, `<sheetData/><headerFooter><oddHeader>`+old+`</oddHeader><oddFooter>x</oddFooter></headerFooter><tableParts/>`), media.XLSX, notice.Options{})
		text := parts(t, out)["xl/worksheets/sheet1.xml"]
		if !strings.Contains(text, ">"+want+"</oddHeader><oddFooter>x</oddFooter></headerFooter><drawing ") {
			t.Errorf("%q: %s", old, text)
		}
	}
	src := book(t, `<sheetData/><headerFooter differentOddEven="1" differentFirst="true"><evenHeader>even</evenHeader></headerFooter>`)
	out, _ := put(t, src, media.XLSX, notice.Options{Where: notice.Ends})
	text := parts(t, out)["xl/worksheets/sheet1.xml"]
	at := 0
	for _, name := range []string{"<oddHeader", "<oddFooter", "<evenHeader", "<evenFooter", "<firstHeader", "<firstFooter", "</headerFooter>"} {
		i := strings.Index(text[at:], name)
		if i < 0 {
			t.Fatalf("%s is missing or misplaced: %s", name, text)
		}
		at += i
	}
	if chart := parts(t, out)["xl/chartsheets/sheet1.xml"]; !strings.Contains(chart, "</headerFooter><drawing/>") {
		t.Errorf("chart sheet %s", chart)
	}
}

// TestFullHeader: where a print header has no room, it stays, and the text box alone has the words and is printed.
func TestFullHeader(t *testing.T) {
	t.Parallel()
	full := strings.Repeat("x", 250)
	b := book(t, `<sheetData/><headerFooter><oddHeader>`+full+`</oddHeader></headerFooter>`)
	out, report := put(t, b, media.XLSX, notice.Options{})
	after := parts(t, out)
	if text := after["xl/worksheets/sheet1.xml"]; !strings.Contains(text, ">"+full+"</oddHeader>") || report.Place != "header of other sheets, text box on the first sheet" {
		t.Errorf("%+v %s", report, text)
	}
	if text := after["xl/drawings/notice-drawing.xml"]; !strings.Contains(text, words) || !strings.Contains(text, "<xdr:clientData/>") {
		t.Error(text)
	}
	// A sheet behind the first one, too; a chart sheet has no cells for a box.
	two := func(kind, root string) []byte {
		sheet := func(root, header string) string {
			return `<` + root + ` xmlns="` + xlsxSpace + `"><sheetData/><headerFooter><oddHeader>` + header + `</oddHeader></headerFooter></` + root + `>`
		}
		return pack(t, "[Content_Types].xml", types, "_rels/.rels", rels(office, "officeDocument", "xl/workbook.xml"),
			"xl/workbook.xml", `<workbook xmlns="`+xlsxSpace+`" xmlns:r="`+office+`"><sheets><sheet name="a" sheetId="1" r:id="rId1"/><sheet name="b" sheetId="2" r:id="rId2"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels", rels(office, "worksheet", "worksheets/sheet1.xml", kind, "worksheets/sheet2.xml"),
			"xl/worksheets/sheet1.xml", sheet("worksheet", "x"), "xl/worksheets/sheet2.xml", sheet(root, full))
	}
	out, report = put(t, two("worksheet", "worksheet"), media.XLSX, notice.Options{})
	drawings := ""
	for name, text := range parts(t, out) {
		if strings.HasPrefix(name, "xl/drawings/") {
			drawings += text
		}
	}
	if strings.Count(drawings, `name="AIGC notice"`) != 2 || strings.Count(drawings, `fPrintsWithSheet="0"`) != 1 || report.Place != "header of other sheets, text box on the first sheet, text box on sheets with a full header" {
		t.Errorf("%+v %s", report, drawings)
	}
	_, _, err := page.Put(media.Memory(two("chartsheet", "chartsheet")), media.XLSX, notice.Options{})
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != media.CodeNoRoom {
		t.Errorf("a long header of a chart: %v", err)
	}
}

// TestFoundWords: the report tells the notice that stands in the document, and the end that lacks one gets it.
func TestFoundWords(t *testing.T) {
	t.Parallel()
	const own = "AI人工智能生成"
	for _, c := range []struct {
		b           []byte
		f           media.Format
		start, ends string // places
	}{
		{sample(t, "doc.docx"), media.DOCX, "header", "header, footer"},
		{sample(t, "calc.xlsx"), media.XLSX, "header of every sheet, text box on the first sheet", "header of every sheet, footer of every sheet, text box on the first sheet"},
		{sample(t, "doc.epub"), media.EPUB, "start", "start, end"},
		{sample(t, "show.pptx"), media.PPTX, "every slide", "every slide"},
		{simplePDF(), media.PDF, "every page", "every page"},
		{sample(t, "scene.glb"), media.GLB, "start frame, shown by the viewer", "start frame, shown by the viewer"},
	} {
		there := func(r notice.Report) bool {
			return len(r.Findings) > 0 && r.Findings[len(r.Findings)-1].Code == notice.CodeThere
		}
		once, _ := apply(t, c.b, c.f, notice.Options{Text: own})
		for _, where := range []notice.Where{notice.Start, notice.End} {
			if _, report := apply(t, once, c.f, notice.Options{Where: where, Language: notice.English}); report.Words != own || report.Place != c.start || !there(report) || len(report.Findings) != 1 {
				t.Errorf("%s, %s: %+v", c.f, where, report)
			}
		}
		both, report := apply(t, once, c.f, notice.Options{Where: notice.Ends})
		if there(report) != (c.start == c.ends) || bytes.Equal(both, once) != there(report) || report.Place != c.ends {
			t.Errorf("%s: both ends: %+v", c.f, report)
		}
		if again, report := apply(t, both, c.f, notice.Options{Where: notice.Ends}); !there(report) || !bytes.Equal(again, both) || report.Words != own || report.Place != c.ends {
			t.Errorf("%s: both ends again: %+v", c.f, report)
		}
		if _, report := apply(t, both, c.f, notice.Options{}); !there(report) || report.Place != c.ends {
			t.Errorf("%s: the start of both: %+v", c.f, report)
		}
	}
}

// TestFloating: the text box stands on cells that are empty, and no cell changes.
func TestFloating(t *testing.T) {
	t.Parallel()
	row := func(r int, cells ...string) string {
		var b strings.Builder
		fmt.Fprintf(&b, `<row r="%d">`, r)
		for _, c := range cells {
			fmt.Fprintf(&b, `<c r="%s%d"><v>1</v></c>`, c, r)
		}
		return b.String() + "</row>"
	}
	wide := make([]string, 26)
	for i := range wide {
		wide[i] = string(rune('A' + i))
	}
	full := `<row>` + strings.Repeat("<c><v>1</v></c>", 200) + `</row>`
	for name, c := range map[string]struct {
		sheet string
		at    string // column and row, from zero; empty for no room
	}{
		"empty":     {`<sheetData/>`, "0 0"},
		"styled":    {`<sheetData><row r="1"><c r="A1" s="3"/></row></sheetData>`, "0 0"},
		"table":     {`<sheetData>` + row(1, "A", "B") + row(2, "A", "B") + `</sheetData>`, "2 0"},
		"wide":      {`<sheetData>` + row(1, wide...) + row(2, wide...) + `</sheetData>`, "0 2"},
		"merged":    {`<sheetData>` + row(1, "A") + `</sheetData><mergeCells><mergeCell ref="A1:D4"/></mergeCells>`, "4 0"},
		"hidden":    {`<cols><col min="1" max="3" width="9" hidden="1"/></cols><sheetData/>`, "3 0"},
		"full":      {`<sheetData>` + strings.Repeat(full, 70) + `</sheetData>`, ""},
		"no names":  {`<sheetData><row><c><v>1</v></c><c><v>1</v></c><c><v>1</v></c></row></sheetData>`, "0 1"},
		"page":      {`<sheetData>` + strings.Repeat(strings.ReplaceAll(row(0, wide[:8]...), ` r="`, ` x="`), 30) + `</sheetData>`, "0 30"},
		"gap below": {`<sheetData>` + row(1, wide...) + row(3, wide...) + `</sheetData>`, "0 3"},
	} {
		b := book(t, c.sheet)
		if c.at == "" {
			if _, _, err := page.Put(media.Memory(b), media.XLSX, notice.Options{}); err == nil {
				t.Errorf("%s: no error", name)
			}
			continue
		}
		out, _ := put(t, b, media.XLSX, notice.Options{})
		after := parts(t, out)
		var col, line int
		if _, err := fmt.Sscan(c.at, &col, &line); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("<xdr:from><xdr:col>%d</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>%d</xdr:row>", col, line); !strings.Contains(after["xl/drawings/notice-drawing.xml"], want) {
			t.Errorf("%s: %s", name, after["xl/drawings/notice-drawing.xml"])
		}
		if !strings.Contains(after["xl/worksheets/sheet1.xml"], c.sheet) {
			t.Errorf("%s: the cells changed", name)
		}
	}
	// Where no row is shown, the box stands on none; a row that is listed is shown.
	for cells, want := range map[string]string{"": "<xdr:absoluteAnchor ", `<row r="3" ht="40"/>`: "<xdr:col>0</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>2</xdr:row>"} {
		out, _ := put(t, book(t, `<sheetFormatPr defaultRowHeight="15" zeroHeight="1"/><sheetData>`+cells+`</sheetData>`), media.XLSX, notice.Options{})
		if text := parts(t, out)["xl/drawings/notice-drawing.xml"]; !strings.Contains(text, want) {
			t.Errorf("hidden rows %s: %s", cells, text)
		}
	}
	// A drawing that is there gets one shape more, beside its own.
	const space = `xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"`
	out, _ := put(t, book(t, `<sheetData/><drawing r:id="rId1"/>`, "xl/worksheets/_rels/sheet1.xml.rels", rels(office, "drawing", "../drawings/drawing1.xml"),
		"xl/drawings/drawing1.xml", `<xdr:wsDr `+space+`><xdr:twoCellAnchor><xdr:from><xdr:col>0</xdr:col><xdr:row>0</xdr:row></xdr:from><xdr:to><xdr:col>3</xdr:col><xdr:row>9</xdr:row></xdr:to><xdr:sp><xdr:nvSpPr><xdr:cNvPr id="7" name="x"/></xdr:nvSpPr></xdr:sp></xdr:twoCellAnchor></xdr:wsDr>`), media.XLSX, notice.Options{})
	if text := parts(t, out)["xl/drawings/drawing1.xml"]; !strings.Contains(text, `<xdr:col>4</xdr:col>`) || !strings.Contains(text, `id="8" name="AIGC notice"`) {
		t.Errorf("%s", text)
	}
}

// TestLargeSheet: a sheet of more than the usual limit of a part.
func TestLargeSheet(t *testing.T) {
	t.Parallel()
	sheet := `<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>` + strings.Repeat("cell ", 9<<20/5) + `</t></is></c></row></sheetData>`
	out, _ := apply(t, book(t, sheet), media.XLSX, notice.Options{})
	if text := parts(t, out)["xl/worksheets/sheet1.xml"]; !strings.Contains(text, words) || !strings.Contains(text, sheet) {
		t.Error("the sheet is another, or has no notice")
	}
}

// TestSlides: shapes behind those that are there, and masters where no slide is.
func TestSlides(t *testing.T) {
	t.Parallel()
	slide := `<p:sld xmlns:p="` + pptSpace + `"><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/></p:nvGrpSpPr><p:sp><p:nvSpPr><p:cNvPr id="41" name="AI生成"/></p:nvSpPr></p:sp><p:extLst/></p:spTree></p:cSld></p:sld>`
	deck := func(list string) []byte {
		return pack(t, "[Content_Types].xml", types, "_rels/.rels", rels(office, "officeDocument", "ppt/presentation.xml"),
			"ppt/presentation.xml", `<p:presentation xmlns:p="`+pptSpace+`" xmlns:r="`+office+`">`+list+`<p:sldSz cx="9144000" cy="5143500"/></p:presentation>`,
			"ppt/_rels/presentation.xml.rels", rels(office, "slide", "slides/a.xml", "slideMaster", "slideMasters/a.xml"),
			"ppt/slides/a.xml", slide, "ppt/slideMasters/a.xml", strings.ReplaceAll(slide, "p:sld", "p:sldMaster"))
	}
	out, report := put(t, deck(`<p:sldMasterIdLst><p:sldMasterId id="9" r:id="rId2"/></p:sldMasterIdLst><p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst>`), media.PPTX, notice.Options{})
	after := parts(t, out)
	if text := after["ppt/slides/a.xml"]; !strings.Contains(text, `id="42" name="AIGC notice"`) || !strings.Contains(text, `</p:sp><p:extLst/></p:spTree>`) || report.Contrast < notice.MinContrast {
		t.Errorf("%+v %s", report, text)
	}
	if strings.Contains(after["ppt/slideMasters/a.xml"], words) {
		t.Error("the master has the notice besides")
	}
	out, report = put(t, deck(`<p:sldMasterIdLst><p:sldMasterId id="9" r:id="rId2"/></p:sldMasterIdLst>`), media.POTX, notice.Options{})
	if !strings.Contains(parts(t, out)["ppt/slideMasters/a.xml"], words) || report.Place != "every slide master" {
		t.Errorf("%+v", report)
	}
}

// FuzzPut checks on any bytes: an edit that succeeds leaves a document in which the notice is found.
func FuzzPut(f *testing.F) {
	for i, name := range []string{"doc.docx", "show.pptx", "calc.xlsx", "doc.epub", "scene.glb"} {
		f.Add(sample(f, name), byte(i))
	}
	f.Add(simplePDF(), byte(5))
	f.Add(mixed(), byte(5))
	f.Add(word(f, office, wordSpace, `<x:sectPr/>`), byte(0))
	f.Fuzz(func(t *testing.T, b []byte, choice byte) {
		format := []media.Format{media.DOCX, media.PPTX, media.XLSX, media.EPUB, media.GLB, media.PDF}[choice%6]
		survive(t, b, format)
	})
}

// FuzzParts checks the same with a fuzzed part inside of a sound package, which random bytes never are.
func FuzzParts(f *testing.F) {
	f.Add(`<x:sectPr><x:titlePg/></x:sectPr>`, byte(0))
	f.Add(`<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData><headerFooter><oddHeader>&amp;L&amp;"a"x</oddHeader></headerFooter>`, byte(1))
	f.Add(`<body class="x"><div><p>text</p></div></body>`, byte(2))
	f.Fuzz(func(t *testing.T, text string, choice byte) {
		switch choice % 3 {
		case 0:
			survive(t, word(t, office, wordSpace, text), media.DOCX)
		case 1:
			survive(t, book(t, text), media.XLSX)
		default:
			survive(t, pack(t, "META-INF/container.xml", `<container><rootfiles><rootfile full-path="a.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`,
				"a.opf", `<package version="3.0"><manifest><item id="i" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="i"/></spine></package>`,
				"a.xhtml", `<html xmlns="http://www.w3.org/1999/xhtml">`+text+`</html>`), media.EPUB)
		}
	})
}

func survive(t *testing.T, b []byte, format media.Format) {
	t.Helper()
	src := media.Memory(bytes.Clone(b))
	edit, _, err := page.Put(src, format, notice.Options{})
	if err != nil {
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind == colophon.Internal {
			t.Fatal(err)
		}
		return
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, src); err != nil || !bytes.Equal(src, b) {
		t.Fatalf("Apply: %v", err)
	}
	if !page.Has(media.Memory(out.Bytes()), format) {
		t.Fatalf("no notice in %q", out.Bytes())
	}
}

// FuzzFont gives arbitrary bytes as the font.
func FuzzFont(f *testing.F) {
	f.Add(notice.Font())
	f.Fuzz(func(t *testing.T, b []byte) {
		edit, _, err := page.Put(media.Memory(simplePDF()), media.PDF, notice.Options{Font: b})
		var e *colophon.Error
		if err != nil && (!errors.As(err, &e) || e.Kind == colophon.Internal) || err == nil && edit == nil {
			t.Fatal(err)
		}
	})
}
