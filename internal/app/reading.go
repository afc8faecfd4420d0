package app

import (
	"path/filepath"

	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/label"
)

// Reading reads the labels of files.
type Reading struct {
	Pinned   []label.PublicKey
	Jobs     int
	Progress Progress

	buffers buffers
}

// Reported is what was read from one file.
type Reported struct {
	Input  Input
	Report *label.Report
	Err    error // the file could not be read at all
}

// Run reads the inputs and reports each, in order.
func (rd *Reading) Run(inputs []Input, report func(Reported)) {
	ordered(len(inputs), rd.Jobs, func(i int) Reported {
		return rd.one(inputs[i])
	}, func(_ int, r Reported) {
		rd.Progress.Files.Add(1)
		report(r)
	})
}

func (rd *Reading) one(in Input) Reported {
	r := Reported{Input: in, Err: in.Err}
	if r.Err != nil {
		return r
	}
	o, err := rd.buffers.open(in.Path)
	if err != nil {
		r.Err = err
		return r
	}
	defer o.close()
	rd.Progress.Bytes.Add(o.src.Size())
	opts := label.Options{Name: filepath.Base(in.Path), Pinned: rd.Pinned}
	if o.side != nil {
		opts.Sidecar = o.side
	}
	r.Report, err = label.Read(o.data, opts)
	r.Err = durable.Fault(in.Path, err)
	return r
}
