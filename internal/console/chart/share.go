package chart

import (
	"fmt"
	"math"
	"strings"
)

// Share draws one bar that its parts divide, with a key that says each part's value and share. The key is its table.
func Share(w Words, parts []Part) Drawn {
	var b strings.Builder
	w.open(&b)
	total := 0.0
	for _, p := range parts {
		total += p.value()
	}
	if total == 0 {
		if w.None != "" {
			fmt.Fprintf(&b, `<p class="none">%s</p>`, esc(w.None))
		}
		b.WriteString(`</figure>`)
		return Drawn(b.String())
	}
	fmt.Fprintf(&b, `<svg class="share" height="28" role="img" aria-labelledby="%s-title"%s>`, esc(w.ID), w.described())
	x := 0.0
	for _, p := range parts {
		if wide := p.value() / total * 100; wide > 0 {
			fmt.Fprintf(&b, `<rect class="bar %s" x="%s%%" width="%s%%" height="28"><title>%s</title></rect>`, esc(string(p.Tone)), num(x), num(wide), esc(p.Name+": "+p.said(total)))
			x += wide
		}
	}
	b.WriteString(`</svg><ul class="legend">`)
	for _, p := range parts {
		entry(&b, p.Name, p.said(total), p.Tone, p.To)
	}
	b.WriteString(`</ul></figure>`)
	return Drawn(b.String())
}

func (p Part) value() float64 { return drawn(p.Value) }

// drawn is a length: nothing for what is not known or below zero.
func drawn(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return max(x, 0)
}

func (p Part) said(total float64) string {
	if p.Note != "" {
		return Count(p.value()) + " · " + p.Note
	}
	return Count(p.value()) + " · " + Percent(p.value()/total)
}

// Ranked draws a bar for each row, longest scale for all, beside its name and value: a table with a picture in it. Along is
// what the rows are, and of what the values are.
func Ranked(w Words, along, of string, rows []Part) Drawn {
	var b strings.Builder
	w.open(&b)
	if len(rows) == 0 {
		if w.None != "" {
			fmt.Fprintf(&b, `<p class="none">%s</p>`, esc(w.None))
		}
		b.WriteString(`</figure>`)
		return Drawn(b.String())
	}
	largest := 0.0
	for _, r := range rows {
		largest = max(largest, r.value(), drawn(r.Of))
	}
	fmt.Fprintf(&b, `<table class="ranked"><thead><tr><th scope="col">%s</th><th scope="col" colspan="2">%s</th></tr></thead><tbody>`, esc(along), esc(of))
	for _, r := range rows {
		note := r.Note
		if note == "" {
			note = Count(r.value())
		}
		fmt.Fprintf(&b, `<tr><th scope="row">%s</th><td class="drawn">%s</td><td class="figure">%s</td></tr>`, linked(r.Name, r.To), bar(r.value(), drawn(r.Of), largest, r.Tone), esc(note))
	}
	b.WriteString(`</tbody></table></figure>`)
	return Drawn(b.String())
}

// bar draws a value, before the whole that it is a part of, on a scale that ends at most.
func bar(value, of, most float64, tone Tone) string {
	if most <= 0 {
		return ""
	}
	whole := ""
	if of > 0 {
		whole = fmt.Sprintf(`<rect class="whole" y="3" width="%s%%" height="10"/>`, num(100*within(of/most)))
	}
	return fmt.Sprintf(`<svg height="16" aria-hidden="true">%s<rect class="bar %s" y="3" width="%s%%" height="10"/></svg>`, whole, esc(string(tone)), num(100*max(within(value/most), min(value, 0.01))))
}

// Spark draws a line as small as a word. What it shows is said beside it, so nobody is read anything here.
func Spark(values []float64, tone Tone) Drawn {
	if len(values) < 2 {
		return ""
	}
	c := Chart{Points: make([]Point, len(values)), Series: []Series{{Values: values}}}
	top, begin := c.top(false), true
	var path strings.Builder
	for i := range values {
		y := c.Series[0].at(i)
		if math.IsNaN(y) {
			begin = true
			continue
		}
		step := "L"
		if begin {
			step, begin = "M", false
		}
		fmt.Fprintf(&path, "%s%s %s", step, num(float64(i)/float64(len(values)-1)*100), num(22-within(y/top)*20))
	}
	return Drawn(fmt.Sprintf(`<svg class="spark" width="100" height="24" viewBox="0 0 100 24" aria-hidden="true"><path class="line %s" d="%s"/></svg>`, esc(string(tone)), path.String()))
}
