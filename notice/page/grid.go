package page

import (
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/internal/media/markup"
)

// The part of a sheet that is searched for empty cells.
const (
	gridRows = 64
	gridCols = 128
)

// grid is the beginning of a sheet: which cells hold something, and how wide and high they are in pixels.
type grid struct {
	full    [gridRows][gridCols]bool
	widths  [gridCols]float64
	heights [gridRows]float64
	flat    bool // rows are hidden unless they say otherwise
	row     int  // the row that is read
	cell    [2]int
	usual   float64 // height of a row
	next    int     // the column after the last cell
}

func newGrid() *grid {
	g := &grid{row: -1, usual: 20}
	for i := range g.widths {
		g.widths[i] = 64
	}
	for i := range g.heights {
		g.heights[i] = 20
	}
	return g
}

// take looks at a start tag of a sheet.
func (g *grid) take(w *markup.Walker, t markup.Token) {
	depth := len(w.Stack)
	switch local := w.Top().Local; {
	case depth == 2 && local == "sheetFormatPr":
		if n, ok := decimal(attribute(w, t, "defaultColWidth")); ok {
			for i := range g.widths {
				g.widths[i] = n*7 + 5
			}
		}
		if n, ok := decimal(attribute(w, t, "defaultRowHeight")); ok {
			for i := range g.heights {
				g.heights[i] = n * 4 / 3
			}
			g.usual = n * 4 / 3
		}
		if g.flat = isOn(attribute(w, t, "zeroHeight")); g.flat {
			g.heights = [gridRows]float64{}
		}
	case depth == 3 && local == "col":
		g.column(w, t)
	case depth == 3 && local == "row" && w.Stack[1].Local == "sheetData":
		g.begin(w, t)
	case depth == 3 && local == "mergeCell":
		from, to, _ := strings.Cut(attribute(w, t, "ref"), ":")
		if c1, r1, ok := reference(from); ok {
			if c2, r2, ok := reference(to); ok {
				g.fill(c1, r1, c2, r2)
			}
		}
	case depth > 3 && g.row >= gridRows: // behind what is searched
	case depth == 4 && local == "c" && w.Stack[2].Local == "row":
		col, row, ok := reference(attribute(w, t, "r"))
		if !ok {
			col, row = g.next, g.row
		}
		g.next, g.cell = col+1, [2]int{col, row}
	case depth == 5 && w.Stack[3].Local == "c": // a value, a formula or text
		g.fill(g.cell[0], g.cell[1], g.cell[0], g.cell[1])
	}
}

func (g *grid) column(w *markup.Walker, t markup.Token) {
	from, err := strconv.Atoi(attribute(w, t, "min"))
	to, also := strconv.Atoi(attribute(w, t, "max"))
	if err != nil || also != nil || from < 1 {
		return
	}
	width, ok := decimal(attribute(w, t, "width"))
	for i := from; i <= min(to, gridCols); i++ {
		if ok {
			g.widths[i-1] = width*7 + 5
		}
		if isOn(attribute(w, t, "hidden")) {
			g.widths[i-1] = 0
		}
	}
}

func (g *grid) begin(w *markup.Walker, t markup.Token) {
	g.row, g.next = g.row+1, 0
	if n, err := strconv.Atoi(attribute(w, t, "r")); err == nil && n > 0 {
		g.row = n - 1
	}
	if g.row >= gridRows {
		return
	}
	g.heights[g.row] = g.usual // also where rows are hidden that are not listed
	if n, ok := decimal(attribute(w, t, "ht")); ok {
		g.heights[g.row] = n * 4 / 3
	}
	if isOn(attribute(w, t, "hidden")) {
		g.heights[g.row] = 0
	}
}

// fill marks cells as holding something.
func (g *grid) fill(c1, r1, c2, r2 int) {
	for r := max(0, r1); r <= min(r2, gridRows-1); r++ {
		for c := max(0, c1); c <= min(c2, gridCols-1); c++ {
			g.full[r][c] = true
		}
	}
}

// spot is a block of cells; toCol and toRow are behind it.
type spot struct{ col, row, toCol, toRow int }

// narrow is a width in pixels that any page has in print.
const narrow = 560

// room finds the block of empty cells of a size in pixels that is nearest to the sheet's beginning, within the columns that
// are used or a page has, so that no page is printed more; and beside them only where there is no such block. To the right
// is nearer than below, where a table grows.
func (g *grid) room(width, height float64) (spot, bool) {
	edge, x := 0.0, 0.0 // of the columns that are used
	for col, w := range g.widths {
		x += w
		for row := range g.full {
			if g.full[row][col] {
				edge = x
			}
		}
	}
	if s, ok := g.nearest(width, height, max(edge, narrow)); ok {
		return s, true
	}
	return g.nearest(width, height, x)
}

// nearest finds the nearest block that ends before an edge.
func (g *grid) nearest(width, height, edge float64) (best spot, ok bool) {
	nearest := 0.0
	y := 0.0
	for row := range gridRows {
		x := 0.0
		for col := range gridCols {
			if distance := x + 4*y; (!ok || distance < nearest) && g.widths[col] > 0 && g.heights[row] > 0 {
				if s, fits := g.block(col, row, width, height); fits && x+g.width(s) <= edge {
					best, ok, nearest = s, true, distance
				}
			}
			x += g.widths[col]
		}
		y += g.heights[row]
	}
	return best, ok
}

// width is how wide a block is.
func (g *grid) width(s spot) float64 {
	n := 0.0
	for _, w := range g.widths[s.col:s.toCol] {
		n += w
	}
	return n
}

// hidden reports whether no row that is searched is shown.
func (g *grid) hidden() bool { return slices.Max(g.heights[:]) == 0 }

// block returns the smallest block at a cell that has a size, where all of it is empty.
func (g *grid) block(col, row int, width, height float64) (spot, bool) {
	s := spot{col, row, col, row}
	for n := 0.0; n < width; s.toCol++ {
		if s.toCol == gridCols {
			return s, false
		}
		n += g.widths[s.toCol]
	}
	for n := 0.0; n < height; s.toRow++ {
		if s.toRow == gridRows {
			return s, false
		}
		n += g.heights[s.toRow]
	}
	for r := row; r < s.toRow; r++ {
		for c := col; c < s.toCol; c++ {
			if g.full[r][c] {
				return s, false
			}
		}
	}
	return s, true
}

// reference reads a cell's name, A1, as column and row from zero.
func reference(name string) (col, row int, ok bool) {
	i := 0
	for ; i < len(name) && i < 3 && name[i] >= 'A' && name[i] <= 'Z'; i++ {
		col = col*26 + int(name[i]-'A') + 1
	}
	n, err := strconv.Atoi(name[i:])
	return col - 1, n - 1, err == nil && i > 0 && n > 0
}

func decimal(text string) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && n >= 0 && n < 1e6
}

// drawing is what matters of a drawing on a sheet.
type drawing struct {
	root   [2]markup.Token
	top    int64  // highest identifier of a shape
	said   string // words of the notice
	prints bool   // that box is printed
}

// readDrawing reads a drawing, and marks the cells under its shapes as holding something.
func readDrawing(text []byte, name string, g *grid) (*drawing, error) {
	d := &drawing{}
	w := markup.Walk(text, name)
	var at [4]int // from column and row, to column and row
	var words strings.Builder
	named, prints := false, true
	for {
		t, err := w.Next()
		if err != nil || t.Kind == markup.EOF {
			return d, err
		}
		if len(w.Stack) == 0 {
			continue
		}
		depth, local := len(w.Stack), w.Top().Local
		switch {
		case depth == 1 && t.Kind == markup.Start:
			d.root[0] = t
		case depth == 1 && t.Kind == markup.End:
			d.root[1] = t
		case depth == 2 && t.Kind == markup.Start:
			at, named, prints = [4]int{}, false, true
			words.Reset()
		case depth == 2 && t.Kind == markup.End:
			g.fill(at[0], at[1], max(at[0], at[2]), max(at[1], at[3]))
			if is := said(words.String(), named); is != "" && d.said == "" {
				d.said, d.prints = is, prints
			}
		case depth == 4 && t.Kind == markup.Text && (local == "col" || local == "row"):
			n, err := strconv.Atoi(strings.TrimSpace(string(text[t.From:t.To])))
			i := strings.Index("col row", local) / 4
			if w.Stack[2].Local == "to" {
				i += 2
			}
			if err == nil {
				at[i] = n
			}
		case t.Kind == markup.Text && local == "t" && words.Len() < 1<<12:
			words.WriteString(w.Unescape(text[t.From:t.To]))
		case depth == 3 && t.Kind == markup.Start && local == "clientData":
			prints = attribute(w, t, "fPrintsWithSheet") == "" || on(attribute(w, t, "fPrintsWithSheet"))
		case t.Kind == markup.Start && local == "cNvPr":
			if id, err := strconv.ParseInt(attribute(w, t, "id"), 10, 32); err == nil {
				d.top = max(d.top, id)
			}
			named = named || attribute(w, t, "name") == ShapeName && attribute(w, t, "hidden") != "1"
		}
	}
}
