package desk

import (
	"bytes"
	"cmp"
	"context"
	_ "embed" // the table of triage
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

//go:embed triage.json
var triage []byte

const maxTriage = 64 << 10

// Why a case is more or less urgent.
const (
	PriorityAuthority colophon.Code = "desk-priority-authority"
	PriorityKind      colophon.Code = "desk-priority-kind"
	PriorityUrgent    colophon.Code = "desk-priority-urgent"
	PriorityGround    colophon.Code = "desk-priority-ground"
	PriorityParty     colophon.Code = "desk-priority-party"
	PriorityReports   colophon.Code = "desk-priority-reports"
	PriorityBreached  colophon.Code = "desk-priority-breached"
	PriorityTime      colophon.Code = "desk-priority-time"
	PriorityUnfounded colophon.Code = "desk-priority-unfounded"
)

// PriorityReasons lists why a case is more or less urgent.
func PriorityReasons() []colophon.Code {
	return []colophon.Code{PriorityAuthority, PriorityKind, PriorityUrgent, PriorityGround, PriorityParty, PriorityReports, PriorityBreached, PriorityTime, PriorityUnfounded}
}

// Triage is how urgent cases are and what counts as abuse, as data.
type Triage struct {
	Weights []Weight `json:"weights"`
	Abuse   Abuse    `json:"abuse"`
	Burst   Burst    `json:"burst"`
}

// Weight adds to the priority of a case that fits all that it names. Of several for the same reason the first that fits counts.
type Weight struct {
	Kind      Kind          `json:"kind,omitempty"`
	Ground    colophon.Code `json:"ground,omitempty"`
	Party     Party         `json:"party,omitempty"`
	Urgent    bool          `json:"urgent,omitempty"`
	Reports   int           `json:"reports,omitempty"`   // at least so many cases about the same content are open
	Unfounded int           `json:"unfounded,omitempty"` // at least so many reports of the reporter were, lately
	Hours     int           `json:"hours,omitempty"`     // less than so many are left for the decision
	Breached  bool          `json:"breached,omitempty"`  // a limit was missed
	Add       int           `json:"add"`
	Why       colophon.Code `json:"why"`
}

// Abuse says when a reporter is refused for a time.
type Abuse struct {
	Open      int `json:"open"`      // more open cases than that are not taken
	Unfounded int `json:"unfounded"` // so many unfounded reports within Days, and
	Share     int `json:"share"`     // so many times as many as were not
	Days      int `json:"days"`
}

// Burst says how many cases about the same content within how many hours want to be looked at together.
type Burst struct {
	Reports int `json:"reports"`
	Hours   int `json:"hours"`
}

// ParseTriage reads a table.
func ParseTriage(raw []byte) (Triage, error) {
	var t Triage
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(&t)
	if err == nil {
		if _, end := dec.Token(); end != io.EOF {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil || len(raw) > maxTriage {
		return Triage{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeTriage, Args: colophon.Args{"field": "json"}, Err: err}
	}
	return t, t.check()
}

// DefaultTriage is the table that comes with the program.
func DefaultTriage() (Triage, error) { return ParseTriage(triage) }

func (t Triage) check() error {
	bad := func(field string) error {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeTriage, Args: colophon.Args{"field": field}}
	}
	for i, w := range t.Weights {
		switch {
		case w.Kind != "" && !slices.Contains(Kinds(), w.Kind), w.Ground != "" && !slices.Contains(Grounds(), w.Ground), w.Party != "" && !slices.Contains(Parties(), w.Party),
			!slices.Contains(PriorityReasons(), w.Why), w.Add < -100 || w.Add > 100, min(w.Reports, w.Unfounded, w.Hours) < 0:
			return bad("weights." + strconv.Itoa(i))
		}
	}
	if a := t.Abuse; min(a.Open, a.Unfounded, a.Share, a.Days) <= 0 || max(a.Open, a.Unfounded) > maxPast {
		return bad("abuse")
	}
	if t.Burst.Reports < 2 || t.Burst.Hours <= 0 {
		return bad("burst")
	}
	return nil
}

// Priority is how urgent a case is, 0 to 100, and why.
type Priority struct {
	Score   int
	Reasons []Reason
}

// Reason is one thing that makes a case more urgent, or less.
type Reason struct {
	Why colophon.Code
	Add int
}

// Priority says how urgent a case is, when so many cases about its content are open and the decision is due then.
func (t Triage) Priority(c Case, reports int, due, now time.Time) Priority {
	var p Priority
	for _, w := range t.Weights {
		switch {
		case w.Kind != "" && w.Kind != c.Kind, w.Ground != "" && !slices.Contains(c.Grounds, w.Ground), w.Party != "" && w.Party != c.Party, w.Urgent && !c.Urgent,
			reports < w.Reports, c.Unfounded < w.Unfounded, w.Hours > 0 && due.Sub(now) >= time.Duration(w.Hours)*time.Hour, w.Breached && len(c.Breaches) == 0 && !now.After(due),
			slices.ContainsFunc(p.Reasons, func(r Reason) bool { return r.Why == w.Why }):
			continue
		}
		p.Reasons = append(p.Reasons, Reason{w.Why, w.Add})
		p.Score += w.Add
	}
	p.Score = min(max(p.Score, 0), 100)
	return p
}

// maxPast is how many cases of a reporter are looked at.
const maxPast = 200

// Accuracy is what came of the cases of one reporter lately.
type Accuracy struct {
	Open      int
	Founded   int // partly, too
	Unfounded int
	Unproven  int // counted for nothing
}

// past is what is known of a reporter.
type past struct {
	Accuracy
	cases []Case // the newest first
	until time.Time
}

// of looks a reporter up by keyed digest. Nobody is known by an empty one.
func (d *Desk) of(ctx context.Context, digest string, now time.Time) (past, error) {
	var p past
	if digest == "" {
		return p, nil
	}
	list, err := d.book.Store.Find(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyReporter, Value: digest}}, Newest: true, Limit: maxPast})
	abuse := d.Triage.Abuse
	span := time.Duration(abuse.Days) * 24 * time.Hour
	var unfounded []time.Time
	for _, e := range list {
		c := read(e)
		p.cases = append(p.cases, c)
		if c.State.Open() {
			p.Open++
		}
		if c.Decision == nil || now.Sub(c.Decision.At) > span || c.Kind.always() {
			continue
		}
		switch c.outcome() {
		case Founded, Partly:
			p.Founded++
		case Unfounded:
			unfounded = append(unfounded, c.Decision.At)
		default:
			p.Unproven++
		}
	}
	p.Unfounded = len(unfounded)
	if p.Unfounded >= abuse.Unfounded && p.Unfounded >= abuse.Share*p.Founded {
		slices.SortFunc(unfounded, func(a, b time.Time) int { return b.Compare(a) })
		p.until = unfounded[abuse.Unfounded-1].Add(span)
	}
	return p, err
}

// admit refuses a reporter who comes too often.
func (p past) admit(c *Case, abuse Abuse) error {
	switch {
	case c.Kind.always():
		return nil
	case p.Open >= abuse.Open:
		return refuse(colophon.Refused, CodeCrowd, c, colophon.Args{"limit": strconv.Itoa(abuse.Open)})
	case !p.until.IsZero():
		return refuse(colophon.Refused, CodeBarred, c, colophon.Args{"until": beijing(p.until)})
	}
	return nil
}

// Accuracy says what came of the cases of an account lately.
func (d *Desk) Accuracy(ctx context.Context, account evidence.Subject) (Accuracy, error) {
	p, err := d.of(ctx, d.reporter(account, ""), d.Now())
	return p.Accuracy, err
}

// Burst counts the cases about a content number that came in within the time of the table, and reports whether they are so many
// that they want to be looked at together.
func (d *Desk) Burst(ctx context.Context, number string) (int, bool, error) {
	since := d.Now().Add(-time.Duration(d.Triage.Burst.Hours) * time.Hour)
	list, err := d.book.Store.Find(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyContent, Value: number}}, Newest: true, Limit: ledger.MaxPage})
	n := 0
	for _, e := range list {
		if !e.Made.Before(since) && e.Value.Source != FromDetection {
			n++
		}
	}
	return n, n >= d.Triage.Burst.Reports, err
}

// Ranked is a case with how urgent it is.
type Ranked struct {
	Case
	Priority Priority
	Due      time.Time // of the decision
	Reports  int       // open cases about the same content, this one among them
}

// rank orders cases by urgency, then by what is due first, then by age.
func rank(list []Ranked) {
	slices.SortFunc(list, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.Priority.Score, a.Priority.Score), a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	})
}
