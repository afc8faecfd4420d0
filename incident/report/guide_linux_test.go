package report_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/incident/report"
)

func starter(t testing.TB) report.Rules {
	t.Helper()
	r, err := report.Starter()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// quiet are facts by which nothing is reached.
func quiet() map[string]report.Fact {
	facts := map[string]report.Fact{}
	for _, name := range report.FactNames() {
		facts[name] = report.No()
	}
	facts[report.FactJudged] = report.Exactly(1)
	return facts
}

// largest is an incident for which every row of the guide counts.
func largest(facts map[string]report.Fact) report.Incident {
	return report.Incident{Kinds: []report.Kind{report.Security, report.PersonalData, report.Outage}, Operator: report.Critical, Size: report.VeryLarge, Facts: facts}
}

// TestFigures pins every figure of the guide and how far its source can be trusted.
func TestFigures(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"persons-especially-grave": "100000000 persons secondary", "persons-grave": "10000000 persons secondary", "persons-serious": "1000000 persons secondary",
		"home-page-especially-grave": "360 minutes very-large secondary", "home-page-grave": "120 minutes large draft", "home-page-serious": "30 minutes draft",
		"other-page-especially-grave": "1440 minutes very-large secondary", "other-page-grave": "720 minutes large draft", "other-page-serious": "120 minutes draft",
		"reposts-especially-grave": "100000 times very-large secondary", "reposts-grave": "10000 times large draft", "reposts-serious": "1000 times draft",
		"views-especially-grave": "1000000 times very-large secondary", "views-grave": "100000 times large draft", "views-serious": "10000 times draft",
		"loss-especially-grave": "100000000 yuan secondary", "loss-grave": "20000000 yuan draft", "loss-serious": "5000000 yuan draft",
		"outage-whole-especially-grave": "360 minutes critical draft", "outage-whole-grave": "120 minutes critical draft", "outage-whole-serious": "30 minutes critical draft",
		"outage-main-especially-grave": "1440 minutes critical draft", "outage-main-grave": "360 minutes critical draft", "outage-main-serious": "120 minutes critical draft",
		"judged-especially-grave": "4 grade secondary", "judged-grave": "3 grade secondary", "judged-serious": "2 grade secondary",
	}
	rows := starter(t).Guide.Rows
	if len(rows) != len(want) {
		t.Errorf("%d rows, want %d", len(rows), len(want))
	}
	for _, r := range rows {
		got := fmt.Sprintf("%d %s ", r.At, r.Unit)
		if r.If != "" {
			got += r.If + " "
		}
		if got += string(r.Level); got != want[r.ID] || !r.Inclusive {
			t.Errorf("%s: %q, inclusive %v; want %q", r.ID, got, r.Inclusive, want[r.ID])
		}
	}
}

// TestBounds looks at each row under its figure and at it, and at what is known only in part.
func TestBounds(t *testing.T) {
	t.Parallel()
	g := starter(t).Guide
	for _, r := range g.Rows {
		for _, c := range []struct {
			name    string
			fact    report.Fact
			reached colophon.Verdict
		}{
			{"under", report.Exactly(r.At - 1), colophon.Failed}, {"at", report.Exactly(r.At), colophon.Passed}, {"at least", report.Fact{Least: r.At}, colophon.Passed},
			{"at most under", report.Fact{Most: new(r.At - 1)}, colophon.Failed}, {"at most", report.Fact{Most: new(r.At)}, colophon.Unknown}, {"at least under", report.Fact{Least: r.At - 1}, colophon.Unknown},
			{"unknown", report.Fact{}, colophon.Unknown},
		} {
			facts := quiet()
			facts[r.Fact] = c.fact
			v := largest(facts)
			i := slices.IndexFunc(g.Reasons(v), func(o report.Reason) bool { return o.Row.ID == r.ID })
			if got := g.Reasons(v)[i].Reached(); got != c.reached {
				t.Errorf("%s %s: %s, want %s", r.ID, c.name, got, c.reached)
			}
			grading := g.Grade(v)
			if (c.reached == colophon.Passed) != slices.Contains(grading.Met, r.ID) {
				t.Errorf("%s %s: met are %v", r.ID, c.name, grading.Met)
			}
			if c.name == "at" && (grading.State != report.Graded || grading.Least != r.Grade || grading.Most != r.Grade) {
				t.Errorf("%s %s: %+v", r.ID, c.name, grading)
			}
		}
	}
	exclusive := report.Exactly(10)
	if exclusive.Reaches(10, false) != colophon.Failed || exclusive.Reaches(9, false) != colophon.Passed {
		t.Error("an exclusive bound is reached by the figure itself")
	}
}

// TestGrade looks at the three answers, and at what they rest on.
func TestGrade(t *testing.T) {
	t.Parallel()
	g := starter(t).Guide
	but := func(name string, f report.Fact) map[string]report.Fact {
		facts := quiet()
		facts[name] = f
		return facts
	}
	of := func(o report.Operator, s report.Size, facts map[string]report.Fact, kinds ...report.Kind) report.Incident {
		return report.Incident{Kinds: kinds, Operator: o, Size: s, Facts: facts}
	}
	both := but(report.FactPersons, report.Exactly(2_000_000))
	both[report.FactLoss] = report.Exactly(6_000_000)
	for _, c := range []struct {
		name        string
		incident    report.Incident
		state       report.GradeState
		least, most report.Grade
		rests       report.Confidence
	}{
		{"nothing known", of(report.Other, report.Ordinarily, nil, report.Security), report.CouldNotTell, report.Ordinary, report.EspeciallyGrave, report.FromDraft},
		{"all known", of(report.Other, report.Ordinarily, quiet(), report.Security), report.Graded, report.Ordinary, report.Ordinary, report.FromDraft},
		{"still counting", of(report.Other, report.Ordinarily, but(report.FactPersons, report.Fact{Least: 1_000_000}), report.PersonalData), report.CouldNotTell, report.Serious, report.EspeciallyGrave, report.FromDraft},
		{"counted", of(report.Other, report.Ordinarily, but(report.FactPersons, report.Exactly(100_000_000)), report.PersonalData), report.Graded, report.EspeciallyGrave, report.EspeciallyGrave, report.Secondary},
		{"a bound is enough", of(report.Other, report.Ordinarily, but(report.FactPersons, report.Fact{Most: new(int64(999_999))}), report.PersonalData), report.Graded, report.Ordinary, report.Ordinary, report.FromDraft},
		{"a draft figure says so", of(report.Other, report.Ordinarily, but(report.FactLoss, report.Exactly(20_000_000)), report.Outage), report.Graded, report.Grave, report.Grave, report.FromDraft},
		{"what rules out a higher grade counts", of(report.Other, report.Ordinarily, both, report.PersonalData), report.Graded, report.Serious, report.Serious, report.FromDraft},
		{"judged by a person", of(report.Other, report.Ordinarily, but(report.FactJudged, report.Exactly(4)), report.Outage), report.Graded, report.EspeciallyGrave, report.EspeciallyGrave, report.Secondary},
		{"nobody judged", of(report.Other, report.Ordinarily, but(report.FactJudged, report.Fact{}), report.Outage), report.CouldNotTell, report.Ordinary, report.EspeciallyGrave, report.FromDraft},
		{"small platform", of(report.Other, report.Ordinarily, but(report.FactReposts, report.Exactly(100_000)), report.Security), report.Graded, report.Serious, report.Serious, report.FromDraft},
		{"large platform", of(report.Other, report.Large, but(report.FactReposts, report.Exactly(100_000)), report.Security), report.Graded, report.Grave, report.Grave, report.FromDraft},
		{"platform of unknown size", of(report.Other, report.SizeUnknown, but(report.FactReposts, report.Exactly(100_000)), report.Security), report.CouldNotTell, report.Serious, report.EspeciallyGrave, report.FromDraft},
		{"unknown size does not matter", of(report.Other, report.SizeUnknown, quiet(), report.Security), report.Graded, report.Ordinary, report.Ordinary, report.FromDraft},
		{"not critical", of(report.Other, report.Ordinarily, but(report.FactOutageWhole, report.Exactly(10_000)), report.Outage), report.Graded, report.Ordinary, report.Ordinary, report.FromDraft},
		{"critical", of(report.Critical, report.Ordinarily, but(report.FactOutageWhole, report.Exactly(359)), report.Outage), report.Graded, report.Grave, report.Grave, report.FromDraft},
		{"not for these kinds", of(report.Other, report.Ordinarily, quiet(), report.Content, report.Misuse, report.Vulnerability, report.Control), report.NotGraded, "", "", ""},
		{"one kind is enough", of(report.Other, report.Ordinarily, quiet(), report.Vulnerability, report.Outage), report.Graded, report.Ordinary, report.Ordinary, report.FromDraft},
	} {
		got := g.Grade(c.incident)
		if got.State != c.state || got.Least != c.least || got.Most != c.most || got.Rests != c.rests {
			t.Errorf("%s: %+v", c.name, got)
		}
		if (got.State == report.CouldNotTell) != (len(got.Open) > 0) {
			t.Errorf("%s: open are %v", c.name, got.Open)
		}
	}
}

// TestRules breaks one thing after the other in the rules; each is named, and no keeper is made of them.
func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		table string
		spoil func(*report.Rules)
	}{
		"a grade that is none":      {"guide", func(r *report.Rules) { r.Guide.Rows[0].Grade = "bad" }},
		"the least grade":           {"guide", func(r *report.Rules) { r.Guide.Rows[0].Grade = report.Ordinary }},
		"a unit of something else":  {"guide", func(r *report.Rules) { r.Guide.Rows[0].Unit = "yuan" }},
		"a fact that is none":       {"guide", func(r *report.Rules) { r.Guide.Rows[0].Fact = "weather" }},
		"no source":                 {"guide", func(r *report.Rules) { r.Guide.Rows[0].Source = "" }},
		"no confidence":             {"guide", func(r *report.Rules) { r.Guide.Rows[0].Level = "" }},
		"a kind that is not graded": {"guide", func(r *report.Rules) { r.Guide.Rows[0].Kinds = []report.Kind{report.Content} }},
		"no figure":                 {"guide", func(r *report.Rules) { r.Guide.Rows[0].At = 0 }},
		"no version":                {"guide", func(r *report.Rules) { r.Guide.Version = "" }},
		"two units of time":         {"clocks", func(r *report.Rules) { r.Timetable.Rows[0].Days = 3 }},
		"from nowhere":              {"clocks", func(r *report.Rules) { r.Timetable.Rows[0].From = "later" }},
		"twice":                     {"clocks", func(r *report.Rules) { r.Timetable.Rows = append(r.Timetable.Rows, r.Timetable.Rows[0]) }},
		"no form":                   {"clocks", func(r *report.Rules) { r.Forms = r.Forms[1:] }},
		"a form twice":              {"forms", func(r *report.Rules) { r.Forms = append(r.Forms, r.Forms[0]) }},
		"a field twice": {"forms", func(r *report.Rules) {
			r.Forms[0].Fields = append(r.Forms[0].Fields, r.Forms[0].Fields[0])
		}},
		"no playbook":  {"playbooks", func(r *report.Rules) { r.Playbooks = r.Playbooks[1:] }},
		"no step":      {"playbooks", func(r *report.Rules) { r.Playbooks[0].Steps = nil }},
		"one language": {"playbooks", func(r *report.Rules) { r.Playbooks[0].Steps[0].Names.EN = "" }},
		"no basis":     {"playbooks", func(r *report.Rules) { r.Playbooks[0].Steps[0].Basis.ZH = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, rules := ready(t), starter(t)
			c.spoil(&rules)
			config.Rules = rules
			_, err := report.New(config)
			var e *colophon.Error
			if !errors.As(err, &e) || e.Code != report.CodeRules || e.Args["table"] != c.table {
				t.Errorf("%v, want %s for %s", err, report.CodeRules, c.table)
			}
		})
	}
}

// TestConfig refuses a keeper that lacks something or runs by no sound figure.
func TestConfig(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*report.Config){
		"operator": func(c *report.Config) { c.Operator = "" }, "size": func(c *report.Config) { c.Size = "huge" },
		"at-once": func(c *report.Config) { c.AtOnce = 0 }, "drill-every": func(c *report.Config) { c.DrillEvery = 0 },
	} {
		config := ready(t)
		spoil(&config)
		_, err := report.New(config)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != report.CodeInvalid || e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	config := ready(t)
	config.Papers = nil
	if _, err := report.New(config); err == nil {
		t.Error("a keeper without a ledger was made")
	}
}
