package app

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/tallies"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
	"github.com/colophon-project/colophon/standing"
)

const (
	// riskCategory stands as the category of items that signals opened; it is none of the taxonomy.
	riskCategory = "account-risk"
	// unspecified is the function of what names none.
	unspecified = "unspecified"
)

func (s *Server) openStanding(ctx context.Context) (err error) {
	s.standing, err = standing.NewKeeper(ctx, standing.Config{Measures: ledgers.Of[standing.Measure](s.store, "measure"), Signals: ledgers.Of[standing.Signal](s.store, "signal"),
		Versions: ledgers.Of[standing.Version](s.store, "standing-table"), Tallies: tallies.New(s.store), Recorder: s.recorder, Keys: s.keys.Envelopes, People: persons{s}, Desk: reviewers{s}, Appeal: s.set.Appeal})
	return err
}

// expireMeasures records that measures are over by their time, and settleSignals does what is still to follow from signals.
func (s *Server) expireMeasures(ctx context.Context) error { return sweep(ctx, s.standing.Expire) }
func (s *Server) settleSignals(ctx context.Context) error {
	_, err := s.standing.Settle(ctx, sweepPage)
	return err
}

// sweep repeats a step until there is nothing left for it.
func sweep(ctx context.Context, step func(context.Context, int) (int, error)) error {
	for {
		n, err := step(ctx, sweepPage)
		if err != nil || n == 0 {
			return err
		}
	}
}

// reviewers have signals wait for one of them.
type reviewers struct{ *Server }

// Open implements standing.Desk. What the reviewer reads is the signal itself.
func (d reviewers) Open(ctx context.Context, s standing.Signal) (string, error) {
	text, err := json.MarshalIndent(map[string]any{"signal": s.ID, "rule": s.Rule, "kind": s.Kind, "finding": s.Finding, "counts": s.Counts, "measure": s.Measure}, "", " ")
	if err != nil {
		return "", err
	}
	it, err := d.screens.docket.Enter(ctx, system, moderation.Entry{Subject: s.Subject, Surface: string(screen.Input), Function: cmp.Or(s.Function, unspecified),
		Why:     moderation.Why{Judgement: s.ID, Action: policy.Review.String(), Findings: []moderation.Finding{{Rule: s.Rule, Category: riskCategory, Level: "review"}}, Policy: s.Version},
		Content: moderation.Content{Format: screening.FormatParts, Text: text}})
	return it.ID, err
}

// judged counts what became of what an account asked for. That it could not be counted is no reason to hold the judgement back.
func (s *Server) judged(ctx context.Context, item screen.Item, out screening.Outcome) {
	e := standing.Event{Subject: item.Subject, Function: item.Function, ID: out.ID}
	for _, f := range out.Findings {
		if f.Check == "person" && !slices.Contains(e.Targets, f.Feature) {
			e.Targets = append(e.Targets, f.Feature)
		}
	}
	switch {
	case item.Surface == screen.Output:
		return
	case out.Action == policy.Refuse && len(out.Findings) > 0: // what nobody could check is refused too, and is nobody's fault
		e.Kind, e.Category = standing.Refused, string(out.Findings[0].Category)
	case out.Action == policy.Allow || out.Action == policy.Label || out.Action == policy.Limit:
		e.Kind = standing.Passed
	case out.Action == policy.Review:
		e.Kind = standing.Held
	default:
		return
	}
	s.count(ctx, e)
}

// count counts an event, also where whoever asked went away.
func (s *Server) count(ctx context.Context, e standing.Event) {
	if _, err := s.standing.Note(context.WithoutCancel(ctx), e); err != nil {
		s.log.ErrorContext(ctx, "standing", "error", err)
	}
}

// admitter is how the production line asks whether an item may be published; nil lets everything be.
type admitter = func(context.Context, production.Asked) (context.Context, func(), error)

// counting is ask, and counts what it admits as a use of the function, with those who are depicted by the consents that were
// spent for it.
func (s *Server) counting(ask admitter) admitter {
	return func(ctx context.Context, a production.Asked) (context.Context, func(), error) {
		work, over := ctx, func() {}
		var err error
		if ask != nil {
			work, over, err = ask(ctx, a)
		}
		if err != nil || a.Again {
			return work, over, err
		}
		e := standing.Event{Kind: standing.Used, Subject: a.Subject, Function: cmp.Or(a.Use.Function, string(a.Function)), High: a.Function == stamp.Person || a.Function == stamp.Voice, ID: string(a.Number)}
		spent, err := ledgers.Of[consent.Token](s.store, "consent-token").Find(ctx, ledger.Query{Keys: []ledger.Key{{Name: "number", Value: e.ID}}})
		if err != nil {
			s.log.ErrorContext(ctx, "standing", "error", err)
		}
		for _, t := range spent {
			e.Faces = append(e.Faces, t.Subject)
		}
		s.count(ctx, e)
		return work, over, nil
	}
}

// ruled takes what a person decided about a held item over to the account: what was refused counts, and a measure that
// was asked for is proposed. It may be called again for the same.
func (s *Server) ruled(ctx context.Context, it moderation.Item) error {
	if it.State != moderation.Decided || it.Outcome == moderation.Release || it.Content == moderation.Erased || it.Subject == evidence.System {
		return nil
	}
	signal := slices.ContainsFunc(it.Why.Findings, func(f moderation.Finding) bool { return f.Category == riskCategory })
	if !signal && it.Surface != string(screen.Output) {
		if _, err := s.standing.Violated(ctx, it.Subject, it.Function, first(it.Why.Categories()), it.Why.Judgement); err != nil {
			return err
		}
	}
	if it.Outcome != moderation.RefuseMeasure {
		return nil
	}
	d := standing.Draft{Subject: it.Subject, Step: standing.Step(it.Measure), Ground: standing.Ground{Clauses: []colophon.Clause{colophon.ClauseDS10, colophon.ClauseGenAI14}}, Fact: standing.FactContent,
		Findings: []string{it.ID, it.Why.Judgement}, Origin: it.ID}
	if signal {
		d.Ground.Clauses, d.Fact = []colophon.Clause{colophon.ClauseAF22}, standing.FactUnusual
	}
	if !slices.Contains(standing.Steps(), d.Step) { // the word that the reviewer wrote stands in the item
		d.Step = standing.Warn
	}
	if d.Step == standing.Limit && it.Function == unspecified { // there is none to limit
		d.Step = standing.Warn
	} else if d.Step == standing.Limit {
		d.Function = it.Function
	}
	by := ledger.By{Role: evidence.Role(staff.Reviewer), ID: it.Opinions[len(it.Opinions)-1].By}
	_, err := s.standing.Propose(ctx, by, d)
	if isCode(err, standing.CodeUnknown) { // whom nobody knows can't be barred
		d.Step = standing.Close
		_, err = s.standing.Propose(ctx, by, d)
	}
	return err
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// persons knows who stands behind accounts.
type persons struct{ *Server }

// Person implements standing.People: by what was found to be right, not by what an account only claims.
func (p persons) Person(ctx context.Context, account evidence.Subject) (who standing.Person, err error) {
	found, _, err := p.identities.Verifications(ctx, ledger.Query{Subject: account, States: []string{string(identity.StateValid), string(identity.StateRecalled), string(identity.StateSuperseded)}})
	for _, e := range found {
		for _, k := range e.Keys {
			switch k.Name {
			case "number", "opaque":
				who.Numbers = append(who.Numbers, k.Value)
			case "phone":
				who.Phones = append(who.Phones, k.Value)
			}
		}
	}
	return who, err
}

// Recheck implements standing.People.
func (p persons) Recheck(ctx context.Context, by ledger.By, account evidence.Subject, reason colophon.Code) error {
	_, err := p.identities.Recheck(ctx, by, account, string(reason))
	return err
}

// known is how many records back the verifications are looked at when a server starts: those that a crash left unlooked at.
const known = 10000

// meet looks at verifications, whichever door they came through, until ctx ends: a barred person is found again, and guesses
// are counted. What fails is tried again.
func (s *Server) meet(ctx context.Context) {
	feed := ledgers.Feed(s.store)
	head, err := feed.Head(ctx)
	for after := head - min(head, known); ; after, err = s.acquaint(ctx, feed, after) {
		if err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "standing", "error", err)
		}
		if wait(ctx, refreshEvery) != nil {
			return
		}
	}
}

// acquaint looks at the verifications after a record, and returns as far as it came.
func (s *Server) acquaint(ctx context.Context, feed ledger.Feed, after uint64) (uint64, error) {
	changes, err := feed.Changes(ctx, after, sweepPage)
	for _, c := range changes {
		if c.Ledger == identity.VerificationLedger {
			v, err := s.identities.Verification(ctx, c.ID)
			if err != nil {
				return min(after, c.Sequence-1), err // others of the same record may have been looked at
			}
			switch fresh := time.Since(v.Changed) < settling; {
			case v.State == string(identity.StateValid):
				_, err = s.standing.Meet(ctx, v.Subject)
			case v.State == string(identity.StateFailed) && fresh:
				_, err = s.standing.Note(ctx, standing.Event{Kind: standing.Unverified, Subject: v.Subject, ID: v.ID})
			}
			if err != nil {
				return min(after, c.Sequence-1), err
			}
		}
		after = c.Sequence
	}
	return after, err
}
