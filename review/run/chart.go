package run

import (
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/sample"
)

// Series is a part of a result that is drawn as a chart: the rate of each risk or aspect, in the order of the standard.
type Series struct {
	Yardstick sample.Yardstick // its zero value where there is none
	All       RateRow          // of kind, method and judge
	Rows      []RateRow
}

// Series are the charts of a result, one for each kind, method and judge.
func (res Result) Series() []Series {
	list := []Series{}
	for _, all := range res.Rates {
		if all.Topic != "" {
			continue
		}
		s := Series{All: all}
		for _, held := range res.Held {
			if held.Yardstick.Of == string(all.Kind) && held.Yardstick.Method == string(all.Method) {
				s.Yardstick = held.Yardstick
			}
		}
		for _, t := range bank.Topics(all.Kind) {
			for _, r := range res.Rates {
				if r.Kind == all.Kind && r.Method == all.Method && r.Judge == all.Judge && r.Topic == t.ID {
					s.Rows = append(s.Rows, r)
				}
			}
		}
		list = append(list, s)
	}
	return list
}
