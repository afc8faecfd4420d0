package httpapi

import (
	"cmp"
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/standing"
)

// MeasureDecider is a person who decided about a measure.
type MeasureDecider struct {
	Role evidence.Role `json:"role" doc:"In which role."`
	ID   string        `json:"id" doc:"Staff account."`
	At   time.Time     `json:"at" doc:"When."`
}

// MeasureNotice says that the account holder was told.
type MeasureNotice struct {
	At  time.Time `json:"at" doc:"When it was delivered."`
	How string    `json:"how" minLength:"1" maxLength:"64" pattern:"^[0-9A-Za-z_.:/-]+$" patternDescription:"a word" doc:"How it was delivered." example:"in-app"`
}

// MeasureClosing says how a measure ended before its time.
type MeasureClosing struct {
	MeasureDecider
	Why colophon.Code `json:"why" doc:"Why."`
}

// MeasureStatement is the statement of reasons in both languages, a sentence each: what is done and for how long, what
// happened, on what ground, by whom, how it ended, how to appeal.
type MeasureStatement struct {
	En []string `json:"en" nullable:"false" doc:"In English."`
	Zh []string `json:"zh" nullable:"false" doc:"In Chinese."`
}

// Measure is a measure against an account.
type Measure struct {
	ID        string            `json:"id" doc:"Identifier."`
	Subject   evidence.Subject  `json:"subject" doc:"Pseudonym of the account."`
	State     standing.State    `json:"state" enum:"proposed,active,ended,lifted,restored,rejected" doc:"How far it is. Ended: its time was over. Lifted: ended before. Restored: taken back."`
	Step      standing.Step     `json:"step" enum:"remind,warn,limit-function,mute-publishing,suspend,close,bar" doc:"Step of the ladder."`
	Function  string            `json:"function,omitempty" doc:"The function that is limited."`
	Clauses   []colophon.Clause `json:"clauses" nullable:"false" doc:"Clauses that are its ground."`
	Terms     string            `json:"terms,omitempty" doc:"Clause of your terms that is its ground."`
	Fact      colophon.Code     `json:"fact" doc:"What happened."`
	Findings  []string          `json:"findings" nullable:"false" doc:"Identifiers of judgements, held items, signals or records."`
	Rule      string            `json:"rule,omitempty" doc:"Rule that took or proposed it, with the version of its table."`
	Origin    string            `json:"origin,omitempty" doc:"What proposed it, such as a held item."`
	By        string            `json:"by,omitempty" doc:"Staff account that took or proposed it; absent for a rule."`
	Deciders  []MeasureDecider  `json:"deciders" nullable:"false" doc:"People who decided, in their order. Closing and barring need two."`
	Made      time.Time         `json:"made" doc:"When it was taken or proposed."`
	Start     *time.Time        `json:"start,omitempty" doc:"When it became active."`
	Until     *time.Time        `json:"until,omitempty" doc:"Until when; absent for no end."`
	Ended     *time.Time        `json:"ended,omitempty" doc:"When it stopped being in force."`
	InForce   bool              `json:"in_force" doc:"It is in force now."`
	Notices   []MeasureNotice   `json:"notices" nullable:"false" doc:"When and how the account holder was told."`
	Appeal    string            `json:"appeal,omitempty" doc:"Link or code by which the account holder appeals."`
	Closed    *MeasureClosing   `json:"closed,omitempty" doc:"Who lifted, took back or rejected it, when and why."`
	Statement *MeasureStatement `json:"statement,omitempty" doc:"What you may show the account holder; absent for what was only proposed, or rejected."`
}

func (s *server) viewMeasure(m standing.Measure) Measure {
	v := Measure{ID: m.ID, Subject: m.Subject, State: m.State, Step: m.Step, Function: m.Function, Clauses: append([]colophon.Clause{}, m.Ground.Clauses...), Terms: m.Ground.Terms, Fact: m.Fact,
		Findings: append([]string{}, m.Findings...), Rule: m.Rule, Origin: m.Origin, By: m.By.ID, Deciders: []MeasureDecider{}, Made: m.Made, Start: set(m.Start), Until: set(m.Until), Ended: set(m.Ended),
		InForce: s.Standing.InForce(m), Notices: []MeasureNotice{}, Appeal: m.Appeal}
	for _, d := range m.Deciders {
		v.Deciders = append(v.Deciders, MeasureDecider{d.Role, d.ID, d.At})
	}
	for _, n := range m.Notices {
		v.Notices = append(v.Notices, MeasureNotice(n))
	}
	if c := m.Closed; c != nil {
		v.Closed = &MeasureClosing{MeasureDecider{c.Role, c.ID, c.At}, c.Why}
	}
	if said := m.Statement(); said != nil {
		v.Statement = &MeasureStatement{}
		for _, sentence := range said {
			v.Statement.En = append(v.Statement.En, catalogues()[locale.English].Code(sentence.Code, sentence.Args))
			v.Statement.Zh = append(v.Statement.Zh, catalogues()[locale.Chinese].Code(sentence.Code, sentence.Args))
		}
	}
	return v
}

func (s *server) viewMeasures(list []standing.Measure) []Measure {
	views := []Measure{}
	for _, m := range list {
		views = append(views, s.viewMeasure(m))
	}
	return views
}

type measureOutput struct {
	Replayed
	Body Measure
}

func (s *server) shownMeasure(m standing.Measure, err error) (*measureOutput, error) {
	if err != nil {
		return nil, err
	}
	return &measureOutput{Body: s.viewMeasure(m)}, nil
}

// Whose names an account: by your identifier or by its pseudonym.
type Whose struct {
	Account string           `json:"account,omitempty" maxLength:"256" doc:"Your own identifier of the account; or else subject." example:"user-8731"`
	Subject evidence.Subject `json:"subject,omitempty" maxLength:"64" pattern:"^[0-9A-Za-z-]+$" patternDescription:"a pseudonym" doc:"Pseudonym of the account."`
}

// whose is the account that a request names.
func (s *server) whose(ctx context.Context, w Whose) (evidence.Subject, error) {
	if (w.Account == "") == (w.Subject == "") {
		return "", invalid("body.account", "expected account or subject")
	}
	if w.Subject != "" {
		return w.Subject, nil
	}
	return s.People.Account(ctx, w.Account)
}

type takeMeasureInput struct {
	Keyed
	Body struct {
		Whose
		Step     standing.Step     `json:"step" enum:"remind,warn,limit-function,mute-publishing,suspend,close,bar" doc:"Step of the ladder."`
		Function string            `json:"function,omitempty" maxLength:"64" doc:"The function that limit-function limits."`
		Clauses  []colophon.Clause `json:"clauses,omitempty" nullable:"false" maxItems:"16" doc:"Clauses that are its ground, by their identifiers." enum:"ds-6,ds-9,ds-10,ds-14,ds-18,ds-21,lm-10,genai-14,af-22"`
		Terms    string            `json:"terms,omitempty" maxLength:"256" doc:"Clause of your terms that is its ground." example:"convention 4.2"`
		Fact     colophon.Code     `json:"fact" enum:"measure-fact-content,measure-fact-repeated,measure-fact-fake,measure-fact-likeness,measure-fact-label,measure-fact-unusual,measure-fact-identity,measure-fact-order,measure-fact-terms" doc:"What happened."`
		Findings []string          `json:"findings,omitempty" nullable:"false" maxItems:"100" doc:"Identifiers of judgements, held items, signals or records."`
		Until    time.Time         `json:"until,omitzero" doc:"Until when; or else hours."`
		Hours    int               `json:"hours,omitempty" minimum:"0" maximum:"8760" doc:"How long, from when it becomes active. Without both it lasts as long as the table says."`
		Appeal   string            `json:"appeal,omitempty" maxLength:"256" doc:"Link or code by which the account holder appeals; by itself that of the configuration."`
		Note     string            `json:"note,omitempty" maxLength:"4096" doc:"Prose. It stands in the sealed payload of the record and nowhere else."`
		Propose  bool              `json:"propose,omitempty" doc:"Only propose it; somebody else confirms. Closing and barring are never more than that."`
	}
}

func (s *server) takeMeasure(ctx context.Context, in *takeMeasureInput) (*measureOutput, error) {
	b := in.Body
	subject, err := s.whose(ctx, b.Whose)
	if err != nil {
		return nil, err
	}
	d := standing.Draft{Subject: subject, Step: b.Step, Function: b.Function, Ground: standing.Ground{Clauses: b.Clauses, Terms: b.Terms}, Fact: b.Fact, Findings: b.Findings,
		Until: b.Until, Lasts: time.Duration(b.Hours) * time.Hour, Appeal: b.Appeal, Note: b.Note}
	if b.Propose {
		return s.shownMeasure(s.Standing.Propose(ctx, ledgerBy(ctx), d))
	}
	return s.shownMeasure(s.Standing.Take(ctx, ledgerBy(ctx), d))
}

type confirmMeasureInput struct {
	Keyed
	Named
	Body struct {
		Note string `json:"note,omitempty" maxLength:"4096" doc:"Prose. It stands in the sealed payload of the record and nowhere else."`
	}
}

func (s *server) confirmMeasure(ctx context.Context, in *confirmMeasureInput) (*measureOutput, error) {
	return s.shownMeasure(s.Standing.Confirm(ctx, ledgerBy(ctx), in.ID, in.Body.Note))
}

type closeMeasureInput struct {
	Keyed
	Named
	Body struct {
		Why  colophon.Code `json:"why" enum:"measure-why-appeal,measure-why-mistake,measure-why-remedied,measure-why-milder,measure-why-unproven" doc:"Why."`
		Note string        `json:"note,omitempty" maxLength:"4096" doc:"Prose. It stands in the sealed payload of the record and nowhere else."`
	}
}

func (s *server) rejectMeasure(ctx context.Context, in *closeMeasureInput) (*measureOutput, error) {
	return s.shownMeasure(s.Standing.Reject(ctx, ledgerBy(ctx), in.ID, in.Body.Why, in.Body.Note))
}

func (s *server) liftMeasure(ctx context.Context, in *closeMeasureInput) (*measureOutput, error) {
	return s.shownMeasure(s.Standing.Lift(ctx, ledgerBy(ctx), in.ID, in.Body.Why, in.Body.Note))
}

func (s *server) restoreMeasure(ctx context.Context, in *closeMeasureInput) (*measureOutput, error) {
	return s.shownMeasure(s.Standing.Restore(ctx, ledgerBy(ctx), in.ID, in.Body.Why, in.Body.Note))
}

type noticeMeasureInput struct {
	Keyed
	Named
	Body MeasureNotice
}

func (s *server) noticeMeasure(ctx context.Context, in *noticeMeasureInput) (*measureOutput, error) {
	return s.shownMeasure(s.Standing.Notify(ctx, ledgerBy(ctx), in.ID, standing.Delivery(in.Body)))
}

func (s *server) measure(ctx context.Context, in *Named) (*measureOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.MeasureRead); err != nil {
		return nil, err
	}
	return s.shownMeasure(s.Standing.Measure(ctx, in.ID))
}

type measuresInput struct {
	Page
	Subject evidence.Subject `query:"subject" maxLength:"64" doc:"Pseudonym of an account."`
	States  []standing.State `query:"state,explode" nullable:"false" maxItems:"6" enum:"proposed,active,ended,lifted,restored,rejected" doc:"State; may be repeated."`
	Step    standing.Step    `query:"step" enum:"remind,warn,limit-function,mute-publishing,suspend,close,bar" doc:"Step of the ladder."`
}

type measuresOutput struct {
	Body struct {
		Measures []Measure `json:"measures" nullable:"false" doc:"The newest first."`
		Next     string    `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) measures(ctx context.Context, in *measuresInput) (*measuresOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.MeasureRead); err != nil {
		return nil, err
	}
	list, next, err := s.Standing.Measures(ctx, standing.Filter{Subject: in.Subject, States: in.States, Step: in.Step, After: in.Cursor, Limit: in.Limit})
	out := &measuresOutput{}
	out.Body.Measures, out.Body.Next = s.viewMeasures(list), next
	return out, err
}

// Standing is what is in force against an account.
type Standing struct {
	Subject  evidence.Subject `json:"subject" doc:"Pseudonym of the account."`
	Measures []Measure        `json:"measures" nullable:"false" doc:"What is in force."`
	Blocked  []standing.Act   `json:"blocked" nullable:"false" enum:"use,publish,register-account" doc:"What it forbids: to use the function that you name, to publish what it made, to register anew."`
}

type askStandingInput struct {
	Body struct {
		Whose
		Function string `json:"function,omitempty" maxLength:"64" doc:"The function that the account wants to use."`
	}
}

type subjectStandingInput struct {
	Subject  evidence.Subject `path:"subject" maxLength:"64" pattern:"^[0-9A-Za-z-]+$" patternDescription:"a pseudonym" doc:"Pseudonym of the account."`
	Function string           `query:"function" maxLength:"64" doc:"The function that the account wants to use."`
}

type standingOutput struct{ Body Standing }

// askStanding is for an application that knows the account by its own name.
func (s *server) askStanding(ctx context.Context, in *askStandingInput) (*standingOutput, error) {
	if err := askerOf(ctx).may(staff.MeasureRead, cmp.Or(in.Body.Function, staff.Every)); err != nil {
		return nil, err
	}
	subject, err := s.whose(ctx, in.Body.Whose)
	if err != nil {
		return nil, err
	}
	return s.standingOf(ctx, subject, in.Body.Function)
}

func (s *server) subjectStanding(ctx context.Context, in *subjectStandingInput) (*standingOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.MeasureRead); err != nil {
		return nil, err
	}
	return s.standingOf(ctx, in.Subject, in.Function)
}

func (s *server) standingOf(ctx context.Context, subject evidence.Subject, function string) (*standingOutput, error) {
	now, err := s.Standing.Standing(ctx, subject)
	out := &standingOutput{Standing{subject, s.viewMeasures(now.Active), []standing.Act{}}}
	for _, act := range []standing.Act{standing.Use, standing.Publish, standing.Register} {
		if len(now.Blocks(act, function, s.Standing.Now())) > 0 {
			out.Body.Blocked = append(out.Body.Blocked, act)
		}
	}
	return out, err
}

// RiskSignal says that a rule fired.
type RiskSignal struct {
	ID       string               `json:"id" doc:"Identifier."`
	Subject  evidence.Subject     `json:"subject" doc:"Pseudonym of the account."`
	State    standing.SignalState `json:"state" enum:"open,done" doc:"Open: what follows is still to be done."`
	At       time.Time            `json:"at" doc:"When."`
	Rule     string               `json:"rule" doc:"Rule." example:"velocity"`
	Version  string               `json:"version" doc:"Version of the table."`
	Kind     standing.Kind        `json:"kind" doc:"What the account did last."`
	Function string               `json:"function,omitempty" doc:"Function of that."`
	Finding  string               `json:"finding,omitempty" doc:"Identifier of that."`
	Counts   map[string]int64     `json:"counts" nullable:"false" doc:"The counters that the rule looked at."`
	Clauses  []colophon.Clause    `json:"clauses" nullable:"false" doc:"Clauses that it serves."`
	Item     string               `json:"item,omitempty" doc:"Held item by which a person looks into it."`
	Measure  string               `json:"measure,omitempty" doc:"Measure that was taken or proposed."`
	Recheck  bool                 `json:"recheck" doc:"The account has to be verified anew."`
}

type signalsInput struct {
	Page
	Subject evidence.Subject     `query:"subject" maxLength:"64" doc:"Pseudonym of an account."`
	Rule    string               `query:"rule" maxLength:"64" doc:"Rule."`
	State   standing.SignalState `query:"state" enum:"open,done" doc:"State."`
}

type signalsOutput struct {
	Body struct {
		Signals []RiskSignal `json:"signals" nullable:"false" doc:"The newest first."`
		Next    string       `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) signals(ctx context.Context, in *signalsInput) (*signalsOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.MeasureRead); err != nil {
		return nil, err
	}
	list, next, err := s.Standing.Signals(ctx, standing.SignalFilter{Subject: in.Subject, Rule: in.Rule, State: in.State, After: in.Cursor, Limit: in.Limit})
	out := &signalsOutput{}
	out.Body.Signals, out.Body.Next = []RiskSignal{}, next
	for _, x := range list {
		out.Body.Signals = append(out.Body.Signals, RiskSignal{x.ID, x.Subject, x.State, x.Made, x.Rule, x.Version, x.Kind, x.Function, x.Finding, x.Counts, x.Clauses, x.Item, x.Measure, x.Do.Recheck})
	}
	return out, err
}

// StandingRung says how long a step lasts.
type StandingRung struct {
	Step    standing.Step `json:"step" enum:"remind,warn,limit-function,mute-publishing,suspend,close,bar" doc:"Step of the ladder."`
	Lasts   standing.Span `json:"lasts,omitempty" maxLength:"32" doc:"How long where nobody says otherwise; absent for no end." example:"24h0m0s"`
	Longest standing.Span `json:"longest,omitempty" maxLength:"32" doc:"How long at most; absent for no limit." example:"8760h0m0s"`
}

// StandingCounter is one number that is kept.
type StandingCounter struct {
	Name     string          `json:"name" maxLength:"40" doc:"Name under which rules see it." example:"refused_day"`
	On       []standing.Kind `json:"on" nullable:"false" minItems:"1" maxItems:"5" enum:"used,passed,held,refused,unverified" doc:"What is counted."`
	Of       string          `json:"of" enum:"account,face" doc:"For whom."`
	Distinct string          `json:"distinct,omitempty" enum:"id,face,target,account" doc:"Different things are counted rather than events."`
	Window   standing.Span   `json:"window" maxLength:"32" doc:"How far back." example:"24h0m0s"`
	Bucket   standing.Span   `json:"bucket,omitempty" maxLength:"32" doc:"How exactly, where events are counted." example:"1m0s"`
	Reset    standing.Kind   `json:"reset,omitempty" enum:"used,passed,held,refused,unverified" doc:"What lets it begin at nought again."`
}

// StandingRule says what follows from counters.
type StandingRule struct {
	ID      string            `json:"id" minLength:"1" maxLength:"64" doc:"Identifier, once in a table."`
	On      []standing.Kind   `json:"on" nullable:"false" minItems:"1" maxItems:"5" enum:"used,passed,held,refused,unverified" doc:"After what it is looked at."`
	When    string            `json:"when" minLength:"1" maxLength:"1024" doc:"Condition in CEL over the counters and fn, category, high, hour, age and suspensions." example:"refused_row >= 3"`
	Quiet   standing.Span     `json:"quiet" maxLength:"32" doc:"For how long it says nothing more about an account." example:"24h0m0s"`
	Clauses []colophon.Clause `json:"clauses" nullable:"false" minItems:"1" maxItems:"16" doc:"Clauses that it serves."`
	Fact    colophon.Code     `json:"fact" maxLength:"64" doc:"What happened then." example:"measure-fact-repeated"`
	Item    bool              `json:"item,omitempty" doc:"A person looks into it."`
	Recheck bool              `json:"recheck,omitempty" doc:"The account has to be verified anew."`
	Step    standing.Step     `json:"step,omitempty" enum:"remind,warn,limit-function,mute-publishing,suspend,close,bar" doc:"A measure is taken."`
	Lasts   standing.Span     `json:"lasts,omitempty" maxLength:"32" doc:"How long it lasts; absent for what the ladder says." example:"24h0m0s"`
	Propose bool              `json:"propose,omitempty" doc:"It is only proposed. Closing and barring must be."`
	Reason  string            `json:"reason" minLength:"1" maxLength:"1024" doc:"Why there is the rule."`
}

// StandingTable is the policy of measures and signals.
type StandingTable struct {
	Version  string            `json:"version" minLength:"1" maxLength:"64" doc:"Name of the version; it never means another table."`
	Ladder   []StandingRung    `json:"ladder" nullable:"false" minItems:"7" maxItems:"7" doc:"Every step, the mildest first."`
	Counters []StandingCounter `json:"counters" nullable:"false" maxItems:"100" doc:"What is counted."`
	Rules    []StandingRule    `json:"rules" nullable:"false" maxItems:"200" doc:"What follows from it. Every rule that fires acts."`
}

func viewStandingTable(t standing.Table) StandingTable {
	v := StandingTable{Version: t.Version, Ladder: []StandingRung{}, Counters: []StandingCounter{}, Rules: []StandingRule{}}
	for _, r := range t.Ladder {
		v.Ladder = append(v.Ladder, StandingRung(r))
	}
	for _, c := range t.Counters {
		v.Counters = append(v.Counters, StandingCounter(c))
	}
	for _, r := range t.Rules {
		rule := StandingRule{ID: r.ID, On: r.On, When: r.When, Quiet: r.Quiet, Clauses: r.Clauses, Fact: r.Fact, Item: r.Do.Item, Recheck: r.Do.Recheck, Reason: r.Reason}
		if m := r.Do.Measure; m != nil {
			rule.Step, rule.Lasts, rule.Propose = m.Step, m.Lasts, m.Propose
		}
		v.Rules = append(v.Rules, rule)
	}
	return v
}

func (v StandingTable) table() standing.Table {
	t := standing.Table{Version: v.Version}
	for _, r := range v.Ladder {
		t.Ladder = append(t.Ladder, standing.Rung(r))
	}
	for _, c := range v.Counters {
		t.Counters = append(t.Counters, standing.Counter(c))
	}
	for _, r := range v.Rules {
		rule := standing.Rule{ID: r.ID, On: r.On, When: r.When, Quiet: r.Quiet, Clauses: r.Clauses, Fact: r.Fact, Do: standing.Consequence{Item: r.Item, Recheck: r.Recheck}, Reason: r.Reason}
		if r.Step != "" {
			rule.Do.Measure = &standing.Sanction{Step: r.Step, Lasts: r.Lasts, Propose: r.Propose}
		}
		t.Rules = append(t.Rules, rule)
	}
	return t
}

// StandingVersion is a table with its history.
type StandingVersion struct {
	Table    StandingTable    `json:"table" doc:"The table."`
	Digest   string           `json:"digest" doc:"SHA-256 of the table as canonical JSON, in hexadecimal."`
	Reason   string           `json:"reason" doc:"Why it was proposed."`
	By       MeasureDecider   `json:"by" doc:"Who proposed it."`
	Releases []MeasureDecider `json:"releases" nullable:"false" doc:"Who put it in force, and when."`
}

func viewStandingVersion(x standing.Version) StandingVersion {
	v := StandingVersion{viewStandingTable(x.Table), x.Digest, x.Reason, MeasureDecider{x.By.Role, x.By.ID, x.By.At}, []MeasureDecider{}}
	for _, r := range x.Releases {
		v.Releases = append(v.Releases, MeasureDecider{r.Role, r.ID, r.At})
	}
	return v
}

type standingTableOutput struct {
	Body struct {
		Shipped bool          `json:"shipped" doc:"It is the table that the program comes with, and nobody released another."`
		Table   StandingTable `json:"table" doc:"The table."`
	}
}

func (s *server) standingTable(context.Context, *struct{}) (*standingTableOutput, error) {
	out := &standingTableOutput{}
	t, shipped := s.Standing.Table()
	out.Body.Table, out.Body.Shipped = viewStandingTable(t), shipped
	return out, nil
}

type standingTablesOutput struct {
	Body struct {
		Versions []StandingVersion `json:"versions" nullable:"false" doc:"The last proposed first."`
		Next     string            `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

type standingTablesInput struct {
	Page
	States []standing.State `query:"state,explode" nullable:"false" maxItems:"2" enum:"offered,released" doc:"offered waits for its release; may be repeated."`
}

func (s *server) standingTables(ctx context.Context, in *standingTablesInput) (*standingTablesOutput, error) {
	list, next, err := s.Standing.Tables(ctx, in.Cursor, in.Limit, in.States...)
	out := &standingTablesOutput{}
	out.Body.Versions, out.Body.Next = []StandingVersion{}, next
	for _, v := range list {
		out.Body.Versions = append(out.Body.Versions, viewStandingVersion(v))
	}
	return out, err
}

type standingVersionOutput struct {
	Replayed
	Body StandingVersion
}

type proposeStandingInput struct {
	Keyed
	Body struct {
		Table  StandingTable `json:"table" doc:"The table."`
		Reason string        `json:"reason" minLength:"1" maxLength:"1024" doc:"Why it is proposed."`
	}
}

func (s *server) proposeStanding(ctx context.Context, in *proposeStandingInput) (*standingVersionOutput, error) {
	v, err := s.Standing.ProposeTable(ctx, ledgerBy(ctx), in.Body.Table.table(), in.Body.Reason)
	return &standingVersionOutput{Body: viewStandingVersion(v)}, err
}

type releaseStandingInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1024" doc:"Why it is put in force."`
	}
}

func (s *server) releaseStanding(ctx context.Context, in *releaseStandingInput) (*standingVersionOutput, error) {
	v, err := s.Standing.ReleaseTable(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return &standingVersionOutput{Body: viewStandingVersion(v)}, err
}

func standingRoutes() []route {
	return []route{
		{get, "/v1/measures", "measures", staff.MeasureRead, "standing", 0, 200, do((*server).measures), "List measures against accounts", 0},
		{post, "/v1/measures", "take-measure", staff.MeasureTake, "standing", small, 201, once((*server).takeMeasure), "Take or propose a measure; closing and barring wait for a second person", 0},
		{get, "/v1/measures/{id}", "measure", staff.MeasureRead, "standing", 0, 200, do((*server).measure), "Show a measure, with what you may show the account holder", 0},
		{post, "/v1/measures/{id}:confirm", "confirm-measure", staff.MeasureConfirm, "standing", small, 200, once((*server).confirmMeasure), "Agree to a measure that somebody else or a rule proposed", 0},
		{post, "/v1/measures/{id}:reject", "reject-measure", staff.MeasureConfirm, "standing", small, 200, once((*server).rejectMeasure), "Reject a proposed measure", 0},
		{post, "/v1/measures/{id}:lift", "lift-measure", staff.MeasureConfirm, "standing", small, 200, once((*server).liftMeasure), "End a measure before its time", 0},
		{post, "/v1/measures/{id}:restore", "restore-measure", staff.MeasureConfirm, "standing", small, 200, once((*server).restoreMeasure), "Take a measure back, even one that is over", 0},
		{post, "/v1/measures/{id}:notice", "notice-measure", staff.MeasureNotify, "standing", small, 200, once((*server).noticeMeasure), "Say when and how the account holder was told", 0},
		{post, "/v1/standing", "ask-standing", staff.MeasureRead, "standing", small, 200, do((*server).askStanding), "What is in force against an account, by your identifier of it", 0},
		{get, "/v1/standing/{subject}", "standing", staff.MeasureRead, "standing", 0, 200, do((*server).subjectStanding), "What is in force against an account, by its pseudonym", 0},
		{get, "/v1/signals", "signals", staff.MeasureRead, "standing", 0, 200, do((*server).signals), "List signals of risk", 0},
		{get, "/v1/standing-table", "standing-table", staff.MeasureRead, "standing", 0, 200, do((*server).standingTable), "The ladder, counters and rules in force", 0},
		{get, "/v1/standing-tables", "standing-tables", staff.MeasureRead, "standing", 0, 200, do((*server).standingTables), "List versions of the table", 0},
		{post, "/v1/standing-tables", "propose-standing-table", staff.StandingRules, "standing", large, 201, once((*server).proposeStanding), "Propose a table", 0},
		{post, "/v1/standing-tables/{id}:release", "release-standing-table", staff.StandingRules, "standing", small, 200, once((*server).releaseStanding), "Put in force a table that somebody else proposed", 0},
	}
}
