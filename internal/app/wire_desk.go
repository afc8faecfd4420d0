package app

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/desk/parcel"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/tallies"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/moderation"
)

// Types of events about cases.
const (
	eventDecided  = "desk.decided"
	eventBreached = "desk.breached"
	eventReversed = "desk.reversed"
)

// appealPath is where decisions are appealed when no other place is set.
const appealPath = "/case"

// cases are the desk and what belongs to it.
type cases struct {
	desk   *desk.Desk
	limits *limits.Keeper
	// parcels are the packages of people's own data.
	parcels *parcel.Keeper
}

func (s *Server) openDesk(context.Context) error {
	secret, err := hkdf.Key(sha256.New, s.keys.Accounts, nil, "colophon cases", sha256.Size)
	if err != nil {
		return err
	}
	triage, err := desk.DefaultTriage()
	if err != nil {
		return err
	}
	calendar, err := workday.Known()
	if err != nil {
		return err
	}
	more, err := given(s.set.Holidays, workday.Known, workday.Parse)
	if err != nil {
		return err
	}
	if s.cases.limits, err = limits.NewKeeper(ledgers.Of[limits.Version](s.store, limits.Ledger), s.recorder, desk.KindNames()); err != nil {
		return err
	}
	if err := s.openParcels(); err != nil {
		return err
	}
	place := s.set.Appeal
	if place == "" {
		place = s.set.PublicURL + appealPath
	}
	retention, err := s.set.retention()
	if err != nil {
		return err
	}
	s.cases.desk, err = desk.New(desk.Config{Cases: ledgers.Joined(s.store, desk.Ledger, s.tellCases), Recorder: s.recorder, Keys: s.keys.Envelopes, Limits: s.cases.limits, Calendar: calendar.With(more),
		Triage: triage, Secret: secret, Random: rand.Reader, Buckets: tallies.New(s.store), Finder: finder{s}, Actor: actor{s}, Origins: origins{s}, AppealAt: place,
		Ends: func(over time.Time) time.Time { return retention.Until(evidence.ClassLog, over) }, Held: s.held})
	return err
}

// held reports whether the data of somebody is on hold.
func (s *Server) held(ctx context.Context, subject evidence.Subject) (bool, error) {
	a, err := s.store.EraseAhead(ctx, subject)
	return a.Held, err
}

// sweepCases does what is due with cases.
func (s *Server) sweepCases(ctx context.Context) error {
	_, err := s.cases.desk.Sweep(ctx)
	return err
}

// tellCases tells of decisions and of limits that were missed. The same event has the same identifier, so that it is told once.
func (s *Server) tellCases(ctx context.Context, tx *store.Tx, list []desk.Entry) error {
	for _, e := range list {
		c := e.Value
		if err := s.enqueueReported(ctx, tx, e); err != nil {
			return err
		}
		data := map[string]any{"case": e.ID, "kind": c.Kind, "numbers": c.About.Numbers, "account": c.About.Account}
		if d := c.Decision; d != nil && fresh(d.At, e) && s.uploads.hooks.Wants(eventDecided) {
			var deeds []desk.Deed
			for _, a := range c.Actions {
				if a.Undoes == "" {
					deeds = append(deeds, a.Deed)
				}
			}
			data["outcome"], data["deeds"], data["appeal_of"] = d.Outcome, deeds, c.AppealOf
			if err := s.enqueue(ctx, tx, kindEvent, webhook.Event{ID: e.ID + "-decided", Type: eventDecided, At: d.At, Data: data}); err != nil {
				return err
			}
		}
		for _, b := range c.Breaches {
			if !fresh(b.At, e) || !s.uploads.hooks.Wants(eventBreached) {
				continue
			}
			missed := map[string]any{"case": e.ID, "kind": c.Kind, "step": b.Step, "due": b.Due}
			if err := s.enqueue(ctx, tx, kindEvent, webhook.Event{ID: e.ID + "-" + string(b.Step), Type: eventBreached, At: b.At, Data: missed}); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh reports whether something may have happened with the last change of a case.
func fresh(at time.Time, e desk.Entry) bool { return e.Changed.Sub(at) < time.Second }

// origins knows who decided elsewhere.
type origins struct{ *Server }

// Deciders implements desk.Origins. No person decides a judgement by itself. Of a consent it is whoever of the staff did something
// with it.
func (o origins) Deciders(ctx context.Context, about desk.About) ([]string, error) {
	var list []string
	if about.Measure != "" {
		m, err := o.standing.Measure(ctx, about.Measure)
		if err != nil {
			return nil, err
		}
		list = append(list, m.By.ID)
		for _, d := range m.Deciders {
			list = append(list, d.ID)
		}
	}
	for _, q := range []moderation.Query{{ID: about.Held}, {Judgement: about.Judgement}} {
		if q.ID == "" && q.Judgement == "" {
			continue
		}
		items, _, err := o.screens.docket.Items(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			for _, opinion := range it.Opinions {
				list = append(list, opinion.By)
			}
		}
	}
	if about.Consent != "" {
		e, err := o.consents.Consent(ctx, about.Consent)
		if err != nil {
			return nil, err
		}
		for _, ev := range e.Value.Events {
			if ev.Role != "application" && ev.Role != system {
				list = append(list, ev.By)
			}
		}
	}
	reviewed, err := o.reviewers(ctx, about.Numbers)
	if err != nil {
		return nil, err
	}
	list = append(list, reviewed...)
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(id string) bool { return id == "" }), nil
}

// reviewers are those who decided about items that waited for a person.
func (o origins) reviewers(ctx context.Context, numbers []string) (list []string, err error) {
	for _, n := range numbers {
		items, _, err := o.screens.docket.Items(ctx, moderation.Query{About: n})
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			for _, opinion := range it.Opinions {
				list = append(list, opinion.By)
			}
		}
	}
	return list, nil
}

// holders are the pseudonyms of those to whom an item was handed out, and of keys and staff.
func (s *Server) holders(ctx context.Context, number string) ([]string, error) {
	var list []string
	for after := artefact.Cursor(""); ; {
		page, next, err := s.register.Deliveries(ctx, artefact.DeliveryQuery{Number: artefact.Number(number)}, after, artefact.MaxPage)
		for _, d := range page {
			if d.To != "" && !slices.Contains(list, d.To) {
				list = append(list, d.To)
			}
		}
		if err != nil || next == "" || len(list) >= maxHolders {
			return list, err
		}
		after = next
	}
}

// maxHolders is how many holders an event names.
const maxHolders = 1000
