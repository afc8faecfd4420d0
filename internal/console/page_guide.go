package console

import (
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/staff"
)

func guidePages() []page {
	row := func(step string, action staff.Action, do func(*visit) error) page {
		return page{method: post, path: "/guide/" + step, action: action, back: "/guide", do: do}
	}
	return []page{
		{method: get, path: "/guide", title: "page-guide", action: staff.RegisterChange, menu: true, group: groupSystem,
			words: slices.Concat(of("page-guide-", guideSteps()...), of("page-guide-about-", guideSteps()...)), do: showGuide},
		row("code", staff.RegisterChange, guideCode),
		row("service", staff.RegisterChange, guideService),
		row("function", staff.RegisterChange, guideFunction),
		row("picture", staff.GatewayUse, guidePicture),
	}
}

// guideSteps are the steps of the guide, in their order.
func guideSteps() []string {
	return []string{"provider", "service", "function", "account", "key", "picture"}
}

// guideStep is a step as the page shows it. Whether it is done is what is so now, so nothing is remembered.
type guideStep struct {
	Name   string
	Done   bool
	May    bool   // the visitor may do it
	To     string // what came of it, or where it is done
	Lines  []fact
	Trial  bool // of the provider: the code is the one for trials
	Fields []string
}

type guidePage struct {
	Steps []guideStep
	All   bool
	Code  string // that was worked out
	Names struct{ Organisation, USCC string }
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

func (v *visit) guideProvider(context.Context, *client.Client) (guideStep, error) {
	_, err := label.ParseCode(v.ProviderCode)
	return guideStep{Name: "provider", Done: err == nil, May: true, Trial: len(v.ProviderCode) >= usccTo && v.ProviderCode[usccFrom+2:usccFrom+8] == trialDivision,
		Lines: []fact{{"name", text(v.ProviderName)}, {"provider-code", ident(v.ProviderCode)}}}, nil
}

func (v *visit) guidedService(ctx context.Context, api *client.Client) (guideStep, error) {
	list, _, err := api.Services(ctx, client.Listing{Limit: 1})
	s := guideStep{Name: "service", Done: len(list) > 0, May: v.actor().May(staff.RegisterChange), Fields: []string{"identifier", "name-zh", "name-en", "service-address"}}
	if s.Done {
		s.To, s.Lines = "/services/"+escaped(list[0].ID), []fact{{"service", text(v.pair(list[0].Service.Names))}}
	}
	return s, err
}

func (v *visit) guidedFunction(ctx context.Context, api *client.Client) (guideStep, error) {
	list, _, err := api.Functions(ctx, client.Listing{Limit: 1})
	s := guideStep{Name: "function", Done: len(list) > 0, May: v.actor().May(staff.RegisterChange), Fields: []string{"identifier", "name-zh", "name-en"}}
	if s.Done {
		s.To, s.Lines = "/functions/"+escaped(list[0].ID), []fact{{"function", text(v.pair(list[0].Function.Names))}, {"state", word("page-function-state-", list[0].State)}}
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

func guideFunction(v *visit) error {
	list, _, err := v.api().Services(v.r.Context(), client.Listing{Limit: 1})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeNoService}
	}
	names := client.TextPair{ZH: v.sent("name-zh"), EN: v.sent("name-en")}
	f, err := v.api().AddFunction(v.r.Context(), v.sent("identifier"), client.FunctionText{Service: list[0].ID, Names: names, Purpose: names, Kind: "image-generation", Class: "other", Notice: client.FunctionNotice{Policy: "required"}})
	if err != nil {
		return err
	}
	return v.send("/functions/" + escaped(f.ID))
}

// guidePicture has a model make a picture and shows what became of it.
func guidePicture(v *visit) error {
	models, err := v.api().Models(v.r.Context())
	if err != nil {
		return err
	}
	t := &trying{visit: v, api: v.api(), trial: trial{At: v.Now(), Picture: true}, prompt: v.speakers[v.lang].Say("page-guide-prompt")}
	for _, m := range models { // one that says that it makes pictures, or else the last
		if t.Model = m.ID; strings.Contains(m.ID, "image") || slices.Contains(m.About.Endpoints, "images") {
			break
		}
	}
	return v.try(t)
}
