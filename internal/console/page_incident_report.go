package console

import (
	"io"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func incidentReportPages() []page {
	read := reportSheet(true)
	return slices.Concat(reportSheet(false).rows(), []page{
		{method: post, path: "/incident-reports/{id}/read", action: staff.IncidentHandle, title: "page-incident-report", back: "/incident-reports/{id}", makes: []string{"incident.read"}, do: read.show},
		{method: post, path: "/incident-reports/{id}/fill", action: staff.IncidentHandle, title: "page-incident-report", back: "/incident-reports/{id}", makes: []string{"incident-report.filled"}, words: []string{"page-done-report-fill"}, do: fillReport},
		{method: get, path: "/incident-reports/{id}/download/{format}", action: staff.IncidentHandle, back: "/incident-reports/{id}", do: downloadReport},
		{method: get, path: "/incident-reports/{id}/proofs/{sum}", action: staff.IncidentHandle, back: "/incident-reports/{id}", do: reportProof},
	})
}

func reportStates() []string { return []string{"draft", "filed", "amended", "dropped"} }

func reportLink(id string) string { return "/incident-reports/" + escaped(id) }

func reportState(p client.IncidentReport) cell {
	return state("page-report-state-", p.State, map[string]tone{"draft": wait, "filed": good})
}

func reportFormats() []string { return []string{"pdf", "docx", "html", "text", "json"} }

// reportPage is what the page of a report shows besides facts and parts.
type reportPage struct {
	ID      string
	Open    []string // names of what is asked for and is not known yet
	Erased  bool
	Formats []string
	Fields  []reportAnswer
	Fills   bool
	Reads   []string
	Filled  []string
	Sets    []string
}

type reportAnswer struct {
	client.ReportField
	Name  string
	State cell
	Given string
}

func reportSheet(read bool) sheet[client.IncidentReport] {
	draft := func(p client.IncidentReport) bool { return p.State == "draft" && p.Sealed == "whole" }
	return sheet[client.IncidentReport]{
		path: "/incident-reports/{id}", title: "page-incident-report", action: staff.IncidentRead, template: "incidentreport",
		fetch: func(v *visit, id string) (client.IncidentReport, error) {
			p, err := v.api().IncidentReport(v.r.Context(), id)
			v.spoken(&p.Names)
			return p, err
		},
		facts:  reportFacts,
		parts:  reportParts,
		more:   func(v *visit, p client.IncidentReport) (any, error) { return v.reportPage(p, read) },
		labels: []string{"incident", "report-clauses", "report-made", "report-author", "paper-digest", "report-before", "report-amended-by", "report-amends", "channel", "pack-reference", "filed-at", "pack-by", "pack-incomplete", "pack-proof", "pack-type", "pack-added"},
		deeds:  []deed[client.IncidentReport]{fileReport(draft), proveReport(), amendReport(), dropReport(draft)},
		says:   slices.Concat(of("page-report-state-", reportStates()...), of("page-report-format-", reportFormats()...), of("page-pack-answer-", "known", "none", "unknown"), of("page-pack-set-", "known", "none", "unknown"), of("page-channel-", packChannels()...)),
	}
}

func reportFacts(p client.IncidentReport) []fact {
	list := []fact{
		{"state", reportState(p)}, {"incident", linked(p.Incident, "/incidents/")}, {"report-form", tongued(p.Names)}, {"report-part", count(int64(p.Part))}, {"report-open", count(int64(len(p.Open)))}, {"report-clauses", lawful(p.Clauses)},
		{"report-made", moment(p.Made)}, {"report-author", by(p.Author)}, {"paper-digest", ident(p.SHA256)}, {"report-amends", linked(p.Amends, "/incident-reports/")}, {"report-before", ident(p.Before)}, {"report-amended-by", linked(p.AmendedBy, "/incident-reports/")},
	}
	if f := p.Filing; f != nil {
		list = append(list, fact{"channel", word("page-channel-", f.Channel)}, fact{"pack-reference", text(f.Reference)}, fact{"filed-at", moment(f.At)}, fact{"pack-by", by(f.By)}, fact{"pack-incomplete", yes(f.Incomplete)})
	}
	return list
}

func reportParts(_ *visit, p client.IncidentReport) ([]part, error) {
	if len(p.Proofs) == 0 {
		return nil, nil
	}
	return []part{{Title: "page-pack-proofs", Table: tableOf("page-pack-proofs", []column[client.PackProof]{
		{name: "pack-proof", cell: func(o client.PackProof) cell {
			return ident(o.SHA256).to(reportLink(p.ID) + "/proofs/" + escaped(o.SHA256))
		}},
		{name: "pack-type", cell: func(o client.PackProof) cell { return text(o.Type) }},
		{name: "pack-added", cell: func(o client.PackProof) cell { return moment(o.At) }},
		{name: "pack-by", cell: func(o client.PackProof) cell { return by(o.By) }},
	}, p.Proofs)}}, nil
}

func (v *visit) reportPage(p client.IncidentReport, read bool) (reportPage, error) {
	data := reportPage{ID: p.ID, Erased: p.Sealed != "whole" || !v.actor().May(staff.IncidentHandle), Formats: reportFormats(), Fills: p.State == "draft", Reads: []string{"incident.read"}, Filled: []string{"incident-report.filled"}, Sets: []string{"known", "none", "unknown"}}
	if p.State == "draft" && len(p.Open) > 0 {
		rules, err := v.api().IncidentRules(v.r.Context())
		if err != nil {
			return data, err
		}
		data.Open = slices.Clone(p.Open)
		for _, f := range rules.Forms {
			for _, field := range f.Fields {
				if at := slices.Index(data.Open, field.ID); f.ID == p.Form && at >= 0 {
					data.Open[at] = field.Names.In(string(v.lang))
				}
			}
		}
	}
	if !read {
		return data, nil
	}
	d, err := v.api().ReadIncidentReport(v.r.Context(), p.ID)
	for _, f := range d.Fields {
		a := reportAnswer{f, f.Names.In(string(v.lang)), state("page-pack-answer-", f.State, map[string]tone{"known": good, "unknown": wait}), ""}
		if f.State == "known" {
			a.Given = strings.Join(f.Lines, "\n")
		}
		data.Fields = append(data.Fields, a)
	}
	return data, err
}

// fillReport makes a draft anew, with what was answered.
func fillReport(v *visit) error {
	var answers []client.ReportAnswer
	for _, a := range v.sentAnswers() {
		answers = append(answers, client.ReportAnswer{Field: a.field, State: a.state, Lines: a.lines})
	}
	p, err := v.api().FillIncidentReport(v.r.Context(), v.r.PathValue("id"), answers...)
	if err != nil {
		return err
	}
	return v.send(reportLink(p.ID) + "?done=report-fill")
}

func fileReport(may func(client.IncidentReport) bool) deed[client.IncidentReport] {
	return filedDeed("incident-report-file", staff.IncidentFile, "incident-report.filed", may, func(v *visit, p client.IncidentReport) ([]string, error) {
		page, err := v.reportPage(p, false)
		return page.Open, err
	}, func(v *visit, p client.IncidentReport, how client.PackFiling, proofs ...client.CaseUpload) error {
		_, err := v.api().FileIncidentReport(v.r.Context(), p.ID, how, proofs...)
		return err
	})
}

func proveReport() deed[client.IncidentReport] {
	return provenDeed("report-prove", staff.IncidentFile, "incident-report.proven", func(p client.IncidentReport) bool { return provable(p.State, p.Sealed) }, func(v *visit, p client.IncidentReport, proof client.CaseUpload) error {
		_, err := v.api().ProveIncidentReport(v.r.Context(), p.ID, proof)
		return err
	})
}

func amendReport() deed[client.IncidentReport] {
	return deed[client.IncidentReport]{
		name: "report-amend", step: "amend", action: staff.IncidentHandle, record: "incident-report.drafted", may: func(p client.IncidentReport) bool { return p.State == "filed" && p.Sealed == "whole" },
		do: func(v *visit, p client.IncidentReport) (string, error) {
			next, err := v.api().AmendIncidentReport(v.r.Context(), p.ID)
			return reportLink(next.ID), err
		},
	}
}

func dropReport(may func(client.IncidentReport) bool) deed[client.IncidentReport] {
	return deed[client.IncidentReport]{
		name: "report-drop", step: "drop", action: staff.IncidentFile, record: "incident-report.dropped", danger: true, may: may, fields: []field[client.IncidentReport]{reasonField[client.IncidentReport]()},
		do: func(v *visit, p client.IncidentReport) (string, error) {
			_, err := v.api().DropIncidentReport(v.r.Context(), p.ID, v.sent("incident-why"))
			return "", err
		},
	}
}

func downloadReport(v *visit) error {
	id, format := v.r.PathValue("id"), v.r.PathValue("format")
	if !v.fromHere() {
		return v.send(reportLink(id))
	}
	if !slices.Contains(reportFormats(), format) {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
	}
	kind := map[string]string{"pdf": "application/pdf", "html": "text/html; charset=utf-8", "text": "text/plain; charset=utf-8", "json": "application/json", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}[format]
	end := map[bool]string{true: "txt", false: format}[format == "text"]
	return v.handPack(kind, "incident-report-"+fileName(tail(id))+"."+end, func() (io.ReadCloser, error) { return v.api().DownloadIncidentReport(v.r.Context(), id, format) })
}

func reportProof(v *visit) error {
	id, sum := v.r.PathValue("id"), v.r.PathValue("sum")
	if !v.fromHere() {
		return v.send(reportLink(id))
	}
	return v.handPack("application/octet-stream", "", func() (io.ReadCloser, error) { return v.api().IncidentReportProof(v.r.Context(), id, sum) })
}
