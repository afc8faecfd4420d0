package console

import (
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/register"
)

func registerPages() []page {
	var words []string
	for prefix, values := range map[string][]string{
		"page-service-role-": {"provider", "supporter"}, "page-form-": formKinds(), "page-art17-": functionClasses(),
		"page-notice-policy-": {"required", "on-request", "offered"}, "page-filing-state-": filingStates(), "page-label-": {"item", "kind", "class", "models", "filing", "notice-policy", "notice-method", "offered-as", "purpose"},
	} {
		for _, value := range values {
			words = append(words, prefix+value)
		}
	}
	return []page{
		{method: get, path: "/register", who: anybody, title: "page-register", about: "page-register-about", menu: true, words: words, do: showRegister},
		{method: get, path: "/register/{id}", who: anybody, title: "page-register", about: "page-register-about", do: showRegistered},
	}
}

func formKinds() []string { return []string{"app", "website", "mini-program", "api", "other"} }

func functionClasses() []string {
	return []string{"dialogue", "voice", "person", "scene", "other", "assist"}
}

func filingStates() []string {
	return []string{"not-needed", "preparing", "submitted", "filed", "changed", "cancelled"}
}

// publicService is a service as everybody sees it.
type publicService struct {
	ID, Name, Other, Role string // Other is its name in the other language
	Opinion               bool
	Forms                 []publicForm
	Functions             []publicFunction
	Filed                 int // functions whose filing number is known
}

type publicForm struct{ Kind, At, To, ICP string }

type publicFunction struct {
	ID, Name, Purpose, Item, Kind, Class, Policy, Method string
	Facts                                                []fact
	Number, Link                                         string // of the filing
	Models                                               []client.FunctionModel
}

// pair is a text in the language of the visit, or in the other one where it is missing there.
func (v *visit) pair(p client.TextPair) string {
	if v.lang == "zh" && p.ZH != "" || p.EN == "" {
		return p.ZH
	}
	return p.EN
}

// web is an address that a page may lead to; empty for the name of a package and the like.
func web(address string) string {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return address
	}
	return ""
}

func (v *visit) publicService(s client.PublicService, items []register.Item) publicService {
	p := publicService{ID: s.ID, Name: v.pair(s.Service.Names), Role: s.Service.Role, Opinion: s.Service.Opinion}
	if p.Other = v.pair(client.TextPair{ZH: s.Service.Names.EN, EN: s.Service.Names.ZH}); p.Other == p.Name {
		p.Other = ""
	}
	for _, f := range s.Service.Forms {
		p.Forms = append(p.Forms, publicForm{f.Kind, f.At, web(f.At), f.ICP})
	}
	for _, f := range s.Functions {
		item := ""
		if i := slices.IndexFunc(items, func(i register.Item) bool { return i.Number == f.Item }); i >= 0 {
			item = v.pair(client.TextPair{ZH: items[i].ZH, EN: items[i].EN})
		}
		if f.Filing.Number != "" {
			p.Filed++
		}
		p.Functions = append(p.Functions, publicFunction{ID: f.ID, Name: v.pair(f.Names), Purpose: v.pair(f.Purpose), Item: item, Kind: capital(v.pair(f.Kind)), Class: f.Class,
			Policy: f.Notice.Policy, Method: v.pair(f.Notice.Method), Number: f.Filing.Number, Link: web(f.Filing.Link), Models: f.Models,
			Facts: []fact{{"filing", word("page-filing-state-", f.Filing.State)}}})
	}
	return p
}

func showRegister(v *visit) error {
	list, err := v.api().PublicServices(v.r.Context())
	if err != nil {
		return err
	}
	items, err := register.Items()
	if err != nil {
		return err
	}
	var shown []publicService
	var things []map[string]any
	for _, s := range list {
		p := v.publicService(s, items)
		shown = append(shown, p)
		things = append(things, v.thing(p))
	}
	if len(things) > 0 {
		v.things = map[string]any{"@context": "https://schema.org", "@type": "ItemList", "itemListElement": things}
	}
	return v.show("register", shown)
}

// thing is a service in the words of schema.org.
func (v *visit) thing(p publicService) map[string]any {
	thing := map[string]any{"@type": "Service", "name": p.Name, "url": v.tongue("/register/"+escaped(p.ID), "")}
	var offers []map[string]any
	for _, f := range p.Functions {
		offers = append(offers, map[string]any{"@type": "Service", "name": f.Name, "description": f.Purpose, "serviceType": f.Kind})
	}
	if len(offers) > 0 {
		thing["hasOfferCatalog"] = map[string]any{"@type": "OfferCatalog", "itemListElement": offers}
	}
	return thing
}

func showRegistered(v *visit) error {
	list, err := v.api().PublicServices(v.r.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(s client.PublicService) bool { return s.ID == v.r.PathValue("id") })
	if i < 0 {
		return &colophon.Error{Kind: colophon.Missing, Code: register.CodeNoService}
	}
	items, err := register.Items()
	if err != nil {
		return err
	}
	p := v.publicService(list[i], items)
	v.about = v.speakers[v.lang].Say("page-registered-about", "name", p.Name)
	thing := v.thing(p)
	thing["@context"] = "https://schema.org"
	v.things = thing
	return v.show("registered", p)
}
