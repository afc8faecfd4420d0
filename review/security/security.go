// Package security keeps the security self-assessments that the Provisions of 2018 ask for (Security Assessment Provisions for
// Internet Information Services with Attributes of Public Opinion or Social Mobilisation), which Deep Synthesis Provisions Art.
// 15 and 20 ask for too, and what brings one about.
//
// An assessment speaks of [Heads]: the eight of Art. 5, tools that make faces and voices, and what GB/T 45654 looks at. Each head
// is answered by queries over live records: an [Answer] has a time, a count, and identifiers of what was counted, so that anybody
// can look. What a person says of a head stands beside it. It never makes a head pass, and it never covers one that failed: such
// a head is attested at most.
//
// What brings an assessment about (Art. 3) is watched: [Keeper.Sweep] asks the application for signals and opens a [Trigger] for
// each that is new, with the clock that Art. 7 gives it.
//
// What not to do here: ask nothing of the rest of the program but through [Source]. Never let an error read as passed. Never
// name a person.
package security

import (
	"context"
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
	LedgerAssessments = "security-assessments"
	LedgerTriggers    = "security-triggers"
)

// Types of records.
const (
	RecordTriggered evidence.Type = "security.triggered"
	RecordDue       evidence.Type = "security.due"
	RecordDismissed evidence.Type = "security.dismissed"
	RecordAnswered  evidence.Type = "security.answered"
	RecordDrafted   evidence.Type = "security.drafted"
	RecordAsked     evidence.Type = "security.asked"
	RecordStated    evidence.Type = "security.stated"
	RecordProposed  evidence.Type = "security.proposed"
	RecordApproved  evidence.Type = "security.approved"
	RecordRejected  evidence.Type = "security.rejected"
	RecordFiled     evidence.Type = "security.filed"
	RecordWithdrawn evidence.Type = "security.withdrawn"
)

// Codes of errors.
const (
	CodeInvalid colophon.Code = "security-invalid"   // arg "field"
	CodeMissing colophon.Code = "security-missing"   // there is no such assessment or trigger
	CodeStep    colophon.Code = "security-step"      // args "from", "to"
	CodePerson  colophon.Code = "security-person"    // a person has to do it
	CodeOwn     colophon.Code = "security-own"       // another person has to do it
	CodeNotMet  colophon.Code = "security-not-met"   // arg "head": its answers failed; what is wrong has to be mended first
	CodeUnsaid  colophon.Code = "security-unsaid"    // arg "head": it could not be told, and nobody said anything about it
	CodeError   colophon.Code = "security-why-error" // a query ended with an error, so it could not be told
	CodeOld     colophon.Code = "security-old"       // arg "hours": the answers are older than that
)

// Kind says what brings an assessment about (Art. 3).
type Kind string

// The kinds.
const (
	Launch     Kind = "launch"     // a service goes live
	Function   Kind = "function"   // a service gets another function
	Technology Kind = "technology" // what a function does or how changed
	Growth     Kind = "growth"     // many more users
	Spread     Kind = "spread"     // illegal content spread
	Notice     Kind = "notice"     // an authority asked in writing
)

// Kinds lists the kinds in the order of the article.
func Kinds() []Kind { return []Kind{Launch, Function, Technology, Growth, Spread, Notice} }

// Before reports whether the report has to be there before something goes live; else it has thirty working days.
func (k Kind) Before() bool { return k == Launch || k == Function || k == Technology }

// workingDays is how long there is for what is not known before (Art. 7).
const workingDays = 30

// States of a trigger.
const (
	Open      = "open"
	Answered  = "answered"
	Dismissed = "dismissed"
)

// Trigger is something that brings an assessment about.
type Trigger struct {
	Kind       Kind      `json:"kind" enum:"launch,function,technology,growth,spread,notice" doc:"What it is."`
	Ref        string    `json:"ref" doc:"What shows it: identifier of a function, an incident, a duty, an order or a letter."`
	At         time.Time `json:"at" doc:"When it came about."`
	Due        time.Time `json:"due,omitzero" doc:"By when the report has to be handed in; absent for what is not live yet, where it has to be before that."`
	Unsure     []int     `json:"unsure,omitempty" nullable:"false" doc:"Years whose public holidays are not known, in which the day may be a little early."`
	Assessment string    `json:"assessment,omitempty" doc:"Assessment that answered it."`
	By         string    `json:"by,omitempty" doc:"Staff account that entered or dismissed it; absent for what was watched."`
	Closed     time.Time `json:"closed,omitzero" doc:"When it was answered or dismissed."`
}

// TriggerEntry is a trigger as it is kept.
type TriggerEntry = ledger.Entry[Trigger]

// Signal is something that the application saw.
type Signal struct {
	Kind Kind
	Ref  string
	At   time.Time
	Live time.Time // of a kind that has to be assessed before: when it went live; zero while it did not
}

// Baseline is what the last assessment that was filed rests on.
type Baseline struct {
	At       time.Time
	Accounts int
	Models   map[string]string // digest of the facts of each function
}

// Answer is what a query found.
type Answer struct {
	Query   string        `json:"query" doc:"Name of the query."`
	Verdict string        `json:"verdict" enum:"passed,failed,could-not-tell" doc:"What it says."`
	Why     colophon.Code `json:"why,omitempty" doc:"Code of why."`
	Args    colophon.Args `json:"args,omitempty" doc:"What the sentence of the code is filled with."`
	Count   int           `json:"count" doc:"How many were looked at."`
	Against int           `json:"against" doc:"How many of them speak against it."`
	Of      string        `json:"of,omitempty" enum:"artefact,bank,case,function,order,report-duty,run,staff" doc:"What the identifiers name, where it is of one kind."`
	Sample  []string      `json:"sample" nullable:"false" doc:"Identifiers of some; those that speak against it first."`
	At      time.Time     `json:"at" doc:"When it was asked."`
}

// Source is the running system as assessments ask it.
type Source interface {
	// Ask answers a query. An error counts as not told.
	Ask(ctx context.Context, query string) (Answer, error)
	// Watch tells what happened, over and over, since the last assessment that was filed.
	Watch(ctx context.Context, since Baseline) ([]Signal, error)
	// Now tells what an assessment rests on.
	Now(ctx context.Context) (Baseline, error)
}

// maxSample bounds how many identifiers an answer keeps.
const maxSample = 20

// moment is a time as ledgers keep it.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func ident(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError })
}

const maxProse = 8192

func prose(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= maxProse && utf8.ValidString(s)
}

func clauses() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseSA5, colophon.ClauseDS15, colophon.ClauseDS20}
}

func refused(code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: colophon.Refused, Code: code, Args: args, Clauses: clauses()}
}

func stepped(from, to string) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": from, "to": to}}
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

// Head is one thing that an assessment looks at.
type Head struct {
	ID         string   `json:"id" doc:"Identifier."`
	Group      string   `json:"group" enum:"provisions,tools,standard" doc:"Where it comes from: the eight heads of 2018, tools of Deep Synthesis Provisions Art. 15, or GB/T 45654."`
	Article    string   `json:"article" doc:"Where it stands."`
	Queries    []string `json:"queries" nullable:"false" doc:"What is asked of live records."`
	Confidence string   `json:"confidence" enum:"primary,secondary,unconfirmed" doc:"How sure it is that this is asked."`
}

// Heads lists the heads in the order of a report.
func Heads() []Head {
	return []Head{
		{"staff", "provisions", "安全评估规定 第五条（一）", []string{"staff-roles"}, "primary"},
		{"identity", "provisions", "安全评估规定 第五条（二）", []string{"identity-held"}, "primary"},
		{"logs", "provisions", "安全评估规定 第五条（三）", []string{"network-log", "deliveries-logged"}, "primary"},
		{"content", "provisions", "安全评估规定 第五条（四）", []string{"library-procedure", "judged"}, "primary"},
		{"personal", "provisions", "安全评估规定 第五条（五）", []string{"impact-assessed", "orders-effective"}, "primary"},
		{"complaints", "provisions", "安全评估规定 第五条（六）", []string{"limits-published", "entrance-open", "cases-in-time"}, "primary"},
		{"authority", "provisions", "安全评估规定 第五条（七）", []string{"reports-filed"}, "primary"},
		{"police", "provisions", "安全评估规定 第五条（八）", []string{"packs-ready"}, "primary"},
		{"tools", "tools", "深度合成规定 第十五条", []string{"tools-reviewed"}, "primary"},
		{"keywords", "standard", "GB/T 45654-2025", []string{"standard-keywords"}, "secondary"},
		{"banks", "standard", "GB/T 45654-2025", []string{"standard-banks"}, "secondary"},
		{"evaluation", "standard", "GB/T 45654-2025", []string{"standard-evaluation"}, "secondary"},
		{"corpus", "standard", "GB/T 45654-2025", []string{"datasets-described"}, "secondary"},
		{"marks", "standard", "GB/T 45654-2025", []string{"label-read-back"}, "secondary"},
	}
}

// Queries lists the names of all queries.
func Queries() []string {
	var list []string
	for _, h := range Heads() {
		list = append(list, h.Queries...)
	}
	return list
}

func known(head string) bool {
	return slices.ContainsFunc(Heads(), func(h Head) bool { return h.ID == head })
}
