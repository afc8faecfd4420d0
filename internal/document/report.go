package document

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
)

// Report is a document of headings, texts, tables, pictures and charts in one language: the report of a run, the draft of
// what an authority gets, a part of a filing. Its words are those of whoever made it.
type Report struct {
	Title, Subtitle string
	Language        string    // zh or en; of the words that are put in here, such as the number of a page
	At              time.Time // shown in Beijing time; zero to show none
	Made            time.Time // of the file, where At is zero
	Digest          string    // of what the report was made from; empty to show none
	Blocks          []Block
}

// Block is one block of a report. Which fields it has, its kind says.
type Block struct {
	Kind    BlockKind
	Level   int        // of a heading, from 1
	Text    string     // of a heading or a text; over a table or chart its caption, under a picture what it shows
	Head    []string   // of a table
	Rows    [][]string // of a table; of facts, each a name and what it is. A line feed begins a new line in its cell
	Picture []byte     // PNG
	Width   int        // of a picture, percent of the line; 0 for all of it
	Bars    []Bar
}

// BlockKind is what a block is.
type BlockKind int

// The kinds of blocks.
const (
	Heading BlockKind = iota
	Text              // a line feed begins a new paragraph
	Facts             // rows of two: a name and what it is
	Table             // its head comes again on each page
	Picture           // no larger than a page
	Bars              // a chart of shares
	Break             // what follows begins a page
)

// Bar is one share in a chart.
type Bar struct {
	Name      string
	Value     float64 // from 0 to 1; not a number where it is not known
	Low, High float64 // the interval around the value; no interval where High isn't above Low
	Mark      float64 // the yardstick; below 0 for none
	Note      string
	Verdict   colophon.Verdict
}

// Codes of errors about reports. Both name the block by its place, from 1.
const (
	CodePicture colophon.Code = "report-picture" // args "block", "limit": it is no PNG, or has more pixels
	CodeSize    colophon.Code = "report-size"    // arg "limit": it has more blocks, cells and bars, or pictures that are larger together
)

const (
	maxPixels  = 16 << 20  // of one picture
	maxDrawn   = 128 << 20 // pixels of all pictures together, and their bytes
	maxColumns = 20
)

// Report writes a report as HTML, DOCX or PDF on A4. The same report gives the same bytes. What the writer puts in of its
// own is in the report's language.
func (w *Writer) Report(r Report, f media.Format) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	d := draft{Report: r, words: w.chinese}
	if r.Language == "en" {
		d.words = w.english
	}
	switch f {
	case media.HTML:
		return d.html()
	case media.DOCX:
		return d.docx()
	case media.PDF:
		face, err := w.face()
		if err != nil {
			return nil, err
		}
		return d.pdf(face)
	}
	return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormat, Args: colophon.Args{"format": string(f)}}
}

// check refuses what could not be drawn in every format.
func (r Report) check() error {
	count, pixels, size := len(r.Blocks), 0, 0
	for i, b := range r.Blocks {
		count += len(b.Bars)
		for _, row := range b.Rows {
			count += len(row)
			if len(row) > maxColumns {
				return tooLarge(maxColumns)
			}
		}
		if len(b.Head) > maxColumns || count > maxBlocks {
			return tooLarge(maxBlocks)
		}
		if b.Kind != Picture {
			continue
		}
		shown, err := b.size()
		pixels, size = pixels+shown.X*shown.Y, size+len(b.Picture)
		if err == nil && max(pixels, size) > maxDrawn {
			return tooLarge(maxDrawn)
		}
		if err == nil {
			_, err = png.Decode(bytes.NewReader(b.Picture))
		}
		if err != nil {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodePicture, Args: colophon.Args{"block": strconv.Itoa(i + 1), "limit": strconv.Itoa(maxPixels)}, Err: err}
		}
	}
	return nil
}

func tooLarge(limit int) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeSize, Args: colophon.Args{"limit": strconv.Itoa(limit)}}
}

// size reads how large a picture is.
func (b Block) size() (image.Point, error) {
	c, err := png.DecodeConfig(bytes.NewReader(b.Picture))
	if err == nil && (c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height) {
		err = image.ErrFormat
	}
	return image.Pt(c.Width, c.Height), err
}

// share is how much of the line a picture takes.
func (b Block) share() float64 {
	if b.Width <= 0 || b.Width > 100 {
		return 1
	}
	return float64(b.Width) / 100
}

// draft is a report with the words of its language.
type draft struct {
	Report
	words Words
}

func (d draft) say(key string, args ...string) string { return locale.Visible(d.words(key, args...)) }

// about is the line under the title: when the report was made, and from what.
func (d draft) about() (list []string) {
	if !d.At.IsZero() {
		list = append(list, d.say("report-made", "at", d.At.In(beijing).Format("2006-01-02 15:04 -07:00")))
	}
	if d.Digest != "" {
		list = append(list, d.say("report-digest", "digest", d.Digest))
	}
	return list
}

// made is when the file says that it was made.
func (d draft) made() time.Time {
	if d.At.IsZero() {
		return d.Made
	}
	return d.At
}

// tag is the language as documents name it.
func (d draft) tag() string {
	if d.Language == "en" {
		return "en"
	}
	return "zh-CN"
}

// shown cuts a text into its lines, and spells out in each what must not take effect.
func shown(s string) []string {
	list := strings.Split(strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n"), "\n")
	for i, l := range list {
		list[i] = locale.Visible(strings.ReplaceAll(l, "\t", "    "))
	}
	return list
}

// columns is how many columns a table has.
func (b Block) columns() int {
	n := len(b.Head)
	for _, r := range b.Rows {
		n = max(n, len(r))
	}
	if b.Kind == Facts {
		n = max(n, 2)
	}
	return n
}

// cell is a cell of a row; empty where the row is shorter.
func cellOf(row []string, i int) string {
	if i < len(row) {
		return row[i]
	}
	return ""
}

// shares tells each column of a table a part of the width, in thousandths that add up to 1000, by what stands in it.
func (b Block) shares() []int {
	n := b.columns()
	if b.Kind == Facts && n == 2 {
		return []int{270, 730}
	}
	const least, most = 8, 48 // widths of a small letter
	wants, sum := make([]int, n), 0
	for i := range wants {
		widest, total := wide(cellOf(b.Head, i)), 0
		for _, row := range b.Rows {
			w := wide(cellOf(row, i))
			widest, total = max(widest, min(w, most)), total+min(w, 2*most)
		}
		wants[i] = max(least, min(most, (widest+total/max(1, len(b.Rows)))/2+2))
		sum += wants[i]
	}
	left := 1000
	for i := range wants {
		if i == n-1 {
			wants[i] = left
			break
		}
		wants[i] = wants[i] * 1000 / sum
		left -= wants[i]
	}
	return wants
}

// wide is about how wide the widest line of a text is, in small letters.
func wide(s string) (widest int) {
	for l := range strings.SplitSeq(s, "\n") {
		n := utf8.RuneCountInString(l)
		for _, r := range l {
			if r >= 0x2e80 {
				n++
			}
		}
		widest = max(widest, n)
	}
	return widest
}

// patch is one rectangle of a bar, in parts of its field: from the left, and from the top.
type patch struct {
	x0, y0, x1, y1 float64
	color          string // of ink, shade, paper, or a verdict
}

// patches draws a bar: the ground, the value in the colour of its verdict, the interval across it, and the yardstick.
func (b Bar) patches() []patch {
	value, low, high := inside(b.Value), inside(b.Low), inside(b.High)
	list := []patch{{0, 0.22, 1, 0.78, "shade"}, {0, 0.22, value, 0.78, b.Verdict.String()}}
	if high > low {
		const end = 0.006
		for _, halo := range []struct {
			by    float64
			color string
		}{{0.05, "paper"}, {0, "ink"}} {
			list = append(list, patch{low, 0.46 - halo.by, high, 0.54 + halo.by, halo.color},
				patch{max(0, low-end/2), 0.34 - halo.by, low + end/2, 0.66 + halo.by, halo.color}, patch{high - end/2, 0.34 - halo.by, min(1, high+end/2), 0.66 + halo.by, halo.color})
		}
	}
	if b.Mark >= 0 {
		const thick = 0.008
		at := min(inside(b.Mark), 1-thick)
		list = append(list, patch{at, 0, at + thick, 1, "ink"})
	}
	return list
}

func inside(v float64) float64 {
	if !(v > 0) { // NaN too
		return 0
	}
	return min(v, 1)
}

// said is what stands beside a bar.
func (d draft) said(b Bar) []string {
	said := percent(b.Value)
	switch {
	case b.High > b.Low && b.Mark >= 0:
		said = d.say("report-bar-both", "value", said, "low", percent(b.Low), "high", percent(b.High), "mark", percent(b.Mark))
	case b.High > b.Low:
		said = d.say("report-bar-interval", "value", said, "low", percent(b.Low), "high", percent(b.High))
	case b.Mark >= 0:
		said = d.say("report-bar-mark", "value", said, "mark", percent(b.Mark))
	}
	list := []string{said, d.say("sheet-verdict-" + b.Verdict.String())}
	if b.Note != "" {
		list = append(list, shown(b.Note)...)
	}
	return list
}

func percent(v float64) string {
	if math.IsNaN(v) {
		return "—"
	}
	return strings.TrimSuffix(strconv.FormatFloat(100*inside(v), 'f', 1, 64), ".0") + "%"
}

// legend tells what the parts of a chart's bars are, as far as it has them.
func (d draft) legend(bars []Bar) string {
	interval, mark := false, false
	for _, b := range bars {
		interval, mark = interval || b.High > b.Low, mark || b.Mark >= 0
	}
	switch {
	case interval && mark:
		return d.say("report-legend-both")
	case interval:
		return d.say("report-legend-interval")
	case mark:
		return d.say("report-legend-mark")
	}
	return ""
}
