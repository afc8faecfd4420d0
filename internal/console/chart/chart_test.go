package chart_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"html/template"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/internal/console/chart"
)

var update = flag.Bool("update", false, "write the golden files")

func words(id string) chart.Words {
	return chart.Words{ID: id, Title: "Made", About: "Items by day.", Table: "As a table", None: "Nothing here.", Untold: "could not tell"}
}

func points(names ...string) (list []chart.Point) {
	for _, n := range names {
		list = append(list, chart.Point{Name: n, Full: "2026-" + n})
	}
	return list
}

func examples() map[string]chart.Drawn {
	days := points("11-20", "11-21", "11-22")
	leads := points("11-20", "11-21", "11-22")
	for i := range leads {
		leads[i].To = "/content?from=" + leads[i].Name + "&to=" + leads[i].Name
	}
	unknown := math.NaN()
	return map[string]chart.Drawn{
		"bars": chart.Bars(chart.Chart{Words: words("a"), Along: "Day", Points: leads, Series: []chart.Series{
			{Name: "Marked", Note: "1,234", Tone: chart.Good, Values: []float64{600, 0, 634}}, {Name: "Failed", Tone: chart.Bad, To: "/content?state=failed", Values: []float64{1, unknown, 2}}}}),
		"line": chart.Line(chart.Chart{Words: words("b"), Along: "Day", Points: days, Write: chart.Milliseconds, Series: []chart.Series{
			{Name: "Half", Tone: chart.First, Values: []float64{120, unknown, 180}}, {Name: "99%", Tone: chart.Bad, Values: []float64{900, 1500}}}}),
		"share":  chart.Share(words("c"), []chart.Part{{Name: "Allowed", Tone: chart.Rest, Value: 998}, {Name: "Held", Tone: chart.Wait, Value: 2, To: "/review"}, {Name: "Refused", Tone: chart.Bad}}),
		"ranked": chart.Ranked(words("d"), "Function", "Marked", []chart.Part{{Name: "face-swap", Tone: chart.Good, Value: 80, Of: 100, Note: "80 of 100"}, {Name: "dialogue", Tone: chart.Good, Value: 7, To: "/content?function=dialogue"}}),
		"heat":   chart.Heat(chart.Grid{Words: words("e"), Along: "Day", Rows: leads[:2], Columns: []string{"0", "6", "12"}, Values: [][]float64{{0, 1, 50}, {100, unknown, 30}}}),
		"spark":  chart.Spark([]float64{1, 4, unknown, 2, 3}, chart.Second),
		"empty":  chart.Bars(chart.Chart{Words: words("f"), Along: "Day", Points: days, Series: []chart.Series{{Name: "Marked", Values: []float64{0, unknown}}}}),
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, drawn := range examples() {
		file := "testdata/" + name + ".html"
		got := strings.ReplaceAll(string(drawn), "><", ">\n<") + "\n"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// sane holds what pages with a strict policy ask of a drawing: it is well-formed, without style, script or handler, and each
// identifier stands once.
func sane(t *testing.T, name string, drawn template.HTML) {
	t.Helper()
	ids := map[string]bool{}
	d := xml.NewDecoder(strings.NewReader("<body>" + string(drawn) + "</body>"))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v in %s", name, err, drawn)
		}
		el, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if el.Name.Local == "style" || el.Name.Local == "script" {
			t.Errorf("%s has <%s>", name, el.Name.Local)
		}
		for _, a := range el.Attr {
			switch n := a.Name.Local; {
			case n == "style" || strings.HasPrefix(n, "on"):
				t.Errorf("%s has %s", name, n)
			case n == "id" && ids[a.Value]:
				t.Errorf("%s has %s twice", name, a.Value)
			case n == "id":
				ids[a.Value] = true
			case strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf"):
				t.Errorf("%s has %s=%q", name, n, a.Value)
			case n == "width" || n == "height":
				if !regexp.MustCompile(`^[0-9.]+%?$`).MatchString(a.Value) {
					t.Errorf("%s has %s=%q", name, n, a.Value)
				}
			}
		}
	}
}

func TestSane(t *testing.T) {
	t.Parallel()
	for name, drawn := range examples() {
		sane(t, name, drawn)
	}
}

// Whatever values and names come, the drawing holds.
func FuzzCharts(f *testing.F) {
	f.Add("Marked", 3.0, 4.0, uint8(3))
	f.Add(`"><script>alert(1)</script>`, math.NaN(), math.Inf(1), uint8(1))
	f.Add("x", -5.0, math.MaxFloat64, uint8(90))
	f.Add("x", math.SmallestNonzeroFloat64, math.Inf(-1), uint8(0))
	f.Fuzz(func(t *testing.T, name string, x, y float64, n uint8) {
		if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0xfffd || r > 0xfffd }) {
			return // XML has no such letters; a browser takes them
		}
		c := chart.Chart{Words: chart.Words{ID: "a", Title: name, Untold: name}, Points: make([]chart.Point, n), Series: []chart.Series{{Name: name, Note: name, To: name, Values: []float64{x, y}}, {Values: []float64{y}}}}
		for i := range c.Points {
			c.Points[i] = chart.Point{Name: name, To: name}
		}
		sane(t, "bars", chart.Bars(c))
		sane(t, "line", chart.Line(c))
		parts := []chart.Part{{Name: name, Value: x, Of: y, To: name}, {Value: y, Note: name}}
		sane(t, "share", chart.Share(c.Words, parts))
		sane(t, "ranked", chart.Ranked(c.Words, name, name, parts))
		sane(t, "heat", chart.Heat(chart.Grid{Words: c.Words, Rows: c.Points, Columns: []string{name, name}, Values: [][]float64{{x, y}, {y}}}))
		sane(t, "spark", chart.Spark([]float64{x, y, x}, chart.First))
	})
}

func TestWriting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{chart.Count(1234567), "1,234,567"}, {chart.Count(999), "999"}, {chart.Count(0.5), "0.5"}, {chart.Count(-1234), "-1,234"},
		{chart.Percent(1), "100%"}, {chart.Percent(0), "0%"}, {chart.Percent(0.99999), ">99.9%"}, {chart.Percent(0.0001), "<0.1%"}, {chart.Percent(0.5), "50%"}, {chart.Percent(0.123), "12.3%"},
		{chart.Milliseconds(12), "12 ms"}, {chart.Milliseconds(1500), "1.5 s"}, {chart.Milliseconds(61000), "61 s"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

// What is not known is never drawn as nothing.
func TestUntold(t *testing.T) {
	t.Parallel()
	drawn := string(chart.Bars(chart.Chart{Words: words("a"), Points: points("1", "2"), Series: []chart.Series{{Name: "x", Values: []float64{5}}}}))
	if !strings.Contains(drawn, `<td class="figure">could not tell</td>`) || strings.Contains(drawn, `<td class="figure">0</td>`) {
		t.Errorf("drawn: %s", drawn)
	}
}
