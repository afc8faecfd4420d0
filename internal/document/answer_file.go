package document

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/xml"
	"fmt"
	"html"
	"html/template"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strconv"
	"strings"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/notice/prose"
)

//go:embed answer.html
var answerSource string

var answerPage = template.Must(template.New("answer").Parse(answerSource))

// shownBlock is a block as the page takes it.
type shownBlock struct {
	Tag, Bullet string
	Depth       int
	Lines       []string
	Notice      template.HTML // the element of the notice, where the block is one
}

// answerHTML writes a page that loads nothing and runs nothing. A line that is a notice stands in the element by which
// notices are known, so that no second one is put on.
func answerHTML(a Answer, blocks []block) ([]byte, error) {
	page := struct {
		Title  string
		Blocks []shownBlock
	}{Title: oneLine(a.Title)}
	for _, b := range blocks {
		s := shownBlock{Tag: "p", Bullet: b.bullet, Depth: min(b.depth, maxDepth), Lines: b.lines}
		switch b.look {
		case heading:
			s.Tag = "h" + strconv.Itoa(min(b.level, 3))
		case code:
			s.Tag = "pre"
		case rule:
			s.Tag = "hr"
		}
		if len(b.lines) == 1 && prose.IsLine(b.lines[0]) {
			words := prose.Said(b.lines[0])
			s.Notice = template.HTML(prose.Element(words, ` style="`+html.EscapeString(prose.Style)+`"`, "lang")) //nolint:gosec // made of words that name a notice, and escaped there
		}
		page.Blocks = append(page.Blocks, s)
	}
	var out bytes.Buffer
	err := answerPage.Execute(&out, page)
	return out.Bytes(), err
}

// The parts of a Word document that are the same for all (ECMA-376-1).
const (
	wordTypes = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`
	wordRels = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`
	wordCore = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<dc:title>%s</dc:title><dcterms:created xsi:type="dcterms:W3CDTF">%s</dcterms:created></cp:coreProperties>`
	wordHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`
	wordTail = `<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1247" w:bottom="1247" w:left="1247" w:header="720" w:footer="720" w:gutter="0"/></w:sectPr></w:body></w:document>`
)

func answerDOCX(a Answer, blocks []block) ([]byte, error) {
	var body strings.Builder
	body.WriteString(wordHead)
	for _, b := range blocks {
		b.word(&body)
	}
	body.WriteString(wordTail)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range [][2]string{{"[Content_Types].xml", wordTypes}, {"_rels/.rels", wordRels},
		{"docProps/core.xml", fmt.Sprintf(wordCore, escaped(oneLine(a.Title)), a.At.UTC().Format(time.RFC3339))}, {"word/document.xml", body.String()}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: part[0], Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err = w.Write([]byte(part[1])); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

// word writes a block as a paragraph.
func (b block) word(out *strings.Builder) {
	out.WriteString("<w:p><w:pPr>")
	if b.look == heading {
		out.WriteString("<w:keepNext/>")
	}
	if b.look == rule {
		out.WriteString(`<w:pBdr><w:bottom w:val="single" w:sz="6" w:space="1" w:color="C8CCD3"/></w:pBdr>`)
	}
	if b.look == code {
		out.WriteString(`<w:shd w:val="clear" w:color="auto" w:fill="F0F1F4"/>`)
	}
	out.WriteString(`<w:spacing w:after="120"/>`)
	if left := 360 * min(b.depth, maxDepth); left > 0 {
		hanging := ""
		if b.bullet != "" {
			hanging = ` w:hanging="360"`
		}
		fmt.Fprintf(out, `<w:ind w:left="%d"%s/>`, left, hanging)
	}
	if b.look == heading {
		fmt.Fprintf(out, `<w:outlineLvl w:val="%d"/>`, min(b.level, 9)-1)
	}
	out.WriteString("</w:pPr>")
	look := b.style()
	font := `<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="Microsoft YaHei" w:cs="Arial"/>`
	if b.look == code {
		font = `<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas" w:eastAsia="Microsoft YaHei" w:cs="Consolas"/>`
	}
	if look.bold {
		font += "<w:b/>"
	}
	props := fmt.Sprintf(`<w:rPr>%s<w:sz w:val="%d"/></w:rPr>`, font, int(2*look.size))
	if b.bullet != "" {
		fmt.Fprintf(out, `<w:r>%s<w:t>%s</w:t><w:tab/></w:r>`, props, escaped(b.bullet))
	}
	for i, text := range b.lines {
		out.WriteString("<w:r>" + props)
		if i > 0 {
			out.WriteString("<w:br/>")
		}
		fmt.Fprintf(out, `<w:t xml:space="preserve">%s</w:t></w:r>`, escaped(text))
	}
	out.WriteString("</w:p>")
}

func escaped(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) //nolint:errcheck // a strings.Builder takes all
	return b.String()
}

// A picture of text, in pixels.
const (
	pictureWidth = 1080
	pictureSide  = 72  // free at the sides
	pictureFree  = 120 // and above and below, where the notice stands
	pictureScale = 2.6 // pixels in a point of the styles
	// MaxPicture is the tallest picture that is made.
	MaxPicture = 16384
)

// pictured is a line with its place in a picture.
type pictured struct {
	line
	x, y float64 // of the upper left corner
	fill bool    // a rule in place of text
}

// answerPNG draws blocks one below the other, however tall that becomes, up to MaxPicture.
func answerPNG(f *face, blocks []block) ([]byte, error) {
	k := &ink{face: f, of: map[rune]int{}}
	lines, height := picture(k, blocks)
	if k.err != nil {
		return nil, fmt.Errorf("reading the font: %w", k.err)
	}
	if height > MaxPicture {
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeLong, Args: colophon.Args{"height": strconv.Itoa(height), "limit": strconv.Itoa(MaxPicture)}}
	}
	canvas := image.NewGray(image.Rect(0, 0, pictureWidth, height))
	draw.Draw(canvas, canvas.Rect, image.White, image.Point{}, draw.Src)
	faces := map[float64]font.Face{}
	for _, n := range lines {
		if n.fill {
			draw.Draw(canvas, image.Rect(int(n.x), int(n.y), pictureWidth-pictureSide, int(n.y)+2), image.NewUniform(color.Gray{0xc8}), image.Point{}, draw.Src)
			continue
		}
		face := faces[n.size]
		if face == nil {
			var err error
			if face, err = opentype.NewFace(f.font, &opentype.FaceOptions{Size: n.size * pictureScale, DPI: 72, Hinting: font.HintingNone}); err != nil {
				return nil, fmt.Errorf("opening the font: %w", err)
			}
			faces[n.size] = face
		}
		base := n.y + n.leading*pictureScale/2 + n.size*pictureScale*0.36
		weights := 1
		if n.bold { // the font has one weight
			weights = 3
		}
		for i := range weights {
			d := font.Drawer{Dst: canvas, Src: image.NewUniform(color.Gray{0x18}), Face: face, Dot: fixed.Point26_6{X: fixed.Int26_6((n.x + 0.5*float64(i)) * 64), Y: fixed.Int26_6(base * 64)}}
			d.DrawString(n.text)
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, canvas)
	return out.Bytes(), err
}

// picture places the lines of blocks, and returns how tall the picture is.
func picture(k *ink, blocks []block) (list []pictured, height int) {
	l := &layout{ink: k}
	y := float64(pictureFree)
	for _, b := range blocks {
		look := b.style()
		left := float64(pictureSide) + 40*float64(min(b.depth, maxDepth))
		if b.look == rule {
			list = append(list, pictured{x: left, y: y + 20, fill: true})
			y += 40
			continue
		}
		first := true
		for _, text := range b.lines {
			for _, n := range l.fold(text, (pictureWidth-pictureSide-left)/pictureScale, look, "") {
				if first && b.bullet != "" {
					mark := k.spell(b.bullet)
					list = append(list, pictured{line: line{style: look, text: mark}, x: left - 10 - k.width(mark)*look.size*pictureScale, y: y})
				}
				first = false
				list = append(list, pictured{line: n, x: left, y: y})
				y += look.leading * pictureScale
			}
		}
		y += 6 * pictureScale
	}
	return list, int(y) + pictureFree
}
