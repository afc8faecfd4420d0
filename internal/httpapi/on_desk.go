package httpapi

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/staff"
)

// CaseFiles keeps the files of cases, sealed.
type CaseFiles interface {
	// Keep reads a file to its end and returns what it is, by its bytes; the name only helps to tell kinds of text apart.
	Keep(ctx context.Context, name string, from io.Reader) (desk.File, error)
	Open(ctx context.Context, f desk.File) (io.ReadCloser, error)
}

func deskRoutes() []route {
	return []route{
		{get, "/v1/cases", "cases", staff.DeskRead, "desk", 0, 200, do((*server).caseList), "List cases, the newest first", 0},
		{get, "/v1/cases/board", "case-board", staff.DeskDecide, "desk", 0, 200, do((*server).caseBoard), "List what you may take, the most urgent first", 0},
		{get, "/v1/cases/accuracy", "case-accuracy", staff.DeskRead, "desk", 0, 200, do((*server).caseAccuracy), "What came of the cases of an account lately", 0},
		{post, "/v1/cases:next", "next-case", staff.DeskDecide, "desk", small, 200, once((*server).nextCase), "Take the most urgent case", 0},
		{get, "/v1/cases/{id}", "case", staff.DeskRead, "desk", 0, 200, do((*server).caseOne), "Show a case, without what leads to a person", 0},
		{get, "/v1/cases/{id}/particulars", "read-case", staff.DeskDecide, "desk", 0, 200, do((*server).readCase), "Read what whoever came wrote; a record says that you did", 0},
		{get, "/v1/cases/{id}/files/{sha256}", "case-file", staff.DeskDecide, "desk", 0, 200, do((*server).caseFile), "Hand out a file of a case; a record says that you read the case", 0},
		{get, "/v1/cases/{id}/similar", "similar-cases", staff.DeskRead, "desk", 0, 200, do((*server).similarCases), "List cases that have something in common with one", 0},
		{post, "/v1/cases/{id}:take", "take-case", staff.DeskDecide, "desk", small, 200, once((*server).takeCase), "Take a case", 0},
		{post, "/v1/cases/{id}:extend", "extend-case", staff.DeskDecide, "desk", small, 200, once((*server).extendCase), "Keep a case longer", 0},
		{post, "/v1/cases/{id}:return", "return-case", staff.DeskDecide, "desk", small, 200, once((*server).returnCase), "Give a case back", 0},
		{post, "/v1/cases/{id}:acknowledge", "acknowledge-case", staff.DeskDecide, "desk", small, 200, once((*server).acknowledgeCase), "Say that a case is accepted", 0},
		{post, "/v1/cases/{id}:pause", "pause-case", staff.DeskDecide, "desk", small, 200, once((*server).pauseCase), "Have a case wait for somebody", 0},
		{post, "/v1/cases/{id}:resume", "resume-case", staff.DeskDecide, "desk", small, 200, once((*server).resumeCase), "Go on with a case that waits", 0},
		{post, "/v1/cases/{id}:ask", "ask-case", staff.DeskDecide, "desk", small, 200, once((*server).askCase), "Write to whoever brought a case", 0},
		{post, "/v1/cases/{id}:seek", "seek-case", staff.DeskDecide, "desk", small, 200, once((*server).seekCase), "Look for the content of a case again", 0},
		{post, "/v1/cases/{id}:join", "join-case", staff.DeskDecide, "desk", small, 200, once((*server).joinCase), "Join a case to an earlier one about the same", 0},
		{post, "/v1/cases/{id}:decide", "decide-case", staff.DeskDecide, "desk", small, 200, once((*server).decideCase), "Decide a case, and carry that out", 0},
		{post, "/v1/cases/{id}:preview", "preview-case", staff.DeskDecide, "desk", small, 200, do((*server).previewCase), "Show what both sides would read of a decision; nothing is decided", 0},
		{post, "/v1/cases/{id}:retry", "retry-case", staff.DeskDecide, "desk", small, 200, once((*server).retryCase), "Carry out again what failed", 0},
		{post, "/v1/cases/{id}:close", "close-case", staff.DeskDecide, "desk", small, 200, once((*server).closeCase), "Say that whoever came was told of the decision", 0},
	}
}

// clerk is the asker as the desk knows people.
func clerk(ctx context.Context) desk.Clerk {
	return desk.Clerk{By: ledgerBy(ctx), Appeals: askerOf(ctx).actor.May(staff.DeskAppeal)}
}

// CaseFilter is the input of operations that narrow cases.
type CaseFilter struct {
	Kind   desk.Kind `query:"kind" enum:"complaint,report,appeal,rights,likeness,rumour,fraud,label,authority,unlabelled" doc:"Kind."`
	Number string    `query:"number" maxLength:"128" doc:"Content number."`
}

func (f CaseFilter) filter() desk.Filter {
	out := desk.Filter{Number: f.Number}
	if f.Kind != "" {
		out.Kinds = []desk.Kind{f.Kind}
	}
	return out
}

type caseListInput struct {
	CaseFilter
	Page
	States []desk.State `query:"state,explode" nullable:"false" maxItems:"8" enum:"received,acknowledged,taken,waiting,decided,closed,withdrawn,duplicate" doc:"State; may be repeated."`
	Step   string       `query:"step" enum:"received,acknowledged,decided,told,breached" doc:"What happened to them in the month that is asked for: those that a figure of that month counts."`
	Month  string       `query:"month" pattern:"^[0-9]{4}-[0-9]{2}$" patternDescription:"a month such as 2026-11" doc:"Month in Beijing time, with step." example:"2026-11"`
}

type casePage struct {
	Cases []Case `json:"cases" nullable:"false" doc:"Cases."`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
}

type caseListOutput struct{ Body casePage }

func (s *server) caseList(ctx context.Context, in *caseListInput) (*caseListOutput, error) {
	f := in.filter()
	f.States, f.Step, f.Month, f.After, f.Limit = in.States, in.Step, in.Month, in.Cursor, in.Limit
	list, next, err := s.Desk.Cases(ctx, f)
	out := &caseListOutput{casePage{[]Case{}, next}}
	for _, c := range list {
		v := s.viewCase(c)
		v.Due = s.dueDecision(c)
		out.Body.Cases = append(out.Body.Cases, v)
	}
	return out, err
}

type caseBoardInput struct {
	CaseFilter
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"100" doc:"The most cases."`
}

func (s *server) caseBoard(ctx context.Context, in *caseBoardInput) (*caseListOutput, error) {
	f := in.filter()
	f.Limit = in.Limit
	list, err := s.Desk.Board(ctx, clerk(ctx), f)
	out := &caseListOutput{casePage{Cases: []Case{}}}
	for _, r := range list {
		out.Body.Cases = append(out.Body.Cases, s.viewRanked(printer(askerOf(ctx).language), r))
	}
	return out, err
}

type caseAccuracyInput struct {
	Subject evidence.Subject `query:"subject" required:"true" minLength:"1" maxLength:"64" doc:"Pseudonym of the account."`
}

type caseAccuracyOutput struct {
	Body struct {
		Open      int `json:"open" doc:"Cases that are open."`
		Founded   int `json:"founded" doc:"Founded, or partly."`
		Unfounded int `json:"unfounded" doc:"Unfounded."`
		Unproven  int `json:"unproven" doc:"It could not be found out; counted for nothing."`
	}
}

func (s *server) caseAccuracy(ctx context.Context, in *caseAccuracyInput) (*caseAccuracyOutput, error) {
	a, err := s.Desk.Accuracy(ctx, in.Subject)
	out := &caseAccuracyOutput{}
	out.Body.Open, out.Body.Founded, out.Body.Unfounded, out.Body.Unproven = a.Open, a.Founded, a.Unfounded, a.Unproven
	return out, err
}

type caseOutput struct {
	Replayed
	Body Case
}

func (s *server) shownCase(c desk.Case, err error) (*caseOutput, error) {
	if err != nil {
		return nil, err
	}
	v := s.viewCase(c)
	v.Due = s.dueDecision(c)
	return &caseOutput{Body: v}, nil
}

func (s *server) caseOne(ctx context.Context, in *Named) (*caseOutput, error) {
	r, err := s.Desk.Rank(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	v := s.viewRanked(printer(askerOf(ctx).language), r)
	v.Plan = s.viewPlan(r.Case)
	return &caseOutput{Body: v}, nil
}

type nextCaseInput struct {
	Keyed
	CaseFilter
}

type nextCaseOutput struct {
	Replayed
	Body struct {
		Case *Case `json:"case,omitempty" doc:"The case; absent when there is none that you may take."`
	}
}

func (s *server) nextCase(ctx context.Context, in *nextCaseInput) (*nextCaseOutput, error) {
	c, there, err := s.Desk.Next(ctx, clerk(ctx), in.filter())
	out := &nextCaseOutput{}
	if there {
		v := s.viewCase(c)
		out.Body.Case = &v
	}
	return out, err
}

// Particulars are what is sealed in a case.
type Particulars struct {
	Name        string        `json:"name,omitempty" doc:"Name, as whoever came gave it."`
	Contact     string        `json:"contact,omitempty" doc:"Contact."`
	Text        string        `json:"text,omitempty" doc:"What they wrote."`
	Messages    []CaseMessage `json:"messages" nullable:"false" doc:"What they and the desk wrote since."`
	Facts       string        `json:"facts,omitempty" doc:"What was found."`
	Explanation string        `json:"explanation,omitempty" doc:"Why that breaks the ground or does not."`
}

type readCaseOutput struct{ Body Particulars }

func (s *server) readCase(ctx context.Context, in *Named) (*readCaseOutput, error) {
	p, err := s.Desk.Read(ctx, clerk(ctx), in.ID)
	return &readCaseOutput{Particulars{p.Name, p.Contact, p.Text, viewMessages(p.Messages), p.Facts, p.Explanation}}, err
}

type caseFileInput struct {
	Named
	SHA256 string `path:"sha256" pattern:"^[0-9a-f]{64}$" patternDescription:"64 hexadecimal digits" doc:"SHA-256 of the file, in hexadecimal."`
}

// caseFile hands out a file as a download: nobody's browser runs it.
func (s *server) caseFile(ctx context.Context, in *caseFileInput) (*stream, error) {
	p, err := s.Desk.Read(ctx, clerk(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	for _, f := range p.Files {
		if f.SHA256 != in.SHA256 {
			continue
		}
		return streamed(func(w http.ResponseWriter, r *http.Request) {
			file, err := s.CaseFiles.Open(r.Context(), f)
			if err != nil {
				s.fail(w, r, err)
				return
			}
			defer file.Close()
			w.Header().Set("Content-Type", f.Type)
			w.Header().Set("Content-Disposition", "attachment")
			copyOut(w, file)
		}), nil
	}
	return nil, refuse(colophon.Missing, desk.CodeMissing)
}

// SimilarCase is a case that has something in common with another.
type SimilarCase struct {
	Case
	Content  bool `json:"same_content,omitempty" doc:"About the same content."`
	Account  bool `json:"same_account,omitempty" doc:"About the same account."`
	Reporter bool `json:"same_reporter,omitempty" doc:"Of the same account or contact."`
	Earlier  bool `json:"joinable,omitempty" doc:"Open, earlier, of the same kind and content: the other may be joined to it."`
}

type similarOutput struct {
	Body struct {
		Cases []SimilarCase `json:"cases" nullable:"false" doc:"The newest first."`
	}
}

func (s *server) similarCases(ctx context.Context, in *Named) (*similarOutput, error) {
	list, err := s.Desk.Similar(ctx, in.ID)
	out := &similarOutput{}
	out.Body.Cases = []SimilarCase{}
	for _, o := range list {
		out.Body.Cases = append(out.Body.Cases, SimilarCase{s.viewCase(o.Case), o.Content, o.Account, o.Reporter, o.Earlier})
	}
	return out, err
}

func (s *server) takeCase(ctx context.Context, in *judgeInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Take(ctx, clerk(ctx), in.ID))
}

func (s *server) extendCase(ctx context.Context, in *judgeInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Extend(ctx, clerk(ctx), in.ID))
}

func (s *server) returnCase(ctx context.Context, in *judgeInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Return(ctx, clerk(ctx), in.ID))
}

func (s *server) acknowledgeCase(ctx context.Context, in *judgeInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Acknowledge(ctx, ledgerBy(ctx), in.ID))
}

func (s *server) resumeCase(ctx context.Context, in *judgeInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Resume(ctx, clerk(ctx), in.ID))
}

func (s *server) seekCase(ctx context.Context, in *judgeInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Seek(ctx, ledgerBy(ctx), in.ID))
}

type pauseCaseInput struct {
	Keyed
	Named
	Body struct {
		Why   colophon.Code `json:"why" enum:"desk-wait-reporter,desk-wait-authority,desk-wait-other" doc:"For whom it waits. The clock stands still where the limits of the case allow that."`
		Until time.Time     `json:"until" doc:"When it goes on at the latest."`
	}
}

func (s *server) pauseCase(ctx context.Context, in *pauseCaseInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Pause(ctx, clerk(ctx), in.ID, in.Body.Why, in.Body.Until))
}

type askCaseInput struct {
	Keyed
	Named
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"20000" doc:"What you write, at most 5000 signs. It is sealed."`
	}
}

func (s *server) askCase(ctx context.Context, in *askCaseInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Ask(ctx, clerk(ctx), in.ID, in.Body.Text))
}

type joinCaseInput struct {
	Keyed
	Named
	Body struct {
		Earlier string `json:"earlier" minLength:"1" maxLength:"64" doc:"The earlier case."`
	}
}

func (s *server) joinCase(ctx context.Context, in *joinCaseInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Join(ctx, clerk(ctx), in.ID, in.Body.Earlier))
}

type decideCaseInput struct {
	Keyed
	Named
	Body struct {
		Outcome     desk.Outcome  `json:"outcome" enum:"founded,partly,unfounded,unproven,upheld,changed,reversed" doc:"What comes of it; of an appeal upheld, changed or reversed."`
		Facts       string        `json:"facts" minLength:"1" maxLength:"20000" doc:"What was found, at least 10 and at most 5000 signs. Both sides read it, so it names nobody."`
		Explanation string        `json:"explanation" minLength:"1" maxLength:"20000" doc:"Why that breaks the ground or does not; likewise."`
		Statement   CaseStatement `json:"statement,omitempty" doc:"Why, in fields. What takes something from somebody needs a clause of law or of your terms."`
		Deeds       []CaseDeed    `json:"deeds,omitempty" nullable:"false" maxItems:"20" doc:"What is done."`
		Undo        []int         `json:"undo,omitempty" nullable:"false" maxItems:"20" doc:"Of an appeal that changes the decision before: which of its actions are undone, by their place from 0. What is reversed is undone altogether."`
		Proof       *CaseProof    `json:"proof,omitempty" doc:"Of a request for rights: whether whoever asks is the person whose data it is."`
	}
}

// ruling is what was decided, as the desk has it.
func (in *decideCaseInput) ruling() desk.Ruling {
	b := in.Body
	r := desk.Ruling{Outcome: b.Outcome, Statement: b.Statement.statement(), Facts: b.Facts, Explanation: b.Explanation, Undo: b.Undo}
	for _, d := range b.Deeds {
		r.Deeds = append(r.Deeds, desk.Deed{Do: d.Do, Target: d.Target, Step: d.Step, Function: d.Function, Fact: d.Fact, Until: when(d.Until)})
	}
	if b.Proof != nil {
		r.Proof = &desk.Proof{Result: b.Proof.Result, How: colophon.Code(b.Proof.How)}
	}
	return r
}

func (s *server) decideCase(ctx context.Context, in *decideCaseInput) (*caseOutput, error) {
	decided, err := s.Desk.Decide(ctx, clerk(ctx), in.ID, in.ruling())
	if err != nil {
		return nil, err
	}
	done, err := s.Desk.Perform(context.WithoutCancel(ctx), in.ID)
	if err != nil { // it was decided; a job carries out what is left
		s.Logger.ErrorContext(ctx, "carrying out a decision", "case", in.ID, "error", err)
		done = decided
	}
	return s.shownCase(done, nil)
}

type retryCaseInput struct {
	Keyed
	Named
	Body struct {
		Action int `json:"action" minimum:"0" maximum:"100" doc:"Which action, by its place from 0."`
	}
}

func (s *server) retryCase(ctx context.Context, in *retryCaseInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Again(ctx, clerk(ctx), in.ID, in.Body.Action))
}

type closeCaseInput struct {
	Keyed
	Named
	Body struct {
		How string `json:"how" minLength:"1" maxLength:"64" pattern:"^[0-9A-Za-z_.:/-]+$" patternDescription:"a word" doc:"How whoever came was told." example:"page"`
	}
}

func (s *server) closeCase(ctx context.Context, in *closeCaseInput) (*caseOutput, error) {
	return s.shownCase(s.Desk.Close(ctx, ledgerBy(ctx), in.ID, in.Body.How))
}
