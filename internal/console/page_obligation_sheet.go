package console

import (
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/staff"
)

// obligationView is an obligation with what its page says.
type obligationView struct {
	client.Obligation
	Seen    map[string]client.Observation
	Spans   []client.ObligationSpan
	Waivers []client.DutyWaiver
}

// obligationDays is for how long the page of an obligation tells how it stood.
const obligationDays = 90

func obligationOf(v *visit, id string) (x obligationView, err error) {
	ctx, api := v.r.Context(), v.api()
	if x.Obligation, err = api.Obligation(ctx, id, client.Asked{}); err != nil {
		return x, err
	}
	v.spoken(&x.Title, &x.Of, &x.Duty, &x.Heading)
	if _, x.Spans, err = api.ObligationHistory(ctx, id, v.Now().AddDate(0, 0, -obligationDays), v.Now(), time.Time{}); err != nil {
		return x, err
	}
	slices.Reverse(x.Spans)
	if x.Waivers, _, err = api.DutyWaivers(ctx, client.Listing{Filter: map[string][]string{"obligation": {id}}, Limit: walkSize}); err != nil {
		return x, err
	}
	x.Seen = map[string]client.Observation{}
	for i, k := range x.Controls {
		v.spoken(&x.Controls[i].Text)
		for j, p := range k.Probes {
			if v.spoken(&k.Probes[j].Title); p.Observation == "" {
				continue
			}
			if x.Seen[p.Name], err = api.Observation(ctx, p.Observation); err != nil {
				return x, err
			}
		}
	}
	return x, nil
}

// probeRow is a probe of an obligation, as its page shows it.
type probeRow struct {
	client.ObligationProbe
	Seen client.Observation
}

// coded says what a query or a probe saw by its code, with large counts as pages write them.
func (v *visit) coded(code colophon.Code, args colophon.Args) string {
	var list []string
	for name, value := range args {
		if n, err := strconv.ParseInt(value, 10, 32); err == nil && n >= 10_000 {
			value = grouped(n)
		}
		list = append(list, name, value)
	}
	return v.speakers[v.lang].Say(string(code), list...)
}

// seen says what a probe saw.
func (v *visit) seen(o client.Observation) cell {
	if o.Code != "" {
		return text(v.coded(o.Code, o.Args))
	}
	return text(o.Actual)
}

func obligationSheet() sheet[obligationView] {
	return sheet[obligationView]{
		path: "/obligations/{id}", title: "page-obligation", action: staff.DutyRead, fetch: obligationOf,
		heading: func(x obligationView) cell { return tongued(x.Title) },
		facts: func(x obligationView) []fact {
			facts := []fact{{"state", obligationState(x.State)}, {"duty-reason", word("", string(x.Reason))}, {"duty-facts", chips("duty-fact-", x.Facts)}, {"duty-text", tongued(x.Duty)},
				{"duty-law", dutyArticle(x.Obligation).to(x.Address)}, {"duty-who", chips("duty-who-", x.Who)}, {"duty-trigger", word("duty-trigger-", x.Trigger)}, {"duty-confidence", word("duty-confidence-", x.Confidence)},
				{"in-force-from", moment(x.From)}, {"duty-changes", sometime(x.Until)}}
			if x.Under != x.State {
				facts = slices.Insert(facts, 1, fact{"duty-under", obligationState(x.Under)}, fact{"duty-waiver", ident(x.Waiver)})
			}
			return facts
		},
		parts: func(v *visit, x obligationView) ([]part, error) { return v.obligationParts(x), nil },
		ways: func(v *visit, x obligationView) []lead {
			ways := []lead{{to: "/obligations", title: "page-obligations"}}
			if v.actor().May(staff.DutySay) {
				ways = append(ways, lead{to: with("/duty-waivers/new", nil, "obligation", x.ID), title: "page-deed-duty-waive"})
			}
			return ways
		},
		labels: []string{"state", "duty-reason", "duty-facts", "duty-text", "duty-law", "duty-who", "duty-trigger", "duty-confidence", "in-force-from", "duty-changes", "duty-under", "duty-waiver", "duty-control", "obligation",
			"probe", "probe-kind", "probe-title", "probe-saw", "collected", "span-from", "span-to", "reason", "until", "author", "second"},
		says: slices.Concat([]string{"page-duty-controls-none", "page-duty-control", "page-duty-history", "page-duty-waivers", "page-duty-waivers-none", "page-duty-controls"}, dutyReasons(),
			of("duty-who-", "provider", "supporter", "platform", "app-store", "user", "anybody"), of("duty-trigger-", "always", "launch", "change", "end", "finding", "request", "order", "producing", "uploading"),
			of("duty-confidence-", "primary", "secondary", "draft", "unconfirmed"), of("duty-kind-", "negative", "query", "attestation"), of("duty-step-", dutySteps()...)),
	}
}

func dutySteps() []string { return []string{"proposed", "confirmed", "approved", "rejected", "ended"} }

func (v *visit) obligationParts(x obligationView) []part {
	var parts []part
	for i, k := range x.Controls {
		var rows []probeRow
		for _, p := range k.Probes {
			rows = append(rows, probeRow{p, x.Seen[p.Name]})
		}
		control := part{Title: "page-duty-control", Facts: []fact{{"duty-control", tongued(k.Text)}, {"state", obligationState(k.State)}, {"duty-reason", word("", string(k.Reason))}}, Table: tableOf("page-duty-control", []column[probeRow]{
			{name: "probe", cell: func(p probeRow) cell { return tongued(p.Title).to("/probes/" + escaped(p.Name)) }},
			{name: "state", cell: func(p probeRow) cell { return obligationState(p.State) }},
			{name: "probe-kind", side: true, cell: func(p probeRow) cell { return word("duty-kind-", p.Kind) }},
			{name: "probe-saw", cell: func(p probeRow) cell {
				if p.Observation == "" {
					return word("", string(p.Reason))
				}
				return v.seen(p.Seen).to("/observations/" + escaped(p.Observation))
			}},
			{name: "collected", side: true, cell: func(p probeRow) cell { return moment(p.Seen.Collected) }},
		}, rows), Empty: "page-duty-controls-none"}
		if i > 0 {
			control.Table.Part = strconv.Itoa(i + 1)
		}
		parts = append(parts, control)
	}
	if len(parts) == 0 {
		parts = append(parts, part{Title: "page-duty-controls", Lead: "page-duty-controls-none"})
	}
	return append(parts, part{Title: "page-duty-history", Table: tableOf("page-duty-history", []column[client.ObligationSpan]{
		{name: "span-from", cell: func(s client.ObligationSpan) cell { return moment(s.From) }},
		{name: "span-to", cell: func(s client.ObligationSpan) cell { return moment(s.To) }},
		{name: "state", cell: func(s client.ObligationSpan) cell { return obligationState(s.State) }},
		{name: "reason", cell: func(s client.ObligationSpan) cell { return word("", string(s.Reason)) }},
	}, x.Spans)}, part{Title: "page-duty-waivers", Table: v.introduced(tableOf("page-duty-waivers", waiverColumns(), x.Waivers)), Empty: "page-duty-waivers-none"})
}

func outcome(value string) cell {
	return state("duty-outcome-", value, map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait})
}

func outcomes() []string {
	return []string{string(duty.Passed), string(duty.Failed), string(duty.Untold)}
}

func probeList() list[client.Probe] {
	return list[client.Probe]{
		name: "probes", path: "/probes", title: "page-probes", action: staff.DutyRead,
		read: func(v *visit, l client.Listing) ([]client.Probe, string, error) {
			all, err := v.probes()
			kind, last := l.Filter.Get("kind"), l.Filter.Get("outcome")
			return slices.DeleteFunc(all, func(p client.Probe) bool {
				return kind != "" && p.Kind != kind || last != "" && (p.Last == nil && last != "never" || p.Last != nil && p.Last.Outcome != last)
			}), "", err
		},
		columns: probeColumns(),
		filters: []filter{{name: "kind", kind: "choice", label: "probe-kind", words: "duty-kind-", options: []string{"negative", "query", "attestation"}},
			{name: "outcome", kind: "choice", label: "probe-outcome", words: "duty-outcome-", options: append(outcomes(), "never")}},
		deeds: []lead{{to: "/obligations", title: "page-obligations"}, {to: "/observations", title: "page-observations"}},
		says:  append(of("duty-kind-", "negative", "query", "attestation"), of("duty-outcome-", append(outcomes(), "never")...)...),
	}
}

func probeColumns() []column[client.Probe] {
	return []column[client.Probe]{
		{name: "probe", cell: func(p client.Probe) cell { return tongued(p.Title).to("/probes/" + escaped(p.Name)) }},
		{name: "probe-kind", cell: func(p client.Probe) cell { return word("duty-kind-", p.Kind) }},
		{name: "probe-outcome", cell: func(p client.Probe) cell {
			if p.Last == nil {
				return state("duty-outcome-", "never", map[string]tone{"never": wait})
			}
			return outcome(p.Last.Outcome)
		}},
		{name: "collected", cell: func(p client.Probe) cell {
			if p.Last == nil {
				return cell{}
			}
			return moment(p.Last.Collected)
		}},
		{name: "obligations", side: true, cell: func(p client.Probe) cell { return count(int64(len(p.Obligations))) }},
	}
}

// probes are all probes, with their names as the visitor reads them.
func (v *visit) probes() ([]client.Probe, error) {
	all, err := v.api().Probes(v.r.Context())
	for i := range all {
		v.spoken(&all[i].Title, &all[i].Expect)
	}
	return all, err
}

func probeOf(v *visit, id string) (client.Probe, error) {
	all, err := v.probes()
	if err != nil {
		return client.Probe{}, err
	}
	at := slices.IndexFunc(all, func(p client.Probe) bool { return p.Name == id })
	if at < 0 {
		return client.Probe{}, missing()
	}
	return all[at], nil
}

func probeSheet() sheet[client.Probe] {
	return sheet[client.Probe]{
		path: "/probes/{id}", title: "page-probe", action: staff.DutyRead, fetch: probeOf,
		heading: func(p client.Probe) cell { return tongued(p.Title) },
		facts: func(p client.Probe) []fact {
			var leads cell
			for _, id := range p.Obligations {
				leads.Many = append(leads.Many, obligation(id))
			}
			return []fact{{"probe-expect", tongued(p.Expect)}, {"probe-kind", word("duty-kind-", p.Kind)}, {"probe-every", count(int64(p.Every))}, {"probe-life", count(int64(p.Life))}, {"obligations", leads}}
		},
		parts: func(v *visit, p client.Probe) ([]part, error) {
			list, _, err := v.api().Observations(v.r.Context(), client.Listing{Filter: map[string][]string{"probe": {p.Name}}, Limit: 20})
			return []part{{Title: "page-observations", Table: v.introduced(tableOf("page-observations", []column[client.Observation]{
				{name: "collected", cell: func(o client.Observation) cell { return moment(o.Collected).to("/observations/" + escaped(o.ID)) }},
				{name: "probe-outcome", cell: func(o client.Observation) cell { return outcome(o.Outcome) }},
				{name: "probe-saw", cell: v.seen},
			}, list)), Empty: "page-empty-observations", Ways: []lead{{to: with("/observations", nil, "probe", p.Name), title: "page-observations"}}}}, err
		},
		labels: []string{"probe-expect", "probe-kind", "probe-every", "probe-life", "obligations", "collected", "probe-outcome", "probe-saw"},
		says:   of("duty-kind-", "negative", "query", "attestation"),
		deeds: []deed[client.Probe]{
			{name: "probe-run", step: "run", action: staff.DutyRun, record: "duty.observed", may: func(p client.Probe) bool { return p.Kind == string(duty.Query) }, do: func(v *visit, p client.Probe) (string, error) {
				o, err := v.api().RunProbe(v.r.Context(), p.Name)
				return "/observations/" + escaped(o.ID), err
			}},
			{name: "probe-attest", step: "attest", action: staff.DutySay, record: "duty.observed", may: func(p client.Probe) bool { return p.Kind == string(duty.Attestation) },
				fields: []field[client.Probe]{{name: "probe-outcome", kind: "choice", words: "duty-outcome-", options: outcomes(), required: true}, {name: "probe-said", kind: "area", required: true, hint: true, most: 1300},
					{name: "attest-until", kind: "day", hint: true}},
				do: func(v *visit, p client.Probe) (string, error) {
					until, err := v.sentDate("attest-until")
					if err != nil {
						return "", err
					}
					if !until.IsZero() {
						until = until.AddDate(0, 0, 1)
					}
					o, err := v.api().AttestProbe(v.r.Context(), p.Name, v.sent("probe-outcome"), v.sent("probe-said"), time.Time{}, until)
					return "/observations/" + escaped(o.ID), err
				}},
		},
	}
}

func observationList() list[client.Observation] {
	return list[client.Observation]{
		name: "observations", path: "/observations", title: "page-observations", action: staff.DutyRead,
		read: func(v *visit, l client.Listing) ([]client.Observation, string, error) {
			return v.api().Observations(v.r.Context(), l)
		},
		columns: []column[client.Observation]{
			{name: "observation", cell: func(o client.Observation) cell { return ident(o.ID).to("/observations/" + escaped(o.ID)) }},
			{name: "probe-name", long: true, cell: func(o client.Observation) cell { return probe(o.Probe) }},
			{name: "probe-outcome", cell: func(o client.Observation) cell { return outcome(o.Outcome) }},
			{name: "collected", cell: func(o client.Observation) cell { return moment(o.Collected) }},
			{name: "void", side: true, cell: func(o client.Observation) cell { return word("", string(o.Void)) }},
		},
		filters: []filter{{name: "probe", kind: "text", label: "probe-name"}},
		deeds:   []lead{{to: "/probes", title: "page-probes"}},
		says:    append(of("duty-outcome-", outcomes()...), of("duty-void-", "store", "digest", "gone")...),
	}
}

func observationSheet() sheet[client.Observation] {
	return sheet[client.Observation]{
		path: "/observations/{id}", title: "page-observation", action: staff.DutyRead,
		heading: func(o client.Observation) cell { return cell{Text: o.Probe, Of: "probe"} },
		fetch: func(v *visit, id string) (client.Observation, error) {
			o, err := v.api().Observation(v.r.Context(), id)
			if err != nil {
				return o, err
			}
			all, err := v.probes()
			for _, p := range all {
				if p.Name == o.Probe && p.Version == o.Version { // what it expected then, in the visitor's language
					o.Expected = v.name(p.Expect)
				}
			}
			if o.Code != "" {
				o.Actual = v.coded(o.Code, o.Args)
			}
			return o, err
		},
		facts: func(o client.Observation) []fact {
			return []fact{{"probe-outcome", outcome(o.Outcome)}, {"void", word("", string(o.Void))}, {"probe-name", probe(o.Probe)}, {"probe-saw", text(o.Actual)}, {"probe-expected", text(o.Expected)},
				{"collected", moment(o.Collected)}, {"received", moment(o.Received)}, {"span-from", moment(o.From)}, {"span-to", sometime(o.To)}, {"author", by(o.By)}, {"asked-by", by(o.Asked)},
				{"sha256", ident(o.Digest)}, {"duty-samples", idents(o.Samples)}}
		},
		ways: func(_ *visit, o client.Observation) []lead {
			if o.Digest == "" || o.Void != "" {
				return nil
			}
			return []lead{{to: "/observations/" + escaped(o.ID) + "/artefact", title: "page-observation-artefact"}}
		},
		labels: []string{"probe-outcome", "void", "probe-name", "probe-saw", "probe-expected", "collected", "received", "span-from", "span-to", "author", "asked-by", "sha256", "duty-samples"},
		says:   append(of("duty-outcome-", outcomes()...), append(of("duty-void-", "store", "digest", "gone"), "page-observation-artefact")...),
	}
}

// downloadObservation hands out what shows an observation.
func downloadObservation(v *visit) error {
	id := v.r.PathValue("id")
	from, err := v.api().ObservationArtefact(v.r.Context(), id)
	if err != nil {
		return err
	}
	defer from.Close()
	v.w.Header().Set("Content-Type", "application/octet-stream")
	v.w.Header().Set("Content-Disposition", `attachment; filename="observation-`+escaped(id)+`.json"`)
	_, err = io.Copy(v.w, from)
	return err
}
