// Package policy keeps the eight systems of rules that Deep Synthesis Provisions Art. 7 asks of a provider, and the two texts
// that Generative AI Measures Art. 10 asks for, as documents in numbered versions. One person writes a version, another approves it; each has an owner, who answers for it, and a day by
// which it is to be reviewed. A review is an entry beside the text, by somebody who did not write it, and sets the next day.
//
// A document may be for everybody: its version in force then stands on a public page, without who wrote, owns or approved it.
// The texts of Art. 10 always are; of the eight the provider decides, since a system may tell whom it guards against how.
//
// What was approved is never changed or taken back. It is in force from its day until a later version of the same system is,
// and [Keeper.Standings] says of each system whether one is, and whether its review is over. A document shows that there is a
// rule, and never that it is kept: that is for the probes of package duty.
//
// What not to do here: no text of our own stands in for a provider's. Never let the author approve. Never count a version
// whose day of review is over as in order.
package policy

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/workday"
)

// Ledger is the name of the ledger of versions.
const Ledger = "duty-policies"

// Types of records.
const (
	RecordDrafted   evidence.Type = "duty.policy-drafted"
	RecordApproved  evidence.Type = "duty.policy-approved"
	RecordWithdrawn evidence.Type = "duty.policy-withdrawn"
	RecordReviewed  evidence.Type = "duty.policy-reviewed"
)

// Codes of errors.
const (
	CodeInvalid colophon.Code = "duty-policy-invalid" // arg "field"
	CodeMissing colophon.Code = "duty-policy-missing" // there is no such version
	CodeStep    colophon.Code = "duty-policy-step"    // args "from", "to"
	CodePerson  colophon.Code = "duty-policy-person"  // a person has to do it
	CodeOwn     colophon.Code = "duty-policy-own"     // the author can't approve or review
)

// System is one of the eight systems of rules.
type System string

// The systems, in the order of the article.
const (
	Registration System = "registration"         // 用户注册
	Mechanism    System = "mechanism-review"     // 算法机制机理审核
	Ethics       System = "ethics-review"        // 科技伦理审查
	Release      System = "release-review"       // 信息发布审核
	Data         System = "data-security"        // 数据安全
	Personal     System = "personal-information" // 个人信息保护
	Fraud        System = "anti-fraud"           // 反电信网络诈骗
	Emergency    System = "emergency"            // 应急处置
)

// The texts of Generative AI Measures Art. 10, which are kept in the same way.
const (
	Purposes System = "suitable-use" // 适用人群、场合、用途
	Minors   System = "minors"       // 防范未成年人过度依赖或者沉迷
)

// Systems lists the eight.
func Systems() []System {
	return []System{Registration, Mechanism, Ethics, Release, Data, Personal, Fraud, Emergency}
}

// Texts lists the two that are for everybody.
func Texts() []System { return []System{Purposes, Minors} }

// All lists the eight and then the two.
func All() []System { return append(Systems(), Texts()...) }

// Code is the code of the system's sentence.
func (s System) Code() colophon.Code { return colophon.Code("duty-policy-" + string(s)) }

// State says where a version is.
type State string

// The states.
const (
	Drafted   State = "draft"
	Approved  State = "approved"
	Withdrawn State = "withdrawn" // a draft that nobody approved
)

var steps = ledger.Steps[State]{
	{Drafted, []State{Approved, Withdrawn}},
	{Approved, nil},
	{Withdrawn, nil},
}

// States lists the states in the order of a version's life.
func States() []State { return steps.States() }

// May reports whether a version may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// Document is what a person writes.
type Document struct {
	System System `json:"system"`
	Title  string `json:"title"`
	Text   string `json:"text"` // Markdown, in Chinese
	// English is a translation; it may be empty.
	English string `json:"english,omitempty"`
	Public  bool   `json:"public,omitempty"` // everybody may read it while it is in force
	Owner   string `json:"owner"`            // staff account that answers for it
	Review  string `json:"review"`           // the day by which it is to be reviewed, as 2006-01-02 in Beijing
	Change  string `json:"change"`           // what changed, and why
}

// Reviewed says that somebody looked whether a version still fits.
type Reviewed struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Note string    `json:"note"`
	Next string    `json:"next"` // the next day of review
}

// Version is a document with its history.
type Version struct {
	ID        string     `json:"-"`
	State     State      `json:"-"`
	Document  Document   `json:"document"`
	Digest    string     `json:"digest"`           // SHA-256 of the document's canonical JSON, in hex
	Number    int        `json:"number,omitempty"` // of approved versions of the system, from 1
	Author    string     `json:"author"`
	Approver  string     `json:"approver,omitempty"`
	Effective time.Time  `json:"effective,omitzero"`
	Reviews   []Reviewed `json:"reviews,omitempty"`
}

// Until is when the version is to be reviewed by what was known at a time: the end of the day that the last review before it
// set. It is zero for what is no day.
func (v Version) Until(known time.Time) time.Time {
	next := v.Document.Review
	for _, r := range v.Reviews {
		if !r.At.After(known) {
			next = r.Next
		}
	}
	return endOf(next)
}

// endOf is the end of a day in Beijing; zero for what is no day.
func endOf(day string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, day, workday.Beijing())
	if err != nil {
		return time.Time{}
	}
	return at.AddDate(0, 0, 1).UTC()
}

// Bounds of a document.
const (
	MaxText  = 256 << 10 // bytes of each text
	maxTitle = 200       // bytes
	maxNote  = 4 << 10   // bytes
	longest  = 1         // years until the next review
)

// check looks at a document that is written at a time.
func (d Document) check(now time.Time) error {
	fields := []struct {
		name string
		good bool
	}{
		{"system", slices.Contains(All(), d.System)},
		{"public", d.Public || !slices.Contains(Texts(), d.System)},
		{"title", strings.TrimSpace(d.Title) != "" && prose(d.Title, maxTitle)},
		{"text", strings.TrimSpace(d.Text) != "" && prose(d.Text, MaxText)},
		{"english", prose(d.English, MaxText)},
		{"owner", d.Owner != "" && prose(d.Owner, 128)},
		{"review", soon(d.Review, now)},
		{"change", strings.TrimSpace(d.Change) != "" && prose(d.Change, maxNote)},
	}
	for _, f := range fields {
		if !f.good {
			return invalid(f.name)
		}
	}
	return nil
}

// soon reports whether a day of review is still to come, and within a year.
func soon(day string, now time.Time) bool {
	end := endOf(day)
	return end.After(now) && !end.After(now.AddDate(longest, 0, 1))
}

func prose(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}
