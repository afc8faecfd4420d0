package app

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/listing"
)

// cardDesk is what cards need of the rest of the program.
type cardDesk struct{ *Server }

// openCards opens conformance cards, and the apps of a store.
func (s *Server) openCards(context.Context) error {
	s.cards = card.New(card.Config{Cards: ledgers.Of[card.Issue](s.store, card.Ledger), Recorder: s.recorder, Register: s.functions, Signer: s.keys.Signer,
		Provider: card.Provider{Name: s.set.providerName(s.config.Producer), Code: s.config.Producer}, Impact: s.impactOf, Log: s.logNow})
	s.listings = listing.New(listing.Config{Apps: ledgers.Of[listing.App](s.store, listing.Ledger), Recorder: s.recorder, Verify: s.verifyListed, Materials: s.ownMaterials})
	return nil
}

func (s *Server) sweepListings(ctx context.Context) error { return s.listings.Sweep(ctx) }

// impactOf is the impact assessment that covers a function now; nil for none.
func (s *Server) impactOf(ctx context.Context, function string) (*card.Proof, error) {
	a, err := s.ahead.assessments.Of(ctx, function)
	if err != nil || a.State != assessment.Current {
		return nil, err
	}
	e, err := s.ahead.assessments.Assessment(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	return &card.Proof{SHA256: e.Value.Digest, Done: e.Value.Decided, Until: a.Until}, nil
}

// logNow says how the evidence log stands.
func (s *Server) logNow(ctx context.Context) (card.Log, error) {
	c, err := s.reader.Checkpoint(ctx)
	return card.Log{Origin: c.Origin, Size: c.Size, Root: hex.EncodeToString(c.Root[:])}, err
}

// Materials implements httpapi.CardDesk.
func (d cardDesk) Materials(ctx context.Context, check string) ([]card.Material, error) {
	e, err := d.uploads.materials.Book.Get(ctx, check)
	if err != nil {
		return nil, err
	}
	var list []card.Material
	for _, m := range e.Value.Materials {
		r := readingOf(m)
		list = append(list, card.Material{Name: string(m.Format) + "-" + m.Digest[:min(12, len(m.Digest))], Format: string(m.Format), SHA256: m.Digest, Label: r.Label.String(), Notice: r.Notice.String()})
	}
	return list, nil
}

// readingOf says what was found in a file, in the words of cards.
func readingOf(m intake.Material) card.Reading {
	var r card.Reading
	switch m.Labels {
	case label.Conforming.String():
		r.Label = colophon.Passed
	case label.NotConforming.String(), label.Unmarked.String():
		r.Label = colophon.Failed
	}
	switch m.Notice {
	case intake.Seen:
		r.Notice = colophon.Passed
	case intake.NotSeen:
		r.Notice = colophon.Failed
	}
	return r
}

// Verify implements httpapi.CardDesk.
func (d cardDesk) Verify(ctx context.Context, raw []byte, keys []note.Verifier, app string, checks, reports []string) (card.Report, error) {
	q := card.Question{Trusted: keys, Now: time.Now(), App: app, Files: map[string]card.Reading{}}
	for _, digest := range reports {
		q.Files[digest] = card.Reading{}
	}
	for _, id := range checks {
		e, err := d.uploads.materials.Book.Get(ctx, id)
		if err != nil {
			return card.Report{}, err
		}
		for _, m := range e.Value.Materials {
			q.Files[m.Digest] = readingOf(m)
		}
	}
	lists, err := d.filings.lists.Index(ctx)
	if err != nil {
		return card.Report{}, err
	}
	if lists.AsOf() != "" {
		q.Lists = lists
	}
	return card.Verify(raw, q)
}

// verifyListed implements Verify of listing.Config.
func (s *Server) verifyListed(ctx context.Context, raw []byte, a listing.App) (card.Report, error) {
	var keys []note.Verifier
	if a.Key != "" {
		v, err := note.NewVerifier(a.Key)
		if err != nil {
			return card.Report{}, &colophon.Error{Kind: colophon.Invalid, Code: listing.CodeInvalid, Args: colophon.Args{"field": "key"}, Err: err}
		}
		keys = append(keys, v)
	}
	var checks []string
	if a.Materials != "" {
		checks = []string{a.Materials}
	}
	return cardDesk{s}.Verify(ctx, raw, keys, a.Address, checks, a.Reports)
}

// ownMaterials implements Materials of listing.Config.
func (s *Server) ownMaterials(ctx context.Context, id, app string) (colophon.Verdict, error) {
	e, err := s.uploads.materials.Book.Get(ctx, id)
	if err == nil && e.Value.App != app {
		err = errors.New("it is of another app")
	}
	if err != nil {
		return colophon.Unknown, &colophon.Error{Kind: colophon.Invalid, Code: listing.CodeInvalid, Args: colophon.Args{"field": "materials"}, Err: err}
	}
	for _, v := range []colophon.Verdict{colophon.Passed, colophon.Failed} {
		if e.Value.Verdict == v.String() {
			return v, nil
		}
	}
	return colophon.Unknown, nil
}
