package chart

import (
	"fmt"
	"math"
	"strings"
)

// Ranged is one row of [Intervals]: a share between 0 and 1 with the interval around it. A value that is not known is NaN.
type Ranged struct {
	Name      string
	To        string
	Tone      Tone
	Value     float64
	Low, High float64
	Mark      float64 // the figure that it is held against; below 0 for none
	Note      string  // beside the drawing: the value in words
}

// Intervals draws shares on one scale from 0 to 1, each as a stroke in the band of its interval, with the figure that it is held
// against as a line. Along is what the rows are, and of what the shares are.
func Intervals(w Words, along, of string, rows []Ranged) Drawn {
	var b strings.Builder
	w.open(&b)
	if len(rows) == 0 {
		if w.None != "" {
			fmt.Fprintf(&b, `<p class="none">%s</p>`, esc(w.None))
		}
		b.WriteString(`</figure>`)
		return Drawn(b.String())
	}
	fmt.Fprintf(&b, `<table class="ranked ranged"><thead><tr><th scope="col">%s</th><th scope="col" colspan="2">%s</th></tr></thead><tbody>`, esc(along), esc(of))
	for _, r := range rows {
		note := r.Note
		if note == "" && math.IsNaN(r.Value) {
			note = w.Untold
		} else if note == "" {
			note = Percent(r.Value)
		}
		fmt.Fprintf(&b, `<tr><th scope="row">%s</th><td class="drawn">%s</td><td class="figure">%s</td></tr>`, linked(r.Name, r.To), r.drawn(), esc(note))
	}
	b.WriteString(`</tbody></table></figure>`)
	return Drawn(b.String())
}

func (r Ranged) drawn() string {
	var b strings.Builder
	b.WriteString(`<svg height="18" aria-hidden="true"><rect class="whole" y="8.5" width="100%" height="1"/>`)
	if !math.IsNaN(r.Value) {
		low, high := within(r.Low), within(r.High)
		fmt.Fprintf(&b, `<rect class="whole" x="%s%%" y="4" width="%s%%" height="10"/>`, num(100*low), num(100*max(high-low, 0.005)))
		fmt.Fprintf(&b, `<rect class="bar %s" x="%s%%" y="2" width="5" height="14"/>`, esc(string(r.Tone)), num(98*within(r.Value)))
	}
	if r.Mark >= 0 {
		fmt.Fprintf(&b, `<line class="line rest" x1="%[1]s%%" x2="%[1]s%%" y1="0" y2="18"/>`, num(100*within(r.Mark)))
	}
	b.WriteString(`</svg>`)
	return b.String()
}
