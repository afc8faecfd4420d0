package document

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"math"
	"strconv"
)

// The looks of a report on paper.
var (
	reportTitle   = style{18, 27, "0.08 0.1 0.14", true}
	reportSub     = style{11.5, 19, "0.2 0.22 0.27", false}
	reportText    = style{10.5, 17.5, "0.08 0.1 0.14", false}
	reportHeading = [...]style{{14, 22, "0.08 0.1 0.14", true}, {12, 19, "0.08 0.1 0.14", true}, {10.5, 17.5, "0.08 0.1 0.14", true}}
	patchColors   = map[string]string{"ink": "0.08 0.1 0.14", "shade": "0.86 0.88 0.9", "paper": "1 1 1"}
)

// printed is a report that is being laid out.
type printed struct {
	draft
	*layout
	lang     string // of its lines, as a line has it
	pictures []xobject
}

// xobject is a picture in a PDF: its pixels as bytes of red, green and blue, packed.
type xobject struct {
	size   image.Point
	pixels []byte
}

func (d draft) pdf(f *face) ([]byte, error) {
	p := &printed{draft: d, layout: &layout{ink: &ink{face: f, of: map[rune]int{}}}}
	if d.Language == "en" {
		p.lang = "en"
	}
	p.turn()
	p.title()
	for i, b := range d.Blocks {
		if b.Kind == Heading && i+1 < len(d.Blocks) && d.Blocks[i+1].Kind == Picture {
			p.keep(d.Blocks[i+1])
		}
		if err := p.block(b); err != nil {
			return nil, fmt.Errorf("drawing block %d: %w", i+1, err)
		}
	}
	p.numbers()
	return p.layout.file(plain(oneLine(d.Title)), d.made(), p.pictures...)
}

func (p *printed) title() {
	p.middle(oneShown(p.Title), reportTitle)
	if p.Subtitle != "" {
		p.middle(oneShown(p.Subtitle), reportSub)
	}
	for _, a := range p.about() {
		p.middle(a, smallStyle)
	}
	p.y -= 10
}

// middle draws a text in the middle of the line.
func (p *printed) middle(s string, look style) {
	for _, n := range p.fold(s, width, look, p.lang) {
		p.need(n.leading)
		p.draw([]line{n}, (pageWidth-p.width(n.text)*n.size)/2, p.y)
		p.y -= n.leading
	}
}

func (p *printed) block(b Block) error {
	switch b.Kind {
	case Heading:
		p.heading(b)
	case Text:
		p.text(b.Text)
	case Facts, Table:
		p.caption(b.Text)
		p.layout.table(p.grid(b))
	case Picture:
		return p.picture(b)
	case Bars:
		p.bars(b)
	case Break:
		if p.y < pageHeight-margin {
			p.turn()
		}
	}
	return nil
}

func (p *printed) heading(b Block) {
	level := min(max(b.Level, 1), len(reportHeading))
	look := reportHeading[level-1]
	lines := p.many(b.Text, width, look)
	p.need(height(lines) + 60) // and what it stands over
	if p.y < pageHeight-margin {
		p.y -= 10
	}
	p.lines(lines)
	if level == 1 {
		p.fill(ruleColor, margin, p.y-1, width, 0.8)
		p.y -= 5
	}
	p.y -= 3
}

// text draws paragraphs. In Chinese a paragraph begins two characters in.
func (p *printed) text(s string) {
	for _, l := range shown(s) {
		if p.lang == "" && l != "" {
			l = "\u3000\u3000" + l
		}
		p.lines(p.fold(l, width, reportText, p.lang))
		p.y -= 4
	}
	p.y -= 3
}

func (p *printed) caption(s string) {
	if s == "" {
		return
	}
	p.need(100)
	p.lines(p.many(s, width, captionStyle))
	p.y -= 3
}

// many breaks a text of several lines.
func (p *printed) many(s string, room float64, look style) (list []line) {
	for _, l := range shown(s) {
		list = append(list, p.fold(l, room, look, p.lang)...)
	}
	return list
}

func (p *printed) grid(b Block) grid {
	var t table
	parts := b.shares()
	for _, s := range parts {
		t.Shares = append(t.Shares, float64(s)/1000)
	}
	g := grid{table: t}
	cells := func(row []string, first, look style) (list [][]line) {
		for i := range parts {
			at := look
			if i == 0 {
				at = first
			}
			list = append(list, p.many(cellOf(row, i), t.Shares[i]*width-2*padding, at))
		}
		return list
	}
	if b.Kind == Table && len(b.Head) > 0 {
		g.head = cells(b.Head, labelStyle, labelStyle)
	}
	first := bodyStyle
	if b.Kind == Facts {
		first = labelStyle
	}
	for _, row := range b.Rows {
		g.rows = append(g.rows, cells(row, first, bodyStyle))
	}
	g.keep = 40
	if len(g.rows) > 0 {
		g.keep = min(tallest(g.head)+tallest(g.rows[0]), 200)
	}
	return g
}

// keep turns the page where a heading and the picture under it have no room together, and would have it on the next.
func (p *printed) keep(b Block) {
	if size, err := b.size(); err == nil {
		p.need(min(60+24+width*b.share()*float64(size.Y)/float64(size.X), pageHeight-margin-bottom))
	}
}

// picture draws a picture and under it what it shows. It is made smaller where it would be taller than what a page holds.
func (p *printed) picture(b Block) error {
	packed, err := pixels(b.Picture)
	if err != nil {
		return err
	}
	caption := p.many(b.Text, width, smallStyle)
	if b.Text == "" {
		caption = nil
	}
	most := pageHeight - margin - bottom - height(caption) - 60 // for a heading over it
	wide := width * b.share()
	tall := wide * float64(packed.size.Y) / float64(packed.size.X)
	if tall > most {
		wide, tall = wide*most/tall, most
	}
	p.need(tall + height(caption) + 12)
	p.pictures = append(p.pictures, packed)
	fmt.Fprintf(p.page(), "q %.2f 0 0 %.2f %.2f %.2f cm /P%d Do Q\n", wide, tall, (pageWidth-wide)/2, p.y-tall, len(p.pictures))
	p.y -= tall + 4
	for _, n := range caption {
		p.draw([]line{n}, (pageWidth-p.width(n.text)*n.size)/2, p.y)
		p.y -= n.leading
	}
	p.y -= 8
	return nil
}

// pixels unpacks a PNG onto white.
func pixels(b []byte) (xobject, error) {
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return xobject{}, fmt.Errorf("reading a picture: %w", err)
	}
	size := img.Bounds().Size()
	flat := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(flat, flat.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Rect, img, img.Bounds().Min, draw.Over)
	out := make([]byte, 0, 3*size.X*size.Y)
	for i := 0; i < len(flat.Pix); i += 4 {
		out = append(out, flat.Pix[i:i+3]...)
	}
	packed, err := deflated(out)
	return xobject{size, packed}, err
}

// bars draws a chart: for each bar its name, the bar, and what it says.
func (p *printed) bars(b Block) {
	const name, field = 0.32, 0.38
	p.caption(b.Text)
	for _, bar := range b.Bars {
		left := p.many(bar.Name, name*width-2*padding, bodyStyle)
		var right []line
		for i, s := range p.said(bar) {
			look := smallStyle
			switch i {
			case 0:
				look = bodyStyle
			case 1:
				look = style{8, 11.5, tones[bar.Verdict.String()], true}
			}
			right = append(right, p.fold(s, (1-name-field)*width-padding, look, p.lang)...)
		}
		high := max(height(left), height(right), 18) + 2*padding
		p.need(high)
		p.draw(left, margin, p.y-padding)
		p.draw(right, margin+(name+field)*width+padding, p.y-padding)
		const thick = 16
		x, top, wide := margin+name*width, p.y-padding-1, field*width-padding
		for _, at := range bar.patches() {
			color, ok := patchColors[at.color]
			if !ok {
				color = tones[at.color]
			}
			p.fill(color, x+at.x0*wide, top-at.y1*thick, math.Max(0, at.x1-at.x0)*wide, (at.y1-at.y0)*thick)
		}
		p.y -= high
		p.fill(ruleColor, margin, p.y, width, 0.4)
	}
	if legend := p.legend(b.Bars); legend != "" {
		p.y -= 3
		p.lines(p.fold(legend, width, smallStyle, p.lang))
	}
	p.y -= 8
}

// numbers writes the number of each page under it.
func (p *printed) numbers() {
	pages := p.pages
	for i := range pages {
		p.pages = pages[:i+1]
		text := p.spell(p.say("sheet-page", "page", strconv.Itoa(i+1), "pages", strconv.Itoa(len(pages))))
		p.draw([]line{{style: smallStyle, text: text, lang: p.lang}}, (pageWidth-p.width(text)*smallStyle.size)/2, bottom-20)
	}
	p.pages = pages
}
