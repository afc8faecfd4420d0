package console

import (
	"context"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/staff"
)

// maxBankFile is the largest file of test questions that a form brings, in bytes.
const maxBankFile = 64 << 20

func bankPages() []page {
	return slices.Concat(bankList().rows(), start("/banks/new", "/banks", importBank()), start("/banks/starter", "/banks", starterBank()), bankSheet().rows(), []page{
		{method: get, path: "/banks/{id}/questions", action: staff.BankRead, back: "/banks/{id}", do: handQuestions},
	})
}

func bankStates() []string { return []string{"imported", "approved", "rejected", "retired"} }

func questionKinds() []string {
	return []string{"generation", "should-refuse", "should-not-refuse"}
}

func confidences() []string { return []string{"primary", "secondary", "draft", "unconfirmed"} }

func bankState(b client.TestBank) cell {
	return state("page-bank-state-", b.State, map[string]tone{"imported": wait, "approved": good, "rejected": bad})
}

func bankLink(id string) string { return "/banks/" + escaped(id) }

// heldCell is one of the three values.
func heldCell(verdict string) cell {
	return state("page-verdict-", verdict, map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait})
}

func ofKind(list []client.KindCount, kind string) int64 {
	for _, k := range list {
		if k.Kind == kind {
			return int64(k.Count)
		}
	}
	return 0
}

func bankList() list[client.TestBank] {
	return list[client.TestBank]{
		name: "banks", path: "/banks", title: "page-banks", group: groupGovernance, action: staff.BankRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.TestBank, string, error) {
			return c.TestBanks(ctx, l)
		},
		columns: []column[client.TestBank]{
			{name: "name", long: true, cell: func(b client.TestBank) cell { return text(b.Name).to(bankLink(b.ID)) }},
			{name: "state", cell: bankState},
			{name: "bank-questions", cell: func(b client.TestBank) cell { return count(int64(b.Questions)) }},
			{name: "bank-generation", side: true, cell: func(b client.TestBank) cell { return count(ofKind(b.Kinds, "generation")) }},
			{name: "bank-should-refuse", side: true, cell: func(b client.TestBank) cell { return count(ofKind(b.Kinds, "should-refuse")) }},
			{name: "bank-should-not-refuse", side: true, cell: func(b client.TestBank) cell { return count(ofKind(b.Kinds, "should-not-refuse")) }},
			{name: "bank-made", cell: func(b client.TestBank) cell { return moment(b.Made) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-bank-state-", options: bankStates()}},
		deeds:   []lead{{"/banks/new", "page-deed-bank-import", staff.BankWrite}, {"/banks/starter", "page-deed-bank-starter", staff.BankWrite}, {"/runs", "page-runs", staff.RunRead}},
	}
}

func importBank() deed[none] {
	return deed[none]{
		name: "bank-import", action: staff.BankWrite, record: "bank.imported", upload: maxBankFile,
		fields: []field[none]{
			{name: "name", kind: "text", required: true, most: 200},
			{name: "bank-file", kind: "file", required: true, hint: true},
			{name: "bank-note", kind: "area", hint: true, most: 2000},
		},
		do: func(v *visit, _ none) (string, error) {
			file, name, err := v.attached("bank-file")
			if err != nil {
				return "", err
			}
			defer file.Close()
			format := "jsonl"
			if strings.HasSuffix(strings.ToLower(name), ".csv") {
				format = "csv"
			}
			b, err := v.api().ImportBank(v.r.Context(), file, format, v.sent("name"), v.sent("bank-note"))
			return bankLink(b.ID), err
		},
	}
}

func starterBank() deed[none] {
	return deed[none]{name: "bank-starter", action: staff.BankWrite, record: "bank.imported", do: func(v *visit, _ none) (string, error) {
		b, err := v.api().StarterBank(v.r.Context())
		return bankLink(b.ID), err
	}}
}

func bankSheet() sheet[client.TestBank] {
	end := func(name, step string, from string) deed[client.TestBank] {
		return deed[client.TestBank]{name: name, step: step, action: staff.BankApprove, record: "bank." + map[string]string{"reject": "rejected", "retire": "retired"}[step], danger: true,
			may:    func(b client.TestBank) bool { return b.State == from },
			fields: []field[client.TestBank]{{name: "reason", kind: "area", required: true, most: 2000}},
			do: func(v *visit, b client.TestBank) (string, error) {
				_, err := v.api().EndBank(v.r.Context(), b.ID, step, v.sent("reason"))
				return "", err
			}}
	}
	return sheet[client.TestBank]{
		path: "/banks/{id}", title: "page-bank", action: staff.BankRead, template: "bank",
		fetch:   func(v *visit, id string) (client.TestBank, error) { return v.api().TestBank(v.r.Context(), id) },
		heading: func(b client.TestBank) cell { return text(b.Name) },
		facts: func(b client.TestBank) []fact {
			return []fact{{"state", bankState(b)}, {"bank-questions", count(int64(b.Questions))}, {"bank-made", moment(b.Made)}, {"bank-importer", by(b.Importer)}, {"bank-decider", by(b.Decider)}, {"bank-decided", sometime(b.Decided)},
				{"reason", text(b.Reason)}, {"bank-note", text(b.Note)}, {"digest", ident(b.Digest)}}
		},
		parts: bankParts,
		more:  func(v *visit, b client.TestBank) (any, error) { return v.bankCharts(b) },
		ways: func(v *visit, b client.TestBank) []lead {
			ways := []lead{{to: bankLink(b.ID) + "/questions", title: "page-bank-download"}}
			if b.State == "approved" && v.actor().May(staff.RunWrite) {
				ways = append(ways, lead{to: "/runs/new?bank=" + escaped(b.ID), title: "page-deed-run-plan"})
			}
			return ways
		},
		deeds: []deed[client.TestBank]{{name: "bank-approve", step: "approve", action: staff.BankApprove, record: "bank.approved", may: func(b client.TestBank) bool { return b.State == "imported" },
			do: func(v *visit, b client.TestBank) (string, error) {
				_, err := v.api().ApproveBank(v.r.Context(), b.ID)
				return "", err
			}}, end("bank-reject", "reject", "imported"), end("bank-retire", "retire", "approved")},
		labels: []string{"state", "bank-importer", "bank-decider", "bank-decided", "reason", "bank-note", "digest"},
		says: slices.Concat(of("page-confidence-", confidences()...), of("page-kind-", questionKinds()...), of("page-verdict-", "passed", "failed", "could-not-tell"), bankFigures(),
			of("page-label-", "bank-figure", "bank-asked", "bank-there", "verdict", "bank-sure", "source", "bank-pair", "bank-share")),
	}
}

// bankFigures are the names of the figures of the standard about banks.
func bankFigures() []string {
	return of("page-bank-figure-", "generation", "generation-a1-a2", "generation-a3-a5", "should-refuse", "should-refuse-each", "should-not-refuse", "should-not-refuse-each")
}

func (v *visit) bankCoverage(id string) (client.BankCoverage, error) {
	return askOnce(v, "coverage of "+id, func() (client.BankCoverage, error) { return v.api().BankCoverage(v.r.Context(), id) })
}

func bankParts(v *visit, b client.TestBank) ([]part, error) {
	c, err := v.bankCoverage(b.ID)
	if err != nil {
		return nil, err
	}
	lang := string(v.lang)
	parts := []part{{Title: "page-bank-held", Lead: "page-bank-held-lead", Table: tableOf("page-bank-held", []column[client.BankHeld]{
		{name: "bank-figure", cell: func(h client.BankHeld) cell { return word("page-bank-figure-", h.ID) }},
		{name: "bank-asked", cell: func(h client.BankHeld) cell { return count(int64(h.Least)) }},
		{name: "bank-there", cell: func(h client.BankHeld) cell { return count(int64(h.Fewest)) }},
		{name: "verdict", cell: func(h client.BankHeld) cell { return heldCell(h.Verdict) }},
		{name: "bank-sure", side: true, cell: func(h client.BankHeld) cell { return word("page-confidence-", h.Confidence) }},
		{name: "source", side: true, long: true, cell: func(h client.BankHeld) cell { return sourced(h.Source) }},
	}, c.Held)}}
	for _, kind := range questionKinds() {
		of := slices.DeleteFunc(slices.Clone(c.Topics), func(n client.BankCount) bool { return n.Kind != kind })
		parts = append(parts, part{Title: "page-kind-" + kind, Lead: "page-kind-about-" + kind, Table: tableOf("page-kind-"+kind, []column[client.BankCount]{
			{name: "bank-topic", cell: func(n client.BankCount) cell { return text(topicName(n.Topic, lang)) }},
			{name: "bank-questions", cell: func(n client.BankCount) cell { return count(int64(n.Questions)) }},
			{name: "bank-asked", cell: func(n client.BankCount) cell {
				if n.Least == 0 {
					return cell{}
				}
				return count(int64(n.Least))
			}},
			{name: "verdict", cell: func(n client.BankCount) cell {
				if n.Least == 0 {
					return cell{}
				}
				return heldCell(n.Verdict)
			}},
			{name: "bank-sure", side: true, cell: func(n client.BankCount) cell { return word("page-confidence-", n.Topic.Confidence) }},
		}, of)})
	}
	return append(parts, part{Title: "page-bank-near", Lead: "page-bank-near-lead", Empty: "page-bank-near-none", Table: tableOf("page-bank-near", []column[client.BankPair]{
		{name: "bank-pair", cell: func(p client.BankPair) cell { return ident(p.A) }},
		{name: "bank-pair", cell: func(p client.BankPair) cell { return ident(p.B) }},
		{name: "bank-share", cell: func(p client.BankPair) cell { return count(int64(p.Share)) }},
	}, c.Near[:min(len(c.Near), 50)])}), nil
}

// topicName is the name of a risk with its place in the annex, or that of an aspect.
func topicName(t client.BankTopic, lang string) string {
	if strings.HasPrefix(t.ID, "A.") {
		return t.ID + " " + t.Names.In(lang)
	}
	return t.Names.In(lang)
}

// topicNamed is the name of the risk or aspect with an identifier; the identifier where there is none, as for the sources of data.
func topicNamed(id, lang string) string {
	for _, t := range slices.Concat(bank.Risks(), bank.Aspects()) {
		if t.ID == id {
			return topicName(client.BankTopic{ID: id, Names: client.PackNames{ZH: t.Zh, EN: t.En}}, lang)
		}
	}
	return id
}

// bankCharts draw how many questions there are for each risk.
func (v *visit) bankCharts(b client.TestBank) ([]template.HTML, error) {
	c, err := v.bankCoverage(b.ID)
	if err != nil {
		return nil, err
	}
	say := v.speakers[v.lang].Say
	var rows []chart.Part
	for _, n := range c.Topics {
		if n.Kind != "generation" {
			continue
		}
		tone := chart.Good
		if n.Verdict == "failed" {
			tone = chart.Bad
		}
		rows = append(rows, chart.Part{Name: topicName(n.Topic, string(v.lang)), Tone: tone, Value: float64(n.Questions), Of: float64(n.Least)})
	}
	return []template.HTML{chart.Ranked(chart.Words{ID: "bank-risks", Title: say("page-bank-chart"), About: say("page-bank-chart-about"), Table: say("page-held-chart-table"), None: say("page-bank-chart-none")}, say("page-label-bank-topic"), say("page-label-bank-questions"), rows)}, nil
}

func handQuestions(v *visit) error {
	id := v.r.PathValue("id")
	if strings.ContainsAny(id, "/\\") {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
	}
	from, err := v.api().BankQuestions(v.r.Context(), id)
	if err != nil {
		return err
	}
	defer from.Close()
	out := &handing{v: v, kind: "application/jsonl; charset=utf-8", name: "bank-" + fileName(id) + ".jsonl"}
	_, err = io.Copy(out, from)
	return out.end(err)
}
