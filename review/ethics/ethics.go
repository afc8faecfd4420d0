// Package ethics keeps the ethics reviews of science and technology (Deep Synthesis Provisions Art. 7): the committee, the
// application of six parts, the meeting with its quorum, who is kept out for an interest, votes, decision, the clock, conditions
// and follow-ups.
//
// The rules come from the Measures for Ethics Review of Science and Technology (trial, 2023) and those for artificial
// intelligence (2026), which were read second-hand or not at all: [Rules] tells of each figure where it comes from and how sure
// it is, and pages show that.
//
// Whether an application falls under the list for which experts review again is asked, and a person answers: nothing here
// derives the answer. Until it is given nothing is decided, and where it is yes nothing is approved before the experts agreed.
//
// Members of the committee are named by an identifier of ours. Who of the staff they are stands beside it; the name of a member
// from outside is sealed.
//
// What not to do here: never count a member who has an interest, neither for the quorum nor as a vote. Never let the applicant
// decide. Never name a person in an application.
package ethics

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Names of the ledgers.
const (
	LedgerReviews = "ethics-reviews"
	LedgerMembers = "ethics-members"
)

// Types of records.
const (
	RecordSeated     evidence.Type = "ethics.seated"
	RecordUnseated   evidence.Type = "ethics.unseated"
	RecordRead       evidence.Type = "ethics.name-read" // of a member from outside
	RecordApplied    evidence.Type = "ethics.applied"
	RecordAccepted   evidence.Type = "ethics.accepted"
	RecordReturned   evidence.Type = "ethics.returned"
	RecordAmended    evidence.Type = "ethics.amended"
	RecordPaused     evidence.Type = "ethics.paused"
	RecordResumed    evidence.Type = "ethics.resumed"
	RecordExtended   evidence.Type = "ethics.extended"
	RecordAnswered   evidence.Type = "ethics.expert-answered"
	RecordExpert     evidence.Type = "ethics.expert-reviewed"
	RecordMet        evidence.Type = "ethics.met"
	RecordRecused    evidence.Type = "ethics.recused"
	RecordVoted      evidence.Type = "ethics.voted"
	RecordDecided    evidence.Type = "ethics.decided"
	RecordConfirmed  evidence.Type = "ethics.confirmed"
	RecordFollowed   evidence.Type = "ethics.followed"
	RecordRegistered evidence.Type = "ethics.registered"
	RecordEnded      evidence.Type = "ethics.ended"
)

// Codes of errors.
const (
	CodeInvalid    colophon.Code = "ethics-invalid"    // arg "field"
	CodeMissing    colophon.Code = "ethics-missing"    // there is no such review or member
	CodeStep       colophon.Code = "ethics-step"       // args "from", "to"
	CodePerson     colophon.Code = "ethics-person"     // a person has to do it
	CodeOwn        colophon.Code = "ethics-own"        // another person has to do it
	CodeQuorum     colophon.Code = "ethics-quorum"     // args "present", "needed": too few members without an interest are there
	CodeCategory   colophon.Code = "ethics-category"   // arg "category": nobody of it is there
	CodeRecused    colophon.Code = "ethics-recused"    // the member has an interest
	CodeAbsent     colophon.Code = "ethics-absent"     // the member is not at the meeting
	CodeVoted      colophon.Code = "ethics-voted"      // the member voted already
	CodeOpenVotes  colophon.Code = "ethics-open-votes" // arg "count": so many did not vote yet
	CodeMajority   colophon.Code = "ethics-majority"   // no outcome has two thirds
	CodeUnanswered colophon.Code = "ethics-unanswered" // nobody answered whether experts review again
	CodeExperts    colophon.Code = "ethics-experts"    // experts have to agree first
	CodeFollow     colophon.Code = "ethics-follow"     // arg "months": the next follow-up is too far away, or over
	CodePaused     colophon.Code = "ethics-paused"     // the clock stands still
	CodeSeated     colophon.Code = "ethics-seated"     // the account is a member already
)

// State says where a review is.
type State string

// The states.
const (
	Submitted  State = "submitted"
	Incomplete State = "incomplete" // the applicant has to complete it
	Accepted   State = "accepted"   // the clock runs
	Modify     State = "modify"     // approved once it is changed as was said
	Again      State = "again"      // to be changed and reviewed again
	Approved   State = "approved"
	Suspended  State = "suspended"
	Rejected   State = "rejected"
	Ended      State = "ended"
)

// Steps is the life of a review.
func Steps() ledger.Steps[State] {
	return ledger.Steps[State]{
		{Submitted, []State{Accepted, Incomplete, Ended}}, {Incomplete, []State{Submitted, Ended}}, {Accepted, []State{Approved, Modify, Again, Rejected, Ended}},
		{Modify, []State{Approved, Ended}}, {Again, []State{Submitted, Ended}}, {Approved, []State{Suspended, Ended}}, {Suspended, []State{Approved, Ended}}, {Rejected, nil}, {Ended, nil}}
}

// Category is what a member stands for in the committee.
type Category string

// The categories.
const (
	Technology Category = "technology"
	Ethicist   Category = "ethics"
	Law        Category = "law"
	Public     Category = "public" // none of the others
)

// Categories lists the categories.
func Categories() []Category { return []Category{Technology, Ethicist, Law, Public} }

// Vote is what a member says, and what a meeting decides.
type Vote string

// The votes. Nothing is decided by abstaining.
const (
	Approve   Vote = "approve"
	ToModify  Vote = "modify"
	Reapprove Vote = "reapprove"
	Reject    Vote = "reject"
	Abstain   Vote = "abstain"
)

// Votes lists the votes.
func Votes() []Vote { return []Vote{Approve, ToModify, Reapprove, Reject, Abstain} }

// Applicant is why a member takes no part who applied; nobody has to say so.
const Applicant = "applicant"

// Interests lists why else a member takes no part.
func Interests() []string { return []string{"works-on-it", "money", "relation", "other"} }

// Ground is one of the reasons for which experts review again.
type Ground string

// The grounds.
const (
	Fusion   Ground = "fusion"   // fusion of people and machines that strongly affects behaviour, emotion or health
	Opinion  Ground = "opinion"  // algorithms able to mobilise the public or to guide its opinion
	Autonomy Ground = "autonomy" // highly autonomous decisions with risks to safety or health
)

// Grounds lists the grounds, each of which has to be answered.
func Grounds() []Ground { return []Ground{Fusion, Opinion, Autonomy} }

// Rule is one figure that this package goes by.
type Rule struct {
	Name       string `json:"name" doc:"What it is about."`
	Value      int    `json:"value" doc:"The figure."`
	Unit       string `json:"unit" enum:"people,days,hours,months,percent,years" doc:"What it counts."`
	Source     string `json:"source" doc:"Where it stands."`
	Confidence string `json:"confidence" enum:"primary,secondary,unconfirmed" doc:"How sure that is: secondary, a source quotes it; unconfirmed, nobody looked it up."`
}

const (
	quorum         = 5
	committee      = 7
	limitDays      = 30
	limitEmergency = 72
	followMonths   = 12
	followListed   = 6
	majorityOf     = 67 // of a hundred, as it is told; it is reckoned as two thirds
	termYears      = 5
)

// Rules lists the figures that this package goes by.
func Rules() []Rule {
	return []Rule{
		{"committee", committee, "people", "国科发监〔2023〕167号 第七条", "unconfirmed"}, {"quorum", quorum, "people", "国科发监〔2023〕167号 第十四条", "secondary"},
		{"majority", majorityOf, "percent", "国科发监〔2023〕167号", "unconfirmed"}, {"limit", limitDays, "days", "工信部联科〔2026〕75号 第十六条", "secondary"},
		{"emergency", limitEmergency, "hours", "国科发监〔2023〕167号", "unconfirmed"}, {"follow", followMonths, "months", "工信部联科〔2026〕75号", "secondary"},
		{"follow-listed", followListed, "months", "工信部联科〔2026〕75号 第二十一至二十五条", "secondary"}, {"term", termYears, "years", "国科发监〔2023〕167号 第七条", "unconfirmed"},
	}
}

// Member is somebody of the committee. The name of one from outside is sealed beside it.
type Member struct {
	Category Category  `json:"category" enum:"technology,ethics,law,public" doc:"What the member stands for."`
	Chair    bool      `json:"chair,omitempty" doc:"Leads meetings."`
	Outside  bool      `json:"outside,omitempty" doc:"Does not belong to the provider."`
	Account  string    `json:"account,omitempty" maxLength:"64" doc:"Staff account of the member, who then votes alone; absent for one without an account."`
	Until    time.Time `json:"until" required:"false" doc:"End of the term."`
}

// MemberEntry is a member as it is kept; its state is seated or unseated.
type MemberEntry = ledger.Entry[Member]

// The states of a member.
const (
	Seated   = "seated"
	Unseated = "unseated"
)

// person is what is sealed of a member.
type person struct {
	Name string `json:"name"`
}

func ident(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == utf8.RuneError })
}

const maxProse = 8192

func prose(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= maxProse && utf8.ValidString(s)
}

// maybe is prose that may be left out.
func maybe(s string) bool { return s == "" || prose(s) }

// day is the beginning of a day in Beijing.
func day(s string) (time.Time, error) {
	return time.ParseInLocation(time.DateOnly, s, time.FixedZone("CST", 8*60*60))
}

func to(e *Entry, s State) error {
	if !Steps().May(State(e.State), s) {
		return stepped(e.State, s)
	}
	e.State = string(s)
	return nil
}

// in refuses what can be done in other states alone.
func in(e *Entry, states ...State) error {
	if !slices.Contains(states, State(e.State)) {
		return stepped(e.State, states[0])
	}
	return nil
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS7} }

func refused(code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: colophon.Refused, Code: code, Args: args, Clauses: clauses()}
}

func stepped(from string, s State) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": from, "to": string(s)}}
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}
