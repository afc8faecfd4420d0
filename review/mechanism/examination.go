package mechanism

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
)

// Point is something that is looked at: what Algorithm Recommendation Provisions Art. 8 names, and what keeps output in bounds.
type Point string

// The points.
const (
	Logic      Point = "logic"      // how it comes to its results
	Model      Point = "model"      // the model behind it
	Data       Point = "data"       // what it was trained on and what it is fed with
	Output     Point = "output"     // what it produces
	Inducement Point = "inducement" // that it leads nobody into dependence or overspending
	Safeguards Point = "safeguards" // review of input and output, labels, stop
)

// Points lists the points, each of which a review has to speak of.
func Points() []Point { return []Point{Logic, Model, Data, Output, Inducement, Safeguards} }

// Finding is what was found of a point.
type Finding string

// The findings.
const (
	Passed   Finding = "passed"
	Failed   Finding = "failed"
	NoAnswer Finding = "could-not-tell"
)

// Findings lists the findings.
func Findings() []Finding { return []Finding{Passed, Failed, NoAnswer} }

// Conclusion is what a review comes to.
type Conclusion string

// The conclusions.
const (
	Fit         Conclusion = "fit"
	Conditional Conclusion = "fit-with-conditions"
	Unfit       Conclusion = "unfit"
)

// Conclusions lists the conclusions.
func Conclusions() []Conclusion { return []Conclusion{Fit, Conditional, Unfit} }

// Examined is what was found of one point, and what shows it.
type Examined struct {
	Point   Point   `json:"point" enum:"logic,model,data,output,inducement,safeguards" doc:"What was looked at."`
	Finding Finding `json:"finding" enum:"passed,failed,could-not-tell" doc:"What was found."`
	Note    string  `json:"note" maxLength:"4096" doc:"How it was looked at, and what was seen."`
	Proof   string  `json:"proof,omitempty" maxLength:"256" doc:"What shows it: identifier of a test run or record, or a SHA-256."`
}

// ReviewCondition is something that has to be done by a day.
type ReviewCondition struct {
	Text string    `json:"text" maxLength:"4096" doc:"What has to be done."`
	Due  string    `json:"due" pattern:"^\\d{4}-\\d{2}-\\d{2}$" doc:"Until the end of which day, in Beijing time." example:"2027-01-31"`
	Met  time.Time `json:"met,omitzero" required:"false" doc:"When it was met."`
	By   string    `json:"by,omitempty" doc:"Staff account that said so."`
}

// Examination is what the examiner hands in. It names no person.
type Examination struct {
	Algorithm  string            `json:"algorithm" minLength:"1" maxLength:"64" doc:"Identifier of the algorithm." example:"portrait-swap"`
	Digest     string            `json:"digest,omitempty" maxLength:"128" doc:"Digest of the version that was looked at. It is refused where another one serves; left out, it is the one that serves."`
	Checks     []Examined        `json:"checks" nullable:"false" maxItems:"6" doc:"What was found, each point once."`
	Conclusion Conclusion        `json:"conclusion" enum:"fit,fit-with-conditions,unfit" doc:"What follows. Fit is refused where a point did not pass."`
	Conditions []ReviewCondition `json:"conditions,omitempty" nullable:"false" maxItems:"50" doc:"Of the conclusion fit-with-conditions."`
	Next       string            `json:"next" pattern:"^\\d{4}-\\d{2}-\\d{2}$" doc:"Day on which it has to be reviewed anew, in Beijing time; at most a year ahead." example:"2027-05-01"`
}

// Review is an examination with its history. Who examined and decided are staff accounts.
type Review struct {
	Examination
	Author  string        `json:"author"`
	Decider string        `json:"decider,omitempty"`
	Decided time.Time     `json:"decided,omitzero"`
	Ended   time.Time     `json:"ended,omitzero"`
	Reason  colophon.Code `json:"reason,omitempty"`
}

// longest is how many years ahead the next review may be. The law says "periodically" and names no figure; this is ours.
const longest = 1

const maxProse = 4096

func (x Examination) check() error {
	if !ident(x.Algorithm) {
		return invalid("algorithm")
	}
	seen := map[Point]bool{}
	for _, c := range x.Checks {
		switch {
		case !slices.Contains(Points(), c.Point) || seen[c.Point]:
			return invalid("point")
		case !slices.Contains(Findings(), c.Finding):
			return invalid("finding")
		case !prose(c.Note):
			return invalid("note")
		case c.Proof != "" && !ident(c.Proof):
			return invalid("proof")
		}
		seen[c.Point] = true
	}
	if len(seen) != len(Points()) {
		return invalid("checks")
	}
	return x.concludes()
}

// concludes refuses a conclusion that is better than what was found.
func (x Examination) concludes() error {
	whole := !slices.ContainsFunc(x.Checks, func(c Examined) bool { return c.Finding != Passed })
	switch {
	case !slices.Contains(Conclusions(), x.Conclusion):
		return invalid("conclusion")
	case x.Conclusion == Fit && !whole:
		return refused(CodeConclusion)
	case (x.Conclusion == Conditional) != (len(x.Conditions) > 0):
		return invalid("conditions")
	}
	for _, c := range x.Conditions {
		if _, err := day(c.Due); err != nil || !prose(c.Text) {
			return invalid("conditions")
		}
	}
	return nil
}

// soon refuses a day of the next review that is over or too far ahead.
func (k *Keeper) soon(x Examination) error {
	next, err := day(x.Next)
	if now := k.book.Now(); err != nil || !next.After(now) || next.After(now.AddDate(longest, 0, 1)) {
		return refused(CodeNext)
	}
	return nil
}

// until is when it ends by itself: on the day of the next review, or when a condition was not met in time.
func (r Review) until() time.Time {
	until, _ := day(r.Next) // it was checked when it was entered
	for _, c := range r.Conditions {
		if due, err := day(c.Due); err == nil && c.Met.IsZero() && due.AddDate(0, 0, 1).Before(until) {
			until = due.AddDate(0, 0, 1)
		}
	}
	return until
}

// day is the beginning of a day in Beijing.
func day(s string) (time.Time, error) {
	return time.ParseInLocation(time.DateOnly, s, time.FixedZone("CST", 8*60*60))
}

func ident(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == utf8.RuneError })
}

func prose(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= maxProse && utf8.ValidString(s)
}
