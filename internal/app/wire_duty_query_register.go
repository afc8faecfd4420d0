package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/filing"
	"github.com/colophon-project/colophon/review/security"
)

// What queries about functions saw, as sentences.
const (
	sawTextNone  colophon.Code = "duty-saw-text-none"  // no such text is published
	sawNoSession colophon.Code = "duty-saw-no-session" // the measures are published; sessions of minors are not told apart here
)

func registerQueries() map[string]query {
	held := func(names ...string) query {
		return func(s *Server, ctx context.Context, _ time.Time) (saw, error) { return s.conditions(ctx, names...) }
	}
	return map[string]query{
		"impact-assessed": held(register.OnAssessment), "security-assessed": (*Server).seeSecurity, "filings-current": (*Server).seeFilings,
		"purposes-published": (*Server).seePurposes, "minors-guarded": (*Server).seeMinors,
		"filing-shown": (*Server).seeFilingShown, "label-materials": (*Server).seeLabelMaterials,
	}
}

// live goes through the functions that are live.
func (s *Server) live(ctx context.Context, fn func(register.Snapshot) error) error {
	return every(func(after string) ([]register.Entry, string, error) {
		return s.functions.Functions(ctx, register.Query{States: []register.State{register.Live}, After: after, Limit: 200})
	}, func(e register.Entry) error {
		shot, err := s.functions.Function(ctx, e.ID)
		if err != nil {
			return err
		}
		return fn(shot)
	})
}

// conditions looks whether conditions hold for every live function of which they are asked. A condition that was waived does not.
func (s *Server) conditions(ctx context.Context, names ...string) (saw, error) {
	var c count
	err := s.live(ctx, func(f register.Snapshot) error {
		for _, one := range f.Conditions {
			if slices.Contains(names, one.Name) && !one.Exempt {
				c.look(f.ID, one.Verdict)
			}
		}
		return nil
	})
	return c.saw(), err
}

// seeSecurity looks whether every live function that needs a security assessment has one here that asked live records of it as
// it is, and that another person approved; of a tool for faces or voices, or another risky one, its head of tools has to have
// passed too. Of one that is in the register alone, and was made elsewhere, it can't be told.
func (s *Server) seeSecurity(ctx context.Context, _ time.Time) (saw, error) {
	covered, tools := map[string]bool{}, map[string]bool{} // by function and its facts
	for _, state := range []security.State{security.Approved, security.Filed} {
		err := every(func(after string) ([]security.Entry, string, error) {
			return s.oversight.security.Assessments(ctx, state, after, 100)
		}, func(e security.Entry) error {
			passed := slices.ContainsFunc(e.Value.Results(), func(r security.HeadResult) bool {
				return r.Group == "tools" && r.State == colophon.Passed.String()
			})
			for id, facts := range e.Value.Rests.Models {
				covered[id+"/"+facts] = true
				tools[id+"/"+facts] = passed || tools[id+"/"+facts]
			}
			return nil
		})
		if err != nil {
			return saw{}, err
		}
	}
	var c count
	err := s.live(ctx, func(f register.Snapshot) error {
		for _, one := range f.Conditions {
			if one.Name != register.OnSecurity || one.Exempt {
				continue
			}
			v, as := one.Verdict, f.ID+"/"+f.Facts
			if v == colophon.Passed && (!covered[as] || f.High() && !tools[as]) {
				v = colophon.Unknown
			}
			c.look(f.ID, v)
		}
		return nil
	})
	return c.saw(), err
}

// seeFilings looks whether every live function that has to be filed is, with a number that passes the check, and whether a period
// of a filing is over that the provider has to keep.
func (s *Server) seeFilings(ctx context.Context, now time.Time) (saw, error) {
	var c count
	err := s.live(ctx, func(f register.Snapshot) error {
		for _, one := range f.Conditions {
			if one.Name != register.OnFiling || one.Exempt {
				continue
			}
			v := one.Verdict
			if n, err := register.CheckFiling(f.Filing.Number); v == colophon.Passed && f.Filing.Number != "" && (err != nil || !n.Fits()) {
				v = colophon.Failed
			}
			c.look(f.ID, v)
		}
		return nil
	})
	if err != nil {
		return saw{}, err
	}
	err = every(func(after string) ([]filing.Draft, string, error) {
		return s.filings.keeper.Filings(ctx, filing.Query{After: after, Limit: 100})
	}, func(d filing.Draft) error {
		if d.AmendedBy != "" || d.State == filing.Withdrawn {
			return nil
		}
		for _, clock := range filing.Clocks(s.filings.calendar, d.Days, now) {
			if v, told := map[filing.Running]colophon.Verdict{filing.Over: colophon.Failed, filing.Untold: colophon.Unknown}[clock.State]; told && !clock.Theirs {
				c.look(d.ID, v)
			}
		}
		return nil
	})
	return c.saw(), err
}

// seeLabelMaterials looks whether what lies with the authority holds label materials that agree with how content is labelled now.
// Of a live function with a number that was filed elsewhere it can't be told.
func (s *Server) seeLabelMaterials(ctx context.Context, _ time.Time) (saw, error) {
	var c count
	drawn := map[string]bool{}
	err := every(func(after string) ([]filing.Draft, string, error) {
		return s.filings.keeper.Filings(ctx, filing.Query{States: []filing.State{filing.Submitted, filing.Filed}, After: after, Limit: 100})
	}, func(d filing.Draft) error {
		drawn[d.Function] = true
		known, err := filingSource{s}.Known(ctx, d.Function)
		if err != nil {
			return err
		}
		c.look(d.ID, materials(d, known))
		return nil
	})
	if err != nil {
		return saw{}, err
	}
	err = s.live(ctx, func(f register.Snapshot) error {
		if f.Filing.Number != "" && !drawn[f.ID] {
			c.look(f.ID, colophon.Unknown)
		}
		return nil
	})
	return c.saw(), err
}

// materials holds the label materials of a filing against what is known now. What people wrote in their own words counts as long
// as the function is what it was when another person approved it; after that it has to be what the labels say now.
func materials(d filing.Draft, known filing.Known) colophon.Verdict {
	if slices.ContainsFunc(d.Kit.Open(), func(field string) bool { return strings.HasPrefix(field, "labels.") }) || d.Kit.Labels.Code != known.Provider {
		return colophon.Failed
	}
	if d.Facts == "" || known.Facts == "" {
		return colophon.Unknown
	}
	l := d.Kit.Labels
	return good(d.Facts == known.Facts || l.Explicit == known.Explicit && l.Implicit == known.Implicit)
}

// seePurposes looks whether the published text about suitable users, occasions and purposes names every live function.
func (s *Server) seePurposes(ctx context.Context, now time.Time) (saw, error) {
	st, err := s.rulebook.Standing(ctx, policy.Purposes, now)
	if err != nil {
		return saw{}, err
	}
	if found := shownText(st); found != nil {
		return *found, nil
	}
	status, _, err := s.visit(ctx, "GET", "/provider-rules/"+string(policy.Purposes)+"?lang=zh", "")
	if err != nil {
		return saw{}, err
	}
	var c count
	err = s.live(ctx, func(f register.Snapshot) error {
		c.look(f.ID, good(status == 200 && f.Names.ZH != "" && strings.Contains(st.Version.Document.Text, f.Names.ZH)))
		return nil
	})
	found := c.saw()
	if found.verdict == colophon.Passed {
		found.until = st.Until
	}
	return found, err
}

// shownText is what a query saw where a text is not in force, or is to be reviewed; nil where it is in order.
func shownText(st policy.Standing) *saw {
	switch {
	case st.Version.ID == "" || !st.Version.Document.Public:
		return &saw{verdict: colophon.Failed, code: sawTextNone}
	case st.Verdict != colophon.Passed:
		return &saw{verdict: colophon.Failed, code: sawPolicyOver, looked: 1, sample: []string{st.Version.ID}, amiss: []string{st.Version.ID}, args: policyArgs(st)}
	}
	return nil
}

// seeMinors looks whether measures against over-dependence of minors are published. That sessions keep to them is kept nowhere here.
func (s *Server) seeMinors(ctx context.Context, now time.Time) (saw, error) {
	st, err := s.rulebook.Standing(ctx, policy.Minors, now)
	if err != nil {
		return saw{}, err
	}
	if found := shownText(st); found != nil {
		return *found, nil
	}
	return saw{code: sawNoSession, looked: 1, sample: []string{st.Version.ID}}, nil
}
