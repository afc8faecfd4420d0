package upstream

import (
	"slices"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
)

const (
	// failures in a row after which a target is left alone.
	failures = 3
	// firstRest is for how long a target is left alone at first; each further failure doubles it, up to maxRest.
	firstRest, maxRest = time.Second, time.Minute
	// maxLimited bounds for how long a target that wants to be left alone is.
	maxLimited = 10 * time.Minute
	// trial is for how long one call finds out whether a target is there again, before another one may.
	trial = 5 * time.Second
	// A call earns earned tries of the budget, of which there are maxCredit at most.
	earned, maxCredit = 0.2, 20.0
)

// verdict is what a call says of its target.
type verdict int

const (
	unknown verdict = iota // it was ended by its caller
	good
	bad
	limited // the target wants to be left alone
)

// target is a Target with what is known of it. The model's lock guards all but Target.
type target struct {
	Target
	share   int // what it is owed, by the smooth weighted round robin
	running int
	failed  int // in a row
	rests   bool
	trying  bool
	until   time.Time // of the rest, or of the trial
	code    colophon.Code
	changed time.Time
}

// model is a model with its targets.
type model struct {
	name    string
	targets []*target // never changes

	mu     sync.Mutex // guards the targets' figures and credit, never over I/O
	credit float64
}

func (m *model) named(name string) *target {
	for _, t := range m.targets {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// ready reports whether a target may be asked.
func (t *target) ready(now time.Time) bool { return !t.rests || !now.Before(t.until) }

// pick picks the target whose turn it is: of those not tried yet, and else of all, with the name where there is one. Without
// one it says when the first may be asked.
func (m *model) pick(name string, tried []*target, now time.Time) (t *target, soon time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(tried) == 0 {
		m.credit = min(m.credit+earned, maxCredit)
	}
	best := m.turn(name, tried, now)
	if best == nil && len(tried) > 0 {
		best = m.turn(name, nil, now)
	}
	if best == nil {
		for _, t := range m.targets {
			if left := t.until.Sub(now); (name == "" || t.Name == name) && (soon == 0 || left < soon) {
				soon = left
			}
		}
		return nil, soon
	}
	switch {
	case best.rests && best.code == CodeLimited:
		best.rests, best.changed = false, now // as it wanted
	case best.rests:
		best.trying, best.until, best.changed = true, now.Add(trial), now
	}
	best.running++
	return best, 0
}

// turn is the smooth weighted round robin over those who may be asked.
func (m *model) turn(name string, without []*target, now time.Time) *target {
	var best *target
	total := 0
	for _, t := range m.targets {
		if name != "" && t.Name != name || slices.Contains(without, t) || !t.ready(now) {
			continue
		}
		t.share += t.Weight
		total += t.Weight
		if best == nil || t.share > best.share {
			best = t
		}
	}
	if best != nil {
		best.share -= total
	}
	return best
}

// next says when a target may be asked that was not tried yet, and when the first of all may.
func (m *model) next(name string, tried []*target, now time.Time) (other, first time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	other, first = maxRest, maxLimited
	for _, t := range m.targets {
		if name != "" && t.Name != name {
			continue
		}
		left := time.Duration(0)
		if !t.ready(now) {
			left = t.until.Sub(now)
		}
		if first = min(first, left); !slices.Contains(tried, t) {
			other = min(other, left)
		}
	}
	return other, first
}

// afford takes one more try from the budget.
func (m *model) afford() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.credit < 1 {
		return false
	}
	m.credit--
	return true
}

// begin counts a call that pick did not.
func (m *model) begin(t *target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t.running++
}

// began ends a trial with the first byte of an answer. One more failure, and the target rests again.
func (m *model) began(t *target, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.rests && !t.wanted(now) {
		t.rests, t.trying, t.failed, t.changed = false, false, min(t.failed, failures-1), now
	}
}

// end takes in what a call says of its target.
func (m *model) end(t *target, v verdict, code colophon.Code, now time.Time, after time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t.running--
	switch v {
	case good:
		t.failed = 0
		if t.wanted(now) {
			return
		}
		if t.rests {
			t.changed = now
		}
		t.rests, t.trying, t.code = false, false, ""
	case bad:
		if t.rests && !t.trying {
			return // it was under way when others found out
		}
		t.failed++
		t.code = code
		if t.failed >= failures {
			t.rest(now, min(firstRest<<min(t.failed-failures, 6), maxRest))
		}
	case limited:
		t.code = code
		t.rest(now, min(max(after, firstRest), maxLimited))
	case unknown:
		if t.trying {
			t.trying, t.until = false, now
		}
	}
}

// wanted reports whether a target wants to be left alone, which an answer to a call from before does not change.
func (t *target) wanted(now time.Time) bool {
	return t.rests && t.code == CodeLimited && now.Before(t.until)
}

// rest leaves a target alone. A trial that failed sets the time anew; else it only becomes longer.
func (t *target) rest(now time.Time, d time.Duration) {
	if until := now.Add(d); t.trying || until.After(t.until) {
		t.until = until
	}
	if !t.rests || t.trying {
		t.changed = now
	}
	t.rests, t.trying = true, false
}

func (m *model) health(now time.Time) []Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]Health, len(m.targets))
	for i, t := range m.targets {
		h := Health{Model: m.name, Target: t.Name, State: Up, Failures: t.failed, Code: t.code, Changed: t.changed, Running: t.running}
		switch {
		case t.trying:
			h.State = Trying
		case t.rests:
			h.State = Down
		}
		if t.rests && now.Before(t.until) {
			h.Until = t.until
		}
		list[i] = h
	}
	return list
}
