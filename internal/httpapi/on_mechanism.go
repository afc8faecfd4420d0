package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/review/ethics"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/review/security"
	"github.com/colophon-project/colophon/staff"
)

// ReviewPapers writes reviews as documents.
type ReviewPapers interface {
	Mechanism(e mechanism.Entry, a mechanism.Answer, language string, f media.Format) ([]byte, error)
	Ethics(e ethics.Entry, language string, f media.Format) ([]byte, error)
	Security(e security.Entry, triggers []security.TriggerEntry, language string, f media.Format) ([]byte, error)
}

// mechanismRoutes are those of the reviews of how algorithms work.
func mechanismRoutes() []route {
	return []route{
		{get, "/v1/mechanism-reviews", "mechanism-reviews", staff.OversightRead, "reviews", 0, 200, do((*server).mechanismList), "List reviews of how algorithms work", 0},
		{get, "/v1/mechanism-reviews/state", "mechanism-state", staff.OversightRead, "reviews", 0, 200, do((*server).mechanismState), "Whether a review covers the version of an algorithm that serves now", 0},
		{get, "/v1/mechanism-reviews/{id}", "mechanism-review", staff.OversightRead, "reviews", 0, 200, do((*server).mechanismOne), "Show a review", 0},
		{get, "/v1/mechanism-reviews/{id}/document", "mechanism-document", staff.OversightRead, "reviews", 0, 200, do((*server).mechanismDocument), "A review as a document", 0},
		{post, "/v1/mechanism-reviews", "propose-mechanism-review", staff.OversightWrite, "reviews", small, 201, once((*server).mechanismPropose), "Enter what was found of the version that serves now", 0},
		{post, "/v1/mechanism-reviews/{id}:approve", "approve-mechanism-review", staff.OversightDecide, "reviews", 0, 200, once((*server).mechanismApprove), "Have what somebody else examined cover the version that serves", 0},
		{post, "/v1/mechanism-reviews/{id}:reject", "reject-mechanism-review", staff.OversightDecide, "reviews", small, 200, once((*server).mechanismReject), "Reject what somebody else examined", 0},
		{post, "/v1/mechanism-reviews/{id}:meet", "meet-mechanism-condition", staff.OversightDecide, "reviews", small, 200, once((*server).mechanismMeet), "Say that a condition was met, and how", 0},
		{post, "/v1/mechanism-reviews/{id}:end", "end-mechanism-review", staff.OversightDecide, "reviews", small, 200, once((*server).mechanismEnd), "End a review before its time", 0},
	}
}

// MechanismReview is a review of how an algorithm works, with its history.
type MechanismReview struct {
	ID       string                `json:"id" doc:"Identifier."`
	State    string                `json:"state" enum:"proposed,approved,rejected,lapsed,superseded" doc:"Where it is."`
	Coverage string                `json:"coverage" enum:"current,stale,missing,adverse,could-not-tell" doc:"Whether it covers what serves now. Adverse: it does, and says that this must not serve."`
	Why      *Sentence             `json:"why,omitempty" doc:"Why it does not."`
	Until    *time.Time            `json:"until,omitempty" doc:"When it ends by itself, if nothing else serves before."`
	Form     mechanism.Examination `json:"form" doc:"What was found."`
	Author   string                `json:"author" doc:"Staff account that examined."`
	Proposed time.Time             `json:"proposed" doc:"When."`
	Decider  string                `json:"decider,omitempty" doc:"Staff account that approved or rejected it."`
	Decided  *time.Time            `json:"decided,omitempty" doc:"When."`
	Ended    *time.Time            `json:"ended,omitempty" doc:"When it lapsed or was superseded, as it was written down."`
}

type mechanismOutput struct {
	Replayed
	Body MechanismReview
}

func (s *server) viewMechanism(ctx context.Context, e mechanism.Entry) (MechanismReview, error) {
	a, err := s.told(ctx, e)
	v := e.Value
	if v.Checks == nil {
		v.Checks = []mechanism.Examined{}
	}
	return MechanismReview{ID: e.ID, State: e.State, Coverage: covered(a), Why: sentence(printer(askerOf(ctx).language), a.Reason, nil), Until: set(a.Until), Form: v.Examination, Author: v.Author, Proposed: e.Made, Decider: v.Decider, Decided: set(v.Decided), Ended: set(v.Ended)}, err
}

// told says whether a review covers what serves. Where that can't be found out it could not be told, and the log says why.
func (s *server) told(ctx context.Context, e mechanism.Entry) (mechanism.Answer, error) {
	a, err := s.Mechanisms.Of(ctx, e)
	if err != nil && ctx.Err() == nil {
		s.Logger.WarnContext(ctx, "what serves an algorithm could not be told", "review", e.ID, "error", err)
		err = nil
	}
	return a, err
}

func covered(a mechanism.Answer) string {
	if a.State == mechanism.Untold {
		return "could-not-tell"
	}
	return string(a.State)
}

func (s *server) shownMechanism(ctx context.Context, e mechanism.Entry, err error) (*mechanismOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := s.viewMechanism(ctx, e)
	return &mechanismOutput{Body: v}, err
}

type mechanismListInput struct {
	Page
	Algorithm string          `query:"algorithm" maxLength:"64" doc:"Algorithm."`
	State     mechanism.State `query:"state" enum:"proposed,approved,rejected,lapsed,superseded" doc:"Where they are."`
}

type mechanismListOutput struct {
	Body struct {
		Reviews []MechanismReview `json:"reviews" nullable:"false" doc:"The newest first."`
		Next    string            `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) mechanismList(ctx context.Context, in *mechanismListInput) (*mechanismListOutput, error) {
	list, next, err := s.Mechanisms.Reviews(ctx, mechanism.Query{Algorithm: in.Algorithm, State: in.State, After: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &mechanismListOutput{}
	out.Body.Reviews, out.Body.Next = []MechanismReview{}, next
	for _, e := range list {
		v, err := s.viewMechanism(ctx, e)
		if err != nil {
			return nil, err
		}
		out.Body.Reviews = append(out.Body.Reviews, v)
	}
	return out, nil
}

type mechanismStateInput struct {
	Algorithm string `query:"algorithm" required:"true" minLength:"1" maxLength:"64" doc:"Identifier of the algorithm."`
}

type mechanismStateOutput struct {
	Body struct {
		State  string     `json:"state" enum:"current,stale,missing,adverse,could-not-tell" doc:"Whether a review covers what serves now."`
		Review string     `json:"review,omitempty" doc:"The review that says so."`
		Why    *Sentence  `json:"why,omitempty" doc:"Why it is not current."`
		Until  *time.Time `json:"until,omitempty" doc:"When a current one ends by itself."`
	}
}

func (s *server) mechanismState(ctx context.Context, in *mechanismStateInput) (*mechanismStateOutput, error) {
	a, err := s.Mechanisms.State(ctx, in.Algorithm)
	if err != nil && ctx.Err() == nil {
		s.Logger.WarnContext(ctx, "what serves an algorithm could not be told", "algorithm", in.Algorithm, "error", err)
		err = nil
	}
	out := &mechanismStateOutput{}
	out.Body.State, out.Body.Review, out.Body.Why, out.Body.Until = covered(a), a.ID, sentence(printer(askerOf(ctx).language), a.Reason, nil), set(a.Until)
	return out, err
}

func (s *server) mechanismOne(ctx context.Context, in *Named) (*mechanismOutput, error) {
	e, err := s.Mechanisms.Review(ctx, in.ID)
	return s.shownMechanism(ctx, e, err)
}

type mechanismProposeInput struct {
	Keyed
	Body mechanism.Examination
}

func (s *server) mechanismPropose(ctx context.Context, in *mechanismProposeInput) (*mechanismOutput, error) {
	e, err := s.Mechanisms.Propose(ctx, ledgerBy(ctx), in.Body)
	return s.shownMechanism(ctx, e, err)
}

// reviewStep is the input of a step that needs nothing but what it is done to.
type reviewStep struct {
	Keyed
	Named
}

func (s *server) mechanismApprove(ctx context.Context, in *reviewStep) (*mechanismOutput, error) {
	e, err := s.Mechanisms.Approve(ctx, ledgerBy(ctx), in.ID)
	return s.shownMechanism(ctx, e, err)
}

// reviewNoteInput is the input of a step with a note.
type reviewNoteInput struct {
	Keyed
	Named
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"4096" doc:"Why or how, in prose. Name no person."`
	}
}

func (s *server) mechanismReject(ctx context.Context, in *reviewNoteInput) (*mechanismOutput, error) {
	e, err := s.Mechanisms.Reject(ctx, ledgerBy(ctx), in.ID, in.Body.Note)
	return s.shownMechanism(ctx, e, err)
}

func (s *server) mechanismEnd(ctx context.Context, in *reviewNoteInput) (*mechanismOutput, error) {
	e, err := s.Mechanisms.End(ctx, ledgerBy(ctx), in.ID, in.Body.Note)
	return s.shownMechanism(ctx, e, err)
}

type mechanismMeetInput struct {
	Keyed
	Named
	Body struct {
		Condition int    `json:"condition" minimum:"0" maximum:"49" doc:"Which of the conditions, from 0."`
		Note      string `json:"note" minLength:"1" maxLength:"4096" doc:"How it was met. It stands in the sealed payload of the record alone."`
	}
}

func (s *server) mechanismMeet(ctx context.Context, in *mechanismMeetInput) (*mechanismOutput, error) {
	e, err := s.Mechanisms.Meet(ctx, ledgerBy(ctx), in.ID, in.Body.Condition, in.Body.Note)
	return s.shownMechanism(ctx, e, err)
}

// reviewDocumentInput asks for a review as a document.
type reviewDocumentInput struct {
	Named
	Format   string `query:"format" enum:"html,docx,pdf" default:"html" doc:"Format."`
	Language string `query:"language" enum:"zh,en" default:"zh" doc:"Language of what is not a person's words."`
}

func (in *reviewDocumentInput) format() media.Format {
	return map[string]media.Format{"html": media.HTML, "docx": media.DOCX, "pdf": media.PDF}[in.Format]
}

// paper hands a document out.
func (in *reviewDocumentInput) paper(name string, content []byte, err error) (*stream, error) {
	if err != nil {
		return nil, err
	}
	facts, _ := media.Facts(in.format())
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", facts.MIME)
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+"-"+in.ID+"."+in.Format+`"`)
		w.Write(content) //nolint:errcheck // nobody is left to be told
	}), nil
}

func (s *server) mechanismDocument(ctx context.Context, in *reviewDocumentInput) (*stream, error) {
	e, err := s.Mechanisms.Review(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	a, err := s.told(ctx, e)
	if err != nil {
		return nil, err
	}
	content, err := s.ReviewPapers.Mechanism(e, a, in.Language, in.format())
	return in.paper("mechanism-review", content, err)
}
