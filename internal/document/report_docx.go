package document

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"strconv"
	"strings"
	"time"
)

// Sizes of a Word document, in twentieths of a point and in English metric units.
const (
	wordWide   = 9412     // of the line
	wordTall   = 13000    // of the page, less a caption
	emuOfTwip  = 635      //
	wordShade  = "F0F1F4" // behind the heads of tables
	wordRule   = "9AA0AA" // around cells
	relsOfWord = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
)

// The parts of a report in Word that are the same for all (ECMA-376-1).
const (
	reportTypes = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>` +
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>` +
		`<Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`
	reportNames = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="` + relsOfWord + `"`
	reportHead  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" + `<w:document ` + reportNames +
		` xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><w:body>`
	reportTail = `<w:sectPr><w:footerReference w:type="default" r:id="rId2"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1247" w:bottom="1247" w:left="1247" w:header="720" w:footer="720" w:gutter="0"/></w:sectPr></w:body></w:document>`
	wordField  = `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> %s </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>`
)

// wordStyles are the styles of a report. Chinese text stands in SimSun, its headings in SimHei, as papers to an authority do;
// where a computer lacks them, it takes what it has.
const wordStyles = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
	`<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:docDefaults><w:rPrDefault><w:rPr>` +
	`<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="SimSun" w:cs="Times New Roman"/><w:sz w:val="24"/><w:szCs w:val="24"/><w:lang w:val="en-GB" w:eastAsia="zh-CN"/>` +
	`</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>` +
	`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/><w:spacing w:before="240" w:after="120"/><w:jc w:val="center"/></w:pPr><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="SimHei"/><w:b/><w:sz w:val="40"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Subtitle"><w:name w:val="Subtitle"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:spacing w:after="120"/><w:jc w:val="center"/></w:pPr><w:rPr><w:sz w:val="28"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:customStyle="1" w:styleId="About"><w:name w:val="About"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:after="60"/><w:jc w:val="center"/></w:pPr><w:rPr><w:color w:val="5A6270"/><w:sz w:val="17"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:next w:val="BodyText"/><w:qFormat/><w:pPr><w:keepNext/><w:spacing w:before="320" w:after="140"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="SimHei"/><w:b/><w:sz w:val="30"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/><w:next w:val="BodyText"/><w:qFormat/><w:pPr><w:keepNext/><w:spacing w:before="240" w:after="100"/><w:outlineLvl w:val="1"/></w:pPr><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="SimHei"/><w:b/><w:sz w:val="26"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading3"><w:name w:val="heading 3"/><w:basedOn w:val="Normal"/><w:next w:val="BodyText"/><w:qFormat/><w:pPr><w:keepNext/><w:spacing w:before="180" w:after="80"/><w:outlineLvl w:val="2"/></w:pPr><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="SimHei"/><w:b/><w:sz w:val="24"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="BodyText"><w:name w:val="Body Text"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:spacing w:after="60" w:line="360" w:lineRule="auto"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:customStyle="1" w:styleId="BodyTextChinese"><w:name w:val="Body Text Chinese"/><w:basedOn w:val="BodyText"/><w:pPr><w:ind w:firstLineChars="200" w:firstLine="480"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Caption"><w:name w:val="caption"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/><w:spacing w:before="120" w:after="60"/></w:pPr><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="SimHei"/><w:sz w:val="21"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:customStyle="1" w:styleId="Figure"><w:name w:val="Figure"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="60" w:after="60"/><w:jc w:val="center"/></w:pPr><w:rPr><w:sz w:val="18"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:customStyle="1" w:styleId="Cell"><w:name w:val="Cell"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="40" w:after="40"/></w:pPr><w:rPr><w:sz w:val="21"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:customStyle="1" w:styleId="CellHead"><w:name w:val="Cell Head"/><w:basedOn w:val="Cell"/><w:rPr><w:b/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Footer"><w:name w:val="footer"/><w:basedOn w:val="Normal"/><w:pPr><w:jc w:val="center"/></w:pPr><w:rPr><w:sz w:val="18"/></w:rPr></w:style>` +
	`</w:styles>`

// wordOf is a report that is being written for Word.
type wordOf struct {
	draft
	strings.Builder
	pictures [][]byte // PNG, as they were given
}

func (d draft) docx() ([]byte, error) {
	w := &wordOf{draft: d}
	w.WriteString(reportHead)
	w.paragraph("Title", oneShown(d.Title))
	if d.Subtitle != "" {
		w.paragraph("Subtitle", oneShown(d.Subtitle))
	}
	for _, a := range d.about() {
		w.paragraph("About", a)
	}
	for i, b := range d.Blocks {
		if err := w.block(b); err != nil {
			return nil, fmt.Errorf("writing block %d: %w", i+1, err)
		}
	}
	w.WriteString(reportTail)
	return w.parts()
}

// parts packs the document.
func (w *wordOf) parts() ([]byte, error) {
	var rels strings.Builder
	rels.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="` + relsOfWord + `/styles" Target="styles.xml"/><Relationship Id="rId2" Type="` + relsOfWord + `/footer" Target="footer1.xml"/>`)
	for i := range w.pictures {
		fmt.Fprintf(&rels, `<Relationship Id="rIdP%d" Type="%s/image" Target="media/image%d.png"/>`, i+1, relsOfWord, i+1)
	}
	rels.WriteString(`</Relationships>`)
	made := w.made()
	if made.IsZero() { // the part has to say something
		made = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	type part struct {
		name    string
		content []byte
	}
	list := []part{{"[Content_Types].xml", []byte(reportTypes)}, {"_rels/.rels", []byte(wordRels)},
		{"docProps/core.xml", fmt.Appendf(nil, wordCore, escaped(oneShown(w.Title)), made.UTC().Format(time.RFC3339))},
		{"word/_rels/document.xml.rels", []byte(rels.String())}, {"word/styles.xml", []byte(wordStyles)}, {"word/footer1.xml", []byte(w.footer())}, {"word/document.xml", []byte(w.String())}}
	for i, p := range w.pictures {
		list = append(list, part{fmt.Sprintf("word/media/image%d.png", i+1), p})
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, p := range list {
		to, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err = to.Write(p.content); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

// footer says the number of the page, which Word counts.
func (w *wordOf) footer() string {
	const page, pages = "PAGE", "NUMPAGES" // stand in the sentence where the fields of these names go
	said := escaped(w.words("sheet-page", "page", page, "pages", pages))
	run := func(s string) string { return `</w:t></w:r>` + s + `<w:r><w:t xml:space="preserve">` }
	said = strings.NewReplacer(pages, run(fmt.Sprintf(wordField, pages)), page, run(fmt.Sprintf(wordField, page))).Replace(said)
	return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" + `<w:ftr ` + reportNames + `><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr><w:r><w:t xml:space="preserve">` + said + `</w:t></w:r></w:p></w:ftr>`
}

func (w *wordOf) block(b Block) error {
	switch b.Kind {
	case Heading:
		w.paragraph("Heading"+strconv.Itoa(min(max(b.Level, 1), 3)), b.Text)
	case Text:
		style := "BodyTextChinese"
		if w.Language == "en" {
			style = "BodyText"
		}
		for _, l := range shown(b.Text) {
			w.paragraph(style, l)
		}
	case Facts, Table:
		w.caption(b.Text)
		w.table(b)
	case Picture:
		return w.picture(b)
	case Bars:
		return w.bars(b)
	case Break:
		w.WriteString(`<w:p><w:r><w:br w:type="page"/></w:r></w:p>`)
	}
	return nil
}

// paragraph writes a paragraph; a line feed breaks its line.
func (w *wordOf) paragraph(style, s string) { w.open(style); w.run(s, ""); w.WriteString(`</w:p>`) }

func (w *wordOf) open(style string) {
	fmt.Fprintf(w, `<w:p><w:pPr><w:pStyle w:val="%s"/></w:pPr>`, style)
}

func (w *wordOf) run(s, props string) {
	if props != "" {
		props = "<w:rPr>" + props + "</w:rPr>"
	}
	for i, l := range shown(s) {
		w.WriteString("<w:r>" + props)
		if i > 0 {
			w.WriteString("<w:br/>")
		}
		fmt.Fprintf(w, `<w:t xml:space="preserve">%s</w:t></w:r>`, escaped(l))
	}
}

func (w *wordOf) caption(s string) {
	if s != "" {
		w.paragraph("Caption", s)
	}
}

// startTable begins a table with columns of so many thousandths of the line.
func (w *wordOf) startTable(shares []int) (widths []int) {
	fmt.Fprintf(w, `<w:tbl><w:tblPr><w:tblW w:w="%d" w:type="dxa"/><w:tblBorders>`, wordWide)
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		fmt.Fprintf(w, `<w:%s w:val="single" w:sz="4" w:space="0" w:color="%s"/>`, side, wordRule)
	}
	w.WriteString(`</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="100" w:type="dxa"/><w:right w:w="100" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>`)
	for _, s := range shares {
		widths = append(widths, s*wordWide/1000)
		fmt.Fprintf(w, `<w:gridCol w:w="%d"/>`, s*wordWide/1000)
	}
	w.WriteString(`</w:tblGrid>`)
	return widths
}

// endTable ends a table; the paragraph keeps it apart from the next.
func (w *wordOf) endTable() {
	w.WriteString(`</w:tbl><w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="200" w:lineRule="exact"/></w:pPr></w:p>`)
}

func (w *wordOf) startCell(wide int, head bool) {
	shade := ""
	if head {
		shade = `<w:shd w:val="clear" w:color="auto" w:fill="` + wordShade + `"/>`
	}
	fmt.Fprintf(w, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>%s</w:tcPr>`, wide, shade)
}

func (w *wordOf) cell(wide int, head bool, s string) {
	w.startCell(wide, head)
	if head {
		w.paragraph("CellHead", s)
	} else {
		w.paragraph("Cell", s)
	}
	w.WriteString(`</w:tc>`)
}

// headRow writes the head of a table, which comes again on each page.
func (w *wordOf) headRow(widths []int, head []string) {
	w.WriteString(`<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`)
	for i, wide := range widths {
		w.cell(wide, true, cellOf(head, i))
	}
	w.WriteString(`</w:tr>`)
}

func (w *wordOf) table(b Block) {
	if b.columns() == 0 || len(b.Head)+len(b.Rows) == 0 {
		return
	}
	widths := w.startTable(b.shares())
	if b.Kind == Table && len(b.Head) > 0 {
		w.headRow(widths, b.Head)
	}
	for _, row := range b.Rows {
		keep := "" // a row that is not long stays on one page
		if wideRow(row) < 600 {
			keep = `<w:trPr><w:cantSplit/></w:trPr>`
		}
		w.WriteString(`<w:tr>` + keep)
		for i, wide := range widths {
			w.cell(wide, b.Kind == Facts && i == 0, cellOf(row, i))
		}
		w.WriteString(`</w:tr>`)
	}
	w.endTable()
}

func wideRow(row []string) (n int) {
	for _, c := range row {
		n = max(n, len(c))
	}
	return n
}

// picture writes a picture and under it what it shows.
func (w *wordOf) picture(b Block) error {
	size, err := b.size()
	if err != nil {
		return err
	}
	wide := int(math.Round(wordWide * b.share()))
	tall := wide * size.Y / size.X
	if tall > wordTall {
		wide, tall = max(1, wide*wordTall/tall), wordTall
	}
	w.WriteString(`<w:p><w:pPr><w:pStyle w:val="Figure"/><w:keepNext/></w:pPr>`)
	w.drawing(b.Picture, wide, tall, b.Text)
	w.WriteString(`</w:p>`)
	w.paragraph("Figure", b.Text)
	return nil
}

// drawing puts a picture into the line. What it shows is said to those who do not see it.
func (w *wordOf) drawing(picture []byte, wide, tall int, what string) {
	w.pictures = append(w.pictures, picture)
	n, size := len(w.pictures), fmt.Sprintf(`cx="%d" cy="%d"`, max(1, wide)*emuOfTwip, max(1, tall)*emuOfTwip)
	fmt.Fprintf(w, `<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent %[1]s/><wp:docPr id="%[2]d" name="image%[2]d" descr="%[3]s"/>`+
		`<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="%[2]d" name="image%[2]d"/><pic:cNvPicPr/></pic:nvPicPr>`+
		`<pic:blipFill><a:blip r:embed="rIdP%[2]d"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext %[1]s/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`,
		size, n, escaped(strings.Join(shown(what), " ")))
}

// bars writes a chart as a table: the name, the bar as a picture, and what it says.
func (w *wordOf) bars(b Block) error {
	w.caption(b.Text)
	widths := w.startTable([]int{320, 380, 300})
	w.headRow(widths, []string{w.say("report-bar-name"), w.say("report-bar-chart"), w.say("report-bar-value")})
	for _, bar := range b.Bars {
		drawn, err := bar.png()
		if err != nil {
			return err
		}
		w.WriteString(`<w:tr><w:trPr><w:cantSplit/></w:trPr>`)
		w.cell(widths[0], false, bar.Name)
		w.startCell(widths[1], false)
		w.open("Cell")
		said := w.said(bar)
		w.drawing(drawn, widths[1]-240, 340, said[0])
		w.WriteString(`</w:p></w:tc>`)
		w.startCell(widths[2], false)
		for i, s := range said {
			w.open("Cell")
			if i == 1 {
				w.run(s, `<w:b/><w:color w:val="`+wordTones[bar.Verdict.String()]+`"/>`)
			} else {
				w.run(s, "")
			}
			w.WriteString(`</w:p>`)
		}
		w.WriteString(`</w:tc></w:tr>`)
	}
	w.endTable()
	if legend := w.legend(b.Bars); legend != "" {
		w.paragraph("Figure", legend)
	}
	return nil
}

var (
	wordTones = map[string]string{"passed": "0D6B33", "failed": "B8121A", "could-not-tell": "8F5600"}
	inkTones  = map[string]color.RGBA{"ink": {0x14, 0x18, 0x1f, 255}, "shade": {0xdc, 0xe0, 0xe5, 255}, "paper": {255, 255, 255, 255},
		"passed": {0x0d, 0x6b, 0x33, 255}, "failed": {0xb8, 0x12, 0x1a, 255}, "could-not-tell": {0x8f, 0x56, 0, 255}}
)

// png draws a bar alone.
func (b Bar) png() ([]byte, error) {
	const wide, tall = 800, 80
	canvas := image.NewRGBA(image.Rect(0, 0, wide, tall))
	draw.Draw(canvas, canvas.Rect, image.White, image.Point{}, draw.Src)
	for _, p := range b.patches() {
		at := image.Rect(int(math.Round(p.x0*wide)), int(math.Round(p.y0*tall)), int(math.Round(p.x1*wide)), int(math.Round(p.y1*tall)))
		draw.Draw(canvas, at, image.NewUniform(inkTones[p.color]), image.Point{}, draw.Src)
	}
	var out bytes.Buffer
	err := png.Encode(&out, canvas)
	return out.Bytes(), err
}
