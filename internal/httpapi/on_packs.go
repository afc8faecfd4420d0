package httpapi

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/staff"
)

// The forms in which a pack is handed out.
const (
	PackJSON = "json" // canonical: the bytes that have the digest
	PackText = "text"
	PackHTML = "html"
	PackPDF  = "pdf"
	PackZIP  = "zip"
)

// maxProof is the largest form with proofs of filing, in bytes.
const maxProof = 64 << 20

// PackKnown is what is known of something that is to be reported.
type PackKnown struct {
	About   pack.About
	Subject evidence.Subject // whom it is about; empty for nobody
	Facts   pack.Facts
}

// PackDesk knows what packs are about, and keeps their proofs.
type PackDesk interface {
	// Know says what is known now.
	Know(ctx context.Context, about pack.About) (PackKnown, error)
	// Filed has the report duty of a pack that was filed fulfilled. It may be called again.
	Filed(ctx context.Context, by ledger.By, p pack.Pack) error
	Duty(ctx context.Context, id string) (moderation.Duty, error)
	// KeepProof reads a proof to its end, and refuses what its bytes show to be neither a picture nor PDF.
	KeepProof(ctx context.Context, from io.Reader) (pack.ProofFile, error)
	OpenProof(ctx context.Context, f pack.ProofFile) (io.ReadCloser, error)
	// Print writes a document as PackHTML or PackPDF.
	Print(document []byte, as string) ([]byte, error)
}

func packRoutes() []route {
	return []route{
		{get, "/v1/pack-forms", "pack-forms", staff.PackRead, "packs", 0, 200, do((*server).packForms), "List what authorities want to know, field by field", 0},
		{get, "/v1/packs", "packs", staff.PackRead, "packs", 0, 200, do((*server).packList), "List packs for authorities, the newest first", 0},
		{post, "/v1/packs", "draft-pack", staff.PackWrite, "packs", large, 201, once((*server).packDraft), "Draft a pack of what is known now", 0},
		{get, "/v1/packs/{id}", "pack", staff.PackRead, "packs", 0, 200, do((*server).packOne), "Show a pack, without what it says", 0},
		{get, "/v1/packs/{id}/document", "read-pack", staff.PackRead, "packs", 0, 200, do((*server).packRead), "Read what a pack says, field by field; a record says that you did", 0},
		{get, "/v1/packs/{id}/download", "download-pack", staff.PackRead, "packs", 0, 200, do((*server).packDownload), "Hand out a pack as canonical JSON, text, HTML, PDF or ZIP; a record says that you read it", 0},
		{get, "/v1/packs/{id}/proofs/{sha256}", "pack-proof", staff.PackRead, "packs", 0, 200, do((*server).packProof), "Hand out a proof of filing; a record says that you read the report", 0},
		{post, "/v1/packs/{id}:fill", "fill-pack", staff.PackWrite, "packs", large, 200, once((*server).packFill), "Make a draft anew of what is known now, with your answers", 0},
		{post, "/v1/packs/{id}:amend", "amend-pack", staff.PackWrite, "packs", large, 201, once((*server).packAmend), "Draft a pack that amends one that was filed", 0},
		{post, "/v1/packs/{id}:file", "file-pack", staff.PackFile, "packs", 0, 200, do((*server).packFile), "Say that a pack was filed, and how; with the proofs", upload},
		{post, "/v1/packs/{id}:prove", "prove-pack", staff.PackFile, "packs", 0, 200, do((*server).packProve), "Add a proof to a pack that was filed", upload},
		{post, "/v1/packs/{id}:dismiss", "dismiss-pack", staff.PackFile, "packs", small, 200, once((*server).packDismiss), "Say that a draft is not filed, and why", 0},
	}
}

type packFormsOutput struct {
	Body struct {
		Forms []PackForm `json:"forms" nullable:"false" doc:"By identifier."`
	}
}

func (s *server) packForms(context.Context, *struct{}) (*packFormsOutput, error) {
	out := &packFormsOutput{}
	out.Body.Forms = []PackForm{}
	for _, f := range s.Packs.Forms() {
		out.Body.Forms = append(out.Body.Forms, viewForm(f))
	}
	return out, nil
}

type packListInput struct {
	Page
	States     []pack.State `query:"state,explode" nullable:"false" maxItems:"4" enum:"draft,filed,amended,dismissed" doc:"State; may be repeated."`
	Number     string       `query:"number" maxLength:"32" doc:"Number." example:"2026-0007"`
	Form       string       `query:"form" maxLength:"128" doc:"Form."`
	Case       string       `query:"case" maxLength:"64" doc:"Case that it is about."`
	Duty       string       `query:"duty" maxLength:"64" doc:"Report duty that it fulfils."`
	Refutation string       `query:"refutation" maxLength:"64" doc:"Refutation that it is about."`
}

type packListOutput struct {
	Body struct {
		Packs []Pack `json:"packs" nullable:"false" doc:"Reports."`
		Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) packList(ctx context.Context, in *packListInput) (*packListOutput, error) {
	list, next, err := s.Packs.Packs(ctx, pack.Filter{States: in.States, Number: in.Number, Form: in.Form, About: pack.About{Case: in.Case, Duty: in.Duty, Refutation: in.Refutation}, After: in.Cursor, Limit: in.Limit})
	out := &packListOutput{}
	out.Body.Packs, out.Body.Next = []Pack{}, next
	for _, p := range list {
		v, failed := s.viewPack(ctx, p)
		err = errors.Join(err, failed)
		out.Body.Packs = append(out.Body.Packs, v)
	}
	return out, err
}

type packOutput struct {
	Replayed
	Body Pack
}

func (s *server) shownPack(ctx context.Context, p pack.Pack, err error) (*packOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := s.viewPack(ctx, p)
	return &packOutput{Body: v}, err
}

func (s *server) packOne(ctx context.Context, in *Named) (*packOutput, error) {
	p, err := s.Packs.Pack(ctx, in.ID)
	return s.shownPack(ctx, p, err)
}

type packDraftInput struct {
	Keyed
	Body struct {
		Form    string       `json:"form" minLength:"1" maxLength:"128" doc:"Form." example:"12377"`
		About   PackAbout    `json:"about,omitempty" doc:"What it is about. Of a report duty that the desk opened the case is found by itself."`
		Answers []PackAnswer `json:"answers,omitempty" nullable:"false" maxItems:"100" doc:"What you answer in place of what records say."`
	}
}

func (s *server) packDraft(ctx context.Context, in *packDraftInput) (*packOutput, error) {
	k, err := s.PackDesk.Know(ctx, pack.About(in.Body.About))
	if err != nil {
		return nil, err
	}
	p, err := s.Packs.Draft(ctx, ledgerBy(ctx), pack.Draft{Form: in.Body.Form, Subject: k.Subject, About: k.About, Facts: k.Facts, Said: packSaid(in.Body.Answers)})
	return s.shownPack(ctx, p, err)
}

type packAnswersInput struct {
	Keyed
	Named
	Body struct {
		Answers []PackAnswer `json:"answers,omitempty" nullable:"false" maxItems:"100" doc:"What you answer in place of what records say. What was answered before stays."`
	}
}

func (s *server) packFill(ctx context.Context, in *packAnswersInput) (*packOutput, error) {
	facts, err := s.packFacts(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.Packs.Fill(ctx, ledgerBy(ctx), in.ID, facts, packSaid(in.Body.Answers)...)
	return s.shownPack(ctx, p, err)
}

func (s *server) packAmend(ctx context.Context, in *packAnswersInput) (*packOutput, error) {
	facts, err := s.packFacts(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.Packs.Amend(ctx, ledgerBy(ctx), in.ID, facts, packSaid(in.Body.Answers)...)
	return s.shownPack(ctx, p, err)
}

// packFacts are what is known now of what a pack is about.
func (s *server) packFacts(ctx context.Context, id string) (pack.Facts, error) {
	p, err := s.Packs.Pack(ctx, id)
	if err != nil {
		return nil, err
	}
	k, err := s.PackDesk.Know(ctx, p.About)
	return k.Facts, err
}

type packDismissInput struct {
	Keyed
	Named
	Body struct {
		Reason colophon.Code `json:"reason" enum:"pack-reason-not-needed,pack-reason-elsewhere,pack-reason-mistake,pack-reason-other" doc:"Why it is not filed."`
		Note   string        `json:"note" minLength:"1" maxLength:"4000" doc:"The same in prose, at most 1000 signs. It is sealed."`
	}
}

func (s *server) packDismiss(ctx context.Context, in *packDismissInput) (*packOutput, error) {
	p, err := s.Packs.Dismiss(ctx, ledgerBy(ctx), in.ID, in.Body.Reason, in.Body.Note)
	return s.shownPack(ctx, p, err)
}

type packFormInput struct {
	Keyed
	Named
	Upload
}

// packFile says that a pack was filed. The report duty that it fulfils is closed after it; where that fails, a job does it.
func (s *server) packFile(ctx context.Context, in *packFormInput) (*packOutput, error) {
	return formOnce(s, ctx, "file-pack", in.Key, in, func() (*packOutput, error) {
		v, proofs, err := s.packForm(ctx, &in.Upload, "channel", "reference", "at", "incomplete")
		if err != nil {
			return nil, err
		}
		at, incomplete, err := handedIn(v)
		if err != nil {
			return nil, err
		}
		p, err := s.Packs.File(ctx, ledgerBy(ctx), in.ID, pack.Filing{Channel: v.Get("channel"), Reference: v.Get("reference"), At: at, Incomplete: incomplete}, proofs...)
		if err != nil {
			return nil, err
		}
		if err := s.PackDesk.Filed(context.WithoutCancel(ctx), ledgerBy(ctx), p); err != nil {
			s.Logger.ErrorContext(ctx, "closing the report duty of a pack", "pack", p.ID, "error", err)
		}
		return s.shownPack(ctx, p, nil)
	})
}

func (s *server) packProve(ctx context.Context, in *packFormInput) (*packOutput, error) {
	return formOnce(s, ctx, "prove-pack", in.Key, in, func() (*packOutput, error) {
		_, proofs, err := s.packForm(ctx, &in.Upload)
		if err != nil {
			return nil, err
		}
		if len(proofs) != 1 {
			return nil, refuse(colophon.Invalid, CodeForm)
		}
		p, err := s.Packs.Prove(ctx, ledgerBy(ctx), in.ID, proofs[0])
		return s.shownPack(ctx, p, err)
	})
}

// packForm reads a form about a filing: fields, each once, and proofs.
func (s *server) packForm(ctx context.Context, in *Upload, fields ...string) (url.Values, []pack.ProofFile, error) {
	return formOf(s, in, maxProof, func(part *multipart.Part) (pack.ProofFile, error) { return s.PackDesk.KeepProof(ctx, part) }, fields...)
}

type packReadOutput struct{ Body PackDocument }

func (s *server) packRead(ctx context.Context, in *Named) (*packReadOutput, error) {
	p, inside, err := s.Packs.Read(ctx, ledgerBy(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	d, err := pack.Read([]byte(inside.Document))
	if err != nil {
		return nil, err
	}
	v, err := s.viewPack(ctx, p)
	return &packReadOutput{viewDocument(v, d, inside)}, err
}

type packProofInput struct {
	Named
	SHA256 string `path:"sha256" pattern:"^[0-9a-f]{64}$" patternDescription:"64 hexadecimal digits" doc:"SHA-256 of the proof, in hexadecimal."`
}

// packProof hands out a proof.
func (s *server) packProof(ctx context.Context, in *packProofInput) (*stream, error) {
	_, inside, err := s.Packs.Read(ctx, ledgerBy(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(inside.Proofs, func(f pack.ProofFile) bool { return f.SHA256 == in.SHA256 })
	if at < 0 {
		return nil, refuse(colophon.Missing, pack.CodeMissing)
	}
	return s.attached(inside.Proofs[at].Type, func(ctx context.Context) (io.ReadCloser, error) { return s.PackDesk.OpenProof(ctx, inside.Proofs[at]) }), nil
}
