package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

// previewSuffix is appended to an output's name to name the picture with the measurement.
const previewSuffix = ".notice.png"

// A batch of finished files is made durable when it reaches either bound.
const (
	batchFiles = 512
	batchBytes = 1 << 30
)

// Labelling stamps files: it opens them, lets package stamp plan, writes the plans durably and reads every result back
// before it reports it done.
type Labelling struct {
	Press   *stamp.Press
	Request stamp.Request // Label.Name, Label.Sidecar and Progress are filled in for each file
	Out     string        // folder of the outputs; empty puts them beside the inputs
	InPlace bool
	Force   bool // existing outputs may be replaced
	DryRun  bool
	NoSync  bool
	Preview bool // beside each picture that got a notice, a picture with the measurement drawn on it
	Jobs    int

	// Progress counts what is done, for a person who waits.
	Progress Progress

	buffers buffers
}

// Progress is how far a run is.
type Progress struct {
	Files, Bytes atomic.Int64
	// Encoded and Encoding are milliseconds of video: how many of how many have been encoded in the files under work.
	Encoded, Encoding atomic.Int64
}

// film returns a function that keeps the progress of one film.
func (p *Progress) film() func(done, total float64) {
	var was, all int64
	return func(done, total float64) {
		now, whole := int64(done*1000), int64(total*1000)
		p.Encoded.Add(now - was)
		p.Encoding.Add(whole - all)
		was, all = now, whole
	}
}

// Labelled is the result of one file.
type Labelled struct {
	Input   Input
	Output  string // the labelled file; empty when none was written
	Sidecar string // the label file; empty when none was written
	Preview string // the picture with the measurement; empty when none was written
	Plan    *stamp.Plan
	Err     error

	files []*durable.File
}

// Check refuses inputs that would be written to one output, or over one another. It touches nothing.
func (l *Labelling) Check(inputs []Input) error {
	known := names{}
	outputs := map[string]string{}
	sources := map[string]bool{}
	for _, in := range inputs {
		sources[known.of(in.Path)] = true
	}
	for _, in := range inputs {
		if in.Err != nil {
			continue
		}
		out := l.output(in)
		name := known.of(out)
		if other, taken := outputs[name]; taken {
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeSameOutput, Args: colophon.Args{"file": in.Path, "other": other, "output": out}}
		}
		outputs[name] = in.Path
		if !l.InPlace && sources[name] {
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeOverInput, Args: colophon.Args{"file": in.Path, "output": out}}
		}
	}
	return nil
}

func (l *Labelling) output(in Input) string {
	switch {
	case l.InPlace:
		return in.Path
	case l.Out != "":
		return filepath.Join(l.Out, in.Rel)
	}
	return labelledName(in.Path)
}

// Run labels the inputs and reports each, in order. Files are written in batches, and a result is reported only when its
// batch is on the disk; while one batch goes to the disk, the next is being made.
func (l *Labelling) Run(ctx context.Context, inputs []Input, report func(Labelled)) {
	var before *commit
	for _, group := range groups(inputs) {
		c := &commit{fresh: durable.NewBatch(durable.Options{NoSync: l.NoSync, Force: l.Force || l.InPlace})}
		c.forced = durable.NewBatch(durable.Options{NoSync: l.NoSync, Force: true})
		ordered(len(group), l.Jobs, func(i int) Labelled {
			return l.one(ctx, group[i], c)
		}, func(_ int, r Labelled) {
			l.Progress.Files.Add(1)
			c.results = append(c.results, r)
		})
		before.finish(report)
		c.start()
		before = c
	}
	before.finish(report)
}

// groups cuts the inputs into batches.
func groups(inputs []Input) [][]Input {
	var list [][]Input
	start, bytes := 0, int64(0)
	for i, in := range inputs {
		bytes += in.Size
		if i+1-start >= batchFiles || bytes >= batchBytes || i+1 == len(inputs) {
			list = append(list, inputs[start:i+1])
			start, bytes = i+1, 0
		}
	}
	return list
}

// commit is a batch on its way to the disk.
type commit struct {
	fresh   *durable.Batch // new files
	forced  *durable.Batch // sidecars whose label is continued
	results []Labelled
	done    chan struct{}
}

func (c *commit) start() {
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		errs := map[string]error{}
		for _, b := range []*durable.Batch{c.fresh, c.forced} {
			if b.Commit() != nil {
				for _, r := range b.Results() {
					errs[r.Path] = r.Err
				}
			}
		}
		for i := range c.results {
			r := &c.results[i]
			for _, path := range []string{r.Output, r.Sidecar, r.Preview} {
				if err := errs[path]; err != nil && r.Err == nil {
					r.Err, r.Output, r.Sidecar, r.Preview = err, "", "", ""
				}
			}
		}
	}()
}

// finish waits until a batch is on the disk and reports its results. No batch is finished at once.
func (c *commit) finish(report func(Labelled)) {
	if c == nil {
		return
	}
	<-c.done
	for _, r := range c.results {
		report(r)
	}
}

// one plans and writes one file, up to the point where only the sync and the rename are left.
func (l *Labelling) one(ctx context.Context, in Input, c *commit) (r Labelled) {
	r.Input = in
	defer func() {
		if p := recover(); p != nil { // a fault of ours in one file must not take the others with it
			r.abort()
			r.Err = fmt.Errorf("%s: %v\n%s", in.Path, p, debug.Stack())
		}
	}()
	if in.Err != nil {
		r.Err = in.Err
		return r
	}
	o, err := l.buffers.open(in.Path)
	if err != nil {
		r.Err = err
		return r
	}
	defer o.close()
	l.Progress.Bytes.Add(o.src.Size())
	if r.Err = fault(in.Path, ctx.Err()); r.Err != nil {
		return r
	}
	req := l.Request
	req.Label.Name = filepath.Base(in.Path)
	if o.side != nil {
		req.Label.Sidecar = o.side
	}
	req.Progress = l.Progress.film()
	r.Plan, err = l.Press.Prepare(ctx, o.data, req)
	r.Err = fault(in.Path, err)
	if r.Err != nil || l.DryRun || r.Plan.Action == label.Kept && !r.Plan.Changed() && l.Out == "" {
		return r
	}
	if r.Err = fault(in.Path, l.write(ctx, &r, o, c)); r.Err != nil {
		r.abort()
	}
	return r
}

// fault names the file of an error, and tells an interruption from a fault.
func fault(path string, err error) error {
	if errors.Is(err, context.Canceled) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeInterrupted, Args: colophon.Args{"file": path}, Err: err}
	}
	return durable.Fault(path, err)
}

// write makes the temporary files of one result and reads them back.
func (l *Labelling) write(ctx context.Context, r *Labelled, o *opened, c *commit) error {
	src := o.src
	out := l.output(r.Input)
	if l.Out != "" {
		if err := MakeFolder(filepath.Dir(out)); err != nil {
			return err
		}
	}
	var written label.Source = src
	if r.Plan.Changed() || l.Out != "" {
		f, err := r.create(c.fresh, out, src)
		if err != nil {
			return err
		}
		r.Output = out
		edit := r.Plan.Edit
		if edit == nil {
			edit = new(media.Edit)
			edit.Keep(0, src.Size())
		}
		if err := edit.Apply(f, o.data); err != nil {
			return err
		}
		written = f
	}
	loaded, release, err := l.buffers.load(written)
	if err != nil {
		return err
	}
	defer release()
	side, err := l.beside(r, o, c)
	if err != nil {
		return err
	}
	if err := r.Plan.ReadBack(ctx, loaded, side); err != nil {
		return err
	}
	if err := l.preview(r, loaded, c); err != nil {
		return err
	}
	for _, f := range r.files {
		if err := f.Finish(); err != nil {
			return err
		}
	}
	return nil
}

// preview writes the picture with the measurement, where one was asked for and can be drawn.
func (l *Labelling) preview(r *Labelled, written label.Source, c *commit) error {
	if !l.Preview || r.Plan.Notice.State != stamp.Put {
		return nil
	}
	picture, err := r.Plan.Preview(written, l.Request.Notice)
	if picture == nil || err != nil {
		return err
	}
	r.Preview = r.Output + previewSuffix
	f, err := r.create(c.fresh, r.Preview, nil)
	if err != nil {
		return err
	}
	return png.Encode(f, picture)
}

// beside writes the sidecar of the output, or of the input where that stays as it is, and returns nil where there is none.
func (l *Labelling) beside(r *Labelled, o *opened, c *commit) (label.Source, error) {
	var text io.Reader
	switch {
	case r.Plan.Action == label.Beside:
		text = bytes.NewReader(r.Plan.Sidecar)
	case r.Plan.Action == label.Kept && r.Plan.Place == media.PlaceSidecar && o.side != nil:
		text = io.NewSectionReader(o.side, 0, o.side.Size()) // the label of a file that is copied goes with it
	default:
		return nil, nil
	}
	at, batch := r.Output, c.fresh
	if at == "" {
		at = r.Input.Path
	}
	if r.Plan.Continues && at == r.Input.Path {
		batch = c.forced // the label that stands there is continued
	}
	r.Sidecar = at + label.SidecarSuffix
	f, err := r.create(batch, r.Sidecar, nil)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(f, text)
	return f, err
}

func (r *Labelled) create(b *durable.Batch, path string, like *durable.Source) (*durable.File, error) {
	var info os.FileInfo
	if like != nil {
		info = like.Stat()
	}
	f, err := b.Create(path, info)
	if err == nil {
		r.files = append(r.files, f)
	}
	return f, err
}

func (r *Labelled) abort() {
	for _, f := range r.files {
		f.Abort()
	}
	r.files, r.Output, r.Sidecar, r.Preview = nil, "", "", ""
}
