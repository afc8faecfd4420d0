package console

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// CodeSeedInvalid says that the seed in the form of a run is no number that a seed can be.
const CodeSeedInvalid colophon.Code = "page-seed-invalid"

func runPages() []page {
	return slices.Concat(runList().rows(), start("/runs/new", "/runs", planRun()), runSheet().rows(), []page{
		{method: get, path: "/runs/{id}/result", action: staff.RunRead, title: "page-run-result", above: "/runs/{id}", words: resultWords(), do: showRunResult},
		{method: get, path: "/runs/{id}/report/{format}", action: staff.RunRead, back: "/runs/{id}", do: handRunReport},
	})
}

func runStates() []string {
	return []string{"planned", "running", "judging", "done", "cancelled"}
}

func runState(r client.TestRun) cell {
	c := state("page-run-state-", r.State, map[string]tone{"running": wait, "judging": wait, "done": good, "cancelled": bad})
	switch {
	case r.Trouble != "":
		c.Tone = bad
	case r.State == "planned" && r.Wanted:
		c = state("page-run-state-", "waiting", map[string]tone{"waiting": wait})
	case r.State == "running" && !r.Wanted:
		c = state("page-run-state-", "paused", map[string]tone{"paused": wait})
	}
	return c
}

func runLink(id string) string { return "/runs/" + escaped(id) }

func runList() list[client.TestRun] {
	return list[client.TestRun]{
		name: "runs", path: "/runs", title: "page-runs", group: groupGovernance, action: staff.RunRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.TestRun, string, error) {
			return c.TestRuns(ctx, l)
		},
		columns: []column[client.TestRun]{
			{name: "name", long: true, cell: func(r client.TestRun) cell { return text(r.Plan.Name).to(runLink(r.ID)) }},
			{name: "state", cell: runState},
			{name: "model", cell: func(r client.TestRun) cell { return text(r.Plan.Model) }},
			{name: "bank-questions", cell: func(r client.TestRun) cell { return count(int64(r.Questions)) }},
			{name: "run-made", cell: func(r client.TestRun) cell { return moment(r.Made) }},
			{name: "run-ended", side: true, cell: func(r client.TestRun) cell { return sometime(r.Ended) }},
		},
		deeds: []lead{{"/runs/new", "page-deed-run-plan", staff.RunWrite}, {"/banks", "page-banks", staff.BankRead}, {"/panels", "page-panels", staff.PanelRead}},
		says:  of("page-run-state-", append(runStates(), "waiting", "paused")...),
	}
}

func planRun() deed[none] {
	banks := func(v *visit) (ids []string, names map[string]string, err error) {
		names = map[string]string{}
		list, _, err := v.api().TestBanks(v.r.Context(), client.Listing{Filter: map[string][]string{"state": {"approved"}}, Limit: 200})
		for _, b := range list {
			ids, names[b.ID] = append(ids, b.ID), b.Name+" · "+grouped(int64(b.Questions))
		}
		return ids, names, err
	}
	return deed[none]{
		name: "run-plan", action: staff.RunWrite, record: "run.planned",
		fields: []field[none]{
			{name: "name", kind: "text", required: true, most: 200},
			{name: "bank", kind: "choice", required: true, hint: true, choices: func(v *visit, _ none) ([]string, error) { ids, _, err := banks(v); return ids, err }, names: func(v *visit) map[string]string { _, names, _ := banks(v); return names }},
			{name: "model", kind: "choice", required: true, choices: func(v *visit, _ none) (names []string, err error) {
				models, err := v.api().RunModels(v.r.Context())
				for _, m := range models {
					names = append(names, m.Name)
				}
				return names, err
			}},
			{name: "run-kinds", kind: "several", words: "page-kind-", options: questionKinds(), hint: true},
			{name: "run-temperature", kind: "text", hint: true, most: 16},
			{name: "run-system", kind: "area", hint: true, most: 1024},
			{name: "run-seed", kind: "text", hint: true, most: 16},
		},
		do: func(v *visit, _ none) (string, error) {
			p := client.RunPlan{Name: v.sent("name"), Bank: v.sent("bank"), Model: v.sent("model"), Kinds: v.r.PostForm["run-kinds"], Parameters: map[string]string{}}
			for field, name := range map[string]string{"run-temperature": "temperature", "run-system": "system"} {
				if value := strings.TrimSpace(v.sent(field)); value != "" {
					p.Parameters[name] = value
				}
			}
			if text := strings.TrimSpace(v.sent("run-seed")); text != "" {
				seed, err := strconv.ParseUint(text, 10, 32)
				if err != nil {
					return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeSeedInvalid}
				}
				p.Seed = uint32(seed)
			}
			r, err := v.api().PlanRun(v.r.Context(), p)
			return runLink(r.ID), err
		},
	}
}

func runSheet() sheet[client.TestRun] {
	stepping := func(name, step, does, record string, may func(client.TestRun) bool) deed[client.TestRun] {
		return deed[client.TestRun]{name: name, step: step, action: staff.RunWrite, record: record, may: may, do: func(v *visit, r client.TestRun) (string, error) {
			_, err := v.api().StepRun(v.r.Context(), r.ID, does)
			return "", err
		}}
	}
	open := func(r client.TestRun) bool {
		return r.State == "planned" || r.State == "running" || r.State == "judging"
	}
	return sheet[client.TestRun]{
		path: "/runs/{id}", title: "page-run", action: staff.RunRead, template: "run",
		fetch:   func(v *visit, id string) (client.TestRun, error) { return v.api().TestRun(v.r.Context(), id) },
		heading: func(r client.TestRun) cell { return text(r.Plan.Name) },
		facts:   runFacts,
		more:    func(v *visit, r client.TestRun) (any, error) { return v.runNow(r) },
		ways: func(v *visit, r client.TestRun) (ways []lead) {
			if r.Progress != nil && r.Progress.Asked > 0 {
				ways = append(ways, lead{to: runLink(r.ID) + "/result", title: "page-run-result"})
			}
			return ways
		},
		deeds: []deed[client.TestRun]{
			stepping("run-start", "start", "start", "run.begun", func(r client.TestRun) bool { return (r.State == "planned" || r.State == "running") && !r.Wanted }),
			stepping("run-again", "again", "start", "run.begun", func(r client.TestRun) bool { return r.State == "judging" && !r.Wanted }),
			stepping("run-pause", "pause", "pause", "run.halted", func(r client.TestRun) bool { return (r.State == "planned" || r.State == "running") && r.Wanted }),
			{name: "run-sample", step: "sample", action: staff.RunWrite, record: "sample.drawn run.sampled", may: func(r client.TestRun) bool { return r.State == "judging" && len(r.Drawn) < len(r.Kinds) },
				fields: []field[client.TestRun]{
					{name: "run-kind", kind: "choice", words: "page-kind-", required: true, options: questionKinds()},
					{name: "run-least", kind: "number", hint: true}, {name: "run-each", kind: "number", hint: true}},
				do: func(v *visit, r client.TestRun) (string, error) {
					least, _ := strconv.Atoi(v.sent("run-least")) // what is no number asks for what the yardsticks do
					each, _ := strconv.Atoi(v.sent("run-each"))
					s, err := v.api().SampleRun(v.r.Context(), r.ID, v.sent("run-kind"), least, each)
					return panelLink(s.Panel), err
				}},
			stepping("run-finish", "finish", "finish", "run.finished", func(r client.TestRun) bool { return r.State == "judging" && !r.Wanted }),
			{name: "run-cancel", step: "cancel", action: staff.RunWrite, record: "run.cancelled", danger: true, may: open,
				fields: []field[client.TestRun]{{name: "reason", kind: "area", required: true, most: 2000}},
				do: func(v *visit, r client.TestRun) (string, error) {
					_, err := v.api().CancelRun(v.r.Context(), r.ID, v.sent("reason"))
					return "", err
				}},
		},
		labels: []string{"state", "model", "run-function", "bank", "bank-digest", "bank-questions", "run-planner", "run-made", "run-started", "run-asked", "run-judged", "run-ended", "reason", "run-serving", "run-seed", "run-parameters", "run-sum", "run-kinds", "run-rate", "run-left"},
		says:   slices.Concat(of("page-outcome-", "answered", "refused", "failed", "unasked"), of("page-kind-", questionKinds()...)),
	}
}

func runFacts(r client.TestRun) []fact {
	var kinds cell
	for _, k := range r.Kinds {
		kinds.Many = append(kinds.Many, word("page-kind-", k.Kind))
	}
	var parameters []string
	for name, value := range r.Plan.Parameters {
		parameters = append(parameters, name+" = "+value)
	}
	slices.Sort(parameters)
	return []fact{{"state", runState(r)}, {"model", text(r.Plan.Model)}, {"run-function", ident(r.Plan.Function)}, {"bank", ident(r.Plan.Bank).to(bankLink(r.Plan.Bank))}, {"bank-questions", count(int64(r.Questions))}, {"run-kinds", kinds},
		{"run-made", moment(r.Made)}, {"run-started", sometime(r.Started)}, {"run-asked", sometime(r.Asked)}, {"run-judged", sometime(r.Judged)}, {"run-ended", sometime(r.Ended)}, {"reason", text(r.Reason)},
		{"run-planner", by(r.Planner)}, {"run-parameters", text(strings.Join(parameters, ", "))}, {"run-seed", ident(strconv.FormatUint(uint64(r.Plan.Seed), 10))}, {"run-serving", ident(r.Plan.Serving)}, {"bank-digest", ident(r.Digest)}, {"run-sum", ident(r.Sum)}}
}

// runNow is what the page of a run shows while it is at work, and what people have to judge of it.
type runNow struct {
	Run     client.TestRun
	Percent int
	Rate    string // questions a second
	Left    int    // seconds
	Moving  bool
	Panels  *tableView
}

func (v *visit) runNow(r client.TestRun) (now runNow, err error) {
	now = runNow{Run: r, Moving: r.Wanted}
	if p := r.Progress; p != nil && p.Of > 0 {
		now.Percent = p.Asked * 100 / p.Of
		if r.Started != nil && p.Asked > 0 && r.State == "running" {
			if took := v.Now().Sub(*r.Started).Seconds(); took > 1 {
				rate := float64(p.Asked) / took
				now.Rate, now.Left = strconv.FormatFloat(rate, 'f', 1, 64), int(float64(p.Of-p.Asked)/rate)
			}
		}
	}
	if len(r.Drawn) == 0 || !v.actor().May(staff.PanelRead) {
		return now, nil
	}
	var list []client.Panel
	for _, d := range r.Drawn {
		p, err := v.api().Panel(v.r.Context(), r.ID+"."+d.Kind)
		if err != nil {
			return now, err
		}
		list = append(list, p)
	}
	now.Panels = tableOf("page-panels", panelColumns(), list)
	v.introduced(now.Panels)
	return now, nil
}

func handRunReport(v *visit) error {
	id, format := v.r.PathValue("id"), v.r.PathValue("format")
	kind, ok := map[string]string{"html": "text/html; charset=utf-8", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "application/pdf"}[format]
	if !ok {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
	}
	from, err := v.api().RunReport(v.r.Context(), id, format, string(v.lang))
	if err != nil {
		return err
	}
	defer from.Close()
	out := &handing{v: v, kind: kind, name: "run-" + fileName(id) + "." + format}
	_, err = io.Copy(out, from)
	return out.end(err)
}
