package intake

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
)

// Sample is a file that a detector looks at.
type Sample struct {
	Source media.Source
	Format media.Format
	Digest artefact.Digest
}

// Sighting is what a detector says of a file.
type Sighting struct {
	Seen    bool
	Version string  // of the model or the rules that looked
	Score   float64 // from 0 to 1; 0 for a detector that has none
	// Code is the reason, where it is another than [ReasonTrace].
	Code colophon.Code
}

// Detector looks for traces of generation in a file: a notice, a watermark, what a classifier knows. An error says that it
// could not tell; one of kind Unsupported, that it does not look at such files at all.
type Detector interface {
	Name() string // a word, as it stands in reasons
	Detect(ctx context.Context, s Sample) (Sighting, error)
}

// detect asks all detectors at the same time. What one that fails would have seen nobody knows, and the reason says so.
func detect(ctx context.Context, list []Detector, s Sample, most time.Duration) []Reason {
	reasons := make([]*Reason, len(list))
	var all sync.WaitGroup
	for i, d := range list {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, most)
			defer cancel()
			reasons[i] = ask(ctx, d, s)
		})
	}
	all.Wait()
	var told []Reason
	for _, r := range reasons {
		if r != nil {
			told = append(told, *r)
		}
	}
	return told
}

func ask(ctx context.Context, d Detector, s Sample) (r *Reason) {
	name := d.Name()
	r = &Reason{By: name, Outcome: CouldNotTell, Code: ReasonTraceUnknown, Args: colophon.Args{"detector": name}}
	defer func() {
		if fault := recover(); fault != nil {
			r.Outcome, r.Code = CouldNotTell, ReasonDetectorCrash
		}
	}()
	seen, err := d.Detect(ctx, s)
	var e *colophon.Error
	switch {
	case errors.As(err, &e) && e.Kind == colophon.Unsupported:
		return nil
	case err != nil:
		return r
	case !seen.Seen:
		r.Outcome, r.Code = NotSeen, ReasonNoTrace
	default:
		r.Outcome, r.Code = Seen, ReasonTrace
		if seen.Code != "" {
			r.Code = seen.Code
		}
	}
	r.Version = seen.Version
	r.Args["score"] = strconv.FormatFloat(seen.Score, 'f', 2, 64)
	return r
}

// reasonOf is what the metadata said. Of a format that is prose it says nothing, nor that there is nothing in what is packed.
func reasonOf(t *label.Terms, f media.Format) []Reason {
	switch {
	case label.Prose(f), t.Found() == "" && label.Packed(f):
		return nil
	case t.Found() != "":
		return []Reason{{By: ByMetadata, Outcome: Seen, Code: ReasonSourceType, Args: colophon.Args{"term": t.Found()}}}
	}
	return []Reason{{By: ByMetadata, Outcome: NotSeen, Code: ReasonNoSourceType}}
}
