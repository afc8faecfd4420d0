package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/register/filing"
	"github.com/colophon-project/colophon/staff"
)

// FilingDesk keeps the files of filings, and draws their documents.
type FilingDesk interface {
	// Keep reads a file to its end, and refuses what its bytes show to be neither a picture nor PDF.
	Keep(ctx context.Context, from io.Reader) (filing.Keyed, error)
	Open(ctx context.Context, f filing.Keyed) (io.ReadCloser, error)
	// Draw draws a document with its pictures; without people their fields say that they are kept sealed.
	Draw(ctx context.Context, d filing.Draft, people *filing.People, document string, f media.Format) ([]byte, error)
	// Clocks says where the clocks stand now.
	Clocks(days filing.Days) []filing.Clock
	// Decided enters in the register what the authority said. It may be called again.
	Decided(ctx context.Context, by ledger.By, d filing.Draft) error
}

func filingRoutes() []route {
	return []route{
		{get, "/v1/filing-form", "filing-form", staff.FilingRead, "filings", 0, 200, do((*server).filingForm), "List the fields of a filing kit, and the rules that it is held against", 0},
		{get, "/v1/filings", "filings", staff.FilingRead, "filings", 0, 200, do((*server).filingList), "List filings of algorithms, the newest first", 0},
		{post, "/v1/filings", "draft-filing", staff.FilingWrite, "filings", small, 201, once((*server).filingDraft), "Draft the filing of a function with what is known of it", 0},
		{get, "/v1/filings/{id}", "filing", staff.FilingRead, "filings", 0, 200, do((*server).filingOne), "Show a filing with its kit", 0},
		{get, "/v1/filings/{id}/findings", "filing-findings", staff.FilingRead, "filings", 0, 200, do((*server).filingFindings), "Hold a filing against itself, the register and the habits of the public list", 0},
		{get, "/v1/filings/{id}/people", "read-filing-people", staff.FilingPeople, "filings", 0, 200, do((*server).filingPeople), "Read the people whom a filing names; a record says that you did", 0},
		{get, "/v1/filings/{id}/documents", "filing-documents", staff.FilingRead, "filings", 0, 200, do((*server).filingDocuments), "List the documents that a kit makes", 0},
		{get, "/v1/filings/{id}/documents/{document}", "filing-document", staff.FilingRead, "filings", 0, 200, do((*server).filingDocument), "Hand out a document as DOCX, PDF, HTML or JSON", 0},
		{get, "/v1/filings/{id}/package", "filing-package", staff.FilingRead, "filings", 0, 200, do((*server).filingPackage), "Hand out all documents as DOCX and PDF, the kit as JSON and the annexes, as ZIP", 0},
		{get, "/v1/filings/{id}/files/{sha256}", "filing-file", staff.FilingPeople, "filings", 0, 200, do((*server).kitFile), "Hand out an annex or a receipt; a record says that you read it", 0},
		{post, "/v1/filings/{id}:write", "write-filing", staff.FilingWrite, "filings", large, 200, once((*server).filingWrite), "Enter what a draft says, all of it", 0},
		{post, "/v1/filings/{id}:attach", "attach-to-filing", staff.FilingWrite, "filings", 0, 200, do((*server).filingAttach), "Add a file to the annexes of a draft", upload},
		{post, "/v1/filings/{id}:detach", "detach-from-filing", staff.FilingWrite, "filings", small, 200, once((*server).filingDetach), "Take a file from the annexes of a draft", 0},
		{post, "/v1/filings/{id}:propose", "propose-filing", staff.FilingWrite, "filings", 0, 200, once((*server).filingPropose), "Ask another person to approve a draft", 0},
		{post, "/v1/filings/{id}:return", "return-filing", staff.FilingApprove, "filings", small, 200, once((*server).filingReturn), "Give a draft back to be changed", 0},
		{post, "/v1/filings/{id}:approve", "approve-filing", staff.FilingApprove, "filings", 0, 200, once((*server).filingApprove), "Approve what others wrote", 0},
		{post, "/v1/filings/{id}:submit", "submit-filing", staff.FilingApprove, "filings", 0, 200, do((*server).filingSubmit), "Say that an approved filing was handed in, with the receipt", upload},
		{post, "/v1/filings/{id}:decide", "decide-filing", staff.FilingApprove, "filings", small, 200, once((*server).filingDecide), "Enter what the authority said", 0},
		{post, "/v1/filings/{id}:amend", "amend-filing", staff.FilingWrite, "filings", 0, 201, once((*server).filingAmend), "Draft a filing that takes the place of one that was submitted", 0},
		{post, "/v1/filings/{id}:cancel", "cancel-filing", staff.FilingApprove, "filings", small, 200, once((*server).filingCancel), "Say that the service ended and the cancellation was handed in", 0},
		{post, "/v1/filings/{id}:withdraw", "withdraw-filing", staff.FilingApprove, "filings", small, 200, once((*server).filingWithdraw), "End a draft that was never submitted", 0},
		{get, "/v1/public/algorithms", "public-algorithms", "", "filings", 0, 200, do((*server).publicAlgorithms), "The live functions with their filing numbers, links and publicity texts, for everybody", 0},
	}
}

type filingFormOutput struct {
	Body struct {
		Fields []FilingField `json:"fields" nullable:"false" doc:"Fields of the kit."`
		Places []string      `json:"places" nullable:"false" doc:"Where a picture of a screen can stand."`
		Rules  []FilingRule  `json:"rules" nullable:"false" doc:"Rules of the linter, with their sources."`
	}
}

func (s *server) filingForm(ctx context.Context, _ *struct{}) (*filingFormOutput, error) {
	say, out := printer(askerOf(ctx).language), &filingFormOutput{}
	for _, f := range filing.Fields() {
		out.Body.Fields = append(out.Body.Fields, FilingField{f.Path, say.Say(filingName(f.Path)), f.Kind, f.Words, f.Optional, f.When})
	}
	out.Body.Places = filing.Places()
	rules, err := filing.Rules()
	for _, r := range rules {
		out.Body.Rules = append(out.Body.Rules, FilingRule{r.ID, r.Codes, r.Level.String(), r.Clause, r.Source.Text, string(r.Source.Confidence)})
	}
	return out, err
}

type filingListInput struct {
	Page
	Function string         `query:"function" maxLength:"64" doc:"Function, as the register names it."`
	States   []filing.State `query:"state,explode" nullable:"false" maxItems:"9" enum:"draft,proposed,approved,submitted,filed,refused,amended,cancelled,withdrawn" doc:"State; may be repeated."`
}

type filingListOutput struct {
	Body struct {
		Filings []Filing `json:"filings" nullable:"false" doc:"Filings, without their kits."`
		Next    string   `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) filingList(ctx context.Context, in *filingListInput) (*filingListOutput, error) {
	list, next, err := s.Filings.Filings(ctx, filing.Query{Function: in.Function, States: in.States, After: in.Cursor, Limit: in.Limit})
	out := &filingListOutput{}
	out.Body.Filings, out.Body.Next = []Filing{}, next
	for _, d := range list {
		out.Body.Filings = append(out.Body.Filings, s.viewFiling(ctx, d))
	}
	return out, err
}

type kitOutput struct {
	Replayed
	Body Filing
}

func (s *server) shownFiling(ctx context.Context, d filing.Draft, err error) (*kitOutput, error) {
	if err != nil {
		return nil, err
	}
	return &kitOutput{Body: s.viewFiling(ctx, d)}, nil
}

type filingWholeOutput struct{ Body FilingWhole }

func (s *server) filingOne(ctx context.Context, in *Named) (*filingWholeOutput, error) {
	d, err := s.Filings.Filing(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	kit, err := json.Marshal(d.Kit)
	out := &filingWholeOutput{FilingWhole{Filing: s.viewFiling(ctx, d), Kit: kit, Open: d.Kit.Open(), Files: []FilingFile{}}}
	for _, f := range d.Files {
		out.Body.Files = append(out.Body.Files, FilingFile{f.SHA256, f.Size, f.Type})
	}
	return out, err
}

type filingFindingsOutput struct {
	Body struct {
		Verdict  string          `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Failed: something contradicts. Could not tell: something is not known yet. Passed: at worst there are warnings."`
		Findings []FilingFinding `json:"findings" nullable:"false" doc:"In the order of the rules."`
	}
}

func (s *server) filingFindings(ctx context.Context, in *Named) (*filingFindingsOutput, error) {
	list, err := s.Filings.Findings(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	say, out := printer(askerOf(ctx).language), &filingFindingsOutput{}
	out.Body.Verdict, out.Body.Findings = filing.Verdict(list).String(), []FilingFinding{}
	for _, f := range list {
		out.Body.Findings = append(out.Body.Findings, viewFinding(say, f))
	}
	return out, nil
}

type filingDraftInput struct {
	Keyed
	Body struct {
		Function string `json:"function" minLength:"1" maxLength:"64" doc:"Function, as the register names it." example:"portrait-swap"`
	}
}

func (s *server) filingDraft(ctx context.Context, in *filingDraftInput) (*kitOutput, error) {
	d, err := s.Filings.Draft(ctx, ledgerBy(ctx), in.Body.Function)
	return s.shownFiling(ctx, d, err)
}

type filingWriteInput struct {
	Keyed
	Named
	Body struct {
		Version int             `json:"version,omitempty" minimum:"0" doc:"Version that you read; another one in between is a conflict. 0 to overwrite whatever is there."`
		Kit     json.RawMessage `json:"kit" doc:"What is filed, all of it, by the fields that filing-form lists. What is left out is not known yet."`
		People  *FilingPeople   `json:"people,omitempty" doc:"The people whom it names, all of them. They are sealed. Absent to leave those that are there."`
		Began   *time.Time      `json:"began,omitempty" doc:"When the service began; absent to leave it."`
		Changed *time.Time      `json:"changed,omitempty" doc:"When what was filed changed; absent to leave it."`
	}
}

// conceal keeps people out of the digest of the request, which could be found by trying.
func (in filingWriteInput) conceal(*server) any {
	in.Body.People = nil
	return in
}

func (s *server) filingWrite(ctx context.Context, in *filingWriteInput) (*kitOutput, error) {
	kit, err := filing.ParseKit(in.Body.Kit)
	if err != nil {
		return nil, err
	}
	w := filing.Writing{Kit: kit, Version: in.Body.Version, People: in.Body.People.people()}
	if in.Body.Began != nil {
		w.Began = *in.Body.Began
	}
	if in.Body.Changed != nil {
		w.Changed = *in.Body.Changed
	}
	d, err := s.Filings.Write(ctx, ledgerBy(ctx), in.ID, w)
	return s.shownFiling(ctx, d, err)
}

type filingStepInput struct {
	Keyed
	Named
}

func (s *server) filingPropose(ctx context.Context, in *filingStepInput) (*kitOutput, error) {
	d, err := s.Filings.Propose(ctx, ledgerBy(ctx), in.ID)
	return s.shownFiling(ctx, d, err)
}

func (s *server) filingApprove(ctx context.Context, in *filingStepInput) (*kitOutput, error) {
	d, err := s.Filings.Approve(ctx, ledgerBy(ctx), in.ID)
	return s.shownFiling(ctx, d, err)
}

func (s *server) filingAmend(ctx context.Context, in *filingStepInput) (*kitOutput, error) {
	d, err := s.Filings.Amend(ctx, ledgerBy(ctx), in.ID)
	return s.shownFiling(ctx, d, err)
}

type filingNoteInput struct {
	Keyed
	Named
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"2000" doc:"Why. It stands in the record: name no person."`
	}
}

func (s *server) filingReturn(ctx context.Context, in *filingNoteInput) (*kitOutput, error) {
	d, err := s.Filings.Return(ctx, ledgerBy(ctx), in.ID, in.Body.Note)
	return s.shownFiling(ctx, d, err)
}

func (s *server) filingWithdraw(ctx context.Context, in *filingNoteInput) (*kitOutput, error) {
	d, err := s.Filings.Withdraw(ctx, ledgerBy(ctx), in.ID, in.Body.Note)
	return s.shownFiling(ctx, d, err)
}

type filingDecideInput struct {
	Keyed
	Named
	Body struct {
		Filed  bool      `json:"filed" doc:"The authority filed it and gave a number."`
		Number string    `json:"number,omitempty" maxLength:"64" doc:"The number, of a filing that was done." example:"网信算备110108000000001260015号"`
		Reason string    `json:"reason,omitempty" maxLength:"2000" doc:"Why not, of one that was not."`
		At     time.Time `json:"at" doc:"When it said so."`
	}
}

// filingDecide enters what the authority said, and then in the register. Where that fails the filing still says it, and the same
// decision once more enters it.
func (s *server) filingDecide(ctx context.Context, in *filingDecideInput) (*kitOutput, error) {
	d, err := s.Filings.Decide(ctx, ledgerBy(ctx), in.ID, filing.Decision{Filed: in.Body.Filed, Number: in.Body.Number, Reason: in.Body.Reason, At: in.Body.At})
	if err != nil {
		return nil, err
	}
	return s.shownFiling(ctx, d, s.FilingDesk.Decided(context.WithoutCancel(ctx), ledgerBy(ctx), d))
}

type filingCancelInput struct {
	Keyed
	Named
	Body struct {
		Ended  time.Time `json:"ended" doc:"When the service ended."`
		Handed time.Time `json:"handed" doc:"When the cancellation was handed in."`
		Note   string    `json:"note" minLength:"1" maxLength:"2000" doc:"What was arranged for users. It stands in the record: name no person."`
	}
}

func (s *server) filingCancel(ctx context.Context, in *filingCancelInput) (*kitOutput, error) {
	d, err := s.Filings.Cancel(ctx, ledgerBy(ctx), in.ID, in.Body.Ended, in.Body.Handed, in.Body.Note)
	if err != nil {
		return nil, err
	}
	return s.shownFiling(ctx, d, s.FilingDesk.Decided(context.WithoutCancel(ctx), ledgerBy(ctx), d))
}
