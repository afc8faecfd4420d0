package httpapi

import (
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
)

// DutyText is a sentence of the catalogue of duties in both languages.
type DutyText struct {
	EN string `json:"en" doc:"In English."`
	ZH string `json:"zh" doc:"In Chinese."`
}

// Applies says when an obligation applies: all of some facts, any of some, and none of some.
type Applies struct {
	All  []duty.Fact `json:"all,omitempty" nullable:"false" doc:"All of these are so."`
	Any  []duty.Fact `json:"any,omitempty" nullable:"false" doc:"One of these is so."`
	None []duty.Fact `json:"none,omitempty" nullable:"false" doc:"None of these is so."`
}

// Obligation is a duty of the catalogue, with how it stands.
type Obligation struct {
	ID         string              `json:"id" doc:"Identifier." example:"ds-7-1"`
	Pack       string              `json:"pack" doc:"Pack that it is of." example:"china"`
	Instrument string              `json:"instrument" doc:"Identifier of the law, measure or standard." example:"dsp"`
	Of         DutyText            `json:"of" doc:"What that is called."`
	Address    string              `json:"address" doc:"Where its official text is."`
	Complete   bool                `json:"complete" doc:"All of its articles that bind somebody are in the pack."`
	Article    string              `json:"article" doc:"Article." example:"7"`
	Heading    DutyText            `json:"heading" doc:"What the article is about, in words of this project."`
	Clause     colophon.Clause     `json:"clause,omitempty" doc:"Clause of Colophon; absent where it has none."`
	Title      DutyText            `json:"title" doc:"What the obligation is called."`
	Duty       DutyText            `json:"duty" doc:"What it asks for, in words of this project."`
	Who        []duty.Who          `json:"who" nullable:"false" enum:"provider,supporter,platform,app-store,user,anybody" doc:"Who is bound."`
	Trigger    duty.Trigger        `json:"trigger" doc:"On which occasion."`
	Applies    Applies             `json:"applies" doc:"When it applies; always where nothing is said."`
	Source     string              `json:"source" doc:"Where it is taken from."`
	Confidence duty.Confidence     `json:"confidence" enum:"primary,secondary,draft,unconfirmed" doc:"primary: the official text was read; secondary: another source tells it; draft: a draft has it; unconfirmed: nobody looked it up."`
	From       time.Time           `json:"from" doc:"Since when it is in force."`
	To         *time.Time          `json:"to,omitempty" doc:"Until when; absent for no end."`
	State      duty.State          `json:"state" enum:"not-met,unknown,stale,waived,attested,met,not-applicable" doc:"How it stands."`
	Under      duty.State          `json:"under" enum:"not-met,unknown,stale,waived,attested,met,not-applicable" doc:"What a waiver covers; the same as state without one."`
	Reason     colophon.Code       `json:"reason" doc:"Why."`
	Facts      []duty.Fact         `json:"facts,omitempty" nullable:"false" doc:"Facts that decided, or that nobody told."`
	Waiver     string              `json:"waiver,omitempty" doc:"Waiver in force."`
	Until      *time.Time          `json:"until,omitempty" doc:"When it changes if nothing happens; absent for never."`
	Controls   []ObligationControl `json:"controls" nullable:"false" doc:"What meets it, each with how it stands. Empty where it was not looked at."`
}

// ObligationControl is what of Colophon meets an obligation, with what shows that it works.
type ObligationControl struct {
	ID     string            `json:"id" doc:"Identifier."`
	Text   DutyText          `json:"text" doc:"What it is."`
	State  duty.State        `json:"state" enum:"not-met,unknown,stale,attested,met" doc:"The worst of its probes."`
	Reason colophon.Code     `json:"reason" doc:"Why."`
	Probe  string            `json:"probe,omitempty" doc:"The probe that decided."`
	Probes []ObligationProbe `json:"probes" nullable:"false" doc:"How each probe stands."`
}

// ObligationProbe says what a probe has to say of a control.
type ObligationProbe struct {
	Name        string        `json:"name" doc:"Name."`
	Kind        duty.Kind     `json:"kind" enum:"negative,query,attestation" doc:"negative: something forbidden is tried; query: live records are asked; attestation: a person says so."`
	Title       DutyText      `json:"title" doc:"What it looks at."`
	State       duty.State    `json:"state" enum:"not-met,unknown,stale,attested,met" doc:"What it says."`
	Reason      colophon.Code `json:"reason" doc:"Why."`
	Observation string        `json:"observation,omitempty" doc:"The observation that decided."`
	Ends        *time.Time    `json:"ends,omitempty" doc:"When what it says ends."`
}

func (s *server) viewObligation(i duty.Item, st duty.Standing) Obligation {
	o := i.Obligation
	v := Obligation{ID: o.ID, Pack: i.Pack, Instrument: i.Instrument.ID, Of: DutyText(i.Instrument.Title), Address: i.Instrument.Address, Complete: i.Instrument.Complete,
		Article: i.Article.Number, Heading: DutyText(i.Article.Title), Clause: i.Article.Clause, Title: DutyText(o.Title), Duty: DutyText(o.Duty), Who: o.Who, Trigger: o.Trigger,
		Applies: Applies(o.Applies), Source: o.Source, Confidence: o.Confidence, From: i.From, To: set(i.To), State: st.State, Under: st.Under, Reason: st.Reason,
		Facts: st.Facts, Waiver: st.Waiver, Until: set(st.Until), Controls: []ObligationControl{}}
	texts := map[string]duty.Text{}
	for _, c := range o.Controls {
		texts[c.ID] = c.Text
	}
	for _, c := range st.Controls {
		control := ObligationControl{c.Control, DutyText(texts[c.Control]), c.State, c.Reason, c.Probe, []ObligationProbe{}}
		for _, p := range c.Probes {
			probe, _ := s.Duties.Catalogue().Probe(p.Probe) // the catalogue was checked
			control.Probes = append(control.Probes, ObligationProbe{p.Probe, p.Kind, DutyText(probe.Title), p.State, p.Reason, p.Observation, set(p.Ends)})
		}
		v.Controls = append(v.Controls, control)
	}
	return v
}

// Probe is one way to find out whether a control works.
type Probe struct {
	Name        string       `json:"name" doc:"Name." example:"label-read-back"`
	Version     int          `json:"version" doc:"Version in use."`
	Kind        duty.Kind    `json:"kind" enum:"negative,query,attestation" doc:"negative: something forbidden is tried; query: live records are asked; attestation: a person says so."`
	Title       DutyText     `json:"title" doc:"What it looks at."`
	Expect      DutyText     `json:"expect" doc:"What is expected."`
	Every       int          `json:"every" doc:"Hours between two runs."`
	Life        int          `json:"life" doc:"Hours for which a run that passed counts."`
	Obligations []string     `json:"obligations" nullable:"false" doc:"Obligations that it speaks of."`
	Last        *Observation `json:"last,omitempty" doc:"What it saw last; absent where it never ran."`
}

func viewProbe(p duty.Probe) Probe {
	return Probe{p.Name, p.Version, p.Kind, DutyText(p.Title), DutyText(p.Expect), p.Every, p.Life, []string{}, nil}
}

// Observation is what a probe saw in one run, or what a person said.
type Observation struct {
	ID        string        `json:"id" doc:"Identifier."`
	Probe     string        `json:"probe" doc:"Probe."`
	Version   int           `json:"version" doc:"Its version then."`
	Kind      duty.Kind     `json:"kind" enum:"negative,query,attestation" doc:"Its kind."`
	From      time.Time     `json:"from" doc:"Since when it speaks of."`
	To        *time.Time    `json:"to,omitempty" doc:"Until when it speaks of; absent where that has no end of its own."`
	Collected time.Time     `json:"collected" doc:"When it was seen."`
	Received  time.Time     `json:"received" doc:"When it came in."`
	Expected  string        `json:"expected" doc:"What was expected."`
	Actual    string        `json:"actual" doc:"What was seen."`
	Code      colophon.Code `json:"code,omitempty" doc:"What was seen, as a code; absent where only actual says it."`
	Args      colophon.Args `json:"args,omitempty" doc:"Its arguments."`
	Samples   []string      `json:"samples" nullable:"false" doc:"Identifiers of what was looked at, what is amiss first."`
	Digest    string        `json:"digest,omitempty" doc:"SHA-256 of the artefact that shows it, in hexadecimal; absent where there is none."`
	Outcome   duty.Outcome  `json:"outcome" enum:"passed,failed,could-not-tell" doc:"What it came to."`
	By        string        `json:"by,omitempty" doc:"Staff account, of what a person said."`
	Asked     string        `json:"asked,omitempty" doc:"Staff account that had it run; absent where its time had come."`
	Void      colophon.Code `json:"void,omitempty" doc:"Why it counts for nothing any more."`
	Voided    *time.Time    `json:"voided,omitempty" doc:"Since when."`
}

func viewObservation(o duty.Observation) Observation {
	return Observation{o.ID, o.Probe, o.Version, o.Kind, o.From, set(o.To), o.Collected, o.Received, o.Expected, o.Actual, o.Code, o.Args, append([]string{}, o.Samples...), o.Digest,
		o.Outcome, o.By, o.Asked, o.Void, set(o.Voided)}
}

// DutyFact is what was said of a fact.
type DutyFact struct {
	ID        string      `json:"id" doc:"Identifier."`
	Step      duty.Step   `json:"step" enum:"proposed,confirmed,rejected" doc:"It counts once it is confirmed."`
	Fact      duty.Fact   `json:"fact" doc:"Fact." example:"provider"`
	Answer    duty.Answer `json:"answer" enum:"yes,no,unknown" doc:"Whether it is so; unknown takes an earlier answer back."`
	Why       string      `json:"why" doc:"How that is known."`
	From      time.Time   `json:"from" doc:"Since when it is so."`
	Author    string      `json:"author,omitempty" doc:"Staff account that said it; absent for the program."`
	Second    string      `json:"second,omitempty" doc:"Staff account that confirmed or rejected it."`
	Confirmed *time.Time  `json:"confirmed,omitempty" doc:"When it was confirmed."`
}

func viewDutyFact(st duty.Statement) DutyFact {
	return DutyFact{st.ID, st.Step, st.Fact, st.Answer, st.Why, st.From, st.Author, st.Second, set(st.Confirmed)}
}

// DutyWaiver is leave to do without an obligation until a time.
type DutyWaiver struct {
	ID         string     `json:"id" doc:"Identifier."`
	Step       duty.Step  `json:"step" enum:"proposed,approved,rejected,ended" doc:"It counts while it is approved and its time is not over."`
	Obligation string     `json:"obligation" doc:"Obligation."`
	Why        string     `json:"why" doc:"Why."`
	Until      time.Time  `json:"until" doc:"Until when."`
	Author     string     `json:"author" doc:"Staff account that proposed it."`
	Second     string     `json:"second,omitempty" doc:"Staff account that approved or rejected it."`
	Approved   *time.Time `json:"approved,omitempty" doc:"When it was approved."`
	Ended      *time.Time `json:"ended,omitempty" doc:"When it was ended before its time."`
	Ender      string     `json:"ender,omitempty" doc:"Staff account that ended it."`
}

func viewWaiver(w duty.Waiver) DutyWaiver {
	return DutyWaiver{w.ID, w.Step, w.Obligation, w.Why, w.Until, w.Author, w.Second, set(w.Approved), set(w.Ended), w.Ender}
}
