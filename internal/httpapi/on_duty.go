package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/staff"
)

// DutyDesk runs queries of the catalogue of duties.
type DutyDesk interface {
	// RunProbe runs a query now for an account of the staff, and enters what it saw. A probe that is no query is refused.
	RunProbe(ctx context.Context, probe, asked string) (duty.Observation, error)
}

func obligationRoutes() []route {
	return []route{
		{get, "/v1/obligations", "obligations", staff.DutyRead, "duties", 0, 200, do((*server).obligations), "List obligations with how each stands, now or at another time", 0},
		{get, "/v1/obligation-days", "obligation-days", staff.DutyRead, "duties", 0, 200, do((*server).obligationDays), "Count the states of obligations at the end of each day", 0},
		{get, "/v1/obligation-changes", "obligation-changes", staff.DutyRead, "duties", 0, 200, do((*server).obligationChanges), "List what changes between two times if nothing happens", 0},
		{get, "/v1/obligations/{id}", "obligation", staff.DutyRead, "duties", 0, 200, do((*server).obligation), "Show how an obligation stands, and what says so", 0},
		{get, "/v1/obligations/{id}/history", "obligation-history", staff.DutyRead, "duties", 0, 200, do((*server).obligationHistory), "Show how an obligation stood between two times", 0},
		{get, "/v1/probes", "probes", staff.DutyRead, "duties", 0, 200, do((*server).probes), "List probes with what each saw last", 0},
		{post, "/v1/probes/{id}:run", "run-probe", staff.DutyRun, "duties", 0, 201, once((*server).runProbe), "Run a query now", 0},
		{post, "/v1/probes/{id}:attest", "attest-probe", staff.DutySay, "duties", small, 201, once((*server).attestProbe), "Say of a probe that asks a person how it is", 0},
		{get, "/v1/observations", "observations", staff.DutyRead, "duties", 0, 200, do((*server).observations), "List what probes saw, the newest first", 0},
		{get, "/v1/observations/{id}", "observation", staff.DutyRead, "duties", 0, 200, do((*server).observation), "Show what a probe saw", 0},
		{get, "/v1/observations/{id}/artefact", "observation-artefact", staff.DutyRead, "duties", 0, 200, do((*server).observationArtefact), "Hand out what shows an observation, under the digest that is on record", 0},
	}
}

// Moment is the input of questions about a time.
type Moment struct {
	At    time.Time `query:"at" doc:"When it is asked for; now where it is left out." example:"2026-11-22T23:59:59+08:00"`
	Known time.Time `query:"known" doc:"By what was known then; now where it is left out. The same as at asks what one would have said at the time."`
}

func (m Moment) of() duty.Moment { return duty.Moment{At: m.At, Known: m.Known} }

// obligationsInput narrows the list of obligations.
type obligationsInput struct {
	Moment
	States     []duty.State `query:"state,explode" nullable:"false" maxItems:"7" enum:"not-met,unknown,stale,waived,attested,met,not-applicable" doc:"State; may be repeated."`
	Instrument string       `query:"instrument" maxLength:"64" doc:"Instrument." example:"dsp"`
	Article    string       `query:"article" maxLength:"64" doc:"Article of the instrument." example:"7"`
}

type obligationsOutput struct {
	Body struct {
		At          time.Time          `json:"at" doc:"When it was asked for."`
		Known       time.Time          `json:"known" doc:"By what was known then."`
		Obligations []Obligation       `json:"obligations" nullable:"false" doc:"In the order of the catalogue."`
		Counts      map[duty.State]int `json:"counts" doc:"How many are in each state, of those that were asked for before the state."`
	}
}

// asked is the moment that is asked about, with both times set.
func (s *server) asked(m duty.Moment) duty.Moment {
	now := s.Duties.Now()
	if m.At.IsZero() {
		m.At = now
	}
	if m.Known.IsZero() {
		m.Known = now
	}
	return m
}

func (s *server) obligations(ctx context.Context, in *obligationsInput) (*obligationsOutput, error) {
	m := s.asked(in.of())
	standings, err := s.Duties.Standings(ctx, m)
	if err != nil {
		return nil, err
	}
	out := &obligationsOutput{}
	out.Body.At, out.Body.Known, out.Body.Obligations, out.Body.Counts = m.At, m.Known, []Obligation{}, map[duty.State]int{}
	for n, i := range s.Duties.Catalogue().Items() {
		if in.Instrument != "" && i.Instrument.ID != in.Instrument || in.Article != "" && i.Article.Number != in.Article {
			continue
		}
		st := standings[n]
		out.Body.Counts[st.State]++
		if len(in.States) == 0 || slices.Contains(in.States, st.State) {
			out.Body.Obligations = append(out.Body.Obligations, s.viewObligation(i, st))
		}
	}
	return out, nil
}

type obligationInput struct {
	Named
	Moment
}

type obligationOutput struct{ Body Obligation }

func (s *server) obligation(ctx context.Context, in *obligationInput) (*obligationOutput, error) {
	i, err := s.Duties.Catalogue().Item(in.ID)
	if err != nil {
		return nil, err
	}
	st, err := s.Duties.Standing(ctx, in.ID, s.asked(in.of()))
	return &obligationOutput{s.viewObligation(i, st)}, err
}

// maxDays is the longest time that a question with two ends may be about.
const maxDays = 400

// Between is the input of questions about a time with two ends.
type Between struct {
	From time.Time `query:"from" required:"true" doc:"From when."`
	To   time.Time `query:"to" required:"true" doc:"Until when."`
}

// check refuses a time that is none, or too long.
func (b Between) check() error {
	if !b.From.Before(b.To) || b.To.Sub(b.From) > maxDays*24*time.Hour {
		return invalid("query.to", "expected a time after from, and at most 400 days later")
	}
	return nil
}

type obligationDaysOutput struct {
	Body struct {
		Days []ObligationDay `json:"days" nullable:"false" doc:"One for each day."`
	}
}

// ObligationDay counts states.
type ObligationDay struct {
	At     time.Time          `json:"at" doc:"When they were counted: 24 hours after the last one."`
	Counts map[duty.State]int `json:"counts" doc:"How many were in each state."`
}

func (s *server) obligationDays(ctx context.Context, in *Between) (*obligationDaysOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	inputs, err := s.Duties.Inputs(ctx, nil)
	if err != nil {
		return nil, err
	}
	out := &obligationDaysOutput{}
	out.Body.Days = []ObligationDay{}
	known := s.asked(duty.Moment{}).Known
	for at := in.From; !at.After(in.To); at = at.Add(24 * time.Hour) {
		day := ObligationDay{At: at.UTC(), Counts: map[duty.State]int{}}
		for _, i := range s.Duties.Catalogue().Items() {
			day.Counts[s.Duties.Catalogue().Evaluate(i, inputs, duty.Moment{At: at, Known: known}).State]++
		}
		out.Body.Days = append(out.Body.Days, day)
	}
	return out, ctx.Err()
}

type obligationChangesOutput struct {
	Body struct {
		Changes []ObligationChange `json:"changes" nullable:"false" doc:"In the order of time."`
	}
}

// ObligationChange is a change that follows by itself.
type ObligationChange struct {
	At         time.Time     `json:"at" doc:"When."`
	Why        duty.Why      `json:"why" enum:"begins,ceases,fact,proof-ends,proof-begins,waiver-ends,waiver-begins" doc:"By what."`
	Obligation string        `json:"obligation" doc:"Obligation."`
	Title      DutyText      `json:"title" doc:"What it is called."`
	Before     duty.State    `json:"before" enum:"not-met,unknown,stale,waived,attested,met,not-applicable" doc:"State before."`
	After      duty.State    `json:"after" enum:"not-met,unknown,stale,waived,attested,met,not-applicable" doc:"State after."`
	Reason     colophon.Code `json:"reason" doc:"Why it is so after."`
}

func (s *server) obligationChanges(ctx context.Context, in *Between) (*obligationChangesOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	list, err := s.Duties.Coming(ctx, in.From, in.To)
	out := &obligationChangesOutput{}
	out.Body.Changes = []ObligationChange{}
	for _, c := range list {
		i, failed := s.Duties.Catalogue().Item(c.Obligation)
		if failed != nil {
			return nil, failed
		}
		out.Body.Changes = append(out.Body.Changes, ObligationChange{c.At, c.Why, c.Obligation, DutyText(i.Obligation.Title), c.Before.State, c.After.State, c.After.Reason})
	}
	return out, err
}

type obligationHistoryInput struct {
	Named
	Between
	Known time.Time `query:"known" doc:"By what was known then; now where it is left out."`
}

// ObligationSpan is a time in which an obligation stood in one way.
type ObligationSpan struct {
	From         time.Time     `json:"from" doc:"From when."`
	To           time.Time     `json:"to" doc:"Until before when."`
	State        duty.State    `json:"state" enum:"not-met,unknown,stale,waived,attested,met,not-applicable" doc:"How it stood."`
	Under        duty.State    `json:"under" enum:"not-met,unknown,stale,waived,attested,met,not-applicable" doc:"What a waiver covered; the same as state without one."`
	Reason       colophon.Code `json:"reason" doc:"Why."`
	Observations []string      `json:"observations" nullable:"false" doc:"What decided."`
}

type obligationHistoryOutput struct {
	Body struct {
		Worst duty.State       `json:"worst" enum:"not-met,unknown,stale,waived,attested,met,not-applicable" doc:"The worst state in the time."`
		Spans []ObligationSpan `json:"spans" nullable:"false" doc:"They touch."`
	}
}

func (s *server) obligationHistory(ctx context.Context, in *obligationHistoryInput) (*obligationHistoryOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	spans, err := s.Duties.History(ctx, in.ID, in.From, in.To, in.Known)
	out := &obligationHistoryOutput{}
	out.Body.Worst, out.Body.Spans = duty.Worst(spans), []ObligationSpan{}
	for _, sp := range spans {
		st := sp.Standing
		out.Body.Spans = append(out.Body.Spans, ObligationSpan{sp.From, sp.To, st.State, st.Under, st.Reason, append([]string{}, st.Observations()...)})
	}
	return out, err
}

type probesOutput struct {
	Body struct {
		Probes []Probe `json:"probes" nullable:"false" doc:"In the order of the catalogue."`
	}
}

// recentObservations is how many observations are read at once: a day of all probes and more.
const recentObservations = 200

func (s *server) probes(ctx context.Context, _ *struct{}) (*probesOutput, error) {
	out := &probesOutput{}
	out.Body.Probes = []Probe{}
	newest, more, err := s.Duties.Observations(ctx, "", "", recentObservations)
	if err != nil {
		return nil, err
	}
	last := map[string]*duty.Observation{}
	for i, o := range newest {
		if last[o.Probe] == nil {
			last[o.Probe] = &newest[i]
		}
	}
	for _, p := range s.Duties.Catalogue().Probes() {
		v := viewProbe(p)
		for _, i := range s.Duties.Catalogue().Shows(p.Name) {
			v.Obligations = append(v.Obligations, i.Obligation.ID)
		}
		if last[p.Name] == nil && more != "" { // it ran before all of these, or never
			list, _, err := s.Duties.Observations(ctx, p.Name, "", 1)
			if err != nil {
				return nil, err
			}
			if len(list) > 0 {
				last[p.Name] = &list[0]
			}
		}
		if o := last[p.Name]; o != nil {
			seen := viewObservation(*o)
			v.Last = &seen
		}
		out.Body.Probes = append(out.Body.Probes, v)
	}
	return out, nil
}

type observationOutput struct {
	Replayed
	Body Observation
}

func shownObservation(o duty.Observation, err error) (*observationOutput, error) {
	if err != nil {
		return nil, err
	}
	return &observationOutput{Body: viewObservation(o)}, nil
}

func (s *server) runProbe(ctx context.Context, in *judgeInput) (*observationOutput, error) {
	return shownObservation(s.DutyDesk.RunProbe(ctx, in.ID, askerOf(ctx).by.ID))
}

type attestProbeInput struct {
	Keyed
	Named
	Body struct {
		Outcome duty.Outcome `json:"outcome" enum:"passed,failed,could-not-tell" doc:"How it is."`
		Said    string       `json:"said" minLength:"1" maxLength:"1300" doc:"How you know, and since when. It stands in the record: name nobody."`
		From    time.Time    `json:"from,omitzero" doc:"Since when it is so; without it from now on."`
		To      time.Time    `json:"to,omitzero" doc:"Until when it is so; without it until the probe asks again."`
	}
}

func (s *server) attestProbe(ctx context.Context, in *attestProbeInput) (*observationOutput, error) {
	p, err := s.Duties.Catalogue().Probe(in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	return shownObservation(s.Duties.Attest(ctx, ledgerBy(ctx), duty.Observation{Probe: p.Name, Version: p.Version, From: b.From, To: b.To,
		Collected: s.asked(duty.Moment{}).At, Expected: p.Expect.ZH, Actual: b.Said, Outcome: b.Outcome}))
}

type observationsInput struct {
	Page
	Probe string `query:"probe" maxLength:"64" doc:"Probe." example:"label-read-back"`
}

type observationsOutput struct {
	Body struct {
		Observations []Observation `json:"observations" nullable:"false" doc:"The newest first."`
		Next         string        `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) observations(ctx context.Context, in *observationsInput) (*observationsOutput, error) {
	list, next, err := s.Duties.Observations(ctx, in.Probe, in.Cursor, in.Limit)
	out := &observationsOutput{}
	out.Body.Observations, out.Body.Next = []Observation{}, next
	for _, o := range list {
		out.Body.Observations = append(out.Body.Observations, viewObservation(o))
	}
	return out, err
}

func (s *server) observation(ctx context.Context, in *Named) (*observationOutput, error) {
	return shownObservation(s.Duties.Observation(ctx, in.ID))
}

// observationArtefact hands out what shows an observation: nobody's browser runs it.
func (s *server) observationArtefact(ctx context.Context, in *Named) (*stream, error) {
	o, err := s.Duties.Observation(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	raw, err := s.Duties.Artefact(ctx, o)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", `attachment; filename="`+o.Probe+"-"+o.ID+`"`)
		copyOut(w, bytes.NewReader(raw))
	}), nil
}
