package app

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/consent/prompt"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/standing"
)

func accountQueries() map[string]query {
	return map[string]query{
		"measures-recorded": (*Server).seeMeasures, "guardian-consent": (*Server).seeGuardians, "assessments-kept": (*Server).seeAssessments, "label-terms": (*Server).seeLabelTerms,
		"texts-accepted": (*Server).seeAccepted, "identity-held": (*Server).seeIdentities, "consent-covered": (*Server).seeCovered, "prompt-shown": (*Server).seePrompts,
	}
}

// seeIdentities looks whether the account of each item had a verification when it was made. Of who was erased nothing is asked.
func (s *Server) seeIdentities(ctx context.Context, _ time.Time) (saw, error) {
	return s.weighIn(ctx, []artefact.State{artefact.Marked, artefact.Delivered}, func(a artefact.Artefact, _ production.Marks) (colophon.Verdict, bool, error) {
		if a.Account == "" {
			return colophon.Unknown, false, nil
		}
		list, _, err := s.identities.Verifications(ctx, ledger.Query{Subject: a.Account, Newest: true})
		return good(slices.ContainsFunc(list, func(e identity.Entry) bool { return stood(e.Value, a.Created) })), true, err
	})
}

// stood reports whether a verification stood for somebody at a time.
func stood(v identity.Verification, at time.Time) bool {
	over := func(end time.Time) bool { return !end.IsZero() && !end.After(at) }
	return v.Result == identity.Match && !v.Decided.IsZero() && !v.Decided.After(at) && !over(v.Until) && !over(v.Recalled)
}

// seeAccepted looks whether the account of each item had accepted by then what was in force then.
func (s *Server) seeAccepted(ctx context.Context, _ time.Time) (saw, error) {
	published, err := s.agreements.Published(ctx)
	if err != nil {
		return saw{}, err
	}
	return s.weighIn(ctx, []artefact.State{artefact.Marked, artefact.Delivered}, func(a artefact.Artefact, _ production.Marks) (colophon.Verdict, bool, error) {
		then := slices.DeleteFunc(agreement.InForce(published, a.Created), func(e agreement.Entry) bool { return e.Value.Audience != agreement.Users })
		if a.Account == "" || len(then) == 0 {
			return colophon.Unknown, false, nil
		}
		accepted, err := s.agreements.Accepted(ctx, a.Account)
		accepted = slices.DeleteFunc(accepted, func(one agreement.Acceptance) bool { return one.At.After(a.Created) })
		return good(len(agreement.Owing(then, accepted, agreement.Users)) == 0), true, err
	})
}

// likeness says of how many people an item uses the likeness, and whether its function edits it. One of a face or voice of which
// nobody named the function is about it too: whether it edits, and how many people it shows where nobody said, can't be told.
func (s *Server) likeness(ctx context.Context, a artefact.Artefact, m production.Marks) (people int, edited, untold bool, err error) {
	var use production.Use
	if m.Policy.Use != nil {
		use = *m.Policy.Use
	}
	t, of, err := s.target(ctx, a.Account, a.Number, m.Policy.Function, use)
	people, edited = use.Depicted, len(of) > 0
	if edited {
		people = max(people, 1)
	}
	return people, edited, use.Function == "" && (t.Biometric || people > 0), err
}

// seeCovered looks whether a consent was spent for each person whose likeness an item uses. One is spent only where it covers the use.
func (s *Server) seeCovered(ctx context.Context, _ time.Time) (saw, error) {
	return s.weigh(ctx, s.covered(ctx))
}

func (s *Server) covered(ctx context.Context) weighing {
	return func(a artefact.Artefact, m production.Marks) (colophon.Verdict, bool, error) {
		people, _, untold, err := s.likeness(ctx, a, m)
		if err != nil || people == 0 {
			return colophon.Unknown, untold, err
		}
		spent, err := s.consents.Spent(ctx, string(a.Number), consent.Use{})
		asked := map[string]bool{}
		for _, g := range spent {
			asked[cmp.Or(string(g.Subject), g.Consent)] = true // nobody is left of a person who was erased
		}
		return good(len(asked) >= people), true, err
	}
}

// seePrompts looks whether the user of each item of a function that edits likeness had acknowledged the prompt by then.
func (s *Server) seePrompts(ctx context.Context, _ time.Time) (saw, error) {
	return s.weigh(ctx, s.prompted(ctx))
}

func (s *Server) prompted(ctx context.Context) weighing {
	return func(a artefact.Artefact, m production.Marks) (colophon.Verdict, bool, error) {
		_, edited, untold, err := s.likeness(ctx, a, m)
		if err != nil || !edited || a.Account == "" {
			return colophon.Unknown, untold, err
		}
		list, _, err := s.ahead.prompt.Showings(ctx, prompt.Query{Account: a.Account, Function: m.Policy.Use.Function, State: prompt.Acknowledged})
		return good(slices.ContainsFunc(list, func(e prompt.Entry) bool { return !e.Value.Acknowledged.After(a.Created) })), true, err
	}
}

// seeLabelTerms looks whether the agreement about labels is in force, and whether those who were let in had accepted what is.
func (s *Server) seeLabelTerms(ctx context.Context, now time.Time) (saw, error) {
	current, err := s.agreements.Current(ctx)
	if err != nil {
		return saw{}, err
	}
	there := slices.ContainsFunc(current, func(e agreement.Entry) bool {
		return e.Value.Audience == agreement.Users && e.Value.Kind == agreement.LabelMethods && e.Value.Texts.In("zh") != ""
	})
	if !there {
		return saw{verdict: colophon.Failed, code: sawAmiss, looked: 1, amiss: []string{string(agreement.LabelMethods)}, args: colophon.Args{"looked": "1", "amiss": "1"}}, nil
	}
	return s.seeAccepted(ctx, now)
}

// seeMeasures looks whether measures have a ground, an end where they are not for good, and a way to appeal.
func (s *Server) seeMeasures(ctx context.Context, _ time.Time) (saw, error) {
	list, _, err := s.standing.Measures(ctx, standing.Filter{States: []standing.State{standing.Active, standing.Ended, standing.Lifted}, Limit: querySample})
	var c count
	for _, m := range list {
		endless := slices.Contains([]standing.Step{standing.Remind, standing.Warn, standing.Close, standing.Bar}, m.Step)
		c.look(m.ID, good((len(m.Ground.Clauses) > 0 || m.Ground.Terms != "") && (endless || !m.Until.IsZero()) && m.Appeal != ""))
	}
	return c.saw(), err
}

// seeGuardians looks at the newest consents for children: a guardian gave each, and the evidence of that was confirmed.
func (s *Server) seeGuardians(ctx context.Context, _ time.Time) (saw, error) {
	var c count
	err := every(func(after string) ([]consent.Entry, string, error) {
		return s.consents.Consents(ctx, consent.Query{States: []consent.State{consent.Given}, After: after, Limit: 500})
	}, func(e consent.Entry) error {
		v := e.Value
		if v.Person == consent.Minor {
			c.look(e.ID, good(v.Grantor == consent.Guardian && v.Relation != nil && v.Relation.State == consent.RelationConfirmed))
		}
		if c.looked == querySample {
			return errEnough
		}
		return nil
	})
	return c.saw(), err
}

// seeAssessments looks whether records of assessments are there, and kept as long as assessments are.
func (s *Server) seeAssessments(ctx context.Context, _ time.Time) (saw, error) {
	if s.set.KeepReviews < assessmentMonths {
		return shortPeriod(s.set.KeepReviews, assessmentMonths), nil
	}
	list, err := s.newest(ctx, assessment.RecordProposed, querySample)
	var c count
	for _, h := range list {
		var any json.RawMessage
		there, failed := s.told(ctx, h.ID, &any)
		if failed != nil {
			return saw{}, failed
		}
		c.look(h.ID, good(there && h.Class == evidence.ClassAssessment))
	}
	found := c.saw()
	if found.args != nil {
		found.args["months"] = strconv.Itoa(s.set.KeepReviews)
	}
	return found, err
}
