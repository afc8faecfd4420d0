package httpapi

import (
	"context"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/incident/report"
)

// IncidentThreshold is a row of the guide.
type IncidentThreshold struct {
	ID         string            `json:"id" doc:"Identifier."`
	Grade      report.Grade      `json:"grade" enum:"ordinary,serious,grave,especially-grave" doc:"Grade that it gives."`
	Fact       string            `json:"fact" doc:"Fact that it speaks of."`
	At         int64             `json:"at" doc:"Threshold."`
	Unit       string            `json:"unit" doc:"Its unit." example:"persons"`
	Inclusive  bool              `json:"inclusive,omitempty" doc:"The figure itself reaches it."`
	Kinds      []report.Kind     `json:"kinds" nullable:"false" doc:"Kinds of incidents that it speaks of."`
	If         string            `json:"if,omitempty" doc:"For whom alone it counts."`
	Source     string            `json:"source" doc:"Where the figure was read."`
	Confidence report.Confidence `json:"confidence" enum:"primary,secondary,draft,unconfirmed,own" doc:"How far that source can be trusted."`
}

// IncidentLimit is a row of the timetable.
type IncidentLimit struct {
	ID         string            `json:"id" doc:"Identifier; there is a form of the same name."`
	Names      IncidentNames     `json:"names" doc:"What it is called."`
	Kinds      []report.Kind     `json:"kinds" nullable:"false" doc:"Kinds of incidents for which it runs."`
	Grade      report.Grade      `json:"grade,omitempty" enum:"ordinary,serious,grave,especially-grave" doc:"The least grade for which it runs."`
	Operator   report.Operator   `json:"operator,omitempty" enum:"critical,state,other" doc:"For whom alone it runs."`
	Fact       string            `json:"fact,omitempty" doc:"What has to be so besides, or not so."`
	From       string            `json:"from" enum:"knew,closed" doc:"From when it runs."`
	Hours      int               `json:"hours,omitempty" doc:"At once where there are neither hours nor days."`
	Days       int               `json:"days,omitempty" doc:"Whole days of Beijing time; the first is not counted."`
	To         IncidentNames     `json:"to" doc:"Who is to be told."`
	Basis      IncidentNames     `json:"basis" doc:"By which text."`
	Source     string            `json:"source" doc:"Where the figure was read."`
	Confidence report.Confidence `json:"confidence" enum:"primary,secondary,draft,unconfirmed,own" doc:"How far that source can be trusted."`
}

// IncidentPlaybook is what is to be done in an incident of a kind.
type IncidentPlaybook struct {
	Kind       report.Kind       `json:"kind" doc:"Kind of incident."`
	Names      IncidentNames     `json:"names" doc:"What it is called."`
	Source     string            `json:"source" doc:"Where the steps come from."`
	Confidence report.Confidence `json:"confidence" enum:"primary,secondary,draft,unconfirmed,own" doc:"How far that source can be trusted."`
	Steps      []IncidentPlay    `json:"steps" nullable:"false" doc:"Steps, in their order."`
}

// IncidentPlay is a step of a playbook.
type IncidentPlay struct {
	ID     string          `json:"id" doc:"Identifier."`
	Who    string          `json:"who" doc:"Role that does it."`
	Names  IncidentNames   `json:"names" doc:"What is to be done."`
	Basis  IncidentNames   `json:"basis" doc:"By which text."`
	Clause colophon.Clause `json:"clause,omitempty" doc:"Clause, where there is one here."`
}

// IncidentForm is what a report or a notice says.
type IncidentForm struct {
	ID      string              `json:"id" doc:"Identifier." example:"first-report"`
	Names   IncidentNames       `json:"names" doc:"What it is called."`
	Basis   IncidentNames       `json:"basis" doc:"By which text it is owed."`
	Clauses []colophon.Clause   `json:"clauses" nullable:"false" doc:"Clauses of law."`
	Fields  []IncidentFormField `json:"fields" nullable:"false" doc:"Fields, in their order."`
}

// IncidentFormField is a field of a form.
type IncidentFormField struct {
	ID       string        `json:"id" doc:"Identifier."`
	Names    IncidentNames `json:"names" doc:"What it is called."`
	Required bool          `json:"required,omitempty" doc:"Nothing is filed without it unless a person says so."`
}

type incidentRulesOutput struct {
	Body struct {
		Version    string              `json:"version" doc:"Version of the guide."`
		Thresholds []IncidentThreshold `json:"thresholds" nullable:"false" doc:"Rows of the guide by which incidents are graded."`
		Limits     []IncidentLimit     `json:"limits" nullable:"false" doc:"By when what has to be told."`
		Playbooks  []IncidentPlaybook  `json:"playbooks" nullable:"false" doc:"What is to be done, by kind."`
		Forms      []IncidentForm      `json:"forms" nullable:"false" doc:"What reports and notices say."`
	}
}

func (s *server) incidentRules(context.Context, *struct{}) (*incidentRulesOutput, error) {
	r, out := s.Incidents.Rules(), &incidentRulesOutput{}
	b := &out.Body
	b.Version = r.Guide.Version
	for _, o := range r.Guide.Rows {
		b.Thresholds = append(b.Thresholds, IncidentThreshold{o.ID, o.Grade, o.Fact, o.At, o.Unit, o.Inclusive, o.Kinds, o.If, o.Source, o.Level})
	}
	for _, o := range r.Timetable.Rows {
		b.Limits = append(b.Limits, IncidentLimit{o.ID, IncidentNames(o.Names), o.Kinds, o.Grade, o.Operator, o.Fact, o.From, o.Hours, o.Days, IncidentNames(o.To), IncidentNames(o.Basis), o.Source, o.Level})
	}
	for _, o := range r.Playbooks {
		p := IncidentPlaybook{o.Kind, IncidentNames(o.Names), o.Source, o.Level, nil}
		for _, step := range o.Steps {
			p.Steps = append(p.Steps, IncidentPlay{step.ID, step.Who, IncidentNames(step.Names), IncidentNames(step.Basis), step.Clause})
		}
		b.Playbooks = append(b.Playbooks, p)
	}
	for _, o := range r.Forms {
		f := IncidentForm{o.ID, IncidentNames(o.Names), IncidentNames(o.Basis), report.Clauses(o.ID), nil}
		for _, field := range o.Fields {
			f.Fields = append(f.Fields, IncidentFormField{field.ID, IncidentNames(field.Names), field.Required})
		}
		b.Forms = append(b.Forms, f)
	}
	return out, nil
}
