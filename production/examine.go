package production

import (
	"context"
	"errors"
	"io"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/label"
)

// Examine reads the marks of a file and says what is known of it here. The file is not kept.
func (l *Line) Examine(ctx context.Context, by By, name string, body io.Reader) (Examination, error) {
	in, err := l.receive(ctx, by, "artefact.verify", "", body)
	if err != nil {
		return Examination{}, err
	}
	defer in.file.Close()
	x := Examination{Size: in.src.Size(), Digest: in.digest}
	if x.Report, err = label.Read(in.src, label.Options{Name: name, Pinned: l.c.Seals}); err != nil {
		return x, err
	}
	if x.Known, _, err = l.c.Register.Find(ctx, artefact.Query{Digest: in.digest}, "", page); err != nil {
		return x, err
	}
	for _, m := range x.Report.Marks {
		if x.Known, err = l.numbered(ctx, x.Known, m.Fields); err != nil {
			return x, err
		}
	}
	for _, a := range x.Known {
		if a.After == in.digest {
			x.Identical = colophon.Passed
		} else if x.Identical == colophon.Unknown {
			x.Identical = colophon.Failed
		}
	}
	return x, <-in.logged
}

// numbered adds the artefact whose number a label of ours bears, unless it is there.
func (l *Line) numbered(ctx context.Context, known []artefact.Artefact, f label.Fields) ([]artefact.Artefact, error) {
	if f.ContentProducer != l.c.Producer {
		return known, nil
	}
	for _, a := range known {
		if string(a.Number) == f.ProduceID {
			return known, nil
		}
	}
	a, err := l.c.Register.Artefact(ctx, artefact.Number(f.ProduceID))
	var e *colophon.Error
	if errors.As(err, &e) && (e.Kind == colophon.Missing || e.Kind == colophon.Invalid) {
		return known, nil
	}
	if err != nil {
		return known, err
	}
	return append(known, a), nil
}
