package incident_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

var (
	first  = ledger.By{Role: "officer", ID: "staff-1"}
	second = ledger.By{Role: "engineer", ID: "staff-2"}
)

// bench is a command over a real store.
type bench struct {
	*testing.T
	ctx     context.Context
	clock   *storetest.Clock
	store   *store.Store
	command *incident.Command
}

func open(t *testing.T) *bench {
	t.Helper()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "k1"), clock.Now
	s := storetest.Open(t, config)
	r := storetest.Recorder(t, config.Keys, clock.Now)
	return &bench{t, t.Context(), clock, s, incident.NewCommand(ledgers.Of[incident.Order](s, incident.OrderLedger), ledgers.Of[incident.Ack](s, incident.AckLedger), r)}
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) pass(d time.Duration) { b.clock.Set(b.clock.Now().Add(d)) }

func want(t *testing.T, err error, kind colophon.Kind, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Errorf("%v, want %v %s", err, kind, code)
	}
}

func draft() incident.Draft {
	return incident.Draft{Scope: incident.OnFunction, Target: "swap", Action: incident.Stop, Basis: incident.Authority, Reference: "notice 12", Reason: "by order"}
}

// types lists the records about an order, oldest first.
func (b *bench) types(id string) (list []evidence.Type) {
	b.Helper()
	records, err := b.store.RecordsAbout(b.ctx, id, 0, 100)
	b.must(err)
	for _, r := range records {
		list = append(list, r.Type)
		if slices.Contains([]evidence.Type{incident.RecordIssued, incident.RecordReleased}, r.Type) && !slices.Contains(r.Clauses, colophon.ClauseDS21) {
			b.Errorf("%s cites %v", r.Type, r.Clauses)
		}
	}
	return list
}

// TestEveryStateAndEvent tries each event in each state: what the table has leads there and leaves a record, and nothing else
// changes anything.
func TestEveryStateAndEvent(t *testing.T) {
	ack := func(b *bench, id string) error {
		return b.command.Acknowledge(b.ctx, incident.Ack{Order: id, Node: "n1", Received: b.clock.Now(), Effective: b.clock.Now()})
	}
	propose := func(b *bench, id string) error { _, err := b.command.Propose(b.ctx, first, id, "over"); return err }
	confirm := func(b *bench, id string) error { _, err := b.command.Confirm(b.ctx, second, id, "over"); return err }
	keep := func(b *bench, id string) error { _, err := b.command.Keep(b.ctx, second, id, "not over"); return err }
	expire := func(b *bench, id string) error { b.pass(time.Hour); return b.command.Expire(b.ctx) }
	begin := map[incident.State][]func(*bench, string) error{
		incident.Issued: nil, incident.InForce: {ack}, incident.Proposed: {ack, propose}, incident.Released: {propose, confirm}, incident.Expired: {expire},
	}
	events := []struct {
		name  string
		do    func(*bench, string) error
		to    map[incident.State]incident.State
		quiet bool // where the table has nothing, it changes nothing and is no error
	}{
		{"acknowledge", ack, map[incident.State]incident.State{incident.Issued: incident.InForce}, true},
		{"propose", propose, map[incident.State]incident.State{incident.Issued: incident.Proposed, incident.InForce: incident.Proposed}, false},
		{"confirm", confirm, map[incident.State]incident.State{incident.Proposed: incident.Released}, false},
		{"keep", keep, map[incident.State]incident.State{incident.Proposed: incident.InForce}, false},
		{"expire", expire, map[incident.State]incident.State{incident.Issued: incident.Expired, incident.InForce: incident.Expired, incident.Proposed: incident.Expired}, true},
	}
	for _, state := range incident.States() {
		for _, event := range events {
			t.Run(string(state)+" "+event.name, func(t *testing.T) {
				b := open(t)
				d := draft()
				d.Until = b.clock.Now().Add(30 * time.Minute)
				e, err := b.command.Issue(b.ctx, first, d)
				b.must(err)
				for _, do := range begin[state] {
					b.must(do(b, e.ID))
				}
				before := b.types(e.ID)
				err = event.do(b, e.ID)
				after, ok := event.to[state]
				if !ok {
					after = state
				}
				if ok || event.quiet {
					b.must(err)
				} else {
					want(t, err, colophon.Conflict, incident.CodeState)
				}
				if e, err = b.command.Order(b.ctx, e.ID); err != nil || e.State != string(after) {
					t.Errorf("%s, %v, want %s", e.State, err, after)
				}
				if changed := len(b.types(e.ID)) > len(before); changed != (after != state) {
					t.Errorf("a record: %v; %v", changed, b.types(e.ID))
				}
				inForce, err := b.command.InForce(b.ctx)
				b.must(err)
				if (len(inForce) == 1) != after.Binds() {
					t.Errorf("%d orders bind in %s", len(inForce), after)
				}
				if after != state && !state.May(after) {
					t.Errorf("the table has no step from %s to %s", state, after)
				}
			})
		}
	}
}

// TestReleaseNeedsTwo covers Deep Synthesis Provisions Art. 21: an order does not end by one person, by a program, or by
// whoever proposed it, and a proposal can be turned down.
func TestReleaseNeedsTwo(t *testing.T) {
	b := open(t)
	e, err := b.command.Issue(b.ctx, first, draft())
	b.must(err)
	for _, by := range []ledger.By{{Role: "system"}, {Role: "application", ID: "key-1"}, {Role: "officer"}} {
		_, err = b.command.Propose(b.ctx, by, e.ID, "over")
		want(t, err, colophon.Refused, incident.CodePerson)
		_, err = b.command.Confirm(b.ctx, by, e.ID, "over")
		want(t, err, colophon.Refused, incident.CodePerson)
		_, err = b.command.Keep(b.ctx, by, e.ID, "over")
		want(t, err, colophon.Refused, incident.CodePerson)
	}
	_, err = b.command.Propose(b.ctx, second, e.ID, "over")
	b.must(err)
	_, err = b.command.Confirm(b.ctx, second, e.ID, "over")
	want(t, err, colophon.Refused, incident.CodeSame)
	_, err = b.command.Keep(b.ctx, first, e.ID, "not yet")
	b.must(err)
	_, err = b.command.Confirm(b.ctx, first, e.ID, "over")
	want(t, err, colophon.Conflict, incident.CodeState)
	_, err = b.command.Propose(b.ctx, first, e.ID, "over")
	b.must(err)
	e, err = b.command.Confirm(b.ctx, second, e.ID, "over")
	b.must(err)
	if o := e.Value; o.Issuer != first.ID || o.Proposer != first.ID || o.Confirmer != second.ID || e.State != string(incident.Released) {
		t.Errorf("%+v", e)
	}
	_, err = b.command.Propose(b.ctx, first, "01900000-0000-7000-8000-000000000000", "over")
	want(t, err, colophon.Missing, incident.CodeMissing)
}

// TestDrafts has each field of a draft out of form once.
func TestDrafts(t *testing.T) {
	b := open(t)
	for _, c := range []struct {
		field  string
		change func(*incident.Draft)
	}{
		{"scope", func(d *incident.Draft) { d.Scope = "region" }},
		{"scope", func(d *incident.Draft) { d.Scope, d.Action = incident.OnContent, incident.Limit }},
		{"scope", func(d *incident.Draft) { d.Scope, d.Target, d.Action = incident.OnPublish, "", incident.Quarantine }},
		{"action", func(d *incident.Draft) { d.Action = "" }},
		{"target", func(d *incident.Draft) { d.Target = "" }},
		{"target", func(d *incident.Draft) { d.Target = "a\nb" }},
		{"target", func(d *incident.Draft) { d.Scope = incident.OnEverything }},
		{"basis", func(d *incident.Draft) { d.Basis = "" }},
		{"reference", func(d *incident.Draft) { d.Reference = "" }},
		{"reference", func(d *incident.Draft) { d.Reference = strings.Repeat("x", 257) }},
		{"until", func(d *incident.Draft) { d.Until = b.clock.Now() }},
		{"reason", func(d *incident.Draft) { d.Reason = "" }},
	} {
		d := draft()
		c.change(&d)
		_, err := b.command.Issue(b.ctx, first, d)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != incident.CodeInvalid || e.Args["field"] != c.field {
			t.Errorf("%+v: %v, want %s", d, err, c.field)
		}
	}
	for _, basis := range []incident.Basis{incident.Own, incident.Incident, incident.Court} {
		d := draft()
		d.Basis = basis
		_, err := b.command.Issue(b.ctx, first, d)
		b.must(err)
	}
}

func entry(id string, o incident.Order) incident.Entry {
	return incident.Entry{ID: id, State: string(incident.InForce), Value: o}
}

// TestWhatOrdersForbid has an order of each scope and action beside each act.
func TestWhatOrdersForbid(t *testing.T) {
	at := storetest.NewClock().Now()
	target := incident.Target{Service: "s", Function: "f", Model: "m", Template: "t", Account: "a", Content: "c"}
	both, all := []incident.Act{incident.Use, incident.Publish, incident.Register}, map[incident.Scope]string{incident.OnService: "s", incident.OnFunction: "f", incident.OnModel: "m", incident.OnTemplate: "t",
		incident.OnAccount: "a", incident.OnContent: "c", incident.OnEverything: ""}
	forbids := map[incident.Action][]incident.Act{incident.Stop: both, incident.Limit: {incident.Use, incident.Register}, incident.Quarantine: {incident.Publish}}
	for scope, name := range all {
		for action, acts := range forbids {
			board := incident.NewBoard([]incident.Entry{entry("o", incident.Order{Scope: scope, Target: name, Action: action})}, at, time.Minute)
			for _, act := range both {
				target.Act = act
				if got := len(board.Blocks(target, at)) == 1; got != slices.Contains(acts, act) {
					t.Errorf("%s %s forbids %s: %v", action, scope, act, got)
				}
			}
			if name != "" && board.Blocks(incident.Target{Act: incident.Publish}, at) != nil {
				t.Errorf("%s %s forbids what it is not about", action, scope)
			}
		}
	}
	for scope, act := range map[incident.Scope]incident.Act{incident.OnPublish: incident.Publish, incident.OnRegistration: incident.Register} {
		board := incident.NewBoard([]incident.Entry{entry("o", incident.Order{Scope: scope, Action: incident.Stop})}, at, time.Minute)
		for _, other := range both {
			if got := board.Blocks(incident.Target{Act: other}, at) != nil; got != (other == act) {
				t.Errorf("%s forbids %s: %v", scope, other, got)
			}
		}
	}
	ends := incident.NewBoard([]incident.Entry{entry("o", incident.Order{Scope: incident.OnEverything, Action: incident.Stop, Until: at.Add(time.Second)})}, at, time.Minute)
	if ends.Blocks(incident.Target{Act: incident.Use}, at) == nil || ends.Blocks(incident.Target{Act: incident.Use}, at.Add(time.Second)) != nil {
		t.Error("an order does not end when its own end comes")
	}
}

// node is a watch on one node, and what drives it.
type node struct {
	*incident.Watch
	tick    chan time.Time
	reports chan error
}

// orders passes on to a command what a watch asks, unless the store is out of reach.
type orders struct {
	incident.Orders
	mu   sync.Mutex
	gone bool
}

func (o *orders) lose(gone bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gone = gone
}

func (o *orders) InForce(ctx context.Context) ([]incident.Entry, error) {
	o.mu.Lock()
	gone := o.gone
	o.mu.Unlock()
	if gone {
		return nil, errors.New("no answer")
	}
	return o.Orders.InForce(ctx)
}

func (b *bench) node(name string, from incident.Orders, now func() time.Time) *node {
	b.Helper()
	n := &node{tick: make(chan time.Time), reports: make(chan error, 64)}
	var err error
	n.Watch, err = incident.NewWatch(incident.WatchConfig{Orders: from, Node: name, Now: now, Tick: n.tick, Bound: time.Minute, Report: func(err error) {
		select {
		case n.reports <- err:
		default:
		}
	}})
	b.must(err)
	ctx, stop := context.WithCancel(b.ctx)
	done := make(chan struct{})
	go func() { defer close(done); n.Run(ctx) }()
	b.Cleanup(func() { stop(); <-done })
	return n
}

// until ticks until something is so.
func (b *bench) until(n *node, what string, is func() bool) {
	b.Helper()
	deadline := time.After(20 * time.Second)
	for !is() {
		select {
		case n.tick <- b.clock.Now():
		case <-deadline:
			b.Fatal("in vain waited until ", what)
		}
	}
}

// TestOrderStopsEveryNode covers Deep Synthesis Provisions Art. 21 ¶2: two nodes on one store. Work runs on both; an order
// ends it on both, each says so once, and nothing leaves after the moment that it names. When two people ended the order
// the function works again.
func TestOrderStopsEveryNode(t *testing.T) {
	b := open(t)
	face := incident.Target{Act: incident.Use, Function: "swap", Biometric: true}
	leaves := face
	leaves.Act = incident.Publish
	nodes := []*node{b.node("n1", b.command, b.clock.Now), b.node("n2", b.command, b.clock.Now)}
	var work []context.Context
	for _, n := range nodes {
		if _, _, err := n.Bind(b.ctx, face); err == nil {
			t.Log("the store was read already") // either is right before the first answer
		}
		b.until(n, "the first answer", func() bool { return n.Board().Standing(b.clock.Now()) == incident.Fresh })
		ctx, release, err := n.Bind(b.ctx, face)
		b.must(err)
		defer release()
		work = append(work, ctx)
		b.must(n.Output(leaves))
	}
	last := b.clock.Now()
	b.pass(300 * time.Millisecond)
	e, err := b.command.Issue(b.ctx, first, draft())
	b.must(err)
	b.pass(500 * time.Millisecond)
	for i, n := range nodes {
		b.until(n, "the work ends", func() bool { return work[i].Err() != nil })
		want(t, context.Cause(work[i]), colophon.Refused, incident.CodeInForce)
		_, _, err := n.Bind(b.ctx, face)
		want(t, err, colophon.Refused, incident.CodeInForce)
		want(t, n.Output(leaves), colophon.Refused, incident.CodeInForce)
		other := leaves
		other.Function = "paint"
		b.must(n.Output(other))
	}
	var acks []incident.Ack
	b.until(nodes[0], "both nodes said so", func() bool {
		acks, err = b.command.Acks(b.ctx, e.ID)
		b.must(err)
		return len(acks) == 2
	})
	for _, a := range acks {
		if took := a.Effective.Sub(e.Made); took < 0 || took > 2*time.Second || a.LastOutput != last || a.Effective.Before(a.LastOutput) || a.Received.After(a.Effective) {
			t.Errorf("%+v of an order of %v", a, e.Made)
		}
	}
	if acks[0].Node == acks[1].Node {
		t.Errorf("%+v", acks)
	}
	b.must(b.command.Acknowledge(b.ctx, acks[0]))
	if again, err := b.command.Acks(b.ctx, e.ID); err != nil || len(again) != 2 {
		t.Errorf("a node said it twice: %+v %v", again, err)
	}
	if e, err = b.command.Order(b.ctx, e.ID); err != nil || e.State != string(incident.InForce) {
		t.Errorf("%+v %v", e, err)
	}
	_, err = b.command.Propose(b.ctx, first, e.ID, "over")
	b.must(err)
	b.until(nodes[0], "another answer", func() bool { return nodes[0].Board().Confirmed == b.clock.Now() })
	want(t, nodes[0].Output(leaves), colophon.Refused, incident.CodeInForce)
	_, err = b.command.Confirm(b.ctx, second, e.ID, "over")
	b.must(err)
	b.until(nodes[0], "the order ends", func() bool { return nodes[0].Output(leaves) == nil })
}

// TestDrill goes the way of an order in earnest with a test account, which it stops, and nobody else.
func TestDrill(t *testing.T) {
	b := open(t)
	n := b.node("n1", b.command, b.clock.Now)
	e, err := b.command.Drill(b.ctx, first, "01900000-0000-7000-8000-00000000000a", time.Time{}, "drill of the month")
	b.must(err)
	if !e.Value.Drill || e.Value.Scope != incident.OnAccount || !e.Value.Until.Equal(b.clock.Now().Add(time.Hour)) || e.Subject != "01900000-0000-7000-8000-00000000000a" {
		t.Fatalf("%+v", e)
	}
	b.until(n, "the drill is in force", func() bool {
		e, err = b.command.Order(b.ctx, e.ID)
		b.must(err)
		return e.State == string(incident.InForce)
	})
	want(t, n.Output(incident.Target{Act: incident.Publish, Account: e.Subject}), colophon.Refused, incident.CodeInForce)
	b.must(n.Output(incident.Target{Act: incident.Publish, Account: "somebody"}))
	_, err = b.command.Propose(b.ctx, first, e.ID, "done")
	b.must(err)
	_, err = b.command.Confirm(b.ctx, first, e.ID, "done")
	want(t, err, colophon.Refused, incident.CodeSame)
	_, err = b.command.Confirm(b.ctx, second, e.ID, "done")
	b.must(err)
	acks, err := b.command.Acks(b.ctx, e.ID)
	b.must(err)
	if len(acks) != 1 || !acks[0].LastOutput.IsZero() {
		t.Errorf("%+v", acks)
	}
}

// TestStoreOutOfReach has the store give no answers: faces and voices stop after two seconds, running work on them too, and
// say why; the rest goes on up to the bound.
func TestStoreOutOfReach(t *testing.T) {
	b := open(t)
	from := &orders{Orders: b.command}
	n := b.node("n1", from, b.clock.Now)
	voice, text := incident.Target{Act: incident.Use, Function: "voice", Biometric: true}, incident.Target{Act: incident.Use, Function: "text"}
	b.until(n, "the first answer", func() bool { return n.Board().Standing(b.clock.Now()) == incident.Fresh })
	heard, done, err := n.Bind(b.ctx, voice)
	b.must(err)
	defer done()
	read, done, err := n.Bind(b.ctx, text)
	b.must(err)
	defer done()
	from.lose(true)
	b.pass(2 * time.Second)
	b.until(n, "the store does not answer", func() bool { return len(n.reports) > 0 })
	if heard.Err() != nil {
		t.Fatal(context.Cause(heard))
	}
	b.pass(time.Millisecond)
	b.until(n, "the voice stops", func() bool { return heard.Err() != nil })
	want(t, context.Cause(heard), colophon.Refused, incident.CodeStale)
	_, _, err = n.Bind(b.ctx, voice)
	want(t, err, colophon.Refused, incident.CodeStale)
	want(t, n.Output(voice), colophon.Refused, incident.CodeStale)
	b.must(n.Output(text))
	b.pass(57 * time.Second)
	n.tick <- b.clock.Now()
	n.tick <- b.clock.Now() // taken after what the first one brought
	if read.Err() != nil {
		t.Error(context.Cause(read))
	}
	b.pass(time.Second)
	b.until(n, "everything stops", func() bool { return read.Err() != nil })
	want(t, context.Cause(read), colophon.Refused, incident.CodeUncertain)
	want(t, n.Output(text), colophon.Refused, incident.CodeUncertain)
	from.lose(false)
	b.until(n, "the store answers", func() bool { return n.Output(voice) == nil })
	if never := (&incident.Board{}).Standing(b.clock.Now()); never != incident.Uncertain {
		t.Errorf("a board that was never confirmed is %s", never)
	}
}

// TestLimitLetsWorkEnd has a limit begin nothing new, end nothing, and let out what was made; a quarantine does the opposite.
func TestLimitLetsWorkEnd(t *testing.T) {
	b := open(t)
	n := b.node("n1", b.command, b.clock.Now)
	use := incident.Target{Act: incident.Use, Function: "swap"}
	leaves := use
	leaves.Act = incident.Publish
	b.until(n, "the first answer", func() bool { return n.Board().Standing(b.clock.Now()) == incident.Fresh })
	work, done, err := n.Bind(b.ctx, use)
	b.must(err)
	defer done()
	d := draft()
	d.Action = incident.Limit
	limit, err := b.command.Issue(b.ctx, first, d)
	b.must(err)
	b.until(n, "the limit is read", func() bool {
		_, done, err := n.Bind(b.ctx, use)
		if err == nil {
			done()
		}
		return err != nil
	})
	b.must(n.Output(leaves))
	_, err = b.command.Propose(b.ctx, first, limit.ID, "over")
	b.must(err)
	_, err = b.command.Confirm(b.ctx, second, limit.ID, "over")
	b.must(err)
	d.Action = incident.Quarantine
	_, err = b.command.Issue(b.ctx, first, d)
	b.must(err)
	b.until(n, "the quarantine is read", func() bool { return n.Output(leaves) != nil })
	b.until(n, "the limit ends", func() bool {
		_, done, err := n.Bind(b.ctx, use)
		if err == nil {
			done()
		}
		return err == nil
	})
	if work.Err() != nil {
		t.Error(context.Cause(work))
	}
}

// TestNothingLeavesAfterTheOrder has many goroutines hand things out while an order comes: of none is the time later than
// that from which the order is effective.
func TestNothingLeavesAfterTheOrder(t *testing.T) {
	b := open(t)
	n := b.node("n1", b.command, time.Now)
	leaves := incident.Target{Act: incident.Publish, Function: "swap"}
	b.until(n, "the first answer", func() bool { return n.Output(leaves) == nil })
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for n.Output(leaves) == nil { //nolint:revive // until the order comes
			}
		})
	}
	e, err := b.command.Issue(b.ctx, first, draft())
	b.must(err)
	b.until(n, "the order is in force", func() bool {
		e, err = b.command.Order(b.ctx, e.ID)
		b.must(err)
		return e.State == string(incident.InForce)
	})
	all.Wait()
	acks, err := b.command.Acks(b.ctx, e.ID)
	b.must(err)
	last := n.LastOutput(incident.OnFunction, "swap")
	if len(acks) != 1 || last.After(acks[0].Effective) || !acks[0].LastOutput.Equal(last) {
		t.Errorf("%+v, and the last output was at %v", acks, last)
	}
}

// TestOverrule ends orders that decisions gave, by somebody else alone, and no other orders.
func TestOverrule(t *testing.T) {
	b := open(t)
	d := incident.Draft{Scope: incident.OnContent, Target: "n-1", Action: incident.Stop, Basis: incident.Authority, Reference: "notice 12", Reason: "case", Origin: "case-1-0"}
	one, err := b.command.Issue(b.ctx, first, d)
	b.must(err)
	if again, err := b.command.Issue(b.ctx, second, d); err != nil || again.ID != one.ID || again.Value.Issuer != first.ID {
		t.Errorf("a second order for the same: %+v %v", again, err)
	}
	if found, err := b.command.Of(b.ctx, d.Origin); err != nil || found.ID != one.ID {
		t.Errorf("%+v %v", found, err)
	}
	_, err = b.command.Of(b.ctx, "none")
	want(t, err, colophon.Missing, incident.CodeMissing)
	_, err = b.command.Overrule(b.ctx, first, one.ID, "appeal")
	want(t, err, colophon.Refused, incident.CodeSame)
	_, err = b.command.Overrule(b.ctx, ledger.By{Role: "system"}, one.ID, "appeal")
	want(t, err, colophon.Refused, incident.CodePerson)
	_, err = b.command.Propose(b.ctx, second, one.ID, "over")
	b.must(err)
	for range 2 {
		if e, err := b.command.Overrule(b.ctx, second, one.ID, "appeal"); err != nil || e.State != string(incident.Released) || e.Value.Confirmer != second.ID {
			t.Errorf("%+v %v", e, err)
		}
	}
	other, err := b.command.Issue(b.ctx, first, draft())
	b.must(err)
	_, err = b.command.Overrule(b.ctx, second, other.ID, "appeal")
	want(t, err, colophon.Refused, incident.CodeSame)
	if types := b.types(one.ID); len(types) != 3 || types[2] != incident.RecordReleased {
		t.Error(types)
	}
}
