package console

import (
	"crypto/sha256"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/internal/console/difference"
)

func designPages() []page {
	return []page{{method: get, path: "/design", title: "page-design", words: slices.Concat([]string{"page-hint-reason"}, of("page-label-", "name", "state", "reason"), of("page-design-", "good", "bad", "wait")), do: showDesign}}
}

type designPage struct {
	Facts      []fact
	Deeds      []deedLink
	Table      *tableView
	Fields     []fieldView
	Charts     []chart.Drawn
	Difference []difference.Line
	Way        *climb
}

// showDesign shows every part that pages are made of, on one page to look at. What stands in the parts says nothing.
func showDesign(v *visit) error {
	entries := []string{"good", "bad", "wait"}
	table := tableOf("page-design", []column[string]{
		{name: "name", cell: func(s string) cell { return ident("entry-" + s).to("/design") }},
		{name: "state", cell: func(s string) cell { return state("page-design-", s, map[string]tone{s: tone(s)}) }},
		{name: "reason", side: true, cell: func(string) cell { return word("page-design-", "words") }},
	}, entries)
	sample := v.speakers[v.lang].Say("page-design-word")
	return v.show("design", designPage{
		Facts:      []fact{{"name", text(sample)}, {"state", state("page-design-", "good", map[string]tone{"good": good})}, {"reason", moment(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC))}},
		Deeds:      []deedLink{{Name: "order-release", To: "/design"}, {Name: "order-confirm", To: "/design", Danger: true}},
		Table:      table,
		Fields:     []fieldView{{Name: "name", Kind: "text", Most: 80, Required: true}, {Name: "reason", Kind: "area", Most: 400, Hint: true}, {Name: "state", Kind: "choice", Options: entries, Words: "page-design-"}},
		Charts:     v.designCharts(sample),
		Difference: difference.Lines(sample+" 1\n"+sample+" 2", sample+" 1\n"+sample+" 3"),
		Way:        designWay(),
	})
}

// designCharts draws one of each kind.
func (v *visit) designCharts(word string) []chart.Drawn {
	words := func(id string) chart.Words {
		return chart.Words{ID: "design-" + id, Title: word + " · " + id, About: v.speakers[v.lang].Say("page-design-words"), Table: v.speakers[v.lang].Say("page-chart-table"), Untold: v.speakers[v.lang].Say("page-could-not-tell")}
	}
	var days []chart.Point
	for i := range 7 {
		days = append(days, chart.Point{Name: "11-" + strconv.Itoa(16+i)})
	}
	untold := math.NaN()
	series := []chart.Series{
		{Name: word + " 1", Tone: chart.Good, Values: []float64{4, 7, 6, 9, 12, 10, 14}},
		{Name: word + " 2", Tone: chart.Wait, Values: []float64{1, 2, untold, 2, untold, 3, 2}},
		{Name: word + " 3", Tone: chart.Bad, Values: []float64{0, 1, 0, 2, 1, 0, 1}},
	}
	parts := []chart.Part{{Name: word + " 1", Tone: chart.First, Value: 12, Of: 14}, {Name: word + " 2", Tone: chart.Second, Value: 7, Of: 9}, {Name: word + " 3", Tone: chart.Third, Value: 2, Of: 2}}
	return []chart.Drawn{
		chart.Line(chart.Chart{Words: words("line"), Along: word, Points: days, Series: series}),
		chart.Bars(chart.Chart{Words: words("bars"), Along: word, Points: days, Series: series}),
		chart.Share(words("share"), parts),
		chart.Ranked(words("ranked"), word, word, parts),
		chart.Intervals(words("ranged"), word, word, []chart.Ranged{{Name: word + " 1", Tone: chart.Good, Value: .93, Low: .88, High: .97, Mark: .9}, {Name: word + " 2", Tone: chart.Bad, Value: .71, Low: .6, High: .8, Mark: .9}, {Name: word + " 3", Value: untold, Mark: .9}}),
		chart.Heat(chart.Grid{Words: words("heat"), Along: word, Rows: days[:2], Columns: []string{"0", "6", "12", "18"}, Values: [][]float64{{0, 2, 5, 9}, {1, untold, 7, 3}}}),
		chart.Spark([]float64{2, 4, 3, 6, 5, 8}, chart.First),
	}
}

// designWay is the path of the fourth of eight leaves, whose hashes are those of nothing.
func designWay() *climb {
	none := sha256.Sum256(nil)
	return climbOf(evidence.Checkpoint{Size: 8, Root: none}, 3, none, [][32]byte{none, none, none})
}
