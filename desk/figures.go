package desk

import (
	"context"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Figures say what the desk did in one month of Beijing time.
type Figures struct {
	Month   string // such as 2026-11
	All     Figure
	Kinds   []KindFigure // in the order of Kinds
	Queries []Counted
}

// KindFigure has the figures of one kind.
type KindFigure struct {
	Kind Kind
	Figure
}

// Figure counts cases by what happened in a month. Who is in which month goes by when that happened, not by when the case came.
type Figure struct {
	Received     int
	Anonymous    int // of those received
	Joined       int // of those received: to an earlier case
	Withdrawn    int // of those received
	Acknowledged int
	AckInTime    int
	Decided      int
	InTime       int // of those decided
	Unsure       int // of those decided: the limit fell into a year whose holidays are not known
	Told         int
	ToldInTime   int
	Breached     int // cases with a limit that was missed
	Outcomes     map[Outcome]int
	Overturned   int           // of those decided: changed or reversed on an appeal since
	MedianAck    time.Duration // from receipt; 0 for none
	MedianDecide time.Duration
}

// Counted says how one figure is counted: what it means, and the filter over the ledger by which anybody with the ledger counts
// the same.
type Counted struct {
	Figure string
	Means  colophon.Code
	Filter string
}

// What the figures mean.
const (
	MeansReceived     colophon.Code = "desk-figure-received"
	MeansAnonymous    colophon.Code = "desk-figure-anonymous"
	MeansJoined       colophon.Code = "desk-figure-joined"
	MeansWithdrawn    colophon.Code = "desk-figure-withdrawn"
	MeansAcknowledged colophon.Code = "desk-figure-acknowledged"
	MeansAckInTime    colophon.Code = "desk-figure-acknowledged-in-time"
	MeansDecided      colophon.Code = "desk-figure-decided"
	MeansInTime       colophon.Code = "desk-figure-decided-in-time"
	MeansUnsure       colophon.Code = "desk-figure-unsure"
	MeansTold         colophon.Code = "desk-figure-told"
	MeansToldInTime   colophon.Code = "desk-figure-told-in-time"
	MeansBreached     colophon.Code = "desk-figure-breached"
	MeansOutcomes     colophon.Code = "desk-figure-outcomes"
	MeansOverturned   colophon.Code = "desk-figure-overturned"
	MeansMedianAck    colophon.Code = "desk-figure-median-acknowledged"
	MeansMedianDecide colophon.Code = "desk-figure-median-decided"
)

// Queries says how each figure of a month is counted.
func Queries(month string) []Counted {
	key := func(name, more string) string { return "ledger=case key." + name + "=" + month + more }
	return []Counted{
		{"received", MeansReceived, key(keyReceived, "")}, {"anonymous", MeansAnonymous, key(keyReceived, " anonymous=true")}, {"joined", MeansJoined, key(keyReceived, " duplicate_of!=")},
		{"withdrawn", MeansWithdrawn, key(keyReceived, " state=withdrawn")}, {"acknowledged", MeansAcknowledged, key(keyAcknowledged, "")},
		{"acknowledged_in_time", MeansAckInTime, key(keyAcknowledged, " acknowledged.at<=acknowledged.due")}, {"decided", MeansDecided, key(keyDecided, "")},
		{"decided_in_time", MeansInTime, key(keyDecided, " decision.at<=decision.due")}, {"unsure", MeansUnsure, key(keyDecided, " decision.unsure!=")}, {"told", MeansTold, key(keyTold, "")},
		{"told_in_time", MeansToldInTime, key(keyTold, " told.at<=told.due")}, {"breached", MeansBreached, key(keyBreached, "")}, {"outcomes", MeansOutcomes, key(keyDecided, " group by decision.outcome")},
		{"overturned", MeansOverturned, key(keyDecided, " appeals.outcome in (changed, reversed)")}, {"median_acknowledged", MeansMedianAck, key(keyAcknowledged, " median(acknowledged.at-clock.start)")},
		{"median_decided", MeansMedianDecide, key(keyDecided, " median(decision.at-clock.start)")},
	}
}

// Steps lists what happens to a case that is counted by the month in which it did.
func Steps() []string {
	return []string{keyReceived, keyAcknowledged, keyDecided, keyTold, keyBreached}
}

// isMonth reports whether a word names a month, such as 2026-11.
func isMonth(name string) bool {
	at, err := time.Parse("2006-01", name)
	return err == nil && at.Format("2006-01") == name
}

// tally counts one group of cases.
type tally struct {
	Figure
	acks, decisions []time.Duration
}

// Figures counts a month, such as 2026-11. Nothing in them depends on what was sealed, so they stay when people are erased.
func (d *Desk) Figures(ctx context.Context, month string) (Figures, error) {
	if !isMonth(month) {
		return Figures{}, invalid("month")
	}
	all, kinds := newTally(), map[Kind]*tally{}
	for _, k := range Kinds() {
		kinds[k] = newTally()
	}
	for _, key := range Steps() {
		err := d.book.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: key, Value: month}}}, func(e Entry) error {
			c := read(e)
			for _, t := range []*tally{all, kinds[c.Kind]} {
				if t != nil {
					t.count(key, &c)
				}
			}
			return nil
		})
		if err != nil {
			return Figures{}, err
		}
	}
	f := Figures{Month: month, All: all.done(), Queries: Queries(month)}
	for _, k := range Kinds() {
		f.Kinds = append(f.Kinds, KindFigure{k, kinds[k].done()})
	}
	return f, nil
}

func newTally() *tally { return &tally{Figure: Figure{Outcomes: map[Outcome]int{}}} }

// count counts a case for what happened to it.
func (t *tally) count(key string, c *Case) {
	add := func(n *int, when bool) {
		if when {
			*n++
		}
	}
	switch key {
	case keyReceived:
		t.Received++
		add(&t.Anonymous, c.Anonymous)
		add(&t.Joined, c.DuplicateOf != "")
		add(&t.Withdrawn, c.State == Withdrawn)
	case keyAcknowledged:
		t.Acknowledged++
		add(&t.AckInTime, !c.Acknowledged.Late)
		t.acks = append(t.acks, c.Acknowledged.At.Sub(c.Clock.Start))
	case keyDecided:
		t.Decided++
		add(&t.InTime, !c.Decision.Late)
		add(&t.Unsure, len(c.Decision.Unsure) > 0)
		add(&t.Overturned, slices.ContainsFunc(c.Appeals, func(a Appealed) bool { return a.Outcome != Upheld }))
		t.Outcomes[c.Decision.Outcome]++
		t.decisions = append(t.decisions, c.Decision.At.Sub(c.Clock.Start))
	case keyTold:
		t.Told++
		add(&t.ToldInTime, !c.Told.Late)
	case keyBreached:
		t.Breached++
	}
}

func (t *tally) done() Figure {
	t.MedianAck, t.MedianDecide = median(t.acks), median(t.decisions)
	return t.Figure
}

// median is the middle of some times, or the mean of the two in the middle.
func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}
