// Package policy decides what is done about what the checks found: one decision, by a table that people read and change.
//
// A [Table] has rows. A row names the categories, levels, surfaces and account classes that it is for, and may add a
// condition over the fact in CEL; the first row that fits a [Fact] decides about it, and of all facts the severest action
// is the decision. [Compile] makes a [Policy] of a table. It refuses a table that could surprise: a cell with a word that
// is not there, a row that no fact can reach, facts that no row is for, a condition that may cost too much, a recorded
// [Case] that would be decided otherwise than it says.
//
// A check that did not run gives a fact of level [LevelUnknown] for each category that it covers. The rows of that level say
// whether such content passes all the same (fail-open, told in [Decision.Open]) or not (fail-closed). What could not be
// decided is refused and told as unknown; it is never taken for allowed.
//
// [Keeper] is the worker: a table is proposed, compared with the one in force over the facts of past judgements, and
// released by a second person. Each of these acts is a record.
//
// What not to do here: no text that was screened. A fact holds categories, levels and lengths, so that it may be kept for
// comparing and says nothing that somebody wrote. No default in Go: the table that Colophon comes with is data.
package policy

import (
	"slices"

	"github.com/colophon-project/colophon"
)

// Codes of errors of tables and of their life. Errors of a row have the argument "row", its ID.
const (
	CodeTableInvalid   colophon.Code = "policy-table-invalid"   // arg "field"
	CodeRowInvalid     colophon.Code = "policy-row-invalid"     // args "row", "field"
	CodeRowTwice       colophon.Code = "policy-row-twice"       // two rows have one ID
	CodeWhenInvalid    colophon.Code = "policy-when-invalid"    // arg "why": the condition is no CEL over a fact
	CodeWhenIdle       colophon.Code = "policy-when-idle"       // the condition does not say yes or no about a fact
	CodeWhenCostly     colophon.Code = "policy-when-costly"     // the condition may cost more than is allowed
	CodeRowUnreachable colophon.Code = "policy-row-unreachable" // rows above take every fact that it is for
	CodeNoDefault      colophon.Code = "policy-no-default"      // args "category", "level", "surface", "class": no row is for such a fact
	CodeCaseInvalid    colophon.Code = "policy-case-invalid"    // arg "case"
	CodeCaseFails      colophon.Code = "policy-case-fails"      // args "case", "want", "got"
	CodeFactInvalid    colophon.Code = "policy-fact-invalid"    // arg "field"
	CodeUndecided      colophon.Code = "policy-undecided"       // the row's condition could not be evaluated
	CodeLineInvalid    colophon.Code = "policy-line-invalid"    // args "line", "field": of a CSV file
	CodeFileInvalid    colophon.Code = "policy-file-invalid"    // not a table as JSON, or not an exported one
	CodeUntrusted      colophon.Code = "policy-untrusted"       // no trusted key signed the file
	CodeCursor         colophon.Code = "policy-cursor"          // the cursor of a page was not made here
	CodeVersionExists  colophon.Code = "policy-version-exists"
	CodeVersionMissing colophon.Code = "policy-version-missing"
	CodeDamaged        colophon.Code = "policy-damaged"     // arg "version": the stored table is not the one that was proposed
	CodeSamePerson     colophon.Code = "policy-same-person" // who proposed a table can't release it
	CodeNotCompared    colophon.Code = "policy-not-compared"
	CodeInForce        colophon.Code = "policy-in-force" // it is the table in force already
	CodeChanged        colophon.Code = "policy-changed"  // somebody else released a table in the meantime
)

// Action is what is done with content. Actions are ordered: the severer one wins. The zero value is no action.
type Action uint8

// Actions, from the mildest to the severest.
const (
	_      Action = iota
	Allow         // it passes
	Label         // it passes with a notice that says what was seen
	Limit         // it passes in part or with help beside it, as the function can
	Review        // it waits for a person
	Refuse        // it does not pass
)

// Level is how much a fact weighs.
type Level string

// Levels of facts. The first three are those of features; the last means that a check did not run or could not tell.
const (
	LevelNote    Level = "note"
	LevelReview  Level = "review"
	LevelBlock   Level = "block"
	LevelUnknown Level = "unknown"
)

// Fact is one thing that a check saw, or that nobody could see, without any text. Words are letters, digits and -._:/ and
// at most [MaxWord] bytes long; class, check, how and function may be empty.
type Fact struct {
	Category string `json:"category"`
	Level    Level  `json:"level"`
	Surface  string `json:"surface,omitempty"` // input, output or upload
	Class    string `json:"class,omitempty"`   // of the account: anonymous, verified, organisation, staff, or a word of the provider's
	Check    string `json:"check,omitempty"`   // keyword, rule, pattern, picture, digest, person, classifier:NAME and so on
	How      string `json:"how,omitempty"`     // plain, sound, loose or spread, for keywords; sourced, for news
	Function string `json:"function,omitempty"`
	// Runes is the length of the feature that was found; of a keyword that was found by its sound, the syllables.
	Runes    int     `json:"runes,omitempty"`
	Score    float64 `json:"score,omitempty"`    // from a classifier, 0 to 1
	Distance int     `json:"distance,omitempty"` // from a picture of the library, in bits
}

// MaxWord is the longest word of a fact, in bytes.
const MaxWord = 64

// Decision is what a policy says about the facts of one judgement.
type Decision struct {
	Action Action
	Rows   []string // which row decided about each fact; empty where none could
	// Unknown says that a check did not run, or that a fact could not be decided, which is refused.
	Unknown bool
	Open    []string // categories that nothing checked and whose row lets them pass all the same
	Help    []string // names of what the person is told in addition, of all rows that decided
	Fault   error    // why a fact could not be decided; for the log
}

// check reports the first field of a fact that is out of form.
func (f *Fact) check() string {
	switch {
	case !word(f.Category):
		return "category"
	case !slices.Contains(levels, string(f.Level)):
		return "level"
	case !slices.Contains(surfaces, f.Surface):
		return "surface"
	case f.Class != "" && !word(f.Class):
		return "class"
	case f.Check != "" && !word(f.Check):
		return "check"
	case f.How != "" && !word(f.How):
		return "how"
	case f.Function != "" && !word(f.Function):
		return "function"
	case f.Runes < 0:
		return "runes"
	case f.Distance < 0:
		return "distance"
	case !(f.Score >= 0 && f.Score <= 1): // not a number, too
		return "score"
	}
	return ""
}
