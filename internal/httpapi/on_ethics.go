package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/review/ethics"
	"github.com/colophon-project/colophon/staff"
)

// ethicsRoutes are those of ethics reviews and of the committee.
func ethicsRoutes() []route {
	return []route{
		{get, "/v1/ethics-rules", "ethics-rules", staff.OversightRead, "reviews", 0, 200, do((*server).ethicsRules), "List the figures that ethics reviews go by, each with how sure it is", 0},
		{get, "/v1/ethics-members", "ethics-members", staff.OversightRead, "reviews", 0, 200, do((*server).ethicsMembers), "List the ethics committee", 0},
		{post, "/v1/ethics-members", "seat-ethics-member", staff.OversightDecide, "reviews", small, 201, once((*server).ethicsSeat), "Have somebody be a member of the ethics committee", 0},
		{get, "/v1/ethics-members/{id}/name", "read-ethics-member", staff.OversightDecide, "reviews", 0, 200, do((*server).ethicsName), "Read the name of a member from outside; a record says that you did", 0},
		{post, "/v1/ethics-members/{id}:unseat", "unseat-ethics-member", staff.OversightDecide, "reviews", small, 200, once((*server).ethicsUnseat), "End a membership", 0},

		{get, "/v1/ethics-reviews", "ethics-reviews", staff.OversightRead, "reviews", 0, 200, do((*server).ethicsList), "List ethics reviews", 0},
		{get, "/v1/ethics-reviews/{id}", "ethics-review", staff.OversightRead, "reviews", 0, 200, do((*server).ethicsOne), "Show an ethics review", 0},
		{get, "/v1/ethics-reviews/{id}/document", "ethics-document", staff.OversightRead, "reviews", 0, 200, do((*server).ethicsDocument), "An ethics review as a document", 0},
		{post, "/v1/ethics-reviews", "apply-ethics-review", staff.OversightWrite, "reviews", large, 201, once((*server).ethicsApply), "Apply for an ethics review", 0},
		{post, "/v1/ethics-reviews/{id}:amend", "amend-ethics-review", staff.OversightWrite, "reviews", large, 200, once((*server).ethicsAmend), "Hand in your application anew that is incomplete or to be reviewed again", 0},
		{post, "/v1/ethics-reviews/{id}:accept", "accept-ethics-review", staff.OversightDecide, "reviews", 0, 200, once((*server).ethicsAccept), "Say that an application is complete; the clock begins", 0},
		{post, "/v1/ethics-reviews/{id}:return", "return-ethics-review", staff.OversightDecide, "reviews", small, 200, once((*server).ethicsReturn), "Say what an application lacks", 0},
		{post, "/v1/ethics-reviews/{id}:pause", "pause-ethics-review", staff.OversightDecide, "reviews", small, 200, once((*server).ethicsPause), "Stop the clock, for a reason", 0},
		{post, "/v1/ethics-reviews/{id}:resume", "resume-ethics-review", staff.OversightDecide, "reviews", 0, 200, once((*server).ethicsResume), "Have the clock run again", 0},
		{post, "/v1/ethics-reviews/{id}:extend", "extend-ethics-review", staff.OversightDecide, "reviews", small, 200, once((*server).ethicsExtend), "Move the time limit to a later day, for a reason", 0},
		{post, "/v1/ethics-reviews/{id}:answer", "answer-ethics-experts", staff.OversightDecide, "reviews", small, 200, once((*server).ethicsAnswer), "Answer for every ground whether experts have to review again", 0},
		{post, "/v1/ethics-reviews/{id}:expert", "expert-ethics-review", staff.OversightDecide, "reviews", small, 200, once((*server).ethicsExpert), "Enter what the experts said", 0},
		{post, "/v1/ethics-reviews/{id}:meet", "meet-ethics-review", staff.OversightDecide, "reviews", small, 200, once((*server).ethicsMeet), "Enter who is at the meeting; whoever does keeps its minutes", 0},
		{post, "/v1/ethics-reviews/{id}:recuse", "recuse-ethics-member", staff.EthicsVote, "reviews", small, 200, once((*server).ethicsRecuse), "Say that a member at the meeting has an interest: the member, or whoever keeps the minutes", 0},
		{post, "/v1/ethics-reviews/{id}:vote", "vote-ethics-review", staff.EthicsVote, "reviews", small, 200, once((*server).ethicsVote), "Cast the vote of a member", 0},
		{post, "/v1/ethics-reviews/{id}:decide", "decide-ethics-review", staff.OversightDecide, "reviews", large, 200, once((*server).ethicsDecide), "Close the vote: what has two thirds is decided", 0},
		{post, "/v1/ethics-reviews/{id}:confirm", "confirm-ethics-review", staff.OversightDecide, "reviews", small, 200, once((*server).ethicsConfirm), "Say that the changes were made that a decision asked for", 0},
		{post, "/v1/ethics-reviews/{id}:follow", "follow-ethics-review", staff.OversightDecide, "reviews", small, 200, once((*server).ethicsFollow), "Enter a follow-up of what was approved", 0},
		{post, "/v1/ethics-reviews/{id}:register", "register-ethics-review", staff.OversightWrite, "reviews", small, 200, once((*server).ethicsRegister), "Enter the number of the national platform", 0},
		{post, "/v1/ethics-reviews/{id}:end", "end-ethics-review", staff.OversightWrite, "reviews", small, 200, once((*server).ethicsEnd), "Take an application back, or end a review whose matter is over", 0},
	}
}

type ethicsRulesOutput struct {
	Body struct {
		Rules []ethics.Rule `json:"rules" nullable:"false" doc:"Figures."`
	}
}

func (s *server) ethicsRules(context.Context, *struct{}) (*ethicsRulesOutput, error) {
	out := &ethicsRulesOutput{}
	out.Body.Rules = ethics.Rules()
	return out, nil
}

// EthicsMember is a member of the committee.
type EthicsMember struct {
	ID    string `json:"id" doc:"Identifier."`
	State string `json:"state" enum:"seated,unseated" doc:"Whether the membership lasts."`
	ethics.Member
	Since time.Time `json:"since" doc:"Since when."`
	Name  string    `json:"name,omitempty" doc:"Name of a member from outside, where it was read."`
}

func viewMember(e ethics.MemberEntry) EthicsMember {
	return EthicsMember{ID: e.ID, State: e.State, Member: e.Value, Since: e.Made}
}

type ethicsMembersInput struct {
	All bool `query:"all" doc:"Those whose membership ended too."`
}

type ethicsMembersOutput struct {
	Body struct {
		Members []EthicsMember `json:"members" nullable:"false" doc:"The newest first."`
	}
}

func (s *server) ethicsMembers(ctx context.Context, in *ethicsMembersInput) (*ethicsMembersOutput, error) {
	list, err := s.Ethics.Members(ctx, !in.All)
	if err != nil {
		return nil, err
	}
	out := &ethicsMembersOutput{}
	out.Body.Members = []EthicsMember{}
	for _, e := range list {
		out.Body.Members = append(out.Body.Members, viewMember(e))
	}
	return out, nil
}

type ethicsMemberOutput struct {
	Replayed
	Body EthicsMember
}

func shownMember(e ethics.MemberEntry, err error) (*ethicsMemberOutput, error) {
	if err != nil {
		return nil, err
	}
	return &ethicsMemberOutput{Body: viewMember(e)}, nil
}

func (s *server) ethicsName(ctx context.Context, in *Named) (*ethicsMemberOutput, error) {
	e, name, err := s.Ethics.Name(ctx, ledgerBy(ctx), in.ID)
	out, err := shownMember(e, err)
	if err == nil {
		out.Body.Name = name
	}
	return out, err
}

type ethicsSeatInput struct {
	Keyed
	Body struct {
		Category ethics.Category `json:"category" enum:"technology,ethics,law,public" doc:"What the member stands for."`
		Chair    bool            `json:"chair,omitempty" doc:"Leads meetings."`
		Outside  bool            `json:"outside,omitempty" doc:"Does not belong to the provider."`
		Account  string          `json:"account,omitempty" maxLength:"64" doc:"Staff account of the member."`
		Name     string          `json:"name,omitempty" maxLength:"256" doc:"Name of a member without an account. It is sealed at once."`
		Until    time.Time       `json:"until,omitzero" required:"false" doc:"End of the term; in five years where it is left out."`
	}
}

func (s *server) ethicsSeat(ctx context.Context, in *ethicsSeatInput) (*ethicsMemberOutput, error) {
	b := in.Body
	return shownMember(s.Ethics.Seat(ctx, ledgerBy(ctx), ethics.Member{Category: b.Category, Chair: b.Chair, Outside: b.Outside, Account: b.Account, Until: b.Until}, b.Name))
}

func (s *server) ethicsUnseat(ctx context.Context, in *reviewNoteInput) (*ethicsMemberOutput, error) {
	return shownMember(s.Ethics.Unseat(ctx, ledgerBy(ctx), in.ID, in.Body.Note))
}

// EthicsReview is an ethics review with its history.
type EthicsReview struct {
	ID          string                `json:"id" doc:"Identifier."`
	State       string                `json:"state" enum:"submitted,incomplete,accepted,modify,again,approved,suspended,rejected,ended" doc:"Where it is."`
	Application ethics.Application    `json:"application" doc:"What was applied for."`
	Applicant   string                `json:"applicant" doc:"Staff account that applied."`
	Made        time.Time             `json:"made" doc:"When."`
	Round       int                   `json:"round" doc:"Of review, from 1."`
	Accepted    *time.Time            `json:"accepted,omitempty" doc:"When it was accepted."`
	Due         *time.Time            `json:"due,omitempty" doc:"By when it has to be decided, with pauses so far."`
	Running     bool                  `json:"running" doc:"Whether the clock runs."`
	Late        bool                  `json:"late" doc:"Whether something is late: the decision, or a follow-up."`
	Pauses      []ethics.Pause        `json:"pauses" nullable:"false" doc:"What the clock leaves out."`
	Grounds     []ethics.GroundAnswer `json:"grounds" nullable:"false" doc:"What a person answered about review by experts; empty until then."`
	GroundsBy   string                `json:"grounds_by,omitempty" doc:"Staff account that answered."`
	Experts     *ethics.Experts       `json:"experts,omitempty" doc:"What the experts said."`
	Seats       []ethics.Seat         `json:"seats" nullable:"false" doc:"Who is at the meeting."`
	Minutes     string                `json:"minutes,omitempty" doc:"Staff account that keeps the minutes of the meeting, and enters the votes of members without an account."`
	Quorum      *Sentence             `json:"quorum,omitempty" doc:"Why the meeting can't decide; absent where it can."`
	Outcome     *ethics.Outcome       `json:"outcome,omitempty" doc:"What was decided."`
	Followed    []ethics.FollowUp     `json:"followed" nullable:"false" doc:"Follow-ups."`
	Next        string                `json:"next,omitempty" doc:"Day of the next follow-up."`
	Number      string                `json:"number,omitempty" doc:"Number of the national platform."`
	Note        string                `json:"note,omitempty" doc:"What it lacks, or why it ended."`
}

func (s *server) viewEthics(ctx context.Context, e ethics.Entry) EthicsReview {
	r, now := e.Value, s.Ethics.Now()
	v := EthicsReview{ID: e.ID, State: e.State, Application: r.Application, Applicant: r.Applicant, Made: e.Made, Round: r.Round, Accepted: set(r.Accepted), Due: set(r.Due(now)), Running: r.Running() && e.State == string(ethics.Accepted),
		Late: !e.Due.IsZero() && now.After(e.Due), Pauses: append([]ethics.Pause{}, r.Pauses...), Grounds: append([]ethics.GroundAnswer{}, r.Grounds...), GroundsBy: r.GroundsBy, Experts: r.Experts, Seats: append([]ethics.Seat{}, r.Seats...), Minutes: r.Minutes, Outcome: r.Outcome,
		Followed: append([]ethics.FollowUp{}, r.Followed...), Next: r.Next, Number: r.Number, Note: r.Note}
	if e.State == string(ethics.Accepted) {
		if code, args := codeOf(r.Quorum()); code != "" {
			v.Quorum = sentence(printer(askerOf(ctx).language), code, args)
		}
	}
	if v.Application.Risks == nil {
		v.Application.Risks = []ethics.EthicsRisk{}
	}
	return v
}

type ethicsOutput struct {
	Replayed
	Body EthicsReview
}

func (s *server) shownEthics(ctx context.Context, e ethics.Entry, err error) (*ethicsOutput, error) {
	if err != nil {
		return nil, err
	}
	return &ethicsOutput{Body: s.viewEthics(ctx, e)}, nil
}

type ethicsListInput struct {
	Page
	About string       `query:"about" maxLength:"64" doc:"Function or algorithm."`
	State ethics.State `query:"state" enum:"submitted,incomplete,accepted,modify,again,approved,suspended,rejected,ended" doc:"Where they are."`
}

type ethicsListOutput struct {
	Body struct {
		Reviews []EthicsReview `json:"reviews" nullable:"false" doc:"The newest first."`
		Next    string         `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) ethicsList(ctx context.Context, in *ethicsListInput) (*ethicsListOutput, error) {
	list, next, err := s.Ethics.Reviews(ctx, ethics.Query{About: in.About, State: in.State, After: in.Cursor, Limit: in.Limit})
	out := &ethicsListOutput{}
	out.Body.Reviews, out.Body.Next = []EthicsReview{}, next
	for _, e := range list {
		out.Body.Reviews = append(out.Body.Reviews, s.viewEthics(ctx, e))
	}
	return out, err
}

func (s *server) ethicsOne(ctx context.Context, in *Named) (*ethicsOutput, error) {
	e, err := s.Ethics.Review(ctx, in.ID)
	return s.shownEthics(ctx, e, err)
}

func (s *server) ethicsDocument(ctx context.Context, in *reviewDocumentInput) (*stream, error) {
	e, err := s.Ethics.Review(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	content, err := s.ReviewPapers.Ethics(e, in.Language, in.format())
	return in.paper("ethics-review", content, err)
}

type ethicsApplyInput struct {
	Keyed
	Body ethics.Application
}

func (s *server) ethicsApply(ctx context.Context, in *ethicsApplyInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Apply(ctx, ledgerBy(ctx), in.Body)
	return s.shownEthics(ctx, e, err)
}

type ethicsAmendInput struct {
	Keyed
	Named
	Body ethics.Application
}

func (s *server) ethicsAmend(ctx context.Context, in *ethicsAmendInput) (*ethicsOutput, error) {
	e, err := s.Ethics.Amend(ctx, ledgerBy(ctx), in.ID, in.Body)
	return s.shownEthics(ctx, e, err)
}
