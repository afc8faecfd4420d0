package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/consent/faces"
	"github.com/colophon-project/colophon/consent/prompt"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/staff"
)

// assessmentRoutes are those of what comes before faces and voices are processed.
func assessmentRoutes() []route {
	return []route{
		{get, "/v1/prompt", "prompt", staff.ConsentRead, "assessments", 0, 200, do((*server).promptText), "The text that a user must see before media with a face or voice are accepted", 0},
		{get, "/v1/prompt-showings", "prompt-showings", staff.ConsentRead, "assessments", 0, 200, do((*server).promptShowings), "List to whom the prompt was shown, and who acknowledged it", 0},
		{post, "/v1/prompt-showings", "show-prompt", staff.ConsentAsk, "assessments", small, 201, once((*server).promptShow), "Say that the prompt is put before a user", 0},
		{post, "/v1/prompt-showings/{id}:acknowledge", "acknowledge-prompt", staff.ConsentAsk, "assessments", small, 200, once((*server).promptAcknowledge), "Say that the user acknowledged it", 0},

		{get, "/v1/assessments", "assessments", staff.AssessmentRead, "assessments", 0, 200, do((*server).assessmentList), "List impact assessments", 0},
		{get, "/v1/assessments/state", "assessment-state", staff.AssessmentRead, "assessments", 0, 200, do((*server).assessmentState), "Whether a function has an assessment that covers it now", 0},
		{get, "/v1/assessments/{id}", "assessment", staff.AssessmentRead, "assessments", 0, 200, do((*server).assessmentOne), "Show an assessment", 0},
		{get, "/v1/assessments/{id}/document", "assessment-document", staff.AssessmentRead, "assessments", 0, 200, do((*server).assessmentDocument), "An assessment as a page to print, in Chinese and English", 0},
		{post, "/v1/assessments", "propose-assessment", staff.AssessmentWrite, "assessments", assessment.MaxForm, 201, once((*server).assessmentPropose), "Enter an assessment", 0},
		{post, "/v1/assessments/{id}:withdraw", "withdraw-assessment", staff.AssessmentWrite, "assessments", small, 200, once((*server).assessmentWithdraw), "Take back your own assessment that nobody decided about", 0},
		{post, "/v1/assessments/{id}:approve", "approve-assessment", staff.AssessmentApprove, "assessments", 0, 200, once((*server).assessmentApprove), "Approve what somebody else wrote", 0},
		{post, "/v1/assessments/{id}:reject", "reject-assessment", staff.AssessmentApprove, "assessments", small, 200, once((*server).assessmentReject), "Reject what somebody else wrote", 0},
		{post, "/v1/assessments/{id}:end", "end-assessment", staff.AssessmentApprove, "assessments", small, 200, once((*server).assessmentEnd), "End an assessment before its time", 0},

		{get, "/v1/faces", "faces", staff.AssessmentRead, "assessments", 0, 200, do((*server).facesFigures), "How many people's faces are stored, and what is to be filed", 0},
		{get, "/v1/filing-duties", "filing-duties", staff.ReportRead, "assessments", 0, 200, do((*server).filingDuties), "List duties to file the use of faces", 0},
		{post, "/v1/filing-duties", "begin-filing", staff.ReportFile, "assessments", small, 201, once((*server).filingBegin), "Say that what was filed changed, or ended", 0},
		{post, "/v1/filing-duties/{id}:file", "file-faces", staff.ReportFile, "assessments", small, 200, once((*server).filingFile), "Say how a duty was fulfilled", 0},
		{post, "/v1/filing-duties/{id}:dismiss", "dismiss-filing", staff.ReportFile, "assessments", small, 200, once((*server).filingDismiss), "Say why nothing is to be filed", 0},
	}
}

// mayOfOne reports whether the asker may do something about a function; an empty one stands for all.
func mayOfOne(ctx context.Context, action staff.Action, function string) error {
	if function == "" {
		return askerOf(ctx).mayOfAll(action)
	}
	return askerOf(ctx).may(action, function)
}

// PromptWords is the prompt in one language.
type PromptWords struct {
	Language    string   `json:"language" enum:"zh,en" doc:"Language."`
	Title       string   `json:"title" doc:"Heading."`
	Paragraphs  []string `json:"paragraphs" nullable:"false" doc:"What stands under it."`
	Acknowledge string   `json:"acknowledge" doc:"What stands on the button."`
	Digest      string   `json:"digest" doc:"SHA-256 of version and words as canonical JSON, in hexadecimal; it stands in the records."`
}

type promptOutput struct {
	Body struct {
		Version   string        `json:"version" doc:"Version; another text has another one, and is acknowledged anew."`
		Languages []PromptWords `json:"languages" nullable:"false" doc:"The same in each language."`
	}
}

func (s *server) promptText(context.Context, *struct{}) (*promptOutput, error) {
	text, out := s.Prompt.Text(), &promptOutput{}
	out.Body.Version, out.Body.Languages = text.Version, []PromptWords{}
	for _, w := range text.Languages {
		digest, err := text.Digest(w)
		if err != nil {
			return nil, err
		}
		out.Body.Languages = append(out.Body.Languages, PromptWords{w.Language, w.Title, w.Paragraphs, w.Acknowledge, digest})
	}
	return out, nil
}

// PromptShowing is one showing of the prompt.
type PromptShowing struct {
	ID           string           `json:"id" doc:"Identifier."`
	State        string           `json:"state" enum:"shown,acknowledged" doc:"How far it is."`
	Subject      evidence.Subject `json:"subject" doc:"Pseudonym of the account."`
	Function     string           `json:"function" doc:"The function that it is for."`
	Version      string           `json:"version" doc:"Version of the text."`
	Language     string           `json:"language" enum:"zh,en" doc:"Language in which it was shown."`
	Digest       string           `json:"digest" doc:"SHA-256 of what was shown."`
	Shown        time.Time        `json:"shown" doc:"When it was shown."`
	Acknowledged *time.Time       `json:"acknowledged,omitempty" doc:"When it was acknowledged."`
	Depicted     string           `json:"depicted,omitempty" enum:"self,others" doc:"Whom the user says that the media show. It proves nothing."`
}

func viewShowing(e prompt.Entry) PromptShowing {
	v := e.Value
	return PromptShowing{e.ID, e.State, e.Subject, v.Function, v.Version, v.Language, v.Digest, v.Shown, set(v.Acknowledged), string(v.Depicted)}
}

type promptShowingsInput struct {
	Page
	Subject  evidence.Subject `query:"subject" maxLength:"64" doc:"Pseudonym of an account."`
	Function string           `query:"function" maxLength:"64" doc:"Function."`
	State    prompt.State     `query:"state" enum:"shown,acknowledged" doc:"How far they are."`
}

type promptShowingsOutput struct {
	Body struct {
		Showings []PromptShowing `json:"showings" nullable:"false" doc:"The newest first."`
		Next     string          `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) promptShowings(ctx context.Context, in *promptShowingsInput) (*promptShowingsOutput, error) {
	if err := mayOfOne(ctx, staff.ConsentRead, in.Function); err != nil {
		return nil, err
	}
	list, next, err := s.Prompt.Showings(ctx, prompt.Query{Account: in.Subject, Function: in.Function, State: in.State, After: in.Cursor, Limit: in.Limit})
	out := &promptShowingsOutput{}
	out.Body.Showings, out.Body.Next = []PromptShowing{}, next
	for _, e := range list {
		out.Body.Showings = append(out.Body.Showings, viewShowing(e))
	}
	return out, err
}

type promptOneOutput struct {
	Replayed
	Body PromptShowing
}

type promptShowInput struct {
	Keyed
	Body struct {
		Account  string `json:"account" minLength:"1" maxLength:"256" doc:"Your own identifier of the account. It becomes a pseudonym at once." example:"user-8731"`
		Function string `json:"function" minLength:"1" maxLength:"64" doc:"The function that the user wants to use, as the register names it." example:"portrait-swap"`
		Language string `json:"language" enum:"zh,en" doc:"Language in which it is shown."`
	}
}

func (s *server) promptShow(ctx context.Context, in *promptShowInput) (*promptOneOutput, error) {
	if err := mayOfOne(ctx, staff.ConsentAsk, in.Body.Function); err != nil {
		return nil, err
	}
	subject, err := s.People.Account(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	e, err := s.Prompt.Show(ctx, ledgerBy(ctx), subject, in.Body.Function, in.Body.Language)
	return &promptOneOutput{Body: viewShowing(e)}, err
}

type promptAcknowledgeInput struct {
	Keyed
	Named
	Body struct {
		Account  string          `json:"account" minLength:"1" maxLength:"256" doc:"Your own identifier of the account to which it was shown." example:"user-8731"`
		Depicted prompt.Depicted `json:"depicted" enum:"self,others" doc:"Whom the user says that the media show: self, or others whose separate consent is needed."`
	}
}

func (s *server) promptAcknowledge(ctx context.Context, in *promptAcknowledgeInput) (*promptOneOutput, error) {
	subject, err := s.People.Account(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	e, err := s.Prompt.Showing(ctx, in.ID)
	if err == nil {
		err = mayOfOne(ctx, staff.ConsentAsk, e.Value.Function)
	}
	if err == nil {
		e, err = s.Prompt.Acknowledge(ctx, ledgerBy(ctx), subject, in.ID, in.Body.Depicted)
	}
	return &promptOneOutput{Body: viewShowing(e)}, err
}

// AssessmentForm is what an assessment says (Personal Information Protection Law Art. 56). No field names a person.
type AssessmentForm struct {
	Function   string              `json:"function" maxLength:"64" doc:"Identifier of the function in the register." example:"portrait-swap"`
	Modalities []string            `json:"modalities" nullable:"false" enum:"face,voice,body,name" doc:"What of a person is processed."`
	Purpose    string              `json:"purpose" maxLength:"8192" doc:"What for."`
	Method     string              `json:"method" maxLength:"8192" doc:"How the data are processed."`
	Basis      string              `json:"basis" maxLength:"8192" doc:"On which legal ground."`
	Necessity  string              `json:"necessity" maxLength:"8192" doc:"Why nothing milder does."`
	Scope      string              `json:"scope" maxLength:"8192" doc:"Whose data, of about how many people, used where."`
	Data       []AssessedData      `json:"data" nullable:"false" doc:"Kinds of personal information."`
	Models     []AssessedModel     `json:"models" nullable:"false" doc:"Models by which they are processed; all that the register names."`
	Recipients []AssessedRecipient `json:"recipients" nullable:"false" doc:"Who else gets them."`
	Storage    string              `json:"storage" maxLength:"8192" doc:"Where they lie, and how they are protected."`
	Retention  string              `json:"retention" maxLength:"8192" doc:"For how long, and what comes after."`
	Risks      []AssessedRisk      `json:"risks" nullable:"false" doc:"What may happen to people, and what is done against it."`
	Residual   string              `json:"residual" enum:"low,medium,high" doc:"Risk that is left, of all."`
	Conclusion string              `json:"conclusion" enum:"acceptable,acceptable-with-conditions,unacceptable" doc:"What follows."`
	Conditions string              `json:"conditions" maxLength:"8192" doc:"Of the conclusion acceptable-with-conditions; empty for the others."`
	Annexes    []AssessmentAnnex   `json:"annexes" nullable:"false" doc:"Files that belong to it and lie elsewhere."`
	Review     string              `json:"review" pattern:"^\\d{4}-\\d{2}-\\d{2}$" doc:"Day on which it lapses, in Beijing time; at most three years ahead." example:"2027-11-22"`
}

// AssessedData is one kind of personal information.
type AssessedData struct {
	Kind      string `json:"kind" maxLength:"8192" doc:"Kind." example:"pictures of faces"`
	Source    string `json:"source" maxLength:"8192" doc:"Who provides it."`
	Sensitive bool   `json:"sensitive" doc:"Sensitive personal information; faces and voices are."`
	Minors    bool   `json:"minors" doc:"Of people under 14 too."`
}

// AssessedModel is a model as the register names it.
type AssessedModel struct {
	Name    string `json:"name" maxLength:"256" doc:"Name."`
	Version string `json:"version" maxLength:"256" doc:"Version."`
	Digest  string `json:"digest" maxLength:"256" doc:"Digest as the register has it; empty for none."`
}

// AssessedRecipient is somebody who gets the data.
type AssessedRecipient struct {
	Who    string `json:"who" maxLength:"8192" doc:"Who."`
	Why    string `json:"why" maxLength:"8192" doc:"What for, and on which ground."`
	Abroad bool   `json:"abroad" doc:"Outside the mainland."`
}

// AssessedRisk is a risk with what is done against it.
type AssessedRisk struct {
	Risk       string   `json:"risk" maxLength:"8192" doc:"What may happen."`
	Effect     string   `json:"effect" maxLength:"8192" doc:"On rights and safety of the person."`
	Likelihood string   `json:"likelihood" enum:"low,medium,high" doc:"How likely it is."`
	Severity   string   `json:"severity" enum:"low,medium,high" doc:"How grave it is."`
	Measures   []string `json:"measures" nullable:"false" doc:"What is done against it."`
	Residual   string   `json:"residual" enum:"low,medium,high" doc:"Risk that is left."`
}

// AssessmentAnnex is a file that belongs to an assessment.
type AssessmentAnnex struct {
	Name   string `json:"name" maxLength:"256" doc:"Name of the file."`
	SHA256 string `json:"sha256" pattern:"^[0-9a-f]{64}$" doc:"Its SHA-256, in hexadecimal."`
}

// Assessment is an impact assessment with its history.
type Assessment struct {
	ID       string         `json:"id" doc:"Identifier."`
	State    string         `json:"state" enum:"proposed,approved,rejected,lapsed,superseded" doc:"Where it is. Whether an approved one still covers its function is another question: assessment-state."`
	Form     AssessmentForm `json:"form" doc:"What it says."`
	Digest   string         `json:"digest" doc:"SHA-256 of the form as canonical JSON, in hexadecimal."`
	Facts    string         `json:"facts" doc:"Digest of what the register said of the function."`
	Author   string         `json:"author" doc:"Staff account that wrote it."`
	Proposed time.Time      `json:"proposed" doc:"When."`
	Decider  string         `json:"decider,omitempty" doc:"Staff account that approved or rejected it."`
	Decided  *time.Time     `json:"decided,omitempty" doc:"When."`
	Ended    *time.Time     `json:"ended,omitempty" doc:"When it lapsed or was superseded."`
	Reason   colophon.Code  `json:"reason,omitempty" doc:"Why it was rejected, or lapsed."`
}

func viewAssessment(e assessment.Entry) (Assessment, error) {
	v := e.Value
	a := Assessment{ID: e.ID, State: e.State, Digest: v.Digest, Facts: v.Facts, Author: v.Author.ID, Proposed: e.Made, Decider: v.Decider.ID, Decided: set(v.Decided), Ended: set(v.Ended), Reason: v.Reason}
	text, err := json.Marshal(v.Form) // the same names
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(text, &a.Form)
}

type assessmentOutput struct {
	Replayed
	Body Assessment
}

func shownAssessment(e assessment.Entry, err error) (*assessmentOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := viewAssessment(e)
	return &assessmentOutput{Body: v}, err
}

type assessmentsInput struct {
	Page
	Function string           `query:"function" maxLength:"64" doc:"Function."`
	State    assessment.State `query:"state" enum:"proposed,approved,rejected,lapsed,superseded" doc:"Where they are."`
}

type assessmentsOutput struct {
	Body struct {
		Assessments []Assessment `json:"assessments" nullable:"false" doc:"The newest first."`
		Next        string       `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) assessmentList(ctx context.Context, in *assessmentsInput) (*assessmentsOutput, error) {
	if err := mayOfOne(ctx, staff.AssessmentRead, in.Function); err != nil {
		return nil, err
	}
	list, next, err := s.Assessments.Assessments(ctx, assessment.Query{Function: in.Function, State: in.State, After: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &assessmentsOutput{}
	out.Body.Assessments, out.Body.Next = []Assessment{}, next
	for _, e := range list {
		v, err := viewAssessment(e)
		if err != nil {
			return nil, err
		}
		out.Body.Assessments = append(out.Body.Assessments, v)
	}
	return out, nil
}

type assessmentStateInput struct {
	Function string `query:"function" required:"true" minLength:"1" maxLength:"64" doc:"Identifier of the function in the register."`
}

type assessmentStateOutput struct {
	Body struct {
		State      string        `json:"state" enum:"current,stale,missing,adverse" doc:"Whether one covers the function. Adverse: one does, and says that it must not be done."`
		Assessment string        `json:"assessment,omitempty" doc:"The assessment that says so."`
		Reason     colophon.Code `json:"reason,omitempty" doc:"Why it is not current."`
		Until      *time.Time    `json:"until,omitempty" doc:"When a current one lapses by itself."`
	}
}

func (s *server) assessmentState(ctx context.Context, in *assessmentStateInput) (*assessmentStateOutput, error) {
	if err := mayOfOne(ctx, staff.AssessmentRead, in.Function); err != nil {
		return nil, err
	}
	a, err := s.Assessments.Of(ctx, in.Function)
	out := &assessmentStateOutput{}
	out.Body.State, out.Body.Assessment, out.Body.Reason, out.Body.Until = a.State.String(), a.ID, a.Reason, set(a.Until)
	return out, err
}

// assessed returns an assessment that the asker may see.
func (s *server) assessed(ctx context.Context, id string) (assessment.Entry, error) {
	e, err := s.Assessments.Assessment(ctx, id)
	if err == nil {
		err = mayOfOne(ctx, staff.AssessmentRead, e.Value.Form.Function)
	}
	return e, err
}

func (s *server) assessmentOne(ctx context.Context, in *Named) (*assessmentOutput, error) {
	return shownAssessment(s.assessed(ctx, in.ID))
}

func (s *server) assessmentDocument(ctx context.Context, in *Named) (*stream, error) {
	e, err := s.assessed(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	page, err := s.AssessmentPage(e)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="assessment-`+e.ID+`.html"`)
		w.Write(page) //nolint:errcheck // nobody is left to be told
	}), nil
}

type assessmentProposeInput struct {
	Keyed
	Body AssessmentForm
}

func (s *server) assessmentPropose(ctx context.Context, in *assessmentProposeInput) (*assessmentOutput, error) {
	text, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	f, err := assessment.ParseForm(text)
	if err != nil {
		return nil, err
	}
	return shownAssessment(s.Assessments.Propose(ctx, ledgerBy(ctx), f))
}

type assessmentNoteInput struct {
	Keyed
	Named
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"4096" doc:"Why, in prose. It stands in the sealed payload of the record alone."`
	}
}

func (s *server) assessmentWithdraw(ctx context.Context, in *assessmentNoteInput) (*assessmentOutput, error) {
	return shownAssessment(s.Assessments.Withdraw(ctx, ledgerBy(ctx), in.ID, in.Body.Note))
}

func (s *server) assessmentEnd(ctx context.Context, in *assessmentNoteInput) (*assessmentOutput, error) {
	return shownAssessment(s.Assessments.End(ctx, ledgerBy(ctx), in.ID, in.Body.Note))
}

type assessmentRejectInput struct {
	Keyed
	Named
	Body struct {
		Reason colophon.Code `json:"reason" minLength:"1" maxLength:"64" pattern:"^[0-9a-z._-]+$" doc:"A code." example:"not-necessary"`
		Note   string        `json:"note" minLength:"1" maxLength:"4096" doc:"The same in prose. It stands in the sealed payload of the record alone."`
	}
}

func (s *server) assessmentReject(ctx context.Context, in *assessmentRejectInput) (*assessmentOutput, error) {
	return shownAssessment(s.Assessments.Reject(ctx, ledgerBy(ctx), in.ID, in.Body.Reason, in.Body.Note))
}

type assessmentApproveInput struct {
	Keyed
	Named
}

func (s *server) assessmentApprove(ctx context.Context, in *assessmentApproveInput) (*assessmentOutput, error) {
	return shownAssessment(s.Assessments.Approve(ctx, ledgerBy(ctx), in.ID))
}

type facesOutput struct {
	Body struct {
		Faces   int    `json:"faces" doc:"People whose faces are stored now."`
		Level   string `json:"level" enum:"below,warned,over" doc:"How near that is to the number that must be filed."`
		Warning int    `json:"warning" doc:"Number at which the level is warned."`
		Limit   int    `json:"limit" doc:"Number that must be filed (Facial Recognition Measures Art. 15)."`
		Open    int    `json:"open" doc:"Open duties to file."`
		Overdue int    `json:"overdue" doc:"Of them, those whose time is over."`
	}
}

func (s *server) facesFigures(ctx context.Context, _ *struct{}) (*facesOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.AssessmentRead); err != nil {
		return nil, err
	}
	f, err := s.Faces.Figures(ctx)
	out := &facesOutput{}
	out.Body.Faces, out.Body.Level, out.Body.Warning, out.Body.Limit, out.Body.Open, out.Body.Overdue = f.Faces, string(f.Level), faces.Warning, faces.Limit, f.Open, f.Overdue
	return out, err
}

// FilingDuty is the duty to file the use of faces (Facial Recognition Measures Art. 15).
type FilingDuty struct {
	ID        string        `json:"id" doc:"Identifier."`
	State     string        `json:"state" enum:"open,filed,dismissed" doc:"How far it is."`
	Kind      string        `json:"kind" enum:"first,change,cancel" doc:"What is to be filed: the use, a change of it, its end."`
	Faces     int           `json:"faces" doc:"People whose faces were stored when it was opened."`
	Since     time.Time     `json:"since" doc:"What the 30 working days begin with."`
	Due       time.Time     `json:"due" doc:"When they end."`
	Unsure    []int         `json:"unsure,omitempty" nullable:"false" doc:"Years whose public holidays are not known, so that Monday to Friday were counted."`
	Reference string        `json:"reference,omitempty" doc:"Number that the authority gave."`
	FiledAt   *time.Time    `json:"filed_at,omitempty" doc:"When it was filed."`
	Proof     string        `json:"proof,omitempty" doc:"SHA-256 of the receipt, in hexadecimal."`
	Reason    colophon.Code `json:"reason,omitempty" doc:"Why it was dismissed."`
	By        string        `json:"by,omitempty" doc:"Staff account that filed or dismissed it."`
	Closed    *time.Time    `json:"closed,omitempty" doc:"When it was closed."`
}

func viewFiling(e faces.Entry) FilingDuty {
	d := e.Value
	v := FilingDuty{ID: e.ID, State: e.State, Kind: string(d.Kind), Faces: d.Faces, Since: d.Since, Due: d.Due, Unsure: d.Unsure, Reason: d.Reason, By: d.By.ID, Closed: set(d.Closed)}
	if d.Filing != nil {
		v.Reference, v.FiledAt, v.Proof = d.Filing.Reference, set(d.Filing.At), d.Filing.Proof
	}
	return v
}

type filingDutiesInput struct {
	Page
	State faces.State `query:"state" enum:"open,filed,dismissed" doc:"How far they are."`
	Kind  faces.Kind  `query:"kind" enum:"first,change,cancel" doc:"What is to be filed."`
}

type filingDutiesOutput struct {
	Body struct {
		Duties []FilingDuty `json:"duties" nullable:"false" doc:"The newest first."`
		Next   string       `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) filingDuties(ctx context.Context, in *filingDutiesInput) (*filingDutiesOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.ReportRead); err != nil {
		return nil, err
	}
	q := faces.Query{Kind: in.Kind, After: in.Cursor, Limit: in.Limit}
	if in.State != "" {
		q.States = []faces.State{in.State}
	}
	list, next, err := s.Faces.Duties(ctx, q)
	out := &filingDutiesOutput{}
	out.Body.Duties, out.Body.Next = []FilingDuty{}, next
	for _, e := range list {
		out.Body.Duties = append(out.Body.Duties, viewFiling(e))
	}
	return out, err
}

type filingOutput struct {
	Replayed
	Body FilingDuty
}

func shownFiling(e faces.Entry, err error) (*filingOutput, error) {
	return &filingOutput{Body: viewFiling(e)}, err
}

type filingBeginInput struct {
	Keyed
	Body struct {
		Kind  faces.Kind `json:"kind" enum:"change,cancel" doc:"change: what was filed is otherwise now. cancel: faces are not used any more."`
		Since time.Time  `json:"since" doc:"When that happened."`
	}
}

func (s *server) filingBegin(ctx context.Context, in *filingBeginInput) (*filingOutput, error) {
	return shownFiling(s.Faces.Begin(ctx, ledgerBy(ctx), in.Body.Kind, in.Body.Since))
}

type filingFileInput struct {
	Keyed
	Named
	Body struct {
		Reference string    `json:"reference" minLength:"1" maxLength:"256" doc:"Number that the authority gave."`
		At        time.Time `json:"at" doc:"When it was filed."`
		Proof     string    `json:"proof" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of the receipt, in hexadecimal."`
	}
}

func (s *server) filingFile(ctx context.Context, in *filingFileInput) (*filingOutput, error) {
	return shownFiling(s.Faces.File(ctx, ledgerBy(ctx), in.ID, faces.Filing{Reference: in.Body.Reference, At: in.Body.At, Proof: in.Body.Proof}))
}

type filingDismissInput struct {
	Keyed
	Named
	Body struct {
		Reason colophon.Code `json:"reason" minLength:"1" maxLength:"64" pattern:"^[0-9a-z._-]+$" doc:"A code." example:"no-recognition"`
		Note   string        `json:"note" minLength:"1" maxLength:"4096" doc:"The same in prose. It stands in the sealed payload of the record alone."`
	}
}

func (s *server) filingDismiss(ctx context.Context, in *filingDismissInput) (*filingOutput, error) {
	return shownFiling(s.Faces.Dismiss(ctx, ledgerBy(ctx), in.ID, in.Body.Reason, in.Body.Note))
}
