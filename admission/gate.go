package admission

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/consent/prompt"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/standing"
)

// Boards says which control orders bind this node. An *incident.Watch does.
type Boards interface{ Board() *incident.Board }

// Identities says what is known of an account. An *identity.Registrar does.
type Identities interface {
	Account(ctx context.Context, subject evidence.Subject) (identity.Account, error)
}

// Standings says what is in force against an account, and counts what it asks for. A *standing.Keeper does.
type Standings interface {
	Standing(ctx context.Context, subject evidence.Subject) (standing.Standing, error)
	Allow(ctx context.Context, key standing.QuotaKey, rate standing.Rate, burst int, high bool) (standing.Allowance, error)
}

// Texts says which texts there are, and what an account accepted. An *agreement.Keeper does.
type Texts interface {
	Published(ctx context.Context) ([]agreement.Entry, error)
	Accepted(ctx context.Context, account evidence.Subject) ([]agreement.Acceptance, error)
}

// Functions says what is registered. A *register.Register does.
type Functions interface {
	Function(ctx context.Context, id string) (register.Snapshot, error)
}

// Consents says whether a token is good for a use. A *consent.Ledger does.
type Consents interface {
	Check(ctx context.Context, token string, use consent.Use) (consent.Grant, error)
}

// Prompts says whether a user acknowledged the prompt. A *prompt.Keeper does.
type Prompts interface {
	Acknowledged(ctx context.Context, account evidence.Subject, function string) (prompt.Entry, bool, error)
}

// Journal keeps records. What each is about is a list of words under which it is found. An error that is
// [ledger.ErrForgotten] means that the data key which a record was sealed under was erased.
type Journal interface {
	Note(ctx context.Context, rec evidence.Record, about ...string) error
}

// Config says what a [Gate] works with. All fields are required but Least, Most and Observe.
type Config struct {
	Orders     Boards
	Identities Identities
	Standings  Standings
	Agreements Texts
	Functions  Functions
	Consents   Consents
	Prompts    Prompts
	Journal    Journal
	Recorder   *evidence.Recorder
	Feed       ledger.Feed
	Now        func() time.Time
	// Tick tells when to read the feed: every half second.
	Tick <-chan time.Time
	// Least is the identity level without which nothing is published; PhoneNumber where it is None.
	Least identity.Level
	// Most is how many accounts are kept in memory, in each of two generations; 0 for 65,536.
	Most int
	// Observe is told each decision, and how long it took without its record.
	Observe func(Act, Decision, time.Duration)
	Report  func(error)
}

// Gate loads what a question needs, decides, and keeps the record. It is safe for use by many goroutines.
type Gate struct {
	c         Config
	accounts  *cache[person]
	functions *cache[register.Snapshot]
	texts     *cache[[]agreement.Entry]
	looks     *flights[person]
	confirmed atomic.Pointer[time.Time] // when the feed was asked that last answered
}

// person is what is kept of an account.
type person struct {
	identity identity.Account
	standing standing.Standing
	accepted []agreement.Acceptance
	unknown  struct{ identity, standing, accepted bool }
}

// NewGate makes a Gate. Before [Gate.Follow] runs it takes nothing from memory.
func NewGate(c Config) (*Gate, error) {
	if c.Orders == nil || c.Identities == nil || c.Standings == nil || c.Agreements == nil || c.Functions == nil || c.Consents == nil || c.Prompts == nil ||
		c.Journal == nil || c.Recorder == nil || c.Feed == nil || c.Now == nil || c.Tick == nil || c.Report == nil {
		return nil, errors.New("admission: a required part of the configuration is missing")
	}
	if c.Least == identity.None {
		c.Least = identity.PhoneNumber
	}
	if c.Most <= 0 {
		c.Most = 1 << 16
	}
	if c.Observe == nil {
		c.Observe = func(Act, Decision, time.Duration) {}
	}
	return &Gate{c: c, accounts: newCache[person](c.Most), functions: newCache[register.Snapshot](c.Most), texts: newCache[[]agreement.Entry](1), looks: newFlights[person]()}, nil
}

// Limits of a question.
const (
	maxWord   = 256
	maxTokens = 16
)

// check returns the first field of a question that is out of form.
func (q Question) check() string {
	switch {
	case q.Account == "" || q.Account == evidence.System:
		return "account"
	case q.Act != Use && q.Act != Publish && q.Act != Register:
		return "act"
	case len(q.Tokens) > maxTokens || len(q.Grants) > maxTokens:
		return "consents"
	case q.Depicted < 0 || q.Depicted > maxTokens:
		return "depicted"
	case len(q.Modality) > len(consent.Modalities()):
		return "modality"
	}
	words := []string{q.Service, q.Function, q.Class, q.Model, q.Template, q.Content, q.Purpose, q.Scene, q.Channel}
	for i, w := range append(words, q.Modality...) {
		if len(w) > maxWord || strings.ContainsFunc(w, unicode.IsControl) {
			return [...]string{"service", "function", "class", "model", "template", "content", "purpose", "scene", "channel", "modality"}[min(i, len(words))]
		}
	}
	return ""
}

// Decide answers a question and keeps the record of the answer. An error means that there is no answer, so that nothing may
// happen: the record could not be kept, or the question is out of form. Uses count against quotas where all else allows them.
func (g *Gate) Decide(ctx context.Context, by ledger.By, q Question) (Decision, error) {
	begun := g.c.Now()
	v, quotas, d, err := g.judge(ctx, &q)
	if err != nil {
		return Decision{}, err
	}
	if d.Allow && q.Act == Use && len(quotas) > 0 {
		v.Quotas = g.count(ctx, q, quotas, d.High)
		d = Decide(v, q)
	}
	took := g.c.Now().Sub(begun)
	if d.Record, err = g.note(ctx, by, v, q, d); err != nil {
		return Decision{}, &colophon.Error{Kind: colophon.Internal, Code: CodeUnrecorded, Err: err}
	}
	g.c.Observe(q.Act, d, took)
	return d, nil
}

// Admit is nil where a question was answered with yes, and otherwise an error of kind Refused that names the first reason
// with its clauses. Behind it stands a [*Denied] with all of them.
func (g *Gate) Admit(ctx context.Context, by ledger.By, q Question) error {
	d, err := g.Decide(ctx, by, q)
	if err != nil {
		return err
	}
	return d.Err()
}

// Publish is [Gate.Admit] for the publishing of what was made.
func (g *Gate) Publish(ctx context.Context, by ledger.By, q Question) error {
	q.Act = Publish
	return g.Admit(ctx, by, q)
}

// Explain answers a question as it would be answered now. Nothing is recorded and no quota is counted, so the answer says
// nothing of quotas.
func (g *Gate) Explain(ctx context.Context, q Question) (Decision, View, error) {
	v, _, d, err := g.judge(ctx, &q)
	return d, v, err
}

// judge loads the view and decides. Nobody is refused from memory: what it holds may be over since a moment ago, as for
// somebody who was just verified, so it is asked for anew first.
func (g *Gate) judge(ctx context.Context, q *Question) (v View, quotas []register.Quota, d Decision, err error) {
	for range 2 {
		if v, quotas, err = g.load(ctx, q); err != nil {
			return v, nil, d, err
		}
		if d = Decide(v, *q); d.Allow {
			break
		}
		g.accounts.drop(string(q.Account))
		if q.Function != "" {
			g.functions.drop(q.Function)
		}
		g.texts.drop("")
	}
	return v, quotas, d, nil
}

// load sets the time of a question and makes the view of it, and says by which quotas its use is to be counted.
func (g *Gate) load(ctx context.Context, asked *Question) (View, []register.Quota, error) {
	if field := asked.check(); field != "" {
		return View{}, nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeQuestion, Args: colophon.Args{"field": field}}
	}
	asked.At = g.c.Now().UTC().Truncate(time.Millisecond) // as the store keeps times
	var v View
	var quotas []register.Quota
	q := *asked
	v.Function, quotas = g.function(ctx, q.Function)
	who := g.person(ctx, q.Account)
	board, now := g.c.Orders.Board(), g.c.Now()
	v.Orders.Standing = board.Standing(now)
	for _, e := range board.Blocks(q.target(v.Function), now) {
		v.Orders.Blocking = append(v.Orders.Blocking, Order{e.ID, e.Value.Scope, e.Value.Action, e.Value.Clauses(), e.Value.Until})
	}
	v.Identity = Identity{Known: !who.unknown.identity, Level: who.identity.Level, Until: who.identity.Until, Minor: who.identity.Minor, Recheck: who.identity.Recheck, Least: g.c.Least}
	v.Standing.Known = !who.unknown.standing
	for _, word := range []string{q.Function, v.Function.Class, q.Class} { // who names no function is limited by its class
		for _, m := range who.standing.Blocks(standing.Act(q.Act), word, q.At) {
			if !slices.ContainsFunc(v.Standing.Blocking, func(b Measure) bool { return b.ID == m.ID }) {
				v.Standing.Blocking = append(v.Standing.Blocking, Measure{m.ID, string(m.Step), m.Ground.Clauses, m.Until})
			}
		}
	}
	texts, err := g.published(ctx)
	v.Agreements.Known = err == nil && !who.unknown.accepted
	if v.Agreements.Known {
		for _, kind := range agreement.Owed(texts, who.accepted, agreement.Users) {
			v.Agreements.Owed = append(v.Agreements.Owed, string(kind))
		}
	}
	if q.Act != Register {
		g.people(ctx, q, &v)
	}
	return v, quotas, nil
}

// target is what orders may be about.
func (q Question) target(f Function) incident.Target {
	t := incident.Target{Act: q.Act, Service: cmp.Or(f.Service, q.Service), Function: q.Function, Model: q.Model, Template: q.Template, Account: q.Account, Content: q.Content, Biometric: Biometric(f, q.Act, q.Class)}
	if !slices.Contains(f.Models, q.Model) {
		t.Models = f.Models
	}
	return t
}

// reported hands an error on, unless it is the asker who went away.
func (g *Gate) reported(ctx context.Context, err error) bool {
	if err != nil && ctx.Err() == nil {
		g.c.Report(err)
	}
	return err != nil
}

// person is what is known of an account, from memory where that is fresh.
func (g *Gate) person(ctx context.Context, subject evidence.Subject) person {
	now := g.c.Now()
	fresh := g.fresh(now)
	p, stamp, ok := g.accounts.find(string(subject), now)
	if ok && fresh {
		return p
	}
	// Whoever asks may go away while others wait for the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	return g.looks.look(string(subject), func() person { return g.look(ctx, subject, now, fresh, stamp) })
}

// lookTime bounds one look at an account.
const lookTime = 10 * time.Second

// look asks the sources about an account.
func (g *Gate) look(ctx context.Context, subject evidence.Subject, now time.Time, fresh bool, stamp uint64) (p person) {
	var errs [3]error
	var all sync.WaitGroup
	all.Go(func() { p.identity, errs[0] = g.c.Identities.Account(ctx, subject) })
	all.Go(func() { p.standing, errs[1] = g.c.Standings.Standing(ctx, subject) })
	all.Go(func() { p.accepted, errs[2] = g.c.Agreements.Accepted(ctx, subject) })
	all.Wait()
	p.unknown.identity, p.unknown.standing, p.unknown.accepted = g.reported(ctx, errs[0]), g.reported(ctx, errs[1]), g.reported(ctx, errs[2])
	if fresh && errs == [3]error{} {
		g.accounts.put(string(subject), p, sooner(now.Add(oldest), p.identity.Until), stamp)
	}
	return p
}

// sooner is the earlier of two times, the second of which may be none.
func sooner(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// published are the texts in force.
func (g *Gate) published(ctx context.Context) ([]agreement.Entry, error) {
	const key = "published"
	now := g.c.Now()
	fresh := g.fresh(now)
	list, stamp, ok := g.texts.find(key, now)
	if ok && fresh {
		return list, nil
	}
	all, err := g.c.Agreements.Published(ctx)
	if g.reported(ctx, err) {
		return nil, err
	}
	until := now.Add(oldest)
	for _, e := range all {
		if e.Value.Effective.After(now) {
			until = sooner(until, e.Value.Effective)
		}
	}
	list = agreement.InForce(all, now)
	if fresh {
		g.texts.put(key, list, until, stamp)
	}
	return list, nil
}

// function is what the register says of a function.
func (g *Gate) function(ctx context.Context, id string) (Function, []register.Quota) {
	if id == "" {
		return Function{}, nil
	}
	now := g.c.Now()
	fresh := g.fresh(now)
	s, stamp, ok := g.functions.find(id, now)
	if !ok || !fresh {
		var err error
		if s, err = g.c.Functions.Function(ctx, id); missing(err) {
			return Function{Known: true}, nil
		}
		if g.reported(ctx, err) {
			return Function{}, nil
		}
		if fresh && !slices.ContainsFunc(s.Conditions, func(c register.Condition) bool { return c.Verdict == colophon.Unknown }) {
			g.functions.put(id, s, sooner(now.Add(oldest), s.Until), stamp)
		}
	}
	f := Function{Known: true, Registered: true, State: string(s.State), Service: s.Service, Class: s.Class, Likeness: s.Likeness, Identity: s.Identity, Consent: s.Consent, Risk: s.Risk}
	for _, m := range s.Models {
		f.Models = append(f.Models, m.Name)
	}
	for _, c := range s.Conditions {
		if !c.Met() {
			f.Unmet = append(f.Unmet, Requirement{c.Name, c.Verdict == colophon.Failed, c.Code, c.Args, c.Clause})
		}
	}
	return f, s.Quotas
}

func missing(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind == colophon.Missing
}
