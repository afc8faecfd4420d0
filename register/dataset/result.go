package dataset

import (
	"slices"
	"time"

	"github.com/colophon-project/colophon"
)

// Verdict is a verdict that is kept by its name. What is no name of a verdict reads as "could not tell".
type Verdict colophon.Verdict

// MarshalText writes the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return colophon.Verdict(v).MarshalText() }

// UnmarshalText reads it.
func (v *Verdict) UnmarshalText(text []byte) error {
	*v = Verdict(colophon.Unknown)
	for _, known := range []colophon.Verdict{colophon.Passed, colophon.Failed} {
		if string(text) == known.String() {
			*v = Verdict(known)
		}
	}
	return nil
}

// Yardstick is a figure that samples of a dataset are held against, by the identifiers of package review/sample.
type Yardstick string

// The yardsticks.
const (
	ByPeople  Yardstick = "corpus-people"
	ByMachine Yardstick = "corpus-machine"
	OfSource  Yardstick = "source"
)

// Yardsticks lists them.
func Yardsticks() []Yardstick { return []Yardstick{ByPeople, ByMachine, OfSource} }

// Result is what a sample came to, held against one yardstick. Shares are in parts per million.
type Result struct {
	Sample    string    `json:"sample"`
	Digest    string    `json:"digest"` // of the dataset that was sampled
	Yardstick Yardstick `json:"yardstick"`
	Source    string    `json:"source,omitempty"` // that it is of; of OfSource alone
	Of        int       `json:"of"`               // items there are
	Must      int       `json:"must"`             // that have to be judged
	Hits      int       `json:"hits"`
	Known     int       `json:"known"`
	Unknown   int       `json:"unknown"`
	Share     int       `json:"share"`
	Low       int       `json:"low"`
	High      int       `json:"high"`
	Mark      int       `json:"mark"`              // the share of the yardstick
	Machine   string    `json:"machine,omitempty"` // what judged, where a machine did, with its version
	Verdict   Verdict   `json:"verdict"`
	At        time.Time `json:"at"`
}

// Row is how a dataset stands by one yardstick.
type Row struct {
	Yardstick Yardstick        `json:"yardstick"`
	Verdict   colophon.Verdict `json:"verdict"`
	Sampled   bool             `json:"sampled"` // somebody sampled the dataset as it is
	Stale     bool             `json:"stale"`   // it was sampled as it was before
	Results   []Result         `json:"results,omitempty"`
}

// Rows says how a dataset stands by each yardstick, as it is now. What was not sampled, or is another one since, can't be told.
func (d Dataset) Rows() []Row {
	var list []Row
	for _, y := range Yardsticks() {
		row := Row{Yardstick: y, Verdict: colophon.Unknown}
		for _, r := range d.Results {
			if r.Yardstick != y {
				continue
			}
			row.Results = append(row.Results, r)
			if r.Digest != d.Digest() {
				row.Stale = true
				continue
			}
			switch {
			case colophon.Verdict(r.Verdict) == colophon.Failed:
				row.Verdict = colophon.Failed
			case !row.Sampled:
				row.Verdict = colophon.Verdict(r.Verdict)
			case row.Verdict == colophon.Passed:
				row.Verdict = colophon.Verdict(r.Verdict)
			}
			row.Sampled = true
		}
		list = append(list, row)
	}
	return list
}

// Barred returns the source by which nobody may use a dataset: more of it was illegal than a source may hold, when it was
// sampled last, and it is still in the dataset. The dataset as a whole has no name.
func (d Dataset) Barred() (source string, barred bool) {
	at := slices.IndexFunc(d.Results, d.bars)
	if at < 0 {
		return "", false
	}
	return d.Results[at].Source, true
}

// bars reports whether a result keeps a dataset from being used, also after it became another one.
func (d Dataset) bars(r Result) bool {
	now, _ := d.Now()
	return r.Yardstick == OfSource && colophon.Verdict(r.Verdict) == colophon.Failed &&
		(r.Source == "" || slices.ContainsFunc(now.Sources, func(c Count) bool { return c.Name == r.Source }))
}

// enter puts results in the place of those of the same yardstick and source, and of those of the dataset as it was before. A
// source that was found bad then, and was not sampled now, stays.
func (d *Dataset) enter(results []Result) {
	list := slices.DeleteFunc(slices.Clone(d.Results), func(old Result) bool {
		return slices.ContainsFunc(results, func(r Result) bool {
			return r.Yardstick == old.Yardstick && (r.Source == old.Source || old.Digest != d.Digest() && (old.Source == "" || !d.bars(old)))
		})
	})
	d.Results = append(list, results...)
}
