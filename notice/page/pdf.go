package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/pdf"
	"github.com/colophon-project/colophon/notice/prose"
)

// The notice on a page of a PDF file. The standard gives text no size (5.1); these are ours.
const (
	pdfFont     = "NoticeAIGC" // the name of the font in a page's resources, by which the notice is known
	pdfPart     = 0.022        // font size as a part of the page's shortest side
	pdfLeast    = 9.0          // font size in points below which the notice is not made, but on small pages
	pdfSmallest = 4.0          // font size in points below which nothing is legible
	pdfInch     = 72.0         // shortest side in points below which words need only fit
	pdfTiny     = 0.05         // font size as a part of the shortest side below which nothing is legible on such a page
	maxSkipped  = 16           // pages without the notice that are told of
	pdfMargin   = 0.02         // distance from the page's edges as a part of its shortest side
	ink, plate  = 0.1, 1.0     // greys of the words and of the plate behind them
)

// number writes a number as PDF and XML take it.
func number(n float64) string { return strconv.FormatFloat(math.Round(n*1000)/1000, 'f', -1, 64) }

// pdf draws the words on every page that can hold them, upright as the page is shown.
func (j *job) pdf(src media.Source) (*media.Edit, error) {
	d, err := pdf.Open(src)
	if err != nil {
		return nil, err
	}
	pages, err := d.Pages()
	if err != nil {
		return nil, err
	}
	j.report.Place, j.report.Method, j.report.Contrast = "every page", "overlay", contrast(ink, plate)
	var bare []int
	for i := range pages {
		has, err := d.HasFont(&pages[i], pdfFont)
		if err != nil {
			return nil, err
		}
		if !has {
			bare = append(bare, i)
		} else if j.found == "" {
			if j.found = d.Said(&pages[i], pdfFont); !prose.IsWords(j.found) {
				j.found = ""
			}
		}
	}
	if len(bare) == 0 {
		j.there = true
		return nil, nil
	}
	if j.probe && len(bare) == len(pages) {
		return nil, nil
	}
	if j.probe && j.found != "" {
		j.words = j.found
	}
	face, err := openFont(j.font())
	if err != nil {
		return nil, err
	}
	s, err := face.subset(j.words)
	if err != nil {
		return nil, err
	}
	sheets, err := j.lay(pages, bare, s)
	if err != nil {
		return nil, err
	}
	if j.there = len(sheets) == 0; j.there || j.probe {
		return nil, nil
	}
	j.choose(d, sheets)
	return j.overlay(d, sheets, s)
}

// lay finds the place of the words on pages. One that can't hold them is told of, and at least one has to hold them.
func (j *job) lay(pages []pdf.Page, bare []int, s *subset) ([]*leaf, error) {
	var sheets []*leaf
	var skipped []colophon.Args
	for _, i := range bare {
		p := &leaf{page: &pages[i]}
		if p.set(s, j.words) {
			sheets = append(sheets, p)
		} else {
			skipped = append(skipped, colophon.Args{"page": strconv.Itoa(i + 1), "width": number(p.width), "height": number(p.height)})
		}
	}
	if len(skipped) == len(pages) {
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodePage, Clauses: []colophon.Clause{colophon.ClauseGB5}, Args: skipped[0]}
	}
	for _, args := range skipped[:min(len(skipped), maxSkipped)] {
		j.report.Findings = append(j.report.Findings, colophon.Finding{Code: CodePage, Level: colophon.Warning, Clause: colophon.ClauseGB5, Offset: -1, Args: args})
	}
	return sheets, nil
}

// overlay draws the notice on pages.
func (j *job) overlay(d *pdf.Document, sheets []*leaf, s *subset) (*media.Edit, error) {
	isSigned, err := d.Signed()
	if err != nil {
		return nil, err
	}
	if isSigned {
		j.signed()
	}
	o, err := d.Overlay()
	if err != nil {
		return nil, err
	}
	font := s.embed(o)
	contents := map[string]int64{} // pages of one shape share theirs
	for _, p := range sheets {
		drawn := p.draw(s, j.words)
		if part := p.size * float64(s.high-s.low) / 1000 / min(p.width, p.height); j.report.Ink == 0 || part < j.report.Ink {
			j.report.Ink = part
		}
		if p.covered {
			o.Stamp(p.page, p.box(p.corner), drawn, j.words, pdfFont, font)
		}
		// An artifact of the page, as headers are, so that tagged documents stay well tagged (ISO 32000-2, 14.8.2.2).
		content := "/Artifact <</Type /Pagination /Subtype /Header>> BDC\n" + drawn + "\nEMC"
		num, ok := contents[content]
		if !ok {
			num = o.AddStream("", []byte(content))
			contents[content] = num
		}
		if err := o.Draw(p.page, num, pdfFont, font); err != nil {
			return nil, err
		}
	}
	return o.Edit()
}

// contrast is the ratio of WCAG 2.2 between two greys.
func contrast(a, b float64) float64 {
	light := func(c float64) float64 {
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return (max(light(a), light(b)) + 0.05) / (min(light(a), light(b)) + 0.05)
}

// embed adds the font as a composite one whose codes are its glyphs (ISO 32000-2, 9.7), with the way back to Unicode.
func (s *subset) embed(o *pdf.Overlay) int64 {
	const name = "NOTICE+NoticeSans"
	file := o.AddStream(fmt.Sprintf("/Length1 %d", len(s.file)), s.file)
	descriptor := o.Add(fmt.Sprintf("<</Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile2 %d 0 R>>",
		name, s.box[0], s.box[1], s.box[2], s.box[3], s.ascent, s.descent, s.high, file))
	widths := strings.Trim(fmt.Sprint(s.widths), "[]")
	inner := o.Add(fmt.Sprintf("<</Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /FontDescriptor %d 0 R /DW 1000 /W [0 [%s]] /CIDToGIDMap /Identity>>",
		name, descriptor, widths))
	unicode := o.AddStream("", []byte(s.toUnicode()))
	return o.Add(fmt.Sprintf("<</Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R>>", name, inner, unicode))
}

func (s *subset) toUnicode() string {
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for from := 1; from < len(s.text); from += 100 { // a block holds a hundred
		block := s.text[from:min(len(s.text), from+100)]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(block))
		for i, r := range block {
			fmt.Fprintf(&b, "<%04X> <", from+i)
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, "%04X", u)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend")
	return b.String()
}
