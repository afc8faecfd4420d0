package console

import (
	"context"
	"slices"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func correctionCasePages() []page {
	return slices.Concat(correctionList().rows(), start("/illegal-outputs/new", "/illegal-outputs", openCorrection()), correctionSheet(false).rows(), []page{
		{method: post, path: "/illegal-outputs/{id}/read", action: staff.IncidentHandle, title: "page-illegal-output", back: "/illegal-outputs/{id}", makes: []string{"correction.read"}, do: correctionSheet(true).show},
	})
}

func correctionLink(id string) string { return "/illegal-outputs/" + escaped(id) }

func correctionSteps() []string { return []string{"stop", "delete", "correct", "report"} }

func correctionState(c client.Correction) cell {
	return state("page-correction-state-", c.State, map[string]tone{"open": wait, "closed": good})
}

func correctionList() list[client.Correction] {
	return list[client.Correction]{
		name: "corrections", path: "/illegal-outputs", title: "page-corrections", action: staff.IncidentRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Correction, string, error) {
			return c.Corrections(ctx, l)
		},
		columns: []column[client.Correction]{
			{name: "correction", cell: func(c client.Correction) cell { return ident(c.ID).to(correctionLink(c.ID)) }},
			{name: "state", cell: correctionState},
			{name: "correction-left", cell: func(c client.Correction) cell { return count(int64(c.Left)) }},
			{name: "due", cell: func(c client.Correction) cell { return sometime(c.Due) }},
			{name: "correction-found", cell: func(c client.Correction) cell { return moment(c.Found) }},
			{name: "correction-function", side: true, cell: func(c client.Correction) cell { return linked(c.Function, "/functions/") }},
			{name: "correction-model", side: true, cell: func(c client.Correction) cell { return ident(c.Model) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-correction-state-", options: []string{"open", "closed", "dismissed"}}, {name: "function", label: "correction-function", kind: "text"}},
		deeds:   []lead{{"/illegal-outputs/new", "page-deed-correction-open", staff.IncidentOpen}, {"/incidents", "page-incidents", staff.IncidentRead}},
	}
}

// correctionWays lead from where illegal output was found to a new case of it.
func correctionWays(v *visit, origin string) []lead {
	if !v.actor().May(staff.IncidentOpen) {
		return nil
	}
	return []lead{{with("/illegal-outputs/new", nil, "correction-origin", origin), "page-deed-correction-open", staff.IncidentOpen}}
}

func openCorrection() deed[none] {
	return deed[none]{
		name: "correction-open", action: staff.IncidentOpen, record: "correction.opened",
		fields: []field[none]{
			{name: "incident-title", kind: "text", required: true, hint: true, most: 200}, {name: "incident-summary", kind: "area", most: 4000}, {name: "correction-found", kind: "moment"},
			{name: "correction-function", kind: "text", most: 200}, {name: "correction-model", kind: "text", most: 200}, {name: "correction-origin", kind: "text", hint: true, most: 128}, {name: "incident-about", kind: "area", hint: true, most: 4000},
		},
		do: func(v *visit, _ none) (string, error) {
			found, err := v.sentMoment("correction-found")
			if err != nil {
				return "", err
			}
			about, err := aboutLines(v.sent("incident-about"))
			if err != nil {
				return "", err
			}
			c, err := v.api().OpenCorrection(v.r.Context(), client.CorrectionDraft{Title: v.sent("incident-title"), Summary: v.sent("incident-summary"), Origin: v.sent("correction-origin"), About: about, Function: v.sent("correction-function"), Model: v.sent("correction-model"), Found: found})
			return correctionLink(c.ID), err
		},
	}
}

func correctionSheet(read bool) sheet[client.Correction] {
	return sheet[client.Correction]{
		path: "/illegal-outputs/{id}", title: "page-illegal-output", action: staff.IncidentRead, template: "sealed",
		fetch: func(v *visit, id string) (client.Correction, error) { return v.api().Correction(v.r.Context(), id) },
		facts: func(c client.Correction) []fact {
			return []fact{{"state", correctionState(c)}, {"correction-left", count(int64(c.Left))}, {"due", sometime(c.Due)}, {"correction-found", moment(c.Found)}, {"correction-function", linked(c.Function, "/functions/")}, {"correction-model", ident(c.Model)},
				{"correction-origin", ident(c.Origin)}, {"incident-opener", by(c.Opener)}, {"correction-closed", sometime(c.Closed)}, {"correction-closer", by(c.Closer)}}
		},
		parts: func(v *visit, c client.Correction) ([]part, error) { return v.correctionParts(c, read) },
		more: func(v *visit, c client.Correction) (any, error) {
			if read || c.Sealed != "whole" || !v.actor().May(staff.IncidentHandle) {
				return nil, nil
			}
			return sealedMore{correctionLink(c.ID) + "/read", []string{"correction.read"}}, nil
		},
		deeds:  correctionDeeds(),
		labels: []string{"correction-closed", "correction-closer", "correction-step", "correction-how", "correction-evidence", "step-note", "clock-due", "step-at", "step-by"},
		says:   slices.Concat(of("page-correction-step-", correctionSteps()...), of("page-correction-how-", correctionHows()...), of("page-step-state-", "open", "done", "skipped"), of("page-correction-state-", "open", "closed", "dismissed")),
	}
}

func correctionHows() []string {
	return []string{"training", "filter", "prompt", "supplier", "retiring"}
}

func (v *visit) correctionParts(c client.Correction, read bool) ([]part, error) {
	var parts []part
	notes := map[string]string{}
	if read {
		w, err := v.api().ReadCorrection(v.r.Context(), c.ID)
		if err != nil {
			return nil, err
		}
		notes = w.Notes
		said := w.Title
		if w.Summary != "" {
			said += "\n" + w.Summary
		}
		parts = append(parts, part{Title: "page-incident-words", Prose: said})
	}
	columns := []column[client.CorrectionStep]{
		{name: "correction-step", cell: func(s client.CorrectionStep) cell { return word("page-correction-step-", s.Step) }},
		{name: "state", cell: func(s client.CorrectionStep) cell {
			return state("page-step-state-", s.State, map[string]tone{"open": wait, "done": good})
		}},
		{name: "clock-due", cell: func(s client.CorrectionStep) cell { return moment(s.Due) }},
		{name: "step-at", cell: func(s client.CorrectionStep) cell { return sometime(s.At) }},
		{name: "step-by", cell: func(s client.CorrectionStep) cell { return by(s.By) }},
		{name: "correction-how", cell: func(s client.CorrectionStep) cell { return word("page-correction-how-", s.How) }},
		{name: "correction-evidence", cell: func(s client.CorrectionStep) cell {
			var all cell
			for _, e := range s.Evidence {
				all.Many = append(all.Many, refCell(e))
			}
			return all
		}},
	}
	if read {
		columns = append(columns, column[client.CorrectionStep]{name: "step-note", cell: func(s client.CorrectionStep) cell { return text(notes[s.Step]) }})
	}
	return append(parts, part{Title: "page-correction-steps", Lead: "page-correction-steps-lead", Table: tableOf("page-correction-steps", columns, c.Steps)}, aboutPart(c.About)), nil
}

func correctionDeeds() []deed[client.Correction] {
	open := func(c client.Correction) bool { return c.State == "open" }
	step := func(state bool) func(*visit, client.Correction) ([]string, error) {
		return func(_ *visit, c client.Correction) (list []string, err error) {
			for _, s := range c.Steps {
				if (s.State == "open") == state {
					list = append(list, s.Step)
				}
			}
			return list, nil
		}
	}
	take := deed[client.Correction]{
		name: "correction-take", step: "take", action: staff.IncidentHandle, record: "correction.stepped", may: func(c client.Correction) bool { return open(c) && c.Left > 0 },
		fields: []field[client.Correction]{
			{name: "correction-step", kind: "choice", words: "page-correction-step-", choices: step(true), required: true}, {name: "step-at", kind: "moment", required: true},
			{name: "correction-how", kind: "choice", words: "page-correction-how-", options: correctionHows(), hint: true}, {name: "correction-evidence", kind: "area", hint: true, most: 4000},
			{name: "correction-skip", kind: "yes", hint: true}, {name: "step-note", kind: "area", hint: true, most: 4000},
		},
		do: func(v *visit, c client.Correction) (string, error) {
			at, err := v.sentMoment("step-at")
			if err != nil {
				return "", err
			}
			shown, err := aboutLines(v.sent("correction-evidence"))
			if err != nil {
				return "", err
			}
			_, err = v.api().TakeCorrection(v.r.Context(), c.ID, client.CorrectionTaken{Step: v.sent("correction-step"), Skip: v.sent("correction-skip") != "", At: at, How: v.sent("correction-how"), Evidence: shown, Note: v.sent("step-note")})
			return "", err
		},
	}
	retract := deed[client.Correction]{
		name: "correction-retract", step: "retract", action: staff.IncidentHandle, record: "correction.retracted", may: func(c client.Correction) bool { return open(c) && c.Left < len(c.Steps) },
		fields: []field[client.Correction]{{name: "correction-step", kind: "choice", words: "page-correction-step-", choices: step(false), required: true}, reasonField[client.Correction]()},
		do: func(v *visit, c client.Correction) (string, error) {
			_, err := v.api().RetractCorrection(v.r.Context(), c.ID, v.sent("correction-step"), v.sent("incident-why"))
			return "", err
		},
	}
	judge := func(act, record string, may func(client.Correction) bool) deed[client.Correction] {
		return deed[client.Correction]{name: "correction-" + act, step: act, action: staff.IncidentDecide, record: record, may: may, fields: []field[client.Correction]{reasonField[client.Correction]()},
			do: func(v *visit, c client.Correction) (string, error) {
				_, err := v.api().JudgeCorrection(v.r.Context(), c.ID, act, v.sent("incident-why"))
				return "", err
			}}
	}
	return []deed[client.Correction]{take, retract, judge("close", "correction.closed", func(c client.Correction) bool { return open(c) && c.Left == 0 }), judge("dismiss", "correction.dismissed", open),
		judge("reopen", "correction.reopened", func(c client.Correction) bool { return !open(c) })}
}
