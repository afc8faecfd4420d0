// Package govern draws what governance hands out as reports: assessment runs, reviews, and reports about incidents. Each is made of
// what a capability kept, and drawn by package document.
//
// What not to do here: never decide anything, and never leave out what could not be told.
package govern

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/review/ethics"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/review/security"
)

// reviewer writes the parts of a review in one language.
type reviewer struct {
	say    document.Words
	blocks []document.Block
}

func reviewerIn(w *document.Writer, language string) *reviewer {
	if language == "en" {
		return &reviewer{say: w.Words("en")}
	}
	return &reviewer{say: w.Words("zh")}
}

// field is a row of facts; one that says nothing is left out.
func (r *reviewer) field(name, value string) []string {
	if value == "" {
		return nil
	}
	return []string{r.say("review-field-" + name), value}
}

func (r *reviewer) facts(rows ...[]string) {
	b := document.Block{Kind: document.Facts}
	for _, row := range rows {
		if row != nil {
			b.Rows = append(b.Rows, row)
		}
	}
	r.blocks = append(r.blocks, b)
}

func (r *reviewer) heading(key string) {
	r.blocks = append(r.blocks, document.Block{Kind: document.Heading, Level: 1, Text: r.say(key)})
}

func (r *reviewer) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		r.blocks = append(r.blocks, document.Block{Kind: document.Text, Text: r.say("review-none")})
		return
	}
	b := document.Block{Kind: document.Table, Rows: rows}
	for _, h := range head {
		b.Head = append(b.Head, r.say("review-field-"+h))
	}
	r.blocks = append(r.blocks, b)
}

// word says a value; one without a word is empty.
func (r *reviewer) word(prefix, value string) string {
	if value == "" {
		return ""
	}
	return r.say("review-" + prefix + "-" + value)
}

// code says a code with what it is filled with.
func (r *reviewer) code(c colophon.Code, args colophon.Args) string {
	if c == "" {
		return ""
	}
	var pairs []string
	for name, value := range args {
		pairs = append(pairs, name, value)
	}
	return r.say(string(c), pairs...)
}

// article says where a head stands; a standard has no article of it.
func (r *reviewer) article(h security.HeadResult) string {
	if h.Group == "standard" {
		return h.Article
	}
	return r.word("article", h.ID)
}

func reviewTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(workday.Beijing()).Format("2006-01-02 15:04")
}

// MechanismReport is a mechanism review as a report.
func MechanismReport(w *document.Writer, e mechanism.Entry, a mechanism.Answer, language string) document.Report {
	r, v := reviewerIn(w, language), e.Value
	r.facts(r.field("algorithm", v.Algorithm), r.field("serving", v.Digest), r.field("state", r.word("state", e.State)), r.field("coverage", r.word("coverage", cmp.Or(string(a.State), "could-not-tell"))), r.field("why", r.code(a.Reason, nil)),
		r.field("conclusion", r.word("conclusion", string(v.Conclusion))), r.field("next", v.Next), r.field("author", v.Author), r.field("made", reviewTime(e.Made)), r.field("decider", v.Decider), r.field("decided", reviewTime(v.Decided)), r.field("ended", reviewTime(v.Ended)))
	r.heading("review-part-checks")
	var rows [][]string
	for _, c := range v.Checks {
		rows = append(rows, []string{r.word("point", string(c.Point)), r.word("finding", string(c.Finding)), c.Note, c.Proof})
	}
	r.table([]string{"point", "finding", "note", "proof"}, rows)
	if len(v.Conditions) > 0 {
		r.heading("review-part-conditions")
		rows = nil
		for _, c := range v.Conditions {
			rows = append(rows, []string{c.Text, c.Due, reviewTime(c.Met)})
		}
		r.table([]string{"condition", "due", "met"}, rows)
	}
	return document.Report{Title: r.say("review-title-mechanism"), Subtitle: v.Algorithm, Language: language, At: e.Changed, Digest: v.Digest, Blocks: r.blocks}
}

// EthicsReport is an ethics review as a report. Members are named by their identifiers alone.
func EthicsReport(w *document.Writer, e ethics.Entry, language string) document.Report {
	r, v := reviewerIn(w, language), e.Value
	a := v.Application
	r.facts(r.field("about", a.About), r.field("state", r.word("state", e.State)), r.field("applicant", v.Applicant), r.field("made", reviewTime(e.Made)), r.field("accepted", reviewTime(v.Accepted)), r.field("limit", reviewTime(v.Due(e.Changed))),
		r.field("number", v.Number), r.field("follow", v.Next), r.field("emergency-why", a.Emergency))
	for _, part := range []struct {
		key    string
		fields [][]string
	}{
		{"overview", [][]string{r.field("aim", a.Overview.Aim), r.field("meaning", a.Overview.Meaning), r.field("need", a.Overview.Need), r.field("before", a.Overview.Before)}},
		{"plan", [][]string{r.field("plan", a.Plan.Plan), r.field("emergency", a.Plan.Emergency), r.field("publishing", a.Plan.Publishing)}},
		{"bodies", [][]string{r.field("papers", a.Bodies.Papers), r.field("experience", a.Bodies.Experience), r.field("funding", a.Bodies.Funding), r.field("interests", a.Bodies.Interests)}},
		{"consent", [][]string{r.field("form", a.Consent.Form), r.field("sources", a.Consent.Sources)}},
		{"pledge", [][]string{r.field("pledge", r.say("review-pledged"))}},
		{"other", [][]string{r.field("other", cmp.Or(a.Other, r.say("review-none")))}},
	} {
		r.heading("review-part-" + part.key)
		r.facts(part.fields...)
	}
	r.heading("review-part-risks")
	var rows [][]string
	for _, x := range a.Risks {
		rows = append(rows, []string{x.Risk, x.Who, r.word("grade", x.Severity), x.Control, r.word("grade", x.Residual)})
	}
	r.table([]string{"risk", "who", "severity", "control", "residual"}, rows)
	r.heading("review-part-experts")
	rows = nil
	for _, g := range v.Grounds {
		rows = append(rows, []string{r.word("ground", string(g.Ground)), r.yes(g.Applies), g.Why})
	}
	r.table([]string{"ground", "applies", "why"}, rows)
	if x := v.Experts; x != nil {
		r.facts(r.field("experts-agree", r.yes(x.Agree)), r.field("reference", x.Reference), r.field("proof", x.Proof), r.field("at", reviewTime(x.At)))
	}
	r.meeting(v)
	r.heading("review-part-rules")
	rows = nil
	for _, rule := range ethics.Rules() {
		rows = append(rows, []string{r.say("review-rule-" + rule.Name), strconv.Itoa(rule.Value) + " " + r.word("unit", rule.Unit), rule.Source, r.word("confidence", rule.Confidence)})
	}
	r.table([]string{"rule", "figure", "source", "confidence"}, rows)
	return document.Report{Title: r.say("review-title-ethics"), Subtitle: a.Title, Language: language, At: e.Changed, Blocks: r.blocks}
}

func (r *reviewer) yes(is bool) string {
	if is {
		return r.say("review-yes")
	}
	return r.say("review-no")
}

// meeting says who met, what they said, and what came of it.
func (r *reviewer) meeting(v ethics.Review) {
	r.heading("review-part-meeting")
	var rows [][]string
	for _, s := range v.Seats {
		rows = append(rows, []string{cmp.Or(s.Account, s.Member), r.word("category", string(s.Category)), r.yes(s.Outside), cmp.Or(r.word("recused", s.Recused), r.word("vote", string(s.Vote)))})
	}
	r.table([]string{"member", "category", "outside", "vote"}, rows)
	if o := v.Outcome; o != nil {
		r.facts(r.field("outcome", r.word("vote", string(o.Vote))), r.field("reasons", o.Reasons), r.field("conditions", strings.Join(o.Conditions, "\n")), r.field("decided", reviewTime(o.At)), r.field("decider", o.By), r.field("late", r.yes(o.Late)))
	}
	if len(v.Followed) > 0 {
		r.heading("review-part-followed")
		rows = nil
		for _, f := range v.Followed {
			rows = append(rows, []string{reviewTime(f.At), r.word("follow", f.Finding), f.Note, f.Next})
		}
		r.table([]string{"at", "finding", "note", "next"}, rows)
	}
}

// SecurityReport is a security self-assessment as a report: what Security Assessment Provisions Art. 6 wants in it, each head
// with what its queries found.
func SecurityReport(w *document.Writer, e security.Entry, triggers []security.TriggerEntry, language string) document.Report {
	r, v := reviewerIn(w, language), e.Value
	b := v.Basics
	r.heading("review-part-basics")
	r.facts(r.field("state", r.word("state", e.State)), r.field("functions", b.Functions), r.field("hardware", b.Hardware), r.field("licences", b.Licences), r.field("body", cmp.Or(b.Body, r.say("review-self"))), r.field("asked", reviewTime(v.Asked)))
	r.heading("review-part-triggers")
	var rows [][]string
	for _, t := range triggers {
		rows = append(rows, []string{r.word("trigger", string(t.Value.Kind)), t.Value.Ref, reviewTime(t.Value.At), reviewTime(t.Value.Due)})
	}
	r.table([]string{"trigger", "ref", "at", "due"}, rows)
	results := v.Results()
	for _, group := range []string{"provisions", "tools", "standard"} {
		r.heading("review-group-" + group)
		rows = nil
		for _, h := range results {
			if h.Group == group {
				rows = append(rows, []string{r.word("head", h.ID), r.article(h), r.word("headstate", h.State), r.found(h)})
			}
		}
		r.table([]string{"head", "source", "finding", "found"}, rows)
	}
	r.heading("review-part-conclusion")
	r.facts(r.field("conclusion", r.concluded(results)), r.field("author", v.Author), r.field("decider", v.Decider), r.field("decided", reviewTime(v.Decided)))
	if f := v.Filing; f != nil {
		r.facts(r.field("reference", f.Reference), r.field("filed", reviewTime(f.At)), r.field("proof", f.Proof))
	}
	if b.Other != "" {
		r.heading("review-part-other")
		r.blocks = append(r.blocks, document.Block{Kind: document.Text, Text: b.Other})
	}
	return document.Report{Title: r.say("review-title-security"), Subtitle: b.Title, Language: language, At: v.Asked, Digest: v.Digest, Blocks: r.blocks}
}

// found says what the queries of a head found, with identifiers of some of it, and what a person says.
func (r *reviewer) found(h security.HeadResult) string {
	var lines []string
	for _, a := range h.Answers {
		lines = append(lines, r.word("query", a.Query)+r.say("review-colon")+r.word("finding", a.Verdict)+". "+r.code(a.Why, a.Args), r.say("review-counted", "count", strconv.Itoa(a.Count), "against", strconv.Itoa(a.Against), "at", reviewTime(a.At)))
		if len(a.Sample) > 0 {
			lines = append(lines, r.say("review-sample", "ids", strings.Join(a.Sample[:min(3, len(a.Sample))], ", ")))
		}
	}
	if h.Statement != nil {
		lines = append(lines, r.say("review-stated", "text", h.Statement.Text))
	}
	return strings.Join(lines, "\n")
}

// concluded says how many heads passed, and what that comes to.
func (r *reviewer) concluded(results []security.HeadResult) string {
	count := map[string]int{}
	for _, h := range results {
		count[h.State]++
	}
	return r.say("review-concluded", "passed", strconv.Itoa(count["passed"]), "failed", strconv.Itoa(count["failed"]), "attested", strconv.Itoa(count["attested"]), "unknown", strconv.Itoa(count["could-not-tell"]))
}
