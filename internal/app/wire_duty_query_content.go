package app

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/probe"
	"github.com/colophon-project/colophon/internal/store/policies"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/stamp"
)

type artefactNumber = artefact.Number

func contentQueries() map[string]query {
	return map[string]query{
		"judged": (*Server).seeJudged, "source-units": (*Server).seeSourceUnits, "label-read-back": (*Server).seeLabels, "deliveries-logged": (*Server).seeDeliveries,
		"notice-measured": (*Server).seeNotices, "notice-offered": (*Server).seeOffers, "uploads-told": (*Server).seeUploads, "declaration-asked": (*Server).seeDeclarations,
		"copies-logged": (*Server).seeCopies,
	}
}

// marked lists the newest items that left.
func (s *Server) marked(ctx context.Context, limit int) ([]artefact.Artefact, error) {
	list, _, err := s.register.Find(ctx, artefact.Query{States: []artefact.State{artefact.Marked}, Newest: true, Limit: limit}, "", limit)
	return list, err
}

// ownSubjects are those of the accounts for which the program itself asks, by probes and assessment runs. What it planted shows
// nothing of what people do.
func (s *Server) ownSubjects(ctx context.Context) (map[evidence.Subject]bool, error) {
	own := map[evidence.Subject]bool{}
	for _, account := range []string{probe.Stranger, probe.Stopped, probe.Verified, runAccount} {
		subject, err := s.accounts.Find(ctx, account)
		if err != nil {
			return nil, err
		}
		if subject != "" {
			own[subject] = true
		}
	}
	return own, nil
}

// weighing looks at one item. It says false of an item that is not what the query is about.
type weighing func(a artefact.Artefact, m production.Marks) (colophon.Verdict, bool, error)

// weigh looks at the newest items that were marked, one by one.
func (s *Server) weigh(ctx context.Context, fn weighing) (saw, error) {
	return s.weighIn(ctx, []artefact.State{artefact.Marked}, fn)
}

// weighIn looks at the newest items in some states.
func (s *Server) weighIn(ctx context.Context, states []artefact.State, fn weighing) (saw, error) {
	own, err := s.ownSubjects(ctx)
	if err != nil {
		return saw{}, err
	}
	var c count
	seen := 0
	for after := artefact.Cursor(""); ; {
		list, next, err := s.register.Find(ctx, artefact.Query{States: states, Newest: true}, after, 4*querySample)
		if err != nil {
			return saw{}, err
		}
		for _, a := range list {
			if own[a.Account] {
				continue
			}
			var m production.Marks
			if err := json.Unmarshal(a.Marks, &m); err != nil {
				return saw{}, err
			}
			v, about, err := fn(a, m)
			if err != nil {
				return saw{}, err
			}
			if about {
				c.look(string(a.Number), v)
			}
			if seen++; c.looked == querySample || seen == 10*querySample {
				return c.saw(), nil
			}
		}
		if after = next; next == "" {
			return c.saw(), nil
		}
	}
}

// seeJudged looks whether what was made was judged before it left.
func (s *Server) seeJudged(ctx context.Context, _ time.Time) (saw, error) {
	return s.weigh(ctx, func(a artefact.Artefact, _ production.Marks) (colophon.Verdict, bool, error) {
		list, err := s.about(ctx, string(a.Number))
		judged := slices.IndexFunc(list, func(h evidence.Held) bool { return h.Type == screen.RecordJudged || h.Type == screen.RecordOpened })
		left := slices.IndexFunc(list, func(h evidence.Held) bool { return h.Type == artefact.RecordDelivered })
		return good(judged >= 0 && (left < 0 || list[judged].Sequence < list[left].Sequence)), true, err
	})
}

// seeSourceUnits looks at judgements that found news: what passed did so for its source, or by a person.
func (s *Server) seeSourceUnits(ctx context.Context, now time.Time) (saw, error) {
	list, err := policies.New(s.store).Past(ctx, policy.PastQuery{From: now.AddDate(-1, 0, 0), To: now, Category: string(screen.News), Surface: string(screen.Output), WithFacts: true, Limit: querySample})
	var c count
	for _, j := range list {
		bare := slices.ContainsFunc(j.Facts, func(f policy.Fact) bool { return f.Category == string(screen.News) && f.How != "sourced" })
		c.look(j.ID, good(!bare || j.Action != policy.Allow))
	}
	return c.saw(), err
}

// seeLabels looks whether one label with its fields was read back from each item.
func (s *Server) seeLabels(ctx context.Context, _ time.Time) (saw, error) {
	return s.weigh(ctx, func(_ artefact.Artefact, m production.Marks) (colophon.Verdict, bool, error) {
		f := m.Label.Fields
		return good((m.Label.Place != "" || m.Sidecar != "") && f.Label != "" && f.ContentProducer != "" && f.ProduceID != ""), true, nil
	})
}

// seeDeliveries looks whether making and handing out are on record, for long enough.
func (s *Server) seeDeliveries(ctx context.Context, _ time.Time) (saw, error) {
	if s.set.KeepLogs < logMonths {
		return shortPeriod(s.set.KeepLogs, logMonths), nil
	}
	return s.weigh(ctx, func(a artefact.Artefact, _ production.Marks) (colophon.Verdict, bool, error) {
		list, err := s.about(ctx, string(a.Number))
		if err != nil {
			return colophon.Unknown, true, err
		}
		has := func(typ evidence.Type) bool {
			return slices.ContainsFunc(list, func(h evidence.Held) bool { return h.Type == typ })
		}
		handed, _, err := s.register.Deliveries(ctx, artefact.DeliveryQuery{Number: a.Number, Limit: 1}, "", 1)
		made := has(artefact.RecordAnswered) || has(artefact.RecordMarked)
		told := len(handed) == 0 || has(artefact.RecordDelivered) || has(artefact.RecordAnswered)
		return good(made && told), true, err
	})
}

// must reports whether a function's items need the visible notice.
func must(f stamp.Function) (bool, error) {
	p, err := f.Policy()
	return p.Required, err
}

// seeNotices looks whether the notice that an item needs was found on it when it was read back.
func (s *Server) seeNotices(ctx context.Context, _ time.Time) (saw, error) {
	return s.weigh(ctx, func(_ artefact.Artefact, m production.Marks) (colophon.Verdict, bool, error) {
		needed, err := must(m.Policy.Function)
		if m.Copy != "" { // handed out without it, as Labelling Measures Art. 9 allows
			needed = false
		}
		return good(slices.Contains([]stamp.State{stamp.Put, stamp.There, stamp.Around}, m.Notice.State)), needed, err
	})
}

// seeOffers looks whether the notice was offered where none is needed.
func (s *Server) seeOffers(ctx context.Context, _ time.Time) (saw, error) {
	return s.weigh(ctx, func(_ artefact.Artefact, m production.Marks) (colophon.Verdict, bool, error) {
		needed, err := must(m.Policy.Function)
		return good(m.Notice.State != stamp.Omitted && m.Notice.State != ""), !needed && m.Copy == "", err
	})
}

// taken looks at the newest uploads.
func (s *Server) taken(ctx context.Context, fn func(intake.Entry) bool) (saw, error) {
	own, err := s.ownSubjects(ctx)
	if err != nil {
		return saw{}, err
	}
	list, _, err := s.uploads.line.Page(ctx, ledger.Query{Newest: true, Limit: 4 * querySample})
	var c count
	for _, e := range list {
		if !own[e.Subject] && c.looked < querySample {
			c.look(e.ID, good(fn(e)))
		}
	}
	return c.saw(), err
}

// seeUploads looks whether each upload was told apart, and what generated ones were given.
func (s *Server) seeUploads(ctx context.Context, _ time.Time) (saw, error) {
	return s.taken(ctx, func(e intake.Entry) bool {
		switch intake.State(e.State) {
		case intake.None:
			return true
		case intake.Confirmed, intake.Possible, intake.Suspected:
			return e.Value.Number != "" && e.Value.Action != ""
		}
		return false
	})
}

// seeDeclarations looks whether uploaders were asked.
func (s *Server) seeDeclarations(ctx context.Context, _ time.Time) (saw, error) {
	return s.taken(ctx, func(e intake.Entry) bool { return e.Value.Asked })
}

// seeCopies looks at copies without the notice: their terms, their recipient, and how long the log is kept.
func (s *Server) seeCopies(ctx context.Context, _ time.Time) (saw, error) {
	list, _, err := s.copies.keeper.Copies(ctx, copies.Filter{States: []copies.State{copies.Handed}, Limit: querySample})
	var c count
	for _, one := range list {
		h := one.Handing
		c.look(one.ID, good(h != nil && one.Duty != "" && one.Recipient != "" && !h.Until.Before(h.At.AddDate(0, logMonths, 0))))
	}
	return c.saw(), err
}
