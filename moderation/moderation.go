// Package moderation keeps what waits for a person. Whoever screened something and can't decide alone enters it into the
// [Docket] as a held item and lets nothing of it out. A reviewer takes it, reads it and decides; where the [Plan] asks for
// a second pair of eyes another one decides again without being told what the first did, and where they differ a senior
// settles it. What nobody decided before its deadline is refused by the system.
//
// A hit on illegal content also opens a report duty in [Reports]. It stays open until somebody says how it was filed, or
// why nothing is to be filed.
//
// The content of an item is sealed under a data key of its subject; larger content lies in a sealed blob whose key is
// sealed the same way. Each change goes to a store with the [evidence.Record] that proves it, and to read the content is
// such a change too. Words that a person writes beside a decision stand in the sealed payload of the record and nowhere
// else.
//
// The measure of a decision [RefuseMeasure] is noted only. To take it against an account is the work of package standing.
//
// What not to do here: never release for lack of time, for lack of people, or what nobody could read. Never let one person
// decide twice about an item. Never open a closed item again: an appeal is a case of its own. Never put the content, or
// what somebody wrote about it, into a row, an error or a log.
package moderation

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Codes of errors. Their arguments name no person.
const (
	CodeInvalid    colophon.Code = "moderation-invalid"    // arg "field"
	CodeMissing    colophon.Code = "moderation-missing"    // there is no such item
	CodeStep       colophon.Code = "moderation-step"       // args "from", "to": the state machine has no such step
	CodeStage      colophon.Code = "moderation-stage"      // args "from", "to": the same of the stages
	CodeChanged    colophon.Code = "moderation-changed"    // somebody else changed it at the same time
	CodeTaken      colophon.Code = "moderation-taken"      // another reviewer has it
	CodeNotYours   colophon.Code = "moderation-not-yours"  // only who took it may do this
	CodeOwn        colophon.Code = "moderation-own"        // the same person gave an opinion before
	CodeSenior     colophon.Code = "moderation-senior"     // it was escalated, and this person may not settle it
	CodeOverdue    colophon.Code = "moderation-overdue"    // the deadline is over, so that it counts as refused
	CodeUnread     colophon.Code = "moderation-unread"     // nothing is released by somebody who has not read it
	CodeUnreadable colophon.Code = "moderation-unreadable" // arg "content": restricted, erased or ended
	CodeTooLarge   colophon.Code = "moderation-too-large"  // arg "limit", in bytes: such content belongs into a blob
	CodePlan       colophon.Code = "moderation-plan"       // arg "field": the plan can't be used
	CodeForgotten  colophon.Code = "moderation-subject-erased"
	CodeReporter   colophon.Code = "moderation-reporter"     // this person may not file or dismiss
	CodeNoDuty     colophon.Code = "moderation-duty-missing" // there is no such report duty
	CodeDutyClosed colophon.Code = "moderation-duty-closed"  // arg "state"
)

// CodeTimeOut is the reason of the refusal that the system makes when nobody decided in time.
const CodeTimeOut colophon.Code = "moderation-time-out"

// Limits.
const (
	// MaxText is the longest content that is sealed in the row, in bytes.
	MaxText = 256 << 10
	// MaxFindings is how many findings an item keeps; the weightiest.
	MaxFindings = 200
	// MaxNote is the longest text that a person writes beside a decision, in bytes.
	MaxNote = 8 << 10
	// MaxPage is the largest page.
	MaxPage  = 500
	maxWord  = 64
	maxLine  = 256
	blobKey  = 32
	tries    = 16
	sealUse  = "colophon/moderation/v1\x00"
	sweepers = evidence.Role("system")
)

// By is the person who acts. Whoever calls has found out who it is and what he may do.
type By struct {
	ID   string        // of the staff account
	Role evidence.Role // in which he acts
	// Senior may take what was escalated and read the content of any item.
	Senior bool
	// Reporter may file and dismiss report duties.
	Reporter bool
}

func (b By) check() error {
	if !word(b.ID, "-_") {
		return invalid("by")
	}
	return nil
}

// Errors of the stores that this package acts on.
var (
	// ErrExists says that the judgement has an item, or a duty, already.
	ErrExists = errors.New("moderation: the judgement has one already")
	// ErrMissing says that there is no such item or duty.
	ErrMissing = errors.New("moderation: missing")
	// ErrChanged says that the stored version is another.
	ErrChanged = errors.New("moderation: changed at the same time")
	// ErrForgotten says that a data key of the subject was erased, so that the change must be made anew.
	ErrForgotten = errors.New("moderation: the subject's key was erased")
	// errDone says that there is nothing left to do.
	errDone = errors.New("done already")
)

// told says what a store's refusal means to a person.
func told(err error, missing colophon.Code) error {
	for _, known := range []struct {
		err  error
		kind colophon.Kind
		code colophon.Code
	}{{ErrMissing, colophon.Missing, missing}, {ErrChanged, colophon.Conflict, CodeChanged}, {ErrForgotten, colophon.Conflict, CodeForgotten}} {
		if errors.Is(err, known.err) {
			return &colophon.Error{Kind: known.kind, Code: known.code, Err: err}
		}
	}
	return err
}

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args, Clauses: clauses()}
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS10} }

// word reports whether s is made of lower-case letters, digits and the given marks and starts with a letter or digit.
func word(s, marks string) bool {
	if s == "" || len(s) > maxWord || strings.ContainsRune(marks, rune(s[0])) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune(marks, r)
	})
}

// line reports whether s is short text without control characters; it may be empty.
func line(s string) bool {
	return len(s) <= maxLine && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func note(s string) bool { return len(s) <= MaxNote && utf8.ValidString(s) }

func page(limit int) int {
	if limit <= 0 {
		return 100
	}
	return min(limit, MaxPage)
}

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// overlap reports whether two lists have a word in common.
func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
