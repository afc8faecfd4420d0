package list

import (
	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/register"
)

// Own is a number that is said to be ours.
type Own struct {
	Number string
	Name   string // of the algorithm; empty where nobody entered it
	Entity string // who filed it; empty where that is not told
}

// Standing is how one of our numbers stands against the lists.
type Standing struct {
	Answer
	// Differs names what the list says otherwise: name, entity. Of several rows the newest counts.
	Differs []string `json:"differs,omitempty"`
	There   Row      `json:"there"` // the row that it was held against
	Number  register.Number
}

// Against holds one of our numbers against the lists: names are the same where [Fold] says so. Where a row says something
// else the verdict is failed.
func (x *Index) Against(own Own) Standing {
	s := Standing{Answer: x.Listed(own.Number)}
	s.Number, _ = register.CheckFiling(own.Number) // what is no number has none
	if s.Verdict != colophon.Passed || len(s.Hits) == 0 {
		return s
	}
	s.There = s.Hits[0].Row
	for _, h := range s.Hits[1:] {
		if h.Series != Cancellation {
			s.There = h.Row
		}
	}
	for _, f := range []struct{ name, ours, theirs string }{{"name", own.Name, s.There.Name}, {"entity", own.Entity, s.There.Entity}} {
		if f.ours != "" && f.theirs != "" && Fold(f.ours) != Fold(f.theirs) {
			s.Differs = append(s.Differs, f.name)
		}
	}
	if len(s.Differs) > 0 {
		s.Verdict, s.Code = colophon.Failed, Differs
	}
	return s
}
