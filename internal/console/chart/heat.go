package chart

import (
	"fmt"
	"math"
	"strings"
)

// Grid is what [Heat] draws: how much there was at each place of two axes, such as hours of days.
type Grid struct {
	Words
	Along   string // what the rows are: "Day"
	Rows    []Point
	Columns []string    // names along the top
	Values  [][]float64 // by row, then by column; NaN where it is not known
	Write   func(float64) string
}

// levels is how many darkest a cell can be.
const levels = 5

// Heat draws a table of squares, darker where there was more. Each square says its value to a pointer, and the table itself
// says it to whoever does not see it.
func Heat(g Grid) Drawn {
	var b strings.Builder
	g.open(&b)
	c := Chart{Words: g.Words, Write: g.Write}
	for i, row := range g.Values {
		if i < len(g.Rows) {
			c.Series = append(c.Series, Series{Values: row})
		}
	}
	c.Points = make([]Point, len(g.Columns))
	if c.empty() && g.None != "" {
		fmt.Fprintf(&b, `<p class="none">%s</p></figure>`, esc(g.None))
		return Drawn(b.String())
	}
	largest := 0.0
	for _, s := range c.Series {
		for i := range g.Columns {
			if y := s.at(i); !math.IsNaN(y) {
				largest = max(largest, y)
			}
		}
	}
	fmt.Fprintf(&b, `<div class="wide heat" role="region" aria-labelledby="%s-title" tabindex="0"><table><thead><tr><th scope="col">%s</th>`, esc(g.ID), esc(g.Along))
	for _, name := range g.Columns {
		fmt.Fprintf(&b, `<th scope="col">%s</th>`, esc(name))
	}
	b.WriteString(`</tr></thead><tbody>`)
	for i, s := range c.Series {
		fmt.Fprintf(&b, `<tr><th scope="row">%s</th>`, linked(g.Rows[i].full(), g.Rows[i].To))
		for k := range g.Columns {
			y := s.at(k)
			said := c.write(y)
			fmt.Fprintf(&b, `<td class="%s" title="%s"><span class="unseen">%s</span></td>`, level(y, largest), esc(g.Rows[i].full()+" "+g.Columns[k]+": "+said), esc(said))
		}
		b.WriteString(`</tr>`)
	}
	b.WriteString(`</tbody></table></div></figure>`)
	return Drawn(b.String())
}

// level is the class of a cell: h0 for nothing, up to h5, and hx for what is not known.
func level(y, largest float64) string {
	switch {
	case math.IsNaN(y):
		return "hx"
	case y <= 0:
		return "h0"
	}
	return fmt.Sprintf("h%d", min(levels, 1+int(y/largest*levels*0.999)))
}
