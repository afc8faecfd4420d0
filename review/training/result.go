package training

import (
	"context"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/review/sample"
)

// yardstick is a figure of package sample; a test looks that each is there.
func yardstick(id dataset.Yardstick) sample.Yardstick {
	y, _ := sample.YardstickOf(string(id))
	return y
}

// must is how many of so many items have to be judged: where there are fewer than the yardstick asks for, all of them.
func must(y sample.Yardstick, of int) int { return min(y.Must(of), of) }

// hold holds a rate against a yardstick. A yardstick that is not there decides nothing.
func hold(y sample.Yardstick, r sample.Rate, of int) colophon.Verdict {
	switch {
	case y.ID == "":
		return colophon.Unknown
	case y.AtMost:
		return r.AtMost(y.Share, must(y, of))
	}
	return r.AtLeast(y.Share, must(y, of))
}

// Result is what a sample has come to by now, with how people judged.
func (k *Keeper) Result(ctx context.Context, id string) (Sample, []dataset.Result, sample.Tally, error) {
	e, err := k.samples.Get(ctx, id)
	if err != nil {
		return Sample{}, nil, sample.Tally{}, err
	}
	s := view(e)
	list, tally, err := k.results(ctx, s)
	if s.State == Done {
		list = s.Results
	}
	return s, list, tally, err
}

func (k *Keeper) results(ctx context.Context, s Sample) ([]dataset.Result, sample.Tally, error) {
	tally, err := k.panel.Tally(ctx, Sheet(s.ID))
	if err != nil {
		return nil, tally, err
	}
	m := s.Machine
	machine := k.result(s, dataset.ByMachine, "", sample.RateOf(m.Passed, m.Passed+m.Failed, m.Unknown))
	for i, j := range m.Judges {
		if i > 0 {
			machine.Machine += ", "
		}
		machine.Machine += j
	}
	list := []dataset.Result{k.result(s, dataset.ByPeople, "", tally.All), machine}
	for _, one := range tally.Strata {
		r := one.Rate
		list = append(list, k.result(s, dataset.OfSource, one.Name, sample.RateOf(r.Known-r.Hits, r.Known, r.Unknown)))
	}
	return list, tally, nil
}

func (k *Keeper) result(s Sample, id dataset.Yardstick, source string, r sample.Rate) dataset.Result {
	y := yardstick(id)
	return dataset.Result{Sample: s.ID, Digest: s.Digest, Yardstick: id, Source: source, Of: s.Items, Must: must(y, s.Items), Hits: r.Hits, Known: r.Known, Unknown: r.Unknown, Share: r.Share, Low: r.Low, High: r.High,
		Mark: y.Share, Verdict: dataset.Verdict(hold(y, r, s.Items)), At: k.samples.Now()}
}
