package httpapi

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

// Codes of errors of the routes to models.
const (
	CodeNoModels    colophon.Code = "gateway-no-models" // none is set up here
	CodeModelHeader colophon.Code = "gateway-header"    // arg "header": out of form
)

// Models is what stands in front of the models. Without a Proxy its routes say that there are none.
type Models struct {
	Proxy   Proxy
	Studio  Studio
	Hosted  Hosted
	List    []gateway.Model // those that may be asked for, in the order in which they are listed
	Health  func() []upstream.Health
	MaxBody int64 // of a request to a model, in bytes
	// Originals says that hosted addresses hand out content that was refuted, to programs and to people who choose it.
	Originals bool
}

// Proxy serves calls of models. A *gateway.Proxy does. An error means that nothing was begun.
type Proxy interface {
	Serve(ctx context.Context, c gateway.Call, w gateway.Sink) error
}

// Studio serves the doors to other generators, and videos, which a model makes while nobody waits. A *media.Studio does.
type Studio interface {
	Door(ctx context.Context, name string, c gateway.Call, w gateway.Sink) error
	Video(ctx context.Context, by production.By, id string, content bool, w gateway.Sink) error
	Videos(ctx context.Context, by production.By, after string, limit int, w gateway.Sink) error
	DeleteVideo(ctx context.Context, by production.By, id string, w gateway.Sink) error
}

// Hosted opens a result by the address under which it is handed out. A *media.Hosted does.
type Hosted interface {
	Open(ctx context.Context, by production.By, token string) (*production.Content, error)
	Number(token string) (artefact.Number, error)
}

func gatewayRoutes() []route {
	ask := func(path, id string, e shape.Endpoint, about string, more trait) route {
		return route{post, path, id, staff.GatewayUse, "gateway", small, 200, raw(func(s *server, k *sink, r *http.Request) error {
			c, err := s.call(r, e)
			if err != nil {
				return err
			}
			return s.Models.Proxy.Serve(r.Context(), c, k)
		}), about, proxied | more}
	}
	return []route{
		ask("/v1/chat/completions", "chat-completions", shape.Chat, "Ask a model, in the shape of OpenAI's chat completions", 0),
		ask("/v1/completions", "completions", shape.Completions, "Have a model go on with a text, in the shape of OpenAI's completions", 0),
		ask("/v1/responses", "responses", shape.Responses, "Ask a model, in the shape of OpenAI's responses", 0),
		ask("/v1/messages", "messages", shape.Messages, "Ask a model, in the shape of Anthropic's messages", 0),
		ask("/v1/embeddings", "embeddings", shape.Embeddings, "Have a model measure texts", 0),
		ask("/v1/images/generations", "images-generations", shape.ImagesGenerations, "Have a model make pictures", slow),
		ask("/v1/images/edits", "images-edits", shape.ImagesEdits, "Have a model edit pictures", slow),
		ask("/v1/images/variations", "images-variations", shape.ImagesVariations, "Have a model vary a picture", slow),
		ask("/v1/audio/speech", "speech", shape.Speech, "Have a model speak", slow),
		ask("/v1/audio/transcriptions", "transcriptions", shape.Transcriptions, "Have a model write down what is said", slow),
		ask("/v1/audio/translations", "translations", shape.Translations, "Have a model write down in English what is said", slow),
		ask("/v1/videos", "videos", shape.Videos, "Have a model begin a video", slow),
		{get, "/v1/videos", "list-videos", staff.GatewayUse, "gateway", 0, 200, raw((*server).videos), "List videos", proxied},
		{get, "/v1/videos/{id}", "video", staff.GatewayUse, "gateway", 0, 200, raw((*server).video), "Say how far a video is", proxied},
		{del, "/v1/videos/{id}", "delete-video", staff.GatewayUse, "gateway", 0, 200, raw((*server).deleteVideo), "End a video", proxied},
		{get, "/v1/videos/{id}/content", "video-content", staff.GatewayUse, "gateway", 0, 200, raw((*server).videoContent), "Hand out a video; the delivery is recorded first", proxied | slow},
		{post, "/v1/doors/{name}", "door", staff.GatewayUse, "gateway", small, 200, raw((*server).throughDoor), "Ask a generator of any other shape", proxied | slow},
		{get, "/v1/models", "models", staff.GatewayUse, "gateway", 0, 200, raw((*server).listModels), "List the models, in OpenAI's shape or, with anthropic-version, in Anthropic's", proxied},
		{get, "/v1/models/{id}", "model", staff.GatewayUse, "gateway", 0, 200, raw((*server).oneModel), "Show a model", proxied},
		{get, "/v1/gateway/health", "gateway-health", staff.GatewayRead, "gateway", 0, 200, do((*server).gatewayHealth), "How the places do at which models are served", 0},
		{get, "/v1/content/{token}", "hosted-content", "", "gateway", 0, 200, raw((*server).hosted), "Hand out a result by its address; the delivery is recorded first. Of content that was refuted, browsers get the correction (303)", 0},
	}
}

// raw registers a handler that huma neither reads for nor writes for.
func raw(h func(*server, *sink, *http.Request) error) func(*server, huma.API, huma.Operation) {
	return func(s *server, api huma.API, op huma.Operation) {
		m, rt := api.Adapter().(*API), op.Metadata[routeKey].(route)
		describeRaw(&op, rt)
		api.OpenAPI().AddOperation(&op)
		fail := s.fail
		if rt.is(proxied) {
			fail = s.failAs
		}
		m.serve(&op, rt, func(w http.ResponseWriter, r *http.Request) {
			k := &sink{w: w}
			err := refuse(colophon.Missing, CodeNoModels)
			if s.Models.Proxy != nil {
				err = h(s, k, r)
			}
			switch {
			case err == nil:
			case k.begun:
				s.Logger.ErrorContext(r.Context(), "an answer broke off", "error", err)
				panic(http.ErrAbortHandler)
			default:
				fail(w, r, err)
			}
		})
	}
}

// sink is where the answer to a call goes.
type sink struct {
	w     http.ResponseWriter
	begun bool
}

// Begin implements gateway.Sink.
func (k *sink) Begin(status int, header map[string]string) error {
	for name, value := range header {
		k.w.Header().Set(name, value)
	}
	k.begun = true
	k.w.WriteHeader(status)
	return nil
}

// Write implements gateway.Sink.
func (k *sink) Write(p []byte) error {
	_, err := k.w.Write(p)
	return err
}

// Flush implements gateway.Sink.
func (k *sink) Flush() error { return http.NewResponseController(k.w).Flush() }

// credentials are what a request shows for a key. Clients of models show it as Anthropic's do, too.
func credentials(r *http.Request, need staff.Action) []string {
	given := r.Header.Values("Authorization")
	if keys := r.Header.Values("X-Api-Key"); need == staff.GatewayUse {
		for _, key := range keys {
			given = append(given, "Bearer "+key)
		}
	}
	return given
}

// Limits of what headers of a call say.
const (
	maxWord     = 64
	maxTemplate = 128
	maxDepicted = 16
	maxConsents = 16
)

// call makes a call of a request.
func (s *server) call(r *http.Request, e shape.Endpoint) (gateway.Call, error) {
	who := askerOf(r.Context())
	c := gateway.Call{By: who.by, Endpoint: e, Type: r.Header.Get("Content-Type"), Language: readerOf(r),
		May: func(service, function string) error { return who.mayOf(staff.GatewayUse, service, function) }, For: who.mayFor}
	var err error
	if c.Account, err = accountName(r.Header.Get("Colophon-Account")).plain(); err != nil || len(c.Account) > maxAccount {
		return c, badHeader("Colophon-Account")
	}
	for _, f := range []struct {
		name string
		at   *string
		most int
	}{{"Function", &c.Function, maxWord}, {"Conversation", &c.Conversation, maxTemplate}, {"Purpose", &c.Purpose, maxWord}, {"Scene", &c.Scene, maxWord}, {"Channel", &c.Channel, maxWord}, {"Template", &c.Template, maxTemplate}} {
		if *f.at = r.Header.Get("Colophon-" + f.name); len(*f.at) > f.most || !utf8.ValidString(*f.at) {
			return c, badHeader("Colophon-" + f.name)
		}
	}
	if text := r.Header.Get("Colophon-Depicted"); text != "" {
		if c.Depicted, err = strconv.Atoi(text); err != nil || c.Depicted < 0 || c.Depicted > maxDepicted {
			return c, badHeader("Colophon-Depicted")
		}
	}
	for _, list := range r.Header.Values("Colophon-Consent") {
		for token := range strings.SplitSeq(list, ",") {
			c.Consents = append(c.Consents, strings.TrimSpace(token))
		}
	}
	if len(c.Consents) > maxConsents {
		return c, badHeader("Colophon-Consent")
	}
	c.Body, err = body(r)
	return c, err
}

// maxAccount is the longest identifier of an account, in bytes.
const maxAccount = 256

func badHeader(name string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeModelHeader, Args: colophon.Args{"header": name}}
}

// maxAhead is the longest body for which memory is taken at once, in bytes.
const maxAhead = 1 << 20

// body reads the body of a request, which the gate has bounded.
func body(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > maxAhead { // what is only announced takes no memory
		text, err := io.ReadAll(r.Body)
		return text, unreadable(err)
	}
	text := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, text)
	return text, unreadable(err)
}

func unreadable(err error) error {
	if err != nil {
		err = unread(err)
	}
	return err
}

// readerOf is the language that a request asks for; empty where it asks for none.
func readerOf(r *http.Request) string {
	accept := r.Header.Get("Accept-Language")
	if accept == "" || accept == "*" {
		return ""
	}
	return string(printer(accept).Language)
}

func (s *server) throughDoor(k *sink, r *http.Request) error {
	c, err := s.call(r, "")
	if err != nil {
		return err
	}
	return s.Models.Studio.Door(r.Context(), r.PathValue("name"), c, k)
}

// Pages of videos.
const (
	videosUsual = 20
	videosMost  = 100
)

func (s *server) videos(k *sink, r *http.Request) error {
	limit := videosUsual
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > videosMost {
			return invalid("query.limit", "not valid")
		}
		limit = n
	}
	return s.Models.Studio.Videos(r.Context(), askerOf(r.Context()).by, r.URL.Query().Get("after"), limit, k)
}

func (s *server) video(k *sink, r *http.Request) error {
	return s.Models.Studio.Video(r.Context(), askerOf(r.Context()).by, r.PathValue("id"), false, k)
}

func (s *server) videoContent(k *sink, r *http.Request) error {
	return s.Models.Studio.Video(r.Context(), askerOf(r.Context()).by, r.PathValue("id"), true, k)
}

func (s *server) deleteVideo(k *sink, r *http.Request) error {
	return s.Models.Studio.DeleteVideo(r.Context(), askerOf(r.Context()).by, r.PathValue("id"), k)
}

// listed is a model as a list of both dialects shows it: what the other dialect has is passed over by its clients.
type listed struct {
	ID      string  `json:"id"`
	Object  string  `json:"object,omitempty"`
	Created int64   `json:"created,omitempty"`
	OwnedBy string  `json:"owned_by,omitempty"`
	Type    string  `json:"type,omitempty"`
	Name    string  `json:"display_name,omitempty"`
	Since   string  `json:"created_at,omitempty"`
	About   modeled `json:"colophon"`
}

// modeled is what Colophon says of a model.
type modeled struct {
	Service   string           `json:"service,omitempty"`
	Function  string           `json:"function,omitempty"`
	Class     string           `json:"class,omitempty"`
	Notice    string           `json:"notice,omitempty"`
	Screening string           `json:"screening"`
	Endpoints []shape.Endpoint `json:"endpoints,omitempty"`
}

// listedSince stands for when a model was made, which nobody here knows and clients of both dialects want.
const listedSince = 1767225600

func list(m gateway.Model, anthropic bool) listed {
	l := listed{ID: m.Name, About: modeled{m.Service, m.Function, string(m.Class), string(m.Notice), m.Mode.String(), m.Endpoints}}
	if anthropic {
		l.Type, l.Name, l.Since = "model", m.Name, time.Unix(listedSince, 0).UTC().Format(time.RFC3339)
		return l
	}
	l.Object, l.Created, l.OwnedBy = "model", listedSince, "colophon"
	return l
}

// open are the models that whoever asks may use, but for what the call itself is about.
func (s *server) open(r *http.Request) []gateway.Model {
	who := askerOf(r.Context())
	return slices.DeleteFunc(slices.Clone(s.Models.List), func(m gateway.Model) bool {
		return who.mayOf(staff.GatewayUse, m.Service, cmp.Or(m.Function, string(m.Class), string(stamp.Dialogue))) != nil
	})
}

func (s *server) listModels(k *sink, r *http.Request) error {
	all := []listed{}
	for _, m := range s.open(r) {
		all = append(all, list(m, anthropic(r)))
	}
	if !anthropic(r) {
		writeJSON(k.w, http.StatusOK, map[string]any{"object": "list", "data": all})
		return nil
	}
	page := map[string]any{"data": all, "has_more": false, "first_id": nil, "last_id": nil}
	if len(all) > 0 {
		page["first_id"], page["last_id"] = all[0].ID, all[len(all)-1].ID
	}
	writeJSON(k.w, http.StatusOK, page)
	return nil
}

func (s *server) oneModel(k *sink, r *http.Request) error {
	for _, m := range s.open(r) {
		if m.Name == r.PathValue("id") {
			writeJSON(k.w, http.StatusOK, list(m, anthropic(r)))
			return nil
		}
	}
	return &colophon.Error{Kind: colophon.Missing, Code: gateway.CodeModel, Args: colophon.Args{"model": r.PathValue("id")}}
}

// hosted hands out a result to whoever has its address. Where it is not there any more says nothing of why. What was refuted is
// handed out with that.
func (s *server) hosted(k *sink, r *http.Request) error {
	if done, err := s.correct(k, r); done || err != nil {
		return err
	}
	open, err := s.Models.Hosted.Open(r.Context(), askerOf(r.Context()).by, r.PathValue("token"))
	if err != nil {
		return err
	}
	defer open.Close()
	if strings.Count(r.Header.Get("Range"), ",") >= maxRanges {
		r.Header.Del("Range")
	}
	describe(k.w.Header(), open.Artefact)
	http.ServeContent(&ranged{ResponseWriter: k.w, server: s, r: r}, r, "", open.Artefact.Changed, open)
	return nil
}

// TargetHealth is how a place does at which a model is served.
type TargetHealth struct {
	Model    string        `json:"model" doc:"Model, as the gateway names it."`
	Target   string        `json:"target" doc:"Name of the place."`
	State    string        `json:"state" enum:"up,down,trying" doc:"down: it is left alone until it may be tried again."`
	Failures int           `json:"failures" doc:"How often it failed in a row."`
	Code     colophon.Code `json:"code,omitempty" doc:"Why it failed last."`
	Changed  *time.Time    `json:"changed,omitempty" doc:"When the state last changed."`
	Until    *time.Time    `json:"until,omitempty" doc:"Until when it is left alone."`
	Running  int           `json:"running" doc:"Calls that run there."`
}

type targetsOutput struct {
	Body struct {
		Targets []TargetHealth `json:"targets" nullable:"false" doc:"All places, by model."`
	}
}

func (s *server) gatewayHealth(context.Context, *struct{}) (*targetsOutput, error) {
	out := &targetsOutput{}
	out.Body.Targets = s.targetHealth()
	return out, nil
}

func (s *server) targetHealth() []TargetHealth {
	list := []TargetHealth{}
	if s.Models.Health == nil {
		return list
	}
	for _, h := range s.Models.Health() {
		list = append(list, TargetHealth{h.Model, h.Target, string(h.State), h.Failures, h.Code, set(h.Changed), set(h.Until), h.Running})
	}
	return list
}
