package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// Obligation is a duty of the catalogue, with how it stands. The description of the API says what the fields mean.
type Obligation struct {
	ID         string              `json:"id"`
	Pack       string              `json:"pack"`
	Instrument string              `json:"instrument"`
	Of         PackNames           `json:"of"`
	Address    string              `json:"address"`
	Complete   bool                `json:"complete"`
	Article    string              `json:"article"`
	Heading    PackNames           `json:"heading"`
	Clause     colophon.Clause     `json:"clause"`
	Title      PackNames           `json:"title"`
	Duty       PackNames           `json:"duty"`
	Who        []string            `json:"who"`
	Trigger    string              `json:"trigger"`
	Applies    Applies             `json:"applies"`
	Source     string              `json:"source"`
	Confidence string              `json:"confidence"` // primary, secondary, draft or unconfirmed
	From       time.Time           `json:"from"`
	To         *time.Time          `json:"to"`
	State      string              `json:"state"` // not-met, unknown, stale, waived, attested, met or not-applicable
	Under      string              `json:"under"`
	Reason     colophon.Code       `json:"reason"`
	Facts      []string            `json:"facts"`
	Waiver     string              `json:"waiver"`
	Until      *time.Time          `json:"until"`
	Controls   []ObligationControl `json:"controls"`
}

// Applies says when an obligation applies: all of some facts, any of some, and none of some.
type Applies struct {
	All  []string `json:"all"`
	Any  []string `json:"any"`
	None []string `json:"none"`
}

// ObligationControl is what meets an obligation, with what shows that it works.
type ObligationControl struct {
	ID     string            `json:"id"`
	Text   PackNames         `json:"text"`
	State  string            `json:"state"`
	Reason colophon.Code     `json:"reason"`
	Probe  string            `json:"probe"`
	Probes []ObligationProbe `json:"probes"`
}

// ObligationProbe says what a probe has to say of a control.
type ObligationProbe struct {
	Name        string        `json:"name"`
	Kind        string        `json:"kind"` // negative, query or attestation
	Title       PackNames     `json:"title"`
	State       string        `json:"state"`
	Reason      colophon.Code `json:"reason"`
	Observation string        `json:"observation"`
	Ends        *time.Time    `json:"ends"`
}

// Obligations are how obligations stand at a time, by what was known at a time. Counts are of all that were asked for,
// whatever their state.
type Obligations struct {
	At          time.Time      `json:"at"`
	Known       time.Time      `json:"known"`
	Obligations []Obligation   `json:"obligations"`
	Counts      map[string]int `json:"counts"`
}

// ObligationDay counts the states of obligations at a time.
type ObligationDay struct {
	At     time.Time      `json:"at"`
	Counts map[string]int `json:"counts"`
}

// ObligationChange is a change that follows by itself.
type ObligationChange struct {
	At         time.Time     `json:"at"`
	Why        string        `json:"why"`
	Obligation string        `json:"obligation"`
	Title      PackNames     `json:"title"`
	Before     string        `json:"before"`
	After      string        `json:"after"`
	Reason     colophon.Code `json:"reason"`
}

// ObligationSpan is a time in which an obligation stood in one way.
type ObligationSpan struct {
	From         time.Time     `json:"from"`
	To           time.Time     `json:"to"`
	State        string        `json:"state"`
	Under        string        `json:"under"`
	Reason       colophon.Code `json:"reason"`
	Observations []string      `json:"observations"`
}

// Probe is one way to find out whether a control works.
type Probe struct {
	Name        string       `json:"name"`
	Version     int          `json:"version"`
	Kind        string       `json:"kind"` // negative, query or attestation
	Title       PackNames    `json:"title"`
	Expect      PackNames    `json:"expect"`
	Every       int          `json:"every"` // hours
	Life        int          `json:"life"`  // hours
	Obligations []string     `json:"obligations"`
	Last        *Observation `json:"last"`
}

// Observation is what a probe saw in one run, or what a person said.
type Observation struct {
	ID        string        `json:"id"`
	Probe     string        `json:"probe"`
	Version   int           `json:"version"`
	Kind      string        `json:"kind"`
	From      time.Time     `json:"from"`
	To        *time.Time    `json:"to"`
	Collected time.Time     `json:"collected"`
	Received  time.Time     `json:"received"`
	Expected  string        `json:"expected"`
	Actual    string        `json:"actual"`
	Code      colophon.Code `json:"code"`
	Args      colophon.Args `json:"args"`
	Samples   []string      `json:"samples"`
	Digest    string        `json:"digest"`
	Outcome   string        `json:"outcome"` // passed, failed or could-not-tell
	By        string        `json:"by"`
	Asked     string        `json:"asked"`
	Void      colophon.Code `json:"void"`
	Voided    *time.Time    `json:"voided"`
}

// DutyFact is what was said of a fact that decides which obligations apply.
type DutyFact struct {
	ID        string     `json:"id"`
	Step      string     `json:"step"` // proposed, confirmed or rejected
	Fact      string     `json:"fact"`
	Answer    string     `json:"answer"` // yes, no or unknown
	Why       string     `json:"why"`
	From      time.Time  `json:"from"`
	Author    string     `json:"author"`
	Second    string     `json:"second"`
	Confirmed *time.Time `json:"confirmed"`
}

// DutyWaiver is leave to do without an obligation until a time.
type DutyWaiver struct {
	ID         string     `json:"id"`
	Step       string     `json:"step"` // proposed, approved, rejected or ended
	Obligation string     `json:"obligation"`
	Why        string     `json:"why"`
	Until      time.Time  `json:"until"`
	Author     string     `json:"author"`
	Second     string     `json:"second"`
	Approved   *time.Time `json:"approved"`
	Ended      *time.Time `json:"ended"`
	Ender      string     `json:"ender"`
}

// Asked is a moment that is asked about. A zero At is now; a zero Known is what is known now.
type Asked struct {
	At, Known time.Time
}

func (a Asked) put(q url.Values) url.Values {
	for name, at := range map[string]time.Time{"at": a.At, "known": a.Known} {
		if !at.IsZero() {
			q.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	return q
}

func span(from, to time.Time) url.Values {
	return url.Values{"from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}}
}

// Obligations returns how obligations stand at a moment. A filter has "state", "instrument" and "article".
func (c *Client) Obligations(ctx context.Context, at Asked, filter url.Values) (o Obligations, err error) {
	q := url.Values{}
	for name, values := range filter {
		q[name] = values
	}
	return o, c.get(ctx, request{method: http.MethodGet, path: "/v1/obligations", query: at.put(q)}, &o)
}

func obligationPath(id string) string { return "/v1/obligations/" + url.PathEscape(id) }

// Obligation returns how one obligation stands at a moment.
func (c *Client) Obligation(ctx context.Context, id string, at Asked) (o Obligation, err error) {
	return o, c.get(ctx, request{method: http.MethodGet, path: obligationPath(id), query: at.put(url.Values{})}, &o)
}

// ObligationHistory returns how an obligation stood between two times, by what was known at a third; by what is known now for
// a zero one. Worst is the worst state in the time.
func (c *Client) ObligationHistory(ctx context.Context, id string, from, to, known time.Time) (worst string, spans []ObligationSpan, err error) {
	var out struct {
		Worst string
		Spans []ObligationSpan
	}
	err = c.get(ctx, request{method: http.MethodGet, path: obligationPath(id) + "/history", query: Asked{Known: known}.put(span(from, to))}, &out)
	return out.Worst, out.Spans, err
}

// ObligationDays counts states once for each day between two times.
func (c *Client) ObligationDays(ctx context.Context, from, to time.Time) ([]ObligationDay, error) {
	var out struct{ Days []ObligationDay }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/obligation-days", query: span(from, to)}, &out)
	return out.Days, err
}

// ObligationChanges returns what changes between two times if nothing happens.
func (c *Client) ObligationChanges(ctx context.Context, from, to time.Time) ([]ObligationChange, error) {
	var out struct{ Changes []ObligationChange }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/obligation-changes", query: span(from, to)}, &out)
	return out.Changes, err
}

// Probes returns the probes of the catalogue with what each saw last.
func (c *Client) Probes(ctx context.Context) ([]Probe, error) {
	var out struct{ Probes []Probe }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/probes"}, &out)
	return out.Probes, err
}

func probePath(name string) string { return "/v1/probes/" + url.PathEscape(name) }

// RunProbe runs a query of the catalogue now.
func (c *Client) RunProbe(ctx context.Context, name string) (o Observation, err error) {
	return o, c.change(ctx, probePath(name)+":run", nil, &o)
}

// AttestProbe says of a probe that asks a person how it is. A zero from is now, a zero to is until the probe asks again.
func (c *Client) AttestProbe(ctx context.Context, name, outcome, said string, from, to time.Time) (o Observation, err error) {
	body := map[string]any{"outcome": outcome, "said": said}
	setTime(body, "from", from)
	setTime(body, "to", to)
	return o, c.change(ctx, probePath(name)+":attest", body, &o)
}

func setTime(body map[string]any, name string, at time.Time) {
	if !at.IsZero() {
		body[name] = at
	}
}

// Observations returns a page of what probes saw, the newest first, and the cursor of the next one.
func (c *Client) Observations(ctx context.Context, l Listing) (list []Observation, next string, err error) {
	var page struct {
		Observations []Observation
		Next         string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/observations", query: l.query()}, &page)
	return page.Observations, page.Next, err
}

// Observation returns what a probe saw.
func (c *Client) Observation(ctx context.Context, id string) (o Observation, err error) {
	return o, c.get(ctx, request{method: http.MethodGet, path: "/v1/observations/" + url.PathEscape(id)}, &o)
}

// ObservationArtefact returns what shows an observation; the caller closes it.
func (c *Client) ObservationArtefact(ctx context.Context, id string) (io.ReadCloser, error) {
	return c.body(ctx, "/v1/observations/"+url.PathEscape(id)+"/artefact", nil)
}

// DutyFacts returns a page of what was said of facts, the newest first, every fact that something may be said of, and the
// cursor of the next page.
func (c *Client) DutyFacts(ctx context.Context, l Listing) (list []DutyFact, all []string, next string, err error) {
	var page struct {
		Facts []DutyFact
		All   []string
		Next  string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/duty-facts", query: l.query()}, &page)
	return page.Facts, page.All, page.Next, err
}

// DeclareDutyFact says of a fact whether it is so, since a time; a zero one is now. Somebody else has to confirm it.
func (c *Client) DeclareDutyFact(ctx context.Context, fact, answer, why string, from time.Time) (f DutyFact, err error) {
	body := map[string]any{"fact": fact, "answer": answer, "why": why}
	setTime(body, "from", from)
	return f, c.change(ctx, "/v1/duty-facts", body, &f)
}

func dutyFactPath(id string) string { return "/v1/duty-facts/" + url.PathEscape(id) }

// ConfirmDutyFact lets what somebody else said of a fact count.
func (c *Client) ConfirmDutyFact(ctx context.Context, id string) (f DutyFact, err error) {
	return f, c.change(ctx, dutyFactPath(id)+":confirm", nil, &f)
}

// RejectDutyFact says that it is not so, or takes it back.
func (c *Client) RejectDutyFact(ctx context.Context, id, note string) (f DutyFact, err error) {
	return f, c.change(ctx, dutyFactPath(id)+":reject", map[string]any{"note": note}, &f)
}

// DutyWaivers returns a page of waivers, the newest first, and the cursor of the next one. A filter has "obligation".
func (c *Client) DutyWaivers(ctx context.Context, l Listing) (list []DutyWaiver, next string, err error) {
	var page struct {
		Waivers []DutyWaiver
		Next    string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/duty-waivers", query: l.query()}, &page)
	return page.Waivers, page.Next, err
}

// ProposeDutyWaiver proposes to do without an obligation until a time. Somebody else has to approve it.
func (c *Client) ProposeDutyWaiver(ctx context.Context, obligation string, until time.Time, why string) (w DutyWaiver, err error) {
	return w, c.change(ctx, "/v1/duty-waivers", map[string]any{"obligation": obligation, "until": until, "why": why}, &w)
}

func dutyWaiverPath(id string) string { return "/v1/duty-waivers/" + url.PathEscape(id) }

// ApproveDutyWaiver approves a waiver that somebody else proposed.
func (c *Client) ApproveDutyWaiver(ctx context.Context, id string) (w DutyWaiver, err error) {
	return w, c.change(ctx, dutyWaiverPath(id)+":approve", nil, &w)
}

// RejectDutyWaiver rejects a waiver, or takes it back.
func (c *Client) RejectDutyWaiver(ctx context.Context, id, note string) (w DutyWaiver, err error) {
	return w, c.change(ctx, dutyWaiverPath(id)+":reject", map[string]any{"note": note}, &w)
}

// EndDutyWaiver ends a waiver before its time.
func (c *Client) EndDutyWaiver(ctx context.Context, id, note string) (w DutyWaiver, err error) {
	return w, c.change(ctx, dutyWaiverPath(id)+":end", map[string]any{"note": note}, &w)
}

// OSCALCatalog returns the catalogue of duties as an OSCAL catalog, in zh or en.
func (c *Client) OSCALCatalog(ctx context.Context, language string) (raw json.RawMessage, err error) {
	return raw, c.get(ctx, request{method: http.MethodGet, path: "/v1/oscal/catalog", query: url.Values{"lang": {language}}}, &raw)
}

// OSCALResults returns how obligations stand at a moment as OSCAL assessment results, in zh or en.
func (c *Client) OSCALResults(ctx context.Context, language string, at Asked) (raw json.RawMessage, err error) {
	return raw, c.get(ctx, request{method: http.MethodGet, path: "/v1/oscal/assessment-results", query: at.put(url.Values{"lang": {language}})}, &raw)
}
