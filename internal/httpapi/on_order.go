package httpapi

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/staff"
)

func orderRoutes() []route {
	return []route{
		{get, "/v1/orders", "orders", staff.OrderRead, "orders", 0, 200, do((*server).orders), "List control orders, the newest first", 0},
		{get, "/v1/orders/board", "orders-board", staff.OrderRead, "orders", 0, 200, do((*server).ordersBoard), "What the node that answers knows of the orders", 0},
		{get, "/v1/orders/{id}", "order", staff.OrderRead, "orders", 0, 200, do((*server).order), "Show an order, and since when it is effective on each node", 0},
		{post, "/v1/orders", "issue-order", staff.OrderIssue, "orders", small, 201, once((*server).issueOrder), "Give an order; it is effective on every node within two seconds", 0},
		{post, "/v1/orders:rehearse", "rehearse-order", staff.OrderIssue, "orders", small, 200, do((*server).rehearseOrder), "Tell what an order would hit; nothing is ordered", 0},
		{post, "/v1/orders:drill", "drill-order", staff.OrderIssue, "orders", small, 201, once((*server).drillOrder), "Give an order that stops a test account, to see how long that takes", 0},
		{post, "/v1/orders/{id}:release", "release-order", staff.OrderRelease, "orders", small, 200, once((*server).releaseOrder), "Propose to end an order; it binds until another person confirms", 0},
		{post, "/v1/orders/{id}:confirm", "confirm-order", staff.OrderRelease, "orders", small, 200, once((*server).confirmOrder), "End an order whose end somebody else proposed", 0},
		{post, "/v1/orders/{id}:keep", "keep-order", staff.OrderRelease, "orders", small, 200, once((*server).keepOrder), "Turn a proposal to end an order down", 0},
	}
}

// OrderNode says since when an order is effective on a node.
type OrderNode struct {
	Node         string     `json:"node" doc:"The node."`
	Received     time.Time  `json:"received" doc:"When it had read the order."`
	Effective    time.Time  `json:"effective" doc:"From then on it made and handed out nothing that the order forbids."`
	Milliseconds int64      `json:"milliseconds" doc:"From the issue until then."`
	LastOutput   *time.Time `json:"last_output,omitempty" doc:"When something of the target last left the node; absent where nothing did since it runs."`
}

// ControlOrder is an order that something must not be used, published or handed out.
type ControlOrder struct {
	ID        string           `json:"id" doc:"Identifier."`
	State     incident.State   `json:"state" enum:"issued,in-force,release-proposed,released,expired" doc:"Where it is. It binds in the first three; in force: a node said that it is effective there."`
	Scope     incident.Scope   `json:"scope" enum:"service,function,model,template,account,content,publish,registration,everything" doc:"What it is about."`
	Target    string           `json:"target,omitempty" doc:"Which one; of an account its pseudonym."`
	Action    incident.Action  `json:"action" enum:"stop,limit,quarantine" doc:"stop: no use, nothing leaves, and running work ends. limit: no new use. quarantine: nothing leaves."`
	Basis     incident.Basis   `json:"basis" enum:"own,incident,court,authority" doc:"By whose word; authority is an order under Deep Synthesis Provisions Art. 21."`
	Reference string           `json:"reference,omitempty" doc:"Number of the paper or the incident."`
	Drill     bool             `json:"drill,omitempty" doc:"It is a drill against a test account."`
	Issuer    string           `json:"issuer" doc:"Staff account that gave it."`
	Proposer  string           `json:"proposer,omitempty" doc:"Staff account that proposed its end."`
	Confirmer string           `json:"confirmer,omitempty" doc:"Staff account that confirmed its end."`
	Subject   evidence.Subject `json:"subject,omitempty" doc:"Pseudonym of the account that it is about."`
	Issued    time.Time        `json:"issued" doc:"When it was given."`
	Changed   time.Time        `json:"changed" doc:"When its state changed last."`
	Until     *time.Time       `json:"until,omitempty" doc:"Its own end."`
	Nodes     []OrderNode      `json:"nodes,omitempty" nullable:"false" doc:"Since when it is effective on each node that said so; of a list absent."`
}

func viewOrder(e incident.Entry) ControlOrder {
	o := e.Value
	v := ControlOrder{ID: e.ID, State: incident.State(e.State), Scope: o.Scope, Target: o.Target, Action: o.Action, Basis: o.Basis, Reference: o.Reference, Drill: o.Drill, Issuer: o.Issuer,
		Proposer: o.Proposer, Confirmer: o.Confirmer, Issued: e.Made, Changed: e.Changed, Until: set(o.Until)}
	if e.Subject != evidence.System {
		v.Subject = e.Subject
	}
	return v
}

type orderOutput struct {
	Replayed
	Body ControlOrder
}

func shownOrder(e incident.Entry, err error) (*orderOutput, error) {
	return &orderOutput{Body: viewOrder(e)}, err
}

type ordersInput struct {
	Page
	States []incident.State `query:"state,explode" nullable:"false" maxItems:"5" enum:"issued,in-force,release-proposed,released,expired" doc:"State; may be repeated."`
}

type ordersOutput struct {
	Body struct {
		Orders []ControlOrder `json:"orders" nullable:"false" doc:"The newest first."`
		Next   string         `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) orders(ctx context.Context, in *ordersInput) (*ordersOutput, error) {
	q := ledger.Query{Newest: true, After: in.Cursor, Limit: in.Limit}
	for _, state := range in.States {
		q.States = append(q.States, string(state))
	}
	list, next, err := s.Orders.Page(ctx, q)
	out := &ordersOutput{}
	out.Body.Orders, out.Body.Next = []ControlOrder{}, next
	for _, e := range list {
		out.Body.Orders = append(out.Body.Orders, viewOrder(e))
	}
	return out, err
}

func (s *server) order(ctx context.Context, in *Named) (*orderOutput, error) {
	e, err := s.Orders.Order(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	acks, err := s.Orders.Acks(ctx, in.ID)
	v := viewOrder(e)
	v.Nodes = []OrderNode{}
	for _, a := range acks {
		v.Nodes = append(v.Nodes, OrderNode{a.Node, a.Received, a.Effective, a.Effective.Sub(e.Made).Milliseconds(), set(a.LastOutput)})
	}
	return &orderOutput{Body: v}, err
}

type boardOutput struct {
	Body struct {
		Node      string            `json:"node" doc:"The node that answers."`
		Standing  incident.Standing `json:"standing" enum:"fresh,stale,uncertain" doc:"How far it knows the orders. Stale: faces and voices stop. Uncertain: everything stops."`
		Confirmed *time.Time        `json:"confirmed,omitempty" doc:"When the store was asked that last answered; absent for never."`
		Orders    []ControlOrder    `json:"orders" nullable:"false" doc:"The orders that bind it."`
	}
}

func (s *server) ordersBoard(context.Context, *struct{}) (*boardOutput, error) {
	board := s.Watch.Board()
	out := &boardOutput{}
	out.Body.Node, out.Body.Standing, out.Body.Confirmed, out.Body.Orders = s.Watch.Node(), s.Watch.Standing(), set(board.Confirmed.UTC()), []ControlOrder{}
	for _, e := range board.Orders() {
		out.Body.Orders = append(out.Body.Orders, viewOrder(e))
	}
	return out, nil
}

type issueOrderInput struct {
	Keyed
	Body struct {
		Scope     incident.Scope  `json:"scope" enum:"service,function,model,template,account,content,publish,registration,everything" doc:"What it is about."`
		Target    string          `json:"target,omitempty" maxLength:"256" doc:"Which one; absent for publish, registration, everything, and for an account that account names."`
		Account   string          `json:"account,omitempty" maxLength:"256" doc:"Your own identifier of the account, where the scope is account; or else its pseudonym as target." example:"user-8731"`
		Action    incident.Action `json:"action" enum:"stop,limit,quarantine" doc:"What it does."`
		Basis     incident.Basis  `json:"basis" enum:"own,incident,court,authority" doc:"By whose word."`
		Reference string          `json:"reference,omitempty" maxLength:"256" doc:"Number of the paper or the incident; needed for all bases but your own."`
		Until     time.Time       `json:"until,omitempty" doc:"Its own end; absent for none."`
		Reason    string          `json:"reason" minLength:"1" maxLength:"4096" doc:"Prose. It stands in the sealed payload of the record and nowhere else."`
	}
}

func (s *server) issueOrder(ctx context.Context, in *issueOrderInput) (*orderOutput, error) {
	b := in.Body
	d := incident.Draft{Scope: b.Scope, Target: b.Target, Action: b.Action, Basis: b.Basis, Reference: b.Reference, Until: b.Until, Reason: b.Reason}
	if b.Account != "" {
		if b.Scope != incident.OnAccount || b.Target != "" {
			return nil, invalid("body.account", "expected scope account and no target")
		}
		subject, err := s.People.Account(ctx, b.Account)
		if err != nil {
			return nil, err
		}
		d.Target = string(subject)
	}
	return shownOrder(s.Orders.Issue(ctx, ledgerBy(ctx), d))
}

type rehearseOrderInput struct {
	Body struct {
		Scope   incident.Scope `json:"scope" enum:"service,function,model,template,account,content,publish,registration,everything" doc:"What it is about."`
		Target  string         `json:"target,omitempty" maxLength:"256" doc:"Which one; absent for publish, registration, everything, and for an account that account names."`
		Account string         `json:"account,omitempty" maxLength:"256" doc:"Your own identifier of the account, where the scope is account." example:"user-8731"`
	}
}

// HitFunction is a function that an order would hit.
type HitFunction struct {
	ID      string         `json:"id" doc:"Identifier."`
	Service string         `json:"service" doc:"Its service."`
	Names   TextPair       `json:"names" doc:"As people know it."`
	State   register.State `json:"state" enum:"draft,ready,live,suspended,retired" doc:"Where it is."`
}

// OrderHit is what an order would hit.
type OrderHit struct {
	Target    string         `json:"target,omitempty" doc:"Which one; of an account its pseudonym."`
	Known     bool           `json:"known" doc:"There is such a thing here. An order on something unknown binds all the same."`
	Functions []HitFunction  `json:"functions" nullable:"false" doc:"Functions that are not retired and that it is about; 500 at most."`
	Artefacts int            `json:"artefacts" doc:"Items of the last 24 hours that it is about."`
	More      bool           `json:"more" doc:"There are more items than were counted."`
	Orders    []ControlOrder `json:"orders" nullable:"false" doc:"Orders with the same target that bind already."`
}

type rehearseOrderOutput struct{ Body OrderHit }

// maxHit is how many functions and items a rehearsal looks at.
const maxHit = 500

func (s *server) rehearseOrder(ctx context.Context, in *rehearseOrderInput) (*rehearseOrderOutput, error) {
	b := in.Body
	out := &rehearseOrderOutput{OrderHit{Target: b.Target, Functions: []HitFunction{}, Orders: []ControlOrder{}}}
	if b.Account != "" {
		if b.Scope != incident.OnAccount || b.Target != "" {
			return nil, invalid("body.account", "expected scope account and no target")
		}
		subject, err := s.People.Account(ctx, b.Account)
		if err != nil {
			return nil, err
		}
		out.Body.Target = string(subject)
	}
	if err := s.hitFunctions(ctx, b.Scope, &out.Body); err != nil {
		return nil, err
	}
	if err := s.hitArtefacts(ctx, b.Scope, &out.Body); err != nil {
		return nil, err
	}
	for _, e := range s.Watch.Board().Orders() {
		if e.Value.Scope == b.Scope && e.Value.Target == out.Body.Target {
			out.Body.Orders = append(out.Body.Orders, viewOrder(e))
		}
	}
	return out, nil
}

// hitFunctions finds the functions that an order would be about.
func (s *server) hitFunctions(ctx context.Context, scope incident.Scope, hit *OrderHit) error {
	list, _, err := s.Register.Functions(ctx, register.Query{Limit: maxHit})
	if err != nil {
		return err
	}
	for _, e := range list {
		f := e.Value
		about := false
		switch scope {
		case incident.OnEverything, incident.OnPublish:
			about = true
		case incident.OnService:
			about = f.Service == hit.Target
		case incident.OnFunction:
			about = e.ID == hit.Target
		case incident.OnModel:
			about = slices.ContainsFunc(f.Models, func(m register.Model) bool { return m.Name == hit.Target })
		}
		if about && register.State(e.State) != register.Retired {
			hit.Functions = append(hit.Functions, HitFunction{e.ID, f.Service, TextPair(f.Names), register.State(e.State)})
		}
	}
	hit.Known = len(hit.Functions) > 0 || hit.Target == ""
	return nil
}

// hitArtefacts counts what was made of late that an order would be about.
func (s *server) hitArtefacts(ctx context.Context, scope incident.Scope, hit *OrderHit) error {
	q := artefact.Query{From: s.Watch.Board().Confirmed.Add(-24 * time.Hour)}
	about := func(a artefact.Artefact) bool {
		return slices.ContainsFunc(hit.Functions, func(f HitFunction) bool { return f.ID == a.Function })
	}
	switch scope {
	case incident.OnTemplate, incident.OnRegistration: // nothing that was made says so
		return nil
	case incident.OnContent:
		_, err := s.Artefacts.Artefact(ctx, artefact.Number(hit.Target))
		var e *colophon.Error
		if hit.Known = err == nil; hit.Known {
			hit.Artefacts = 1
		} else if errors.As(err, &e) && (e.Kind == colophon.Missing || e.Kind == colophon.Invalid) {
			err = nil
		}
		return err
	case incident.OnAccount:
		q.Account, about = evidence.Subject(hit.Target), func(artefact.Artefact) bool { return true }
	case incident.OnEverything, incident.OnPublish:
		about = func(artefact.Artefact) bool { return true }
	}
	list, next, err := s.Artefacts.Find(ctx, q, "", maxHit)
	for _, a := range list {
		if about(a) {
			hit.Artefacts++
		}
	}
	hit.More, hit.Known = next != "", hit.Known || hit.Artefacts > 0
	return err
}

type drillOrderInput struct {
	Keyed
	Body struct {
		Whose
		Until  time.Time `json:"until,omitempty" doc:"When it ends by itself, within an hour; absent for an hour."`
		Reason string    `json:"reason" minLength:"1" maxLength:"4096" doc:"Prose. It stands in the sealed payload of the record and nowhere else."`
	}
}

func (s *server) drillOrder(ctx context.Context, in *drillOrderInput) (*orderOutput, error) {
	account, err := s.whose(ctx, in.Body.Whose)
	if err != nil {
		return nil, err
	}
	return shownOrder(s.Orders.Drill(ctx, ledgerBy(ctx), account, in.Body.Until, in.Body.Reason))
}

type stepOrderInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"4096" doc:"Prose. It stands in the sealed payload of the record and nowhere else."`
	}
}

func (s *server) releaseOrder(ctx context.Context, in *stepOrderInput) (*orderOutput, error) {
	return shownOrder(s.Orders.Propose(ctx, ledgerBy(ctx), in.ID, in.Body.Reason))
}

func (s *server) confirmOrder(ctx context.Context, in *stepOrderInput) (*orderOutput, error) {
	return shownOrder(s.Orders.Confirm(ctx, ledgerBy(ctx), in.ID, in.Body.Reason))
}

func (s *server) keepOrder(ctx context.Context, in *stepOrderInput) (*orderOutput, error) {
	return shownOrder(s.Orders.Keep(ctx, ledgerBy(ctx), in.ID, in.Body.Reason))
}
