package intake

import (
	"context"
	"fmt"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/shelf"
)

// Codes about what was refuted.
const (
	FindingRecalled      colophon.Code = "intake-recalled"          // the same content was refuted
	FindingRecallAlike   colophon.Code = "intake-recalled-alike"    // it is like content that was refuted: people have to look
	FindingRecallUnknown colophon.Code = "intake-recalled-unlooked" // it could not be looked for, or not all of it
	CodeRecalled         colophon.Code = "intake-refused"           // the same content was refuted, and such is not published here
	CodeRecallFault      colophon.Code = "intake-recall-fault"      // nobody could look, for a fault of ours
)

// Rule says what is done with an upload that is certainly the same as what was refuted.
type Rule string

// The rules. What is only alike is flagged under each of them.
const (
	RuleFlag   Rule = "flag"   // people look
	RuleLabel  Rule = "label"  // the words of the refutation are shown around it, too
	RuleRefuse Rule = "refuse" // it gets no elements and is not handed out
)

// Rules lists them.
func Rules() []Rule { return []Rule{RuleFlag, RuleLabel, RuleRefuse} }

// Recall is what somebody said is false about content.
type Recall struct {
	Refutation string       `json:"refutation"`       // as its provider knows it
	Source     string       `json:"source,omitempty"` // the feed that it came from, by the name it has here; empty for this service
	Claim      feed.Words   `json:"claim"`
	Verdict    feed.Verdict `json:"verdict"`
	Reason     feed.Words   `json:"reason"`
	URL        string       `json:"url,omitempty"`
	Since      time.Time    `json:"since,omitzero"`
	shelf.Match
}

// Recalls knows what was publicly said to be false: here, and by those whose recall feeds are followed.
type Recalls interface {
	// Recalled returns what was said about content with these content numbers in its labels, the surest first. Unlooked says
	// why some of it could not be looked for, and is empty for nothing. An error says that nobody could tell.
	Recalled(ctx context.Context, s Sample, numbers []string) (list []Recall, unlooked colophon.Code, err error)
}

// recalled is what a look for refutations came to.
type recalled struct {
	outcome  Outcome
	list     []Recall
	findings []colophon.Finding
}

// recall looks for what was refuted, while other things are done. What fails could not be told.
func (l *Line) recall(ctx context.Context, s Sample, r *label.Report) func() recalled {
	if l.c.Recalls == nil {
		return func() recalled { return recalled{} }
	}
	var numbers []string
	for _, m := range r.Marks {
		for _, n := range []string{m.Fields.ProduceID, m.Fields.PropagateID} {
			if n != "" && len(numbers) < feed.MaxPrints && (&feed.Prints{Numbers: []string{n}}).Check() == "" {
				numbers = append(numbers, n)
			}
		}
	}
	var out recalled
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(ctx, l.c.Patience)
		defer cancel()
		out = l.ask(ctx, s, numbers)
	}()
	return func() recalled { <-done; return out }
}

func (l *Line) ask(ctx context.Context, s Sample, numbers []string) (out recalled) {
	defer func() {
		if fault := recover(); fault != nil {
			out = recalled{outcome: CouldNotTell}
			out.find(FindingRecallUnknown)
			l.report(ctx, fmt.Errorf("looking for refutations of an upload: %v", fault))
		}
	}()
	list, unlooked, err := l.c.Recalls.Recalled(ctx, s, numbers)
	if err != nil {
		l.report(ctx, fmt.Errorf("looking for refutations of an upload: %w", err))
		unlooked = CodeRecallFault
	}
	out = recalled{outcome: NotSeen, list: list}
	if unlooked != "" {
		out.outcome = CouldNotTell
		out.find(FindingRecallUnknown)
	}
	switch {
	case len(list) > 0 && list[0].Certain:
		out.outcome = Seen
		out.find(FindingRecalled)
	case len(list) > 0: // a likeness is a reason to look, and no verdict
		out.outcome = CouldNotTell
		out.find(FindingRecallAlike)
	}
	return out
}

func (l *Line) report(ctx context.Context, err error) {
	if l.c.Report != nil {
		l.c.Report(ctx, err)
	}
}

func (o *recalled) find(code colophon.Code) {
	f := colophon.Finding{Code: code, Level: colophon.Doubt, Clause: colophon.ClauseDS11, Offset: -1}
	if code == FindingRecalled {
		f.Level = colophon.Warning
	}
	o.findings = append(o.findings, f)
}

// tell notes what the look came to, and reports whether the upload is refused for it.
func (l *Line) tell(r *Result, o recalled) (refused bool) {
	v := &r.Entry.Value
	v.Recall, r.Detail.Recalls = o.outcome, o.list
	if notes(r, o.findings); o.outcome != Seen {
		return false
	}
	if v.Rule = l.c.Rule; v.Rule == "" {
		v.Rule = RuleFlag
	}
	if v.Rule == RuleRefuse {
		v.Action = Refused
	}
	return v.Rule == RuleRefuse
}

// refusal is the error of whoever wants a file that was refused.
func refusal() error {
	return &colophon.Error{Kind: colophon.Refused, Code: CodeRecalled, Clauses: []colophon.Clause{colophon.ClauseDS11}}
}
