package admission

import (
	"context"
	"errors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/standing"
)

// people asks what concerns the people whose likeness is used. It is asked anew each time: of a consent that ended nothing is
// ever taken from memory.
func (g *Gate) people(ctx context.Context, q Question, v *View) {
	if v.Function.Consent != "" || len(v.Function.Likeness) > 0 {
		_, ok, err := g.c.Prompts.Acknowledged(ctx, q.Account, q.Function)
		v.Prompt = Prompt{Known: !g.reported(ctx, err), Acknowledged: ok && err == nil}
	}
	words := q.Modality
	if len(words) == 0 {
		words = v.Function.Likeness
	}
	use := consent.Use{Function: q.Function, Purpose: q.Purpose, Scene: q.Scene, Channel: q.Channel, Account: q.Account, Training: q.Training}
	for _, w := range words {
		use.Modality = append(use.Modality, consent.Modality(w))
	}
	for _, token := range q.Tokens {
		grant, err := g.c.Consents.Check(ctx, token, use)
		v.Consents = append(v.Consents, v.granted(grant, err))
		if c := v.Consents[len(v.Consents)-1]; !c.Known {
			g.reported(ctx, err)
		}
	}
	for _, grant := range q.Grants {
		v.Consents = append(v.Consents, v.granted(grant, grant.Broken))
	}
}

// granted is what a grant means for a function. An error other than a refusal means that nobody could tell.
func (v *View) granted(g consent.Grant, err error) Consent {
	c := Consent{Known: true, State: string(g.State), Subject: g.Subject, Level: g.Level.String(), Until: g.Until}
	for _, err := range joined(err) {
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind == colophon.Internal {
			return Consent{}
		}
		c.Broken = append(c.Broken, Broken{e.Code, e.Args, e.Clauses})
	}
	switch g.State {
	case consent.Given:
	case consent.Withdrawn, consent.Refused, consent.Disputed, consent.Invalidated:
		c.Ended = true
	default:
		if len(c.Broken) == 0 { // a grant of a consent that is not given says so itself
			c.Broken = []Broken{{consent.CodeState, colophon.Args{"state": string(g.State)}, []colophon.Clause{colophon.ClauseDS14}}}
		}
	}
	least, err := consent.ParseLevel(v.Function.Consent)
	c.Enough = v.Function.Consent == "" || err == nil && g.Level >= least
	return c
}

// joined are the errors of which one was joined.
func joined(err error) []error {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		return list.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// count counts a use against each quota of its function.
func (g *Gate) count(ctx context.Context, q Question, quotas []register.Quota, high bool) []Quota {
	var list []Quota
	for _, limit := range quotas {
		key := standing.QuotaKey{Subject: evidence.System, Function: q.Function}
		switch limit.Per {
		case "account":
			key.Subject = q.Account
		case "model":
			key.Model = q.Model
		}
		a, err := g.c.Standings.Allow(ctx, key, standing.Rate{Count: limit.Events, Per: limit.Period}, limit.Burst, high)
		c := Quota{Per: limit.Per}
		if !g.reported(ctx, errors.Join(err, a.Fault)) || a.Local && !a.Allowed {
			c.Known, c.Over = true, !a.Allowed
		}
		if c.Over {
			c.Again = q.At.Add(a.Retry)
		}
		list = append(list, c)
		if c.Over {
			break
		}
	}
	return list
}
