package evidence

import (
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
)

// Class says how long a record is kept.
type Class string

const (
	// ClassLog is for logs of operation: at least six months.
	ClassLog Class = "log"
	// ClassAssessment is for impact assessments and what they rest on: at least three years.
	ClassAssessment Class = "assessment"
)

// CodeRetentionShort says that a retention period under the statutory one was asked for. Args "class", "months".
const CodeRetentionShort colophon.Code = "retention-too-short"

// minimum is the statutory period of a class in months, and the clauses that it follows from.
func minimum(c Class) (months int, from []colophon.Clause, ok bool) {
	switch c {
	case ClassLog:
		return 6, []colophon.Clause{colophon.ClauseCSL23, colophon.ClauseDS10, colophon.ClauseDS16, colophon.ClauseLM9}, true
	case ClassAssessment:
		return 36, []colophon.Clause{colophon.ClausePIPL56}, true
	}
	return 0, nil, false
}

// Retention holds for how many months each class is kept. The zero value holds the statutory minimum.
type Retention struct {
	months map[Class]int
}

// NewRetention makes a Retention from months by class. A period may be longer than the statutory one, never shorter.
func NewRetention(months map[Class]int) (Retention, error) {
	r := Retention{map[Class]int{}}
	for class, n := range months {
		least, from, ok := minimum(class)
		if !ok {
			return Retention{}, invalid(CodeRecordInvalid, "class", nil)
		}
		if n < least || n > 1200 {
			return Retention{}, &colophon.Error{Kind: colophon.Refused, Code: CodeRetentionShort, Clauses: from, Args: colophon.Args{
				"class": string(class), "months": strconv.Itoa(least)}}
		}
		r.months[class] = n
	}
	return r, nil
}

// Until is the end of the period of something that began at a time. An unknown class is kept as long as the longest.
func (r Retention) Until(class Class, at time.Time) time.Time {
	n, ok := r.months[class]
	if !ok {
		if n, _, ok = minimum(class); !ok {
			return r.Until(ClassAssessment, at)
		}
	}
	return addMonths(at.UTC(), n)
}

// Since is the latest time whose period is over at now: what began at or before it may be purged.
func (r Retention) Since(class Class, now time.Time) time.Time {
	// Months differ in length, so going back may land a few days off; step back until the period is truly over.
	n := r.Until(class, now).Sub(now)
	at := now.Add(-n).Add(-8 * 24 * time.Hour)
	for next := at.Add(time.Hour); !r.Until(class, next).After(now); next = next.Add(time.Hour) {
		at = next
	}
	return at
}

// addMonths adds months. 31 August and six months ends with February: on 1 March, never a day early.
func addMonths(at time.Time, n int) time.Time {
	sum := at.AddDate(0, n, 0)
	if sum.Day() != at.Day() {
		// AddDate ran over into the next month: the whole of the shorter month belongs to the period.
		return time.Date(sum.Year(), sum.Month(), 1, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
	}
	return sum
}
