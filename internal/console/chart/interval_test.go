package chart_test

import (
	"math"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/console/chart"
)

// TestIntervals: a share has its band and its figure; one that is not known has neither, and is not drawn as zero.
func TestIntervals(t *testing.T) {
	t.Parallel()
	drawn := string(chart.Intervals(chart.Words{ID: "c", Title: "Rates", Untold: "could not tell"}, "Risk", "Share", []chart.Ranged{
		{Name: "known <b>", Tone: chart.Good, Value: 0.5, Low: 0.4, High: 0.6, Mark: 0.9}, {Name: "unknown", Value: math.NaN(), Mark: -1}}))
	for _, want := range []string{`x="40%"`, `width="20%"`, `x1="90%"`, "50%", "could not tell", "known &lt;b&gt;"} {
		if !strings.Contains(drawn, want) {
			t.Errorf("no %q in %s", want, drawn)
		}
	}
	if n := strings.Count(drawn, `<rect class="bar`); n != 1 {
		t.Errorf("%d values are drawn, of one that is known", n)
	}
}
