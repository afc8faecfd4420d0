package standing

import (
	"bytes"
	_ "embed" // the table that is in force where nobody released another
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
)

//go:embed data/table.json
var defaultTable []byte

// Limits of a table.
const (
	MaxRules    = 200
	MaxCounters = 100
	MaxText     = 1024 // bytes of a condition and of a reason
	maxBuckets  = 1500 // of one counter
	longest     = Span(400 * 24 * time.Hour)
)

// Span is a length of time. As text it is written like 1h30m.
type Span time.Duration

// MarshalText writes the span.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads a span.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = Span(d)
	return err
}

// Table is the policy: what the steps of the ladder may be, what is counted, and by which rules something follows from it. A
// version never changes once it was proposed.
type Table struct {
	Version  string    `json:"version"`
	Ladder   []Rung    `json:"ladder"`
	Counters []Counter `json:"counters"`
	Rules    []Rule    `json:"rules"`
}

// Rung says how long a step lasts.
type Rung struct {
	Step    Step `json:"step"`
	Lasts   Span `json:"lasts,omitempty"`   // where nobody says otherwise; 0 for no end
	Longest Span `json:"longest,omitempty"` // 0 for no limit
}

// Kind is what an account did, or what became of it.
type Kind string

// The kinds of events.
const (
	Used       Kind = "used"       // a function was used
	Passed     Kind = "passed"     // what was asked for was judged, and may pass
	Held       Kind = "held"       // what was asked for was judged, and waits for a person
	Refused    Kind = "refused"    // what was asked for was judged, and is refused
	Unverified Kind = "unverified" // a verification did not match
)

// Kinds lists the kinds of events.
func Kinds() []Kind { return []Kind{Used, Passed, Held, Refused, Unverified} }

// Counter is one number that is kept for each account, or for each face. Rules see it under its name.
type Counter struct {
	Name string `json:"name"`
	On   []Kind `json:"on"` // what is counted
	// Of says for whom: account, or face for each face that the event shows. Of several faces rules see the highest number.
	Of string `json:"of"`
	// Distinct counts different things rather than events: id of what happened, face, target, or account.
	Distinct string `json:"distinct,omitempty"`
	// Window is how far back it is counted.
	Window Span `json:"window"`
	// Bucket is how exactly, where events are counted: in portions of such a length. The oldest portion counts as long as any of it lies within the window.
	Bucket Span `json:"bucket,omitempty"`
	// Reset is the kind of event after which a distinct counter begins at nought again; empty for none.
	Reset Kind `json:"reset,omitempty"`
}

// Rule says what follows from the counters of an event.
type Rule struct {
	ID string `json:"id"`
	On []Kind `json:"on"`
	// When is a condition in CEL over the counters and over fn (the function), category, high, hour (in China), age (of the
	// account, in hours) and suspensions (of the account, without those that were taken back).
	When string `json:"when"`
	// Quiet is for how long the rule says nothing more about an account once it fired.
	Quiet   Span              `json:"quiet"`
	Clauses []colophon.Clause `json:"clauses"`
	Fact    colophon.Code     `json:"fact"`
	Do      Consequence       `json:"do"`
	Reason  string            `json:"reason"` // why there is the rule, for whoever reads the table
}

// Consequence is what a rule asks for.
type Consequence struct {
	Item    bool      `json:"item,omitempty"`    // a person looks into it
	Recheck bool      `json:"recheck,omitempty"` // the account is verified anew
	Measure *Sanction `json:"measure,omitempty"`
}

// Sanction is the measure that a rule takes or proposes. That of step limit-function limits the function of the event.
type Sanction struct {
	Step    Step `json:"step"`
	Lasts   Span `json:"lasts,omitempty"` // 0 for what the ladder says
	Propose bool `json:"propose,omitempty"`
}

// Default is the table that Colophon comes with.
func Default() (Table, error) {
	var t Table
	dec := json.NewDecoder(bytes.NewReader(defaultTable))
	dec.DisallowUnknownFields()
	err := dec.Decode(&t)
	return t, err
}

var (
	counterName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	builtins    = []string{"fn", "category", "high", "hour", "age", "suspensions", "true", "false", "null", "in"}
)

func badTable(where, why string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeTable, Args: colophon.Args{"where": where, "why": why}, Err: err}
}

// check looks at everything but the conditions.
func (t *Table) check() error {
	switch {
	case !word(t.Version, 64):
		return badTable("version", "word", nil)
	case len(t.Ladder) != len(Steps()):
		return badTable("ladder", "step", nil)
	case len(t.Counters) > MaxCounters:
		return badTable("counters", "many", nil)
	case len(t.Rules) > MaxRules:
		return badTable("rules", "many", nil)
	}
	for i, r := range t.Ladder {
		switch {
		case r.Step != Steps()[i]:
			return badTable("ladder", "step", nil)
		case r.Lasts < 0 || r.Longest < 0 || r.Longest > 0 && r.Lasts > r.Longest || r.Step == Suspend && r.Lasts == 0:
			return badTable(string(r.Step), "lasts", nil)
		}
	}
	names := slices.Clone(builtins)
	for _, c := range t.Counters {
		if why := c.check(); why != "" || slices.Contains(names, c.Name) {
			return badTable(c.Name, why, nil)
		}
		names = append(names, c.Name)
	}
	var ids []string
	for _, r := range t.Rules {
		if why := r.check(t); why != "" || slices.Contains(ids, r.ID) {
			return badTable(r.ID, why, nil)
		}
		ids = append(ids, r.ID)
	}
	return nil
}

func (c *Counter) check() string {
	switch {
	case !counterName.MatchString(c.Name):
		return "name"
	case !kinds(c.On):
		return "on"
	case c.Of != "account" && c.Of != "face":
		return "of"
	case !slices.Contains([]string{"", "id", "face", "target", "account"}, c.Distinct):
		return "distinct"
	case c.Window <= 0 || c.Window > longest:
		return "window"
	case (c.Distinct == "") != (c.Bucket > 0) || c.Bucket > 0 && (c.Bucket < Span(time.Second) || c.Window/c.Bucket > maxBuckets):
		return "bucket"
	case c.Reset != "" && (c.Distinct == "" || !slices.Contains(Kinds(), c.Reset)):
		return "reset"
	}
	return ""
}

func (r *Rule) check(t *Table) string {
	m := r.Do.Measure
	switch {
	case !word(r.ID, 64):
		return "id"
	case !kinds(r.On):
		return "on"
	case r.Quiet <= 0 || r.Quiet > longest:
		return "quiet"
	case len(r.Clauses) == 0 || !grounded(r.Clauses):
		return "clauses"
	case !slices.Contains(Facts(), r.Fact):
		return "fact"
	case r.Reason == "" || !line(r.Reason, MaxText):
		return "reason"
	case r.Do == Consequence{}:
		return "do"
	case m != nil && (!slices.Contains(Steps(), m.Step) || m.Lasts < 0 || m.Step.people() > 1 && !m.Propose):
		return "measure" // two people decide about some
	}
	if m != nil {
		if rung := t.Ladder[slices.Index(Steps(), m.Step)]; rung.Longest > 0 && m.Lasts > rung.Longest {
			return "measure"
		}
	}
	return ""
}

func kinds(on []Kind) bool {
	return len(on) > 0 && len(on) <= len(Kinds()) && !slices.ContainsFunc(on, func(k Kind) bool { return !slices.Contains(Kinds(), k) })
}
