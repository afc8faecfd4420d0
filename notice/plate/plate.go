// Package plate puts the notice on pictures: words on an opaque plate in a corner (Deep Synthesis Provisions Art. 17;
// Labelling Measures Art. 4 (2); GB 45438-2025 5.2).
//
// The standard holds the height of the words to a part of the picture's shortest side without saying what height is, so
// this package takes the strictest reading: the rows of ink, on the finished picture, of the lowest Chinese character,
// capital or digit. The size of the font follows from that, never the other way round. The words stand on a plate of
// their own grey, so that their contrast does not depend on the picture; it only looks like the translucent ones of
// video. [Render] draws a plate, [Place] chooses the corner, [Measure] measures any picture, and [Put] does a whole file.
//
// A file is edited, not written anew, wherever its format allows: PNG, APNG, GIF, TIFF and lossless WebP keep every pixel
// outside the plate and every chunk that is not picture data. Lossy pictures are decoded and encoded at the strength that
// they were encoded at, and the report says so. What was written is decoded again and measured; a plate that came out too
// low or too faint is drawn larger, and if that doesn't help the file is refused.
//
// What not to do here: never draw a notice smaller than the standard's because a picture is small, never report what was
// intended instead of what was measured, and never draw words straight on a picture.
package plate

import (
	"errors"
	"image"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// maxPixels bounds a picture that is decoded as a whole, and maxFrames what an animation may hold.
const (
	maxPixels = 1 << 27
	maxFrames = 4096
)

// attempts is how many pixels a plate may grow by, less one, until it keeps the rules after a lossy codec.
const attempts = 5

// coarse is a tolerance for pictures of few greys: black for the darkest of ours, and white for the lightest. It lets pass
// every black and white corner, which costs time to rule out, so that fine is for JPEG, where there are no few greys.
const coarse, fine = 30, 8

// putters are the functions that put a notice on a format.
func putters() map[media.Format]func(media.Source, *job) (*media.Edit, error) {
	return map[media.Format]func(media.Source, *job) (*media.Edit, error){
		media.PNG: putPNG, media.APNG: putPNG, media.GIF: putGIF, media.TIFF: putTIFF, media.WebP: putWebP,
		media.AVIF: putAVIF, media.SVG: putSVG, media.JPEG: putJPEG,
	}
}

// Put plans the file with the notice on it. The report holds what was measured on the new picture. A file that carries a
// notice of ours already stays as it is; the report then has the finding CodeThere, no method, and what was measured.
func Put(src media.Source, f media.Format, o notice.Options) (*media.Edit, notice.Report, error) {
	put, ok := putters()[f]
	if !ok {
		return nil, notice.Report{}, refused(f)
	}
	b, err := newBrush(o)
	if err != nil {
		return nil, notice.Report{}, err
	}
	j := &job{options: o, brush: b, tolerance: coarse}
	j.report.Findings = b.findings
	edit, err := put(src, j)
	if errors.Is(err, errFaint) {
		err = faint()
	}
	if err != nil {
		return nil, notice.Report{}, err
	}
	return edit, j.report, nil
}

// refused is the error for a format that no notice can be put on, HEIC and HEIF among them: there is no free encoder of
// HEVC to call.
func refused(f media.Format) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: notice.CodeKind,
		Clauses: []colophon.Clause{colophon.ClauseLM4, colophon.ClauseGB5}, Args: colophon.Args{"format": string(f)}}
}

// job is one file's notice.
type job struct {
	options notice.Options
	brush   *brush
	report  notice.Report
	look    bool // only look whether the notice is there
	// tolerance is how far the plate's grey in a file may be from ours, and known the brushes of the plates looked for.
	tolerance float64
	known     []*brush
	seen      *seen // where the first notice that is found is kept, if anywhere
}

// place chooses the plate's place in a picture as it is stored.
func (j *job) place(view image.Image, orientation, more int) (*Placed, error) {
	return j.brush.place(&sight{view: view, size: view.Bounds().Size()}, orientation, j.options.Corner, more)
}

// method notes how the notice was put on.
func (j *job) method(p *Placed, method string) {
	j.report.Words, j.report.Place, j.report.Method = p.Words, string(p.Corner), method
	if method == "re-encoded" {
		j.anew("a lossy format")
	}
}

// anew reports that the picture was encoded anew, and the last reason given.
func (j *job) anew(reason string) {
	j.report.Findings = slices.DeleteFunc(slices.Clone(j.report.Findings), func(f colophon.Finding) bool { return f.Code == notice.CodeEncodedAnew })
	j.report.Findings = append(j.report.Findings, colophon.Finding{Code: notice.CodeEncodedAnew, Level: colophon.Note, Offset: -1,
		Args: colophon.Args{"reason": reason}})
}

// errFaint says that a plate did not survive its codec.
var errFaint = errors.New("plate: the notice does not keep the rules after encoding")

// check measures a picture that was made and notes the worst of all that were.
func (j *job) check(p *Placed, out image.Image) error {
	ink, contrast := p.measured(out)
	if ink < notice.MinInk || contrast < notice.MinContrast {
		return errFaint
	}
	if j.report.Ink == 0 || ink < j.report.Ink {
		j.report.Ink = ink
	}
	if j.report.Contrast == 0 || contrast < j.report.Contrast {
		j.report.Contrast = contrast
	}
	return nil
}

// grow makes a picture with plates that grow by a pixel until what was made keeps the rules.
func (j *job) grow(try func(more int) error) error {
	before := j.report
	for more := range attempts {
		j.report = before
		err := try(more)
		if !errors.Is(err, errFaint) {
			return err
		}
	}
	return faint()
}

func faint() error {
	return media.Unsupported("picture", 0, "words do not stay legible when the picture is encoded")
}

// fits refuses pictures that can't be decoded here. Stored is how many bytes of coded picture there are, and ratio how
// many pixels each can stand for at most: a file can't claim more than it holds.
func fits(what string, off int64, w, h, coded, ratio int64) error {
	if w <= 0 || h <= 0 {
		return media.Malformed(what, off, "a size of at least 1×1")
	}
	if w > maxSide || h > maxSide || w*h > maxPixels {
		return media.TooLarge(what, off, maxPixels)
	}
	if w*h/ratio > coded {
		return media.Truncated(what, off, w*h/ratio, coded)
	}
	return nil
}
