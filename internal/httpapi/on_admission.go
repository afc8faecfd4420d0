package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

func admissionRoutes() []route {
	return []route{
		{post, "/v1/admission:decide", "admit", staff.AdmissionAsk, "admission", small, 200, do((*server).admit), "Decide whether an account may do something now; the decision is recorded, and an allowed use counts against quotas", 0},
		{post, "/v1/admission:explain", "explain-admission", staff.AdmissionAsk, "admission", small, 200, do((*server).explainAdmission), "Say what would be decided now and by which facts; nothing is recorded or counted", 0},
		{post, "/v1/admission:replay", "replay-admission", staff.AdmissionRead, "admission", small, 200, do((*server).replayAdmission), "Decide again from the record of a decision; a record says that you read it", 0},
		{get, "/v1/admissions", "admissions", staff.AdmissionRead, "admission", 0, 200, do((*server).admissions), "List decisions, the oldest first", 0},
	}
}

// AdmissionQuestion is what an account is about to do.
type AdmissionQuestion struct {
	Whose
	Act      admission.Act `json:"act" enum:"use,publish,register-account" doc:"What it is about to do."`
	Service  string        `json:"service,omitempty" maxLength:"64" doc:"The service."`
	Function string        `json:"function,omitempty" maxLength:"64" doc:"The function, as the register knows it." example:"portrait-swap"`
	Class    string        `json:"class,omitempty" enum:"dialogue,voice,person,scene,other,assist" doc:"Class by Deep Synthesis Provisions Art. 17, where no function is named."`
	Model    string        `json:"model,omitempty" maxLength:"128" doc:"The model."`
	Template string        `json:"template,omitempty" maxLength:"128" doc:"The template or tool."`
	Content  string        `json:"content,omitempty" maxLength:"256" doc:"Number of the content that is published."`
	Depicted int           `json:"depicted,omitempty" minimum:"0" maximum:"16" doc:"How many people's likeness is used."`
	Purpose  string        `json:"purpose,omitempty" maxLength:"64" doc:"For what a likeness is used, as the consent names it."`
	Scene    string        `json:"scene,omitempty" maxLength:"64" doc:"In which scene."`
	Channel  string        `json:"channel,omitempty" maxLength:"64" doc:"Where it is shown."`
	Modality []string      `json:"modality,omitempty" nullable:"false" maxItems:"4" enum:"face,voice,body,name" doc:"What of the people is used; all that the function edits where absent."`
	Training bool          `json:"training,omitempty" doc:"The likeness trains a model."`
	Consents []string      `json:"consents,omitempty" nullable:"false" maxItems:"16" doc:"Tokens of consents, one for each person. None is spent here, and none is kept."`
}

// question is what is asked, for whoever may ask it of that function.
func (s *server) question(ctx context.Context, in AdmissionQuestion) (admission.Question, error) {
	if err := askerOf(ctx).mayOf(staff.AdmissionAsk, in.Service, cmp.Or(in.Function, staff.Every)); err != nil {
		return admission.Question{}, err
	}
	account, err := s.whose(ctx, in.Whose)
	return admission.Question{Account: account, Act: in.Act, Service: in.Service, Function: in.Function, Class: in.Class, Model: in.Model, Template: in.Template, Content: in.Content,
		Depicted: in.Depicted, Purpose: in.Purpose, Scene: in.Scene, Channel: in.Channel, Modality: in.Modality, Training: in.Training, Tokens: in.Consents}, err
}

// AdmissionSentence is a sentence for people.
type AdmissionSentence struct {
	Code colophon.Code `json:"code" doc:"For programs."`
	En   string        `json:"en" doc:"In English."`
	Zh   string        `json:"zh" doc:"In Chinese."`
}

func bilingual(code colophon.Code, args colophon.Args) *AdmissionSentence {
	if code == "" {
		return nil
	}
	return &AdmissionSentence{code, catalogues()[locale.English].Code(code, args), catalogues()[locale.Chinese].Code(code, args)}
}

// AdmissionCondition is one thing that was looked at.
type AdmissionCondition struct {
	Name    string             `json:"name" doc:"What was looked at." example:"identity"`
	Verdict string             `json:"verdict" enum:"passed,failed,could-not-tell" doc:"What came of it."`
	Refuses bool               `json:"refuses" doc:"It is a reason of the refusal."`
	Why     *AdmissionSentence `json:"why,omitempty" doc:"Why it did not pass."`
	Remedy  *AdmissionSentence `json:"remedy,omitempty" doc:"What the person can do."`
	Args    colophon.Args      `json:"args,omitempty" doc:"Values in the sentences, by name."`
	Clauses []colophon.Clause  `json:"clauses,omitempty" nullable:"false" doc:"Clauses that it goes back to."`
	Until   *time.Time         `json:"until,omitempty" doc:"When it may be otherwise by itself."`
}

// AdmissionDecision is what was decided.
type AdmissionDecision struct {
	Allow      bool                 `json:"allow" doc:"Whether the account may do it."`
	Verdict    string               `json:"verdict" enum:"passed,failed,could-not-tell" doc:"could-not-tell: nothing failed, and something that must be known could not be told."`
	High       bool                 `json:"high" doc:"The function is one of high risk, so that nothing may be unknown."`
	Conditions []AdmissionCondition `json:"conditions" nullable:"false" doc:"Everything that was looked at, what passed too."`
	Rules      string               `json:"rules" doc:"Version of the rules."`
	Record     string               `json:"record,omitempty" doc:"Identifier of the record; absent where nothing was recorded."`
}

func viewCondition(c admission.Condition) AdmissionCondition {
	return AdmissionCondition{c.Name, c.Verdict.String(), c.Refuses, bilingual(c.Code, c.Args), bilingual(c.Remedy, c.Args), c.Args, c.Clauses, set(c.Until)}
}

func viewDecision(d admission.Decision) AdmissionDecision {
	v := AdmissionDecision{d.Allow, d.Verdict.String(), d.High, []AdmissionCondition{}, d.Rules, d.Record}
	for _, c := range d.Conditions {
		v.Conditions = append(v.Conditions, viewCondition(c))
	}
	return v
}

type admitInput struct{ Body AdmissionQuestion }

type admitOutput struct{ Body AdmissionDecision }

// admit decides. A refusal is an answer and no problem.
func (s *server) admit(ctx context.Context, in *admitInput) (*admitOutput, error) {
	q, err := s.question(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	d, err := s.Admission.Decide(ctx, ledgerBy(ctx), q)
	return &admitOutput{viewDecision(d)}, err
}

type explainOutput struct {
	Body struct {
		Decision AdmissionDecision `json:"decision" doc:"What would be decided, but for quotas, which nobody counts here."`
		Question json.RawMessage   `json:"question" doc:"The question as it would be recorded, without tokens."`
		View     json.RawMessage   `json:"view" doc:"The facts, as they would be recorded."`
	}
}

func (s *server) explainAdmission(ctx context.Context, in *admitInput) (*explainOutput, error) {
	q, err := s.question(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	d, v, err := s.Admission.Explain(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &explainOutput{}
	out.Body.Decision = viewDecision(d)
	if out.Body.Question, err = evidence.Canonical(q); err != nil {
		return nil, err
	}
	out.Body.View, err = evidence.Canonical(v)
	return out, err
}

type replayAdmissionInput struct {
	Body struct {
		Record string `json:"record" maxLength:"64" pattern:"^[0-9a-z-]+$" patternDescription:"an identifier" doc:"Identifier of the record."`
	}
}

type replayAdmissionOutput struct {
	Body struct {
		Decision AdmissionDecision `json:"decision" doc:"What the rules of now say."`
		Same     bool              `json:"same" doc:"It is what was decided then, to the last byte."`
		Then     json.RawMessage   `json:"then" doc:"What was decided then."`
		Question json.RawMessage   `json:"question" doc:"What was asked then."`
		View     json.RawMessage   `json:"view" doc:"The facts of then."`
	}
}

func (s *server) replayAdmission(ctx context.Context, in *replayAdmissionInput) (*replayAdmissionOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.AdmissionRead); err != nil {
		return nil, err
	}
	record, err := s.Ledger.Record(ctx, in.Body.Record)
	if err == nil && record.Type != admission.RecordDecided {
		err = refuse(colophon.Invalid, admission.CodeNoDecision)
	}
	if err != nil {
		return nil, err
	}
	opening, err := s.Ledger.Payload(ctx, askerOf(ctx).by, in.Body.Record)
	if err != nil {
		return nil, err
	}
	r, err := admission.Replay(opening.Payload)
	if err != nil {
		return nil, err
	}
	out := &replayAdmissionOutput{}
	out.Body.Decision, out.Body.Same, out.Body.Then = viewDecision(r.Decision), r.Same, r.Kept.Decision
	if out.Body.Question, err = evidence.Canonical(r.Kept.Question); err != nil {
		return nil, err
	}
	out.Body.View, err = evidence.Canonical(r.Kept.View)
	return out, err
}

type admissionsInput struct {
	Page
	Subject evidence.Subject `query:"subject" maxLength:"64" doc:"Pseudonym of an account."`
	Refused bool             `query:"refused" doc:"Refusals alone."`
}

// PastAdmission is a decision as its record tells it.
type PastAdmission struct {
	Record   string           `json:"record" doc:"Identifier of its record."`
	At       time.Time        `json:"at" doc:"When."`
	Subject  evidence.Subject `json:"subject" doc:"Pseudonym of the account."`
	Verdict  string           `json:"verdict" enum:"passed,failed,could-not-tell" doc:"could-not-tell where the payload can't be read any more; reason says why."`
	Act      admission.Act    `json:"act,omitempty" doc:"What the account was about to do."`
	Service  string           `json:"service,omitempty" doc:"The service."`
	Function string           `json:"function,omitempty" doc:"The function."`
	Content  string           `json:"content,omitempty" doc:"The content number."`
	Rules    string           `json:"rules,omitempty" doc:"Version of the rules."`
	Codes    []colophon.Code  `json:"codes" nullable:"false" doc:"For what it was refused."`
	Reason   colophon.Code    `json:"reason,omitempty" doc:"Why the payload can't be read."`
}

type admissionsOutput struct {
	Body struct {
		Decisions []PastAdmission `json:"decisions" nullable:"false" doc:"The oldest first. Those of one account that were refused may be fewer than the page holds."`
		Next      string          `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) admissions(ctx context.Context, in *admissionsInput) (*admissionsOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.AdmissionRead); err != nil {
		return nil, err
	}
	after, err := strconv.ParseUint(cmp.Or(in.Cursor, "0"), 10, 63)
	if err != nil {
		return nil, invalid("query.cursor", "expected next of the page before")
	}
	list, next, err := admission.History(ctx, s.Decisions, in.Subject, in.Refused, after, in.Limit)
	out := &admissionsOutput{}
	out.Body.Decisions = []PastAdmission{}
	for _, p := range list {
		q := p.Kept.Question
		v := PastAdmission{p.Record, p.At, p.Subject, p.Verdict.String(), q.Act, q.Service, q.Function, q.Content, p.Kept.Rules, append([]colophon.Code{}, p.Codes...), p.Unread}
		out.Body.Decisions = append(out.Body.Decisions, v)
	}
	if next > 0 {
		out.Body.Next = strconv.FormatUint(next, 10)
	}
	return out, err
}
