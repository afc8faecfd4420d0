package app

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/defenseunicorns/go-oscal/src/pkg/validation"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/register/filing"
	"github.com/colophon-project/colophon/review/security"
)

// standings is how obligations stand, as the API tells it.
type standings struct {
	Counts      map[duty.State]int
	Obligations []httpapi.Obligation
}

func (s standings) of(id string) httpapi.Obligation {
	at := slices.IndexFunc(s.Obligations, func(o httpapi.Obligation) bool { return o.ID == id })
	if at < 0 {
		return httpapi.Obligation{}
	}
	return s.Obligations[at]
}

// TestDuties asks a fresh server how its duties stand, says whom they bind, does what two of them ask for, and asks again:
// now, and for the time before. What it hands to auditors passes OSCAL's schema.
func TestDuties(t *testing.T) {
	h := employ(t, nil)
	ask := func(v any, method, path string, body any, want int) { h.packAs(h.first, v, method, path, body, want) }
	second := func(v any, method, path string, body any, want int) { h.packAs(h.second, v, method, path, body, want) }
	status := func(query string) (s standings) {
		t.Helper()
		ask(&s, "GET", "/v1/obligations"+query, nil, 200)
		return s
	}
	before := time.Now()
	fresh := status("")
	if fresh.Counts[duty.Met] != 0 || fresh.Counts[duty.Attested] != 0 || fresh.Counts[duty.NotApplicable] != 0 || len(fresh.Obligations) < 70 {
		t.Errorf("a fresh server says %v", fresh.Counts)
	}
	for _, fact := range []string{"provider", "listed", "opinion", "biometric", "public"} {
		var f httpapi.DutyFact
		ask(&f, "POST", "/v1/duty-facts", map[string]any{"fact": fact, "answer": "yes", "why": "It is offered so.", "from": before.AddDate(0, 0, -2)}, 201)
		ask(nil, "POST", "/v1/duty-facts/"+f.ID+":confirm", nil, 403)
		second(nil, "POST", "/v1/duty-facts/"+f.ID+":confirm", nil, 200)
	}
	run := func(probe string) (o httpapi.Observation) {
		t.Helper()
		ask(&o, "POST", "/v1/probes/"+probe+":run", nil, 201)
		return o
	}
	// Every query of the catalogue runs on an empty store; none of them passes for want of anything to look at.
	for _, p := range h.server.duties.Catalogue().Probes() {
		if p.Kind != duty.Query {
			continue
		}
		if o := run(p.Name); o.Code == sawBroken || o.Void != "" || o.Outcome == duty.Passed && o.Code == sawAll && len(o.Samples) == 0 {
			t.Errorf("%s: %s, %s (%s)", p.Name, o.Outcome, o.Actual, o.Code)
		}
	}
	if o := run("policy-data-security"); o.Outcome != duty.Failed || o.Code != sawPolicyNone {
		t.Errorf("without a text: %+v", o)
	}
	h.annotates(run)
	h.serves(run)
	if s := status("").of("ds-7-1"); s.State != duty.NotMet {
		t.Errorf("without texts Art. 7 is %s", s.State)
	}
	// The eight texts are written by one person and approved by another.
	for _, system := range policy.Systems() {
		var v httpapi.SystemVersion
		ask(&v, "POST", "/v1/system-versions", map[string]any{"system": system, "title": "制度", "text": "# 制度\n\n依法管理。", "public": system == policy.Registration, "owner": "duty.officer",
			"review": before.AddDate(0, 3, 0).Format(time.DateOnly), "change": "First."}, 201)
		ask(nil, "POST", "/v1/system-versions/"+v.ID+":approve", map[string]any{}, 403)
		second(nil, "POST", "/v1/system-versions/"+v.ID+":approve", map[string]any{}, 200)
		if o := run("policy-" + string(system)); o.Outcome != duty.Passed || o.To == nil || len(o.Samples) != 1 || o.Samples[0] != v.ID {
			t.Errorf("%s: %+v", system, o)
		}
	}
	done := status("")
	if s := done.of("ds-7-1"); s.State != duty.Met || len(s.Controls) != 8 {
		t.Errorf("with texts Art. 7 is %s for %s", s.State, s.Reason)
	}
	if s := status("?at=" + url.QueryEscape(before.AddDate(0, 0, -1).Format(time.RFC3339))).of("ds-7-1"); s.State != duty.Unknown {
		t.Errorf("the day before it was %s", s.State)
	}
	// What is public of the texts is: one, and nobody's name.
	if _, page := h.ask("GET", "/provider-rules/registration", nil, 200); !strings.Contains(string(page), "依法管理") || strings.Contains(string(page), "duty.officer") {
		t.Errorf("%.300s", page)
	}
	h.ask("GET", "/provider-rules/emergency", nil, 404)
	// What a job does by itself: states are written down, and what shows a run is kept from the sweep of blobs.
	h.must(h.server.watchDuties(t.Context()))
	h.must(h.server.recheckDuties(t.Context()))
	changes, err := h.server.duties.Changes(t.Context(), "ds-7-1", 1)
	if err != nil || len(changes) != 1 || changes[0].To != duty.Met {
		t.Errorf("%+v %v", changes, err)
	}
	last := run("policy-emergency")
	if needed, err := h.server.duties.Needs(t.Context(), last.Digest); err != nil || !needed {
		t.Errorf("%t %v", needed, err)
	}
	var shown struct{ Verdict, Code string }
	ask(&shown, "GET", "/v1/observations/"+last.ID+"/artefact", nil, 200)
	if shown.Verdict != "passed" || shown.Code != string(sawPolicy) {
		t.Errorf("%+v", shown)
	}
	h.filesLabels(run)
	for _, path := range []string{"catalog?lang=zh", "assessment-results?lang=zh", "assessment-results?lang=en"} {
		_, raw := h.ask("GET", "/v1/oscal/"+path, nil, 200, "Authorization", "Bearer "+h.first)
		v, err := validation.NewValidator(raw)
		if err == nil {
			err = v.Validate()
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// annotates has labels checked by a rule, and asks after each check whether annotation is kept as the law wants it.
func (h *hands) annotates(run func(probe string) httpapi.Observation) {
	h.Helper()
	const probe = "annotation-kept"
	if o := run(probe); o.Outcome != duty.Untold || o.Code != sawNothing {
		h.Errorf("before there is anything: %s %s", o.Outcome, o.Code)
	}
	var rule httpapi.AnnotationRule
	h.as(h.first, "POST", "/v1/annotation-rules", object{"name": "safety", "kind": "safety", "title": object{"zh": "规则", "en": "Rule"}, "text": "Say what you see.", "part": 10, "share": 950_000}, 201, &rule)
	h.as(h.second, "POST", "/v1/annotation-rules/"+rule.ID+":approve", nil, 200, nil)
	for id, does := range map[string]string{"a-1": "annotate", "c-1": "check"} {
		h.as(h.first, "POST", "/v1/annotators", object{"id": id, "duty": does}, 201, nil)
		h.as(h.first, "POST", "/v1/annotators/"+id+":train", object{"rule": rule.ID, "day": time.Now().Add(-time.Hour).UTC(), "passed": true}, 200, nil)
	}
	for _, c := range []struct {
		batch                  string
		checked, wrong, untold int
		want                   duty.Outcome
	}{{"week-46", 100, 0, 0, duty.Passed}, {"week-47", 99, 0, 0, duty.Untold}, {"week-47", 100, 6, 0, duty.Failed}, {"week-47", 100, 5, 0, duty.Passed}} {
		h.as(h.first, "POST", "/v1/annotation-checks", object{"rule": rule.ID, "batch": c.batch, "labels": 1000, "checked": c.checked, "wrong": c.wrong, "untold": c.untold, "annotators": []string{"a-1"}, "checker": "c-1"}, 201, nil)
		if o := run(probe); o.Outcome != c.want {
			h.Errorf("%+v: %s %s %v", c, o.Outcome, o.Code, o.Args)
		}
	}
	checks, _, err := h.server.corpora.annotation.Checks(h.Context(), "", "", "", 1)
	h.must(err)
	if v, err := h.server.annotated(h.Context(), checks[0].Value, time.Now().Add(-2*time.Hour)); v != colophon.Failed || err != nil {
		h.Errorf("by people who were trained after it: %s %v", v, err)
	}
	h.as(h.second, "POST", "/v1/annotation-rules/"+rule.ID+":withdraw", nil, 200, nil)
	if o := run(probe); o.Outcome != duty.Failed || o.Args["looked"] != "2" || o.Args["amiss"] != "2" {
		h.Errorf("by a rule that was taken back: %s %v", o.Outcome, o.Args)
	}
}

// filesLabels has a function go live and its label materials looked at, in what lies with the authority. That function is served
// elsewhere, so nothing is told of what it puts out.
func (h *hands) filesLabels(run func(probe string) httpapi.Observation) {
	h.Helper()
	h.goLive()
	h.secured(run)
	h.dated()
	if o := run("output-assessed"); o.Outcome != duty.Untold || !slices.Contains(o.Samples, "portrait-swap") {
		h.Errorf("%s %s %v %q", o.Outcome, o.Code, o.Args, o.Samples)
	}
	var v httpapi.SystemVersion // its title names the function, and its text does not
	h.as(h.first, "POST", "/v1/system-versions", object{"system": policy.Purposes, "title": "换脸", "text": "# 适用范围\n\n依法使用。", "public": true, "owner": "duty.officer", "review": time.Now().AddDate(0, 3, 0).Format(time.DateOnly), "change": "First."}, 201, &v)
	h.as(h.second, "POST", "/v1/system-versions/"+v.ID+":approve", object{}, 200, nil)
	if o := run("purposes-published"); o.Outcome != duty.Failed || o.Args["amiss"] != "1" {
		h.Errorf("a text that does not name the function: %s %s %v", o.Outcome, o.Code, o.Args)
	}
	known, err := filingSource{h.server}.Known(h.Context(), "portrait-swap")
	h.must(err)
	shot := []filing.Shot{{SHA256: strings.Repeat("0", 64), Caption: "图 1"}}
	kept := ledgers.Of[filing.Draft](h.server.store, filing.Ledger)
	for _, c := range []struct {
		state filing.State
		code  string
		want  duty.Outcome
	}{{filing.Approved, "other", duty.Untold}, {filing.Filed, known.Provider, duty.Passed}, {filing.Submitted, "other", duty.Failed}} {
		id, err := h.server.recorder.NewID()
		h.must(err)
		d := filing.Draft{Function: "portrait-swap", Part: 1, Facts: known.Facts, Kit: filing.Kit{Labels: filing.Labels{Explicit: known.Explicit, Places: shot, Implicit: known.Implicit, Fields: "AIGC", Code: c.code, Lookup: "查验页", Reading: shot, Agreement: "第三条"}}}
		rec, err := h.server.recorder.New(filing.RecordSubmitted, evidence.System, system, []colophon.Clause{colophon.ClauseDS19}, map[string]any{"filing": id})
		h.must(err)
		now := time.Now().UTC().Truncate(time.Millisecond)
		h.must(kept.Add(h.Context(), rec, ledger.Entry[filing.Draft]{ID: id, Version: 1, Subject: evidence.System, State: string(c.state), Made: now, Changed: now, Value: d}))
		if o := run("label-materials"); o.Outcome != c.want || c.want == duty.Failed && (o.Args["looked"] != "2" || o.Samples[0] != id) {
			h.Errorf("%s: %s %s %v %q", c.state, o.Outcome, o.Code, o.Args, o.Samples)
		}
	}
	late := plant(h, filing.Ledger, filing.RecordDrafted, ledger.Entry[filing.Draft]{State: string(filing.Drafted), Value: filing.Draft{Function: "portrait-swap", Part: 1, Days: filing.Days{Began: time.Now().AddDate(0, 0, -60)}}})
	if o := run("filings-current"); o.Outcome != duty.Failed || o.Samples[0] != late {
		h.Errorf("a filing that is late: %s %s %v %q", o.Outcome, o.Code, o.Args, o.Samples)
	}
}

// secured asks after the security assessment of a live face swap, and then after each that might be one.
func (h *hands) secured(run func(probe string) httpapi.Observation) {
	h.Helper()
	f, err := h.server.functions.Function(h.Context(), "portrait-swap")
	h.must(err)
	if o := run("security-assessed"); o.Outcome != duty.Untold || o.Args["untold"] != "1" {
		h.Errorf("in the register alone: %s %s %v", o.Outcome, o.Code, o.Args)
	}
	for _, c := range []struct {
		state        security.State
		facts, tools string
		want         duty.Outcome
	}{
		{security.Proposed, f.Facts, "passed", duty.Untold}, {security.Approved, "before", "passed", duty.Untold},
		{security.Approved, f.Facts, "could-not-tell", duty.Untold}, {security.Filed, f.Facts, "passed", duty.Passed},
	} {
		v := security.Assessment{Rests: security.Baseline{Models: map[string]string{"portrait-swap": c.facts}}, Statements: []security.Statement{{Head: "tools", Text: "Looked at."}}}
		for _, head := range security.Heads() {
			for _, query := range head.Queries {
				v.Answers = append(v.Answers, security.Answer{Query: query, Verdict: c.tools})
			}
		}
		plant(h, security.LedgerAssessments, security.RecordApproved, ledger.Entry[security.Assessment]{State: string(c.state), Value: v})
		if o := run("security-assessed"); o.Outcome != c.want {
			h.Errorf("%+v: %s %s %v", c, o.Outcome, o.Code, o.Args)
		}
	}
}

// dated looks for a card that ends and a removal that is late in the calendar.
func (h *hands) dated() {
	h.Helper()
	ends := time.Now().AddDate(0, 1, 0).UTC().Truncate(time.Millisecond)
	want := map[string]httpapi.DateState{
		plant(h, card.Ledger, card.RecordIssued, ledger.Entry[card.Issue]{State: string(card.Current), Value: card.Issue{Service: "studio", Until: ends}}):                                                     httpapi.DateComing,
		plant(h, dataset.RemovalLedger, dataset.RecordOpened, ledger.Entry[dataset.Removal]{State: string(dataset.Open), Value: dataset.Removal{Dataset: "stories", Due: time.Now().AddDate(0, 0, -1).UTC()}}): httpapi.DateOver,
	}
	var year struct{ Dates []httpapi.CalendarDate }
	h.as(h.first, "GET", "/v1/calendar", nil, 200, &year)
	for _, d := range year.Dates {
		if want[d.ID] == d.State {
			delete(want, d.ID)
		}
	}
	if len(want) > 0 {
		h.Errorf("the calendar has nothing of %v in %+v", want, year.Dates)
	}
}

// plant puts an entry into a ledger, as it was kept at an earlier time.
func plant[T any](h *hands, name string, record evidence.Type, e ledger.Entry[T]) string {
	h.Helper()
	var err error
	e.ID, err = h.server.recorder.NewID()
	h.must(err)
	if e.Made.IsZero() {
		e.Made = time.Now()
	}
	e.Made = e.Made.UTC().Truncate(time.Millisecond)
	e.Version, e.Subject, e.Changed = 1, evidence.System, e.Made
	rec, err := h.server.recorder.New(record, evidence.System, system, []colophon.Clause{colophon.ClauseDS21}, map[string]any{"planted": e.ID})
	h.must(err)
	h.must(ledgers.Of[T](h.server.store, name).Add(h.Context(), rec, e))
	return e.ID
}

// serves asks after doors, cases and orders: what is late now however long ago that was noticed, and what has time left.
func (h *hands) serves(run func(probe string) httpapi.Observation) {
	h.Helper()
	if o := run("entrance-open"); o.Outcome != duty.Passed || o.Args["door"] != "404" {
		h.Errorf("%s %s %v", o.Outcome, o.Code, o.Args)
	}
	weeks := func(n int) time.Time { return time.Now().AddDate(0, 0, -7*n) }
	for _, c := range []struct {
		state desk.State
		want  duty.Outcome
	}{{desk.Closed, duty.Untold}, {desk.Taken, duty.Failed}} {
		plant(h, desk.Ledger, desk.RecordReceived, ledger.Entry[desk.Case]{State: string(c.state), Made: weeks(40), Value: desk.Case{Kind: desk.Complaint, Breaches: []desk.Breach{{Step: desk.ToDecide, Due: weeks(6), At: weeks(5)}}}})
		if o := run("cases-in-time"); o.Outcome != c.want {
			h.Errorf("%s: %s %s %v", c.state, o.Outcome, o.Code, o.Args)
		}
	}
	plant(h, incident.OrderLedger, incident.RecordIssued, ledger.Entry[incident.Order]{State: string(incident.Released), Value: incident.Order{Drill: true}})
	if o := run("orders-effective"); o.Outcome != duty.Untold || o.Code != sawNothing {
		h.Errorf("an order that was given just now: %s %s %v", o.Outcome, o.Code, o.Args)
	}
	for _, c := range []struct {
		after time.Duration
		want  duty.Outcome
	}{{2 * time.Second, duty.Passed}, {time.Minute, duty.Failed}} {
		given := time.Now().Add(-time.Hour)
		order := plant(h, incident.OrderLedger, incident.RecordIssued, ledger.Entry[incident.Order]{State: string(incident.Released), Made: given, Value: incident.Order{Drill: true}})
		plant(h, incident.AckLedger, incident.RecordAcknowledged, ledger.Entry[incident.Ack]{State: "effective", Value: incident.Ack{Order: order, Node: "n", Received: given, Effective: given.Add(c.after)}, Keys: []ledger.Key{{Name: "order", Value: order}}})
		if o := run("orders-effective"); o.Outcome != c.want {
			h.Errorf("effective after %s: %s %s %v", c.after, o.Outcome, o.Code, o.Args)
		}
	}
}

// queries runs queries, and wants each to come to something.
func (h *hands) queries(want duty.Outcome, names ...string) {
	h.Helper()
	for _, name := range names {
		o, err := h.server.RunProbe(h.Context(), name, "")
		h.must(err)
		if o.Outcome != want {
			h.Errorf("%s: %s %s %v", name, o.Outcome, o.Code, o.Args)
		}
	}
}

// TestStood: a verification stands from when it was decided until it is over or the account is to be verified anew.
func TestStood(t *testing.T) {
	t.Parallel()
	at := time.Now()
	for name, c := range map[string]struct {
		v    identity.Verification
		want bool
	}{
		"stands":        {identity.Verification{Result: identity.Match, Decided: at.Add(-time.Hour)}, true},
		"over later":    {identity.Verification{Result: identity.Match, Decided: at, Until: at.Add(1), Recalled: at.Add(1)}, true},
		"decided later": {identity.Verification{Result: identity.Match, Decided: at.Add(1)}, false},
		"not decided":   {identity.Verification{Result: identity.Match}, false},
		"over":          {identity.Verification{Result: identity.Match, Decided: at, Until: at}, false},
		"recalled":      {identity.Verification{Result: identity.Match, Decided: at, Recalled: at}, false},
		"no match":      {identity.Verification{Result: identity.Mismatch, Decided: at}, false},
	} {
		if got := stood(c.v, at); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestMaterials: label materials of a filing are there, bear our code, and agree with what the labels say now.
func TestMaterials(t *testing.T) {
	t.Parallel()
	shot := []filing.Shot{{SHA256: strings.Repeat("0", 64), Caption: "图 1"}}
	for name, c := range map[string]struct {
		change func(*filing.Draft)
		want   colophon.Verdict
	}{
		"as approved":                    {func(*filing.Draft) {}, colophon.Passed},
		"in own words":                   {func(d *filing.Draft) { d.Kit.Labels.Explicit = "自己的话" }, colophon.Passed},
		"changed since, and not labels":  {func(d *filing.Draft) { d.Facts = "before" }, colophon.Passed},
		"changed since, and the label":   {func(d *filing.Draft) { d.Facts, d.Kit.Labels.Explicit = "before", "左上角文字" }, colophon.Failed},
		"changed since, and the data":    {func(d *filing.Draft) { d.Facts, d.Kit.Labels.Implicit = "before", "别的" }, colophon.Failed},
		"no picture of where it is":      {func(d *filing.Draft) { d.Kit.Labels.Places = nil }, colophon.Failed},
		"nothing":                        {func(d *filing.Draft) { d.Kit.Labels = filing.Labels{} }, colophon.Failed},
		"another provider's":             {func(d *filing.Draft) { d.Kit.Labels.Code = "other" }, colophon.Failed},
		"nobody knows what was approved": {func(d *filing.Draft) { d.Facts = "" }, colophon.Unknown},
	} {
		d := filing.Draft{Facts: "now", Kit: filing.Kit{Labels: filing.Labels{Explicit: "左下角文字", Places: shot, Implicit: "元数据", Fields: "AIGC", Code: "own", Lookup: "查验页", Reading: shot, Agreement: "第三条"}}}
		c.change(&d)
		if got := materials(d, filing.Known{Facts: "now", Provider: "own", Explicit: "左下角文字", Implicit: "元数据"}); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestQueries: each query of the catalogue has one here, and none is here that the catalogue does not name.
func TestQueries(t *testing.T) {
	t.Parallel()
	china, err := duty.China()
	if err != nil {
		t.Fatal(err)
	}
	all := queries()
	for _, p := range china.Probes {
		if p.Kind == duty.Query && all[p.Name] == nil {
			t.Errorf("nothing runs %s", p.Name)
		}
		if p.Kind == duty.Query {
			delete(all, p.Name)
		}
	}
	for name := range all {
		t.Errorf("the catalogue does not name %s", name)
	}
	var c count
	if s := c.saw(); s.verdict.String() != string(duty.Untold) || s.code != sawNothing {
		t.Errorf("nothing looked at is %s", s.verdict)
	}
	c.look("a", good(true))
	if s := c.saw(); s.verdict.String() != string(duty.Passed) {
		t.Errorf("one good thing is %s", s.verdict)
	}
	c.look("b", 0)
	if s := c.saw(); s.verdict.String() != string(duty.Untold) || s.code != sawUntold {
		t.Errorf("one that could not be told is %s", s.verdict)
	}
	c.look("c", good(false))
	if s := c.saw(); s.verdict.String() != string(duty.Failed) || len(s.amiss) != 1 {
		t.Errorf("one amiss is %s", s.verdict)
	}
	c = count{}
	numbers := func(last int) func(string) ([]int, string, error) { // pages of a thousand, up to a number
		return func(after string) (page []int, next string, err error) {
			from, _ := strconv.Atoi(after)
			for n := from + 1; n <= min(last, from+1000); n++ {
				page = append(page, n)
			}
			if from+1000 < last {
				next = strconv.Itoa(from + 1000)
			}
			return page, next, t.Context().Err()
		}
	}
	err = every(numbers(25_001), func(n int) error { c.look(strconv.Itoa(n), good(n <= 25_000 && n%12_500 != 0)); return nil })
	if s := c.saw(); err != nil || s.verdict != colophon.Failed || s.looked != 25_001 || s.args["amiss"] != "3" || len(s.sample) != queryKept || !slices.Equal(s.amiss, []string{"12500", "25000", "25001"}) {
		t.Errorf("a long list: %s of %d, %v, %q: %v", s.verdict, s.looked, s.args, s.amiss, err)
	}
	for name, page := range map[string]func(string) ([]int, string, error){
		"a page that leads to itself": func(string) ([]int, string, error) { return []int{1}, "1", nil },
		"a page that can't be read":   func(string) ([]int, string, error) { return nil, "", context.DeadlineExceeded },
	} {
		if err := every(page, func(int) error { return nil }); err == nil {
			t.Errorf("%s: that was the whole list", name)
		}
	}
	if raw, err := json.Marshal(shortened([]string{"a", "a", "", "b c", strings.Repeat("x", 200)})); err != nil || string(raw) != `["a"]` {
		t.Errorf("%s %v", raw, err)
	}
}
