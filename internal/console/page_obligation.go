package console

import (
	"net/url"
	"slices"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/staff"
)

func obligationPages() []page {
	words := slices.Concat(of("duty-state-", texts(duty.States())...), of("page-figure-duty-", texts(duty.States())...), of("duty-fact-", texts(duty.AllFacts())...), chartWords("duties"),
		of("page-obligation-days-", "30", "90", "365"), dutyReasons())
	return slices.Concat([]page{
		{method: get, path: "/obligations", action: staff.DutyRead, title: "page-obligations", menu: true, group: groupGovernance, words: words, do: showObligations},
	}, obligationList().rows(), comingList().rows(), obligationSheet().rows(), probeList().rows(), probeSheet().rows(), observationList().rows(), observationSheet().rows(), []page{
		{method: get, path: "/observations/{id}/artefact", action: staff.DutyRead, back: "/observations/{id}", do: downloadObservation},
	}, dutyFactPages(), dutyWaiverPages())
}

func dutyReasons() []string {
	return of("duty-reason-", "passed", "failed", "expired", "ended", "older-probe", "never-ran", "no-probe", "untold", "void", "attested", "waived", "not-yet", "repealed", "fact", "fact-unknown")
}

// dutyTone says whether a state is good or bad news.
func dutyTone(state string) tone {
	return map[string]tone{string(duty.NotMet): bad, string(duty.Unknown): wait, string(duty.Stale): wait, string(duty.Waived): wait, string(duty.Attested): wait, string(duty.Met): good}[state]
}

func obligationState(value string) cell {
	c := word("duty-state-", value)
	c.Tone, c.Mark = dutyTone(value), value != ""
	return c
}

func (v *visit) name(n client.PackNames) string { return n.In(string(v.lang)) }

// spoken leaves of names what the visitor reads, so that cells, which do not know the visitor, show that.
func (v *visit) spoken(all ...*client.PackNames) {
	for _, n := range all {
		said := v.name(*n)
		*n = client.PackNames{ZH: said, EN: said}
	}
}

// tongued is a name that was spoken.
func tongued(n client.PackNames) cell { return text(n.EN) }

type obligationsPage struct {
	At          time.Time
	Figures     []figure
	Chart       chart.Drawn
	Periods     []choice
	Instruments []instrumentView
	Unknown     []string // facts that nobody told, on which obligations wait
	Facts       string   // address of facts
	Ways        []lead
}

// instrumentView is an instrument with its articles.
type instrumentView struct {
	ID, Name, Address string
	Complete          bool
	Articles          []articleView
}

type articleView struct {
	Number, Name, To string
	States           []stateCount
}

type stateCount struct {
	State cell
	Count int64
	To    string
}

// showObligations is the officer's home: every duty by article, with how it stands.
func showObligations(v *visit) error {
	all, err := v.api().Obligations(v.r.Context(), client.Asked{}, nil)
	if err != nil {
		return err
	}
	data := obligationsPage{At: all.At, Facts: "/duty-facts", Ways: []lead{{to: "/obligations/list", title: "page-obligations-list"}, {to: "/obligations/coming", title: "page-obligations-coming"},
		{to: "/probes", title: "page-probes"}, {to: "/duty-facts", title: "page-duty-facts"}, {to: "/duty-waivers", title: "page-duty-waivers"}}}
	for _, st := range duty.States() {
		data.Figures = append(data.Figures, figure{Name: "duty-" + string(st), Text: grouped(int64(all.Counts[string(st)])), Alarm: st == duty.NotMet && all.Counts[string(st)] > 0,
			To: with("/obligations/list", url.Values{}, "state", string(st))})
	}
	days := 30
	for _, n := range []int{30, 90, 365} {
		c := choice{To: "/obligations?days=" + grouped(int64(n)), Name: "page-obligation-days-" + grouped(int64(n))}
		if v.r.URL.Query().Get("days") == grouped(int64(n)) {
			days = n
		}
		data.Periods = append(data.Periods, c)
	}
	data.Periods[slices.Index([]int{30, 90, 365}, days)].Here = "page"
	if data.Chart, err = v.dutyChart(all.At, days); err != nil {
		return err
	}
	data.Instruments = v.byArticle(all.Obligations)
	for _, o := range all.Obligations {
		if o.Reason != duty.ReasonFactUnknown {
			continue
		}
		for _, f := range o.Facts {
			if !slices.Contains(data.Unknown, f) {
				data.Unknown = append(data.Unknown, f)
			}
		}
	}
	return v.show("obligations", data)
}

// dutyChart draws how many obligations were in which state on each day. It draws no more than 60 points.
func (v *visit) dutyChart(now time.Time, days int) (chart.Drawn, error) {
	list, err := v.api().ObligationDays(v.r.Context(), now.AddDate(0, 0, -days+1), now)
	if err != nil {
		return "", err
	}
	say := v.speakers[v.lang].Say
	step := (len(list) + 59) / 60
	c := chart.Chart{Words: chart.Words{ID: "chart-duties", Title: say("page-chart-duties"), About: say("page-chart-about-duties"), Table: say("page-chart-table"), None: say("page-chart-none"), Untold: say("page-could-not-tell")},
		Along: say("page-label-day")}
	tones := map[duty.State]chart.Tone{duty.NotMet: chart.Bad, duty.Unknown: chart.Wait, duty.Stale: chart.Third, duty.Waived: chart.Second, duty.Attested: chart.First, duty.Met: chart.Good}
	for _, st := range []duty.State{duty.Met, duty.Attested, duty.Waived, duty.Stale, duty.Unknown, duty.NotMet} {
		c.Series = append(c.Series, chart.Series{Name: say("duty-state-" + string(st)), Tone: tones[st]})
	}
	for n := (len(list) - 1) % max(step, 1); n < len(list); n += max(step, 1) {
		day := list[n]
		name := day.At.In(v.Zone).Format(dateForm)
		c.Points = append(c.Points, chart.Point{Name: name[5:], Full: name, To: with("/obligations/list", url.Values{}, "at", day.At.In(v.Zone).Format(clockForm))})
		for i, st := range []duty.State{duty.Met, duty.Attested, duty.Waived, duty.Stale, duty.Unknown, duty.NotMet} {
			c.Series[i].Values = append(c.Series[i].Values, float64(day.Counts[string(st)]))
		}
	}
	return chart.Bars(c), nil
}

// byArticle sorts obligations into their articles.
func (v *visit) byArticle(list []client.Obligation) []instrumentView {
	var out []instrumentView
	counts := map[string]map[string]int64{}
	for _, o := range list {
		i := slices.IndexFunc(out, func(x instrumentView) bool { return x.ID == o.Instrument })
		if i < 0 {
			out = append(out, instrumentView{ID: o.Instrument, Name: v.name(o.Of), Address: o.Address, Complete: o.Complete})
			i = len(out) - 1
		}
		key := o.Instrument + " " + o.Article
		if counts[key] == nil {
			counts[key] = map[string]int64{}
			out[i].Articles = append(out[i].Articles, articleView{Number: o.Article, Name: v.name(o.Heading), To: with("/obligations/list", url.Values{}, "instrument", o.Instrument, "article", o.Article)})
		}
		counts[key][o.State]++
	}
	for i := range out {
		for j := range out[i].Articles {
			a := &out[i].Articles[j]
			for _, st := range duty.States() {
				if n := counts[out[i].ID+" "+a.Number][string(st)]; n > 0 {
					a.States = append(a.States, stateCount{obligationState(string(st)), n, with("/obligations/list", url.Values{}, "instrument", out[i].ID, "article", a.Number, "state", string(st))})
				}
			}
		}
	}
	return out
}

func dutyArticle(o client.Obligation) cell {
	return text(o.Of.EN + " " + o.Article)
}

func obligationList() list[client.Obligation] {
	return list[client.Obligation]{
		name: "obligations", path: "/obligations/list", title: "page-obligations-list", action: staff.DutyRead,
		read: func(v *visit, l client.Listing) ([]client.Obligation, string, error) {
			at, err := time.Parse(time.RFC3339, l.Filter.Get("at"))
			if err != nil {
				at = time.Time{}
			}
			q := url.Values{}
			for _, name := range []string{"state", "instrument", "article"} {
				q[name] = l.Filter[name]
			}
			all, err := v.api().Obligations(v.r.Context(), client.Asked{At: at}, q)
			for i := range all.Obligations {
				v.spoken(&all.Obligations[i].Title, &all.Obligations[i].Of)
			}
			return all.Obligations, "", err
		},
		columns: []column[client.Obligation]{
			{name: "obligation", cell: func(o client.Obligation) cell { return ident(o.ID).to("/obligations/" + escaped(o.ID)) }},
			{name: "state", cell: func(o client.Obligation) cell { return obligationState(o.State) }},
			{name: "obligation-title", cell: func(o client.Obligation) cell { return tongued(o.Title) }},
			{name: "duty-reason", cell: func(o client.Obligation) cell { return word("", string(o.Reason)) }},
			{name: "instrument", side: true, cell: dutyArticle},
			{name: "duty-changes", side: true, cell: func(o client.Obligation) cell { return sometime(o.Until) }},
		},
		filters: []filter{
			{name: "state", kind: "choice", words: "duty-state-", options: texts(duty.States())},
			{name: "instrument", kind: "choice", words: "page-instrument-", options: []string{"dsp", "lm", "arp", "genai", "pipl", "frm"}},
			{name: "article", kind: "text"},
			{name: "at", kind: "until", label: "duty-at"},
		},
		deeds: []lead{{to: "/obligations", title: "page-obligations"}, {to: "/obligations/coming", title: "page-obligations-coming"}},
		says:  append(dutyReasons(), of("duty-state-", texts(duty.States())...)...),
	}
}

// comingList is what changes by itself within the next days.
func comingList() list[client.ObligationChange] {
	return list[client.ObligationChange]{
		name: "obligations-coming", path: "/obligations/coming", title: "page-obligations-coming", action: staff.DutyRead,
		read: func(v *visit, _ client.Listing) ([]client.ObligationChange, string, error) {
			changes, err := v.api().ObligationChanges(v.r.Context(), v.Now(), v.Now().AddDate(0, 3, 0))
			for i := range changes {
				v.spoken(&changes[i].Title)
			}
			return changes, "", err
		},
		columns: []column[client.ObligationChange]{
			{name: "obligation", cell: func(c client.ObligationChange) cell {
				return ident(c.Obligation).to("/obligations/" + escaped(c.Obligation))
			}},
			{name: "when", cell: func(c client.ObligationChange) cell { return moment(c.At) }},
			{name: "duty-before", cell: func(c client.ObligationChange) cell { return obligationState(c.Before) }},
			{name: "duty-after", cell: func(c client.ObligationChange) cell { return obligationState(c.After) }},
			{name: "duty-why", cell: func(c client.ObligationChange) cell { return word("duty-why-", c.Why) }},
			{name: "obligation-title", side: true, cell: func(c client.ObligationChange) cell { return tongued(c.Title) }},
		},
		deeds: []lead{{to: "/obligations", title: "page-obligations"}},
		says:  append(of("duty-state-", texts(duty.States())...), of("duty-why-", "begins", "ceases", "fact", "proof-ends", "proof-begins", "waiver-ends", "waiver-begins")...),
	}
}
