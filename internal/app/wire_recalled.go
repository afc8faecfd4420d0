package app

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/telemetry"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/shelf"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
)

// Where refutations are looked for, in the metric about that.
const (
	lookIntake  = "intake"
	lookLine    = "production"
	lookGateway = "gateway"
)

// How long a look for refutations may keep back what is about to leave; then nobody could look. A file is compared meanwhile,
// somebody waits for an answer.
const (
	lookItem   = 20 * time.Second
	lookAnswer = 2 * time.Second
)

// recalls is what was refuted here, and by those whose feeds are followed, as an intake asks for it.
type recalls struct{ *Server }

// Recalled implements intake.Recalls. Hashes are made only where there is something that a file can be like.
func (r recalls) Recalled(ctx context.Context, s intake.Sample, numbers []string) ([]intake.Recall, colophon.Code, error) {
	k := r.refuted
	pictures, texts, err := k.keeper.Holds(ctx)
	if err != nil {
		return nil, "", err
	}
	more, others, err := k.recalled.Holds(ctx)
	if err != nil {
		return nil, "", err
	}
	c := refutation.Clue{Prints: feed.Prints{Numbers: numbers, Digests: []feed.Digest{{Alg: "sha256", Value: hex.EncodeToString(s.Digest[:])}}}}
	why, err := r.prints(ctx, &c, s.Format, s.Source, pictures || more, texts || others)
	if err != nil {
		return nil, "", err
	}
	own, err := k.keeper.Look(ctx, c)
	if err != nil {
		return nil, "", err
	}
	found, unlooked, err := k.recalled.Match(ctx, c.Prints, c.Text)
	if err != nil {
		return nil, "", err
	}
	var list []intake.Recall
	for _, f := range own.Found {
		v := f.Refutation
		list = append(list, intake.Recall{Refutation: v.ID, Claim: v.Claim, Verdict: v.Verdict, Reason: v.Reason, URL: r.set.PublicURL + refutationPath + v.ID, Since: v.Published, Match: f.Match})
	}
	for _, f := range found {
		e := f.Recalled.Entry
		list = append(list, intake.Recall{Refutation: e.Refutation, Source: f.Recalled.Name, Claim: e.Claim, Verdict: e.Verdict, Reason: e.Reason, URL: e.URL, Since: e.Since, Match: f.Match})
	}
	slices.SortStableFunc(list, func(a, b intake.Recall) int { return cmp.Compare(surer(b.Match), surer(a.Match)) })
	list = list[:min(len(list), maxRecalls)]
	why = cmp.Or(why, own.Unlooked, unlooked)
	r.telemetry.Refuted(lookIntake, outcome(len(list) > 0, len(list) > 0 && list[0].Certain, why))
	return list, why, nil
}

// maxRecalls is how many refutations are told of one upload; the surest are.
const maxRecalls = 16

func surer(m shelf.Match) int {
	if m.Certain {
		return 1
	}
	return 0
}

// outcome is what a look came to, in the metric about that.
func outcome(found, certain bool, unlooked colophon.Code) string {
	switch {
	case certain:
		return telemetry.RefutedSame
	case found:
		return telemetry.RefutedAlike
	case unlooked != "":
		return telemetry.RefutedUnlooked
	}
	return telemetry.RefutedNothing
}

// unlooked takes faults of looks for refutations. Content goes its way then, and what is kept of it says that nobody looked.
func (s *Server) unlooked(where string) func(context.Context, error) {
	return func(ctx context.Context, err error) {
		s.telemetry.Refuted(where, telemetry.RefutedFault)
		s.log.ErrorContext(ctx, "refutations", "where", where, "error", err)
	}
}

// prints adds to a clue what a file looks like and what it says, where something could be like that. It returns why that could
// not be made, or not of all of the file.
func (s *Server) prints(ctx context.Context, c *refutation.Clue, f media.Format, src media.Source, pictures, texts bool) (colophon.Code, error) {
	facts, _ := media.Facts(f)
	eye := sight.New(s.tools(), sight.Limits{})
	switch {
	case facts.Modality == media.ModalityText && (pictures || texts):
		v, err := eye.Look(ctx, src, sight.Options{})
		if err != nil {
			return unseen(err)
		}
		var said []string
		for _, t := range v.Texts {
			said = append(said, t.Text)
		}
		if c.Text = strings.TrimSpace(strings.Join(said, "\n\n")); c.Text == "" && texts {
			return shelf.UnlookedShort, nil
		}
		for _, p := range v.Pictures {
			if p.Quality >= phash.MinQuality && len(c.Likeness) < feed.MaxPrints && p.Hash != (phash.Hash{}) {
				c.Likeness = append(c.Likeness, p.Hash)
			}
		}
		if len(v.Missed) > 0 {
			return v.Missed[0].Code, nil
		}
	case (facts.Modality == media.ModalityImage || facts.Modality == media.ModalityVideo) && pictures:
		look := eye.Likeness // named for phrases_test.go, which follows what is handed to functions
		hashes, err := look(ctx, f, src)
		if err != nil {
			return unseen(err)
		}
		addHashes(c, hashes)
	case f == media.Unknown && (pictures || texts):
		return sight.CodeUnsupported, nil
	}
	return "", nil
}

// unseen is why a file could not be compared. A fault that says nothing about the file is an error.
func unseen(err error) (colophon.Code, error) {
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind != colophon.Internal {
		return e.Code, nil
	}
	return "", err
}

// addHashes adds a likeness as the register keeps it.
func addHashes(c *refutation.Clue, list []byte) {
	for h := range slices.Chunk(list, artefact.HashSize) {
		if hash := phash.From(h); hash != (phash.Hash{}) && len(c.Likeness) < feed.MaxPrints {
			c.Likeness = append(c.Likeness, hash)
		}
	}
}

// outgoing implements production.Config.Outgoing. The same content is refused, or a case is opened for it, as the settings say;
// for what is only alike a case is opened, and it leaves. A fault keeps nothing here: to stop content is what orders are for, and
// a refutation that nobody could look for stops it no more than one that nobody wrote. The marks say that nobody looked.
func (s *Server) outgoing(ctx context.Context, o production.Outgoing) (colophon.Code, error) {
	ctx, cancel := context.WithTimeout(ctx, lookItem)
	defer cancel()
	why, err := s.holdAgainst(ctx, o)
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == production.CodeRefuted {
		return why, err
	}
	if err != nil {
		s.unlooked(lookLine)(ctx, fmt.Errorf("holding an item against what was refuted: %w", err))
		return intake.CodeRecallFault, nil
	}
	return why, nil
}

func (s *Server) holdAgainst(ctx context.Context, o production.Outgoing) (colophon.Code, error) {
	k := s.refuted.keeper
	pictures, texts, err := k.Holds(ctx)
	if err != nil {
		return "", err
	}
	c := refutation.Clue{Prints: feed.Prints{Numbers: o.Numbers, Digests: []feed.Digest{{Alg: "sha256", Value: hex.EncodeToString(o.Before[:])}}}}
	var why colophon.Code
	if facts, _ := media.Facts(o.Format); facts.Modality == media.ModalityText {
		why, err = s.prints(ctx, &c, o.Format, o.Source, pictures, texts)
	} else if pictures {
		addHashes(&c, o.Likeness)
		why = o.Unlikened
	}
	if err != nil {
		return "", err
	}
	a, _, err := k.Outgoing(ctx, string(o.Number), c)
	if err != nil {
		return "", err
	}
	why = cmp.Or(why, a.Unlooked)
	same := len(a.Found) > 0 && a.Found[0].Certain
	s.telemetry.Refuted(lookLine, outcome(len(a.Found) > 0, same, why))
	if !same {
		return why, nil
	}
	f := a.Found[0]
	if s.set.Outgoing == "refuse" {
		return "", &colophon.Error{Kind: colophon.Refused, Code: production.CodeRefuted, Args: colophon.Args{"refutation": f.Refutation.ID}, Clauses: []colophon.Clause{colophon.ClauseDS11}}
	}
	_, err = suspicions{s}.Open(ctx, refutation.Suspicion{Key: "same/" + f.Refutation.ID + "/" + string(o.Number), Number: string(o.Number), Why: refutation.SuspectMatch, Refutation: f.Refutation.ID, Match: f.Match})
	return why, err
}

// outgoingText implements gateway.Config.Outgoing. A model says the same again and again, so one case a day is opened for what is
// like one refutation, about the first answer.
func (s *Server) outgoingText(ctx context.Context, number artefact.Number, text string) {
	ctx, cancel := context.WithTimeout(ctx, lookAnswer)
	defer cancel()
	k := s.refuted.keeper
	_, texts, err := k.Holds(ctx)
	if err == nil && !texts {
		return
	}
	var a refutation.Answer
	if err == nil {
		a, err = k.Look(ctx, refutation.Clue{Text: text})
	}
	if err == nil && len(a.Found) > 0 {
		f := a.Found[0]
		_, err = suspicions{s}.Open(ctx, refutation.Suspicion{Key: "match/" + time.Now().UTC().Format(time.DateOnly) + "/" + f.Refutation.ID, Number: string(number), Why: refutation.SuspectMatch, Refutation: f.Refutation.ID, Match: f.Match})
	}
	if err != nil {
		s.unlooked(lookGateway)(ctx, fmt.Errorf("holding an answer against what was refuted: %w", err))
		return
	}
	s.telemetry.Refuted(lookGateway, outcome(len(a.Found) > 0, false, a.Unlooked))
}
