// Package page puts the conspicuous notice into documents: Word, PowerPoint and Excel files and their templates, PDF,
// EPUB, and the description of it into scenes in glTF (Labelling Measures Art. 4 (1), (5); GB 45438-2025 5.1, 5.5; Deep
// Synthesis Provisions Art. 17).
//
// The notice stands where a reader meets it on every page that may be shown or printed by itself: in the header of every
// section, on every slide, in the print header of every sheet, on every page of a PDF file; in a book, where it begins or
// ends. It is text, so that it can be found, copied and read aloud. The words of the document are not touched: parts are
// spliced, cells keep their places, and a PDF file gets an incremental update that draws on top of its pages.
//
// A notice is known again by a mark of its own, a tag of a content control, a shape's name, a font resource, or by its
// words, so that a second run adds nothing. Where only some slides or pages have it, those without get it.
//
// What not to do here: never move a cell, never cover what a sheet holds, and never write a document anew from a model
// of it. A scene's description is for its viewer, which has to show it; the report returns it as the notice around.
package page

import (
	"cmp"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/prose"
)

// CodeSigned is a finding: the document is signed, and a notice in it breaks the signature. It has no args.
const CodeSigned colophon.Code = "notice-signed"

// CodePage tells of a page that is too small for a legible notice: a finding where other pages have it, a refusal where
// none can. Args "page", from 1, and "width" and "height" in points.
const CodePage colophon.Code = "notice-page-too-small"

// ShapeName is the name of the shape that holds the notice on a slide or sheet.
const ShapeName = "AIGC notice"

// job is one notice under way.
type job struct {
	o      notice.Options
	words  string
	report notice.Report
	there  bool   // nothing was to be added
	found  string // the words of a notice that stands there
	probe  bool   // only there is asked for
}

// Put plans the document with the notice. A document that has it already is kept as it is, and the report tells the one
// that stands there. A
// format that no notice can be put on gives [notice.CodeKind].
func Put(src media.Source, f media.Format, o notice.Options) (*media.Edit, notice.Report, error) {
	words, findings, err := prose.Words(o)
	if err != nil {
		return nil, notice.Report{}, err
	}
	j := &job{o: o, words: words, report: notice.Report{Words: words, Method: "text", Findings: findings}}
	edit, err := j.plan(src, f)
	if err != nil {
		return nil, notice.Report{}, err
	}
	switch f {
	case media.DOCX, media.DOTX, media.XLSX, media.XLTX, media.EPUB:
		j.other(src, f)
	}
	if j.there {
		edit = new(media.Edit)
		edit.Keep(0, src.Size())
		prose.Present(&j.report, cmp.Or(j.found, words), j.report.Place)
	}
	return edit, j.report, nil
}

// other looks at the other end of a document, where a notice is as good, unless both ends are asked for.
func (j *job) other(src media.Source, f media.Format) {
	if j.o.Where == notice.Ends {
		return
	}
	k := &job{o: notice.Options{Where: notice.End}, words: "人工智能生成", probe: true}
	if j.o.Where == notice.End {
		k.o.Where = notice.Start
	}
	if _, err := k.plan(src, f); err != nil || !k.there {
		return
	}
	if !j.there {
		j.there, j.found, j.report.Place = true, k.found, k.report.Place
		return
	}
	places := strings.Split(j.report.Place+", "+k.report.Place, ", ")
	if j.o.Where == notice.End {
		places = strings.Split(k.report.Place+", "+j.report.Place, ", ")
	}
	var list []string
	for _, p := range places {
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	box := func(p string) int { return min(1, strings.Count(p, "text box")) }
	slices.SortStableFunc(list, func(a, b string) int { return box(a) - box(b) }) // it belongs to both ends
	j.report.Place = strings.Join(list, ", ")
}

// Has reports whether nothing would be added: the notice is in every place where Put puts it. It is false where the
// document can't be read.
func Has(src media.Source, f media.Format) bool {
	return has(src, f, notice.Start) || has(src, f, notice.End)
}

func has(src media.Source, f media.Format, where notice.Where) bool {
	j := &job{o: notice.Options{Where: where}, words: "人工智能生成", probe: true}
	_, err := j.plan(src, f)
	return err == nil && j.there
}

// plan plans the notice for one kind of document, or finds that it is there.
func (j *job) plan(src media.Source, f media.Format) (*media.Edit, error) {
	switch f {
	case media.DOCX, media.DOTX:
		return j.word(src)
	case media.PPTX, media.POTX:
		return j.slides(src)
	case media.XLSX, media.XLTX:
		return j.sheets(src)
	case media.PDF:
		return j.pdf(src)
	case media.EPUB:
		return j.book(src)
	case media.GLB:
		return j.scene(src)
	}
	return nil, prose.Unknown(f)
}

// signed adds the finding that a signature breaks.
func (j *job) signed() {
	j.report.Findings = append(j.report.Findings,
		colophon.Finding{Code: CodeSigned, Level: colophon.Warning, Clause: colophon.ClauseGB5, Offset: -1})
}

// ends returns whether the notice stands at the start and at the end.
func (j *job) ends() (start, end bool) {
	return j.o.Where != notice.End, j.o.Where == notice.End || j.o.Where == notice.Ends
}

// font returns the font of the options, or ours.
func (j *job) font() []byte {
	if len(j.o.Font) > 0 {
		return j.o.Font
	}
	return notice.Font()
}

// tooSmall is the error for a page that can't hold a legible notice.
func tooSmall(width, height float64) error {
	return &colophon.Error{
		Kind: colophon.Unsupported, Code: notice.CodeTooSmall, Clauses: []colophon.Clause{colophon.ClauseGB5},
		Args: colophon.Args{"width": number(width), "height": number(height)},
	}
}
