package stamp

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/watermark"
)

// CodeUnwatermarked is a finding: content stays without the watermark that was asked for; arg "reason" is a code.
const CodeUnwatermarked colophon.Code = "watermark-none"

// Watermarking says which content gets a watermark.
type Watermarking struct {
	Marker Watermarker
	// Modalities are the kinds of content that get one; none means all that can.
	Modalities []media.Modality
	// Functions are those whose content gets one; none means all.
	Functions []Function
}

// Watermarker puts watermarks into files and finds them again.
type Watermarker interface {
	// Payload is what the mark of content with a number says.
	Payload(number string) []byte
	// Mark makes a file with a mark. An error of kind Unsupported says that such content bears none; it has a code.
	Mark(ctx context.Context, src media.Source, f media.Format, payload []byte, progress func(done, total float64)) (*watermark.Marked, error)
	// Find looks for a mark. With wide it also finds marks of content that was cut, turned, scaled or slowed down, which
	// takes longer. Found.Payload is nil where there is none; an error says that nobody could tell.
	Find(ctx context.Context, src media.Source, f media.Format, wide bool) (watermark.Found, error)
}

// Watermark is what becomes of the watermark in a plan.
type Watermark struct {
	State    State         // empty where none was asked for
	Reason   colophon.Code // of Unable
	Payload  []byte
	Strength float64 // dB; see [watermark.Marked]
	Score    float64 // how far it stands above chance, in deviations
}

// chosen reports whether a policy is for a function.
func chosen(list []Function, f Function) bool {
	if f == "" {
		f = Other
	}
	return len(list) == 0 || slices.Contains(list, f)
}

// watermark puts a watermark on what the notice has made of a file, or on the file itself. It is for content that was produced
// here: a platform marks nobody's content.
func (p *Plan) watermark(ctx context.Context, view *media.View, src media.Source, req *Request, report *label.Report, labelled *label.Plan) (*media.View, error) {
	by := p.press.Watermark
	fields := labelled.Fields
	if by == nil || req.Plain || req.Label.Propagation != nil || fields.Label != label.Belongs || fields.ContentProducer != req.Label.Fields.ContentProducer || !chosen(by.Functions, req.Function) {
		return view, nil
	}
	from := src
	if view != nil {
		from = view
	}
	if facts, _ := media.Facts(report.Format); len(by.Modalities) > 0 && !slices.Contains(by.Modalities, facts.Modality) {
		return view, nil
	}
	w := &p.Watermark
	w.Payload = by.Marker.Payload(fields.ProduceID)
	if _, breaks := req.Label.Breaks(report); breaks && !req.Label.AllowBreakSignature {
		return view, p.unable(CodeSigned)
	}
	if labelled.Action == label.Kept { // it may be marked already
		if found, err := by.Marker.Find(ctx, from, report.Format, false); err == nil && bytes.Equal(found.Payload, w.Payload) {
			w.State, w.Score = There, found.Score
			return view, nil
		}
	}
	made, err := by.Marker.Mark(ctx, from, report.Format, w.Payload, req.Progress)
	var e *colophon.Error
	switch {
	case errors.As(err, &e) && e.Kind == colophon.Unsupported:
		return view, p.unable(e.Code)
	case err != nil:
		return nil, err
	}
	w.State, w.Strength, w.Score = Put, made.Strength, made.Score
	return media.NewView(made.Edit, made.Source)
}

// unable notes that content gets no watermark.
func (p *Plan) unable(why colophon.Code) error {
	p.Watermark = Watermark{State: Unable, Reason: why}
	p.Notice.find(CodeUnwatermarked, colophon.Warning, colophon.ClauseLM5, "reason", string(why))
	return nil
}

// watermarked fails unless what was written bears the planned watermark.
func (p *Plan) watermarked(ctx context.Context, written media.Source) error {
	if p.Watermark.State != Put {
		return nil
	}
	found, err := p.press.Watermark.Marker.Find(ctx, written, p.Format, false)
	if err == nil && bytes.Equal(found.Payload, p.Watermark.Payload) {
		p.Watermark.Score = found.Score
		return nil
	}
	return &colophon.Error{Kind: colophon.Internal, Code: CodeReadBackMark, Clauses: []colophon.Clause{colophon.ClauseLM5}, Args: colophon.Args{"format": string(p.Format)}, Err: err}
}
