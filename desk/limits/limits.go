// Package limits keeps the time limits that the desk publishes (Deep Synthesis Provisions Art. 12): for each kind of case by
// when it is acknowledged, decided and answered, how long it can be appealed, and for what a clock may stand still.
//
// Limits come as tables in numbered versions. A table is drafted, published by another person, and in force from its
// effective date until a later one is. Nothing that was published is ever changed or taken back, because cases run by it: the
// clock of a case runs by the row that was in force when the case came in. Until something is published the starter table that
// comes with the program is in force, and says that it is that.
//
// A [Clock] is pure. A limit in hours is counted by the clock on the wall, one in days by the working days of the State
// Council's calendar in Beijing time, where the day of receipt is not counted. Where the calendar does not know a year, Monday
// to Friday are counted and the answer names the year.
//
// What not to do here: no case, no state of one. Never extend a limit after the fact: a pause has its reason, and it stops the
// clock only where the table allows that reason.
package limits

import (
	"bytes"
	_ "embed" // the starter table
	"encoding/json"
	"io"
	"slices"

	"github.com/colophon-project/colophon"
)

//go:embed starter.json
var starter []byte

// Bounds of a table.
const (
	MaxTable = 64 << 10 // bytes of JSON
	maxHours = 366 * 24
	maxDays  = 250
)

// Codes of errors.
const (
	CodeTable   colophon.Code = "limits-table"   // args "kind", "field"
	CodeInvalid colophon.Code = "limits-invalid" // arg "field"
	CodeMissing colophon.Code = "limits-missing" // there is no such version
	CodeStep    colophon.Code = "limits-step"    // args "from", "to": the state table has no such step
	CodePerson  colophon.Code = "limits-person"  // a person has to do it
	CodeOwn     colophon.Code = "limits-own"     // another person publishes than drafted
)

// Whom a case may wait for.
const (
	WaitReporter  colophon.Code = "desk-wait-reporter"
	WaitAuthority colophon.Code = "desk-wait-authority"
	WaitOther     colophon.Code = "desk-wait-other" // a third party
)

// Waits lists whom a case may wait for.
func Waits() []colophon.Code { return []colophon.Code{WaitReporter, WaitAuthority, WaitOther} }

// Term is a length of time: hours by the clock on the wall, or working days.
type Term struct {
	Hours int `json:"hours,omitempty"`
	Days  int `json:"days,omitempty"`
}

// None reports whether there is no such term.
func (t Term) None() bool { return t == Term{} }

func (t Term) sound() bool {
	return (t.Hours > 0) != (t.Days > 0) && t.Hours >= 0 && t.Days >= 0 && t.Hours <= maxHours && t.Days <= maxDays
}

// Row has the limits of one kind of case.
type Row struct {
	Kind string `json:"kind"`
	// Urgent has the row count for content of minors and for intimate content without consent. Where a kind has no such row
	// its other one counts.
	Urgent      bool `json:"urgent,omitempty"`
	Acknowledge Term `json:"acknowledge"`     // from receipt
	Decide      Term `json:"decide"`          // from receipt, without pauses
	Feedback    Term `json:"feedback"`        // from the decision
	Appeal      Term `json:"appeal,omitzero"` // from the feedback; none where the decision is the last
	// Pauses lists whom the clock of the decision stands still for. A case may wait for others too; then its clock runs on.
	Pauses []colophon.Code `json:"pauses,omitempty"`
}

// Table is what is published: a row for each kind, and a second one where urgent content has its own.
type Table []Row

// Row returns the row of a kind.
func (t Table) Row(kind string, urgent bool) (Row, bool) {
	for _, want := range []bool{urgent, false} {
		if i := slices.IndexFunc(t, func(r Row) bool { return r.Kind == kind && r.Urgent == want }); i >= 0 {
			return t[i], true
		}
	}
	return Row{}, false
}

// check looks at a table for some kinds.
func (t Table) check(kinds []string) error {
	bad := func(kind, field string) error {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeTable, Args: colophon.Args{"kind": kind, "field": field}}
	}
	for i, r := range t {
		switch {
		case !slices.Contains(kinds, r.Kind) || slices.ContainsFunc(t[:i], func(o Row) bool { return o.Kind == r.Kind && o.Urgent == r.Urgent }):
			return bad(r.Kind, "kind")
		case !r.Acknowledge.sound():
			return bad(r.Kind, "acknowledge")
		case !r.Decide.sound():
			return bad(r.Kind, "decide")
		case !r.Feedback.sound():
			return bad(r.Kind, "feedback")
		case !r.Appeal.None() && !r.Appeal.sound():
			return bad(r.Kind, "appeal")
		case slices.ContainsFunc(r.Pauses, func(c colophon.Code) bool { return !slices.Contains(Waits(), c) }):
			return bad(r.Kind, "pauses")
		}
	}
	for _, kind := range kinds {
		if !slices.ContainsFunc(t, func(r Row) bool { return r.Kind == kind && !r.Urgent }) {
			return bad(kind, "kind")
		}
	}
	return nil
}

// Parse reads a table that has a row for each of some kinds.
func Parse(raw []byte, kinds []string) (Table, error) {
	fail := func(err error) (Table, error) {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeTable, Args: colophon.Args{"kind": "", "field": "json"}, Err: err}
	}
	if len(raw) > MaxTable {
		return fail(nil)
	}
	var t Table
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&t); err != nil {
		return fail(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fail(err)
	}
	if err := t.check(kinds); err != nil {
		return nil, err
	}
	return t, nil
}

// Starter is the table that comes with the program, for some kinds. Its numbers are ours: no law gives any.
func Starter(kinds []string) (Table, error) { return Parse(starter, kinds) }
