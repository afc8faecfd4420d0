package screen

import (
	"context"
	"crypto/sha256"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
)

// atOnce is how many files, and how many pictures or sounds of a file, are read at the same time.
const atOnce = 4

// Eye looks into files; sight.Eye is one.
type Eye interface {
	Look(ctx context.Context, src media.Source, o sight.Options) (*sight.View, error)
}

// looked is what came of one file.
type looked struct {
	sum      []byte // SHA-256
	seen     bool   // some check looked at what is in it
	texts    []Part // what was read out of it
	frames   []Part // its pictures, for classifiers that can't read it
	findings []Finding
	runs     []Run
}

// look looks into all files of the item, and adds the text that is in them to its parts.
func (j *judging) look(ctx context.Context) {
	var files []Part
	j.files = map[string]*looked{}
	for i := range j.parts {
		if p := &j.parts[i]; p.Media != nil {
			m := *p.Media // whose format may turn out to be another
			p.Media = &m
			files = append(files, *p)
			j.files[p.Name] = &looked{}
		}
	}
	each(len(files), func(i int) {
		l := j.files[files[i].Name]
		j.exact(ctx, l, files[i])
		j.see(ctx, l, files[i])
	})
	for _, p := range files {
		l := j.files[p.Name]
		j.parts, j.findings, j.runs = append(j.parts, l.texts...), append(j.findings, l.findings...), append(j.runs, l.runs...)
	}
}

// each calls f for 0 to n-1, some at a time.
func each(n int, f func(i int)) {
	if n == 1 {
		f(0)
		return
	}
	var wait sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for i := range n {
		free <- struct{}{}
		wait.Go(func() { f(i); <-free })
	}
	wait.Wait()
}

// exact compares the digest of a file with those of the library.
func (j *judging) exact(ctx context.Context, l *looked, p Part) {
	began := j.e.config.Now()
	run := Run{Check: CheckDigest, Part: p.Name, Outcome: Ran, Version: j.words.version, Covers: j.words.covers[library.Digest]}
	defer func() { run.Took = j.since(began); l.runs = append(l.runs, run) }()
	if p.Media.Source.Size() > j.e.config.MaxFile {
		run.Outcome, run.Reason = NotRun, CodeTooLarge
		return
	}
	h := sha256.New()
	if _, err := io.Copy(h, reader{ctx, io.NewSectionReader(p.Media.Source, 0, p.Media.Source.Size())}); err != nil {
		run.Outcome, run.Reason, run.Err = Failure, reasonOf(err), err
		return
	}
	l.sum = h.Sum(nil)
	if len(run.Covers) == 0 {
		run.Outcome, run.Reason = NotRun, CodeNoFeatures
		return
	}
	for _, h := range j.words.set.Exact(library.Sum(l.sum), j.at) {
		l.findings = append(l.findings, finding(h, p.Name, 0))
	}
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}

// see looks into a file: at its pictures, and for text in it.
func (j *judging) see(ctx context.Context, l *looked, p Part) {
	run := Run{Check: CheckLook, Part: p.Name, Outcome: Ran}
	if j.e.config.Eye == nil {
		run.Outcome, run.Reason, run.Covers = NotRun, CodeNotConfigured, everything()
		l.runs = append(l.runs, run)
		return
	}
	began := j.e.config.Now()
	view, err := j.e.config.Eye.Look(ctx, p.Media.Source, sight.Options{Name: p.Media.Name, Pictures: j.e.pictures(), Sound: j.e.config.Transcriber != nil})
	run.Took = j.since(began)
	if err != nil {
		run.Outcome, run.Reason, run.Covers, run.Err = Failure, reasonOf(err), everything(), err
		l.runs = append(l.runs, run)
		return
	}
	l.runs = append(l.runs, run)
	for _, m := range view.Missed {
		told := slices.ContainsFunc(l.runs, func(r Run) bool { return r.Reason == m.Code })
		if !told && m.Code != sight.CodePoor && m.Code != sight.CodeSound { // of which other checks tell
			l.runs = append(l.runs, Run{Check: CheckLook, Part: p.Name, Outcome: NotRun, Reason: m.Code, Covers: everything()})
		}
	}
	p.Media.Format, l.seen = view.Format, len(view.Texts) > 0
	if view.Format == media.PNG && len(view.Pictures) > 1 {
		p.Media.Format = media.APNG // a classifier would see the first picture alone
	}
	for i, t := range view.Texts {
		l.texts = append(l.texts, Part{Name: join(p.Name, "text-"+strconv.Itoa(i), t.Part), By: p.By, Text: t.Text})
	}
	for i, picture := range view.Pictures {
		if picture.Small != nil {
			l.frames = append(l.frames, Part{Name: place(p.Name, i, picture), By: p.By, Media: &Media{Format: media.JPEG, Source: media.Memory(picture.Small)}})
		}
	}
	j.compare(l, p, view.Pictures)
	j.readPictures(ctx, l, p, view.Pictures)
	j.hear(ctx, l, p, view)
}

// compare holds pictures against those of the library, also turned and mirrored. Of the frames of what moves some may show
// nothing, as long as others do; of the pages and pictures of a document none may.
func (j *judging) compare(l *looked, p Part, pictures []sight.Picture) {
	if len(pictures) == 0 {
		return
	}
	began := j.e.config.Now()
	run := Run{Check: CheckPicture, Part: p.Name, Outcome: NotRun, Version: j.words.version, Reason: CodeNoFeatures, Covers: j.words.covers[library.Picture]}
	defer func() { run.Took = j.since(began); l.runs = append(l.runs, run) }()
	if len(run.Covers) == 0 {
		return
	}
	facts, _ := media.Facts(p.Media.Format)
	still := facts.Modality == media.ModalityText || p.Media.Format == media.TIFF
	var seen, poor bool
	for i, picture := range pictures {
		if picture.Quality < phash.MinQuality {
			poor = true
			continue
		}
		seen, l.seen = true, true
		nearest := map[string]Finding{}
		for _, hash := range picture.Turned {
			for _, h := range j.words.set.Alike(hash, j.at) {
				if f, ok := nearest[h.Feature]; !ok || h.Distance < f.Distance {
					nearest[h.Feature] = finding(h, place(p.Name, i, picture), 0)
				}
			}
		}
		for _, f := range nearest {
			l.findings = append(l.findings, f)
		}
	}
	if run.Reason = sight.CodePoor; seen && !(still && poor) {
		run.Outcome, run.Reason = Ran, ""
	}
}

// place names a picture of a file.
func place(name string, i int, p sight.Picture) string {
	words := []string{name, "", p.Part}
	switch {
	case p.At > 0:
		words[1] = p.At.Round(time.Millisecond).String()
	case p.Page > 0:
		words[1] = "page-" + strconv.Itoa(p.Page)
	case i > 0:
		words[1] = "picture-" + strconv.Itoa(i)
	}
	return join(words...)
}

func join(words ...string) string {
	var list []string
	for _, w := range words {
		if w != "" {
			list = append(list, w)
		}
	}
	return strings.Join(list, "/")
}

// readPictures has the text in pictures read.
func (j *judging) readPictures(ctx context.Context, l *looked, p Part, pictures []sight.Picture) {
	run := Run{Check: CheckRead, Part: p.Name, Covers: j.e.config.PictureText}
	if len(pictures) > 0 && j.e.config.Reader == nil {
		run.Outcome, run.Reason = NotRun, CodeNotConfigured
		l.runs = append(l.runs, run)
	} else if len(pictures) > 0 {
		j.written(ctx, l, p, run, l.frames, j.e.config.Reader.ReadText)
	}
}

// hear has what is said written down.
func (j *judging) hear(ctx context.Context, l *looked, p Part, view *sight.View) {
	run := Run{Check: CheckHear, Part: p.Name, Covers: j.e.config.Speech}
	if slices.ContainsFunc(view.Missed, func(m colophon.Finding) bool { return m.Code == sight.CodeSound }) {
		run.Outcome, run.Reason = NotRun, CodeNotConfigured
		l.runs = append(l.runs, run)
	}
	var sounds []Part
	for i, s := range view.Sounds {
		sounds = append(sounds, Part{Name: join(p.Name, "sound-"+strconv.Itoa(i), s.Part), Media: &Media{Format: media.FLAC, Source: s.Source}})
	}
	if len(sounds) > 0 && j.e.config.Transcriber != nil {
		j.written(ctx, l, p, run, sounds, j.e.config.Transcriber.Transcribe)
	}
}

// written makes text parts of files. Where one can't be read the check failed, whatever the others say.
func (j *judging) written(ctx context.Context, l *looked, p Part, run Run, files []Part, read func(context.Context, Media) (string, error)) {
	ctx, cancel := context.WithTimeout(ctx, j.e.config.Reading)
	defer cancel()
	began := j.e.config.Now()
	texts, errs := make([]string, len(files)), make([]error, len(files))
	each(len(files), func(i int) { texts[i], errs[i] = read(ctx, *files[i].Media) })
	run.Outcome, run.Took = Ran, j.since(began)
	for i, err := range errs {
		if err != nil {
			run.Outcome, run.Reason, run.Err = Failure, reasonOf(err), err
		} else if l.seen = true; strings.TrimSpace(texts[i]) != "" {
			l.texts = append(l.texts, Part{Name: join(files[i].Name, run.Check), By: p.By, Text: texts[i]})
		}
	}
	l.runs = append(l.runs, run)
}
