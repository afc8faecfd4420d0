package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/standing"
)

// Codes of errors.
const (
	// CodeActElsewhere says that what was decided is done where the content is shown: the event of the decision tells it there.
	CodeActElsewhere colophon.Code = "desk-act-elsewhere"
	// CodeActAnew says that what was released or restored is not put back by itself: whoever wants that decides it anew.
	CodeActAnew colophon.Code = "desk-act-anew"
	// CodeLimited says that a decision of the desk keeps an item from being handed out by address.
	CodeLimited colophon.Code = "desk-limited"
)

// actor carries out what the desk decides. What an action made is found again by its origin, which is drawn from its key.
type actor struct{ *Server }

func origin(key string) string { return "desk-" + strings.ReplaceAll(key, "/", "-") }

func elsewhere() error { return &colophon.Error{Kind: colophon.Unsupported, Code: CodeActElsewhere} }

// Do implements desk.Actor. Whether the action was halted is asked before and after: what an appeal undid meanwhile is not done.
func (a actor) Do(ctx context.Context, o desk.Order) (did desk.Did, err error) {
	halted, err := a.halted(ctx, o)
	if err != nil || halted {
		return did, err
	}
	if grants(o.Action.Do) {
		did, err = a.grant(ctx, o)
	} else {
		did.Ref, err = a.do(ctx, o)
	}
	if err != nil {
		return desk.Did{}, err
	}
	if halted, err = a.halted(ctx, o); err == nil && halted {
		return desk.Did{}, a.undo(ctx, o)
	}
	return did, err
}

// grants reports whether an act grants a right.
func grants(act desk.Act) bool {
	return slices.Contains([]desk.Act{desk.ExportData, desk.CorrectData, desk.DeleteData, desk.WithdrawConsent}, act)
}

// halted reports whether an appeal has an action undone.
func (a actor) halted(ctx context.Context, o desk.Order) (bool, error) {
	c, err := a.cases.desk.Case(ctx, o.Case)
	for _, one := range c.Actions {
		if one.Key == o.Key && one.Undoes == "" {
			return one.Halted, err
		}
	}
	return false, err
}

func (a actor) do(ctx context.Context, o desk.Order) (string, error) {
	target := o.Action.Target
	switch o.Action.Do {
	case desk.StopContent:
		if _, err := a.register.Artefact(ctx, artefact.Number(target)); err != nil {
			return "", err
		}
		e, err := a.orders.Issue(ctx, o.By, incident.Draft{Scope: incident.OnContent, Target: target, Action: incident.Stop, Basis: incident.Own, Reference: o.Case, Until: o.Action.Until, Origin: origin(o.Key), Reason: "case " + o.Case})
		return e.ID, err
	case desk.LimitContent: // in force while the case says so; see limited
		_, err := a.register.Artefact(ctx, artefact.Number(target))
		return "", err
	case desk.ReleaseContent:
		return "", a.release(ctx, o)
	case desk.TakeMeasure:
		return a.measure(ctx, o)
	case desk.RestoreMeasure:
		return target, a.restore(ctx, o, target)
	case desk.OpenDuty:
		subject := evidence.Subject(target)
		if item, err := a.register.Artefact(ctx, artefact.Number(target)); err == nil && item.Account != "" {
			subject = item.Account
		}
		category := strings.TrimPrefix(string(o.Category), "desk-ground-")
		if category == "" {
			category = "illegal"
		}
		d, err := a.screens.reports.Open(ctx, o.By.Role, moderation.Hit{Judgement: origin(o.Key), Categories: []string{category}, Subject: subject})
		return d.ID, err
	}
	return "", elsewhere()
}

// release ends the orders on content that decisions of others at the desk gave. Those of anybody else go on. Limits end by the
// decision alone; see limited.
func (a actor) release(ctx context.Context, o desk.Order) error {
	list, err := a.orders.InForce(ctx)
	for _, e := range list {
		if v := e.Value; err == nil && v.Scope == incident.OnContent && v.Target == o.Action.Target && v.Origin != "" {
			_, err = a.orders.Overrule(ctx, o.By, e.ID, o.Case)
		}
	}
	return err
}

func (a actor) measure(ctx context.Context, o desk.Order) (string, error) {
	ground := standing.Ground{Terms: o.Terms}
	for _, c := range o.Clauses {
		if standing.MayGround(c) {
			ground.Clauses = append(ground.Clauses, c)
		}
	}
	fact := o.Action.Fact
	if fact == "" {
		fact = factOf(o.Category)
	}
	m, err := a.standing.Take(ctx, o.By, standing.Draft{Subject: evidence.Subject(o.Action.Target), Step: standing.Step(o.Action.Step), Function: o.Action.Function, Ground: ground, Fact: fact,
		Findings: []string{o.Case}, Until: o.Action.Until, Origin: origin(o.Key)})
	return m.ID, err
}

// factOf is what happened, by the category of a decision.
func factOf(category colophon.Code) colophon.Code {
	switch category {
	case desk.GroundLikeness, desk.GroundVoice, desk.GroundIntimate, desk.GroundPrivacy:
		return standing.FactLikeness
	case desk.GroundRumour:
		return standing.FactFake
	case desk.GroundLabelMissing, desk.GroundLabelWrong:
		return standing.FactLabel
	case desk.GroundCopyright, desk.GroundInsult, desk.GroundService, desk.GroundOther:
		return standing.FactTerms
	}
	return standing.FactContent
}

// restore takes a measure back, or turns one down that was only proposed.
func (a actor) restore(ctx context.Context, o desk.Order, id string) error {
	m, err := a.standing.Measure(ctx, id)
	switch {
	case err != nil || m.State == standing.Restored || m.State == standing.Rejected:
		return err
	case m.State == standing.Proposed:
		_, err = a.standing.Reject(ctx, o.By, id, standing.WhyAppeal, "")
	default:
		_, err = a.standing.Restore(ctx, o.By, id, standing.WhyAppeal, "")
	}
	return err
}

// errUnder says that an action may still be on its way on another node.
var errUnder = errors.New("the action may still be under way")

// Undo implements desk.Actor. The desk halted the action before, so nothing begins any more; what was on its way then is waited
// for until the next try.
func (a actor) Undo(ctx context.Context, o desk.Order) error {
	if err := a.undo(ctx, o); err != nil {
		return err
	}
	first, err := a.cases.desk.Case(ctx, o.Action.Undoes)
	if err != nil {
		return err
	}
	for _, one := range first.Actions {
		if one.Key == o.Key && (one.Result == desk.Pending || one.Result == desk.Unsure) && o.Action.Tried == 0 {
			return errUnder
		}
	}
	return a.tellReversed(ctx, o)
}

// undo takes back what stands under the origin of an action; where there is nothing, nothing is to be done.
func (a actor) undo(ctx context.Context, o desk.Order) error {
	if grants(o.Action.Do) {
		return a.revoke(ctx, o)
	}
	switch o.Action.Do {
	case desk.LimitContent, desk.LabelContent:
		return nil // the case says that it was undone, and the event tells it where the content is shown
	case desk.ReleaseContent, desk.RestoreMeasure: // limits count again, since the case says that it was undone
		return &colophon.Error{Kind: colophon.Refused, Code: CodeActAnew}
	case desk.StopContent:
		e, err := a.orders.Of(ctx, origin(o.Key))
		if err == nil {
			_, err = a.orders.Overrule(ctx, o.By, e.ID, o.Case)
		}
		return absent(err)
	case desk.TakeMeasure:
		list, _, err := a.standing.Measures(ctx, standing.Filter{Origin: origin(o.Key), Limit: 1})
		if err == nil && len(list) > 0 {
			err = a.restore(ctx, o, list[0].ID)
		}
		return err
	case desk.OpenDuty:
		list, _, err := a.screens.reports.Duties(ctx, moderation.DutyQuery{Judgement: origin(o.Key), Limit: 1})
		if err == nil && len(list) > 0 && list[0].State != moderation.Dismissed {
			_, err = a.screens.reports.Dismiss(ctx, moderation.By{ID: o.By.ID, Role: o.By.Role, Reporter: true}, list[0].ID, moderation.Dismissal{Reason: "appeal", Note: o.Case})
		}
		return err
	}
	return elsewhere()
}

// absent makes nothing of an error that says that something is not there.
func absent(err error) error {
	if isMissing(err) {
		return nil
	}
	return err
}

// tellReversed tells whoever got the content, and whoever listens, that something was undone.
func (a actor) tellReversed(ctx context.Context, o desk.Order) error {
	if !a.uploads.hooks.Wants(eventReversed) {
		return nil
	}
	data := map[string]any{"case": o.Action.Undoes, "appeal": o.Case, "act": o.Action.Do, "target": o.Action.Target}
	if o.Action.Do == desk.StopContent {
		holders, err := a.holders(ctx, o.Action.Target)
		if err != nil {
			return err
		}
		data["holders"] = holders
	}
	return a.uploads.hooks.Publish(ctx, webhook.Event{ID: origin(o.Key) + "-undone", Type: eventReversed, At: a.cases.desk.Now(), Data: data})
}

// limited is a line whose items are not handed out by address while a decision of the desk limits them. Whoever an item was made
// for still gets it by the content door.
type limited struct{ *Server }

// Open implements media.Opener. Where nobody can tell, nothing is handed out.
func (l limited) Open(ctx context.Context, by production.By, n artefact.Number, how artefact.Channel) (*production.Content, error) {
	held, err := l.cases.desk.Binds(ctx, desk.LimitContent, string(n))
	if err == nil && held {
		err = &colophon.Error{Kind: colophon.Refused, Code: CodeLimited, Clauses: []colophon.Clause{colophon.ClauseDS10}}
	}
	if err != nil {
		return nil, err
	}
	return l.line.Open(ctx, by, n, how)
}
