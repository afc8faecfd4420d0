package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

// newCover returns what makes cover sheets in both languages.
func (s *Server) newCover() (func(production.Sheet) (html, pdf []byte, err error), error) {
	chinese, err := locale.For(locale.Chinese)
	if err != nil {
		return nil, err
	}
	english, err := locale.For(locale.English)
	if err != nil {
		return nil, err
	}
	w := document.New(chinese.Say, english.Say)
	return func(sheet production.Sheet) (html, pdf []byte, err error) {
		d := document.Sheet{Provider: s.config.Producer, Created: time.UnixMilli(sheet.Created), Policy: sheet.Policy, Checkpoint: sheet.Checkpoint, Key: s.logKey}
		for _, a := range sheet.Artefacts {
			d.Items = append(d.Items, document.Item{Artefact: a, Marks: marksRead(a)})
		}
		for _, h := range sheet.Records {
			d.Records = append(d.Records, document.Record{Record: h.Record, Index: uint64(h.Index)})
		}
		if sheet.Stamp != nil {
			d.TimeStamp = &document.TimeStamp{Authority: sheet.Stamp.Authority, At: sheet.Stamp.At}
		}
		if html, err = w.HTML(d); err != nil {
			return nil, nil, err
		}
		pdf, err = w.PDF(d)
		return html, pdf, err
	}, nil
}

// marksRead says which marks were read back from an item. An item without a document of marks has none that were.
func marksRead(a artefact.Artefact) []document.Mark {
	var m production.Marks
	if a.Marks == nil || json.Unmarshal(a.Marks, &m) != nil {
		return []document.Mark{{Name: "label", Verdict: colophon.Unknown}, {Name: "notice", Verdict: colophon.Unknown}}
	}
	labelled := document.Mark{Name: "label", Place: string(m.Label.Place), Verdict: colophon.Failed}
	if m.Label.Place != "" && m.Label.Fields.ProduceID != "" {
		labelled.Verdict = colophon.Passed
	}
	notice := document.Mark{Name: "notice", Place: m.Notice.Place, Verdict: colophon.Failed}
	if m.Notice.State == stamp.Put || m.Notice.State == stamp.There {
		notice.Verdict = colophon.Passed
	}
	return []document.Mark{labelled, notice}
}

// openAuthority makes bundles carry a time stamp, where an authority is set.
func (s *Server) openAuthority() error {
	if s.set.Timestamp == "" {
		return nil
	}
	client, err := s.authority()
	if err != nil {
		return err
	}
	s.binder.Timestamp = func(ctx context.Context, checkpoint []byte) ([]byte, production.Stamp, error) {
		response, stamp, err := client.Stamp(ctx, checkpoint)
		return response, production.Stamp{Authority: stamp.Authority, At: stamp.Time}, err
	}
	return nil
}
