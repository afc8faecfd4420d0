package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/review/security"
	"github.com/colophon-project/colophon/staff"
)

// securityReviewRoutes are those of security self-assessments and of what brings them about.
func securityReviewRoutes() []route {
	return []route{
		{get, "/v1/security-heads", "security-heads", staff.OversightRead, "reviews", 0, 200, do((*server).securityHeads), "List what a security assessment looks at, and the queries that answer it", 0},
		{get, "/v1/security-triggers", "security-triggers", staff.OversightRead, "reviews", 0, 200, do((*server).securityTriggers), "List what asks for a security assessment", 0},
		{get, "/v1/security-triggers/{id}", "security-trigger", staff.OversightRead, "reviews", 0, 200, do((*server).securityTrigger), "Show what asks for a security assessment", 0},
		{post, "/v1/security-triggers", "note-security-trigger", staff.OversightWrite, "reviews", small, 201, once((*server).securityNote), "Enter a written notice of an authority; the clock begins", 0},
		{post, "/v1/security-triggers/{id}:dismiss", "dismiss-security-trigger", staff.OversightDecide, "reviews", small, 200, once((*server).securityDismiss), "Say why a trigger asks for no assessment", 0},

		{get, "/v1/security-assessments", "security-assessments", staff.OversightRead, "reviews", 0, 200, do((*server).securityList), "List security assessments", 0},
		{get, "/v1/security-assessments/{id}", "security-assessment", staff.OversightRead, "reviews", 0, 200, do((*server).securityOne), "Show a security assessment with what its queries found", 0},
		{get, "/v1/security-assessments/{id}/document", "security-document", staff.OversightRead, "reviews", 0, 200, do((*server).securityDocument), "A security assessment as the report that is handed in", 0},
		{post, "/v1/security-assessments", "begin-security-assessment", staff.OversightWrite, "reviews", small, 201, once((*server).securityBegin), "Begin a security assessment: every query is asked", 0},
		{post, "/v1/security-assessments/{id}:ask", "ask-security-assessment", staff.OversightWrite, "reviews", 0, 200, once((*server).securityAsk), "Ask every query of a draft anew", 0},
		{post, "/v1/security-assessments/{id}:state", "state-security-assessment", staff.OversightWrite, "reviews", small, 200, once((*server).securityState), "Say something of a head; that makes nothing pass", 0},
		{post, "/v1/security-assessments/{id}:propose", "propose-security-assessment", staff.OversightWrite, "reviews", 0, 200, once((*server).securityPropose), "Hand a draft to somebody else", 0},
		{post, "/v1/security-assessments/{id}:approve", "approve-security-assessment", staff.OversightDecide, "reviews", 0, 200, once((*server).securityApprove), "Approve what somebody else wrote; every query is asked anew", 0},
		{post, "/v1/security-assessments/{id}:reject", "reject-security-assessment", staff.OversightDecide, "reviews", small, 200, once((*server).securityReject), "Give an assessment back to be mended", 0},
		{post, "/v1/security-assessments/{id}:withdraw", "withdraw-security-assessment", staff.OversightWrite, "reviews", small, 200, once((*server).securityWithdraw), "End an assessment that was not handed in", 0},
		{post, "/v1/security-assessments/{id}:file", "file-security-assessment", staff.OversightDecide, "reviews", small, 200, once((*server).securityFile), "Say that a report was handed in, with the proof; its triggers are answered", 0},
	}
}

type securityHeadsOutput struct {
	Body struct {
		Heads []security.Head `json:"heads" nullable:"false" doc:"In the order of a report."`
	}
}

func (s *server) securityHeads(context.Context, *struct{}) (*securityHeadsOutput, error) {
	out := &securityHeadsOutput{}
	out.Body.Heads = security.Heads()
	return out, nil
}

// SecurityTrigger is something that asks for a security assessment.
type SecurityTrigger struct {
	ID    string `json:"id" doc:"Identifier."`
	State string `json:"state" enum:"open,answered,dismissed" doc:"What became of it."`
	security.Trigger
	Late bool `json:"late" doc:"Whether the report on it is late."`
}

func viewTrigger(e security.TriggerEntry) SecurityTrigger {
	return SecurityTrigger{e.ID, e.State, e.Value, e.Value.Late(time.Now())}
}

type securityTriggersInput struct {
	Page
	State string `query:"state" enum:"open,answered,dismissed" doc:"What became of them."`
}

type securityTriggersOutput struct {
	Body struct {
		Triggers []SecurityTrigger `json:"triggers" nullable:"false" doc:"The newest first."`
		Next     string            `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) securityTriggers(ctx context.Context, in *securityTriggersInput) (*securityTriggersOutput, error) {
	list, next, err := s.Security.Triggers(ctx, in.State, in.Cursor, in.Limit)
	out := &securityTriggersOutput{}
	out.Body.Triggers, out.Body.Next = []SecurityTrigger{}, next
	for _, e := range list {
		out.Body.Triggers = append(out.Body.Triggers, viewTrigger(e))
	}
	return out, err
}

type securityTriggerOutput struct {
	Replayed
	Body SecurityTrigger
}

func (s *server) securityTrigger(ctx context.Context, in *Named) (*securityTriggerOutput, error) {
	e, err := s.Security.Trigger(ctx, in.ID)
	return &securityTriggerOutput{Body: viewTrigger(e)}, err
}

type securityNoteInput struct {
	Keyed
	Body struct {
		Ref string    `json:"ref" minLength:"1" maxLength:"128" doc:"Number of the notice." example:"2026-0042"`
		At  time.Time `json:"at" doc:"When it came."`
	}
}

func (s *server) securityNote(ctx context.Context, in *securityNoteInput) (*securityTriggerOutput, error) {
	e, err := s.Security.Note(ctx, ledgerBy(ctx), in.Body.Ref, in.Body.At)
	return &securityTriggerOutput{Body: viewTrigger(e)}, err
}

func (s *server) securityDismiss(ctx context.Context, in *reviewNoteInput) (*securityTriggerOutput, error) {
	e, err := s.Security.Dismiss(ctx, ledgerBy(ctx), in.ID, in.Body.Note)
	return &securityTriggerOutput{Body: viewTrigger(e)}, err
}

// SecurityAnswer is what a query found, with its sentence.
type SecurityAnswer struct {
	security.Answer
	Sentence string `json:"sentence,omitempty" doc:"What it found, in the language that was asked for."`
}

// SecurityHead is how a head of an assessment stands.
type SecurityHead struct {
	ID         string              `json:"id" doc:"The head."`
	Group      string              `json:"group" enum:"provisions,tools,standard" doc:"Where it comes from."`
	Article    string              `json:"article" doc:"Where it stands."`
	Confidence string              `json:"confidence" enum:"primary,secondary,unconfirmed" doc:"How sure it is that this is asked."`
	State      string              `json:"state" enum:"passed,failed,could-not-tell,attested" doc:"The worst of its answers. Attested: it could not be told, and a person says something; that is no pass."`
	Answers    []SecurityAnswer    `json:"answers" nullable:"false" doc:"What its queries found."`
	Statement  *security.Statement `json:"statement,omitempty" doc:"What a person says."`
}

// SecurityAssessment is a security assessment with its history.
type SecurityAssessment struct {
	ID      string                   `json:"id" doc:"Identifier."`
	State   string                   `json:"state" enum:"draft,proposed,approved,filed,withdrawn" doc:"Where it is."`
	Basics  security.Basics          `json:"basics" doc:"What the report begins with."`
	Author  string                   `json:"author" doc:"Staff account."`
	Made    time.Time                `json:"made" doc:"When it was begun."`
	Asked   time.Time                `json:"asked" doc:"As of when the answers are."`
	Heads   []SecurityHead           `json:"heads" nullable:"false" doc:"In the order of a report."`
	Decider string                   `json:"decider,omitempty" doc:"Staff account that approved it."`
	Decided *time.Time               `json:"decided,omitempty" doc:"When."`
	Digest  string                   `json:"digest,omitempty" doc:"SHA-256 of what was approved."`
	Filing  *security.SecurityFiling `json:"filing,omitempty" doc:"How it was handed in."`
	Note    string                   `json:"note,omitempty" doc:"Why it was given back or withdrawn."`
}

func viewSecurity(say *locale.Printer, e security.Entry) SecurityAssessment {
	v := e.Value
	out := SecurityAssessment{ID: e.ID, State: e.State, Basics: v.Basics, Author: v.Author, Made: e.Made, Asked: v.Asked, Heads: []SecurityHead{}, Decider: v.Decider, Decided: set(v.Decided), Digest: v.Digest, Filing: v.Filing, Note: v.Note}
	for _, h := range v.Results() {
		head := SecurityHead{ID: h.ID, Group: h.Group, Article: h.Article, Confidence: h.Confidence, State: h.State, Answers: []SecurityAnswer{}, Statement: h.Statement}
		for _, a := range h.Answers {
			said := ""
			if a.Why != "" {
				said = say.Code(a.Why, a.Args)
			}
			head.Answers = append(head.Answers, SecurityAnswer{a, said})
		}
		out.Heads = append(out.Heads, head)
	}
	return out
}

type securityOutput struct {
	Replayed
	Body SecurityAssessment
}

func shownSecurity(ctx context.Context, e security.Entry, err error) (*securityOutput, error) {
	if err != nil {
		return nil, err
	}
	return &securityOutput{Body: viewSecurity(printer(askerOf(ctx).language), e)}, nil
}

type securityListInput struct {
	Page
	State security.State `query:"state" enum:"draft,proposed,approved,filed,withdrawn" doc:"Where they are."`
}

type securityListOutput struct {
	Body struct {
		Assessments []SecurityAssessment `json:"assessments" nullable:"false" doc:"The newest first."`
		Next        string               `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) securityList(ctx context.Context, in *securityListInput) (*securityListOutput, error) {
	list, next, err := s.Security.Assessments(ctx, in.State, in.Cursor, in.Limit)
	out := &securityListOutput{}
	out.Body.Assessments, out.Body.Next = []SecurityAssessment{}, next
	for _, e := range list {
		out.Body.Assessments = append(out.Body.Assessments, viewSecurity(printer(askerOf(ctx).language), e))
	}
	return out, err
}

func (s *server) securityOne(ctx context.Context, in *Named) (*securityOutput, error) {
	e, err := s.Security.Assessment(ctx, in.ID)
	return shownSecurity(ctx, e, err)
}

func (s *server) securityDocument(ctx context.Context, in *reviewDocumentInput) (*stream, error) {
	e, err := s.Security.Assessment(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var triggers []security.TriggerEntry
	for _, id := range e.Value.Basics.Triggers {
		t, err := s.Security.Trigger(ctx, id)
		if err != nil {
			return nil, err
		}
		triggers = append(triggers, t)
	}
	content, err := s.ReviewPapers.Security(e, triggers, in.Language, in.format())
	return in.paper("security-assessment", content, err)
}

type securityBeginInput struct {
	Keyed
	Body security.Basics
}

func (s *server) securityBegin(ctx context.Context, in *securityBeginInput) (*securityOutput, error) {
	e, err := s.Security.Begin(ctx, ledgerBy(ctx), in.Body)
	return shownSecurity(ctx, e, err)
}

func (s *server) securityAsk(ctx context.Context, in *reviewStep) (*securityOutput, error) {
	e, err := s.Security.Ask(ctx, ledgerBy(ctx), in.ID)
	return shownSecurity(ctx, e, err)
}

type securityStateInput struct {
	Keyed
	Named
	Body struct {
		Head string `json:"head" minLength:"1" maxLength:"32" doc:"The head."`
		Text string `json:"text" minLength:"1" maxLength:"8192" doc:"What you say. Name no person."`
	}
}

func (s *server) securityState(ctx context.Context, in *securityStateInput) (*securityOutput, error) {
	e, err := s.Security.State(ctx, ledgerBy(ctx), in.ID, in.Body.Head, in.Body.Text)
	return shownSecurity(ctx, e, err)
}

func (s *server) securityPropose(ctx context.Context, in *reviewStep) (*securityOutput, error) {
	e, err := s.Security.Propose(ctx, ledgerBy(ctx), in.ID)
	return shownSecurity(ctx, e, err)
}

func (s *server) securityApprove(ctx context.Context, in *reviewStep) (*securityOutput, error) {
	e, err := s.Security.Approve(ctx, ledgerBy(ctx), in.ID)
	return shownSecurity(ctx, e, err)
}

func (s *server) securityReject(ctx context.Context, in *reviewNoteInput) (*securityOutput, error) {
	e, err := s.Security.Reject(ctx, ledgerBy(ctx), in.ID, in.Body.Note)
	return shownSecurity(ctx, e, err)
}

func (s *server) securityWithdraw(ctx context.Context, in *reviewNoteInput) (*securityOutput, error) {
	e, err := s.Security.Withdraw(ctx, ledgerBy(ctx), in.ID, in.Body.Note)
	return shownSecurity(ctx, e, err)
}

type securityFileInput struct {
	Keyed
	Named
	Body struct {
		Reference string    `json:"reference" minLength:"1" maxLength:"256" doc:"Number that the national platform gave it."`
		At        time.Time `json:"at" doc:"When it was handed in."`
		Proof     string    `json:"proof" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of the receipt, in hexadecimal."`
	}
}

func (s *server) securityFile(ctx context.Context, in *securityFileInput) (*securityOutput, error) {
	e, err := s.Security.File(ctx, ledgerBy(ctx), in.ID, security.SecurityFiling{Reference: in.Body.Reference, At: in.Body.At, Proof: in.Body.Proof})
	return shownSecurity(ctx, e, err)
}
