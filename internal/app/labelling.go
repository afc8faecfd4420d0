package app

import (
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
)

// A batch of finished files is made durable when it reaches either bound.
const (
	batchFiles = 512
	batchBytes = 1 << 30
)

// Labelling labels files: it opens them, lets package label plan, writes the plans durably and reads every result back
// before it reports it done.
type Labelling struct {
	Request label.Request // Name and Sidecar are filled in for each file
	Out     string        // folder of the outputs; empty puts them beside the inputs
	InPlace bool
	Force   bool // existing outputs may be replaced
	DryRun  bool
	NoSync  bool
	Jobs    int

	// Progress counts what is done, for a person who waits.
	Progress Progress

	buffers buffers
}

// Progress is how far a run is.
type Progress struct {
	Files, Bytes atomic.Int64
}

// Labelled is the result of one file.
type Labelled struct {
	Input   Input
	Output  string // the labelled file; empty when none was written
	Sidecar string // the label file; empty when none was written
	Plan    *label.Plan
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
func (l *Labelling) Run(inputs []Input, report func(Labelled)) {
	var before *commit
	for _, group := range groups(inputs) {
		c := &commit{fresh: durable.NewBatch(durable.Options{NoSync: l.NoSync, Force: l.Force || l.InPlace})}
		c.forced = durable.NewBatch(durable.Options{NoSync: l.NoSync, Force: true})
		ordered(len(group), l.Jobs, func(i int) Labelled {
			return l.one(group[i], c)
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
			for _, path := range []string{r.Output, r.Sidecar} {
				if err := errs[path]; err != nil && r.Err == nil {
					r.Err, r.Output, r.Sidecar = err, "", ""
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
func (l *Labelling) one(in Input, c *commit) (r Labelled) {
	r.Input = in
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
	req := l.Request
	req.Name = filepath.Base(in.Path)
	if o.side != nil {
		req.Sidecar = o.side
	}
	r.Plan, err = label.Prepare(o.data, req)
	r.Err = durable.Fault(in.Path, err)
	if r.Err != nil || l.DryRun || r.Plan.Action == label.Kept {
		return r
	}
	if r.Err = durable.Fault(in.Path, l.write(&r, o.src, o.data, c)); r.Err != nil {
		r.abort()
	}
	return r
}

// write makes the temporary files of one result and reads them back.
func (l *Labelling) write(r *Labelled, src *durable.Source, data label.Source, c *commit) error {
	out := l.output(r.Input)
	if l.Out != "" {
		if err := MakeFolder(filepath.Dir(out)); err != nil {
			return err
		}
	}
	if r.Plan.Action == label.Beside {
		return l.beside(r, src, out, c)
	}
	f, err := r.create(c.fresh, out, src)
	if err != nil {
		return err
	}
	r.Output = out
	if err := r.Plan.Edit.Apply(f, data); err != nil {
		return err
	}
	written, release, err := l.buffers.load(f)
	if err != nil {
		return err
	}
	defer release()
	if err := r.Plan.ReadBack(written, nil); err != nil {
		return err
	}
	return f.Finish()
}

// beside writes a sidecar: next to the input, or next to a copy of it in the folder of the outputs.
func (l *Labelling) beside(r *Labelled, src *durable.Source, out string, c *commit) error {
	var of label.Source = src
	at, batch := r.Input.Path, c.fresh
	if l.Out != "" {
		at = out
		f, err := r.create(batch, out, src)
		if err != nil {
			return err
		}
		r.Output = out
		whole := new(media.Edit)
		whole.Keep(0, src.Size())
		if err := whole.Apply(f, src); err != nil {
			return err
		}
		of = f
	} else if r.Plan.Continues {
		batch = c.forced // the label that stands there is continued
	}
	r.Sidecar = at + label.SidecarSuffix
	f, err := r.create(batch, r.Sidecar, nil)
	if err != nil {
		return err
	}
	if _, err := f.Write(r.Plan.Sidecar); err != nil {
		return err
	}
	if err := r.Plan.ReadBack(of, f); err != nil {
		return err
	}
	for _, f := range r.files {
		if err := f.Finish(); err != nil {
			return err
		}
	}
	return nil
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
	r.files, r.Output, r.Sidecar = nil, "", ""
}
