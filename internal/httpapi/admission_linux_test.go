package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// noted keeps the records of decisions.
type noted struct{ *store.Store }

func (n noted) Note(ctx context.Context, rec evidence.Record, about ...string) error {
	return n.Write(ctx, func(tx *store.Tx) error { _, err := tx.Record(rec, about...); return err })
}

// openAdmission adds orders and the gate to the world. A test has the node read the orders when it wants.
func (w *world) openAdmission(rec *evidence.Recorder) {
	w.Helper()
	var err error
	w.config.Orders = incident.NewCommand(ledgers.Of[incident.Order](w.store, incident.OrderLedger), ledgers.Of[incident.Ack](w.store, incident.AckLedger), rec)
	report := func(err error) { w.Error(err) }
	w.config.Watch, err = incident.NewWatch(incident.WatchConfig{Orders: w.config.Orders, Node: "node-1", Now: w.clock.Now, Tick: make(chan time.Time), Bound: time.Hour, Report: report})
	w.must(err)
	w.must(w.config.Watch.Read(w.Context()))
	c := admission.Config{Orders: w.config.Watch, Identities: w.config.Identity, Standings: w.config.Standing, Agreements: w.config.Agreements, Functions: w.config.Register,
		Consents: w.config.Consents, Prompts: w.config.Prompt, Journal: noted{w.store}, Recorder: rec, Feed: ledgers.Feed(w.store), Now: w.clock.Now, Tick: make(chan time.Time), Report: report}
	w.config.Admission, err = admission.NewGate(c)
	w.must(err)
	w.config.Decisions = w.store
}

// ordered is an order, whose end somebody proposed where that is asked.
func (w *world) ordered(proposed bool) string {
	w.Helper()
	by := ledger.By{Role: "officer", ID: "somebody"}
	e, err := w.config.Orders.Issue(w.Context(), by, incident.Draft{Scope: incident.OnModel, Target: "m", Action: incident.Stop, Basis: incident.Own, Reason: "test"})
	w.must(err)
	if proposed {
		_, err = w.config.Orders.Propose(w.Context(), by, e.ID, "test")
		w.must(err)
	}
	return e.ID
}

// decided is the record of a decision.
func (w *world) decided() string {
	w.Helper()
	d, err := w.config.Admission.Decide(w.Context(), ledger.By{Role: "application", ID: "key"}, admission.Question{Account: "s-decided", Act: admission.Publish, Class: "other"})
	w.must(err)
	return d.Record
}

// admissionExample makes the request of [world.example] for routes of orders and admission.
func (w *world) admissionExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id := strangeID
	made := func(f func() string) {
		if may {
			id = f()
		}
	}
	var body any
	switch row.ID {
	case "orders", "orders-board", "admissions":
	case "order":
		made(func() string { return w.ordered(false) })
	case "issue-order":
		body = map[string]any{"scope": "template", "target": "t", "action": "stop", "basis": "own", "reason": "test"}
	case "drill-order":
		body = map[string]any{"account": "test-account", "reason": "test"}
	case "release-order":
		made(func() string { return w.ordered(false) })
		body = map[string]any{"reason": "test"}
	case "confirm-order", "keep-order":
		made(func() string { return w.ordered(true) })
		body = map[string]any{"reason": "test"}
	case "admit", "explain-admission":
		body = map[string]any{"account": person, "act": "publish", "class": "other"}
	case "replay-admission":
		made(w.decided)
		body = map[string]any{"record": id}
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(row.Path, "{id}", id, 1), body), true
}

// TestOrder gives an order by an authority, has the node say so, and ends the order by two people.
func TestOrder(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, engineer := w.people[staff.Officer], w.people[staff.Engineer]
	body := map[string]any{"scope": "account", "account": person, "action": "stop", "basis": "authority", "reason": "notice"}
	w.ask("POST", "/v1/orders", body).by(officer).wantCode(422, incident.CodeInvalid)
	body["reference"] = "notice 12"
	var o httpapi.ControlOrder
	w.ask("POST", "/v1/orders", body).by(officer).want(201, &o)
	if o.State != incident.Issued || o.Subject == "" || string(o.Subject) != o.Target || o.Issuer != string(officer.Account.ID) {
		t.Fatalf("%+v", o)
	}
	w.clock.Set(w.clock.Now().Add(time.Second))
	w.must(w.config.Watch.Read(w.Context()))
	var board struct {
		Standing incident.Standing
		Orders   []httpapi.ControlOrder
	}
	w.ask("GET", "/v1/orders/board", nil).by(engineer).want(200, &board)
	if board.Standing != incident.Fresh || len(board.Orders) != 1 || board.Orders[0].ID != o.ID {
		t.Fatalf("%+v", board)
	}
	var d httpapi.AdmissionDecision
	w.ask("POST", "/v1/admission:decide", map[string]any{"account": person, "act": "publish", "class": "other"}).as(w.key).want(200, &d)
	if d.Allow || d.Conditions[0].Why.Code != admission.CodeOrder || d.Conditions[0].Why.Zh == "" || d.Conditions[0].Remedy.Code != admission.RemedyProvider {
		t.Fatalf("%+v", d)
	}
	w.must(w.config.Orders.Acknowledge(w.Context(), incident.Ack{Order: o.ID, Node: "node-1", Received: w.clock.Now(), Effective: w.clock.Now()}))
	w.ask("GET", "/v1/orders/"+o.ID, nil).as(w.key).want(200, &o)
	if o.State != incident.InForce || len(o.Nodes) != 1 || o.Nodes[0].Milliseconds != 1000 || o.Nodes[0].LastOutput != nil {
		t.Fatalf("%+v", o)
	}
	step := map[string]any{"reason": "over"}
	w.ask("POST", "/v1/orders/"+o.ID+":release", step).by(officer).want(200, &o)
	w.ask("POST", "/v1/orders/"+o.ID+":confirm", step).by(officer).wantCode(403, incident.CodeSame)
	w.ask("POST", "/v1/orders/"+o.ID+":confirm", step).by(engineer).want(200, &o)
	if o.State != incident.Released || o.Confirmer != string(engineer.Account.ID) {
		t.Fatalf("%+v", o)
	}
	var list struct{ Orders []httpapi.ControlOrder }
	w.ask("GET", "/v1/orders?state=released&state=expired", nil).as(w.key).want(200, &list)
	if len(list.Orders) != 1 {
		t.Errorf("%+v", list)
	}
}

// gated asks a gate before it lets the line produce.
type gated struct {
	httpapi.Line
	w      *world
	refuse error
}

func (g *gated) Produce(ctx context.Context, by production.By, o production.Order, body io.Reader) (artefact.Artefact, error) {
	if g.refuse != nil {
		return artefact.Artefact{}, g.refuse
	}
	subject, err := g.w.accounts.Subject(ctx, o.Account)
	if err == nil {
		err = g.w.config.Admission.Publish(ctx, ledger.By{Role: by.Role, ID: by.ID}, admission.Question{Account: subject, Class: string(o.Function)})
	}
	if err != nil {
		return artefact.Artefact{}, err
	}
	return g.Line.Produce(ctx, by, o, body)
}

// TestRefusalTellsAll has a problem name every reason of a refusal with its remedy, and a status for withdrawn consents and
// for quotas of their own.
func TestRefusalTellsAll(t *testing.T) {
	t.Parallel()
	gate := &gated{}
	w := open(t, func(c *httpapi.Config) { gate.Line, c.Line = c.Line, gate })
	gate.w = w
	post := func() call {
		return w.ask("POST", strings.Replace(upload, "function=other", "function=person", 1)+"&name=a.txt", text("made")).as(w.key)
	}
	p := post().wantCode(403, admission.CodeUnverified)
	if len(p.Reasons) < 2 || p.Reasons[0].Why.Code != admission.CodeUnverified || p.Reasons[0].Remedy.Code != admission.RemedyVerify || p.Reasons[0].Remedy.Zh == "" {
		t.Errorf("%+v", p)
	}
	for status, code := range map[int]colophon.Code{451: admission.CodeConsentNone, 429: admission.CodeQuota} {
		gate.refuse = admission.Decision{Conditions: []admission.Condition{{Refuses: true, Code: code}}}.Err()
		if p := post().wantCode(status, code); len(p.Reasons) != 1 {
			t.Errorf("%+v", p)
		}
	}
}

// TestAdmissionClient asks by the Go client what a key may ask, and is told what it may not.
func TestAdmissionClient(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	server := httptest.NewServer(w.api)
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL, Key: w.key})
	w.must(err)
	q := client.Admission{Account: person, Act: "publish", Class: "other"}
	d, err := c.Admit(w.Context(), q)
	w.must(err)
	e, err := c.ExplainAdmission(w.Context(), q)
	w.must(err)
	if d.Allow || d.Conditions[1].Why.Code != admission.CodeUnverified || e.Decision.Verdict != d.Verdict || e.Decision.Record != "" || len(e.View) == 0 {
		t.Errorf("%+v %+v", d, e)
	}
	past, next, err := c.Admissions(w.Context(), client.Listing{Filter: url.Values{"refused": {"true"}}})
	if err != nil || next != "" || len(past) != 1 || past[0].Record != d.Record {
		t.Errorf("%+v %v", past, err)
	}
	id := w.ordered(true)
	list, _, err := c.Orders(w.Context(), client.Listing{})
	if err != nil || len(list) != 1 || list[0].ID != id {
		t.Errorf("%+v %v", list, err)
	}
	if o, err := c.Order(w.Context(), id); err != nil || o.State != "release-proposed" || o.Nodes != nil {
		t.Errorf("%+v %v", o, err)
	}
	var refused *client.Error
	if _, err = c.IssueOrder(w.Context(), client.OrderDraft{Scope: "everything", Action: "stop", Basis: "own", Reason: "test"}); !errors.As(err, &refused) || refused.Status != 403 {
		t.Error(err)
	}
	if _, err = c.ConfirmOrder(w.Context(), id, "test"); !errors.As(err, &refused) || refused.Status != 403 {
		t.Error(err)
	}
}

// TestAdmission decides about an account before and after it is verified, explains, lists and replays.
func TestAdmission(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	ask := map[string]any{"account": person, "act": "publish", "class": "other"}
	decide := func() (d httpapi.AdmissionDecision) {
		w.ask("POST", "/v1/admission:decide", ask).as(w.key).want(200, &d)
		return d
	}
	refused := decide()
	if refused.Allow || refused.Verdict != "failed" || refused.Record == "" {
		t.Fatalf("%+v", refused)
	}
	subject, err := w.accounts.Subject(w.Context(), person)
	w.must(err)
	_, err = w.config.Identity.Attest(w.Context(), ledger.By{Role: "application", ID: "key"}, subject, identity.Attestation{Level: identity.TwoFactor, Method: identity.ResidentID, Provider: "bank",
		Transaction: "t-1", At: w.clock.Now(), Minor: identity.Adult})
	w.must(err)
	allowed := decide()
	if !allowed.Allow {
		t.Fatalf("%+v", allowed)
	}
	var explained struct {
		Decision httpapi.AdmissionDecision
		View     map[string]any
	}
	out := w.ask("POST", "/v1/admission:explain", ask).as(w.key).want(200, &explained)
	if !explained.Decision.Allow || explained.Decision.Record != "" || explained.View["identity"].(map[string]any)["level"] != "two-factor" || strings.Contains(out.Body.String(), person) {
		t.Errorf("%s", out.Body)
	}
	var list struct{ Decisions []httpapi.PastAdmission }
	w.ask("GET", "/v1/admissions?subject="+string(subject), nil).as(w.key).want(200, &list)
	if len(list.Decisions) != 2 || list.Decisions[0].Codes[0] != admission.CodeUnverified || list.Decisions[1].Verdict != "passed" {
		t.Errorf("%+v", list)
	}
	var replayed struct {
		Same     bool
		Decision httpapi.AdmissionDecision
	}
	w.ask("POST", "/v1/admission:replay", map[string]any{"record": refused.Record}).as(w.key).want(200, &replayed)
	if !replayed.Same || replayed.Decision.Allow {
		t.Errorf("%+v", replayed)
	}
	w.ask("POST", "/v1/admission:replay", map[string]any{"record": strangeID}).as(w.key).want(404, nil)
	bound, _ := w.newKey([]staff.Action{staff.AdmissionAsk}, []string{"swap"}, time.Hour)
	w.ask("POST", "/v1/admission:decide", ask).as(bound).want(403, nil)
	ask["function"] = "swap"
	w.ask("POST", "/v1/admission:decide", ask).as(bound).want(200, nil)
}
