package httpapi_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/tallies"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/standing"
)

// around is who stands behind accounts, and the desk that signals go to.
type around struct{}

func (around) Person(_ context.Context, s evidence.Subject) (standing.Person, error) {
	return standing.Person{Numbers: []string{"digest-" + string(s)}}, nil
}
func (around) Recheck(context.Context, ledger.By, evidence.Subject, colophon.Code) error { return nil }
func (around) Open(_ context.Context, s standing.Signal) (string, error)                 { return "item-" + s.ID, nil }

// openStanding adds measures and signals to the world.
func (w *world) openStanding(rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	var err error
	w.config.Standing, err = standing.NewKeeper(w.Context(), standing.Config{Measures: ledgers.Of[standing.Measure](w.store, "measure"), Signals: ledgers.Of[standing.Signal](w.store, "signal"),
		Versions: ledgers.Of[standing.Version](w.store, "standing-table"), Tallies: tallies.New(w.store), Recorder: rec, Keys: keys, People: around{}, Desk: around{}, Appeal: "https://provider.example/appeal"})
	w.must(err)
}

// against is a measure, active or proposed by somebody.
func (w *world) against(step standing.Step, propose bool) string {
	w.Helper()
	d := standing.Draft{Subject: "s-measure", Step: step, Ground: standing.Ground{Clauses: []colophon.Clause{colophon.ClauseGenAI14}}, Fact: standing.FactContent}
	take := w.config.Standing.Take
	if propose {
		take = w.config.Standing.Propose
	}
	m, err := take(w.Context(), ledger.By{Role: "reviewer", ID: "somebody"}, d)
	w.must(err)
	return m.ID
}

// tabled is a table of measures that somebody proposed.
func (w *world) tabled() string {
	w.Helper()
	t, err := standing.Default()
	w.must(err)
	t.Version = w.unique("t")
	_, err = w.config.Standing.ProposeTable(w.Context(), ledger.By{Role: "officer", ID: "somebody"}, t, "test")
	w.must(err)
	return t.Version
}

// tableText is the table in force as a request proposes it.
func (w *world) tableText() httpapi.StandingTable {
	w.Helper()
	var out struct{ Table httpapi.StandingTable }
	w.ask("GET", "/v1/standing-table", nil).as(w.key).want(200, &out)
	out.Table.Version = w.unique("t")
	return out.Table
}

// standingExample makes the request of [world.example] for routes of measures.
func (w *world) standingExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id := strangeID
	made := func(f func() string) {
		if may {
			id = f()
		}
	}
	path := row.Path
	var body any
	switch row.ID {
	case "measures", "signals", "standing-table", "standing-tables":
	case "take-measure":
		body = map[string]any{"account": person, "step": "warn", "clauses": []string{"genai-14"}, "fact": "measure-fact-content"}
	case "measure":
		made(func() string { return w.against(standing.Warn, false) })
	case "confirm-measure":
		made(func() string { return w.against(standing.Warn, true) })
		body = map[string]any{}
	case "reject-measure":
		made(func() string { return w.against(standing.Warn, true) })
		body = map[string]any{"why": "measure-why-unproven"}
	case "lift-measure", "restore-measure":
		made(func() string { return w.against(standing.Warn, false) })
		body = map[string]any{"why": "measure-why-mistake"}
	case "notice-measure":
		made(func() string { return w.against(standing.Warn, false) })
		body = map[string]any{"at": w.clock.Now(), "how": "sms"}
	case "ask-standing":
		body = map[string]any{"account": person}
	case "standing":
		path = strings.Replace(path, "{subject}", "s-measure", 1)
	case "propose-standing-table":
		body = map[string]any{"table": w.tableText(), "reason": "test"}
	case "release-standing-table":
		made(w.tabled)
		body = map[string]any{"reason": "test"}
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(path, "{id}", id, 1), body), true
}

// TestMeasures closes an account with two people, and takes it back.
func TestMeasures(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var m httpapi.Measure
	w.ask("POST", "/v1/measures", map[string]any{"account": person, "step": "close", "clauses": []string{"genai-14"}, "terms": "convention 4.2", "fact": "measure-fact-repeated", "note": "several times"}).
		by(w.people[staff.Officer]).want(201, &m)
	if m.State != standing.Proposed || m.InForce || m.Statement != nil || m.By == "" {
		t.Fatalf("%+v", m)
	}
	w.ask("POST", "/v1/measures/"+m.ID+":confirm", map[string]any{}).by(w.people[staff.Officer]).wantCode(403, standing.CodeSecond)
	_, err := w.config.Standing.Confirm(w.Context(), ledger.By{Role: "officer", ID: "somebody-else"}, m.ID, "")
	w.must(err)
	ask := func(function string) (s httpapi.Standing) {
		w.ask("POST", "/v1/standing", map[string]any{"account": person, "function": function}).as(w.key).want(200, &s)
		return s
	}
	if s := ask("voice"); !slices.Equal(s.Blocked, []standing.Act{standing.Use, standing.Publish, standing.Register}) || len(s.Measures) != 1 || len(s.Measures[0].Deciders) != 2 {
		t.Errorf("%+v", s)
	}
	w.ask("POST", "/v1/measures/"+m.ID+":notice", map[string]any{"at": w.clock.Now(), "how": "sms"}).by(w.people[staff.Reviewer]).want(200, nil)
	w.ask("POST", "/v1/measures/"+m.ID+":restore", map[string]any{"why": "measure-why-appeal", "note": "it was right"}).by(w.people[staff.Officer]).want(200, nil)
	w.ask("GET", "/v1/measures/"+m.ID, nil).as(w.key).want(200, &m)
	if m.State != standing.Restored || m.Closed.Why != standing.WhyAppeal || m.Closed.ID != string(w.people[staff.Officer].Account.ID) || len(m.Notices) != 1 || len(m.Statement.En) != 8 || len(m.Statement.Zh) != 8 {
		t.Errorf("%+v", m)
	}
	for i, sentence := range m.Statement.En {
		if strings.HasPrefix(sentence, "measure-") || sentence == m.Statement.Zh[i] {
			t.Errorf("nobody can read %q", sentence)
		}
	}
	if s := ask("voice"); len(s.Blocked) != 0 || len(s.Measures) != 0 {
		t.Errorf("%+v", s)
	}
	var page struct{ Measures []httpapi.Measure }
	w.ask("GET", "/v1/measures?step=close&state=restored&subject="+string(m.Subject), nil).as(w.key).want(200, &page)
	if len(page.Measures) != 1 || page.Measures[0].ID != m.ID {
		t.Errorf("%+v", page)
	}
	for _, body := range []map[string]any{{"step": "warn", "fact": "measure-fact-content", "clauses": []string{"ds-10"}}, {"account": person, "subject": "s-1", "step": "warn", "fact": "measure-fact-content", "clauses": []string{"ds-10"}},
		{"account": person, "step": "warn", "fact": "measure-fact-content", "clauses": []string{"lm-4"}}, {"account": person, "step": "shout", "fact": "measure-fact-content", "clauses": []string{"ds-10"}}} {
		w.ask("POST", "/v1/measures", body).by(w.people[staff.Officer]).wantCode(422, httpapi.CodeFields)
	}
	w.ask("POST", "/v1/measures", map[string]any{"account": person, "step": "suspend", "fact": "measure-fact-content", "clauses": []string{"ds-10"}, "until": w.clock.Now()}).
		by(w.people[staff.Officer]).wantCode(422, standing.CodeInvalid)
}

// TestStandingTables proposes the table in force under another name, and looks at the signals of it.
func TestStandingTables(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	table := w.tableText()
	table.Rules = []httpapi.StandingRule{{ID: "once", On: []standing.Kind{standing.Refused}, When: "refused_day >= 1", Quiet: standing.Span(time.Hour), Clauses: []colophon.Clause{colophon.ClauseAF22},
		Fact: standing.FactUnusual, Item: true, Step: standing.Warn, Propose: true, Reason: "test"}}
	var v httpapi.StandingVersion
	w.ask("POST", "/v1/standing-tables", map[string]any{"table": table, "reason": "test"}).by(w.people[staff.Officer]).want(201, &v)
	w.ask("POST", "/v1/standing-tables/"+table.Version+":release", map[string]any{"reason": "test"}).by(w.people[staff.Officer]).wantCode(403, standing.CodeSelf)
	_, err := w.config.Standing.ReleaseTable(w.Context(), ledger.By{Role: "officer", ID: "somebody-else"}, table.Version, "test")
	w.must(err)
	var now struct {
		Shipped bool
		Table   httpapi.StandingTable
	}
	w.ask("GET", "/v1/standing-table", nil).as(w.key).want(200, &now)
	if now.Shipped || len(now.Table.Rules) != 1 || now.Table.Rules[0].Step != standing.Warn || len(now.Table.Counters) != len(table.Counters) {
		t.Errorf("%+v", now)
	}
	_, err = w.config.Standing.Violated(w.Context(), "s-9", "voice", "fraud", "judgement-1")
	w.must(err)
	var page struct{ Signals []httpapi.RiskSignal }
	w.ask("GET", "/v1/signals?rule=once&state=done", nil).as(w.key).want(200, &page)
	if len(page.Signals) != 1 || page.Signals[0].Counts["refused_day"] != 1 || page.Signals[0].Item == "" || page.Signals[0].Measure == "" {
		t.Errorf("%+v", page)
	}
	table.Version, table.Rules[0].When = w.unique("t"), "refused_days >= 1"
	w.ask("POST", "/v1/standing-tables", map[string]any{"table": table, "reason": "test"}).by(w.people[staff.Officer]).wantCode(422, standing.CodeTable)
}
