package ethics

import (
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Application is what is applied for, in six parts (Measures for Ethics Review, 2023, Art. 9). It names no person.
type Application struct {
	About     string       `json:"about" minLength:"1" maxLength:"64" doc:"Identifier of the function or algorithm." example:"portrait-swap"`
	Title     string       `json:"title" minLength:"1" maxLength:"256" doc:"Short name of what is planned."`
	Overview  Overview     `json:"overview" doc:"Part 1: what it is."`
	Plan      Plan         `json:"plan" doc:"Part 2: how it is done, what may happen, and what is done against it."`
	Bodies    Bodies       `json:"bodies" doc:"Part 3: who does it, with which money and which interests."`
	Consent   ConsentPart  `json:"consent" doc:"Part 4: consent of those concerned, and where data come from."`
	Pledge    bool         `json:"pledge" doc:"Part 5: the applicant undertakes to keep to the ethics of science and technology."`
	Other     string       `json:"other,omitempty" maxLength:"8192" doc:"Part 6: what the committee asks for besides."`
	Risks     []EthicsRisk `json:"risks" nullable:"false" maxItems:"50" doc:"Risks, each with what is done against it."`
	Emergency string       `json:"emergency,omitempty" maxLength:"8192" doc:"Why it can't wait: then the emergency procedure applies."`
}

// Overview is the first part.
type Overview struct {
	Aim     string `json:"aim" maxLength:"8192" doc:"What for."`
	Meaning string `json:"meaning" maxLength:"8192" doc:"What it is good for."`
	Need    string `json:"need" maxLength:"8192" doc:"Why it is needed."`
	Before  string `json:"before,omitempty" maxLength:"8192" doc:"Ethics reviews before this one."`
}

// Plan is the second part.
type Plan struct {
	Plan       string `json:"plan" maxLength:"8192" doc:"What is done, step by step."`
	Emergency  string `json:"emergency" maxLength:"8192" doc:"What is done when something goes wrong."`
	Publishing string `json:"publishing" maxLength:"8192" doc:"How results are made public."`
}

// Bodies is the third part.
type Bodies struct {
	Papers     string `json:"papers" maxLength:"8192" doc:"Legal papers of the bodies that take part."`
	Experience string `json:"experience" maxLength:"8192" doc:"Experience of those who do it, and their training in ethics; without names."`
	Funding    string `json:"funding" maxLength:"8192" doc:"Where the money comes from."`
	Interests  string `json:"interests" maxLength:"8192" doc:"Conflicts of interest, or that there are none."`
}

// ConsentPart is the fourth part.
type ConsentPart struct {
	Form    string `json:"form" maxLength:"8192" doc:"How those concerned are asked, or why nobody is."`
	Sources string `json:"sources" maxLength:"8192" doc:"Where data and samples come from."`
}

// EthicsRisk is one risk.
type EthicsRisk struct {
	Risk     string `json:"risk" maxLength:"8192" doc:"What may happen."`
	Who      string `json:"who" maxLength:"8192" doc:"To whom."`
	Severity string `json:"severity" enum:"low,medium,high" doc:"How grave it is."`
	Control  string `json:"control" maxLength:"8192" doc:"What is done against it."`
	Residual string `json:"residual" enum:"low,medium,high" doc:"What is left."`
}

func (a Application) check() error {
	if !ident(a.About) || len(a.About) > 64 {
		return invalid("about")
	}
	for _, f := range []struct{ name, text string }{{"title", a.Title}, {"aim", a.Overview.Aim}, {"meaning", a.Overview.Meaning}, {"need", a.Overview.Need}, {"plan", a.Plan.Plan}, {"emergency", a.Plan.Emergency}, {"publishing", a.Plan.Publishing},
		{"papers", a.Bodies.Papers}, {"experience", a.Bodies.Experience}, {"funding", a.Bodies.Funding}, {"interests", a.Bodies.Interests}, {"form", a.Consent.Form}, {"sources", a.Consent.Sources}} {
		if !prose(f.text) {
			return invalid(f.name)
		}
	}
	for _, f := range []struct{ name, text string }{{"before", a.Overview.Before}, {"other", a.Other}, {"emergency", a.Emergency}} {
		if !maybe(f.text) {
			return invalid(f.name)
		}
	}
	if !a.Pledge {
		return invalid("pledge")
	}
	if len(a.Risks) == 0 || len(a.Risks) > 50 {
		return invalid("risks")
	}
	grades := []string{"low", "medium", "high"}
	for _, r := range a.Risks {
		if !prose(r.Risk) || !prose(r.Who) || !prose(r.Control) || !slices.Contains(grades, r.Severity) || !slices.Contains(grades, r.Residual) {
			return invalid("risks")
		}
	}
	return nil
}

// Seat is a member at a meeting.
type Seat struct {
	Member   string    `json:"member" doc:"Identifier of the member."`
	Category Category  `json:"category" enum:"technology,ethics,law,public" doc:"What the member stands for."`
	Outside  bool      `json:"outside,omitempty" doc:"Does not belong to the provider."`
	Account  string    `json:"account,omitempty" doc:"Staff account of the member."`
	Recused  string    `json:"recused,omitempty" enum:"applicant,works-on-it,money,relation,other" doc:"Why the member takes no part; absent for one who does."`
	Vote     Vote      `json:"vote,omitempty" enum:"approve,modify,reapprove,reject,abstain" doc:"What the member said."`
	Cast     time.Time `json:"cast,omitzero" doc:"When."`
	By       string    `json:"by,omitempty" doc:"Staff account that entered the vote: the member's own, or whoever keeps the minutes of one without an account."`
}

// Pause is a time that the clock leaves out.
type Pause struct {
	Reason string    `json:"reason" enum:"supplement,experts" doc:"Why: the applicant completes something, or experts review again."`
	From   time.Time `json:"from" doc:"When it began."`
	Until  time.Time `json:"until,omitzero" doc:"When it ended; absent while it lasts."`
}

// GroundAnswer is what a person answered about one ground of expert review.
type GroundAnswer struct {
	Ground  Ground `json:"ground" enum:"fusion,opinion,autonomy" doc:"The ground."`
	Applies bool   `json:"applies" doc:"Whether it applies."`
	Why     string `json:"why" maxLength:"8192" doc:"Why, or why not."`
}

// Experts is the review by experts, which comes on top for what is listed.
type Experts struct {
	Agree     bool      `json:"agree" doc:"Whether they agree with approving it."`
	Reference string    `json:"reference" maxLength:"256" doc:"Reference of their opinion."`
	Proof     string    `json:"proof" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of their opinion, in hexadecimal."`
	At        time.Time `json:"at" doc:"When they gave it."`
}

// Outcome is what a meeting decided.
type Outcome struct {
	Vote       Vote           `json:"vote" enum:"approve,modify,reapprove,reject" doc:"What was decided."`
	Reasons    string         `json:"reasons" doc:"Why; of a decision that asks for changes, which."`
	Conditions []string       `json:"conditions,omitempty" nullable:"false" doc:"What has to be kept to."`
	At         time.Time      `json:"at" doc:"When."`
	By         string         `json:"by" doc:"Staff account that closed the vote."`
	Tally      map[string]int `json:"tally" doc:"Votes."`
	Late       bool           `json:"late,omitempty" doc:"It was decided after the time limit."`
}

// FollowUp is one look at what was approved.
type FollowUp struct {
	At      time.Time `json:"at" doc:"When."`
	By      string    `json:"by" doc:"Staff account."`
	Finding string    `json:"finding" enum:"continue,suspend" doc:"What follows."`
	Note    string    `json:"note" doc:"What was seen."`
	Next    string    `json:"next" doc:"Day of the next one, in Beijing time."`
}

// Review is an application with its history. Who did something are staff accounts.
type Review struct {
	Application Application    `json:"application"`
	Applicant   string         `json:"applicant"`
	Accepted    time.Time      `json:"accepted,omitzero"`
	By          string         `json:"accepted_by,omitempty"`
	Limit       time.Time      `json:"limit,omitzero"` // by when it has to be decided, without pauses
	Pauses      []Pause        `json:"pauses,omitempty"`
	Grounds     []GroundAnswer `json:"grounds,omitempty"` // empty until a person answered
	GroundsBy   string         `json:"grounds_by,omitempty"`
	Experts     *Experts       `json:"experts,omitempty"`
	Seats       []Seat         `json:"seats,omitempty"`
	Minutes     string         `json:"minutes,omitempty"` // who keeps the minutes of the meeting
	// Recused says which members declared an interest, and which; at all meetings about it.
	Recused  map[string]string `json:"recused,omitempty"`
	Outcome  *Outcome          `json:"outcome,omitempty"`
	Followed []FollowUp        `json:"followed,omitempty"`
	Next     string            `json:"next,omitempty"` // day of the next follow-up
	Number   string            `json:"number,omitempty"`
	Round    int               `json:"round"` // of review, from 1
	Note     string            `json:"note,omitempty"`
}

// Entry is a review as it is kept.
type Entry = ledger.Entry[Review]

// Listed reports whether a person answered that it falls under the list.
func (r Review) Listed() bool {
	return slices.ContainsFunc(r.Grounds, func(g GroundAnswer) bool { return g.Applies })
}

// Running reports whether the clock runs.
func (r Review) Running() bool {
	return !r.Accepted.IsZero() && (len(r.Pauses) == 0 || !r.Pauses[len(r.Pauses)-1].Until.IsZero())
}

// Due is by when it has to be decided: the time limit, and the pauses on top. One that lasts is counted until now.
func (r Review) Due(now time.Time) time.Time {
	if r.Limit.IsZero() {
		return time.Time{}
	}
	due := r.Limit
	for _, p := range r.Pauses {
		until := p.Until
		if until.IsZero() {
			until = now
		}
		due = due.Add(until.Sub(p.From))
	}
	return due
}

// Present lists the members that take part: those who are there and have no interest.
func (r Review) Present() []Seat {
	var list []Seat
	for _, s := range r.Seats {
		if s.Recused == "" {
			list = append(list, s)
		}
	}
	return list
}

// Quorum reports why the meeting can't decide; nil where it can.
func (r Review) Quorum() error {
	list := r.Present()
	if len(list) < quorum {
		return refused(CodeQuorum, colophon.Args{"present": itoa(len(list)), "needed": itoa(quorum)})
	}
	for _, c := range []Category{Technology, Ethicist, Law} {
		if !slices.ContainsFunc(list, func(s Seat) bool { return s.Category == c }) {
			return refused(CodeCategory, colophon.Args{"category": string(c)})
		}
	}
	if !slices.ContainsFunc(list, func(s Seat) bool { return s.Outside }) {
		return refused(CodeCategory, colophon.Args{"category": "outside"})
	}
	return nil
}

// tally counts the votes, and says which outcome has two thirds of those present.
func (r Review) tally() (Vote, map[string]int, int) {
	present, open := r.Present(), 0
	count := map[string]int{}
	for _, s := range present {
		if s.Vote == "" {
			open++
			continue
		}
		count[string(s.Vote)]++
	}
	for _, v := range []Vote{Approve, ToModify, Reapprove, Reject} {
		if 3*count[string(v)] >= 2*len(present) && len(present) > 0 {
			return v, count, open
		}
	}
	return "", count, open
}
