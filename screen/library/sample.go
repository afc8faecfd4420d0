package library

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// sampleUse is what a sample is sealed for; its identifier follows.
const sampleUse = "colophon/library/sample/v1\x00"

// Specimen is a text that is to become a sample.
type Specimen struct {
	Subject evidence.Subject // whom the text came from, who may have it erased; empty for nobody
	Origin  string           // where it came from, in words; no personal data
	Text    string
	Until   time.Time // when it goes
}

// sampled is the payload of records about samples.
type sampled struct {
	By     string   `json:"by"`
	IDs    []string `json:"ids"`
	Reason string   `json:"reason,omitempty"`
}

// AddSamples keeps texts, sealed, for changes of the library to be replayed over, and returns their identifiers.
func (k *Curator) AddSamples(ctx context.Context, by Actor, texts []Specimen) ([]string, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	if len(texts) > MaxNamed {
		return nil, refuseLong(MaxNamed)
	}
	p := sampled{By: by.ID}
	for _, t := range texts {
		field := ""
		switch {
		case t.Text == "" || len(t.Text) > MaxSample || !utf8.ValidString(t.Text):
			field = "text"
		case t.Origin == "" || !text(t.Origin):
			field = "origin"
		case !t.Until.After(k.now()):
			field = "until"
		}
		if field != "" {
			return nil, refuse(colophon.Invalid, CodeSample, colophon.Args{"field": field}, nil)
		}
		id, err := k.c.Recorder.NewID()
		if err != nil {
			return nil, err
		}
		p.IDs = append(p.IDs, id)
	}
	if len(p.IDs) == 0 {
		return nil, refuse(colophon.Invalid, CodeNothing, nil, nil)
	}
	err := k.proven(RecordSampled, by, []colophon.Clause{colophon.ClauseDS10}, p, func(rec evidence.Record) error {
		list, err := k.seal(p.IDs, texts)
		if err != nil {
			return err
		}
		if err = k.c.Samples.AddSamples(ctx, rec, list); errors.Is(err, ErrForgotten) {
			for _, s := range list {
				k.c.Recorder.Forget(s.Subject)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.IDs, nil
}

func (k *Curator) seal(ids []string, texts []Specimen) ([]Sample, error) {
	list := make([]Sample, len(texts))
	for i, t := range texts {
		s := Sample{ID: ids[i], Subject: t.Subject, Origin: t.Origin, Added: k.now(), Until: time.UnixMilli(t.Until.UnixMilli()).UTC()}
		if s.Subject == "" {
			s.Subject = evidence.System
		}
		var err error
		if s.Text, err = k.c.Recorder.Seal(s.Subject, sampleUse+s.ID, []byte(t.Text)); err != nil {
			return nil, err
		}
		list[i] = s
	}
	return list, nil
}

// ListSamples returns a page of samples that go after now, by identifier. Their texts stay sealed.
func (k *Curator) ListSamples(ctx context.Context, after string, limit int) ([]Sample, error) {
	return k.c.Samples.Samples(ctx, SampleQuery{Valid: k.now(), After: after, Limit: page(limit)})
}

// RemoveSamples removes samples.
func (k *Curator) RemoveSamples(ctx context.Context, by Actor, ids []string, reason string) error {
	if err := by.check(); err != nil {
		return err
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	switch {
	case len(ids) == 0:
		return refuse(colophon.Invalid, CodeNothing, nil, nil)
	case len(ids) > MaxNamed:
		return refuseLong(MaxNamed)
	case strings.TrimSpace(reason) == "" || !text(reason):
		return refuse(colophon.Invalid, CodeReason, nil, nil)
	}
	return k.proven(RecordUnsampled, by, []colophon.Clause{colophon.ClauseDS10}, sampled{By: by.ID, IDs: ids, Reason: reason}, func(rec evidence.Record) error {
		return k.c.Samples.RemoveSamples(ctx, rec, ids)
	})
}

// ExpireSamples removes samples whose time is over and returns how many there were, at most [MaxNamed]. It is called again
// until it returns 0.
func (k *Curator) ExpireSamples(ctx context.Context) (int, error) {
	list, err := k.c.Samples.Samples(ctx, SampleQuery{Due: k.now(), Limit: MaxNamed})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return len(ids), k.RemoveSamples(ctx, System(), ids, "expired")
}
