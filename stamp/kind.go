package stamp

import (
	"context"
	"errors"
	"image"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/film"
	"github.com/colophon-project/colophon/notice/page"
	"github.com/colophon-project/colophon/notice/plate"
	"github.com/colophon-project/colophon/notice/prose"
	"github.com/colophon-project/colophon/notice/sound"
)

// made is a file with the notice on it: what edit makes of source, which is the file's own or one that ffmpeg made.
type made struct {
	edit   *media.Edit
	source media.Source
	report notice.Report
}

// kind is how the notice is put on one kind of content, and how it is found there again.
type kind struct {
	put func(context.Context, *Press, media.Source, media.Format, *Request) (made, error)
	has func(context.Context, *Press, media.Source, media.Format, notice.Options) (bool, error)
}

// kindOf returns the kind of a format. One without any refuses.
func kindOf(f media.Format) kind {
	switch f {
	case media.Text, media.Markdown, media.HTML:
		return kind{put: simple(prose.Put), has: plain(prose.Has)}
	case media.DOCX, media.PPTX, media.XLSX, media.DOTX, media.POTX, media.XLTX, media.PDF, media.EPUB, media.GLB:
		return kind{put: simple(page.Put), has: plain(page.Has)}
	}
	facts, _ := media.Facts(f)
	switch facts.Modality {
	case media.ModalityAudio:
		return kind{put: putSound, has: hasSound}
	case media.ModalityVideo:
		return kind{put: putFilm, has: hasFilm}
	}
	return kind{put: simple(plate.Put), has: func(_ context.Context, _ *Press, src media.Source, f media.Format, o notice.Options) (bool, error) {
		return plate.Has(src, f, o), nil
	}}
}

func simple(put func(media.Source, media.Format, notice.Options) (*media.Edit, notice.Report, error)) func(context.Context, *Press, media.Source, media.Format, *Request) (made, error) {
	return func(_ context.Context, _ *Press, src media.Source, f media.Format, req *Request) (made, error) {
		edit, report, err := put(src, f, req.Notice)
		return made{edit, src, report}, err
	}
}

func plain(has func(media.Source, media.Format) bool) func(context.Context, *Press, media.Source, media.Format, notice.Options) (bool, error) {
	return func(_ context.Context, _ *Press, src media.Source, f media.Format, _ notice.Options) (bool, error) {
		return has(src, f), nil
	}
}

func putSound(ctx context.Context, p *Press, src media.Source, f media.Format, req *Request) (made, error) {
	edit, report, err := sound.Put(ctx, src, f, req.Notice, p.Tools)
	return made{edit, src, report}, err
}

func hasSound(ctx context.Context, p *Press, src media.Source, f media.Format, _ notice.Options) (bool, error) {
	return sound.Has(ctx, src, f, p.Tools)
}

func (p *Press) film(src media.Source, f media.Format, req *Request) film.Film {
	return film.Film{
		Source: src, Format: f, Options: req.Notice, Tools: p.Tools, Progress: req.Progress, Measure: plate.Measure, Plate: draws(req.Notice),
		Known: []film.Plate{draws(notice.Options{}), draws(notice.Options{Language: notice.Both})},
	}
}

// draws returns what draws the plate of a video.
func draws(o notice.Options) film.Plate {
	return func(w, h int) (film.Drawn, error) {
		d, err := plate.Render(o, w, h, plate.Dark)
		if err != nil {
			return film.Drawn{}, err
		}
		return film.Drawn{Image: d.Image, Words: d.Words, Ink: d.Ink, Contrast: d.Contrast}, nil
	}
}

func putFilm(ctx context.Context, p *Press, src media.Source, f media.Format, req *Request) (made, error) {
	r, err := film.Put(ctx, p.film(src, f, req))
	if soundOnly(f, err) {
		return putSound(ctx, p, src, media.M4A, req)
	}
	if err != nil {
		return made{}, err
	}
	return made{r.Edit, r.Source, r.Report}, nil
}

func hasFilm(ctx context.Context, p *Press, src media.Source, f media.Format, o notice.Options) (bool, error) {
	shown, err := film.Has(ctx, p.film(src, f, &Request{Notice: o}))
	if soundOnly(f, err) {
		return hasSound(ctx, p, src, media.M4A, o)
	}
	return shown, err
}

// soundOnly reports that a file of a video format turned out to have sound alone, in a container that sound can be spliced
// in.
func soundOnly(f media.Format, err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == film.CodeNoPictures && (f == media.MP4 || f == media.MOV)
}

// Estimate tells the format of a file and what the notice would cost if it is a video; video is false for everything else.
// It encodes nothing; ffprobe is asked where the film's tables can't be read.
func (p *Press) Estimate(ctx context.Context, src media.Source, req Request, name string) (f media.Format, cost film.Cost, video bool, err error) {
	_, f, err = all.Detect(src, name)
	if err == nil && f == media.Unknown {
		err = &colophon.Error{Kind: colophon.Unsupported, Code: label.CodeNotRecognised}
	}
	if facts, ok := media.Facts(f); err != nil || !ok || facts.Modality != media.ModalityVideo {
		return f, cost, false, err
	}
	cost, err = film.Estimate(ctx, p.film(src, f, &req))
	return f, cost, true, err
}

// Preview returns a stamped picture with its measurement drawn on it, upright, and nil for content
// that has no pixels.
func (p *Plan) Preview(written media.Source, o notice.Options) (image.Image, error) {
	if facts, ok := media.Facts(p.Format); !ok || facts.Modality != media.ModalityImage || p.Format == media.SVG {
		return nil, nil
	}
	return plate.PreviewFile(written, p.Format, o)
}
