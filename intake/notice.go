package intake

import (
	"context"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/stamp"
)

// Notices is the detector of notices that a person perceives (Labelling Measures Art. 6 (3)): words in texts and documents,
// and the plates and sounds that this program knows in pictures, films and recordings.
type Notices struct{ Press *stamp.Press }

// Name implements [Detector].
func (Notices) Name() string { return "notice" }

// Detect implements [Detector].
func (n Notices) Detect(ctx context.Context, s Sample) (Sighting, error) {
	shown, err := n.Press.Shows(ctx, s.Source, s.Format)
	return Sighting{Seen: shown, Code: ReasonNoticeShown}, err
}

// Produced is the detector of what this deployment made itself: the bytes of an item, before or after it was marked.
type Produced struct{ Register *artefact.Register }

// Name implements [Detector].
func (Produced) Name() string { return "produced-here" }

// Detect implements [Detector].
func (p Produced) Detect(ctx context.Context, s Sample) (Sighting, error) {
	list, _, err := p.Register.Find(ctx, artefact.Query{Digest: s.Digest}, "", 1)
	return Sighting{Seen: len(list) > 0, Code: ReasonProducedHere}, err
}
