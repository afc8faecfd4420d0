package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/duty/oscal"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

func dutySayRoutes() []route {
	return []route{
		{get, "/v1/duty-facts", "duty-facts", staff.DutyRead, "duties", 0, 200, do((*server).dutyFacts), "List what was said of facts that decide which obligations apply, the newest first", 0},
		{post, "/v1/duty-facts", "declare-duty-fact", staff.DutySay, "duties", small, 201, once((*server).declareFact), "Say of a fact whether it is so, for somebody else to confirm", 0},
		{post, "/v1/duty-facts/{id}:confirm", "confirm-duty-fact", staff.DutyDecide, "duties", 0, 200, once((*server).confirmFact), "Let what somebody else said of a fact count", 0},
		{post, "/v1/duty-facts/{id}:reject", "reject-duty-fact", staff.DutySay, "duties", small, 200, once((*server).rejectFact), "Say that it is not so, or take it back", 0},
		{get, "/v1/duty-waivers", "duty-waivers", staff.DutyRead, "duties", 0, 200, do((*server).dutyWaivers), "List waivers of obligations, the newest first", 0},
		{post, "/v1/duty-waivers", "propose-duty-waiver", staff.DutySay, "duties", small, 201, once((*server).proposeWaiver), "Propose to do without an obligation until a time, for somebody else to approve", 0},
		{post, "/v1/duty-waivers/{id}:approve", "approve-duty-waiver", staff.DutyDecide, "duties", 0, 200, once((*server).approveWaiver), "Approve a waiver that somebody else proposed", 0},
		{post, "/v1/duty-waivers/{id}:reject", "reject-duty-waiver", staff.DutySay, "duties", small, 200, once((*server).rejectWaiver), "Reject a waiver, or take it back", 0},
		{post, "/v1/duty-waivers/{id}:end", "end-duty-waiver", staff.DutySay, "duties", small, 200, once((*server).endWaiver), "End a waiver before its time", 0},
		{get, "/v1/oscal/catalog", "oscal-catalog", staff.DutyRead, "duties", 0, 200, do((*server).oscalCatalog), "The catalogue of duties as an OSCAL catalog", 0},
		{get, "/v1/oscal/assessment-results", "oscal-results", staff.DutyRead, "duties", 0, 200, do((*server).oscalResults), "How obligations stand as OSCAL assessment results", 0},
	}
}

type dutyFactsOutput struct {
	Body struct {
		Facts []DutyFact  `json:"facts" nullable:"false" doc:"The newest first."`
		All   []duty.Fact `json:"all" nullable:"false" doc:"Every fact that something may be said of."`
		Next  string      `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) dutyFacts(ctx context.Context, in *Page) (*dutyFactsOutput, error) {
	list, next, err := s.Duties.Statements(ctx, in.Cursor, in.Limit)
	out := &dutyFactsOutput{}
	out.Body.Facts, out.Body.All, out.Body.Next = []DutyFact{}, duty.AllFacts(), next
	for _, st := range list {
		out.Body.Facts = append(out.Body.Facts, viewDutyFact(st))
	}
	return out, err
}

type dutyFactOutput struct {
	Replayed
	Body DutyFact
}

func shownFact(st duty.Statement, err error) (*dutyFactOutput, error) {
	if err != nil {
		return nil, err
	}
	return &dutyFactOutput{Body: viewDutyFact(st)}, nil
}

type declareInput struct {
	Keyed
	Body struct {
		Fact   duty.Fact   `json:"fact" minLength:"1" maxLength:"64" doc:"Fact." example:"provider"`
		Answer duty.Answer `json:"answer" enum:"yes,no,unknown" doc:"Whether it is so; unknown takes an earlier answer back."`
		Why    string      `json:"why" minLength:"1" maxLength:"1300" doc:"How you know. It stands in the record: name nobody."`
		From   time.Time   `json:"from,omitzero" doc:"Since when it is so; without it from now on."`
	}
}

func (s *server) declareFact(ctx context.Context, in *declareInput) (*dutyFactOutput, error) {
	b := in.Body
	return shownFact(s.Duties.Declare(ctx, ledgerBy(ctx), b.Fact, b.Answer, b.From, b.Why))
}

func (s *server) confirmFact(ctx context.Context, in *judgeInput) (*dutyFactOutput, error) {
	return shownFact(s.Duties.ConfirmFact(ctx, ledgerBy(ctx), in.ID))
}

type dutyNoteInput struct {
	Keyed
	Named
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"1300" doc:"Why. It stands in the record: name nobody."`
	}
}

func (s *server) rejectFact(ctx context.Context, in *dutyNoteInput) (*dutyFactOutput, error) {
	return shownFact(s.Duties.RejectFact(ctx, ledgerBy(ctx), in.ID, in.Body.Note))
}

type dutyWaiversInput struct {
	Page
	Obligation string `query:"obligation" maxLength:"64" doc:"Obligation."`
}

type dutyWaiversOutput struct {
	Body struct {
		Waivers []DutyWaiver `json:"waivers" nullable:"false" doc:"The newest first."`
		Next    string       `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) dutyWaivers(ctx context.Context, in *dutyWaiversInput) (*dutyWaiversOutput, error) {
	list, next, err := s.Duties.Waivers(ctx, in.Obligation, in.Cursor, in.Limit)
	out := &dutyWaiversOutput{}
	out.Body.Waivers, out.Body.Next = []DutyWaiver{}, next
	for _, w := range list {
		out.Body.Waivers = append(out.Body.Waivers, viewWaiver(w))
	}
	return out, err
}

type dutyWaiverOutput struct {
	Replayed
	Body DutyWaiver
}

func shownWaiver(w duty.Waiver, err error) (*dutyWaiverOutput, error) {
	if err != nil {
		return nil, err
	}
	return &dutyWaiverOutput{Body: viewWaiver(w)}, nil
}

type proposeWaiverInput struct {
	Keyed
	Body struct {
		Obligation string    `json:"obligation" minLength:"1" maxLength:"64" doc:"Obligation." example:"ds-12-3"`
		Until      time.Time `json:"until" doc:"Until when; a year at most."`
		Why        string    `json:"why" minLength:"1" maxLength:"1300" doc:"Why. It stands in the record: name nobody."`
	}
}

func (s *server) proposeWaiver(ctx context.Context, in *proposeWaiverInput) (*dutyWaiverOutput, error) {
	return shownWaiver(s.Duties.ProposeWaiver(ctx, ledgerBy(ctx), in.Body.Obligation, in.Body.Until, in.Body.Why))
}

func (s *server) approveWaiver(ctx context.Context, in *judgeInput) (*dutyWaiverOutput, error) {
	return shownWaiver(s.Duties.ApproveWaiver(ctx, ledgerBy(ctx), in.ID))
}

func (s *server) rejectWaiver(ctx context.Context, in *dutyNoteInput) (*dutyWaiverOutput, error) {
	return shownWaiver(s.Duties.RejectWaiver(ctx, ledgerBy(ctx), in.ID, in.Body.Note))
}

func (s *server) endWaiver(ctx context.Context, in *dutyNoteInput) (*dutyWaiverOutput, error) {
	return shownWaiver(s.Duties.EndWaiver(ctx, ledgerBy(ctx), in.ID, in.Body.Note))
}

// OSCALAsked says which pack, and in which language.
type OSCALAsked struct {
	Pack string `query:"pack" maxLength:"64" default:"china" doc:"Pack of the catalogue."`
	Lang string `query:"lang" enum:"zh,en" default:"zh" doc:"Language of the sentences."`
}

func (s *server) pack(name string) (duty.Pack, error) {
	packs := s.Duties.Catalogue().Packs()
	at := slices.IndexFunc(packs, func(p duty.Pack) bool { return p.Name == name })
	if at < 0 {
		return duty.Pack{}, &colophon.Error{Kind: colophon.Missing, Code: duty.CodeUnknown, Args: colophon.Args{"id": name}}
	}
	return packs[at], nil
}

func (in OSCALAsked) say() oscal.Say {
	if in.Lang == "en" {
		return oscal.English
	}
	return oscal.Chinese
}

// asFile hands out a document of OSCAL.
func asFile(name string, m oscal.Model) (*stream, error) {
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.json"`)
		copyOut(w, bytes.NewReader(raw))
	}), nil
}

func (s *server) oscalCatalog(_ context.Context, in *OSCALAsked) (*stream, error) {
	p, err := s.pack(in.Pack)
	if err != nil {
		return nil, err
	}
	return asFile("catalog-"+p.Name, oscal.Catalog(p, in.say(), s.asked(duty.Moment{}).At))
}

type oscalResultsInput struct {
	OSCALAsked
	Moment
	From time.Time `query:"from" doc:"Since when the report speaks; a month before at where it is left out."`
}

func (s *server) oscalResults(ctx context.Context, in *oscalResultsInput) (*stream, error) {
	p, err := s.pack(in.Pack)
	if err != nil {
		return nil, err
	}
	m := s.asked(in.of())
	if in.From.IsZero() {
		in.From = m.At.AddDate(0, -1, 0)
	}
	if !in.From.Before(m.At) {
		return nil, invalid("query.from", "expected a time before at")
	}
	printer, err := locale.For(locale.Language(in.Lang))
	if err != nil {
		return nil, err
	}
	r := oscal.Report{Pack: p, From: in.From, At: m.At}
	inputs, err := s.Duties.Inputs(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, i := range s.Duties.Catalogue().Items() {
		r.Standings = append(r.Standings, s.Duties.Catalogue().Evaluate(i, inputs, m))
	}
	for _, list := range inputs.Observations {
		for _, o := range list {
			if o.Code != "" {
				o.Actual = printer.Code(o.Code, o.Args)
			}
			r.Observations = append(r.Observations, o)
		}
	}
	model, err := oscal.Results(r, oscal.Reader{Say: in.say(), Reason: func(c colophon.Code) string { return printer.Say(string(c)) }})
	if err != nil {
		return nil, err
	}
	return asFile("assessment-results-"+p.Name, model)
}
