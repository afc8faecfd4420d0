package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/staff"
)

func guidePages() []page {
	row := func(step string, action staff.Action, do func(*visit) error) page {
		return page{method: post, path: "/guide/" + step, action: action, back: "/guide", do: do}
	}
	return []page{
		{method: get, path: "/guide", title: "page-guide", action: staff.RegisterChange, menu: true, group: groupSystem,
			words: slices.Concat(of("page-guide-", guideSteps()...), of("page-guide-about-", guideSteps()...), of("page-guide-add-", "service", "function"), of("page-function-state-", functionStates()...), of("page-condition-", register.ConditionNames()...),
				of("page-label-", "setting", "value", "environment", "set-in"), of("page-origin-", "default", "file", "environment", "flag")), do: showGuide},
		row("code", staff.RegisterChange, guideCode),
		row("service", staff.RegisterChange, guideService),
		row("function", staff.RegisterChange, guideFunction),
		row("key", staff.APIKeyManage, guideKey),
		row("picture", staff.GatewayUse, guidePicture),
	}
}

// guideSteps are the steps of the guide, in their order.
func guideSteps() []string {
	return []string{"provider", "service", "function", "account", "key", "picture"}
}

// guideStep is a step as the page shows it. Whether it is done is what is so now, so nothing is remembered.
type guideStep struct {
	Name     string
	Done     bool
	May      bool   // the visitor may do it
	To       string // what came of it, or where it is done
	Lines    []fact
	Trial    bool // of the provider: the code is the one for trials
	Settings *tableView
	Things   []guideThing // that are there already
	Fields   []string
	Services []choice // of the function: where it may belong
	Kinds    []choice
	Models   []client.Model
}

// guideThing is a service or a function, and what it lacks.
type guideThing struct {
	To, Name string
	State    cell
	Lacks    []cell
}

type guidePage struct {
	Steps []guideStep
	All   bool
	Code  string // that was worked out
}

// trialDivision is where the code for trials says the provider is: nowhere.
const trialDivision = "000000"

func showGuide(v *visit) error { return v.guide("") }

func (v *visit) guide(code string) error {
	data := guidePage{All: true, Code: code}
	for _, look := range []func(context.Context, *client.Client) (guideStep, error){v.guideProvider, v.guidedService, v.guidedFunction, v.guidedAccount, v.guidedKey, v.guidedPicture} {
		s, err := look(v.r.Context(), v.api())
		if err != nil {
			return err
		}
		data.Steps = append(data.Steps, s)
		data.All = data.All && s.Done
	}
	return v.show("guide", data)
}

// guideProvider tells what is known of the provider, and how it is set.
func (v *visit) guideProvider(ctx context.Context, api *client.Client) (guideStep, error) {
	_, err := label.ParseCode(v.ProviderCode)
	s := guideStep{Name: "provider", Done: err == nil && v.ProviderName != "", May: true, Trial: len(v.ProviderCode) >= usccTo && v.ProviderCode[usccFrom+2:usccFrom+8] == trialDivision}
	list, err := api.Settings(ctx)
	if err != nil {
		return s, err
	}
	facts := []string{"producer", "provider-name", "provider-contact", "appeal", "platform"}
	list = slices.DeleteFunc(list, func(one client.Setting) bool { return !slices.Contains(facts, one.Key) })
	slices.SortFunc(list, func(a, b client.Setting) int { return slices.Index(facts, a.Key) - slices.Index(facts, b.Key) })
	for i := range list { // both are made up where they are not set
		switch list[i].Key {
		case "producer":
			list[i].Value = v.ProviderCode
		case "provider-name":
			list[i].Value = v.ProviderName
		}
	}
	s.Settings = tableOf("page-guide-settings", []column[client.Setting]{
		{name: "setting", cell: func(one client.Setting) cell { return ident(one.Key) }},
		{name: "value", cell: func(one client.Setting) cell { return text(one.Value) }},
		{name: "environment", cell: func(one client.Setting) cell {
			return ident("COLOPHON_" + strings.ToUpper(strings.ReplaceAll(one.Key, "-", "_")))
		}},
		{name: "set-in", cell: func(one client.Setting) cell { return word("page-origin-", one.Origin) }},
	}, list)
	return s, nil
}

// guideServices are the services that are open, to which functions can belong.
func (v *visit) guideServices(ctx context.Context, api *client.Client) ([]client.Service, error) {
	list, _, err := api.Services(ctx, client.Listing{Limit: walkSize})
	return slices.DeleteFunc(list, func(s client.Service) bool { return s.State != "open" }), err
}

func (v *visit) guidedService(ctx context.Context, api *client.Client) (guideStep, error) {
	list, err := v.guideServices(ctx, api)
	s := guideStep{Name: "service", Done: len(list) > 0, May: v.actor().May(staff.RegisterChange), Fields: []string{"identifier", "name-zh", "name-en", "service-address"}}
	for _, one := range list {
		s.Things = append(s.Things, guideThing{To: "/services/" + escaped(one.ID), Name: v.pair(one.Service.Names)})
	}
	return s, err
}

// guidedFunction is done once a function is live.
func (v *visit) guidedFunction(ctx context.Context, api *client.Client) (guideStep, error) {
	s := guideStep{Name: "function", May: v.actor().May(staff.RegisterChange), Fields: []string{"identifier", "name-zh", "name-en"}}
	services, err := v.guideServices(ctx, api)
	if err != nil {
		return s, err
	}
	for _, one := range services {
		s.Services = append(s.Services, choice{Name: one.ID, Lang: v.pair(one.Service.Names)})
	}
	if s.Models, err = api.Models(ctx); err != nil {
		return s, err
	}
	items, err := register.Items()
	if err != nil {
		return s, err
	}
	for _, item := range items {
		for _, k := range item.Kinds {
			s.Kinds = append(s.Kinds, choice{Name: k.ID, Lang: v.pair(client.TextPair{ZH: k.ZH, EN: k.EN}), Here: map[bool]string{true: "true"}[k.ID == firstKind]})
		}
	}
	list, _, err := api.Functions(ctx, client.Listing{Limit: walkSize})
	for _, f := range list {
		if f.State == "retired" {
			continue
		}
		s.Done = s.Done || f.State == "live"
		one := guideThing{To: "/functions/" + escaped(f.ID), Name: v.pair(f.Function.Names), State: functionState(f)}
		for _, c := range f.Conditions {
			if !c.Met {
				one.Lacks = append(one.Lacks, word("page-condition-", c.Name))
			}
		}
		s.Things = append(s.Things, one)
	}
	return s, err
}

func (v *visit) guidedAccount(ctx context.Context, api *client.Client) (guideStep, error) {
	s := guideStep{Name: "account", May: v.actor().May(staff.AccountVerify)}
	e, err := api.ExplainAdmission(ctx, client.Admission{Account: playgroundAccount, Act: "publish", Class: "other"})
	if err == nil {
		s.Done, s.To = e.Decision.Allow, v.prepares()
	}
	return s, err
}

func (v *visit) guidedKey(ctx context.Context, _ *client.Client) (guideStep, error) {
	s := guideStep{Name: "key", May: v.actor().May(staff.APIKeyManage), To: "/keys"}
	keys, err := v.Roster.Keys(ctx, v.actor(), "", 50)
	s.Done = slices.ContainsFunc(keys, func(k staff.Key) bool { return k.Good(v.Now()) == nil })
	return s, err
}

func (v *visit) guidedPicture(ctx context.Context, api *client.Client) (guideStep, error) {
	s := guideStep{Name: "picture", May: v.actor().May(staff.GatewayUse)}
	subject := ""
	if v.actor().May(staff.AccountRead) {
		if found, err := api.FindAccount(ctx, playgroundAccount); err == nil {
			subject = found
		}
	}
	list, _, err := api.Artefacts(ctx, client.Listing{Limit: 50, Filter: map[string][]string{"subject": {subject}}})
	for _, a := range list {
		if subject != "" && a.Format == "png" && (a.State == "marked" || a.State == "delivered") {
			s.Done, s.To, s.Lines = true, "/content/"+escaped(a.Number), []fact{{"content-number", ident(a.Number)}}
		}
	}
	return s, err
}

// guideCode works out the provider code of an organisation, as `colophon code make` does.
func guideCode(v *visit) error {
	code, err := label.MakeCode(strings.TrimSpace(v.sent("uscc")), label.ServiceGeneration, "0000")
	if err != nil {
		return err
	}
	return v.guide(string(code))
}

func guideService(v *visit) error {
	_, err := v.api().AddService(v.r.Context(), v.sent("identifier"), client.ServiceText{Names: client.TextPair{ZH: v.sent("name-zh"), EN: v.sent("name-en")}, Role: "provider", Forms: []client.ServiceForm{{Kind: "website", At: v.sent("service-address")}}})
	if err != nil {
		return err
	}
	return v.send("/guide")
}

// firstKind is the kind that the guide proposes.
const firstKind = "image-generation"

func guideFunction(v *visit) error {
	items, err := register.Items()
	if err != nil {
		return err
	}
	names := client.TextPair{ZH: v.sent("name-zh"), EN: v.sent("name-en")}
	f := client.FunctionText{Service: v.sent("service"), Names: names, Purpose: names, Kind: v.sent("kind"), Filing: client.FunctionFiling{State: "preparing"},
		Notice: client.FunctionNotice{Policy: "required", Method: client.TextPair{ZH: v.speakers["zh"].Say("page-guide-method"), EN: v.speakers["en"].Say("page-guide-method")}}}
	if model := v.sent("model"); model != "" {
		f.Models = []client.FunctionModel{{Name: model, Version: v.sent("version"), Own: v.sent("own") == "yes"}}
	}
	for _, item := range items {
		for _, k := range item.Kinds {
			if k.ID == f.Kind && len(k.Classes) > 0 {
				f.Class, f.Likeness, f.Consent = k.Classes[0], k.Likeness, k.Consent
			}
		}
	}
	added, err := v.api().AddFunction(v.r.Context(), v.sent("identifier"), f)
	if err != nil {
		return err
	}
	return v.send("/functions/" + escaped(added.ID))
}

// guideKeyDays is for how many days the first key is good.
const guideKeyDays = 90

type guideKeyPage struct {
	Text, Origin, Model, Function, Account string // without a model that makes pictures, Model is empty
	Actions                                cell
	Bundles                                bool // it may make bundles
}

// guideKey makes a key for an application and shows how it is used. Its text is shown once.
func guideKey(v *visit) error {
	models, err := v.api().Models(v.r.Context())
	if err != nil {
		return err
	}
	data := guideKeyPage{Origin: v.Origin, Account: playgroundAccount}
	for _, m := range models {
		if drawsPictures(m) {
			data.Model = m.ID
			break
		}
	}
	if data.Function, err = v.liveWith(data.Model); err != nil {
		return err
	}
	scope := staff.Scope{Actions: []staff.Action{staff.ArtefactCreate, staff.ArtefactRead, staff.GatewayUse, staff.BundleMake}, Services: []string{"*"}, Functions: []string{"*"}}
	scope.Actions = slices.DeleteFunc(scope.Actions, func(a staff.Action) bool { return !v.actor().May(a) }) // nobody gives what they may not
	var k staff.Key
	if data.Text, k, err = v.Roster.CreateKey(v.r.Context(), v.actor(), strings.TrimSpace(v.sent("name")), scope, guideKeyDays*24*time.Hour); err != nil {
		return err
	}
	data.Actions, data.Bundles = keyActions(k), slices.Contains(k.Scope.Actions, staff.BundleMake)
	return v.show("guidekey", data)
}

// guidePicture has a model make a picture and shows what became of it.
func guidePicture(v *visit) error {
	models, err := v.api().Models(v.r.Context())
	if err != nil {
		return err
	}
	t := &trying{visit: v, api: v.api(), trial: trial{At: v.Now(), Kind: "picture"}, prompt: v.speakers[v.lang].Say("page-guide-prompt")}
	for _, m := range models { // one that says that it makes pictures, or else the last
		if t.Model = m.ID; drawsPictures(m) {
			break
		}
	}
	if t.Function, err = v.liveWith(t.Model); err != nil {
		return err
	}
	return v.try(t)
}

// liveWith is a live function that a model works for, or empty.
func (v *visit) liveWith(model string) (string, error) {
	list, _, err := v.api().Functions(v.r.Context(), client.Listing{Limit: walkSize})
	for _, f := range list {
		if f.State == "live" && slices.ContainsFunc(f.Function.Models, func(m client.FunctionModel) bool { return m.Name == model }) {
			return f.ID, err
		}
	}
	return "", err
}

func drawsPictures(m client.Model) bool {
	return strings.Contains(m.ID, "image") || slices.Contains(m.About.Endpoints, "images")
}
