package httpapi

import (
	"context"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/staff"
)

// CardDesk is what conformance cards need of the rest of the program.
type CardDesk interface {
	// Materials returns what was read of the files of a check of label materials.
	Materials(ctx context.Context, check string) ([]card.Material, error)
	// Verify holds a card against published lists, the clock, the files of some checks, and reports that are at hand by digest.
	Verify(ctx context.Context, raw []byte, keys []note.Verifier, app string, checks, reports []string) (card.Report, error)
}

func cardRoutes() []route {
	return []route{
		{get, "/v1/public/services/{id}/card", "public-card", "", "cards", 0, 200, do((*server).publicCard), "The conformance card of a service that counts now, as a signed note", 0},
		{get, "/v1/cards", "cards", staff.RegisterRead, "cards", 0, 200, do((*server).cards), "List conformance cards, the newest first", 0},
		{get, "/v1/cards/{id}", "card", staff.RegisterRead, "cards", 0, 200, do((*server).cardOne), "Show a conformance card", 0},
		{post, "/v1/cards", "issue-card", staff.CardIssue, "cards", small, 201, once((*server).issueCard), "Issue the conformance card of a service as it is now", 0},
		{post, "/v1/cards/{id}:withdraw", "withdraw-card", staff.CardIssue, "cards", small, 200, once((*server).withdrawCard), "Say that a card must not be relied on any more", 0},
		{post, "/v1/cards:verify", "verify-card", staff.ListingRead, "cards", card.MaxCard + small, 200, do((*server).verifyCard), "Check a conformance card of any provider", 0},
	}
}

// CardFinding is what came of one check of a card.
type CardFinding struct {
	Check    string          `json:"check" enum:"signature,time,app,filing,number,listed,security-assessment,impact-assessment,notice-policy,label-materials,statement,own-materials" doc:"Which check."`
	Function string          `json:"function,omitempty" doc:"Of which function on the card."`
	Verdict  string          `json:"verdict" enum:"passed,failed,could-not-tell" doc:"What came of it."`
	Finding  Sentence        `json:"finding" doc:"Why."`
	Clause   colophon.Clause `json:"clause,omitempty" doc:"Which article wants it."`
}

// CardProof is an assessment by its digest.
type CardProof struct {
	SHA256 string     `json:"sha256,omitempty" doc:"SHA-256 of the report, in hexadecimal."`
	Done   *time.Time `json:"done,omitempty" doc:"When it was made."`
	Until  *time.Time `json:"until,omitempty" doc:"When it ends."`
}

func viewCardProof(p *card.Proof) *CardProof {
	if p == nil {
		return nil
	}
	return &CardProof{p.SHA256, set(p.Done), set(p.Until)}
}

// CardMaterial is a file that a function made.
type CardMaterial struct {
	Name   string `json:"name" doc:"Name on the card."`
	Format string `json:"format,omitempty" doc:"Format."`
	SHA256 string `json:"sha256" doc:"SHA-256, in hexadecimal."`
	Label  string `json:"label" enum:"passed,failed,could-not-tell" doc:"Whether it bears an implicit label that keeps the rules."`
	Notice string `json:"notice" enum:"passed,failed,could-not-tell" doc:"Whether it bears a notice."`
}

// CardFunction is a function as a card tells of it.
type CardFunction struct {
	ID        string         `json:"id" doc:"Identifier."`
	Names     TextPair       `json:"names" doc:"What it is called."`
	Kind      string         `json:"kind" doc:"Kind of technology by Deep Synthesis Provisions Art. 23."`
	Class     string         `json:"class,omitempty" doc:"Class by Deep Synthesis Provisions Art. 17."`
	High      bool           `json:"high,omitempty" doc:"It makes or edits faces or voices, or counts as high-risk."`
	Filing    FunctionFiling `json:"filing" doc:"How far the filing is."`
	Notice    FunctionNotice `json:"notice" doc:"How its content is labelled."`
	Security  *CardProof     `json:"security,omitempty" doc:"Security assessment."`
	Impact    *CardProof     `json:"impact,omitempty" doc:"Impact assessment."`
	Materials []CardMaterial `json:"materials" nullable:"false" doc:"Files that it made, as they were read."`
}

// CardText is what a card says.
type CardText struct {
	ID        string         `json:"id" doc:"Identifier."`
	Provider  string         `json:"provider" doc:"Who offers the service."`
	Code      string         `json:"code" doc:"Provider code (TC260-PG-20252A)."`
	Service   string         `json:"service" doc:"The service."`
	Names     TextPair       `json:"names" doc:"What the service is called."`
	Forms     []ServiceForm  `json:"forms" nullable:"false" doc:"How it is offered."`
	Functions []CardFunction `json:"functions" nullable:"false" doc:"Its live functions."`
	Issued    time.Time      `json:"issued" doc:"When it was issued."`
	Until     time.Time      `json:"until" doc:"Until when it counts."`
}

func viewCardText(c card.Card) CardText {
	t := CardText{ID: c.ID, Provider: c.Provider.Name, Code: c.Provider.Code, Service: c.Service.ID, Names: TextPair(c.Service.Names), Forms: []ServiceForm{}, Functions: []CardFunction{}, Issued: c.Issued, Until: c.Until}
	for _, f := range c.Service.Forms {
		t.Forms = append(t.Forms, ServiceForm(f))
	}
	for _, f := range c.Functions {
		v := CardFunction{ID: f.ID, Names: TextPair(f.Names), Kind: f.Kind, Class: f.Class, High: f.High, Filing: FunctionFiling{f.Filing.State, f.Filing.Reason, f.Filing.Number, f.Filing.Link, set(f.Filing.At)},
			Notice: FunctionNotice{f.Notice.Policy, TextPair(f.Notice.Method)}, Security: viewCardProof(f.Security), Impact: viewCardProof(f.Impact), Materials: []CardMaterial{}}
		for _, m := range f.Materials {
			v.Materials = append(v.Materials, CardMaterial(m))
		}
		t.Functions = append(t.Functions, v)
	}
	return t
}

// ConformanceCard is a card that was issued here.
type ConformanceCard struct {
	ID      string     `json:"id" doc:"Identifier."`
	State   card.State `json:"state" enum:"current,superseded,withdrawn" doc:"Where it is. That its time is over is not a state."`
	Service string     `json:"service" doc:"The service that it is of."`
	SHA256  string     `json:"sha256" doc:"SHA-256 of the signed note, in hexadecimal."`
	Issued  time.Time  `json:"issued" doc:"When it was issued."`
	Until   time.Time  `json:"until" doc:"Until when it counts."`
	By      string     `json:"by" doc:"Staff account that issued it."`
	Reason  string     `json:"reason,omitempty" doc:"Why it was withdrawn."`
	Note    string     `json:"note,omitempty" doc:"The signed note (C2SP); of a single card alone."`
	Card    *CardText  `json:"card,omitempty" doc:"What it says; of a single card alone."`
}

func viewCard(e card.Entry) ConformanceCard {
	v := e.Value
	return ConformanceCard{ID: e.ID, State: card.State(e.State), Service: v.Service, SHA256: v.SHA256, Issued: v.Issued, Until: v.Until, By: v.By, Reason: v.Reason}
}

// wholeCard is a card with what it says.
func wholeCard(e card.Entry) (ConformanceCard, error) {
	v := viewCard(e)
	c, err := card.Open(e.Value.Note)
	if c.Schema == "" {
		return v, err
	}
	text := viewCardText(c)
	v.Note, v.Card = string(e.Value.Note), &text
	return v, nil
}

type cardsInput struct {
	Page
	Service string     `query:"service" maxLength:"64" doc:"Service."`
	State   card.State `query:"state" enum:"current,superseded,withdrawn" doc:"Where they are."`
}

type cardsOutput struct {
	Body struct {
		Cards []ConformanceCard `json:"cards" nullable:"false" doc:"The newest first."`
		Next  string            `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) cards(ctx context.Context, in *cardsInput) (*cardsOutput, error) {
	list, next, err := s.Cards.Cards(ctx, card.Query{Service: in.Service, State: in.State, After: in.Cursor, Limit: in.Limit})
	out := &cardsOutput{}
	out.Body.Cards, out.Body.Next = []ConformanceCard{}, next
	for _, e := range list {
		out.Body.Cards = append(out.Body.Cards, viewCard(e))
	}
	return out, err
}

type cardOutput struct {
	Replayed
	Body ConformanceCard
}

func cardOut(e card.Entry, err error) (*cardOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := wholeCard(e)
	return &cardOutput{Body: v}, err
}

func (s *server) cardOne(ctx context.Context, in *Named) (*cardOutput, error) {
	return cardOut(s.Cards.Card(ctx, in.ID))
}

// publicCard hands out the note itself, so that what a store keeps is what was signed.
func (s *server) publicCard(ctx context.Context, in *Named) (*stream, error) {
	e, err := s.Cards.Current(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return public("text/plain; charset=utf-8", "public, max-age=300", e.Value.Note), nil
}

// CardMaterials names a check of files that a function made.
type CardMaterials struct {
	Function string `json:"function" minLength:"1" maxLength:"64" doc:"The function."`
	Check    string `json:"check" minLength:"1" maxLength:"64" doc:"A check of label materials, made with POST /v1/app-materials."`
}

type issueCardInput struct {
	Keyed
	Body struct {
		Service   string          `json:"service" minLength:"1" maxLength:"64" doc:"The service."`
		Days      int             `json:"days,omitempty" minimum:"1" maximum:"366" default:"90" doc:"For how many days it counts."`
		Materials []CardMaterials `json:"materials,omitempty" nullable:"false" maxItems:"32" doc:"Files to show labels by."`
	}
}

func (s *server) issueCard(ctx context.Context, in *issueCardInput) (*cardOutput, error) {
	r := card.Request{Service: in.Body.Service, Days: in.Body.Days, Materials: map[string][]card.Material{}}
	for _, m := range in.Body.Materials {
		files, err := s.CardDesk.Materials(ctx, m.Check)
		if err != nil {
			return nil, err
		}
		r.Materials[m.Function] = append(r.Materials[m.Function], files...)
	}
	return cardOut(s.Cards.Issue(ctx, ledgerBy(ctx), r))
}

type withdrawCardInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1024" doc:"Why. It is about the card; name no person."`
	}
}

func (s *server) withdrawCard(ctx context.Context, in *withdrawCardInput) (*cardOutput, error) {
	return cardOut(s.Cards.Withdraw(ctx, ledgerBy(ctx), in.ID, in.Body.Reason))
}

type verifyCardInput struct {
	Body struct {
		Card    string   `json:"card" minLength:"1" doc:"The signed note."`
		Keys    []string `json:"keys,omitempty" nullable:"false" maxItems:"16" doc:"Keys that are trusted (C2SP note verifier keys)."`
		App     string   `json:"app,omitempty" maxLength:"1024" doc:"Address or package of the app that is meant."`
		Checks  []string `json:"checks,omitempty" nullable:"false" maxItems:"16" doc:"Your own checks of label materials (POST /v1/app-materials)."`
		Reports []string `json:"reports,omitempty" nullable:"false" maxItems:"32" doc:"SHA-256 in hexadecimal of the assessment reports that you have."`
	}
}

// CardReport is what came of a card.
type CardReport struct {
	Verdict  string        `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Passed where every check passed, failed where one failed."`
	Findings []CardFinding `json:"findings" nullable:"false" doc:"Each check."`
	Card     CardText      `json:"card" doc:"What the card says."`
}

type cardReportOutput struct{ Body CardReport }

func (s *server) verifyCard(ctx context.Context, in *verifyCardInput) (*cardReportOutput, error) {
	var keys []note.Verifier
	for _, text := range in.Body.Keys {
		key, err := note.NewVerifier(text)
		if err != nil {
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: card.CodeInvalid, Args: colophon.Args{"field": "keys"}, Err: err}
		}
		keys = append(keys, key)
	}
	r, err := s.CardDesk.Verify(ctx, []byte(in.Body.Card), keys, in.Body.App, in.Body.Checks, in.Body.Reports)
	if err != nil {
		return nil, err
	}
	out := &cardReportOutput{Body: CardReport{Verdict: r.Verdict.String(), Findings: []CardFinding{}, Card: viewCardText(r.Card)}}
	say := printer(askerOf(ctx).language)
	for _, f := range r.Findings {
		out.Body.Findings = append(out.Body.Findings, CardFinding{f.Check, f.Function, f.Verdict.String(), *sentence(say, f.Code, f.Args), f.Clause})
	}
	return out, nil
}

// cardBy is who did something about an app or a card, by role and account.
func cardBy(by ledger.By) string {
	if by.ID != "" {
		return by.ID
	}
	return string(by.Role)
}
