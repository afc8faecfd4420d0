package intake

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/media"
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

// vocabulary is how the terms of IPTC's digital source types begin, in XMP and in content credentials alike.
const vocabulary = "digitalsourcetype/"

// longest is the length of the longest term.
const longest = 40

// generative are the terms that say that a model made or changed the content.
func generative() []string {
	return []string{"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"}
}

// terms looks for terms of generated content in bytes that are written to it. It keeps what may be the beginning of one.
type terms struct {
	tail  []byte
	found string
}

// Write never fails.
func (t *terms) Write(p []byte) (int, error) {
	if t.found != "" {
		return len(p), nil
	}
	const most = len(vocabulary) + longest
	if len(t.tail) > 0 {
		t.tail = append(t.tail, p[:min(len(p), most)]...)
		t.look(t.tail)
	}
	t.look(p)
	if len(p) < most && len(t.tail) > 0 {
		t.tail = append(t.tail[:0], t.tail[max(0, len(t.tail)-most):]...)
	} else {
		t.tail = append(t.tail[:0], p[max(0, len(p)-most):]...)
	}
	return len(p), nil
}

func (t *terms) look(p []byte) {
	for {
		i := bytes.Index(p, []byte(vocabulary))
		if i < 0 {
			return
		}
		p = p[i+len(vocabulary):]
		for _, term := range generative() {
			if rest, ok := bytes.CutPrefix(p, []byte(term)); ok && (len(rest) == 0 || !letter(rest[0])) {
				t.found = term
			}
		}
	}
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// packed reports whether the metadata of a format lie compressed, so that they were not looked through.
func packed(f media.Format) bool {
	switch f {
	case media.PDF, media.DOCX, media.XLSX, media.PPTX, media.DOTX, media.XLTX, media.POTX, media.EPUB, media.Unknown:
		return true
	}
	return false
}

// reason is what the metadata said. Of a format that is prose it says nothing, nor that there is nothing in what is packed.
func (t *terms) reason(f media.Format) []Reason {
	switch {
	case prose(f), t.found == "" && packed(f):
		return nil
	case t.found != "":
		return []Reason{{By: ByMetadata, Outcome: Seen, Code: ReasonSourceType, Args: colophon.Args{"term": t.found}}}
	}
	return []Reason{{By: ByMetadata, Outcome: NotSeen, Code: ReasonNoSourceType}}
}
