package console

import (
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func incidentDeeds() []deed[client.IncidentSheet] {
	open := func(x client.IncidentSheet) bool { return x.Incident.State == "open" || x.Incident.State == "closing" }
	return []deed[client.IncidentSheet]{
		learnIncident(open), tickIncident(), noteIncident(), draftReport(), widenIncident(open), knownIncident(open),
		judgeIncident("incident-agree", "agree", "incident.learned incident.graded", func(x client.IncidentSheet) bool { return x.Incident.Correction != nil }),
		judgeIncident("incident-disagree", "disagree", "incident.correction-refused", func(x client.IncidentSheet) bool { return x.Incident.Correction != nil }),
		closeIncident(),
		judgeIncident("incident-confirm", "confirm", "incident.closed incident.dismissed", func(x client.IncidentSheet) bool { return x.Incident.Closing != nil }),
		judgeIncident("incident-keep-open", "keep-open", "incident.kept-open", func(x client.IncidentSheet) bool { return x.Incident.Closing != nil }),
		judgeIncident("incident-reopen", "reopen", "incident.reopened", func(x client.IncidentSheet) bool {
			return x.Incident.State == "closed" || x.Incident.State == "settled" || x.Incident.State == "dismissed"
		}),
	}
}

// reasonField asks why; what is written is sealed.
func reasonField[T any]() field[T] {
	return field[T]{name: "incident-why", kind: "area", required: true, hint: true, most: 4000}
}

// judgeIncident is an act that asks for a reason alone.
func judgeIncident(name, act, record string, may func(client.IncidentSheet) bool) deed[client.IncidentSheet] {
	return deed[client.IncidentSheet]{
		name: name, step: act, action: staff.IncidentDecide, record: record, may: may, fields: []field[client.IncidentSheet]{reasonField[client.IncidentSheet]()},
		do: func(v *visit, x client.IncidentSheet) (string, error) {
			_, err := v.api().JudgeIncident(v.r.Context(), x.Incident.ID, act, v.sent("incident-why"))
			return "", err
		},
	}
}

func learnIncident(may func(client.IncidentSheet) bool) deed[client.IncidentSheet] {
	return deed[client.IncidentSheet]{
		name: "incident-learn", step: "learn", action: staff.IncidentHandle, record: "incident.learned incident.graded incident.correction-proposed", may: may,
		fields: []field[client.IncidentSheet]{
			{name: "incident-fact", kind: "choice", words: "page-fact-", options: incidentFactNames(), required: true},
			{name: "incident-least", kind: "number", hint: true}, {name: "incident-most", kind: "number", hint: true}, reasonField[client.IncidentSheet](),
		},
		do: func(v *visit, x client.IncidentSheet) (string, error) {
			var f client.IncidentFact
			wrong := func(err error) error {
				return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
			}
			if s := strings.TrimSpace(v.sent("incident-least")); s != "" {
				n, err := strconv.ParseInt(s, 10, 64)
				if err != nil {
					return "", wrong(err)
				}
				f.Least = n
			}
			if s := strings.TrimSpace(v.sent("incident-most")); s != "" {
				n, err := strconv.ParseInt(s, 10, 64)
				if err != nil {
					return "", wrong(err)
				}
				f.Most = &n
			}
			_, err := v.api().LearnIncident(v.r.Context(), x.Incident.ID, map[string]client.IncidentFact{v.sent("incident-fact"): f}, v.sent("incident-why"))
			return "", err
		},
	}
}

func tickIncident() deed[client.IncidentSheet] {
	return deed[client.IncidentSheet]{
		name: "incident-tick", step: "tick", action: staff.IncidentHandle, record: "incident.stepped", may: func(x client.IncidentSheet) bool { return x.Incident.State == "open" },
		fields: []field[client.IncidentSheet]{
			{name: "step", kind: "choice", required: true, choices: func(_ *visit, x client.IncidentSheet) (ids []string, err error) {
				for _, s := range x.Steps {
					ids = append(ids, s.ID)
				}
				return ids, nil
			}, names: stepNames},
			{name: "step-state", kind: "choice", words: "page-step-state-", options: []string{"done", "skipped", "open"}, required: true},
			{name: "incident-note", kind: "area", hint: true, most: 4000},
		},
		do: func(v *visit, x client.IncidentSheet) (string, error) {
			_, err := v.api().TickIncident(v.r.Context(), x.Incident.ID, v.sent("step"), v.sent("step-state"), v.sent("incident-note"))
			return "", err
		},
	}
}

// stepNames are the names of all steps of the playbooks.
func stepNames(v *visit) map[string]string {
	names := map[string]string{}
	rules, _ := v.api().IncidentRules(v.r.Context()) // the choices say what went wrong
	for _, b := range rules.Playbooks {
		for _, s := range b.Steps {
			names[b.Kind+"/"+s.ID] = s.Names.In(string(v.lang))
		}
	}
	return names
}

func noteIncident() deed[client.IncidentSheet] {
	return deed[client.IncidentSheet]{
		name: "incident-note", step: "note", action: staff.IncidentHandle, record: "incident.noted",
		fields: []field[client.IncidentSheet]{{name: "line-at", kind: "moment", hint: true}, {name: "line-text", kind: "area", required: true, hint: true, most: 4000}},
		do: func(v *visit, x client.IncidentSheet) (string, error) {
			at, err := v.sentMoment("line-at")
			if err != nil {
				return "", err
			}
			_, err = v.api().NoteIncident(v.r.Context(), x.Incident.ID, at, v.sent("line-text"))
			return "", err
		},
	}
}

func draftReport() deed[client.IncidentSheet] {
	return deed[client.IncidentSheet]{
		name: "report-draft", step: "report", action: staff.IncidentHandle, record: "incident-report.drafted", may: func(x client.IncidentSheet) bool { return x.Incident.State != "dismissed" },
		fields: []field[client.IncidentSheet]{{name: "report-form", kind: "choice", required: true, choices: func(v *visit, x client.IncidentSheet) (ids []string, err error) {
			for _, c := range x.Incident.Clocks {
				if c.Names.ZH != "" {
					ids = append(ids, c.ID)
				}
			}
			return ids, nil
		}, names: reportFormNames}},
		do: func(v *visit, x client.IncidentSheet) (string, error) {
			p, err := v.api().DraftIncidentReport(v.r.Context(), x.Incident.ID, v.sent("report-form"))
			return reportLink(p.ID), err
		},
	}
}

func reportFormNames(v *visit) map[string]string {
	names := map[string]string{}
	rules, _ := v.api().IncidentRules(v.r.Context())
	for _, f := range rules.Forms {
		names[f.ID] = f.Names.In(string(v.lang))
	}
	return names
}

func widenIncident(may func(client.IncidentSheet) bool) deed[client.IncidentSheet] {
	return deed[client.IncidentSheet]{
		name: "incident-widen", step: "widen", action: staff.IncidentHandle, record: "incident.learned incident.graded", may: may,
		fields: []field[client.IncidentSheet]{{name: "incident-kind", kind: "choice", words: "page-incident-kind-", options: incidentKinds(), required: true}, reasonField[client.IncidentSheet]()},
		do: func(v *visit, x client.IncidentSheet) (string, error) {
			_, err := v.api().WidenIncident(v.r.Context(), x.Incident.ID, v.sent("incident-kind"), v.sent("incident-why"))
			return "", err
		},
	}
}

func knownIncident(may func(client.IncidentSheet) bool) deed[client.IncidentSheet] {
	return deed[client.IncidentSheet]{
		name: "incident-known", step: "known", action: staff.IncidentHandle, record: "incident.known-earlier", may: may,
		fields: []field[client.IncidentSheet]{{name: "incident-knew", kind: "moment", required: true}, reasonField[client.IncidentSheet]()},
		do: func(v *visit, x client.IncidentSheet) (string, error) {
			at, err := v.sentMoment("incident-knew")
			if err != nil {
				return "", err
			}
			_, err = v.api().IncidentKnownEarlier(v.r.Context(), x.Incident.ID, at, v.sent("incident-why"))
			return "", err
		},
	}
}

func closeIncident() deed[client.IncidentSheet] {
	return deed[client.IncidentSheet]{
		name: "incident-close", step: "close", action: staff.IncidentDecide, record: "incident.closing-proposed incident.closed incident.dismissed", may: func(x client.IncidentSheet) bool { return x.Incident.State == "open" },
		fields: []field[client.IncidentSheet]{{name: "incident-outcome", kind: "choice", words: "page-incident-outcome-", options: []string{"closed", "dismissed"}, required: true}, reasonField[client.IncidentSheet]()},
		do: func(v *visit, x client.IncidentSheet) (string, error) {
			_, err := v.api().CloseIncident(v.r.Context(), x.Incident.ID, v.sent("incident-outcome"), v.sent("incident-why"))
			return "", err
		},
	}
}
