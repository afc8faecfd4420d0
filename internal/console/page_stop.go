package console

import (
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// CodeStopUnconfirmed says that the name of what is to be stopped was not entered as it is.
const CodeStopUnconfirmed colophon.Code = "page-stop-unconfirmed" // arg "name"

// mostChoices is how many services and functions the stop control offers by name.
const mostChoices = 500

func stopPages() []page {
	var words []string
	for _, s := range orderScopes() {
		words = append(words, "page-stop-scope-about-"+s, "page-stop-target-"+s)
	}
	for _, a := range orderActions() {
		words = append(words, "page-order-action-about-"+a)
	}
	for _, s := range []string{"fresh", "stale", "uncertain"} {
		words = append(words, "page-stop-standing-"+s)
	}
	words = append(words, "page-done-order-stop", "page-label-own-account", "page-hint-own-account", "page-hint-reference", "page-hint-until", "page-label-until")
	return []page{
		{method: get, path: "/orders/stop", action: staff.OrderIssue, title: "page-stop", menu: true, group: groupServices, words: append(words, orderWords()...), do: showStop},
		{method: post, path: "/orders/stop/account", action: staff.OrderIssue, back: "/orders/stop", do: findStopped},
		{method: post, path: "/orders/stop", action: staff.OrderIssue, back: "/orders/stop", do: stop},
	}
}

func orderActions() []string { return []string{"stop", "limit", "quarantine"} }

// untargeted are the scopes that have no target.
func untargeted() []string { return []string{"publish", "registration", "everything"} }

// stopPage is the stop control: first what kind of thing, then which one, then what it hits and why.
type stopPage struct {
	Step    int
	Board   client.OrdersBoard
	Scopes  []string
	Scope   string
	Target  string
	Choices []stopChoice // of a target
	Hit     *client.OrderHit
	Name    string // what is entered to confirm
	Lang    string
	Actions []string
	Bases   []string
}

type stopChoice struct {
	ID, Name, State string
	To              string
}

func showStop(v *visit) error {
	data := stopPage{Step: 1, Scopes: orderScopes(), Scope: v.r.FormValue("scope"), Target: strings.TrimSpace(v.r.FormValue("target")), Lang: string(v.lang),
		Actions: orderActions(), Bases: []string{"own", "incident", "court", "authority"}}
	if !slices.Contains(data.Scopes, data.Scope) {
		data.Scope, data.Target = "", ""
	}
	var err error
	if data.Board, err = v.api().OrdersBoard(v.r.Context()); err != nil {
		return err
	}
	switch {
	case data.Scope == "":
	case data.Target == "" && !slices.Contains(untargeted(), data.Scope):
		data.Step = 2
		data.Choices, err = v.stopChoices(data.Scope)
	default:
		data.Step = 3
		var hit client.OrderHit
		hit, err = v.api().RehearseOrder(v.r.Context(), client.OrderDraft{Scope: data.Scope, Target: data.Target})
		data.Hit, data.Name = &hit, v.stopName(data.Scope, data.Target)
	}
	if err != nil {
		return err
	}
	return v.show("stop", data)
}

// stopName is what somebody enters so that nothing is stopped by a slip of the hand: the target, the end of a long one, or
// the word for what has no target.
func (v *visit) stopName(scope, target string) string {
	if target == "" {
		return v.speakers[v.lang].Say("page-order-scope-" + scope)
	}
	if len(target) > 24 {
		return target[len(target)-6:]
	}
	return target
}

// stopChoices are the services, functions and models that can be stopped by name.
func (v *visit) stopChoices(scope string) ([]stopChoice, error) {
	var list []stopChoice
	add := func(id string, names client.TextPair, state string) {
		name := names.EN
		if v.lang == "zh" {
			name = names.ZH
		}
		list = append(list, stopChoice{id, name, state, with("/orders/stop", nil, "scope", scope, "target", id)})
	}
	ctx, all := v.r.Context(), client.Listing{Limit: mostChoices}
	if scope == "service" {
		services, _, err := v.api().Services(ctx, all)
		for _, s := range services {
			add(s.ID, s.Service.Names, s.State)
		}
		return list, err
	}
	if scope != "function" && scope != "model" {
		return nil, nil
	}
	functions, _, err := v.api().Functions(ctx, all)
	for _, f := range functions {
		if scope == "function" && f.State != "retired" {
			add(f.ID, f.Function.Names, f.State)
		}
		for _, m := range f.Function.Models {
			known := slices.ContainsFunc(list, func(c stopChoice) bool { return c.ID == m.Name })
			if scope == "model" && !known {
				add(m.Name, client.TextPair{}, "")
			}
		}
	}
	return list, err
}

// findStopped turns the provider's own identifier of an account into its pseudonym, which may stand in an address.
func findStopped(v *visit) error {
	hit, err := v.api().RehearseOrder(v.r.Context(), client.OrderDraft{Scope: "account", Account: v.sent("own-account")})
	if err != nil {
		return err
	}
	return v.send(with("/orders/stop", nil, "scope", "account", "target", hit.Target))
}

func stop(v *visit) error {
	scope, target := v.sent("scope"), strings.TrimSpace(v.sent("target"))
	if name := v.stopName(scope, target); strings.TrimSpace(v.sent("confirm")) != name {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeStopUnconfirmed, Args: colophon.Args{"name": name}}
	}
	until, err := v.sentMoment("until")
	if err != nil {
		return err
	}
	o, err := v.api().IssueOrder(v.r.Context(), client.OrderDraft{Scope: scope, Target: target, Action: v.sent("action"), Basis: v.sent("basis"), Reference: v.sent("reference"), Until: until, Reason: v.sent("reason")})
	if err != nil {
		return err
	}
	return v.send("/orders/" + escaped(o.ID) + "?done=order-stop")
}
