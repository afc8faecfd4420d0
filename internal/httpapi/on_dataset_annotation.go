package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/annotation"
	"github.com/colophon-project/colophon/staff"
)

func annotationRoutes() []route {
	return []route{
		{get, "/v1/annotation-rules", "annotation-rules", staff.DatasetRead, "datasets", 0, 200, do((*server).ruleList), "List versions of annotation rules, the newest first", 0},
		{post, "/v1/annotation-rules", "draft-annotation-rule", staff.DatasetWrite, "datasets", large, 201, once((*server).ruleDraft), "Write the next version of a rule", 0},
		{get, "/v1/annotation-rules/{id}", "annotation-rule", staff.DatasetRead, "datasets", 0, 200, do((*server).ruleOne), "Show a version of a rule with its text", 0},
		{post, "/v1/annotation-rules/{id}:approve", "approve-annotation-rule", staff.DatasetProve, "datasets", 0, 200, once((*server).ruleApprove), "Put in force what somebody else wrote", 0},
		{post, "/v1/annotation-rules/{id}:withdraw", "withdraw-annotation-rule", staff.DatasetProve, "datasets", 0, 200, once((*server).ruleWithdraw), "Take a version back", 0},
		{get, "/v1/annotators", "annotators", staff.DatasetRead, "datasets", 0, 200, do((*server).takerList), "List who annotates and checks, by opaque identifiers", 0},
		{post, "/v1/annotators", "enter-annotator", staff.DatasetWrite, "datasets", small, 201, once((*server).takerEnter), "Enter somebody who annotates or checks", 0},
		{get, "/v1/annotators/{id}", "annotator", staff.DatasetRead, "datasets", 0, 200, do((*server).takerOne), "Show what somebody was trained in", 0},
		{post, "/v1/annotators/{id}:train", "train-annotator", staff.DatasetWrite, "datasets", small, 200, once((*server).takerTrain), "Say that somebody was trained in a version of a rule", 0},
		{post, "/v1/annotators/{id}:leave", "annotator-leaves", staff.DatasetWrite, "datasets", 0, 200, once((*server).takerLeave), "Say that somebody does it no more", 0},
		{get, "/v1/annotation-checks", "annotation-checks", staff.DatasetRead, "datasets", 0, 200, do((*server).checkList), "List checks of samples of labels, the newest first", 0},
		{post, "/v1/annotation-checks", "enter-annotation-check", staff.DatasetWrite, "datasets", small, 201, once((*server).checkEnter), "Enter a check of a sample of labels", 0},
	}
}

// AnnotationRule is a version of an annotation rule.
type AnnotationRule struct {
	ID       string           `json:"id" doc:"Identifier of the version."`
	State    annotation.State `json:"state" enum:"draft,in-force,replaced,withdrawn" doc:"Where it is."`
	Name     string           `json:"name" doc:"Name; versions of a rule have the same."`
	Version  int              `json:"version" doc:"Number of the version."`
	Kind     string           `json:"kind" enum:"functional,safety" doc:"What the labels are for: what a model can do, or what keeps it safe."`
	Title    TextPair         `json:"title" doc:"Title."`
	Text     string           `json:"text,omitempty" doc:"The rule; absent in lists."`
	SHA256   string           `json:"sha256" doc:"SHA-256 of the text."`
	Part     int              `json:"part" doc:"How much of the labels is checked, in hundredths."`
	Share    int              `json:"share" doc:"Which share has to be right, in parts per million."`
	Author   string           `json:"author" doc:"Staff account that wrote it."`
	Approver string           `json:"approver,omitempty" doc:"Staff account that approved it."`
	Made     time.Time        `json:"made" doc:"When it was written."`
	Approved *time.Time       `json:"approved,omitempty" doc:"When it was approved."`
	Ended    *time.Time       `json:"ended,omitempty" doc:"When it was replaced or withdrawn."`
}

func viewRule(e annotation.RuleEntry) AnnotationRule {
	r := e.Value
	return AnnotationRule{e.ID, annotation.State(e.State), r.Name, r.Version, r.Kind, TextPair(r.Title), r.Text, r.SHA256, r.Part, r.Share, r.Author, r.Approver, e.Made, set(r.Approved), set(r.Ended)}
}

// AnnotatorTraining says that somebody was trained in a version of a rule.
type AnnotatorTraining struct {
	Rule    string    `json:"rule" doc:"Identifier of the version."`
	Day     time.Time `json:"day" doc:"When the training was."`
	Passed  bool      `json:"passed" doc:"It was passed."`
	Paper   string    `json:"paper,omitempty" doc:"SHA-256 of what shows it."`
	Entered time.Time `json:"entered" doc:"When it was entered."`
	By      string    `json:"by" doc:"Staff account that entered it."`
}

// Annotator is somebody who annotates or checks, under an opaque identifier.
type Annotator struct {
	ID        string              `json:"id" doc:"Your own opaque identifier."`
	State     string              `json:"state" enum:"active,left" doc:"Whether somebody still does it."`
	Duty      string              `json:"duty" enum:"annotate,check" doc:"What somebody does. The two are apart."`
	Trainings []AnnotatorTraining `json:"trainings" nullable:"false" doc:"What somebody was trained in, the latest last."`
	Entered   time.Time           `json:"entered" doc:"When somebody was entered."`
}

func viewTaker(e annotation.TakerEntry) Annotator {
	v := Annotator{e.ID, e.State, e.Value.Duty, []AnnotatorTraining{}, e.Made}
	for _, t := range e.Value.Trainings {
		v.Trainings = append(v.Trainings, AnnotatorTraining(t))
	}
	return v
}

// AnnotationCheckText is what a check of a sample of labels found.
type AnnotationCheckText struct {
	Rule       string   `json:"rule" minLength:"1" maxLength:"64" doc:"Identifier of the version of the rule by which was annotated."`
	Dataset    string   `json:"dataset,omitempty" maxLength:"64" doc:"The dataset."`
	Batch      string   `json:"batch" pattern:"^[a-z0-9][a-z0-9-]*$" patternDescription:"lower-case letters, digits and hyphens" maxLength:"64" doc:"Your own opaque name of what was annotated together." example:"week-47"`
	Labels     int      `json:"labels" minimum:"1" maximum:"1000000000" doc:"Labels there are."`
	Checked    int      `json:"checked" minimum:"0" doc:"Labels that were checked."`
	Wrong      int      `json:"wrong" minimum:"0" doc:"Of them, wrong."`
	Untold     int      `json:"untold,omitempty" minimum:"0" doc:"Of them, such that nobody could tell."`
	Annotators []string `json:"annotators" nullable:"false" minItems:"1" maxItems:"100" doc:"Who annotated."`
	Checker    string   `json:"checker" minLength:"1" maxLength:"64" doc:"Who checked."`
}

// AnnotationCheck is a check of a sample of labels, held against the rule.
type AnnotationCheck struct {
	ID      string              `json:"id" doc:"Identifier."`
	Check   AnnotationCheckText `json:"check" doc:"What it found."`
	Must    int                 `json:"must" doc:"Labels that have to be checked by the rule."`
	Share   int                 `json:"share" doc:"Right, of what could be told, in parts per million."`
	Mark    int                 `json:"mark" doc:"Share that the rule asks for."`
	Verdict string              `json:"verdict" enum:"passed,failed,could-not-tell" doc:"What it comes to."`
	By      string              `json:"by" doc:"Staff account that entered it."`
	At      time.Time           `json:"at" doc:"When."`
}

func viewCheck(e annotation.CheckEntry) AnnotationCheck {
	c := e.Value
	return AnnotationCheck{e.ID, AnnotationCheckText{c.Rule, c.Dataset, c.Batch, c.Labels, c.Checked, c.Wrong, c.Untold, c.Annotators, c.Checker}, c.Must, c.Share, c.Mark, c.Verdict.String(), c.By, e.Made}
}

type ruleOutput struct {
	Replayed
	Body AnnotationRule
}

type ruleListInput struct {
	Page
	States []annotation.State `query:"state,explode" nullable:"false" maxItems:"4" enum:"draft,in-force,replaced,withdrawn" doc:"State; may be repeated."`
}

type ruleListOutput struct {
	Body struct {
		Rules []AnnotationRule `json:"rules" nullable:"false" doc:"The newest first."`
		Next  string           `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) ruleList(ctx context.Context, in *ruleListInput) (*ruleListOutput, error) {
	list, next, err := s.Annotation.Rules(ctx, in.States, in.Cursor, in.Limit)
	out := &ruleListOutput{}
	out.Body.Rules, out.Body.Next = []AnnotationRule{}, next
	for _, e := range list {
		v := viewRule(e)
		v.Text = ""
		out.Body.Rules = append(out.Body.Rules, v)
	}
	return out, err
}

type ruleDraftInput struct {
	Keyed
	Body struct {
		Name  string   `json:"name" pattern:"^[a-z0-9][a-z0-9-]*$" patternDescription:"lower-case letters, digits and hyphens" maxLength:"64" doc:"Name; versions of a rule have the same." example:"dialogue-safety"`
		Kind  string   `json:"kind" enum:"functional,safety" doc:"What the labels are for."`
		Title TextPair `json:"title" doc:"Title."`
		Text  string   `json:"text" minLength:"1" maxLength:"200000" doc:"The rule: aims, format of the data, method, and what is to be seen to."`
		Part  int      `json:"part" minimum:"1" maximum:"100" doc:"How much of the labels is checked, in hundredths."`
		Share int      `json:"share" minimum:"1" maximum:"1000000" doc:"Which share has to be right, in parts per million."`
	}
}

func (s *server) ruleDraft(ctx context.Context, in *ruleDraftInput) (*ruleOutput, error) {
	b := in.Body
	e, err := s.Annotation.Draft(ctx, ledgerBy(ctx), annotation.Rule{Name: b.Name, Kind: b.Kind, Title: register.Names(b.Title), Text: b.Text, Part: b.Part, Share: b.Share})
	return &ruleOutput{Body: viewRule(e)}, err
}

func (s *server) ruleOne(ctx context.Context, in *Named) (*ruleOutput, error) {
	e, err := s.Annotation.Rule(ctx, in.ID)
	return &ruleOutput{Body: viewRule(e)}, err
}

type annotationStepInput struct {
	Keyed
	Named
}

func (s *server) ruleApprove(ctx context.Context, in *annotationStepInput) (*ruleOutput, error) {
	e, err := s.Annotation.Approve(ctx, ledgerBy(ctx), in.ID)
	return &ruleOutput{Body: viewRule(e)}, err
}

func (s *server) ruleWithdraw(ctx context.Context, in *annotationStepInput) (*ruleOutput, error) {
	e, err := s.Annotation.Withdraw(ctx, ledgerBy(ctx), in.ID)
	return &ruleOutput{Body: viewRule(e)}, err
}

type takerOutput struct {
	Replayed
	Body Annotator
}

type takerListOutput struct {
	Body struct {
		Annotators []Annotator `json:"annotators" nullable:"false" doc:"By identifier."`
		Next       string      `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) takerList(ctx context.Context, in *Page) (*takerListOutput, error) {
	list, next, err := s.Annotation.Takers(ctx, in.Cursor, in.Limit)
	out := &takerListOutput{}
	out.Body.Annotators, out.Body.Next = []Annotator{}, next
	for _, e := range list {
		out.Body.Annotators = append(out.Body.Annotators, viewTaker(e))
	}
	return out, err
}

type takerEnterInput struct {
	Keyed
	Body struct {
		ID   string `json:"id" pattern:"^[a-z0-9][a-z0-9-]*$" patternDescription:"lower-case letters, digits and hyphens" maxLength:"64" doc:"Your own opaque identifier, which names nobody." example:"a-0417"`
		Duty string `json:"duty" enum:"annotate,check" doc:"What somebody does."`
	}
}

func (s *server) takerEnter(ctx context.Context, in *takerEnterInput) (*takerOutput, error) {
	e, err := s.Annotation.Enter(ctx, ledgerBy(ctx), in.Body.ID, in.Body.Duty)
	return &takerOutput{Body: viewTaker(e)}, err
}

func (s *server) takerOne(ctx context.Context, in *Named) (*takerOutput, error) {
	e, err := s.Annotation.Taker(ctx, in.ID)
	return &takerOutput{Body: viewTaker(e)}, err
}

type takerTrainInput struct {
	Keyed
	Named
	Body struct {
		Rule   string    `json:"rule" minLength:"1" maxLength:"64" doc:"Identifier of the version of the rule."`
		Day    time.Time `json:"day" doc:"When the training was."`
		Passed bool      `json:"passed" doc:"It was passed."`
		Paper  string    `json:"paper,omitempty" pattern:"^[0-9a-f]{64}$" patternDescription:"SHA-256 in hexadecimal" doc:"SHA-256 of what shows it."`
	}
}

func (s *server) takerTrain(ctx context.Context, in *takerTrainInput) (*takerOutput, error) {
	e, err := s.Annotation.Train(ctx, ledgerBy(ctx), in.ID, annotation.Training{Rule: in.Body.Rule, Day: in.Body.Day, Passed: in.Body.Passed, Paper: in.Body.Paper})
	return &takerOutput{Body: viewTaker(e)}, err
}

func (s *server) takerLeave(ctx context.Context, in *annotationStepInput) (*takerOutput, error) {
	e, err := s.Annotation.Leave(ctx, ledgerBy(ctx), in.ID)
	return &takerOutput{Body: viewTaker(e)}, err
}

type checkOutput struct {
	Replayed
	Body AnnotationCheck
}

type checkListInput struct {
	Page
	Rule    string `query:"rule" maxLength:"64" doc:"Version of a rule."`
	Dataset string `query:"dataset" maxLength:"64" doc:"Dataset."`
}

type checkListOutput struct {
	Body struct {
		Checks []AnnotationCheck `json:"checks" nullable:"false" doc:"The newest first."`
		Next   string            `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) checkList(ctx context.Context, in *checkListInput) (*checkListOutput, error) {
	list, next, err := s.Annotation.Checks(ctx, in.Rule, in.Dataset, in.Cursor, in.Limit)
	out := &checkListOutput{}
	out.Body.Checks, out.Body.Next = []AnnotationCheck{}, next
	for _, e := range list {
		out.Body.Checks = append(out.Body.Checks, viewCheck(e))
	}
	return out, err
}

type checkEnterInput struct {
	Keyed
	Body AnnotationCheckText
}

func (s *server) checkEnter(ctx context.Context, in *checkEnterInput) (*checkOutput, error) {
	b := in.Body
	if b.Dataset != "" {
		if _, err := s.Datasets.Dataset(ctx, b.Dataset); err != nil {
			return nil, err
		}
	}
	e, err := s.Annotation.Check(ctx, ledgerBy(ctx), annotation.Check{Rule: b.Rule, Dataset: b.Dataset, Batch: b.Batch, Labels: b.Labels, Checked: b.Checked, Wrong: b.Wrong, Untold: b.Untold, Annotators: b.Annotators, Checker: b.Checker})
	return &checkOutput{Body: viewCheck(e)}, err
}
