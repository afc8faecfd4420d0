package list

import (
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/archive"
	"github.com/colophon-project/colophon/internal/media/markup"
)

// The namespaces of WordprocessingML: ECMA-376 in its transitional and its strict form.
const (
	wordSpace   = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	strictSpace = "http://purl.oclc.org/ooxml/wordprocessingml/main"
	mainPart    = "word/document.xml"
	maxTitle    = 512
)

// grid walks the tables of a document. Cells are told by their column of the grid, so that merged ones do not shift others.
type grid struct {
	reader *reader
	tables int
	depth  int // of tables inside each other
	row    int
	cells  []string
	above  []string // the cells of the row before, for those that go on in this one
	text   strings.Builder
	span   int
	joined bool // the cell belongs to the one above
	after  int  // columns of the grid behind the last cell
	title  strings.Builder
	told   bool // a table began, so the title is over
}

func (r *reader) docx(src media.Source) (string, error) {
	a, err := archive.Open(src)
	if err != nil {
		return "", unreadable(CodeFile, err)
	}
	a.Limit(maxXML, maxXML)
	text, ok, err := a.Read(mainPart)
	if err != nil || !ok {
		return "", unreadable(CodeFile, err)
	}
	g := &grid{reader: r}
	w := markup.Walk(text, mainPart)
	for {
		t, err := w.Next()
		if err != nil {
			return "", unreadable(CodeFile, err)
		}
		switch t.Kind {
		case markup.EOF:
			title, _ := tidy(g.title.String())
			return title, nil
		case markup.Start:
			g.start(w, t)
		case markup.End:
			if top := w.Top(); top.Is(top.Local, wordSpace, strictSpace) {
				err = g.end(top.Local)
			}
		case markup.Text:
			if len(w.Stack) > 0 && w.Top().Is("t", wordSpace, strictSpace) {
				g.write(w.Unescape(text[t.From:t.To]))
			}
		}
		if err != nil {
			return "", err
		}
	}
}

// value is the attribute val of an element, as a number that is at least least.
func value(w *markup.Walker, t markup.Token, least int) int {
	for _, a := range w.Attributes(t) {
		if _, local, ok := strings.Cut(string(a.Name), ":"); ok && local == "val" {
			if n, err := strconv.Atoi(w.Unescape(a.Raw)); err == nil && n >= least && n <= maxWide {
				return n
			}
		}
	}
	return least
}

func (g *grid) start(w *markup.Walker, t markup.Token) {
	top := w.Top()
	if !top.Is(top.Local, wordSpace, strictSpace) {
		return
	}
	switch top.Local {
	case "tbl":
		if g.depth++; g.depth == 1 {
			g.tables, g.row, g.above, g.told = g.tables+1, 0, nil, true
		}
	case "br", "cr", "tab", "p":
		g.write(" ")
	}
	if g.depth != 1 {
		return
	}
	switch top.Local {
	case "tr":
		g.row, g.cells, g.after = g.row+1, nil, 0
	case "tc":
		g.text.Reset()
		g.span, g.joined = 1, false
	case "gridSpan":
		g.span = value(w, t, 1)
	case "vMerge":
		restart, _ := w.Value(t, string(t.Name[:len(t.Name)-len("vMerge")])+"val")
		g.joined = restart != "restart"
	case "gridBefore":
		g.cells = make([]string, value(w, t, 0))
	case "gridAfter":
		g.after = value(w, t, 0)
	}
}

func (g *grid) end(local string) error {
	switch {
	case local == "tbl":
		g.depth--
	case g.depth != 1:
	case local == "tc" && len(g.cells) <= maxWide:
		text := g.text.String()
		if at := len(g.cells); g.joined && at < len(g.above) {
			text = g.above[at]
		}
		g.cells = append(append(g.cells, text), make([]string, g.span-1)...)
	case local == "tr":
		g.cells = append(g.cells, make([]string, g.after)...)
		g.above = g.cells
		place := Place{Table: g.tables, Row: g.row}
		if len(g.cells) > maxWide {
			return g.reader.add(Row{Place: place, Reasons: []Reason{{Code: ReasonCells}}})
		}
		return g.reader.line(place, g.cells)
	}
	return nil
}

// write adds text to the cell, or to the title before the first table. What is longer than a cell may be is not kept beyond
// the byte that shows it.
func (g *grid) write(s string) {
	switch {
	case g.depth > 0 && g.text.Len() <= maxCell:
		g.text.WriteString(s[:min(len(s), maxCell+1)])
	case g.depth == 0 && !g.told && g.title.Len() <= maxTitle:
		g.title.WriteString(s[:min(len(s), maxTitle)])
	}
}
