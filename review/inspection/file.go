package inspection

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
	"github.com/colophon-project/colophon/stamp"
)

// File is a file that is looked at.
type File struct {
	Name    string
	From    string // the page that it stood on
	Digest  string
	Source  media.Source
	Sidecar media.Source // the label file beside it; nil for none
	// Generated says that somebody vouches that the content was generated. Of other files a missing mark says nothing.
	Generated bool
	// Export says that the file is one that users are handed, so that the notice has to be in it.
	Export bool
}

// Inspector looks at files. It is safe for concurrent use, and holds nothing of what it looked at.
type Inspector struct {
	Press  *stamp.Press
	Pinned []label.PublicKey
	// Platform is the code or name of the platform whose files are looked at; empty for those of a provider.
	Platform string
}

// look is one file at work.
type look struct {
	*Inspector
	file   File
	report *Report
	read   *label.Report
	places []media.Place
	checks []Check
}

// add notes an answer.
func (l *look) add(rule string, o Outcome, c Check) *Check {
	c.Rule, c.Outcome = rule, o
	l.checks = append(l.checks, c)
	return &l.checks[len(l.checks)-1]
}

// File looks at a file and adds it to a report. It never fails: what can't be read could not be told.
func (in *Inspector) File(ctx context.Context, f File, r *Report) {
	l := &look{Inspector: in, file: f, report: r}
	var failed error
	container, format, err := all.Detect(f.Source, f.Name)
	if failed = err; err == nil {
		if container != nil {
			l.places = container.Places(format)
		}
		l.read, failed = label.Read(f.Source, label.Options{Name: f.Name, Pinned: in.Pinned, Sidecar: f.Sidecar})
	}
	if l.read == nil {
		l.read = &label.Report{Format: format}
	}
	l.notices(ctx, failed)
	l.labels(failed)
	r.Subjects = append(r.Subjects, Subject{Kind: OfFile, Name: f.Name, From: f.From, Digest: f.Digest, Size: f.Source.Size(), Format: string(l.read.Format), Checks: l.checks})
}

// notices answers for the notice: that there is one, that it is in the file, and where and how large.
func (l *look) notices(ctx context.Context, failed error) {
	facts, known := media.Facts(l.read.Format)
	if failed != nil || !known {
		l.both(Untold, withLook(found(NoticeUnread), lookFor(facts.Modality)))
		return
	}
	n, shown, err := l.Press.Found(ctx, l.file.Source, l.read.Format)
	switch {
	case err != nil:
		c := found(NoticeUnread)
		var e *colophon.Error
		if errors.As(err, &e) && e.Kind != colophon.Internal && e.Code != notice.CodeKind {
			c = Check{Code: e.Code, Args: e.Args}
		}
		l.both(Untold, l.picture(withLook(c, lookFor(facts.Modality))))
		l.unmeasured(facts.Modality)
	case shown:
		l.shown(n, facts.Modality)
	case facts.Modality == media.ModalityText && label.Prose(l.read.Format):
		l.words()
	default:
		l.both(Untold, l.picture(withLook(found(SawNoNotice), lookFor(facts.Modality))))
		l.unmeasured(facts.Modality)
	}
}

// both answers for the notice in general and, where the file is handed out, in the file.
func (l *look) both(o Outcome, c Check) {
	general := c
	if o == Failed && !l.file.Export {
		o, general.Look = Untold, LookAround // it may stand around the content
	}
	l.add("explicit-notice", o, general)
	if l.file.Export {
		l.add("export-notice", o, c)
	}
}

func withLook(c Check, what colophon.Code) Check {
	c.Look = what
	return c
}

func lookFor(m media.Modality) colophon.Code {
	switch m {
	case media.ModalityVideo, media.ModalityScene:
		return LookVideo
	case media.ModalityAudio:
		return LookSound
	case media.ModalityText:
		return LookText
	}
	return LookPicture
}

// shown answers for a notice that was found and measured.
func (l *look) shown(n notice.Report, m media.Modality) {
	proof := Proof{Place: n.Place, Value: n.Words}
	switch m {
	case media.ModalityImage:
		if img, err := plate.PreviewFile(l.file.Source, l.read.Format, notice.Options{}); err == nil {
			proof.Picture = l.report.Keep(small(img))
		}
	case media.ModalityVideo:
		proof.From, proof.To = "0", seconds(max(notice.MinSeconds, n.Seconds))
	}
	where := strings.ReplaceAll(cmp.Or(n.Place, "–"), " ", "-")
	yes := found(SawNotice, "words", cmp.Or(n.Words, "–"), "place", where)
	yes.Proof = proof
	l.both(Passed, yes)
	if n.Words != "" {
		if notice.CheckWords(n.Words) == nil {
			l.add("explicit-words", Passed, found(WordsGood, "words", n.Words)).Proof = proof
		} else {
			l.add("explicit-words", Failed, found(WordsLack, "words", n.Words)).Proof = proof
		}
	}
	l.add("place-position", Passed, found(PlaceGood, "place", where)).Proof = proof
	if m != media.ModalityImage && m != media.ModalityVideo || n.Ink == 0 {
		return
	}
	ink := found(SizeGood, "percent", percent(n.Ink))
	if n.Ink >= notice.MinInk {
		l.add("place-size", Passed, ink).Proof = proof
	} else {
		ink.Code = SizeSmall
		l.add("place-size", Failed, ink).Proof = proof
	}
	if m == media.ModalityVideo {
		l.add("place-duration", Passed, found(DurationGood)).Proof = proof
	}
	contrast := found(ContrastGood, "contrast", ratio(n.Contrast))
	if n.Contrast >= notice.MinContrast {
		l.add("place-legible", Passed, contrast).Proof = proof
	} else {
		contrast.Code = ContrastFaint
		l.add("place-legible", Failed, contrast).Proof = proof
	}
}

// unmeasured answers for the place of a notice that was not found.
func (l *look) unmeasured(m media.Modality) {
	list := []string{"place-position"}
	switch m {
	case media.ModalityImage:
		list = append(list, "place-size", "place-legible")
	case media.ModalityVideo:
		list = append(list, "place-size", "place-duration", "place-legible")
	}
	for _, rule := range list {
		l.add(rule, Untold, withLook(found(Unmeasured), lookFor(m)))
	}
}

// picture keeps a small copy of a picture, for the person who has to look at it.
func (l *look) picture(c Check) Check {
	if img := decoded(l.file.Source); img != nil {
		c.Proof.Picture = l.report.Keep(small(img))
	}
	return c
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', -1, 64) }
func percent(v float64) string { return strconv.FormatFloat(100*v, 'f', 2, 64) }
func ratio(v float64) string   { return strconv.FormatFloat(v, 'f', 1, 64) }

// words answers for a text that has no notice as this program knows them: whether its words could be one.
func (l *look) words() {
	const most = 8 << 20
	raw, err := media.Bytes(l.file.Source, "text", 0, min(l.file.Source.Size(), most))
	if err != nil || l.file.Source.Size() > most {
		l.both(Untold, withLook(found(NoticeUnread), LookText))
		return
	}
	text := string(raw)
	if !legible(text) {
		l.both(Untold, withLook(found(NoticeUnread), LookText))
		return
	}
	at, line := maybe(text)
	if at < 0 {
		l.both(Failed, found(SawNoWords))
		return
	}
	c := withLook(found(SawWords, "text", line), LookText)
	c.Proof = Proof{Offset: &at, Value: line}
	l.both(Untold, c)
	l.add("place-position", Untold, withLook(found(Unmeasured), LookText))
}

// legible reports whether bytes are text that was read as what it is: UTF-8 without the zeros of wider encodings.
func legible(s string) bool {
	return !strings.Contains(s, "\x00") && strings.ToValidUTF8(s, "") == s
}

// maybe finds the first line that may be meant as a notice: one that names both elements, or has AI alone as a corner mark does.
func maybe(text string) (at int64, line string) {
	pos := 0
	for l := range strings.Lines(text) {
		t := strings.TrimSpace(l)
		if notice.CheckWords(t) == nil || strings.Contains(t, "AI") || strings.Contains(strings.ToLower(t), "generated") {
			return int64(pos + strings.Index(l, t)), clip(t)
		}
		pos += len(l)
	}
	return -1, ""
}

func clip(s string) string {
	r := []rune(s)
	if len(r) > 120 {
		return string(r[:120]) + "…"
	}
	return s
}

// standard reports whether a place is one of the format's, or a sidecar where the format has none.
func (l *look) standard(p media.Place) bool {
	return slices.Contains(l.places, p) || p == media.PlaceSidecar && len(l.places) == 0
}
