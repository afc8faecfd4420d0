package httpapi_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	kept "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/staff"
)

// facts is what the register asks about texts and assessments.
type facts struct{ texts *agreement.Keeper }

func (f facts) Agreed(ctx context.Context, audience string) (bool, error) {
	current, err := f.texts.Current(ctx)
	return agreement.Complete(current, agreement.Audience(audience)), err
}

func (facts) Assessed(context.Context, string, string) (colophon.Verdict, time.Time, error) {
	return colophon.Failed, time.Time{}, nil
}

// openRegister adds texts, services and functions to the world.
func (w *world) openRegister(rec *evidence.Recorder) {
	w.Helper()
	w.config.Agreements = agreement.New(agreement.Config{Versions: ledgers.Of[agreement.Version](w.store, agreement.VersionLedger),
		Acceptances: ledgers.Of[agreement.Acceptance](w.store, agreement.AcceptanceLedger), Recorder: rec})
	f := facts{w.config.Agreements}
	var err error
	w.config.Register, err = register.New(register.Config{Services: ledgers.Of[register.Service](w.store, register.ServiceLedger), Functions: ledgers.Of[register.Function](w.store, register.FunctionLedger),
		Recorder: rec, Agreed: f, Assessed: f})
	w.must(err)
}

func (w *world) drafted() agreement.Entry {
	w.Helper()
	e, err := w.config.Agreements.Draft(w.Context(), kept.By{Role: "engineer", ID: "somebody"}, agreement.Draft{Kind: agreement.Rules, Audience: agreement.Users, Texts: agreement.Texts{ZH: "# 规则", EN: "# Rules"}})
	w.must(err)
	return e
}

func (w *world) published() agreement.Entry {
	w.Helper()
	e, err := w.config.Agreements.Publish(w.Context(), kept.By{Role: "officer", ID: "somebody-else"}, w.drafted().ID, agreement.Release{Material: true})
	w.must(err)
	return e
}

func serviceText() map[string]any {
	return map[string]any{"names": map[string]any{"zh": "工作室", "en": "Studio"}, "role": "provider", "forms": []any{map[string]any{"kind": "website", "at": "https://studio.example"}}}
}

func functionText(service string) map[string]any {
	words := map[string]any{"zh": "画图", "en": "Drawing"}
	return map[string]any{"service": service, "names": words, "purpose": words, "kind": "image-generation", "class": "other", "models": []any{map[string]any{"name": "brush", "own": true, "digest": strings.Repeat("0", 64)}},
		"notice": map[string]any{"policy": "required", "method": words}, "filing": map[string]any{"state": "not-needed", "reason": "It forms no opinion."},
		"quotas": []any{map[string]any{"per": "account", "events": 10, "seconds": 60}}}
}

func (w *world) serviced() string {
	w.Helper()
	id := w.unique("service")
	_, err := w.config.Register.AddService(w.Context(), kept.By{Role: "officer", ID: "somebody"}, id, register.Service{Names: register.Names{ZH: "工作室", EN: "Studio"}, Role: "provider", Forms: []register.Form{{Kind: "app", At: "studio"}}})
	w.must(err)
	return id
}

// functioned is a function whose conditions are waived where they are unmet.
func (w *world) functioned(live bool) string {
	w.Helper()
	id, by := w.unique("function"), kept.By{Role: "officer", ID: "somebody"}
	words := register.Names{ZH: "画图", EN: "Drawing"}
	_, err := w.config.Register.Add(w.Context(), by, id, register.Function{Service: w.serviced(), Names: words, Purpose: words, Kind: "image-generation", Class: "other", Models: []register.Model{{Name: "brush", Own: true}},
		Notice: register.Notice{Policy: "required", Method: words}, Filing: register.Filing{State: register.FilingNeedless, Reason: "It forms no opinion."}})
	w.must(err)
	_, err = w.config.Register.Waive(w.Context(), by, id, register.Waiver{Condition: register.OnAgreement, Reason: "test", Until: w.clock.Now().Add(time.Hour)})
	w.must(err)
	if live {
		_, err = w.config.Register.Live(w.Context(), by, id)
		w.must(err)
	}
	return id
}

// registerExample makes the request of [world.example] for routes of texts and of the register.
func (w *world) registerExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id := strangeID
	made := func(f func() string) {
		if may {
			id = f()
		}
	}
	path := row.Path
	var body any
	switch row.ID {
	case "public-agreements", "public-agreement-versions", "agreements", "public-services", "services", "functions":
	case "agreement":
		made(func() string { return w.drafted().ID })
	case "public-agreement":
		made(func() string { return w.published().ID })
	case "draft-agreement":
		body = map[string]any{"kind": "management-rules", "audience": "users", "texts": map[string]any{"zh": "# 规则", "en": "# Rules"}}
	case "publish-agreement":
		made(func() string { return w.drafted().ID })
		body = map[string]any{"material": true}
	case "withdraw-agreement":
		made(func() string { return w.published().ID })
		body = map[string]any{"reason": "test"}
	case "accept-agreement":
		made(func() string { return w.published().ID })
		body = map[string]any{"account": person, "version": id, "language": "zh", "digest": agreement.Digest("# 规则")}
	case "acceptances":
		path += "?subject=s-1"
	case "service", "retire-service":
		made(w.serviced)
	case "add-service":
		body = map[string]any{"id": w.unique("added"), "service": serviceText()}
	case "change-service":
		made(w.serviced)
		body = serviceText()
	case "function":
		made(func() string { return w.functioned(false) })
	case "add-function":
		made(w.serviced)
		body = map[string]any{"id": w.unique("added"), "function": functionText(id)}
	case "change-function":
		service := strangeID
		if may {
			id = w.functioned(true)
			s, err := w.config.Register.Function(w.Context(), id)
			w.must(err)
			service = s.Service
		}
		body = functionText(service)
	case "function-live":
		made(func() string { return w.functioned(false) })
	case "waive-condition":
		made(func() string { return w.functioned(false) })
		body = map[string]any{"condition": "filing", "reason": "test", "until": w.clock.Now().Add(time.Hour)}
	case "suspend-function", "retire-function":
		made(func() string { return w.functioned(true) })
		body = map[string]any{"reason": "test"}
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(path, "{id}", id, 1), body), true
}

// TestRegister has an officer add a service and a function, be told what it lacks, waive that, and let it go live; then
// everybody sees it, without what is not for everybody.
func TestRegister(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer]
	w.ask("POST", "/v1/services", map[string]any{"id": "studio", "service": serviceText()}).by(officer).want(201, nil)
	var f httpapi.RegisteredFunction
	w.ask("POST", "/v1/functions", map[string]any{"id": "draw", "function": functionText("studio")}).by(officer).want(201, &f)
	if f.State != "ready" || len(f.Conditions) != 6 || f.Conditions[0].Met || f.Conditions[0].Reason.Code != register.CodeNoAgreement {
		t.Errorf("%+v", f)
	}
	w.ask("POST", "/v1/functions/draw:live", nil).by(officer).wantCode(403, register.CodeUnmet)
	w.ask("POST", "/v1/functions/draw:waive", map[string]any{"condition": "agreement", "reason": "On paper.", "until": w.clock.Now().Add(time.Hour)}).by(officer).want(200, nil)
	w.ask("POST", "/v1/functions/draw:live", nil).by(officer).want(200, &f)
	if f.State != "live" || f.Conditions[0].Waiver == nil || f.Conditions[0].Waiver.By != string(officer.Account.ID) {
		t.Errorf("%+v", f)
	}
	out := w.ask("GET", "/v1/public/services", nil).send()
	for text, want := range map[string]bool{`"draw"`: true, `"class":"other"`: true, `"item":5`: true, "On paper.": false, "It forms no opinion.": false, strings.Repeat("0", 64): false, "quotas": false} {
		if out.Code != 200 || strings.Contains(out.Body.String(), text) != want {
			t.Errorf("%s: want %v in %s", text, want, out.Body)
		}
	}
	text := functionText("studio")
	text["kind"], text["class"] = "face-swap", "assist"
	w.ask("POST", "/v1/functions", map[string]any{"id": "swap", "function": text}).by(officer).wantCode(422, register.CodeKind)
	w.ask("GET", "/v1/functions/none", nil).by(officer).wantCode(404, register.CodeMissing)
}

// TestAgreements has one person draft, another publish, and an application say that an account accepted.
func TestAgreements(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var v httpapi.AgreementVersion
	w.ask("POST", "/v1/agreements", map[string]any{"kind": "service-agreement", "audience": "users", "texts": map[string]any{"zh": "# 协议", "en": "# {{name}}"}}).by(w.people[staff.Engineer]).want(201, &v)
	w.ask("POST", "/v1/agreements/"+v.ID+":publish", map[string]any{"material": true}).by(w.people[staff.Officer]).wantCode(403, agreement.CodePlaceholders)
	body := map[string]any{"kind": "service-agreement", "audience": "users", "texts": map[string]any{"zh": "# 协议", "en": "# Agreement"}}
	w.ask("POST", "/v1/agreements", body).by(w.people[staff.Officer]).want(201, &v)
	w.ask("POST", "/v1/agreements/"+v.ID+":publish", map[string]any{"material": true}).by(w.people[staff.Officer]).wantCode(403, agreement.CodeOwn)
	w.ask("POST", "/v1/agreements", body).by(w.people[staff.Engineer]).want(201, &v)
	w.ask("POST", "/v1/agreements/"+v.ID+":publish", map[string]any{"material": true}).by(w.people[staff.Officer]).want(200, &v)
	var all struct{ Agreements []httpapi.AgreementVersion }
	w.ask("GET", "/v1/public/agreements", nil).want(200, &all)
	if len(all.Agreements) != 1 || all.Agreements[0].Texts.ZH != "# 协议" || all.Agreements[0].Title.EN != "Agreement" || all.Agreements[0].Author != "" {
		t.Fatalf("%+v", all)
	}
	var drafted, one httpapi.AgreementVersion
	w.ask("POST", "/v1/agreements", body).by(w.people[staff.Engineer]).want(201, &drafted)
	w.ask("GET", "/v1/public/agreements/"+drafted.ID, nil).wantCode(404, agreement.CodeMissing)
	w.ask("POST", "/v1/agreements/"+drafted.ID+":withdraw", map[string]any{"reason": "a slip"}).by(w.people[staff.Officer]).want(200, nil)
	all.Agreements = nil
	w.ask("GET", "/v1/public/agreement-versions?kind=service-agreement", nil).want(200, &all)
	if len(all.Agreements) != 1 || all.Agreements[0].ID != v.ID || all.Agreements[0].Texts != nil || all.Agreements[0].Publisher != "" {
		t.Errorf("%+v", all)
	}
	w.ask("GET", "/v1/public/agreements/"+v.ID, nil).want(200, &one)
	if one.Texts == nil || one.Texts.EN != "# Agreement" || one.Author != "" {
		t.Errorf("%+v", one)
	}
	acceptance := map[string]any{"account": person, "version": v.ID, "language": "en", "digest": v.Digests.ZH}
	w.ask("POST", "/v1/agreements:accept", acceptance).as(w.key).wantCode(403, agreement.CodeDigest)
	acceptance["digest"] = v.Digests.EN
	var accepted struct{ Subject string }
	w.ask("POST", "/v1/agreements:accept", acceptance).as(w.key).want(200, &accepted)
	for subject, owed := range map[string]int{accepted.Subject: 0, "somebody": 1} {
		var list struct {
			Acceptances []httpapi.AgreementAcceptance
			Owed        []httpapi.AgreementVersion
		}
		w.ask("GET", "/v1/acceptances?subject="+subject, nil).as(w.key).want(200, &list)
		if len(list.Owed) != owed || len(list.Acceptances) != 1-owed {
			t.Errorf("%s: %+v", subject, list)
		}
	}
}

// TestClientRegister has the Go client read the register, and accept.
func TestClientRegister(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	id, e := w.functioned(true), w.published()
	server := httptest.NewServer(w.api)
	defer server.Close()
	everybody, err := client.New(client.Config{URL: server.URL})
	w.must(err)
	c, err := client.New(client.Config{URL: server.URL, Key: w.key})
	w.must(err)
	ctx := t.Context()
	services, err := everybody.PublicServices(ctx)
	if err != nil || len(services) != 1 || services[0].Functions[0].ID != id || services[0].Functions[0].Notice.Method.ZH != "画图" {
		t.Errorf("%+v %v", services, err)
	}
	list, next, err := c.Functions(ctx, client.Listing{Filter: url.Values{"state": {"live"}, "service": {services[0].ID}}})
	if err != nil || next != "" || len(list) != 1 || list[0].ID != id || list[0].Conditions != nil {
		t.Errorf("%+v %v", list, err)
	}
	f, err := c.Function(ctx, id)
	if err != nil || len(f.Conditions) != 6 || !f.Conditions[0].Met || f.Conditions[0].Waiver.Reason != "test" || f.Function.Models[0].Name != "brush" {
		t.Errorf("%+v %v", f, err)
	}
	texts, err := everybody.CurrentAgreements(ctx)
	if err != nil || len(texts) != 1 || texts[0].Texts.EN != "# Rules" {
		t.Errorf("%+v %v", texts, err)
	}
	subject, a, err := c.AcceptAgreement(ctx, person, e.ID, "en", agreement.Digest(texts[0].Texts.EN))
	if err != nil || a.Version != e.ID || a.How != "api-attested" {
		t.Errorf("%+v %v", a, err)
	}
	accepted, owed, err := c.Acceptances(ctx, subject, "users")
	if err != nil || len(accepted) != 1 || len(owed) != 0 {
		t.Errorf("%+v %+v %v", accepted, owed, err)
	}
	// What needs a person is refused to a key.
	_, live := c.GoLive(ctx, id)
	_, drafted := c.DraftAgreement(ctx, client.AgreementDraft{Kind: "management-rules", Audience: "users", Texts: client.TextPair{ZH: "# 规则", EN: "# Rules"}})
	for _, err := range []error{live, drafted} {
		var told *client.Error
		if !errors.As(err, &told) || told.Status != 403 {
			t.Error(err)
		}
	}
}
