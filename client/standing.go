package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// Measure is a measure against an account. The description of the API says what the fields mean.
type Measure struct {
	ID        string            `json:"id"`
	Subject   string            `json:"subject"`
	State     string            `json:"state"` // proposed, active, ended, lifted, restored or rejected
	Step      string            `json:"step"`  // remind, warn, limit-function, mute-publishing, suspend, close or bar
	Function  string            `json:"function,omitempty"`
	Clauses   []colophon.Clause `json:"clauses"`
	Terms     string            `json:"terms,omitempty"`
	Fact      colophon.Code     `json:"fact"`
	Findings  []string          `json:"findings"`
	Rule      string            `json:"rule,omitempty"`
	Origin    string            `json:"origin,omitempty"`
	By        string            `json:"by,omitempty"`
	Deciders  []Decider         `json:"deciders"`
	Made      time.Time         `json:"made"`
	Start     *time.Time        `json:"start,omitempty"`
	Until     *time.Time        `json:"until,omitempty"`
	Ended     *time.Time        `json:"ended,omitempty"`
	InForce   bool              `json:"in_force"`
	Notices   []MeasureNotice   `json:"notices"`
	Appeal    string            `json:"appeal,omitempty"`
	Closed    *MeasureClosing   `json:"closed,omitempty"`
	Statement *Statement        `json:"statement,omitempty"` // nil for what was only proposed, or rejected
}

// Decider is a person who decided.
type Decider struct {
	Role string    `json:"role"`
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
}

// MeasureNotice says when and how the account holder was told of a measure.
type MeasureNotice struct {
	At  time.Time `json:"at"`
	How string    `json:"how"` // a word, such as in-app
}

// MeasureClosing says how a measure ended before its time.
type MeasureClosing struct {
	Decider
	Why colophon.Code `json:"why"`
}

// Statement is the statement of reasons that you may show the account holder, a sentence each.
type Statement struct {
	En []string `json:"en"`
	Zh []string `json:"zh"`
}

// MeasureOrder is a measure that somebody wants. Of account and subject one is given, of until and hours one at most.
type MeasureOrder struct {
	Account  string            `json:"account,omitempty"` // your own identifier
	Subject  string            `json:"subject,omitempty"` // pseudonym
	Step     string            `json:"step"`
	Function string            `json:"function,omitempty"` // of limit-function
	Clauses  []colophon.Clause `json:"clauses,omitempty"`
	Terms    string            `json:"terms,omitempty"`
	Fact     colophon.Code     `json:"fact"`
	Findings []string          `json:"findings,omitempty"`
	Until    time.Time         `json:"until,omitzero"`
	Hours    int               `json:"hours,omitempty"`
	Appeal   string            `json:"appeal,omitempty"`
	Note     string            `json:"note,omitempty"`
	Propose  bool              `json:"propose,omitempty"`
}

// Standing is what is in force against an account.
type Standing struct {
	Subject  string    `json:"subject"`
	Measures []Measure `json:"measures"`
	Blocked  []string  `json:"blocked"` // use, publish or register-account
}

// RiskSignal says that a rule fired.
type RiskSignal struct {
	ID       string            `json:"id"`
	Subject  string            `json:"subject"`
	State    string            `json:"state"` // open or done
	At       time.Time         `json:"at"`
	Rule     string            `json:"rule"`
	Version  string            `json:"version"`
	Kind     string            `json:"kind"`
	Function string            `json:"function,omitempty"`
	Finding  string            `json:"finding,omitempty"`
	Counts   map[string]int64  `json:"counts"`
	Clauses  []colophon.Clause `json:"clauses"`
	Item     string            `json:"item,omitempty"`
	Measure  string            `json:"measure,omitempty"`
	Recheck  bool              `json:"recheck"`
}

// Measures returns a page of measures, the newest first, and the cursor of the next page.
func (c *Client) Measures(ctx context.Context, l Listing) (list []Measure, next string, err error) {
	var page struct {
		Measures []Measure
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/measures", query: l.query()}, &page)
	return page.Measures, page.Next, err
}

// Measure returns a measure.
func (c *Client) Measure(ctx context.Context, id string) (m Measure, err error) {
	return m, c.get(ctx, request{method: http.MethodGet, path: "/v1/measures/" + url.PathEscape(id)}, &m)
}

// TakeMeasure takes a measure, or proposes it. Closing and barring wait for a second person.
func (c *Client) TakeMeasure(ctx context.Context, o MeasureOrder) (m Measure, err error) {
	return m, c.change(ctx, "/v1/measures", o, &m)
}

// ConfirmMeasure agrees to what somebody else or a rule proposed.
func (c *Client) ConfirmMeasure(ctx context.Context, id, note string) (m Measure, err error) {
	return m, c.change(ctx, measurePath(id, "confirm"), map[string]string{"note": note}, &m)
}

// EndMeasure rejects a proposed measure, lifts an active one, or restores the account: how is reject, lift or restore.
func (c *Client) EndMeasure(ctx context.Context, id, how string, why colophon.Code, note string) (m Measure, err error) {
	return m, c.change(ctx, measurePath(id, how), map[string]string{"why": string(why), "note": note}, &m)
}

// NoticeMeasure says that the account holder was told.
func (c *Client) NoticeMeasure(ctx context.Context, id string, n MeasureNotice) (m Measure, err error) {
	return m, c.change(ctx, measurePath(id, "notice"), n, &m)
}

func measurePath(id, verb string) string { return "/v1/measures/" + url.PathEscape(id) + ":" + verb }

// Standing returns what is in force against an account, by your own identifier of it. Blocked says whether it may use a
// function; the name may be empty.
func (c *Client) Standing(ctx context.Context, account, function string) (s Standing, err error) {
	return s, c.post(ctx, "/v1/standing", http.Header{"Content-Type": {"application/json"}}, map[string]string{"account": account, "function": function}, &s)
}

// Signals returns a page of signals of risk, the newest first, and the cursor of the next page.
func (c *Client) Signals(ctx context.Context, l Listing) (list []RiskSignal, next string, err error) {
	var page struct {
		Signals []RiskSignal
		Next    string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/signals", query: l.query()}, &page)
	return page.Signals, page.Next, err
}

// AccountStanding returns what is in force against an account, by its pseudonym. The name of a function may be empty.
func (c *Client) AccountStanding(ctx context.Context, subject, function string) (s Standing, err error) {
	return s, c.get(ctx, request{method: http.MethodGet, path: "/v1/standing/" + url.PathEscape(subject), query: given(map[string]string{"function": function})}, &s)
}

// StandingRung says how long a step of the ladder lasts. Spans are written as Go writes them: 24h0m0s.
type StandingRung struct {
	Step    string `json:"step"`
	Lasts   string `json:"lasts,omitempty"`
	Longest string `json:"longest,omitempty"`
}

// StandingCounter is one number that is kept.
type StandingCounter struct {
	Name     string   `json:"name"`
	On       []string `json:"on"` // used, passed, held, refused or unverified
	Of       string   `json:"of"` // account or face
	Distinct string   `json:"distinct,omitempty"`
	Window   string   `json:"window"`
	Bucket   string   `json:"bucket,omitempty"`
	Reset    string   `json:"reset,omitempty"`
}

// StandingRule says what follows from counters.
type StandingRule struct {
	ID      string            `json:"id"`
	On      []string          `json:"on"`
	When    string            `json:"when"` // CEL
	Quiet   string            `json:"quiet"`
	Clauses []colophon.Clause `json:"clauses"`
	Fact    colophon.Code     `json:"fact"`
	Item    bool              `json:"item,omitempty"`
	Recheck bool              `json:"recheck,omitempty"`
	Step    string            `json:"step,omitempty"`
	Lasts   string            `json:"lasts,omitempty"`
	Propose bool              `json:"propose,omitempty"`
	Reason  string            `json:"reason"`
}

// StandingTable is the policy of measures and signals.
type StandingTable struct {
	Version  string            `json:"version"`
	Ladder   []StandingRung    `json:"ladder"`
	Counters []StandingCounter `json:"counters"`
	Rules    []StandingRule    `json:"rules"`
}

// StandingVersion is a table with its history.
type StandingVersion struct {
	Table    StandingTable `json:"table"`
	Digest   string        `json:"digest"`
	Reason   string        `json:"reason"`
	By       Decider       `json:"by"`
	Releases []Decider     `json:"releases"`
}

// StandingTable returns the table in force, and whether it is the one that the program comes with.
func (c *Client) StandingTable(ctx context.Context) (t StandingTable, shipped bool, err error) {
	var out struct {
		Shipped bool
		Table   StandingTable
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/standing-table"}, &out)
	return out.Table, out.Shipped, err
}

// StandingTables returns a page of versions, the last proposed first, and the cursor of the next page.
func (c *Client) StandingTables(ctx context.Context, l Listing) (list []StandingVersion, next string, err error) {
	var page struct {
		Versions []StandingVersion
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/standing-tables", query: l.query()}, &page)
	return page.Versions, page.Next, err
}

// ProposeStandingTable proposes a table, which somebody else releases.
func (c *Client) ProposeStandingTable(ctx context.Context, t StandingTable, reason string) (v StandingVersion, err error) {
	return v, c.change(ctx, "/v1/standing-tables", map[string]any{"table": t, "reason": reason}, &v)
}

// ReleaseStandingTable puts in force a table that somebody else proposed, or that was in force before.
func (c *Client) ReleaseStandingTable(ctx context.Context, version, reason string) (v StandingVersion, err error) {
	return v, c.change(ctx, "/v1/standing-tables/"+url.PathEscape(version)+":release", map[string]string{"reason": reason}, &v)
}
