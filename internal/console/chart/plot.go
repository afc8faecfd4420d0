package chart

import (
	"fmt"
	"math"
	"strings"
)

const (
	high   = 180 // pixels of the plot
	roof   = 12  // above it, for half a word
	floor  = 26  // below it, for the names of points
	gutter = 48  // beside it, for the scale
	unit   = 1000.0
	most   = 8 // names along the axis
	least  = 3 // pixels of what is not nothing: a few failures among thousands must be seen
)

// Line draws a line for each series. Where a value is not known a line has a gap.
func Line(c Chart) Drawn {
	top := c.top(false)
	return c.plot(top, func(b *strings.Builder) {
		fmt.Fprintf(b, `<svg y="%d" width="100%%" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="none" aria-hidden="true">`, roof, high, int(unit), int(unit))
		for _, s := range c.Series {
			var path, dots strings.Builder
			begin := true
			for i := range c.Points {
				y := s.at(i)
				if math.IsNaN(y) {
					begin = true
					continue
				}
				place := num((float64(i)+0.5)/float64(len(c.Points))*unit) + " " + num(unit-within(y/top)*unit)
				switch alone := math.IsNaN(s.at(i + 1)); {
				case begin && alone: // a dot, by the round end of a line
					fmt.Fprintf(&dots, "M%sh0", place)
				case begin:
					path.WriteString("M" + place)
				default:
					path.WriteString("L" + place)
				}
				begin = false
			}
			if path.Len() > 0 {
				fmt.Fprintf(b, `<path class="line %s" d="%s"/>`, esc(string(s.Tone)), path.String())
			}
			if dots.Len() > 0 {
				fmt.Fprintf(b, `<path class="line dot %s" d="%s"/>`, esc(string(s.Tone)), dots.String())
			}
		}
		b.WriteString(`</svg>`)
	})
}

// Bars draws a bar for each point, with the series on top of each other. Values below zero are drawn as zero.
func Bars(c Chart) Drawn {
	top := c.top(true)
	return c.plot(top, func(b *strings.Builder) {
		wide := 100 / float64(len(c.Points))
		for i := range c.Points {
			below := 0.0
			for _, s := range c.Series {
				y := s.at(i)
				if math.IsNaN(y) || y <= 0 {
					continue
				}
				h := max(within(y/top)*high, least)
				fmt.Fprintf(b, `<rect class="bar %s" x="%s%%" y="%s" width="%s%%" height="%s"/>`, esc(string(s.Tone)),
					num((float64(i)+0.12)*wide), num(roof+high-below-h), num(0.76*wide), num(h))
				below += h
			}
		}
	})
}

// within keeps a share between 0 and 1.
func within(x float64) float64 { return min(max(x, 0), 1) }

// top is where the scale ends: a round number above everything.
func (c Chart) top(stacked bool) float64 {
	largest := 0.0
	for i := range c.Points {
		sum := 0.0
		for _, s := range c.Series {
			y := s.at(i)
			if math.IsNaN(y) {
				continue
			}
			largest, sum = max(largest, y), sum+max(y, 0)
		}
		if stacked {
			largest = max(largest, sum)
		}
	}
	if largest <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(largest)))
	for _, m := range []float64{1, 1.2, 1.6, 2, 3, 4, 5, 6, 8} {
		if m*power >= largest {
			return m * power
		}
	}
	return 10 * power
}

// empty reports whether no value is known and other than zero.
func (c Chart) empty() bool {
	for i := range c.Points {
		for _, s := range c.Series {
			if y := s.at(i); !math.IsNaN(y) && y != 0 {
				return false
			}
		}
	}
	return true
}

// plot writes the figure around a drawing.
func (c Chart) plot(top float64, draw func(*strings.Builder)) Drawn {
	var b strings.Builder
	c.open(&b)
	if c.empty() && c.None != "" {
		fmt.Fprintf(&b, `<p class="none">%s</p></figure>`, esc(c.None))
		return Drawn(b.String())
	}
	c.key(&b)
	leads := false
	for _, p := range c.Points {
		leads = leads || p.To != ""
	}
	b.WriteString(`<div class="plot">`)
	c.scale(&b, top)
	fmt.Fprintf(&b, `<svg class="area" height="%d" role="%s" aria-labelledby="%s-title"%s>`, roof+high+floor, map[bool]string{true: "group", false: "img"}[leads], esc(c.ID), c.described())
	for i := range 3 {
		fmt.Fprintf(&b, `<line class="%s" x2="100%%" y1="%d" y2="%d"/>`, map[bool]string{true: "base", false: "grid"}[i == 2], roof+i*high/2, roof+i*high/2)
	}
	draw(&b)
	c.names(&b)
	c.columns(&b)
	b.WriteString(`</svg></div>`)
	c.table(&b)
	b.WriteString(`</figure>`)
	return Drawn(b.String())
}

func (w Words) open(b *strings.Builder) {
	fmt.Fprintf(b, `<figure class="chart" id="%s"><figcaption><strong id="%s-title">%s</strong>`, esc(w.ID), esc(w.ID), esc(w.Title))
	if w.About != "" {
		fmt.Fprintf(b, ` <span class="hint" id="%s-about">%s</span>`, esc(w.ID), esc(w.About))
	}
	b.WriteString(`</figcaption>`)
}

func (w Words) described() string {
	if w.About == "" {
		return ""
	}
	return fmt.Sprintf(` aria-describedby="%s-about"`, esc(w.ID))
}

// key names the series. A single one is named by the title.
func (c Chart) key(b *strings.Builder) {
	if len(c.Series) < 2 && (len(c.Series) == 0 || c.Series[0].Note == "") {
		return
	}
	b.WriteString(`<ul class="legend">`)
	for _, s := range c.Series {
		entry(b, s.Name, s.Note, s.Tone, s.To)
	}
	b.WriteString(`</ul>`)
}

func entry(b *strings.Builder, name, note string, tone Tone, to string) {
	fmt.Fprintf(b, `<li class="%s">%s`, esc(string(tone)), linked(name, to))
	if note != "" {
		fmt.Fprintf(b, ` <span class="number">%s</span>`, esc(note))
	}
	b.WriteString(`</li>`)
}

// linked is text that leads somewhere, if to says where.
func linked(text, to string) string {
	if to == "" {
		return esc(text)
	}
	return fmt.Sprintf(`<a href="%s">%s</a>`, esc(to), esc(text))
}

// scale writes the three values of the vertical axis.
func (c Chart) scale(b *strings.Builder, top float64) {
	fmt.Fprintf(b, `<svg class="scale" width="%d" height="%d" aria-hidden="true">`, gutter, roof+high+floor)
	for i, value := range []float64{top, top / 2, 0} {
		if c.Write == nil && value != math.Trunc(value) {
			continue // nobody counts halves
		}
		fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`, gutter-6, roof+i*high/2+4, esc(c.write(value)))
	}
	b.WriteString(`</svg>`)
}

// names writes names of points below the axis: few enough to be read, fewer on a narrow window.
func (c Chart) names(b *strings.Builder) {
	n := len(c.Points)
	step := (n + most - 1) / most
	for i, k := 0, 0; i < n; i, k = i+step, k+1 {
		x, class := (float64(i)+0.5)/float64(n)*100, ""
		switch {
		case x < 5:
			x, class = float64(i)/float64(n)*100, " first"
		case x > 95:
			x, class = 100, " last"
		}
		if k%2 == 1 && n > 4 {
			class += " odd"
		}
		fmt.Fprintf(b, `<text class="name%s" x="%s%%" y="%d" aria-hidden="true">%s</text>`, class, num(x), roof+high+19, esc(c.Points[i].Name))
	}
}

// columns lays over each point what says its values to a pointer, and where it leads.
func (c Chart) columns(b *strings.Builder) {
	wide := 100 / float64(len(c.Points))
	for i, p := range c.Points {
		said := []string{p.full()}
		for _, s := range c.Series {
			said = append(said, s.Name+": "+c.write(s.at(i)))
		}
		rect := fmt.Sprintf(`<rect class="column" x="%s%%" y="%d" width="%s%%" height="%d"><title>%s</title></rect>`,
			num(float64(i)*wide), roof, num(wide), high, esc(strings.Join(said, "\n")))
		if p.To != "" { // its row of the table leads there by the keyboard
			rect = fmt.Sprintf(`<a href="%s" tabindex="-1" aria-label="%s">%s</a>`, esc(p.To), esc(strings.Join(said, ", ")), rect)
		}
		b.WriteString(rect)
	}
}

func (p Point) full() string {
	if p.Full != "" {
		return p.Full
	}
	return p.Name
}

func (c Chart) table(b *strings.Builder) {
	fmt.Fprintf(b, `<details><summary>%s</summary><div class="wide" role="region" aria-labelledby="%s-title" tabindex="0"><table><thead><tr><th scope="col">%s</th>`, esc(c.Table), esc(c.ID), esc(c.Along))
	for _, s := range c.Series {
		fmt.Fprintf(b, `<th scope="col" class="figure">%s</th>`, esc(s.Name))
	}
	b.WriteString(`</tr></thead><tbody>`)
	for i, p := range c.Points {
		fmt.Fprintf(b, `<tr><th scope="row">%s</th>`, linked(p.full(), p.To))
		for _, s := range c.Series {
			fmt.Fprintf(b, `<td class="figure">%s</td>`, esc(c.write(s.at(i))))
		}
		b.WriteString(`</tr>`)
	}
	b.WriteString(`</tbody></table></div></details>`)
}
