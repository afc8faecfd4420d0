package document

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// A4 in points, and what is kept free.
const (
	pageWidth  = 595.28
	pageHeight = 841.89
	margin     = 50
	bottom     = 64 // over the number of the page
	padding    = 4.5
	width      = pageWidth - 2*margin
)

// style is how a line looks.
type style struct {
	size    float64
	leading float64 // from this line to the next
	color   string
	bold    bool
}

// The looks of lines. Colours are red, green, blue.
var (
	titleStyle   = style{20, 30, "0.08 0.1 0.14", true}
	subStyle     = style{11, 18, "0.38 0.41 0.46", false}
	headStyle    = style{13, 20, "0.08 0.1 0.14", true}
	bodyStyle    = style{9, 13.5, "0.08 0.1 0.14", false}
	smallStyle   = style{7.5, 10.5, "0.38 0.41 0.46", false}
	captionStyle = style{9.5, 14, "0.08 0.1 0.14", true}
	labelStyle   = style{8.5, 12, "0.08 0.1 0.14", true}
	tones        = map[string]string{"passed": "0.05 0.42 0.2", "failed": "0.72 0.07 0.1", "could-not-tell": "0.6 0.36 0"}
)

const (
	ruleColor  = "0.78 0.8 0.83"
	shadeColor = "0.94 0.95 0.96"
)

// line is one line of text as it is drawn.
type line struct {
	style
	text string
	lang string // when it is not Chinese
}

// layout breaks a paper into pages.
type layout struct {
	*ink
	pages []*bytes.Buffer
	y     float64 // the upper edge of what is free
}

func (l *layout) page() *bytes.Buffer { return l.pages[len(l.pages)-1] }

func (l *layout) turn() {
	l.pages = append(l.pages, &bytes.Buffer{})
	l.y = pageHeight - margin
}

// need turns the page unless there is so much room.
func (l *layout) need(height float64) {
	if l.y-height < bottom {
		l.turn()
	}
}

func (l *layout) paper(p paper) {
	l.turn()
	l.lines(l.wrap(p.Title, width, titleStyle, subStyle))
	l.y -= 4
	l.lines(l.wrap(p.Lead, width, bodyStyle, smallStyle))
	for _, s := range p.Sections {
		heading := l.wrap(s.Heading, width, headStyle, subStyle)
		grids, keep := make([]grid, len(s.Tables)), 180.0 // where there are commands alone
		for i, t := range s.Tables {
			grids[i] = l.grid(t)
			keep = grids[0].keep
		}
		l.need(height(heading) + 24 + keep)
		l.y -= 14
		l.lines(heading)
		l.fill(ruleColor, margin, l.y-2, width, 0.8)
		l.y -= 10
		for _, g := range grids {
			l.table(g)
		}
		for _, n := range s.Notes {
			l.lines(l.wrap(n, width, bodyStyle, smallStyle))
			l.y -= 4
		}
		for _, c := range s.Commands {
			l.y -= 4
			lines := l.wrap(plain(c), width-2*padding, bodyStyle, smallStyle)
			l.need(height(lines) + 2*padding)
			l.fill(shadeColor, margin, l.y-height(lines)-2*padding, width, height(lines)+2*padding)
			l.draw(lines, margin+padding, l.y-padding)
			l.y -= height(lines) + 2*padding
		}
	}
}

// lines draws lines over the whole width.
func (l *layout) lines(lines []line) {
	for i := range lines {
		l.need(lines[i].leading)
		l.draw(lines[i:i+1], margin, l.y)
		l.y -= lines[i].leading
	}
}

// grid is a table with its cells broken into lines.
type grid struct {
	table
	caption []line
	head    [][]line
	rows    [][][]line
	keep    float64 // height of what stays on one page: a keyed table, or else all to the first row
}

func (l *layout) grid(t table) grid {
	g := grid{table: t, caption: l.wrap(t.Caption, width, captionStyle, smallStyle)}
	for i, h := range t.Head {
		g.head = append(g.head, l.wrap(h, t.Shares[i]*width-2*padding, labelStyle, smallStyle))
	}
	g.keep = height(g.caption) + 3 + tallest(g.head)
	for i, r := range t.Rows {
		g.rows = append(g.rows, l.row(t, r))
		if i == 0 || len(t.Head) == 0 {
			g.keep += tallest(g.rows[i])
		}
	}
	if g.keep > (pageHeight-margin-bottom)/2 {
		g.keep = 100
	}
	return g
}

// table draws a table. Its heading comes again on each page.
func (l *layout) table(g grid) {
	l.need(g.keep)
	l.lines(g.caption)
	l.y -= 3
	l.heading(g)
	for _, r := range g.rows {
		for len(r) > 0 {
			if l.y-tallest(r) < bottom && l.y < pageHeight-margin-tallest(g.head) {
				l.turn()
				l.heading(g)
			}
			r = l.fit(g.table, r)
		}
	}
	l.y -= 10
}

func (l *layout) heading(g grid) {
	if len(g.head) > 0 {
		l.fill(shadeColor, margin, l.y-tallest(g.head), width, tallest(g.head))
		l.fit(g.table, g.head)
	}
}

// row wraps the cells of a row. The lines of a keyed table's value are one cell.
func (l *layout) row(t table, row []cell) [][]line {
	var cells [][]line
	for i, c := range row {
		first, second := bodyStyle, smallStyle
		if i == 0 && len(t.Head) == 0 {
			first = labelStyle
		}
		if c.Tone != "" {
			first.color, first.bold = tones[c.Tone], true
		}
		column := min(i, len(t.Shares)-1)
		lines := l.wrap(c.text, t.Shares[column]*width-2*padding, first, second)
		if column < len(cells) {
			cells[column] = append(cells[column], lines...)
		} else {
			cells = append(cells, lines)
		}
	}
	return cells
}

// fit draws as many lines of each cell as there is room for, and returns the others; nil when there are none.
func (l *layout) fit(t table, cells [][]line) (rest [][]line) {
	room, x, used, left := l.y-bottom-2*padding, float64(margin), 0.0, false
	for i, lines := range cells {
		n, high := 0, 0.0
		for n < len(lines) && (n == 0 || high+lines[n].leading <= room) {
			high += lines[n].leading
			n++
		}
		l.draw(lines[:n], x+padding, l.y-padding)
		used, left = max(used, high), left || n < len(lines)
		rest = append(rest, lines[n:])
		x += t.Shares[i] * width
	}
	l.y -= used + 2*padding
	if left {
		return rest
	}
	l.fill(ruleColor, margin, l.y, width, 0.5)
	return nil
}

// draw draws lines from a corner downwards.
func (l *layout) draw(lines []line, x, y float64) {
	for _, n := range lines {
		if n.text != "" {
			b := l.page()
			if n.lang != "" {
				fmt.Fprintf(b, "/Span<</Lang(%s)>>BDC ", n.lang)
			}
			mode := 0
			if n.bold { // the font has one weight: outlines are drawn too
				mode = 2
			}
			fmt.Fprintf(b, "BT %s rg %s RG /F %.2f Tf %d Tr %.2f w %.2f %.2f Td %s ET", n.color, n.color, n.size, mode, n.size/32, x, y-n.leading/2-n.size*0.36, l.show(n.text))
			if n.lang != "" {
				b.WriteString(" EMC")
			}
			b.WriteByte('\n')
		}
		y -= n.leading
	}
}

func (l *layout) fill(color string, x, y, w, h float64) {
	fmt.Fprintf(l.page(), "%s rg %.2f %.2f %.2f %.2f re f\n", color, x, y, w, h)
}

// number writes the number of each page under it, once it is known how many there are.
func (l *layout) number(w *Writer) {
	count := len(l.pages)
	pages := l.pages
	for i := range pages {
		l.pages = pages[:i+1]
		said := w.say("sheet-page", "page", strconv.Itoa(i+1), "pages", strconv.Itoa(count))
		text := l.spell(said.Chinese + "　" + said.English)
		l.draw([]line{{style: smallStyle, text: text}}, (pageWidth-l.width(text)*smallStyle.size)/2, bottom-20)
	}
	l.pages = pages
}

func height(lines []line) (h float64) {
	for _, n := range lines {
		h += n.leading
	}
	return h
}

// tallest is the height of a row.
func tallest(cells [][]line) (h float64) {
	for _, lines := range cells {
		h = max(h, height(lines)+2*padding)
	}
	return h
}

// wrap breaks a text into lines that are no wider than room, the Chinese before the English.
func (l *layout) wrap(t text, room float64, first, second style) []line {
	lines := l.fold(t.Chinese, room, first, "")
	if t.English != "" {
		lines = append(lines, l.fold(t.English, room, second, "en")...)
	}
	return lines
}

// fold breaks a text at spaces and between Chinese characters, and anywhere in a word that is wider than a line.
func (l *layout) fold(s string, room float64, look style, lang string) []line {
	var lines []line
	var now strings.Builder
	used := 0.0
	end := func() {
		lines = append(lines, line{look, strings.TrimRight(now.String(), " "), lang})
		now.Reset()
		used = 0
	}
	for _, word := range words(l.spell(s)) {
		wide := l.width(word) * look.size
		if used > 0 && used+l.width(strings.TrimRight(word, " "))*look.size > room {
			end()
		}
		if wide <= room {
			now.WriteString(word)
			used += wide
			continue
		}
		for _, r := range word {
			wide := l.width(string(r)) * look.size
			if used > 0 && used+wide > room {
				end()
			}
			now.WriteRune(r)
			used += wide
		}
	}
	end()
	return lines
}

// words cuts a text where a line may end. A word has the spaces after it, and no line begins or ends with a sign that
// must not stand there.
func words(s string) []string {
	const (
		closing = "，。、；：？！）】》〉」』”’…—,.;:?!)]}%"
		opening = "（【《〈「『“‘([{"
	)
	wide := func(r rune) bool { return r >= 0x2e80 }
	var list []string
	var before rune
	start := 0
	for i, r := range s {
		may := before == ' ' && r != ' ' || before != 0 && r != ' ' && (wide(before) || wide(r))
		if may && !strings.ContainsRune(closing, r) && !strings.ContainsRune(opening, before) && !unicode.Is(unicode.Mn, r) {
			list = append(list, s[start:i])
			start = i
		}
		before = r
	}
	if start < len(s) {
		list = append(list, s[start:])
	}
	return list
}
