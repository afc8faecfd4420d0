package register

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

// Names of conditions.
const (
	OnAgreement  = "agreement"
	OnAssessment = "assessment"
	OnFiling     = "filing"
	OnConsent    = "consent-level"
	OnNotice     = "notice-policy"
	OnSecurity   = "security-assessment"
)

// ConditionNames returns the names of all conditions.
func ConditionNames() []string {
	return []string{OnAgreement, OnAssessment, OnFiling, OnConsent, OnNotice, OnSecurity}
}

// Function returns what admission has to know of a function. What could not be told is in the conditions, not in the error.
func (r *Register) Function(ctx context.Context, id string) (Snapshot, error) {
	e, err := r.functions.Get(ctx, id)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{ID: e.ID, State: State(e.State), Function: e.Value}
	s.Conditions, _ = r.conditions(ctx, e)
	for _, c := range s.Conditions {
		s.Until = sooner(s.Until, c.Until)
		if c.Waiver != nil {
			s.Until = sooner(s.Until, c.Waiver.Until)
		}
	}
	return s, nil
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// conditions looks at all conditions of a function. The error says why some could not be told.
func (r *Register) conditions(ctx context.Context, e Entry) ([]Condition, error) {
	f := e.Value
	service, serviceErr := r.services.Get(ctx, f.Service)
	kind, _, _ := r.kind(f.Kind)
	agreement, agreementErr := r.onAgreement(ctx, f)
	assessment, assessmentErr := r.onAssessment(ctx, e.ID, f)
	list := []Condition{agreement, assessment, f.onFiling(service.Value), f.onConsent(kind), f.onNotice(), f.onSecurity(service.Value, r.functions.Now())}
	for i := range list {
		if c := &list[i]; serviceErr != nil && (c.Name == OnFiling || c.Name == OnSecurity) {
			*c = untold(c.Name, c.Clause)
		}
		for _, w := range f.Waivers {
			if w.Condition == list[i].Name && w.Facts == f.Facts && w.Until.After(r.functions.Now()) {
				list[i].Waiver = &w
			}
		}
	}
	return list, errors.Join(serviceErr, agreementErr, assessmentErr)
}

func untold(name string, clause colophon.Clause) Condition {
	return Condition{Name: name, Clause: clause, Verdict: colophon.Unknown, Code: CodeUntold}
}

// onAgreement: the texts for users are in force, and where somebody else's model stands behind the function those for
// technical supporters too.
func (r *Register) onAgreement(ctx context.Context, f Function) (Condition, error) {
	audiences := []string{"users"}
	if slices.ContainsFunc(f.Models, func(m Model) bool { return !m.Own }) {
		audiences = append(audiences, "supporters")
	}
	c := Condition{Name: OnAgreement, Clause: colophon.ClauseDS8, Verdict: colophon.Passed}
	for _, audience := range audiences {
		ok, err := r.agreed.Agreed(ctx, audience)
		if err != nil {
			return untold(c.Name, c.Clause), err
		}
		if !ok {
			c.Verdict, c.Code = colophon.Failed, CodeNoAgreement
		}
	}
	return c, nil
}

// onAssessment: an impact assessment covers a function that makes or edits faces or voices.
func (r *Register) onAssessment(ctx context.Context, id string, f Function) (Condition, error) {
	c := Condition{Name: OnAssessment, Clause: colophon.ClausePIPL55, Verdict: colophon.Passed}
	if !f.Biometric() {
		c.Exempt = true
		return c, nil
	}
	v, until, err := r.assessed.Assessed(ctx, id, f.Facts)
	switch {
	case err != nil || v == colophon.Unknown:
		return untold(c.Name, c.Clause), err
	case v != colophon.Passed:
		c.Verdict, c.Code = colophon.Failed, CodeNoAssessment
	default:
		c.Until = until
	}
	return c, nil
}

// onFiling: the algorithm is filed, or need not be, and so are the models of third parties. What was submitted is not
// decided yet.
func (f Function) onFiling(service Service) Condition {
	c := Condition{Name: OnFiling, Clause: colophon.ClauseDS19, Verdict: colophon.Passed}
	switch f.Filing.State {
	case FilingDone, FilingChanged:
		if n, err := CheckFiling(f.Filing.Number); err != nil || !n.Fits() {
			c.Verdict, c.Code = colophon.Unknown, CodeFilingDoubt
		}
	case FilingNeedless:
		c.Exempt = !service.Opinion
		if service.Opinion {
			c.Verdict, c.Code = colophon.Failed, CodeFilingNeeded
		}
	case FilingSubmitted:
		c.Verdict, c.Code, c.Args = colophon.Unknown, CodeNoFiling, colophon.Args{"state": string(f.Filing.State)}
	default:
		c.Verdict, c.Code, c.Args = colophon.Failed, CodeNoFiling, colophon.Args{"state": string(f.Filing.State)}
	}
	for _, m := range f.Models {
		if c.Verdict == colophon.Passed && !m.Own && m.Number == "" {
			c.Verdict, c.Exempt, c.Code, c.Args = colophon.Unknown, false, CodeModelUnfiled, colophon.Args{"model": m.Name}
		}
	}
	return c
}

// onConsent: a function that edits likenesses asks for the level that its kind needs.
func (f Function) onConsent(k Kind) Condition {
	c := Condition{Name: OnConsent, Clause: colophon.ClauseDS14, Verdict: colophon.Passed, Exempt: len(f.Likeness) == 0}
	if least := k.least(f); slices.Index(consents, f.Consent) < slices.Index(consents, least) {
		c.Verdict, c.Code, c.Args = colophon.Failed, CodeConsentLow, colophon.Args{"least": least}
	}
	return c
}

// onNotice: all but the functions of Art. 17 ¶2 put a notice on everything that nobody asked to have without one.
func (f Function) onNotice() Condition {
	c := Condition{Name: OnNotice, Clause: colophon.ClauseDS17, Verdict: colophon.Passed}
	if f.Notice.Policy == "" || !f.Notice.Method.whole() || f.Notice.Policy == "offered" && f.Class != "assist" {
		c.Verdict, c.Code = colophon.Failed, CodeNoticePolicy
	}
	return c
}

// onSecurity: the security assessment was made of the function as it is. Faces, voices and what is of high risk need one
// (Art. 15), and so do services that can form opinion (Art. 20).
func (f Function) onSecurity(service Service, now time.Time) Condition {
	c := Condition{Name: OnSecurity, Clause: colophon.ClauseDS15, Verdict: colophon.Passed}
	if service.Opinion {
		c.Clause = colophon.ClauseDS20
	}
	switch s := f.Security; {
	case !f.High() && !service.Opinion:
		c.Exempt = true
	case s.Done.IsZero():
		c.Verdict, c.Code = colophon.Failed, CodeNoSecurity
	case s.Facts != f.Facts || !s.Until.IsZero() && !s.Until.After(now):
		c.Verdict, c.Code = colophon.Failed, CodeSecurityStale
	default:
		c.Until = s.Until
	}
	return c
}

// unmet returns the conditions that keep a function from being live.
func unmet(list []Condition) []Condition {
	return slices.DeleteFunc(slices.Clone(list), Condition.Met)
}

func names(list []Condition) []string {
	var words []string
	for _, c := range list {
		words = append(words, c.Name)
	}
	return words
}

// refuse is the error that a function can't be live.
func refuse(id string, list []Condition, err error) error {
	e := &colophon.Error{Kind: colophon.Refused, Code: CodeUnmet, Args: colophon.Args{"function": id, "conditions": strings.Join(names(list), ", ")}, Err: err}
	for _, c := range list {
		e.Clauses = append(e.Clauses, c.Clause)
	}
	return e
}
