package classify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

const (
	overlap    = 200 // runes that two windows of a text share
	maxPieces  = 512 // of one question
	sideBySide = 4   // pieces of one question that are asked about at once
)

// piece is what one call is about: a text, a window of one, or a picture.
type piece struct {
	part               string
	text               string
	file               *screen.Media // instead of a text
	image              []byte        // its content, while it is asked about
	mime               string
	answer             bool   // the service wrote it
	before             string // what it answers, if that is known
	start, end         int64
	runeStart, runeEnd int64
}

// dataURL writes the picture as a data URL.
func (p *piece) dataURL() string {
	return "data:" + p.mime + ";base64," + base64.StdEncoding.EncodeToString(p.image)
}

// opinion is what an endpoint said of a piece.
type opinion struct {
	labels  []label
	version string // of the model, as the endpoint tells it
}

func (o opinion) size() int {
	n := len(o.version)
	for _, l := range o.labels {
		n += len(l.word) + 32
	}
	return n
}

// classifier is an endpoint that judges.
type classifier struct {
	*caller
	config   Endpoint
	covers   []library.Category
	surfaces []screen.Surface
	version  string // of the data file, or of the adapter
	meaning  func(word string) (library.Category, string)
	images   bool
	store    *cache[opinion]
	judge    func(context.Context, *piece) (o opinion, cached bool, err error)
}

func newClassifier(c Config, e Endpoint, call *caller) (screen.Classifier, error) {
	k := &classifier{caller: call, config: e, version: string(e.Kind) + "-1", store: newCache(e.CacheTime, e.CacheSize<<20, opinion.size, c.Now)}
	for _, s := range e.Surfaces {
		k.surfaces = append(k.surfaces, screen.Surface(s))
	}
	for _, name := range e.Covers {
		k.covers = append(k.covers, library.Category(name))
	}
	if name := e.modelFile(); name != "" {
		m, err := loadModel(c.Models, name)
		if err != nil {
			return nil, setting(e, "template", err)
		}
		k.version, k.meaning, k.images = m.Version, m.meaning, m.Images
		if len(k.covers) == 0 {
			k.covers = m.covers()
		}
		k.judge = k.moderate
		if e.Kind == Chat {
			k.judge = chat{k, m, chatParsers(m.Parser)}.judge
		}
		return k, nil
	}
	if e.Kind == Stream {
		return &streamer{k, c.NewID}, nil
	}
	k.judge, k.images, k.meaning = k.guard, true, k.guarded
	return k, nil
}

// Name returns the name of the endpoint.
func (k *classifier) Name() string { return k.name }

// Covers lists the categories that the endpoint answers for.
func (k *classifier) Covers() []library.Category { return k.covers }

// Judges reports whether the endpoint is for a surface.
func (k *classifier) Judges(s screen.Surface) bool {
	return len(k.surfaces) == 0 || slices.Contains(k.surfaces, s)
}

// Reads reports whether pictures of a format are taken: those that can't move, since an endpoint looks at one frame.
func (k *classifier) Reads(f media.Format) bool {
	return k.images && (f == media.JPEG || f == media.PNG)
}

// Classify asks about each part by itself, so that what is found has a place, and long texts in windows that overlap. What
// was found before something failed is in the answer beside the error.
func (k *classifier) Classify(ctx context.Context, q screen.Question) (screen.Answer, error) {
	if !k.Judges(q.Surface) {
		return screen.Answer{Outcome: screen.Bypassed, Reason: screen.CodeSurface}, nil
	}
	pieces, err := k.pieces(q)
	if err != nil {
		return screen.Answer{Outcome: screen.Failure}, err
	}
	type result struct {
		opinion
		cached bool
		err    error
	}
	results := make([]result, len(pieces))
	slots := make(chan struct{}, sideBySide)
	var wait sync.WaitGroup
	for i := range pieces {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			r, p := &results[i], &pieces[i]
			if r.err = k.load(p); r.err == nil {
				r.opinion, r.cached, r.err = k.judge(ctx, p)
			}
			p.image = nil
		})
	}
	wait.Wait()
	a := screen.Answer{Outcome: screen.Ran, Model: k.config.Model, Version: k.version, Cached: len(pieces) > 0}
	for i, r := range results {
		if err == nil {
			err = r.err
		}
		a.Cached = a.Cached && r.cached
		if r.version != "" {
			a.Version = r.version + " " + k.version
			a.Model = cmp.Or(a.Model, r.version)
		}
		a.Findings = append(a.Findings, k.findings(&pieces[i], r.labels)...)
	}
	return notRun(a, err)
}

// notRun makes of an error that says that nobody was asked an answer that says so.
func notRun(a screen.Answer, err error) (screen.Answer, error) {
	if err == nil {
		return a, nil
	}
	var e *colophon.Error
	errors.As(err, &e)
	switch {
	case e != nil && e.Code == CodeBusy:
		a.Outcome, a.Reason = screen.NotRun, e.Code
		return a, nil
	case e != nil && e.Code == CodeResting:
		a.Outcome, a.Reason = screen.Bypassed, e.Code
		return a, nil
	}
	a.Outcome = screen.Failure
	return a, err
}

// findings makes findings of the labels that say that something is there.
func (k *classifier) findings(p *piece, labels []label) []screen.Finding {
	var list []screen.Finding
	for _, l := range labels {
		level := l.level
		if k.config.Threshold > 0 && l.score >= k.config.Threshold {
			level = keyword.Block
		}
		if level == keyword.Allow {
			continue
		}
		category, word := k.meaning(l.word)
		list = append(list, screen.Finding{
			Feature: word, Category: category, Level: level, Score: l.score,
			Part: p.part, Start: p.start, End: p.end, RuneStart: p.runeStart, RuneEnd: p.runeEnd,
		})
	}
	return list
}

// pieces cuts a question into what is asked.
func (k *classifier) pieces(q screen.Question) ([]piece, error) {
	var list []piece
	for _, part := range q.Parts {
		first := piece{part: part.Name, answer: q.Surface == screen.Output}
		if first.answer {
			first.before = asked(q.Context, part.By, k.config.Window)
		}
		if first.file = part.Media; first.file != nil {
			list = append(list, first)
		} else {
			list = append(list, windows(first, part.Text, k.config.Window)...)
		}
		if len(list) > maxPieces {
			return nil, k.fault(CodeLarge, nil)
		}
	}
	return list, nil
}

// asked returns the last thing that somebody else said before an answer, or the end of it.
func asked(said []screen.Part, by string, most int) string {
	for _, part := range slices.Backward(said) {
		if part.Media == nil && part.Text != "" && (part.By != by || by == "") {
			text := part.Text
			for n := utf8.RuneCountInString(text) - most; n > 0; n-- {
				_, size := utf8.DecodeRuneInString(text)
				text = text[size:]
			}
			return text
		}
	}
	return ""
}

// load reads the picture of a piece, if it is one, into memory.
func (k *classifier) load(p *piece) (err error) {
	if p.file == nil {
		return nil
	}
	if !k.Reads(p.file.Format) {
		return k.fault(CodeFormat, nil)
	}
	facts, _ := media.Facts(p.file.Format)
	p.mime = facts.MIME
	p.image, err = k.read(p.file.Source, k.config.MaxInput)
	return err
}

// read reads a file of at most so many MiB into memory.
func (c *caller) read(source media.Source, most int) ([]byte, error) {
	if source.Size() > int64(most)<<20 {
		return nil, c.fault(CodeLarge, nil)
	}
	content := make([]byte, source.Size())
	if n, err := source.ReadAt(content, 0); n < len(content) {
		return nil, c.fault(CodeFormat, err)
	}
	return content, nil
}

// windows cuts a text into pieces of at most so many runes. Neighbours overlap, so that a border hides nothing short.
func windows(p piece, text string, most int) []piece {
	var list []piece
	for text != "" {
		p.text, p.end, p.runeEnd = text, p.start+int64(len(text)), p.runeStart
		next, nextRune := -1, int64(0)
		for at := range text {
			n := int(p.runeEnd - p.runeStart)
			if n == most-overlap {
				next, nextRune = at, p.runeEnd
			}
			if n == most {
				p.text, p.end = text[:at], p.start+int64(at)
				break
			}
			p.runeEnd++
		}
		list = append(list, p)
		if len(p.text) == len(text) {
			break
		}
		text = text[next:]
		p.start, p.runeStart = p.start+int64(next), nextRune
	}
	return list
}

// ask sends a body and keeps what it is answered by the digest of the endpoint, its version and the body.
func ask[V any](ctx context.Context, c *caller, store *cache[V], version, path string, b body, read func([]byte) (V, error)) (v V, cached bool, err error) {
	h := sha256.New()
	for _, field := range [][]byte{[]byte(c.name), []byte(version), []byte(path), []byte(b.kind), b.text} {
		h.Write(binary.AppendUvarint(nil, uint64(len(field))))
		h.Write(field)
	}
	key := digest(h.Sum(nil))
	if v, ok := store.get(key); ok {
		return v, true, nil
	}
	err = c.ask(ctx, path, b, func(text []byte) (err error) {
		v, err = read(text)
		return err
	})
	if err == nil {
		store.put(key, v)
	}
	return v, false, err
}

var told = regexp.MustCompile(`^[\x21-\x7e]{1,128}$`)

// checkModel returns the name that an endpoint gives its model, if it can be one.
func checkModel(name string) (string, error) {
	if !told.MatchString(name) {
		return "", errors.New("no name of a model: " + strconv.Itoa(len(name)) + " bytes")
	}
	return name, nil
}
