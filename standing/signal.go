package standing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Types of records about signals.
const (
	RecordSignal  evidence.Type = "standing.signal"
	RecordSettled evidence.Type = "standing.signal-settled"
)

// Tallies keeps the counters and the buckets of all nodes.
type Tallies interface {
	// Count makes changes in one transaction and then answers questions, in their order.
	Count(ctx context.Context, at time.Time, changes []Change, questions []Question) ([]int64, error)
	// Take is Taking.Next over the stored bucket, which it changes in the same step.
	Take(ctx context.Context, t Taking) (full time.Time, ok bool, err error)
	// Sweep removes what was not changed since a time, and buckets that are empty again at another one.
	Sweep(ctx context.Context, unchanged, empty time.Time) error
}

// Change is one thing that is counted.
type Change struct {
	Owner   evidence.Subject
	Counter string
	Bucket  time.Time // the portion that is counted in; zero with Member
	Member  string    // counted once
	Reset   bool      // all members go
}

// Question asks for a number.
type Question struct {
	Owner   evidence.Subject
	Counter string
	Since   time.Time // portions that begin then or later; members that were seen later
	Members bool
}

// Event is something that an account did, or that became of it.
type Event struct {
	Kind     Kind
	Subject  evidence.Subject
	Function string
	High     bool               // the function is one of high risk
	Category string             // of what was found
	ID       string             // of the judgement, the content number or the verification: it is counted once
	Faces    []evidence.Subject // pseudonyms of those whose face or voice is shown
	Targets  []string           // identifiers of protected persons that are depicted or named
}

// SignalState is how far a signal is.
type SignalState string

// The states of a signal.
const (
	Open SignalState = "open" // what follows from it is still to be done
	Done SignalState = "done"
)

// Signal says that a rule fired.
type Signal struct {
	ID       string            `json:"-"`
	Subject  evidence.Subject  `json:"-"`
	State    SignalState       `json:"-"`
	Made     time.Time         `json:"-"`
	Rule     string            `json:"rule"`
	Version  string            `json:"version"` // of the table
	Kind     Kind              `json:"kind"`
	Function string            `json:"function,omitempty"`
	Category string            `json:"category,omitempty"`
	Finding  string            `json:"finding,omitempty"` // identifier of what happened last
	Counts   map[string]int64  `json:"counts,omitempty"`  // what the condition saw
	Clauses  []colophon.Clause `json:"clauses"`
	Fact     colophon.Code     `json:"fact"`
	Do       Consequence       `json:"do"`
	Item     string            `json:"item,omitempty"` // what followed
	Measure  string            `json:"measure,omitempty"`
}

// retry is after which what follows from a signal is tried again.
const retry = time.Minute

// zone is the time of China, by which it is night.
var zone = time.FixedZone("CST", 8*60*60)

// Violated notes that something of an account was refused, and returns what followed: a measure when it was refused too often.
func (k *Keeper) Violated(ctx context.Context, subject evidence.Subject, function, category, finding string) ([]Signal, error) {
	return k.Note(ctx, Event{Kind: Refused, Subject: subject, Function: function, Category: category, ID: finding})
}

// Note counts an event and does what the rules say. Events about nobody are not counted. It returns the signals that the
// event gave. An error beside signals says that something is still to follow; [Keeper.Settle] tries it again.
func (k *Keeper) Note(ctx context.Context, e Event) ([]Signal, error) {
	if e.Subject == "" || e.Subject == evidence.System {
		return nil, nil
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	r, now := k.rules.Load(), k.Now()
	facts, err := k.count(ctx, r, e, now)
	if err != nil || facts == nil {
		return nil, err
	}
	var signals []Signal
	var failed []error
	for i, rule := range r.table.Rules {
		if !slices.Contains(rule.On, e.Kind) {
			continue
		}
		fires, err := r.fires(i, facts)
		if err == nil && fires {
			var s *Signal
			if s, err = k.raise(ctx, r, i, e, facts, now); s != nil {
				signals = append(signals, *s)
			}
		}
		failed = append(failed, err)
	}
	return signals, errors.Join(failed...)
}

func (e *Event) check() error {
	bad := func(s string) bool { return s != "" && !word(s, maxWord) }
	switch {
	case !slices.Contains(Kinds(), e.Kind):
		return invalid("kind")
	case bad(e.Function):
		return invalid("function")
	case bad(e.Category):
		return invalid("category")
	case bad(e.ID) || e.ID == "" && e.Kind == Refused:
		return invalid("id")
	case len(e.Faces) > maxFindings || slices.ContainsFunc(e.Faces, func(f evidence.Subject) bool { return !word(string(f), maxWord) }):
		return invalid("faces")
	case len(e.Targets) > maxFindings || slices.ContainsFunc(e.Targets, func(t string) bool { return !word(t, maxWord) }):
		return invalid("targets")
	}
	return nil
}

// count counts an event and returns what conditions see of it; nil where no rule looks at events of its kind.
func (k *Keeper) count(ctx context.Context, r *rules, e Event, now time.Time) (map[string]any, error) {
	var changes []Change
	counts := false
	for _, c := range r.table.Counters {
		if slices.Contains(c.On, e.Kind) {
			changes, counts = append(changes, e.changes(c, now)...), true
		}
		if c.Reset == e.Kind {
			changes = append(changes, Change{Owner: e.Subject, Counter: c.Name, Reset: true})
		}
	}
	questions, names := e.questions(r, now)
	if !counts && len(changes) > 0 { // there is nothing to write where nothing was counted, which is nearly always so
		var probe []Question
		for _, c := range changes {
			probe = append(probe, Question{Owner: c.Owner, Counter: c.Counter, Members: true})
		}
		values, err := k.config.Tallies.Count(ctx, now, nil, probe)
		if err != nil {
			return nil, err
		}
		if slices.Max(values) == 0 {
			changes = nil
		}
	}
	values, err := k.config.Tallies.Count(ctx, now, changes, questions)
	if err != nil || !slices.ContainsFunc(r.table.Rules, func(rule Rule) bool { return slices.Contains(rule.On, e.Kind) }) {
		return nil, err
	}
	facts := map[string]any{"fn": e.Function, "category": e.Category, "high": e.High, "hour": int64(now.In(zone).Hour()), "age": age(e.Subject, now), "suspensions": int64(0)}
	for _, c := range r.table.Counters {
		facts[c.Name] = int64(0)
	}
	for i, name := range names {
		facts[name] = max(facts[name].(int64), values[i])
	}
	if e.Kind == Refused {
		n, err := k.config.Measures.Count(ctx, ledger.Query{Subject: e.Subject, States: []string{string(Active), string(Ended), string(Lifted)}, Keys: []ledger.Key{{Name: keyStep, Value: string(Suspend)}}})
		if err != nil {
			return nil, err
		}
		facts["suspensions"] = int64(n)
	}
	return facts, nil
}

// age is for how many hours an account has been known: its pseudonym was drawn when it was met, and says when that was.
func age(subject evidence.Subject, now time.Time) int64 {
	id, err := uuid.Parse(string(subject))
	if err != nil || id.Version() != 7 {
		return 0
	}
	sec, ns := id.Time().UnixTime()
	return int64(now.Sub(time.Unix(sec, ns)) / time.Hour)
}

// owners are for whom a counter counts an event.
func (e *Event) owners(c Counter) []evidence.Subject {
	if c.Of == "face" {
		return e.Faces
	}
	return []evidence.Subject{e.Subject}
}

// changes are what a counter counts of an event.
func (e *Event) changes(c Counter, now time.Time) []Change {
	var members []string
	switch c.Distinct {
	case "id":
		members = []string{e.ID}
	case "account":
		members = []string{string(e.Subject)}
	case "target":
		members = e.Targets
	case "face":
		for _, f := range e.Faces {
			members = append(members, string(f))
		}
	}
	var list []Change
	for _, owner := range e.owners(c) {
		if c.Distinct == "" {
			list = append(list, Change{Owner: owner, Counter: c.Name, Bucket: now.Truncate(time.Duration(c.Bucket))})
		}
		for _, m := range members {
			if m != "" {
				list = append(list, Change{Owner: owner, Counter: c.Name, Member: m})
			}
		}
	}
	return list
}

// questions are what the rules for an event want to know, each with the name of its counter.
func (e *Event) questions(r *rules, now time.Time) (list []Question, names []string) {
	asked := map[int]bool{}
	for i, rule := range r.table.Rules {
		if !slices.Contains(rule.On, e.Kind) {
			continue
		}
		for _, n := range r.sees[i] {
			c := r.table.Counters[n]
			if asked[n] {
				continue
			}
			asked[n] = true
			for _, owner := range e.owners(c) {
				q := Question{Owner: owner, Counter: c.Name, Since: now.Add(-time.Duration(c.Window)), Members: c.Distinct != ""}
				if !q.Members {
					q.Since = q.Since.Truncate(time.Duration(c.Bucket))
				}
				list, names = append(list, q), append(names, c.Name)
			}
		}
	}
	return list, names
}

// raise leaves a signal, unless the rule fired for the account not long ago, and does what follows.
func (k *Keeper) raise(ctx context.Context, r *rules, i int, e Event, facts map[string]any, now time.Time) (*Signal, error) {
	rule := r.table.Rules[i]
	quiet := time.Duration(rule.Quiet)
	last, err := k.config.Signals.Find(ctx, ledger.Query{Subject: e.Subject, Keys: []ledger.Key{{Name: keyRule, Value: rule.ID}}, Newest: true, Limit: 1})
	if err != nil || len(last) > 0 && last[0].Made.After(now.Add(-quiet)) {
		return nil, err
	}
	s := Signal{Rule: rule.ID, Version: r.table.Version, Kind: e.Kind, Function: e.Function, Category: e.Category, Finding: e.ID, Counts: map[string]int64{},
		Clauses: rule.Clauses, Fact: rule.Fact, Do: rule.Do}
	for _, n := range r.sees[i] {
		name := r.table.Counters[n].Name
		s.Counts[name] = facts[name].(int64)
	}
	// Two nodes that see the same at once leave one signal.
	once := fmt.Sprintf("%s %s %d", e.Subject, rule.ID, now.UnixMilli()/quiet.Milliseconds())
	added, err := k.signals.Add(ctx, ledger.Entry[Signal]{Subject: e.Subject, State: string(Open), Due: now.Add(retry), Value: s,
		Keys: []ledger.Key{{Name: keyRule, Value: rule.ID}, {Name: keyOnce, Value: once, Unique: true}}}, nil,
		ledger.Act{Type: RecordSignal, Role: system, Clauses: rule.Clauses, Payload: s})
	if existed(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	done, err := k.settle(ctx, signal(added))
	return &done, err
}

// settle does what follows from a signal. It may be called again for the same.
func (k *Keeper) settle(ctx context.Context, s Signal) (Signal, error) {
	by := ledger.By{Role: system}
	if s.Do.Recheck {
		if err := k.config.People.Recheck(ctx, by, s.Subject, s.Fact); err != nil {
			return s, err
		}
	}
	item := s.Do.Item
	if m := s.Do.Measure; m != nil && m.Step == Limit && s.Function == "" {
		item = true // there is no function to limit, so a person says what to do
	} else if m != nil {
		taken, err := k.add(ctx, by, s.draft(*m), m.Propose)
		if code(err) == CodeUnknown {
			item = true // nobody is known who could be barred
		} else if err != nil {
			return s, err
		}
		s.Measure = taken.ID
	}
	if item {
		var err error
		if s.Item, err = k.config.Desk.Open(ctx, s); err != nil {
			return s, err
		}
	}
	e, err := k.signals.Change(ctx, s.ID, func(e *ledger.Entry[Signal]) (ledger.Act, error) {
		if e.State == string(Done) {
			return ledger.Act{}, ledger.ErrSame
		}
		e.State, e.Due = string(Done), time.Time{}
		e.Value.Item, e.Value.Measure = s.Item, s.Measure
		return ledger.Act{Type: RecordSettled, Role: system, Clauses: s.Clauses, Payload: map[string]string{"signal": s.ID, "item": s.Item, "measure": s.Measure}}, nil
	})
	return signal(e), err
}

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// draft is the measure that a signal asks for.
func (s Signal) draft(m Sanction) Draft {
	d := Draft{Subject: s.Subject, Step: m.Step, Ground: Ground{Clauses: s.Clauses}, Fact: s.Fact, Findings: []string{s.ID}, Lasts: time.Duration(m.Lasts),
		Rule: s.Rule + "/" + s.Version, Origin: s.ID}
	if m.Step == Limit {
		d.Function = s.Function
	}
	if s.Finding != "" {
		d.Findings = append(d.Findings, s.Finding)
	}
	return d
}

// Settle does what is still to follow from signals, and returns how many it looked at.
func (k *Keeper) Settle(ctx context.Context, limit int) (int, error) {
	due, err := k.config.Signals.Find(ctx, ledger.Query{States: []string{string(Open)}, Due: k.Now(), Limit: limit})
	failed := []error{err}
	for _, e := range due {
		_, err := k.settle(ctx, signal(e))
		failed = append(failed, err)
	}
	return len(due), errors.Join(failed...)
}

// Sweep removes counters that no window reaches any more, and buckets that are empty.
func (k *Keeper) Sweep(ctx context.Context) error {
	now, far := k.Now(), time.Duration(0)
	for _, c := range k.rules.Load().table.Counters {
		far = max(far, time.Duration(c.Window+c.Bucket))
	}
	return k.config.Tallies.Sweep(ctx, now.Add(-far), now)
}

// SignalFilter says which signals are wanted; the zero value means all.
type SignalFilter struct {
	Subject evidence.Subject
	Rule    string
	State   SignalState
	After   string
	Limit   int
}

// Signals returns a page of signals, the newest first, and the identifier after which the next page begins; it is empty
// after the last.
func (k *Keeper) Signals(ctx context.Context, f SignalFilter) ([]Signal, string, error) {
	q := ledger.Query{Subject: f.Subject, After: f.After, Limit: f.Limit, Newest: true}
	if f.State != "" {
		q.States = []string{string(f.State)}
	}
	if f.Rule != "" {
		q.Keys = []ledger.Key{{Name: keyRule, Value: f.Rule}}
	}
	page, next, err := k.signals.Page(ctx, q)
	list := make([]Signal, len(page))
	for i, e := range page {
		list[i] = signal(e)
	}
	return list, next, err
}

// signal reads a signal out of its entry.
func signal(e ledger.Entry[Signal]) Signal {
	s := e.Value
	s.ID, s.Subject, s.State, s.Made = e.ID, e.Subject, SignalState(e.State), e.Made
	return s
}
