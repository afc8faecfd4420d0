package app

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/standing"
)

// Names of conditions of admission, as decisions have them.
const (
	onIdentity   = "identity"
	onAgreements = "agreements"
	onConsent    = "consent"
	onPrompt     = "prompt"
)

func accountQueries() map[string]query {
	return map[string]query{
		"measures-recorded": (*Server).seeMeasures, "guardian-consent": (*Server).seeGuardians, "assessments-kept": (*Server).seeAssessments, "label-terms": (*Server).seeLabelTerms,
		"texts-accepted": func(s *Server, ctx context.Context, _ time.Time) (saw, error) {
			return s.admitted(ctx, onAgreements, func(q admission.Question) bool { return q.Account != evidence.System })
		},
		"identity-held": func(s *Server, ctx context.Context, _ time.Time) (saw, error) {
			return s.admitted(ctx, onIdentity, func(q admission.Question) bool { return q.Act == admission.Publish })
		},
		"consent-covered": func(s *Server, ctx context.Context, _ time.Time) (saw, error) {
			return s.admitted(ctx, onConsent, func(q admission.Question) bool { return q.Depicted > 0 })
		},
		"prompt-shown": func(s *Server, ctx context.Context, _ time.Time) (saw, error) {
			return s.admitted(ctx, onPrompt, func(q admission.Question) bool { return q.Depicted > 0 })
		},
	}
}

// decided is what of the record of a decision is looked at. It names verdicts.
type decided struct {
	Question admission.Question `json:"question"`
	Decision struct {
		Allow      bool `json:"allow"`
		Conditions []struct {
			Name    string `json:"name"`
			Verdict string `json:"verdict"`
		} `json:"conditions"`
	} `json:"decision"`
}

// held says whether a condition held. Of one that the decision does not name nothing can be told.
func (d decided) held(name string) colophon.Verdict {
	for _, c := range d.Decision.Conditions {
		for _, v := range []colophon.Verdict{colophon.Passed, colophon.Failed} {
			if c.Name == name && c.Verdict == v.String() {
				return v
			}
		}
	}
	return colophon.Unknown
}

// admitted looks at the newest decisions that let something happen: whether a condition held then. A decision that does not
// name the condition shows nothing of it.
func (s *Server) admitted(ctx context.Context, name string, about func(admission.Question) bool) (saw, error) {
	list, err := s.newest(ctx, admission.RecordDecided, 10*querySample)
	if err != nil {
		return saw{}, err
	}
	var c count
	for _, h := range list {
		var kept decided
		ok, err := s.told(ctx, h.ID, &kept)
		if err != nil {
			return saw{}, err
		}
		if !ok || !about(kept.Question) {
			continue // what was erased tells nothing any more
		}
		if !kept.Decision.Allow {
			continue
		}
		if c.look(h.ID, kept.held(name)); c.looked == querySample {
			break
		}
	}
	return c.saw(), nil
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
	return accountQueries()["texts-accepted"](s, ctx, now)
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

// seeGuardians looks at consents for children: a guardian gave each, and the evidence of that was confirmed.
func (s *Server) seeGuardians(ctx context.Context, _ time.Time) (saw, error) {
	var c count
	err := every(func(after string) ([]consent.Entry, string, error) {
		return s.consents.Consents(ctx, consent.Query{States: []consent.State{consent.Given}, After: after, Limit: 500})
	}, func(e consent.Entry) error {
		if v := e.Value; v.Person == consent.Minor {
			c.look(e.ID, good(v.Grantor == consent.Guardian && v.Relation != nil && v.Relation.State == consent.RelationConfirmed))
		}
		return nil
	})
	found := c.saw()
	found.sample = found.sample[:min(len(found.sample), querySample)]
	return found, err
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
