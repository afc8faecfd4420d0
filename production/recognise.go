package production

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/screen/phash"
)

// How says by what a file is known again.
type How string

// The ways, the surest first.
const (
	ByDigest    How = "digest"    // the very bytes
	ByWatermark How = "watermark" // a mark of our key, whose payload the register has
	ByLabel     How = "label"     // a label of ours, which may have been put on another file
	ByLikeness  How = "likeness"  // it looks alike
)

// Ways lists them.
func Ways() []How { return []How{ByDigest, ByWatermark, ByLabel, ByLikeness} }

// Look is what came of one way of looking: passed where it found items, failed where it found none.
type Look struct {
	How    How
	Told   colophon.Verdict
	Reason colophon.Code // why it could not be told
	Score  float64       // of a watermark, in deviations
}

// Recognised is an item that a file may be a copy of.
type Recognised struct {
	Item artefact.Artefact
	How  []How // by what, the surest first
	Bits int   // in how many bits the nearest hashes differ; -1 where it was not known by its likeness
}

// By reports whether an item was known by a way.
func (r *Recognised) By(h How) bool { return slices.Contains(r.How, h) }

// alike is how many items are looked for that look like a file.
const alike = 20

// unknown is a file of which nobody knows what it is.
type unknown struct {
	src    media.Source
	digest artefact.Digest
	report *label.Report
}

// recognition gathers what is found.
type recognition struct {
	line  *Line
	found []Recognised
	looks []Look
}

// Recognise looks for the items that a file may be a copy of, by its digest, its label, its watermark and its likeness, the
// surest first. Of each way it says what came of it. The error is of the store.
func (l *Line) Recognise(ctx context.Context, src media.Source, digest artefact.Digest, report *label.Report) ([]Recognised, []Look, error) {
	r := &recognition{line: l}
	u := &unknown{src, digest, report}
	for _, way := range []func(context.Context, *unknown) error{r.digest, r.watermark, r.label, r.likeness} {
		if err := way(ctx, u); err != nil {
			return nil, nil, err
		}
	}
	slices.SortStableFunc(r.found, func(a, b Recognised) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(len(b.How), len(a.How)), cmp.Compare(a.Bits, b.Bits))
	})
	return r.found, r.looks, nil
}

func rank(r Recognised) int { return slices.Index(Ways(), r.How[0]) }

func (r *recognition) add(h How, a artefact.Artefact, bits int) {
	i := slices.IndexFunc(r.found, func(f Recognised) bool { return f.Item.Number == a.Number })
	if i < 0 {
		r.found = append(r.found, Recognised{Item: a, Bits: -1})
		i = len(r.found) - 1
	}
	f := &r.found[i]
	if f.How = append(f.How, h); bits >= 0 {
		f.Bits = bits
	}
}

// told notes what came of a way.
func (r *recognition) told(h How, found int, score float64) {
	v := colophon.Failed
	if found > 0 {
		v = colophon.Passed
	}
	r.looks = append(r.looks, Look{How: h, Told: v, Score: score})
}

func (r *recognition) untold(h How, err error, or colophon.Code) {
	var e *colophon.Error
	if errors.As(err, &e) {
		or = e.Code
	}
	r.looks = append(r.looks, Look{How: h, Reason: or})
}

func (r *recognition) digest(ctx context.Context, u *unknown) error {
	list, _, err := r.line.c.Register.Find(ctx, artefact.Query{Digest: u.digest}, "", page)
	for _, a := range list {
		r.add(ByDigest, a, -1)
	}
	r.told(ByDigest, len(list), 0)
	return err
}

func (r *recognition) watermark(ctx context.Context, u *unknown) error {
	if r.line.c.Watermarks == nil {
		r.untold(ByWatermark, nil, CodeNotLooked)
		return nil
	}
	found, err := r.line.c.Watermarks.Find(ctx, u.src, u.report.Format, true)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.untold(ByWatermark, err, CodeFailed)
		return nil
	}
	if found.Payload == nil {
		r.told(ByWatermark, 0, 0)
		return nil
	}
	list, _, err := r.line.c.Register.Find(ctx, artefact.Query{Watermark: hex.EncodeToString(found.Payload)}, "", page)
	for _, a := range list {
		r.add(ByWatermark, a, -1)
	}
	r.told(ByWatermark, len(list), found.Score)
	return err
}

func (r *recognition) label(ctx context.Context, u *unknown) error {
	if u.report.Err != nil && len(u.report.Marks) == 0 {
		r.untold(ByLabel, u.report.Err, CodeFailed)
		return nil
	}
	n := 0
	for _, m := range u.report.Marks {
		known, err := r.line.numbered(ctx, nil, m.Fields)
		if err != nil {
			return err
		}
		for _, a := range known {
			r.add(ByLabel, a, -1)
			n++
		}
	}
	r.told(ByLabel, n, 0)
	return nil
}

func (r *recognition) likeness(ctx context.Context, u *unknown) error {
	facts, _ := media.Facts(u.report.Format)
	if r.line.c.Likeness == nil || facts.Modality != media.ModalityImage && facts.Modality != media.ModalityVideo {
		r.untold(ByLikeness, nil, CodeNotLooked)
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, likening)
	defer stop()
	hashes, err := r.line.c.Likeness(ctx, u.report.Format, u.src)
	var list []artefact.Match
	if err == nil {
		list, err = r.line.c.Register.Alike(ctx, hashes, phash.Radius, alike)
	}
	if err == nil && len(list) == 0 && r.line.c.Turned != nil {
		if hashes, err = r.line.c.Turned(ctx, u.src); err == nil {
			list, err = r.line.c.Register.Alike(ctx, hashes, phash.Radius, alike)
		}
	}
	if err != nil {
		r.untold(ByLikeness, err, CodeFailed)
		return nil
	}
	for _, m := range list {
		r.add(ByLikeness, m.Artefact, m.Bits)
	}
	r.told(ByLikeness, len(list), 0)
	return nil
}
