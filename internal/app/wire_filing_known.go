package app

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/filing"
	"github.com/colophon-project/colophon/register/list"
)

// served is how many of the newest items of a function are looked at for the formats that it gives out.
const served = 500

// filingSource tells filings what the register and the running system know.
type filingSource struct{ *Server }

// Known implements filing.Source. What nobody entered stays empty: the provider's name is told where it was set.
func (f filingSource) Known(ctx context.Context, id string) (filing.Known, error) {
	now, err := f.functions.Function(ctx, id)
	if err != nil {
		return filing.Known{}, err
	}
	service, err := f.functions.Service(ctx, now.Service)
	if err != nil {
		return filing.Known{}, err
	}
	k := filing.Known{Facts: now.Facts, Provider: f.config.Producer, Role: service.Value.Role, Name: algorithmName(now.Names.ZH), Purpose: now.Purpose.ZH, Number: now.Filing.Number,
		Entity: f.set.Provider, Explicit: now.Notice.Method.ZH, Implicit: f.packs.say.Say("filing-known-implicit"), Lookup: f.packs.say.Say("filing-known-lookup", "address", f.set.PublicURL+"/check")}
	if code, err := label.ParseCode(f.config.Producer); err == nil {
		k.Code = string(code[4:22]) // which is the credit code
	}
	if !now.Live.IsZero() {
		k.Online = now.Live.In(workday.Beijing()).Format(time.DateOnly)
	}
	for _, m := range now.Models {
		own := map[bool]string{true: "yes", false: "no"}[m.Own]
		k.Models = append(k.Models, filing.Model{Name: m.Name, Version: m.Version, Own: own, Number: m.Number})
	}
	for _, form := range service.Value.Forms {
		k.Products = append(k.Products, filing.Product{Name: service.Value.Names.ZH, Form: productForm(form.Kind), At: form.At, ICP: form.ICP, Holder: ""})
	}
	k.Input, k.Output = f.reviewed()
	if k.Formats, err = f.formats(ctx, id); err != nil {
		return filing.Known{}, err
	}
	k.Rights, err = f.heard(ctx)
	return k, err
}

// algorithmName is what an algorithm is called after its function: names on the public list end so.
func algorithmName(function string) string {
	if function == "" || strings.HasSuffix(function, "算法") {
		return function
	}
	return function + "算法"
}

// productForm is the word of the filing form for a form of a service.
func productForm(kind string) string {
	if slices.Contains([]string{"app", "website", "mini-program"}, kind) {
		return kind
	}
	return "other"
}

// reviewed says how what goes in and comes out is screened: by which library and which decision table.
func (f filingSource) reviewed() (in, out string) {
	set := f.screens.shelf.Current()
	covered := 0
	for _, r := range set.Coverage().Risks {
		if r.Words.Entries > 0 {
			covered++
		}
	}
	args := []string{"library", set.Version().String(), "entries", strconv.Itoa(set.Coverage().Words.Entries), "risks", strconv.Itoa(covered), "policy", f.screens.policies.Current().Version()}
	return f.packs.say.Say("filing-known-input", args...), f.packs.say.Say("filing-known-output", args...)
}

// formats are those that a function gave out of late, and text where a model of the gateway answers for it.
func (f filingSource) formats(ctx context.Context, id string) ([]string, error) {
	var list []string
	add := func(format string) {
		if !slices.Contains(list, format) {
			list = append(list, format)
		}
	}
	for _, m := range f.set.Gateway.Models {
		if m.Function == id && slices.ContainsFunc(m.Endpoints, func(e shape.Endpoint) bool {
			return slices.Contains([]shape.Endpoint{shape.Chat, shape.Completions, shape.Responses, shape.Messages}, e)
		}) {
			add("txt")
		}
	}
	items, _, err := f.register.Find(ctx, artefact.Query{Function: id, Newest: true}, "", served)
	for _, a := range items {
		add(string(a.Format))
	}
	slices.Sort(list)
	return list, err
}

// heard says how users are heard: where, and within which limits.
func (f filingSource) heard(ctx context.Context) (string, error) {
	v, err := f.cases.limits.InForce(ctx, time.Now())
	if err != nil {
		return "", err
	}
	return f.packs.say.Say("filing-known-rights", "address", f.set.PublicURL+"/complain", "limits", f.set.PublicURL+"/limits", "rows", strconv.Itoa(len(v.Table))), nil
}

// listDesk reads files that hold lists, and knows which numbers are ours.
type listDesk struct{ *Server }

// Spool implements httpapi.ListDesk.
func (l listDesk) Spool(_ context.Context, from io.Reader) (media.Source, func() error, error) {
	temp, err := spools(l.spoolDir())()
	if err != nil {
		return nil, nil, err
	}
	n, err := io.Copy(temp, io.LimitReader(from, list.MaxFile+1))
	if err == nil && n > list.MaxFile {
		err = &colophon.Error{Kind: colophon.Invalid, Code: list.CodeLong, Args: colophon.Args{"limit": strconv.Itoa(list.MaxFile)}}
	}
	if err != nil {
		_ = temp.Close() // the first error says more
		return nil, nil, err
	}
	return temp.Source(), temp.Close, nil
}

// Ours implements httpapi.ListDesk: the numbers that functions show, and those of models of others.
func (l listDesk) Ours(ctx context.Context) ([]httpapi.OwnNumber, error) {
	var ours []httpapi.OwnNumber
	for after := ""; ; {
		page, next, err := l.functions.Functions(ctx, register.Query{States: []register.State{register.Draft, register.Ready, register.Live, register.Suspended}, After: after})
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			d, filed, err := l.filings.keeper.Published(ctx, e.ID)
			if err != nil {
				return nil, err
			}
			if n := e.Value.Filing.Number; n != "" {
				o := httpapi.OwnNumber{Own: list.Own{Number: n}, Function: e.ID}
				if filed {
					o.Name, o.Entity, o.Filing = d.Kit.Algorithm.Name, d.Kit.Subject.Name, d.ID
				}
				ours = append(ours, o)
			}
			for _, m := range e.Value.Models {
				if m.Number != "" {
					ours = append(ours, httpapi.OwnNumber{Own: list.Own{Number: m.Number}, Function: e.ID, Model: m.Name})
				}
			}
		}
		if after = next; next == "" {
			return ours, nil
		}
	}
}
