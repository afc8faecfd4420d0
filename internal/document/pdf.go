package document

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/image/font/sfnt"
)

// PDF writes a sheet as PDF 1.7 (ISO 32000-1) on A4.
func (w *Writer) PDF(s Sheet) ([]byte, error) { return w.pdf(w.paper(s), s.Created) }

func (w *Writer) pdf(p paper, created time.Time) ([]byte, error) {
	f, err := w.face()
	if err != nil {
		return nil, err
	}
	l := &layout{ink: &ink{face: f, of: map[rune]int{}}}
	l.paper(p)
	l.number(w)
	return l.file(p.Title, created)
}

// ink gives the characters of a file their codes: 1, 2, 3 and so on in the order in which they come up.
type ink struct {
	face   *face
	buffer sfnt.Buffer
	of     map[rune]int // code; 0 for a character that the font lacks
	drawn  []drawn      // by code, from 1
	err    error        // the first of the font
}

type drawn struct {
	char  rune
	glyph sfnt.GlyphIndex
	width int // in thousandths of an em
}

// code returns the code of a character, 0 when the font lacks it.
func (k *ink) code(r rune) int {
	code, known := k.of[r]
	if known {
		return code
	}
	glyph, width, err := k.face.glyph(&k.buffer, r)
	if k.err == nil {
		k.err = err
	}
	if glyph != 0 {
		k.drawn = append(k.drawn, drawn{r, glyph, width})
		code = len(k.drawn)
	}
	k.of[r] = code
	return code
}

// spell returns a text with the characters that the font lacks as code points.
func (k *ink) spell(s string) string {
	var b strings.Builder
	for _, r := range s {
		if k.code(r) == 0 {
			fmt.Fprintf(&b, "U+%04X", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// width of a text that was spelt, in ems.
func (k *ink) width(s string) float64 {
	total := 0
	for _, r := range s {
		total += k.drawn[k.code(r)-1].width
	}
	return float64(total) / 1000
}

// show is the operator that draws a text that was spelt.
func (k *ink) show(s string) string {
	var b strings.Builder
	b.WriteByte('<')
	for _, r := range s {
		fmt.Fprintf(&b, "%04X", k.code(r))
	}
	b.WriteString("> Tj")
	return b.String()
}

// file is a PDF file that is being written.
type file struct {
	bytes.Buffer
	offsets []int // by number of the object, from 1
}

// The objects that come before the pages.
const (
	catalogObject = iota + 1
	pagesObject
	infoObject
	fontObject
	cidFontObject
	descriptorObject
	outlinesObject // the font's glyphs
	glyphsObject   // which glyph each code is
	unicodeObject  // which character each code is
	firstPage
)

func (f *file) object(format string, args ...any) {
	f.offsets = append(f.offsets, f.Len())
	fmt.Fprintf(f, "%d 0 obj\n", len(f.offsets))
	fmt.Fprintf(f, format, args...)
	f.WriteString("\nendobj\n")
}

func (f *file) stream(content []byte, extra string) error {
	packed, err := deflated(content)
	if err == nil {
		f.packed(packed, extra)
	}
	return err
}

// packed writes a stream that is compressed already.
func (f *file) packed(content []byte, extra string) {
	f.object("<</Length %d/Filter/FlateDecode%s>>stream\n%s\nendstream", len(content), extra, content)
}

func deflated(content []byte) ([]byte, error) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	err := z.Close()
	return packed.Bytes(), err
}

// file puts the pages together, with the pictures that they show as /P1, /P2 and so on.
func (l *layout) file(title text, created time.Time, pictures ...xobject) ([]byte, error) {
	if l.ink.err != nil {
		return nil, fmt.Errorf("reading the font: %w", l.ink.err)
	}
	var f file
	f.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	f.object("<</Type/Catalog/Pages %d 0 R/Lang(zh-CN)/ViewerPreferences<</DisplayDocTitle true>>>>", pagesObject)
	var kids strings.Builder
	for i := range l.pages {
		fmt.Fprintf(&kids, "%d 0 R ", firstPage+2*i)
	}
	shows := ""
	for i := range pictures {
		shows += fmt.Sprintf("/P%d %d 0 R", i+1, firstPage+2*len(l.pages)+i)
	}
	if shows != "" {
		shows = "/XObject<<" + shows + ">>"
	}
	f.object("<</Type/Pages/Count %d/Kids[%s]/MediaBox[0 0 %g %g]/Resources<</Font<</F %d 0 R>>%s>>>>", len(l.pages), kids.String(), pageWidth, pageHeight, fontObject, shows)
	f.object("<</Title<FEFF%s>/Producer(Colophon)/CreationDate(D:%sZ)>>", utf16Hex(title.Chinese+" "+title.English), created.UTC().Format("20060102150405"))
	if err := l.ink.write(&f); err != nil {
		return nil, err
	}
	for i, content := range l.pages {
		f.object("<</Type/Page/Parent %d 0 R/Contents %d 0 R>>", pagesObject, firstPage+2*i+1)
		if err := f.stream(content.Bytes(), ""); err != nil {
			return nil, err
		}
	}
	for _, p := range pictures {
		f.packed(p.pixels, fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8", p.size.X, p.size.Y))
	}
	id := sha256.Sum256(f.Bytes())
	start := f.Len()
	fmt.Fprintf(&f, "xref\n0 %d\n0000000000 65535 f \n", len(f.offsets)+1)
	for _, at := range f.offsets {
		fmt.Fprintf(&f, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&f, "trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%x><%x>]>>\nstartxref\n%d\n%%%%EOF\n", len(f.offsets)+1, catalogObject, infoObject, id[:16], id[:16], start)
	return f.Bytes(), nil
}

// write writes the font: the outlines of the glyphs that were drawn, with their widths and characters.
func (k *ink) write(f *file) error {
	glyphs, toGlyph, widths := map[sfnt.GlyphIndex]bool{}, []byte{0, 0}, []int{}
	for _, d := range k.drawn {
		glyphs[d.glyph] = true
		toGlyph = be.AppendUint16(toGlyph, uint16(d.glyph))
		widths = append(widths, d.width)
	}
	outlines := k.face.subset(glyphs)
	name := subsetName(outlines)
	head, hhea := k.face.tables["head"], k.face.tables["hhea"]
	signed := func(table []byte, at int) int16 { return int16(be.Uint16(table[at:])) }

	f.object("<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>", name, cidFontObject, unicodeObject)
	f.object("<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/CIDToGIDMap %d 0 R/W[1 %d]>>",
		name, descriptorObject, glyphsObject, widths)
	f.object("<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight 733/StemV 80/FontFile2 %d 0 R>>",
		name, signed(head, 36), signed(head, 38), signed(head, 40), signed(head, 42), signed(hhea, 4), signed(hhea, 6), outlinesObject)
	if err := f.stream(outlines, fmt.Sprintf("/Length1 %d", len(outlines))); err != nil {
		return err
	}
	if err := f.stream(toGlyph, ""); err != nil {
		return err
	}
	return f.stream(k.toUnicode(), "")
}

// subsetName is a name with the tag that a subset has (ISO 32000-1, 9.6.4).
func subsetName(outlines []byte) string {
	digest := sha256.Sum256(outlines)
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + digest[i]%26
	}
	return string(tag) + "+NotoSansSC-Regular"
}

// toUnicode is the map that gives a reader the characters back.
func (k *ink) toUnicode() []byte {
	const most = 100 // in one block
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n" +
		"/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n")
	for from := 0; from < len(k.drawn); from += most {
		block := k.drawn[from:min(from+most, len(k.drawn))]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(block))
		for i, d := range block {
			fmt.Fprintf(&b, "<%04X><%s>\n", from+i+1, utf16Hex(string(d.char)))
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}

// utf16Hex writes a text in UTF-16 as hexadecimal digits.
func utf16Hex(s string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", unit)
	}
	return b.String()
}
