package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	rulebook "github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/staff"
)

// dutyVault keeps the artefacts of observations with the blobs of the tests.
type dutyVault struct{ *blobs }

func (v dutyVault) Keep(ctx context.Context, raw []byte) (string, error) {
	return v.Put(ctx, bytes.NewReader(raw))
}

func (v dutyVault) Read(ctx context.Context, digest string) ([]byte, error) {
	file, err := v.Open(ctx, digest)
	if err != nil {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: duty.CodeMissing, Err: err}
	}
	return io.ReadAll(file)
}

// dutyRuns runs the queries of the tests: each passes, and says who asked.
type dutyRuns struct {
	keeper *duty.Keeper
	now    func() time.Time
}

func (r dutyRuns) RunProbe(ctx context.Context, name, asked string) (duty.Observation, error) {
	p, err := r.keeper.Catalogue().Probe(name)
	if err != nil {
		return duty.Observation{}, err
	}
	o := duty.Observation{Probe: name, Version: p.Version, Collected: r.now(), Expected: "all", Actual: "全部", Code: "duty-saw-all", Args: colophon.Args{"looked": "3"}, Samples: []string{"a-1"}, Outcome: duty.Passed, Asked: asked}
	return r.keeper.Observe(ctx, ledger.By{Role: "system"}, o, []byte(`{"looked":3}`))
}

// openDuties adds the catalogue of duties to the world.
func (w *world) openDuties(kept *blobs, rec *evidence.Recorder) {
	w.Helper()
	china, err := duty.China()
	w.must(err)
	catalogue, err := duty.NewCatalogue(china)
	w.must(err)
	w.config.Duties, err = duty.New(duty.Config{Catalogue: catalogue, Recorder: rec, Vault: dutyVault{kept},
		Observations: ledgers.Of[duty.Observation](w.store, duty.LedgerObservations), Facts: ledgers.Of[duty.Statement](w.store, duty.LedgerFacts),
		Waivers: ledgers.Of[duty.Waiver](w.store, duty.LedgerWaivers), States: ledgers.Of[duty.Change](w.store, duty.LedgerStates)})
	w.must(err)
	w.config.DutyDesk = dutyRuns{w.config.Duties, w.clock.Now}
	w.config.Rulebook = rulebook.New(ledgers.Of[rulebook.Version](w.store, rulebook.Ledger), rec)
}

// dutyWriter is who wrote what others decide about.
func dutyWriter() ledger.By { return ledger.By{Role: "engineer", ID: "somebody"} }

// dayIn is a day as forms have it, some days from now.
func (w *world) dayIn(days int) string {
	return w.clock.Now().AddDate(0, 0, days).In(time.FixedZone("", 8*60*60)).Format(time.DateOnly)
}

// document is a system of rules that can be drafted.
func (w *world) document(system rulebook.System, public bool) rulebook.Document {
	return rulebook.Document{System: system, Title: "数据安全管理制度", Text: "# 数据安全管理制度\n\n按级管理。", Public: public, Owner: "somebody", Review: w.dayIn(90), Change: "First."}
}

// dutyExample makes the request of [world.example] for routes of duties.
func (w *world) dutyExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id := strangeID
	made := func(do func() (string, error)) {
		if !may {
			return
		}
		got, err := do()
		w.must(err)
		id = got
	}
	span := "?from=" + timed(w.clock.Now().AddDate(0, 0, -2)) + "&to=" + timed(w.clock.Now())
	note := map[string]any{"note": "It is not so."}
	ctx, k, r := w.Context(), w.config.Duties, w.config.Rulebook
	fact := func() (string, error) {
		s, err := k.Declare(ctx, dutyWriter(), duty.Provider, duty.Yes, time.Time{}, "It is offered.")
		return s.ID, err
	}
	waiver := func() (string, error) {
		x, err := k.ProposeWaiver(ctx, dutyWriter(), "ds-12-3", w.clock.Now().AddDate(0, 1, 0), "It is being built.")
		return x.ID, err
	}
	version := func() (string, error) {
		v, err := r.Draft(ctx, dutyWriter(), w.document(rulebook.Data, true))
		return v.ID, err
	}
	var body any
	path := row.Path
	switch row.ID {
	case "obligations", "probes", "observations", "duty-facts", "duty-waivers", "oscal-catalog", "oscal-results", "systems", "system-versions", "public-systems":
		if row.ID == "oscal-results" && may {
			_, err := fact()
			w.must(err)
		}
	case "obligation-days", "obligation-changes":
		path += span
	case "obligation":
		id = "ds-7-1"
	case "obligation-history":
		id = "ds-7-1"
		path += span
	case "run-probe":
		id = "label-read-back"
	case "attest-probe":
		id, body = "supporters-told", map[string]any{"outcome": "passed", "said": "By letter."}
	case "observation", "observation-artefact":
		made(func() (string, error) {
			o, err := w.config.DutyDesk.RunProbe(ctx, "label-read-back", "")
			return o.ID, err
		})
	case "declare-duty-fact":
		body = map[string]any{"fact": "provider", "answer": "yes", "why": "It is offered."}
	case "confirm-duty-fact":
		made(fact)
	case "reject-duty-fact":
		made(fact)
		body = note
	case "propose-duty-waiver":
		body = map[string]any{"obligation": "ds-12-3", "until": w.clock.Now().AddDate(0, 1, 0), "why": "It is being built."}
	case "approve-duty-waiver":
		made(waiver)
	case "reject-duty-waiver":
		made(waiver)
		body = note
	case "end-duty-waiver":
		made(func() (string, error) {
			got, err := waiver()
			w.must(err)
			x, err := k.ApproveWaiver(ctx, ledger.By{Role: "officer", ID: "another"}, got)
			return x.ID, err
		})
		body = note
	case "draft-system":
		d := w.document(rulebook.Data, false)
		body = map[string]any{"system": d.System, "title": d.Title, "text": d.Text, "owner": d.Owner, "review": d.Review, "change": d.Change}
	case "system-version":
		made(version)
	case "approve-system":
		made(version)
		body = map[string]any{}
	case "withdraw-system":
		made(version)
		body = note
	case "review-system":
		made(func() (string, error) {
			got, err := version()
			w.must(err)
			v, err := r.Approve(ctx, ledger.By{Role: "officer", ID: "another"}, got, time.Time{})
			return v.ID, err
		})
		body = map[string]any{"note": "It fits.", "next": w.dayIn(120)}
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(path, "{id}", id, 1), body), true
}

func timed(at time.Time) string { return url.QueryEscape(at.Format(time.RFC3339)) }

// TestDuties goes from nothing known over a fact, a run and a waiver to a report, and asks for the day before.
func TestDuties(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, engineer, auditor := w.people[staff.Officer], w.people[staff.Engineer], w.people[staff.Auditor]
	ask := func(query string) (list struct {
		Counts      map[string]int
		Obligations []httpapi.Obligation
	}) {
		t.Helper()
		w.ask("GET", "/v1/obligations"+query, nil).by(auditor).want(200, &list)
		return list
	}
	before := w.clock.Now()
	if fresh := ask(""); fresh.Counts["met"] != 0 || fresh.Counts["unknown"] != len(fresh.Obligations) {
		t.Errorf("before anything is known: %v", fresh.Counts)
	}
	w.clock.Set(w.clock.Now().Add(10 * time.Minute)) // sessions last 30 without use
	var f httpapi.DutyFact
	w.ask("POST", "/v1/duty-facts", map[string]any{"fact": "colour", "answer": "yes", "why": "x"}).by(engineer).wantCode(422, duty.CodeInvalid)
	w.ask("POST", "/v1/duty-facts", map[string]any{"fact": "provider", "answer": "yes", "why": "It is offered."}).by(auditor).want(403, nil)
	w.ask("POST", "/v1/duty-facts", map[string]any{"fact": "provider", "answer": "yes", "why": "It is offered."}).by(officer).want(201, &f)
	w.ask("POST", "/v1/duty-facts/"+f.ID+":confirm", nil).by(officer).wantCode(403, duty.CodeOwn)
	w.ask("POST", "/v1/duty-facts/"+f.ID+":confirm", nil).by(engineer).want(403, nil)
	w.ask("POST", "/v1/duty-facts", map[string]any{"fact": "provider", "answer": "yes", "why": "It is offered."}).by(engineer).want(201, &f)
	w.ask("POST", "/v1/duty-facts/"+f.ID+":confirm", nil).by(officer).want(200, &f)
	var o httpapi.Observation
	w.ask("POST", "/v1/probes/none:run", nil).by(engineer).wantCode(404, duty.CodeUnknown)
	w.ask("POST", "/v1/probes/supporters-told:attest", map[string]any{"outcome": "passed", "said": "By letter."}).by(officer).want(201, &o)
	w.ask("POST", "/v1/probes/label-read-back:attest", map[string]any{"outcome": "passed", "said": "I saw it."}).by(officer).wantCode(403, duty.CodeProgram)
	w.ask("POST", "/v1/probes/label-read-back:run", nil).by(engineer).want(201, &o)
	if o.Asked != string(engineer.Account.ID) || o.Digest == "" || o.Outcome != duty.Passed {
		t.Errorf("%+v", o)
	}
	if raw := w.ask("GET", "/v1/observations/"+o.ID+"/artefact", nil).by(auditor).want(200, nil); raw.Body.String() != `{"looked":3}` {
		t.Errorf("%s", raw.Body)
	}
	states := func(query string) map[string]duty.State {
		out := map[string]duty.State{}
		for _, one := range ask(query).Obligations {
			out[one.ID] = one.State
		}
		return out
	}
	if now := states(""); now["ds-16-1"] != duty.Met || now["ds-7-1"] != duty.Unknown {
		t.Errorf("%v", now)
	}
	if then := states("?at=" + timed(before)); then["ds-16-1"] != duty.Unknown {
		t.Errorf("before the run: %v", then["ds-16-1"])
	}
	if known := states("?known=" + timed(before)); known["ds-16-1"] != duty.Unknown {
		t.Errorf("by what was known before the run: %v", known["ds-16-1"])
	}
	var x httpapi.DutyWaiver
	w.ask("POST", "/v1/duty-waivers", map[string]any{"obligation": "ds-7-1", "until": w.clock.Now().AddDate(2, 0, 0), "why": "x"}).by(officer).wantCode(422, duty.CodeInvalid)
	w.ask("POST", "/v1/duty-waivers", map[string]any{"obligation": "ds-7-1", "until": w.clock.Now().AddDate(0, 1, 0), "why": "The texts are being written."}).by(engineer).want(201, &x)
	w.ask("POST", "/v1/duty-waivers/"+x.ID+":approve", nil).by(officer).want(200, &x)
	if list := ask("?instrument=dsp&article=7&state=waived"); len(list.Obligations) != 1 || list.Obligations[0].Under != duty.Unknown || list.Counts["met"] != 0 {
		t.Errorf("%+v", list)
	}
	var coming struct{ Changes []httpapi.ObligationChange }
	w.ask("GET", "/v1/obligation-changes?from="+timed(w.clock.Now())+"&to="+timed(w.clock.Now().AddDate(0, 2, 0)), nil).by(auditor).want(200, &coming)
	ends := map[string]duty.Why{}
	for _, c := range coming.Changes {
		ends[c.Obligation] = c.Why
	}
	if ends["ds-7-1"] != duty.WaiverEnds || ends["ds-16-1"] != duty.ProofEnds {
		t.Errorf("%v", ends)
	}
	for _, path := range []string{"/v1/obligation-days", "/v1/obligation-changes", "/v1/obligations/ds-7-1/history"} {
		w.ask("GET", path+"?from="+timed(before)+"&to="+timed(before.AddDate(2, 0, 0)), nil).by(auditor).wantCode(422, httpapi.CodeFields)
	}
	for _, lang := range []string{"zh", "en"} {
		raw := w.ask("GET", "/v1/oscal/assessment-results?lang="+lang, nil).by(auditor).want(200, nil)
		var doc map[string]json.RawMessage
		if err := json.Unmarshal(raw.Body.Bytes(), &doc); err != nil || doc["assessment-results"] == nil || !strings.Contains(raw.Header().Get("Content-Disposition"), "assessment-results-china.json") {
			t.Errorf("%s: %v %.100s", lang, err, raw.Body)
		}
		if want := map[string]string{"zh": "共查看 3 项", "en": "3 looked at"}[lang]; !strings.Contains(raw.Body.String(), want) {
			t.Errorf("%s: what was seen is not told", lang)
		}
	}
	w.ask("GET", "/v1/oscal/catalog?pack=none", nil).by(auditor).wantCode(404, duty.CodeUnknown)
}

// TestSystems writes a system of rules, has it approved by another person and reads it as everybody does.
func TestSystems(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, engineer := w.people[staff.Officer], w.people[staff.Engineer]
	d := w.document(rulebook.Purposes, false)
	body := map[string]any{"system": d.System, "title": d.Title, "text": d.Text, "owner": d.Owner, "review": d.Review, "change": d.Change}
	w.ask("POST", "/v1/system-versions", body).by(engineer).wantCode(422, rulebook.CodeInvalid) // has to be for everybody
	body["public"] = true
	var v httpapi.SystemVersion
	w.ask("POST", "/v1/system-versions", body).by(officer).want(201, &v)
	w.ask("POST", "/v1/system-versions/"+v.ID+":approve", map[string]any{}).by(officer).wantCode(403, rulebook.CodeOwn)
	w.ask("POST", "/v1/system-versions/"+v.ID+":withdraw", map[string]any{"note": "Again."}).by(officer).want(200, &v)
	w.ask("POST", "/v1/system-versions", body).by(engineer).want(201, &v)
	var seen struct{ Systems []map[string]any }
	if w.ask("GET", "/v1/public/systems", nil).want(200, &seen); len(seen.Systems) != 0 {
		t.Errorf("a draft is public: %v", seen)
	}
	w.ask("POST", "/v1/system-versions/"+v.ID+":approve", map[string]any{}).by(officer).want(200, &v)
	if w.ask("GET", "/v1/public/systems", nil).want(200, &seen); len(seen.Systems) != 1 || seen.Systems[0]["text"] != d.Text {
		t.Errorf("%v", seen)
	}
	for _, hidden := range []string{"author", "approver", "owner", "change"} {
		if _, told := seen.Systems[0][hidden]; told {
			t.Errorf("everybody is told the %s", hidden)
		}
	}
	var all struct{ Systems []httpapi.SystemStanding }
	w.ask("GET", "/v1/systems", nil).by(engineer).want(200, &all)
	for _, s := range all.Systems {
		if want := map[bool]string{true: "passed", false: "failed"}[s.System == rulebook.Purposes]; s.Verdict != want {
			t.Errorf("%s: %s", s.System, s.Verdict)
		}
	}
}
