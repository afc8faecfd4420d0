// Package stamp puts the marks of the law on content, in one call and in the right order: the notice that a person
// perceives, the watermark that nobody perceives, the label that programs read, and the credential that is signed over all
// of it, because each later mark covers the earlier ones (Deep Synthesis Provisions Art. 16 and 17; Labelling Measures Art. 4
// and 5; GB 45438-2025; C2PA 2.2).
//
// A [Press] decides by a policy for each kind of function what has to be put on, plans it as one edit of the file, and
// reads every mark back from what was written. A mark that can't be read back is a failed stamp: whoever calls MUST NOT
// release what [Plan.ReadBack] refuses.
//
// Content that carries marks keeps them. A label keeps its producer's fields and its state, a platform is added once, and
// content that shows the notice does not get a second one. The package never takes a mark away.
package stamp

import (
	"context"
	"errors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

// Codes of refusals and findings.
const (
	CodeRequired colophon.Code = "notice-required"    // arg "function": content of this function gets a notice
	CodeOmitted  colophon.Code = "notice-omitted"     // content that needs a notice was left without one, as asked
	CodeOffered  colophon.Code = "notice-offered"     // arg "function": a notice is not a must here; it was offered
	CodeAround   colophon.Code = "notice-around"      // arg "words": the notice belongs around the content
	CodeSigned   colophon.Code = "notice-left-signed" // arg "signature": a notice would break it, and was left out
	CodeReadBack colophon.Code = "notice-read-back"   // arg "rule": what was written does not show the notice
)

// Choice is what a caller wants of the notice.
type Choice string

// Choices. The empty one is Auto.
const (
	Auto Choice = "auto" // as the function's policy says
	None Choice = "none" // without, where that is allowed
)

// State is what became of the notice.
type State string

// States.
const (
	Put     State = "put"     // it was put on
	There   State = "there"   // the content has it already
	Omitted State = "omitted" // it was left out, as asked
	Offered State = "offered" // the function needs none; the user was told that there may be one (Art. 17 ¶2)
	Around  State = "around"  // it has to be shown around the content and stands not in the file
	Unable  State = "unable"  // the content can't bear it; of watermarks and credentials alone
)

// Press stamps content. It is safe for concurrent use.
type Press struct {
	// Tools are ffmpeg and ffprobe; nil where they are not installed, in which case what needs them fails with
	// ffmpeg.CodeMissing.
	Tools *ffmpeg.Tools
	// Unmarked lets callers leave the notice out (Choice None) where the policy asks for it. A service that is open to
	// others leaves this false: Labelling Measures Art. 9 allows it on a user's request, with an agreement and a log.
	Unmarked bool
	// Watermark and Credential are nil where content gets none.
	Watermark  *Watermarking
	Credential *Signing
}

// Request says what marks a file is to carry.
type Request struct {
	Label    label.Request
	Function Function // empty means Other
	Choice   Choice
	Notice   notice.Options
	// Plain leaves watermark and credential out.
	Plain bool
	// Ingredients are what content was made from, besides a manifest that the file itself has.
	Ingredients []*credential.Ingredient
	// Progress, when not nil, is told how many of how many seconds of video have been encoded, in order.
	Progress func(done, total float64)
}

// Notice is what becomes of the notice in a plan.
type Notice struct {
	State State
	notice.Report
}

// Plan is a stamp that was decided and not yet written.
type Plan struct {
	*label.Plan // its Edit, when not nil, makes the whole stamped file
	Notice      Notice
	Watermark   Watermark
	Credential  Credential

	press   *Press
	kind    kind
	options notice.Options
}

// Changed reports whether the file itself becomes another.
func (p *Plan) Changed() bool { return p.Edit != nil }

// Prepare decides what marks a file gets and plans the file with them. It writes nothing into the file.
func (p *Press) Prepare(ctx context.Context, src media.Source, req Request) (*Plan, error) {
	plan := &Plan{press: p, options: req.Notice}
	if p.signs(&req) {
		req.Label.Renews = []media.SignatureKind{media.SignatureC2PA}
	}
	var view *media.View
	req.Label.Onto = func(report *label.Report, labelled *label.Plan) (label.Source, error) {
		put, err := plan.decide(&req, report)
		if err == nil && put {
			view, err = plan.notice(ctx, src, report.Format, &req)
		}
		if err == nil {
			view, err = plan.watermark(ctx, view, src, &req, report, labelled)
		}
		if err != nil || view == nil {
			return nil, err
		}
		return view, nil
	}
	var err error
	if plan.Plan, err = label.Prepare(src, req.Label); err != nil {
		return nil, err
	}
	plan.Findings = append(plan.Findings, plan.Notice.Findings...)
	plan.Notice.Findings = nil
	if view != nil {
		whole := plan.Edit // of the view
		if whole == nil {
			whole = new(media.Edit)
			whole.Keep(0, view.Size())
		}
		if plan.Edit, err = view.Compose(whole); err != nil {
			return nil, err
		}
	}
	return plan, plan.sign(ctx, src, &req)
}

// notice puts the notice on, and returns nil where it stands there already.
func (p *Plan) notice(ctx context.Context, src media.Source, f media.Format, req *Request) (*media.View, error) {
	made, err := p.kind.put(ctx, p.press, src, f, req)
	if err != nil {
		return nil, err
	}
	p.Notice.State, p.Notice.Report = Put, made.report
	for _, f := range made.report.Findings {
		if f.Code == notice.CodeThere {
			p.Notice.State = There
			return nil, nil
		}
	}
	return media.NewView(made.edit, made.source)
}

// decide sets what becomes of the notice, and returns true where it is to be put on.
func (p *Plan) decide(req *Request, report *label.Report) (bool, error) {
	policy, err := req.Function.Policy()
	if err != nil || report.Format == media.Unknown { // which label.Prepare refuses
		return false, err
	}
	n := &p.Notice
	if req.Label.Propagation != nil || req.Label.Fields.Label != label.Belongs {
		n.State, n.Around = Around, around(req, report)
		n.find(CodeAround, colophon.Note, colophon.ClauseLM6, "words", n.Around)
		return false, nil
	}
	switch {
	case req.Choice == None && policy.Required && !p.press.Unmarked:
		return false, &colophon.Error{Kind: colophon.Refused, Code: CodeRequired, Args: colophon.Args{"function": string(policy.Function)},
			Clauses: []colophon.Clause{colophon.ClauseDS17, colophon.ClauseLM4, colophon.ClauseLM9}}
	case req.Choice == None && policy.Required:
		n.State = Omitted
		n.find(CodeOmitted, colophon.Warning, colophon.ClauseLM9)
		return false, nil
	case req.Choice == None:
		n.State = Offered
		n.find(CodeOffered, colophon.Note, colophon.ClauseDS17, "function", string(policy.Function))
		return false, nil
	}
	if s, breaks := req.Label.Breaks(report); breaks && !req.Label.AllowBreakSignature {
		n.State, n.Around = Around, around(req, report)
		n.find(CodeSigned, colophon.Warning, colophon.ClauseLM4, "signature", string(s.Kind))
		return false, nil
	}
	p.kind = kindOf(report.Format)
	return true, nil
}

func (n *Notice) find(code colophon.Code, level colophon.Level, clause colophon.Clause, args ...string) {
	f := colophon.Finding{Code: code, Level: level, Clause: clause, Offset: -1}
	for i := 0; i+1 < len(args); i += 2 {
		if f.Args == nil {
			f.Args = colophon.Args{}
		}
		f.Args[args[i]] = args[i+1]
	}
	n.Findings = append(n.Findings, f)
}

// around returns the words to show around content, by what its label says (Labelling Measures Art. 6).
func around(req *Request, report *label.Report) string {
	state := req.Label.Fields.Label
	if by := req.Label.Propagation; by != nil {
		if state = by.State; len(report.Marks) > 0 {
			state = report.Marks[len(report.Marks)-1].Fields.Label
		}
	}
	switch state {
	case label.Possible:
		return notice.Around(notice.Possible, req.Notice.Language)
	case label.Suspected:
		return notice.Around(notice.Suspected, req.Notice.Language)
	}
	return notice.Around(notice.Certain, req.Notice.Language)
}

// ReadBack reads what was written and fails unless it carries every planned mark. written is the new file, or the
// unchanged one where the label went to a sidecar, which is then given beside it.
func (p *Plan) ReadBack(ctx context.Context, written, sidecar media.Source) error {
	if err := p.Plan.ReadBack(written, sidecar); err != nil {
		return err
	}
	if err := errors.Join(p.watermarked(ctx, written), p.signed(ctx, written)); err != nil {
		return err
	}
	if p.Notice.State != Put && p.Notice.State != There {
		return nil
	}
	shown, err := p.kind.has(ctx, p.press, written, p.Format, p.options)
	if err == nil && shown {
		return nil
	}
	return &colophon.Error{Kind: colophon.Internal, Code: CodeReadBack, Clauses: []colophon.Clause{colophon.ClauseLM4},
		Args: colophon.Args{"format": string(p.Format)}, Err: err}
}

// Shows reports whether content shows a notice: one in the words of this program where it has to be seen or heard, and any
// where it is text. An error says that nobody could tell; one of kind Unsupported, that such content is not looked at.
func (p *Press) Shows(ctx context.Context, src media.Source, f media.Format) (bool, error) {
	facts, ok := media.Facts(f)
	if !ok {
		return false, &colophon.Error{Kind: colophon.Unsupported, Code: label.CodeNotRecognised}
	}
	if facts.Modality != media.ModalityImage {
		return kindOf(f).has(ctx, p, src, f, notice.Options{})
	}
	return plate.Shows(src, f, notice.Options{})
}
