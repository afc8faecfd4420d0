package refutation

import (
	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// State says where a refutation is.
type State string

// The states.
const (
	Drafted   State = "draft"
	Proposed  State = "proposed" // somebody else has to look at it
	Published State = "published"
	Corrected State = "corrected" // another stands instead of it
	Withdrawn State = "withdrawn" // given up; one that was published says why
)

var steps = ledger.Steps[State]{
	{Drafted, []State{Drafted, Proposed, Withdrawn}},
	{Proposed, []State{Drafted, Published, Withdrawn}},
	{Published, []State{Corrected, Withdrawn}},
	{Corrected, nil},
	{Withdrawn, nil},
}

// States lists the states in the order of a refutation's life.
func States() []State { return steps.States() }

// May reports whether a refutation may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// NoticeState says where a notice is.
type NoticeState string

// The states of a notice.
const (
	Waiting     NoticeState = "waiting"
	Told        NoticeState = "told" // it was shown or sent
	Read        NoticeState = "read" // the recipient says so, or opened it
	Unreachable NoticeState = "unreachable"
	Dropped     NoticeState = "dropped" // what it says was corrected or withdrawn before it was told
)

var noticeSteps = ledger.Steps[NoticeState]{
	{Waiting, []NoticeState{Told, Read, Unreachable, Dropped}},
	{Told, []NoticeState{Read}},
	{Read, nil},
	{Unreachable, []NoticeState{Told, Read, Dropped}},
	{Dropped, nil},
}

// NoticeStates lists the states in the order of a notice's life.
func NoticeStates() []NoticeState { return noticeSteps.States() }

// May reports whether a notice may go from one state to another.
func (s NoticeState) May(to NoticeState) bool { return noticeSteps.May(s, to) }

func stuck(code colophon.Code, from, to string) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: code, Args: colophon.Args{"from": from, "to": to}, Clauses: clauses()}
}
