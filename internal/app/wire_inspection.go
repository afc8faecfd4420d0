package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/browser"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/review/inspection"
	"github.com/colophon-project/colophon/stamp"
)

// Inspection looks at files, pages or a service as an inspector of labelling does. Its fields are not changed while it works.
type Inspection struct {
	Press    *stamp.Press
	Pinned   []label.PublicKey
	Platform string // code or name of the platform whose files they are; empty for a provider's
	Filings  []inspection.Expected
	// Expect says which filings the page at an address has to show; nil for Filings.
	Expect func(address string) []inspection.Expected
	// Only asks pages for the filing number alone, each of them, and leaves out what is on them.
	Only    bool
	Browser browser.Config
	Jobs    int // files at the same time
	Most    int64
	Version string
	Now     func() time.Time
	// Progress is told how many of how many things were looked at; nil for nobody.
	Progress func(done, total int)

	once    sync.Once
	book    *inspection.Book
	chrome  *browser.Browser
	noPage  error // why no page can be opened
	buffers buffers
}

// most is what a fetched file may have, in bytes, where nothing else is said.
const mostFetched = 256 << 20

// begin makes an empty report.
func (w *Inspection) begin(kind, target string) (*inspection.Report, error) {
	var err error
	w.once.Do(func() { w.book, err = inspection.Rules() })
	if err != nil {
		return nil, err
	}
	if w.Most == 0 {
		w.Most = mostFetched
	}
	return &inspection.Report{Schema: inspection.Schema, Kind: kind, Target: target, Version: w.Version, Begun: w.Now().UTC().Truncate(time.Second), Subjects: []inspection.Subject{}, Pictures: []inspection.Picture{}}, nil
}

// end adds up a report.
func (w *Inspection) end(r *inspection.Report) *inspection.Report {
	r.Ended = w.Now().UTC().Truncate(time.Second)
	r.Sum(w.book)
	return r
}

func (w *Inspection) told(done, total int) {
	if w.Progress != nil {
		w.Progress(done, total)
	}
}

func (w *Inspection) inspector() *inspection.Inspector {
	return &inspection.Inspector{Press: w.Press, Pinned: w.Pinned, Platform: w.Platform}
}

// Folder looks at all files of a folder. They are taken for what a service handed out.
func (w *Inspection) Folder(ctx context.Context, dir string) (*inspection.Report, error) {
	r, err := w.begin("folder", filepath.Base(dir))
	if err != nil {
		return nil, err
	}
	inputs := Expand([]string{dir}, true)
	if len(inputs) == 0 {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: inspection.CodeNothing}
	}
	if len(inputs) == 1 && inputs[0].Err != nil {
		return nil, inputs[0].Err
	}
	ordered(len(inputs), w.Jobs, func(i int) *inspection.Report { return w.file(ctx, inputs[i]) }, func(i int, one *inspection.Report) {
		join(r, one)
		w.told(i+1, len(inputs))
	})
	return w.end(r), ctx.Err()
}

// join adds what was found in one file.
func join(r, one *inspection.Report) {
	r.Subjects = append(r.Subjects, one.Subjects...)
	for _, p := range one.Pictures {
		r.Keep(p.PNG)
	}
}

func (w *Inspection) file(ctx context.Context, in Input) *inspection.Report {
	one := new(inspection.Report)
	if ctx.Err() != nil {
		return one
	}
	err := in.Err
	if err == nil {
		var o *opened
		if o, err = w.buffers.open(in.Path); err == nil {
			defer o.close()
			f := inspection.File{Name: in.Rel, Source: o.data, Generated: true, Export: true}
			if f.Digest, err = digestOfSource(o.data); err == nil {
				if o.side != nil {
					f.Sidecar = o.side
				}
				w.inspector().File(ctx, f, one)
				return one
			}
		}
	}
	one.Subjects = append(one.Subjects, unread(in.Rel, "", durable.Fault(in.Path, err), "explicit-notice", "export-notice", "implicit-label"))
	return one
}

func digestOfSource(src media.Source) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(src, 0, src.Size())); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// unread is a file that nobody could look at.
func unread(name, from string, cause error, rules ...string) inspection.Subject {
	s := inspection.Subject{Kind: inspection.OfFile, Name: name, From: from}
	c := inspection.Check{Outcome: inspection.Untold, Code: inspection.FetchFailed}
	if e, ok := codeOf(cause); ok {
		c.Code, c.Args = e.Code, e.Args
	}
	for _, rule := range rules {
		c.Rule = rule
		s.Checks = append(s.Checks, c)
	}
	return s
}
