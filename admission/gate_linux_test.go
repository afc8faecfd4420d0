package admission_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/consent/prompt"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/standing"
)

// world is what a gate asks. What is known of accounts, orders, texts and the feed is of a real store; of the rest a test says
// itself what it answers, and any of it can be out of reach.
type world struct {
	*testing.T
	ctx      context.Context
	store    *store.Store
	recorder *evidence.Recorder
	command  *incident.Command
	ids      *identity.Registrar

	mu       sync.Mutex
	now      time.Time
	asked    map[string]int // how often each source was asked
	gone     map[string]bool
	standing standing.Standing
	function register.Snapshot
	grants   map[string]consent.Grant
	refusals map[string]error
	prompted bool
	allow    standing.Allowance
	observed []admission.Decision
}

var errGone = errors.New("out of reach")

// ask counts a question to a source.
func (w *world) ask(source string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[source]++
	if w.gone[source] {
		return errGone
	}
	return nil
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) Account(ctx context.Context, s evidence.Subject) (identity.Account, error) {
	if err := w.ask("identity"); err != nil {
		return identity.Account{}, err
	}
	return w.ids.Account(ctx, s)
}

func (w *world) Standing(context.Context, evidence.Subject) (standing.Standing, error) {
	return w.standing, w.ask("standing")
}

func (w *world) Allow(_ context.Context, key standing.QuotaKey, _ standing.Rate, _ int, high bool) (standing.Allowance, error) {
	if key.Subject == "" || key.Function == "" {
		w.Errorf("%+v is counted", key)
	}
	if w.ask("quota") != nil {
		return standing.Allowance{Unknown: high, Local: !high, Allowed: !high, Fault: errGone}, nil
	}
	return w.allow, nil
}

func (w *world) Published(context.Context) ([]agreement.Entry, error) {
	return []agreement.Entry{{ID: "v1", Value: agreement.Version{Kind: agreement.Terms, Audience: agreement.Users, Number: 1, Since: 1}},
		{ID: "v2", Value: agreement.Version{Kind: agreement.Rules, Audience: agreement.Users, Number: 1, Since: 1, Effective: noon.Add(time.Minute)}}}, w.ask("texts")
}

func (w *world) Accepted(context.Context, evidence.Subject) ([]agreement.Acceptance, error) {
	return []agreement.Acceptance{{Kind: agreement.Terms, Audience: agreement.Users, Number: 1}}, w.ask("accepted")
}

func (w *world) Function(_ context.Context, id string) (register.Snapshot, error) {
	if err := w.ask("register"); err != nil {
		return register.Snapshot{}, err
	}
	if id != "swap" {
		return register.Snapshot{}, &colophon.Error{Kind: colophon.Missing, Code: register.CodeMissing}
	}
	return w.function, nil
}

func (w *world) Check(_ context.Context, token string, use consent.Use) (consent.Grant, error) {
	if err := w.ask("consent"); err != nil {
		return consent.Grant{}, err
	}
	if use.Account != account || use.Function != "swap" || !w.gone["register"] && !slices.Equal(use.Modality, []consent.Modality{consent.Face}) {
		w.Errorf("checked for %+v", use)
	}
	g, ok := w.grants[token]
	if !ok {
		return g, &colophon.Error{Kind: colophon.Missing, Code: consent.CodeToken}
	}
	return g, w.refusals[token]
}

func (w *world) Acknowledged(context.Context, evidence.Subject, string) (prompt.Entry, bool, error) {
	return prompt.Entry{}, w.prompted, w.ask("prompt")
}

func (w *world) Note(ctx context.Context, rec evidence.Record, about ...string) error {
	if err := w.ask("journal"); err != nil {
		return err
	}
	return w.store.Write(ctx, func(tx *store.Tx) error { _, err := tx.Record(rec, about...); return err })
}

// Subject implements identity.Accounts.
func (w *world) Subject(context.Context, string) (evidence.Subject, error) { return account, nil }

// Find implements identity.Accounts.
func (w *world) Find(context.Context, string) (evidence.Subject, error) { return account, nil }

// board is a watch of which a test says when it reads.
type board struct{ of *world }

func (b board) Board() *incident.Board {
	list, err := b.of.command.InForce(b.of.ctx)
	if b.of.ask("orders") != nil || err != nil {
		return &incident.Board{}
	}
	return incident.NewBoard(list, b.of.clock(), time.Minute)
}

var officer = ledger.By{Role: "officer", ID: "staff-1"}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, ctx: t.Context(), now: noon, asked: map[string]int{}, gone: map[string]bool{}, prompted: true, refusals: map[string]error{}, allow: standing.Allowance{Allowed: true},
		function: register.Snapshot{ID: "swap", State: register.Live, Function: register.Function{Class: "person", Likeness: []string{"face"}, Identity: "two-factor", Consent: "recorded",
			Quotas: []register.Quota{{Per: "account", Events: 10, Period: time.Hour, Burst: 1}, {Per: "function", Events: 10, Period: time.Hour, Burst: 1}}}},
		grants: map[string]consent.Grant{"good": {State: consent.Given, Subject: "p-1", Level: consent.Recorded}}}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "k1"), w.clock
	w.store, w.recorder = storetest.Open(t, config), storetest.Recorder(t, config.Keys, w.clock)
	w.command = incident.NewCommand(ledgers.Of[incident.Order](w.store, incident.OrderLedger), ledgers.Of[incident.Ack](w.store, incident.AckLedger), w.recorder)
	var err error
	w.ids, err = identity.NewRegistrar(identity.Config{Verifications: ledgers.Of[identity.Verification](w.store, "verification"), Imports: ledgers.Of[identity.Import](w.store, "import"),
		Recorder: w.recorder, Keys: config.Keys, Secret: make([]byte, 32), Accounts: w})
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// node is a gate on one node.
type node struct {
	*admission.Gate
	tick chan time.Time
	errs chan error
}

func (w *world) node() *node {
	w.Helper()
	n := &node{tick: make(chan time.Time), errs: make(chan error, 100)}
	var err error
	n.Gate, err = admission.NewGate(admission.Config{Orders: board{w}, Identities: w, Standings: w, Agreements: w, Functions: w, Consents: w, Prompts: w, Journal: w, Recorder: w.recorder,
		Feed: ledgers.Feed(w.store), Now: w.clock, Tick: n.tick, Observe: func(_ admission.Act, d admission.Decision, _ time.Duration) { w.observed = append(w.observed, d) },
		Report: func(err error) { n.errs <- err }})
	w.must(err)
	return n
}

// follow has a node follow the feed until the test ends.
func (w *world) follow(n *node) {
	ctx, stop := context.WithCancel(w.ctx)
	done := make(chan struct{})
	go func() { defer close(done); n.Follow(ctx) }()
	w.Cleanup(func() { stop(); <-done })
	w.read(n)
}

// read has a node read the feed once from beginning to end: two ticks are taken only after the read between them.
func (w *world) read(n *node) {
	n.tick <- w.clock()
	n.tick <- w.clock()
}

// verify has the account verified.
func (w *world) verify(transaction string) {
	w.Helper()
	_, err := w.ids.Attest(w.ctx, officer, account, identity.Attestation{Level: identity.ThreeFactor, Method: identity.ResidentID, Provider: "bank", Transaction: transaction, At: w.clock(), Minor: identity.Adult})
	w.must(err)
}

func question() admission.Question {
	return admission.Question{Account: account, Act: admission.Use, Function: "swap", Depicted: 1, Tokens: []string{"good"}}
}

// decide decides and returns why it was refused.
func (w *world) decide(n *node, q admission.Question) string {
	w.Helper()
	d, err := n.Decide(w.ctx, officer, q)
	w.must(err)
	if d.Record == "" {
		w.Error("no record")
	}
	return strings.Join(conditions(d), " ")
}

// TestUnverifiedIsRefused covers Deep Synthesis Provisions Art. 9: who is not verified publishes nothing, who is does, and
// who is to be verified anew does not.
func TestUnverifiedIsRefused(t *testing.T) {
	w := open(t)
	n := w.node()
	q := question()
	err := n.Publish(w.ctx, officer, q)
	var e *colophon.Error
	var all *admission.Denied
	if !errors.As(err, &e) || e.Kind != colophon.Refused || e.Code != admission.CodeUnverified || !slices.Contains(e.Clauses, colophon.ClauseDS9) || !errors.As(err, &all) {
		t.Fatal(err)
	}
	w.verify("t-1")
	w.must(n.Publish(w.ctx, officer, q))
	if _, err := w.ids.Recheck(w.ctx, officer, account, "risk"); err != nil {
		t.Fatal(err)
	}
	if err := n.Publish(w.ctx, officer, q); !errors.As(err, &e) || e.Code != admission.CodeRecheck {
		t.Error(err)
	}
	if len(w.observed) != 3 || w.asked["quota"] != 0 {
		t.Errorf("observed %d, counted %d", len(w.observed), w.asked["quota"])
	}
}

// TestEveryNodeWithinTwoSeconds has two nodes with warm memories. What changes in the store counts on both once each has read
// the feed, which it does every half second; a node that can't read it takes nothing from memory after two seconds.
func TestEveryNodeWithinTwoSeconds(t *testing.T) {
	w := open(t)
	w.verify("t-1")
	nodes := []*node{w.node(), w.node()}
	for _, n := range nodes {
		w.follow(n)
		for range 3 {
			if got := w.decide(n, question()); got != "" {
				t.Fatal(got)
			}
		}
	}
	if w.asked["identity"] != 2 || w.asked["register"] != 2 || w.asked["accepted"] != 2 || w.asked["texts"] != 2 || w.asked["consent"] != 6 || w.asked["prompt"] != 6 {
		t.Errorf("%v: not from memory, or what must be asked anew was not", w.asked)
	}
	if _, err := w.ids.Recheck(w.ctx, officer, account, "risk"); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		w.read(n)
		if got := w.decide(n, question()); got != "admission-recheck ?admission-age-unknown" && got != "admission-recheck" {
			t.Error(got)
		}
	}
	w.pass(time.Millisecond)
	w.verify("t-2")
	w.pass(2*time.Second + time.Millisecond) // and no node has read the feed
	before := w.asked["identity"]
	for range 2 {
		if got := w.decide(nodes[0], question()); got != "" {
			t.Error(got)
		}
	}
	if w.asked["identity"] != before+2 {
		t.Error("a stale memory was asked")
	}
	w.function.State = register.Suspended
	if _, err := w.command.Issue(w.ctx, officer, incident.Draft{Scope: incident.OnModel, Target: "m", Action: incident.Stop, Basis: incident.Own, Reason: "a change that is nobody's"}); err != nil {
		t.Fatal(err)
	}
	w.read(nodes[1])
	if got := w.decide(nodes[1], question()); got != "admission-function-not-live" {
		t.Error(got)
	}
}

// TestMemoryEndsWithTime has what depends on time alone be seen without any change: a text comes into force, a verification
// ends.
func TestMemoryEndsWithTime(t *testing.T) {
	w := open(t)
	w.verify("t-1")
	n := w.node()
	w.follow(n)
	if got := w.decide(n, question()); got != "" {
		t.Fatal(got)
	}
	w.pass(time.Minute)
	w.read(n)
	if got := w.decide(n, question()); got != "admission-agreement-owed" {
		t.Error(got)
	}
}

// TestSourcesOutOfReach has each source fail alone: nothing of high risk passes, whatever fails, and no failure is remembered.
func TestSourcesOutOfReach(t *testing.T) {
	w := open(t)
	w.verify("t-1")
	n := w.node()
	w.follow(n)
	for source, want := range map[string]string{"orders": "?admission-orders-uncertain", "identity": "?admission-identity-unknown ?admission-age-unknown", "standing": "?admission-standing-unknown",
		"accepted": "?admission-agreement-unknown", "texts": "?admission-agreement-unknown", "register": "?admission-function-unknown", "consent": "?admission-consent-unknown",
		"prompt": "?admission-prompt-unknown", "quota": "?admission-quota-unknown ?admission-quota-unknown"} {
		w.gone[source] = true
		q := question()
		if source == "register" {
			q.Class = "person"
		}
		if got := w.decide(n, q); got != want {
			t.Errorf("without %s: %q, want %q", source, got, want)
		}
		delete(w.gone, source)
		if got := w.decide(n, question()); got != "" {
			t.Errorf("%s is back: %q", source, got)
		}
		w.stir(n)
	}
	w.gone["journal"] = true
	_, err := n.Decide(w.ctx, officer, question())
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != admission.CodeUnrecorded {
		t.Errorf("a decision without a record: %v", err)
	}
}

// stir makes changes for which every node forgets what all share and what it knows of the account.
func (w *world) stir(n *node) {
	w.Helper()
	for _, d := range []incident.Draft{{Scope: incident.OnModel, Target: "m"}, {Scope: incident.OnAccount, Target: string(account)}} {
		d.Action, d.Basis, d.Reason, d.Until = incident.Quarantine, incident.Own, "a change", w.clock().Add(time.Millisecond)
		_, err := w.command.Issue(w.ctx, officer, d)
		w.must(err)
	}
	w.pass(time.Millisecond)
	w.read(n)
}

// TestConsentsAreAsked covers Deep Synthesis Provisions Art. 14 ¶2 and Personal Information Protection Law Art. 15: each
// token, by what the ledger of consents says of it.
func TestConsentsAreAsked(t *testing.T) {
	w := open(t)
	w.verify("t-1")
	n := w.node()
	refusal := func(code colophon.Code) error { return &colophon.Error{Kind: colophon.Refused, Code: code} }
	w.grants["withdrawn"], w.refusals["withdrawn"] = consent.Grant{State: consent.Withdrawn}, errors.Join(refusal(consent.CodeState), refusal(consent.CodeTokenRevoked))
	w.grants["disputed"], w.refusals["disputed"] = consent.Grant{State: consent.Disputed}, refusal(consent.CodeState)
	w.grants["elsewhere"], w.refusals["elsewhere"] = consent.Grant{State: consent.Given, Level: consent.Recorded}, errors.Join(refusal(consent.CodeScope), refusal(consent.CodePeriod))
	w.grants["claimed"] = consent.Grant{State: consent.Given, Subject: "p-2", Level: consent.Claimed}
	w.grants["halfway"], w.refusals["halfway"] = consent.Grant{State: consent.Given, Level: consent.Verified}, errors.Join(refusal(consent.CodeScope), errGone)
	w.grants["second"] = consent.Grant{State: consent.Given, Subject: "p-2", Level: consent.Verified}
	for _, c := range []struct {
		tokens string
		people int
		want   string
	}{
		{"good", 1, ""}, {"good second", 2, ""},
		{"", 1, "admission-consent-few"},
		{"none", 1, "consent-token admission-consent-few"},
		{"withdrawn", 1, "admission-consent-unavailable admission-consent-few"},
		{"disputed", 1, "admission-consent-unavailable admission-consent-few"},
		{"elsewhere", 1, "consent-scope consent-period admission-consent-few"},
		{"claimed", 1, "admission-consent-below admission-consent-few"},
		{"halfway", 1, "?admission-consent-unknown"},
		{"good withdrawn", 2, "admission-consent-unavailable admission-consent-few"},
		{"good withdrawn", 1, "admission-consent-unavailable"},
	} {
		q := question()
		q.Tokens, q.Depicted = strings.Fields(c.tokens), c.people
		if got := w.decide(n, q); got != c.want {
			t.Errorf("%s: %q, want %q", c.tokens, got, c.want)
		}
	}
	q := question()
	q.Tokens, q.Grants = nil, []consent.Grant{w.grants["good"]}
	if got := w.decide(n, q); got != "" {
		t.Errorf("spent before: %q", got)
	}
	q.Grants[0].State = consent.Withdrawn
	if got := w.decide(n, q); got != "admission-consent-unavailable admission-consent-few" {
		t.Errorf("spent before, and withdrawn since: %q", got)
	}
}

// TestNothingHidesFromOrdersAndMeasures has who asks leave out what an order or a measure is about: the register says of which
// service a function is and which models may be behind it, and a limit on a class of functions binds who names one of them.
func TestNothingHidesFromOrdersAndMeasures(t *testing.T) {
	w := open(t)
	w.verify("t-1")
	w.function.Service, w.function.Models = "studio", []register.Model{{Name: "m-1"}, {Name: "m-2"}}
	n := w.node()
	for _, d := range []incident.Draft{{Scope: incident.OnService, Target: "studio"}, {Scope: incident.OnModel, Target: "m-2"}} {
		d.Action, d.Basis, d.Reason, d.Until = incident.Stop, incident.Own, "a fault", w.clock().Add(time.Millisecond)
		_, err := w.command.Issue(w.ctx, officer, d)
		w.must(err)
		for _, model := range []string{"", "another", "m-1", "m-2"} {
			q := question()
			q.Service, q.Model = "another", model
			want := "admission-order"
			if d.Scope == incident.OnModel && model == "m-1" {
				want = ""
			}
			if got := w.decide(n, q); got != want {
				t.Errorf("%s, made with %q: %q, want %q", d.Scope, model, got, want)
			}
		}
		w.pass(time.Millisecond)
	}
	w.standing = standing.Standing{Active: []standing.Measure{{ID: "m", State: standing.Active, Step: standing.Limit, Function: "person"}}}
	if got := w.decide(n, question()); got != "admission-measure" {
		t.Errorf("a limit on the class: %q", got)
	}
}

// TestQuotas counts a use once all else allows it, and an explanation never.
func TestQuotas(t *testing.T) {
	w := open(t)
	n := w.node()
	w.decide(n, question())
	if w.asked["quota"] != 0 {
		t.Error("what was refused was counted")
	}
	w.verify("t-1")
	if d, _, err := n.Explain(w.ctx, question()); err != nil || !d.Allow || d.Record != "" || w.asked["quota"] != 0 {
		t.Errorf("%+v %v %d", d, err, w.asked["quota"])
	}
	if got := w.decide(n, question()); got != "" || w.asked["quota"] != 2 {
		t.Error(got, w.asked["quota"])
	}
	w.allow = standing.Allowance{Retry: time.Minute}
	d, err := n.Decide(w.ctx, officer, question())
	w.must(err)
	if r := d.Refusals(); len(r) != 1 || r[0].Code != admission.CodeQuota || !r[0].Until.Equal(noon.Add(time.Minute)) {
		t.Errorf("%+v", d)
	}
}

// TestRecords finds decisions by their account, decides them again from their bytes, and finds no token in them.
func TestRecords(t *testing.T) {
	w := open(t)
	n := w.node()
	q := question()
	q.Tokens = []string{"good", "clt_secret"}
	w.decide(n, q)
	w.verify("t-1")
	w.decide(n, question())
	list, next, err := admission.History(w.ctx, w.store, account, false, 0, 10)
	w.must(err)
	if len(list) != 2 || next != 0 || list[0].Verdict != colophon.Failed || list[1].Verdict != colophon.Passed || list[0].Codes[0] != admission.CodeUnverified {
		t.Fatalf("%+v", list)
	}
	for _, p := range list {
		opening, err := w.store.Payload(w.ctx, p.Record)
		w.must(err)
		r, err := admission.Replay(opening.Payload)
		if err != nil || !r.Same || r.Decision.Allow != (p.Verdict == colophon.Passed) || r.Kept.By != officer.ID {
			t.Errorf("%+v %v", r, err)
		}
		if diff := cmp.Diff(p.Kept, r.Kept); diff != "" {
			t.Error(diff)
		}
		if bytes.Contains(opening.Payload, []byte("clt_secret")) || !json.Valid(opening.Payload) {
			t.Errorf("%s", opening.Payload)
		}
	}
	if list, _, err = admission.History(w.ctx, w.store, "", true, 0, 10); err != nil || len(list) != 1 || list[0].Verdict != colophon.Failed {
		t.Errorf("%+v %v", list, err)
	}
	if list, next, err = admission.History(w.ctx, w.store, "", false, 0, 1); err != nil || len(list) != 1 || next != list[0].Sequence {
		t.Errorf("%+v %d %v", list, next, err)
	}
	held, err := w.store.Record(w.ctx, list[0].Record)
	w.must(err)
	if held.Type != admission.RecordDecided || held.Subject != account || !slices.Equal(held.Clauses, []colophon.Clause{colophon.ClauseDS9, colophon.ClausePIPL31}) {
		t.Errorf("%s of %s cites %v", held.Type, held.Subject, held.Clauses)
	}
}

// TestQuestions refuses what is out of form before anything is asked.
func TestQuestions(t *testing.T) {
	w := open(t)
	n := w.node()
	for field, change := range map[string]func(*admission.Question){
		"account":  func(q *admission.Question) { q.Account = evidence.System },
		"act":      func(q *admission.Question) { q.Act = "look" },
		"consents": func(q *admission.Question) { q.Tokens = make([]string, 17) },
		"depicted": func(q *admission.Question) { q.Depicted = -1 },
		"modality": func(q *admission.Question) { q.Modality = []string{"a\x00"} },
		"scene":    func(q *admission.Question) { q.Scene = strings.Repeat("x", 257) },
		"service":  func(q *admission.Question) { q.Service = "\n" },
	} {
		q := question()
		change(&q)
		_, err := n.Decide(w.ctx, officer, q)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind != colophon.Invalid || e.Code != admission.CodeQuestion || e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if len(w.asked) != 0 {
		t.Error(w.asked)
	}
}
