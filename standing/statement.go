package standing

import (
	"slices"
	"time"

	"github.com/colophon-project/colophon"
)

// Codes of the statement of reasons.
const (
	SayRemind   colophon.Code = "measure-is-remind"
	SayWarn     colophon.Code = "measure-is-warn"
	SayLimit    colophon.Code = "measure-is-limit-function"
	SayMute     colophon.Code = "measure-is-mute-publishing"
	SaySuspend  colophon.Code = "measure-is-suspend"
	SayClose    colophon.Code = "measure-is-close"
	SayBar      colophon.Code = "measure-is-bar"
	SayLimited  colophon.Code = "measure-say-function" // arg "function"
	SayUntil    colophon.Code = "measure-say-until"    // args "start", "until"
	SayOpen     colophon.Code = "measure-say-open"     // arg "start"
	SayTerms    colophon.Code = "measure-say-terms"    // arg "terms"
	SayRule     colophon.Code = "measure-say-rule"
	SayPeople   colophon.Code = "measure-say-people"
	SayAppeal   colophon.Code = "measure-say-appeal"   // arg "appeal"
	SayEnded    colophon.Code = "measure-say-ended"    // arg "at"
	SayLifted   colophon.Code = "measure-say-lifted"   // arg "at"
	SayRestored colophon.Code = "measure-say-restored" // arg "at"
	SayDS6      colophon.Code = "measure-clause-ds-6"
	SayDS9      colophon.Code = "measure-clause-ds-9"
	SayDS10     colophon.Code = "measure-clause-ds-10"
	SayDS14     colophon.Code = "measure-clause-ds-14"
	SayDS18     colophon.Code = "measure-clause-ds-18"
	SayDS21     colophon.Code = "measure-clause-ds-21"
	SayLM10     colophon.Code = "measure-clause-lm-10"
	SayGenAI14  colophon.Code = "measure-clause-genai-14"
	SayAF22     colophon.Code = "measure-clause-af-22"
)

// saySteps says each step.
var saySteps = map[Step]colophon.Code{Remind: SayRemind, Warn: SayWarn, Limit: SayLimit, Mute: SayMute, Suspend: SaySuspend, Close: SayClose, Bar: SayBar}

// sayClauses says each clause that a measure may be grounded on.
var sayClauses = map[colophon.Clause]colophon.Code{colophon.ClauseDS6: SayDS6, colophon.ClauseDS9: SayDS9, colophon.ClauseDS10: SayDS10, colophon.ClauseDS14: SayDS14, colophon.ClauseDS18: SayDS18,
	colophon.ClauseDS21: SayDS21, colophon.ClauseLM10: SayLM10, colophon.ClauseGenAI14: SayGenAI14, colophon.ClauseAF22: SayAF22}

// grounded reports whether a measure may be grounded on clauses.
func grounded(clauses []colophon.Clause) bool {
	return len(clauses) <= len(sayClauses) && !slices.ContainsFunc(clauses, func(c colophon.Clause) bool { return sayClauses[c] == "" })
}

// MayGround reports whether a measure may be grounded on a clause.
func MayGround(c colophon.Clause) bool { return sayClauses[c] != "" }

// Sentence is one sentence of a statement.
type Sentence struct {
	Code colophon.Code
	Args colophon.Args
}

// Statement is the statement of reasons that the account holder is shown: what is done and for how long, what happened, on
// what ground, by whom, how to appeal, and how it ended. Of a measure that was only proposed, or rejected, nobody is told.
func (m Measure) Statement() []Sentence {
	if m.State == Proposed || m.State == Rejected || m.State == "" {
		return nil
	}
	list := []Sentence{{Code: saySteps[m.Step]}}
	say := func(code colophon.Code, args colophon.Args) { list = append(list, Sentence{code, args}) }
	if m.Function != "" {
		say(SayLimited, colophon.Args{"function": m.Function})
	}
	if m.Until.IsZero() {
		say(SayOpen, colophon.Args{"start": clock(m.Start)})
	} else {
		say(SayUntil, colophon.Args{"start": clock(m.Start), "until": clock(m.Until)})
	}
	say(m.Fact, nil)
	for _, c := range m.Ground.Clauses {
		say(sayClauses[c], nil)
	}
	if m.Ground.Terms != "" {
		say(SayTerms, colophon.Args{"terms": m.Ground.Terms})
	}
	if len(m.Deciders) == 0 && m.Rule != "" {
		say(SayRule, nil)
	} else {
		say(SayPeople, nil)
	}
	switch m.State {
	case Ended:
		say(SayEnded, colophon.Args{"at": clock(m.Ended)})
	case Lifted:
		say(SayLifted, colophon.Args{"at": clock(m.Closed.At)})
		say(m.Closed.Why, nil)
	case Restored:
		say(SayRestored, colophon.Args{"at": clock(m.Closed.At)})
		say(m.Closed.Why, nil)
	}
	if m.Appeal != "" && m.State != Restored {
		say(SayAppeal, colophon.Args{"appeal": m.Appeal})
	}
	return list
}

// clock writes a time of China.
func clock(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04") }
