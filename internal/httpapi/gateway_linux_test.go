package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// parrot stands where the models are. What is asked comes back.
type parrot struct {
	line  *world
	mu    sync.Mutex
	calls []gateway.Call
	fails error
	late  error // after the answer began
}

func (p *parrot) Serve(_ context.Context, c gateway.Call, w gateway.Sink) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, c)
	if p.fails != nil {
		return p.fails
	}
	err := errors.Join(w.Begin(200, map[string]string{"Content-Type": "application/json", "Colophon-Number": "n-1"}), w.Write([]byte(`{"endpoint":"`+string(c.Endpoint)+`"}`)), w.Flush())
	return errors.Join(err, p.late)
}

func (p *parrot) Door(ctx context.Context, name string, c gateway.Call, w gateway.Sink) error {
	if name != "faces" {
		return &colophon.Error{Kind: colophon.Missing, Code: "gateway-door-missing"}
	}
	return p.Serve(ctx, c, w)
}
func (p *parrot) Video(ctx context.Context, by production.By, _ string, _ bool, w gateway.Sink) error {
	return p.Serve(ctx, gateway.Call{By: by}, w)
}
func (p *parrot) Videos(ctx context.Context, by production.By, _ string, _ int, w gateway.Sink) error {
	return p.Serve(ctx, gateway.Call{By: by}, w)
}
func (p *parrot) DeleteVideo(ctx context.Context, by production.By, _ string, w gateway.Sink) error {
	return p.Serve(ctx, gateway.Call{By: by}, w)
}

// Open opens the item whose number the token is.
func (p *parrot) Open(ctx context.Context, by production.By, token string) (*production.Content, error) {
	by.Role, by.ID = production.Application, "key-1"
	return p.line.line.Open(ctx, by, artefact.Number(token), artefact.Download)
}

func (p *parrot) Number(token string) (artefact.Number, error) { return artefact.Number(token), nil }

func (w *world) openModels() {
	w.parrot = &parrot{line: w}
	w.config.Models = httpapi.Models{Proxy: w.parrot, Studio: w.parrot, Hosted: w.parrot, MaxBody: maxUpload,
		List: []gateway.Model{{Name: "sage", Service: "chat", Function: "dialogue-1", Class: "dialogue", Notice: "start"}, {Name: "org/bard", Function: "song"}},
		Health: func() []upstream.Health {
			return []upstream.Health{{Model: "sage", Target: "a", State: upstream.Down, Failures: 5, Code: upstream.CodeTimeout, Until: w.clock.Now().Add(time.Minute)}}
		}}
}

// modelExample makes a request to a route of the gateway.
func (w *world) modelExample(row httpapi.Row, number string, may bool) (call, bool) {
	switch row.ID {
	case "set-upstream-key":
		return w.ask(row.Method, row.Path, map[string]any{"name": "vendor-a", "text": "not-a-real-one"}), true
	case "remove-upstream-key":
		if may {
			w.ask("POST", "/v1/upstream-keys", map[string]any{"name": "vendor-b", "text": "not-a-real-one"}).by(w.people[staff.Engineer]).want(200, nil)
		}
		return w.ask(row.Method, "/v1/upstream-keys/vendor-b", nil), true
	case "usage", "export-usage":
		return w.ask(row.Method, row.Path, map[string]any{}), true
	case "export":
		answer, text := "answer", []string{""}
		if may {
			answer, _, text = w.answered()
		}
		return w.ask(row.Method, row.Path, map[string]any{"number": answer, "format": "md", "text": text[0]}).with("Colophon-Account", account), true
	}
	path := strings.NewReplacer("{name}", "faces", "{token}", number, "{id}", "sage").Replace(row.Path)
	switch {
	case row.Need == staff.GatewayUse && row.Method == "POST":
		return w.ask(row.Method, path, `{"model":"sage"}`).with("Colophon-Account", account), true
	case row.Need == staff.GatewayUse, row.ID == "hosted-content":
		return w.ask(row.Method, path, nil), true
	}
	return call{}, false
}

// TestCalls looks at what becomes of a request to a model before the gateway gets it.
func TestCalls(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	body := `{"model":"sage","messages":[]}`
	ask := func() call {
		return w.ask("POST", "/v1/chat/completions", body).as(w.key).with("Colophon-Account", account).with("Accept-Language", "zh-CN")
	}
	out := ask().with("Colophon-Function", "f").with("Colophon-Conversation", "c").with("Colophon-Purpose", "p").with("Colophon-Scene", "s").with("Colophon-Channel", "k").
		with("Colophon-Template", "t").with("Colophon-Depicted", "2").with("Colophon-Consent", "one, two").with("Colophon-Consent", "three").want(200, nil)
	if out.Header().Get("Colophon-Number") != "n-1" || out.Header().Get("Request-Id") != inHeader || out.Body.String() != `{"endpoint":"chat"}` {
		t.Errorf("%v %s", out.Header(), out.Body)
	}
	c := w.parrot.calls[0]
	if c.Account != person || c.Function != "f" || c.Conversation != "c" || c.Purpose != "p" || c.Scene != "s" || c.Channel != "k" || c.Template != "t" || c.Depicted != 2 ||
		!slices.Equal(c.Consents, []string{"one", "two", "three"}) || string(c.Body) != body || c.Type != "application/json" || c.Language != "zh" || c.Endpoint != shape.Chat || c.By.Role != production.Application || c.By.ID == "" {
		t.Errorf("%+v", c)
	}
	for _, bad := range []struct{ name, value string }{{"Colophon-Account", "%zz"}, {"Colophon-Account", strings.Repeat("a", 257)}, {"Colophon-Account", "%ff"}, {"Colophon-Function", strings.Repeat("f", 65)},
		{"Colophon-Depicted", "17"}, {"Colophon-Depicted", "-1"}, {"Colophon-Depicted", "two"}, {"Colophon-Conversation", "\xff"}, {"Colophon-Consent", strings.Repeat("t,", 16)}} {
		c := ask()
		c.Header.Set(bad.name, bad.value)
		if e := c.wantError(422, httpapi.CodeModelHeader); e.Args["header"] != bad.name {
			t.Errorf("%s: %v", bad.value, e)
		}
	}
	// A key is shown either way, and not in two.
	w.ask("POST", "/v1/messages", body).with("X-Api-Key", w.key).want(200, nil)
	w.ask("POST", "/v1/messages", body).with("X-Api-Key", w.key).as(w.key).wantError(401, httpapi.CodeUnauthenticated)
	w.ask("GET", "/v1/artefacts", nil).with("X-Api-Key", w.key).wantCode(401, httpapi.CodeUnauthenticated)
	// What a key may reach goes along, for whoever knows of which function the model is.
	narrow, _ := w.newKey(keyActions(), []string{"song"}, time.Hour)
	w.ask("POST", "/v1/chat/completions", body).as(narrow).want(200, nil)
	if may := w.parrot.calls[len(w.parrot.calls)-1].May; may("", "song") != nil || may("", "dialogue-1") == nil {
		t.Error("the key reaches what it may not, or not what it may")
	}
	if its := w.parrot.calls[len(w.parrot.calls)-1].For; its(person) != nil || its("colophon-probe") == nil {
		t.Error("an application may ask for accounts of the program itself, or not for its own")
	}
	w.ask("POST", "/v1/chat/completions", strings.Repeat(" ", maxUpload+1)).as(w.key).wantError(413, httpapi.CodeBodyTooLarge)
	c2 := w.ask("POST", "/v1/chat/completions", strings.NewReader(body)).as(w.key)
	c2.ContentLength = -1 // sent in chunks
	c2.want(200, nil)
	if got := w.parrot.calls[len(w.parrot.calls)-1].Body; string(got) != body {
		t.Errorf("%s", got)
	}
	w.parrot.late = errors.New("broke off")
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("a part may be taken for the whole")
		}
	}()
	ask().send()
}

// modelError is an error as clients of OpenAI read it, with what they pass over.
type modelError struct {
	Type, Message, Code string
	Reason              colophon.Code
	Args                colophon.Args
	Clauses             []colophon.Clause
	Reasons             []httpapi.AdmissionCondition
	RequestID           string `json:"request_id"`
}

// wantError fails unless the request ends with an error in the shape of OpenAI's, or, of /v1/messages, Anthropic's.
func (c call) wantError(status int, code colophon.Code) modelError {
	c.w.Helper()
	var got struct {
		Type  string
		Error modelError
	}
	out := c.want(status, &got)
	theirs := c.URL.Path == "/v1/messages"
	if colophon.Code(got.Error.Code) != code || got.Error.Message == "" || got.Error.Type == "" || got.Error.RequestID != inHeader || (got.Type == "error") != theirs || out.Header().Get("Content-Type") != "application/json" || out.Header().Get("Request-Id") != inHeader {
		c.w.Fatalf("%s %s: %d %s", c.Method, c.URL, out.Code, out.Body)
	}
	return got.Error
}

// TestModelErrors gives errors of all sorts to clients of both dialects.
func TestModelErrors(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	coded := func(kind colophon.Kind, code colophon.Code, args ...string) *colophon.Error {
		e := &colophon.Error{Kind: kind, Code: code, Args: colophon.Args{}}
		for i := 0; i < len(args); i += 2 {
			e.Args[args[i]] = args[i+1]
		}
		return e
	}
	denied := admission.Decision{Conditions: []admission.Condition{{Name: "consent", Verdict: colophon.Failed, Refuses: true, Code: admission.CodeConsentFew, Args: colophon.Args{"have": "0", "need": "1"}, Remedy: admission.RemedyConsent, Clauses: []colophon.Clause{colophon.ClauseDS14}}}}
	for _, test := range []struct {
		err               error
		status            int
		code, ours, other string
	}{
		{coded(colophon.Refused, gateway.CodeInput, "judgement", "j-1"), 400, "content_filter", "invalid_request_error", "invalid_request_error"},
		{coded(colophon.Refused, gateway.CodeHeld, "held", "h-1", "judgement", "j-1"), 403, string(gateway.CodeHeld), "permission_error", "permission_error"},
		{coded(colophon.Missing, gateway.CodeModel), 404, string(gateway.CodeModel), "invalid_request_error", "not_found_error"},
		{coded(colophon.Invalid, gateway.CodeAccount), 422, string(gateway.CodeAccount), "invalid_request_error", "invalid_request_error"},
		{&upstream.Failure{Status: 429, After: 1500 * time.Millisecond, Err: coded(colophon.Refused, upstream.CodeLimited)}, 429, string(upstream.CodeLimited), "rate_limit_error", "rate_limit_error"},
		{&upstream.Failure{Err: coded(colophon.Internal, upstream.CodeUnavailable)}, 503, string(upstream.CodeUnavailable), "server_error", "overloaded_error"},
		{&upstream.Failure{Status: 400, Err: coded(colophon.Invalid, upstream.CodeRefused, "status", "400")}, 400, string(upstream.CodeRefused), "invalid_request_error", "invalid_request_error"},
		{&upstream.Failure{Status: 401, Err: coded(colophon.Internal, upstream.CodeKeyRefused)}, 502, string(upstream.CodeKeyRefused), "server_error", "api_error"},
		{coded(colophon.Internal, upstream.CodeTimeout), 504, string(upstream.CodeTimeout), "server_error", "timeout_error"},
		{denied.Err(), 451, string(admission.CodeConsentFew), "invalid_request_error", "invalid_request_error"},
		{errors.New("dial tcp 10.0.0.7: secret-word"), 500, string(httpapi.CodeInternal), "server_error", "api_error"},
	} {
		w.parrot.fails = test.err
		for path, kind := range map[string]string{"/v1/chat/completions": test.ours, "/v1/messages": test.other} {
			c := w.ask("POST", path, `{}`).as(w.key)
			e := c.wantError(test.status, colophon.Code(test.code))
			if e.Type != kind || strings.Contains(e.Message, "{") || strings.Contains(e.Message, "secret-word") || strings.HasPrefix(e.Message, test.code) {
				t.Errorf("%s %v: %+v", path, test.err, e)
			}
			if test.status == 451 && (len(e.Reasons) != 1 || len(e.Reasons[0].Clauses) != 1 || !strings.Contains(e.Message, e.Reasons[0].Remedy.En)) {
				t.Errorf("%+v", e)
			}
			if test.code == "content_filter" && e.Reason != gateway.CodeInput {
				t.Errorf("%+v", e)
			}
			after, _ := strconv.Atoi(w.ask("POST", path, `{}`).as(w.key).send().Header().Get("Retry-After"))
			if want := map[int]int{429: 2, 503: 5}[test.status]; after != want {
				t.Errorf("%v: come again in %d, want %d", test.err, after, want)
			}
		}
	}
	for path, method := range map[string]string{"/v1/chat/completions": "GET", "/v1/messages": "DELETE", "/v1/videos/v-1": "PUT"} {
		if c := w.ask(method, path, nil).as(w.key); c.wantError(405, httpapi.CodeMethod).Message == "" || c.send().Header().Get("Allow") == "" {
			t.Errorf("%s %s", method, path)
		}
	}
	e := w.ask("POST", "/v1/chat/completions", `{}`).as(w.key).with("Accept-Language", "zh").wantError(500, httpapi.CodeInternal)
	if !strings.ContainsFunc(e.Message, func(r rune) bool { return r > 0x2e80 }) {
		t.Errorf("not in Chinese: %s", e.Message)
	}
	if !strings.Contains(w.logged.String(), "secret-word") {
		t.Error("nobody is told what went wrong")
	}
}

// TestNoModels asks a server that has none.
func TestNoModels(t *testing.T) {
	t.Parallel()
	w := open(t, func(c *httpapi.Config) { c.Models = httpapi.Models{MaxBody: 1 << 10} })
	w.ask("POST", "/v1/chat/completions", `{}`).as(w.key).wantError(404, httpapi.CodeNoModels)
	w.ask("POST", "/v1/messages", `{}`).as(w.key).wantError(404, httpapi.CodeNoModels)
	w.ask("GET", "/v1/models", nil).as(w.key).wantError(404, httpapi.CodeNoModels)
	w.ask("GET", "/v1/content/abc", nil).wantCode(404, httpapi.CodeNoModels)
	w.ask("POST", "/v1/chat/completions", `{}`).wantError(401, httpapi.CodeUnauthenticated)
}

// TestModelList lists models in both shapes, those alone that a key reaches.
func TestModelList(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var ours struct {
		Object string
		Data   []struct {
			ID, Object, OwnedBy string
			Created             int64
			Colophon            map[string]any
		}
	}
	w.ask("GET", "/v1/models", nil).as(w.key).want(200, &ours)
	if ours.Object != "list" || len(ours.Data) != 2 || ours.Data[0].ID != "sage" || ours.Data[0].Object != "model" || ours.Data[0].Created == 0 || ours.Data[0].Colophon["function"] != "dialogue-1" {
		t.Errorf("%+v", ours)
	}
	var theirs struct {
		Data []struct {
			Type, ID string
			Name     string `json:"display_name"`
			Since    string `json:"created_at"`
		}
		More  *bool  `json:"has_more"`
		First string `json:"first_id"`
	}
	narrow, _ := w.newKey(keyActions(), []string{"song"}, time.Hour)
	w.ask("GET", "/v1/models", nil).with("X-Api-Key", narrow).with("Anthropic-Version", "2023-06-01").want(200, &theirs)
	if len(theirs.Data) != 1 || theirs.Data[0].Type != "model" || theirs.Data[0].ID != "org/bard" || theirs.Data[0].Name == "" || theirs.Data[0].Since == "" || theirs.More == nil || *theirs.More || theirs.First != "org/bard" {
		t.Errorf("%+v", theirs)
	}
	w.ask("GET", "/v1/models/org%2Fbard", nil).as(narrow).want(200, nil)
	w.ask("GET", "/v1/models/sage", nil).as(narrow).wantError(404, gateway.CodeModel)
	var health struct{ Targets []httpapi.TargetHealth }
	w.ask("GET", "/v1/gateway/health", nil).by(w.people[staff.Engineer]).want(200, &health)
	if len(health.Targets) != 1 || health.Targets[0].State != "down" || health.Targets[0].Failures != 5 || health.Targets[0].Until == nil {
		t.Errorf("%+v", health)
	}
	var raw map[string]json.RawMessage
	w.ask("GET", "/v1/models", nil).as(w.key).want(200, &raw)
	if len(raw) != 2 {
		t.Errorf("clients read more than they know: %v", raw)
	}
}
