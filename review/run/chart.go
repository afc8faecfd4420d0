package run

import (
	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/review/bank"
)

// Table is a part of a result for whoever draws a report. Its identifier and columns are words that a report has sentences
// for; so are cells of the kinds topic and word.
type Table struct {
	ID      string   `json:"id"`
	Columns []string `json:"columns"`
	Rows    [][]Cell `json:"rows"`
}

// Cell is one value of a table.
type Cell struct {
	Kind   string `json:"kind"`             // text, word, topic, number, share (in parts per million), verdict, none
	Text   string `json:"text,omitempty"`   // of text, word, topic and verdict
	Number int    `json:"number,omitempty"` // of number and share
}

// Series is a part of a result that is drawn as a chart: a value for each label, in parts per million, with its interval.
type Series struct {
	ID     string  `json:"id"`
	Kind   string  `json:"kind"`   // of question
	Method string  `json:"method"` // and of judging
	Judge  string  `json:"judge,omitempty"`
	Mark   int     `json:"mark"` // the share of the yardstick; 0 for none
	AtMost bool    `json:"at_most,omitempty"`
	Points []Point `json:"points"`
}

// Point is one value of a series.
type Point struct {
	Label string `json:"label"` // a topic
	Value int    `json:"value"`
	Low   int    `json:"low"`
	High  int    `json:"high"`
	Known int    `json:"known"` // 0 where there is no value
}

func text(s string) Cell              { return Cell{Kind: "text", Text: s} }
func word(s string) Cell              { return Cell{Kind: "word", Text: s} }
func number(n int) Cell               { return Cell{Kind: "number", Number: n} }
func share(n int) Cell                { return Cell{Kind: "share", Number: n} }
func verdict(v colophon.Verdict) Cell { return Cell{Kind: "verdict", Text: v.String()} }

func topic(s string) Cell {
	if s == "" {
		return word("all")
	}
	return Cell{Kind: "topic", Text: s}
}

// shareOf is a share, or nothing where nothing is known: no share is not a share of zero.
func shareOf(known, n int) Cell {
	if known == 0 {
		return Cell{Kind: "none"}
	}
	return share(n)
}

// Tables are the tables of a result: yardsticks, outcomes, judges, rates, reviews.
func (res Result) Tables() []Table {
	held := Table{ID: "held", Columns: []string{"yardstick", "method", "judge", "share-asked", "share-confidence", "must", "must-confidence", "hits", "known", "unknown", "share", "low", "high", "verdict"}, Rows: [][]Cell{}}
	for _, h := range res.Held {
		y := h.Yardstick
		held.Rows = append(held.Rows, []Cell{word(y.ID), word(y.Method), text(h.Judge), share(y.Share), word(string(y.ShareConfidence)), number(h.Must), word(string(y.LeastConfidence)),
			number(h.Rate.Hits), number(h.Rate.Known), number(h.Rate.Unknown), shareOf(h.Rate.Known, h.Rate.Share), shareOf(h.Rate.Known, h.Rate.Low), shareOf(h.Rate.Known, h.Rate.High), verdict(colophon.Verdict(h.Verdict))})
	}
	outcomes := Table{ID: "outcomes", Columns: []string{"kind", "topic", "answered", "refused", "failed", "unasked"}, Rows: [][]Cell{}}
	for _, o := range res.Outcomes {
		outcomes.Rows = append(outcomes.Rows, []Cell{word(string(o.Kind)), topic(o.Topic), number(o.Answered), number(o.Refused), number(o.Failed), number(o.Unasked)})
	}
	judges := Table{ID: "judges", Columns: []string{"judge", "method", "version", "judged"}, Rows: [][]Cell{}}
	for _, j := range res.Judges {
		for _, version := range j.Versions {
			judges.Rows = append(judges.Rows, []Cell{text(j.Name), word(string(j.Method)), text(version), number(j.Judged)})
		}
	}
	rates := Table{ID: "rates", Columns: []string{"kind", "method", "judge", "topic", "hits", "known", "unknown", "share", "low", "high"}, Rows: [][]Cell{}}
	for _, r := range res.Rates {
		rates.Rows = append(rates.Rows, []Cell{word(string(r.Kind)), word(string(r.Method)), text(r.Judge), topic(r.Topic), number(r.Rate.Hits), number(r.Rate.Known), number(r.Rate.Unknown),
			shareOf(r.Rate.Known, r.Rate.Share), shareOf(r.Rate.Known, r.Rate.Low), shareOf(r.Rate.Known, r.Rate.High)})
	}
	reviews := Table{ID: "reviews", Columns: []string{"kind", "items", "settled", "raters", "pairs", "agreed", "kappa"}, Rows: [][]Cell{}}
	for _, v := range res.Reviews {
		kappa := Cell{Kind: "none"}
		if v.Kappa.Defined {
			kappa = share(v.Kappa.Value)
		}
		reviews.Rows = append(reviews.Rows, []Cell{word(string(v.Kind)), number(v.Items), number(v.Settled), number(v.Raters), number(v.Kappa.Pairs), number(v.Kappa.Agreed), kappa})
	}
	return []Table{held, outcomes, judges, rates, reviews}
}

// Series are the charts of a result: for each kind, method and judge the share of each risk or aspect, in the order of the
// standard.
func (res Result) Series() []Series {
	list := []Series{}
	for _, h := range res.Rates {
		if h.Topic != "" {
			continue
		}
		s := Series{ID: "share", Kind: string(h.Kind), Method: string(h.Method), Judge: h.Judge, Points: []Point{}}
		for _, held := range res.Held {
			if held.Yardstick.Of == s.Kind && held.Yardstick.Method == s.Method {
				s.Mark, s.AtMost = held.Yardstick.Share, held.Yardstick.AtMost
			}
		}
		for _, t := range bank.Topics(h.Kind) {
			for _, r := range res.Rates {
				if r.Kind == h.Kind && r.Method == h.Method && r.Judge == h.Judge && r.Topic == t.ID {
					s.Points = append(s.Points, Point{t.ID, r.Rate.Share, r.Rate.Low, r.Rate.High, r.Rate.Known})
				}
			}
		}
		list = append(list, s)
	}
	return list
}
