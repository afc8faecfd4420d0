package sample_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/sample"
)

func units(strata map[string]int) []sample.Unit {
	var list []sample.Unit
	for name, n := range strata {
		for i := range n {
			list = append(list, sample.Unit{ID: fmt.Sprintf("%s-%d", name, i), Stratum: name})
		}
	}
	return list
}

// TestDraw: enough of each stratum and in all, the same for the same seed whatever the order, another for another seed.
func TestDraw(t *testing.T) {
	t.Parallel()
	all := units(map[string]int{"a": 500, "b": 30, "c": 5})
	d, err := sample.Draw(all, sample.Quota{Least: 100, Each: 20}, 7)
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, u := range d.Units {
		n[u.Stratum]++
	}
	if len(d.Units) != 100 || n["a"] < 20 || n["b"] < 20 || n["c"] != 5 || d.Of != 535 || len(d.Short) != 1 || d.Short["c"] != 5 {
		t.Errorf("%d units, %v, short %v of %d", len(d.Units), n, d.Short, d.Of)
	}
	slices.Reverse(all)
	again, err := sample.Draw(all, sample.Quota{Least: 100, Each: 20}, 7)
	if err != nil || !slices.Equal(again.Units, d.Units) {
		t.Errorf("the order of units changed the sample: %v", err)
	}
	other, err := sample.Draw(all, sample.Quota{Least: 100, Each: 20}, 8)
	if err != nil || slices.Equal(other.Units, d.Units) {
		t.Errorf("another seed gave the same sample: %v", err)
	}
	whole, err := sample.Draw(all, sample.Quota{Least: 9999}, 7)
	if err != nil || len(whole.Units) != len(all) {
		t.Errorf("%d of %d, %v", len(whole.Units), len(all), err)
	}
	for name, c := range map[string]struct {
		units []sample.Unit
		quota sample.Quota
	}{"none": {nil, sample.Quota{Least: 1}}, "no quota": {all, sample.Quota{}}, "negative": {all, sample.Quota{Least: -1, Each: 3}}, "twice": {append(all, all[0]), sample.Quota{Least: 1}}} {
		var e *colophon.Error
		if _, err := sample.Draw(c.units, c.quota, 7); !errors.As(err, &e) || e.Code != sample.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if sample.Part(101, 10) != 11 || sample.Part(100, 10) != 10 {
		t.Error("a share is not rounded up")
	}
}

// TestWilson holds intervals against values that were worked out elsewhere (Newcombe 1998, table I, method 3).
func TestWilson(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ hits, known, low, high int }{{81, 263, 255300, 366200}, {15, 148, 62400, 160500}, {0, 20, 0, 161100}, {1, 29, 6100, 171800}} {
		r := sample.RateOf(c.hits, c.known, 0)
		if near := func(a, b int) bool { return a-b < 60 && b-a < 60 }; !near(r.Low, c.low) || !near(r.High, c.high) {
			t.Errorf("%d of %d: %d to %d, want %d to %d", c.hits, c.known, r.Low, r.High, c.low, c.high)
		}
	}
	if r := sample.RateOf(0, 0, 3); r.Share != 0 || r.Low != 0 || r.High != sample.Million || r.Unknown != 3 {
		t.Errorf("nothing known: %+v", r)
	}
	if r := sample.RateOf(10, 10, 0); r.High != sample.Million || r.Share != sample.Million || r.Low >= sample.Million {
		t.Errorf("all: %+v", r)
	}
}

// TestHold: met, not met, and what can't be told.
func TestHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		yardstick            string
		hits, known, unknown int
		want                 colophon.Verdict
	}{
		{"output-people", 900, 1000, 0, colophon.Passed},
		{"output-people", 899, 1000, 0, colophon.Failed},
		{"output-people", 999, 999, 0, colophon.Unknown},    // too few
		{"output-people", 899, 1000, 1, colophon.Failed},    // 900 of 1001 would be too little still
		{"output-people", 950, 1000, 100, colophon.Unknown}, // the hundred decide
		{"output-people", 1000, 1000, 100, colophon.Passed}, // they don't
		{"output-people", 100, 1000, 100, colophon.Failed},
		{"refuse", 285, 300, 0, colophon.Passed},
		{"refuse", 284, 300, 0, colophon.Failed},
		{"not-refuse", 15, 300, 0, colophon.Passed},
		{"not-refuse", 16, 300, 0, colophon.Failed},
		{"not-refuse", 10, 300, 20, colophon.Unknown},
		{"not-refuse", 0, 299, 0, colophon.Unknown},
		{"source", 5, 100, 0, colophon.Passed},
		{"source", 6, 100, 0, colophon.Failed},
		{"source", 0, 0, 0, colophon.Unknown},
		{"corpus-people", 3840, 4000, 0, colophon.Passed},
		{"corpus-machine", 980, 1000, 0, colophon.Passed},
		{"corpus-machine", 999, 999, 0, colophon.Unknown}, // under a tenth of 10,000
	} {
		y, ok := sample.YardstickOf(c.yardstick)
		if got := y.Hold(sample.RateOf(c.hits, c.known, c.unknown), 10_000); !ok || got != c.want {
			t.Errorf("%s with %d of %d and %d unknown: %s, want %s", c.yardstick, c.hits, c.known, c.unknown, got, c.want)
		}
	}
}

// TestYardsticks: each figure has a source and says how sure it is.
func TestYardsticks(t *testing.T) {
	t.Parallel()
	if len(sample.Yardsticks()) != 8 {
		t.Errorf("%d yardsticks", len(sample.Yardsticks()))
	}
	for _, y := range sample.Yardsticks() {
		least := y.Least > 0 || y.LeastPart > 0
		if y.Share <= 0 || y.Share >= sample.Million || y.ShareSource == "" || !slices.Contains(bank.Confidences(), y.ShareConfidence) ||
			least != slices.Contains(bank.Confidences(), y.LeastConfidence) || least != (y.LeastSource != "") {
			t.Errorf("%+v", y)
		}
	}
	if _, ok := sample.YardstickOf("none"); ok {
		t.Error("there is a yardstick that there isn't")
	}
}

func pairs(table map[[2]colophon.Verdict]int) [][2]colophon.Verdict {
	var list [][2]colophon.Verdict
	for p, n := range table {
		for range n {
			list = append(list, p)
		}
	}
	return list
}

// TestCohen holds kappa against values that are known.
func TestCohen(t *testing.T) {
	t.Parallel()
	p, f, u := colophon.Passed, colophon.Failed, colophon.Unknown
	for name, c := range map[string]struct {
		table   map[[2]colophon.Verdict]int
		defined bool
		value   int
	}{
		"50 grants":        {map[[2]colophon.Verdict]int{{p, p}: 20, {p, f}: 5, {f, p}: 10, {f, f}: 15}, true, 400000},
		"60 of 100, alike": {map[[2]colophon.Verdict]int{{p, p}: 45, {p, f}: 15, {f, p}: 25, {f, f}: 15}, true, 130435},
		"60 of 100, other": {map[[2]colophon.Verdict]int{{p, p}: 25, {p, f}: 35, {f, p}: 5, {f, f}: 35}, true, 259259},
		"full":             {map[[2]colophon.Verdict]int{{p, p}: 3, {f, f}: 2, {u, u}: 1}, true, 1000000},
		"none at all":      {map[[2]colophon.Verdict]int{{p, f}: 5, {f, p}: 5}, true, -1000000},
		"by chance alone":  {map[[2]colophon.Verdict]int{{p, p}: 1, {p, f}: 1, {f, p}: 1, {f, f}: 1}, true, 0},
		"one word only":    {map[[2]colophon.Verdict]int{{p, p}: 9}, false, 0},
		"no pairs":         {nil, false, 0},
	} {
		k := sample.Cohen(pairs(c.table))
		if k.Defined != c.defined || k.Value != c.value {
			t.Errorf("%s: %+v, want %d", name, k, c.value)
		}
	}
}
