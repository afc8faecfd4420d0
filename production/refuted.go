package production

import (
	"context"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/stamp"
)

// CodeRefuted says that the same content was refuted, and does not leave.
const CodeRefuted colophon.Code = "production-refuted" // arg "refutation"

// Outgoing is an item that is about to leave, as others may know it.
type Outgoing struct {
	Number    artefact.Number
	Numbers   []string // content numbers of its labels, and its own
	Before    artefact.Digest
	Format    media.Format
	Source    media.Source // as it came in
	Likeness  []byte       // as it came in and as it leaves
	Unlikened colophon.Code
}

// outgoing holds an item against what was refuted.
func (l *Line) outgoing(ctx context.Context, a artefact.Artefact, plan *stamp.Plan, src media.Source, likeness []byte, unlikened colophon.Code) (colophon.Code, error) {
	if l.c.Outgoing == nil {
		return "", nil
	}
	o := Outgoing{Number: a.Number, Numbers: []string{string(a.Number)}, Before: a.Before, Format: plan.Format, Source: src, Likeness: likeness, Unlikened: unlikened}
	if n := plan.Fields.ProduceID; n != "" && n != string(a.Number) { // a label of somebody else
		o.Numbers = append(o.Numbers, n)
	}
	return l.c.Outgoing(ctx, o)
}
