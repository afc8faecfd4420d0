package app

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/register/algorithm"
	"github.com/colophon-project/colophon/register/annotation"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/review/training"
)

// corpora are algorithms, and what they are trained on.
type corpora struct {
	algorithms *algorithm.Keeper
	datasets   *dataset.Keeper
	annotation *annotation.Keeper
	training   *training.Keeper
}

// openCorpora opens algorithms, datasets, annotation and samples of training data, which the panel of assessment runs judges.
func (s *Server) openCorpora(context.Context) error {
	limit, err := dataset.RemovalLimit()
	if err != nil {
		return err
	}
	v := &s.corpora
	v.algorithms = algorithm.New(ledgers.Of[algorithm.Algorithm](s.store, algorithm.Ledger), s.recorder, serving{s})
	v.datasets = dataset.New(dataset.Config{Datasets: ledgers.Of[dataset.Dataset](s.store, dataset.Ledger), Removals: ledgers.Of[dataset.Removal](s.store, dataset.RemovalLedger), Recorder: s.recorder,
		Consents: trainingConsents{s.consents}, Versions: v.algorithms, Limit: limit})
	v.annotation = annotation.New(ledgers.Of[annotation.Rule](s.store, annotation.RuleLedger), ledgers.Of[annotation.Taker](s.store, annotation.TakerLedger), ledgers.Of[annotation.Check](s.store, annotation.CheckLedger), s.recorder)
	v.training = training.New(training.Config{Samples: ledgers.Of[training.Sample](s.store, training.Ledger), Texts: ledgers.Of[training.Texts](s.store, training.TextsLedger), Recorder: s.recorder, Keys: s.keys.Envelopes,
		Datasets: v.datasets, Panel: s.runs.panel, Judges: s.runs.judges})
	return nil
}

// followDatasets opens removals for consents that ended, and says which are overdue.
func (s *Server) followDatasets(ctx context.Context) error { return s.corpora.datasets.Follow(ctx) }

// trainingConsents are consents as datasets ask for them.
type trainingConsents struct{ *consent.Ledger }

// Ended implements dataset.Consents. A consent that is given, and does not allow training, is no ground for it: it counts as
// ended when it was given or narrowed to what it allows now.
func (g trainingConsents) Ended(ctx context.Context, id string) (state string, at time.Time, ended bool, err error) {
	e, err := g.Consent(ctx, id)
	if err != nil {
		return "", at, false, err
	}
	now := consent.State(e.State)
	switch {
	case now.Over():
		return e.State, since(e, string(now)), true, nil
	case now == consent.Given && !e.Value.Terms.Train:
		return "no-training", since(e, "narrowed"), true, nil
	}
	return e.State, at, false, nil
}

// since is when a consent came into a state: the last event of its kind, or else its last event.
func since(e consent.Entry, kind string) (at time.Time) {
	for _, one := range e.Value.Events {
		if one.Kind == kind {
			at = one.At
		}
	}
	if n := len(e.Value.Events); at.IsZero() && n > 0 {
		at = e.Value.Events[n-1].At
	}
	return at
}

// manifests reads manifests of datasets by way of a temporary file without a name.
type manifests struct{ *Server }

func (m manifests) spooled(from io.Reader, do func(training.Opener) error) (err error) {
	temp, err := spools(m.spoolDir())()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, temp.Close()) }()
	if _, err = io.Copy(temp, from); err != nil {
		return err
	}
	return do(opener(temp))
}

func opener(temp production.Temporary) training.Opener {
	return func() (io.Reader, error) {
		src := temp.Source()
		return io.NewSectionReader(src, 0, src.Size()), nil
	}
}

// List implements httpapi.DatasetFiles.
func (m manifests) List(ctx context.Context, by ledger.By, id string, from io.Reader) (e dataset.Entry, err error) {
	if _, err = m.corpora.datasets.Dataset(ctx, id); err != nil {
		return e, err
	}
	listed, err := dataset.Whole(id, from, func(dataset.Item) {})
	if err != nil {
		return e, err
	}
	return m.corpora.datasets.List(ctx, by, id, listed)
}

// Draw implements httpapi.DatasetFiles.
func (m manifests) Draw(ctx context.Context, by ledger.By, o training.Order, from io.Reader) (s training.Sample, err error) {
	err = m.spooled(from, func(open training.Opener) error {
		s, err = m.corpora.training.Draw(ctx, by, o, open)
		return err
	})
	return s, err
}

// corpusSheets are samples of training data as reviewers see them.
type corpusSheets struct{ *Server }

// Owns implements httpapi.PanelSource.
func (c corpusSheets) Owns(sheet string) bool {
	id, ok := strings.CutSuffix(sheet, training.Sheet(""))
	return ok && id != ""
}

func (c corpusSheets) about(ctx context.Context, v training.Sample) httpapi.PanelAbout {
	a := httpapi.PanelAbout{Sheet: training.Sheet(v.ID), Kind: "dataset", Of: v.Dataset, Name: v.Dataset, Ask: "corpus", Open: v.State == training.Judging}
	if d, err := c.corpora.datasets.Dataset(ctx, v.Dataset); err == nil {
		a.Name = d.Value.Names.ZH + " / " + d.Value.Names.EN
	}
	return a
}

// About implements httpapi.PanelSource.
func (c corpusSheets) About(ctx context.Context, sheet string) (httpapi.PanelAbout, error) {
	v, err := c.corpora.training.Sample(ctx, strings.TrimSuffix(sheet, training.Sheet("")))
	if err != nil {
		return httpapi.PanelAbout{}, err
	}
	return c.about(ctx, v), nil
}

// Sheets implements httpapi.PanelSource.
func (c corpusSheets) Sheets(ctx context.Context) (list []httpapi.PanelAbout, err error) {
	for after := ""; ; {
		page, next, err := c.corpora.training.Samples(ctx, "", []training.State{training.Judging, training.Done}, after, sweepPage)
		if err != nil {
			return nil, err
		}
		for _, v := range page {
			list = append(list, c.about(ctx, v))
		}
		if after = next; next == "" {
			return list, nil
		}
	}
}

// Show implements httpapi.PanelSource.
func (c corpusSheets) Show(ctx context.Context, by ledger.By, item sample.Item) (httpapi.PanelContent, error) {
	t, it, err := c.corpora.training.Text(ctx, by, item.ID)
	if err != nil {
		return httpapi.PanelContent{}, err
	}
	v := httpapi.PanelContent{Topic: it.Stratum, Parts: []httpapi.PanelPart{}, Facts: []httpapi.PanelFact{{Name: "sha256", Value: t.SHA256}}}
	if t.Text != "" || t.At == "" {
		v.Parts = append(v.Parts, httpapi.PanelPart{Name: "text", Text: t.Text, Cut: t.Cut})
	}
	if t.At != "" {
		v.Facts = append(v.Facts, httpapi.PanelFact{Name: "item-at", Value: t.At})
	}
	return v, nil
}
