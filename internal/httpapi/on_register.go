package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/staff"
)

func registerRoutes() []route {
	return []route{
		{get, "/v1/public/services", "public-services", "", "register", 0, 200, do((*server).publicServices), "The services and their live functions, with filing numbers and label methods, for everybody", 0},
		{get, "/v1/services", "services", staff.RegisterRead, "register", 0, 200, do((*server).services), "List services", 0},
		{get, "/v1/services/{id}", "service", staff.RegisterRead, "register", 0, 200, do((*server).service), "Show a service", 0},
		{post, "/v1/services", "add-service", staff.RegisterChange, "register", small, 201, once((*server).addService), "Add a service", 0},
		{post, "/v1/services/{id}:change", "change-service", staff.RegisterChange, "register", small, 200, once((*server).changeService), "Describe a service anew, all of it", 0},
		{post, "/v1/services/{id}:retire", "retire-service", staff.RegisterChange, "register", 0, 200, once((*server).retireService), "End a service whose functions are retired", 0},
		{get, "/v1/functions", "functions", staff.RegisterRead, "register", 0, 200, do((*server).functions), "List functions", 0},
		{get, "/v1/functions/{id}", "function", staff.RegisterRead, "register", 0, 200, do((*server).function), "Show a function, and what keeps it from being live", 0},
		{post, "/v1/functions", "add-function", staff.RegisterChange, "register", small, 201, once((*server).addFunction), "Add a function; it is ready once its description is whole", 0},
		{post, "/v1/functions/{id}:change", "change-function", staff.RegisterChange, "register", small, 200, once((*server).changeFunction), "Describe a function anew, all of it", 0},
		{post, "/v1/functions/{id}:live", "function-live", staff.RegisterLive, "register", 0, 200, once((*server).functionLive), "Let a function go live, if every condition is met or waived", 0},
		{post, "/v1/functions/{id}:waive", "waive-condition", staff.RegisterLive, "register", small, 200, once((*server).waiveCondition), "Waive a condition of a function as it is now, until a time", 0},
		{post, "/v1/functions/{id}:suspend", "suspend-function", staff.RegisterChange, "register", small, 200, once((*server).suspendFunction), "Stop a live function", 0},
		{post, "/v1/functions/{id}:retire", "retire-function", staff.RegisterChange, "register", small, 200, once((*server).retireFunction), "End a function for good", 0},
	}
}

// ServiceForm is how a service is offered.
type ServiceForm struct {
	Kind string `json:"kind" enum:"app,website,mini-program,api,other" doc:"What it is."`
	At   string `json:"at" minLength:"1" maxLength:"256" doc:"Address, or name of the package." example:"https://studio.example"`
	ICP  string `json:"icp,omitempty" maxLength:"256" doc:"Number of the ICP filing."`
}

// ServiceText describes a service.
type ServiceText struct {
	Names   TextPair      `json:"names" doc:"What it is called."`
	Role    string        `json:"role" enum:"provider,supporter" doc:"Whether you provide the service, or support providers with technology."`
	Forms   []ServiceForm `json:"forms" nullable:"false" minItems:"1" maxItems:"32" doc:"How it is offered."`
	Opinion bool          `json:"opinion,omitempty" doc:"It has the properties of a public forum or can mobilise society (Deep Synthesis Provisions Art. 19, 20)."`
}

func (t ServiceText) service() register.Service {
	s := register.Service{Names: register.Names(t.Names), Role: t.Role, Opinion: t.Opinion}
	for _, f := range t.Forms {
		s.Forms = append(s.Forms, register.Form(f))
	}
	return s
}

func viewServiceText(s register.Service) ServiceText {
	t := ServiceText{TextPair(s.Names), s.Role, []ServiceForm{}, s.Opinion}
	for _, f := range s.Forms {
		t.Forms = append(t.Forms, ServiceForm(f))
	}
	return t
}

// RegisteredService is a service as it is kept.
type RegisteredService struct {
	ID      string         `json:"id" doc:"Identifier."`
	State   register.State `json:"state" enum:"open,retired" doc:"Where it is."`
	Service ServiceText    `json:"service" doc:"What it is."`
	Changed time.Time      `json:"changed" doc:"When it was changed last."`
}

// FunctionModel is a model behind a function.
type FunctionModel struct {
	Name    string `json:"name" minLength:"1" maxLength:"256" doc:"Name."`
	Version string `json:"version,omitempty" maxLength:"256" doc:"Version."`
	Digest  string `json:"digest,omitempty" pattern:"^[0-9a-f]{64}$" patternDescription:"SHA-256 in hexadecimal" doc:"SHA-256 of its weights."`
	Own     bool   `json:"own,omitempty" doc:"You trained or tuned it."`
	Number  string `json:"number,omitempty" maxLength:"256" doc:"Filing number, above all of a third party's model."`
}

// FunctionNotice is how the content of a function is labelled.
type FunctionNotice struct {
	Policy string   `json:"policy,omitempty" enum:"required,on-request,offered" doc:"A notice on everything; or on everything that nobody asked to have without one (Labelling Measures Art. 9); or on demand, for the functions of Art. 17 ¶2 alone."`
	Method TextPair `json:"method,omitempty" doc:"Which notice stands where, in a sentence for the public."`
}

// FunctionQuota is a limit of how often something is used.
type FunctionQuota struct {
	Per     string `json:"per" enum:"account,function,model" doc:"Of what the uses are counted."`
	Events  int    `json:"events" minimum:"1" maximum:"1000000000" doc:"So many uses."`
	Seconds int    `json:"seconds" minimum:"1" maximum:"2678400" doc:"In so many seconds."`
	Burst   int    `json:"burst,omitempty" minimum:"0" maximum:"1000000000" doc:"So many more at once."`
}

// FunctionFiling says how far the filing of the algorithm is.
type FunctionFiling struct {
	State  register.FilingState `json:"state,omitempty" enum:"not-needed,preparing,submitted,filed,changed,cancelled" doc:"How far it is. Changed: a change was submitted, and the number stands."`
	Reason string               `json:"reason,omitempty" maxLength:"1024" doc:"Why none is needed, or what changed."`
	Number string               `json:"number,omitempty" maxLength:"64" doc:"21 digits, with or without the words around them."`
	Link   string               `json:"link,omitempty" maxLength:"1024" doc:"To what is made public of it."`
	At     *time.Time           `json:"at,omitempty" doc:"Since when it is so; now by itself."`
}

// FunctionSecurity is the security assessment.
type FunctionSecurity struct {
	Done   *time.Time `json:"done,omitempty" doc:"When it was made."`
	Until  *time.Time `json:"until,omitempty" doc:"When it is to be made again."`
	Report string     `json:"report,omitempty" maxLength:"256" doc:"By which name or number the report is found."`
	Digest string     `json:"digest,omitempty" pattern:"^[0-9a-f]{64}$" patternDescription:"SHA-256 in hexadecimal" doc:"SHA-256 of the report."`
	Stale  bool       `json:"stale,omitempty" readOnly:"true" doc:"It was made of the function as it was before a change."`
}

// FunctionText describes a function. What its kind implies may be left out.
type FunctionText struct {
	Service  string           `json:"service" minLength:"1" maxLength:"64" doc:"The service that it belongs to; it never changes."`
	Names    TextPair         `json:"names,omitempty" doc:"What it is called."`
	Purpose  TextPair         `json:"purpose,omitempty" doc:"What it is for."`
	Kind     string           `json:"kind" minLength:"1" maxLength:"64" doc:"Kind of technology by Deep Synthesis Provisions Art. 23." example:"face-swap"`
	Class    string           `json:"class,omitempty" enum:"dialogue,voice,person,scene,other,assist" doc:"Class by Deep Synthesis Provisions Art. 17."`
	Likeness []string         `json:"likeness,omitempty" nullable:"false" maxItems:"4" enum:"face,voice,body,name" doc:"What of a person it edits."`
	Scenes   []string         `json:"scenes,omitempty" nullable:"false" maxItems:"32" doc:"Where it is meant to be used, as lower-case words."`
	Models   []FunctionModel  `json:"models,omitempty" nullable:"false" maxItems:"32" doc:"Models behind it."`
	Identity string           `json:"identity,omitempty" enum:"phone,two-factor,three-factor,four-factor,live,network-id,organisation" doc:"Least level of identity verification."`
	Consent  string           `json:"consent,omitempty" enum:"claimed,recorded,matched,verified" doc:"Least level of consent of the person depicted."`
	Notice   FunctionNotice   `json:"notice,omitempty" doc:"How its content is labelled."`
	Quotas   []FunctionQuota  `json:"quotas,omitempty" nullable:"false" maxItems:"32" doc:"Limits."`
	Filing   FunctionFiling   `json:"filing,omitempty" doc:"How far the filing of the algorithm is (Art. 19)."`
	Security FunctionSecurity `json:"security,omitempty" doc:"Security assessment (Art. 15, 20)."`
	Risk     bool             `json:"risk,omitempty" doc:"It counts as high-risk although it makes no faces or voices."`
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func (t FunctionText) function() register.Function {
	f := register.Function{Service: t.Service, Names: register.Names(t.Names), Purpose: register.Names(t.Purpose), Kind: t.Kind, Class: t.Class, Likeness: t.Likeness, Scenes: t.Scenes,
		Identity: t.Identity, Consent: t.Consent, Risk: t.Risk, Notice: register.Notice{Policy: t.Notice.Policy, Method: register.Names(t.Notice.Method)},
		Filing:   register.Filing{State: t.Filing.State, Reason: t.Filing.Reason, Number: t.Filing.Number, Link: t.Filing.Link, At: moment(t.Filing.At)},
		Security: register.Security{Done: moment(t.Security.Done), Until: moment(t.Security.Until), Report: t.Security.Report, Digest: t.Security.Digest}}
	for _, m := range t.Models {
		f.Models = append(f.Models, register.Model(m))
	}
	for _, q := range t.Quotas {
		f.Quotas = append(f.Quotas, register.Quota{Per: q.Per, Events: q.Events, Period: time.Duration(q.Seconds) * time.Second, Burst: q.Burst})
	}
	return f
}

func viewFunctionText(f register.Function) FunctionText {
	t := FunctionText{Service: f.Service, Names: TextPair(f.Names), Purpose: TextPair(f.Purpose), Kind: f.Kind, Class: f.Class, Likeness: f.Likeness, Scenes: f.Scenes,
		Identity: f.Identity, Consent: f.Consent, Risk: f.Risk, Notice: FunctionNotice{f.Notice.Policy, TextPair(f.Notice.Method)},
		Filing:   FunctionFiling{f.Filing.State, f.Filing.Reason, f.Filing.Number, f.Filing.Link, set(f.Filing.At)},
		Security: FunctionSecurity{set(f.Security.Done), set(f.Security.Until), f.Security.Report, f.Security.Digest, !f.Security.Done.IsZero() && f.Security.Facts != f.Facts}}
	for _, m := range f.Models {
		t.Models = append(t.Models, FunctionModel(m))
	}
	for _, q := range f.Quotas {
		t.Quotas = append(t.Quotas, FunctionQuota{q.Per, q.Events, int(q.Period / time.Second), q.Burst})
	}
	return t
}

// ConditionWaiver lets a function be live although a condition is unmet.
type ConditionWaiver struct {
	Condition string    `json:"condition" enum:"agreement,assessment,filing,consent-level,notice-policy,security-assessment" doc:"Which condition."`
	By        string    `json:"by" doc:"Staff account that waived it."`
	Reason    string    `json:"reason" doc:"Why."`
	Made      time.Time `json:"made" doc:"When."`
	Until     time.Time `json:"until" doc:"When it ends."`
	Facts     string    `json:"facts" doc:"Digest of the function as it was; the waiver holds for that alone."`
}

// FunctionCondition is one thing that has to hold for a function to be live.
type FunctionCondition struct {
	Name    string           `json:"name" enum:"agreement,assessment,filing,consent-level,notice-policy,security-assessment" doc:"Which."`
	Verdict string           `json:"verdict" enum:"passed,failed,could-not-tell" doc:"What could not be told counts as unmet."`
	Met     bool             `json:"met" doc:"It passed or is waived."`
	Asked   bool             `json:"asked" doc:"It is asked of a function like this; what is not asked counts as passed."`
	Reason  *Sentence        `json:"reason,omitempty" doc:"Why it has not passed."`
	Clause  colophon.Clause  `json:"clause" doc:"Which article wants it."`
	Waiver  *ConditionWaiver `json:"waiver,omitempty" doc:"Waiver in force."`
	Until   *time.Time       `json:"until,omitempty" doc:"When what it passed by ends."`
}

// RegisteredFunction is a function as it is kept.
type RegisteredFunction struct {
	ID         string              `json:"id" doc:"Identifier."`
	State      register.State      `json:"state" enum:"draft,ready,live,suspended,retired" doc:"Where it is. Ready: its description is whole."`
	Function   FunctionText        `json:"function" doc:"What it is."`
	High       bool                `json:"high" doc:"It counts as high-risk."`
	Facts      string              `json:"facts" doc:"Digest of purpose, models and scope. Assessments and waivers are of this."`
	Live       *time.Time          `json:"live,omitempty" doc:"Since when it is live."`
	Reason     string              `json:"reason,omitempty" doc:"Why it is suspended or retired."`
	Conditions []FunctionCondition `json:"conditions,omitempty" nullable:"false" doc:"What has to hold for it to be live; of a single function alone."`
}

func viewFunction(id, state string, f register.Function) RegisteredFunction {
	return RegisteredFunction{ID: id, State: register.State(state), Function: viewFunctionText(f), High: f.High(), Facts: f.Facts, Live: set(f.Live), Reason: f.Reason}
}

func viewSnapshot(ctx context.Context, p register.Snapshot) RegisteredFunction {
	say := printer(askerOf(ctx).language)
	v := viewFunction(p.ID, string(p.State), p.Function)
	for _, c := range p.Conditions {
		out := FunctionCondition{Name: c.Name, Verdict: c.Verdict.String(), Met: c.Met(), Asked: !c.Exempt, Clause: c.Clause, Until: set(c.Until), Reason: sentence(say, c.Code, c.Args)}
		if c.Waiver != nil {
			w := ConditionWaiver(*c.Waiver)
			out.Waiver = &w
		}
		v.Conditions = append(v.Conditions, out)
	}
	return v
}

type servicesOutput struct {
	Body struct {
		Services []RegisteredService `json:"services" nullable:"false" doc:"By identifier."`
		Next     string              `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) services(ctx context.Context, in *Page) (*servicesOutput, error) {
	list, next, err := s.Register.Services(ctx, in.Cursor, in.Limit)
	out := &servicesOutput{}
	out.Body.Services, out.Body.Next = []RegisteredService{}, next
	for _, e := range list {
		out.Body.Services = append(out.Body.Services, viewService(e))
	}
	return out, err
}

func viewService(e register.ServiceEntry) RegisteredService {
	return RegisteredService{e.ID, register.State(e.State), viewServiceText(e.Value), e.Changed}
}

type serviceOutput struct {
	Replayed
	Body RegisteredService
}

func shownService(e register.ServiceEntry, err error) (*serviceOutput, error) {
	return &serviceOutput{Body: viewService(e)}, err
}

func (s *server) service(ctx context.Context, in *Named) (*serviceOutput, error) {
	return shownService(s.Register.Service(ctx, in.ID))
}

type addServiceInput struct {
	Keyed
	Body struct {
		ID      string      `json:"id" minLength:"1" maxLength:"64" pattern:"^[0-9a-z][0-9a-z-]*$" patternDescription:"lower-case letters, digits and hyphens" doc:"Identifier."`
		Service ServiceText `json:"service" doc:"What it is."`
	}
}

func (s *server) addService(ctx context.Context, in *addServiceInput) (*serviceOutput, error) {
	return shownService(s.Register.AddService(ctx, ledgerBy(ctx), in.Body.ID, in.Body.Service.service()))
}

type changeServiceInput struct {
	Keyed
	Named
	Body ServiceText
}

func (s *server) changeService(ctx context.Context, in *changeServiceInput) (*serviceOutput, error) {
	return shownService(s.Register.ChangeService(ctx, ledgerBy(ctx), in.ID, in.Body.service()))
}

func (s *server) retireService(ctx context.Context, in *judgeInput) (*serviceOutput, error) {
	return shownService(s.Register.RetireService(ctx, ledgerBy(ctx), in.ID))
}

type functionsInput struct {
	Page
	Service string           `query:"service" maxLength:"64" doc:"Of this service."`
	States  []register.State `query:"state,explode" nullable:"false" maxItems:"5" enum:"draft,ready,live,suspended,retired" doc:"State; may be repeated."`
}

type functionsOutput struct {
	Body struct {
		Functions []RegisteredFunction `json:"functions" nullable:"false" doc:"By identifier."`
		Next      string               `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) functions(ctx context.Context, in *functionsInput) (*functionsOutput, error) {
	list, next, err := s.Register.Functions(ctx, register.Query{Service: in.Service, States: in.States, After: in.Cursor, Limit: in.Limit})
	out := &functionsOutput{}
	out.Body.Functions, out.Body.Next = []RegisteredFunction{}, next
	for _, e := range list {
		out.Body.Functions = append(out.Body.Functions, viewFunction(e.ID, e.State, e.Value))
	}
	return out, err
}

type functionOutput struct {
	Replayed
	Body RegisteredFunction
}

func (s *server) function(ctx context.Context, in *Named) (*functionOutput, error) {
	p, err := s.Register.Function(ctx, in.ID)
	return &functionOutput{Body: viewSnapshot(ctx, p)}, err
}

// changedFunction shows a function after a change, with its conditions.
func (s *server) changedFunction(ctx context.Context, e register.Entry, err error) (*functionOutput, error) {
	if err != nil {
		return nil, err
	}
	p, err := s.Register.Function(ctx, e.ID)
	return &functionOutput{Body: viewSnapshot(ctx, p)}, err
}

type addFunctionInput struct {
	Keyed
	Body struct {
		ID       string       `json:"id" minLength:"1" maxLength:"64" pattern:"^[0-9a-z][0-9a-z-]*$" patternDescription:"lower-case letters, digits and hyphens" doc:"Identifier, by which applications name it."`
		Function FunctionText `json:"function" doc:"What it is."`
	}
}

func (s *server) addFunction(ctx context.Context, in *addFunctionInput) (*functionOutput, error) {
	e, err := s.Register.Add(ctx, ledgerBy(ctx), in.Body.ID, in.Body.Function.function())
	return s.changedFunction(ctx, e, err)
}

type changeFunctionInput struct {
	Keyed
	Named
	Body FunctionText
}

func (s *server) changeFunction(ctx context.Context, in *changeFunctionInput) (*functionOutput, error) {
	e, err := s.Register.Change(ctx, ledgerBy(ctx), in.ID, in.Body.function())
	return s.changedFunction(ctx, e, err)
}

func (s *server) functionLive(ctx context.Context, in *judgeInput) (*functionOutput, error) {
	e, err := s.Register.Live(ctx, ledgerBy(ctx), in.ID)
	return s.changedFunction(ctx, e, err)
}

type waiveInput struct {
	Keyed
	Named
	Body struct {
		Condition string    `json:"condition" enum:"agreement,assessment,filing,consent-level,notice-policy,security-assessment" doc:"Which condition."`
		Reason    string    `json:"reason" minLength:"1" maxLength:"1024" doc:"Why. It names no person."`
		Until     time.Time `json:"until" doc:"When it ends: within a year."`
	}
}

func (s *server) waiveCondition(ctx context.Context, in *waiveInput) (*functionOutput, error) {
	e, err := s.Register.Waive(ctx, ledgerBy(ctx), in.ID, register.Waiver{Condition: in.Body.Condition, Reason: in.Body.Reason, Until: in.Body.Until})
	return s.changedFunction(ctx, e, err)
}

func (s *server) suspendFunction(ctx context.Context, in *reasonedInput) (*functionOutput, error) {
	e, err := s.Register.Suspend(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return s.changedFunction(ctx, e, err)
}

func (s *server) retireFunction(ctx context.Context, in *reasonedInput) (*functionOutput, error) {
	e, err := s.Register.Retire(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return s.changedFunction(ctx, e, err)
}

// PublicFunction is what everybody may know of a live function.
type PublicFunction struct {
	ID      string          `json:"id" doc:"Identifier."`
	Names   TextPair        `json:"names" doc:"What it is called."`
	Purpose TextPair        `json:"purpose" doc:"What it is for."`
	Item    int             `json:"item" minimum:"1" maximum:"6" doc:"Item of Deep Synthesis Provisions Art. 23 ¶1."`
	Kind    TextPair        `json:"kind" doc:"Kind of technology within the item."`
	Class   string          `json:"class" enum:"dialogue,voice,person,scene,other,assist" doc:"Class by Deep Synthesis Provisions Art. 17."`
	Models  []FunctionModel `json:"models" nullable:"false" doc:"Models behind it, without digests."`
	Filing  FunctionFiling  `json:"filing" doc:"Filing of the algorithm: its number, and the link to what is made public of it."`
	Notice  FunctionNotice  `json:"notice" doc:"How its content is labelled."`
}

// PublicService is what everybody may know of a service.
type PublicService struct {
	ID        string           `json:"id" doc:"Identifier."`
	Service   ServiceText      `json:"service" doc:"What it is."`
	Functions []PublicFunction `json:"functions" nullable:"false" doc:"Those that are live."`
}

type publicServicesOutput struct {
	Body struct {
		Services []PublicService `json:"services" nullable:"false" doc:"Services that have live functions. Their label methods in full are among /v1/public/agreements."`
	}
}

func (s *server) publicServices(ctx context.Context, _ *struct{}) (*publicServicesOutput, error) {
	list, err := s.Register.Public(ctx)
	out := &publicServicesOutput{}
	out.Body.Services = []PublicService{}
	for _, p := range list {
		v := PublicService{p.ID, viewServiceText(p.Service), []PublicFunction{}}
		for _, f := range p.Functions {
			t := viewFunctionText(f.Function)
			for i := range t.Models {
				t.Models[i].Digest = ""
			}
			t.Filing.Reason = ""
			v.Functions = append(v.Functions, PublicFunction{f.ID, t.Names, t.Purpose, f.Item, TextPair{f.Kind.ZH, f.Kind.EN}, t.Class, t.Models, t.Filing, t.Notice})
		}
		out.Body.Services = append(out.Body.Services, v)
	}
	return out, err
}
