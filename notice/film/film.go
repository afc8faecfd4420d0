// Package film puts the notice on video: words on a plate, from the first frame on, for two seconds or more (Labelling
// Measures Art. 4 (4); GB 45438-2025 5.4).
//
// Coded video depends on itself from one key frame to the next. So only the frames before the first key frame that follows
// the notice are decoded, stamped and encoded again; every other packet of the film, and every packet of every other track,
// stays where it is, byte for byte. The samples are exchanged inside the container itself, by a media.Edit: times, edit
// lists, rotation, chapters, subtitles and metadata are not written anew, because nothing touches them. The new packets keep
// the old ones' times of display; they are coded without B-frames, so that they fit any film's times of decoding.
//
// Two coded streams now follow each other under one description. VP9 and AV1 begin afresh at each key frame. H.264 and
// H.265 name their parameter sets by number, so the new packets use numbers that the film does not, and the description holds
// both; where a film has sets in its packets too, the new packets have theirs. An H.265 film may go on at a picture of clean random access (open GOP); then the
// pictures that lead it, which look back over the cut, are among those encoded again.
//
// The steps are: read the track (mp4.go, mkv.go), find the cut (track.go), look whether the notice stands already
// (there.go), decode, stamp and encode at about the old packets' rate (encode.go, codec.go), exchange
// (mp4edit.go, mkvedit.go), and look at the result (check.go): the new packets and the ones behind the cut are decoded, and
// the plate is measured on each frame that must show it. Where a container or codec does not let itself be cut, the whole
// film is encoded anew by ffmpeg (whole.go), and the report says so and why.
//
// What not to do here: never copy a packet that refers to one that was replaced; never leave the packets without the notice
// behind in the file; never let ffmpeg choose what a file is.
package film

import (
	"context"
	"errors"
	"image"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// Drawn is a plate: an opaque picture with words. Ink is the height of the glyphs as a part of the shortest side of the
// picture that it was drawn for, and Contrast that of words and plate.
type Drawn struct {
	Image         image.Image
	Words         string
	Ink, Contrast float64
}

// Plate draws the words for a picture of width by height pixels.
type Plate func(width, height int) (Drawn, error)

// Measure measures the plate that stands in a box of a picture: the height of the ink in pixels, and the contrast.
type Measure func(picture image.Image, box image.Rectangle) (ink int, contrast float64)

// Film is a film to be stamped.
type Film struct {
	Source  media.Source
	Format  media.Format
	Options notice.Options
	Plate   Plate
	Measure Measure
	Tools   *ffmpeg.Tools
	// Known are other plates that count as the notice. A film whose first and last frames of the notice's time bear Plate
	// or one of these, in any corner, stays as it is, and the report has notice.CodeThere.
	Known []Plate
	// Progress, when not nil, is told how many seconds of how many have been encoded. It is called from other goroutines,
	// one call at a time.
	Progress func(done, total float64)
}

// Result is a stamped film: what Edit makes of Source. Source is the film's own source, or a file that needs no closing.
type Result struct {
	Edit   *media.Edit
	Source media.Source
	Report notice.Report
}

// CodeNoPictures refuses a file of a video format that has sound or other tracks, but no moving pictures. It has no
// arguments.
const CodeNoPictures colophon.Code = "film-no-pictures"

// noPictures is the refusal of such a file.
func noPictures() error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: CodeNoPictures, Clauses: []colophon.Clause{colophon.ClauseGB5}}
}

const (
	maxSide  = 16384     // pixels of a side; no level of the codecs allows more
	maxArea  = 1 << 26   // pixels of a picture, almost twice those of 8K
	maxCoded = 256 << 20 // bytes of new packets that are held
)

// Put stamps a film. The context bounds the time that it takes.
func Put(ctx context.Context, film Film) (*Result, error) {
	return put(ctx, &job{Film: film})
}

func put(ctx context.Context, j *job) (*Result, error) {
	words, findings, err := j.Options.Words()
	if err != nil {
		return nil, err
	}
	if j.Tools == nil {
		_, err := j.Tools.Probe(ctx, "")
		return nil, err
	}
	j.report = notice.Report{Words: words, Around: words, Findings: findings}
	plan, err := survey(j.Film)
	if err != nil {
		return nil, err
	}
	if plan.reason == "" {
		res, err := j.splice(ctx, plan)
		if err == nil || ctx.Err() != nil {
			return res, err
		}
		why, ok := explained(err)
		if !ok {
			return nil, err
		}
		plan.reason = why
	}
	return j.whole(ctx, plan)
}

// job is one film under work.
type job struct {
	Film
	report notice.Report
	look   bool // the film is looked at and not stamped
}

// anew notes that more of the film is encoded than the notice needs, and why.
func (j *job) anew(reason string) {
	j.report.Findings = append(j.report.Findings, colophon.Finding{Code: notice.CodeEncodedAnew, Level: colophon.Note,
		Args: colophon.Args{"reason": reason}, Offset: -1})
}

// splice encodes the beginning and exchanges its packets.
func (j *job) splice(ctx context.Context, p *plan) (*Result, error) {
	t := p.track
	scratch, err := j.Tools.Scratch()
	if err != nil {
		return nil, err
	}
	defer scratch.Close()
	e, err := newEncoding(ctx, j, t, p.cut, scratch)
	if err != nil {
		return nil, err
	}
	if there, err := e.there(ctx); err != nil {
		return nil, err
	} else if there {
		return j.unchanged(), nil
	} else if j.look {
		return nil, errAbsent
	}
	fresh, err := e.checked(ctx)
	if err != nil {
		return nil, err
	}
	edit, err := t.exchange(j.Source, p.cut, fresh)
	if err != nil {
		return nil, err
	}
	j.report.Words, j.report.Place = e.stamp.words, string(e.stamp.corner)
	j.report.Ink, j.report.Contrast = e.stamp.ink, e.stamp.contrast
	j.report.Seconds = t.seconds(p.cut.stamped)
	j.report.Method = "packets"
	if p.cut.frames == len(t.samples) {
		j.report.Method = "re-encoded"
		if j.Options.Whole {
			j.anew("the notice stands for the whole time")
		} else {
			j.anew("no key frame follows the notice at which the film can be cut")
		}
	}
	return &Result{Edit: edit, Source: j.Source, Report: j.report}, nil
}

// Sizes of the new packets as parts of those of the old ones.
const (
	aim   = 1.35
	limit = 1.55
)

// checked makes the new packets and looks at them. Where they became too large, they are made once more at a lower rate;
// what became too faint at the film's rate is made once more at any rate.
func (e *encoding) checked(ctx context.Context) (*coded, error) {
	drawn, sets := *e.stamp, e.sets.clone()
	fresh, err := e.encode(ctx)
	if size := fresh.size(); err == nil && size > int64(limit*float64(e.old())) && size > e.least() {
		e.share *= aim * float64(max(e.old(), e.least())) / float64(size)
		e.sets = sets.clone()
		fresh, err = e.encode(ctx)
	}
	if err == nil {
		err = e.check(ctx, fresh)
	}
	if ctx.Err() == nil && errors.Is(err, errUnfit) {
		e.free, *e.stamp, e.sets = true, drawn, sets
		if fresh, err = e.encode(ctx); err == nil {
			err = e.check(ctx, fresh)
		}
	}
	return fresh, err
}

// Cost is what stamping a film takes.
type Cost struct {
	Seconds float64 // of the film
	Encoded float64 // seconds of it that are encoded anew
	Added   float64 // by how many seconds a short film becomes longer
	Reason  string  // why the whole film is encoded anew; empty where only a part is
}

// Estimate tells what Put would do, from the film's tables, and asks ffprobe where they can't be read here. It never changes
// the film.
func Estimate(ctx context.Context, film Film) (Cost, error) {
	p, err := survey(film)
	if err != nil {
		return Cost{}, err
	}
	if p.track == nil || p.reason == string(tooShort) {
		return (&job{Film: film}).asked(ctx, p)
	}
	c := Cost{Seconds: p.track.seconds(len(p.track.samples)), Reason: p.reason}
	c.Encoded = c.Seconds
	if p.reason == "" {
		c.Encoded = p.track.seconds(p.cut.frames)
	}
	return c, nil
}

// asked is the cost by what ffprobe says.
func (j *job) asked(ctx context.Context, p *plan) (Cost, error) {
	scratch, err := j.Tools.Scratch()
	if err != nil {
		return Cost{}, err
	}
	defer scratch.Close()
	w, err := j.open(ctx, scratch)
	if err != nil {
		return Cost{}, err
	}
	return Cost{Seconds: w.seconds, Encoded: w.seconds + w.added, Added: w.added, Reason: w.why(p.reason)}, nil
}
