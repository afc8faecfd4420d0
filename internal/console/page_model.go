package console

import (
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/staff"
)

func modelPages() []page {
	words := slices.Concat(of("page-label-", "model", "place", "state", "failures", "why-down", "changed", "until", "running", "service", "function", "class", "notice-place", "stream-screening", "endpoints", "key-name", "key-tail", "by"),
		of("page-target-state-", "up", "down", "trying"), of("page-models-", "places", "about", "keys", "last-hour"), of("page-function-class-", functionClasses()...),
		of("page-notice-place-", "start", "end", "both", "interface"), of("page-stream-", "strict", "live", "full"), chartWords("latency", "calls"),
		of("page-figure-", "calls", "calls-filtered", "calls-failed", "p50", "p99"))
	set := deed[none]{name: "model-key-set", action: staff.GatewayManage, record: "gateway.key-set",
		fields: []field[none]{{name: "key-name", kind: "text", required: true, most: 64, hint: true}, {name: "key-text", kind: "secret", required: true, most: 4096, hint: true}},
		do: func(v *visit, _ none) (string, error) {
			_, err := v.api().SetUpstreamKey(v.r.Context(), strings.TrimSpace(v.sent("key-name")), strings.TrimSpace(v.sent("key-text")))
			return "", err
		}}
	remove := deed[client.UpstreamKey]{name: "model-key-remove", action: staff.GatewayManage, record: "gateway.key-removed", danger: true,
		effect: func(_ *visit, k client.UpstreamKey) ([]said, error) {
			return []said{{"page-model-key-goes", []string{"name", k.Name, "tail", k.Tail}}}, nil
		},
		says: []string{"page-model-key-goes"},
		do: func(v *visit, k client.UpstreamKey) (string, error) {
			return "", v.api().RemoveUpstreamKey(v.r.Context(), k.Name)
		}}
	return slices.Concat([]page{{method: get, path: "/models", action: staff.GatewayRead, title: "page-models", menu: true, group: groupServices, words: words, do: showModels}},
		start("/models/key", "/models", set), remove.rows("/models/keys/{id}/remove", "/models", upstreamKey))
}

// upstreamKey finds a key of a model by its name.
func upstreamKey(v *visit, name string) (k client.UpstreamKey, err error) {
	keys, err := v.api().UpstreamKeys(v.r.Context())
	if err != nil {
		return k, err
	}
	i := slices.IndexFunc(keys, func(k client.UpstreamKey) bool { return k.Name == name })
	if i < 0 {
		return k, &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
	}
	return keys[i], nil
}

type modelsPage struct {
	Figures []figure
	Charts  []chart.Drawn
	Places  *tableView
	Models  *tableView
	Keys    *tableView
	Untold  bool
}

// showModels shows how the places do at which models are served, the models, and the keys by which they know us.
func showModels(v *visit) error {
	d := newDrawer(v, 1)
	o, err := v.api().Overview(v.r.Context(), client.OverviewQuery{From: d.starts[len(d.starts)-1], To: v.Now(), Step: "day", Parts: []string{"gateway"}})
	if err != nil {
		return err
	}
	keys, err := v.api().UpstreamKeys(v.r.Context())
	if err != nil {
		return err
	}
	data := modelsPage{Keys: keyTable(v, keys), Untold: o.Gateway == nil}
	if o.Gateway != nil {
		hour := o.Gateway.Hour
		data.Figures = []figure{{Name: "calls", Text: grouped(hour.Calls)}, {Name: "calls-filtered", Text: grouped(hour.Filtered)}, {Name: "calls-failed", Text: grouped(hour.Failed), Alarm: hour.Failed > 0}}
		data.Figures = append(data.Figures, tempo(hour)...)
		data.Charts = []chart.Drawn{d.latency(*o.Gateway), d.calls(o.Gateway.Minutes)}
		data.Places = placeTable(o.Gateway.Targets)
	}
	if v.actor().May(staff.GatewayUse) {
		models, err := v.api().Models(v.r.Context())
		if e, _ := told(err); err != nil && (e == nil || e.Code != "gateway-no-models") {
			return err
		}
		data.Models = modelTable(models)
	}
	return v.show("models", data)
}

// tempo are the figures of how soon answers begin.
func tempo(p client.OverviewPulse) (list []figure) {
	for _, f := range []struct {
		name string
		at   *float64
	}{{"p50", p.P50}, {"p99", p.P99}} {
		if f.at != nil {
			list = append(list, figure{Name: f.name, Text: chart.Milliseconds(*f.at)})
		}
	}
	return list
}

// calls draws the calls of the last hour.
func (d *drawer) calls(minutes []client.OverviewPulse) chart.Drawn {
	c := chart.Chart{Words: d.words("calls"), Along: d.say("page-label-minute"), Series: []chart.Series{
		{Name: d.say("page-series-answered"), Tone: chart.First}, {Name: d.say("page-series-blocked"), Tone: chart.Wait}, {Name: d.say("page-series-broken"), Tone: chart.Bad}}}
	for _, m := range minutes {
		c.Points = append(c.Points, chart.Point{Name: m.At.In(d.Zone).Format("15:04")})
		for i, n := range []int64{m.Calls - m.Filtered - m.Failed, m.Filtered, m.Failed} {
			c.Series[i].Values = append(c.Series[i].Values, float64(n))
		}
	}
	return chart.Bars(c)
}

func placeTable(targets []client.TargetHealth) *tableView {
	tones := map[string]tone{"up": good, "down": bad, "trying": wait}
	return tableOf("page-models-places", []column[client.TargetHealth]{
		{name: "model", cell: func(t client.TargetHealth) cell { return text(t.Model) }},
		{name: "state", cell: func(t client.TargetHealth) cell { return state("page-target-state-", t.State, tones) }},
		{name: "place", cell: func(t client.TargetHealth) cell { return text(t.Target) }},
		{name: "running", cell: func(t client.TargetHealth) cell { return count(int64(t.Running)) }},
		{name: "failures", cell: func(t client.TargetHealth) cell { return count(int64(t.Failures)) }},
		{name: "why-down", side: true, cell: func(t client.TargetHealth) cell { return ident(string(t.Code)) }},
		{name: "changed", side: true, cell: func(t client.TargetHealth) cell { return sometime(t.Changed) }},
		{name: "until", side: true, cell: func(t client.TargetHealth) cell { return sometime(t.Until) }},
	}, targets)
}

func modelTable(models []client.Model) *tableView {
	return tableOf("page-models-about", []column[client.Model]{
		{name: "model", cell: func(m client.Model) cell { return text(m.ID) }},
		{name: "service", side: true, cell: func(m client.Model) cell { return ident(m.About.Service) }},
		{name: "function", cell: func(m client.Model) cell { return ident(m.About.Function) }},
		{name: "class", cell: func(m client.Model) cell { return word("page-function-class-", m.About.Class) }},
		{name: "notice-place", side: true, cell: func(m client.Model) cell { return word("page-notice-place-", m.About.Notice) }},
		{name: "stream-screening", side: true, cell: func(m client.Model) cell { return word("page-stream-", m.About.Screening) }},
		{name: "endpoints", side: true, cell: func(m client.Model) cell { return idents(m.About.Endpoints) }},
	}, models)
}

func keyTable(v *visit, keys []client.UpstreamKey) *tableView {
	columns := []column[client.UpstreamKey]{
		{name: "key-name", cell: func(k client.UpstreamKey) cell { return ident(k.Name) }},
		{name: "key-tail", cell: func(k client.UpstreamKey) cell { return ident(k.Tail) }},
		{name: "by", side: true, cell: func(k client.UpstreamKey) cell { return by(k.By) }},
		{name: "changed", cell: func(k client.UpstreamKey) cell { return moment(k.Changed) }},
	}
	if v.actor().May(staff.GatewayManage) {
		columns = append(columns, column[client.UpstreamKey]{name: "what-can-be-done", cell: func(k client.UpstreamKey) cell {
			return cell{Text: k.Name, Key: "page-deed-model-key-remove"}.to("/models/keys/" + escaped(k.Name) + "/remove")
		}})
	}
	return tableOf("page-models-keys", columns, keys)
}
