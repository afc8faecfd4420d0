package screen

import (
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

// judging is one judgement while it is made. Library and policy are those of its beginning.
type judging struct {
	e     *Engine
	item  Item
	at    time.Time
	words *words
	pol   *policy.Policy

	parts    []Part             // what the item has and what was read out of its files
	files    map[string]*looked // what came of files, by part
	findings []Finding
	runs     []Run
}

// facts makes facts of findings and of checks that did not run. Facts that are alike are told once.
func (j *judging) facts(findings []Finding, runs []Run) []policy.Fact {
	var facts []policy.Fact
	seen := map[policy.Fact]bool{}
	add := func(f policy.Fact) {
		f.Surface, f.Class, f.Function = string(j.item.Surface), j.item.Class, j.item.Function
		if !seen[f] {
			seen[f] = true
			facts = append(facts, f)
		}
	}
	for _, f := range findings {
		add(policy.Fact{Category: string(f.Category), Level: policy.Level(f.Level.String()), Check: f.Check, How: f.How, Runes: f.Runes, Score: f.Score, Distance: f.Distance})
	}
	for _, r := range runs {
		if r.Outcome == Ran {
			continue
		}
		for _, c := range r.Covers {
			add(policy.Fact{Category: string(c), Level: policy.LevelUnknown, Check: r.Check})
		}
	}
	return facts
}

// guard adds what stands for parts that no check looked at: then all is unknown.
func (j *judging) guard() {
	read := slices.ContainsFunc(j.runs, func(r Run) bool { return r.Outcome == Ran && r.Part == "" })
	for _, p := range j.item.Parts {
		if p.Media == nil && p.Text != "" && !read || p.Media != nil && !j.files[p.Name].seen {
			j.runs = append(j.runs, Run{Check: CheckAny, Part: p.Name, Outcome: NotRun, Reason: CodeUnseen, Covers: everything()})
		}
	}
}

// everything lists all categories.
func everything() []library.Category {
	var list []library.Category
	for _, t := range library.Topics() {
		list = append(list, t.ID)
	}
	return list
}

// decide has the policy decide about everything that was found and about what did not run.
func (j *judging) decide() Judgement {
	j.findings = append(j.findings, j.attribute(j.findings)...)
	j.inOrder()
	j.guard()
	facts := j.facts(j.findings, j.runs)
	d := j.pol.Decide(facts)
	return Judgement{
		At: j.at, Action: d.Action, Verdict: j.verdict(facts, d), Findings: j.findings, Runs: j.runs, Facts: facts, Decision: d,
		Library: j.words.version, Policy: j.pol.Version(), Clauses: clausesOf(j.findings),
	}
}

// verdict is Failed where something that was found has consequences, and Passed only where nothing is unknown.
func (j *judging) verdict(facts []policy.Fact, d policy.Decision) colophon.Verdict {
	for i, f := range facts {
		if row, ok := j.pol.Row(d.Rows[i]); ok && f.Level != policy.LevelUnknown && row.Action >= policy.Limit {
			return colophon.Failed
		}
	}
	if d.Unknown {
		return colophon.Unknown
	}
	return colophon.Passed
}

// clausesOf lists what a judgement rests on.
func clausesOf(findings []Finding) []colophon.Clause {
	if slices.ContainsFunc(findings, func(f Finding) bool { return f.Category.Clause() == colophon.ClauseDS6 }) {
		return []colophon.Clause{colophon.ClauseDS6, colophon.ClauseDS10}
	}
	return []colophon.Clause{colophon.ClauseDS10}
}
