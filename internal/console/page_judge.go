package console

import (
	"slices"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// judgePages are for samples that people judge, whoever drew them: two people judge each item, neither knowing what the other
// did, and a third decides where they differ.
func judgePages() []page {
	return []page{
		{method: get, path: "/panels", action: staff.PanelRead, title: "page-panels", menu: true, group: groupReview, words: panelWords(), do: showPanels},
		{method: get, path: "/panels/{sheet}", action: staff.PanelRead, title: "page-panel", words: of("page-done-", "panel-empty", "panel-judged"), do: showPanel},
		{method: post, path: "/panels/{sheet}/next", action: staff.PanelJudge, back: "/panels/{sheet}", makes: []string{"sample.taken"}, do: nextPanelItem},
		{method: get, path: "/judge/{id}", action: staff.PanelJudge, title: "page-judge", above: "/panels", do: showPanelItem},
		{method: post, path: "/judge/{id}", action: staff.PanelJudge, back: "/judge/{id}", makes: []string{"sample.judged"}, do: judgePanelItem},
	}
}

// asks are what reviewers are asked of samples.
func asks() []string { return []string{"generation", "should-refuse", "should-not-refuse", "corpus"} }

func judgeable() []string { return []string{"passed", "failed", "could-not-tell"} }

func panelWords() []string {
	return slices.Concat(of("page-ask-", asks()...), of("page-ask-about-", asks()...), of("page-panel-kind-", "run", "dataset"), of("page-judge-", judgeable()...), of("page-judge-about-", judgeable()...), of("page-judge-part-", "question", "answer", "text"), of("page-judge-fact-outcome-", "answered", "refused"),
		of("page-kappa-", "undefined"), of("page-panel-state-", "open", "closed"),
		of("page-label-", "panel-name", "panel-ask", "panel-of", "panel-items", "panel-settled", "panel-disputed", "panel-waiting", "panel-once", "panel-withdrawn", "panel-raters", "panel-agreed", "panel-kappa", "panel-rate", "panel-topic", "outcome", "topic", "state"))
}

func panelLink(sheet string) string { return "/panels/" + escaped(sheet) }

func panelState(p client.Panel) cell {
	if p.Open {
		return state("page-panel-state-", "open", map[string]tone{"open": wait})
	}
	return state("page-panel-state-", "closed", map[string]tone{"closed": good})
}

// panelOf is what a sample is of, with its page where it has one here.
func panelOf(p client.PanelAbout) cell {
	c := word("page-panel-kind-", p.Kind)
	switch p.Kind {
	case "run":
		return c.to(runLink(p.Of))
	case "dataset":
		return c.to("/datasets/" + escaped(p.Of))
	}
	return c
}

func panelColumns() []column[client.Panel] {
	return []column[client.Panel]{
		{name: "panel-name", cell: func(p client.Panel) cell { return text(p.Name).to(panelLink(p.Sheet)) }},
		{name: "panel-ask", cell: func(p client.Panel) cell { return word("page-ask-about-", p.Ask) }},
		{name: "state", cell: panelState},
		{name: "panel-items", cell: func(p client.Panel) cell { return count(int64(p.Items)) }},
		{name: "panel-settled", cell: func(p client.Panel) cell { return count(int64(p.States.Settled)) }},
		{name: "panel-disputed", side: true, cell: func(p client.Panel) cell { return count(int64(p.States.Disputed)) }},
		{name: "panel-kappa", side: true, cell: func(p client.Panel) cell { return kappaCell(p.Kappa) }},
	}
}

type panelsPage struct {
	Judges bool
	Table  *tableView
}

func showPanels(v *visit) error {
	list, err := v.api().Panels(v.r.Context())
	if err != nil {
		return err
	}
	return v.show("panels", panelsPage{v.actor().May(staff.PanelJudge), tableOf("page-panels", panelColumns(), list)})
}

type panelPage struct {
	Panel   client.Panel
	Here    string
	Judges  bool
	Facts   []fact
	Topics  *tableView
	Records []string
}

func showPanel(v *visit) error {
	p, err := v.api().Panel(v.r.Context(), v.r.PathValue("sheet"))
	if err != nil {
		return err
	}
	v.titled = v.speakers[v.lang].Say("page-panel") + " · " + p.Name
	data := panelPage{Panel: p, Here: panelLink(p.Sheet), Judges: v.actor().May(staff.PanelJudge) && p.Open, Records: []string{"sample.taken"}}
	data.Facts = []fact{{"state", panelState(p)}, {"panel-of", panelOf(p.PanelAbout)}, {"panel-items", count(int64(p.Items))}, {"panel-waiting", count(int64(p.States.Waiting))}, {"panel-once", count(int64(p.States.Once))}, {"panel-disputed", count(int64(p.States.Disputed))},
		{"panel-settled", count(int64(p.States.Settled))}, {"panel-withdrawn", count(int64(p.States.Withdrawn))}, {"panel-rate", text(v.rateNote(p.Rate))}, {"panel-raters", count(int64(p.Raters))}, {"panel-agreed", text(pairsAgreed(p.Kappa))}, {"panel-kappa", kappaCell(p.Kappa)}}
	data.Topics = tableOf("page-panel-topics", []column[client.PanelTopic]{
		{name: "panel-topic", cell: func(t client.PanelTopic) cell { return text(topicNamed(t.Topic, string(v.lang))) }},
		{name: "panel-rate", cell: func(t client.PanelTopic) cell { return text(v.rateNote(t.Rate)) }},
	}, p.Topics)
	return v.show("panel", data)
}

func nextPanelItem(v *visit) error { return v.toNextItem(v.r.PathValue("sheet"), "panel-empty") }

// toNextItem takes an item of a sample and shows it, or says that there is none.
func (v *visit) toNextItem(sheet, done string) error {
	it, err := v.api().NextPanelItem(v.r.Context(), sheet)
	if err != nil {
		return err
	}
	if it == nil {
		return v.send(with(panelLink(sheet), nil, "done", done))
	}
	return v.send("/judge/" + escaped(it.ID))
}

type judgePage struct {
	Item     client.PanelItem
	Panel    string
	Verdicts []string
	Facts    []fact
	Records  []string
	Chosen   string
}

// showPanelItem shows an item to somebody who has it.
func showPanelItem(v *visit) error {
	it, err := v.api().PanelItem(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	data := judgePage{Item: it, Panel: panelLink(it.Sheet), Verdicts: judgeable(), Records: []string{"sample.judged"}, Chosen: v.sent("verdict")}
	if c := it.Content; c != nil {
		if c.Topic != "" {
			data.Facts = append(data.Facts, fact{"panel-topic", text(topicNamed(c.Topic, string(v.lang)))})
		}
		for _, f := range c.Facts {
			data.Facts = append(data.Facts, fact{f.Name, word("page-judge-fact-"+f.Name+"-", f.Value)})
		}
	}
	return v.show("judge", data)
}

func judgePanelItem(v *visit) error {
	id := v.r.PathValue("id")
	sheet := v.sent("sheet")
	if err := v.api().JudgePanelItem(v.r.Context(), id, v.sent("verdict"), v.sent("note")); err != nil {
		return err
	}
	if v.sent("then") == "stop" {
		return v.send(with(panelLink(sheet), nil, "done", "panel-judged"))
	}
	return v.toNextItem(sheet, "panel-empty")
}
