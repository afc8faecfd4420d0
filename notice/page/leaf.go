package page

import (
	"fmt"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/media/pdf"
	"github.com/colophon-project/colophon/notice"
)

// corners are in the order in which they are tried.
func corners() []notice.Corner {
	return []notice.Corner{notice.TopRight, notice.TopLeft, notice.BottomRight, notice.BottomLeft}
}

// frame is a rectangle in which the notice stands in a corner, with y growing upwards.
type frame struct {
	width, height float64
	margin        float64
	long, tall    float64 // of the notice with its plate
}

// at returns the lower left point of the notice in a corner.
func (f frame) at(c notice.Corner) (x, y float64) {
	x, y = f.width-f.margin-f.long, f.height-f.margin-f.tall
	if c == notice.TopLeft || c == notice.BottomLeft {
		x = f.margin
	}
	if c == notice.BottomLeft || c == notice.BottomRight {
		y = f.margin
	}
	return x, y
}

// pick chooses corners for frames: the one that is asked for, or the first that is free on all of them, or else on each
// the first that is free. Where none is, it is the first of better ones, and the first of all at last.
func pick(asked notice.Corner, n int, free, better func(i int, c notice.Corner) bool) []notice.Corner {
	out := make([]notice.Corner, n)
	on := func(c notice.Corner, is func(i int, c notice.Corner) bool) bool {
		for i := range n {
			if !is(i, c) {
				return false
			}
		}
		return true
	}
	all := asked
	for _, c := range corners() {
		if all == "" && on(c, free) {
			all = c
		}
	}
	for i := range out {
		out[i] = all
		for _, is := range []func(int, notice.Corner) bool{free, better, func(int, notice.Corner) bool { return true }} {
			if k := slices.IndexFunc(corners(), func(c notice.Corner) bool { return is(i, c) }); out[i] == "" && k >= 0 {
				out[i] = corners()[k]
			}
		}
	}
	return out
}

// leaf is a page of a PDF file that gets the notice.
type leaf struct {
	frame
	page    *pdf.Page
	size    float64 // of the font
	corner  notice.Corner
	covered bool // an annotation lies on it
}

const pdfPad = 0.45 // around the words, in ems

// set finds the size of the words as the page is shown, and reports whether they can be read.
func (p *leaf) set(s *subset, words string) bool {
	b := p.page.Box
	p.width, p.height = b.X1-b.X0, b.Y1-b.Y0
	if p.page.Rotate%180 != 0 {
		p.width, p.height = p.height, p.width
	}
	side := min(p.width, p.height)
	length := s.length(words)
	tall := float64(s.high-s.low) / 1000
	p.margin = pdfMargin * side
	p.size = min(max(pdfLeast, pdfPart*side), (p.width-2*p.margin)/(length+2*pdfPad), (p.height-2*p.margin)/(tall+2*pdfPad))
	p.long, p.tall = p.size*(length+2*pdfPad), p.size*(tall+2*pdfPad)
	if side < pdfInch { // viewers enlarge such pages
		return p.size >= pdfTiny*side
	}
	return p.size >= pdfSmallest
}

// length is how long words are, in ems.
func (s *subset) length(words string) float64 {
	n := 0.0
	for _, r := range words {
		n += float64(s.widths[slices.Index(s.text, r)]) / 1000
	}
	return n
}

// box returns where the notice stands in a corner, in the page's own space.
func (p *leaf) box(c notice.Corner) pdf.Box {
	x, y := p.at(c)
	b := p.page.Box
	switch p.page.Rotate {
	case 90:
		return pdf.Box{X0: b.X1 - y - p.tall, Y0: b.Y0 + x, X1: b.X1 - y, Y1: b.Y0 + x + p.long}
	case 180:
		return pdf.Box{X0: b.X1 - x - p.long, Y0: b.Y1 - y - p.tall, X1: b.X1 - x, Y1: b.Y1 - y}
	case 270:
		return pdf.Box{X0: b.X0 + y, Y0: b.Y1 - x - p.long, X1: b.X0 + y + p.tall, Y1: b.Y1 - x}
	}
	return pdf.Box{X0: b.X0 + x, Y0: b.Y0 + y, X1: b.X0 + x + p.long, Y1: b.Y0 + y + p.tall}
}

func overlaps(a, b pdf.Box) bool { return a.X0 <= b.X1 && b.X0 <= a.X1 && a.Y0 <= b.Y1 && b.Y0 <= a.Y1 }

// choose sets the corners of pages: free of words, pictures and annotations where there is such a one, since an annotation
// would hide the notice. Where it is hidden all the same, the notice is put above it too. Of a page that can't be read,
// annotations alone are known.
func (j *job) choose(d *pdf.Document, sheets []*leaf) {
	type taken struct{ notes, marks [4]bool }
	list := make([]taken, len(sheets))
	for i, p := range sheets {
		marks, known := d.Marks(p.page)
		notes := d.Notes(p.page)
		for k, c := range corners() {
			box := p.box(c)
			over := func(b pdf.Box) bool { return overlaps(b, box) }
			list[i].notes[k] = slices.ContainsFunc(notes, over)
			list[i].marks[k] = known && slices.ContainsFunc(marks, over)
		}
	}
	at := func(c notice.Corner) int { return slices.Index(corners(), c) }
	chosen := pick(j.o.Corner, len(sheets),
		func(i int, c notice.Corner) bool { return !list[i].notes[at(c)] && !list[i].marks[at(c)] },
		func(i int, c notice.Corner) bool { return !list[i].notes[at(c)] })
	for i, p := range sheets {
		p.corner, p.covered = chosen[i], list[i].notes[at(chosen[i])]
	}
}

// draw returns the content stream for a page: the plate and the words.
func (p *leaf) draw(s *subset, words string) string {
	b := p.page.Box
	turn := map[int]string{ // from the page as it is shown to its own space
		0: "1 0 0 1 " + number(b.X0) + " " + number(b.Y0), 90: "0 1 -1 0 " + number(b.X1) + " " + number(b.Y0),
		180: "-1 0 0 -1 " + number(b.X1) + " " + number(b.Y1), 270: "0 -1 1 0 " + number(b.X0) + " " + number(b.Y1),
	}[p.page.Rotate]
	var codes strings.Builder
	for _, r := range words {
		fmt.Fprintf(&codes, "%04X", slices.Index(s.text, r))
	}
	x, y := p.at(p.corner)
	return fmt.Sprintf("q %s cm\n%s g %s G %s w %s %s %s %s re B\nBT %s g 0 Tr /%s %s Tf %s %s Td <%s> Tj ET\nQ",
		turn, number(plate), number(ink), number(p.size/20), number(x), number(y), number(p.long), number(p.tall),
		number(ink), pdfFont, number(p.size), number(x+p.size*pdfPad), number(y+p.size*(pdfPad-float64(s.low)/1000)), codes.String())
}
