package report

import (
	"maps"
	"slices"

	"github.com/colophon-project/colophon"
)

// Grade says how grave an incident is, in the words of the guide.
type Grade string

// The grades, from the least.
const (
	Ordinary        Grade = "ordinary"         // 一般
	Serious         Grade = "serious"          // 较大
	Grave           Grade = "grave"            // 重大
	EspeciallyGrave Grade = "especially-grave" // 特别重大
)

// Grades lists the grades, from the least.
func Grades() []Grade { return []Grade{Ordinary, Serious, Grave, EspeciallyGrave} }

// rank is from 1; 0 for no grade.
func (g Grade) rank() int { return slices.Index(Grades(), g) + 1 }

// Names are what the guide calls the grade.
func (g Grade) Names() Names {
	switch g {
	case Ordinary:
		return Names{ZH: "一般网络安全事件", EN: "ordinary"}
	case Serious:
		return Names{ZH: "较大网络安全事件", EN: "serious"}
	case Grave:
		return Names{ZH: "重大网络安全事件", EN: "grave"}
	case EspeciallyGrave:
		return Names{ZH: "特别重大网络安全事件", EN: "especially grave"}
	}
	return Names{}
}

// Names of facts. Durations are in minutes, money in yuan.
const (
	FactPersons     = "persons"      // whose personal information leaked
	FactHomePage    = "home-page"    // how long illegal content stood on the home page after an attack
	FactOtherPage   = "other-page"   // how long it stood on another page
	FactReposts     = "reposts"      // on social platforms
	FactViews       = "views"        // views or clicks
	FactLoss        = "loss"         // direct economic loss
	FactOutageWhole = "outage-whole" // how long all of a critical infrastructure was down
	FactOutageMain  = "outage-main"  // how long a main function of one was down
	FactJudged      = "judged"       // the grade by the clauses without figures, as a person judges it: 1 to 4
	FactEndangers   = "endangers"    // a flaw endangers national security or the public interest: 1 for yes, 0 for no
	FactHarmAvoided = "harm-avoided" // the measures effectively avoid harm to the persons
)

const (
	unitYes   = "yes-or-no"
	unitGrade = "grade"
)

// FactNames lists the facts.
func FactNames() []string {
	return []string{FactPersons, FactHomePage, FactOtherPage, FactReposts, FactViews, FactLoss, FactOutageWhole, FactOutageMain, FactJudged, FactEndangers, FactHarmAvoided}
}

// unitOf is the unit of a fact; empty for one that is not known.
func unitOf(fact string) string {
	switch fact {
	case FactPersons:
		return "persons"
	case FactHomePage, FactOtherPage, FactOutageWhole, FactOutageMain:
		return "minutes"
	case FactReposts, FactViews:
		return "times"
	case FactLoss:
		return "yuan"
	case FactJudged:
		return unitGrade
	case FactEndangers, FactHarmAvoided:
		return unitYes
	}
	return ""
}

// Fact is what is known of a figure: it is Least or more, and Most or less. The zero value is that nothing is known yet.
type Fact struct {
	Least int64  `json:"least,omitempty"`
	Most  *int64 `json:"most,omitempty"` // nil while no bound is known
}

// Exactly is a figure that is known.
func Exactly(n int64) Fact { return Fact{n, &n} }

// Yes and No are what is known of a question.
func Yes() Fact { return Exactly(1) }

// No is the other answer.
func No() Fact { return Exactly(0) }

// Unknown reports whether nothing is known.
func (f Fact) Unknown() bool { return f.Least == 0 && f.Most == nil }

// Reaches says whether a figure reaches a threshold.
func (f Fact) Reaches(at int64, inclusive bool) colophon.Verdict {
	if !inclusive {
		at++
	}
	switch {
	case f.Least >= at:
		return colophon.Passed
	case f.Most != nil && *f.Most < at:
		return colophon.Failed
	}
	return colophon.Unknown
}

func (f Fact) sound(name string) bool {
	most := int64(maxFigures)
	switch unitOf(name) {
	case "":
		return false
	case unitYes:
		most = 1
	case unitGrade:
		most = int64(len(Grades()))
	}
	return f.Least >= 0 && f.Least <= most && (f.Most == nil || *f.Most >= f.Least && *f.Most <= most)
}

func checkFacts(facts map[string]Fact) error {
	for name, f := range facts {
		if !f.sound(name) {
			return invalid("facts." + name)
		}
	}
	return nil
}

// with are facts with some in place of what was known.
func with(facts, now map[string]Fact) map[string]Fact {
	all := maps.Clone(facts)
	if all == nil {
		all = map[string]Fact{}
	}
	maps.Copy(all, now)
	return all
}

// GradeState says whether there is a grade.
type GradeState string

// The states of a grading. The zero value is that it could not be told.
const (
	CouldNotTell GradeState = "could-not-tell"
	Graded       GradeState = "graded"
	NotGraded    GradeState = "not-graded" // the guide grades no incident of these kinds
)

// Grading is what the guide says of an incident.
type Grading struct {
	State GradeState `json:"state"`
	Least Grade      `json:"least,omitempty"` // the least grade that is certain
	Most  Grade      `json:"most,omitempty"`  // the highest that it may be
	Met   []string   `json:"met,omitempty"`   // rows that are reached
	Open  []string   `json:"open,omitempty"`  // rows above Least of which it is not known
	Rests Confidence `json:"rests,omitempty"` // the weakest source that the answer rests on
}

// Reason is one row of the guide and what the facts say of it.
type Reason struct {
	Row     Row
	Fact    Fact
	Verdict colophon.Verdict // whether the row is reached
	Counts  colophon.Verdict // whether the row counts for this provider
}

// Reached is what row and scope come to.
func (r Reason) Reached() colophon.Verdict {
	switch {
	case r.Verdict == colophon.Failed || r.Counts == colophon.Failed:
		return colophon.Failed
	case r.Verdict == colophon.Passed && r.Counts == colophon.Passed:
		return colophon.Passed
	}
	return colophon.Unknown
}

// counts says whether a row counts for a provider.
func (r Row) counts(o Operator, s Size) colophon.Verdict {
	is := func(yes bool) colophon.Verdict {
		if yes {
			return colophon.Passed
		}
		return colophon.Failed
	}
	switch {
	case r.If == "":
		return colophon.Passed
	case r.If == "critical":
		return is(o == Critical)
	case s == SizeUnknown:
		return colophon.Unknown
	}
	return is(s == VeryLarge || r.If == "large" && s == Large)
}

// Reasons says of each row of the guide that speaks of the kinds of an incident what its facts come to.
func (g Guide) Reasons(v Incident) []Reason {
	var list []Reason
	for _, row := range g.Rows {
		if slices.ContainsFunc(row.Kinds, func(k Kind) bool { return slices.Contains(v.Kinds, k) }) {
			f := v.Facts[row.Fact]
			list = append(list, Reason{row, f, f.Reaches(row.At, row.Inclusive), row.counts(v.Operator, v.Size)})
		}
	}
	return list
}

// Grade grades an incident by its facts.
func (g Guide) Grade(v Incident) Grading {
	if !v.gradable() {
		return Grading{State: NotGraded}
	}
	reasons := g.Reasons(v)
	out := Grading{State: Graded, Least: Ordinary, Rests: Primary}
	for _, r := range reasons {
		if r.Reached() == colophon.Passed {
			out.Met = append(out.Met, r.Row.ID)
			if r.Row.Grade.rank() > out.Least.rank() {
				out.Least = r.Row.Grade
			}
		}
	}
	out.Most = out.Least
	best := Confidence("") // of the rows that give the grade, the best source is enough
	for _, r := range reasons {
		above := r.Row.Grade.rank() > out.Least.rank()
		switch reached := r.Reached(); {
		case above && reached == colophon.Unknown:
			out.Open, out.State = append(out.Open, r.Row.ID), CouldNotTell
			if r.Row.Grade.rank() > out.Most.rank() {
				out.Most = r.Row.Grade
			}
			out.Rests = weaker(out.Rests, r.Row.Level)
		case above && r.Counts == colophon.Passed:
			out.Rests = weaker(out.Rests, r.Row.Level)
		case r.Row.Grade == out.Least && reached == colophon.Passed && (best == "" || weaker(best, r.Row.Level) == best):
			best = r.Row.Level
		}
	}
	if best != "" {
		out.Rests = weaker(out.Rests, best)
	}
	return out
}

// decided reports whether it is certain whether an incident has to be reported.
func (g Grading) decided() bool {
	return g.State == Graded || g.State == CouldNotTell && g.Least.rank() >= Serious.rank()
}
