package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/staff"
)

// examiner has one model, and is whose samples are judged.
type examiner struct{ *world }

func (examiner) Models() []httpapi.RunModel {
	return []httpapi.RunModel{{Name: "m", Function: "dialogue", Serving: "digest"}}
}

func (examiner) Complete(p run.Plan) (run.Plan, error) {
	if p.Model != "m" {
		return p, &colophon.Error{Kind: colophon.Invalid, Code: run.CodeInvalid, Args: colophon.Args{"field": "model"}}
	}
	p.Serving, p.Function = "digest", "dialogue"
	return p, nil
}

func (examiner) Report(_ context.Context, id, language string, f media.Format) ([]byte, error) {
	return fmt.Appendf(nil, "%s in %s as %s", id, language, f), nil
}

func (examiner) Owns(sheet string) bool { return !strings.HasPrefix(sheet, "other") }

func (e examiner) About(_ context.Context, sheet string) (httpapi.PanelAbout, error) {
	return httpapi.PanelAbout{Sheet: sheet, Kind: "run", Of: "r", Name: "Spring", Ask: "generation", Open: true}, nil
}

func (e examiner) Sheets(ctx context.Context) ([]httpapi.PanelAbout, error) {
	a, err := e.About(ctx, "sheet-1")
	return []httpapi.PanelAbout{a}, err
}

func (e examiner) Show(ctx context.Context, by ledger.By, item sample.Item) (httpapi.PanelContent, error) {
	_, err := e.config.Panel.Held(ctx, by, item.ID)
	return httpapi.PanelContent{Topic: "A.1.a", Parts: []httpapi.PanelPart{{Name: "answer", Text: "what " + item.Unit + " says"}}}, err
}

// Ask answers whatever is asked.
func (examiner) Ask(context.Context, run.Prompt) (run.Reply, error) {
	return run.Reply{Text: "an answer", Serving: "digest"}, nil
}

// openRuns adds banks, runs and the panel to the world.
func (w *world) openRuns(rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	c := &w.config
	c.Banks = bank.NewKeeper(ledgers.Of[bank.Version](w.store, bank.Ledger), rec, keys)
	c.Panel = sample.NewPanel(ledgers.Of[sample.Item](w.store, sample.Ledger), rec, time.Hour)
	c.Runs = run.New(run.Config{Runs: ledgers.Of[run.Run](w.store, run.Ledger), Batches: ledgers.Of[run.Batch](w.store, run.LedgerBatches), Recorder: rec, Keys: keys, Banks: c.Banks, Panel: c.Panel})
	c.RunDesk, c.PanelSources = examiner{w}, []httpapi.PanelSource{examiner{w}}
}

// questions are a bank of so many questions, which none before was.
func (w *world) questions(n int) string {
	w.Helper()
	w.made++
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"q-%d-%d","kind":"generation","risk":"A.1.a","question":"question %d of bank %d","language":"en"}`+"\n", w.made, i, i, w.made)
	}
	return b.String()
}

func officer(n string) ledger.By { return ledger.By{Role: "officer", ID: n} }

// bankIn is a bank in a state.
func (w *world) bankIn(approved bool) string {
	w.Helper()
	v, err := w.config.Banks.Import(w.Context(), officer("somebody"), strings.NewReader(w.questions(3)), bank.JSONL, "Bank", "")
	w.must(err)
	if approved {
		_, err = w.config.Banks.Approve(w.Context(), officer("somebody else"), v.ID)
		w.must(err)
	}
	return v.ID
}

// runIn is a run in a state: planned, started, asked or sampled.
func (w *world) runIn(state string) string {
	w.Helper()
	ctx, by := w.Context(), officer("somebody")
	r, err := w.config.Runs.Plan(ctx, by, run.Plan{Name: "Run", Bank: w.bankIn(true), Model: "m", Serving: "digest", Function: "dialogue"})
	w.must(err)
	if state == "started" {
		_, err = w.config.Runs.Start(ctx, by, r.ID)
		w.must(err)
	}
	if state == "asked" {
		_, err = w.config.Runs.Work(ctx, r.ID, run.Options{Worker: "w", Pool: run.Pool{Asker: examiner{w}}})
		w.must(err)
	}
	return r.ID
}

// panelItem is an item that somebody has.
func (w *world) panelItem(of string) string {
	w.Helper()
	w.made++
	sheet, by := fmt.Sprintf("sheet-%d", 100+w.made), officer(of)
	_, err := w.config.Panel.Put(w.Context(), by, sheet, []sample.Unit{{ID: "u1", Stratum: "A.1.a"}}, sample.Quota{Least: 1}, 1)
	w.must(err)
	list, err := w.config.Panel.Take(w.Context(), by, sheet, 1)
	w.must(err)
	return list[0].ID
}

// runExample makes the request of [world.example] for routes of banks, runs and samples.
func (w *world) runExample(row httpapi.Row, role staff.Role, may bool) (call, bool) {
	w.Helper()
	id := strangeID
	path := func() string {
		return strings.NewReplacer("{id}", id, "{sheet}", "sheet-1").Replace(row.Path)
	}
	switch row.ID {
	case "banks", "runs", "run-models", "panels", "panel", "panel-next":
		return w.ask(row.Method, path(), nil), true
	case "import-bank":
		return w.ask(row.Method, path()+"?title=Bank", []byte(w.questions(2))), true
	case "starter-bank":
		if may { // the same questions are kept once, unless they were rejected
			list, _, err := w.config.Banks.Versions(w.Context(), []bank.State{bank.Imported}, "", 500)
			w.must(err)
			for _, v := range list {
				if v.Name == "Colophon starter" {
					_, err := w.config.Banks.Reject(w.Context(), officer("somebody else"), v.ID, "once more")
					w.must(err)
				}
			}
		}
		return w.ask(row.Method, path(), nil), true
	case "bank", "bank-coverage", "bank-questions", "approve-bank", "reject-bank", "retire-bank":
		if may {
			id = w.bankIn(row.ID == "retire-bank")
		}
	case "plan-run":
		return w.ask(row.Method, path(), map[string]any{"name": "Run", "bank": w.bankIn(true), "model": "m"}), true
	case "run", "start-run", "cancel-run", "run-result", "run-report":
		if may {
			id = w.runIn("planned")
		}
	case "pause-run":
		if may {
			id = w.runIn("started")
		}
	case "sample-run", "finish-run":
		if may {
			id = w.runIn("asked")
		}
	case "panel-item", "panel-judge":
		if may {
			id = w.panelItem(string(w.people[role].Account.ID))
		}
	default:
		return call{}, false
	}
	switch row.ID {
	case "reject-bank", "retire-bank", "cancel-run":
		return w.ask(row.Method, path(), map[string]any{"reason": "a reason"}), true
	case "sample-run":
		return w.ask(row.Method, path(), map[string]any{"kind": "generation", "least": 1}), true
	case "panel-judge":
		return w.ask(row.Method, path(), map[string]any{"verdict": "passed"}), true
	}
	return w.ask(row.Method, path(), nil), true
}

// TestRunsByAPI takes a bank from its import to a result by the API, with the two people that each step needs.
func TestRunsByAPI(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	one, other, reviewer := w.people[staff.Officer], w.people[staff.Engineer], w.people[staff.Reviewer]
	w.ask("POST", "/v1/banks:import?title=Bad", []byte(`{"id":"q"}`)).by(one).wantCode(422, bank.CodeLine)
	var b httpapi.TestBank
	w.ask("POST", "/v1/banks:import?title=Bank&note=made+here", []byte(w.questions(4))).by(one).want(201, &b)
	if b.State != bank.Imported || b.Questions != 4 || b.Note != "made here" {
		t.Errorf("%+v", b)
	}
	w.ask("POST", "/v1/banks/"+b.ID+":approve", nil).by(one).wantCode(403, bank.CodeOwn)
	plan := map[string]any{"name": "Spring", "bank": b.ID, "model": "m"}
	w.ask("POST", "/v1/runs", plan).by(one).wantCode(409, bank.CodeUnfit)
	_, err := w.config.Banks.Approve(t.Context(), officer("somebody else"), b.ID)
	w.must(err)
	var v httpapi.BankCoverage
	w.ask("GET", "/v1/banks/"+b.ID+"/coverage", nil).by(reviewer).want(200, &v)
	if len(v.Topics) != 31+17+13 || v.Held[0].Verdict != "failed" || v.Held[0].Fewest != 4 {
		t.Errorf("%d topics, %+v", len(v.Topics), v.Held)
	}
	w.ask("POST", "/v1/runs", map[string]any{"name": "Spring", "bank": b.ID, "model": "nobody's"}).by(other).wantCode(422, run.CodeInvalid)
	var r httpapi.TestRun
	w.ask("POST", "/v1/runs", plan).by(other).with("Idempotency-Key", "same").want(201, &r)
	var again httpapi.TestRun
	if w.ask("POST", "/v1/runs", plan).by(other).with("Idempotency-Key", "same").want(201, &again); again.ID != r.ID {
		t.Error("the same key planned two runs")
	}
	path := "/v1/runs/" + r.ID
	w.ask("POST", path+":start", nil).by(other).want(200, &r)
	w.ask("POST", path+":pause", nil).by(other).want(200, &r)
	if r.Wanted || !r.Paused {
		t.Errorf("%+v", r)
	}
	w.ask("POST", path+":start", nil).by(other).want(200, &r)
	_, err = w.config.Runs.Work(t.Context(), r.ID, run.Options{Worker: "w", Pool: run.Pool{Asker: examiner{w}}})
	w.must(err)
	w.ask("GET", path, nil).by(one).want(200, &r)
	if r.State != run.Judging || r.Progress.Asked != 4 || r.Progress.Answered != 4 || r.Wanted {
		t.Errorf("%+v %+v", r, r.Progress)
	}
	var res httpapi.RunResult
	w.ask("GET", path+"/result", nil).by(one).want(200, &res)
	if res.Asked != 4 || len(res.Held) == 0 || res.Held[0].Verdict != "could-not-tell" {
		t.Errorf("%+v", res)
	}
	w.ask("GET", path+"/report?format=pdf&language=en", nil).by(one).want(200, nil)
}

// TestPanelIsBlind has two people judge an item: neither is told anything of the other, and nobody judges twice.
func TestPanelIsBlind(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	a, b := w.people[staff.Officer], w.people[staff.Reviewer]
	_, err := w.config.Panel.Put(t.Context(), officer("somebody"), "sheet-1", []sample.Unit{{ID: "u1", Stratum: "A.1.a"}}, sample.Quota{Least: 1}, 1)
	w.must(err)
	take := func(o staff.Opened) *httpapi.PanelItem {
		var got struct{ Item *httpapi.PanelItem }
		w.ask("POST", "/v1/panels/sheet-1:next", nil).by(o).want(200, &got)
		return got.Item
	}
	it := take(a)
	if it == nil || it.Content != nil {
		t.Fatalf("%+v", it)
	}
	if take(b) != nil {
		t.Error("two people have the item at the same time")
	}
	w.ask("GET", "/v1/panel-items/"+it.ID, nil).by(b).wantCode(403, sample.CodeLease)
	var seen httpapi.PanelItem
	w.ask("GET", "/v1/panel-items/"+it.ID, nil).by(a).want(200, &seen)
	if seen.Content.Parts[0].Text != "what u1 says" {
		t.Errorf("%+v", seen)
	}
	said := func(o staff.Opened, verdict string, want int) string {
		res := w.ask("POST", "/v1/panel-items/"+it.ID+":judge", map[string]any{"verdict": verdict, "note": "because of a word"}).by(o).send()
		if res.Code != want {
			t.Fatalf("%d %s", res.Code, res.Body)
		}
		return res.Body.String()
	}
	said(a, "passed", 200)
	said(a, "failed", 403)
	if take(a) != nil {
		t.Error("the item comes to the same person again")
	}
	if again := take(b); again == nil || again.ID != it.ID {
		t.Fatalf("%+v", again)
	}
	res := w.ask("GET", "/v1/panel-items/"+it.ID, nil).by(b).send()
	for _, word := range []string{"passed", "once", "opinion", string(a.Account.ID)} {
		if strings.Contains(res.Body.String(), word) {
			t.Errorf("the second reviewer is told %q: %s", word, res.Body)
		}
	}
	if text := said(b, "failed", 200); strings.Contains(text, "disputed") || strings.Contains(text, "because") {
		t.Error(text)
	}
	var p httpapi.SamplePanel
	w.ask("GET", "/v1/panels/sheet-1", nil).by(b).want(200, &p)
	if p.States.Disputed != 1 || p.Kappa.Pairs != 1 || p.Kappa.Agreed != 0 || p.Rate.Unknown != 1 {
		t.Errorf("%+v", p)
	}
	w.ask("GET", "/v1/panels/other", nil).by(b).wantCode(404, sample.CodeMissing)
}

// TestForemost: a sample that is judged now is listed, however many were before it.
func TestForemost(t *testing.T) {
	t.Parallel()
	all := make([]httpapi.PanelAbout, 500)
	all[0].Sheet, all[450] = "first", httpapi.PanelAbout{Sheet: "open", Open: true}
	if list := httpapi.Foremost(all); len(list) != 200 || list[0].Sheet != "open" || list[1].Sheet != "first" {
		t.Errorf("%d, and first %+v", len(list), list[:2])
	}
}
