package stamp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
)

// Codes of credentials.
const (
	CodeUnsigned     colophon.Code = "credential-left-out"  // arg "reason", a code: content stays without the credential that was asked for
	CodeBeside       colophon.Code = "credential-beside"    // the label stands beside the file and names it by its digest
	CodeNoSigner     colophon.Code = "credential-no-signer" // no certificate that is valid today
	CodeReadBackMark colophon.Code = "watermark-read-back"  // arg "format": what was written does not show the watermark
	CodeReadBackSign colophon.Code = "credential-read-back" // arg "rule": what was written does not bear the credential
)

// standard is how the credential names the label's standard.
const standard = "GB 45438-2025"

// MarkAlgorithm is how the credential names our watermark.
const MarkAlgorithm = "io.github.colophon-project.watermark.1"

// Signing says which content gets a content credential, and whose.
type Signing struct {
	// Signer returns the signer of the day, so that certificates can be rotated; nil where there is none that may sign.
	Signer    func() *credential.Signer
	Trust     *credential.Trust // whom ingredients are judged by; nil for nobody
	Now       func() time.Time
	Generator credential.Generator
	// Functions are those whose content gets one; none means all.
	Functions []Function
}

// Credential is what becomes of the content credential in a plan.
type Credential struct {
	State    State         // empty where none was asked for
	Reason   colophon.Code // of Unable
	Manifest string        // label of the manifest
	Signer   string        // SHA-256 of the certificate, in hexadecimal; once it was read back
	Stamped  bool          // the time is an authority's; once it was read back
}

// signs reports whether a credential is asked for.
func (p *Press) signs(req *Request) bool {
	return p.Credential != nil && !req.Plain && chosen(p.Credential.Functions, req.Function)
}

// sign puts a credential over the stamped file.
func (p *Plan) sign(ctx context.Context, src media.Source, req *Request) error {
	by := p.press.Credential
	if !p.press.signs(req) {
		return nil
	}
	switch {
	case !credential.Known(p.Format):
		return p.unsigned(credential.CodeFormat)
	case p.Action == label.Beside:
		return p.unsigned(CodeBeside)
	}
	signer := by.Signer()
	if signer == nil {
		return p.unsigned(CodeNoSigner)
	}
	from := src
	if p.Edit != nil {
		view, err := media.NewView(p.Edit, src)
		if err != nil {
			return err
		}
		from = view
	} else if ours, err := p.ours(ctx, src, signer); err != nil || ours {
		return err
	}
	o := credential.Options{Trust: by.Trust, Now: by.Now()}
	draft, err := p.draft(ctx, src, req, o)
	if err != nil {
		return err
	}
	plan, err := signer.Prepare(ctx, from, p.Format, draft, o)
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind == colophon.Unsupported {
		return p.unsigned(e.Code)
	}
	if err != nil {
		return err
	}
	edit, err := plan.Edit(ctx)
	if err != nil {
		return err
	}
	if view, ok := from.(*media.View); ok {
		if edit, err = view.Compose(edit); err != nil {
			return err
		}
	}
	p.Edit = edit
	p.Credential = Credential{State: Put, Manifest: plan.Label()}
	return nil
}

// draft is what the manifest says: who made the file how, which label and which watermark it bears, and what it was made from.
func (p *Plan) draft(ctx context.Context, src media.Source, req *Request, o credential.Options) (credential.Draft, error) {
	d := credential.Draft{Generator: p.press.Credential.Generator, When: o.Now, Ingredients: req.Ingredients}
	if p.Fields.Label == label.Belongs && req.Label.Propagation == nil {
		d.SourceType = credential.TrainedAlgorithmicMedia
	}
	value, err := p.Fields.JSON()
	if err == nil { // a label of another that is out of form is carried as it was found, and nothing is said of it
		d.Label = credential.NewLabel(standard, string(p.Place), value)
	}
	if p.Watermark.State == Put || p.Watermark.State == There {
		d.Watermark = &credential.Watermark{Alg: MarkAlgorithm, Value: p.Watermark.Payload}
	}
	own, err := credential.Examine(ctx, src, p.Format, credential.ParentOf, "", o)
	if err != nil {
		return d, err
	}
	if own.Report() != nil || req.Label.Propagation != nil {
		d.Ingredients = append([]*credential.Ingredient{own}, d.Ingredients...)
	}
	return d, nil
}

// ours reports whether a file that stays as it is has a credential of our signer that is intact.
func (p *Plan) ours(ctx context.Context, src media.Source, signer *credential.Signer) (bool, error) {
	report, err := p.validate(ctx, src)
	if errors.Is(err, credential.ErrNone) {
		return false, nil
	}
	if err != nil || report.Intact != colophon.Passed || report.Signer.Fingerprint != fingerprint(signer) {
		return false, err
	}
	p.Credential = Credential{State: There, Manifest: report.Label, Signer: report.Signer.Fingerprint, Stamped: !report.Signer.Time.IsZero()}
	return true, nil
}

// fingerprint is that of a signer's certificate.
func fingerprint(s *credential.Signer) string {
	sum := sha256.Sum256(s.Chain[0])
	return hex.EncodeToString(sum[:])
}

func (p *Plan) validate(ctx context.Context, src media.Source) (*credential.Report, error) {
	store, err := credential.Read(src, p.Format)
	if err != nil {
		return nil, err
	}
	return store.Validate(ctx, src, p.Format, credential.Options{Trust: p.press.Credential.Trust, Now: p.press.Credential.Now()})
}

// unsigned notes that content gets no credential.
func (p *Plan) unsigned(why colophon.Code) error {
	p.Credential = Credential{State: Unable, Reason: why}
	p.Findings = append(p.Findings, colophon.Finding{Code: CodeUnsigned, Level: colophon.Warning, Offset: -1, Args: colophon.Args{"reason": string(why)}})
	return nil
}

// signed fails unless what was written bears the planned credential, and is what was signed.
func (p *Plan) signed(ctx context.Context, written media.Source) error {
	if p.Credential.State != Put {
		return nil
	}
	report, err := p.validate(ctx, written)
	switch {
	case err != nil:
		return p.unread("read", err)
	case report.Label != p.Credential.Manifest:
		return p.unread("manifest", nil)
	case report.Intact != colophon.Passed:
		return p.unread("validation", nil)
	}
	p.Credential.Signer, p.Credential.Stamped = report.Signer.Fingerprint, !report.Signer.Time.IsZero()
	return nil
}

func (p *Plan) unread(rule string, err error) error {
	return &colophon.Error{Kind: colophon.Internal, Code: CodeReadBackSign, Args: colophon.Args{"rule": rule, "format": string(p.Format)}, Err: err}
}
