package httpapi

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/staff"
)

func bankRoutes() []route {
	return []route{
		{get, "/v1/banks", "banks", staff.BankRead, "runs", 0, 200, do((*server).bankList), "List banks of test questions, the newest first", 0},
		{get, "/v1/banks/{id}", "bank", staff.BankRead, "runs", 0, 200, do((*server).bankOne), "Show a bank", 0},
		{get, "/v1/banks/{id}/coverage", "bank-coverage", staff.BankRead, "runs", 0, 200, do((*server).bankCoverage), "Count the questions of a bank for each risk, beside the yardsticks", 0},
		{get, "/v1/banks/{id}/questions", "bank-questions", staff.BankRead, "runs", 0, 200, do((*server).bankQuestions), "Hand out the questions of a bank as JSON Lines", 0},
		{post, "/v1/banks:import", "import-bank", staff.BankWrite, "runs", 0, 201, do((*server).bankImport), "Bring in a bank for somebody else to approve", upload},
		{post, "/v1/banks:starter", "starter-bank", staff.BankWrite, "runs", 0, 201, once((*server).bankStarter), "Bring in the bank that comes with Colophon, for somebody else to approve", 0},
		{post, "/v1/banks/{id}:approve", "approve-bank", staff.BankApprove, "runs", 0, 200, once((*server).bankApprove), "Let runs be made with a bank that somebody else brought in", 0},
		{post, "/v1/banks/{id}:reject", "reject-bank", staff.BankApprove, "runs", small, 200, once((*server).bankReject), "Say that a bank that somebody else brought in is not fit, and why", 0},
		{post, "/v1/banks/{id}:retire", "retire-bank", staff.BankApprove, "runs", small, 200, once((*server).bankRetire), "End the use of a bank for new runs", 0},
	}
}

// TestBank is a bank of test questions, without the questions.
type TestBank struct {
	ID        string      `json:"id" doc:"Identifier."`
	State     bank.State  `json:"state" enum:"imported,approved,rejected,retired" doc:"Imported: nobody else looked at it yet. Approved: runs may be made with it."`
	Made      time.Time   `json:"made" doc:"When it was brought in."`
	Name      string      `json:"name" doc:"Name."`
	Note      string      `json:"note,omitempty" doc:"Where it comes from, and what changed."`
	Digest    string      `json:"digest" doc:"SHA-256 of its questions as canonical JSON, in hexadecimal."`
	Questions int         `json:"questions" doc:"How many questions there are."`
	Kinds     []KindCount `json:"kinds" nullable:"false" doc:"How many of each kind."`
	Near      int         `json:"near" doc:"Pairs of questions that are nearly the same."`
	Importer  string      `json:"importer" doc:"Staff account of whoever brought it in."`
	Decider   string      `json:"decider,omitempty" doc:"Staff account of whoever approved or rejected it."`
	Decided   *time.Time  `json:"decided,omitempty" doc:"When."`
	Reason    string      `json:"reason,omitempty" doc:"Why it was rejected or retired."`
}

// KindCount counts questions of a kind.
type KindCount struct {
	Kind  bank.Kind `json:"kind" enum:"generation,should-refuse,should-not-refuse" doc:"generation: the answer is judged; should-refuse: a refusal is right; should-not-refuse: a refusal is wrong."`
	Count int       `json:"count" doc:"How many."`
}

func viewKinds(counts map[bank.Kind]int) []KindCount {
	list := []KindCount{}
	for _, k := range bank.Kinds() {
		if counts[k] > 0 {
			list = append(list, KindCount{k, counts[k]})
		}
	}
	return list
}

func viewBank(v bank.Version) TestBank {
	return TestBank{v.ID, v.State, v.Made, v.Name, v.Note, v.Digest, v.Questions, viewKinds(v.Kinds), v.Near, v.Importer, v.Decider, set(v.Decided), v.Reason}
}

type bankListInput struct {
	Page
	States []bank.State `query:"state,explode" nullable:"false" maxItems:"4" enum:"imported,approved,rejected,retired" doc:"State; may be repeated."`
}

type bankListOutput struct {
	Body struct {
		Banks []TestBank `json:"banks" nullable:"false" doc:"Banks."`
		Next  string     `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) bankList(ctx context.Context, in *bankListInput) (*bankListOutput, error) {
	list, next, err := s.Banks.Versions(ctx, in.States, in.Cursor, in.Limit)
	out := &bankListOutput{}
	out.Body.Banks, out.Body.Next = []TestBank{}, next
	for _, v := range list {
		out.Body.Banks = append(out.Body.Banks, viewBank(v))
	}
	return out, err
}

type bankOutput struct {
	Replayed
	Body TestBank
}

func (s *server) bankOne(ctx context.Context, in *Named) (*bankOutput, error) {
	v, err := s.Banks.Version(ctx, in.ID)
	return &bankOutput{Body: viewBank(v)}, err
}

// BankTopic is a risk, or an aspect of questions that should not be refused.
type BankTopic struct {
	ID         string          `json:"id" doc:"Identifier." example:"A.1.a"`
	Names      PackNames       `json:"names" doc:"Name."`
	Source     string          `json:"source" doc:"Where the name is from."`
	Confidence bank.Confidence `json:"confidence" enum:"primary,secondary,draft,unconfirmed" doc:"How sure that is."`
}

// BankCount counts the questions of a topic.
type BankCount struct {
	Kind      bank.Kind `json:"kind" enum:"generation,should-refuse,should-not-refuse" doc:"Kind of question."`
	Topic     BankTopic `json:"topic" doc:"Risk or aspect."`
	Questions int       `json:"questions" doc:"How many there are."`
	Least     int       `json:"least" doc:"How many there are to be; 0 where nobody says."`
	Verdict   string    `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Whether there are enough."`
}

// BankHeld is a figure of the standard held against a bank.
type BankHeld struct {
	ID         string          `json:"id" doc:"Identifier of the figure."`
	Kind       bank.Kind       `json:"kind" enum:"generation,should-refuse,should-not-refuse" doc:"Kind of question."`
	Each       bool            `json:"each" doc:"It is of each topic, not of all together."`
	Least      int             `json:"least" doc:"How many there are to be."`
	Fewest     int             `json:"fewest" doc:"How many there are: in all, or of the topic that has the fewest."`
	Short      []string        `json:"short" nullable:"false" doc:"Topics that have too few."`
	Source     string          `json:"source" doc:"Where the figure is from."`
	Confidence bank.Confidence `json:"confidence" enum:"primary,secondary,draft,unconfirmed" doc:"How sure that is."`
	Verdict    string          `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Whether there are enough."`
}

// BankPair is two questions that are nearly the same.
type BankPair struct {
	A     string `json:"a" doc:"Question."`
	B     string `json:"b" doc:"Question."`
	Share int    `json:"share" doc:"Pairs of neighbouring characters that they have in common, of a hundred."`
}

type bankCoverageOutput struct {
	Body BankCoverage
}

// BankCoverage counts a bank beside the figures of the standard.
type BankCoverage struct {
	Standard string      `json:"standard" doc:"What the figures are of."`
	Note     string      `json:"note" doc:"What of it is not confirmed."`
	Topics   []BankCount `json:"topics" nullable:"false" doc:"Kind by kind, in the order of the standard."`
	Held     []BankHeld  `json:"held" nullable:"false" doc:"Figures held against the bank."`
	Near     []BankPair  `json:"near" nullable:"false" doc:"Questions that are nearly the same."`
	Whole    bool        `json:"whole" doc:"Every question was held against every other that may be like it."`
}

func viewTopic(t bank.Topic) BankTopic {
	return BankTopic{t.ID, PackNames{ZH: t.Zh, EN: t.En}, t.Source, t.Confidence}
}

// maxNear is how many pairs of like questions are told.
const maxNear = 500

func viewCoverage(b bank.Bank) BankCoverage {
	c, near := b.Coverage(), b.Near()
	v := BankCoverage{Standard: c.Standard, Note: c.Note, Topics: []BankCount{}, Held: []BankHeld{}, Near: []BankPair{}, Whole: near.Whole && len(near.Pairs) <= maxNear}
	for _, k := range bank.Kinds() {
		for _, n := range c.Topics[k] {
			v.Topics = append(v.Topics, BankCount{k, viewTopic(n.Topic), n.Questions, n.Least, n.Verdict.String()})
		}
	}
	for _, h := range c.Held {
		v.Held = append(v.Held, BankHeld{h.Yardstick.ID, h.Yardstick.Kind, h.Yardstick.Each, h.Yardstick.Least, h.Fewest, h.Short, h.Yardstick.Source, h.Yardstick.Confidence, h.Verdict.String()})
	}
	for _, p := range near.Pairs[:min(len(near.Pairs), maxNear)] {
		v.Near = append(v.Near, BankPair(p))
	}
	return v
}

func (s *server) bankCoverage(ctx context.Context, in *Named) (*bankCoverageOutput, error) {
	b, err := s.Banks.Open(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &bankCoverageOutput{viewCoverage(b)}, nil
}

func (s *server) bankQuestions(ctx context.Context, in *Named) (*stream, error) {
	b, err := s.Banks.Open(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="bank-`+in.ID+`.jsonl"`)
		if err := b.WriteJSONL(w); err != nil {
			s.Logger.ErrorContext(r.Context(), "handing out a bank", "error", err)
			panic(http.ErrAbortHandler)
		}
	}), nil
}

type bankImportInput struct {
	Upload
	Title  string      `query:"title" required:"true" minLength:"1" maxLength:"200" doc:"Name of the bank."`
	Note   string      `query:"note" maxLength:"2000" doc:"Where it comes from, and what changed."`
	Format bank.Format `query:"format" enum:"jsonl,csv" default:"jsonl" doc:"JSON Lines, or CSV with a header line."`
}

func (s *server) bankImport(ctx context.Context, in *bankImportInput) (*bankOutput, error) {
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	from := &remembering{from: http.MaxBytesReader(nil, io.NopCloser(body), bank.MaxFile+1)}
	v, err := s.Banks.Import(ctx, ledgerBy(ctx), from, in.Format, in.Title, in.Note)
	if from.err != nil {
		err = from.err
	}
	return &bankOutput{Body: viewBank(v)}, err
}

// starterName is the name of the bank that comes with Colophon.
const starterName = "Colophon starter"

func (s *server) bankStarter(ctx context.Context, _ *actInput) (*bankOutput, error) {
	v, err := s.Banks.Add(ctx, ledgerBy(ctx), bank.Starter(), starterName, "")
	return &bankOutput{Body: viewBank(v)}, err
}

type actInput struct{ Keyed }

type namedAct struct {
	Keyed
	Named
}

type reasonInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why."`
	}
}

func (s *server) bankApprove(ctx context.Context, in *namedAct) (*bankOutput, error) {
	v, err := s.Banks.Approve(ctx, ledgerBy(ctx), in.ID)
	return &bankOutput{Body: viewBank(v)}, err
}

func (s *server) bankReject(ctx context.Context, in *reasonInput) (*bankOutput, error) {
	v, err := s.Banks.Reject(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return &bankOutput{Body: viewBank(v)}, err
}

func (s *server) bankRetire(ctx context.Context, in *reasonInput) (*bankOutput, error) {
	v, err := s.Banks.Retire(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return &bankOutput{Body: viewBank(v)}, err
}
