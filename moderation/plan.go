package moderation

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"time"

	_ "embed" // the plan that is in force where nobody wrote another

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

//go:embed plan.json
var defaultPlan []byte

const (
	maxPlan   = 256 << 10
	maxQueues = 200
	longest   = Span(366 * 24 * time.Hour)
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

// Plan says into which queue an item goes, by when it must be decided, and what a second person must confirm. It is data,
// written as JSON.
type Plan struct {
	// Queues are asked in their order: an item goes into the first that names one of its categories or its function. The
	// last one names none and takes the rest.
	Queues []QueuePlan `json:"queues"`
	// Lease is for how long an item is a reviewer's without a sign of life.
	Lease Span `json:"lease"`
	// Keep is for how long the content is kept after the decision.
	Keep Span `json:"keep"`
	// Report says by when a report must be filed.
	Report ReportPlan `json:"report"`
}

// QueuePlan is one queue.
type QueuePlan struct {
	Name       string          `json:"name"`
	Categories []string        `json:"categories,omitempty"`
	Functions  []string        `json:"functions,omitempty"`
	Deadline   Span            `json:"deadline"`
	Deadlines  map[string]Span `json:"deadlines,omitempty"` // by category; the shortest counts
	Confirm    ConfirmPlan     `json:"confirm,omitzero"`
}

// ConfirmPlan says what a second person must confirm: these decisions, and every decision about these categories.
type ConfirmPlan struct {
	Decisions  []Decision `json:"decisions,omitempty"`
	Categories []string   `json:"categories,omitempty"`
}

// ReportPlan says by when a report must be filed.
type ReportPlan struct {
	Deadline  Span            `json:"deadline"`
	Deadlines map[string]Span `json:"deadlines,omitempty"` // by category; the shortest counts
}

// DefaultPlan is the plan that is in force where nobody wrote another.
func DefaultPlan() (Plan, error) { return ParsePlan(defaultPlan) }

// ParsePlan reads a plan and checks it.
func ParsePlan(raw []byte) (Plan, error) {
	bad := func(err error) (Plan, error) {
		return Plan{}, &colophon.Error{Kind: colophon.Invalid, Code: CodePlan, Args: colophon.Args{"field": "json"}, Err: err}
	}
	if len(raw) > maxPlan {
		return bad(nil)
	}
	if _, err := evidence.Canonicalise(raw); err != nil { // names that stand twice, among others
		return bad(err)
	}
	var p Plan
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return bad(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return bad(err)
	}
	if field := p.check(); field != "" {
		return Plan{}, &colophon.Error{Kind: colophon.Invalid, Code: CodePlan, Args: colophon.Args{"field": field}}
	}
	return p, nil
}

// check reports the first field that is out of form.
func (p Plan) check() string {
	switch {
	case len(p.Queues) == 0 || len(p.Queues) > maxQueues:
		return "queues"
	case !p.Lease.sane():
		return "lease"
	case !p.Keep.sane():
		return "keep"
	case !p.Report.Deadline.sane() || !saneSpans(p.Report.Deadlines):
		return "report"
	}
	names := map[string]bool{}
	for i, q := range p.Queues {
		rest := len(q.Categories) == 0 && len(q.Functions) == 0
		switch {
		case !word(q.Name, "-_") || names[q.Name]:
			return "name"
		case rest != (i == len(p.Queues)-1), !words(q.Categories, "-_"):
			return "categories"
		case !words(q.Functions, ".-_"):
			return "functions"
		case !q.Deadline.sane() || !saneSpans(q.Deadlines):
			return "deadline"
		case !words(q.Confirm.Categories, "-_"):
			return "confirm"
		}
		for _, d := range q.Confirm.Decisions {
			if d == Escalate || !slices.Contains(Decisions(), d) {
				return "confirm"
			}
		}
		names[q.Name] = true
	}
	return ""
}

func (s Span) sane() bool { return s >= Span(time.Second) && s <= longest }

func saneSpans(m map[string]Span) bool {
	for name, s := range m {
		if !word(name, "-_") || !s.sane() {
			return false
		}
	}
	return true
}

func words(list []string, marks string) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !word(s, marks) })
}

// queue returns the queue of an entry.
func (p Plan) queue(name, function string, categories []string) (QueuePlan, error) {
	i := slices.IndexFunc(p.Queues, func(q QueuePlan) bool {
		if name != "" {
			return q.Name == name
		}
		rest := len(q.Categories) == 0 && len(q.Functions) == 0
		return rest || overlap(q.Categories, categories) || slices.Contains(q.Functions, function)
	})
	if i < 0 {
		return QueuePlan{}, invalid("queue")
	}
	return p.Queues[i], nil
}

// within is how long there is for these categories: of each its own span or else rest, and of all the shortest.
func within(rest Span, by map[string]Span, categories []string) time.Duration {
	if len(categories) == 0 {
		return time.Duration(rest)
	}
	shortest := longest
	for _, c := range categories {
		s, ok := by[c]
		if !ok {
			s = rest
		}
		shortest = min(shortest, s)
	}
	return time.Duration(shortest)
}

// confirms reports whether a second person must confirm a decision. Of a queue that the plan does not have any more all
// must be.
func (p Plan) confirms(it *Item, d Decision) bool {
	i := slices.IndexFunc(p.Queues, func(q QueuePlan) bool { return q.Name == it.Queue })
	if i < 0 {
		return true
	}
	c := p.Queues[i].Confirm
	return slices.Contains(c.Decisions, d) || overlap(c.Categories, it.Why.Categories())
}
