package httpapi

import (
	"context"
	"errors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/review/ethics"
)

// codeOf is the code of an error that people are told of; empty for none.
func codeOf(err error) (colophon.Code, colophon.Args) {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code, e.Args
	}
	return "", nil
}

func (s *server) ethicsAccept(ctx context.Context, in *reviewStep) (*ethicsOutput, error) {
	e, err := s.Ethics.Accept(ctx, ledgerBy(ctx), in.ID)
	return s.shownEthics(ctx, e, err)
}

func (s *server) ethicsReturn(ctx context.Context, in *reviewNoteInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Return(ctx, ledgerBy(ctx), in.ID, in.Body.Note)
	return s.shownEthics(ctx, e, err)
}

type ethicsPauseInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" enum:"supplement,experts" doc:"Why: the applicant completes something, or experts review again."`
		Note   string `json:"note" minLength:"1" maxLength:"4096" doc:"The same in prose. It stands in the sealed payload of the record alone."`
	}
}

func (s *server) ethicsPause(ctx context.Context, in *ethicsPauseInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Pause(ctx, ledgerBy(ctx), in.ID, in.Body.Reason, in.Body.Note)
	return s.shownEthics(ctx, e, err)
}

func (s *server) ethicsResume(ctx context.Context, in *reviewStep) (*ethicsOutput, error) {
	e, err := s.Ethics.Resume(ctx, ledgerBy(ctx), in.ID)
	return s.shownEthics(ctx, e, err)
}

type ethicsExtendInput struct {
	Keyed
	Named
	Body struct {
		Until string `json:"until" pattern:"^\\d{4}-\\d{2}-\\d{2}$" doc:"Last day, in Beijing time." example:"2027-02-01"`
		Note  string `json:"note" minLength:"1" maxLength:"4096" doc:"Why. It stands in the sealed payload of the record alone."`
	}
}

func (s *server) ethicsExtend(ctx context.Context, in *ethicsExtendInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Extend(ctx, ledgerBy(ctx), in.ID, in.Body.Until, in.Body.Note)
	return s.shownEthics(ctx, e, err)
}

type ethicsAnswerInput struct {
	Keyed
	Named
	Body struct {
		Grounds []ethics.GroundAnswer `json:"grounds" nullable:"false" maxItems:"3" doc:"Each ground once."`
	}
}

func (s *server) ethicsAnswer(ctx context.Context, in *ethicsAnswerInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Answer(ctx, ledgerBy(ctx), in.ID, in.Body.Grounds)
	return s.shownEthics(ctx, e, err)
}

type ethicsExpertInput struct {
	Keyed
	Named
	Body ethics.Experts
}

func (s *server) ethicsExpert(ctx context.Context, in *ethicsExpertInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Expert(ctx, ledgerBy(ctx), in.ID, in.Body)
	return s.shownEthics(ctx, e, err)
}

type ethicsMeetInput struct {
	Keyed
	Named
	Body struct {
		Members []string `json:"members" nullable:"false" minItems:"1" maxItems:"50" doc:"Identifiers of the members that are there."`
	}
}

func (s *server) ethicsMeet(ctx context.Context, in *ethicsMeetInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Meet(ctx, ledgerBy(ctx), in.ID, in.Body.Members)
	return s.shownEthics(ctx, e, err)
}

type ethicsRecuseInput struct {
	Keyed
	Named
	Body struct {
		Member string `json:"member" minLength:"1" maxLength:"64" doc:"Identifier of the member."`
		Reason string `json:"reason" enum:"works-on-it,money,relation,other" doc:"What the interest is."`
		Note   string `json:"note" minLength:"1" maxLength:"4096" doc:"The same in prose. It stands in the sealed payload of the record alone."`
	}
}

func (s *server) ethicsRecuse(ctx context.Context, in *ethicsRecuseInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Recuse(ctx, ledgerBy(ctx), in.ID, in.Body.Member, in.Body.Reason, in.Body.Note)
	return s.shownEthics(ctx, e, err)
}

type ethicsVoteInput struct {
	Keyed
	Named
	Body struct {
		Member string      `json:"member" minLength:"1" maxLength:"64" doc:"Identifier of the member."`
		Vote   ethics.Vote `json:"vote" enum:"approve,modify,reapprove,reject,abstain" doc:"What the member says."`
	}
}

func (s *server) ethicsVote(ctx context.Context, in *ethicsVoteInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Vote(ctx, ledgerBy(ctx), in.ID, in.Body.Member, in.Body.Vote)
	return s.shownEthics(ctx, e, err)
}

type ethicsDecideInput struct {
	Keyed
	Named
	Body ethics.Ruling
}

func (s *server) ethicsDecide(ctx context.Context, in *ethicsDecideInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Decide(ctx, ledgerBy(ctx), in.ID, in.Body)
	return s.shownEthics(ctx, e, err)
}

func (s *server) ethicsConfirm(ctx context.Context, in *reviewNoteInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Confirm(ctx, ledgerBy(ctx), in.ID, in.Body.Note)
	return s.shownEthics(ctx, e, err)
}

type ethicsFollowInput struct {
	Keyed
	Named
	Body struct {
		Finding string `json:"finding" enum:"continue,suspend" doc:"What follows."`
		Note    string `json:"note" minLength:"1" maxLength:"4096" doc:"What was seen. Name no person."`
		Next    string `json:"next" pattern:"^\\d{4}-\\d{2}-\\d{2}$" doc:"Day of the next follow-up, in Beijing time." example:"2027-05-01"`
	}
}

func (s *server) ethicsFollow(ctx context.Context, in *ethicsFollowInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Follow(ctx, ledgerBy(ctx), in.ID, ethics.FollowUp{Finding: in.Body.Finding, Note: in.Body.Note, Next: in.Body.Next})
	return s.shownEthics(ctx, e, err)
}

type ethicsRegisterInput struct {
	Keyed
	Named
	Body struct {
		Number string `json:"number" minLength:"1" maxLength:"64" doc:"The number."`
	}
}

func (s *server) ethicsRegister(ctx context.Context, in *ethicsRegisterInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Register(ctx, ledgerBy(ctx), in.ID, in.Body.Number)
	return s.shownEthics(ctx, e, err)
}

func (s *server) ethicsEnd(ctx context.Context, in *reviewNoteInput) (*ethicsOutput, error) {
	e, err := s.Ethics.End(ctx, ledgerBy(ctx), in.ID, in.Body.Note)
	return s.shownEthics(ctx, e, err)
}
