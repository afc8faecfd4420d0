package govern

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
)

// Run writes the report of an assessment run: what it is of, the figures of the standard with the rates that are held against
// them and how sure each figure is, and the rates of each risk with their intervals. What is not known is said to be not known.
func Run(w *document.Writer, r run.Run, res run.Result, language string, f media.Format) ([]byte, error) {
	d := runReport{say: w.Words("zh"), run: r, res: res}
	if language == "en" {
		d.say, d.english = w.Words("en"), true
	}
	rep := document.Report{Title: d.say("run-report-title", "model", r.Plan.Model), Subtitle: r.Plan.Name, Language: language, At: r.Ended, Digest: r.Sum}
	if r.State != run.Done {
		rep.Blocks = append(rep.Blocks, document.Block{Kind: document.Text, Text: d.say("run-report-open")})
	}
	rep.Blocks = slices.Concat(rep.Blocks, []document.Block{{Kind: document.Facts, Rows: d.facts()}}, d.held(), d.series(), d.outcomes(), d.judges(), d.reviews(), d.limits())
	return w.Report(rep, f)
}

// runReport makes the blocks of a report.
type runReport struct {
	say     document.Words
	english bool
	run     run.Run
	res     run.Result
}

func (d runReport) heading(key string) document.Block {
	return document.Block{Kind: document.Heading, Level: 1, Text: d.say(key)}
}

func (d runReport) facts() [][]string {
	r, p := d.run, d.run.Plan
	var kinds, parameters []string
	for _, k := range bank.Kinds() {
		if n := r.Kinds[k]; n > 0 {
			kinds = append(kinds, d.kind(k)+": "+strconv.Itoa(n))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Parameters)) {
		parameters = append(parameters, name+" = "+p.Parameters[name])
	}
	rows := [][]string{
		{d.say("run-report-model"), p.Model}, {d.say("run-report-serving"), p.Serving}, {d.say("run-report-function"), p.Function}, {d.say("run-report-bank"), r.Digest},
		{d.say("run-report-questions"), strings.Join(kinds, "\n")}, {d.say("run-report-seed"), strconv.FormatUint(uint64(p.Seed), 10)}, {d.say("run-report-parameters"), strings.Join(parameters, "\n")},
		{d.say("run-report-state"), d.say("page-run-state-" + string(r.State))}, {d.say("run-report-started"), runTime(r.Started)}, {d.say("run-report-asked"), runTime(r.Asked)}, {d.say("run-report-ended"), runTime(r.Ended)},
		{d.say("run-report-standard"), d.res.Standard},
	}
	return slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" })
}

func runTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(workday.Beijing()).Format("2006-01-02 15:04")
}

func (d runReport) kind(k bank.Kind) string    { return d.say("page-kind-" + string(k)) }
func (d runReport) method(m run.Method) string { return d.say("page-method-" + string(m)) }

// sure says how sure something is.
func (d runReport) sure(c bank.Confidence, source string) string {
	if c == "" {
		return ""
	}
	return d.say("page-confidence-"+string(c)) + "\n" + source
}

// held are the figures of the standard with what is held against them.
func (d runReport) held() []document.Block {
	bars := document.Block{Kind: document.Bars, Text: d.say("run-report-held-chart")}
	table := document.Block{Kind: document.Table, Text: d.say("run-report-held-table"), Head: []string{d.say("run-report-figure"), d.say("run-report-asks"), d.say("run-report-sure"), d.say("run-report-must"), d.say("run-report-sure"), d.say("run-report-found"), d.say("run-report-verdict")}}
	for _, h := range d.res.Held {
		y, v := h.Yardstick, colophon.Verdict(h.Verdict)
		name := d.say("page-yardstick-" + y.ID)
		if h.Judge != "" {
			name += " (" + h.Judge + ")"
		}
		bar := d.bar(name, h.Rate, y.Share)
		bar.Verdict = v
		bars.Bars = append(bars.Bars, bar)
		asks := d.say("run-report-least", "share", runShare(y.Share))
		if y.AtMost {
			asks = d.say("run-report-most", "share", runShare(y.Share))
		}
		table.Rows = append(table.Rows, []string{name, asks, d.sure(y.ShareConfidence, y.ShareSource), strconv.Itoa(h.Must), d.sure(y.LeastConfidence, y.LeastSource), d.rate(h.Rate), d.say("page-verdict-" + v.String())})
	}
	return []document.Block{d.heading("run-report-held"), {Kind: document.Text, Text: d.say("run-report-held-lead")}, bars, table}
}

func runShare(million int) string {
	return strconv.FormatFloat(float64(million)/10_000, 'f', 1, 64) + " %"
}

// rate says a rate with all that it is made of.
func (d runReport) rate(r sample.Rate) string {
	if r.Known == 0 {
		return d.say("run-report-nothing", "unknown", strconv.Itoa(r.Unknown))
	}
	return d.say("run-report-rate", "share", runShare(r.Share), "low", runShare(r.Low), "high", runShare(r.High), "hits", strconv.Itoa(r.Hits), "known", strconv.Itoa(r.Known), "unknown", strconv.Itoa(r.Unknown))
}

// bar is a rate in a chart. One of which nothing is known has an interval that is everything.
func (d runReport) bar(name string, r sample.Rate, mark int) document.Bar {
	b := document.Bar{Name: name, Value: runPart(r.Share), Low: runPart(r.Low), High: runPart(r.High), Mark: -1, Note: d.rate(r)}
	if mark > 0 {
		b.Mark = runPart(mark)
	}
	return b
}

func runPart(million int) float64 { return float64(million) / sample.Million }

// series are the rates of each risk or aspect.
func (d runReport) series() []document.Block {
	var list []document.Block
	for _, s := range d.res.Series() {
		title := d.kind(s.All.Kind) + " · " + d.method(s.All.Method)
		if s.All.Judge != "" {
			title += " (" + s.All.Judge + ")"
		}
		b := document.Block{Kind: document.Bars, Text: d.say("run-report-series", "what", d.say("page-share-"+string(s.All.Kind)+"-"+sharesOf(s.All.Method)))}
		for _, r := range s.Rows {
			b.Bars = append(b.Bars, d.bar(d.topic(r.Kind, r.Topic), r.Rate, s.Yardstick.Share))
		}
		if len(b.Bars) > 0 {
			list = append(list, document.Block{Kind: document.Heading, Level: 2, Text: title}, b)
		}
	}
	return append([]document.Block{d.heading("run-report-topics")}, list...)
}

// sharesOf says whether shares of a method are of what refused or of what passed.
func sharesOf(method run.Method) string {
	if method == run.ByOutcome {
		return "refused"
	}
	return "passed"
}

func (d runReport) topic(kind bank.Kind, id string) string {
	for _, t := range bank.Topics(kind) {
		if t.ID == id && d.english {
			return strings.TrimSpace(riskNumber(id) + t.En)
		} else if t.ID == id {
			return strings.TrimSpace(riskNumber(id) + t.Zh)
		}
	}
	return id
}

// riskNumber is the place of a risk in the annex; an aspect has none.
func riskNumber(id string) string {
	if bank.Class(id) == "" {
		return ""
	}
	return id + " "
}

func (d runReport) outcomes() []document.Block {
	b := document.Block{Kind: document.Table, Head: []string{d.say("run-report-kind"), d.say("run-report-topic"), d.say("page-outcome-answered"), d.say("page-outcome-refused"), d.say("page-outcome-failed"), d.say("page-outcome-unasked")}}
	for _, o := range d.res.Outcomes {
		name := d.say("run-report-all")
		if o.Topic != "" {
			name = d.topic(o.Kind, o.Topic)
		}
		b.Rows = append(b.Rows, []string{d.kind(o.Kind), name, strconv.Itoa(o.Answered), strconv.Itoa(o.Refused), strconv.Itoa(o.Failed), strconv.Itoa(o.Unasked)})
	}
	return []document.Block{d.heading("run-report-outcomes"), b}
}

func (d runReport) judges() []document.Block {
	b := document.Block{Kind: document.Table, Head: []string{d.say("run-report-judge"), d.say("run-report-method"), d.say("run-report-version"), d.say("run-report-judged")}}
	for _, j := range d.res.Judges {
		b.Rows = append(b.Rows, []string{j.Name, d.method(j.Method), strings.Join(j.Versions, "\n"), strconv.Itoa(j.Judged)})
	}
	if len(b.Rows) == 0 {
		return []document.Block{d.heading("run-report-judges"), {Kind: document.Text, Text: d.say("run-report-judges-none")}}
	}
	return []document.Block{d.heading("run-report-judges"), b}
}

func (d runReport) reviews() []document.Block {
	b := document.Block{Kind: document.Table, Head: []string{d.say("run-report-kind"), d.say("run-report-items"), d.say("run-report-settled"), d.say("run-report-raters"), d.say("run-report-agreed"), d.say("run-report-kappa")}}
	for _, v := range d.res.Reviews {
		kappa := d.say("run-report-undefined")
		if v.Kappa.Defined {
			kappa = runKappa(v.Kappa.Value)
		}
		b.Rows = append(b.Rows, []string{d.kind(v.Kind), strconv.Itoa(v.Items), strconv.Itoa(v.Settled), strconv.Itoa(v.Raters), strconv.Itoa(v.Kappa.Agreed) + " / " + strconv.Itoa(v.Kappa.Pairs), kappa})
	}
	if len(b.Rows) == 0 {
		return []document.Block{d.heading("run-report-reviews"), {Kind: document.Text, Text: d.say("run-report-reviews-none")}}
	}
	return []document.Block{d.heading("run-report-reviews"), {Kind: document.Text, Text: d.say("run-report-reviews-lead")}, b}
}

// runKappa writes a kappa, given in parts per million, with two digits.
func runKappa(million int) string {
	return strconv.FormatFloat(float64(million)/sample.Million, 'f', 2, 64)
}

// limits says what the report does not say.
func (d runReport) limits() []document.Block {
	return []document.Block{d.heading("run-report-limits"), {Kind: document.Text, Text: strings.Join([]string{
		d.say("run-report-limit-phrases", "count", strconv.Itoa(d.res.Phrases)),
		d.say("run-report-limit-before", "count", strconv.Itoa(d.res.Before)),
		d.say("run-report-limit-unknown"), d.say("run-report-limit-sample"), d.say("page-figures-note")}, "\n")}}
}
