package console

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func orderPages() []page {
	return slices.Concat(orderList().rows(), orderSheet().rows(), []page{{method: get, path: "/orders/{id}/events", action: staff.OrderRead, back: "/orders/{id}", do: followOrder}}, stopPages(),
		start("/orders/drill", "/orders", orderDrill()))
}

func orderTones() map[string]tone {
	return map[string]tone{"issued": bad, "in-force": bad, "release-proposed": wait, "released": good, "expired": plain}
}

func orderState(o client.ControlOrder) cell { return state("page-order-state-", o.State, orderTones()) }

func orderList() list[client.ControlOrder] {
	return list[client.ControlOrder]{
		name: "orders", path: "/orders", title: "page-orders", group: groupServices, action: staff.OrderRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.ControlOrder, string, error) {
			return c.Orders(ctx, l)
		},
		columns: []column[client.ControlOrder]{
			{name: "order", cell: func(o client.ControlOrder) cell { return ident(o.ID).to("/orders/" + escaped(o.ID)) }},
			{name: "state", cell: orderState},
			{name: "action", cell: func(o client.ControlOrder) cell { return word("page-order-action-", o.Action) }},
			{name: "scope", cell: func(o client.ControlOrder) cell { return word("page-order-scope-", o.Scope) }},
			{name: "target", cell: func(o client.ControlOrder) cell { return ident(o.Target) }},
			{name: "basis", side: true, cell: func(o client.ControlOrder) cell { return word("page-order-basis-", o.Basis) }},
			{name: "issued", cell: func(o client.ControlOrder) cell { return moment(o.Issued) }},
			{name: "until", side: true, cell: func(o client.ControlOrder) cell { return sometime(o.Until) }},
		},
		filters: []filter{
			{name: "state", kind: "choice", words: "page-order-state-", options: []string{"binding", "issued", "in-force", "release-proposed", "released", "expired"},
				means: map[string][]string{"binding": {"issued", "in-force", "release-proposed"}}},
		},
		deeds: []lead{{"/orders/stop", "page-stop", staff.OrderIssue}, {"/orders/drill", "page-deed-order-drill", staff.OrderIssue}},
		says:  orderWords(),
	}
}

func orderScopes() []string {
	return []string{"service", "function", "model", "template", "account", "content", "publish", "registration", "everything"}
}

// orderWords are the sentences of what the API says of an order.
func orderWords() []string {
	var keys []string
	for prefix, values := range map[string][]string{"page-order-scope-": orderScopes(), "page-order-action-": {"stop", "limit", "quarantine"}, "page-order-basis-": {"own", "incident", "court", "authority"}} {
		for _, value := range values {
			keys = append(keys, prefix+value)
		}
	}
	return keys
}

func orderSheet() sheet[client.ControlOrder] {
	step := func(name, step, record string, do func(c *client.Client, ctx context.Context, id, reason string) (client.ControlOrder, error), may func(client.ControlOrder) bool) deed[client.ControlOrder] {
		return deed[client.ControlOrder]{
			name: name, step: step, action: staff.OrderRelease, record: record, may: may,
			fields: []field[client.ControlOrder]{{name: "reason", kind: "area", required: true, hint: true}},
			do: func(v *visit, o client.ControlOrder) (string, error) {
				_, err := do(v.api(), v.r.Context(), o.ID, v.sent("reason"))
				return "", err
			},
		}
	}
	mayEnd := func(o client.ControlOrder) bool { return o.State == "issued" || o.State == "in-force" }
	proposed := func(o client.ControlOrder) bool { return o.State == "release-proposed" }
	return sheet[client.ControlOrder]{
		path: "/orders/{id}", title: "page-order", action: staff.OrderRead,
		heading: func(o client.ControlOrder) cell {
			if o.Target == "" {
				return word("page-order-scope-", o.Scope)
			}
			return text(tail(o.Target))
		},
		fetch: func(v *visit, id string) (client.ControlOrder, error) { return v.api().Order(v.r.Context(), id) },
		facts: func(o client.ControlOrder) []fact {
			return []fact{
				{"action", word("page-order-action-", o.Action)}, {"scope", word("page-order-scope-", o.Scope)}, {"target", ident(o.Target)},
				{"basis", word("page-order-basis-", o.Basis)}, {"reference", text(o.Reference)}, {"drill", yes(o.Drill)}, {"issued", moment(o.Issued)}, {"until", sometime(o.Until)},
				{"issuer", by(o.Issuer)}, {"proposer", by(o.Proposer)}, {"confirmer", by(o.Confirmer)}, {"changed", moment(o.Changed)},
			}
		},
		template: "order", more: func(v *visit, o client.ControlOrder) (any, error) { return v.orderNow(o), nil },
		labels: []string{"reference", "drill", "issuer", "proposer", "confirmer", "changed"},
		deeds: []deed[client.ControlOrder]{
			step("order-release", "release", "order.release-proposed", (*client.Client).ReleaseOrder, mayEnd),
			step("order-confirm", "confirm", "order.released", (*client.Client).ConfirmOrder, proposed),
			step("order-keep", "keep", "order.kept", (*client.Client).KeepOrder, proposed),
		},
	}
}

// orderBeat is how often an order's page asks how far the nodes are.
const orderBeat = 500 * time.Millisecond

// orderNow is what changes on the page of an order while people look at it.
type orderNow struct {
	State  string      `json:"state"`
	Said   string      `json:"said"` // of the state
	Tone   tone        `json:"tone"`
	Binds  bool        `json:"binds"`
	Nodes  []orderNode `json:"nodes"`
	Events string      `json:"-"`
}

// orderNode is a node as it is shown.
type orderNode struct {
	Node      string `json:"node"`
	Effective string `json:"effective"`
	Took      string `json:"took"`
	Last      string `json:"last"`
}

func binds(o client.ControlOrder) bool {
	return o.State == "issued" || o.State == "in-force" || o.State == "release-proposed"
}

func (v *visit) orderNow(o client.ControlOrder) orderNow {
	say := v.speakers[v.lang].Say
	now := orderNow{State: o.State, Said: say("page-order-state-" + o.State), Tone: orderTones()[o.State], Binds: binds(o), Nodes: []orderNode{}, Events: "/orders/" + escaped(o.ID) + "/events"}
	exact := func(t time.Time) string { return t.In(v.Zone).Format("2006-01-02 15:04:05.000") }
	for _, n := range o.Nodes {
		one := orderNode{Node: n.Node, Effective: exact(n.Effective), Took: say("page-order-took", "seconds", strconv.FormatFloat(float64(n.Milliseconds)/1000, 'f', 2, 64)), Last: say("page-order-no-output")}
		if n.LastOutput != nil {
			one.Last = exact(*n.LastOutput)
		}
		now.Nodes = append(now.Nodes, one)
	}
	return now
}

// followOrder tells a browser what becomes of an order on the nodes.
func followOrder(v *visit) error {
	return v.follow(orderBeat, func(ctx context.Context) (any, bool, error) {
		o, err := v.api().Order(ctx, v.r.PathValue("id"))
		return v.orderNow(o), !binds(o), err
	})
}

// orderDrill is an order against a test account, to see how long it takes.
func orderDrill() deed[none] {
	return deed[none]{
		name: "order-drill", action: staff.OrderIssue, record: "order.issued",
		fields: []field[none]{{name: "test-account", kind: "text", required: true, hint: true}, {name: "until", kind: "moment"}, {name: "reason", kind: "area", required: true, hint: true}},
		do: func(v *visit, _ none) (string, error) {
			until, err := v.sentMoment("until")
			if err != nil {
				return "", err
			}
			o, err := v.api().DrillOrder(v.r.Context(), v.sent("test-account"), until, v.sent("reason"))
			return "/orders/" + escaped(o.ID), err
		},
	}
}
