package app

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
	"github.com/colophon-project/colophon/watermark"
)

// watermarkedName is the file beside an input that bears the mark.
func watermarkedName(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + ".watermarked" + ext
}

// Watermarking puts watermarks into files, and looks for them.
type Watermarking struct {
	Marker  stamp.Watermarker
	Payload []byte
	Out     string // folder of the outputs; empty puts them beside the inputs
	Force   bool   // existing outputs may be replaced
	NoSync  bool
	Narrow  bool // what was cut, turned, or changed its speed is not searched
	Jobs    int

	Progress Progress

	buffers buffers
}

// Watermarked is what became of one file.
type Watermarked struct {
	Input  Input
	Output string // empty when none was written
	Format media.Format
	Marked *watermark.Marked // of Embed
	Found  watermark.Found   // of Find
	Err    error
}

// Embed marks the inputs and reports each, in order. Each output is on the disk when it is reported, and its mark was read from it.
func (w *Watermarking) Embed(ctx context.Context, inputs []Input, report func(Watermarked)) {
	w.each(ctx, inputs, report, w.embed)
}

// Find looks for marks in the inputs and reports each, in order.
func (w *Watermarking) Find(ctx context.Context, inputs []Input, report func(Watermarked)) {
	w.each(ctx, inputs, report, func(ctx context.Context, r *Watermarked, o *opened) (err error) {
		r.Found, err = w.Marker.Find(ctx, o.data, r.Format, !w.Narrow)
		return err
	})
}

func (w *Watermarking) each(ctx context.Context, inputs []Input, report func(Watermarked), do func(context.Context, *Watermarked, *opened) error) {
	ordered(len(inputs), w.Jobs, func(i int) Watermarked {
		r := Watermarked{Input: inputs[i], Err: inputs[i].Err}
		if r.Err == nil {
			r.Err = fault(r.Input.Path, w.one(ctx, &r, do))
		}
		return r
	}, func(_ int, r Watermarked) {
		w.Progress.Files.Add(1)
		report(r)
	})
}

func (w *Watermarking) one(ctx context.Context, r *Watermarked, do func(context.Context, *Watermarked, *opened) error) error {
	o, err := w.buffers.open(r.Input.Path)
	if err != nil {
		return err
	}
	defer o.close()
	w.Progress.Bytes.Add(o.src.Size())
	if err = ctx.Err(); err != nil {
		return err
	}
	if _, r.Format, err = all.Detect(o.data, r.Input.Path); err != nil {
		return err
	}
	if r.Format == media.Unknown {
		return &colophon.Error{Kind: colophon.Unsupported, Code: label.CodeNotRecognised}
	}
	return do(ctx, r, o)
}

func (w *Watermarking) embed(ctx context.Context, r *Watermarked, o *opened) error {
	out := watermarkedName(r.Input.Path)
	if w.Out != "" {
		out = filepath.Join(w.Out, r.Input.Rel)
		if err := MakeFolder(filepath.Dir(out)); err != nil {
			return err
		}
	}
	if same, err := filepath.Abs(out); err == nil {
		if in, err := filepath.Abs(r.Input.Path); err == nil && in == same {
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeOverInput, Args: colophon.Args{"file": r.Input.Path, "output": out}}
		}
	}
	made, err := w.Marker.Mark(ctx, o.data, r.Format, w.Payload, w.Progress.film())
	if err != nil {
		return err
	}
	batch := durable.NewBatch(durable.Options{NoSync: w.NoSync, Force: w.Force})
	defer batch.Abort()
	f, err := batch.Create(out, o.src.Stat())
	if err != nil {
		return err
	}
	if err = made.Edit.Apply(f, made.Source); err != nil {
		return err
	}
	if err = f.Finish(); err != nil {
		return err
	}
	if err = batch.Commit(); err != nil {
		return err
	}
	r.Output, r.Marked = out, made
	return nil
}
