package register

import (
	"context"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Query says which functions are wanted.
type Query struct {
	Service string
	States  []State
	After   string
	Limit   int
}

// serviceChanged is the payload of a record about a service.
type serviceChanged struct {
	Service string  `json:"service"`
	State   string  `json:"state"`
	By      string  `json:"by,omitempty"`
	Value   Service `json:"value"`
}

func serviceAct(typ evidence.Type, by ledger.By, e ServiceEntry) ledger.Act {
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: serviceChanged{e.ID, e.State, by.ID, e.Value}}
}

// AddService adds a service.
func (r *Register) AddService(ctx context.Context, by ledger.By, id string, s Service) (ServiceEntry, error) {
	if !Word(id) {
		return ServiceEntry{}, invalid("id")
	}
	if err := s.check(); err != nil {
		return ServiceEntry{}, err
	}
	e := ServiceEntry{ID: id, State: string(Open), Value: s}
	return r.services.Add(ctx, e, nil, serviceAct(RecordServiceAdded, by, e))
}

// ChangeService describes a service anew.
func (r *Register) ChangeService(ctx context.Context, by ledger.By, id string, s Service) (ServiceEntry, error) {
	if err := s.check(); err != nil {
		return ServiceEntry{}, err
	}
	return r.services.Change(ctx, id, func(e *ServiceEntry) (ledger.Act, error) {
		if e.State != string(Open) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(Open)}}
		}
		e.Value = s
		return serviceAct(RecordServiceChanged, by, *e), nil
	})
}

// RetireService ends a service whose functions are all retired.
func (r *Register) RetireService(ctx context.Context, by ledger.By, id string) (ServiceEntry, error) {
	return r.services.Change(ctx, id, func(e *ServiceEntry) (ledger.Act, error) {
		if e.State != string(Open) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(Retired)}}
		}
		active := Query{Service: id, States: []State{Draft, Ready, Live, Suspended}, Limit: 1}
		if list, _, err := r.Functions(ctx, active); err != nil {
			return ledger.Act{}, err
		} else if len(list) > 0 {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeInUse, Args: colophon.Args{"function": list[0].ID}}
		}
		e.State = string(Retired)
		return serviceAct(RecordServiceRetired, by, *e), nil
	})
}

// Service returns a service.
func (r *Register) Service(ctx context.Context, id string) (ServiceEntry, error) {
	return r.services.Get(ctx, id)
}

// Services returns a page of services by name, and where the next page begins.
func (r *Register) Services(ctx context.Context, after string, limit int) ([]ServiceEntry, string, error) {
	return r.services.Page(ctx, ledger.Query{After: after, Limit: limit})
}

// Functions returns a page of functions by name, and where the next page begins.
func (r *Register) Functions(ctx context.Context, q Query) ([]Entry, string, error) {
	query := ledger.Query{After: q.After, Limit: q.Limit}
	for _, s := range q.States {
		query.States = append(query.States, string(s))
	}
	if q.Service != "" {
		query.Keys = []ledger.Key{{Name: keyService, Value: q.Service}}
	}
	return r.functions.Page(ctx, query)
}

// PublicService is what everybody may know of a service.
type PublicService struct {
	ID        string
	Service   Service
	Functions []PublicFunction
}

// PublicFunction is what everybody may know of a live function.
type PublicFunction struct {
	ID       string
	Item     int // of Deep Synthesis Provisions Art. 23 ¶1
	Kind     Kind
	Function Function
}

// Public returns the services that have live functions, with these.
func (r *Register) Public(ctx context.Context) ([]PublicService, error) {
	var list []PublicService
	err := r.services.All(ctx, ledger.Query{States: []string{string(Open)}}, func(s ServiceEntry) error {
		public := PublicService{ID: s.ID, Service: s.Value}
		err := r.functions.All(ctx, ledger.Query{States: []string{string(Live)}, Keys: []ledger.Key{{Name: keyService, Value: s.ID}}}, func(e Entry) error {
			kind, item, _ := r.kind(e.Value.Kind)
			public.Functions = append(public.Functions, PublicFunction{e.ID, item, kind, e.Value})
			return nil
		})
		if len(public.Functions) > 0 {
			list = append(list, public)
		}
		return err
	})
	return list, err
}
