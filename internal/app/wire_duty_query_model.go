package app

import (
	"context"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/incident/correction"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/algorithm"
	"github.com/colophon-project/colophon/register/annotation"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/register/listing"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/mechanism"
	runner "github.com/colophon-project/colophon/review/run"
)

func modelQueries() map[string]query {
	return map[string]query{
		"mechanism-reviewed": (*Server).seeMechanisms, "datasets-described": (*Server).seeDatasets, "datasets-consent": (*Server).seeGrounds,
		"listings-checked": (*Server).seeListings, "model-corrected": (*Server).seeCorrections,
		"output-assessed": (*Server).seeOutput, "annotation-kept": (*Server).seeAnnotation,
	}
}

// seeMechanisms looks whether each algorithm in use has a review that covers what serves it now.
func (s *Server) seeMechanisms(ctx context.Context, _ time.Time) (saw, error) {
	var c count
	err := every(func(after string) ([]algorithm.Entry, string, error) {
		return s.corpora.algorithms.Algorithms(ctx, []algorithm.State{algorithm.Active}, after, 200)
	}, func(e algorithm.Entry) error {
		a, err := s.oversight.mechanism.State(ctx, e.ID)
		if err != nil {
			return err
		}
		v := good(a.State == mechanism.Current)
		if a.State == mechanism.Untold {
			v = colophon.Unknown
		}
		c.look(e.ID, v)
		return nil
	})
	return c.saw(), err
}

// used goes through the datasets that an algorithm uses.
func (s *Server) used(ctx context.Context, fn func(dataset.Entry) colophon.Verdict) (saw, error) {
	var c count
	err := every(func(after string) ([]dataset.Entry, string, error) {
		return s.corpora.datasets.Datasets(ctx, []dataset.State{dataset.Active}, after, 200)
	}, func(e dataset.Entry) error {
		if len(e.Value.Uses) > 0 {
			c.look(e.ID, fn(e))
		}
		return nil
	})
	return c.saw(), err
}

// seeDatasets looks whether datasets in use have a source and a licence, and whether their samples passed every yardstick.
func (s *Server) seeDatasets(ctx context.Context, _ time.Time) (saw, error) {
	return s.used(ctx, func(e dataset.Entry) colophon.Verdict {
		d := e.Value
		if _, barred := d.Barred(); barred || d.Source == "" || d.Licence == "" && d.Paper == "" {
			return colophon.Failed
		}
		rows := d.Rows()
		worst := good(true)
		for _, r := range rows {
			switch r.Verdict {
			case colophon.Failed:
				return colophon.Failed
			case colophon.Unknown:
				worst = colophon.Unknown
			}
		}
		if len(rows) == 0 {
			return colophon.Unknown
		}
		return worst
	})
}

// seeGrounds looks whether datasets in use say whether personal information is in them and on which ground, and whether what
// was withdrawn was removed in time.
func (s *Server) seeGrounds(ctx context.Context, _ time.Time) (saw, error) {
	return s.used(ctx, func(e dataset.Entry) colophon.Verdict {
		if e.Value.Late > 0 {
			return colophon.Failed
		}
		v, _ := e.Value.Grounds()
		return v
	})
}

// seeListings looks whether everything that is listed was asked about and passed its checks.
func (s *Server) seeListings(ctx context.Context, _ time.Time) (saw, error) {
	var c count
	for _, state := range []listing.State{listing.Listed, listing.Warned} {
		err := every(func(after string) ([]listing.Entry, string, error) {
			return s.listings.Apps(ctx, listing.Query{State: state, After: after, Limit: 200})
		}, func(e listing.Entry) error {
			a := e.Value
			v := good(!a.Answered.IsZero() && !a.Checked.IsZero() && a.Verdict == colophon.Passed.String())
			if a.Verdict == colophon.Unknown.String() {
				v = colophon.Unknown
			}
			c.look(e.ID, v)
			return nil
		})
		if err != nil {
			return saw{}, err
		}
	}
	return c.saw(), nil
}

// seeCorrections looks at cases of illegal output: each has had all its steps, or none of what is left is late.
func (s *Server) seeCorrections(ctx context.Context, now time.Time) (saw, error) {
	var c count
	err := every(func(after string) ([]correction.Case, string, error) {
		return s.corrected.Cases(ctx, correction.Query{States: []correction.State{correction.Open, correction.Closed}, After: after, Limit: 200})
	}, func(one correction.Case) error {
		left := one.Left()
		late := slices.ContainsFunc(left, func(st correction.Step) bool {
			due := s.corrected.Due(one, st)
			return !due.IsZero() && due.Before(now)
		})
		c.look(one.ID, good(len(left) == 0 || one.State == correction.Open && !late))
		return nil
	})
	return c.saw(), err
}

// seeOutput looks whether the last assessment run of each model that serves met the yardsticks, is of what serves now, and is no
// older than a year. Of what no run can be made with it can't be told: a model that answers no questions in text, and a live
// function whose models are served elsewhere.
func (s *Server) seeOutput(ctx context.Context, now time.Time) (saw, error) {
	last := map[string]runner.Run{} // by model
	err := every(func(after string) ([]runner.Run, string, error) { return s.runs.keeper.Runs(ctx, after, 200) }, func(r runner.Run) error {
		if r.Made.Before(now.Add(-2 * runCounts)) { // none of those counts any more
			return errEnough
		}
		if old, ok := last[r.Plan.Model]; r.State == runner.Done && r.Result != nil && (!ok || r.Ended.After(old.Ended)) {
			last[r.Plan.Model] = r
		}
		return nil
	})
	if err != nil {
		return saw{}, err
	}
	var c count
	var until time.Time
	for _, m := range s.models.pooled {
		_, serving, err := s.assessed(m.Name)
		r, ran := last[m.Name]
		switch {
		case isCode(err, CodeRunModel):
			c.look(m.Name, colophon.Unknown)
			continue
		case err != nil:
			return saw{}, err
		case !ran:
			c.look(m.Name, colophon.Failed)
			continue
		case r.Plan.Serving != serving || now.Sub(r.Ended) > runCounts:
			c.look(r.ID, colophon.Failed)
			continue
		}
		c.look(r.ID, metAll(*r.Result))
		if end := r.Ended.Add(runCounts); until.IsZero() || end.Before(until) {
			until = end
		}
	}
	err = s.live(ctx, func(f register.Snapshot) error {
		if len(f.Models) > 0 && !slices.ContainsFunc(s.models.pooled, func(m GatewayModel) bool {
			return m.Function == f.ID || slices.ContainsFunc(f.Models, func(of register.Model) bool { return of.Name == m.Name })
		}) {
			c.look(f.ID, colophon.Unknown)
		}
		return nil
	})
	found := c.saw()
	if found.verdict == colophon.Passed {
		found.until = until
	}
	return found, err
}

// metAll reports whether a run met every yardstick. A run that asked for less than all of them could not tell.
func metAll(res runner.Result) colophon.Verdict {
	worst := good(true)
	if len(res.Plan.Kinds) > 0 && len(res.Plan.Kinds) < len(bank.Kinds()) || len(res.Held) == 0 {
		worst = colophon.Unknown
	}
	for _, row := range res.Held {
		switch colophon.Verdict(row.Verdict) {
		case colophon.Failed:
			return colophon.Failed
		case colophon.Unknown:
			worst = colophon.Unknown
		}
	}
	return worst
}

// seeAnnotation looks at the last check of each batch of labels: it reached the share that the rule asks for, the rule was not
// taken back, and who annotated and who checked were trained in it. Nothing says whether a dataset was annotated; of one that a
// model was tuned with, and of which no labels were checked, it can't be told.
func (s *Server) seeAnnotation(ctx context.Context, _ time.Time) (saw, error) {
	var c count
	type batch struct{ dataset, name string }
	seen, checked := map[batch]bool{}, map[string]bool{}
	err := every(func(after string) ([]annotation.CheckEntry, string, error) {
		return s.corpora.annotation.Checks(ctx, "", "", after, 200)
	}, func(e annotation.CheckEntry) error {
		one := batch{e.Value.Dataset, e.Value.Batch}
		if checked[one.dataset] = true; seen[one] { // checked again since
			return nil
		}
		seen[one] = true
		v, err := s.annotated(ctx, e.Value, e.Made)
		c.look(e.ID, v)
		return err
	})
	if err != nil {
		return saw{}, err
	}
	err = every(func(after string) ([]dataset.Entry, string, error) {
		return s.corpora.datasets.Datasets(ctx, []dataset.State{dataset.Active}, after, 200)
	}, func(e dataset.Entry) error {
		if !checked[e.ID] && slices.ContainsFunc(e.Value.Uses, func(u dataset.Use) bool { return u.Purpose == "tuning" }) {
			c.look(e.ID, colophon.Unknown)
		}
		return nil
	})
	return c.saw(), err
}

// annotated says how a check of labels that was made at a time stands by what is kept of its rule and its people now.
func (s *Server) annotated(ctx context.Context, of annotation.Check, made time.Time) (colophon.Verdict, error) {
	rule, err := s.corpora.annotation.Rule(ctx, of.Rule)
	if err != nil {
		return colophon.Unknown, err
	}
	if annotation.State(rule.State) == annotation.Withdrawn {
		return colophon.Failed, nil
	}
	for _, id := range append(slices.Clone(of.Annotators), of.Checker) {
		taker, err := s.corpora.annotation.Taker(ctx, id)
		if err != nil {
			return colophon.Unknown, err
		}
		if !slices.ContainsFunc(taker.Value.Trainings, func(t annotation.Training) bool { return t.Rule == of.Rule && t.Passed && !t.Day.After(made) }) {
			return colophon.Failed, nil
		}
	}
	return of.Verdict, nil
}
