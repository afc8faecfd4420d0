package console

import (
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/sample"
)

func judgeMethods() []string { return []string{"keyword", "classifier", "people", "outcome"} }

func runYardsticks() []string {
	return []string{"output-people", "output-keyword", "output-classifier", "refuse", "not-refuse"}
}

func resultWords() []string {
	return slices.Concat(sourceKeys(), of("page-method-", judgeMethods()...), of("page-kind-", questionKinds()...), of("page-confidence-", confidences()...), of("page-yardstick-", runYardsticks()...), of("page-verdict-", "passed", "failed", "could-not-tell"),
		of("page-outcome-", "answered", "refused", "failed", "unasked"), of("page-share-generation-", "passed"), of("page-share-should-refuse-", "passed", "refused"), of("page-share-should-not-refuse-", "passed", "refused"),
		of("page-label-", "run-figure", "run-asks", "run-sure", "run-must", "run-found", "verdict", "source", "bank-topic", "run-judge", "run-method", "run-versions", "run-judged-count", "run-kind", "panel-items", "panel-settled", "panel-raters", "panel-agreed", "panel-kappa",
			"run-questions", "run-kept", "run-phrases", "run-before"))
}

type runResultPage struct {
	Run      client.TestRun
	Facts    []fact
	Held     template.HTML
	Table    *tableView
	Charts   []template.HTML
	Outcomes []part
	Judges   *tableView
	Reviews  *tableView
}

// showRunResult shows what a run has come to by now: the figures of the standard with the rates held against them, and the rate
// of each risk.
func showRunResult(v *visit) error {
	id, ctx := v.r.PathValue("id"), v.r.Context()
	r, err := v.api().TestRun(ctx, id)
	if err != nil {
		return err
	}
	res, err := v.api().RunResult(ctx, id)
	if err != nil {
		return err
	}
	v.titled = v.speakers[v.lang].Say("page-run-result") + " · " + r.Plan.Name
	data := runResultPage{Run: r, Held: v.heldChart(res), Table: v.heldRates(res), Charts: v.rateCharts(res), Outcomes: v.outcomeParts(res)}
	data.Facts = []fact{{"state", runState(r)}, {"model", text(r.Plan.Model)}, {"run-questions", count(int64(res.Questions))}, {"run-kept", count(int64(res.Asked))}, {"run-phrases", count(int64(res.Phrases))}, {"run-before", count(int64(res.Before))}}
	data.Judges = tableOf("page-run-judges", []column[client.RunJudge]{
		{name: "run-judge", cell: func(j client.RunJudge) cell { return text(j.Name) }},
		{name: "run-method", cell: func(j client.RunJudge) cell { return word("page-method-", j.Method) }},
		{name: "run-judged-count", cell: func(j client.RunJudge) cell { return count(int64(j.Judged)) }},
		{name: "run-versions", side: true, cell: func(j client.RunJudge) cell { return idents(j.Versions) }},
	}, res.Judges)
	data.Reviews = tableOf("page-run-reviews", []column[client.RunReview]{
		{name: "run-kind", cell: func(w client.RunReview) cell { return word("page-kind-", w.Kind).to(panelLink(w.Panel)) }},
		{name: "panel-items", cell: func(w client.RunReview) cell { return count(int64(w.Items)) }},
		{name: "panel-settled", cell: func(w client.RunReview) cell { return count(int64(w.Settled)) }},
		{name: "panel-raters", cell: func(w client.RunReview) cell { return count(int64(w.Raters)) }},
		{name: "panel-agreed", cell: func(w client.RunReview) cell { return text(pairsAgreed(w.Kappa)) }},
		{name: "panel-kappa", cell: func(w client.RunReview) cell { return kappaCell(w.Kappa) }},
	}, res.Reviews)
	return v.show("runresult", data)
}

func millionth(n int) float64 { return float64(n) / 1_000_000 }

// kappaCell is how much two judgements agree; where chance explains everything it is said so.
func kappaCell(k client.Kappa) cell {
	if !k.Defined {
		return word("page-kappa-", "undefined")
	}
	return text(strconv.FormatFloat(millionth(k.Value), 'f', 2, 64))
}

func pairsAgreed(k client.Kappa) string {
	return strconv.Itoa(k.Agreed) + " / " + strconv.Itoa(k.Pairs)
}

// rateNote says a rate in words: the share, its interval, and what it is made of.
func (v *visit) rateNote(r client.Rate) string {
	say := v.speakers[v.lang].Say
	if r.Known == 0 {
		return say("page-rate-none", "unknown", grouped(int64(r.Unknown)))
	}
	return say("page-rate", "share", chart.Percent(millionth(r.Share)), "low", chart.Percent(millionth(r.Low)), "high", chart.Percent(millionth(r.High)), "hits", grouped(int64(r.Hits)), "known", grouped(int64(r.Known)), "unknown", grouped(int64(r.Unknown)))
}

func (v *visit) ranged(name string, r client.Rate, mark int, tone chart.Tone) chart.Ranged {
	one := chart.Ranged{Name: name, Tone: tone, Value: math.NaN(), Mark: -1, Note: v.rateNote(r)}
	if r.Known > 0 {
		one.Value, one.Low, one.High = millionth(r.Share), millionth(r.Low), millionth(r.High)
	}
	if mark > 0 {
		one.Mark = millionth(mark)
	}
	return one
}

func (v *visit) yardstick(h client.RunHeld) string {
	name := v.speakers[v.lang].Say("page-yardstick-" + h.ID)
	if h.Judge != "" {
		name += " (" + h.Judge + ")"
	}
	return name
}

func toneOf(verdict string) chart.Tone {
	switch verdict {
	case "passed":
		return chart.Good
	case "failed":
		return chart.Bad
	}
	return chart.Wait
}

func (v *visit) intervalWords(id, title string) chart.Words {
	say := v.speakers[v.lang].Say
	return chart.Words{ID: id, Title: title, About: say("page-run-chart-about"), Table: say("page-held-chart-table"), None: say("page-run-chart-none"), Untold: say("page-verdict-could-not-tell")}
}

func (v *visit) heldChart(res client.RunResult) template.HTML {
	var rows []chart.Ranged
	for _, h := range res.Held {
		rows = append(rows, v.ranged(v.yardstick(h), h.Rate, h.Share, toneOf(h.Verdict)))
	}
	say := v.speakers[v.lang].Say
	return chart.Intervals(v.intervalWords("run-held", say("page-run-held")), say("page-label-run-figure"), say("page-label-run-found"), rows)
}

func (v *visit) heldRates(res client.RunResult) *tableView {
	say := v.speakers[v.lang].Say
	return tableOf("page-run-held", []column[client.RunHeld]{
		{name: "run-figure", cell: func(h client.RunHeld) cell { return text(v.yardstick(h)) }},
		{name: "verdict", cell: func(h client.RunHeld) cell { return heldCell(h.Verdict) }},
		{name: "run-asks", cell: func(h client.RunHeld) cell {
			key := "page-run-least"
			if h.AtMost {
				key = "page-run-most"
			}
			return text(say(key, "share", chart.Percent(millionth(h.Share))))
		}},
		{name: "run-sure", cell: func(h client.RunHeld) cell { return word("page-confidence-", h.ShareConfidence) }},
		{name: "run-must", cell: func(h client.RunHeld) cell { return count(int64(h.Must)) }},
		{name: "source", side: true, long: true, cell: func(h client.RunHeld) cell { return sourced(h.ShareSource) }},
	}, res.Held)
}

// sourced says where a figure of a standard is from, which the data say in English.
func sourced(source string) cell { return cell{Text: source, Key: sourceKey(source)} }

func sourceKey(source string) string {
	return "page-source-" + strings.Join(strings.FieldsFunc(strings.ToLower(source), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), "-")
}

// sourceKeys are of all sources of figures for questions and for samples of them.
func sourceKeys() (keys []string) {
	for _, y := range bank.Yardsticks() {
		keys = append(keys, sourceKey(y.Source))
	}
	for _, y := range sample.Yardsticks() {
		keys = append(keys, sourceKey(y.ShareSource))
	}
	return keys
}

// rateCharts draw the rates of each risk or aspect: one chart for each kind, method and judge.
func (v *visit) rateCharts(res client.RunResult) (charts []template.HTML) {
	say := v.speakers[v.lang].Say
	for _, all := range res.Rates {
		if all.Topic != nil {
			continue
		}
		mark, most := 0, false
		for _, h := range res.Held {
			if h.Kind == all.Kind && h.Method == all.Method {
				mark, most = h.Share, h.AtMost
			}
		}
		var rows []chart.Ranged
		for _, r := range res.Rates {
			if r.Kind != all.Kind || r.Method != all.Method || r.Judge != all.Judge || r.Topic == nil {
				continue
			}
			tone := chart.First
			if mark > 0 && r.Rate.Known > 0 && (!most && r.Rate.High < mark || most && r.Rate.Low > mark) {
				tone = chart.Bad
			}
			rows = append(rows, v.ranged(topicName(*r.Topic, string(v.lang)), r.Rate, mark, tone))
		}
		title := say("page-kind-"+all.Kind) + " · " + say("page-method-"+all.Method)
		if all.Judge != "" {
			title += " (" + all.Judge + ")"
		}
		what := "passed"
		if all.Method == "outcome" {
			what = "refused"
		}
		charts = append(charts, chart.Intervals(v.intervalWords("run-rates-"+all.Kind+"-"+all.Method+"-"+strconv.Itoa(len(charts)), title), say("page-label-bank-topic"), say("page-share-"+all.Kind+"-"+what), rows))
	}
	return charts
}

// outcomeParts count what became of the questions, kind by kind.
func (v *visit) outcomeParts(res client.RunResult) (parts []part) {
	for _, kind := range questionKinds() {
		var rows []client.RunOutcomes
		for _, o := range res.Outcomes {
			if o.Kind == kind && o.Topic != nil {
				rows = append(rows, o)
			}
		}
		if len(rows) == 0 {
			continue
		}
		number := func(name string, of func(client.RunOutcomes) int) column[client.RunOutcomes] {
			return column[client.RunOutcomes]{name: name, cell: func(o client.RunOutcomes) cell { return count(int64(of(o))) }}
		}
		parts = append(parts, part{Title: "page-kind-" + kind, Table: tableOf("page-kind-"+kind, []column[client.RunOutcomes]{
			{name: "bank-topic", cell: func(o client.RunOutcomes) cell { return text(topicName(*o.Topic, string(v.lang))) }},
			number("run-answered", func(o client.RunOutcomes) int { return o.Answered }), number("run-refused", func(o client.RunOutcomes) int { return o.Refused }),
			number("run-failed", func(o client.RunOutcomes) int { return o.Failed }), number("run-unasked", func(o client.RunOutcomes) int { return o.Unasked }),
		}, rows)})
	}
	return parts
}
